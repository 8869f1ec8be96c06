/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmit: virtio 1.4, 5.1.6.2. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

#define TX_BURST 32

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
	struct drv_vq_done done[TX_BURST];
	struct drv_pool *pool = &pair->tx_pool;
	int count = 0, got, i;

	do {
		got = drv_vq_complete_all(pair->tx, done, TX_BURST);
		for (i = 0; i < got; i++)
			pool->free[pool->free_count++] = (uint16_t)((uintptr_t)done[i].token - 1);
		count += got > 0 ? got : 0;
	} while (got > 0 || (!got && drv_vq_completions(pair->tx) > 0));
	return count;
}

/* req: VN-8244796c */
static bool bytes_ok(const struct drv_net *net, const struct drv_pool *pool, const struct drv_net_out *out)
{
	uint32_t most = drv_net_has(net, VIRTIO_NET_F_MTU) ? (uint32_t)net->mtu + DRV_ETH_BYTES : UINT32_MAX;

	return out->bytes && out->bytes <= pool->bytes - DRV_HDR_BYTES &&
	       (out->bytes <= most || out->bytes <= most + tags(out->data, out->bytes) * (uint32_t)DRV_TAG_BYTES);
}

/* Submits up to TX_BURST frames, as many as there are buffers for. */
static int transmit_burst(struct drv_net *net, struct drv_pair *pair, const struct drv_net_out *frames, unsigned count)
{
	struct drv_vq_plain plain[TX_BURST];
	struct drv_pool *pool = &pair->tx_pool;
	unsigned i;
	int n;

	if (!bytes_ok(net, pool, frames))
		return -EMSGSIZE;
	if (pair->tx->broken)
		return -EPROTO;
	if (pool->free_count < count)
		take_back(pair);
	if (pool->free_count < count)
		count = pool->free_count;
	for (i = 0; i < count && bytes_ok(net, pool, &frames[i]); i++) {
		uint16_t at = pool->free[pool->free_count - 1 - i];
		uint8_t *buffer = drv_pool_buffer(pool, at);

		/* req: VN-86030d72, VN-530c874d num_buffers 0; VN-35940ef7 flags 0, the frame has its checksums;
		 * VN-3e03133d, VN-fecb56d2, VN-2595ae84, VN-727a1258, VN-6a4ed303, VN-ccce6672, VN-0a371307: nor a
		 * gso_type */
		memset(buffer, 0, DRV_HDR_BYTES);
		memcpy(buffer + DRV_HDR_BYTES, frames[i].data, frames[i].bytes);
		plain[i] = (struct drv_vq_plain){{drv_pool_addr(pool, at), DRV_HDR_BYTES + frames[i].bytes},
						 (void *)((uintptr_t)at + 1)};
	}
	n = drv_vq_submit_all(pair->tx, plain, i, false);
	if (n > 0)
		pool->free_count -= (uint16_t)n;
	return n ? n : -EAGAIN;
}

int drv_net_transmit_all(struct drv_net *net, uint16_t queue, const struct drv_net_out *frames, unsigned count)
{
	struct drv_pair *pair;
	unsigned done = 0;
	int n = 0;

	if (!net->live || queue >= net->active) /* req: VN-6e5ffc58, VN-3e0af880 */
		return -ENODEV;
	pair = &net->pairs[queue];
	while (done < count) {
		unsigned burst = count - done < TX_BURST ? count - done : TX_BURST;

		n = transmit_burst(net, pair, frames + done, burst);
		if (n <= 0)
			break;
		done += (unsigned)n;
	}
	if (done)
		drv_vq_notify(pair->tx);
	return done ? (int)done : n;
}

int drv_net_transmit(struct drv_net *net, uint16_t queue, const void *frame, uint32_t bytes)
{
	const struct drv_net_out out = {frame, bytes};
	int n = drv_net_transmit_all(net, queue, &out, 1);

	return n < 0 ? n : 0;
}

int drv_net_reap(struct drv_net *net)
{
	int count = 0;
	uint16_t i;

	for (i = 0; net->live && i < net->num_pairs; i++)
		count += take_back(&net->pairs[i]);
	return count;
}
