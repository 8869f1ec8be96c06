// SPDX-License-Identifier: BSD-2-Clause
/*
 * Counts the ports of TCP and UDP over IPv4 by class and drops those of a class that has used up its frames. What is
 * done with each port is a function for other objects, too, and so is verified once, not for each call: the loops below
 * call it for all bits of both ports.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CLASSES 16
#define LIMIT   1000

struct tally {
	__u64 frames;
	__u32 weights[CLASSES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLASSES);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

/* How much a bit of a port weighs; a few branches, so that a walk for each call would not pay. */
__attribute__((noinline)) __u32 weigh(__u32 port, __u32 bit)
{
	__u32 weight = 1;

	if (port >> (bit & 15) & 1)
		weight += 2;
	if (port < 1024)
		weight *= 3;
	else if (port < 32768)
		weight ^= 5;
	if ((port ^ bit) & 3)
		weight += port % 7;
	return weight;
}

__attribute__((noinline)) __u32 count(struct tally *tally, __u32 port)
{
	__u32 sum = 0;

	if (!tally)
		return 0;
	for (__u32 bit = 0; bit < CLASSES; bit++) {
		__u32 weight = weigh(port, bit);

		tally->weights[bit] += weight;
		sum += weight;
	}
	__sync_fetch_and_add(&tally->frames, 1);
	return sum;
}

__attribute__((noinline)) int ports_of(struct xdp_md *ctx, __u32 *source, __u32 *dest)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);

	if (!source || !dest || (void *)(ports + 2) > end)
		return -1;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return -1;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return -1;
	*source = bpf_ntohs(ports[0]);
	*dest = bpf_ntohs(ports[1]);
	return 0;
}

SEC("xdp")
int ports(struct xdp_md *ctx)
{
	__u32 source = 0, dest = 0, class, sum;
	struct tally *tally;

	if (ports_of(ctx, &source, &dest))
		return XDP_PASS;
	class = (source ^ dest) % CLASSES;
	tally = bpf_map_lookup_elem(&tallies, &class);
	sum = count(tally, source);
	sum += count(tally, dest);
	if (tally && tally->frames > LIMIT && sum & 1)
		return XDP_DROP;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
