/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * Two states at an instruction need only be compared in what the program can still read from there. That is found by a
 * dataflow analysis of each function: an instruction makes live what it reads and ends the life of what it overwrites.
 *
 * Stack slots are followed where they are accessed by the frame pointer or by registers that hold it plus a constant,
 * as a first, forward pass finds out. If a stack pointer is stored anywhere, or comes from or goes to another function,
 * no slot of any function is ever taken for dead; if its offset is not constant, none at this instruction.
 */
#include "verify/live.h"
#include "verify/walk.h"

#define ARG_REGS     0x3e /* R1 to R5 */
#define CLOBBER_REGS 0x3f /* R0 to R5 */
#define ALL_SLOTS    (~(uint64_t)0)

/* What a register has to do with the frame pointer of the running function. */
enum {
	FP_NONE = INT16_MAX,     /* nothing */
	FP_SOME = INT16_MIN,     /* a stack pointer, its offset unknown */
	FP_UNSEEN = FP_SOME + 1, /* not looked at yet */
};

struct fp {
	int16_t off[INSN_MAX_REG]; /* or one of the above */
};

static bool fp_is_stack(int16_t off)
{
	return off != FP_NONE && off != FP_UNSEEN;
}

static bool fp_known(int16_t off)
{
	return off <= 0 && off >= -EXEC_STACK_BYTES;
}

static int16_t fp_join(int16_t a, int16_t b)
{
	if (a == b || b == FP_UNSEEN)
		return a;
	if (a == FP_UNSEEN)
		return b;
	return FP_SOME;
}

static bool fp_join_all(struct fp *into, const struct fp *from)
{
	bool changed = false;

	for (int r = 0; r < INSN_MAX_REG; r++) {
		int16_t to = fp_join(into->off[r], from->off[r]);

		changed |= to != into->off[r];
		into->off[r] = to;
	}
	return changed;
}

static int16_t fp_add(int16_t off, int64_t add)
{
	if (!fp_is_stack(off))
		return off;
	if (off == FP_SOME || add > EXEC_STACK_BYTES || add < -EXEC_STACK_BYTES || !fp_known((int16_t)(off + add)))
		return FP_SOME;
	return (int16_t)(off + add);
}

static void fp_alu(struct fp *fp, const struct insn *insn, const struct insn_info *info)
{
	int16_t *dst = &fp->off[insn->dst], src = info->form == INSN_FORM_ALU_X ? fp->off[insn->src] : (int16_t)FP_NONE;
	int16_t unseen = *dst == FP_UNSEEN ? (int16_t)FP_NONE : *dst;

	if (info->op == INSN_ALU_MOV) {
		*dst = src == FP_UNSEEN ? (int16_t)FP_NONE : src;
		return;
	}
	if (info->form == INSN_FORM_ALU_K && (info->op == INSN_ALU_ADD || info->op == INSN_ALU_SUB))
		*dst = fp_add(unseen, info->op == INSN_ALU_ADD ? insn->imm : -(int64_t)insn->imm);
	else
		*dst = fp_is_stack(unseen) || fp_is_stack(src) ? (int16_t)FP_SOME : (int16_t)FP_NONE;
}

/* What an instruction makes of *fp. Returns whether it lets a stack pointer go where it can't be followed. */
static bool fp_step(struct fp *fp, const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];
	bool escapes = false;

	switch (info->cls) {
	case INSN_CLASS_ALU:
		fp_alu(fp, insn, info);
		break;
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		fp->off[insn->dst] = FP_NONE;
		break;
	case INSN_CLASS_STX:
	case INSN_CLASS_ATOMIC:
		escapes = fp_is_stack(fp->off[insn->src]);
		break;
	case INSN_CLASS_CALL_LOCAL:
		for (int r = 1; r <= 5; r++)
			escapes |= fp_is_stack(fp->off[r]);
		/* fall through */
	case INSN_CLASS_CALL:
		for (int r = 0; r <= 5; r++)
			fp->off[r] = FP_NONE;
		break;
	case INSN_CLASS_EXIT:
		escapes = fp_is_stack(fp->off[0]);
		break;
	default:
		break;
	}
	if (info->cls == INSN_CLASS_ATOMIC)
		fp->off[info->op == INSN_ATOMIC_CMPXCHG ? 0 : insn->src] = FP_NONE;
	fp->off[INSN_FRAME_PTR] = 0;
	return escapes;
}

struct live_work {
	struct verify *v;
	bool forward; /* fp changes still; then backward */
	bool escapes;
	uint32_t passes; /* in this direction */
	struct fp fp[];  /* before each instruction */
};

/* The instructions that can follow i in the same function; how many. */
static uint32_t successors(const struct verify *v, uint32_t i, uint32_t out[2])
{
	const struct insn *insn = &v->args.insns[i];
	uint32_t n = 0;

	switch (insn_info[insn->op].cls) {
	case INSN_CLASS_EXIT:
		return 0;
	case INSN_CLASS_JA:
		out[n++] = (uint32_t)insn->imm;
		return n;
	case INSN_CLASS_JMP:
		out[n++] = (uint32_t)insn->imm;
		break;
	default:
		break;
	}
	out[n++] = walk_after(v->args.insns, i);
	return n;
}

/* A few passes in order settle all but absurd programs; those count as escaping. */
#define MAX_PASSES 64

static void begin_fp(struct live_work *a)
{
	for (uint32_t i = 0; i < a->v->args.count; i++) {
		for (int r = 0; r < INSN_MAX_REG; r++)
			a->fp[i].off[r] = a->v->spots[i].flags & SPOT_ENTRY ? FP_NONE : FP_UNSEEN;
		a->fp[i].off[INSN_FRAME_PTR] = 0;
	}
}

static bool fp_pass(struct live_work *a)
{
	bool changed = false;
	uint32_t next[2];

	for (uint32_t i = 0; i < a->v->args.count; i = walk_after(a->v->args.insns, i)) {
		struct fp fp = a->fp[i];

		a->escapes |= fp_step(&fp, &a->v->args.insns[i]);
		for (uint32_t n = successors(a->v, i, next); n-- > 0;)
			changed |= fp_join_all(&a->fp[next[n]], &fp);
	}
	return changed;
}

/* Slots of [off, off + bytes). */
static uint64_t slots_of(int64_t off, int64_t bytes)
{
	uint64_t slots = 0;

	if (off < -EXEC_STACK_BYTES)
		off = -EXEC_STACK_BYTES;
	for (int64_t at = off; at < off + bytes && at < 0; at += 8 - (at & 7))
		slots |= (uint64_t)1 << ((-at - 1) / 8);
	return slots;
}

static void read_reg(struct live *live, uint8_t r)
{
	live->regs |= (uint16_t)(1 << r);
}

static void end_reg(struct live *live, uint8_t r)
{
	live->regs &= (uint16_t) ~(1 << r);
}

/* What an access of bytes at a register's off can mean, as far as the stack goes. */
static uint64_t meant_slots(int16_t fp, int64_t off, int64_t bytes)
{
	if (!fp_is_stack(fp))
		return 0;
	return fp_known(fp) ? slots_of(fp + off, bytes) : ALL_SLOTS;
}

static void live_store(struct live *live, const struct insn *insn, const struct fp *fp, const struct insn_info *info)
{
	int16_t off = fp->off[insn->dst];

	if (fp_is_stack(off) && fp_known(off) && info->width == 8 && !((off + insn->off) & 7))
		live->slots &= ~slots_of(off + insn->off, 8);
	read_reg(live, insn->dst);
	if (info->cls == INSN_CLASS_STX)
		read_reg(live, insn->src);
}

static void live_atomic(struct live *live, const struct insn *insn, const struct fp *fp, const struct insn_info *info)
{
	bool exchange = info->op == INSN_ATOMIC_CMPXCHG;

	live->slots |= meant_slots(fp->off[insn->dst], insn->off, info->width);
	if (exchange)
		read_reg(live, 0);
	read_reg(live, insn->dst);
	read_reg(live, insn->src);
}

static void live_alu(struct live *live, const struct insn *insn, const struct insn_info *info)
{
	bool move = info->op >= INSN_ALU_MOV && info->op <= INSN_ALU_MOVSX32;

	if (move)
		end_reg(live, insn->dst);
	else
		read_reg(live, insn->dst);
	if (info->form == INSN_FORM_ALU_X)
		read_reg(live, insn->src);
}

/* Memory that a helper reads reaches up from its pointer; how far, the walk knows. */
static void live_call(struct live *live, const struct insn *insn, const struct fp *fp)
{
	const struct helper *helper = helper_of((uint32_t)insn->imm);

	live->regs &= (uint16_t)~CLOBBER_REGS;
	for (uint8_t i = 0; i < 5; i++) {
		int16_t off = fp->off[i + 1];

		if (helper && helper->args[i] == HELPER_ARG_NONE)
			break;
		read_reg(live, i + 1);
		live->slots |= meant_slots(off, 0, fp_known(off) ? -off : 0);
	}
}

/* From what lives after the instruction to what lives before it. */
static void live_before(const struct live_work *a, uint32_t i, struct live *live)
{
	const struct insn *insn = &a->v->args.insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	const struct fp *fp = &a->fp[i];

	switch (info->cls) {
	case INSN_CLASS_ALU:
		live_alu(live, insn, info);
		break;
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		end_reg(live, insn->dst);
		read_reg(live, insn->src);
		live->slots |= meant_slots(fp->off[insn->src], insn->off, info->width);
		break;
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
		live_store(live, insn, fp, info);
		break;
	case INSN_CLASS_ATOMIC:
		live_atomic(live, insn, fp, info);
		break;
	case INSN_CLASS_JMP:
		read_reg(live, insn->dst);
		if (info->form == INSN_FORM_JMP_X)
			read_reg(live, insn->src);
		break;
	case INSN_CLASS_CALL:
		live_call(live, insn, fp);
		break;
	case INSN_CLASS_CALL_LOCAL:
		live->regs &= (uint16_t)~CLOBBER_REGS;
		live->regs |= a->v->spots[insn->imm].live.regs & ARG_REGS;
		break;
	case INSN_CLASS_EXIT:
		*live = (struct live){.regs = 1};
		break;
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		end_reg(live, insn->dst);
		break;
	default:
		break;
	}
}

static bool live_pass(const struct live_work *a)
{
	bool changed = false;
	uint32_t next[2];

	for (uint32_t i = a->v->args.count; i-- > 0;) {
		struct live live = {0}, *old = &a->v->spots[i].live;

		if (insn_info[a->v->args.insns[i].op].cls == INSN_CLASS_SLOT2)
			continue;
		for (uint32_t n = successors(a->v, i, next); n-- > 0;) {
			live.regs |= a->v->spots[next[n]].live.regs;
			live.slots |= a->v->spots[next[n]].live.slots;
		}
		live_before(a, i, &live);
		if (a->escapes)
			live.slots = ALL_SLOTS;
		changed |= live.regs != old->regs || live.slots != old->slots;
		*old = live;
	}
	return changed;
}

static void all_live(struct verify *v)
{
	for (uint32_t i = 0; i < v->args.count; i++)
		v->spots[i].live = (struct live){ALL_SLOTS, UINT16_MAX};
}

int live_begin(struct verify *v)
{
	struct live_work *a = arena_alloc(v->arena, sizeof(*a) + (size_t)v->args.count * sizeof(a->fp[0]));

	v->live = a;
	if (!a)
		return mark_no_memory(v);
	a->v = v;
	a->forward = true;
	begin_fp(a);
	return 0;
}

static bool pass(struct live_work *a)
{
	bool changed = a->forward ? fp_pass(a) : live_pass(a);

	if (changed && ++a->passes < MAX_PASSES)
		return true;
	if (changed && a->forward)
		a->escapes = true;
	else if (changed)
		all_live(a->v);
	a->passes = 0;
	changed = a->forward;
	a->forward = false;
	return changed;
}

int live_step(struct verify *v)
{
	if (pass(v->live))
		return -EAGAIN;
	live_end(v);
	return 0;
}

void live_end(struct verify *v)
{
	arena_free(v->arena, v->live);
	v->live = NULL;
}
