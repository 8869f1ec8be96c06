/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the x86-64 back end share; jit_x86_64.c says how a program lies in registers and on the stack. */
#ifndef FW_EXEC_JIT_X86_64_H
#define FW_EXEC_JIT_X86_64_H

#include "exec/asm_x86_64.h"

/* Holds struct run, where it is needed. */
#define JIT_X86_64_RUN R12

/* R0 to R10. */
static const uint8_t jit_x86_64_reg[INSN_MAX_REG] = {RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP};

/* What jit_work.flags holds: the zero flag tells whether Rn, in width bytes (4 or 8), is 0. */
static inline uint8_t jit_x86_64_flags(unsigned int reg, unsigned int width)
{
	return (uint8_t)(width << 4 | (reg + 1));
}

/* reg = value, of which no bytes stand in the code if immediates are to be hidden; changes flags then. */
void jit_x86_64_constant(struct jit_work *w, unsigned int reg, uint64_t value);

/* One instruction of the class each; 0 or -ENOTSUP. */
int jit_x86_64_alu(struct jit_work *w, uint32_t i);
int jit_x86_64_load(struct jit_work *w, uint32_t i);
int jit_x86_64_store(struct jit_work *w, uint32_t i);
int jit_x86_64_atomic(struct jit_work *w, uint32_t i);
int jit_x86_64_call(struct jit_work *w, uint32_t i);

/* The optimiser's forms of the same. */
void jit_x86_64_lea(struct jit_work *w, uint32_t i);
void jit_x86_64_load_swap(struct jit_work *w, uint32_t i);
void jit_x86_64_copy(struct jit_work *w, uint32_t i);
int jit_x86_64_rmw(struct jit_work *w, uint32_t i);
/* The operation of an OPT_RMW. False: there is none. */
bool jit_x86_64_rmw_op(int32_t op, enum x86_alu *x86);
int jit_x86_64_index_rmw(struct jit_work *w, uint32_t i);
int jit_x86_64_find(struct jit_work *w, uint32_t i, bool from_memory);
int jit_x86_64_index(struct jit_work *w, uint32_t i, bool from_memory);

/* Calls a function of this process; r11 is lost. */
void jit_x86_64_call_address(struct jit_work *w, uint64_t address);
/* Undoes the frame of a function that is not a burst's; r11, rdi and rsi are kept. */
void jit_x86_64_leave(const struct jit_work *w, struct jit_out *o);

#endif
