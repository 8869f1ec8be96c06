/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame is a struct packed_frame, then a struct packed_reg for each bit of regs, then for each bit of slots the 8
 * byte kinds, the 8 values if a kind is BYTE_KNOWN, and a struct packed_reg if the first byte is BYTE_SPILL, else the
 * dependencies. A number follows its packed_reg as form says. Slots whose bytes were never written are left out.
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
	bool inner : 1;
	bool stale : 1;
	uint16_t map;
	uint16_t over;
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
_Static_assert(!(sizeof(struct packed) % 8 || sizeof(struct packed_frame) % 8 || sizeof(struct packed_reg) % 8 ||
		 sizeof(struct scalar) % 8 || sizeof(struct deps) % 8),
	       "everything in a packed state can be looked at where it lies");

static void put(uint8_t **at, const void *from, size_t bytes)
{
	mem_copy(*at, from, bytes);
	*at += bytes;
}

static void put_reg(uint8_t **at, const struct reg *r)
{
	struct packed_reg *p = (struct packed_reg *)(void *)*at;

	*p = (struct packed_reg){
		.kind = r->kind,
		.frame = r->frame,
		.form = scalar_is_const(&r->var)     ? FORM_CONST
			: scalar_is_unknown(&r->var) ? FORM_UNKNOWN
						     : FORM_WHOLE,
		.inner = r->inner,
		.stale = r->stale,
		.map = r->map,
		.over = r->over,
		.range = r->range,
		.id = r->id,
		.off = r->off,
		.deps = r->deps,
	};
	*at += sizeof(*p);
	if (p->form == FORM_CONST)
		put(at, &r->var.bits.value, sizeof(r->var.bits.value));
	else if (p->form == FORM_WHOLE)
		put(at, &r->var, sizeof(r->var));
}

static const void *take(const uint8_t **at, size_t bytes)
{
	const void *p = *at;

	*at += bytes;
	return p;
}

static const struct packed_reg *take_reg(const uint8_t **at)
{
	const struct packed_reg *p = take(at, sizeof(*p));

	*at += p->form == FORM_CONST ? sizeof(uint64_t) : p->form == FORM_WHOLE ? sizeof(struct scalar) : 0;
	return p;
}

/* The number behind a packed register. */
static uint64_t const_of(const struct packed_reg *p)
{
	return *(const uint64_t *)(const void *)(p + 1);
}

static const struct scalar *whole_of(const struct packed_reg *p)
{
	return (const struct scalar *)(const void *)(p + 1);
}

static void unpack_reg(struct reg *r, const struct packed_reg *p)
{
	*r = (struct reg){.kind = p->kind,
			  .frame = p->frame,
			  .inner = p->inner,
			  .stale = p->stale,
			  .map = p->map,
			  .over = p->over,
			  .range = p->range,
			  .id = p->id,
			  .off = p->off,
			  .deps = p->deps};
	if (p->form == FORM_CONST)
		r->var = scalar_const(const_of(p));
	else if (p->form == FORM_WHOLE)
		r->var = *whole_of(p);
	else
		r->var = scalar_unknown();
}

static uint8_t kind_at(uint64_t kinds, int i)
{
	return (uint8_t)(kinds >> 8 * i);
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

static bool has_known(uint64_t kinds)
{
	/* BYTE_KNOWN becomes 0, and no other kind reaches bit 7 */
	kinds ^= EACH_BYTE * BYTE_KNOWN;
	return (kinds + EACH_BYTE * 0x7f) != ((kinds + EACH_BYTE * 0x7f) | EACH_BYTE << 7);
}

/* Bytes of a slot that live; a spilled register of 8 bytes lives as a whole. */
static uint64_t live_bytes(uint64_t kinds, bool low, bool high)
{
	if (kind_at(kinds, 7) == BYTE_SPILL && (low || high))
		return ~(uint64_t)0;
	return (low ? (uint64_t)UINT32_MAX : 0) | (high ? (uint64_t)UINT32_MAX << 32 : 0);
}

/* Of what is dead, it only matters that something was written there. */
static uint64_t live_kinds(uint64_t kinds, bool low, bool high)
{
	uint64_t live = live_bytes(kinds, low, high), dead = kinds & ~live;

	_Static_assert(BYTE_NONE == 0 && BYTE_LOST == 1, "what is not 0 becomes 1");
	return (kinds & live) | ((dead + EACH_BYTE * 0x7f) >> 7 & EACH_BYTE);
}

static void put_slot(uint8_t **at, const struct slot *s, uint64_t kinds)
{
	put(at, &kinds, sizeof(kinds));
	if (has_known(kinds))
		put(at, s->values, sizeof(s->values));
	if (kind_at(kinds, 0) == BYTE_SPILL)
		put_reg(at, &s->reg);
	else
		put(at, &s->reg.deps, sizeof(s->reg.deps));
}

/* Which slots are kept, lost; and how many from the top. */
static void choose_slots(struct packed_frame *p, const struct frame *f, const struct live *live)
{
	for (uint32_t i = 0; i < f->used; i++) {
		if (!slot_kinds(&f->slots[i]))
			continue;
		if ((live->low | live->high) >> i & 1)
			p->slots |= (uint64_t)1 << i;
		else
			p->lost |= (uint64_t)1 << i;
		p->used = (uint16_t)(i + 1);
	}
}

static void put_frame(uint8_t **at, const struct frame *f, const struct live *live)
{
	struct packed_frame p = {.call = f->call, .entry = f->entry};

	/* the frame pointer is always the same */
	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		if (live->regs >> i & 1 && f->regs[i].kind != REG_NONE)
			p.regs |= (uint16_t)(1 << i);
	}
	choose_slots(&p, f, live);
	put(at, &p, sizeof(p));
	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		if (p.regs >> i & 1)
			put_reg(at, &f->regs[i]);
	}
	for (uint64_t left = p.slots; left; left &= left - 1) {
		int i = __builtin_ctzll(left);

		put_slot(at, &f->slots[i],
			 live_kinds(slot_kinds(&f->slots[i]), live->low >> i & 1, live->high >> i & 1));
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

/* A packed slot where it lies. */
struct view {
	uint64_t kinds;
	const uint8_t *values;        /* of KNOWN bytes */
	const struct packed_reg *reg; /* if the first byte is SPILL, else NULL */
	const struct deps *deps;
};

static struct view take_slot(const uint8_t **at)
{
	static const uint8_t none[8];
	struct view s = {.kinds = *(const uint64_t *)take(at, sizeof(uint64_t)), .values = none};

	if (has_known(s.kinds))
		s.values = take(at, 8);
	if (kind_at(s.kinds, 0) == BYTE_SPILL) {
		s.reg = take_reg(at);
		s.deps = &s.reg->deps;
	} else {
		s.deps = take(at, sizeof(*s.deps));
	}
	return s;
}

static void unpack_slot(struct slot *s, const struct view *view)
{
	mem_copy(s->bytes, &view->kinds, sizeof(s->bytes));
	mem_copy(s->values, view->values, sizeof(s->values));
	if (view->reg)
		unpack_reg(&s->reg, view->reg);
	else
		s->reg.deps = *view->deps;
}

void packed_restore(struct state *s, const struct packed *p)
{
	const uint8_t *at = (const uint8_t *)(p + 1);

	s->held = p->held;
	for (uint32_t d = 0; d <= p->depth; d++) {
		const struct packed_frame *pf = take(&at, sizeof(*pf));
		struct frame *f = &s->frames[d];

		state_enter(s, d, pf->call, pf->entry);
		f->used = pf->used;
		for (int i = 0; i < INSN_FRAME_PTR; i++) {
			if (pf->regs >> i & 1)
				unpack_reg(&f->regs[i], take_reg(&at));
		}
		for (uint64_t left = pf->slots; left; left &= left - 1) {
			struct view view = take_slot(&at);

			unpack_slot(&f->slots[__builtin_ctzll(left)], &view);
		}
		for (uint64_t left = pf->lost; left; left &= left - 1) {
			struct slot *slot = &f->slots[__builtin_ctzll(left)];

			mem_set(slot->bytes, BYTE_LOST, sizeof(slot->bytes));
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

static bool ids_fit(struct ids *ids, const struct packed_reg *old, const struct reg *new)
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

static bool number_equal(const struct packed_reg *old, const struct scalar *new)
{
	switch (old->form) {
	case FORM_CONST:
		return scalar_is(new, const_of(old));
	case FORM_UNKNOWN:
		return scalar_is_unknown(new);
	default:
		return scalar_equal(whole_of(old), new);
	}
}

/* Whether all that new can be, old could be. */
static bool number_within(const struct packed_reg *old, const struct scalar *new)
{
	switch (old->form) {
	case FORM_CONST:
		return scalar_is(new, const_of(old));
	case FORM_UNKNOWN:
		return true;
	default:
		return scalar_within(new, whole_of(old));
	}
}

static bool scalar_matches(const struct packed_reg *old, const struct reg *new, bool precise, const struct match *m)
{
	if (new->kind != REG_SCALAR || (new->stale && !old->stale))
		return false;
	if (m->same)
		return number_equal(old, &new->var);
	if (!precise)
		return true;
	return number_within(old, &new->var) && ids_fit(m->ids, old, new);
}

static bool reg_matches(const struct packed_reg *old, const struct reg *new, bool precise, const struct match *m)
{
	if (old->kind < REG_SCALAR)
		return !m->same || new->kind == old->kind;
	if (old->kind == REG_SCALAR)
		return scalar_matches(old, new, precise, m);
	if (old->kind != new->kind || old->off != new->off || old->frame != new->frame || old->map != new->map ||
	    old->inner != new->inner)
		return false;
	if (m->same)
		return old->range == new->range && old->over == new->over &&
		       !old->id == !new->id &&number_equal(old, &new->var);
	if ((old->kind == REG_RECORD || old->kind == REG_RECORD_OR_NULL) &&
	    (old->range != new->range || is_taken(m->ids, old->id, new->id)))
		return false;
	/* sides that could not happen then were not walked */
	if (old->over && (!new->over || new->over > old->over))
		return false;
	return new->range >= old->range && !old->id == !new->id &&number_within(old, &new->var) &&
	       ids_fit(m->ids, old, new);
}

static bool is_number(const struct slot *s, int i)
{
	return s->bytes[i] >= BYTE_MISC && (s->bytes[i] != BYTE_SPILL || reg_is_scalar(&s->reg));
}

/* And one that the program may return: see struct reg. */
static bool is_fresh(const struct slot *s, int i)
{
	return is_number(s, i) && !(s->bytes[i] == BYTE_SPILL && s->reg.stale);
}

static bool are_numbers(const struct slot *s, int bytes, uint64_t live)
{
	for (int i = 0; i < bytes; i++) {
		if (kind_at(live, i) && !is_number(s, i))
			return false;
	}
	return true;
}

/* The first bytes of a slot as the number that a load of them gives, if they are not what was spilled there. */
static struct reg number_in(const struct slot *s, int bytes)
{
	struct scalar any = scalar_unknown();
	uint64_t value = 0;
	bool known = true;
	struct reg r;
	uint8_t byte;

	for (int i = 0; known && i < bytes; i++) {
		known = slot_byte_known(s, i, &byte);
		if (known)
			value |= (uint64_t)byte << 8 * i;
	}
	r = reg_scalar(known ? scalar_const(value) : scalar_zero_extend(&any, (unsigned int)bytes));
	r.stale = slot_is_spill(s) && s->reg.stale;
	return r;
}

/* The first bytes of the old slot are a spilled register. live: the bytes that live. */
static bool spill_matches(const struct view *old, const struct slot *new, int bytes, bool precise, uint64_t live,
			  const struct match *m)
{
	struct reg number;

	if (slot_spilled(slot_kinds(new)) == bytes)
		return reg_matches(old->reg, &new->reg, precise, m);
	if (old->reg->kind != REG_SCALAR || !are_numbers(new, bytes, precise ? ~(uint64_t)0 : live))
		return false;
	/* what is made of other pieces is a number nevertheless */
	number = number_in(new, bytes);
	return reg_matches(old->reg, &number, precise, m);
}

/* Byte i of the new slot is allowed where the old slot had what it had. */
static bool byte_matches(const struct view *old, const struct slot *new, int i, bool precise, const struct match *m)
{
	uint8_t value;

	switch (kind_at(old->kinds, i)) {
	case BYTE_NONE:
		return !m->zero_stack || new->bytes[i] == BYTE_NONE || is_number(new, i);
	case BYTE_LOST:
		return new->bytes[i] != BYTE_SPILL || is_fresh(new, i);
	case BYTE_KNOWN:
		if (precise && !(slot_byte_known(new, i, &value) && value == old->values[i]))
			return false;
		return is_fresh(new, i);
	default:
		return is_fresh(new, i);
	}
}

static bool same_values(const struct view *old, const struct slot *new)
{
	for (int i = 0; i < 8; i++) {
		if (kind_at(old->kinds, i) == BYTE_KNOWN && old->values[i] != new->values[i])
			return false;
	}
	return true;
}

/* Slot number i. */
static bool slot_matches(const struct view *old, const struct slot *new, const struct live *live, uint32_t i,
			 bool precise, const struct match *m)
{
	uint64_t kinds = slot_kinds(new), bytes;
	int spilled = slot_spilled(old->kinds);

	if (m->same) {
		return old->kinds == live_kinds(kinds, live->low >> i & 1, live->high >> i & 1) &&
		       same_values(old, new) && (!spilled || reg_matches(old->reg, &new->reg, true, m));
	}
	bytes = (live->low >> i & 1 ? (uint64_t)UINT32_MAX : 0) |
		(live->high >> i & 1 ? (uint64_t)UINT32_MAX << 32 : 0);
	if (spilled && !spill_matches(old, new, spilled, precise, bytes, m))
		return false;
	for (int n = spilled; n < 8; n++) {
		if (kind_at(bytes, n) && !byte_matches(old, new, n, precise, m))
			return false;
	}
	return true;
}

static bool regs_match(const uint8_t **at, const struct packed_frame *p, const struct frame *f, uint32_t depth,
		       const struct live *live, const struct match *m)
{
	static const struct packed_reg none;

	for (int i = 0; i < INSN_FRAME_PTR; i++) {
		if (p->regs >> i & 1) {
			if (!reg_matches(take_reg(at), &f->regs[i], deps_has_reg(m->precise, depth, i), m))
				return false;
		} else if (m->same && live->regs >> i & 1 && !reg_matches(&none, &f->regs[i], true, m)) {
			return false;
		}
	}
	return true;
}

/* Slots that the old state has nothing in. */
static bool others_match(const struct packed_frame *p, const struct frame *f, const struct live *live,
			 const struct match *m)
{
	static const struct view empty;

	if (!m->same && !m->zero_stack)
		return true;
	for (uint32_t i = 0; i < f->used; i++) {
		if (!(p->slots >> i & 1) && (live->low | live->high) >> i & 1 &&
		    !slot_matches(&empty, &f->slots[i], live, i, false, m))
			return false;
	}
	return true;
}

static bool frame_matches(const uint8_t **at, const struct frame *f, uint32_t depth, const struct live *live,
			  const struct match *m)
{
	const struct packed_frame *p = take(at, sizeof(*p));

	if (p->call != f->call || p->entry != f->entry || !regs_match(at, p, f, depth, live, m))
		return false;
	for (uint64_t left = p->slots; left; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(left);
		struct view slot = take_slot(at);

		if (!slot_matches(&slot, &f->slots[i], live, i, deps_has_slot(m->precise, depth, i), m))
			return false;
	}
	return others_match(p, f, live, m);
}

/* Records that no register has can't be given back any more: nothing else need be known of those in both states. */
static bool held_matches(const struct held *old, const struct held *new, const struct match *m)
{
	if (old->turns < new->turns || (m->same && old->turns != new->turns))
		return false;
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

	*out = (struct deps){0};
	for (uint32_t d = 0; d <= p->depth; d++) {
		const struct packed_frame *pf = take(&at, sizeof(*pf));

		for (int i = 0; i < INSN_FRAME_PTR; i++) {
			const struct packed_reg *reg = pf->regs >> i & 1 ? take_reg(&at) : NULL;

			if (reg && deps_has_reg(precise, d, i))
				deps_join(out, &reg->deps);
		}
		for (uint64_t left = pf->slots; left; left &= left - 1) {
			struct view slot = take_slot(&at);

			if (deps_has_slot(precise, d, (uint32_t)__builtin_ctzll(left)))
				deps_join(out, slot.deps);
		}
	}
}
