// SPDX-License-Identifier: BSD-2-Clause
/*
 * A well-behaved driver that does what it may with its queue pairs, in random order, while frames of several flows come
 * in: other numbers of pairs, resets of queues, suspension, coalescing, resets of the device, a program or none, a link
 * that goes down. Whatever it does, each frame is told of once, in order, and reaches the guest once or not at all, as
 * was told; frames keep their order in each queue; the statistics say what has happened; no notification stays out.
 * REFNIC_FUZZ=N tries N devices, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "device-model/net_device.h"
#include "fuzz/corpus.h"
#include "fuzz/generate.h"
#include "fuzz/lab.h"
#include "guest-driver/core/coal.h"
#include "guest-driver/core/stats.h"
#include "guest-driver/core/xdp.h"
#include "rig/link_mem.h"
#include "rig/rig.h"

#define DEVICES   150
#define STEPS     60
#define PAIRS     4
#define FLOWS     8
#define FRAME     80
#define SLOTS     10   /* of the program */
#define FRAMES    8192 /* of one device, at most */
#define NUMBER_AT 50   /* in the frame: its number on the link */

struct world {
	uint64_t seed, rng;
	struct rig *rig;
	struct net *device;
	struct drv_net *net;
	struct link *link;
	uint32_t pushed, reports;
	uint8_t fates[FRAMES + 1]; /* by number */
	uint8_t received[FRAMES + 1];
	uint32_t last[PAIRS];      /* number of the last frame of a queue */
	uint64_t got[PAIRS];       /* frames since the last reset */
	uint64_t since[NET_FATES]; /* counters at the last reset */
	uint32_t generation;       /* of the attachment */
	bool attached;
};

static uint32_t pick(struct world *w, uint32_t count)
{
	return (uint32_t)(generate_random(&w->rng) >> 32) % count;
}

static void observe(void *ctx, const struct net_report *report)
{
	struct world *w = ctx;

	cr_assert_eq(report->number, w->reports + 1, "seed %lu: frame %lu told of after %u", w->seed, report->number,
		     w->reports);
	w->reports++;
	w->fates[w->reports] = (uint8_t)report->fate;
}

static void start(struct world *w)
{
	memset(w->got, 0, sizeof(w->got));
	memcpy(w->since, net_counters(w->device)->frames, sizeof(w->since));
	cr_assert_eq(drv_net_start(w->net), 0, "seed %lu", w->seed);
	w->attached = false;
	w->generation = 0;
}

static void world_open(struct world *w, uint64_t seed)
{
	static const uint8_t optional[] = {VIRTIO_NET_F_MRG_RXBUF, VIRTIO_RING_F_EVENT_IDX};
	struct drv_net_config driver;
	struct net_config config;

	memset(w, 0, sizeof(*w));
	w->seed = w->rng = seed;
	rig_config_default(&config);
	config.queue_pairs = PAIRS;
	config.mtu = 1500;
	config.overrun = !pick(w, 3);
	config.observer = (struct net_observer){observe, w};
	config.strict = true;
	config.fw.caps.flags |= VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT;
	virtio_feature_set(&config.features, VIRTIO_F_RING_PACKED, pick(w, 2));
	virtio_feature_set(&config.features, VIRTIO_F_IN_ORDER, !pick(w, 4));
	for (size_t i = 0; i < sizeof(optional); i++)
		virtio_feature_set(&config.features, optional[i], pick(w, 2));
	rig_driver_config_default(&driver, config.xdp_bit);
	driver.queue_size = (uint16_t)(1u << pick(w, 6));
	driver.rx_buffers = (uint16_t)pick(w, 12);
	w->link = link_mem_open(NULL, 0);
	cr_assert(w->link);
	link_mem_set_endless(w->link, true);
	w->rig = rig_open_driver(&config, &driver, w->link);
	cr_assert(w->rig);
	w->device = rig_device(w->rig);
	w->net = rig_driver(w->rig);
	start(w);
}

/* ---- what the driver and the wire do ---- */

/* UDP between the guest and another station; the first two bytes are for the program. */
static void make_frame(uint8_t *frame, uint8_t action, uint8_t flow, bool from_guest, uint32_t number)
{
	static const uint8_t ip[] = {0x45, 0, 0, 66, 0, 0, 0, 0, 64, 17, 0, 0};

	memset(frame, 0, FRAME);
	frame[0] = action;
	frame[1] = (uint8_t)(number % (PAIRS + 2));
	frame[12] = 8;
	memcpy(frame + 14, ip, sizeof(ip));
	memcpy(frame + 26, from_guest ? "\x0a\0\0\1\x0a\0\0\2" : "\x0a\0\0\2\x0a\0\0\1", 8);
	frame[from_guest ? 37 : 35] = flow;
	frame[from_guest ? 35 : 37] = 7;
	memcpy(frame + NUMBER_AT, &number, sizeof(number));
}

static void push(struct world *w)
{
	uint8_t frame[FRAME];
	uint32_t count = 1 + pick(w, 2 * LINK_BURST / 3), bytes;

	for (; count && w->pushed < FRAMES; count--) {
		make_frame(frame, (uint8_t)(pick(w, 3) ? 2 : pick(w, 6)), (uint8_t)pick(w, FLOWS), false, ++w->pushed);
		bytes = pick(w, 20) ? FRAME : 13;
		cr_assert_eq(link_mem_push_at(w->link, frame, bytes, (uint64_t)w->pushed * 1000), 0);
	}
}

static void on_frame(void *ctx, const struct drv_net_frame *frame)
{
	struct world *w = ctx;
	uint32_t number;

	cr_assert_eq(frame->bytes, FRAME);
	memcpy(&number, frame->data + NUMBER_AT, sizeof(number));
	cr_assert(number && number <= w->pushed, "seed %lu: frame %u", w->seed, number);
	cr_assert_not(w->received[number], "seed %lu: frame %u came twice", w->seed, number);
	cr_assert_gt(number, w->last[frame->queue], "seed %lu: queue %u: frame %u after %u", w->seed, frame->queue,
		     number, w->last[frame->queue]);
	w->received[number] = 1;
	w->last[frame->queue] = number;
	w->got[frame->queue]++;
}

static int receive(struct world *w, unsigned max)
{
	int n = drv_net_receive(w->net, on_frame, w, max);

	cr_assert_geq(n, 0, "seed %lu: %d", w->seed, n);
	return n;
}

/* Until nothing is on its way any more. */
static void drain(struct world *w)
{
	do {
		rig_settle(w->rig);
		cr_assert_eq(w->device->coal.pending, 0, "seed %lu: a notification stays out", w->seed);
		drv_net_reap(w->net);
	} while (receive(w, 1000));
}

static uint64_t counter(struct world *w, uint16_t queue, uint64_t type, unsigned i)
{
	struct drv_stats got;

	cr_assert_eq(drv_stats_get(w->net, &(struct drv_stats_ask){queue, type}, 1, &got, 1), 1, "seed %lu", w->seed);
	return got.counters[i];
}

static uint64_t sum(struct world *w, const enum net_fate *fates, size_t count)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < count; i++)
		frames += net_counters(w->device)->frames[fates[i]] - w->since[fates[i]];
	return frames;
}

/* req: XO-224, XO-225, XO-279 */
static void check_stats(struct world *w)
{
	static const enum net_fate lost[] = {NET_FATE_OVERRUN, NET_FATE_PASS_OVERRUN, NET_FATE_SHORT};
	uint64_t drops = 0, overruns = 0, runs = 0, ran = 0;

	drain(w);
	for (uint16_t pair = 0; pair < PAIRS; pair++) {
		uint64_t packets = counter(w, 2 * pair, VIRTIO_NET_STATS_TYPE_RX_BASIC, 1);

		cr_assert_eq(packets, w->got[pair], "seed %lu: rx_packets of pair %u: %lu, not %lu", w->seed, pair,
			     packets, w->got[pair]);
		drops += counter(w, 2 * pair, VIRTIO_NET_STATS_TYPE_RX_BASIC, 4);
		overruns += counter(w, 2 * pair, VIRTIO_NET_STATS_TYPE_RX_BASIC, 5);
		runs += counter(w, 2 * pair, VIRTIO_NET_STATS_TYPE_RX_XDP, 0);
	}
	for (enum net_fate fate = 0; fate < NET_FATES; fate++)
		ran += net_fate_ran(fate) ? sum(w, &fate, 1) : 0;
	cr_assert_eq(runs, ran, "seed %lu: runs: %lu, not %lu", w->seed, runs, ran);
	cr_assert_eq(drops, sum(w, lost, 3), "seed %lu: rx_drops: %lu, not %lu", w->seed, drops, sum(w, lost, 3));
	cr_assert_eq(overruns, sum(w, lost, 2), "seed %lu: rx_drop_overruns: %lu", w->seed, overruns);
}

static void transmit(struct world *w)
{
	uint8_t frame[FRAME];

	make_frame(frame, 2, (uint8_t)pick(w, FLOWS), true, 0);
	drv_net_reap(w->net);
	drv_net_transmit(w->net, (uint16_t)pick(w, drv_net_active_pairs(w->net)), frame, sizeof(frame));
}

static void set_coal(struct world *w)
{
	struct drv_coal coal = {pick(w, 2) * pick(w, 40), pick(w, 2) * pick(w, 40)};

	if (pick(w, 2))
		cr_assert_eq(drv_coal_set_rx(w->net, &coal), 0);
	else
		cr_assert_eq(drv_coal_set_queue(w->net, (uint16_t)pick(w, 2 * PAIRS), &coal), 0);
}

static void suspend(struct world *w)
{
	cr_assert_eq(drv_net_suspend(w->net), 0, "seed %lu", w->seed);
	push(w);
	rig_settle(w->rig);
	cr_assert_eq(drv_net_resume(w->net), 0, "seed %lu", w->seed);
}

static void restart(struct world *w)
{
	drain(w);
	drv_net_stop(w->net);
	push(w);
	rig_settle(w->rig);
	start(w);
}

/* r0 = first byte of the frame, which goes to the queue of its second byte */
static void attach(struct world *w)
{
	static const uint64_t insns[SLOTS] = {0x1261,  0x41361, 0x24bf,  0x200000407, 0xb7,
					      0x3342d, 0x2071,  0x12571, 0x105163,    0x95};
	struct drv_xdp_prog_info info;
	struct drv_xdp_error e;
	le64 wire[SLOTS];

	if (w->attached)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		wire[i] = cpu_to_le64(insns[i]);
	cr_assert_eq(drv_xdp_prog_load(w->net, 0, wire, sizeof(wire), 0, "fuzz", 1, &info, &e), 0);
	cr_assert_eq(drv_xdp_attach(w->net, 0, VIRTIO_NET_XDP_ID_NONE, 0, 1, 0, &w->generation, &e), 0);
	w->attached = true;
}

static void step(struct world *w)
{
	switch (pick(w, 16)) {
	case 0:
		cr_assert_eq(drv_net_set_pairs(w->net, (uint16_t)(1 + pick(w, PAIRS))), 0, "seed %lu", w->seed);
		break;
	case 1: /* what was received and not handed out would be lost */
		drain(w);
		cr_assert_eq(drv_net_resize(w->net, (uint16_t)(1u << pick(w, 6))), 0, "seed %lu", w->seed);
		break;
	case 2:
		suspend(w);
		break;
	case 3:
		link_mem_set_up(w->link, pick(w, 2));
		break;
	case 4:
		set_coal(w);
		break;
	case 5:
		check_stats(w);
		break;
	case 6:
		if (!pick(w, 4))
			restart(w);
		break;
	case 7:
		attach(w);
		break;
	case 8:
		receive(w, 1 + pick(w, 30));
		break;
	case 9:
		rig_settle(w->rig);
		break;
	case 10:
	case 11:
		transmit(w);
		break;
	default:
		push(w);
		break;
	}
}

static bool reaches_guest(uint8_t fate)
{
	return fate == NET_FATE_DELIVERED || fate == NET_FATE_PASS;
}

static void run(void *ctx, uint64_t first, uint64_t devices)
{
	struct world *w = ctx;

	for (uint64_t seed = first; seed < first + devices; seed++) {
		world_open(w, seed);
		for (unsigned i = 0; i < STEPS; i++)
			step(w);
		link_mem_set_up(w->link, true);
		check_stats(w);
		cr_assert_eq(w->reports, w->pushed, "seed %lu: %u of %u frames told of", seed, w->reports, w->pushed);
		for (uint32_t i = 1; i <= w->pushed; i++)
			cr_assert_eq(w->received[i], reaches_guest(w->fates[i]), "seed %lu: frame %u: %s", seed, i,
				     net_fate_name(w->fates[i]));
		cr_assert_not(virtio_get_status(net_virtio(w->device)) & VIRTIO_CONFIG_S_NEEDS_RESET);
		rig_close(w->rig);
	}
}

Test(fuzz, queues)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), devices = lab_setting("REFNIC_FUZZ", DEVICES);
	struct world *w = malloc(sizeof(*w));

	cr_assert(w);
	if (!getenv("REFNIC_FUZZ"))
		corpus_each("queues", run, w);
	run(w, first, devices);
	free(w);
}
