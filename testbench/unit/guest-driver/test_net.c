/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/net.h"

#define RX 0
#define TX 1

static const struct drv_net_config everything = {.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = 58, .filtered = true};

static struct drv_net *create(struct fake *fake)
{
	return drv_net_create(&fake->env, &fake->transport, &everything);
}

static struct drv_net *open_net(struct fake *fake)
{
	struct drv_net *net = create(fake);

	cr_assert_not_null(net);
	cr_assert_eq(drv_net_start(net), 0);
	return net;
}

static void close_net(struct fake *fake, struct drv_net *net)
{
	drv_net_destroy(net);
	cr_expect_eq(fake->blocks, 0, "%u blocks were not freed", fake->blocks);
}

/* The order of virtio 3.1.1: each status step adds a bit, queues after FEATURES_OK, notifications after DRIVER_OK. */
Test(net, start_sequence)
{
	static const uint8_t status[] = {0, 1, 3, 11, 15};
	struct fake fake;
	struct drv_net *net;
	unsigned i, step = 0;

	fake_init(&fake);
	net = create(&fake);
	cr_expect_eq(fake.events, 0, "nothing is touched before the start");
	cr_assert_eq(drv_net_start(net), 0);
	for (i = 0; i < fake.events; i++) {
		switch (fake.event[i]) {
		case 's':
			cr_assert_lt(step, 5);
			cr_expect_eq(fake.event_arg[i], status[step], "step %u", step);
			step++;
			break;
		case 'f':
			cr_expect_eq(step, 3, "features are written between DRIVER and FEATURES_OK");
			break;
		case 'q':
			cr_expect_eq(step, 4, "queues are set up between FEATURES_OK and DRIVER_OK");
			break;
		case 'n':
			cr_expect_eq(step, 5, "no notification before DRIVER_OK");
			break;
		}
	}
	cr_expect_eq(step, 5);
	cr_expect_eq(fake.queue[RX].notifies, 1);
	cr_expect_eq(fake.queue[TX].notifies, 0);
	cr_expect_eq(fake.config_writes, 0);
	close_net(&fake, net);
}

/* What is accepted of what is offered. */
Test(net, features)
{
	static const struct {
		const char *what;
		uint64_t offered[2], accepted[2];
	} rows[] = {
		{"nothing that is unknown", {UINT64_MAX, UINT64_MAX}, {0x0400000330038028ULL & ~(1ULL << 17), 0}},
		{"only VERSION_1", {1ULL << 32, 0}, {1ULL << 32, 0}},
		{"XDP_OFFLOAD needs CTRL_VQ", {1ULL << 32 | 1ULL << 58, 0}, {1ULL << 32, 0}},
		{"XDP_OFFLOAD with CTRL_VQ",
		 {1ULL << 32 | 1ULL << 58 | 1 << 17, 0},
		 {1ULL << 32 | 1ULL << 58 | 1 << 17, 0}},
	};
	uint64_t known = 1ULL << 3 | 1 << 5 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 28 | 1 << 29 | 1ULL << 32 |
			 1ULL << 33 | 1ULL << 34 | 1ULL << 35 | 1ULL << 36 | 1ULL << 38 | 1ULL << 39 | 1ULL << 40 |
			 1ULL << 43 | 1ULL << 58 | 1 << 2 | 0x3fULL << 18 | 1ULL << 50 | 3ULL << 52 | 3ULL << 62;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t want = i ? rows[i].accepted[0] : known;
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		memcpy(fake.offered, rows[i].offered, sizeof(fake.offered));
		net = open_net(&fake);
		cr_expect_eq(fake.accepted[0], want, "%s: %#lx", rows[i].what, (unsigned long)fake.accepted[0]);
		cr_expect_eq(fake.accepted[1], 0, "%s", rows[i].what);
		cr_expect_eq(drv_net_has(net, 32), true);
		cr_expect_eq(drv_net_has(net, 58), want >> 58 & 1);
		close_net(&fake, net);
	}
}

/* A start that fails sets FAILED and leaves nothing behind after the destruction. */
Test(net, failed_starts)
{
	enum trouble { LEGACY, REFUSED, NO_RESET, DEAD, MTU_67, RESTLESS, NO_RX, NO_TX, NO_CTRL, HUGE_QUEUE };
	static const struct {
		const char *what;
		enum trouble trouble;
		int err;
	} rows[] = {
		{"no VERSION_1", LEGACY, -ENODEV},
		{"FEATURES_OK does not stick", REFUSED, -ENODEV},
		{"the reset does not finish", NO_RESET, -ENODEV},
		{"DEVICE_NEEDS_RESET after DRIVER_OK", DEAD, -ENODEV},
		{"mtu 67", MTU_67, -EPROTO},
		{"configuration that never stands still", RESTLESS, -EPROTO},
		{"no receive queue", NO_RX, -EPROTO},
		{"no transmit queue", NO_TX, -EPROTO},
		{"no control queue", NO_CTRL, -EPROTO},
		{"queue of 32,769", HUGE_QUEUE, -EPROTO},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		switch (rows[i].trouble) {
		case LEGACY:
			fake_offer(&fake, VIRTIO_F_VERSION_1, false);
			break;
		case REFUSED:
			fake.refuse = VIRTIO_CONFIG_S_FEATURES_OK;
			break;
		case NO_RESET:
			fake.reset_sticks = true;
			fake.status = VIRTIO_CONFIG_S_DRIVER_OK;
			break;
		case DEAD:
			fake.sticky = VIRTIO_CONFIG_S_NEEDS_RESET;
			break;
		case MTU_67:
			fake.config[offsetof(struct virtio_net_config, mtu)] = 67;
			fake.config[offsetof(struct virtio_net_config, mtu) + 1] = 0;
			break;
		case RESTLESS:
			fake.restless = true;
			break;
		case NO_RX:
		case NO_TX:
		case NO_CTRL:
			fake.queue[rows[i].trouble - NO_RX].max = 0;
			break;
		case HUGE_QUEUE:
			fake.queue[RX].max = 32769;
			break;
		}
		net = create(&fake);
		cr_expect_eq(drv_net_start(net), rows[i].err, "%s", rows[i].what);
		cr_expect_eq(fake.queue[RX].notifies, 0, "%s", rows[i].what);
		if (rows[i].trouble != NO_RESET && rows[i].trouble != DEAD)
			cr_expect(fake.status & VIRTIO_CONFIG_S_FAILED, "%s", rows[i].what);
		cr_expect_not(fake.status & VIRTIO_CONFIG_S_DRIVER_OK && rows[i].trouble != NO_RESET, "%s",
			      rows[i].what);
		fake.reset_sticks = false;
		fake.sticky = 0;
		close_net(&fake, net);
	}
}

#define RESET_WAITS 1000 /* as the driver */

static void reset_late(struct fake *fake)
{
	unsigned *turns = fake->test;

	if (++*turns == RESET_WAITS)
		fake->status = 0;
}

/* A reset that finishes when the driver has given it up: the queues of before are not lost for that. */
Test(net, late_reset)
{
	unsigned turns = 0;
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	net = create(&fake);
	cr_assert_eq(drv_net_start(net), 0);
	fake.reset_sticks = true;
	fake.test = &turns;
	fake.run = reset_late;
	cr_expect_eq(drv_net_start(net), -ENODEV);
	cr_expect_eq(turns, RESET_WAITS);
	fake.run = NULL;
	fake.reset_sticks = false;
	cr_expect_eq(drv_net_start(net), 0);
	close_net(&fake, net);
}

Test(net, no_memory)
{
	bool started = false;
	int n;

	for (n = 0; n < 64 && !started; n++) {
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		fake_offer(&fake, VIRTIO_RING_F_INDIRECT_DESC, true);
		fake.allocs_left = n;
		net = create(&fake);
		if (net) {
			int err = drv_net_start(net);

			started = !err;
			cr_expect(started || err == -ENOMEM, "%d allocations: %d", n, err);
		}
		close_net(&fake, net);
	}
	cr_expect(started);
}

struct got {
	unsigned count;
	struct drv_net_frame frame;
	uint8_t data[70000];
};

static void on_frame(void *ctx, const struct drv_net_frame *frame)
{
	struct got *got = ctx;

	got->count++;
	got->frame = *frame;
	memcpy(got->data, frame->data, frame->bytes);
}

/* Fills a chain with byte value, behind a header that says num_buffers. */
static void fill(const struct fake_chain *chain, uint16_t num_buffers, bool header, uint8_t value)
{
	struct virtio_net_hdr hdr = {.num_buffers = cpu_to_le16(num_buffers)};

	memset(chain->data[0], value, chain->bytes[0]);
	if (header)
		memcpy(chain->data[0], &hdr, sizeof(hdr));
}

Test(net, receive_single)
{
	static struct got got;
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;
	unsigned i;

	fake_init(&fake);
	net = open_net(&fake);
	for (i = 0; i < 100; i++) {
		cr_assert(fake_pop(&fake, RX, &chain), "buffer %u was not posted again", i);
		cr_assert(chain.count == 1 && !chain.readable);
		cr_expect_geq(chain.bytes[0], 1526);
		fill(&chain, 1, true, (uint8_t)i);
		fake_push(&fake, RX, chain.head, 12 + 60);
		cr_expect_eq(drv_net_receive(net, on_frame, &got, 32), 1);
		cr_expect(got.count == i + 1 && got.frame.bytes == 60 && got.data[59] == (uint8_t)i);
	}
	cr_expect_eq(drv_net_receive(net, on_frame, &got, 32), 0);
	close_net(&fake, net);
}

/* Frames over any number of buffers; the pieces are full but for the last one. */
Test(net, receive_merged)
{
	static struct got got;
	unsigned buffers, k;

	for (buffers = 1; buffers <= 8; buffers++) {
		struct fake_chain chain[8];
		uint32_t bytes = 0, at;
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		fake_offer(&fake, VIRTIO_NET_F_MRG_RXBUF, true);
		net = open_net(&fake);
		for (k = 0; k < buffers; k++) {
			uint32_t len;

			cr_assert(fake_pop(&fake, RX, &chain[k]));
			fill(&chain[k], (uint16_t)buffers, !k, (uint8_t)(k + 1));
			len = k + 1 < buffers ? chain[k].bytes[0] : 77;
			fake_put(&fake, RX, k, chain[k].head, len);
			bytes += len;
		}
		fake_publish(&fake, RX, (uint16_t)buffers);
		memset(&got, 0, sizeof(got));
		cr_assert_eq(drv_net_receive(net, on_frame, &got, 32), 1, "%u buffers", buffers);
		cr_expect_eq(got.frame.bytes, bytes - 12, "%u buffers", buffers);
		cr_expect_eq(got.frame.num_buffers, buffers);
		for (at = 0; at < got.frame.bytes; at++)
			if (got.data[at] != (at + 12) / chain[0].bytes[0] + 1)
				break;
		cr_expect_eq(at, got.frame.bytes, "%u buffers differ at %u", buffers, at);
		for (k = 0; k < 8; k++)
			cr_expect(fake_pop(&fake, RX, &chain[k]) == (k < 8), "posted again");
		close_net(&fake, net);
	}
}

/* A frame of 65,535 bytes fits into a ring full of default buffers, whatever its size. */
Test(net, receive_largest)
{
	static struct got got;
	uint16_t size;

	for (size = 1; size <= 256; size *= 2) {
		uint32_t left = 65535 + 12;
		struct fake_chain chain;
		struct drv_net *net;
		struct fake fake;
		uint16_t n = 0;
		uint8_t *first = NULL;

		fake_init(&fake);
		fake.queue[RX].max = size;
		fake_offer(&fake, VIRTIO_NET_F_MRG_RXBUF, true);
		net = open_net(&fake);
		while (left) {
			uint32_t len;

			cr_assert(fake_pop(&fake, RX, &chain), "ring of %u is too small", size);
			len = chain.bytes[0] < left ? chain.bytes[0] : left;
			memset(chain.data[0], 7, len);
			if (!n)
				first = chain.data[0];
			fake_put(&fake, RX, n++, chain.head, len);
			left -= len;
		}
		memcpy(first, &(struct virtio_net_hdr){.num_buffers = cpu_to_le16(n)}, 12);
		fake_publish(&fake, RX, n);
		cr_expect_eq(drv_net_receive(net, on_frame, &got, 32), 1, "ring of %u", size);
		cr_expect_eq(got.frame.bytes, 65535);
		close_net(&fake, net);
	}
}

/* What a device may write to a ring of 8 mergeable buffers, two of them used: -EPROTO, and nothing is delivered. */
Test(net, hostile_receive)
{
	static const struct {
		const char *what;
		uint16_t num_buffers, used;
		uint32_t len[2]; /* 0xfff: the buffer's whole length */
	} rows[] = {
		{"no header", 1, 1, {0, 0}},
		{"part of a header", 1, 1, {11, 0}},
		{"no buffers", 0, 1, {100, 0}},
		{"more buffers than the ring has", 9, 2, {0xfff, 100}},
		{"65,535 buffers", 65535, 2, {0xfff, 100}},
		{"a buffer that is not there", 2, 1, {0xfff, 0}},
		{"a first buffer with a gap", 2, 2, {100, 100}},
		{"an empty last buffer", 2, 2, {0xfff, 0}},
	};
	static struct got got;
	size_t i;
	unsigned k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_chain chain;
		struct drv_net *net;
		struct fake fake;

		fake_init(&fake);
		fake_offer(&fake, VIRTIO_NET_F_MRG_RXBUF, true);
		net = open_net(&fake);
		for (k = 0; k < rows[i].used; k++) {
			cr_assert(fake_pop(&fake, RX, &chain));
			fill(&chain, rows[i].num_buffers, !k, 1);
			fake_put(&fake, RX, k, chain.head, rows[i].len[k] == 0xfff ? chain.bytes[0] : rows[i].len[k]);
		}
		fake_publish(&fake, RX, rows[i].used);
		got.count = 0;
		cr_expect_eq(drv_net_receive(net, on_frame, &got, 32), -EPROTO, "%s", rows[i].what);
		cr_expect_eq(got.count, 0, "%s", rows[i].what);
		cr_expect(drv_net_broken(net), "%s", rows[i].what);
		cr_expect_eq(drv_net_receive(net, on_frame, &got, 32), -EPROTO, "%s", rows[i].what);
		cr_expect_eq(drv_net_start(net), 0, "%s: a reset helps", rows[i].what);
		cr_expect_not(drv_net_broken(net), "%s", rows[i].what);
		close_net(&fake, net);
	}
}

Test(net, receive_stops_at_max)
{
	static struct got got;
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;
	unsigned i;

	fake_init(&fake);
	net = open_net(&fake);
	for (i = 0; i < 5; i++) {
		cr_assert(fake_pop(&fake, RX, &chain));
		fill(&chain, 1, true, 1);
		fake_push(&fake, RX, chain.head, 100);
	}
	got.count = 0;
	cr_expect_eq(drv_net_receive(net, on_frame, &got, 3), 3);
	cr_expect_eq(drv_net_receive(net, on_frame, &got, 0), 0);
	cr_expect_eq(drv_net_receive(net, on_frame, &got, 3), 2);
	cr_expect_eq(got.count, 5);
	close_net(&fake, net);
}

Test(net, transmit)
{
	static const struct {
		const char *what;
		uint32_t bytes;
		uint16_t type[2];
		int err;
	} rows[] = {
		{"nothing", 0, {0, 0}, -EMSGSIZE},
		{"one byte", 1, {0, 0}, 0},
		{"a frame", 60, {0x0800, 0}, 0},
		{"the MTU", 1514, {0x0800, 0}, 0},
		{"beyond the MTU", 1515, {0x0800, 0}, -EMSGSIZE},
		{"the MTU and a tag", 1518, {0x8100, 0x0800}, 0},
		{"beyond, with a tag", 1519, {0x8100, 0x0800}, -EMSGSIZE},
		{"the MTU and two tags", 1522, {0x88a8, 0x8100}, 0},
		{"beyond, with two tags", 1523, {0x88a8, 0x8100}, -EMSGSIZE},
		{"64 KiB", 65536, {0, 0}, -EMSGSIZE},
	};
	static uint8_t frame[65536];
	struct drv_net *net;
	struct fake fake;
	size_t i;

	fake_init(&fake);
	net = open_net(&fake);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_net_hdr hdr, zero = {0};
		struct fake_chain chain;

		memset(frame, (int)i, sizeof(frame));
		frame[12] = (uint8_t)(rows[i].type[0] >> 8);
		frame[13] = (uint8_t)rows[i].type[0];
		frame[16] = (uint8_t)(rows[i].type[1] >> 8);
		frame[17] = (uint8_t)rows[i].type[1];
		cr_expect_eq(drv_net_transmit(net, 0, frame, rows[i].bytes), rows[i].err, "%s", rows[i].what);
		cr_expect_eq(fake_pop(&fake, TX, &chain), !rows[i].err, "%s", rows[i].what);
		if (rows[i].err)
			continue;
		cr_assert(chain.count == 1 && chain.readable == 1 && chain.bytes[0] == 12 + rows[i].bytes);
		memcpy(&hdr, chain.data[0], sizeof(hdr));
		cr_expect_eq(memcmp(&hdr, &zero, sizeof(hdr)), 0, "%s: flags, gso_type, num_buffers are 0",
			     rows[i].what);
		cr_expect_eq(memcmp(chain.data[0] + 12, frame, rows[i].bytes), 0, "%s", rows[i].what);
		fake_push(&fake, TX, chain.head, 0);
		cr_expect_eq(drv_net_reap(net), 1);
	}
	cr_expect_eq(drv_net_transmit(net, 1, frame, 60), -ENODEV, "no such queue");
	close_net(&fake, net);
}

/* A full queue, and how completions make room; a length for a readable buffer breaks the queue. */
Test(net, transmit_full)
{
	uint8_t frame[60] = {0};
	struct fake_chain chain;
	struct drv_net *net;
	struct fake fake;
	unsigned i;

	fake_init(&fake);
	net = open_net(&fake);
	for (i = 0; i < 8; i++)
		cr_expect_eq(drv_net_transmit(net, 0, frame, sizeof(frame)), 0, "frame %u", i);
	cr_expect_eq(drv_net_transmit(net, 0, frame, sizeof(frame)), -EAGAIN);
	cr_assert(fake_pop(&fake, TX, &chain));
	fake_push(&fake, TX, chain.head, 0);
	cr_expect_eq(drv_net_transmit(net, 0, frame, sizeof(frame)), 0);
	cr_assert(fake_pop(&fake, TX, &chain));
	fake_push(&fake, TX, chain.head, 12);
	cr_expect_eq(drv_net_reap(net), 0);
	cr_expect(drv_net_broken(net));
	close_net(&fake, net);
}

Test(net, config)
{
	uint8_t mac[6];
	struct drv_net *net;
	struct fake fake;

	fake_init(&fake);
	net = open_net(&fake);
	drv_net_mac(net, mac);
	cr_expect_eq(memcmp(mac, "\2\3\4\5\6\7", 6), 0);
	cr_expect_eq(drv_net_mtu(net), 1500);
	cr_expect(drv_net_link_up(net));
	fake.config[offsetof(struct virtio_net_config, status)] = 0;
	cr_expect_not(drv_net_link_up(net));
	drv_net_stop(net);
	cr_expect_eq(fake.status, 0);
	fake_offer(&fake, VIRTIO_NET_F_MAC, false);
	fake_offer(&fake, VIRTIO_NET_F_STATUS, false);
	fake_offer(&fake, VIRTIO_NET_F_MTU, false);
	cr_assert_eq(drv_net_start(net), 0);
	drv_net_mac(net, mac);
	cr_expect_eq(mac[0] & 3, 2, "a locally administered address");
	cr_expect(drv_net_link_up(net), "up without STATUS");
	close_net(&fake, net);
}
