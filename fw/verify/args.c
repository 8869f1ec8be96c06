/* SPDX-License-Identifier: BSD-2-Clause */
/* What helpers are called with: one check for each kind of argument, and what engines may know of maps and keys. */
#include "verify/show.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

static int refuse_kind(struct verify *v, uint8_t number, const char *want)
{
	/* req: XO-187 */
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT, "R%u is %s, but helper %s wants %s", number,
			     reg_kind_text(walk_reg(v, number)->kind),
			     helper_of((uint32_t)v->args.insns[v->insn].imm)->name, want);
}

#define MAP_TEXT 64

/* What the map in register number is called. */
static const char *map_text(const struct verify *v, uint8_t number, char text[static MAP_TEXT])
{
	struct line map = {.text = text, .room = MAP_TEXT};
	const struct reg *r = &v->state->frames[v->state->depth].regs[number];

	text[0] = 0;
	line_str(&map, r->inner ? "a map in " : "");
	show_map(&map, v, r->map);
	return text;
}

static bool is_const_pointer(const struct reg *r, enum reg_kind kind)
{
	return r->kind == kind && scalar_is_const(&r->var);
}

static int arg_context(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);

	if (!is_const_pointer(r, REG_CTX) || r->off || r->var.bits.value)
		return refuse_kind(v, number, "the context pointer as the program got it");
	return 0;
}

/*
 * The facts about a call hold for every path, those too that were cut off at a mark: maps are compared there, and the
 * places that a key was computed from matter as long as the fact stands.
 */
static void note_map(struct verify *v, const struct args *args)
{
	struct spot *spot = &v->spots[v->insn];
	uint16_t map = args->inner ? EXEC_NO_MAP : args->map;

	if (!(spot->flags & SPOT_CALLED)) {
		spot->flags |= SPOT_CALLED;
		spot->call = (struct exec_call){.map = map};
	} else if (spot->call.map != map) {
		spot->call = (struct exec_call){.map = EXEC_NO_MAP};
	}
}

static int arg_map(struct verify *v, uint8_t number, struct args *args)
{
	const struct reg *r = walk_reg(v, number);
	char text[MAP_TEXT];
	uint32_t type;

	if (r->kind == REG_INNER_OR_NULL)
		return require_not_null(v, number, "first");
	if (r->kind != REG_MAP)
		return refuse_kind(v, number, "a map");
	args->attr = require_attr(v, r);
	args->inner = r->inner;
	args->map = r->map;
	type = args->attr->type;
	if (type >= 64 || !(args->helper->map_types >> type & 1)) /* req: XO-187 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP,
				     "R%u is %s of type %s, which helper %s does not take", number,
				     map_text(v, number, text), map_type_name(type) ? map_type_name(type) : "unknown",
				     args->helper->name);
	if (args->helper->flags & HELPER_F_READS_MAP && !r->inner && v->args.maps[r->map]->inner &&
	    !map_prog_can_read(args->attr)) /* req: XO-175 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "R%u is %s, which can't be read by programs", number,
				     map_text(v, number, text));
	if (args->helper->flags & HELPER_F_WRITES_MAP && !map_prog_can_write(args->attr)) /* req: XO-174 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "R%u is %s, which can't be written by programs",
				     number, map_text(v, number, text));
	return 0;
}

/*
 * Bytes that a helper goes through in the time of an instruction: they count as such for max_run_insns, so that the
 * time of a run is bounded. A few are part of the call. Sizes are less than 2^32, so that a million calls don't
 * overflow.
 */
#define BYTES_PER_INSN 8
#define BYTES_FREE     64

#define ROUTE_KEY_BYTES (4 + 16) /* the longest: a prefix's length, and an address of IPv6 */

static void count_bytes(struct verify *v, uint64_t bytes)
{
	if (bytes > BYTES_FREE)
		v->spent += bytes / BYTES_PER_INSN;
}

/* The key is gone through once for each length that a prefix can have. */
static void count_prefixes(struct verify *v, uint64_t key_bytes)
{
	count_bytes(v, key_bytes * key_bytes * 8);
}

/* Bytes of the packet, as many as there is memory for at most. */
static void count_packet(struct verify *v, uint64_t bytes)
{
	const struct fw_caps *caps = v->args.caps;

	count_bytes(v, MIN(bytes, (uint64_t)caps->headroom + caps->max_frame + caps->tailroom));
}

enum memory_use {
	MEMORY_READ = 1 << 0,
	MEMORY_WRITE = 1 << 1,
};

/* bytes of memory that a helper reads or writes. What it reads of the stack must be numbers. */
static int arg_memory(struct verify *v, uint8_t number, uint64_t bytes, unsigned int use)
{
	const struct reg *r = walk_reg(v, number);
	int ret = 0;

	switch (r->kind) {
	case REG_STACK:
	case REG_PACKET:
	case REG_META:
	case REG_VALUE:
	case REG_RECORD:
	case REG_MEM:
		break;
	case REG_VALUE_OR_NULL:
	case REG_RECORD_OR_NULL:
	case REG_MEM_OR_NULL:
		return require_not_null(v, number, "first");
	default:
		return refuse_kind(v, number, "a pointer to memory");
	}
	if (!bytes)
		return 0;
	count_bytes(v, bytes);
	if (use & MEMORY_READ)
		ret = require_memory(v, number, 0, bytes, REQUIRE_READ);
	if (!ret && use & MEMORY_WRITE)
		ret = require_memory(v, number, 0, bytes, REQUIRE_WRITE);
	v->result.writes |= use & MEMORY_WRITE && reg_is_packet(r);
	if (!ret && use & MEMORY_READ && r->kind == REG_STACK)
		ret = require_stack_bytes(v, number, 0, bytes);
	return ret;
}

static int arg_sized(struct verify *v, uint8_t number, const struct args *args)
{
	uint8_t kind = args->helper->args[number - 1],
		size_kind = number < 5 ? args->helper->args[number] : HELPER_ARG_NONE;
	const struct reg *r = walk_reg(v, number), *size = walk_reg(v, number + 1);
	unsigned int use = MEMORY_READ;
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
				     "R%u is a size, but can be negative, %lld: limit it first", number + 1,
				     (long long)size->var.all.smin);
	if (!size->var.all.umin && size_kind == HELPER_ARG_SIZE)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT,
				     "R%u is a size, but can be 0: 1 is the least here", number + 1);
	if (size->var.all.umax > (uint64_t)1 << 29)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT,
				     "R%u is a size without limit, up to %llu: compare it with one first", number + 1,
				     (unsigned long long)size->var.all.umax);
	if (kind == HELPER_ARG_MEM_OR_NULL && reg_is_scalar(r) && scalar_is(&r->var, 0) && !size->var.all.umax)
		return 0;
	/* where it is open how much is written, what was there before can be read after */
	if (kind == HELPER_ARG_MEM_OUT)
		use = r->kind == REG_STACK && !scalar_is_const(&size->var) ? MEMORY_READ | MEMORY_WRITE : MEMORY_WRITE;
	else if (kind == HELPER_ARG_MEM_INOUT)
		use = MEMORY_READ | MEMORY_WRITE;
	return arg_memory(v, number, size->var.all.umax, use);
}

/* The 4 bytes of a key on the stack, if they are known; what they were computed from matters then. */
static bool stack_key(struct verify *v, const struct reg *r, uint32_t *key)
{
	int64_t at = r->off + (int64_t)r->var.bits.value;
	const struct frame *f = &v->state->frames[r->frame];
	uint8_t byte;

	*key = 0;
	for (int i = 0; i < 4; i++) {
		if (!slot_byte_known(&f->slots[(-(at + i) - 1) / 8], (int)((at + i) & 7), &byte))
			return false;
		*key |= (uint32_t)byte << 8 * i;
	}
	mark_matters(v, &f->slots[(-at - 1) / 8].reg.deps);
	mark_matters(v, &f->slots[(-(at + 3) - 1) / 8].reg.deps);
	return true;
}

/* The key, if it has 4 bytes and is known. */
static bool known_key(struct verify *v, uint8_t number, const struct args *args, uint32_t *key)
{
	const struct reg *r = walk_reg(v, number);
	uint64_t value;

	*key = 0;
	if (args->attr->key_size != 4)
		return false;
	if (is_const_pointer(r, REG_STACK))
		return stack_key(v, r, key);
	if (!frozen_read(v, r, 0, 4, &value))
		return false;
	*key = (uint32_t)value;
	return true;
}

/* Whether all calls so far had the same map and key. */
static bool same_so_far(const struct verify *v, bool first)
{
	const struct exec_call *call = &v->spots[v->insn].call;

	return call->map != EXEC_NO_MAP && (first || call->key_known);
}

static void note_key(struct verify *v, bool known, uint32_t key, bool first)
{
	struct exec_call *call = &v->spots[v->insn].call;

	if (!same_so_far(v, first))
		return;
	call->key_known = known && (first || call->key == key);
	call->key = call->key_known ? key : 0;
}

/* Arrays have all their elements from the start. */
static bool is_array(const struct args *args)
{
	return !args->inner &&
	       (args->attr->type == VIRTIO_NET_XDP_MAP_ARRAY || args->attr->type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY);
}

static int arg_key(struct verify *v, uint8_t number, struct args *args, bool first)
{
	uint32_t bytes = args->attr->key_size, key = 0;
	bool known;
	int ret = arg_memory(v, number, bytes, MEMORY_READ);

	if (args->attr->type == VIRTIO_NET_XDP_MAP_LPM_TRIE)
		count_prefixes(v, bytes);
	if (ret)
		return ret;
	known = (is_array(args) || same_so_far(v, first)) && known_key(v, number, args, &key);
	args->exists = known && is_array(args) && key < args->attr->max_entries;
	note_key(v, known, key, first);
	return 0;
}

static int arg_const(struct verify *v, uint8_t number, struct args *args)
{
	const struct reg *r = walk_reg(v, number);
	int ret = require_scalar(v, number, "this argument");

	if (ret)
		return ret;
	if (!scalar_is_const(&r->var)) /* req: XO-187 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT,
				     "R%u can be several numbers, %llu..%llu, but helper %s wants one that is known",
				     number, (unsigned long long)r->var.all.umin, (unsigned long long)r->var.all.umax,
				     args->helper->name);
	if (args->helper->ret == HELPER_RET_RECORD_OR_NULL &&
	    (!r->var.bits.value || r->var.bits.value > (uint64_t)1 << 29))
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_ARGUMENT, "R%u is no size of a record: %llu", number,
				     (unsigned long long)r->var.bits.value);
	mark_matters(v, &r->deps);
	args->bytes = (uint32_t)r->var.bits.value;
	if (args->helper->ret == HELPER_RET_RECORD_OR_NULL)
		count_bytes(v, args->bytes); /* the helper makes them zero */
	return 0;
}

/* How many bytes it says counts, so on a path that is cut off it must be as many. */
static int arg_packet_bytes(struct verify *v, uint8_t number, uint8_t kind)
{
	const struct reg *r = walk_reg(v, number);
	int ret = require_scalar(v, number, "this argument");
	uint64_t most;

	if (ret)
		return ret;
	mark_matters(v, &r->deps);
	if (kind == HELPER_ARG_GROWTH) {
		count_packet(v, (uint64_t)MAX(r->var.low.smax, 0));
		return 0;
	}
	most = (r->var.bits.value | r->var.bits.mask) >> 32 & 0xfffff;
	count_packet(v, MIN(most, r->var.all.umax >> 32));
	return 0;
}

static int arg_record(struct verify *v, uint8_t number, struct args *args)
{
	const struct reg *r = walk_reg(v, number);

	if (r->kind == REG_RECORD_OR_NULL)
		return require_not_null(v, number, "first");
	if (!is_const_pointer(r, REG_RECORD) || r->off || r->var.bits.value)
		return refuse_kind(v, number, "a record as the program got it");
	args->record = r->id;
	return 0;
}

static int arg_lock(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);
	int ret;

	if (r->kind == REG_VALUE_OR_NULL)
		return require_not_null(v, number, "first");
	if (!is_const_pointer(r, REG_VALUE))
		return refuse_kind(v, number, "a lock: 4 bytes in a map's value at a constant offset");
	ret = arg_memory(v, number, 4, MEMORY_READ | MEMORY_WRITE);
	return ret ? ret : require_aligned(v, number, 0, 4);
}

#define OPTIONAL_FIRST 3 /* the first argument that can be OPTIONAL */

/*
 * What is no scalar, on this path or another one, the helper does not get: it is 0 for it. What is behind the first
 * such register is 0, too.
 */
static void note_optional(struct verify *v, uint8_t number)
{
	struct spot *spot = &v->spots[v->insn];

	if (!(spot->flags & SPOT_CALLED)) {
		spot->flags |= SPOT_CALLED;
		spot->call = (struct exec_call){.map = EXEC_NO_MAP, .optional = UINT8_MAX};
	}
	if (!reg_is_scalar(walk_reg(v, number)))
		spot->call.optional = MIN(spot->call.optional, (uint8_t)(number - OPTIONAL_FIRST));
}

static int arg_check(struct verify *v, uint8_t number, struct args *args)
{
	bool first = !(v->spots[v->insn].flags & SPOT_CALLED);
	uint8_t kind = args->helper->args[number - 1];
	int ret = kind == HELPER_ARG_OPTIONAL ? 0 : require_init(v, number);

	if (ret)
		return ret;
	switch (kind) {
	case HELPER_ARG_OPTIONAL:
		note_optional(v, number);
		return 0;
	case HELPER_ARG_ANY:
		return require_scalar(v, number, "this argument");
	case HELPER_ARG_CTX:
		return arg_context(v, number);
	case HELPER_ARG_MAP:
		return arg_map(v, number, args);
	case HELPER_ARG_KEY:
	case HELPER_ARG_VALUE:
		if (!args->attr)
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s takes a key without a map",
					     args->helper->name);
		if (kind == HELPER_ARG_VALUE)
			return arg_memory(v, number, args->attr->value_size, MEMORY_READ);
		note_map(v, args);
		return arg_key(v, number, args, first);
	case HELPER_ARG_MEM:
	case HELPER_ARG_MEM_OR_NULL:
	case HELPER_ARG_MEM_OUT:
	case HELPER_ARG_MEM_INOUT:
		return arg_sized(v, number, args);
	case HELPER_ARG_U32_INOUT:
		ret = arg_memory(v, number, 4, MEMORY_READ | MEMORY_WRITE);
		if (!ret)
			ret = require_aligned(v, number, 0, 4);
		if (!ret)
			global_access(v, walk_reg(v, number), 0, 4, true);
		return ret;
	case HELPER_ARG_SIZE:
	case HELPER_ARG_SIZE_OR_ZERO:
		return require_scalar(v, number, "a size");
	case HELPER_ARG_CONST:
		return arg_const(v, number, args);
	case HELPER_ARG_GROWTH:
	case HELPER_ARG_PACKET_BYTES:
		return arg_packet_bytes(v, number, kind);
	case HELPER_ARG_RECORD:
		return arg_record(v, number, args);
	case HELPER_ARG_LOCK:
		return arg_lock(v, number);
	default:
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_HELPER, "helper %s has an argument of unknown kind",
				     args->helper->name);
	}
}

int args_check(struct verify *v, struct args *args)
{
	int ret = 0;

	for (uint8_t n = 1; !ret && n <= 5 && args->helper->args[n - 1] != HELPER_ARG_NONE; n++)
		ret = arg_check(v, n, args);
	if (!ret && args->attr)
		note_map(v, args);
	if (args->helper->flags & HELPER_F_MOVES_PACKET)
		count_bytes(v, v->args.caps->max_metadata); /* they move along */
	if (args->helper->flags & HELPER_F_ROUTES)
		count_prefixes(v, ROUTE_KEY_BYTES);
	return ret;
}

void args_written(struct verify *v, const struct args *args)
{
	for (uint8_t n = 1; n <= 5; n++) {
		const struct reg *r = walk_reg(v, n);
		uint64_t bytes = 0;

		switch (args->helper->args[n - 1]) {
		case HELPER_ARG_MEM_OUT:
		case HELPER_ARG_MEM_INOUT:
			bytes = walk_reg(v, n + 1)->var.all.umax;
			break;
		case HELPER_ARG_U32_INOUT:
			bytes = 4;
			break;
		default:
			break;
		}
		if (bytes && r->kind == REG_STACK)
			stack_clobber(v, r, 0, bytes);
	}
}
