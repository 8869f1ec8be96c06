/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for libbpf's header of this name when an example program is compiled for this machine: the same source, its
 * maps typed memory of its own, its helpers inline. R1 is the first part of the firmware's struct fw_frame.
 */
#ifndef BENCH_HOST_BPF_HELPERS_H
#define BENCH_HOST_BPF_HELPERS_H

#include "../../native_map.h"

#define SEC(name) __attribute__((visibility("protected")))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define __uint(name, value)          NATIVE_UINT_##name(value)
#define NATIVE_UINT_type(value)      int(*type)[value];
#define NATIVE_UINT_map_flags(value) int(*map_flags)[value];
#define NATIVE_UINT_max_entries(value)                                                                                 \
	int(*max_entries)[value];                                                                                      \
	uint8_t memory[64 + (size_t)(value)*NATIVE_ELEMENT_BYTES] __attribute__((aligned(NATIVE_MEMORY_OFFSET)));
#define __type(name, value) __typeof__(value) *name

struct native_ctx {
	uint8_t *data, *data_end, *data_meta;
	uint32_t ingress_ifindex, rx_queue_index;
	uint8_t *hard_start, *hard_end;
};
#define xdp_md native_ctx

#define NATIVE_SHAPE(map)                                                                                              \
	({                                                                                                             \
		_Static_assert(__builtin_offsetof(__typeof__(*(map)), memory) == NATIVE_MEMORY_OFFSET,                 \
			       "type, flags and max_entries come first in a map");                                     \
		_Static_assert(4 * (16 + sizeof(*(map)->key) + sizeof(*(map)->value)) <= NATIVE_ELEMENT_BYTES,         \
			       "an element that is larger than provided for");                                         \
		(struct native_shape){sizeof(*(map)->type) / sizeof(int), sizeof(*(map)->key), sizeof(*(map)->value),  \
				      sizeof(*(map)->max_entries) / sizeof(int)};                                      \
	})
#define NATIVE_MEMORY(map) ((struct native_memory *)(map)->memory)

#define bpf_map_lookup_elem(map, key) native_lookup(NATIVE_MEMORY(map), key, NATIVE_SHAPE(map))
#define bpf_map_update_elem(map, key, value, flags)                                                                    \
	native_update(NATIVE_MEMORY(map), key, value, flags, NATIVE_SHAPE(map))

/* Sums to minus from, in 32-bit words; the program folds. */
NATIVE_INLINE int64_t bpf_csum_diff(const uint32_t *from, uint32_t from_size, const uint32_t *to, uint32_t to_size,
				    uint32_t seed)
{
	uint64_t sum = seed;

	for (uint32_t i = 0; i < from_size / 4; i++)
		sum += (uint32_t)~from[i];
	for (uint32_t i = 0; i < to_size / 4; i++)
		sum += to[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (int64_t)((sum & 0xffffffff) + (sum >> 32));
}

NATIVE_INLINE long bpf_xdp_adjust_head(struct native_ctx *ctx, int delta)
{
	uint8_t *data = ctx->data + delta;

	if (data < ctx->hard_start || data + 14 > ctx->data_end)
		return -EINVAL;
	ctx->data = ctx->data_meta = data;
	return 0;
}

#endif
