// SPDX-License-Identifier: BSD-2-Clause
#include "bench/native.h"

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/in.h>
#include <stddef.h>

#include "virtio_net_xdp.h"

#define VLAN_TAGS_MAX 2

struct cursor {
	uint8_t *at, *end;
};

struct vlan_tag {
	uint16_t tci, proto;
} __attribute__((packed));

/* Takes bytes from the cursor, or gives NULL. */
static inline void *take(struct cursor *c, uint32_t bytes)
{
	uint8_t *at = c->at;

	if (at + bytes > c->end)
		return NULL;
	c->at = at + bytes;
	return at;
}

static inline uint64_t *lookup(struct native_map *map, uint32_t key)
{
	return key < map->max_entries ? &map->values[key] : NULL;
}

static inline struct ethhdr *take_ethernet(struct cursor *c, uint16_t *proto)
{
	struct ethhdr *eth = take(c, sizeof(*eth));

	if (!eth)
		return NULL;
	*proto = eth->h_proto;
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag;

		if (*proto != htons(ETH_P_8021Q) && *proto != htons(ETH_P_8021AD))
			break;
		tag = take(c, sizeof(*tag));
		if (!tag)
			return NULL;
		*proto = tag->proto;
	}
	return eth;
}

static inline uint32_t protocol_of(struct cursor *c, uint16_t proto)
{
	if (proto == htons(ETH_P_IP)) {
		uint8_t *ip = take(c, sizeof(struct iphdr));

		return ip ? ip[offsetof(struct iphdr, protocol)] : 255;
	}
	if (proto == htons(ETH_P_IPV6)) {
		uint8_t *ip6 = take(c, sizeof(struct ipv6hdr));

		return ip6 ? ip6[offsetof(struct ipv6hdr, nexthdr)] : 255;
	}
	return 255;
}

uint32_t native_pass(struct fw_frame *frame, struct native_map *map)
{
	(void)frame;
	(void)map;
	return VIRTIO_NET_XDP_PASS;
}

uint32_t native_xdp1(struct fw_frame *frame, struct native_map *map)
{
	struct cursor c = {frame->data, frame->data_end};
	uint64_t *count;
	uint16_t proto;

	if (!take_ethernet(&c, &proto))
		return VIRTIO_NET_XDP_DROP;
	count = lookup(map, protocol_of(&c, proto));
	if (count)
		*count += 1;
	return VIRTIO_NET_XDP_DROP;
}
