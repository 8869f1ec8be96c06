/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define BYTES ((size_t)65536)

static bool all_zero(const uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i])
			return false;
	return true;
}

Test(arena, gives_zeroed_aligned_memory_and_takes_it_back)
{
	uint8_t *mem = aligned_alloc(64, BYTES);
	struct arena a;
	void *p[3];

	memset(mem, 0xff, BYTES);
	arena_init(&a, mem, BYTES);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 3; i++) {
			p[i] = arena_alloc(&a, 100 + i * 64);
			cr_assert(p[i]);
			cr_assert_eq((uintptr_t)p[i] % 64, 0);
			cr_assert(all_zero(p[i], 100 + i * 64), "round %d block %zu", round, i);
			memset(p[i], 0xee, 100 + i * 64);
		}
		arena_free(&a, p[1]);
		arena_free(&a, p[0]);
		arena_free(&a, p[2]);
		cr_assert_eq(a.used, 0);
	}
	arena_free(&a, NULL);
	free(mem);
}

Test(arena, does_not_touch_zeroed_memory_before_it_is_used)
{
	uint8_t *mem = aligned_alloc(64, BYTES);
	struct arena a;
	uint8_t *p, *q;

	memset(mem, 0, BYTES);
	arena_init_zeroed(&a, mem, BYTES);
	mem[BYTES - 1] = 1; /* would be overwritten by a clearing that goes further than needed */
	p = arena_alloc(&a, 1000);
	memset(p, 0xee, 1000);
	cr_assert_eq(mem[BYTES - 1], 1);
	arena_free(&a, p);
	q = arena_alloc(&a, 2000);
	cr_assert_eq(p, q);
	cr_assert(all_zero(q, 2000));
	free(mem);
}

Test(arena, merges_free_neighbours_in_any_order)
{
	static const uint8_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 1, 3}, {1, 3, 2, 0}, {2, 0, 3, 1}};
	uint8_t *mem = aligned_alloc(64, BYTES);
	struct arena a;

	for (size_t row = 0; row < ARRAY_SIZE(orders); row++) {
		void *p[4], *all;
		size_t most = BYTES - 2 * 64;

		arena_init(&a, mem, BYTES);
		for (size_t i = 0; i < 4; i++)
			p[i] = arena_alloc(&a, most / 4 - 64);
		for (size_t i = 0; i < 4; i++)
			arena_free(&a, p[orders[row][i]]);
		all = arena_alloc(&a, most);
		cr_assert(all, "row %zu: the whole is one block again", row);
		cr_assert_null(arena_alloc(&a, 1), "row %zu", row);
		arena_free(&a, all);
	}
	free(mem);
}

Test(arena, refuses_what_does_not_fit)
{
	uint8_t *mem = aligned_alloc(64, BYTES);
	static const size_t sizes[] = {BYTES,         BYTES - 127,    SIZE_MAX,    SIZE_MAX - 63,
				       SIZE_MAX - 64, SIZE_MAX - 128, SIZE_MAX / 2};
	struct arena a;

	arena_init(&a, mem, BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		cr_assert_null(arena_alloc(&a, sizes[i]), "%zu", sizes[i]);
	cr_assert_eq(a.used, 0);
	cr_assert(arena_alloc(&a, 0), "a block of no bytes is a block");
	arena_init(&a, mem, 100);
	cr_assert_null(arena_alloc(&a, 1));
	cr_assert_eq(arena_cost(SIZE_MAX), SIZE_MAX);
	free(mem);
}

/* A model of what is handed out: no two blocks overlap, each keeps its contents, the same calls give the same places.
 */
Test(arena, keeps_blocks_apart)
{
	uint8_t *mem[2] = {aligned_alloc(64, BYTES), aligned_alloc(64, BYTES)};
	struct arena a[2];
	uint8_t *p[2][64] = {{0}};
	size_t bytes[64];
	uint32_t random = 1;

	for (int k = 0; k < 2; k++)
		arena_init(&a[k], mem[k], BYTES);
	for (int step = 0; step < 20000; step++) {
		size_t i = (random = random * 1664525 + 1013904223) >> 26;

		for (int k = 0; k < 2; k++) {
			if (p[k][i]) {
				for (size_t n = 0; n < bytes[i]; n++)
					cr_assert_eq(p[k][i][n], (uint8_t)i, "step %d", step);
				arena_free(&a[k], p[k][i]);
				p[k][i] = NULL;
			} else {
				bytes[i] = random >> 8 & 4095;
				p[k][i] = arena_alloc(&a[k], bytes[i]);
				if (p[k][i]) {
					cr_assert(all_zero(p[k][i], bytes[i]), "step %d", step);
					memset(p[k][i], (int)i, bytes[i]);
				}
			}
		}
		cr_assert_eq(p[0][i] ? p[0][i] - mem[0] : 0, p[1][i] ? p[1][i] - mem[1] : 0, "step %d", step);
	}
	free(mem[0]);
	free(mem[1]);
}
