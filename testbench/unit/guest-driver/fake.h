/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device in the hands of a test: registers, memory and rings that the test may spoil as it likes. Device addresses
 * are host addresses.
 */
#ifndef UNIT_FAKE_H
#define UNIT_FAKE_H

#include "guest-driver/core/env.h"
#include "guest-driver/core/transport.h"
#include "spec/wire/virtio_config.h"
#include "spec/wire/virtio_net.h"
#include "spec/wire/virtio_ring.h"

#define FAKE_QUEUES     3
#define FAKE_CHAIN      40
#define FAKE_EVENTS     256
#define FAKE_NOTIF_DATA 0x4711 /* what NOTIF_CONFIG_DATA calls queue 0 */

struct fake_queue {
	uint16_t max, size; /* descriptors; size 0: not enabled */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t taken; /* avail entries that fake_pop() took */
	unsigned notifies;
	uint32_t notified;  /* data of the last notification */
	unsigned resetting; /* looks until the queue's reset is over */
};

/* A chain, indirect tables resolved. */
struct fake_chain {
	uint16_t head;
	unsigned count, readable, indirect; /* descriptors; of these readable; tables */
	uint8_t *data[FAKE_CHAIN];
	uint32_t bytes[FAKE_CHAIN];
};

struct fake {
	struct drv_env env;
	struct drv_transport transport;
	uint8_t status;
	uint8_t refuse;    /* status bits that never stick */
	uint8_t sticky;    /* status bits that are always there */
	bool reset_sticks; /* a reset does nothing */
	uint64_t offered[2];
	uint64_t accepted[2];
	uint8_t config[64];
	uint8_t generation;
	bool restless; /* the generation changes with every look */
	unsigned config_writes;
	uint64_t config_seen; /* bit n: byte n of the configuration space was read */
	unsigned tears;       /* reads of it during which it changes: their bytes are wrong */
	struct fake_queue queue[FAKE_QUEUES];
	void (*run)(struct fake *fake); /* called by wait() */
	int wait_result;
	unsigned reset_looks; /* how often a queue's reset reads as going on */
	/* What the driver did, in order: 's' and the status written, 'f' select, 'q' queue enabled, 'n' notified, 'r'
	 * reset, 'l' looked at whether that is over. */
	char event[FAKE_EVENTS];
	uint8_t event_arg[FAKE_EVENTS];
	unsigned events;
	unsigned blocks; /* allocated and not freed */
	int allocs_left; /* then allocations fail; negative: never */
	void *test;      /* the test's own */
};

/* A network device of three queues of 8 descriptors that offers VERSION_1, MAC, MTU 1500, STATUS, CTRL_VQ. */
void fake_init(struct fake *fake);
void fake_offer(struct fake *fake, unsigned bit, bool on);

/* Takes the next available chain of queue. Returns whether there was one. */
bool fake_pop(struct fake *fake, unsigned queue, struct fake_chain *chain);
/* Uses head. */
void fake_push(struct fake *fake, unsigned queue, uint32_t head, uint32_t len);
/* The same without the index. */
void fake_put(struct fake *fake, unsigned queue, unsigned ahead, uint32_t head, uint32_t len);
void fake_publish(struct fake *fake, unsigned queue, uint16_t count);

/* Copies the readable bytes of a chain; returns how many. */
size_t fake_read(const struct fake_chain *chain, uint8_t *to, size_t room);
/* Writes to the writable bytes of a chain; returns how many fitted. */
uint32_t fake_write(const struct fake_chain *chain, const void *from, size_t bytes);

#endif
