/* SPDX-License-Identifier: BSD-2-Clause */
/* What no datapath on this machine can beat: the least that has to be done to a sample's frames, by hand and inline. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "bench/sample.h"

struct limit;

/* NULL: no memory. */
struct limit *limit_open(const struct sample *sample);
/* Takes NULL. */
void limit_close(struct limit *limit);

/* Each handles LIMIT_FRAMES frames; ctx is the limit, as struct measure has it. */
#define LIMIT_FRAMES 4096

/* Looks at each record and its frame's first bytes. */
void limit_walk(void *ctx);
/* And copies it to one of 256 buffers of 2 KiB. */
void limit_copy(void *ctx);
/*
 * And that with a split virtqueue of 256 descriptors around it, both ends: available entry, descriptor, 12-byte header,
 * copy, used entry; then the driver's look at it and a new available entry. The indices move once per 32 frames.
 */
void limit_ring(void *ctx);

#endif
