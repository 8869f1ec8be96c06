/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmark's parts. Each adds tables to the report and returns 0; or -errno with a sentence in error if it could
 * not measure what it is for. That a peer is missing is no such thing: the report notes it.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/report.h"
#include "load/load.h"

struct bench {
	const char *progs;  /* folder of the example programs' objects */
	const char *peers;  /* folder of what peers take of them */
	const char *refnic; /* the command-line tool */
	const char *traces; /* folder of captures */
	struct report_table *targets;
	struct report report;
	char error[LOAD_ERROR_BYTES];
};

/* ns of one run on a small frame: our engines and their peers. */
int engines_run(struct bench *bench);
/* ns of compiling one instruction; ms of one refnic run. */
int startup_run(struct bench *bench);
/* ns of one frame from the link to the driver, against what no datapath can beat. */
int datapath_run(struct bench *bench);
/* us from a program's bytes to a verdict, and to machine code. */
int verifier_run(struct bench *bench);

/* Adds a line to the table of what has to be reached: met if value is at most limit. A value that is NAN: not measured.
 */
void bench_target(struct bench *bench, const char *key, const char *name, double value, double limit);

/* Says on a terminal what is being measured; "" at the end. */
void bench_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
