/* SPDX-License-Identifier: BSD-2-Clause */
/* Many small pieces of memory of few sizes, carved out of arena chunks; all are given back at once. */
#ifndef FW_VERIFY_POOL_H
#define FW_VERIFY_POOL_H

#include "arena.h"

#define POOL_CLASSES 56

struct pool {
	struct arena *arena;
	struct pool_chunk *chunks;
	struct pool_free *free[POOL_CLASSES]; /* per size class */
	uint8_t *at;                          /* rest of the newest chunk */
	size_t left;                          /* bytes of it */
	size_t bytes;                         /* taken from the arena */
};

void pool_init(struct pool *pool, struct arena *arena);

/* bytes of memory, 8-byte aligned, not cleared; NULL: the arena is full. */
void *pool_alloc(struct pool *pool, size_t bytes);

/* bytes as given to pool_alloc(). Takes NULL. */
void pool_free(struct pool *pool, void *p, size_t bytes);

/* Gives everything back to the arena. */
void pool_exit(struct pool *pool);

#endif
