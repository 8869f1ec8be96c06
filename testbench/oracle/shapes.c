// SPDX-License-Identifier: BSD-2-Clause
/*
 * R6 holds the context, R7 the packet, R8 its end, R9 what is accessed; R1 is the number, R2 the pointer that it is
 * added to, R3 another number, R4 and R5 what comes along, R0 the result.
 */
#include "oracle/shapes.h"

#include <linux/bpf.h>

#include "fuzz/generate.h"
#include "virtio_net_xdp.h"

enum { SMALL_MAP, HASH_MAP, DIRECT_MAP };

const struct load_map shapes_maps[] = {
	[SMALL_MAP] = {.type = VIRTIO_NET_XDP_MAP_ARRAY,
		       .key_size = 4,
		       .value_size = 48,
		       .max_entries = 4,
		       .inner = LOAD_NO_MAP},
	[HASH_MAP] = {.type = VIRTIO_NET_XDP_MAP_HASH,
		      .key_size = 4,
		      .value_size = 13,
		      .max_entries = 4,
		      .inner = LOAD_NO_MAP},
	[DIRECT_MAP] = {.type = VIRTIO_NET_XDP_MAP_ARRAY,
			.key_size = 4,
			.value_size = 255,
			.max_entries = 1,
			.inner = LOAD_NO_MAP},
};

const size_t shapes_num_maps = sizeof(shapes_maps) / sizeof(shapes_maps[0]);

#define OUTS  64
#define ADD_K BPF_ALU64 /* with BPF_ADD and BPF_K, which are 0 */
#define MEMSX 0x80      /* not in all headers yet */

struct shape {
	struct generate_code code;
	uint32_t outs[OUTS]; /* jumps to the end */
	uint32_t num_outs;
	int32_t bytes;  /* of what R9 points to, from 0 on */
	int32_t fixed;  /* offset of the access behind the number's */
	int32_t size;   /* of the access */
	bool is_packet; /* more has to be proven once the number is added */
	bool is_stack;
};

#define MOV64(dst, src) generate_emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVI(dst, imm)  generate_emit(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)

static bool chance(struct shape *s, uint32_t of)
{
	return generate_one_in(&s->code, of);
}

static uint32_t pick(struct shape *s, uint32_t n)
{
	return generate_pick(&s->code, n);
}

static void jump_out(struct shape *s, uint8_t code, int dst, int src, int32_t imm)
{
	if (s->num_outs == OUTS)
		return;
	s->outs[s->num_outs++] = s->code.count;
	generate_emit(&s->code, code, dst, src, 0, imm);
}

/* The greatest number that is inside, or one next to it, or another one that is an edge of something. */
static int32_t edge(struct shape *s)
{
	static const int32_t edges[] = {0,     -1,     1,       INT32_MAX, INT32_MIN, 127,     128,
					255,   256,    65535,   65536,     -128,      -129,    32767,
					32768, -32768, 1 << 29, 511,       512,       1 << 30, INT32_MAX - 1};
	int32_t room = s->bytes - s->fixed - s->size;

	if (chance(s, 6))
		return edges[pick(s, sizeof(edges) / sizeof(edges[0]))];
	if (chance(s, 2))
		return room;
	return room + (int32_t)pick(s, 7) - 3;
}

static const uint8_t all_jumps[] = {BPF_JEQ, BPF_JGT,  BPF_JGE,  BPF_JSET, BPF_JNE, BPF_JLT,
				    BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE};

/* if R1 op number: out, or if not. */
static void compare(struct shape *s)
{
	static const uint8_t above[] = {BPF_JGT, BPF_JGE, BPF_JSGT, BPF_JSGE};
	bool sensible = !chance(s, 4);
	uint8_t op = sensible ? above[pick(s, chance(s, 2) ? 2 : 4)] : all_jumps[pick(s, sizeof(all_jumps))],
		class = chance(s, 3) ? BPF_JMP32 : BPF_JMP;
	struct generate_code *c = &s->code;
	int32_t imm = edge(s);

	if (op == BPF_JGE || op == BPF_JSGE)
		imm = (int32_t)((uint32_t)imm + 1);
	if (chance(s, 4)) { /* the other way round: stay if it is below */
		static const uint8_t below[] = {BPF_JLE, BPF_JSLE, BPF_JLT, BPF_JSLT, BPF_JEQ};

		op = sensible ? below[pick(s, 5)] : op;
		generate_emit(c, class | op | BPF_K, 1, 0, 1, imm);
		jump_out(s, BPF_JMP | BPF_JA, 0, 0, 0);
		return;
	}
	if (!chance(s, 3)) {
		jump_out(s, class | op | BPF_K, 1, 0, imm);
		return;
	}
	if (chance(s, 2))
		generate_emit(c, BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, imm);
	else
		MOVI(3, imm);
	if (chance(s, 3))
		jump_out(s, class | all_jumps[pick(s, sizeof(all_jumps))] | BPF_X, 3, 1, 0);
	else
		jump_out(s, class | op | BPF_X, 1, 3, 0);
}

static int32_t shift_of(struct shape *s, uint8_t class)
{
	int32_t most = class == BPF_ALU64 ? 64 : 32;

	return chance(s, 3) ? (int32_t)pick(s, (uint32_t)most) : most - 1 - (int32_t)pick(s, 9);
}

static void shift_pair(struct shape *s)
{
	uint8_t class = chance(s, 2) ? BPF_ALU64 : BPF_ALU;
	int32_t by = shift_of(s, class);

	generate_emit(&s->code, class | BPF_LSH | BPF_K, 1, 0, 0, by);
	generate_emit(&s->code, class | (chance(s, 3) ? BPF_ARSH : BPF_RSH) | BPF_K, 1, 0, 0,
		      chance(s, 2) ? by : shift_of(s, class));
}

static void arithmetic(struct shape *s)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_OR,
				      BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH};
	uint8_t op = ops[pick(s, sizeof(ops))], class = chance(s, 2) ? BPF_ALU64 : BPF_ALU;
	bool is_shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH, divides = op == BPF_DIV || op == BPF_MOD;
	int32_t imm = is_shift ? shift_of(s, class) : chance(s, 2) ? (int32_t)pick(s, 17) - 8 : edge(s);

	if (divides && !imm)
		imm = 3;
	generate_emit(&s->code, class | op | (chance(s, 4) ? BPF_X : BPF_K), 1, 3, divides && chance(s, 3), 0);
	if (BPF_SRC(s->code.wire[(size_t)(s->code.count - 1) * 8]) == BPF_K) {
		s->code.count--;
		generate_emit(&s->code, class | op | BPF_K, 1, 0, divides && chance(s, 3), imm);
	}
}

/* To the stack and back, in one width or two. */
static void spill(struct shape *s)
{
	static const uint8_t sizes[] = {BPF_DW, BPF_W, BPF_H, BPF_B};
	uint8_t out = sizes[pick(s, chance(s, 2) ? 1 : 4)], in = chance(s, 2) ? out : sizes[pick(s, 4)];
	bool sign = in != BPF_DW && chance(s, 4);
	int off = -8;

	generate_emit(&s->code, BPF_STX | BPF_MEM | out, 10, 1, off, 0);
	if (chance(s, 6))
		generate_emit(&s->code, BPF_ST | BPF_MEM | BPF_B, 10, 0, off + (int)pick(s, 8), 0);
	if (in != BPF_DW && chance(s, 6))
		off += in == BPF_W ? 4 : in == BPF_H ? 2 : 1;
	generate_emit(&s->code, BPF_LDX | (sign ? MEMSX : BPF_MEM) | in, 1, 10, off, 0);
}

/* A copy is bounded, or the original. */
static void copied(struct shape *s)
{
	static const int widths[] = {8, 16, 32};
	struct generate_code *c = &s->code;

	switch (pick(s, 4)) {
	case 0:
		generate_emit(c, BPF_ALU64 | BPF_MOV | BPF_X, 1, 1, widths[pick(s, 3)], 0);
		break;
	case 1:
		generate_emit(c, BPF_ALU | BPF_MOV | BPF_X, 1, 1, chance(s, 2) ? 0 : widths[pick(s, 2)], 0);
		break;
	case 2:
		MOV64(3, 1);
		if (chance(s, 2))
			generate_emit(c, ADD_K, 3, 0, 0, (int32_t)pick(s, 9) - 4);
		jump_out(s, (chance(s, 3) ? BPF_JMP32 : BPF_JMP) | BPF_JGT | BPF_K, 3, 0, edge(s));
		break;
	default:
		MOV64(5, 1);
		compare(s);
		MOV64(1, 5);
	}
}

/* A join: the number is one of two on the two ways here. */
static void join(struct shape *s)
{
	struct generate_code *c = &s->code;

	generate_emit(c, (chance(s, 2) ? BPF_JMP32 : BPF_JMP) | all_jumps[pick(s, sizeof(all_jumps))] | BPF_K, 3, 0,
		      chance(s, 2) ? 2 : 1, edge(s));
	MOVI(1, edge(s));
	generate_emit(c, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, edge(s));
}

static void step(struct shape *s)
{
	static const uint32_t masks[] = {1, 3, 7, 15, 31, 32, 63, 127, 255, 0xf0, 0xfffffff0, 0x10, 0xffff};

	switch (pick(s, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		compare(s);
		break;
	case 6:
	case 7:
		generate_emit(&s->code, (chance(s, 2) ? BPF_ALU64 : BPF_ALU) | BPF_AND | BPF_K, 1, 0, 0,
			      chance(s, 3) ? edge(s) : (int32_t)masks[pick(s, sizeof(masks) / sizeof(masks[0]))]);
		break;
	case 8:
		shift_pair(s);
		break;
	case 9:
	case 10:
		arithmetic(s);
		break;
	case 11:
		spill(s);
		break;
	case 12:
	case 13:
		copied(s);
		break;
	case 14:
		join(s);
		break;
	default:
		generate_emit(&s->code, (chance(s, 2) ? BPF_ALU64 : BPF_ALU) | BPF_NEG, 1, 0, 0, 0);
	}
}

static const uint8_t access_sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

/* A number in dst that nothing is known of but its width. */
static void source(struct shape *s, int dst)
{
	uint8_t size = access_sizes[pick(s, 4)];
	bool sign = size != BPF_DW && chance(s, 4);

	if (chance(s, 8))
		generate_emit(&s->code, BPF_LDX | BPF_MEM | BPF_W, dst, 6, 16, 0);
	else if (chance(s, 8))
		generate_emit(&s->code, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, edge(s));
	else
		generate_emit(&s->code, BPF_LDX | (sign ? MEMSX : BPF_MEM) | size, dst, 7, (int)pick(s, 7), 0);
}

/* [R2 + off] is read or written. */
static void access_memory(struct shape *s, int off)
{
	static const int32_t atomics[] = {BPF_ADD,  BPF_AND,    BPF_OR, BPF_XOR, BPF_ADD | BPF_FETCH,
					  BPF_XCHG, BPF_CMPXCHG};
	uint32_t log = s->size == 8 ? 3 : s->size == 4 ? 2 : s->size == 2 ? 1 : 0;
	uint8_t size = access_sizes[log];
	struct generate_code *c = &s->code;

	switch (pick(s, 6)) {
	case 0:
		generate_emit(c, BPF_STX | BPF_MEM | size, 2, 3, off, 0);
		break;
	case 1:
		generate_emit(c, BPF_ST | BPF_MEM | size, 2, 0, off, 0x55);
		break;
	case 2:
		if (log >= 2) {
			generate_emit(c, BPF_STX | BPF_ATOMIC | size, 2, 3, off, atomics[pick(s, 7)]);
			break;
		}
		/* fall through */
	default:
		generate_emit(c, BPF_LDX | (log < 3 && chance(s, 4) ? MEMSX : BPF_MEM) | size, 4, 2, off, 0);
		generate_emit(c, BPF_ALU64 | BPF_ADD | BPF_X, 0, 4, 0, 0);
	}
}

/* What R2 points to, and room bytes more, compared with the packet's end in one of the ways that mean the same. */
static void prove_packet(struct shape *s, int32_t bytes)
{
	struct generate_code *c = &s->code;

	if (chance(s, 10))
		bytes += (int32_t)pick(s, 3) - 1;
	MOV64(5, 2);
	generate_emit(c, ADD_K, 5, 0, 0, bytes);
	switch (pick(s, 8)) {
	case 0:
		jump_out(s, BPF_JMP | BPF_JLT | BPF_X, 8, 5, 0);
		break;
	case 1:
		generate_emit(c, BPF_JMP | BPF_JLE | BPF_X, 5, 8, 1, 0);
		jump_out(s, BPF_JMP | BPF_JA, 0, 0, 0);
		break;
	case 2:
		jump_out(s, BPF_JMP | BPF_JGE | BPF_X, 5, 8, 0); /* a byte more than is needed */
		break;
	case 3:
		jump_out(s, BPF_JMP | BPF_JNE | BPF_X, 5, 8, 0);
		break;
	case 4:
		jump_out(s, BPF_JMP | all_jumps[pick(s, sizeof(all_jumps))] | BPF_X, chance(s, 2) ? 5 : 2, 8, 0);
		break;
	default:
		jump_out(s, BPF_JMP | BPF_JGT | BPF_X, 5, 8, 0);
	}
}

/* R2 = what R9 points to, more or less the number. */
static void point(struct shape *s)
{
	struct generate_code *c = &s->code;

	if (chance(s, 12)) {
		MOV64(2, 1);
		generate_emit(c, BPF_ALU64 | BPF_ADD | BPF_X, 2, 9, 0, 0);
	} else if (chance(s, 8)) { /* from the end downwards */
		MOV64(2, 9);
		generate_emit(c, ADD_K, 2, 0, 0, edge(s));
		generate_emit(c, BPF_ALU64 | BPF_SUB | BPF_X, 2, 1, 0, 0);
	} else {
		MOV64(2, 9);
		generate_emit(c, BPF_ALU64 | BPF_ADD | BPF_X, 2, 1, 0, 0);
	}
	if (chance(s, 10))
		generate_emit(c, BPF_ALU64 | (chance(s, 2) ? BPF_ADD : BPF_SUB) | BPF_K, 2, 0, 0, (int32_t)pick(s, 4));
}

/* The number is how many bytes a helper takes. */
static void sized_call(struct shape *s)
{
	struct generate_code *c = &s->code;

	if (chance(s, 2)) {
		MOV64(4, 1);
		MOV64(1, 6);
		MOVI(2, 0);
		MOV64(3, 9);
		generate_emit(c, ADD_K, 3, 0, 0, s->fixed);
		generate_emit(c, BPF_JMP | BPF_CALL, 0, 0, 0,
			      chance(s, 2) ? BPF_FUNC_xdp_load_bytes : BPF_FUNC_xdp_store_bytes);
	} else {
		MOV64(2, 1);
		MOV64(1, 9);
		generate_emit(c, ADD_K, 1, 0, 0, s->fixed);
		MOVI(3, 0);
		MOVI(4, 0);
		MOVI(5, 0);
		generate_emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_csum_diff);
	}
}

/* R9 becomes a pointer to s->bytes bytes. R1 to R5 are lost. */
static void find_value(struct shape *s)
{
	struct generate_code *c = &s->code;
	int map = chance(s, 3) ? HASH_MAP : SMALL_MAP;

	if (chance(s, 3)) {
		int32_t off = (int32_t)pick(s, 8);

		s->bytes = (int32_t)shapes_maps[DIRECT_MAP].value_size - off;
		generate_emit(c, BPF_LD | BPF_IMM | BPF_DW, 9, BPF_PSEUDO_MAP_VALUE, 0, DIRECT_MAP);
		generate_emit(c, 0, 0, 0, 0, off);
		return;
	}
	s->bytes = (int32_t)shapes_maps[map].value_size;
	generate_emit(c, BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, (int32_t)pick(s, 4));
	MOV64(2, 10);
	generate_emit(c, ADD_K, 2, 0, 0, -4);
	if (map == HASH_MAP) { /* so that there is something */
		generate_emit(c, BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map);
		generate_emit(c, 0, 0, 0, 0, 0);
		MOV64(3, 7);
		MOVI(4, 0);
		generate_emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_update_elem);
		MOV64(2, 10);
		generate_emit(c, ADD_K, 2, 0, 0, -4);
	}
	generate_emit(c, BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map);
	generate_emit(c, 0, 0, 0, 0, 0);
	generate_emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	MOV64(9, 0);
	MOVI(0, 1);
	jump_out(s, BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 0);
}

static void find_memory(struct shape *s, int32_t proven)
{
	static const int32_t areas[] = {8, 16, 64, 512};
	struct generate_code *c = &s->code;

	s->is_packet = false;
	s->is_stack = false;
	switch (pick(s, 3)) {
	case 0:
		MOV64(9, 7);
		s->bytes = proven;
		s->is_packet = true;
		break;
	case 1:
		s->bytes = areas[pick(s, 4)];
		s->is_stack = true;
		MOV64(9, 10);
		generate_emit(c, ADD_K, 9, 0, 0, -s->bytes);
		break;
	default:
		find_value(s);
	}
}

static void shape(struct shape *s, int32_t proven)
{
	struct generate_code *c = &s->code;
	int32_t rest = 0;

	find_memory(s, proven);
	s->size = 1 << pick(s, 4);
	s->fixed = chance(s, 2) ? 0 : (int32_t)pick(s, 17) - 4;
	source(s, 1);
	source(s, 3);
	for (uint32_t steps = 1 + pick(s, 4); steps; steps--)
		step(s);
	if (s->is_stack && !chance(s, 4)) { /* only aligned accesses have a chance there */
		generate_emit(c, (chance(s, 2) ? BPF_ALU64 : BPF_ALU) | BPF_AND | BPF_K, 1, 0, 0,
			      -s->size & (chance(s, 2) ? -1 : 0x1ff));
		s->fixed &= -s->size;
	}
	if (chance(s, 8)) {
		s->size = 0;
		sized_call(s);
		MOVI(3, 0);
		return;
	}
	point(s);
	if (s->is_packet) {
		rest = 1 + (int32_t)pick(s, 20);
		prove_packet(s, rest);
		s->fixed = rest - s->size + (chance(s, 12) ? 1 : 0);
		if (chance(s, 12))
			s->fixed = -1;
	}
	if (chance(s, 25))
		s->fixed += 1;
	access_memory(s, s->fixed);
}

uint32_t shapes_program(uint64_t seed, uint8_t *wire)
{
	struct shape s = {.code = {.rng = generate_seed(seed), .wire = wire}};
	struct generate_code *c = &s.code;
	int32_t proven = 14 + (int32_t)pick(&s, 40);

	MOV64(6, 1);
	generate_emit(c, BPF_LDX | BPF_MEM | BPF_W, 7, 6, 0, 0);
	generate_emit(c, BPF_LDX | BPF_MEM | BPF_W, 8, 6, 4, 0);
	/* what is never written is 0 here, but not everywhere */
	for (int slot = 1; slot <= 64; slot++)
		generate_emit(c, BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8 * slot, 0);
	MOVI(0, 1);
	MOV64(2, 7);
	generate_emit(c, ADD_K, 2, 0, 0, proven);
	jump_out(&s, BPF_JMP | BPF_JGT | BPF_X, 2, 8, 0);
	for (uint32_t shapes = 1 + pick(&s, 2); shapes; shapes--)
		shape(&s, proven);
	for (uint32_t i = 0; i < s.num_outs; i++) {
		uint32_t off = s.code.count - s.outs[i] - 1;

		wire[(size_t)s.outs[i] * 8 + 2] = (uint8_t)off;
		wire[(size_t)s.outs[i] * 8 + 3] = (uint8_t)(off >> 8);
	}
	generate_emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return s.code.count;
}
