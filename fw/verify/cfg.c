/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of a program, before any value is looked at: which instruction belongs to which function, that none can be
 * left by falling or jumping out, that every instruction can be reached, how deep calls go, and where paths meet.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

static int refuse_at(struct verify *v, uint32_t i, uint16_t error, const char *what)
{
	v->insn = i;
	return report_refuse(v, error, "%s", what);
}

static uint8_t class_at(const struct verify *v, uint32_t i)
{
	return insn_info[v->args.insns[i].op].cls;
}

/* A function is what lies between its first instruction and the next function's. */
static void find_functions(struct verify *v)
{
	uint32_t entry = 0;

	v->spots[0].flags |= SPOT_ENTRY;
	for (uint32_t i = 0; i < v->args.count; i++) {
		if (class_at(v, i) == INSN_CLASS_CALL_LOCAL)
			v->spots[v->args.insns[i].imm].flags |= SPOT_ENTRY;
	}
	for (uint32_t i = 0; i < v->args.count; i++) {
		if (v->spots[i].flags & SPOT_ENTRY)
			entry = i;
		v->spots[i].entry = entry;
	}
}

static bool ends_function(const struct verify *v, uint32_t i)
{
	uint32_t after = walk_after(v->args.insns, i);

	return after >= v->args.count || v->spots[after].flags & SPOT_ENTRY;
}

static int check_borders(struct verify *v)
{
	for (uint32_t i = 0; i < v->args.count; i = walk_after(v->args.insns, i)) {
		uint8_t cls = class_at(v, i);
		bool jump = cls == INSN_CLASS_JMP || cls == INSN_CLASS_JA;

		if (jump && v->spots[v->args.insns[i].imm].entry != v->spots[i].entry) /* req: XO-180 */
			return refuse_at(v, i, VIRTIO_NET_XDP_VERIFY_FLOW, "this jump leads into another function");
		if (ends_function(v, i) && cls != INSN_CLASS_JA && cls != INSN_CLASS_EXIT) /* req: XO-180 */
			return refuse_at(v, i, VIRTIO_NET_XDP_VERIFY_FLOW,
					 "the last instruction of a function must be exit or a jump");
	}
	return 0;
}

/* Longest chain of calls. Each pass finds the chains of one more call, so that a recursion exceeds the limit, too. */
static int check_depth(struct verify *v, uint32_t *depth)
{
	bool changed = true;

	depth[0] = 1;
	v->result.frames = 1;
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < v->args.count; i++) {
			uint32_t caller = v->spots[i].entry, callee;

			if (class_at(v, i) != INSN_CLASS_CALL_LOCAL || !depth[caller])
				continue;
			callee = (uint32_t)v->args.insns[i].imm;
			if (depth[callee] > depth[caller])
				continue;
			depth[callee] = depth[caller] + 1;
			v->result.frames = MAX(v->result.frames, depth[callee]);
			changed = true;
			if (depth[callee] > EXEC_CALL_DEPTH) /* req: XO-131, XO-132 */
				return refuse_at(v, i, VIRTIO_NET_XDP_VERIFY_CALL,
						 "calls nest deeper than 8 functions, or a function calls itself");
		}
	}
	return 0;
}

enum effect {
	EFFECT_MOVES = 1 << 0,
	EFFECT_TAILS = 1 << 1,
};

static uint32_t effect_of(uint32_t helper)
{
	const struct helper *h = helper_of(helper);

	return h ? (h->flags & HELPER_F_MOVES_PACKET ? EFFECT_MOVES : 0u) |
			       (h->flags & HELPER_F_TAIL_CALL ? EFFECT_TAILS : 0u)
		 : 0;
}

/* What a call does under its caller's feet: a tail call in there comes back here, and may have moved the packet. */
static uint32_t effect_of_callee(uint32_t effects)
{
	return effects & EFFECT_TAILS ? effects | EFFECT_MOVES : effects;
}

/* effects: of the function that begins at the slot. Calls nest 8 deep, and a pass settles one more. */
static int check_effects(struct verify *v, uint32_t *effects)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < v->args.count; i++) {
			uint32_t *of = &effects[v->spots[i].entry], more = 0, target = (uint32_t)v->args.insns[i].imm;

			if (class_at(v, i) == INSN_CLASS_CALL)
				more = effect_of(target);
			else if (class_at(v, i) == INSN_CLASS_CALL_LOCAL)
				more = effect_of_callee(effects[target]);
			changed |= (more & ~*of) != 0;
			*of |= more;
		}
	}
	for (uint32_t i = 0; i < v->args.num_funcs; i++) {
		v->globals[i].moves = effects[v->args.funcs[i].insn] & EFFECT_MOVES;
		v->globals[i].tails = effects[v->args.funcs[i].insn] & EFFECT_TAILS;
	}
	return 0;
}

static void reach(struct verify *v, uint32_t *stack, uint32_t *top, uint32_t from, uint32_t to)
{
	struct spot *spot = &v->spots[to];

	if (to <= from)
		spot->flags |= SPOT_LOOP | SPOT_COMPARE;
	if (spot->flags & SPOT_REACHED) {
		spot->flags |= SPOT_JOIN | SPOT_COMPARE;
		return;
	}
	spot->flags |= SPOT_REACHED;
	stack[(*top)++] = to;
}

static int check_reached(struct verify *v)
{
	for (uint32_t i = 0; i < v->args.count; i = walk_after(v->args.insns, i)) {
		if (!(v->spots[i].flags & SPOT_REACHED))
			return refuse_at(v, i, VIRTIO_NET_XDP_VERIFY_FLOW, "this instruction can't be reached");
	}
	return 0;
}

/* Every instruction enters the stack once. */
static int reach_all(struct verify *v, uint32_t *stack)
{
	uint32_t top = 0;

	v->spots[0].flags |= SPOT_REACHED;
	stack[top++] = 0;
	while (top) {
		uint32_t i = stack[--top];
		uint8_t cls = class_at(v, i);
		uint32_t target = (uint32_t)v->args.insns[i].imm;

		if (cls == INSN_CLASS_EXIT)
			continue;
		if (cls == INSN_CLASS_JA) {
			reach(v, stack, &top, i, target);
			continue;
		}
		reach(v, stack, &top, i, walk_after(v->args.insns, i));
		if (cls == INSN_CLASS_JMP) {
			reach(v, stack, &top, i, target);
			v->spots[i].flags |= SPOT_COMPARE;
		}
		if (cls == INSN_CLASS_CALL_LOCAL) {
			/* paths of the function meet again behind the call */
			v->spots[i + 1].flags |= SPOT_JOIN | SPOT_COMPARE;
			if (!(v->spots[target].flags & SPOT_REACHED)) {
				v->spots[target].flags |= SPOT_REACHED;
				stack[top++] = target;
			}
		}
	}
	return check_reached(v);
}

int cfg_functions(struct verify *v)
{
	find_functions(v);
	return check_borders(v);
}

/* part: with an entry for each slot, 0 at first. */
static int with_memory(struct verify *v, int (*part)(struct verify *v, uint32_t *entries))
{
	uint32_t *entries = arena_alloc(v->arena, (size_t)v->args.count * sizeof(*entries));
	int ret;

	if (!entries)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MEMORY, "no memory for a program of %u slots",
				     v->args.count);
	ret = part(v, entries);
	arena_free(v->arena, entries);
	return ret;
}

int cfg_depth(struct verify *v)
{
	return with_memory(v, check_depth);
}

int cfg_reach(struct verify *v)
{
	return with_memory(v, reach_all);
}

int cfg_effects(struct verify *v)
{
	return v->args.num_funcs ? with_memory(v, check_effects) : 0;
}
