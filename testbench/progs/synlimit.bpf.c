/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds floods back: a token bucket per source network for TCP SYN, one for the whole device under a lock, and a
 * penalty for sources that go on. Everything is measured in coarse time, which is cheap.
 */
#include "parse.h"

#include <linux/tcp.h>

#define NS_PER_SECOND 1000000000ULL
#define PENALTY_AFTER 64 /* SYNs dropped */
#define PENALTY_NS    (10 * NS_PER_SECOND)

struct network {
	__be32 address[2]; /* /24 of IPv4, /64 of IPv6 */
	__u32 version;
};

struct bucket {
	__u64 tokens_milli;
	__u64 filled_ns;
	__u32 dropped;
	__u32 reserved;
};

struct global_bucket {
	struct bpf_spin_lock lock;
	__u32 bursts;
	__u64 tokens_milli;
	__u64 filled_ns;
	__u64 passed, dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct network);
	__type(value, struct bucket);
} networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct network);
	__type(value, __u64); /* until then, ns since start */
} penalties SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct global_bucket);
} device SEC(".maps");

enum outcome { NOT_SYN, BAD_FLAGS, IN_PENALTY, OVER_NETWORK, OVER_DEVICE, LET_PASS, OUTCOMES };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OUTCOMES);
	__type(key, __u32);
	__type(value, __u64);
} outcomes SEC(".maps");

const volatile __u32 network_rate = 100, network_burst = 200; /* SYNs a second, and at once */
const volatile __u32 device_rate = 10000, device_burst = 20000;

static __always_inline int done(__u32 outcome, int action)
{
	__u64 *count = bpf_map_lookup_elem(&outcomes, &outcome);

	if (count)
		*count += 1;
	return action;
}

/* The TCP header of a whole, unfragmented frame, or NULL. */
static __always_inline struct tcphdr *parse(struct xdp_md *ctx, struct network *from)
{
	struct cursor c = cursor_of(ctx);
	__be16 proto;

	if (!take_ethernet(&c, &proto))
		return NULL;
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(&c, sizeof(*ip));

		if (!ip || ip->ihl < 5 || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff))
			return NULL;
		from->version = 4;
		from->address[0] = ip->saddr & bpf_htonl(0xffffff00);
		if (!skip_options(&c, ip))
			return NULL;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(&c, sizeof(*ip6));

		if (!ip6 || ip6->nexthdr != IPPROTO_TCP)
			return NULL;
		from->version = 6;
		__builtin_memcpy(from->address, &ip6->saddr, 8);
	} else {
		return NULL;
	}
	return take(&c, sizeof(struct tcphdr));
}

/* What a bucket holds by now. */
static __always_inline __u64 refilled(__u64 tokens_milli, __u64 passed_ns, __u32 rate, __u32 burst)
{
	__u64 most = (__u64)burst * 1000;

	if (passed_ns > 60 * NS_PER_SECOND)
		return most;
	tokens_milli += passed_ns * rate / 1000000;
	return tokens_milli < most ? tokens_milli : most;
}

static __always_inline bool network_lets(const struct network *from, __u64 now)
{
	struct bucket *b = bpf_map_lookup_elem(&networks, from), first = {};

	if (!b) {
		first.tokens_milli = (__u64)(network_burst - 1) * 1000;
		first.filled_ns = now;
		bpf_map_update_elem(&networks, from, &first, BPF_ANY);
		return true;
	}
	b->tokens_milli = refilled(b->tokens_milli, now - b->filled_ns, network_rate, network_burst);
	b->filled_ns = now;
	if (b->tokens_milli >= 1000) {
		b->tokens_milli -= 1000;
		b->dropped = 0;
		return true;
	}
	if (++b->dropped == PENALTY_AFTER) {
		__u64 until = bpf_ktime_get_boot_ns() + PENALTY_NS;

		bpf_map_update_elem(&penalties, from, &until, BPF_ANY);
	}
	return false;
}

static __always_inline bool in_penalty(const struct network *from)
{
	__u64 *until = bpf_map_lookup_elem(&penalties, from);

	if (!until)
		return false;
	if (*until > bpf_ktime_get_boot_ns())
		return true;
	bpf_map_delete_elem(&penalties, from);
	return false;
}

static __always_inline bool device_lets(__u64 now)
{
	struct global_bucket *g;
	__u64 tokens, elapsed;
	__u32 zero = 0;
	bool lets;

	g = bpf_map_lookup_elem(&device, &zero);
	if (!g)
		return false;
	bpf_spin_lock(&g->lock);
	elapsed = now - g->filled_ns;
	tokens = g->filled_ns ? g->tokens_milli : (__u64)device_burst * 1000;
	tokens = refilled(tokens, elapsed, device_rate, device_burst);
	lets = tokens >= 1000;
	g->tokens_milli = lets ? tokens - 1000 : tokens;
	g->filled_ns = now;
	g->passed += lets;
	g->dropped += !lets;
	g->bursts += tokens == (__u64)device_burst * 1000;
	bpf_spin_unlock(&g->lock);
	return lets;
}

SEC("xdp")
int limit_syn(struct xdp_md *ctx)
{
	struct network from = {};
	struct tcphdr *tcp = parse(ctx, &from);
	__u64 now;

	if (!tcp || !tcp->syn)
		return done(NOT_SYN, XDP_PASS);
	if (tcp->fin || tcp->rst)
		return done(BAD_FLAGS, XDP_DROP);
	if (tcp->ack)
		return done(NOT_SYN, XDP_PASS);
	if (in_penalty(&from))
		return done(IN_PENALTY, XDP_DROP);
	now = bpf_ktime_get_coarse_ns();
	if (!network_lets(&from, now))
		return done(OVER_NETWORK, XDP_DROP);
	if (!device_lets(now))
		return done(OVER_DEVICE, XDP_DROP);
	return done(LET_PASS, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
