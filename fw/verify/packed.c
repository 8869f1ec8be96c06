/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame is a struct packed_frame, then a struct packed_reg for each bit of regs, then for each bit of slots the 8
 * byte kinds, the dependencies, the 8 values if a kind is BYTE_KNOWN and, where the first byte is BYTE_SPILL, a struct
 * packed_reg. A number follows its packed_reg as form says. Slots whose bytes were never written are left out.
 */
#include "verify/packed.h"

enum form {
	FORM_CONST,   /* uint64_t */
	FORM_UNKNOWN, /* nothing */
	FORM_WHOLE,   /* struct scalar */
};

struct packed_frame {
	uint32_t call;
	uint32_t entry;
	uint64_t slots;
	uint64_t lost; /* slots that hold something, but nothing that may still be read */
	uint16_t regs;
	uint16_t used;
	uint32_t pad;
};

struct packed_reg {
	uint8_t kind;
	uint8_t frame;
	uint8_t form;
	bool inner;
	uint16_t map;
	bool stale;
	uint8_t pad;
	uint32_t range;
	uint32_t id;
	int64_t off;
	struct deps deps;
};

_Static_assert(sizeof(struct packed_reg) + sizeof(struct scalar) <= PACKED_REG_MAX &&
		       sizeof(struct packed_frame) + INSN_FRAME_PTR * PACKED_REG_MAX +
				       STATE_SLOTS *
					       (sizeof(((struct slot *)0)->bytes) + sizeof(((struct slot *)0)->values) +
						sizeof(struct deps) + PACKED_REG_MAX) <=
			       PACKED_FRAME_MAX,
	       "the largest state has room");

static void put(uint8_t **at, const void *from, size_t bytes)
{
	mem_copy(*at, from, bytes);
	*at += bytes;
}

static void take(const uint8_t **at, void *to, size_t bytes)
{
	mem_copy(to, *at, bytes);
	*at += bytes;
}

static void put_reg(uint8_t **at, const struct reg *r)
{
	struct packed_reg p = {.kind = r->kind,
			       .frame = r->frame,
			       .inner = r->inner,
			       .stale = r->stale,
			       .map = r->map,
			       .range = r->range,
			       .id = r->id,
			       .off = r->off,
			       .deps = r->deps};

	p.form = scalar_is_const(&r->var) ? FORM_CONST : scalar_is_unknown(&r->var) ? FORM_UNKNOWN : FORM_WHOLE;
	put(at, &p, sizeof(p));
	if (p.form == FORM_CONST)
		put(at, &r->var.bits.value, sizeof(r->var.bits.value));
	else if (p.form == FORM_WHOLE)
		put(at, &r->var, sizeof(r->var));
}

static void take_reg(const uint8_t **at, struct reg *r)
{
	struct packed_reg p;
	uint64_t value;

	take(at, &p, sizeof(p));
	*r = (struct reg){.kind = p.kind,
			  .frame = p.frame,
			  .inner = p.inner,
			  .stale = p.stale,
			  .map = p.map,
			  .range = p.range,
			  .id = p.id,
			  .off = p.off,
			  .deps = p.deps};
	if (p.form == FORM_CONST) {
		take(at, &value, sizeof(value));
		r->var = scalar_const(value);
	} else if (p.form == FORM_WHOLE) {
		take(at, &r->var, sizeof(r->var));
	} else {
		r->var = scalar_unknown();
	}
}

static bool slot_is_empty(const struct slot *s)
{
	uint64_t kinds;

	mem_copy(&kinds, s->bytes, sizeof(kinds));
	return !kinds;
}

static bool has_known(const struct slot *s)
{
	const uint64_t each = 0x0101010101010101;
	uint64_t kinds;

	/* BYTE_KNOWN becomes 0, and no other kind reaches bit 7 */
	mem_copy(&kinds, s->bytes, sizeof(kinds));
	kinds ^= each * BYTE_KNOWN;
	return (kinds + each * 0x7f) != ((kinds + each * 0x7f) | each << 7);
}

static void put_frame(uint8_t **at, const struct frame *f, const struct live *live)
{
	struct packed_frame p = {.call = f->call, .entry = f->entry};

	/* the frame pointer is always the same */
	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		if (live->regs >> i & 1 && f->regs[i].kind != REG_NONE)
			p.regs |= (uint16_t)(1 << i);
	}
	for (uint32_t i = 0; i < f->used; i++) {
		if (slot_is_empty(&f->slots[i]))
			continue;
		if (live->slots >> i & 1)
			p.slots |= (uint64_t)1 << i;
		else
			p.lost |= (uint64_t)1 << i;
		p.used = (uint16_t)(i + 1);
	}
	put(at, &p, sizeof(p));
	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		if (p.regs >> i & 1)
			put_reg(at, &f->regs[i]);
	}
	for (uint32_t i = 0; i < p.used; i++) {
		if (!(p.slots >> i & 1))
			continue;
		put(at, f->slots[i].bytes, sizeof(f->slots[i].bytes));
		put(at, &f->slots[i].reg.deps, sizeof(struct deps));
		if (has_known(&f->slots[i]))
			put(at, f->slots[i].values, sizeof(f->slots[i].values));
		if (slot_is_spill(&f->slots[i]))
			put_reg(at, &f->slots[i].reg);
	}
}

size_t packed_make(struct packed *out, const struct state *s, const struct packed_live *live)
{
	uint8_t *at = (uint8_t *)(out + 1);

	for (uint32_t d = 0; d <= s->depth; d++)
		put_frame(&at, &s->frames[d], &live->frames[d]);
	out->depth = s->depth;
	out->held = s->held;
	out->bytes = (uint32_t)(at - (uint8_t *)out);
	return out->bytes;
}

static void take_slot(const uint8_t **at, struct slot *slot)
{
	take(at, slot->bytes, sizeof(slot->bytes));
	take(at, &slot->reg.deps, sizeof(slot->reg.deps));
	if (has_known(slot))
		take(at, slot->values, sizeof(slot->values));
	if (slot_is_spill(slot))
		take_reg(at, &slot->reg);
}

void packed_restore(struct state *s, const struct packed *p)
{
	const uint8_t *at = (const uint8_t *)(p + 1);
	struct packed_frame pf;

	s->held = p->held;
	for (uint32_t d = 0; d <= p->depth; d++) {
		struct frame *f = &s->frames[d];

		take(&at, &pf, sizeof(pf));
		state_enter(s, d, pf.call, pf.entry);
		f->used = pf.used;
		for (int i = 0; i < INSN_FRAME_PTR; i++) {
			if (pf.regs >> i & 1)
				take_reg(&at, &f->regs[i]);
		}
		for (uint32_t i = 0; i < pf.used; i++) {
			if (pf.slots >> i & 1)
				take_slot(&at, &f->slots[i]);
			if (pf.lost >> i & 1)
				mem_set(f->slots[i].bytes, BYTE_LOST, sizeof(f->slots[i].bytes));
		}
	}
}

#define MAX_IDS 64

/* Which id of the new state stands for which of the old one. */
struct ids {
	uint32_t count;
	struct {
		uint32_t old, new;
		int64_t shift; /* of the new off against the old */
	} pairs[MAX_IDS];
};

/*
 * What shares an id in the old state must share one in the new state, at the same distance. New ones that share more
 * only know more. An id that stands alone says nothing, so the first pair always fits.
 */
static bool id_fits(struct ids *ids, uint32_t old, uint32_t new, int64_t shift)
{
	if (!old)
		return true;
	for (uint32_t i = 0; i < ids->count; i++) {
		if (ids->pairs[i].old == old)
			return new && ids->pairs[i].new == new && ids->pairs[i].shift == shift;
	}
	if (ids->count == MAX_IDS)
		return false;
	ids->pairs[ids->count].old = old;
	ids->pairs[ids->count].new = new;
	ids->pairs[ids->count++].shift = shift;
	return true;
}

static bool ids_fit(struct ids *ids, const struct reg *old, const struct reg *new)
{
	return id_fits(ids, old->id, new->id, new->off - old->off);
}

/* Two records of the old state must not be one in the new: it would be given back twice, and another one never. */
static bool is_taken(const struct ids *ids, uint32_t old, uint32_t new)
{
	for (uint32_t i = 0; i < ids->count; i++) {
		if (ids->pairs[i].new == new && ids->pairs[i].old != old)
			return true;
	}
	return false;
}

struct match {
	const struct deps *precise;
	struct ids *ids;
	bool same;       /* not only covered */
	bool zero_stack; /* bytes never written were read as numbers somewhere */
};

static bool scalar_matches(const struct reg *old, const struct reg *new, bool precise, const struct match *m)
{
	if (new->kind != REG_SCALAR || (new->stale && !old->stale))
		return false;
	if (m->same)
		return scalar_equal(&old->var, &new->var);
	if (!precise)
		return true;
	return scalar_within(&new->var, &old->var) && ids_fit(m->ids, old, new);
}

static bool reg_matches(const struct reg *old, const struct reg *new, bool precise, const struct match *m)
{
	if (old->kind < REG_SCALAR)
		return !m->same || new->kind == old->kind;
	if (old->kind == REG_SCALAR)
		return scalar_matches(old, new, precise, m);
	if (old->kind != new->kind || old->off != new->off || old->frame != new->frame || old->map != new->map ||
	    old->inner != new->inner)
		return false;
	if (m->same)
		return old->range == new->range && !old->id == !new->id &&scalar_equal(&old->var, &new->var);
	if ((old->kind == REG_RECORD || old->kind == REG_RECORD_OR_NULL) &&
	    (old->range != new->range || is_taken(m->ids, old->id, new->id)))
		return false;
	return new->range >= old->range && !old->id == !new->id &&scalar_within(&new->var, &old->var) &&
	       ids_fit(m->ids, old, new);
}

/* A spilled number against bytes that were written one by one. */
static bool bytes_are_scalar(const struct slot *s, struct reg *out)
{
	uint64_t value = 0;
	bool known = true;

	for (int i = 0; i < 8; i++) {
		if (s->bytes[i] != BYTE_MISC && s->bytes[i] != BYTE_KNOWN)
			return false;
		known &= s->bytes[i] == BYTE_KNOWN;
		value |= (uint64_t)s->values[i] << 8 * i;
	}
	*out = reg_scalar(known ? scalar_const(value) : scalar_unknown());
	return true;
}

static int spilled_bytes(const struct slot *s)
{
	int n = 0;

	while (n < 8 && s->bytes[n] == BYTE_SPILL)
		n++;
	return n;
}

static bool is_number(const struct slot *s, int i)
{
	return s->bytes[i] >= BYTE_MISC && (s->bytes[i] != BYTE_SPILL || reg_is_scalar(&s->reg));
}

/* Byte i of the new slot is allowed where the old slot had what it had. */
static bool byte_matches(const struct slot *old, const struct slot *new, int i, bool precise, const struct match *m)
{
	uint8_t value;

	switch (old->bytes[i]) {
	case BYTE_NONE:
		return !m->zero_stack || new->bytes[i] == BYTE_NONE || is_number(new, i);
	case BYTE_LOST:
		return new->bytes[i] != BYTE_SPILL || reg_is_scalar(&new->reg);
	case BYTE_KNOWN:
		if (precise)
			return slot_byte_known(new, i, &value) && value == old->values[i];
		return is_number(new, i);
	default:
		return is_number(new, i);
	}
}

static bool same_values(const struct slot *a, const struct slot *b)
{
	for (int i = 0; i < 8; i++) {
		if (a->bytes[i] == BYTE_KNOWN && a->values[i] != b->values[i])
			return false;
	}
	return true;
}

static bool slot_matches(const struct slot *old, const struct slot *new, bool precise, const struct match *m)
{
	int spilled = spilled_bytes(old), from = 0;
	struct reg number;

	if (m->same) {
		return !mem_cmp(old->bytes, new->bytes, sizeof(old->bytes)) && same_values(old, new) &&
		       (!spilled || reg_matches(&old->reg, &new->reg, true, m));
	}
	if (spilled) {
		const struct reg *reg = &new->reg;

		if (spilled_bytes(new) != spilled) {
			if (spilled != 8 || !reg_is_scalar(&old->reg) || !bytes_are_scalar(new, &number))
				return false;
			reg = &number;
		}
		if (!reg_matches(&old->reg, reg, precise, m))
			return false;
		from = spilled;
	}
	for (int i = from; i < 8; i++) {
		if (!byte_matches(old, new, i, precise, m))
			return false;
	}
	return true;
}

/* Whether a packed register can't match, by a cheap look at what most often differs. */
static bool surely_differs(const uint8_t *at, const struct reg *new, bool precise, const struct match *m)
{
	struct packed_reg p;
	uint64_t value;

	mem_copy(&p, at, sizeof(p));
	if (p.kind < REG_SCALAR)
		return false;
	if (p.kind != new->kind)
		return true;
	if (p.kind != REG_SCALAR)
		return p.off != new->off;
	if (p.form != FORM_CONST || !(precise || m->same))
		return false;
	mem_copy(&value, at + sizeof(p), sizeof(value));
	return !scalar_is(&new->var, value);
}

static bool frame_matches(const uint8_t **at, const struct frame *f, uint32_t depth, const struct live *live,
			  const struct match *m)
{
	static const struct reg none;
	static const struct slot empty;
	struct packed_frame p;
	struct slot slot;
	struct reg reg;

	take(at, &p, sizeof(p));
	if (p.call != f->call || p.entry != f->entry)
		return false;
	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		bool precise = deps_has_reg(m->precise, depth, i);

		if (p.regs >> i & 1) {
			if (surely_differs(*at, &f->regs[i], precise, m))
				return false;
			take_reg(at, &reg);
			if (!reg_matches(&reg, &f->regs[i], precise, m))
				return false;
		} else if (m->same && live->regs >> i & 1 && !reg_matches(&none, &f->regs[i], true, m)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < STATE_SLOTS && (p.slots || m->same || m->zero_stack); i++) {
		if (p.slots >> i & 1) {
			take_slot(at, &slot);
			if (!slot_matches(&slot, &f->slots[i], deps_has_slot(m->precise, depth, i), m))
				return false;
		} else if (m->zero_stack && live->slots >> i & 1 && !slot_matches(&empty, &f->slots[i], false, m)) {
			return false;
		} else if (m->same && live->slots >> i & 1 && !slot_is_empty(&f->slots[i])) {
			return false;
		}
	}
	return true;
}

/* Records that no register has can't be given back any more: nothing else need be known of those in both states. */
static bool held_matches(const struct held *old, const struct held *new, const struct match *m)
{
	if (old->num_records != new->num_records || old->locked != new->locked)
		return false;
	if (!old->locked)
		return true;
	if (old->lock_map != new->lock_map || old->lock_inner != new->lock_inner || old->lock_off != new->lock_off ||
	    !old->lock_id != !new->lock_id)
		return false;
	return m->same || id_fits(m->ids, old->lock_id, new->lock_id, 0);
}

static bool matches(const struct packed *old, const struct state *s, const struct packed_live *live,
		    const struct match *m)
{
	const uint8_t *at = (const uint8_t *)(old + 1);

	if (old->depth != s->depth || !held_matches(&old->held, &s->held, m))
		return false;
	for (uint32_t d = 0; d <= s->depth; d++) {
		if (!frame_matches(&at, &s->frames[d], d, &live->frames[d], m))
			return false;
	}
	return true;
}

bool packed_covers(const struct packed *old, const struct state *s, const struct packed_live *live,
		   const struct deps *precise, bool zero_stack)
{
	struct ids ids;
	struct match m = {.precise = precise, .ids = &ids, .zero_stack = zero_stack};

	ids.count = 0;
	return matches(old, s, live, &m);
}

bool packed_same(const struct packed *old, const struct state *s, const struct packed_live *live)
{
	static const struct deps none;
	struct match m = {.precise = &none, .same = true};

	return matches(old, s, live, &m);
}

void packed_deps(const struct packed *p, const struct deps *precise, struct deps *out)
{
	const uint8_t *at = (const uint8_t *)(p + 1);
	struct packed_frame pf;
	struct slot slot;
	struct reg reg;

	*out = (struct deps){0};
	for (uint32_t d = 0; d <= p->depth; d++) {
		take(&at, &pf, sizeof(pf));
		for (int i = 0; i < INSN_FRAME_PTR; i++) {
			if (!(pf.regs >> i & 1))
				continue;
			take_reg(&at, &reg);
			if (deps_has_reg(precise, d, i))
				deps_join(out, &reg.deps);
		}
		for (uint32_t i = 0; i < pf.used; i++) {
			if (!(pf.slots >> i & 1))
				continue;
			take_slot(&at, &slot);
			if (deps_has_slot(precise, d, i))
				deps_join(out, &slot.reg.deps);
		}
	}
}
