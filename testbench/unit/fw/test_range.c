/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges: every result of the concrete operation must be in the abstract one's; exhaustively at four bits. */
#include "verify/range.h"

#include <criterion/criterion.h>

#define BITS  4
#define WORDS (1u << BITS)

static uint64_t do_add(uint64_t a, uint64_t b)
{
	return a + b;
}

static uint64_t do_sub(uint64_t a, uint64_t b)
{
	return a - b;
}

static uint64_t do_mul(uint64_t a, uint64_t b)
{
	return a * b;
}

static uint64_t do_div(uint64_t a, uint64_t b)
{
	return b ? a / b : 0;
}

static uint64_t do_and(uint64_t a, uint64_t b)
{
	return a & b;
}

static uint64_t do_or(uint64_t a, uint64_t b)
{
	return a | b;
}

static uint64_t do_xor(uint64_t a, uint64_t b)
{
	return a ^ b;
}

static uint64_t do_lsh(uint64_t a, uint64_t b)
{
	return a << (b % BITS);
}

static uint64_t do_rsh(uint64_t a, uint64_t b)
{
	return a >> (b % BITS);
}

static uint64_t do_arsh(uint64_t a, uint64_t b)
{
	return (uint64_t)(range_signed(a, BITS) >> (b % BITS));
}

typedef struct range range_fn(const struct range *a, const struct range *b, unsigned int bits);

static const struct row {
	const char *id;
	range_fn *abstract;
	uint64_t (*concrete)(uint64_t a, uint64_t b);
} rows[] = {
	{"add", range_add, do_add},    {"sub", range_sub, do_sub}, {"mul", range_mul, do_mul},
	{"div", range_div, do_div},    {"and", range_and, do_and}, {"or", range_or, do_or},
	{"xor", range_xor, do_xor},    {"lsh", range_lsh, do_lsh}, {"rsh", range_rsh, do_rsh},
	{"arsh", range_arsh, do_arsh},
};

/* Every range that unsigned bounds or signed bounds make. */
static size_t all_ranges(struct range *out)
{
	size_t n = 0;

	for (uint64_t min = 0; min < WORDS; min++) {
		for (uint64_t max = min; max < WORDS; max++) {
			int64_t smin = (int64_t)min - WORDS / 2, smax = (int64_t)max - WORDS / 2;

			out[n++] = range_unsigned(min, max, BITS);
			out[n++] = range_of_signed(smin, smax, BITS);
		}
	}
	return n;
}

static void check_pair(const struct row *row, const struct range *a, const struct range *b)
{
	struct range r = row->abstract(a, b, BITS);

	cr_assert(r.umin <= r.umax && r.smin <= r.smax, "%s: empty", row->id);
	cr_assert(r.umax < WORDS && r.smin >= -(int)WORDS / 2 && r.smax < (int)WORDS / 2, "%s: beyond the width",
		  row->id);
	for (uint64_t x = 0; x < WORDS; x++) {
		for (uint64_t y = 0; y < WORDS && range_has(a, x, BITS); y++) {
			if (range_has(b, y, BITS) && !range_has(&r, row->concrete(x, y), BITS))
				cr_assert_fail(
					"%s: [%lu..%lu, %ld..%ld] [%lu..%lu, %ld..%ld] lacks the result of %lu, %lu",
					row->id, a->umin, a->umax, a->smin, a->smax, b->umin, b->umax, b->smin, b->smax,
					x, y);
		}
	}
}

Test(range, operators_hold_every_result)
{
	static struct range all[WORDS * WORDS * 2];
	size_t n = all_ranges(all);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t a = 0; a < n; a++) {
			for (size_t b = 0; b < n; b++)
				check_pair(&rows[i], &all[a], &all[b]);
		}
	}
}

Test(range, agreement_loses_no_number)
{
	for (uint64_t u = 0; u < WORDS * WORDS; u++) {
		for (uint64_t s = 0; s < WORDS * WORDS; s++) {
			struct range r = {u / WORDS, u % WORDS, (int64_t)(s / WORDS) - WORDS / 2,
					  (int64_t)(s % WORDS) - WORDS / 2},
				     before = r;
			bool any = range_agree(&r, BITS), there = false;

			for (uint64_t x = 0; x < WORDS; x++) {
				bool had = range_has(&before, x, BITS);

				there |= had;
				cr_assert(!had || (any && range_has(&r, x, BITS)));
			}
			cr_assert_eq(any, there);
		}
	}
}

Test(range, intersection_and_containment)
{
	static struct range all[WORDS * WORDS * 2];
	size_t n = all_ranges(all);

	for (size_t a = 0; a < n; a++) {
		for (size_t b = 0; b < n; b++) {
			struct range meet = all[a];
			bool any = range_intersect(&meet, &all[b], BITS), within = range_within(&all[a], &all[b]);

			for (uint64_t x = 0; x < WORDS; x++) {
				bool in_a = range_has(&all[a], x, BITS), in_b = range_has(&all[b], x, BITS);

				cr_assert(!(in_a && in_b) || (any && range_has(&meet, x, BITS)));
				cr_assert(!within || !in_a || in_b);
			}
		}
	}
}

/* Shapes of bugs in other verifiers, at 64 bits: the result must hold the word given. */
static const struct past {
	const char *id;
	range_fn *abstract;
	int64_t a_min, a_max, b_min, b_max;
	int64_t holds;
} past[] = {
	{"dpdk-9ad7e6d9d4: and of 6..8 with 5", range_and, 6, 8, 5, 5, 0},
	{"dpdk-9b4781582e: or of 5..6 with ...fe", range_or, 5, 6, -2, -2, -2},
	{"dpdk-abdbaa35ee: xor of least..0 with 0", range_xor, INT64_MIN, 0, 0, 0, INT64_MIN},
	{"dpdk-abdbaa35ee: another", range_xor, INT64_MIN, 0, 0, 0, -77},
	{"dpdk-a7ac086145: 17..29 * 11", range_mul, 17, 29, 11, 11, 187},
	{"dpdk-a7ac086145: other end", range_mul, 17, 29, 11, 11, 319},
	{"dpdk-cc205e72e6: product of large constants", range_mul, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 1},
	{"dpdk-03519ff27f: least / -1", range_div, INT64_MIN, INT64_MIN, -1, -1, 0},
	{"dpdk-42b1e624f3: shift by 63", range_lsh, 1, 3, 63, 63, INT64_MIN},
	{"dpdk-42b1e624f3: shift by 64 is by 0", range_lsh, 5, 5, 64, 64, 5},
	{"dpdk-8239b206da: unknown + 1", range_add, INT64_MIN, INT64_MAX, 1, 1, INT64_MIN},
	{"dpdk-8239b206da: unknown - 1", range_sub, INT64_MIN, INT64_MAX, 1, 1, INT64_MAX},
};

Test(range, shapes_of_past_bugs)
{
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		struct range a = range_of_signed(past[i].a_min, past[i].a_max, 64),
			     b = range_of_signed(past[i].b_min, past[i].b_max, 64);
		struct range r = past[i].abstract(&a, &b, 64);

		cr_assert(range_has(&r, (uint64_t)past[i].holds, 64), "%s", past[i].id);
	}
}

Test(range, product_is_not_wider_than_needed)
{
	struct range a = range_unsigned(17, 29, 64), b = range_const(11, 64), r = range_mul(&a, &b, 64);

	cr_assert(r.umin == 187 && r.umax == 319 && r.smin == 187 && r.smax == 319, "dpdk-a7ac086145");
}
