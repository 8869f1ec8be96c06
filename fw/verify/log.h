/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as it is written: whole lines, of which the last ones are kept when there are more than there is room for. It
 * can go back to an earlier place, so that it tells of one path only.
 */
#ifndef FW_VERIFY_LOG_H
#define FW_VERIFY_LOG_H

#include "std.h"

/* How much was written; bytes and lines, what is no longer kept included. */
struct log_place {
	uint32_t bytes; /* a million steps take less than 4 GiB: see LOG_LINE_BYTES */
	uint32_t lines;
};

struct log {
	char *text;             /* byte i of what was written is text[i % room] */
	uint32_t room;          /* without the terminator */
	uint32_t first;         /* of what is kept: a line begins there */
	struct log_place place; /* the end */
};

#define LOG_LINE_BYTES 1024 /* the longest line, with its end */

/* text: bytes of memory, which stays the caller's; NULL or 0 bytes: nothing is kept. No text before log_close(). */
void log_init(struct log *log, char *text, uint32_t bytes);
/* Adds a line of so many bytes, which does not end in a line feed. */
void log_add(struct log *log, const char *line, size_t bytes);
/* Forgets what was written after place. */
void log_back(struct log *log, struct log_place place);
/*
 * Makes text of it, terminated: the lines that are kept, behind one that says how many are not; then those of stats;
 * then last, a line, which is cut if it does not fit alone. Both without the line feed at their end. Returns the bytes
 * of text. Nothing can be added afterwards.
 */
uint32_t log_close(struct log *log, const char *stats, const char *last);

#endif
