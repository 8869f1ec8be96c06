/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balances TCP and UDP over IPv4: hashes a flow's addresses and ports, and sends each frame to the flow's backend in an
 * outer IPv4 header (RFC 2003). Frames to other addresses than the service's pass, as does all else.
 */
#include "parse.h"

#define BACKENDS 8 /* a power of two */

struct backend {
	__be32 address;
	unsigned char mac[ETH_ALEN];
	__u16 reserved;
	__u32 frames;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be32);
	__type(value, __u32); /* source address of the outer header */
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

static __always_inline __u32 mix(__u32 h, __u32 word)
{
	h ^= word;
	h *= 0x9e3779b1;
	return h ^ (h >> 15);
}

static __always_inline __u16 fold(__u64 sum)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The backend of this frame's flow, or NULL if the frame is for no service. *inner: the bytes that go into the tunnel.
 */
static __always_inline struct backend *choose(struct xdp_md *ctx, __u32 *outer_source, __u16 *inner)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct iphdr *ip;
	__be32 *ports, address;
	__u32 *source, key;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	ip = take(&c, sizeof(*ip));
	if (!ip || ip->ihl != 5 || (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
		return NULL;
	ports = take(&c, sizeof(*ports));
	if (!ports)
		return NULL;
	address = ip->daddr;
	source = bpf_map_lookup_elem(&services, &address);
	if (!source)
		return NULL;
	*outer_source = *source;
	*inner = bpf_ntohs(ip->tot_len);
	key = mix(mix(mix(ip->protocol, ip->saddr), ip->daddr), *ports) & (BACKENDS - 1);
	return bpf_map_lookup_elem(&backends, &key);
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	struct backend *backend;
	struct iphdr outer = {}, *ip;
	struct ethhdr *eth, old;
	struct cursor c;
	__u32 source;
	__u16 inner;

	backend = choose(ctx, &source, &inner);
	if (!backend)
		return XDP_PASS;
	if (!backend->address)
		return XDP_DROP;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(outer)))
		return XDP_ABORTED;

	c = cursor_of(ctx);
	eth = take(&c, sizeof(*eth));
	ip = take(&c, sizeof(*ip));
	if (!eth || !ip)
		return XDP_ABORTED;
	if ((void *)eth + sizeof(outer) + sizeof(old) > c.end)
		return XDP_ABORTED;
	__builtin_memcpy(&old, (void *)eth + sizeof(outer), sizeof(old));
	__builtin_memcpy(eth->h_dest, backend->mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, old.h_dest, ETH_ALEN);
	eth->h_proto = old.h_proto;

	outer.version = 4;
	outer.ihl = 5;
	outer.tot_len = bpf_htons(inner + sizeof(outer));
	outer.ttl = 64;
	outer.protocol = IPPROTO_IPIP;
	outer.saddr = source;
	outer.daddr = backend->address;
	outer.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&outer, sizeof(outer), 0));
	__builtin_memcpy(ip, &outer, sizeof(outer));
	backend->frames++;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
