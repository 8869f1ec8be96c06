/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/slots.h"
#include "le.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define HASH_ALIGN 64

static struct slots *slots_of(struct map *map)
{
	return (struct slots *)map;
}

static bool is_hashed(const struct map_attr *attr)
{
	return attr->type == VIRTIO_NET_XDP_MAP_HASH_OF || attr->type == VIRTIO_NET_XDP_MAP_DEVMAP_HASH;
}

/* Of the map inside that holds the words. */
static struct map_attr hash_attr(const struct map_attr *attr)
{
	return (struct map_attr){
		.type = VIRTIO_NET_XDP_MAP_HASH,
		.key_size = attr->key_size,
		.value_size = sizeof(uint64_t),
		.max_entries = attr->max_entries,
	};
}

static uint16_t check_key(const struct map_attr *attr, uint32_t *detail)
{
	struct map_attr inside = hash_attr(attr);

	if (attr->type == VIRTIO_NET_XDP_MAP_HASH_OF)
		return map_ops_of(inside.type)->check(&inside, detail);
	*detail = sizeof(le32);
	return attr->key_size == sizeof(le32) ? VIRTIO_NET_XDP_OK : VIRTIO_NET_XDP_ERR_SIZE;
}

uint16_t slots_check(const struct map_attr *attr, uint32_t flags, uint32_t value_bytes, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, flags, detail); /* req: XO-159 */

	if (status == VIRTIO_NET_XDP_OK)
		status = check_key(attr, detail);
	if (status)
		return status;
	if (!attr->max_entries) {
		*detail = 1;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	if (attr->value_size != sizeof(le32) && attr->value_size != value_bytes) { /* req: XO-262 */
		*detail = sizeof(le32);
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	return VIRTIO_NET_XDP_OK;
}

uint64_t slots_bytes(const struct map_attr *attr, size_t struct_bytes)
{
	struct map_attr inside = hash_attr(attr);
	uint64_t bytes;

	if (!is_hashed(attr))
		return map_storage_bytes(struct_bytes, attr->max_entries, sizeof(uint64_t), 0, 0);
	bytes = map_ops_of(inside.type)->bytes(&inside, 1);
	return map_storage_bytes(ALIGN_UP(struct_bytes, HASH_ALIGN), 1, bytes, 0, 0);
}

void slots_init(struct map *map, size_t struct_bytes)
{
	struct slots *slots = slots_of(map);

	if (!is_hashed(&map->attr)) {
		slots->by_index = (uint64_t *)((uint8_t *)map + ALIGN_UP(struct_bytes, sizeof(uint64_t)));
		return;
	}
	slots->hash = (struct map *)((uint8_t *)map + ALIGN_UP(struct_bytes, HASH_ALIGN));
	slots->hash->attr = hash_attr(&map->attr);
	slots->hash->ops = map_ops_of(slots->hash->attr.type);
	slots->hash->seed = map->seed;
	slots->hash->ops->init(slots->hash, 1);
}

/* The word of an index, or NULL behind the last one; also what runs ahead of the check stays in the array. */
static uint64_t *word_at(struct map *map, const void *key)
{
	uint64_t index, below;
	le32 wire;

	mem_copy(&wire, key, sizeof(wire));
	index = le32_to_cpu(wire);
	if (index >= map->attr.max_entries)
		return NULL;
	below = index - map->attr.max_entries;
	__asm__("" : "+r"(below));
	return &slots_of(map)->by_index[index & (0 - (below >> 63))];
}

uint64_t *slots_find(struct map *map, const void *key)
{
	struct map *hash = slots_of(map)->hash;
	uint64_t *word;

	if (hash)
		return hash->ops->lookup(hash, key, 0);
	word = word_at(map, key);
	return word && *word ? word : NULL;
}

void *slots_lookup(struct map *map, const void *key, uint32_t queue)
{
	(void)queue;
	return slots_find(map, key);
}

int slots_wire_get(struct map *map, const void *key, void *wire)
{
	const uint64_t *word = slots_find(map, key);

	if (!word)
		return -ENOENT;
	mem_copy(wire, word, map->attr.value_size);
	return 0;
}

/* No run is under way: what the hash keeps for one can go. */
static int settle(struct map *hash, int result)
{
	if (hash->run_end_wanted)
		hash->ops->run_end(hash);
	return result;
}

static void put(struct map *map, uint64_t *word, uint64_t new)
{
	slots_of(map)->count += (new != 0) - (*word != 0);
	*word = new;
}

int slots_set(struct map *map, const void *key, uint64_t word, uint64_t flags, uint64_t *old)
{
	struct map *hash = slots_of(map)->hash;
	const uint64_t *found = slots_find(map, key);
	uint64_t *to;

	*old = found ? *found : 0;
	if (hash)
		return settle(hash, hash->ops->update(hash, key, &word, flags, 0));
	to = word_at(map, key);
	if (!to)
		return -E2BIG;
	if (flags == MAP_EXIST && !found)
		return -ENOENT;
	if (flags == MAP_NOEXIST && found)
		return -EEXIST;
	put(map, to, word);
	return 0;
}

int slots_remove(struct map *map, const void *key, uint64_t *old)
{
	struct map *hash = slots_of(map)->hash;
	uint64_t *found = slots_find(map, key);

	if (!found)
		return -ENOENT;
	*old = *found;
	if (hash)
		return settle(hash, hash->ops->remove(hash, key));
	put(map, found, 0);
	return 0;
}

void slots_clear(struct map *map, uint64_t *word)
{
	put(map, word, 0);
}

void slots_each(struct map *map, void (*fn)(void *ctx, struct map *map, uint64_t *word), void *ctx)
{
	uint8_t key[VIRTIO_NET_XDP_KEY_MAX];
	struct slots *slots = slots_of(map);
	const void *before = NULL;

	for (uint32_t i = 0; !slots->hash && slots->count && i < map->attr.max_entries; i++)
		if (slots->by_index[i])
			fn(ctx, map, &slots->by_index[i]);
	for (; slots->hash && !slots_next(map, before, key); before = key)
		fn(ctx, map, slots_find(map, key));
}

static int next_index(struct map *map, const void *key, void *next)
{
	uint32_t index = 0;
	le32 wire;

	if (key && slots_find(map, key)) {
		mem_copy(&wire, key, sizeof(wire));
		index = le32_to_cpu(wire) + 1;
	}
	while (index < map->attr.max_entries && !slots_of(map)->by_index[index])
		index++;
	if (index == map->attr.max_entries)
		return -ENOENT;
	wire = cpu_to_le32(index);
	mem_copy(next, &wire, sizeof(wire));
	return 0;
}

int slots_next(struct map *map, const void *key, void *next)
{
	struct map *hash = slots_of(map)->hash;

	return hash ? hash->ops->next(hash, key, next) : next_index(map, key, next);
}

uint32_t slots_count(const struct map *map)
{
	const struct slots *slots = (const struct slots *)map;

	return slots->hash ? slots->hash->ops->count(slots->hash) : slots->count;
}

bool slots_owns(const struct map *map, const void *p, size_t bytes)
{
	const struct slots *slots = (const struct slots *)map;
	uintptr_t offset = (uintptr_t)p - (uintptr_t)slots->by_index;

	if (slots->hash)
		return slots->hash->ops->owns(slots->hash, p, bytes);
	if (offset / sizeof(*slots->by_index) >= map->attr.max_entries)
		return false;
	offset %= sizeof(*slots->by_index);
	return bytes <= map->attr.value_size && offset <= map->attr.value_size - bytes;
}
