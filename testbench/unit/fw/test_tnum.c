/* SPDX-License-Identifier: BSD-2-Clause */
/* Known bits: every result of the concrete operation must be in the abstract one's; exhaustively at few bits. */
#include "verify/tnum.h"

#include <criterion/criterion.h>

#define BITS  4
#define WORDS (1u << BITS)

static uint64_t cut(uint64_t x)
{
	return x & (WORDS - 1);
}

static uint64_t sext(uint64_t x)
{
	return (uint64_t)((int64_t)(x << (64 - BITS)) >> (64 - BITS));
}

static uint64_t do_add(uint64_t a, uint64_t b)
{
	return cut(a + b);
}

static uint64_t do_sub(uint64_t a, uint64_t b)
{
	return cut(a - b);
}

static uint64_t do_mul(uint64_t a, uint64_t b)
{
	return cut(a * b);
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

static const struct row {
	const char *id;
	struct tnum (*abstract)(struct tnum a, struct tnum b);
	uint64_t (*concrete)(uint64_t a, uint64_t b);
} rows[] = {
	{"add", tnum_add, do_add}, {"sub", tnum_sub, do_sub}, {"mul", tnum_mul, do_mul},
	{"and", tnum_and, do_and}, {"or", tnum_or, do_or},    {"xor", tnum_xor, do_xor},
};

#define FOR_EACH_TNUM(t)                                                                                               \
	for (uint64_t t##_m = 0; t##_m < WORDS; t##_m++)                                                               \
		for (uint64_t t##_v = 0; t##_v < WORDS; t##_v++)                                                       \
			if (!(t##_v & t##_m))

static void check_pair(const struct row *row, struct tnum a, struct tnum b)
{
	struct tnum r = tnum_cast(row->abstract(a, b), BITS);

	cr_assert_eq(r.value & r.mask, 0, "%s", row->id);
	for (uint64_t x = 0; x < WORDS; x++) {
		for (uint64_t y = 0; y < WORDS; y++) {
			if (tnum_has(a, x) && tnum_has(b, y) && !tnum_has(r, row->concrete(x, y)))
				cr_assert_fail("%s: (%lx/%lx, %lx/%lx) lacks the result of %lu, %lu", row->id, a.value,
					       a.mask, b.value, b.mask, x, y);
		}
	}
}

Test(tnum, binary_operators_hold_every_result)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		FOR_EACH_TNUM(a)
		FOR_EACH_TNUM(b) check_pair(&rows[i], (struct tnum){a_v, a_m}, (struct tnum){b_v, b_m});
	}
}

Test(tnum, known_operands_give_known_results)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint64_t x = 0; x < WORDS; x++) {
			for (uint64_t y = 0; y < WORDS; y++) {
				struct tnum r = tnum_cast(rows[i].abstract(tnum_const(x), tnum_const(y)), BITS);

				cr_assert(tnum_is_const(r) && r.value == rows[i].concrete(x, y), "%s of %lu, %lu",
					  rows[i].id, x, y);
			}
		}
	}
}

Test(tnum, shifts_and_swaps_are_exact)
{
	FOR_EACH_TNUM(a)
	{
		struct tnum a = {a_v, a_m};

		for (unsigned int shift = 0; shift < BITS; shift++) {
			struct tnum l = tnum_cast(tnum_lsh(a, shift), BITS), r = tnum_rsh(a, shift),
				    s = tnum_arsh(a, shift, BITS);

			for (uint64_t x = 0; x < WORDS; x++) {
				if (!tnum_has(a, x))
					continue;
				cr_assert(tnum_has(l, cut(x << shift)));
				cr_assert(tnum_has(r, x >> shift));
				cr_assert(tnum_has(s, cut((uint64_t)((int64_t)sext(x) >> shift))));
			}
		}
	}
	cr_assert_eq(tnum_bswap(tnum_const(0x1122334455667788), 16).value, 0x8877);
	cr_assert_eq(tnum_bswap(tnum_const(0x1122334455667788), 32).value, 0x88776655);
	cr_assert_eq(tnum_bswap((struct tnum){0, 0xff}, 64).mask, 0xff00000000000000);
}

Test(tnum, sets_meet_join_and_contain)
{
	FOR_EACH_TNUM(a) FOR_EACH_TNUM(b)
	{
		struct tnum a = {a_v, a_m}, b = {b_v, b_m}, meet = a, join = tnum_join(a, b);
		bool any = tnum_intersect(&meet, b), within = true, common = false;

		for (uint64_t x = 0; x < WORDS; x++) {
			bool both = tnum_has(a, x) && tnum_has(b, x);

			common |= both;
			within &= !tnum_has(a, x) || tnum_has(b, x);
			cr_assert(!both || (any && tnum_has(meet, x)));
			cr_assert(tnum_has(join, x) || (!tnum_has(a, x) && !tnum_has(b, x)));
		}
		cr_assert_eq(any, common);
		cr_assert_eq(tnum_within(a, b), within);
	}
}

Test(tnum, range_holds_its_numbers)
{
	for (uint64_t min = 0; min < WORDS; min++) {
		for (uint64_t max = min; max < WORDS; max++) {
			struct tnum t = tnum_range(min, max);

			for (uint64_t x = min; x <= max; x++)
				cr_assert(tnum_has(t, x));
		}
	}
	cr_assert_eq(tnum_range(0, UINT64_MAX).mask, UINT64_MAX);
	cr_assert(tnum_is_const(tnum_range(UINT64_MAX, UINT64_MAX)));
}
