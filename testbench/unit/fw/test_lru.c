/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"
#include "virtio_net_xdp_ext.h"

static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_LRU_HASH, VIRTIO_NET_XDP_MAP_LRU_PERCPU};

/* What an element is to a command. */
static uint64_t peek(struct map *map, uint32_t key)
{
	uint64_t values[2] = {0};

	return map->ops->wire_get(map, &key, values) ? UINT64_MAX : values[0];
}

static bool there(struct map *map, uint32_t key)
{
	return peek(map, key) != UINT64_MAX;
}

/* Four elements, one way to use the oldest of them, and who goes when a fifth comes. */
Test(lru, what_counts_as_use)
{
	enum { NOTHING, LOOKUP, PEEK, UPDATE, REFUSED, NEXT, MISS };
	static const struct {
		const char *id;
		int use;
		uint32_t gone;
	} rows[] = {
		{"nothing", NOTHING, 1},
		{"a lookup by a program", LOOKUP, 2},
		{"a lookup by a command", PEEK, 1},
		{"an update", UPDATE, 2},
		{"an update that is refused", REFUSED, 1},
		{"a walk", NEXT, 1},
		{"a lookup of another key", MISS, 1},
	};

	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			struct map *map = maps_new_queues(types[t], 4, 8, 4, 5, 2);
			uint32_t key = 1, next;

			for (uint32_t k = 1; k <= 4; k++)
				cr_assert_eq(maps_set(map, k, k, 0), 0);
			if (rows[i].use == LOOKUP)
				cr_assert(maps_at(map, 1));
			if (rows[i].use == PEEK)
				cr_assert_eq(peek(map, 1), 1);
			if (rows[i].use == UPDATE)
				cr_assert_eq(maps_set(map, 1, 9, MAP_EXIST), 0);
			if (rows[i].use == REFUSED)
				cr_assert_eq(maps_set(map, 1, 9, MAP_NOEXIST), -EEXIST);
			if (rows[i].use == NEXT)
				cr_assert_eq(map->ops->next(map, &key, &next), 0);
			if (rows[i].use == MISS)
				cr_assert_null(maps_at(map, 7));
			cr_assert_eq(maps_set(map, 5, 5, MAP_EXIST), -ENOENT, "%s", rows[i].id);
			cr_assert_eq(map->ops->count(map), 4, "%s", rows[i].id);
			cr_assert_eq(maps_set(map, 5, 5, MAP_NOEXIST), 0, "%s", rows[i].id);
			cr_assert_eq(map->ops->count(map), 4, "%s", rows[i].id);
			for (uint32_t k = 1; k <= 5; k++)
				cr_assert_eq(there(map, k), k != rows[i].gone, "%s: %u", rows[i].id, k);
			free(map);
		}
}

Test(lru, one_element)
{
	struct map *map = maps_new(types[0], 4, 8, 1, 5);

	for (uint32_t k = 0; k < 100; k++) {
		cr_assert_eq(maps_set(map, k, k, MAP_NOEXIST), 0);
		cr_assert_eq(maps_get(map, k), k);
		cr_assert_not(k && there(map, k - 1));
		maps_run_end(map);
	}
	free(map);
}

/* req: XO-169: what a run looked up is good until it ends, whoever took its place. */
Test(lru, what_went_stays_until_the_run_ends)
{
	struct map *map = maps_new(types[0], 4, 8, 2, 5);
	uint64_t *held;

	maps_set(map, 1, 111, 0);
	maps_set(map, 2, 222, 0);
	held = maps_at(map, 1);
	for (uint32_t k = 3; k < 30; k++)
		cr_assert_eq(maps_set(map, k, 0, 0), 0, "%u", k);
	cr_assert_not(there(map, 1));
	cr_assert_eq(*held, 111);
	*held = 112;
	maps_run_end(map);
	cr_assert_eq(maps_get(map, 29), 0);
	cr_assert_eq(maps_get(map, 28), 0);
	free(map);
}

/* A run that takes more places than there are spare ones is told; the next one finds them all again. */
Test(lru, spare_slots_run_out_and_come_back)
{
	struct map *map = maps_new(types[0], 4, 8, 4, 5);
	uint32_t key = 0;

	while (key < 4)
		maps_set(map, key++, 0, 0);
	for (int run = 0; run < 3; run++) {
		uint32_t done = 0;

		while (maps_set(map, key, 0, 0) == 0) {
			key++;
			cr_assert_lt(++done, 100u);
		}
		cr_assert_eq(done, 32);
		cr_assert_eq(maps_set(map, key, 0, 0), -ENOMEM);
		cr_assert_eq(map->ops->count(map), 4, "a refused update takes nothing");
		for (uint32_t k = key - 4; k < key; k++)
			cr_assert(there(map, k));
		maps_run_end(map);
	}
	free(map);
}

/* Keys in the order of use, the oldest first, as a naive program keeps them. */
struct model {
	uint32_t keys[64], order[64], count; /* by use; by insertion */
	uint64_t values[256];
};

static uint32_t place(const uint32_t *keys, uint32_t count, uint32_t key)
{
	uint32_t i = 0;

	while (i < count && keys[i] != key)
		i++;
	return i;
}

static void erase(uint32_t *keys, uint32_t count, uint32_t key)
{
	uint32_t i = place(keys, count, key);

	memmove(&keys[i], &keys[i + 1], (count - i - 1) * sizeof(*keys));
}

static void use(struct model *m, uint32_t key)
{
	erase(m->keys, m->count, key);
	m->keys[m->count - 1] = key;
}

static void forget(struct model *m, uint32_t key)
{
	erase(m->keys, m->count, key);
	erase(m->order, m->count, key);
	m->count--;
}

static int model_set(struct model *m, uint32_t room, uint32_t key, uint64_t value, uint64_t flags)
{
	bool known = place(m->keys, m->count, key) < m->count;

	if (known ? flags == MAP_NOEXIST : flags == MAP_EXIST)
		return known ? -EEXIST : -ENOENT;
	if (!known && m->count == room)
		forget(m, m->keys[0]);
	if (!known) {
		m->keys[m->count] = m->order[m->count] = key;
		m->count++;
	}
	use(m, key);
	m->values[key] = value;
	return 0;
}

static void compare(struct map *map, const struct model *m, uint32_t step)
{
	uint32_t key, i = 0;
	int rc;

	cr_assert_eq(map->ops->count(map), m->count, "step %u", step);
	for (rc = map->ops->next(map, NULL, &key); !rc; rc = map->ops->next(map, &key, &key)) {
		cr_assert_lt(i, m->count, "step %u", step);
		cr_assert_eq(key, m->order[i++], "step %u", step);
		cr_assert_eq(peek(map, key), m->values[key], "step %u key %u", step, key);
	}
	cr_assert_eq(i, m->count, "step %u", step);
}

Test(lru, agrees_with_a_model)
{
	static const uint32_t rooms[] = {1, 2, 5, 16, 33};

	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t r = 0; r < ARRAY_SIZE(rooms); r++) {
			struct map *map = maps_new_queues(types[t], 4, 8, rooms[r], r, 2);
			struct model m = {0};
			uint32_t random = 1;

			for (uint32_t step = 0; step < 20000; step++) {
				uint32_t word = (random = random * 1664525 + 1013904223) >> 8;
				uint32_t key = word % (rooms[r] * 3 / 2 + 2), choice = word >> 16 & 7;
				bool known = place(m.keys, m.count, key) < m.count;

				if (choice < 3) {
					cr_assert_eq(maps_set(map, key, step, choice),
						     model_set(&m, rooms[r], key, step, choice), "step %u", step);
				} else if (choice < 6) {
					cr_assert_eq(maps_get(map, key), known ? m.values[key] : UINT64_MAX, "step %u",
						     step);
					if (known)
						use(&m, key);
				} else if (choice == 6) {
					cr_assert_eq(map->ops->remove(map, &key), known ? 0 : -ENOENT, "step %u", step);
					if (known)
						forget(&m, key);
				} else {
					cr_assert_eq(peek(map, key), known ? m.values[key] : UINT64_MAX, "step %u",
						     step);
				}
				if (step % 5 == 0)
					maps_run_end(map);
				if (step % 61 == 0)
					compare(map, &m, step);
			}
			free(map);
		}
}
