/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"

#define PAGE_BYTES  ((size_t)sysconf(_SC_PAGESIZE))
#define LARGE_BYTES ((size_t)64 << 10)

/* Allocated blocks, linked by offset. */
struct block {
	struct block *next;
	size_t at, bytes;
};

struct dma {
	uint8_t *host;
	uint64_t gpa;
	size_t bytes;
	struct block *blocks;
};

struct dma *dma_open(uint64_t gpa, size_t bytes)
{
	struct dma *dma = calloc(1, sizeof(*dma));

	if (!dma)
		return NULL;
	dma->host = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (dma->host == MAP_FAILED) {
		free(dma);
		return NULL;
	}
	dma->gpa = gpa;
	dma->bytes = bytes;
	return dma;
}

void dma_close(struct dma *dma)
{
	struct block *block;

	if (!dma)
		return;
	while ((block = dma->blocks)) {
		dma->blocks = block->next;
		free(block);
	}
	munmap(dma->host, dma->bytes);
	free(dma);
}

uint8_t *dma_host(const struct dma *dma)
{
	return dma->host;
}

uint64_t dma_gpa(const struct dma *dma)
{
	return dma->gpa;
}

size_t dma_bytes(const struct dma *dma)
{
	return dma->bytes;
}

void *dma_at(const struct dma *dma, uint64_t gpa)
{
	return gpa < dma->gpa || gpa - dma->gpa >= dma->bytes ? NULL : dma->host + (gpa - dma->gpa);
}

size_t dma_block_bytes(const struct dma *dma, const void *p)
{
	const struct block *block = dma->blocks;

	while (block && dma->host + block->at != p)
		block = block->next;
	return block ? block->bytes : 0;
}

size_t dma_blocks(const struct dma *dma)
{
	const struct block *block;
	size_t count = 0;

	for (block = dma->blocks; block; block = block->next)
		count++;
	return count;
}

/* First fit. *link: where the new block belongs; returns its offset, or SIZE_MAX. */
static size_t find_gap(struct dma *dma, size_t bytes, size_t align, struct block ***link)
{
	struct block **at = &dma->blocks;
	size_t start = 0, end;

	for (;; at = &(*at)->next) {
		start = (start + align - 1) & ~(align - 1);
		end = *at ? (*at)->at : dma->bytes;
		if (start <= end && bytes <= end - start) {
			*link = at;
			return start;
		}
		if (!*at)
			return SIZE_MAX;
		start = (*at)->at + (*at)->bytes;
	}
}

/* Pages of large blocks are given back to be zeros when they are touched next, if ever: most of a short run are not. */
static void clear(uint8_t *p, size_t bytes)
{
	size_t page = PAGE_BYTES, head = (size_t)(0 - (uintptr_t)p) & (page - 1), whole;

	if (bytes < LARGE_BYTES + page) {
		memset(p, 0, bytes);
		return;
	}
	whole = (bytes - head) & ~(page - 1);
	memset(p, 0, head);
	if (madvise(p + head, whole, MADV_DONTNEED))
		memset(p + head, 0, whole);
	memset(p + head + whole, 0, bytes - head - whole);
}

void *dma_alloc(struct dma *dma, size_t bytes, size_t align, uint64_t *addr)
{
	struct block *block, **link;
	size_t at;

	if (!bytes || bytes > dma->bytes)
		return NULL;
	at = find_gap(dma, bytes, align, &link);
	if (at == SIZE_MAX)
		return NULL;
	block = malloc(sizeof(*block));
	if (!block)
		return NULL;
	*block = (struct block){*link, at, bytes};
	*link = block;
	clear(dma->host + at, bytes);
	*addr = dma->gpa + at;
	return dma->host + at;
}

void dma_free(struct dma *dma, void *p)
{
	struct block **at, *block;

	for (at = &dma->blocks; p && *at; at = &(*at)->next) {
		if (dma->host + (*at)->at != p)
			continue;
		block = *at;
		*at = block->next;
		free(block);
		return;
	}
}
