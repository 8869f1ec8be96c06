/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program object, from PROG_CREATE to PROG_DESTROY.
 *
 * Programs are verified one after the other in the order of their commits, in slices, so that frames and commands go on
 * meanwhile. A program holds a reference to each map that it names from commit until it is refused or destroyed.
 */
#ifndef FW_PROG_H
#define FW_PROG_H

#include "exec/exec.h"
#include "verify/verify.h"
#include "virtio_net_xdp.h"

struct fw;

/* Values as VIRTIO_NET_XDP_PROG_*. LOADING -> VERIFYING -> READY or REFUSED; nothing leads back. */
enum prog_state {
	PROG_LOADING,
	PROG_VERIFYING,
	PROG_READY,
	PROG_REFUSED,
};

struct prog {
	uint32_t id;
	uint32_t bytes;
	uint32_t flags; /* VIRTIO_NET_XDP_PROG_F_* */
	uint8_t name[VIRTIO_NET_XDP_NAME_BYTES];
	uint8_t tag[VIRTIO_NET_XDP_TAG_BYTES];

	enum prog_state state;
	uint32_t written;          /* bytes uploaded */
	uint8_t *wire;             /* LOADING: as uploaded */
	struct verify_func *funcs; /* global functions: VIRTIO_NET_XDP_FUNCS_MAX of room, or NULL */
	uint32_t num_funcs;
	uint64_t turn; /* VERIFYING: the lowest is verified first */
	uint32_t log_level;
	struct verify *verify; /* VERIFYING and its turn has come */
	bool judged;           /* VERIFYING, and result is there */

	struct insn *insns; /* VERIFYING, READY: bytes / 8 of them */
	uint8_t *access;    /* enum exec_access, as many */
	struct map **maps;  /* that it names, each once */
	uint32_t num_maps;

	struct verify_result result; /* READY, REFUSED; access in it is not used */
	char *log;                   /* from commit on: caps.max_log_bytes + 1 of room */

	struct exec_prog exec; /* READY */
	struct jit jit;        /* READY; fn is NULL if it is interpreted */
	bool in_place;         /* READY: it leaves the packet, and the room around it, as they are */
	uint32_t slots;        /* of PROG_ARRAYs that name it; only a READY one can be in any */
	uint64_t run_count;    /* frames from the link, which it began with */
};

struct prog_attr {
	uint32_t id;
	uint32_t bytes; /* a multiple of 8, above 0 */
	uint32_t flags;
	uint8_t name[VIRTIO_NET_XDP_NAME_BYTES];
	uint8_t tag[VIRTIO_NET_XDP_TAG_BYTES];
};

/* The program, or NULL. */
struct prog *prog_find(const struct fw *fw, uint32_t id);

/* A new one at a free id below max_progs; what attr says was checked. 0 or -ENOMEM. */
int prog_create(struct fw *fw, const struct prog_attr *attr);

/*
 * Gives a LOADING program count more global functions, behind those that it has and no more than FUNCS_MAX in all, for
 * the caller to fill in. NULL: no memory.
 */
struct verify_func *prog_add_funcs(struct fw *fw, struct prog *prog, uint32_t count);

/*
 * Takes a LOADING program that was written whole to VERIFYING, or to REFUSED if it does not decode or names a map that
 * does not exist. 0, or -ENOMEM: it is as it was.
 */
int prog_commit(struct fw *fw, struct prog *prog, uint32_t log_level);

/* Spends budget on the next VERIFYING program. Returns whether any is left. */
bool prog_poll(struct fw *fw, uint32_t budget);

/*
 * Runs a READY program on a frame: everything but frame->verdict. Returns false after a fault of the interpreter, which
 * no verified program makes.
 */
bool prog_run(struct fw *fw, struct prog *prog, struct fw_frame *frame);

/*
 * Runs prog on frames[0..count), in order, for fw_run(): all of each frame. verdicts: what an R0 of n means, and
 * verdicts[EXEC_ACTIONS] any other; a fault is FW_ABORTED.
 */
void prog_run_burst(struct fw *fw, struct prog *prog, struct fw_frame *frames, size_t count,
		    const enum fw_verdict *verdicts);

/* Destroys it in any state; it must not be attached. Aborts its verification. */
void prog_destroy(struct fw *fw, struct prog *prog);

/* Bytes of arena that a program takes at most. */
size_t prog_arena_bytes(const struct fw_caps *caps);

#endif
