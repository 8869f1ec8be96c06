// SPDX-License-Identifier: BSD-2-Clause
/* What of the arm64 back end shows on any machine: its code for single instructions. What the code does, test_jit.c,
 * test_jit_interp.c and test_exhaustive.c see where it runs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/jit.h"
#include "jit_run.h"

#define MAX_WORDS 8

/* Slot 0 alone, which leads to slot 1. */
struct one {
	struct insn insns[2];
	struct exec_prog prog;
	uint8_t mark[3], form[2], image[4 * MAX_WORDS], settled[4 * MAX_WORDS];
	struct jit_branch branch[2];
	struct jit_work w;
};

static void one_start(struct one *one, struct insn insn)
{
	*one = (struct one){.insns = {insn, {.op = INSN_EXIT}}};
	one->prog = (struct exec_prog){.insns = one->insns, .count = 2, .plain_memory = true};
	one->w = (struct jit_work){.prog = &one->prog,
				   .insns = one->insns,
				   .form = one->form,
				   .mark = one->mark,
				   .branch = one->branch,
				   .max_branches = 1,
				   .run = true};
	one->mark[1] = JIT_MARK_FUNC; /* keeps a jump to it from being left out */
}

static int one_emit(struct one *one)
{
	one->w.out = (struct jit_out){.image = one->image, .room = sizeof(one->image)};
	one->w.branches = 0;
	one->w.blinded = 0;
	return jit_arm64.insn(&one->w, 0);
}

/* The branch that was emitted, in its final form; what is before it in the slot stays where it is. */
static void one_settle(struct one *one, bool is_short, int64_t to)
{
	struct jit_branch *b = &one->branch[0];
	size_t start = b->end - b->bytes;

	b->is_short = is_short;
	memcpy(one->settled, one->image, start);
	one->w.out = (struct jit_out){.image = one->settled, .room = sizeof(one->settled), .at = start};
	jit_arm64.branch(&one->w, b, one->image + start, to);
}

/* Conditional branches reach a mebibyte; those that go farther jump over one that reaches 128 of them. */
Test(jit_arm64, branch_forms)
{
	static const struct {
		const char *text;
		enum insn_op op;
		int32_t imm;
		bool is_short;
		uint32_t to;
		size_t count;
		uint32_t words[MAX_WORDS];
	} rows[] = {
		{"cmp; b.eq", INSN_JEQ64_K, 5, true, 1024, 2, {0xf100141f, 0x54001fe0}},
		{"cmp; b.ne over; b", INSN_JEQ64_K, 5, false, 1 << 26, 3, {0xf100141f, 0x54000041, 0x14fffffe}},
		{"cbz", INSN_JEQ64_K, 0, true, 1024, 1, {0xb4002000}},
		{"cbnz in 32 bits", INSN_JNE32_K, 0, true, 1024, 1, {0x35002000}},
		{"cbnz over; b", INSN_JEQ64_K, 0, false, 1024, 2, {0xb5000040, 0x140000ff}},
		{"tst; b.ne", INSN_JSET32_K, 4, true, 1 << 19, 2, {0x721e001f, 0x543fffe1}},
		{"cmn; b.gt", INSN_JSGT64_K, -5, true, 8, 2, {0xb100141f, 0x5400002c}},
		{"b", INSN_JA, 0, false, 1 << 26, 1, {0x15000000}},
	};
	static struct one one;

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		int64_t to = 0;
		uint32_t word;

		one_start(&one, (struct insn){.op = (uint8_t)rows[n].op, .dst = 1, .imm = 1, .imm64 = rows[n].imm});
		cr_assert_eq(one_emit(&one), 0, "%s", rows[n].text);
		cr_assert(!one.w.out.fault, "%s: fault", rows[n].text);
		cr_assert_eq(one.w.branches, 1, "%s: %u branches", rows[n].text, one.w.branches);
		cr_assert_eq(one.branch[0].slot, 1, "%s: leads to slot %u", rows[n].text, one.branch[0].slot);
		one_settle(&one, rows[n].is_short, rows[n].to);
		cr_assert(!one.w.out.fault, "%s: fault", rows[n].text);
		cr_assert_eq(one.w.out.at, 4 * rows[n].count, "%s: %zu bytes", rows[n].text, one.w.out.at);
		for (size_t i = 0; i < rows[n].count; i++) {
			memcpy(&word, one.settled + 4 * i, 4);
			cr_assert_eq(word, rows[n].words[i], "%s: word %zu is %#x", rows[n].text, i, word);
		}
		cr_assert(jit_arm64.target(&one.w, &one.branch[0], one.w.out.at, &to), "%s", rows[n].text);
		cr_assert_eq(to, rows[n].to, "%s: leads to %lld", rows[n].text, (long long)to);
		one_settle(&one, rows[n].is_short, 1 << 28);
		cr_assert(one.w.out.fault, "%s: reaches too far", rows[n].text);
	}
}

/* No immediate of a program stands in its code when they are hidden, neither whole nor in halves. */
Test(jit_arm64, hidden_immediates)
{
	static const enum insn_op ops[] = {INSN_MOV64_K, INSN_MOV32_K,  INSN_ADD64_K, INSN_AND32_K, INSN_XOR64_K,
					   INSN_MUL32_K, INSN_DIV64_K,  INSN_ST32,    INSN_ST64,    INSN_JEQ64_K,
					   INSN_JGT32_K, INSN_JSET64_K, INSN_LD_IMM64};
	const int32_t imm = 0x5e6f7c3d;
	static struct one one;

	for (size_t n = 0; n < ARRAY_SIZE(ops); n++) {
		for (int blind = 0; blind < 2; blind++) {
			bool seen = false;

			one_start(&one, (struct insn){.op = (uint8_t)ops[n], .dst = 1, .imm = imm, .imm64 = imm});
			if (insn_info[ops[n]].cls == INSN_CLASS_JMP)
				one.insns[0].imm = 1;
			one.prog.blind = blind ? 0x123456789 : 0;
			cr_assert_eq(one_emit(&one), 0);
			cr_assert(!one.w.out.fault, "%s", insn_info[ops[n]].text);
			for (size_t at = 0; at < one.w.out.at; at += 4) {
				uint32_t word;

				memcpy(&word, one.image + at, 4);
				/* movz, movn and movk */
				if ((word & 0x1f800000) == 0x12800000)
					seen |= (word >> 5 & 0xffff) == (imm & 0xffff) ||
						(word >> 5 & 0xffff) == (uint32_t)imm >> 16;
			}
			cr_assert_eq(seen, !blind, "%s", insn_info[ops[n]].text);
		}
	}
}

/* A jump over more than a mebibyte of arm64's code, forward and then back. */
Test(jit_arm64, far_branches_end_to_end, .disabled = !RUN_HAS_JIT)
{
	const uint32_t body = 270000, count = body + 5;
	struct insn *insns = calloc(count, sizeof(*insns));
	size_t bytes = (size_t)64 << 20;
	struct exec_prog prog = {.insns = insns, .count = count, .plain_memory = true};
	struct arena arena;
	void *memory = aligned_alloc(64, bytes);
	struct run run = {0};
	struct jit jit;
	uint32_t at;

	cr_assert(insns && memory);
	memset(memory, 0, bytes);
	arena_init(&arena, memory, bytes);
	/* R0 = 1; the first time over the body: R1 is 0; from its end back to it, once; R0 counts. */
	insns[0] = (struct insn){.op = INSN_MOV64_K, .imm = 1, .imm64 = 1};
	insns[1] = (struct insn){.op = INSN_JEQ64_K, .dst = 1, .imm = (int32_t)body + 2};
	for (uint32_t n = 0; n < body; n++)
		insns[2 + n] = (struct insn){.op = INSN_ADD64_K, .imm = 1, .imm64 = 1};
	insns[body + 2] = (struct insn){.op = INSN_ADD64_K, .dst = 1, .imm = 1, .imm64 = 1};
	insns[body + 3] = (struct insn){.op = INSN_JLE64_K, .dst = 1, .imm = 2, .imm64 = 1};
	insns[body + 4] = (struct insn){.op = INSN_EXIT};
	cr_assert_eq(jit_compile(&prog, &arena, &rig_platform, NULL, &jit, &at), 0, "instruction %u", at);
	cr_assert_eq(run_watched(&jit, NULL, &run, 0, "far branches"), 1 + body);
	run_free(&jit);
	free(memory);
	free(insns);
}
