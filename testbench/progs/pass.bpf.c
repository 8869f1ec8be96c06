/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest program: every frame goes to the guest. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
