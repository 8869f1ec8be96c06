/* SPDX-License-Identifier: BSD-2-Clause */
#include "device-model/mem.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

static uint8_t host[0x4000];

Test(mem, add_and_remove)
{
	static const struct {
		const char *id;
		uint64_t gpa, bytes;
		int want;
	} rows[] = {
		{"first", 0x2000, 0x1000, 0},
		{"empty", 0x9000, 0, -EINVAL},
		{"wraps", UINT64_MAX, 2, -EINVAL},
		{"same", 0x2000, 0x1000, -EEXIST},
		{"overlaps the start", 0x1fff, 2, -EEXIST},
		{"overlaps the end", 0x2fff, 2, -EEXIST},
		{"inside", 0x2800, 1, -EEXIST},
		{"around", 0x1000, 0x4000, -EEXIST},
		{"before, touching", 0x1000, 0x1000, 0},
		{"behind, touching", 0x3000, 0x1000, 0},
		{"last byte there is", UINT64_MAX, 1, 0},
	};
	struct mem mem = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mem_region r = {.gpa = rows[i].gpa, .bytes = rows[i].bytes, .host = host};

		cr_assert_eq(mem_add(&mem, &r), rows[i].want, "%s", rows[i].id);
	}
	cr_assert_eq(mem.count, 4);
	for (size_t i = 1; i < mem.count; i++)
		cr_assert_lt(mem.regions[i - 1].gpa, mem.regions[i].gpa);
	cr_assert(mem_whole(&mem, UINT64_MAX, 1, true));
	cr_assert_null(mem_whole(&mem, UINT64_MAX, 2, true));
	cr_assert_eq(mem_remove(&mem, 0x2001), -ENOENT);
	cr_assert_eq(mem_remove(&mem, 0x2000), 0);
	cr_assert_eq(mem_remove(&mem, 0x2000), -ENOENT);
	cr_assert_null(mem_whole(&mem, 0x2000, 1, false));
	cr_assert(mem_whole(&mem, 0x1000, 1, false));
	mem_exit(&mem);
	cr_assert_null(mem_whole(&mem, 0x1000, 1, false));
}

Test(mem, full)
{
	struct mem mem = {0};

	for (uint64_t i = 0; i < MEM_REGIONS_MAX; i++)
		cr_assert_eq(mem_add(&mem, &(struct mem_region){.gpa = i * 2, .bytes = 1, .host = host}), 0);
	cr_assert_eq(mem_add(&mem, &(struct mem_region){.gpa = MEM_REGIONS_MAX * 2, .bytes = 1, .host = host}),
		     -ENOSPC);
	mem_exit(&mem);
}

/* Three neighbours in guest-physical addresses; only the first two are neighbours on the host. The second is followed
 * by a gap. */
Test(mem, pieces_CVE_2018_1059_a)
{
	struct mem mem = {0};
	static const struct {
		const char *id;
		uint64_t gpa, bytes;
		bool write;
		int64_t at; /* offset on the host, -1: none */
		uint64_t piece;
	} rows[] = {
		{"inside", 0x1010, 0x10, true, 0x10, 0x10},
		{"to the last byte", 0x10ff, 1, true, 0xff, 1},
		{"over two host neighbours", 0x10f0, 0x20, true, 0xf0, 0x20},
		{"split where the host is", 0x11f0, 0x20, true, 0x1f0, 0x10},
		{"read-only part, reading", 0x1200, 0x10, false, 0x1000, 0x10},
		{"read-only part, writing", 0x1200, 0x10, true, -1, 0},
		{"before all", 0xfff, 2, false, -1, 0},
		{"behind all", 0x1300, 1, false, -1, 0},
		{"length of 2^64 - 1", 0x1000, UINT64_MAX, false, 0, 0x200},
		{"nothing, inside", 0x1000, 0, true, 0, 0},
		{"nothing, outside", 0x2000, 0, true, -1, 0},
	};

	mem_add(&mem, &(struct mem_region){.gpa = 0x1000, .bytes = 0x100, .host = host});
	mem_add(&mem, &(struct mem_region){.gpa = 0x1100, .bytes = 0x100, .host = host + 0x100});
	mem_add(&mem, &(struct mem_region){.gpa = 0x1200, .bytes = 0x100, .host = host + 0x1000, .read_only = true});
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t piece = 0;
		uint8_t *p = mem_piece(&mem, rows[i].gpa, rows[i].bytes, rows[i].write, &piece);

		if (rows[i].at < 0) {
			cr_assert_null(p, "%s", rows[i].id);
			continue;
		}
		cr_assert_eq(p, host + rows[i].at, "%s", rows[i].id);
		cr_assert_eq(piece, rows[i].piece, "%s", rows[i].id);
		/* CVE-2023-41051: what is asked for whole is whole or nothing */
		cr_assert_eq(mem_whole(&mem, rows[i].gpa, rows[i].bytes, rows[i].write),
			     piece == rows[i].bytes ? p : NULL, "%s", rows[i].id);
	}
	mem_exit(&mem);
}
