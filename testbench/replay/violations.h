/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device that watches its driver saw it violate, for people and programs to read. */
#ifndef TESTBENCH_VIOLATIONS_H
#define TESTBENCH_VIOLATIONS_H

#include <jansson.h>
#include <stdio.h>

#include "device-model/strict.h"

struct violation {
	const struct strict_text *statement;
	uint64_t times;
	char event[256]; /* the first one */
};

/* In the order of the specification. */
struct violations {
	struct violation *rows;
	size_t count;
};

/* s NULL: nobody watched, nothing was seen. 0 or -ENOMEM; violations_free() in either case. */
int violations_take(struct violations *v, const struct strict *s);
void violations_free(struct violations *v);

/* A line each, behind "refnic COMMAND: ". */
void violations_print(FILE *to, const struct violations *v, const char *command);
/* [{id, level, text, times, event}]. NULL: no memory. */
json_t *violations_json(const struct violations *v);

#endif
