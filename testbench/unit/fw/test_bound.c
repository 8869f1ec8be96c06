/* SPDX-License-Identifier: BSD-2-Clause */
/* Packet pointers that were compared before: on the way where they lie behind the end they still do. */
#include "verify_bench.h"

#define W_JGE(dst, src, to)  W(0x3d, dst, src, to, 0)
#define W_JLE(dst, src, to)  W(0xbd, dst, src, to, 0)
#define W_JEQR(dst, src, to) W(0x1d, dst, src, to, 0)
#define W_JNER(dst, src, to) W(0x5d, dst, src, to, 0)
/* R4 = data + bytes; R7 = the packet, or 0 where jump leads on */
#define W_BEGIN(bytes, ...) W_PACKET, W_MOV(7, 0), W_MOVR(4, 2), W_ADD(4, bytes), __VA_ARGS__, W_MOVR(7, 2)

/* clang-format off */
static const struct verify_row rows[] = {
	/* R7 is 0 behind the end */
	{"> and >", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_JGTR(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{"> and >, one byte too far", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_JGTR(4, 3, 1), W_LDX8(0, 7, 14), W_RETURN), BAD(PACKET, 8, "bytes 0..13 proven")},
	{"> and end <", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_JLTR(3, 4, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{"end < and >", PROG(W_BEGIN(14, W_JLTR(3, 4, 1)), W_JGTR(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{"> and <= on the other side", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_JLE(4, 3, 1), W_JA(1), W_LDX8(0, 7, 13), W_RETURN)},
	{">= and >=", PROG(W_BEGIN(14, W_JGE(4, 3, 1)), W_JGE(4, 3, 1), W_LDX8(0, 7, 14), W_RETURN)},
	{">= and >: it can be at the end", PROG(W_BEGIN(14, W_JGE(4, 3, 1)), W_JGTR(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN), BAD(POINTER, 8, "R7 is a number")},
	{"> and >=: it is behind the end", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_JGE(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{"> and ==", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_JNER(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{">= and ==: it can be at the end", PROG(W_BEGIN(14, W_JGE(4, 3, 1)), W_JNER(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN), BAD(POINTER, 8, "R7 is a number")},
	{"> and > of more bytes", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_ADD(4, 1), W_JGTR(4, 3, 1), W_LDX8(0, 7, 14), W_RETURN)},
	{"> and > of fewer bytes", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_ADD(4, -1), W_JGTR(4, 3, 1), W_LDX8(0, 7, 12), W_RETURN), BAD(POINTER, 9, "R7 is a number")},
	{"> and > of a copy", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_ADD(2, 14), W_JGTR(2, 3, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{"> and > of a pointer with a number in it", PROG(W_BEGIN(14, W_JGTR(4, 3, 1)), W_LDX32(5, 1, 12), W_AND(5, 1), W_ADDR(4, 5), W_JGTR(4, 3, 1), W_LDX8(0, 7, 12), W_RETURN), BAD(POINTER, 11, "R7 is a number")},
	{"both with the same number in it", PROG(W_LDX32(5, 1, 12), W_AND(5, 1), W_PACKET, W_MOV(7, 0), W_ADDR(2, 5), W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_MOVR(7, 2), W_JGTR(4, 3, 1), W_LDX8(0, 7, 13), W_RETURN)},
	{"metadata", PROG(W_LDX32(2, 1, 8), W_LDX32(3, 1, 0), W_MOV(7, 0), W_MOVR(4, 2), W_ADD(4, 4), W_JGTR(4, 3, 1), W_MOVR(7, 2), W_JGTR(4, 3, 1), W_LDX32(0, 7, 0), W_RETURN)},
	{"metadata, and the packet", PROG(W_LDX32(2, 1, 8), W_LDX32(3, 1, 0), W_LDX32(5, 1, 4), W_MOV(7, 0), W_MOVR(4, 2), W_ADD(4, 4), W_JGTR(4, 3, 1), W_MOVR(7, 2), W_ADD(3, 4), W_JGTR(3, 5, 1), W_LDX32(0, 7, 0), W_RETURN),
	 BAD(POINTER, 10, "R7 is a number")},
	{"after a helper that moves the packet",
	 PROG(W_MOVR(6, 1), W_BEGIN(14, W_JGTR(4, 3, 1)), W_MOVR(1, 6), W_MOV(2, 14), W_MOV(7, 1), W_CALL(65), W_MOVR(1, 6), W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_LDX8(0, 9, 0), W_RETURN), BAD(UNINIT, 18, "R9")},
	{"the number of bytes is 0", PROG(W_BEGIN(0, W_JGE(4, 3, 1)), W_JGTR(4, 3, 1), W_LDX8(0, 7, 0), W_RETURN), BAD(POINTER, 8, "R7 is a number")},
	{"far behind the end", PROG(W_BEGIN(0x10000, W_JGTR(4, 3, 1)), W_JGTR(4, 3, 1), W_LDX8(0, 7, 0), W_RETURN), BAD(PACKET, 8, "no byte proven")},
	{"behind the end on one path, which was walked first, and anywhere on the other",
	 PROG(W_MOVR(6, 1), W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 2), W_CALL(7), W_JA(3), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_LDX32(2, 6, 0), W_LDX32(3, 6, 4), W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_LDX8(0, 2, 13), W_RETURN)},
	{"behind the end on one path, which was walked first, and before it on the other",
	 PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JLE(4, 3, 1), W_JA(0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_MOV(0, 0), W_JGTR(4, 3, 1), W_LDX8(0, 9, 0), W_RETURN),
	 BAD(UNINIT, 16, "R9")},
	{"dead code behind the end only", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_JA(3), W_JGTR(4, 3, 1), W_LDX8(0, 9, 0), W_JA(0), W_RETURN)},
	{"the same code, not only behind the end", PROG(W_PACKET, W_MOVR(4, 2), W_ADD(4, 14), W_JGTR(4, 3, 1), W_JA(0), W_JGTR(4, 3, 1), W_LDX8(0, 9, 0), W_JA(0), W_RETURN), BAD(UNINIT, 7, "R9")},
};
/* clang-format on */

Test(bound, verdicts)
{
	bench_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
