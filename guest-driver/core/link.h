/* SPDX-License-Identifier: BSD-2-Clause */
/* What the device tells of its link, and the offloads of what it receives. virtio 1.4, 5.1.4, 5.1.6.5.4, 5.1.6.5.9. */
#ifndef GUEST_DRIVER_LINK_H
#define GUEST_DRIVER_LINK_H

#include "net.h"

/*
 * To be called after a configuration change notification. If the device asks for an announcement, one frame goes out
 * that tells switches where this address is, and the device is told. 1: that was done; 0: nothing is asked for; -errno
 * as drv_ctrl() and drv_net_transmit(), and -EPROTO: the device refused the command.
 */
int drv_link_changed(struct drv_net *net);

/*
 * Speed in MBit per second and whether duplex is full (1) or half (0), as they are now; UINT32_MAX and 0xff: unknown.
 * 0, or -EPROTO.
 */
int drv_link_speed(const struct drv_net *net, uint32_t *mbit, uint8_t *duplex);

/* Leaves on exactly the offloads whose VIRTIO_NET_OFFLOAD_ bits are in bits. 0; 1: the device refused it; -ENOTSUP;
 * -EINVAL: one of them was not negotiated; otherwise as drv_ctrl(). */
int drv_link_offloads(struct drv_net *net, uint64_t bits);

#endif
