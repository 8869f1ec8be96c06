/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters by source prefix, IPv4 and IPv6: the longest rule that matches says what happens to which protocols and
 * ports. Counts per rule, and reports what it drops as events, as many as there is room for.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define PORTS 4

struct key_4 {
	__u32 bits;
	__be32 address;
};

struct key_6 {
	__u32 bits;
	__be32 address[4];
};

enum rule_action { ALLOW, DENY, DENY_AND_TELL, LIMIT };

struct rule {
	__u32 id;
	__u8 action;
	__u8 protocol;       /* 0: any */
	__be16 ports[PORTS]; /* of the destination; all 0: any */
	__u16 reserved;
};

struct counter {
	__u64 frames, bytes;
};

struct event {
	__u32 rule;
	__u32 bytes;
	__u64 time_ns;
	__be32 source[4];
	__be16 port;
	__u8 protocol, version;
	__u32 queue;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key_4);
	__type(value, struct rule);
} rules_4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key_6);
	__type(value, struct rule);
} rules_6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u32); /* the rule */
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

const volatile __u8 default_action = ALLOW;
__u64 not_told; /* events that found no room */

struct packet {
	__be32 source[4];
	__be16 port;
	__u8 protocol, version;
	__u32 bytes;
};

static __always_inline bool parse_transport(struct cursor *c, struct packet *p)
{
	if (p->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = take(c, sizeof(*tcp));

		if (!tcp)
			return false;
		p->port = tcp->dest;
	} else if (p->protocol == IPPROTO_UDP) {
		struct udphdr *udp = take(c, sizeof(*udp));

		if (!udp)
			return false;
		p->port = udp->dest;
	}
	return true;
}

/* False: the frame is cut short. version 0: it is neither IPv4 nor IPv6. */
static __always_inline bool parse(struct xdp_md *ctx, struct packet *p)
{
	struct cursor c = cursor_of(ctx);
	__be16 proto;

	p->bytes = ctx->data_end - ctx->data;
	if (!take_ethernet(&c, &proto))
		return false;
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(&c, sizeof(*ip));

		if (!ip || ip->ihl < 5)
			return false;
		p->version = 4;
		p->source[0] = ip->saddr;
		p->protocol = ip->protocol;
		if (ip->frag_off & bpf_htons(0x1fff))
			return true;
		if (!skip_options(&c, ip))
			return false;
		return parse_transport(&c, p);
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(&c, sizeof(*ip6));

		if (!ip6)
			return false;
		p->version = 6;
		__builtin_memcpy(p->source, &ip6->saddr, 16);
		p->protocol = ip6->nexthdr;
		return parse_transport(&c, p);
	}
	return true;
}

static __always_inline struct rule *find(const struct packet *p)
{
	if (p->version == 4) {
		struct key_4 key = {.bits = 32, .address = p->source[0]};

		return bpf_map_lookup_elem(&rules_4, &key);
	} else {
		struct key_6 key = {.bits = 128};

		__builtin_memcpy(key.address, p->source, 16);
		return bpf_map_lookup_elem(&rules_6, &key);
	}
}

static __always_inline bool matches(const struct rule *rule, const struct packet *p)
{
	bool any = true;

	if (rule->protocol && rule->protocol != p->protocol)
		return false;
#pragma unroll
	for (int i = 0; i < PORTS; i++) {
		if (rule->ports[i] && rule->ports[i] == p->port)
			return true;
		any = any && !rule->ports[i];
	}
	return any;
}

static __always_inline void count(__u32 rule, __u32 bytes)
{
	struct counter *c = bpf_map_lookup_elem(&counters, &rule), first = {.frames = 1, .bytes = bytes};

	if (c) {
		c->frames++;
		c->bytes += bytes;
	} else {
		bpf_map_update_elem(&counters, &rule, &first, BPF_NOEXIST);
	}
}

static __always_inline void fill(struct event *e, const struct packet *p, __u32 rule)
{
	e->rule = rule;
	e->bytes = p->bytes;
	e->time_ns = bpf_ktime_get_ns();
	__builtin_memcpy(e->source, p->source, sizeof(e->source));
	e->port = p->port;
	e->protocol = p->protocol;
	e->version = p->version;
	e->queue = bpf_get_smp_processor_id();
}

/* One event for a drop: nothing is said about fragments, which have no port. */
static __always_inline void tell(const struct packet *p, __u32 rule)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&not_told, 1);
		return;
	}
	fill(e, p, rule);
	if (p->protocol && !p->port)
		bpf_ringbuf_discard(e, 0);
	else
		bpf_ringbuf_submit(e, 0);
}

/* Lets every other frame pass while there is room for events, none when there is not. */
static __always_inline int limit(const struct packet *p, __u32 rule)
{
	struct event e = {};

	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > 32768)
		return XDP_DROP;
	if (bpf_get_prandom_u32() & 1)
		return XDP_PASS;
	fill(&e, p, rule);
	if (bpf_ringbuf_output(&events, &e, sizeof(e), 0))
		__sync_fetch_and_add(&not_told, 1);
	return XDP_DROP;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	struct packet p = {};
	struct rule *rule;

	if (!parse(ctx, &p))
		return XDP_DROP;
	if (!p.version)
		return XDP_PASS;
	rule = find(&p);
	if (!rule || !matches(rule, &p)) {
		count(0, p.bytes);
		return default_action == ALLOW ? XDP_PASS : XDP_DROP;
	}
	count(rule->id, p.bytes);
	switch (rule->action) {
	case ALLOW:
		return XDP_PASS;
	case DENY:
		return XDP_DROP;
	case DENY_AND_TELL:
		tell(&p, rule->id);
		return XDP_DROP;
	case LIMIT:
		return limit(&p, rule->id);
	default:
		return XDP_ABORTED;
	}
}

char _license[] SEC("license") = "Dual BSD/GPL";
