/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * Each function is followed forwards until nothing changes. An instruction that is reached knows of each register
 * whether it is the frame pointer plus a constant, an argument plus a constant, a number or map that tells a helper how
 * much to read, no stack pointer, or perhaps any stack pointer.
 *
 * Stack pointers leave registers in three ways. They are stored to the stack: a load from such a slot, or a cmpxchg of
 * it, may be any stack pointer. They are passed to a function: its argument may be one. They are returned. The first
 * and the last are noted for the whole program at once. The walk refuses to store them elsewhere, and to return or
 * store one to where it would outlive its frame.
 */
#include "verify/fp.h"
#include "verify/walk.h"

static int16_t make_arg(int number, int64_t off)
{
	if (off < -EXEC_STACK_BYTES || off > EXEC_STACK_BYTES)
		return FP_SOME;
	return (int16_t)(FP_ARG + number * FP_ARG_SPAN + EXEC_STACK_BYTES + off);
}

/* An argument covers what is no stack pointer: it only says which one it is if it is one. */
static int16_t join(int16_t a, int16_t b)
{
	if (a == b || b == FP_UNSEEN)
		return a;
	if (a == FP_UNSEEN)
		return b;
	if (fp_is_arg(a) && !fp_may_be_stack(b))
		return a;
	if (fp_is_arg(b) && !fp_may_be_stack(a))
		return b;
	return fp_may_be_stack(a) || fp_may_be_stack(b) ? (int16_t)FP_SOME : (int16_t)FP_NONE;
}

static int16_t add(int16_t x, int64_t off)
{
	if (off > 2 * EXEC_STACK_BYTES || off < -2 * EXEC_STACK_BYTES)
		return fp_may_be_stack(x) ? (int16_t)FP_SOME : (int16_t)FP_NONE;
	if (fp_is_own(x))
		return x + off <= 0 && x + off >= -EXEC_STACK_BYTES ? (int16_t)(x + off) : (int16_t)FP_SOME;
	if (fp_is_arg(x))
		return make_arg(fp_arg(x), fp_arg_off(x) + off);
	return x == FP_SOME ? x : (int16_t)FP_NONE;
}

static int16_t constant(int64_t value)
{
	return value >= 0 && value < FP_CONSTS ? (int16_t)(FP_CONST + value) : (int16_t)FP_NONE;
}

static void step_alu(struct fp *fp, const struct insn *insn, const struct insn_info *info)
{
	bool reg = info->form == INSN_FORM_ALU_X;
	int16_t *dst = &fp->regs[insn->dst], src = reg ? fp->regs[insn->src] : (int16_t)FP_NONE;

	if (info->op == INSN_ALU_MOV)
		*dst = reg ? src : constant(insn->imm);
	else if (!reg && (info->op == INSN_ALU_ADD || info->op == INSN_ALU_SUB))
		*dst = add(*dst, info->op == INSN_ALU_ADD ? insn->imm : -(int64_t)insn->imm);
	else
		*dst = fp_may_be_stack(*dst) || fp_may_be_stack(src) ? (int16_t)FP_SOME : (int16_t)FP_NONE;
}

static uint64_t slot_of(int64_t at)
{
	return at < 0 && at >= -EXEC_STACK_BYTES ? (uint64_t)1 << ((-at - 1) / 8) : 0;
}

/* What a load of a whole slot from base + off can give. */
static int16_t loaded(const struct fp_walk *w, int16_t base, int16_t off)
{
	uint64_t slots = fp_is_own(base) ? slot_of(base + off) : fp_may_be_stack(base) ? ~(uint64_t)0 : 0;

	return w->spilled & slots ? (int16_t)FP_SOME : (int16_t)FP_NONE;
}

static void spill(struct fp_walk *w, int16_t base, int16_t off)
{
	uint64_t before = w->spilled;

	w->spilled |= fp_is_own(base) ? slot_of(base + off) : ~(uint64_t)0;
	w->settled &= w->spilled == before;
}

/* Instruction from calls the function at entry with these arguments. */
static void step_call(struct fp_walk *w, const struct fp *fp, uint32_t from, uint32_t entry)
{
	int16_t *regs = w->at[entry].regs;

	for (int i = 0; i < FP_ARGS; i++) {
		int16_t to = fp_may_be_stack(fp->regs[i + 1]) ? join(regs[i + 1], make_arg(i, 0)) : regs[i + 1];

		w->settled &= to == regs[i + 1] || entry > from;
		regs[i + 1] = to;
	}
}

static void clobber(struct fp *fp, int16_t r0)
{
	for (int r = 1; r <= 5; r++)
		fp->regs[r] = FP_NONE;
	fp->regs[0] = r0;
}

static void step(const struct verify *v, struct fp_walk *w, uint32_t i, struct fp *fp)
{
	const struct insn *insn = &v->args.insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	switch (info->cls) {
	case INSN_CLASS_ALU:
		step_alu(fp, insn, info);
		break;
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		fp->regs[insn->dst] = info->width == 8 ? loaded(w, fp->regs[insn->src], insn->off) : (int16_t)FP_NONE;
		break;
	case INSN_CLASS_STX:
		if (fp_may_be_stack(fp->regs[insn->src]))
			spill(w, fp->regs[insn->dst], insn->off);
		break;
	case INSN_CLASS_LD_IMM64:
		fp->regs[insn->dst] = constant(insn->imm64);
		break;
	case INSN_CLASS_LD_MAP:
		fp->regs[insn->dst] =
			insn->imm >= 0 && insn->imm < FP_MAPS ? (int16_t)(FP_MAP + insn->imm) : (int16_t)FP_NONE;
		break;
	case INSN_CLASS_LD_MAP_VALUE:
		fp->regs[insn->dst] = FP_NONE;
		break;
	case INSN_CLASS_ATOMIC:
		/* cmpxchg gives what was there, be it a pointer; the others take numbers only */
		if (info->op == INSN_ATOMIC_CMPXCHG)
			fp->regs[0] = loaded(w, fp->regs[insn->dst], insn->off);
		else
			fp->regs[insn->src] = FP_NONE;
		break;
	case INSN_CLASS_CALL_LOCAL:
		step_call(w, fp, i, (uint32_t)insn->imm);
		clobber(fp, w->returned ? (int16_t)FP_SOME : (int16_t)FP_NONE);
		break;
	case INSN_CLASS_CALL:
		clobber(fp, FP_NONE);
		break;
	case INSN_CLASS_EXIT:
		w->settled &= w->returned || !fp_may_be_stack(fp->regs[0]);
		w->returned |= fp_may_be_stack(fp->regs[0]);
		break;
	default:
		break;
	}
	fp->regs[INSN_FRAME_PTR] = 0;
}

/* fp holds before instruction to, which follows from. */
static void flow(const struct verify *v, struct fp_walk *w, const struct fp *fp, uint32_t from, uint32_t to)
{
	struct fp *into = &w->at[to];

	if (!(v->spots[to].flags & (SPOT_JOIN | SPOT_LOOP | SPOT_ENTRY))) {
		mem_copy(into->regs, fp->regs, sizeof(fp->regs));
		return;
	}
	for (int r = 0; r < INSN_MAX_REG; r++) {
		int16_t x = join(into->regs[r], fp->regs[r]);

		w->settled &= x == into->regs[r] || to > from;
		into->regs[r] = x;
	}
}

void fp_begin(const struct verify *v, struct fp_walk *w)
{
	uint32_t function = 0;

	for (uint32_t i = 0; i < v->args.count; i++) {
		bool entry = v->spots[i].flags & SPOT_ENTRY;

		function += entry;
		w->at[i].function = function - 1;
		for (int r = 0; r < INSN_MAX_REG; r++)
			w->at[i].regs[r] = entry ? FP_NONE : FP_UNSEEN;
		if (entry)
			w->at[i].regs[INSN_FRAME_PTR] = 0;
	}
	w->functions = function;
	w->spilled = 0;
	w->returned = false;
	w->settled = false;
}

void fp_pass(const struct verify *v, struct fp_walk *w)
{
	uint32_t next[2];

	w->settled = true;
	for (uint32_t i = 0; i < v->args.count; i = walk_after(v->args.insns, i)) {
		struct fp fp = w->at[i];

		if (fp.regs[INSN_FRAME_PTR] == FP_UNSEEN)
			continue;
		step(v, w, i, &fp);
		for (uint32_t n = walk_successors(v->args.insns, i, next); n-- > 0;)
			flow(v, w, &fp, i, next[n]);
	}
}

void fp_give_up(const struct verify *v, struct fp_walk *w)
{
	for (uint32_t i = 0; i < v->args.count; i++) {
		for (int r = 0; r < INSN_MAX_REG; r++)
			w->at[i].regs[r] = FP_SOME;
	}
	w->settled = true;
}
