/* SPDX-License-Identifier: BSD-2-Clause */
/* Small programs by hand, for what generated ones do not do: tail calls, redirection, maps in maps, long verification.
 */
#ifndef TESTBENCH_FUZZ_SMALL_H
#define TESTBENCH_FUZZ_SMALL_H

#include <stdint.h>

/* Writes a program that names map ids below maps, if any. Returns its bytes, GENERATE_MAX_SLOTS * 8 at most. */
uint32_t small_program(uint64_t random, uint32_t maps, uint8_t *wire);

#endif
