/* SPDX-License-Identifier: BSD-2-Clause */
#include "fw.h"
#include "words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static int code_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	size_t size = (bytes + 4095) / 4096 * 4096;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)ctx;
	if (p == MAP_FAILED)
		return -ENOMEM;
	*code = (struct fw_code){.write = p, .exec = p, .bytes = size};
	return 0;
}

static int code_seal(void *ctx, struct fw_code *code)
{
	(void)ctx;
	if (mprotect(code->write, code->bytes, PROT_READ | PROT_EXEC))
		return -errno;
	code->write = NULL;
	return 0;
}

static void code_free(void *ctx, struct fw_code *code)
{
	(void)ctx;
	munmap((void *)(uintptr_t)code->exec, code->bytes);
}

static const struct fw_platform platform = {.code_alloc = code_alloc, .code_seal = code_seal, .code_free = code_free};

enum mode {
	NO_VERIFY,
	VERIFY,
	JIT,
	JIT_NO_VERIFY,
};

struct row {
	const char *id;
	enum mode mode;
	uint32_t count;
	uint64_t words[24];
	uint64_t r0;
	const char *error; /* part of it */
	uint32_t mem_bytes;
	int rc;
};

#define PROG(...) .words = {__VA_ARGS__}, .count = sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

/* One function writes all slots of its frame, the next one adds up what it finds in them; 1 is added. */
#define DIRTY_STACK                                                                                                    \
	PROG(W_CALL_LOCAL(2), W_CALL_LOCAL(9), W_EXIT, W_MOVR(2, 10), W_MOV(3, 64), W_ADD(2, -8),                      \
	     W(0x7a, 2, 0, 0, -1), W_ADD(3, -1), W(0x55, 3, 0, -4, 0), W_MOV(0, 0), W_EXIT, W_MOVR(2, 10),             \
	     W_ADD(2, -512), W(0x79, 4, 2, 0, 0), W(0x79, 5, 10, -8, 0), W_MOV(0, 1), W(0x0f, 0, 4, 0, 0),             \
	     W(0x0f, 0, 5, 0, 0), W_EXIT)

static const struct row rows[] = {
	{"constant", NO_VERIFY, PROG(W_LD64(0, 0x123456789abcdef0), W_EXIT), .r0 = 0x123456789abcdef0},
	{"constant, verified", VERIFY, PROG(W_LD64(0, 0x123456789abcdef0), W_EXIT), .r0 = 0x123456789abcdef0},
	{"constant, compiled", JIT, PROG(W_LD64(0, 0x123456789abcdef0), W_EXIT), .r0 = 0x123456789abcdef0},
	{"memory", NO_VERIFY, PROG(W_LDX8(0, 1, 2), W_EXIT), .mem_bytes = 3, .r0 = 3},
	{"memory, verified", VERIFY, PROG(W_LDX8(0, 1, 2), W_EXIT), .mem_bytes = 3, .r0 = 3},
	{"memory, compiled", JIT, PROG(W_LDX8(0, 1, 2), W_EXIT), .mem_bytes = 3, .r0 = 3},
	{"its size", NO_VERIFY, PROG(W_MOVR(0, 2), W_EXIT), .mem_bytes = 3, .r0 = 3},
	{"its size, compiled", JIT, PROG(W_MOVR(0, 2), W_EXIT), .mem_bytes = 3, .r0 = 3},
	{"no memory", NO_VERIFY, PROG(W_MOVR(0, 1), W(0x4f, 0, 2, 0, 0), W_EXIT), .r0 = 0},
	{"behind memory", NO_VERIFY, PROG(W_MOV(0, 0), W_LDX8(0, 1, 3), W_EXIT), .mem_bytes = 3, .rc = -EFAULT,
	 .error = "instruction 1: load outside of"},
	{"behind memory, verified", VERIFY, PROG(W_MOV(0, 0), W_LDX8(0, 1, 3), W_EXIT), .mem_bytes = 3, .rc = -EINVAL,
	 .error = ""},
	{"behind memory, compiled", JIT, PROG(W_MOV(0, 0), W_LDX8(0, 1, 3), W_EXIT), .mem_bytes = 3, .rc = -EINVAL,
	 .error = ""},
	{"endless", NO_VERIFY, PROG(W_JA(-1), W_EXIT), .rc = -EFAULT,
	 .error = "instruction 0: instruction budget used up"},
	{"dpdk-cee21cc5be: empty", NO_VERIFY, .rc = -EINVAL, .error = "instruction 0: empty program"},
	{"dpdk-cee21cc5be: no EXIT", NO_VERIFY, PROG(W_MOV(0, 0)), .rc = -EFAULT,
	 .error = "instruction 1: the program does not end"},
	{"dpdk-cee21cc5be: no EXIT, verified", VERIFY, PROG(W_MOV(0, 0)), .rc = -EINVAL, .error = ""},
	{"dpdk-cee21cc5be: EXIT without R0", VERIFY, PROG(W_EXIT), .rc = -EINVAL, .error = ""},
	{"EXIT without R0", NO_VERIFY, PROG(W_EXIT), .r0 = 0},
	{"refused by the decoder", NO_VERIFY, PROG(W_MOV(0, 0), W(0xff, 0, 0, 0, 0)), .rc = -EINVAL,
	 .error = "instruction 1: unknown opcode"},
	{"helper", NO_VERIFY, PROG(W_CALL(5), W_EXIT), .rc = -EFAULT, .error = "instruction 0: call of a helper"},
	{"helper, verified", VERIFY, PROG(W_CALL(5), W_EXIT), .rc = -EINVAL, .error = ""},
	{"division by the constant 0", NO_VERIFY, PROG(W_MOV(0, 7), W(0x37, 0, 0, 0, 0), W_EXIT), .r0 = 0},
	{"division by the constant 0, verified", VERIFY, PROG(W_MOV(0, 7), W(0x37, 0, 0, 0, 0), W_EXIT), .rc = -EINVAL,
	 .error = "instruction 1: R0 is divided by the constant 0"},
	{"division by the constant 0, where no run comes, compiled", JIT,
	 PROG(W_MOV(0, 7), W(0x15, 0, 0, 2, 7), W(0x37, 0, 0, 0, 0), W(0x97, 0, 0, 0, 0), W_EXIT), .r0 = 7},
	{"stack never written, verified", VERIFY, DIRTY_STACK, .r0 = 1},
	{"stack never written, compiled", JIT, DIRTY_STACK, .r0 = 1},
	{"map", NO_VERIFY, PROG(W(0x18, 0, 1, 0, 0), 0, W_EXIT), .rc = -EINVAL, .error = "instruction 0: names a map"},
	{"map value", VERIFY, PROG(W(0x18, 0, 2, 0, 0), 0, W_EXIT), .rc = -EINVAL,
	 .error = "instruction 0: names a map"},
	{"JIT without verification", JIT_NO_VERIFY, PROG(W_MOV(0, 0), W_EXIT), .rc = -EINVAL,
	 .error = "verified programs only"},
};

static int run_row(const struct row *row, void *arena, size_t arena_bytes, struct fw_exec *exec)
{
	static uint8_t mem[] = {1, 2, 3};

	memset(arena, 0, arena_bytes);
	*exec = (struct fw_exec){
		.wire = row->words,
		.count = row->count,
		.mem = row->mem_bytes ? mem : NULL,
		.mem_bytes = row->mem_bytes,
		.engine = row->mode == JIT || row->mode == JIT_NO_VERIFY ? FW_ENGINE_JIT : FW_ENGINE_INTERP,
		.verify = row->mode == VERIFY || row->mode == JIT,
		.budget = 1000,
		.arena = arena,
		.arena_bytes = arena_bytes,
		.platform = &platform,
	};
	return fw_exec(exec);
}

Test(raw, rows)
{
	size_t bytes = 4 << 20;
	void *arena = aligned_alloc(64, bytes);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fw_exec exec;
		int rc = run_row(row, arena, bytes, &exec);

#ifndef __x86_64__
		if (row->mode == JIT && rc == -ENOTSUP)
			continue;
#endif
		cr_expect_eq(rc, row->rc, "%s: %d (%s), expected %d", row->id, rc, exec.error, row->rc);
		cr_expect_eq(exec.r0, row->r0, "%s: %#lx", row->id, exec.r0);
		cr_expect(!strchr(exec.error, '\n'), "%s: \"%s\"", row->id, exec.error);
		cr_expect(row->error ? strstr(exec.error, row->error) && exec.error[0] : !exec.error[0], "%s: \"%s\"",
			  row->id, exec.error);
	}
	free(arena);
}

/* Memory of no bytes is none: R1 is 0, as the verifier has it. */
Test(raw, memory_of_no_bytes)
{
	static const uint64_t words[] = {W_MOVR(0, 1), W_EXIT};
	size_t bytes = 4 << 20;
	void *arena = aligned_alloc(64, bytes);
	uint8_t mem[8];

	for (int engine = 0; engine < 2; engine++) {
		struct fw_exec exec = {
			.wire = words,
			.count = 2,
			.mem = mem,
			.engine = engine ? FW_ENGINE_JIT : FW_ENGINE_INTERP,
			.verify = true,
			.arena = arena,
			.arena_bytes = bytes,
			.platform = &platform,
		};
		int rc = fw_exec(&exec);

		if (engine && rc == -ENOTSUP)
			continue;
		cr_expect_eq(rc, 0, "%s", exec.error);
		cr_expect_eq(exec.r0, 0, "engine %d: R1 is %#lx", engine, exec.r0);
	}
	free(arena);
}

/* Whatever the arena's size, there is a result or a clear error. */
Test(raw, small_arenas)
{
	static const struct row row = {"small", VERIFY, PROG(W_MOV(0, 5), W_EXIT), .r0 = 5};
	size_t most = 16 << 20;
	uint8_t *arena = aligned_alloc(64, most);
	bool run = false;

	for (size_t bytes = 0; bytes <= most; bytes = bytes < 4096 ? bytes + 64 : bytes * 2) {
		struct fw_exec exec;
		int rc = run_row(&row, arena, bytes, &exec);

		cr_assert(rc == 0 || rc == -ENOMEM, "%zu bytes: %d", bytes, rc);
		cr_assert(rc == 0 ? exec.r0 == 5 : strstr(exec.error, "memory") != NULL, "%zu bytes: \"%s\"", bytes,
			  exec.error);
		run |= rc == 0;
	}
	cr_expect(run);
	free(arena);
}

Test(raw, a_count_that_no_arena_holds)
{
	static const struct row row = {"huge", NO_VERIFY, .words = {W_EXIT}, .count = UINT32_MAX};
	uint8_t *arena = aligned_alloc(64, 4096);
	struct fw_exec exec;

	cr_expect_eq(run_row(&row, arena, 4096, &exec), -ENOMEM);
	cr_expect(strstr(exec.error, "too large"));
	free(arena);
}
