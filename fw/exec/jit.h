/* SPDX-License-Identifier: BSD-2-Clause */
/* What the JIT's driver (jit.c) and the machines' back ends share. */
#ifndef FW_EXEC_JIT_H
#define FW_EXEC_JIT_H

#include "exec/exec.h"
#include "exec/opt.h"
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
	JIT_MARK_FUNC = 1 << 0,      /* a local call leads here */
	JIT_MARK_SHORT = 1 << 1,     /* this branch fits the short form */
	JIT_MARK_TARGET = 1 << 2,    /* a jump leads here */
	JIT_MARK_BACK = 1 << 3,      /* one from here or behind does */
	JIT_MARK_SHORTENED = 1 << 4, /* the short form is not yet taken account of */
};

/* What has to be set in struct run before each frame of a burst. */
enum jit_need {
	JIT_NEED_FRAME = 1 << 0,    /* run->frame */
	JIT_NEED_QUEUE = 1 << 1,    /* run->queue */
	JIT_NEED_HEADROOM = 1 << 2, /* run->headroom_top */
	JIT_NEED_END = 1 << 3,      /* maps may have to hear of the run's end */
	JIT_NEED_PREPARED = 1 << 4, /* of the frame: see struct jit */
};

/* A program under compilation. Offsets are bytes from the code's first. */
struct jit_work {
	const struct exec_prog *prog;
	const struct insn *insns; /* what is compiled: prog's, or what the optimiser made of them */
	const uint8_t *form;      /* per slot: enum opt_form; NULL: all plain */
	struct jit_out out;
	uint64_t exec;    /* address that the code will run at; 0: not known yet */
	size_t bytes;     /* no layout is longer than this; 0: not known yet */
	uint32_t *start;  /* per slot: where its code starts, behind the prologue if it is a function's first;
			   * start[prog->count] is where the tail starts */
	uint32_t *end;    /* per slot: behind the last byte of its code */
	uint8_t *mark;    /* per slot: enum jit_mark */
	uint16_t regs;    /* bit n: Rn appears in the program */
	bool calls;       /* the stack has to be aligned as the ABI of calls wants it */
	bool run;         /* struct run is needed */
	bool locals;      /* there are local calls */
	bool tails;       /* there are tail calls */
	bool burst;       /* the code is a loop over frames; EXIT leads to the tail */
	uint8_t needs;    /* enum jit_need, in a burst */
	uint8_t flags;    /* the machine's: what condition flags hold before the slot; 0: nothing known */
	size_t loop_at;   /* where a burst's next frame begins */
	uint32_t blinded; /* immediates hidden so far, in this pass */
	size_t burst_at;  /* where jit_burst_fn's caller enters; only in a burst */
};

/* A back end. All functions emit at work->out; counting and emitting have to take the same way. */
struct jit_machine {
	/* Bytes that a short branch reaches, counted from the instruction's end. Both 0: branches have one form. */
	int32_t short_min, short_max;
	uint8_t jmp_saves, ja_saves; /* bytes that the short form is shorter, of conditional jumps and of others */
	uint32_t forms;              /* bit n: insn() takes enum opt_form n. 0: nothing is optimised */
	/* What jit_fn's caller enters: makes the frame, then falls through to slot 0. */
	void (*entry)(struct jit_work *w);
	/* Behind the last slot, what EXITs of a burst lead to. NULL: this machine has no bursts. */
	void (*tail)(struct jit_work *w);
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

/* The next number to hide an immediate behind: any, as long as it is the same in each pass. */
uint64_t jit_blinding(struct jit_work *w);

static inline enum opt_form jit_form(const struct jit_work *w, uint32_t i)
{
	return w->form ? (enum opt_form)w->form[i] : OPT_PLAIN;
}

/* Whether slot i ends in a branch to a slot, or in a burst to the tail: slot prog->count. */
static inline bool jit_branches(const struct jit_work *w, uint32_t i, uint32_t *to)
{
	uint8_t cls = insn_info[w->insns[i].op].cls;

	*to = (uint32_t)w->insns[i].imm;
	if (jit_form(w, i) != OPT_PLAIN)
		return false;
	if (cls == INSN_CLASS_EXIT && w->burst) {
		*to = w->prog->count;
		return true;
	}
	return cls == INSN_CLASS_JMP || cls == INSN_CLASS_JA || cls == INSN_CLASS_CALL_LOCAL;
}

/* A branch of slot i that jumps over nothing has no code. */
static inline bool jit_is_void(const struct jit_work *w, uint32_t i)
{
	uint8_t cls = insn_info[w->insns[i].op].cls;
	uint32_t to;

	return (cls == INSN_CLASS_JA || cls == INSN_CLASS_EXIT) && jit_branches(w, i, &to) && to == i + 1 &&
	       !(w->mark[i + 1] & JIT_MARK_FUNC);
}

#endif
