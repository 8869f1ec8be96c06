// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hostile guest at the device's registers and rings: random and mutated descriptors, indices, indirect tables,
 * events, register writes and memory maps in random order, while frames come in and a program may be attached. Whatever
 * it does, the device comes to rest, writes only to what is its to write, tells of each frame once and in order, and
 * works again after a reset. REFNIC_FUZZ=N tries N devices, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device-model/net_device.h"
#include "device-model/tr_inproc.h"
#include "fuzz/corpus.h"
#include "fuzz/generate.h"
#include "fuzz/lab.h"
#include "fuzz/shadow.h"
#include "fuzz/small.h"
#include "rig/link_mem.h"
#include "virtio_ring.h"

#define DEVICES     400
#define STEPS       60
#define TURNS       5000 /* of the device until it rests, at most: a few per frame, command and slice of verification */
#define PAIRS       2
#define QUEUES      (2 * PAIRS + 1)
#define RX          0 /* of the first pair */
#define CTRL        (2 * PAIRS)
#define SIZE_MAX_LG 6
#define RING_BYTES  0x1000 /* of one queue */
#define TABLES      (SHADOW_GPA + QUEUES * RING_BYTES)
#define TABLE_BYTES 0x200
#define TABLE_COUNT 16
#define DATA        (TABLES + TABLE_BYTES * TABLE_COUNT)
#define DATA_BYTES  (SHADOW_GPA + SHADOW_MAIN - DATA)
#define FRAME_MAX   66000
#define STARTED     (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)

/* A queue as the hostile driver remembers it. */
struct queue {
	struct virtio_queue_addr addr;
	uint16_t size, avail, next_desc;
	uint16_t at, used_at; /* packed: of the next descriptor to write, and to see used, with the wrap counter */
	uint16_t lists, taken, next_id, out;
	uint16_t counts[1 << SIZE_MAX_LG]; /* descriptors of the lists taken to lists, modulo its size */
};

struct world {
	uint64_t seed, rng;
	struct shadow shadow;
	struct tr_inproc tr;
	struct net_config config;
	struct link *link;
	struct net *net;
	struct queue queues[QUEUES];
	uint64_t reports, last; /* frames told of, number of the last one */
};

static bool is_rx(uint16_t q)
{
	return q != CTRL && q % 2 == 0;
}

static bool is_tx(uint16_t q)
{
	return q % 2;
}

static struct virtio_device *dev_of(struct world *w)
{
	return net_virtio(w->net);
}

static uint64_t pick(struct world *w, uint64_t count)
{
	return generate_random(&w->rng) % count;
}

static bool chance(struct world *w, unsigned in)
{
	return !pick(w, in);
}

static void put16(struct world *w, uint64_t gpa, uint16_t value)
{
	le16 wire = cpu_to_le16(value);

	shadow_put(&w->shadow, gpa, &wire, sizeof(wire));
}

static uint16_t get16(struct world *w, uint64_t gpa)
{
	le16 wire;

	memcpy(&wire, shadow_at(&w->shadow, gpa), sizeof(wire));
	return le16_to_cpu(wire);
}

/* ---- the device ---- */

static void observe(void *ctx, const struct net_report *report)
{
	struct world *w = ctx;

	cr_assert_gt(report->number, w->last, "seed %lu: frame %lu told of after %lu", w->seed, report->number,
		     w->last);
	cr_assert_lt((unsigned)report->fate, NET_FATES);
	w->last = report->number;
	w->reports++;
}

static const struct fw_platform platform;

static void world_open(struct world *w, uint64_t seed)
{
	static const uint16_t mtus[] = {68, 1500, 65521, 65535};
	static const uint8_t optional[] = {VIRTIO_NET_F_MRG_RXBUF, VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_RING_F_EVENT_IDX,
					   VIRTIO_NET_F_STATUS};
	static const uint8_t filters[] = {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VLAN};

	*w = (struct world){.seed = seed, .rng = seed};
	w->config = (struct net_config){
		.mac = {2, 0, 0, 0, 0, 1},
		.mtu = mtus[pick(w, 4)],
		.queue_pairs = PAIRS,
		.queue_size = (uint16_t)(1u << pick(w, SIZE_MAX_LG + 1)),
		.features = net_features_default(VIRTIO_NET_F_XDP_OFFLOAD_ALT),
		.xdp_bit = VIRTIO_NET_F_XDP_OFFLOAD_ALT,
		.overrun = chance(w, 3),
		.fw = {.engine = FW_ENGINE_INTERP, .platform = &platform},
		.observer = {observe, w},
		.strict = seed % 4 == 0,
	};
	if (chance(w, 2)) {
		virtio_feature_set(&w->config.features, VIRTIO_F_RING_PACKED, true);
		w->config.queue_size = (uint16_t)(1 + pick(w, 1 << SIZE_MAX_LG));
	}
	virtio_feature_set(&w->config.features, VIRTIO_F_IN_ORDER, chance(w, 4));
	for (size_t i = 0; i < sizeof(optional); i++)
		if (chance(w, 4))
			virtio_feature_set(&w->config.features, optional[i], false);
	/* Filters let little of what is random in. */
	for (size_t i = 0; i < sizeof(filters); i++)
		if (!chance(w, 4))
			virtio_feature_set(&w->config.features, filters[i], false);
	fw_caps_default(&w->config.fw.caps);
	shadow_open(&w->shadow);
	w->link = link_mem_open(NULL, 0);
	cr_assert_not_null(w->link);
	w->net = net_create(&w->config, w->link, &w->shadow.mem, &tr_inproc_ops, &w->tr);
	cr_assert_not_null(w->net, "seed %lu", seed);
}

static void world_close(struct world *w)
{
	net_destroy(w->net);
	shadow_close(&w->shadow);
}

/* One turn. Whether anything was done. */
static bool turn(struct world *w)
{
	static const bool writes[QUEUES] = {[RX] = true, [RX + 2] = true, [CTRL] = true};
	bool did;
	uint64_t spoilt;

	shadow_before(&w->shadow, dev_of(w), writes);
	did = net_poll(w->net);
	spoilt = shadow_after(&w->shadow);
	cr_assert_eq(spoilt, 0, "seed %lu: the device wrote to guest memory %#lx", w->seed, spoilt);
	return did;
}

static void settle(struct world *w)
{
	int turns = 0;

	while (turn(w))
		cr_assert_lt(++turns, TURNS, "seed %lu: the device never comes to rest", w->seed);
}

/* ---- a driver that does it right ---- */

static void ring_clear(struct world *w, uint16_t q)
{
	uint64_t at = SHADOW_GPA + (uint64_t)q * RING_BYTES;

	memset(shadow_at(&w->shadow, at), 0, RING_BYTES);
	w->queues[q] = (struct queue){.addr = {at, at + 0x400, at + 0x800},
				      .size = w->config.queue_size,
				      .at = VRING_PACKED_WRAP,
				      .used_at = VRING_PACKED_WRAP};
}

/* From a reset to DRIVER_OK, with all that is offered. */
static void start(struct world *w)
{
	struct virtio_device *dev = dev_of(w);

	virtio_set_status(dev, 0);
	cr_assert_eq(virtio_get_status(dev), 0);
	virtio_set_status(dev, STARTED);
	for (uint32_t i = 0; i < 4; i++)
		virtio_set_features(dev, i, virtio_get_features(dev, i));
	virtio_set_status(dev, STARTED | VIRTIO_CONFIG_S_FEATURES_OK);
	for (uint16_t q = 0; q < virtio_num_queues(dev); q++) {
		ring_clear(w, q);
		cr_assert_eq(virtio_queue_enable(dev, q, w->queues[q].size, &w->queues[q].addr), 0);
	}
	virtio_set_status(dev, STARTED | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void desc(struct world *w, uint64_t table, uint32_t i, uint64_t addr, uint32_t len, uint16_t flags,
		 uint16_t next)
{
	struct vring_desc d = {cpu_to_le64(addr), cpu_to_le32(len), cpu_to_le16(flags), cpu_to_le16(next)};

	shadow_put(&w->shadow, table + (uint64_t)i * sizeof(d), &d, sizeof(d));
}

/* ---- packed ---- */

static bool packed(struct world *w)
{
	return virtio_feature_has(&w->config.features, VIRTIO_F_RING_PACKED);
}

static uint64_t packed_at(const struct queue *queue, uint16_t at)
{
	return queue->addr.desc + sizeof(struct vring_packed_desc) * vring_packed_index(at);
}

/* Takes back what was used, in order: a batch, or one list. */
static void packed_reap(struct world *w, struct queue *queue)
{
	struct vring_packed_desc d;

	while (queue->taken != queue->lists) {
		uint16_t id = queue->next_id - (uint16_t)(queue->lists - queue->taken), last;

		memcpy(&d, shadow_at(&w->shadow, packed_at(queue, queue->used_at)), sizeof(d));
		if ((le16_to_cpu(d.flags) & VRING_PACKED_DESC_F_LAP) != vring_packed_used(queue->used_at))
			return;
		last = le16_to_cpu(d.id);
		do {
			uint16_t count = queue->counts[queue->taken++ % (1 << SIZE_MAX_LG)];

			queue->used_at = vring_packed_forward(queue->used_at, count, queue->size);
			queue->out -= count;
		} while (id++ != last && queue->taken != queue->lists);
	}
}

static void packed_put(struct world *w, struct queue *queue, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	uint16_t lap = vring_packed_available(queue->at);
	struct vring_packed_desc d = {cpu_to_le64(addr), cpu_to_le32(len), cpu_to_le16(id), cpu_to_le16(flags | lap)};

	shadow_put(&w->shadow, packed_at(queue, queue->at), &d, sizeof(d));
	queue->at = vring_packed_next(queue->at, queue->size);
}

/* The last count descriptors were a list. */
static void packed_push(struct world *w, uint16_t q, uint16_t count)
{
	struct queue *queue = &w->queues[q];

	queue->counts[queue->lists++ % (1 << SIZE_MAX_LG)] = count;
	queue->next_id++;
	queue->out += count;
	virtio_notify(dev_of(w), q);
}

/* A buffer for the device to read, one for it to write; 0: none of that kind. */
static void packed_command(struct world *w, uint64_t in, uint32_t bytes, uint64_t out, uint32_t room)
{
	struct queue *queue = &w->queues[CTRL];

	packed_reap(w, queue);
	if (queue->size < 2) {
		desc(w, TABLES, 0, in, bytes, 0, 0);
		desc(w, TABLES, 1, out, room, 0, VRING_DESC_F_WRITE); /* flags are where a split ring has next */
		packed_put(w, queue, TABLES, 32, queue->next_id, VRING_DESC_F_INDIRECT);
		packed_push(w, CTRL, 1);
		return;
	}
	packed_put(w, queue, in, bytes, queue->next_id, VRING_DESC_F_NEXT);
	packed_put(w, queue, out, room, queue->next_id, VRING_DESC_F_WRITE);
	packed_push(w, CTRL, 2);
}

static void push(struct world *w, uint16_t q, uint16_t head)
{
	struct queue *queue = &w->queues[q];

	put16(w, queue->addr.driver + 4 + 2 * (queue->avail % queue->size), head);
	put16(w, queue->addr.driver + 2, ++queue->avail);
	virtio_notify(dev_of(w), q);
}

/* Sends a command of bytes and returns its ack; 0xff: it was not answered. */
static uint8_t command_of(struct world *w, uint8_t class, uint8_t number, const void *data, uint32_t bytes,
			  uint32_t room)
{
	uint64_t in = DATA, out = DATA + 0x4000, table = w->queues[CTRL].addr.desc;
	uint8_t hdr[] = {class, number}, *ack = shadow_at(&w->shadow, out);

	shadow_put(&w->shadow, in, hdr, sizeof(hdr));
	shadow_put(&w->shadow, in + sizeof(hdr), data, bytes);
	memset(ack, 0xff, room + 1);
	if (packed(w)) {
		packed_command(w, in, sizeof(hdr) + bytes, out, room + 1);
		settle(w);
		return *ack;
	}
	if (w->config.queue_size < 2) {
		desc(w, table, 0, TABLES, 2 * sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0);
		table = TABLES;
	}
	desc(w, table, 0, in, sizeof(hdr) + bytes, VRING_DESC_F_NEXT, 1);
	desc(w, table, 1, out, room + 1, VRING_DESC_F_WRITE, 0);
	push(w, CTRL, 0);
	settle(w);
	return *ack;
}

static uint8_t command(struct world *w, uint8_t number, const void *data, uint32_t bytes, uint32_t room)
{
	return command_of(w, VIRTIO_NET_CTRL_XDP, number, data, bytes, room);
}

static bool can_command(const struct world *w)
{
	return w->config.queue_size >= 2 || virtio_feature_has(&w->config.features, VIRTIO_RING_F_INDIRECT_DESC);
}

/* All pairs in use, notifications coalesced, statistics of all queues. */
static void spread(struct world *w)
{
	struct virtio_net_ctrl_mq_pairs_set set = {cpu_to_le16(PAIRS)};
	struct virtio_net_ctrl_coal coal = {cpu_to_le32((uint32_t)pick(w, 50)), cpu_to_le32((uint32_t)pick(w, 3))};
	struct virtio_net_ctrl_queue_stats asks[2] = {
		{.vq_index = cpu_to_le16(0), .types_bitmap = {cpu_to_le64(VIRTIO_NET_STATS_TYPE_RX_BASIC)}},
		{.vq_index = cpu_to_le16(CTRL), .types_bitmap = {cpu_to_le64(VIRTIO_NET_STATS_TYPE_CVQ)}},
	};

	cr_assert_eq(command_of(w, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &set, sizeof(set), 0),
		     VIRTIO_NET_OK, "seed %lu", w->seed);
	for (uint8_t kind = 0; kind < 2; kind++)
		cr_assert_eq(command_of(w, VIRTIO_NET_CTRL_NOTF_COAL, kind, &coal, sizeof(coal), 0), VIRTIO_NET_OK,
			     "seed %lu", w->seed);
	cr_assert_eq(command_of(w, VIRTIO_NET_CTRL_STATS, VIRTIO_NET_CTRL_STATS_GET, asks, sizeof(asks),
				(uint32_t)pick(w, 100)),
		     VIRTIO_NET_OK, "seed %lu", w->seed);
}

static void attach(struct world *w)
{
	static uint8_t write[sizeof(struct virtio_net_xdp_prog_write) + SMALL_MOVE_BYTES];
	struct virtio_net_xdp_prog_write *head = (struct virtio_net_xdp_prog_write *)write;
	unsigned int helper = (unsigned int)pick(w, SMALL_MOVES), delta = (unsigned int)pick(w, SMALL_DELTAS);
	uint32_t bytes = small_move(helper, delta, (unsigned int)pick(w, SMALL_ACTIONS), write + sizeof(*head));
	struct virtio_net_xdp_prog_create create = {.id = cpu_to_le32(1), .bytes = cpu_to_le32(bytes)};
	struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(1)};
	struct virtio_net_xdp_attach a = {
		.id = cpu_to_le32(1), .expected_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE), .ifindex = cpu_to_le32(3)};

	head->id = cpu_to_le32(1);
	cr_assert_eq(command(w, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &create, sizeof(create), 64), 0, "seed %lu", w->seed);
	cr_assert_eq(command(w, VIRTIO_NET_CTRL_XDP_PROG_WRITE, write, sizeof(*head) + bytes, 64), 0, "seed %lu",
		     w->seed);
	cr_assert_eq(command(w, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &commit, sizeof(commit), 64), 0, "seed %lu", w->seed);
	/* Refused where the MTU is beyond what a program can see. */
	command(w, VIRTIO_NET_CTRL_XDP_ATTACH, &a, sizeof(a), 64);
}

/* ---- and one that does not ---- */

static uint64_t any_address(struct world *w)
{
	static const uint64_t odd[] = {0,
				       1,
				       SHADOW_GPA - 1,
				       SHADOW_GPA + SHADOW_MAIN - 1,
				       SHADOW_GPA + SHADOW_MAIN - 100,
				       SHADOW_GPA + SHADOW_MAIN,
				       SHADOW_GPA + SHADOW_MAIN + SHADOW_SIDE - 50,
				       SHADOW_GPA + SHADOW_MAIN + SHADOW_SIDE,
				       SHADOW_GPA + SHADOW_BYTES - 1,
				       SHADOW_GPA + SHADOW_BYTES,
				       UINT64_MAX,
				       UINT64_MAX - 100,
				       1ULL << 63};

	if (chance(w, 256))
		return odd[pick(w, sizeof(odd) / sizeof(odd[0]))];
	if (chance(w, 256))
		return SHADOW_GPA + pick(w, SHADOW_BYTES);
	if (chance(w, 32))
		return SHADOW_GPA + SHADOW_MAIN + pick(w, SHADOW_SIDE / 2);
	return DATA + pick(w, DATA_BYTES - 0x2000);
}

static uint32_t any_length(struct world *w, uint16_t q)
{
	static const uint32_t some[] = {12,   13,   26,    60,      100,        1526, 4096, 8192, 1526,
					4096, 2000, 65557, 0x10000, 0xffffffff, 0,    1,    2,    11};

	/* Class, command, and what virtio's own commands have. */
	static const uint32_t commands[] = {2, 3, 4, 6, 8, 10, 14, 18};

	/* One buffer of a chain may be short; a receive buffer of less than a header in all is not a buffer. */
	if (q == CTRL && chance(w, 2))
		return commands[pick(w, 8)];
	return some[chance(w, 16) ? pick(w, 18) : is_rx(q) ? 4 + pick(w, 7) % 4 : pick(w, 8)];
}

/* What a queue of this kind is to read: a frame behind a header, a command. */
static void fill_readable(struct world *w, uint16_t q, uint64_t addr)
{
	uint8_t bytes[48] = {0};

	for (size_t i = 12; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(chance(w, 2) ? pick(w, 4) : 0);
	if (q == CTRL) {
		bytes[0] = chance(w, 16)  ? (uint8_t)pick(w, 256)
			   : chance(w, 4) ? (uint8_t)pick(w, VIRTIO_NET_CTRL_XDP)
					  : VIRTIO_NET_CTRL_XDP;
		bytes[1] = (uint8_t)pick(w, bytes[0] == VIRTIO_NET_CTRL_XDP ? VIRTIO_NET_CTRL_XDP_COMMANDS + 1 : 7);
		bytes[2] = (uint8_t)pick(w, QUEUES + 1);
	} else if (chance(w, 8)) {
		bytes[pick(w, 12)] = (uint8_t)generate_random(&w->rng);
	}
	shadow_put(&w->shadow, addr, bytes, sizeof(bytes));
}

/* Writes a chain to a table from entry first on, wrapping at entries. */
static void put_chain(struct world *w, uint16_t q, uint64_t table, uint32_t first, uint32_t entries)
{
	uint32_t most = chance(w, 100) || w->config.queue_size > 4 ? 4 : w->config.queue_size,
		 count = 1 + (uint32_t)pick(w, most),
		 readable = is_tx(q)   ? count
			    : is_rx(q) ? 0
				       : (count + 1) / 2;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t addr = any_address(w);
		uint16_t flags = i < readable ? 0 : VRING_DESC_F_WRITE, next = (uint16_t)((first + i + 1) % entries);

		if (i + 1 < count)
			flags |= VRING_DESC_F_NEXT;
		if (chance(w, 400))
			flags = (uint16_t)pick(w, 8);
		if (chance(w, 400))
			next = (uint16_t)generate_random(&w->rng);
		if (i < readable)
			fill_readable(w, q, addr);
		desc(w, table, (first + i) % entries, addr, any_length(w, q), flags, next);
	}
}

/* Writes a list to a packed ring, or to a table for it. */
static void submit_packed(struct world *w, uint16_t q)
{
	struct queue *queue = &w->queues[q];
	bool table = chance(w, virtio_feature_has(&w->config.features, VIRTIO_RING_F_INDIRECT_DESC) ? 4 : 400);
	uint64_t at = TABLES + pick(w, TABLE_COUNT) * TABLE_BYTES;
	uint32_t most = queue->size < 4 ? queue->size : 4, count = 1 + (uint32_t)pick(w, table ? 4 : most),
		 readable = is_tx(q)   ? count
			    : is_rx(q) ? 0
				       : (count + 1) / 2;

	packed_reap(w, queue);
	/* More than the queue holds, for once. */
	if (queue->out + (table ? 1 : count) > queue->size && !chance(w, 64))
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t addr = any_address(w);
		uint16_t flags = i < readable ? 0 : VRING_DESC_F_WRITE;

		if (i < readable)
			fill_readable(w, q, addr);
		if (!table && i + 1 < count)
			flags |= VRING_DESC_F_NEXT;
		if (chance(w, 400))
			flags = (uint16_t)generate_random(&w->rng);
		if (table)
			desc(w, at, i, addr, any_length(w, q), (uint16_t)pick(w, 8), flags);
		else
			packed_put(w, queue, addr, any_length(w, q), queue->next_id, flags);
	}
	if (table)
		packed_put(w, queue, at, count * 16 + (chance(w, 400) ? 8 : 0), queue->next_id,
			   (uint16_t)(VRING_DESC_F_INDIRECT | (chance(w, 400) ? VRING_DESC_F_NEXT : 0)));
	packed_push(w, q, table ? 1 : (uint16_t)count);
}

static void step_submit(struct world *w)
{
	uint16_t q = (uint16_t)pick(w, QUEUES);
	struct queue *queue = &w->queues[q];
	uint16_t head = queue->next_desc % queue->size;

	if (packed(w)) {
		submit_packed(w, q);
		return;
	}
	/* More than the queue holds, for once. */
	if ((uint16_t)(queue->avail - get16(w, queue->addr.device + 2)) >= queue->size && !chance(w, 64))
		return;
	if (chance(w, virtio_feature_has(&w->config.features, VIRTIO_RING_F_INDIRECT_DESC) ? 4 : 400)) {
		uint64_t table = TABLES + pick(w, TABLE_COUNT) * TABLE_BYTES;
		uint32_t entries = chance(w, 8) ? (uint32_t)pick(w, 40) : 8;

		put_chain(w, q, table, 0, 8);
		desc(w, queue->addr.desc, head, table, entries * 16 + (chance(w, 400) ? 8 : 0),
		     (uint16_t)(VRING_DESC_F_INDIRECT | (chance(w, 8) ? VRING_DESC_F_WRITE : 0)), 0);
		queue->next_desc++;
	} else {
		put_chain(w, q, queue->addr.desc, head, queue->size);
		queue->next_desc += 4;
	}
	push(w, q, chance(w, 400) ? (uint16_t)generate_random(&w->rng) : head);
}

static void step_index(struct world *w)
{
	static const int jumps[] = {-1, 1, 2, 64, 65, 1000, 32767, 32768, 0};
	struct queue *queue = &w->queues[pick(w, QUEUES)];

	if (packed(w)) {
		queue->at = vring_packed_forward(queue->at, (uint16_t)pick(w, queue->size + 1u), queue->size);
		return;
	}
	queue->avail += (uint16_t)jumps[pick(w, sizeof(jumps) / sizeof(jumps[0]))];
	put16(w, queue->addr.driver + 2, queue->avail);
}

static void step_wishes(struct world *w)
{
	struct queue *queue = &w->queues[pick(w, QUEUES)];

	if (packed(w)) {
		put16(w, queue->addr.driver, (uint16_t)generate_random(&w->rng));
		put16(w, queue->addr.driver + 2, (uint16_t)pick(w, 5));
		return;
	}
	put16(w, queue->addr.driver, (uint16_t)pick(w, 3));
	put16(w, queue->addr.driver + 4 + 2 * queue->size, (uint16_t)generate_random(&w->rng));
}

static void step_scribble(struct world *w)
{
	uint64_t at = SHADOW_GPA + pick(w, DATA - SHADOW_GPA), bytes = generate_random(&w->rng);

	shadow_put(&w->shadow, at, &bytes, 1 + pick(w, sizeof(bytes)));
}

static void step_status(struct world *w)
{
	uint8_t status = (uint8_t)generate_random(&w->rng);

	if (chance(w, 2))
		status |= virtio_get_status(dev_of(w));
	virtio_set_status(dev_of(w), chance(w, 8) ? 0 : status);
}

static void step_restart(struct world *w)
{
	shadow_side(&w->shadow, true);
	start(w);
	if (can_command(w) && chance(w, 2))
		attach(w);
	if (can_command(w) && chance(w, 2))
		spread(w);
}

static void step_registers(struct world *w)
{
	struct virtio_device *dev = dev_of(w);
	struct virtio_queue_addr addr = {any_address(w) & ~15ULL, any_address(w) & ~1ULL, any_address(w) & ~3ULL};
	uint16_t queue = (uint16_t)pick(w, QUEUES + 2), size = (uint16_t)(1u << pick(w, 16));
	uint8_t config[256];

	virtio_set_features(dev, (uint32_t)pick(w, 6), (uint32_t)generate_random(&w->rng));
	(void)virtio_get_features(dev, (uint32_t)pick(w, 6));
	virtio_config_read(dev, (uint32_t)generate_random(&w->rng) >> pick(w, 32), config, pick(w, sizeof(config)));
	virtio_config_write(dev, (uint32_t)pick(w, 100), config, pick(w, sizeof(config)));
	virtio_queue_enable(dev, queue, chance(w, 8) ? (uint16_t)pick(w, 70) : size, &addr);
	virtio_notify(dev, (uint16_t)pick(w, 70));
	virtio_notify_data(dev, (uint32_t)generate_random(&w->rng));
	(void)virtio_queue_notif_data(dev, queue);
}

static void step_turns(struct world *w)
{
	for (uint64_t n = 1 + pick(w, 3); n; n--)
		turn(w);
}

/* A queue by itself; mostly it is there again at once, clean. */
static void step_queue_reset(struct world *w)
{
	uint16_t q = (uint16_t)pick(w, QUEUES);

	if (virtio_queue_reset(dev_of(w), q) || chance(w, 4))
		return;
	ring_clear(w, q);
	virtio_queue_enable(dev_of(w), q, w->queues[q].size, &w->queues[q].addr);
}

/* For some turns, in which guest memory stays as it is. */
static void step_suspend(struct world *w)
{
	static uint8_t before[SHADOW_MAIN];
	struct virtio_device *dev = dev_of(w);

	virtio_set_status(dev, virtio_get_status(dev) | VIRTIO_CONFIG_S_SUSPEND);
	if (!(virtio_get_status(dev) & VIRTIO_CONFIG_S_SUSPEND))
		return;
	memcpy(before, w->shadow.main, sizeof(before));
	step_turns(w);
	cr_assert_arr_eq(before, w->shadow.main, sizeof(before), "seed %lu: the device works while suspended", w->seed);
	virtio_set_status(dev, virtio_get_status(dev) | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void step_frame(struct world *w)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t longest = w->config.mtu + 14u;
	const uint32_t sizes[] = {14, 15,      60,          68 + 14,     1514,        1515,        1522,     0,
				  13, longest, longest + 1, longest + 4, longest + 5, longest + 8, FRAME_MAX};
	uint32_t bytes = sizes[pick(w, chance(w, 4) ? 15 : 7)];
	uint64_t tags = pick(w, 3);

	memset(frame, (int)pick(w, 256), 64);
	if (!chance(w, 4))
		memcpy(frame, w->config.mac, sizeof(w->config.mac));
	for (uint64_t i = 0; i < tags; i++)
		memcpy(frame + 12 + 4 * i, "\x81\x00\x00\x01", 4);
	for (uint64_t n = 1 + pick(w, 40); n && bytes <= 2000; n--)
		cr_assert_eq(link_mem_push(w->link, frame, bytes), 0);
	cr_assert_eq(link_mem_push(w->link, frame, bytes), 0);
}

static void step_link(struct world *w)
{
	link_mem_set_up(w->link, !chance(w, 3));
	link_mem_set_room(w->link, chance(w, 2) ? SIZE_MAX : pick(w, 40));
}

static void step_memory(struct world *w)
{
	shadow_side(&w->shadow, chance(w, 2));
}

static const struct step {
	void (*run)(struct world *w);
	unsigned weight;
} steps[] = {
	{step_submit, 60},  {step_frame, 8},       {step_turns, 40},  {step_index, 1},     {step_wishes, 4},
	{step_scribble, 1}, {step_status, 1},      {step_restart, 2}, {step_registers, 4}, {step_link, 2},
	{step_memory, 1},   {step_queue_reset, 1}, {step_suspend, 1},
};

static void step(struct world *w)
{
	unsigned sum = 0;
	uint64_t at;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		sum += steps[i].weight;
	at = pick(w, sum);
	for (size_t i = 0;; at -= steps[i++].weight)
		if (at < steps[i].weight) {
			steps[i].run(w);
			return;
		}
}

/* ---- what has to hold ---- */

/* After a reset every frame taken has been told of; the rest is taken off the link. */
static void empty_link(struct world *w, uint64_t *pushed)
{
	struct link_frame frames[LINK_BURST];
	const struct net_counters *c = net_counters(w->net);
	uint64_t sum = 0, left = link_mem_left(w->link);
	size_t n;

	for (int i = 0; i < NET_FATES; i++)
		sum += c->frames[i];
	cr_assert_eq(sum, w->reports, "seed %lu", w->seed);
	cr_assert_eq(sum, w->last, "seed %lu: %lu frames were taken and %lu told of", w->seed, w->last, sum);
	*pushed = sum + left;
	while ((n = w->link->ops->peek(w->link, frames, LINK_BURST)))
		w->link->ops->take(w->link, n);
	w->last += left;
}

/* A reset and the right initialisation, and all is well. */
static void check_works(struct world *w)
{
	struct virtio_device *dev = dev_of(w);
	uint8_t frame[60], *buffer = shadow_at(&w->shadow, DATA);
	struct vring_packed_desc d;
	struct vring_used_elem used;
	uint64_t pushed;

	virtio_set_status(dev, 0);
	empty_link(w, &pushed);
	shadow_side(&w->shadow, true);
	link_mem_set_up(w->link, true);
	start(w);
	if (packed(w)) {
		packed_put(w, &w->queues[RX], DATA, 2000, 5, VRING_DESC_F_WRITE);
		packed_push(w, RX, 1);
	} else {
		desc(w, w->queues[RX].addr.desc, 0, DATA, 2000, VRING_DESC_F_WRITE, 0);
		push(w, RX, 0);
	}
	memset(frame, 0x42, sizeof(frame));
	memcpy(frame, w->config.mac, sizeof(w->config.mac));
	cr_assert_eq(link_mem_push(w->link, frame, sizeof(frame)), 0);
	settle(w);
	cr_assert_eq(w->last, pushed + 1, "seed %lu: the frame was not taken", w->seed);
	if (packed(w)) {
		memcpy(&d, shadow_at(&w->shadow, w->queues[RX].addr.desc), sizeof(d));
		cr_assert_eq(le16_to_cpu(d.flags),
			     VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED | VRING_DESC_F_WRITE,
			     "seed %lu: no frame received", w->seed);
		used.len = d.len;
	} else {
		cr_assert_eq(get16(w, w->queues[RX].addr.device + 2), 1, "seed %lu: no frame received", w->seed);
		memcpy(&used, shadow_at(&w->shadow, w->queues[RX].addr.device + 4), sizeof(used));
	}
	cr_assert_eq(le32_to_cpu(used.len), sizeof(struct virtio_net_hdr) + sizeof(frame), "seed %lu", w->seed);
	cr_assert_arr_eq(buffer + sizeof(struct virtio_net_hdr), frame, sizeof(frame), "seed %lu", w->seed);
	if (can_command(w))
		cr_assert_eq(command(w, VIRTIO_NET_CTRL_XDP_CAP_GET, NULL, 0, 512), VIRTIO_NET_OK, "seed %lu", w->seed);
	cr_assert_not(virtio_get_status(dev) & VIRTIO_CONFIG_S_NEEDS_RESET, "seed %lu", w->seed);
}

/* What the devices tried came to. */
struct outcome {
	uint64_t broken, fates[NET_FATES];
};

static void run(void *ctx, uint64_t first, uint64_t devices)
{
	struct outcome *outcome = ctx;
	struct world w;

	for (uint64_t seed = first; seed < first + devices; seed++) {
		world_open(&w, seed);
		step_restart(&w);
		for (int i = 0; i < STEPS; i++)
			step(&w);
		settle(&w);
		outcome->broken += !!(virtio_get_status(dev_of(&w)) & VIRTIO_CONFIG_S_NEEDS_RESET);
		for (int i = 0; i < NET_FATES; i++)
			outcome->fates[i] += net_counters(w.net)->frames[i];
		check_works(&w);
		world_close(&w);
	}
}

Test(fuzz, rings)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), devices = lab_setting("REFNIC_FUZZ", DEVICES);
	struct outcome outcome = {0};
	uint64_t broken, *fates = outcome.fates;

	if (!getenv("REFNIC_FUZZ"))
		corpus_each("rings", run, &outcome);
	run(&outcome, first, devices);
	broken = outcome.broken;
	if (getenv("REFNIC_FUZZ")) {
		fprintf(stderr, "%lu of %lu devices needed a reset\n", broken, devices);
		for (int i = 0; i < NET_FATES; i++)
			fprintf(stderr, "  %s: %lu\n", net_fate_name((enum net_fate)i), fates[i]);
	}
	/* Neither a guest that always breaks its queues at once nor one that never does finds anything. */
	cr_assert(devices < 100 || (broken > devices / 20 && broken < devices - devices / 20),
		  "%lu of %lu devices needed a reset", broken, devices);
	cr_assert(devices < 100 || (fates[NET_FATE_PASS] && fates[NET_FATE_TX] && fates[NET_FATE_DELIVERED]));
}
