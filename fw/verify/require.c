/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What instructions require: that registers are initialised and of the right kind, and that every byte they touch, for
 * every value that a variable offset can have, is memory they may touch.
 */
#include "verify/show.h"
#include "virtio_net_xdp.h"

/* Reach of a packet, as an offset can be added to one. */
#define PACKET_REACH 65535

static int not_initialised(struct verify *v, uint8_t number)
{
	char at[REPORT_AT_BYTES];

	/* calls end R0 to R5 */
	if (number <= 5 && *report_at(v, walk_call_event(v), at))
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT, "R%u is not initialised since the call%s", number,
				     at);
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT,
			     "R%u is not initialised: no instruction on the way here has written it", number);
}

int require_init(struct verify *v, uint8_t number)
{
	char at[REPORT_AT_BYTES];

	switch (walk_reg(v, number)->kind) {
	case REG_NONE: /* req: XO-266 */
		return not_initialised(v, number);
	case REG_VOID: /* req: XO-184 */
		return report_refuse(
			v, VIRTIO_NET_XDP_VERIFY_UNINIT,
			"R%u is a packet pointer from before a helper that moves the packet%s: load it again", number,
			report_at(v, (struct trail_event){.what = TRAIL_VOID}, at));
	case REG_GONE: /* req: XO-263 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_UNINIT, "R%u is a record that was given back%s", number,
				     report_at(v, (struct trail_event){.what = TRAIL_GONE}, at));
	default:
		return 0;
	}
}

int require_not_null(struct verify *v, uint8_t number, const char *before)
{
	const struct trail_event returned = {.what = TRAIL_NULL, .id = walk_reg(v, number)->id};
	char at[REPORT_AT_BYTES];
	bool known = *report_at(v, returned, at);

	/* req: XO-185, XO-263 */
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_NULL, "R%u can be null%s%s: compare it with 0 %s", number,
			     known ? ", as returned" : "", at, before);
}

int require_scalar(struct verify *v, uint8_t number, const char *what)
{
	int ret = require_init(v, number);

	if (!ret && !reg_is_scalar(walk_reg(v, number)))
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER, "R%u is %s, but %s must be a number", number,
				    reg_kind_text(walk_reg(v, number)->kind), what);
	return ret;
}

int require_divisor(struct verify *v, const struct insn *insn)
{
	static const char *const text[INSN_ALU_SMOD + 1] = {
		[INSN_ALU_DIV] = "divided by",
		[INSN_ALU_SDIV] = "divided by",
		[INSN_ALU_MOD] = "taken modulo",
		[INSN_ALU_SMOD] = "taken modulo",
	};
	const struct insn_info *info = &insn_info[insn->op];

	if (info->form != INSN_FORM_ALU_K || insn->imm || info->op >= ARRAY_SIZE(text) || !text[info->op])
		return 0;
	/* req: XO-268 */
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_INSN,
			     "R%u is %s the constant 0: a constant divisor must be another number", insn->dst,
			     text[info->op]);
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

#define COUNT_BYTES 32

/* ", 4 bytes," or nothing for one. */
static const char *count_text(uint64_t bytes, char text[static COUNT_BYTES])
{
	struct line count = {.text = text, .room = COUNT_BYTES};

	text[0] = 0;
	if (bytes == 1)
		return text;
	line_str(&count, ", ");
	line_num(&count, bytes);
	line_str(&count, " bytes,");
	return text;
}

/* [base, base + size) is what there is. */
static int outside(struct verify *v, uint8_t number, uint16_t error, int64_t min, int64_t max, uint64_t bytes,
		   const char *what, int64_t base, uint64_t size)
{
	long long last = base + (int64_t)(size - bytes);
	char count[COUNT_BYTES];

	count_text(bytes, count);
	if (min == max || bytes > size)
		return report_refuse(v, error, "R%u offset %lld%s is outside of %s: %llu bytes", number, (long long)min,
				     count, what, (unsigned long long)size);
	return report_refuse(
		v, error, "R%u offset %lld..%lld%s is outside of %s: %llu bytes; limit the offset to %lld..%lld",
		number, (long long)min, (long long)max, count, what, (unsigned long long)size, (long long)base, last);
}

static int unbounded(struct verify *v, uint8_t number, uint16_t error)
{
	const struct range *r = &walk_reg(v, number)->var.all;

	return report_refuse(v, error, "R%u has an unbounded offset, %lld..%lld: compare it with a limit first", number,
			     (long long)r->smin, (long long)r->smax);
}

static int in_object(struct verify *v, uint8_t number, int64_t off, uint64_t bytes, uint64_t size, uint16_t error,
		     const char *what)
{
	int64_t min, max;

	if (!span(walk_reg(v, number), off, &min, &max))
		return unbounded(v, number, error);
	if (min < 0 || bytes > size || max > (int64_t)(size - bytes)) /* req: XO-183 */
		return outside(v, number, error, min, max, bytes, what, 0, size);
	return 0;
}

const struct map_attr *require_attr(const struct verify *v, const struct reg *r)
{
	const struct map *map = v->args.maps[r->map];

	return r->inner ? map->inner : &map->attr;
}

#define VALUE_TEXT 64

static int no_use(struct verify *v, uint8_t number, const char *value, const char *what)
{
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "R%u points into %s, which programs may not %s", number,
			     value, what);
}

static int in_value(struct verify *v, uint8_t number, int64_t off, uint64_t bytes, enum require_for use)
{
	const struct reg *r = walk_reg(v, number);
	const struct map_attr *attr = require_attr(v, r);
	const char *prefix = r->inner ? "a value of a map in " : "a value of ";
	char text[VALUE_TEXT];
	struct line value = {.text = text, .room = sizeof(text)};
	bool readable = use == REQUIRE_WRITE || map_prog_can_read(attr),
	     writable = use == REQUIRE_READ || map_prog_can_write(attr);
	uint16_t error = VIRTIO_NET_XDP_VERIFY_MAP;
	int64_t min, max;

	if (readable && writable && span(r, off, &min, &max) && min >= 0 && bytes <= attr->value_size &&
	    max <= (int64_t)(attr->value_size - bytes)) /* req: XO-183 */
		return 0;
	line_str(&value, prefix);
	show_map(&value, v, r->map);
	if (!readable) /* req: XO-175 */
		return no_use(v, number, text, "read");
	if (!writable) /* req: XO-174 */
		return no_use(v, number, text, "write");
	return in_object(v, number, off, bytes, attr->value_size, error, text);
}

/* Offsets are from the packet's beginning or, where a number was added that is open, from there. */
static int outside_packet(struct verify *v, uint8_t number, int64_t off, uint64_t bytes)
{
	const struct reg *r = walk_reg(v, number);
	const struct trail_event proof = {.what = TRAIL_RANGE, .kind = r->kind, .id = r->id, .bytes = r->range};
	const char *what = r->kind == REG_META ? "metadata" : "packet",
		   *limit = r->kind == REG_META ? "data" : "data_end",
		   *from = scalar_is_const(&r->var) ? "" : " behind the number added";
	long long first = r->off + off, need = off + (int64_t)bytes;
	uint16_t error = VIRTIO_NET_XDP_VERIFY_PACKET;
	char count[COUNT_BYTES], at[REPORT_AT_BYTES];

	if (!r->range && r->over) /* the other side of the check */
		return report_refuse(v, error,
				     "R%u offset %lld%s%s is outside of the %s: no byte proven, and fewer than %u "
				     "are there on this side of a comparison with %s",
				     number, first, from, count_text(bytes, count), what, r->over, limit);
	if (r->var.all.smin < 0)
		return report_refuse(v, error,
				     "R%u can lie before the %s: a number was added that can be negative, %lld..%lld",
				     number, what, (long long)r->var.all.smin, (long long)r->var.all.smax);
	if (r->var.all.umax > PACKET_REACH)
		return report_refuse(v, error,
				     "R%u has an unbounded offset: the number added can be %llu, and %d is the limit; "
				     "mask it or compare it first",
				     number, (unsigned long long)r->var.all.umax, PACKET_REACH);
	count_text(bytes, count);
	if (first < 0)
		return report_refuse(v, error, "R%u offset %lld%s%s is before the %s", number, first, from, count,
				     what);
	if (!r->range)
		return report_refuse(
			v, error,
			"R%u offset %lld%s%s is outside of the %s: no byte proven; compare R%u + %lld with %s first",
			number, first, from, count, what, number, need, limit);
	return report_refuse(
		v, error,
		"R%u offset %lld%s%s is outside of the %s: bytes 0..%u proven%s; compare R%u + %lld with %s first",
		number, first, from, count, what, r->range - 1, report_at(v, proof, at), number, need, limit);
}

static int in_packet(struct verify *v, uint8_t number, int64_t off, uint64_t bytes)
{
	const struct reg *r = walk_reg(v, number);
	int64_t first = r->off + off;

	/* req: XO-183 */
	if (r->var.all.smin >= 0 && r->var.all.umax <= PACKET_REACH && first >= 0 && bytes <= r->range &&
	    first <= (int64_t)(r->range - bytes))
		return 0;
	return outside_packet(v, number, off, bytes);
}

void require_stack_span(const struct reg *r, int64_t off, int64_t *min, int64_t *max)
{
	if (!span(r, off, min, max))
		*min = *max = INT64_MIN;
}

bool require_is_aligned(const struct reg *r, int64_t off, uint64_t bytes)
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
		return outside(v, number, VIRTIO_NET_XDP_VERIFY_STACK, min, max, bytes, "the stack below R10",
			       -EXEC_STACK_BYTES, EXEC_STACK_BYTES);
	return 0;
}

static int no_memory(struct verify *v, uint8_t number)
{
	uint8_t kind = walk_reg(v, number)->kind;

	if (reg_can_be_null(walk_reg(v, number)))
		return require_not_null(v, number, "first");
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
			return report_refuse(
				v, VIRTIO_NET_XDP_VERIFY_PACKET,
				"R%u points into the packet: atomic operations work on values of maps and the "
				"stack",
				number);
		return in_packet(v, number, off, bytes); /* req: XO-240 */
	case REG_RECORD:
		return in_object(v, number, off, bytes, r->range, VIRTIO_NET_XDP_VERIFY_POINTER, "the record");
	case REG_MEM:
		return in_object(v, number, off, bytes, r->range, VIRTIO_NET_XDP_VERIFY_POINTER, "the memory");
	default:
		return no_memory(v, number);
	}
}

int require_aligned(struct verify *v, uint8_t number, int64_t off, unsigned int bytes)
{
	long long at = walk_reg(v, number)->off + off;

	if (require_is_aligned(walk_reg(v, number), off, bytes)) /* req: XO-239 */
		return 0;
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_STACK,
			     "R%u offset %lld, %u bytes, is not aligned: a multiple of %u is needed", number, at, bytes,
			     bytes);
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
				     "the context has no field of %u bytes at offset %lld: data, data_end, data_meta, "
				     "ingress_ifindex and rx_queue_index are 4 bytes at 0, 4, 8, 12 and 16",
				     bytes, (long long)off);
	if (write && !(field->write && v->args.caps->flags & VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT))
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_CONTEXT,
				     "the context's field at offset %lld can't be written: %s", (long long)off,
				     field->write ? "this device does not let programs select the queue"
						  : "only rx_queue_index, at 16, can");
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
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_MAP, "there is no map %u: the program has %u", index,
				     v->args.num_maps);
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
