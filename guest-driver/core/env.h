/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the portable driver needs around it. Everything that guest-driver/core exports begins with drv_.
 */
#ifndef GUEST_DRIVER_ENV_H
#define GUEST_DRIVER_ENV_H

#include <stddef.h>
#include <stdint.h>

struct drv_env {
	/* Zeroed memory that the device can reach; align is a power of two. *addr: its address for the device. NULL:
	 * none left. */
	void *(*dma_alloc)(void *ctx, size_t bytes, size_t align, uint64_t *addr);
	void (*dma_free)(void *ctx, void *p);
	/* Zeroed memory of the driver's own. */
	void *(*alloc)(void *ctx, size_t bytes);
	void (*free)(void *ctx, void *p);
	void *ctx;
};

#endif
