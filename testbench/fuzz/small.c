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
