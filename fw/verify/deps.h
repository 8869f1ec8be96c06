/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a number was computed from: a set of places, registers and stack slots, of the state at the last mark. See
 * mark.c. Places of frames too deep for the set are not in it; their numbers are always taken to matter.
 */
#ifndef FW_VERIFY_DEPS_H
#define FW_VERIFY_DEPS_H

#include "std.h"

#define DEPS_SLOT_FRAMES 2 /* frames whose slots have a word each */
#define DEPS_REG_FRAMES  6 /* frames whose registers share the first word, 10 bits each */

struct deps {
	uint64_t regs;
	uint64_t slots[DEPS_SLOT_FRAMES];
};

static inline void deps_join(struct deps *into, const struct deps *from)
{
	into->regs |= from->regs;
	for (int i = 0; i < DEPS_SLOT_FRAMES; i++)
		into->slots[i] |= from->slots[i];
}

static inline bool deps_within(const struct deps *a, const struct deps *b)
{
	uint64_t more = a->regs & ~b->regs;

	for (int i = 0; i < DEPS_SLOT_FRAMES; i++)
		more |= a->slots[i] & ~b->slots[i];
	return !more;
}

static inline struct deps deps_of_reg(uint32_t frame, int reg)
{
	struct deps d = {0};

	if (frame < DEPS_REG_FRAMES)
		d.regs = (uint64_t)1 << (frame * 10 + (uint32_t)reg);
	return d;
}

static inline struct deps deps_of_slot(uint32_t frame, uint32_t slot)
{
	struct deps d = {0};

	if (frame < DEPS_SLOT_FRAMES)
		d.slots[frame] = (uint64_t)1 << slot;
	return d;
}

/* Whether the place is in the set, or can't be. */
static inline bool deps_has_reg(const struct deps *d, uint32_t frame, int reg)
{
	return frame >= DEPS_REG_FRAMES || d->regs >> (frame * 10 + (uint32_t)reg) & 1;
}

static inline bool deps_has_slot(const struct deps *d, uint32_t frame, uint32_t slot)
{
	return frame >= DEPS_SLOT_FRAMES || d->slots[frame] >> slot & 1;
}

#endif
