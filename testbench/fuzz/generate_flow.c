// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs made to mislead a verifier that compares states. A few numbers, small ones that are safe as offsets and
 * large ones that are not, are picked at random branches and go through registers, stack slots of every width, copies,
 * loops, atomics, functions and pointers to a caller's stack, past many joins, to where they are used as offsets, sizes
 * or in branches that guard faulty code. Most uses have a check before them, of one of many forms and sometimes one
 * that proves nothing. Whoever takes one path for another lets a large number through, and that is seen when the
 * program runs.
 *
 * Frame of every function: slot 0 a stack pointer argument or the packet, slot 1 the context (main), slots 2 to 7
 * numbers, slot 8 the loop counter, slot 9 a map value, slots 10 and 11 the target of accesses.
 */
#include "fuzz/generate.h"

#include <string.h>

#include "virtio_net_xdp.h"

enum {
	PLACES = 8, /* slots 2 to 7, then R6 and R9 */
	FUNCTIONS = 8,
	SMALL = 7, /* greatest number that is safe */
	TARGET = -96,
};

struct flow {
	struct generate_code code;
	uint32_t outs[128]; /* jumps to the function's end */
	uint32_t num_outs;
	uint32_t entries[FUNCTIONS];
	uint32_t calls[64]; /* calls, and which function each wants */
	uint8_t callees[64];
	uint32_t num_calls;
	uint32_t function; /* being written */
	uint32_t functions;
	bool small[PLACES]; /* on every path so far, as far as this looks */
	bool pointer;       /* slot 0 holds a stack pointer of a caller's numbers */
	bool packet;        /* slot 0 holds the packet */
	bool value;         /* slot 9 holds a value */
	bool tails;         /* functions get main's numbers only, so that they find its context, and make tail calls */
	int last;           /* place written to */
	int depth;          /* of blocks */
	uint32_t careless;  /* of 8 uses of a number that may be large, so many have no check */
	uint32_t rare;      /* one choice in so many offers a large number */
};

static bool is_full(const struct flow *f)
{
	return f->code.count > GENERATE_MAX_SLOTS - 200 || f->num_outs > 100;
}

static void land(struct flow *f, uint32_t index)
{
	int off = (int)(f->code.count - index - 1);

	f->code.wire[(size_t)index * 8 + 2] = (uint8_t)off;
	f->code.wire[(size_t)index * 8 + 3] = (uint8_t)((uint32_t)off >> 8);
}

static void jump_out(struct flow *f, uint8_t opcode, int dst, int src, int32_t imm)
{
	f->outs[f->num_outs++] = f->code.count;
	generate_emit(&f->code, opcode, dst, src, 0, imm);
}

static int slot_of(int place)
{
	return -8 * (place + 3);
}

static bool is_slot(int place)
{
	return place < 6;
}

static int reg_of(int place)
{
	return place == 6 ? 6 : 9;
}

static int any_place(struct flow *f)
{
	return generate_one_in(&f->code, 2) ? f->last : (int)generate_pick(&f->code, PLACES);
}

/* The number to a register; by a part of the slot at times. */
static void fetch(struct flow *f, int reg, int place)
{
	static const uint8_t narrow[] = {0x71, 0x69, 0x61, 0x81, 0x89, 0x91};

	if (!is_slot(place))
		generate_emit(&f->code, generate_one_in(&f->code, 5) ? 0xbc : 0xbf, reg, reg_of(place), 0, 0);
	else
		generate_emit(&f->code, generate_one_in(&f->code, 5) ? narrow[generate_pick(&f->code, 6)] : 0x79, reg,
			      10, slot_of(place), 0);
}

static void keep(struct flow *f, int place, int reg)
{
	static const uint8_t narrow[] = {0x73, 0x6b, 0x63};

	f->last = place;
	if (!is_slot(place)) {
		generate_emit(&f->code, generate_one_in(&f->code, 5) ? 0xbc : 0xbf, reg_of(place), reg, 0, 0);
		return;
	}
	if (generate_one_in(&f->code, 6)) {
		generate_emit(&f->code, 0x7a, 10, 0, slot_of(place), 0);
		generate_emit(&f->code, narrow[generate_pick(&f->code, 3)], 10, reg,
			      slot_of(place) + (generate_one_in(&f->code, 6) ? 4 : 0), 0);
		return;
	}
	generate_emit(&f->code, 0x7b, 10, reg, slot_of(place), 0);
}

static void put(struct flow *f, int place, int32_t number)
{
	f->last = place;
	if (!is_slot(place))
		generate_emit(&f->code, generate_one_in(&f->code, 3) ? 0xb4 : 0xb7, reg_of(place), 0, 0, number);
	else if (generate_one_in(&f->code, 4))
		generate_emit(&f->code, 0x7a, 10, 0, slot_of(place), number);
	else {
		generate_emit(&f->code, 0xb7, 3, 0, 0, number);
		generate_emit(&f->code, 0x7b, 10, 3, slot_of(place), 0);
	}
}

static int32_t large(struct flow *f)
{
	static const int32_t numbers[] = {4096, 8192, 65536, 1 << 20, -4096, -65536};

	return numbers[generate_pick(&f->code, sizeof(numbers) / sizeof(numbers[0]))];
}

/* Up to 10 instructions that do nothing, so that a state is kept behind them, where paths meet or seem to. */
static void idle(struct flow *f)
{
	for (uint32_t n = 1 + generate_pick(&f->code, 10); n; n--)
		generate_emit(&f->code, 0xb7, 0, 0, 0, 1);
	if (generate_one_in(&f->code, 2))
		generate_emit(&f->code, 0x15, 0, 0, 0, 5);
}

/* A random number in R0. */
static void random_r0(struct flow *f)
{
	generate_emit(&f->code, 0x85, 0, 0, 0, 7);
}

static void op_choose(struct flow *f)
{
	int place = any_place(f);
	int32_t first = large(f), second = (int32_t)generate_pick(&f->code, SMALL + 1);
	uint32_t jump;
	bool both = !generate_one_in(&f->code, f->rare);

	if (both)
		first = (int32_t)generate_pick(&f->code, SMALL + 1);
	if (generate_one_in(&f->code, 4)) {
		int32_t other = first;

		first = second;
		second = other;
	}
	random_r0(f);
	put(f, place, first);
	jump = f->code.count;
	generate_emit(&f->code, 0x45, 0, 0, 0, 1 << generate_pick(&f->code, 30));
	put(f, place, second);
	land(f, jump);
	f->small[place] = both;
}

static void op_move(struct flow *f)
{
	int from = any_place(f), to = (int)generate_pick(&f->code, PLACES), reg = (int)generate_pick(&f->code, 6);

	fetch(f, reg, from);
	if (generate_one_in(&f->code, 4)) {
		generate_emit(&f->code, 0xbf, (reg + 1) % 6, reg, 0, 0);
		reg = (reg + 1) % 6;
	}
	keep(f, to, reg);
	f->small[to] = f->small[from];
}

static void op_compute(struct flow *f)
{
	static const uint8_t codes[] = {0x07, 0x17, 0x27, 0x37, 0x47, 0x57, 0x67, 0x77, 0x97, 0xa7,
					0xc7, 0x04, 0x14, 0x24, 0x54, 0x64, 0x74, 0xa4, 0xc4};
	int place = any_place(f), reg = (int)generate_pick(&f->code, 6);
	uint8_t code = codes[generate_pick(&f->code, sizeof(codes))];

	fetch(f, reg, place);
	if (generate_one_in(&f->code, 3)) {
		generate_emit(&f->code, 0x57, reg, 0, 0, SMALL);
		keep(f, place, reg);
		f->small[place] = true;
		return;
	}
	if (generate_one_in(&f->code, 3)) {
		int by = any_place(f), other = (reg + 1) % 6;

		fetch(f, other, by);
		generate_emit(&f->code, generate_one_in(&f->code, 2) ? 0x0f : code | 8, reg, other, 0, 0);
		if (generate_one_in(&f->code, 2)) {
			keep(f, place, reg);
			f->small[place] = f->small[by] && f->small[place] && generate_one_in(&f->code, 2);
			return;
		}
	} else {
		generate_emit(&f->code, code, reg, 0, 0, 1 + (int32_t)generate_pick(&f->code, 3));
	}
	keep(f, place, reg);
	f->small[place] = false;
}

/* Leaves the function if the number is not small. Now and then it proves less. */
static void op_guard(struct flow *f, int place)
{
	int reg = 1 + (int)generate_pick(&f->code, 4), other = 5;
	bool stale = generate_one_in(&f->code, 30);

	fetch(f, reg, place);
	switch (generate_pick(&f->code, 9)) {
	case 0:
		generate_emit(&f->code, 0xb7, other, 0, 0, SMALL);
		jump_out(f, 0x2d, reg, other, 0);
		break;
	case 1:
		generate_emit(&f->code, 0xb7, other, 0, 0, SMALL + 1);
		jump_out(f, 0xbd, other, reg, 0); /* other <= reg */
		break;
	case 2:
		jump_out(f, 0x45, reg, 0, ~SMALL);
		break;
	case 3:
		jump_out(f, 0x65, reg, 0, SMALL);
		jump_out(f, 0xc5, reg, 0, 0);
		break;
	case 4:
		generate_emit(&f->code, 0xa5, reg, 0, 1, SMALL + 1);
		jump_out(f, 0x05, 0, 0, 0);
		break;
	case 5:
		jump_out(f, 0x26, reg, 0, SMALL); /* the low half */
		if (!generate_one_in(&f->code, 4))
			generate_emit(&f->code, 0xbc, reg, reg, 0, 0);
		break;
	case 6: /* a copy is checked */
		generate_emit(&f->code, 0xbf, other, reg, 0, 0);
		generate_emit(&f->code, 0x07, other, 0, 0, 5);
		jump_out(f, 0x25, other, 0, SMALL + 5);
		jump_out(f, 0xa5, other, 0, 5);
		break;
	case 7: /* the difference is checked */
		generate_emit(&f->code, 0xbf, other, reg, 0, 0);
		generate_emit(&f->code, 0x77, other, 0, 0, 3);
		jump_out(f, 0x55, other, 0, 0);
		generate_emit(&f->code, 0x57, reg, 0, 0, SMALL);
		break;
	default:
		jump_out(f, 0x25, reg, 0, SMALL + (generate_one_in(&f->code, 40) ? 3000 : 0));
	}
	if (!stale)
		keep(f, place, reg);
	f->small[place] = true;
}

static void access_target(struct flow *f, int base)
{
	static const uint8_t loads[] = {0x71, 0x91};

	if (generate_one_in(&f->code, 3))
		generate_emit(&f->code, 0x72, base, 0, 0, 1);
	else
		generate_emit(&f->code, loads[generate_pick(&f->code, 2)], 0, base, 0, 0);
}

static void op_use(struct flow *f)
{
	int place = any_place(f), base = 1 + (int)generate_pick(&f->code, 2), reg = 3 + (int)generate_pick(&f->code, 3);
	uint32_t jump;

	if (!f->small[place] && generate_pick(&f->code, 8) >= f->careless)
		op_guard(f, place);
	if (generate_one_in(&f->code, 2)) {
		idle(f);
		generate_emit(&f->code, 0xb7, 0, 0, 0, 0);
	} else if (!generate_one_in(&f->code, 4)) {
		generate_emit(&f->code, 0xb7, 0, 0, 0, 0);
	}
	switch (generate_pick(&f->code, 6)) {
	case 0: /* a branch never taken */
		fetch(f, reg, place);
		jump = f->code.count;
		generate_emit(&f->code, generate_one_in(&f->code, 2) ? 0xa5 : 0xb5, reg, 0, 0, SMALL + 1);
		generate_emit(&f->code, 0x71, 0, 10, generate_one_in(&f->code, 2) ? 0 : 4096, 0);
		land(f, jump);
		return;
	case 1: /* a size */
		fetch(f, 4, place);
		generate_emit(&f->code, 0xbf, 3, 10, 0, 0);
		generate_emit(&f->code, 0x07, 3, 0, 0, TARGET);
		generate_emit(&f->code, 0xb7, 1, 0, 0, 0);
		generate_emit(&f->code, 0xb7, 2, 0, 0, 0);
		generate_emit(&f->code, 0xb7, 5, 0, 0, 0);
		generate_emit(&f->code, 0x85, 0, 0, 0, 28);
		return;
	case 2:
		if (f->packet || f->pointer) {
			generate_emit(&f->code, 0x79, base, 10, -8, 0);
			break;
		}
		/* fall through */
	case 3:
		if (f->value) {
			generate_emit(&f->code, 0x79, base, 10, -80, 0);
			break;
		}
		/* fall through */
	default:
		generate_emit(&f->code, 0xbf, base, 10, 0, 0);
		generate_emit(&f->code, 0x07, base, 0, 0, TARGET);
	}
	fetch(f, reg, place);
	generate_emit(&f->code, 0x0f, base, reg, 0, 0);
	access_target(f, base);
}

static void op_atomic(struct flow *f)
{
	static const int32_t operations[] = {0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1};
	int slot = (int)generate_pick(&f->code, 6), place = any_place(f), reg = 1 + (int)generate_pick(&f->code, 4);
	int32_t operation = operations[generate_pick(&f->code, 10)];

	fetch(f, reg, place);
	generate_emit(&f->code, 0xb7, 0, 0, 0, (int32_t)generate_pick(&f->code, 3));
	generate_emit(&f->code, generate_one_in(&f->code, 3) ? 0xc3 : 0xdb, 10, reg, slot_of(slot), operation);
	f->small[slot] = false;
	if (operation & 1) {
		keep(f, place, operation == 0xf1 ? 0 : reg);
		f->small[place] = false;
	}
}

/* R1 = the stack pointer in slot 0, at times as what cmpxchg finds there, which no number from 0 to 2 is equal to. */
static void load_pointer(struct flow *f)
{
	if (!generate_one_in(&f->code, 4)) {
		generate_emit(&f->code, 0x79, 1, 10, -8, 0);
		return;
	}
	generate_emit(&f->code, 0xb7, 0, 0, 0, (int32_t)generate_pick(&f->code, 3));
	generate_emit(&f->code, 0xbf, 2, 10, 0, 0);
	generate_emit(&f->code, 0xdb, 10, 2, -8, 0xf1);
	generate_emit(&f->code, 0xbf, 1, 0, 0, 0);
}

/* Reads or writes a number of the caller, or an own one, by pointer. */
static void op_by_pointer(struct flow *f)
{
	int place = any_place(f), slot = (int)generate_pick(&f->code, 6);

	if (f->pointer && generate_one_in(&f->code, 2)) {
		load_pointer(f);
	} else {
		generate_emit(&f->code, 0xbf, 1, 10, 0, 0);
		generate_emit(&f->code, 0x07, 1, 0, 0, -64);
	}
	if (generate_one_in(&f->code, 4)) { /* any of two */
		random_r0(f);
		generate_emit(&f->code, 0x57, 0, 0, 0, 8);
		if (f->pointer && generate_one_in(&f->code, 2)) {
			generate_emit(&f->code, 0x79, 1, 10, -8, 0);
		} else {
			generate_emit(&f->code, 0xbf, 1, 10, 0, 0);
			generate_emit(&f->code, 0x07, 1, 0, 0, -64);
		}
		generate_emit(&f->code, 0x0f, 1, 0, 0, 0);
		slot %= 5;
	}
	if (generate_one_in(&f->code, 2)) {
		generate_emit(&f->code, 0x79, 2, 1, 8 * slot, 0);
		keep(f, place, 2);
		f->small[place] = false;
	} else {
		fetch(f, 2, place);
		generate_emit(&f->code, generate_one_in(&f->code, 4) ? 0x63 : 0x7b, 1, 2, 8 * slot, 0);
		memset(f->small, 0, 6 * sizeof(f->small[0]));
	}
}

/* Slot 0 becomes the packet, of which 8 bytes are proven, or its metadata. */
static void take_packet(struct flow *f)
{
	generate_emit(&f->code, 0x79, 1, 10, -16, 0);
	if (generate_one_in(&f->code, 3)) { /* metadata: 8 bytes before data */
		generate_emit(&f->code, 0x61, 2, 1, 8, 0);
		generate_emit(&f->code, 0x61, 3, 1, 0, 0);
	} else {
		generate_emit(&f->code, 0x61, 2, 1, 0, 0);
		generate_emit(&f->code, 0x61, 3, 1, 4, 0);
	}
	generate_emit(&f->code, 0xbf, 4, 2, 0, 0);
	generate_emit(&f->code, 0x07, 4, 0, 0, 8 + (generate_one_in(&f->code, 20) ? -1 : 0));
	switch (generate_pick(&f->code, 4)) {
	case 0:
		jump_out(f, 0x2d, 4, 3, 0);
		break;
	case 1:
		jump_out(f, 0xad, 3, 4, 0);
		break;
	case 2:
		generate_emit(&f->code, 0xbd, 4, 3, 1, 0);
		jump_out(f, 0x05, 0, 0, 0);
		break;
	default:
		generate_emit(&f->code, generate_one_in(&f->code, 8) ? 0xad : 0x3d, 3, 4, 1, 0);
		jump_out(f, 0x05, 0, 0, 0);
	}
	generate_emit(&f->code, 0x7b, 10, 2, -8, 0);
}

static void op_call(struct flow *f)
{
	bool counts = generate_one_in(&f->code, 3); /* what is compared behind the call, with what was last before it */
	int counter = reg_of(generate_one_in(&f->code, 2) ? 6 : 7);

	if (f->function + 1 >= f->functions || f->num_calls >= 40)
		return;
	for (int reg = 2; reg <= 5; reg++)
		fetch(f, reg, any_place(f));
	generate_emit(&f->code, 0xbf, 1, 10, 0, 0);
	generate_emit(&f->code, 0x07, 1, 0, 0, -64);
	if (f->pointer && (f->tails || generate_one_in(&f->code, 2)))
		generate_emit(&f->code, 0x79, 1, 10, -8, 0);
	if (counts)
		generate_emit(&f->code, generate_one_in(&f->code, 2) ? 0x17 : 0x57, counter, 0, 0,
			      (int32_t)generate_pick(&f->code, 3));
	f->calls[f->num_calls] = f->code.count;
	f->callees[f->num_calls++] =
		(uint8_t)(f->function + 1 + generate_pick(&f->code, f->functions - f->function - 1));
	generate_emit(&f->code, 0x85, 0, 1, 0, 0);
	memset(f->small, 0, sizeof(f->small));
	if (counts) {
		generate_emit(&f->code, generate_one_in(&f->code, 2) ? 0x15 : 0x55, counter, 0, 1, 0);
		generate_emit(&f->code, 0xb7, counter, 0, 0, SMALL);
	}
	keep(f, any_place(f), 0);
	if (f->packet && f->tails && !generate_one_in(&f->code, 10))
		take_packet(f);
}

/* A key of 4 bytes at R10 - 88, the same on all paths or not. */
static void key(struct flow *f)
{
	generate_emit(&f->code, 0x62, 10, 0, -88, (int32_t)generate_pick(&f->code, 10));
	switch (generate_pick(&f->code, 4)) {
	case 0:
		random_r0(f);
		generate_emit(&f->code, 0x45, 0, 0, 1, 2);
		generate_emit(&f->code, generate_one_in(&f->code, 2) ? 0x62 : 0x72, 10, 0,
			      -88 + (generate_one_in(&f->code, 4) ? 1 : 0), (int32_t)generate_pick(&f->code, 3));
		idle(f);
		return;
	case 1:
		fetch(f, 1, any_place(f));
		generate_emit(&f->code, generate_one_in(&f->code, 3) ? 0x73 : 0x63, 10, 1, -88, 0);
		return;
	default:
		return;
	}
}

static void op_value(struct flow *f)
{
	int copy = (int)generate_pick(&f->code, 3);

	key(f);
	generate_emit(&f->code, 0xbf, 2, 10, 0, 0);
	generate_emit(&f->code, 0x07, 2, 0, 0, -88);
	generate_emit(&f->code, 0x18, 1, 1, 0, generate_one_in(&f->code, 2) ? GENERATE_ARRAY_MAP : GENERATE_HASH_MAP);
	generate_emit(&f->code, 0x00, 0, 0, 0, 0);
	generate_emit(&f->code, 0x85, 0, 0, 0, 1);
	generate_emit(&f->code, 0xbf, 1, 0, 0, 0);
	if (generate_one_in(&f->code, 2))
		generate_emit(&f->code, 0x7b, 10, 0, -80, 0);
	idle(f);
	generate_emit(&f->code, 0xbf, 0, 1, 0, 0);
	/* of a copy; seldom none */
	if (!generate_one_in(&f->code, 25))
		jump_out(f, 0x15, copy == 1 ? 1 : 0, 0, 0);
	if (generate_one_in(&f->code, 2))
		generate_emit(&f->code, 0x7b, 10, copy == 0 ? 1 : 0, -80, 0);
	else
		generate_emit(&f->code, 0x7b, 10, 0, -80, 0);
	f->value = true;
}

/* Moves the packet's ends, and mostly takes its pointer anew. */
static void op_adjust(struct flow *f)
{
	static const int32_t helpers[] = {44, 54, 65};

	if (!f->packet)
		return;
	generate_emit(&f->code, 0x79, 1, 10, -16, 0);
	if (generate_one_in(&f->code, 2))
		generate_emit(&f->code, 0xb7, 2, 0, 0, -4 * (int32_t)generate_pick(&f->code, 3));
	else
		fetch(f, 2, any_place(f));
	generate_emit(&f->code, 0x85, 0, 0, 0, helpers[generate_pick(&f->code, 3)]);
	if (generate_one_in(&f->code, 30))
		return;
	take_packet(f);
}

/* Goes on with a program, or stays. What it leads to returns to where this function was called. */
static void op_tail_call(struct flow *f)
{
	if (!f->tails || generate_one_in(&f->code, 2))
		return;
	if (f->pointer) {
		generate_emit(&f->code, 0x79, 1, 10, -8, 0);
		generate_emit(&f->code, 0x79, 1, 1, 48, 0);
	} else {
		generate_emit(&f->code, 0x79, 1, 10, -16, 0);
	}
	generate_emit(&f->code, 0x18, 2, 1, 0, GENERATE_PROGS_MAP);
	generate_emit(&f->code, 0x00, 0, 0, 0, 0);
	generate_emit(&f->code, 0xb7, 3, 0, 0, (int32_t)generate_pick(&f->code, 3));
	generate_emit(&f->code, 0x85, 0, 0, 0, 12);
}

static void block(struct flow *f, int length);

static void op_branch(struct flow *f)
{
	bool before[PLACES];
	bool value = f->value;
	uint32_t jump;

	if (f->depth > 2)
		return;
	random_r0(f);
	if (generate_one_in(&f->code, 3))
		generate_emit(&f->code, 0xb7, 0, 0, 0, (int32_t)generate_pick(&f->code, 2));
	jump = f->code.count;
	generate_emit(&f->code, 0x45, 0, 0, 0, 1);
	memcpy(before, f->small, sizeof(before));
	block(f, 1 + (int)generate_pick(&f->code, 3));
	land(f, jump);
	for (int i = 0; i < PLACES; i++)
		f->small[i] &= before[i];
	f->value &= value;
}

static void op_loop(struct flow *f)
{
	int place = any_place(f);
	int32_t rounds = 2 + (int32_t)generate_pick(&f->code, 6);
	uint32_t top, jump;

	if (f->depth > 1)
		return;
	generate_emit(&f->code, 0x7a, 10, 0, -72, 0);
	if (generate_one_in(&f->code, 2))
		memset(f->small, 0, sizeof(f->small));
	top = f->code.count;
	block(f, 1 + (int)generate_pick(&f->code, 3));
	generate_emit(&f->code, 0x79, 1, 10, -72, 0);
	jump = f->code.count;
	generate_emit(&f->code, 0x55, 1, 0, 0, (int32_t)generate_pick(&f->code, (uint32_t)rounds));
	put(f, place, generate_one_in(&f->code, f->rare) ? large(f) : 1);
	f->small[place] = false;
	land(f, jump);
	generate_emit(&f->code, 0x07, 1, 0, 0, 1);
	generate_emit(&f->code, 0x7b, 10, 1, -72, 0);
	generate_emit(&f->code, 0xa5, 1, 0, (int)top - (int)f->code.count - 1, rounds);
}

static void block(struct flow *f, int length)
{
	f->depth++;
	while (length-- > 0 && !is_full(f)) {
		switch (generate_pick(&f->code, f->function < 3 ? 25 : 21)) {
		case 0:
		case 1:
		case 2:
			op_choose(f);
			break;
		case 3:
		case 4:
		case 5:
			op_move(f);
			break;
		case 6:
			op_compute(f);
			break;
		case 7:
			op_guard(f, any_place(f));
			break;
		case 8:
		case 9:
		case 10:
		case 11:
			op_use(f);
			break;
		case 12:
			op_atomic(f);
			break;
		case 13:
			op_by_pointer(f);
			break;
		case 14:
			op_call(f);
			break;
		case 15:
			op_value(f);
			break;
		case 16:
			op_adjust(f);
			break;
		case 17:
			op_loop(f);
			break;
		case 18:
		case 19:
			op_branch(f);
			break;
		case 20:
			op_tail_call(f);
			break;
		default:
			op_call(f);
		}
	}
	f->depth--;
}

/* The numbers of a function come from its arguments, or are 0. */
static void init_numbers(struct flow *f)
{
	for (int place = 0; place < PLACES; place++) {
		bool argument = f->function && generate_one_in(&f->code, 2);

		if (argument)
			keep(f, place, 2 + (int)generate_pick(&f->code, 4));
		else if (is_slot(place))
			generate_emit(&f->code, 0x7a, 10, 0, slot_of(place), 0);
		else
			generate_emit(&f->code, 0xb7, reg_of(place), 0, 0, 0);
		f->small[place] = !argument;
	}
	if (!generate_one_in(&f->code, 30))
		generate_emit(&f->code, 0x7a, 10, 0, TARGET, 0x1234567);
	if (!generate_one_in(&f->code, 30))
		generate_emit(&f->code, 0x7a, 10, 0, TARGET + 8, 0);
}

static void function(struct flow *f)
{
	f->entries[f->function] = f->code.count;
	f->num_outs = 0;
	f->packet = !f->function;
	f->pointer = f->function > 0;
	f->value = false;
	if (f->packet) {
		generate_emit(&f->code, 0x7b, 10, 1, -16, 0);
		generate_emit(&f->code, 0x61, 2, 1, 0, 0);
		generate_emit(&f->code, 0x61, 3, 1, 4, 0);
		generate_emit(&f->code, 0x7b, 10, 2, -8, 0);
		generate_emit(&f->code, 0x07, 2, 0, 0, 14);
		jump_out(f, 0x2d, 2, 3, 0);
	} else {
		generate_emit(&f->code, 0x7b, 10, 1, -8, 0);
	}
	init_numbers(f);
	block(f, f->function ? 1 + (int)generate_pick(&f->code, 5) : 3 + (int)generate_pick(&f->code, 8));
	fetch(f, 0, any_place(f));
	if (f->pointer && generate_one_in(&f->code, 20))
		generate_emit(&f->code, 0x79, 0, 10, -8, 0);
	generate_emit(&f->code, 0x95, 0, 0, 0, 0);
	if (!f->num_outs)
		return;
	for (uint32_t i = 0; i < f->num_outs; i++)
		land(f, f->outs[i]);
	generate_emit(&f->code, 0xb7, 0, 0, 0, 1);
	generate_emit(&f->code, 0x95, 0, 0, 0, 0);
}

uint32_t generate_flow(uint64_t seed, uint8_t *wire)
{
	struct flow f = {.code = {.rng = seed, .wire = wire}};
	bool wanted[FUNCTIONS] = {true};

	f.functions = 1 + generate_pick(&f.code, FUNCTIONS);
	f.careless = 1 << generate_pick(&f.code, 4);
	f.rare = 1 + generate_pick(&f.code, 6);
	f.tails = generate_one_in(&f.code, 3);
	for (f.function = 0; f.function < f.functions; f.function++) {
		if (!wanted[f.function])
			continue; /* nobody calls it: it could not be reached */
		function(&f);
		for (uint32_t i = 0; i < f.num_calls; i++)
			wanted[f.callees[i]] = true;
	}
	for (uint32_t i = 0; i < f.num_calls; i++) {
		uint32_t distance = f.entries[f.callees[i]] - f.calls[i] - 1;

		for (int n = 0; n < 4; n++)
			wire[(size_t)f.calls[i] * 8 + 4 + (size_t)n] = (uint8_t)(distance >> 8 * n);
	}
	return f.code.count;
}

static bool is_entry(const uint8_t *wire, uint32_t slots, uint32_t insn)
{
	for (uint32_t i = 0; i < slots; i++) {
		const uint8_t *at = wire + (size_t)i * 8;

		if (at[0] == 0x85 && at[1] == 0x10 && i + 1 + (at[4] | (uint32_t)at[5] << 8) == insn)
			return true;
	}
	return false;
}

/* Functions find the caller's numbers by R1, and numbers in R2 to R5. */
void generate_flow_funcs(uint64_t seed, const uint8_t *wire, uint32_t slots, struct virtio_net_xdp_func *funcs,
			 uint32_t *num_funcs)
{
	struct generate_code code = {.rng = generate_seed(seed)};

	*num_funcs = 0;
	for (uint32_t insn = 1; insn < slots && *num_funcs < GENERATE_FUNCS_MAX; insn++) {
		struct virtio_net_xdp_func func = {.insn = cpu_to_le32(insn)};

		if (!is_entry(wire, slots, insn) || generate_one_in(&code, 3))
			continue;
		memset(func.kinds, VIRTIO_NET_XDP_FUNC_NUMBER, sizeof(func.kinds));
		func.kinds[0] =
			generate_one_in(&code, 20) ? VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL : VIRTIO_NET_XDP_FUNC_MEMORY;
		func.bytes[0] = cpu_to_le32(generate_one_in(&code, 10) ? 8 + 8 * generate_pick(&code, 8) : 8 * 6);
		funcs[(*num_funcs)++] = func;
	}
}

void generate_mutate(uint64_t seed, uint8_t *wire, uint32_t slots)
{
	uint64_t rng = seed;

	for (uint64_t n = 1 + generate_random(&rng) % 2; n; n--) {
		uint8_t *at = wire + generate_random(&rng) % slots * 8;
		uint64_t r = generate_random(&rng);

		if (r % 8 == 0)
			at[0] ^= (uint8_t)(1u << (r >> 8) % 8);
		else if (r % 8 < 3)
			at[1] = (uint8_t)((r >> 8) % 11 | (r >> 16) % 11 << 4);
		else if (r % 8 < 5)
			at[2] ^= (uint8_t)(1u << (r >> 8) % 8);
		else
			at[4 + (r >> 8) % 2] ^= (uint8_t)(1u << (r >> 16) % 8);
	}
}
