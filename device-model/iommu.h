/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translation of device addresses, as a platform's IOMMU does it for VIRTIO_F_ACCESS_PLATFORM: what the driver maps can
 * be reached, nothing else, and where. The translations are kept as a memory map of their own, which is what the device
 * is given instead of guest memory: a device without translation pays nothing.
 */
#ifndef DEVICE_MODEL_IOMMU_H
#define DEVICE_MODEL_IOMMU_H

#include "mem.h"

struct iommu {
	const struct mem *memory; /* guest memory; the caller's */
	struct mem view;          /* what the device sees: translated is set */
};

/* No translations: every access faults. */
void iommu_init(struct iommu *iommu, const struct mem *memory);
/* Ends all translations. */
void iommu_exit(struct iommu *iommu);

/*
 * From now on the device's addresses [iova, iova + bytes) mean guest memory from gpa on, to be read only if read_only.
 * 0; -EINVAL: empty or wrapping; -EFAULT: not wholly in guest memory, or that is read-only; -EEXIST: part of it is
 * mapped; -ENOSPC, -ENOMEM. After an error nothing has changed. Guest memory stays until it is unmapped.
 */
int iommu_map(struct iommu *iommu, uint64_t iova, uint64_t bytes, uint64_t gpa, bool read_only);

/*
 * Ends the translations within [iova, iova + bytes). The device notices before its next access. 0; -ENOENT: there are
 * none; -EINVAL: one is within only in part.
 */
int iommu_unmap(struct iommu *iommu, uint64_t iova, uint64_t bytes);

#endif
