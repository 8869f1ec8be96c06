/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A parser in stages: one program per layer, linked by tail calls through a table that a controller may change while it
 * runs. What one stage has found, the next one reads from the metadata in front of the frame. Offload with
 * --program dispatch.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define TAGS_MAX 4

enum stage { STAGE_VLAN, STAGE_ARP, STAGE_IPV4, STAGE_IPV6, STAGE_TCP, STAGE_UDP, STAGE_ICMP, STAGE_VERDICT, STAGES };

/* In the metadata, from stage to stage. */
struct found {
	__u32 magic;
	__u16 offset; /* of the next header, from the frame's start */
	__be16 proto;
	__u8 version, protocol, tags, flags;
	__u32 flow;
};

struct arp {
	__be16 hardware, protocol;
	__u8 hardware_bytes, protocol_bytes;
	__be16 operation;
};

/* Of ICMP and of ICMPv6. */
struct icmp {
	__u8 type, code;
	__be16 check;
	__be32 rest;
};

#define FOUND_MAGIC 0x464f554e

enum flag { FLAG_FRAGMENT = 1, FLAG_OPTIONS = 2, FLAG_BAD = 4, FLAG_ROUTED = 8 };

int dispatch_vlan(struct xdp_md *ctx);
int dispatch_arp(struct xdp_md *ctx);
int dispatch_ipv4(struct xdp_md *ctx);
int dispatch_ipv6(struct xdp_md *ctx);
int dispatch_tcp(struct xdp_md *ctx);
int dispatch_udp(struct xdp_md *ctx);
int dispatch_icmp(struct xdp_md *ctx);
int dispatch_verdict(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values =
		{
			[STAGE_VLAN] = (void *)&dispatch_vlan,
			[STAGE_ARP] = (void *)&dispatch_arp,
			[STAGE_IPV4] = (void *)&dispatch_ipv4,
			[STAGE_IPV6] = (void *)&dispatch_ipv6,
			[STAGE_TCP] = (void *)&dispatch_tcp,
			[STAGE_UDP] = (void *)&dispatch_udp,
			[STAGE_ICMP] = (void *)&dispatch_icmp,
			[STAGE_VERDICT] = (void *)&dispatch_verdict,
		},
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__type(value, __u64);
} visits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, __u32); /* the flow's number */
	__type(value, struct found);
} flows SEC(".maps");

static __always_inline void visit(__u32 stage)
{
	__u64 *count = bpf_map_lookup_elem(&visits, &stage);

	if (count)
		*count += 1;
}

/* Goes on at a stage; to a table without it, the frame passes. */
static __always_inline int go(struct xdp_md *ctx, __u32 stage)
{
	bpf_tail_call(ctx, &stages, stage);
	return XDP_PASS;
}

/* What the stages before have found; NULL: this is none of their frames. */
static __always_inline struct found *found_of(struct xdp_md *ctx)
{
	struct found *found = (void *)(long)ctx->data_meta;

	if ((void *)(found + 1) > (void *)(long)ctx->data || found->magic != FOUND_MAGIC)
		return NULL;
	return found;
}

/* bytes of header at found->offset, or NULL. */
static __always_inline void *header(struct xdp_md *ctx, struct found *found, __u32 bytes)
{
	void *at = (void *)(long)ctx->data + (found->offset & 0xff);

	return at + bytes <= (void *)(long)ctx->data_end ? at : NULL;
}

static __always_inline int bad(struct xdp_md *ctx, struct found *found)
{
	found->flags |= FLAG_BAD;
	return go(ctx, STAGE_VERDICT);
}

static __always_inline __u32 mix(__u32 h, __u32 word)
{
	h = (h ^ word) * 0x01000193;
	return h ^ (h >> 15);
}

static __always_inline int by_ethertype(struct xdp_md *ctx, struct found *found)
{
	switch (found->proto) {
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
		return go(ctx, STAGE_VLAN);
	case bpf_htons(ETH_P_ARP):
		return go(ctx, STAGE_ARP);
	case bpf_htons(ETH_P_IP):
		return go(ctx, STAGE_IPV4);
	case bpf_htons(ETH_P_IPV6):
		return go(ctx, STAGE_IPV6);
	default:
		return go(ctx, STAGE_VERDICT);
	}
}

static __always_inline int by_protocol(struct xdp_md *ctx, struct found *found)
{
	switch (found->protocol) {
	case IPPROTO_TCP:
		return go(ctx, STAGE_TCP);
	case IPPROTO_UDP:
		return go(ctx, STAGE_UDP);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return go(ctx, STAGE_ICMP);
	default:
		return go(ctx, STAGE_VERDICT);
	}
}

SEC("xdp")
int dispatch(struct xdp_md *ctx)
{
	struct found *found;
	struct ethhdr *eth;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*found)))
		return XDP_ABORTED;
	found = (void *)(long)ctx->data_meta;
	eth = (void *)(long)ctx->data;
	if ((void *)(found + 1) > (void *)(long)ctx->data || (void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	*found = (struct found){.magic = FOUND_MAGIC, .offset = sizeof(*eth), .proto = eth->h_proto};
	return by_ethertype(ctx, found);
}

/* One tag a visit: the table leads back here until there is no more. */
SEC("xdp")
int dispatch_vlan(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct vlan_tag *tag;

	visit(STAGE_VLAN);
	if (!found)
		return XDP_ABORTED;
	tag = header(ctx, found, sizeof(*tag));
	if (!tag || found->tags >= TAGS_MAX)
		return bad(ctx, found);
	found->tags++;
	found->flow = mix(found->flow, tag->tci & bpf_htons(0x0fff));
	found->proto = tag->proto;
	found->offset += sizeof(*tag);
	return by_ethertype(ctx, found);
}

SEC("xdp")
int dispatch_arp(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct arp *arp;

	visit(STAGE_ARP);
	if (!found)
		return XDP_ABORTED;
	arp = header(ctx, found, sizeof(*arp));
	if (!arp || arp->hardware != bpf_htons(1) || arp->hardware_bytes != ETH_ALEN)
		return bad(ctx, found);
	found->flow = mix(found->flow, arp->operation);
	return go(ctx, STAGE_VERDICT);
}

SEC("xdp")
int dispatch_ipv4(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct iphdr *ip;

	visit(STAGE_IPV4);
	if (!found)
		return XDP_ABORTED;
	ip = header(ctx, found, sizeof(*ip));
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return bad(ctx, found);
	if (ip->ihl > 5)
		found->flags |= FLAG_OPTIONS;
	found->version = 4;
	found->protocol = ip->protocol;
	found->flow = mix(mix(mix(found->flow, ip->saddr), ip->daddr), ip->protocol);
	found->offset += ip->ihl * 4;
	if (ip->frag_off & bpf_htons(0x3fff)) {
		found->flags |= FLAG_FRAGMENT;
		return go(ctx, STAGE_VERDICT);
	}
	return by_protocol(ctx, found);
}

SEC("xdp")
int dispatch_ipv6(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct ipv6hdr *ip6;

	visit(STAGE_IPV6);
	if (!found)
		return XDP_ABORTED;
	ip6 = header(ctx, found, sizeof(*ip6));
	if (!ip6 || ip6->version != 6)
		return bad(ctx, found);
	found->version = 6;
	found->protocol = ip6->nexthdr;
	found->flow = mix(found->flow, ip6->nexthdr);
#pragma unroll
	for (int i = 0; i < 4; i++) {
		found->flow = mix(found->flow, ip6->saddr.in6_u.u6_addr32[i]);
		found->flow = mix(found->flow, ip6->daddr.in6_u.u6_addr32[i]);
	}
	found->offset += sizeof(*ip6);
	return by_protocol(ctx, found);
}

SEC("xdp")
int dispatch_tcp(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct tcphdr *tcp;

	visit(STAGE_TCP);
	if (!found)
		return XDP_ABORTED;
	tcp = header(ctx, found, sizeof(*tcp));
	if (!tcp || tcp->doff < 5 || (tcp->syn && tcp->fin))
		return bad(ctx, found);
	found->flow = mix(found->flow, (__u32)tcp->source << 16 | tcp->dest);
	found->offset += tcp->doff * 4;
	return go(ctx, STAGE_VERDICT);
}

SEC("xdp")
int dispatch_udp(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct udphdr *udp;

	visit(STAGE_UDP);
	if (!found)
		return XDP_ABORTED;
	udp = header(ctx, found, sizeof(*udp));
	if (!udp || bpf_ntohs(udp->len) < sizeof(*udp))
		return bad(ctx, found);
	found->flow = mix(found->flow, (__u32)udp->source << 16 | udp->dest);
	found->offset += sizeof(*udp);
	return go(ctx, STAGE_VERDICT);
}

SEC("xdp")
int dispatch_icmp(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx);
	struct icmp *icmp;

	visit(STAGE_ICMP);
	if (!found)
		return XDP_ABORTED;
	icmp = header(ctx, found, sizeof(*icmp));
	if (!icmp)
		return bad(ctx, found);
	found->flow = mix(found->flow, icmp->type);
	return go(ctx, STAGE_VERDICT);
}

SEC("xdp")
int dispatch_verdict(struct xdp_md *ctx)
{
	struct found *found = found_of(ctx), copy;

	visit(STAGE_VERDICT);
	if (!found)
		return XDP_ABORTED;
	if (found->flags & FLAG_BAD)
		return XDP_DROP;
	copy = *found;
	if (copy.version)
		bpf_map_update_elem(&flows, &copy.flow, &copy, BPF_ANY);
	bpf_xdp_adjust_meta(ctx, sizeof(copy));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
