/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DEVMAP and DEVMAP_HASH: ports to redirect to, by their ifindex, under an index or a 32-bit key. Programs can look
 * elements up and read them.
 *
 * For broadcasts the elements are counted by port. Which of them name port 0 depends on the ifindex that ATTACH gave
 * it: they are counted again when that is another one.
 */
#include "map/devmap.h"
#include "core.h"
#include "le.h"
#include "map/slots.h"
#include "redirect.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define DEVMAP_FLAGS (VIRTIO_NET_XDP_MAP_F_RDONLY | VIRTIO_NET_XDP_MAP_F_WRONLY | VIRTIO_NET_XDP_MAP_F_RDONLY_PROG)

struct devmap {
	struct slots slots;
	uint32_t elements[FW_PORTS_MAX]; /* by port */
	uint64_t ports;                  /* bit n: elements[n] is not 0 */
	uint32_t home;                   /* ifindex that elements[0] is about; 0: none */
};

extern const struct map_ops devmap_ops;

static uint16_t devmap_check(const struct map_attr *attr, uint32_t *detail)
{
	return slots_check(attr, DEVMAP_FLAGS, sizeof(struct virtio_net_xdp_devmap_value), detail);
}

static uint64_t devmap_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)num_queues;
	return slots_bytes(attr, sizeof(struct devmap));
}

static void devmap_init(struct map *map, uint32_t num_queues)
{
	(void)num_queues;
	slots_init(map, sizeof(struct devmap));
}

/* The word is the value as it is on the wire; without a program the upper half is 0. */
static uint32_t ifindex_of(uint64_t word)
{
	le32 ifindex;

	mem_copy(&ifindex, &word, sizeof(ifindex));
	return le32_to_cpu(ifindex);
}

static void count_port(struct devmap *devmap, uint64_t word, int by)
{
	int port = redirect_port(devmap->slots.map.fw, ifindex_of(word), devmap->home);

	if (port < 0)
		return;
	devmap->elements[port] += (uint32_t)by;
	if (devmap->elements[port])
		devmap->ports |= 1ULL << port;
	else
		devmap->ports &= ~(1ULL << port);
}

static void count_again(void *ctx, struct map *map, uint64_t *word)
{
	(void)ctx;
	count_port((struct devmap *)map, *word, 1);
}

uint64_t devmap_ports(struct map *map, uint32_t home)
{
	struct devmap *devmap = (struct devmap *)map;

	if (home != devmap->home) {
		mem_set(devmap->elements, 0, sizeof(devmap->elements));
		devmap->ports = 0;
		devmap->home = home;
		slots_each(map, count_again, NULL);
	}
	return devmap->ports;
}

static int devmap_remove(struct map *map, const void *key)
{
	uint64_t old;
	int result = slots_remove(map, key, &old);

	if (!result)
		count_port((struct devmap *)map, old, -1);
	return result;
}

/* No port has the ifindex 0, and no program runs where a frame leaves. */
static int devmap_wire_check(const struct map *map, const void *wire)
{
	struct virtio_net_xdp_devmap_value value = {0};

	mem_copy(&value, wire, map->attr.value_size);
	return le32_to_cpu(value.ifindex) && !le32_to_cpu(value.prog) ? 0 : -EMEDIUMTYPE;
}

static int devmap_wire_set(struct map *map, const void *key, const void *wire, uint64_t flags)
{
	int result = devmap_wire_check(map, wire);
	uint64_t word = 0, old;

	if (result)
		return result;
	mem_copy(&word, wire, map->attr.value_size);
	result = slots_set(map, key, word, flags, &old);
	if (result)
		return result;
	count_port((struct devmap *)map, word, 1);
	if (old)
		count_port((struct devmap *)map, old, -1);
	return 0;
}

const struct map_ops devmap_ops = {
	.check = devmap_check,
	.bytes = devmap_bytes,
	.init = devmap_init,
	.lookup = slots_lookup,
	.remove = devmap_remove,
	.next = slots_next,
	.count = slots_count,
	.owns = slots_owns,
	.wire_get = slots_wire_get,
	.wire_check = devmap_wire_check,
	.wire_set = devmap_wire_set,
};
