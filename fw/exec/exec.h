/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a program: the interpreter and the JITs behind one shape. */
#ifndef FW_EXEC_H
#define FW_EXEC_H

#include "fw.h"
#include "insn.h"
#include "map/map.h"
#include "std.h"

#define EXEC_STACK_BYTES 512 /* per function frame */
#define EXEC_CALL_DEPTH  8   /* function frames, the main one included */
#define EXEC_TAIL_CALLS  33
#define EXEC_TURNS       1024 /* that MAY_GOTOs go on in a run */
#define EXEC_ACTIONS     5    /* R0 below it is an action */
#define EXEC_RECORDS     4    /* that a run can hold reserved at a time */

/*
 * Numbers below are no address of anything that programs have, nor of anything as far away again, and all addresses are
 * below the other: comparisons with such numbers are the same on every machine.
 */
#define EXEC_ADDRESSES     ((uint64_t)1 << 15)
#define EXEC_ADDRESSES_END ((uint64_t)1 << 60)

struct fw;

/* What a frozen program is to an engine: instructions that decoded (and, but for exec --no-verify, verified). */
struct exec_prog {
	/* Without access (not verified), insns[count] is there too and is an INSN_LD_SLOT2: it stops what runs past the
	 * end. */
	const struct insn *insns;
	uint32_t count; /* slots */
	/*
	 * Per slot: the kind of memory that a load or store touches, as the verifier proved it. NULL without
	 * verification.
	 */
	const uint8_t *access; /* enum exec_access */
	struct map *const
		*maps; /* LD_MAP and LD_MAP_VALUE: insn.imm is the index into it, insn.imm64 as exec_link() left it */
	uint32_t num_maps;
	bool plain_memory; /* R1, R2 are memory and its size (fw_exec()), not the context */
	/* Per slot: what the verifier learnt of a helper call. NULL: nothing. */
	const struct exec_call *calls;
	uint32_t frames;       /* function frames that a run of it can need, the main one included; 0: not known */
	bool zero_stack;       /* it reads stack that it has not written: each function's frame starts as zeros */
	const struct jit *jit; /* compiled: what a tail call enters; NULL: interpreted */
	bool writes;           /* may write to the packet */
	uint32_t id;           /* of the program, for traces */
	uint64_t blind;        /* the JIT hides immediates behind numbers drawn from this; 0: it does not */
};

#define EXEC_NO_MAP UINT16_MAX

/* What holds of a helper call's arguments on every path. */
struct exec_call {
	uint16_t
		map; /* index into exec_prog.maps of the map argument itself (not an inner one of it), or EXEC_NO_MAP */
	bool key_known; /* the 4-byte key is a constant: */
	uint32_t key;
	uint8_t optional; /* OPTIONAL arguments that are scalars, from the first on */
};

enum exec_access {
	EXEC_ACCESS_PLAIN,  /* an address, as it stands */
	EXEC_ACCESS_CTX,    /* struct fw_frame: offsets are the context's, 4 bytes wide, pointers load 8 */
	EXEC_ACCESS_HIDDEN, /* of EXIT: R0 can be an address: from EXEC_ADDRESSES on the result is 0 */
};

/* The state of one run; helpers get it. */
struct run {
	struct fw_frame *frame; /* also R1; NULL for fw_exec() */
	struct fw *fw;          /* NULL for fw_exec() */
	const struct exec_prog *prog;
	uint8_t *mem; /* fw_exec(): memory, and its size */
	uint64_t mem_bytes;
	uint64_t budget; /* interpreter: instructions left, if budget_on */
	bool budget_on;
	uint32_t num_queues; /* receive queues: what a program may select */
	uint64_t *prandom;   /* state of get_prandom_u32 */
	uint32_t tail_calls; /* left */
	uint32_t turns;      /* left */
	uint32_t depth;      /* function frames of callers that stay while a tail-called program runs */
	uint64_t poison; /* interpreter: what registers and stack hold that nothing was written to; 0: what is there */
	uint32_t fault_insn; /* interpreter: where it stopped, if fault is set */
	const char *fault;   /* interpreter: why; NULL if the run ended by EXIT */
	fw_trace_fn *trace;
	void *trace_ctx;
	uint32_t queue;        /* the steered one: frame->rx_queue_index before the program */
	uint32_t max_metadata; /* bytes, of adjust_meta */
	uint8_t *headroom_top; /* end of what the frame has not yet had of its headroom; at first its start */
	/* What a burst writes to fw_frame.verdict and the 7 bytes behind it, by R0; the last one: for any other R0. */
	uint64_t outcomes[EXEC_ACTIONS + 1];
};

/*
 * Gives LD_MAP and LD_MAP_VALUE of verified instructions their run-time constants: insn.imm is an index into maps,
 * insn.imm64 becomes the address of struct map, or of the value at the offset in the second slot.
 */
void exec_link(struct insn *insns, uint32_t count, struct map *const *maps);
/*
 * Takes out of verified instructions what must not be executed as it stands: an EXIT that hides R0 has an off other
 * than 0, and where R10 would be written, which no run comes to, there is such an EXIT. access: per slot.
 */
void exec_link_exits(struct insn *insns, uint32_t count, const uint8_t *access);
/* Turns calls of helpers with OPTIONAL arguments into those of what reads no more than there is. calls: per slot. */
void exec_link_calls(struct insn *insns, uint32_t count, const struct exec_call *calls);

/*
 * Interprets: every access is checked against stack, packet (or run->mem), map values and context. Returns R0; on a
 * fault 0 with run->fault set (a verified program makes none). Without prog->access each function's stack starts as
 * zeros, and helper calls are faults, since nothing has checked what they are given.
 */
uint64_t interp_run(const struct exec_prog *prog, struct run *run);

/*
 * tail_call() of entry index of map (a PROG_ARRAY): the program to go on with, in the same frame of the run; by then
 * run->prog is it and run->tail_calls is counted down. NULL: there is none, none is left, or the run's function frames
 * (run->depth and the target's own) would be too many; nothing has changed then and the caller falls through.
 */
const struct exec_prog *exec_tail_target(struct map *map, uint32_t index, struct run *run);
/* What the helper's row calls, where an engine does not execute tail calls itself: there never is a program. */
uint64_t exec_tail_call(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run);

/*
 * Lets the interpreter execute a verified program faster: sets struct insn.run in insns, which are prog->insns. What is
 * executed stays the same.
 */
void interp_link(const struct exec_prog *prog, struct insn *insns);

/*
 * One run, or the rest of one after a tail call. The caller sets in struct run what differs from frame to frame, and
 * does with the result and with maps that wait for the end of the run what has to be done.
 */
typedef uint64_t jit_fn(struct fw_frame *frame_or_mem, struct run *run, uint64_t mem_bytes);
/*
 * The program on frames[0..count), count 1 or more: leaves R0 and verdict in each, and what is behind verdict unless
 * the frames have to be prepared. Of run, what differs from frame to frame need not be set.
 */
typedef void jit_burst_fn(struct fw_frame *frames, struct run *run, uint64_t count);

struct jit {
	struct fw_code code;
	jit_fn *fn;
	jit_burst_fn *burst; /* NULL: the machine or the program is not made for it */
	bool prepared; /* burst takes frames with ingress_ifindex, redirect_*, bad_queue and changed set; otherwise no
			* R0 is REDIRECT, nothing reads these and what outcomes say of them is written */
	size_t bytes;  /* of machine code */
};

#define JIT_NO_INSN UINT32_MAX

/*
 * Compiles. LD_MAP and LD_MAP_VALUE load insn.imm64, which holds the address by now. Returns 0, -ENOTSUP (no JIT for
 * this machine: *insn is JIT_NO_INSN, or none of this instruction: *insn), -ENOMEM (scratch or code memory), -EINVAL
 * (nothing that insn_decode() and the verifier let through: *insn, or JIT_NO_INSN). On success the caller owns jit
 * until jit_free(); on failure *jit is zeroed.
 */
int jit_compile(const struct exec_prog *prog, struct arena *scratch, const struct fw_platform *platform,
		void *platform_ctx, struct jit *jit, uint32_t *insn);

/* Takes a zeroed struct jit, too. */
void jit_free(struct jit *jit, const struct fw_platform *platform, void *platform_ctx);

#endif
