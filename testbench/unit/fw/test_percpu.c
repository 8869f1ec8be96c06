/* SPDX-License-Identifier: BSD-2-Clause */
/* Types with one value per receive queue. */
#include "maps.h"
#include "virtio_net_xdp_ext.h"

#define QUEUES 3

static const uint32_t hashes[] = {VIRTIO_NET_XDP_MAP_PERCPU_HASH, VIRTIO_NET_XDP_MAP_LRU_PERCPU};

static const uint32_t all[] = {VIRTIO_NET_XDP_MAP_PERCPU_HASH, VIRTIO_NET_XDP_MAP_LRU_PERCPU,
			       VIRTIO_NET_XDP_MAP_PERCPU_ARRAY};

static uint64_t at(struct map *map, uint32_t key, uint32_t queue)
{
	const uint64_t *value = map->ops->lookup(map, &key, queue);

	return value ? *value : UINT64_MAX;
}

/* A run makes an element that is zero for the other queues, and sees its own value; commands see all. */
Test(percpu, runs_see_their_queue_and_commands_all)
{
	for (size_t t = 0; t < ARRAY_SIZE(all); t++) {
		struct map *map = maps_new_queues(all[t], 4, 8, 4, 1, QUEUES);
		uint32_t key = 2;
		uint64_t wire[QUEUES], value = 100;

		cr_assert_eq(map->ops->update(map, &key, &value, 0, 1), 0, "type %u", all[t]);
		for (uint32_t queue = 0; queue < QUEUES; queue++)
			cr_assert_eq(at(map, key, queue), queue == 1 ? 100 : 0, "type %u queue %u", all[t], queue);
		value = 300;
		cr_assert_eq(map->ops->update(map, &key, &value, MAP_EXIST, 2), 0);
		cr_assert_eq(map->ops->wire_get(map, &key, wire), 0);
		cr_assert(wire[0] == 0 && wire[1] == 100 && wire[2] == 300, "type %u", all[t]);
		for (uint32_t queue = 0; queue < QUEUES; queue++)
			wire[queue] = 7 + queue;
		cr_assert_eq(map->ops->wire_set(map, &key, wire, MAP_EXIST), 0);
		for (uint32_t queue = 0; queue < QUEUES; queue++)
			cr_assert_eq(at(map, key, queue), 7 + queue, "type %u queue %u", all[t], queue);
		++*(uint64_t *)map->ops->lookup(map, &key, 2);
		cr_assert_eq(map->ops->wire_get(map, &key, wire), 0);
		cr_assert(wire[0] == 7 && wire[1] == 8 && wire[2] == 10, "type %u", all[t]);
		maps_run_end(map);
		free(map);
	}
}

/* Values that are no multiple of 8 bytes are padded with zeros, whatever was written there. */
Test(percpu, padding_is_zero)
{
	for (size_t t = 0; t < ARRAY_SIZE(all); t++) {
		struct map *map = maps_new_queues(all[t], 4, 5, 4, 1, QUEUES);
		uint8_t wire[QUEUES * 8], value[5];
		uint32_t key = 1;

		for (int round = 0; round < 80; round++) { /* also of slots that were in use before */
			memset(wire, 0xff, sizeof(wire));
			memset(value, 0x11, sizeof(value));
			if (round % 2)
				cr_assert_eq(map->ops->wire_set(map, &key, wire, 0), 0);
			else
				cr_assert_eq(map->ops->update(map, &key, value, 0, 0), 0);
			memset(wire, 0xee, sizeof(wire));
			cr_assert_eq(map->ops->wire_get(map, &key, wire), 0);
			for (size_t i = 0; i < sizeof(wire); i++)
				cr_assert(i % 8 < 5 || !wire[i], "type %u byte %zu", all[t], i);
			cr_assert_eq(wire[1], round % 2 ? 0xff : 0x11);
			maps_run_end(map);
		}
		free(map);
	}
}

Test(percpu, refusals_are_those_of_hash_and_array)
{
	struct map *array = maps_new_queues(VIRTIO_NET_XDP_MAP_PERCPU_ARRAY, 4, 8, 2, 1, QUEUES);
	uint64_t wire[QUEUES] = {0};
	uint32_t key = 2;

	cr_assert_eq(array->ops->wire_get(array, &key, wire), -ENOENT);
	cr_assert_eq(array->ops->wire_set(array, &key, wire, 0), -E2BIG);
	cr_assert_eq(array->ops->wire_set(array, &key, wire, 3), -EINVAL);
	cr_assert_eq(array->ops->update(array, &key, wire, 0, 1), -E2BIG);
	cr_assert_null(array->ops->lookup(array, &key, 1));
	key = 1;
	cr_assert_eq(array->ops->wire_set(array, &key, wire, MAP_NOEXIST), -EEXIST);
	cr_assert_null(array->ops->remove);
	cr_assert_null(array->ops->value_addr);
	free(array);

	for (size_t t = 0; t < ARRAY_SIZE(hashes); t++) {
		struct map *map = maps_new_queues(hashes[t], 4, 8, 1, 1, QUEUES);
		bool lru = hashes[t] == VIRTIO_NET_XDP_MAP_LRU_PERCPU;

		cr_assert_eq(map->ops->wire_get(map, &key, wire), -ENOENT);
		cr_assert_eq(map->ops->wire_set(map, &key, wire, MAP_EXIST), -ENOENT);
		cr_assert_eq(map->ops->wire_set(map, &key, wire, MAP_NOEXIST), 0);
		cr_assert_eq(map->ops->wire_set(map, &key, wire, MAP_NOEXIST), -EEXIST);
		cr_assert_eq(map->ops->update(map, &key, wire, MAP_NOEXIST, 2), -EEXIST);
		key = 9;
		cr_assert_eq(map->ops->wire_set(map, &key, wire, 0), lru ? 0 : -E2BIG, "type %u", hashes[t]);
		cr_assert_eq(map->ops->count(map), 1);
		key = 1;
		free(map);
	}
}

/* A replaced element is as it was to whoever holds it, for each queue. */
Test(percpu, old_elements_live_until_the_run_ends)
{
	for (size_t t = 0; t < ARRAY_SIZE(hashes); t++) {
		struct map *map = maps_new_queues(hashes[t], 4, 8, 2, 1, QUEUES);
		uint64_t value = 1, wire[QUEUES] = {4, 5, 6}, *held;
		uint32_t key = 3;

		map->ops->update(map, &key, &value, 0, 1);
		held = map->ops->lookup(map, &key, 1);
		cr_assert_eq(map->ops->wire_set(map, &key, wire, 0), 0);
		cr_assert_eq(*held, 1);
		cr_assert_eq(at(map, key, 1), 5);
		cr_assert_eq(map->ops->remove(map, &key), 0);
		cr_assert_eq(*held, 1);
		maps_run_end(map);
		free(map);
	}
}

Test(percpu, owns_values_and_nothing_between_them)
{
	for (size_t t = 0; t < ARRAY_SIZE(all); t++) {
		struct map *map = maps_new_queues(all[t], 4, 12, 2, 1, QUEUES);
		uint8_t value[12] = {0}, *p;
		uint32_t key = 1;

		map->ops->update(map, &key, value, 0, 0);
		for (uint32_t queue = 0; queue < QUEUES; queue++) {
			p = map->ops->lookup(map, &key, queue);
			cr_assert(map->ops->owns(map, p, 12), "type %u queue %u", all[t], queue);
			cr_assert(map->ops->owns(map, p + 11, 1));
			cr_assert_not(map->ops->owns(map, p + 11, 2));
			cr_assert_not(map->ops->owns(map, p + 12, 1), "padding is no value");
			cr_assert_not(map->ops->owns(map, p, 13));
		}
		cr_assert_not(map->ops->owns(map, p + 16, 1), "type %u: behind the last queue's", all[t]);
		cr_assert_not(map->ops->owns(map, map, 1));
		free(map);
	}
}

/* Elements of more bytes than a command can tell are refused when their memory is asked for. */
Test(percpu, CVE_2016_4794_bytes_of_all_queues)
{
	static const uint32_t queues[] = {1, 3, 64, 65535};
	static const uint32_t sizes[] = {1, 8, 65537, 0x7fffffff, 0xfffffff8, 0xffffffff};

	for (size_t t = 0; t < ARRAY_SIZE(all); t++)
		for (size_t q = 0; q < ARRAY_SIZE(queues); q++)
			for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
				struct map_attr attr = {
					.type = all[t], .key_size = 4, .value_size = sizes[s], .max_entries = 1000};
				unsigned __int128 element =
					(unsigned __int128)ALIGN_UP((uint64_t)sizes[s], 8) * queues[q];
				uint64_t bytes = map_ops_of(all[t])->bytes(&attr, queues[q]);

				cr_assert_eq(bytes == UINT64_MAX,
					     element * 1000 >> 34 != 0 && (element > UINT32_MAX || t < 2),
					     "type %u: %u queues of %u bytes: %lu", all[t], queues[q], sizes[s], bytes);
				cr_assert(bytes == UINT64_MAX || bytes > element * 1000);
			}
}
