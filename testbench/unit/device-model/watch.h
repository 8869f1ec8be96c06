/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that counts who reads it: pages without permissions. Each access faults, is noted, and is then let through by
 * a single step. x86-64 only, and without sanitizers, whose copies read as they like.
 */
#ifndef UNIT_DEVICE_MODEL_WATCH_H
#define UNIT_DEVICE_MODEL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define WATCH_WORKS 1
#else
#define WATCH_WORKS 0
#endif

#define WATCH_OR_SKIP()                                                                                                \
	do {                                                                                                           \
		if (!WATCH_WORKS)                                                                                      \
			cr_skip_test("reads are counted on x86-64 and without sanitizers");                            \
	} while (0)

/* Watches bytes, whole pages, at a page. One at a time. */
void watch_start(uint8_t *at, size_t bytes);
void watch_stop(void);
/* Reads that began in the unit bytes at p, a multiple of 2 of them, while it was watched. */
unsigned watch_reads(const void *p, size_t unit);

#endif
