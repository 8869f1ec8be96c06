/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmitted frames: virtio 1.4, 5.1.6.2. */
#include "net_device.h"
#include <errno.h>
#include <string.h>

int net_tx_init(struct net *net)
{
	size_t stride = net->config.mtu + NET_ETH_BYTES + NET_TAGS_MAX * NET_TAG_BYTES;

	net->tx.stage_stride = (stride + 63) / 64 * 64;
	net->tx.stage = net_pages(net->tx.stage_stride * LINK_BURST);
	return net->tx.stage ? 0 : -ENOMEM;
}

void net_tx_exit(struct net *net)
{
	net_pages_free(net->tx.stage, net->tx.stage_stride * LINK_BURST);
	net->tx.stage = NULL;
}

/* Whether the device can do what the header asks of it. */
static bool header_ok(const struct net *net, const struct virtio_net_hdr *hdr)
{
	/* req: VN-9c747612: other flags are not looked at; VN-d90ab623, VN-979143c9, VN-9b9738de: nor other fields, nor
	 * (VN-908de11b) sums. VN-2c138567 */
	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	return !(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || net_has(net, VIRTIO_NET_F_CSUM);
}

/*
 * Gathers a chain's frame to where frame->data will be. 0; -EINVAL: nothing that could be sent.
 */
static int gather(const struct net *net, const struct vq_chain *chain, uint8_t *to, struct link_frame *frame)
{
	struct iov_cursor in = vq_chain_in(chain);
	struct virtio_net_hdr hdr;
	uint64_t bytes;

	if (!iov_take(&in, &hdr) || !header_ok(net, &hdr))
		return -EINVAL;
	bytes = chain->readable_bytes - sizeof(hdr);
	if (bytes < NET_ETH_BYTES || bytes > net->tx.stage_stride)
		return -EINVAL;
	iov_read(&in, to, bytes);
	if (bytes > net_frame_limit(net->config.mtu, to, bytes)) /* req: VN-04c0c553 */
		return -EINVAL;
	*frame = (struct link_frame){.data = to, .bytes = bytes, .wire_bytes = bytes, .time_ns = net->now_ns};
	return 0;
}

struct burst {
	struct link_frame frames[LINK_BURST];
	size_t taken, good, sent; /* frames: chains, those that could be sent, those that the link has taken */
};

static void count_sent(struct net *net, uint16_t index, const struct burst *b)
{
	struct net_queue_stats *s = &net->stats.queues[index];
	uint64_t bytes = 0;

	net->counters.transmitted += b->sent;
	net->counters.transmit_errors += b->taken - b->sent;
	s->packets += b->sent;
	for (size_t i = 0; i < b->sent; i++)
		bytes += b->frames[i].bytes;
	s->bytes += bytes;
	s->drops += b->taken - b->sent;
	s->drops_special += b->taken - b->good;
}

/* One chain of any kind. 1; 0: there is none; -errno. */
static int take_chain(struct net *net, uint16_t pair, struct burst *b)
{
	struct link_frame *frame = &b->frames[b->good];
	struct vq *vq = &net->vdev.vqs[net_tx_index(pair)];
	struct vq_chain chain;
	int got = vq_pop(vq, &chain);

	if (got <= 0)
		return got;
	if (!gather(net, &chain, net->tx.stage + b->good * net->tx.stage_stride, frame)) {
		net_steer_learn(net, frame->data, frame->bytes, pair);
		b->good++;
	}
	/* Nothing was written, whatever the driver left writable. */
	vq_fill(vq, &chain, 0);
	b->taken++;
	return 1;
}

/*
 * The short way for most frames: each is in one plain buffer, and nothing of it is looked at but its header, so that it
 * can be sent from where it is. A frame that its bytes have to be read of is copied first: the driver can change them
 * at any time.
 */
static void take_plain(struct net *net, uint16_t pair, struct burst *b)
{
	static const uint32_t least[LINK_BURST]; /* any */
	const uint32_t header = sizeof(struct virtio_net_hdr), most = net->config.mtu + (uint32_t)NET_ETH_BYTES;
	struct vq *vq = &net->vdev.vqs[net_tx_index(pair)];
	struct vq_buffer buffers[LINK_BURST];
	size_t count;

	if (net->steer.learns)
		return;
	count = vq_pop_plain(vq, false, least, buffers, LINK_BURST - b->taken);
	for (size_t i = 0; i < count; i++) {
		uint32_t bytes = buffers[i].bytes - header;
		uint8_t *data = buffers[i].data + header;
		struct virtio_net_hdr hdr;

		if (buffers[i].bytes < header + NET_ETH_BYTES || bytes > net->tx.stage_stride)
			continue;
		memcpy(&hdr, buffers[i].data, sizeof(hdr));
		/* Read once, whatever the compiler makes of it. */
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (!header_ok(net, &hdr))
			continue;
		if (bytes > most) {
			data = memcpy(net->tx.stage + b->good * net->tx.stage_stride, data, bytes);
			if (!net_frame_fits(net->config.mtu, data, bytes)) /* req: VN-04c0c553 */
				continue;
		}
		b->frames[b->good++] =
			(struct link_frame){.data = data, .bytes = bytes, .wire_bytes = bytes, .time_ns = net->now_ns};
	}
	vq_fill_plain(vq, buffers, NULL, count);
	b->taken += count;
}

bool net_tx_poll(struct net *net, uint16_t pair)
{
	uint16_t index = net_tx_index(pair);
	struct vq *vq = &net->vdev.vqs[index];
	struct burst b; /* of which only what is used is set up */

	if (!vq->kicked || !vq_usable(vq))
		return false;
	b.taken = b.good = b.sent = 0;
	if (virtio_vq_check(&net->vdev, index, vq_available(vq)) > 0)
		take_plain(net, pair, &b);
	while (b.taken < LINK_BURST && virtio_vq_check(&net->vdev, index, take_chain(net, pair, &b)) > 0)
		;
	if (b.good && net_status_up(net))
		b.sent = net->link->ops->send(net->link, b.frames, b.good);
	count_sent(net, index, &b);
	net_publish(net, index, (uint32_t)b.taken, net->now_ns);
	if (b.taken == LINK_BURST)
		return true; /* there may be more: the next turn's, after the others had theirs */
	vq->kicked = false;
	virtio_vq_check(&net->vdev, index, vq_want_kicks(vq, true));
	if (virtio_vq_check(&net->vdev, index, vq_available(vq)) > 0)
		vq->kicked = true;
	return b.taken || vq->kicked;
}
