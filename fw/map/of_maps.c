/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARRAY_OF and HASH_OF: maps under an index or a key. Commands put them in and take them out, by id; a program's lookup
 * gives it the struct map itself, with which it calls helpers.
 *
 * What every map inside is like is copied from the one that MAP_CREATE named, so that the verifier can judge a program
 * by it. A slot holds a reference to its map.
 */
#include "core.h"
#include "le.h"
#include "map/slots.h"
#include "virtio_net_xdp.h"

#define OF_MAPS_FLAGS                                                                                                  \
	(VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG |                \
	 VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

struct of_maps {
	struct slots slots;
	struct map_attr inner;
};

extern const struct map_ops of_maps_array_ops, of_maps_hash_ops;

static uint16_t array_check(const struct map_attr *attr, uint32_t *detail)
{
	return slots_check(attr, OF_MAPS_FLAGS, sizeof(le32), detail);
}

static uint16_t hash_check(const struct map_attr *attr, uint32_t *detail)
{
	return slots_check(attr, OF_MAPS_FLAGS | VIRTIO_NET_XDP_MAP_F_NO_PREALLOC, sizeof(le32), detail);
}

static uint64_t of_maps_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)num_queues;
	return slots_bytes(attr, sizeof(struct of_maps));
}

static void of_maps_init(struct map *map, uint32_t num_queues)
{
	struct of_maps *of = (struct of_maps *)map;

	(void)num_queues;
	slots_init(map, sizeof(struct of_maps));
	of->inner = core_map(map->fw, map->attr.inner_map_id)->attr;
	map->inner = &of->inner;
}

static struct map *map_in(const uint64_t *word)
{
	return word ? (struct map *)(uintptr_t)*word : NULL;
}

static void *of_maps_lookup(struct map *map, const void *key, uint32_t queue)
{
	(void)queue;
	return map_in(slots_find(map, key));
}

static int of_maps_remove(struct map *map, const void *key)
{
	uint64_t old;
	int result = slots_remove(map, key, &old);

	if (!result)
		map_in(&old)->refs--;
	return result;
}

static bool is_like(const struct map *map, const struct map_attr *inner)
{
	return map->attr.type == inner->type && map->attr.key_size == inner->key_size &&
	       map->attr.value_size == inner->value_size && map->attr.flags == inner->flags;
}

/* Of any map that could be inside: there are fewer of these than there can be slots. */
static bool of_maps_owns(const struct map *map, const void *p, size_t bytes)
{
	for (uint32_t id = 0; id < map->fw->config.caps.max_maps; id++) {
		const struct map *inside = map->fw->maps[id];

		if (inside && inside->refs && is_like(inside, map->inner) && inside->ops->owns(inside, p, bytes))
			return true;
	}
	return false;
}

static int of_maps_wire_get(struct map *map, const void *key, void *wire)
{
	const struct map *inside = map_in(slots_find(map, key));
	le32 id;

	if (!inside)
		return -ENOENT;
	id = cpu_to_le32(inside->id);
	mem_copy(wire, &id, sizeof(id));
	return 0;
}

static struct map *map_of(const struct map *map, const void *wire)
{
	le32 id;

	mem_copy(&id, wire, sizeof(id));
	return core_map(map->fw, le32_to_cpu(id));
}

static int of_maps_wire_check(const struct map *map, const void *wire)
{
	const struct map *inside = map_of(map, wire);

	if (!inside)
		return -ESRCH;
	return is_like(inside, map->inner) ? 0 : -EMEDIUMTYPE; /* req: XO-259 */
}

static int of_maps_wire_set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	struct map *inside = map_of(map, wire);
	int result = of_maps_wire_check(map, wire);
	uint64_t old;

	if (result)
		return result;
	result = slots_set(map, key, (uintptr_t)inside, flags, &old);
	if (result)
		return result;
	inside->refs++; /* req: XO-260 */
	if (old)
		map_in(&old)->refs--;
	return 0;
}

static void release(void *ctx, struct map *map, uint64_t *word)
{
	(void)ctx, (void)map;
	map_in(word)->refs--;
}

static void of_maps_destroy(struct map *map)
{
	slots_each(map, release, NULL);
}

#define OF_MAPS_OPS(check_fn)                                                                                          \
	{                                                                                                              \
		.check = check_fn, .bytes = of_maps_bytes, .init = of_maps_init, .lookup = of_maps_lookup,             \
		.remove = of_maps_remove, .next = slots_next, .count = slots_count, .owns = of_maps_owns,              \
		.wire_get = of_maps_wire_get, .wire_check = of_maps_wire_check, .wire_set = of_maps_wire_set,          \
		.destroy = of_maps_destroy,                                                                            \
	}

const struct map_ops of_maps_array_ops = OF_MAPS_OPS(array_check);
const struct map_ops of_maps_hash_ops = OF_MAPS_OPS(hash_check);
