/* SPDX-License-Identifier: BSD-2-Clause */
#include "event.h"
#include "core.h"
#include "exec/exec.h"
#include "map/events.h"

/* Flags of perf_event_output, as Linux has them. */
#define INDEX_MASK    0xffffffffULL
#define INDEX_CURRENT 0xffffffffULL
#define PACKET_SHIFT  32
#define PACKET_MASK   (0xfffffULL << PACKET_SHIFT)

/* Flags of records of a RINGBUF: wake the reader up never, or always. Nobody sleeps here. */
#define RING_FLAGS_MAX 2

/* What ringbuf_query is asked for. */
#define QUERY_OCCUPIED 0
#define QUERY_SIZE     1

static struct map *map_of(uint64_t r)
{
	return (struct map *)(uintptr_t)r;
}

static const void *mem_of(uint64_t r)
{
	return (const void *)(uintptr_t)r;
}

/* R1 context, R2 map, R3 flags, R4 data, R5 bytes of it. */
uint64_t event_perf_output(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	const struct fw_frame *frame = run->frame;
	uint64_t index = r3 & INDEX_MASK, packet_bytes = (r3 & PACKET_MASK) >> PACKET_SHIFT;
	struct map *map = map_of(r2);

	(void)r1;
	/* req: XO-253 */
	if (r3 & ~(INDEX_MASK | PACKET_MASK) || packet_bytes > (uint64_t)(frame->data_end - frame->data))
		return (uint64_t)-EINVAL;
	if (index == INDEX_CURRENT)
		index = run->queue;
	if (index >= map->attr.max_entries)
		return (uint64_t)-E2BIG;
	if (index != run->queue)
		return (uint64_t)-ENOTSUP;
	return (uint64_t)events_write(map, run->queue, mem_of(r4), (uint32_t)r5, frame->data, (uint32_t)packet_bytes);
}

/* R1 map, R2 data, R3 bytes of it, R4 flags. */
uint64_t event_ring_output(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r5;
	if (r4 > RING_FLAGS_MAX)
		return (uint64_t)-EINVAL;
	return events_write(map_of(r1), run->queue, mem_of(r2), (uint32_t)r3, NULL, 0) ? (uint64_t)-EAGAIN : 0;
}

/* R1 map, R2 bytes, R3 flags. */
uint64_t event_ring_reserve(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r4, (void)r5;
	return r3 ? 0 : (uintptr_t)events_reserve(map_of(r1), r2, run->queue);
}

/* Its map is one of those that want to know when the run ends. */
static void settle(const struct run *run, uint64_t record, bool keep)
{
	for (struct map *map = run->fw->run_end; map; map = map->run_end_next)
		if (events_holds(map) && events_settle(map, mem_of(record), keep))
			return;
}

/* R1 record, R2 flags. */
uint64_t event_ring_submit(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r2, (void)r3, (void)r4, (void)r5;
	settle(run, r1, true);
	return 0;
}

uint64_t event_ring_discard(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r2, (void)r3, (void)r4, (void)r5;
	settle(run, r1, false);
	return 0;
}

/* R1 map, R2 what is asked for. */
uint64_t event_ring_query(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r3, (void)r4, (void)r5, (void)run;
	switch (r2) {
	case QUERY_OCCUPIED:
		return events_occupied(map_of(r1));
	case QUERY_SIZE:
		return map_of(r1)->attr.max_entries;
	default:
		return 0;
	}
}
