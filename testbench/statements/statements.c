// SPDX-License-Identifier: BSD-2-Clause
#include "statements/statements.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 7

/* spec/requirements.tsv as it was at build time, and a zero byte. */
__asm__(".section .rodata\n"
	".local table_text\n"
	"table_text:\n"
	".incbin \"spec/requirements.tsv\"\n"
	".byte 0\n"
	".previous\n");
extern const char table_text[];

/* Cuts line into its columns. Whether there are as many as there should be. */
static bool cut(char *line, char *columns[static COLUMNS])
{
	size_t count = 0;

	for (char *at = line; at; count++) {
		char *tab = strchr(at, '\t');

		if (count < COLUMNS)
			columns[count] = at;
		if (tab)
			*tab++ = 0;
		at = tab;
	}
	return count == COLUMNS;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

int statements_parse(struct statements *list, const char *text, size_t bytes)
{
	char *line, *end, *columns[COLUMNS];

	*list = (struct statements){.text = strndup(text, bytes)};
	if (!list->text)
		return -ENOMEM;
	list->rows = calloc(count_lines(list->text) + 1, sizeof(*list->rows));
	if (!list->rows) {
		statements_close(list);
		return -ENOMEM;
	}
	/* The first line names the columns. */
	line = strchr(list->text, '\n');
	for (line = line ? line + 1 : NULL; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		if (!cut(line, columns)) {
			statements_close(list);
			return -EPROTO;
		}
		list->rows[list->count++] = (struct statement){.id = columns[0],
							       .side = columns[1],
							       .level = columns[2],
							       .label = columns[3],
							       .summary = columns[4],
							       .status = columns[6]};
	}
	return 0;
}

int statements_open(struct statements *list)
{
	return statements_parse(list, table_text, strlen(table_text));
}

void statements_close(struct statements *list)
{
	free(list->rows);
	free(list->text);
	*list = (struct statements){0};
}

const struct statement *statements_find(const struct statements *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->rows[i].id, id))
			return &list->rows[i];
	return NULL;
}

/* ---- ids in names of tests ---- */

static size_t digits(const char *at, size_t max, int (*is)(int c))
{
	size_t count = 0;

	while (count < max && is((unsigned char)at[count]))
		count++;
	return count;
}

/* Bytes of the id that begins at this place of a name; 0: none does. */
static size_t id_bytes(const char *at)
{
	size_t bytes, second;

	if (!strncmp(at, "XO_", 3)) {
		bytes = digits(at + 3, STATEMENT_ID_BYTES - 4, isdigit);
		return bytes ? 3 + bytes : 0;
	}
	if (strncmp(at, "VN_", 3) != 0 || digits(at + 3, 8, isxdigit) != 8)
		return 0;
	bytes = 3 + 8;
	if (at[bytes] != '_')
		return bytes;
	second = digits(at + bytes + 1, 4, isdigit);
	return second && !isalnum((unsigned char)at[bytes + 1 + second]) ? bytes + 1 + second : bytes;
}

bool statements_next_id(const char **at, char id[static STATEMENT_ID_BYTES])
{
	bool within = false; /* a word: an id begins none in its middle */

	for (const char *p = *at; *p; within = isalnum((unsigned char)*p), p++) {
		size_t bytes = within ? 0 : id_bytes(p);

		if (!bytes || isalnum((unsigned char)p[bytes]))
			continue;
		for (size_t i = 0; i < bytes; i++)
			id[i] = p[i] == '_' ? '-' : p[i];
		id[bytes] = 0;
		*at = p + bytes;
		return true;
	}
	return false;
}
