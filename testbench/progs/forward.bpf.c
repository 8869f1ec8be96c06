/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwards IPv4 and IPv6 as the routing table says, to the port's slot in a table of ports; broadcasts and multicasts
 * go to all other ports, and a few known hosts past the routing table. What is too long, or has no way, goes to the
 * host.
 */
#include "parse.h"

#define FAMILY_4 2
#define FAMILY_6 10

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32); /* ifindex */
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} all_ports SEC(".maps");

struct host {
	unsigned char mac[ETH_ALEN];
	__u16 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct host);
	__type(value, __u32); /* ifindex */
} hosts SEC(".maps");

enum fate { TO_HOST, BROADCAST, KNOWN_HOST, EXPIRED, NO_ROUTE, TOO_LONG, DENIED, FORWARDED_4, FORWARDED_6, FATES };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FATES);
	__type(key, __u32);
	__type(value, __u64);
} fates SEC(".maps");

static __always_inline int done(__u32 fate, int action)
{
	__u64 *count = bpf_map_lookup_elem(&fates, &fate);

	if (count)
		*count += 1;
	return action;
}

static __always_inline void lower_ttl(struct iphdr *ip)
{
	__u32 sum = (__u32)ip->check + bpf_htons(0x0100);

	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
}

static __always_inline int look_up_4(struct xdp_md *ctx, const struct iphdr *ip, struct bpf_fib_lookup *fib)
{
	fib->family = FAMILY_4;
	fib->tos = ip->tos;
	fib->l4_protocol = ip->protocol;
	fib->tot_len = bpf_ntohs(ip->tot_len);
	fib->ipv4_src = ip->saddr;
	fib->ipv4_dst = ip->daddr;
	fib->ifindex = ctx->ingress_ifindex;
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

static __always_inline int look_up_6(struct xdp_md *ctx, const struct ipv6hdr *ip6, struct bpf_fib_lookup *fib)
{
	fib->family = FAMILY_6;
	fib->flowinfo = *(__be32 *)ip6 & bpf_htonl(0x0fffffff);
	fib->l4_protocol = ip6->nexthdr;
	fib->tot_len = bpf_ntohs(ip6->payload_len);
	__builtin_memcpy(fib->ipv6_src, &ip6->saddr, 16);
	__builtin_memcpy(fib->ipv6_dst, &ip6->daddr, 16);
	fib->ifindex = ctx->ingress_ifindex;
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

/* What a result of the lookup but success makes of a frame. */
static __always_inline int refused(int result)
{
	switch (result) {
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return done(DENIED, XDP_DROP);
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return done(TOO_LONG, XDP_PASS);
	default:
		return done(NO_ROUTE, XDP_PASS);
	}
}

static __always_inline int send(struct xdp_md *ctx, struct ethhdr *eth, const struct bpf_fib_lookup *fib, __u32 fate)
{
	__u32 mtu = 0;

	if (bpf_check_mtu(ctx, fib->ifindex, &mtu, 0, 0))
		return done(TOO_LONG, XDP_PASS);
	__builtin_memcpy(eth->h_dest, fib->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, fib->smac, ETH_ALEN);
	done(fate, 0);
	return bpf_redirect_map(&ports, fib->ifindex, XDP_DROP);
}

static __always_inline int route_4(struct xdp_md *ctx, struct ethhdr *eth, struct cursor *c)
{
	struct iphdr *ip = take(c, sizeof(*ip));
	struct bpf_fib_lookup fib = {};
	int result;

	if (!ip || ip->ihl < 5)
		return done(TO_HOST, XDP_PASS);
	if (ip->ttl <= 1)
		return done(EXPIRED, XDP_PASS);
	result = look_up_4(ctx, ip, &fib);
	if (result != BPF_FIB_LKUP_RET_SUCCESS)
		return refused(result);
	lower_ttl(ip);
	return send(ctx, eth, &fib, FORWARDED_4);
}

static __always_inline int route_6(struct xdp_md *ctx, struct ethhdr *eth, struct cursor *c)
{
	struct ipv6hdr *ip6 = take(c, sizeof(*ip6));
	struct bpf_fib_lookup fib = {};
	int result;

	if (!ip6)
		return done(TO_HOST, XDP_PASS);
	if (ip6->hop_limit <= 1)
		return done(EXPIRED, XDP_PASS);
	result = look_up_6(ctx, ip6, &fib);
	if (result != BPF_FIB_LKUP_RET_SUCCESS)
		return refused(result);
	ip6->hop_limit--;
	return send(ctx, eth, &fib, FORWARDED_6);
}

SEC("xdp")
int forward(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct host host = {};
	__u32 *ifindex;

	if (!eth)
		return done(TO_HOST, XDP_PASS);
	if (eth->h_dest[0] & 1) {
		done(BROADCAST, 0);
		return bpf_redirect_map(&all_ports, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
	}
	__builtin_memcpy(host.mac, eth->h_dest, ETH_ALEN);
	ifindex = bpf_map_lookup_elem(&hosts, &host);
	if (ifindex) {
		done(KNOWN_HOST, 0);
		return bpf_redirect(*ifindex, 0);
	}
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		return route_4(ctx, eth, &c);
	case bpf_htons(ETH_P_IPV6):
		return route_6(ctx, eth, &c);
	default:
		return done(TO_HOST, XDP_PASS);
	}
}

char _license[] SEC("license") = "Dual BSD/GPL";
