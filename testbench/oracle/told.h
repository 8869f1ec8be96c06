/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that tell the kernel's verifier what ours knows: where a number is computed, or used, they check that it is
 * in the range that ours claims for it, and end if not. If the kernel accepts such a program, it has nothing against
 * the original but that it knows less of these numbers; and if the program runs like the original, no check failed.
 */
#ifndef TESTBENCH_ORACLE_TOLD_H
#define TESTBENCH_ORACLE_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "oracle/claims.h"

#define TOLD_R0 0x7e11 /* what a failed check returns */

/* Which instructions are meant. */
typedef bool told_fn(const uint8_t *insn);

/* What is checked; NULL: nothing. */
struct told_rule {
	told_fn *result; /* of arithmetic and loads */
	told_fn *use;    /* what goes into pointer arithmetic, calls and branches */
	told_fn *side;   /* that a branch can only go one way */
	told_fn *equal;  /* that of two pointers found equal none is above the other */
	told_fn *minus;  /* what is subtracted from a pointer: its negative is added */
};

/* Writes the program to out, room slots. Returns slots, 0 if there are too many. */
uint32_t told_rewrite(const uint8_t *wire, uint32_t slots, const struct claims_at *claims, const struct told_rule *rule,
		      uint8_t *out, uint32_t room);

#endif
