/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers: every result of the concrete operation must be in the abstract one's, for a part of what make prove tries,
 * and what comparisons must tell.
 */
#include "verify/scalar.h"

#include "prove_rows.h"

#define ROUNDS 60000

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t word(uint64_t *seed)
{
	static const uint64_t ends[] = {0,           1,         2,          31,         32,
					63,          64,        INT32_MAX,  0x80000000, UINT32_MAX,
					0x100000000, INT64_MAX, 1ULL << 63, UINT64_MAX};
	uint64_t r = next(seed), base = ends[r % (sizeof(ends) / sizeof(ends[0]))];

	switch (r >> 32 & 7) {
	case 0:
		return next(seed);
	case 1:
		return next(seed) >> (r >> 40 & 63);
	case 2:
		return next(seed) % 9;
	case 3:
		return (uint64_t)1 << (r >> 40 & 63);
	case 4:
		base = next(seed);
		base &= next(seed);
		return base & next(seed);
	default:
		return base + next(seed) % 7 - 3;
	}
}

Test(scalar, products_hold_every_result)
{
	static struct prove_list list;

	prove_number_rows(&list, 61);
	prove_rows_hold(&list);
}

Test(scalar, operators_hold_random_results)
{
	static struct prove_list list;

	prove_random_rows(&list, 30000);
	prove_rows_hold(&list);
}

Test(scalar, constants_give_constants)
{
	uint64_t seed = 77;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t x = word(&seed), y = word(&seed);
		struct scalar a = scalar_const(x), b = scalar_const(y);
		enum insn_alu op = (enum insn_alu)(next(&seed) % INSN_ALU_NEG);
		struct scalar wide = scalar_alu(op, &a, &b, 8), half = scalar_alu(op, &a, &b, 4);

		cr_assert(scalar_is(&wide, concrete_alu(op, x, y, 64)), "%s: %lx, %lx", concrete_alu_name(op), x, y);
		cr_assert(scalar_is(&half, concrete_alu(op, (uint32_t)x, (uint32_t)y, 32)), "%s, 32 bits: %lx, %lx",
			  concrete_alu_name(op), x, y);
	}
}

static bool outcome(enum insn_jmp op, uint64_t x, uint64_t y, bool wide)
{
	return wide ? concrete_jmp(op, x, y, 64) : concrete_jmp(op, (uint32_t)x, (uint32_t)y, 32);
}

Test(scalar, comparisons_of_constants_have_one_outcome)
{
	uint64_t seed = 99;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t x = word(&seed), y = word(&seed);
		enum insn_jmp op = (enum insn_jmp)(next(&seed) % (INSN_JMP_SLE + 1));

		for (int wide = 0; wide < 2; wide++) {
			struct scalar a = scalar_const(x), b = scalar_const(y), c = a, d = b;
			bool taken = scalar_branch(op, &a, &b, wide ? 8 : 4, true),
			     fall = scalar_branch(op, &c, &d, wide ? 8 : 4, false);

			cr_assert(taken == outcome(op, x, y, wide) && fall == !taken, "%s, width %d: %lx, %lx",
				  concrete_jmp_name(op), wide ? 8 : 4, x, y);
		}
	}
}

/* What a comparison must tell, as programs depend on it. */
static const struct learned {
	const char *id;
	uint64_t a_min, a_max, b;
	enum insn_jmp op;
	bool wide, taken, can;
	uint64_t min, max; /* of a afterwards */
} learned[] = {
	{"index below a limit", 0, UINT64_MAX, 16, INSN_JMP_LT, true, true, true, 0, 15},
	{"index not above a limit", 0, UINT64_MAX, 16, INSN_JMP_GT, true, false, true, 0, 16},
	{"32 bits do not bound 64 (CVE-2020-8835)", 0, UINT64_MAX, 16, INSN_JMP_LT, false, true, true, 0,
	 UINT64_MAX - 0xfffffff0},
	{"32 bits bound 64 that fit", 0, UINT32_MAX, 16, INSN_JMP_LT, false, true, true, 0, 15},
	{"equal", 0, 100, 7, INSN_JMP_EQ, true, true, true, 7, 7},
	{"not the least", 5, 9, 5, INSN_JMP_NE, true, true, true, 6, 9},
	{"never above (dpdk-1c39f3f240)", 0, 7, 8, INSN_JMP_GT, true, true, false, 0, 0},
	{"a bit that is never set", 0, 7, 8, INSN_JMP_SET, true, true, false, 0, 0},
	{"no bit of it", 0, 15, 8, INSN_JMP_SET, true, false, true, 0, 7},
	{"signed above -1", 0, UINT64_MAX, UINT64_MAX, INSN_JMP_SGT, true, true, true, 0, INT64_MAX},
};

Test(scalar, comparisons_tell)
{
	for (size_t i = 0; i < sizeof(learned) / sizeof(learned[0]); i++) {
		const struct learned *l = &learned[i];
		struct scalar a = scalar_between(l->a_min, l->a_max), b = scalar_const(l->b);

		cr_assert_eq(scalar_branch(l->op, &a, &b, l->wide ? 8 : 4, l->taken), l->can, "%s", l->id);
		if (l->can)
			cr_assert(a.all.umin == l->min && a.all.umax == l->max, "%s: %lx..%lx", l->id, a.all.umin,
				  a.all.umax);
	}
}

Test(scalar, constants_by_known_bits_alone)
{
	struct scalar a = scalar_between(0, 1000), b = scalar_unknown();

	b.bits = tnum_const(0x100); /* as agreement may leave it that stops before the ranges have learnt it */
	cr_assert(scalar_branch(INSN_JMP_NE, &a, &b, 8, true));
	cr_assert(scalar_has(&a, 0), "0 differs from the constant, whatever the least of its range is");
}

Test(scalar, shapes_of_past_bugs)
{
	struct scalar any = scalar_unknown(), one = scalar_const(1), high = scalar_const(1ULL << 32), x, y;

	x = scalar_between(0, UINT64_MAX);
	y = scalar_zero_extend(&x, 4);
	cr_assert(y.all.umax == UINT32_MAX, "CVE-2017-16996");
	x = scalar_between(1ULL << 32, (1ULL << 32) + 1);
	y = scalar_alu(INSN_ALU_ADD, &x, &one, 4);
	cr_assert(y.all.umin == 1 && y.all.umax == 2, "CVE-2017-17852");
	x = scalar_alu(INSN_ALU_OR, &any, &high, 8);
	cr_assert(x.low.umin == 0 && x.low.umax == UINT32_MAX && x.all.umin == 1ULL << 32, "CVE-2020-27194");
	x = scalar_const(0xffffffff00000000);
	y = scalar_alu(INSN_ALU_AND, &x, &high, 8);
	cr_assert(scalar_is(&y, 1ULL << 32) && y.low.umin == 0 && y.low.umax == 0, "CVE-2021-3490");
	y = scalar_alu(INSN_ALU_DIV, &one, &high, 4);
	cr_assert(scalar_is(&y, 0), "CVE-2021-3600, prevail-1205: the low half of the divisor is 0");
	y = scalar_alu(INSN_ALU_MOD, &one, &high, 4);
	cr_assert(scalar_is(&y, 1), "CVE-2021-3600: the remainder by 0 is the dividend");
	x = scalar_between(1, (1ULL << 32) + 1);
	cr_assert(x.low.umin == 0 && x.low.umax == UINT32_MAX, "CVE-2021-31440");
	x = scalar_const(1ULL << 63), y = scalar_const(UINT64_MAX);
	x = scalar_alu(INSN_ALU_SDIV, &x, &y, 8);
	cr_assert(scalar_is(&x, 1ULL << 63), "dpdk-03519ff27f: least / -1");
	x = scalar_alu(INSN_ALU_OR, &any, &one, 8), y = scalar_const(0);
	cr_assert(!scalar_branch(INSN_JMP_EQ, &x, &y, 8, true), "CVE-2024-41003: equal to what no number of it can be");
}
