/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * Two states at an instruction need only be compared in what the program can still read from there. That is found by a
 * dataflow analysis of each function: an instruction makes live what it reads and ends the life of what it overwrites.
 *
 * Stack is followed by halves of slots, as far as fp.c knows what a register points to: what may be a stack pointer,
 * with an offset that is not known, makes all of it live. Only a store by what is surely the frame pointer plus a
 * constant ends a life.
 *
 * What a function reads of its callers' frames is summed up for each argument as one span of bytes, for all of the
 * function and those that it calls in turn. It counts as read by the call, so it lives before the call and, for as long
 * as the callee runs, too: see mark_live().
 */
#include "verify/live.h"
#include "verify/fp.h"
#include "verify/walk.h"
#include "virtio_net_xdp.h"

#define ARG_REGS     0x3e /* R1 to R5 */
#define CLOBBER_REGS 0x3f /* R0 to R5 */

/* A few passes settle all but absurd programs; in those everything lives. */
#define MAX_PASSES 64

/* [from, to) relative to an argument; empty if from >= to. */
struct span {
	int16_t from, to;
};

/* What a function reads by stack pointers that it got. */
struct reads {
	struct span args[FP_ARGS];
	bool anything; /* of all frames below it */
};

enum phase { PHASE_FP, PHASE_READS, PHASE_LIVE };

struct live_walk {
	enum phase phase;
	int passes; /* of this phase */
	struct fp_walk fp;
	struct reads *reads;           /* per function */
	uint32_t most_key, most_value; /* bytes of any map's keys and values */
	bool back_calls;               /* some function lies before one that calls it */
	bool changed;
};

/* ---- what an instruction reads and writes of stacks ---- */

/* bytes from what base says plus off. */
struct access {
	int16_t base;
	int64_t off, bytes;
};

/* As many as there are. */
#define ALL_BYTES EXEC_STACK_BYTES

struct accesses {
	struct access reads[FP_ARGS];
	struct access write; /* surely all of it; bytes is 0 if there is none */
	uint32_t num_reads;
};

static int64_t map_bytes(const struct verify *v, int16_t map, bool value)
{
	const struct map_attr *attr;

	if (!fp_is_map(map) || (uint32_t)(map - FP_MAP) >= v->args.num_maps)
		return value ? v->live->most_value : v->live->most_key;
	attr = &v->args.maps[map - FP_MAP]->attr;
	return value ? attr->value_size : attr->key_size;
}

/* The register that has the map of which argument n is a key or a value. */
static int16_t map_before(const struct helper *h, const struct fp *fp, int n)
{
	while (n-- > 0) {
		if (h->args[n] == HELPER_ARG_MAP)
			return fp->regs[n + 1];
	}
	return FP_NONE;
}

/* What a helper accesses by argument n, from 0 on, which is in R1. */
static void helper_access(const struct verify *v, const struct helper *h, const struct fp *fp, int n,
			  struct accesses *out)
{
	int16_t size = n < FP_ARGS - 1 ? fp->regs[n + 2] : (int16_t)FP_NONE;
	int64_t sized = fp_is_const(size) ? size - FP_CONST : ALL_BYTES;
	struct access a = {.base = fp->regs[n + 1]};

	switch (h->args[n]) {
	case HELPER_ARG_KEY:
	case HELPER_ARG_VALUE:
		a.bytes = map_bytes(v, map_before(h, fp, n), h->args[n] == HELPER_ARG_VALUE);
		break;
	case HELPER_ARG_MEM_OUT:
		/* where it is open how much is written, the walk wants it to be readable */
		a.bytes = sized;
		if (!fp_is_const(size))
			break;
		out->write = a;
		return;
	case HELPER_ARG_U32_INOUT:
		a.bytes = 4;
		break;
	case HELPER_ARG_MEM:
	case HELPER_ARG_MEM_OR_NULL:
	case HELPER_ARG_MEM_INOUT:
		a.bytes = sized;
		break;
	case HELPER_ARG_ANY:
	case HELPER_ARG_CONST:
	case HELPER_ARG_CTX:
	case HELPER_ARG_GROWTH:
	case HELPER_ARG_MAP:
	case HELPER_ARG_OPTIONAL:
	case HELPER_ARG_PACKET_BYTES:
	case HELPER_ARG_SIZE:
	case HELPER_ARG_SIZE_OR_ZERO:
		return; /* no memory */
	default:
		a.bytes = ALL_BYTES;
		break;
	}
	out->reads[out->num_reads++] = a;
}

/* Of an instruction that is no call of a function. */
static void accesses_of(const struct verify *v, uint32_t i, const struct fp *fp, struct accesses *out)
{
	const struct insn *insn = &v->args.insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	const struct helper *h;

	out->num_reads = 0;
	out->write.bytes = 0;
	switch (info->cls) {
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		out->reads[out->num_reads++] = (struct access){fp->regs[insn->src], insn->off, info->width};
		break;
	case INSN_CLASS_ATOMIC:
		out->reads[out->num_reads++] = (struct access){fp->regs[insn->dst], insn->off, info->width};
		break;
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
		out->write = (struct access){fp->regs[insn->dst], insn->off, info->width};
		break;
	case INSN_CLASS_CALL:
		h = helper_of((uint32_t)insn->imm);
		for (int n = 0; h && n < FP_ARGS && h->args[n] != HELPER_ARG_NONE; n++)
			helper_access(v, h, fp, n, out);
		break;
	default:
		break;
	}
}

/* ---- what functions read of their callers' frames ---- */

static void widen(struct verify *v, struct span *s, int64_t from, int64_t to)
{
	struct span old = *s;

	from = MAX(from, -EXEC_STACK_BYTES);
	to = MIN(to, EXEC_STACK_BYTES);
	if (from >= to)
		return;
	if (s->from >= s->to)
		*s = (struct span){(int16_t)from, (int16_t)to};
	s->from = MIN(s->from, (int16_t)from);
	s->to = MAX(s->to, (int16_t)to);
	v->live->changed |= old.from != s->from || old.to != s->to;
}

static void read_anything(struct verify *v, struct reads *r)
{
	v->live->changed |= !r->anything;
	r->anything = true;
}

/* A function reads [from, to) of what base says. */
static void note_read(struct verify *v, struct reads *r, int16_t base, int64_t from, int64_t to)
{
	if (fp_is_arg(base))
		widen(v, &r->args[fp_arg(base)], fp_arg_off(base) + from, fp_arg_off(base) + to);
	else if (base == FP_SOME && from < to)
		read_anything(v, r);
}

/* The caller passes on what it was given. */
static void note_call(struct verify *v, struct reads *r, const struct fp *fp, const struct reads *callee)
{
	for (int n = 0; n < FP_ARGS; n++) {
		if (!fp_may_be_stack(fp->regs[n + 1]))
			continue;
		note_read(v, r, fp->regs[n + 1], callee->args[n].from, callee->args[n].to);
		if (callee->anything)
			read_anything(v, r);
	}
}

static struct reads *callee_of(const struct verify *v, uint32_t call)
{
	return &v->live->reads[v->live->fp.at[v->args.insns[call].imm].function];
}

/* A pass for each function that a call chain can have settles it. */
static void reads_pass(struct verify *v)
{
	struct live_walk *w = v->live;
	struct accesses accesses;

	for (uint32_t i = 0; i < v->args.count; i = walk_after(v->args.insns, i)) {
		const struct fp *fp = &w->fp.at[i];
		struct reads *r = &w->reads[fp->function];

		if (insn_info[v->args.insns[i].op].cls == INSN_CLASS_CALL_LOCAL) {
			note_call(v, r, fp, callee_of(v, i));
			continue;
		}
		accesses_of(v, i, fp, &accesses);
		for (uint32_t n = 0; n < accesses.num_reads; n++) {
			const struct access *a = &accesses.reads[n];

			note_read(v, r, a->base, a->off, a->off + a->bytes);
		}
	}
}

/* ---- what lives ---- */

static void read_reg(struct live *live, uint8_t r)
{
	live->regs |= (uint16_t)(1 << r);
}

static void end_reg(struct live *live, uint8_t r)
{
	live->regs &= (uint16_t) ~(1 << r);
}

/* Halves of slots that [from, to) of the own frame touches; or those that it covers, with whole set. */
static struct live halves_of(int64_t from, int64_t to, bool whole)
{
	struct live halves = {0};

	from = MAX(from, -EXEC_STACK_BYTES);
	to = MIN(to, 0);
	from = whole ? ALIGN_UP(from + EXEC_STACK_BYTES, 4) - EXEC_STACK_BYTES : from & ~(int64_t)3;
	for (int64_t at = from; whole ? at + 4 <= to : at < to; at += 4) {
		uint64_t bit = (uint64_t)1 << ((-at - 1) / 8);

		if (at & 4)
			halves.high |= bit;
		else
			halves.low |= bit;
	}
	return halves;
}

static void read_stack(struct live *live, int16_t base, int64_t from, int64_t to)
{
	struct live halves = {0};

	if (from >= to)
		return;
	if (base == FP_SOME)
		halves = (struct live){.low = ~(uint64_t)0, .high = ~(uint64_t)0};
	else if (fp_is_own(base))
		halves = halves_of(base + from, base + to, false);
	live->low |= halves.low;
	live->high |= halves.high;
}

static void write_stack(struct live *live, const struct access *a)
{
	struct live halves;

	if (!a->bytes || !fp_is_own(a->base))
		return;
	halves = halves_of(a->base + a->off, a->base + a->off + a->bytes, true);
	live->low &= ~halves.low;
	live->high &= ~halves.high;
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

static void live_helper(struct live *live, const struct insn *insn)
{
	const struct helper *helper = helper_of((uint32_t)insn->imm);

	live->regs &= (uint16_t)~CLOBBER_REGS;
	for (uint8_t i = 0; i < 5 && !(helper && helper->args[i] == HELPER_ARG_NONE); i++)
		read_reg(live, i + 1);
}

/* What a call has to give a global function, whatever that reads of it. */
static void live_global(const struct verify_func *func, struct live *live)
{
	for (unsigned int n = 0; n < FP_ARGS; n++) {
		if (func->kinds[n] != VIRTIO_NET_XDP_FUNC_NONE)
			read_reg(live, n + 1);
	}
}

static void live_call(const struct verify *v, uint32_t i, struct live *live)
{
	const struct insn *insn = &v->args.insns[i];
	const struct verify_func *func = global_func(v, (uint32_t)insn->imm);
	const struct fp *fp = &v->live->fp.at[i];
	const struct reads *callee = callee_of(v, i);

	live->regs &= (uint16_t)~CLOBBER_REGS;
	live->regs |= v->spots[insn->imm].live.regs & ARG_REGS;
	if (func)
		live_global(func, live);
	for (int n = 0; n < FP_ARGS; n++) {
		int16_t base = fp->regs[n + 1];

		read_stack(live, base, callee->args[n].from, callee->args[n].to);
		if (callee->anything && fp_may_be_stack(base))
			read_stack(live, FP_SOME, 0, 1);
	}
}

static void live_regs(struct live *live, const struct insn *insn, const struct insn_info *info)
{
	switch (info->cls) {
	case INSN_CLASS_ALU:
		live_alu(live, insn, info);
		break;
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		end_reg(live, insn->dst);
		read_reg(live, insn->src);
		break;
	case INSN_CLASS_STX:
		read_reg(live, insn->src);
		/* fall through */
	case INSN_CLASS_ST:
		read_reg(live, insn->dst);
		break;
	case INSN_CLASS_ATOMIC:
		if (info->op == INSN_ATOMIC_CMPXCHG)
			read_reg(live, 0);
		read_reg(live, insn->dst);
		read_reg(live, insn->src);
		break;
	case INSN_CLASS_JMP:
		read_reg(live, insn->dst);
		if (info->form == INSN_FORM_JMP_X)
			read_reg(live, insn->src);
		break;
	case INSN_CLASS_CALL:
		live_helper(live, insn);
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

/* From what lives after the instruction to what lives before it. */
static void live_insn(const struct verify *v, uint32_t i, struct live *live)
{
	const struct insn *insn = &v->args.insns[i];
	struct accesses accesses;

	if (insn_info[insn->op].cls == INSN_CLASS_CALL_LOCAL) {
		live_call(v, i, live);
		return;
	}
	accesses_of(v, i, &v->live->fp.at[i], &accesses);
	write_stack(live, &accesses.write);
	live_regs(live, insn, &insn_info[insn->op]);
	for (uint32_t n = 0; n < accesses.num_reads; n++) {
		const struct access *a = &accesses.reads[n];

		read_stack(live, a->base, a->off, a->off + a->bytes);
	}
}

/* Instructions below the one that changed are still to be visited in this pass; one that jumps back to it is not. */
static bool comes_from_above(const struct verify *v, uint32_t i)
{
	uint8_t flags = v->spots[i].flags;

	return flags & SPOT_LOOP || (flags & SPOT_ENTRY && v->live->back_calls);
}

static void live_pass(struct verify *v)
{
	uint32_t next[2];

	for (uint32_t i = v->args.count; i-- > 0;) {
		struct live live = {0}, *old = &v->spots[i].live;

		if (insn_info[v->args.insns[i].op].cls == INSN_CLASS_SLOT2)
			continue;
		for (uint32_t n = walk_successors(v->args.insns, i, next); n-- > 0;) {
			const struct live *after = &v->spots[next[n]].live;

			live.regs |= after->regs;
			live.low |= after->low;
			live.high |= after->high;
		}
		live_insn(v, i, &live);
		v->live->changed |= (live.regs != old->regs || live.low != old->low || live.high != old->high) &&
				    comes_from_above(v, i);
		*old = live;
	}
}

static void all_live(struct verify *v)
{
	for (uint32_t i = 0; i < v->args.count; i++)
		v->spots[i].live = (struct live){~(uint64_t)0, ~(uint64_t)0, UINT16_MAX};
}

/* ---- one after the other ---- */

static void most_of(struct live_walk *w, const struct map_attr *attr)
{
	w->most_key = MAX(w->most_key, attr->key_size);
	w->most_value = MAX(w->most_value, attr->value_size);
}

static void begin_globals(struct verify *v)
{
	for (uint32_t i = 0; i < v->args.num_funcs; i++) {
		const struct verify_func *func = &v->args.funcs[i];
		struct reads *reads = &v->live->reads[v->live->fp.at[func->insn].function];

		for (int n = 0; n < FP_ARGS; n++)
			widen(v, &reads->args[n], 0, (int64_t)global_reads(func, n));
	}
}

static int begin(struct verify *v)
{
	struct live_walk *w = arena_alloc(v->arena, sizeof(*w));

	v->live = w;
	if (!w)
		return -ENOMEM;
	w->fp.at = arena_alloc_dirty(v->arena, v->args.count * sizeof(*w->fp.at));
	if (!w->fp.at)
		return -ENOMEM;
	fp_begin(v, &w->fp);
	w->reads = arena_alloc(v->arena, w->fp.functions * sizeof(*w->reads));
	if (!w->reads)
		return -ENOMEM;
	begin_globals(v);
	for (uint32_t i = 0; i < v->args.num_maps; i++) {
		most_of(w, &v->args.maps[i]->attr);
		if (v->args.maps[i]->inner)
			most_of(w, v->args.maps[i]->inner);
	}
	for (uint32_t i = 0; i < v->args.count; i++)
		w->back_calls |= insn_info[v->args.insns[i].op].cls == INSN_CLASS_CALL_LOCAL &&
				 (uint32_t)v->args.insns[i].imm <= i;
	return 0;
}

/* Whether all is done after this pass. */
static bool pass(struct verify *v)
{
	struct live_walk *w = v->live;
	bool late = ++w->passes == MAX_PASSES;

	w->changed = false;
	switch (w->phase) {
	case PHASE_FP:
		fp_pass(v, &w->fp);
		if (late && !w->fp.settled)
			fp_give_up(v, &w->fp);
		w->changed = !w->fp.settled;
		break;
	case PHASE_READS:
		if (w->fp.functions > 1)
			reads_pass(v);
		break;
	default:
		live_pass(v);
		if (late && w->changed) {
			all_live(v);
			return true;
		}
		break;
	}
	if (w->changed)
		return false;
	w->passes = 0;
	return w->phase++ == PHASE_LIVE;
}

int live_begin(struct verify *v)
{
	return begin(v) ? mark_no_memory(v) : 0;
}

int live_step(struct verify *v)
{
	if (!pass(v))
		return -EAGAIN;
	live_end(v);
	return 0;
}

void live_end(struct verify *v)
{
	if (!v->live)
		return;
	arena_free(v->arena, v->live->reads);
	arena_free(v->arena, v->live->fp.at);
	arena_free(v->arena, v->live);
	v->live = NULL;
}
