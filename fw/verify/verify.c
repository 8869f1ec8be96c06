/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * The program is walked along every path that can happen, one instruction at a time, in an abstract machine (state.h)
 * whose registers hold sets of numbers and typed pointers. An instruction is refused unless what it requires (require.c)
 * holds for all of these; then the state becomes what the instruction makes of it (apply.c, branch.c, call.c). At a
 * conditional jump both sides that can happen are walked: the taken one waits on a stack, with the state packed.
 *
 * Where paths meet, the state is compared with those that were there before (marks). If all that can follow from an
 * earlier state is known to be safe, and the new state allows nothing that the earlier did not, the path ends. "All that
 * can follow" is counted: a mark holds the number of paths that began behind it and have not ended. A mark that has such
 * paths is an ancestor of this one, for the stack is last in, first out; if the state is the same as there, the program
 * goes round in circles.
 *
 * Nothing recurses, and the work is one instruction a time, so that it can be done in slices.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* A new mark costs memory and comparisons, so there is some way between two. Instructions. */
#define MARK_DISTANCE 8

/* Bytes of states that wait or are kept. */
#define MAX_POOL_BYTES ((size_t)64 << 20)

static int refuse_memory(struct verify *v)
{
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MEMORY, "no memory left after %u instructions", v->result.visited);
}

static void *take(struct verify *v, size_t bytes)
{
	return v->pool.bytes > MAX_POOL_BYTES ? NULL : pool_alloc(&v->pool, bytes);
}

/* What lives in each frame if the running one is at insn. */
static void live_at(const struct verify *v, uint32_t insn, struct state_live *live)
{
	const struct state *s = v->state;

	for (uint32_t d = 0; d < s->depth; d++) {
		live->frames[d] = v->spots[s->frames[d + 1].call + 1].live;
		/* the callee gives R0, and ends the others */
		live->frames[d].regs &= (uint16_t)~0x3f;
	}
	live->frames[s->depth] = v->spots[insn].live;
}

static struct packed *pack(struct verify *v, const struct state_live *live)
{
	size_t bytes = packed_make(v->scratch, v->state, live);
	struct packed *p = take(v, bytes);

	if (p)
		mem_copy(p, v->scratch, bytes);
	return p;
}

static void free_packed(struct verify *v, struct packed *p)
{
	if (p)
		pool_free(&v->pool, p, p->bytes);
}

static int add_mark(struct verify *v, struct spot *spot, const struct state_live *live)
{
	struct mark *m = take(v, sizeof(*m));

	if (!m)
		return refuse_memory(v);
	*m = (struct mark){.next = spot->marks, .parent = v->parent, .branches = 1, .state = pack(v, live)};
	if (!m->state) {
		pool_free(&v->pool, m, sizeof(*m));
		return refuse_memory(v);
	}
	spot->marks = m;
	v->parent = m;
	v->since_mark = 0;
	v->result.states++;
	return 0;
}

/* A mark that never matches only costs. It stays in place for the paths that it counts. */
static bool is_useless(const struct mark *m)
{
	return m->misses > m->hits * 3 + 3;
}

static void drop_mark(struct verify *v, struct mark **at)
{
	struct mark *m = *at;

	*at = m->next;
	free_packed(v, m->state);
	m->state = NULL;
}

/* Compares with all marks here; leaves a new one. Sets path_ends if there is nothing new to find. */
static int compare_marks(struct verify *v)
{
	struct spot *spot = &v->spots[v->insn];
	struct mark **at = &spot->marks;
	struct state_live live;

	live_at(v, v->insn, &live);
	while (*at) {
		struct mark *m = *at;

		if (m->branches && packed_matches(m->state, v->state, &live, STATE_SAME))
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_LOOP, "this loop never ends: nothing that matters has changed since the "
					     "last time here");
		if (!m->branches && packed_matches(m->state, v->state, &live, STATE_WITHIN)) {
			m->hits += m->hits < UINT16_MAX / 4;
			v->path_ends = true;
			return 0;
		}
		m->misses++;
		if (is_useless(m))
			drop_mark(v, at);
		else
			at = &m->next;
	}
	if (spot->marks && v->since_mark < MARK_DISTANCE)
		return 0;
	return add_mark(v, spot, &live);
}

static int push_pending(struct verify *v)
{
	struct pending *p = take(v, sizeof(*p));
	struct state_live live;

	if (!p)
		return refuse_memory(v);
	live_at(v, v->insn, &live);
	*p = (struct pending){.next = v->pending, .parent = v->parent, .insn = v->insn, .log_at = v->log_at, .state = pack(v, &live)};
	if (!p->state) {
		pool_free(&v->pool, p, sizeof(*p));
		return refuse_memory(v);
	}
	v->pending = p;
	if (v->parent)
		v->parent->branches++;
	return 0;
}

static void log_back(struct verify *v, uint32_t at)
{
	if (v->args.log_level != 1 || !v->args.log)
		return;
	v->log_at = at;
	if (v->args.log_bytes)
		v->args.log[at] = 0;
}

/* Goes on with the last branch that waits. false: there is none, every path was walked. */
static bool next_path(struct verify *v)
{
	struct pending *p = v->pending;

	for (struct mark *m = v->parent; m && --m->branches == 0;)
		m = m->parent;
	if (!p)
		return false;
	v->pending = p->next;
	packed_restore(v->state, p->state);
	v->parent = p->parent;
	log_back(v, p->log_at);
	branch_learn(v, &v->args.insns[p->insn], true);
	v->insn = (uint32_t)v->args.insns[p->insn].imm;
	v->since_mark = MARK_DISTANCE;
	free_packed(v, p->state);
	pool_free(&v->pool, p, sizeof(*p));
	return true;
}

static int walk_jump(struct verify *v, const struct insn *insn)
{
	unsigned int sides;
	int ret = branch_sides(v, insn, &sides);

	if (ret)
		return ret;
	if (sides == (BRANCH_FALL | BRANCH_TAKEN)) {
		ret = push_pending(v);
		if (ret)
			return ret;
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
		return walk_jump(v, insn);
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
	default:
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_INSN, "this is the second half of an instruction");
	}
}

static int walk_logged(struct verify *v, const struct insn *insn)
{
	struct reg before[INSN_MAX_REG];
	uint32_t depth = v->state->depth;
	int ret;

	mem_copy(before, state_frame(v->state)->regs, sizeof(before));
	report_insn(v);
	ret = walk_class(v, insn);
	if (!ret)
		report_changes(v, before, depth);
	return ret;
}

/* Walks one instruction. */
static int walk(struct verify *v)
{
	const struct insn *insn = &v->args.insns[v->insn];
	int ret = 0;

	v->path_ends = false;
	if (++v->result.visited > VERIFY_MAX_VISITED)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_COMPLEXITY, "%d instructions were visited and there are more paths to walk",
				     VERIFY_MAX_VISITED);
	if (v->spots[v->insn].flags & (SPOT_JOIN | SPOT_LOOP))
		ret = compare_marks(v);
	if (ret || v->path_ends)
		return ret;
	v->since_mark++;
	v->next = walk_after(v->args.insns, v->insn);
	ret = v->args.log_level ? walk_logged(v, insn) : walk_class(v, insn);
	v->insn = ret ? v->insn : v->next;
	return ret;
}

/* The machine as a program finds it. */
static void enter_main(struct verify *v)
{
	struct state *s = v->state;

	state_enter(s, 0, 0, 0);
	if (!v->args.plain_memory) {
		*walk_reg(v, 1) = reg_pointer(REG_CTX, 0);
		return;
	}
	*walk_reg(v, 1) = v->args.mem_bytes ? reg_pointer(REG_MEM, 0) : reg_scalar(scalar_const(0));
	reg_set_const(walk_reg(v, 2), v->args.mem_bytes);
}

static int start(struct verify *v)
{
	int ret;

	if (!v->args.count)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_FLOW, "the program is empty");
	ret = cfg_build(v);
	v->insn = 0;
	if (ret)
		return ret;
	if (live_build(v))
		return refuse_memory(v);
	enter_main(v);
	return 0;
}

static int accept(struct verify *v)
{
	v->result.access = arena_alloc(v->arena, v->args.count);
	if (!v->result.access)
		return refuse_memory(v);
	for (uint32_t i = 0; i < v->args.count; i++)
		v->result.access[i] = v->spots[i].flags & SPOT_CTX ? EXEC_ACCESS_CTX : EXEC_ACCESS_PLAIN;
	return 0;
}

static void finish(struct verify *v, struct verify_result *result)
{
	size_t fixed = v->args.count * sizeof(*v->spots) + sizeof(*v->state) + STATE_PACKED_MAX;

	v->done = true;
	v->result.peak_bytes = (uint32_t)(fixed + v->pool.bytes);
	if (!v->result.error && !accept(v))
		report_accept(v);
	v->result.log_bytes = v->log_at;
	*result = v->result;
}

int verify_step(struct verify *v, uint32_t budget, struct verify_result *result)
{
	int ret = 0;

	if (!v->started) {
		v->started = true;
		ret = start(v);
	}
	while (!ret && !v->done) {
		if (!budget--)
			return -EAGAIN;
		ret = walk(v);
		if (!ret && v->path_ends && !next_path(v))
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
	if (!v->args.log_bytes)
		v->args.log = NULL;
	if (v->args.log)
		v->args.log[0] = 0;
	pool_init(&v->pool, v->arena);
	v->spots = arena_alloc(v->arena, MAX(args->count, 1u) * sizeof(*v->spots));
	v->state = arena_alloc(v->arena, sizeof(*v->state));
	v->scratch = arena_alloc(v->arena, STATE_PACKED_MAX);
	if (!v->spots || !v->state || !v->scratch) {
		verify_free(v);
		return NULL;
	}
	return v;
}

void verify_free(struct verify *v)
{
	struct arena *arena;

	if (!v)
		return;
	arena = v->arena;
	pool_exit(&v->pool);
	arena_free(arena, v->scratch);
	arena_free(arena, v->state);
	arena_free(arena, v->spots);
	arena_free(arena, v);
}
