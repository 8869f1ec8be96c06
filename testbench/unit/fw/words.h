/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions written as 8-byte words, for tests; opcodes as numbers, so that a wrong row of insn.def shows. */
#ifndef UNIT_WORDS_H
#define UNIT_WORDS_H

#include <stdint.h>

#define W(opcode, dst, src, off, imm)                                                                                  \
	((uint64_t)(uint8_t)(opcode) | (uint64_t)((dst)&15) << 8 | (uint64_t)((src)&15) << 12 |                        \
	 (uint64_t)(uint16_t)(off) << 16 | (uint64_t)(uint32_t)(imm) << 32)

#define W_MOV(dst, imm)        W(0xb7, dst, 0, 0, imm)
#define W_MOVR(dst, src)       W(0xbf, dst, src, 0, 0)
#define W_ADD(dst, imm)        W(0x07, dst, 0, 0, imm)
#define W_LD64(dst, value)     W(0x18, dst, 0, 0, (uint64_t)(value)), W(0, 0, 0, 0, (uint64_t)(value) >> 32)
#define W_LDX64(dst, src, off) W(0x79, dst, src, off, 0)
#define W_LDX32(dst, src, off) W(0x61, dst, src, off, 0)
#define W_LDX8(dst, src, off)  W(0x71, dst, src, off, 0)
#define W_STX64(dst, src, off) W(0x7b, dst, src, off, 0)
#define W_ST8(dst, off, imm)   W(0x72, dst, 0, off, imm)
#define W_CALL(helper)         W(0x85, 0, 0, 0, helper)
#define W_CALL_LOCAL(distance) W(0x85, 0, 1, 0, distance)
#define W_JA(distance)         W(0x05, 0, 0, distance, 0)
#define W_EXIT                 W(0x95, 0, 0, 0, 0)

#endif
