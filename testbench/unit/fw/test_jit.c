// SPDX-License-Identifier: BSD-2-Clause
/* The JIT as a whole: frames, branches, calls, the context, what it refuses, and the same results as the interpreter.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "helper.h"
#include "jit_run.h"

TestSuite(jit, .disabled = !RUN_HAS_JIT);

/* Bugs that others had, as programs with one right answer. R0 starts as 0, R1 as the address of 64 zero bytes. */

#define BUG_MAX_INSNS 8

static const struct {
	const char *id;
	uint64_t r0;
	struct insn insns[BUG_MAX_INSNS];
} bugs[] = {
#define K(name, reg, value)                                                                                            \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .imm = value, .imm64 = value                                            \
	}
#define X(name, reg, from)                                                                                             \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .src = from                                                             \
	}
#define M(name, reg, from, where)                                                                                      \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .src = from, .off = where                                               \
	}
#define LD(reg, value)                                                                                                 \
	{.op = INSN_LD_IMM64, .dst = reg, .imm64 = (int64_t)(value)},                                                  \
	{                                                                                                              \
		.op = INSN_LD_SLOT2                                                                                    \
	}
#define JK(name, reg, value, to)                                                                                       \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .imm = to, .imm64 = value                                               \
	}
#define EXIT                                                                                                           \
	{                                                                                                              \
		.op = INSN_EXIT                                                                                        \
	}
	{"rbpf-88: 9 / 0 in high registers",
	 0,
	 {K(MOV64_K, 8, 9), K(MOV64_K, 9, 0), X(DIV64_X, 8, 9), X(MOV64_X, 0, 8), EXIT}},
	{"rbpf-88: 9 % 0 in high registers",
	 9,
	 {K(MOV64_K, 8, 9), K(MOV64_K, 9, 0), X(MOD64_X, 8, 9), X(MOV64_X, 0, 8), EXIT}},
	{"rbpf-58e50aa: 21 * 5", 105, {K(MOV64_K, 0, 21), K(MOV64_K, 7, 5), X(MUL64_X, 0, 7), EXIT}},
	{"rbpf-58e50aa: 21 * imm 5", 105, {K(MOV64_K, 0, 21), K(MUL64_K, 0, 5), EXIT}},
	{"rbpf-58e50aa: 21 / imm 5", 4, {K(MOV64_K, 0, 21), K(DIV64_K, 0, 5), EXIT}},
	{"rbpf-58e50aa: 23 % imm 5", 3, {K(MOV64_K, 0, 23), K(MOD64_K, 0, 5), EXIT}},
	{"rbpf-7bebff5: 1 << 65", 2, {K(MOV64_K, 0, 1), K(MOV64_K, 2, 65), X(LSH64_X, 0, 2), EXIT}},
	{"rbpf-7bebff5: 1 << 33 in 32 bits", 2, {K(MOV64_K, 0, 1), K(MOV64_K, 2, 33), X(LSH32_X, 0, 2), EXIT}},
	{"rbpf-7bebff5: -1 >> 64", UINT64_MAX, {K(MOV64_K, 0, -1), K(MOV64_K, 2, 64), X(RSH64_X, 0, 2), EXIT}},
	{"nfp-shift: -1 >> 63", 1, {K(MOV64_K, 0, -1), K(RSH64_K, 0, 63), EXIT}},
	{"nfp-shift: -1 >> 0 in 32 bits", UINT32_MAX, {K(MOV64_K, 0, -1), K(RSH32_K, 0, 0), EXIT}},
	{"nfp-shift: -1 >> register 0 in 32 bits",
	 UINT32_MAX,
	 {K(MOV64_K, 0, -1), K(MOV64_K, 3, 0), X(RSH32_X, 0, 3), EXIT}},
	{"nfp-shift: -1 s>> 31 in 32 bits", UINT32_MAX, {K(MOV64_K, 0, -1), K(ARSH32_K, 0, 31), EXIT}},
	{"rbpf-e866963: 10 / 2^32 in 32 bits", 0, {K(MOV64_K, 0, 10), LD(2, 0x100000000), X(DIV32_X, 0, 2), EXIT}},
	{"rbpf-e866963: 10 % 2^32 in 32 bits", 10, {K(MOV64_K, 0, 10), LD(2, 0x100000000), X(MOD32_X, 0, 2), EXIT}},
	{"rbpf-e866963: upper half of x % 0", 5, {LD(0, 0x700000005), K(MOV64_K, 2, 0), X(MOD32_X, 0, 2), EXIT}},
	{"ubpf-a25446f7: fetch add with R0", 0, {K(MOV64_K, 0, 7), M(AFADD64, 1, 0, 0), EXIT}},
	{"ubpf-a25446f7: fetch or with R0", 7, {K(ST64, 1, 7), K(MOV64_K, 0, 8), M(AFOR64, 1, 0, 0), EXIT}},
	{"ubpf-a25446f7: fetch xor stores",
	 5,
	 {K(ST64, 1, 7), K(MOV64_K, 2, 2), M(AFXOR64, 1, 2, 0), M(LDX64, 0, 1, 0), EXIT}},
	{"ubpf-a25446f7: cmpxchg fails",
	 7,
	 {K(ST64, 1, 7), K(MOV64_K, 0, 8), K(MOV64_K, 2, 9), M(CMPXCHG64, 1, 2, 0), EXIT}},
	{"ubpf-a25446f7: cmpxchg32 zero-extends",
	 7,
	 {K(ST64, 1, 7), LD(0, 0x900000007), K(MOV64_K, 2, 9), M(CMPXCHG32, 1, 2, 0), EXIT}},
	{"ubpf-e8de891f: 2^31 >= imm 0x80000000",
	 0,
	 {LD(2, 0x80000000), JK(JGE64_K, 2, INT32_MIN, 4), EXIT, K(MOV64_K, 0, 1), EXIT}},
	{"ubpf-e8de891f: -2^31 >= imm 0x80000000",
	 1,
	 {K(MOV64_K, 2, INT32_MIN), JK(JGE64_K, 2, INT32_MIN, 3), EXIT, K(MOV64_K, 0, 1), EXIT}},
	{"ubpf-c22b0041: lddw 0x80000000", 0x80000000, {LD(0, 0x80000000), EXIT}},
	{"CVE-2024-53125: add in 32 bits", 0, {LD(0, 0xffffffff), K(ADD32_K, 0, 1), EXIT}},
	{"CVE-2024-53125: move in 32 bits", 3, {LD(0, 0x500000003), X(MOV32_X, 0, 0), EXIT}},
	{"CVE-2024-53125: and with a negative mask", 0xf0, {LD(0, 0x5000000f3), K(AND32_K, 0, -4), EXIT}},
#undef K
#undef X
#undef M
#undef LD
#undef JK
#undef EXIT
};

Test(jit, bugs_of_others)
{
	static struct asmr a;

	for (size_t n = 0; n < ARRAY_SIZE(bugs); n++) {
		uint64_t mem[8] = {0};
		uint64_t r0;

		asmr_start(&a, true);
		asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 0);
		for (size_t i = 0; i < BUG_MAX_INSNS; i++) {
			a.insns[a.count] = bugs[n].insns[i];
			if (insn_info[a.insns[a.count].op].cls == INSN_CLASS_JMP)
				a.insns[a.count].imm++;
			a.count++;
			if (bugs[n].insns[i].op == INSN_EXIT &&
			    (i + 1 == BUG_MAX_INSNS || bugs[n].insns[i + 1].op != INSN_MOV64_K))
				break;
		}
		r0 = run_once(&a, mem, sizeof(mem), bugs[n].id);
		cr_assert_eq(r0, bugs[n].r0, "%s: R0 is %#llx, expected %#llx", bugs[n].id, (unsigned long long)r0,
			     (unsigned long long)bugs[n].r0);
	}
}

/* R1 and R2 of a program on plain memory. */
Test(jit, memory_arguments)
{
	static struct asmr a;
	uint64_t mem[2];

	asmr_start(&a, true);
	asmr_add(&a, INSN_MOV64_X, 0, 1, 0, 0);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	cr_assert_eq(run_once(&a, mem, sizeof(mem), "R1"), (uintptr_t)mem);
	asmr_start(&a, true);
	asmr_add(&a, INSN_MOV64_X, 0, 2, 0, 0);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	cr_assert_eq(run_once(&a, mem, sizeof(mem), "R2"), sizeof(mem));
}

/* ubpf-8be50595: whatever the frame saves, it gives back; run_watched() looks. */
Test(jit, frames_ubpf_8be50595)
{
	static struct asmr a;

	for (unsigned int mask = 0; mask < 64; mask++) {
		char what[32];
		uint32_t call = 0;

		snprintf(what, sizeof(what), "frame %#x", mask);
		asmr_start(&a, true);
		for (unsigned int n = 0; n < 4; n++)
			if (mask & 1u << n)
				asmr_add(&a, INSN_MOV64_K, 6 + n, 0, 0, (int32_t)n);
		if (mask & 16)
			asmr_add(&a, INSN_ST64, 10, 0, -512, -1);
		if (mask & 32)
			call = asmr_add(&a, INSN_CALL_LOCAL, 0, 1, 0, 0);
		asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 42);
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		if (mask & 32) {
			a.insns[call].imm = (int32_t)a.count;
			asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 1);
			asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		}
		cr_assert_eq(run_once(&a, NULL, 0, what), 42, "%s", what);
	}
}

/* Branches */

/* count additions and odd moves; on x86-64 3 and 2 bytes each. */
static void filler(struct asmr *a, uint32_t count, uint32_t odd)
{
	for (uint32_t n = 0; n < count; n++)
		asmr_add(a, INSN_ADD32_K, 0, 0, 0, 1);
	for (uint32_t n = 0; n < odd; n++)
		asmr_add(a, INSN_MOV64_K, 2, 0, 0, 0);
}

/* A jump over the filler, or a loop of three turns around it. */
static uint64_t chain(uint32_t count, uint32_t odd, bool backward)
{
	static struct asmr a;
	uint32_t slot;

	asmr_start(&a, true);
	asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 0);
	asmr_add(&a, INSN_MOV64_K, 3, 0, 0, 3);
	if (backward) {
		slot = a.count;
		filler(&a, count, odd);
		asmr_add(&a, INSN_ADD64_K, 3, 0, 0, -1);
		asmr_jmp(&a, INSN_JNE64_K, 3, 0, 0, slot);
	} else {
		slot = asmr_jmp(&a, INSN_JEQ64_K, 3, 0, 3, 0);
		filler(&a, count, odd);
		a.insns[slot].imm = (int32_t)a.count;
		asmr_add(&a, INSN_ADD64_K, 0, 0, 0, 7);
	}
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	return run_once(&a, NULL, 0, "chain");
}

Test(jit, branch_distances)
{
	/* All distances near 127 and 128, then far ones. */
	for (uint32_t count = 0; count < 60; count++) {
		for (uint32_t odd = 0; odd < 3; odd++) {
			cr_assert_eq(chain(count, odd, false), 7, "forward over %u and %u", count, odd);
			cr_assert_eq(chain(count, odd, true), 3 * count, "backward over %u and %u", count, odd);
		}
	}
	cr_assert_eq(chain(3000, 0, false), 7);
	cr_assert_eq(chain(3000, 0, true), 9000);
}

/* Each jump's length depends on others' lengths: a ladder where shortening one brings the next within reach. */
Test(jit, branches_that_depend_on_each_other)
{
	static struct asmr a;

	for (uint32_t span = 30; span < 66; span++) {
		char what[32];

		snprintf(what, sizeof(what), "span %u", span);
		asmr_start(&a, true);
		asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 0);
		for (uint32_t n = 0; n < 400; n++)
			asmr_jmp(&a, INSN_JNE64_K, 0, 0, 0, MIN(a.count + span, 401u));
		asmr_add(&a, INSN_ADD64_K, 0, 0, 0, 9);
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		cr_assert_eq(run_once(&a, NULL, 0, what), 9, "%s", what);
	}
}

/* rbpf-e312815: a program of several pages of machine code. */
Test(jit, larger_than_a_page_rbpf_e312815)
{
	static struct asmr a;
	struct jit jit;
	uint32_t at;

	asmr_start(&a, true);
	asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 0);
	for (uint32_t n = 0; n < 4000; n++)
		asmr_add(&a, INSN_ADD64_K, 0, 0, 0, 1000);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	cr_assert_eq(run_compile(&a, &jit, &at), 0);
	cr_assert_gt(jit.bytes, 3 * 4096);
	cr_assert_leq(jit.bytes, jit.code.bytes);
#if defined(__x86_64__)
	cr_assert_eq(jit.bytes, 3 + 2 + 4000 * 6 + 1, "R2, xor, additions, ret: %zu", jit.bytes);
	for (size_t n = jit.bytes; n < jit.code.bytes; n++)
		cr_assert_eq(jit.code.exec[n], 0xcc, "byte %zu behind the code", n);
#elif defined(__aarch64__)
	cr_assert_eq(jit.bytes, 4 * (2 + 4000 + 2), "R2, move, additions, result, ret: %zu", jit.bytes);
	for (size_t n = jit.bytes; n < jit.code.bytes; n++)
		cr_assert_eq(jit.code.exec[n], "\x00\x00\x20\xd4"[n % 4], "byte %zu behind the code: brk", n);
#endif
	run_free(&jit);
	cr_assert_eq(run_once(&a, NULL, 0, "4000 additions"), 4000000);
}

/* A program that ends without EXIT, and jumps of length 0. */
Test(jit, jumps_to_the_next)
{
	static struct asmr a;

	asmr_start(&a, true);
	asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 5);
	asmr_add(&a, INSN_JA, 0, 0, 0, 2);
	asmr_add(&a, INSN_JA32, 0, 0, 0, 3);
	asmr_jmp(&a, INSN_JEQ64_K, 0, 0, 5, 4);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	cr_assert_eq(run_once(&a, NULL, 0, "jumps to the next"), 5);
}

/* Local calls */

/* Each function doubles what the next returns, uses all of R6 to R9 and its own stack. */
Test(jit, local_calls_to_full_depth)
{
	static struct asmr a;
	uint32_t call = 0;

	asmr_start(&a, true);
	for (unsigned int depth = 0; depth < EXEC_CALL_DEPTH; depth++) {
		if (depth)
			a.insns[call].imm = (int32_t)a.count;
		for (unsigned int r = 6; r < 10; r++)
			asmr_add(&a, INSN_MOV64_K, r, 0, 0, (int32_t)(100 * depth + r));
		asmr_add(&a, INSN_ST64, 10, 0, -512, (int32_t)depth);
		asmr_add(&a, INSN_ST64, 10, 0, -8, (int32_t)depth);
		if (depth + 1 < EXEC_CALL_DEPTH)
			call = asmr_add(&a, INSN_CALL_LOCAL, 0, 1, 0, 0);
		else
			asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 1);
		asmr_add(&a, INSN_ADD64_X, 0, 0, 0, 0);
		/* Whatever was not preserved shows in the upper bits. */
		for (unsigned int r = 6; r < 10; r++) {
			asmr_jmp(&a, INSN_JEQ64_K, r, 0, (int32_t)(100 * depth + r), a.count + 2);
			asmr_add(&a, INSN_OR64_K, 0, 0, 0, (int32_t)(1u << (16 + r)));
		}
		asmr_add(&a, INSN_LDX64, 1, 10, -512, 0);
		asmr_add(&a, INSN_LDX64, 2, 10, -8, 0);
		asmr_jmp(&a, INSN_JEQ64_K, 1, 0, (int32_t)depth, a.count + 2);
		asmr_add(&a, INSN_OR64_K, 0, 0, 0, 1 << 28);
		asmr_jmp(&a, INSN_JEQ64_K, 2, 0, (int32_t)depth, a.count + 2);
		asmr_add(&a, INSN_OR64_K, 0, 0, 0, 1 << 29);
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	}
	cr_assert_eq(run_once(&a, NULL, 0, "eight functions"), 1 << EXEC_CALL_DEPTH);
}

/* Function frames lie apart: a callee's R10 is 512 bytes or more below its caller's. */
Test(jit, local_call_frame_pointer)
{
	static struct asmr a;
	uint64_t r0;

	asmr_start(&a, true);
	asmr_add(&a, INSN_CALL_LOCAL, 0, 1, 0, 3);
	asmr_add(&a, INSN_ADD64_X, 0, 10, 0, 0);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	asmr_add(&a, INSN_MOV64_X, 0, 10, 0, 0);
	asmr_add(&a, INSN_NEG64, 0, 0, 0, 0);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	r0 = run_once(&a, NULL, 0, "frame pointers");
	cr_assert_geq(r0, EXEC_STACK_BYTES);
	cr_assert_lt(r0, 2 * EXEC_STACK_BYTES);
	cr_assert_eq(r0 % 8, 0);
}

/* Code may fall or jump into a function without calling it, and slot 0 may be called. */
Test(jit, functions_entered_without_call)
{
	static struct asmr a;

	asmr_start(&a, true);
	asmr_add(&a, INSN_MOV64_K, 6, 0, 0, 1);
	asmr_add(&a, INSN_CALL_LOCAL, 0, 1, 0, 2);
	asmr_add(&a, INSN_MOV64_K, 7, 0, 0, 2);
	asmr_add(&a, INSN_MOV64_X, 0, 6, 0, 0);
	asmr_add(&a, INSN_ADD64_X, 0, 7, 0, 0);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	cr_assert_eq(run_once(&a, NULL, 0, "fall into a function"), 3);

	asmr_start(&a, true);
	asmr_jmp(&a, INSN_JEQ64_K, 2, 0, 64, 4);
	asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 11);
	asmr_add(&a, INSN_ST64, 10, 0, -8, 1);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	asmr_add(&a, INSN_MOV64_K, 2, 0, 0, 0);
	asmr_add(&a, INSN_CALL_LOCAL, 0, 1, 0, 0);
	asmr_add(&a, INSN_ADD64_K, 0, 0, 0, 1);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	cr_assert_eq(run_once(&a, (uint64_t[8]){0}, 64, "slot 0 called"), 12);
}

/* Helpers */

static uint64_t map_saw[3];

/* Stands in for a map: notes what it was given and ruins all registers that a function may ruin. */
static void *spy_lookup(struct map *map, const void *key, uint32_t queue)
{
	map_saw[0] = (uintptr_t)map;
	map_saw[1] = (uintptr_t)key;
	map_saw[2] = queue;
#if defined(__x86_64__)
	uint64_t slot[2] __attribute__((aligned(16))) = {0};

	/* Faults when the caller left the stack misaligned, since the compiler trusts the ABI for slot. */
	asm volatile("movaps %0, %%xmm0\n"
		     "mov $-1, %%rax\n"
		     "mov %%rax, %%rcx\n"
		     "mov %%rax, %%rdx\n"
		     "mov %%rax, %%rsi\n"
		     "mov %%rax, %%rdi\n"
		     "mov %%rax, %%r8\n"
		     "mov %%rax, %%r9\n"
		     "mov %%rax, %%r10\n"
		     "mov %%rax, %%r11\n"
		     :
		     : "m"(slot)
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "memory");
#elif defined(__aarch64__)
	uint64_t sp;

	asm volatile("mov %0, sp" : "=r"(sp));
	cr_assert_eq(sp % 16, 0, "stack pointer %#llx", (unsigned long long)sp);
	asm volatile("mov x0, #-1\n"
		     "mov x1, x0\n"
		     "mov x2, x0\n"
		     "mov x3, x0\n"
		     "mov x4, x0\n"
		     "mov x5, x0\n"
		     "mov x6, x0\n"
		     "mov x7, x0\n"
		     "mov x8, x0\n"
		     "mov x9, x0\n"
		     "mov x10, x0\n"
		     "mov x11, x0\n"
		     "mov x12, x0\n"
		     "mov x13, x0\n"
		     "mov x14, x0\n"
		     "mov x15, x0\n"
		     "mov x16, x0\n"
		     "mov x17, x0\n"
		     :
		     :
		     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
		       "x15", "x16", "x17", "memory");
#endif
	return (void *)(uintptr_t)0x1234567890;
}

static const struct map_ops spy_ops = {.lookup = spy_lookup};

/* A program that calls the spy from main or from a function, with some registers saved: R0 is the result + mask. */
static void call_program(struct asmr *a, unsigned int mask, const struct map *spy)
{
	asmr_start(a, true);
	if (mask & 32) {
		asmr_add(a, INSN_CALL_LOCAL, 0, 1, 0, 2);
		asmr_add(a, INSN_EXIT, 0, 0, 0, 0);
	}
	asmr_add(a, INSN_MOV64_X, 2, 1, 0, 0);
	for (unsigned int n = 0; n < 4; n++)
		if (mask & 1u << n)
			asmr_add(a, INSN_MOV64_K, 6 + n, 0, 0, 1 << n);
	if (mask & 16)
		asmr_add(a, INSN_ST64, 10, 0, -8, 1 << 4);
	asmr_imm64(a, INSN_LD_MAP, 1, (uintptr_t)spy);
	asmr_add(a, INSN_CALL, 0, 0, 0, 1);
	for (unsigned int n = 0; n < 4; n++)
		if (mask & 1u << n)
			asmr_add(a, INSN_ADD64_X, 0, 6 + n, 0, 0);
	if (mask & 16) {
		asmr_add(a, INSN_LDX64, 1, 10, -8, 0);
		asmr_add(a, INSN_ADD64_X, 0, 1, 0, 0);
	}
	asmr_add(a, INSN_EXIT, 0, 0, 0, 0);
}

/* All such programs: arguments, alignment, result. Returns the bytes of code. */
static size_t all_calls(void)
{
	static struct asmr a;
	struct map spy = {.ops = &spy_ops};
	size_t bytes = 0;

	for (unsigned int mask = 0; mask < 64; mask++) {
		struct run run = {.queue = 7};
		struct jit jit;
		char what[32];
		uint32_t at;
		uint64_t r0;

		snprintf(what, sizeof(what), "frame %#x", mask);
		call_program(&a, mask, &spy);
		memset(map_saw, 0, sizeof(map_saw));
		cr_assert_eq(run_compile(&a, &jit, &at), 0, "%s", what);
		r0 = run_watched(&jit, &a, &run, 0, what);
		bytes += jit.bytes;
		run_free(&jit);
		cr_assert_eq(r0, 0x1234567890 + (mask & 31), "%s: R0 is %#llx", what, (unsigned long long)r0);
		cr_assert_eq(map_saw[0], (uintptr_t)&spy, "%s: R1", what);
		cr_assert_eq(map_saw[1], (uintptr_t)&a, "%s: R2", what);
		cr_assert_eq(map_saw[2], 7, "%s: the run", what);
	}
	return bytes;
}

/* Bytes that a relative call reaches. */
#if defined(__aarch64__)
#define NEAR ((int64_t)1 << 27)
#else
#define NEAR ((int64_t)1 << 31)
#endif

static bool is_near(const struct fw_code *code)
{
	int64_t distance = (int64_t)((uintptr_t)code->exec - (uintptr_t)helper_of(1)->fn);

	return distance > -NEAR && distance < NEAR;
}

/* Calls by relative address; and by absolute address, when the memory near the helpers is taken. */
Test(jit, helper_calls)
{
	size_t near = all_calls();
	struct fw_code taken[200];
	size_t count = 0;

	do
		cr_assert_eq(rig_platform.code_alloc(NULL, 1, &taken[count]), 0);
	while (is_near(&taken[count++]) && count < ARRAY_SIZE(taken));
	if (!is_near(&taken[count - 1]) && count > 1)
		cr_assert_gt(all_calls(), near, "absolute calls are longer");
	else
		cr_assert_gt(all_calls(), 0);
	while (count)
		rig_platform.code_free(NULL, &taken[--count]);
}

/* The context */

static struct fw_frame frame_of(uint8_t *bytes)
{
	return (struct fw_frame){.data = bytes + 256,
				 .data_end = bytes + 256 + 60,
				 .data_meta = bytes + 256 - 4,
				 .ingress_ifindex = 0x80000003,
				 .rx_queue_index = 2};
}

Test(jit, context_loads)
{
	static struct asmr a;
	uint8_t bytes[512];
	struct fw_frame frame = frame_of(bytes);
	const uint64_t want[] = {(uintptr_t)frame.data, (uintptr_t)frame.data_end, (uintptr_t)frame.data_meta,
				 0x80000003, 2};

	for (int16_t off = -4; off <= 24; off++) {
		for (unsigned int base = 1; base < 10; base++) {
			bool good = off >= 0 && off % 4 == 0 && off <= 16;
			struct run run = {.frame = &frame, .num_queues = 3};
			struct jit jit;
			uint32_t at;
			int rc;

			asmr_start(&a, false);
			asmr_add(&a, INSN_MOV64_X, base, 1, 0, 0);
			a.access[asmr_add(&a, INSN_LDX32, 0, base, off, 0)] = EXEC_ACCESS_CTX;
			asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
			rc = run_compile(&a, &jit, &at);
			cr_assert_eq(rc, good ? 0 : -ENOTSUP, "offset %d: %d", off, rc);
			if (!good) {
				cr_assert_eq(at, 1, "offset %d", off);
				continue;
			}
			cr_assert_eq(run_watched(&jit, &frame, &run, 0, "context"), want[off / 4], "offset %d", off);
			run_free(&jit);
		}
	}
}

/* Wrong width or sign: nothing that a verified program has. */
Test(jit, context_accesses_refused)
{
	static const enum insn_op ops[] = {INSN_LDX8, INSN_LDX16, INSN_LDX64, INSN_LDSX32, INSN_ST8,
					   INSN_ST64, INSN_STX16, INSN_STX64, INSN_AADD32};
	static struct asmr a;

	for (size_t n = 0; n < ARRAY_SIZE(ops); n++) {
		struct jit jit;
		uint32_t at;

		asmr_start(&a, false);
		asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 0);
		a.access[asmr_add(&a, ops[n], 1, 1, 16, 0)] = EXEC_ACCESS_CTX;
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		cr_assert_eq(run_compile(&a, &jit, &at), -ENOTSUP, "%s", insn_info[ops[n]].text);
		cr_assert_eq(at, 1, "%s", insn_info[ops[n]].text);
		cr_assert_null(jit.code.exec);
	}
}

/* A store selects a queue below num_queues; others are ignored and noted. */
Test(jit, context_selects_queue)
{
	static const struct {
		uint64_t value;
		uint32_t num_queues;
		bool good;
	} rows[] = {
		{0, 1, true},           {1, 1, false},
		{3, 4, true},           {4, 4, false},
		{0x7fffffff, 4, false}, {0xffffffff, 4, false},
		{0x100000003, 4, true}, {0xffffffff80000000, 65535, false},
		{65534, 65535, true},   {127, 128, true},
		{128, 128, false},
	};
	static struct asmr a;

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		for (unsigned int src = 0; src < 11; src++) {
			bool is_imm = src == 10;
			uint8_t bytes[512];
			struct fw_frame frame = frame_of(bytes);
			struct run run = {.frame = &frame, .num_queues = rows[n].num_queues};
			unsigned int base = src == 1 ? 2 : 1;
			struct jit jit;
			uint32_t at;

			frame.rx_queue_index = 77;
			asmr_start(&a, false);
			asmr_add(&a, INSN_MOV64_X, base, 1, 0, 0);
			if (!is_imm)
				asmr_imm64(&a, INSN_LD_IMM64, src, rows[n].value);
			a.access[asmr_add(&a, is_imm ? INSN_ST32 : INSN_STX32, base, is_imm ? 0 : src, 16,
					  (int32_t)rows[n].value)] = EXEC_ACCESS_CTX;
			asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 2);
			asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
			cr_assert_eq(run_compile(&a, &jit, &at), 0);
			cr_assert_eq(run_watched(&jit, &frame, &run, 0, "queue"), 2);
			run_free(&jit);
			cr_assert_eq(frame.rx_queue_index, rows[n].good ? (uint32_t)rows[n].value : 77,
				     "row %zu src %u", n, src);
			cr_assert_eq(frame.bad_queue, !rows[n].good, "row %zu src %u", n, src);
			cr_assert_eq(frame.ingress_ifindex, 0x80000003);
			cr_assert_eq(frame.changed, false);
		}
	}
}

/* What it refuses */

static void refused(const struct asmr *a, int want, uint32_t want_at, const char *what)
{
	struct jit jit;
	uint32_t at = UINT32_MAX;
	int rc = run_compile(a, &jit, &at);

	cr_assert_eq(rc, want, "%s: %d", what, rc);
	cr_assert_eq(at, want_at, "%s: instruction %u", what, at);
	cr_assert(!jit.code.exec && !jit.fn && !jit.bytes, "%s", what);
	run_free(&jit);
}

Test(jit, refuses_what_no_decoder_makes)
{
	static const struct {
		const char *what;
		struct insn insn;
		int rc;
	} rows[] = {
		{"unknown operation", {.op = INSN_OPS}, -EINVAL},
		{"destination R11", {.op = INSN_MOV64_X, .dst = 11}, -EINVAL},
		{"source R255", {.op = INSN_MOV64_X, .src = 255}, -EINVAL},
		{"write to R10", {.op = INSN_MOV64_X, .dst = 10}, -EINVAL},
		{"load to R10", {.op = INSN_LDX64, .dst = 10, .src = 1}, -EINVAL},
		{"fetch to R10", {.op = INSN_XCHG64, .dst = 1, .src = 10}, -EINVAL},
		{"jump out", {.op = INSN_JA, .imm = 5}, -EINVAL},
		{"jump to -1", {.op = INSN_JEQ64_K, .imm = -1}, -EINVAL},
		{"jump into a pair", {.op = INSN_JA32, .imm = 4}, -EINVAL},
		{"call into a pair", {.op = INSN_CALL_LOCAL, .src = 1, .imm = 4}, -EINVAL},
		{"half a pair", {.op = INSN_LD_IMM64}, -EINVAL},
		{"other half", {.op = INSN_LD_SLOT2}, -EINVAL},
		{"unknown helper", {.op = INSN_CALL, .imm = 200}, -ENOTSUP},
		{"helper -1", {.op = INSN_CALL, .imm = -1}, -ENOTSUP},
	};
	static struct asmr a;

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		asmr_start(&a, true);
		asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 0);
		a.insns[a.count++] = rows[n].insn;
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		asmr_imm64(&a, INSN_LD_IMM64, 0, 0);
		refused(&a, rows[n].rc, 1, rows[n].what);
	}
	asmr_start(&a, true);
	refused(&a, -EINVAL, JIT_NO_INSN, "no instruction");
}

/* What CO-RE makes of a call that a guard keeps from being made, and the verifier finds never to be. */
Test(jit, compiles_unknown_helpers_that_are_never_called)
{
	static const int32_t ids[] = {0xbad2310, 200, -1};
	static struct asmr a;
	uint8_t bytes[512];
	struct fw_frame frame = frame_of(bytes);

	for (size_t n = 0; n < ARRAY_SIZE(ids); n++) {
		struct run run = {.frame = &frame, .num_queues = 3};
		struct jit jit;
		uint32_t at;

		asmr_start(&a, false);
		asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 2);
		asmr_add(&a, INSN_JEQ64_K, 0, 0, 0, 3);
		a.insns[1].imm64 = 2;
		asmr_add(&a, INSN_CALL, 0, 0, 0, ids[n]);
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		cr_assert_eq(run_compile(&a, &jit, &at), 0, "helper %d: instruction %u", ids[n], at);
		cr_assert_eq(run_watched(&jit, &frame, &run, 0, "a helper that is not called"), 2);
		run_free(&jit);
	}
}

/* Without the verifier's word a load may be the context's: not to be compiled as one of memory. */
Test(jit, refuses_unverified_context_programs)
{
	const struct insn insns[] = {{.op = INSN_MOV64_K}, {.op = INSN_EXIT}};
	const struct exec_prog prog = {.insns = insns, .count = 2};
	struct jit jit;
	uint32_t at;

	cr_assert_eq(jit_compile(&prog, run_scratch(), &rig_platform, NULL, &jit, &at), -EINVAL);
}

/* Failures of the platform: everything is given back. */

struct faulty {
	int alloc_rc, seal_rc;
	size_t short_by; /* bytes less than were asked for */
	int live;
};

static int faulty_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	struct faulty *f = ctx;
	int rc = f->alloc_rc ? f->alloc_rc : rig_platform.code_alloc(NULL, bytes, code);

	if (rc)
		return rc;
	f->live++;
	if (f->short_by)
		code->bytes = bytes - f->short_by;
	return 0;
}

static int faulty_seal(void *ctx, struct fw_code *code)
{
	struct faulty *f = ctx;

	return f->seal_rc ? f->seal_rc : rig_platform.code_seal(NULL, code);
}

static void faulty_free(void *ctx, struct fw_code *code)
{
	struct faulty *f = ctx;

	f->live--;
	code->bytes = ALIGN_UP(code->bytes, 4096);
	rig_platform.code_free(NULL, code);
}

static const struct fw_platform faulty_platform = {
	.code_alloc = faulty_alloc, .code_seal = faulty_seal, .code_free = faulty_free};

Test(jit, gives_back_on_failure)
{
	static const struct {
		const char *what;
		struct faulty faulty;
		size_t arena_bytes;
		int rc;
	} rows[] = {
		{"nothing fails", {0}, 65536, 0},
		{"code_alloc fails", {.alloc_rc = -ENOMEM}, 65536, -ENOMEM},
		{"code_seal fails", {.seal_rc = -EPERM}, 65536, -ENOMEM},
		{"code memory too small", {.short_by = 1}, 65536, -ENOMEM},
		{"code memory much too small", {.short_by = 5}, 65536, -ENOMEM},
		{"no scratch memory", {0}, 128, -ENOMEM},
		{"little scratch memory", {0}, 320, -ENOMEM},
	};
	static uint8_t memory[65536] __attribute__((aligned(64)));
	const struct insn insns[] = {{.op = INSN_MOV64_K, .imm = 1}, {.op = INSN_EXIT}};
	const struct exec_prog prog = {.insns = insns, .count = 2, .plain_memory = true};

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		struct faulty f = rows[n].faulty;
		struct arena arena;
		struct jit jit;
		uint32_t at;
		size_t used;
		int rc;

		memset(memory, 0, sizeof(memory));
		arena_init(&arena, memory, rows[n].arena_bytes);
		used = arena.used;
		rc = jit_compile(&prog, &arena, &faulty_platform, &f, &jit, &at);
		cr_assert_eq(rc, rows[n].rc, "%s: %d", rows[n].what, rc);
		cr_assert_eq(arena.used, used, "%s: scratch memory", rows[n].what);
		if (rc)
			cr_assert(!jit.fn && !jit.code.exec && !jit.code.owner, "%s", rows[n].what);
		jit_free(&jit, &faulty_platform, &f);
		cr_assert_eq(f.live, 0, "%s: code memory", rows[n].what);
	}
}

/* No code memory, no JIT; and what is zeroed can be freed. */
Test(jit, without_code_memory)
{
	const struct insn insns[] = {{.op = INSN_EXIT}};
	const struct exec_prog prog = {.insns = insns, .count = 1, .plain_memory = true};
	const struct fw_platform none = {0};
	struct jit jit = {0};
	uint32_t at;

	cr_assert_eq(jit_compile(&prog, run_scratch(), &none, NULL, &jit, &at), -ENOTSUP);
	cr_assert_eq(at, JIT_NO_INSN);
	jit_free(&jit, &none, NULL);
	memset(&jit, 0, sizeof(jit));
	jit_free(&jit, &rig_platform, NULL);
}
