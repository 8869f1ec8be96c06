/* SPDX-License-Identifier: BSD-2-Clause */
/* What helpers are called with: maps in maps, memory of every kind, constants; and the facts about calls. */
#include "verify_bench.h"

/* R0 = a map in a map, or null: 6 slots */
#define W_INNER(outer) W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, outer), W_CALL(1)
/* R0 = lookup(map in R0, key at R10 - 8): 4 slots */
#define W_IN_INNER W_MOVR(1, 0), W_MOVR(2, 10), W_ADD(2, -8), W_CALL(1)
/* R0 = lookup(map, key at R10 - 4): 5 slots */
#define W_AT_4(map) W_MOVR(2, 10), W_ADD(2, -4), W_LDMAP(1, map), W_CALL(1)
#define W_NOTHING   W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0)
/* 32 bytes of R10 - 64 on */
#define W_ZEROS W_ST64(10, -64, 0), W_ST64(10, -56, 0), W_ST64(10, -48, 0), W_ST64(10, -40, 0)

/* clang-format off */
static const struct verify_row rows[] = {
	/* maps in maps */
	{"a value of a map in a map", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 6), W_IN_INNER, W_JEQ(0, 0, 1), W_ST64(0, 8, 1), W_RETURN)},
	{"a map in a map that can be null", PROG(W_INNER(MAP_OUTER), W_IN_INNER, W_RETURN), BAD(NULL, 9, "R1 can be null")},
	{"a map in a map, another one tested", PROG(W_INNER(MAP_OUTER), W_MOVR(6, 0), W_INNER(MAP_OUTER), W_JEQ(0, 0, 5), W_MOVR(0, 6), W_IN_INNER, W_RETURN), BAD(NULL, 18, "R1 can be null")},
	{"a value of a map in a map that can be null", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 5), W_IN_INNER, W_LDX64(0, 0, 0), W_RETURN), BAD(NULL, 11, "R0 can be null")},
	{"behind a value of a map in a map", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 6), W_IN_INNER, W_JEQ(0, 0, 1), W_LDX64(1, 0, 9), W_RETURN), BAD(MAP, 12, "16 bytes")},
	{"a map in a map as memory", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 1), W_LDX64(0, 0, 0), W_RETURN), BAD(POINTER, 7, "R0 is a map")},
	{"a map in a map, or null, as memory", PROG(W_INNER(MAP_OUTER), W_LDX64(0, 0, 0), W_RETURN), BAD(NULL, 6, "R0 can be null")},
	{"a map in a map stored", PROG(W_INNER(MAP_OUTER), W_LDVALUE(1, MAP_ONE, 0), W_STX64(1, 0, 0), W_RETURN), BAD(POINTER, 8, "show an address")},
	{"a map in a map moved", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 1), W_ADD(0, 8), W_RETURN), BAD(POINTER, 7, "R0 is a map")},
	{"a map in a map compared with another", PROG(W_INNER(MAP_OUTER), W_MOVR(6, 0), W_INNER(MAP_OUTER), W(0x1d, 0, 6, 0, 0), W_RETURN), BAD(POINTER, 13, "show an address")},
	{"a map in a map from the stack", PROG(W_INNER(MAP_OUTER), W_STX64(10, 0, -16), W_JEQ(0, 0, 6), W_LDX64(0, 10, -16), W_IN_INNER, W_JEQ(0, 0, 0), W_RETURN)},
	{"prevail-1089: the key of a map in a map", PROG(W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, MAP_OUTER), W_CALL(1), W_JEQ(0, 0, 4), W_MOVR(1, 0), W_MOVR(2, 10), W_ADD(2, -4), W_CALL(1), W_RETURN),
	 BAD(STACK, 10, "offset -4, 8 bytes")},
	{"a map in a map updated", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 7), W_MOVR(1, 0), W_MOVR(2, 10), W_ADD(2, -8), W_MOVR(3, 10), W_ADD(3, -16), W_MOV(4, 0), W_CALL(2), W_RETURN), .flags = ZEROS},
	{"a map in a map that may not be written, updated",
	 PROG(W_INNER(MAP_OUTER_RDONLY), W_JEQ(0, 0, 7), W_MOVR(1, 0), W_MOVR(2, 10), W_ADD(2, -8), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 0), W_CALL(2), W_RETURN), BAD(MAP, 13, "can't be written")},
	{"a value not to be written of a map in a map", PROG(W_INNER(MAP_OUTER_RDONLY), W_JEQ(0, 0, 6), W_IN_INNER, W_JEQ(0, 0, 1), W_ST64(0, 0, 1), W_RETURN), BAD(MAP, 12, "may not write")},
	{"a map of maps updated", PROG(W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, MAP_OUTER), W_MOVR(3, 2), W_MOV(4, 0), W_CALL(2), W_RETURN), BAD(MAP, 7, "does not take")},
	{"a map in a map on one path, a map on the other",
	 PROG(W_MOVR(6, 1), W_INNER(MAP_OUTER), W_JEQ(0, 0, 11), W_MOVR(7, 0), W_CALL(7), W_JEQ(0, 0, 2), W_LDMAP(7, MAP_ONE), W_NOTHING, W_MOVR(0, 7), W_IN_INNER, W_JEQ(0, 0, 1), W_ST64(0, 8, 1), W_RETURN), BAD(MAP, 23, "offset 8")},

	/* elements that are always there */
	{"an element of an array", PROG(W_ST32(10, -4, 3), W_AT_4(MAP_ARRAY), W_ST64(0, 0, 1), W_RETURN)},
	{"an element of an array, by a number in a register", PROG(W_MOV(0, 3), W_STX32(10, 0, -4), W_AT_4(MAP_ARRAY), W_ST64(0, 0, 1), W_RETURN)},
	{"an element behind an array", PROG(W_ST32(10, -4, 4), W_AT_4(MAP_ARRAY), W_ST64(0, 0, 1), W_RETURN), BAD(NULL, 6, "R0 can be null")},
	{"an element of an array, one of several", PROG(W_CALL(7), W_AND(0, 1), W_STX32(10, 0, -4), W_AT_4(MAP_ARRAY), W_ST64(0, 0, 1), W_RETURN), BAD(NULL, 8, "R0 can be null")},
	{"an element of an array in an array", PROG(W_INNER(MAP_OUTER_RDONLY), W_JEQ(0, 0, 5), W_IN_INNER, W_LDX64(0, 0, 0), W_RETURN), BAD(NULL, 11, "R0 can be null")},
	{"an element of a hash", PROG(W_ST64(10, -8, 3), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, MAP_HASH), W_CALL(1), W_ST64(0, 0, 1), W_RETURN), BAD(NULL, 6, "R0 can be null")},
	{"behind an element that is always there", PROG(W_ST32(10, -4, 3), W_AT_4(MAP_ARRAY), W_ST64(0, 1, 1), W_RETURN), BAD(MAP, 6, "offset 1")},
	{"an element of an array, behind it on a path that was pruned",
	 PROG(W_CALL(7), W_MOV(6, 3), W_JEQ(0, 0, 1), W_MOV(6, 4), W_STX32(10, 6, -4), W_NOTHING, W_NOTHING, W_JEQ(0, 5, 0), W_AT_4(MAP_ARRAY), W_ST64(0, 0, 1), W_RETURN), BAD(NULL, 19, "R0 can be null")},
	{"a map plus 0", PROG(W_ST32(10, -4, 3), W_MOV(0, 0), W_MOVR(2, 10), W_ADD(2, -4), W_LDMAP(1, MAP_ARRAY), W_ADDR(1, 0), W_CALL(1), W_RETURN)},
	{"a map plus what can be 0", PROG(W_CALL(7), W_AND(0, 1), W_LDMAP(1, MAP_ARRAY), W_ADDR(1, 0), W_RETURN), BAD(POINTER, 4, "R1 is a map")},
	{"what can be null plus 0", PROG(W_LOOKUP, W_ADD(0, 0), W_RETURN), BAD(NULL, 6, "can be null")},

	/* memory that helpers write */
	{"bytes of the packet to the stack", PROG(W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 8), W_CALL(189), W_LDX64(0, 10, -8), W_EXIT)},
	{"bytes of the packet to a value", PROG(W_MOV(2, 0), W_LDVALUE(3, MAP_ONE, 0), W_MOV(4, 8), W_CALL(189), W_RETURN)},
	{"CVE-2024-49861: to a value not to be written", PROG(W_MOV(2, 0), W_LDVALUE(3, MAP_RDONLY, 0), W_MOV(4, 8), W_CALL(189), W_RETURN), BAD(MAP, 4, "may not write")},
	{"to a value, too many", PROG(W_MOV(2, 0), W_LDVALUE(3, MAP_ONE, 4), W_MOV(4, 8), W_CALL(189), W_RETURN), BAD(MAP, 4, "offset 4")},
	{"to the packet", PROG(W_MOVR(6, 1), W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 6), W_MOVR(1, 6), W_MOVR(3, 2), W_MOV(2, 0), W_MOVR(7, 3), W_MOV(4, 8), W_CALL(189), W_RETURN)},
	{"to the packet, no byte proven", PROG(W_MOVR(6, 1), W_PACKET, W_MOVR(3, 2), W_MOV(2, 0), W_MOV(4, 8), W_CALL(189), W_RETURN), BAD(PACKET, 6, "no byte proven")},
	{"over a pointer on the stack", PROG(W_STX64(10, 1, -8), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 8), W_CALL(189), W_LDX64(1, 10, -8), W_LDX32(0, 1, 12), W_EXIT), BAD(POINTER, 7, "a number")},
	{"over half of a pointer on the stack", PROG(W_STX64(10, 1, -8), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 4), W_CALL(189), W_LDX64(0, 10, -8), W_LDVALUE(1, MAP_ONE, 0), W_STX64(1, 0, 0), W_RETURN), BAD(POINTER, 9, "made of an address")},
	{"over so many bytes that part of a pointer may stay",
	 PROG(W_STX64(10, 1, -8), W_MOVR(6, 1), W_CALL(7), W_AND(0, 7), W_ADD(0, 1), W_MOVR(4, 0), W_MOVR(1, 6), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_CALL(189), W_RETURN), BAD(POINTER, 10, "as a whole")},
	{"to a null pointer", PROG(W_MOV(2, 0), W_MOV(3, 0), W_MOV(4, 8), W_CALL(189), W_RETURN), BAD(ARGUMENT, 3, "R3 is a number")},
	{"to a record", PROG(W_MOVR(6, 1), W_LDMAP(1, MAP_RING), W_MOV(2, 8), W_MOV(3, 0), W_CALL(131), W_JEQ(0, 0, 9), W_MOVR(7, 0), W_MOVR(1, 6), W_MOV(2, 0), W_MOVR(3, 7), W_MOV(4, 8), W_CALL(189),
	      W_MOVR(1, 7), W_MOV(2, 0), W_CALL(132), W_RETURN)},
	{"to a record, too many", PROG(W_MOVR(6, 1), W_LDMAP(1, MAP_RING), W_MOV(2, 8), W_MOV(3, 0), W_CALL(131), W_JEQ(0, 0, 9), W_MOVR(7, 0), W_MOVR(1, 6), W_MOV(2, 0), W_MOVR(3, 7), W_MOV(4, 9), W_CALL(189),
	      W_MOVR(1, 7), W_MOV(2, 0), W_CALL(132), W_RETURN), BAD(POINTER, 12, "outside of the record: 8 bytes")},
	{"a route", PROG(W_ZEROS, W_ST64(10, -32, 0), W_ST64(10, -24, 0), W_ST64(10, -16, 0), W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -64), W_MOV(3, 64), W_MOV(4, 0), W_CALL(69), W_LDX64(0, 10, -8), W_EXIT)},
	{"a route, behind the stack", PROG(W_ZEROS, W_MOVR(2, 10), W_ADD(2, -56), W_MOV(3, 64), W_MOV(4, 0), W_CALL(69), W_RETURN), BAD(STACK, 8, "offset -56, 64 bytes")},
	{"a route in a value not to be written", PROG(W_LDVALUE(2, MAP_FROZEN, 0), W_MOV(3, 16), W_MOV(4, 0), W_CALL(69), W_RETURN), BAD(MAP, 4, "may not write")},
	{"an MTU", PROG(W_ST64(10, -8, 0), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_LDX32(0, 10, -8), W_EXIT)},
	{"an MTU is no constant after", PROG(W_ST64(10, -8, 0), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_LDX32(0, 10, -8), W_JEQ(0, 0, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 9, "R9")},
	{"an MTU, not aligned", PROG(W_ST64(10, -8, 0), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -6), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_RETURN), BAD(STACK, 6, "aligned")},
	{"an MTU in a value not to be written", PROG(W_MOV(2, 0), W_LDVALUE(3, MAP_RDONLY, 0), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_RETURN), BAD(MAP, 5, "may not write")},

	/* values that are constants */
	{"a constant of a frozen map", PROG(W_LDVALUE(1, MAP_FROZEN, 0), W_LDX8(2, 1, 0), W_JEQ(2, 0xff, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"a constant with sign", PROG(W_LDVALUE(1, MAP_FROZEN, 0), W(0x91, 2, 1, 0, 0), W_JEQ(2, -1, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"a constant of 8 bytes", PROG(W_LDVALUE(1, MAP_FROZEN, 8), W_LDX64(2, 1, -8), W_LD64(3, 0x07060504030201ff), W(0x1d, 2, 3, 1, 0), W_LDX8(0, 9, 0), W_RETURN)},
	{"a constant over the end", PROG(W_LDVALUE(1, MAP_FROZEN, 8), W_LDX64(2, 1, 1), W_RETURN), BAD(MAP, 2, "offset 9")},
	{"no constant: not frozen", PROG(W_LDVALUE(1, MAP_RDONLY, 0), W_LDX8(2, 1, 0), W_JEQ(2, 0, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 4, "R9")},
	{"a limit that is a constant", PROG(W_LDVALUE(1, MAP_FROZEN, 0), W_LDX8(2, 1, 15), W_LDVALUE(3, MAP_FROZEN, 0), W_ADDR(3, 2), W_LDX8(0, 3, 0), W_EXIT)},
};
/* clang-format on */

Test(args, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* clang-format off */
static const struct fact {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	uint32_t at; /* the call */
	uint16_t map;
	bool key_known;
	uint32_t key;
} facts[] = {
	{"a key of 4 bytes", PROG(W_ST32(10, -4, 3), W_AT_4(MAP_ARRAY), W_RETURN), 5, MAP_ARRAY, true, 3},
	{"a key at the beginning of a slot", PROG(W_ST32(10, -8, 3), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, MAP_ARRAY), W_CALL(1), W_RETURN), 5, MAP_ARRAY, true, 3},
	{"a key from two writes", PROG(W_ST64(10, -8, -1), W_ST8(10, -4, 0), W_AT_4(MAP_ARRAY), W_RETURN), 6, MAP_ARRAY, true, 0xffffff00},
	{"a key with a byte written alone", PROG(W_ST64(10, -8, -1), W_ST8(10, -4, 2), W_AT_4(MAP_ARRAY), W_RETURN), 6, MAP_ARRAY, false, 0},
	{"a key in half of a number", PROG(W_LD64(1, 0x500000009), W_STX64(10, 1, -8), W_AT_4(MAP_ARRAY), W_RETURN), 7, MAP_ARRAY, true, 5},
	{"a key that is not known", PROG(W_CALL(7), W_STX32(10, 0, -4), W_AT_4(MAP_ARRAY), W_RETURN), 6, MAP_ARRAY, false, 0},
	{"a key with one byte that is not known", PROG(W_ST32(10, -4, 3), W_CALL(7), W_STX8(10, 0, -3), W_AT_4(MAP_ARRAY), W_RETURN), 7, MAP_ARRAY, false, 0},
	{"a key with a byte written somewhere", PROG(W_ST32(10, -4, 0), W_CALL(7), W_AND(0, 3), W_MOVR(2, 10), W_ADDR(2, 0), W_ST8(2, -4, 1), W_AT_4(MAP_ARRAY), W_RETURN), 10, MAP_ARRAY, false, 0},
	{"a key never written", PROG(W_AT_4(MAP_ARRAY), W_RETURN), 4, MAP_ARRAY, false, 0},
	{"a key of 8 bytes", PROG(W_ST64(10, -8, 3), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, MAP_HASH), W_CALL(1), W_RETURN), 5, MAP_HASH, false, 0},
	{"a key in a frozen map", PROG(W_LDVALUE(2, MAP_FROZEN, 4), W_LDMAP(1, MAP_ARRAY), W_CALL(1), W_RETURN), 4, MAP_ARRAY, true, 0x07060504},
	{"a key in another map", PROG(W_LDVALUE(2, MAP_ONE, 4), W_LDMAP(1, MAP_ARRAY), W_CALL(1), W_RETURN), 4, MAP_ARRAY, false, 0},
	{"two keys", PROG(W_CALL(7), W_ST32(10, -4, 1), W_JEQ(0, 0, 1), W_ST32(10, -4, 2), W_AT_4(MAP_ARRAY), W_RETURN), 8, MAP_ARRAY, false, 0},
	{"the same key twice", PROG(W_CALL(7), W_ST32(10, -4, 1), W_JEQ(0, 0, 1), W_ST32(10, -4, 1), W_AT_4(MAP_ARRAY), W_RETURN), 8, MAP_ARRAY, true, 1},
	{"CVE-2023-2163: two keys, a path pruned",
	 PROG(W_CALL(7), W_ST32(10, -4, 1), W_JEQ(0, 0, 1), W_ST32(10, -4, 2), W_NOTHING, W_NOTHING, W_NOTHING, W_AT_4(MAP_ARRAY), W_RETURN), 20, MAP_ARRAY, false, 0},
	{"CVE-2023-2163: two keys in a register, a path pruned",
	 PROG(W_CALL(7), W_MOV(6, 1), W_JEQ(0, 0, 1), W_MOV(6, 2), W_NOTHING, W_NOTHING, W_CALL(7), W_JEQ(0, 0, 0), W_NOTHING, W_NOTHING, W_STX32(10, 6, -4), W_AT_4(MAP_ARRAY), W_RETURN), 27, MAP_ARRAY, false, 0},
	{"CVE-2023-2163: two keys for a function, a path pruned",
	 PROG(W_CALL(7), W_MOV(1, 1), W_JEQ(0, 0, 1), W_MOV(1, 2), W_CALL_LOCAL(1), W_EXIT, W_NOTHING, W_NOTHING, W_STX32(10, 1, -4), W_AT_4(MAP_ARRAY), W_RETURN), 19, MAP_ARRAY, false, 0},
	{"keys of a loop", PROG(W_MOV(6, 0), W_STX32(10, 6, -4), W_AT_4(MAP_ARRAY), W_ADD(6, 1), W_JLT(6, 3, -8), W_RETURN), 6, MAP_ARRAY, false, 0},
	{"two maps", PROG(W_ST32(10, -4, 0), W_CALL(7), W_LDMAP(1, MAP_ARRAY), W_JEQ(0, 0, 2), W_LDMAP(1, MAP_ONE), W_MOVR(2, 10), W_ADD(2, -4), W_CALL(1), W_RETURN), 9, EXEC_NO_MAP, false, 0},
	{"CVE-2023-2163: two maps, a path pruned",
	 PROG(W_ST32(10, -4, 0), W_CALL(7), W_LDMAP(6, MAP_ARRAY), W_JEQ(0, 0, 2), W_LDMAP(6, MAP_ONE), W_NOTHING, W_NOTHING, W_NOTHING, W_MOVR(1, 6), W_MOVR(2, 10), W_ADD(2, -4), W_CALL(1), W_RETURN), 22, EXEC_NO_MAP, false, 0},
	{"a map from the stack", PROG(W_ST32(10, -4, 0), W_LDMAP(1, MAP_ARRAY), W_STX64(10, 1, -16), W_MOVR(2, 10), W_ADD(2, -4), W_LDX64(1, 10, -16), W_CALL(1), W_RETURN), 7, MAP_ARRAY, true, 0},
	{"a map in a map", PROG(W_INNER(MAP_OUTER), W_JEQ(0, 0, 4), W_IN_INNER, W_RETURN), 10, EXEC_NO_MAP, false, 0},
	{"a map of maps", PROG(W_INNER(MAP_OUTER), W_RETURN), 5, MAP_OUTER, true, 0},
	{"a tail call", PROG(W_LDMAP(2, MAP_PROGS), W_MOV(3, 0), W_CALL(12), W_RETURN), 3, MAP_PROGS, false, 0},
	{"a helper without a map", PROG(W_CALL(7), W_EXIT), 0, EXEC_NO_MAP, false, 0},
	{"an update", PROG(W_ST64(10, -8, 1), W_MOVR(2, 10), W_ADD(2, -4), W_MOVR(3, 10), W_ADD(3, -8), W_LDMAP(1, MAP_ARRAY), W_MOV(4, 0), W_CALL(2), W_RETURN), 8, MAP_ARRAY, true, 0},
};
/* clang-format on */

Test(args, facts)
{
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const struct fact *fact = &facts[i];
		struct verify_result result;
		const struct exec_call *call;

		bench_verify_keep(&b, fact->words, fact->count, 10000, &result);
		cr_assert_eq(result.error, 0, "%s: %s", fact->id, b.log);
		call = &result.calls[fact->at];
		cr_expect(call->map == fact->map && call->key_known == fact->key_known && call->key == fact->key,
			  "%s: map %u, key %s %#x", fact->id, call->map, call->key_known ? "known" : "not known",
			  call->key);
		arena_free(&b.arena, result.access);
		arena_free(&b.arena, result.calls);
	}
	free(b.memory);
}

/* clang-format off */
static const struct whole {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	uint32_t frames;
	bool writes; /* to the packet */
} wholes[] = {
	{"one function", PROG(W_RETURN), 1, false},
	{"two functions deep", PROG(W_CALL_LOCAL(1), W_EXIT, W_RETURN), 2, false},
	{"two functions, three deep", PROG(W_CALL_LOCAL(2), W_CALL_LOCAL(3), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_RETURN), 3, false},
	{"a store to a value", PROG(W_LDVALUE(1, MAP_ONE, 0), W_ST8(1, 0, 1), W_RETURN), 1, false},
	{"a store to the packet", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 1), W_ST8(2, 7, 1), W_RETURN), 1, true},
	{"a load from the packet", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 1), W_LDX8(0, 2, 7), W_RETURN), 1, false},
	{"a helper that writes to the packet",
	 PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 4), W_MOVR(3, 2), W_MOV(2, 0), W_MOV(4, 8), W_CALL(189), W_RETURN), 1, true},
	{"a helper that reads from the packet",
	 PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 4), W_MOVR(3, 2), W_MOV(2, 0), W_MOV(4, 8), W_CALL(190), W_RETURN), 1, false},
	{"a store to the packet, where two paths met",
	 PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 13), W_LDX8(5, 2, 0), W_JEQ(5, 0, 2), W_MOVR(2, 10), W_ADD(2, -8), W_NOTHING, W_NOTHING, W_ST8(2, 0, 1), W_RETURN), 1, true},
};
/* clang-format on */

Test(args, facts_of_programs)
{
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
		const struct whole *whole = &wholes[i];
		struct verify_result result;

		bench_verify(&b, whole->words, whole->count, 10000, &result);
		cr_assert_eq(result.error, 0, "%s: %s", whole->id, b.log);
		cr_expect_eq(result.frames, whole->frames, "%s: %u frames", whole->id, result.frames);
		cr_expect_eq(result.writes, whole->writes, "%s", whole->id);
	}
	free(b.memory);
}

#define CALLED(...) {__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
/* In front of it all: R6 = context, 16 bytes of zeros at R10 - 16. */
#define W_READY W_MOVR(6, 1), W_ST64(10, -8, 0), W_ST64(10, -16, 0), W_MOVR(2, 10), W_ADD(2, -16)
#define MAP_AT  0 /* as an immediate: the map to be tried */

/* A call of each helper that has a map, the rest of its arguments being good. */
static const struct {
	uint32_t helper;
	uint64_t words[MAX_WORDS];
	uint32_t count;
} calls[] = {
	{1, CALLED(W_READY, W_LDMAP(1, MAP_AT), W_CALL(1), W_RETURN)},
	{2, CALLED(W_READY, W_MOVR(3, 2), W_MOV(4, 0), W_LDMAP(1, MAP_AT), W_CALL(2), W_RETURN)},
	{3, CALLED(W_READY, W_LDMAP(1, MAP_AT), W_CALL(3), W_RETURN)},
	{12, CALLED(W_READY, W_LDMAP(2, MAP_AT), W_MOV(3, 0), W_CALL(12), W_RETURN)},
	{25, CALLED(W_READY, W_MOVR(4, 2), W_MOV(3, 0), W_LDMAP(2, MAP_AT), W_MOV(5, 8), W_CALL(25), W_RETURN)},
	{51, CALLED(W_READY, W_LDMAP(1, MAP_AT), W_MOV(2, 0), W_MOV(3, 0), W_CALL(51), W_RETURN)},
	{130, CALLED(W_READY, W_LDMAP(1, MAP_AT), W_MOV(3, 8), W_MOV(4, 0), W_CALL(130), W_RETURN)},
	{131, CALLED(W_READY, W_LDMAP(1, MAP_AT), W_MOV(2, 8), W_MOV(3, 0), W_CALL(131), W_JEQ(0, 0, 3), W_MOVR(1, 0),
		     W_MOV(2, 0), W_CALL(133), W_RETURN)},
	{134, CALLED(W_READY, W_LDMAP(1, MAP_AT), W_MOV(2, 0), W_CALL(134), W_RETURN)},
};

/* Each type of map, and the helpers that take it: 0 ends them. */
static const struct {
	uint32_t type;
	uint32_t helpers[4];
} kinds[] = {
	{VIRTIO_NET_XDP_MAP_HASH, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_ARRAY, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_PROG_ARRAY, {12}},
	{VIRTIO_NET_XDP_MAP_PERF_EVENTS, {25}},
	{VIRTIO_NET_XDP_MAP_PERCPU_HASH, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_PERCPU_ARRAY, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_LRU_HASH, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_LRU_PERCPU, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_LPM_TRIE, {1, 2, 3}},
	{VIRTIO_NET_XDP_MAP_ARRAY_OF, {1}},
	{VIRTIO_NET_XDP_MAP_HASH_OF, {1}},
	{VIRTIO_NET_XDP_MAP_RINGBUF, {130, 131, 134}},
	{VIRTIO_NET_XDP_MAP_DEVMAP, {1, 51}},
	{VIRTIO_NET_XDP_MAP_CPUMAP, {1, 51}},
	{VIRTIO_NET_XDP_MAP_XSKMAP, {1, 51}},
	{VIRTIO_NET_XDP_MAP_DEVMAP_HASH, {1, 51}},
	{VIRTIO_NET_XDP_MAP_FIB, {0}},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool takes(const uint32_t helpers[4], uint32_t helper)
{
	for (int i = 0; i < 4 && helpers[i]; i++)
		if (helpers[i] == helper)
			return true;
	return false;
}

static void try_kind(struct bench *b, size_t kind, size_t call)
{
	uint32_t type = kinds[kind].type, helper = calls[call].helper;
	bool of_maps = type == VIRTIO_NET_XDP_MAP_ARRAY_OF || type == VIRTIO_NET_XDP_MAP_HASH_OF;
	uint32_t index = of_maps ? MAP_OUTER : MAP_HASH;
	struct map *map = &b->maps[index];
	uint64_t words[MAX_WORDS];
	struct verify_result result;

	map->attr = (struct map_attr){.type = type, .key_size = 8, .value_size = 8, .max_entries = 4};
	map->ops = map_ops_of(type);
	memcpy(words, calls[call].words, sizeof(words));
	for (uint32_t i = 0; i < calls[call].count; i++)
		if ((words[i] & 0xff) == 0x18)
			words[i] |= (uint64_t)index << 32;
	bench_verify(b, words, calls[call].count, 1000, &result);
	if (takes(kinds[kind].helpers, helper)) {
		cr_assert(!result.error, "%s, helper %u: %s", map_type_name(type), helper, b->log);
		return;
	}
	cr_assert_eq(result.error, VIRTIO_NET_XDP_VERIFY_MAP, "%s, helper %u: %#x %s", map_type_name(type), helper,
		     result.error, b->log);
	cr_assert(strstr(b->log, map_type_name(type)) && strstr(b->log, helper_of(helper)->name) &&
			  strstr(b->log, "does not take"),
		  "%s, helper %u: %s", map_type_name(type), helper, b->log);
}

/* Every type of map with every helper that takes one. */
Test(args, kinds_of_maps)
{
	uint64_t types = 0;
	struct bench b;
	size_t with_map = 0;

	bench_init(&b);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		types |= 1ULL << kinds[i].type;
		for (size_t j = 0; j < COUNT(calls); j++)
			try_kind(&b, i, j);
	}
	cr_assert_eq(types, map_types_all(), "%#lx are tried", types);
	for (uint32_t id = 0; id < HELPER_MAX; id++)
		with_map += helper_of(id) && helper_of(id)->map_types;
	cr_assert_eq(with_map, COUNT(calls));
	free(b.memory);
}

#define ROOM_BYTES 2000 /* of a frame */

/* clang-format off */
static const struct work {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	uint32_t insns;   /* of the longest run */
	uint32_t bytes;   /* that count, 8 as one of these */
	uint32_t type;  /* of MAP_HASH, if it is another */
	uint16_t max_metadata;
	uint32_t visited; /* instructions; 0: as many as insns */
} works[] = {
	{"the packet's end, nearer", PROG(W_MOV(2, -400), W_CALL(65), W_RETURN), 4, 0},
	{"the packet's end, a bit farther", PROG(W_MOV(2, 64), W_CALL(65), W_RETURN), 4, 0},
	{"the packet's end, farther", PROG(W_MOV(2, 400), W_CALL(65), W_RETURN), 4, 400},
	{"the packet's end, farther, with bits above", PROG(W_LD64(2, 0xffffffff00000190), W_CALL(65), W_RETURN), 4, 400},
	{"the packet's end, farther than there is memory", PROG(W_MOV(2, 1 << 30), W_CALL(65), W_RETURN), 4, ROOM_BYTES},
	{"the packet's end, anywhere", PROG(W_LDX32(2, 1, 12), W_CALL(65), W_RETURN), 4, ROOM_BYTES},
	{"the packet's end, two ways that look alike", PROG(W_MOVR(6, 1), W_LDX32(0, 1, 12), W_MOV(2, 80), W_JEQ(0, 0, 1), W_MOV(2, 400), W_MOVR(1, 6), W_CALL(65), W_RETURN), 9, 400, .visited = 13},
	{"metadata that move", PROG(W_MOV(2, 0), W_CALL(44), W_RETURN), 4, 128, .max_metadata = 128},
	{"no bytes of the packet in a record", PROG(W_READY, W_LDMAP(2, 0), W_LD64(3, 0xffffffff), W_MOVR(4, 10), W_ADD(4, -8), W_MOV(5, 8), W_CALL(25), W_RETURN), 13, 0, VIRTIO_NET_XDP_MAP_PERF_EVENTS},
	{"bytes of the packet in a record", PROG(W_READY, W_LDMAP(2, 0), W_LD64(3, 800ULL << 32), W_MOVR(4, 10), W_ADD(4, -8), W_MOV(5, 8), W_CALL(25), W_RETURN), 13, 800, VIRTIO_NET_XDP_MAP_PERF_EVENTS},
	{"more of the packet than it has, in a record", PROG(W_READY, W_LDMAP(2, 0), W_LD64(3, 0xfffffULL << 32), W_MOVR(4, 10), W_ADD(4, -8), W_MOV(5, 8), W_CALL(25), W_RETURN), 13, ROOM_BYTES, VIRTIO_NET_XDP_MAP_PERF_EVENTS},
	{"up to 1023 bytes of the packet in a record",
	 PROG(W_READY, W_LDX32(3, 1, 12), W_AND(3, 1023), W(0x67, 3, 0, 0, 32), W_LDMAP(2, 0), W_MOVR(4, 10), W_ADD(4, -8), W_MOV(5, 8), W_CALL(25), W_RETURN), 15, 1023, VIRTIO_NET_XDP_MAP_PERF_EVENTS},
	{"data of a record", PROG(W_LDMAP(2, 0), W_MOV(3, 0), W_LDVALUE(4, MAP_LARGE, 0), W_MOV(5, 400), W_CALL(25), W_RETURN), 7, 400, VIRTIO_NET_XDP_MAP_PERF_EVENTS},
	{"data of a record in a ring", PROG(W_LDMAP(1, MAP_RING), W_LDVALUE(2, MAP_LARGE, 0), W_MOV(3, 400), W_MOV(4, 0), W_CALL(130), W_RETURN), 7, 400},
	{"a record of zeros", PROG(W_LDMAP(1, MAP_RING), W_MOV(2, 400), W_MOV(3, 0), W_CALL(131), W_JNE(0, 0, 2), W_RETURN, W_MOVR(1, 0), W_MOV(2, 0), W_CALL(132), W_RETURN), 10, 400, .visited = 12},
	{"a route", PROG(W_ZEROS, W_ST64(10, -32, 0), W_ST64(10, -24, 0), W_ST64(10, -16, 0), W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -64), W_MOV(3, 64), W_MOV(4, 0), W_CALL(69), W_RETURN), 15, 20 * 20 * 8},
	{"the longest prefix", PROG(W_READY, W_LDMAP(1, 0), W_CALL(1), W_RETURN), 9, 8 * 8 * 8, VIRTIO_NET_XDP_MAP_LPM_TRIE},
	{"a large value", PROG(W_ST32(10, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_LDVALUE(3, MAP_LARGE, 0), W_LDMAP(1, MAP_LARGE), W_MOV(4, 0), W_CALL(2), W_RETURN), 9, 4 << 20},
	{"a checksum of two", PROG(W_LDVALUE(1, MAP_LARGE, 0), W_MOV(2, 400), W_MOVR(3, 1), W_MOV(4, 80), W_MOV(5, 0), W_CALL(28), W_RETURN), 8, 480},
	{"bytes of the packet read", PROG(W_MOV(2, 0), W_LDVALUE(3, MAP_LARGE, 0), W_MOV(4, 400), W_CALL(189), W_RETURN), 6, 400},
	{"bytes of the packet written", PROG(W_MOV(2, 0), W_LDVALUE(3, MAP_LARGE, 0), W_MOV(4, 400), W_CALL(190), W_RETURN), 6, 400},
	{"a long format", PROG(W_LDVALUE(1, MAP_LARGE, 0), W_MOV(2, 400), W_CALL(6), W_RETURN), 5, 400},
	{"a long format and its arguments", PROG(W_LDVALUE(1, MAP_LARGE, 0), W_MOV(2, 400), W_MOVR(3, 1), W_MOV(4, 80), W_CALL(177), W_RETURN), 7, 480},
	{"the time", PROG(W_CALL(5), W_RETURN), 3, 0},
	{"a target", PROG(W_MOV(1, 1), W_MOV(2, 0), W_CALL(23), W_RETURN), 5, 0},
};
/* clang-format on */

/* The bytes that helpers go through count as instructions of a run, but the verifier visits no more for them. */
Test(args, work)
{
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < COUNT(works); i++) {
		const struct work *work = &works[i];
		struct verify_result result;

		b.caps.headroom = 200;
		b.caps.max_frame = ROOM_BYTES - 300;
		b.caps.tailroom = 100;
		b.caps.max_metadata = work->max_metadata ? work->max_metadata : 32;
		b.maps[MAP_HASH].attr.type = work->type ? work->type : VIRTIO_NET_XDP_MAP_HASH;
		bench_verify(&b, work->words, work->count, 10000, &result);
		cr_expect(!result.error, "%s: %s", work->id, b.log);
		cr_expect_eq(result.longest, work->insns + work->bytes / 8, "%s: %lu at most", work->id,
			     result.longest);
		cr_expect_eq(result.visited, work->visited ? work->visited : work->insns, "%s: %u visited", work->id,
			     result.visited);
	}
	free(b.memory);
}
