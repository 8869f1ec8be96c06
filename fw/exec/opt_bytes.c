/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compilers load and store unaligned fields byte by byte. Within a block this file follows where each byte of a
 * register was loaded from, and
 * - loads at once what shifts and ors put together (perhaps in reverse order);
 * - stores at once what was loaded from neighbouring bytes and goes to neighbouring bytes.
 *
 * Stores are put off until the last of those they are joined with. Nothing may come in between that could see or change
 * the memory in question: opt_bytes_flush() ends what was collected. Two accesses are apart if their regions differ, or
 * if they are relative to the same value of the same register and do not overlap.
 */
#include "exec/opt_work.h"

#define BYTES 8

static uint16_t byte_of(uint32_t record, uint32_t n)
{
	return (uint16_t)(1 + record * BYTES + n);
}

static bool is_loaded(uint16_t byte)
{
	return byte && byte != OPT_BYTE_ANY;
}

static const struct opt_record *record_of(const struct opt_work *w, uint16_t byte)
{
	return &w->record[(byte - 1) / BYTES];
}

/* Whether the memory still holds the byte. */
static bool is_live(const struct opt_work *w, uint16_t byte)
{
	return w->live >> (byte - 1) / BYTES & 1;
}

static int32_t offset_of(const struct opt_work *w, uint16_t byte)
{
	return record_of(w, byte)->off + (byte - 1) % BYTES;
}

static void forget(struct opt_work *w, uint8_t reg)
{
	w->bytes_known &= (uint16_t) ~(1u << reg);
}

static struct opt_bytes get(const struct opt_work *w, uint8_t reg)
{
	struct opt_bytes any;

	if (w->bytes_known >> reg & 1)
		return w->bytes[reg];
	mem_set(&any, OPT_BYTE_ANY & 0xff, sizeof(any));
	return any;
}

static void set(struct opt_work *w, uint8_t reg, const struct opt_bytes *bytes)
{
	w->bytes[reg] = *bytes;
	w->bytes_known |= (uint16_t)(1u << reg);
}

static void forget_all(struct opt_work *w)
{
	w->records = 0;
	w->live = 0;
	w->bytes_known = 0;
	mem_set(w->live_in, 0, sizeof(w->live_in));
}

void opt_bytes_reset(struct opt_work *w)
{
	forget_all(w);
	w->copies.count = 0;
}

bool opt_bytes_outdated(const struct opt_work *w, uint8_t reg)
{
	const struct opt_bytes *v = &w->bytes[reg];

	for (unsigned int n = 0; w->bytes_known >> reg & 1 && n < BYTES; n++)
		if (is_loaded(v->of[n]) && !is_live(w, v->of[n]))
			return true;
	return false;
}

/* Joining stores */

static void sort_copies(struct opt_copies *c)
{
	for (uint32_t i = 1; i < c->count; i++) {
		struct opt_copy copy = c->of[i];
		uint32_t k = i;

		for (; k && c->of[k - 1].off > copy.off; k--)
			c->of[k] = c->of[k - 1];
		c->of[k] = copy;
	}
}

/* How many of the copies from the one at first on make up exactly width bytes; 0: none do. */
static uint32_t cover(const struct opt_copies *c, uint32_t first, int32_t width)
{
	int32_t end = c->of[first].off;

	for (uint32_t i = first; i < c->count && c->of[i].off == end; i++) {
		end += c->of[i].width;
		if (end - c->of[first].off == width)
			return i - first + 1;
	}
	return 0;
}

/* Copies first to first + count become one, where the last of them was. */
static void join_copies(struct opt_work *w, uint32_t first, uint32_t count, int32_t width)
{
	const struct opt_copies *c = &w->copies;
	uint32_t slot = 0;

	for (uint32_t i = first; i < first + count; i++) {
		slot = MAX(slot, c->of[i].slot);
		w->form[c->of[i].slot] = OPT_NOTHING;
	}
	w->form[slot] = OPT_COPY;
	w->insns[slot] = (struct insn){
		.op = width == 8   ? INSN_STX64
		      : width == 4 ? INSN_STX32
				   : INSN_STX16,
		.dst = c->to,
		.src = c->from,
		.off = (int16_t)c->of[first].off,
		.imm = c->of[first].off + c->distance,
	};
}

void opt_bytes_flush(struct opt_work *w)
{
	struct opt_copies *c = &w->copies;

	if (c->count > 1)
		sort_copies(c);
	for (uint32_t i = 0; c->count > 1 && i < c->count;) {
		uint32_t count = 0;

		for (int32_t width = 8; width > 1 && !count; width /= 2) {
			count = cover(c, i, width);
			if (count > 1)
				join_copies(w, i, count, width);
		}
		i += count ? count : 1;
	}
	c->count = 0;
}

/* Whether [off, off + width) relative to reg may be memory that is relative to base. */
static bool meets(const struct opt_work *w, uint8_t reg, uint8_t region, int32_t off, int32_t width, uint8_t base,
		  uint32_t version, uint8_t base_region, int32_t low, int32_t high)
{
	if (reg == base && w->version[reg] == version)
		return off < high && low < off + width;
	return opt_may_meet(region, base_region);
}

/* Whether an access may see what was put off, or change what that is to load. */
static bool meets_copies(const struct opt_work *w, uint8_t reg, int32_t off, int32_t width, bool writes)
{
	const struct opt_copies *c = &w->copies;
	uint8_t region = (uint8_t)opt_region(w, reg);

	if (!c->count)
		return false;
	if (meets(w, reg, region, off, width, c->to, c->to_version, c->to_region, c->low, c->high))
		return true;
	return writes && meets(w, reg, region, off, width, c->from, c->from_version, c->from_region,
			       c->low + c->distance, c->high + c->distance);
}

/* Whether all width bytes of what is stored came from neighbouring memory that is unchanged: *first is the first. */
static bool is_copy(const struct opt_work *w, const struct opt_bytes *value, int32_t width, uint16_t *first)
{
	const struct opt_record *record;

	*first = value->of[0];
	if (!is_loaded(*first))
		return false;
	record = record_of(w, *first);
	for (int32_t n = 0; n < width; n++)
		if (!is_loaded(value->of[n]) || !is_live(w, value->of[n]) ||
		    record_of(w, value->of[n])->base != record->base ||
		    record_of(w, value->of[n])->version != record->version ||
		    offset_of(w, value->of[n]) != offset_of(w, *first) + n)
			return false;
	return w->version[record->base] == record->version;
}

/* Whether source and destination of the copies are apart when [off, off + width) is added. */
static bool apart(const struct opt_copies *c, int32_t off, int32_t width)
{
	int32_t low = MIN(c->low, off), high = MAX(c->high, off + width);

	if (c->to == c->from && c->to_version == c->from_version)
		return high <= low + c->distance || high + c->distance <= low;
	return !opt_may_meet(c->to_region, c->from_region);
}

static bool fits(const struct opt_work *w, const struct insn *insn, const struct opt_record *from, int32_t distance)
{
	const struct opt_copies *c = &w->copies;

	return c->count && c->count < OPT_COPIES && c->to == insn->dst && c->to_version == w->version[insn->dst] &&
	       c->from == from->base && c->from_version == from->version && c->distance == distance;
}

/* The store overlaps none of those that were put off. */
static bool is_new(const struct opt_copies *c, int32_t off, int32_t width)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (off < c->of[i].off + c->of[i].width && c->of[i].off < off + width)
			return false;
	return true;
}

static void add_copy(struct opt_work *w, uint32_t i, uint16_t first)
{
	const struct insn *insn = &w->insns[i];
	const struct opt_record *from = record_of(w, first);
	int32_t width = opt_info(w, i)->width, distance = offset_of(w, first) - insn->off;
	struct opt_copies *c = &w->copies;

	if (!fits(w, insn, from, distance) || !is_new(c, insn->off, width) || !apart(c, insn->off, width)) {
		opt_bytes_flush(w);
		c->to = insn->dst;
		c->to_version = w->version[insn->dst];
		c->to_region = (uint8_t)opt_region(w, insn->dst);
		c->from = from->base;
		c->from_version = from->version;
		c->from_region = from->region;
		c->distance = distance;
		c->low = insn->off;
		c->high = insn->off + width;
		if (!apart(c, insn->off, width))
			return;
	}
	c->low = MIN(c->low, insn->off);
	c->high = MAX(c->high, insn->off + width);
	c->of[c->count++] = (struct opt_copy){.slot = i, .off = insn->off, .width = (uint8_t)width};
}

/* What was loaded from there is there no longer. */
static void outdate(struct opt_work *w, uint8_t reg, int32_t off, int32_t width)
{
	uint8_t region = (uint8_t)opt_region(w, reg);
	uint32_t left = w->live;

	if (region != OPT_REGION_NONE)
		left = w->live & (w->live_in[region] | w->live_in[OPT_REGION_NONE]);
	for (; left; left &= left - 1) {
		const struct opt_record *r = &w->record[__builtin_ctz(left)];

		if (meets(w, reg, region, off, width, r->base, r->version, r->region, r->off, r->off + r->width))
			w->live &= ~(left & -left);
	}
}

void opt_bytes_store(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);
	bool copies = false;

	if (info->cls == INSN_CLASS_STX && w->bytes_known >> insn->src & 1 && w->form[i] == OPT_PLAIN &&
	    opt_knows(w, OPT_COPY) && !opt_is_context(w, i)) {
		uint16_t first;

		if (is_copy(w, &w->bytes[insn->src], info->width, &first)) {
			add_copy(w, i, first);
			copies = true;
		}
	}
	if (!copies && meets_copies(w, insn->dst, insn->off, info->width, true))
		opt_bytes_flush(w);
	outdate(w, insn->dst, insn->off, info->width);
}

/* Joining loads */

/* A record of what slot i loads into its dst, before dst counts as written. */
static void add_record(struct opt_work *w, uint8_t base, int32_t off, unsigned int width, uint8_t dst, bool swapped)
{
	struct opt_bytes value = {{0}};

	if (w->records == OPT_RECORDS)
		forget_all(w);
	w->live |= 1u << w->records;
	w->live_in[opt_region(w, base)] |= 1u << w->records;
	w->record[w->records] = (struct opt_record){
		.base = base,
		.region = (uint8_t)opt_region(w, base),
		.width = (uint8_t)width,
		.version = w->version[base],
		.off = off,
	};
	for (unsigned int n = 0; n < width; n++)
		value.of[swapped ? width - 1 - n : n] = byte_of(w->records, n);
	w->records++;
	set(w, dst, &value);
}

void opt_bytes_load(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);

	if (opt_is_context(w, i) || info->cls == INSN_CLASS_LDSX) {
		if (!opt_is_context(w, i) && meets_copies(w, insn->src, insn->off, info->width, false))
			opt_bytes_flush(w);
		forget(w, insn->dst);
		return;
	}
	if (meets_copies(w, insn->src, insn->off, info->width, false))
		opt_bytes_flush(w);
	add_record(w, insn->src, insn->off, info->width, insn->dst, false);
}

static void shift(struct opt_bytes *v, int32_t bits, bool left, unsigned int width)
{
	struct opt_bytes from = *v;
	int32_t by = bits / 8;

	for (int32_t n = 0; n < BYTES; n++) {
		int32_t at = left ? n - by : n + by;

		v->of[n] = n < (int32_t)width && at >= 0 && at < (int32_t)width ? from.of[at] : 0;
	}
}

static void mask(struct opt_bytes *v, uint64_t bits)
{
	for (unsigned int n = 0; n < BYTES; n++, bits >>= 8)
		if (!(bits & 0xff))
			v->of[n] = 0;
		else if ((bits & 0xff) != 0xff)
			v->of[n] = v->of[n] ? OPT_BYTE_ANY : 0;
}

/* Or, xor, and add where no two bytes meet. */
static void merge(struct opt_bytes *v, const struct opt_bytes *other, bool carries)
{
	bool any = false;

	for (unsigned int n = 0; n < BYTES; n++) {
		any |= carries && v->of[n] && other->of[n];
		if (any || (v->of[n] && other->of[n]))
			v->of[n] = OPT_BYTE_ANY;
		else if (!v->of[n])
			v->of[n] = other->of[n];
	}
}

static void swap(struct opt_bytes *v, unsigned int width)
{
	struct opt_bytes from = *v;

	for (unsigned int n = 0; n < BYTES; n++)
		v->of[n] = n < width ? from.of[width - 1 - n] : 0;
}

/* What arithmetic makes of bytes. False: nothing that can be followed. *joins: it may complete a load. */
static bool follow(const struct opt_work *w, const struct insn *insn, const struct insn_info *info, struct opt_bytes *v,
		   bool *joins)
{
	bool by_register = info->form == INSN_FORM_ALU_X;
	struct opt_bytes other;

	*joins = false;
	switch (info->op) {
	case INSN_ALU_MOV:
		if (by_register)
			*v = get(w, insn->src);
		else if (insn->imm)
			return false;
		else
			*v = (struct opt_bytes){{0}};
		break;
	case INSN_ALU_LSH:
	case INSN_ALU_RSH:
		if (by_register || insn->imm % 8)
			return false;
		shift(v, insn->imm & (8 * info->width - 1), info->op == INSN_ALU_LSH, info->width);
		break;
	case INSN_ALU_AND:
		if (by_register)
			return false;
		mask(v, (uint64_t)(int64_t)insn->imm);
		break;
	case INSN_ALU_OR:
	case INSN_ALU_XOR:
	case INSN_ALU_ADD:
		if (!by_register)
			return false;
		other = get(w, insn->src);
		merge(v, &other, info->op == INSN_ALU_ADD);
		*joins = true;
		break;
	case INSN_ALU_BSWAP16:
	case INSN_ALU_BSWAP32:
	case INSN_ALU_BSWAP64:
		swap(v, info->op == INSN_ALU_BSWAP16 ? 2 : info->op == INSN_ALU_BSWAP32 ? 4 : 8);
		*joins = true;
		return true;
	default:
		return false;
	}
	if (info->width == 4)
		mem_set(&v->of[4], 0, 4 * sizeof(v->of[0]));
	return true;
}

/* Whether the bytes are those of one load of width bytes at *base + *off, unchanged; *step: 1, or -1 in reverse. */
static bool is_load(const struct opt_work *w, const struct opt_bytes *v, unsigned int width, uint8_t *base,
		    int32_t *off, int32_t *step)
{
	const struct opt_record *first;

	for (unsigned int n = 0; n < BYTES; n++)
		if (n < width ? !is_loaded(v->of[n]) || !is_live(w, v->of[n]) : v->of[n])
			return false;
	first = record_of(w, v->of[0]);
	*step = offset_of(w, v->of[1]) - offset_of(w, v->of[0]);
	if ((*step != 1 && *step != -1) || w->version[first->base] != first->version)
		return false;
	for (unsigned int n = 0; n < width; n++) {
		const struct opt_record *r = record_of(w, v->of[n]);

		if (r->base != first->base || r->version != first->version ||
		    offset_of(w, v->of[n]) != offset_of(w, v->of[0]) + *step * (int32_t)n)
			return false;
	}
	*base = first->base;
	*off = MIN(offset_of(w, v->of[0]), offset_of(w, v->of[width - 1]));
	return *off >= INT16_MIN && *off <= INT16_MAX;
}

/* Whether more than one load made it up. */
static bool is_worth(const struct opt_bytes *v, unsigned int width)
{
	return (v->of[0] - 1) / BYTES != (v->of[width - 1] - 1) / BYTES;
}

/* Makes slot i the one load that its result amounts to, if there is one. */
static bool join_load(struct opt_work *w, uint32_t i, const struct opt_bytes *v)
{
	uint8_t base, dst = w->insns[i].dst;
	int32_t off, step;

	for (unsigned int width = 2; width <= BYTES; width *= 2) {
		if (!is_load(w, v, width, &base, &off, &step) || !is_worth(v, width))
			continue;
		if (step < 0 && !opt_knows(w, OPT_LDX_SWAP))
			return false;
		if (meets_copies(w, base, off, (int32_t)width, false))
			opt_bytes_flush(w);
		w->insns[i] = (struct insn){
			.op = width == 8   ? INSN_LDX64
			      : width == 4 ? INSN_LDX32
					   : INSN_LDX16,
			.dst = dst,
			.src = base,
			.off = (int16_t)off,
		};
		w->form[i] = step < 0 ? OPT_LDX_SWAP : OPT_PLAIN;
		add_record(w, base, off, width, dst, step < 0);
		return true;
	}
	return false;
}

/* Whether anything is known of the operands: nothing else is worth following. */
static bool is_followed(const struct opt_work *w, const struct insn *insn, const struct insn_info *info)
{
	unsigned int dst = w->bytes_known >> insn->dst & 1, src = w->bytes_known >> insn->src & 1;

	if (info->op == INSN_ALU_MOV)
		return info->form == INSN_FORM_ALU_X ? src : !insn->imm;
	return info->form == INSN_FORM_ALU_X ? dst & src : dst;
}

void opt_bytes_follow(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	struct opt_bytes v;
	bool joins;

	if (!w->records || w->form[i] != OPT_PLAIN || !is_followed(w, insn, opt_info(w, i))) {
		forget(w, insn->dst);
		return;
	}
	v = get(w, insn->dst);
	if (!follow(w, insn, opt_info(w, i), &v, &joins)) {
		forget(w, insn->dst);
		return;
	}
	if (!joins || !join_load(w, i, &v))
		set(w, insn->dst, &v);
}
