/* SPDX-License-Identifier: BSD-2-Clause */
#include "vq.h"
#include "virtio_ring.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECES_OF_BUFFER 64 /* on average */

int vq_init(struct vq *vq, const struct mem *mem, uint16_t max_size)
{
	*vq = (struct vq){.mem = mem, .max_size = max_size};
	/*
	 * A chain has at most max_size buffers, and each of them as many pieces as there are regions that it lies in.
	 * Never filled by an honest driver, so most of it never becomes memory.
	 */
	vq->iov_room = (size_t)max_size * PIECES_OF_BUFFER;
	vq->iov = calloc(vq->iov_room, sizeof(*vq->iov));
	vq->done = calloc(max_size, sizeof(*vq->done));
	vq->packed.copy = calloc(max_size, sizeof(*vq->packed.copy));
	if (vq->iov && vq->done && vq->packed.copy)
		return 0;
	vq_exit(vq);
	return -ENOMEM;
}

void vq_exit(struct vq *vq)
{
	free(vq->packed.copy);
	free(vq->done);
	free(vq->iov);
	*vq = (struct vq){0};
}

void vq_reset(struct vq *vq)
{
	/* req: VN-ec06d731 */
	*vq = (struct vq){.mem = vq->mem,
			  .max_size = vq->max_size,
			  .done = vq->done,
			  .packed = {.copy = vq->packed.copy},
			  .iov = vq->iov,
			  .iov_room = vq->iov_room};
}

int vq_enable(struct vq *vq, const struct vq_ops *ops, uint16_t size, const struct virtio_queue_addr *addr)
{
	int error;

	if (vq->ops || !size || size > vq->max_size || !ops->size_ok(size))
		return -EINVAL;
	vq->size = size;
	vq->addr = *addr;
	error = ops->map(vq);
	if (error)
		return error;
	vq->mem_generation = vq->mem->generation;
	vq->ops = ops;
	return 0;
}

int vq_break(struct vq *vq, int error, const char *text)
{
	vq->broken = true;
	vq->error = text;
	return error;
}

static bool map_again(struct vq *vq)
{
	if (vq->ops->map(vq))
		return false;
	vq->mem_generation = vq->mem->generation;
	vq->window = (struct mem_region){0};
	return true;
}

/* Whether the areas are where they were found; looks again when the memory map has changed. */
static inline bool there(struct vq *vq)
{
	return vq->mem_generation == vq->mem->generation || map_again(vq);
}

/* The same of a queue that is broken if they are not, by a function that can tell. 0 or -EFAULT. */
static inline int ready(struct vq *vq)
{
	return there(vq) ? 0
			 : vq_break(vq, -EFAULT,
				    "the memory of the queue's areas was taken away (VN-4b147623, with access_platform "
				    "VN-ffec5948)");
}

int vq_available(struct vq *vq)
{
	int error;

	if (!vq_usable(vq))
		return 0;
	error = ready(vq);
	if (!error)
		error = vq->ops->look(vq);
	return error ? error : (uint16_t)(vq->seen - vq->next_avail);
}

int vq_pop(struct vq *vq, struct vq_chain *chain)
{
	int got;

	if (!vq_usable(vq))
		return 0;
	got = ready(vq);
	if (got)
		return got;
	if (vq->next_avail == vq->seen) {
		got = vq->ops->look(vq);
		if (got)
			return got;
		if (vq->next_avail == vq->seen)
			return 0;
	}
	got = vq->ops->pop(vq, chain);
	vq->next_avail += got > 0;
	return got;
}

size_t vq_pop_plain(struct vq *vq, bool write, const uint32_t *least, struct vq_buffer *buffers, size_t max)
{
	uint16_t left = vq->seen - vq->next_avail;
	size_t count;

	if (!vq_usable(vq) || !vq->ops->pop_plain || vq->mem_generation != vq->mem->generation)
		return 0;
	count = vq->ops->pop_plain(vq, write, least, buffers, max < left ? max : left);
	vq->next_avail += count;
	return count;
}

int vq_fill(struct vq *vq, const struct vq_chain *chain, uint32_t bytes)
{
	if (!vq_usable(vq) || bytes > chain->writable_bytes || vq->filled >= (uint16_t)(vq->next_avail - vq->next_used))
		return -EINVAL;
	vq->done[vq->filled++] = (struct vq_done){
		.bytes = bytes, .places = chain->places, .id = chain->id, .whole = bytes == chain->writable_bytes};
	return 0;
}

/*
 * Makes one entry of each run of chains in vq->done all but the last of which are whole. Returns how many entries.
 * req: VN-93532eb5
 */
static uint16_t join_runs(struct vq *vq)
{
	struct vq_done *to = vq->done;

	for (uint16_t i = 1; i < vq->filled; i++) {
		uint32_t before = to->whole ? to->places : 0;

		if (!to->whole)
			to++;
		*to = vq->done[i];
		to->places += before;
	}
	return to - vq->done + 1;
}

uint32_t vq_filled_places(const struct vq *vq)
{
	uint32_t places = 0;

	for (uint16_t i = 0; i < vq->filled; i++)
		places += vq->done[i].places;
	return places;
}

bool vq_show(struct vq *vq)
{
	/* Of a broken queue too: what was done before it broke is done. */
	if (!vq->ops || !vq->filled || !there(vq))
		return false;
	vq->ops->publish(vq, vq->in_order ? join_runs(vq) : vq->filled);
	vq->next_used += vq->filled;
	vq->filled = 0;
	return true;
}

bool vq_wants_interrupt(struct vq *vq)
{
	return vq->ops && there(vq) && vq->ops->wants_interrupt(vq);
}

bool vq_publish(struct vq *vq)
{
	return vq_show(vq) && vq->ops->wants_interrupt(vq);
}

int vq_want_kicks(struct vq *vq, bool on)
{
	int error;

	if (!vq_usable(vq))
		return 0;
	error = ready(vq);
	if (!error && on)
		error = vq->ops->look(vq);
	if (error)
		return error;
	vq->kicks_off = !on;
	vq->ops->want_kicks(vq, on);
	return 0;
}

/* ---- for the formats ---- */

static void move_window(struct vq *vq, uint64_t addr)
{
	const struct mem_region *region = mem_region_of(vq->mem, addr);

	if (region)
		vq->window = *region;
}

int vq_add_buffer(struct vq *vq, struct vq_chain *chain, uint64_t addr, uint32_t len, bool write)
{
	size_t *pieces = write ? &chain->writable : &chain->readable;
	uint64_t left = len;

	if (!write && chain->writable)
		return vq_break(
			vq, -EPROTO,
			"a device-readable buffer follows a device-writable one (VN-72731f73, packed VN-ed627243)");
	if (len && addr > UINT64_MAX - (len - 1))
		return vq_break(vq, -EFAULT, "a buffer goes beyond the last address (VN-4b147623)");
	*(write ? &chain->writable_bytes : &chain->readable_bytes) += len;
	do {
		uint64_t piece = left;
		uint8_t *host = vq_in_window(vq, addr, left, write);

		if (!host) {
			host = mem_piece(vq->mem, addr, left, write, &piece);
			move_window(vq, addr);
		}
		if (!host)
			return vq_break(
				vq, -EFAULT,
				"a buffer is not in guest memory (VN-4b147623, with access_platform VN-ffec5948)");
		if (!left)
			break; /* an empty buffer: its address had to be one, more is not to be done */
		if (chain->readable + chain->writable == vq->iov_room)
			return vq_break(vq, -E2BIG, "a chain is in too many pieces (VN-524c1370)");
		vq->iov[chain->readable + chain->writable] = (struct iovec){host, piece};
		++*pieces;
		addr += piece;
		left -= piece;
	} while (left);
	return 0;
}

const uint8_t *vq_indirect_table(struct vq *vq, uint64_t addr, uint32_t len, uint32_t *entries)
{
	const uint8_t *table;

	if (!vq->indirect) {
		vq_break(
			vq, -EPROTO,
			"an indirect descriptor without VIRTIO_RING_F_INDIRECT_DESC (VN-32d39309, packed VN-bccf1ea9)");
		return NULL;
	}
	if (!len || len % sizeof(struct vring_desc)) {
		vq_break(vq, -EPROTO,
			 "an indirect table is not a whole number of descriptors (virtio 1.4, 2.7.5.3, packed 2.8.7)");
		return NULL;
	}
	table = mem_whole(vq->mem, addr, len, false);
	if (!table) {
		vq_break(vq, -EFAULT,
			 "an indirect table is not wholly in guest memory (VN-4b147623, with access_platform "
			 "VN-ffec5948)");
		return NULL;
	}
	*entries = len / sizeof(struct vring_desc);
	return table;
}
