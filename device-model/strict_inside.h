/* SPDX-License-Identifier: BSD-2-Clause */
/* What strict.c, strict_ring.c and strict_net.c share. Nobody else includes it. */
#ifndef DEVICE_MODEL_STRICT_INSIDE_H
#define DEVICE_MODEL_STRICT_INSIDE_H

#include "net_device.h"
#include "strict.h"

#define STRICT_EVENT_BYTES 160

/* What is known of a queue since it was enabled. Positions are those of vq.h. */
struct strict_queue {
	struct strict *s;
	uint16_t index;
	uint64_t used_ring;       /* address of the last one that was enabled, over all resets */
	bool asked;               /* whether its reset was over */
	bool was_reset;           /* by itself, and not enabled since */
	bool lost;                /* the driver broke the ring: nothing more can be told */
	uint16_t idx;             /* chains that were judged */
	struct vring_desc *table; /* split: the descriptors as they were then. Room for the queue's largest size */
	uint16_t at;              /* packed: of the next list to judge */
	uint32_t out;             /* packed: descriptors before it that the device has */
	uint16_t flags;           /* split: of the available ring, as last judged */
	uint16_t taken;           /* chains whose content was judged */
	uint16_t frozen;          /* idx at the suspension */

	/* Notifications of a split queue. Of the chains up to settled none is owed any more. */
	uint16_t settled;
	uint16_t noted;   /* available index at the last one */
	uint16_t event;   /* avail_event as the device has written it */
	bool crossed;     /* an avail_event that is not there any more was passed since */
	bool off;         /* the used flags ask for none */
	bool off_clean;   /* and there was none on its way then */
	uint16_t off_idx; /* available index then */

	bool limited; /* transmit queue out of use: chains from limit on are wrong */
	uint16_t limit;
};

/* How far a program was sent. */
struct strict_upload {
	uint64_t from, to; /* bytes of the last piece */
};

struct strict {
	struct net *net;
	uint64_t counts[STRICT_ROWS];
	char events[STRICT_ROWS][STRICT_EVENT_BYTES];
	bool began;           /* with a reset */
	bool looked;          /* at the features offered */
	bool status_owed;     /* FEATURES_OK was written and not read back */
	bool refused;         /* it was read back, and was not there */
	bool suspend_owed;    /* SUSPEND was written and not read back */
	bool resume_owed;     /* DRIVER_OK was written to a suspended device and not read back */
	bool generation_read; /* before */
	bool generation_owed; /* after */
	bool pairs_set;       /* VQ_PAIRS_SET was seen */
	bool stats_asked;     /* STATS_QUERY was seen */
	struct strict_queue *queues;
	struct strict_upload *uploads; /* one for each program that there can be */
};

void strict_report(struct strict *s, enum strict_row row, const char *event, ...) __attribute__((format(printf, 3, 4)));

static inline struct virtio_device *strict_dev(const struct strict *s)
{
	return &s->net->vdev;
}

static inline struct vq *strict_vq(const struct strict_queue *q)
{
	return &strict_dev(q->s)->vqs[q->index];
}

/* strict_ring.c */

const struct vq_ops *strict_ring_ops(const struct vq_ops *ops);
/* Whether the ring can be looked at. */
bool strict_ring_there(const struct strict_queue *q);
/* Looks for what the driver has made available, and judges it. Returns how many chains it ever was: wraps. */
uint16_t strict_ring_observe(struct strict_queue *q);
/* The queue goes: what the driver still owes. */
void strict_ring_end(struct strict_queue *q);
/* DRIVER_OK is being set: what is available now needs no notification. */
void strict_ring_live(struct strict_queue *q);
void strict_ring_notified(struct strict_queue *q);
void strict_ring_place(struct strict_queue *q, uint16_t place);

/* strict_net.c */

void strict_net_features(struct strict *s);
void strict_net_config(struct strict *s, uint32_t offset, size_t bytes);
/* A chain that the device takes, number chain->... of the queue. */
void strict_net_chain(struct strict_queue *q, const struct vq_chain *chain);

#endif
