/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers and stack slots may still be read after a point, found out before the walk by following each function
 * backwards until nothing changes.
 */
#ifndef FW_VERIFY_LIVE_H
#define FW_VERIFY_LIVE_H

struct verify;

/* Begins to fill in spots[].live. 0, or -EINVAL: no memory, which is reported. */
int live_begin(struct verify *v);
/* One pass over the program. -EAGAIN: that was not the last one. 0: spots[].live is filled in, live_end() is done. */
int live_step(struct verify *v);
/* Gives the memory back, at any time. */
void live_end(struct verify *v);

#endif
