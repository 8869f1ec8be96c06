/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's end of packed rings by hand, for a device that hand_open_offering() made. */
#ifndef CONFORM_HAND_PACKED_H
#define CONFORM_HAND_PACKED_H

#include "hand_ring.h"

struct hand_packed {
	struct vring_packed_desc *desc;
	struct vring_packed_event *driver, *device;
	struct drv_queue_addr addr;
	uint8_t *buffer; /* 64 KiB to describe */
	uint64_t buffer_addr;
	uint16_t size;
	uint16_t at; /* of the next descriptor to make available: wrap counter in bit 15 */
};

/* A device up to DRIVER_OK, with three queues of size descriptors, and RING_PACKED beside features. */
void hand_packed_start(struct hand *h, struct hand_packed q[3], uint64_t features, uint16_t size);

/* Flags of an available descriptor at q->at, with others. */
uint16_t hand_packed_flags(const struct hand_packed *q, uint16_t others);
/* Writes the next descriptor and moves on. Whoever writes a list has it available at once: the device does not run. */
void hand_packed_put(struct hand_packed *q, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags);
/* Whether descriptor i is a used one of lap wrap. */
bool hand_packed_used(const struct hand_packed *q, unsigned i, bool wrap);

#endif
