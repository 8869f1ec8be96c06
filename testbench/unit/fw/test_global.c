/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that are verified once, by themselves. */
#include "verify_bench.h"

#define NUMBER  VIRTIO_NET_XDP_FUNC_NUMBER
#define CONTEXT VIRTIO_NET_XDP_FUNC_CONTEXT

#define W_TAIL    W_LDMAP(2, MAP_PROGS), W_MOV(3, 0), W_CALL(12)
#define W_RESERVE W_LDMAP(1, MAP_RING), W_MOV(2, 16), W_MOV(3, 0), W_CALL(131)
#define W_DISCARD W_MOV(2, 0), W_CALL(133)
#define W_NOTHING W_MOV(0, 0)
#define W_STACK   W_ST64(10, -8, 0), W_MOVR(1, 10), W_ADD(1, -8)
/* R2 is the packet's first byte, 8 of them proven, or the function returns: 7 slots */
#define W_EIGHT W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGER(3, 4, 2), W_RETURN

/* clang-format off */
static const struct verify_row rows[] = {
	/* which functions */
	{"a number", PROG(W_MOV(1, 3), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 1), W_EXIT), FUNCS(FUNC(3, NUMBER))},
	{"nothing", PROG(W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC(2, 0))},
	{"the program itself", PROG(W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC(0, CONTEXT)), BAD(CALL, 0, "no function that is called begins here")},
	{"not its first instruction", PROG(W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC(3, NUMBER)), BAD(CALL, 3, "no function that is called begins here")},
	{"not called", PROG(W_RETURN, W_RETURN), FUNCS(FUNC(2, NUMBER)), BAD(FLOW, 2, "can't be reached")},
	{"called where no run comes: not walked", PROG(W_MOV(0, 1), W_JEQ(0, 1, 1), W_CALL_LOCAL(1), W_EXIT, W_LDX8(0, 9, 0), W_EXIT), FUNCS(FUNC(4, NUMBER))},
	{"two", PROG(W_CALL_LOCAL(2), W_CALL_LOCAL(3), W_EXIT, W_MOV(0, 1), W_EXIT, W_MOV(0, 2), W_EXIT), FUNCS(FUNC(3, 0), FUNC(5, 0))},
	{"one calls the other", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 2), W_EXIT), FUNCS(FUNC(2, 0), FUNC(4, 0))},
	{"the other before the one", PROG(W_CALL_LOCAL(3), W_EXIT, W_MOV(0, 2), W_EXIT, W_CALL_LOCAL(-3), W_CALL_LOCAL(-4), W_EXIT), FUNCS(FUNC(2, 0), FUNC(4, 0))},
	{"calls itself", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(-1), W_EXIT), FUNCS(FUNC(2, 0)), BAD(CALL, 2, "calls itself")},
	{"a local one in between", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 2), W_EXIT), FUNCS(FUNC(2, 0), FUNC(6, 0))},

	/* what is known in it */
	{"its number can be any", PROG(W_MOV(1, 3), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_JEQ(1, 3, 1), W_LDX8(0, 9, 0), W_EXIT), FUNCS(FUNC(3, NUMBER)), BAD(UNINIT, 5, "R9")},
	{"the same, walked for the call", PROG(W_MOV(1, 3), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_JEQ(1, 3, 1), W_LDX8(0, 9, 0), W_EXIT)},
	{"an argument that it does not have", PROG(W_MOV(1, 3), W_MOV(2, 3), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 2), W_EXIT), FUNCS(FUNC(4, NUMBER)), BAD(UNINIT, 4, "R2")},
	{"the caller's registers", PROG(W_MOV(6, 3), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 6), W_EXIT), FUNCS(FUNC(3, 0)), BAD(UNINIT, 3, "R6")},
	{"its stack is its own", PROG(W_ST64(10, -8, 1), W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 10, -8), W_EXIT), FUNCS(FUNC(3, 0)), BAD(UNINIT, 4, "never written"), .flags = ZEROS},
	{"the context", PROG(W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 12), W_EXIT), FUNCS(FUNC(2, CONTEXT))},
	{"the packet", PROG(W_CALL_LOCAL(1), W_EXIT, W_EIGHT, W_LDX64(0, 2, 0), W_EXIT), FUNCS(FUNC(2, CONTEXT))},
	{"the packet, not proven", PROG(W_CALL_LOCAL(1), W_EXIT, W_EIGHT, W_LDX8(0, 2, 8), W_EXIT), FUNCS(FUNC(2, CONTEXT)), BAD(PACKET, 9, "offset 8")},
	{"memory", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 1, 0), W_STX64(1, 0, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8))},
	{"behind the memory", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_LDX8(0, 1, 8), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 5, "outside of the memory: 8 bytes")},
	{"before the memory", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_LDX8(0, 1, -1), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 5, "offset -1")},
	{"a variable offset", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_LDX8(2, 1, 0), W_AND(2, 7), W_ADDR(1, 2), W_LDX8(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8))},
	{"an address stored there", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_STX64(1, 1, 0), W_RETURN), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 5, "show an address")},
	{"null", PROG(W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_JEQ(1, 0, 1), W_LDX8(0, 1, 7), W_EXIT), FUNCS(FUNC_MEM(3, MEMORY_OR_NULL, 8))},
	{"null, not compared", PROG(W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_LDX8(0, 1, 7), W_EXIT), FUNCS(FUNC_MEM(3, MEMORY_OR_NULL, 8)), BAD(NULL, 3, "R1 can be null")},
	{"null, moved", PROG(W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_ADD(1, 4), W_RETURN), FUNCS(FUNC_MEM(3, MEMORY_OR_NULL, 8)), BAD(NULL, 3, "before arithmetic")},
	{"a helper reads it", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_MOVR(2, 1), W_LDMAP(1, MAP_HASH), W_CALL(3), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8))},
	{"a helper reads more", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_MOVR(2, 1), W_LDMAP(1, MAP_HASH), W_CALL(3), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 4)), BAD(POINTER, 8, "outside of the memory: 4 bytes")},

	/* what calls give it */
	{"an address for a number", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC(2, NUMBER)), BAD(ARGUMENT, 0, "R1 is the context pointer, but the global function called wants a number")},
	{"half an address for a number", PROG(W_MOV32R(1, 1), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC(3, NUMBER)), BAD(ARGUMENT, 1, "wants a number")},
	{"nothing for a number", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC(2, CONTEXT, NUMBER)), BAD(UNINIT, 0, "R2")},
	{"a number for the context", PROG(W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC(3, CONTEXT)), BAD(ARGUMENT, 1, "wants the context pointer")},
	{"the context moved", PROG(W_ADD(1, 4), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC(3, CONTEXT)), BAD(ARGUMENT, 1, "as the program got it")},
	{"a number for memory", PROG(W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC_MEM(3, MEMORY, 8)), BAD(ARGUMENT, 1, "wants a pointer to memory")},
	{"a number for memory or null", PROG(W_MOV(1, 1), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC_MEM(3, MEMORY_OR_NULL, 8)), BAD(ARGUMENT, 1, "wants a pointer to memory, or 0")},
	{"a number that can be 0 for memory or null", PROG(W_CALL(7), W_MOVR(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY_OR_NULL, 8)), BAD(ARGUMENT, 2, "or 0")},
	{"0 on one path and another number on the other", PROG(W_CALL(7), W_MOV(1, 1), W_JEQ(0, 5, 1), W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC_MEM(6, MEMORY_OR_NULL, 8)), BAD(ARGUMENT, 4, "or 0")},
	{"too little stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 9)), BAD(STACK, 3, "R1 offset -8")},
	{"a value", PROG(W_LDVALUE(1, MAP_ONE, 0), W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 8))},
	{"the rest of a value", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 4))},
	{"more than a value", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 8)), BAD(MAP, 2, "offset 4")},
	{"a value not to be written", PROG(W_LDVALUE(1, MAP_RDONLY, 0), W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 8)), BAD(MAP, 2, "may not write")},
	{"a value or null", PROG(W_LOOKUP, W_MOVR(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_JEQ(1, 0, 1), W_LDX64(0, 1, 8), W_EXIT), FUNCS(FUNC_MEM(9, MEMORY_OR_NULL, 16))},
	{"a value or null for memory", PROG(W_LOOKUP, W_MOVR(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC_MEM(9, MEMORY, 16)), BAD(NULL, 7, "R1 can be null")},
	{"too little of a value or null", PROG(W_LOOKUP, W_MOVR(1, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W_EXIT), FUNCS(FUNC_MEM(9, MEMORY_OR_NULL, 17)), BAD(MAP, 7, "16 bytes")},
	{"a record", PROG(W_RESERVE, W_JEQ(0, 0, 6), W_MOVR(6, 0), W_MOVR(1, 0), W_CALL_LOCAL(5), W_MOVR(1, 6), W_DISCARD, W_RETURN, W_NOTHING, W_ST64(1, 8, 1), W_RETURN), FUNCS(FUNC_MEM(14, MEMORY, 16))},
	{"the packet as memory", PROG(W_EIGHT, W_MOVR(1, 2), W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(10, MEMORY, 8))},
	{"too little of the packet", PROG(W_EIGHT, W_MOVR(1, 2), W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(10, MEMORY, 9)), BAD(PACKET, 8, "bytes 0..7 proven")},
	{"a pointer that was spilled in memory", PROG(W_STX64(10, 1, -8), W_MOVR(1, 10), W_ADD(1, -8), W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 3, "part of the context pointer")},
	{"stack never written", PROG(W_MOVR(1, 10), W_ADD(1, -8), W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC_MEM(4, MEMORY, 8)), .flags = ZEROS},

	/* what memory that was given is not */
	{"a record to give back", PROG(W_RESERVE, W_JEQ(0, 0, 6), W_MOVR(6, 0), W_MOVR(1, 0), W_CALL_LOCAL(5), W_MOVR(1, 6), W_DISCARD, W_RETURN, W_NOTHING, W_DISCARD, W_RETURN), FUNCS(FUNC_MEM(14, MEMORY, 16)), BAD(ARGUMENT, 16, "R1 is a memory pointer")},
	{"a lock", PROG(W_LDVALUE(1, MAP_ONE, 0), W_CALL_LOCAL(1), W_EXIT, W_CALL(93), W_RETURN), FUNCS(FUNC_MEM(4, MEMORY, 8)), BAD(ARGUMENT, 4, "R1 is a memory pointer")},
	{"near other memory", PROG(W_STACK, W_MOVR(2, 1), W_CALL_LOCAL(1), W_EXIT, W_SUBR(1, 2), W_RETURN), .funcs = {{.insn = 6, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, VIRTIO_NET_XDP_FUNC_MEMORY}, .bytes = {8, 8}}}, .num_funcs = 1, BAD(POINTER, 6, "different memory")},
	{"above or below other memory", PROG(W_STACK, W_MOVR(2, 1), W_CALL_LOCAL(1), W_EXIT, W_JGTR(1, 2, 0), W_RETURN), .funcs = {{.insn = 6, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, VIRTIO_NET_XDP_FUNC_MEMORY}, .bytes = {8, 8}}}, .num_funcs = 1, BAD(POINTER, 6, "show an address")},
	{"above or below the stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_JGTR(1, 10, 0), W_RETURN), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 5, "show an address")},
	{"bounded by the packet's end", PROG(W_EIGHT, W_MOVR(2, 1), W_MOVR(1, 4), W_ADD(1, -8), W_CALL_LOCAL(1), W_EXIT, W_LDX32(3, 2, 4), W_JGTR(1, 3, 0), W_RETURN), .funcs = {{.insn = 12, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {8}}}, .num_funcs = 1, BAD(POINTER, 13, "show an address")},
	{"a place for pointers, exchanged", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0), W(0xdb, 1, 10, 0, 0xf1), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 6, "the operand of an atomic operation must be a number")},
	{"metadata, and moved", PROG(W_LDX32(2, 1, 8), W_LDX32(3, 1, 0), W_MOVR(4, 2), W_ADD(4, 4), W_JGER(3, 4, 2), W_RETURN, W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 2), W_MOV(2, 0), W_CALL(54), W_LDX8(0, 6, 0), W_EXIT),
	 .funcs = {{.insn = 9, .kinds = {CONTEXT, VIRTIO_NET_XDP_FUNC_MEMORY}, .bytes = {0, 4}}}, .num_funcs = 1, BAD(ARGUMENT, 7, "it can move the packet")},
	{"returned by a local function", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(2), W_LDX8(0, 0, 7), W_EXIT, W_MOVR(0, 1), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8))},
	{"returned by a local function, too little", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(2), W_LDX8(0, 0, 8), W_EXIT, W_MOVR(0, 1), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(POINTER, 6, "outside of the memory")},
	{"what a local function has as the context elsewhere", PROG(W_CALL_LOCAL(10), W_ST64(10, -16, 0), W_STACK, W_ADD(1, -8), W_CALL_LOCAL(2), W_MOV(0, 2), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 12), W_EXIT), FUNCS(FUNC_MEM(9, MEMORY, 16)), BAD(CONTEXT, 11, "the context on one path and other memory")},

	/* where calls and jumps lead */
	{"a jump into it", PROG(W_CALL_LOCAL(2), W_JA(1), W_EXIT, W_MOV(0, 1), W_EXIT), FUNCS(FUNC(3, 0)), BAD(FLOW, 1, "into another function")},
	{"what falls into it", PROG(W_CALL_LOCAL(1), W_NOTHING, W_MOV(0, 1), W_EXIT), FUNCS(FUNC(2, 0)), BAD(FLOW, 1, "the last instruction of a function")},

	/* what is left behind a call */
	{"R0 is any number", PROG(W_CALL_LOCAL(3), W_JEQ(0, 5, 1), W_LDX8(0, 9, 0), W_EXIT, W_MOV(0, 5), W_EXIT), FUNCS(FUNC(4, 0)), BAD(UNINIT, 2, "R9")},
	{"R1 to R5 are not initialised", PROG(W_CALL_LOCAL(2), W_MOVR(0, 1), W_EXIT, W_RETURN), FUNCS(FUNC(3, CONTEXT)), BAD(UNINIT, 1, "since the call at instruction 0")},
	{"R6 to R9 are", PROG(W_MOV(6, 5), W_CALL_LOCAL(3), W_JEQ(6, 5, 1), W_LDX8(0, 9, 0), W_EXIT, W_MOV(6, 0), W_RETURN), FUNCS(FUNC(5, 0))},
	{"memory holds any numbers", PROG(W_STACK, W_CALL_LOCAL(4), W_LDX64(1, 10, -8), W_JEQ(1, 0, 1), W_LDX8(0, 9, 0), W_EXIT, W_NOTHING, W_RETURN), FUNCS(FUNC_MEM(8, MEMORY, 8)), BAD(UNINIT, 6, "R9")},
	{"other memory does not", PROG(W_ST64(10, -16, 0), W_STACK, W_CALL_LOCAL(4), W_LDX64(1, 10, -16), W_JEQ(1, 0, 1), W_LDX8(0, 9, 0), W_EXIT, W_NOTHING, W_RETURN), FUNCS(FUNC_MEM(9, MEMORY, 8))},
	{"the packet stays", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(7, 2), W_MOVR(1, 6), W_CALL_LOCAL(2), W_LDX8(0, 7, 0), W_EXIT, W_RETURN), FUNCS(FUNC(13, CONTEXT))},
	{"the packet has moved", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(7, 2), W_MOVR(1, 6), W_CALL_LOCAL(2), W_LDX8(0, 7, 0), W_EXIT, W_MOV(2, 0), W_CALL(44), W_EXIT), FUNCS(FUNC(13, CONTEXT)), BAD(UNINIT, 11, "load it again")},
	{"a function that it calls has moved the packet", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(7, 2), W_MOVR(1, 6), W_CALL_LOCAL(2), W_LDX8(0, 7, 0), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(2, 0), W_CALL(44), W_EXIT), FUNCS(FUNC(13, CONTEXT)), BAD(UNINIT, 11, "load it again")},
	{"a global one that it calls has", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(7, 2), W_MOVR(1, 6), W_CALL_LOCAL(2), W_LDX8(0, 7, 0), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(2, 0), W_CALL(44), W_EXIT), FUNCS(FUNC(13, CONTEXT), FUNC(15, CONTEXT)), BAD(UNINIT, 11, "load it again")},
	{"another program has, by a tail call", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(7, 2), W_MOVR(1, 6), W_CALL_LOCAL(2), W_LDX8(0, 7, 0), W_EXIT, W_TAIL, W_RETURN), FUNCS(FUNC(13, CONTEXT)), BAD(UNINIT, 11, "load it again")},
	{"the packet as memory, and moved", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(1, 2), W_MOVR(2, 6), W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_MOVR(1, 2), W_MOV(2, 0), W_CALL(44), W_LDX8(0, 6, 0), W_EXIT),
	 .funcs = {{.insn = 12, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {8}}}, .num_funcs = 1, BAD(ARGUMENT, 10, "it can move the packet")},
	{"the packet as memory, and another program has moved it, by a tail call of a function called", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(1, 2), W_MOVR(2, 6), W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_MOVR(1, 2), W_CALL_LOCAL(2), W_LDX8(0, 6, 0), W_EXIT, W_TAIL, W_RETURN),
	 .funcs = {{.insn = 12, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {8}}}, .num_funcs = 1, BAD(ARGUMENT, 10, "it can move the packet")},

	{"what was proven where, while the function proves as much elsewhere", PROG(W_MOVR(6, 1), W_EIGHT, W_MOVR(7, 2), W_MOVR(1, 6), W_CALL_LOCAL(2), W_LDX8(0, 7, 8), W_EXIT, W_EIGHT, W_RETURN), FUNCS(FUNC(13, CONTEXT)), BAD(PACKET, 11, "bytes 0..7 proven at instruction 5;")},
	{"a call before that of the function", PROG(W_CALL(7), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 2), W_EXIT), FUNCS(FUNC(3, 0)), BAD(UNINIT, 3, "no instruction on the way here has written it")},

	/* its end */
	{"returns an address", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 1), W_EXIT), FUNCS(FUNC(2, CONTEXT)), BAD(POINTER, 3, "a global function returns a number")},
	{"returns half an address", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOV32R(0, 1), W_EXIT), FUNCS(FUNC(2, CONTEXT)), BAD(POINTER, 3, "a global function returns a number")},
	{"returns nothing", PROG(W_CALL_LOCAL(2), W_RETURN, W_EXIT), FUNCS(FUNC(3, CONTEXT)), BAD(UNINIT, 3, "R0")},
	{"its result is no action", PROG(W_CALL_LOCAL(2), W_RETURN, W_MOV(0, 77), W_EXIT), FUNCS(FUNC(3, 0)), .flags = STRICT},
	{"returned to the driver", PROG(W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC(2, 0)), BAD(ACTION, 1, "R0 can be 0..4294967295"), .flags = STRICT},
	{"keeps a record", PROG(W_CALL_LOCAL(1), W_EXIT, W_RESERVE, W_RETURN), FUNCS(FUNC(2, 0)), BAD(HELPER, 8, "before you return from a global function")},
	{"keeps a lock", PROG(W_CALL_LOCAL(1), W_EXIT, W_LDVALUE(1, MAP_ONE, 0), W_CALL(93), W_RETURN), FUNCS(FUNC(2, 0)), BAD(HELPER, 6, "unlock it before you return from a global function")},
	{"called under a lock", PROG(W_LDVALUE(1, MAP_ONE, 4), W_CALL(93), W_CALL_LOCAL(2), W_RETURN, W_RETURN), FUNCS(FUNC(6, 0)), BAD(HELPER, 3, "unlock it before you call a function")},
	{"called with a record held", PROG(W_RESERVE, W_JEQ(0, 0, 5), W_MOVR(6, 0), W_CALL_LOCAL(5), W_MOVR(1, 6), W_DISCARD, W_RETURN, W_NOTHING, W_RETURN), FUNCS(FUNC(13, 0))},
	{"called with a record held, tail calls", PROG(W_MOVR(7, 1), W_RESERVE, W_JEQ(0, 0, 6), W_MOVR(6, 0), W_MOVR(1, 7), W_CALL_LOCAL(5), W_MOVR(1, 6), W_DISCARD, W_RETURN, W_NOTHING, W_TAIL, W_RETURN), FUNCS(FUNC(15, CONTEXT)), BAD(HELPER, 9, "before you call a function that makes tail calls")},
	{"called with too many records held", PROG(W_RESERVE, W_RESERVE, W_RESERVE, W_CALL_LOCAL(1), W_EXIT, W_RESERVE, W_MOVR(6, 0), W_RESERVE, W_MOVR(7, 0), W_JEQ(6, 0, 3), W_MOVR(1, 6), W_DISCARD, W_JEQ(7, 0, 3), W_MOVR(1, 7), W_DISCARD, W_RETURN), FUNCS(FUNC(17, 0)), BAD(HELPER, 15, "can hold 2 records, and 3 are held here")},
	{"called with as many records held as can be", PROG(W_RESERVE, W_RESERVE, W_CALL_LOCAL(1), W_EXIT, W_RESERVE, W_MOVR(6, 0), W_RESERVE, W_MOVR(7, 0), W_JEQ(6, 0, 3), W_MOVR(1, 6), W_DISCARD, W_JEQ(7, 0, 3), W_MOVR(1, 7), W_DISCARD, W_RETURN), FUNCS(FUNC(12, 0)), BAD(HELPER, 11, "was not given back")},
	{"handed on too many records", PROG(W_RESERVE, W_RESERVE, W_CALL_LOCAL(1), W_EXIT, W_RESERVE, W_MOVR(6, 0), W_CALL_LOCAL(6), W_JEQ(6, 0, 3), W_MOVR(1, 6), W_DISCARD, W_RETURN, W_RESERVE, W_JEQ(0, 0, 3), W_MOVR(1, 0), W_DISCARD, W_RETURN), FUNCS(FUNC(12, 0), FUNC(25, 0)), BAD(HELPER, 11, "was not given back")},
	{"handed on too many records, three held", PROG(W_RESERVE, W_RESERVE, W_RESERVE, W_CALL_LOCAL(1), W_EXIT, W_RESERVE, W_MOVR(6, 0), W_CALL_LOCAL(6), W_JEQ(6, 0, 3), W_MOVR(1, 6), W_DISCARD, W_RETURN, W_RESERVE, W_JEQ(0, 0, 3), W_MOVR(1, 0), W_DISCARD, W_RETURN), FUNCS(FUNC(17, 0), FUNC(30, 0)), BAD(HELPER, 15, "can hold 2 records, and 3 are held here")},
	{"never ends", PROG(W_CALL_LOCAL(1), W_EXIT, W_JA(-1)), FUNCS(FUNC(2, 0)), BAD(LOOP, 2, "never ends")},

	/* how memory is accessed, and what memory it can be */
	{"in pieces, on the stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 4), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8))},
	{"across a border, on the stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 2), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(STACK, 3, "no multiple")},
	{"across a border, in a value", PROG(W_LDVALUE(1, MAP_ONE, 0), W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 2), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 8))},
	{"on half a slot", PROG(W_ST64(10, -8, 0), W_MOVR(1, 10), W_ADD(1, -4), W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 4))},
	{"on half a slot, all", PROG(W_ST64(10, -8, 0), W_ST64(10, -16, 0), W_MOVR(1, 10), W_ADD(1, -12), W_CALL_LOCAL(1), W_EXIT, W_LDX64(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(6, MEMORY, 8)), BAD(STACK, 4, "no multiple")},
	{"written across a border, on the stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_ST32(1, 2, 0), W_RETURN), FUNCS(FUNC_MEM(5, MEMORY, 8)), BAD(STACK, 3, "no multiple")},
	{"handed on across a border", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_ADD(1, 2), W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8), FUNC_MEM(8, MEMORY, 4)), BAD(STACK, 3, "no multiple")},
	{"handed on to one that accesses across a border", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 2), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8), FUNC_MEM(7, MEMORY, 8)), BAD(STACK, 3, "no multiple")},
	{"more than was given handed on", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 1, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8), FUNC_MEM(7, MEMORY, 9)), BAD(POINTER, 5, "the memory: 8 bytes")},
	{"an atomic operation", PROG(W_LDVALUE(1, MAP_ONE, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_XADD64(1, 0, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 8))},
	{"an atomic operation, on the stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_XADD64(1, 0, 0), W_EXIT), FUNCS(FUNC_MEM(5, MEMORY, 8))},
	{"an atomic operation across a border", PROG(W_LDVALUE(1, MAP_LARGE, 0), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_XADD64(1, 0, 4), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 16)), BAD(STACK, 5, "a multiple of 8 is needed")},
	{"an atomic operation in memory across a border", PROG(W_LDVALUE(1, MAP_LARGE, 4), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_XADD64(1, 0, 0), W_EXIT), FUNCS(FUNC_MEM(4, MEMORY, 16)), BAD(STACK, 2, "a multiple of 8 is needed")},
	{"an atomic operation in the packet", PROG(W_EIGHT, W_MOVR(1, 2), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_XADD64(1, 0, 0), W_EXIT), FUNCS(FUNC_MEM(10, MEMORY, 8)), BAD(PACKET, 8, "does atomic operations there")},
	{"a length for check_mtu, in a value across a border", PROG(W_MOVR(2, 1), W_LDVALUE(1, MAP_ONE, 2), W_CALL_LOCAL(1), W_EXIT, W_MOVR(3, 1), W_MOVR(1, 2), W_MOV(2, 0), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_EXIT),
	 .funcs = {{.insn = 5, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {4}}}, .num_funcs = 1, BAD(STACK, 3, "a multiple of 4 is needed")},
	{"a length for check_mtu, in a value", PROG(W_MOVR(2, 1), W_LDVALUE(1, MAP_ONE, 4), W_CALL_LOCAL(1), W_EXIT, W_MOVR(3, 1), W_MOVR(1, 2), W_MOV(2, 0), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_EXIT),
	 .funcs = {{.insn = 5, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {4}}}, .num_funcs = 1},
	{"a length for check_mtu, handed on across a border", PROG(W_MOVR(2, 1), W_LDVALUE(1, MAP_ONE, 0), W_CALL_LOCAL(1), W_EXIT, W_ADD(1, 2), W_CALL_LOCAL(1), W_EXIT, W_MOVR(3, 1), W_MOVR(1, 2), W_MOV(2, 0), W_MOV(4, 0), W_MOV(5, 0), W_CALL(163), W_EXIT),
	 .funcs = {{.insn = 5, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {8}}, {.insn = 8, .kinds = {VIRTIO_NET_XDP_FUNC_MEMORY, CONTEXT}, .bytes = {4}}}, .num_funcs = 2, BAD(STACK, 6, "a multiple of 4 is needed")},
	{"an atomic operation handed on", PROG(W_EIGHT, W_MOVR(1, 2), W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_XADD64(1, 0, 0), W_EXIT), FUNCS(FUNC_MEM(10, MEMORY, 8), FUNC_MEM(12, MEMORY, 8)), BAD(PACKET, 8, "does atomic operations there")},
};
/* clang-format on */

Test(global, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Three functions, one in the other, with branches that wait in each. */
static const struct verify_row nested = {
	.id = "nested",
	PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_CALL(7), W_JEQ(0, 1, 1), W_CALL(7), W_MOVR(1, 6),
	     W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_CALL(7), W_JEQ(0, 1, 1), W_CALL(7), W_STX64(6, 0, 0), W_EXIT),
	FUNCS(FUNC_MEM(5, MEMORY, 8), FUNC_MEM(12, MEMORY, 8)),
};

static void begin(struct bench *b, struct insn *insns)
{
	struct insn_error error;

	cr_assert_eq(insn_decode((const uint8_t *)nested.words, nested.count, ~0u, insns, &error), 0);
	b->args.insns = insns;
	b->args.count = nested.count;
	b->args.funcs = nested.funcs;
	b->args.num_funcs = nested.num_funcs;
}

/* Whatever waits, all of its memory is given back. */
Test(global, given_up_anywhere)
{
	struct insn insns[MAX_WORDS + 1];
	struct bench b;
	int steps = 0;
	bool ended = false;

	bench_init(&b);
	begin(&b, insns);
	for (; !ended; steps++) {
		size_t used = b.arena.used;
		struct verify_result result = {0};
		struct verify *v = verify_start(&b.args);

		cr_assert_not_null(v);
		for (int i = 0; !ended && i < steps; i++)
			ended = verify_step(v, 1, &result) != -EAGAIN;
		verify_free(v);
		arena_free(&b.arena, result.access);
		arena_free(&b.arena, result.calls);
		cr_assert_eq(b.arena.used, used, "after %d steps", steps);
	}
	cr_assert_gt(steps, 20);
	free(b.memory);
}

/* It is refused where no memory is left, with all of it given back. */
Test(global, without_memory)
{
	struct insn insns[MAX_WORDS + 1];
	uint32_t refused = 0, accepted = 0;
	struct bench b;

	bench_init(&b);
	begin(&b, insns);
	for (size_t bytes = 4096; !accepted; bytes += 2048) {
		struct verify_result result = {0};
		struct verify *v;

		arena_init(&b.arena, b.memory, bytes);
		v = verify_start(&b.args);
		if (v)
			while (verify_step(v, 1000, &result) == -EAGAIN)
				;
		verify_free(v);
		cr_assert(!v || !result.error || result.error == VIRTIO_NET_XDP_VERIFY_MEMORY, "%zu bytes: %s", bytes,
			  b.log);
		refused += v && result.error;
		accepted += v && !result.error;
		arena_free(&b.arena, result.access);
		arena_free(&b.arena, result.calls);
		cr_assert_eq(b.arena.used, 0, "%zu bytes", bytes);
	}
	cr_assert_gt(refused, 0);
	free(b.memory);
}

/* A function that has the packet's memory can write there. */
Test(global, writes)
{
	static const struct verify_row packets[] = {
		{"stack", PROG(W_STACK, W_CALL_LOCAL(1), W_EXIT, W_RETURN), FUNCS(FUNC_MEM(5, MEMORY, 8))},
		{"the packet", PROG(W_EIGHT, W_MOVR(1, 2), W_CALL_LOCAL(1), W_EXIT, W_RETURN),
		 FUNCS(FUNC_MEM(10, MEMORY, 8))},
		{"the packet, handed on",
		 PROG(W_EIGHT, W_MOVR(1, 2), W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_RETURN),
		 FUNCS(FUNC_MEM(10, MEMORY, 8), FUNC_MEM(12, MEMORY, 8))},
	};
	struct bench b;

	bench_init(&b);
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct verify_result result;

		b.args.funcs = packets[i].funcs;
		b.args.num_funcs = packets[i].num_funcs;
		bench_verify(&b, packets[i].words, packets[i].count, 1000, &result);
		cr_expect_eq(result.error, 0, "%s: %s", packets[i].id, b.log);
		cr_expect_eq(result.writes, i > 0, "%s", packets[i].id);
	}
	free(b.memory);
}
