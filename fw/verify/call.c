/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of helpers and of functions of the program, and the ends of functions. */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

static void void_packet(struct reg *r, void *arg)
{
	(void)arg;
	if (reg_is_packet(r) || r->kind == REG_SHORT) /* req: XO-184 */
		*r = (struct reg){.kind = REG_VOID};
}

/* A spilled pointer that is void reads as one. */
static void void_all(struct verify *v)
{
	report_event(v, (struct trail_event){.what = TRAIL_VOID});
	state_each(v->state, void_packet, NULL);
}

static void clobber(struct verify *v)
{
	report_event(v, walk_call_event(v));
	for (uint8_t i = 0; i <= 5; i++)
		*walk_reg(v, i) = (struct reg){.kind = REG_NONE};
}

/* What R0 is after the call: a number, or something that can be null. */
static int returned(struct verify *v, const struct args *args, struct reg *r)
{
	bool is_outer = args->attr && !args->inner && v->args.maps[args->map]->inner;

	*r = (struct reg){.kind = REG_NONE};
	switch (args->helper->ret) {
	case HELPER_RET_SCALAR:
		*r = reg_scalar(scalar_unknown());
		return 0;
	case HELPER_RET_VALUE_OR_NULL:
		if (!args->attr)
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s returns a value of no map",
					     args->helper->name);
		*r = reg_pointer(is_outer ? REG_INNER_OR_NULL : args->exists ? REG_VALUE : REG_VALUE_OR_NULL, 0);
		r->map = args->map;
		r->inner = is_outer || args->inner;
		if (r->kind == REG_VALUE && !v->locks)
			return 0;
		r->id = ++v->next_id;
		report_event(v, (struct trail_event){.what = TRAIL_NULL, .id = r->id});
		return 0;
	case HELPER_RET_RECORD_OR_NULL:
		if (!args->bytes)
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s returns a record of no size",
					     args->helper->name);
		*r = reg_pointer(REG_RECORD_OR_NULL, 0);
		r->range = args->bytes;
		r->id = ++v->next_id;
		report_event(v, (struct trail_event){.what = TRAIL_NULL, .id = r->id});
		return held_add_record(v, r->id);
	default:
		return 0;
	}
}

/* NULL: refused. */
static const struct helper *find_helper(struct verify *v, uint32_t id)
{
	const struct helper *h = id < HELPER_MAX ? helper_of(id) : NULL;

	if (!h || !(v->args.caps->helpers[id / 64] >> (id % 64) & 1)) { /* req: XO-140 */
		report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "there is no helper %u%s%s%s on this device", id,
			      h ? " (" : "", h ? h->name : "", h ? ")" : "");
		return NULL;
	}
	if (h->flags & HELPER_F_GPL && !v->args.gpl_compatible) { /* req: XO-188 */
		report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER,
			      "helper %s is for programs with a GPL compatible licence", h->name);
		return NULL;
	}
	return h;
}

/* Records and locks that the call takes or gives back. */
static int exchange(struct verify *v, const struct args *args)
{
	uint8_t flags = args->helper->flags;

	if (args->record)
		held_give_back(v, args->record);
	for (uint8_t n = 1; n <= 5; n++) {
		if (args->helper->args[n - 1] != HELPER_ARG_LOCK)
			continue;
		if (flags & HELPER_F_LOCKS)
			return held_lock(v, n);
		if (flags & HELPER_F_UNLOCKS)
			return held_unlock(v, n);
	}
	return 0;
}

/* A tail call that succeeds ends the run, or returns to where the function was called from: that is walked later. */
static int tail_call(struct verify *v)
{
	int ret = held_nothing(v, "make a tail call");

	if (ret || !v->state->depth)
		return ret;
	return mark_add_pending(v);
}

void call_tail_return(struct verify *v)
{
	v->insn = state_frame(v->state)->call + 1;
	v->state->depth--;
	/* whatever ran may have moved the packet */
	void_all(v);
	*walk_reg(v, 0) = reg_scalar(scalar_unknown());
}

void call_returned(struct verify *v, bool moved)
{
	clobber(v);
	if (moved)
		void_all(v);
	*walk_reg(v, 0) = reg_scalar(scalar_unknown());
}

int call_helper(struct verify *v, const struct insn *insn)
{
	struct args args = {.helper = find_helper(v, (uint32_t)insn->imm)};
	struct reg r0;
	int ret = 0;

	if (!args.helper)
		return -EINVAL;
	if (!(args.helper->flags & HELPER_F_UNLOCKS))
		ret = held_no_lock(v, "call a helper");
	if (!ret)
		ret = args_check(v, &args);
	if (!ret && args.helper->flags & HELPER_F_TAIL_CALL)
		ret = tail_call(v);
	if (!ret)
		ret = exchange(v, &args);
	if (!ret)
		ret = returned(v, &args, &r0);
	if (ret)
		return ret;
	args_written(v, &args);
	clobber(v);
	if (args.helper->flags & HELPER_F_MOVES_PACKET)
		void_all(v);
	return apply_dst(v, 0, &r0);
}

int call_local(struct verify *v, const struct insn *insn)
{
	struct global *global = global_of(v, (uint32_t)insn->imm);
	uint32_t depth = v->state->depth + 1;
	struct reg args[6];
	int ret = held_no_lock(v, "call a function");

	if (ret)
		return ret;
	if (global)
		return global_call(v, global);
	if (depth >= EXEC_CALL_DEPTH) /* req: XO-132 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CALL, "calls nest deeper than %d functions",
				     EXEC_CALL_DEPTH);
	for (uint8_t i = 1; i <= 5; i++)
		args[i] = *walk_reg(v, i);
	clobber(v);
	state_enter(v->state, depth, v->insn, (uint32_t)insn->imm);
	report_event(v, walk_call_event(v));
	for (uint8_t i = 1; i <= 5; i++)
		*walk_reg(v, i) = args[i];
	v->next = (uint32_t)insn->imm;
	return 0;
}

/* The actions of design: bit n for action n, bit 31 for what is none. */
static uint32_t actions_of(const struct scalar *r0)
{
	struct scalar low = scalar_zero_extend(r0, 4);
	uint32_t actions = 0;

	for (unsigned int a = VIRTIO_NET_XDP_ABORTED; a <= VIRTIO_NET_XDP_REDIRECT; a++) {
		if (scalar_has(&low, a))
			actions |= 1u << a;
	}
	if (low.all.umax > VIRTIO_NET_XDP_REDIRECT)
		actions |= VIRTIO_NET_XDP_ACTIONS_OTHER;
	return actions;
}

/* more: bits of actions that R0 can be and the device does not offer. */
static int refuse_actions(struct verify *v, uint32_t more)
{
	const struct scalar low = scalar_zero_extend(&walk_reg(v, 0)->var, 4);
	unsigned int action = 0;

	if (more & VIRTIO_NET_XDP_ACTIONS_OTHER)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ACTION,
				     "R0 can be %llu..%llu, and what is above %u is no action: strict actions were "
				     "asked for",
				     (unsigned long long)low.all.umin, (unsigned long long)low.all.umax,
				     VIRTIO_NET_XDP_REDIRECT);
	while (!(more >> action & 1))
		action++;
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ACTION,
			     "R0 can be %u, an action that this device does not offer: it offers 0x%x", action,
			     v->args.caps->actions);
}

/* An address is not told: a run that ends here has the result 0 unless R0 is too small for one. req: XO-186 */
static int hide_result(struct verify *v, const struct reg *r0)
{
	if (!branch_is_address(v, r0))
		return report_refuse(
			v, VIRTIO_NET_XDP_VERIFY_POINTER, "R0 is %s%s, but the result must be a number",
			reg_kind_text(r0->kind),
			r0->kind == REG_HIDDEN || r0->kind == REG_SHORT ? "" : ", far from what it points into");
	v->spots[v->insn].flags |= SPOT_HIDES;
	return 0;
}

static int exit_main(struct verify *v)
{
	const struct reg *r0 = walk_reg(v, 0);
	int ret = require_init(v, 0);
	uint32_t actions;

	if (!ret)
		ret = held_nothing(v, "end the run");
	if (!ret && r0->stale) /* req: XO-266 */
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT,
				    "R0 is the result, but comes from stack that was never written");
	if (ret)
		return ret;
	mark_matters(v, &r0->deps);
	v->path_ends = true;
	if (reg_is_pointer(r0))
		ret = hide_result(v, r0);
	if (ret || v->args.plain_memory)
		return ret;
	actions = reg_is_pointer(r0) ? 1u << VIRTIO_NET_XDP_ABORTED : actions_of(&r0->var);
	/* req: XO-190, XO-191 */
	if (v->args.strict_actions && actions & ~v->args.caps->actions)
		return refuse_actions(v, actions & ~v->args.caps->actions);
	v->result.actions |= actions; /* req: XO-051 */
	return 0;
}

int call_exit(struct verify *v)
{
	const struct frame *callee = state_frame(v->state);
	const struct reg *r0 = &callee->regs[0];

	if (!v->state->depth)
		return v->global ? global_exit(v) : exit_main(v);
	if (r0->kind == REG_STACK && r0->frame == v->state->depth) /* req: XO-183 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_STACK,
				     "R0 points to the stack of the function that ends here");
	v->next = callee->call + 1;
	v->state->depth--;
	*walk_reg(v, 0) = *r0;
	return 0;
}
