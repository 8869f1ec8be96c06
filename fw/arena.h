/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's only memory: a first-fit allocator with free, over one block given at init. */
#ifndef FW_ARENA_H
#define FW_ARENA_H

#include "std.h"

struct arena {
	uint8_t *base;
	size_t bytes;
	size_t used; /* bytes handed out, bookkeeping included */
	size_t free_head; /* offset of the first free block, 0: none */
};

/* base is 64-byte aligned. */
void arena_init(struct arena *a, void *base, size_t bytes);

/* Zeroed, 64-byte aligned memory, or NULL. The caller owns it until arena_free(). */
void *arena_alloc(struct arena *a, size_t bytes);

/* Takes NULL. */
void arena_free(struct arena *a, void *p);

#endif
