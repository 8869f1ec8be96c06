/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LRU_HASH and LRU_PERCPU: as HASH and PERCPU_HASH, but an update that finds the map full removes the element whose
 * last lookup by a program or update by anyone is longest ago. Exactly that one: there is one list for all queues.
 */
#include "map/store.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define LRU_FLAGS                                                                                                      \
	(VIRTIO_NET_XDP_MAP_F_NO_COMMON_LRU | VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY |              \
	 VIRTIO_NET_XDP_MAP_F_ZERO_SEED | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG | VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

static const struct store_shape lru_shape = {.lru = true};
static const struct store_shape lru_percpu_shape = {.lru = true, .per_queue = true};

static uint16_t lru_check(const struct map_attr *attr, uint32_t *detail)
{
	return store_check(attr, LRU_FLAGS, 1, VIRTIO_NET_XDP_KEY_MAX, detail);
}

static uint64_t lru_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	return store_bytes(attr, num_queues, &lru_shape);
}

static uint64_t lru_percpu_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	return store_bytes(attr, num_queues, &lru_percpu_shape);
}

/* A lookup by a command is no use, hence wire_get. */
#define LRU_OPS                                                                                                        \
	.check = lru_check, .remove = store_remove, .next = store_next, .count = store_count, .owns = store_owns,      \
	.run_end = store_run_end

STORE_TYPE(lru, lru_shape, false, true, LRU_OPS, .bytes = lru_bytes, .update = store_update,
	   .wire_get = store_wire_get);
STORE_TYPE(lru_percpu, lru_percpu_shape, true, true, LRU_OPS, .bytes = lru_percpu_bytes, .update = store_update_queue,
	   .wire_get = store_wire_get_queues, .wire_set = store_wire_set_queues);
