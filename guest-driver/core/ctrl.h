/* SPDX-License-Identifier: BSD-2-Clause */
/* Control commands: one in flight. virtio 1.4, 5.1.6.5. */
#ifndef GUEST_DRIVER_CTRL_H
#define GUEST_DRIVER_CTRL_H

#include "net.h"

struct drv_buf {
	const void *data;
	uint32_t bytes;
};

/*
 * Sends {class, command} and the count pieces of data, waits, and copies what the device wrote behind the ack to result (at
 * most room bytes). *written: how many bytes that were. Returns the ack (0 OK, 1 ERR), -ETIMEDOUT, -EPROTO (the device wrote
 * nothing or too much), -ENOTSUP (no control queue), -EMSGSIZE, -ENODEV (broken).
 */
int drv_ctrl(struct drv_net *net, uint8_t class_, uint8_t command, const struct drv_buf *data, unsigned count, void *result,
	     uint32_t room, uint32_t *written);

#endif
