/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/pool.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)

Test(pool, pieces_do_not_overlap_and_are_used_again)
{
	static const size_t sizes[] = {1, 31, 32, 33, 40, 64, 65, 100, 1000, 4097, 70000, 140000};
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	void *memory = aligned_alloc(64, ARENA_BYTES), *p[N];
	struct arena arena;
	struct pool pool;
	size_t used, taken;

	arena_init(&arena, memory, ARENA_BYTES);
	used = arena.used;
	pool_init(&pool, &arena);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			p[i] = pool_alloc(&pool, sizes[i]);
			cr_assert(p[i], "%zu bytes", sizes[i]);
			cr_assert_eq((uintptr_t)p[i] % 8, 0, "%zu bytes", sizes[i]);
			memset(p[i], i + 1, sizes[i]);
		}
		for (int i = 0; i < N; i++) {
			for (size_t at = 0; at < sizes[i]; at++)
				cr_assert_eq(((uint8_t *)p[i])[at], i + 1, "%zu bytes", sizes[i]);
			pool_free(&pool, p[i], sizes[i]);
		}
		if (!round)
			taken = pool.bytes;
		cr_assert_eq(pool.bytes, taken, "round %d took more", round);
	}
	pool_free(&pool, NULL, 8);
	pool_exit(&pool);
	cr_assert_eq(arena.used, used);
	free(memory);
}

Test(pool, a_full_arena_gives_nothing)
{
	void *memory = aligned_alloc(64, ARENA_BYTES);
	struct arena arena;
	struct pool pool;
	int n = 0;

	arena_init(&arena, memory, ARENA_BYTES);
	pool_init(&pool, &arena);
	while (pool_alloc(&pool, 500))
		n++;
	cr_assert(n > 1000 && n < (int)(ARENA_BYTES / 500), "%d pieces", n);
	cr_assert_null(pool_alloc(&pool, SIZE_MAX / 2));
	pool_exit(&pool);
	free(memory);
}
