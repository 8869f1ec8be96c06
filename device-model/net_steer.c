/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Automatic receive steering. A flow is two addresses, the protocol and its ports, and the VLANs it is in. A frame that
 * the guest transmits is filed under the flow that answers to it have: addresses and ports exchanged. The table has one
 * place for each hash, and the last flow takes it: what a flow finds depends on the frames before it and on nothing
 * else, and no sequence of frames makes a look-up longer. A flow that lost its place, or never had one, goes where its
 * hash says.
 */
#include "net_device.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ETH_TYPE_AT 12 /* bytes into the frame */

#define TYPE_IPV4  0x0800
#define TYPE_IPV6  0x86dd
#define TYPE_VLAN  0x8100
#define TYPE_VLANS 0x88a8

#define IPV6_HEADERS_MAX 8 /* extension headers that are looked at */

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

/* What a flow is told by. No padding: it is compared and hashed as bytes. */
struct flow_key {
	uint8_t source[16], destination[16]; /* IP addresses; MAC addresses of what is not IP */
	uint8_t source_port[2], destination_port[2];
	uint8_t type[2]; /* EtherType, as on the wire */
	uint8_t vlan[NET_TAGS_MAX][2];
	uint8_t protocol;
	uint8_t fragment; /* of a packet whose ports are in another frame */
	uint8_t reserved[4];
};

#define KEY_WORDS (sizeof(struct flow_key) / sizeof(le64))
static_assert(sizeof(struct flow_key) == 48, "a flow is hashed by words");

struct net_steer_flow {
	struct flow_key key;
	uint16_t pair;
	bool there;
};

static uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* What is left of a frame behind the headers that were read. */
struct rest {
	const uint8_t *p;
	uint32_t bytes;
};

static bool skip(struct rest *rest, uint32_t bytes)
{
	if (bytes > rest->bytes)
		return false;
	rest->p += bytes;
	rest->bytes -= bytes;
	return true;
}

static void read_ports(struct flow_key *key, const struct rest *rest)
{
	switch (key->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		/* All fragments of a packet are one flow: only the first one has the ports. */
		if (key->fragment || rest->bytes < 4)
			return;
		memcpy(key->source_port, rest->p, 2);
		memcpy(key->destination_port, rest->p + 2, 2);
	}
}

static bool read_ipv4(struct flow_key *key, struct rest *rest)
{
	const uint8_t *ip = rest->p;
	uint32_t header;

	if (rest->bytes < 20 || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15) * 4u;
	if (header < 20)
		return false;
	memcpy(key->source, ip + 12, 4);
	memcpy(key->destination, ip + 16, 4);
	key->protocol = ip[9];
	key->fragment = (be16_at(ip + 6) & 0x3fff) != 0; /* MORE_FRAGMENTS, offset */
	if (skip(rest, header))
		read_ports(key, rest);
	return true;
}

/* Moves on over the extension header that key->protocol names. Whether it was one and the next may follow. */
static bool skip_extension(struct flow_key *key, struct rest *rest)
{
	const uint8_t *ext = rest->p;
	uint32_t bytes;

	if (rest->bytes < 8)
		return false;
	switch (key->protocol) {
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_DESTINATION:
		bytes = (ext[1] + 1u) * 8;
		break;
	case PROTO_AH:
		bytes = (ext[1] + 2u) * 4;
		break;
	case PROTO_FRAGMENT:
		bytes = 8;
		key->fragment = (be16_at(ext + 2) & 0xfff9) != 0; /* offset, M */
		break;
	default:
		return false;
	}
	key->protocol = ext[0];
	return skip(rest, bytes) && !key->fragment;
}

static bool read_ipv6(struct flow_key *key, struct rest *rest)
{
	const uint8_t *ip = rest->p;

	if (rest->bytes < 40 || ip[0] >> 4 != 6)
		return false;
	memcpy(key->source, ip + 8, 16);
	memcpy(key->destination, ip + 24, 16);
	key->protocol = ip[6];
	skip(rest, 40);
	for (int i = 0; i < IPV6_HEADERS_MAX && skip_extension(key, rest); i++)
		;
	read_ports(key, rest);
	return true;
}

/* The flow of any bytes at all. */
static void read_flow(struct flow_key *key, const uint8_t *frame, uint32_t bytes)
{
	struct rest rest = {frame, bytes};
	bool ip = false;

	*key = (struct flow_key){0};
	if (!skip(&rest, ETH_TYPE_AT))
		return;
	for (int tags = 0; tags < NET_TAGS_MAX && rest.bytes >= 4; tags++) {
		uint16_t type = be16_at(rest.p);

		if (type != TYPE_VLAN && type != TYPE_VLANS)
			break;
		key->vlan[tags][0] = rest.p[2] & 15; /* the priority is none of the flow's */
		key->vlan[tags][1] = rest.p[3];
		skip(&rest, NET_TAG_BYTES);
	}
	if (rest.bytes >= 2) {
		memcpy(key->type, rest.p, 2);
		skip(&rest, 2);
		if (be16_at(key->type) == TYPE_IPV4)
			ip = read_ipv4(key, &rest);
		else if (be16_at(key->type) == TYPE_IPV6)
			ip = read_ipv6(key, &rest);
	}
	if (!ip) {
		memcpy(key->destination, frame, 6);
		memcpy(key->source, frame + 6, 6);
	}
}

static void exchange(uint8_t *a, uint8_t *b, size_t bytes)
{
	uint8_t kept[16];

	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

static void reverse(struct flow_key *key)
{
	exchange(key->source, key->destination, sizeof(key->source));
	exchange(key->source_port, key->destination_port, sizeof(key->source_port));
}

/* The same on every machine. */
static uint64_t hash(const struct flow_key *key)
{
	le64 words[KEY_WORDS];
	uint64_t h = 0;

	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < KEY_WORDS; i++) {
		h = (h ^ le64_to_cpu(words[i])) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	return h;
}

static struct net_steer_flow *place(const struct net *net, uint64_t h)
{
	return &net->steer.flows[h & (NET_STEER_FLOWS - 1)];
}

/* req: VN-5e69111e: the next pair whose receiveq is there; pair if none is */
static uint16_t enabled_from(const struct net *net, uint16_t pair)
{
	uint16_t active = net->steer.active;

	for (uint16_t i = 0; i < active; i++) {
		uint16_t other = (pair + i) % active;

		if (virtio_queue_enabled(&net->vdev, net_rx_index(other)))
			return other;
	}
	return pair;
}

/* req: VN-7222dea9 */
bool net_steer_finds(const struct net *net)
{
	return net->steer.active == 1 || virtio_queue_enabled(&net->vdev, net_rx_index(enabled_from(net, 0)));
}

/* req: VN-cea4743d, VN-dc8f638d, VN-ae81cb25, VN-356ebb61 */
uint16_t net_steer_pair(const struct net *net, const uint8_t *frame, uint32_t bytes)
{
	const struct net_steer_flow *flow;
	struct flow_key key;
	uint16_t pair;
	uint64_t h;

	if (net->steer.active == 1)
		return 0;
	read_flow(&key, frame, bytes);
	h = hash(&key);
	flow = place(net, h);
	if (flow->there && flow->pair < net->steer.active && !memcmp(&flow->key, &key, sizeof(key)))
		pair = flow->pair; /* req: VN-1576ba7a */
	else
		pair = (uint16_t)((h >> 32) % net->steer.active);
	return enabled_from(net, pair);
}

void net_steer_learn(struct net *net, const uint8_t *frame, uint32_t bytes, uint16_t pair)
{
	struct net_steer_flow *flow;
	struct flow_key key;

	if (!net->steer.learns)
		return;
	read_flow(&key, frame, bytes);
	reverse(&key);
	flow = place(net, hash(&key));
	flow->key = key;
	flow->pair = pair;
	flow->there = true;
	net->steer.dirty = true;
}

uint8_t net_steer_pairs_set(struct net *net, struct net_command *c)
{
	struct virtio_net_ctrl_mq_pairs_set set;
	uint16_t pairs;

	memcpy(&set, c->data, sizeof(set));
	pairs = le16_to_cpu(set.virtqueue_pairs);
	if (pairs < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN || pairs > net->pairs)
		return VIRTIO_NET_ERR;
	net->steer.active = pairs;
	fw_queues_in_use(net->fw, pairs);
	return VIRTIO_NET_OK;
}

int net_steer_init(struct net *net)
{
	net->steer.active = 1;
	fw_queues_in_use(net->fw, 1);
	if (net->pairs == 1)
		return 0;
	net->steer.flows = calloc(NET_STEER_FLOWS, sizeof(*net->steer.flows));
	return net->steer.flows ? 0 : -ENOMEM;
}

void net_steer_exit(struct net *net)
{
	free(net->steer.flows);
	net->steer.flows = NULL;
}

void net_steer_start(struct net *net)
{
	net->steer.learns = net->steer.flows && net_has(net, VIRTIO_NET_F_MQ);
}

void net_steer_reset(struct net *net)
{
	if (net->steer.dirty)
		memset(net->steer.flows, 0, NET_STEER_FLOWS * sizeof(*net->steer.flows));
	net->steer.dirty = false;
	net->steer.learns = false;
	net->steer.active = 1;
	fw_queues_in_use(net->fw, 1);
}
