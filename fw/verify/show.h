/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States in the notation that Linux's log has made known: "R2=pkt(off=14,r=14) fp-8=mmmm????". Kinds, offsets and
 * numbers, never an address.
 */
#ifndef FW_VERIFY_SHOW_H
#define FW_VERIFY_SHOW_H

#include "line.h"
#include "verify/walk.h"

/* A register of a frame at depth. */
void show_reg(struct line *to, const struct verify *v, const struct reg *r, uint32_t depth);
/* All of the frame at depth; instead: what is no longer as it was before, which can be NULL. Each behind a blank. */
void show_frame(struct line *to, const struct verify *v, uint32_t depth, const struct frame *before);
/* "map 'name'", or "map 3" if it has no name. */
void show_map(struct line *to, const struct verify *v, uint32_t index);

#endif
