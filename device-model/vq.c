/* SPDX-License-Identifier: BSD-2-Clause */
#include "vq.h"
#include "virtio_ring.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vq_init(struct vq *vq, const struct mem *mem, uint16_t max_size)
{
	*vq = (struct vq){.mem = mem, .max_size = max_size};
	/*
	 * A chain has at most max_size buffers and each lies in at most every region once. Never filled by an honest
	 * driver, so most of it never becomes memory.
	 */
	vq->iov_room = (size_t)max_size * MEM_REGIONS_MAX;
	vq->iov = calloc(vq->iov_room, sizeof(*vq->iov));
	return vq->iov ? 0 : -ENOMEM;
}

void vq_exit(struct vq *vq)
{
	free(vq->iov);
	*vq = (struct vq){0};
}

void vq_reset(struct vq *vq)
{
	/* req: VN-ec06d731 */
	*vq = (struct vq){.mem = vq->mem, .max_size = vq->max_size, .iov = vq->iov, .iov_room = vq->iov_room};
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

static int map_again(struct vq *vq)
{
	if (vq->ops->map(vq))
		return vq_break(vq, -EFAULT, "the memory of the queue's areas was taken away");
	vq->mem_generation = vq->mem->generation;
	return 0;
}

/* Whether the areas are where they were found; looks again when the memory map has changed. */
static inline int ready(struct vq *vq)
{
	return vq->mem_generation == vq->mem->generation ? 0 : map_again(vq);
}

int vq_available(struct vq *vq)
{
	int error;

	if (!vq_usable(vq))
		return 0;
	error = ready(vq);
	return error ? error : vq->ops->available(vq);
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
		got = vq->ops->available(vq);
		if (got <= 0)
			return got;
	}
	return vq->ops->pop(vq, chain);
}

int vq_fill(struct vq *vq, uint16_t id, uint32_t bytes)
{
	if (!vq_usable(vq) || ready(vq) || id >= vq->size || vq->filled >= vq->size)
		return -EINVAL;
	vq->ops->fill(vq, id, bytes);
	vq->filled++;
	return 0;
}

bool vq_publish(struct vq *vq)
{
	/* The end of a batch: the next one looks at the driver's index again. */
	vq->seen = vq->next_avail;
	/* Of a broken queue too: what was done before it broke is done. */
	if (!vq->ops || !vq->filled || ready(vq))
		return false;
	vq->ops->publish(vq);
	vq->next_used += vq->filled;
	vq->filled = 0;
	return vq->ops->wants_interrupt(vq);
}

int vq_want_kicks(struct vq *vq, bool on)
{
	int error;

	if (!vq_usable(vq))
		return 0;
	error = ready(vq);
	if (error)
		return error;
	vq->kicks_off = !on;
	vq->ops->want_kicks(vq, on);
	return 0;
}
