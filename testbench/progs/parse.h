/* SPDX-License-Identifier: BSD-2-Clause */
/* Header parsing that the example programs share. Each step checks against data_end and moves the cursor. */
#ifndef PROGS_PARSE_H
#define PROGS_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_TAGS_MAX 2

struct cursor {
	void *at;
	void *end;
};

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

static __always_inline struct cursor cursor_of(struct xdp_md *ctx)
{
	return (struct cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
}

/* Takes bytes from the cursor, or gives NULL. */
static __always_inline void *take(struct cursor *c, __u32 bytes)
{
	void *at = c->at;

	if (at + bytes > c->end)
		return NULL;
	c->at = at + bytes;
	return at;
}

/* The Ethernet header; *proto: the type behind up to two VLAN tags, in network byte order. */
static __always_inline struct ethhdr *take_ethernet(struct cursor *c, __be16 *proto)
{
	struct ethhdr *eth = take(c, sizeof(*eth));

	if (!eth)
		return NULL;
	*proto = eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag;

		if (*proto != bpf_htons(ETH_P_8021Q) && *proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = take(c, sizeof(*tag));
		if (!tag)
			return NULL;
		*proto = tag->proto;
	}
	return eth;
}

/* Skips the options of an IPv4 header that was taken, whose ihl is 5 or more. */
static __always_inline bool skip_options(struct cursor *c, const struct iphdr *ip)
{
	__u32 bytes = ip->ihl * 4 - sizeof(*ip);

	/* The bound is in sight of the verifier, but not of the compiler, which would leave it out. */
	asm volatile("" : "+r"(bytes));
	return take(c, bytes & 0x3c) != NULL;
}

/* The transport protocol of an IPv4 or IPv6 frame; 255 for anything else. */
static __always_inline __u32 protocol_of(struct cursor *c, __be16 proto)
{
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(c, sizeof(*ip));

		return ip ? ip->protocol : 255;
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(c, sizeof(*ip6));

		return ip6 ? ip6->nexthdr : 255;
	}
	return 255;
}

#endif
