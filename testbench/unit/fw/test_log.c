/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define STATS "stats"
#define LAST  "why"

/* line 7 of any log: its number, and as many dots. */
static void add(struct log *log, unsigned int i)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%u %.*s", i, (int)(i % 40), "........................................");

	log_add(log, line, (size_t)n);
}

/* text is lines first to last, behind a note if first is not 0, and the end. */
static void check(const char *text, unsigned int last, uint32_t room)
{
	unsigned int left_out = 0, i;
	const char *at = text;
	char line[64];

	if (sscanf(text, "... %u lines before do not fit ...\n", &left_out) == 1)
		at = strchr(text, '\n') + 1;
	for (i = left_out; i < last; i++) {
		int n = snprintf(line, sizeof(line), "%u %.*s\n", i, (int)(i % 40),
				 "........................................");

		cr_assert(strncmp(at, line, (size_t)n) == 0, "room %u: line %u of %u: %s", room, i, last, text);
		at += n;
	}
	cr_assert(!strcmp(at, STATS "\n" LAST "\n") || !strcmp(at, LAST "\n") || room < 20, "room %u: %s", room, text);
}

/* In any room: whole lines, the last ones, how many there are not, and the reason. */
Test(log, keeps_the_last_lines)
{
	char text[6000];

	for (uint32_t room = 1; room < 1500; room += room < 200 ? 1 : 7) {
		for (unsigned int lines = 0; lines < 200; lines = lines < 5 ? lines + 1 : lines * 3) {
			struct log log;
			uint32_t bytes;

			memset(text, 0x55, sizeof(text));
			log_init(&log, text, room);
			for (unsigned int i = 0; i < lines; i++)
				add(&log, i);
			bytes = log_close(&log, STATS, LAST);
			cr_assert_lt(bytes, room);
			cr_assert_eq(strnlen(text, room), bytes, "room %u", room);
			cr_assert_eq(text[room], 0x55, "room %u", room);
			if (room > strlen(LAST) + 1)
				check(text, strstr(text, ".") || strstr(text, "0 ") || !lines ? lines : 0, room);
		}
	}
}

/* A log that goes back tells of what is left, as if nothing else had been written; unless that overwrote it. */
Test(log, goes_back)
{
	const uint32_t rooms[] = {400, 1000, 5000};
	char text[5000];

	for (size_t r = 0; r < 3; r++) {
		struct log_place place;
		struct log log;

		log_init(&log, text, rooms[r]);
		for (unsigned int i = 0; i < 10; i++)
			add(&log, i);
		place = log.place;
		for (unsigned int round = 0; round < 50; round++) {
			for (unsigned int i = 0; i < round; i++)
				add(&log, 100 + i);
			log_back(&log, place);
		}
		for (unsigned int i = 10; i < 20; i++)
			add(&log, i);
		log_close(&log, STATS, LAST);
		check(text, 20, rooms[r]);
		cr_assert_eq(!strncmp(text, "0 \n1 .\n", 7), rooms[r] == 5000, "room %u: %s", rooms[r], text);
	}
}

/* Lines that are longer than the room are not kept in part. */
Test(log, long_lines)
{
	char text[300], line[LOG_LINE_BYTES];
	struct log log;

	memset(line, 'x', sizeof(line));
	log_init(&log, text, sizeof(text));
	add(&log, 0);
	log_add(&log, line, sizeof(line));
	add(&log, 2);
	cr_assert_eq(log_close(&log, STATS, LAST), strlen(text));
	cr_assert_str_eq(text, "... 2 lines before do not fit ...\n2 ..\n" STATS "\n" LAST "\n");
	log_init(&log, text, 10);
	cr_assert_eq(log_close(&log, STATS, "a long reason"), 9);
	cr_assert_str_eq(text, "a long r\n");
	log_init(&log, NULL, 0);
	add(&log, 0);
	cr_assert_eq(log_close(&log, STATS, LAST), 0);
}
