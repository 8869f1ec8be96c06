/* SPDX-License-Identifier: BSD-2-Clause */
#include "core.h"
#include "map/types.h"

#define MAP_TYPE(id, name, ops, flags) extern const struct map_ops ops;
#include "map/types.def"
#undef MAP_TYPE

static const struct map_row {
	const char *name;
	const struct map_ops *ops;
} map_rows[] = {
#define MAP_TYPE(id, type_name, type_ops, type_flags) [VIRTIO_NET_XDP_MAP_##id] = {.name = type_name, .ops = &type_ops},
#include "map/types.def"
#undef MAP_TYPE
};

_Static_assert(ARRAY_SIZE(map_rows) <= 64, "caps.map_types has 64 bits");

const struct map_ops *map_ops_of(uint32_t type)
{
	return type < ARRAY_SIZE(map_rows) ? map_rows[type].ops : NULL;
}

const char *map_type_name(uint32_t type)
{
	return type < ARRAY_SIZE(map_rows) ? map_rows[type].name : NULL;
}

uint64_t map_types_all(void)
{
	uint64_t bits = 0;

	for (uint32_t type = 0; type < ARRAY_SIZE(map_rows); type++)
		if (map_rows[type].ops)
			bits |= 1ULL << type;
	return bits;
}

static uint64_t round8(uint64_t x)
{
	return x > UINT64_MAX - 7 ? UINT64_MAX : ALIGN_UP(x, 8);
}

uint64_t map_storage_bytes(uint64_t fixed, uint64_t entries, uint64_t each, uint64_t buckets, uint64_t bucket)
{
	uint64_t values, heads, sum;

	if (__builtin_mul_overflow(entries, each, &values) || __builtin_mul_overflow(buckets, bucket, &heads))
		return UINT64_MAX;
	if (__builtin_add_overflow(round8(fixed), round8(values), &sum) ||
	    __builtin_add_overflow(sum, round8(heads), &sum))
		return UINT64_MAX;
	return sum;
}

uint16_t map_check_flags(const struct map_attr *attr, uint32_t known, uint32_t *detail)
{
	static const uint32_t both[] = {
		VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY,
		VIRTIO_NET_XDP_MAP_F_RDONLY_PROG | VIRTIO_NET_XDP_MAP_F_WRONLY_PROG,
	};

	*detail = attr->flags & ~known;
	if (*detail) /* req: XO-159 */
		return VIRTIO_NET_XDP_ERR_FLAGS;
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		if ((attr->flags & both[i]) == both[i]) { /* req: XO-159 */
			*detail = both[i];
			return VIRTIO_NET_XDP_ERR_FLAGS;
		}
	}
	return VIRTIO_NET_XDP_OK;
}

void map_want_run_end(struct map *map)
{
	if (map->run_end_wanted)
		return;
	map->run_end_wanted = true;
	if (!map->fw)
		return;
	map->run_end_next = map->fw->run_end;
	map->fw->run_end = map;
}

void map_run_ended(struct fw *fw)
{
	struct map *map = fw->run_end, *next;

	fw->run_end = NULL;
	for (; map; map = next) {
		next = map->run_end_next;
		map->run_end_next = NULL;
		map->ops->run_end(map);
	}
}

uint32_t map_wire_value_bytes(const struct map *map, uint32_t num_queues)
{
	/* map_ops.bytes has seen to it that this fits */
	if (MAP_TYPES_PER_QUEUE >> map->attr.type & 1)
		return ALIGN_UP(map->attr.value_size, 8) * num_queues; /* req: XO-176 */
	return map->attr.value_size;
}

bool map_cmd_can_read(const struct map *map)
{
	return !(map->attr.flags & VIRTIO_NET_XDP_MAP_F_WRONLY); /* req: XO-083 */
}

bool map_cmd_can_write(const struct map *map)
{
	return !map->frozen && !(map->attr.flags & VIRTIO_NET_XDP_MAP_F_RDONLY); /* req: XO-084, XO-097 */
}

bool map_prog_can_read(const struct map_attr *attr)
{
	return !(attr->flags & VIRTIO_NET_XDP_MAP_F_WRONLY_PROG); /* req: XO-175 */
}

/* What programs can look up and not update, they can read only. */
bool map_prog_can_write(const struct map_attr *attr)
{
	bool read_only = attr->type < 64 && (MAP_TYPES_LOOKUP & ~MAP_TYPES_UPDATE) >> attr->type & 1;

	return !read_only && !(attr->flags & VIRTIO_NET_XDP_MAP_F_RDONLY_PROG); /* req: XO-099, XO-174 */
}
