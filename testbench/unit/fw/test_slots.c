/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements that are words, by index and by key, against a list. */
#include "map/slots.h"
#include "maps.h"
#include "virtio_net_xdp_ext.h"

#define ENTRIES 6
#define KEYS    9

static void add(void *ctx, struct map *map, uint64_t *word)
{
	(void)map;
	*(uint64_t *)ctx += *word;
}

Test(slots, against_a_list)
{
	static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_XSKMAP, VIRTIO_NET_XDP_MAP_DEVMAP_HASH};

	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		struct map *map = maps_new(types[t], 4, 4, ENTRIES, 0);
		bool hashed = t == 1;
		uint64_t list[KEYS] = {0};
		uint32_t count = 0, random = 7;

		for (int step = 0; step < 5000; step++) {
			uint64_t old = UINT64_MAX, sum = 0, want = 0;
			uint32_t key, next, visited = 0;
			bool room;
			int result;

			random = random * 1664525 + 1013904223;
			key = (random >> 16) % KEYS;
			room = hashed ? list[key] || count < ENTRIES : key < ENTRIES;
			if (random >> 29 < 3) {
				result = slots_remove(map, &key, &old);
				cr_assert_eq(result, list[key] ? 0 : -ENOENT, "step %d", step);
				if (!result)
					cr_assert_eq(old, list[key]);
				count -= list[key] != 0;
				list[key] = 0;
			} else {
				uint64_t flags = (random >> 12) % 3, word = random | 1ULL << 40;
				int expect = !room                               ? -E2BIG
					     : flags == MAP_EXIST && !list[key]  ? -ENOENT
					     : flags == MAP_NOEXIST && list[key] ? -EEXIST
										 : 0;

				result = slots_set(map, &key, word, flags, &old);
				if (hashed && flags == MAP_EXIST && !list[key])
					expect = -ENOENT;
				cr_assert_eq(result, expect, "step %d: %d", step, result);
				if (!result) {
					cr_assert_eq(old, list[key], "step %d", step);
					count += !list[key];
					list[key] = word;
				}
			}
			cr_assert_eq(slots_count(map), count);
			for (key = 0; key < KEYS; key++) {
				const uint64_t *word = slots_find(map, &key);

				cr_assert_eq(word ? *word : 0, list[key], "step %d key %u", step, key);
				want += list[key];
				if (word) {
					cr_assert(slots_owns(map, word, 4));
					cr_assert_not(slots_owns(map, (const uint8_t *)word - 1, 4));
				}
			}
			slots_each(map, add, &sum);
			cr_assert_eq(sum, want);
			for (result = slots_next(map, NULL, &next); !result; visited++) {
				key = next;
				cr_assert(list[key]);
				result = slots_next(map, &key, &next);
			}
			cr_assert_eq(visited, count);
		}
		free(map);
	}
}
