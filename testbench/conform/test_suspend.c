/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on devices that are suspended: registers, and rings written by hand. */
#include <string.h>

#include "hand_ring.h"

#include <criterion/criterion.h>

#define TX        1
#define HDR       ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME     60
#define LIVE      15
#define SUSPEND   (LIVE | VIRTIO_CONFIG_S_SUSPEND)
#define SUSPENDED (SUSPEND & ~VIRTIO_CONFIG_S_DRIVER_OK)
#define FEATURES  (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_SUSPEND | 1ULL << VIRTIO_NET_F_STATUS)

/* Waits for the device to do what was written. */
static uint8_t settled_status(struct hand *h)
{
	uint8_t status = hand_status(h);

	for (int i = 0; i < 1000 && status == SUSPEND; i++) {
		h->t->ops->wait(h->t->ctx);
		status = hand_status(h);
	}
	return status;
}

static void suspend(struct hand *h)
{
	hand_set_status(h, SUSPEND);
	cr_assert_eq(settled_status(h), SUSPENDED, "status %#x", hand_status(h));
}

static void start_suspended(struct hand *h)
{
	hand_start(h, FEATURES);
	suspend(h);
}

static void resume(struct hand *h)
{
	hand_set_status(h, SUSPEND);
	cr_assert_eq(settled_status(h), LIVE, "status %#x", hand_status(h));
	rig_settle(h->rig);
}

static void submit(struct hand *h, uint16_t i)
{
	memset(h->tx.buffer, 0, HDR + FRAME);
	hand_desc(&h->tx, i, h->tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h->tx, i);
}

static void post(struct hand *h, uint16_t i)
{
	hand_desc(&h->rx, i, h->rx.buffer_addr + 4096u * i, 4096, VRING_DESC_F_WRITE, 0);
	hand_submit(&h->rx, i);
}

static void arrive(struct hand *h)
{
	static const uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};

	cr_assert_eq(link_mem_push(h->link, frame, sizeof(frame)), 0);
	rig_settle(h->rig);
}

static void read_config(struct hand *h, uint8_t config[64])
{
	h->t->ops->config_read(h->t->ctx, 0, config, 64);
}

/* In each state of the initialisation, and afterwards where it was not negotiated. */
Test(VN, VN_caecd531)
{
	static const uint8_t states[] = {1, 3, 11};
	struct hand h;
	unsigned i;

	hand_open(&h);
	for (i = 0; i < sizeof(states); i++) {
		hand_set_status(&h, 0);
		h.t->ops->set_features(h.t->ctx, 1, FEATURES >> 32);
		hand_set_status(&h, states[i]);
		hand_set_status(&h, states[i] | VIRTIO_CONFIG_S_SUSPEND);
		cr_expect_eq(hand_status(&h), states[i], "VN-caecd531: status %#x", hand_status(&h));
	}
	hand_set_status(&h, 0);
	h.t->ops->set_features(h.t->ctx, 1, FEATURES >> 32);
	hand_set_status(&h, 3);
	hand_set_status(&h, 11);
	hand_set_status(&h, SUSPEND);
	cr_expect_eq(hand_status(&h), LIVE, "VN-caecd531: with DRIVER_OK in one write: %#x", hand_status(&h));
	hand_set_status(&h, 0);
	cr_assert(hand_negotiate(&h, FEATURES & ~(1ULL << VIRTIO_F_SUSPEND)));
	hand_set_status(&h, LIVE);
	hand_set_status(&h, SUSPEND);
	cr_expect_eq(hand_status(&h), LIVE, "VN-caecd531: not negotiated: %#x", hand_status(&h));
	hand_close(&h);
}

Test(VN, VN_febf9bb0)
{
	struct hand h;
	uint8_t status;

	hand_start(&h, FEATURES);
	hand_set_status(&h, SUSPEND);
	status = settled_status(&h);
	cr_expect(status == SUSPENDED || (status & VIRTIO_CONFIG_S_NEEDS_RESET), "VN-febf9bb0: status %#x", status);
	hand_close(&h);
}

/* However DRIVER_OK is written: with SUSPEND, which may not be cleared, or without. */
Test(VN, VN_4db83ca1)
{
	static const uint8_t writes[] = {SUSPEND, LIVE};
	struct hand h;
	unsigned i;

	hand_start(&h, FEATURES);
	for (i = 0; i < 2; i++) {
		suspend(&h);
		submit(&h, (uint16_t)i);
		post(&h, (uint16_t)i);
		arrive(&h);
		hand_set_status(&h, writes[i]);
		cr_expect_eq(settled_status(&h), LIVE, "VN-4db83ca1: status %#x", hand_status(&h));
		hand_kick(&h, TX);
		cr_expect_eq(hand_used(&h.tx), i + 1, "VN-4db83ca1: nothing is sent after %#x", writes[i]);
		cr_expect_eq(hand_used(&h.rx), i + 1, "VN-4db83ca1: nothing is received after %#x", writes[i]);
	}
	hand_close(&h);
}

Test(VN, VN_cbbf4851)
{
	uint8_t before[64], after[64], bytes[64];
	struct hand h;

	start_suspended(&h);
	read_config(&h, before);
	memset(bytes, 0x5a, sizeof(bytes));
	h.t->ops->config_write(h.t->ctx, 0, bytes, sizeof(bytes));
	read_config(&h, after);
	cr_expect_eq(memcmp(before, after, sizeof(before)), 0, "VN-cbbf4851: a write had an effect");
	cr_expect_eq(hand_status(&h), SUSPENDED, "VN-cbbf4851");
	resume(&h);
	read_config(&h, after);
	cr_expect_eq(memcmp(before, after, sizeof(before)), 0, "VN-cbbf4851: a write had an effect later");
	hand_close(&h);
}

/* Buffers on both queues, frames on the link, notifications, and a link that goes down. */
Test(VN, VN_2e907b85)
{
	uint8_t before[64], after[64], generation;
	struct vring_used used;
	uint64_t interrupts;
	struct hand h;

	start_suspended(&h);
	interrupts = rig_vq_interrupts(h.rig);
	generation = h.t->ops->config_generation(h.t->ctx);
	read_config(&h, before);
	memcpy(&used, h.rx.used, sizeof(used));
	post(&h, 0);
	submit(&h, 0);
	arrive(&h);
	link_mem_set_up(h.link, false);
	hand_kick(&h, TX);
	read_config(&h, after);
	cr_expect(!hand_used(&h.rx) && !hand_used(&h.tx), "VN-2e907b85: a buffer was used");
	cr_expect_eq(memcmp(&used, h.rx.used, sizeof(used)), 0, "VN-2e907b85: the ring was written to");
	cr_expect_eq(rig_vq_interrupts(h.rig), interrupts, "VN-2e907b85: a notification was sent");
	cr_expect_eq(memcmp(before, after, sizeof(before)), 0, "VN-2e907b85: the configuration space has changed");
	cr_expect_eq(h.t->ops->config_generation(h.t->ctx), generation, "VN-2e907b85: its generation, too");
	hand_close(&h);
}

Test(VN, VN_2747ab98)
{
	uint64_t interrupts;
	struct hand h;

	start_suspended(&h);
	interrupts = rig_config_interrupts(h.rig);
	link_mem_set_up(h.link, false);
	rig_settle(h.rig);
	cr_expect_eq(rig_config_interrupts(h.rig), interrupts, "VN-2747ab98");
	hand_close(&h);
}

Test(VN, VN_7466798a)
{
	uint8_t config[64], generation;
	uint64_t interrupts;
	struct hand h;

	start_suspended(&h);
	interrupts = rig_config_interrupts(h.rig);
	generation = h.t->ops->config_generation(h.t->ctx);
	link_mem_set_up(h.link, false);
	rig_settle(h.rig);
	resume(&h);
	cr_expect_gt(rig_config_interrupts(h.rig), interrupts, "VN-7466798a: nobody was told");
	cr_expect_neq(h.t->ops->config_generation(h.t->ctx), generation, "VN-7466798a: the generation");
	read_config(&h, config);
	cr_expect_eq(config[offsetof(struct virtio_net_config, status)] & VIRTIO_NET_S_LINK_UP, 0,
		     "VN-7466798a: the link is down");
	hand_close(&h);
}

/* Suspends a device in the middle of its work: one turn after count transmissions became available. */
static void interrupt_work(struct hand *h, uint16_t count)
{
	hand_start(h, FEATURES);
	for (uint16_t i = 0; i < count; i++)
		submit(h, i);
	h->t->ops->notify(h->t->ctx, TX, TX);
	h->t->ops->wait(h->t->ctx);
	suspend(h);
}

/* All three of them, and the bits only then. */
Test(VN, VN_e4e7aaba)
{
	uint16_t used;
	struct hand h;

	interrupt_work(&h, 5);
	used = hand_used(&h.tx);
	cr_expect_eq(link_mem_sent_count(h.link), used, "VN-e4e7aaba: work is left");
	cr_expect(!used || rig_vq_interrupts(h.rig), "VN-e4e7aaba: nobody was told");
	submit(&h, 5);
	hand_kick(&h, TX);
	cr_expect_eq(hand_used(&h.tx), used, "VN-e4e7aaba: goes on");
	hand_close(&h);
}

/* Buffers that came just before. */
Test(VN, VN_062a9948)
{
	struct hand h;
	uint16_t used;

	hand_start(&h, FEATURES);
	for (uint16_t i = 0; i < 5; i++)
		submit(&h, i);
	h.t->ops->notify(h.t->ctx, TX, TX);
	suspend(&h);
	used = hand_used(&h.tx);
	rig_settle(h.rig);
	cr_expect_eq(hand_used(&h.tx), used, "VN-062a9948: %u buffers used, then %u", used, hand_used(&h.tx));
	hand_close(&h);
}

Test(VN, VN_8ca97e14)
{
	struct hand h;

	for (uint16_t count = 1; count <= HAND_SIZE; count++) {
		interrupt_work(&h, count);
		cr_expect_eq(hand_used(&h.tx), link_mem_sent_count(h.link), "VN-8ca97e14: %u sent, %u used",
			     (unsigned)link_mem_sent_count(h.link), hand_used(&h.tx));
		hand_close(&h);
	}
}

Test(VN, VN_13ae1506)
{
	struct hand h;

	interrupt_work(&h, 1);
	cr_expect_eq(hand_used(&h.tx), 1, "VN-13ae1506: the turn before was enough for one");
	cr_expect_eq(rig_vq_interrupts(h.rig), 1, "VN-13ae1506: nobody was told");
	hand_close(&h);
}
