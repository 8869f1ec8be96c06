/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens protected TCP ports to whoever proves with one UDP datagram that it knows the key: the datagram names a port
 * and a number that only grows, and carries a SHA-256 tag (FIPS 180-4) of both and of its source under the key. Without
 * a proof no answer, so that a scan finds nothing.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define KNOCK_PORT 62201
#define OPEN_NS    30000000000ULL
#define TAG_WORDS  4 /* of the digest, that are sent */

struct knock {
	__be32 number; /* greater than the last one of this source */
	__be16 port;
	__be16 reserved;
	__be32 tag[TAG_WORDS];
};

struct source {
	__be32 address[4];
};

struct door {
	__be32 address[4];
	__be16 port;
	__u16 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct source);
	__type(value, __u32); /* the last number */
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct door);
	__type(value, __u64); /* open until then, ns */
} doors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be16);
	__type(value, __u64); /* connections refused */
} guarded SEC(".maps");

/* Where a digest is made: more than a stack has room for, and each queue's own. */
struct work {
	__u32 state[8];
	__u32 words[16]; /* the block, then the message schedule */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct work);
} works SEC(".maps");

const volatile __u32 key[8] = {0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f,
			       0x10111213, 0x14151617, 0x18191a1b, 0x1c1d1e1f};

__u64 opened, replayed, forged;

static const __u32 constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static __always_inline __u32 rotated(__u32 word, __u32 by)
{
	return word >> by | word << (32 - by);
}

/* The block in words into the state. */
static __noinline int compress(struct work *work)
{
	__u32 a, b, c, d, e, f, g, h, *w;

	if (!work)
		return -1;
	w = work->words;
	a = work->state[0], b = work->state[1], c = work->state[2], d = work->state[3];
	e = work->state[4], f = work->state[5], g = work->state[6], h = work->state[7];
#pragma unroll
	for (int i = 0; i < 64; i++) {
		__u32 t1, t2, word = w[i % 16];

		if (i >= 16) {
			__u32 early = w[(i + 1) % 16], late = w[(i + 14) % 16];

			word += (rotated(early, 7) ^ rotated(early, 18) ^ early >> 3) + w[(i + 9) % 16] +
				(rotated(late, 17) ^ rotated(late, 19) ^ late >> 10);
			w[i % 16] = word;
		}
		t1 = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (g ^ (e & (f ^ g))) + constants[i] + word;
		t2 = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) | (c & (a | b)));
		h = g, g = f, f = e, e = d + t1;
		d = c, c = b, b = a, a = t1 + t2;
		/* Else a compiler mixes the rounds, and runs out of stack. */
		asm volatile("" : "+r"(a), "+r"(e) : : "memory");
	}
	work->state[0] += a, work->state[1] += b, work->state[2] += c, work->state[3] += d;
	work->state[4] += e, work->state[5] += f, work->state[6] += g, work->state[7] += h;
	return 0;
}

static __always_inline void begin(__u32 *state)
{
	state[0] = 0x6a09e667, state[1] = 0xbb67ae85, state[2] = 0x3c6ef372, state[3] = 0xa54ff53a;
	state[4] = 0x510e527f, state[5] = 0x9b05688c, state[6] = 0x1f83d9ab, state[7] = 0x5be0cd19;
}

/* work->state: the digest of the key and the digest of the key and what is said. */
static __always_inline void sign(struct work *work, const struct source *from, __be32 number, __be16 port)
{
	__u32 *block = work->words;

#pragma unroll
	for (int i = 0; i < 8; i++)
		block[i] = key[i];
#pragma unroll
	for (int i = 0; i < 4; i++)
		block[8 + i] = bpf_ntohl(from->address[i]);
	block[12] = bpf_ntohl(number);
	block[13] = (__u32)bpf_ntohs(port) << 16 | 0x8000; /* the end of the message */
	block[14] = 0;
	block[15] = 54 * 8; /* its bits */
	begin(work->state);
	compress(work);
#pragma unroll
	for (int i = 0; i < 8; i++)
		block[8 + i] = work->state[i];
#pragma unroll
	for (int i = 0; i < 8; i++)
		block[i] = key[i];
	begin(work->state);
	compress(work);
	__builtin_memset(block, 0, sizeof(work->words));
	block[0] = 0x80000000;
	block[15] = 64 * 8;
	compress(work);
}

static __always_inline int hear(struct cursor *c, const struct source *from)
{
	__u64 until = bpf_ktime_get_ns() + OPEN_NS;
	struct knock *knock = take(c, sizeof(*knock));
	__u32 zero = 0, wrong = 0, *last, number;
	struct door door = {};
	struct work *work;

	if (!knock)
		return XDP_DROP;
	work = bpf_map_lookup_elem(&works, &zero);
	if (!work)
		return XDP_DROP;
	number = bpf_ntohl(knock->number);
	last = bpf_map_lookup_elem(&numbers, from);
	if (last && number <= *last) {
		__sync_fetch_and_add(&replayed, 1);
		return XDP_DROP;
	}
	sign(work, from, knock->number, knock->port);
#pragma unroll
	for (int i = 0; i < TAG_WORDS; i++)
		wrong |= knock->tag[i] ^ bpf_htonl(work->state[i]);
	if (wrong) {
		__sync_fetch_and_add(&forged, 1);
		return XDP_DROP;
	}
	__builtin_memcpy(door.address, from->address, sizeof(door.address));
	door.port = knock->port;
	bpf_map_update_elem(&numbers, from, &number, BPF_ANY);
	bpf_map_update_elem(&doors, &door, &until, BPF_ANY);
	__sync_fetch_and_add(&opened, 1);
	return XDP_DROP;
}

static __always_inline int guard(struct cursor *c, const struct source *from)
{
	struct tcphdr *tcp = take(c, sizeof(*tcp));
	struct door door = {};
	__u64 *until, *refused;
	__be16 port;

	if (!tcp)
		return XDP_DROP;
	port = tcp->dest;
	refused = bpf_map_lookup_elem(&guarded, &port);
	if (!refused)
		return XDP_PASS;
	__builtin_memcpy(door.address, from->address, sizeof(door.address));
	door.port = port;
	until = bpf_map_lookup_elem(&doors, &door);
	if (until && *until > bpf_ktime_get_ns())
		return XDP_PASS;
	__sync_fetch_and_add(refused, 1);
	return XDP_DROP;
}

SEC("xdp")
int knock(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct source from = {};
	struct udphdr *udp;
	__be16 proto;
	__u8 protocol;

	if (!take_ethernet(&c, &proto))
		return XDP_PASS;
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(&c, sizeof(*ip));

		if (!ip || ip->ihl != 5 || ip->frag_off & bpf_htons(0x1fff))
			return XDP_PASS;
		from.address[0] = ip->saddr;
		protocol = ip->protocol;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(&c, sizeof(*ip6));

		if (!ip6)
			return XDP_PASS;
		__builtin_memcpy(from.address, &ip6->saddr, 16);
		protocol = ip6->nexthdr;
	} else {
		return XDP_PASS;
	}
	if (protocol == IPPROTO_TCP)
		return guard(&c, &from);
	if (protocol != IPPROTO_UDP)
		return XDP_PASS;
	udp = take(&c, sizeof(*udp));
	if (!udp || udp->dest != bpf_htons(KNOCK_PORT))
		return XDP_PASS;
	return hear(&c, &from);
}

char _license[] SEC("license") = "Dual BSD/GPL";
