/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed virtqueue, driver side. virtio 1.4, 2.8.
 *
 * The device writes to the ring that the driver writes to, so nothing that matters is read back from it: how many
 * descriptors each buffer takes and what it holds are in memory of the driver's own (struct slot), by buffer id. Of a
 * used descriptor, length, id and flags are read at once into a local and checked.
 *
 * With IN_ORDER a buffer's id is the index of its first descriptor, so that the ids of the buffers in flight follow
 * from each other; without, ids come from a free list.
 */
#include <errno.h>
#include <string.h>

#include "virtio_ring.h"
#include "vq.h"

#define WORD_AT offsetof(struct vring_packed_desc, len)

/* A buffer in flight, by its id. */
struct slot {
	uint16_t count;    /* descriptors of the ring; 0: not in flight */
	uint32_t writable; /* bytes */
	void *token;
};

/* Positions are a descriptor's index with the ring wrap counter in the highest bit. */
struct packed {
	struct drv_vq vq;
	struct vring_packed_desc *desc;
	struct vring_packed_event *driver_event, *device_event;
	struct vring_packed_desc *tables; /* size tables of config.indirect entries; NULL: none */
	uint64_t tables_addr;
	struct slot *slots;
	uint16_t indirect;
	uint16_t *free_ids; /* a stack; not with IN_ORDER */
	uint16_t free_count;
	uint16_t avail_at;  /* of the next descriptor to make available */
	uint16_t kicked_at; /* avail_at at the last notify */
	uint16_t used_at;   /* where the device writes its next used descriptor */
	uint32_t out;       /* descriptors that the device holds, or has given back in a batch that is not taken yet */
	uint32_t fresh;     /* descriptors made available since the last notify */
	struct drv_vq_batch batch;
	bool event_idx, in_order;
};

static struct packed *packed_of(struct drv_vq *vq)
{
	return (struct packed *)vq; /* vq is its first member */
}

static int broken(struct packed *q)
{
	q->vq.broken = true;
	return -EPROTO;
}

/* ---- submit ---- */

static uint16_t flags_of(uint16_t at, bool write)
{
	return vring_packed_available(at) | (write ? VRING_DESC_F_WRITE : 0);
}

/*
 * Writes a descriptor to the ring, its flags with the rest.
 * req: VN-1fdfcbcd a release store makes visible all that was written before; VN-78e20416 the last one to the
 * descriptor
 */
static inline void put(struct vring_packed_desc *to, const struct drv_sg *sg, uint16_t id, uint16_t flags)
{
	to->addr = cpu_to_le64(sg->addr);
	__atomic_store_n((uint64_t *)(void *)((uint8_t *)to + WORD_AT), vring_packed_word(sg->bytes, id, flags).wire,
			 __ATOMIC_RELEASE);
}

/* Fills the table that belongs to id and points the descriptor at it. */
static void put_indirect(struct packed *q, uint16_t id, const struct drv_sg *sg, unsigned readable, unsigned count)
{
	size_t first = (size_t)id * q->indirect;
	struct drv_sg table = {q->tables_addr + first * sizeof(*q->tables), count * (uint32_t)sizeof(*q->tables)};
	unsigned i;

	/* req: VN-460ccbf9 WRITE and nothing else; VN-5a5c5c14 no NEXT beside INDIRECT */
	for (i = 0; i < count; i++)
		q->tables[first + i] =
			(struct vring_packed_desc){cpu_to_le64(sg[i].addr), cpu_to_le32(sg[i].bytes), cpu_to_le16(0),
						   cpu_to_le16(i >= readable ? VRING_DESC_F_WRITE : 0)};
	put(&q->desc[vring_packed_index(q->avail_at)], &table, id,
	    flags_of(q->avail_at, false) | VRING_DESC_F_INDIRECT);
}

/* req: VN-557a31bd from the last descriptor to the first: the device sees none before it sees them all */
static void put_list(struct packed *q, uint16_t id, const struct drv_sg *sg, unsigned readable, unsigned count)
{
	unsigned i = count;

	while (i--) {
		uint16_t at = vring_packed_forward(q->avail_at, i, q->vq.size);
		uint16_t flags = flags_of(at, i >= readable); /* req: VN-ed627243 */

		if (i + 1 < count)
			flags |= VRING_DESC_F_NEXT;
		put(&q->desc[vring_packed_index(at)], &sg[i], id, flags);
	}
}

static uint16_t take_id(struct packed *q)
{
	return q->in_order ? vring_packed_index(q->avail_at) : q->free_ids[--q->free_count];
}

static int packed_submit(struct drv_vq *vq, const struct drv_sg *sg, unsigned readable, unsigned writable, void *token)
{
	struct packed *q = packed_of(vq);
	unsigned count = readable + writable;
	bool indirect = count > 1 && count <= q->indirect;
	uint16_t id, need;
	uint32_t bytes;
	int err;

	if (vq->broken)
		return -ENODEV;
	/* req: VN-8413d4a1, VN-c7215408, VN-55c6f3c9 */
	if (count < readable || count > drv_vq_longest(vq, q->indirect) || (!indirect && count > vq->size))
		return -EMSGSIZE;
	err = drv_vq_check(sg, readable, writable, &bytes);
	if (err)
		return err;
	need = indirect ? 1 : (uint16_t)count;
	if (need > vq->size - q->out) /* req: VN-f8a19752, VN-d0245546 */
		return -EAGAIN;
	id = take_id(q);
	q->slots[id] = (struct slot){.count = need, .writable = bytes, .token = token};
	/* req: VN-bccf1ea9 indirect is 0 unless INDIRECT_DESC was negotiated */
	if (indirect)
		put_indirect(q, id, sg, readable, count);
	else
		put_list(q, id, sg, readable, count);
	q->avail_at = vring_packed_forward(q->avail_at, need, q->vq.size);
	q->out += need;
	q->fresh += need;
	vq->in_flight++;
	return 0;
}

/* ---- notify ---- */

static bool wanted(const struct packed *q)
{
	struct vring_packed_event event;
	uint32_t word, from, at;
	uint16_t flags, off_wrap;

	/* req: VN-7419b2e5 a full barrier between our descriptors and the device's wish */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	word = __atomic_load_n((const uint32_t *)(const void *)q->device_event, __ATOMIC_RELAXED);
	memcpy(&event, &word, sizeof(event));
	flags = le16_to_cpu(event.flags) & VRING_PACKED_EVENT_FLAGS;
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !q->event_idx)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	if (q->fresh > q->vq.size)
		return true;
	/* Counted from the start of the lap that kicked_at is in. */
	off_wrap = le16_to_cpu(event.off_wrap);
	from = vring_packed_index(q->kicked_at);
	at = vring_packed_index(off_wrap) + ((off_wrap ^ q->kicked_at) & VRING_PACKED_WRAP ? q->vq.size : 0u);
	return at >= from && at < from + q->fresh;
}

static bool packed_notify(struct drv_vq *vq)
{
	struct packed *q = packed_of(vq);
	bool kick;

	if (vq->broken || !q->fresh)
		return false;
	kick = wanted(q);
	q->kicked_at = q->avail_at;
	q->fresh = 0;
	if (kick)
		drv_vq_tell(vq, q->avail_at); /* req: VN-3ab0811e */
	return kick;
}

/* ---- complete ---- */

/* What the device says of the buffer at used_at. 1; 0: nothing; -EPROTO: no buffer is out. */
static inline int look(struct packed *q, le64 *word)
{
	const uint8_t *at = (const uint8_t *)&q->desc[vring_packed_index(q->used_at)] + WORD_AT;

	word->wire = __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_ACQUIRE);
	if ((vring_packed_flags(*word) & VRING_PACKED_DESC_F_LAP) != vring_packed_used(q->used_at))
		return 0;
	return q->vq.in_flight ? 1 : broken(q);
}

static int packed_completions(struct drv_vq *vq)
{
	struct packed *q = packed_of(vq);
	struct vring_packed_event event = {cpu_to_le16(q->used_at), cpu_to_le16(VRING_PACKED_EVENT_FLAG_DESC)};
	uint32_t word;
	le64 said;
	int got;

	if (vq->broken)
		return -EPROTO;
	if (q->batch.open)
		return 1;
	got = look(q, &said);
	if (got || !q->event_idx)
		return got;
	/* Ask for a notification, then look again: the device may have used a buffer before it saw the event. */
	memcpy(&word, &event, sizeof(word));
	__atomic_store_n((uint32_t *)(void *)q->driver_event, word, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return look(q, &said);
}

/* Takes what the next used descriptor says. 0, -EAGAIN or -EPROTO. */
static inline int open_batch(struct packed *q)
{
	uint32_t bytes;
	uint16_t id;
	le64 said;
	int got = look(q, &said);

	if (got <= 0)
		return got ? got : -EAGAIN;
	id = vring_packed_id(said);
	bytes = vring_packed_flags(said) & VRING_DESC_F_WRITE ? vring_packed_len(said) : 0;
	if (id >= q->vq.size || !q->slots[id].count || bytes > q->slots[id].writable)
		return broken(q);
	q->batch = (struct drv_vq_batch){.bytes = bytes, .last = id, .open = true};
	return 0;
}

static inline int take_done(struct packed *q, struct drv_vq_done *done)
{
	struct slot *slot;
	uint16_t id;
	int err;

	if (!q->batch.open) {
		err = open_batch(q);
		if (err)
			return err;
	}
	/* In order, the oldest one begins where the device writes; the batch's last one is in flight, and comes. */
	id = q->in_order ? vring_packed_index(q->used_at) : q->batch.last;
	slot = &q->slots[id];
	q->batch.open = id != q->batch.last;
	*done = (struct drv_vq_done){slot->token, q->batch.open ? slot->writable : q->batch.bytes};
	q->used_at = vring_packed_forward(q->used_at, slot->count, q->vq.size);
	q->out -= slot->count;
	*slot = (struct slot){0};
	if (!q->in_order)
		q->free_ids[q->free_count++] = id;
	q->vq.in_flight--;
	return 0;
}

static int packed_complete(struct drv_vq *vq, struct drv_vq_done *done)
{
	return vq->broken ? -EPROTO : take_done(packed_of(vq), done);
}

/*
 * Buffers of one descriptor each that came back by themselves: most of them. What the loop needs is in locals, since
 * for all the compiler knows each store to the ring changes the queue. Returns how many; the rest is take_done()'s.
 */
static unsigned take_plain(struct packed *q, struct drv_vq_done *done, unsigned max)
{
	const uint8_t *ring = (const uint8_t *)q->desc + WORD_AT;
	uint16_t at = q->used_at, size = q->vq.size, *free_ids = q->free_ids + q->free_count;
	struct slot *slots = q->slots;
	unsigned count;

	for (count = 0; count < max; count++) {
		const void *p = ring + (size_t)vring_packed_index(at) * sizeof(*q->desc);
		le64 word = {__atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE)};
		uint16_t flags = vring_packed_flags(word), id = vring_packed_id(word);
		uint32_t bytes = flags & VRING_DESC_F_WRITE ? vring_packed_len(word) : 0;

		if ((flags & VRING_PACKED_DESC_F_LAP) != vring_packed_used(at) || id >= size || slots[id].count != 1 ||
		    bytes > slots[id].writable)
			break;
		done[count] = (struct drv_vq_done){slots[id].token, bytes};
		slots[id].count = 0;
		free_ids[count] = id;
		at = vring_packed_next(at, size);
	}
	q->used_at = at;
	q->free_count += count;
	q->out -= count;
	q->vq.in_flight -= count;
	return count;
}

static int packed_complete_all(struct drv_vq *vq, struct drv_vq_done *done, unsigned max)
{
	struct packed *q = packed_of(vq);
	unsigned count = 0;
	int err = 0;

	if (vq->broken)
		return -EPROTO;
	if (!q->in_order)
		count = take_plain(q, done, max);
	for (; count < max; count++) {
		err = take_done(q, &done[count]);
		if (err)
			break;
	}
	return err && err != -EAGAIN ? err : (int)count;
}

static int packed_submit_all(struct drv_vq *vq, const struct drv_vq_plain *buffers, unsigned count, bool writable)
{
	struct packed *q = packed_of(vq);
	uint16_t at = q->avail_at, free_count = q->free_count, size = vq->size, *free_ids = q->free_ids;
	struct vring_packed_desc *ring = q->desc;
	struct slot *slots = q->slots;
	bool in_order = q->in_order;
	unsigned i;

	if (vq->broken)
		return -ENODEV;
	if (!drv_vq_plain_ok(buffers, count))
		return -EINVAL;
	if (count > size - q->out) /* req: VN-f8a19752, VN-d0245546 */
		count = size - q->out;
	for (i = 0; i < count; i++) {
		const struct drv_sg *sg = &buffers[i].sg;
		uint16_t id = in_order ? vring_packed_index(at) : free_ids[--free_count];

		slots[id].count = 1;
		slots[id].writable = writable ? sg->bytes : 0;
		slots[id].token = buffers[i].token;
		put(&ring[vring_packed_index(at)], sg, id, flags_of(at, writable));
		at = vring_packed_next(at, size);
	}
	q->avail_at = at;
	q->free_count = free_count;
	q->out += count;
	q->fresh += count;
	vq->in_flight += count;
	return (int)count;
}

static const struct drv_vq_ops packed_ops = {
	.submit = packed_submit,
	.notify = packed_notify,
	.completions = packed_completions,
	.complete = packed_complete,
	.submit_all = packed_submit_all,
	.complete_all = packed_complete_all,
};

/* req: VN-dc02f68e each part at its alignment */
static bool alloc_areas(struct packed *q)
{
	struct drv_vq *vq = &q->vq;
	size_t size = vq->size;

	q->slots = drv_vq_memory(vq, size * sizeof(*q->slots));
	q->free_ids = drv_vq_memory(vq, size * sizeof(*q->free_ids));
	q->desc = drv_vq_area(vq, size * sizeof(*q->desc), VRING_DESC_ALIGN, &vq->addr.desc);
	q->driver_event = drv_vq_area(vq, sizeof(*q->driver_event), VRING_PACKED_EVENT_ALIGN, &vq->addr.driver);
	q->device_event = drv_vq_area(vq, sizeof(*q->device_event), VRING_PACKED_EVENT_ALIGN, &vq->addr.device);
	if (q->indirect)
		q->tables = drv_vq_area(vq, size * q->indirect * sizeof(*q->tables), VRING_DESC_ALIGN, &q->tables_addr);
	return q->slots && q->free_ids && q->desc && q->driver_event && q->device_event && (!q->indirect || q->tables);
}

struct drv_vq *drv_vq_packed_create(const struct drv_env *env, const struct drv_transport *transport,
				    const struct drv_vq_config *config)
{
	uint16_t size = config->size, i;
	struct drv_vq *vq;
	struct packed *q;

	if (!size || size > VRING_MAX_SIZE)
		return NULL;
	vq = drv_vq_alloc(sizeof(*q), &packed_ops, env, transport, config);
	if (!vq)
		return NULL;
	q = packed_of(vq);
	q->indirect = config->indirect;
	q->event_idx = config->event_idx;
	q->in_order = config->in_order;
	q->avail_at = q->kicked_at = q->used_at = VRING_PACKED_WRAP;
	if (!alloc_areas(q)) {
		drv_vq_destroy(vq);
		return NULL;
	}
	for (i = 0; i < size; i++)
		q->free_ids[i] = size - 1 - i;
	q->free_count = size;
	return vq;
}
