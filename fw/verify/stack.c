/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the stack. A slot's bytes are followed one by one; the low bytes of one may be a register that was
 * spilled, with all that is known of it. A pointer is only ever a whole slot: when part of it is overwritten, the rest
 * is lost, so that no part of an address can be read.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

static struct slot *slot_at(struct verify *v, const struct reg *r, int64_t at)
{
	struct frame *f = &v->state->frames[r->frame];
	uint32_t i = (uint32_t)((-at - 1) / 8);

	f->used = MAX(f->used, i + 1);
	return &f->slots[i];
}

/* Ends the spill in a slot: its bytes from number keep on are no longer part of a register. */
static void end_spill(struct slot *s, int keep)
{
	bool pointer = !reg_is_scalar(&s->reg);

	if (!slot_is_spill(s))
		return;
	if (pointer || (keep != 1 && keep != 2 && keep != 4))
		keep = 0;
	for (int i = keep; i < 8; i++) {
		uint8_t value;

		if (s->bytes[i] != BYTE_SPILL)
			continue;
		if (pointer) {
			s->bytes[i] = BYTE_LOST;
		} else if (slot_byte_known(s, i, &value)) {
			s->bytes[i] = BYTE_KNOWN;
			s->values[i] = value;
		} else {
			s->bytes[i] = BYTE_MISC;
		}
	}
	if (!keep)
		return;
	if (s->reg.var.all.umax > range_mask((unsigned int)keep * 8))
		s->reg.id = 0;
	s->reg.var = scalar_zero_extend(&s->reg.var, (unsigned int)keep);
}

/* bytes from byte number from are part of a spilled number. */
static void load_spilled(const struct slot *s, int from, unsigned int bytes, struct reg *out)
{
	struct scalar shift = scalar_const((uint64_t)from * 8);

	*out = s->reg;
	if (from) {
		out->var = scalar_alu(INSN_ALU_RSH, &s->reg.var, &shift, 8);
		out->id = 0;
	}
	if (out->var.all.umax > range_mask(bytes * 8))
		out->id = 0;
	out->var = scalar_zero_extend(&out->var, bytes);
}

static void load_fixed(struct verify *v, const struct reg *r, int64_t at, unsigned int bytes, struct reg *out)
{
	const struct slot *s = slot_at(v, r, at);
	int from = (int)(at & 7);
	struct scalar any = scalar_unknown();
	uint64_t value = 0;
	bool known = true;
	uint8_t byte;

	if (from + (int)bytes <= slot_spilled(slot_kinds(s))) {
		load_spilled(s, from, bytes, out);
		return;
	}
	for (unsigned int i = 0; known && i < bytes; i++) {
		known = slot_byte_known(s, from + (int)i, &byte);
		if (known)
			value |= (uint64_t)byte << 8 * i;
	}
	*out = reg_scalar(known ? scalar_const(value) : scalar_zero_extend(&any, bytes));
	out->deps = s->reg.deps;
}

static bool was_never_written(const struct verify *v, const struct reg *r, int64_t at, int64_t end)
{
	const struct frame *f = &v->state->frames[r->frame];

	for (; at < end; at++) {
		if (f->slots[(-at - 1) / 8].bytes[at & 7] == BYTE_NONE)
			return true;
	}
	return false;
}

/* Whether some of [at, end) is what is left of a pointer. None of it is part of a whole one. */
static bool holds_lost(struct verify *v, const struct reg *r, int64_t at, int64_t end)
{
	const struct frame *f = &v->state->frames[r->frame];
	bool lost = false;

	for (; at < end; at++) {
		const struct slot *s = &f->slots[(-at - 1) / 8];
		uint8_t kind = s->bytes[at & 7];

		if (kind == BYTE_SPILL && !reg_is_scalar(&s->reg))
			return false;
		lost |= kind == BYTE_LOST;
		v->result.zero_stack |= kind == BYTE_NONE;
	}
	return lost;
}

int stack_load(struct verify *v, uint8_t number, int64_t off, unsigned int bytes, struct reg *out)
{
	const struct reg *r = walk_reg(v, number);
	struct scalar any = scalar_unknown();
	int64_t min, max;
	int ret;

	require_stack_span(r, off, &min, &max);
	if (min == max && bytes == 8) {
		const struct slot *s = slot_at(v, r, min);

		if (slot_is_spill(s) && reg_is_pointer(&s->reg)) {
			*out = s->reg;
			return 0;
		}
	}
	if (holds_lost(v, r, min, max + bytes)) {
		*out = reg_pointer(REG_HIDDEN, 0);
		return 0;
	}
	ret = require_stack_bytes(v, number, off, bytes);
	if (ret)
		return ret;
	if (min == max)
		load_fixed(v, r, min, bytes, out);
	else
		*out = reg_scalar(scalar_zero_extend(&any, bytes));
	out->stale |= v->result.zero_stack && was_never_written(v, r, min, max + bytes);
	return 0;
}

/*
 * Few things that programs keep in less than 4 bytes inside of a slot are worth to be known: flags mostly, and each
 * that was would double the states to walk. 0 is, as what makes room for a record is read as a whole. Linux does so,
 * too.
 */
static uint8_t kind_of_bytes(const struct reg *value, unsigned int bytes)
{
	bool known = reg_is_scalar(value) && scalar_is_const(&value->var);

	return known && (bytes >= 4 || scalar_is(&value->var, 0)) ? BYTE_KNOWN : BYTE_MISC;
}

static void store_fixed(struct verify *v, const struct reg *r, int64_t at, unsigned int bytes, const struct reg *value)
{
	struct slot *s = slot_at(v, r, at);
	int from = (int)(at & 7);
	uint8_t kind = kind_of_bytes(value, bytes);
	struct deps deps = s->reg.deps;

	deps_join(&deps, &value->deps);
	end_spill(s, from);
	if (!from)
		kind = BYTE_SPILL;
	mem_set(&s->bytes[from], kind, bytes);
	for (unsigned int i = 0; kind == BYTE_KNOWN && i < bytes; i++)
		s->values[(unsigned int)from + i] = (uint8_t)(value->var.bits.value >> 8 * i);
	if (!from)
		s->reg = *value;
	if (bytes == 8)
		return;
	/* of all bytes, the old ones too */
	s->reg.deps = deps;
	if (from)
		return;
	if (value->var.all.umax > range_mask(bytes * 8))
		s->reg.id = 0;
	s->reg.var = scalar_zero_extend(&value->var, bytes);
}

/* Any of [min, max + bytes) may have been written, or not. */
static void store_somewhere(struct verify *v, const struct reg *r, int64_t min, int64_t end, const struct reg *value)
{
	for (int64_t at = min; at < end; at++) {
		struct slot *s = slot_at(v, r, at);
		uint8_t *byte = &s->bytes[at & 7];

		end_spill(s, 0);
		if (*byte == BYTE_KNOWN && !(s->values[at & 7] == 0 && scalar_is(&value->var, 0)))
			*byte = BYTE_MISC;
		deps_join(&s->reg.deps, &value->deps);
	}
}

int stack_store(struct verify *v, uint8_t number, int64_t off, unsigned int bytes, const struct reg *value)
{
	const struct reg *r = walk_reg(v, number);
	int64_t min, max;

	require_stack_span(r, off, &min, &max);
	if (!reg_is_pointer(value)) {
		if (min == max)
			store_fixed(v, r, min, bytes, value);
		else
			store_somewhere(v, r, min, max + bytes, value);
		return 0;
	}
	if (min == max && bytes != 8 && (value->kind == REG_HIDDEN || value->kind == REG_SHORT)) {
		stack_hide(v, r, off, bytes);
		return 0;
	}
	if (min != max || bytes != 8) /* req: XO-186 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "%s can only be stored as a whole, at a constant offset of the stack",
				     reg_kind_text(value->kind));
	if (value->kind == REG_STACK && value->frame > r->frame)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "a pointer to this function's stack can't be stored in its caller's");
	store_fixed(v, r, min, bytes, value);
	return 0;
}

void stack_hide(struct verify *v, const struct reg *r, int64_t off, uint64_t bytes)
{
	int64_t at, max;

	for (require_stack_span(r, off, &at, &max); bytes--; at++) {
		struct slot *s = slot_at(v, r, at);

		end_spill(s, 0);
		s->bytes[at & 7] = BYTE_LOST;
	}
}

void stack_clobber(struct verify *v, const struct reg *r, int64_t off, uint64_t bytes)
{
	int64_t min, max;

	require_stack_span(r, off, &min, &max);
	if (min != max) {
		struct reg any = reg_scalar(scalar_unknown());

		store_somewhere(v, r, min, max + (int64_t)bytes, &any);
		return;
	}
	for (int64_t at = min; at < min + (int64_t)bytes; at++) {
		struct slot *s = slot_at(v, r, at);

		end_spill(s, 0);
		s->bytes[at & 7] = BYTE_MISC;
	}
}
