/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known bits, exhaustively: every pair of sets. Of the concrete results it is enough to know which bits all of them
 * share: that is the best set, and every set that holds the results holds it.
 */
#include <stdlib.h>

#include "prove/concrete.h"
#include "prove/prove.h"
#include "verify/number.h"

#define MAX_BITS  8
#define MAX_WORDS (1u << MAX_BITS)

/* Operations that are none of the machine's. */
enum { OP_RANGE = OP_OWN, OP_CAST, OP_EXTEND, OP_SWAP };

struct tnums {
	struct tnum *list;
	size_t count;
};

/* Bits that are 1 in all words, and bits that are 1 in some. */
struct shared {
	uint16_t all, some;
};

static struct tnums every_tnum(unsigned int bits)
{
	struct tnums t = {.count = 0};
	size_t count = 1;

	for (unsigned int i = 0; i < bits; i++)
		count *= 3;
	t.list = malloc(count * sizeof(t.list[0]));
	if (!t.list)
		abort();
	for (uint64_t mask = 0; mask >> bits == 0; mask++) {
		for (uint64_t value = 0; value >> bits == 0; value++) {
			if (!(value & mask))
				t.list[t.count++] = (struct tnum){value, mask};
		}
	}
	return t;
}

static struct tnum best_of(struct shared s)
{
	return (struct tnum){s.all, s.all ^ s.some};
}

static bool same(struct tnum a, struct tnum b)
{
	return a.value == b.value && a.mask == b.mask;
}

/* r against the best result; well-formed means no bit both known and unknown, and none above the width. */
static void judge(struct proof *proof, struct tnum a, struct tnum b, struct tnum r, struct tnum best, unsigned int bits)
{
	proof->cases++;
	if ((r.value & r.mask) || (r.value | r.mask) >> bits || !tnum_within(best, r))
		prove_fail(proof, "%#lx/%#lx and %#lx/%#lx give %#lx/%#lx, which lacks a result: %#lx/%#lx", a.value,
			   a.mask, b.value, b.mask, r.value, r.mask, best.value, best.mask);
	prove_rate(proof, same(r, best));
}

/* What all results of the word x with words of b share. */
static struct shared with_word(const struct prove_row *row, uint64_t x, struct tnum b)
{
	struct shared s = {UINT16_MAX, 0};
	uint64_t y = 0;

	do { /* y: every part of the mask */
		uint16_t r = (uint16_t)concrete_alu(row->op, x, b.value | y, row->bits);

		s.all &= r;
		s.some |= r;
		y = (y - b.mask) & b.mask;
	} while (y);
	return s;
}

static void run_binary(const struct prove_row *row, struct proof *proof)
{
	struct tnums t = every_tnum(row->bits);
	struct shared *with = calloc(MAX_WORDS, sizeof(*with));

	if (!with)
		abort();
	for (size_t j = 0; j < t.count; j++) {
		struct tnum b = t.list[j];

		for (uint64_t x = 0; x >> row->bits == 0; x++)
			with[x] = with_word(row, x, b);
		for (size_t i = 0; i < t.count; i++) {
			struct tnum a = t.list[i];
			struct shared s = {UINT16_MAX, 0};
			uint64_t x = 0;

			do {
				s.all &= with[a.value | x].all;
				s.some |= with[a.value | x].some;
				x = (x - a.mask) & a.mask;
			} while (x);
			judge(proof, a, b, number_tnum(row->op, a, b, row->bits), best_of(s), row->bits);
		}
	}
	free(with);
	free(t.list);
}

static struct tnum best_where(const struct prove_row *row, struct tnum a, struct tnum b, bool *any)
{
	struct shared s = {UINT16_MAX, 0};

	*any = false;
	for (uint64_t x = 0; x >> row->bits == 0; x++) {
		bool in_a = tnum_has(a, x), in_b = tnum_has(b, x);

		if (row->op == OP_JOIN ? !in_a && !in_b : !in_a || !in_b)
			continue;
		s.all &= (uint16_t)x;
		s.some |= (uint16_t)x;
		*any = true;
	}
	return best_of(s);
}

static void check_sets(const struct prove_row *row, struct proof *proof, struct tnum a, struct tnum b)
{
	bool any, can = true;
	struct tnum r = a, best = best_where(row, a, b, &any);

	if (row->op == OP_JOIN)
		r = tnum_join(a, b);
	else
		can = tnum_intersect(&r, b);
	if (can && any) {
		judge(proof, a, b, r, best, row->bits);
		return;
	}
	proof->cases++;
	if (any)
		prove_fail(proof, "%#lx/%#lx and %#lx/%#lx have words in common", a.value, a.mask, b.value, b.mask);
	prove_rate(proof, can == any);
}

static void check_within(const struct prove_row *row, struct proof *proof, struct tnum a, struct tnum b)
{
	bool within = tnum_within(a, b), truth = true;

	for (uint64_t x = 0; x >> row->bits == 0 && truth; x++)
		truth = !tnum_has(a, x) || tnum_has(b, x);
	proof->cases++;
	if (within && !truth)
		prove_fail(proof, "%#lx/%#lx is not within %#lx/%#lx", a.value, a.mask, b.value, b.mask);
	prove_rate(proof, within == truth);
}

static void run_sets(const struct prove_row *row, struct proof *proof)
{
	struct tnums t = every_tnum(row->bits);

	for (size_t i = 0; i < t.count; i++) {
		for (size_t j = 0; j < t.count; j++) {
			if (row->op == OP_WITHIN)
				check_within(row, proof, t.list[i], t.list[j]);
			else
				check_sets(row, proof, t.list[i], t.list[j]);
		}
	}
	free(t.list);
}

static uint64_t concrete(const struct prove_row *row, uint64_t x)
{
	switch (row->op) {
	case OP_CAST:
		return concrete_zero_extend(x, row->from);
	case OP_EXTEND:
		return concrete_sign_extend(x, row->from, row->bits);
	default:
		return concrete_swap(x, row->bits);
	}
}

static struct tnum abstract(const struct prove_row *row, struct tnum a)
{
	unsigned int up = row->bits - row->from;

	switch (row->op) {
	case OP_CAST:
		return tnum_cast(a, row->from);
	case OP_EXTEND: /* as number_sign_extend() does it */
		return tnum_arsh(tnum_cast(tnum_lsh(a, up), row->bits), up, row->bits);
	default:
		return tnum_bswap(a, row->bits);
	}
}

static void run_unary(const struct prove_row *row, struct proof *proof)
{
	for (uint64_t mask = 0; mask >> row->bits == 0; mask++) {
		for (uint64_t value = 0; value >> row->bits == 0; value++) {
			struct tnum a = {value, mask};
			struct shared s = {UINT16_MAX, 0};
			uint64_t x = 0;

			if (value & mask)
				continue;
			do {
				uint16_t r = (uint16_t)concrete(row, value | x);

				s.all &= r;
				s.some |= r;
				x = (x - mask) & mask;
			} while (x);
			judge(proof, a, a, abstract(row, a), best_of(s), row->bits);
		}
	}
}

/* 0 - a, as the verifier negates. */
static void run_neg(const struct prove_row *row, struct proof *proof)
{
	struct tnums t = every_tnum(row->bits);

	for (size_t i = 0; i < t.count; i++) {
		struct tnum a = t.list[i];
		struct shared s = {UINT16_MAX, 0};
		uint64_t x = 0;

		do {
			uint16_t r = (uint16_t)concrete_alu(INSN_ALU_NEG, a.value | x, 0, row->bits);

			s.all &= r;
			s.some |= r;
			x = (x - a.mask) & a.mask;
		} while (x);
		judge(proof, tnum_const(0), a, number_tnum(INSN_ALU_SUB, tnum_const(0), a, row->bits), best_of(s),
		      row->bits);
	}
	free(t.list);
}

static void run_range(const struct prove_row *row, struct proof *proof)
{
	for (uint64_t min = 0; min >> row->bits == 0; min++) {
		struct shared s = {UINT16_MAX, 0};

		for (uint64_t max = min; max >> row->bits == 0; max++) {
			s.all &= (uint16_t)max;
			s.some |= (uint16_t)max;
			judge(proof, tnum_const(min), tnum_const(max), tnum_range(min, max), best_of(s), row->bits);
		}
	}
}

void prove_tnum_rows(struct prove_list *list, unsigned int bits)
{
	static const enum insn_alu binary[] = {INSN_ALU_ADD, INSN_ALU_SUB, INSN_ALU_MUL, INSN_ALU_AND, INSN_ALU_OR,
					       INSN_ALU_XOR, INSN_ALU_LSH, INSN_ALU_RSH, INSN_ALU_ARSH};
	struct prove_row row = {.by = PROVE_TNUM, .run = run_binary, .bits = bits};

	for (size_t i = 0; i < ARRAY_SIZE(binary); i++) {
		row.op = binary[i];
		prove_add(list, row, concrete_alu_name(binary[i]));
	}
	row.run = run_neg;
	prove_add(list, row, "neg");
	row.run = run_unary;
	row.from = bits / 2;
	row.op = OP_CAST;
	prove_add(list, row, "zero extension");
	row.op = OP_EXTEND;
	prove_add(list, row, "sign extension");
	row.from = 0;
	row.run = run_range;
	prove_add(list, row, "from a range");
	prove_add_sets(list, row, run_sets);
	if (bits < MAX_BITS)
		return;
	row.run = run_unary;
	row.op = OP_SWAP;
	row.bits = 16;
	prove_add(list, row, "byte swap");
}
