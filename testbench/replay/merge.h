/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of many receive queues, put back into the order of the link. The device tells for each frame that the guest
 * gets its queue and its time, in the order of the link; the guest receives them queue by queue, in the order of each.
 * Either may come first.
 */
#ifndef TESTBENCH_REPLAY_MERGE_H
#define TESTBENCH_REPLAY_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct merge_told {
	uint64_t time_ns;
	uint16_t queue;
};

/* Frames received and not told of yet: each its number of bytes (4, of this machine) and its bytes. */
struct merge_queue {
	uint8_t *bytes;
	size_t room, head, tail;
};

struct merge {
	struct merge_told *told; /* told of and not received yet: a ring of room (a power of two) */
	size_t room;
	uint64_t head, tail;
	struct merge_queue *queues;
	size_t num_queues;
	/* Gets each frame, in the order of the link. */
	void (*frame)(void *ctx, uint64_t time_ns, const uint8_t *data, uint32_t bytes);
	void *ctx;
};

/* All zero but for frame and ctx is empty. The device tells of the next frame on the link for the guest. 0 or -ENOMEM.
 */
int merge_told(struct merge *merge, uint16_t queue, uint64_t time_ns);
/* The guest has received a frame, whose bytes are copied if they have to wait. 0 or -ENOMEM. */
int merge_received(struct merge *merge, uint16_t queue, const uint8_t *data, uint32_t bytes);
/* Whether nothing waits: all that was told was received, and the other way round. */
bool merge_done(const struct merge *merge);
void merge_free(struct merge *merge);

#endif
