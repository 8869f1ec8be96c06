// SPDX-License-Identifier: BSD-2-Clause
#include "iommu.h"
#include <errno.h>

void iommu_init(struct iommu *iommu, const struct mem *memory)
{
	*iommu = (struct iommu){.memory = memory, .view = {.translated = true}};
}

void iommu_exit(struct iommu *iommu)
{
	mem_exit(&iommu->view);
}

static bool wraps(uint64_t first, uint64_t bytes)
{
	return !bytes || bytes - 1 > UINT64_MAX - first;
}

int iommu_map(struct iommu *iommu, uint64_t iova, uint64_t bytes, uint64_t gpa, bool read_only)
{
	uint64_t done = 0, piece;
	int error;

	if (wraps(iova, bytes) || wraps(gpa, bytes))
		return -EINVAL;
	for (; done < bytes; done += piece) {
		struct mem_region region = {.gpa = iova + done, .read_only = read_only};

		region.host = mem_piece(iommu->memory, gpa + done, bytes - done, !read_only, &piece);
		region.bytes = piece;
		error = region.host ? mem_add(&iommu->view, &region) : -EFAULT;
		if (error)
			goto undo;
	}
	return 0;
undo:
	if (done)
		iommu_unmap(iommu, iova, done);
	return error;
}

/* Whether translation i has bytes in [iova, last]. */
static bool meets(const struct iommu *iommu, size_t i, uint64_t iova, uint64_t last)
{
	const struct mem_region *r = &iommu->view.regions[i];

	return r->gpa <= last && r->gpa + (r->bytes - 1) >= iova;
}

static bool within(const struct iommu *iommu, size_t i, uint64_t iova, uint64_t last)
{
	const struct mem_region *r = &iommu->view.regions[i];

	return r->gpa >= iova && r->gpa + (r->bytes - 1) <= last;
}

int iommu_unmap(struct iommu *iommu, uint64_t iova, uint64_t bytes)
{
	uint64_t last = iova + (bytes - 1);
	size_t first = 0, end;

	if (wraps(iova, bytes))
		return -EINVAL;
	while (first < iommu->view.count && !meets(iommu, first, iova, last))
		first++;
	for (end = first; end < iommu->view.count && meets(iommu, end, iova, last); end++)
		if (!within(iommu, end, iova, last))
			return -EINVAL;
	if (end == first)
		return -ENOENT;
	while (end-- > first)
		mem_remove(&iommu->view, iommu->view.regions[end].gpa);
	return 0;
}
