/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring several things against each other on a machine that has other things to do: each is run in short rounds,
 * all in turn, and the fastest round of each counts. A disturbance has to last for the whole time to show. The clock is
 * the one on the wall: a thread's processor time is off by what a hypervisor took, and errs to both sides.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define MEASURE_PASSES 8

struct measure {
	void (*round)(void *ctx);
	void *ctx;
	uint64_t units; /* what a round consists of: frames, or 1 */
	double ns;      /* out: of one unit, in the fastest round */
	/* What the last round took, if ctx knows better than the clock. NULL: it does not. */
	uint64_t (*took_ns)(const void *ctx);
};

/* Runs each of them for MEASURE_PASSES turns of at least slice_us, at least one round each. */
void measure_run(struct measure *measures, size_t count, unsigned slice_us);

#endif
