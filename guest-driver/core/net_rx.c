/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive: virtio 1.4, 5.1.6.3, 5.1.6.4. */
#include <errno.h>
#include <string.h>

#include "net_internal.h"

#define RX_BUFFER_BYTES     4096 /* with MRG_RXBUF */
#define RX_BUFFER_BYTES_MIN 1526 /* req: VN-02ded4b4 */

#define RX_BURST 32

/* A buffer that the device gave back. */
struct piece {
	uint16_t buffer;
	uint32_t bytes;
};

/* Buffers taken back together, those of them that were looked at, and those to be made available again. */
struct burst {
	struct drv_pair *pair;
	struct drv_vq_done done[RX_BURST];
	struct drv_vq_plain posts[RX_BURST];
	unsigned at, count, num_posts;
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

static int post_all(struct burst *b)
{
	unsigned count = b->num_posts;

	b->num_posts = 0;
	return !count || drv_vq_submit_all(b->pair->rx, b->posts, count, true) == (int)count ? 0 : -EPROTO;
}

/* Makes a buffer available, with the next post_all() at the latest. 0 or -EPROTO: there was no room, but it had some.
 */
static int post(struct burst *b, uint16_t buffer)
{
	/* The token is the buffer's number, from 1. */
	b->posts[b->num_posts++] = (struct drv_vq_plain){
		{drv_pool_addr(&b->pair->rx_pool, buffer), b->pair->rx_pool.bytes}, (void *)((uintptr_t)buffer + 1)};
	return b->num_posts == RX_BURST ? post_all(b) : 0;
}

int drv_net_rx_init(struct drv_net *net, struct drv_pair *pair)
{
	uint32_t bytes = buffer_bytes(net, pair->rx->size), count = pair->rx->size;
	struct burst b = {.pair = pair};
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
		err = post(&b, i);
	return err ? err : post_all(&b);
}

/* Has the processor bring what the device has written, which is not where it works. */
static inline void fetch(const struct burst *b)
{
	unsigned i;

	for (i = 0; i < b->count; i++)
		__builtin_prefetch(drv_pool_buffer(&b->pair->rx_pool, (uint16_t)((uintptr_t)b->done[i].token - 1)));
}

/* The next piece; max: how many to ask for at once. 0, -EAGAIN or -EPROTO. */
static inline int take(struct burst *b, unsigned max, struct piece *piece)
{
	const struct drv_vq_done *done;
	int got;

	if (b->at == b->count) {
		got = drv_vq_complete_all(b->pair->rx, b->done, max < RX_BURST ? max : RX_BURST);
		if (got <= 0)
			return got ? got : -EAGAIN;
		b->at = 0;
		b->count = (unsigned)got;
		fetch(b);
	}
	done = &b->done[b->at++];
	*piece = (struct piece){(uint16_t)((uintptr_t)done->token - 1), done->bytes};
	return 0;
}

/*
 * The pieces behind the first one of a frame. The device has used them all together, and all but the last one to the
 * full; a number of buffers that the ring does not hold was made up. req: VN-cb1669fa, VN-a47b6e97 (checked, not
 * trusted)
 */
static int gather(struct drv_net *net, struct burst *b, const struct piece *first, uint16_t buffers,
		  uint32_t *frame_bytes)
{
	const struct drv_pair *pair = b->pair;
	uint32_t at = first->bytes - DRV_HDR_BYTES, last = first->bytes;
	struct piece piece;
	uint16_t i;
	int err;

	if (at > DRV_FRAME_MAX)
		return -EPROTO;
	memcpy(net->frame, drv_pool_buffer(&pair->rx_pool, first->buffer) + DRV_HDR_BYTES, at);
	for (i = 1; i < buffers; i++) {
		err = last == pair->rx_pool.bytes ? take(b, 1, &piece) : -EPROTO;
		if (err)
			return -EPROTO;
		if (!piece.bytes || piece.bytes > DRV_FRAME_MAX - at)
			return -EPROTO;
		memcpy(net->frame + at, drv_pool_buffer(&pair->rx_pool, piece.buffer), piece.bytes);
		at += piece.bytes;
		last = piece.bytes;
		if (post(b, piece.buffer))
			return -EPROTO;
	}
	*frame_bytes = at;
	return 0;
}

struct receiver {
	void (*frame)(void *ctx, const struct drv_net_frame *frame);
	void *ctx;
};

/* max: frames that are wanted, this one included. */
static inline int receive_one(struct drv_net *net, struct burst *b, uint16_t queue, bool mergeable, unsigned max,
			      const struct receiver *to)
{
	const struct drv_pool *pool = &b->pair->rx_pool;
	struct drv_net_frame out = {.queue = queue};
	struct virtio_net_hdr hdr;
	struct piece first;
	int err = take(b, max, &first);

	if (err)
		return err;
	if (first.bytes < DRV_HDR_BYTES)
		return -EPROTO;
	memcpy(&hdr, drv_pool_buffer(pool, first.buffer), sizeof(hdr));
	/* req: VN-7d313bbb, VN-8dfefd21, VN-bf471e7f, VN-5c87e9f2: nothing else of it is used, and of flags nothing
	 * here */
	out.flags = hdr.flags;
	out.gso_type = hdr.gso_type;
	out.num_buffers = le16_to_cpu(hdr.num_buffers);
	out.data = drv_pool_buffer(pool, first.buffer) + DRV_HDR_BYTES;
	out.bytes = first.bytes - DRV_HDR_BYTES;
	if (mergeable && out.num_buffers != 1) {
		if (!out.num_buffers || out.num_buffers > pool->count)
			return -EPROTO;
		err = gather(net, b, &first, out.num_buffers, &out.bytes);
		if (err)
			return err;
		out.data = net->frame;
	}
	to->frame(to->ctx, &out);
	return post(b, first.buffer);
}

static int receive_pair(struct drv_net *net, uint16_t queue, const struct receiver *to, unsigned max)
{
	struct drv_pair *pair = &net->pairs[queue];
	bool mergeable = drv_net_has(net, VIRTIO_NET_F_MRG_RXBUF);
	struct drv_vq *vq = pair->rx;
	struct burst b; /* of which only what is used is set up */
	unsigned count = 0;
	int err = 0;

	b.pair = pair;
	b.at = b.count = b.num_posts = 0;

	while (count < max) {
		err = receive_one(net, &b, queue, mergeable, max - count, to);
		if (!err) {
			count++;
			continue;
		}
		/* None left: ask to be told of the next one, which may be there already. */
		if (err == -EAGAIN)
			err = post_all(&b) ? -EPROTO : drv_vq_completions(vq);
		if (err <= 0)
			break;
	}
	if (err < 0 || post_all(&b)) {
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
	const struct receiver to = {frame, ctx};
	unsigned count = 0;
	uint16_t i, queue;
	int n;

	/* Of the pairs out of use too: frames that came before may be there. */
	for (i = 0; net->live && i < net->num_pairs && count < max; i++) {
		queue = net->next_rx;
		net->next_rx =
			(uint16_t)(queue + 1) % net->num_pairs; /* a busy queue keeps none of the others waiting */
		n = receive_pair(net, queue, &to, max - count);
		if (n < 0)
			return n;
		count += (unsigned)n;
	}
	return (int)count;
}
