/* SPDX-License-Identifier: BSD-2-Clause */
/* Passes every frame, and tells of it: a sample of its first bytes as a perf event, and a line about long ones in a
 * ring. */
#include "parse.h"

#define SAMPLE_BYTES 64
#define LONG_BYTES   1000

struct sample {
	__u32 ifindex;
	__u32 bytes;
};

struct long_frame {
	__u64 number; /* of long ones, from 1 */
	__u32 bytes;
	__u32 mtu; /* of the port that it came from */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 64);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} long_frames SEC(".maps");

__u64 count;

SEC("xdp")
int sampler(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data;
	struct sample sample = {ctx->ingress_ifindex, bytes};
	__u64 taken = bytes < SAMPLE_BYTES ? bytes : SAMPLE_BYTES;

	bpf_perf_event_output(ctx, &samples, taken << 32 | BPF_F_CURRENT_CPU, &sample, sizeof(sample));
	if (bytes > LONG_BYTES) {
		struct long_frame about = {.number = ++count, .bytes = bytes};

		bpf_ringbuf_output(&long_frames, &about, sizeof(about), 0);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
