/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state that waits or is kept for comparison: only what the program may still read (live.h), numbers in their
 * shortest form.
 */
#ifndef FW_VERIFY_PACKED_H
#define FW_VERIFY_PACKED_H

#include "verify/state.h"

/* Which registers and slots of a frame may still be read: bit n is register n, slot n. */
struct live {
	uint64_t low, high; /* bytes 0 to 3 of the slot, bytes 4 to 7 */
	uint16_t regs;
};

/* What lives in every frame of a state, depth + 1 of them. */
struct packed_live {
	struct live frames[EXEC_CALL_DEPTH];
};

struct packed {
	uint32_t bytes; /* all of it */
	uint32_t depth;
	struct held held;
	/* encoded frames follow */
};

/* A register, its number whole, and a slot take no more than this beside what they are made of. */
#define PACKED_REG_MAX   (sizeof(struct reg) + 32)
#define PACKED_SLOT_MAX  (16 + sizeof(struct deps) + PACKED_REG_MAX)
#define PACKED_FRAME_MAX (32 + INSN_MAX_REG * PACKED_REG_MAX + STATE_SLOTS * PACKED_SLOT_MAX)
#define PACKED_MAX       (sizeof(struct packed) + EXEC_CALL_DEPTH * PACKED_FRAME_MAX)

/* Writes what lives to out, PACKED_MAX bytes of room. Returns the bytes written. */
size_t packed_make(struct packed *out, const struct state *s, const struct packed_live *live);
void packed_restore(struct state *s, const struct packed *p);

/*
 * Whether the old state allows every number that s does, in all that lives: nothing new can happen then. Numbers at
 * places that are not in precise never mattered, and may be any. zero_stack: bytes of the stack that were never written
 * have been read as numbers somewhere, so they must be numbers.
 */
bool packed_covers(const struct packed *old, const struct state *s, const struct packed_live *live,
		   const struct deps *precise, bool zero_stack);

/* Whether s is the same as the old state in all that lives: the program has not moved on. */
bool packed_same(const struct packed *old, const struct state *s, const struct packed_live *live);

/* What the numbers at the places in precise were computed from: places of the state at the mark before. */
void packed_deps(const struct packed *p, const struct deps *precise, struct deps *out);

#endif
