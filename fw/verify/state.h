/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The abstract machine: what is known of registers and stack at one point of one path.
 *
 * A state that waits or is kept for comparison is packed: only what the program may still read (see live.h), scalars in
 * their shortest form.
 */
#ifndef FW_VERIFY_STATE_H
#define FW_VERIFY_STATE_H

#include "exec/exec.h"
#include "insn.h"
#include "verify/scalar.h"

#define STATE_SLOTS (EXEC_STACK_BYTES / 8)

enum reg_kind {
	REG_NONE,   /* not initialised: must not be read */
	REG_VOID,   /* a packet pointer that a helper made void: must not be read either */
	REG_SCALAR, /* a number */
	REG_CTX,
	REG_STACK, /* relative to the frame pointer of frame */
	REG_PACKET,
	REG_META,
	REG_END,
	REG_MAP,
	REG_VALUE, /* in a value of map */
	REG_VALUE_OR_NULL,
	REG_MEM, /* fw_exec()'s memory */
	REG_KINDS,
};

struct reg {
	uint8_t kind;  /* enum reg_kind */
	uint8_t frame; /* STACK: the frame's depth */
	uint16_t map;  /* MAP, VALUE, VALUE_OR_NULL: index into verify_args.maps */
	/* PACKET, META: bytes behind the pointer without off that are inside of the packet */
	uint32_t range;
	/*
	 * Registers of one kind with one id other than 0 share: scalars their value (less off), packet pointers the
	 * variable part, VALUE_OR_NULLs whether they are null.
	 */
	uint32_t id;
	int64_t off;       /* pointers: the fixed offset, bytes; linked scalars: what was added since the copy */
	struct scalar var; /* scalars: the number; pointers: the variable offset, bytes */
};

enum byte_kind {
	BYTE_NONE, /* never written: must not be read */
	BYTE_MISC, /* any number */
	BYTE_ZERO,
	BYTE_SPILL, /* part of slot.reg: always the low bytes of it, from the slot's first */
};

/* 8 aligned bytes of stack; slot i is at frame pointer - 8 * (i + 1). */
struct slot {
	uint8_t bytes[8]; /* enum byte_kind */
	struct reg reg;
};

struct frame {
	struct reg regs[INSN_MAX_REG];
	struct slot slots[STATE_SLOTS];
	uint32_t call;  /* index of the call that made this frame */
	uint32_t entry; /* index of the function's first instruction */
	uint32_t used;  /* slots from the top that may hold something */
};

struct state {
	uint32_t depth; /* of the running frame, 0: main */
	struct frame frames[EXEC_CALL_DEPTH];
};

static inline struct frame *state_frame(struct state *s)
{
	return &s->frames[s->depth];
}

static inline bool reg_is_scalar(const struct reg *r)
{
	return r->kind == REG_SCALAR;
}

static inline bool reg_is_pointer(const struct reg *r)
{
	return r->kind > REG_SCALAR;
}

static inline bool reg_is_packet(const struct reg *r)
{
	return r->kind == REG_PACKET || r->kind == REG_META || r->kind == REG_END;
}

/* What the kind is called in a log: "a packet pointer". */
const char *reg_kind_text(uint8_t kind);

struct reg reg_scalar(struct scalar var);
struct reg reg_pointer(enum reg_kind kind, int64_t off);
void reg_set_const(struct reg *r, uint64_t value);
bool slot_is_spill(const struct slot *s);

/* Empties frame depth: nothing initialised but the frame pointer. */
void state_enter(struct state *s, uint32_t depth, uint32_t call, uint32_t entry);

/* Calls fn for every register and every whole spilled register of every frame; fn may change it. */
typedef void state_fn(struct reg *r, void *arg);
void state_each(struct state *s, state_fn *fn, void *arg);

/* The result of a comparison must be the same for all copies of r: a scalar's id. */
void state_sync_links(struct state *s, const struct reg *r);

/* Which registers and slots of a frame still matter: bit n is register n, slot n. */
struct live {
	uint64_t slots;         /* may be read */
	uint64_t precise_slots; /* and their numbers may decide about a path or an access */
	uint16_t regs;
	uint16_t precise_regs;
};

/* What lives in every frame of a state; the caller fills in depth + 1 of them. */
struct state_live {
	struct live frames[EXEC_CALL_DEPTH];
};

struct packed {
	uint32_t bytes; /* all of it */
	uint32_t depth;
	/* encoded frames follow */
};

#define STATE_PACKED_MAX (sizeof(struct packed) + sizeof(struct state) + EXEC_CALL_DEPTH * 16)

/* Writes what lives to out, STATE_PACKED_MAX bytes of room. Returns the bytes written. */
size_t packed_make(struct packed *out, const struct state *s, const struct state_live *live);
void packed_restore(struct state *s, const struct packed *p);

enum state_match {
	STATE_WITHIN, /* every number that the new state allows, the old one does: nothing new can happen */
	STATE_SAME,   /* the same in all that lives: the program has not moved on */
};

/* Whether the new state is so in respect of what lives. */
bool packed_matches(const struct packed *old, const struct state *s, const struct state_live *live, enum state_match how);

#endif
