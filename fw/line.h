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

static inline void line_char(struct line *line, char c)
{
	const char s[2] = {c, 0};

	line_str(line, s);
}

static inline void line_signed(struct line *line, int64_t v)
{
	if (v < 0)
		line_char(line, '-');
	line_num(line, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* At least so many digits; no 0x before them. */
static inline void line_hex(struct line *line, uint64_t v, unsigned int digits)
{
	for (unsigned int left = 16; left; left--) {
		uint64_t rest = v >> 4 * (left - 1);

		if (rest || left <= digits)
			line_char(line, "0123456789abcdef"[rest & 15]);
	}
}

#endif
