/* SPDX-License-Identifier: BSD-2-Clause */
/* What the device has counted: virtio 1.4, 5.1.6.5.8, VIRTIO_NET_F_DEVICE_STATS. */
#ifndef GUEST_DRIVER_STATS_H
#define GUEST_DRIVER_STATS_H

#include "net.h"

#define DRV_STATS_COUNTERS_MAX 9 /* of the types that this driver knows */

/* A virtqueue and bits of types: VIRTIO_NET_STATS_TYPE_*. */
struct drv_stats_ask {
	uint16_t queue;
	uint64_t types;
};

struct drv_stats {
	uint16_t queue;
	uint8_t type; /* number of its bit */
	uint8_t count;
	uint64_t counters[DRV_STATS_COUNTERS_MAX]; /* count of them, in the order of the type's structure */
};

/* The types that the device has, of those that this driver knows. 0, or as drv_stats_get(). */
int drv_stats_types(struct drv_net *net, uint64_t *types);

/*
 * Fills in one entry of stats for each type that was asked for, queue by queue, lowest type first; room of them at
 * most. Returns how many; -ENOTSUP: no such feature; -EINVAL: no such queue, or a type that the device has not, or not
 * for this queue; -EMSGSIZE: more than room; -EPROTO: the device refuses, or answers with nonsense; otherwise as
 * drv_ctrl().
 */
int drv_stats_get(struct drv_net *net, const struct drv_stats_ask *asks, unsigned count, struct drv_stats *stats,
		  unsigned room);

#endif
