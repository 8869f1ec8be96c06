/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 back end: arithmetic. A row for each operation; r9 to r11 are scratch. */
#include "exec/jit_x86_64.h"

struct alu {
	struct jit_out *o;
	uint8_t x86;   /* the row's */
	uint8_t width; /* bytes: 4 or 8 */
	uint8_t dst;   /* x86 registers */
	uint8_t src;
	bool is_imm;
	int32_t imm;
};

static void alu_simple(const struct alu *a)
{
	unsigned int width = a->width;

	if (!a->is_imm) {
		x86_alu(a->o, a->x86, width, a->dst, a->src);
		return;
	}
	/* The upper half of such a mask is zero, so is that of the result. */
	if (a->x86 == X86_AND && a->imm >= 0)
		width = 4;
	x86_alu_imm(a->o, a->x86, width, a->dst, a->imm);
}

static void alu_mov(const struct alu *a)
{
	uint64_t value = a->width == 8 ? (uint64_t)(int64_t)a->imm : (uint32_t)a->imm;

	if (!a->is_imm) {
		if (a->width == 4 || a->dst != a->src)
			x86_mov(a->o, a->width, a->dst, a->src);
	} else if (!value) {
		x86_zero(a->o, a->dst);
	} else {
		x86_mov_imm(a->o, a->dst, value);
	}
}

static void alu_movsx(const struct alu *a)
{
	x86_movsx(a->o, a->width, a->x86, a->dst, a->src);
}

static void alu_neg(const struct alu *a)
{
	x86_unary(a->o, X86_NEG, a->width, a->dst);
}

/* Truncates to x86 bytes: the machine's order is little-endian. */
static void alu_le(const struct alu *a)
{
	if (a->x86 == 2)
		x86_movzx(a->o, 2, a->dst, a->dst);
	else if (a->x86 == 4)
		x86_mov(a->o, 4, a->dst, a->dst);
}

static void alu_bswap(const struct alu *a)
{
	if (a->x86 == 2) {
		x86_shift_imm(a->o, X86_ROR, 2, a->dst, 8);
		x86_movzx(a->o, 2, a->dst, a->dst);
	} else {
		x86_bswap(a->o, a->x86, a->dst);
	}
}

static void alu_shift(const struct alu *a)
{
	struct jit_out *o = a->o;
	uint8_t dst = a->dst;

	if (a->is_imm) {
		x86_shift_imm(o, a->x86, a->width, dst, (uint8_t)a->imm & (a->width == 8 ? 63 : 31));
		return;
	}
	if (a->src == RCX && dst != RCX) {
		x86_shift_cl(o, a->x86, a->width, dst);
		return;
	}
	/* The count has to be in cl. */
	x86_mov(o, 8, R11, RCX);
	if (a->src != RCX)
		x86_mov(o, 4, RCX, a->src);
	if (dst == RCX)
		dst = R11;
	x86_shift_cl(o, a->x86, a->width, dst);
	x86_mov(o, 8, RCX, R11);
}

static bool power_of_two(int32_t imm, uint8_t *shift)
{
	if (imm <= 0 || imm & (imm - 1))
		return false;
	*shift = (uint8_t)__builtin_ctz((unsigned int)imm);
	return true;
}

static void alu_mul(const struct alu *a)
{
	uint8_t shift;

	if (!a->is_imm)
		x86_imul(a->o, a->width, a->dst, a->src);
	else if (power_of_two(a->imm, &shift))
		x86_shift_imm(a->o, X86_SHL, a->width, a->dst, shift);
	else
		x86_imul_imm(a->o, a->width, a->dst, a->dst, a->imm);
}

enum {
	DIV_SIGNED = 1 << 0,
	DIV_MOD = 1 << 1,
};

/* dst divided by 0: 0, or for modulo dst as it is. */
static void div_by_zero(const struct alu *a)
{
	if (!(a->x86 & DIV_MOD))
		x86_zero(a->o, a->dst);
	else if (a->width == 4)
		x86_mov(a->o, 4, a->dst, a->dst);
}

/* dst divided by -1, which the processor traps for the smallest number. */
static void div_by_minus_one(const struct alu *a)
{
	if (a->x86 & DIV_MOD)
		x86_zero(a->o, a->dst);
	else
		x86_unary(a->o, X86_NEG, a->width, a->dst);
}

/* dst divided by r11, which is neither 0 nor, if signed, -1. rax and rdx are kept unless they are dst. */
static void div_by_r11(const struct alu *a)
{
	struct jit_out *o = a->o;
	uint8_t result = a->x86 & DIV_MOD ? RDX : RAX;

	if (a->dst != RAX) {
		x86_mov(o, 8, R10, RAX);
		x86_mov(o, a->width, RAX, a->dst);
	}
	if (a->dst != RDX)
		x86_mov(o, 8, R9, RDX);
	if (a->x86 & DIV_SIGNED)
		x86_cdq(o, a->width);
	else
		x86_zero(o, RDX);
	x86_unary(o, a->x86 & DIV_SIGNED ? X86_IDIV : X86_DIV, a->width, R11);
	if (a->dst != result)
		x86_mov(o, a->width, a->dst, result);
	if (a->dst != RAX)
		x86_mov(o, 8, RAX, R10);
	if (a->dst != RDX)
		x86_mov(o, 8, RDX, R9);
}

static void div_by_imm(const struct alu *a)
{
	uint8_t shift;

	if (a->imm == 0) {
		div_by_zero(a);
	} else if (a->imm == -1 && a->x86 & DIV_SIGNED) {
		div_by_minus_one(a);
	} else if (a->x86 == DIV_MOD && power_of_two(a->imm, &shift)) {
		x86_alu_imm(a->o, X86_AND, 4, a->dst, a->imm - 1);
	} else if (a->x86 == 0 && power_of_two(a->imm, &shift)) {
		x86_shift_imm(a->o, X86_SHR, a->width, a->dst, shift);
	} else {
		x86_mov_imm(a->o, R11, a->width == 8 ? (uint64_t)(int64_t)a->imm : (uint32_t)a->imm);
		div_by_r11(a);
	}
}

static void alu_div(const struct alu *a)
{
	struct jit_out *o = a->o;
	size_t not_zero, not_minus_one = 0, zero_done, minus_one_done = 0;

	if (a->is_imm) {
		div_by_imm(a);
		return;
	}
	x86_test(o, a->width, a->src, a->src);
	not_zero = x86_jcc_ahead(o, X86_NE);
	div_by_zero(a);
	zero_done = x86_jmp_ahead(o);
	x86_here(o, not_zero);
	if (a->x86 & DIV_SIGNED) {
		x86_alu_imm(o, X86_CMP, a->width, a->src, -1);
		not_minus_one = x86_jcc_ahead(o, X86_NE);
		div_by_minus_one(a);
		minus_one_done = x86_jmp_ahead(o);
		x86_here(o, not_minus_one);
	}
	x86_mov(o, a->width, R11, a->src);
	div_by_r11(a);
	x86_here(o, zero_done);
	if (a->x86 & DIV_SIGNED)
		x86_here(o, minus_one_done);
}

static const struct {
	void (*emit)(const struct alu *a);
	uint8_t x86;
} alu_rows[] = {
	[INSN_ALU_ADD] = {alu_simple, X86_ADD},
	[INSN_ALU_SUB] = {alu_simple, X86_SUB},
	[INSN_ALU_OR] = {alu_simple, X86_OR},
	[INSN_ALU_AND] = {alu_simple, X86_AND},
	[INSN_ALU_LSH] = {alu_shift, X86_SHL},
	[INSN_ALU_RSH] = {alu_shift, X86_SHR},
	[INSN_ALU_XOR] = {alu_simple, X86_XOR},
	[INSN_ALU_ARSH] = {alu_shift, X86_SAR},
	[INSN_ALU_MUL] = {alu_mul, 0},
	[INSN_ALU_DIV] = {alu_div, 0},
	[INSN_ALU_MOD] = {alu_div, DIV_MOD},
	[INSN_ALU_SDIV] = {alu_div, DIV_SIGNED},
	[INSN_ALU_SMOD] = {alu_div, DIV_SIGNED | DIV_MOD},
	[INSN_ALU_NEG] = {alu_neg, 0},
	[INSN_ALU_MOV] = {alu_mov, 0},
	[INSN_ALU_MOVSX8] = {alu_movsx, 1},
	[INSN_ALU_MOVSX16] = {alu_movsx, 2},
	[INSN_ALU_MOVSX32] = {alu_movsx, 4},
	[INSN_ALU_LE16] = {alu_le, 2},
	[INSN_ALU_LE32] = {alu_le, 4},
	[INSN_ALU_LE64] = {alu_le, 8},
	[INSN_ALU_BSWAP16] = {alu_bswap, 2},
	[INSN_ALU_BSWAP32] = {alu_bswap, 4},
	[INSN_ALU_BSWAP64] = {alu_bswap, 8},
};

/* Operations whose last instruction sets the zero flag by the result. */
static bool sets_flags(uint8_t op)
{
	return (1u << INSN_ALU_ADD | 1u << INSN_ALU_SUB | 1u << INSN_ALU_AND | 1u << INSN_ALU_OR |
		1u << INSN_ALU_XOR) >>
		       op &
	       1;
}

static bool is_shift(uint8_t op)
{
	return op == INSN_ALU_LSH || op == INSN_ALU_RSH || op == INSN_ALU_ARSH;
}

int jit_x86_64_alu(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct alu a = {
		.o = &w->out,
		.width = info->width,
		.dst = jit_x86_64_reg[insn->dst],
		.src = jit_x86_64_reg[insn->src],
		.is_imm = info->form == INSN_FORM_ALU_K,
		.imm = insn->imm,
	};

	if (info->op >= ARRAY_SIZE(alu_rows) || !alu_rows[info->op].emit)
		return -ENOTSUP;
	a.x86 = alu_rows[info->op].x86;
	if (unlikely(w->prog->blind) && a.is_imm && !is_shift(info->op) && jit_blinds(w, a.imm)) {
		jit_x86_64_constant(w, R11, a.width == 8 ? (uint64_t)(int64_t)a.imm : (uint32_t)a.imm);
		a.is_imm = false;
		a.src = R11;
	}
	alu_rows[info->op].emit(&a);
	w->flags = sets_flags(info->op) ? jit_x86_64_flags(insn->dst, info->width) : 0;
	return 0;
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
