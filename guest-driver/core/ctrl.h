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
 * Sends {class, command} and the count pieces of data, waits, and copies what the device wrote behind the ack to result
 * (at most room bytes). *written: how many bytes that were. Returns the ack (0 OK, 1 ERR), -ETIMEDOUT, -EPROTO (the
 * device wrote nothing or too much), -ENOTSUP (no control queue), -EMSGSIZE, -ENODEV (broken).
 */
int drv_ctrl(struct drv_net *net, uint8_t class_, uint8_t command, const struct drv_buf *data, unsigned count,
	     void *result, uint32_t room, uint32_t *written);

/* Where a command's two streams of bytes are cut into descriptors. A count of 0: one descriptor, if there are bytes at
 * all. */
struct drv_ctrl_cut {
	const uint32_t *readable; /* bytes of each piece; they sum to the readable bytes */
	unsigned num_readable;
	const uint32_t *writable;
	unsigned num_writable;
};

/*
 * Sends any bytes at all as a command, for tests: readable begins with class and command if it is to be a good one,
 * room is what the device may write, the ack included, and comes back in writable (untouched bytes as 0xa5). cut may be
 * NULL. Returns how many bytes the device says it wrote, or -errno as drv_ctrl(); -EINVAL: the cut does not sum up.
 */
int drv_ctrl_raw(struct drv_net *net, const void *readable, uint32_t bytes, void *writable, uint32_t room,
		 const struct drv_ctrl_cut *cut);

/* The first bytes of the last command, as they are now in the memory that the device could read. For tests. */
void drv_ctrl_readable(const struct drv_net *net, void *to, uint32_t bytes);

#endif
