/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Says no, and answers pings: UDP to a closed port gets the ICMP message that says so, with the start of the frame that
 * it is about; TCP gets a reset; echo requests their reply. IPv4. Not more answers than a limit, which is per 10
 * milliseconds of ticks.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define QUOTED       28 /* bytes of the refused packet in the message: RFC 792 */
#define ICMP_ECHO    8
#define ICMP_REPLY   0
#define ICMP_REFUSED 3
#define PORT_CLOSED  3
#define TICKS        3 /* of 250 Hz */

struct icmp {
	__u8 type, code;
	__be16 check;
	__be32 rest;
};

/* What follows the Ethernet header of an answer. */
struct answer {
	struct iphdr ip;
	struct icmp icmp;
	__u8 quoted[QUOTED];
};

struct reset {
	struct iphdr ip;
	struct tcphdr tcp;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* protocol << 16 | port */
	__type(value, __u8);
} open_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* the tick that answers are counted for, and how many: 48 and 16 bits */
} budget SEC(".maps");

const volatile __u16 answers_max = 100;
__u64 answered, held_back;

static __always_inline __u16 fold(__u64 sum)
{
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline bool may_answer(void)
{
	__u64 *left, now = bpf_jiffies64() / TICKS << 16;
	__u32 zero = 0;

	left = bpf_map_lookup_elem(&budget, &zero);
	if (!left)
		return false;
	if ((*left & ~0xffffULL) != now)
		*left = now;
	if ((*left & 0xffff) >= answers_max) {
		__sync_fetch_and_add(&held_back, 1);
		return false;
	}
	*left += 1;
	__sync_fetch_and_add(&answered, 1);
	return true;
}

static __always_inline void turn_round(struct ethhdr *eth)
{
	unsigned char mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

static __always_inline void write_ip(struct iphdr *ip, __u8 protocol, __u16 bytes, __be32 from, __be32 to)
{
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(bytes),
		.ttl = 64,
		.protocol = protocol,
		.saddr = from,
		.daddr = to,
	};
	ip->check = fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

static __always_inline int answer_ping(struct ethhdr *eth, struct iphdr *ip, struct icmp *icmp)
{
	__be32 address = ip->saddr;
	__be32 before = ICMP_ECHO, after = ICMP_REPLY;

	if (!may_answer())
		return XDP_DROP;
	ip->saddr = ip->daddr;
	ip->daddr = address;
	icmp->type = ICMP_REPLY;
	icmp->check = fold(bpf_csum_diff(&before, sizeof(before), &after, sizeof(after), (__u16)~icmp->check));
	turn_round(eth);
	return XDP_TX;
}

/* Room for bytes behind the Ethernet header, with which the frame ends, on its way back. NULL: there is none. */
static __always_inline void *answer_room(struct xdp_md *ctx, __u32 bytes)
{
	int now = ctx->data_end - ctx->data;
	struct ethhdr *eth;

	if (bpf_xdp_adjust_tail(ctx, (int)(sizeof(*eth) + bytes) - now))
		return NULL;
	eth = (void *)(long)ctx->data;
	if ((void *)(eth + 1) + bytes > (void *)(long)ctx->data_end)
		return NULL;
	turn_round(eth);
	return eth + 1;
}

static __always_inline int refuse_udp(struct xdp_md *ctx, const struct iphdr *ip)
{
	struct answer answer = {};
	void *room;

	if (!may_answer())
		return XDP_DROP;
	__builtin_memcpy(answer.quoted, ip, QUOTED);
	write_ip(&answer.ip, IPPROTO_ICMP, sizeof(answer), ip->daddr, ip->saddr);
	answer.icmp.type = ICMP_REFUSED;
	answer.icmp.code = PORT_CLOSED;
	answer.icmp.check =
		fold(bpf_csum_diff(NULL, 0, (__be32 *)&answer.icmp, sizeof(answer.icmp) + sizeof(answer.quoted), 0));
	room = answer_room(ctx, sizeof(answer));
	if (!room)
		return XDP_ABORTED;
	__builtin_memcpy(room, &answer, sizeof(answer));
	return XDP_TX;
}

static __always_inline __u16 check_tcp(const struct iphdr *ip, const struct tcphdr *tcp)
{
	struct {
		__be32 from, to;
		__u8 zero, protocol;
		__be16 bytes;
	} pseudo = {ip->saddr, ip->daddr, 0, IPPROTO_TCP, bpf_htons(sizeof(*tcp))};
	__u64 sum = bpf_csum_diff(NULL, 0, (__be32 *)&pseudo, sizeof(pseudo), 0);

	return fold(bpf_csum_diff(NULL, 0, (__be32 *)tcp, sizeof(*tcp), (__u32)sum));
}

static __always_inline int refuse_tcp(struct xdp_md *ctx, const struct iphdr *ip, const struct tcphdr *tcp)
{
	__u32 payload = bpf_ntohs(ip->tot_len) - ip->ihl * 4 - tcp->doff * 4;
	struct reset reset = {};
	void *room;

	if (tcp->rst || !may_answer())
		return XDP_DROP;
	write_ip(&reset.ip, IPPROTO_TCP, sizeof(reset), ip->daddr, ip->saddr);
	reset.tcp.source = tcp->dest;
	reset.tcp.dest = tcp->source;
	reset.tcp.doff = sizeof(reset.tcp) / 4;
	reset.tcp.rst = 1;
	if (tcp->ack) {
		reset.tcp.seq = tcp->ack_seq;
	} else {
		reset.tcp.ack = 1;
		reset.tcp.ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + payload + tcp->syn + tcp->fin);
	}
	reset.tcp.check = check_tcp(&reset.ip, &reset.tcp);
	room = answer_room(ctx, sizeof(reset));
	if (!room)
		return XDP_ABORTED;
	__builtin_memcpy(room, &reset, sizeof(reset));
	return XDP_TX;
}

static __always_inline bool is_open(__u8 protocol, __be16 port)
{
	__u32 key = (__u32)protocol << 16 | bpf_ntohs(port);

	return bpf_map_lookup_elem(&open_ports, &key) != NULL;
}

SEC("xdp")
int reject(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct icmp *icmp;
	struct tcphdr *tcp;
	struct udphdr *udp;
	struct iphdr *ip;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take(&c, sizeof(*ip));
	if (!ip || ip->ihl != 5 || ip->frag_off & bpf_htons(0x3fff))
		return XDP_PASS;
	switch (ip->protocol) {
	case IPPROTO_ICMP:
		icmp = take(&c, sizeof(*icmp));
		return icmp && icmp->type == ICMP_ECHO ? answer_ping(eth, ip, icmp) : XDP_PASS;
	case IPPROTO_UDP:
		udp = take(&c, sizeof(*udp));
		return !udp || is_open(IPPROTO_UDP, udp->dest) ? XDP_PASS : refuse_udp(ctx, ip);
	case IPPROTO_TCP:
		tcp = take(&c, sizeof(*tcp));
		return !tcp || is_open(IPPROTO_TCP, tcp->dest) ? XDP_PASS : refuse_tcp(ctx, ip, tcp);
	default:
		return XDP_PASS;
	}
}

char _license[] SEC("license") = "Dual BSD/GPL";
