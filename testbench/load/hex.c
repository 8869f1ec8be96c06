// SPDX-License-Identifier: BSD-2-Clause
#include "load/hex.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, size_t length, uint8_t **bytes, size_t *count, size_t *where)
{
	uint8_t *out = malloc(length / 2 + 1);
	size_t digits = 0;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++) {
		if (isspace((unsigned char)text[i]))
			continue;

		int value = digit(text[i]);

		if (value < 0) {
			*where = i;
			free(out);
			return -EINVAL;
		}
		if (digits % 2)
			out[digits / 2] |= (uint8_t)value;
		else
			out[digits / 2] = (uint8_t)(value << 4);
		digits++;
	}
	if (digits % 2) {
		*where = length;
		free(out);
		return -EINVAL;
	}
	*bytes = out;
	*count = digits / 2;
	return 0;
}

void hex_print(FILE *to, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(to, "%02x", bytes[i]);
}
