/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed virtqueues, device side. virtio 1.4, 2.8.
 *
 * Driver and device write the same descriptors in turn. The one at seen_at is available when its flags say so for the
 * lap that seen_at is in; it is then copied, once, with the rest of its list, and everything is judged in the copy.
 * Used descriptors are written over available ones at used_at, whose first one is written last: until then the driver
 * sees none of them.
 *
 * Length, id and flags of a descriptor are 8 bytes at a multiple of 8, and are read and written at once.
 */
#include "vq.h"
#include <errno.h>
#include <string.h>

#define WORD_AT offsetof(struct vring_packed_desc, len)

static bool packed_size_ok(uint32_t size)
{
	return size && size <= VRING_MAX_SIZE;
}

static int packed_map(struct vq *vq)
{
	const uint64_t event = sizeof(struct vring_packed_event);
	bool again = vq->ops; /* the positions are those of a queue that works */

	if (vq->addr.desc % VRING_DESC_ALIGN || vq->addr.driver % VRING_PACKED_EVENT_ALIGN ||
	    vq->addr.device % VRING_PACKED_EVENT_ALIGN)
		return -EINVAL;
	vq->desc = mem_whole(vq->mem, vq->addr.desc, sizeof(struct vring_packed_desc) * (uint64_t)vq->size, true);
	vq->driver = mem_whole(vq->mem, vq->addr.driver, event, false);
	vq->device = mem_whole(vq->mem, vq->addr.device, event, true);
	if (!vq->desc || !vq->driver || !vq->device)
		return -EFAULT;
	/* They are accessed as units: a region mapped at an odd address cannot hold a ring. */
	if ((uintptr_t)vq->desc % sizeof(uint64_t) || (uintptr_t)vq->driver % VRING_PACKED_EVENT_ALIGN ||
	    (uintptr_t)vq->device % VRING_PACKED_EVENT_ALIGN)
		return -EINVAL;
	if (!again)
		vq->packed.avail_at = vq->packed.seen_at = vq->packed.used_at = vq->packed.signalled_at =
			VRING_PACKED_WRAP;
	return 0;
}

static inline uint8_t *desc_at(const struct vq *vq, uint16_t at)
{
	return vq->desc + sizeof(struct vring_packed_desc) * vring_packed_index(at);
}

/* Whether flags are those of an available descriptor at a position: AVAIL is the wrap counter, USED is not. */
static inline bool is_available(uint16_t flags, uint16_t at)
{
	return (flags & VRING_PACKED_DESC_F_LAP) == vring_packed_available(at);
}

static int spoilt(struct vq *vq, int error, const char *text)
{
	vq->packed.error = error;
	vq->packed.error_text = text;
	return error;
}

/* A descriptor as it was read. */
static inline void keep(const struct vq *vq, uint16_t at, le64 word)
{
	struct vring_packed_desc *copy = &vq->packed.copy[vring_packed_index(at)];

	memcpy(&copy->addr, desc_at(vq, at), sizeof(copy->addr));
	memcpy((uint8_t *)copy + WORD_AT, &word, sizeof(word));
}

static inline le64 read_word(const struct vq *vq, uint16_t at)
{
	return (le64){__atomic_load_n((const uint64_t *)(const void *)(desc_at(vq, at) + WORD_AT), __ATOMIC_ACQUIRE)};
}

/* Copies the descriptor at seen_at, number count of its list, and moves on. 1; 0: it is not available; -errno. */
static inline int see(struct vq *vq, uint32_t count, uint16_t *flags)
{
	le64 word = read_word(vq, vq->packed.seen_at);

	*flags = vring_packed_flags(word);
	if (!is_available(*flags, vq->packed.seen_at)) /* req: VN-b8bc0051 */
		return count ? spoilt(vq, -EPROTO, "a list is available, and a descriptor of it is not (VN-557a31bd)")
			     : 0;
	if (vq->packed.out == vq->size) /* the copy is of one that is still out */
		return spoilt(vq, -EPROTO, "a descriptor is available again and was not used (VN-d0245546)");
	keep(vq, vq->packed.seen_at, word);
	vq->packed.seen_at = vring_packed_next(vq->packed.seen_at, vq->size);
	vq->packed.out++;
	return 1;
}

/* Copies one list. 1; 0: there is none; -errno, to be told when it is its turn. */
static inline int see_list(struct vq *vq)
{
	uint32_t count = 0;
	uint16_t flags;
	int got;

	do {
		if (count && vq->packed.out == vq->size)
			return spoilt(vq, -ELOOP, "a list is longer than what is free of the queue (VN-f8a19752)");
		got = see(vq, count++, &flags);
	} while (got > 0 && (flags & VRING_DESC_F_NEXT));
	return got;
}

/*
 * Sees lists of one descriptor each, as most are; the rest is see_list()'s. What the loop needs is in locals, since for
 * all the compiler knows each store changes the queue.
 */
static void see_plain(struct vq *vq)
{
	uint16_t at = vq->packed.seen_at, size = vq->size;
	uint32_t room = size - vq->packed.out, count = 0;
	struct vring_packed_desc *copies = vq->packed.copy;
	const uint8_t *ring = vq->desc;

	for (; count < room; count++) {
		const uint8_t *from = ring + sizeof(*copies) * vring_packed_index(at);
		le64 word = {__atomic_load_n((const uint64_t *)(const void *)(from + WORD_AT), __ATOMIC_ACQUIRE)};
		uint16_t flags = vring_packed_flags(word);

		/* What is not taken here is none of the plain ones' business, and is read by who takes it. */
		if (!is_available(flags, at) || (flags & VRING_DESC_F_NEXT))
			break;
		memcpy(&copies[vring_packed_index(at)].addr, from, sizeof(copies->addr));
		memcpy((uint8_t *)&copies[vring_packed_index(at)] + WORD_AT, &word, sizeof(word));
		at = vring_packed_next(at, size);
	}
	vq->packed.seen_at = at;
	vq->packed.out += count;
	vq->seen += count;
}

/* req: VN-ed830c51 */
static int packed_look(struct vq *vq)
{
	if (!vq->packed.error)
		see_plain(vq);
	/* A ring holds no more lists than descriptors, so that this comes to an end. */
	while (!vq->packed.error && see_list(vq) > 0)
		vq->seen++;
	if (vq->packed.error && vq->seen == vq->next_avail)
		return vq_break(vq, vq->packed.error, vq->packed.error_text);
	return 0;
}

/* Of an entry of a table only the flag WRITE means anything. */
static int add_table(struct vq *vq, struct vq_chain *chain, const struct vring_packed_desc *desc)
{
	uint32_t entries;
	const uint8_t *table = vq_indirect_table(vq, le64_to_cpu(desc->addr), le32_to_cpu(desc->len), &entries);
	int error = table ? 0 : -EPROTO;

	if (!error && entries > vq_longest(vq))
		error = vq_break(vq, -ELOOP, "a table is longer than the queue (VN-55c6f3c9)");
	for (uint32_t i = 0; !error && i < entries; i++) {
		struct vring_packed_desc entry;

		memcpy(&entry, table + (size_t)i * sizeof(entry), sizeof(entry));
		/* The compiler must not come back for a second look. */
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		error = vq_add_buffer(vq, chain, le64_to_cpu(entry.addr), le32_to_cpu(entry.len),
				      le16_to_cpu(entry.flags) & VRING_DESC_F_WRITE);
	}
	return error;
}

/* req: VN-11457435: in the order of the list */
static int packed_pop(struct vq *vq, struct vq_chain *chain)
{
	uint16_t at = vq->packed.avail_at, flags;
	int error;

	*chain = (struct vq_chain){.iov = vq->iov};
	do {
		const struct vring_packed_desc *desc = &vq->packed.copy[vring_packed_index(at)];

		flags = le16_to_cpu(desc->flags);
		if (!(flags & VRING_DESC_F_INDIRECT))
			error = vq_add_buffer(vq, chain, le64_to_cpu(desc->addr), le32_to_cpu(desc->len),
					      flags & VRING_DESC_F_WRITE);
		else if (chain->places || (flags & VRING_DESC_F_NEXT))
			error = vq_break(vq, -EPROTO, "an indirect descriptor is in a list (VN-5a5c5c14)");
		else
			error = add_table(vq, chain, desc);
		if (error)
			return error;
		chain->places++;
		chain->id = le16_to_cpu(desc->id);
		at = vring_packed_next(at, vq->size);
	} while (flags & VRING_DESC_F_NEXT);
	vq->packed.avail_at = at;
	return 1;
}

static size_t packed_pop_plain(struct vq *vq, bool write, const uint32_t *least, struct vq_buffer *buffers, size_t max)
{
	const uint16_t which = VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT | VRING_DESC_F_WRITE;
	const uint16_t wanted = write ? VRING_DESC_F_WRITE : 0;
	uint16_t at = vq->packed.avail_at;
	size_t count = 0;

	for (; count < max; count++) {
		const struct vring_packed_desc *desc = &vq->packed.copy[vring_packed_index(at)];
		le64 word;
		uint8_t *data;

		memcpy(&word, (const uint8_t *)desc + WORD_AT, sizeof(word));
		data = vq_in_window(vq, le64_to_cpu(desc->addr), vring_packed_len(word), write);
		if ((vring_packed_flags(word) & which) != wanted || !data || vring_packed_len(word) < least[count])
			break;
		buffers[count] = (struct vq_buffer){data, vring_packed_len(word), vring_packed_id(word)};
		at = vring_packed_next(at, vq->size);
	}
	vq->packed.avail_at = at;
	return count;
}

static inline void put_used(uint8_t *ring, uint16_t at, const struct vq_done *done)
{
	uint16_t flags = vring_packed_used(at) | (done->bytes ? VRING_DESC_F_WRITE : 0);

	/* req: VN-553b0420: flags come with all the rest; the store releases what was written before it */
	__atomic_store_n(
		(uint64_t *)(void *)(ring + sizeof(struct vring_packed_desc) * vring_packed_index(at) + WORD_AT),
		vring_packed_word(done->bytes, done->id, flags).wire, __ATOMIC_RELEASE);
}

/* req: VN-83bebf7d */
static void packed_publish(struct vq *vq, uint16_t count)
{
	const struct vq_done *done = vq->done;
	uint16_t first = vq->packed.used_at, size = vq->size, at = vring_packed_forward(first, done->places, size);
	uint32_t places = done->places;
	uint8_t *ring = vq->desc;

	for (uint16_t i = 1; i < count; i++) {
		put_used(ring, at, &done[i]);
		places += done[i].places;
		at = vring_packed_forward(at, done[i].places, size);
	}
	put_used(ring, first, done);
	vq->packed.used_at = at;
	vq->packed.out -= places;
}

static bool packed_wants_interrupt(struct vq *vq)
{
	uint16_t old = vq->packed.signalled_at, new = vq->packed.used_at, off_wrap, flags;
	struct vring_packed_event event;
	uint32_t word, from, to, wanted;

	vq->packed.signalled_at = new;
	/* The descriptors have to be out before the driver's wish is read, or both sides may miss the other's. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	word = __atomic_load_n((const uint32_t *)(const void *)vq->driver, __ATOMIC_ACQUIRE);
	memcpy(&event, &word, sizeof(event));
	flags = le16_to_cpu(event.flags) & VRING_PACKED_EVENT_FLAGS;
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vq->event_idx)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	/* Positions on a line of two laps, that begins with the one of old: whether [from, to) has the one waited for.
	 */
	off_wrap = le16_to_cpu(event.off_wrap);
	from = vring_packed_index(old);
	to = vring_packed_index(new) + ((new ^ old) & VRING_PACKED_WRAP ? vq->size : 0);
	wanted = vring_packed_index(off_wrap) + ((off_wrap ^ old) & VRING_PACKED_WRAP ? vq->size : 0);
	return wanted >= from && wanted < to;
}

static void packed_want_kicks(struct vq *vq, bool on)
{
	struct vring_packed_event event = {.flags = cpu_to_le16(VRING_PACKED_EVENT_FLAG_DISABLE)};
	uint32_t word;

	if (on && vq->event_idx) {
		/* The next one to come, not the next one to take: whoever waits for more than there are took none. */
		event.off_wrap = cpu_to_le16(vq->packed.seen_at);
		event.flags = cpu_to_le16(VRING_PACKED_EVENT_FLAG_DESC);
	} else if (on) {
		event.flags = cpu_to_le16(VRING_PACKED_EVENT_FLAG_ENABLE);
	}
	memcpy(&word, &event, sizeof(word));
	__atomic_store_n((uint32_t *)(void *)vq->device, word, __ATOMIC_RELEASE);
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

const struct vq_ops vq_packed_ops = {
	.name = "packed",
	.size_ok = packed_size_ok,
	.map = packed_map,
	.look = packed_look,
	.pop = packed_pop,
	.pop_plain = packed_pop_plain,
	.publish = packed_publish,
	.wants_interrupt = packed_wants_interrupt,
	.want_kicks = packed_want_kicks,
};
