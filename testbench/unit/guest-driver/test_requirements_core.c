/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of the chapters on every virtio device, on drivers: initialisation, configuration space, reset of one
 * queue, suspension, reserved features. Each is seen from the device. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/net.h"

#define RX      0
#define TX      1
#define LIVE    15
#define SUSPEND VIRTIO_CONFIG_S_SUSPEND

static const struct drv_net_config everything = {.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = 58, .filtered = true};

static int start(struct fake *fake, struct drv_net **net)
{
	*net = drv_net_create(&fake->env, &fake->transport, &everything);
	cr_assert_not_null(*net);
	return drv_net_start(*net);
}

/* A started driver on a device that offers these bits besides VERSION_1 and MAC. */
static struct drv_net *open_with(struct fake *fake, uint64_t bits)
{
	struct drv_net *net;

	fake_init(fake);
	fake->offered[0] = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MAC | bits;
	cr_assert_eq(start(fake, &net), 0);
	return net;
}

/* Where event with arg comes first from event on, or the number of events. arg -1: any. */
static unsigned next(const struct fake *fake, unsigned from, char event, int arg)
{
	for (; from < fake->events; from++)
		if (fake->event[from] == event && (arg < 0 || fake->event_arg[from] == arg))
			break;
	return from;
}

static bool happened(const struct fake *fake, unsigned from, char event, int arg)
{
	return next(fake, from, event, arg) < fake->events;
}

/* ---- initialisation ---- */

/* Each step sets its bit, and comes behind what has to be done before it. */
static void check_step(const char *id, uint8_t status, char before, int arg)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect(happened(&fake, 0, 's', status), "%s: status %#x is not written", id, status);
	cr_expect_lt(next(&fake, 0, before, arg), next(&fake, 0, 's', status), "%s: too early", id);
	drv_net_destroy(net);
}

Test(VN, VN_ee792d3c)
{
	static const uint8_t steps[] = {1, 3, 11, 15};
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	for (unsigned i = 0; i < sizeof(steps); i++)
		cr_expect(happened(&fake, 0, 's', steps[i]), "VN-ee792d3c: status %#x is left out", steps[i]);
	drv_net_destroy(net);
}

Test(VN, VN_b1245e39)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.status = 11; /* somebody was there before */
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect(fake.event[0] == 's' && !fake.event_arg[0], "VN-b1245e39: the first thing is no reset");
	drv_net_destroy(net);
}

Test(VN, VN_9481fe6e)
{
	check_step("VN-9481fe6e", 1, 's', 0);
}

Test(VN, VN_963d102d)
{
	check_step("VN-963d102d", 3, 's', 1);
}

Test(VN, VN_d2c58ea3)
{
	check_step("VN-d2c58ea3", 11, 'f', -1);
}

Test(VN, VN_a5b59f6d)
{
	check_step("VN-a5b59f6d", 15, 'q', RX);
}

Test(VN, VN_6cb6a7ea)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << 58 | 1ULL << 48);

	cr_expect_eq(fake.accepted[0] & ~fake.offered[0], 0, "VN-6cb6a7ea: %#lx", (unsigned long)fake.accepted[0]);
	cr_expect_eq(fake.accepted[0] >> 48 & 1, 0, "VN-6cb6a7ea: a feature that nobody knows");
	cr_expect_eq(fake.accepted[0] >> 58 & 1, 1, "VN-6cb6a7ea: one that the driver knows");
	cr_expect(happened(&fake, next(&fake, 0, 's', 3), 'f', 0), "VN-6cb6a7ea: not written after DRIVER");
	drv_net_destroy(net);
}

Test(VN, VN_91aa1b7d)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect_eq(fake.config_writes, 0, "VN-91aa1b7d");
	drv_net_destroy(net);
}

Test(VN, VN_3fa1e386)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect_not(happened(&fake, next(&fake, 0, 's', 11), 'f', -1), "VN-3fa1e386: features after FEATURES_OK");
	drv_net_destroy(net);
}

Test(VN, VN_b4aac359)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.refuse = VIRTIO_CONFIG_S_FEATURES_OK;
	cr_expect_neq(start(&fake, &net), 0, "VN-b4aac359");
	cr_expect_not(happened(&fake, 0, 's', LIVE), "VN-b4aac359: goes on without FEATURES_OK");
	drv_net_destroy(net);
}

Test(VN, VN_ce04cae9)
{
	unsigned live, i;
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	live = next(&fake, 0, 's', LIVE);
	for (i = 0; i < 3; i++)
		cr_expect_lt(next(&fake, 0, 'q', (int)i), live, "VN-ce04cae9: queue %u", i);
	cr_expect_not(happened(&fake, live, 'q', -1), "VN-ce04cae9: a queue is set up later");
	cr_expect_gt(le16_to_cpu(fake.queue[RX].avail->idx), 0, "VN-ce04cae9: no receive buffers");
	drv_net_destroy(net);
}

Test(VN, VN_c8b9494e)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.queue[TX].max = 0;
	cr_expect_neq(start(&fake, &net), 0);
	cr_expect(fake.status & VIRTIO_CONFIG_S_FAILED, "VN-c8b9494e: status %#x", fake.status);
	drv_net_destroy(net);
}

/* ---- features ---- */

/* What requires another feature that is not offered is not accepted. */
Test(VN, VN_36650ff6)
{
	static const uint8_t rows[] = {58, VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_MAC_ADDR,
				       VIRTIO_NET_F_GUEST_ANNOUNCE};

	for (unsigned i = 0; i < sizeof(rows); i++) {
		struct fake fake;
		struct drv_net *net = open_with(&fake, 1ULL << rows[i]);

		cr_expect_not(fake.accepted[0] >> rows[i] & 1, "VN-36650ff6: bit %u without CTRL_VQ", rows[i]);
		drv_net_destroy(net);
	}
}

Test(VN, VN_3caa5ccf)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.offered[0] |= 1ULL << 63 | 1ULL << 48 | 1ULL << 30;
	fake.offered[1] = UINT64_MAX;
	cr_expect_eq(start(&fake, &net), 0, "VN-3caa5ccf");
	drv_net_destroy(net);
}

static void check_accepts(const char *id, unsigned bit, bool want)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 1ULL << bit);

	cr_expect_eq(fake.accepted[0] >> bit & 1, want, "%s: bit %u", id, bit);
	drv_net_destroy(net);
}

Test(VN, VN_5985651b)
{
	const uint64_t offered[2] = {1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_RING_PACKED, 0};
	struct drv_net *net;
	struct fake fake;

	/* The rings of this device are split: it goes no further than to the features. */
	fake_init(&fake);
	memcpy(fake.offered, offered, sizeof(offered));
	fake.refuse = VIRTIO_CONFIG_S_FEATURES_OK;
	start(&fake, &net);
	cr_expect(fake.accepted[0] >> VIRTIO_F_RING_PACKED & 1, "VN-5985651b");
	drv_net_destroy(net);
}

Test(VN, VN_edbaf903)
{
	check_accepts("VN-edbaf903", VIRTIO_F_ORDER_PLATFORM, true);
}

Test(VN, VN_a558b8bd)
{
	check_accepts("VN-a558b8bd", VIRTIO_F_NOTIF_CONFIG_DATA, true);
}

Test(VN, VN_a7c5f3d5)
{
	check_accepts("VN-a7c5f3d5", VIRTIO_F_SR_IOV, false);
}

/* Not only accepted: its notifications are what the two features make of them. */
Test(requirements, notifications)
{
	static const struct {
		const char *id;
		uint64_t features;
		uint32_t want; /* when all receive buffers are there */
	} rows[] = {
		{"an index", 0, RX},
		{"NOTIF_CONFIG_DATA", 1ULL << VIRTIO_F_NOTIF_CONFIG_DATA, FAKE_NOTIF_DATA},
		{"NOTIFICATION_DATA", 1ULL << VIRTIO_F_NOTIFICATION_DATA, RX | 8 << 16},
		{"both", 1ULL << VIRTIO_F_NOTIFICATION_DATA | 1ULL << VIRTIO_F_NOTIF_CONFIG_DATA,
		 FAKE_NOTIF_DATA | 8 << 16},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake fake;
		struct drv_net *net = open_with(&fake, rows[i].features);

		cr_expect_eq(fake.queue[RX].notified, rows[i].want, "%s: %#x", rows[i].id, fake.queue[RX].notified);
		drv_net_destroy(net);
	}
}

/* ---- reset, configuration space ---- */

static void end_reset(struct fake *fake)
{
	unsigned *waits = fake->test;

	if (++*waits < 5)
		return;
	fake->reset_sticks = false;
	fake->status = 0;
}

Test(VN, VN_c1be38d4)
{
	unsigned waits = 0;
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.status = LIVE;
	fake.reset_sticks = true;
	fake.run = end_reset;
	fake.test = &waits;
	cr_expect_eq(start(&fake, &net), 0, "VN-c1be38d4");
	cr_expect_eq(waits, 5, "VN-c1be38d4: went on after %u looks of 5", waits);
	drv_net_destroy(net);
}

/* The space changes during the first reads: what counts is what was read in one piece. */
Test(VN, VN_e2412a3f)
{
	uint8_t mac[6];
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.tears = 3;
	cr_assert_eq(start(&fake, &net), 0);
	drv_net_mac(net, mac);
	cr_expect_eq(memcmp(mac, fake.config, 6), 0, "VN-e2412a3f: a torn address");
	cr_expect_eq(drv_net_mtu(net), 1500, "VN-e2412a3f: a torn MTU");
	drv_net_destroy(net);
}

/* Fields, and the features that they belong to, one by one. */
Test(VN, VN_30ce9e6f)
{
	static const struct {
		uint8_t bit;
		uint64_t bytes;
	} rows[] = {
		{VIRTIO_NET_F_MAC, 0x3f},
		{VIRTIO_NET_F_STATUS, 3 << 6},
		{VIRTIO_NET_F_MQ, 3 << 8},
		{VIRTIO_NET_F_MTU, 3 << 10},
		{VIRTIO_NET_F_SPEED_DUPLEX, 0x1fULL << 12},
		{58, 0xffffffffULL << 28},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		fake.offered[0] |= 1ULL << VIRTIO_NET_F_MQ | 1ULL << VIRTIO_NET_F_SPEED_DUPLEX | 1ULL << 58;
		fake_offer(&fake, rows[i].bit, false);
		cr_assert_eq(start(&fake, &net), 0);
		drv_net_link_up(net);
		cr_expect_eq(fake.config_seen & rows[i].bytes, 0, "VN-30ce9e6f: bytes %#lx without bit %u",
			     (unsigned long)(fake.config_seen & rows[i].bytes), rows[i].bit);
		drv_net_destroy(net);
	}
}

/* ---- memory of live queues ---- */

static void no_frame(void *ctx, const struct drv_net_frame *frame)
{
	(void)ctx;
	(void)frame;
}

/* Buffer 0 comes back and is posted again: the descriptors of the others are as they were. */
Test(VN, VN_75ca5ce9)
{
	struct vring_desc before[8];
	struct fake fake;
	struct drv_net *net = open_with(&fake, 0);
	struct fake_chain chain;

	memcpy(before, fake.queue[RX].desc, sizeof(before));
	cr_assert(fake_pop(&fake, RX, &chain));
	memset(chain.data[0], 0, sizeof(struct virtio_net_hdr));
	chain.data[0][10] = 1;
	fake_push(&fake, RX, chain.head, sizeof(struct virtio_net_hdr) + 60);
	cr_assert_eq(drv_net_receive(net, no_frame, NULL, 8), 1);
	for (unsigned i = 0; i < 8; i++)
		cr_expect(i == chain.head || !memcmp(&before[i], &fake.queue[RX].desc[i], sizeof(before[i])),
			  "VN-75ca5ce9: descriptor %u", i);
	drv_net_destroy(net);
}

Test(VN, VN_d246049d)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 0);
	unsigned blocks = fake.blocks;

	fake.reset_sticks = true;
	drv_net_stop(net);
	cr_expect_eq(fake.blocks, blocks, "VN-d246049d: memory of a live device is given back");
	fake.reset_sticks = false;
	drv_net_stop(net);
	cr_expect_lt(fake.blocks, blocks, "VN-d246049d: and never afterwards");
	drv_net_destroy(net);
}

/* ---- reset of one queue ---- */

Test(VN, VN_a4395864)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 1ULL << VIRTIO_F_RING_RESET);
	unsigned from = fake.events, blocks = fake.blocks, looks = 0;

	fake.reset_looks = 3;
	cr_assert_eq(drv_net_resize(net, 4), 0);
	for (unsigned i = next(&fake, from, 'r', RX); i < next(&fake, from, 'q', RX); i++)
		looks += fake.event[i] == 'l' && fake.event_arg[i] == RX;
	cr_expect_eq(looks, 4, "VN-a4395864: enabled again after %u looks of 4", looks);
	cr_expect_eq(fake.blocks, blocks);
	fake.reset_looks = UINT32_MAX;
	from = fake.events;
	cr_expect_eq(drv_net_resize(net, 8), -ETIMEDOUT, "VN-a4395864: a reset that never ends");
	cr_expect_not(happened(&fake, from, 'q', -1), "VN-a4395864: enabled during the reset");
	cr_expect_eq(fake.blocks, blocks, "VN-a4395864: memory given back during the reset");
	drv_net_destroy(net);
}

/* Another size, areas, alignment, format and buffers as in the first place. */
Test(VN, VN_74ea5edc)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 1ULL << VIRTIO_F_RING_RESET);
	const struct fake_queue *q = &fake.queue[RX];

	for (uint16_t size = 1; size <= 8; size *= 2) {
		cr_assert_eq(drv_net_resize(net, size), 0);
		cr_expect_eq(q->size, size, "VN-74ea5edc: %u descriptors", q->size);
		cr_expect(!((uintptr_t)q->desc % 16 || (uintptr_t)q->avail % 2 || (uintptr_t)q->used % 4),
			  "VN-74ea5edc: alignment");
		cr_expect_eq(le16_to_cpu(q->avail->idx), size, "VN-74ea5edc: %u buffers", le16_to_cpu(q->avail->idx));
	}
	drv_net_destroy(net);
}

Test(requirements, resize_needs_ring_reset)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 0);

	cr_expect_eq(drv_net_resize(net, 4), -ENOTSUP);
	cr_expect_not(happened(&fake, 0, 'r', -1));
	drv_net_stop(net);
	cr_expect_eq(drv_net_resize(net, 4), -ENODEV);
	drv_net_destroy(net);
}

/* ---- suspension ---- */

/* The device does what it was asked to after a few looks. */
static void obey(struct fake *fake)
{
	unsigned *waits = fake->test;

	if (++*waits == 3)
		fake->status = (LIVE | SUSPEND) & ~VIRTIO_CONFIG_S_DRIVER_OK;
}

static void resume(struct fake *fake)
{
	unsigned *waits = fake->test;

	if (++*waits % 3 == 0)
		fake->status = LIVE;
}

static struct drv_net *open_suspended(struct fake *fake, unsigned *waits)
{
	struct drv_net *net = open_with(fake, 1ULL << VIRTIO_F_SUSPEND);

	*waits = 0;
	fake->test = waits;
	fake->run = obey;
	cr_assert_eq(drv_net_suspend(net), 0);
	cr_assert_eq(fake->status, LIVE + SUSPEND - VIRTIO_CONFIG_S_DRIVER_OK);
	return net;
}

Test(VN, VN_83b2a38d)
{
	struct fake fake;
	struct drv_net *net = open_with(&fake, 0);

	cr_expect_eq(drv_net_suspend(net), -ENOTSUP, "VN-83b2a38d");
	for (unsigned i = 0; i < fake.events; i++)
		cr_expect(fake.event[i] != 's' || !(fake.event_arg[i] & SUSPEND), "VN-83b2a38d: not negotiated");
	drv_net_destroy(net);
	net = open_with(&fake, 1ULL << VIRTIO_F_SUSPEND);
	drv_net_stop(net);
	cr_expect_eq(drv_net_suspend(net), -ENODEV, "VN-83b2a38d: without DRIVER_OK");
	cr_expect_eq(fake.status, 0, "VN-83b2a38d");
	drv_net_destroy(net);
}

Test(VN, VN_6c890efc)
{
	unsigned waits;
	struct fake fake;
	struct drv_net *net = open_suspended(&fake, &waits);

	cr_expect_eq(waits, 3, "VN-6c890efc: taken for suspended after %u looks of 3", waits);
	drv_net_destroy(net);
	net = open_with(&fake, 1ULL << VIRTIO_F_SUSPEND);
	cr_expect_eq(drv_net_suspend(net), -ETIMEDOUT, "VN-6c890efc: a device that never does it");
	drv_net_destroy(net);
	net = open_with(&fake, 1ULL << VIRTIO_F_SUSPEND);
	fake.sticky = VIRTIO_CONFIG_S_NEEDS_RESET;
	cr_expect_eq(drv_net_suspend(net), -EPROTO, "VN-6c890efc: a device that cannot");
	fake.sticky = 0;
	drv_net_destroy(net);
}

/* Everything that would send or receive is tried. */
static void try_all(struct fake *fake, struct drv_net *net)
{
	uint8_t frame[60] = {0};
	struct fake_chain chain;

	cr_assert(fake_pop(fake, RX, &chain));
	memset(chain.data[0], 0, sizeof(struct virtio_net_hdr));
	chain.data[0][10] = 1;
	fake_push(fake, RX, chain.head, sizeof(struct virtio_net_hdr) + 60);
	drv_net_transmit(net, 0, frame, sizeof(frame));
	drv_net_receive(net, no_frame, NULL, 8);
	drv_net_reap(net);
	drv_net_resize(net, 4);
	drv_net_link_up(net);
}

Test(VN, VN_b7279139)
{
	unsigned waits;
	struct fake fake;
	struct drv_net *net = open_suspended(&fake, &waits);
	uint16_t rx = le16_to_cpu(fake.queue[RX].avail->idx), tx = le16_to_cpu(fake.queue[TX].avail->idx);

	try_all(&fake, net);
	cr_expect_eq(le16_to_cpu(fake.queue[RX].avail->idx), rx, "VN-b7279139: receive buffers");
	cr_expect_eq(le16_to_cpu(fake.queue[TX].avail->idx), tx, "VN-b7279139: transmit buffers");
	drv_net_destroy(net);
}

Test(VN, VN_af425892)
{
	unsigned waits, from;
	struct fake fake;
	struct drv_net *net = open_suspended(&fake, &waits);

	from = fake.events;
	try_all(&fake, net);
	cr_expect_not(happened(&fake, from, 'n', -1), "VN-af425892");
	drv_net_destroy(net);
}

Test(VN, VN_f6392e7d)
{
	unsigned waits;
	struct fake fake;
	struct drv_net *net = open_suspended(&fake, &waits);

	try_all(&fake, net);
	cr_expect_eq(fake.config_writes, 0, "VN-f6392e7d");
	drv_net_destroy(net);
}

Test(VN, VN_aa57eae1)
{
	uint8_t frame[60] = {0};
	unsigned waits;
	struct fake fake;
	struct drv_net *net = open_suspended(&fake, &waits);

	cr_expect_eq(drv_net_transmit(net, 0, frame, sizeof(frame)), -ENODEV, "VN-aa57eae1: before");
	waits = 0;
	fake.run = resume;
	cr_expect_eq(drv_net_resume(net), 0, "VN-aa57eae1");
	cr_expect_eq(waits, 3, "VN-aa57eae1: taken for resumed after %u looks of 3", waits);
	cr_expect_eq(drv_net_transmit(net, 0, frame, sizeof(frame)), 0, "VN-aa57eae1: afterwards");
	cr_expect_eq(drv_net_resume(net), -EINVAL, "VN-aa57eae1: twice");
	drv_net_destroy(net);
}
