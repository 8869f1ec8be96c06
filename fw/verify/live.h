/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers and stack slots may still be read after a point, found out before the walk by following each function
 * backwards until nothing changes.
 */
#ifndef FW_VERIFY_LIVE_H
#define FW_VERIFY_LIVE_H

struct verify;

/* Fills in spots[].live. 0 or -ENOMEM (nothing reported). */
int live_build(struct verify *v);

#endif
