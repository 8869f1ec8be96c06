/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of any width: the arithmetic behind scalar.h. Every function takes the width of a word in bits, a power of
 * two from 4 to 64; struct scalar's low half is then a number of bits / 2 bits. So what is tried exhaustively at few
 * bits is the code that the verifier runs at 64, where the width is a constant to the compiler.
 */
#ifndef FW_VERIFY_NUMBER_H
#define FW_VERIFY_NUMBER_H

#include "verify/scalar.h"

static inline struct scalar number_unknown(unsigned int bits)
{
	return (struct scalar){{0, range_mask(bits)}, range_full(bits), range_full(bits / 2)};
}

static inline struct scalar number_const(uint64_t value, unsigned int bits)
{
	return (struct scalar){tnum_const(value & range_mask(bits)), range_const(value, bits),
			       range_const(value, bits / 2)};
}

static inline bool number_is_unknown(const struct scalar *s, unsigned int bits)
{
	return s->bits.mask == range_mask(bits) && range_is_full(&s->all, bits) && range_is_full(&s->low, bits / 2);
}

static inline bool number_has(const struct scalar *s, uint64_t value, unsigned int bits)
{
	return tnum_has(s->bits, value) && range_has(&s->all, value, bits) && range_has(&s->low, value, bits / 2);
}

static inline bool number_within(const struct scalar *a, const struct scalar *b)
{
	return tnum_within(a->bits, b->bits) && range_within(&a->all, &b->all) && range_within(&a->low, &b->low);
}

static inline bool number_equal(const struct scalar *a, const struct scalar *b)
{
	return a->bits.value == b->bits.value && a->bits.mask == b->bits.mask && range_equal(&a->all, &b->all) &&
	       range_equal(&a->low, &b->low);
}

/* Least number >= from that has the known bits of t; from itself if there is none. */
static inline uint64_t number_next_in_tnum(struct tnum t, uint64_t from)
{
	uint64_t differ = (from ^ t.value) & ~t.mask, top, x;

	if (!differ)
		return from;
	top = (uint64_t)1 << (63 - __builtin_clzll(differ));
	if (t.value & top) {
		/* from has a 0 where all have a 1: take the 1, and the least below it */
		return (from & ~(top | (top - 1)) & t.mask) | (t.value & (top | (top - 1))) |
		       (t.value & ~(top | (top - 1)));
	}
	/* from has a 1 where all have a 0: carry into the lowest unknown 0 above */
	x = t.mask & ~from & ~(top | (top - 1));
	if (!x)
		return from;
	x &= -x;
	return t.value | (from & t.mask & ~(x | (x - 1))) | x;
}

/* Greatest number <= from that has the known bits of t; from itself if there is none. */
static inline uint64_t number_previous_in_tnum(struct tnum t, uint64_t from)
{
	struct tnum inverse = {~t.value & ~t.mask, t.mask};

	return ~number_next_in_tnum(inverse, ~from);
}

static inline void number_range_from_tnum(struct range *r, struct tnum t, unsigned int bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);

	t = tnum_cast(t, bits);
	r->umin = MAX(r->umin, t.value);
	r->umax = MIN(r->umax, t.value | t.mask);
	if (r->umin <= r->umax) {
		uint64_t min = number_next_in_tnum(t, r->umin), max = number_previous_in_tnum(t, r->umax);

		if (min <= range_mask(bits))
			r->umin = min;
		if (max <= range_mask(bits))
			r->umax = max;
	}
	r->smin = MAX(r->smin, range_signed(t.value | (t.mask & sign), bits));
	r->smax = MIN(r->smax, range_signed(t.value | (t.mask & ~sign), bits));
}

/* Numbers less than 2^half apart: their low halves are a range where they do not wrap. */
static inline void number_low_from_span(struct range *low, uint64_t first, uint64_t last, unsigned int half)
{
	uint64_t umin = first & range_mask(half), umax = last & range_mask(half);
	int64_t smin = range_signed(first, half), smax = range_signed(last, half);

	if (last - first > range_mask(half))
		return;
	if (umin <= umax) {
		low->umin = MAX(low->umin, umin);
		low->umax = MIN(low->umax, umax);
	}
	if (smin <= smax) {
		low->smin = MAX(low->smin, smin);
		low->smax = MIN(low->smax, smax);
	}
}

/* Least number >= from with a low half in [min, max]; the order wraps at 2^64. */
static inline uint64_t number_next_with_low(uint64_t from, uint64_t min, uint64_t max, unsigned int half)
{
	uint64_t low = from & range_mask(half), high = from & ~range_mask(half);

	if (low < min)
		return high | min;
	return low <= max ? from : (high + range_mask(half) + 1) | min;
}

static inline uint64_t number_previous_with_low(uint64_t from, uint64_t min, uint64_t max, unsigned int half)
{
	uint64_t low = from & range_mask(half), high = from & ~range_mask(half);

	if (low > max)
		return high | max;
	return low >= min ? from : (high - range_mask(half) - 1) | max;
}

static inline bool number_all_from_low(struct range *all, const struct range *low, unsigned int half)
{
	int64_t most = (int64_t)(range_mask(half) >> 1), least = -most - 1;
	uint64_t umin = number_next_with_low(all->umin, low->umin, low->umax, half);
	uint64_t umax = number_previous_with_low(all->umax, low->umin, low->umax, half);
	int64_t smin = (int64_t)number_next_with_low((uint64_t)all->smin, low->umin, low->umax, half);
	int64_t smax = (int64_t)number_previous_with_low((uint64_t)all->smax, low->umin, low->umax, half);

	/* past the end of the order: there is none */
	if (umin < all->umin || umax > all->umax || smin < all->smin || smax > all->smax)
		return false;
	*all = (struct range){umin, umax, smin, smax};
	if (all->smin >= least && all->smax <= most) {
		all->smin = MAX(all->smin, low->smin);
		all->smax = MIN(all->smax, low->smax);
	}
	return true;
}

static inline bool number_agree_once(struct scalar *s, unsigned int bits)
{
	unsigned int half = bits / 2;
	struct tnum low;

	number_range_from_tnum(&s->all, s->bits, bits);
	number_range_from_tnum(&s->low, s->bits, half);
	if (!range_agree(&s->all, bits))
		return false;
	number_low_from_span(&s->low, s->all.umin, s->all.umax, half);
	number_low_from_span(&s->low, (uint64_t)s->all.smin, (uint64_t)s->all.smax, half);
	if (!range_agree(&s->low, half))
		return false;
	if (!number_all_from_low(&s->all, &s->low, half) || !range_agree(&s->all, bits))
		return false;
	low = tnum_range(s->low.umin, s->low.umax);
	low.mask |= ~range_mask(half);
	return tnum_intersect(&s->bits, tnum_range(s->all.umin, s->all.umax)) && tnum_intersect(&s->bits, low);
}

static inline bool number_agree(struct scalar *s, unsigned int bits)
{
	struct scalar before;
	int pass = 0;

	if (number_is_unknown(s, bits))
		return true;
	/* Every pass only removes numbers, so stopping at any of them is right; few programs need a third. */
	do {
		before = *s;
		if (!number_agree_once(s, bits))
			return false;
	} while (++pass < 4 && !number_equal(s, &before));
	return true;
}

static inline struct scalar number_between(uint64_t min, uint64_t max, unsigned int bits)
{
	struct scalar s = {tnum_range(min, max), range_unsigned(min, max, bits), range_full(bits / 2)};

	number_agree(&s, bits);
	return s;
}

static inline bool number_intersect(struct scalar *a, const struct scalar *b, unsigned int bits)
{
	return tnum_intersect(&a->bits, b->bits) && range_intersect(&a->all, &b->all, bits) &&
	       range_intersect(&a->low, &b->low, bits / 2) && number_agree(a, bits);
}

static inline struct scalar number_join(const struct scalar *a, const struct scalar *b)
{
	return (struct scalar){tnum_join(a->bits, b->bits), range_join(&a->all, &b->all), range_join(&a->low, &b->low)};
}

/* A contradiction after an operation on sets that are not empty would be a mistake of ours: then nothing is known. */
static inline struct scalar number_settled(struct scalar s, unsigned int bits)
{
	return number_agree(&s, bits) ? s : number_unknown(bits);
}

/* Arithmetic */

/* What is known of the low from bits as a number of their own. */
static inline struct range number_low(const struct scalar *s, unsigned int from, unsigned int bits)
{
	struct range r = range_full(from);

	number_range_from_tnum(&r, s->bits, from);
	number_low_from_span(&r, s->all.umin, s->all.umax, from);
	number_low_from_span(&r, (uint64_t)s->all.smin, (uint64_t)s->all.smax, from);
	if (from <= bits / 2) {
		number_low_from_span(&r, s->low.umin, s->low.umax, from);
		number_low_from_span(&r, (uint64_t)s->low.smin, (uint64_t)s->low.smax, from);
	}
	return r;
}

/* The low from bits with zeros above. */
static inline struct scalar number_zero_extend(const struct scalar *s, unsigned int from, unsigned int bits)
{
	struct range low;
	struct scalar r;

	if (from == bits || s->all.umax <= range_mask(from))
		return *s;
	low = from == bits / 2 ? s->low : number_low(s, from, bits);
	r.bits = tnum_cast(s->bits, from);
	if (!range_agree(&low, from))
		low = range_full(from);
	r.all = range_unsigned(low.umin, low.umax, bits);
	r.low = from == bits / 2 ? low : range_full(bits / 2);
	return number_settled(r, bits);
}

/* The low from bits with their sign above. */
static inline struct scalar number_sign_extend(const struct scalar *s, unsigned int from, unsigned int bits)
{
	int64_t most = (int64_t)(range_mask(from) >> 1), least = -most - 1;
	struct range low;
	struct scalar r;

	if (from == bits || (s->all.smin >= least && s->all.smax <= most))
		return *s;
	low = from == bits / 2 ? s->low : number_low(s, from, bits);
	r.bits = tnum_arsh(tnum_cast(tnum_lsh(s->bits, bits - from), bits), bits - from, bits);
	if (!range_agree(&low, from))
		low = range_full(from);
	r.all = range_of_signed(low.smin, low.smax, bits);
	r.low = from == bits / 2 ? low : range_full(bits / 2);
	return number_settled(r, bits);
}

static inline uint64_t number_signed_div(int64_t a, int64_t b)
{
	if (!b)
		return 0;
	return b == -1 ? -(uint64_t)a : (uint64_t)(a / b);
}

static inline uint64_t number_signed_mod(int64_t a, int64_t b)
{
	if (!b)
		return (uint64_t)a;
	return b == -1 ? 0 : (uint64_t)(a % b);
}

/* What the machine computes from two words of bits bits; what is above bits is not cut off. */
static inline uint64_t number_compute(enum insn_alu op, uint64_t a, uint64_t b, unsigned int bits)
{
	int64_t sa = range_signed(a, bits), sb = range_signed(b, bits);
	unsigned int count = (unsigned int)b & (bits - 1);

	switch (op) {
	case INSN_ALU_ADD:
		return a + b;
	case INSN_ALU_SUB:
		return a - b;
	case INSN_ALU_OR:
		return a | b;
	case INSN_ALU_AND:
		return a & b;
	case INSN_ALU_LSH:
		return a << count;
	case INSN_ALU_RSH:
		return a >> count;
	case INSN_ALU_XOR:
		return a ^ b;
	case INSN_ALU_ARSH:
		return (uint64_t)(sa >> count);
	case INSN_ALU_MUL:
		return a * b;
	case INSN_ALU_DIV:
		return b ? a / b : 0;
	case INSN_ALU_MOD:
		return b ? a % b : a;
	case INSN_ALU_SDIV:
		return number_signed_div(sa, sb);
	default:
		return number_signed_mod(sa, sb);
	}
}

/* What each operation does to ranges and to known bits. */
struct number_op {
	struct range (*range)(const struct range *a, const struct range *b, unsigned int bits);
	struct tnum (*tnum)(struct tnum a, struct tnum b); /* NULL: shifts, or nothing is known */
	bool low; /* the low half of the result depends on the low halves alone */
};

static const struct number_op number_ops[] = {
	[INSN_ALU_ADD] = {range_add, tnum_add, true}, [INSN_ALU_SUB] = {range_sub, tnum_sub, true},
	[INSN_ALU_OR] = {range_or, tnum_or, true},    [INSN_ALU_AND] = {range_and, tnum_and, true},
	[INSN_ALU_LSH] = {range_lsh, NULL, false},    [INSN_ALU_RSH] = {range_rsh, NULL, false},
	[INSN_ALU_XOR] = {range_xor, tnum_xor, true}, [INSN_ALU_ARSH] = {range_arsh, NULL, false},
	[INSN_ALU_MUL] = {range_mul, tnum_mul, true}, [INSN_ALU_DIV] = {range_div, NULL, false},
};

/*
 * Remainders and signed quotients of what is not constant are taken for unknown, as Linux 6.18 and other verifiers take
 * them: a program that depends on more would be refused there.
 */
static inline bool number_op_is_unknown(enum insn_alu op)
{
	return op == INSN_ALU_MOD || op == INSN_ALU_SDIV || op == INSN_ALU_SMOD;
}

static inline bool number_op_is_shift(enum insn_alu op)
{
	return op == INSN_ALU_LSH || op == INSN_ALU_RSH || op == INSN_ALU_ARSH;
}

/* Known bits of a op b, words of bits bits. */
static inline struct tnum number_tnum(enum insn_alu op, struct tnum a, struct tnum b, unsigned int bits)
{
	unsigned int count = (unsigned int)b.value & (bits - 1);

	if (number_ops[op].tnum)
		return tnum_cast(number_ops[op].tnum(a, b), bits);
	/* the count is the low bits of b */
	if (b.mask & (bits - 1))
		return tnum_cast(TNUM_UNKNOWN, bits);
	switch (op) {
	case INSN_ALU_LSH:
		return tnum_cast(tnum_lsh(a, count), bits);
	case INSN_ALU_RSH:
		return tnum_rsh(a, count);
	case INSN_ALU_ARSH:
		return tnum_arsh(a, count, bits);
	default:
		return tnum_cast(TNUM_UNKNOWN, bits);
	}
}

/* The count of a shift, from known bits too: a count that wraps is known by its low bits. */
static inline struct range number_count(const struct range *b, struct tnum t, unsigned int bits)
{
	return t.mask & (bits - 1) ? *b : range_const(t.value & (bits - 1), bits);
}

/* On low halves; zeros above the result. */
static inline struct scalar number_binary_half(enum insn_alu op, const struct scalar *a, const struct scalar *b,
					       unsigned int bits)
{
	unsigned int half = bits / 2;
	struct tnum ta = tnum_cast(a->bits, half), tb = tnum_cast(b->bits, half);
	struct range rb = number_op_is_shift(op) ? number_count(&b->low, tb, half) : b->low;
	struct scalar r;

	if (tnum_is_const(ta) && tnum_is_const(tb))
		return number_const(number_compute(op, ta.value, tb.value, half) & range_mask(half), bits);
	if (number_op_is_unknown(op))
		return number_between(0, range_mask(half), bits);
	r.bits = number_tnum(op, ta, tb, half);
	r.low = number_ops[op].range(&a->low, &rb, half);
	r.all = range_unsigned(r.low.umin, r.low.umax, bits);
	return number_settled(r, bits);
}

static inline struct scalar number_binary(enum insn_alu op, const struct scalar *a, const struct scalar *b,
					  unsigned int bits)
{
	unsigned int half = bits / 2;
	struct range rb = number_op_is_shift(op) ? number_count(&b->all, b->bits, bits) : b->all;
	struct scalar r;

	if (tnum_is_const(a->bits) && tnum_is_const(b->bits))
		return number_const(number_compute(op, a->bits.value, b->bits.value, bits), bits);
	if (number_op_is_unknown(op))
		return number_unknown(bits);
	r.all = number_ops[op].range(&a->all, &rb, bits);
	r.low = range_full(half);
	r.bits = number_tnum(op, a->bits, b->bits, bits);
	if (number_ops[op].low)
		r.low = number_ops[op].range(&a->low, &b->low, half);
	else if (op == INSN_ALU_LSH && rb.umax < half)
		r.low = range_lsh(&a->low, &rb, half);
	return number_settled(r, bits);
}

/* a op b, or 0 - b for NEG, for op up to NEG. half: on the low halves, with zeros above. */
static inline struct scalar number_alu(enum insn_alu op, const struct scalar *a, const struct scalar *b, bool half,
				       unsigned int bits)
{
	return half ? number_binary_half(op, a, b, bits) : number_binary(op, a, b, bits);
}

static inline struct scalar number_neg(const struct scalar *s, bool half, unsigned int bits)
{
	struct scalar zero = number_const(0, bits);

	return number_alu(INSN_ALU_SUB, &zero, s, half, bits);
}

/* Comparisons */

/* One operand of a comparison at its width. */
struct number_side {
	struct tnum bits;
	struct range r;
};

static inline bool number_sides_equal(struct number_side *a, struct number_side *b, unsigned int bits)
{
	if (!tnum_intersect(&a->bits, b->bits) || !range_intersect(&a->r, &b->r, bits))
		return false;
	*b = *a;
	return true;
}

/* a is not the number x. */
static inline bool number_side_without(struct number_side *a, uint64_t x, unsigned int bits)
{
	int64_t sx = range_signed(x, bits);

	if (tnum_is_const(a->bits))
		return a->bits.value != x;
	if (a->r.umin == a->r.umax)
		return a->r.umin != x;
	a->r.umin += a->r.umin == x;
	a->r.umax -= a->r.umax == x;
	if (a->r.smin == a->r.smax)
		return a->r.smin != sx;
	a->r.smin += a->r.smin == sx;
	a->r.smax -= a->r.smax == sx;
	return true;
}

/* Whether a is one number: by its known bits or its range, which need not both know it. */
static inline bool number_side_const(const struct number_side *a, uint64_t *value)
{
	*value = tnum_is_const(a->bits) ? a->bits.value : a->r.umin;
	return tnum_is_const(a->bits) || a->r.umin == a->r.umax;
}

static inline bool number_sides_differ(struct number_side *a, struct number_side *b, unsigned int bits)
{
	uint64_t x;

	if (number_side_const(b, &x) && !number_side_without(a, x, bits))
		return false;
	return !number_side_const(a, &x) || number_side_without(b, x, bits);
}

/* a < b, or a <= b where equal is set; unsigned. */
static inline bool number_sides_below(struct number_side *a, struct number_side *b, bool equal)
{
	uint64_t one = equal ? 0 : 1;

	if (b->r.umax < one || a->r.umin > UINT64_MAX - one)
		return false;
	a->r.umax = MIN(a->r.umax, b->r.umax - one);
	b->r.umin = MAX(b->r.umin, a->r.umin + one);
	return true;
}

static inline bool number_sides_below_signed(struct number_side *a, struct number_side *b, bool equal)
{
	int64_t one = equal ? 0 : 1;

	if (b->r.smax < INT64_MIN + one || a->r.smin > INT64_MAX - one)
		return false;
	a->r.smax = MIN(a->r.smax, b->r.smax - one);
	b->r.smin = MAX(b->r.smin, a->r.smin + one);
	return true;
}

/* a & b is not 0: some bit is set in both. */
static inline bool number_sides_share(struct number_side *a, struct number_side *b)
{
	uint64_t may = (a->bits.value | a->bits.mask) & (b->bits.value | b->bits.mask);

	if (!may)
		return false;
	a->r.umin = MAX(a->r.umin, may & -may);
	b->r.umin = MAX(b->r.umin, may & -may);
	if (may & (may - 1))
		return true;
	return tnum_intersect(&a->bits, (struct tnum){may, ~may}) && tnum_intersect(&b->bits, (struct tnum){may, ~may});
}

/* a & b is 0: what one has, the other lacks. */
static inline bool number_sides_apart(struct number_side *a, struct number_side *b)
{
	return tnum_intersect(&a->bits, (struct tnum){0, ~b->bits.value}) &&
	       tnum_intersect(&b->bits, (struct tnum){0, ~a->bits.value});
}

static inline bool number_narrow(enum insn_jmp op, struct number_side *a, struct number_side *b, unsigned int bits,
				 bool taken)
{
	switch (op) {
	case INSN_JMP_EQ:
		return taken ? number_sides_equal(a, b, bits) : number_sides_differ(a, b, bits);
	case INSN_JMP_NE:
		return taken ? number_sides_differ(a, b, bits) : number_sides_equal(a, b, bits);
	case INSN_JMP_SET:
		return taken ? number_sides_share(a, b) : number_sides_apart(a, b);
	case INSN_JMP_GT:
		return taken ? number_sides_below(b, a, false) : number_sides_below(a, b, true);
	case INSN_JMP_GE:
		return taken ? number_sides_below(b, a, true) : number_sides_below(a, b, false);
	case INSN_JMP_LT:
		return taken ? number_sides_below(a, b, false) : number_sides_below(b, a, true);
	case INSN_JMP_LE:
		return taken ? number_sides_below(a, b, true) : number_sides_below(b, a, false);
	case INSN_JMP_SGT:
		return taken ? number_sides_below_signed(b, a, false) : number_sides_below_signed(a, b, true);
	case INSN_JMP_SGE:
		return taken ? number_sides_below_signed(b, a, true) : number_sides_below_signed(a, b, false);
	case INSN_JMP_SLT:
		return taken ? number_sides_below_signed(a, b, false) : number_sides_below_signed(b, a, true);
	default:
		return taken ? number_sides_below_signed(a, b, true) : number_sides_below_signed(b, a, false);
	}
}

static inline struct number_side number_side_of(const struct scalar *s, bool half, unsigned int bits)
{
	return half ? (struct number_side){tnum_cast(s->bits, bits / 2), s->low}
		    : (struct number_side){s->bits, s->all};
}

static inline bool number_side_back(struct scalar *s, const struct number_side *side, bool half, unsigned int bits)
{
	uint64_t mask = range_mask(bits / 2);

	if (!half) {
		s->bits = side->bits;
		s->all = side->r;
		return number_agree(s, bits);
	}
	s->low = side->r;
	s->bits.value = (s->bits.value & ~mask) | (side->bits.value & mask);
	s->bits.mask = (s->bits.mask & ~mask) | (side->bits.mask & mask);
	return number_agree(s, bits);
}

/* half: the low halves are compared. */
static inline bool number_branch(enum insn_jmp op, struct scalar *a, struct scalar *b, bool half, bool taken,
				 unsigned int bits)
{
	struct number_side sa = number_side_of(a, half, bits), sb = number_side_of(b, half, bits);

	return number_narrow(op, &sa, &sb, half ? bits / 2 : bits, taken) && number_side_back(a, &sa, half, bits) &&
	       number_side_back(b, &sb, half, bits);
}

#endif
