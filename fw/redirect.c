/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program chooses is noted in the frame of its run, as ports and queues: a map that changes later has no say.
 * The last call of a run counts, also where it found no target.
 */
#include "redirect.h"
#include "core.h"
#include "le.h"
#include "map/devmap.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

/* Flags of redirect_map, numbers as Linux has them. */
#define FLAG_ACTION          3u /* what it returns if there is no element */
#define FLAG_BROADCAST       (1u << 3)
#define FLAG_EXCLUDE_INGRESS (1u << 4)

int redirect_port(const struct fw *fw, uint32_t ifindex, uint32_t home)
{
	if (ifindex == home)
		return 0;
	for (uint16_t i = 0; i < fw->config.num_ports; i++)
		if (fw->config.ports[i].ifindex == ifindex)
			return i + 1;
	return -ENOENT;
}

static void forget_target(struct fw_frame *frame)
{
	frame->redirect_ports = 0;
	frame->redirect_queue = false;
	frame->redirect_to = 0;
}

static void to_ifindex(const struct run *run, uint32_t ifindex)
{
	int port = redirect_port(run->fw, ifindex, run->frame->ingress_ifindex);

	run->frame->redirect_ports = port < 0 ? 0 : 1ULL << port;
	run->frame->redirect_to = ifindex;
}

uint64_t redirect_to_ifindex(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r3, (void)r4, (void)r5;
	if (!run->frame)
		return VIRTIO_NET_XDP_ABORTED;
	forget_target(run->frame);
	if (r2)
		return VIRTIO_NET_XDP_ABORTED;
	to_ifindex(run, (uint32_t)r1);
	return VIRTIO_NET_XDP_REDIRECT;
}

static bool is_devmap(const struct map *map)
{
	return map->attr.type == VIRTIO_NET_XDP_MAP_DEVMAP || map->attr.type == VIRTIO_NET_XDP_MAP_DEVMAP_HASH;
}

static uint64_t broadcast(struct map *map, uint64_t flags, const struct run *run)
{
	uint64_t ports = devmap_ports(map, run->frame->ingress_ifindex);

	run->frame->redirect_ports = flags & FLAG_EXCLUDE_INGRESS ? ports & ~1ULL : ports;
	return VIRTIO_NET_XDP_REDIRECT;
}

uint64_t redirect_to_element(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct map *map = (struct map *)(uintptr_t)r1;
	uint64_t known = FLAG_ACTION | (is_devmap(map) ? FLAG_BROADCAST | FLAG_EXCLUDE_INGRESS : 0);
	le32 key = cpu_to_le32((uint32_t)r2);
	const void *value;
	le32 first;

	(void)r4, (void)r5;
	if (!run->frame)
		return VIRTIO_NET_XDP_ABORTED;
	forget_target(run->frame);
	if (r3 & ~known)
		return VIRTIO_NET_XDP_ABORTED;
	if (r3 & FLAG_BROADCAST)
		return broadcast(map, r3, run);
	value = map->ops->lookup(map, &key, run->queue);
	if (!value)
		return r3 & FLAG_ACTION;
	mem_copy(&first, value, sizeof(first));
	if (is_devmap(map)) {
		to_ifindex(run, le32_to_cpu(first));
	} else {
		run->frame->redirect_queue = true;
		run->frame->redirect_to =
			map->attr.type == VIRTIO_NET_XDP_MAP_CPUMAP ? (uint32_t)r2 : le32_to_cpu(first);
	}
	return VIRTIO_NET_XDP_REDIRECT;
}
