/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape of programs: where functions begin, how deep calls go, where paths meet, and shapes that are refused. */
#include "verify/walk.h"
#include "verify_bench.h"

/* Of each slot: Entry, Reached, Join, Loop, Compare; "-": a second slot, or never reached. */
#define LETTERS "ERJLC"

static const uint16_t letter_flags[] = {SPOT_ENTRY, SPOT_REACHED, SPOT_JOIN, SPOT_LOOP, SPOT_COMPARE};

/* clang-format off */
static const struct shape_row {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	const char *flags;   /* of all slots */
	const char *entries; /* the first instruction of each slot's function, in one digit */
	uint32_t frames;
} shapes[] = {
	{"straight on", PROG(W_MOV(0, 2), W_EXIT), "ER R", "00", 1},
	{"one that takes two slots", PROG(W_LD64(0, 2), W_EXIT), "ER - R", "000", 1},
	{"two ways that meet", PROG(W_JEQ(1, 0, 1), W_MOV(0, 1), W_MOV(0, 2), W_EXIT), "ERC R RJC R", "0000", 1},
	{"two ways that don't", PROG(W_JEQ(1, 0, 2), W_MOV(0, 1), W_EXIT, W_MOV(0, 2), W_EXIT), "ERC R R R R", "00000", 1},
	{"a jump to what follows", PROG(W_JEQ(1, 0, 0), W_MOV(0, 2), W_EXIT), "ERC RJC R", "000", 1},
	{"a jump that always happens", PROG(W_JA(0), W_MOV(0, 2), W_EXIT), "ER R R", "000", 1},
	{"two jumps to one place", PROG(W_JEQ(1, 0, 2), W_JEQ(2, 0, 1), W_JA(0), W_MOV(0, 2), W_EXIT), "ERC RC R RJC R", "00000", 1},
	{"a loop", PROG(W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 9, -2), W_EXIT), "ER RJLC RC R", "0000", 1},
	{"a loop to the first instruction", PROG(W_ADD(1, 1), W_JLT(1, 9, -2), W_RETURN), "ERJLC RC R R", "0000", 1},
	{"a loop of one instruction", PROG(W_MOV(0, 0), W_JNE(0, 0, -1), W_EXIT), "ER RJLC R", "000", 1},
	{"a jump back into what was not reached before", PROG(W_JA(2), W_MOV(0, 2), W_EXIT, W_JA(-3)), "ER RLC R R", "0000", 1},
	{"a function", PROG(W_CALL_LOCAL(2), W_MOV(0, 2), W_EXIT, W_MOV(0, 1), W_EXIT), "ER RJC R ER R", "00033", 2},
	{"a function twice", PROG(W_CALL_LOCAL(2), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_EXIT), "ER RJC RJC ER R", "00033", 2},
	{"functions that call in turn", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_EXIT), "ER RJC ER RJC ER R", "002244", 3},
	{"one that is called from two depths", PROG(W_CALL_LOCAL(2), W_CALL_LOCAL(3), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_EXIT), "ER RJC RJC ER RJC ER R", "0003355", 3},
	{"a callee above its caller", PROG(W_CALL_LOCAL(3), W_EXIT, W_MOV(0, 1), W_EXIT, W_CALL_LOCAL(-3), W_EXIT), "ER RJC ER R ER RJC", "002244", 3},
	{"a callee that is behind a branch", PROG(W_JEQ(1, 0, 1), W_CALL_LOCAL(2), W_MOV(0, 2), W_EXIT, W_MOV(0, 1), W_EXIT), "ERC R RJC R ER R", "000044", 2},
	{"eight functions deep",
	 PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_RETURN),
	 "ER RJC ER RJC ER RJC ER RJC ER RJC ER RJC ER RJC ER R", "0022446688::<<>>", 8},
};

static const struct verify_row refused[] = {
	{"falling off the end", PROG(W_MOV(0, 2)), BAD(FLOW, 0, "the last instruction of a function must be exit or a jump")},
	{"a call at the end", PROG(W_MOV(0, 2), W_CALL(7)), BAD(FLOW, 1, "the last instruction")},
	{"a conditional jump at the end", PROG(W_MOV(0, 2), W_EXIT, W_JEQ(0, 0, -3)), BAD(FLOW, 2, "the last instruction")},
	{"a constant at the end", PROG(W_MOV(0, 2), W_LD64(0, 2)), BAD(FLOW, 1, "the last instruction")},
	{"falling into the next function", PROG(W_CALL_LOCAL(1), W_MOV(0, 2), W_MOV(0, 1), W_EXIT), BAD(FLOW, 1, "the last instruction")},
	{"a jump into another function", PROG(W_CALL_LOCAL(2), W_JA(2), W_EXIT, W_MOV(0, 1), W_EXIT), BAD(FLOW, 1, "into another function")},
	{"a jump to another function's entry", PROG(W_CALL_LOCAL(2), W_JEQ(0, 0, 1), W_EXIT, W_MOV(0, 1), W_EXIT), BAD(FLOW, 1, "into another function")},
	{"a jump back to the caller", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_JA(-3)), BAD(FLOW, 3, "into another function")},
	{"behind the end", PROG(W_RETURN, W_MOV(0, 1), W_EXIT), BAD(FLOW, 2, "can't be reached")},
	{"jumped over", PROG(W_MOV(0, 2), W_JA(1), W_MOV(0, 1), W_EXIT), BAD(FLOW, 2, "can't be reached")},
	{"a loop that nothing leads to", PROG(W_RETURN, W_MOV(0, 1), W_JA(-2)), BAD(FLOW, 2, "can't be reached")},
	{"a function that only it calls", PROG(W_RETURN, W_CALL_LOCAL(-1), W_EXIT), BAD(FLOW, 2, "can't be reached")},
	{"a program that calls itself", PROG(W_CALL_LOCAL(-1), W_RETURN), BAD(CALL, 0, "calls itself")},
	{"a function that calls itself", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(-1), W_EXIT), BAD(CALL, 2, "calls itself")},
	{"two that call each other", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(-3), W_EXIT), BAD(CALL, 2, "calls itself")},
	{"nine functions deep",
	 PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT,
	      W_CALL_LOCAL(1), W_EXIT, W_RETURN), BAD(CALL, 14, "calls nest deeper than 8 functions")},
};
/* clang-format on */

struct seen {
	char flags[8 * MAX_WORDS];
	char entries[MAX_WORDS + 1];
};

static void look(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct seen *seen = ctx;
	char *at = seen->flags;

	(void)mark;
	if (event != VERIFY_BEGINS)
		return;
	for (uint32_t i = 0; i < v->args.count; i++) {
		const struct spot *spot = &v->spots[i];

		at += sprintf(at, "%s%s", i ? " " : "", spot->flags ? "" : "-");
		for (size_t n = 0; n < sizeof(letter_flags) / sizeof(letter_flags[0]); n++)
			if (spot->flags & letter_flags[n])
				*at++ = LETTERS[n];
		*at = 0;
		seen->entries[i] = (char)('0' + spot->entry);
		seen->entries[i + 1] = 0;
	}
}

Test(cfg, shapes)
{
	struct bench b;

	bench_init(&b);
	b.args.watch = look;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape_row *row = &shapes[i];
		struct verify_result result;
		struct seen seen = {{0}, {0}};

		b.args.watch_ctx = &seen;
		bench_verify(&b, row->words, row->count, 1000, &result);
		cr_expect_str_eq(seen.flags, row->flags, "%s: %s", row->id, seen.flags);
		cr_expect_str_eq(seen.entries, row->entries, "%s: %s", row->id, seen.entries);
		cr_expect_eq(result.frames, row->frames, "%s: %u frames", row->id, result.frames);
	}
	free(b.memory);
}

Test(cfg, refused)
{
	bench_rows(refused, sizeof(refused) / sizeof(refused[0]));
}
