/* SPDX-License-Identifier: BSD-2-Clause */
/* What no datapath on this machine can beat: the least that has to be done to a sample's frames, by hand and inline. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "bench/engine.h"
#include "bench/sample.h"

struct limit;

/* The sample has to outlive it. program: of limit_run(), may be NULL. NULL: no memory. */
struct limit *limit_open(const struct sample *sample, engine_native_fn *program);
/* Takes NULL. */
void limit_close(struct limit *limit);

/* Each handles LIMIT_FRAMES frames, going on where it stopped; ctx is the limit, as struct measure has it. */
#define LIMIT_FRAMES 4096

/* Looks at each record and its frame's first bytes. */
void limit_walk(void *ctx);
/* Walks, and calls the program on each frame where it lies. */
void limit_run(void *ctx);
/* The same on a copy in one of 256 buffers of 2 KiB: of a program that writes, in a capture that stays as it is. */
void limit_copy_run(void *ctx);
/*
 * Walks, and copies each frame to one of 256 buffers of 2 KiB with a virtqueue of 256 descriptors around it, both ends:
 * available entry, descriptor, 12-byte header, copy, used entry; then the driver's look at it and a new available
 * entry. The indices move once per 32 frames.
 */
void limit_split(void *ctx);
/* The same with a packed virtqueue, whose descriptors are all that there is. */
void limit_packed(void *ctx);

#endif
