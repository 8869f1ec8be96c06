/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUMAP and XSKMAP: receive queues to redirect to. The key of a CPUMAP is the queue, its value a size that is 1 or
 * more and means nothing; the value of an XSKMAP is the queue. Elements are empty at first, and empty ones are not in
 * the map. Programs can look elements up and read them.
 */
#include "le.h"
#include "map/slots.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define QUEUE_MAP_FLAGS (VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG)

#define FILLED (1ULL << 32) /* in the word of an XSKMAP, beside the queue, which can be 0 */

extern const struct map_ops queue_map_cpu_ops, queue_map_xsk_ops;

static uint16_t cpu_check(const struct map_attr *attr, uint32_t *detail)
{
	return slots_check(attr, QUEUE_MAP_FLAGS, sizeof(struct virtio_net_xdp_cpumap_value), detail);
}

static uint16_t xsk_check(const struct map_attr *attr, uint32_t *detail)
{
	return slots_check(attr, QUEUE_MAP_FLAGS, sizeof(le32), detail);
}

static uint64_t queue_map_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)num_queues;
	return slots_bytes(attr, sizeof(struct slots));
}

static void queue_map_init(struct map *map, uint32_t num_queues)
{
	(void)num_queues;
	slots_init(map, sizeof(struct slots));
}

static int queue_map_remove(struct map *map, const void *key)
{
	uint64_t old;

	return slots_remove(map, key, &old);
}

/* No program runs where a frame arrives. */
static int cpu_wire_check(const struct map *map, const void *wire)
{
	struct virtio_net_xdp_cpumap_value value = {0};

	mem_copy(&value, wire, map->attr.value_size);
	return le32_to_cpu(value.size) && !le32_to_cpu(value.prog) ? 0 : -EMEDIUMTYPE;
}

static int cpu_wire_set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	int result = cpu_wire_check(map, wire);
	uint64_t word = 0, old;

	if (result)
		return result;
	mem_copy(&word, wire, map->attr.value_size);
	return slots_set(map, key, word, flags, &old);
}

static int xsk_wire_set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	uint64_t word = FILLED, old;

	mem_copy(&word, wire, sizeof(le32));
	return slots_set(map, key, word, flags, &old);
}

const struct map_ops queue_map_cpu_ops = {
	.check = cpu_check,
	.bytes = queue_map_bytes,
	.init = queue_map_init,
	.lookup = slots_lookup,
	.remove = queue_map_remove,
	.next = slots_next,
	.count = slots_count,
	.owns = slots_owns,
	.wire_get = slots_wire_get,
	.wire_check = cpu_wire_check,
	.wire_set = cpu_wire_set,
};

const struct map_ops queue_map_xsk_ops = {
	.check = xsk_check,
	.bytes = queue_map_bytes,
	.init = queue_map_init,
	.lookup = slots_lookup,
	.remove = queue_map_remove,
	.next = slots_next,
	.count = slots_count,
	.owns = slots_owns,
	.wire_get = slots_wire_get,
	.wire_set = xsk_wire_set,
};
