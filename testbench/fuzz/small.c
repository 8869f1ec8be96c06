// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/small.h"

#include "le.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"
#include <stddef.h>
#include <string.h>

#define INSN(op, dst, src, off, imm)                                                                                   \
	((uint64_t)(uint8_t)(op) | (uint64_t)((dst)&15) << 8 | (uint64_t)((src)&15) << 12 |                            \
	 (uint64_t)(uint16_t)(off) << 16 | (uint64_t)(uint32_t)(imm) << 32)
#define MOV(dst, imm)  INSN(0xb7, dst, 0, 0, imm)
#define MOVR(dst, src) INSN(0xbf, dst, src, 0, 0)
#define LD_MAP(dst)    INSN(0x18, dst, 1, 0, 0), 0 /* its id is put in */
#define CALL(helper)   INSN(0x85, 0, 0, 0, helper)
#define LOCAL(off)     INSN(0x85, 0, 1, 0, off)
#define EXIT           INSN(0x95, 0, 0, 0, 0)
#define STACK(dst, at) MOVR(dst, 10), INSN(0x07, dst, 0, 0, at)
#define ZERO(at)       INSN(0x7a, 10, 0, at, 0)

#define MAX_WORDS 24

/* An instruction of opcode 0x62 or 0xb7 with the immediate 99 gets a small number instead. */
#define SMALL 99

static const struct {
	uint32_t map;
	uint64_t words[MAX_WORDS];
} programs[] = {
	{0, {MOV(0, 2), EXIT}},
	/* counts 500 down: takes some verification */
	{0, {MOV(6, 500), INSN(0x07, 6, 0, 0, -1), INSN(0x55, 6, 0, -2, 0), MOV(0, 1), EXIT}},
	/* a tail call, of the main function or of another one */
	{GENERATE_PROGS_MAP, {LD_MAP(2), MOV(3, SMALL), CALL(12), MOV(0, SMALL), EXIT}},
	{GENERATE_PROGS_MAP,
	 {MOV(7, 3), LOCAL(2), INSN(0x0f, 0, 7, 0, 0), EXIT, LD_MAP(2), MOV(3, SMALL), CALL(12), MOV(0, 1), EXIT}},
	{GENERATE_PROGS_MAP,
	 {MOV(2, 4), MOVR(6, 1), CALL(44), MOVR(1, 6), LD_MAP(2), MOV(3, SMALL), CALL(12), MOV(0, 3), EXIT}},
	/* the same behind a queue that was selected, or metadata; and what a target sees of them */
	{GENERATE_PROGS_MAP, {INSN(0x62, 1, 0, 16, SMALL), LD_MAP(2), MOV(3, SMALL), CALL(12), MOV(0, 1), EXIT}},
	{GENERATE_PROGS_MAP,
	 {MOV(2, -8), MOVR(6, 1), CALL(54), MOVR(1, 6), LD_MAP(2), MOV(3, SMALL), CALL(12), MOV(0, 3), EXIT}},
	{0, {CALL(8), EXIT}},
	{0, {INSN(0x61, 2, 1, 8, 0), INSN(0x61, 0, 1, 0, 0), INSN(0x1f, 0, 2, 0, 0), EXIT}},
	/* a value that was removed is there until the run ends */
	{GENERATE_HASH_MAP,
	 {INSN(0x62, 10, 0, -4, SMALL), STACK(2, -4), LD_MAP(1), CALL(1), INSN(0x15, 0, 0, 8, 0), MOVR(7, 0),
	  STACK(2, -4), LD_MAP(1), CALL(3), INSN(0x71, 0, 7, 0, 0), EXIT, MOV(0, 2), EXIT}},
	/* redirection */
	{0, {MOV(1, SMALL), MOV(2, 0), CALL(23), EXIT}},
	{SMALL_TARGETS_MAP, {LD_MAP(1), MOV(2, SMALL), MOV(3, 2), CALL(51), EXIT}},
	{SMALL_TARGETS_MAP, {LD_MAP(1), MOV(2, SMALL), MOV(3, 8), CALL(51), EXIT}},
	{SMALL_TARGETS_MAP, {LD_MAP(1), MOV(2, SMALL), MOV(3, 24), CALL(51), EXIT}},
	/* an element of an inner map goes up by 1 */
	{GENERATE_OUTER_MAP,
	 {INSN(0x62, 10, 0, -4, SMALL), MOVR(2, 10), INSN(0x07, 2, 0, 0, -4), LD_MAP(1), CALL(1),
	  INSN(0x15, 0, 0, 9, 0), MOVR(1, 0), MOVR(2, 10), INSN(0x07, 2, 0, 0, -4), CALL(1), INSN(0x15, 0, 0, 4, 0),
	  INSN(0x71, 1, 0, 0, 0), INSN(0x07, 1, 0, 0, 1), INSN(0x73, 0, 1, 0, 0), INSN(0x71, 0, 0, 0, 0), MOV(0, 2),
	  EXIT}},
	/* what an element says */
	{SMALL_TARGETS_MAP,
	 {INSN(0x62, 10, 0, -4, SMALL), MOVR(2, 10), INSN(0x07, 2, 0, 0, -4), LD_MAP(1), CALL(1),
	  INSN(0x15, 0, 0, 1, 0), INSN(0x61, 0, 0, 0, 0), EXIT}},
	/* records: of the stack, with the packet behind it, reserved and kept or not, and how full the map is */
	{SMALL_TARGETS_MAP,
	 {INSN(0x7a, 10, 0, -8, 77), MOV(3, SMALL), INSN(0x67, 3, 0, 0, 36), INSN(0xb4, 0, 0, 0, -1),
	  INSN(0x4f, 3, 0, 0, 0), LD_MAP(2), STACK(4, -8), MOV(5, SMALL), CALL(25), EXIT}},
	{SMALL_TARGETS_MAP,
	 {INSN(0x7a, 10, 0, -8, 77), LD_MAP(1), STACK(2, -8), MOV(3, SMALL), MOV(4, 0), CALL(130), EXIT}},
	{SMALL_TARGETS_MAP,
	 {LD_MAP(1), MOV(2, 1001), MOV(3, 0), CALL(131), INSN(0x15, 0, 0, 4, 0), INSN(0x62, 0, 0, 996, SMALL),
	  MOVR(1, 0), MOV(2, 0), CALL(132), MOV(0, 2), EXIT}},
	{SMALL_TARGETS_MAP,
	 {LD_MAP(1), MOV(2, 1337), MOV(3, 0), CALL(131), INSN(0x15, 0, 0, 3, 0), MOVR(1, 0), MOV(2, 0), CALL(133),
	  LD_MAP(1), MOV(2, SMALL), CALL(134), EXIT}},
	/* routes and MTUs */
	{0,
	 {ZERO(-64), ZERO(-56), ZERO(-48), ZERO(-40), ZERO(-32), ZERO(-24), ZERO(-16), ZERO(-8),
	  INSN(0x72, 10, 0, -64, 2), INSN(0x6a, 10, 0, -58, 300), INSN(0x62, 10, 0, -56, 2),
	  INSN(0x62, 10, 0, -32, SMALL), STACK(2, -64), MOV(3, 64), MOV(4, 4), CALL(69), INSN(0x61, 1, 10, -56, 0),
	  INSN(0x0f, 0, 1, 0, 0), EXIT}},
	{0,
	 {INSN(0x62, 10, 0, -4, SMALL), MOV(2, SMALL), STACK(3, -4), MOV(4, 0x7fffffff), MOV(5, 0), CALL(163),
	  INSN(0x61, 1, 10, -4, 0), INSN(0x0f, 0, 1, 0, 0), EXIT}},
	/* lines: " %x", "%", "%9d%" */
	{0, {INSN(0x62, 10, 0, -4, 0x782520), STACK(1, -4), MOV(2, 4), MOV(3, SMALL), CALL(6), EXIT}},
	{0, {INSN(0x62, 10, 0, -4, 0x25), STACK(1, -4), MOV(2, SMALL), MOV(3, 0), CALL(6), EXIT}},
	{0, {INSN(0x62, 10, 0, -4, 0x25642539), STACK(1, -3), MOV(2, 3), CALL(6), EXIT}},
	/* bytes of the packet, at any place and at none; from it, and into it */
	{0, {MOV(2, -1), STACK(3, -8), MOV(4, 8), CALL(189), INSN(0x79, 0, 10, -8, 0), EXIT}},
	{0, {MOV(2, SMALL), STACK(3, -8), MOV(4, 8), CALL(189), INSN(0x79, 0, 10, -8, 0), EXIT}},
	{0, {ZERO(-8), MOV(2, SMALL), STACK(3, -8), MOV(4, SMALL), CALL(190), EXIT}},
	{0,
	 {INSN(0x61, 3, 1, 0, 0), INSN(0x61, 4, 1, 4, 0), MOVR(5, 3), INSN(0x07, 5, 0, 0, 14), INSN(0x2d, 5, 4, 3, 0),
	  MOV(2, 0x7fffffff), MOV(4, 9), CALL(189), MOV(0, 3), EXIT}},
};

uint32_t small_program(uint64_t random, uint8_t *wire)
{
	uint32_t row = (uint32_t)(random % (sizeof(programs) / sizeof(programs[0])));
	const uint64_t *words = programs[row].words;
	uint32_t map = random >> 60 ? programs[row].map : (uint32_t)(random >> 16) % 5;
	uint32_t number = (uint32_t)(random >> 32) % 7;
	uint32_t count = MAX_WORDS;

	while (!words[count - 1])
		count--;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t op = (uint8_t)words[i];
		uint64_t word = words[i];
		le64 slot;

		if (op == 0x18)
			word |= (uint64_t)map << 32;
		else if ((op == 0x62 || op == 0xb7) && word >> 32 == SMALL)
			word = (uint32_t)word | (uint64_t)number << 32;
		slot = cpu_to_le64(word);
		memcpy(wire + 8 * i, &slot, sizeof(slot));
	}
	return 8 * count;
}

#define TYPE(name) VIRTIO_NET_XDP_MAP_##name

uint32_t small_type(uint64_t random)
{
	static const uint8_t types[] = {
		TYPE(HASH),     TYPE(HASH),     TYPE(ARRAY),        TYPE(PROG_ARRAY),  TYPE(PROG_ARRAY),
		TYPE(ARRAY_OF), TYPE(HASH_OF),  TYPE(DEVMAP),       TYPE(DEVMAP_HASH), TYPE(CPUMAP),
		TYPE(XSKMAP),   TYPE(LRU_HASH), TYPE(PERCPU_ARRAY), TYPE(LPM_TRIE),    TYPE(PERCPU_HASH),
	};

	return types[random % sizeof(types)];
}

bool small_is_object(uint32_t type)
{
	switch (type) {
	case TYPE(PROG_ARRAY):
	case TYPE(ARRAY_OF):
	case TYPE(HASH_OF):
	case TYPE(DEVMAP):
	case TYPE(DEVMAP_HASH):
	case TYPE(CPUMAP):
	case TYPE(XSKMAP):
		return true;
	}
	return false;
}

uint32_t small_key_bytes(uint32_t type)
{
	switch (type) {
	case TYPE(RINGBUF):
		return 0;
	case TYPE(LPM_TRIE):
	case TYPE(FIB):
		return 8;
	default:
		return 4;
	}
}

uint32_t small_entries(uint32_t type)
{
	return type == TYPE(RINGBUF) ? 4096 : GENERATE_ARRAY_ENTRIES;
}

uint32_t small_value_bytes(uint32_t type)
{
	switch (type) {
	case TYPE(RINGBUF):
		return 0;
	case TYPE(PERF_EVENTS):
		return 4;
	case TYPE(FIB):
		return sizeof(struct virtio_net_xdp_fib_value);
	default:
		return small_is_object(type) ? 4 : GENERATE_VALUE_BYTES;
	}
}

uint32_t small_move(unsigned int helper, unsigned int delta, unsigned int action, uint8_t *wire)
{
	static const int32_t helpers[SMALL_MOVES] = {44, 65, 54}; /* xdp_adjust_head, _tail, _meta */
	static const int32_t deltas[SMALL_DELTAS] = {0, 4, -4, -14, 14, -32, 32, -256, 256, -400, 1500, -1500};
	static const int32_t actions[SMALL_ACTIONS] = {0, 1, 2, 2, 2, 3, 4, 9};
	/* r2 = delta; helper(ctx, r2); r0 = action; exit */
	const uint64_t slots[] = {0x2b7 | (uint64_t)(uint32_t)deltas[delta] << 32,
				  0x85 | (uint64_t)(uint32_t)helpers[helper] << 32,
				  0xb7 | (uint64_t)(uint32_t)actions[action] << 32, 0x95};

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		le64 slot = cpu_to_le64(slots[i]);

		memcpy(wire + 8 * i, &slot, sizeof(slot));
	}
	return sizeof(slots);
}
