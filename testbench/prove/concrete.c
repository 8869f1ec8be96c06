/* SPDX-License-Identifier: BSD-2-Clause */
#include "prove/concrete.h"

static uint64_t ones(unsigned int bits)
{
	return bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

/* The sign bit weighs -2^(bits - 1). */
static int64_t number(uint64_t a, unsigned int bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);

	return (int64_t)((a & (sign - 1)) - (a & sign));
}

uint64_t concrete_zero_extend(uint64_t a, unsigned int from)
{
	return a & ones(from);
}

uint64_t concrete_sign_extend(uint64_t a, unsigned int from, unsigned int bits)
{
	return (uint64_t)number(a, from) & ones(bits);
}

uint64_t concrete_swap(uint64_t a, unsigned int bits)
{
	uint64_t r = 0;

	for (unsigned int at = 0; at < bits; at += 8)
		r |= (a >> at & 0xff) << (bits - 8 - at);
	return r;
}

/* Quotient that rounds to zero, and its remainder; of magnitudes, so that nothing overflows. */
static uint64_t signed_quotient(int64_t a, int64_t b, bool remainder)
{
	uint64_t ua = a < 0 ? -(uint64_t)a : (uint64_t)a, ub = b < 0 ? -(uint64_t)b : (uint64_t)b;
	uint64_t r = remainder ? ua % ub : ua / ub;

	return (remainder ? a < 0 : (a < 0) != (b < 0)) ? -r : r;
}

static uint64_t shift_signed(uint64_t a, unsigned int count, unsigned int bits)
{
	uint64_t r = a >> count;

	return a >> (bits - 1) ? r | (ones(bits) & ~(ones(bits) >> count)) : r;
}

uint64_t concrete_alu(enum insn_alu op, uint64_t a, uint64_t b, unsigned int bits)
{
	unsigned int count = (unsigned int)(b % bits);

	switch (op) {
	case INSN_ALU_ADD:
		return (a + b) & ones(bits);
	case INSN_ALU_SUB:
		return (a - b) & ones(bits);
	case INSN_ALU_OR:
		return a | b;
	case INSN_ALU_AND:
		return a & b;
	case INSN_ALU_LSH:
		return (a << count) & ones(bits);
	case INSN_ALU_RSH:
		return a >> count;
	case INSN_ALU_XOR:
		return a ^ b;
	case INSN_ALU_ARSH:
		return shift_signed(a, count, bits);
	case INSN_ALU_MUL:
		return (a * b) & ones(bits);
	case INSN_ALU_DIV:
		return b ? a / b : 0;
	case INSN_ALU_MOD:
		return b ? a % b : a;
	case INSN_ALU_SDIV:
		return b ? signed_quotient(number(a, bits), number(b, bits), false) & ones(bits) : 0;
	case INSN_ALU_SMOD:
		return b ? signed_quotient(number(a, bits), number(b, bits), true) & ones(bits) : a;
	default: /* NEG */
		return (~a + 1) & ones(bits);
	}
}

bool concrete_jmp(enum insn_jmp op, uint64_t a, uint64_t b, unsigned int bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1), sa = a ^ sign, sb = b ^ sign; /* in the order of signed numbers */

	switch (op) {
	case INSN_JMP_EQ:
		return a == b;
	case INSN_JMP_GT:
		return a > b;
	case INSN_JMP_GE:
		return a >= b;
	case INSN_JMP_SET:
		return (a & b) != 0;
	case INSN_JMP_NE:
		return a != b;
	case INSN_JMP_SGT:
		return sa > sb;
	case INSN_JMP_SGE:
		return sa >= sb;
	case INSN_JMP_LT:
		return a < b;
	case INSN_JMP_LE:
		return a <= b;
	case INSN_JMP_SLT:
		return sa < sb;
	default: /* SLE */
		return sa <= sb;
	}
}

const char *concrete_alu_name(enum insn_alu op)
{
	static const char *const names[] = {
		[INSN_ALU_ADD] = "add",
		[INSN_ALU_SUB] = "sub",
		[INSN_ALU_OR] = "or",
		[INSN_ALU_AND] = "and",
		[INSN_ALU_LSH] = "lsh",
		[INSN_ALU_RSH] = "rsh",
		[INSN_ALU_XOR] = "xor",
		[INSN_ALU_ARSH] = "arsh",
		[INSN_ALU_MUL] = "mul",
		[INSN_ALU_DIV] = "div",
		[INSN_ALU_MOD] = "mod",
		[INSN_ALU_SDIV] = "sdiv",
		[INSN_ALU_SMOD] = "smod",
		[INSN_ALU_NEG] = "neg",
		[INSN_ALU_MOV] = "zero extension",
		[INSN_ALU_MOVSX8] = "sign extension",
		[INSN_ALU_MOVSX16] = "sign extension",
		[INSN_ALU_MOVSX32] = "sign extension",
		[INSN_ALU_LE16] = "zero extension",
		[INSN_ALU_LE32] = "zero extension",
		[INSN_ALU_LE64] = "zero extension",
		[INSN_ALU_BSWAP16] = "byte swap",
		[INSN_ALU_BSWAP32] = "byte swap",
		[INSN_ALU_BSWAP64] = "byte swap",
	};

	return names[op];
}

const char *concrete_jmp_name(enum insn_jmp op)
{
	static const char *const names[] = {
		[INSN_JMP_EQ] = "jeq", [INSN_JMP_GT] = "jgt",   [INSN_JMP_GE] = "jge",   [INSN_JMP_SET] = "jset",
		[INSN_JMP_NE] = "jne", [INSN_JMP_SGT] = "jsgt", [INSN_JMP_SGE] = "jsge", [INSN_JMP_LT] = "jlt",
		[INSN_JMP_LE] = "jle", [INSN_JMP_SLT] = "jslt", [INSN_JMP_SLE] = "jsle",
	};

	return names[op];
}
