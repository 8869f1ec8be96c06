/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_status.h"
#include "net_device.h"
#include <errno.h>

bool net_status_up(const struct net *net)
{
	return !net->status.off && net->link->ops->up(net->link);
}

/* An announcement waits until there is a link that it could be made on. */
static bool show(struct net *net)
{
	bool up = net_status_up(net);
	le16 status =
		cpu_to_le16((up ? VIRTIO_NET_S_LINK_UP : 0) | (up && net->status.announce ? VIRTIO_NET_S_ANNOUNCE : 0));
	uint8_t before = net->vdev.generation;

	if (!net_offers(net, VIRTIO_NET_F_STATUS))
		return false;
	virtio_config_set(&net->vdev, offsetof(struct virtio_net_config, status), &status, sizeof(status));
	return net->vdev.generation != before;
}

/* req: VN-7cc7fd2d, VN-aa543c48 */
static void show_speed(struct net *net)
{
	struct {
		le32 speed;
		u8 duplex;
	} field = {cpu_to_le32(net->config.speed), net->config.duplex};

	if (net_offers(net, VIRTIO_NET_F_SPEED_DUPLEX))
		virtio_config_set(&net->vdev, offsetof(struct virtio_net_config, speed), &field,
				  sizeof(field.speed) + sizeof(field.duplex));
}

void net_status_reset(struct net *net)
{
	net->status.announce = false;
	show(net);
	show_speed(net);
}

bool net_status_follow(struct net *net)
{
	return show(net);
}

/* req: VN-fbe01c99: the buffer is marked used when this is done */
uint8_t net_status_announce_ack(struct net *net, struct net_command *c)
{
	(void)c;
	net->status.announce = false;
	show(net);
	return VIRTIO_NET_OK;
}

/* ---- the operator ---- */

int net_status_announce(struct net *net)
{
	if (!net_has(net, VIRTIO_NET_F_GUEST_ANNOUNCE) || !net_has(net, VIRTIO_NET_F_STATUS))
		return -ENOTSUP;
	net->status.announce = true;
	show(net);
	return 0;
}

void net_status_set_link(struct net *net, bool up)
{
	net->status.off = !up;
	show(net);
}

bool net_status_speed_ok(uint32_t mbit, uint8_t duplex)
{
	return (mbit <= VIRTIO_NET_SPEED_MAX || mbit == VIRTIO_NET_SPEED_UNKNOWN) &&
	       (duplex == VIRTIO_NET_DUPLEX_HALF || duplex == VIRTIO_NET_DUPLEX_FULL ||
		duplex == VIRTIO_NET_DUPLEX_UNKNOWN);
}

int net_status_set_speed(struct net *net, uint32_t mbit, uint8_t duplex)
{
	if (!net_status_speed_ok(mbit, duplex))
		return -EINVAL;
	/* req: VN-4bc5afca */
	if (net_has(net, VIRTIO_NET_F_SPEED_DUPLEX) && net_has(net, VIRTIO_NET_F_STATUS) && net_status_up(net))
		return -EBUSY;
	net->config.speed = mbit;
	net->config.duplex = duplex;
	show_speed(net);
	return 0;
}
