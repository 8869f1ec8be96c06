/* SPDX-License-Identifier: BSD-2-Clause */
/* A link in memory: frames come from an array, what is sent is kept. With no frames it is a link on which nothing
 * happens. */
#ifndef TESTBENCH_LINK_MEM_H
#define TESTBENCH_LINK_MEM_H

#include "device-model/link.h"

/*
 * A link on which frames[0..count) arrive, copied; wire_bytes 0 means bytes. They are numbered from 1, whatever number
 * says. NULL: no memory. Whoever owns the link closes it; until then the functions below take it.
 */
struct link *link_mem_open(const struct link_frame *frames, size_t count);

/* One more frame arrives, at time 0 or any other. 0 or -ENOMEM. */
int link_mem_push(struct link *link, const void *data, uint32_t bytes);
int link_mem_push_at(struct link *link, const void *data, uint32_t bytes, uint64_t time_ns);

/* What was sent, in order; valid until the link is closed. NULL: not that many. */
const struct link_frame *link_mem_sent(const struct link *link, size_t i);
size_t link_mem_sent_count(const struct link *link);

/* Frames that nobody has taken yet. */
size_t link_mem_left(const struct link *link);

void link_mem_set_up(struct link *link, bool up);
/* From now on only count more frames are accepted: a link that is full. */
void link_mem_set_room(struct link *link, size_t count);
/* Whether the end of the array ends the link (the default), or more may be pushed. */
void link_mem_set_endless(struct link *link, bool endless);

#endif
