// SPDX-License-Identifier: BSD-2-Clause
/* The arm64 back end: arithmetic, a row for each operation. */
#include "exec/jit_arm64.h"

#define TEMP JIT_ARM64_TEMP
#define NEW  JIT_ARM64_NEW

struct alu {
	struct jit_work *w;
	struct jit_out *o;
	uint8_t a64;   /* the row's */
	uint8_t width; /* bytes: 4 or 8 */
	uint8_t dst;   /* arm64 registers */
	uint8_t src;
	bool is_imm;
	int32_t imm;
};

/* The immediate as the operation sees it. */
static uint64_t imm_of(const struct alu *a)
{
	return a->width == 8 ? (uint64_t)(int64_t)a->imm : (uint32_t)a->imm;
}

/* Where the second operand is; TEMP gets it if it is an immediate. */
static uint8_t operand(const struct alu *a)
{
	if (!a->is_imm)
		return a->src;
	if (!a->imm)
		return XZR;
	jit_arm64_constant(a->w, TEMP, imm_of(a));
	return TEMP;
}

/* As it stands, or with the opposite operation, or by way of TEMP. */
void jit_arm64_arith_imm(struct jit_work *w, enum a64_arith op, unsigned int width, unsigned int d, unsigned int n,
			 int32_t imm, bool hide)
{
	uint64_t value = (uint64_t)(int64_t)imm;
	bool hidden = hide && jit_blinds(w, imm);

	if (!hidden && a64_is_arith_imm(value)) {
		a64_arith_imm(&w->out, op, width, d, n, value);
	} else if (!hidden && a64_is_arith_imm(0 - value)) {
		a64_arith_imm(&w->out, op ^ (A64_ADD ^ A64_SUB), width, d, n, 0 - value);
	} else {
		jit_arm64_constant(w, TEMP, width == 8 ? value : (uint32_t)value);
		a64_arith(&w->out, op, width, d, n, TEMP);
	}
}

static void alu_arith(const struct alu *a)
{
	if (a->is_imm)
		jit_arm64_arith_imm(a->w, a->a64, a->width, a->dst, a->dst, a->imm, true);
	else
		a64_arith(a->o, a->a64, a->width, a->dst, a->dst, a->src);
}

static void alu_logic(const struct alu *a)
{
	uint32_t field;

	if (a->is_imm && !jit_blinds(a->w, a->imm) && a64_bitmask(a->width, imm_of(a), &field))
		a64_logic_imm(a->o, a->a64, a->width, a->dst, a->dst, imm_of(a));
	else
		a64_logic(a->o, a->a64, a->width, a->dst, a->dst, operand(a));
}

static void alu_mov(const struct alu *a)
{
	if (a->is_imm)
		jit_arm64_constant(a->w, a->dst, imm_of(a));
	else if (a->width == 4 || a->dst != a->src)
		a64_mov(a->o, a->width, a->dst, a->src);
}

static void alu_movsx(const struct alu *a)
{
	a64_sxt(a->o, a->width, a->a64, a->dst, a->src);
}

static void alu_neg(const struct alu *a)
{
	a64_arith(a->o, A64_SUB, a->width, a->dst, XZR, a->dst);
}

/* Truncates to a64 bytes: the machine's order is little-endian. */
static void alu_le(const struct alu *a)
{
	if (a->a64 == 2)
		a64_uxt(a->o, 2, a->dst, a->dst);
	else if (a->a64 == 4)
		a64_mov(a->o, 4, a->dst, a->dst);
}

static void alu_bswap(const struct alu *a)
{
	if (a->a64 == 2) {
		a64_rev16(a->o, 4, a->dst, a->dst);
		a64_uxt(a->o, 2, a->dst, a->dst);
	} else {
		a64_rev(a->o, a->a64, a->dst, a->dst);
	}
}

static void alu_shift(const struct alu *a)
{
	unsigned int count = (unsigned int)a->imm & (a->width == 8 ? 63 : 31);

	if (!a->is_imm)
		a64_binary(a->o, a->a64, a->width, a->dst, a->dst, a->src);
	else if (a->a64 == A64_LSLV)
		a64_lsl_imm(a->o, a->width, a->dst, a->dst, count);
	else if (a->a64 == A64_LSRV)
		a64_lsr_imm(a->o, a->width, a->dst, a->dst, count);
	else
		a64_asr_imm(a->o, a->width, a->dst, a->dst, count);
}

static bool power_of_two(const struct alu *a, uint8_t *shift)
{
	if (!a->is_imm || a->imm <= 0 || a->imm & (a->imm - 1))
		return false;
	*shift = (uint8_t)__builtin_ctz((unsigned int)a->imm);
	return true;
}

static void alu_mul(const struct alu *a)
{
	uint8_t shift;

	if (power_of_two(a, &shift))
		a64_lsl_imm(a->o, a->width, a->dst, a->dst, shift);
	else
		a64_madd(a->o, a->width, a->dst, a->dst, operand(a), XZR);
}

/* The machine divides as programs do: by 0 gives 0, the lowest number by -1 itself. */
static void alu_div(const struct alu *a)
{
	uint8_t shift;

	if (a->a64 == A64_UDIV && power_of_two(a, &shift))
		a64_lsr_imm(a->o, a->width, a->dst, a->dst, shift);
	else
		a64_binary(a->o, a->a64, a->width, a->dst, a->dst, operand(a));
}

/* What the quotient leaves; of a division by 0 that is the dividend. */
static void alu_mod(const struct alu *a)
{
	uint8_t divisor, shift;

	if (a->a64 == A64_UDIV && power_of_two(a, &shift)) {
		if (shift)
			a64_logic_imm(a->o, A64_AND, a->width, a->dst, a->dst, (uint64_t)a->imm - 1);
		else
			a64_mov(a->o, a->width, a->dst, XZR);
		return;
	}
	divisor = operand(a);
	a64_binary(a->o, a->a64, a->width, NEW, a->dst, divisor);
	a64_msub(a->o, a->width, a->dst, NEW, divisor, a->dst);
}

static const struct {
	void (*emit)(const struct alu *a);
	uint8_t a64;
} alu_rows[] = {
	[INSN_ALU_ADD] = {alu_arith, A64_ADD},  [INSN_ALU_SUB] = {alu_arith, A64_SUB},
	[INSN_ALU_OR] = {alu_logic, A64_ORR},   [INSN_ALU_AND] = {alu_logic, A64_AND},
	[INSN_ALU_LSH] = {alu_shift, A64_LSLV}, [INSN_ALU_RSH] = {alu_shift, A64_LSRV},
	[INSN_ALU_XOR] = {alu_logic, A64_EOR},  [INSN_ALU_ARSH] = {alu_shift, A64_ASRV},
	[INSN_ALU_MUL] = {alu_mul, 0},          [INSN_ALU_DIV] = {alu_div, A64_UDIV},
	[INSN_ALU_MOD] = {alu_mod, A64_UDIV},   [INSN_ALU_SDIV] = {alu_div, A64_SDIV},
	[INSN_ALU_SMOD] = {alu_mod, A64_SDIV},  [INSN_ALU_NEG] = {alu_neg, 0},
	[INSN_ALU_MOV] = {alu_mov, 0},          [INSN_ALU_MOVSX8] = {alu_movsx, 1},
	[INSN_ALU_MOVSX16] = {alu_movsx, 2},    [INSN_ALU_MOVSX32] = {alu_movsx, 4},
	[INSN_ALU_LE16] = {alu_le, 2},          [INSN_ALU_LE32] = {alu_le, 4},
	[INSN_ALU_LE64] = {alu_le, 8},          [INSN_ALU_BSWAP16] = {alu_bswap, 2},
	[INSN_ALU_BSWAP32] = {alu_bswap, 4},    [INSN_ALU_BSWAP64] = {alu_bswap, 8},
};

int jit_arm64_alu(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct alu a = {
		.w = w,
		.o = &w->out,
		.width = info->width,
		.dst = jit_arm64_reg[insn->dst],
		.src = jit_arm64_reg[insn->src],
		.is_imm = info->form == INSN_FORM_ALU_K,
		.imm = insn->imm,
	};

	if (info->op >= ARRAY_SIZE(alu_rows) || !alu_rows[info->op].emit)
		return -ENOTSUP;
	a.a64 = alu_rows[info->op].a64;
	alu_rows[info->op].emit(&a);
	return 0;
}
