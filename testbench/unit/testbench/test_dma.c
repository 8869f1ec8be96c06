/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "rig/dma.h"

#define GPA   0x100000
#define BYTES 65536

Test(dma, blocks_are_aligned_zeroed_and_disjoint)
{
	struct dma *dma = dma_open(GPA, BYTES);
	uint64_t addr[64];
	uint8_t *p[64];
	unsigned i, k;

	cr_assert_not_null(dma);
	for (i = 0; i < 64; i++) {
		size_t bytes = i * 7 + 1, align = (size_t)1 << (i % 9);

		p[i] = dma_alloc(dma, bytes, align, &addr[i]);
		cr_assert_not_null(p[i]);
		cr_expect_eq(addr[i] % align, 0);
		cr_expect_eq(dma_at(dma, addr[i]), p[i]);
		for (k = 0; k < bytes; k++)
			cr_assert_eq(p[i][k], 0);
		memset(p[i], (int)i + 1, bytes);
	}
	cr_expect_eq(dma_blocks(dma), 64);
	for (i = 0; i < 64; i++)
		for (k = 0; k < i * 7 + 1; k++)
			cr_assert_eq(p[i][k], (uint8_t)(i + 1), "block %u overlaps another one", i);
	for (i = 0; i < 64; i++)
		dma_free(dma, p[i]);
	cr_expect_eq(dma_blocks(dma), 0);
	p[0] = dma_alloc(dma, BYTES, 4096, &addr[0]);
	cr_assert_not_null(p[0], "freed memory is whole again");
	cr_expect(addr[0] == GPA && p[0][0] == 0 && p[0][5000] == 0, "and zeroed again");
	dma_close(dma);
}

Test(dma, no_room)
{
	struct dma *dma = dma_open(GPA, BYTES);
	uint64_t addr;
	void *half;

	cr_expect_null(dma_alloc(dma, BYTES + 1, 1, &addr));
	cr_expect_null(dma_alloc(dma, SIZE_MAX, 1, &addr));
	cr_expect_null(dma_alloc(dma, 0, 1, &addr));
	half = dma_alloc(dma, BYTES / 2, 1, &addr);
	cr_expect_not_null(half);
	cr_expect_null(dma_alloc(dma, BYTES / 2 + 1, 1, &addr));
	cr_expect_not_null(dma_alloc(dma, BYTES / 2, 1, &addr), "exactly the rest");
	cr_expect_null(dma_alloc(dma, 1, 1, &addr));
	dma_free(dma, half);
	cr_expect_not_null(dma_alloc(dma, 1, 1, &addr));
	dma_free(dma, NULL);
	dma_close(dma);
	dma_close(NULL);
}

Test(dma, addresses_outside)
{
	struct dma *dma = dma_open(GPA, BYTES);

	cr_expect_null(dma_at(dma, 0));
	cr_expect_null(dma_at(dma, GPA - 1));
	cr_expect_not_null(dma_at(dma, GPA + BYTES - 1));
	cr_expect_null(dma_at(dma, GPA + BYTES));
	cr_expect_null(dma_at(dma, UINT64_MAX));
	dma_close(dma);
}
