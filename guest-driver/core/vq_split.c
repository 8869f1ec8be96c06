/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueue, driver side. virtio 1.4, 2.7.
 *
 * The device can write to all three areas, whatever the specification says, so nothing that matters is read back from
 * them: the free list, the length of each chain and what it holds are in memory of the driver's own (struct slot). Of
 * the device's area, the index and the elements are read once into locals and checked.
 */
#include <errno.h>
#include <string.h>

#include "virtio_ring.h"
#include "vq.h"

/* What the driver knows of a descriptor; the rest of it is valid at the head of a chain in flight. */
struct slot {
	uint16_t next;     /* in the free list, or in the chain */
	uint16_t count;    /* descriptors of the ring that the chain takes; 0: not a head in flight */
	uint32_t writable; /* bytes */
	void *token;
};

struct split {
	struct drv_vq vq;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_desc *tables; /* size tables of config.indirect entries; NULL: none */
	uint64_t tables_addr;
	struct slot *slots;
	uint16_t indirect;
	uint16_t free_head;
	uint16_t free_count;
	uint16_t avail_idx; /* that the device sees */
	uint16_t kicked;    /* avail_idx at the last notify */
	uint16_t used_idx;  /* next to take */
	uint16_t used_seen; /* the device's index as it was when it was last looked at and judged */
	uint16_t oldest;    /* with IN_ORDER the head in flight that was submitted first */
	struct drv_vq_batch batch;
	bool event_idx, in_order;
};

static struct split *split_of(struct drv_vq *vq)
{
	return (struct split *)vq; /* vq is its first member */
}

static uint16_t load16(const le16 *p)
{
	le16 v = {__atomic_load_n(&p->wire, __ATOMIC_RELAXED)};

	return le16_to_cpu(v);
}

static uint16_t load16_acquire(const le16 *p)
{
	le16 v = {__atomic_load_n(&p->wire, __ATOMIC_ACQUIRE)};

	return le16_to_cpu(v);
}

static void store16(le16 *p, uint16_t value)
{
	__atomic_store_n(&p->wire, cpu_to_le16(value).wire, __ATOMIC_RELAXED);
}

static void store16_release(le16 *p, uint16_t value)
{
	__atomic_store_n(&p->wire, cpu_to_le16(value).wire, __ATOMIC_RELEASE);
}

static le16 *used_event(const struct split *q)
{
	return &q->avail->ring[q->vq.size];
}

/* Behind the last used element; a little-endian 16-bit field at an address that is a multiple of 4. */
static const le16 *avail_event(const struct split *q)
{
	return (const le16 *)(const void *)&q->used->ring[q->vq.size];
}

static int broken(struct split *q)
{
	q->vq.broken = true;
	return -EPROTO;
}

/* The flags and next of entry i of count: chained, writable from entry readable on. */
static struct vring_desc entry(const struct drv_sg *sg, unsigned i, unsigned count, unsigned readable, uint16_t next)
{
	uint16_t flags = 0;

	/* req: VN-72731f73 readable elements come before writable ones, by the order of sg */
	if (i >= readable)
		flags |= VRING_DESC_F_WRITE;
	if (i + 1 < count)
		flags |= VRING_DESC_F_NEXT;
	return (struct vring_desc){cpu_to_le64(sg[i].addr), cpu_to_le32(sg[i].bytes), cpu_to_le16(flags),
				   cpu_to_le16(i + 1 < count ? next : 0)};
}

/* Fills the table that belongs to head and points the descriptor at it. */
static void put_indirect(struct split *q, uint16_t head, const struct drv_sg *sg, unsigned readable, unsigned count)
{
	size_t first = (size_t)head * q->indirect;
	unsigned i;

	/* req: VN-e57a7116 no INDIRECT inside of the table; VN-167f51a5 entries in sequence */
	for (i = 0; i < count; i++)
		q->tables[first + i] = entry(sg, i, count, readable, (uint16_t)(i + 1));
	/* req: VN-ed33d8ba INDIRECT stands alone, without NEXT */
	q->desc[head] = (struct vring_desc){cpu_to_le64(q->tables_addr + first * sizeof(struct vring_desc)),
					    cpu_to_le32(count * (uint32_t)sizeof(struct vring_desc)),
					    cpu_to_le16(VRING_DESC_F_INDIRECT), cpu_to_le16(0)};
}

static void put_direct(struct split *q, uint16_t head, const struct drv_sg *sg, unsigned readable, unsigned count)
{
	uint16_t at = head;
	unsigned i;

	for (i = 0; i < count; i++) {
		q->desc[at] = entry(sg, i, count, readable, q->slots[at].next);
		at = q->slots[at].next;
	}
}

/*
 * Takes count descriptors off the free list, linked by slots[].next; returns the first.
 * req: VN-8ff23fc3 with IN_ORDER the list is the ring
 */
static uint16_t take_slots(struct split *q, uint16_t count)
{
	uint16_t head = q->free_head, i;

	for (i = 0; i < count; i++)
		q->free_head = q->slots[q->free_head].next;
	q->free_count -= count;
	return head;
}

static void give_slots(struct split *q, uint16_t head)
{
	uint16_t last = head, i;

	for (i = 1; i < q->slots[head].count; i++)
		last = q->slots[last].next;
	if (q->in_order) { /* the links stay those of the ring */
		q->oldest = q->slots[last].next;
	} else {
		q->slots[last].next = q->free_head;
		q->free_head = head;
	}
	q->free_count += q->slots[head].count;
	q->slots[head].count = 0;
	q->slots[head].token = NULL;
}

static int split_submit(struct drv_vq *vq, const struct drv_sg *sg, unsigned readable, unsigned writable, void *token)
{
	struct split *q = split_of(vq);
	unsigned count = readable + writable;
	bool indirect = count > 1 && count <= q->indirect;
	uint16_t head, need;
	uint32_t bytes;
	int err;

	if (vq->broken)
		return -ENODEV;
	if (count < readable || count > drv_vq_longest(vq, q->indirect) || (!indirect && count > vq->size))
		return -EMSGSIZE;
	err = drv_vq_check(sg, readable, writable, &bytes);
	if (err)
		return err;
	need = indirect ? 1 : (uint16_t)count;
	if (need > q->free_count)
		return -EAGAIN;
	/* req: VN-75ca5ce9 only descriptors of the free list are written */
	head = take_slots(q, need);
	q->slots[head].count = need;
	q->slots[head].writable = bytes;
	q->slots[head].token = token;
	/* req: VN-32d39309 indirect is 0 unless INDIRECT_DESC was negotiated */
	if (indirect)
		put_indirect(q, head, sg, readable, count);
	else
		put_direct(q, head, sg, readable, count);
	q->avail->ring[q->avail_idx & (vq->size - 1)] = cpu_to_le16(head);
	q->avail_idx++;
	vq->in_flight++;
	/* req: VN-b9e7e782 the entry is visible before the index; VN-634a1a8f the index only grows */
	store16_release(&q->avail->idx, q->avail_idx);
	return 0;
}

static bool wanted(const struct split *q)
{
	uint16_t event;

	/* req: VN-624c4d4c a full barrier between our index and the device's wish */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_idx) /* req: VN-4f3be6e8, VN-3d84b244, VN-b391f745 */
		return !(load16(&q->used->flags) & VRING_USED_F_NO_NOTIFY);
	/* req: VN-c547523f, VN-41f11d00, VN-d52586e7: whether the index passed avail_event since the last notify */
	event = load16(avail_event(q));
	return (uint16_t)(q->avail_idx - event - 1) < (uint16_t)(q->avail_idx - q->kicked);
}

static bool split_notify(struct drv_vq *vq)
{
	struct split *q = split_of(vq);
	bool kick;

	if (vq->broken || q->avail_idx == q->kicked)
		return false;
	kick = wanted(q);
	q->kicked = q->avail_idx;
	if (kick)
		drv_vq_tell(vq, q->avail_idx);
	return kick;
}

/* Buffers that the device used, or -EPROTO: more of them than it was given. */
static int used_count(struct split *q)
{
	uint16_t idx = load16_acquire(&q->used->idx), count = (uint16_t)(idx - q->used_idx);

	if (count > q->vq.in_flight)
		return broken(q);
	q->used_seen = idx;
	return count;
}

static int split_completions(struct drv_vq *vq)
{
	struct split *q = split_of(vq);
	int count;

	if (vq->broken)
		return -EPROTO;
	count = used_count(q);
	if (count || !q->event_idx)
		return count;
	/* Ask for a notification, then look again: the device may have used a buffer before it saw used_event. */
	store16(used_event(q), q->used_idx);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return used_count(q);
}

/* Takes what the next used element says. 0, -EAGAIN or -EPROTO. */
static int open_batch(struct split *q)
{
	struct vring_used_elem elem;
	uint32_t id, bytes;
	int count;

	/* What was there at the last look still is: the index is the device's busiest cache line. */
	if (q->used_seen == q->used_idx) {
		count = used_count(q);
		if (count <= 0)
			return count ? count : -EAGAIN;
	}
	memcpy(&elem, &q->used->ring[q->used_idx & (q->vq.size - 1)], sizeof(elem));
	id = le32_to_cpu(elem.id);
	bytes = le32_to_cpu(elem.len);
	if (id >= q->vq.size || !q->slots[id].count || bytes > q->slots[id].writable)
		return broken(q);
	q->batch = (struct drv_vq_batch){.bytes = bytes, .last = (uint16_t)id, .open = true};
	return 0;
}

static inline int take_done(struct split *q, struct drv_vq_done *done)
{
	uint16_t head;
	int err;

	if (!q->batch.open) {
		err = open_batch(q);
		if (err)
			return err;
	} else if (q->used_seen == q->used_idx) {
		return broken(q); /* the batch has more buffers than the index went on by */
	}
	head = q->in_order ? q->oldest : q->batch.last;
	q->batch.open = head != q->batch.last;
	*done = (struct drv_vq_done){q->slots[head].token, q->batch.open ? q->slots[head].writable : q->batch.bytes};
	give_slots(q, head);
	q->used_idx++;
	q->vq.in_flight--;
	return 0;
}

static int split_complete(struct drv_vq *vq, struct drv_vq_done *done)
{
	return vq->broken ? -EPROTO : take_done(split_of(vq), done);
}

/* Chains of one descriptor each that came back by themselves. Returns how many; the rest is take_done()'s. */
static unsigned take_plain(struct split *q, struct drv_vq_done *done, unsigned max)
{
	const struct vring_used_elem *ring = q->used->ring;
	uint16_t size = q->vq.size, used_idx = q->used_idx, head = q->free_head;
	uint16_t there = q->used_seen - used_idx;
	struct slot *slots = q->slots;
	unsigned count;

	for (count = 0; count < max && count < there; count++, used_idx++) {
		struct vring_used_elem elem;
		uint32_t id, bytes;

		memcpy(&elem, &ring[used_idx & (size - 1)], sizeof(elem));
		/* Read once, whatever the compiler makes of it. */
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		id = le32_to_cpu(elem.id);
		bytes = le32_to_cpu(elem.len);
		if (id >= size || slots[id].count != 1 || bytes > slots[id].writable)
			break;
		done[count] = (struct drv_vq_done){slots[id].token, bytes};
		slots[id].count = 0;
		slots[id].next = head;
		head = (uint16_t)id;
	}
	q->used_idx = used_idx;
	q->free_head = head;
	q->free_count += count;
	q->vq.in_flight -= count;
	return count;
}

static int split_complete_all(struct drv_vq *vq, struct drv_vq_done *done, unsigned max)
{
	struct split *q = split_of(vq);
	unsigned count = 0;
	int err = 0;

	if (vq->broken || used_count(q) < 0)
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

static int split_submit_all(struct drv_vq *vq, const struct drv_vq_plain *buffers, unsigned count, bool writable)
{
	struct split *q = split_of(vq);
	const le16 flags = cpu_to_le16(writable ? VRING_DESC_F_WRITE : 0);
	uint16_t mask = vq->size - 1, avail_idx = q->avail_idx, head = q->free_head;
	struct vring_desc *table = q->desc;
	struct slot *slots = q->slots;
	le16 *ring = q->avail->ring;
	unsigned i;

	if (vq->broken)
		return -ENODEV;
	if (!drv_vq_plain_ok(buffers, count))
		return -EINVAL;
	if (count > q->free_count) /* req: VN-75ca5ce9 */
		count = q->free_count;
	for (i = 0; i < count; i++, avail_idx++) {
		const struct drv_sg *sg = &buffers[i].sg;

		table[head] = (struct vring_desc){
			.addr = cpu_to_le64(sg->addr), .len = cpu_to_le32(sg->bytes), .flags = flags};
		ring[avail_idx & mask] = cpu_to_le16(head);
		slots[head].count = 1;
		slots[head].writable = writable ? sg->bytes : 0;
		slots[head].token = buffers[i].token;
		head = slots[head].next; /* req: VN-8ff23fc3 */
	}
	q->free_head = head;
	q->free_count -= count;
	q->avail_idx = avail_idx;
	vq->in_flight += count;
	/* req: VN-b9e7e782, VN-634a1a8f: one index for all of them */
	store16_release(&q->avail->idx, avail_idx);
	return (int)count;
}

static const struct drv_vq_ops split_ops = {
	.submit = split_submit,
	.notify = split_notify,
	.completions = split_completions,
	.complete = split_complete,
	.submit_all = split_submit_all,
	.complete_all = split_complete_all,
};

/* req: VN-303fb40a each part at its alignment; VN-522bb15c and the driver's flags are 0 from the allocation */
static bool alloc_areas(struct split *q)
{
	struct drv_vq *vq = &q->vq;
	size_t size = vq->size;

	q->slots = drv_vq_memory(vq, size * sizeof(*q->slots));
	q->desc = drv_vq_area(vq, size * sizeof(*q->desc), VRING_DESC_ALIGN, &vq->addr.desc);
	q->avail = drv_vq_area(vq, sizeof(*q->avail) + (size + 1) * sizeof(le16), VRING_AVAIL_ALIGN, &vq->addr.driver);
	q->used = drv_vq_area(vq, sizeof(*q->used) + size * sizeof(struct vring_used_elem) + sizeof(le16),
			      VRING_USED_ALIGN, &vq->addr.device);
	if (q->indirect)
		q->tables = drv_vq_area(vq, size * q->indirect * sizeof(*q->tables), VRING_DESC_ALIGN, &q->tables_addr);
	return q->slots && q->desc && q->avail && q->used && (!q->indirect || q->tables);
}

struct drv_vq *drv_vq_split_create(const struct drv_env *env, const struct drv_transport *transport,
				   const struct drv_vq_config *config)
{
	uint16_t size = config->size, i;
	struct drv_vq *vq;
	struct split *q;

	if (!size || size > VRING_MAX_SIZE || (size & (size - 1)))
		return NULL;
	vq = drv_vq_alloc(sizeof(*q), &split_ops, env, transport, config);
	if (!vq)
		return NULL;
	q = split_of(vq);
	q->indirect = config->indirect;
	q->event_idx = config->event_idx;
	q->in_order = config->in_order;
	if (!alloc_areas(q)) {
		drv_vq_destroy(vq);
		return NULL;
	}
	for (i = 0; i < size; i++)
		q->slots[i].next = (uint16_t)(i + 1 < size ? i + 1 : 0);
	q->free_count = size;
	return vq;
}
