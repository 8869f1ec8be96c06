/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on notification coalescing. */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "guest-driver/core/coal.h"
#include "hand_ring.h"

#define COAL  (1ULL << VIRTIO_NET_F_NOTF_COAL | 1ULL << VIRTIO_NET_F_VQ_NOTF_COAL)
#define BASE  (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ)
#define FRAME 60

static void no_coal(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->features[0] &= ~COAL;
}

static void open_coal(struct bench *b)
{
	bench_open(b, NULL);
	if (!drv_net_has(b->net, VIRTIO_NET_F_NOTF_COAL) || !drv_net_has(b->net, VIRTIO_NET_F_VQ_NOTF_COAL))
		cr_skip_test("the device has no NOTF_COAL or no VQ_NOTF_COAL");
}

/* A command of any bytes. Returns the ack. */
static int command(struct bench *b, uint8_t number, const void *data, uint32_t bytes, uint32_t room)
{
	uint8_t readable[64] = {VIRTIO_NET_CTRL_NOTF_COAL, number}, writable[64];

	memcpy(readable + 2, data, bytes);
	b->raw = true;
	cr_assert_geq(drv_ctrl_raw(b->net, readable, 2 + bytes, writable, 1 + room, NULL), 1);
	return writable[0];
}

static void expect_params(struct bench *b, const char *id, uint16_t queue, uint32_t packets, uint32_t usecs)
{
	struct drv_coal got = {77, 77};

	cr_assert_eq(drv_coal_get_queue(b->net, queue, &got), 0, "%s: queue %u", id, queue);
	cr_expect(got.max_packets == packets && got.max_usecs == usecs, "%s: queue %u: %u packets, %u us", id, queue,
		  got.max_packets, got.max_usecs);
}

Test(VN, VN_c8480c68)
{
	struct virtio_net_ctrl_coal_vq set = {.reserved = cpu_to_le16(0xffff),
					      .coal = {cpu_to_le32(5), cpu_to_le32(6)}};
	struct bench b;

	open_coal(&b);
	cr_expect_eq(command(&b, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &set, sizeof(set), 0), VIRTIO_NET_OK, "VN-c8480c68");
	expect_params(&b, "VN-c8480c68", 0, 5, 6);
	cr_expect_eq(command(&b, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, &set, 4, 8), VIRTIO_NET_OK, "VN-c8480c68");
	bench_close(&b);
}

/* Whatever the values: done if the device says so, and not done if it does not. */
static void done_or_refused(const char *id, int (*set)(struct drv_net *net, const struct drv_coal *coal),
			    uint16_t queue)
{
	static const struct drv_coal rows[] = {{15, 10}, {0, 10}, {15, 0}, {UINT32_MAX, UINT32_MAX}, {1, 1}};
	struct drv_coal before = {0, 0}, got;
	struct bench b;

	open_coal(&b);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ack = set ? set(b.net, &rows[i]) : drv_coal_set_queue(b.net, queue, &rows[i]);
		const struct drv_coal *want = ack ? &before : &rows[i];

		cr_assert(ack == VIRTIO_NET_OK || ack == VIRTIO_NET_ERR, "%s: row %u", id, i);
		cr_assert_eq(drv_coal_get_queue(b.net, queue, &got), 0, "%s: row %u", id, i);
		cr_expect(got.max_packets == want->max_packets && got.max_usecs == want->max_usecs, "%s: row %u", id,
			  i);
		before = got;
	}
	bench_close(&b);
}

Test(VN, VN_881e4198)
{
	done_or_refused("VN-881e4198", drv_coal_set_rx, 0);
	done_or_refused("VN-881e4198", drv_coal_set_tx, 1);
}

Test(VN, VN_cc2f8100)
{
	done_or_refused("VN-cc2f8100", NULL, 0);
	done_or_refused("VN-cc2f8100", NULL, 1);
}

/* The control queue, a pair that was not opened, and queues that do not exist. */
static void three_pairs(struct net_config *device, struct drv_net_config *driver)
{
	device->queue_pairs = 3;
	driver->pairs = 1;
}

Test(VN, VN_cef1b094)
{
	static const uint16_t queues[] = {2, 3, 4, 5, 6, 7, 8, 256, 0x7fff, 0xffff};
	struct bench b;

	bench_open(&b, three_pairs);
	if (!drv_net_has(b.net, VIRTIO_NET_F_VQ_NOTF_COAL))
		cr_skip_test("the device has no VQ_NOTF_COAL");
	for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		struct virtio_net_ctrl_coal_vq set = {.vq_index = cpu_to_le16(queues[i]),
						      .coal = {cpu_to_le32(5), cpu_to_le32(6)}};

		cr_expect_eq(command(&b, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &set, 12, 0), VIRTIO_NET_ERR,
			     "VN-cef1b094: queue %u", queues[i]);
		cr_expect_eq(command(&b, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, &set, 4, 8), VIRTIO_NET_ERR,
			     "VN-cef1b094: queue %u", queues[i]);
	}
	expect_params(&b, "VN-cef1b094", 0, 0, 0);
	bench_close(&b);
}

/* The example of the text: the last command for a queue counts, whichever it was. */
static void two_pairs(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->queue_pairs = 2;
}

Test(XO, NOTF_COAL_last_command_counts)
{
	struct bench b;

	bench_open(&b, two_pairs);
	if (!drv_net_has(b.net, VIRTIO_NET_F_NOTF_COAL) || drv_net_pairs(b.net) < 2)
		cr_skip_test("the device has no NOTF_COAL or no MQ");
	cr_assert_eq(drv_coal_set_rx(b.net, &(struct drv_coal){1, 2}), 0);
	cr_assert_eq(drv_coal_set_queue(b.net, 0, &(struct drv_coal){3, 4}), 0);
	expect_params(&b, "command 3", 0, 3, 4);
	expect_params(&b, "queue 2", 2, 1, 2);
	cr_assert_eq(drv_coal_set_queue(b.net, 1, &(struct drv_coal){5, 6}), 0);
	expect_params(&b, "queue 1", 1, 5, 6);
	expect_params(&b, "queue 3", 3, 0, 0);
	cr_assert_eq(drv_coal_set_tx(b.net, &(struct drv_coal){7, 8}), 0);
	expect_params(&b, "command 6", 1, 7, 8);
	expect_params(&b, "queue 3", 3, 7, 8);
	expect_params(&b, "queue 0", 0, 3, 4);
	bench_close(&b);
}

Test(VN, VN_2963b80a)
{
	struct bench b;

	open_coal(&b);
	cr_assert_eq(drv_coal_set_rx(b.net, &(struct drv_coal){1, 2}), 0);
	cr_assert_eq(drv_coal_set_tx(b.net, &(struct drv_coal){3, 4}), 0);
	cr_assert_eq(drv_coal_set_queue(b.net, 0, &(struct drv_coal){5, 6}), 0);
	bench_restart(&b);
	expect_params(&b, "VN-2963b80a", 0, 0, 0);
	expect_params(&b, "VN-2963b80a", 1, 0, 0);
	bench_close(&b);
}

/* ---- by hand ---- */

/* Sends a command; result: bytes behind the ack. Returns the ack. */
static uint8_t hand_coal(struct hand *h, uint8_t number, const void *data, uint32_t bytes, void *result, uint32_t room)
{
	uint8_t *in = h->cvq.buffer, *out = h->cvq.buffer + 256;

	in[0] = VIRTIO_NET_CTRL_NOTF_COAL;
	in[1] = number;
	memcpy(in + 2, data, bytes);
	memset(out, 0xa5, 1 + room);
	hand_desc(&h->cvq, 0, h->cvq.buffer_addr, 2 + bytes, VRING_DESC_F_NEXT, 1);
	hand_desc(&h->cvq, 1, h->cvq.buffer_addr + 256, 1 + room, VRING_DESC_F_WRITE, 0);
	hand_submit(&h->cvq, 0);
	hand_kick(h, 2);
	if (room)
		memcpy(result, out + 1, room);
	return out[0];
}

static void hand_coal_start(struct hand *h, uint64_t features)
{
	hand_open(h);
	if (!hand_negotiate(h, BASE | COAL | features))
		cr_skip_test("the device has no NOTF_COAL, or not with RING_RESET");
	hand_queues(h);
	hand_set_status(h, hand_status(h) | VIRTIO_CONFIG_S_DRIVER_OK);
}

/* A queue that was reset and enabled again: the parameters of its kind, or 0. */
static void after_queue_reset(const char *id, uint8_t set_command, uint16_t queue)
{
	struct virtio_net_ctrl_coal_vq one = {.vq_index = cpu_to_le16(queue),
					      .coal = {cpu_to_le32(9), cpu_to_le32(10)}};
	struct virtio_net_ctrl_coal all = {cpu_to_le32(3), cpu_to_le32(4)}, got;
	struct hand h;

	hand_coal_start(&h, 1ULL << VIRTIO_F_RING_RESET);
	for (unsigned round = 0; round < 2; round++) {
		struct hand_queue *q = queue ? &h.tx : &h.rx;

		if (round)
			cr_assert_eq(hand_coal(&h, set_command, &all, sizeof(all), NULL, 0), VIRTIO_NET_OK, "%s", id);
		cr_assert_eq(hand_coal(&h, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &one, sizeof(one), NULL, 0), VIRTIO_NET_OK,
			     "%s", id);
		h.t->ops->queue_reset(h.t->ctx, queue);
		cr_expect_eq(hand_coal(&h, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, &one, 4, &got, sizeof(got)),
			     VIRTIO_NET_ERR, "VN-cef1b094: the queue is not enabled");
		h.t->ops->queue_enable(h.t->ctx, queue, HAND_SIZE, &q->addr);
		cr_assert_eq(hand_coal(&h, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, &one, 4, &got, sizeof(got)), VIRTIO_NET_OK,
			     "%s", id);
		cr_expect(le32_to_cpu(got.max_packets) == (round ? 3 : 0) &&
				  le32_to_cpu(got.max_usecs) == (round ? 4 : 0),
			  "%s: round %u: %u, %u", id, round, le32_to_cpu(got.max_packets), le32_to_cpu(got.max_usecs));
	}
	hand_close(&h);
}

Test(VN, VN_ea1725b7)
{
	after_queue_reset("VN-ea1725b7", VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, 1);
}

Test(VN, VN_29d6ee0d)
{
	after_queue_reset("VN-29d6ee0d", VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 0);
}

/* Four frames, whose notification is due after three, on a queue whose driver wants none; then one that wants them. */
Test(VN, VN_7d1e744e)
{
	struct virtio_net_ctrl_coal set = {cpu_to_le32(3), cpu_to_le32(1000000)};
	uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	struct hand h;

	hand_coal_start(&h, 0);
	cr_assert_eq(hand_coal(&h, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, &set, sizeof(set), NULL, 0), VIRTIO_NET_OK);
	for (uint16_t i = 0; i < HAND_SIZE; i++) {
		hand_desc(&h.rx, i, h.rx.buffer_addr + i * 4096u, 4096, VRING_DESC_F_WRITE, 0);
		hand_submit(&h.rx, i);
	}
	for (unsigned wanted = 0; wanted < 2; wanted++) {
		uint64_t before;

		h.rx.avail->flags = cpu_to_le16(wanted ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
		before = rig_vq_interrupts(h.rig);
		for (unsigned i = 0; i < 4; i++)
			cr_assert_eq(link_mem_push(h.link, frame, sizeof(frame)), 0);
		hand_kick(&h, 0);
		cr_expect_eq(hand_used(&h.rx), 4 + 4 * wanted);
		if (wanted)
			cr_expect_gt(rig_vq_interrupts(h.rig), before, "nothing comes though it is wanted");
		else
			cr_expect_eq(rig_vq_interrupts(h.rig), before, "VN-7d1e744e");
	}
	hand_close(&h);
}

/* ---- the driver ---- */

Test(VN, VN_7287e35d)
{
	struct bench b;

	bench_open(&b, no_coal);
	cr_expect_eq(drv_coal_set_rx(b.net, &(struct drv_coal){1, 2}), -ENOTSUP, "VN-7287e35d");
	cr_expect_eq(drv_coal_set_tx(b.net, &(struct drv_coal){1, 2}), -ENOTSUP, "VN-7287e35d");
	bench_close(&b);
}

Test(VN, VN_00c6c4e1)
{
	struct drv_coal coal = {1, 2};
	struct bench b;

	bench_open(&b, no_coal);
	cr_expect_eq(drv_coal_set_queue(b.net, 0, &coal), -ENOTSUP, "VN-00c6c4e1");
	cr_expect_eq(drv_coal_get_queue(b.net, 0, &coal), -ENOTSUP, "VN-00c6c4e1");
	bench_close(&b);
}

Test(VN, VN_4ddf9d42)
{
	static const uint16_t queues[] = {2, 3, 5, 6, 0xffff};
	struct drv_coal coal = {1, 2};
	struct bench b;

	bench_open(&b, three_pairs);
	if (!drv_net_has(b.net, VIRTIO_NET_F_VQ_NOTF_COAL))
		cr_skip_test("the device has no VQ_NOTF_COAL");
	for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		cr_expect_eq(drv_coal_set_queue(b.net, queues[i], &coal), -EINVAL, "VN-4ddf9d42: %u", queues[i]);
		cr_expect_eq(drv_coal_get_queue(b.net, queues[i], &coal), -EINVAL, "VN-4ddf9d42: %u", queues[i]);
	}
	bench_close(&b);
}

/* A device that refuses, and writes values all the same. */
static void refuse(void *ctx, const uint8_t *in, uint32_t bytes, uint8_t *out, uint32_t room, uint32_t *written)
{
	(void)ctx;
	(void)in;
	(void)bytes;
	memset(out, 0x11, room);
	out[0] = VIRTIO_NET_ERR;
	*written = room;
}

Test(VN, VN_a7c13920)
{
	struct drv_coal coal = {1, 2};
	struct hand_device d;

	hand_device_open_commands(&d, 1ULL << VIRTIO_NET_F_VQ_NOTF_COAL, refuse, NULL);
	cr_expect_eq(drv_coal_get_queue(d.net, 0, &coal), VIRTIO_NET_ERR, "VN-a7c13920");
	cr_expect(coal.max_packets == 1 && coal.max_usecs == 2, "VN-a7c13920: %u, %u", coal.max_packets,
		  coal.max_usecs);
	hand_device_close(&d);
}
