/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver wants to receive: virtio 1.4, 5.1.6.5.1 to 5.1.6.5.3. Each function sends one command. 0; 1: the
 * device refused it; -ENOTSUP: the feature that it needs was not negotiated, and nothing was sent; -EINVAL: no such
 * mode, VLAN id or address; -EMSGSIZE; otherwise as drv_ctrl().
 */
#ifndef GUEST_DRIVER_FILTER_H
#define GUEST_DRIVER_FILTER_H

#include "net.h"

/* mode: VIRTIO_NET_CTRL_RX_PROMISC to VIRTIO_NET_CTRL_RX_NOBCAST. */
int drv_filter_mode(struct drv_net *net, uint8_t mode, bool on);

/* Replaces the table: so many addresses of 6 bytes each, unicast ones and multicast ones. */
int drv_filter_table(struct drv_net *net, const uint8_t *unicast, uint32_t num_unicast, const uint8_t *multicast,
		     uint32_t num_multicast);

/* The address that the device takes for this driver's own. drv_net_mac() tells it from then on. */
int drv_filter_mac(struct drv_net *net, const uint8_t mac[6]);

/* Adds a VLAN to the table, or removes it. */
int drv_filter_vlan(struct drv_net *net, uint16_t id, bool on);

#endif
