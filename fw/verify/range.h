/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges: a set of words of bits bits (1 to 64), given by its least and greatest members as unsigned and as signed
 * numbers. Every function takes the width, so that 32- and 64-bit arithmetic are one code, and small widths can be
 * tried exhaustively.
 */
#ifndef FW_VERIFY_RANGE_H
#define FW_VERIFY_RANGE_H

#include "std.h"

struct range {
	uint64_t umin, umax; /* zero-extended */
	int64_t smin, smax;  /* sign-extended */
};

static inline uint64_t range_mask(unsigned int bits)
{
	return ~(uint64_t)0 >> (64 - bits);
}

static inline int64_t range_signed(uint64_t word, unsigned int bits)
{
	return (int64_t)(word << (64 - bits)) >> (64 - bits);
}

struct range range_full(unsigned int bits);
struct range range_const(uint64_t word, unsigned int bits);
/* Unsigned bounds; the signed ones follow. min <= max */
struct range range_unsigned(uint64_t min, uint64_t max, unsigned int bits);
/* Signed bounds; the unsigned ones follow. min <= max */
struct range range_of_signed(int64_t min, int64_t max, unsigned int bits);
bool range_is_full(const struct range *r, unsigned int bits);
bool range_has(const struct range *r, uint64_t word, unsigned int bits);
bool range_within(const struct range *a, const struct range *b);
bool range_equal(const struct range *a, const struct range *b);
/* A range that holds all of a and b. */
struct range range_join(const struct range *a, const struct range *b);

/* Lets each pair of bounds learn from the other. false: the range is empty. */
bool range_agree(struct range *r, unsigned int bits);

/* Narrows *a to what b holds too. false: nothing is left. */
bool range_intersect(struct range *a, const struct range *b, unsigned int bits);

/*
 * Arithmetic as the machine does it, modulo 2^bits. Division by zero gives 0.
 * Shift counts are taken modulo bits, which must be a power of two for that.
 */
struct range range_add(const struct range *a, const struct range *b, unsigned int bits);
struct range range_sub(const struct range *a, const struct range *b, unsigned int bits);
struct range range_mul(const struct range *a, const struct range *b, unsigned int bits);
struct range range_div(const struct range *a, const struct range *b, unsigned int bits);
struct range range_and(const struct range *a, const struct range *b, unsigned int bits);
struct range range_or(const struct range *a, const struct range *b, unsigned int bits);
struct range range_xor(const struct range *a, const struct range *b, unsigned int bits);
struct range range_lsh(const struct range *a, const struct range *b, unsigned int bits);
struct range range_rsh(const struct range *a, const struct range *b, unsigned int bits);
struct range range_arsh(const struct range *a, const struct range *b, unsigned int bits);

#endif
