/* SPDX-License-Identifier: BSD-2-Clause */
/* Short texts, put together in a buffer: always terminated, cut when it is full. */
#ifndef FW_LINE_H
#define FW_LINE_H

#include "std.h"

struct line {
	char *text;
	size_t room; /* 1 or more */
	size_t used; /* without the terminator */
};

static inline void line_str(struct line *line, const char *s)
{
	while (*s && line->used + 1 < line->room)
		line->text[line->used++] = *s++;
	line->text[line->used] = 0;
}

static inline void line_num(struct line *line, uint64_t v)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = 0;
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	line_str(line, digits + at);
}

#endif
