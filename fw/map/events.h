/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of records: PERF_EVENTS and RINGBUF. Programs append, EVENT_GET takes out, oldest first. What finds no place is
 * lost and counted; what is there stays.
 */
#ifndef FW_MAP_EVENTS_H
#define FW_MAP_EVENTS_H

#include "map/map.h"

/* The bits that a record's queue is kept in. */
#define EVENTS_QUEUES ((uint32_t)1 << 16)

/* What is told of a record. data is good until events_pop(). */
struct events_record {
	const uint8_t *data;
	uint32_t bytes;
	uint32_t lost;  /* records of this map and queue lost between the one told before and this */
	uint32_t queue; /* of the run that wrote it */
	uint64_t order; /* the lower, the older, in all maps of a device */
};

/* Whether maps of this kind hold records: only those may be given to the functions below. */
bool events_holds(const struct map *map);

/*
 * Place for a record of bytes, zeroed and 8-byte aligned, or NULL: there is none, and the record is lost. The program's
 * until events_settle(), at the latest until the run ends. NULL, too, where EXEC_RECORDS are reserved already.
 */
void *events_reserve(struct map *map, uint64_t bytes, uint32_t queue);

/* Gives a reserved record back: kept in its place, or given up. Whether it is one of this map's. */
bool events_settle(struct map *map, const void *record, bool keep);

/* Appends a record of two parts. 0, or -ENOSPC: it is lost. */
int events_write(struct map *map, uint32_t queue, const void *first, uint32_t first_bytes, const void *second,
		 uint32_t second_bytes);

/* Bytes of the map's place that records take. */
uint64_t events_occupied(const struct map *map);

/* Records that can be taken out. */
uint32_t events_waiting(const struct map *map);

/* The oldest of them; only if there is one. */
void events_peek(const struct map *map, struct events_record *record);
/* Takes it out. */
void events_pop(struct map *map);

#endif
