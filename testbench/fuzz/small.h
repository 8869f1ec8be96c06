/* SPDX-License-Identifier: BSD-2-Clause */
/* Small programs by hand, for what generated ones do not do: tail calls, redirection, maps in maps, long verification.
 */
#ifndef TESTBENCH_FUZZ_SMALL_H
#define TESTBENCH_FUZZ_SMALL_H

#include <stdint.h>

#include "fuzz/generate.h"

/* Beside the maps of generated programs: one to redirect by, or of records. */
#define SMALL_TARGETS_MAP GENERATE_RING_MAP

/* Writes a program, which nearly always names maps that are good for it. Returns its bytes. */
uint32_t small_program(uint64_t random, uint8_t *wire);

/* A type of map, by its number. */
uint32_t small_type(uint64_t random);
/* Types whose values are 4 bytes: ids, ports and queues. */
bool small_is_object(uint32_t type);
/* Sizes that the type permits and programs can do something with. */
uint32_t small_key_bytes(uint32_t type);
uint32_t small_value_bytes(uint32_t type);
uint32_t small_entries(uint32_t type);

#endif
