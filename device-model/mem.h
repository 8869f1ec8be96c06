/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory: regions of guest-physical addresses that the host has mapped. Every address that a driver gives passes
 * through here; nothing else in the device turns one into a pointer.
 */
#ifndef DEVICE_MODEL_MEM_H
#define DEVICE_MODEL_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_REGIONS_MAX 65536

struct mem_region {
	uint64_t gpa;   /* first guest-physical address */
	uint64_t bytes; /* 1 or more; gpa + bytes does not wrap */
	uint8_t *host;  /* where it is mapped; the transport's */
	bool read_only;
};

/* Zeroed, it is an empty map. */
struct mem {
	struct mem_region *regions; /* sorted by gpa, disjoint */
	size_t count, room;
	uint32_t generation; /* of the map: anything resolved before a change has to be resolved again */
	bool translated;     /* what is called gpa here are device addresses that mean something to an iommu.h only */
};

/* Forgets all regions. */
void mem_exit(struct mem *mem);

/* 0; -EINVAL: empty or wrapping; -EEXIST: overlaps; -ENOSPC; -ENOMEM. */
int mem_add(struct mem *mem, const struct mem_region *region);
/* 0 or -ENOENT. */
int mem_remove(struct mem *mem, uint64_t gpa);

/* The region that gpa lies in, or NULL. */
const struct mem_region *mem_region_of(const struct mem *mem, uint64_t gpa);

/*
 * The longest piece of [gpa, gpa + bytes) that is contiguous on the host, from gpa on: a pointer to it, and its length
 * in *piece (1 to bytes). NULL: gpa is nowhere, or write is set and the region is read-only.
 */
uint8_t *mem_piece(const struct mem *mem, uint64_t gpa, uint64_t bytes, bool write, uint64_t *piece);

/* The whole of [gpa, gpa + bytes) as one piece, or NULL. bytes may be 0: the address is checked all the same. */
uint8_t *mem_whole(const struct mem *mem, uint64_t gpa, uint64_t bytes, bool write);

#endif
