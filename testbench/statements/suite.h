/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance suite as statements see it. The tests are a Criterion program of their own, so that whoever replays
 * captures needs no test framework; it is run here, and its results are put together by the ids in its tests' names.
 */
#ifndef TESTBENCH_SUITE_H
#define TESTBENCH_SUITE_H

#include "statements/statements.h"

#include <jansson.h>

enum suite_result {
	SUITE_PASS,
	SUITE_FAIL,
	SUITE_SKIPPED, /* its test, or the table, says why */
	SUITE_RESULTS
};

struct suite_verdict {
	enum suite_result result;
	unsigned tests;   /* that have its id in their names */
	char *why;        /* messages of what failed, a line each, or the reason for skipping; NULL: passed */
	const char *none; /* the same where nothing is to be freed */
};

/* One for each statement. */
struct suite {
	const struct statements *statements;
	struct suite_verdict *verdicts;
	bool *chosen; /* statements to be judged */
	char error[256];
};

/* Nothing is chosen and nothing judged. 0 or -ENOMEM; suite_close() in either case. */
int suite_init(struct suite *suite, const struct statements *statements);
void suite_close(struct suite *suite);

/*
 * Runs those tests of program that belong to chosen statements. 0; -errno with error set: it cannot be run, or ended
 * without a result; -ECANCELED: the user interrupted it.
 */
int suite_run(struct suite *suite, const char *program);

/* What suite_run() does with the program's report, in Criterion's JSON. 0, -EPROTO or -ENOMEM with error set. */
int suite_take(struct suite *suite, const json_t *report);

/* "pass", "fail", "skipped". */
const char *suite_result_name(enum suite_result result);
/* Why, or "". */
const char *suite_why(const struct suite_verdict *verdict);

#endif
