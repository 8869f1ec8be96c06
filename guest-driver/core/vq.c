/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "vq.h"

int drv_vq_check(const struct drv_sg *sg, unsigned readable, unsigned writable, uint32_t *bytes)
{
	uint64_t sum = 0, sum_writable = 0;
	unsigned i;

	for (i = 0; i < readable + writable; i++) {
		sum += sg[i].bytes;
		if (i >= readable)
			sum_writable += sg[i].bytes;
	}
	if (!sum || sum > UINT32_MAX)
		return -EINVAL;
	*bytes = (uint32_t)sum_writable;
	return 0;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct drv_vq *drv_vq_alloc(size_t bytes, const struct drv_vq_ops *ops, const struct drv_env *env,
			    const struct drv_transport *transport, const struct drv_vq_config *config)
{
	struct drv_vq *vq = env->alloc(env->ctx, bytes);

	if (!vq)
		return NULL;
	vq->ops = ops;
	vq->env = env;
	vq->transport = transport;
	vq->index = vq->notif_id = config->index;
	vq->size = config->size;
	return vq;
}

/* The first free place of a table; NULL: a format wants more than there are. */
static void **free_place(void **table, size_t places)
{
	size_t i;

	for (i = 0; i < places; i++)
		if (!table[i])
			return &table[i];
	return NULL;
}

void *drv_vq_memory(struct drv_vq *vq, size_t bytes)
{
	void **place = free_place(vq->memory, COUNT(vq->memory));

	return place ? (*place = vq->env->alloc(vq->env->ctx, bytes)) : NULL;
}

void *drv_vq_area(struct drv_vq *vq, size_t bytes, size_t align, uint64_t *addr)
{
	void **place = free_place(vq->areas, COUNT(vq->areas));

	return place ? (*place = vq->env->dma_alloc(vq->env->ctx, bytes, align, addr)) : NULL;
}

void drv_vq_destroy(struct drv_vq *vq)
{
	size_t i;

	if (!vq)
		return;
	for (i = COUNT(vq->areas); i--;)
		if (vq->areas[i])
			vq->env->dma_free(vq->env->ctx, vq->areas[i]);
	for (i = COUNT(vq->memory); i--;)
		if (vq->memory[i])
			vq->env->free(vq->env->ctx, vq->memory[i]);
	vq->env->free(vq->env->ctx, vq);
}
