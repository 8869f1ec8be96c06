/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rewrites VLAN tags at a provider's edge: pushes, pops, swaps or doubles tags as a table says for the tags that came,
 * and copies priorities. The frame's original tags go before the frame as metadata while it is worked on, and each
 * frame is read and written through copies, which works for frames of any shape.
 */
#include "parse.h"

#define TAGS 2

struct tags {
	__be16 outer, inner; /* VLAN numbers; 0: no tag */
};

enum work { KEEP, POP, PUSH, SWAP, DOUBLE, DISCARD };

struct rule {
	__u8 work;
	__u8 keep_priority;
	__be16 outer, inner; /* numbers to write */
	__be16 outer_proto;  /* 0: 802.1ad */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tags);
	__type(value, struct rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tags);
	__type(value, __u64); /* frames */
} counts SEC(".maps");

/* In front of the frame while it is worked on. */
struct meta {
	struct vlan_tag tags[TAGS]; /* tci and the type that the tag stands for */
	__u32 used;
};

#define MACS 12 /* bytes of addresses, which tags follow */

__u64 failed;

static __always_inline bool is_tag(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

static __always_inline struct meta *meta_of(struct xdp_md *ctx)
{
	struct meta *meta = (void *)(long)ctx->data_meta;

	return (void *)(meta + 1) > (void *)(long)ctx->data ? NULL : meta;
}

/* Reads the tags into the metadata. False: the frame is too short. */
static __always_inline bool read_tags(struct xdp_md *ctx)
{
	struct vlan_tag tag; /* the type, and what follows it */
	struct meta m = {}, *meta;
	__be16 type;

#pragma unroll
	for (int i = 0; i < TAGS; i++) {
		if (bpf_xdp_load_bytes(ctx, MACS + 4 * i, &type, sizeof(type)))
			return false;
		if (!is_tag(type))
			break;
		if (bpf_xdp_load_bytes(ctx, MACS + 2 + 4 * i, &tag, sizeof(tag)))
			return false;
		m.tags[i].proto = type;
		m.tags[i].tci = tag.tci;
		m.used++;
	}
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(m)))
		return false;
	meta = meta_of(ctx);
	if (!meta)
		return false;
	*meta = m;
	return true;
}

/* Makes the frame have now tags instead of before, the addresses first. 0 or negative. */
static __always_inline int resize(struct xdp_md *ctx, __u32 before, __u32 now)
{
	__u8 macs[MACS];

	if (bpf_xdp_load_bytes(ctx, 0, macs, sizeof(macs)))
		return -1;
	/* Metadata would stay where it is; it is taken before. */
	if (now < before && bpf_xdp_adjust_head(ctx, 4 * (int)(before - now)))
		return -1;
	if (now > before && bpf_xdp_adjust_head(ctx, -4 * (int)(now - before)))
		return -1;
	return bpf_xdp_store_bytes(ctx, 0, macs, sizeof(macs));
}

static __always_inline __be16 tci_of(__be16 number, __be16 old, bool keep_priority)
{
	return number | (keep_priority ? old & bpf_htons(0xf000) : 0);
}

static __always_inline int write_tag(struct xdp_md *ctx, __u32 at, __be16 proto, __be16 tci)
{
	__be16 tag[2] = {proto, tci};

	return bpf_xdp_store_bytes(ctx, MACS + 4 * at, tag, sizeof(tag));
}

static __always_inline int apply(struct xdp_md *ctx, const struct rule *rule, const struct meta *m)
{
	__be16 proto = rule->outer_proto ? rule->outer_proto : bpf_htons(ETH_P_8021AD);
	__be16 outer = tci_of(rule->outer, m->tags[0].tci, rule->keep_priority);
	__be16 inner = tci_of(rule->inner, m->used > 1 ? m->tags[1].tci : m->tags[0].tci, rule->keep_priority);

	switch (rule->work) {
	case POP:
		return m->used ? resize(ctx, m->used, m->used - 1) : -1;
	case PUSH:
		return resize(ctx, m->used, m->used + 1) ?: write_tag(ctx, 0, proto, outer);
	case SWAP:
		if (!m->used)
			return -1;
		if (m->used > 1 && rule->inner && write_tag(ctx, 1, bpf_htons(ETH_P_8021Q), inner))
			return -1;
		return write_tag(ctx, 0, m->tags[0].proto, outer);
	case DOUBLE:
		if (resize(ctx, m->used, 2) || write_tag(ctx, 0, proto, outer))
			return -1;
		return write_tag(ctx, 1, bpf_htons(ETH_P_8021Q), inner);
	default:
		return 0;
	}
}

static __always_inline void count(const struct tags *tags)
{
	__u64 *frames = bpf_map_lookup_elem(&counts, tags), one = 1;

	if (frames)
		*frames += 1;
	else
		bpf_map_update_elem(&counts, tags, &one, BPF_NOEXIST);
}

SEC("xdp")
int retag(struct xdp_md *ctx)
{
	struct meta m, *meta;
	struct tags tags;
	struct rule *rule;

	if (bpf_xdp_get_buff_len(ctx) < MACS + 6 || !read_tags(ctx))
		return XDP_DROP;
	meta = meta_of(ctx);
	if (!meta)
		return XDP_ABORTED;
	m = *meta;
	if (bpf_xdp_adjust_meta(ctx, sizeof(m)))
		return XDP_ABORTED;
	tags.outer = m.tags[0].tci & bpf_htons(0x0fff);
	tags.inner = m.tags[1].tci & bpf_htons(0x0fff);
	count(&tags);
	rule = bpf_map_lookup_elem(&rules, &tags);
	if (!rule || rule->work == KEEP)
		return XDP_PASS;
	if (rule->work == DISCARD)
		return XDP_DROP;
	if (apply(ctx, rule, &m)) {
		__sync_fetch_and_add(&failed, 1);
		return XDP_DROP;
	}
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
