/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "filter.h"
#include "net_internal.h"

#define BUFFERS_MAX 4

static int command(struct drv_net *net, uint8_t class_, uint8_t command_, const struct drv_buf *data, unsigned count)
{
	uint32_t written;

	return drv_ctrl(net, class_, command_, data, count, NULL, 0, &written);
}

/* req: VN-7039e132, VN-00b07e9d */
int drv_filter_mode(struct drv_net *net, uint8_t mode, bool on)
{
	uint8_t value = on;

	if (mode >= VIRTIO_NET_CTRL_RX_MODES)
		return -EINVAL;
	if (!drv_net_has(net, mode <= VIRTIO_NET_CTRL_RX_ALLMULTI ? VIRTIO_NET_F_CTRL_RX : VIRTIO_NET_F_CTRL_RX_EXTRA))
		return -ENOTSUP;
	return command(net, VIRTIO_NET_CTRL_RX, mode, &(struct drv_buf){&value, sizeof(value)}, 1);
}

static bool all_are(const uint8_t *addrs, uint32_t count, bool multicast)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if ((addrs[(size_t)i * VIRTIO_NET_MAC_BYTES] & 1) != multicast)
			return false;
	return true;
}

/* req: VN-9c3fb27d, VN-efcceab9, VN-fb87ef74 */
int drv_filter_table(struct drv_net *net, const uint8_t *unicast, uint32_t num_unicast, const uint8_t *multicast,
		     uint32_t num_multicast)
{
	le32 entries[2] = {cpu_to_le32(num_unicast), cpu_to_le32(num_multicast)};
	struct drv_buf data[BUFFERS_MAX] = {
		{&entries[0], sizeof(entries[0])},
		{unicast, num_unicast * VIRTIO_NET_MAC_BYTES},
		{&entries[1], sizeof(entries[1])},
		{multicast, num_multicast * VIRTIO_NET_MAC_BYTES},
	};

	if (!drv_net_has(net, VIRTIO_NET_F_CTRL_RX))
		return -ENOTSUP;
	if (num_unicast > UINT32_MAX / VIRTIO_NET_MAC_BYTES || num_multicast > UINT32_MAX / VIRTIO_NET_MAC_BYTES)
		return -EMSGSIZE;
	if (!all_are(unicast, num_unicast, false) || !all_are(multicast, num_multicast, true))
		return -EINVAL;
	return command(net, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, BUFFERS_MAX);
}

/* req: VN-9c3fb27d: CTRL_MAC_ADDR alone is not enough */
int drv_filter_mac(struct drv_net *net, const uint8_t mac[6])
{
	static const uint8_t none[VIRTIO_NET_MAC_BYTES];
	int err;

	if (!drv_net_has(net, VIRTIO_NET_F_CTRL_RX) || !drv_net_has(net, VIRTIO_NET_F_CTRL_MAC_ADDR))
		return -ENOTSUP;
	if (mac[0] & 1 || !memcmp(mac, none, sizeof(none)))
		return -EINVAL;
	err = command(net, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
		      &(struct drv_buf){mac, VIRTIO_NET_MAC_BYTES}, 1);
	if (!err)
		memcpy(net->mac, mac, sizeof(net->mac));
	return err;
}

int drv_filter_vlan(struct drv_net *net, uint16_t id, bool on)
{
	le16 wire = cpu_to_le16(id);

	if (id >= VIRTIO_NET_VLANS)
		return -EINVAL;
	if (!drv_net_has(net, VIRTIO_NET_F_CTRL_VLAN))
		return -ENOTSUP;
	return command(net, VIRTIO_NET_CTRL_VLAN, on ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL,
		       &(struct drv_buf){&wire, sizeof(wire)}, 1);
}

/* req: VN-460f7744 */
int drv_filter_start(struct drv_net *net)
{
	uint8_t own[VIRTIO_NET_MAC_BYTES];
	int err = 0;

	memcpy(own, net->mac, sizeof(own));
	if (drv_net_has(net, VIRTIO_NET_F_CTRL_RX) && !net->config.filtered)
		err = drv_filter_mode(net, VIRTIO_NET_CTRL_RX_PROMISC, true);
	/* Without VIRTIO_NET_F_MAC the device cannot know the address. Filters are best effort: it may refuse. */
	if (err >= 0 && !drv_net_has(net, VIRTIO_NET_F_MAC) && net->config.filtered)
		err = drv_filter_mac(net, own);
	return err == -ENOTSUP || err > 0 ? 0 : err;
}
