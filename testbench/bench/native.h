/* SPDX-License-Identifier: BSD-2-Clause */
/* Example programs as a C compiler for this machine sees them: what a JIT would like to reach. */
#ifndef BENCH_NATIVE_H
#define BENCH_NATIVE_H

#include "fw.h"

/* An ARRAY of 8-byte values. */
struct native_map {
	uint64_t *values;
	uint32_t max_entries;
};

/* Returns the action. */
typedef uint32_t native_fn(struct fw_frame *frame, struct native_map *map);

native_fn native_pass, native_xdp1;

#endif
