/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "coal.h"
#include "net_internal.h"

static struct virtio_net_ctrl_coal wire(const struct drv_coal *coal)
{
	return (struct virtio_net_ctrl_coal){cpu_to_le32(coal->max_packets), cpu_to_le32(coal->max_usecs)};
}

/* req: VN-7287e35d */
static int set_all(struct drv_net *net, uint8_t command, const struct drv_coal *coal)
{
	struct virtio_net_ctrl_coal set = wire(coal);
	struct drv_buf data = {&set, sizeof(set)};
	uint32_t written;

	if (!drv_net_has(net, VIRTIO_NET_F_NOTF_COAL))
		return -ENOTSUP;
	return drv_ctrl(net, VIRTIO_NET_CTRL_NOTF_COAL, command, &data, 1, NULL, 0, &written);
}

int drv_coal_set_rx(struct drv_net *net, const struct drv_coal *coal)
{
	return set_all(net, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, coal);
}

int drv_coal_set_tx(struct drv_net *net, const struct drv_coal *coal)
{
	return set_all(net, VIRTIO_NET_CTRL_NOTF_COAL_TX_SET, coal);
}

/* req: VN-00c6c4e1, VN-4ddf9d42 */
static int check(const struct drv_net *net, uint16_t queue)
{
	if (!drv_net_has(net, VIRTIO_NET_F_VQ_NOTF_COAL))
		return -ENOTSUP;
	return queue / 2 < drv_net_pairs(net) ? 0 : -EINVAL;
}

int drv_coal_set_queue(struct drv_net *net, uint16_t queue, const struct drv_coal *coal)
{
	struct virtio_net_ctrl_coal_vq set = {.vq_index = cpu_to_le16(queue), .coal = wire(coal)};
	struct drv_buf data = {&set, sizeof(set)};
	uint32_t written;
	int err = check(net, queue);

	if (err)
		return err;
	return drv_ctrl(net, VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET, &data, 1, NULL, 0, &written);
}

int drv_coal_get_queue(struct drv_net *net, uint16_t queue, struct drv_coal *coal)
{
	struct virtio_net_ctrl_coal_vq get = {.vq_index = cpu_to_le16(queue)};
	struct drv_buf data = {&get, offsetof(struct virtio_net_ctrl_coal_vq, coal)};
	uint32_t written;
	int ack = check(net, queue);

	if (ack)
		return ack;
	ack = drv_ctrl(net, VIRTIO_NET_CTRL_NOTF_COAL, VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET, &data, 1, &get.coal,
		       sizeof(get.coal), &written);
	if (ack != VIRTIO_NET_OK) /* req: VN-a7c13920 */
		return ack;
	if (written != sizeof(get.coal))
		return -EPROTO;
	*coal = (struct drv_coal){le32_to_cpu(get.coal.max_packets), le32_to_cpu(get.coal.max_usecs)};
	return 0;
}
