/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/range.h"

static int64_t least_signed(unsigned int bits)
{
	return -((int64_t)(range_mask(bits) >> 1)) - 1;
}

static int64_t most_signed(unsigned int bits)
{
	return (int64_t)(range_mask(bits) >> 1);
}

struct range range_full(unsigned int bits)
{
	return (struct range){0, range_mask(bits), least_signed(bits), most_signed(bits)};
}

struct range range_const(uint64_t word, unsigned int bits)
{
	uint64_t u = word & range_mask(bits);
	int64_t s = range_signed(word, bits);

	return (struct range){u, u, s, s};
}

struct range range_unsigned(uint64_t min, uint64_t max, unsigned int bits)
{
	struct range r = range_full(bits);

	r.umin = min;
	r.umax = max;
	range_agree(&r, bits);
	return r;
}

struct range range_of_signed(int64_t min, int64_t max, unsigned int bits)
{
	struct range r = range_full(bits);

	r.smin = min;
	r.smax = max;
	range_agree(&r, bits);
	return r;
}

bool range_is_full(const struct range *r, unsigned int bits)
{
	struct range full = range_full(bits);

	return range_equal(r, &full);
}

bool range_has(const struct range *r, uint64_t word, unsigned int bits)
{
	uint64_t u = word & range_mask(bits);
	int64_t s = range_signed(word, bits);

	return u >= r->umin && u <= r->umax && s >= r->smin && s <= r->smax;
}

bool range_within(const struct range *a, const struct range *b)
{
	return a->umin >= b->umin && a->umax <= b->umax && a->smin >= b->smin && a->smax <= b->smax;
}

bool range_equal(const struct range *a, const struct range *b)
{
	return a->umin == b->umin && a->umax == b->umax && a->smin == b->smin && a->smax == b->smax;
}

struct range range_join(const struct range *a, const struct range *b)
{
	return (struct range){MIN(a->umin, b->umin), MAX(a->umax, b->umax), MIN(a->smin, b->smin),
			      MAX(a->smax, b->smax)};
}

/* Unsigned bounds on one side of the sign bit are signed bounds too. */
static void signed_from_unsigned(struct range *r, unsigned int bits)
{
	int64_t min = range_signed(r->umin, bits), max = range_signed(r->umax, bits);

	if (min > max)
		return;
	r->smin = MAX(r->smin, min);
	r->smax = MIN(r->smax, max);
}

static void unsigned_from_signed(struct range *r, unsigned int bits)
{
	uint64_t min = (uint64_t)r->smin & range_mask(bits), max = (uint64_t)r->smax & range_mask(bits);

	if (min <= max) {
		r->umin = MAX(r->umin, min);
		r->umax = MIN(r->umax, max);
		return;
	}
	/* Both signs: the words are [0, max] and [min, all ones], and the unsigned bounds may touch only one of these.
	 */
	if (r->umin > max)
		r->umin = MAX(r->umin, min);
	if (r->umax < min)
		r->umax = MIN(r->umax, max);
}

bool range_agree(struct range *r, unsigned int bits)
{
	for (int pass = 0; pass < 2; pass++) {
		if (r->umin > r->umax || r->smin > r->smax)
			return false;
		signed_from_unsigned(r, bits);
		if (r->smin > r->smax)
			return false;
		unsigned_from_signed(r, bits);
	}
	return r->umin <= r->umax && r->smin <= r->smax;
}

bool range_intersect(struct range *a, const struct range *b, unsigned int bits)
{
	a->umin = MAX(a->umin, b->umin);
	a->umax = MIN(a->umax, b->umax);
	a->smin = MAX(a->smin, b->smin);
	a->smax = MIN(a->smax, b->smax);
	return range_agree(a, bits);
}

static bool fits_signed(__int128 x, unsigned int bits)
{
	return x >= least_signed(bits) && x <= most_signed(bits);
}

/* Signed bounds before wrapping; unsigned bounds before wrapping. Bounds that wrap differently at both ends say
 * nothing. */
static struct range wrapped(__int128 smin, __int128 smax, __int128 umin, __int128 umax, unsigned int bits)
{
	struct range r = range_full(bits);

	/* all of [min, max] in one lap of 2^bits: wrapping keeps the order */
	if (umin >> bits == umax >> bits) {
		r.umin = (uint64_t)umin & range_mask(bits);
		r.umax = (uint64_t)umax & range_mask(bits);
	}
	if ((smin - least_signed(bits)) >> bits == (smax - least_signed(bits)) >> bits) {
		r.smin = range_signed((uint64_t)smin, bits);
		r.smax = range_signed((uint64_t)smax, bits);
	}
	range_agree(&r, bits);
	return r;
}

struct range range_add(const struct range *a, const struct range *b, unsigned int bits)
{
	return wrapped((__int128)a->smin + b->smin, (__int128)a->smax + b->smax, (__int128)a->umin + b->umin,
		       (__int128)a->umax + b->umax, bits);
}

struct range range_sub(const struct range *a, const struct range *b, unsigned int bits)
{
	return wrapped((__int128)a->smin - b->smax, (__int128)a->smax - b->smin, (__int128)a->umin - b->umax,
		       (__int128)a->umax - b->umin, bits);
}

struct range range_mul(const struct range *a, const struct range *b, unsigned int bits)
{
	unsigned __int128 umax = (unsigned __int128)a->umax * b->umax;
	__int128 p[4] = {(__int128)a->smin * b->smin, (__int128)a->smin * b->smax, (__int128)a->smax * b->smin,
			 (__int128)a->smax * b->smax};
	__int128 smin = p[0], smax = p[0];
	struct range r = range_full(bits);

	for (size_t i = 1; i < ARRAY_SIZE(p); i++) {
		smin = MIN(smin, p[i]);
		smax = MAX(smax, p[i]);
	}
	if (umax <= range_mask(bits)) {
		r.umin = a->umin * b->umin;
		r.umax = (uint64_t)umax;
	}
	if (fits_signed(smin, bits) && fits_signed(smax, bits)) {
		r.smin = (int64_t)smin;
		r.smax = (int64_t)smax;
	}
	range_agree(&r, bits);
	return r;
}

struct range range_div(const struct range *a, const struct range *b, unsigned int bits)
{
	uint64_t min = 0, max;

	if (!b->umax)
		return range_const(0, bits);
	max = a->umax / MAX(b->umin, (uint64_t)1);
	if (b->umin)
		min = a->umin / b->umax;
	return range_unsigned(min, max, bits);
}

/* All ones up to the highest bit of x. */
static uint64_t fill(uint64_t x)
{
	return x ? ~(uint64_t)0 >> __builtin_clzll(x) : 0;
}

/* The greatest a | b for a in [0, x] and b in [0, y]: one of them can have all bits below the highest that both have.
 */
static uint64_t most_or(uint64_t x, uint64_t y)
{
	return x | y | fill(x & y) >> 1;
}

/* The sign of a bitwise result, where both operands' signs are known. */
static void sign_bounds(struct range *r, bool negative, bool known, unsigned int bits)
{
	if (!known)
		return;
	if (negative)
		r->smax = MIN(r->smax, -1);
	else
		r->smin = MAX(r->smin, 0);
	range_agree(r, bits);
}

static bool sign_known(const struct range *r)
{
	return r->smin >= 0 || r->smax < 0;
}

static bool is_all_or_none(const struct range *r)
{
	return r->smin >= -1 && r->smax <= 0;
}

/* Where one operand is 0 or -1, as a sign shifted right is, the result is the other one or always the same. */
static void choice_bounds(struct range *r, const struct range *a, const struct range *b, int64_t same,
			  unsigned int bits)
{
	const struct range *other = is_all_or_none(a) ? b : a;

	if (!is_all_or_none(a) && !is_all_or_none(b))
		return;
	r->smin = MAX(r->smin, MIN(other->smin, same));
	r->smax = MIN(r->smax, MAX(other->smax, same));
	range_agree(r, bits);
}

struct range range_and(const struct range *a, const struct range *b, unsigned int bits)
{
	struct range r = range_full(bits);
	uint64_t mask = range_mask(bits);
	int64_t low = MIN(a->smin, b->smin);

	r.umin = mask ^ most_or(mask ^ a->umin, mask ^ b->umin);
	r.umax = MIN(a->umax, b->umax);
	if (a->smin >= 0 || b->smin >= 0) {
		r.smin = 0;
	} else {
		/* all ones down to the highest zero of low: no AND of numbers from low up lacks more bits */
		r.smin = (int64_t)~fill(~(uint64_t)low);
		if (a->smax < 0 && b->smax < 0)
			r.smax = MIN(a->smax, b->smax);
	}
	if (a->smin >= 0)
		r.smax = MIN(r.smax, a->smax);
	if (b->smin >= 0)
		r.smax = MIN(r.smax, b->smax);
	if (a->smin < 0 && b->smin < 0)
		r.smax = MIN(r.smax, MAX(a->smax, b->smax));
	range_agree(&r, bits);
	choice_bounds(&r, a, b, 0, bits);
	return r;
}

struct range range_or(const struct range *a, const struct range *b, unsigned int bits)
{
	struct range r = range_full(bits);

	r.umin = MAX(a->umin, b->umin);
	r.umax = most_or(a->umax, b->umax);
	range_agree(&r, bits);
	sign_bounds(&r, a->smax < 0 || b->smax < 0, a->smax < 0 || b->smax < 0 || (a->smin >= 0 && b->smin >= 0), bits);
	choice_bounds(&r, a, b, -1, bits);
	return r;
}

struct range range_xor(const struct range *a, const struct range *b, unsigned int bits)
{
	struct range r = range_full(bits);

	r.umax = most_or(a->umax, b->umax);
	range_agree(&r, bits);
	sign_bounds(&r, (a->smin < 0) != (b->smin < 0), sign_known(a) && sign_known(b), bits);
	return r;
}

/* Least and greatest shift count; counts that wrap may be any. */
static void counts(const struct range *b, unsigned int bits, unsigned int *min, unsigned int *max)
{
	*min = 0;
	*max = bits - 1;
	if (b->umax >= bits)
		return;
	*min = (unsigned int)b->umin;
	*max = (unsigned int)b->umax;
}

struct range range_lsh(const struct range *a, const struct range *b, unsigned int bits)
{
	struct range r = range_full(bits);
	unsigned int min, max;

	counts(b, bits, &min, &max);
	if (a->umax <= range_mask(bits) >> max) {
		r.umin = a->umin << min;
		r.umax = a->umax << max;
	}
	if (a->smin >= least_signed(bits) >> max && a->smax <= most_signed(bits) >> max) {
		r.smin = (int64_t)((uint64_t)a->smin << (a->smin < 0 ? max : min));
		r.smax = (int64_t)((uint64_t)a->smax << (a->smax < 0 ? min : max));
	}
	range_agree(&r, bits);
	return r;
}

struct range range_rsh(const struct range *a, const struct range *b, unsigned int bits)
{
	unsigned int min, max;

	counts(b, bits, &min, &max);
	return range_unsigned(a->umin >> max, a->umax >> min, bits);
}

struct range range_arsh(const struct range *a, const struct range *b, unsigned int bits)
{
	unsigned int min, max;

	counts(b, bits, &min, &max);
	return range_of_signed(a->smin >> (a->smin < 0 ? min : max), a->smax >> (a->smax < 0 ? max : min), bits);
}
