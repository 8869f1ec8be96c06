/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Theory of operation. A map has place for size bytes, counted as positions that only grow: a record takes HEAD bytes
 * and its data, rounded up to 8. It fits if what is there and itself stay below size, whatever place in the ring they
 * are at: what a program sees does not depend on where the ring's end is.
 *
 * For that the ring has two bytes of memory for each of a position: the struct record, of 2 * HEAD bytes, and data in
 * one piece. A record whose positions go round the end lies either wholly before it or, but for its struct record,
 * wholly at the beginning: with tail positions before the end and R bytes of rounded data, if R is above 2 * tail - 16,
 * then the 2 * (HEAD + R - tail) bytes that it has at the beginning are more than R.
 *
 * Losses are counted for each receive queue, and told with the next record of the same queue.
 *
 * Reserved records are open until they are settled. Runs and commands do not interleave, so commands see none.
 */
#include "map/events.h"
#include "core.h"
#include "virtio_net_xdp.h"

#define HEAD       8       /* positions that a record takes besides its data */
#define PERF_BYTES 0x10000 /* place of a PERF_EVENTS map */
#define RING_MIN   4096
#define LOST_MAX   0x3fffffff

enum record_state {
	KEPT,
	OPEN,
	GIVEN_UP,
};

struct record {
	uint32_t bytes;     /* of data */
	uint32_t lost : 30; /* records lost between the one before and this */
	uint32_t state : 2; /* enum record_state */
	uint64_t order : 48;
	uint64_t queue : 16;
};

_Static_assert(sizeof(struct record) == 2 * HEAD, "two bytes of memory per position");

/* Of one queue. */
struct losses {
	uint32_t fresh;   /* since its newest record */
	uint32_t carried; /* that records which were given up would have told */
};

struct events {
	struct map map;
	uint64_t size;               /* positions, a power of two */
	uint64_t produced;           /* where the next record goes */
	uint64_t consumed;           /* where the oldest one is; if it is not produced, that one is not given up */
	uint64_t open[EXEC_RECORDS]; /* where the open ones are */
	uint32_t num_open;
	uint32_t waiting; /* records kept */
	uint32_t num_queues;
	struct losses *losses; /* of each queue, behind the ring */
	struct record ring[];
};

extern const struct map_ops events_perf_ops;
extern const struct map_ops events_ring_ops;

static struct events *events_of(struct map *map)
{
	return (struct events *)map;
}

static const struct events *const_of(const struct map *map)
{
	return (const struct events *)map;
}

bool events_holds(const struct map *map)
{
	return map->ops == &events_perf_ops || map->ops == &events_ring_ops;
}

/* ---- records in the ring ---- */

static struct record *record_at(const struct events *e, uint64_t at)
{
	return (struct record *)&e->ring[(at & (e->size - 1)) / HEAD];
}

/* Positions that a record of bytes takes; bytes is below 2^63. */
static uint64_t span(uint64_t bytes)
{
	return HEAD + ALIGN_UP(bytes, 8);
}

static uint8_t *data_at(const struct events *e, uint64_t at)
{
	struct record *r = record_at(e, at);
	uint64_t need = span(r->bytes), tail = e->size - (at & (e->size - 1));

	if (need <= tail || need - HEAD <= 2 * tail - sizeof(*r))
		return (uint8_t *)(r + 1);
	return (uint8_t *)e->ring;
}

static uint64_t after(const struct events *e, uint64_t at)
{
	return at + span(record_at(e, at)->bytes);
}

static struct losses *losses_of(const struct events *e, uint32_t queue)
{
	return &e->losses[MIN(queue, e->num_queues - 1)];
}

static uint32_t add_lost(uint32_t a, uint32_t b)
{
	return MIN(a + b, (uint32_t)LOST_MAX); /* neither is above LOST_MAX */
}

/* Makes a record at *at. Whether there is place. */
static bool append(struct events *e, uint64_t bytes, uint32_t queue, enum record_state state, uint64_t *at)
{
	struct losses *losses = losses_of(e, queue);

	/* req: XO-256 */
	if (bytes >= e->size || e->produced - e->consumed + span(bytes) >= e->size) {
		losses->fresh = add_lost(losses->fresh, 1);
		return false;
	}
	*at = e->produced;
	*record_at(e, *at) = (struct record){
		.bytes = (uint32_t)bytes,
		.lost = losses->fresh, /* req: XO-113 */
		.state = state,
		.order = (e->map.fw ? e->map.fw->events++ : e->produced) & ((1ULL << 48) - 1),
		.queue = queue & (EVENTS_QUEUES - 1),
	};
	losses->fresh = 0;
	e->produced += span(bytes);
	return true;
}

/* Frees the place of the oldest records as far as they were given up. */
static void trim(struct events *e)
{
	while (e->consumed != e->produced && record_at(e, e->consumed)->state == GIVEN_UP) {
		const struct record *r = record_at(e, e->consumed);
		struct losses *losses = losses_of(e, (uint32_t)r->queue);

		losses->carried = add_lost(losses->carried, r->lost);
		e->consumed = after(e, e->consumed);
	}
}

/* ---- for programs ---- */

void *events_reserve(struct map *map, uint64_t bytes, uint32_t queue)
{
	struct events *e = events_of(map);
	uint64_t at;
	void *data;

	if (e->num_open == EXEC_RECORDS || !append(e, bytes, queue, OPEN, &at))
		return NULL;
	e->open[e->num_open++] = at;
	map_want_run_end(map);
	data = data_at(e, at);
	mem_set(data, 0, ALIGN_UP(bytes, 8)); /* req: XO-254 */
	return data;
}

/* Open record n. */
static void settle(struct events *e, uint32_t n, bool keep)
{
	record_at(e, e->open[n])->state = keep ? KEPT : GIVEN_UP; /* req: XO-255 */
	e->waiting += keep;
	e->open[n] = e->open[--e->num_open];
	trim(e);
}

bool events_settle(struct map *map, const void *record, bool keep)
{
	struct events *e = events_of(map);

	for (uint32_t n = 0; n < e->num_open; n++) {
		if (data_at(e, e->open[n]) != record)
			continue;
		settle(e, n, keep);
		return true;
	}
	return false;
}

int events_write(struct map *map, uint32_t queue, const void *first, uint32_t first_bytes, const void *second,
		 uint32_t second_bytes)
{
	struct events *e = events_of(map);
	uint64_t bytes = (uint64_t)first_bytes + second_bytes, at;
	uint8_t *data;

	if (!append(e, bytes, queue, KEPT, &at))
		return -ENOSPC;
	e->waiting++;
	data = data_at(e, at);
	if (first_bytes)
		mem_copy(data, first, first_bytes);
	if (second_bytes)
		mem_copy(data + first_bytes, second, second_bytes);
	mem_set(data + bytes, 0, ALIGN_UP(bytes, 8) - bytes);
	return 0;
}

uint64_t events_occupied(const struct map *map)
{
	return const_of(map)->produced - const_of(map)->consumed;
}

/* ---- for EVENT_GET ---- */

uint32_t events_waiting(const struct map *map)
{
	return const_of(map)->waiting;
}

void events_peek(const struct map *map, struct events_record *record)
{
	const struct events *e = const_of(map);
	const struct record *r = record_at(e, e->consumed);

	*record = (struct events_record){
		.data = data_at(e, e->consumed),
		.bytes = r->bytes,
		.lost = add_lost(losses_of(e, (uint32_t)r->queue)->carried, r->lost),
		.queue = (uint32_t)r->queue,
		.order = r->order,
	};
}

void events_pop(struct map *map)
{
	struct events *e = events_of(map);

	losses_of(e, (uint32_t)record_at(e, e->consumed)->queue)->carried = 0;
	e->consumed = after(e, e->consumed); /* req: XO-112 */
	e->waiting--;
	trim(e);
}

/* ---- the map ---- */

static uint16_t refuse_size(uint32_t *detail, uint32_t expected)
{
	*detail = expected; /* req: XO-262 */
	return VIRTIO_NET_XDP_ERR_SIZE;
}

static uint16_t perf_check(const struct map_attr *attr, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, 0, detail); /* req: XO-159 */

	if (status)
		return status;
	if (attr->key_size != 4 || attr->value_size != 4)
		return refuse_size(detail, 4);
	return attr->max_entries ? VIRTIO_NET_XDP_OK : refuse_size(detail, 1);
}

/* The next power of two, or the highest. */
static uint32_t power_of_two(uint32_t x)
{
	uint32_t power = RING_MIN;

	while (power < x && power < (uint32_t)1 << 31)
		power *= 2;
	return power;
}

static uint16_t ring_check(const struct map_attr *attr, uint32_t *detail)
{
	uint16_t status = map_check_flags(attr, 0, detail); /* req: XO-159 */

	if (status)
		return status;
	if (attr->key_size || attr->value_size)
		return refuse_size(detail, 0);
	if (attr->max_entries != power_of_two(attr->max_entries))
		return refuse_size(detail, power_of_two(attr->max_entries));
	return VIRTIO_NET_XDP_OK;
}

static uint64_t events_bytes(uint64_t size, uint32_t num_queues)
{
	return map_storage_bytes(sizeof(struct events), size, 2, num_queues, sizeof(struct losses));
}

static uint64_t perf_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	(void)attr;
	return events_bytes(PERF_BYTES, num_queues);
}

static uint64_t ring_bytes(const struct map_attr *attr, uint32_t num_queues)
{
	return events_bytes(attr->max_entries, num_queues);
}

static void events_init(struct events *e, uint64_t size, uint32_t num_queues)
{
	e->size = size;
	e->num_queues = num_queues;
	e->losses = (struct losses *)((uint8_t *)e->ring + 2 * size);
}

static void perf_init(struct map *map, uint32_t num_queues)
{
	events_init(events_of(map), PERF_BYTES, num_queues);
}

static void ring_init(struct map *map, uint32_t num_queues)
{
	events_init(events_of(map), map->attr.max_entries, num_queues);
}

static bool owns(const struct map *map, const void *p, size_t bytes)
{
	const struct events *e = const_of(map);

	for (uint32_t n = 0; n < e->num_open; n++) {
		const struct record *r = record_at(e, e->open[n]);
		uintptr_t offset = (uintptr_t)p - (uintptr_t)data_at(e, e->open[n]);

		if (offset < r->bytes && bytes <= r->bytes - offset)
			return true;
	}
	return false;
}

/* What is still open is given up: no verified program leaves anything, one that the interpreter stops may. */
static void run_end(struct map *map)
{
	struct events *e = events_of(map);

	map->run_end_wanted = false;
	while (e->num_open)
		settle(e, 0, false);
}

const struct map_ops events_perf_ops = {
	.check = perf_check,
	.bytes = perf_bytes,
	.init = perf_init,
	.count = events_waiting,
	.owns = owns,
	.run_end = run_end,
};

const struct map_ops events_ring_ops = {
	.check = ring_check,
	.bytes = ring_bytes,
	.init = ring_init,
	.count = events_waiting,
	.owns = owns,
	.run_end = run_end,
};
