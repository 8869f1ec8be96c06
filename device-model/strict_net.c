/* SPDX-License-Identifier: BSD-2-Clause */
/* What is seen of a driver that is a network device's: features, configuration fields, buffers, commands. */
#include "strict_inside.h"
#include <string.h>

#define RX_BUFFER_BYTES 1526 /* that a receive buffer should have: virtio 1.4, 5.1.6.3.1 */
#define COMMAND_BYTES   64   /* of a command that are looked at */

#define HDR_F_RSC_INFO        4 /* what virtio_net.h does not name yet */
#define HDR_F_UDP_TUNNEL_CSUM 8
#define GSO_TCPV4             1
#define GSO_UDP               3
#define GSO_TCPV6             4
#define GSO_UDP_L4            5
#define GSO_UDP_TUNNEL        0x60
#define GSO_ECN               0x80

#define CTRL_MQ_RSS_CONFIG 1
#define CTRL_HASH_TUNNEL   7
#define CTRL_RSS_CONTEXT   9

/* ---- features and configuration ---- */

/* Those that a driver accepts if it can. */
static const struct {
	uint8_t bit;
	uint16_t row;
} wanted[] = {
	{VIRTIO_F_VERSION_1, STRICT_NO_VERSION_1},
	{VIRTIO_F_ACCESS_PLATFORM, STRICT_NO_ACCESS_PLATFORM},
	{VIRTIO_F_RING_PACKED, STRICT_NO_RING_PACKED},
	{VIRTIO_F_ORDER_PLATFORM, STRICT_NO_ORDER_PLATFORM},
	{VIRTIO_F_NOTIF_CONFIG_DATA, STRICT_NO_NOTIF_CONFIG_DATA},
	{VIRTIO_NET_F_MAC, STRICT_NO_MAC},
	{VIRTIO_NET_F_MTU, STRICT_NO_MTU},
	{VIRTIO_NET_F_STANDBY, STRICT_NO_STANDBY},
};

static bool all_offered(struct strict *s)
{
	const struct virtio_device *dev = strict_dev(s);
	bool all = !dev->accepted_beyond;

	if (!all)
		strict_report(s, STRICT_NO_SUCH_FEATURE, "a bit from %d on", VIRTIO_FEATURES_BITS);
	for (unsigned bit = 0; bit < VIRTIO_FEATURES_BITS; bit++) {
		const char *name = net_feature_name(bit, s->net->config.xdp_bit);

		if (!virtio_feature_has(&dev->accepted, bit) || virtio_feature_has(&dev->offered, bit))
			continue;
		all = false;
		strict_report(s, name ? STRICT_NOT_OFFERED : STRICT_NO_SUCH_FEATURE, "bit %u, %s", bit,
			      name ? name : "which is reserved");
	}
	return all;
}

void strict_net_features(struct strict *s)
{
	const struct virtio_device *dev = strict_dev(s);
	struct virtio_features rest = dev->accepted;
	const char *lacks;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (virtio_feature_has(&dev->offered, wanted[i].bit) && !virtio_feature_has(&rest, wanted[i].bit))
			strict_report(s, wanted[i].row, "bit %u is not among the features that FEATURES_OK is for",
				      wanted[i].bit);
	if (!all_offered(s))
		return;
	if (virtio_feature_has(&rest, VIRTIO_NET_F_CTRL_RX_EXTRA) && !virtio_feature_has(&rest, VIRTIO_NET_F_CTRL_VQ)) {
		strict_report(s, STRICT_EXTRA_ALONE, "bit %d without bit %d", VIRTIO_NET_F_CTRL_RX_EXTRA,
			      VIRTIO_NET_F_CTRL_VQ);
		virtio_feature_set(&rest, VIRTIO_NET_F_CTRL_RX_EXTRA, false);
	}
	lacks = net_feature_unsatisfied(&rest, s->net->config.xdp_bit);
	if (lacks)
		strict_report(s, STRICT_NOT_OFFERED, "%s is accepted without a feature that it requires", lacks);
}

/* Fields that are there if one of two features is offered. mac always is. */
static const struct field {
	const char *name;
	uint8_t offset, bytes, feature, other;
} fields[] = {
#define FIELD(field, feature, other)                                                                                   \
	{                                                                                                              \
#field, offsetof(struct virtio_net_config, field), sizeof(((struct virtio_net_config *)0)->field),     \
			feature, other                                                                                 \
	}
	FIELD(status, VIRTIO_NET_F_STATUS, VIRTIO_NET_F_STATUS),
	FIELD(max_virtqueue_pairs, VIRTIO_NET_F_MQ, VIRTIO_NET_F_RSS),
	FIELD(mtu, VIRTIO_NET_F_MTU, VIRTIO_NET_F_MTU),
	FIELD(speed, VIRTIO_NET_F_SPEED_DUPLEX, VIRTIO_NET_F_SPEED_DUPLEX),
	FIELD(duplex, VIRTIO_NET_F_SPEED_DUPLEX, VIRTIO_NET_F_SPEED_DUPLEX),
	FIELD(rss_max_key_size, VIRTIO_NET_F_RSS, VIRTIO_NET_F_HASH_REPORT),
	FIELD(rss_max_indirection_table_length, VIRTIO_NET_F_RSS, VIRTIO_NET_F_RSS),
	FIELD(supported_hash_types, VIRTIO_NET_F_RSS, VIRTIO_NET_F_HASH_REPORT),
	FIELD(supported_tunnel_types, VIRTIO_NET_F_HASH_TUNNEL, VIRTIO_NET_F_HASH_TUNNEL),
	{"xdp", VIRTIO_NET_XDP_CONFIG_OFFSET, VIRTIO_NET_XDP_CONFIG_BYTES, VIRTIO_NET_F_XDP_OFFLOAD,
	 VIRTIO_NET_F_XDP_OFFLOAD},
};

void strict_net_config(struct strict *s, uint32_t offset, size_t bytes)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];

		if (offset >= (uint32_t)f->offset + f->bytes || (offset < f->offset && bytes <= f->offset - offset) ||
		    !bytes || net_offers(s->net, f->feature) || net_offers(s->net, f->other))
			continue;
		strict_report(s, STRICT_FIELD_ABSENT, "%zu bytes are read at %u: %s is not there", bytes, offset,
			      f->name);
		return; /* once for each access */
	}
}

/* ---- buffers ---- */

static bool has(const struct strict_queue *q, unsigned bit)
{
	return net_has(q->s->net, bit);
}

static bool any_segmentation(const struct strict_queue *q)
{
	return has(q, VIRTIO_NET_F_HOST_TSO4) || has(q, VIRTIO_NET_F_HOST_TSO6) || has(q, VIRTIO_NET_F_HOST_UFO) ||
	       has(q, VIRTIO_NET_F_HOST_USO);
}

/* gso_type without its two flags, and what it needs. */
static const struct {
	uint8_t type, feature;
	uint16_t row;
} segmentations[] = {
	{GSO_TCPV4, VIRTIO_NET_F_HOST_TSO4, STRICT_GSO_TCPV4},
	{GSO_TCPV6, VIRTIO_NET_F_HOST_TSO6, STRICT_GSO_TCPV6},
	{GSO_UDP, VIRTIO_NET_F_HOST_UFO, STRICT_GSO_UDP},
	{GSO_UDP_L4, VIRTIO_NET_F_HOST_USO, STRICT_GSO_UDP_L4},
};

/* Of several statements that are violated at once: the one that says most about it. */
static void judge_gso(struct strict_queue *q, uint8_t type)
{
	uint8_t kind = type & ~(GSO_UDP_TUNNEL | GSO_ECN);

	if ((type & GSO_UDP_TUNNEL) && !has(q, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO)) {
		strict_report(q->s, STRICT_GSO_TUNNEL, "queue %u: gso_type 0x%02x", q->index, type);
		return;
	}
	for (size_t i = 0; i < sizeof(segmentations) / sizeof(segmentations[0]); i++)
		if (kind == segmentations[i].type) {
			if (!has(q, segmentations[i].feature))
				strict_report(q->s, segmentations[i].row, "queue %u: gso_type 0x%02x", q->index, type);
			return;
		}
	if (type != VIRTIO_NET_HDR_GSO_NONE && !any_segmentation(q))
		strict_report(q->s, STRICT_GSO, "queue %u: gso_type 0x%02x", q->index, type);
}

static void judge_header(struct strict_queue *q, const struct virtio_net_hdr *hdr)
{
	uint8_t received = VIRTIO_NET_HDR_F_DATA_VALID | HDR_F_RSC_INFO, flags = hdr->flags;

	if (flags & received)
		strict_report(q->s, STRICT_RX_ONLY_FLAGS, "queue %u: flags 0x%02x", q->index, flags);
	else if ((flags & HDR_F_UDP_TUNNEL_CSUM) && !has(q, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM))
		strict_report(q->s, STRICT_TUNNEL_CSUM, "queue %u: flags 0x%02x", q->index, flags);
	else if (flags && !has(q, VIRTIO_NET_F_CSUM))
		strict_report(q->s, STRICT_TX_FLAGS, "queue %u: flags 0x%02x", q->index, flags);
	judge_gso(q, hdr->gso_type);
	if (le16_to_cpu(hdr->num_buffers))
		strict_report(q->s, STRICT_NUM_BUFFERS, "queue %u: num_buffers %u", q->index,
			      le16_to_cpu(hdr->num_buffers));
}

/* Whether commands wait that the device has not seen: VQ_PAIRS_SET may be one. */
static bool commands_wait(const struct strict *s)
{
	struct strict_queue *q = &s->queues[net_ctrl_index(s->net)];

	return strict_ring_there(q) && strict_ring_observe(q) != strict_vq(q)->next_avail;
}

static void judge_place(struct strict_queue *q)
{
	struct strict *s = q->s;

	if (!has(q, VIRTIO_NET_F_MQ) || q->index == net_tx_index(0))
		return;
	if (!s->pairs_set && !commands_wait(s))
		strict_report(s, STRICT_OTHER_TX, "queue %u: a frame", q->index);
	else if (q->limited && (uint16_t)(strict_vq(q)->next_avail - q->limit) < VRING_MAX_SIZE)
		strict_report(s, STRICT_UNUSED_TX, "queue %u: a frame; %u pairs are in use", q->index,
			      net_active_pairs(s->net));
}

static void judge_tx(struct strict_queue *q, const struct vq_chain *chain)
{
	struct iov_cursor in = vq_chain_in(chain);
	uint8_t start[NET_ETH_BYTES + NET_TAGS_MAX * NET_TAG_BYTES];
	struct virtio_net_hdr hdr;
	uint64_t bytes, limit;

	judge_place(q);
	if (!iov_take(&in, &hdr)) {
		strict_report(q->s, STRICT_TX_HEADER, "queue %u: %llu bytes; %zu were expected at least", q->index,
			      (unsigned long long)chain->readable_bytes, sizeof(hdr));
		return;
	}
	judge_header(q, &hdr);
	if (!has(q, VIRTIO_NET_F_MTU) || (hdr.gso_type & ~GSO_ECN) != VIRTIO_NET_HDR_GSO_NONE)
		return;
	bytes = chain->readable_bytes - sizeof(hdr);
	limit = net_frame_limit(q->s->net->config.mtu, start, iov_read(&in, start, sizeof(start)));
	if (bytes > limit)
		strict_report(q->s, STRICT_LONG_FRAME, "queue %u: a frame of %llu bytes; %llu are allowed", q->index,
			      (unsigned long long)bytes, (unsigned long long)limit);
}

static void judge_rx(struct strict_queue *q, const struct vq_chain *chain)
{
	bool merged = has(q, VIRTIO_NET_F_MRG_RXBUF);
	uint32_t least = merged ? sizeof(struct virtio_net_hdr) : RX_BUFFER_BYTES;

	if (chain->writable_bytes < least)
		strict_report(q->s, merged ? STRICT_RX_HEADER : STRICT_RX_SMALL,
			      "queue %u: a buffer of %llu bytes; %u were expected at least", q->index,
			      (unsigned long long)chain->writable_bytes, least);
}

/* ---- commands ---- */

struct command {
	struct strict_queue *q;
	struct virtio_net_ctrl_hdr hdr;
	uint8_t data[COMMAND_BYTES];
	size_t there;         /* bytes of data */
	uint64_t bytes;       /* of the command, header included */
	uint64_t room;        /* for ack and result */
	struct iov_cursor in; /* behind the header */
};

static void report(const struct command *c, enum strict_row row)
{
	strict_report(c->q->s, row, "class %u, command %u, %llu bytes with its header, room for %llu", c->hdr.class,
		      c->hdr.command, (unsigned long long)c->bytes, (unsigned long long)c->room);
}

static uint16_t le16_at(const uint8_t *p)
{
	return p[0] | p[1] << 8;
}

/* Two lists, each behind a le32 with its number of addresses, and nothing else. */
static bool two_tables(const struct command *c)
{
	struct iov_cursor in = c->in;
	uint64_t left = c->bytes - sizeof(c->hdr);

	for (int i = 0; i < 2; i++) {
		uint8_t first[VIRTIO_NET_MAC_BYTES];
		uint64_t bytes;
		le32 entries;

		if (!iov_take(&in, &entries))
			return false;
		left -= sizeof(entries);
		bytes = (uint64_t)le32_to_cpu(entries) * VIRTIO_NET_MAC_BYTES;
		if (bytes > left)
			return false;
		left -= bytes;
		for (; bytes; bytes -= sizeof(first))
			if (!iov_take(&in, &first) || (first[0] & 1) != i)
				return false;
	}
	return !left;
}

static void judge_pairs(struct command *c)
{
	struct strict *s = c->q->s;
	uint16_t pairs = le16_at(c->data);

	if (c->there < sizeof(struct virtio_net_ctrl_mq_pairs_set) || !net_has(s->net, VIRTIO_NET_F_MQ))
		return;
	s->pairs_set = true;
	if (!pairs || pairs > s->net->pairs) {
		strict_report(s, STRICT_PAIRS, "%u pairs; there are %u", pairs, s->net->pairs);
		return;
	}
	for (uint16_t i = 0; i < 2 * pairs; i++)
		if (!virtio_queue_enabled(strict_dev(s), i)) {
			strict_report(s, STRICT_PAIRS_NOT_READY, "%u pairs, and queue %u is not enabled", pairs, i);
			break;
		}
	/* What is available by now may have come before the command. */
	for (uint16_t i = 0; i < s->net->pairs; i++) {
		struct strict_queue *q = &s->queues[net_tx_index(i)];

		q->limited = i >= pairs;
		q->limit = strict_ring_there(q) ? strict_ring_observe(q) : 0;
	}
}

static void judge_offloads(struct command *c)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 8 && i < c->there; i++)
		bits |= (uint64_t)c->data[i] << (8 * i);
	if (bits & ~net_offload_negotiated(c->q->s->net))
		strict_report(c->q->s, STRICT_OFFLOADS, "offloads 0x%llx", (unsigned long long)bits);
}

static void judge_coal(struct command *c)
{
	bool of_queue = c->hdr.command >= VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET;
	const struct net *net = c->q->s->net;
	uint16_t queue = le16_at(c->data);

	if (!net_has(net, of_queue ? VIRTIO_NET_F_VQ_NOTF_COAL : VIRTIO_NET_F_NOTF_COAL))
		report(c, of_queue ? STRICT_COAL_OF_VQ : STRICT_COAL);
	else if (of_queue && c->there >= 2 &&
		 (queue >= 2 * net_max_pairs(net) || !virtio_queue_enabled(&net->vdev, queue)))
		strict_report(c->q->s, STRICT_COAL_VQ, "queue %u", queue);
}

/* Types that a queue can never have. */
static uint64_t foreign_types(const struct net *net, uint16_t queue)
{
	const uint64_t rx = VIRTIO_NET_STATS_TYPE_RX_BASIC | VIRTIO_NET_STATS_TYPE_RX_CSUM |
			    VIRTIO_NET_STATS_TYPE_RX_GSO | VIRTIO_NET_STATS_TYPE_RX_SPEED;
	const uint64_t tx = VIRTIO_NET_STATS_TYPE_TX_BASIC | VIRTIO_NET_STATS_TYPE_TX_CSUM |
			    VIRTIO_NET_STATS_TYPE_TX_GSO | VIRTIO_NET_STATS_TYPE_TX_SPEED;

	if (queue == net_ctrl_index(net))
		return rx | tx;
	return VIRTIO_NET_STATS_TYPE_CVQ | (queue % 2 ? rx : tx);
}

static void judge_stats(struct command *c)
{
	struct strict *s = c->q->s;
	struct virtio_net_ctrl_queue_stats asked;
	size_t i;

	if (!net_has(s->net, VIRTIO_NET_F_DEVICE_STATS))
		return;
	if (c->hdr.command == VIRTIO_NET_CTRL_STATS_QUERY) {
		s->stats_asked = true;
		return;
	}
	if (c->hdr.command != VIRTIO_NET_CTRL_STATS_GET)
		return;
	if (!s->stats_asked) {
		report(c, STRICT_STATS_NOT_ASKED);
		return;
	}
	for (i = 0; i + sizeof(asked) <= c->there; i += sizeof(asked)) {
		uint16_t queue;
		uint64_t types;

		memcpy(&asked, c->data + i, sizeof(asked));
		queue = le16_to_cpu(asked.vq_index);
		types = le64_to_cpu(asked.types_bitmap[0]);
		if (queue <= net_ctrl_index(s->net) && (types & foreign_types(s->net, queue)))
			strict_report(s, STRICT_STATS_TYPE, "queue %u: types 0x%llx", queue, (unsigned long long)types);
	}
}

/* ---- commands of XDP_OFFLOAD ---- */

static bool padded(const uint8_t *name)
{
	size_t i = 0;

	while (i < VIRTIO_NET_XDP_NAME_BYTES && name[i])
		i++;
	while (i < VIRTIO_NET_XDP_NAME_BYTES && !name[i])
		i++;
	return i == VIRTIO_NET_XDP_NAME_BYTES;
}

static void judge_create(struct command *c)
{
	struct virtio_net_xdp_prog_create create;

	if (c->there < sizeof(create))
		return;
	memcpy(&create, c->data, sizeof(create));
	if (!padded(create.name))
		report(c, STRICT_XDP_NAME);
	if (le32_to_cpu(create.id) < fw_caps(c->q->s->net->fw)->max_progs)
		c->q->s->uploads[le32_to_cpu(create.id)] = (struct strict_upload){0, 0};
}

/* A piece that the device refused may be sent again. */
static void judge_write(struct command *c)
{
	struct virtio_net_xdp_prog_write write;
	struct strict_upload *upload;
	uint64_t from;

	if (c->there < sizeof(write))
		return;
	memcpy(&write, c->data, sizeof(write));
	if (le32_to_cpu(write.id) >= fw_caps(c->q->s->net->fw)->max_progs)
		return;
	upload = &c->q->s->uploads[le32_to_cpu(write.id)];
	from = le32_to_cpu(write.offset);
	if (from != upload->to && from != upload->from)
		strict_report(c->q->s, STRICT_XDP_GAP, "program %u: bytes from %llu on; the last piece went to %llu",
			      le32_to_cpu(write.id), (unsigned long long)from, (unsigned long long)upload->to);
	*upload = (struct strict_upload){from, from + c->bytes - sizeof(c->hdr) - sizeof(write)};
}

static void judge_map_create(struct command *c)
{
	struct virtio_net_xdp_map_create create;
	uint32_t type;

	if (c->there < sizeof(create))
		return;
	memcpy(&create, c->data, sizeof(create));
	type = le32_to_cpu(create.type);
	if (!padded(create.name))
		report(c, STRICT_XDP_NAME);
	if (type != VIRTIO_NET_XDP_MAP_ARRAY_OF && type != VIRTIO_NET_XDP_MAP_HASH_OF &&
	    le32_to_cpu(create.inner_map_id) != VIRTIO_NET_XDP_ID_NONE)
		strict_report(c->q->s, STRICT_XDP_INNER, "type %u, inner_map_id %u", type,
			      le32_to_cpu(create.inner_map_id));
}

static void judge_xdp(struct command *c)
{
	if (!net_has(c->q->s->net, VIRTIO_NET_F_XDP_OFFLOAD)) {
		report(c, STRICT_XDP);
		return;
	}
	if (c->room < 1 + sizeof(struct virtio_net_xdp_result))
		report(c, STRICT_XDP_ROOM);
	if (c->bytes > fw_caps(c->q->s->net->fw)->max_cmd_bytes)
		report(c, STRICT_XDP_LONG);
	switch (c->hdr.command) {
	case VIRTIO_NET_CTRL_XDP_PROG_CREATE:
		judge_create(c);
		break;
	case VIRTIO_NET_CTRL_XDP_PROG_WRITE:
		judge_write(c);
		break;
	case VIRTIO_NET_CTRL_XDP_MAP_CREATE:
		judge_map_create(c);
		break;
	}
}

/* ---- which is which ---- */

#define ANY 0x100

/* A command that may only be sent with a feature, and whoever judges the rest (NULL: nobody). */
static const struct rule {
	uint8_t class;
	uint16_t command;
	uint8_t feature; /* 0: none, or judge() sees to it */
	uint16_t row;
	void (*judge)(struct command *c);
} rules[] = {
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX, STRICT_CTRL_RX, NULL},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX, STRICT_CTRL_RX, NULL},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, STRICT_CTRL_RX_EXTRA, NULL},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA, STRICT_CTRL_RX_EXTRA, NULL},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, STRICT_CTRL_RX_EXTRA, NULL},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA, STRICT_CTRL_RX_EXTRA, NULL},
	{VIRTIO_NET_CTRL_MAC, ANY, VIRTIO_NET_F_CTRL_RX, STRICT_CTRL_MAC, NULL},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 0, 0, judge_pairs},
	{VIRTIO_NET_CTRL_MQ, CTRL_MQ_RSS_CONFIG, VIRTIO_NET_F_RSS, STRICT_RSS, NULL},
	{VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, 0, 0, judge_offloads},
	{VIRTIO_NET_CTRL_NOTF_COAL, ANY, 0, 0, judge_coal},
	{CTRL_HASH_TUNNEL, ANY, VIRTIO_NET_F_HASH_TUNNEL, STRICT_HASH_TUNNEL, NULL},
	{VIRTIO_NET_CTRL_STATS, ANY, 0, 0, judge_stats},
	{CTRL_RSS_CONTEXT, ANY, VIRTIO_NET_F_RSS_CONTEXT, STRICT_RSS_CONTEXT, NULL},
	{VIRTIO_NET_CTRL_XDP, ANY, 0, 0, judge_xdp},
};

static void judge_command(struct strict_queue *q, const struct vq_chain *chain)
{
	struct command c = {
		.q = q, .in = vq_chain_in(chain), .bytes = chain->readable_bytes, .room = chain->writable_bytes};
	struct iov_cursor data;

	if (!iov_take(&c.in, &c.hdr))
		return;
	data = c.in;
	c.there = iov_read(&data, c.data, sizeof(c.data));
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *rule = &rules[i];

		if (rule->class != c.hdr.class || (rule->command != ANY && rule->command != c.hdr.command))
			continue;
		if (rule->feature && !has(q, rule->feature))
			report(&c, rule->row);
		else if (rule->judge)
			rule->judge(&c);
		else if (rule->class == VIRTIO_NET_CTRL_MAC && c.hdr.command == VIRTIO_NET_CTRL_MAC_TABLE_SET &&
			 !two_tables(&c))
			report(&c, STRICT_MAC_TABLE);
		return;
	}
}

void strict_net_chain(struct strict_queue *q, const struct vq_chain *chain)
{
	const struct net *net = q->s->net;

	if (q->index == net_ctrl_index(net) && has(q, VIRTIO_NET_F_CTRL_VQ))
		judge_command(q, chain);
	else if (q->index >= 2 * net_max_pairs(net))
		return;
	else if (q->index % 2)
		judge_tx(q, chain);
	else
		judge_rx(q, chain);
}
