/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"

#define ARRAY_TYPE VIRTIO_NET_XDP_MAP_ARRAY

Test(array, has_all_elements_from_the_start)
{
	struct map *map = maps_new(ARRAY_TYPE, 4, 8, 3, 0);

	cr_assert_eq(map->ops->count(map), 3);
	cr_assert_eq(maps_get(map, 2), 0);
	cr_assert_null(maps_at(map, 3));
	cr_assert_null(maps_at(map, UINT32_MAX));
	cr_assert_eq(maps_set(map, 2, 77, MAP_ANY), 0);
	cr_assert_eq(maps_set(map, 1, 66, MAP_EXIST), 0);
	cr_assert_eq(maps_get(map, 2), 77);
	cr_assert_eq(maps_get(map, 1), 66);
	cr_assert_eq(maps_get(map, 0), 0);
	cr_assert_null(map->ops->remove);
	free(map);
}

Test(array, refusals_of_update_have_an_order)
{
	static const struct {
		uint64_t flags;
		uint32_t key;
		int expect;
	} rows[] = {
		{MAP_NOEXIST, 0, -EEXIST}, {MAP_ANY, 3, -E2BIG},     {MAP_NOEXIST, 3, -E2BIG},
		{MAP_EXIST, 3, -E2BIG},    {3, 0, -EINVAL},          {3, 3, -EINVAL},
		{1ULL << 32, 0, -EINVAL},  {UINT64_MAX, 0, -EINVAL}, {0, UINT32_MAX, -E2BIG},
	};
	struct map *map = maps_new(ARRAY_TYPE, 4, 8, 3, 0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_eq(maps_set(map, rows[i].key, 1, rows[i].flags), rows[i].expect, "row %zu", i);
	for (uint32_t k = 0; k < 3; k++)
		cr_assert_eq(maps_get(map, k), 0, "a refused update changes nothing");
	free(map);
}

Test(array, next_walks_the_indices)
{
	struct map *map = maps_new(ARRAY_TYPE, 4, 8, 3, 0);
	uint32_t key = 99, next;

	cr_assert_eq(map->ops->next(map, NULL, &next), 0);
	cr_assert_eq(next, 0);
	cr_assert_eq(map->ops->next(map, &key, &next), 0, "an index out of range: the first");
	cr_assert_eq(next, 0);
	for (key = 0; key < 2; key++) {
		cr_assert_eq(map->ops->next(map, &key, &next), 0);
		cr_assert_eq(next, key + 1);
	}
	cr_assert_eq(map->ops->next(map, &key, &next), -ENOENT);
	free(map);
}

Test(array, values_are_apart_and_aligned)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 7, 8, 9, 31, 100};

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct map *map = maps_new(ARRAY_TYPE, 4, sizes[s], 5, 0);
		uint8_t *last = NULL;

		for (uint32_t k = 0; k < 5; k++) {
			uint8_t *p = maps_at(map, k);

			cr_assert_eq((uintptr_t)p % 8, 0, "size %u", sizes[s]);
			cr_assert(!last || p >= last + sizes[s], "size %u", sizes[s]);
			memset(p, 0xff, sizes[s]);
			last = p;
		}
		free(map);
	}
}

Test(array, owns_values_and_nothing_between_them)
{
	struct map *map = maps_new(ARRAY_TYPE, 4, 12, 4, 0);
	const uint8_t *p = maps_at(map, 1);

	cr_assert(map->ops->owns(map, p, 12));
	cr_assert(map->ops->owns(map, p + 11, 1));
	cr_assert(map->ops->owns(map, p + 12, 0));
	cr_assert_not(map->ops->owns(map, p + 11, 2));
	cr_assert_not(map->ops->owns(map, p + 12, 1), "padding is no value");
	cr_assert_not(map->ops->owns(map, p, 13));
	cr_assert_not(map->ops->owns(map, p, SIZE_MAX));
	cr_assert_not(map->ops->owns(map, map, 1));
	cr_assert_not(map->ops->owns(map, (const uint8_t *)maps_at(map, 0) - 1, 1));
	cr_assert_not(map->ops->owns(map, (const uint8_t *)maps_at(map, 3) + 16, 1));
	free(map);
}

Test(array, value_addr_is_of_single_element_maps)
{
	struct map *one = maps_new(ARRAY_TYPE, 4, 12, 1, 0), *two = maps_new(ARRAY_TYPE, 4, 12, 2, 0);

	cr_assert_eq(one->ops->value_addr(one, 0), maps_at(one, 0));
	cr_assert_eq(one->ops->value_addr(one, 11), (uint8_t *)maps_at(one, 0) + 11);
	cr_assert_null(one->ops->value_addr(one, 12));
	cr_assert_null(one->ops->value_addr(one, UINT32_MAX));
	cr_assert_null(two->ops->value_addr(two, 0));
	free(one);
	free(two);
}

Test(array, an_element_can_be_its_own_new_value)
{
	struct map *map = maps_new(ARRAY_TYPE, 4, 8, 2, 0);
	uint32_t key = 1;

	maps_set(map, 1, 5, 0);
	cr_assert_eq(map->ops->update(map, &key, maps_at(map, 1), 0, 0), 0);
	cr_assert_eq(maps_get(map, 1), 5);
	free(map);
}

Test(array, check)
{
	static const struct {
		struct map_attr attr;
		uint16_t status;
		uint32_t detail;
	} rows[] = {
		{{.key_size = 4, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_OK, 0},
		{{.key_size = 3, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_ERR_SIZE, 4},
		{{.key_size = 8, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_ERR_SIZE, 4},
		{{.key_size = 4, .value_size = 0, .max_entries = 1}, VIRTIO_NET_XDP_ERR_SIZE, 1},
		{{.key_size = 4, .value_size = 1, .max_entries = 0}, VIRTIO_NET_XDP_ERR_SIZE, 1},
		{{.key_size = 0, .flags = 1}, VIRTIO_NET_XDP_ERR_FLAGS, 1},
		{{.key_size = 4, .value_size = 1, .max_entries = 1, .flags = 0x18}, VIRTIO_NET_XDP_ERR_FLAGS, 0x18},
		{{.key_size = 4, .value_size = 1, .max_entries = 1, .flags = 0x180}, VIRTIO_NET_XDP_ERR_FLAGS, 0x180},
		{{.key_size = 4, .value_size = 1, .max_entries = 1, .flags = 0x88}, VIRTIO_NET_XDP_OK, 0},
		{{.key_size = 4, .value_size = 1, .max_entries = 1, .flags = 0x80000040},
		 VIRTIO_NET_XDP_ERR_FLAGS,
		 0x80000040},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t detail = 0;

		cr_assert_eq(map_ops_of(ARRAY_TYPE)->check(&rows[i].attr, &detail), rows[i].status, "row %zu", i);
		cr_assert_eq(detail, rows[i].detail, "row %zu", i);
	}
}
