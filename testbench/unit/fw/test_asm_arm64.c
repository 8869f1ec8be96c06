// SPDX-License-Identifier: BSD-2-Clause
/* Encodings of A64, as an independent assembler makes them of the text in each row. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "exec/asm_arm64.h"

static uint32_t word_at(const uint8_t *image, size_t n)
{
	uint32_t word;

	memcpy(&word, image + 4 * n, 4);
	return word;
}

static uint8_t row_image[8];
static struct jit_out o;

/* A row runs twice: it counts without an image, then it emits; both have to take as much. pass starts at 0. */
static bool row_again(const char *text, uint32_t word, int pass)
{
	if (pass > 0) {
		cr_assert(!o.fault, "%s: fault", text);
		cr_assert_eq(o.at, 4, "%s: %zu bytes", text, o.at);
	}
	if (pass == 2)
		cr_assert_eq(word_at(row_image, 0), word, "%s: %#x, expected %#x", text, word_at(row_image, 0), word);
	o = (struct jit_out){.image = pass ? row_image : NULL, .room = pass ? sizeof(row_image) : 0};
	return pass < 2;
}

#define ROW(text, word, call)                                                                                          \
	for (int pass = 0; row_again(text, word, pass); pass++)                                                        \
	call

Test(asm_arm64, arithmetic)
{
	ROW("add w0, w1, w2", 0x0b020020, a64_arith(&o, A64_ADD, 4, X0, X1, X2));
	ROW("add w29, w7, w22", 0x0b1600fd, a64_arith(&o, A64_ADD, 4, X29, X7, X22));
	ROW("add w30, wzr, w19", 0x0b1303fe, a64_arith(&o, A64_ADD, 4, X30, XZR, X19));
	ROW("add w19, w16, wzr", 0x0b1f0213, a64_arith(&o, A64_ADD, 4, X19, X16, XZR));
	ROW("add w7, w0, #0", 0x11000007, a64_arith_imm(&o, A64_ADD, 4, X7, X0, 0));
	ROW("add w29, w19, #1", 0x1100067d, a64_arith_imm(&o, A64_ADD, 4, X29, X19, 1));
	ROW("add w10, w3, #4095", 0x113ffc6a, a64_arith_imm(&o, A64_ADD, 4, X10, X3, 4095));
	ROW("add w0, w30, #4096", 0x114007c0, a64_arith_imm(&o, A64_ADD, 4, X0, X30, 4096));
	ROW("add w22, w22, #16773120", 0x117ffed6, a64_arith_imm(&o, A64_ADD, 4, X22, X22, 16773120));
	ROW("add x0, x1, x2", 0x8b020020, a64_arith(&o, A64_ADD, 8, X0, X1, X2));
	ROW("add x29, x7, x22", 0x8b1600fd, a64_arith(&o, A64_ADD, 8, X29, X7, X22));
	ROW("add x30, xzr, x19", 0x8b1303fe, a64_arith(&o, A64_ADD, 8, X30, XZR, X19));
	ROW("add x19, x16, xzr", 0x8b1f0213, a64_arith(&o, A64_ADD, 8, X19, X16, XZR));
	ROW("add x7, x0, #0", 0x91000007, a64_arith_imm(&o, A64_ADD, 8, X7, X0, 0));
	ROW("add x29, x19, #1", 0x9100067d, a64_arith_imm(&o, A64_ADD, 8, X29, X19, 1));
	ROW("add x10, x3, #4095", 0x913ffc6a, a64_arith_imm(&o, A64_ADD, 8, X10, X3, 4095));
	ROW("add x0, x30, #4096", 0x914007c0, a64_arith_imm(&o, A64_ADD, 8, X0, X30, 4096));
	ROW("add x22, x22, #16773120", 0x917ffed6, a64_arith_imm(&o, A64_ADD, 8, X22, X22, 16773120));
	ROW("adds w0, w1, w2", 0x2b020020, a64_arith(&o, A64_ADDS, 4, X0, X1, X2));
	ROW("adds w29, w7, w22", 0x2b1600fd, a64_arith(&o, A64_ADDS, 4, X29, X7, X22));
	ROW("adds w30, wzr, w19", 0x2b1303fe, a64_arith(&o, A64_ADDS, 4, X30, XZR, X19));
	ROW("adds w19, w16, wzr", 0x2b1f0213, a64_arith(&o, A64_ADDS, 4, X19, X16, XZR));
	ROW("adds w7, w0, #0", 0x31000007, a64_arith_imm(&o, A64_ADDS, 4, X7, X0, 0));
	ROW("adds w29, w19, #1", 0x3100067d, a64_arith_imm(&o, A64_ADDS, 4, X29, X19, 1));
	ROW("adds w10, w3, #4095", 0x313ffc6a, a64_arith_imm(&o, A64_ADDS, 4, X10, X3, 4095));
	ROW("adds w0, w30, #4096", 0x314007c0, a64_arith_imm(&o, A64_ADDS, 4, X0, X30, 4096));
	ROW("adds w22, w22, #16773120", 0x317ffed6, a64_arith_imm(&o, A64_ADDS, 4, X22, X22, 16773120));
	ROW("adds x0, x1, x2", 0xab020020, a64_arith(&o, A64_ADDS, 8, X0, X1, X2));
	ROW("adds x29, x7, x22", 0xab1600fd, a64_arith(&o, A64_ADDS, 8, X29, X7, X22));
	ROW("adds x30, xzr, x19", 0xab1303fe, a64_arith(&o, A64_ADDS, 8, X30, XZR, X19));
	ROW("adds x19, x16, xzr", 0xab1f0213, a64_arith(&o, A64_ADDS, 8, X19, X16, XZR));
	ROW("adds x7, x0, #0", 0xb1000007, a64_arith_imm(&o, A64_ADDS, 8, X7, X0, 0));
	ROW("adds x29, x19, #1", 0xb100067d, a64_arith_imm(&o, A64_ADDS, 8, X29, X19, 1));
	ROW("adds x10, x3, #4095", 0xb13ffc6a, a64_arith_imm(&o, A64_ADDS, 8, X10, X3, 4095));
	ROW("adds x0, x30, #4096", 0xb14007c0, a64_arith_imm(&o, A64_ADDS, 8, X0, X30, 4096));
	ROW("adds x22, x22, #16773120", 0xb17ffed6, a64_arith_imm(&o, A64_ADDS, 8, X22, X22, 16773120));
	ROW("sub w0, w1, w2", 0x4b020020, a64_arith(&o, A64_SUB, 4, X0, X1, X2));
	ROW("sub w29, w7, w22", 0x4b1600fd, a64_arith(&o, A64_SUB, 4, X29, X7, X22));
	ROW("sub w30, wzr, w19", 0x4b1303fe, a64_arith(&o, A64_SUB, 4, X30, XZR, X19));
	ROW("sub w19, w16, wzr", 0x4b1f0213, a64_arith(&o, A64_SUB, 4, X19, X16, XZR));
	ROW("sub w7, w0, #0", 0x51000007, a64_arith_imm(&o, A64_SUB, 4, X7, X0, 0));
	ROW("sub w29, w19, #1", 0x5100067d, a64_arith_imm(&o, A64_SUB, 4, X29, X19, 1));
	ROW("sub w10, w3, #4095", 0x513ffc6a, a64_arith_imm(&o, A64_SUB, 4, X10, X3, 4095));
	ROW("sub w0, w30, #4096", 0x514007c0, a64_arith_imm(&o, A64_SUB, 4, X0, X30, 4096));
	ROW("sub w22, w22, #16773120", 0x517ffed6, a64_arith_imm(&o, A64_SUB, 4, X22, X22, 16773120));
	ROW("sub x0, x1, x2", 0xcb020020, a64_arith(&o, A64_SUB, 8, X0, X1, X2));
	ROW("sub x29, x7, x22", 0xcb1600fd, a64_arith(&o, A64_SUB, 8, X29, X7, X22));
	ROW("sub x30, xzr, x19", 0xcb1303fe, a64_arith(&o, A64_SUB, 8, X30, XZR, X19));
	ROW("sub x19, x16, xzr", 0xcb1f0213, a64_arith(&o, A64_SUB, 8, X19, X16, XZR));
	ROW("sub x7, x0, #0", 0xd1000007, a64_arith_imm(&o, A64_SUB, 8, X7, X0, 0));
	ROW("sub x29, x19, #1", 0xd100067d, a64_arith_imm(&o, A64_SUB, 8, X29, X19, 1));
	ROW("sub x10, x3, #4095", 0xd13ffc6a, a64_arith_imm(&o, A64_SUB, 8, X10, X3, 4095));
	ROW("sub x0, x30, #4096", 0xd14007c0, a64_arith_imm(&o, A64_SUB, 8, X0, X30, 4096));
	ROW("sub x22, x22, #16773120", 0xd17ffed6, a64_arith_imm(&o, A64_SUB, 8, X22, X22, 16773120));
	ROW("subs w0, w1, w2", 0x6b020020, a64_arith(&o, A64_SUBS, 4, X0, X1, X2));
	ROW("subs w29, w7, w22", 0x6b1600fd, a64_arith(&o, A64_SUBS, 4, X29, X7, X22));
	ROW("subs w30, wzr, w19", 0x6b1303fe, a64_arith(&o, A64_SUBS, 4, X30, XZR, X19));
	ROW("subs w19, w16, wzr", 0x6b1f0213, a64_arith(&o, A64_SUBS, 4, X19, X16, XZR));
	ROW("subs w7, w0, #0", 0x71000007, a64_arith_imm(&o, A64_SUBS, 4, X7, X0, 0));
	ROW("subs w29, w19, #1", 0x7100067d, a64_arith_imm(&o, A64_SUBS, 4, X29, X19, 1));
	ROW("subs w10, w3, #4095", 0x713ffc6a, a64_arith_imm(&o, A64_SUBS, 4, X10, X3, 4095));
	ROW("subs w0, w30, #4096", 0x714007c0, a64_arith_imm(&o, A64_SUBS, 4, X0, X30, 4096));
	ROW("subs w22, w22, #16773120", 0x717ffed6, a64_arith_imm(&o, A64_SUBS, 4, X22, X22, 16773120));
	ROW("subs x0, x1, x2", 0xeb020020, a64_arith(&o, A64_SUBS, 8, X0, X1, X2));
	ROW("subs x29, x7, x22", 0xeb1600fd, a64_arith(&o, A64_SUBS, 8, X29, X7, X22));
	ROW("subs x30, xzr, x19", 0xeb1303fe, a64_arith(&o, A64_SUBS, 8, X30, XZR, X19));
	ROW("subs x19, x16, xzr", 0xeb1f0213, a64_arith(&o, A64_SUBS, 8, X19, X16, XZR));
	ROW("subs x7, x0, #0", 0xf1000007, a64_arith_imm(&o, A64_SUBS, 8, X7, X0, 0));
	ROW("subs x29, x19, #1", 0xf100067d, a64_arith_imm(&o, A64_SUBS, 8, X29, X19, 1));
	ROW("subs x10, x3, #4095", 0xf13ffc6a, a64_arith_imm(&o, A64_SUBS, 8, X10, X3, 4095));
	ROW("subs x0, x30, #4096", 0xf14007c0, a64_arith_imm(&o, A64_SUBS, 8, X0, X30, 4096));
	ROW("subs x22, x22, #16773120", 0xf17ffed6, a64_arith_imm(&o, A64_SUBS, 8, X22, X22, 16773120));
	ROW("sub sp, sp, #512", 0xd10803ff, a64_arith_imm(&o, A64_SUB, 8, XSP, XSP, 512));
	ROW("add sp, sp, #512", 0x910803ff, a64_arith_imm(&o, A64_ADD, 8, XSP, XSP, 512));
	ROW("mov x29, sp", 0x910003fd, a64_arith_imm(&o, A64_ADD, 8, X29, XSP, 0));
	ROW("cmp w9, #7", 0x71001d3f, a64_arith_imm(&o, A64_SUBS, 4, XZR, X9, 7));
	ROW("cmn x9, #7", 0xb1001d3f, a64_arith_imm(&o, A64_ADDS, 8, XZR, X9, 7));
	ROW("neg w3, w3", 0x4b0303e3, a64_arith(&o, A64_SUB, 4, X3, XZR, X3));
	ROW("csel w9, w7, w10, ls", 0x1a8a90e9, a64_csel(&o, A64_LS, 4, X9, X7, X10));
	ROW("csel x9, x7, x10, eq", 0x9a8a00e9, a64_csel(&o, A64_EQ, 8, X9, X7, X10));
	ROW("csel w29, wzr, w12, lt", 0x1a8cb3fd, a64_csel(&o, A64_LT, 4, X29, XZR, X12));
	ROW("madd w0, w1, w2, w3", 0x1b020c20, a64_madd(&o, 4, X0, X1, X2, X3));
	ROW("madd w29, w7, w22, w30", 0x1b1678fd, a64_madd(&o, 4, X29, X7, X22, X30));
	ROW("madd w30, wzr, w19, w12", 0x1b1333fe, a64_madd(&o, 4, X30, XZR, X19, X12));
	ROW("madd w19, w16, wzr, w0", 0x1b1f0213, a64_madd(&o, 4, X19, X16, XZR, X0));
	ROW("madd w0, w1, w2, wzr", 0x1b027c20, a64_madd(&o, 4, X0, X1, X2, XZR));
	ROW("madd x0, x1, x2, x3", 0x9b020c20, a64_madd(&o, 8, X0, X1, X2, X3));
	ROW("madd x29, x7, x22, x30", 0x9b1678fd, a64_madd(&o, 8, X29, X7, X22, X30));
	ROW("madd x30, xzr, x19, x12", 0x9b1333fe, a64_madd(&o, 8, X30, XZR, X19, X12));
	ROW("madd x19, x16, xzr, x0", 0x9b1f0213, a64_madd(&o, 8, X19, X16, XZR, X0));
	ROW("madd x0, x1, x2, xzr", 0x9b027c20, a64_madd(&o, 8, X0, X1, X2, XZR));
	ROW("msub w0, w1, w2, w3", 0x1b028c20, a64_msub(&o, 4, X0, X1, X2, X3));
	ROW("msub w29, w7, w22, w30", 0x1b16f8fd, a64_msub(&o, 4, X29, X7, X22, X30));
	ROW("msub w30, wzr, w19, w12", 0x1b13b3fe, a64_msub(&o, 4, X30, XZR, X19, X12));
	ROW("msub w19, w16, wzr, w0", 0x1b1f8213, a64_msub(&o, 4, X19, X16, XZR, X0));
	ROW("msub w0, w1, w2, wzr", 0x1b02fc20, a64_msub(&o, 4, X0, X1, X2, XZR));
	ROW("msub x0, x1, x2, x3", 0x9b028c20, a64_msub(&o, 8, X0, X1, X2, X3));
	ROW("msub x29, x7, x22, x30", 0x9b16f8fd, a64_msub(&o, 8, X29, X7, X22, X30));
	ROW("msub x30, xzr, x19, x12", 0x9b13b3fe, a64_msub(&o, 8, X30, XZR, X19, X12));
	ROW("msub x19, x16, xzr, x0", 0x9b1f8213, a64_msub(&o, 8, X19, X16, XZR, X0));
	ROW("msub x0, x1, x2, xzr", 0x9b02fc20, a64_msub(&o, 8, X0, X1, X2, XZR));
	ROW("udiv w0, w1, w2", 0x1ac20820, a64_binary(&o, A64_UDIV, 4, X0, X1, X2));
	ROW("udiv w29, w7, w22", 0x1ad608fd, a64_binary(&o, A64_UDIV, 4, X29, X7, X22));
	ROW("udiv w30, wzr, w19", 0x1ad30bfe, a64_binary(&o, A64_UDIV, 4, X30, XZR, X19));
	ROW("udiv w19, w16, wzr", 0x1adf0a13, a64_binary(&o, A64_UDIV, 4, X19, X16, XZR));
	ROW("udiv x0, x1, x2", 0x9ac20820, a64_binary(&o, A64_UDIV, 8, X0, X1, X2));
	ROW("udiv x29, x7, x22", 0x9ad608fd, a64_binary(&o, A64_UDIV, 8, X29, X7, X22));
	ROW("udiv x30, xzr, x19", 0x9ad30bfe, a64_binary(&o, A64_UDIV, 8, X30, XZR, X19));
	ROW("udiv x19, x16, xzr", 0x9adf0a13, a64_binary(&o, A64_UDIV, 8, X19, X16, XZR));
	ROW("sdiv w0, w1, w2", 0x1ac20c20, a64_binary(&o, A64_SDIV, 4, X0, X1, X2));
	ROW("sdiv w29, w7, w22", 0x1ad60cfd, a64_binary(&o, A64_SDIV, 4, X29, X7, X22));
	ROW("sdiv w30, wzr, w19", 0x1ad30ffe, a64_binary(&o, A64_SDIV, 4, X30, XZR, X19));
	ROW("sdiv w19, w16, wzr", 0x1adf0e13, a64_binary(&o, A64_SDIV, 4, X19, X16, XZR));
	ROW("sdiv x0, x1, x2", 0x9ac20c20, a64_binary(&o, A64_SDIV, 8, X0, X1, X2));
	ROW("sdiv x29, x7, x22", 0x9ad60cfd, a64_binary(&o, A64_SDIV, 8, X29, X7, X22));
	ROW("sdiv x30, xzr, x19", 0x9ad30ffe, a64_binary(&o, A64_SDIV, 8, X30, XZR, X19));
	ROW("sdiv x19, x16, xzr", 0x9adf0e13, a64_binary(&o, A64_SDIV, 8, X19, X16, XZR));
	ROW("lslv w0, w1, w2", 0x1ac22020, a64_binary(&o, A64_LSLV, 4, X0, X1, X2));
	ROW("lslv w29, w7, w22", 0x1ad620fd, a64_binary(&o, A64_LSLV, 4, X29, X7, X22));
	ROW("lslv w30, wzr, w19", 0x1ad323fe, a64_binary(&o, A64_LSLV, 4, X30, XZR, X19));
	ROW("lslv w19, w16, wzr", 0x1adf2213, a64_binary(&o, A64_LSLV, 4, X19, X16, XZR));
	ROW("lslv x0, x1, x2", 0x9ac22020, a64_binary(&o, A64_LSLV, 8, X0, X1, X2));
	ROW("lslv x29, x7, x22", 0x9ad620fd, a64_binary(&o, A64_LSLV, 8, X29, X7, X22));
	ROW("lslv x30, xzr, x19", 0x9ad323fe, a64_binary(&o, A64_LSLV, 8, X30, XZR, X19));
	ROW("lslv x19, x16, xzr", 0x9adf2213, a64_binary(&o, A64_LSLV, 8, X19, X16, XZR));
	ROW("lsrv w0, w1, w2", 0x1ac22420, a64_binary(&o, A64_LSRV, 4, X0, X1, X2));
	ROW("lsrv w29, w7, w22", 0x1ad624fd, a64_binary(&o, A64_LSRV, 4, X29, X7, X22));
	ROW("lsrv w30, wzr, w19", 0x1ad327fe, a64_binary(&o, A64_LSRV, 4, X30, XZR, X19));
	ROW("lsrv w19, w16, wzr", 0x1adf2613, a64_binary(&o, A64_LSRV, 4, X19, X16, XZR));
	ROW("lsrv x0, x1, x2", 0x9ac22420, a64_binary(&o, A64_LSRV, 8, X0, X1, X2));
	ROW("lsrv x29, x7, x22", 0x9ad624fd, a64_binary(&o, A64_LSRV, 8, X29, X7, X22));
	ROW("lsrv x30, xzr, x19", 0x9ad327fe, a64_binary(&o, A64_LSRV, 8, X30, XZR, X19));
	ROW("lsrv x19, x16, xzr", 0x9adf2613, a64_binary(&o, A64_LSRV, 8, X19, X16, XZR));
	ROW("asrv w0, w1, w2", 0x1ac22820, a64_binary(&o, A64_ASRV, 4, X0, X1, X2));
	ROW("asrv w29, w7, w22", 0x1ad628fd, a64_binary(&o, A64_ASRV, 4, X29, X7, X22));
	ROW("asrv w30, wzr, w19", 0x1ad32bfe, a64_binary(&o, A64_ASRV, 4, X30, XZR, X19));
	ROW("asrv w19, w16, wzr", 0x1adf2a13, a64_binary(&o, A64_ASRV, 4, X19, X16, XZR));
	ROW("asrv x0, x1, x2", 0x9ac22820, a64_binary(&o, A64_ASRV, 8, X0, X1, X2));
	ROW("asrv x29, x7, x22", 0x9ad628fd, a64_binary(&o, A64_ASRV, 8, X29, X7, X22));
	ROW("asrv x30, xzr, x19", 0x9ad32bfe, a64_binary(&o, A64_ASRV, 8, X30, XZR, X19));
	ROW("asrv x19, x16, xzr", 0x9adf2a13, a64_binary(&o, A64_ASRV, 8, X19, X16, XZR));
}

Test(asm_arm64, logic)
{
	ROW("and w0, w1, w2", 0x0a020020, a64_logic(&o, A64_AND, 4, X0, X1, X2));
	ROW("and w29, w7, w22", 0x0a1600fd, a64_logic(&o, A64_AND, 4, X29, X7, X22));
	ROW("and w30, wzr, w19", 0x0a1303fe, a64_logic(&o, A64_AND, 4, X30, XZR, X19));
	ROW("and w19, w16, wzr", 0x0a1f0213, a64_logic(&o, A64_AND, 4, X19, X16, XZR));
	ROW("and x0, x1, x2", 0x8a020020, a64_logic(&o, A64_AND, 8, X0, X1, X2));
	ROW("and x29, x7, x22", 0x8a1600fd, a64_logic(&o, A64_AND, 8, X29, X7, X22));
	ROW("and x30, xzr, x19", 0x8a1303fe, a64_logic(&o, A64_AND, 8, X30, XZR, X19));
	ROW("and x19, x16, xzr", 0x8a1f0213, a64_logic(&o, A64_AND, 8, X19, X16, XZR));
	ROW("orr w0, w1, w2", 0x2a020020, a64_logic(&o, A64_ORR, 4, X0, X1, X2));
	ROW("orr w29, w7, w22", 0x2a1600fd, a64_logic(&o, A64_ORR, 4, X29, X7, X22));
	ROW("orr w30, wzr, w19", 0x2a1303fe, a64_logic(&o, A64_ORR, 4, X30, XZR, X19));
	ROW("orr w19, w16, wzr", 0x2a1f0213, a64_logic(&o, A64_ORR, 4, X19, X16, XZR));
	ROW("orr x0, x1, x2", 0xaa020020, a64_logic(&o, A64_ORR, 8, X0, X1, X2));
	ROW("orr x29, x7, x22", 0xaa1600fd, a64_logic(&o, A64_ORR, 8, X29, X7, X22));
	ROW("orr x30, xzr, x19", 0xaa1303fe, a64_logic(&o, A64_ORR, 8, X30, XZR, X19));
	ROW("orr x19, x16, xzr", 0xaa1f0213, a64_logic(&o, A64_ORR, 8, X19, X16, XZR));
	ROW("eor w0, w1, w2", 0x4a020020, a64_logic(&o, A64_EOR, 4, X0, X1, X2));
	ROW("eor w29, w7, w22", 0x4a1600fd, a64_logic(&o, A64_EOR, 4, X29, X7, X22));
	ROW("eor w30, wzr, w19", 0x4a1303fe, a64_logic(&o, A64_EOR, 4, X30, XZR, X19));
	ROW("eor w19, w16, wzr", 0x4a1f0213, a64_logic(&o, A64_EOR, 4, X19, X16, XZR));
	ROW("eor x0, x1, x2", 0xca020020, a64_logic(&o, A64_EOR, 8, X0, X1, X2));
	ROW("eor x29, x7, x22", 0xca1600fd, a64_logic(&o, A64_EOR, 8, X29, X7, X22));
	ROW("eor x30, xzr, x19", 0xca1303fe, a64_logic(&o, A64_EOR, 8, X30, XZR, X19));
	ROW("eor x19, x16, xzr", 0xca1f0213, a64_logic(&o, A64_EOR, 8, X19, X16, XZR));
	ROW("ands w0, w1, w2", 0x6a020020, a64_logic(&o, A64_ANDS, 4, X0, X1, X2));
	ROW("ands w29, w7, w22", 0x6a1600fd, a64_logic(&o, A64_ANDS, 4, X29, X7, X22));
	ROW("ands w30, wzr, w19", 0x6a1303fe, a64_logic(&o, A64_ANDS, 4, X30, XZR, X19));
	ROW("ands w19, w16, wzr", 0x6a1f0213, a64_logic(&o, A64_ANDS, 4, X19, X16, XZR));
	ROW("ands x0, x1, x2", 0xea020020, a64_logic(&o, A64_ANDS, 8, X0, X1, X2));
	ROW("ands x29, x7, x22", 0xea1600fd, a64_logic(&o, A64_ANDS, 8, X29, X7, X22));
	ROW("ands x30, xzr, x19", 0xea1303fe, a64_logic(&o, A64_ANDS, 8, X30, XZR, X19));
	ROW("ands x19, x16, xzr", 0xea1f0213, a64_logic(&o, A64_ANDS, 8, X19, X16, XZR));
	ROW("mov w0, w7", 0x2a0703e0, a64_mov(&o, 4, X0, X7));
	ROW("mov w29, w30", 0x2a1e03fd, a64_mov(&o, 4, X29, X30));
	ROW("mov w7, wzr", 0x2a1f03e7, a64_mov(&o, 4, X7, XZR));
	ROW("mov x0, x7", 0xaa0703e0, a64_mov(&o, 8, X0, X7));
	ROW("mov x29, x30", 0xaa1e03fd, a64_mov(&o, 8, X29, X30));
	ROW("mov x7, xzr", 0xaa1f03e7, a64_mov(&o, 8, X7, XZR));
	ROW("and w19, w29, #0x1", 0x120003b3, a64_logic_imm(&o, A64_AND, 4, X19, X29, 0x1));
	ROW("orr w3, w3, #0x2", 0x321f0063, a64_logic_imm(&o, A64_ORR, 4, X3, X3, 0x2));
	ROW("eor w0, w7, #0x80000000", 0x520100e0, a64_logic_imm(&o, A64_EOR, 4, X0, X7, 0x80000000));
	ROW("ands w19, w29, #0x7fffffff", 0x72007bb3, a64_logic_imm(&o, A64_ANDS, 4, X19, X29, 0x7fffffff));
	ROW("and w3, w3, #0xfffffffe", 0x121f7863, a64_logic_imm(&o, A64_AND, 4, X3, X3, 0xfffffffe));
	ROW("orr w0, w7, #0xff", 0x32001ce0, a64_logic_imm(&o, A64_ORR, 4, X0, X7, 0xff));
	ROW("eor w19, w29, #0xff00", 0x52181fb3, a64_logic_imm(&o, A64_EOR, 4, X19, X29, 0xff00));
	ROW("ands w3, w3, #0xff00ff", 0x72009c63, a64_logic_imm(&o, A64_ANDS, 4, X3, X3, 0xff00ff));
	ROW("and w0, w7, #0xf0f0f0f", 0x1200cce0, a64_logic_imm(&o, A64_AND, 4, X0, X7, 0xf0f0f0f));
	ROW("orr w19, w29, #0x55555555", 0x3200f3b3, a64_logic_imm(&o, A64_ORR, 4, X19, X29, 0x55555555));
	ROW("eor w3, w3, #0xaaaaaaaa", 0x5201f063, a64_logic_imm(&o, A64_EOR, 4, X3, X3, 0xaaaaaaaa));
	ROW("ands w0, w7, #0x33333333", 0x7200e4e0, a64_logic_imm(&o, A64_ANDS, 4, X0, X7, 0x33333333));
	ROW("and w19, w29, #0x99999999", 0x1201e7b3, a64_logic_imm(&o, A64_AND, 4, X19, X29, 0x99999999));
	ROW("orr w3, w3, #0xf000000f", 0x32041c63, a64_logic_imm(&o, A64_ORR, 4, X3, X3, 0xf000000f));
	ROW("eor w0, w7, #0xffffff00", 0x52185ce0, a64_logic_imm(&o, A64_EOR, 4, X0, X7, 0xffffff00));
	ROW("ands w19, w29, #0xfff80000", 0x720d33b3, a64_logic_imm(&o, A64_ANDS, 4, X19, X29, 0xfff80000));
	ROW("and x3, x3, #0x1", 0x92400063, a64_logic_imm(&o, A64_AND, 8, X3, X3, 0x1));
	ROW("orr x0, x7, #0x8000000000000000", 0xb24100e0, a64_logic_imm(&o, A64_ORR, 8, X0, X7, 0x8000000000000000));
	ROW("eor x19, x29, #0x7fffffffffffffff", 0xd240fbb3,
	    a64_logic_imm(&o, A64_EOR, 8, X19, X29, 0x7fffffffffffffff));
	ROW("ands x3, x3, #0xfffffffffffffffe", 0xf27ff863, a64_logic_imm(&o, A64_ANDS, 8, X3, X3, 0xfffffffffffffffe));
	ROW("and x0, x7, #0xffffffff", 0x92407ce0, a64_logic_imm(&o, A64_AND, 8, X0, X7, 0xffffffff));
	ROW("orr x19, x29, #0xffffffff00000000", 0xb2607fb3,
	    a64_logic_imm(&o, A64_ORR, 8, X19, X29, 0xffffffff00000000));
	ROW("eor x3, x3, #0xffffffff80000000", 0xd2618063, a64_logic_imm(&o, A64_EOR, 8, X3, X3, 0xffffffff80000000));
	ROW("ands x0, x7, #0x5555555555555555", 0xf200f0e0, a64_logic_imm(&o, A64_ANDS, 8, X0, X7, 0x5555555555555555));
	ROW("and x19, x29, #0xe7e7e7e7e7e7e7e7", 0x9203d7b3,
	    a64_logic_imm(&o, A64_AND, 8, X19, X29, 0xe7e7e7e7e7e7e7e7));
	ROW("orr x3, x3, #0x1000100010001", 0xb2008063, a64_logic_imm(&o, A64_ORR, 8, X3, X3, 0x1000100010001));
	ROW("eor x0, x7, #0xff000000ff00", 0xd2181ce0, a64_logic_imm(&o, A64_EOR, 8, X0, X7, 0xff000000ff00));
	ROW("ands x19, x29, #0xf00000000000000f", 0xf2441fb3,
	    a64_logic_imm(&o, A64_ANDS, 8, X19, X29, 0xf00000000000000f));
	ROW("and x3, x3, #0xfffffff00000", 0x926c6c63, a64_logic_imm(&o, A64_AND, 8, X3, X3, 0xfffffff00000));
	ROW("orr x0, x7, #0xffffffffffffff00", 0xb278dce0, a64_logic_imm(&o, A64_ORR, 8, X0, X7, 0xffffffffffffff00));
	ROW("eor x19, x29, #0xc0000001c0000001", 0xd2020bb3,
	    a64_logic_imm(&o, A64_EOR, 8, X19, X29, 0xc0000001c0000001));
	ROW("tst w9, #0xff", 0x72001d3f, a64_logic_imm(&o, A64_ANDS, 4, XZR, X9, 0xff));
}

Test(asm_arm64, bit_fields)
{
	ROW("lsl w0, w7, #0", 0x53007ce0, a64_lsl_imm(&o, 4, X0, X7, 0));
	ROW("lsl w29, w22, #0", 0x53007edd, a64_lsl_imm(&o, 4, X29, X22, 0));
	ROW("lsr w0, w7, #0", 0x53007ce0, a64_lsr_imm(&o, 4, X0, X7, 0));
	ROW("lsr w29, w22, #0", 0x53007edd, a64_lsr_imm(&o, 4, X29, X22, 0));
	ROW("asr w0, w7, #0", 0x13007ce0, a64_asr_imm(&o, 4, X0, X7, 0));
	ROW("asr w29, w22, #0", 0x13007edd, a64_asr_imm(&o, 4, X29, X22, 0));
	ROW("lsl w0, w7, #1", 0x531f78e0, a64_lsl_imm(&o, 4, X0, X7, 1));
	ROW("lsl w29, w22, #1", 0x531f7add, a64_lsl_imm(&o, 4, X29, X22, 1));
	ROW("lsr w0, w7, #1", 0x53017ce0, a64_lsr_imm(&o, 4, X0, X7, 1));
	ROW("lsr w29, w22, #1", 0x53017edd, a64_lsr_imm(&o, 4, X29, X22, 1));
	ROW("asr w0, w7, #1", 0x13017ce0, a64_asr_imm(&o, 4, X0, X7, 1));
	ROW("asr w29, w22, #1", 0x13017edd, a64_asr_imm(&o, 4, X29, X22, 1));
	ROW("lsl w0, w7, #7", 0x531960e0, a64_lsl_imm(&o, 4, X0, X7, 7));
	ROW("lsl w29, w22, #7", 0x531962dd, a64_lsl_imm(&o, 4, X29, X22, 7));
	ROW("lsr w0, w7, #7", 0x53077ce0, a64_lsr_imm(&o, 4, X0, X7, 7));
	ROW("lsr w29, w22, #7", 0x53077edd, a64_lsr_imm(&o, 4, X29, X22, 7));
	ROW("asr w0, w7, #7", 0x13077ce0, a64_asr_imm(&o, 4, X0, X7, 7));
	ROW("asr w29, w22, #7", 0x13077edd, a64_asr_imm(&o, 4, X29, X22, 7));
	ROW("lsl w0, w7, #31", 0x530100e0, a64_lsl_imm(&o, 4, X0, X7, 31));
	ROW("lsl w29, w22, #31", 0x530102dd, a64_lsl_imm(&o, 4, X29, X22, 31));
	ROW("lsr w0, w7, #31", 0x531f7ce0, a64_lsr_imm(&o, 4, X0, X7, 31));
	ROW("lsr w29, w22, #31", 0x531f7edd, a64_lsr_imm(&o, 4, X29, X22, 31));
	ROW("asr w0, w7, #31", 0x131f7ce0, a64_asr_imm(&o, 4, X0, X7, 31));
	ROW("asr w29, w22, #31", 0x131f7edd, a64_asr_imm(&o, 4, X29, X22, 31));
	ROW("lsl x0, x7, #0", 0xd340fce0, a64_lsl_imm(&o, 8, X0, X7, 0));
	ROW("lsl x29, x22, #0", 0xd340fedd, a64_lsl_imm(&o, 8, X29, X22, 0));
	ROW("lsr x0, x7, #0", 0xd340fce0, a64_lsr_imm(&o, 8, X0, X7, 0));
	ROW("lsr x29, x22, #0", 0xd340fedd, a64_lsr_imm(&o, 8, X29, X22, 0));
	ROW("asr x0, x7, #0", 0x9340fce0, a64_asr_imm(&o, 8, X0, X7, 0));
	ROW("asr x29, x22, #0", 0x9340fedd, a64_asr_imm(&o, 8, X29, X22, 0));
	ROW("lsl x0, x7, #1", 0xd37ff8e0, a64_lsl_imm(&o, 8, X0, X7, 1));
	ROW("lsl x29, x22, #1", 0xd37ffadd, a64_lsl_imm(&o, 8, X29, X22, 1));
	ROW("lsr x0, x7, #1", 0xd341fce0, a64_lsr_imm(&o, 8, X0, X7, 1));
	ROW("lsr x29, x22, #1", 0xd341fedd, a64_lsr_imm(&o, 8, X29, X22, 1));
	ROW("asr x0, x7, #1", 0x9341fce0, a64_asr_imm(&o, 8, X0, X7, 1));
	ROW("asr x29, x22, #1", 0x9341fedd, a64_asr_imm(&o, 8, X29, X22, 1));
	ROW("lsl x0, x7, #7", 0xd379e0e0, a64_lsl_imm(&o, 8, X0, X7, 7));
	ROW("lsl x29, x22, #7", 0xd379e2dd, a64_lsl_imm(&o, 8, X29, X22, 7));
	ROW("lsr x0, x7, #7", 0xd347fce0, a64_lsr_imm(&o, 8, X0, X7, 7));
	ROW("lsr x29, x22, #7", 0xd347fedd, a64_lsr_imm(&o, 8, X29, X22, 7));
	ROW("asr x0, x7, #7", 0x9347fce0, a64_asr_imm(&o, 8, X0, X7, 7));
	ROW("asr x29, x22, #7", 0x9347fedd, a64_asr_imm(&o, 8, X29, X22, 7));
	ROW("lsl x0, x7, #63", 0xd34100e0, a64_lsl_imm(&o, 8, X0, X7, 63));
	ROW("lsl x29, x22, #63", 0xd34102dd, a64_lsl_imm(&o, 8, X29, X22, 63));
	ROW("lsr x0, x7, #63", 0xd37ffce0, a64_lsr_imm(&o, 8, X0, X7, 63));
	ROW("lsr x29, x22, #63", 0xd37ffedd, a64_lsr_imm(&o, 8, X29, X22, 63));
	ROW("asr x0, x7, #63", 0x937ffce0, a64_asr_imm(&o, 8, X0, X7, 63));
	ROW("asr x29, x22, #63", 0x937ffedd, a64_asr_imm(&o, 8, X29, X22, 63));
	ROW("uxtb w0, w7", 0x53001ce0, a64_uxt(&o, 1, X0, X7));
	ROW("sxtb w0, w7", 0x13001ce0, a64_sxt(&o, 4, 1, X0, X7));
	ROW("sxtb x0, w7", 0x93401ce0, a64_sxt(&o, 8, 1, X0, X7));
	ROW("uxth w0, w7", 0x53003ce0, a64_uxt(&o, 2, X0, X7));
	ROW("sxth w0, w7", 0x13003ce0, a64_sxt(&o, 4, 2, X0, X7));
	ROW("sxth x0, w7", 0x93403ce0, a64_sxt(&o, 8, 2, X0, X7));
	ROW("sxtw x0, w7", 0x93407ce0, a64_sxt(&o, 8, 4, X0, X7));
	ROW("rev w0, w7", 0x5ac008e0, a64_rev(&o, 4, X0, X7));
	ROW("rev16 w0, w7", 0x5ac004e0, a64_rev16(&o, 4, X0, X7));
	ROW("rev x0, x7", 0xdac00ce0, a64_rev(&o, 8, X0, X7));
	ROW("rev16 x0, x7", 0xdac004e0, a64_rev16(&o, 8, X0, X7));
	ROW("uxtb w29, w22", 0x53001edd, a64_uxt(&o, 1, X29, X22));
	ROW("sxtb w29, w22", 0x13001edd, a64_sxt(&o, 4, 1, X29, X22));
	ROW("sxtb x29, w22", 0x93401edd, a64_sxt(&o, 8, 1, X29, X22));
	ROW("uxth w29, w22", 0x53003edd, a64_uxt(&o, 2, X29, X22));
	ROW("sxth w29, w22", 0x13003edd, a64_sxt(&o, 4, 2, X29, X22));
	ROW("sxth x29, w22", 0x93403edd, a64_sxt(&o, 8, 2, X29, X22));
	ROW("sxtw x29, w22", 0x93407edd, a64_sxt(&o, 8, 4, X29, X22));
	ROW("rev w29, w22", 0x5ac00add, a64_rev(&o, 4, X29, X22));
	ROW("rev16 w29, w22", 0x5ac006dd, a64_rev16(&o, 4, X29, X22));
	ROW("rev x29, x22", 0xdac00edd, a64_rev(&o, 8, X29, X22));
	ROW("rev16 x29, x22", 0xdac006dd, a64_rev16(&o, 8, X29, X22));
}

Test(asm_arm64, memory)
{
	ROW("ldrb w0, [x1, #0]", 0x39400020, a64_load(&o, 1, X0, X1, 0));
	ROW("strb w0, [x1, #0]", 0x39000020, a64_store(&o, 1, X1, 0, X0));
	ROW("ldrsb x0, [x1, #0]", 0x39800020, a64_load_sx(&o, 1, X0, X1, 0));
	ROW("ldrb w7, [x29, #4095]", 0x397fffa7, a64_load(&o, 1, X7, X29, 4095));
	ROW("strb w7, [x29, #4095]", 0x393fffa7, a64_store(&o, 1, X29, 4095, X7));
	ROW("ldrsb x7, [x29, #4095]", 0x39bfffa7, a64_load_sx(&o, 1, X7, X29, 4095));
	ROW("ldrb w22, [sp, #1]", 0x394007f6, a64_load(&o, 1, X22, XSP, 1));
	ROW("strb w22, [sp, #1]", 0x390007f6, a64_store(&o, 1, XSP, 1, X22));
	ROW("ldrsb x22, [sp, #1]", 0x398007f6, a64_load_sx(&o, 1, X22, XSP, 1));
	ROW("ldurb w19, [x0, #-1]", 0x385ff013, a64_load(&o, 1, X19, X0, -1));
	ROW("sturb w19, [x0, #-1]", 0x381ff013, a64_store(&o, 1, X0, -1, X19));
	ROW("ldursb x19, [x0, #-1]", 0x389ff013, a64_load_sx(&o, 1, X19, X0, -1));
	ROW("ldurb wzr, [x2, #-256]", 0x3850005f, a64_load(&o, 1, XZR, X2, -256));
	ROW("sturb wzr, [x2, #-256]", 0x3810005f, a64_store(&o, 1, X2, -256, XZR));
	ROW("ldursb xzr, [x2, #-256]", 0x3890005f, a64_load_sx(&o, 1, XZR, X2, -256));
	ROW("ldrb w3, [x4, #255]", 0x3943fc83, a64_load(&o, 1, X3, X4, 255));
	ROW("strb w3, [x4, #255]", 0x3903fc83, a64_store(&o, 1, X4, 255, X3));
	ROW("ldrsb x3, [x4, #255]", 0x3983fc83, a64_load_sx(&o, 1, X3, X4, 255));
	ROW("ldrb w0, [x1, x2]", 0x38626820, a64_load_at(&o, 1, X0, X1, X2));
	ROW("strb w0, [x1, x2]", 0x38226820, a64_store_at(&o, 1, X1, X2, X0));
	ROW("ldrsb x0, [x1, x2]", 0x38a26820, a64_load_sx_at(&o, 1, X0, X1, X2));
	ROW("ldrb w29, [x7, x19]", 0x387368fd, a64_load_at(&o, 1, X29, X7, X19));
	ROW("strb w29, [x7, x19]", 0x383368fd, a64_store_at(&o, 1, X7, X19, X29));
	ROW("ldrsb x29, [x7, x19]", 0x38b368fd, a64_load_sx_at(&o, 1, X29, X7, X19));
	ROW("ldrh w0, [x1, #0]", 0x79400020, a64_load(&o, 2, X0, X1, 0));
	ROW("strh w0, [x1, #0]", 0x79000020, a64_store(&o, 2, X1, 0, X0));
	ROW("ldrsh x0, [x1, #0]", 0x79800020, a64_load_sx(&o, 2, X0, X1, 0));
	ROW("ldrh w7, [x29, #8190]", 0x797fffa7, a64_load(&o, 2, X7, X29, 8190));
	ROW("strh w7, [x29, #8190]", 0x793fffa7, a64_store(&o, 2, X29, 8190, X7));
	ROW("ldrsh x7, [x29, #8190]", 0x79bfffa7, a64_load_sx(&o, 2, X7, X29, 8190));
	ROW("ldrh w22, [sp, #2]", 0x794007f6, a64_load(&o, 2, X22, XSP, 2));
	ROW("strh w22, [sp, #2]", 0x790007f6, a64_store(&o, 2, XSP, 2, X22));
	ROW("ldrsh x22, [sp, #2]", 0x798007f6, a64_load_sx(&o, 2, X22, XSP, 2));
	ROW("ldurh w19, [x0, #-1]", 0x785ff013, a64_load(&o, 2, X19, X0, -1));
	ROW("sturh w19, [x0, #-1]", 0x781ff013, a64_store(&o, 2, X0, -1, X19));
	ROW("ldursh x19, [x0, #-1]", 0x789ff013, a64_load_sx(&o, 2, X19, X0, -1));
	ROW("ldurh wzr, [x2, #-256]", 0x7850005f, a64_load(&o, 2, XZR, X2, -256));
	ROW("sturh wzr, [x2, #-256]", 0x7810005f, a64_store(&o, 2, X2, -256, XZR));
	ROW("ldursh xzr, [x2, #-256]", 0x7890005f, a64_load_sx(&o, 2, XZR, X2, -256));
	ROW("ldurh w3, [x4, #255]", 0x784ff083, a64_load(&o, 2, X3, X4, 255));
	ROW("sturh w3, [x4, #255]", 0x780ff083, a64_store(&o, 2, X4, 255, X3));
	ROW("ldursh x3, [x4, #255]", 0x788ff083, a64_load_sx(&o, 2, X3, X4, 255));
	ROW("ldrh w0, [x1, x2]", 0x78626820, a64_load_at(&o, 2, X0, X1, X2));
	ROW("strh w0, [x1, x2]", 0x78226820, a64_store_at(&o, 2, X1, X2, X0));
	ROW("ldrsh x0, [x1, x2]", 0x78a26820, a64_load_sx_at(&o, 2, X0, X1, X2));
	ROW("ldrh w29, [x7, x19]", 0x787368fd, a64_load_at(&o, 2, X29, X7, X19));
	ROW("strh w29, [x7, x19]", 0x783368fd, a64_store_at(&o, 2, X7, X19, X29));
	ROW("ldrsh x29, [x7, x19]", 0x78b368fd, a64_load_sx_at(&o, 2, X29, X7, X19));
	ROW("ldr w0, [x1, #0]", 0xb9400020, a64_load(&o, 4, X0, X1, 0));
	ROW("str w0, [x1, #0]", 0xb9000020, a64_store(&o, 4, X1, 0, X0));
	ROW("ldrsw x0, [x1, #0]", 0xb9800020, a64_load_sx(&o, 4, X0, X1, 0));
	ROW("ldr w7, [x29, #16380]", 0xb97fffa7, a64_load(&o, 4, X7, X29, 16380));
	ROW("str w7, [x29, #16380]", 0xb93fffa7, a64_store(&o, 4, X29, 16380, X7));
	ROW("ldrsw x7, [x29, #16380]", 0xb9bfffa7, a64_load_sx(&o, 4, X7, X29, 16380));
	ROW("ldr w22, [sp, #4]", 0xb94007f6, a64_load(&o, 4, X22, XSP, 4));
	ROW("str w22, [sp, #4]", 0xb90007f6, a64_store(&o, 4, XSP, 4, X22));
	ROW("ldrsw x22, [sp, #4]", 0xb98007f6, a64_load_sx(&o, 4, X22, XSP, 4));
	ROW("ldur w19, [x0, #-1]", 0xb85ff013, a64_load(&o, 4, X19, X0, -1));
	ROW("stur w19, [x0, #-1]", 0xb81ff013, a64_store(&o, 4, X0, -1, X19));
	ROW("ldursw x19, [x0, #-1]", 0xb89ff013, a64_load_sx(&o, 4, X19, X0, -1));
	ROW("ldur wzr, [x2, #-256]", 0xb850005f, a64_load(&o, 4, XZR, X2, -256));
	ROW("stur wzr, [x2, #-256]", 0xb810005f, a64_store(&o, 4, X2, -256, XZR));
	ROW("ldursw xzr, [x2, #-256]", 0xb890005f, a64_load_sx(&o, 4, XZR, X2, -256));
	ROW("ldur w3, [x4, #255]", 0xb84ff083, a64_load(&o, 4, X3, X4, 255));
	ROW("stur w3, [x4, #255]", 0xb80ff083, a64_store(&o, 4, X4, 255, X3));
	ROW("ldursw x3, [x4, #255]", 0xb88ff083, a64_load_sx(&o, 4, X3, X4, 255));
	ROW("ldr w0, [x1, x2]", 0xb8626820, a64_load_at(&o, 4, X0, X1, X2));
	ROW("str w0, [x1, x2]", 0xb8226820, a64_store_at(&o, 4, X1, X2, X0));
	ROW("ldrsw x0, [x1, x2]", 0xb8a26820, a64_load_sx_at(&o, 4, X0, X1, X2));
	ROW("ldr w29, [x7, x19]", 0xb87368fd, a64_load_at(&o, 4, X29, X7, X19));
	ROW("str w29, [x7, x19]", 0xb83368fd, a64_store_at(&o, 4, X7, X19, X29));
	ROW("ldrsw x29, [x7, x19]", 0xb8b368fd, a64_load_sx_at(&o, 4, X29, X7, X19));
	ROW("ldr x0, [x1, #0]", 0xf9400020, a64_load(&o, 8, X0, X1, 0));
	ROW("str x0, [x1, #0]", 0xf9000020, a64_store(&o, 8, X1, 0, X0));
	ROW("ldr x7, [x29, #32760]", 0xf97fffa7, a64_load(&o, 8, X7, X29, 32760));
	ROW("str x7, [x29, #32760]", 0xf93fffa7, a64_store(&o, 8, X29, 32760, X7));
	ROW("ldr x22, [sp, #8]", 0xf94007f6, a64_load(&o, 8, X22, XSP, 8));
	ROW("str x22, [sp, #8]", 0xf90007f6, a64_store(&o, 8, XSP, 8, X22));
	ROW("ldur x19, [x0, #-1]", 0xf85ff013, a64_load(&o, 8, X19, X0, -1));
	ROW("stur x19, [x0, #-1]", 0xf81ff013, a64_store(&o, 8, X0, -1, X19));
	ROW("ldur xzr, [x2, #-256]", 0xf850005f, a64_load(&o, 8, XZR, X2, -256));
	ROW("stur xzr, [x2, #-256]", 0xf810005f, a64_store(&o, 8, X2, -256, XZR));
	ROW("ldur x3, [x4, #255]", 0xf84ff083, a64_load(&o, 8, X3, X4, 255));
	ROW("stur x3, [x4, #255]", 0xf80ff083, a64_store(&o, 8, X4, 255, X3));
	ROW("ldr x0, [x1, x2]", 0xf8626820, a64_load_at(&o, 8, X0, X1, X2));
	ROW("str x0, [x1, x2]", 0xf8226820, a64_store_at(&o, 8, X1, X2, X0));
	ROW("ldr x29, [x7, x19]", 0xf87368fd, a64_load_at(&o, 8, X29, X7, X19));
	ROW("str x29, [x7, x19]", 0xf83368fd, a64_store_at(&o, 8, X7, X19, X29));
	ROW("stp xzr, xzr, [x29, #-512]", 0xa9207fbf, a64_store_pair(&o, X29, -512, XZR, XZR));
	ROW("stp x1, x30, [sp, #504]", 0xa91ffbe1, a64_store_pair(&o, XSP, 504, X1, X30));
	ROW("stp x22, x7, [x0]", 0xa9001c16, a64_store_pair(&o, X0, 0, X22, X7));
	ROW("stp x29, x30, [sp, #-16]!", 0xa9bf7bfd, a64_push(&o, X29, X30));
	ROW("ldp x29, x30, [sp], #16", 0xa8c17bfd, a64_pop(&o, X29, X30));
	ROW("stp x19, x20, [sp, #-16]!", 0xa9bf53f3, a64_push(&o, X19, X20));
	ROW("ldp x19, x20, [sp], #16", 0xa8c153f3, a64_pop(&o, X19, X20));
	ROW("stp x22, xzr, [sp, #-16]!", 0xa9bf7ff6, a64_push(&o, X22, XZR));
	ROW("ldp x22, xzr, [sp], #16", 0xa8c17ff6, a64_pop(&o, X22, XZR));
}

Test(asm_arm64, exclusive_access)
{
	ROW("ldxr w12, [x10]", 0x885f7d4c, a64_ldxr(&o, 4, X12, X10));
	ROW("stxr w13, w12, [x10]", 0x880d7d4c, a64_stxr(&o, 4, X13, X12, X10));
	ROW("stlxr w13, w12, [x10]", 0x880dfd4c, a64_stlxr(&o, 4, X13, X12, X10));
	ROW("ldxr w29, [x7]", 0x885f7cfd, a64_ldxr(&o, 4, X29, X7));
	ROW("stxr w0, w29, [x7]", 0x88007cfd, a64_stxr(&o, 4, X0, X29, X7));
	ROW("stlxr w0, w29, [x7]", 0x8800fcfd, a64_stlxr(&o, 4, X0, X29, X7));
	ROW("ldxr wzr, [sp]", 0x885f7fff, a64_ldxr(&o, 4, XZR, XSP));
	ROW("stxr w30, wzr, [sp]", 0x881e7fff, a64_stxr(&o, 4, X30, XZR, XSP));
	ROW("stlxr w30, wzr, [sp]", 0x881effff, a64_stlxr(&o, 4, X30, XZR, XSP));
	ROW("ldxr x12, [x10]", 0xc85f7d4c, a64_ldxr(&o, 8, X12, X10));
	ROW("stxr w13, x12, [x10]", 0xc80d7d4c, a64_stxr(&o, 8, X13, X12, X10));
	ROW("stlxr w13, x12, [x10]", 0xc80dfd4c, a64_stlxr(&o, 8, X13, X12, X10));
	ROW("ldxr x29, [x7]", 0xc85f7cfd, a64_ldxr(&o, 8, X29, X7));
	ROW("stxr w0, x29, [x7]", 0xc8007cfd, a64_stxr(&o, 8, X0, X29, X7));
	ROW("stlxr w0, x29, [x7]", 0xc800fcfd, a64_stlxr(&o, 8, X0, X29, X7));
	ROW("ldxr xzr, [sp]", 0xc85f7fff, a64_ldxr(&o, 8, XZR, XSP));
	ROW("stxr w30, xzr, [sp]", 0xc81e7fff, a64_stxr(&o, 8, X30, XZR, XSP));
	ROW("stlxr w30, xzr, [sp]", 0xc81effff, a64_stlxr(&o, 8, X30, XZR, XSP));
	ROW("dmb ish", 0xd5033bbf, a64_dmb_ish(&o));
}

Test(asm_arm64, control)
{
	ROW("b . + 0", 0x14000000, a64_b(&o, 0));
	ROW("bl . + 0", 0x94000000, a64_bl(&o, 0));
	ROW("b . + 4", 0x14000001, a64_b(&o, 4));
	ROW("bl . + 4", 0x94000001, a64_bl(&o, 4));
	ROW("b . - 4", 0x17ffffff, a64_b(&o, -4));
	ROW("bl . - 4", 0x97ffffff, a64_bl(&o, -4));
	ROW("b . + 134217724", 0x15ffffff, a64_b(&o, 134217724));
	ROW("bl . + 134217724", 0x95ffffff, a64_bl(&o, 134217724));
	ROW("b . - 134217728", 0x16000000, a64_b(&o, -134217728));
	ROW("bl . - 134217728", 0x96000000, a64_bl(&o, -134217728));
	ROW("b.eq . + 8", 0x54000040, a64_b_cc(&o, A64_EQ, 8));
	ROW("b.ne . - 8", 0x54ffffc1, a64_b_cc(&o, A64_NE, -8));
	ROW("b.hs . + 1048572", 0x547fffe2, a64_b_cc(&o, A64_HS, 1048572));
	ROW("b.lo . - 1048576", 0x54800003, a64_b_cc(&o, A64_LO, -1048576));
	ROW("b.hi . + 8", 0x54000048, a64_b_cc(&o, A64_HI, 8));
	ROW("b.ls . - 8", 0x54ffffc9, a64_b_cc(&o, A64_LS, -8));
	ROW("b.ge . + 1048572", 0x547fffea, a64_b_cc(&o, A64_GE, 1048572));
	ROW("b.lt . - 1048576", 0x5480000b, a64_b_cc(&o, A64_LT, -1048576));
	ROW("b.gt . + 8", 0x5400004c, a64_b_cc(&o, A64_GT, 8));
	ROW("b.le . - 8", 0x54ffffcd, a64_b_cc(&o, A64_LE, -8));
	ROW("cbz w0, . + 8", 0x34000040, a64_cbz(&o, false, 4, X0, 8));
	ROW("cbnz w0, . + 8", 0x35000040, a64_cbz(&o, true, 4, X0, 8));
	ROW("cbz w29, . - 1048576", 0x3480001d, a64_cbz(&o, false, 4, X29, -1048576));
	ROW("cbnz w29, . - 1048576", 0x3580001d, a64_cbz(&o, true, 4, X29, -1048576));
	ROW("cbz wzr, . + 1048572", 0x347fffff, a64_cbz(&o, false, 4, XZR, 1048572));
	ROW("cbnz wzr, . + 1048572", 0x357fffff, a64_cbz(&o, true, 4, XZR, 1048572));
	ROW("cbz x0, . + 8", 0xb4000040, a64_cbz(&o, false, 8, X0, 8));
	ROW("cbnz x0, . + 8", 0xb5000040, a64_cbz(&o, true, 8, X0, 8));
	ROW("cbz x29, . - 1048576", 0xb480001d, a64_cbz(&o, false, 8, X29, -1048576));
	ROW("cbnz x29, . - 1048576", 0xb580001d, a64_cbz(&o, true, 8, X29, -1048576));
	ROW("cbz xzr, . + 1048572", 0xb47fffff, a64_cbz(&o, false, 8, XZR, 1048572));
	ROW("cbnz xzr, . + 1048572", 0xb57fffff, a64_cbz(&o, true, 8, XZR, 1048572));
	ROW("blr x16", 0xd63f0200, a64_blr(&o, X16));
	ROW("br x30", 0xd61f03c0, a64_br(&o, X30));
	ROW("ret", 0xd65f03c0, a64_ret(&o));
	ROW("brk #0", 0xd4200000, a64_brk(&o, 0));
	ROW("brk #0xffff", 0xd43fffe0, a64_brk(&o, 0xffff));
}

/* Constants take the fewest instructions. */
Test(asm_arm64, constants_ubpf_c22b0041)
{
	static const struct {
		uint64_t value;
		size_t count;
		uint32_t words[4];
		const char *text;
	} rows[] = {
		{0x0, 1, {0x52800007}, "movz w7, #0"},
		{0x1, 1, {0x52800027}, "movz w7, #1"},
		{0xffff, 1, {0x529fffe7}, "movz w7, #0xffff"},
		{0x10000, 1, {0x52a00027}, "movz w7, #1, lsl #16"},
		{0x12345678, 2, {0x528acf07, 0x72a24687}, "movz w7, #0x5678; movk w7, #0x1234, lsl #16"},
		{0xffffffff, 1, {0x12800007}, "movn w7, #0"},
		{0xffff1234, 1, {0x129db967}, "movn w7, #0xedcb"},
		{0x1234ffff, 1, {0x12bdb967}, "movn w7, #0xedcb, lsl #16"},
		{0xff00ff, 1, {0x32009fe7}, "orr w7, wzr, #0xff00ff"},
		{0x7ffffff8, 1, {0x321d6fe7}, "orr w7, wzr, #0x7ffffff8"},
		{0x100000000, 1, {0xd2c00027}, "movz x7, #1, lsl #32"},
		{0xffffffffffffffff, 1, {0x92800007}, "movn x7, #0"},
		{0xffffffff80000000, 1, {0xb26183e7}, "orr x7, xzr, #0xffffffff80000000"},
		{0x8000000000000000, 1, {0xd2f00007}, "movz x7, #0x8000, lsl #48"},
		{0x5555555555555555, 1, {0xb200f3e7}, "orr x7, xzr, #0x5555555555555555"},
		{0x123456789abcdef0,
		 4,
		 {0xd29bde07, 0xf2b35787, 0xf2cacf07, 0xf2e24687},
		 "movz x7, #0xdef0; movk x7, #0x9abc, lsl #16; movk x7, #0x5678, lsl #32; movk x7, #0x1234, lsl #48"},
		{0xffff56789abcdef0,
		 3,
		 {0x928421e7, 0xf2b35787, 0xf2cacf07},
		 "movn x7, #0x210f; movk x7, #0x9abc, lsl #16; movk x7, #0x5678, lsl #32"},
		{0xaaaa00005555, 2, {0xd28aaaa7, 0xf2d55547}, "movz x7, #0x5555; movk x7, #0xaaaa, lsl #32"},
		{0xffffaaaaffff5555, 2, {0x92955547, 0xf2d55547}, "movn x7, #0xaaaa; movk x7, #0xaaaa, lsl #32"},
		{0x7fffffffffff, 1, {0xb240bbe7}, "orr x7, xzr, #0x7fffffffffff"},
		{0xfffffffffffffffe, 1, {0x92800027}, "movn x7, #1"},
	};

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		uint8_t image[16];
		struct jit_out count = {0};

		o = (struct jit_out){.image = image, .room = sizeof(image)};

		a64_mov_imm(&o, X7, rows[n].value);
		a64_mov_imm(&count, X7, rows[n].value);
		cr_assert(!o.fault, "%s", rows[n].text);
		cr_assert_eq(o.at, 4 * rows[n].count, "%s: %zu bytes", rows[n].text, o.at);
		cr_assert_eq(count.at, o.at, "%s: counts %zu bytes", rows[n].text, count.at);
		for (size_t i = 0; i < rows[n].count; i++)
			cr_assert_eq(word_at(image, i), rows[n].words[i], "%s: word %zu is %#x", rows[n].text, i,
				     word_at(image, i));
	}
}

/* Bit masks */

/* What N, immr and imms say, bit by bit (Arm ARM, DecodeBitMasks). 0: nothing. */
static uint64_t mask_of(uint32_t field)
{
	unsigned int n = field >> 22 & 1, r = field >> 16 & 63, s = field >> 10 & 63, bits = 64;
	uint64_t value = 0;

	if (!n) {
		for (bits = 32; bits > 1 && !(~s & bits & 63);)
			bits /= 2;
		if (bits < 2)
			return 0;
	}
	r &= bits - 1;
	s &= bits - 1;
	if (s == bits - 1)
		return 0;
	for (unsigned int bit = 0; bit < 64; bit++)
		if ((bit % bits + r) % bits <= s)
			value |= (uint64_t)1 << bit;
	return value;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

#define MASKS 5334 /* in 64 bits: sum over sizes of size * (size - 1) */

/* All masks that there are are found, and nothing that is none. */
Test(asm_arm64, bit_masks)
{
	static uint64_t masks[1 << 13];
	size_t count = 0, unique = 0;

	for (uint32_t field = 0; field < 1 << 13; field++)
		if ((masks[count] = mask_of(field << 10)))
			count++;
	qsort(masks, count, sizeof(masks[0]), by_value);
	for (size_t n = 0; n < count; n++)
		if (!n || masks[n] != masks[n - 1])
			masks[unique++] = masks[n];
	cr_assert_eq(unique, MASKS, "%zu", unique);
	for (size_t n = 0; n < unique; n++) {
		uint32_t field;

		cr_assert(a64_bitmask(8, masks[n], &field), "%#llx", (unsigned long long)masks[n]);
		cr_assert_eq(mask_of(field), masks[n], "%#llx", (unsigned long long)masks[n]);
		if (masks[n] >> 32 == (uint32_t)masks[n]) {
			cr_assert(a64_bitmask(4, (uint32_t)masks[n], &field), "%#x", (uint32_t)masks[n]);
			cr_assert_eq(field >> 22, 0, "%#x: N in 32 bits", (uint32_t)masks[n]);
			cr_assert_eq(mask_of(field), masks[n], "%#x", (uint32_t)masks[n]);
		}
		/* One bit off. */
		for (unsigned int bit = 0; bit < 64; bit++) {
			uint64_t other = masks[n] ^ (uint64_t)1 << bit;
			bool is_mask = bsearch(&other, masks, unique, sizeof(masks[0]), by_value) != NULL;

			cr_assert_eq(a64_bitmask(8, other, &field), is_mask, "%#llx", (unsigned long long)other);
		}
	}
	cr_assert(!a64_bitmask(8, 0, &(uint32_t){0}));
	cr_assert(!a64_bitmask(8, UINT64_MAX, &(uint32_t){0}));
	cr_assert(!a64_bitmask(4, UINT32_MAX, &(uint32_t){0}));
}

/* Jumps ahead */

Test(asm_arm64, jump_ahead_is_patched)
{
	static const uint32_t want[] = {0x54000061, 0xaa0103e0, 0x14000002, 0xaa0003e1};
	uint8_t image[64];
	size_t from, over;

	o = (struct jit_out){.image = image, .room = sizeof(image)};
	from = a64_b_cc_ahead(&o, A64_NE);
	a64_mov(&o, 8, X0, X1);
	over = a64_b_ahead(&o);
	a64_here(&o, from);
	a64_mov(&o, 8, X1, X0);
	a64_here(&o, over);
	cr_assert(!o.fault);
	cr_assert_eq(o.at, sizeof(want));
	for (size_t n = 0; n < ARRAY_SIZE(want); n++)
		cr_assert_eq(word_at(image, n), want[n], "word %zu: %#x", n, word_at(image, n));
}

/* What is read back is what was asked for. */
Test(asm_arm64, jump_distances)
{
	static const int64_t distances[] = {
		0, 4, -4, 8, -8, 1024, -131072, (1 << 20) - 4, -(1 << 20), (1 << 27) - 4, -(1 << 27)};
	uint8_t image[8];

	for (size_t n = 0; n < ARRAY_SIZE(distances); n++) {
		for (unsigned int kind = 0; kind < 5; kind++) {
			int64_t d = distances[n], got = 1;

			o = (struct jit_out){.image = image, .room = sizeof(image)};
			if (kind == 0)
				a64_b(&o, d);
			else if (kind == 1)
				a64_bl(&o, d);
			else if (kind == 2)
				a64_b_cc(&o, A64_LE, d);
			else
				a64_cbz(&o, kind == 3, kind == 3 ? 4 : 8, X30, d);
			cr_assert_eq(o.fault, kind > 1 && (d >= 1 << 20 || d < -(1 << 20)), "kind %u: %lld", kind,
				     (long long)d);
			cr_assert(o.fault || (a64_jump_distance(image, &got) && got == d), "kind %u: %lld, not %lld",
				  kind, (long long)got, (long long)d);
		}
	}
	memcpy(image, &(uint32_t){0xd65f03c0}, 4);
	cr_assert(!a64_jump_distance(image, &(int64_t){0}), "ret");
	memcpy(image, &(uint32_t){0xaa0103e0}, 4);
	cr_assert(!a64_jump_distance(image, &(int64_t){0}), "mov");
}

/* What cannot be encoded is a fault, never other code. */
Test(asm_arm64, faults)
{
	uint8_t image[16];
	size_t from;

#define FAULT(call)                                                                                                    \
	do {                                                                                                           \
		o = (struct jit_out){.image = image, .room = sizeof(image)};                                           \
		call;                                                                                                  \
		cr_assert(o.fault, "%s", #call);                                                                       \
	} while (0)

	FAULT(a64_mov(&o, 8, 32, X0));
	FAULT(a64_mov(&o, 8, X0, 32));
	FAULT(a64_mov(&o, 2, X0, X1));
	FAULT(a64_arith(&o, A64_ADD, 8, X0, 32, X1));
	FAULT(a64_madd(&o, 8, X0, X1, X2, 32));
	FAULT(a64_msub(&o, 8, X0, X1, X2, 32));
	FAULT(a64_arith_imm(&o, A64_ADD, 8, X0, X1, 4097));
	FAULT(a64_arith_imm(&o, A64_ADD, 8, X0, X1, 1 << 24));
	FAULT(a64_arith_imm(&o, A64_ADD, 8, X0, X1, (uint64_t)-1));
	FAULT(a64_logic_imm(&o, A64_AND, 8, X0, X1, 0));
	FAULT(a64_logic_imm(&o, A64_AND, 8, X0, X1, 5));
	FAULT(a64_logic_imm(&o, A64_AND, 4, X0, X1, UINT32_MAX));
	FAULT(a64_lsl_imm(&o, 4, X0, X1, 32));
	FAULT(a64_lsl_imm(&o, 8, X0, X1, 64));
	FAULT(a64_lsr_imm(&o, 4, X0, X1, 32));
	FAULT(a64_asr_imm(&o, 8, X0, X1, 64));
	FAULT(a64_wide(&o, A64_MOVZ, 4, X0, 1, 2));
	FAULT(a64_load(&o, 8, X0, 32, 0));
	FAULT(a64_load(&o, 3, X0, X1, 0));
	FAULT(a64_load(&o, 8, X0, X1, -257));
	FAULT(a64_load(&o, 8, X0, X1, 257));
	FAULT(a64_load(&o, 8, X0, X1, 32768));
	FAULT(a64_load(&o, 1, X0, X1, 4096));
	FAULT(a64_load_sx(&o, 8, X0, X1, 0));
	FAULT(a64_load_sx_at(&o, 8, X0, X1, X2));
	FAULT(a64_store(&o, 2, X0, 8192, X1));
	FAULT(a64_store_pair(&o, X0, 512, X1, X2));
	FAULT(a64_store_pair(&o, X0, 4, X1, X2));
	FAULT(a64_store_pair(&o, X0, 0, X1, 32));
	FAULT(a64_pop(&o, X1, X1));
	FAULT(a64_ldxr(&o, 2, X0, X1));
	FAULT(a64_stxr(&o, 8, X0, X0, X1));
	FAULT(a64_stlxr(&o, 8, X1, X0, X1));
	FAULT(a64_b(&o, 2));
	FAULT(a64_b(&o, 1 << 27));
	FAULT(a64_bl(&o, -(1 << 27) - 4));
	FAULT(a64_b_cc(&o, A64_EQ, 1 << 20));
	FAULT(a64_cbz(&o, false, 8, 32, 0));
	FAULT(a64_cbz(&o, false, 8, X0, -(1 << 20) - 4));
	FAULT(from = a64_b_ahead(&o); o.at += 1 << 20; a64_here(&o, from));
#undef FAULT
}

/* rbpf-e312815: code never leaves its buffer. */
Test(asm_arm64, no_byte_behind_the_room)
{
	uint8_t image[24];

	for (size_t room = 0; room < 16; room++) {
		o = (struct jit_out){.image = image, .room = room};
		memset(image, 0xa5, sizeof(image));
		a64_mov_imm(&o, X11, 0x123456789abcdef0);
		cr_assert_eq(o.fault, true, "room %zu", room);
		cr_assert_eq(o.at, 16);
		for (size_t n = room; n < sizeof(image); n++)
			cr_assert_eq(image[n], 0xa5, "room %zu, byte %zu", room, n);
	}
}
