/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether engines do the same. Each runs the same mixed frames, its maps filled alike; what comes out is one number, of
 * each frame's verdict and bytes and of the maps' elements.
 */
#ifndef BENCH_AGREE_H
#define BENCH_AGREE_H

#include "bench/engine.h"

/* Runs the frames; *hash: of verdicts and bytes. 0 or -errno. */
int agree_run(struct engine *engine, uint64_t *hash);

/*
 * *hash: of the values that engine has under every key that refnic, one of engine_jit and engine_interp, has in its
 * maps by now. 0 or -ENOMEM.
 */
int agree_maps(struct engine *engine, struct engine *refnic, const struct load_object *object, uint64_t *hash);

#endif
