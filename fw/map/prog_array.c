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
#include "map/slots.h"
#include "virtio_net_xdp.h"

#define PROG_ARRAY_FLAGS                                                                                               \
	(VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG |                \
	 VIRTIO_NET_XDP_MAP_F_WRONLY_PROG)

extern const struct map_ops prog_array_ops;

static uint16_t prog_array_check(const struct map_attr *attr, uint32_t *detail)
{
	return slots_check(attr, PROG_ARRAY_FLAGS, sizeof(le32), detail);
}

static uint64_t prog_array_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)num_queues;
	return slots_bytes(attr, sizeof(struct slots));
}

static void prog_array_init(struct map *map, uint32_t num_queues)
{
	(void)num_queues;
	slots_init(map, sizeof(struct slots));
}

static struct prog *prog_in(const uint64_t *word)
{
	return word ? (struct prog *)(uintptr_t)*word : NULL;
}

static void *prog_array_lookup(struct map *map, const void *key, uint32_t queue)
{
	struct prog *prog = prog_in(slots_find(map, key));

	(void)queue;
	return prog ? &prog->exec : NULL;
}

static int prog_array_remove(struct map *map, const void *key)
{
	uint64_t old;
	int result = slots_remove(map, key, &old);

	if (!result)
		prog_in(&old)->slots--;
	return result;
}

static bool prog_array_owns(const struct map *map, const void *p, size_t bytes)
{
	(void)map, (void)p, (void)bytes;
	return false;
}

static int prog_array_wire_get(struct map *map, const void *key, void *wire)
{
	const struct prog *prog = prog_in(slots_find(map, key));
	le32 id;

	if (!prog)
		return -ENOENT;
	id = cpu_to_le32(prog->id);
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
	uint64_t old;
	int result;

	if (!prog)
		return -ESRCH;
	result = slots_set(map, key, (uintptr_t)prog, flags, &old);
	if (result)
		return result;
	prog->slots++;
	if (old)
		prog_in(&old)->slots--;
	return 0;
}

/* Empties a slot that names the program ctx, or any one if that is NULL. */
static void forget(void *ctx, struct map *map, uint64_t *word)
{
	struct prog *prog = prog_in(word);

	if (ctx && prog != ctx)
		return;
	prog->slots--;
	slots_clear(map, word);
}

void prog_array_forget(struct map *map, struct prog *prog)
{
	slots_each(map, forget, prog);
}

static void prog_array_destroy(struct map *map)
{
	slots_each(map, forget, NULL);
}

const struct map_ops prog_array_ops = {
	.check = prog_array_check,
	.bytes = prog_array_bytes,
	.init = prog_array_init,
	.lookup = prog_array_lookup,
	.remove = prog_array_remove,
	.next = slots_next,
	.count = slots_count,
	.owns = prog_array_owns,
	.wire_get = prog_array_wire_get,
	.wire_check = prog_array_wire_check,
	.wire_set = prog_array_wire_set,
	.destroy = prog_array_destroy,
};
