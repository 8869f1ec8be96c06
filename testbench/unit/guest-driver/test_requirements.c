/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on drivers, each seen from the device. More of them are parts of the tests on each file. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/ctrl.h"
#include "guest-driver/core/net.h"

#define RX  0
#define TX  1
#define CVQ 2

static const struct drv_net_config everything = {.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = 58, .filtered = true};

/* Starts a driver. Returns what drv_net_start() does. */
static int start(struct fake *fake, struct drv_net **net)
{
	*net = drv_net_create(&fake->env, &fake->transport, &everything);
	cr_assert_not_null(*net);
	return drv_net_start(*net);
}

/* Where event with arg came first, or the number of events. */
static unsigned first(const struct fake *fake, char event, int arg)
{
	unsigned i;

	for (i = 0; i < fake->events; i++)
		if (fake->event[i] == event && (arg < 0 || fake->event_arg[i] == arg))
			break;
	return i;
}

Test(VN, VN_1cb16221)
{
	static const uint8_t order[] = {0, 1, 3, 11, 15};
	struct drv_net *net;
	struct fake fake;
	unsigned i;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	for (i = 1; i < sizeof(order); i++)
		cr_expect_lt(first(&fake, 's', order[i - 1]), first(&fake, 's', order[i]), "VN-1cb16221: step %u", i);
	cr_expect_lt(first(&fake, 's', 3), first(&fake, 'f', -1), "VN-1cb16221: features after DRIVER");
	cr_expect_lt(first(&fake, 's', 11), first(&fake, 'q', -1), "VN-1cb16221: queues after FEATURES_OK");
	drv_net_destroy(net);
}

Test(VN, VN_d1ce2561)
{
	struct drv_net *net;
	struct fake fake;
	uint8_t status = 0;
	unsigned i;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	for (i = 0; i < fake.events; i++) {
		if (fake.event[i] != 's')
			continue;
		cr_expect(!fake.event_arg[i] || !(status & ~fake.event_arg[i]), "VN-d1ce2561: %#x after %#x",
			  fake.event_arg[i], status);
		status = fake.event_arg[i];
	}
	drv_net_destroy(net);
}

Test(VN, VN_016e1165)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect_gt(first(&fake, 'n', -1), first(&fake, 's', 15), "VN-016e1165");
	cr_expect_lt(first(&fake, 'n', RX), fake.events, "VN-016e1165: and none at all");
	drv_net_destroy(net);
}

Test(VN, VN_6b151b1f)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.refuse = VIRTIO_CONFIG_S_FEATURES_OK;
	cr_expect_eq(start(&fake, &net), -ENODEV, "VN-6b151b1f");
	cr_expect_eq(first(&fake, 'q', -1), fake.events, "VN-6b151b1f: queues are set up");
	cr_expect_eq(fake.status & VIRTIO_CONFIG_S_DRIVER_OK, 0, "VN-6b151b1f");
	drv_net_destroy(net);
}

Test(VN, VN_9c257d3b)
{
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake_offer(&fake, VIRTIO_F_VERSION_1, false);
	cr_expect_eq(start(&fake, &net), -ENODEV);
	cr_expect(fake.status & VIRTIO_CONFIG_S_FAILED, "VN-9c257d3b: status %#x", fake.status);
	drv_net_destroy(net);
}

Test(VN, VN_8b727bfc)
{
	struct drv_net *net;
	struct fake fake;
	unsigned failed;

	fake_init(&fake);
	fake_offer(&fake, VIRTIO_F_VERSION_1, false);
	start(&fake, &net);
	failed = fake.events;
	fake_offer(&fake, VIRTIO_F_VERSION_1, true);
	cr_expect_eq(drv_net_start(net), 0);
	cr_expect(fake.event[failed] == 's' && fake.event_arg[failed] == 0, "VN-8b727bfc: no reset after FAILED");
	drv_net_destroy(net);
}

/* Every bit offered: none is accepted that this driver has no code for. */
Test(VN, VN_d8f3f715)
{
	uint64_t known = 1ULL << 3 | 1 << 5 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 28 | 1 << 29 | 1ULL << 32 |
			 1ULL << 33 | 1ULL << 34 | 1ULL << 35 | 1ULL << 36 | 1ULL << 38 | 1ULL << 39 | 1ULL << 40 |
			 1ULL << 43 | 1ULL << 58 | 1 << 2 | 0x3fULL << 18 | 1ULL << 50 | 3ULL << 52 | 3ULL << 62;
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.offered[0] = fake.offered[1] = UINT64_MAX;
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect(!(fake.accepted[0] & ~known) && !fake.accepted[1], "VN-d8f3f715: %#llx",
		  (unsigned long long)fake.accepted[0]);
	drv_net_destroy(net);
}

Test(VN, VN_7ea6fe6e)
{
	struct drv_net *net;
	struct fake fake;
	unsigned bit;

	for (bit = 0; bit < 64; bit++) {
		fake_init(&fake);
		fake.offered[0] = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << bit;
		cr_assert(start(&fake, &net) == 0, "VN-7ea6fe6e: bit %u", bit);
		cr_expect_not(fake.accepted[0] & ~fake.offered[0], "VN-7ea6fe6e: bit %u", bit);
		if (bit == 58)
			cr_expect_not(fake.accepted[0] >> 58 & 1, "VN-7ea6fe6e: XDP_OFFLOAD without CTRL_VQ");
		drv_net_destroy(net);
	}
}

Test(VN, VN_4a21a575)
{
	static const struct drv_net_config nothing = {.xdp_bit = 58};
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	net = drv_net_create(&fake.env, &fake.transport, &nothing);
	cr_assert_eq(drv_net_start(net), 0);
	cr_expect_eq(fake.accepted[0], 1ULL << VIRTIO_F_VERSION_1, "VN-4a21a575");
	drv_net_destroy(net);
}

Test(VN, VN_96752988)
{
	uint8_t frame[60] = {0};
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	drv_net_transmit(net, 0, frame, sizeof(frame));
	drv_net_link_up(net);
	drv_net_stop(net);
	cr_expect_eq(fake.config_writes, 0, "VN-96752988: %u writes", fake.config_writes);
	drv_net_destroy(net);
}

/* The three parts of each queue. */
Test(VN, VN_303fb40a)
{
	struct drv_net *net;
	struct fake fake;
	unsigned i;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	for (i = 0; i < FAKE_QUEUES; i++)
		cr_expect((uintptr_t)fake.queue[i].desc % 16 == 0 && (uintptr_t)fake.queue[i].avail % 2 == 0 &&
				  (uintptr_t)fake.queue[i].used % 4 == 0,
			  "VN-303fb40a: queue %u", i);
	drv_net_destroy(net);
}

/* What the driver sends to the control queue, with and without INDIRECT_DESC: the descriptors as they are in memory. */
static void control_flags(bool indirect, uint16_t flags[2])
{
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;
	uint32_t written;
	uint8_t result[8];

	fake_init(&fake);
	fake_offer(&fake, VIRTIO_RING_F_INDIRECT_DESC, indirect);
	fake.wait_result = -ETIMEDOUT;
	cr_assert_eq(start(&fake, &net), 0);
	drv_ctrl(net, 1, 1, NULL, 0, result, sizeof(result), &written);
	flags[0] = le16_to_cpu(fake.queue[CVQ].desc[le16_to_cpu(fake.queue[CVQ].avail->ring[0])].flags);
	cr_assert(fake_pop(&fake, CVQ, &chain));
	cr_expect(chain.count == 2 && chain.readable == 1, "a readable and a writable part");
	flags[1] = (uint16_t)chain.indirect;
	drv_net_destroy(net);
}

Test(VN, VN_32d39309)
{
	uint16_t flags[2];

	control_flags(false, flags);
	cr_expect_eq(flags[0] & VRING_DESC_F_INDIRECT, 0, "VN-32d39309");
}

Test(VN, VN_ed33d8ba)
{
	uint16_t flags[2];

	control_flags(true, flags);
	cr_expect_eq(flags[0], VRING_DESC_F_INDIRECT, "VN-ed33d8ba: flags %#x", flags[0]);
}

Test(VN, VN_e57a7116)
{
	uint16_t flags[2];

	control_flags(true, flags);
	cr_expect_eq(flags[1], 1, "VN-e57a7116: %u tables", flags[1]);
}

Test(VN, VN_8244796c)
{
	static uint8_t frame[1600];
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	cr_expect_eq(drv_net_transmit(net, 0, frame, 1514), 0, "VN-8244796c");
	cr_expect_eq(drv_net_transmit(net, 0, frame, 1515), -EMSGSIZE, "VN-8244796c");
	drv_net_destroy(net);
}

Test(VN, VN_530c874d)
{
	uint8_t frame[60] = {0};
	struct virtio_net_hdr hdr;
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;
	unsigned i;

	fake_init(&fake);
	cr_assert_eq(start(&fake, &net), 0);
	for (i = 0; i < 20; i++) {
		cr_assert_eq(drv_net_transmit(net, 0, frame, sizeof(frame)), 0);
		cr_assert(fake_pop(&fake, TX, &chain));
		memcpy(&hdr, chain.data[0], sizeof(hdr));
		cr_expect_eq(le16_to_cpu(hdr.num_buffers), 0, "VN-530c874d: frame %u", i);
		memset(chain.data[0], 0xff, sizeof(hdr)); /* a device that writes where it must not */
		fake_push(&fake, TX, chain.head, 0);
		drv_net_reap(net);
	}
	drv_net_destroy(net);
}

Test(VN, VN_9a052528)
{
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	fake.config[offsetof(struct virtio_net_config, mtu)] = 9000 & 255;
	fake.config[offsetof(struct virtio_net_config, mtu) + 1] = 9000 >> 8;
	cr_assert_eq(start(&fake, &net), 0);
	cr_assert(fake_pop(&fake, RX, &chain));
	cr_expect_geq(chain.bytes[0], 12 + 14 + 9000, "VN-9a052528: %u bytes", chain.bytes[0]);
	drv_net_destroy(net);
}
