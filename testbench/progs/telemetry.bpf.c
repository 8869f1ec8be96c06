/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telemetry of a link: what the frames are, how long, how far apart, in histograms of powers of two, one set of which
 * is filled while the host reads the other. Configured by constants, counted in global data with every kind of atomic
 * operation, since several queues write at once.
 */
#include "parse.h"

#define BUCKETS 64
#define SETS    2
#define BURST   16

enum histogram_kind { LENGTHS, GAPS, HOPS, KINDS };

struct histogram {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KINDS *BUCKETS);
	__type(key, __u32);
	__type(value, __u64);
} even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SETS);
	__type(key, __u32);
	__array(values, struct histogram);
} sets SEC(".maps") = {.values = {[0] = (void *)&even, [1] = (void *)&odd}};

struct talker {
	__u64 bytes;
	__u32 frames;
	__u32 burst_longest;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, __be32[4]);
	__type(value, struct talker);
} talkers SEC(".maps");

/* .rodata: what the host decides before it loads the program. */
const volatile __u32 active_set = 0;
const volatile bool count_talkers = true;
const volatile __u8 prefix_bytes_4 = 3, prefix_bytes_6 = 8;
const volatile __u64 burst_gap_ns = 10000;

/* .data */
__u64 shortest = ~0ULL;
__u32 kinds_seen_not = 0xffffffff; /* a bit is cleared when its kind is seen */

/* .bss */
__u64 frames, bytes, longest;
__u64 last_ns;
__u32 kinds_seen;
__u64 parity;
__u32 burst_now, burst_longest, bursts;
__u64 epochs;
__u32 turn;

static __always_inline __u32 log2_of(__u64 v)
{
	__u32 log = 0;

#pragma unroll
	for (int shift = 32; shift; shift /= 2)
		if (v >> shift) {
			log += shift;
			v >>= shift;
		}
	return log;
}

static __noinline int record(__u32 kind, __u64 value)
{
	__u32 set = active_set, slot = kind * BUCKETS + log2_of(value);
	__u64 *count;
	void *map;

	map = bpf_map_lookup_elem(&sets, &set);
	if (!map)
		return -1;
	count = bpf_map_lookup_elem(map, &slot);
	if (!count)
		return -1;
	__sync_fetch_and_add(count, 1);
	return 0;
}

/* Raises *most to value; lowers *least. */
static __always_inline void extremes(__u64 *most, __u64 *least, __u64 value)
{
	__u64 old = *most;

	for (int i = 0; i < 4 && value > old; i++) {
		__u64 found = __sync_val_compare_and_swap(most, old, value);

		if (found == old)
			break;
		old = found;
	}
	old = *least;
	for (int i = 0; i < 4 && value < old; i++) {
		__u64 found = __sync_val_compare_and_swap(least, old, value);

		if (found == old)
			break;
		old = found;
	}
}

static __always_inline void bursts_of(__u64 gap_ns)
{
	__u32 length;

	if (gap_ns > burst_gap_ns) {
		length = __sync_lock_test_and_set(&burst_now, 1);
		if (length >= BURST)
			__sync_fetch_and_add(&bursts, 1);
		return;
	}
	length = __sync_fetch_and_add(&burst_now, 1) + 1;
	if (length > burst_longest)
		burst_longest = length;
}

/* The sender's network: what is behind the prefix is cleared. */
static __always_inline void talk(const void *address, __u32 address_bytes, __u32 prefix_bytes, __u32 length)
{
	struct talker *t, first = {.bytes = length, .frames = 1};
	__u8 key[16] = {};

#pragma unroll
	for (__u32 i = 0; i < 16; i++)
		if (i < address_bytes && i < prefix_bytes)
			key[i] = ((const __u8 *)address)[i];
	t = bpf_map_lookup_elem(&talkers, key);
	if (!t) {
		bpf_map_update_elem(&talkers, key, &first, BPF_ANY);
		return;
	}
	t->bytes += length;
	t->frames++;
	if (burst_now > t->burst_longest)
		t->burst_longest = burst_now;
}

static __always_inline __u32 kind_of(struct xdp_md *ctx, __u32 length)
{
	struct cursor c = cursor_of(ctx);
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__be16 proto;

	if (!take_ethernet(&c, &proto))
		return 0;
	switch (proto) {
	case bpf_htons(ETH_P_IP):
		ip = take(&c, sizeof(*ip));
		if (!ip)
			return 1;
		record(HOPS, ip->ttl);
		if (count_talkers)
			talk(&ip->saddr, 4, prefix_bytes_4, length);
		return ip->protocol == IPPROTO_TCP ? 2 : ip->protocol == IPPROTO_UDP ? 3 : 4;
	case bpf_htons(ETH_P_IPV6):
		ip6 = take(&c, sizeof(*ip6));
		if (!ip6)
			return 5;
		record(HOPS, ip6->hop_limit);
		if (count_talkers)
			talk(&ip6->saddr, 16, prefix_bytes_6, length);
		return ip6->nexthdr == IPPROTO_TCP ? 6 : ip6->nexthdr == IPPROTO_UDP ? 7 : 8;
	case bpf_htons(ETH_P_ARP):
		return 9;
	default:
		return 10;
	}
}

SEC("xdp")
int telemetry(struct xdp_md *ctx)
{
	__u64 length = bpf_xdp_get_buff_len(ctx), now = bpf_ktime_get_ns(), before;
	__u32 kind;

	__sync_fetch_and_add(&frames, 1);
	__sync_fetch_and_add(&bytes, length);
	extremes(&longest, &shortest, length);
	record(LENGTHS, length);

	before = __sync_lock_test_and_set(&last_ns, now);
	if (before && now >= before) {
		record(GAPS, now - before);
		bursts_of(now - before);
	}

	kind = kind_of(ctx, (__u32)length);
	__sync_fetch_and_or(&kinds_seen, 1u << kind);
	__sync_fetch_and_and(&kinds_seen_not, ~(1u << kind));
	__sync_fetch_and_xor(&parity, length);
	/* Every 1,024 frames begin an epoch; whoever exchanges the number first counts it. */
	if (frames >> 10 > epochs) {
		__u64 epoch = epochs;

		if (__sync_val_compare_and_swap(&epochs, epoch, frames >> 10) == epoch)
			__sync_fetch_and_xor(&turn, 1);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
