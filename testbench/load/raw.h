/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects made of raw instructions and map descriptions instead of an ELF file. */
#ifndef TESTBENCH_LOAD_RAW_H
#define TESTBENCH_LOAD_RAW_H

#include "load/load.h"

/*
 * hex: length characters, instructions in pairs of digits. maps: count times TYPE:KEY:VALUE:ENTRIES[:FLAGS[:INNER]],
 * INNER the place of a map in this list. Whether instructions and attributes make sense is for the device to judge.
 *
 * 0: *object is the caller's, for load_free(). 1: it is judged already: no device could even be asked (half an
 * instruction, a number of more than 32 bits). -EINVAL: not hexadecimal, or not of that form; -ENOMEM. In all but the
 * first case error holds one sentence.
 */
int raw_open(const char *hex, size_t length, const char *const *maps, size_t count, struct load_object **object,
	     char error[static LOAD_ERROR_BYTES]);

#endif
