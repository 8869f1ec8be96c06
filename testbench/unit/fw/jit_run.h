/* SPDX-License-Identifier: BSD-2-Clause */
/* What the JIT's tests share: programs built by hand, compiled and run under a watch on the registers of the caller. */
#ifndef UNIT_JIT_RUN_H
#define UNIT_JIT_RUN_H

#include "exec/exec.h"
#include "rig/rig.h"

#define RUN_MAX_SLOTS 4096
#define RUN_TURNS     3 /* of MAY_GOTOs in a run, few so that they are used up */

/* Machines without a JIT skip its tests. */
#if defined(__x86_64__) || defined(__aarch64__)
#define RUN_HAS_JIT true
#else
#define RUN_HAS_JIT false
#endif

/* A program under construction. */
struct asmr {
	struct insn insns[RUN_MAX_SLOTS];
	uint32_t count;
	uint8_t access[RUN_MAX_SLOTS]; /* all PLAIN unless the test says otherwise */
	bool plain_memory;
};

void asmr_start(struct asmr *a, bool plain_memory);
/* Appends; returns the slot. off is the memory offset; imm the immediate or the absolute target. */
uint32_t asmr_add(struct asmr *a, enum insn_op op, unsigned int dst, unsigned int src, int16_t off, int32_t imm);
/* A conditional jump that compares with imm. */
uint32_t asmr_jmp(struct asmr *a, enum insn_op op, unsigned int dst, unsigned int src, int32_t imm, uint32_t target);
uint32_t asmr_imm64(struct asmr *a, enum insn_op op, unsigned int dst, uint64_t value);

/* The same value in each test: the arena of scratch memory, empty. */
struct arena *run_scratch(void);

/* 0 or what jit_compile() returned. The caller frees with run_free(). */
int run_compile(const struct asmr *a, struct jit *jit, uint32_t *at);
void run_free(struct jit *jit);

/*
 * Calls the code and asserts that it kept the stack pointer and all registers that belong to the caller.
 * Returns R0.
 */
uint64_t run_watched(const struct jit *jit, void *frame_or_mem, struct run *run, uint64_t mem_bytes, const char *what);

/* Compiles, runs on mem and frees; asserts that all of it works. */
uint64_t run_once(const struct asmr *a, void *mem, uint64_t mem_bytes, const char *what);

/* A deterministic source of numbers. */
uint64_t run_random(uint64_t *state);

#endif
