/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notification coalescing. Used buffers are shown at once, since a driver may look without being told; what waits is
 * the question whether it wants to be told. It is asked when enough packets or enough time have come together. The
 * clock is that of the frames: with it, the same frames make the same notifications on every machine. It stands still
 * when the link is silent. If nothing else happens either, whatever waits is sent at once: nothing else would wake a
 * driver that sleeps until it gets its buffers back. If something does, as when the guest goes on transmitting, it is
 * sent after some turns.
 */
#include "net_device.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US   1000u
#define STILL_TURNS 64 /* without a later frame: the clock does not tell how much time has passed */

static bool on(const struct net_coal_params *p)
{
	return p->max_packets && p->max_usecs;
}

static bool due(const struct net *net, const struct net_coal_queue *q)
{
	uint64_t elapsed = net->now_ns > q->since_ns ? net->now_ns - q->since_ns : 0;

	return !on(&q->params) || q->packets >= q->params.max_packets ||
	       elapsed >= (uint64_t)q->params.max_usecs * NS_PER_US;
}

static void forget(struct net *net, struct net_coal_queue *q)
{
	net->coal.pending -= q->packets != 0;
	q->packets = q->places = 0;
}

/* Conditions are met. req: VN-7d1e744e: if the driver wants to hear of any of it */
static void ask(struct net *net, uint16_t queue)
{
	forget(net, &net->coal.queues[queue]);
	virtio_vq_interrupt(&net->vdev, queue);
}

void net_coal_publish(struct net *net, uint16_t queue, uint32_t packets, uint64_t first_ns)
{
	struct net_coal_queue *q = &net->coal.queues[queue];
	struct vq *vq = &net->vdev.vqs[queue];
	uint32_t places;

	if (!on(&q->params) || !virtio_running(&net->vdev)) {
		virtio_vq_publish(&net->vdev, queue);
		return;
	}
	places = vq_filled_places(vq);
	if (!places)
		return;
	/* What the driver wants is told by a place in the ring, so it has to be asked once in each lap. */
	if (q->packets && q->places + places > vq->size)
		ask(net, queue);
	if (!vq_show(vq))
		return;
	if (!q->packets) {
		q->since_ns = first_ns;
		if (!net->coal.pending++)
			net->coal.still = 0;
	}
	q->packets += packets ? packets : 1;
	q->places += places;
	if (due(net, q))
		ask(net, queue);
}

/* Whether the clock has stood still for long. */
static bool stands_still(struct net_coal *coal, uint64_t now_ns)
{
	if (now_ns > coal->at_ns) {
		coal->at_ns = now_ns;
		coal->still = 0;
	}
	return coal->still++ >= STILL_TURNS;
}

bool net_coal_poll(struct net *net, bool idle)
{
	bool did = false;

	idle |= stands_still(&net->coal, net->now_ns);

	for (uint16_t i = 0; net->coal.pending && i < 2 * net->pairs; i++) {
		struct net_coal_queue *q = &net->coal.queues[i];

		if (!q->packets || !(idle || due(net, q)))
			continue;
		ask(net, i);
		did = true;
	}
	return did;
}

/* ---- parameters ---- */

static void look_if_on(struct net *net)
{
	net->coal.on = false;
	for (uint16_t i = 0; i < 2 * net->pairs; i++)
		net->coal.on |= on(&net->coal.queues[i].params);
}

static void set(struct net *net, uint16_t queue, const struct net_coal_params *params)
{
	struct net_coal_queue *q = &net->coal.queues[queue];

	q->params = *params;
	if (q->packets && due(net, q))
		ask(net, queue);
}

static struct net_coal_params params_of(const struct virtio_net_ctrl_coal *wire)
{
	return (struct net_coal_params){le32_to_cpu(wire->max_packets), le32_to_cpu(wire->max_usecs)};
}

/* req: VN-881e4198: there is nothing that it could not change */
uint8_t net_coal_set(struct net *net, struct net_command *c)
{
	unsigned kind = c->command == VIRTIO_NET_CTRL_NOTF_COAL_TX_SET;
	struct virtio_net_ctrl_coal wire;

	memcpy(&wire, c->data, sizeof(wire));
	net->coal.defaults[kind] = params_of(&wire);
	for (uint16_t i = 0; i < net->pairs; i++)
		set(net, 2 * i + kind, &net->coal.defaults[kind]);
	look_if_on(net);
	return VIRTIO_NET_OK;
}

/* Whether the queue is an enabled receive or transmit queue. req: VN-cef1b094, VN-cc2f8100 */
static bool queue_ok(const struct net *net, uint16_t queue)
{
	return queue < 2 * net_max_pairs(net) && virtio_queue_enabled(&net->vdev, queue);
}

/* req: VN-c8480c68: reserved is not looked at */
uint8_t net_coal_vq_set(struct net *net, struct net_command *c)
{
	struct virtio_net_ctrl_coal_vq wire;
	struct net_coal_params params;

	memcpy(&wire, c->data, sizeof(wire));
	if (!queue_ok(net, le16_to_cpu(wire.vq_index)))
		return VIRTIO_NET_ERR;
	params = params_of(&wire.coal);
	set(net, le16_to_cpu(wire.vq_index), &params);
	look_if_on(net);
	return VIRTIO_NET_OK;
}

uint8_t net_coal_vq_get(struct net *net, struct net_command *c)
{
	struct virtio_net_ctrl_coal_vq wire;
	const struct net_coal_params *params;

	memcpy(&wire, c->data, offsetof(struct virtio_net_ctrl_coal_vq, coal));
	if (!queue_ok(net, le16_to_cpu(wire.vq_index)) || c->room < sizeof(wire.coal))
		return VIRTIO_NET_ERR;
	params = &net->coal.queues[le16_to_cpu(wire.vq_index)].params;
	wire.coal = (struct virtio_net_ctrl_coal){cpu_to_le32(params->max_packets), cpu_to_le32(params->max_usecs)};
	memcpy(c->result, &wire.coal, sizeof(wire.coal));
	c->written = sizeof(wire.coal);
	return VIRTIO_NET_OK;
}

int net_coal_init(struct net *net)
{
	net->coal.queues = calloc(2 * (size_t)net->pairs, sizeof(*net->coal.queues));
	return net->coal.queues ? 0 : -ENOMEM;
}

void net_coal_exit(struct net *net)
{
	free(net->coal.queues);
	net->coal.queues = NULL;
}

/* req: VN-2963b80a */
void net_coal_reset(struct net *net)
{
	struct net_coal_queue *queues = net->coal.queues;

	memset(queues, 0, 2 * (size_t)net->pairs * sizeof(*queues));
	net->coal = (struct net_coal){.queues = queues};
}

/* req: VN-ea1725b7, VN-29d6ee0d */
void net_coal_queue_reset(struct net *net, uint16_t queue)
{
	struct net_coal_queue *q;

	if (queue >= 2 * net->pairs)
		return;
	q = &net->coal.queues[queue];
	forget(net, q);
	q->params = net->coal.defaults[queue % 2];
	look_if_on(net);
}
