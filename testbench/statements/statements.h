/* SPDX-License-Identifier: BSD-2-Clause */
/* The normative statements that the conformance suite knows: the rows of spec/requirements.tsv. */
#ifndef TESTBENCH_STATEMENTS_H
#define TESTBENCH_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define STATEMENT_ID_BYTES 24

/* One row; the strings belong to the list. */
struct statement {
	const char *id;      /* "VN-f2dc5573", "XO-001" */
	const char *side;    /* "device" or "driver" */
	const char *level;   /* "MUST", "MUST NOT", "SHOULD" ... */
	const char *label;   /* where the text has it */
	const char *summary; /* in our own words */
	const char *status;  /* "testable", or why there is no test */
};

struct statements {
	struct statement *rows; /* in the order of the table */
	size_t count;
	char *text;
};

/* The table that this program was built with. 0; -ENOMEM; -EPROTO: a row has not seven columns. */
int statements_open(struct statements *list);
/* A table from bytes of text, which are copied. Results as above. */
int statements_parse(struct statements *list, const char *text, size_t bytes);
/* Takes a zeroed list. */
void statements_close(struct statements *list);

/* The row of this id, or NULL. */
const struct statement *statements_find(const struct statements *list, const char *id);

/*
 * Ids of statements in a test's name, where '-' is '_': the next one from *at on is written to id, and *at moved behind
 * it. Whether there was one.
 */
bool statements_next_id(const char **at, char id[static STATEMENT_ID_BYTES]);

#endif
