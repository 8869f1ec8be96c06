/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A split ring written by hand, into guest memory that a test owns: it can be as wrong as the test wants. Nothing is
 * checked and nothing is managed; the driver that does that is guest-driver/core.
 */
#ifndef UNIT_DEVICE_MODEL_RING_H
#define UNIT_DEVICE_MODEL_RING_H

#include "device-model/vq.h"
#include "virtio_ring.h"

#define RAM_GPA   0x100000ULL
#define RAM_BYTES ((size_t)4 << 20)

struct ram {
	struct mem mem;
	uint8_t *bytes;
	uint64_t next; /* guest-physical address of what is free */
};

/* One region of RAM_BYTES at RAM_GPA. */
void ram_open(struct ram *ram);
void ram_close(struct ram *ram);
/* Address of zeroed bytes, aligned to 64. */
uint64_t ram_take(struct ram *ram, size_t bytes);
void *ram_at(struct ram *ram, uint64_t gpa);

struct ring {
	struct ram *ram;
	struct virtio_queue_addr addr;
	uint16_t size;
	uint16_t avail; /* index as the driver last wrote it */
	uint16_t used;  /* entries that the driver has seen */
};

void ring_open(struct ring *ring, struct ram *ram, uint16_t size);
/* Writes descriptor i of the table at gpa. */
void ring_table(struct ram *ram, uint64_t gpa, uint32_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
void ring_desc(struct ring *ring, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
/* Makes a head available. */
void ring_push(struct ring *ring, uint16_t head);
void ring_set_avail(struct ring *ring, uint16_t idx);
void ring_set_avail_flags(struct ring *ring, uint16_t flags);
void ring_set_used_event(struct ring *ring, uint16_t event);
uint16_t ring_used_idx(struct ring *ring);
uint16_t ring_used_flags(struct ring *ring);
uint16_t ring_avail_event(struct ring *ring);
/* The next used entry not seen yet. Whether there is one. */
bool ring_pop(struct ring *ring, uint32_t *id, uint32_t *len);

#endif
