/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARRAY and PERCPU_ARRAY: max_entries values, or as many for each receive queue, that all exist from the start, zero.
 * The key is a 32-bit little-endian index. Updates are in place, in units of 8 aligned bytes where the value has them.
 * Keys in rising order.
 */
#include "map/array.h"
#include "le.h"
#include "virtio_net_xdp.h"

#define ARRAY_FLAGS                                                                                                    \
	(VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG |                \
	 VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

extern const struct map_ops array_ops, percpu_array_ops;

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
	/* It asks for nothing: maps of maps take arrays of any size. */
	uint32_t inner = attr->type == VIRTIO_NET_XDP_MAP_ARRAY ? VIRTIO_NET_XDP_MAP_F_INNER_MAP : 0;
	uint16_t status = map_check_flags(attr, ARRAY_FLAGS | inner, detail); /* req: XO-159 */

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

static uint64_t percpu_array_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	uint64_t element = array_stride(attr) * num_queues;

	if (element > UINT32_MAX) /* what sizes on the virtqueue can count */
		return UINT64_MAX;
	return map_storage_bytes(sizeof(struct array), attr->max_entries, element, 0, 0);
}

static void array_init(struct map *map, uint32_t num_queues)
{
	(void)num_queues;
	array_of(map)->stride = array_stride(&map->attr);
	array_of(map)->queues = 1;
}

static void percpu_array_init(struct map *map, uint32_t num_queues)
{
	struct array *array = array_of(map);

	array->stride = array_stride(&map->attr);
	array->queue_stride = array->stride * map->attr.max_entries;
	array->queues = num_queues;
}

static uint32_t array_index(const void *key)
{
	le32 index;

	mem_copy(&index, key, sizeof(index));
	return le32_to_cpu(index);
}

/*
 * index if it is below count, else 0, without a branch that a processor could mispredict: what runs ahead of the check
 * stays in the array. The empty assembly keeps the compiler from knowing better.
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

static void *percpu_array_lookup(struct map *map, const void *key, uint32_t queue)
{
	uint8_t *value = array_lookup(map, key, queue);

	return value ? value + queue * array_of(map)->queue_stride : NULL; /* req: XO-176 */
}

/* Whether an update may happen. */
static int array_may_update(struct map *map, const void *key, uint64_t flags)
{
	if (flags > MAP_EXIST)
		return -EINVAL;
	if (array_index(key) >= map->attr.max_entries) /* req: XO-164 */
		return -E2BIG;
	return flags == MAP_NOEXIST ? -EEXIST : 0;
}

static int array_update(struct map *map, const void *key, const void *value, uint64_t flags, uint32_t queue)
{
	int err = array_may_update(map, key, flags);

	if (err)
		return err;
	/* req: XO-170 */
	/* a program may pass the element itself */
	mem_move(percpu_array_lookup(map, key, queue), value, map->attr.value_size);
	return 0;
}

static int percpu_array_wire_get(struct map *map, const void *key, void *wire)
{
	const struct array *array = array_of(map);
	const uint8_t *value = array_lookup(map, key, 0);

	if (!value)
		return -ENOENT;
	for (uint64_t queue = 0; queue < array->queues; queue++) /* req: XO-176 */
		mem_copy((uint8_t *)wire + queue * array->stride, value + queue * array->queue_stride, array->stride);
	return 0;
}

static int percpu_array_wire_set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	const struct array *array = array_of(map);
	int err = array_may_update(map, key, flags);
	uint8_t *value;

	if (err)
		return err;
	value = array_lookup(map, key, 0);
	for (uint64_t queue = 0; queue < array->queues; queue++) /* req: XO-176; the padding stays zero */
		mem_copy(value + queue * array->queue_stride, (const uint8_t *)wire + queue * array->stride,
			 map->attr.value_size);
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

	if (offset / array->stride >= map->attr.max_entries * array->queues)
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

const struct map_ops percpu_array_ops = {
	.check = array_check,
	.bytes = percpu_array_bytes,
	.init = percpu_array_init,
	.lookup = percpu_array_lookup,
	.update = array_update,
	.next = array_next,
	.count = array_count,
	.owns = array_owns,
	.wire_get = percpu_array_wire_get,
	.wire_set = percpu_array_wire_set,
};
