/* SPDX-License-Identifier: BSD-2-Clause */
#include "insn.h"

#include <criterion/criterion.h>

static const char *const names[] = {
#define INSN(id, ...) #id,
#include "insn.def"
#undef INSN
};

/* RFC 9669, table 3: the upper four bits, by enum insn_alu. */
static const uint8_t alu_codes[] = {
	[INSN_ALU_ADD] = 0x0,     [INSN_ALU_SUB] = 0x1,     [INSN_ALU_MUL] = 0x2,     [INSN_ALU_DIV] = 0x3,
	[INSN_ALU_OR] = 0x4,      [INSN_ALU_AND] = 0x5,     [INSN_ALU_LSH] = 0x6,     [INSN_ALU_RSH] = 0x7,
	[INSN_ALU_NEG] = 0x8,     [INSN_ALU_MOD] = 0x9,     [INSN_ALU_XOR] = 0xa,     [INSN_ALU_MOV] = 0xb,
	[INSN_ALU_ARSH] = 0xc,    [INSN_ALU_SDIV] = 0x3,    [INSN_ALU_SMOD] = 0x9,    [INSN_ALU_MOVSX8] = 0xb,
	[INSN_ALU_MOVSX16] = 0xb, [INSN_ALU_MOVSX32] = 0xb, [INSN_ALU_LE16] = 0xd,    [INSN_ALU_LE32] = 0xd,
	[INSN_ALU_LE64] = 0xd,    [INSN_ALU_BSWAP16] = 0xd, [INSN_ALU_BSWAP32] = 0xd, [INSN_ALU_BSWAP64] = 0xd,
};

/* RFC 9669, table 6, by enum insn_jmp. */
static const uint8_t jmp_codes[] = {
	[INSN_JMP_EQ] = 0x1, [INSN_JMP_GT] = 0x2,  [INSN_JMP_GE] = 0x3,  [INSN_JMP_SET] = 0x4,
	[INSN_JMP_NE] = 0x5, [INSN_JMP_SGT] = 0x6, [INSN_JMP_SGE] = 0x7, [INSN_JMP_LT] = 0xa,
	[INSN_JMP_LE] = 0xb, [INSN_JMP_SLT] = 0xc, [INSN_JMP_SLE] = 0xd,
	[INSN_JMP_MAY] = 0xe,
};

/* RFC 9669, 5.3: the immediate, by enum insn_atomic. */
static const uint8_t atomic_values[] = {
	[INSN_ATOMIC_ADD] = 0x00,       [INSN_ATOMIC_OR] = 0x40,        [INSN_ATOMIC_AND] = 0x50,
	[INSN_ATOMIC_XOR] = 0xa0,       [INSN_ATOMIC_FETCH_ADD] = 0x01, [INSN_ATOMIC_FETCH_OR] = 0x41,
	[INSN_ATOMIC_FETCH_AND] = 0x51, [INSN_ATOMIC_FETCH_XOR] = 0xa1, [INSN_ATOMIC_XCHG] = 0xe1,
	[INSN_ATOMIC_CMPXCHG] = 0xf1,
};

static uint8_t size_bits(uint8_t width)
{
	return width == 4 ? 0x00 : width == 2 ? 0x08 : width == 1 ? 0x10 : 0x18;
}

static bool is_swap(const struct insn_info *info)
{
	return info->cls == INSN_CLASS_ALU && info->op >= INSN_ALU_LE16;
}

/* The opcode as the RFC composes it from class, code or mode, source and size. */
static uint8_t composed(const struct insn_info *info)
{
	uint8_t x = info->form == INSN_FORM_ALU_X || info->form == INSN_FORM_JMP_X ? 8 : 0;

	switch ((enum insn_class)info->cls) {
	case INSN_CLASS_ALU:
		if (is_swap(info))
			return info->group == INSN_GROUP_V4 ? 0xd7 : info->op >= INSN_ALU_BSWAP16 ? 0xdc : 0xd4;
		return (uint8_t)(alu_codes[info->op] << 4 | x | (info->width == 8 ? 7 : 4));
	case INSN_CLASS_JMP:
		return (uint8_t)(jmp_codes[info->op] << 4 | x | (info->width == 8 ? 5 : 6));
	case INSN_CLASS_LDX:
		return 0x60 | 1 | size_bits(info->width);
	case INSN_CLASS_LDSX:
		return 0x80 | 1 | size_bits(info->width);
	case INSN_CLASS_ST:
		return 0x60 | 2 | size_bits(info->width);
	case INSN_CLASS_STX:
		return 0x60 | 3 | size_bits(info->width);
	case INSN_CLASS_ATOMIC:
		return 0xc0 | 3 | size_bits(info->width);
	case INSN_CLASS_JA:
		return info->form == INSN_FORM_JA32 ? 0x06 : 0x05;
	case INSN_CLASS_CALL:
	case INSN_CLASS_CALL_LOCAL:
		return 0x80 | 5;
	case INSN_CLASS_EXIT:
		return 0x90 | 5;
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		return 0x00 | 0x18;
	case INSN_CLASS_SLOT2:
		return 0;
	}
	return 0xff;
}

Test(insn, opcodes_are_composed_as_in_rfc9669)
{
	for (uint32_t i = 0; i < INSN_OPS; i++)
		cr_expect_eq(insn_info[i].opcode, composed(&insn_info[i]), "%s: opcode %#x, composed %#x", names[i],
			     insn_info[i].opcode, composed(&insn_info[i]));
}

Test(insn, selectors_are_those_of_rfc9669)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		const struct insn_info *info = &insn_info[i];

		if (info->cls == INSN_CLASS_ATOMIC) {
			cr_expect_eq(info->sel, INSN_SEL_IMM, "%s", names[i]);
			cr_expect_eq(info->value, atomic_values[info->op], "%s", names[i]);
		}
		if (is_swap(info))
			cr_expect_eq(info->sel, INSN_SEL_IMM, "%s", names[i]);
		if (info->cls == INSN_CLASS_ALU && (info->op == INSN_ALU_SDIV || info->op == INSN_ALU_SMOD))
			cr_expect(info->sel == INSN_SEL_OFF && info->value == 1, "%s", names[i]);
		if (info->cls == INSN_CLASS_CALL_LOCAL || info->cls == INSN_CLASS_LD_MAP)
			cr_expect(info->sel == INSN_SEL_SRC && info->value == 1, "%s", names[i]);
		if (info->cls == INSN_CLASS_LD_MAP_VALUE)
			cr_expect(info->sel == INSN_SEL_SRC && info->value == 2, "%s", names[i]);
	}
}

Test(insn, rows_of_one_opcode_differ_in_one_selector)
{
	for (uint32_t i = 0; i < INSN_OPS; i++)
		for (uint32_t j = 0; j < i; j++) {
			if (insn_info[i].opcode != insn_info[j].opcode)
				continue;
			cr_expect_eq(insn_info[i].sel, insn_info[j].sel, "%s, %s", names[i], names[j]);
			cr_expect_neq(insn_info[i].value, insn_info[j].value, "%s, %s", names[i], names[j]);
		}
}

Test(insn, groups_follow_width_and_operation)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		const struct insn_info *info = &insn_info[i];

		cr_expect(info->group && !(info->group & (info->group - 1)) && info->group & INSN_GROUPS, "%s",
			  names[i]);
		if (info->group == INSN_GROUP_DIVMUL32 || info->group == INSN_GROUP_ATOMIC32)
			cr_expect_eq(info->width, 4, "%s", names[i]);
		if (info->group == INSN_GROUP_DIVMUL64 || info->group == INSN_GROUP_ATOMIC64)
			cr_expect_eq(info->width, 8, "%s", names[i]);
		if (info->group == INSN_GROUP_BASE32 && info->cls != INSN_CLASS_ALU)
			cr_expect_leq(info->width, 4, "%s", names[i]);
	}
}
