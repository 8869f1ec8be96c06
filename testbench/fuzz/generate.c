// SPDX-License-Identifier: BSD-2-Clause
/*
 * Program generator. It tracks roughly what each register holds, so that most programs get past the first checks of a
 * verifier, and then errs on purpose: bounds are off by one now and then, null checks are missing, a stack slot is read
 * before it is written. What comes out is judged by running it: an accepted program must not fault, and both engines
 * must agree.
 *
 * R6 holds the context, R7 the packet, R8 its end, R9 a loop counter or a saved pointer; R0 to R5 are the playground.
 */
#include "fuzz/generate.h"

#include <string.h>

enum kind {
	UNKNOWN, /* not initialised, or unclear after a branch */
	SCALAR,
	PACKET,
	VALUE,
	STACK,
};

struct gen {
	struct generate_code code;
	bool repeatable;
	bool objects;
	uint8_t kind[11];
	int packet_bytes;   /* proven behind R7 */
	uint64_t stack_set; /* 8-byte slots written, bit n: at -8 * (n + 1) */
	int depth;
};

uint64_t generate_random(uint64_t *state)
{
	uint64_t x = (*state += 0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t generate_seed(uint64_t seed)
{
	return generate_random(&seed);
}

uint32_t generate_pick(struct generate_code *code, uint32_t n)
{
	return (uint32_t)(generate_random(&code->rng) >> 32) % n;
}

bool generate_one_in(struct generate_code *code, uint32_t n)
{
	return generate_pick(code, n) == 0;
}

void generate_emit(struct generate_code *code, uint8_t opcode, int dst, int src, int off, int32_t imm)
{
	uint8_t *at = code->wire + (size_t)code->count * 8;

	if (code->count >= GENERATE_MAX_SLOTS)
		return;
	at[0] = opcode;
	at[1] = (uint8_t)(dst | src << 4);
	at[2] = (uint8_t)off;
	at[3] = (uint8_t)((uint32_t)off >> 8);
	for (int i = 0; i < 4; i++)
		at[4 + i] = (uint8_t)((uint32_t)imm >> 8 * i);
	code->count++;
}

/* Sets the jump offset of the instruction at index so that it lands on the next one to be emitted. */
static void land(struct gen *g, uint32_t index)
{
	int off = (int)(g->code.count - index - 1);

	if (index >= GENERATE_MAX_SLOTS)
		return;
	g->code.wire[(size_t)index * 8 + 2] = (uint8_t)off;
	g->code.wire[(size_t)index * 8 + 3] = (uint8_t)((uint32_t)off >> 8);
}

static int32_t number(struct gen *g)
{
	static const int32_t edges[] = {
		0,      1,      2,     3,      7,       8,          13,         14,          15,      16,
		31,     32,     47,    48,     63,      64,         127,        128,         255,     256,
		0x7fff, 0xffff, 65536, 262144, 1 << 29, 0x7ffffffe, 0x7fffffff, -1,          -2,      -8,
		-16,    -64,    -128,  -256,   -32768,  -65536,     -(1 << 29), -2147483647, 0x10001, 0x0f0f0f0f};

	if (generate_one_in(&g->code, 3))
		return (int32_t)generate_pick(&g->code, 64);
	if (generate_one_in(&g->code, 4))
		return (int32_t)generate_random(&g->code.rng);
	return edges[generate_pick(&g->code, sizeof(edges) / sizeof(edges[0]))];
}

static int scratch(struct gen *g)
{
	return (int)generate_pick(&g->code, 6);
}

static void constant(struct gen *g, int dst)
{
	generate_emit(&g->code, 0xb7, dst, 0, 0, number(g));
	g->kind[dst] = SCALAR;
}

/* A register that holds a scalar; makes one if there is none. */
static int scalar(struct gen *g)
{
	int start = scratch(g), reg;

	for (int i = 0; i < 6; i++)
		if (g->kind[(start + i) % 6] == SCALAR)
			return (start + i) % 6;
	reg = scratch(g);
	constant(g, reg);
	return reg;
}

static void op_constant(struct gen *g)
{
	int dst = scratch(g);

	if (generate_one_in(&g->code, 3)) {
		generate_emit(&g->code, 0x18, dst, 0, 0, number(g));
		generate_emit(&g->code, 0x00, 0, 0, 0, number(g));
	} else {
		generate_emit(&g->code, generate_one_in(&g->code, 3) ? 0xb4 : 0xb7, dst, 0, 0, number(g));
	}
	g->kind[dst] = SCALAR;
}

static const uint8_t alu_codes[] = {0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xc0};

static void op_alu(struct gen *g)
{
	uint8_t code = alu_codes[generate_pick(&g->code, sizeof(alu_codes))],
		class = generate_one_in(&g->code, 2) ? 0x07 : 0x04;
	int dst = scalar(g), off = 0;
	int32_t imm = number(g);

	if ((code == 0x30 || code == 0x90) && generate_one_in(&g->code, 3))
		off = 1;
	if (generate_one_in(&g->code, 2)) {
		generate_emit(&g->code, code | class | 0x08, dst, scalar(g), off, 0);
		return;
	}
	if (code == 0x60 || code == 0x70 || code == 0xc0)
		imm &= class == 0x07 ? 63 : 31;
	if ((code == 0x30 || code == 0x90) && imm == 0)
		imm = 3;
	generate_emit(&g->code, code | class, dst, 0, off, imm);
}

static void op_unary(struct gen *g)
{
	static const int widths[] = {16, 32, 64};
	int dst = scalar(g), src = scalar(g);

	switch (generate_pick(&g->code, 6)) {
	case 0:
		generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0x87 : 0x84, dst, 0, 0, 0);
		break;
	case 1:
		generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0xdc : 0xd7, dst, 0, 0,
			      widths[generate_pick(&g->code, 3)]);
		break;
	case 2:
		generate_emit(&g->code, 0xbf, dst, src, 8 << generate_pick(&g->code, 3), 0);
		break;
	case 3:
		generate_emit(&g->code, 0xbc, dst, src, generate_one_in(&g->code, 2) ? 8 : 16, 0);
		break;
	case 4:
		generate_emit(&g->code, 0xbc, dst, src, 0, 0);
		break;
	default:
		dst = scratch(g);
		generate_emit(&g->code, 0xbf, dst, src, 0, 0);
		g->kind[dst] = SCALAR;
	}
}

static void op_random(struct gen *g)
{
	if (g->repeatable)
		return;
	generate_emit(&g->code, 0x85, 0, 0, 0, generate_one_in(&g->code, 4) ? 5 : 7);
	memset(g->kind, UNKNOWN, 6);
	g->kind[0] = SCALAR;
}

static const uint8_t sizes[] = {1, 2, 4, 8};
static const uint8_t size_bits[] = {0x10, 0x08, 0x00, 0x18};

/* A load, store or atomic of [reg + off]. */
static void access_memory(struct gen *g, int reg, int off, unsigned size, bool atomics)
{
	static const int32_t operations[] = {0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1};
	int dst;

	switch (generate_pick(&g->code, atomics && size >= 2 ? 4 : 3)) {
	case 0:
		generate_emit(&g->code, 0x63 | size_bits[size], reg, scalar(g), off, 0);
		break;
	case 1:
		generate_emit(&g->code, 0x62 | size_bits[size], reg, 0, off, number(g));
		break;
	case 3:
		generate_emit(&g->code, size == 3 ? 0xdb : 0xc3, reg, scalar(g), off & ~(sizes[size] - 1),
			      operations[generate_pick(&g->code, 9)]);
		break;
	default:
		dst = scratch(g);
		if (dst == reg)
			dst = (dst + 1) % 6;
		generate_emit(&g->code, (size < 3 && generate_one_in(&g->code, 4) ? 0x81 : 0x61) | size_bits[size], dst,
			      reg, off, 0);
		g->kind[dst] = SCALAR;
	}
}

static void op_stack(struct gen *g)
{
	unsigned size = generate_pick(&g->code, 4), slot = generate_pick(&g->code, 6);
	int off = -8 * (int)(slot + 1) + (int)(generate_pick(&g->code, 8) & ~(sizes[size] - 1u));
	int dst = scratch(g);

	if (!(g->stack_set >> slot & 1) && !generate_one_in(&g->code, 20)) {
		generate_emit(&g->code, 0x7b, 10, scalar(g), -8 * (int)(slot + 1), 0);
		g->stack_set |= 1ULL << slot;
		return;
	}
	if (generate_one_in(&g->code, 2)) {
		access_memory(g, 10, off, size, true);
		return;
	}
	generate_emit(&g->code, 0x61 | size_bits[size], dst, 10, off, 0);
	g->kind[dst] = SCALAR;
}

/*
 * Bounds a scalar to [0, limit] in one of the ways that compilers and people use; at times one too far.
 */
static void bound(struct gen *g, int reg, int32_t limit, uint32_t *skip, uint32_t *skips)
{
	static const uint8_t unsigned_above[] = {0x25, 0x26, 0x65, 0x66};
	uint32_t mask = 1;

	if (generate_one_in(&g->code, 25))
		limit += (int32_t)generate_pick(&g->code, 9);
	if (generate_one_in(&g->code, 3)) {
		while (mask * 2 - 1 <= (uint32_t)limit)
			mask *= 2;
		generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0x57 : 0x54, reg, 0, 0, (int32_t)mask - 1);
		return;
	}
	if (generate_one_in(&g->code, 5)) {
		generate_emit(&g->code, 0x97, reg, 0, 0, limit + 1);
		return;
	}
	if (generate_one_in(&g->code, 5)) {
		generate_emit(&g->code, 0x67, reg, 0, 0, 58);
		generate_emit(&g->code, 0x77, reg, 0, 0, 58 + (limit < 63) + (limit < 31) + (limit < 15) + (limit < 7));
		return;
	}
	/* Only the unsigned 64-bit comparison is a bound by itself. */
	skip[(*skips)++] = g->code.count;
	generate_emit(&g->code, generate_one_in(&g->code, 8) ? unsigned_above[generate_pick(&g->code, 4)] : 0x25, reg,
		      0, 0, limit);
}

/* base + variable, inside of [start, start + bytes) behind base */
static void op_variable(struct gen *g, int base, int start, int bytes, enum kind kind)
{
	unsigned size = generate_pick(&g->code, 4);
	int reg = scalar(g), fixed = (int)generate_pick(&g->code, 8),
	    pointer = (reg + 1 + (int)generate_pick(&g->code, 5)) % 6;
	int32_t room = bytes - fixed - sizes[size];
	uint32_t skip[2], skips = 0;
	uint8_t before[11];

	if (room < 0)
		return;
	bound(g, reg, room, skip, &skips);
	memcpy(before, g->kind, sizeof(before));
	generate_emit(&g->code, 0xbf, pointer, base, 0, 0);
	generate_emit(&g->code, 0x0f, pointer, reg, 0, 0);
	if (generate_one_in(&g->code, 12))
		generate_emit(&g->code, 0x07, pointer, 0, 0, number(g));
	g->kind[pointer] = (uint8_t)kind;
	access_memory(g, pointer, start + fixed, size, kind != PACKET && generate_one_in(&g->code, 2));
	/* A pointer on one path only: nothing to rely on behind it. */
	for (int i = 0; i < 6; i++)
		if (g->kind[i] != before[i])
			g->kind[i] = UNKNOWN;
	g->kind[pointer] = UNKNOWN;
	for (uint32_t i = 0; i < skips; i++)
		land(g, skip[i]);
}

static void op_packet(struct gen *g)
{
	if (generate_one_in(&g->code, 2)) {
		unsigned size = generate_pick(&g->code, 4);
		int last = g->packet_bytes - sizes[size];

		if (last < 0)
			return;
		access_memory(g, 7,
			      (int)generate_pick(&g->code, (uint32_t)last + 1) +
				      (generate_one_in(&g->code, 30) ? 1 : 0),
			      size, generate_one_in(&g->code, 50));
	} else {
		op_variable(g, 7, 0, g->packet_bytes, PACKET);
	}
}

static void block(struct gen *g, int length);

/* What a call leaves: R0 is a number, or will be tested. */
static void called(struct gen *g, int32_t helper)
{
	generate_emit(&g->code, 0x85, 0, 0, 0, helper);
	memset(g->kind, UNKNOWN, 6);
}

static void map_to(struct gen *g, int reg, int map)
{
	generate_emit(&g->code, 0x18, reg, 1, 0, map);
	generate_emit(&g->code, 0x00, 0, 0, 0, 0);
}

/* R1 becomes a map in the map, looked up by R2, which stays. Returns the jump of a miss. */
static uint32_t inner_map(struct gen *g)
{
	uint32_t miss;

	called(g, 1);
	miss = g->code.count;
	generate_emit(&g->code, generate_one_in(&g->code, 40) ? 0x55 : 0x15, 0, 0, 0, 0);
	generate_emit(&g->code, 0xbf, 1, 0, 0, 0);
	generate_emit(&g->code, 0xbf, 2, 10, 0, 0);
	generate_emit(&g->code, 0x07, 2, 0, 0, -4);
	return miss;
}

/* A record is reserved, written, read and given back; not always as it should be. */
static void op_record(struct gen *g)
{
	uint32_t miss;

	map_to(g, 1, GENERATE_RING_MAP);
	generate_emit(&g->code, 0xb7, 2, 0, 0, 16);
	generate_emit(&g->code, 0xb7, 3, 0, 0, 0);
	called(g, 131);
	miss = g->code.count;
	generate_emit(&g->code, 0x15, 0, 0, 0, 0);
	generate_emit(&g->code, 0xbf, 9, 0, 0, 0);
	constant(g, 0);
	for (uint32_t n = generate_pick(&g->code, 4); n; n--) {
		unsigned size = generate_pick(&g->code, 4);

		access_memory(g, 9, (int)generate_pick(&g->code, 17u - sizes[size]) + generate_one_in(&g->code, 30),
			      size, true);
	}
	generate_emit(&g->code, 0xbf, 1, 9, 0, 0);
	generate_emit(&g->code, 0xb7, 2, 0, 0, 0);
	if (!generate_one_in(&g->code, 30))
		called(g, generate_one_in(&g->code, 2) ? 132 : 133);
	if (generate_one_in(&g->code, 30))
		access_memory(g, 9, 0, 3, false);
	land(g, miss);
	memset(g->kind, UNKNOWN, 6);
	generate_emit(&g->code, 0xb7, 9, 0, 0, 0);
	constant(g, 0);
}

static void op_tail_call(struct gen *g)
{
	generate_emit(&g->code, 0xbf, 1, 6, 0, 0);
	map_to(g, 2, GENERATE_PROGS_MAP);
	generate_emit(&g->code, 0xb7, 3, 0, 0, (int32_t)generate_pick(&g->code, 3));
	called(g, 12);
	constant(g, 0);
}

/* Bytes of the packet come to the stack, where they may be more than was written before. */
static void op_bytes(struct gen *g)
{
	int slot = (int)generate_pick(&g->code, 6);

	generate_emit(&g->code, 0xbf, 1, 6, 0, 0);
	generate_emit(&g->code, 0xb7, 2, 0, 0, (int32_t)generate_pick(&g->code, 64));
	generate_emit(&g->code, 0xbf, 3, 10, 0, 0);
	generate_emit(&g->code, 0x07, 3, 0, 0, -8 * (slot + 1));
	generate_emit(&g->code, 0xb7, 4, 0, 0, 1 + (int32_t)generate_pick(&g->code, 8));
	called(g, 189);
	g->kind[0] = SCALAR;
}

/* A value is locked, written to and unlocked; now and then not the same way on every path. */
static void op_lock(struct gen *g)
{
	int lock = 4 * (int)generate_pick(&g->code, 12);
	uint32_t miss, skip;

	generate_emit(&g->code, 0x62, 10, 0, -4, (int32_t)generate_pick(&g->code, 10));
	generate_emit(&g->code, 0xbf, 2, 10, 0, 0);
	generate_emit(&g->code, 0x07, 2, 0, 0, -4);
	map_to(g, 1, generate_one_in(&g->code, 2) ? GENERATE_ARRAY_MAP : GENERATE_HASH_MAP);
	called(g, 1);
	miss = g->code.count;
	generate_emit(&g->code, 0x15, 0, 0, 0, 0);
	generate_emit(&g->code, 0xbf, 9, 0, 0, 0);
	generate_emit(&g->code, 0xbf, 1, 9, 0, 0);
	generate_emit(&g->code, 0x07, 1, 0, 0, lock + (generate_one_in(&g->code, 40) ? 2 : 0));
	called(g, 93);
	access_memory(g, 9, 8 * (int)generate_pick(&g->code, 6), 3, false);
	generate_emit(&g->code, 0xbf, 1, 9, 0, 0);
	generate_emit(&g->code, 0x07, 1, 0, 0, lock + (generate_one_in(&g->code, 40) ? 4 : 0));
	skip = g->code.count;
	if (generate_one_in(&g->code, 30))
		generate_emit(&g->code, 0x15, 9, 0, 0, 0); /* never taken, but known to be so */
	else
		skip = 0;
	if (!generate_one_in(&g->code, 40))
		called(g, 94);
	if (skip)
		land(g, skip);
	land(g, miss);
	memset(g->kind, UNKNOWN, 6);
	generate_emit(&g->code, 0xb7, 9, 0, 0, 0);
	constant(g, 0);
}

/* Up to three numbers are printed, of registers that may be anything. */
static void op_print(struct gen *g)
{
	/* " %x %x %x" */
	generate_emit(&g->code, 0x62, 10, 0, -12, 0x20782520);
	generate_emit(&g->code, 0x62, 10, 0, -8, 0x25207825);
	generate_emit(&g->code, 0x62, 10, 0, -4, 'x');
	g->stack_set |= 3;
	for (int reg = 3; reg <= 5; reg++)
		if (generate_one_in(&g->code, 3))
			generate_emit(&g->code, 0xbf, reg, 6 + (int)generate_pick(&g->code, 4), 0, 0);
	generate_emit(&g->code, 0xbf, 1, 10, 0, 0);
	generate_emit(&g->code, 0x07, 1, 0, 0, -12);
	generate_emit(&g->code, 0xb7, 2, 0, 0, 12);
	called(g, 6);
	g->kind[0] = SCALAR;
}

static void op_object(struct gen *g)
{
	if (generate_one_in(&g->code, 3))
		op_record(g);
	else if (generate_one_in(&g->code, 4))
		op_lock(g);
	else if (generate_one_in(&g->code, 4))
		op_print(g);
	else if (generate_one_in(&g->code, 2))
		op_bytes(g);
	else
		op_tail_call(g);
}

static void op_value(struct gen *g)
{
	int map = generate_one_in(&g->code, 2) ? GENERATE_ARRAY_MAP : GENERATE_HASH_MAP;
	bool inner = g->objects && generate_one_in(&g->code, 4);
	uint32_t miss, miss_outer = 0;

	if (g->depth > 1)
		return;
	if (generate_one_in(&g->code, 2))
		generate_emit(&g->code, 0x63, 10, scalar(g), -4, 0);
	else
		generate_emit(&g->code, 0x62, 10, 0, -4, (int32_t)generate_pick(&g->code, 12));
	if (!(g->stack_set & 1))
		generate_emit(&g->code, 0x62, 10, 0, -8, 0);
	g->stack_set |= 1;
	generate_emit(&g->code, 0xbf, 2, 10, 0, 0);
	generate_emit(&g->code, 0x07, 2, 0, 0, -4);
	map_to(g, 1, inner ? GENERATE_OUTER_MAP : map);
	if (inner)
		miss_outer = inner_map(g);
	if (!inner && map == GENERATE_HASH_MAP && generate_one_in(&g->code, 3)) {
		generate_emit(&g->code, 0xbf, 3, 7, 0, 0); /* the value: packet bytes, if enough of them are proven */
		if (generate_one_in(&g->code, 2))
			generate_emit(&g->code, 0xb7, 4, 0, 0, (int32_t)generate_pick(&g->code, 3));
		else
			generate_emit(&g->code, 0xb7, 4, 0, 0, 0);
		generate_emit(&g->code, 0x85, 0, 0, 0, generate_one_in(&g->code, 4) ? 3 : 2);
		memset(g->kind, UNKNOWN, 6);
		g->kind[0] = SCALAR;
		return;
	}
	called(g, 1);
	miss = g->code.count;
	if (!generate_one_in(&g->code, 40))
		generate_emit(&g->code, 0x15, 0, 0, 0, 0);
	else
		generate_emit(&g->code, 0x55, 0, 0, 0, 0);
	generate_emit(&g->code, 0xbf, 9, 0, 0, 0);
	generate_emit(&g->code, 0xb7, 0, 0, 0, 1);
	g->kind[0] = SCALAR;
	for (uint32_t n = 1 + generate_pick(&g->code, 3); n; n--) {
		unsigned size = generate_pick(&g->code, 4);

		if (generate_one_in(&g->code, 2))
			op_variable(g, 9, 0, GENERATE_VALUE_BYTES, VALUE);
		else
			access_memory(g, 9,
				      (int)generate_pick(&g->code, GENERATE_VALUE_BYTES + 1u - sizes[size]) +
					      (generate_one_in(&g->code, 30) ? 1 : 0),
				      size, true);
	}
	land(g, miss);
	if (inner)
		land(g, miss_outer);
	memset(g->kind, UNKNOWN, 6);
	generate_emit(&g->code, 0xb7, 9, 0, 0, 0);
	generate_emit(&g->code, 0xb7, 0, 0, 0, (int32_t)generate_pick(&g->code, 5));
	g->kind[0] = SCALAR;
}

/* R9 becomes a key, and what is at R10 - 4; of few elements, or of any number. */
static void count_key(struct gen *g)
{
	static const int32_t masks[] = {1, 3, GENERATE_ARRAY_ENTRIES - 1, 2 * GENERATE_ARRAY_ENTRIES - 1};

	if (generate_one_in(&g->code, 2))
		generate_emit(&g->code, 0x71, 9, 7, (int)generate_pick(&g->code, (uint32_t)g->packet_bytes), 0);
	else
		generate_emit(&g->code, 0xbf, 9, scalar(g), 0, 0);
	if (!generate_one_in(&g->code, 4))
		generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0x57 : 0x54, 9, 0, 0,
			      masks[generate_pick(&g->code, 4)]);
	if (generate_one_in(&g->code, 4)) {
		/* What is at R10 - 4 are not the register's low bytes. */
		generate_emit(&g->code, 0x7b, 10, 9, -8, 0);
	} else {
		generate_emit(&g->code, 0x62, 10, 0, -8, 0);
		generate_emit(&g->code, 0x63, 10, 9, -4, 0);
	}
	if (generate_one_in(&g->code, 4))
		generate_emit(&g->code, 0x07, 9, 0, 0, 1);
	g->stack_set |= 1;
}

/* The element at R0 counts something. */
static void count_up(struct gen *g)
{
	static const uint8_t codes[] = {0x00, 0x10, 0x40, 0x50, 0xa0};
	unsigned size = generate_pick(&g->code, 4);
	int off = sizes[size] * (int)generate_pick(&g->code, GENERATE_VALUE_BYTES / sizes[size]);
	uint8_t code = codes[generate_pick(&g->code, 5)] | (generate_one_in(&g->code, 2) ? 0x07 : 0x04);

	if (size >= 2 && generate_one_in(&g->code, 2)) {
		generate_emit(&g->code, 0xb7, 1, 0, 0, number(g));
		generate_emit(&g->code, size == 3 ? 0xdb : 0xc3, 0, generate_one_in(&g->code, 3) ? 9 : 1, off, 0);
		return;
	}
	generate_emit(&g->code, 0x61 | size_bits[size], 1, 0, off, 0);
	if (generate_one_in(&g->code, 4))
		generate_emit(&g->code, code | 0x08, 1, 9, 0, 0);
	else
		generate_emit(&g->code, code, 1, 0, 0, number(g));
	generate_emit(&g->code, 0x63 | size_bits[size], 0, 1, off, 0);
}

/* Counts in elements of maps by one key, mostly of the address that the lookup left, and of nothing behind it. */
static void op_count(struct gen *g)
{
	if (g->depth > 1)
		return;
	count_key(g);
	for (uint32_t n = 1 + generate_pick(&g->code, 3); n; n--) {
		uint32_t miss;

		generate_emit(&g->code, 0xbf, 2, 10, 0, 0);
		generate_emit(&g->code, 0x07, 2, 0, 0, generate_one_in(&g->code, 8) ? -8 : -4);
		map_to(g, 1, generate_one_in(&g->code, 3) ? GENERATE_HASH_MAP : GENERATE_ARRAY_MAP);
		called(g, 1);
		miss = g->code.count;
		generate_emit(&g->code, 0x15, 0, 0, 0, 0);
		for (uint32_t ups = generate_one_in(&g->code, 4) ? 2 : 1; ups; ups--)
			count_up(g);
		if (generate_one_in(&g->code, 4))
			generate_emit(&g->code, 0x79, 9, 0, 0, 0);
		land(g, miss);
	}
	generate_emit(&g->code, 0xbf, 0, 9, 0, 0);
	g->kind[0] = SCALAR;
	generate_emit(&g->code, 0xb7, 9, 0, 0, 0);
}

static const uint8_t jump_codes[] = {0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0};

static void op_branch(struct gen *g)
{
	uint8_t code =
		jump_codes[generate_pick(&g->code, sizeof(jump_codes))] | (generate_one_in(&g->code, 2) ? 0x05 : 0x06);
	uint32_t jump, over;
	uint8_t before[11];
	uint64_t stack = g->stack_set;
	int dst;

	if (g->depth > 2)
		return;
	dst = scalar(g);
	if (generate_one_in(&g->code, 2))
		generate_emit(&g->code, code | 0x08, dst, scalar(g), 0, 0);
	else
		generate_emit(&g->code, code, dst, 0, 0, number(g));
	jump = g->code.count - 1;
	memcpy(before, g->kind, sizeof(before));
	block(g, 1 + (int)generate_pick(&g->code, 4));
	if (generate_one_in(&g->code, 2)) {
		uint8_t after[11];

		over = g->code.count;
		generate_emit(&g->code, 0x05, 0, 0, 0, 0);
		land(g, jump);
		memcpy(after, g->kind, sizeof(after));
		memcpy(g->kind, before, sizeof(before));
		g->stack_set = stack;
		block(g, 1 + (int)generate_pick(&g->code, 3));
		land(g, over);
		memcpy(before, after, sizeof(before));
	} else {
		land(g, jump);
	}
	for (int i = 0; i < 6; i++)
		if (before[i] != g->kind[i])
			g->kind[i] = UNKNOWN;
	g->stack_set &= stack;
}

/* Goes on with the loop at top: as long as R9 is below some number, or always. */
static void loop_back(struct gen *g, uint32_t top, bool counted)
{
	int off;

	if (counted)
		generate_emit(&g->code, 0x07, 9, 0, 0, 1 + (int32_t)generate_pick(&g->code, 3));
	off = (int)top - (int)g->code.count - 1;
	if (counted)
		generate_emit(&g->code, generate_one_in(&g->code, 2) ? 0xa5 : 0xc6, 9, 0, off,
			      4 + (int32_t)generate_pick(&g->code, 12));
	else
		generate_emit(&g->code, 0x05, 0, 0, off, 0);
}

/* Where it need not be repeatable, a loop can also end by MAY_GOTO, or in no other way. */
static void op_loop(struct gen *g)
{
	bool may, counted;
	uint32_t top;
	uint8_t before[11];
	uint64_t stack;

	if (g->depth > 1)
		return;
	may = !g->repeatable && generate_one_in(&g->code, 4);
	counted = !may || generate_one_in(&g->code, 2);
	generate_emit(&g->code, 0xb7, 9, 0, 0, (int32_t)generate_pick(&g->code, 4));
	for (int i = 0; i < 2; i++) /* something to keep alive */
		scalar(g);
	memcpy(before, g->kind, sizeof(before));
	stack = g->stack_set;
	top = g->code.count;
	if (may)
		generate_emit(&g->code, 0xe5, 0, 0, 0, 0);
	g->depth += 2; /* no lookup in here: it would take R9 */
	block(g, 1 + (int)generate_pick(&g->code, 5));
	g->depth -= 2;
	for (int i = 0; i < 6; i++)
		if (before[i] == SCALAR && g->kind[i] != SCALAR)
			constant(g, i);
	loop_back(g, top, counted);
	if (may)
		land(g, top);
	for (int i = 0; may && i < 6; i++)
		if (before[i] != g->kind[i])
			g->kind[i] = UNKNOWN;
	g->stack_set &= stack;
}

static void block(struct gen *g, int length)
{
	g->depth++;
	while (length-- > 0 && g->code.count < GENERATE_MAX_SLOTS - 200) {
		switch (generate_pick(&g->code, g->objects ? 18 : 17)) {
		case 0:
			op_constant(g);
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			op_alu(g);
			break;
		case 5:
			op_unary(g);
			break;
		case 6:
			op_random(g);
			break;
		case 7:
		case 8:
			op_stack(g);
			break;
		case 9:
		case 10:
			op_packet(g);
			break;
		case 11:
		case 12:
			op_branch(g);
			break;
		case 13:
			op_value(g);
			break;
		case 14:
			op_variable(g, 10, -48, 48, STACK);
			break;
		case 15:
			op_loop(g);
			break;
		case 16:
			op_count(g);
			break;
		default:
			op_object(g);
		}
	}
	g->depth--;
}

uint32_t generate_program(uint64_t seed, unsigned int flags, uint8_t *wire)
{
	struct gen g = {.code = {.rng = seed, .wire = wire},
			.repeatable = flags & GENERATE_REPEATABLE,
			.objects = flags & GENERATE_OBJECTS};
	uint32_t exits;

	g.packet_bytes = 14 + (int)generate_pick(&g.code, 40);
	generate_emit(&g.code, 0xbf, 6, 1, 0, 0);
	generate_emit(&g.code, 0x61, 7, 6, 0, 0);
	generate_emit(&g.code, 0x61, 8, 6, 4, 0);
	/* what was never written is 0 here, but not everywhere */
	for (int slot = 1; g.repeatable && slot <= 64; slot++)
		generate_emit(&g.code, 0x7a, 10, 0, -8 * slot, 0);
	generate_emit(&g.code, 0xb7, 0, 0, 0, 2);
	generate_emit(&g.code, 0xb7, 9, 0, 0, 0);
	generate_emit(&g.code, 0xbf, 1, 7, 0, 0);
	generate_emit(&g.code, 0x07, 1, 0, 0, g.packet_bytes);
	exits = g.code.count;
	generate_emit(&g.code, 0x2d, 1, 8, 0, 0);
	memset(g.kind, UNKNOWN, sizeof(g.kind));
	g.kind[0] = SCALAR;
	block(&g, 3 + (int)generate_pick(&g.code, 20));
	if (g.kind[0] != SCALAR)
		generate_emit(&g.code, 0xbf, 0, scalar(&g), 0, 0);
	land(&g, exits);
	generate_emit(&g.code, 0x95, 0, 0, 0, 0);
	return g.code.count;
}
