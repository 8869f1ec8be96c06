/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring several things against each other on a machine that has other things to do: each is run in short rounds,
 * all in turn. The fastest round of each is what it can do: a disturbance has to last for the whole time to show in it.
 * Median and 90th percentile tell how disturbed the machine was.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define MEASURE_PASSES  8
#define MEASURE_SAMPLES 4096 /* rounds that median and percentile are taken from: the last ones */

/* What goes on while it is measured. */
enum measure_clock {
	MEASURE_WALL,   /* the clock on the wall */
	MEASURE_THREAD, /* processor time of this thread: neither sleep nor what other threads took counts */
};

struct measure {
	void (*round)(void *ctx);
	void *ctx;
	uint64_t units; /* what a round consists of: frames, or 1 */
	double ns;      /* out: of one unit, in the fastest round */
	/* What the last round took, if ctx knows better than the clock. NULL: it does not. */
	uint64_t (*took_ns)(const void *ctx);
	void (*prepare)(void *ctx); /* before each round, not counted; NULL: nothing to do */
	double median_ns, p90_ns;   /* out */
};

/*
 * Runs each of them for MEASURE_PASSES turns of at least slice_us, at least one round each. 0 or -ENOMEM.
 */
int measure_run(struct measure *measures, size_t count, unsigned slice_us, enum measure_clock clock);

#endif
