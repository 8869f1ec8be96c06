/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARRAY: max_entries values that all exist from the start, zero. The key is a 32-bit little-endian index. Updates are
 * in place, in units of 8 aligned bytes where the value has them. Keys in rising order.
 */
#include "le.h"
#include "map/map.h"
#include "virtio_net_xdp.h"

#define ARRAY_FLAGS                                                                                                    \
	(VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG |                \
	 VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

struct array {
	struct map map;
	uint64_t stride; /* bytes from value to value */
	uint64_t values[];
};

extern const struct map_ops array_ops;

static struct array *array_of(struct map *map)
{
	return (struct array *)map;
}

static uint64_t array_stride(const struct map_attr *attr)
{
	return ALIGN_UP((uint64_t)attr->value_size, 8);
}

static uint16_t array_check(const struct map_attr *attr, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, ARRAY_FLAGS, detail); /* req: XO-159 */

	if (status)
		return status;
	if (attr->key_size != sizeof(le32)) { /* req: XO-160 */
		*detail = sizeof(le32);
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	if (!attr->value_size || !attr->max_entries) { /* req: XO-162 */
		*detail = 1;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	return VIRTIO_NET_XDP_OK;
}

static uint64_t array_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)num_queues;
	return map_storage_bytes(sizeof(struct array), attr->max_entries, array_stride(attr), 0, 0);
}

static void array_init(struct map *map, uint32_t num_queues)
{
	(void)num_queues;
	array_of(map)->stride = array_stride(&map->attr);
}

static uint32_t array_index(const void *key)
{
	le32 index;

	mem_copy(&index, key, sizeof(index));
	return le32_to_cpu(index);
}

/*
 * index if it is below count, else 0, without a branch that a processor could mispredict: what runs ahead of the check stays
 * in the array. The empty assembly keeps the compiler from knowing better.
 */
static uint64_t array_clamp(uint64_t index, uint64_t count)
{
	uint64_t below = index - count;

	__asm__("" : "+r"(below));
	return index & (0 - (below >> 63));
}

static void *array_lookup(struct map *map, const void *key, uint32_t queue)
{
	uint32_t index = array_index(key);

	(void)queue;
	if (index >= map->attr.max_entries)
		return NULL;
	/* req: XO-163, XO-230 */
	return (uint8_t *)array_of(map)->values + array_clamp(index, map->attr.max_entries) * array_of(map)->stride;
}

static int array_update(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue)
{
	uint8_t *to = array_lookup(map, key, queue);

	if (flags > MAP_EXIST)
		return -EINVAL;
	if (!to) /* req: XO-164 */
		return -E2BIG;
	if (flags == MAP_NOEXIST)
		return -EEXIST;
	/* req: XO-170 */
	mem_move(to, value, map->attr.value_size); /* a program may pass the element itself */
	return 0;
}

static int array_next(struct map *map, const void *key, void *next)
{
	uint32_t index = key ? array_index(key) : UINT32_MAX;
	le32 found;

	/* req: XO-091, XO-092, XO-166 */
	if (index >= map->attr.max_entries)
		index = 0;
	else if (index + 1 < map->attr.max_entries)
		index++;
	else
		return -ENOENT;
	found = cpu_to_le32(index);
	mem_copy(next, &found, sizeof(found));
	return 0;
}

static uint32_t array_count(const struct map *map)
{
	return map->attr.max_entries;
}

static void *array_value_addr(struct map *map, uint32_t offset)
{
	if (map->attr.max_entries != 1 || offset >= map->attr.value_size)
		return NULL;
	return (uint8_t *)array_of(map)->values + offset;
}

static bool array_owns(const struct map *map, const void *p, size_t bytes)
{
	const struct array *array = (const struct array *)map;
	uintptr_t offset = (uintptr_t)p - (uintptr_t)array->values;

	if (offset / array->stride >= map->attr.max_entries)
		return false;
	offset %= array->stride;
	return bytes <= map->attr.value_size && offset <= map->attr.value_size - bytes;
}

const struct map_ops array_ops = {
	.check = array_check,
	.bytes = array_bytes,
	.init = array_init,
	.lookup = array_lookup,
	.update = array_update,
	.next = array_next,
	.count = array_count,
	.value_addr = array_value_addr,
	.owns = array_owns,
};
