/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/store.h"
#include "maps.h"
#include "virtio_net_xdp_ext.h"

#define TYPE(name) VIRTIO_NET_XDP_MAP_##name

static const struct row {
	uint32_t type, key_min, key_max;
	uint32_t queues; /* values of an element with the 3 queues of this test */
} rows[] = {
	{TYPE(HASH), 1, 512, 1},       {TYPE(PERCPU_HASH), 1, 512, 3}, {TYPE(LRU_HASH), 1, 512, 1},
	{TYPE(LRU_PERCPU), 1, 512, 3}, {TYPE(LPM_TRIE), 5, 260, 1},
};

#define QUEUES 3

/* An element, with its share of everything that the map takes, costs at most 1.3 times key and values plus 32 bytes. */
Test(store, an_element_costs_little)
{
	static const uint32_t keys[] = {1, 2, 3, 4, 5, 6, 8, 12, 13, 16, 20, 40, 64, 260, 512};
	static const uint32_t values[] = {1, 2, 4, 7, 8, 12, 16, 31, 64, 100, 1024, 5000, 65536};
	static const uint32_t entries[] = {1000, 1024, 1025, 1500, 4096, 4097, 10240, 65537, 1000000};

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			for (size_t v = 0; v < ARRAY_SIZE(values); v++)
				for (size_t n = 0; n < ARRAY_SIZE(entries); n++) {
					struct map_attr attr = {.type = rows[r].type,
								.key_size = keys[k],
								.value_size = values[v],
								.max_entries = entries[n]};
					uint64_t value =
						rows[r].queues > 1 ? ALIGN_UP(values[v], 8) * QUEUES : values[v];
					uint64_t may = entries[n] * (32 + (keys[k] + value) * 13 / 10);
					uint64_t bytes;

					if (keys[k] < rows[r].key_min || keys[k] > rows[r].key_max)
						continue;
					/* a set of lengths does not grow with the elements */
					if (rows[r].type == TYPE(LPM_TRIE))
						may += (keys[k] - 4) * 8 * 4 + 512;
					if (may >> 33) /* a store's links end at 16 GiB */
						continue;
					bytes = map_ops_of(rows[r].type)->bytes(&attr, QUEUES);
					cr_expect_leq(bytes, may, "type %u: %u times %u and %u bytes: %lu", attr.type,
						      entries[n], keys[k], values[v], bytes);
					cr_expect_geq(bytes, entries[n] * (keys[k] + value), "type %u", attr.type);
				}
}

/* What is charged is what is used: ASan sees to it, for sizes at which parts of the memory meet. */
Test(store, memory_is_exactly_what_is_charged)
{
	static const uint32_t keys[] = {5, 6, 7, 8, 9, 16, 20};
	static const uint32_t values[] = {1, 3, 4, 7, 8, 9, 17};

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
				struct map *map = maps_new_queues(rows[r].type, keys[k], values[v], 33, 1, QUEUES);
				uint8_t key[20] = {0}, value[17];

				memset(value, 0xff, sizeof(value));
				for (uint32_t i = 0; i < 33 + 8; i++) { /* spare slots too */
					uint32_t n = i % 33;

					key[0] = rows[r].type == TYPE(LPM_TRIE) ? 8 : 0;
					key[4] = (uint8_t)n;
					cr_assert_eq(map->ops->update(map, key, value, 0, QUEUES - 1), 0,
						     "type %u, key %u, value %u, %u", rows[r].type, keys[k], values[v],
						     i);
					memset(map->ops->lookup(map, key, QUEUES - 1), (int)i, values[v]);
				}
				cr_assert_eq(map->ops->count(map), 33);
				maps_run_end(map);
				for (uint32_t n = 0; n < 33; n++) {
					const uint8_t *p;

					key[4] = (uint8_t)n;
					p = map->ops->lookup(map, key, QUEUES - 1);
					cr_assert(p && p[0] == (n < 8 ? n + 33 : n) && p[values[v] - 1] == p[0],
						  "type %u, key %u, value %u, %u", rows[r].type, keys[k], values[v], n);
					cr_assert_eq((uintptr_t)p % (values[v] >= 8 || rows[r].queues > 1 ? 8 : 4), 0);
				}
				free(map);
			}
}

/* Rows by their ids in the history of other implementations, for each type that has buckets. */
Test(store, CVE_2024_26885_CVE_2024_26883_sizes_that_no_map_has)
{
	static const struct {
		uint32_t key, value, entries;
	} sizes[] = {
		{8, 8, 0x80000001}, {8, 8, 0xffffffff},          {8, 0xffffffff, 0xffffffff},
		{8, 0xffffffff, 1}, {8, 0xfffffff9, 0x80000000}, {260, 0x7fffffff, 3},
	};

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct map_attr attr = {.type = rows[r].type,
						.key_size = sizes[i].key,
						.value_size = sizes[i].value,
						.max_entries = sizes[i].entries};
			unsigned __int128 least =
				(unsigned __int128)sizes[i].entries * (sizes[i].key + (uint64_t)sizes[i].value);
			uint64_t bytes = map_ops_of(rows[r].type)->bytes(&attr, 128);
			uint32_t detail;

			cr_assert_eq(map_ops_of(rows[r].type)->check(&attr, &detail), VIRTIO_NET_XDP_OK);
			cr_assert(bytes == UINT64_MAX || bytes > least, "type %u row %zu", rows[r].type, i);
		}
}

Test(store, keys_have_limits)
{
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct map_ops *ops = map_ops_of(rows[r].type);
		const struct {
			uint32_t key, value, entries;
			uint16_t status;
			uint32_t detail;
		} sizes[] = {
			{rows[r].key_min, 1, 1, VIRTIO_NET_XDP_OK, 0},
			{rows[r].key_max, 1, 1, VIRTIO_NET_XDP_OK, 0},
			{rows[r].key_min - 1, 1, 1, VIRTIO_NET_XDP_ERR_SIZE, rows[r].key_min},
			{rows[r].key_max + 1, 1, 1, VIRTIO_NET_XDP_ERR_SIZE, rows[r].key_max},
			{rows[r].key_min, 0, 1, VIRTIO_NET_XDP_ERR_SIZE, 1},
			{rows[r].key_min, 1, 0, VIRTIO_NET_XDP_ERR_SIZE, 1},
		};

		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct map_attr attr = {.type = rows[r].type,
						.key_size = sizes[i].key,
						.value_size = sizes[i].value,
						.max_entries = sizes[i].entries};
			uint32_t detail = 0;

			cr_assert_eq(ops->check(&attr, &detail), sizes[i].status, "type %u row %zu", attr.type, i);
			cr_assert_eq(detail, sizes[i].detail, "type %u row %zu", attr.type, i);
		}
	}
}

/* Flags as Linux has them where they mean something; the rest is named. */
Test(store, flags_by_type)
{
	static const struct {
		uint32_t type, permitted;
	} flags[] = {
		{TYPE(HASH), 0x1d9},       {TYPE(PERCPU_HASH), 0x1d9},  {TYPE(LRU_HASH), 0x1da},
		{TYPE(LRU_PERCPU), 0x1da}, {TYPE(LPM_TRIE), 0x199},     {TYPE(FIB), 0x019},
		{TYPE(ARRAY), 0x1198},      {TYPE(PERCPU_ARRAY), 0x198},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (uint32_t bit = 0; bit < 32; bit++) {
			bool array = flags[i].type == TYPE(ARRAY) || flags[i].type == TYPE(PERCPU_ARRAY);
			struct map_attr attr = {.type = flags[i].type,
						.key_size = array ? 4 : 8,
						.value_size = 40,
						.max_entries = 1,
						.flags = 1U << bit};
			bool may = flags[i].permitted >> bit & 1;
			uint32_t detail = 0;

			cr_assert_eq(map_ops_of(attr.type)->check(&attr, &detail),
				     may ? VIRTIO_NET_XDP_OK : VIRTIO_NET_XDP_ERR_FLAGS, "type %u bit %u", attr.type,
				     bit);
			cr_assert_eq(detail, may ? 0 : 1U << bit, "type %u bit %u", attr.type, bit);
		}
}

/* Through whatever ops a key's size picks, a key is found by all of its bytes and only by them. */
Test(store, every_size_of_key_finds_its_own)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40, 63, 64, 65};

	for (size_t r = 0; r < ARRAY_SIZE(rows) - 1; r++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct map *map = maps_new_queues(rows[r].type, sizes[i], 8, 100, 77, QUEUES);
			uint8_t key[66];
			uint64_t value;

			for (uint32_t byte = 0; byte < sizes[i]; byte++) {
				memset(key, 0x55, sizeof(key));
				key[byte] ^= 1;
				value = byte;
				cr_assert_eq(map->ops->update(map, key, &value, MAP_NOEXIST, 1), 0, "type %u size %u",
					     rows[r].type, sizes[i]);
			}
			for (uint32_t byte = 0; byte <= sizes[i]; byte++) {
				const uint64_t *p;

				memset(key, 0x55, sizeof(key));
				key[byte] ^= 1; /* with byte == size: behind the key */
				p = map->ops->lookup(map, key, 1);
				cr_assert(byte == sizes[i] ? !p : p && *p == byte, "type %u size %u byte %u",
					  rows[r].type, sizes[i], byte);
			}
			free(map);
		}
}

/* Which keys share a bucket depends on the seed. */
Test(store, buckets_depend_on_the_seed)
{
	enum { KEYS = 512, BUCKETS = 64 };
	struct map *one = maps_new(TYPE(HASH), 4, 8, BUCKETS, 1), *two = maps_new(TYPE(HASH), 4, 8, BUCKETS, 2);
	uint32_t together = 0, in_both = 0;

	for (uint32_t key = 0; key < KEYS; key++) {
		uint32_t zero = 0,
			 a = (store_hash(store_of(one), &key, 4) ^ store_hash(store_of(one), &zero, 4)) % BUCKETS;
		uint32_t b = (store_hash(store_of(two), &key, 4) ^ store_hash(store_of(two), &zero, 4)) % BUCKETS;

		together += !a;
		in_both += !a && !b;
	}
	cr_assert(together > 1 && together < 32, "%u of %u keys in one bucket of %u", together, KEYS, BUCKETS);
	cr_assert_lt(in_both, together);
	free(one);
	free(two);
}
