/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers: sets are made from samples of words, and the result of every operation and comparison must hold what the
 * samples give. Samples lie where bounds change: around powers of two, the ends of 32 and 64 bits, and at random.
 */
#include "verify/scalar.h"

#include <criterion/criterion.h>

#define SAMPLES 4
#define ROUNDS  60000

struct sample {
	uint64_t words[SAMPLES];
	struct scalar set; /* holds them all */
};

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

static struct sample sample(uint64_t *seed)
{
	uint64_t near = word(seed), how = next(seed);
	struct sample s;

	for (int i = 0; i < SAMPLES; i++) {
		if (how & 1)
			s.words[i] = near + next(seed) % 16;
		else if (how & 2)
			s.words[i] = near ^ (next(seed) & 0xf0);
		else
			s.words[i] = how & 4 ? near : word(seed);
		if (i == 0)
			s.set = scalar_const(s.words[0]);
		struct scalar one = scalar_const(s.words[i]);

		s.set = scalar_join(&s.set, &one);
	}
	cr_assert(scalar_agree(&s.set));
	for (int i = 0; i < SAMPLES; i++)
		cr_assert(scalar_has(&s.set, s.words[i]), "agreement lost %lx", s.words[i]);
	return s;
}

static uint64_t concrete64(enum insn_alu op, uint64_t a, uint64_t b)
{
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
		return a << (b & 63);
	case INSN_ALU_RSH:
		return a >> (b & 63);
	case INSN_ALU_XOR:
		return a ^ b;
	case INSN_ALU_ARSH:
		return (uint64_t)((int64_t)a >> (b & 63));
	case INSN_ALU_MUL:
		return a * b;
	case INSN_ALU_DIV:
		return b ? a / b : 0;
	case INSN_ALU_MOD:
		return b ? a % b : a;
	case INSN_ALU_SDIV:
		return !b ? 0 : b == UINT64_MAX ? -a : (uint64_t)((int64_t)a / (int64_t)b);
	case INSN_ALU_SMOD:
		return !b ? a : b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
	case INSN_ALU_NEG:
		return -a;
	case INSN_ALU_MOV:
		return b;
	case INSN_ALU_MOVSX8:
		return (uint64_t)(int64_t)(int8_t)b;
	case INSN_ALU_MOVSX16:
		return (uint64_t)(int64_t)(int16_t)b;
	case INSN_ALU_MOVSX32:
		return (uint64_t)(int64_t)(int32_t)b;
	case INSN_ALU_LE16:
		return (uint16_t)a;
	case INSN_ALU_LE32:
		return (uint32_t)a;
	case INSN_ALU_LE64:
		return a;
	case INSN_ALU_BSWAP16:
		return __builtin_bswap16((uint16_t)a);
	case INSN_ALU_BSWAP32:
		return __builtin_bswap32((uint32_t)a);
	case INSN_ALU_BSWAP64:
		return __builtin_bswap64(a);
	}
	return 0;
}

static uint64_t concrete32(enum insn_alu op, uint32_t a, uint32_t b)
{
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
		return a << (b & 31);
	case INSN_ALU_RSH:
		return a >> (b & 31);
	case INSN_ALU_XOR:
		return a ^ b;
	case INSN_ALU_ARSH:
		return (uint32_t)((int32_t)a >> (b & 31));
	case INSN_ALU_MUL:
		return a * b;
	case INSN_ALU_DIV:
		return b ? a / b : 0;
	case INSN_ALU_MOD:
		return b ? a % b : a;
	case INSN_ALU_SDIV:
		return !b ? 0 : b == UINT32_MAX ? -a : (uint32_t)((int32_t)a / (int32_t)b);
	case INSN_ALU_SMOD:
		return !b ? a : b == UINT32_MAX ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
	case INSN_ALU_NEG:
		return -a;
	case INSN_ALU_MOV:
		return b;
	case INSN_ALU_MOVSX8:
		return (uint32_t)(int8_t)b;
	case INSN_ALU_MOVSX16:
		return (uint32_t)(int16_t)b;
	default:
		return concrete64(op, a, b);
	}
}

Test(scalar, operators_hold_every_result)
{
	uint64_t seed = 0x9e3779b97f4a7c15;

	for (int round = 0; round < ROUNDS; round++) {
		struct sample a = sample(&seed), b = sample(&seed);
		enum insn_alu op = (enum insn_alu)(next(&seed) % (INSN_ALU_BSWAP64 + 1));
		bool wide = op >= INSN_ALU_MOVSX32 || next(&seed) & 1;
		struct scalar r = scalar_alu(op, &a.set, &b.set, wide ? 8 : 4), again = r;

		cr_assert(scalar_agree(&again), "op %d, width %d: contradicts itself", op, wide ? 8 : 4);
		for (int i = 0; i < SAMPLES * SAMPLES; i++) {
			uint64_t x = a.words[i / SAMPLES], y = b.words[i % SAMPLES];
			uint64_t want = wide ? concrete64(op, x, y) : concrete32(op, (uint32_t)x, (uint32_t)y);

			cr_assert(scalar_has(&r, want), "op %d, width %d: lacks %lx of %lx, %lx", op, wide ? 8 : 4,
				  want, x, y);
		}
	}
}

Test(scalar, constants_give_constants)
{
	uint64_t seed = 77;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t x = word(&seed), y = word(&seed);
		struct scalar a = scalar_const(x), b = scalar_const(y);
		enum insn_alu op = (enum insn_alu)(next(&seed) % (INSN_ALU_BSWAP64 + 1));
		bool wide = op >= INSN_ALU_MOVSX32 || next(&seed) & 1;
		struct scalar r = scalar_alu(op, &a, &b, wide ? 8 : 4);

		cr_assert(scalar_is(&r, wide ? concrete64(op, x, y) : concrete32(op, (uint32_t)x, (uint32_t)y)),
			  "op %d, width %d: %lx, %lx", op, wide ? 8 : 4, x, y);
	}
}

static bool compare(enum insn_jmp op, uint64_t a, uint64_t b, int64_t sa, int64_t sb)
{
	switch (op) {
	case INSN_JMP_EQ:
		return a == b;
	case INSN_JMP_GT:
		return a > b;
	case INSN_JMP_GE:
		return a >= b;
	case INSN_JMP_SET:
		return a & b;
	case INSN_JMP_NE:
		return a != b;
	case INSN_JMP_SGT:
		return sa > sb;
	case INSN_JMP_SGE:
		return sa >= sb;
	case INSN_JMP_LT:
		return a < b;
	case INSN_JMP_LE:
		return a <= b;
	case INSN_JMP_SLT:
		return sa < sb;
	case INSN_JMP_SLE:
		return sa <= sb;
	}
	return false;
}

static bool outcome(enum insn_jmp op, uint64_t x, uint64_t y, bool wide)
{
	if (wide)
		return compare(op, x, y, (int64_t)x, (int64_t)y);
	return compare(op, (uint32_t)x, (uint32_t)y, (int32_t)x, (int32_t)y);
}

static void check_branch(enum insn_jmp op, const struct sample *a, const struct sample *b, bool wide, bool taken)
{
	struct scalar sa = a->set, sb = b->set;
	bool can = scalar_branch(op, &sa, &sb, wide ? 8 : 4, taken);

	for (int i = 0; i < SAMPLES * SAMPLES; i++) {
		uint64_t x = a->words[i / SAMPLES], y = b->words[i % SAMPLES];

		if (outcome(op, x, y, wide) != taken)
			continue;
		cr_assert(can, "jmp %d, width %d, taken %d: called impossible for %lx, %lx", op, wide ? 8 : 4, taken, x,
			  y);
		cr_assert(scalar_has(&sa, x) && scalar_has(&sb, y), "jmp %d, width %d, taken %d: loses %lx, %lx", op,
			  wide ? 8 : 4, taken, x, y);
	}
	cr_assert(!can || (scalar_within(&sa, &a->set) && scalar_within(&sb, &b->set)), "jmp %d: widens", op);
}

Test(scalar, comparisons_lose_no_number)
{
	uint64_t seed = 12345;

	for (int round = 0; round < ROUNDS; round++) {
		struct sample a = sample(&seed), b = sample(&seed);
		enum insn_jmp op = (enum insn_jmp)(next(&seed) % (INSN_JMP_SLE + 1));

		if (next(&seed) & 1)
			b = (struct sample){{a.words[1], a.words[1], a.words[1], a.words[1]}, scalar_const(a.words[1])};
		for (int i = 0; i < 4; i++)
			check_branch(op, &a, &b, i & 1, i & 2);
	}
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

			cr_assert(taken == outcome(op, x, y, wide) && fall == !taken, "jmp %d, width %d: %lx, %lx", op,
				  wide ? 8 : 4, x, y);
		}
	}
}

Test(scalar, sets_meet_and_contain)
{
	uint64_t seed = 4242;

	for (int round = 0; round < ROUNDS; round++) {
		struct sample a = sample(&seed), b = sample(&seed);
		struct scalar meet = a.set, join = scalar_join(&a.set, &b.set);
		bool any = scalar_intersect(&meet, &b.set);

		cr_assert(scalar_within(&a.set, &join) && scalar_within(&b.set, &join));
		for (int i = 0; i < SAMPLES; i++)
			cr_assert(!scalar_has(&b.set, a.words[i]) || (any && scalar_has(&meet, a.words[i])));
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
