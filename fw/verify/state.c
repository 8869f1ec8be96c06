/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/state.h"

const char *reg_kind_text(uint8_t kind)
{
	static const char *const text[REG_KINDS] = {
		[REG_NONE] = "not initialised",
		[REG_VOID] = "a packet pointer from before a helper moved the packet",
		[REG_GONE] = "a record that was given back",
		[REG_SCALAR] = "a number",
		[REG_CTX] = "the context pointer",
		[REG_STACK] = "a stack pointer",
		[REG_PACKET] = "a packet pointer",
		[REG_META] = "a metadata pointer",
		[REG_END] = "the packet's end",
		[REG_SHORT] = "the low half of a packet pointer",
		[REG_HIDDEN] = "a number made of an address",
		[REG_MAP] = "a map",
		[REG_INNER_OR_NULL] = "an inner map or null",
		[REG_VALUE] = "a pointer into a map value",
		[REG_VALUE_OR_NULL] = "a pointer into a map value or null",
		[REG_RECORD] = "a record",
		[REG_RECORD_OR_NULL] = "a record or null",
		[REG_MEM] = "a memory pointer",
		[REG_MEM_OR_NULL] = "a memory pointer or null",
	};

	return text[kind];
}

struct reg reg_scalar(struct scalar var)
{
	return (struct reg){.kind = REG_SCALAR, .var = var};
}

struct reg reg_pointer(enum reg_kind kind, int64_t off)
{
	return (struct reg){.kind = (uint8_t)kind, .off = off, .var = scalar_const(0)};
}

void reg_set_const(struct reg *r, uint64_t value)
{
	*r = reg_scalar(scalar_const(value));
}

bool slot_is_spill(const struct slot *s)
{
	return s->bytes[0] == BYTE_SPILL;
}

bool slot_byte_known(const struct slot *s, int i, uint8_t *value)
{
	if (s->bytes[i] == BYTE_KNOWN) {
		*value = s->values[i];
		return true;
	}
	if (s->bytes[i] != BYTE_SPILL || !reg_is_scalar(&s->reg) || !scalar_is_const(&s->reg.var))
		return false;
	*value = (uint8_t)(s->reg.var.bits.value >> 8 * i);
	return true;
}

void state_init(struct state *s)
{
	s->depth = 0;
	s->entered = 0;
	mem_set(&s->held, 0, sizeof(s->held));
}

void state_enter(struct state *s, uint32_t depth, uint32_t call, uint32_t entry)
{
	struct frame *f = &s->frames[depth];

	if (depth >= s->entered) {
		s->entered = depth + 1;
		f->used = STATE_SLOTS;
	}
	s->depth = depth;
	mem_set(f->regs, 0, sizeof(f->regs));
	/* slots beyond used are always empty */
	mem_set(f->slots, 0, f->used * sizeof(f->slots[0]));
	f->used = 0;
	f->call = call;
	f->entry = entry;
	f->regs[INSN_FRAME_PTR] = reg_pointer(REG_STACK, 0);
	f->regs[INSN_FRAME_PTR].frame = (uint8_t)depth;
}

void state_each(struct state *s, state_fn *fn, void *arg)
{
	for (uint32_t d = 0; d <= s->depth; d++) {
		struct frame *f = &s->frames[d];

		for (int i = 0; i < INSN_MAX_REG; i++)
			fn(&f->regs[i], arg);
		for (uint32_t i = 0; i < f->used; i++) {
			if (slot_is_spill(&f->slots[i]))
				fn(&f->slots[i].reg, arg);
		}
	}
}

static void sync_link(struct reg *r, void *arg)
{
	const struct reg *from = arg;
	struct scalar delta, value;

	if (r->kind != REG_SCALAR || r->id != from->id)
		return;
	deps_join(&r->deps, &from->deps);
	delta = scalar_const((uint64_t)r->off - (uint64_t)from->off);
	value = r->off == from->off ? from->var : scalar_alu(INSN_ALU_ADD, &from->var, &delta, 8);
	/* both are right; should they contradict each other, this path is never taken, and either will do */
	if (!scalar_intersect(&value, &r->var))
		return;
	r->var = value;
}

void state_sync_links(struct state *s, const struct reg *r)
{
	struct reg from = *r;

	if (from.kind == REG_SCALAR && from.id)
		state_each(s, sync_link, &from);
}

void state_deps(const struct state *s, const struct deps *places, struct deps *out)
{
	*out = (struct deps){0};
	for (uint32_t d = 0; d <= s->depth; d++) {
		const struct frame *f = &s->frames[d];

		for (int i = 0; i < INSN_FRAME_PTR; i++) {
			if (deps_has_reg(places, d, i))
				deps_join(out, &f->regs[i].deps);
		}
		for (uint32_t i = 0; i < f->used; i++) {
			if (deps_has_slot(places, d, i))
				deps_join(out, &f->slots[i].reg.deps);
		}
	}
}

void state_reset_deps(struct state *s)
{
	for (uint32_t d = 0; d <= s->depth; d++) {
		struct frame *f = &s->frames[d];

		for (int i = 0; i < INSN_FRAME_PTR; i++)
			f->regs[i].deps = deps_of_reg(d, i);
		for (uint32_t i = 0; i < f->used; i++)
			f->slots[i].reg.deps = deps_of_slot(d, i);
	}
}
