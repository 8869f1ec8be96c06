/* SPDX-License-Identifier: BSD-2-Clause */
/* The abstract machine: what is known of registers and stack at one point of one path. */
#ifndef FW_VERIFY_STATE_H
#define FW_VERIFY_STATE_H

#include "exec/exec.h"
#include "insn.h"
#include "verify/deps.h"
#include "verify/scalar.h"

#define STATE_SLOTS (EXEC_STACK_BYTES / 8)

enum reg_kind {
	REG_NONE,   /* not initialised: must not be read */
	REG_VOID,   /* a packet pointer that a helper made void: must not be read either */
	REG_GONE,   /* a record that was given back: nor this */
	REG_SCALAR, /* a number */
	REG_CTX,
	REG_STACK, /* relative to the frame pointer of frame */
	REG_PACKET,
	REG_META,
	REG_END,
	REG_SHORT,  /* the low half of one of these three: good for a difference, in 32 bits, and no address */
	REG_HIDDEN, /* made of an address: it can be moved, and nothing may come to depend on it */
	REG_MAP,
	REG_INNER_OR_NULL, /* an inner map; once it is known not to be null it is a MAP */
	REG_VALUE,         /* in a value of map */
	REG_VALUE_OR_NULL,
	REG_RECORD, /* range bytes of memory, to be given back */
	REG_RECORD_OR_NULL,
	REG_MEM, /* range bytes of memory: fw_exec()'s, or what argument number frame of a global function points to */
	REG_MEM_OR_NULL,
	REG_KINDS,
};

struct reg {
	uint8_t kind;  /* enum reg_kind */
	uint8_t frame; /* STACK: the frame's depth; MEM: the argument */
	uint16_t map;  /* MAP, VALUE and what can be null of these: index into verify_args.maps */
	/* PACKET, META: so many bytes behind the pointer without off are not all inside of the packet; 0: not known */
	uint16_t over;
	/* PACKET, META: bytes behind the pointer without off that are inside of the packet; RECORD, MEM: its size */
	uint32_t range;
	/*
	 * Registers of one kind with one id other than 0 share: scalars their value (less off), packet pointers the
	 * variable part, what can be null whether it is. Records, and values in programs with locks, keep their id:
	 * one id is one object.
	 */
	uint32_t id;
	bool inner;        /* MAP, VALUE...: not map itself, but one of its inner maps */
	bool stale;        /* scalars: loaded from stack that was never written, and not computed with since */
	int64_t off;       /* pointers: the fixed offset, bytes; linked scalars: what was added since the copy */
	struct scalar var; /* scalars: the number; pointers: the variable offset, bytes */
	struct deps deps;  /* scalars: what the number was computed from */
};

enum byte_kind {
	BYTE_NONE,  /* never written: 0, if the program's frames start as zeros */
	BYTE_LOST,  /* what is left of a pointer: HIDDEN when it is read */
	BYTE_MISC,  /* any number */
	BYTE_KNOWN, /* slot.values has it */
	BYTE_SPILL, /* part of slot.reg: always the low bytes of it, from the slot's first */
};

/* 8 aligned bytes of stack; slot i is at frame pointer - 8 * (i + 1). */
struct slot {
	uint8_t bytes[8];  /* enum byte_kind */
	uint8_t values[8]; /* of KNOWN bytes */
	struct reg reg;    /* deps are those of all bytes */
};

struct frame {
	struct reg regs[INSN_MAX_REG];
	struct slot slots[STATE_SLOTS];
	uint32_t call;  /* index of the call that made this frame */
	uint32_t entry; /* index of the function's first instruction */
	uint32_t used;  /* slots from the top that may hold something */
};

/* What the program has to give back, and what it has left. */
struct held {
	uint32_t turns;                 /* at most so many times MAY_GOTOs go on */
	uint32_t records[EXEC_RECORDS]; /* their ids; the first num_records */
	uint8_t num_records;
	bool locked;
	bool lock_inner; /* the value that has the lock, as struct reg has it */
	uint16_t lock_map;
	uint32_t lock_id;
	int64_t lock_off;
};

struct state {
	uint32_t depth;   /* of the running frame, 0: main */
	uint32_t entered; /* frames that were entered at least once: of others nothing is known, not even used */
	struct held held;
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

static inline bool reg_can_be_null(const struct reg *r)
{
	return r->kind == REG_VALUE_OR_NULL || r->kind == REG_INNER_OR_NULL || r->kind == REG_RECORD_OR_NULL ||
	       r->kind == REG_MEM_OR_NULL;
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
/* The kinds of a slot's 8 bytes in one word, byte n in bits 8n and up. */
static inline uint64_t slot_kinds(const struct slot *s)
{
	uint64_t kinds;

	mem_copy(&kinds, s->bytes, sizeof(kinds));
	return kinds;
}
/* How many of these bytes, from the first on, are part of a spilled register. */
static inline int slot_spilled(uint64_t kinds)
{
	uint64_t others = kinds ^ UINT64_C(0x0101010101010101) * BYTE_SPILL;

	return others ? __builtin_ctzll(others) / 8 : 8;
}
/* Whether byte i holds the same number on every path that the state stands for. */
bool slot_byte_known(const struct slot *s, int i, uint8_t *value);

/* s is memory with anything in it. No frame is entered yet. */
void state_init(struct state *s);

/* Empties frame depth, which is at most the number of those entered before: nothing initialised but the frame pointer.
 */
void state_enter(struct state *s, uint32_t depth, uint32_t call, uint32_t entry);

/* Calls fn for every register and every whole spilled register of every frame; fn may change it. */
typedef void state_fn(struct reg *r, void *arg);
void state_each(struct state *s, state_fn *fn, void *arg);

/* The result of a comparison must be the same for all copies of r: a scalar's id. */
void state_sync_links(struct state *s, const struct reg *r);

/* What the numbers at places, which are those of this state, were computed from. */
void state_deps(const struct state *s, const struct deps *places, struct deps *out);

/* Numbers are from now on computed from what they are: a mark has been set here. */
void state_reset_deps(struct state *s);

#endif
