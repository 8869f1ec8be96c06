/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches traffic without touching it: about one frame in so many is sent to the host with its first bytes as a perf
 * event, frames of watched hosts always; DNS questions are written out as lines in the device's log.
 */
#include "parse.h"

#include <linux/tcp.h>
#include <linux/udp.h>

#define DNS_PORT     53
#define NAME_MAX     48 /* bytes of a name that are looked at */
#define SNAP_BYTES   96
#define LINES_PER_NS 1000000

struct sample {
	__u64 time_ns;
	__u32 bytes, queue;
	__u32 ifindex;
	__be32 source, dest;
	__be16 source_port, dest_port;
	__u8 protocol, watched; /* how many of its ends are */
	__u16 reserved;
};

struct dns {
	__be16 id, flags, questions, answers, authorities, additional;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 64);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __be32);
	__type(value, __u64); /* frames */
} watched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* one frame in so many; 0: none */
} one_in SEC(".maps");

__u64 last_line_ns;
__u64 sampled, lost, questions;

static __always_inline bool drawn(void)
{
	__u32 zero = 0, *rate = bpf_map_lookup_elem(&one_in, &zero);

	if (!rate || !*rate)
		return false;
	return bpf_get_prandom_u32() % *rate == 0;
}

static __always_inline bool is_watched(__be32 address)
{
	__u64 *frames = bpf_map_lookup_elem(&watched, &address);

	if (!frames)
		return false;
	__sync_fetch_and_add(frames, 1);
	return true;
}

static __always_inline void send(struct xdp_md *ctx, struct sample *sample)
{
	__u64 bytes = sample->bytes < SNAP_BYTES ? sample->bytes : SNAP_BYTES;

	if (bpf_perf_event_output(ctx, &samples, bytes << 32 | BPF_F_CURRENT_CPU, sample, sizeof(*sample)))
		__sync_fetch_and_add(&lost, 1);
	else
		__sync_fetch_and_add(&sampled, 1);
}

/* The first question of a DNS message: its length in labels and bytes, and a line about it, not more than one a time.
 */
static __noinline int ask(struct xdp_md *ctx, __u32 at)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 labels = 0, bytes = 0, left = 0, first = 0;
	struct dns *dns;
	__u8 *byte;
	__u64 now;

	if (at > 128)
		return 0;
	dns = data + at;
	if ((void *)(dns + 1) > end || dns->flags & bpf_htons(0x8000) || !dns->questions)
		return 0;
	byte = (void *)(dns + 1);
	for (int i = 0; i < NAME_MAX; i++) {
		if ((void *)(byte + 1) > end)
			return 0;
		if (left) {
			left--;
			first = first << 8 | *byte;
		} else if (*byte & 0xc0) {
			return 0;
		} else if (*byte == 0) {
			break;
		} else {
			left = *byte;
			labels++;
		}
		byte++;
		bytes++;
	}
	__sync_fetch_and_add(&questions, 1);
	now = bpf_ktime_get_ns();
	if (now - last_line_ns < LINES_PER_NS)
		return 1;
	last_line_ns = now;
	bpf_printk("dns question %d: %u labels, %u bytes", bpf_ntohs(dns->id), labels, bytes);
	if (bytes == NAME_MAX)
		bpf_printk("queue %u: a name of over %d bytes, port %u, %u labels, ends %x", bpf_get_smp_processor_id(),
			   NAME_MAX, ctx->ingress_ifindex, labels, first);
	return 1;
}

SEC("xdp")
int watch(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct sample sample = {};
	struct iphdr *ip;
	__be16 *ports;
	__be16 proto;

	sample.bytes = ctx->data_end - ctx->data;
	if (!take_ethernet(&c, &proto) || proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take(&c, sizeof(*ip));
	if (!ip || ip->ihl < 5 || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	sample.source = ip->saddr;
	sample.dest = ip->daddr;
	sample.protocol = ip->protocol;
	if (!skip_options(&c, ip))
		return XDP_PASS;
	if (sample.protocol == IPPROTO_TCP || sample.protocol == IPPROTO_UDP) {
		ports = take(&c, 4);
		if (!ports)
			return XDP_PASS;
		sample.source_port = ports[0];
		sample.dest_port = ports[1];
	}
	sample.watched = is_watched(sample.source);
	sample.watched += is_watched(sample.dest);
	if (sample.watched || drawn()) {
		sample.time_ns = bpf_ktime_get_ns();
		sample.queue = bpf_get_smp_processor_id();
		sample.ifindex = ctx->ingress_ifindex;
		send(ctx, &sample);
	}
	if (sample.protocol == IPPROTO_UDP && sample.dest_port == bpf_htons(DNS_PORT))
		ask(ctx, (__u32)(c.at - (void *)(long)ctx->data) + 4);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
