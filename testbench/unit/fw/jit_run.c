// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "jit_run.h"

#define SCRATCH_BYTES ((size_t)1 << 20)

#if defined(__aarch64__)
#define KEPT 11
#else
#define KEPT 6
#endif

/* What the watch leaves behind: the preserved registers, and the stack pointer before and after. */
struct watch {
	uint64_t kept[KEPT];
	uint64_t sp[2];
};

uint64_t run_trampoline(jit_fn *fn, void *r1, struct run *run, uint64_t mem_bytes, struct watch *watch);

#if defined(__x86_64__)
/* Seven pushes keep the stack aligned for the call. */
asm(".text\n"
    ".type run_trampoline, @function\n"
    ".globl run_trampoline\n"
    "run_trampoline:\n"
    "push %rbp\n"
    "push %rbx\n"
    "push %r12\n"
    "push %r13\n"
    "push %r14\n"
    "push %r15\n"
    "push %r8\n"
    "mov %rdi, %rax\n"
    "mov %rsi, %rdi\n"
    "mov %rdx, %rsi\n"
    "mov %rcx, %rdx\n"
    "mov %rsp, 48(%r8)\n"
    "movabs $0x1111111111111111, %rbx\n"
    "movabs $0x2222222222222222, %rbp\n"
    "movabs $0x3333333333333333, %r12\n"
    "movabs $0x4444444444444444, %r13\n"
    "movabs $0x5555555555555555, %r14\n"
    "movabs $0x6666666666666666, %r15\n"
    "call *%rax\n"
    "mov (%rsp), %r8\n"
    "mov %rsp, 56(%r8)\n"
    "mov %rbx, (%r8)\n"
    "mov %rbp, 8(%r8)\n"
    "mov %r12, 16(%r8)\n"
    "mov %r13, 24(%r8)\n"
    "mov %r14, 32(%r8)\n"
    "mov %r15, 40(%r8)\n"
    "pop %r8\n"
    "pop %r15\n"
    "pop %r14\n"
    "pop %r13\n"
    "pop %r12\n"
    "pop %rbx\n"
    "pop %rbp\n"
    "ret\n"
    ".size run_trampoline, . - run_trampoline\n");
#elif defined(__aarch64__)
asm(".text\n"
    ".type run_trampoline, @function\n"
    ".globl run_trampoline\n"
    "run_trampoline:\n"
    "stp x29, x30, [sp, #-112]!\n"
    "stp x19, x20, [sp, #16]\n"
    "stp x21, x22, [sp, #32]\n"
    "stp x23, x24, [sp, #48]\n"
    "stp x25, x26, [sp, #64]\n"
    "stp x27, x28, [sp, #80]\n"
    "str x4, [sp, #96]\n"
    "mov x9, x0\n"
    "mov x0, x1\n"
    "mov x1, x2\n"
    "mov x2, x3\n"
    "mov x10, sp\n"
    "str x10, [x4, #88]\n"
    "mov x19, #0x1111111111111111\n"
    "mov x20, #0x2222222222222222\n"
    "mov x21, #0x3333333333333333\n"
    "mov x22, #0x4444444444444444\n"
    "mov x23, #0x5555555555555555\n"
    "mov x24, #0x6666666666666666\n"
    "mov x25, #0x7777777777777777\n"
    "mov x26, #0x8888888888888888\n"
    "mov x27, #0x9999999999999999\n"
    "mov x28, #0xaaaaaaaaaaaaaaaa\n"
    "mov x29, #0xbbbbbbbbbbbbbbbb\n"
    "blr x9\n"
    "ldr x4, [sp, #96]\n"
    "mov x10, sp\n"
    "str x10, [x4, #96]\n"
    "stp x19, x20, [x4]\n"
    "stp x21, x22, [x4, #16]\n"
    "stp x23, x24, [x4, #32]\n"
    "stp x25, x26, [x4, #48]\n"
    "stp x27, x28, [x4, #64]\n"
    "str x29, [x4, #80]\n"
    "ldp x19, x20, [sp, #16]\n"
    "ldp x21, x22, [sp, #32]\n"
    "ldp x23, x24, [sp, #48]\n"
    "ldp x25, x26, [sp, #64]\n"
    "ldp x27, x28, [sp, #80]\n"
    "ldp x29, x30, [sp], #112\n"
    "ret\n"
    ".size run_trampoline, . - run_trampoline\n");
#else
uint64_t run_trampoline(jit_fn *fn, void *r1, struct run *run, uint64_t mem_bytes, struct watch *watch)
{
	for (uint64_t n = 0; n < ARRAY_SIZE(watch->kept); n++)
		watch->kept[n] = 0x1111111111111111 * (n + 1);
	return fn(r1, run, mem_bytes);
}
#endif

void asmr_start(struct asmr *a, bool plain_memory)
{
	a->count = 0;
	a->plain_memory = plain_memory;
	memset(a->access, EXEC_ACCESS_PLAIN, sizeof(a->access));
}

uint32_t asmr_add(struct asmr *a, enum insn_op op, unsigned int dst, unsigned int src, int16_t off, int32_t imm)
{
	cr_assert_lt(a->count, RUN_MAX_SLOTS);
	a->insns[a->count] = (struct insn){
		.op = (uint8_t)op, .dst = (uint8_t)dst, .src = (uint8_t)src, .off = off, .imm = imm, .imm64 = imm};
	return a->count++;
}

uint32_t asmr_jmp(struct asmr *a, enum insn_op op, unsigned int dst, unsigned int src, int32_t imm, uint32_t target)
{
	uint32_t slot = asmr_add(a, op, dst, src, 0, (int32_t)target);

	a->insns[slot].imm64 = imm;
	return slot;
}

uint32_t asmr_imm64(struct asmr *a, enum insn_op op, unsigned int dst, uint64_t value)
{
	uint32_t slot = asmr_add(a, op, dst, 0, 0, (int32_t)value);

	a->insns[slot].imm64 = (int64_t)value;
	asmr_add(a, INSN_LD_SLOT2, 0, 0, 0, (int32_t)(value >> 32));
	return slot;
}

struct arena *run_scratch(void)
{
	static uint8_t memory[SCRATCH_BYTES] __attribute__((aligned(64)));
	static struct arena arena;

	if (!arena.base)
		arena_init(&arena, memory, sizeof(memory));
	return &arena;
}

int run_compile(const struct asmr *a, struct jit *jit, uint32_t *at)
{
	const struct exec_prog prog = {
		.insns = a->insns, .count = a->count, .access = a->access, .plain_memory = a->plain_memory};
	size_t used = run_scratch()->used;
	int rc = jit_compile(&prog, run_scratch(), &rig_platform, NULL, jit, at);

	cr_assert_eq(run_scratch()->used, used, "scratch memory was not given back");
	return rc;
}

void run_free(struct jit *jit)
{
	jit_free(jit, &rig_platform, NULL);
}

uint64_t run_watched(const struct jit *jit, void *frame_or_mem, struct run *run, uint64_t mem_bytes, const char *what)
{
	struct watch watch = {0};
	uint64_t r0 = run_trampoline(jit->fn, frame_or_mem, run, mem_bytes, &watch);

	for (uint64_t n = 0; n < ARRAY_SIZE(watch.kept); n++)
		if (watch.kept[n] != 0x1111111111111111 * (n + 1))
			cr_assert_fail("%s: preserved register %d came back as %#llx", what, (int)n,
				       (unsigned long long)watch.kept[n]);
	cr_assert_eq(watch.sp[0], watch.sp[1], "%s: stack pointer moved", what);
	return r0;
}

uint64_t run_once(const struct asmr *a, void *mem, uint64_t mem_bytes, const char *what)
{
	struct run run = {.mem = mem, .mem_bytes = mem_bytes, .turns = RUN_TURNS};
	struct jit jit;
	uint32_t at;
	uint64_t r0;
	int rc = run_compile(a, &jit, &at);

	cr_assert_eq(rc, 0, "%s: jit_compile() returned %d at %u", what, rc, at);
	r0 = run_watched(&jit, mem, &run, mem_bytes, what);
	run_free(&jit);
	return r0;
}

uint64_t run_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}
