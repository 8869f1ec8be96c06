/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue, device side. The device takes chains of buffers, fills them, and publishes them; which ring format lies
 * below is the business of a const table of operations.
 *
 * Theory of operation. A chain that vq_pop() returned is the device's until it is handed to vq_fill(). What was filled
 * is noted in the queue's own memory (struct vq_done) and reaches the driver with vq_publish(), all at once. vq_mark()
 * remembers a state and vq_rewind() goes back to it, provided nothing was published in between: chains popped are
 * available again, fills are forgotten. (A device may write to a buffer that it does not use yet, so a frame that finds
 * too few buffers leaves no trace.)
 *
 * Chains are filled in the order in which they were popped. That is all that IN_ORDER asks for; where it was
 * negotiated, vq_publish() writes one entry for a run of chains that were used to their last byte.
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
#include "virtio_ring.h"

struct vq;

/* The pieces of one chain, in this process: readable ones first. They live in the queue, until its next vq_pop(). */
struct vq_chain {
	const struct iovec *iov;
	size_t readable; /* pieces */
	size_t writable; /* pieces, behind the readable ones */
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	uint32_t places; /* of the ring that it takes: descriptors of a packed one, an entry of a split one */
	uint16_t id;     /* what the format needs to give it back */
};

static inline struct iov_cursor vq_chain_in(const struct vq_chain *chain)
{
	return iov_cursor(chain->iov, chain->readable);
}

static inline struct iov_cursor vq_chain_out(const struct vq_chain *chain)
{
	return iov_cursor(chain->iov + chain->readable, chain->writable); /* req: VN-76316d56, XO-024 */
}

/* A chain that was filled and not published yet. */
struct vq_done {
	uint32_t bytes;  /* written */
	uint32_t places; /* with IN_ORDER those of all chains of the run */
	uint16_t id;
	bool whole; /* every byte that could be written was */
};

/* A chain of one buffer, all of it in one piece and for one direction. */
struct vq_buffer {
	uint8_t *data;
	uint32_t bytes;
	uint16_t id; /* as in struct vq_chain */
};

/* Where a queue stands. */
struct vq_mark {
	uint16_t next_avail;
	uint16_t avail_at;
	uint16_t filled;
};

struct vq_ops {
	const char *name;
	/* Whether size is one of this format's. */
	bool (*size_ok)(uint32_t size);
	/* Finds the areas at vq->addr. 0, -EINVAL: alignment; -EFAULT: not in guest memory. */
	int (*map)(struct vq *vq);
	/* Looks for chains: vq->seen. 0 or -errno. */
	int (*look)(struct vq *vq);
	/* Takes the next of those that were seen. 1 or -errno. */
	int (*pop)(struct vq *vq, struct vq_chain *chain);
	/* Takes chains as vq_pop_plain() does, of those that were seen. NULL: there is no such short way. */
	size_t (*pop_plain)(struct vq *vq, bool write, const uint32_t *least, struct vq_buffer *buffers, size_t max);
	/* Writes the first count of vq->done. */
	void (*publish)(struct vq *vq, uint16_t count);
	/* Whether the driver wants to hear of what was published just now. */
	bool (*wants_interrupt)(struct vq *vq);
	/* Of the chains behind those seen, if on. */
	void (*want_kicks)(struct vq *vq, bool on);
};

extern const struct vq_ops vq_split_ops, vq_packed_ops;

/*
 * What only the packed format has. Positions are a descriptor's index with the ring wrap counter in the highest bit.
 * Descriptors are copied when they are seen, so that each is read once, and is where it was after a rewind.
 */
struct vq_packed {
	struct vring_packed_desc *copy; /* room for max_size: as read at the same index */
	uint16_t avail_at;              /* of the next chain to take */
	uint16_t seen_at;               /* of the next descriptor to look at */
	uint16_t used_at;               /* of the next descriptor to write */
	uint16_t signalled_at;          /* used_at when the driver's wish for interrupts was last looked at */
	uint32_t out;                   /* descriptors from used_at to seen_at */
	int error; /* of the chain at seen_at, once those before it are taken: -errno, with its text */
	const char *error_text;
};

/* What only the split format has: the chain at a place of the available ring, looked at before it is taken. */
struct vq_split {
	bool held;
	uint16_t at, head;
	struct vring_desc desc; /* the head's, if there is such a one */
};

struct vq {
	const struct vq_ops *ops;   /* NULL: not enabled */
	struct strict_queue *watch; /* of strict.h; NULL: nobody watches the driver */
	const struct mem *mem;      /* the transport's */
	uint32_t mem_generation;    /* of mem when the areas and the window were found */
	struct mem_region window;   /* of mem: where the last buffer was that was looked up; bytes 0: none was */
	uint16_t max_size;          /* descriptors */
	uint16_t size;
	bool indirect, event_idx, in_order; /* features negotiated */
	bool kicked;                        /* notified since the device last looked */
	bool kicks_off;                     /* the driver was told not to notify */
	bool in_reset;                      /* the driver reset it by itself, and has not enabled it again */
	bool broken;
	const char *error; /* why, if broken: static */
	struct virtio_queue_addr addr;
	uint8_t *desc, *driver, *device; /* the areas, in this process */
	uint16_t next_avail;             /* chains taken, ever: wraps */
	uint16_t seen;                   /* the same of those that are known to be there: looked up once per batch */
	uint16_t next_used;              /* the same of those published */
	uint16_t signalled;              /* next_used when the driver's wish for interrupts was last looked at */
	uint16_t filled;                 /* entries of done */
	struct vq_done *done;            /* room for max_size */
	struct vq_split split;
	struct vq_packed packed;
	struct iovec *iov; /* room for the pieces of one chain */
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

/*
 * Takes up to max chains of those that were seen (vq_available(), vq_pop()), as long as they are plain buffers that the
 * device may write to, or read from, of at least least[] bytes each. Returns how many; 0: the next chain is none of
 * these, and vq_pop()'s.
 */
size_t vq_pop_plain(struct vq *vq, bool write, const uint32_t *least, struct vq_buffer *buffers, size_t max);

static inline struct vq_mark vq_mark(const struct vq *vq)
{
	return (struct vq_mark){.next_avail = vq->next_avail, .avail_at = vq->packed.avail_at, .filled = vq->filled};
}

static inline void vq_rewind(struct vq *vq, struct vq_mark mark)
{
	vq->next_avail = mark.next_avail;
	vq->packed.avail_at = mark.avail_at;
	vq->filled = mark.filled;
}

/*
 * Gives a chain back, with bytes written to its writable part: the whole of them, from its first byte on. 0; -EINVAL:
 * there are not that many, or more chains are given back than were out.
 */
int vq_fill(struct vq *vq, const struct vq_chain *chain, uint32_t bytes);

/*
 * The same for the chains of a vq_pop_plain(), in their order; bytes: no more than each buffer has; NULL: they were to
 * be read.
 */
static inline void vq_fill_plain(struct vq *vq, const struct vq_buffer *buffers, const uint32_t *bytes, size_t count)
{
	struct vq_done *done = vq->done + vq->filled;

	for (size_t i = 0; i < count; i++)
		done[i] = (struct vq_done){.bytes = bytes ? bytes[i] : 0,
					   .places = 1,
					   .id = buffers[i].id,
					   .whole = !bytes || bytes[i] == buffers[i].bytes};
	vq->filled += count;
}

/* Places of the ring that what was filled takes. */
uint32_t vq_filled_places(const struct vq *vq);
/* Shows the driver what was filled. Whether there was anything, and the areas are still there: if not, functions that
 * return an error will. */
bool vq_show(struct vq *vq);
/* Whether the driver wants a notification for what was shown since it was asked last, which takes no more places than
 * the ring has. */
bool vq_wants_interrupt(struct vq *vq);
/* Shows the driver what was filled. Whether it wants a notification for that. */
bool vq_publish(struct vq *vq);

/*
 * Tells the driver whether the device wants to be notified of new chains. After turning it on, look at vq_available()
 * again: one may have come in between. 0, also on a queue that is not usable; -errno: it broke.
 */
int vq_want_kicks(struct vq *vq, bool on);

/* Marks the queue broken. Returns error, a -errno. */
int vq_break(struct vq *vq, int error, const char *text);

/* ---- for the formats ---- */

/*
 * The buffers that a chain may have. Two at least: a control command needs a readable and a writable one, and a driver
 * with a queue of size 1 sends them in an indirect table.
 */
static inline uint32_t vq_longest(const struct vq *vq)
{
	return vq->size > 1 ? vq->size : 2;
}

/* Where a buffer is, if it is not empty and lies in the window as a whole; NULL: ask mem. */
static inline uint8_t *vq_in_window(const struct vq *vq, uint64_t addr, uint64_t len, bool write)
{
	uint64_t at = addr - vq->window.gpa;

	if (!len || at >= vq->window.bytes || len > vq->window.bytes - at || (write && vq->window.read_only))
		return NULL;
	return vq->window.host + at;
}

/* Adds a buffer to chain, in as many pieces as the host has mapped it in. 0, or -errno: the queue is broken. */
int vq_add_buffer(struct vq *vq, struct vq_chain *chain, uint64_t addr, uint32_t len, bool write);

/*
 * The indirect table at addr, which is in guest memory as a whole, and the number of its entries. NULL: the queue is
 * broken, for that or for a length that is no multiple of an entry, or since there are to be no indirect tables.
 */
const uint8_t *vq_indirect_table(struct vq *vq, uint64_t addr, uint32_t len, uint32_t *entries);

#endif
