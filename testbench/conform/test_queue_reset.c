/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on the reset of one queue, against rings written by hand. */
#include <string.h>

#include "hand_ring.h"

#include <criterion/criterion.h>

#define RX       0
#define TX       1
#define HDR      ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME    60
#define FEATURES (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_RING_RESET)

static void send_one(struct hand *h, uint16_t i)
{
	memset(h->tx.buffer, 0, HDR + FRAME);
	hand_desc(&h->tx, i, h->tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h->tx, i);
	hand_kick(h, TX);
}

static void reset_queue(struct hand *h, uint16_t queue)
{
	h->t->ops->queue_reset(h->t->ctx, queue);
	for (int i = 0; i < 1000 && h->t->ops->queue_resetting(h->t->ctx, queue); i++)
		h->t->ops->wait(h->t->ctx);
	cr_assert_not(h->t->ops->queue_resetting(h->t->ctx, queue), "the reset of queue %u never ends", queue);
	cr_assert_not(h->t->ops->queue_enabled(h->t->ctx, queue), "queue %u is enabled after its reset", queue);
}

static void clear(struct hand_queue *q)
{
	memset(q->avail, 0, sizeof(*q->avail) + 2 * (HAND_SIZE + 1));
	memset(q->used, 0, sizeof(*q->used) + HAND_SIZE * sizeof(struct vring_used_elem) + 2);
}

Test(VN, VN_5cb59d14)
{
	uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
	uint64_t interrupts;
	struct hand h;

	hand_start(&h, FEATURES);
	hand_desc(&h.rx, 0, h.rx.buffer_addr, 4096, VRING_DESC_F_WRITE, 0);
	hand_submit(&h.rx, 0);
	hand_desc(&h.tx, 0, h.tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h.tx, 0);
	reset_queue(&h, TX);
	reset_queue(&h, RX);
	interrupts = rig_vq_interrupts(h.rig);
	cr_assert_eq(link_mem_push(h.link, frame, sizeof(frame)), 0);
	send_one(&h, 1);
	hand_kick(&h, RX);
	cr_expect(!hand_used(&h.rx) && !hand_used(&h.tx), "VN-5cb59d14: a buffer was used");
	cr_expect_eq(link_mem_sent_count(h.link), 0, "VN-5cb59d14: a frame was sent");
	cr_expect_eq(rig_vq_interrupts(h.rig), interrupts, "VN-5cb59d14: a notification was sent");
	cr_expect_eq(hand_status(&h), 15, "VN-5cb59d14: status %#x", hand_status(&h));
	hand_close(&h);
}

/* Indices begin at 0 again, also of a queue that broke. */
Test(VN, VN_ec06d731)
{
	struct hand h;
	int i;

	hand_start(&h, FEATURES);
	for (i = 0; i < 3; i++)
		send_one(&h, (uint16_t)i);
	cr_assert_eq(hand_used(&h.tx), 3);
	for (i = 0; i < 2; i++) {
		reset_queue(&h, TX);
		clear(&h.tx);
		h.t->ops->queue_enable(h.t->ctx, TX, HAND_SIZE, &h.tx.addr);
		send_one(&h, 5);
		cr_expect_eq(hand_used(&h.tx), 1, "VN-ec06d731: used index %u", hand_used(&h.tx));
		cr_expect_eq(le32_to_cpu(h.tx.used->ring[0].id), 5, "VN-ec06d731: not the first used entry");
		hand_submit(&h.tx, HAND_SIZE); /* nonsense, for the next turn */
		hand_kick(&h, TX);
		cr_expect(hand_status(&h) & VIRTIO_CONFIG_S_NEEDS_RESET, "VN-ec06d731: the queue did not break");
	}
	hand_close(&h);
}

/* The areas swap places with another queue's memory, and the queue has half and then a quarter of its size. */
Test(VN, VN_38d6a18f)
{
	struct hand h;

	hand_start(&h, FEATURES);
	send_one(&h, 0);
	for (uint16_t size = HAND_SIZE / 2; size; size /= 2) {
		struct hand_queue *q = size % 4 ? &h.tx : &h.cvq;
		size_t sent = link_mem_sent_count(h.link);

		reset_queue(&h, TX);
		memset(q->desc, 0, HAND_SIZE * sizeof(*q->desc));
		clear(q);
		h.t->ops->queue_enable(h.t->ctx, TX, size, &q->addr);
		cr_assert(h.t->ops->queue_enabled(h.t->ctx, TX), "VN-38d6a18f: size %u", size);
		for (uint32_t i = 0; i < 2u * size + 1; i++) {
			hand_desc(q, i % size, h.tx.buffer_addr, HDR + FRAME, 0, 0);
			q->avail->ring[i % size] = cpu_to_le16(i % size);
			q->avail->idx = cpu_to_le16(i + 1);
			hand_kick(&h, TX);
			cr_expect_eq(le16_to_cpu(q->used->idx), i + 1, "VN-38d6a18f: size %u, buffer %u", size, i);
		}
		cr_expect_eq(link_mem_sent_count(h.link) - sent, 2 * size + 1, "VN-38d6a18f: size %u", size);
	}
	hand_close(&h);
}
