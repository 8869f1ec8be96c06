/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PROG_ARRAY: max_entries slots, each empty or with a program to continue with in a tail call. The key is a 32-bit
 * little-endian index; empty slots are not in the map. Keys in rising order.
 *
 * A slot does not keep its program: prog_destroy() empties it. Each program counts the slots that name it, so that it
 * knows whether there is anything to empty. Programs cannot read the map: for the engines' tail calls, lookup() gives
 * the program's struct exec_prog.
 */
#include "map/prog_array.h"
#include "core.h"
#include "le.h"
#include "virtio_net_xdp.h"

#define PROG_ARRAY_FLAGS                                                                                               \
	(VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG |                \
	 VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

struct prog_array {
	struct map map;
	uint32_t count; /* slots that are not empty */
	struct prog *slots[];
};

extern const struct map_ops prog_array_ops;

static struct prog_array *prog_array_of(struct map *map)
{
	return (struct prog_array *)map;
}

static uint16_t prog_array_check(const struct map_attr *attr, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, PROG_ARRAY_FLAGS, detail); /* req: XO-159 */

	if (status)
		return status;
	if (attr->key_size != sizeof(le32) || attr->value_size != sizeof(le32)) {
		*detail = sizeof(le32);
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	if (!attr->max_entries) {
		*detail = 1;
		return VIRTIO_NET_XDP_ERR_SIZE;
	}
	return VIRTIO_NET_XDP_OK;
}

static uint64_t prog_array_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)num_queues;
	return map_storage_bytes(sizeof(struct prog_array), attr->max_entries, sizeof(struct prog *), 0, 0);
}

static void prog_array_init(struct map *map, uint32_t num_queues)
{
	(void)num_queues;
	prog_array_of(map)->count = 0;
}

/* The slot, or NULL behind the last one; also what runs ahead of the check stays in the array. */
static struct prog **slot_of(struct map *map, const void *key)
{
	uint64_t index, below;
	le32 wire;

	mem_copy(&wire, key, sizeof(wire));
	index = le32_to_cpu(wire);
	if (index >= map->attr.max_entries)
		return NULL;
	below = index - map->attr.max_entries;
	__asm__("" : "+r"(below));
	return &prog_array_of(map)->slots[index & (0 - (below >> 63))];
}

static void put(struct map *map, struct prog **slot, struct prog *prog)
{
	if (*slot) {
		(*slot)->slots--;
		prog_array_of(map)->count--;
	}
	*slot = prog;
	if (prog) {
		prog->slots++;
		prog_array_of(map)->count++;
	}
}

static void *prog_array_lookup(struct map *map, const void *key, uint32_t queue)
{
	struct prog **slot = slot_of(map, key);

	(void)queue;
	return slot && *slot ? &(*slot)->exec : NULL;
}

static int prog_array_remove(struct map *map, const void *key)
{
	struct prog **slot = slot_of(map, key);

	if (!slot || !*slot)
		return -ENOENT;
	put(map, slot, NULL);
	return 0;
}

static int prog_array_next(struct map *map, const void *key, void *next)
{
	struct prog_array *array = prog_array_of(map);
	uint32_t index = 0;
	le32 wire;

	if (key && prog_array_lookup(map, key, 0)) {
		mem_copy(&wire, key, sizeof(wire));
		index = le32_to_cpu(wire) + 1;
	}
	while (index < map->attr.max_entries && !array->slots[index])
		index++;
	if (index == map->attr.max_entries)
		return -ENOENT;
	wire = cpu_to_le32(index);
	mem_copy(next, &wire, sizeof(wire));
	return 0;
}

static uint32_t prog_array_count(const struct map *map)
{
	return ((const struct prog_array *)map)->count;
}

static bool prog_array_owns(const struct map *map, const void *p, size_t bytes)
{
	(void)map, (void)p, (void)bytes;
	return false;
}

static int prog_array_wire_get(struct map *map, const void *key, void *wire)
{
	struct prog **slot = slot_of(map, key);
	le32 id;

	if (!slot || !*slot)
		return -ENOENT;
	id = cpu_to_le32((*slot)->id);
	mem_copy(wire, &id, sizeof(id));
	return 0;
}

/* The READY program that the value names, or NULL. */
static struct prog *prog_of(const struct map *map, const void *wire)
{
	struct prog *prog;
	le32 id;

	mem_copy(&id, wire, sizeof(id));
	prog = prog_find(map->fw, le32_to_cpu(id));
	return prog && prog->state == PROG_READY ? prog : NULL;
}

static int prog_array_wire_check(const struct map *map, const void *wire)
{
	return prog_of(map, wire) ? 0 : -ESRCH;
}

static int prog_array_wire_set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	struct prog *prog = prog_of(map, wire);
	struct prog **slot = slot_of(map, key);

	if (!prog)
		return -ESRCH;
	if (!slot)
		return -E2BIG;
	if (flags == MAP_EXIST && !*slot)
		return -ENOENT;
	if (flags == MAP_NOEXIST && *slot)
		return -EEXIST;
	put(map, slot, prog);
	return 0;
}

void prog_array_forget(struct map *map, struct prog *prog)
{
	struct prog_array *array = prog_array_of(map);

	for (uint32_t i = 0; prog->slots && i < map->attr.max_entries; i++)
		if (array->slots[i] == prog)
			put(map, &array->slots[i], NULL);
}

static void prog_array_destroy(struct map *map)
{
	struct prog_array *array = prog_array_of(map);

	for (uint32_t i = 0; array->count && i < map->attr.max_entries; i++)
		put(map, &array->slots[i], NULL);
}

const struct map_ops prog_array_ops = {
	.check = prog_array_check,
	.bytes = prog_array_bytes,
	.init = prog_array_init,
	.lookup = prog_array_lookup,
	.remove = prog_array_remove,
	.next = prog_array_next,
	.count = prog_array_count,
	.owns = prog_array_owns,
	.wire_get = prog_array_wire_get,
	.wire_check = prog_array_wire_check,
	.wire_set = prog_array_wire_set,
	.destroy = prog_array_destroy,
};
