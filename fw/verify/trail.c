/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/trail.h"

void trail_add(struct trail *trail, struct trail_event event)
{
	event.position = trail->count;
	trail->events[trail->count++ % TRAIL_EVENTS] = event;
}

const struct trail_event *trail_find(const struct trail *trail, struct trail_event like)
{
	uint32_t oldest = trail->count > TRAIL_EVENTS ? trail->count - TRAIL_EVENTS : 0;

	for (uint32_t i = trail->count; i-- > MAX(oldest, trail->first);) {
		const struct trail_event *e = &trail->events[i % TRAIL_EVENTS];

		if (e->position == i && e->what == like.what && e->kind == like.kind && e->id == like.id &&
		    e->bytes == like.bytes)
			return e;
	}
	return NULL;
}
