/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of 64 bits; number.h is the arithmetic, at any width. */
#include "verify/scalar.h"

#include "verify/number.h"

#define BITS 64

struct scalar scalar_unknown(void)
{
	return number_unknown(BITS);
}

struct scalar scalar_const(uint64_t value)
{
	return number_const(value, BITS);
}

struct scalar scalar_between(uint64_t min, uint64_t max)
{
	return number_between(min, max, BITS);
}

bool scalar_is_unknown(const struct scalar *s)
{
	return number_is_unknown(s, BITS);
}

bool scalar_has(const struct scalar *s, uint64_t value)
{
	return number_has(s, value, BITS);
}

bool scalar_within(const struct scalar *a, const struct scalar *b)
{
	return number_within(a, b);
}

bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
	return number_equal(a, b);
}

bool scalar_agree(struct scalar *s)
{
	return number_agree(s, BITS);
}

bool scalar_intersect(struct scalar *a, const struct scalar *b)
{
	return number_intersect(a, b, BITS);
}

struct scalar scalar_join(const struct scalar *a, const struct scalar *b)
{
	return number_join(a, b);
}

struct scalar scalar_zero_extend(const struct scalar *s, unsigned int bytes)
{
	return number_zero_extend(s, bytes * 8, BITS);
}

struct scalar scalar_sign_extend(const struct scalar *s, unsigned int bytes)
{
	return number_sign_extend(s, bytes * 8, BITS);
}

/* The low bits bits with their bytes reversed. */
static struct scalar swapped(const struct scalar *s, unsigned int bits)
{
	struct scalar r = scalar_unknown();

	r.bits = tnum_bswap(s->bits, bits);
	return number_settled(r, BITS);
}

static struct scalar sign_extended(const struct scalar *s, unsigned int bytes, unsigned int width)
{
	struct scalar r = scalar_sign_extend(s, bytes);

	return scalar_zero_extend(&r, width);
}

struct scalar scalar_alu(enum insn_alu op, const struct scalar *dst, const struct scalar *src, unsigned int width)
{
	switch (op) {
	case INSN_ALU_NEG:
		return number_neg(dst, width == 4, BITS);
	case INSN_ALU_MOV:
		return scalar_zero_extend(src, width);
	case INSN_ALU_MOVSX8:
		return sign_extended(src, 1, width);
	case INSN_ALU_MOVSX16:
		return sign_extended(src, 2, width);
	case INSN_ALU_MOVSX32:
		return sign_extended(src, 4, width);
	case INSN_ALU_LE16:
		return scalar_zero_extend(dst, 2);
	case INSN_ALU_LE32:
		return scalar_zero_extend(dst, 4);
	case INSN_ALU_LE64:
		return *dst;
	case INSN_ALU_BSWAP16:
		return swapped(dst, 16);
	case INSN_ALU_BSWAP32:
		return swapped(dst, 32);
	case INSN_ALU_BSWAP64:
		return swapped(dst, 64);
	default:
		return number_alu(op, dst, src, width == 4, BITS);
	}
}

bool scalar_branch(enum insn_jmp op, struct scalar *a, struct scalar *b, unsigned int width, bool taken)
{
	return number_branch(op, a, b, width == 4, taken, BITS);
}
