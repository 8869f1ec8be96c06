/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * The program is walked along every path that can happen, one instruction at a time, in an abstract machine (state.h)
 * whose registers hold sets of numbers and typed pointers. An instruction is refused unless what it requires
 * (require.c) holds for all of these; then the state becomes what the instruction makes of it (apply.c, branch.c,
 * call.c). At a conditional jump both sides that can happen are walked: the taken one waits on a stack, with the state
 * packed.
 *
 * Where paths meet, the state is compared with those that were there before (mark.c), so that most need no walk.
 *
 * Nothing recurses, and the work is one instruction a time, or before the walk one pass over all of them, so that it
 * can be done in slices.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* The branch or call that waited goes on behind the other side, or the function. */
static int resume(struct verify *v, const struct insn *insn)
{
	switch (insn_info[insn->op].cls) {
	case INSN_CLASS_JMP:
		if (insn->op != INSN_MAY_GOTO)
			branch_learn(v, insn, true);
		v->insn = (uint32_t)insn->imm;
		return 0;
	case INSN_CLASS_CALL_LOCAL:
		return global_leave(v);
	default:
		call_tail_return(v);
		return 0;
	}
}

/* Goes on with the last branch or call that waits. false: there is none, every path was walked; or it is refused. */
static bool next_path(struct verify *v)
{
	struct pending *p = v->pending;
	bool refused;

	mark_end_path(v);
	if (!p)
		return false;
	v->pending = p->next;
	packed_restore(v->state, p->state);
	v->parent = p->parent;
	v->spent = p->spent;
	v->trail.count = p->trail;
	v->insn = p->insn;
	refused = resume(v, &v->args.insns[p->insn]);
	if (v->args.log_level && !refused)
		report_branch(v, p);
	mark_free_pending(v, p);
	walk_tell(v, VERIFY_RESUMES, NULL);
	return !refused;
}

/* Tail calls leave the run with fewer turns than are counted here: it can jump at any time. */
static int walk_may_goto(struct verify *v, const struct insn *insn)
{
	int ret;

	if (!v->state->held.turns) {
		v->next = (uint32_t)insn->imm;
		return 0;
	}
	ret = mark_add_pending(v);
	v->state->held.turns--;
	return ret;
}

static int walk_jump(struct verify *v, const struct insn *insn)
{
	unsigned int sides;
	int ret = branch_sides(v, insn, &sides);

	if (ret)
		return ret;
	if (sides == (BRANCH_FALL | BRANCH_TAKEN)) {
		ret = mark_add_pending(v);
		if (ret)
			return ret;
	} else {
		branch_matters(v, insn);
	}
	if (sides & BRANCH_FALL) {
		branch_learn(v, insn, false);
	} else if (sides & BRANCH_TAKEN) {
		branch_learn(v, insn, true);
		v->next = (uint32_t)insn->imm;
	} else {
		/* no number is left for an operand: the program never comes here */
		v->path_ends = true;
	}
	return 0;
}

static int walk_class(struct verify *v, const struct insn *insn)
{
	switch (insn_info[insn->op].cls) {
	case INSN_CLASS_ALU:
		return apply_alu(v, insn);
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		return apply_load(v, insn);
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
		return apply_store(v, insn);
	case INSN_CLASS_ATOMIC:
		return apply_atomic(v, insn);
	case INSN_CLASS_JMP:
		return insn->op == INSN_MAY_GOTO ? walk_may_goto(v, insn) : walk_jump(v, insn);
	case INSN_CLASS_JA:
		v->next = (uint32_t)insn->imm;
		return 0;
	case INSN_CLASS_CALL:
		return call_helper(v, insn);
	case INSN_CLASS_CALL_LOCAL:
		return call_local(v, insn);
	case INSN_CLASS_EXIT:
		return call_exit(v);
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		return apply_constant(v, insn);
	default: /* req: XO-180 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_INSN, "this is the second half of an instruction");
	}
}

static int walk_logged(struct verify *v, const struct insn *insn)
{
	int ret;

	report_before(v);
	ret = walk_class(v, insn);
	report_step(v, ret);
	return ret;
}

/* Bytes of states that take as long as an instruction; and how many of them all states of a program may take. */
#define WORK_PER_INSN 1024
#define MAX_WORK      ((uint64_t)4 << 30)

/* Walks one instruction. */
static int walk(struct verify *v)
{
	const struct insn *insn = &v->args.insns[v->insn];
	int ret = 0;

	v->path_ends = false;
	if (++v->result.visited > VERIFY_MAX_VISITED) /* req: XO-193 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_COMPLEXITY,
				     "%d instructions were visited and there are more paths to walk",
				     VERIFY_MAX_VISITED);
	if (v->work > MAX_WORK) /* req: XO-193 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_COMPLEXITY,
				     "the states to compare are too large and too many: stack that is in use in many "
				     "functions at once");
	if (v->spots[v->insn].flags & SPOT_COMPARE)
		ret = mark_compare(v);
	if (v->path_ends && v->args.log_level)
		report_safe(v);
	if (ret || v->path_ends)
		return ret;
	walk_tell(v, VERIFY_VISITS, NULL);
	v->since_mark++;
	v->spent++;
	v->next = walk_after(v->args.insns, v->insn);
	ret = v->args.log_level ? walk_logged(v, insn) : walk_class(v, insn);
	v->insn = ret ? v->insn : v->next;
	return ret;
}

/* The machine as a program finds it. */
static void enter_main(struct verify *v)
{
	struct state *s = v->state;

	s->held.turns = EXEC_TURNS;
	state_enter(s, 0, 0, 0);
	if (!v->args.plain_memory) {
		*walk_reg(v, 1) = reg_pointer(REG_CTX, 0);
		return;
	}
	*walk_reg(v, 1) = v->args.mem_bytes ? reg_pointer(REG_MEM, 0) : reg_scalar(scalar_const(0));
	walk_reg(v, 1)->range = v->args.mem_bytes;
	reg_set_const(walk_reg(v, 2), v->args.mem_bytes);
}

static bool takes_lock(uint32_t helper)
{
	const struct helper *h = helper < HELPER_MAX ? helper_of(helper) : NULL;

	return h && h->flags & HELPER_F_LOCKS;
}

/* Maps are given addresses wherever they are named, be it where no path leads. */
static int check_maps(struct verify *v)
{
	int ret = 0;

	for (v->insn = 0; v->insn < v->args.count; v->insn = walk_after(v->args.insns, v->insn)) {
		const struct insn *insn = &v->args.insns[v->insn];
		uint8_t cls = insn_info[insn->op].cls;

		if (cls == INSN_CLASS_LD_MAP || cls == INSN_CLASS_LD_MAP_VALUE)
			ret = require_map(v, insn);
		v->writes_fp |= insn_writes_frame_ptr(insn);
		v->locks |= cls == INSN_CLASS_CALL && takes_lock((uint32_t)insn->imm);
		if (ret)
			return ret;
	}
	v->insn = 0;
	return 0;
}

static int check_count(struct verify *v)
{
	return v->args.count ? 0 : report_refuse(v, VIRTIO_NET_XDP_VERIFY_FLOW, "the program is empty");
}

static int begin_walk(struct verify *v)
{
	enter_main(v);
	if (v->args.log_level)
		report_begin(v);
	walk_tell(v, VERIFY_BEGINS, NULL);
	return 0;
}

/* What comes before the walk. -EAGAIN: the same again. */
static int (*const parts[])(struct verify *v) = {
	check_count, cfg_functions, cfg_depth,  cfg_reach, global_begin,
	cfg_effects, check_maps,    live_begin, live_step, begin_walk,
};

/* Slots that a part goes through in the time that the walk takes for an instruction. */
#define SLOTS_PER_INSN 8

static int do_part(struct verify *v)
{
	int ret = parts[v->part](v);

	v->part += !ret;
	return ret == -EAGAIN ? 0 : ret;
}

static int accept(struct verify *v)
{
	static const struct exec_call nothing = {.map = EXEC_NO_MAP};

	v->result.access = arena_alloc(v->arena, v->args.count);
	v->result.calls = arena_alloc(v->arena, v->args.count * sizeof(*v->result.calls));
	if (!v->result.access || !v->result.calls) {
		arena_free(v->arena, v->result.access);
		arena_free(v->arena, v->result.calls);
		v->result.access = NULL;
		v->result.calls = NULL;
		return mark_no_memory(v);
	}
	for (uint32_t i = 0; i < v->args.count; i++) {
		const struct spot *spot = &v->spots[i];

		v->result.access[i] = spot->flags & SPOT_HIDES ? EXEC_ACCESS_HIDDEN
				      : spot->flags & SPOT_CTX ? EXEC_ACCESS_CTX
							       : EXEC_ACCESS_PLAIN;
		v->result.calls[i] = spot->flags & SPOT_CALLED ? spot->call : nothing;
	}
	return 0;
}

static void finish(struct verify *v, struct verify_result *result)
{
	size_t fixed = v->args.count * sizeof(*v->spots) + sizeof(*v->state) + PACKED_MAX +
		       v->args.num_funcs * sizeof(*v->globals);

	v->done = true;
	v->result.peak_bytes = (uint32_t)(fixed + v->pool.bytes);
	if (!v->result.error)
		accept(v);
	v->result.log_bytes = report_close(v);
	walk_tell(v, VERIFY_ENDS, NULL);
	*result = v->result;
}

/* Writing a step takes as long as to walk some more. */
#define LOGGED_INSNS 8

int verify_step(struct verify *v, uint32_t budget, struct verify_result *result)
{
	int64_t left = budget;
	uint64_t work;
	int ret = 0;

	while (!ret && !v->done) {
		if (left <= 0) /* req: XO-043 */
			return -EAGAIN;
		if (v->part < ARRAY_SIZE(parts)) {
			ret = do_part(v);
			left -= v->args.count / SLOTS_PER_INSN;
			continue;
		}
		work = v->work;
		ret = walk(v);
		left -= (v->args.log_level ? LOGGED_INSNS : 1) + (int64_t)((v->work - work) / WORK_PER_INSN);
		if (!ret && v->enter)
			global_enter(v);
		else if (!ret && v->path_ends && !next_path(v))
			break;
	}
	finish(v, result);
	return 0;
}

struct verify *verify_start(const struct verify_args *args)
{
	struct verify *v = arena_alloc(args->arena, sizeof(*v));

	if (!v)
		return NULL;
	v->args = *args;
	v->arena = args->arena;
	log_init(&v->log, args->log, args->log_bytes);
	if (!v->log.room)
		v->args.log_level = 0;
	pool_init(&v->pool, v->arena);
	v->spots = arena_alloc(v->arena, MAX(args->count, 1u) * sizeof(*v->spots));
	v->state = arena_alloc_dirty(v->arena, sizeof(*v->state));
	v->scratch = arena_alloc_dirty(v->arena, PACKED_MAX);
	if (v->args.log_level)
		v->before = arena_alloc(v->arena, sizeof(*v->before));
	if (!v->spots || !v->state || !v->scratch || (v->args.log_level && !v->before)) {
		verify_free(v);
		return NULL;
	}
	state_init(v->state);
	return v;
}

void verify_free(struct verify *v)
{
	struct arena *arena;

	if (!v)
		return;
	arena = v->arena;
	live_end(v);
	pool_exit(&v->pool);
	arena_free(arena, v->before);
	arena_free(arena, v->scratch);
	arena_free(arena, v->state);
	arena_free(arena, v->globals);
	arena_free(arena, v->spots);
	arena_free(arena, v);
}
