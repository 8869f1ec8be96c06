/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 back end: arithmetic; r9 to r11 are scratch. */
#include "exec/jit_x86_64.h"

/* Operations that the machine has by one number each. */
static const uint8_t numbers[] = {
	[INSN_ALU_ADD] = X86_ADD, [INSN_ALU_SUB] = X86_SUB, [INSN_ALU_OR] = X86_OR,   [INSN_ALU_AND] = X86_AND,
	[INSN_ALU_XOR] = X86_XOR, [INSN_ALU_LSH] = X86_SHL, [INSN_ALU_RSH] = X86_SHR, [INSN_ALU_ARSH] = X86_SAR,
};

static void mov_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)
{
	if (imm)
		x86_mov_imm(o, dst, width == 8 ? (uint64_t)(int64_t)imm : (uint32_t)imm);
	else
		x86_zero(o, dst);
}

static void bswap(struct jit_out *o, unsigned int bytes, unsigned int dst)
{
	if (bytes == 2) {
		x86_shift_imm(o, X86_ROR, 2, dst, 8);
		x86_movzx(o, 2, dst, dst);
	} else {
		x86_bswap(o, bytes, dst);
	}
}

/* The count has to be in cl. */
static void shift(struct jit_out *o, enum x86_shift op, unsigned int width, unsigned int dst, unsigned int src)
{
	if (src == RCX && dst != RCX) {
		x86_shift_cl(o, op, width, dst);
		return;
	}
	x86_mov(o, 8, R11, RCX);
	if (src != RCX)
		x86_mov(o, 4, RCX, src);
	if (dst == RCX)
		dst = R11;
	x86_shift_cl(o, op, width, dst);
	x86_mov(o, 8, RCX, R11);
}

static bool power_of_two(int32_t imm, uint8_t *shift_by)
{
	if (imm <= 0 || imm & (imm - 1))
		return false;
	*shift_by = (uint8_t)__builtin_ctz((unsigned int)imm);
	return true;
}

static void mul_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)
{
	uint8_t by;

	if (power_of_two(imm, &by))
		x86_shift_imm(o, X86_SHL, width, dst, by);
	else
		x86_imul_imm(o, width, dst, dst, imm);
}

/* Division */

struct div {
	struct jit_out *o;
	uint8_t width;
	uint8_t dst;
	bool is_signed, is_mod;
};

static struct div div_of(struct jit_out *o, const struct insn_info *info, uint8_t dst)
{
	return (struct div){
		.o = o,
		.width = info->width,
		.dst = dst,
		.is_signed = info->op == INSN_ALU_SDIV || info->op == INSN_ALU_SMOD,
		.is_mod = info->op == INSN_ALU_MOD || info->op == INSN_ALU_SMOD,
	};
}

/* dst divided by 0: 0, or for modulo dst as it is. */
static void div_by_zero(const struct div *d)
{
	if (!d->is_mod)
		x86_zero(d->o, d->dst);
	else if (d->width == 4)
		x86_mov(d->o, 4, d->dst, d->dst);
}

/* dst divided by -1, which the processor traps for the smallest number. */
static void div_by_minus_one(const struct div *d)
{
	if (d->is_mod)
		x86_zero(d->o, d->dst);
	else
		x86_unary(d->o, X86_NEG, d->width, d->dst);
}

/* dst divided by r11, which is neither 0 nor, if signed, -1. rax and rdx are kept unless they are dst. */
static void div_by_r11(const struct div *d)
{
	struct jit_out *o = d->o;
	uint8_t result = d->is_mod ? RDX : RAX;

	if (d->dst != RAX) {
		x86_mov(o, 8, R10, RAX);
		x86_mov(o, d->width, RAX, d->dst);
	}
	if (d->dst != RDX)
		x86_mov(o, 8, R9, RDX);
	if (d->is_signed)
		x86_cdq(o, d->width);
	else
		x86_zero(o, RDX);
	x86_unary(o, d->is_signed ? X86_IDIV : X86_DIV, d->width, R11);
	if (d->dst != result)
		x86_mov(o, d->width, d->dst, result);
	if (d->dst != RAX)
		x86_mov(o, 8, RAX, R10);
	if (d->dst != RDX)
		x86_mov(o, 8, RDX, R9);
}

static void div_imm(const struct div *d, int32_t imm)
{
	uint8_t by;

	if (imm == 0) {
		div_by_zero(d);
	} else if (imm == -1 && d->is_signed) {
		div_by_minus_one(d);
	} else if (!d->is_signed && power_of_two(imm, &by)) {
		if (d->is_mod)
			x86_alu_imm(d->o, X86_AND, 4, d->dst, imm - 1);
		else
			x86_shift_imm(d->o, X86_SHR, d->width, d->dst, by);
	} else {
		x86_mov_imm(d->o, R11, d->width == 8 ? (uint64_t)(int64_t)imm : (uint32_t)imm);
		div_by_r11(d);
	}
}

static void div_reg(const struct div *d, uint8_t src)
{
	struct jit_out *o = d->o;
	size_t not_zero, not_minus_one = 0, zero_done, minus_one_done = 0;

	x86_test(o, d->width, src, src);
	not_zero = x86_jcc_ahead(o, X86_NE);
	div_by_zero(d);
	zero_done = x86_jmp_ahead(o);
	x86_here(o, not_zero);
	if (d->is_signed) {
		x86_alu_imm(o, X86_CMP, d->width, src, -1);
		not_minus_one = x86_jcc_ahead(o, X86_NE);
		div_by_minus_one(d);
		minus_one_done = x86_jmp_ahead(o);
		x86_here(o, not_minus_one);
	}
	x86_mov(o, d->width, R11, src);
	div_by_r11(d);
	x86_here(o, zero_done);
	if (d->is_signed)
		x86_here(o, minus_one_done);
}

/* Operations on dst and an immediate. */
static int alu_imm(struct jit_out *o, const struct insn_info *info, uint8_t dst, int32_t imm)
{
	unsigned int width = info->width;
	struct div div;

	switch (info->op) {
	case INSN_ALU_AND:
		if (imm >= 0) /* the upper half of the mask is zero, so is that of the result */
			width = 4;
		/* fall through */
	case INSN_ALU_ADD:
	case INSN_ALU_SUB:
	case INSN_ALU_OR:
	case INSN_ALU_XOR:
		x86_alu_imm(o, (enum x86_alu)numbers[info->op], width, dst, imm);
		return 0;
	case INSN_ALU_MOV:
		mov_imm(o, width, dst, imm);
		return 0;
	case INSN_ALU_LSH:
	case INSN_ALU_RSH:
	case INSN_ALU_ARSH:
		x86_shift_imm(o, (enum x86_shift)numbers[info->op], width, dst, (uint8_t)imm & (width == 8 ? 63 : 31));
		return 0;
	case INSN_ALU_MUL:
		mul_imm(o, width, dst, imm);
		return 0;
	case INSN_ALU_DIV:
	case INSN_ALU_MOD:
	case INSN_ALU_SDIV:
	case INSN_ALU_SMOD:
		div = div_of(o, info, dst);
		div_imm(&div, imm);
		return 0;
	default:
		return -ENOTSUP;
	}
}

/* Operations on dst, or on dst and src. */
static int alu_reg(struct jit_out *o, const struct insn_info *info, uint8_t dst, uint8_t src)
{
	struct div div;

	switch (info->op) {
	case INSN_ALU_ADD:
	case INSN_ALU_SUB:
	case INSN_ALU_OR:
	case INSN_ALU_AND:
	case INSN_ALU_XOR:
		x86_alu(o, (enum x86_alu)numbers[info->op], info->width, dst, src);
		return 0;
	case INSN_ALU_MOV:
		if (info->width == 4 || dst != src)
			x86_mov(o, info->width, dst, src);
		return 0;
	case INSN_ALU_LSH:
	case INSN_ALU_RSH:
	case INSN_ALU_ARSH:
		shift(o, (enum x86_shift)numbers[info->op], info->width, dst, src);
		return 0;
	case INSN_ALU_MUL:
		x86_imul(o, info->width, dst, src);
		return 0;
	case INSN_ALU_DIV:
	case INSN_ALU_MOD:
	case INSN_ALU_SDIV:
	case INSN_ALU_SMOD:
		div = div_of(o, info, dst);
		div_reg(&div, src);
		return 0;
	case INSN_ALU_NEG:
		x86_unary(o, X86_NEG, info->width, dst);
		return 0;
	case INSN_ALU_MOVSX8:
	case INSN_ALU_MOVSX16:
	case INSN_ALU_MOVSX32:
		x86_movsx(o, info->width, 1u << (info->op - INSN_ALU_MOVSX8), dst, src);
		return 0;
	/* To little-endian: that is the machine's order, what is left is to truncate. */
	case INSN_ALU_LE16:
		x86_movzx(o, 2, dst, dst);
		return 0;
	case INSN_ALU_LE32:
		x86_mov(o, 4, dst, dst);
		return 0;
	case INSN_ALU_LE64:
		return 0;
	case INSN_ALU_BSWAP16:
	case INSN_ALU_BSWAP32:
	case INSN_ALU_BSWAP64:
		bswap(o, 2u << (info->op - INSN_ALU_BSWAP16), dst);
		return 0;
	default:
		return -ENOTSUP;
	}
}

/* Bit n: operation n's last instruction sets the zero flag by the result. */
#define SETS_FLAGS                                                                                                     \
	(1u << INSN_ALU_ADD | 1u << INSN_ALU_SUB | 1u << INSN_ALU_AND | 1u << INSN_ALU_OR | 1u << INSN_ALU_XOR)
#define IS_SHIFT (1u << INSN_ALU_LSH | 1u << INSN_ALU_RSH | 1u << INSN_ALU_ARSH)

int jit_x86_64_alu(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	uint8_t dst = jit_x86_64_reg[insn->dst];

	w->flags = SETS_FLAGS >> info->op & 1 ? jit_x86_64_flags(insn->dst, info->width) : 0;
	if (info->form != INSN_FORM_ALU_K)
		return alu_reg(&w->out, info, dst, jit_x86_64_reg[insn->src]);
	if (likely(!jit_blinds(w, insn->imm)) || IS_SHIFT >> info->op & 1)
		return alu_imm(&w->out, info, dst, insn->imm);
	jit_x86_64_constant(w, R11, info->width == 8 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
	return alu_reg(&w->out, info, dst, R11);
}

void jit_x86_64_lea(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	unsigned int dst = jit_x86_64_reg[insn->dst], src = jit_x86_64_reg[insn->src];
	unsigned int width = insn_info[insn->op].width;

	w->flags = 0;
	if (!jit_blinds(w, insn->imm64)) {
		x86_lea(&w->out, width, dst, src, (int32_t)insn->imm64);
		return;
	}
	jit_x86_64_constant(w, R11, (uint64_t)insn->imm64);
	x86_alu(&w->out, X86_ADD, width, R11, src);
	x86_mov(&w->out, width, dst, R11);
}
