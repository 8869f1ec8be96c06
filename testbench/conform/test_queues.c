/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on queue pairs: how many are in use, automatic receive steering. */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "guest-driver/core/stats.h"
#include "hand_ring.h"

#define PAIRS 4
#define FLOWS 32
#define FRAME 60

static void four_pairs(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->queue_pairs = PAIRS;
}

static void select_queues(struct net_config *device, struct drv_net_config *driver)
{
	four_pairs(device, driver);
	device->fw.caps.flags |= VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT;
}

/* UDP over IPv4 between the device's guest and another station: flow by the other's port. */
static void make_flow(struct bench *b, uint8_t *frame, uint16_t flow, bool from_guest)
{
	static const uint8_t ip[] = {0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0};
	uint8_t guest[6], other[6] = {2, 0, 0, 0, 0, 9};
	uint8_t *ports = frame + 34;

	memset(frame, 0, FRAME);
	drv_net_mac(b->net, guest);
	memcpy(frame, from_guest ? other : guest, 6);
	memcpy(frame + 6, from_guest ? guest : other, 6);
	frame[12] = 8;
	memcpy(frame + 14, ip, sizeof(ip));
	memcpy(frame + 26, from_guest ? "\x0a\0\0\1\x0a\0\0\2" : "\x0a\0\0\2\x0a\0\0\1", 8);
	ports[from_guest ? 0 : 2] = 7;
	ports[from_guest ? 2 : 0] = (uint8_t)(flow >> 8);
	ports[from_guest ? 3 : 1] = (uint8_t)flow;
}

/* The receive queue that a frame of the flow comes in on. */
static uint16_t queue_of(struct bench *b, uint16_t flow)
{
	uint8_t frame[FRAME];

	make_flow(b, frame, flow, false);
	bench_forget(b);
	play(b, frame, sizeof(frame));
	cr_assert_eq(b->num_got, 1, "flow %u", flow);
	return b->got[0].queue;
}

static void transmit(struct bench *b, uint16_t flow, uint16_t pair)
{
	uint8_t frame[FRAME];

	make_flow(b, frame, flow, true);
	cr_assert_eq(drv_net_transmit(b->net, pair, frame, sizeof(frame)), 0);
	rig_settle(b->rig);
	drv_net_reap(b->net);
}

static void open_pairs(struct bench *b, bench_tweak *tweak)
{
	bench_open(b, tweak);
	if (drv_net_pairs(b->net) < PAIRS)
		cr_skip_test("the device has no %u queue pairs", PAIRS);
}

/* VQ_PAIRS_SET with any bytes. Returns the ack. */
static int set_pairs(struct bench *b, const void *data, uint32_t bytes)
{
	uint8_t readable[16] = {VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET}, ack;

	if (bytes)
		memcpy(readable + 2, data, bytes);
	b->raw = true;
	cr_assert_eq(drv_ctrl_raw(b->net, readable, 2 + bytes, &ack, 1, NULL), 1);
	return ack;
}

/* Frames of a flow stay together, and flows are spread. */
Test(VN, VN_cea4743d)
{
	unsigned of_queue[PAIRS] = {0}, used = 0;
	struct bench b;

	open_pairs(&b, four_pairs);
	for (uint16_t flow = 0; flow < FLOWS; flow++) {
		uint16_t queue = queue_of(&b, flow);

		cr_assert_lt(queue, PAIRS, "VN-cea4743d");
		cr_expect_eq(queue_of(&b, flow), queue, "VN-cea4743d: flow %u", flow);
		of_queue[queue]++;
	}
	for (unsigned i = 0; i < PAIRS; i++)
		used += of_queue[i] != 0;
	cr_expect_gt(used, 1, "VN-cea4743d: one queue got everything");
	bench_close(&b);
}

Test(VN, VN_1576ba7a)
{
	struct bench b;

	open_pairs(&b, four_pairs);
	for (uint16_t pair = 0; pair < PAIRS; pair++) {
		transmit(&b, 1, pair);
		transmit(&b, 2, PAIRS - 1 - pair);
		cr_expect_eq(queue_of(&b, 1), pair, "VN-1576ba7a");
		cr_expect_eq(queue_of(&b, 2), PAIRS - 1 - pair, "VN-1576ba7a");
	}
	bench_restart(&b);
	bench_close(&b);
}

/* A driver that enabled receiveq2 and did not send the command. */
Test(VN, VN_ae81cb25)
{
	uint64_t features = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_MQ;
	uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
	struct hand h;

	hand_open_pairs(&h, 2);
	if (!hand_negotiate(&h, features))
		cr_skip_test("the device has no MQ");
	hand_queues(&h); /* of which the third is receiveq2 */
	hand_set_status(&h, hand_status(&h) | VIRTIO_CONFIG_S_DRIVER_OK);
	for (unsigned i = 0; i < HAND_SIZE; i++) {
		struct hand_queue *queues[] = {&h.rx, &h.cvq};

		for (unsigned q = 0; q < 2; q++) {
			hand_desc(queues[q], i, queues[q]->buffer_addr + i * 4096, 4096, VRING_DESC_F_WRITE, 0);
			hand_submit(queues[q], (uint16_t)i);
		}
	}
	for (uint8_t i = 0; i < HAND_SIZE; i++) {
		frame[11] = i;
		cr_assert_eq(link_mem_push(h.link, frame, sizeof(frame)), 0);
	}
	hand_kick(&h, 0);
	hand_kick(&h, 2);
	cr_expect_eq(hand_used(&h.rx), HAND_SIZE, "VN-ae81cb25: %u", hand_used(&h.rx));
	cr_expect_eq(hand_used(&h.cvq), 0, "VN-ae81cb25: %u on receiveq2", hand_used(&h.cvq));
	hand_close(&h);
}

Test(VN, VN_356ebb61)
{
	struct bench b;

	open_pairs(&b, four_pairs);
	for (uint16_t flow = 0; flow < FLOWS; flow++)
		transmit(&b, flow, flow % PAIRS);
	for (uint16_t pairs = PAIRS; pairs; pairs--) {
		cr_assert_eq(drv_net_set_pairs(b.net, pairs), 0);
		for (uint16_t flow = 0; flow < FLOWS; flow++)
			cr_expect_lt(queue_of(&b, flow), pairs, "VN-356ebb61: %u pairs, flow %u", pairs, flow);
	}
	bench_close(&b);
}

/* hw-notify-deleted: multiqueue is gone after a reset, and notifications for its queues do nothing. */
Test(XO, notify_of_a_queue_that_went)
{
	static const uint64_t base = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ;
	struct hand h;

	hand_open_pairs(&h, 2);
	if (!hand_negotiate(&h, base | 1ULL << VIRTIO_NET_F_MQ))
		cr_skip_test("the device has no MQ");
	hand_set_status(&h, 0);
	cr_assert(hand_negotiate(&h, base));
	hand_queues(&h);
	hand_set_status(&h, hand_status(&h) | VIRTIO_CONFIG_S_DRIVER_OK);
	for (uint16_t queue = 3; queue < 8; queue++)
		hand_kick(&h, queue);
	/* The control queue is the third one now. */
	hand_desc(&h.cvq, 0, h.cvq.buffer_addr, 2, VRING_DESC_F_NEXT, 1);
	hand_desc(&h.cvq, 1, h.cvq.buffer_addr + 64, 1, VRING_DESC_F_WRITE, 0);
	hand_submit(&h.cvq, 0);
	hand_kick(&h, 2);
	cr_expect_eq(hand_used(&h.cvq), 1, "hw-notify-deleted");
	cr_expect_not(hand_status(&h) & VIRTIO_CONFIG_S_NEEDS_RESET, "hw-notify-deleted");
	hand_close(&h);
}

static void one_of_four(struct net_config *device, struct drv_net_config *driver)
{
	four_pairs(device, driver);
	driver->pairs = 1;
}

/* ch-882f82f04: fewer pairs than the device has, suspended and resumed. */
Test(XO, suspended_with_one_pair_of_four)
{
	const struct drv_transport *t;
	uint8_t status, frame[FRAME];
	struct bench b;

	bench_open(&b, one_of_four);
	if (!drv_net_has(b.net, VIRTIO_F_SUSPEND))
		cr_skip_test("the device has no SUSPEND");
	t = rig_transport(b.rig);
	status = t->ops->get_status(t->ctx);
	t->ops->set_status(t->ctx, status | VIRTIO_CONFIG_S_SUSPEND);
	rig_settle(b.rig);
	cr_expect(t->ops->get_status(t->ctx) & VIRTIO_CONFIG_S_SUSPEND, "ch-882f82f04");
	t->ops->set_status(t->ctx, t->ops->get_status(t->ctx) | VIRTIO_CONFIG_S_DRIVER_OK);
	rig_settle(b.rig);
	make_flow(&b, frame, 1, false);
	play(&b, frame, sizeof(frame));
	cr_expect_eq(b.num_got, 1, "ch-882f82f04");
	bench_close(&b);
}

static void two_buffers(struct net_config *device, struct drv_net_config *driver)
{
	four_pairs(device, driver);
	driver->rx_buffers = 2;
}

static uint64_t received_packets(struct bench *b, uint16_t pair)
{
	struct drv_stats got;

	cr_assert_eq(drv_stats_get(b->net,
				   &(struct drv_stats_ask){(uint16_t)(2 * pair), VIRTIO_NET_STATS_TYPE_RX_BASIC}, 1,
				   &got, 1),
		     1);
	return got.counters[1];
}

/* A queue without buffers keeps its frames in their order, and those of other queues do not wait for it, nor do their
 * statistics. */
Test(XO, one_queue_waits)
{
	static const uint16_t flows[] = {1, 1, 1, 2, 1, 2};
	unsigned of_flow[3] = {0}, i;
	uint8_t frame[FRAME];
	struct bench b;

	open_pairs(&b, two_buffers);
	transmit(&b, 1, 0);
	transmit(&b, 2, 1);
	bench_forget(&b);
	for (i = 0; i < 6; i++) {
		make_flow(&b, frame, flows[i], false);
		frame[FRAME - 1] = (uint8_t)i;
		cr_assert_eq(link_mem_push(b.link, frame, sizeof(frame)), 0);
	}
	rig_settle(b.rig);
	for (uint16_t pair = 0; drv_net_has(b.net, VIRTIO_NET_F_DEVICE_STATS) && pair < 2; pair++)
		cr_expect_eq(received_packets(&b, pair), 2, "rx_packets of pair %u: %lu", pair,
			     received_packets(&b, pair));
	receive(&b);
	cr_assert_eq(b.num_got, 6);
	for (i = 0; i < 6; i++) {
		of_flow[b.got[i].queue + 1]++;
		/* The first four: those for which there were buffers. */
		if (i == 3)
			cr_expect(of_flow[1] == 2 && of_flow[2] == 2, "%u and %u frames came in first", of_flow[1],
				  of_flow[2]);
	}
	for (i = 1; i < 6; i++)
		for (unsigned k = 0; k < i; k++)
			if (b.got[i].queue == b.got[k].queue)
				cr_expect_gt(b.got[i].data[FRAME - 1], b.got[k].data[FRAME - 1], "order in a queue");
	bench_close(&b);
}

/* Five frames for a queue with two buffers, which goes and comes again. */
Test(XO, XO_280)
{
	uint8_t frame[FRAME];
	struct bench b;

	open_pairs(&b, two_buffers);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	transmit(&b, 1, PAIRS - 1);
	bench_forget(&b);
	make_flow(&b, frame, 1, false);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(link_mem_push(b.link, frame, sizeof(frame)), 0);
	rig_settle(b.rig);
	cr_assert_eq(drv_net_set_pairs(b.net, 1), 0);
	cr_assert_eq(drv_net_set_pairs(b.net, PAIRS), 0);
	receive(&b);
	cr_expect_eq(b.num_got, 2, "XO-280: %u frames were delivered", b.num_got);
	for (unsigned i = 0; i < b.num_got; i++)
		cr_expect_eq(b.got[i].queue, PAIRS - 1, "XO-280: frame %u on queue %u", i, b.got[i].queue);
	cr_expect_eq(queue_of(&b, 1), PAIRS - 1, "XO-280: the next frame");
	bench_close(&b);
}

/* Numbers of pairs that do not exist, and commands of another size, change nothing. */
Test(XO, VQ_PAIRS_SET_refused)
{
	static const struct {
		uint8_t data[4];
		uint32_t bytes;
	} rows[] = {{{0, 0}, 2}, {{PAIRS + 1, 0}, 2}, {{0, 0x80}, 2}, {{0xff, 0xff}, 2}, {{2, 0, 0}, 3}, {{2}, 1},
		    {{0}, 0},    {{2, 0, 0, 0}, 4}};
	struct bench b;

	open_pairs(&b, four_pairs);
	transmit(&b, 1, PAIRS - 1);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(set_pairs(&b, rows[i].data, rows[i].bytes), VIRTIO_NET_ERR, "row %u", i);
		cr_expect_eq(queue_of(&b, 1), PAIRS - 1, "row %u", i);
	}
	bench_close(&b);
}

static void reset_queue(struct bench *b, uint16_t queue)
{
	const struct drv_transport *t = rig_transport(b->rig);

	t->ops->queue_reset(t->ctx, queue);
	while (t->ops->queue_resetting(t->ctx, queue))
		t->ops->wait(t->ctx);
}

static void open_resetting(struct bench *b)
{
	open_pairs(b, four_pairs);
	if (!drv_net_has(b->net, VIRTIO_F_RING_RESET))
		cr_skip_test("the device has no RING_RESET");
}

Test(VN, VN_5e69111e)
{
	uint16_t queue;
	struct bench b;

	open_resetting(&b);
	queue = queue_of(&b, 1);
	reset_queue(&b, 2 * queue);
	for (uint16_t flow = 1; flow < FLOWS; flow++)
		cr_expect_neq(queue_of(&b, flow), queue, "VN-5e69111e: flow %u", flow);
	bench_close(&b);
}

Test(VN, VN_7222dea9)
{
	uint8_t frame[FRAME];
	struct bench b;

	open_resetting(&b);
	for (uint16_t pair = 0; pair < PAIRS; pair++)
		reset_queue(&b, 2 * pair);
	make_flow(&b, frame, 1, false);
	play(&b, frame, sizeof(frame));
	cr_expect_eq(b.num_got, 0, "VN-7222dea9");
	cr_expect_eq(link_mem_left(b.link), 0, "VN-7222dea9: the frame still waits");
	/* Nor does it come when they are there again. */
	cr_assert_eq(drv_net_resize(b.net, 64), 0);
	rig_settle(b.rig);
	receive(&b);
	cr_expect_eq(b.num_got, 0, "VN-7222dea9: the frame has waited");
	cr_expect_lt(queue_of(&b, 1), PAIRS, "VN-7222dea9: the next frame");
	bench_close(&b);
}

/* req: XO-136, XO-137, XO-138 with more than one receiveq: those in use are the ones that can be selected. */
Test(XO, QUEUE_SELECT_of_those_in_use)
{
	struct bench b;

	open_pairs(&b, select_queues);
	if (!(b.caps.flags & VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT))
		cr_skip_test("the device does not offer QUEUE_SELECT");
	for (uint16_t pairs = PAIRS; pairs; pairs--) {
		cr_assert_eq(drv_net_set_pairs(b.net, pairs), 0);
		for (uint32_t queue = 0; queue < PAIRS + 1; queue++) {
			/* The second store is of none that exists: it changes nothing. */
			LOAD(&b, 0, ST_W(1, CTX_QUEUE, queue), ST_W(1, CTX_QUEUE, 0x10000),
			     RETURN(VIRTIO_NET_XDP_PASS));
			attach(&b, 0, 1, 0);
			for (uint16_t flow = 0; flow < 4; flow++) {
				uint16_t got = queue_of(&b, flow);

				if (queue < pairs)
					cr_expect_eq(got, queue, "XO-137: %u pairs, queue %u", pairs, queue);
				else
					cr_expect_lt(got, pairs, "XO-138: %u pairs, queue %u", pairs, queue);
			}
			detach(&b);
			cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, &(struct drv_xdp_error){0}), 0);
		}
	}
	bench_close(&b);
}

/* ---- the driver ---- */

/* A driver of its own on the bench's device, with registers that note what it touches. */
struct spy {
	struct bench bench;
	struct drv_net *net;
	const struct drv_transport *real;
	struct drv_transport transport;
	uint8_t frame[FRAME]; /* to send */
	struct drv_queue_addr addr[2 * PAIRS + 1];
	unsigned enabled, buffers_missing, sent_early, notified[2 * PAIRS + 1];
};

static uint16_t avail_index(const struct spy *s, uint16_t queue)
{
	const struct vring_avail *avail = dma_at(rig_dma(s->bench.rig), s->addr[queue].driver);

	return avail ? le16_to_cpu(avail->idx) : 0;
}

static void spy_enable(void *ctx, uint16_t queue, uint16_t size, const struct drv_queue_addr *addr)
{
	struct spy *s = ctx;

	s->addr[queue] = *addr;
	s->real->ops->queue_enable(s->real->ctx, queue, size, addr);
}

static void spy_notify(void *ctx, uint16_t queue, uint32_t data)
{
	struct spy *s = ctx;

	/* The first command: from here on the pairs may be in use. */
	if (queue == 2 * PAIRS && !s->notified[queue])
		for (uint16_t i = 0; i < 2 * PAIRS; i++) {
			s->enabled += s->addr[i].desc != 0;
			s->buffers_missing += i % 2 == 0 && !avail_index(s, i);
			s->sent_early += i % 2 && i > 1 && avail_index(s, i);
		}
	s->notified[queue]++;
	s->real->ops->notify(s->real->ctx, queue, data);
}

#define PASS_ON(name, type, args, ...)                                                                                 \
	static type spy_##name args                                                                                    \
	{                                                                                                              \
		struct spy *s = ctx;                                                                                   \
		return s->real->ops->name(s->real->ctx, ##__VA_ARGS__);                                                \
	}
PASS_ON(get_status, uint8_t, (void *ctx))
PASS_ON(set_status, void, (void *ctx, uint8_t status), status)
PASS_ON(get_features, uint32_t, (void *ctx, uint32_t select), select)
PASS_ON(set_features, void, (void *ctx, uint32_t select, uint32_t bits), select, bits)
PASS_ON(config_generation, uint8_t, (void *ctx))
PASS_ON(config_read, void, (void *ctx, uint32_t offset, void *to, size_t bytes), offset, to, bytes)
PASS_ON(num_queues, uint16_t, (void *ctx))
PASS_ON(queue_max_size, uint16_t, (void *ctx, uint16_t queue), queue)
PASS_ON(wait, int, (void *ctx))

static const struct drv_transport_ops spy_ops = {
	.get_status = spy_get_status,
	.set_status = spy_set_status,
	.get_features = spy_get_features,
	.set_features = spy_set_features,
	.config_generation = spy_config_generation,
	.config_read = spy_config_read,
	.num_queues = spy_num_queues,
	.queue_max_size = spy_queue_max_size,
	.queue_enable = spy_enable,
	.notify = spy_notify,
	.wait = spy_wait,
};

/* The bench's driver lets go of the device. */
static void spy_on(struct spy *s, uint16_t pairs)
{
	struct drv_net_config config;
	struct rig *rig;

	*s = (struct spy){0};
	bench_open(&s->bench, four_pairs);
	s->bench.choosy = true;
	drv_net_stop(s->bench.net);
	rig = s->bench.rig;
	s->real = rig_transport(rig);
	s->transport = (struct drv_transport){&spy_ops, s};
	make_frame(s->frame, sizeof(s->frame));
	rig_driver_config_default(&config, VIRTIO_NET_F_XDP_OFFLOAD_ALT);
	config.features[0] = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_MQ;
	config.pairs = pairs;
	s->net = drv_net_create(rig_env(rig), &s->transport, &config);
	cr_assert_not_null(s->net);
	cr_assert_eq(drv_net_start(s->net), 0);
}

static void spy_end(struct spy *s)
{
	drv_net_destroy(s->net);
	bench_close(&s->bench);
}

Test(VN, VN_a7f09a21)
{
	struct spy s;

	spy_on(&s, 0);
	cr_expect_geq(s.notified[2 * PAIRS], 1, "VN-a7f09a21: there was no command");
	cr_expect_eq(s.enabled, 2 * PAIRS, "VN-a7f09a21: %u queues", s.enabled);
	spy_end(&s);
}

Test(VN, VN_4adc8ed0)
{
	struct spy s;

	spy_on(&s, 0);
	cr_expect_eq(s.buffers_missing, 0, "VN-4adc8ed0: %u receive queues are empty", s.buffers_missing);
	spy_end(&s);
}

Test(VN, VN_9a120d31)
{
	static const uint16_t rows[] = {0, PAIRS + 1, 0x8000, 0xffff};
	struct spy s;
	unsigned before;

	spy_on(&s, 0);
	before = s.notified[2 * PAIRS];
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(drv_net_set_pairs(s.net, rows[i]), -EINVAL, "VN-9a120d31: %u", rows[i]);
	cr_expect_eq(s.notified[2 * PAIRS], before, "VN-9a120d31: a command was sent");
	spy_end(&s);
}

Test(VN, VN_6e5ffc58)
{
	struct spy s;

	spy_on(&s, 0);
	cr_expect_eq(s.sent_early, 0, "VN-6e5ffc58");
	spy_end(&s);
	/* Without the command only transmitq1. */
	spy_on(&s, 1);
	for (uint16_t pair = 0; pair < PAIRS; pair++)
		cr_expect_eq(drv_net_transmit(s.net, pair, s.frame, sizeof(s.frame)), pair ? -ENODEV : 0,
			     "VN-6e5ffc58: transmitq%u", pair + 1);
	spy_end(&s);
}

Test(VN, VN_3e0af880)
{
	struct spy s;

	spy_on(&s, 0);
	for (uint16_t pairs = PAIRS; pairs; pairs--) {
		cr_assert_eq(drv_net_set_pairs(s.net, pairs), 0);
		for (uint16_t pair = 0; pair < PAIRS; pair++) {
			uint16_t before = avail_index(&s, 2 * pair + 1);
			int err = drv_net_transmit(s.net, pair, s.frame, sizeof(s.frame));

			cr_expect_eq(err, pair < pairs ? 0 : -ENODEV, "VN-3e0af880: transmitq%u of %u", pair + 1,
				     pairs);
			cr_expect_eq(avail_index(&s, 2 * pair + 1), before + (pair < pairs), "VN-3e0af880");
			rig_settle(s.bench.rig);
		}
	}
	spy_end(&s);
}
