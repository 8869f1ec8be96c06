/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmit: virtio 1.4, 5.1.6.2. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

int drv_net_tx_init(struct drv_net *net, struct drv_pair *pair)
{
	uint32_t bytes = DRV_HDR_BYTES + DRV_FRAME_MAX, count = pair->tx->size;

	if (drv_net_has(net, VIRTIO_NET_F_MTU))
		bytes = DRV_HDR_BYTES + net->mtu + DRV_ETH_BYTES + DRV_TAGS_MAX * DRV_TAG_BYTES;
	if (count > drv_queue_bytes(net) / bytes)
		count = drv_queue_bytes(net) / bytes;
	return drv_pool_init(&pair->tx_pool, net->env, bytes, count);
}

/* VLAN tags that the frame carries, as far as they count as its header. */
static unsigned tags(const uint8_t *frame, uint32_t bytes)
{
	unsigned count = 0;
	uint32_t at = 12;

	while (count < DRV_TAGS_MAX && at + 2 <= bytes) {
		unsigned type = (unsigned)frame[at] << 8 | frame[at + 1];

		if (type != 0x8100 && type != 0x88a8)
			break;
		count++;
		at += DRV_TAG_BYTES;
	}
	return count;
}

static int take_back(struct drv_pair *pair)
{
	struct drv_vq_done done;
	int count = 0;

	while (drv_vq_completions(pair->tx) > 0 && !drv_vq_complete(pair->tx, &done)) {
		pair->tx_pool.free[pair->tx_pool.free_count++] = (uint16_t)((uintptr_t)done.token - 1);
		count++;
	}
	return count;
}

int drv_net_transmit(struct drv_net *net, uint16_t queue, const void *frame, uint32_t bytes)
{
	struct drv_pair *pair;
	struct drv_pool *pool;
	uint8_t *buffer;
	struct drv_sg sg;
	uint16_t i;
	int err;

	if (!net->live || queue >= net->active) /* req: VN-6e5ffc58, VN-3e0af880 */
		return -ENODEV;
	pair = &net->pairs[queue];
	pool = &pair->tx_pool;
	/* req: VN-8244796c */
	if (!bytes || bytes > pool->bytes - DRV_HDR_BYTES ||
	    (drv_net_has(net, VIRTIO_NET_F_MTU) &&
	     bytes > net->mtu + DRV_ETH_BYTES + tags(frame, bytes) * (uint32_t)DRV_TAG_BYTES))
		return -EMSGSIZE;
	if (pair->tx->broken)
		return -EPROTO;
	if (!pool->free_count)
		take_back(pair);
	if (!pool->free_count)
		return -EAGAIN;
	i = pool->free[pool->free_count - 1];
	buffer = drv_pool_buffer(pool, i);
	/* req: VN-86030d72, VN-530c874d num_buffers 0; VN-35940ef7 flags 0, the frame has its checksums */
	memset(buffer, 0, DRV_HDR_BYTES);
	memcpy(buffer + DRV_HDR_BYTES, frame, bytes);
	sg = (struct drv_sg){drv_pool_addr(pool, i), DRV_HDR_BYTES + bytes};
	err = drv_vq_submit(pair->tx, &sg, 1, 0, (void *)((uintptr_t)i + 1));
	if (err)
		return err;
	pool->free_count--;
	drv_vq_notify(pair->tx);
	return 0;
}

int drv_net_reap(struct drv_net *net)
{
	int count = 0;
	uint16_t i;

	for (i = 0; net->live && i < net->num_pairs; i++)
		count += take_back(&net->pairs[i]);
	return count;
}
