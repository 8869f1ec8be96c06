/* SPDX-License-Identifier: BSD-2-Clause */
#include "arena.h"

/* Header of every block, free or handed out; the first block is at ARENA_ALIGN so that offset 0 can mean none. */
struct block {
	size_t bytes; /* header included, a multiple of ARENA_ALIGN */
	size_t next;  /* offset of the next free block, 0: none; of no meaning while handed out */
};

_Static_assert(sizeof(struct block) <= ARENA_ALIGN, "header");

static struct block *block_at(const struct arena *a, size_t offset)
{
	return (struct block *)(void *)(a->base + offset);
}

static void arena_set(struct arena *a, void *base, size_t bytes, size_t untouched)
{
	*a = (struct arena){.base = base, .bytes = bytes & ~(size_t)(ARENA_ALIGN - 1), .untouched = untouched};
	if (a->bytes < 3 * ARENA_ALIGN)
		return;
	a->free_head = ARENA_ALIGN;
	*block_at(a, ARENA_ALIGN) = (struct block){.bytes = a->bytes - ARENA_ALIGN};
	a->untouched = MAX(a->untouched, (size_t)2 * ARENA_ALIGN);
}

void arena_init(struct arena *a, void *base, size_t bytes)
{
	arena_set(a, base, bytes, SIZE_MAX);
}

void arena_init_zeroed(struct arena *a, void *base, size_t bytes)
{
	arena_set(a, base, bytes, 0);
}

size_t arena_cost(size_t bytes)
{
	if (bytes > SIZE_MAX - 2 * ARENA_ALIGN)
		return SIZE_MAX;
	return ALIGN_UP(MAX(bytes, (size_t)1), ARENA_ALIGN) + ARENA_ALIGN;
}

/* Makes [from, to) zero where it may not be. */
static void clear(struct arena *a, size_t from, size_t to)
{
	size_t dirty = MIN(to, a->untouched);

	if (dirty > from)
		mem_set(a->base + from, 0, dirty - from);
	if (to > a->untouched)
		a->untouched = to;
}

static void *take(struct arena *a, size_t bytes, bool dirty)
{
	size_t need = arena_cost(bytes);
	size_t *link = &a->free_head;

	while (*link && block_at(a, *link)->bytes < need)
		link = &block_at(a, *link)->next;
	if (!*link)
		return NULL;

	size_t offset = *link;
	struct block *b = block_at(a, offset);
	size_t rest = b->bytes - need;

	if (rest > ARENA_ALIGN) {
		size_t behind = offset + need;

		clear(a, dirty ? behind : offset + ARENA_ALIGN, behind + ARENA_ALIGN);
		*block_at(a, behind) = (struct block){.bytes = rest, .next = b->next};
		*link = behind;
		b->bytes = need;
	} else {
		clear(a, offset + (dirty ? b->bytes : ARENA_ALIGN), offset + b->bytes);
		*link = b->next;
	}
	a->used += b->bytes;
	return a->base + offset + ARENA_ALIGN;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	return take(a, bytes, false);
}

void *arena_alloc_dirty(struct arena *a, size_t bytes)
{
	return take(a, bytes, true);
}

void arena_free(struct arena *a, void *p)
{
	if (!p)
		return;

	size_t offset = (size_t)((uint8_t *)p - a->base) - ARENA_ALIGN;
	struct block *b = block_at(a, offset);
	size_t *link = &a->free_head;
	size_t before = 0;

	while (*link && *link < offset) {
		before = *link;
		link = &block_at(a, *link)->next;
	}
	a->used -= b->bytes;
	b->next = *link;
	*link = offset;
	if (b->next == offset + b->bytes) {
		b->bytes += block_at(a, b->next)->bytes;
		b->next = block_at(a, b->next)->next;
	}
	if (before && before + block_at(a, before)->bytes == offset) {
		block_at(a, before)->bytes += b->bytes;
		block_at(a, before)->next = b->next;
	}
}
