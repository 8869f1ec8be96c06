/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's only memory: a first-fit allocator with free, over one block given at init.
 *
 * Blocks lie back to back, each behind a header of ARENA_ALIGN bytes; free ones are chained by rising address and merge
 * with their neighbours. The same calls give the same addresses relative to base.
 */
#ifndef FW_ARENA_H
#define FW_ARENA_H

#include "std.h"

#define ARENA_ALIGN 64 /* bytes: of every block, and the bookkeeping of each */

struct arena {
	uint8_t *base;
	size_t bytes;
	size_t used;      /* bytes handed out, bookkeeping included */
	size_t free_head; /* offset of the first free block, 0: none */
	size_t untouched; /* everything from this offset on is still zero: no need to write it */
};

/* base is 64-byte aligned. */
void arena_init(struct arena *a, void *base, size_t bytes);

/* The same for memory that is known to be zero: it is not touched until it is handed out, and then but for its use. */
void arena_init_zeroed(struct arena *a, void *base, size_t bytes);

/* Zeroed, 64-byte aligned memory, or NULL. The caller owns it until arena_free(). */
void *arena_alloc(struct arena *a, size_t bytes);

/* The same with whatever is in it. */
void *arena_alloc_dirty(struct arena *a, size_t bytes);

/* Takes NULL. */
void arena_free(struct arena *a, void *p);

/* Bytes of an arena that an allocation of this size takes; SIZE_MAX if it does not fit a size_t. */
size_t arena_cost(size_t bytes);

#endif
