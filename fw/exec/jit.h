/* SPDX-License-Identifier: BSD-2-Clause */
/* What the JIT's driver (jit.c) and the machines' back ends share. */
#ifndef FW_EXEC_JIT_H
#define FW_EXEC_JIT_H

#include "exec/exec.h"
#include "helper.h"
#include "insn.h"
#include "std.h"

/* Where machine code goes. Without an image it is only counted. */
struct jit_out {
	uint8_t *image;
	size_t room; /* bytes of image */
	size_t at;   /* bytes emitted or counted */
	bool fault;  /* an operand that has no encoding, or no room: the code is void */
};

static inline void jit_byte(struct jit_out *o, uint8_t byte)
{
	if (o->image) {
		if (o->at < o->room)
			o->image[o->at] = byte;
		else
			o->fault = true;
	}
	o->at++;
}

/* The low bytes of value, least significant first. */
static inline void jit_bytes(struct jit_out *o, uint64_t value, unsigned int bytes)
{
	while (bytes--) {
		jit_byte(o, (uint8_t)value);
		value >>= 8;
	}
}

enum jit_mark {
	JIT_MARK_FUNC = 1 << 0,  /* a local call leads here */
	JIT_MARK_SHORT = 1 << 1, /* this branch fits the short form */
};

/* A program under compilation. Offsets are bytes from the code's first. */
struct jit_work {
	const struct exec_prog *prog;
	struct jit_out out;
	uint64_t exec;   /* address that the code will run at; 0: not known yet */
	size_t bytes;    /* no layout is longer than this; 0: not known yet */
	uint32_t *start; /* per slot: where its code starts, behind the prologue if it is a function's first */
	uint32_t *end;   /* per slot: behind the last byte of its code */
	uint8_t *mark;   /* per slot: enum jit_mark */
	uint16_t regs;   /* bit n: Rn appears in the program */
	bool calls;      /* the stack has to be aligned as the ABI of calls wants it */
	bool run;        /* struct run is needed */
};

/* A back end. All functions emit at work->out; counting and emitting have to take the same way. */
struct jit_machine {
	/* Bytes that a short branch reaches, counted from the instruction's end. Both 0: branches have one form. */
	int32_t short_min, short_max;
	/* What jit_fn's caller enters: makes the frame, then falls through to slot 0. */
	void (*entry)(struct jit_work *w);
	/* What a local call to slot i enters. falls: the code before falls through into slot i, and must not make a
	 * frame. */
	void (*func)(struct jit_work *w, uint32_t i, bool falls);
	/* Slot i. 0, or -ENOTSUP. */
	int (*insn)(struct jit_work *w, uint32_t i);
	/* Fills the rest of the image with something that stops a run. */
	void (*trap)(struct jit_work *w);
	/* Reads back from the image where the branch of slot i leads. False: it cannot be. */
	bool (*target)(const struct jit_work *w, uint32_t i, int64_t *to);
};

extern const struct jit_machine jit_x86_64;
extern const struct jit_machine jit_arm64;

/* A branch of slot i that jumps over nothing has no code. */
static inline bool jit_is_void(const struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->prog->insns[i];

	return insn_info[insn->op].cls == INSN_CLASS_JA && (uint32_t)insn->imm == i + 1 &&
	       !(w->mark[i + 1] & JIT_MARK_FUNC);
}

#endif
