/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "link.h"
#include "net_internal.h"

#define ANNOUNCE_BYTES 60
#define TYPE_RARP      0x8035

#define OFFLOAD(name) (drv_net_has(net, VIRTIO_NET_F_##name) ? 1ULL << VIRTIO_NET_OFFLOAD_##name : 0)

/* "Who am I", RFC 903: it needs no network address, and switches learn from it. */
static void make_announcement(const struct drv_net *net, uint8_t frame[ANNOUNCE_BYTES])
{
	/* Ethernet, IPv4, lengths 6 and 4, request reverse */
	static const uint8_t body[] = {TYPE_RARP >> 8, TYPE_RARP & 0xff, 0, 1, 8, 0, 6, 4, 0, 3};
	uint8_t *at = frame;

	memset(frame, 0, ANNOUNCE_BYTES);
	memset(at, 0xff, sizeof(net->mac));
	at += sizeof(net->mac);
	memcpy(at, net->mac, sizeof(net->mac));
	at += sizeof(net->mac);
	memcpy(at, body, sizeof(body));
	at += sizeof(body);
	memcpy(at, net->mac, sizeof(net->mac));
	memcpy(at + 10, net->mac, sizeof(net->mac));
}

/* req: VN-f97dcc51, VN-8e56d4ff */
int drv_link_changed(struct drv_net *net)
{
	uint8_t frame[ANNOUNCE_BYTES];
	uint32_t written;
	le16 status;
	int err;

	if (!drv_net_has(net, VIRTIO_NET_F_GUEST_ANNOUNCE) || !drv_net_has(net, VIRTIO_NET_F_STATUS))
		return 0;
	if (drv_net_config_read(net, offsetof(struct virtio_net_config, status), &status, sizeof(status)))
		return -EPROTO;
	if (!(le16_to_cpu(status) & VIRTIO_NET_S_ANNOUNCE))
		return 0;
	make_announcement(net, frame);
	err = drv_net_transmit(net, 0, frame, sizeof(frame));
	if (err)
		return err;
	err = drv_ctrl(net, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0, NULL, 0, &written);
	if (err < 0)
		return err;
	return err ? -EPROTO : 1;
}

/* req: VN-8eda702b: read anew each time; VN-1889d306 */
int drv_link_speed(const struct drv_net *net, uint32_t *mbit, uint8_t *duplex)
{
	const uint32_t at = offsetof(struct virtio_net_config, speed);
	struct virtio_net_config config;

	*mbit = VIRTIO_NET_SPEED_UNKNOWN;
	*duplex = VIRTIO_NET_DUPLEX_UNKNOWN;
	if (!drv_net_has(net, VIRTIO_NET_F_SPEED_DUPLEX))
		return 0;
	/* req: VN-30ce9e6f: no field beside the two */
	if (drv_net_config_read(net, at, (uint8_t *)&config + at, sizeof(config.speed) + sizeof(config.duplex)))
		return -EPROTO;
	if (le32_to_cpu(config.speed) <= VIRTIO_NET_SPEED_MAX)
		*mbit = le32_to_cpu(config.speed);
	if (config.duplex == VIRTIO_NET_DUPLEX_HALF || config.duplex == VIRTIO_NET_DUPLEX_FULL)
		*duplex = config.duplex;
	return 0;
}

/* req: VN-0798b0de */
int drv_link_offloads(struct drv_net *net, uint64_t bits)
{
	le64 wire = cpu_to_le64(bits);
	uint32_t written;

	if (!drv_net_has(net, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		return -ENOTSUP;
	if (bits & ~VIRTIO_NET_OFFLOADS(OFFLOAD))
		return -EINVAL;
	return drv_ctrl(net, VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
			&(struct drv_buf){&wire, sizeof(wire)}, 1, NULL, 0, &written);
}
