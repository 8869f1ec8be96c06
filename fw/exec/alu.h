/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What arithmetic, conditions and atomics compute (RFC 9669, 4 and 5.3). With a constant op and width each of these
 * folds to the one operation.
 */
#ifndef FW_EXEC_ALU_H
#define FW_EXEC_ALU_H

#include "insn.h"

#define ALU_INLINE static inline __attribute__((always_inline))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "programs are little-endian BPF and access memory as it stands");

/*
 * Division by zero gives 0, the remainder by zero is the dividend; the one overflow, lowest / -1, wraps. Shift counts
 * are taken modulo the width.
 */
#define ALU_EVAL_OF(bits)                                                                                              \
	ALU_INLINE uint##bits##_t alu_sdiv##bits(uint##bits##_t a, uint##bits##_t b)                                   \
	{                                                                                                              \
		if (b == 0)                                                                                            \
			return 0;                                                                                      \
		if (b == UINT##bits##_MAX)                                                                             \
			return 0 - a;                                                                                  \
		return (uint##bits##_t)((int##bits##_t)a / (int##bits##_t)b);                                          \
	}                                                                                                              \
	ALU_INLINE uint##bits##_t alu_smod##bits(uint##bits##_t a, uint##bits##_t b)                                   \
	{                                                                                                              \
		if (b == 0)                                                                                            \
			return a;                                                                                      \
		if (b == UINT##bits##_MAX)                                                                             \
			return 0;                                                                                      \
		return (uint##bits##_t)((int##bits##_t)a % (int##bits##_t)b);                                          \
	}                                                                                                              \
	ALU_INLINE uint##bits##_t alu_eval##bits(enum insn_alu op, uint##bits##_t a, uint##bits##_t b)                 \
	{                                                                                                              \
		switch (op) {                                                                                          \
		case INSN_ALU_ADD:                                                                                     \
			return a + b;                                                                                  \
		case INSN_ALU_SUB:                                                                                     \
			return a - b;                                                                                  \
		case INSN_ALU_OR:                                                                                      \
			return a | b;                                                                                  \
		case INSN_ALU_AND:                                                                                     \
			return a & b;                                                                                  \
		case INSN_ALU_LSH:                                                                                     \
			return a << (b & (bits - 1));                                                                  \
		case INSN_ALU_RSH:                                                                                     \
			return a >> (b & (bits - 1));                                                                  \
		case INSN_ALU_ARSH:                                                                                    \
			return (uint##bits##_t)((int##bits##_t)a >> (b & (bits - 1)));                                 \
		case INSN_ALU_XOR:                                                                                     \
			return a ^ b;                                                                                  \
		case INSN_ALU_MUL:                                                                                     \
			return a * b;                                                                                  \
		case INSN_ALU_DIV:                                                                                     \
			return b ? a / b : 0;                                                                          \
		case INSN_ALU_MOD:                                                                                     \
			return b ? a % b : a;                                                                          \
		case INSN_ALU_SDIV:                                                                                    \
			return alu_sdiv##bits(a, b);                                                                   \
		case INSN_ALU_SMOD:                                                                                    \
			return alu_smod##bits(a, b);                                                                   \
		case INSN_ALU_NEG:                                                                                     \
			return 0 - a;                                                                                  \
		case INSN_ALU_MOV:                                                                                     \
			return b;                                                                                      \
		case INSN_ALU_MOVSX8:                                                                                  \
			return (uint##bits##_t)(int8_t)b;                                                              \
		case INSN_ALU_MOVSX16:                                                                                 \
			return (uint##bits##_t)(int16_t)b;                                                             \
		case INSN_ALU_MOVSX32:                                                                                 \
			return (uint##bits##_t)(int32_t)b;                                                             \
		case INSN_ALU_LE16:                                                                                    \
			return (uint16_t)a;                                                                            \
		case INSN_ALU_LE32:                                                                                    \
			return (uint32_t)a;                                                                            \
		case INSN_ALU_LE64:                                                                                    \
			return a;                                                                                      \
		case INSN_ALU_BSWAP16:                                                                                 \
			return __builtin_bswap16((uint16_t)a);                                                         \
		case INSN_ALU_BSWAP32:                                                                                 \
			return __builtin_bswap32((uint32_t)a);                                                         \
		case INSN_ALU_BSWAP64:                                                                                 \
			return (uint##bits##_t)__builtin_bswap64(a);                                                   \
		}                                                                                                      \
		return 0;                                                                                              \
	}                                                                                                              \
	ALU_INLINE bool alu_cond##bits(enum insn_jmp op, uint##bits##_t a, uint##bits##_t b)                           \
	{                                                                                                              \
		int##bits##_t sa = (int##bits##_t)a;                                                                   \
		int##bits##_t sb = (int##bits##_t)b;                                                                   \
                                                                                                                       \
		switch (op) {                                                                                          \
		case INSN_JMP_EQ:                                                                                      \
			return a == b;                                                                                 \
		case INSN_JMP_GT:                                                                                      \
			return a > b;                                                                                  \
		case INSN_JMP_GE:                                                                                      \
			return a >= b;                                                                                 \
		case INSN_JMP_SET:                                                                                     \
			return a & b;                                                                                  \
		case INSN_JMP_NE:                                                                                      \
			return a != b;                                                                                 \
		case INSN_JMP_SGT:                                                                                     \
			return sa > sb;                                                                                \
		case INSN_JMP_SGE:                                                                                     \
			return sa >= sb;                                                                               \
		case INSN_JMP_LT:                                                                                      \
			return a < b;                                                                                  \
		case INSN_JMP_LE:                                                                                      \
			return a <= b;                                                                                 \
		case INSN_JMP_SLT:                                                                                     \
			return sa < sb;                                                                                \
		case INSN_JMP_SLE:                                                                                     \
			return sa <= sb;                                                                               \
		}                                                                                                      \
		return false;                                                                                          \
	}

ALU_EVAL_OF(32)
ALU_EVAL_OF(64)

/* The new value of dst. width: 4 (zero-extended) or 8 bytes. src: the register, or the sign-extended immediate. */
ALU_INLINE uint64_t alu_eval(enum insn_alu op, unsigned int width, uint64_t dst, uint64_t src)
{
	return width == 8 ? alu_eval64(op, dst, src) : alu_eval32(op, (uint32_t)dst, (uint32_t)src);
}

/* Whether the jump is taken. */
ALU_INLINE bool alu_cond(enum insn_jmp op, unsigned int width, uint64_t dst, uint64_t src)
{
	return width == 8 ? alu_cond64(op, dst, src) : alu_cond32(op, (uint32_t)dst, (uint32_t)src);
}

/* What an atomic operation leaves in memory that held old. r0: what CMPXCHG compares with; both width bytes wide. */
ALU_INLINE uint64_t alu_atomic(enum insn_atomic op, uint64_t old, uint64_t src, uint64_t r0)
{
	switch (op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_FETCH_ADD:
		return old + src;
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_FETCH_OR:
		return old | src;
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_FETCH_AND:
		return old & src;
	case INSN_ATOMIC_XOR:
	case INSN_ATOMIC_FETCH_XOR:
		return old ^ src;
	case INSN_ATOMIC_XCHG:
		return src;
	case INSN_ATOMIC_CMPXCHG:
		return old == r0 ? src : old;
	}
	return old;
}

#endif
