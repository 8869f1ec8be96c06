// SPDX-License-Identifier: BSD-2-Clause
#include "replay/stamps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024

static int grow_queues(struct stamps *stamps, size_t count)
{
	struct stamps_queue *grown = reallocarray(stamps->queues, count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	memset(grown + stamps->count, 0, (count - stamps->count) * sizeof(*grown));
	stamps->queues = grown;
	stamps->count = count;
	return 0;
}

static int grow_queue(struct stamps_queue *q)
{
	size_t room = q->room ? 2 * q->room : FIRST_ROOM;
	uint64_t *times = reallocarray(NULL, room, sizeof(*times));

	if (!times)
		return -ENOMEM;
	for (uint64_t i = q->head; q->room && i != q->tail; i++)
		times[i % room] = q->times[i % q->room];
	free(q->times);
	q->times = times;
	q->room = room;
	return 0;
}

int stamps_push(struct stamps *stamps, uint16_t queue, uint64_t time_ns)
{
	struct stamps_queue *q;

	if (queue >= stamps->count && grow_queues(stamps, (size_t)queue + 1))
		return -ENOMEM;
	q = &stamps->queues[queue];
	if (q->tail - q->head == q->room && grow_queue(q))
		return -ENOMEM;
	q->times[q->tail++ % q->room] = time_ns;
	return 0;
}

int stamps_pop(struct stamps *stamps, uint16_t queue, uint64_t *time_ns)
{
	struct stamps_queue *q = queue < stamps->count ? &stamps->queues[queue] : NULL;

	if (!q || q->head == q->tail)
		return -ENOENT;
	*time_ns = q->times[q->head++ % q->room];
	return 0;
}

void stamps_free(struct stamps *stamps)
{
	for (size_t i = 0; i < stamps->count; i++)
		free(stamps->queues[i].times);
	free(stamps->queues);
	memset(stamps, 0, sizeof(*stamps));
}
