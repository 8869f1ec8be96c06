// SPDX-License-Identifier: BSD-2-Clause
/*
 * The optimiser: what it makes of patterns that compilers emit, and that random programs of such patterns do with
 * machine code what the interpreter makes of the original.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "exec/jit.h"
#include "jit_run.h"
#include "maps.h"
#include "virtio_net_xdp.h"

#define ALL_FORMS ((1u << OPT_FORMS) - 1)
#define ROW_INSNS 16

/* One slot as it should be: form, operation, registers, offset and immediate. */
struct want {
	uint8_t form, op, dst, src;
	int16_t off;
	int64_t imm; /* imm64 of LEA and RMW and of constants, else imm */
};

#define K(name, reg, value)                                                                                            \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .imm = value, .imm64 = value                                            \
	}
#define X(name, reg, from)                                                                                             \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .src = from                                                             \
	}
#define M(name, reg, from, where)                                                                                      \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .src = from, .off = where                                               \
	}
#define ST(name, reg, where, value)                                                                                    \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .off = where, .imm = value, .imm64 = value                              \
	}
#define JK(name, reg, value, to)                                                                                       \
	{                                                                                                              \
		.op = INSN_##name, .dst = reg, .imm = to, .imm64 = value                                               \
	}
#define OP(name)                                                                                                       \
	{                                                                                                              \
		.op = INSN_##name                                                                                      \
	}
#define W(f, name, reg, from, where)                                                                                   \
	{                                                                                                              \
		.form = OPT_##f, .op = INSN_##name, .dst = reg, .src = from, .off = where                              \
	}
#define WI(f, name, reg, from, where, value)                                                                           \
	{                                                                                                              \
		.form = OPT_##f, .op = INSN_##name, .dst = reg, .src = from, .off = where, .imm = value                \
	}
/* An EXIT with R0 known to be small. */
#define ACTS WI(PLAIN, EXIT, 0, 0, 0, 1)
#define GONE                                                                                                           \
	{                                                                                                              \
		.form = OPT_NOTHING                                                                                    \
	}

/* R1 is the context, R6 packet data, R7 a map's value; R0 and R2 to R5 are numbers nobody knows. */
static const struct {
	const char *what;
	struct insn insns[ROW_INSNS + 1]; /* all zeros behind the last one */
	struct want want[ROW_INSNS];
} rows[] = {
	{"two bytes make a load",
	 {M(LDX8, 2, 6, 12), M(LDX8, 0, 6, 13), K(LSH32_K, 0, 8), X(OR32_X, 0, 2), OP(EXIT)},
	 {GONE, GONE, GONE, W(PLAIN, LDX16, 0, 6, 12), W(PLAIN, EXIT, 0, 0, 0)}},
	{"four bytes by adding",
	 {M(LDX8, 0, 6, 3), K(LSH64_K, 0, 8), M(LDX8, 2, 6, 2), X(ADD64_X, 0, 2), K(LSH64_K, 0, 16), M(LDX16, 2, 6, 0),
	  X(OR64_X, 0, 2), OP(EXIT)},
	 {GONE, GONE, GONE, GONE, GONE, GONE, W(PLAIN, LDX32, 0, 6, 0), W(PLAIN, EXIT, 0, 0, 0)}},
	{"in the network's order",
	 {M(LDX8, 0, 6, 4), K(LSH32_K, 0, 8), M(LDX8, 2, 6, 5), X(OR32_X, 0, 2), OP(EXIT)},
	 {GONE, GONE, GONE, W(LDX_SWAP, LDX16, 0, 6, 4), W(PLAIN, EXIT, 0, 0, 0)}},
	{"not across a store to the same place",
	 {M(LDX8, 0, 6, 0), M(STX8, 6, 3, 0), M(LDX8, 2, 6, 1), K(LSH32_K, 2, 8), X(OR32_X, 0, 2), OP(EXIT)},
	 {W(PLAIN, LDX8, 0, 6, 0), W(PLAIN, STX8, 6, 3, 0), W(PLAIN, LDX8, 2, 6, 1), WI(PLAIN, LSH32_K, 2, 0, 0, 8),
	  W(PLAIN, OR32_X, 0, 2, 0), W(PLAIN, EXIT, 0, 0, 0)}},
	{"nor where the base changed",
	 {M(LDX8, 0, 6, 0), K(ADD64_K, 6, 1), M(LDX8, 2, 6, 1), K(LSH32_K, 2, 8), X(OR32_X, 0, 2), OP(EXIT)},
	 {W(PLAIN, LDX8, 0, 6, 0), WI(PLAIN, ADD64_K, 6, 0, 0, 1), W(PLAIN, LDX8, 2, 6, 1),
	  WI(PLAIN, LSH32_K, 2, 0, 0, 8), W(PLAIN, OR32_X, 0, 2, 0), W(PLAIN, EXIT, 0, 0, 0)}},
	{"copied bytes",
	 {M(LDX8, 2, 7, 1), M(STX8, 6, 2, 1), M(LDX8, 2, 7, 0), M(STX8, 6, 2, 0), K(MOV64_K, 0, 1), OP(EXIT)},
	 {GONE, GONE, GONE, WI(COPY, STX16, 6, 7, 0, 0), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"copied within one memory, apart",
	 {M(LDX8, 2, 6, 1), M(STX8, 6, 2, 3), M(LDX8, 2, 6, 0), M(STX8, 6, 2, 2), K(MOV64_K, 0, 1), OP(EXIT)},
	 {GONE, GONE, GONE, WI(COPY, STX16, 6, 6, 2, 0), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"copied onto itself, shifted",
	 {M(LDX8, 2, 6, 0), M(STX8, 6, 2, 1), M(LDX8, 2, 6, 1), M(STX8, 6, 2, 2), K(MOV64_K, 0, 1), OP(EXIT)},
	 {W(PLAIN, LDX8, 2, 6, 0), W(PLAIN, STX8, 6, 2, 1), W(PLAIN, LDX8, 2, 6, 1), W(PLAIN, STX8, 6, 2, 2),
	  WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"counted in memory",
	 {M(LDX64, 2, 7, 8), K(ADD64_K, 2, 1), M(STX64, 7, 2, 8), K(MOV64_K, 0, 1), OP(EXIT)},
	 {GONE, GONE, WI(RMW, ST64, 7, 0, 8, 1), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"counted, and the count is used",
	 {M(LDX64, 0, 7, 8), K(ADD64_K, 0, 1), M(STX64, 7, 0, 8), OP(EXIT)},
	 {W(PLAIN, LDX64, 0, 7, 8), WI(PLAIN, ADD64_K, 0, 0, 0, 1), W(PLAIN, STX64, 7, 0, 8), W(PLAIN, EXIT, 0, 0, 0)}},
	{"an address",
	 {X(MOV64_X, 0, 6), K(ADD64_K, 0, 14), OP(EXIT)},
	 {GONE, WI(LEA, ADD64_K, 0, 6, 0, 14), W(PLAIN, EXIT, 0, 0, 0)}},
	{"a mask of nothing",
	 {M(LDX8, 0, 6, 0), K(AND64_K, 0, 255), OP(EXIT)},
	 {W(PLAIN, LDX8, 0, 6, 0), GONE, W(PLAIN, EXIT, 0, 0, 0)}},
	{"a mask of something",
	 {M(LDX16, 0, 6, 0), K(AND64_K, 0, 255), OP(EXIT)},
	 {W(PLAIN, LDX16, 0, 6, 0), WI(PLAIN, AND64_K, 0, 0, 0, 255), W(PLAIN, EXIT, 0, 0, 0)}},
	{"shifted by more than there is, as the machine does",
	 {K(RSH64_K, 0, 64 + 16), OP(LE32), OP(EXIT)},
	 {WI(PLAIN, RSH64_K, 0, 0, 0, 64 + 16), W(PLAIN, LE32, 0, 0, 0), W(PLAIN, EXIT, 0, 0, 0)}},
	{"likewise, bytes of a load",
	 {M(LDX8, 2, 6, 12), M(LDX8, 0, 6, 13), K(LSH32_K, 0, 32 + 8), X(OR32_X, 0, 2), OP(EXIT)},
	 {GONE, GONE, GONE, W(PLAIN, LDX16, 0, 6, 12), W(PLAIN, EXIT, 0, 0, 0)}},
	{"narrowed by shifts, lin-blind-zext",
	 {X(MOV64_X, 0, 3), K(LSH64_K, 0, 32), K(RSH64_K, 0, 32), OP(EXIT)},
	 {W(PLAIN, MOV64_X, 0, 3, 0), GONE, W(PLAIN, MOV32_X, 0, 0, 0), W(PLAIN, EXIT, 0, 0, 0)}},
	{"the stack between",
	 {M(STX64, 10, 3, -8), M(LDX64, 0, 10, -8), OP(EXIT)},
	 {GONE, W(PLAIN, MOV64_X, 0, 3, 0), W(PLAIN, EXIT, 0, 0, 0)}},
	{"compared where it came from",
	 {M(STX64, 10, 3, -8), M(LDX64, 2, 10, -8), K(MOV64_K, 0, 1), JK(JEQ64_K, 2, 17, 5), K(MOV64_K, 0, 2),
	  OP(EXIT)},
	 {GONE, GONE, WI(PLAIN, MOV64_K, 0, 0, 0, 1), WI(PLAIN, JEQ64_K, 3, 0, 0, 5), WI(PLAIN, MOV64_K, 0, 0, 0, 2),
	  ACTS}},
	{"not if that changed",
	 {M(STX64, 10, 3, -8), M(LDX64, 2, 10, -8), K(ADD64_K, 3, 1), JK(JEQ64_K, 2, 17, 4), M(STX64, 7, 3, 0),
	  K(MOV64_K, 0, 2), OP(EXIT)},
	 {GONE, W(PLAIN, MOV64_X, 2, 3, 0), WI(PLAIN, ADD64_K, 3, 0, 0, 1), WI(PLAIN, JEQ64_K, 2, 0, 0, 4),
	  W(PLAIN, STX64, 7, 3, 0), WI(PLAIN, MOV64_K, 0, 0, 0, 2), ACTS}},
	{"not behind a jump's target",
	 {M(STX64, 10, 3, -8), M(LDX64, 2, 10, -8), JK(JEQ64_K, 4, 0, 4), M(LDX64, 2, 6, 0), JK(JEQ64_K, 2, 17, 6),
	  K(MOV64_K, 3, 2), M(STX64, 7, 3, 0), K(MOV64_K, 0, 2), OP(EXIT)},
	 {GONE, W(PLAIN, MOV64_X, 2, 3, 0), WI(PLAIN, JEQ64_K, 4, 0, 0, 4), W(PLAIN, LDX64, 2, 6, 0),
	  WI(PLAIN, JEQ64_K, 2, 0, 0, 6), WI(PLAIN, MOV64_K, 3, 0, 0, 2), W(PLAIN, STX64, 7, 3, 0),
	  WI(PLAIN, MOV64_K, 0, 0, 0, 2), ACTS}},
	{"half of it",
	 {M(STX64, 10, 3, -8), M(LDX32, 0, 10, -8), OP(EXIT)},
	 {W(PLAIN, STX64, 10, 3, -8), W(PLAIN, LDX32, 0, 10, -8), W(PLAIN, EXIT, 0, 0, 0)}},
	{"packet data is not null",
	 {K(MOV64_K, 0, 1), JK(JNE64_K, 6, 0, 3), K(MOV64_K, 0, 2), OP(EXIT)},
	 {WI(PLAIN, MOV64_K, 0, 0, 0, 1), WI(PLAIN, JA, 0, 0, 0, 3), WI(PLAIN, MOV64_K, 0, 0, 0, 2), ACTS}},
	{"its low half may be",
	 {K(MOV64_K, 0, 1), JK(JNE32_K, 6, 0, 3), K(MOV64_K, 0, 2), OP(EXIT)},
	 {WI(PLAIN, MOV64_K, 0, 0, 0, 1), WI(PLAIN, JNE32_K, 6, 0, 0, 3), WI(PLAIN, MOV64_K, 0, 0, 0, 2), ACTS}},
	{"dead in a loop",
	 {K(MOV64_K, 2, 1), K(MOV64_K, 0, 1), K(ADD64_K, 2, 1), JK(JLT64_K, 2, 9, 2), OP(EXIT)},
	 {WI(PLAIN, MOV64_K, 2, 0, 0, 1), WI(PLAIN, MOV64_K, 0, 0, 0, 1), WI(PLAIN, ADD64_K, 2, 0, 0, 1),
	  WI(PLAIN, JLT64_K, 2, 0, 0, 2), W(PLAIN, EXIT, 0, 0, 0)}},
	{"dead behind a jump back",
	 {JK(JEQ64_K, 3, 0, 4), X(MOV64_X, 0, 2), K(XOR64_K, 0, 1), OP(EXIT), M(LDX8, 2, 6, 0), M(LDX8, 4, 6, 1),
	  K(JA, 0, 1)},
	 {WI(PLAIN, JEQ64_K, 3, 0, 0, 4), W(PLAIN, MOV64_X, 0, 2, 0), WI(PLAIN, XOR64_K, 0, 0, 0, 1),
	  W(PLAIN, EXIT, 0, 0, 0), W(PLAIN, LDX8, 2, 6, 0), GONE, WI(PLAIN, JA, 0, 0, 0, 1)}},
	{"small wherever a run comes from to the end",
	 {K(MOV64_K, 0, 1), JK(JEQ64_K, 3, 0, 3), JK(JA, 0, 0, 3), OP(EXIT), K(MOV64_K, 0, 2), JK(JEQ64_K, 4, 0, 3),
	  K(MOV64_K, 0, 3), JK(JEQ64_K, 5, 0, 3), M(STX8, 6, 3, 0), OP(EXIT)},
	 {WI(PLAIN, MOV64_K, 0, 0, 0, 1), WI(PLAIN, JEQ64_K, 3, 0, 0, 3), ACTS, ACTS, WI(PLAIN, MOV64_K, 0, 0, 0, 2),
	  WI(PLAIN, JEQ64_K, 4, 0, 0, 3), WI(PLAIN, MOV64_K, 0, 0, 0, 3), WI(PLAIN, JEQ64_K, 5, 0, 0, 3),
	  W(PLAIN, STX8, 6, 3, 0), ACTS}},
	{"not if it comes back with more",
	 {K(MOV64_K, 0, 1), JK(JEQ64_K, 3, 0, 3), M(STX8, 6, 3, 1), OP(EXIT), K(MOV64_K, 0, 4), JK(JEQ64_K, 4, 0, 3),
	  K(MOV64_K, 0, 3), OP(EXIT)},
	 {WI(PLAIN, MOV64_K, 0, 0, 0, 1), WI(PLAIN, JEQ64_K, 3, 0, 0, 3), W(PLAIN, STX8, 6, 3, 1),
	  W(PLAIN, EXIT, 0, 0, 0), WI(PLAIN, MOV64_K, 0, 0, 0, 4), WI(PLAIN, JEQ64_K, 4, 0, 0, 3),
	  WI(PLAIN, MOV64_K, 0, 0, 0, 3), ACTS}},
	{"not where a branch there may read it",
	 {JK(JEQ64_K, 3, 0, 5), JK(JEQ64_K, 5, 0, 3), X(MOV64_X, 0, 2), K(XOR64_K, 0, 1), OP(EXIT), M(LDX8, 2, 6, 0),
	  M(LDX8, 5, 6, 1), K(JA, 0, 1)},
	 {WI(PLAIN, JEQ64_K, 3, 0, 0, 5), WI(PLAIN, JEQ64_K, 5, 0, 0, 3), W(PLAIN, MOV64_X, 0, 2, 0),
	  WI(PLAIN, XOR64_K, 0, 0, 0, 1), W(PLAIN, EXIT, 0, 0, 0), W(PLAIN, LDX8, 2, 6, 0), W(PLAIN, LDX8, 5, 6, 1),
	  WI(PLAIN, JA, 0, 0, 0, 1)}},
	{"counted before a jump back",
	 {JK(JEQ64_K, 3, 0, 4), K(MOV64_K, 0, 2), M(STX8, 6, 0, 0), OP(EXIT), M(LDX64, 2, 7, 8), K(ADD64_K, 2, 1),
	  M(STX64, 7, 2, 8), K(JA, 0, 1)},
	 {WI(PLAIN, JEQ64_K, 3, 0, 0, 4), WI(PLAIN, MOV64_K, 0, 0, 0, 2), W(PLAIN, STX8, 6, 0, 0), ACTS, GONE, GONE,
	  WI(RMW, ST64, 7, 0, 8, 1), WI(PLAIN, JA, 0, 0, 0, 1)}},
	{"and the count is used there",
	 {JK(JEQ64_K, 3, 0, 4), K(XOR64_K, 2, 2), M(STX8, 6, 2, 0), OP(EXIT), M(LDX64, 2, 7, 8), K(ADD64_K, 2, 1),
	  M(STX64, 7, 2, 8), K(JA, 0, 1)},
	 {WI(PLAIN, JEQ64_K, 3, 0, 0, 4), WI(PLAIN, XOR64_K, 2, 0, 0, 2), W(PLAIN, STX8, 6, 2, 0),
	  W(PLAIN, EXIT, 0, 0, 0), W(PLAIN, LDX64, 2, 7, 8), WI(PLAIN, ADD64_K, 2, 0, 0, 1), W(PLAIN, STX64, 7, 2, 8),
	  WI(PLAIN, JA, 0, 0, 0, 1)}},
	{"copied by way of the stack",
	 {M(LDX16, 2, 6, 0), M(STX16, 10, 2, -8), M(LDX8, 3, 7, 0), M(STX8, 6, 3, 0), M(LDX8, 2, 10, -8),
	  M(STX8, 7, 2, 0), M(LDX8, 2, 10, -7), M(STX8, 7, 2, 1), K(MOV64_K, 0, 1), OP(EXIT)},
	 {W(PLAIN, LDX16, 2, 6, 0), GONE, W(PLAIN, LDX8, 3, 7, 0), W(PLAIN, STX8, 6, 3, 0), GONE, GONE, GONE,
	  W(PLAIN, STX16, 7, 2, 0), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"and the register changed",
	 {M(LDX16, 2, 6, 0), M(STX16, 10, 2, -8), M(LDX8, 2, 7, 0), M(STX8, 6, 2, 0), M(LDX8, 2, 10, -8),
	  M(STX8, 7, 2, 0), M(LDX8, 2, 10, -7), M(STX8, 7, 2, 1), K(MOV64_K, 0, 1), OP(EXIT)},
	 {W(PLAIN, LDX16, 2, 6, 0), W(PLAIN, STX16, 10, 2, -8), W(PLAIN, LDX8, 2, 7, 0), W(PLAIN, STX8, 6, 2, 0), GONE,
	  GONE, GONE, WI(COPY, STX16, 7, 10, 0, -8), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"or half of the bytes",
	 {M(LDX32, 2, 6, 0), M(STX32, 10, 2, -8), M(STX16, 10, 3, -6), M(LDX8, 4, 10, -8), M(STX8, 7, 4, 0),
	  M(LDX8, 4, 10, -7), M(STX8, 7, 4, 1), M(LDX8, 4, 10, -6), M(STX8, 7, 4, 2), M(LDX8, 4, 10, -5),
	  M(STX8, 7, 4, 3), K(MOV64_K, 0, 1), OP(EXIT)},
	 {W(PLAIN, LDX32, 2, 6, 0), W(PLAIN, STX32, 10, 2, -8), W(PLAIN, STX16, 10, 3, -6), GONE, GONE, GONE, GONE,
	  GONE, GONE, GONE, WI(COPY, STX32, 7, 10, 0, -8), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS}},
	{"counted for all, by a number",
	 {K(MOV64_K, 2, 1), M(AADD64, 7, 2, 8), K(MOV64_K, 0, 3), OP(EXIT)},
	 {GONE, WI(RMW, ST64, 7, 0, 8, 1), WI(PLAIN, MOV64_K, 0, 0, 0, 3), ACTS}},
	{"by what nobody knows",
	 {M(AADD32, 7, 2, 8), M(AAND64, 7, 3, 16), K(MOV64_K, 0, 4), OP(EXIT)},
	 {W(RMW, STX32, 7, 2, 8), W(RMW, STX64, 7, 3, 16), WI(PLAIN, MOV64_K, 0, 0, 0, 4), W(PLAIN, EXIT, 0, 0, 0)}},
	{"by a number that no instruction has",
	 {{.op = INSN_LD_IMM64, .dst = 2, .imm64 = 0x80000000},
	  OP(LD_SLOT2),
	  M(AADD64, 7, 2, 8),
	  M(AXOR32, 7, 2, 8),
	  K(MOV64_K, 0, 4),
	  OP(EXIT)},
	 {WI(PLAIN, LD_IMM64, 2, 0, 0, 0), W(PLAIN, LD_SLOT2, 0, 0, 0), W(RMW, STX64, 7, 2, 8),
	  WI(RMW, ST32, 7, 0, 8, INT32_MIN), WI(PLAIN, MOV64_K, 0, 0, 0, 4), W(PLAIN, EXIT, 0, 0, 0)}},
	{"counted, and the old count is used",
	 {M(AFADD64, 7, 0, 8), OP(EXIT)},
	 {W(PLAIN, AFADD64, 7, 0, 8), W(PLAIN, EXIT, 0, 0, 0)}},
	{"a jump to the end",
	 {JK(JEQ64_K, 2, 5, 3), K(MOV64_K, 0, 1), {.op = INSN_JA, .imm = 4}, K(MOV64_K, 0, 2), OP(EXIT)},
	 {WI(PLAIN, JEQ64_K, 2, 0, 0, 3), WI(PLAIN, MOV64_K, 0, 0, 0, 1), ACTS, WI(PLAIN, MOV64_K, 0, 0, 0, 2), ACTS}},
};

/* What every row begins with. */
static uint32_t begin(struct asmr *a, struct map *map)
{
	asmr_start(a, false);
	a->access[asmr_add(a, INSN_LDX32, 6, 1, 0, 0)] = EXEC_ACCESS_CTX;
	asmr_imm64(a, INSN_LD_MAP_VALUE, 7, map ? (uintptr_t)map->ops->value_addr(map, 0) : 0x1000);
	return a->count;
}

Test(opt, patterns)
{
	static struct asmr a;

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		uint32_t first = begin(&a, NULL), count = 0;
		uint8_t mark[64] = {0};
		struct exec_prog prog = {.insns = a.insns, .access = a.access};
		struct opt opt;

		while (rows[n].insns[count].op || rows[n].insns[count].dst || rows[n].insns[count].imm) {
			struct insn insn = rows[n].insns[count++];
			uint8_t cls = insn_info[insn.op].cls;

			if (cls == INSN_CLASS_JMP || cls == INSN_CLASS_JA) {
				insn.imm += (int32_t)first;
				mark[insn.imm] |= JIT_MARK_TARGET;
				mark[insn.imm] |= (uint32_t)insn.imm <= a.count ? JIT_MARK_BACK : 0;
			}
			a.insns[a.count++] = insn;
		}
		prog.count = a.count;
		cr_assert_eq(opt_run(&prog, mark, ALL_FORMS, run_scratch(), &opt), 0);
		for (uint32_t i = 0; i < count; i++) {
			const struct want *want = &rows[n].want[i];
			const struct insn *got = &opt.insns[first + i];
			uint8_t form = opt.form[first + i], cls = insn_info[got->op].cls;
			int64_t imm = form == OPT_LEA || form == OPT_RMW ? got->imm64 : got->imm;

			cr_assert_eq(form, want->form, "%s: slot %u has form %u", rows[n].what, i, form);
			if (form == OPT_NOTHING)
				continue;
			if (cls == INSN_CLASS_JMP || cls == INSN_CLASS_JA)
				imm -= first;
			cr_assert(got->op == want->op && got->dst == want->dst && got->src == want->src &&
					  got->off == want->off && imm == want->imm,
				  "%s: slot %u is %s dst %u src %u off %d imm %lld", rows[n].what, i,
				  insn_info[got->op].text, got->dst, got->src, got->off, (long long)imm);
		}
		opt_free(&opt, run_scratch());
		cr_assert_eq(run_scratch()->used, 0, "%s: memory is kept", rows[n].what);
	}
}

/* Random programs */

#define PROGRAMS     4000
#define MAX_BODY     50
#define PACKET_BYTES 64
#define STACK_BYTES  48
#define ENTRIES      9
#define VALUE_BYTES  24

struct gen {
	struct asmr a;
	uint64_t random;
	struct map *map; /* one value, R7 and R8 lead into it */
};

static uint32_t below(struct gen *g, uint32_t n)
{
	return (uint32_t)(run_random(&g->random) >> 33) % n;
}

/* R6 and R9 lead into the packet, 5 bytes apart. */
static unsigned int any_base(struct gen *g, int16_t *off)
{
	static const uint8_t bases[] = {6, 6, 7, 8, 9, 10};
	unsigned int base = bases[below(g, ARRAY_SIZE(bases))];

	*off = (int16_t)below(g, 12);
	if (base == 10)
		*off = (int16_t)(*off - STACK_BYTES);
	return base;
}

static void gen_bytes(struct gen *g)
{
	static const uint8_t alu[] = {INSN_OR64_X, INSN_OR32_X, INSN_ADD64_X, INSN_XOR64_X, INSN_MOV64_X, INSN_MOV32_X};
	static const uint8_t swaps[] = {INSN_BE16, INSN_BE32, INSN_BSWAP64, INSN_LE16, INSN_LE32};
	static const uint8_t shifts[] = {INSN_LSH64_K, INSN_LSH32_K, INSN_RSH64_K, INSN_RSH32_K};
	static const int32_t masks[] = {0xff, 0xffff, 0xff00, 0x7fffffff, -1, -256, 0x0f};
	unsigned int dst = below(g, 6), src = below(g, 6);
	int16_t off;

	switch (below(g, 12)) {
	case 0:
	case 1:
	case 2:
		src = any_base(g, &off);
		asmr_add(&g->a, INSN_LDX8 + (below(g, 4) ? 0 : below(g, 4)), dst, src, off, 0);
		return;
	case 3:
	case 4:
	case 5:
		dst = any_base(g, &off);
		asmr_add(&g->a, INSN_STX8 + (below(g, 3) ? 0 : below(g, 4)), dst, src, off, 0);
		return;
	case 6:
		asmr_add(&g->a, shifts[below(g, 4)], dst, 0, 0, (int32_t)(8 * below(g, 4)));
		return;
	case 7:
		asmr_add(&g->a, INSN_AND64_K + (below(g, 2) ? INSN_AND32_K - INSN_AND64_K : 0), dst, 0, 0,
			 masks[below(g, ARRAY_SIZE(masks))]);
		return;
	case 8:
		asmr_add(&g->a, swaps[below(g, ARRAY_SIZE(swaps))], dst, 0, 0, 0);
		return;
	default:
		asmr_add(&g->a, alu[below(g, ARRAY_SIZE(alu))], dst, src, 0, 0);
	}
}

/* What a compiler makes of unaligned fields. */
static void gen_field(struct gen *g)
{
	unsigned int a = below(g, 6), b = below(g, 6), bytes = 1 + below(g, 6);
	int16_t from_off, to_off;
	unsigned int from = any_base(g, &from_off), to = any_base(g, &to_off);
	bool down = below(g, 2);

	if (below(g, 2)) {
		asmr_add(&g->a, INSN_LDX8, a, from, (int16_t)(from_off + down), 0);
		asmr_add(&g->a, INSN_LDX8, b, from, (int16_t)(from_off + !down), 0);
		asmr_add(&g->a, INSN_LSH32_K, b, 0, 0, 8);
		asmr_add(&g->a, INSN_OR32_X, b, a, 0, 0);
		return;
	}
	for (unsigned int n = 0; n < bytes; n++) {
		int16_t at = (int16_t)(down ? bytes - 1 - n : n);

		asmr_add(&g->a, INSN_LDX8, a, from, (int16_t)(from_off + at), 0);
		asmr_add(&g->a, INSN_STX8, to, a, (int16_t)(to_off + at), 0);
	}
}

static void gen_near(struct gen *g, unsigned int base, int16_t off)
{
	int16_t at = (int16_t)(off + (int16_t)below(g, 3));
	unsigned int width = below(g, 2);

	if (base != 10 && below(g, 2))
		base = base == 6 ? 9 : base == 9 ? 6 : base == 7 ? 8 : 7;
	if (below(g, 2))
		asmr_add(&g->a, INSN_LDX8 + width, below(g, 6), base, at, 0);
	else
		asmr_add(&g->a, INSN_STX8 + width, base, below(g, 6), at, 0);
}

/* Fields in pieces, loaded first and stored then, with other accesses of what is near in between. */
static void gen_tangle(struct gen *g)
{
	int16_t from_off, to_off;
	unsigned int from = any_base(g, &from_off), to = any_base(g, &to_off), count = 2 + below(g, 3);
	unsigned int first = below(g, 6), addend = 0;

	for (unsigned int n = 0; n < count; n++) {
		asmr_add(&g->a, INSN_LDX8, (first + n) % 6, from, (int16_t)(from_off + (int)n), 0);
		if (!below(g, 4))
			gen_near(g, to, to_off);
	}
	if (!below(g, 4) && from != 10) {
		asmr_add(&g->a, INSN_ADD64_K, from, 0, 0, 1);
		addend = from;
	}
	if (!below(g, 3))
		gen_near(g, from, from_off);
	for (unsigned int n = 0; n < count; n++) {
		asmr_add(&g->a, INSN_STX8, to, (first + n) % 6, (int16_t)(to_off + (int)n), 0);
		if (!below(g, 8))
			gen_near(g, from, from_off);
		else if (!below(g, 8))
			gen_near(g, to, to_off);
	}
	if (addend)
		asmr_add(&g->a, INSN_ADD64_K, addend, 0, 0, -1);
}

/* The stack written in one width, over what was there, and read in another. */
static void gen_stack(struct gen *g)
{
	int16_t off = (int16_t)(-STACK_BYTES + (int16_t)below(g, 8));
	unsigned int reg = below(g, 6);

	asmr_add(&g->a, INSN_STX8 + below(g, 4), 10, reg, off, 0);
	if (below(g, 2))
		gen_near(g, 10, off);
	if (below(g, 2))
		asmr_add(&g->a, INSN_ADD64_K, reg, 0, 0, 1);
	if (!below(g, 4)) {
		asmr_add(&g->a, INSN_MOV64_X, 5, 10, 0, 0);
		asmr_add(&g->a, INSN_ADD64_K, 5, 0, 0, off);
		asmr_add(&g->a, INSN_ST16, 5, 0, 1, (int32_t)below(g, 99));
		asmr_imm64(&g->a, INSN_LD_IMM64, 5, run_random(&g->random));
	}
	asmr_add(&g->a, INSN_LDX8 + below(g, 4), below(g, 6), 10, off, 0);
}

/* A field moved by way of the stack, as compilers swap two; R10 goes nowhere here. */
static void gen_swap(struct gen *g)
{
	int16_t from_off, to_off, off = (int16_t)(-STACK_BYTES + (int16_t)below(g, 8));
	unsigned int from = any_base(g, &from_off), to = any_base(g, &to_off), reg = below(g, 6),
		     wide = 1 + below(g, 2);

	asmr_add(&g->a, INSN_LDX8 + wide, reg, from, from_off, 0);
	asmr_add(&g->a, INSN_STX8 + wide, 10, reg, off, 0);
	if (below(g, 2))
		gen_near(g, 10, off);
	for (int n = 0; n < 1 << wide; n++) {
		asmr_add(&g->a, INSN_LDX8, reg, 10, (int16_t)(off + n), 0);
		asmr_add(&g->a, INSN_STX8, to, reg, (int16_t)(to_off + n), 0);
	}
}

static void gen_count(struct gen *g)
{
	static const uint8_t alu[] = {INSN_ADD64_K, INSN_SUB32_K, INSN_AND64_K,
				      INSN_OR64_X,  INSN_XOR32_X, INSN_ADD64_X};
	unsigned int reg = below(g, 6), width = below(g, 4);
	enum insn_op op = alu[below(g, ARRAY_SIZE(alu))];
	int16_t off;
	unsigned int base = any_base(g, &off);

	asmr_add(&g->a, INSN_LDX8 + width, reg, base, off, 0);
	asmr_add(&g->a, op, reg, insn_info[op].form == INSN_FORM_ALU_X ? below(g, 6) : 0, 0,
		 insn_info[op].form == INSN_FORM_ALU_K ? (int32_t)run_random(&g->random) >> below(g, 32) : 0);
	asmr_add(&g->a, INSN_STX8 + width, base, reg, off, 0);
	if (below(g, 2))
		asmr_imm64(&g->a, INSN_LD_IMM64, reg, run_random(&g->random));
}

static void gen_numbers(struct gen *g, unsigned int first)
{
	for (unsigned int reg = first; reg <= 5; reg++)
		asmr_imm64(&g->a, INSN_LD_IMM64, reg, run_random(&g->random) >> below(g, 64));
}

/* An element of the second map, read and written where there is one. */
static void gen_lookup(struct gen *g)
{
	unsigned int key = below(g, 6);
	int16_t off = (int16_t)(-STACK_BYTES + 4 * (int16_t)below(g, 4));
	uint32_t jump;

	if (below(g, 2))
		asmr_add(&g->a, INSN_AND32_K, key, 0, 0, below(g, 2) ? 7 : 15);
	if (below(g, 3))
		asmr_add(&g->a, INSN_STX32, 10, key, off, 0);
	else
		asmr_add(&g->a, INSN_ST32, 10, 0, off, (int32_t)below(g, ENTRIES + 2));
	asmr_add(&g->a, INSN_MOV64_X, 2, 10, 0, 0);
	asmr_add(&g->a, INSN_ADD64_K, 2, 0, 0, off);
	g->a.insns[asmr_imm64(&g->a, INSN_LD_MAP, 1, 0)].imm = 1;
	asmr_add(&g->a, INSN_CALL, 0, 0, 0, 1);
	if (below(g, 2))
		gen_numbers(g, 1);
	jump = asmr_jmp(&g->a, INSN_JEQ64_K, 0, 0, 0, 0);
	asmr_add(&g->a, INSN_LDX64, 1, 0, 8, 0);
	asmr_add(&g->a, INSN_ADD64_K, 1, 0, 0, 3);
	asmr_add(&g->a, INSN_STX64, 0, 1, 8, 0);
	if (below(g, 2)) {
		asmr_add(&g->a, INSN_LDX8, 2, 0, 3, 0);
		asmr_add(&g->a, INSN_LDX8, 3, 0, 4, 0);
		asmr_add(&g->a, INSN_STX8, 6, 2, 7, 0);
		asmr_add(&g->a, INSN_STX8, 6, 3, 8, 0);
	}
	g->a.insns[jump].imm = (int32_t)g->a.count;
	gen_numbers(g, 0);
	if (below(g, 2))
		asmr_add(&g->a, INSN_LDX32, 1, 10, off, 0);
}

/* An end that branches behind it lead back to. */
static uint32_t gen_end(struct gen *g)
{
	uint32_t over = asmr_jmp(&g->a, INSN_JA, 0, 0, 0, 0), at = g->a.count;

	for (uint32_t n = below(g, 12); n--;)
		gen_bytes(g);
	asmr_add(&g->a, INSN_XOR64_X, 0, below(g, 6), 0, 0);
	asmr_add(&g->a, INSN_EXIT, 0, 0, 0, 0);
	g->a.insns[over].imm = (int32_t)g->a.count;
	return at;
}

/* Mostly not taken. */
static void gen_back(struct gen *g, uint32_t end)
{
	unsigned int reg = below(g, 6);

	if (below(g, 2)) {
		asmr_jmp(&g->a, INSN_JLT32_K, reg, 0, 1 << below(g, 31), end);
		return;
	}
	asmr_jmp(&g->a, INSN_JGE32_K, reg, 0, 1 << below(g, 31), g->a.count + 3);
	asmr_add(&g->a, INSN_LDX8, below(g, 6), 6, 1, 0);
	asmr_jmp(&g->a, INSN_JA, 0, 0, 0, end);
}

static void gen_body(struct gen *g)
{
	uint32_t jump = UINT32_MAX, end = gen_end(g);

	for (uint32_t n = 10 + below(g, MAX_BODY); n--;) {
		uint32_t what = below(g, 20);

		if (jump != UINT32_MAX && !below(g, 6)) {
			g->a.insns[jump].imm = (int32_t)g->a.count;
			jump = UINT32_MAX;
		}
		if (what == 0 && jump == UINT32_MAX)
			jump = asmr_jmp(&g->a, INSN_JGT32_K, below(g, 6), 0, (int32_t)below(g, 300), 0);
		else if (what == 1)
			gen_lookup(g);
		else if (what < 5)
			gen_field(g);
		else if (what < 7)
			gen_count(g);
		else if (what < 10)
			gen_tangle(g);
		else if (what == 10)
			gen_stack(g);
		else if (what == 11)
			gen_back(g, end);
		else if (what == 12)
			gen_swap(g);
		else
			gen_bytes(g);
	}
	if (jump != UINT32_MAX)
		g->a.insns[jump].imm = (int32_t)g->a.count;
}

static void gen_program(struct gen *g)
{
	begin(&g->a, g->map);
	asmr_add(&g->a, INSN_MOV64_X, 9, 6, 0, 0);
	asmr_add(&g->a, INSN_ADD64_K, 9, 0, 0, 5);
	asmr_add(&g->a, INSN_MOV64_X, 8, 7, 0, 0);
	asmr_add(&g->a, INSN_ADD64_K, 8, 0, 0, 4);
	for (int16_t off = -STACK_BYTES; off < 0; off += 8)
		asmr_add(&g->a, INSN_ST64, 10, 0, off, (int32_t)run_random(&g->random));
	gen_numbers(g, 0);
	gen_body(g);
	for (unsigned int reg = 1; reg <= 5; reg++) {
		asmr_add(&g->a, INSN_MUL64_K, 0, 0, 0, 31);
		asmr_add(&g->a, INSN_ADD64_X, 0, reg, 0, 0);
	}
	for (int16_t off = -STACK_BYTES; off < 0; off += 8) {
		if (below(g, 2))
			continue;
		asmr_add(&g->a, INSN_LDX64, 1, 10, off, 0);
		asmr_add(&g->a, INSN_ADD64_X, 0, 1, 0, 0);
	}
	asmr_add(&g->a, INSN_EXIT, 0, 0, 0, 0);
}

struct outcome {
	uint64_t r0;
	uint8_t packet[PACKET_BYTES];
	uint8_t value[VALUE_BYTES];
	uint8_t elements[ENTRIES][VALUE_BYTES];
};

static void print_program(const struct asmr *a)
{
	char text[128];

	for (uint32_t i = 0; i < a->count; i++) {
		insn_print(text, sizeof(text), a->insns, i);
		fprintf(stderr, "%4u: %s\n", i, text);
	}
}

static struct outcome outcome_of(const struct asmr *g, const struct exec_prog *prog, const struct jit *jit,
				 uint64_t seed)
{
	uint8_t packet[PACKET_BYTES];
	struct fw_frame frame = {.data = packet, .data_meta = packet, .data_end = packet + PACKET_BYTES};
	struct run run = {.frame = &frame, .prog = prog, .num_queues = 1};
	struct outcome out;

	for (size_t n = 0; n < sizeof(packet); n++)
		packet[n] = (uint8_t)run_random(&seed);
	for (uint32_t k = 0; k < ENTRIES; k++)
		memset(maps_at(prog->maps[1], k), (int)(k + seed), VALUE_BYTES);
	memset(maps_at(prog->maps[0], 0), (int)seed, VALUE_BYTES);
	out.r0 = jit ? run_watched(jit, &frame, &run, 0, "random program") : interp_run(prog, &run);
	if (run.fault)
		print_program(g);
	cr_assert_null(run.fault, "instruction %u: %s", run.fault_insn, run.fault);
	memcpy(out.packet, packet, sizeof(packet));
	memcpy(out.value, maps_at(prog->maps[0], 0), VALUE_BYTES);
	for (uint32_t k = 0; k < ENTRIES; k++)
		memcpy(out.elements[k], maps_at(prog->maps[1], k), VALUE_BYTES);
	return out;
}

static void compare(struct gen *g, const struct exec_prog *prog, uint64_t seed)
{
	struct jit jit;
	uint32_t at;
	struct outcome want, got;
	int rc = jit_compile(prog, run_scratch(), &rig_platform, NULL, &jit, &at);

	cr_assert_eq(rc, 0, "program %llu: %d at %u", (unsigned long long)seed, rc, at);
	for (uint64_t n = 0; n < 2; n++) {
		want = outcome_of(&g->a, prog, NULL, seed + n);
		got = outcome_of(&g->a, prog, &jit, seed + n);
		if (memcmp(&want, &got, sizeof(want)) != 0) {
			print_program(&g->a);
			cr_assert_fail(
				"program %llu: R0 %llx, expected %llx; packet %s, value %s, elements %s",
				(unsigned long long)seed, (unsigned long long)got.r0, (unsigned long long)want.r0,
				memcmp(got.packet, want.packet, PACKET_BYTES) != 0 ? "differs" : "same",
				memcmp(got.value, want.value, VALUE_BYTES) != 0 ? "differs" : "same",
				memcmp(got.elements, want.elements, sizeof(got.elements)) != 0 ? "differs" : "same");
		}
	}
	run_free(&jit);
}

Test(opt, random_programs_are_the_same, .disabled = !RUN_HAS_JIT)
{
	struct map *const maps[] = {maps_new(VIRTIO_NET_XDP_MAP_ARRAY, 4, VALUE_BYTES, 1, 0),
				    maps_new(VIRTIO_NET_XDP_MAP_ARRAY, 4, VALUE_BYTES, ENTRIES, 0)};
	static struct gen g;

	g.map = maps[0];
	for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
		struct exec_prog prog = {.insns = g.a.insns, .access = g.a.access, .maps = maps, .num_maps = 2};

		g.random = seed;
		gen_program(&g);
		prog.count = g.a.count;
		/* LD_MAP's constant, as exec_link() would have left it. */
		for (uint32_t i = 0; i < prog.count; i++)
			if (g.a.insns[i].op == INSN_LD_MAP)
				g.a.insns[i].imm64 = (int64_t)(uintptr_t)maps[1];
		prog.blind = seed % 3 ? 0 : seed + 1;
		compare(&g, &prog, seed);
	}
	free(maps[0]);
	free(maps[1]);
}

/* lin-blind-zext: hidden constants are the same numbers, zero-extended where 32 bits wide, and do not stand in the
 * code. */
Test(opt, blinding_hides_immediates, .disabled = !RUN_HAS_JIT)
{
	const int32_t imm = 0x5ec2e7a9;
	static struct asmr a;
	struct exec_prog prog = {.insns = a.insns, .access = a.access, .plain_memory = true};
	bool found[2] = {false, false};

	asmr_start(&a, true);
	asmr_imm64(&a, INSN_LD_IMM64, 0, UINT64_MAX);
	asmr_add(&a, INSN_MOV32_K, 0, 0, 0, imm);
	asmr_add(&a, INSN_XOR64_K, 0, 0, 0, imm);
	asmr_add(&a, INSN_OR32_K, 0, 0, 0, imm);
	asmr_jmp(&a, INSN_JNE64_K, 0, 0, imm, 6);
	asmr_add(&a, INSN_ADD64_K, 0, 0, 0, -1);
	asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
	prog.count = a.count;
	for (unsigned int blind = 0; blind < 2; blind++) {
		struct run run = {.prog = &prog};
		struct jit jit;
		uint32_t at;

		prog.blind = blind * 12345;
		cr_assert_eq(jit_compile(&prog, run_scratch(), &rig_platform, NULL, &jit, &at), 0);
		cr_assert_eq(run_watched(&jit, NULL, &run, 0, "blinding"), (uint64_t)imm - 1);
		for (size_t n = 0; n + sizeof(imm) <= jit.bytes; n++)
			found[blind] |= !memcmp(jit.code.exec + n, &imm, sizeof(imm));
		run_free(&jit);
	}
#if defined(__x86_64__)
	cr_assert(found[0] && !found[1], "the constant is in the code: %d, hidden: %d", found[0], found[1]);
#endif
}

/*
 * A key of 4 or 8 bytes is looked up in place, and taken from the register that it was stored from; where that changes
 * before the lookup, from where the store still is. What loads the map into R1 is no such change: nobody asks for it.
 */
Test(opt, finds_in_hashes)
{
	static const struct {
		uint8_t key_reg;
		bool changes;
		bool knows_map;
	} keys[] = {{3, false, true}, {3, true, true},   {1, false, true},
		    {1, true, true},  {3, false, false}, {1, false, false}};
	static struct asmr a;

	for (uint32_t n = 0; n < 16 * sizeof(keys) / sizeof(keys[0]); n++) {
		uint32_t key = n % 16 + 1;
		struct map *map = maps_new(VIRTIO_NET_XDP_MAP_HASH, key, 8, 4, 0);
		bool fits = key == 4 || key == 8, changes = keys[n / 16].changes, knows_map = keys[n / 16].knows_map;
		uint8_t key_reg = keys[n / 16].key_reg, mark[64] = {0};
		bool in_register = !changes && (key_reg != 1 || knows_map);
		struct exec_call calls[64];
		struct exec_prog prog = {
			.insns = a.insns, .access = a.access, .calls = calls, .maps = &map, .num_maps = 1};
		uint32_t find, store;
		struct opt opt;

		begin(&a, NULL);
		asmr_add(&a, INSN_LDX64, key_reg, 6, 0, 0);
		store = asmr_add(&a, INSN_STX64, 10, key_reg, -16, 0);
		asmr_add(&a, INSN_STX64, 10, 4, -8, 0);
		if (changes)
			asmr_add(&a, INSN_ADD64_K, key_reg, 0, 0, 1);
		asmr_add(&a, INSN_STX64, 6, key_reg, 0, 0);
		asmr_add(&a, INSN_MOV64_X, 2, 10, 0, 0);
		asmr_add(&a, INSN_ADD64_K, 2, 0, 0, -16);
		a.insns[asmr_imm64(&a, INSN_LD_MAP, 1, (uintptr_t)map)].imm = 0;
		find = asmr_add(&a, INSN_CALL, 0, 0, 0, 1);
		asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
		prog.count = a.count;
		for (uint32_t i = 0; i < a.count; i++)
			calls[i] = (struct exec_call){.map = knows_map && i == find ? 0 : EXEC_NO_MAP};
		cr_assert_eq(opt_run(&prog, mark, ALL_FORMS, run_scratch(), &opt), 0);
		cr_assert_eq(opt.form[find],
			     !fits         ? OPT_PLAIN
			     : in_register ? OPT_FIND_REG
					   : OPT_FIND,
			     "row %u, key of %u bytes: form %d", n / 16, key, opt.form[find]);
		if (fits) {
			cr_assert_eq(opt.insns[find].imm64, key);
			cr_assert_eq(opt.insns[find].src, in_register ? key_reg : INSN_FRAME_PTR);
			cr_assert(in_register || opt.insns[find].off == -16);
			cr_assert_eq(opt.form[store], in_register ? OPT_NOTHING : OPT_PLAIN, "row %u, the key", n / 16);
			cr_assert_eq(opt.form[find - 2], OPT_NOTHING, "nobody asks for the map's address");
		}
		opt_free(&opt, run_scratch());
		free(map);
	}
}
