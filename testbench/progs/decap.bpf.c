/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes frames out of tunnels: IPv4 or IPv6 in IPv4 or IPv6, GRE with its options, VXLAN, and GUE, one in another up to
 * three deep. Only tunnels that end here are opened; each kind and each tunnel is counted.
 */
#include "parse.h"

#include <linux/udp.h>

#define DEPTH      3
#define VXLAN_PORT 4789
#define GUE_PORT   6080

#define GRE_CHECKSUM bpf_htons(0x8000)
#define GRE_KEY      bpf_htons(0x2000)
#define GRE_SEQUENCE bpf_htons(0x1000)
#define GRE_REFUSED  bpf_htons(0x4fff) /* routing, reserved, and versions but 0 */

#define PROTO_TEB 0x6558

struct gre {
	__be16 flags, proto;
};

struct vxlan {
	__u8 flags, reserved[3];
	__be32 vni;
};

struct gue {
	__u8 version_length; /* 2, 1 and 5 bits; length in words */
	__u8 protocol;
	__be16 flags;
};

enum kind { IP_IN_IP, IP6_IN_IP, GRE, GRE_TEB, VXLAN, GUE, GUE_DIRECT, KINDS };

struct tunnel {
	__be32 local[4];
	__u32 kind;
};

struct counter {
	__u64 frames, bytes;
	__u32 last_id; /* VNI or GRE key */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, struct tunnel);
	__type(value, struct counter);
} tunnels SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, __u32);
	__type(value, __u64);
} kinds SEC(".maps");

__u64 opened, refused;

/* A tunnel's headers, as found. */
struct outer {
	struct tunnel tunnel;
	__u32 bytes; /* from the frame's start to the inner frame, or the inner IP header */
	__u32 id;
	__be16 proto; /* of the inner header; 0: an Ethernet frame */
	__u16 reserved;
};

static __always_inline __be16 proto_of(__u8 protocol)
{
	return protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : protocol == IPPROTO_IPV6 ? bpf_htons(ETH_P_IPV6) : 0;
}

static __always_inline bool read_gre(struct cursor *c, struct outer *o)
{
	struct gre *gre = take(c, sizeof(*gre));
	__be32 *key;

	if (!gre || gre->flags & GRE_REFUSED)
		return false;
	o->proto = gre->proto;
	o->tunnel.kind = GRE;
	if (gre->flags & GRE_CHECKSUM && !take(c, 4))
		return false;
	if (gre->flags & GRE_KEY) {
		key = take(c, sizeof(*key));
		if (!key)
			return false;
		o->id = bpf_ntohl(*key);
	}
	if (gre->flags & GRE_SEQUENCE && !take(c, 4))
		return false;
	if (o->proto == bpf_htons(PROTO_TEB)) {
		o->tunnel.kind = GRE_TEB;
		o->proto = 0;
	}
	return !o->proto || o->proto == bpf_htons(ETH_P_IP) || o->proto == bpf_htons(ETH_P_IPV6);
}

static __always_inline bool read_gue(struct cursor *c, struct outer *o)
{
	struct gue *gue = take(c, sizeof(*gue));
	__u32 more;

	if (!gue)
		return false;
	o->tunnel.kind = GUE;
	if (gue->version_length >> 6 == 1) { /* an IP header at once */
		o->tunnel.kind = GUE_DIRECT;
		o->proto = gue->version_length >> 4 == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
		c->at = gue;
		return gue->version_length >> 4 == 4 || gue->version_length >> 4 == 6;
	}
	if (gue->version_length & 0xe0) /* another version, or control */
		return false;
	o->proto = proto_of(gue->protocol);
	o->id = bpf_ntohs(gue->flags);
	more = (gue->version_length & 0x1f) * 4;
	asm volatile("" : "+r"(more));
	return o->proto && take(c, more & 0x7c);
}

static __always_inline bool read_udp(struct cursor *c, struct outer *o)
{
	struct udphdr *udp = take(c, sizeof(*udp));
	struct vxlan *vxlan;

	if (!udp)
		return false;
	if (udp->dest == bpf_htons(GUE_PORT))
		return read_gue(c, o);
	if (udp->dest != bpf_htons(VXLAN_PORT))
		return false;
	vxlan = take(c, sizeof(*vxlan));
	if (!vxlan || vxlan->flags != 0x08)
		return false;
	o->tunnel.kind = VXLAN;
	o->id = bpf_ntohl(vxlan->vni) >> 8;
	return true;
}

static __always_inline bool read_payload(struct cursor *c, __u8 protocol, struct outer *o)
{
	switch (protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		o->tunnel.kind = protocol == IPPROTO_IPIP ? IP_IN_IP : IP6_IN_IP;
		o->proto = proto_of(protocol);
		return true;
	case IPPROTO_GRE:
		return read_gre(c, o);
	case IPPROTO_UDP:
		return read_udp(c, o);
	default:
		return false;
	}
}

/* Whether the frame is of a tunnel that could end here, and what is known of it. */
static __always_inline bool read_outer(struct xdp_md *ctx, struct outer *o)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	__u8 protocol;

	if (!eth)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(&c, sizeof(*ip));

		if (!ip || ip->ihl < 5 || ip->frag_off & bpf_htons(0x3fff) || !skip_options(&c, ip))
			return false;
		o->tunnel.local[0] = ip->daddr;
		protocol = ip->protocol;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(&c, sizeof(*ip6));

		if (!ip6)
			return false;
		__builtin_memcpy(o->tunnel.local, &ip6->daddr, 16);
		protocol = ip6->nexthdr;
	} else {
		return false;
	}
	if (!read_payload(&c, protocol, o))
		return false;
	o->bytes = c.at - (void *)(long)ctx->data;
	return true;
}

/* Cuts the outer headers off; an inner IP packet gets the outer frame's Ethernet header. 0 or negative. */
static __always_inline int cut(struct xdp_md *ctx, const struct outer *o)
{
	struct ethhdr old, *eth = (void *)(long)ctx->data;
	__u32 bytes = o->bytes;

	if (!o->proto)
		return bpf_xdp_adjust_head(ctx, bytes);
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return -1;
	old = *eth;
	if (bpf_xdp_adjust_head(ctx, (int)(bytes - sizeof(old))))
		return -1;
	eth = (void *)(long)ctx->data;
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return -1;
	old.h_proto = o->proto;
	*eth = old;
	return 0;
}

/* Opens one tunnel. 1: there is none; 0; negative: it could not be opened. */
static __noinline int open_tunnel(struct xdp_md *ctx)
{
	struct outer o = {};
	struct counter *counter;
	__u64 *kind;
	__u32 key;

	if (!read_outer(ctx, &o))
		return 1;
	counter = bpf_map_lookup_elem(&tunnels, &o.tunnel);
	if (!counter)
		return 1;
	__sync_fetch_and_add(&counter->frames, 1);
	__sync_fetch_and_add(&counter->bytes, ctx->data_end - ctx->data);
	counter->last_id = o.id;
	key = o.tunnel.kind;
	kind = bpf_map_lookup_elem(&kinds, &key);
	if (kind)
		*kind += 1;
	return cut(ctx, &o);
}

SEC("xdp")
int decap(struct xdp_md *ctx)
{
	for (int i = 0; i < DEPTH; i++) {
		int result = open_tunnel(ctx);

		if (result > 0)
			return XDP_PASS;
		if (result < 0) {
			refused++;
			return XDP_DROP;
		}
		opened++;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
