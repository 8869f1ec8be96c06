/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF instructions by hand, one 64-bit unit each, for the small programs of the conformance tests. The names are those
 * of the operation, its size (32: the low half; W, H, B, DW: memory) and where the operand comes from (K: the
 * instruction, X: a register).
 */
#ifndef CONFORM_INSNS_H
#define CONFORM_INSNS_H

#include <stdint.h>

#define INSN(op, dst, src, off, imm)                                                                                   \
	((uint64_t)(uint8_t)(op) | (uint64_t)((dst)&15) << 8 | (uint64_t)((src)&15) << 12 |                            \
	 (uint64_t)(uint16_t)(off) << 16 | (uint64_t)(uint32_t)(imm) << 32)

#define MOV_K(d, k)   INSN(0xb7, d, 0, 0, k)
#define MOV_X(d, s)   INSN(0xbf, d, s, 0, 0)
#define MOV32_K(d, k) INSN(0xb4, d, 0, 0, k)
#define ADD_K(d, k)   INSN(0x07, d, 0, 0, k)
#define ADD_X(d, s)   INSN(0x0f, d, s, 0, 0)
#define SUB_X(d, s)   INSN(0x1f, d, s, 0, 0)
#define AND_K(d, k)   INSN(0x57, d, 0, 0, k)
#define OR_X(d, s)    INSN(0x4f, d, s, 0, 0)
#define XOR_K(d, k)   INSN(0xa7, d, 0, 0, k)
#define MUL_K(d, k)   INSN(0x27, d, 0, 0, k)
#define DIV_X(d, s)   INSN(0x3f, d, s, 0, 0)
#define MOD_X(d, s)   INSN(0x9f, d, s, 0, 0)
#define LSH_K(d, k)   INSN(0x67, d, 0, 0, k)
#define RSH_K(d, k)   INSN(0x77, d, 0, 0, k)
#define ARSH_K(d, k)  INSN(0xc7, d, 0, 0, k)
#define ADD32_K(d, k) INSN(0x04, d, 0, 0, k)
#define NEG(d)        INSN(0x87, d, 0, 0, 0)
#define TO_BE16(d)    INSN(0xdc, d, 0, 0, 16)
#define TO_BE32(d)    INSN(0xdc, d, 0, 0, 32)

#define LDX_B(d, s, o)  INSN(0x71, d, s, o, 0)
#define LDX_H(d, s, o)  INSN(0x69, d, s, o, 0)
#define LDX_W(d, s, o)  INSN(0x61, d, s, o, 0)
#define LDX_DW(d, s, o) INSN(0x79, d, s, o, 0)
#define STX_B(d, o, s)  INSN(0x73, d, s, o, 0)
#define STX_H(d, o, s)  INSN(0x6b, d, s, o, 0)
#define STX_W(d, o, s)  INSN(0x63, d, s, o, 0)
#define STX_DW(d, o, s) INSN(0x7b, d, s, o, 0)
#define ST_B(d, o, k)   INSN(0x72, d, 0, o, k)
#define ST_H(d, o, k)   INSN(0x6a, d, 0, o, k)
#define ST_W(d, o, k)   INSN(0x62, d, 0, o, k)
#define ST_DW(d, o, k)  INSN(0x7a, d, 0, o, k)

#define ATOMIC_ADD_W(d, o, s)  INSN(0xc3, d, s, o, 0)
#define ATOMIC_ADD_DW(d, o, s) INSN(0xdb, d, s, o, 0)

#define JA(o)          INSN(0x05, 0, 0, o, 0)
#define JEQ_K(d, k, o) INSN(0x15, d, 0, o, k)
#define JNE_K(d, k, o) INSN(0x55, d, 0, o, k)
#define JLT_K(d, k, o) INSN(0xa5, d, 0, o, k)
#define JGT_K(d, k, o) INSN(0x25, d, 0, o, k)
#define JGT_X(d, s, o) INSN(0x2d, d, s, o, 0)
#define JNE_X(d, s, o) INSN(0x5d, d, s, o, 0)

#define CALL(helper)    INSN(0x85, 0, 0, 0, helper)
#define CALL_LOCAL(off) INSN(0x85, 0, 1, 0, off)
#define EXIT            INSN(0x95, 0, 0, 0, 0)

/* Two units. */
#define LD_MAP(d, id)        INSN(0x18, d, 1, 0, id), INSN(0, 0, 0, 0, 0)
#define LD_VALUE(d, id, off) INSN(0x18, d, 2, 0, id), INSN(0, 0, 0, 0, off)
#define LD_IMM64(d, k)       INSN(0x18, d, 0, 0, (uint32_t)(k)), INSN(0, 0, 0, 0, (uint32_t)((uint64_t)(k) >> 32))

#define RETURN(k) MOV_K(0, k), EXIT

#define CTX_DATA     0
#define CTX_DATA_END 4
#define CTX_META     8
#define CTX_IFINDEX  12
#define CTX_QUEUE    16

/* R2 = data, R3 = data_end, from the context in register c; jumps off units ahead if the packet is shorter than bytes.
 * 5 units. */
#define PACKET(c, bytes, off)                                                                                          \
	LDX_W(2, c, CTX_DATA), LDX_W(3, c, CTX_DATA_END), MOV_X(4, 2), ADD_K(4, bytes), JGT_X(4, 3, off)

#define HELPER_MAP_LOOKUP        1
#define HELPER_MAP_UPDATE        2
#define HELPER_MAP_DELETE        3
#define HELPER_KTIME             5
#define HELPER_PRANDOM           7
#define HELPER_PROCESSOR_ID      8
#define HELPER_PERF_EVENT_OUTPUT 25
#define HELPER_CSUM_DIFF         28
#define HELPER_XDP_ADJUST_HEAD   44
#define HELPER_XDP_ADJUST_META   54
#define HELPER_XDP_ADJUST_TAIL   65
#define HELPER_RINGBUF_OUTPUT    130
#define HELPER_RINGBUF_RESERVE   131
#define HELPER_RINGBUF_SUBMIT    132
#define HELPER_RINGBUF_DISCARD   133
#define HELPER_JIFFIES           118
#define HELPER_XDP_LOAD_BYTES    189
#define HELPER_XDP_STORE_BYTES   190
#define HELPER_SPIN_LOCK         93
#define HELPER_SPIN_UNLOCK       94

#endif
