/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeds that are kept, testbench/data/fuzz.tsv: those that found something once, and those that get where few do. Each
 * run of a test begins with its own.
 */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include <stdint.h>

/* Calls run for each row of the test: so many devices or steps from seed on. The test fails if the file cannot be read.
 */
void corpus_each(const char *test, void (*run)(void *ctx, uint64_t seed, uint64_t count), void *ctx);

#endif
