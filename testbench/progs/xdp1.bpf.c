/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts frames by transport protocol and drops them. */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

SEC("xdp")
int xdp1(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__be16 proto;
	__u32 key;
	__u64 *count;

	if (!take_ethernet(&c, &proto))
		return XDP_DROP;
	key = protocol_of(&c, proto);
	count = bpf_map_lookup_elem(&protocols, &key);
	if (count)
		*count += 1;
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
