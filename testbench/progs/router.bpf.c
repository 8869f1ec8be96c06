/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes IPv4: checks the header, looks the destination's /24 up, writes the next hop's MAC addresses, lowers the TTL
 * and mends the checksum (RFC 1624), and sends the frame out again. What it has no route for passes.
 */
#include "parse.h"

struct next_hop {
	unsigned char dest[ETH_ALEN];
	unsigned char source[ETH_ALEN];
	__u32 frames;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be32); /* network, 24 bits */
	__type(value, struct next_hop);
} routes SEC(".maps");

enum reason { NOT_IPV4, BAD_HEADER, BAD_CHECKSUM, TTL_EXPIRED, NO_ROUTE, ROUTED, REASONS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REASONS);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

static __always_inline int done(__u32 reason, int action)
{
	__u64 *count = bpf_map_lookup_elem(&reasons, &reason);

	if (count)
		*count += 1;
	return action;
}

/* The one's complement sum of a header without options: 0xffff if its checksum is right. */
static __always_inline __u32 header_sum(const struct iphdr *ip)
{
	const __u16 *word = (const __u16 *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

SEC("xdp")
int route(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct next_hop *hop;
	struct ethhdr *eth;
	struct iphdr *ip;
	__be16 proto;
	__be32 network;
	__u32 sum;

	eth = take_ethernet(&c, &proto);
	if (!eth || proto != bpf_htons(ETH_P_IP))
		return done(NOT_IPV4, XDP_PASS);
	ip = take(&c, sizeof(*ip));
	if (!ip || ip->version != 4 || ip->ihl != 5)
		return done(BAD_HEADER, XDP_PASS);
	if (header_sum(ip) != 0xffff)
		return done(BAD_CHECKSUM, XDP_DROP);
	if (ip->ttl <= 1)
		return done(TTL_EXPIRED, XDP_PASS);
	network = ip->daddr & bpf_htonl(0xffffff00);
	hop = bpf_map_lookup_elem(&routes, &network);
	if (!hop)
		return done(NO_ROUTE, XDP_PASS);
	__builtin_memcpy(eth->h_dest, hop->dest, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->source, ETH_ALEN);
	hop->frames++;
	ip->ttl--;
	sum = (__u32)ip->check + bpf_htons(0x0100);
	ip->check = sum + (sum >= 0xffff);
	return done(ROUTED, XDP_TX);
}

char _license[] SEC("license") = "Dual BSD/GPL";
