/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements on device statistics: of virtio 1.4, and of the proposal's type RX_XDP. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "guest-driver/core/stats.h"
#include "hand_ring.h"

#define FRAME    64
#define RX_BASIC VIRTIO_NET_STATS_TYPE_RX_BASIC
#define TX_BASIC VIRTIO_NET_STATS_TYPE_TX_BASIC
#define RX_XDP   VIRTIO_NET_STATS_TYPE_RX_XDP
#define CVQ      VIRTIO_NET_STATS_TYPE_CVQ

static void open_stats(struct bench *b, bench_tweak *tweak)
{
	bench_open(b, tweak);
	if (!drv_net_has(b->net, VIRTIO_NET_F_DEVICE_STATS))
		cr_skip_test("the device has no DEVICE_STATS");
}

/* Sends a command of class STATS. Returns the bytes written, ack included. */
static int command(struct bench *b, uint8_t number, const void *data, uint32_t bytes, uint8_t *writable, uint32_t room)
{
	uint8_t readable[256] = {VIRTIO_NET_CTRL_STATS, number};
	int n;

	if (bytes)
		memcpy(readable + 2, data, bytes);
	b->raw = true;
	n = drv_ctrl_raw(b->net, readable, 2 + bytes, writable, room, NULL);
	cr_assert_geq(n, 1);
	return n;
}

static struct virtio_net_ctrl_queue_stats ask_for(uint16_t queue, uint64_t types)
{
	return (struct virtio_net_ctrl_queue_stats){.vq_index = cpu_to_le16(queue),
						    .types_bitmap = {cpu_to_le64(types)}};
}

static uint64_t supported(struct bench *b)
{
	uint64_t types;

	cr_assert_eq(drv_stats_types(b->net, &types), 0);
	return types;
}

/* One counter. */
static uint64_t counter(struct bench *b, uint16_t queue, uint64_t type, unsigned i)
{
	struct drv_stats got;

	cr_assert_eq(drv_stats_get(b->net, &(struct drv_stats_ask){queue, type}, 1, &got, 1), 1);
	cr_assert_lt(i, got.count);
	return got.counters[i];
}

Test(VN, VN_31e393a4)
{
	uint8_t writable[32];
	struct bench b;

	open_stats(&b, NULL);
	cr_expect_eq(command(&b, VIRTIO_NET_CTRL_STATS_QUERY, NULL, 0, writable, 1 + 8), 1 + 8, "VN-31e393a4");
	cr_expect_eq(writable[0], VIRTIO_NET_OK, "VN-31e393a4");
	/* They need no feature. */
	cr_expect_eq(supported(&b) & (RX_BASIC | TX_BASIC), RX_BASIC | TX_BASIC, "VN-31e393a4");
	/* Each that is there can be had. */
	for (unsigned type = 0; type < 64; type++) {
		uint16_t queue = type == 32 ? 2 : type >= 16;
		struct drv_stats got;

		if (supported(&b) >> type & 1)
			cr_expect_eq(drv_stats_get(b.net, &(struct drv_stats_ask){queue, 1ULL << type}, 1, &got, 1), 1,
				     "VN-31e393a4: type %u", type);
	}
	bench_close(&b);
}

static const struct {
	const char *what;
	uint16_t queue;
	uint64_t types;
} wrong[] = {
	{"beyond the last queue", 3, 0},
	{"far beyond it", 0xffff, RX_BASIC},
	{"an unknown type", 0, 1ULL << 63},
	{"one more that is known", 0, RX_BASIC | 1ULL << 40},
	{"of a transmitq, asked of a receiveq", 0, TX_BASIC},
	{"of a receiveq, asked of a transmitq", 1, RX_BASIC},
	{"of the controlq, asked of a receiveq", 0, CVQ},
	{"of a receiveq, asked of the controlq", 2, RX_BASIC},
	{"GUEST_CSUM was not negotiated", 0, VIRTIO_NET_STATS_TYPE_RX_CSUM},
	{"CSUM was not negotiated", 1, VIRTIO_NET_STATS_TYPE_TX_CSUM},
};

static void no_offloads(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->features[0] &= ~(1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM);
}

Test(VN, VN_381ae955)
{
	uint8_t writable[512];
	struct bench b;

	open_stats(&b, no_offloads);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct virtio_net_ctrl_queue_stats ask = ask_for(wrong[i].queue, wrong[i].types);

		command(&b, VIRTIO_NET_CTRL_STATS_GET, &ask, sizeof(ask), writable, sizeof(writable));
		cr_expect_eq(writable[0], VIRTIO_NET_ERR, "VN-381ae955: %s", wrong[i].what);
	}
	bench_close(&b);
}

/* A good entry before or behind a bad one. */
Test(VN, VN_15d7b6b1)
{
	uint8_t writable[512];
	struct bench b;

	open_stats(&b, no_offloads);
	for (unsigned i = 0; i < 2 * sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct virtio_net_ctrl_queue_stats asks[2];

		asks[i % 2] = ask_for(wrong[i / 2].queue, wrong[i / 2].types);
		asks[1 - i % 2] = ask_for(0, RX_BASIC);
		cr_expect_eq(command(&b, VIRTIO_NET_CTRL_STATS_GET, asks, sizeof(asks), writable, sizeof(writable)), 1,
			     "VN-15d7b6b1: %s", wrong[i / 2].what);
		cr_expect_eq(writable[0], VIRTIO_NET_ERR, "VN-15d7b6b1: %s", wrong[i / 2].what);
	}
	bench_close(&b);
}

/* Every reply of one command for three queues, header by header. */
static void headers(const char *id)
{
	struct virtio_net_ctrl_queue_stats asks[3];
	uint8_t writable[512];
	uint64_t seen[3] = {0};
	uint64_t types;
	struct bench b;
	int n, at = 1;

	open_stats(&b, NULL);
	types = supported(&b);
	asks[0] = ask_for(1, types & TX_BASIC);
	asks[1] = ask_for(0, types & (RX_BASIC | RX_XDP));
	asks[2] = ask_for(2, types & CVQ);
	n = command(&b, VIRTIO_NET_CTRL_STATS_GET, asks, sizeof(asks), writable, sizeof(writable));
	cr_assert_eq(writable[0], VIRTIO_NET_OK, "%s", id);
	while (at < n) {
		struct virtio_net_stats_reply_hdr hdr;
		uint16_t queue, size;

		cr_assert_leq(sizeof(hdr), (size_t)(n - at), "%s", id);
		memcpy(&hdr, writable + at, sizeof(hdr));
		queue = le16_to_cpu(hdr.vq_index);
		size = le16_to_cpu(hdr.size);
		cr_assert(queue < 3 && hdr.type < 64, "%s: queue %u, type %u", id, queue, hdr.type);
		seen[queue] |= 1ULL << hdr.type;
		cr_assert(size > sizeof(hdr) && size % 8 == 0 && size <= n - at, "%s: size %u", id, size);
		cr_expect_eq(size,
			     hdr.type == 32  ? sizeof(struct virtio_net_stats_cvq)
			     : hdr.type == 4 ? sizeof(struct virtio_net_stats_rx_xdp)
					     : sizeof(struct virtio_net_stats_rx_basic),
			     "%s: type %u, size %u", id, hdr.type, size);
		at += size;
	}
	for (unsigned i = 0; i < 3; i++)
		cr_expect_eq(seen[le16_to_cpu(asks[i].vq_index)], le64_to_cpu(asks[i].types_bitmap[0]), "%s: entry %u",
			     id, i);
	bench_close(&b);
}

Test(VN, VN_66ae1342)
{
	headers("VN-66ae1342");
}

Test(VN, VN_6563ace4)
{
	headers("VN-6563ace4");
}

/* Room for all replies, for some, and for more than all: whole replies, and nothing behind them. */
Test(VN, VN_e3485473)
{
	const uint32_t reply = sizeof(struct virtio_net_stats_rx_basic);
	struct virtio_net_ctrl_queue_stats asks[2];
	uint8_t writable[512];
	struct bench b;

	open_stats(&b, NULL);
	asks[0] = ask_for(0, RX_BASIC);
	asks[1] = ask_for(1, TX_BASIC);
	for (uint32_t room = 0; room < 3 * reply; room++) {
		uint32_t whole = room / reply < 2 ? room / reply : 2;
		int n = command(&b, VIRTIO_NET_CTRL_STATS_GET, asks, sizeof(asks), writable, 1 + room);

		cr_assert_eq(writable[0], VIRTIO_NET_OK, "VN-e3485473: room %u", room);
		cr_assert_leq((uint32_t)n, 1 + room, "VN-e3485473: room %u", room);
		cr_expect_eq((uint32_t)n, 1 + whole * reply, "VN-e3485473: room %u: %d", room, n);
		for (uint32_t i = (uint32_t)n; i < 1 + room; i++)
			cr_assert_eq(writable[i], 0xa5, "VN-e3485473: room %u: byte %u was written", room, i);
	}
	bench_close(&b);
}

/* What the counters count. */
Test(XO, DEVICE_STATS_count)
{
	uint8_t frame[FRAME], ack;
	struct drv_stats got[4];
	uint64_t commands;
	struct bench b;

	open_stats(&b, NULL);
	make_frame(frame, sizeof(frame));
	for (unsigned i = 0; i < 5; i++)
		play(&b, frame, sizeof(frame));
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(drv_net_transmit(b.net, 0, frame, sizeof(frame) - i), 0);
	rig_settle(b.rig);
	cr_assert_eq(drv_stats_get(b.net,
				   (struct drv_stats_ask[]){{0, RX_BASIC}, {1, TX_BASIC}, {2, CVQ & supported(&b)}}, 3,
				   got, 4),
		     2 + !!(supported(&b) & CVQ));
	cr_expect_eq(got[0].counters[1], 5, "rx_packets");
	cr_expect_eq(got[0].counters[2], 5 * FRAME, "rx_bytes");
	cr_expect_eq(got[0].counters[4], 0, "rx_drops");
	cr_expect_eq(got[0].counters[5], 0, "rx_drop_overruns");
	cr_expect_gt(got[0].counters[3], 0, "rx_interrupts");
	cr_expect_eq(got[1].counters[1], 3, "tx_packets");
	cr_expect_eq(got[1].counters[2], 3 * FRAME - 3, "tx_bytes");
	cr_expect_gt(got[1].counters[0], 0, "tx_notifications");
	cr_expect_eq(got[1].counters[4], 0, "tx_drops");
	/* Those that the device sends, and those that the driver has sent it: this one counts. */
	commands = counter(&b, 2, CVQ, 0);
	cr_expect_eq(counter(&b, 2, CVQ, 0), commands + 1, "command_num");
	cr_expect_eq(counter(&b, 2, CVQ, 1), commands + 2, "ok_num");
	drv_ctrl_raw(b.net, "\xff\xff", 2, &ack, 1, NULL);
	cr_expect_eq(counter(&b, 2, CVQ, 0), commands + 4, "command_num");
	cr_expect_eq(counter(&b, 2, CVQ, 1), commands + 4, "ok_num, after a command that was refused");
	/* Lost for want of a link, and for making no sense. */
	link_mem_set_room(b.link, 0);
	cr_assert_eq(drv_net_transmit(b.net, 0, frame, sizeof(frame)), 0);
	rig_settle(b.rig);
	cr_expect_eq(counter(&b, 1, TX_BASIC, 4), 1, "tx_drops");
	cr_expect_eq(counter(&b, 1, TX_BASIC, 5), 0, "tx_drop_malformed");
	cr_assert_eq(drv_net_transmit(b.net, 0, frame, 5), 0);
	rig_settle(b.rig);
	cr_expect_eq(counter(&b, 1, TX_BASIC, 4), 2, "tx_drops");
	cr_expect_eq(counter(&b, 1, TX_BASIC, 5), 1, "tx_drop_malformed");
	bench_restart(&b);
	cr_expect_eq(counter(&b, 0, RX_BASIC, 1), 0, "after a reset");
	cr_expect_eq(counter(&b, 1, TX_BASIC, 1), 0, "after a reset");
	bench_close(&b);
}

/* ---- RX_XDP ---- */

static void no_xdp(struct net_config *device, struct drv_net_config *driver)
{
	driver->features[device->xdp_bit / 64] &= ~(1ULL << device->xdp_bit % 64);
	driver->xdp_bit = UINT16_MAX;
}

Test(XO, XO_223)
{
	uint8_t writable[32];
	le64 types;
	struct bench b;

	open_stats(&b, NULL);
	cr_assert_eq(command(&b, VIRTIO_NET_CTRL_STATS_QUERY, NULL, 0, writable, 1 + 8), 1 + 8);
	memcpy(&types, writable + 1, sizeof(types));
	cr_expect(le64_to_cpu(types) & RX_XDP, "XO-223");
	bench_close(&b);
}

/* {R0, the counter that it adds to besides runs} */
Test(XO, XO_224)
{
	enum { RUNS, PASS, DROP, TX, TX_DROP, ABORTED, UNSUPPORTED, OVERSIZE, BAD_QUEUE, NUM };
	static const struct {
		uint32_t r0;
		unsigned counter;
	} rows[] = {{VIRTIO_NET_XDP_PASS, PASS},       {VIRTIO_NET_XDP_DROP, DROP}, {VIRTIO_NET_XDP_TX, TX},
		    {VIRTIO_NET_XDP_ABORTED, ABORTED}, {77, UNSUPPORTED},           {VIRTIO_NET_XDP_TX, TX_DROP}};
	uint64_t want[NUM] = {0};
	uint8_t *frame = malloc(70000);
	struct drv_stats got;
	struct bench b;

	open_stats(&b, NULL);
	make_frame(frame, FRAME);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LOAD(&b, 0, RETURN(rows[i].r0));
		attach(&b, 0, 1, 0);
		if (rows[i].counter == TX_DROP)
			link_mem_set_room(b.link, 0);
		for (unsigned n = 0; n <= i; n++)
			play(&b, frame, FRAME);
		want[RUNS] += i + 1;
		want[rows[i].counter] += i + 1;
		cr_assert_eq(drv_stats_get(b.net, &(struct drv_stats_ask){0, RX_XDP}, 1, &got, 1), 1, "XO-224");
		for (unsigned k = 0; k < NUM; k++)
			cr_expect_eq(got.counters[k], want[k], "XO-224: row %u, counter %u: %llu", i, k,
				     (unsigned long long)got.counters[k]);
		detach(&b);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, &(struct drv_xdp_error){0}), 0);
	}
	if (b.caps.max_frame < 70000) {
		LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
		attach(&b, 0, 1, 0);
		make_frame(frame, 70000);
		play(&b, frame, b.caps.max_frame + 1);
		cr_expect_eq(counter(&b, 0, RX_XDP, OVERSIZE), 1, "XO-224: oversize");
		cr_expect_eq(counter(&b, 0, RX_XDP, RUNS), want[RUNS], "XO-224: oversize");
	}
	/* Commands of the program's class change none of them. */
	cr_expect_eq(counter(&b, 0, RX_XDP, PASS), want[PASS], "XO-224");
	bench_restart(&b);
	cr_expect_eq(counter(&b, 0, RX_XDP, RUNS), 0, "XO-224: after a reset");
	free(frame);
	bench_close(&b);
}

Test(XO, XO_225)
{
	static const uint32_t rows[] = {VIRTIO_NET_XDP_DROP, VIRTIO_NET_XDP_ABORTED, VIRTIO_NET_XDP_TX, 77};
	uint8_t frame[FRAME];
	struct bench b;

	open_stats(&b, NULL);
	make_frame(frame, sizeof(frame));
	link_mem_set_room(b.link, 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		LOAD(&b, 0, RETURN(rows[i]));
		attach(&b, 0, 1, 0);
		play(&b, frame, sizeof(frame));
		cr_expect_eq(counter(&b, 0, RX_BASIC, 4), 0, "XO-225: R0 %u", rows[i]);
		cr_expect_eq(counter(&b, 0, RX_XDP, 0), i + 1, "XO-225: R0 %u", rows[i]);
		detach(&b);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, &(struct drv_xdp_error){0}), 0);
	}
	bench_close(&b);
}

/* No run, or no way to deliver what passed. */
Test(XO, XO_279)
{
	uint8_t *frame = calloc(1, 70000);
	uint32_t rows[3];
	struct bench b;

	open_stats(&b, NULL);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	make_frame(frame, 70000);
	rows[0] = 13;
	rows[1] = b.caps.max_frame + 1;
	rows[2] = drv_net_mtu(b.net) + 15u;
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_leq(rows[i], 70000);
		play(&b, frame, rows[i]);
		cr_expect_eq(counter(&b, 0, RX_BASIC, 4), i + 1, "XO-279: %u bytes", rows[i]);
	}
	cr_expect_eq(counter(&b, 0, RX_BASIC, 1), 0, "XO-279: rx_packets");
	cr_expect_eq(counter(&b, 0, RX_BASIC, 5), 0, "XO-279: rx_drop_overruns");
	free(frame);
	bench_close(&b);
}

/* ---- the driver ---- */

struct script {
	unsigned queries, gets;
	uint64_t types;
	uint32_t room; /* of the last GET, ack included */
};

/* A device that has some types, and counts what it is asked. */
static void answer(void *ctx, const uint8_t *in, uint32_t bytes, uint8_t *out, uint32_t room, uint32_t *written)
{
	struct script *s = ctx;
	le64 types = cpu_to_le64(s->types);

	(void)bytes;
	out[0] = VIRTIO_NET_OK;
	*written = 1;
	if (in[0] != VIRTIO_NET_CTRL_STATS)
		return;
	if (in[1] == VIRTIO_NET_CTRL_STATS_QUERY && room >= 9) {
		s->queries++;
		memcpy(out + 1, &types, sizeof(types));
		*written = 9;
	} else if (in[1] == VIRTIO_NET_CTRL_STATS_GET) {
		s->gets++;
		s->room = room;
	}
}

Test(VN, VN_c4f69d2d)
{
	struct script s = {.types = RX_BASIC};
	struct drv_stats got[2];
	struct hand_device d;

	hand_device_open_commands(&d, 1ULL << VIRTIO_NET_F_DEVICE_STATS, answer, &s);
	cr_expect_eq(drv_stats_get(d.net, &(struct drv_stats_ask){1, TX_BASIC}, 1, got, 2), -EINVAL, "VN-c4f69d2d");
	cr_expect(s.queries == 1 && !s.gets, "VN-c4f69d2d: asked for what the device has not");
	cr_expect_eq(drv_stats_get(d.net, &(struct drv_stats_ask){0, RX_BASIC}, 1, got, 2), -EPROTO,
		     "an empty answer is none");
	cr_expect(s.queries == 1 && s.gets == 1, "VN-c4f69d2d");
	hand_device_close(&d);
}

Test(VN, VN_55848054)
{
	static const struct drv_stats_ask rows[] = {{0, TX_BASIC}, {0, CVQ},      {1, RX_BASIC}, {1, RX_XDP},
						    {2, RX_BASIC}, {2, TX_BASIC}, {3, RX_BASIC}, {0xffff, CVQ}};
	struct script s = {.types = RX_BASIC | TX_BASIC | RX_XDP | CVQ};
	struct drv_stats got[2];
	struct hand_device d;

	hand_device_open_commands(&d, 1ULL << VIRTIO_NET_F_DEVICE_STATS, answer, &s);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(drv_stats_get(d.net, &rows[i], 1, got, 2), -EINVAL, "VN-55848054: row %u", i);
	cr_expect_eq(s.gets, 0, "VN-55848054");
	hand_device_close(&d);
}

Test(VN, VN_a609c702)
{
	struct script s = {.types = RX_BASIC | TX_BASIC | RX_XDP | CVQ};
	struct drv_stats got[8];
	struct hand_device d;

	hand_device_open_commands(&d, 1ULL << VIRTIO_NET_F_DEVICE_STATS, answer, &s);
	drv_stats_get(d.net, (struct drv_stats_ask[]){{0, RX_BASIC | RX_XDP}, {1, TX_BASIC}, {2, CVQ}}, 3, got, 8);
	cr_expect_eq(s.gets, 1, "VN-a609c702");
	cr_expect_geq(s.room, 1 + 56 + 80 + 56 + 24, "VN-a609c702: %u", s.room);
	hand_device_close(&d);
}

/* Without the feature nothing is sent. */
Test(XO, DEVICE_STATS_not_negotiated)
{
	struct script s = {.types = RX_BASIC};
	struct hand_device d;
	uint64_t types;

	hand_device_open_commands(&d, 0, answer, &s);
	cr_expect_eq(drv_stats_types(d.net, &types), -ENOTSUP);
	cr_expect_eq(s.queries, 0);
	hand_device_close(&d);
}

Test(XO, RX_XDP_not_negotiated)
{
	struct virtio_net_ctrl_queue_stats ask = ask_for(0, RX_XDP);
	uint8_t writable[128];
	struct bench b;

	bench_open(&b, no_xdp);
	if (!drv_net_has(b.net, VIRTIO_NET_F_DEVICE_STATS))
		cr_skip_test("the device has no DEVICE_STATS");
	command(&b, VIRTIO_NET_CTRL_STATS_GET, &ask, sizeof(ask), writable, sizeof(writable));
	cr_expect_eq(writable[0], VIRTIO_NET_ERR);
	bench_close(&b);
}
