/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants out of maps that nobody can write any more: configuration that a driver sets before it loads a program. */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

bool frozen_read(const struct verify *v, const struct reg *r, int64_t off, unsigned int bytes, uint64_t *value)
{
	struct map *map;
	const uint8_t *p;

	if (r->kind != REG_VALUE || r->inner || !scalar_is_const(&r->var))
		return false;
	map = v->args.maps[r->map];
	if (!map->frozen || !(map->attr.flags & VIRTIO_NET_XDP_MAP_F_RDONLY_PROG) ||
	    map->attr.type != VIRTIO_NET_XDP_MAP_ARRAY || map->attr.max_entries != 1)
		return false;
	off += r->off + (int64_t)r->var.bits.value;
	if (off < 0 || off + bytes > map->attr.value_size)
		return false;
	p = map->ops->value_addr(map, (uint32_t)off);
	if (!p)
		return false;
	*value = 0;
	for (unsigned int i = 0; i < bytes; i++)
		*value |= (uint64_t)p[i] << 8 * i;
	return true;
}
