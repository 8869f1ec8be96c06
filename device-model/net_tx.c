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
	/* req: VN-9c747612: other flags are not looked at */
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
	size_t taken, good, sent; /* frames: chains, those that could be sent, those that the link has taken */
};

static void count_sent(struct net *net, uint16_t index, const struct link_frame *frames, struct burst b)
{
	struct net_queue_stats *s = &net->stats.queues[index];

	net->counters.transmitted += b.sent;
	net->counters.transmit_errors += b.taken - b.sent;
	s->packets += b.sent;
	for (size_t i = 0; i < b.sent; i++)
		s->bytes += frames[i].bytes;
	s->drops += b.taken - b.sent;
	s->drops_special += b.taken - b.good;
}

bool net_tx_poll(struct net *net, uint16_t pair)
{
	uint16_t index = net_tx_index(pair);
	struct vq *vq = &net->vdev.vqs[index];
	struct link_frame frames[LINK_BURST];
	struct vq_chain chain;
	size_t count = 0, taken = 0, sent = 0;
	int got = 0;

	if (!vq->kicked || !vq_usable(vq))
		return false;
	for (; taken < LINK_BURST; taken++) {
		got = virtio_vq_check(&net->vdev, index, vq_pop(vq, &chain));
		if (got <= 0)
			break;
		if (!gather(net, &chain, net->tx.stage + count * net->tx.stage_stride, &frames[count])) {
			net_steer_learn(net, frames[count].data, frames[count].bytes, pair);
			count++;
		}
		/* Nothing was written, whatever the driver left writable. */
		vq_fill(vq, &chain, 0);
	}
	if (count && net_status_up(net))
		sent = net->link->ops->send(net->link, frames, count);
	count_sent(net, index, frames, (struct burst){taken, count, sent});
	net_publish(net, index, taken, net->now_ns);
	if (taken == LINK_BURST)
		return true; /* there may be more: the next turn's, after the others had theirs */
	vq->kicked = false;
	virtio_vq_check(&net->vdev, index, vq_want_kicks(vq, true));
	if (virtio_vq_check(&net->vdev, index, vq_available(vq)) > 0)
		vq->kicked = true;
	return taken || vq->kicked;
}
