/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notification coalescing: virtio 1.4, 5.1.6.5.7. A queue of either parameter 0 notifies after every packet; others
 * after max_packets, or max_usecs after the first of them. Each function sends one command. 0; 1: the device refused
 * it; -ENOTSUP: the feature that it needs was not negotiated, and nothing was sent; -EINVAL: no receive or transmit
 * queue that was opened; otherwise as drv_ctrl().
 */
#ifndef GUEST_DRIVER_COAL_H
#define GUEST_DRIVER_COAL_H

#include "net.h"

struct drv_coal {
	uint32_t max_packets, max_usecs;
};

/* Of all receive queues, or of all transmit queues. */
int drv_coal_set_rx(struct drv_net *net, const struct drv_coal *coal);
int drv_coal_set_tx(struct drv_net *net, const struct drv_coal *coal);

/* Of one virtqueue: 2 * pair receives, 2 * pair + 1 transmits. *coal is left alone unless the device answers. */
int drv_coal_set_queue(struct drv_net *net, uint16_t queue, const struct drv_coal *coal);
int drv_coal_get_queue(struct drv_net *net, uint16_t queue, struct drv_coal *coal);

#endif
