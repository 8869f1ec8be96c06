/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened where on the path being walked, for the log alone: the last events that a reason may refer to. Going
 * back to an earlier place of the path is setting count to what it was there; what another path has overwritten since
 * is found no more.
 */
#ifndef FW_VERIFY_TRAIL_H
#define FW_VERIFY_TRAIL_H

#include "std.h"

enum trail_what {
	TRAIL_NONE,
	TRAIL_RANGE, /* so many bytes of a packet pointer were proven: kind and id, bytes */
	TRAIL_NULL,  /* a call returned what can be null: id */
	TRAIL_VOID,  /* packet pointers became void */
	TRAIL_GONE,  /* a record was given back */
	TRAIL_LOCK,  /* a lock was taken */
	TRAIL_CALL,  /* a call ended R1 to R5 of the function: depth */
};

struct trail_event {
	uint8_t what; /* enum trail_what */
	uint8_t kind;
	uint32_t id, bytes;
	uint32_t insn;     /* where */
	uint32_t position; /* in the path */
};

#define TRAIL_EVENTS 64 /* a power of two */

struct trail {
	uint32_t count; /* of the path so far */
	uint32_t first; /* events before it are another function's, of which nothing is found */
	struct trail_event events[TRAIL_EVENTS];
};

/* event.position is filled in. */
void trail_add(struct trail *trail, struct trail_event event);
/* The last event that is alike in what, kind, id and bytes; NULL: not known. */
const struct trail_event *trail_find(const struct trail *trail, struct trail_event like);

#endif
