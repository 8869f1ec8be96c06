// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's back end for arm64, AAPCS64.
 *
 * R1 to R5 live where C passes arguments. R0 is x7, since x0 is taken: a helper's result is moved there, and from there
 * to x0 at each exit, which does a local call no harm. R6 to R9 live in registers that C preserves, x23 holds the run,
 * x9 to x13 are scratch within one instruction, x16 is the way to far helpers.
 *
 * All functions of a program have one frame, so a jump may lead anywhere in the program:
 *
 *     x29 ->  saved x29, x30       only if R10 appears, R10 is x29; or if something is called
 *             512 bytes of stack   only if R10 appears
 *      sp ->  saved pairs of x19 ... x23, those that appear
 *
 * 32-bit operations zero the upper half because each ends in a write to a w register. Atomics are loops of exclusive
 * accesses, which every arm64 has; their memory is aligned, the verifier sees to that.
 */
#include "exec/asm_arm64.h"

#define R0  X7
#define RUN X23

enum {
	TEMP = X9, /* an immediate or an offset */
	ADDRESS = X10,
	OLD = X11,
	NEW = X12,
	STATUS = X13,
	FAR = X16,
};

static const uint8_t reg_of[INSN_MAX_REG] = {R0, X0, X1, X2, X3, X4, X19, X20, X21, X22, X29};

_Static_assert(sizeof(((struct fw_frame *)0)->data) == 8, "context loads of packet pointers are 8 bytes wide");
_Static_assert(sizeof(bool) == 1, "bad_queue is stored as a byte");
_Static_assert(sizeof(((struct run *)0)->num_queues) == 4, "loaded as a word");

/* The context as programs see it, 4 bytes apart. */
static const struct {
	uint8_t offset; /* in struct fw_frame */
	uint8_t width;
} context[] = {
	{offsetof(struct fw_frame, data), 8},           {offsetof(struct fw_frame, data_end), 8},
	{offsetof(struct fw_frame, data_meta), 8},      {offsetof(struct fw_frame, ingress_ifindex), 4},
	{offsetof(struct fw_frame, rx_queue_index), 4},
};

#define CONTEXT_QUEUE 4

/* Frames */

#define MAX_SAVED 6

static bool has_frame_pointer(const struct jit_work *w)
{
	return w->regs & 1u << INSN_FRAME_PTR;
}

static bool has_record(const struct jit_work *w)
{
	return w->calls || has_frame_pointer(w);
}

/* The registers to be saved besides, an even number. */
static unsigned int saved_registers(const struct jit_work *w, uint8_t saved[MAX_SAVED])
{
	unsigned int n = 0;

	for (unsigned int r = 6; r < INSN_FRAME_PTR; r++)
		if (w->regs & 1u << r)
			saved[n++] = reg_of[r];
	if (w->run)
		saved[n++] = RUN;
	if (n % 2)
		saved[n++] = XZR;
	return n;
}

static void prologue(const struct jit_work *w, struct jit_out *o)
{
	uint8_t saved[MAX_SAVED];
	unsigned int count = saved_registers(w, saved);

	if (has_record(w))
		a64_push(o, X29, X30);
	if (has_frame_pointer(w)) {
		a64_arith_imm(o, A64_ADD, 8, X29, XSP, 0);
		if (!w->prog->zero_stack)
			a64_arith_imm(o, A64_SUB, 8, XSP, XSP, EXEC_STACK_BYTES); /* req: XO-130 */
		for (unsigned int at = 0; w->prog->zero_stack && at < EXEC_STACK_BYTES; at += 16)
			a64_push(o, XZR, XZR);
	}
	for (unsigned int n = 0; n < count; n += 2)
		a64_push(o, saved[n], saved[n + 1]);
}

static void epilogue(const struct jit_work *w, struct jit_out *o)
{
	uint8_t saved[MAX_SAVED];
	unsigned int count = saved_registers(w, saved);

	for (unsigned int n = count; n > 0; n -= 2)
		a64_pop(o, saved[n - 2], saved[n - 1]);
	if (has_frame_pointer(w))
		a64_arith_imm(o, A64_ADD, 8, XSP, XSP, EXEC_STACK_BYTES);
	if (has_record(w))
		a64_pop(o, X29, X30);
	a64_mov(o, 8, X0, R0);
	a64_ret(o);
}

static int64_t prologue_bytes(const struct jit_work *w)
{
	struct jit_out count = {0};

	prologue(w, &count);
	return (int64_t)count.at;
}

/* x0: frame or memory, x1: run, x2: bytes of memory */
static void jit_arm64_entry(struct jit_work *w)
{
	prologue(w, &w->out);
	if (w->run)
		a64_mov(&w->out, 8, RUN, X1);
	if (w->prog->plain_memory)
		a64_mov(&w->out, 8, reg_of[2], X2);
}

static void jit_arm64_func(struct jit_work *w, uint32_t i, bool falls)
{
	(void)i;
	if (falls)
		a64_b(&w->out, A64_BYTES + prologue_bytes(w));
	prologue(w, &w->out);
}

static void jit_arm64_trap(struct jit_work *w)
{
	while (w->out.at + A64_BYTES <= w->out.room)
		a64_brk(&w->out, 0);
	while (w->out.at < w->out.room)
		jit_byte(&w->out, 0);
}

/* Arithmetic */

struct alu {
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
	a64_mov_imm(a->o, TEMP, imm_of(a));
	return TEMP;
}

/* Compares or adds or subtracts an immediate: as it stands, or with the opposite operation, or by way of TEMP. */
static void arith_imm(struct jit_out *o, enum a64_arith op, unsigned int width, uint8_t d, uint8_t n, int32_t imm)
{
	uint64_t value = (uint64_t)(int64_t)imm;

	if (a64_is_arith_imm(value)) {
		a64_arith_imm(o, op, width, d, n, value);
	} else if (a64_is_arith_imm(0 - value)) {
		a64_arith_imm(o, op ^ (A64_ADD ^ A64_SUB), width, d, n, 0 - value);
	} else {
		a64_mov_imm(o, TEMP, width == 8 ? value : (uint32_t)value);
		a64_arith(o, op, width, d, n, TEMP);
	}
}

static void alu_arith(const struct alu *a)
{
	if (a->is_imm)
		arith_imm(a->o, a->a64, a->width, a->dst, a->dst, a->imm);
	else
		a64_arith(a->o, a->a64, a->width, a->dst, a->dst, a->src);
}

static void alu_logic(const struct alu *a)
{
	uint32_t field;

	if (a->is_imm && a64_bitmask(a->width, imm_of(a), &field))
		a64_logic_imm(a->o, a->a64, a->width, a->dst, a->dst, imm_of(a));
	else
		a64_logic(a->o, a->a64, a->width, a->dst, a->dst, operand(a));
}

static void alu_mov(const struct alu *a)
{
	if (a->is_imm)
		a64_mov_imm(a->o, a->dst, imm_of(a));
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

static int emit_alu(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	struct alu a = {
		.o = &w->out,
		.width = info->width,
		.dst = reg_of[insn->dst],
		.src = reg_of[insn->src],
		.is_imm = info->form == INSN_FORM_ALU_K,
		.imm = insn->imm,
	};

	if (info->op >= ARRAY_SIZE(alu_rows) || !alu_rows[info->op].emit)
		return -ENOTSUP;
	a.a64 = alu_rows[info->op].a64;
	alu_rows[info->op].emit(&a);
	return 0;
}

/* Memory */

static bool is_context(const struct jit_work *w, uint32_t i)
{
	return w->prog->access && w->prog->access[i] == EXEC_ACCESS_CTX;
}

/* The context's field at off, or -1. */
static int context_field(int16_t off, uint8_t width)
{
	if (off < 0 || off % 4 || (size_t)off / 4 >= ARRAY_SIZE(context) || width != 4)
		return -1;
	return off / 4;
}

static int emit_context_load(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	int field = context_field(insn->off, info->width);

	/* req: XO-133 */
	if (field < 0 || info->cls != INSN_CLASS_LDX)
		return -ENOTSUP;
	a64_load(&w->out, context[field].width, reg_of[insn->dst], reg_of[insn->src], context[field].offset);
	return 0;
}

static int emit_load(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t dst = reg_of[insn->dst], base = reg_of[insn->src];
	bool sign = info->cls == INSN_CLASS_LDSX;

	if (is_context(w, i))
		return emit_context_load(w, insn, info);
	if (a64_is_disp(info->width, insn->off)) {
		if (sign)
			a64_load_sx(o, info->width, dst, base, insn->off);
		else
			a64_load(o, info->width, dst, base, insn->off);
		return 0;
	}
	a64_mov_imm(o, TEMP, (uint64_t)(int64_t)insn->off);
	if (sign)
		a64_load_sx_at(o, info->width, dst, base, TEMP);
	else
		a64_load_at(o, info->width, dst, base, TEMP);
	return 0;
}

/* The value that a store stores; NEW gets it if it is an immediate. */
static uint8_t stored(struct jit_out *o, const struct insn *insn, const struct insn_info *info)
{
	if (info->cls == INSN_CLASS_STX)
		return reg_of[insn->src];
	if (!insn->imm)
		return XZR;
	a64_mov_imm(o, NEW, info->width == 8 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
	return NEW;
}

/* Selects a queue if there is such a one. */
static int emit_context_store(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t base = reg_of[insn->dst], value;
	size_t bad, done;

	/* req: XO-137, XO-138 */
	if (context_field(insn->off, info->width) != CONTEXT_QUEUE)
		return -ENOTSUP;
	value = stored(o, insn, info);
	a64_load(o, 4, TEMP, RUN, offsetof(struct run, num_queues));
	a64_arith(o, A64_SUBS, 4, XZR, value, TEMP);
	bad = a64_b_cc_ahead(o, A64_HS);
	a64_store(o, 4, base, context[CONTEXT_QUEUE].offset, value);
	done = a64_b_ahead(o);
	a64_here(o, bad);
	a64_mov_imm(o, TEMP, true);
	a64_store(o, 1, base, offsetof(struct fw_frame, bad_queue), TEMP);
	a64_here(o, done);
	return 0;
}

static int emit_store(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t base = reg_of[insn->dst], value;

	if (is_context(w, i))
		return emit_context_store(w, insn, info);
	value = stored(o, insn, info);
	if (a64_is_disp(info->width, insn->off)) {
		a64_store(o, info->width, base, insn->off, value);
	} else {
		a64_mov_imm(o, TEMP, (uint64_t)(int64_t)insn->off);
		a64_store_at(o, info->width, base, TEMP, value);
	}
	return 0;
}

/* Exclusive accesses have no displacement. */
static uint8_t atomic_address(struct jit_out *o, uint8_t base, int16_t off)
{
	if (!off)
		return base;
	arith_imm(o, A64_ADD, 8, ADDRESS, base, off);
	return ADDRESS;
}

/* NEW = what the operation makes of OLD and src. */
static int atomic_compute(struct jit_out *o, uint8_t op, unsigned int width, uint8_t src)
{
	switch (op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_FETCH_ADD:
		a64_arith(o, A64_ADD, width, NEW, OLD, src);
		return 0;
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_FETCH_OR:
		a64_logic(o, A64_ORR, width, NEW, OLD, src);
		return 0;
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_FETCH_AND:
		a64_logic(o, A64_AND, width, NEW, OLD, src);
		return 0;
	case INSN_ATOMIC_XOR:
	case INSN_ATOMIC_FETCH_XOR:
		a64_logic(o, A64_EOR, width, NEW, OLD, src);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static void again_unless_stored(struct jit_out *o, size_t again)
{
	a64_cbz(o, true, 4, STATUS, (int64_t)again - (int64_t)o->at);
}

/* Those that fetch are ordered with all other accesses, before and after. */
static int emit_atomic(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t src = reg_of[insn->src], address, width = info->width;
	bool fetches = info->op >= INSN_ATOMIC_FETCH_ADD;
	size_t again, differs = 0;

	if (is_context(w, i) || (width != 4 && width != 8))
		return -ENOTSUP;
	address = atomic_address(o, reg_of[insn->dst], insn->off);
	again = o->at;
	a64_ldxr(o, width, OLD, address);
	if (info->op == INSN_ATOMIC_CMPXCHG) {
		a64_arith(o, A64_SUBS, width, XZR, OLD, R0);
		differs = a64_b_cc_ahead(o, A64_NE);
		a64_stlxr(o, width, STATUS, src, address);
	} else if (info->op == INSN_ATOMIC_XCHG) {
		a64_stlxr(o, width, STATUS, src, address);
	} else {
		if (atomic_compute(o, info->op, width, src))
			return -ENOTSUP;
		if (fetches)
			a64_stlxr(o, width, STATUS, NEW, address);
		else
			a64_stxr(o, width, STATUS, NEW, address);
	}
	again_unless_stored(o, again);
	if (fetches)
		a64_dmb_ish(o);
	if (info->op == INSN_ATOMIC_CMPXCHG) {
		a64_here(o, differs);
		src = R0;
	}
	if (fetches)
		a64_mov(o, 8, src, OLD);
	return 0;
}

/* Jumps and calls */

static const uint8_t conditions[] = {
	[INSN_JMP_EQ] = A64_EQ, [INSN_JMP_GT] = A64_HI,  [INSN_JMP_GE] = A64_HS,  [INSN_JMP_SET] = A64_NE,
	[INSN_JMP_NE] = A64_NE, [INSN_JMP_SGT] = A64_GT, [INSN_JMP_SGE] = A64_GE, [INSN_JMP_LT] = A64_LO,
	[INSN_JMP_LE] = A64_LS, [INSN_JMP_SLT] = A64_LT, [INSN_JMP_SLE] = A64_LE,
};

/* From a branch that is emitted next to the code of slot to. */
static int64_t distance(const struct jit_work *w, uint32_t to)
{
	return (int64_t)w->start[to] - (int64_t)w->out.at;
}

static bool is_zero_test(const struct insn *insn, const struct insn_info *info)
{
	return info->form == INSN_FORM_JMP_K && !insn->imm64 && (info->op == INSN_JMP_EQ || info->op == INSN_JMP_NE);
}

static void emit_compare(struct jit_out *o, const struct insn *insn, const struct insn_info *info)
{
	uint8_t dst = reg_of[insn->dst], src = reg_of[insn->src];
	int32_t imm = (int32_t)insn->imm64;
	bool is_imm = info->form == INSN_FORM_JMP_K;
	uint64_t value = info->width == 8 ? (uint64_t)(int64_t)imm : (uint32_t)imm;
	uint32_t field;

	if (info->op != INSN_JMP_SET) {
		if (is_imm)
			arith_imm(o, A64_SUBS, info->width, XZR, dst, imm);
		else
			a64_arith(o, A64_SUBS, info->width, XZR, dst, src);
	} else if (is_imm && a64_bitmask(info->width, value, &field)) {
		a64_logic_imm(o, A64_ANDS, info->width, XZR, dst, value);
	} else {
		if (is_imm)
			a64_mov_imm(o, TEMP, value);
		a64_logic(o, A64_ANDS, info->width, XZR, dst, is_imm ? TEMP : src);
	}
}

/* The long form jumps over an unconditional branch if not. */
static int emit_jmp(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	bool is_short = w->mark[i] & JIT_MARK_SHORT, zero = is_zero_test(insn, info);
	uint32_t to = (uint32_t)insn->imm;

	if (info->op >= ARRAY_SIZE(conditions))
		return -ENOTSUP;
	if (!zero)
		emit_compare(o, insn, info);
	if (zero)
		a64_cbz(o, (info->op == INSN_JMP_NE) == is_short, info->width, reg_of[insn->dst],
			is_short ? distance(w, to) : 2 * A64_BYTES);
	else /* the condition's opposite is its neighbour */
		a64_b_cc(o, conditions[info->op] ^ !is_short, is_short ? distance(w, to) : 2 * A64_BYTES);
	if (!is_short)
		a64_b(o, distance(w, to));
	return 0;
}

static void emit_ja(struct jit_work *w, uint32_t i, const struct insn *insn)
{
	if (!jit_is_void(w, i))
		a64_b(&w->out, distance(w, (uint32_t)insn->imm));
}

static void emit_call_local(struct jit_work *w, const struct insn *insn)
{
	a64_bl(&w->out, distance(w, (uint32_t)insn->imm) - prologue_bytes(w));
}

/* Whether a relative call reaches address from all of the code. The same in all passes that know where the code runs.
 */
static bool in_reach(const struct jit_work *w, uint64_t address)
{
	return w->exec && a64_is_near((int64_t)(address - w->exec)) &&
	       a64_is_near((int64_t)(address - (w->exec + w->bytes)));
}

static void call_address(struct jit_work *w, uint64_t address)
{
	struct jit_out *o = &w->out;

	if (in_reach(w, address)) {
		a64_bl(o, (int64_t)(address - (w->exec + o->at)));
	} else {
		a64_mov_imm(o, FAR, address);
		a64_blr(o, FAR);
	}
}

static int emit_call(struct jit_work *w, const struct insn *insn)
{
	const struct helper *helper = helper_of((uint32_t)insn->imm);

	if (!helper || !helper->fn)
		return -ENOTSUP;
	a64_mov(&w->out, 8, X5, RUN);
	call_address(w, (uint64_t)(uintptr_t)helper->fn);
	a64_mov(&w->out, 8, R0, X0);
	return 0;
}

/* The back end */

static int jit_arm64_insn(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->prog->insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	switch (info->cls) { /* req: XO-126 */
	case INSN_CLASS_ALU:
		return emit_alu(w, insn, info);
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		return emit_load(w, i, insn, info);
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
		return emit_store(w, i, insn, info);
	case INSN_CLASS_ATOMIC:
		return emit_atomic(w, i, insn, info);
	case INSN_CLASS_JMP:
		return emit_jmp(w, i, insn, info);
	case INSN_CLASS_JA:
		emit_ja(w, i, insn);
		return 0;
	case INSN_CLASS_CALL:
		return emit_call(w, insn);
	case INSN_CLASS_CALL_LOCAL:
		emit_call_local(w, insn);
		return 0;
	case INSN_CLASS_EXIT:
		epilogue(w, &w->out);
		return 0;
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		a64_mov_imm(&w->out, reg_of[insn->dst], (uint64_t)insn->imm64);
		return 0;
	case INSN_CLASS_SLOT2:
		return 0;
	default:
		return -ENOTSUP;
	}
}

/* A branch ends its slot's code. */
static bool jit_arm64_target(const struct jit_work *w, uint32_t i, int64_t *to)
{
	size_t end = w->end[i];
	int64_t from;

	if (!w->out.image || end > w->out.room || end < w->start[i] + A64_BYTES)
		return false;
	from = (int64_t)end - A64_BYTES;
	if (!a64_jump_distance(w->out.image + from, to))
		return false;
	*to += from;
	if (insn_info[w->prog->insns[i].op].cls == INSN_CLASS_CALL_LOCAL)
		*to += prologue_bytes(w);
	return true;
}

/* Conditional branches have 19 bits for the distance in words, counted from themselves. */
const struct jit_machine jit_arm64 = {
	.short_min = -(1 << 20) - A64_BYTES,
	.short_max = (1 << 20) - 2 * A64_BYTES,
	.entry = jit_arm64_entry,
	.func = jit_arm64_func,
	.insn = jit_arm64_insn,
	.trap = jit_arm64_trap,
	.target = jit_arm64_target,
};
