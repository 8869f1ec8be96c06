// SPDX-License-Identifier: BSD-2-Clause
#include "replay/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_TOLD  1024
#define FIRST_BYTES 65536

static struct merge_queue *queue_at(struct merge *merge, uint16_t queue)
{
	size_t count = (size_t)queue + 1;
	struct merge_queue *grown;

	if (queue < merge->num_queues)
		return &merge->queues[queue];
	grown = reallocarray(merge->queues, count, sizeof(*grown));
	if (!grown)
		return NULL;
	memset(grown + merge->num_queues, 0, (count - merge->num_queues) * sizeof(*grown));
	merge->queues = grown;
	merge->num_queues = count;
	return &grown[queue];
}

static bool queue_empty(const struct merge *merge, uint16_t queue)
{
	return queue >= merge->num_queues || merge->queues[queue].head == merge->queues[queue].tail;
}

static int grow_told(struct merge *merge)
{
	size_t room = merge->room ? 2 * merge->room : FIRST_TOLD;
	struct merge_told *grown = reallocarray(NULL, room, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	for (uint64_t i = merge->head; merge->room && i != merge->tail; i++)
		grown[i % room] = merge->told[i % merge->room];
	free(merge->told);
	merge->told = grown;
	merge->room = room;
	return 0;
}

/* Room for bytes behind the tail: by moving what is there to the front, or to more memory. */
static int make_room(struct merge_queue *q, size_t bytes)
{
	size_t used = q->tail - q->head, room = q->room ? q->room : FIRST_BYTES;
	uint8_t *to = q->bytes;

	if (bytes <= q->room - q->tail)
		return 0;
	while (bytes > room - used)
		room *= 2;
	if (room != q->room) {
		to = malloc(room);
		if (!to)
			return -ENOMEM;
	}
	if (used)
		memmove(to, q->bytes + q->head, used);
	if (to != q->bytes)
		free(q->bytes);
	*q = (struct merge_queue){to, room, 0, used};
	return 0;
}

static int keep(struct merge *merge, uint16_t queue, const uint8_t *data, uint32_t bytes)
{
	struct merge_queue *q = queue_at(merge, queue);

	if (!q || make_room(q, sizeof(bytes) + bytes))
		return -ENOMEM;
	memcpy(q->bytes + q->tail, &bytes, sizeof(bytes));
	memcpy(q->bytes + q->tail + sizeof(bytes), data, bytes);
	q->tail += sizeof(bytes) + bytes;
	return 0;
}

/* Hands on what was both told and received, up to the first frame that was not. */
static void drain(struct merge *merge)
{
	for (; merge->head != merge->tail; merge->head++) {
		const struct merge_told *told = &merge->told[merge->head % merge->room];
		struct merge_queue *q;
		uint32_t bytes;

		if (queue_empty(merge, told->queue))
			return;
		q = &merge->queues[told->queue];
		memcpy(&bytes, q->bytes + q->head, sizeof(bytes));
		merge->frame(merge->ctx, told->time_ns, q->bytes + q->head + sizeof(bytes), bytes);
		q->head += sizeof(bytes) + bytes;
		if (q->head == q->tail)
			q->head = q->tail = 0;
	}
}

int merge_told(struct merge *merge, uint16_t queue, uint64_t time_ns)
{
	if (merge->tail - merge->head == merge->room && grow_told(merge))
		return -ENOMEM;
	merge->told[merge->tail++ % merge->room] = (struct merge_told){time_ns, queue};
	drain(merge);
	return 0;
}

int merge_received(struct merge *merge, uint16_t queue, const uint8_t *data, uint32_t bytes)
{
	const struct merge_told *told = merge->room ? &merge->told[merge->head % merge->room] : NULL;

	/* With one queue, and nearly always with more: no copy. */
	if (!told || merge->head == merge->tail || told->queue != queue || !queue_empty(merge, queue))
		return keep(merge, queue, data, bytes);
	merge->frame(merge->ctx, told->time_ns, data, bytes);
	merge->head++;
	drain(merge);
	return 0;
}

bool merge_done(const struct merge *merge)
{
	for (size_t i = 0; i < merge->num_queues; i++)
		if (merge->queues[i].head != merge->queues[i].tail)
			return false;
	return merge->head == merge->tail;
}

void merge_free(struct merge *merge)
{
	for (size_t i = 0; i < merge->num_queues; i++)
		free(merge->queues[i].bytes);
	free(merge->queues);
	free(merge->told);
	memset(merge, 0, sizeof(*merge));
}
