// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "oracle/twins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/generate.h"
#include "oracle/kprog.h"
#include "virtio_net_xdp.h"

void twins_init(struct twins *t, struct device *devices, size_t num_devices)
{
	cpu_set_t cpus;

	memset(t, 0, sizeof(*t));
	t->devices = devices;
	t->num_devices = num_devices;
	t->num_cpus = (unsigned int)libbpf_num_possible_cpus();
	t->cpu = (unsigned int)sched_getcpu();
	CPU_ZERO(&cpus);
	CPU_SET(t->cpu, &cpus);
	cr_assert_eq(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	t->kernel_value = calloc(t->num_cpus, TWINS_VALUE_MAX + 8);
	cr_assert_not_null(t->kernel_value);
}

static void forget(struct twins *t)
{
	while (t->num_maps--)
		if (t->fds[t->num_maps] >= 0)
			close(t->fds[t->num_maps]);
	t->num_maps = 0;
	for (size_t d = 0; d < t->num_devices; d++)
		device_reset(&t->devices[d]);
}

void twins_exit(struct twins *t)
{
	forget(t);
	free(t->kernel_value);
}

static bool is_of_maps(const struct load_map *map)
{
	return map->inner != LOAD_NO_MAP;
}

/* Map i, everywhere. */
static bool make(struct twins *t, size_t i)
{
	const struct load_map *map = &t->maps[i];
	uint32_t key = 0;

	if (map->key_size > TWINS_KEY_MAX || map->value_size > TWINS_VALUE_MAX)
		return false;
	t->fds[i] = kprog_map(map, is_of_maps(map) ? t->fds[map->inner] : -1);
	if (t->fds[i] < 0)
		return false;
	if (map->data)
		cr_assert_eq(bpf_map_update_elem(t->fds[i], &key, map->data, BPF_ANY), 0);
	if (map->freeze)
		cr_assert_eq(bpf_map_freeze(t->fds[i]), 0);
	for (size_t d = 0; d < t->num_devices; d++) {
		if (!device_map(&t->devices[d], (uint32_t)i, map))
			return false;
		if (map->freeze)
			device_freeze(&t->devices[d], (uint32_t)i);
	}
	return true;
}

bool twins_make(struct twins *t, const struct load_map *maps, size_t num_maps)
{
	bool made = num_maps <= TWINS_MAX;

	forget(t);
	t->maps = maps;
	for (; made && t->num_maps < num_maps; t->num_maps++)
		t->fds[t->num_maps] = -1;
	/* a map of maps after the map that its elements are like */
	for (int of_maps = 0; of_maps < 2; of_maps++)
		for (size_t i = 0; made && i < num_maps; i++)
			if (is_of_maps(&maps[i]) == of_maps)
				made = make(t, i);
	return made;
}

bool twins_same_values(uint32_t type)
{
	switch (type) {
	case VIRTIO_NET_XDP_MAP_ARRAY:
	case VIRTIO_NET_XDP_MAP_HASH:
	case VIRTIO_NET_XDP_MAP_PERCPU_ARRAY:
	case VIRTIO_NET_XDP_MAP_PERCPU_HASH:
	case VIRTIO_NET_XDP_MAP_LPM_TRIE:
		return true;
	default:
		return false;
	}
}

static bool is_percpu(const struct load_map *map)
{
	return map->type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY || map->type == VIRTIO_NET_XDP_MAP_PERCPU_HASH;
}

/* Of one processor, or receive queue. */
static uint32_t stride(const struct load_map *map)
{
	return is_percpu(map) ? (map->value_size + 7) & ~7u : map->value_size;
}

static void update(struct twins *t, size_t i, const void *key, const uint8_t *value)
{
	const struct load_map *map = &t->maps[i];

	for (unsigned int cpu = 0; cpu < (is_percpu(map) ? t->num_cpus : 1); cpu++)
		memcpy(t->kernel_value + (size_t)cpu * stride(map), value, stride(map));
	if (bpf_map_update_elem(t->fds[i], key, t->kernel_value, BPF_ANY))
		return; /* full: and so they are all */
	for (size_t d = 0; d < t->num_devices; d++)
		cr_assert_eq(device_update(&t->devices[d], (uint32_t)i, key, map->key_size, value, stride(map)), 0);
}

static void empty(struct twins *t, size_t i)
{
	uint8_t key[TWINS_KEY_MAX];

	while (bpf_map_get_next_key(t->fds[i], NULL, key) == 0)
		bpf_map_delete_elem(t->fds[i], key);
	for (size_t d = 0; d < t->num_devices; d++)
		while (device_next(&t->devices[d], (uint32_t)i, NULL, key, t->maps[i].key_size))
			device_delete(&t->devices[d], (uint32_t)i, key, t->maps[i].key_size);
}

/* Random small numbers, and now and then random bytes: what offsets, counters and flags are. */
static void make_value(uint64_t *rng, uint8_t *value, uint32_t bytes)
{
	bool small = generate_random(rng) % 4;

	for (uint32_t n = 0; n < bytes; n++)
		value[n] = (uint8_t)(small ? (n % 4 ? 0 : generate_random(rng) % 8) : generate_random(rng));
}

#define ELEMENTS 3 /* of hashes */

static void fill(struct twins *t, size_t i, uint64_t *rng, const uint8_t *frame, size_t bytes)
{
	static uint8_t value[TWINS_VALUE_MAX];
	const struct load_map *map = &t->maps[i];
	bool array = map->type == VIRTIO_NET_XDP_MAP_ARRAY || map->type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY;

	if (!array)
		empty(t, i);
	for (uint32_t n = 0; n < (array ? map->max_entries : ELEMENTS); n++) {
		uint8_t key[TWINS_KEY_MAX] = {0};

		memset(value, 0, sizeof(value));
		if (*rng)
			make_value(rng, value, map->value_size);
		if (array)
			memcpy(key, &n, sizeof(n));
		else if (!*rng || map->type == VIRTIO_NET_XDP_MAP_LPM_TRIE || map->key_size > bytes)
			return;
		else
			memcpy(key, frame + generate_random(rng) % (bytes - map->key_size + 1), map->key_size);
		update(t, i, key, map->data && !n ? map->data : value);
	}
}

void twins_fill(struct twins *t, uint64_t seed, const uint8_t *frame, size_t bytes)
{
	uint64_t rng = seed;

	for (size_t i = 0; i < t->num_maps; i++)
		if (twins_same_values(t->maps[i].type) && !t->maps[i].freeze)
			fill(t, i, &rng, frame, bytes);
}

/* An element of the first firmware. */
static bool element_differs(struct twins *t, size_t i, bool kernel, const uint8_t *key, char *text, size_t room)
{
	static uint8_t want[TWINS_VALUE_MAX], got[TWINS_VALUE_MAX];
	const struct load_map *map = &t->maps[i];
	size_t at = is_percpu(map) ? (size_t)t->cpu * stride(map) : 0;

	cr_assert(device_lookup(&t->devices[0], (uint32_t)i, key, map->key_size, want, map->value_size));
	for (size_t d = 1; d < t->num_devices; d++) {
		if (device_lookup(&t->devices[d], (uint32_t)i, key, map->key_size, got, map->value_size) &&
		    memcmp(want, got, map->value_size) == 0)
			continue;
		snprintf(text, room, "map %zu differs between firmwares 0 and %zu", i, d);
		return true;
	}
	if (!kernel)
		return false;
	if (bpf_map_lookup_elem(t->fds[i], key, t->kernel_value)) {
		snprintf(text, room, "map %zu has an element that the kernel has not", i);
		return true;
	}
	if (memcmp(want, t->kernel_value + at, map->value_size) != 0) {
		snprintf(text, room, "map %zu differs from the kernel's", i);
		return true;
	}
	return false;
}

static bool map_differs(struct twins *t, size_t i, bool kernel, char *text, size_t room)
{
	uint32_t entries = device_entries(&t->devices[0], (uint32_t)i), in_kernel = 0;
	uint8_t key[TWINS_KEY_MAX];
	bool more = device_next(&t->devices[0], (uint32_t)i, NULL, key, t->maps[i].key_size);

	for (; more; more = device_next(&t->devices[0], (uint32_t)i, key, key, t->maps[i].key_size))
		if (element_differs(t, i, kernel, key, text, room))
			return true;
	for (size_t d = 1; d < t->num_devices; d++) {
		if (device_entries(&t->devices[d], (uint32_t)i) == entries)
			continue;
		snprintf(text, room, "map %zu has not as many elements in firmware 0 and %zu", i, d);
		return true;
	}
	for (int r = kernel ? bpf_map_get_next_key(t->fds[i], NULL, key) : -1; !r; in_kernel++)
		r = bpf_map_get_next_key(t->fds[i], key, key);
	if (!kernel || in_kernel == entries)
		return false;
	snprintf(text, room, "map %zu has %u elements, in the kernel %u", i, entries, in_kernel);
	return true;
}

bool twins_differ(struct twins *t, bool kernel, char *text, size_t room)
{
	for (size_t i = 0; i < t->num_maps; i++)
		if (twins_same_values(t->maps[i].type) && map_differs(t, i, kernel, text, room))
			return true;
	return false;
}
