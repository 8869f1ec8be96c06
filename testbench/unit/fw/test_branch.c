/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparisons that involve addresses: which of them can be made, since the result is the same on every machine. */
#include "verify_bench.h"

#define W_JGE(dst, imm, to)   W(0x35, dst, 0, to, imm)
#define W_JLE(dst, imm, to)   W(0xb5, dst, 0, to, imm)
#define W_JSGT(dst, imm, to)  W(0x65, dst, 0, to, imm)
#define W_JSET(dst, imm, to)  W(0x45, dst, 0, to, imm)
#define W_JEQR(dst, src, to)  W(0x1d, dst, src, to, 0)
#define W_JEQ32(dst, imm, to) W(0x16, dst, 0, to, imm)
#define W_LSH(dst, imm)       W(0x67, dst, 0, 0, imm)
#define W_SHOW                "show an address"

/* clang-format off */
static const struct verify_row rows[] = {
	/* numbers that are no address */
	{"the context and a small number", PROG(W_JEQ(1, 5, 0), W_RETURN)},
	{"the stack and a small number", PROG(W_JNE(10, 123, 0), W_RETURN)},
	{"the packet and a small number, by a register", PROG(W_LDX32(2, 1, 0), W_MOV(3, 1), W_JEQR(2, 3, 0), W_RETURN)},
	{"a small number and a value", PROG(W_LDVALUE(2, MAP_ONE, 0), W_MOV(3, 1), W_JEQR(3, 2, 0), W_RETURN)},
	{"a small number of several", PROG(W_MOVR(6, 1), W_CALL(7), W_AND(0, 0x7fff), W_JEQR(6, 0, 0), W_RETURN)},
	{"a number of several, not all small", PROG(W_MOVR(6, 1), W_CALL(7), W_AND(0, 0xffff), W_JEQR(6, 0, 0), W_RETURN), BAD(POINTER, 3, W_SHOW)},
	{"the greatest small number", PROG(W_JEQ(1, 0x7fff, 0), W_RETURN)},
	{"a number too great to be small", PROG(W_JEQ(1, 0x8000, 0), W_RETURN), BAD(POINTER, 0, W_SHOW)},
	{"the order of an address and a small number", PROG(W_JGT(1, 5, 0), W_RETURN), BAD(POINTER, 0, W_SHOW)},
	{"a number above all addresses", PROG(W_LD64(2, 1ull << 60), W_JEQR(1, 2, 0), W_RETURN)},
	{"the order of an address and a number above all", PROG(W_JGE(1, -1835016, 0), W_JLE(1, -1, 0), W_RETURN)},
	{"the order of a number above all and an address", PROG(W_LD64(2, 0x20202000256c6c78), W(0xbd, 2, 10, 0, 0), W_RETURN)},
	{"a number that could be an address", PROG(W_LD64(2, (1ull << 60) - 1), W_JEQR(1, 2, 0), W_RETURN), BAD(POINTER, 2, W_SHOW)},
	{"an order with a sign", PROG(W_JSGT(1, -1, 0), W_RETURN), BAD(POINTER, 0, W_SHOW)},
	{"bits of an address", PROG(W_JSET(1, 1, 0), W_RETURN), BAD(POINTER, 0, W_SHOW)},
	{"the low half of an address and a small number", PROG(W_JEQ32(1, 5, 0), W_RETURN), BAD(POINTER, 0, W_SHOW)},
	{"both ways are walked", PROG(W_JEQ(1, 5, 1), W_JA(1), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 2, "R9")},
	{"a value or null and a small number", PROG(W_LOOKUP, W_JEQ(0, 5, 0), W_RETURN), BAD(POINTER, 6, "only be compared with 0")},
	{"a pointer that leads far below and a small number", PROG(W_MOVR(2, 10), W_ADD(2, -0x8000), W_JEQ(2, 5, 0), W_RETURN), BAD(POINTER, 2, "too far")},
	{"a pointer that leads less far below", PROG(W_MOVR(2, 10), W_ADD(2, -0x7fff), W_JEQ(2, 5, 0), W_RETURN)},
	{"packet pointers, as far below as there is no memory", PROG(W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_ADD(2, -65536), W_JGTR(2, 3, 0), W_RETURN)},
	{"packet pointers, where one can wrap", PROG(W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_ADD(2, -65537), W_JGTR(2, 3, 0), W_RETURN), BAD(POINTER, 3, "too far")},
	{"packet pointers, where one can wrap by a number", PROG(W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_LDX32(4, 1, 12), W_SUBR(2, 4), W_JGTR(2, 3, 0), W_RETURN), BAD(POINTER, 4, "too far")},
	{"a path pruned, where the number is no address on the other",
	 PROG(W_MOVR(6, 1), W_MOV(7, 5), W_CALL(7), W_JEQ(0, 0, 2), W_LD64(7, 0x7fff00000000), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_JEQR(6, 7, 0), W_RETURN), BAD(POINTER, 11, W_SHOW)},

	/* what is made of an address */
	{"half of an address, moved", PROG(W_MOV32R(1, 10), W_MOVR(2, 1), W_MOV32R(3, 2), W_RETURN)},
	{"half of an address, its sign extended", PROG(W(0xbf, 1, 10, 32, 0), W_RETURN), BAD(POINTER, 0, "extend its sign")},
	{"half of an address in a calculation", PROG(W_MOV32R(1, 10), W_AND(1, 1), W_RETURN), BAD(POINTER, 1, "made of an address")},
	{"half of an address as an offset", PROG(W_MOV32R(1, 10), W_MOVR(2, 10), W_ADDR(2, 1), W_RETURN), BAD(POINTER, 2, "both pointers")},
	{"half of an address compared with null", PROG(W_MOV32R(1, 10), W_JEQ(1, 0, 0), W_RETURN), BAD(POINTER, 1, W_SHOW)},
	{"half of a packet pointer compared with null", PROG(W_LDX32(2, 1, 0), W_MOV32R(3, 2), W_JEQ(3, 0, 0), W_RETURN)},
	{"half of a packet pointer plus a number compared with null", PROG(W_LDX32(2, 1, 0), W_ADD(2, 4096), W_MOV32R(3, 2), W_MOV32R(3, 3), W_JEQ(3, 0, 0), W_RETURN), BAD(POINTER, 4, W_SHOW)},
	{"half of a packet pointer plus any number compared with null", PROG(W_LDX32(2, 1, 0), W_LDX32(4, 1, 12), W_ADDR(2, 4), W_MOV32R(3, 2), W_JEQ(3, 0, 0), W_RETURN), BAD(POINTER, 4, W_SHOW)},
	{"half of an address compared with a small number", PROG(W_MOV32R(1, 10), W_JEQ(1, 5, 0), W_RETURN), BAD(POINTER, 1, W_SHOW)},
	{"half of an address as memory", PROG(W_MOV32R(1, 10), W_LDX8(0, 1, 0), W_EXIT), BAD(POINTER, 1, "made of an address")},
	{"half of an address as argument", PROG(W_MOVR(6, 1), W_MOV32R(2, 10), W_CALL(44), W_RETURN), BAD(POINTER, 2, "made of an address")},
	{"half of an address in a key", PROG(W_MOV32R(1, 10), W_STX64(10, 1, -8), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, 0), W_CALL(1), W_RETURN), BAD(POINTER, 6, "made of an address")},
};
/* clang-format on */

Test(branch, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
