/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FW_MAP_DEVMAP_H
#define FW_MAP_DEVMAP_H

#include "map/map.h"

/* The ports that elements of a DEVMAP or DEVMAP_HASH name, bit n: port n; home is the ifindex of port 0. */
uint64_t devmap_ports(struct map *map, uint32_t home);

#endif
