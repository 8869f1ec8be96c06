/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the values of ARRAY and PERCPU_ARRAY lie in memory, for engines that find them without a call.
 *
 * The value under index, for the run on receive queue queue, is at
 *
 *   values + queue * queue_stride + index * stride        index < map.attr.max_entries, queue < number of queues
 *
 * All of it is known when a program is compiled but queue, which is struct run's. An ARRAY has queue_stride 0.
 */
#ifndef FW_MAP_ARRAY_H
#define FW_MAP_ARRAY_H

#include "map/map.h"

struct array {
	struct map map;
	uint64_t stride;       /* bytes from value to value: value_size rounded up to 8 */
	uint64_t queue_stride; /* bytes from a queue's values to the next queue's */
	uint64_t queues;       /* values of an element */
	uint64_t values[];
};

#endif
