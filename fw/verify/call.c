/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of helpers and of functions of the program, and the ends of functions. */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* What the arguments of one call have told so far. */
struct args {
	const struct helper *helper;
	const struct map *map;
	uint16_t map_index;
};

static int refuse_kind(struct verify *v, uint8_t number, const char *want)
{
	/* req: XO-187 */
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT, "R%u is %s, but the helper wants %s", number,
			     reg_kind_text(walk_reg(v, number)->kind), want);
}

static int arg_context(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);

	if (r->kind != REG_CTX || r->off || !scalar_is(&r->var, 0))
		return refuse_kind(v, number, "the context pointer as the program got it");
	return 0;
}

static int arg_map(struct verify *v, uint8_t number, struct args *args)
{
	const struct reg *r = walk_reg(v, number);
	uint32_t type;

	if (r->kind != REG_MAP)
		return refuse_kind(v, number, "a map");
	args->map = v->args.maps[r->map];
	args->map_index = r->map;
	type = args->map->attr.type;
	if (type >= 64 || !(args->helper->map_types >> type & 1)) /* req: XO-187 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP,
				     "map %u is of type %u, which helper %s does not take", r->map, type,
				     args->helper->name);
	if (args->helper->flags & HELPER_F_WRITES_MAP && !map_prog_can_write(args->map)) /* req: XO-174 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "map %u can't be written by programs", r->map);
	return 0;
}

/*
 * Bytes that a helper goes through in the time of an instruction: they count as such, so that the time of a run is
 * bounded. A few are part of the call.
 */
#define BYTES_PER_INSN 8
#define BYTES_FREE     64

/* bytes of memory that a helper reads, or writes where init is not needed. */
static int arg_memory(struct verify *v, uint8_t number, uint64_t bytes, bool write, bool init)
{
	const struct reg *r = walk_reg(v, number);
	int ret;

	switch (r->kind) {
	case REG_STACK:
	case REG_PACKET:
	case REG_META:
	case REG_VALUE:
	case REG_MEM:
		break;
	case REG_VALUE_OR_NULL: /* req: XO-185 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_NULL, "R%u can be null: compare it with 0 first", number);
	default:
		return refuse_kind(v, number, "a pointer to memory");
	}
	if (!bytes)
		return 0;
	if (bytes > BYTES_FREE)
		v->result.visited += (uint32_t)(bytes / BYTES_PER_INSN);
	ret = require_memory(v, number, 0, bytes, write ? REQUIRE_WRITE : REQUIRE_READ);
	if (!ret && init && r->kind == REG_STACK)
		ret = require_stack_bytes(v, number, 0, bytes);
	return ret;
}

static int arg_sized(struct verify *v, uint8_t number, const struct args *args)
{
	uint8_t kind = args->helper->args[number - 1],
		size_kind = number < 5 ? args->helper->args[number] : HELPER_ARG_NONE;
	const struct reg *r = walk_reg(v, number), *size = walk_reg(v, number + 1);
	int ret;

	if (size_kind != HELPER_ARG_SIZE && size_kind != HELPER_ARG_SIZE_OR_ZERO)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s takes memory without a size",
				     args->helper->name);
	ret = require_scalar(v, number + 1, "a size");
	if (ret)
		return ret;
	mark_matters(v, &size->deps);
	if (reg_is_scalar(r))
		mark_matters(v, &r->deps);
	/* req: XO-187 */
	if (size->var.all.smin < 0)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT,
				     "R%u is a size, but can be negative: limit it first", number + 1);
	if (!size->var.all.umin && size_kind == HELPER_ARG_SIZE)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT, "R%u is a size, but can be 0", number + 1);
	if (size->var.all.umax > (uint64_t)1 << 29)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT,
				     "R%u is a size without limit: compare it with one first", number + 1);
	if (kind == HELPER_ARG_MEM_OR_NULL && reg_is_scalar(r) && scalar_is(&r->var, 0) && !size->var.all.umax)
		return 0;
	return arg_memory(v, number, size->var.all.umax, kind == HELPER_ARG_MEM_OUT,
			  kind != HELPER_ARG_MEM_OUT || !scalar_is_const(&size->var));
}

static int arg_check(struct verify *v, uint8_t number, struct args *args)
{
	int ret = require_init(v, number);

	if (ret)
		return ret;
	switch (args->helper->args[number - 1]) {
	case HELPER_ARG_ANY:
		return require_scalar(v, number, "this argument");
	case HELPER_ARG_CTX:
		return arg_context(v, number);
	case HELPER_ARG_MAP:
		return arg_map(v, number, args);
	case HELPER_ARG_KEY:
	case HELPER_ARG_VALUE:
		if (!args->map)
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s takes a key without a map",
					     args->helper->name);
		return arg_memory(v, number,
				  args->helper->args[number - 1] == HELPER_ARG_KEY ? args->map->attr.key_size
										   : args->map->attr.value_size,
				  false, true);
	case HELPER_ARG_MEM:
	case HELPER_ARG_MEM_OR_NULL:
	case HELPER_ARG_MEM_OUT:
		return arg_sized(v, number, args);
	case HELPER_ARG_SIZE:
	case HELPER_ARG_SIZE_OR_ZERO:
		return require_scalar(v, number, "a size");
	default:
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s has an argument of unknown kind",
				     args->helper->name);
	}
}

/* What the helper wrote is initialised now. */
static void arg_written(struct verify *v, uint8_t number, const struct args *args)
{
	const struct reg *r = walk_reg(v, number);
	uint64_t bytes;

	if (args->helper->args[number - 1] != HELPER_ARG_MEM_OUT || r->kind != REG_STACK)
		return;
	bytes = walk_reg(v, number + 1)->var.all.umax;
	if (bytes)
		stack_clobber(v, r, 0, bytes);
}

static void void_packet(struct reg *r, void *arg)
{
	(void)arg;
	if (reg_is_packet(r) || r->kind == REG_SHORT) /* req: XO-184 */
		*r = (struct reg){.kind = REG_VOID};
}

/* A spilled pointer that is void reads as one. */
static void void_all(struct verify *v)
{
	state_each(v->state, void_packet, NULL);
}

static void clobber(struct verify *v)
{
	for (uint8_t i = 0; i <= 5; i++)
		*walk_reg(v, i) = (struct reg){.kind = REG_NONE};
}

static struct reg returned(struct verify *v, const struct args *args)
{
	struct reg r = {.kind = REG_NONE};

	switch (args->helper->ret) {
	case HELPER_RET_SCALAR:
		return reg_scalar(scalar_unknown());
	case HELPER_RET_VALUE_OR_NULL:
		r = reg_pointer(REG_VALUE_OR_NULL, 0);
		r.map = args->map_index;
		r.id = ++v->next_id;
		return r;
	default:
		return r;
	}
}

/* NULL: refused. */
static const struct helper *find_helper(struct verify *v, uint32_t id)
{
	const struct helper *h = id < HELPER_MAX ? helper_of(id) : NULL;

	if (!h || !(v->args.caps->helpers[id / 64] >> (id % 64) & 1)) { /* req: XO-140 */
		report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "there is no helper %u on this device", id);
		return NULL;
	}
	if (h->flags & HELPER_F_GPL && !v->args.gpl_compatible) { /* req: XO-188 */
		report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER,
			      "helper %s is for programs with a GPL compatible licence", h->name);
		return NULL;
	}
	return h;
}

int call_helper(struct verify *v, const struct insn *insn)
{
	struct args args = {.helper = find_helper(v, (uint32_t)insn->imm)};
	uint8_t count = 0;
	struct reg r0;
	int ret = 0;

	if (!args.helper)
		return -EINVAL;
	while (!ret && count < 5 && args.helper->args[count] != HELPER_ARG_NONE) {
		count++;
		ret = arg_check(v, count, &args);
	}
	if (!ret && args.helper->ret == HELPER_RET_VALUE_OR_NULL && !args.map)
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s returns a value of no map",
				    args.helper->name);
	if (ret)
		return ret;
	for (uint8_t i = 1; i <= count; i++)
		arg_written(v, i, &args);
	r0 = returned(v, &args);
	clobber(v);
	if (args.helper->flags & HELPER_F_MOVES_PACKET)
		void_all(v);
	return apply_dst(v, 0, &r0);
}

int call_local(struct verify *v, const struct insn *insn)
{
	uint32_t depth = v->state->depth + 1;
	struct reg args[6];

	if (depth >= EXEC_CALL_DEPTH) /* req: XO-132 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CALL, "calls nest deeper than %d functions",
				     EXEC_CALL_DEPTH);
	for (uint8_t i = 1; i <= 5; i++)
		args[i] = *walk_reg(v, i);
	clobber(v);
	state_enter(v->state, depth, v->insn, (uint32_t)insn->imm);
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

static int exit_main(struct verify *v)
{
	uint32_t actions;
	int ret = require_scalar(v, 0, "the result"); /* req: XO-186 */

	if (ret)
		return ret;
	mark_matters(v, &walk_reg(v, 0)->deps);
	v->path_ends = true;
	if (v->args.plain_memory)
		return 0;
	actions = actions_of(&walk_reg(v, 0)->var);
	/* req: XO-190, XO-191 */
	if (v->args.strict_actions && actions & ~v->args.caps->actions)
		return report_refuse(
			v, VIRTIO_NET_XDP_VERIFY_ACTION,
			"R0 can be an action that this device does not offer: can return 0x%x, offered 0x%x", actions,
			v->args.caps->actions);
	v->result.actions |= actions; /* req: XO-051 */
	return 0;
}

int call_exit(struct verify *v)
{
	const struct frame *callee = state_frame(v->state);
	const struct reg *r0 = &callee->regs[0];

	if (!v->state->depth)
		return exit_main(v);
	if (r0->kind == REG_STACK && r0->frame == v->state->depth) /* req: XO-183 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_STACK,
				     "R0 points to the stack of the function that ends here");
	v->next = callee->call + 1;
	v->state->depth--;
	*walk_reg(v, 0) = *r0;
	return 0;
}
