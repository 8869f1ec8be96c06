/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86-64 back end: loads, stores, atomics and the context. r10 and r11 are scratch. */
#include "exec/jit_x86_64.h"

int jit_x86_64_load(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	uint8_t dst = jit_x86_64_reg[insn->dst], base = jit_x86_64_reg[insn->src];

	w->flags = 0;
	if (jit_is_context(w, i)) {
		const struct jit_field *field = jit_field_at(insn->off);

		x86_load(&w->out, field->width, dst, base, field->offset); /* req: XO-133 */
	} else if (info->cls == INSN_CLASS_LDSX) {
		x86_load_sx(&w->out, info->width, dst, base, insn->off);
	} else {
		x86_load(&w->out, info->width, dst, base, insn->off);
	}
	return 0;
}

/* Selects a queue if there is such a one. */
static void emit_context_store(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t base = jit_x86_64_reg[insn->dst], src = jit_x86_64_reg[insn->src];
	size_t bad, done;

	/* req: XO-137, XO-138 */
	if (info->cls == INSN_CLASS_ST && jit_blinds(w, insn->imm)) {
		src = R11;
		jit_x86_64_constant(w, src, (uint32_t)insn->imm);
	}
	if (info->cls == INSN_CLASS_STX || src == R11) {
		x86_alu_load(o, X86_CMP, 4, src, JIT_X86_64_RUN, offsetof(struct run, num_queues));
		bad = x86_jcc_ahead(o, X86_AE);
		x86_store(o, 4, base, jit_context[JIT_FIELD_QUEUE].offset, src);
	} else {
		x86_alu_mem_imm(o, X86_CMP, 4, JIT_X86_64_RUN, offsetof(struct run, num_queues), insn->imm);
		bad = x86_jcc_ahead(o, X86_BE);
		x86_store_imm(o, 4, base, jit_context[JIT_FIELD_QUEUE].offset, insn->imm);
	}
	done = x86_jmp_ahead(o);
	x86_here(o, bad);
	x86_store_imm(o, 1, base, offsetof(struct fw_frame, bad_queue), true);
	x86_here(o, done);
}

int jit_x86_64_store(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	if (jit_is_context(w, i)) {
		w->flags = 0;
		emit_context_store(w, insn, info);
	} else if (info->cls == INSN_CLASS_STX) {
		x86_store(&w->out, info->width, jit_x86_64_reg[insn->dst], insn->off, jit_x86_64_reg[insn->src]);
	} else if (jit_blinds(w, insn->imm)) {
		w->flags = 0;
		jit_x86_64_constant(w, R11, (uint64_t)(int64_t)insn->imm);
		x86_store(&w->out, info->width, jit_x86_64_reg[insn->dst], insn->off, R11);
	} else {
		x86_store_imm(&w->out, info->width, jit_x86_64_reg[insn->dst], insn->off, insn->imm);
	}
	return 0;
}

static const uint8_t atomic_ops[] = {
	[INSN_ATOMIC_ADD] = X86_ADD,       [INSN_ATOMIC_OR] = X86_OR,       [INSN_ATOMIC_AND] = X86_AND,
	[INSN_ATOMIC_XOR] = X86_XOR,       [INSN_ATOMIC_FETCH_OR] = X86_OR, [INSN_ATOMIC_FETCH_AND] = X86_AND,
	[INSN_ATOMIC_FETCH_XOR] = X86_XOR,
};

/* Opcodes of op [base + disp], reg. */
#define XADD    0x0fc1
#define CMPXCHG 0x0fb1

/* There is no fetching or, and, xor, and an exchange would lock the bus. op: NULL: nothing but the exchange. */
static void emit_fetch(struct jit_out *o, const enum x86_alu *op, unsigned int width, uint8_t base, int32_t disp,
		       uint8_t src)
{
	x86_load(o, width, R10, base, disp);
	if (op)
		x86_alu_store(o, *op, width, base, disp, src);
	else
		x86_store(o, width, base, disp, src);
	x86_mov(o, width, src, R10);
}

/*
 * Atomic operations are at stack and map values, which nobody but the run under way touches (fw.h: one function of a
 * struct fw at a time): to be indivisible they need not be locked. req: XO-241
 */
int jit_x86_64_atomic(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct jit_out *o = &w->out;
	uint8_t base = jit_x86_64_reg[insn->dst], src = jit_x86_64_reg[insn->src];
	enum x86_alu op;

	w->flags = 0;
	if (jit_is_context(w, i) || (info->width != 4 && info->width != 8))
		return -ENOTSUP;
	switch (info->op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_XOR:
		x86_alu_store(o, (enum x86_alu)atomic_ops[info->op], info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_FETCH_ADD:
		x86_op_rm(o, info->width, XADD, src, base, insn->off);
		return 0;
	case INSN_ATOMIC_FETCH_OR:
	case INSN_ATOMIC_FETCH_AND:
	case INSN_ATOMIC_FETCH_XOR:
		op = (enum x86_alu)atomic_ops[info->op];
		emit_fetch(o, &op, info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_XCHG:
		emit_fetch(o, NULL, info->width, base, insn->off, src);
		return 0;
	case INSN_ATOMIC_CMPXCHG:
		x86_op_rm(o, info->width, CMPXCHG, src, base, insn->off);
		/* Where the values agree, the processor leaves the upper half as it was. */
		if (info->width == 4)
			x86_mov(o, 4, RAX, RAX);
		return 0;
	default:
		return -ENOTSUP;
	}
}

void jit_x86_64_load_swap(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	unsigned int width = insn_info[insn->op].width, dst = jit_x86_64_reg[insn->dst];

	w->flags = 0;
	x86_load(&w->out, width, dst, jit_x86_64_reg[insn->src], insn->off);
	if (width == 2)
		x86_shift_imm(&w->out, X86_ROR, 2, dst, 8); /* the upper bytes are 0 */
	else
		x86_bswap(&w->out, width, dst);
}

void jit_x86_64_copy(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	unsigned int width = insn_info[insn->op].width;

	x86_load(&w->out, width, R11, jit_x86_64_reg[insn->src], insn->imm);
	x86_store(&w->out, width, jit_x86_64_reg[insn->dst], insn->off, R11);
}

bool jit_x86_64_rmw_op(int32_t op, enum x86_alu *x86)
{
	static const uint8_t ops[] = {
		[INSN_ALU_ADD] = X86_ADD, [INSN_ALU_SUB] = X86_SUB, [INSN_ALU_OR] = X86_OR,
		[INSN_ALU_AND] = X86_AND, [INSN_ALU_XOR] = X86_XOR,
	};

	if (op < 0 || (size_t)op >= ARRAY_SIZE(ops))
		return false;
	*x86 = (enum x86_alu)ops[op];
	return true;
}

int jit_x86_64_rmw(struct jit_work *w, uint32_t i)
{

	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	unsigned int base = jit_x86_64_reg[insn->dst], src = jit_x86_64_reg[insn->src];
	enum x86_alu op;

	if (!jit_x86_64_rmw_op(insn->imm, &op))
		return -ENOTSUP;
	w->flags = 0;
	if (info->cls == INSN_CLASS_ST && !jit_blinds(w, insn->imm64)) {
		x86_alu_mem_imm(&w->out, op, info->width, base, insn->off, (int32_t)insn->imm64);
		return 0;
	}
	if (info->cls == INSN_CLASS_ST) {
		src = R11;
		jit_x86_64_constant(w, src, (uint64_t)insn->imm64);
	}
	x86_alu_store(&w->out, op, info->width, base, insn->off, src);
	return 0;
}
