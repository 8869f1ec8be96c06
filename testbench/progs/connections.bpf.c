/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balances TCP and UDP, IPv4 and IPv6, over backends. A flow stays where it is as long as its connection is remembered;
 * a new one goes where its hash points in the service's ring, of which each service has its own. Frames leave
 * encapsulated: IPv4 in IPv4, IPv6 in IPv6.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define SERVICES       4
#define RING           64
#define BACKENDS       32
#define UDP_IDLE_NS    30000000000ULL
#define TCP_IDLE_TICKS 30000

struct flow {
	__be32 source[4], dest[4];
	__be16 source_port, dest_port;
	__u8 protocol, version;
	__u8 reserved[2];
};

struct connection {
	__u32 backend;
	__u32 service;
	__u64 seen_ns;
	__u64 seen_ticks;
};

struct address {
	__be32 dest[4];
	__be16 port;
	__u8 protocol, version;
};

struct backend {
	__be32 address[4];
	unsigned char mac[ETH_ALEN];
	__u16 in_use;
};

struct counters {
	__u64 frames, bytes;
};

enum what { OTHER, NEW, KNOWN, EXPIRED, RESET, NO_BACKEND, SENT_4, SENT_6, WHATS };

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct address);
	__type(value, __u32); /* the service */
} services SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RING);
	__type(key, __u32);
	__type(value, __u32); /* the backend */
} ring_0 SEC(".maps"), ring_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, SERVICES);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps") = {.values = {[0] = (void *)&ring_0, [1] = (void *)&ring_1}};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WHATS);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

const volatile __be32 tunnel_source_4 = 0x010200c0; /* 192.0.2.1 */
const volatile __be32 tunnel_source_6[4] = {0xb80d0120, 0, 0, 0x01000000};

/* Where a frame's headers are, and whose it is. */
struct packet {
	struct flow flow;
	__u32 bytes;
	__u16 inner;
	bool closes, opens;
};

static __always_inline int done(__u32 what, __u32 bytes, int action)
{
	struct counters *c = bpf_map_lookup_elem(&counters, &what);

	if (c) {
		c->frames++;
		c->bytes += bytes;
	}
	return action;
}

static __always_inline __u32 mix(__u32 h, __u32 word)
{
	h ^= word;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	return h ^ (h >> 16);
}

static __noinline __u32 hash_flow(const struct flow *flow)
{
	__u32 h = 0x9747b28c;

	if (!flow)
		return 0;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		h = mix(h, flow->source[i]);
		h = mix(h, flow->dest[i]);
	}
	h = mix(h, (__u32)flow->source_port << 16 | flow->dest_port);
	return mix(h, flow->protocol);
}

static __always_inline bool parse_ports(struct cursor *c, struct packet *p)
{
	if (p->flow.protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = take(c, sizeof(*tcp));

		if (!tcp)
			return false;
		p->flow.source_port = tcp->source;
		p->flow.dest_port = tcp->dest;
		p->opens = tcp->syn && !tcp->ack;
		p->closes = tcp->rst || tcp->fin;
		return true;
	}
	if (p->flow.protocol == IPPROTO_UDP) {
		struct udphdr *udp = take(c, sizeof(*udp));

		if (!udp)
			return false;
		p->flow.source_port = udp->source;
		p->flow.dest_port = udp->dest;
		return true;
	}
	return false;
}

static __always_inline bool parse(struct xdp_md *ctx, struct packet *p)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));

	p->bytes = ctx->data_end - ctx->data;
	if (!eth)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(&c, sizeof(*ip));

		if (!ip || ip->ihl != 5 || ip->frag_off & bpf_htons(0x3fff))
			return false;
		p->flow.version = 4;
		p->flow.protocol = ip->protocol;
		p->flow.source[0] = ip->saddr;
		p->flow.dest[0] = ip->daddr;
		p->inner = bpf_ntohs(ip->tot_len);
		return parse_ports(&c, p);
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(&c, sizeof(*ip6));

		if (!ip6)
			return false;
		p->flow.version = 6;
		p->flow.protocol = ip6->nexthdr;
		__builtin_memcpy(p->flow.source, &ip6->saddr, 16);
		__builtin_memcpy(p->flow.dest, &ip6->daddr, 16);
		p->inner = bpf_ntohs(ip6->payload_len) + sizeof(*ip6);
		return parse_ports(&c, p);
	}
	return false;
}

/* Whether a connection is still good; its stamps are renewed. */
static __always_inline bool fresh(struct connection *known, __u8 protocol)
{
	__u64 now = bpf_ktime_get_ns(), ticks = bpf_jiffies64();
	bool good;

	if (protocol == IPPROTO_UDP)
		good = now - known->seen_ns < UDP_IDLE_NS;
	else
		good = ticks - known->seen_ticks < TCP_IDLE_TICKS;
	known->seen_ns = now;
	known->seen_ticks = ticks;
	return good;
}

/* The number of the backend, or a negative one. */
static __always_inline int choose(const struct packet *p, __u32 service)
{
	__u32 slot = hash_flow(&p->flow) % RING, *backend;
	void *ring = bpf_map_lookup_elem(&rings, &service);

	if (!ring)
		return -1;
	backend = bpf_map_lookup_elem(ring, &slot);
	return backend && *backend < BACKENDS ? (int)*backend : -1;
}

static __always_inline int find(struct packet *p, __u32 service)
{
	struct connection *known = bpf_map_lookup_elem(&connections, &p->flow), fresh_one = {};
	int backend;

	if (known && !p->opens && fresh(known, p->flow.protocol)) {
		backend = known->backend;
		if (p->closes) {
			bpf_map_delete_elem(&connections, &p->flow);
			done(RESET, p->bytes, 0);
		}
		done(KNOWN, p->bytes, 0);
		return backend;
	}
	if (known)
		done(EXPIRED, p->bytes, 0);
	backend = choose(p, service);
	if (backend < 0)
		return backend;
	fresh_one.backend = backend;
	fresh_one.service = service;
	fresh_one.seen_ns = bpf_ktime_get_ns();
	fresh_one.seen_ticks = bpf_jiffies64();
	bpf_map_update_elem(&connections, &p->flow, &fresh_one, BPF_ANY);
	done(NEW, p->bytes, 0);
	return backend;
}

static __always_inline __u16 fold(__u64 sum)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Room for an outer header of bytes, behind an Ethernet header to the backend. NULL: there is none. */
static __always_inline void *encapsulate(struct xdp_md *ctx, const struct backend *backend, __u32 bytes)
{
	struct ethhdr *outer, *inner;
	struct cursor c;

	if (bpf_xdp_adjust_head(ctx, -(int)bytes))
		return NULL;
	c = cursor_of(ctx);
	outer = c.at;
	inner = c.at + bytes;
	if ((void *)(inner + 1) > c.end)
		return NULL;
	outer->h_proto = inner->h_proto;
	__builtin_memcpy(outer->h_source, inner->h_dest, ETH_ALEN);
	__builtin_memcpy(outer->h_dest, backend->mac, ETH_ALEN);
	return outer + 1;
}

static __always_inline int send_4(struct xdp_md *ctx, const struct packet *p, const struct backend *backend)
{
	struct iphdr header = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_IPIP,
		.tot_len = bpf_htons(p->inner + sizeof(header)),
		.saddr = tunnel_source_4,
		.daddr = backend->address[0],
	};
	void *at;

	header.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&header, sizeof(header), 0));
	at = encapsulate(ctx, backend, sizeof(header));
	if (!at)
		return done(NO_BACKEND, p->bytes, XDP_ABORTED);
	__builtin_memcpy(at, &header, sizeof(header));
	return done(SENT_4, p->bytes, XDP_TX);
}

static __always_inline int send_6(struct xdp_md *ctx, const struct packet *p, const struct backend *backend)
{
	struct ipv6hdr header = {
		.version = 6,
		.hop_limit = 64,
		.nexthdr = IPPROTO_IPV6,
		.payload_len = bpf_htons(p->inner),
	};
	void *at;

	for (int i = 0; i < 4; i++)
		header.saddr.in6_u.u6_addr32[i] = tunnel_source_6[i];
	__builtin_memcpy(&header.daddr, backend->address, 16);
	at = encapsulate(ctx, backend, sizeof(header));
	if (!at)
		return done(NO_BACKEND, p->bytes, XDP_ABORTED);
	__builtin_memcpy(at, &header, sizeof(header));
	return done(SENT_6, p->bytes, XDP_TX);
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	struct address address = {};
	struct backend *backend;
	struct packet p = {};
	__u32 *service, key;
	int number;

	if (!parse(ctx, &p))
		return done(OTHER, p.bytes, XDP_PASS);
	__builtin_memcpy(address.dest, p.flow.dest, sizeof(address.dest));
	address.port = p.flow.dest_port;
	address.protocol = p.flow.protocol;
	address.version = p.flow.version;
	service = bpf_map_lookup_elem(&services, &address);
	if (!service)
		return done(OTHER, p.bytes, XDP_PASS);
	number = find(&p, *service);
	key = number;
	backend = number < 0 ? NULL : bpf_map_lookup_elem(&backends, &key);
	if (!backend || !backend->in_use)
		return done(NO_BACKEND, p.bytes, XDP_DROP);
	return p.flow.version == 4 ? send_4(ctx, &p, backend) : send_6(ctx, &p, backend);
}

char _license[] SEC("license") = "Dual BSD/GPL";
