/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue, device side. The device takes chains of buffers, fills them, and publishes them; which ring format lies
 * below is the business of a const table of operations.
 *
 * Theory of operation. A chain that vq_pop() returned is the device's until it is handed to vq_fill(). What was filled
 * reaches the driver with vq_publish(), all at once. vq_mark() remembers a state and vq_rewind() goes back to it,
 * provided nothing was published in between: chains popped are available again, fills are forgotten. (A device may
 * write to a buffer that it does not use yet, so a frame that finds too few buffers leaves no trace.)
 *
 * A driver that breaks the rules breaks its queue: the function that noticed returns -errno, vq->broken is set,
 * vq->error says why, and every later call on the queue is refused until vq_reset(). Telling the driver is the caller's
 * part.
 */
#ifndef DEVICE_MODEL_VQ_H
#define DEVICE_MODEL_VQ_H

#include "iov.h"
#include "mem.h"
#include "virtio.h"

struct vq;

/* The pieces of one chain, in this process: readable ones first. They live in the queue, until its next vq_pop(). */
struct vq_chain {
	const struct iovec *iov;
	size_t readable; /* pieces */
	size_t writable; /* pieces, behind the readable ones */
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	uint16_t id; /* what the format needs to give it back */
};

static inline struct iov_cursor vq_chain_in(const struct vq_chain *chain)
{
	return iov_cursor(chain->iov, chain->readable);
}

static inline struct iov_cursor vq_chain_out(const struct vq_chain *chain)
{
	return iov_cursor(chain->iov + chain->readable, chain->writable); /* req: VN-76316d56, XO-024 */
}

/* Where a queue stands; wrap counters of the packed format will be here too. */
struct vq_mark {
	uint16_t next_avail;
	uint16_t filled;
};

struct vq_ops {
	const char *name;
	/* Whether size is one of this format's. */
	bool (*size_ok)(uint32_t size);
	/* Finds the areas at vq->addr. 0, -EINVAL: alignment; -EFAULT: not in guest memory. */
	int (*map)(struct vq *vq);
	int (*available)(struct vq *vq);
	int (*pop)(struct vq *vq, struct vq_chain *chain);
	void (*fill)(struct vq *vq, uint16_t id, uint32_t bytes);
	void (*publish)(struct vq *vq);
	bool (*wants_interrupt)(struct vq *vq);
	void (*want_kicks)(struct vq *vq, bool on);
};

extern const struct vq_ops vq_split_ops;

struct vq {
	const struct vq_ops *ops; /* NULL: not enabled */
	const struct mem *mem;    /* the transport's */
	uint32_t mem_generation;  /* of mem when the areas were found */
	uint16_t max_size;        /* descriptors */
	uint16_t size;
	bool indirect, event_idx; /* features negotiated */
	bool kicked;              /* notified since the device last looked */
	bool kicks_off;           /* the driver was told not to notify */
	bool broken;
	const char *error; /* why, if broken: static */
	struct virtio_queue_addr addr;
	uint8_t *desc, *driver, *device; /* the areas, in this process */
	uint16_t next_avail;             /* free-running position of the next chain to take */
	uint16_t seen;                   /* chains before it are known to be there: looked up once per batch */
	uint16_t next_used;              /* free-running position of the next used entry to publish */
	uint16_t filled;                 /* entries written and not published */
	uint16_t signalled;              /* next_used when the driver's wish for interrupts was last looked at */
	struct iovec *iov;               /* room for the pieces of one chain */
	size_t iov_room;
};

/* A queue of at most max_size descriptors, not enabled. 0 or -ENOMEM. */
int vq_init(struct vq *vq, const struct mem *mem, uint16_t max_size);
/* Frees what vq_init() took. */
void vq_exit(struct vq *vq);
/* Back to the state after vq_init(): nothing is known of the driver's ring any more. */
void vq_reset(struct vq *vq);

/*
 * Starts a queue of size descriptors whose areas are at addr. 0; -EINVAL: size or alignment out of range, or already
 * enabled; -EFAULT: an area is not wholly in guest memory.
 */
int vq_enable(struct vq *vq, const struct vq_ops *ops, uint16_t size, const struct virtio_queue_addr *addr);

/* Whether it was enabled and works. */
static inline bool vq_usable(const struct vq *vq)
{
	return vq->ops && !vq->broken;
}

/* Chains that are there to be popped, or -errno: the driver broke the rules. 0 on a queue that is not usable. */
int vq_available(struct vq *vq);

/*
 * Takes the next chain. 1; 0: there is none; -EPROTO: broken rules; -EFAULT: an address that is not guest memory;
 * -ELOOP: more descriptors than the queue has.
 */
int vq_pop(struct vq *vq, struct vq_chain *chain);

static inline struct vq_mark vq_mark(const struct vq *vq)
{
	return (struct vq_mark){.next_avail = vq->next_avail, .filled = vq->filled};
}

static inline void vq_rewind(struct vq *vq, struct vq_mark mark)
{
	vq->next_avail = mark.next_avail;
	vq->filled = mark.filled;
}

/*
 * Gives a chain back, with bytes written to its writable part: the whole of them, from its first byte on. 0; -EINVAL:
 * no such chain was out.
 */
int vq_fill(struct vq *vq, uint16_t id, uint32_t bytes);

/* Shows the driver what was filled. Whether it wants a notification for that. */
bool vq_publish(struct vq *vq);

/*
 * Tells the driver whether the device wants to be notified of new chains. After turning it on, look at vq_available()
 * again: one may have come in between. 0, also on a queue that is not usable; -EFAULT: its memory is gone.
 */
int vq_want_kicks(struct vq *vq, bool on);

/* Marks the queue broken. Returns -errno as given. */
int vq_break(struct vq *vq, int error, const char *text);

#endif
