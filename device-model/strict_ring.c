/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is seen of a driver in its rings. A watched queue has the operations at the end of this file, which look at the
 * ring and then do what the format's own do. The ring is read here without any trust, and besides the device's own
 * reads: what is found leads to a report and to nothing else.
 *
 * Some notifications are on their way when the device changes its mind about them, so what is judged is what cannot be
 * such a one: see struct strict_queue.
 */
#include "strict_inside.h"
#include <string.h>

#define CHAIN_BYTES_MAX (1ULL << 32)

static bool is_packed(const struct vq *vq);

static uint16_t load16(const uint8_t *at)
{
	return le16_to_cpu((le16){__atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE)});
}

bool strict_ring_there(const struct strict_queue *q)
{
	struct vq *vq = strict_vq(q);

	if (!vq_usable(vq) || vq->watch != q || q->lost)
		return false;
	/* If the memory map has changed the queue itself would look again the next time, and does all the same. */
	return vq->mem_generation == vq->mem->generation || !vq->ops->map(vq);
}

/* Whether an index that went from from to to passed event. */
static bool passed(uint16_t event, uint16_t from, uint16_t to)
{
	return (uint16_t)(to - event - 1) < (uint16_t)(to - from);
}

/* ---- split: chains ---- */

/* One chain, from its head on. */
struct walk {
	struct strict_queue *q;
	uint16_t head;
	uint32_t steps, buffers;
	uint64_t bytes;
	bool writable, disordered;
};

/* What holds for each buffer of either format. */
static void count_buffer(struct walk *w, uint16_t flags, uint32_t bytes, enum strict_row order)
{
	bool write = flags & VRING_DESC_F_WRITE;

	w->buffers++;
	w->bytes += bytes;
	if (!write && w->writable && !w->disordered) {
		strict_report(w->q->s, order, "queue %u: descriptor %u, buffer %u of its chain", w->q->index, w->head,
			      w->buffers);
		w->disordered = true;
	}
	w->writable |= write;
}

/* Follows next from descriptor i of a table. False: that is the end. */
static bool follow(struct walk *w, const struct vring_desc *desc, uint32_t *i, uint32_t entries, bool inside)
{
	const struct vq *vq = strict_vq(w->q);
	uint32_t next = le16_to_cpu(desc->next);
	uint32_t expected = inside ? *i + 1 : (*i + 1) % vq->size;

	if (!(le16_to_cpu(desc->flags) & VRING_DESC_F_NEXT))
		return false;
	if (vq->in_order && next != expected)
		strict_report(w->q->s, inside ? STRICT_TABLE_IN_ORDER : STRICT_NEXT_IN_ORDER,
			      "queue %u: descriptor %u: next of entry %u is %u; %u was expected", w->q->index, w->head,
			      *i, next, expected);
	if (++w->steps >= entries) {
		strict_report(w->q->s, STRICT_ENDLESS, "queue %u: descriptor %u: its chain comes back to itself",
			      w->q->index, w->head);
		w->bytes = 0;
		w->buffers = 0;
		return false;
	}
	*i = next;
	return next < entries;
}

static void walk_table(struct walk *w, const struct vring_desc *of)
{
	const struct vq *vq = strict_vq(w->q);
	uint32_t len = le32_to_cpu(of->len), entries = len / sizeof(struct vring_desc), i = 0;
	const uint8_t *table = mem_whole(vq->mem, le64_to_cpu(of->addr), len, false);
	struct vring_desc desc;

	if (!table || !entries)
		return;
	w->steps = 0;
	do {
		memcpy(&desc, table + (size_t)i * sizeof(desc), sizeof(desc));
		if (le16_to_cpu(desc.flags) & VRING_DESC_F_INDIRECT) {
			strict_report(w->q->s, STRICT_NESTED, "queue %u: descriptor %u: entry %u of its table",
				      w->q->index, w->head, i);
			return;
		}
		count_buffer(w, le16_to_cpu(desc.flags), le32_to_cpu(desc.len), STRICT_ORDER);
	} while (follow(w, &desc, &i, entries, true));
}

/* Whether the descriptor leads to a table that may be read. */
static bool enter(struct walk *w, uint16_t flags)
{
	if (flags & VRING_DESC_F_NEXT)
		strict_report(w->q->s, STRICT_INDIRECT_NEXT, "queue %u: descriptor %u: flags 0x%04x", w->q->index,
			      w->head, flags);
	else if (!strict_vq(w->q)->indirect)
		strict_report(w->q->s, STRICT_INDIRECT, "queue %u: descriptor %u: flags 0x%04x", w->q->index, w->head,
			      flags);
	else
		return true;
	return false;
}

static void judge_chain(struct strict_queue *q, uint16_t head)
{
	const struct vq *vq = strict_vq(q);
	struct walk w = {.q = q, .head = head};
	uint32_t i = head;
	struct vring_desc *desc;

	do {
		desc = &q->table[i];
		memcpy(desc, vq->desc + (size_t)i * sizeof(*desc), sizeof(*desc));
		if (le16_to_cpu(desc->flags) & VRING_DESC_F_INDIRECT) {
			if (enter(&w, le16_to_cpu(desc->flags)))
				walk_table(&w, desc);
			break;
		}
		count_buffer(&w, le16_to_cpu(desc->flags), le32_to_cpu(desc->len), STRICT_ORDER);
	} while (follow(&w, desc, &i, vq->size, false));
	if (w.bytes > CHAIN_BYTES_MAX)
		strict_report(q->s, STRICT_ENDLESS, "queue %u: descriptor %u: %llu bytes", q->index, head,
			      (unsigned long long)w.bytes);
	if (w.buffers > vq_longest(vq))
		strict_report(q->s, STRICT_LONG_CHAIN, "queue %u of %u descriptors: descriptor %u: a chain of %u",
			      q->index, vq->size, head, w.buffers);
}

/* Whether the chain at head still is what it was when it was judged. */
static void compare_chain(struct strict_queue *q, uint16_t head)
{
	const struct vq *vq = strict_vq(q);
	uint32_t i = head;

	for (uint32_t steps = 0; i < vq->size && steps < vq->size; steps++) {
		struct vring_desc *was = &q->table[i], now;
		uint16_t flags = le16_to_cpu(was->flags), next = le16_to_cpu(was->next);

		memcpy(&now, vq->desc + (size_t)i * sizeof(now), sizeof(now));
		if (memcmp(&now, was, sizeof(now)) != 0) {
			strict_report(q->s, STRICT_EXPOSED,
				      "queue %u: descriptor %u: 0x%llx, %u bytes, flags 0x%04x; was 0x%llx, %u bytes, "
				      "flags 0x%04x",
				      q->index, i, (unsigned long long)le64_to_cpu(now.addr), le32_to_cpu(now.len),
				      le16_to_cpu(now.flags), (unsigned long long)le64_to_cpu(was->addr),
				      le32_to_cpu(was->len), flags);
			*was = now;
			return;
		}
		if (!(flags & VRING_DESC_F_NEXT) || (flags & VRING_DESC_F_INDIRECT))
			return;
		i = next;
	}
}

static uint16_t avail_idx(const struct vq *vq)
{
	return load16(vq->driver + offsetof(struct vring_avail, idx));
}

static void judge_flags(struct strict_queue *q, const struct vq *vq)
{
	uint16_t flags = load16(vq->driver + offsetof(struct vring_avail, flags));

	if (flags == q->flags)
		return;
	q->flags = flags;
	if (vq->event_idx && flags)
		strict_report(q->s, STRICT_AVAIL_FLAGS_EVENT, "queue %u: they are 0x%04x", q->index, flags);
	else if (flags & ~VRING_AVAIL_F_NO_INTERRUPT)
		strict_report(q->s, STRICT_AVAIL_FLAGS, "queue %u: they are 0x%04x", q->index, flags);
}

static void split_observe(struct strict_queue *q)
{
	struct vq *vq = strict_vq(q);
	uint16_t idx, head;

	judge_flags(q, vq);
	idx = avail_idx(vq);
	if ((uint16_t)(idx - q->idx) > VRING_MAX_SIZE ||
	    ((uint16_t)(idx - q->idx) == VRING_MAX_SIZE && vq->size < VRING_MAX_SIZE)) {
		strict_report(q->s, STRICT_DECREMENTED, "queue %u: from %u to %u", q->index, q->idx, idx);
		q->lost = true;
	} else if ((uint16_t)(idx - vq->next_used) > vq->size) {
		strict_report(q->s, STRICT_EXPOSED,
			      "queue %u of %u descriptors: available index %u, the device has used %u chains", q->index,
			      vq->size, idx, vq->next_used);
		q->lost = true;
	}
	for (; !q->lost && q->idx != idx; q->idx++) {
		head = load16(vq->driver + offsetof(struct vring_avail, ring) +
			      sizeof(le16) * (q->idx & (vq->size - 1)));
		if (head < vq->size)
			judge_chain(q, head);
		else
			q->lost = true; /* of no statement */
	}
}

/* ---- packed: lists ---- */

static struct vring_packed_desc packed_desc(const struct vq *vq, uint16_t at)
{
	struct vring_packed_desc desc;

	memcpy(&desc, vq->desc + sizeof(desc) * vring_packed_index(at), sizeof(desc));
	desc.flags = cpu_to_le16(
		load16(vq->desc + sizeof(desc) * vring_packed_index(at) + offsetof(struct vring_packed_desc, flags)));
	return desc;
}

static bool is_available(uint16_t flags, uint16_t at)
{
	return (flags & VRING_PACKED_DESC_F_LAP) == vring_packed_available(at);
}

static void judge_packed_table(struct walk *w, const struct vring_packed_desc *of)
{
	const struct vq *vq = strict_vq(w->q);
	uint32_t len = le32_to_cpu(of->len), entries = len / sizeof(*of);
	const uint8_t *table = mem_whole(vq->mem, le64_to_cpu(of->addr), len, false);

	if (entries > vq_longest(vq)) {
		strict_report(w->q->s, STRICT_LONG_TABLE, "queue %u of %u descriptors: descriptor %u: a table of %u",
			      w->q->index, vq->size, w->head, entries);
		return;
	}
	for (uint32_t i = 0; table && i < entries; i++) {
		struct vring_packed_desc desc;
		uint16_t flags;

		memcpy(&desc, table + (size_t)i * sizeof(desc), sizeof(desc));
		flags = le16_to_cpu(desc.flags);
		if (flags & ~VRING_DESC_F_WRITE) {
			strict_report(w->q->s, STRICT_TABLE_FLAGS,
				      "queue %u: descriptor %u: entry %u of its table has flags 0x%04x", w->q->index,
				      w->head, i, flags);
			return;
		}
		count_buffer(w, flags, le32_to_cpu(desc.len), STRICT_PACKED_ORDER);
	}
}

/* An indirect descriptor that begins a list or (inside) is in one. */
static void judge_indirect(struct walk *w, const struct vring_packed_desc *desc, bool inside)
{
	uint16_t flags = le16_to_cpu(desc->flags);

	if (inside || (flags & VRING_DESC_F_NEXT))
		strict_report(w->q->s, STRICT_INDIRECT_IN_LIST, "queue %u: descriptor %u: flags 0x%04x", w->q->index,
			      w->head, flags);
	else if (!strict_vq(w->q)->indirect)
		strict_report(w->q->s, STRICT_PACKED_INDIRECT, "queue %u: descriptor %u: flags 0x%04x", w->q->index,
			      w->head, flags);
	else
		judge_packed_table(w, desc);
}

/* Why the list that begins at q->at goes on at a descriptor that is not available, after count of them. */
static void broken_list(struct strict_queue *q, uint32_t count, uint16_t at)
{
	const struct vq *vq = strict_vq(q);
	enum strict_row row = STRICT_HALF_LIST;

	if (q->out + count >= vq->size)
		row = q->out ? STRICT_NO_SPACE : STRICT_LONG_LIST;
	strict_report(q->s, row, "queue %u of %u descriptors: the list at %u has %u descriptors; %u is not available",
		      q->index, vq->size, vring_packed_index(q->at), count, vring_packed_index(at));
	q->lost = true;
}

/* Judges the list at q->at. Whether there is one. */
static bool judge_list(struct strict_queue *q)
{
	const struct vq *vq = strict_vq(q);
	struct walk w = {.q = q, .head = vring_packed_index(q->at)};
	struct vring_packed_desc desc;
	uint16_t at = q->at, flags;
	uint32_t count = 0;

	do {
		bool full = q->out + count == vq->size;

		desc = packed_desc(vq, at);
		flags = le16_to_cpu(desc.flags);
		if (!count && (full || !is_available(flags, at)))
			return false;
		if (full || !is_available(flags, at)) {
			broken_list(q, count, at);
			return false;
		}
		if (flags & VRING_DESC_F_INDIRECT)
			judge_indirect(&w, &desc, count > 0);
		else
			count_buffer(&w, flags, le32_to_cpu(desc.len), STRICT_PACKED_ORDER);
		count++;
		at = vring_packed_next(at, vq->size);
	} while (flags & VRING_DESC_F_NEXT);
	q->at = at;
	q->out += count;
	q->idx++;
	return true;
}

/* Whether places from at on still are what the device has read. */
static void compare_places(struct strict_queue *q, uint16_t at, uint32_t places)
{
	const struct vq *vq = strict_vq(q);

	for (; places; places--, at = vring_packed_next(at, vq->size)) {
		struct vring_packed_desc *was = &vq->packed.copy[vring_packed_index(at)], now = packed_desc(vq, at);
		uint16_t flags = le16_to_cpu(now.flags);

		if (!memcmp(&now, was, sizeof(now)))
			continue;
		strict_report(
			q->s, is_available(flags, at) ? STRICT_CHANGED : STRICT_OVERWRITTEN,
			"queue %u: descriptor %u: %u bytes, id %u, flags 0x%04x; was %u bytes, id %u, flags 0x%04x",
			q->index, vring_packed_index(at), le32_to_cpu(now.len), le16_to_cpu(now.id), flags,
			le32_to_cpu(was->len), le16_to_cpu(was->id), le16_to_cpu(was->flags));
		q->lost = true; /* told once */
		return;
	}
}

/* ---- notifications ---- */

void strict_ring_notified(struct strict_queue *q)
{
	const struct vq *vq = strict_vq(q);
	uint16_t idx;

	if (!strict_ring_there(q) || is_packed(vq))
		return;
	idx = avail_idx(vq);
	if (vq->event_idx) {
		if (idx != q->noted && !q->crossed && !passed(q->event, q->noted, idx))
			strict_report(q->s, STRICT_EVENT_NEEDLESS,
				      "queue %u: the index went from %u to %u, avail_event is %u", q->index, q->noted,
				      idx, q->event);
	} else if (q->off && q->off_clean && idx != q->off_idx) {
		strict_report(q->s, STRICT_NEEDLESS, "queue %u: the index went from %u to %u since they are 1",
			      q->index, q->off_idx, idx);
	}
	q->noted = q->settled = idx;
	q->crossed = false;
}

void strict_ring_place(struct strict_queue *q, uint16_t place)
{
	const struct vq *vq = strict_vq(q);
	uint16_t at;

	if (!strict_ring_there(q) || !is_packed(vq))
		return;
	strict_ring_observe(q);
	/* Others may have been made available since; before those that are out it cannot be. */
	at = vq->packed.used_at;
	for (uint32_t i = 0; i <= q->out && !q->lost; i++, at = vring_packed_next(at, vq->size))
		if (at == place)
			return;
	if (!q->lost)
		strict_report(q->s, STRICT_NOTIFIED_PLACE, "queue %u: offset %u, wrap %u; %u, %u was expected",
			      q->index, vring_packed_index(place), place >> 15, vring_packed_index(q->at), q->at >> 15);
}

void strict_ring_live(struct strict_queue *q)
{
	if (strict_ring_there(q) && !is_packed(strict_vq(q)))
		q->settled = avail_idx(strict_vq(q));
}

void strict_ring_end(struct strict_queue *q)
{
	const struct vq *vq = strict_vq(q);
	uint16_t idx;

	if (!strict_ring_there(q))
		return;
	strict_ring_observe(q);
	if (q->lost || is_packed(vq) || strict_dev(q->s)->status & VIRTIO_CONFIG_S_NEEDS_RESET ||
	    !virtio_running(strict_dev(q->s)))
		return;
	idx = avail_idx(vq);
	if (vq->event_idx ? passed(q->event, q->settled, idx) : !q->off && idx != q->settled)
		strict_report(
			q->s, vq->event_idx ? STRICT_EVENT_MISSED : STRICT_NOT_NOTIFIED,
			"queue %u is reset: the index is %u, and was %u when a notification came or was not needed",
			q->index, idx, q->settled);
}

/* What the device has asked for; the driver may not have seen it. */
static void split_asked(struct strict_queue *q, bool on)
{
	const struct vq *vq = strict_vq(q);
	uint16_t idx = avail_idx(vq);

	if (vq->event_idx) {
		q->crossed |= passed(q->event, q->noted, idx);
		if (on)
			q->event = vq->seen;
	} else if (q->off == on) {
		q->off = !on;
		q->off_idx = idx;
		q->off_clean = idx == q->noted;
	}
	q->settled = idx;
}

/* ---- the operations of a watched queue ---- */

uint16_t strict_ring_observe(struct strict_queue *q)
{
	if (!is_packed(strict_vq(q)))
		split_observe(q);
	else
		while (!q->lost && judge_list(q))
			;
	return q->idx;
}

static int watched_look(struct vq *vq, const struct vq_ops *ops)
{
	if (strict_ring_there(vq->watch))
		strict_ring_observe(vq->watch);
	return ops->look(vq);
}

static int watched_pop(struct vq *vq, struct vq_chain *chain, const struct vq_ops *ops)
{
	struct strict_queue *q = vq->watch;
	uint16_t at = vq->packed.avail_at;
	int got = ops->pop(vq, chain);

	if (got <= 0)
		return got;
	if (q->lost)
		return got;
	if (is_packed(vq))
		compare_places(q, at, chain->places);
	else
		compare_chain(q, chain->id);
	/* A chain that was rewound comes again. */
	if (vq->next_avail == q->taken) {
		q->taken++;
		strict_net_chain(q, chain);
	}
	return got;
}

static void watched_publish(struct vq *vq, uint16_t count, const struct vq_ops *ops)
{
	struct strict_queue *q = vq->watch;
	uint32_t out = vq->packed.out;
	uint16_t at = vq->packed.used_at;

	for (uint16_t i = 0; i < count && !q->lost; i++) {
		if (!is_packed(vq))
			compare_chain(q, vq->done[i].id);
		else
			compare_places(q, at, vq->done[i].places);
		at = vring_packed_forward(at, is_packed(vq) ? vq->done[i].places : 0, vq->size);
	}
	ops->publish(vq, count);
	if (is_packed(vq) && !q->lost)
		q->out -= out - vq->packed.out;
}

static void watched_want_kicks(struct vq *vq, bool on, const struct vq_ops *ops)
{
	ops->want_kicks(vq, on);
	if (strict_ring_there(vq->watch) && !is_packed(vq))
		split_asked(vq->watch, on);
}

/* Two tables of the same: an operation gets no context of its own. */
#define WATCHED(format)                                                                                                \
	static bool format##_size_ok(uint32_t size)                                                                    \
	{                                                                                                              \
		return vq_##format##_ops.size_ok(size);                                                                \
	}                                                                                                              \
	static int format##_map(struct vq *vq)                                                                         \
	{                                                                                                              \
		return vq_##format##_ops.map(vq);                                                                      \
	}                                                                                                              \
	static int format##_look(struct vq *vq)                                                                        \
	{                                                                                                              \
		return watched_look(vq, &vq_##format##_ops);                                                           \
	}                                                                                                              \
	static int format##_pop(struct vq *vq, struct vq_chain *chain)                                                 \
	{                                                                                                              \
		return watched_pop(vq, chain, &vq_##format##_ops);                                                     \
	}                                                                                                              \
	static void format##_publish(struct vq *vq, uint16_t count)                                                    \
	{                                                                                                              \
		watched_publish(vq, count, &vq_##format##_ops);                                                        \
	}                                                                                                              \
	static bool format##_wants_interrupt(struct vq *vq)                                                            \
	{                                                                                                              \
		return vq_##format##_ops.wants_interrupt(vq);                                                          \
	}                                                                                                              \
	static void format##_want_kicks(struct vq *vq, bool on)                                                        \
	{                                                                                                              \
		watched_want_kicks(vq, on, &vq_##format##_ops);                                                        \
	}                                                                                                              \
	static const struct vq_ops watched_##format = {                                                                \
		.name = #format,                                                                                       \
		.size_ok = format##_size_ok,                                                                           \
		.map = format##_map,                                                                                   \
		.look = format##_look,                                                                                 \
		.pop = format##_pop,                                                                                   \
		.publish = format##_publish,                                                                           \
		.wants_interrupt = format##_wants_interrupt,                                                           \
		.want_kicks = format##_want_kicks,                                                                     \
	};

WATCHED(split)
WATCHED(packed)

static bool is_packed(const struct vq *vq)
{
	return vq->ops == &watched_packed;
}

const struct vq_ops *strict_ring_ops(const struct vq_ops *ops)
{
	return ops == &vq_packed_ops ? &watched_packed : &watched_split;
}
