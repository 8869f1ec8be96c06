/* SPDX-License-Identifier: BSD-2-Clause */
/* HASH and PERCPU_HASH: keys of 1 to 512 bytes, up to max_entries of them, in the order in which they came. */
#include "map/store.h"
#include "virtio_net_xdp.h"

#define HASH_FLAGS                                                                                                     \
	(VIRTIO_NET_XDP_MAP_F_NO_PREALLOC | VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY |                \
	 VIRTIO_NET_XDP_MAP_F_ZERO_SEED | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG | VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

static const struct store_shape hash_shape = {0};
static const struct store_shape percpu_hash_shape = {.per_queue = true};

static uint16_t hash_check(const struct map_attr *attr, uint32_t *detail)
{
	return store_check(attr, HASH_FLAGS, 1, VIRTIO_NET_XDP_KEY_MAX, detail);
}

static uint64_t hash_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	return store_bytes(attr, num_queues, &hash_shape);
}

static uint64_t percpu_hash_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	return store_bytes(attr, num_queues, &percpu_hash_shape);
}

#define HASH_OPS                                                                                                       \
	.check = hash_check, .remove = store_remove, .next = store_next, .count = store_count, .owns = store_owns,     \
	.run_end = store_run_end

STORE_TYPE(hash, hash_shape, false, false, HASH_OPS, .bytes = hash_bytes, .update = store_update);
STORE_TYPE(percpu_hash, percpu_hash_shape, true, false, HASH_OPS, .bytes = percpu_hash_bytes,
	   .update = store_update_queue, .wire_get = store_wire_get_queues, .wire_set = store_wire_set_queues);
