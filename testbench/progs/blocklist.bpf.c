/* SPDX-License-Identifier: BSD-2-Clause */
/* Drops and counts IPv4 frames whose source address is in a list; learns who else sends, as long as there is room. */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __be32);
	__type(value, __u64); /* frames dropped */
} blocklist SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be32);
	__type(value, __u64); /* frames passed */
} senders SEC(".maps");

SEC("xdp")
int block(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip;
	__be16 proto;
	__be32 source;
	__u64 *count, one = 1;

	if (!take_ethernet(&c, &proto) || proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take(&c, sizeof(*ip));
	if (!ip)
		return XDP_PASS;
	source = ip->saddr;
	count = bpf_map_lookup_elem(&blocklist, &source);
	if (count) {
		__sync_fetch_and_add(count, 1);
		return XDP_DROP;
	}
	count = bpf_map_lookup_elem(&senders, &source);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&senders, &source, &one, BPF_NOEXIST);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
