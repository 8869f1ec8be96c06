/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_device.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- counting ---- */

/* What a fate is to the receive queue. req: XO-225: what a program has not passed is no drop. XO-279: all others are */
enum tally {
	NOTHING, /* the program's doing, or never steered */
	PASSED,
	DROPPED,
	OVERRUN,
};

static const uint8_t tallies[NET_FATES] = {
	[NET_FATE_DELIVERED] = PASSED,        [NET_FATE_PASS] = PASSED,       [NET_FATE_REDIRECT_QUEUE] = PASSED,
	[NET_FATE_UNSUPPORTED_PASS] = PASSED, [NET_FATE_PASS_DROP] = DROPPED, [NET_FATE_PASS_OVERRUN] = OVERRUN,
	[NET_FATE_SHORT] = DROPPED,           [NET_FATE_SNAPPED] = DROPPED,   [NET_FATE_TOO_BIG] = DROPPED,
	[NET_FATE_OVERSIZE] = DROPPED,        [NET_FATE_OVERRUN] = OVERRUN,
};

/* req: VN-677f1bfa: all counters are unsigned numbers of 64 bits */
void net_stats_received(struct net *net, uint16_t pair, enum net_fate fate, uint64_t frames, uint64_t bytes)
{
	struct net_queue_stats *s = &net->stats.queues[net_rx_index(pair)];
	enum tally tally = tallies[fate];

	if (tally == PASSED) {
		s->packets += frames;
		s->bytes += bytes;
		return;
	}
	s->drops += tally != NOTHING ? frames : 0;
	s->drops_special += tally == OVERRUN ? frames : 0;
}

int net_stats_init(struct net *net)
{
	net->stats.queues = calloc(2 * (size_t)net->pairs, sizeof(*net->stats.queues));
	return net->stats.queues ? 0 : -ENOMEM;
}

void net_stats_exit(struct net *net)
{
	free(net->stats.queues);
	net->stats.queues = NULL;
}

void net_stats_reset(struct net *net)
{
	memset(net->stats.queues, 0, 2 * (size_t)net->pairs * sizeof(*net->stats.queues));
	net->stats.commands = net->stats.commands_ok = 0;
}

/* ---- telling ---- */

static void fill_cvq(const struct net *net, uint16_t queue, uint64_t *to)
{
	(void)queue;
	to[0] = net->stats.commands;
	to[1] = net->stats.commands_ok + 1; /* this command: nobody sees the reply unless it succeeds */
}

static void fill_basic(const struct net *net, uint16_t queue, uint64_t *to)
{
	const struct virtio_counts *counts = &net->vdev.counts[queue];
	const struct net_queue_stats *s = &net->stats.queues[queue];

	to[0] = counts->notifications;
	to[1] = s->packets;
	to[2] = s->bytes;
	to[3] = counts->interrupts;
	to[4] = s->drops;
	to[5] = s->drops_special;
}

/* req: XO-224 */
static void fill_rx_xdp(const struct net *net, uint16_t queue, uint64_t *to)
{
	memcpy(to, net_xdp_stats(net, queue / 2), sizeof(struct net_xdp_stats));
}

enum kind { RX, TX, CVQ };

#define COUNTERS_MAX   9
#define COUNTERS(type) ((sizeof(struct type) - sizeof(struct virtio_net_stats_reply_hdr)) / sizeof(le64))

/* The types, by number: their queue, the feature they need, and their counters in the order of the reply. */
static const struct stats_row {
	uint8_t type;
	enum kind kind;
	uint8_t feature;
	uint8_t counters;
	void (*fill)(const struct net *net, uint16_t queue, uint64_t *to);
} stats_rows[] = {
	{VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC, RX, VIRTIO_NET_F_DEVICE_STATS, COUNTERS(virtio_net_stats_rx_basic),
	 fill_basic},
	{VIRTIO_NET_STATS_TYPE_REPLY_RX_XDP, RX, VIRTIO_NET_F_XDP_OFFLOAD, COUNTERS(virtio_net_stats_rx_xdp),
	 fill_rx_xdp},
	{VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC, TX, VIRTIO_NET_F_DEVICE_STATS, COUNTERS(virtio_net_stats_tx_basic),
	 fill_basic},
	{VIRTIO_NET_STATS_TYPE_REPLY_CVQ, CVQ, VIRTIO_NET_F_DEVICE_STATS, COUNTERS(virtio_net_stats_cvq), fill_cvq},
};
#define STATS_ROWS (sizeof(stats_rows) / sizeof(stats_rows[0]))
static_assert(COUNTERS(virtio_net_stats_rx_xdp) == COUNTERS_MAX, "no type has more");
static_assert(sizeof(struct net_xdp_stats) == COUNTERS_MAX * sizeof(uint64_t), "one is the other");

/* The kind of a queue, or -EINVAL: there is none of this index. */
static int kind_of(const struct net *net, uint16_t queue)
{
	if (queue == net_ctrl_index(net))
		return CVQ;
	if (queue > net_ctrl_index(net))
		return -EINVAL;
	return queue % 2 ? TX : RX;
}

/* Bits of the types that there are; of a kind, or (-1) of any. req: XO-223 */
static uint64_t types_of(const struct net *net, int kind)
{
	uint64_t types = 0;

	for (size_t i = 0; i < STATS_ROWS; i++)
		if ((kind < 0 || stats_rows[i].kind == (enum kind)kind) && net_has(net, stats_rows[i].feature))
			types |= 1ULL << stats_rows[i].type;
	return types;
}

/* req: VN-31e393a4 */
uint8_t net_stats_query(struct net *net, struct net_command *c)
{
	struct virtio_net_stats_capabilities caps = {{cpu_to_le64(types_of(net, -1))}};

	if (c->room < sizeof(caps))
		return VIRTIO_NET_ERR;
	memcpy(c->result, &caps, sizeof(caps));
	c->written = sizeof(caps);
	return VIRTIO_NET_OK;
}

/* Adds a reply if it fits. Whether it did. req: VN-66ae1342, VN-6563ace4, VN-e3485473 */
static bool reply(const struct net *net, struct net_command *c, uint16_t queue, const struct stats_row *row)
{
	size_t bytes = sizeof(struct virtio_net_stats_reply_hdr) + row->counters * sizeof(le64);
	struct virtio_net_stats_reply_hdr hdr = {
		.type = row->type, .vq_index = cpu_to_le16(queue), .size = cpu_to_le16((uint16_t)bytes)};
	uint8_t *to = c->result + c->written;
	uint64_t counters[COUNTERS_MAX];

	if (bytes > c->room - c->written)
		return false;
	row->fill(net, queue, counters);
	memcpy(to, &hdr, sizeof(hdr));
	to += sizeof(hdr);
	for (unsigned i = 0; i < row->counters; i++, to += sizeof(le64)) {
		le64 counter = cpu_to_le64(counters[i]);

		memcpy(to, &counter, sizeof(counter));
	}
	c->written += bytes;
	return true;
}

/* Replies to one entry of the command. Whether there is room for more. */
static bool reply_all(const struct net *net, struct net_command *c, uint16_t queue, uint64_t types)
{
	for (size_t i = 0; i < STATS_ROWS; i++)
		if (types >> stats_rows[i].type & 1 && !reply(net, c, queue, &stats_rows[i]))
			return false;
	return true;
}

uint8_t net_stats_get(struct net *net, struct net_command *c)
{
	struct virtio_net_ctrl_queue_stats ask;
	size_t bytes = iov_read(&c->in, net->ctrl.in, net->ctrl.in_room);

	if (c->bytes > bytes || bytes % sizeof(ask))
		return VIRTIO_NET_ERR;
	/* req: VN-381ae955, VN-15d7b6b1: all of it is judged before anything is written */
	for (size_t at = 0; at < bytes; at += sizeof(ask)) {
		int kind;

		memcpy(&ask, net->ctrl.in + at, sizeof(ask));
		kind = kind_of(net, le16_to_cpu(ask.vq_index));
		if (kind < 0 || le64_to_cpu(ask.types_bitmap[0]) & ~types_of(net, kind))
			return VIRTIO_NET_ERR;
	}
	for (size_t at = 0; at < bytes; at += sizeof(ask)) {
		memcpy(&ask, net->ctrl.in + at, sizeof(ask));
		if (!reply_all(net, c, le16_to_cpu(ask.vq_index), le64_to_cpu(ask.types_bitmap[0])))
			break;
	}
	return VIRTIO_NET_OK;
}
