/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive: virtio 1.4, 5.1.6.3, 5.1.6.4. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

#define RX_BUFFER_BYTES     4096 /* with MRG_RXBUF */
#define RX_BUFFER_BYTES_MIN 1526 /* req: VN-02ded4b4 */

/* A buffer that the device gave back. */
struct piece {
	uint16_t buffer;
	uint32_t bytes;
};

/*
 * Bytes of one buffer. With MRG_RXBUF a frame of any length fits into a ring full of them; without, one buffer holds a
 * frame of the MTU with two tags. req: VN-9a052528
 */
static uint32_t buffer_bytes(const struct drv_net *net, uint16_t size)
{
	uint32_t whole = DRV_HDR_BYTES + DRV_FRAME_MAX, bytes;

	if (net->config.rx_buffer_bytes)
		return net->config.rx_buffer_bytes > DRV_HDR_BYTES ? net->config.rx_buffer_bytes : DRV_HDR_BYTES;
	if (drv_net_has(net, VIRTIO_NET_F_MRG_RXBUF)) {
		bytes = (whole + size - 1) / size;
		return bytes > RX_BUFFER_BYTES ? bytes : RX_BUFFER_BYTES;
	}
	if (!drv_net_has(net, VIRTIO_NET_F_MTU))
		return whole;
	bytes = DRV_HDR_BYTES + net->mtu + DRV_ETH_BYTES + DRV_TAGS_MAX * DRV_TAG_BYTES;
	return bytes > RX_BUFFER_BYTES_MIN ? bytes : RX_BUFFER_BYTES_MIN;
}

static int post(struct drv_pair *pair, uint16_t buffer)
{
	struct drv_sg sg = {drv_pool_addr(&pair->rx_pool, buffer), pair->rx_pool.bytes};

	/* The token is the buffer's number, from 1. */
	return drv_vq_submit(pair->rx, &sg, 0, 1, (void *)((uintptr_t)buffer + 1));
}

int drv_net_rx_init(struct drv_net *net, struct drv_pair *pair)
{
	uint32_t bytes = buffer_bytes(net, pair->rx->size), count = pair->rx->size;
	uint16_t i;
	int err;

	if (net->config.rx_buffers && net->config.rx_buffers < count)
		count = net->config.rx_buffers;
	if (count > drv_queue_bytes(net) / bytes)
		count = drv_queue_bytes(net) / bytes;
	if (!count)
		return -ENOMEM;
	err = drv_pool_init(&pair->rx_pool, net->env, bytes, count);
	for (i = 0; !err && i < count; i++)
		err = post(pair, i);
	return err;
}

static int take(struct drv_pair *pair, struct piece *piece)
{
	struct drv_vq_done done;
	int err = drv_vq_complete(pair->rx, &done);

	if (err)
		return err;
	*piece = (struct piece){(uint16_t)((uintptr_t)done.token - 1), done.bytes};
	return 0;
}

/*
 * The pieces behind the first one of a frame. The device has used them all together, and all but the last one to the
 * full; a number of buffers that the ring does not hold was made up. req: VN-cb1669fa, VN-a47b6e97 (checked, not
 * trusted)
 */
static int gather(struct drv_net *net, struct drv_pair *pair, const struct piece *first, uint16_t buffers,
		  uint32_t *frame_bytes)
{
	uint32_t at = first->bytes - DRV_HDR_BYTES, last = first->bytes;
	struct piece piece;
	uint16_t i;
	int err;

	if (at > DRV_FRAME_MAX)
		return -EPROTO;
	memcpy(net->frame, drv_pool_buffer(&pair->rx_pool, first->buffer) + DRV_HDR_BYTES, at);
	for (i = 1; i < buffers; i++) {
		err = last == pair->rx_pool.bytes ? take(pair, &piece) : -EPROTO;
		if (err)
			return -EPROTO;
		if (!piece.bytes || piece.bytes > DRV_FRAME_MAX - at)
			return -EPROTO;
		memcpy(net->frame + at, drv_pool_buffer(&pair->rx_pool, piece.buffer), piece.bytes);
		at += piece.bytes;
		last = piece.bytes;
		if (post(pair, piece.buffer))
			return -EPROTO;
	}
	*frame_bytes = at;
	return 0;
}

static int receive_one(struct drv_net *net, uint16_t queue, void (*frame)(void *ctx, const struct drv_net_frame *frame),
		       void *ctx)
{
	struct drv_pair *pair = &net->pairs[queue];
	struct drv_net_frame out = {.queue = queue};
	struct virtio_net_hdr hdr;
	struct piece first;
	int err = take(pair, &first);

	if (err)
		return err;
	if (first.bytes < DRV_HDR_BYTES)
		return -EPROTO;
	memcpy(&hdr, drv_pool_buffer(&pair->rx_pool, first.buffer), sizeof(hdr));
	out.flags = hdr.flags;
	out.gso_type = hdr.gso_type;
	out.num_buffers = le16_to_cpu(hdr.num_buffers);
	out.data = drv_pool_buffer(&pair->rx_pool, first.buffer) + DRV_HDR_BYTES;
	out.bytes = first.bytes - DRV_HDR_BYTES;
	if (drv_net_has(net, VIRTIO_NET_F_MRG_RXBUF)) {
		if (!out.num_buffers || out.num_buffers > pair->rx_pool.count)
			return -EPROTO;
		if (out.num_buffers > 1) {
			err = gather(net, pair, &first, out.num_buffers, &out.bytes);
			if (err)
				return err;
			out.data = net->frame;
		}
	}
	frame(ctx, &out);
	return post(pair, first.buffer) ? -EPROTO : 0; /* it was there: there is room for it */
}

static int receive_pair(struct drv_net *net, uint16_t queue,
			void (*frame)(void *ctx, const struct drv_net_frame *frame), void *ctx, unsigned max)
{
	struct drv_vq *vq = net->pairs[queue].rx;
	unsigned count = 0;
	int err = 0;

	while (count < max) {
		err = receive_one(net, queue, frame, ctx);
		if (!err) {
			count++;
			continue;
		}
		/* None left: ask to be told of the next one, which may be there already. */
		if (err == -EAGAIN)
			err = drv_vq_completions(vq);
		if (err <= 0)
			break;
	}
	if (err < 0) {
		vq->broken = true;
		return -EPROTO;
	}
	if (count)
		drv_vq_notify(vq);
	return (int)count;
}

int drv_net_receive(struct drv_net *net, void (*frame)(void *ctx, const struct drv_net_frame *frame), void *ctx,
		    unsigned max)
{
	unsigned count = 0;
	uint16_t i, queue;
	int n;

	/* Of the pairs out of use too: frames that came before may be there. */
	for (i = 0; net->live && i < net->num_pairs && count < max; i++) {
		queue = net->next_rx;
		net->next_rx =
			(uint16_t)(queue + 1) % net->num_pairs; /* a busy queue keeps none of the others waiting */
		n = receive_pair(net, queue, frame, ctx, max - count);
		if (n < 0)
			return n;
		count += (unsigned)n;
	}
	return (int)count;
}
