/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory that notices who writes to it. Before a turn of the device, what it may write is worked out from the
 * rings by a walk of its own, and everything is copied; afterwards, whatever else has changed is an error.
 */
#ifndef TESTBENCH_FUZZ_SHADOW_H
#define TESTBENCH_FUZZ_SHADOW_H

#include "device-model/device.h"

#define SHADOW_GPA 0x100000ULL
#define SHADOW_MAIN                                                                                                    \
	0x20000 /* bytes of the first region; the others follow in guest-physical order, elsewhere on the host */
#define SHADOW_SIDE  0x2000 /* comes and goes */
#define SHADOW_ROM   0x1000 /* read-only */
#define SHADOW_BYTES (SHADOW_MAIN + SHADOW_SIDE + SHADOW_ROM)

struct shadow {
	struct mem mem; /* what the device is given */
	uint8_t *main, *side, *rom;
	uint8_t *copy;    /* SHADOW_BYTES, before the turn */
	uint8_t *allowed; /* the same: whether the device may write there */
	bool tainted;     /* it may write to what it reads as descriptors: nothing can be said about this turn */
};

void shadow_open(struct shadow *shadow);
void shadow_close(struct shadow *shadow);

/* The byte at a guest-physical address, or NULL. */
uint8_t *shadow_at(struct shadow *shadow, uint64_t gpa);
/* Puts in as much of bytes as lies in memory. */
void shadow_put(struct shadow *shadow, uint64_t gpa, const void *from, size_t bytes);

/* Maps or unmaps the side region. */
void shadow_side(struct shadow *shadow, bool there);

/* Before a turn. queue_writes[q]: whether the device may write to buffers of queue q. */
void shadow_before(struct shadow *shadow, const struct virtio_device *dev, const bool *queue_writes);
/* After it: the address of a byte that changed and had no business to, or 0. */
uint64_t shadow_after(struct shadow *shadow);

#endif
