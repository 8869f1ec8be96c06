/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs and what the verifier must say of them. */
#include "verify_bench.h"


/* clang-format off */
static const struct verify_row rows[] = {
	/* shape */
	{"least", PROG(W_RETURN)},
	{"dpdk-cee21cc5be: exit without R0", PROG(W_EXIT), BAD(UNINIT, 0, "R0 is not initialised")},
	{"dpdk-cee21cc5be: no exit", PROG(W_MOV(0, 1)), BAD(FLOW, 0, "must be exit or a jump")},
	{"unreachable", PROG(W_RETURN, W_RETURN), BAD(FLOW, 2, "can't be reached")},
	{"unreachable behind a jump", PROG(W_MOV(0, 2), W_JA(1), W_MOV(0, 1), W_EXIT), BAD(FLOW, 2, "can't be reached")},
	{"unreachable loop", PROG(W_RETURN, W_MOV(0, 1), W_JA(-2)), BAD(FLOW, 2, "can't be reached")},
	{"unreachable function", PROG(W_RETURN, W_CALL_LOCAL(1), W_EXIT, W_RETURN), BAD(FLOW, 2, "can't be reached")},
	{"unreachable constant of 64 bits", PROG(W_RETURN, W_LD64(0, 1), W_EXIT), BAD(FLOW, 2, "can't be reached")},
	{"the last one is a condition", PROG(W_MOV(0, 1), W_JEQ(0, 1, -1)), BAD(FLOW, 1, "must be exit or a jump")},
	{"the last one is a call", PROG(W_CALL(7)), BAD(FLOW, 0, "must be exit or a jump")},
	{"the last one is a call of a function", PROG(W_CALL_LOCAL(3), W_EXIT, W_RETURN, W_CALL_LOCAL(-3)), BAD(FLOW, 4, "must be exit or a jump")},
	{"the last one is a constant of 64 bits", PROG(W_LD64(0, 1)), BAD(FLOW, 0, "must be exit or a jump")},
	{"the last one is a jump back", PROG(W_MOV(0, 2), W_JA(1), W_EXIT, W_JA(-2))},
	{"a function runs into the next one", PROG(W_CALL_LOCAL(2), W_CALL_LOCAL(2), W_EXIT, W_MOV(0, 1), W_RETURN), BAD(FLOW, 3, "must be exit or a jump")},
	{"dpdk-5b3ef932be: first instruction is a branch", PROG(W_JEQ(1, 0, 1), W_LDX64(0, 9, 0), W_RETURN), BAD(UNINIT, 1, "R9")},
	{"endless", PROG(W_JA(-1)), BAD(LOOP, 0, "never ends")},
	{"endless, with work", PROG(W_MOV(0, 0), W_MOV(1, 5), W_JA(-2)), BAD(LOOP, 1, "never ends")},
	{"loop of 100", PROG(W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 100, -2), W_EXIT)},
	{"a loop that may go on", PROG(W_MOV(0, 0), W_ADD(0, 1), W(0xe5, 0, 0, 1, 0), W_JA(-3), W_EXIT)},
	{"a loop that may go on, and nothing else", PROG(W(0xe5, 0, 0, 1, 0), W_JA(-2), W_RETURN)},
	{"a loop that may go on, with an index", PROG(W_MOV(6, 0), W_LDVALUE(7, MAP_LARGE, 0), W(0xe5, 0, 0, 3, 0), W_ST8(7, 0, 1), W_ADD(7, 1), W_JA(-4), W_RETURN)},
	{"a loop that may go on, 1024 times at most", PROG(W_LDVALUE(7, MAP_LARGE, (4 << 20) - 1024), W(0xe5, 0, 0, 3, 0), W_ST8(7, 0, 1), W_ADD(7, 1), W_JA(-4), W_RETURN)},
	{"a loop that may go on once too often", PROG(W_LDVALUE(7, MAP_LARGE, (4 << 20) - 1023), W(0xe5, 0, 0, 3, 0), W_ST8(7, 0, 1), W_ADD(7, 1), W_JA(-4), W_RETURN), BAD(MAP, 3, "outside")},
	{"two loops that may go on share the turns", PROG(W_LDVALUE(7, MAP_LARGE, (4 << 20) - 1024), W(0xe5, 0, 0, 3, 0), W_ST8(7, 0, 1), W_ADD(7, 1), W_JA(-4), W(0xe5, 0, 0, 3, 0), W_ST8(7, 0, 1), W_ADD(7, 1), W_JA(-4), W_RETURN)},
	{"a loop that may end at once", PROG(W_MOV(7, 0), W(0xe5, 0, 0, 1, 0), W_MOVR(7, 10), W_ST8(7, -1, 0), W_RETURN), BAD(POINTER, 3, "a number")},
	{"a jump back that may go on", PROG(W_JA(1), W_JA(2), W(0xe5, 0, 0, -2, 0), W_JA(-4), W_RETURN)},
	{"loop without a limit", PROG(W_CALL(7), W_JNE(0, 0, -2), W_EXIT), BAD(LOOP, 0, "never ends")},
	{"loop of too many", PROG(W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 2000000, -2), W_EXIT), BAD(COMPLEXITY, 2, "1000000 instructions")},
	{"jump into another function", PROG(W_CALL_LOCAL(2), W_JA(2), W_EXIT, W_MOV(0, 0), W_EXIT), BAD(FLOW, 1, "another function")},
	{"division by a constant", PROG(W_MOV(0, 4), W(0x37, 0, 0, 0, 2), W_EXIT)},
	{"division by the constant 0", PROG(W_MOV(0, 4), W(0x37, 0, 0, 0, 0), W_EXIT), BAD(INSN, 1, "R0 is divided by the constant 0")},
	{"division by the constant 0, 32 bits", PROG(W_MOV(0, 4), W(0x34, 0, 0, 0, 0), W_EXIT), BAD(INSN, 1, "R0 is divided by the constant 0")},
	{"signed division by the constant 0", PROG(W_MOV(0, 4), W(0x37, 0, 0, 1, 0), W_EXIT), BAD(INSN, 1, "R0 is divided by the constant 0")},
	{"signed division by the constant 0, 32 bits", PROG(W_MOV(0, -4), W(0x34, 0, 0, 1, 0), W_EXIT), BAD(INSN, 1, "R0 is divided by the constant 0")},
	{"modulo by the constant 0", PROG(W_MOV(0, 4), W(0x97, 0, 0, 0, 0), W_EXIT), BAD(INSN, 1, "R0 is taken modulo the constant 0")},
	{"modulo by the constant 0, 32 bits", PROG(W_MOV(0, 4), W(0x94, 0, 0, 0, 0), W_EXIT), BAD(INSN, 1, "R0 is taken modulo the constant 0")},
	{"signed modulo by the constant 0", PROG(W_MOV(0, 4), W(0x97, 0, 0, 1, 0), W_EXIT), BAD(INSN, 1, "R0 is taken modulo the constant 0")},
	{"signed modulo by the constant 0, 32 bits", PROG(W_MOV(0, -4), W(0x94, 0, 0, 1, 0), W_EXIT), BAD(INSN, 1, "R0 is taken modulo the constant 0")},
	{"division of nothing by the constant 0", PROG(W(0x37, 0, 0, 0, 0), W_EXIT), BAD(UNINIT, 0, "R0 is not initialised")},
	{"division by the constant 0 on one path", PROG(W_CALL(7), W_JEQ(0, 0, 1), W(0x37, 0, 0, 0, 0), W_RETURN), BAD(INSN, 2, "R0 is divided by the constant 0")},
	{"division by the constant 0 where no run comes", PROG(W_MOV(0, 4), W_JEQ(0, 4, 1), W(0x37, 0, 0, 0, 0), W_EXIT)},
	{"division by a register that is 0", PROG(W_MOV(0, 4), W_MOV(1, 0), W(0x3f, 0, 1, 0, 0), W_JEQ(0, 0, 1), W_LDX8(0, 9, 0), W_EXIT)},
	{"modulo by a register that is 0", PROG(W_MOV(0, 4), W_MOV(1, 0), W(0x9f, 0, 1, 0, 0), W_JEQ(0, 4, 1), W_LDX8(0, 9, 0), W_EXIT)},
	{"signed division by a register that is 0, 32 bits", PROG(W_MOV(0, -4), W_MOV(1, 0), W(0x3c, 0, 1, 1, 0), W_JEQ(0, 0, 1), W_LDX8(0, 9, 0), W_EXIT)},
	{"signed modulo by a register that is 0, 32 bits", PROG(W_MOV(0, -4), W_MOV(2, 0), W(0x9c, 0, 2, 1, 0), W_LD64(1, 0xfffffffc), W(0x1d, 0, 1, 1, 0), W_LDX8(0, 9, 0), W_EXIT)},
	{"a sign, as all ones, and a number", PROG(W_CALL(7), W_MOV32R(2, 0), W(0xc4, 2, 0, 0, 31), W(0x54, 2, 0, 0, -134), W(0x66, 2, 0, 2, -1), W(0x56, 2, 0, 1, -136), W_LDX8(0, 9, 0), W_RETURN)},
	{"a sign, as all ones, and another number", PROG(W_CALL(7), W_MOV32R(2, 0), W(0xc4, 2, 0, 0, 31), W(0x54, 2, 0, 0, -134), W(0x66, 2, 0, 2, -1), W(0x56, 2, 0, 1, -134), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 6, "R9")},
	{"a sign, as all ones, or a number", PROG(W_CALL(7), W(0x67, 0, 0, 0, 32), W(0xc7, 0, 0, 0, 63), W_OR(0, 134), W(0x65, 0, 0, 2, -1), W_JEQ(0, -1, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"a copy of 32 bits plus a constant", PROG(W_CALL(7), W(0x54, 0, 0, 0, 255), W_MOV32R(1, 0), W(0x04, 1, 0, 0, 0x7fffffff), W(0x76, 1, 0, 2, 0), W(0x56, 0, 0, 1, 0), W_LDX8(0, 9, 0), W_RETURN)},
	{"a copy of 32 bits minus a constant", PROG(W_CALL(7), W(0x54, 0, 0, 0, 255), W_OR(0, 16), W_MOV32R(1, 0), W(0x14, 1, 0, 0, 16), W_JNE(1, 0, 2), W_JEQ(0, 16, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"a copy of 32 bits plus a constant, which can wrap", PROG(W_CALL(7), W_MOV32R(1, 0), W(0x04, 1, 0, 0, 1), W_JNE(1, 0, 2), W(0x18, 2, 0, 0, -1), 0, W(0x1d, 0, 2, 1, 0), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 7, "R9")},
	{"a copy of 32 bits minus a constant, which can wrap", PROG(W_CALL(7), W(0x54, 0, 0, 0, 255), W_MOV32R(1, 0), W(0x14, 1, 0, 0, 1), W(0x18, 2, 0, 0, -1), 0, W(0x5d, 1, 2, 1, 0), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 7, "R9")},

	/* registers */
	{"R10 plus", PROG(W_MOVR(2, 10), W_STX64(2, 2, -8), W_RETURN)},
	{"context returned", PROG(W_MOVR(0, 1), W_EXIT)},
	{"stack returned", PROG(W_MOVR(0, 10), W_EXIT)},
	{"value or null returned", PROG(W_LOOKUP, W_EXIT)},
	{"pointer or number returned", PROG(W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(0, 0, 0), W_JA(0), W_EXIT)},
	{"pointer returned by a function", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 1), W_EXIT)},
	{"pointer returned that leads far below", PROG(W_MOVR(0, 10), W_ADD(0, -0x8000), W_EXIT), BAD(POINTER, 2, "far from what it points into")},
	{"packet pointer returned that leads far", PROG(W_MOVR(6, 1), W_LDX32(7, 6, 12), W_LDX32(0, 6, 0), W_ADDR(0, 7), W_EXIT), BAD(POINTER, 4, "far from what it points into")},
	{"half of an address returned", PROG(W_MOV32R(0, 1), W_EXIT), BAD(POINTER, 1, "made of an address, but the result must be a number")},
	{"strict: a pointer is ABORTED", PROG(W_MOVR(0, 1), W_EXIT), .flags = STRICT},
	{"R10 written where no run comes", PROG(W_CALL(7), W_AND(0, 7), W_JLT(0, 8, 2), W_MOV(10, 0), W_LDX64(0, 10, 0), W_EXIT)},
	{"R10 written with 64 bits where no run comes", PROG(W_MOV(0, 0), W_JEQ(0, 0, 2), W_LD64(10, 5), W_EXIT)},
	{"R10 written", PROG(W_CALL(7), W_AND(0, 7), W_JLT(0, 7, 1), W_MOV(10, 0), W_EXIT), BAD(STACK, 3, "R10")},
	{"R10 loaded", PROG(W_LDX32(10, 1, 12), W_RETURN), BAD(STACK, 0, "R10")},
	{"R10 loaded with 64 bits", PROG(W_LD64(10, 5), W_RETURN), BAD(STACK, 0, "R10")},
	{"R10 a map", PROG(W_LDMAP(10, 0), W_RETURN), BAD(STACK, 0, "R10")},
	{"R10 plus 0", PROG(W_ADD(10, 0), W_RETURN), BAD(STACK, 0, "R10")},
	{"R10 exchanged", PROG(W_ST64(10, -8, 0), W(0xdb, 10, 10, -8, 0xe1), W_RETURN), BAD(POINTER, 1, "R10 is a stack pointer")},
	{"R10 swapped", PROG(W(0xdc, 10, 0, 0, 16), W_RETURN), BAD(POINTER, 0, "R10 is a stack pointer")},
	{"R10 written, dead only by a limit with a sign", PROG(W_CALL(7), W(0xa6, 0, 0, 5, 2), W(0x26, 0, 0, 4, 3), W(0x65, 0, 0, 3, 2), W_JGT(0, 19, 2), W_JEQ(0, 2, 1), W_MOV(10, 0), W_EXIT), BAD(STACK, 6, "R10")},
	{"CVE-2021-45402: 32-bit move of a pointer", PROG(W_MOV32R(0, 1), W_LDVALUE(1, MAP_ONE, 0), W_STX32(1, 0, 0), W_RETURN), BAD(POINTER, 3, "made of an address")},
	{"pointer plus pointer", PROG(W_PACKET, W_ADDR(2, 2), W_RETURN), BAD(POINTER, 2, "both pointers")},
	{"dpdk-17509d4742: number plus pointer is a pointer", PROG(W_PACKET, W_MOV(0, 4), W_ADDR(0, 2), W_LDVALUE(1, MAP_ONE, 0), W_STX64(1, 0, 0), W_RETURN), BAD(POINTER, 6, "R0 is a packet pointer")},
	{"number minus pointer", PROG(W_PACKET, W_MOV(0, 4), W_SUBR(0, 2), W_EXIT), BAD(POINTER, 3, "subtracted from a number")},
	{"pointer masked", PROG(W_AND(1, -8), W_RETURN), BAD(POINTER, 0, "nothing else")},
	{"length of a packet", PROG(W_PACKET, W_SUBR(3, 2), W_MOVR(0, 3), W_EXIT)},
	{"length by the low halves of pointers", PROG(W_PACKET, W_MOV32R(4, 3), W(0x1c, 4, 2, 0, 0), W_MOVR(0, 4), W_EXIT)},
	{"length by two low halves", PROG(W_PACKET, W_MOV32R(4, 3), W_MOV32R(5, 2), W_MOVR(0, 4), W(0x1c, 0, 5, 0, 0), W_EXIT)},
	{"low half of a pointer returned", PROG(W_PACKET, W_MOV32R(0, 3), W_EXIT), BAD(POINTER, 3, "low half")},
	{"low halves subtracted in 64 bits", PROG(W_PACKET, W_MOV32R(4, 3), W_SUBR(4, 2), W_RETURN), BAD(POINTER, 3, "in 32 bits")},
	{"low half of a pointer in a number", PROG(W_PACKET, W_MOV32R(4, 3), W_AND(4, 1), W_RETURN), BAD(POINTER, 3, "low half")},
	{"low half of a pointer compared", PROG(W_PACKET, W_MOV32R(4, 3), W_JGT(4, 1, 0), W_RETURN), BAD(POINTER, 3, "show an address")},
	{"low half of a pointer read through", PROG(W_PACKET, W_MOV32R(4, 2), W_LDX8(0, 4, 0), W_EXIT), BAD(POINTER, 3, "low half")},
	{"low half of a pointer into a value", PROG(W_MOVR(6, 1), W_LOOKUP, W_JEQ(0, 0, 3), W_LDX32(2, 6, 0), W_MOV32R(3, 2), W_STX32(0, 3, 0), W_RETURN), BAD(POINTER, 10, "show an address")},
	{"low half of a pointer after adjust_head", PROG(W_MOVR(6, 1), W_LDX32(7, 6, 4), W(0xbc, 7, 7, 0, 0), W_MOV(2, 0), W_CALL(44), W_LDX32(2, 6, 0), W(0x1c, 7, 2, 0, 0), W_RETURN), BAD(UNINIT, 6, "before a helper")},
	{"distance of stack and packet", PROG(W_PACKET, W_SUBR(2, 10), W_RETURN), BAD(POINTER, 2, "different memory")},
	{"CVE-2017-17854: pointer plus a huge constant", PROG(W_PACKET, W_ADD(2, 0x7fffffff), W_RETURN), BAD(POINTER, 2, "too far")},
	{"CVE-2022-23222: arithmetic before the null test", PROG(W_LOOKUP, W_ADD(0, 8), W_JEQ(0, 0, 1), W_LDX64(0, 0, -8), W_RETURN), BAD(NULL, 6, "can be null")},
	{"pointer compared with a number", PROG(W_JGT(1, 77, 0), W_RETURN), BAD(POINTER, 0, "show an address")},
	/* far enough from the packet the sum wraps, and where it does tells the address */
	{"unbounded packet pointer compared, signed", PROG(W_MOVR(6, 1), W_LDX32(7, 6, 12), W(0x67, 7, 0, 0, 31), W_LDX32(2, 6, 0), W_LDX32(3, 6, 4), W_ADDR(2, 7), W(0x6d, 2, 3, 0, 0), W_RETURN),
	 BAD(POINTER, 6, "too far")},
	{"unbounded packet pointer compared, unsigned",
	 PROG(W_MOVR(6, 1), W_LDX32(7, 6, 12), W(0x67, 7, 0, 0, 31), W_LDX32(2, 6, 0), W_LDX32(3, 6, 4), W_ADDR(2, 7), W_ADDR(2, 7), W_JGTR(2, 3, 0), W_RETURN), BAD(POINTER, 7, "too far")},
	{"unbounded packet pointer, null test", PROG(W_MOVR(6, 1), W_LDX32(7, 6, 12), W(0x67, 7, 0, 0, 31), W_LDX32(2, 6, 0), W_ADDR(2, 7), W_ADDR(2, 7), W_JEQ(2, 0, 0), W_RETURN),
	 BAD(POINTER, 6, "too far")},
	{"unbounded stack pointer is not never null",
	 PROG(W_LDX32(0, 1, 12), W(0x67, 0, 0, 0, 31), W_MOVR(2, 10), W_ADDR(2, 0), W_ADDR(2, 0), W_JNE(2, 0, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(POINTER, 5, "too far")},
	{"packet pointer plus 32 bits compared", PROG(W_MOVR(6, 1), W_LDX32(7, 6, 12), W_LDX32(2, 6, 0), W_LDX32(3, 6, 4), W_ADDR(2, 7), W_JGTR(2, 3, 0), W_RETURN)},
	{"a 32-bit null test of a packet pointer with an offset", PROG(W_PACKET, W_ADD(2, 16), W(0x16, 2, 0, 0, 0), W_RETURN), BAD(POINTER, 3, "show an address")},
	{"a 32-bit null test of a packet pointer with a variable offset", PROG(W_MOVR(6, 1), W_LDX32(0, 6, 12), W_LDX32(2, 6, 0), W_ADDR(2, 0), W(0x16, 2, 0, 0, 0), W_RETURN), BAD(POINTER, 4, "show an address")},
	{"end of packet moved", PROG(W_PACKET, W_ADD(3, 8), W_RETURN), BAD(POINTER, 2, "the packet's end")},

	/* context */
	{"all fields", PROG(W_LDX32(0, 1, 0), W_LDX32(0, 1, 4), W_LDX32(0, 1, 8), W_LDX32(0, 1, 12), W_LDX32(0, 1, 16), W_EXIT)},
	{"egress_ifindex", PROG(W_LDX32(0, 1, 20), W_EXIT), BAD(CONTEXT, 0, "no field of 4 bytes at offset 20")},
	{"prevail-1204: load inside a pointer field", PROG(W_LDX32(0, 1, 2), W_EXIT), BAD(CONTEXT, 0, "offset 2")},
	{"wide load", PROG(W_LDX64(0, 1, 0), W_EXIT), BAD(CONTEXT, 0, "8 bytes")},
	{"narrow load", PROG(W_LDX16(0, 1, 12), W_EXIT), BAD(CONTEXT, 0, "2 bytes")},
	{"CVE-2024-26589: variable offset", PROG(W_MOVR(6, 1), W_CALL(7), W_AND(0, 4), W_ADDR(6, 0), W_LDX32(0, 6, 0), W_EXIT), BAD(POINTER, 3, "R6 is the context pointer")},
	{"moved context pointer", PROG(W_ADD(1, 4), W_LDX32(0, 1, 0), W_EXIT), BAD(CONTEXT, 1, "plus an offset")},
	{"queue not to be selected", PROG(W_MOV(0, 1), W_STX32(1, 0, 16), W_EXIT), BAD(CONTEXT, 1, "can't be written")},
	{"queue selected", PROG(W_MOV(0, 1), W_STX32(1, 0, 16), W_EXIT), .flags = SELECT},
	{"ifindex written", PROG(W_MOV(0, 1), W_STX32(1, 0, 12), W_EXIT), BAD(CONTEXT, 1, "can't be written"), .flags = SELECT},
	{"one instruction, context or other memory", PROG(W_MOVR(6, 1), W_ST64(10, -16, 0), W_CALL(7), W_JEQ(0, 0, 2), W_MOVR(6, 10), W_ADD(6, -28), W_LDX32(0, 6, 12), W_EXIT),
	 BAD(CONTEXT, 6, "on one path")},

	/* packet */
	{"unchecked", PROG(W_PACKET, W_LDX8(0, 2, 0), W_EXIT), BAD(PACKET, 2, "no byte proven")},
	{"checked by >", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_LDX16(0, 2, 12), W_RETURN)},
	{"one byte too far", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_LDX16(0, 2, 13), W_RETURN), BAD(PACKET, 5, "bytes 0..13 proven")},
	{"wrong side", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 2), W_RETURN, W_LDX8(0, 2, 0), W_RETURN), BAD(PACKET, 7, "no byte proven")},
	{"checked by <", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 7), W_JLTR(4, 3, 1), W_JA(1), W_LDX64(0, 2, 0), W_RETURN)},
	{"checked by end >=", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGER(3, 4, 1), W_JA(1), W_LDX64(0, 2, 0), W_RETURN)},
	{"before the packet", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 1), W_LDX8(0, 2, -1), W_RETURN), BAD(PACKET, 5, "offset -1")},
	{"variable offset", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 1), W_JGTR(4, 3, 6), W_LDX8(5, 2, 0), W_ADDR(2, 5), W_MOVR(4, 2), W_ADD(4, 4), W_JGTR(4, 3, 1),
				 W_LDX32(0, 2, 0), W_RETURN)},
	{"variable offset, not checked again", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 1), W_JGTR(4, 3, 3), W_LDX8(5, 2, 0), W_ADDR(2, 5), W_LDX8(0, 2, 0), W_RETURN),
	 BAD(PACKET, 7, "no byte proven")},
	{"pointers before adjust_head", PROG(W_MOVR(6, 1), W_LDX32(7, 1, 0), W_LDX32(8, 1, 4), W_MOVR(9, 7), W_ADD(9, 4), W_JGTR(9, 8, 4), W_MOVR(1, 6), W_MOV(2, 0), W_CALL(44),
					     W_LDX8(0, 7, 0), W_RETURN), BAD(UNINIT, 9, "load it again")},
	{"CVE-2024-58098: adjust_head in a function", PROG(W_LDX32(7, 1, 0), W_LDX32(8, 1, 4), W_MOVR(9, 7), W_ADD(9, 4), W_JGTR(9, 8, 2), W_CALL_LOCAL(3), W_LDX8(0, 7, 0), W_RETURN,
							   W_MOV(2, 0), W_CALL(44), W_EXIT), BAD(UNINIT, 6, "load it again")},
	{"pointer stored in a packet", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_JGTR(4, 3, 1), W_STX64(2, 1, 0), W_RETURN), BAD(POINTER, 5, "show an address")},
	{"atomic on a packet", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 8), W_MOV(0, 1), W_JGTR(4, 3, 1), W_XADD64(2, 0, 0), W_EXIT), BAD(PACKET, 6, "atomic")},

	/* stack */
	{"never written", PROG(W_LDX64(0, 10, -8), W_ADD(0, 2), W_EXIT), .flags = ZEROS},
	{"never written and returned", PROG(W_LDX64(0, 10, -8), W_STX64(10, 0, -16), W_LDX64(0, 10, -16), W_EXIT), BAD(UNINIT, 3, "R0 is the result")},
	{"never written and returned on a path pruned", PROG(W_LDX64(0, 10, -8), W_JEQ(0, 5, 0), W_MOVR(6, 0), W_CALL(7), W_JEQ(0, 0, 1), W_MOV(6, 0), W_MOV(0, 0), W_MOVR(0, 6), W_EXIT), BAD(UNINIT, 8, "R0 is the result")},
	{"never written and returned on a path pruned, from bytes that a helper writes on the other",
	 PROG(W_MOVR(7, 1), W_LDX64(1, 10, -16), W_STX64(10, 1, -8), W_CALL(7), W_JEQ(0, 0, 6), W_MOVR(1, 7), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 8), W_CALL(189), W_LDX64(0, 10, -8), W_EXIT),
	 BAD(UNINIT, 12, "R0 is the result")},
	{"never written is a number", PROG(W_LDX64(1, 10, -8), W_LDX8(0, 1, 0), W_EXIT), BAD(POINTER, 1, "a number")},
	{"written in part", PROG(W_ST32(10, -8, 1), W_LDX64(0, 10, -8), W_AND(0, 1), W_EXIT), .flags = ZEROS},
	{"atomic on what was never written", PROG(W_MOV(0, 1), W_XADD64(10, 0, -8), W_EXIT), .flags = ZEROS},
	{"a path pruned, where it was never written on the other",
	 PROG(W_MOVR(6, 1), W_CALL(7), W_JEQ(0, 0, 3), W_MOV(0, 0), W_MOV(0, 0), W_JA(1), W_STX64(10, 6, -8), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_LDX32(0, 10, -8), W_RETURN),
	 BAD(POINTER, 11, "as a whole")},
	{"a path pruned, where it was never written in a function three calls deep",
	 PROG(W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 10), W_CALL(7), W_JEQ(0, 0, 3), W_MOV(0, 0), W_MOV(0, 0), W_JA(1), W_STX64(10, 6, -8),
	      W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_LDX32(0, 10, -8), W_RETURN),
	 BAD(POINTER, 17, "as a whole")},
	{"prevail-1211: below the frame", PROG(W_LDX64(0, 10, -520), W_EXIT), BAD(STACK, 0, "offset -520")},
	{"above the frame", PROG(W_LDX64(0, 10, 0), W_EXIT), BAD(STACK, 0, "offset 0")},
	{"unaligned", PROG(W_ST64(10, -12, 0), W_RETURN), BAD(STACK, 0, "aligned")},
	{"prevail-1202: overwritten cell keeps no constant", PROG(W_ST64(10, -8, 1), W_CALL(7), W_STX64(10, 0, -8), W_LDX64(1, 10, -8), W_JEQ(1, 1, 2), W_RETURN, W_LDX8(0, 1, 0), W_EXIT),
	 BAD(POINTER, 7, "a number")},
	{"part of a spilled pointer", PROG(W_STX64(10, 1, -8), W_LDX32(0, 10, -8), W_EXIT), BAD(POINTER, 1, "as a whole")},
	{"rest of a spilled pointer", PROG(W_STX64(10, 1, -8), W_ST32(10, -8, 0), W_LDX32(0, 10, -4), W_ADD(0, 1), W_RETURN), BAD(POINTER, 3, "made of an address")},
	{"pointer spilled and filled", PROG(W_STX64(10, 1, -8), W_LDX64(1, 10, -8), W_LDX32(0, 1, 12), W_EXIT)},
	{"CVE-2023-52452: variable offset below the frame", PROG(W_CALL(7), W_AND(0, 8), W_MOVR(2, 10), W_SUBR(2, 0), W_ST8(2, -511, 0), W_RETURN), BAD(STACK, 4, "-519..-511")},
	{"null guessed at from a value", PROG(W_LDVALUE(1, MAP_ONE, 0), W_ADD(1, -65536), W_JNE(1, 0, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(POINTER, 3, "too far")},
	{"null guessed at from the packet", PROG(W_LDX32(2, 1, 0), W_ADD(2, 65536), W_JNE(2, 0, 0), W_RETURN), BAD(POINTER, 2, "too far")},
	{"null guessed at from the stack", PROG(W_MOVR(2, 10), W_ADD(2, -65536), W_JNE(2, 0, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(POINTER, 2, "too far")},
	{"null guessed at by a number", PROG(W_CALL(7), W_LDVALUE(1, MAP_ONE, 0), W_AND(0, 0x1ffff), W_SUBR(1, 0), W_JNE(1, 0, 0), W_RETURN), BAD(POINTER, 5, "too far")},
	{"null, far in a large value", PROG(W_LDVALUE(1, MAP_LARGE, 4000000), W_JNE(1, 0, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"CVE-2023-52676: stack offset of 32 bits", PROG(W_LD64(0, 0xffffffff), W_MOVR(2, 10), W_ADDR(2, 0), W_ST8(2, 0, 0), W_RETURN), BAD(POINTER, 3, "too far")},
	{"write somewhere ends a spilled pointer", PROG(W_STX64(10, 1, -8), W_CALL(7), W_AND(0, 7), W_MOVR(2, 10), W_ADD(2, -8), W_ADDR(2, 0), W_ST8(2, 0, 1), W_LDX64(0, 10, -8), W_LDVALUE(1, MAP_ONE, 0), W_STX64(1, 0, 0), W_RETURN),
	 BAD(POINTER, 10, "made of an address")},

	/* numbers */
	{"CVE-2020-8835: 32-bit comparison", PROG(W_LOOKUP, W_JEQ(0, 0, 4), W_LDX64(1, 0, 0), W_JLT32(1, 8, 1), W_JA(1), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_RETURN), BAD(POINTER, 10, "no limit below")},
	{"index by 64-bit comparison", PROG(W_LOOKUP, W_JEQ(0, 0, 5), W_LDX64(1, 0, 0), W_JGT(1, 15, 3), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_JA(0), W_RETURN)},
	{"index too large by one", PROG(W_LOOKUP, W_JEQ(0, 0, 5), W_LDX64(1, 0, 0), W_JGT(1, 16, 3), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_JA(0), W_RETURN), BAD(MAP, 10, "0..16")},
	{"dpdk-9ad7e6d9d4: index by a mask", PROG(W_LOOKUP, W_JEQ(0, 0, 4), W_LDX64(1, 0, 0), W_AND(1, 15), W_ADDR(0, 1), W_LDX8(1, 0, 0), W_RETURN)},
	{"signed index", PROG(W_LOOKUP, W_JEQ(0, 0, 4), W_LDX64(1, 0, 0), W(0xc5, 1, 0, 1, 8), W_JA(1), W_ADDR(0, 1), W_RETURN), BAD(POINTER, 10, "no limit below")},
	{"CVE-2021-33200: subtracted index", PROG(W_LOOKUP, W_JEQ(0, 0, 4), W_LDX64(1, 0, 0), W_AND(1, 7), W_SUBR(0, 1), W_LDX8(1, 0, 0), W_RETURN), BAD(MAP, 10, "-7..0")},
	{"CVE-2024-41003: a bit that can't be there", PROG(W_CALL(7), W_OR(0, 4), W_JNE(0, 3, 1), W_LDX8(0, 9, 0), W_RETURN)},
	{"dpdk-1c39f3f240: a branch never taken", PROG(W_CALL(7), W_AND(0, 7), W_JGT(0, 7, 2), W_RETURN, W_LDX8(0, 9, 0), W_EXIT)},
	{"CVE-2023-2163: a path pruned", PROG(W_LOOKUP, W_JEQ(0, 0, 7), W_MOVR(6, 0), W_MOV(7, 8), W_CALL(7), W_JEQ(0, 0, 1), W_MOV(7, 16), W_ADDR(6, 7), W_LDX8(0, 6, 0), W_RETURN),
	 BAD(MAP, 13, "16")},
	{"CVE-2023-2163: a path pruned, the number in the stack of a function two calls deep",
	 PROG(W_CALL(7), W_MOV(1, 600), W_JEQ(0, 0, 1), W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_STX64(10, 1, -8), W_ST64(10, -16, 0), W_MOV(0, 0), W_JEQ(0, 5, 0),
	      W_LDX64(2, 10, -8), W_MOVR(3, 10), W_ADD(3, -16), W_ADDR(3, 2), W_LDX8(0, 3, 0), W_EXIT),
	 BAD(STACK, 16, "584")},
	{"CVE-2023-2163: a path pruned, the number in a register of a function six calls deep",
	 PROG(W_CALL(7), W_MOV(1, 600), W_JEQ(0, 0, 1), W_MOV(1, 0), W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT,
	      W_CALL_LOCAL(1), W_EXIT, W_MOVR(6, 1), W_ST64(10, -16, 0), W_MOV(0, 0), W_JEQ(0, 5, 0), W_MOVR(3, 10), W_ADD(3, -16), W_ADDR(3, 6), W_LDX8(0, 3, 0), W_EXIT),
	 BAD(STACK, 23, "584")},
	{"dpdk-08eb798a07: a loaded number has any sign", PROG(W_LOOKUP, W_JEQ(0, 0, 3), W_LDX64(1, 0, 0), W(0x65, 1, 0, 1, -1), W_JA(0), W_RETURN)},

	/* maps */
	{"no null test", PROG(W_LOOKUP, W_LDX64(0, 0, 0), W_EXIT), BAD(NULL, 6, "R0 can be null")},
	{"null test", PROG(W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(0, 0, 8), W_RETURN)},
	{"wrong side of the null test", PROG(W_LOOKUP, W_JNE(0, 0, 1), W_LDX64(0, 0, 8), W_RETURN), BAD(POINTER, 7, "a number")},
	{"a test that tells nothing about null, taken", PROG(W_LOOKUP, W(0x35, 0, 0, 2, 0), W_RETURN, W_LDX64(0, 0, 8), W_RETURN), BAD(NULL, 9, "can be null")},
	{"a test that tells nothing about null, not taken", PROG(W_LOOKUP, W(0xa5, 0, 0, 1, 0), W_LDX64(0, 0, 8), W_RETURN), BAD(NULL, 7, "can be null")},
	{"a 32-bit test of a pointer into a packet", PROG(W_PACKET, W(0x16, 2, 0, 1, 0), W_LDX8(0, 2, 0), W_RETURN), BAD(PACKET, 3, "no byte proven")},
	{"a 32-bit test for null", PROG(W_LOOKUP, W(0x16, 0, 0, 1, 0), W_LDX64(0, 0, 8), W_RETURN), BAD(POINTER, 6, "in 64 bits")},
	{"a copy is tested", PROG(W_LOOKUP, W_MOVR(1, 0), W_JEQ(0, 0, 1), W_LDX64(0, 1, 8), W_RETURN)},
	{"another lookup is tested", PROG(W_LOOKUP, W_MOVR(6, 0), W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(0, 6, 8), W_RETURN), BAD(NULL, 14, "R6 can be null")},
	{"behind the value", PROG(W_LOOKUP, W_JEQ(0, 0, 1), W_LDX64(0, 0, 9), W_RETURN), BAD(MAP, 7, "offset 9, 8 bytes, is outside of a value of map 0: 16 bytes")},
	{"key never written", PROG(W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, 0), W_CALL(1), W_RETURN), .flags = ZEROS},
	{"key with a pointer in it", PROG(W_STX64(10, 1, -8), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, 0), W_CALL(1), W_RETURN), BAD(POINTER, 5, "as a whole")},
	{"no such map", PROG(W_LDMAP(1, 99), W_RETURN), BAD(MAP, 0, "no map 99")},
	{"no map", PROG(W_MOVR(2, 10), W_CALL(1), W_RETURN), BAD(ARGUMENT, 1, "wants a map")},
	{"map as memory", PROG(W_LDMAP(1, 0), W_LDX64(0, 1, 0), W_EXIT), BAD(POINTER, 2, "R1 is a map")},
	{"CVE-2021-34866: map of another type", PROG(W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, 3), W_CALL(1), W_RETURN), BAD(MAP, 5, "of type prog_array")},
	{"value by address", PROG(W_LDVALUE(1, 1, 0), W_ST64(1, 0, 1), W_RETURN)},
	{"value by address, outside", PROG(W_LDVALUE(1, 1, 4), W_ST64(1, 0, 1), W_RETURN), BAD(MAP, 2, "offset 4")},
	{"value by address of a hash", PROG(W_LDVALUE(1, 0, 0), W_RETURN), BAD(MAP, 0, "one entry")},
	{"value by address of a hash, where no path leads", PROG(W_MOV(0, 2), W_JEQ(0, 2, 2), W_LDVALUE(1, 0, 0), W_EXIT), BAD(MAP, 2, "one entry")},
	{"no such map, where no path leads", PROG(W_MOV(0, 2), W_JEQ(0, 2, 2), W_LDMAP(1, 99), W_EXIT), BAD(MAP, 2, "no map 99")},
	{"value not to be written", PROG(W_LDVALUE(1, 2, 0), W_ST64(1, 0, 1), W_RETURN), BAD(MAP, 2, "may not write")},
	{"value not to be written, read", PROG(W_LDVALUE(1, 2, 0), W_LDX64(0, 1, 0), W_EXIT)},
	{"atomic", PROG(W_LDVALUE(1, 1, 0), W_MOV(0, 1), W_XADD64(1, 0, 0), W_EXIT)},
	{"unaligned atomic", PROG(W_LDVALUE(1, 1, 4), W_MOV(0, 1), W(0xc3, 1, 0, 2, 0), W_EXIT), BAD(MAP, 3, "offset 6")},
	{"pointer stored in a value", PROG(W_MOVR(6, 1), W_LDVALUE(1, 1, 0), W_STX64(1, 6, 0), W_RETURN), BAD(POINTER, 3, "show an address")},

	/* calls */
	{"no such helper", PROG(W_CALL(4), W_RETURN), BAD(HELPER, 0, "no helper 4")},
	{"helper number out of range", PROG(W_CALL(-1), W_RETURN), BAD(HELPER, 0, "no helper")},
	{"prevail-1028: R1 after a call", PROG(W_CALL(7), W_MOVR(0, 1), W_EXIT), BAD(UNINIT, 1, "R1")},
	{"R6 after a call", PROG(W_MOV(6, 7), W_CALL(7), W_MOVR(0, 6), W_EXIT)},
	{"size of a buffer", PROG(W_MOV(1, 0), W_MOV(2, 0), W_ST64(10, -8, 1), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 8), W_MOV(5, 0), W_CALL(28), W_EXIT)},
	{"size of a buffer, too large", PROG(W_MOV(1, 0), W_MOV(2, 0), W_ST64(10, -8, 1), W_MOVR(3, 10), W_ADD(3, -8), W_MOV(4, 12), W_MOV(5, 0), W_CALL(28), W_EXIT), BAD(STACK, 7, "offset -8, 12 bytes")},
	{"size of a large buffer", PROG(W_MOV(1, 0), W_MOV(2, 0), W_LDVALUE(3, 4, 0), W_MOV(4, 4 << 20), W_MOV(5, 0), W_CALL(28), W_EXIT)},
	{"null with a size", PROG(W_MOV(1, 0), W_MOV(2, 4), W_MOV(3, 0), W_MOV(4, 0), W_MOV(5, 0), W_CALL(28), W_EXIT), BAD(ARGUMENT, 5, "R1 is a number")},
	{"function", PROG(W_MOV(1, 7), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 1), W_EXIT)},
	{"function's registers", PROG(W_MOV(6, 7), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 6), W_EXIT), BAD(UNINIT, 3, "R6")},
	{"function returns its stack", PROG(W_CALL_LOCAL(2), W_RETURN, W_MOVR(0, 10), W_EXIT), BAD(STACK, 4, "function that ends here")},
	{"function writes its caller's stack", PROG(W_MOVR(1, 10), W_ADD(1, -8), W_CALL_LOCAL(2), W_LDX64(0, 10, -8), W_EXIT, W_ST64(1, 0, 3), W_MOV(0, 0), W_EXIT)},
	{"function stores its stack in its caller's", PROG(W_MOVR(1, 10), W_ADD(1, -8), W_CALL_LOCAL(1), W_EXIT, W_STX64(1, 10, 0), W_MOV(0, 0), W_EXIT), BAD(POINTER, 4, "caller's")},
	{"recursion", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(-1), W_EXIT), BAD(CALL, 2, "calls itself")},
	{"recursion of the first function", PROG(W_CALL_LOCAL(-1), W_EXIT), BAD(CALL, 0, "calls itself")},
	{"recursion of two functions", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(-3), W_EXIT), BAD(CALL, 2, "calls itself")},
	{"recursion where no run comes", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 2), W_JEQ(0, 2, 1), W_CALL_LOCAL(-3), W_EXIT), BAD(CALL, 4, "calls itself")},
	{"ubpf-a2c93ea6: nine functions deep", PROG(W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT,
						    W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_CALL_LOCAL(1), W_EXIT, W_RETURN), BAD(CALL, 14, "deeper than 8")},

	/* actions, plain memory */
	{"any result", PROG(W_CALL(7), W_EXIT)},
	{"strict: action offered", PROG(W_MOV(0, 3), W_EXIT), .flags = STRICT},
	{"strict: action not offered", PROG(W_MOV(0, 4), W_EXIT), BAD(ACTION, 1, "does not offer"), .flags = STRICT},
	{"strict: no action", PROG(W_CALL(7), W_EXIT), BAD(ACTION, 1, "no action"), .flags = STRICT},
	{"memory", PROG(W_LDX64(0, 1, 8), W_STX64(1, 0, 0), W_EXIT), .flags = PLAIN},
	{"memory, its size", PROG(W_MOVR(0, 2), W_EXIT), .flags = PLAIN},
	{"behind the memory", PROG(W_LDX64(0, 1, 9), W_EXIT), BAD(POINTER, 0, "16 bytes"), .flags = PLAIN},
};
/* clang-format on */

Test(verify, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(verify, actions_of_every_path)
{
	const uint64_t words[] = {W_CALL(7),   W_JEQ(0, 1, 3), W_JEQ(0, 2, 4), W_MOV(0, 77), W_EXIT,
				  W_MOV(0, 3), W_EXIT,         W_AND(0, 1),    W_EXIT};
	struct verify_result result;
	struct bench b;

	bench_init(&b);
	bench_verify(&b, words, 9, 1000, &result);
	cr_assert_eq(result.error, 0, "%s", b.log);
	cr_assert_eq(result.actions, 1u << 3 | 1u << 0 | VIRTIO_NET_XDP_ACTIONS_OTHER, "%#x", result.actions);
	free(b.memory);
}

Test(verify, tells_context_accesses_apart)
{
	const uint64_t words[] = {W_LDX32(0, 1, 12), W_STX64(10, 0, -8), W_LDX64(0, 10, -8), W_EXIT};
	struct insn insns[4];
	struct insn_error error;
	struct verify_result result;
	struct verify *v;
	struct bench b;

	bench_init(&b);
	cr_assert_eq(insn_decode((const uint8_t *)words, 4, ~0u, insns, &error), 0);
	b.args.insns = insns;
	b.args.count = 4;
	v = verify_start(&b.args);
	cr_assert_eq(verify_step(v, 100, &result), 0);
	verify_free(v);
	cr_assert(result.access[0] == 1 && result.access[1] == 0 && result.access[2] == 0 && result.access[3] == 0);
	arena_free(&b.arena, result.access);
	arena_free(&b.arena, result.calls);
	free(b.memory);
}

/* Every size of arena: refused for lack of memory, or the same as with enough. Nothing is lost. */
Test(verify, runs_out_of_memory_cleanly)
{
	uint64_t words[66];
	struct insn insns[66];
	struct insn_error error;
	struct bench b;
	bool accepted = false;
	uint32_t n = 0;

	bench_init(&b);
	words[n++] = W_CALL(7);
	words[n++] = W_MOV(6, 0);
	for (int i = 0; i < 30; i++) {
		words[n++] = W(0x45, 0, 0, 1, 1 << i); /* if r0 & bit goto +1 */
		words[n++] = W_ADD(6, 1 << i);
	}
	words[n++] = W_MOV(0, 2);
	words[n++] = W_EXIT;
	cr_assert_eq(insn_decode((const uint8_t *)words, n, ~0u, insns, &error), 0);
	b.args.insns = insns;
	b.args.count = n;
	for (size_t bytes = 4096; bytes < (size_t)4 << 20; bytes += 4096 + bytes / 8) {
		struct verify_result result = {0};
		struct verify *v;

		arena_init(&b.arena, b.memory, bytes);
		size_t used = b.arena.used;

		v = verify_start(&b.args);
		if (v)
			while (verify_step(v, 100, &result) == -EAGAIN)
				;
		verify_free(v);
		arena_free(&b.arena, result.access);
		arena_free(&b.arena, result.calls);
		cr_assert_eq(b.arena.used, used, "%zu bytes", bytes);
		accepted = v && !result.error;
		cr_assert(!v || !result.error || result.error == VIRTIO_NET_XDP_VERIFY_MEMORY, "%zu bytes: %#x", bytes,
			  result.error);
	}
	cr_assert(accepted);
	free(b.memory);
}

/* dpdk-a258eebdfb: many branches are no exponential work. prevail-1181: nor is nesting deep in the verifier's own
 * stack. */
Test(verify, branches_and_nested_loops_end)
{
	enum { BRANCHES = 4096, LOOPS = 2000, MOST_BYTES = 64 << 20 };
	uint64_t *words = calloc(3 * BRANCHES + 16, sizeof(*words));
	struct verify_result result;
	struct bench b;
	uint32_t n = 0;

	bench_init(&b);
	words[n++] = W_MOV(6, 0);
	for (int i = 0; i < BRANCHES; i++) {
		words[n++] = W_CALL(7);
		words[n++] = W(0x45, 0, 0, 1, 1 << i % 31);
		words[n++] = W(0xa7, 6, 0, 0, i); /* r6 ^= i */
	}
	words[n++] = W_MOV(0, 2);
	words[n++] = W_EXIT;
	bench_verify(&b, words, n, 100000, &result);
	cr_assert_eq(result.error, 0, "dpdk-a258eebdfb: %s", b.log);
	cr_assert_lt(result.visited, 20 * BRANCHES, "dpdk-a258eebdfb: %u visited", result.visited);

	/* each bit is tested again and again: these states do differ */
	n = 0;
	words[n++] = W_CALL(7);
	words[n++] = W_MOV(6, 0);
	for (int i = 0; i < BRANCHES; i++) {
		words[n++] = W(0x45, 0, 0, 1, 1 << i % 31);
		words[n++] = W(0xa7, 6, 0, 0, i);
	}
	words[n++] = W_MOV(0, 2);
	words[n++] = W_EXIT;
	bench_verify(&b, words, n, 100000, &result);
	cr_assert_eq(result.error, VIRTIO_NET_XDP_VERIFY_COMPLEXITY, "dpdk-a258eebdfb: %s", b.log);
	cr_assert(strstr(b.log, "1000000 instructions were visited"), "dpdk-a258eebdfb: %s", b.log);
	cr_assert_leq(result.peak_bytes, MOST_BYTES, "dpdk-a258eebdfb: %u bytes", result.peak_bytes);

	n = 0;
	words[n++] = W_MOV(6, 0);
	for (int i = 0; i < LOOPS; i++)
		words[n++] = W_CALL(7);
	for (int i = 0; i < LOOPS; i++)
		words[n++] = W(0x55, 0, 0, -(int)(2 * i + 2), 0); /* each back to a call of its own */
	words[n++] = W_EXIT;
	bench_verify(&b, words, n, 100000, &result);
	cr_assert(result.error == VIRTIO_NET_XDP_VERIFY_LOOP || result.error == VIRTIO_NET_XDP_VERIFY_COMPLEXITY,
		  "prevail-1181: %#x", result.error);
	free(words);
	free(b.memory);
}

/* Flags of one byte, set on some paths and looked at later: each is walked for itself, not all combinations. */
Test(verify, flags_are_no_exponential_work)
{
	enum { FLAGS = 24, WORDS = 8 * FLAGS + 2 };
	uint64_t words[WORDS];
	struct verify_result result;
	struct bench b;
	uint32_t n = 0;

	for (int i = 1; i <= FLAGS; i++) {
		words[n++] = W_ST8(10, -8 * i + 1, 0);
		words[n++] = W_CALL(7);
		words[n++] = W_JEQ(0, 0, 1);
		words[n++] = W_ST8(10, -8 * i + 1, 1);
	}
	for (int i = 1; i <= FLAGS; i++) {
		words[n++] = W_LDX8(1, 10, -8 * i + 1);
		words[n++] = W_JEQ(1, 0, 1);
		words[n++] = W_MOV(1, 0);
	}
	words[n++] = W_MOV(0, 2);
	words[n++] = W_EXIT;
	bench_init(&b);
	bench_verify(&b, words, n, 1000, &result);
	cr_assert_eq(result.error, 0, "%s", b.log);
	cr_assert_lt(result.visited, 20 * n, "%u visited", result.visited);
	free(b.memory);
}

/* Eight frames with all their stack in use: what such states cost counts, for a slice and in all. */
Test(verify, large_states_are_paid_for)
{
	enum { BUDGET = 1000, BITS = 24, READS = EXEC_STACK_BYTES / 8, ROOM = EXEC_CALL_DEPTH * 150 + 12 * BITS };
	uint64_t *words = calloc(ROOM, sizeof(*words));
	struct insn *insns = calloc(ROOM, sizeof(*insns));
	struct insn_error error;
	struct verify_result result;
	struct verify *v;
	struct bench b;
	uint32_t n = 0, steps = 0;

	for (int f = 0; f < EXEC_CALL_DEPTH; f++) {
		words[n++] = W_CALL(7);
		words[n++] = W_AND(0, 255);
		words[n++] = W_MOVR(6, 0);
		for (int slot = 1; slot <= EXEC_STACK_BYTES / 8; slot++)
			words[n++] = W_STX64(10, 6, -8 * slot);
		if (f == EXEC_CALL_DEPTH - 1)
			break;
		words[n++] = W_MOVR(1, 10);
		words[n++] = W_CALL_LOCAL(READS + 1);
		for (int slot = 1; slot <= READS; slot++)
			words[n++] = W_LDX64(0, 10, -8 * slot);
		words[n++] = W_EXIT;
	}
	words[n++] = W_MOV(7, 0);
	for (int bit = 0; bit < BITS; bit++) {
		words[n++] = W_CALL(7);
		for (int i = 0; i < 7; i++)
			words[n++] = W_MOV(1, 0);
		words[n++] = W(0x45, 0, 0, 1, 1);
		words[n++] = W_ADD(7, 1 << bit);
	}
	words[n++] = W_JEQ(7, 0x7fffffff, 0);
	for (int slot = 1; slot <= READS; slot++)
		words[n++] = W_LDX64(0, 10, -8 * slot);
	words[n++] = W_MOV(0, 2);
	words[n++] = W_EXIT;
	bench_init(&b);
	cr_assert_eq(insn_decode((const uint8_t *)words, n, ~0u, insns, &error), 0);
	b.args.insns = insns;
	b.args.count = n;
	v = verify_start(&b.args);
	while (verify_step(v, BUDGET, &result) == -EAGAIN)
		steps++;
	verify_free(v);
	cr_assert_eq(result.error, VIRTIO_NET_XDP_VERIFY_COMPLEXITY, "%s", b.log);
	cr_assert_lt(result.visited, VERIFY_MAX_VISITED);
	cr_assert_leq(result.peak_bytes, (uint32_t)64 << 20, "%u bytes", result.peak_bytes);
	cr_assert_gt(steps, 4 * result.visited / BUDGET, "%u steps", steps);
	free(insns);
	free(words);
	free(b.memory);
}
