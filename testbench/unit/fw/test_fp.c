/* SPDX-License-Identifier: BSD-2-Clause */
/* Where stack pointers are before an instruction: rows by how they come to registers, and how they leave them. */
#include "verify/fp.h"
#include "verify/walk.h"
#include "verify_bench.h"

#define ARG(n, off)  (FP_ARG + (n)*FP_ARG_SPAN + EXEC_STACK_BYTES + (off))
#define CONST(value) (FP_CONST + (value))
#define SLOT(n)      (1ull << ((n)-1))
#define NUM_WANTS    4
#define MAX_PASSES   8

struct want {
	uint8_t reg;
	int value;
};

/* clang-format off */
static const struct fp_row {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	uint32_t insn;
	struct want wants[NUM_WANTS]; /* before insn; up to the first with the value 0 and register 0 */
	uint64_t spilled;
	bool returned;
} rows[] = {
	{"a program begins", PROG(W_RETURN), 0, {{1, FP_NONE}, {6, FP_NONE}, {10, 0}}},
	{"a copy", PROG(W_MOVR(1, 10), W_RETURN), 1, {{1, 0}, {10, 0}}},
	{"a constant is added", PROG(W_MOVR(1, 10), W_ADD(1, -24), W_RETURN), 2, {{1, -24}}},
	{"a constant is subtracted", PROG(W_MOVR(1, 10), W(0x17, 1, 0, 0, 24), W_RETURN), 2, {{1, -24}}},
	{"down and up", PROG(W_MOVR(1, 10), W_ADD(1, -24), W_ADD(1, 16), W_RETURN), 3, {{1, -8}}},
	{"to the lowest byte", PROG(W_MOVR(1, 10), W_ADD(1, -512), W_RETURN), 2, {{1, -512}}},
	{"below it", PROG(W_MOVR(1, 10), W_ADD(1, -513), W_RETURN), 2, {{1, FP_SOME}}},
	{"above the frame", PROG(W_MOVR(1, 10), W_ADD(1, 1), W_RETURN), 2, {{1, FP_SOME}}},
	{"far above the frame", PROG(W_MOVR(1, 10), W_ADD(1, 0x7fffffff), W_RETURN), 2, {{1, FP_SOME}}},
	{"a register is added", PROG(W_MOVR(1, 10), W_CALL(7), W_MOVR(1, 10), W_ADDR(1, 0), W_RETURN), 4, {{1, FP_SOME}, {0, FP_NONE}}},
	{"it is added to a register", PROG(W_CALL(7), W_ADDR(0, 10), W_RETURN), 2, {{0, FP_SOME}}},
	{"bits are taken", PROG(W_MOVR(1, 10), W_AND(1, -8), W_RETURN), 2, {{1, FP_SOME}}},
	{"numbers are added", PROG(W_CALL(7), W_ADDR(0, 0), W_ADD(0, 8), W_RETURN), 3, {{0, FP_NONE}}},

	{"a constant", PROG(W_MOV(2, 16), W_RETURN), 1, {{2, CONST(16)}}},
	{"0", PROG(W_MOV(2, 0), W_RETURN), 1, {{2, CONST(0)}}},
	{"a constant as large as the stack", PROG(W_MOV(2, 512), W_RETURN), 1, {{2, CONST(512)}}},
	{"a larger one", PROG(W_MOV(2, 513), W_RETURN), 1, {{2, FP_NONE}}},
	{"a negative one", PROG(W_MOV(2, -1), W_RETURN), 1, {{2, FP_NONE}}},
	{"one of two units", PROG(W_LD64(2, 40), W_RETURN), 2, {{2, CONST(40)}}},
	{"a sum of constants", PROG(W_MOV(2, 16), W_ADD(2, 1), W_RETURN), 2, {{2, FP_NONE}}},
	{"a map", PROG(W_LDMAP(1, MAP_RING), W_RETURN), 2, {{1, FP_MAP + MAP_RING}}},
	{"a value", PROG(W_LDVALUE(1, MAP_ONE, 0), W_RETURN), 2, {{1, FP_NONE}}},

	{"the same on two paths", PROG(W_CALL(7), W_MOVR(6, 10), W_JEQ(0, 0, 1), W_MOVR(6, 10), W_RETURN), 4, {{6, 0}}},
	{"two offsets", PROG(W_CALL(7), W_MOVR(6, 10), W_JEQ(0, 0, 1), W_ADD(6, -8), W_RETURN), 4, {{6, FP_SOME}}},
	{"a stack pointer or a number", PROG(W_CALL(7), W_MOVR(6, 10), W_JEQ(0, 0, 1), W_MOV(6, 3), W_RETURN), 4, {{6, FP_SOME}}},
	{"two constants", PROG(W_CALL(7), W_MOV(6, 4), W_JEQ(0, 0, 1), W_MOV(6, 3), W_RETURN), 4, {{6, FP_NONE}}},
	{"two maps", PROG(W_CALL(7), W_LDMAP(6, MAP_ONE), W_JEQ(0, 0, 2), W_LDMAP(6, MAP_RING), W_RETURN), 6, {{6, FP_NONE}}},
	{"an offset that changes in a loop", PROG(W_MOVR(6, 10), W_CALL(7), W_ADD(6, -8), W_JNE(0, 0, -3), W_RETURN), 2, {{6, FP_SOME}}},
	{"a loop that leaves it as it is", PROG(W_MOVR(6, 10), W_CALL(7), W_JNE(0, 0, -2), W_RETURN), 3, {{6, 0}}},
	{"a loop around a copy", PROG(W_MOV(6, 0), W_MOVR(7, 6), W_MOVR(6, 10), W_CALL(7), W_JNE(0, 0, -4), W_RETURN), 2, {{7, FP_SOME}, {6, FP_SOME}}},

	{"stored and loaded", PROG(W_MOVR(1, 10), W_STX64(10, 1, -8), W_LDX64(2, 10, -8), W_RETURN), 3, {{2, FP_SOME}}, SLOT(1)},
	{"stored lower", PROG(W_STX64(10, 10, -512), W_LDX64(2, 10, -512), W_RETURN), 2, {{2, FP_SOME}}, SLOT(64)},
	{"another slot loaded", PROG(W_STX64(10, 10, -8), W_LDX64(2, 10, -16), W_RETURN), 2, {{2, FP_NONE}}, SLOT(1)},
	{"half of it loaded", PROG(W_STX64(10, 10, -8), W_LDX32(2, 10, -8), W_RETURN), 2, {{2, FP_NONE}}, SLOT(1)},
	{"loaded above where it is stored", PROG(W_CALL(7), W_LDX64(2, 10, -8), W_STX64(10, 10, -8), W_JNE(0, 0, -4), W_RETURN), 2, {{2, FP_SOME}}, SLOT(1)},
	{"stored to some slot", PROG(W_CALL(7), W_MOVR(6, 10), W_ADDR(6, 0), W_STX64(6, 10, 0), W_LDX64(2, 10, -256), W_RETURN), 5, {{2, FP_SOME}}, ~0ull},
	{"some slot loaded", PROG(W_STX64(10, 10, -8), W_CALL(7), W_MOVR(6, 10), W_ADDR(6, 0), W_LDX64(2, 6, 0), W_RETURN), 5, {{2, FP_SOME}}, SLOT(1)},
	{"a number stored", PROG(W_MOV(1, 3), W_STX64(10, 1, -8), W_LDX64(2, 10, -8), W_RETURN), 3, {{2, FP_NONE}}},
	{"what cmpxchg finds", PROG(W_STX64(10, 10, -8), W_MOV(0, 1), W_MOV(1, 1), W(0xdb, 10, 1, -8, 0xf1), W_RETURN), 4, {{0, FP_SOME}}, SLOT(1)},
	{"what cmpxchg finds elsewhere", PROG(W_STX64(10, 10, -8), W_MOVR(0, 10), W_MOV(1, 1), W(0xdb, 10, 1, -16, 0xf1), W_RETURN), 4, {{0, FP_NONE}}, SLOT(1)},
	{"what another atomic operation fetches", PROG(W_MOVR(1, 10), W(0xdb, 10, 1, -8, 0x01), W_RETURN), 2, {{1, FP_NONE}}},

	{"a helper", PROG(W_MOVR(1, 10), W_MOVR(6, 10), W_CALL(7), W_RETURN), 3, {{0, FP_NONE}, {1, FP_NONE}, {6, 0}, {10, 0}}},
	{"an argument", PROG(W_MOVR(1, 10), W_MOV(2, 3), W_CALL_LOCAL(2), W_RETURN, W_RETURN), 5, {{1, ARG(0, 0)}, {2, FP_NONE}, {6, FP_NONE}, {10, 0}}},
	{"an argument plus a constant", PROG(W_MOVR(5, 10), W_CALL_LOCAL(2), W_RETURN, W_ADD(5, -16), W_RETURN), 5, {{5, ARG(4, -16)}}},
	{"an argument plus too much", PROG(W_MOVR(5, 10), W_CALL_LOCAL(2), W_RETURN, W_ADD(5, 513), W_RETURN), 5, {{5, FP_SOME}}},
	{"an argument of an argument", PROG(W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_MOVR(3, 1), W_ADD(3, -8), W_CALL_LOCAL(2), W_RETURN, W_RETURN), 9, {{3, ARG(2, 0)}, {1, ARG(0, 0)}}},
	{"an argument of one of two calls", PROG(W_MOV(1, 0), W_CALL_LOCAL(4), W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_RETURN), 6, {{1, ARG(0, 0)}, {2, FP_NONE}}},
	{"an argument or a number", PROG(W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_JEQ(2, 0, 1), W_MOV(1, 0), W_RETURN), 6, {{1, ARG(0, 0)}}},
	{"an argument or the own frame", PROG(W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_JEQ(2, 0, 1), W_MOVR(1, 10), W_RETURN), 6, {{1, FP_SOME}}},
	{"stored to where an argument points", PROG(W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_STX64(1, 1, -8), W_RETURN), 2, {{0, FP_NONE}}, ~0ull},
	{"after a call", PROG(W_MOVR(1, 10), W_MOVR(6, 10), W_ADD(6, -8), W_CALL_LOCAL(2), W_RETURN, W_RETURN), 4, {{0, FP_NONE}, {1, FP_NONE}, {6, -8}}},
	{"returned", PROG(W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_MOVR(0, 1), W_EXIT), 2, {{0, FP_SOME}}, .returned = true},
	{"returned from another function", PROG(W_CALL_LOCAL(5), W_MOVR(6, 0), W_MOVR(1, 10), W_CALL_LOCAL(4), W_RETURN, W_RETURN, W_MOVR(0, 1), W_EXIT), 2, {{6, FP_SOME}}, .returned = true},
	{"called from below, by a function that is called from above", PROG(W_MOVR(1, 10), W_CALL_LOCAL(4), W_RETURN, W_MOVR(3, 2), W_EXIT, W_MOVR(2, 1), W_CALL_LOCAL(-4), W_RETURN), 5, {{3, ARG(1, 0)}}},
};
/* clang-format on */

static struct verify *begin(struct bench *b, const struct fp_row *row, struct insn *insns, struct fp_walk *w)
{
	struct insn_error error;
	struct verify *v;

	cr_assert_eq(insn_decode((const uint8_t *)row->words, row->count, ~0u, insns, &error), 0, "%s", row->id);
	b->args.insns = insns;
	b->args.count = row->count;
	v = verify_start(&b->args);
	cr_assert(v);
	cr_assert(!cfg_functions(v) && !cfg_reach(v), "%s: %s", row->id, v->reason);
	w->at = calloc(row->count, sizeof(*w->at));
	fp_begin(v, w);
	return v;
}

Test(fp, rows)
{
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct fp_row *row = &rows[i];
		struct insn insns[MAX_WORDS + 1] = {0};
		struct fp_walk w;
		struct verify *v = begin(&b, row, insns, &w);
		const int16_t *regs = w.at[row->insn].regs;
		int passes = 0;

		for (; !w.settled && passes < MAX_PASSES; passes++)
			fp_pass(v, &w);
		cr_expect_lt(passes, MAX_PASSES, "%s does not settle", row->id);
		for (int n = 0; n < NUM_WANTS && (n == 0 || row->wants[n].reg || row->wants[n].value); n++)
			cr_expect_eq(regs[row->wants[n].reg], row->wants[n].value, "%s: R%u is %d", row->id,
				     row->wants[n].reg, regs[row->wants[n].reg]);
		cr_expect_eq(w.spilled, row->spilled, "%s: slots %#lx", row->id, w.spilled);
		cr_expect_eq(w.returned, row->returned, "%s: returned", row->id);
		fp_pass(v, &w);
		cr_expect(w.settled, "%s: another pass changes something", row->id);
		fp_give_up(v, &w);
		for (int r = 0; r < INSN_MAX_REG; r++)
			cr_expect_eq(regs[r], FP_SOME, "%s: R%d when given up", row->id, r);
		free(w.at);
		verify_free(v);
	}
	free(b.memory);
}

/* Instructions know which function they belong to. */
Test(fp, functions)
{
	static const struct fp_row row = {
		PROG(W_CALL_LOCAL(3), W_CALL_LOCAL(4), W_MOV(0, 2), W_EXIT, W_MOV(0, 1), W_EXIT, W_MOV(0, 1), W_EXIT),
		.id = "three functions"};
	static const uint32_t want[] = {0, 0, 0, 0, 1, 1, 2, 2};
	struct insn insns[MAX_WORDS + 1] = {0};
	struct fp_walk w;
	struct verify *v;
	struct bench b;

	bench_init(&b);
	v = begin(&b, &row, insns, &w);
	cr_assert_eq(w.functions, 3);
	for (uint32_t i = 0; i < row.count; i++)
		cr_expect_eq(w.at[i].function, want[i], "instruction %u: %u", i, w.at[i].function);
	free(w.at);
	verify_free(v);
	free(b.memory);
}
