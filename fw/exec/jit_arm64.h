/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the arm64 back end share; jit_arm64.c says how a program lies in registers and on the stack. */
#ifndef FW_EXEC_JIT_ARM64_H
#define FW_EXEC_JIT_ARM64_H

#include "exec/asm_arm64.h"

enum {
	JIT_ARM64_R0 = X7,
	JIT_ARM64_RUN = X23, /* holds struct run, where it is needed */
	/* Scratch within one instruction. */
	JIT_ARM64_TEMP = X9, /* an immediate or an offset */
	JIT_ARM64_NEW = X12, /* a result on its way, or what is stored */
};

/* R0 to R10. */
static const uint8_t jit_arm64_reg[INSN_MAX_REG] = {JIT_ARM64_R0, X0, X1, X2, X3, X4, X19, X20, X21, X22, X29};

/* reg = value, of which no part stands in the code if immediates are to be hidden; x14 is lost then. */
void jit_arm64_constant(struct jit_work *w, unsigned int reg, uint64_t value);
/* d = n + imm or the like, for an operation of enum a64_arith; TEMP may be lost. */
void jit_arm64_arith_imm(struct jit_work *w, enum a64_arith op, unsigned int width, unsigned int d, unsigned int n,
			 int32_t imm, bool hide);

/* One instruction of the class each; 0 or -ENOTSUP. */
int jit_arm64_alu(struct jit_work *w, uint32_t i);
int jit_arm64_load(struct jit_work *w, uint32_t i);
int jit_arm64_store(struct jit_work *w, uint32_t i);
int jit_arm64_atomic(struct jit_work *w, uint32_t i);
int jit_arm64_call(struct jit_work *w, uint32_t i);

/* Calls a function of this process; x16 is lost. */
void jit_arm64_call_address(struct jit_work *w, uint64_t address);
/* Undoes the frame of a function; changes no other registers. */
void jit_arm64_leave(const struct jit_work *w, struct jit_out *o);

#endif
