/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks what a fixed parser leaves aside: the extension headers of IPv6 and the options of TCP, in loops with a bound
 * that the verifier sees. Counts what it meets, drops what is malformed or on a list, and clamps the MSS of connections
 * that are being opened.
 */
#include "parse.h"

#include <linux/tcp.h>

#define HEADERS_MAX 8
#define OPTIONS_MAX 20
#define OFFSET_MAX  512 /* of what is parsed */

#define OPT_END       0
#define OPT_NOP       1
#define OPT_MSS       2
#define OPT_SCALE     3
#define OPT_SACK_OK   4
#define OPT_SACK      5
#define OPT_TIMESTAMP 8
#define OPT_MD5       19
#define OPT_FASTOPEN  34

struct header {
	__u8 next;
	__u8 length; /* of what follows the first 8 bytes, in units of 8 */
};

struct fragment {
	__u8 next, reserved;
	__be16 offset;
	__be32 id;
};

enum tally { FRAMES, BAD_HEADERS, TOO_MANY, FRAGMENTS, ROUTING, CLAMPED, BAD_OPTIONS, DENIED, TALLIES };

__u64 tallies[TALLIES];
__u32 header_seen[256];
__u32 option_seen[256];

const volatile __u16 mss_max = 1400;
const volatile __u8 deny_routing = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u8); /* kind of a TCP option */
	__type(value, __u64);
} denied_options SEC(".maps");

/* Where the walk is. */
struct walk {
	__u32 at; /* offset from the frame's start */
	__u8 next;
	__u8 fragment;
};

static __always_inline void tally(__u32 which)
{
	__sync_fetch_and_add(&tallies[which & 7], 1);
}

/* One extension header. 0: go on; 1: at the payload; negative: the frame is bad. */
static __noinline int step(struct xdp_md *ctx, struct walk *w)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct fragment *fragment;
	struct header *header;

	if (!w || w->at > OFFSET_MAX)
		return -1;
	header = data + w->at;
	switch (w->next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
	case 135: /* mobility */
		if ((void *)header + 8 > end)
			return -1;
		if (w->next == IPPROTO_ROUTING) {
			tally(ROUTING);
			if (deny_routing)
				return -2;
		}
		w->at += ((__u32)header->length + 1) * 8;
		break;
	case IPPROTO_AH:
		if ((void *)header + 8 > end)
			return -1;
		w->at += ((__u32)header->length + 2) * 4;
		break;
	case IPPROTO_FRAGMENT:
		fragment = (void *)header;
		if ((void *)(fragment + 1) > end)
			return -1;
		tally(FRAGMENTS);
		w->fragment = (fragment->offset & bpf_htons(0xfff8)) != 0;
		w->at += sizeof(*fragment);
		break;
	default:
		return 1;
	}
	__sync_fetch_and_add(&header_seen[w->next], 1);
	w->next = header->next;
	return w->fragment;
}

static __noinline int walk_headers(struct xdp_md *ctx, struct walk *w)
{
	if (!w)
		return -1;
	for (int i = 0; i < HEADERS_MAX; i++) {
		int result = step(ctx, w);

		if (result)
			return result;
	}
	tally(TOO_MANY);
	return -1;
}

static __always_inline __u16 swapped(__u16 word)
{
	return (__u16)(word << 8 | word >> 8);
}

/* An MSS option: never above mss_max, and the checksum mended (RFC 1624). */
static __always_inline void clamp(struct tcphdr *tcp, __u8 *option)
{
	__u16 old = (__u16)(option[2] << 8 | option[3]), new = mss_max;
	__u32 sum;

	if (old <= new)
		return;
	option[2] = (__u8)(new >> 8);
	option[3] = (__u8) new;
	if ((option - (__u8 *)tcp) & 1) { /* in the sum its bytes are in two words */
		old = swapped(old);
		new = swapped(new);
	}
	sum = (__u32)(__u16)~bpf_ntohs(tcp->check) + (__u16)~old + new;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	tcp->check = bpf_htons((__u16)~sum);
	tally(CLAMPED);
}

/* The options of a TCP header at offset at. 0; negative: the frame is bad. */
static __noinline int walk_options(struct xdp_md *ctx, __u32 at)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 bytes, done = sizeof(struct tcphdr);
	struct tcphdr *tcp;

	if (at > OFFSET_MAX)
		return -1;
	tcp = data + at;
	if ((void *)(tcp + 1) > end)
		return -1;
	bytes = tcp->doff * 4;
	if (bytes < sizeof(*tcp) || (void *)tcp + bytes > end)
		return -1;
	for (int i = 0; i < OPTIONS_MAX; i++) {
		__u8 *option, kind, length;

		if (done >= bytes || done >= 60)
			return 0;
		option = (void *)tcp + done;
		if ((void *)(option + 1) > end)
			return -1;
		kind = option[0];
		option_seen[kind]++;
		if (kind == OPT_END)
			return 0;
		if (kind == OPT_NOP) {
			done++;
			continue;
		}
		if ((void *)(option + 2) > end)
			return -1;
		length = option[1];
		if (length < 2 || done + length > bytes)
			return -1;
		if (bpf_map_lookup_elem(&denied_options, &kind))
			return -2;
		if (kind == OPT_MSS && length == 4 && tcp->syn) {
			/* Known from length already, but not to the verifier. */
			asm volatile("" : "+r"(option));
			if ((void *)(option + 4) > end)
				return -1;
			clamp(tcp, option);
		}
		done += length;
	}
	return 0;
}

static __always_inline int refuse(int why, __u32 bad)
{
	tally(why == -2 ? DENIED : bad);
	return XDP_DROP;
}

SEC("xdp")
int options(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct walk w = {};
	__be16 proto;
	int result;

	tally(FRAMES);
	if (!take_ethernet(&c, &proto))
		return refuse(-1, BAD_HEADERS);
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take(&c, sizeof(*ip));

		if (!ip || ip->ihl < 5)
			return refuse(-1, BAD_HEADERS);
		w.next = ip->protocol;
		w.fragment = (ip->frag_off & bpf_htons(0x1fff)) != 0;
		w.at = (__u32)((void *)ip - (void *)(long)ctx->data) + ip->ihl * 4;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take(&c, sizeof(*ip6));

		if (!ip6)
			return refuse(-1, BAD_HEADERS);
		w.next = ip6->nexthdr;
		w.at = (__u32)((void *)(ip6 + 1) - (void *)(long)ctx->data);
		result = walk_headers(ctx, &w);
		if (result < 0)
			return refuse(result, BAD_HEADERS);
	}
	if (w.next != IPPROTO_TCP || w.fragment)
		return XDP_PASS;
	result = walk_options(ctx, w.at);
	if (result < 0)
		return refuse(result, BAD_OPTIONS);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
