/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 back end: arithmetic. A row for each operation; r9 to r11 are scratch. */
#include "exec/jit_x86_64.h"

/* dst in width bytes (4 or 8), and an immediate or an x86 register. */
typedef void alu_emit(struct jit_out *o, unsigned int width, unsigned int dst, int32_t operand);

#define SIMPLE(name, op)                                                                                               \
	static void name##_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)                   \
	{                                                                                                              \
		x86_alu_imm(o, op, width, dst, imm);                                                                   \
	}                                                                                                              \
	static void name##_reg(struct jit_out *o, unsigned int width, unsigned int dst, int32_t src)                   \
	{                                                                                                              \
		x86_alu(o, op, width, dst, (unsigned int)src);                                                         \
	}

SIMPLE(add, X86_ADD)
SIMPLE(sub, X86_SUB)
SIMPLE(or, X86_OR)
SIMPLE(and_any, X86_AND)
SIMPLE(xor, X86_XOR)

static void and_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)
{
	/* The upper half of such a mask is zero, so is that of the result. */
	and_any_imm(o, imm >= 0 ? 4 : width, dst, imm);
}

static void mov_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)
{
	if (imm)
		x86_mov_imm(o, dst, width == 8 ? (uint64_t)(int64_t)imm : (uint32_t)imm);
	else
		x86_zero(o, dst);
}

static void mov_reg(struct jit_out *o, unsigned int width, unsigned int dst, int32_t src)
{
	if (width == 4 || dst != (unsigned int)src)
		x86_mov(o, width, dst, (unsigned int)src);
}

#define MOVSX(bytes)                                                                                                   \
	static void movsx##bytes(struct jit_out *o, unsigned int width, unsigned int dst, int32_t src)                 \
	{                                                                                                              \
		x86_movsx(o, width, bytes, dst, (unsigned int)src);                                                    \
	}

MOVSX(1)
MOVSX(2)
MOVSX(4)

static void neg(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)unused;
	x86_unary(o, X86_NEG, width, dst);
}

/* To little-endian: that is the machine's order, what is left is to truncate. */
static void le2(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)width, (void)unused;
	x86_movzx(o, 2, dst, dst);
}

static void le4(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)width, (void)unused;
	x86_mov(o, 4, dst, dst);
}

static void le8(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)o, (void)width, (void)dst, (void)unused;
}

static void bswap2(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)width, (void)unused;
	x86_shift_imm(o, X86_ROR, 2, dst, 8);
	x86_movzx(o, 2, dst, dst);
}

static void bswap4(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)width, (void)unused;
	x86_bswap(o, 4, dst);
}

static void bswap8(struct jit_out *o, unsigned int width, unsigned int dst, int32_t unused)
{
	(void)width, (void)unused;
	x86_bswap(o, 8, dst);
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

#define SHIFT(name, op)                                                                                                \
	static void name##_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)                   \
	{                                                                                                              \
		x86_shift_imm(o, op, width, dst, (uint8_t)imm &(width == 8 ? 63 : 31));                                \
	}                                                                                                              \
	static void name##_reg(struct jit_out *o, unsigned int width, unsigned int dst, int32_t src)                   \
	{                                                                                                              \
		shift(o, op, width, dst, (unsigned int)src);                                                           \
	}

SHIFT(lsh, X86_SHL)
SHIFT(rsh, X86_SHR)
SHIFT(arsh, X86_SAR)

static bool power_of_two(int32_t imm, uint8_t *by)
{
	if (imm <= 0 || imm & (imm - 1))
		return false;
	*by = (uint8_t)__builtin_ctz((unsigned int)imm);
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

static void mul_reg(struct jit_out *o, unsigned int width, unsigned int dst, int32_t src)
{
	x86_imul(o, width, dst, (unsigned int)src);
}

/* Division */

struct div {
	struct jit_out *o;
	unsigned int width, dst;
	bool is_signed, is_mod;
};

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

static void divide_imm(const struct div *d, int32_t imm)
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

static void divide_reg(const struct div *d, unsigned int src)
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

#define DIVISION(name, signs, mods)                                                                                    \
	static void name##_imm(struct jit_out *o, unsigned int width, unsigned int dst, int32_t imm)                   \
	{                                                                                                              \
		divide_imm(&(struct div){o, width, dst, signs, mods}, imm);                                            \
	}                                                                                                              \
	static void name##_reg(struct jit_out *o, unsigned int width, unsigned int dst, int32_t src)                   \
	{                                                                                                              \
		divide_reg(&(struct div){o, width, dst, signs, mods}, (unsigned int)src);                              \
	}

DIVISION(div, false, false)
DIVISION(mod, false, true)
DIVISION(sdiv, true, false)
DIVISION(smod, true, true)

/* There is no such instruction. */
static void none(struct jit_out *o, unsigned int width, unsigned int dst, int32_t operand)
{
	(void)width, (void)dst, (void)operand;
	o->fault = true;
}

/* sets_flags: the last instruction sets the zero flag by the result. */
static const struct row {
	alu_emit *by[2]; /* register, immediate */
	bool sets_flags;
} rows[] = {
	[INSN_ALU_ADD] = {{add_reg, add_imm}, true},     [INSN_ALU_SUB] = {{sub_reg, sub_imm}, true},
	[INSN_ALU_OR] = {{or_reg, or_imm}, true},        [INSN_ALU_AND] = {{and_any_reg, and_imm}, true},
	[INSN_ALU_LSH] = {{lsh_reg, lsh_imm}, false},    [INSN_ALU_RSH] = {{rsh_reg, rsh_imm}, false},
	[INSN_ALU_XOR] = {{xor_reg, xor_imm}, true},     [INSN_ALU_ARSH] = {{arsh_reg, arsh_imm}, false},
	[INSN_ALU_MUL] = {{mul_reg, mul_imm}, false},    [INSN_ALU_DIV] = {{div_reg, div_imm}, false},
	[INSN_ALU_MOD] = {{mod_reg, mod_imm}, false},    [INSN_ALU_SDIV] = {{sdiv_reg, sdiv_imm}, false},
	[INSN_ALU_SMOD] = {{smod_reg, smod_imm}, false}, [INSN_ALU_NEG] = {{neg, none}, false},
	[INSN_ALU_MOV] = {{mov_reg, mov_imm}, false},    [INSN_ALU_MOVSX8] = {{movsx1, none}, false},
	[INSN_ALU_MOVSX16] = {{movsx2, none}, false},    [INSN_ALU_MOVSX32] = {{movsx4, none}, false},
	[INSN_ALU_LE16] = {{le2, none}, false},          [INSN_ALU_LE32] = {{le4, none}, false},
	[INSN_ALU_LE64] = {{le8, none}, false},          [INSN_ALU_BSWAP16] = {{bswap2, none}, false},
	[INSN_ALU_BSWAP32] = {{bswap4, none}, false},    [INSN_ALU_BSWAP64] = {{bswap8, none}, false},
};

static bool is_shift(uint8_t op)
{
	return op == INSN_ALU_LSH || op == INSN_ALU_RSH || op == INSN_ALU_ARSH;
}

static inline void emit(struct jit_work *w, const struct insn *insn, bool by_imm, int32_t operand)
{
	const struct insn_info *info = &insn_info[insn->op];
	const struct row *row = &rows[info->op];

	w->flags = row->sets_flags ? jit_x86_64_flags(insn->dst, info->width) : 0;
	row->by[by_imm](&w->out, info->width, jit_x86_64_reg[insn->dst], operand);
}

/* Where immediates are to be hidden; those of shifts are too small to be of use to anybody. */
static __attribute__((noinline)) int emit_blinded(struct jit_work *w, const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];

	if (!insn->imm || is_shift(info->op)) {
		emit(w, insn, true, insn->imm);
		return 0;
	}
	jit_x86_64_constant(w, R11, info->width == 8 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
	emit(w, insn, false, R11);
	return 0;
}

int jit_x86_64_alu(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];

	if (insn_info[insn->op].form != INSN_FORM_ALU_K) {
		emit(w, insn, false, jit_x86_64_reg[insn->src]);
		return 0;
	}
	if (unlikely(w->prog->blind))
		return emit_blinded(w, insn);
	emit(w, insn, true, insn->imm);
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
