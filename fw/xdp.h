/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers about a frame's bytes. R1 is the context; of those that move an end R2 is a signed 32-bit number of
 * bytes. */
#ifndef FW_XDP_H
#define FW_XDP_H

#include "helper.h"

#define XDP_MIN_FRAME 14 /* bytes: what stays of a frame whatever a program does */

/* Moves the frame's start by r2, its metadata with it; bytes that were never the frame's are 0. 0 or -EINVAL. */
helper_fn xdp_adjust_head;
/* Moves the metadata's start by r2; new bytes as above. 0, -EINVAL, or -EACCES (a length that is not offered). */
helper_fn xdp_adjust_meta;
/* Moves the frame's end by r2; new bytes are 0. 0 or -EINVAL. */
helper_fn xdp_adjust_tail;
/* Bytes of the frame, without metadata. */
helper_fn xdp_get_buff_len;
/* Copies r4 bytes of the frame, from offset r2 (32 bits) on, to r3, which is all 0 if they are not all there: -EINVAL.
 */
helper_fn xdp_load_bytes;
/* The other way round; or copies nothing. */
helper_fn xdp_store_bytes;

#endif
