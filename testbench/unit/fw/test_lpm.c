/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"
#include "core.h"
#include "map/lpm.h"
#include "maps.h"
#include "virtio_net_xdp_ext.h"

#define LPM VIRTIO_NET_XDP_MAP_LPM_TRIE
#define FIB VIRTIO_NET_XDP_MAP_FIB

struct prefix {
	uint32_t bits;
	uint8_t data[256];
};

/* "10.1.0.0/16"; data beyond four bytes is zero. */
static struct prefix prefix(const char *text)
{
	struct prefix p = {0};
	unsigned a, b, c, d;

	cr_assert_eq(sscanf(text, "%u.%u.%u.%u/%u", &a, &b, &c, &d, &p.bits), 5, "%s", text);
	memcpy(p.data, (uint8_t[]){(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}, 4);
	return p;
}

static int add(struct map *map, const char *text, uint64_t value, uint64_t flags)
{
	struct prefix p = prefix(text);

	return map->ops->update(map, &p, &value, flags, 0);
}

static uint64_t find(struct map *map, const char *text)
{
	struct prefix p = prefix(text);
	const uint64_t *value = map->ops->lookup(map, &p, 0);

	return value ? *value : UINT64_MAX;
}

/* With data of 4 bytes and of others, which have code of their own. */
Test(lpm, longest_match)
{
	static const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{"10.1.2.3/32", 4},    {"10.1.2.4/32", 3},          {"10.1.3.1/32", 2},
		{"10.2.0.0/32", 1},    {"11.0.0.0/32", 0},          {"10.1.2.3/31", 3},
		{"10.1.2.3/24", 3},    {"10.1.2.3/23", 2},          {"10.1.2.3/16", 2},
		{"10.1.2.3/15", 1},    {"10.1.2.3/8", 1},           {"10.1.2.3/7", 0},
		{"10.1.2.3/0", 0},     {"192.168.1.129/32", 6},     {"192.168.1.127/32", 5},
		{"192.168.0.1/32", 0}, {"10.1.2.3/33", UINT64_MAX}, {"10.1.2.3/4294967295", UINT64_MAX},
	};
	static const uint32_t sizes[] = {8, 20, 7 + 1 + 4, 260};

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct map *map = maps_new(LPM, sizes[s], 8, 16, 3);

		cr_assert_eq(find(map, "10.1.2.3/32"), UINT64_MAX, "an empty map");
		cr_assert_eq(add(map, "0.0.0.0/0", 0, 0), 0);
		cr_assert_eq(add(map, "10.0.0.0/8", 1, 0), 0);
		cr_assert_eq(add(map, "10.1.255.255/16", 2, 0), 0, "what is behind the prefix means nothing");
		cr_assert_eq(add(map, "10.1.2.0/24", 3, 0), 0);
		cr_assert_eq(add(map, "10.1.2.3/32", 4, 0), 0);
		cr_assert_eq(add(map, "192.168.1.0/25", 5, 0), 0);
		cr_assert_eq(add(map, "192.168.1.128/25", 6, 0), 0);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			bool longer = sizes[s] > 8 && prefix(rows[i].key).bits == 33;

			cr_assert_eq(find(map, rows[i].key), longer ? 4 : rows[i].value, "%u bytes: %s", sizes[s],
				     rows[i].key);
		}
		cr_assert_eq(map->ops->count(map), 7);
		free(map);
	}
}

Test(lpm, exact_prefixes_are_updated_and_removed)
{
	struct map *map = maps_new(LPM, 8, 8, 2, 3);
	struct prefix p, next;

	cr_assert_eq(add(map, "10.0.0.0/8", 1, MAP_EXIST), -ENOENT);
	cr_assert_eq(add(map, "10.0.0.0/8", 1, MAP_NOEXIST), 0);
	cr_assert_eq(add(map, "10.1.2.3/8", 2, MAP_NOEXIST), -EEXIST, "the same prefix");
	cr_assert_eq(add(map, "10.0.0.0/9", 3, MAP_EXIST), -ENOENT, "another one");
	cr_assert_eq(add(map, "10.0.0.0/9", 3, 0), 0);
	cr_assert_eq(add(map, "10.0.0.0/10", 3, 0), -E2BIG);
	cr_assert_eq(add(map, "10.0.0.0/33", 3, 0), -EINVAL);
	cr_assert_eq(add(map, "10.0.0.0/8", 3, 3), -EINVAL);
	cr_assert_eq(add(map, "10.9.9.9/8", 4, MAP_EXIST), 0);

	cr_assert_eq(map->ops->next(map, NULL, &next), 0);
	p = prefix("10.0.0.0/8");
	cr_assert_eq(memcmp(&next, &p, 8), 0, "zeros behind the prefix");
	p = prefix("10.200.0.0/8");
	cr_assert_eq(map->ops->next(map, &p, &next), 0);
	p = prefix("10.0.0.0/9");
	cr_assert_eq(memcmp(&next, &p, 8), 0, "in the order in which they came");
	cr_assert_eq(map->ops->next(map, &next, &next), -ENOENT);
	p = prefix("10.0.0.0/40");
	cr_assert_eq(map->ops->next(map, &p, &next), 0, "no key: the first");
	cr_assert_eq(map->ops->remove(map, &p), -ENOENT);

	p = prefix("10.0.0.0/7");
	cr_assert_eq(map->ops->remove(map, &p), -ENOENT);
	p = prefix("10.7.7.7/8");
	cr_assert_eq(map->ops->remove(map, &p), 0);
	cr_assert_eq(find(map, "10.0.0.1/32"), 3);
	cr_assert_eq(find(map, "10.128.0.1/32"), UINT64_MAX);
	cr_assert_eq(map->ops->count(map), 1);
	free(map);
}

/* A value that a run holds stays while its prefix is replaced or removed. */
Test(lpm, old_elements_live_until_the_run_ends)
{
	struct map *map = maps_new(LPM, 8, 8, 1, 3);
	struct prefix p = prefix("10.0.0.0/8");
	const uint64_t *held;

	add(map, "10.0.0.0/8", 1, 0);
	held = map->ops->lookup(map, &p, 0);
	add(map, "10.0.0.0/8", 2, 0);
	map->ops->remove(map, &p);
	add(map, "11.0.0.0/8", 3, 0);
	cr_assert_eq(*held, 1);
	maps_run_end(map);
	cr_assert_eq(find(map, "11.0.0.1/32"), 3);
	free(map);
}

enum { ROOM = 40 };

/* All prefixes, none of them found by anything but looking at each of their bits. */
struct model {
	struct prefix keys[ROOM];
	uint64_t values[ROOM];
	uint32_t count;
};

static bool begins(const struct prefix *with, const struct prefix *key)
{
	if (key->bits < with->bits)
		return false;
	for (uint32_t i = 0; i < with->bits; i++)
		if ((with->data[i / 8] ^ key->data[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static uint32_t exact(const struct model *m, const struct prefix *key)
{
	uint32_t i = 0;

	while (i < m->count && !(m->keys[i].bits == key->bits && begins(&m->keys[i], key)))
		i++;
	return i;
}

static uint64_t longest(const struct model *m, const struct prefix *key)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < m->count; i++)
		if (begins(&m->keys[i], key) && (best == UINT32_MAX || m->keys[i].bits > m->keys[best].bits))
			best = i;
	return best == UINT32_MAX ? UINT64_MAX : m->values[best];
}

static int model_set(struct model *m, const struct prefix *key, uint64_t value, uint64_t flags)
{
	uint32_t at = exact(m, key);
	bool known = at < m->count;

	if (known ? flags == MAP_NOEXIST : flags == MAP_EXIST)
		return known ? -EEXIST : -ENOENT;
	if (!known && m->count == ROOM)
		return -E2BIG;
	m->keys[at] = *key;
	m->values[at] = value;
	m->count += !known;
	return 0;
}

static int model_remove(struct model *m, const struct prefix *key)
{
	uint32_t at = exact(m, key);

	if (at == m->count)
		return -ENOENT;
	m->count--;
	memmove(&m->keys[at], &m->keys[at + 1], (m->count - at) * sizeof(m->keys[0]));
	memmove(&m->values[at], &m->values[at + 1], (m->count - at) * sizeof(m->values[0]));
	return 0;
}

Test(lpm, agrees_with_a_model)
{
	static const uint32_t widths[] = {8, 16, 32, 40, 128, 2048}; /* bits */

	for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
		uint32_t key_size = 4 + widths[w] / 8, random = 5;
		struct map *map = maps_new(LPM, key_size, 8, ROOM, w);
		struct model m = {0};

		for (uint32_t step = 0; step < 8000; step++) {
			struct prefix key = {0};
			uint32_t choice = (random = random * 1664525 + 1013904223) >> 29;
			struct prefix next;

			/* few bits differ, so that prefixes meet */
			for (uint32_t i = 0; i < widths[w] / 8; i++) {
				random = random * 1664525 + 1013904223;
				key.data[i] = (uint8_t)(0x11 << (random >> 30 & 1) | (random >> 12 & 0x40));
			}
			random = random * 1664525 + 1013904223;
			key.bits = (random >> 16) % (widths[w] < 40 ? widths[w] + 1 : 12);
			if (random >> 28 == 0)
				key.bits = widths[w];
			if (choice < 3) {
				cr_assert_eq(map->ops->update(map, &key, &(uint64_t){step}, choice, 0),
					     model_set(&m, &key, step, choice), "width %u step %u", widths[w], step);
			} else if (choice == 3) {
				cr_assert_eq(map->ops->remove(map, &key), model_remove(&m, &key), "width %u step %u",
					     widths[w], step);
			} else {
				const uint64_t *value = map->ops->lookup(map, &key, 0);

				cr_assert_eq(value ? *value : UINT64_MAX, longest(&m, &key), "width %u step %u /%u",
					     widths[w], step, key.bits);
			}
			cr_assert_eq(map->ops->count(map), m.count, "width %u step %u", widths[w], step);
			if (step % 3 == 0)
				maps_run_end(map);
			for (uint32_t i = 0; step % 499 == 0 && i < m.count; i++) {
				cr_assert_eq(map->ops->next(map, i ? &next : NULL, &next), 0);
				cr_assert(next.bits == m.keys[i].bits && begins(&m.keys[i], &next), "width %u step %u",
					  widths[w], step);
			}
		}
		free(map);
	}
}

Test(lpm, fib_has_sizes_of_its_own)
{
	static const struct {
		uint32_t key, value, flags;
		uint16_t status;
		uint32_t detail;
	} rows[] = {
		{8, 40, 0, VIRTIO_NET_XDP_OK, 0},
		{20, 40, VIRTIO_NET_XDP_MAP_F_NO_PREALLOC, VIRTIO_NET_XDP_OK, 0},
		{12, 40, 0, VIRTIO_NET_XDP_ERR_SIZE, 20},
		{4, 40, 0, VIRTIO_NET_XDP_ERR_SIZE, 8},
		{24, 40, 0, VIRTIO_NET_XDP_ERR_SIZE, 20},
		{8, 39, 0, VIRTIO_NET_XDP_ERR_SIZE, 40},
		{20, 48, 0, VIRTIO_NET_XDP_ERR_SIZE, 40},
		{8, 40, VIRTIO_NET_XDP_MAP_F_RDONLY_PROG, VIRTIO_NET_XDP_ERR_FLAGS, 0x80},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct map_attr attr = {.type = FIB,
					.key_size = rows[i].key,
					.value_size = rows[i].value,
					.max_entries = 4,
					.flags = rows[i].flags};
		uint32_t detail = 0;

		cr_assert_eq(map_ops_of(FIB)->check(&attr, &detail), rows[i].status, "row %zu", i);
		cr_assert_eq(detail, rows[i].detail, "row %zu", i);
	}
}

static uint32_t route_ifindex(struct control *c, const void *address, uint32_t bytes)
{
	const struct virtio_net_xdp_fib_value *route = lpm_route(c->fw, address, bytes);

	return route ? le32_to_cpu(route->ifindex) : 0;
}

static void add_route(struct control *c, uint32_t map, uint32_t key_bytes, const struct prefix *key, uint32_t ifindex)
{
	struct virtio_net_xdp_fib_value value = {.ifindex = cpu_to_le32(ifindex)};

	cr_assert_eq(control_map_update(c, map, 0, key, key_bytes, &value, sizeof(value)), 0);
}

/* The map with the lowest id counts, also after it came last or went. */
Test(lpm, routes_come_from_the_first_fib)
{
	struct control *c = control_open(NULL);
	const uint8_t to[16] = {10, 1, 2, 3};
	struct prefix ten = prefix("10.0.0.0/8"), any = {0};

	cr_assert_null(lpm_route(c->fw, to, 4), "no map");
	cr_assert_eq(control_map_create(c, 5, FIB, 8, 40, 4, 0), 0);
	cr_assert_null(lpm_route(c->fw, to, 4), "no route");
	add_route(c, 5, 8, &ten, 55);
	cr_assert_eq(route_ifindex(c, to, 4), 55);
	cr_assert_eq(route_ifindex(c, to, 16), 0, "IPv6 is another map's");
	cr_assert_eq(control_map_create(c, 7, FIB, 20, 40, 4, 0), 0);
	add_route(c, 7, 20, &ten, 77);
	add_route(c, 7, 20, &any, 78);
	cr_assert_eq(route_ifindex(c, to, 16), 77);
	cr_assert_eq(route_ifindex(c, to + 1, 15), 0, "no address has 15 bytes");
	cr_assert_eq(route_ifindex(c, (uint8_t[16]){11}, 16), 78);

	cr_assert_eq(control_map_create(c, 3, FIB, 8, 40, 4, 0), 0);
	cr_assert_eq(route_ifindex(c, to, 4), 0, "map 3 is empty");
	add_route(c, 3, 8, &any, 33);
	cr_assert_eq(route_ifindex(c, to, 4), 33);
	cr_assert_eq(control_map_create(c, 4, LPM, 8, 40, 4, 0), 0);
	cr_assert_eq(control_map_create(c, 6, FIB, 8, 40, 4, 0), 0);
	cr_assert_eq(control_id(c, VIRTIO_NET_CTRL_XDP_MAP_DESTROY, 6), 0);
	cr_assert_eq(route_ifindex(c, to, 4), 33);
	cr_assert_eq(control_id(c, VIRTIO_NET_CTRL_XDP_MAP_DESTROY, 3), 0);
	cr_assert_eq(route_ifindex(c, to, 4), 55);
	cr_assert_eq(control_id(c, VIRTIO_NET_CTRL_XDP_MAP_DESTROY, 5), 0);
	cr_assert_eq(route_ifindex(c, to, 4), 0);
	cr_assert_eq(route_ifindex(c, to, 16), 77);
	fw_reset(c->fw);
	cr_assert_null(lpm_route(c->fw, to, 16), "reset");
	control_close(c);
}

/* A lookup may try every length that a prefix can have, which counts: no run takes longer than its instructions may. */
Test(lpm, lookups_count_by_the_key)
{
	static const struct {
		uint32_t key_bytes;
		int32_t lookups;
		unsigned state;
	} rows[] = {
		{8, 1000, VIRTIO_NET_XDP_PROG_READY},
		{20, 1000, VIRTIO_NET_XDP_PROG_READY},
		{260, 10, VIRTIO_NET_XDP_PROG_READY},
		{260, 1000, VIRTIO_NET_XDP_PROG_REFUSED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint64_t words[] = {
			W_MOV(6, 0), W_MOVR(2, 10), W_ADD(2, -264), W(0x18, 1, 1, 0, 0),
			0,           W_CALL(1),     W_ADD(6, 1),    W(0xa5, 6, 0, -7, rows[i].lookups),
			W_MOV(0, 2), W_EXIT,
		};
		struct control *c = control_open(NULL);

		cr_assert_eq(control_map_create(c, 0, LPM, rows[i].key_bytes, 8, 4, VIRTIO_NET_XDP_MAP_F_NO_PREALLOC),
			     0);
		cr_assert_eq(control_load(c, 0, words, ARRAY_SIZE(words)), rows[i].state, "%u bytes, %d times",
			     rows[i].key_bytes, rows[i].lookups);
		cr_assert_eq(le32_to_cpu(control_prog_info(c, 0).error),
			     rows[i].state == VIRTIO_NET_XDP_PROG_READY ? 0 : VIRTIO_NET_XDP_VERIFY_COMPLEXITY);
		control_close(c);
	}
}
