/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "net_internal.h"

#define POOL_ALIGN 64 /* bytes: buffers do not share a cache line */

int drv_pool_init(struct drv_pool *pool, const struct drv_env *env, uint32_t bytes, uint32_t count)
{
	/* An odd number of cache lines: the beginnings of the buffers, which are touched most, use all sets of a cache.
	 */
	uint32_t stride = ((bytes + POOL_ALIGN - 1) / POOL_ALIGN | 1) * POOL_ALIGN;
	uint16_t i;

	pool->bytes = bytes;
	pool->stride = stride;
	pool->free = env->alloc(env->ctx, count * sizeof(*pool->free));
	if (!pool->free)
		return -ENOMEM;
	pool->data = env->dma_alloc(env->ctx, (size_t)stride * count, POOL_ALIGN, &pool->addr);
	if (!pool->data)
		return -ENOMEM; /* drv_pool_free() frees the rest */
	pool->count = (uint16_t)count;
	pool->free_count = pool->count;
	for (i = 0; i < pool->count; i++)
		pool->free[i] = pool->count - 1 - i;
	return 0;
}

void drv_pool_free(struct drv_pool *pool, const struct drv_env *env)
{
	if (pool->free)
		env->free(env->ctx, pool->free);
	if (pool->data)
		env->dma_free(env->ctx, pool->data);
	*pool = (struct drv_pool){0};
}
