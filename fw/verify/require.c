/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What instructions require: that registers are initialised and of the right kind, and that every byte they touch, for
 * every value that a variable offset can have, is memory they may touch.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* Reach of a packet, as an offset can be added to one. */
#define PACKET_REACH 65535

int require_init(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);

	if (r->kind == REG_NONE) /* req: XO-266 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT, "R%u is not initialised", number);
	if (r->kind == REG_VOID) /* req: XO-184 */
		return report_refuse(
			v, VIRTIO_NET_XDP_VERIFY_UNINIT,
			"R%u is a packet pointer from before a helper that moves the packet: load it again", number);
	if (r->kind == REG_GONE) /* req: XO-263 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT, "R%u is a record that was given back", number);
	return 0;
}

int require_scalar(struct verify *v, uint8_t number, const char *what)
{
	int ret = require_init(v, number);

	if (!ret && !reg_is_scalar(walk_reg(v, number)))
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER, "R%u is %s, but %s must be a number", number,
				    reg_kind_text(walk_reg(v, number)->kind), what);
	return ret;
}

/* Least and greatest offset, fixed and variable part together. false: out of all reach. */
static bool span(const struct reg *r, int64_t off, int64_t *min, int64_t *max)
{
	const int64_t reach = (int64_t)1 << 31;

	if (r->var.all.smin < -reach || r->var.all.smax > reach || r->off < -reach || r->off > reach)
		return false;
	*min = r->var.all.smin + r->off + off;
	*max = r->var.all.smax + r->off + off;
	return true;
}

static int outside(struct verify *v, uint8_t number, uint16_t error, int64_t min, int64_t max, uint64_t bytes,
		   const char *what, uint64_t size)
{
	if (min != max)
		return report_refuse(v, error, "R%u offset %lld..%lld, %llu bytes, is outside of %s: %llu bytes",
				     number, (long long)min, (long long)max, (unsigned long long)bytes, what,
				     (unsigned long long)size);
	return report_refuse(v, error, "R%u offset %lld, %llu bytes, is outside of %s: %llu bytes", number,
			     (long long)min, (unsigned long long)bytes, what, (unsigned long long)size);
}

static int unbounded(struct verify *v, uint8_t number, uint16_t error)
{
	return report_refuse(v, error, "R%u has an unbounded offset: compare it with a limit first", number);
}

static int in_object(struct verify *v, uint8_t number, int64_t off, uint64_t bytes, uint64_t size, uint16_t error,
		     const char *what)
{
	int64_t min, max;

	if (!span(walk_reg(v, number), off, &min, &max))
		return unbounded(v, number, error);
	if (min < 0 || bytes > size || max > (int64_t)(size - bytes)) /* req: XO-183 */
		return outside(v, number, error, min, max, bytes, what, size);
	return 0;
}

const struct map_attr *require_attr(const struct verify *v, const struct reg *r)
{
	const struct map *map = v->args.maps[r->map];

	return r->inner ? map->inner : &map->attr;
}

static int in_value(struct verify *v, uint8_t number, int64_t off, uint64_t bytes, enum require_for use)
{
	const struct map_attr *attr = require_attr(v, walk_reg(v, number));

	if (use != REQUIRE_WRITE && !map_prog_can_read(attr)) /* req: XO-175 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "R%u points into a map that programs may not read",
				     number);
	if (use != REQUIRE_READ && !map_prog_can_write(attr)) /* req: XO-174 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "R%u points into a map that programs may not write",
				     number);
	return in_object(v, number, off, bytes, attr->value_size, VIRTIO_NET_XDP_VERIFY_MAP, "the map's value");
}

static int in_packet(struct verify *v, uint8_t number, int64_t off, uint64_t bytes)
{
	const struct reg *r = walk_reg(v, number);
	const char *what = r->kind == REG_META ? "metadata" : "packet";
	int64_t first = r->off + off;

	/* req: XO-183 */
	if (r->var.all.smin < 0)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_PACKET,
				     "R%u can lie before the %s: its offset can be negative", number, what);
	if (r->var.all.umax > PACKET_REACH)
		return unbounded(v, number, VIRTIO_NET_XDP_VERIFY_PACKET);
	if (first >= 0 && bytes <= r->range && first <= (int64_t)(r->range - bytes))
		return 0;
	if (!r->range)
		return report_refuse(
			v, VIRTIO_NET_XDP_VERIFY_PACKET,
			"R%u offset %lld, %llu bytes, is outside of the %s: no byte proven; compare with its end first",
			number, (long long)first, (unsigned long long)bytes, what);
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_PACKET,
			     "R%u offset %lld, %llu bytes, is outside of the %s: bytes 0..%u proven", number,
			     (long long)first, (unsigned long long)bytes, what, r->range - 1);
}

void require_stack_span(const struct reg *r, int64_t off, int64_t *min, int64_t *max)
{
	if (!span(r, off, min, max))
		*min = *max = INT64_MIN;
}

static bool aligned(const struct reg *r, int64_t off, uint64_t bytes)
{
	uint64_t fixed = (uint64_t)(r->off + off);

	return !((r->var.bits.mask | (r->var.bits.value + fixed)) & (bytes - 1));
}

static int in_stack(struct verify *v, uint8_t number, int64_t off, uint64_t bytes)
{
	int64_t min, max;

	if (!span(walk_reg(v, number), off, &min, &max))
		return unbounded(v, number, VIRTIO_NET_XDP_VERIFY_STACK);
	/* req: XO-130, XO-183 */
	if (min < -EXEC_STACK_BYTES || bytes > EXEC_STACK_BYTES || max > -(int64_t)bytes)
		return outside(v, number, VIRTIO_NET_XDP_VERIFY_STACK, min, max, bytes,
			       "the stack below the frame pointer", EXEC_STACK_BYTES);
	return 0;
}

static int no_memory(struct verify *v, uint8_t number)
{
	uint8_t kind = walk_reg(v, number)->kind;

	if (reg_can_be_null(walk_reg(v, number))) /* req: XO-185 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_NULL, "R%u can be null: compare it with 0 first", number);
	/* req: XO-183 */
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER, "R%u is %s: it can't be used to access memory", number,
			     reg_kind_text(kind));
}

int require_memory(struct verify *v, uint8_t number, int64_t off, uint64_t bytes, enum require_for use)
{
	const struct reg *r = walk_reg(v, number);
	int ret = require_init(v, number);

	if (ret)
		return ret;
	switch (r->kind) {
	case REG_STACK:
		return in_stack(v, number, off, bytes);
	case REG_VALUE:
		return in_value(v, number, off, bytes, use); /* req: XO-240 */
	case REG_PACKET:
	case REG_META:
		if (use == REQUIRE_ATOMIC) /* req: XO-241 */
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_PACKET,
					     "atomic operations on the packet are not allowed");
		return in_packet(v, number, off, bytes); /* req: XO-240 */
	case REG_RECORD:
		return in_object(v, number, off, bytes, r->range, VIRTIO_NET_XDP_VERIFY_POINTER, "the record");
	case REG_MEM:
		return in_object(v, number, off, bytes, v->args.mem_bytes, VIRTIO_NET_XDP_VERIFY_POINTER, "the memory");
	default:
		return no_memory(v, number);
	}
}

int require_aligned(struct verify *v, uint8_t number, int64_t off, unsigned int bytes)
{
	long long at = walk_reg(v, number)->off + off;

	if (aligned(walk_reg(v, number), off, bytes)) /* req: XO-239 */
		return 0;
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_STACK,
			     "R%u offset %lld: an access of %u bytes must be aligned here", number, at, bytes);
}

static bool byte_readable(const struct slot *s, int byte)
{
	return s->bytes[byte] != BYTE_LOST && (s->bytes[byte] != BYTE_SPILL || reg_is_scalar(&s->reg));
}

int require_stack_bytes(struct verify *v, uint8_t number, int64_t off, uint64_t bytes)
{
	const struct reg *r = walk_reg(v, number);
	const struct frame *f = &v->state->frames[r->frame];
	int64_t min, max;

	require_stack_span(r, off, &min, &max);
	for (int64_t at = min; at < max + (int64_t)bytes; at++) {
		const struct slot *s = &f->slots[(-at - 1) / 8];
		int byte = (int)(at & 7);

		/* req: XO-266 */
		v->result.zero_stack |= s->bytes[byte] == BYTE_NONE;
		if (byte_readable(s, byte))
			continue;
		if (s->bytes[byte] == BYTE_SPILL) /* req: XO-186 */
			return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
					     "stack byte %lld is part of %s: a pointer can only be read as a whole",
					     (long long)at, reg_kind_text(s->reg.kind));
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "stack byte %lld is read, but part of a pointer is left there", (long long)at);
	}
	return 0;
}

/* The context's fields. */
/* req: XO-133 */
static const struct field {
	uint8_t off;
	uint8_t kind; /* enum reg_kind */
	bool write;
} fields[] = {
	{0, REG_PACKET, false},  {4, REG_END, false},    {8, REG_META, false},
	{12, REG_SCALAR, false}, {16, REG_SCALAR, true},
};

static const struct field *field_at(int64_t off)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].off == off)
			return &fields[i];
	}
	return NULL;
}

int require_context(struct verify *v, uint8_t number, int64_t off, unsigned int bytes, bool write, bool sign,
		    enum reg_kind *kind)
{
	const struct reg *r = walk_reg(v, number);
	const struct field *field = field_at(off);

	/* req: XO-134 */
	if (r->off || !scalar_is(&r->var, 0))
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CONTEXT,
				     "R%u is the context pointer plus an offset: access it by the pointer "
				     "as the program got it",
				     number);
	if (!field || bytes != 4 || sign)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CONTEXT,
				     "the context has no field of %u bytes at offset %lld: the fields are 4 bytes at "
				     "0, 4, 8, 12 and 16",
				     bytes, (long long)off);
	if (write && !(field->write && v->args.caps->flags & VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT))
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CONTEXT,
				     "the context's field at offset %lld can't be written", (long long)off);
	*kind = (enum reg_kind)field->kind;
	return 0;
}

int require_access_kind(struct verify *v, bool ctx)
{
	struct spot *spot = &v->spots[v->insn];

	spot->flags |= ctx ? SPOT_CTX : SPOT_PLAIN;
	if (spot->flags & SPOT_CTX && spot->flags & SPOT_PLAIN)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CONTEXT,
				     "this instruction accesses the context on one path and other memory on another");
	return 0;
}

int require_map(struct verify *v, const struct insn *insn)
{
	uint32_t index = (uint32_t)insn->imm;
	uint64_t off = (uint64_t)insn->imm64 >> 32;
	const struct map *map;

	if (index >= v->args.num_maps || index > UINT16_MAX)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "there is no map %u", index);
	if (insn_info[insn->op].cls != INSN_CLASS_LD_MAP_VALUE)
		return 0;
	map = v->args.maps[index];
	if (map->attr.type != VIRTIO_NET_XDP_MAP_ARRAY || map->attr.max_entries != 1)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP,
				     "map %u: only the value of an array of one entry has an address", index);
	if (off >= map->attr.value_size) /* req: XO-183 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "offset %llu is outside of map %u's value: %u bytes",
				     (unsigned long long)off, index, map->attr.value_size);
	return 0;
}
