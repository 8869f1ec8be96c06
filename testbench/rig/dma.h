/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory as one mapping, and an allocator over it whose bookkeeping is elsewhere: whatever a device writes to the
 * memory, the allocator stays whole.
 */
#ifndef TESTBENCH_DMA_H
#define TESTBENCH_DMA_H

#include <stddef.h>
#include <stdint.h>

struct dma;

/* bytes of zeroed memory that begin at guest-physical address gpa. NULL with errno set. */
struct dma *dma_open(uint64_t gpa, size_t bytes);
/* Takes NULL. */
void dma_close(struct dma *dma);

uint8_t *dma_host(const struct dma *dma);
uint64_t dma_gpa(const struct dma *dma);
size_t dma_bytes(const struct dma *dma);

/* Zeroed memory; align is a power of two. *addr: its guest-physical address. NULL: none left. */
void *dma_alloc(struct dma *dma, size_t bytes, size_t align, uint64_t *addr);
/* What dma_alloc() returned. Takes NULL. */
void dma_free(struct dma *dma, void *p);

/* The host's address of guest-physical address gpa, or NULL. */
void *dma_at(const struct dma *dma, uint64_t gpa);

/* Bytes of what dma_alloc() returned; 0: it did not. */
size_t dma_block_bytes(const struct dma *dma, const void *p);

/* Blocks that were not freed. */
size_t dma_blocks(const struct dma *dma);

#endif
