/* SPDX-License-Identifier: BSD-2-Clause */
/* Where stack pointers are, before any path is walked. */
#ifndef FW_VERIFY_FP_H
#define FW_VERIFY_FP_H

#include "exec/exec.h"
#include "insn.h"

/* What is known of the registers before an instruction, one number each. */
struct fp {
	int16_t regs[INSN_MAX_REG];
	uint32_t function; /* the number of the one that the instruction belongs to, from 0 on */
};

/*
 * The numbers: 0 down to -EXEC_STACK_BYTES are the frame pointer plus that. Larger ones are a constant, a map, or an
 * argument of the function plus a constant that may be a stack pointer of a caller.
 */
enum {
	FP_UNSEEN = INT16_MIN,   /* no path led here so far */
	FP_SOME = INT16_MIN + 1, /* may be any stack pointer */
	FP_NONE = INT16_MAX,     /* no stack pointer */
	FP_CONST = 1,
	FP_CONSTS = EXEC_STACK_BYTES + 1, /* from 0 on */
	FP_MAP = 1024,
	FP_MAPS = 8192,
	FP_ARG = 16384, /* R1 plus -EXEC_STACK_BYTES */
	FP_ARG_SPAN = 2 * EXEC_STACK_BYTES + 1,
	FP_ARGS = 5,
};

static inline bool fp_is_own(int16_t x)
{
	return x <= 0 && x >= -EXEC_STACK_BYTES;
}

static inline bool fp_is_arg(int16_t x)
{
	return x >= FP_ARG && x < FP_ARG + FP_ARGS * FP_ARG_SPAN;
}

/* Of an ARG: which one, 0 for R1, and what was added. */
static inline int fp_arg(int16_t x)
{
	return (x - FP_ARG) / FP_ARG_SPAN;
}

static inline int fp_arg_off(int16_t x)
{
	return (x - FP_ARG) % FP_ARG_SPAN - EXEC_STACK_BYTES;
}

static inline bool fp_is_const(int16_t x)
{
	return x >= FP_CONST && x < FP_CONST + FP_CONSTS;
}

static inline bool fp_is_map(int16_t x)
{
	return x >= FP_MAP && x < FP_MAP + FP_MAPS;
}

static inline bool fp_may_be_stack(int16_t x)
{
	return fp_is_own(x) || fp_is_arg(x) || x == FP_SOME;
}

struct verify;

struct fp_walk {
	struct fp *at; /* per instruction; the caller allocates it */
	uint32_t functions;
	uint64_t spilled; /* slots that a stack pointer was stored to, in any function */
	bool returned;    /* some function may return a stack pointer */
	bool settled;     /* fp_pass() has nothing to do any more */
};

void fp_begin(const struct verify *v, struct fp_walk *w);
/* Goes through the program once. */
void fp_pass(const struct verify *v, struct fp_walk *w);
/* Nothing is known of any register: for programs that do not settle. */
void fp_give_up(const struct verify *v, struct fp_walk *w);

#endif
