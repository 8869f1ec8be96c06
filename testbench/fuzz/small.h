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

/* Numbers of what small_move() chooses from. */
#define SMALL_MOVES      3
#define SMALL_DELTAS     12
#define SMALL_ACTIONS    8
#define SMALL_MOVE_BYTES 32

/* Writes a program that moves an end of the packet and returns an action. Returns its bytes. */
uint32_t small_move(unsigned int helper, unsigned int delta, unsigned int action, uint8_t *wire);

/* A type of map, by its number. */
uint32_t small_type(uint64_t random);
/* Types whose values are 4 bytes: ids, ports and queues. */
bool small_is_object(uint32_t type);
/* Sizes that the type permits and programs can do something with. */
uint32_t small_key_bytes(uint32_t type);
uint32_t small_value_bytes(uint32_t type);
uint32_t small_entries(uint32_t type);

#endif
