/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues, device side. virtio 1.4, 2.7.
 *
 * The driver writes the ring while the device reads it. Every field is read once, into a local, and judged there. Index
 * fields are loaded with acquire order, so that what they announce is read afterwards, and stored with release order.
 */
#include "virtio_ring.h"
#include "vq.h"
#include <errno.h>
#include <string.h>

struct areas {
	uint64_t desc, driver, device; /* bytes */
};

static struct areas area_bytes(uint16_t size)
{
	return (struct areas){
		.desc = sizeof(struct vring_desc) * (uint64_t)size,
		.driver = sizeof(struct vring_avail) + sizeof(le16) * ((uint64_t)size + 1),
		.device = sizeof(struct vring_used) + sizeof(struct vring_used_elem) * (uint64_t)size + sizeof(le16),
	};
}

static bool split_size_ok(uint32_t size)
{
	return size && size <= VRING_MAX_SIZE && !(size & (size - 1));
}

static int split_map(struct vq *vq)
{
	struct areas bytes = area_bytes(vq->size);

	if (vq->addr.desc % VRING_DESC_ALIGN || vq->addr.driver % VRING_AVAIL_ALIGN ||
	    vq->addr.device % VRING_USED_ALIGN)
		return -EINVAL;
	vq->desc = mem_whole(vq->mem, vq->addr.desc, bytes.desc, false);
	vq->driver = mem_whole(vq->mem, vq->addr.driver, bytes.driver, false);
	vq->device = mem_whole(vq->mem, vq->addr.device, bytes.device, true);
	if (!vq->desc || !vq->driver || !vq->device)
		return -EFAULT;
	/* Index fields are accessed as 16-bit units: a region mapped at an odd address cannot hold a ring. */
	if ((uintptr_t)vq->driver % VRING_AVAIL_ALIGN || (uintptr_t)vq->device % VRING_USED_ALIGN)
		return -EINVAL;
	return 0;
}

/* A 16-bit field of a ring, read once; what the driver wrote before it is seen afterwards. */
static uint16_t load16(const uint8_t *at)
{
	return le16_to_cpu((le16){__atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE)});
}

static void store16(uint8_t *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)at, cpu_to_le16(value).wire, __ATOMIC_RELEASE);
}

static uint8_t *avail_entry(const struct vq *vq, uint16_t i)
{
	return vq->driver + offsetof(struct vring_avail, ring) + sizeof(le16) * i;
}

static uint8_t *used_entry(const struct vq *vq, uint16_t i)
{
	return vq->device + offsetof(struct vring_used, ring) + sizeof(struct vring_used_elem) * i;
}

static uint8_t *used_event(const struct vq *vq)
{
	return avail_entry(vq, vq->size);
}

static uint8_t *avail_event(const struct vq *vq)
{
	return used_entry(vq, vq->size);
}

static int split_look(struct vq *vq)
{
	uint16_t idx = load16(vq->driver + offsetof(struct vring_avail, idx));

	/* What the driver made available and has not got back can't be more than the queue holds. */
	if ((uint16_t)(idx - vq->next_used) > vq->size || (uint16_t)(idx - vq->next_avail) > vq->size)
		return vq_break(vq, -EPROTO, "the available index is ahead by more than the queue holds (VN-634a1a8f)");
	vq->seen = idx;
	return 0;
}

static struct vring_desc read_desc(const uint8_t *table, uint32_t i)
{
	struct vring_desc desc;

	memcpy(&desc, table + (size_t)i * sizeof(desc), sizeof(desc));
	/* The compiler must not come back for a second look. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return desc;
}

/* Walks the chain that begins with desc. Each step either takes a buffer, of which there is a limited number, or enters
 * the one table. */
static int walk(struct vq *vq, struct vring_desc desc, struct vq_chain *chain)
{
	const uint8_t *table = vq->desc;
	uint32_t entries = vq->size, i, buffers = 0;
	bool inside = false; /* of an indirect table, which may well lie where the descriptor area lies */
	int error;

	for (;; desc = read_desc(table, i)) {
		uint16_t flags = le16_to_cpu(desc.flags);

		if (flags & VRING_DESC_F_INDIRECT) {
			/* req: VN-74494a8b, VN-89fbd498 */
			if (inside)
				return vq_break(vq, -EPROTO,
						"an indirect descriptor inside of an indirect table (VN-e57a7116)");
			if (flags & VRING_DESC_F_NEXT)
				return vq_break(vq, -EPROTO, "an indirect descriptor has a next one (VN-ed33d8ba)");
			table = vq_indirect_table(vq, le64_to_cpu(desc.addr), le32_to_cpu(desc.len), &entries);
			if (!table)
				return -EPROTO;
			inside = true;
			i = 0;
			continue;
		}
		if (buffers++ == vq_longest(vq))
			return vq_break(vq, -ELOOP, "a chain is longer than the queue (VN-4cdfe746)");
		error = vq_add_buffer(vq, chain, le64_to_cpu(desc.addr), le32_to_cpu(desc.len),
				      flags & VRING_DESC_F_WRITE);
		if (error)
			return error;
		if (!(flags & VRING_DESC_F_NEXT))
			return 0;
		i = le16_to_cpu(desc.next);
		if (i >= entries)
			return vq_break(vq, -EPROTO,
					"a descriptor's index is outside of its table (virtio 1.4, 2.7.5)");
	}
}

/* The chain at a place of the available ring, read once even if it is looked at twice. */
static struct vq_split first_of(const struct vq *vq, uint16_t at)
{
	struct vq_split first = {.held = true, .at = at};

	if (vq->split.held && vq->split.at == at)
		return vq->split;
	first.head = load16(avail_entry(vq, at & (vq->size - 1)));
	if (first.head < vq->size)
		first.desc = read_desc(vq->desc, first.head);
	return first;
}

static int split_pop(struct vq *vq, struct vq_chain *chain)
{
	struct vq_split first = first_of(vq, vq->next_avail);
	int error;

	vq->split.held = false;
	if (first.head >= vq->size)
		return vq_break(vq, -EPROTO,
				"the available ring names a descriptor that does not exist (virtio 1.4, 2.7.6)");
	*chain = (struct vq_chain){.iov = vq->iov, .places = 1, .id = first.head};
	error = walk(vq, first.desc, chain);
	return error ? error : 1;
}

static size_t split_pop_plain(struct vq *vq, bool write, const uint32_t *least, struct vq_buffer *buffers, size_t max)
{
	const uint16_t which = VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT | VRING_DESC_F_WRITE;
	const uint16_t wanted = write ? VRING_DESC_F_WRITE : 0;
	size_t count = 0;

	for (; count < max; count++) {
		struct vq_split first = first_of(vq, vq->next_avail + count);
		uint32_t bytes = le32_to_cpu(first.desc.len);
		uint8_t *data = vq_in_window(vq, le64_to_cpu(first.desc.addr), bytes, write);

		vq->split.held = false;
		if (first.head >= vq->size || (le16_to_cpu(first.desc.flags) & which) != wanted || !data ||
		    bytes < least[count]) {
			vq->split = first; /* it was read */
			break;
		}
		buffers[count] = (struct vq_buffer){data, bytes, first.head};
	}
	return count;
}

static void split_publish(struct vq *vq, uint16_t count)
{
	uint16_t at = vq->next_used;

	for (uint16_t i = 0; i < count; i++) {
		const struct vq_done *done = &vq->done[i];
		struct vring_used_elem elem = {.id = cpu_to_le32(done->id), .len = cpu_to_le32(done->bytes)};

		/* req: VN-1721a360. Of a run of chains the first place has the last one's head. */
		memcpy(used_entry(vq, at & (vq->size - 1)), &elem, sizeof(elem));
		at += done->places;
	}
	/* req: VN-abd3a588: the store releases every write to the buffers */
	store16(vq->device + offsetof(struct vring_used, idx), at);
}

static bool split_wants_interrupt(struct vq *vq)
{
	uint16_t old = vq->signalled, event;

	vq->signalled = vq->next_used;
	/* The index has to be out before the driver's wish is read, or both sides may miss the other's. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx) /* req: VN-316c9a14, VN-bae4f3d8, VN-fc47f73c */
		return !(load16(vq->driver + offsetof(struct vring_avail, flags)) & VRING_AVAIL_F_NO_INTERRUPT);
	/* req: VN-6bc6c002, VN-aa8a1839, VN-47d3309a: one of the entries old to next_used - 1 is the one that the
	 * driver waits for */
	event = load16(used_event(vq));
	return (uint16_t)(event - old) < (uint16_t)(vq->next_used - old);
}

static void split_want_kicks(struct vq *vq, bool on)
{
	if (!vq->event_idx) {
		/* req: VN-d8025a92, VN-29760ab9 */
		store16(vq->device + offsetof(struct vring_used, flags), on ? 0 : VRING_USED_F_NO_NOTIFY);
	} else if (on) {
		/*
		 * req: VN-dc045bf7, VN-561f2ad6: flags stay 0; off is the event's staying behind. The next one to come,
		 * not the next one to take: whoever waits for more than there are did not take any.
		 */
		store16(avail_event(vq), vq->seen);
	}
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

const struct vq_ops vq_split_ops = {
	.name = "split",
	.size_ok = split_size_ok,
	.map = split_map,
	.look = split_look,
	.pop = split_pop,
	.pop_plain = split_pop_plain,
	.publish = split_publish,
	.wants_interrupt = split_wants_interrupt,
	.want_kicks = split_want_kicks,
};
