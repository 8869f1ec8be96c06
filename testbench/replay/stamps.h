/* SPDX-License-Identifier: BSD-2-Clause */
/* Times of frames on their way to the guest, first in first out per receive queue: the ring does not carry them. */
#ifndef TESTBENCH_REPLAY_STAMPS_H
#define TESTBENCH_REPLAY_STAMPS_H

#include <stddef.h>
#include <stdint.h>

struct stamps_queue {
	uint64_t *times; /* a ring of room (a power of two) */
	size_t room;
	uint64_t head, tail;
};

struct stamps {
	struct stamps_queue *queues;
	size_t count;
};

/* All zero is empty. 0 or -ENOMEM. */
int stamps_push(struct stamps *stamps, uint16_t queue, uint64_t time_ns);
/* 0, or -ENOENT if there is none. */
int stamps_pop(struct stamps *stamps, uint16_t queue, uint64_t *time_ns);
void stamps_free(struct stamps *stamps);

#endif
