/* SPDX-License-Identifier: BSD-2-Clause */
#include "exec/exec.h"
#include "map/events.h"
#include "maps.h"

#define RING 4096

#define QUEUES 4

static struct map *events_new(uint32_t type, uint32_t size, uint32_t entries)
{
	const struct map_ops *ops = map_ops_of(type);
	struct map_attr attr = {.type = type, .key_size = size, .value_size = size, .max_entries = entries};
	struct map *map = calloc(1, ops->bytes(&attr, QUEUES)); /* exactly that many: what goes beyond, ASan sees */

	cr_assert(map);
	map->ops = ops;
	map->attr = attr;
	ops->init(map, QUEUES);
	return map;
}

static struct map *ring_new(uint32_t bytes)
{
	return events_new(VIRTIO_NET_XDP_MAP_RINGBUF, 0, bytes);
}

static struct map *perf_new(void)
{
	return events_new(VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 1);
}

Test(events, sizes_and_flags)
{
	static const struct {
		uint32_t type, key, value, entries, flags;
		unsigned status;
		uint32_t detail;
	} rows[] = {
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 4, 1, 0, 0, 0},
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 4, UINT32_MAX, 0, 0, 0},
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 4, 0, 0, VIRTIO_NET_XDP_ERR_SIZE, 1},
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 8, 4, 1, 0, VIRTIO_NET_XDP_ERR_SIZE, 4},
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 8, 1, 0, VIRTIO_NET_XDP_ERR_SIZE, 4},
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 4, 1, 1, VIRTIO_NET_XDP_ERR_FLAGS, 1},
		{VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 4, 1, 0x188, VIRTIO_NET_XDP_ERR_FLAGS, 0x188},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 4096, 0, 0, 0},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 1u << 31, 0, 0, 0},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 0, 0, VIRTIO_NET_XDP_ERR_SIZE, 4096},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 2048, 0, VIRTIO_NET_XDP_ERR_SIZE, 4096},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 4097, 0, VIRTIO_NET_XDP_ERR_SIZE, 8192},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 12288, 0, VIRTIO_NET_XDP_ERR_SIZE, 16384},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, UINT32_MAX, 0, VIRTIO_NET_XDP_ERR_SIZE, 1u << 31},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 4, 0, 4096, 0, VIRTIO_NET_XDP_ERR_SIZE, 0},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 1, 4096, 0, VIRTIO_NET_XDP_ERR_SIZE, 0},
		{VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 4096, 0x18, VIRTIO_NET_XDP_ERR_FLAGS, 0x18},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct map_attr attr = {.type = rows[i].type,
					.key_size = rows[i].key,
					.value_size = rows[i].value,
					.max_entries = rows[i].entries,
					.flags = rows[i].flags};
		uint32_t detail = 0;

		cr_assert_eq(map_ops_of(rows[i].type)->check(&attr, &detail), rows[i].status, "row %zu", i);
		cr_assert_eq(detail, rows[i].detail, "row %zu: %u", i, detail);
	}
	cr_assert_eq(map_ops_of(VIRTIO_NET_XDP_MAP_RINGBUF)->lookup, NULL, "no elements");
}

/* Takes the oldest record and checks it: data is bytes of fill, and so on. */
static void take(struct map *map, uint32_t bytes, uint8_t fill, uint32_t queue, uint32_t lost)
{
	struct events_record r;

	cr_assert_gt(events_waiting(map), 0);
	events_peek(map, &r);
	cr_assert_eq(r.bytes, bytes, "%u bytes", r.bytes);
	cr_assert_eq(r.queue, queue);
	cr_assert_eq(r.lost, lost, "lost %u", r.lost);
	for (uint32_t i = 0; i < bytes; i++)
		cr_assert_eq(r.data[i], fill, "byte %u of %u", i, bytes);
	for (uint32_t i = bytes; i % 8; i++)
		cr_assert_eq(r.data[i], 0, "padding behind %u", bytes);
	events_pop(map);
}

static int put(struct map *map, uint32_t bytes, uint8_t fill, uint32_t queue)
{
	static uint8_t data[1 << 17];

	memset(data, fill, bytes);
	return events_write(map, queue, data, bytes / 3, data, bytes - bytes / 3);
}

/* What fits does not depend on where in the ring the end is: sizes of all kinds, many times round. */
Test(events, round_and_round)
{
	struct map *map = ring_new(RING);
	struct {
		uint32_t bytes;
		uint8_t fill;
		uint32_t queue, lost;
	} model[600], *m;
	size_t head = 0, tail = 0;
	uint64_t occupied = 0, random = 1, fitted = 0, refused = 0;
	uint32_t lost[QUEUES] = {0};

	for (unsigned step = 0; step < 60000; step++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		if (random >> 60 & 1 && head != tail) {
			m = &model[head++ % 600];
			take(map, m->bytes, m->fill, m->queue, m->lost);
			occupied -= 8 + ALIGN_UP(m->bytes, 8u);
		} else {
			/* small ones, and now and then any size */
			uint32_t bytes = random >> 50 & 7 ? random >> 40 & 63 : random >> 30 & 4095;
			uint32_t queue = random >> 20 & (QUEUES - 1);
			bool fits = occupied + 8 + ALIGN_UP(bytes, 8u) < RING;

			cr_assert_eq(put(map, bytes, (uint8_t)step, queue), fits ? 0 : -ENOSPC, "%u bytes", bytes);
			fits ? fitted++ : refused++;
			if (!fits) {
				lost[queue]++;
				continue;
			}
			occupied += 8 + ALIGN_UP(bytes, 8u);
			m = &model[tail++ % 600];
			m->bytes = bytes;
			m->fill = (uint8_t)step;
			m->queue = queue;
			m->lost = lost[queue];
			lost[queue] = 0;
		}
		cr_assert_eq(events_occupied(map), occupied);
		cr_assert_eq(events_waiting(map), tail - head);
	}
	cr_assert(fitted > 10000 && refused > 1000, "%lu %lu", (unsigned long)fitted, (unsigned long)refused);
	free(map);
}

/* A record as large as can be, at every place of the ring; reserved memory is writable to its last byte, and zero. */
Test(events, largest_record_everywhere)
{
	for (uint32_t first = 0; first < RING - 8; first += 8) {
		struct map *map = ring_new(RING);
		uint32_t bytes = RING - 16;
		uint8_t *p;

		if (first) {
			cr_assert_eq(put(map, first - 8, 0xee, 1), 0);
			take(map, first - 8, 0xee, 1, 0);
		}
		cr_assert_null(events_reserve(map, bytes + 1, 2));
		p = events_reserve(map, bytes, 2);
		cr_assert(p, "at %u", first);
		for (uint32_t i = 0; i < bytes; i++)
			cr_assert_eq(p[i], 0, "at %u: byte %u is stale", first, i);
		memset(p, 0x77, bytes);
		cr_assert(map->ops->owns(map, p, bytes));
		cr_assert_not(map->ops->owns(map, p, bytes + 1));
		cr_assert_not(map->ops->owns(map, p - 1, 1));
		cr_assert_not(map->ops->owns(map, p + bytes, 1));
		cr_assert_null(events_reserve(map, 0, 2), "full");
		cr_assert(events_settle(map, p, true));
		cr_assert_not(map->ops->owns(map, p, 1), "it is the driver's now");
		take(map, bytes, 0x77, 2, 1);
		cr_assert_eq(events_occupied(map), 0);
		free(map);
	}
}

/* Records appear in the order of their places, those given up never, and what was lost before those is told later. */
Test(events, reserved_in_any_order)
{
	struct map *map = ring_new(RING);
	uint8_t *p[4];

	for (int i = 0; i < 4; i++) {
		p[i] = events_reserve(map, 16, (uint32_t)i);
		cr_assert(p[i]);
		memset(p[i], i, 16);
	}
	cr_assert_eq(events_waiting(map), 0);
	cr_assert(events_settle(map, p[2], true));
	cr_assert_not(events_settle(map, p[2], true), "once");
	cr_assert_not(events_settle(map, p[1] + 8, true), "not inside");
	cr_assert(events_settle(map, p[3], true));
	cr_assert(events_settle(map, p[1], false));
	cr_assert_eq(events_occupied(map), 4 * 24);
	cr_assert(events_settle(map, p[0], false));
	cr_assert_eq(events_occupied(map), 2 * 24, "the oldest ones were given up");
	maps_run_end(map);
	cr_assert_eq(events_waiting(map), 2);
	take(map, 16, 2, 2, 0);
	take(map, 16, 3, 3, 0);

	cr_assert_null(events_reserve(map, RING, 0));
	cr_assert_null(events_reserve(map, UINT64_MAX, 0));
	p[0] = events_reserve(map, 8, 0);
	cr_assert(events_settle(map, p[0], false));
	cr_assert_null(events_reserve(map, 1ULL << 32, 0), "sizes have 64 bits");
	cr_assert_eq(put(map, 5, 9, 0), 0);
	take(map, 5, 9, 0, 3);
	cr_assert_eq(put(map, 5, 9, 0), 0);
	take(map, 5, 9, 0, 0);
	free(map);
}

/* A run may reserve and settle a great many while it holds one: none takes longer for those before it. */
Test(events, one_held_while_many_are_settled, .timeout = 30)
{
	struct map *map = ring_new(1 << 24);
	uint8_t *first = events_reserve(map, 8, 0);

	for (uint32_t i = 0; i < 500000; i++) {
		uint8_t *p = events_reserve(map, 8, 0);

		cr_assert(p);
		cr_assert(map->ops->owns(map, p, 8));
		cr_assert(events_settle(map, p, false));
	}
	cr_assert(events_settle(map, first, true));
	take(map, 8, 0, 0, 0);
	cr_assert_eq(events_occupied(map), 0);
	free(map);
}

Test(events, as_many_are_open_as_a_run_can_hold)
{
	struct map *map = ring_new(RING);
	uint8_t *p = NULL;

	for (uint32_t i = 0; i < EXEC_RECORDS; i++)
		cr_assert(p = events_reserve(map, 8, 0));
	cr_assert_null(events_reserve(map, 8, 0));
	cr_assert(events_settle(map, p, false));
	cr_assert(events_reserve(map, 8, 0));
	free(map);
}

/* Losses that a record which was given up would have told are told by the next one of its queue. */
Test(events, losses_are_carried_on)
{
	struct map *map = ring_new(RING);
	uint8_t *p;

	cr_assert_eq(put(map, 1, 1, 1), 0);
	for (uint32_t queue = 0; queue < QUEUES; queue++)
		for (uint32_t i = 0; i < queue; i++)
			cr_assert_null(events_reserve(map, RING, queue));
	p = events_reserve(map, 8, 2);
	cr_assert_eq(put(map, 3, 3, 3), 0);
	cr_assert_null(events_reserve(map, RING, 2));
	cr_assert_eq(put(map, 2, 2, 2), 0);
	cr_assert_eq(put(map, 2, 2, 2), 0);
	cr_assert(events_settle(map, p, false));
	take(map, 1, 1, 1, 0);
	take(map, 3, 3, 3, 3);
	take(map, 2, 2, 2, 2 + 1);
	take(map, 2, 2, 2, 0);
	cr_assert_eq(put(map, 1, 1, 1), 0);
	take(map, 1, 1, 1, 1);
	free(map);
}

/* A run that a fault ended leaves nothing open. */
Test(events, run_end_gives_up_what_is_open)
{
	struct map *map = ring_new(RING);
	uint8_t *p = events_reserve(map, 8, 0);

	cr_assert_eq(put(map, 3, 1, 0), 0);
	cr_assert(map->run_end_wanted);
	maps_run_end(map);
	cr_assert_not(map->run_end_wanted);
	cr_assert_not(map->ops->owns(map, p, 8));
	cr_assert_not(events_settle(map, p, true));
	take(map, 3, 1, 0, 0);
	cr_assert_eq(events_occupied(map), 0);
	free(map);
}

Test(events, perf_has_64_kib)
{
	struct map *map = perf_new();
	uint32_t count = 0;

	cr_assert_eq(put(map, 65536 - 8, 1, 0), -ENOSPC);
	cr_assert_eq(put(map, 65536 - 16, 1, 0), 0);
	take(map, 65536 - 16, 1, 0, 1);
	while (!put(map, 100, (uint8_t)count, 3))
		count++;
	cr_assert_eq(count, 65535 / 112);
	cr_assert_eq(map->ops->count(map), count);
	for (uint32_t i = 0; i < count; i++)
		take(map, 100, (uint8_t)i, 3, 0);
	cr_assert_eq(put(map, 0, 0, 0), 0);
	take(map, 0, 0, 0, 0);
	cr_assert_eq(put(map, 0, 0, 3), 0);
	take(map, 0, 0, 3, 1); /* the losses are the queue's */
	free(map);
}
