// SPDX-License-Identifier: BSD-2-Clause
#include "bench/limit.h"

#include <stdlib.h>
#include <string.h>

#include "virtio_net.h"
#include "virtio_ring.h"

#define BUFFERS 256

struct limit {
	const struct sample *sample;
	size_t next;  /* of the sample */
	uint64_t sum; /* so that everything is looked at */
	uint8_t *buffers;
	struct vring_desc desc[BUFFERS];
	le16 avail[BUFFERS];
	struct vring_used_elem used[BUFFERS];
	le16 avail_idx, used_idx;
	uint16_t device_at, driver_at; /* free-running */
};

struct limit *limit_open(const struct sample *sample)
{
	struct limit *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->sample = sample;
	l->buffers = calloc(BUFFERS, SAMPLE_BUFFER_BYTES);
	if (!l->buffers) {
		limit_close(l);
		return NULL;
	}
	for (uint16_t i = 0; i < BUFFERS; i++) {
		l->desc[i].addr = cpu_to_le64((uint64_t)i * SAMPLE_BUFFER_BYTES);
		l->desc[i].len = cpu_to_le32(SAMPLE_BUFFER_BYTES);
		l->desc[i].flags = cpu_to_le16(VRING_DESC_F_WRITE);
		l->avail[i] = cpu_to_le16(i);
	}
	l->avail_idx = cpu_to_le16(BUFFERS);
	return l;
}

void limit_close(struct limit *l)
{
	if (!l)
		return;
	free(l->buffers);
	free(l);
}

/* What was written is there to stay, and nothing is known of it any more. */
static inline void barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline const struct link_frame *next(struct limit *l)
{
	const struct link_frame *frame = &l->sample->frames[l->next];

	if (++l->next == l->sample->count)
		l->next = 0;
	return frame;
}

void limit_walk(void *ctx)
{
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i++) {
		const struct link_frame *frame = next(l);
		uint64_t first;

		memcpy(&first, frame->data, sizeof(first));
		l->sum += first + frame->bytes;
	}
	barrier();
}

void limit_copy(void *ctx)
{
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i++) {
		const struct link_frame *frame = next(l);

		memcpy(l->buffers + i % BUFFERS * SAMPLE_BUFFER_BYTES, frame->data, frame->bytes);
		barrier();
	}
}

static void device_burst(struct limit *l)
{
	static const struct virtio_net_hdr hdr = {.num_buffers = {WIRE_SWAP16(1)}};

	for (size_t i = 0; i < LINK_BURST; i++, l->device_at++) {
		const struct link_frame *frame = next(l);
		uint16_t at = l->device_at % BUFFERS, head = le16_to_cpu(l->avail[at]);
		uint8_t *to = l->buffers + le64_to_cpu(l->desc[head].addr);

		memcpy(to, &hdr, sizeof(hdr));
		memcpy(to + sizeof(hdr), frame->data, frame->bytes);
		l->used[at].id = cpu_to_le32(head);
		l->used[at].len = cpu_to_le32(frame->bytes + (uint32_t)sizeof(hdr));
	}
	__atomic_store_n(&l->used_idx.wire, cpu_to_le16(l->device_at).wire, __ATOMIC_RELEASE);
	barrier();
}

static void driver_burst(struct limit *l)
{
	le16 end = {__atomic_load_n(&l->used_idx.wire, __ATOMIC_ACQUIRE)};

	for (; l->driver_at != le16_to_cpu(end); l->driver_at++) {
		struct vring_used_elem elem = l->used[l->driver_at % BUFFERS];
		uint16_t head = (uint16_t)le32_to_cpu(elem.id);
		uint64_t first;

		memcpy(&first, l->buffers + le64_to_cpu(l->desc[head].addr) + sizeof(struct virtio_net_hdr),
		       sizeof(first));
		l->sum += first + le32_to_cpu(elem.len);
		/* Its available entry was taken a whole round of the ring ago. */
		l->avail[l->driver_at % BUFFERS] = cpu_to_le16(head);
	}
	__atomic_store_n(&l->avail_idx.wire, cpu_to_le16((uint16_t)(l->driver_at + BUFFERS)).wire, __ATOMIC_RELEASE);
	barrier();
}

void limit_ring(void *ctx)
{
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i += LINK_BURST) {
		device_burst(l);
		driver_burst(l);
	}
}
