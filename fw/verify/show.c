/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/show.h"

/* Numbers of 16 bits read best in decimal, masks and large ones in hexadecimal: the bits of them that count. */
static void put_number(struct line *to, uint64_t value, bool sign, uint64_t mask)
{
	bool small = sign ? (int64_t)value >= INT16_MIN && (int64_t)value <= UINT16_MAX : value <= UINT16_MAX;

	if (small) {
		line_signed(to, (int64_t)value);
		return;
	}
	line_str(to, "0x");
	line_hex(to, value & mask, 1);
}

static void put_sep(struct line *to, bool *any)
{
	line_str(to, *any ? "," : "");
	*any = true;
}

struct bound {
	const char *name;
	uint64_t value, open; /* open: says nothing */
	bool sign;
};

/* Bounds that say something; those that are equal in one. */
static void put_bounds(struct line *to, const struct scalar *s, bool *any)
{
	enum { LOW = 4 }; /* the first of the low 32 bits */
	const struct bound bounds[] = {
		{"smin", (uint64_t)s->all.smin, (uint64_t)INT64_MIN, true},
		{"smax", (uint64_t)s->all.smax, (uint64_t)INT64_MAX, true},
		{"umin", s->all.umin, 0, false},
		{"umax", s->all.umax, UINT64_MAX, false},
		{"smin32", (uint64_t)s->low.smin, (uint64_t)INT32_MIN, true},
		{"smax32", (uint64_t)s->low.smax, (uint64_t)INT32_MAX, true},
		{"umin32", s->low.umin, 0, false},
		{"umax32", s->low.umax, UINT32_MAX, false},
	};
	bool done[ARRAY_SIZE(bounds)] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		if (done[i] || bounds[i].value == bounds[i].open)
			continue;
		put_sep(to, any);
		for (size_t j = i; j < ARRAY_SIZE(bounds); j++) {
			if (done[j] || bounds[j].value == bounds[j].open || bounds[j].value != bounds[i].value)
				continue;
			done[j] = true;
			line_str(to, bounds[j].name);
			line_char(to, '=');
		}
		put_number(to, bounds[i].value, bounds[i].sign, i < LOW ? UINT64_MAX : UINT32_MAX);
	}
	if (s->bits.mask == UINT64_MAX)
		return;
	put_sep(to, any);
	line_str(to, "var_off=(0x");
	line_hex(to, s->bits.value, 1);
	line_str(to, "; 0x");
	line_hex(to, s->bits.mask, 1);
	line_char(to, ')');
}

static void put_field(struct line *to, const char *name, int64_t value, bool *any)
{
	if (!value)
		return;
	put_sep(to, any);
	line_str(to, name);
	line_char(to, '=');
	line_signed(to, value);
}

static void put_scalar(struct line *to, const struct reg *r)
{
	bool any = false;

	if (scalar_is_const(&r->var)) {
		put_number(to, r->var.bits.value, true, UINT64_MAX);
		return;
	}
	line_str(to, "scalar(");
	put_field(to, "id", r->id, &any);
	if (r->id && r->off) {
		line_str(to, r->off > 0 ? "+" : "");
		line_signed(to, r->off);
	}
	put_bounds(to, &r->var, &any);
	line_char(to, ')');
}

/* What a driver called it, if all of that can be printed. */
static bool put_map_name(struct line *to, const struct map *map)
{
	const uint8_t *name = map->attr.name;
	size_t n = 0;

	for (; n < sizeof(map->attr.name) && name[n]; n++) {
		if (name[n] < ' ' || name[n] > '~')
			return false;
	}
	for (size_t i = 0; i < n; i++)
		line_char(to, (char)name[i]);
	return n > 0;
}

static void put_map(struct line *to, const struct verify *v, const struct reg *r, bool *any)
{
	const struct map_attr *attr = require_attr(v, r);

	put_sep(to, any);
	line_str(to, r->inner ? "inner_of=" : "map=");
	if (!put_map_name(to, v->args.maps[r->map]))
		line_num(to, r->map);
	put_field(to, "ks", attr->key_size, any);
	put_field(to, "vs", attr->value_size, any);
}

static void put_pointer(struct line *to, const struct verify *v, const struct reg *r)
{
	static const char *const name[REG_KINDS] = {
		[REG_VOID] = "void_pkt",
		[REG_GONE] = "void_ringbuf_mem",
		[REG_CTX] = "ctx",
		[REG_STACK] = "fp",
		[REG_PACKET] = "pkt",
		[REG_META] = "pkt_meta",
		[REG_END] = "pkt_end",
		[REG_SHORT] = "pkt_low32",
		[REG_HIDDEN] = "hidden",
		[REG_MAP] = "map_ptr",
		[REG_INNER_OR_NULL] = "map_ptr_or_null",
		[REG_VALUE] = "map_value",
		[REG_VALUE_OR_NULL] = "map_value_or_null",
		[REG_RECORD] = "ringbuf_mem",
		[REG_RECORD_OR_NULL] = "ringbuf_mem_or_null",
		[REG_MEM] = "mem",
		[REG_MEM_OR_NULL] = "mem_or_null",
	};
	bool any = false, packet = r->kind == REG_PACKET || r->kind == REG_META;

	line_str(to, name[r->kind] ? name[r->kind] : "reg");
	line_char(to, '(');
	put_field(to, "id", r->id, &any);
	if (r->kind >= REG_MAP && r->kind <= REG_VALUE_OR_NULL)
		put_map(to, v, r, &any);
	put_field(to, "off", r->off, &any);
	if (packet) {
		put_sep(to, &any);
		line_str(to, "r=");
		line_num(to, r->range);
		put_field(to, "over", r->over, &any);
	} else {
		put_field(to, "sz", r->range, &any);
	}
	if (reg_is_pointer(r) && !scalar_is(&r->var, 0))
		put_bounds(to, &r->var, &any);
	line_char(to, ')');
}

void show_reg(struct line *to, const struct verify *v, const struct reg *r, uint32_t depth)
{
	if (reg_is_scalar(r)) {
		put_scalar(to, r);
		return;
	}
	if (r->kind != REG_STACK || !scalar_is(&r->var, 0)) {
		put_pointer(to, v, r);
		return;
	}
	line_str(to, "fp");
	if (r->frame != depth) {
		line_char(to, '[');
		line_num(to, r->frame);
		line_char(to, ']');
	}
	line_signed(to, r->off);
}

/* Bytes from the highest address down; a register that was spilled stands for those of its own. */
static void put_slot(struct line *to, const struct verify *v, const struct slot *s, uint32_t depth)
{
	for (int i = 7; i >= 0; i--) {
		switch (s->bytes[i]) {
		case BYTE_NONE:
			line_char(to, '?');
			break;
		case BYTE_LOST:
			line_char(to, 'x');
			break;
		case BYTE_KNOWN:
			line_char(to, s->values[i] ? 'm' : '0');
			break;
		case BYTE_SPILL:
			show_reg(to, v, &s->reg, depth);
			return;
		default:
			line_char(to, 'm');
		}
	}
}

/* In all that is shown of them. */
static bool same_reg(const struct reg *a, const struct reg *b)
{
	return a->kind == b->kind && a->frame == b->frame && a->map == b->map && a->range == b->range &&
	       a->over == b->over && a->id == b->id && a->inner == b->inner && a->off == b->off &&
	       scalar_equal(&a->var, &b->var);
}

static bool same_slot(const struct slot *a, const struct slot *b)
{
	return !mem_cmp(a->bytes, b->bytes, sizeof(a->bytes)) && !mem_cmp(a->values, b->values, sizeof(a->values)) &&
	       (!slot_is_spill(a) || same_reg(&a->reg, &b->reg));
}

void show_frame(struct line *to, const struct verify *v, uint32_t depth, const struct frame *before)
{
	static const struct slot empty;
	const struct frame *f = &v->state->frames[depth];

	for (uint32_t i = 0; i < INSN_MAX_REG; i++) {
		if (f->regs[i].kind == REG_NONE || (before && same_reg(&before->regs[i], &f->regs[i])))
			continue;
		line_str(to, " R");
		line_num(to, i);
		line_char(to, '=');
		show_reg(to, v, &f->regs[i], depth);
	}
	for (uint32_t i = 0; i < f->used; i++) {
		const struct slot *old = before && i < before->used ? &before->slots[i] : &empty;

		if (same_slot(old, &f->slots[i]))
			continue;
		line_str(to, " fp-");
		line_num(to, 8 * ((uint64_t)i + 1));
		line_char(to, '=');
		put_slot(to, v, &f->slots[i], depth);
	}
}

void show_map(struct line *to, const struct verify *v, uint32_t index)
{
	size_t start = to->used;

	line_str(to, "map '");
	if (put_map_name(to, v->args.maps[index])) {
		line_char(to, '\'');
		return;
	}
	to->used = start;
	line_str(to, "map ");
	line_num(to, index);
}
