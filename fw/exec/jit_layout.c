// SPDX-License-Identifier: BSD-2-Clause
/*
 * Branches of machine code, from their long form to the one that suffices.
 *
 * The code is emitted once, with long branches everywhere. Calls of functions that are in reach of all of the code and
 * jumps that reach are made short until no more do: that only moves code together, so what was found to reach goes on
 * reaching. Then the code between branches is copied together. Offsets of long code stay what they are, the sums of
 * what branches saved say where things end up.
 */
#include "exec/jit.h"

#define LAYOUT_PASSES 16
#define COPY_BYTES    JIT_SLACK_BYTES

static struct jit_branch *add(struct jit_work *w, enum jit_branch_kind kind, unsigned int bytes)
{
	struct jit_branch *b;

	if (w->branches == w->max_branches) {
		w->out.fault = true;
		return NULL;
	}
	b = &w->branch[w->branches++];
	*b = (struct jit_branch){.end = (uint32_t)w->out.at, .kind = (uint8_t)kind, .bytes = (uint8_t)bytes};
	return b;
}

void jit_branch(struct jit_work *w, enum jit_branch_kind kind, unsigned int bytes, uint32_t slot)
{
	bool known =
		slot == w->prog->count || (slot < w->prog->count && w->mark[slot] & (JIT_MARK_TARGET | JIT_MARK_FUNC));
	struct jit_branch *b = known ? add(w, kind, bytes) : NULL;

	if (b)
		b->slot = slot;
	else
		w->out.fault = true;
}

void jit_branch_far(struct jit_work *w, unsigned int bytes, uint64_t address)
{
	struct jit_branch *b = add(w, JIT_BRANCH_FAR, bytes);

	if (b)
		b->address = address;
}

static bool reaches(const struct jit_work *w, const struct jit_machine *machine, uint64_t address)
{
	int64_t from_start = (int64_t)(address - w->exec);
	int64_t from_end = (int64_t)(address - (w->exec + w->bytes));

	return MIN(from_start, from_end) >= -machine->far_reach && MAX(from_start, from_end) < machine->far_reach;
}

/*
 * Whether a short form reaches; saved: before b. What is saved before branches behind b is known of the last pass, so
 * a forward jump is measured as it was then.
 */
static bool fits(const struct jit_work *w, const struct jit_machine *machine, const struct jit_branch *b,
		 uint32_t saved)
{
	const struct jit_branch *to = &w->branch[w->before[b->slot]];
	int64_t distance;

	if (!machine->short_bytes[b->kind])
		return false;
	/* A backward jump gets nearer by becoming short, a forward one does not. */
	distance = (int64_t)w->start[b->slot] - b->end + (to < b ? saved : b->saved) - to->saved;
	return distance >= machine->short_min && distance <= machine->short_max;
}

/* Shortens what fits, and sums up what is saved. Returns whether anything was shortened. */
static bool shorten(struct jit_work *w, const struct jit_machine *machine)
{
	uint32_t saved = 0;
	bool any = false;

	for (struct jit_branch *b = w->branch, *end = b + w->branches; b < end; b++) {
		if (!b->is_short &&
		    (b->kind == JIT_BRANCH_FAR ? reaches(w, machine, b->address) : fits(w, machine, b, saved)))
			any = b->is_short = true;
		b->saved = saved;
		if (b->is_short)
			saved += b->bytes - machine->short_bytes[b->kind];
	}
	w->branch[w->branches].saved = saved;
	return any;
}

void jit_layout(struct jit_work *w, const struct jit_machine *machine)
{
	w->branch[w->branches].saved = 0;
	for (uint32_t n = 0; n < LAYOUT_PASSES && shorten(w, machine); n++)
		;
}

/* Where the code of the slot is that b leads to. */
static int64_t place_of(const struct jit_work *w, const struct jit_branch *b)
{
	return (int64_t)w->start[b->slot] - w->branch[w->before[b->slot]].saved;
}

/* from has COPY_BYTES behind what is copied. */
static void copy(struct jit_out *o, const uint8_t *from, size_t bytes)
{
	if (o->at + bytes + COPY_BYTES <= o->room) {
		for (size_t n = 0; n < bytes; n += COPY_BYTES)
			mem_copy(o->image + o->at + n, from + n, COPY_BYTES);
	} else if (o->at + bytes <= o->room) {
		mem_copy(o->image + o->at, from, bytes);
	} else {
		o->fault = true;
	}
	o->at += bytes;
}

void jit_layout_copy(struct jit_work *w, const struct jit_machine *machine, const struct jit_out *from)
{
	size_t at = 0;

	for (uint32_t n = 0; n < w->branches; n++) {
		const struct jit_branch *b = &w->branch[n];
		size_t start = b->end - b->bytes;

		copy(&w->out, from->image + at, start - at);
		machine->branch(w, b, from->image + start, b->kind == JIT_BRANCH_FAR ? 0 : place_of(w, b));
		at = b->end;
	}
	copy(&w->out, from->image + at, w->start[w->prog->count] - at);
}

bool jit_layout_check(const struct jit_work *w, const struct jit_machine *machine)
{
	for (uint32_t n = 0; n < w->branches; n++) {
		const struct jit_branch *b = &w->branch[n];
		bool is_far = b->kind == JIT_BRANCH_FAR;
		int64_t to;

		if (is_far && !b->is_short)
			continue;
		/* The next one's sum takes account of this one. */
		if (!machine->target(w, b, b->end - b[1].saved, &to) ||
		    to != (is_far ? (int64_t)(b->address - w->exec) : place_of(w, b)))
			return false;
	}
	return true;
}
