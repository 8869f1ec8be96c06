// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's back end for x86-64, System V.
 *
 * R0 to R5 live where C passes results and arguments, so a helper call moves nothing; R6 to R9 and R10 live in
 * registers that C preserves. r12 holds the run, r9 to r11 are scratch within one instruction.
 *
 * All functions of a program have one frame, so a jump may lead anywhere in the program:
 *
 *     rbp ->  saved rbp            only if R10 appears; R10 is rbp
 *             512 bytes of stack
 *     rsp ->  saved r12, r15 ... rbx, those that appear
 *
 * and a multiple of 16 bytes at calls. 32-bit operations zero the upper half because each ends in a 32-bit write.
 *
 * Selection is by class, operation and width of insn_info. Arithmetic and jumps have a row each; a helper call goes
 * through emit_call(), the place for calls that become code.
 */
#include "exec/asm_x86_64.h"

#define RUN R12

static const uint8_t reg_of[INSN_MAX_REG] = {RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP};

/* Pushed in this order after the stack. */
static const struct {
	uint8_t reg;
	uint8_t bpf;
} saved[] = {{RBX, 6}, {R13, 7}, {R14, 8}, {R15, 9}};

_Static_assert(sizeof(((struct fw_frame *)0)->data) == 8, "context loads of packet pointers are 8 bytes wide");
_Static_assert(sizeof(bool) == 1, "bad_queue is stored as a byte");
_Static_assert(sizeof(((struct run *)0)->num_queues) == 4, "compared with the low half of a register");

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

static bool has_frame_pointer(const struct jit_work *w)
{
	return w->regs & 1u << INSN_FRAME_PTR;
}

static bool is_saved(const struct jit_work *w, size_t n)
{
	return w->regs & 1u << saved[n].bpf;
}

/* Bytes to subtract from rsp besides the pushes. */
static int32_t frame_bytes(const struct jit_work *w)
{
	unsigned int pushes = 1 + w->run + has_frame_pointer(w);     /* the return address is one */
	int32_t bytes = has_frame_pointer(w) ? EXEC_STACK_BYTES : 0; /* req: XO-130 */

	for (size_t n = 0; n < ARRAY_SIZE(saved); n++)
		pushes += is_saved(w, n);
	if (w->calls && pushes % 2)
		bytes += 8;
	return bytes;
}

static void prologue(const struct jit_work *w, struct jit_out *o)
{
	int32_t bytes = frame_bytes(w);

	if (has_frame_pointer(w)) {
		x86_push(o, RBP);
		x86_mov(o, 8, RBP, RSP);
	}
	if (bytes)
		x86_alu_imm(o, X86_SUB, 8, RSP, bytes);
	for (size_t n = 0; n < ARRAY_SIZE(saved); n++)
		if (is_saved(w, n))
			x86_push(o, saved[n].reg);
	if (w->run)
		x86_push(o, RUN);
}

static void epilogue(const struct jit_work *w, struct jit_out *o)
{
	int32_t bytes = frame_bytes(w);

	if (w->run)
		x86_pop(o, RUN);
	for (size_t n = ARRAY_SIZE(saved); n-- > 0;)
		if (is_saved(w, n))
			x86_pop(o, saved[n].reg);
	if (has_frame_pointer(w))
		x86_leave(o);
	else if (bytes)
		x86_alu_imm(o, X86_ADD, 8, RSP, bytes);
	x86_ret(o);
}

static int64_t prologue_bytes(const struct jit_work *w)
{
	struct jit_out count = {0};

	prologue(w, &count);
	return (int64_t)count.at;
}

/* rdi: frame or memory, rsi: run, rdx: bytes of memory */
static void jit_x86_64_entry(struct jit_work *w)
{
	prologue(w, &w->out);
	if (w->run)
		x86_mov(&w->out, 8, RUN, RSI);
	if (w->prog->plain_memory)
		x86_mov(&w->out, 8, RSI, RDX);
}

static void jit_x86_64_func(struct jit_work *w, uint32_t i, bool falls)
{
	(void)i;
	if (falls)
		x86_jmp(&w->out, true, prologue_bytes(w));
	prologue(w, &w->out);
}

static void jit_x86_64_trap(struct jit_work *w)
{
	while (w->out.at < w->out.room)
		jit_byte(&w->out, 0xcc);
}

/* Arithmetic */

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
	a.x86 = alu_rows[info->op].x86;
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
	x86_load(&w->out, context[field].width, reg_of[insn->dst], reg_of[insn->src], context[field].offset);
	return 0;
}

static int emit_load(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	if (is_context(w, i))
		return emit_context_load(w, insn, info);
	if (info->cls == INSN_CLASS_LDSX)
		x86_load_sx(&w->out, info->width, reg_of[insn->dst], reg_of[insn->src], insn->off);
	else
		x86_load(&w->out, info->width, reg_of[insn->dst], reg_of[insn->src], insn->off);
	return 0;
}

/* Selects a queue if there is such a one. */
static int emit_context_store(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t base = reg_of[insn->dst];
	size_t bad, done;

	/* req: XO-137, XO-138 */
	if (context_field(insn->off, info->width) != CONTEXT_QUEUE)
		return -ENOTSUP;
	if (info->cls == INSN_CLASS_STX) {
		x86_alu_load(o, X86_CMP, 4, reg_of[insn->src], RUN, offsetof(struct run, num_queues));
		bad = x86_jcc_ahead(o, X86_AE);
		x86_store(o, 4, base, context[CONTEXT_QUEUE].offset, reg_of[insn->src]);
	} else {
		x86_alu_mem_imm(o, X86_CMP, 4, RUN, offsetof(struct run, num_queues), insn->imm);
		bad = x86_jcc_ahead(o, X86_BE);
		x86_store_imm(o, 4, base, context[CONTEXT_QUEUE].offset, insn->imm);
	}
	done = x86_jmp_ahead(o);
	x86_here(o, bad);
	x86_store_imm(o, 1, base, offsetof(struct fw_frame, bad_queue), true);
	x86_here(o, done);
	return 0;
}

static int emit_store(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	if (is_context(w, i))
		return emit_context_store(w, insn, info);
	if (info->cls == INSN_CLASS_STX)
		x86_store(&w->out, info->width, reg_of[insn->dst], insn->off, reg_of[insn->src]);
	else
		x86_store_imm(&w->out, info->width, reg_of[insn->dst], insn->off, insn->imm);
	return 0;
}

static const uint8_t atomic_ops[] = {
	[INSN_ATOMIC_ADD] = X86_ADD,       [INSN_ATOMIC_OR] = X86_OR,       [INSN_ATOMIC_AND] = X86_AND,
	[INSN_ATOMIC_XOR] = X86_XOR,       [INSN_ATOMIC_FETCH_OR] = X86_OR, [INSN_ATOMIC_FETCH_AND] = X86_AND,
	[INSN_ATOMIC_FETCH_XOR] = X86_XOR,
};

/* There is no fetching or, and, xor: computed aside and exchanged until nobody came in between. */
static void emit_fetch_loop(struct jit_out *o, enum x86_alu op, unsigned int width, uint8_t base, int32_t disp,
			    uint8_t src)
{
	uint8_t operand = src == RAX ? R10 : src;
	size_t again;

	x86_mov(o, 8, R10, RAX);
	if (base == RAX)
		base = R10;
	x86_load(o, width, RAX, base, disp);
	again = o->at;
	x86_mov(o, width, R11, RAX);
	x86_alu(o, op, width, R11, operand);
	x86_lock_cmpxchg(o, width, base, disp, R11);
	x86_jcc(o, X86_NE, true, (int64_t)again - (int64_t)(o->at + X86_SHORT_JUMP_BYTES));
	if (src != RAX) {
		x86_mov(o, width, src, RAX);
		x86_mov(o, 8, RAX, R10);
	}
}

static int emit_atomic(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t base = reg_of[insn->dst], src = reg_of[insn->src];

	if (is_context(w, i) || (info->width != 4 && info->width != 8))
		return -ENOTSUP;
	switch (info->op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_XOR:
		x86_lock_alu(o, atomic_ops[info->op], info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_FETCH_ADD:
		x86_lock_xadd(o, info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_FETCH_OR:
	case INSN_ATOMIC_FETCH_AND:
	case INSN_ATOMIC_FETCH_XOR:
		emit_fetch_loop(o, atomic_ops[info->op], info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_XCHG:
		x86_xchg(o, info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_CMPXCHG:
		x86_lock_cmpxchg(o, info->width, base, insn->off, src);
		/* Where the values agree, the processor leaves the upper half as it was. */
		if (info->width == 4)
			x86_mov(o, 4, RAX, RAX);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static void emit_ld_imm64(struct jit_work *w, const struct insn *insn)
{
	if (insn->imm64)
		x86_mov_imm(&w->out, reg_of[insn->dst], (uint64_t)insn->imm64);
	else
		x86_zero(&w->out, reg_of[insn->dst]);
}

/* Jumps and calls */

static const uint8_t conditions[] = {
	[INSN_JMP_EQ] = X86_E,  [INSN_JMP_GT] = X86_A,  [INSN_JMP_GE] = X86_AE,  [INSN_JMP_SET] = X86_NE,
	[INSN_JMP_NE] = X86_NE, [INSN_JMP_SGT] = X86_G, [INSN_JMP_SGE] = X86_GE, [INSN_JMP_LT] = X86_B,
	[INSN_JMP_LE] = X86_BE, [INSN_JMP_SLT] = X86_L, [INSN_JMP_SLE] = X86_LE,
};

static void emit_compare_imm(struct jit_out *o, uint8_t op, unsigned int width, uint8_t dst, int32_t imm)
{
	if (op == INSN_JMP_SET) {
		/* A mask without its upper bits needs no wider test: only the zero flag is asked for. */
		if (imm >= 0)
			width = imm <= UINT8_MAX ? 1 : 4;
		x86_test_imm(o, width, dst, imm);
	} else if (imm == 0) {
		x86_test(o, width, dst, dst);
	} else {
		x86_alu_imm(o, X86_CMP, width, dst, imm);
	}
}

/* From behind a branch of so many bytes, emitted next, to the code of slot to. */
static int64_t distance(const struct jit_work *w, uint32_t to, size_t branch_bytes)
{
	return (int64_t)w->start[to] - (int64_t)(w->out.at + branch_bytes);
}

static int emit_jmp(struct jit_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	bool is_short = w->mark[i] & JIT_MARK_SHORT;
	uint8_t dst = reg_of[insn->dst], src = reg_of[insn->src];

	if (info->op >= ARRAY_SIZE(conditions))
		return -ENOTSUP;
	if (info->form == INSN_FORM_JMP_K)
		emit_compare_imm(o, info->op, info->width, dst, (int32_t)insn->imm64);
	else if (info->op == INSN_JMP_SET)
		x86_test(o, info->width, dst, src);
	else
		x86_alu(o, X86_CMP, info->width, dst, src);
	x86_jcc(o, conditions[info->op], is_short,
		distance(w, (uint32_t)insn->imm, is_short ? X86_SHORT_JUMP_BYTES : X86_JCC_BYTES));
	return 0;
}

static void emit_ja(struct jit_work *w, uint32_t i, const struct insn *insn)
{
	bool is_short = w->mark[i] & JIT_MARK_SHORT;

	if (jit_is_void(w, i))
		return;
	x86_jmp(&w->out, is_short, distance(w, (uint32_t)insn->imm, is_short ? X86_SHORT_JUMP_BYTES : X86_JMP_BYTES));
}

static void emit_call_local(struct jit_work *w, const struct insn *insn)
{
	x86_call(&w->out, distance(w, (uint32_t)insn->imm, X86_CALL_BYTES) - prologue_bytes(w));
}

/* Whether a relative call reaches address from all of the code. The same in all passes that know where the code runs.
 */
static bool in_reach(const struct jit_work *w, uint64_t address)
{
	int64_t from_start, from_end;

	if (!w->exec)
		return false;
	from_start = (int64_t)(address - w->exec);
	from_end = (int64_t)(address - (w->exec + w->bytes));
	return x86_is_s32(from_start) && x86_is_s32(from_end);
}

static void call_address(struct jit_work *w, uint64_t address)
{
	struct jit_out *o = &w->out;

	if (in_reach(w, address)) {
		x86_call(o, (int64_t)(address - (w->exec + o->at + X86_CALL_BYTES)));
	} else {
		x86_mov_imm(o, RAX, address);
		x86_call_reg(o, RAX);
	}
}

static int emit_call(struct jit_work *w, const struct insn *insn)
{
	const struct helper *helper = helper_of((uint32_t)insn->imm);

	if (!helper || !helper->fn)
		return -ENOTSUP;
	x86_mov(&w->out, 8, R9, RUN);
	call_address(w, (uint64_t)(uintptr_t)helper->fn);
	return 0;
}

/* The back end */

static int jit_x86_64_insn(struct jit_work *w, uint32_t i)
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
		emit_ld_imm64(w, insn);
		return 0;
	case INSN_CLASS_SLOT2:
		return 0;
	default:
		return -ENOTSUP;
	}
}

/* A branch ends its slot's code, the distance ends the branch. */
static bool jit_x86_64_target(const struct jit_work *w, uint32_t i, int64_t *to)
{
	size_t end = w->end[i], bytes = w->mark[i] & JIT_MARK_SHORT ? 1 : 4;
	const uint8_t *image = w->out.image;
	int32_t rel;

	if (!image || end > w->out.room || end < w->start[i] + bytes + 1)
		return false;
	if (bytes == 1)
		rel = (image[end - 1] ^ 0x80) - 0x80; /* sign-extended */
	else
		mem_copy(&rel, image + end - 4, 4);
	*to = (int64_t)end + rel;
	if (insn_info[w->prog->insns[i].op].cls == INSN_CLASS_CALL_LOCAL)
		*to += prologue_bytes(w);
	return true;
}

const struct jit_machine jit_x86_64 = {
	.short_min = INT8_MIN,
	.short_max = INT8_MAX,
	.entry = jit_x86_64_entry,
	.func = jit_x86_64_func,
	.insn = jit_x86_64_insn,
	.trap = jit_x86_64_trap,
	.target = jit_x86_64_target,
};
