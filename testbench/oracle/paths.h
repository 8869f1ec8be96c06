/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program path by path: each way through it that our verifier walks, as a program of its own without branches, in
 * which every number is checked to be what our verifier claims for it on that path, and every branch to go the way it
 * does. Together they do what the program does, as long as no check fails.
 */
#ifndef TESTBENCH_ORACLE_PATHS_H
#define TESTBENCH_ORACLE_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "oracle/device.h"

#define PATHS_MAX       4096  /* that are looked at */
#define PATHS_SLOTS_MAX 16384 /* of one path */

/* What is to be done with each path; false: no more of them. */
typedef bool paths_fn(void *ctx, const uint8_t *wire, uint32_t slots);

/*
 * Has the device verify the program, as device_load() does, along every path. false: there are too many, one is too
 * long, it has functions, or fn wanted no more.
 */
bool paths_each(struct device *device, const uint8_t *wire, uint32_t slots, paths_fn *fn, void *ctx);

#endif
