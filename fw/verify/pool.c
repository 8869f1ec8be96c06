/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/pool.h"

#define CHUNK_BYTES ((size_t)128 << 10)
#define LEAST_BYTES 32

struct pool_chunk {
	struct pool_chunk *next;
};

struct pool_free {
	struct pool_free *next;
};

/* Size classes, four to each power of two: *bytes is rounded up to that of its class. */
static unsigned int class_of(size_t *bytes)
{
	size_t step = LEAST_BYTES / 4, size = LEAST_BYTES;
	unsigned int class = 0;

	for (; size < *bytes; class ++) {
		if (class && class % 4 == 0)
			step *= 2;
		size += step;
	}
	*bytes = ALIGN_UP(size, 8);
	return class;
}

void pool_init(struct pool *pool, struct arena *arena)
{
	*pool = (struct pool){.arena = arena};
}

static bool add_chunk(struct pool *pool, size_t bytes)
{
	size_t want = MAX(CHUNK_BYTES, bytes + sizeof(struct pool_chunk));
	struct pool_chunk *chunk = arena_alloc_dirty(pool->arena, want);

	if (!chunk)
		return false;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	pool->at = (uint8_t *)(chunk + 1);
	pool->left = want - sizeof(*chunk);
	pool->bytes += want;
	return true;
}

void *pool_alloc(struct pool *pool, size_t bytes)
{
	unsigned int class = class_of(&bytes);
	struct pool_free *p;

	if (class >= POOL_CLASSES)
		return NULL;
	p = pool->free[class];
	if (p) {
		pool->free[class] = p->next;
		return p;
	}
	if (pool->left < bytes && !add_chunk(pool, bytes))
		return NULL;
	p = (struct pool_free *)(void *)pool->at;
	pool->at += bytes;
	pool->left -= bytes;
	return p;
}

void pool_free(struct pool *pool, void *p, size_t bytes)
{
	struct pool_free *f = p;
	unsigned int class = class_of(&bytes);

	if (!f)
		return;
	f->next = pool->free[class];
	pool->free[class] = f;
}

void pool_exit(struct pool *pool)
{
	struct pool_chunk *chunk, *next;

	for (chunk = pool->chunks; chunk; chunk = next) {
		next = chunk->next;
		arena_free(pool->arena, chunk);
	}
	*pool = (struct pool){.arena = pool->arena};
}
