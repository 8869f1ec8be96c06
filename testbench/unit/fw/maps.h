/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps without a device around them. */
#ifndef UNIT_MAPS_H
#define UNIT_MAPS_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "map/map.h"
#include "virtio_net_xdp.h"

/* free() it. */
static inline struct map *maps_new_queues(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint64_t seed,
					  uint32_t queues)
{
	struct map_attr attr = {.type = type, .key_size = key, .value_size = value, .max_entries = entries};
	const struct map_ops *ops = map_ops_of(type);
	uint32_t detail;
	struct map *map;
	uint64_t bytes;

	cr_assert_eq(ops->check(&attr, &detail), VIRTIO_NET_XDP_OK);
	bytes = ops->bytes(&attr, queues);
	map = calloc(1, bytes); /* exactly that many: what goes beyond, ASan sees */
	cr_assert(map);
	map->ops = ops;
	map->attr = attr;
	map->bytes = bytes;
	map->seed = seed;
	ops->init(map, queues);
	return map;
}

static inline struct map *maps_new(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint64_t seed)
{
	return maps_new_queues(type, key, value, entries, seed, 1);
}

static inline int maps_set(struct map *map, uint32_t key, uint64_t value, uint64_t flags)
{
	return map->ops->update(map, &key, &value, flags, 0);
}

static inline void *maps_at(struct map *map, uint32_t key)
{
	return map->ops->lookup(map, &key, 0);
}

/* The value, or UINT64_MAX. */
static inline uint64_t maps_get(struct map *map, uint32_t key)
{
	void *p = maps_at(map, key);
	uint64_t value = UINT64_MAX;

	if (p)
		memcpy(&value, p, sizeof(value));
	return value;
}

static inline void maps_run_end(struct map *map)
{
	if (map->run_end_wanted)
		map->ops->run_end(map);
}

#endif
