/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation
 *
 * The driver can say of a function of the program what its arguments are. Such a function is global: it is not walked
 * for each call, but once, by itself, as if it were a program that begins with all that its arguments can be. A call
 * of it has to give it such arguments, and gives a number that is not known. What the driver says is a request and no
 * promise: both halves are checked here.
 *
 * A global function is walked when the walk first comes to a call of it. What is under way then waits like the other
 * side of a branch, below all that waits within the function; when it comes to its turn, the function is done. Calls
 * do not recurse, cfg.c has seen to that, so none can be met again before.
 *
 * Some of what a call must fulfil is only known when the function was walked: how long it runs, how many records it
 * holds, and, of the memory that its arguments point to, whether atomic operations are done there, and accesses that
 * must be aligned in any memory, or if it turns out to be stack. All of it is found like what memory an access touches:
 * a path that is cut off at a mark has the same pointers as there.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* More than any limit of a run; the longest walk with as many at each of its steps is less than 2^64. */
#define LONGEST_MAX ((uint64_t)UINT32_MAX + 1)

const struct verify_func *global_func(const struct verify *v, uint32_t insn)
{
	uint32_t from = 0, to = v->args.num_funcs;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (v->args.funcs[mid].insn == insn)
			return &v->args.funcs[mid];
		if (v->args.funcs[mid].insn < insn)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

struct global *global_of(const struct verify *v, uint32_t insn)
{
	const struct verify_func *func = global_func(v, insn);

	return func ? &v->globals[func - v->args.funcs] : NULL;
}

static const struct verify_func *func_of(const struct verify *v, const struct global *g)
{
	return &v->args.funcs[g - v->globals];
}

static bool is_memory(uint8_t kind)
{
	return kind == VIRTIO_NET_XDP_FUNC_MEMORY || kind == VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL;
}

uint64_t global_reads(const struct verify_func *func, int n)
{
	return is_memory(func->kinds[n]) ? func->bytes[n] : 0;
}

/* ---- calls ---- */

static int refuse_kind(struct verify *v, uint8_t number, const char *want)
{
	/* req: XO-276 */
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT, "R%u is %s, but the global function called wants %s",
			     number, reg_kind_text(walk_reg(v, number)->kind), want);
}

/* What can be null, as it is if it is not. */
static uint8_t kind_if_any(uint8_t kind)
{
	switch (kind) {
	case REG_VALUE_OR_NULL:
		return REG_VALUE;
	case REG_RECORD_OR_NULL:
		return REG_RECORD;
	case REG_MEM_OR_NULL:
		return REG_MEM;
	default:
		return kind;
	}
}

/* bytes that the function can read and write: what it finds there must be numbers. */
static int check_whole(struct verify *v, uint8_t number, uint32_t bytes)
{
	const struct reg *r = walk_reg(v, number);
	int ret = require_memory(v, number, 0, bytes, REQUIRE_READ);

	if (!ret)
		ret = require_memory(v, number, 0, bytes, REQUIRE_WRITE);
	if (!ret && r->kind == REG_STACK)
		ret = require_stack_bytes(v, number, 0, bytes);
	return ret;
}

static int check_memory(struct verify *v, const struct global *g, uint8_t number, bool or_null)
{
	struct reg *r = walk_reg(v, number);
	uint8_t kind = r->kind;
	int ret;

	if (or_null && reg_is_scalar(r) && scalar_is(&r->var, 0)) {
		mark_matters(v, &r->deps);
		return 0;
	}
	switch (kind_if_any(kind)) {
	case REG_PACKET:
	case REG_META:
		/* what it was given would lead elsewhere when the packet has moved */
		if (g->moves) /* req: XO-184 */
			return refuse_kind(v, number, "other memory: it can move the packet");
		break;
	case REG_STACK:
	case REG_VALUE:
	case REG_RECORD:
	case REG_MEM:
		break;
	default:
		return refuse_kind(v, number, or_null ? "a pointer to memory, or 0" : "a pointer to memory");
	}
	if (reg_can_be_null(r) && !or_null)
		return require_not_null(v, number, "first");
	r->kind = kind_if_any(kind);
	ret = check_whole(v, number, func_of(v, g)->bytes[number - 1]);
	r->kind = kind;
	return ret;
}

static int check_arg(struct verify *v, const struct global *g, uint8_t number)
{
	uint8_t kind = func_of(v, g)->kinds[number - 1];
	const struct reg *r = walk_reg(v, number);
	int ret = kind == VIRTIO_NET_XDP_FUNC_NONE ? 0 : require_init(v, number);

	if (ret)
		return ret;
	switch (kind) {
	case VIRTIO_NET_XDP_FUNC_NUMBER:
		return reg_is_scalar(r) ? 0 : refuse_kind(v, number, "a number");
	case VIRTIO_NET_XDP_FUNC_CONTEXT:
		if (r->kind == REG_CTX && !r->off && scalar_is(&r->var, 0))
			return 0;
		return refuse_kind(v, number, "the context pointer as the program got it");
	case VIRTIO_NET_XDP_FUNC_MEMORY:
	case VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL:
		return check_memory(v, g, number, kind == VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL);
	default:
		return 0;
	}
}

/* The memory was given to the global function being walked: its callers have to see to it. */
static void hand_on(struct verify *v, const struct reg *r, const struct global_arg *found)
{
	struct global_arg *own = &v->global->args[r->frame - 1];

	own->unaligned |= found->unaligned || (found->widest && !require_is_aligned(r, 0, found->widest));
	own->widest = MAX(own->widest, found->widest);
	own->strict = MAX(own->strict, found->strict);
	own->atomic |= found->atomic;
}

/* What the function was found to do with the memory can be done there. */
static int check_found(struct verify *v, const struct global *g, uint8_t number)
{
	const struct global_arg *found = &g->args[number - 1];
	const struct reg *r = walk_reg(v, number);
	uint8_t kind = kind_if_any(r->kind);

	if (reg_is_scalar(r))
		return 0;
	if (kind == REG_STACK && (found->unaligned || (found->widest && !require_is_aligned(r, 0, found->widest))))
		/* req: XO-239 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_STACK,
				     "R%u points to the stack, and the function called accesses bytes there at "
				     "offsets that are no multiple of their number",
				     number);
	if (found->atomic && reg_is_packet(r)) /* req: XO-241 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_PACKET,
				     "R%u points into the packet, and the function called does atomic operations there",
				     number);
	if (found->strict && !require_is_aligned(r, 0, found->strict)) /* req: XO-187, XO-239 */
		return require_aligned(v, number, 0, found->strict);
	if (kind == REG_MEM && v->global)
		hand_on(v, r, found);
	return 0;
}

static int check_records(struct verify *v, const struct global *g)
{
	uint32_t most = (uint32_t)v->state->held.num_records + g->records;

	if (most > EXEC_RECORDS) /* req: XO-193 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER,
				     "the function called can hold %u records, and %u are held here: %d is the limit",
				     g->records, v->state->held.num_records, EXEC_RECORDS);
	v->most_records = MAX(v->most_records, (uint8_t)most);
	return 0;
}

/* The function was walked, and is called with arguments of its kinds. */
static int returned(struct verify *v, const struct global *g)
{
	const struct verify_func *func = func_of(v, g);
	int ret = check_records(v, g);

	for (uint8_t n = 1; !ret && n <= VERIFY_ARGS; n++) {
		const struct reg *r = walk_reg(v, n);

		if (!is_memory(func->kinds[n - 1]))
			continue;
		ret = check_found(v, g, n);
		v->result.writes |= reg_is_packet(r);
		if (!ret && r->kind == REG_STACK)
			stack_clobber(v, r, 0, func->bytes[n - 1]);
	}
	if (ret)
		return ret;
	v->spent += g->longest; /* req: XO-189 */
	call_returned(v, g->moves || g->tails);
	return 0;
}

int global_call(struct verify *v, struct global *g)
{
	int ret = g->tails ? held_nothing(v, "call a function that makes tail calls") : 0;

	for (uint8_t n = 1; !ret && n <= VERIFY_ARGS; n++)
		ret = check_arg(v, g, n); /* req: XO-276 */
	if (ret)
		return ret;
	if (g->walked)
		return returned(v, g);
	ret = mark_suspend(v);
	if (!ret)
		v->enter = g;
	return ret;
}

/* ---- the walk of a function ---- */

static struct reg argument(struct verify *v, const struct verify_func *func, uint8_t number)
{
	struct reg r = {.kind = REG_NONE};

	switch (func->kinds[number - 1]) {
	case VIRTIO_NET_XDP_FUNC_NUMBER:
		return reg_scalar(scalar_unknown());
	case VIRTIO_NET_XDP_FUNC_CONTEXT:
		return reg_pointer(REG_CTX, 0);
	case VIRTIO_NET_XDP_FUNC_MEMORY:
		r = reg_pointer(REG_MEM, 0);
		break;
	case VIRTIO_NET_XDP_FUNC_MEMORY_OR_NULL:
		r = reg_pointer(REG_MEM_OR_NULL, 0);
		r.id = ++v->next_id;
		break;
	default:
		return r;
	}
	r.frame = number;
	r.range = func->bytes[number - 1];
	return r;
}

void global_enter(struct verify *v)
{
	struct global *g = v->enter;
	const struct verify_func *func = func_of(v, g);
	struct state *s = v->state;

	g->outer = v->global;
	g->outer_longest = v->result.longest;
	g->outer_records = v->most_records;
	g->outer_trail = v->trail.first;
	v->enter = NULL;
	v->global = g;
	v->result.longest = 0;
	v->most_records = 0;
	v->parent = NULL;
	v->spent = 0;
	v->trail.first = v->trail.count;
	v->insn = func->insn;
	mem_set(&s->held, 0, sizeof(s->held));
	s->held.turns = EXEC_TURNS;
	state_enter(s, 0, 0, func->insn);
	for (uint8_t n = 1; n <= VERIFY_ARGS; n++)
		*walk_reg(v, n) = argument(v, func, n);
	if (v->args.log_level) {
		report_global(v, func->insn, false);
		report_begin(v);
	}
	walk_tell(v, VERIFY_ENTERS, NULL);
}

int global_leave(struct verify *v)
{
	struct global *g = v->global;
	int ret;

	g->walked = true;
	g->longest = MIN(v->result.longest, LONGEST_MAX);
	g->records = v->most_records;
	v->global = g->outer;
	v->result.longest = g->outer_longest;
	v->most_records = g->outer_records;
	v->trail.first = g->outer_trail;
	ret = returned(v, g);
	v->insn += !ret;
	return ret;
}

int global_exit(struct verify *v)
{
	const struct reg *r0 = walk_reg(v, 0);
	int ret = require_init(v, 0);

	if (!ret)
		ret = held_nothing(v, "return from a global function");
	if (!ret && !reg_is_scalar(r0)) /* req: XO-277 */
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				    "R0 is %s, but a global function returns a number", reg_kind_text(r0->kind));
	if (!ret && r0->stale) /* req: XO-266 */
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT,
				    "R0 is the result, but comes from stack that was never written");
	v->path_ends = true;
	return ret;
}

void global_access(struct verify *v, const struct reg *r, int64_t off, unsigned int bytes, bool strict)
{
	struct global_arg *found;

	if (r->kind != REG_MEM || !v->global)
		return;
	found = &v->global->args[r->frame - 1];
	found->unaligned |= !require_is_aligned(r, off, bytes);
	found->widest = MAX(found->widest, (uint8_t)bytes);
	if (strict)
		found->strict = MAX(found->strict, (uint8_t)bytes);
}

void global_atomic(struct verify *v, const struct reg *r)
{
	if (r->kind == REG_MEM && v->global)
		v->global->args[r->frame - 1].atomic = true;
}

/* ---- what can be told before ---- */

int global_begin(struct verify *v)
{
	if (!v->args.num_funcs)
		return 0;
	v->globals = arena_alloc(v->arena, v->args.num_funcs * sizeof(*v->globals));
	if (!v->globals)
		return mark_no_memory(v);
	for (uint32_t i = 0; i < v->args.num_funcs; i++) {
		v->insn = v->args.funcs[i].insn;
		if (!v->insn || !(v->spots[v->insn].flags & SPOT_ENTRY)) /* req: XO-275 */
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CALL,
					     "no function that is called begins here, but a global one was said to");
	}
	v->insn = 0;
	return 0;
}
