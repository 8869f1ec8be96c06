/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier: abstract interpretation of a decoded program. It never accepts a program that could touch memory that
 * is not its own, loop for ever, or show an address of this machine to its driver.
 *
 * It runs in slices: verify_start(), verify_step() until it no longer returns -EAGAIN, verify_free().
 */
#ifndef FW_VERIFY_H
#define FW_VERIFY_H

#include "arena.h"
#include "exec/exec.h"
#include "fw.h"
#include "insn.h"
#include "map/map.h"
#include "std.h"

#define VERIFY_MAX_VISITED 1000000 /* instructions */

struct verify;
struct mark;

/* What the walk has just done, for tests that follow it. */
enum verify_event {
	VERIFY_BEGINS,
	VERIFY_MARKS,   /* a new mark holds the state at the next instruction */
	VERIFY_VISITS,  /* is about to walk an instruction */
	VERIFY_WAITS,   /* left the other side of it for later */
	VERIFY_RESUMES, /* went back to the side that was left last */
	VERIFY_COVERED, /* the mark covers the state: the path ends */
	VERIFY_FORGETS, /* is about to free the mark */
	VERIFY_ENTERS,  /* left the call for later, to walk the global function */
	VERIFY_ENDS,    /* the result is there, and everything that it was found with */
};

typedef void verify_watch_fn(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark);

#define VERIFY_ARGS 5 /* of a function */

/* A global function, and what a call of it has to give it. */
struct verify_func {
	uint32_t insn;               /* its first */
	uint32_t bytes[VERIFY_ARGS]; /* of MEMORY: below 2^30 */
	uint8_t kinds[VERIFY_ARGS];  /* VIRTIO_NET_XDP_FUNC_* */
};

struct verify_args {
	const struct insn *insns; /* insn.imm of LD_MAP, LD_MAP_VALUE: index into maps; imm64 as decoded */
	uint32_t count;           /* slots */
	struct map *const *maps;
	uint32_t num_maps;
	const struct verify_func *funcs; /* by insn, none twice */
	uint32_t num_funcs;
	const struct fw_caps *caps;
	bool gpl_compatible;
	bool strict_actions;
	bool plain_memory; /* R1: mem_bytes of readable and writable memory, R2: mem_bytes; both 0 without */
	uint32_t mem_bytes;
	uint32_t log_level; /* 0: the reason only, 1: the last path too, 2: every step */
	/*
	 * log_bytes of room; text once the program is judged: terminated lines, the last of them the reason of a
	 * refusal. Of more steps than there is room for the last ones are kept.
	 */
	char *log;
	uint32_t log_bytes;
	struct arena *arena;    /* all its memory; given back by verify_free() */
	verify_watch_fn *watch; /* NULL: none */
	void *watch_ctx;
};

struct verify_result {
	uint16_t error;      /* 0 or VIRTIO_NET_XDP_VERIFY_* */
	uint32_t error_insn; /* index */
	uint32_t visited;    /* instructions */
	uint64_t longest;    /* run: instructions, and 1 for each 8 bytes that helpers go through, if these are many */
	uint32_t states;
	uint32_t peak_bytes;
	uint32_t actions;   /* bit n: action n can be returned; bit 31: another value can be */
	uint32_t log_bytes; /* of text in args.log */
	/*
	 * enum exec_access per slot, from the arena; the caller frees it with arena_free(). NULL if refused.
	 */
	uint8_t *access;
	struct exec_call *calls; /* per slot; the same rules */
	uint32_t frames;         /* function frames that a run can need, the main one included */
	bool writes;             /* it can write to the packet or metadata, by itself or through a helper's argument */
	bool zero_stack;         /* it reads stack that it has not written: frames must start as zeros */
};

/* args is copied; what it points to must stay. NULL: no memory. */
struct verify *verify_start(const struct verify_args *args);

/* Visits up to budget instructions. -EAGAIN: call again. 0: *result is filled in (accepted or refused, see error). */
int verify_step(struct verify *v, uint32_t budget, struct verify_result *result);

/* Takes NULL; may be called at any time. */
void verify_free(struct verify *v);

#endif
