/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of addresses on the stack, and what atomic operations make of them. */
#include "verify_bench.h"

#define W_CMPXCHG64(dst, src, off) W(0xdb, dst, src, off, 0xf1)
#define W_CMPXCHG32(dst, src, off) W(0xc3, dst, src, off, 0xf1)
#define W_FETCH_AND(dst, src, off) W(0xdb, dst, src, off, 0x51)
#define W_TELL(src)                W_LDVALUE(1, MAP_ONE, 0), W_STX64(1, src, 0), W_RETURN

/* clang-format off */
static const struct verify_row rows[] = {
	/* cmpxchg of pointers: R0 is what was there, and what is there then is not told if it depends on an address */
	{"a small number, compared with an address", PROG(W_ST64(10, -8, 0), W_MOVR(0, 10), W_MOV(1, 1), W_CMPXCHG64(10, 1, -8), W_JEQ(0, 0, 1), W_LDX8(0, 9, 0), W_LDX64(3, 10, -8), W_TELL(3))},
	{"a number that could be the address",
	 PROG(W_CALL(7), W(0x67, 0, 0, 0, 20), W_STX64(10, 0, -8), W_MOVR(0, 10), W_MOV(1, 1), W_CMPXCHG64(10, 1, -8), W_LDX64(3, 10, -8), W_TELL(3)), BAD(POINTER, 9, "made of an address")},
	{"a number that could be the address, as it was", PROG(W_CALL(7), W(0x67, 0, 0, 0, 20), W_STX64(10, 0, -8), W_MOVR(0, 10), W_MOV(1, 1), W_CMPXCHG64(10, 1, -8), W_TELL(0))},
	{"half a small number, compared with half an address",
	 PROG(W_ST64(10, -8, 0), W_MOVR(0, 10), W_MOV(1, 1), W_CMPXCHG32(10, 1, -8), W_LDX32(3, 10, -8), W_TELL(3)), BAD(POINTER, 7, "made of an address")},
	{"an address, compared with itself", PROG(W_MOVR(0, 10), W_STX64(10, 0, -8), W_MOVR(5, 10), W_CMPXCHG64(10, 5, -8), W_LDX64(1, 0, -8), W_RETURN)},
	{"an address, compared with itself, told", PROG(W_MOVR(0, 10), W_STX64(10, 0, -8), W_MOVR(5, 10), W_CMPXCHG64(10, 5, -8), W_LDX64(3, 0, -8), W_TELL(3)), BAD(POINTER, 7, "made of an address")},
	{"an address, compared with itself, used", PROG(W_MOVR(0, 10), W_STX64(10, 0, -8), W_MOVR(5, 10), W_CMPXCHG64(10, 5, -8), W_LDX64(3, 10, -8), W_LDX64(3, 3, -8), W_RETURN), BAD(POINTER, 5, "made of an address")},
	{"an address, compared with a number", PROG(W_STX64(10, 10, -8), W_MOV(0, 5), W_MOV(1, 1), W_CMPXCHG64(10, 1, -8), W_RETURN), BAD(POINTER, 3, "as a whole")},
	{"an address for a number", PROG(W_ST64(10, -8, 0), W_MOV(0, 5), W_CMPXCHG64(10, 10, -8), W_LDX64(3, 10, -8), W_TELL(3)), BAD(POINTER, 6, "made of an address")},
	{"an address for a number in a value", PROG(W_LDVALUE(1, MAP_ONE, 0), W_MOV(0, 5), W_CMPXCHG64(1, 10, 0), W_RETURN), BAD(POINTER, 3, "the operand")},
	{"a number in a value, compared with an address", PROG(W_LDVALUE(1, MAP_ONE, 0), W_MOVR(0, 10), W_MOV(2, 5), W_CMPXCHG64(1, 2, 0), W_RETURN), BAD(POINTER, 4, "what cmpxchg compares")},
	{"half an address, exchanged", PROG(W_MOV32R(0, 10), W_STX32(10, 0, -8), W_MOV32R(5, 10), W_CMPXCHG32(10, 5, -8), W_LDX32(1, 10, -8), W_RETURN)},
	{"half an address, exchanged and told", PROG(W_MOV32R(0, 10), W_STX32(10, 0, -8), W_MOV32R(5, 10), W_CMPXCHG32(10, 5, -8), W_TELL(0)), BAD(POINTER, 6, "made of an address")},
	{"an address of several places", PROG(W_CALL(7), W_AND(0, 8), W_ST64(10, -16, 0), W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -16), W_ADDR(2, 0), W_MOVR(0, 10), W_CMPXCHG64(2, 0, 0), W_RETURN), BAD(POINTER, 8, "the operand")},
	{"an address and bits", PROG(W_STX64(10, 10, -8), W_MOV(1, 1), W_FETCH_AND(10, 1, -8), W_RETURN), BAD(POINTER, 2, "as a whole")},

	/* what is left of an address */
	{"rest of an address, not used", PROG(W_STX64(10, 1, -8), W_ST32(10, -8, 0), W_LDX32(3, 10, -4), W_STX64(10, 3, -16), W_LDX64(3, 10, -16), W_RETURN)},
	{"rest of an address in a key", PROG(W_STX64(10, 1, -8), W_ST32(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, 0), W_CALL(1), W_RETURN), BAD(POINTER, 6, "stack byte -4")},
	{"rest of an address, compared", PROG(W_STX64(10, 1, -8), W_ST32(10, -8, 0), W_LDX32(3, 10, -4), W_JEQ(3, 0, 0), W_RETURN), BAD(POINTER, 3, "show an address")},
	{"half of an address, its sign extended by the load", PROG(W_MOV32R(1, 10), W_STX32(10, 1, -8), W(0x89, 3, 10, -8, 0), W_TELL(3)), BAD(POINTER, 5, "made of an address")},
	{"half of an address, its sign extended by the load, as an offset", PROG(W_MOV32R(1, 10), W_STX32(10, 1, -8), W_ST64(10, -16, 0), W(0x89, 3, 10, -8, 0), W_MOVR(2, 10), W_ADDR(2, 3), W_RETURN), BAD(POINTER, 5, "both pointers")},
	{"rest of an address, with bytes of another", PROG(W_STX64(10, 1, -8), W_ST32(10, -8, 0), W_LDX64(3, 10, -8), W_TELL(3)), BAD(POINTER, 5, "made of an address")},
	{"rest of an address on one path, all of it on the other",
	 PROG(W_MOVR(6, 1), W_CALL(7), W_STX64(10, 6, -8), W_JEQ(0, 0, 6), W_ST32(10, -8, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_LDX32(3, 10, -4), W_RETURN), BAD(POINTER, 10, "as a whole")},
	{"rest of an address under one that is written", PROG(W_STX64(10, 1, -8), W_ST32(10, -8, 0), W_ST64(10, -8, 3), W_LDX64(3, 10, -8), W_TELL(3))},
};
/* clang-format on */

Test(stack, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
