/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a number in a 64-bit register: its known bits, its range, and the range of its low half. The three
 * are kept in agreement: each learns from the others after every operation.
 */
#ifndef FW_VERIFY_SCALAR_H
#define FW_VERIFY_SCALAR_H

#include "insn.h"
#include "verify/range.h"
#include "verify/tnum.h"

struct scalar {
	struct tnum bits;
	struct range all; /* 64 bits */
	struct range low; /* the low 32 bits as a number of their own */
};

struct scalar scalar_unknown(void);
struct scalar scalar_const(uint64_t value);
/* Any of [min, max]. */
struct scalar scalar_between(uint64_t min, uint64_t max);

static inline bool scalar_is_const(const struct scalar *s)
{
	return tnum_is_const(s->bits);
}

static inline bool scalar_is(const struct scalar *s, uint64_t value)
{
	return tnum_is_const(s->bits) && s->bits.value == value;
}

bool scalar_is_unknown(const struct scalar *s);
bool scalar_has(const struct scalar *s, uint64_t value);
/* Whether everything that a can be, b can be. */
bool scalar_within(const struct scalar *a, const struct scalar *b);
bool scalar_equal(const struct scalar *a, const struct scalar *b);

/* Lets the parts learn from each other. false: no number is left, so the code that holds it is never reached. */
bool scalar_agree(struct scalar *s);
/* Narrows *a to what b can be too. false: nothing is left. */
bool scalar_intersect(struct scalar *a, const struct scalar *b);
/* A set that holds all of a and b. */
struct scalar scalar_join(const struct scalar *a, const struct scalar *b);

/* The low bytes bytes (1, 2, 4 or 8) with zeros or with their sign above. */
struct scalar scalar_zero_extend(const struct scalar *s, unsigned int bytes);
struct scalar scalar_sign_extend(const struct scalar *s, unsigned int bytes);

/*
 * dst op= src for an operation (enum insn_alu) of width bytes (4 or 8); a 4-byte operation zeroes the upper half.
 * Unary operations ignore src, MOV and the sign extensions ignore dst.
 */
struct scalar scalar_alu(enum insn_alu op, const struct scalar *dst, const struct scalar *src, unsigned int width);

/*
 * Narrows a and b to what they can be where "a op b" (enum insn_jmp, width bytes) turned out as taken says.
 * false: it cannot turn out so.
 */
bool scalar_branch(enum insn_jmp op, struct scalar *a, struct scalar *b, unsigned int width, bool taken);

#endif
