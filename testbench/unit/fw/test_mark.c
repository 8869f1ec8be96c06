/* SPDX-License-Identifier: BSD-2-Clause */
/* States that paths leave where they meet: when they are left, which paths they end, what they come to need. */
#include "verify/walk.h"
#include "verify_bench.h"

#define REG(n)    (1ull << (n))
#define SLOT(n)   (1ull << ((n)-1))
#define ALL_MARKS UINT32_MAX

/* So many instructions that the next place leaves a mark whatever is there. */
#define W_FAR W_MOV(3, 0), W_MOV(3, 0), W_MOV(3, 0), W_MOV(3, 0), W_MOV(3, 0), W_MOV(3, 0), W_MOV(3, 0), W_MOV(3, 0)
/* R6 is 1 on the path walked first, 2 on the other; R0 is unknown before. */
#define W_ONE_OR_TWO W_MOV(6, 2), W_JEQ(0, 0, 1), W_MOV(6, 1)

/* clang-format off */
static const struct mark_row {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	uint32_t marks, covered;  /* states kept, paths that ended at one */
	uint32_t insn;            /* the oldest mark there: */
	uint64_t regs, slots;     /* places of main that mattered behind it */
	uint64_t longest;         /* from there on */
} rows[] = {
	{"no place to meet", PROG(W_MOV(0, 2), W_EXIT), 0, 0, ALL_MARKS},
	{"a branch leaves one", PROG(W_LDX32(0, 1, 12), W_JEQ(0, 0, 1), W_MOV(0, 1), W_MOV(0, 2), W_EXIT), 2, 1, 1, 0, 0, 4},
	{"where paths meet", PROG(W_LDX32(0, 1, 12), W_JEQ(0, 0, 1), W_MOV(0, 1), W_MOV(0, 2), W_EXIT), 2, 1, 3, 0, 0, 2},
	{"a number that matters to nobody", PROG(W_CALL(7), W_ONE_OR_TWO, W_MOVR(7, 6), W_RETURN), 2, 1, 4, 0, 0, 3},
	{"the result", PROG(W_CALL(7), W_ONE_OR_TWO, W_MOVR(0, 6), W_EXIT), 3, 0, 4, REG(6), 0, 2},
	{"what the result is computed from", PROG(W_CALL(7), W_ONE_OR_TWO, W_MOVR(0, 6), W_ADD(0, 3), W_EXIT), 3, 0, 4, REG(6), 0, 3},
	{"an offset", PROG(W_CALL(7), W_ONE_OR_TWO, W_MOVR(1, 10), W_SUBR(1, 6), W_ST8(1, 0, 0), W_RETURN), 3, 0, 4, REG(6), 0, 5},
	{"a branch that goes one way", PROG(W_CALL(7), W_ONE_OR_TWO, W_JEQ(6, 7, 0), W_RETURN), 4, 1, 4, REG(6), 0, 3},
	{"a branch that can go both ways", PROG(W_CALL(7), W_ONE_OR_TWO, W_LDX32(6, 10, -8), W_JEQ(6, 7, 0), W_RETURN), 4, 2, 4, 0, 0, 4},
	{"a number on the stack", PROG(W_CALL(7), W_ONE_OR_TWO, W_STX64(10, 6, -8), W_JEQ(0, 5, 0), W_LDX64(0, 10, -8), W_EXIT), 5, 1, 4, REG(6), 0, 4},
	{"a slot that is read later", PROG(W_CALL(7), W_ST64(10, -16, 2), W_JEQ(0, 0, 1), W_ST64(10, -16, 1), W_LDX64(0, 10, -16), W_EXIT), 3, 0, 4, 0, SLOT(2), 2},
	{"a slot that is never read", PROG(W_CALL(7), W_ST64(10, -16, 2), W_JEQ(0, 0, 1), W_ST64(10, -16, 1), W_RETURN), 2, 1, 4, 0, 0, 2},
	{"a number that a mark in between knows", PROG(W_CALL(7), W_ONE_OR_TWO, W_FAR, W_MOVR(7, 6), W_JEQ(0, 5, 0), W_MOVR(0, 7), W_EXIT), 6, 1, 4, REG(6), 0, 12},
	{"a size", PROG(W_CALL(7), W_ONE_OR_TWO, W_LDVALUE(1, MAP_ONE, 0), W_MOVR(2, 6), W_LDVALUE(3, MAP_ONE, 0), W_MOV(4, 0), W_CALL(177), W_RETURN), 3, 0, 4, REG(6) , 0, 7},
	{"bytes that count", PROG(W_MOVR(7, 1), W_CALL(7), W_ONE_OR_TWO, W_MOVR(1, 7), W_MOVR(2, 6), W_CALL(65), W_RETURN), 3, 0, 5, REG(6), 0, 5},
	{"the longer way first", PROG(W_LDX32(0, 1, 12), W_JEQ(0, 0, 2), W_MOV(2, 1), W_MOV(2, 1), W_RETURN), 2, 1, 1, 0, 0, 5},
	{"the longer way last", PROG(W_LDX32(0, 1, 12), W_JEQ(0, 0, 1), W_JA(2), W_MOV(2, 1), W_MOV(2, 1), W_RETURN), 2, 1, 1, 0, 0, 5},
	{"twice two ways", PROG(W_LDX32(0, 1, 12), W_JEQ(0, 0, 1), W_MOV(2, 1), W_JEQ(0, 1, 1), W_MOV(2, 1), W_RETURN), 3, 2, 1, 0, 0, 6},
	{"a loop", PROG(W_MOV(6, 0), W_ADD(6, 1), W_JLT(6, 3, -2), W_RETURN), 2, 0, 1, REG(6), 0, 8},
	{"a function", PROG(W_CALL(7), W_ONE_OR_TWO, W_CALL_LOCAL(2), W_MOVR(0, 6), W_EXIT, W_RETURN), 4, 0, 4, REG(6), 0, 5},
};

static const struct verify_row verdicts[] = {
	{"round in a circle", PROG(W_MOV(0, 2), W_JA(-2)), BAD(LOOP, 0, "this loop never ends")},
	{"round in a circle, where something changes that nobody reads", PROG(W_MOV(6, 0), W_ADD(6, 1), W_MOV(6, 5), W_JA(-3)), BAD(LOOP, 1, "nothing that matters has changed")},
	{"round in a circle, on one of two ways", PROG(W_CALL(7), W_JEQ(0, 0, -1), W_RETURN), BAD(LOOP, 1, "this loop never ends")},
	{"round in a circle, with a number that is not known", PROG(W_CALL(7), W_JEQ(0, 0, -2), W_RETURN), BAD(LOOP, 0, "this loop never ends")},
	{"a loop that counts", PROG(W_MOV(6, 0), W_ADD(6, 1), W_JLT(6, 100, -2), W_RETURN)},
	{"a loop that counts on the stack", PROG(W_ST64(10, -8, 0), W_LDX64(6, 10, -8), W_ADD(6, 1), W_STX64(10, 6, -8), W_JLT(6, 100, -4), W_RETURN)},
	{"a loop that counts in a function's caller", PROG(W_MOV(6, 0), W_ADD(6, 1), W_CALL_LOCAL(3), W_JLT(6, 9, -3), W_RETURN, W_RETURN)},
};
/* clang-format on */

struct seen {
	uint32_t insn;
	uint32_t marks, covered, forgotten;
	bool found;
	struct mark oldest;
};

static void look(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct seen *seen = ctx;

	(void)mark;
	switch (event) {
	case VERIFY_MARKS:
		seen->marks++;
		break;
	case VERIFY_COVERED:
		seen->covered++;
		break;
	case VERIFY_FORGETS:
		seen->forgotten++;
		break;
	case VERIFY_ENDS:
		for (const struct mark *m = seen->insn < v->args.count ? v->spots[seen->insn].marks : NULL; m;
		     m = m->next) {
			seen->found = true;
			seen->oldest = *m;
		}
		break;
	default:
		break;
	}
}

Test(mark, rows)
{
	struct bench b;

	bench_init(&b);
	b.args.watch = look;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mark_row *row = &rows[i];
		struct seen seen = {.insn = row->insn};
		struct verify_result result;

		b.args.watch_ctx = &seen;
		bench_verify(&b, row->words, row->count, 1000, &result);
		cr_expect_eq(result.error, 0, "%s: %s", row->id, b.log);
		cr_expect_eq(seen.marks, row->marks, "%s: %u marks", row->id, seen.marks);
		cr_expect_eq(seen.marks, result.states, "%s: %u states", row->id, result.states);
		cr_expect_eq(seen.covered, row->covered, "%s: %u paths covered", row->id, seen.covered);
		if (row->insn == ALL_MARKS)
			continue;
		cr_expect(seen.found, "%s: no mark at instruction %u", row->id, row->insn);
		cr_expect_eq(seen.oldest.branches, 0, "%s: %u paths are open", row->id, seen.oldest.branches);
		cr_expect_eq(seen.oldest.precise.regs, row->regs, "%s: registers %#lx", row->id,
			     seen.oldest.precise.regs);
		cr_expect_eq(seen.oldest.precise.slots[0], row->slots, "%s: slots %#lx", row->id,
			     seen.oldest.precise.slots[0]);
		cr_expect_eq(seen.oldest.longest, row->longest, "%s: %lu to the end", row->id, seen.oldest.longest);
	}
	free(b.memory);
}

Test(mark, verdicts)
{
	bench_rows(verdicts, sizeof(verdicts) / sizeof(verdicts[0]));
}

/* Marks that never cover anything are dropped in time, and those that do are kept. */
Test(mark, dropped_when_useless)
{
	enum { TURNS = 400 };
	static const uint64_t differ[] = {W_MOV(6, 0),          W_CALL(7),    W_JEQ(0, 0, 0), W_FAR, W_ADD(6, 1),
					  W_JLT(6, TURNS, -12), W_MOVR(0, 6), W_EXIT};
	static const uint64_t same[] = {W_MOV(6, 0), W_CALL(7),        W_JEQ(0, 0, 1), W_ADD(6, 0),
					W_ADD(6, 1), W_JLT(6, 20, -5), W_RETURN};
	struct seen seen = {.insn = ALL_MARKS};
	struct verify_result result;
	struct bench b;

	bench_init(&b);
	b.args.watch = look;
	b.args.watch_ctx = &seen;
	bench_verify(&b, differ, sizeof(differ) / 8, 1000, &result);
	cr_assert_eq(result.error, 0, "%s", b.log);
	cr_expect_gt(seen.forgotten, seen.marks / 2, "%u of %u marks forgotten", seen.forgotten, seen.marks);
	seen = (struct seen){.insn = ALL_MARKS};
	bench_verify(&b, same, sizeof(same) / 8, 1000, &result);
	cr_assert_eq(result.error, 0, "%s", b.log);
	cr_expect_gt(seen.covered, 15, "%u paths covered", seen.covered);
	free(b.memory);
}
