/* SPDX-License-Identifier: BSD-2-Clause */
/* States packed, restored and compared. */
#include "verify/packed.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct bench {
	struct state s;
	union {
		struct packed p;
		uint8_t room[PACKED_MAX];
	} old;
	struct packed_live live;
	struct deps precise;
};

/* R1 = 0..100, R6 = context, stack -8 = 7; everything lives and matters. */
static struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	state_enter(&b->s, 0, 0, 0);
	b->s.frames[0].regs[1] = reg_scalar(scalar_between(0, 100));
	b->s.frames[0].regs[6] = reg_pointer(REG_CTX, 0);
	memset(b->s.frames[0].slots[0].bytes, BYTE_SPILL, 8);
	b->s.frames[0].slots[0].reg = reg_scalar(scalar_const(7));
	b->s.frames[0].used = 1;
	memset(&b->live, 0xff, sizeof(b->live));
	memset(&b->precise, 0xff, sizeof(b->precise));
	packed_make(&b->old.p, &b->s, &b->live);
	return b;
}

static void change_nothing(struct bench *b)
{
	(void)b;
}

static void narrow(struct bench *b)
{
	b->s.frames[0].regs[1] = reg_scalar(scalar_between(5, 9));
}

static void widen(struct bench *b)
{
	b->s.frames[0].regs[1] = reg_scalar(scalar_between(0, 101));
}

static void widen_imprecise(struct bench *b)
{
	widen(b);
	b->precise.regs &= ~2ULL;
}

static void widen_dead(struct bench *b)
{
	b->live.frames[0].regs &= (uint16_t)~2;
	packed_make(&b->old.p, &b->s, &b->live);
	widen(b);
}

static void number_to_pointer(struct bench *b)
{
	b->precise.regs = 0;
	b->s.frames[0].regs[1] = reg_pointer(REG_CTX, 0);
}

static void pointer_moved(struct bench *b)
{
	b->precise.regs = 0;
	b->s.frames[0].regs[6].off = 4;
}

static void slot_changed(struct bench *b)
{
	b->s.frames[0].slots[0].reg = reg_scalar(scalar_const(8));
}

static void slot_changed_imprecise(struct bench *b)
{
	slot_changed(b);
	b->precise.slots[0] = 0;
}

/* The same 8 bytes, but of two stores. */
static void slot_in_pieces(struct bench *b)
{
	struct slot *slot = &b->s.frames[0].slots[0];

	memset(slot->bytes + 4, BYTE_MISC, 4);
	slot->reg = reg_scalar(scalar_const(7));
}

static void slot_in_pieces_imprecise(struct bench *b)
{
	slot_in_pieces(b);
	b->precise.slots[0] = 0;
}

/* Of the pieces, only one lives, and a pointer has taken the place of the other: nobody can read it. */
static void slot_half_dead(struct bench *b)
{
	struct slot *slot = &b->s.frames[0].slots[0];

	memset(slot->bytes, BYTE_MISC, 8);
	b->live.frames[0].high = 0;
	packed_make(&b->old.p, &b->s, &b->live);
	memset(slot->bytes + 4, BYTE_LOST, 4);
}

static void slot_half_lost(struct bench *b)
{
	slot_half_dead(b);
	b->live.frames[0].high = ~(uint64_t)0;
	memset(b->s.frames[0].slots[0].bytes, BYTE_MISC, 8);
	packed_make(&b->old.p, &b->s, &b->live);
	memset(b->s.frames[0].slots[0].bytes + 4, BYTE_LOST, 4);
}

static void slot_in_pieces_stale(struct bench *b)
{
	slot_in_pieces_imprecise(b);
	b->s.frames[0].slots[0].reg.stale = true;
}

static void smaller_stack(struct bench *b)
{
	memset(&b->s.frames[0].slots[0], 0, sizeof(struct slot));
	b->s.frames[0].used = 0;
	b->precise = (struct deps){0};
}

static void more_initialised(struct bench *b)
{
	b->s.frames[0].regs[3] = reg_scalar(scalar_const(1));
}

static void less_initialised(struct bench *b)
{
	b->s.frames[0].regs[1].kind = REG_NONE;
}

static void deeper(struct bench *b)
{
	state_enter(&b->s, 1, 5, 9);
}

static void unlinked(struct bench *b)
{
	b->s.frames[0].regs[2] = b->s.frames[0].regs[1];
	b->s.frames[0].regs[1].id = b->s.frames[0].regs[2].id = 3;
	packed_make(&b->old.p, &b->s, &b->live);
	b->s.frames[0].regs[2].id = 4;
}

static void linked_otherwise(struct bench *b)
{
	unlinked(b);
	b->s.frames[0].regs[1].id = b->s.frames[0].regs[2].id = 8;
}

static const struct row {
	const char *id;
	void (*change)(struct bench *b);
	bool covered, same;
} rows[] = {
	{"nothing changed", change_nothing, true, true},
	{"a number narrowed", narrow, true, false},
	{"a number widened", widen, false, false},
	{"a number widened that does not matter", widen_imprecise, true, false},
	{"a number widened that is dead", widen_dead, true, true},
	{"a pointer where a number was", number_to_pointer, false, false},
	{"another pointer", pointer_moved, false, false},
	{"another number on the stack", slot_changed, false, false},
	{"another number on the stack that does not matter", slot_changed_imprecise, true, false},
	{"a number in two pieces, one not known", slot_in_pieces, false, false},
	{"a number in two pieces that does not matter", slot_in_pieces_imprecise, true, false},
	{"a number in two pieces, one of them never written", slot_in_pieces_stale, false, false},
	{"half a slot that is dead", slot_half_dead, true, true},
	{"half a slot that is lost", slot_half_lost, false, false},
	{"CVE-2024-45020: a smaller stack", smaller_stack, false, false},
	{"a register more", more_initialised, true, false},
	{"a register less", less_initialised, false, false},
	{"a function deeper", deeper, false, false},
	{"copies that no longer are", unlinked, false, true},
	{"copies under another name", linked_otherwise, true, true},
};

Test(packed, comparisons)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench *b = bench_new();

		rows[i].change(b);
		cr_assert_eq(packed_covers(&b->old.p, &b->s, &b->live, &b->precise, false), rows[i].covered, "%s",
			     rows[i].id);
		cr_assert_eq(packed_same(&b->old.p, &b->s, &b->live), rows[i].same, "%s", rows[i].id);
		free(b);
	}
}

Test(packed, restores_what_it_made)
{
	struct bench *b = bench_new();
	struct state *again = calloc(1, sizeof(*again));

	state_enter(&b->s, 1, 5, 9);
	b->s.frames[1].regs[7] = reg_scalar(scalar_unknown());
	b->s.frames[1].regs[7].deps = deps_of_reg(1, 7);
	b->s.frames[1].slots[40].bytes[3] = BYTE_KNOWN;
	b->s.frames[1].used = 41;
	packed_make(&b->old.p, &b->s, &b->live);
	packed_restore(again, &b->old.p);
	cr_assert_eq(again->depth, 1);
	cr_assert(packed_same(&b->old.p, again, &b->live));
	cr_assert(again->frames[1].call == 5 && again->frames[1].entry == 9);
	cr_assert(deps_has_reg(&again->frames[1].regs[7].deps, 1, 7));
	cr_assert_eq(again->frames[1].slots[40].bytes[3], BYTE_KNOWN);
	free(again);
	free(b);
}

/* Every place of every frame holds a number of the longest form. */
Test(packed, has_room_for_the_largest_state)
{
	struct state *s = calloc(1, sizeof(*s)), *back = calloc(1, sizeof(*back));
	uint8_t *room = malloc(PACKED_MAX);
	struct reg number = reg_scalar(scalar_between(3, 1000));
	struct packed_live live;

	memset(&live, 0xff, sizeof(live));
	for (uint32_t d = 0; d < EXEC_CALL_DEPTH; d++) {
		struct frame *f = &s->frames[d];

		state_enter(s, d, 0, 0);
		f->used = STATE_SLOTS;
		for (int i = 0; i < INSN_FRAME_PTR; i++)
			f->regs[i] = number;
		for (int i = 0; i < STATE_SLOTS; i++) {
			memset(f->slots[i].bytes, BYTE_SPILL, 8);
			f->slots[i].reg = number;
		}
	}
	cr_assert_leq(packed_make((struct packed *)(void *)room, s, &live), PACKED_MAX);
	packed_restore(back, (struct packed *)(void *)room);
	cr_assert_eq(back->frames[7].slots[63].reg.var.all.umax, 1000);
	free(room);
	free(back);
	free(s);
}
