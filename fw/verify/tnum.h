/* SPDX-License-Identifier: BSD-2-Clause */
/* Known bits: a set of 64-bit words, given by the bits that all of them share. */
#ifndef FW_VERIFY_TNUM_H
#define FW_VERIFY_TNUM_H

#include "std.h"

struct tnum {
	uint64_t value; /* known bits; 0 where mask is 1 */
	uint64_t mask;  /* 1: unknown */
};

#define TNUM_UNKNOWN ((struct tnum){0, ~(uint64_t)0})

static inline struct tnum tnum_const(uint64_t value)
{
	return (struct tnum){value, 0};
}

static inline bool tnum_is_const(struct tnum a)
{
	return !a.mask;
}

static inline bool tnum_has(struct tnum a, uint64_t x)
{
	return !((x ^ a.value) & ~a.mask);
}

/* The words that have the low bits bits of a, zero above. */
struct tnum tnum_cast(struct tnum a, unsigned int bits);
/* The smallest set that holds every word of [min, max]. */
struct tnum tnum_range(uint64_t min, uint64_t max);
struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_mul(struct tnum a, struct tnum b);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);
/* shift < 64 */
struct tnum tnum_lsh(struct tnum a, unsigned int shift);
struct tnum tnum_rsh(struct tnum a, unsigned int shift);
/* a's words as signed numbers of bits bits; shift < bits. The result is cut to bits. */
struct tnum tnum_arsh(struct tnum a, unsigned int shift, unsigned int bits);
/* Bytes of the low bits bits (16, 32 or 64) reversed, zero above. */
struct tnum tnum_bswap(struct tnum a, unsigned int bits);
/* Words in both sets; false: there is none. */
bool tnum_intersect(struct tnum *a, struct tnum b);
/* Words in at least one of the sets, and perhaps others. */
struct tnum tnum_join(struct tnum a, struct tnum b);
/* Whether every word of a is in b. */
bool tnum_within(struct tnum a, struct tnum b);

#endif
