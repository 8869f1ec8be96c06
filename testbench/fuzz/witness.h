/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds every step of every run against what the verifier claimed of it. Along with the interpreter goes the claim that
 * the walk had there: the next one is what the verifier took for possible next, by walking on or by finding that an
 * earlier state covers it. So a set of numbers that is too small, a branch taken for dead, a state taken for covered, a
 * place taken for dead or a number taken not to matter shows where the values first are others than claimed, long
 * before harm is done, if any is.
 */
#ifndef TESTBENCH_FUZZ_WITNESS_H
#define TESTBENCH_FUZZ_WITNESS_H

#include "fw.h"
#include "verify/verify.h"

struct witness;

/* From now on follows all programs and runs of fw, which are interpreted then. */
struct witness *witness_new(struct fw *fw);
/* Before fw is freed. */
void witness_free(struct witness *w);

/* What a run did that the verifier had not claimed, in one sentence; NULL: nothing. Nothing is looked at after it. */
const char *witness_says(const struct witness *w);
/* Steps of runs that were held against claims. */
uint64_t witness_steps(const struct witness *w);

/* Called before an instruction is walked, its state by then noted: may break the verifier, to see whether that is seen. */
typedef void witness_break_fn(struct verify *v, const void *how);
void witness_break(struct witness *w, witness_break_fn *fn, const void *how);

#endif
