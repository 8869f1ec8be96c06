/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmark's parts. Each adds a table to the report and returns 0; or -errno with a sentence in error if it could
 * not measure what it is for. That a peer is missing is no such thing: the report notes it.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/report.h"
#include "load/load.h"

struct bench {
	const char *progs;  /* folder of the example programs' objects */
	const char *traces; /* folder of captures */
	struct report report;
	char error[LOAD_ERROR_BYTES];
};

/* ns of one run on a small frame: our engines and their peers. */
int engines_run(struct bench *bench);
/* ns of one frame from the link to the driver, against what no datapath can beat. */
int datapath_run(struct bench *bench);
/* us from a program's bytes to a verdict, and to machine code. */
int verifier_run(struct bench *bench);

#endif
