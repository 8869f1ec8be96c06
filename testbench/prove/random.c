/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * At 64 bits, with random sets: a word, and known bits and ranges around it; then the words of the set that lie at its
 * bounds. Each operation's set must hold what the machine computes from these words.
 */
#include "prove/concrete.h"
#include "prove/prove.h"
#include "verify/scalar.h"

#define MEMBERS 6

struct sample {
	struct scalar set;
	uint64_t words[MEMBERS]; /* of the set */
	unsigned int count;
};

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* The bits that are set in each of n words. */
static uint64_t few(uint64_t *seed, unsigned int n)
{
	uint64_t bits = UINT64_MAX;

	while (n--)
		bits &= next(seed);
	return bits;
}

/* Words where things change: near the ends of 8, 16, 32 and 64 bits, near powers of two, with few bits; or any. */
static uint64_t word(uint64_t *seed)
{
	static const uint64_t ends[] = {0,          1ULL << 7,  1ULL << 8,  1ULL << 15, 1ULL << 16,
					1ULL << 31, 1ULL << 32, 1ULL << 63, 32,         64};
	uint64_t r = next(seed);

	switch (r >> 32 & 7) {
	case 0:
		return next(seed);
	case 1:
		return next(seed) >> (r >> 40 & 63);
	case 2:
		return (uint64_t)1 << (r >> 40 & 63);
	case 3:
		return few(seed, 3);
	case 4:
		return (uint64_t)((int64_t)next(seed) >> (r >> 40 & 63));
	case 5:
		return (uint64_t)((int64_t)(next(seed) << 32) >> (r >> 40 & 63));
	default:
		return ends[(r & 0xffff) % ARRAY_SIZE(ends)] + (r >> 48) % 9 - 4;
	}
}

/* A distance that is small, large, or as large as it gets. */
static uint64_t span(uint64_t *seed)
{
	uint64_t r = next(seed);

	return r & 3 ? next(seed) >> (r >> 8 & 63) : r & 4 ? UINT64_MAX : 0;
}

static struct range around(uint64_t x, uint64_t *seed, unsigned int bits)
{
	uint64_t mask = range_mask(bits), u = x & mask;
	int64_t s = range_signed(x, bits), least = -(int64_t)(mask >> 1) - 1, most = (int64_t)(mask >> 1);
	struct range r = {0, mask, least, most};

	if (next(seed) & 3) {
		r.umin = u - MIN(u, span(seed));
		r.umax = u + MIN(mask - u, span(seed));
	}
	if (next(seed) & 3) {
		r.smin = (int64_t)((uint64_t)s - MIN((uint64_t)s - (uint64_t)least, span(seed)));
		r.smax = (int64_t)((uint64_t)s + MIN((uint64_t)most - (uint64_t)s, span(seed)));
	}
	return r;
}

static void add_member(struct sample *s, uint64_t x)
{
	if (s->count < MEMBERS && scalar_has(&s->set, x))
		s->words[s->count++] = x;
}

/* Members at the bounds, most telling first; the word itself is there already. */
static void add_members(struct sample *s, uint64_t *seed)
{
	const struct scalar *n = &s->set;
	uint64_t low = ~(uint64_t)UINT32_MAX, r = next(seed);
	uint64_t at[] = {n->all.umin,
			 n->all.umax,
			 (uint64_t)n->all.smin,
			 (uint64_t)n->all.smax,
			 n->bits.value | n->bits.mask,
			 n->bits.value,
			 (s->words[0] & low) | n->low.umin,
			 (s->words[0] & low) | n->low.umax,
			 (s->words[0] & low) | (uint32_t)n->low.smin,
			 (s->words[0] & low) | (uint32_t)n->low.smax,
			 n->bits.value | (next(seed) & n->bits.mask),
			 n->all.umin + 1};

	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++)
		add_member(s, at[(i + r) % ARRAY_SIZE(at)]);
}

static struct sample sample(uint64_t *seed, struct proof *proof)
{
	uint64_t x = word(seed), how = next(seed), unknown = ~(uint64_t)0;
	struct sample s = {.words = {x}, .count = 1};

	if (how & 3)
		unknown = how & 4 ? next(seed) >> (how >> 8 & 63) : few(seed, 3);
	if (!(how >> 16 & 15)) {
		s.set = scalar_const(x);
		return s;
	}
	s.set.bits = (struct tnum){x & ~unknown, unknown};
	s.set.all = around(x, seed, 64);
	s.set.low = around(x, seed, 32);
	/* sets that do not agree are sets too, though the verifier has none of them */
	if ((how >> 20 & 15) && !scalar_agree(&s.set))
		prove_fail(proof, "agreement: no number is left of a set with %#lx", x);
	if (!scalar_has(&s.set, x))
		prove_fail(proof, "agreement loses %#lx", x);
	add_members(&s, seed);
	return s;
}

static uint64_t concrete(const struct prove_row *row, uint64_t a, uint64_t b)
{
	unsigned int bits = row->half ? 32 : 64;
	uint64_t mask = range_mask(bits);

	switch (row->op) {
	case INSN_ALU_MOV:
		return b & mask;
	case INSN_ALU_MOVSX8:
		return concrete_sign_extend(b, 8, bits);
	case INSN_ALU_MOVSX16:
		return concrete_sign_extend(b, 16, bits);
	case INSN_ALU_MOVSX32:
		return concrete_sign_extend(b, 32, bits);
	case INSN_ALU_LE16:
		return (uint16_t)a;
	case INSN_ALU_LE32:
		return (uint32_t)a;
	case INSN_ALU_LE64:
		return a;
	case INSN_ALU_BSWAP16:
		return concrete_swap(a, 16);
	case INSN_ALU_BSWAP32:
		return concrete_swap(a, 32);
	case INSN_ALU_BSWAP64:
		return concrete_swap(a, 64);
	default:
		return concrete_alu(row->op, a & mask, b & mask, bits);
	}
}

static void run_alu(const struct prove_row *row, struct proof *proof)
{
	uint64_t seed = 0x9e3779b97f4a7c15 + row->op * 2 + row->half;

	while (proof->cases < row->samples && !proof->failed) {
		struct sample a = sample(&seed, proof), b = sample(&seed, proof);
		struct scalar r = scalar_alu(row->op, &a.set, &b.set, row->half ? 4 : 8);

		for (unsigned int i = 0; i < a.count * b.count; i++) {
			uint64_t x = a.words[i / b.count], y = b.words[i % b.count], want = concrete(row, x, y);

			if (!scalar_has(&r, want))
				prove_fail(proof, "lacks %#lx of %#lx and %#lx", want, x, y);
			proof->cases++;
		}
	}
}

static void run_branch(const struct prove_row *row, struct proof *proof)
{
	uint64_t seed = 0xda942042e4dd58b5 + row->op * 4 + row->half * 2 + row->taken;
	unsigned int bits = row->half ? 32 : 64;
	uint64_t mask = range_mask(bits);

	while (proof->cases < row->samples && !proof->failed) {
		struct sample a = sample(&seed, proof), b = next(&seed) & 7 ? sample(&seed, proof) : a;
		struct scalar ra = a.set, rb = b.set;
		bool can = scalar_branch(row->op, &ra, &rb, row->half ? 4 : 8, row->taken);

		for (unsigned int i = 0; i < a.count * b.count; i++) {
			uint64_t x = a.words[i / b.count], y = b.words[i % b.count];

			proof->cases++;
			if (concrete_jmp(row->op, x & mask, y & mask, bits) != row->taken)
				continue;
			if (!can || !scalar_has(&ra, x) || !scalar_has(&rb, y))
				prove_fail(proof, "loses %#lx and %#lx", x, y);
		}
		if (can && (!scalar_within(&ra, &a.set) || !scalar_within(&rb, &b.set)))
			prove_fail(proof, "widens a set with %#lx or one with %#lx", a.words[0], b.words[0]);
	}
}

static void check_sets(const struct prove_row *row, struct proof *proof, const struct sample *a, const struct sample *b)
{
	struct scalar meet = a->set, join = scalar_join(&a->set, &b->set);
	bool within = scalar_within(&a->set, &b->set), any = scalar_intersect(&meet, &b->set);

	for (unsigned int i = 0; i < a->count; i++) {
		uint64_t x = a->words[i];
		bool in_b = scalar_has(&b->set, x);

		if (row->op == OP_JOIN && !scalar_has(&join, x))
			prove_fail(proof, "lacks %#lx", x);
		if (row->op == OP_INTERSECT && in_b && (!any || !scalar_has(&meet, x)))
			prove_fail(proof, "loses %#lx", x);
		if (row->op == OP_WITHIN && within && !in_b)
			prove_fail(proof, "%#lx is in one set, but not in the other", x);
		proof->cases++;
	}
}

static void run_sets(const struct prove_row *row, struct proof *proof)
{
	uint64_t seed = 0xbf58476d1ce4e5b9 + row->op;

	while (proof->cases < row->samples && !proof->failed) {
		struct sample a = sample(&seed, proof), b = sample(&seed, proof);

		/* sets that have words in common, and sets in sets */
		if (next(&seed) & 1) {
			b = (struct sample){.set = a.set, .words = {a.words[0]}, .count = 1};
			b.set.bits.mask |= few(&seed, 2);
			b.set.bits.value &= ~b.set.bits.mask;
			if (next(&seed) & 1)
				b.set.all = around(a.words[0], &seed, 64);
			if (next(&seed) & 1)
				b.set.low = around(a.words[0], &seed, 32);
			add_members(&b, &seed);
		}
		check_sets(row, proof, &a, &b);
		if (row->op == OP_JOIN)
			check_sets(row, proof, &b, &a);
	}
}

static void run_agree(const struct prove_row *row, struct proof *proof)
{
	uint64_t seed = 0x94d049bb133111eb;

	while (proof->cases < row->samples && !proof->failed) {
		uint64_t x = word(&seed), unknown = few(&seed, 2);
		struct sample s = {.set = {{x & ~unknown, unknown}, around(x, &seed, 64), around(x, &seed, 32)},
				   .words = {x},
				   .count = 1};

		add_members(&s, &seed);
		if (!scalar_agree(&s.set))
			prove_fail(proof, "no number is left of a set with %#lx", x);
		for (unsigned int i = 0; i < s.count; i++) {
			if (!scalar_has(&s.set, s.words[i]))
				prove_fail(proof, "loses %#lx", s.words[i]);
			proof->cases++;
		}
	}
}

/* Whether the instruction set has the operation at 32 bits. */
static bool has_half(enum insn_alu op)
{
	return op <= INSN_ALU_MOVSX16;
}

void prove_random_rows(struct prove_list *list, uint64_t samples)
{
	struct prove_row row = {.by = PROVE_RANDOM, .run = run_alu, .samples = samples};

	for (unsigned int i = 0; i <= 2 * INSN_ALU_BSWAP64 + 1; i++) {
		row.op = i / 2;
		row.half = i & 1;
		row.bits = row.half ? 32 : 64;
		if (!row.half || has_half(row.op))
			prove_add(list, row, concrete_alu_name(row.op));
	}
	row.run = run_branch;
	for (unsigned int i = 0; i <= 4 * INSN_JMP_SLE + 3; i++) {
		row.op = i / 4;
		row.half = i & 2;
		row.taken = i & 1;
		row.bits = row.half ? 32 : 64;
		prove_add(list, row, concrete_jmp_name(row.op));
	}
	row.half = false;
	row.bits = 64;
	prove_add_sets(list, row, run_sets);
	row.run = run_agree;
	row.op = OP_AGREE;
	prove_add(list, row, "agree");
}
