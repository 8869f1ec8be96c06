// SPDX-License-Identifier: BSD-2-Clause
/*
 * What CBMC proves for all words, on the source that ships: no word that the machine computes is missing from the set
 * that an operator gives. Each function is one proof (../cbmc.def lists them); its arguments may be anything.
 */
#include "prove/concrete.h"
#include "verify/number.h"

void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *what);

#define BOTH(a, b, x, y) __CPROVER_assume(tnum_ok(a) && tnum_ok(b) && tnum_has(a, x) && tnum_has(b, y))

static bool tnum_ok(struct tnum a)
{
	return !(a.value & a.mask);
}

static void holds(struct tnum r, uint64_t x)
{
	__CPROVER_assert(tnum_ok(r) && tnum_has(r, x), "the result is in the set");
}

/* An operation of known bits, at 64 and at 32 bits, as scalars have it. */
#define TNUM_LEMMA(NAME, OP)                                                                                           \
	void prove_tnum_##NAME(struct tnum a, struct tnum b, uint64_t x, uint64_t y)                                   \
	{                                                                                                              \
		BOTH(a, b, x, y);                                                                                      \
		holds(number_tnum(OP, a, b, 64), concrete_alu(OP, x, y, 64));                                          \
	}                                                                                                              \
	void prove_tnum_##NAME##_32(struct tnum a, struct tnum b, uint32_t x, uint32_t y)                              \
	{                                                                                                              \
		a = tnum_cast(a, 32);                                                                                  \
		b = tnum_cast(b, 32);                                                                                  \
		BOTH(a, b, x, y);                                                                                      \
		holds(number_tnum(OP, a, b, 32), concrete_alu(OP, x, y, 32));                                          \
	}

TNUM_LEMMA(add, INSN_ALU_ADD)
TNUM_LEMMA(sub, INSN_ALU_SUB)
TNUM_LEMMA(mul, INSN_ALU_MUL)
TNUM_LEMMA(and, INSN_ALU_AND)
TNUM_LEMMA(or, INSN_ALU_OR)
TNUM_LEMMA(xor, INSN_ALU_XOR)
TNUM_LEMMA(lsh, INSN_ALU_LSH)
TNUM_LEMMA(rsh, INSN_ALU_RSH)
TNUM_LEMMA(arsh, INSN_ALU_ARSH)

void prove_tnum_intersect(struct tnum a, struct tnum b, uint64_t x)
{
	BOTH(a, b, x, x);
	__CPROVER_assert(tnum_intersect(&a, b), "there is a word in both");
	holds(a, x);
}

void prove_tnum_join(struct tnum a, struct tnum b, uint64_t x)
{
	__CPROVER_assume(tnum_ok(a) && tnum_ok(b) && (tnum_has(a, x) || tnum_has(b, x)));
	holds(tnum_join(a, b), x);
}

void prove_tnum_within(struct tnum a, struct tnum b, uint64_t x)
{
	__CPROVER_assume(tnum_ok(a) && tnum_ok(b) && tnum_has(a, x) && tnum_within(a, b));
	__CPROVER_assert(tnum_has(b, x), "a word of the part is in the whole");
}

void prove_tnum_range(uint64_t min, uint64_t max, uint64_t x)
{
	__CPROVER_assume(min <= x && x <= max);
	holds(tnum_range(min, max), x);
}

static void zero_extends(struct tnum a, uint64_t x, unsigned int from)
{
	__CPROVER_assume(tnum_ok(a) && tnum_has(a, x));
	holds(tnum_cast(a, from), concrete_zero_extend(x, from));
}

void prove_tnum_zext_8(struct tnum a, uint64_t x)
{
	zero_extends(a, x, 8);
}

void prove_tnum_zext_16(struct tnum a, uint64_t x)
{
	zero_extends(a, x, 16);
}

void prove_tnum_zext_32(struct tnum a, uint64_t x)
{
	zero_extends(a, x, 32);
}

static void sign_extends(struct tnum a, uint64_t x, unsigned int from)
{
	__CPROVER_assume(tnum_ok(a) && tnum_has(a, x));
	holds(tnum_arsh(tnum_cast(tnum_lsh(a, 64 - from), 64), 64 - from, 64), concrete_sign_extend(x, from, 64));
}

void prove_tnum_sext_8(struct tnum a, uint64_t x)
{
	sign_extends(a, x, 8);
}

void prove_tnum_sext_16(struct tnum a, uint64_t x)
{
	sign_extends(a, x, 16);
}

void prove_tnum_sext_32(struct tnum a, uint64_t x)
{
	sign_extends(a, x, 32);
}

static void swaps(struct tnum a, uint64_t x, unsigned int bits)
{
	__CPROVER_assume(tnum_ok(a) && tnum_has(a, x));
	holds(tnum_bswap(a, bits), concrete_swap(x, bits));
}

void prove_tnum_swap_16(struct tnum a, uint64_t x)
{
	swaps(a, x, 16);
}

void prove_tnum_swap_32(struct tnum a, uint64_t x)
{
	swaps(a, x, 32);
}

void prove_tnum_swap_64(struct tnum a, uint64_t x)
{
	swaps(a, x, 64);
}

/* Ranges */

static bool range_ok(const struct range *r, unsigned int bits)
{
	struct range full = range_full(bits);

	return r->umin <= r->umax && r->smin <= r->smax && range_within(r, &full);
}

static void range_holds(const struct range *r, uint64_t x, unsigned int bits)
{
	__CPROVER_assert(range_ok(r, bits) && range_has(r, x, bits), "the result is in the range");
}

static void range_lemma(enum insn_alu op, struct range a, struct range b, uint64_t x, uint64_t y, unsigned int bits)
{
	struct range r;

	__CPROVER_assume(range_ok(&a, bits) && range_ok(&b, bits) && range_has(&a, x, bits) && range_has(&b, y, bits));
	r = number_ops[op].range(&a, &b, bits);
	range_holds(&r, concrete_alu(op, x, y, bits), bits);
}

#define RANGE_LEMMA(NAME, OP)                                                                                          \
	void prove_range_##NAME(struct range a, struct range b, uint64_t x, uint64_t y)                                \
	{                                                                                                              \
		range_lemma(OP, a, b, x, y, 64);                                                                       \
	}                                                                                                              \
	void prove_range_##NAME##_32(struct range a, struct range b, uint32_t x, uint32_t y)                           \
	{                                                                                                              \
		range_lemma(OP, a, b, x, y, 32);                                                                       \
	}

RANGE_LEMMA(add, INSN_ALU_ADD)
RANGE_LEMMA(sub, INSN_ALU_SUB)
RANGE_LEMMA(mul, INSN_ALU_MUL)
RANGE_LEMMA(div, INSN_ALU_DIV)
RANGE_LEMMA(and, INSN_ALU_AND)
RANGE_LEMMA(or, INSN_ALU_OR)
RANGE_LEMMA(xor, INSN_ALU_XOR)
RANGE_LEMMA(lsh, INSN_ALU_LSH)
RANGE_LEMMA(rsh, INSN_ALU_RSH)
RANGE_LEMMA(arsh, INSN_ALU_ARSH)

static void agrees(struct range r, uint64_t x, unsigned int bits)
{
	struct range full = range_full(bits);

	__CPROVER_assume(range_within(&r, &full) && range_has(&r, x, bits));
	__CPROVER_assert(range_agree(&r, bits), "there is a word");
	range_holds(&r, x, bits);
}

void prove_range_agree(struct range r, uint64_t x)
{
	agrees(r, x, 64);
}

void prove_range_agree_32(struct range r, uint32_t x)
{
	agrees(r, x, 32);
}

void prove_range_intersect(struct range a, struct range b, uint64_t x)
{
	__CPROVER_assume(range_has(&a, x, 64) && range_has(&b, x, 64));
	__CPROVER_assert(range_intersect(&a, &b, 64), "there is a word in both");
	range_holds(&a, x, 64);
}

void prove_range_join(struct range a, struct range b, uint64_t x)
{
	struct range r = range_join(&a, &b);

	__CPROVER_assume(range_has(&a, x, 64) || range_has(&b, x, 64));
	range_holds(&r, x, 64);
}

void prove_range_within(struct range a, struct range b, uint64_t x)
{
	__CPROVER_assume(range_has(&a, x, 64) && range_within(&a, &b));
	__CPROVER_assert(range_has(&b, x, 64), "a word of the part is in the whole");
}

/* The product */

static bool number_ok(const struct scalar *s)
{
	return tnum_ok(s->bits) && range_ok(&s->all, 64) && range_ok(&s->low, 32);
}

static void number_holds(const struct scalar *s, uint64_t x)
{
	__CPROVER_assert(number_ok(s) && number_has(s, x, 64), "the number is in the set");
}

/* The parts of number_agree(), which repeats number_agree_once(). */

void prove_range_from_tnum(struct range r, struct tnum t, uint64_t x)
{
	__CPROVER_assume(range_ok(&r, 64) && tnum_ok(t) && range_has(&r, x, 64) && tnum_has(t, x));
	number_range_from_tnum(&r, t, 64);
	range_holds(&r, x, 64);
}

void prove_range_from_tnum_32(struct range r, struct tnum t, uint64_t x)
{
	__CPROVER_assume(range_ok(&r, 32) && tnum_ok(t) && range_has(&r, x, 32) && tnum_has(t, x));
	number_range_from_tnum(&r, t, 32);
	range_holds(&r, x, 32);
}

void prove_low_from_span(struct range low, uint64_t first, uint64_t last, uint64_t x)
{
	__CPROVER_assume(range_ok(&low, 32) && range_has(&low, x, 32) && x - first <= last - first);
	number_low_from_span(&low, first, last, 32);
	range_holds(&low, x, 32);
}

void prove_all_from_low(struct range all, struct range low, uint64_t x)
{
	__CPROVER_assume(range_ok(&all, 64) && range_ok(&low, 32) && range_has(&all, x, 64) && range_has(&low, x, 32));
	__CPROVER_assert(number_all_from_low(&all, &low, 32), "there is a word");
	range_holds(&all, x, 64);
}

void prove_agree_once(struct scalar s, uint64_t x)
{
	__CPROVER_assume(number_ok(&s) && number_has(&s, x, 64));
	__CPROVER_assert(number_agree_once(&s, 64), "there is a number");
	number_holds(&s, x);
}

void prove_number_join(struct scalar a, struct scalar b, uint64_t x)
{
	struct scalar r = number_join(&a, &b);

	__CPROVER_assume(number_ok(&a) && number_ok(&b) && (number_has(&a, x, 64) || number_has(&b, x, 64)));
	number_holds(&r, x);
}

void prove_number_within(struct scalar a, struct scalar b, uint64_t x)
{
	__CPROVER_assume(number_has(&a, x, 64) && number_within(&a, &b));
	__CPROVER_assert(number_has(&b, x, 64), "a number of the part is in the whole");
}

void prove_number_low_8(struct scalar s, uint64_t x)
{
	struct range r = number_low(&s, 8, 64);

	__CPROVER_assume(number_ok(&s) && number_has(&s, x, 64));
	range_holds(&r, x, 8);
}

void prove_number_low_16(struct scalar s, uint64_t x)
{
	struct range r = number_low(&s, 16, 64);

	__CPROVER_assume(number_ok(&s) && number_has(&s, x, 64));
	range_holds(&r, x, 16);
}

/*
 * Comparisons: what each side learns before the parts of its number agree. The sides need not agree beforehand.
 */
static void branch_lemma(enum insn_jmp op, struct number_side a, struct number_side b, uint64_t x, uint64_t y,
			 bool taken, unsigned int bits)
{
	__CPROVER_assume(range_ok(&a.r, bits) && range_ok(&b.r, bits));
	__CPROVER_assume(!((a.bits.value | a.bits.mask | b.bits.value | b.bits.mask) & ~range_mask(bits)));
	__CPROVER_assume(range_has(&a.r, x, bits) && range_has(&b.r, y, bits));
	BOTH(a.bits, b.bits, x, y);
	__CPROVER_assume(concrete_jmp(op, x, y, bits) == taken);
	__CPROVER_assert(number_narrow(op, &a, &b, bits, taken), "there are numbers");
	holds(a.bits, x);
	holds(b.bits, y);
	__CPROVER_assert(range_has(&a.r, x, bits) && range_has(&b.r, y, bits), "the numbers are in the ranges");
}

#define BRANCH_LEMMA(NAME, OP)                                                                                         \
	void prove_##NAME(struct number_side a, struct number_side b, uint64_t x, uint64_t y, bool taken)              \
	{                                                                                                              \
		branch_lemma(OP, a, b, x, y, taken, 64);                                                               \
	}                                                                                                              \
	void prove_##NAME##_32(struct number_side a, struct number_side b, uint32_t x, uint32_t y, bool taken)         \
	{                                                                                                              \
		branch_lemma(OP, a, b, x, y, taken, 32);                                                               \
	}

BRANCH_LEMMA(jeq, INSN_JMP_EQ)
BRANCH_LEMMA(jgt, INSN_JMP_GT)
BRANCH_LEMMA(jge, INSN_JMP_GE)
BRANCH_LEMMA(jset, INSN_JMP_SET)
BRANCH_LEMMA(jne, INSN_JMP_NE)
BRANCH_LEMMA(jsgt, INSN_JMP_SGT)
BRANCH_LEMMA(jsge, INSN_JMP_SGE)
BRANCH_LEMMA(jlt, INSN_JMP_LT)
BRANCH_LEMMA(jle, INSN_JMP_LE)
BRANCH_LEMMA(jslt, INSN_JMP_SLT)
BRANCH_LEMMA(jsle, INSN_JMP_SLE)
