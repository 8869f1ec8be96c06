/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTBENCH_LOAD_CLOCK_H
#define TESTBENCH_LOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of a clock that only moves forward. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#endif
