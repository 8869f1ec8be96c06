/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue as the driver sees it, whatever its format: submit buffers, notify the device, ask for completions, take
 * them. What the device writes to the queue is checked before it is used; a queue that it wrote nonsense to is broken
 * for good, until the device is reset.
 */
#ifndef GUEST_DRIVER_VQ_H
#define GUEST_DRIVER_VQ_H

#include "env.h"
#include "transport.h"

/* A piece of a buffer: device address and bytes. */
struct drv_sg {
	uint64_t addr;
	uint32_t bytes;
};

struct drv_vq_done {
	void *token;    /* as given to submit */
	uint32_t bytes; /* that the device says it wrote; at most the writable bytes that were submitted */
};

/* A buffer of one piece. */
struct drv_vq_plain {
	struct drv_sg sg;
	void *token;
};

struct drv_vq;

struct drv_vq_ops {
	int (*submit)(struct drv_vq *vq, const struct drv_sg *sg, unsigned readable, unsigned writable, void *token);
	bool (*notify)(struct drv_vq *vq);
	int (*completions)(struct drv_vq *vq);
	int (*complete)(struct drv_vq *vq, struct drv_vq_done *done);
	int (*submit_all)(struct drv_vq *vq, const struct drv_vq_plain *buffers, unsigned count, bool writable);
	int (*complete_all)(struct drv_vq *vq, struct drv_vq_done *done, unsigned max);
};

struct drv_vq {
	const struct drv_vq_ops *ops;
	const struct drv_env *env;
	const struct drv_transport *transport;
	struct drv_queue_addr addr; /* for queue_enable() */
	uint16_t index;
	uint16_t size;      /* descriptors */
	uint16_t in_flight; /* buffers that the device holds */
	uint16_t notif_id;  /* what notifications call the queue: the index unless VIRTIO_F_NOTIF_CONFIG_DATA */
	bool notif_data;    /* VIRTIO_F_NOTIFICATION_DATA */
	bool broken;
	void *memory[2], *areas[4]; /* of drv_vq_memory() and drv_vq_area(); NULL: none yet */
};

struct drv_vq_config {
	uint16_t index;
	uint16_t size; /* descriptors, up to 32768; of a split queue a power of two */
	bool event_idx;
	bool in_order;
	/* Entries of the indirect table that each buffer may use; 0: INDIRECT_DESC was not negotiated, or is not
	 * wanted. */
	uint16_t indirect;
};

/* A queue in its initial state, not yet enabled. env and transport outlive it. NULL: no memory, or size out of range.
 */
struct drv_vq *drv_vq_split_create(const struct drv_env *env, const struct drv_transport *transport,
				   const struct drv_vq_config *config);
struct drv_vq *drv_vq_packed_create(const struct drv_env *env, const struct drv_transport *transport,
				    const struct drv_vq_config *config);

/* Frees the queue; the device must have been reset. Takes NULL. */
void drv_vq_destroy(struct drv_vq *vq);

/*
 * Makes one buffer available: sg[0..readable) for the device to read, then sg[readable..readable + writable) for it to
 * write. The memory is the device's until the buffer completes. 0; -EAGAIN: no room now; -EINVAL: an empty buffer or
 * 4 GiB and more; -EMSGSIZE: more pieces than the queue can ever take; -ENODEV: broken.
 */
static inline int drv_vq_submit(struct drv_vq *vq, const struct drv_sg *sg, unsigned readable, unsigned writable,
				void *token)
{
	return vq->ops->submit(vq, sg, readable, writable, token);
}

/* Notifies the device of what was submitted since the last call, if it wants to know. Returns whether it did. */
static inline bool drv_vq_notify(struct drv_vq *vq)
{
	return vq->ops->notify(vq);
}

/*
 * For the formats: sends the notification. next: where the next buffer will be made available, as
 * VIRTIO_F_NOTIFICATION_DATA has it: split: the available index; packed: the offset, and the wrap counter as bit 15.
 */
static inline void drv_vq_tell(const struct drv_vq *vq, uint16_t next)
{
	uint32_t data = vq->notif_id;

	if (vq->notif_data)
		data |= (uint32_t)next << 16;
	vq->transport->ops->notify(vq->transport->ctx, vq->index, data);
}

/*
 * Whether buffers wait to be taken back: how many do, at least. 0 asks the device for a notification when the next one
 * comes. -EPROTO: the device wrote an impossible index; the queue is broken.
 */
static inline int drv_vq_completions(struct drv_vq *vq)
{
	return vq->ops->completions(vq);
}

/* Takes one buffer back. 0; -EAGAIN: there is none; -EPROTO: the device wrote nonsense; the queue is broken. */
static inline int drv_vq_complete(struct drv_vq *vq, struct drv_vq_done *done)
{
	return vq->ops->complete(vq, done);
}

/*
 * The same for many buffers, each of one piece that the device is to write, or to read. Returns how many there was room
 * for, in their order; -EINVAL, -ENODEV as above, with none made available.
 */
static inline int drv_vq_submit_all(struct drv_vq *vq, const struct drv_vq_plain *buffers, unsigned count,
				    bool writable)
{
	return vq->ops->submit_all(vq, buffers, count, writable);
}

/* Takes up to max buffers back. Returns how many, 0: there is none; or -EPROTO. */
static inline int drv_vq_complete_all(struct drv_vq *vq, struct drv_vq_done *done, unsigned max)
{
	return vq->ops->complete_all(vq, done, max);
}

/* ---- for the formats ---- */

/* A queue without areas, in a format's struct of so many bytes: its first member. NULL: no memory. */
struct drv_vq *drv_vq_alloc(size_t bytes, const struct drv_vq_ops *ops, const struct drv_env *env,
			    const struct drv_transport *transport, const struct drv_vq_config *config);

/* Zeroed memory of the driver's own that the queue keeps until drv_vq_destroy(). NULL: none. */
void *drv_vq_memory(struct drv_vq *vq, size_t bytes);

/* The same that the device can reach, at *addr, a multiple of align. */
void *drv_vq_area(struct drv_vq *vq, size_t bytes, size_t align, uint64_t *addr);

/* Whether buffers of one piece can be submitted. */
static inline bool drv_vq_plain_ok(const struct drv_vq_plain *buffers, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (!buffers[i].sg.bytes)
			return false;
	return true;
}

/* With IN_ORDER the device names the last buffer of several that it has used: those before it were used wholly. */
struct drv_vq_batch {
	uint32_t bytes; /* written to the last one */
	uint16_t last;  /* its id or head, which is in flight */
	bool open;      /* some of them are not taken yet */
};

/*
 * Checks a buffer's pieces. *bytes: of the writable ones. 0; -EINVAL: none, or 4 GiB and more in all.
 * req: VN-471a36d3 a chain stays below 2^32 bytes
 */
int drv_vq_check(const struct drv_sg *sg, unsigned readable, unsigned writable, uint32_t *bytes);

/*
 * The longest chain. req: VN-4cdfe746 no longer than the queue - except that two entries are always allowed in an
 * indirect table: a control command needs a readable and a writable one, and could never be sent to a queue of size 1.
 */
static inline unsigned drv_vq_longest(const struct drv_vq *vq, uint16_t indirect)
{
	return indirect && vq->size < 2 ? 2 : vq->size;
}

#endif
