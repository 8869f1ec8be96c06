/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs at the boundaries: a number from somewhere is bounded in some way, becomes an offset or a size, and memory
 * of that many bytes is accessed where it just fits or just does not.
 */
#ifndef TESTBENCH_ORACLE_SHAPES_H
#define TESTBENCH_ORACLE_SHAPES_H

#include <stddef.h>
#include <stdint.h>

#include "load/load.h"

/* The maps that the programs name. */
extern const struct load_map shapes_maps[];
extern const size_t shapes_num_maps;

/* Writes the program of this seed to wire, room for GENERATE_MAX_SLOTS. Returns slots. */
uint32_t shapes_program(uint64_t seed, uint8_t *wire);

#endif
