/* SPDX-License-Identifier: BSD-2-Clause */
/* What broke other verifiers, where it is no row of another test here. */
#include "verify_bench.h"

#define W_JSGT32(dst, imm, to) W(0x66, dst, 0, to, imm)
#define W_JSGE32(dst, imm, to) W(0x76, dst, 0, to, imm)
#define W_JSLT32(dst, imm, to) W(0xc6, dst, 0, to, imm)
#define LEAST32                ((int32_t)0x80000000)

/* clang-format off */
static const struct verify_row rows[] = {
	/* there are no such objects */
	{"CVE-2023-39191: dynptr_from_mem", PROG(W_CALL(197), W_RETURN), BAD(HELPER, 0, "no helper 197")},
	{"CVE-2023-39191: ringbuf_reserve_dynptr", PROG(W_CALL(198), W_RETURN), BAD(HELPER, 0, "no helper 198")},
	{"CVE-2023-39191: dynptr_read", PROG(W_CALL(201), W_RETURN), BAD(HELPER, 0, "no helper 201")},
	{"CVE-2023-39191: dynptr_write", PROG(W_CALL(202), W_RETURN), BAD(HELPER, 0, "no helper 202")},
	{"CVE-2023-39191: dynptr_data", PROG(W_CALL(203), W_RETURN), BAD(HELPER, 0, "no helper 203")},

	/* what a helper returns */
	{"dpdk-4715bb1623: a value is no number", PROG(W_LOOKUP, W_MOVR(6, 0), W_AND(6, 7), W_RETURN), BAD(NULL, 7, "can be null")},
	{"dpdk-4715bb1623: a value, not null, is no number", PROG(W_LOOKUP, W_JEQ(0, 0, 2), W_MOVR(6, 0), W(0x27, 6, 0, 0, 3), W_RETURN), BAD(POINTER, 8, "R6 is a pointer into a map value")},
	{"dpdk-4715bb1623: a number is no value", PROG(W_CALL(5), W_LDX8(0, 0, 0), W_EXIT), BAD(POINTER, 1, "R0 is a number")},
	{"dpdk-4715bb1623: a number is not limited", PROG(W_LOOKUP, W_JEQ(0, 0, 5), W_MOVR(6, 0), W_CALL(5), W_ADDR(6, 0), W_LDX8(0, 6, 0), W_EXIT, W_RETURN), BAD(POINTER, 9, "no limit below")},

	/* signed comparisons of low halves */
	{"prevail-1038: above the greatest", PROG(W_CALL(7), W_JSGT32(0, 0x7fffffff, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT)},
	{"prevail-1038: below the least", PROG(W_CALL(7), W_JSLT32(0, LEAST32, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT)},
	{"prevail-1038: from the least on", PROG(W_CALL(7), W_JSGE32(0, LEAST32, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"prevail-1038: the greatest itself", PROG(W_CALL(7), W_JSGE32(0, 0x7fffffff, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT), BAD(UNINIT, 4, "R9")},
	{"prevail-1038: the least itself", PROG(W_CALL(7), W_JSGT32(0, LEAST32, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 2, "R9")},
	{"prevail-1038: the greatest of 64 bits is -1 in 32", PROG(W_LD64(1, INT64_MAX), W_JSLT32(1, 0, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"prevail-1038: the least of 64 bits is 0 in 32", PROG(W_LD64(1, INT64_MIN), W_JSLT32(1, 0, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT)},
	{"prevail-1038: the two greatest of 64 bits", PROG(W_CALL(7), W_AND(0, 1), W_LD64(1, INT64_MAX - 1), W_ADDR(1, 0), W_JSGT32(1, -1, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT)},
	{"prevail-1038: the least of 64 bits and the one before", PROG(W_CALL(7), W_AND(0, 1), W_LD64(1, INT64_MAX), W_ADDR(1, 0), W_JSLT32(1, 0, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT), BAD(UNINIT, 8, "R9")},
	{"prevail-1038: says nothing of the upper half", PROG(W_LOOKUP, W_JEQ(0, 0, 5), W_LDX64(1, 0, 0), W_JSGT32(1, 7, 3), W_JSLT32(1, 0, 2), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_RETURN), BAD(POINTER, 10, "no limit below")},
};
/* clang-format on */

Test(past_bugs, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static bool same_result(const struct verify_result *a, const struct verify_result *b)
{
	return a->error == b->error && a->error_insn == b->error_insn && a->visited == b->visited &&
	       a->states == b->states && a->peak_bytes == b->peak_bytes && a->actions == b->actions &&
	       a->log_bytes == b->log_bytes && a->frames == b->frames && a->writes == b->writes &&
	       a->zero_stack == b->zero_stack;
}

/* dpdk-3eef64655b: whatever its memory held before, the verifier goes the same way, step by step. */
Test(past_bugs, dpdk_3eef64655b)
{
	static const struct verify_row shapes[] = {
		{"moves", PROG(W_MOV(1, 1), W_MOVR(2, 1), W_MOV32R(3, 2), W(0xbf, 4, 3, 8, 0), W_MOVR(0, 4), W_EXIT)},
		{"spills", PROG(W_CALL(7), W_STX64(10, 0, -8), W_STX32(10, 0, -16), W_LDX64(1, 10, -8),
				W_LDX32(2, 10, -16), W_MOV(0, 0), W_JGTR(1, 2, 1), W_MOV(0, 1), W_EXIT)},
		{"paths", PROG(W_CALL(7), W_MOV(6, 1), W_JGT(0, 9, 1), W_MOV(6, 2), W_MOV(1, 0), W_MOV(2, 0),
			       W_MOV(3, 0), W_MOV(4, 0), W_ADD(1, 1), W_JLT(1, 20, -2), W_MOVR(0, 6), W_EXIT)},
		{"functions", PROG(W_MOV(1, 3), W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_MOVR(0, 6), W_EXIT)},
		{"values", PROG(W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(1, 0, 8), W_RETURN)},
		{"packet", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_LDX16(0, 2, 12), W_RETURN)},
		{"refused", PROG(W_PACKET, W_LDX8(0, 2, 0), W_EXIT)},
	};
	static const uint8_t fills[] = {0, 0xff, 0xa5, 1};
	const size_t bytes = (size_t)4 << 20;
	uint8_t *memory = aligned_alloc(64, bytes);
	static char log[sizeof(((struct bench *)0)->log)];
	struct verify_result first = {0}, result;
	struct arena arena;
	struct bench b;

	bench_init(&b);
	b.args.log_level = 2;
	b.args.arena = &arena;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (size_t f = 0; f < sizeof(fills); f++) {
			memset(memory, fills[f], bytes);
			arena_init(&arena, memory, bytes);
			bench_verify_keep(&b, shapes[i].words, shapes[i].count, 10, &result);
			if (!f) {
				first = result;
				memcpy(log, b.log, sizeof(log));
			}
			cr_assert(same_result(&first, &result), "%s, 0x%02x", shapes[i].id, fills[f]);
			cr_assert_str_eq(log, b.log, "%s, 0x%02x", shapes[i].id, fills[f]);
		}
	}
	free(memory);
	free(b.memory);
}
