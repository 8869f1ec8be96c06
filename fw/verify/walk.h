/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verifier's parts share while they walk a program. Inside of fw/verify only. */
#ifndef FW_VERIFY_WALK_H
#define FW_VERIFY_WALK_H

#include "helper.h"
#include "verify/live.h"
#include "verify/log.h"
#include "verify/packed.h"
#include "verify/pool.h"
#include "verify/trail.h"
#include "verify/verify.h"

/* A state that was seen at an instruction. See mark.c. */
struct mark {
	struct mark *next;   /* at the same instruction */
	struct mark *parent; /* the last one on the path that led here */
	struct packed *state;
	struct deps precise; /* places whose numbers mattered behind it */
	uint64_t spent;      /* on the way here from parent, or from the program's first instruction */
	uint64_t longest;    /* way from here to the end of a run, of those that have ended */
	uint32_t branches;   /* paths from here that have not ended; 0: all that can follow is known to be safe */
	uint16_t hits, misses;
	uint32_t number; /* from 1 on */
	bool dropped;    /* no longer compared with */
};

/* The other side of a branch, to be walked later. */
struct pending {
	struct pending *next;
	struct mark *parent;
	struct packed *state; /* at the branch, before it */
	uint64_t spent;       /* as in struct verify; the branch included */
	uint32_t insn;        /* the branch, whose taken side waits; or the call */
	uint32_t trail;       /* trail.count then */
	struct log_place log; /* then, for a log of the last path */
};

/* What a global function was found to do with the memory that an argument points to. */
struct global_arg {
	bool unaligned; /* it accesses bytes at offsets that are no multiple of their number */
	uint8_t widest; /* most bytes of an access */
	uint8_t strict; /* most bytes of one that must be aligned in any memory; 0: there is none */
	bool atomic;    /* it does atomic operations there */
};

/* A global function: one of args.funcs. See global.c. */
struct global {
	bool moves;       /* it, or a function that it calls, moves the packet, */
	bool tails;       /* or makes tail calls */
	bool walked;      /* it was found to be safe; the rest is known from then on */
	uint8_t records;  /* that it holds at most */
	uint64_t longest; /* as in struct verify_result, of one call */
	struct global_arg args[VERIFY_ARGS];
	/* While it is being walked: what was being walked before, and what was known of that. */
	struct global *outer;
	uint64_t outer_longest;
	uint32_t outer_trail;
	uint8_t outer_records;
};

enum spot_flag {
	SPOT_ENTRY = 1 << 0,   /* a function begins */
	SPOT_REACHED = 1 << 1, /* some path of jumps leads here */
	SPOT_JOIN = 1 << 2,    /* several lead here */
	SPOT_LOOP = 1 << 3,    /* one of these comes from below */
	SPOT_CTX = 1 << 4,     /* accesses the context */
	SPOT_PLAIN = 1 << 5,   /* accesses other memory */
	SPOT_CALLED = 1 << 6,  /* call holds what was true of all calls so far */
	SPOT_COMPARE = 1 << 8, /* states are compared: joins, loops, and branches, which are left twice */
	SPOT_HIDES = 1 << 9,   /* can end a run with an address in R0 */
};

/* What is known of an instruction beside its text. */
struct spot {
	struct mark *marks;
	struct live live; /* before the instruction */
	uint32_t entry;   /* first instruction of the function */
	uint16_t flags;   /* enum spot_flag */
	struct exec_call call;
};

#define REPORT_REASON_BYTES 256 /* more than a sentence takes */

struct verify {
	struct verify_args args;
	struct verify_result result;
	struct arena *arena;
	struct spot *spots; /* args.count */
	struct state *state;
	struct packed *scratch;
	struct pool pool;
	struct live_walk *live; /* while it is under way */
	struct pending *pending;
	struct mark *parent;
	uint32_t insn; /* the one being walked */
	uint32_t next; /* the one after it */
	uint32_t next_id;
	uint32_t since_mark;    /* instructions */
	uint64_t spent;         /* since parent: instructions, and what helpers do beyond one */
	uint64_t work;          /* bytes of states packed and compared */
	struct global *globals; /* args.num_funcs */
	struct global *global;  /* the one being walked; NULL: the program itself */
	struct global *enter;   /* the one to be walked now; NULL: none */
	uint8_t most_records;   /* held at a time since the walk of global began */
	struct log log;
	struct frame *before;  /* with a log: the frame before the step, */
	uint32_t before_depth; /* and its depth */
	struct trail trail;
	char reason[REPORT_REASON_BYTES]; /* of a refusal */
	uint8_t part;                     /* of what comes before the walk: done so many */
	bool locks;                       /* some helper that it calls takes a lock */
	bool writes_fp;                   /* some instruction writes R10 */
	bool path_ends;                   /* the instruction being walked ends the path */
	bool done;
};

static inline void walk_tell(struct verify *v, enum verify_event event, const struct mark *m)
{
	if (unlikely(v->args.watch))
		v->args.watch(v->args.watch_ctx, v, event, m);
}

static inline struct reg *walk_reg(struct verify *v, uint8_t number)
{
	return &state_frame(v->state)->regs[number];
}

/* The last call that ended R0 to R5 of the running function, its own included. */
static inline struct trail_event walk_call_event(const struct verify *v)
{
	uint32_t depth = v->state->depth;

	return (struct trail_event){.what = TRAIL_CALL, .kind = (uint8_t)depth, .id = v->state->frames[depth].call};
}

static inline uint32_t walk_after(const struct insn *insns, uint32_t i)
{
	uint8_t cls = insn_info[insns[i].op].cls;
	bool two = cls == INSN_CLASS_LD_IMM64 || cls == INSN_CLASS_LD_MAP || cls == INSN_CLASS_LD_MAP_VALUE;

	return i + (two ? 2 : 1);
}

/* The instructions that can follow i in the same function; how many. */
static inline uint32_t walk_successors(const struct insn *insns, uint32_t i, uint32_t out[2])
{
	const struct insn *insn = &insns[i];
	uint32_t n = 0;

	switch (insn_info[insn->op].cls) {
	case INSN_CLASS_EXIT:
		return 0;
	case INSN_CLASS_JA:
		out[n++] = (uint32_t)insn->imm;
		return n;
	case INSN_CLASS_JMP:
		out[n++] = (uint32_t)insn->imm;
		break;
	default:
		break;
	}
	out[n++] = walk_after(insns, i);
	return n;
}

/*
 * Functions below return 0, or -EINVAL after they reported why the program is refused.
 */

/* cfg.c: the shape of the program: functions, how deep calls go, joins and loops; in this order. */
int cfg_functions(struct verify *v);
int cfg_depth(struct verify *v);
int cfg_reach(struct verify *v);
/* Which global functions move the packet, or make tail calls. */
int cfg_effects(struct verify *v);

/* mark.c: states to compare with, and branches that wait. */

int mark_no_memory(struct verify *v);
/* What lives in each frame if the running one is at insn. */
void mark_live(const struct verify *v, uint32_t insn, struct packed_live *live);
/* Compares with all marks at the instruction, and may leave a new one. Sets path_ends if there is nothing new to find.
 */
int mark_compare(struct verify *v);
/* The numbers computed from these places of the last mark's state decided something. */
void mark_matters(struct verify *v, const struct deps *places);
/* The path being walked has come to an end. */
void mark_end_path(struct verify *v);
/* Leaves the taken side of the branch being walked for later. */
int mark_add_pending(struct verify *v);
/* Leaves the call being walked for when the function was walked. */
int mark_suspend(struct verify *v);
/* It is no longer in the list. */
void mark_free_pending(struct verify *v, struct pending *p);

/* require.c: what an access needs. */

enum require_for {
	REQUIRE_READ,
	REQUIRE_WRITE,
	REQUIRE_ATOMIC,
};

/* Reads register number: it must be initialised. */
int require_init(struct verify *v, uint8_t number);
int require_scalar(struct verify *v, uint8_t number, const char *what);
/* An arithmetic instruction: it must not divide by an immediate 0. */
int require_divisor(struct verify *v, const struct insn *insn);
/* Refuses what register number is used for, since it can be null. Returns -EINVAL. */
int require_not_null(struct verify *v, uint8_t number, const char *before);
/*
 * [register + off, + bytes) must be memory that the program may use so. Says nothing about what the stack holds; no
 * context. bytes is more than 0.
 */
int require_memory(struct verify *v, uint8_t number, int64_t off, uint64_t bytes, enum require_for use);
/* Least and greatest offset from the frame pointer that a STACK pointer + off can have. */
void require_stack_span(const struct reg *r, int64_t off, int64_t *min, int64_t *max);
/* The address is a multiple of bytes, a power of two, as far as the offset goes. */
bool require_is_aligned(const struct reg *r, int64_t off, uint64_t bytes);
int require_aligned(struct verify *v, uint8_t number, int64_t off, unsigned int bytes);
/* What the map, or the one that the value is in, is like. */
const struct map_attr *require_attr(const struct verify *v, const struct reg *r);
/*
 * Every byte of stack that can be meant is a number, no part of a pointer. The access was required before. Bytes that
 * were never written read as 0, which engines have to see to: result.zero_stack.
 */
int require_stack_bytes(struct verify *v, uint8_t number, int64_t off, uint64_t bytes);
/* A context access of bytes at off. *kind: what a load gives. */
int require_context(struct verify *v, uint8_t number, int64_t off, unsigned int bytes, bool write, bool sign,
		    enum reg_kind *kind);
/* The map that the instruction names is there, and has an address if its value is meant. */
int require_map(struct verify *v, const struct insn *insn);
/* This instruction accesses the context (or other memory) on every path. */
int require_access_kind(struct verify *v, bool ctx);

/* stack.c: what is in the stack. */

/* A load of bytes from a STACK pointer; the access was required before. */
int stack_load(struct verify *v, uint8_t number, int64_t off, unsigned int bytes, struct reg *out);
/* A store of value. */
int stack_store(struct verify *v, uint8_t number, int64_t off, unsigned int bytes, const struct reg *value);
/* What must not be told was written to [register + off, + bytes), or was not: the offset is constant. */
void stack_hide(struct verify *v, const struct reg *r, int64_t off, uint64_t bytes);
/* Something unknown was written to [register + off, + bytes). */
void stack_clobber(struct verify *v, const struct reg *r, int64_t off, uint64_t bytes);

/* apply.c: what instructions do. */
int apply_alu(struct verify *v, const struct insn *insn);
int apply_load(struct verify *v, const struct insn *insn);
int apply_store(struct verify *v, const struct insn *insn);
int apply_atomic(struct verify *v, const struct insn *insn);
int apply_constant(struct verify *v, const struct insn *insn);
/* Register number is about to be written. */
int apply_dst(struct verify *v, uint8_t number, const struct reg *value);

/* pointer.c: arithmetic on pointers. */
int pointer_alu(struct verify *v, const struct insn *insn, const struct reg *dst, const struct reg *src);

/* branch.c */
enum branch_side {
	BRANCH_FALL = 1 << 0,
	BRANCH_TAKEN = 1 << 1,
};

/* *sides: which sides of the conditional jump can happen. */
int branch_sides(struct verify *v, const struct insn *insn, unsigned int *sides);
/* The jump could only go one way: its operands mattered. */
void branch_matters(struct verify *v, const struct insn *insn);
/* Whether r is an address, or null, and no less than EXEC_ADDRESSES unless it is null. */
bool branch_is_address(const struct verify *v, const struct reg *r);
/* Whether the pointer can't be equal to the number, whatever its address. */
bool branch_differ(const struct verify *v, const struct reg *pointer, const struct reg *number);
/* Learns from going one of the sides that can happen. */
void branch_learn(struct verify *v, const struct insn *insn, bool taken);

/* bound.c: comparisons of packet pointers. */

/* Which sides of "a op b" can happen, two pointers into one packet or to its end. */
unsigned int bound_sides(uint8_t op, const struct reg *a, const struct reg *b);
void bound_learn(struct verify *v, uint8_t op, const struct reg *a, const struct reg *b, bool taken);

/* args.c: what helpers are called with. */

struct args {
	const struct helper *helper;
	const struct map_attr *attr; /* of the map argument; NULL: there is none */
	bool inner;                  /* it is an inner map */
	bool exists;                 /* it has the element that the KEY argument names */
	uint16_t map;                /* its index, or that of the map that it is in */
	uint32_t bytes;              /* the CONST argument; 0: none */
	uint32_t record;             /* id of the RECORD argument; 0: none */
};

/* The arguments in R1 to R5 are what args->helper wants; the rest of *args is filled in. */
int args_check(struct verify *v, struct args *args);
/* What the helper wrote is initialised now. */
void args_written(struct verify *v, const struct args *args);

/*
 * frozen.c: whether the bytes at r + off are in a value that nobody can write any more, and what they are. The access
 * was required before.
 */
bool frozen_read(const struct verify *v, const struct reg *r, int64_t off, unsigned int bytes, uint64_t *value);

/* held.c: records and locks, which the program has to give back. */

int held_add_record(struct verify *v, uint32_t id);
/* There is none, after all. */
void held_drop_record(struct verify *v, uint32_t id);
/* The record is given back: all copies of the pointer are gone. */
void held_give_back(struct verify *v, uint32_t id);
/* Register number points to the lock. */
int held_lock(struct verify *v, uint8_t number);
int held_unlock(struct verify *v, uint8_t number);
/* No lock is held, since the program is about to do what. */
int held_no_lock(struct verify *v, const char *what);
/* Nothing is held. */
int held_nothing(struct verify *v, const char *what);

/* call.c */
int call_helper(struct verify *v, const struct insn *insn);
int call_local(struct verify *v, const struct insn *insn);
int call_exit(struct verify *v);
/* The function's tail call succeeded, and what it led to returns to the caller. */
void call_tail_return(struct verify *v);

/* The function called has returned a number; moved: whatever ran may have moved the packet. */
void call_returned(struct verify *v, bool moved);

/* global.c: functions that are walked once, by themselves. */

/* The global function that begins at insn; NULL: none does. */
const struct verify_func *global_func(const struct verify *v, uint32_t insn);
struct global *global_of(const struct verify *v, uint32_t insn);
/* Bytes that a call reads where argument n, from 0 on, points to. */
uint64_t global_reads(const struct verify_func *func, int n);
/* Before the walk: what the driver said is about functions of the program. */
int global_begin(struct verify *v);
/* A call of it is walked. */
int global_call(struct verify *v, struct global *g);
/* Begins the walk of v->enter. */
void global_enter(struct verify *v);
/* All paths of v->global were walked, and the state is that of the call which led to it. */
int global_leave(struct verify *v);
/* Its EXIT is walked. */
int global_exit(struct verify *v);
/* What r points to is accessed, as is permitted; strict: it must be aligned in any memory. */
void global_access(struct verify *v, const struct reg *r, int64_t off, unsigned int bytes, bool strict);
/* It was an atomic operation. */
void global_atomic(struct verify *v, const struct reg *r);

/* report.c */

/*
 * Refuses the program at the instruction being walked. The text is a sentence for people: which register and offset,
 * what is proven, what is needed, what to try. Of printf's conversions: %s %d %u %x, the last three with ll too. The
 * first refusal stands. Returns -EINVAL.
 */
__attribute__((format(printf, 3, 4))) int report_refuse(struct verify *v, uint16_t error, const char *format, ...);
#define REPORT_AT_BYTES 32
/* Where the event happened, as " at instruction 9", in text; "" if that is not known. Returns text. */
const char *report_at(const struct verify *v, struct trail_event like, char text[static REPORT_AT_BYTES]);
/* An event of the path at the instruction being walked. */
void report_event(struct verify *v, struct trail_event event);

/* With log level 1 or 2: the state that the program begins in, ... */
void report_begin(struct verify *v);
/* ... the step of the instruction being walked, between these two calls; refused: it was, ... */
void report_before(struct verify *v);
void report_step(struct verify *v, bool refused);
/* ... that nothing new can follow, and that the walk goes on behind an earlier branch. */
void report_safe(struct verify *v);
void report_branch(struct verify *v, const struct pending *p);

/* The walk of the global function that begins at insn begins, or it was walked. */
void report_global(struct verify *v, uint32_t insn, bool walked);

/* The program was judged: writes the closing lines. Returns the bytes of the log. */
uint32_t report_close(struct verify *v);

#endif
