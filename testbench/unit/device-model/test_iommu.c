/* SPDX-License-Identifier: BSD-2-Clause */
#include "device-model/iommu.h"
#include <criterion/criterion.h>
#include <errno.h>

#define GPA  0x1000
#define IOVA 0xabc0000000

static uint8_t host[0x4000];

/* Two regions that are neighbours for the guest and not on the host, and a read-only one behind a gap. */
static void open_memory(struct mem *mem, struct iommu *iommu)
{
	*mem = (struct mem){0};
	mem_add(mem, &(struct mem_region){.gpa = GPA, .bytes = 0x1000, .host = host});
	mem_add(mem, &(struct mem_region){.gpa = GPA + 0x1000, .bytes = 0x1000, .host = host + 0x2000});
	mem_add(mem, &(struct mem_region){.gpa = 0x8000, .bytes = 0x100, .host = host + 0x3000, .read_only = true});
	iommu_init(iommu, mem);
}

static void close_memory(struct mem *mem, struct iommu *iommu)
{
	iommu_exit(iommu);
	mem_exit(mem);
}

/* One after the other, on one table. */
Test(iommu, map_and_unmap)
{
	static const struct {
		const char *id;
		bool unmap;
		uint64_t iova, bytes, gpa;
		bool read_only;
		int want;
		size_t count; /* translations afterwards */
	} rows[] = {
		{"nothing", false, IOVA, 0, GPA, false, -EINVAL, 0},
		{"device addresses wrap", false, UINT64_MAX, 2, GPA, false, -EINVAL, 0},
		{"guest addresses wrap", false, IOVA, 2, UINT64_MAX, false, -EINVAL, 0},
		{"not guest memory", false, IOVA, 0x10, 0x9000, false, -EFAULT, 0},
		{"half of it guest memory: nothing is left", false, IOVA, 0x1001, GPA + 0x1000, false, -EFAULT, 0},
		{"over two regions", false, IOVA, 0x20, GPA + 0xff0, false, 0, 2},
		{"mapped already", false, IOVA + 0x1f, 2, GPA, false, -EEXIST, 2},
		{"mapped in part: nothing is left", false, IOVA - 0x10, 0x20, GPA, false, -EEXIST, 2},
		{"the same memory again", false, IOVA + 0x20, 0x20, GPA + 0xff0, true, 0, 4},
		{"read-only memory, to write", false, 0, 0x100, 0x8000, false, -EFAULT, 4},
		{"read-only memory", false, 0, 0x100, 0x8000, true, 0, 5},
		{"the last byte", false, UINT64_MAX, 1, GPA, false, 0, 6},
		{"unmap nothing", true, IOVA, 0, 0, false, -EINVAL, 6},
		{"unmap beyond all addresses", true, IOVA, UINT64_MAX, 0, false, -EINVAL, 6},
		{"unmap what is not mapped", true, IOVA + 0x40, 0x1000, 0, false, -ENOENT, 6},
		{"unmap half of one", true, IOVA, 0x8, 0, false, -EINVAL, 6},
		{"unmap one and a half", true, IOVA, 0x18, 0, false, -EINVAL, 6},
		{"unmap one half of what was mapped", true, IOVA, 0x10, 0, false, 0, 5},
		{"unmap the rest and more", true, IOVA, 0x1000, 0, false, 0, 2},
		{"unmap the last byte", true, UINT64_MAX, 1, 0, false, 0, 1},
		{"unmap all but the last byte", true, 0, UINT64_MAX, 0, false, 0, 0},
	};
	struct iommu iommu;
	struct mem mem;

	open_memory(&mem, &iommu);
	cr_assert(iommu.view.translated && !mem.translated);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t generation = iommu.view.generation;
		int got = rows[i].unmap
				  ? iommu_unmap(&iommu, rows[i].iova, rows[i].bytes)
				  : iommu_map(&iommu, rows[i].iova, rows[i].bytes, rows[i].gpa, rows[i].read_only);

		cr_assert_eq(got, rows[i].want, "%s: %d", rows[i].id, got);
		cr_assert_eq(iommu.view.count, rows[i].count, "%s: %zu", rows[i].id, iommu.view.count);
		if (!got)
			cr_assert_neq(iommu.view.generation, generation, "%s", rows[i].id);
	}
	close_memory(&mem, &iommu);
}

/* Where device addresses lead, and where they do not. */
Test(iommu, accesses)
{
	static const struct {
		const char *id;
		uint64_t at, bytes;
		bool write;
		int64_t host; /* -1: a fault */
		uint64_t piece;
	} rows[] = {
		{"writable", IOVA + 4, 4, true, 0x804, 4},
		{"read-only, read", IOVA + 0x100, 0x10, false, 0x3000, 0x10},
		{"read-only, written", IOVA + 0x100, 0x10, true, -1, 0},
		{"mapped read-only, written", IOVA + 0x200, 0x10, true, -1, 0},
		{"mapped read-only, read", IOVA + 0x200, 0x10, false, 0x800, 0x10},
		{"before", IOVA - 1, 2, false, -1, 0},
		{"up to the end", IOVA + 0xf, 2, false, 0x80f, 1},
		{"behind", IOVA + 0x10, 1, false, -1, 0},
		{"the guest's own address of it", GPA + 0x800, 1, false, -1, 0},
	};
	struct iommu iommu;
	struct mem mem;

	open_memory(&mem, &iommu);
	cr_assert_eq(iommu_map(&iommu, IOVA, 0x10, GPA + 0x800, false), 0);
	cr_assert_eq(iommu_map(&iommu, IOVA + 0x100, 0x10, 0x8000, true), 0);
	cr_assert_eq(iommu_map(&iommu, IOVA + 0x200, 0x10, GPA + 0x800, true), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t piece = 0;
		uint8_t *p = mem_piece(&iommu.view, rows[i].at, rows[i].bytes, rows[i].write, &piece);

		cr_assert_eq(p, rows[i].host < 0 ? NULL : host + rows[i].host, "%s", rows[i].id);
		cr_assert_eq(piece, rows[i].piece, "%s", rows[i].id);
	}
	close_memory(&mem, &iommu);
}
