/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One example program on every engine that can run it: each has its maps filled, must agree with the others on mixed
 * frames, and is then timed in turn with them.
 */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "bench/bench.h"
#include "bench/engine.h"
#include "bench/measure.h"

/* Engines; and two of them with the program pass, measured together with each program. */
enum { JIT, INTERP, NATIVE, DPDK_JIT, DPDK_INTERP, KERNEL, ENGINES, JIT_PASS = ENGINES, KERNEL_PASS, CONTEST_MEASURES };

#define CONTEST_PROGRAMS 6

struct contest_program {
	const char *name;
	const char *title;
	uint32_t action;                                 /* that it takes on the small frame */
	bool wears;                                      /* the frame lasts for no more than 254 runs */
	bool moves;                                      /* the frame is not what it was after a burst */
	bool target;                                     /* has to be as fast as native C */
	int (*fill)(struct engine *engine, char *error); /* NULL: nothing to fill */
};

/* ns of one frame, and of loading; NAN: not measured. */
struct contest {
	struct measure run[CONTEST_MEASURES], load[ENGINES];
};

extern const struct engine_ops *const contest_engines[ENGINES];
/* The first one only returns: what an engine's loop takes. */
extern const struct contest_program contest_programs[CONTEST_PROGRAMS];

/*
 * Measures one program. 0, or -errno with a sentence in bench->error; an engine that is not there is noted in the
 * report.
 */
int contest_run(struct bench *bench, const struct contest_program *program, struct contest *result);

#endif
