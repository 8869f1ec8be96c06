/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiled programs with a few of their instructions changed, and maps of other sizes than theirs. Two objects are
 * taken together, so that pieces of one program come into another one.
 */
#ifndef TESTBENCH_ORACLE_MUTANTS_H
#define TESTBENCH_ORACLE_MUTANTS_H

#include <stddef.h>
#include <stdint.h>

#include "load/load.h"

struct mutants;

/* Reads every object in dir; its programs of at most max_slots are taken. */
struct mutants *mutants_open(const char *dir, uint32_t max_slots);
/* Takes NULL. */
void mutants_free(struct mutants *mutants);

/*
 * Takes two objects. Returns their maps, *num_maps of them, which stay mutants' and good until the next call; sizes of
 * some are changed unless plain is set.
 */
const struct load_map *mutants_maps(struct mutants *mutants, uint64_t seed, bool plain, size_t *num_maps);

/* Writes a program of the two objects, changed, to wire: room for max_slots. Returns slots. */
uint32_t mutants_program(struct mutants *mutants, uint64_t seed, uint8_t *wire);

#endif
