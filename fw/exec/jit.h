/* SPDX-License-Identifier: BSD-2-Clause */
/* What the JIT's driver (jit.c) and the machines' back ends share. */
#ifndef FW_EXEC_JIT_H
#define FW_EXEC_JIT_H

#include "exec/exec.h"
#include "exec/opt.h"
#include "helper.h"
#include "insn.h"
#include "std.h"

/* Where machine code goes. Without an image, or behind its room, it is only counted. */
struct jit_out {
	uint8_t *image;
	size_t room; /* bytes of image; 0: none */
	size_t at;   /* bytes emitted or counted */
	bool fault;  /* an operand that has no encoding, or no room: the code is void */
};

#define JIT_SLACK_BYTES 16

/* jit_bytes() where there may not be room for 8. */
void jit_bytes_slowly(struct jit_out *o, uint64_t value, unsigned int bytes);

/* The low bytes of value, at most 8 of them, least significant first. What is behind them in the image is lost. */
static inline void jit_bytes(struct jit_out *o, uint64_t value, unsigned int bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (likely(o->at + sizeof(value) <= o->room)) {
		mem_copy(o->image + o->at, &value, sizeof(value));
		o->at += bytes;
		return;
	}
#endif
	jit_bytes_slowly(o, value, bytes);
}

static inline void jit_byte(struct jit_out *o, uint8_t byte)
{
	jit_bytes(o, byte, 1);
}

enum jit_mark {
	JIT_MARK_FUNC = 1 << 0,   /* a local call leads here */
	JIT_MARK_TARGET = 1 << 1, /* a jump leads here */
	JIT_MARK_BACK = 1 << 2,   /* one from here or behind does */
	JIT_MARK_LEARN = 1 << 3,  /* a call, a MAY_GOTO or an access of the context */
};

/*
 * What leads elsewhere. A back end emits it in a long form that reaches everything, with whatever distance, and tells
 * jit_branch() at once; the layout (jit_layout.c) makes short what it can and has the machine emit it anew.
 */
enum jit_branch_kind {
	JIT_BRANCH_JMP,  /* conditional jump to a slot */
	JIT_BRANCH_JA,   /* jump to a slot */
	JIT_BRANCH_CALL, /* local call to a slot: to its function's prologue */
	JIT_BRANCH_FAR,  /* call of a function of this process; the short form is relative */
	JIT_BRANCH_KINDS,
};

struct jit_branch {
	uint32_t end;     /* offset behind it, in long form everywhere */
	uint32_t saved;   /* bytes by which the branches before it are shorter than that */
	uint32_t slot;    /* where it leads */
	uint64_t address; /* FAR: instead of a slot */
	uint8_t kind;
	uint8_t bytes; /* of its long form */
	bool is_short;
};

/* What has to be set in struct run before each frame of a burst. */
enum jit_need {
	JIT_NEED_FRAME = 1 << 0,    /* run->frame */
	JIT_NEED_QUEUE = 1 << 1,    /* run->queue */
	JIT_NEED_HEADROOM = 1 << 2, /* run->headroom_top */
	JIT_NEED_END = 1 << 3,      /* maps may have to hear of the run's end */
	JIT_NEED_PREPARED = 1 << 4, /* of the frame: see struct jit */
	JIT_NEED_TURNS = 1 << 5,    /* run->turns */
};

/* A program under compilation. Offsets are bytes from the code's first. */
struct jit_work {
	const struct exec_prog *prog;
	const struct insn *insns; /* what is compiled: prog's, or what the optimiser made of them */
	const uint8_t *form;      /* per slot: enum opt_form */
	struct jit_out out;
	uint64_t exec;    /* address that the code will run at; 0: not known yet, all branches are to be long */
	size_t bytes;     /* no layout is longer than this */
	uint8_t *mark;    /* per slot: enum jit_mark */
	uint32_t *start;  /* per slot that is marked: where its code starts, behind the prologue if it is a function's
			   * first; start[prog->count] is where the tail starts. With long branches. */
	uint32_t *before; /* likewise: how many branches are before it */
	struct jit_branch *branch;
	uint32_t branches, max_branches; /* max_branches: one more is there for the sum */
	uint16_t regs;                   /* bit n: Rn appears in the program */
	bool calls;                      /* the stack has to be aligned as the ABI of calls wants it */
	bool run;                        /* struct run is needed */
	bool locals;                     /* there are local calls */
	bool tails;                      /* there are tail calls */
	bool burst;                      /* the code is a loop over frames; EXIT leads to the tail */
	uint8_t needs;                   /* enum jit_need, in a burst */
	uint8_t flags;    /* the machine's: what condition flags hold before the slot; 0: nothing known */
	size_t loop_at;   /* where a burst's next frame begins */
	uint32_t blinded; /* immediates hidden so far */
	size_t burst_at;  /* where jit_burst_fn's caller enters; only in a burst */
};

/* A back end. All functions emit at work->out. */
struct jit_machine {
	/* Bytes that a short JMP or JA reaches, counted from the end of the long one. */
	int32_t short_min, short_max;
	int64_t far_reach;                     /* a short FAR reaches so many bytes back, and less forward */
	uint8_t short_bytes[JIT_BRANCH_KINDS]; /* of the short form; 0: there is none */
	uint32_t forms;                        /* bit n: insn() takes enum opt_form n. 0: nothing is optimised */
	/* What jit_fn's caller enters: makes the frame, then falls through to slot 0. */
	void (*entry)(struct jit_work *w);
	/* Behind the last slot, what EXITs of a burst lead to; exec is known. NULL: this machine has no bursts. */
	void (*tail)(struct jit_work *w);
	/* What a local call to slot i enters. falls: the code before falls through into slot i, and must not make a
	 * frame. */
	void (*func)(struct jit_work *w, uint32_t i, bool falls);
	/* Slot i. 0, or -ENOTSUP. */
	int (*insn)(struct jit_work *w, uint32_t i);
	/*
	 * Emits a branch in the form that was settled on, to the code at offset to; a FAR that is short to its address.
	 * from: the long form that insn() emitted.
	 */
	void (*branch)(struct jit_work *w, const struct jit_branch *b, const uint8_t *from, int64_t to);
	/* Fills the rest of the image with something that stops a run. */
	void (*trap)(struct jit_work *w);
	/* Reads back from the image where that branch, whose code ends at offset end, leads. False: it cannot be. */
	bool (*target)(const struct jit_work *w, const struct jit_branch *b, size_t end, int64_t *to);
};

extern const struct jit_machine jit_x86_64;
extern const struct jit_machine jit_arm64;

/* The context as programs see it, 4 bytes apart: where a field is in struct fw_frame, and how wide a load gets it. */
struct jit_field {
	uint8_t offset;
	uint8_t width;
};

enum {
	JIT_FIELD_IFINDEX = 3,
	JIT_FIELD_QUEUE, /* the only one that is written */
	JIT_FIELDS,
};

extern const struct jit_field jit_context[JIT_FIELDS];

/* That of a load or store of the context, which jit.c has found to be of one. */
static inline const struct jit_field *jit_field_at(int16_t off)
{
	return &jit_context[off / 4];
}

/* Whether slot i accesses the context. */
static inline bool jit_is_context(const struct jit_work *w, uint32_t i)
{
	return w->prog->access && w->prog->access[i] == EXEC_ACCESS_CTX;
}

/* Whether an immediate of the program has to be hidden. */
static inline bool jit_blinds(const struct jit_work *w, int64_t imm)
{
	return w->prog->blind && imm;
}

/* What a tail call enters for a target without machine code, as it enters that of others: interprets run->prog. */
uint64_t jit_interpret(struct fw_frame *frame, struct run *run, uint64_t mem_bytes);

/* The next number to hide an immediate behind. */
uint64_t jit_blinding(struct jit_work *w);

/* The last bytes that were emitted are the long form of a branch to a slot (prog->count: the tail). */
void jit_branch(struct jit_work *w, enum jit_branch_kind kind, unsigned int bytes, uint32_t slot);
/* The same of a FAR call. */
void jit_branch_far(struct jit_work *w, unsigned int bytes, uint64_t address);
/* Settles on a form for each branch: exec and bytes are known. */
void jit_layout(struct jit_work *w, const struct jit_machine *machine);
/* Copies the code of entry and slots to w->out, all branches as settled; from has JIT_SLACK_BYTES behind its room. */
void jit_layout_copy(struct jit_work *w, const struct jit_machine *machine, const struct jit_out *from);
/* Whether each branch in the image leads where the program says. */
bool jit_layout_check(const struct jit_work *w, const struct jit_machine *machine);

static inline enum opt_form jit_form(const struct jit_work *w, uint32_t i)
{
	return (enum opt_form)w->form[i];
}

/* Calls of helpers that do not exist are left in verified programs only where no run gets. */
static inline bool jit_is_verified(const struct jit_work *w)
{
	return w->prog->access && !w->prog->plain_memory;
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
