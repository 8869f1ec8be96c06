/* SPDX-License-Identifier: BSD-2-Clause */
#include "prove/prove.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "std.h"

void prove_add(struct prove_list *list, struct prove_row row, const char *name)
{
	if (list->count == PROVE_ROWS)
		abort();
	row.name = name;
	list->rows[list->count++] = row;
}

void prove_add_sets(struct prove_list *list, struct prove_row row, prove_fn *run)
{
	static const char *const names[] = {"intersect", "join", "subset"};

	row.run = run;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		row.op = OP_INTERSECT + i;
		prove_add(list, row, names[i]);
	}
}

void prove_fail(struct proof *proof, const char *format, ...)
{
	va_list args;

	if (proof->failed)
		return;
	proof->failed = true;
	va_start(args, format);
	vsnprintf(proof->what, sizeof(proof->what), format, args);
	va_end(args);
}

void prove_free(struct prove_list *list)
{
	free(list->numbers);
	list->numbers = NULL;
}
