/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"

#define HASH_TYPE VIRTIO_NET_XDP_MAP_HASH

Test(hash, update_has_three_kinds)
{
	static const struct {
		uint32_t key;
		uint64_t flags;
		int expect;
		uint32_t count;
	} rows[] = {
		{1, MAP_EXIST, -ENOENT, 0},  {1, MAP_NOEXIST, 0, 1},      {1, MAP_NOEXIST, -EEXIST, 1},
		{1, MAP_ANY, 0, 1},          {1, MAP_EXIST, 0, 1},        {2, MAP_ANY, 0, 2},
		{3, MAP_ANY, -E2BIG, 2},     {3, MAP_NOEXIST, -E2BIG, 2}, {3, MAP_EXIST, -ENOENT, 2},
		{1, MAP_ANY, 0, 2},          {1, MAP_EXIST, 0, 2},        {2, 3, -EINVAL, 2},
		{2, 1ULL << 32, -EINVAL, 2}, {2, 4, -EINVAL, 2},
	};
	struct map *map = maps_new(HASH_TYPE, 4, 8, 2, 0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert_eq(maps_set(map, rows[i].key, i, rows[i].flags), rows[i].expect, "row %zu", i);
		cr_assert_eq(map->ops->count(map), rows[i].count, "row %zu", i);
		maps_run_end(map);
	}
	cr_assert_eq(maps_get(map, 1), 10);
	cr_assert_eq(maps_get(map, 2), 5);
	cr_assert_null(maps_at(map, 3));
	free(map);
}

/* A pointer from a lookup stays a valid, unchanged element until the run ends, whatever happens to its key. */
Test(hash, old_elements_live_until_the_run_ends)
{
	struct map *map = maps_new(HASH_TYPE, 4, 8, 2, 0);
	uint64_t *old, *newer;
	uint32_t key = 1;

	maps_set(map, 1, 100, 0);
	old = maps_at(map, 1);
	cr_assert_eq(maps_set(map, 1, 200, 0), 0);
	newer = maps_at(map, 1);
	cr_assert_neq(old, newer, "replaced as a whole");
	cr_assert_eq(map->ops->remove(map, &key), 0);
	cr_assert_eq(maps_set(map, 2, 300, 0), 0);
	cr_assert_eq(maps_set(map, 1, 400, 0), 0);
	cr_assert_eq(*old, 100);
	cr_assert_eq(*newer, 200);
	cr_assert(map->run_end_wanted);
	maps_run_end(map);
	cr_assert_not(map->run_end_wanted);
	cr_assert_eq(maps_get(map, 1), 400);
	cr_assert_eq(maps_get(map, 2), 300);
	free(map);
}

/* Spare slots are bounded: one run that uses them up is told so; the next run finds them all again. */
Test(hash, spare_slots_run_out_and_come_back)
{
	static const struct {
		uint32_t value, spares;
	} rows[] = {{8, 64}, {1000, 64}, {2048, 31}, {60000, 8}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct map *map = maps_new(HASH_TYPE, 4, rows[i].value, 1, 0);
		void *value = calloc(1, rows[i].value);
		uint32_t key = 5;

		cr_assert_eq(map->ops->update(map, &key, value, 0, 0), 0);
		for (int run = 0; run < 3; run++) {
			uint32_t done = 0;

			while (map->ops->update(map, &key, value, 0, 0) == 0)
				cr_assert_lt(++done, 1000u);
			cr_assert_eq(done, rows[i].spares, "value of %u bytes", rows[i].value);
			cr_assert_eq(map->ops->update(map, &key, value, 0, 0), -ENOMEM);
			cr_assert(maps_at(map, key));
			maps_run_end(map);
		}
		free(value);
		free(map);
	}
}

static size_t walk(struct map *map, uint32_t *keys, size_t room)
{
	size_t n = 0;
	int rc = map->ops->next(map, NULL, &keys[0]);

	while (rc == 0 && ++n < room)
		rc = map->ops->next(map, &keys[n - 1], &keys[n]);
	return n;
}

Test(hash, next_walks_in_order_of_insertion_whatever_the_seed)
{
	for (uint64_t seed = 0; seed < 5; seed++) {
		struct map *map = maps_new(HASH_TYPE, 4, 8, 100, seed * 0x123456789abcdef);
		uint32_t keys[101], key = 14;

		for (uint32_t i = 0; i < 100; i++)
			maps_set(map, i * 7 % 101, i, 0);
		maps_set(map, 7, 1000, 0);
		map->ops->remove(map, &key);
		maps_run_end(map);
		cr_assert_eq(walk(map, keys, 101), 99);
		for (uint32_t i = 0; i < 99; i++)
			cr_assert_eq(keys[i], (i < 2 ? i : i + 1) * 7 % 101, "seed %lu key %u", seed, i);
		free(map);
	}
}

Test(hash, syz_nextkey_of_empty_missing_and_deleted_keys)
{
	struct map *map = maps_new(HASH_TYPE, 4, 8, 4, 0);
	uint32_t key = 5, next = 0;

	cr_assert_eq(map->ops->next(map, NULL, &next), -ENOENT);
	cr_assert_eq(map->ops->next(map, &key, &next), -ENOENT);
	maps_set(map, 1, 1, 0);
	maps_set(map, 2, 2, 0);
	cr_assert_eq(map->ops->next(map, &key, &next), 0);
	cr_assert_eq(next, 1, "a key that is not there: the first");
	key = 2;
	cr_assert_eq(map->ops->next(map, &key, &next), -ENOENT);
	map->ops->remove(map, &key);
	cr_assert_eq(map->ops->next(map, &key, &next), 0);
	cr_assert_eq(next, 1);
	key = 1;
	map->ops->remove(map, &key);
	cr_assert_eq(map->ops->next(map, &key, &next), -ENOENT);
	cr_assert_eq(map->ops->remove(map, &key), -ENOENT);
	free(map);
}

Test(hash, keys_of_every_size)
{
	for (uint32_t bytes = 1; bytes <= 512; bytes += bytes < 40 ? 1 : 59) {
		struct map *map = maps_new(HASH_TYPE, bytes, 8, 64, 3);
		uint8_t key[512];
		uint64_t i;

		/* each byte of the key counts */
		for (i = 0; i < 64 && i < bytes; i++) {
			memset(key, 0, sizeof(key));
			key[bytes - 1 - i] = 1;
			cr_assert_eq(map->ops->update(map, key, &i, MAP_NOEXIST, 0), 0, "%u bytes, byte %lu", bytes, i);
		}
		for (i = 0; i < 64 && i < bytes; i++) {
			uint64_t *p;

			memset(key, 0, sizeof(key));
			key[bytes - 1 - i] = 1;
			p = map->ops->lookup(map, key, 0);
			cr_assert(p && *p == i, "%u bytes, byte %lu", bytes, i);
			cr_assert_eq((uintptr_t)p % 8, 0);
		}
		free(map);
	}
}

/* Ways for chains and order to part: a long mixed history against a plain model. */
Test(hash, CVE_2021_38166_agrees_with_a_model)
{
	enum { KEYS = 48, ROOM = 32 };
	struct map *map = maps_new(HASH_TYPE, 4, 8, ROOM, 9);
	uint64_t model[KEYS], values = 0;
	uint32_t order[KEYS], count = 0, keys[KEYS + 1];
	uint32_t random = 7;

	memset(model, 0xff, sizeof(model));
	for (int step = 0; step < 50000; step++) {
		uint32_t key = (random = random * 1664525 + 1013904223) >> 16;
		uint32_t choice = key >> 12 & 3;
		bool there;
		int rc;

		key %= KEYS;
		there = model[key] != UINT64_MAX;
		if (choice < 3) {
			int expect = there                 ? (choice == MAP_NOEXIST ? -EEXIST : 0)
				     : choice == MAP_EXIST ? -ENOENT
				     : count == ROOM       ? -E2BIG
							   : 0;

			rc = maps_set(map, key, ++values, choice);
			cr_assert_eq(rc, expect, "step %d", step);
			if (!rc && !there)
				order[count++] = key;
			if (!rc)
				model[key] = values;
		} else {
			rc = map->ops->remove(map, &key);
			cr_assert_eq(rc, there ? 0 : -ENOENT, "step %d", step);
			for (uint32_t i = 0, to = 0; there && i < count; i++)
				if (order[i] != key)
					order[to++] = order[i];
			count -= there;
			model[key] = UINT64_MAX;
		}
		if (step % 7 == 0)
			maps_run_end(map);
		cr_assert_eq(map->ops->count(map), count, "step %d", step);
		cr_assert_eq(maps_get(map, key), model[key], "step %d", step);
		if (step % 50 == 0) {
			cr_assert_eq(walk(map, keys, KEYS), count, "step %d", step);
			cr_assert_eq(memcmp(keys, order, count * 4), 0, "step %d", step);
			for (key = 0; key < KEYS; key++)
				cr_assert_eq(maps_get(map, key), model[key], "step %d", step);
		}
	}
	free(map);
}

/* Chains stay short for keys that differ in few bits, as addresses and ports do. */
Test(hash, spreads_keys, .timeout = 20)
{
	static const struct {
		uint32_t bytes, at;
		uint64_t step;
	} rows[] = {{4, 0, 1}, {4, 0, 1 << 8}, {4, 0, 1 << 16}, {8, 0, 1},
		    {8, 4, 1}, {16, 0, 1},     {16, 12, 256},   {40, 36, 1}};
	enum { N = 16384 };

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct map *map = maps_new(HASH_TYPE, rows[r].bytes, 8, N, 1);
		uint8_t key[64] = {0};
		uint64_t value = 0;

		/* with all keys in one bucket this would be 134 million steps a round, and show as a time-out */
		for (int round = 0; round < 4; round++) {
			for (uint32_t i = 0; i < N; i++) {
				uint32_t word = (uint32_t)(i * rows[r].step);

				memcpy(key + rows[r].at, &word, 4);
				cr_assert_eq(map->ops->update(map, key, &value, 0, 0), 0);
				maps_run_end(map);
			}
		}
		free(map);
	}
}

Test(hash, owns_values_and_no_keys)
{
	struct map *map = maps_new(HASH_TYPE, 4, 12, 4, 0);
	const uint8_t *p;
	uint8_t value[12] = {0};
	uint32_t key = 1;

	map->ops->update(map, &key, value, 0, 0);
	p = maps_at(map, 1);
	cr_assert(map->ops->owns(map, p, 12));
	cr_assert(map->ops->owns(map, p + 8, 4));
	cr_assert_not(map->ops->owns(map, p + 8, 5));
	cr_assert_not(map->ops->owns(map, p, 13));
	cr_assert_not(map->ops->owns(map, p + 12, 1));
	cr_assert_not(map->ops->owns(map, p - 1, 1));
	cr_assert_not(map->ops->owns(map, p, SIZE_MAX));
	cr_assert_not(map->ops->owns(map, map, 8));
	cr_assert_not(map->ops->owns(map, (const uint8_t *)map + map->bytes, 1));
	cr_assert_null(map->ops->value_addr);
	free(map);
}

Test(hash, check)
{
	static const struct {
		struct map_attr attr;
		uint16_t status;
		uint32_t detail;
	} rows[] = {
		{{.key_size = 1, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_OK, 0},
		{{.key_size = 512, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_OK, 0},
		{{.key_size = 513, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_ERR_SIZE, 512},
		{{.key_size = 0, .value_size = 1, .max_entries = 1}, VIRTIO_NET_XDP_ERR_SIZE, 1},
		{{.key_size = 4, .value_size = 0, .max_entries = 1}, VIRTIO_NET_XDP_ERR_SIZE, 1},
		{{.key_size = 4, .value_size = 1, .max_entries = 0}, VIRTIO_NET_XDP_ERR_SIZE, 1},
		{{.key_size = 4, .value_size = 1, .max_entries = 1, .flags = 0x41}, VIRTIO_NET_XDP_OK, 0},
		{{.key_size = 0, .flags = 0x22}, VIRTIO_NET_XDP_ERR_FLAGS, 0x22},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t detail = 0;

		cr_assert_eq(map_ops_of(HASH_TYPE)->check(&rows[i].attr, &detail), rows[i].status, "row %zu", i);
		cr_assert_eq(detail, rows[i].detail, "row %zu", i);
	}
}
