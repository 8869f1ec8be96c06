/* SPDX-License-Identifier: BSD-2-Clause */
/* Equal buffers in one block of memory that the device can reach. */
#ifndef GUEST_DRIVER_POOL_H
#define GUEST_DRIVER_POOL_H

#include "env.h"

struct drv_pool {
	uint8_t *data;
	uint64_t addr;
	uint32_t bytes;  /* of one buffer */
	uint32_t stride; /* from one buffer to the next, bytes */
	uint16_t count;
	uint16_t *free; /* stack of the buffers that the device does not hold */
	uint16_t free_count;
};

/* Memory for count (1 to 32768) buffers of bytes each, all of them free. 0 or -ENOMEM; drv_pool_free() in either case.
 */
int drv_pool_init(struct drv_pool *pool, const struct drv_env *env, uint32_t bytes, uint32_t count);
/* Takes a zeroed pool. */
void drv_pool_free(struct drv_pool *pool, const struct drv_env *env);

/* Buffer i, and its address for the device. */
static inline uint8_t *drv_pool_buffer(const struct drv_pool *pool, uint16_t i)
{
	return pool->data + (size_t)pool->stride * i;
}

static inline uint64_t drv_pool_addr(const struct drv_pool *pool, uint16_t i)
{
	return pool->addr + (uint64_t)pool->stride * i;
}

#endif
