/* SPDX-License-Identifier: BSD-2-Clause */
/* Longest prefix matches for those who do not go through map_ops. */
#ifndef FW_MAP_LPM_H
#define FW_MAP_LPM_H

#include "map/map.h"

struct virtio_net_xdp_fib_value;

/*
 * The route with the longest prefix of address in the FIB with the lowest id for addresses of that size, or NULL: no
 * such route or no such map. address: bytes (4: IPv4, 16: IPv6; NULL for other sizes) in network byte order.
 */
const struct virtio_net_xdp_fib_value *lpm_route(const struct fw *fw, const void *address, uint32_t bytes);

#endif
