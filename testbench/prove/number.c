/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole product, exhaustively at 4 bits: known bits, signed and unsigned range, and the ranges of the low 2 bits,
 * in every combination that agreement leaves.
 */
#include <stdlib.h>

#include "prove/concrete.h"
#include "prove/prove.h"
#include "prove/sets.h"
#include "verify/number.h"

#define BITS  4
#define HALF  (BITS / 2)
#define LOWS  (1u << HALF)
#define WORDS (1u << BITS)
#define SETS  (1u << WORDS)
#define ROOM  16384

/* Operations that are none of the machine's. */
enum { OP_ZERO = OP_OWN, OP_SIGN, OP_BETWEEN };

/* The words of each part of a scalar. */
struct parts {
	uint16_t bits[WORDS][WORDS];   /* [value][mask] */
	uint16_t all[2][WORDS][WORDS]; /* [unsigned, signed][least][greatest], signed numbers from the lowest on */
	uint16_t low[2][LOWS][LOWS];
};

struct numbers {
	struct scalar list[ROOM];
	uint64_t sets[ROOM]; /* the words of each */
	size_t count;
	struct parts parts;
	uint16_t best[SETS]; /* the words of the best scalar for each set of words */
	uint32_t table[4 * ROOM];
	struct proof agreement;
};

static uint16_t words_of_range(struct range r, unsigned int bits)
{
	uint16_t set = 0;

	for (uint64_t x = 0; x < WORDS; x++)
		set |= (uint16_t)(range_has(&r, x, bits) << x);
	return set;
}

static void make_parts(struct parts *p)
{
	struct range all = range_full(BITS), low = range_full(HALF);

	for (uint64_t i = 0; i < WORDS * WORDS; i++) {
		uint64_t min = i / WORDS, max = i % WORDS;

		p->bits[min][max] = 0;
		for (uint64_t x = 0; x < WORDS; x++)
			p->bits[min][max] |= (uint16_t)(tnum_has((struct tnum){min, max}, x) << x);
		p->all[0][min][max] = words_of_range((struct range){min, max, all.smin, all.smax}, BITS);
		p->all[1][min][max] = words_of_range(
			(struct range){all.umin, all.umax, all.smin + (int64_t)min, all.smin + (int64_t)max}, BITS);
		if (min >= LOWS || max >= LOWS)
			continue;
		p->low[0][min][max] = words_of_range((struct range){min, max, low.smin, low.smax}, HALF);
		p->low[1][min][max] = words_of_range(
			(struct range){low.umin, low.umax, low.smin + (int64_t)min, low.smin + (int64_t)max}, HALF);
	}
}

static bool well_formed(const struct scalar *s)
{
	struct range all = range_full(BITS), low = range_full(HALF);

	return !(s->bits.value & s->bits.mask) && !((s->bits.value | s->bits.mask) & ~range_mask(BITS)) &&
	       range_within(&s->all, &all) && range_within(&s->low, &low) && s->all.umin <= s->all.umax &&
	       s->all.smin <= s->all.smax && s->low.umin <= s->low.umax && s->low.smin <= s->low.smax;
}

/* The words of s; none where it is malformed. */
static uint64_t set_of(const struct numbers *n, const struct scalar *s)
{
	const struct parts *p = &n->parts;

	if (!well_formed(s))
		return 0;
	return p->bits[s->bits.value][s->bits.mask] & p->all[0][s->all.umin][s->all.umax] &
	       p->all[1][s->all.smin + WORDS / 2][s->all.smax + WORDS / 2] & p->low[0][s->low.umin][s->low.umax] &
	       p->low[1][s->low.smin + LOWS / 2][s->low.smax + LOWS / 2];
}

/* The numbers that the smallest scalar with all of set holds. */
static uint64_t best_of(const struct numbers *n, uint64_t set)
{
	struct scalar best = {0};
	bool any = false;

	for (uint64_t x = 0; x < WORDS; x++) {
		struct scalar one = number_const(x, BITS);

		if (!(set >> x & 1))
			continue;
		best = any ? number_join(&best, &one) : one;
		any = true;
	}
	return any ? set_of(n, &best) : 0;
}

static uint64_t key(const struct scalar *s)
{
	return s->bits.value | s->bits.mask << 4 | s->all.umin << 8 | s->all.umax << 12 |
	       ((uint64_t)s->all.smin & 15) << 16 | ((uint64_t)s->all.smax & 15) << 20 | s->low.umin << 24 |
	       s->low.umax << 26 | ((uint64_t)s->low.smin & 3) << 28 | ((uint64_t)s->low.smax & 3) << 30;
}

/* Adds what is not there yet. */
static void add(struct numbers *n, const struct scalar *s, uint64_t set)
{
	size_t at = (size_t)(key(s) * 0x9e3779b97f4a7c15 >> 40) % ARRAY_SIZE(n->table);

	while (n->table[at]) {
		if (number_equal(&n->list[n->table[at] - 1], s))
			return;
		at = (at + 1) % ARRAY_SIZE(n->table);
	}
	if (n->count == ROOM)
		abort();
	n->sets[n->count] = set;
	n->list[n->count++] = *s;
	n->table[at] = (uint32_t)n->count;
}

/* Ranges as agreement leaves them; their number. */
static size_t every_range(struct range *out, unsigned int bits)
{
	uint64_t full = range_mask(bits);
	size_t count = 0;

	for (uint64_t i = 0; i >> 4 * bits == 0; i++) {
		struct range r = {i >> 3 * bits & full, i >> 2 * bits & full, range_signed(i >> bits, bits),
				  range_signed(i, bits)},
			     before = r;

		if (range_agree(&r, bits) && range_equal(&r, &before))
			out[count++] = r;
	}
	return count;
}

/* Runs each combination through number_agree(), and keeps what comes out, once. */
static void every_number(struct numbers *n)
{
	static struct range all[1u << 12], low[1u << 6];
	size_t count_all = every_range(all, BITS), count_low = every_range(low, HALF);
	struct proof *proof = &n->agreement;

	for (uint64_t i = 0; i < WORDS * WORDS * count_all * count_low; i++) {
		uint64_t at = i / (WORDS * WORDS), set;
		struct scalar s = {{i % WORDS, i / WORDS % WORDS}, all[at % count_all], low[at / count_all]};
		bool any;

		if (s.bits.value & s.bits.mask)
			continue;
		set = set_of(n, &s);
		any = number_agree(&s, BITS);
		proof->cases++;
		if (any ? set_of(n, &s) != set || !well_formed(&s) : set != 0)
			prove_fail(proof, "agreement loses words of %#lx", set);
		prove_rate(proof, any ? n->best[set] == set : !set);
		if (any)
			add(n, &s, set);
	}
}

/* Each every-th of them. */
static struct numbers *make_numbers(unsigned int every)
{
	struct numbers *n = calloc(1, sizeof(*n));
	size_t kept = 0;

	if (!n)
		abort();
	make_parts(&n->parts);
	for (uint64_t set = 0; set < SETS; set++)
		n->best[set] = (uint16_t)best_of(n, set);
	every_number(n);
	for (size_t i = 0; i < n->count; i += every, kept++) {
		n->list[kept] = n->list[i];
		n->sets[kept] = n->sets[i];
	}
	n->count = kept;
	return n;
}

static void show_fail(struct proof *proof, const char *what, uint64_t a, uint64_t b, uint64_t r, uint64_t results)
{
	prove_fail(proof, "%s: the words %#lx and %#lx (bit n: the word n) give %#lx, which lacks some of %#lx", what,
		   a, b, r, results);
}

static void judge(struct proof *proof, const struct numbers *n, uint64_t a, uint64_t b, const struct scalar *r,
		  uint64_t results)
{
	uint64_t set = set_of(n, r);

	proof->cases++;
	if (results & ~set || !well_formed(r))
		show_fail(proof, well_formed(r) ? "unsound" : "malformed", a, b, set, results);
	prove_rate(proof, set == n->best[results]);
}

static uint64_t concrete(unsigned int op, uint64_t a, uint64_t b, unsigned int bits)
{
	return concrete_alu(op, a, b, bits);
}

static uint64_t concrete_half(unsigned int op, uint64_t a, uint64_t b, unsigned int bits)
{
	uint64_t mask = range_mask(bits / 2);

	return concrete_alu(op, a & mask, b & mask, bits / 2);
}

static void run_binary(const struct prove_row *row, struct proof *proof)
{
	const struct numbers *n = row->numbers;
	struct sets s = sets_make(n->sets, n->count, BITS, row->half ? concrete_half : concrete, row->op);

	for (size_t i = 0; i < n->count; i++) {
		for (size_t j = 0; j < n->count; j++) {
			struct scalar r = number_alu(row->op, &n->list[i], &n->list[j], row->half, BITS);

			judge(proof, n, n->sets[i], n->sets[j], &r, sets_image(&s, i, j));
		}
	}
	sets_free(&s);
}

/* The words of a that have a partner in b with the outcome asked for. */
static uint64_t possible(const uint64_t *partners, uint64_t a, uint64_t b)
{
	uint64_t set = 0;

	for (unsigned int x = 0; x < WORDS; x++)
		set |= (uint64_t)((partners[x] & b) != 0) << x;
	return set & a;
}

/* For each word the words that give the outcome with it. */
static void find_partners(const struct prove_row *row, bool first, uint64_t *partners)
{
	uint64_t mask = range_mask(row->half ? HALF : BITS);

	for (uint64_t x = 0; x < WORDS; x++) {
		partners[x] = 0;
		for (uint64_t y = 0; y < WORDS; y++) {
			uint64_t a = (first ? x : y) & mask, b = (first ? y : x) & mask;

			if (concrete_jmp(row->op, a, b, row->half ? HALF : BITS) == row->taken)
				partners[x] |= (uint64_t)1 << y;
		}
	}
}

static void run_branch(const struct prove_row *row, struct proof *proof)
{
	const struct numbers *n = row->numbers;
	uint64_t of_a[WORDS], of_b[WORDS];

	find_partners(row, true, of_a);
	find_partners(row, false, of_b);
	for (size_t i = 0; i < n->count; i++) {
		for (size_t j = 0; j < n->count; j++) {
			struct scalar a = n->list[i], b = n->list[j];
			bool can = number_branch(row->op, &a, &b, row->half, row->taken, BITS);
			uint64_t in_a = possible(of_a, n->sets[i], n->sets[j]), set_a = can ? set_of(n, &a) : 0;
			uint64_t in_b = possible(of_b, n->sets[j], n->sets[i]), set_b = can ? set_of(n, &b) : 0;

			proof->cases++;
			if (in_a & ~set_a || in_b & ~set_b)
				show_fail(proof, "unsound", n->sets[i], n->sets[j], in_a & ~set_a ? set_a : set_b,
					  in_a & ~set_a ? in_a : in_b);
			if (set_a & ~n->sets[i] || set_b & ~n->sets[j])
				show_fail(proof, "widens", n->sets[i], n->sets[j], set_a, set_b);
			if (can && (!well_formed(&a) || !well_formed(&b)))
				show_fail(proof, "malformed", n->sets[i], n->sets[j], set_a, set_b);
			prove_rate(proof,
				   set_a == (n->best[in_a] & n->sets[i]) && set_b == (n->best[in_b] & n->sets[j]));
		}
	}
}

static void check_sets(const struct prove_row *row, struct proof *proof, const struct numbers *n, size_t i, size_t j)
{
	const struct scalar *a = &n->list[i], *b = &n->list[j];
	uint64_t common = n->sets[i] & n->sets[j];
	struct scalar r = *a;
	bool any;

	switch (row->op) {
	case OP_JOIN:
		r = number_join(a, b);
		judge(proof, n, n->sets[i], n->sets[j], &r, n->sets[i] | n->sets[j]);
		return;
	case OP_WITHIN:
		any = number_within(a, b);
		proof->cases++;
		if (any && common != n->sets[i])
			show_fail(proof, "not within", n->sets[i], n->sets[j], common, n->sets[i]);
		prove_rate(proof, any == (common == n->sets[i]));
		return;
	default:
		any = number_intersect(&r, b, BITS);
	}
	if (any) {
		judge(proof, n, n->sets[i], n->sets[j], &r, common);
		return;
	}
	proof->cases++;
	if (common)
		show_fail(proof, "unsound", n->sets[i], n->sets[j], 0, common);
	prove_rate(proof, !common);
}

static void run_sets(const struct prove_row *row, struct proof *proof)
{
	const struct numbers *n = row->numbers;

	for (size_t i = 0; i < n->count; i++) {
		for (size_t j = 0; j < n->count; j++)
			check_sets(row, proof, n, i, j);
	}
}

static uint64_t unary_concrete(const struct prove_row *row, uint64_t x)
{
	switch (row->op) {
	case OP_ZERO:
		return concrete_zero_extend(x, row->from);
	case OP_SIGN:
		return concrete_sign_extend(x, row->from, BITS);
	default: /* NEG */
		return row->half ? concrete_half(INSN_ALU_NEG, x, 0, BITS) : concrete_alu(INSN_ALU_NEG, x, 0, BITS);
	}
}

static struct scalar unary(const struct prove_row *row, const struct scalar *a)
{
	switch (row->op) {
	case OP_ZERO:
		return number_zero_extend(a, row->from, BITS);
	case OP_SIGN:
		return number_sign_extend(a, row->from, BITS);
	default:
		return number_neg(a, row->half, BITS);
	}
}

static void run_unary(const struct prove_row *row, struct proof *proof)
{
	const struct numbers *n = row->numbers;

	for (size_t i = 0; i < n->count; i++) {
		struct scalar r = unary(row, &n->list[i]);
		uint64_t results = 0;

		for (uint64_t x = 0; x < WORDS; x++) {
			if (n->sets[i] >> x & 1)
				results |= (uint64_t)1 << unary_concrete(row, x);
		}
		judge(proof, n, n->sets[i], n->sets[i], &r, results);
	}
}

static void run_between(const struct prove_row *row, struct proof *proof)
{
	for (uint64_t min = 0; min >> row->bits == 0; min++) {
		for (uint64_t max = min; max >> row->bits == 0; max++) {
			struct scalar r = number_between(min, max, BITS);

			judge(proof, row->numbers, min, max, &r, (UINT64_MAX >> (63 - (max - min))) << min);
		}
	}
}

static void run_agree(const struct prove_row *row, struct proof *proof)
{
	*proof = row->numbers->agreement;
}

static void add_branches(struct prove_list *list, struct prove_row row)
{
	for (unsigned int op = 0; op <= INSN_JMP_SLE; op++) {
		for (unsigned int i = 0; i < 4; i++) {
			row.op = op;
			row.half = i & 2;
			row.taken = i & 1;
			prove_add(list, row, concrete_jmp_name(op));
		}
	}
}

void prove_number_rows(struct prove_list *list, unsigned int every)
{
	struct prove_row row = {.by = PROVE_PRODUCT, .run = run_binary, .bits = BITS};

	row.numbers = list->numbers = make_numbers(every);

	for (unsigned int op = 0; op < INSN_ALU_NEG; op++) {
		row.op = op;
		row.half = false;
		prove_add(list, row, concrete_alu_name(op));
		row.half = true;
		prove_add(list, row, concrete_alu_name(op));
	}
	row.run = run_unary;
	row.op = INSN_ALU_NEG;
	prove_add(list, row, "neg");
	row.half = false;
	prove_add(list, row, "neg");
	for (row.from = 1; row.from <= HALF; row.from++) {
		row.op = OP_ZERO;
		prove_add(list, row, "zero extension");
		row.op = OP_SIGN;
		prove_add(list, row, "sign extension");
	}
	row.from = 0;
	row.run = run_between;
	row.op = OP_BETWEEN;
	prove_add(list, row, "from a range");
	row.run = run_branch;
	add_branches(list, row);
	row.half = row.taken = false;
	prove_add_sets(list, row, run_sets);
	row.run = run_agree;
	prove_add(list, row, "agree");
}
