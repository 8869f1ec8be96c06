/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive side scaling in a program: the Toeplitz hash of each flow, computed bit by bit with the key as constants,
 * picks a queue out of an indirection table. Chosen ports go to the user-space socket of their queue; tunnels are
 * hashed by what is in them.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define TABLE  128
#define QUEUES 64
#define VXLAN  4789

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, QUEUES);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TABLE);
	__type(key, __u32);
	__type(value, __u32); /* the queue */
} indirection SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __be16);  /* UDP port that user space serves */
	__type(value, __u64); /* frames */
} user_ports SEC(".maps");

struct stat {
	__u64 kept, moved, to_user, unhashed;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stat);
} stats SEC(".maps");

/* The key that Microsoft verifies implementations with, in 32-bit words. */
#define KEY_WORDS 10
static const __u32 toeplitz_key[KEY_WORDS] = {0x6d5a56da, 0x255b0ec2, 0x4167253d, 0x43a38fb0, 0xd0ca2bcb,
					      0xae7b30b4, 0x77cb2da3, 0x8030f20c, 0x6a42b73b, 0xbeac01fa};

struct flow {
	__u32 words[9]; /* addresses and ports, host order; IPv4: 3 of them */
	__u32 used;
	__be16 dest_port;
	__u8 protocol;
	__u8 reserved;
};

/* The 32 bits of the key that begin at bit n of a word of it. */
#define KEY(at, n) ((n) ? toeplitz_key[at] << ((n)&31) | toeplitz_key[(at) + 1] >> ((32 - (n)) & 31) : toeplitz_key[at])
/* What one bit of input adds, without a branch: two ways for each of 288 bits are too many for any verifier. */
#define BIT(at, n)                                                                                                     \
	bit = word >> (31 - (n)) & 1;                                                                                  \
	asm volatile("" : "+r"(bit)); /* else a compiler may find branches after all */                                \
	hash ^= bit * KEY(at, n)
#define BITS(at, n)                                                                                                    \
	BIT(at, n);                                                                                                    \
	BIT(at, (n) + 1);                                                                                              \
	BIT(at, (n) + 2);                                                                                              \
	BIT(at, (n) + 3)
#define WORD(at)                                                                                                       \
	static __noinline __u32 word_##at(__u32 word)                                                                  \
	{                                                                                                              \
		__u32 hash = 0, bit;                                                                                   \
                                                                                                                       \
		BITS(at, 0);                                                                                           \
		BITS(at, 4);                                                                                           \
		BITS(at, 8);                                                                                           \
		BITS(at, 12);                                                                                          \
		BITS(at, 16);                                                                                          \
		BITS(at, 20);                                                                                          \
		BITS(at, 24);                                                                                          \
		BITS(at, 28);                                                                                          \
		return hash;                                                                                           \
	}
WORD(0)
WORD(1)
WORD(2)
WORD(3)
WORD(4)
WORD(5)
WORD(6)
WORD(7)
WORD(8)

static __always_inline __u32 hash_of(const struct flow *f)
{
	__u32 hash = word_0(f->words[0]) ^ word_1(f->words[1]);

	if (f->used > 2)
		hash ^= word_2(f->words[2]);
	if (f->used > 3)
		hash ^= word_3(f->words[3]) ^ word_4(f->words[4]) ^ word_5(f->words[5]) ^ word_6(f->words[6]) ^
			word_7(f->words[7]);
	if (f->used > 8)
		hash ^= word_8(f->words[8]);
	return hash;
}

static __always_inline bool take_ports(struct cursor *c, struct flow *f)
{
	__be16 *ports;

	if (f->protocol != IPPROTO_TCP && f->protocol != IPPROTO_UDP)
		return true;
	ports = take(c, 4);
	if (!ports)
		return false;
	f->dest_port = ports[1];
	f->words[f->used == 2 ? 2 : 8] = (__u32)bpf_ntohs(ports[0]) << 16 | bpf_ntohs(ports[1]);
	f->used++;
	return true;
}

static __always_inline bool take_flow(struct cursor *c, struct flow *f)
{
	__be16 proto;

	if (!take_ethernet(c, &proto))
		return false;
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(c, sizeof(*ip));

		if (!ip || ip->ihl < 5)
			return false;
		f->words[0] = bpf_ntohl(ip->saddr);
		f->words[1] = bpf_ntohl(ip->daddr);
		f->used = 2;
		if (ip->frag_off & bpf_htons(0x3fff))
			return true;
		f->protocol = ip->protocol;
		return skip_options(c, ip) && take_ports(c, f);
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(c, sizeof(*ip6));

		if (!ip6)
			return false;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			f->words[i] = bpf_ntohl(ip6->saddr.in6_u.u6_addr32[i]);
			f->words[4 + i] = bpf_ntohl(ip6->daddr.in6_u.u6_addr32[i]);
		}
		f->used = 8;
		f->protocol = ip6->nexthdr;
		return take_ports(c, f);
	}
	return false;
}

/* To the socket of this queue; without one, on as if it were for nobody. */
static __always_inline int to_user(struct xdp_md *ctx, __be16 port)
{
	__u64 *frames = bpf_map_lookup_elem(&user_ports, &port);

	if (!frames)
		return XDP_PASS;
	__sync_fetch_and_add(frames, 1);
	return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_PASS);
}

SEC("xdp")
int steer(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct flow flow = {}, inner = {};
	__u32 zero = 0, slot, *queue;
	struct stat *stat;
	int action;

	stat = bpf_map_lookup_elem(&stats, &zero);
	if (!stat)
		return XDP_ABORTED;
	if (!take_flow(&c, &flow)) {
		stat->unhashed++;
		return XDP_PASS;
	}
	if (flow.protocol == IPPROTO_UDP) {
		action = to_user(ctx, flow.dest_port);
		if (action != XDP_PASS) {
			stat->to_user++;
			return action;
		}
		/* The rest of UDP's header and VXLAN's. */
		if (flow.dest_port == bpf_htons(VXLAN) && take(&c, 12) && take_flow(&c, &inner))
			flow = inner;
	}
	slot = hash_of(&flow) % TABLE;
	queue = bpf_map_lookup_elem(&indirection, &slot);
	if (!queue || *queue == bpf_get_smp_processor_id()) {
		stat->kept++;
		return XDP_PASS;
	}
	stat->moved++;
	return bpf_redirect_map(&queues, *queue, XDP_PASS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
