/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of bare instructions, and maps, in the running kernel. */
#ifndef TESTBENCH_ORACLE_KPROG_H
#define TESTBENCH_ORACLE_KPROG_H

#include <stddef.h>
#include <stdint.h>

#include "load/load.h"

#define KPROG_SLOTS_MAX 16384
#define KPROG_LOG_BYTES ((size_t)16 << 20)

/* A map like this one, without its data; inner: descriptor of what maps in it are like, or -1. A descriptor or -errno.
 */
int kprog_map(const struct load_map *map, int inner);

/*
 * Loads a program whose instructions name maps by their index into maps, num_maps descriptors. log, if not NULL:
 * KPROG_LOG_BYTES of room for what the verifier says of the last path that it walked. A descriptor or -errno.
 */
int kprog_load(const uint8_t *wire, uint32_t slots, const int *maps, size_t num_maps, char *log);

/* Runs it once. out: *out_bytes of room, then of frame. 0 or -errno. */
int kprog_run(int prog, const uint8_t *frame, uint32_t bytes, uint8_t *out, uint32_t *out_bytes, uint32_t *r0);

#endif
