/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges, exhaustively: every pair of those that unsigned bounds or signed bounds make, or, where whole is asked for
 * (at 5 bits a hundred times as many), of those that both together make.
 */
#include <stdlib.h>

#include "prove/concrete.h"
#include "prove/prove.h"
#include "prove/sets.h"
#include "verify/number.h"

struct ranges {
	struct range *list;
	uint64_t *sets;
	size_t count;
	unsigned int bits;
};

static uint64_t set_of(const struct range *r, unsigned int bits)
{
	uint64_t set = 0;

	for (uint64_t x = 0; x >> bits == 0; x++)
		set |= (uint64_t)range_has(r, x, bits) << x;
	return set;
}

/* The bounds of a set that is not empty. */
static struct range best_of(uint64_t set, unsigned int bits)
{
	unsigned int sign = 1u << (bits - 1);
	uint64_t negative = set >> sign, positive = set & (((uint64_t)1 << sign) - 1);
	uint64_t low = negative ? negative << sign : positive, high = positive ? positive : negative << sign;

	return (struct range){
		.umin = (uint64_t)__builtin_ctzll(set),
		.umax = 63 - (uint64_t)__builtin_clzll(set),
		.smin = range_signed((uint64_t)__builtin_ctzll(low), bits),
		.smax = range_signed(63 - (uint64_t)__builtin_clzll(high), bits),
	};
}

static void judge(struct proof *proof, const struct range *a, const struct range *b, const struct range *r,
		  uint64_t results, unsigned int bits)
{
	struct range best = best_of(results, bits);

	proof->cases++;
	if (r->umax > range_mask(bits) || !range_within(&best, r))
		prove_fail(proof, "%lu..%lu, %ld..%ld and %lu..%lu, %ld..%ld give %lu..%lu, %ld..%ld; results: %#lx",
			   a->umin, a->umax, a->smin, a->smax, b->umin, b->umax, b->smin, b->smax, r->umin, r->umax,
			   r->smin, r->smax, results);
	prove_rate(proof, range_equal(r, &best));
}

static size_t place(const struct range *r, unsigned int bits)
{
	uint64_t mask = range_mask(bits);

	return (size_t)(((r->umin << bits | r->umax) << bits | ((uint64_t)r->smin & mask)) << bits |
			((uint64_t)r->smax & mask));
}

/* Runs each combination of bounds through range_agree(), and keeps what comes out, once. */
static struct ranges every_range(unsigned int bits, bool whole, struct proof *proof)
{
	int64_t least = range_full(bits).smin, most = range_full(bits).smax;
	uint64_t full = range_mask(bits), all = set_of(&(struct range){0, full, least, most}, bits);
	size_t room = whole ? 65536 : 8192;
	uint8_t *seen = calloc((size_t)1 << 4 * bits, 1);
	struct ranges t = {
		.list = malloc(room * sizeof(*t.list)), .sets = malloc(room * sizeof(*t.sets)), .bits = bits};

	if (!seen || !t.list || !t.sets)
		abort();
	for (size_t i = 0; i >> 4 * bits == 0; i++) {
		struct range r = {i >> 3 * bits & full, i >> 2 * bits & full, range_signed(i >> bits, bits),
				  range_signed(i, bits)},
			     before = r;
		uint64_t set;
		bool any;

		if (!whole && (r.umin || r.umax != full) && (r.smin != least || r.smax != most))
			continue;
		set = set_of(&before, bits) & all;
		any = range_agree(&r, bits);
		proof->cases++;
		if (any ? set_of(&r, bits) != set : set != 0)
			prove_fail(proof, "agreement of %lu..%lu, %ld..%ld loses words", before.umin, before.umax,
				   before.smin, before.smax);
		if (set) {
			struct range best = best_of(set, bits);

			prove_rate(proof, range_equal(&r, &best));
		} else {
			prove_rate(proof, !any);
		}
		if (any && !seen[place(&r, bits)] && t.count < room) {
			seen[place(&r, bits)] = 1;
			t.sets[t.count] = set;
			t.list[t.count++] = r;
		}
	}
	free(seen);
	return t;
}

static uint64_t concrete(unsigned int op, uint64_t a, uint64_t b, unsigned int bits)
{
	return concrete_alu(op, a, b, bits);
}

static void run_binary(const struct prove_row *row, struct proof *proof)
{
	struct ranges t = every_range(row->bits, row->whole, &(struct proof){0});
	struct sets s = sets_make(t.sets, t.count, row->bits, concrete, row->op);

	for (size_t i = 0; i < t.count; i++) {
		for (size_t j = 0; j < t.count; j++) {
			struct range r = number_ops[row->op].range(&t.list[i], &t.list[j], row->bits);

			judge(proof, &t.list[i], &t.list[j], &r, sets_image(&s, i, j), row->bits);
		}
	}
	sets_free(&s);
	free(t.list);
	free(t.sets);
}

static void check_sets(const struct prove_row *row, struct proof *proof, const struct ranges *t, size_t i, size_t j)
{
	const struct range *a = &t->list[i], *b = &t->list[j];
	uint64_t common = t->sets[i] & t->sets[j];
	struct range r = *a;
	bool any;

	switch (row->op) {
	case OP_JOIN:
		r = range_join(a, b);
		judge(proof, a, b, &r, t->sets[i] | t->sets[j], row->bits);
		return;
	case OP_WITHIN:
		any = range_within(a, b);
		proof->cases++;
		if (any && common != t->sets[i])
			prove_fail(proof, "%lu..%lu, %ld..%ld is not within %lu..%lu, %ld..%ld", a->umin, a->umax,
				   a->smin, a->smax, b->umin, b->umax, b->smin, b->smax);
		prove_rate(proof, any == (common == t->sets[i]));
		return;
	default:
		any = range_intersect(&r, b, row->bits);
	}
	if (any && common) {
		judge(proof, a, b, &r, common, row->bits);
		return;
	}
	proof->cases++;
	if (common)
		prove_fail(proof, "%lu..%lu, %ld..%ld and %lu..%lu, %ld..%ld have words in common", a->umin, a->umax,
			   a->smin, a->smax, b->umin, b->umax, b->smin, b->smax);
	prove_rate(proof, !any);
}

static void run_sets(const struct prove_row *row, struct proof *proof)
{
	struct ranges t = every_range(row->bits, row->whole, &(struct proof){0});

	for (size_t i = 0; i < t.count; i++) {
		for (size_t j = 0; j < t.count; j++)
			check_sets(row, proof, &t, i, j);
	}
	free(t.list);
	free(t.sets);
}

static void run_agree(const struct prove_row *row, struct proof *proof)
{
	struct ranges t = every_range(row->bits, true, proof);

	free(t.list);
	free(t.sets);
}

void prove_range_rows(struct prove_list *list, unsigned int bits, bool whole)
{
	static const enum insn_alu binary[] = {INSN_ALU_ADD, INSN_ALU_SUB, INSN_ALU_MUL, INSN_ALU_DIV, INSN_ALU_AND,
					       INSN_ALU_OR,  INSN_ALU_XOR, INSN_ALU_LSH, INSN_ALU_RSH, INSN_ALU_ARSH};
	struct prove_row row = {
		.by = whole ? PROVE_RANGES : PROVE_RANGE,
		.run = run_binary,
		.bits = bits,
		.whole = whole,
	};

	for (size_t i = 0; i < ARRAY_SIZE(binary); i++) {
		row.op = binary[i];
		prove_add(list, row, concrete_alu_name(binary[i]));
	}
	prove_add_sets(list, row, run_sets);
	row.run = run_agree;
	row.op = OP_AGREE;
	if (whole)
		prove_add(list, row, "agree");
}
