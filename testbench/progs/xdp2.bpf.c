/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts UDP and TCP frames by protocol, swaps their MAC addresses and sends them back; the rest passes. */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

static __always_inline void swap_macs(struct ethhdr *eth)
{
	unsigned char mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
}

SEC("xdp")
int xdp2(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth;
	__be16 proto;
	__u32 key;
	__u64 *count;

	eth = take_ethernet(&c, &proto);
	if (!eth)
		return XDP_PASS;
	key = protocol_of(&c, proto);
	count = bpf_map_lookup_elem(&protocols, &key);
	if (count)
		*count += 1;
	if (key != IPPROTO_UDP && key != IPPROTO_TCP)
		return XDP_PASS;
	swap_macs(eth);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
