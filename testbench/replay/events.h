/* SPDX-License-Identifier: BSD-2-Clause */
/* The records that programs write for their driver: taken out of a device, and written as JSON. */
#ifndef TESTBENCH_REPLAY_EVENTS_H
#define TESTBENCH_REPLAY_EVENTS_H

#include <stdio.h>

#include "guest-driver/core/xdp.h"
#include "load/load.h"

struct events {
	const struct load_object *object;
	FILE *file;       /* where they go, the caller's; NULL: nowhere */
	uint64_t count;   /* so far */
	uint64_t *of_map; /* of them, for each of object's maps; the caller's, may be NULL */
	uint32_t room;    /* bytes that one command may bring */
};

/* Whether the object has maps of records. */
bool events_has_maps(const struct load_object *object);

/* Begins the JSON array: each record is {"map": name, "queue": n, "lost": n, "data": hexadecimal}. */
void events_begin(struct events *events, const struct load_object *object, FILE *file);
/* Takes out all that the device has. 0, or -errno or 1 with a sentence in error. Errors of file show in ferror(). */
int events_take(struct events *events, struct drv_net *net, char error[static LOAD_ERROR_BYTES]);
void events_end(struct events *events);

#endif
