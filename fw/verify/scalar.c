/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/scalar.h"

#define LOW_MASK ((uint64_t)UINT32_MAX)

struct scalar scalar_unknown(void)
{
	return (struct scalar){TNUM_UNKNOWN, range_full(64), range_full(32)};
}

struct scalar scalar_const(uint64_t value)
{
	return (struct scalar){tnum_const(value), range_const(value, 64), range_const(value, 32)};
}

struct scalar scalar_between(uint64_t min, uint64_t max)
{
	struct scalar s = {tnum_range(min, max), range_unsigned(min, max, 64), range_full(32)};

	scalar_agree(&s);
	return s;
}

bool scalar_is_unknown(const struct scalar *s)
{
	return s->bits.mask == ~(uint64_t)0 && range_is_full(&s->all, 64) && range_is_full(&s->low, 32);
}

bool scalar_has(const struct scalar *s, uint64_t value)
{
	return tnum_has(s->bits, value) && range_has(&s->all, value, 64) && range_has(&s->low, value, 32);
}

bool scalar_within(const struct scalar *a, const struct scalar *b)
{
	return tnum_within(a->bits, b->bits) && range_within(&a->all, &b->all) && range_within(&a->low, &b->low);
}

bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
	return a->bits.value == b->bits.value && a->bits.mask == b->bits.mask && range_equal(&a->all, &b->all) &&
	       range_equal(&a->low, &b->low);
}

/* Least number >= from that has the known bits of t; from itself if there is none. */
static uint64_t next_in_tnum(struct tnum t, uint64_t from)
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
static uint64_t previous_in_tnum(struct tnum t, uint64_t from)
{
	struct tnum inverse = {~t.value & ~t.mask, t.mask};

	return ~next_in_tnum(inverse, ~from);
}

static void range_from_tnum(struct range *r, struct tnum t, unsigned int bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);

	t = tnum_cast(t, bits);
	r->umin = MAX(r->umin, t.value);
	r->umax = MIN(r->umax, t.value | t.mask);
	if (r->umin <= r->umax) {
		uint64_t min = next_in_tnum(t, r->umin), max = previous_in_tnum(t, r->umax);

		if (min <= range_mask(bits))
			r->umin = min;
		if (max <= range_mask(bits))
			r->umax = max;
	}
	r->smin = MAX(r->smin, range_signed(t.value | (t.mask & sign), bits));
	r->smax = MIN(r->smax, range_signed(t.value | (t.mask & ~sign), bits));
}

/* Numbers less than 2^32 apart: their low halves are a range where they do not wrap. */
static void low_from_span(struct range *low, uint64_t first, uint64_t last)
{
	uint64_t umin = first & LOW_MASK, umax = last & LOW_MASK;
	int64_t smin = range_signed(first, 32), smax = range_signed(last, 32);

	if (last - first > LOW_MASK)
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
static uint64_t next_with_low(uint64_t from, uint64_t min, uint64_t max)
{
	uint64_t low = from & LOW_MASK, high = from & ~LOW_MASK;

	if (low < min)
		return high | min;
	return low <= max ? from : (high + LOW_MASK + 1) | min;
}

static uint64_t previous_with_low(uint64_t from, uint64_t min, uint64_t max)
{
	uint64_t low = from & LOW_MASK, high = from & ~LOW_MASK;

	if (low > max)
		return high | max;
	return low >= min ? from : (high - LOW_MASK - 1) | max;
}

static bool all_from_low(struct range *all, const struct range *low)
{
	uint64_t umin = next_with_low(all->umin, low->umin, low->umax);
	uint64_t umax = previous_with_low(all->umax, low->umin, low->umax);
	int64_t smin = (int64_t)next_with_low((uint64_t)all->smin, low->umin, low->umax);
	int64_t smax = (int64_t)previous_with_low((uint64_t)all->smax, low->umin, low->umax);

	/* past the end of the order: there is none */
	if (umin < all->umin || umax > all->umax || smin < all->smin || smax > all->smax)
		return false;
	*all = (struct range){umin, umax, smin, smax};
	if (all->smin >= INT32_MIN && all->smax <= INT32_MAX) {
		all->smin = MAX(all->smin, low->smin);
		all->smax = MIN(all->smax, low->smax);
	}
	return true;
}

static bool agree_once(struct scalar *s)
{
	struct tnum low;

	range_from_tnum(&s->all, s->bits, 64);
	range_from_tnum(&s->low, s->bits, 32);
	if (!range_agree(&s->all, 64))
		return false;
	low_from_span(&s->low, s->all.umin, s->all.umax);
	low_from_span(&s->low, (uint64_t)s->all.smin, (uint64_t)s->all.smax);
	if (!range_agree(&s->low, 32))
		return false;
	if (!all_from_low(&s->all, &s->low) || !range_agree(&s->all, 64))
		return false;
	low = tnum_range(s->low.umin, s->low.umax);
	low.mask |= ~LOW_MASK;
	return tnum_intersect(&s->bits, tnum_range(s->all.umin, s->all.umax)) && tnum_intersect(&s->bits, low);
}

bool scalar_agree(struct scalar *s)
{
	struct scalar before;
	int pass = 0;

	if (scalar_is_unknown(s))
		return true;
	/* Every pass only removes numbers, so stopping at any of them is right; few programs need a third. */
	do {
		before = *s;
		if (!agree_once(s))
			return false;
	} while (++pass < 4 && !scalar_equal(s, &before));
	return true;
}

bool scalar_intersect(struct scalar *a, const struct scalar *b)
{
	return tnum_intersect(&a->bits, b->bits) && range_intersect(&a->all, &b->all, 64) &&
	       range_intersect(&a->low, &b->low, 32) && scalar_agree(a);
}

static struct range join(const struct range *a, const struct range *b)
{
	return (struct range){MIN(a->umin, b->umin), MAX(a->umax, b->umax), MIN(a->smin, b->smin),
			      MAX(a->smax, b->smax)};
}

struct scalar scalar_join(const struct scalar *a, const struct scalar *b)
{
	return (struct scalar){tnum_join(a->bits, b->bits), join(&a->all, &b->all), join(&a->low, &b->low)};
}

/* A contradiction after an operation on sets that are not empty would be a mistake of ours: then nothing is known. */
static struct scalar settled(struct scalar s)
{
	return scalar_agree(&s) ? s : scalar_unknown();
}

/* A 32-bit result with zeros above. */
static struct scalar from_low(struct tnum bits, const struct range *low)
{
	struct scalar s = {tnum_cast(bits, 32), range_unsigned(low->umin, low->umax, 64), *low};

	return settled(s);
}

struct scalar scalar_zero_extend(const struct scalar *s, unsigned int bytes)
{
	uint64_t mask = range_mask(bytes * 8);
	struct scalar r = {tnum_cast(s->bits, bytes * 8), range_unsigned(0, mask, 64), range_full(32)};

	if (bytes == 8 || s->all.umax <= mask)
		return *s;
	if (s->low.umax <= mask)
		r.low = s->low;
	return settled(r);
}

struct scalar scalar_sign_extend(const struct scalar *s, unsigned int bytes)
{
	unsigned int bits = bytes * 8;
	int64_t most = (int64_t)(range_mask(bits) >> 1), least = -most - 1;
	struct scalar r;

	if (bytes == 8 || (s->all.smin >= least && s->all.smax <= most))
		return *s;
	r.bits = tnum_arsh(tnum_lsh(s->bits, 64 - bits), 64 - bits, 64);
	r.all = range_of_signed(least, most, 64);
	r.low = range_full(32);
	/* the low half's sign bits are those of the narrower number already */
	if (s->low.smin >= least && s->low.smax <= most) {
		r.all = range_of_signed(s->low.smin, s->low.smax, 64);
		r.low = s->low;
	}
	return settled(r);
}

static uint64_t swap_bytes(uint64_t x, unsigned int bits)
{
	return __builtin_bswap64(x) >> (64 - bits);
}

static uint64_t signed_div(int64_t a, int64_t b)
{
	if (!b)
		return 0;
	return b == -1 ? -(uint64_t)a : (uint64_t)(a / b);
}

static uint64_t signed_mod(int64_t a, int64_t b)
{
	if (!b)
		return (uint64_t)a;
	return b == -1 ? 0 : (uint64_t)(a % b);
}

/* What the machine computes from two words of bits bits. */
static uint64_t compute(enum insn_alu op, uint64_t a, uint64_t b, unsigned int bits)
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
		return signed_div(sa, sb);
	default:
		return signed_mod(sa, sb);
	}
}

typedef struct range range_fn(const struct range *a, const struct range *b, unsigned int bits);
typedef struct tnum tnum_fn(struct tnum a, struct tnum b);

/* What each operation does to ranges and to known bits. */
static const struct {
	range_fn *range;
	tnum_fn *tnum; /* NULL: shifts, or nothing is known */
	bool low;      /* the low half of the result depends on the low halves alone */
} ops[] = {
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
static bool is_unknown(enum insn_alu op)
{
	return op == INSN_ALU_MOD || op == INSN_ALU_SDIV || op == INSN_ALU_SMOD;
}

static struct tnum alu_tnum(enum insn_alu op, struct tnum a, struct tnum b, unsigned int bits)
{
	unsigned int count = (unsigned int)b.value & (bits - 1);

	if (ops[op].tnum)
		return tnum_cast(ops[op].tnum(a, b), bits);
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
static struct range shift_count(const struct range *b, struct tnum t, unsigned int bits)
{
	return tnum_is_const(tnum_cast(t, bits == 64 ? 6 : 5)) ? range_const(t.value & (bits - 1), bits) : *b;
}

static bool is_shift(enum insn_alu op)
{
	return op == INSN_ALU_LSH || op == INSN_ALU_RSH || op == INSN_ALU_ARSH;
}

static struct scalar binary32(enum insn_alu op, const struct scalar *a, const struct scalar *b)
{
	struct tnum ta = tnum_cast(a->bits, 32), tb = tnum_cast(b->bits, 32);
	struct range rb = is_shift(op) ? shift_count(&b->low, tb, 32) : b->low, low;

	if (tnum_is_const(ta) && tnum_is_const(tb))
		return scalar_const((uint32_t)compute(op, ta.value, tb.value, 32));
	if (is_unknown(op))
		return scalar_between(0, UINT32_MAX);
	low = ops[op].range(&a->low, &rb, 32);
	return from_low(alu_tnum(op, ta, tb, 32), &low);
}

static struct scalar binary64(enum insn_alu op, const struct scalar *a, const struct scalar *b)
{
	struct range rb = is_shift(op) ? shift_count(&b->all, b->bits, 64) : b->all;
	struct scalar r;

	if (tnum_is_const(a->bits) && tnum_is_const(b->bits))
		return scalar_const(compute(op, a->bits.value, b->bits.value, 64));
	if (is_unknown(op))
		return scalar_unknown();
	r.all = ops[op].range(&a->all, &rb, 64);
	r.low = range_full(32);
	r.bits = alu_tnum(op, a->bits, b->bits, 64);
	if (ops[op].low)
		r.low = ops[op].range(&a->low, &b->low, 32);
	else if (op == INSN_ALU_LSH && rb.umax < 32)
		r.low = range_lsh(&a->low, &rb, 32);
	return settled(r);
}

static struct scalar swapped(const struct scalar *s, unsigned int bits)
{
	struct scalar r = scalar_unknown();

	if (tnum_is_const(tnum_cast(s->bits, bits)))
		return scalar_const(swap_bytes(s->bits.value, bits));
	r.bits = tnum_bswap(s->bits, bits);
	return settled(r);
}

static struct scalar negated(const struct scalar *s, unsigned int width)
{
	struct scalar zero = scalar_const(0);

	return width == 8 ? binary64(INSN_ALU_SUB, &zero, s) : binary32(INSN_ALU_SUB, &zero, s);
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
		return negated(dst, width);
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
		return width == 8 ? binary64(op, dst, src) : binary32(op, dst, src);
	}
}

/* One operand of a comparison at its width. */
struct side {
	struct tnum bits;
	struct range r;
};

static bool sides_equal(struct side *a, struct side *b, unsigned int bits)
{
	if (!tnum_intersect(&a->bits, b->bits) || !range_intersect(&a->r, &b->r, bits))
		return false;
	*b = *a;
	return true;
}

/* a is not the number x. */
static bool side_without(struct side *a, uint64_t x, unsigned int bits)
{
	if (tnum_is_const(a->bits))
		return a->bits.value != x;
	if (a->r.umin == a->r.umax && a->r.umin == x)
		return false;
	a->r.umin += a->r.umin == x;
	a->r.umax -= a->r.umax == x;
	a->r.smin += a->r.smin == range_signed(x, bits) && a->r.smin < a->r.smax;
	a->r.smax -= a->r.smax == range_signed(x, bits) && a->r.smin < a->r.smax;
	return true;
}

static bool side_is_const(const struct side *a)
{
	return tnum_is_const(a->bits) || a->r.umin == a->r.umax;
}

static bool sides_differ(struct side *a, struct side *b, unsigned int bits)
{
	if (side_is_const(b) && !side_without(a, b->r.umin, bits))
		return false;
	return !side_is_const(a) || side_without(b, a->r.umin, bits);
}

/* a < b, or a <= b where equal is set; unsigned. */
static bool sides_below(struct side *a, struct side *b, bool equal)
{
	uint64_t one = equal ? 0 : 1;

	if (b->r.umax < one || a->r.umin > UINT64_MAX - one)
		return false;
	a->r.umax = MIN(a->r.umax, b->r.umax - one);
	b->r.umin = MAX(b->r.umin, a->r.umin + one);
	return true;
}

static bool sides_below_signed(struct side *a, struct side *b, bool equal)
{
	int64_t one = equal ? 0 : 1;

	if (b->r.smax < INT64_MIN + one || a->r.smin > INT64_MAX - one)
		return false;
	a->r.smax = MIN(a->r.smax, b->r.smax - one);
	b->r.smin = MAX(b->r.smin, a->r.smin + one);
	return true;
}

/* a & b is not 0: some bit is set in both. */
static bool sides_share(struct side *a, struct side *b)
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
static bool sides_apart(struct side *a, struct side *b)
{
	return tnum_intersect(&a->bits, (struct tnum){0, ~b->bits.value}) &&
	       tnum_intersect(&b->bits, (struct tnum){0, ~a->bits.value});
}

static bool narrow(enum insn_jmp op, struct side *a, struct side *b, unsigned int bits, bool taken)
{
	switch (op) {
	case INSN_JMP_EQ:
		return taken ? sides_equal(a, b, bits) : sides_differ(a, b, bits);
	case INSN_JMP_NE:
		return taken ? sides_differ(a, b, bits) : sides_equal(a, b, bits);
	case INSN_JMP_SET:
		return taken ? sides_share(a, b) : sides_apart(a, b);
	case INSN_JMP_GT:
		return taken ? sides_below(b, a, false) : sides_below(a, b, true);
	case INSN_JMP_GE:
		return taken ? sides_below(b, a, true) : sides_below(a, b, false);
	case INSN_JMP_LT:
		return taken ? sides_below(a, b, false) : sides_below(b, a, true);
	case INSN_JMP_LE:
		return taken ? sides_below(a, b, true) : sides_below(b, a, false);
	case INSN_JMP_SGT:
		return taken ? sides_below_signed(b, a, false) : sides_below_signed(a, b, true);
	case INSN_JMP_SGE:
		return taken ? sides_below_signed(b, a, true) : sides_below_signed(a, b, false);
	case INSN_JMP_SLT:
		return taken ? sides_below_signed(a, b, false) : sides_below_signed(b, a, true);
	default:
		return taken ? sides_below_signed(a, b, true) : sides_below_signed(b, a, false);
	}
}

static struct side side_of(const struct scalar *s, unsigned int width)
{
	return width == 8 ? (struct side){s->bits, s->all} : (struct side){tnum_cast(s->bits, 32), s->low};
}

static bool side_back(struct scalar *s, const struct side *side, unsigned int width)
{
	if (width == 8) {
		s->bits = side->bits;
		s->all = side->r;
		return scalar_agree(s);
	}
	s->low = side->r;
	s->bits.value = (s->bits.value & ~LOW_MASK) | (side->bits.value & LOW_MASK);
	s->bits.mask = (s->bits.mask & ~LOW_MASK) | (side->bits.mask & LOW_MASK);
	return scalar_agree(s);
}

bool scalar_branch(enum insn_jmp op, struct scalar *a, struct scalar *b, unsigned int width, bool taken)
{
	struct side sa = side_of(a, width), sb = side_of(b, width);

	return narrow(op, &sa, &sb, width * 8, taken) && side_back(a, &sa, width) && side_back(b, &sb, width);
}
