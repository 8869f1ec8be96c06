/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges: every result of the concrete operation must be in the abstract one's; exhaustively at four bits. */
#include "verify/range.h"

#include "prove_rows.h"

Test(range, operators_hold_every_result)
{
	static struct prove_list list;

	prove_range_rows(&list, 4, true);
	prove_rows_hold(&list);
}

typedef struct range range_fn(const struct range *a, const struct range *b, unsigned int bits);

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
