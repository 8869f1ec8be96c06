/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/log.h"
#include "line.h"

#define NOTE_BYTES 64 /* enough for the line that says what was left out */

void log_init(struct log *log, char *text, uint32_t bytes)
{
	*log = (struct log){.text = bytes ? text : NULL, .room = text && bytes ? bytes - 1 : 0};
	if (log->text)
		log->text[0] = 0;
}

static void put(struct log *log, const char *bytes, size_t count)
{
	size_t at = log->place.bytes % log->room, ahead = MIN(count, log->room - at);

	mem_copy(log->text + at, bytes, ahead);
	mem_copy(log->text, bytes + ahead, count - ahead);
	log->place.bytes += (uint32_t)count;
}

static char byte_at(const struct log *log, uint32_t i)
{
	return log->text[i % log->room];
}

static void drop_line(struct log *log)
{
	do
		log->first++;
	while (byte_at(log, log->first - 1) != '\n');
}

void log_add(struct log *log, const char *line, size_t bytes)
{
	uint32_t whole = (uint32_t)bytes + 1;

	log->place.lines++;
	if (whole > log->room) { /* what would remain is no line */
		log->place.bytes += whole;
		log->first = log->place.bytes;
		return;
	}
	while (log->place.bytes + whole - log->first > log->room)
		drop_line(log);
	put(log, line, bytes);
	put(log, "\n", 1);
}

void log_back(struct log *log, struct log_place place)
{
	log->place = place;
	log->first = MIN(log->first, place.bytes);
}

static void reverse(char *text, uint32_t from, uint32_t to)
{
	while (from + 1 < to) {
		char c = text[from];

		text[from++] = text[--to];
		text[to] = c;
	}
}

/* Moves what is kept to text[to], with the whole ring if it lies across its end. */
static void move(struct log *log, uint32_t to)
{
	uint32_t at = log->first % log->room, count = log->place.bytes - log->first, turn;

	if (at + count <= log->room) {
		mem_move(log->text + to, log->text + at, count);
		return;
	}
	turn = at >= to ? at - to : at + log->room - to;
	reverse(log->text, 0, turn);
	reverse(log->text, turn, log->room);
	reverse(log->text, 0, log->room);
}

/* Makes text of the lines, in so many bytes at most; returns how many. */
static uint32_t unroll(struct log *log, uint32_t room)
{
	char text[NOTE_BYTES];
	struct line note = {text, sizeof(text), 0};
	uint32_t kept = 0, end = log->place.bytes;

	if (!log->first && end <= room)
		return end;
	if (room <= NOTE_BYTES)
		return 0;
	while (end - log->first > room - NOTE_BYTES)
		drop_line(log);
	for (uint32_t i = log->first; i < end; i++)
		kept += byte_at(log, i) == '\n';
	line_str(&note, "... ");
	line_num(&note, log->place.lines - kept);
	line_str(&note, " lines before do not fit ...\n");
	move(log, (uint32_t)note.used);
	mem_copy(log->text, text, note.used);
	return (uint32_t)note.used + end - log->first;
}

static uint32_t length(const char *s)
{
	uint32_t n = 0;

	while (s[n])
		n++;
	return n;
}

static uint32_t put_line(struct log *log, uint32_t at, const char *line, uint32_t bytes)
{
	mem_copy(log->text + at, line, bytes);
	log->text[at + bytes] = '\n';
	return at + bytes + 1;
}

uint32_t log_close(struct log *log, const char *stats, const char *last)
{
	uint32_t stats_bytes = length(stats), last_bytes = length(last), at, reserved;

	if (!log->room)
		return 0;
	last_bytes = MIN(last_bytes, log->room - 1); /* req: XO-058 */
	reserved = last_bytes + 1;
	if (stats_bytes && reserved + stats_bytes + 1 <= log->room)
		reserved += stats_bytes + 1;
	else
		stats_bytes = 0;
	at = unroll(log, log->room - reserved);
	if (stats_bytes)
		at = put_line(log, at, stats, stats_bytes);
	at = put_line(log, at, last, last_bytes);
	log->text[at] = 0;
	return at;
}
