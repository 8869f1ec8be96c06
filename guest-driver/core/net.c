/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "net_internal.h"
#include "virtio_net_xdp.h"
#include "virtio_ring.h"

#define RESET_WAITS    1000
#define CONFIG_READS   16
#define CVQ_SIZE_MAX   64 /* descriptors; one command is in flight */
#define CVQ_TABLE      16 /* pieces that a command may be cut into */
#define QUEUES_OF_PAIR 2
#define PAIRS_MAX      0x7fff /* more leave no index for the control queue */

/* What this driver knows how to use. XDP_OFFLOAD joins at the bit that the configuration names. */
static const uint8_t understood[] = {
	VIRTIO_NET_F_MTU,          VIRTIO_NET_F_MAC,           VIRTIO_NET_F_MRG_RXBUF,
	VIRTIO_NET_F_STATUS,       VIRTIO_NET_F_CTRL_VQ,       VIRTIO_RING_F_INDIRECT_DESC,
	VIRTIO_RING_F_EVENT_IDX,   VIRTIO_F_VERSION_1,         VIRTIO_F_ACCESS_PLATFORM,
	VIRTIO_F_ORDER_PLATFORM,   VIRTIO_F_NOTIFICATION_DATA, VIRTIO_F_NOTIF_CONFIG_DATA,
	VIRTIO_F_RING_RESET,       VIRTIO_F_RING_PACKED,       VIRTIO_F_IN_ORDER,
	VIRTIO_F_SUSPEND,          VIRTIO_NET_F_CTRL_RX,       VIRTIO_NET_F_CTRL_RX_EXTRA,
	VIRTIO_NET_F_CTRL_VLAN,    VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_GUEST_ANNOUNCE,
	VIRTIO_NET_F_STANDBY,      VIRTIO_NET_F_SPEED_DUPLEX,  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
	VIRTIO_NET_F_MQ,           VIRTIO_NET_F_DEVICE_STATS,  VIRTIO_NET_F_NOTF_COAL,
	VIRTIO_NET_F_VQ_NOTF_COAL,
};

/* Of these, what is of no use without the control queue. req: VN-88622136 */
static const uint8_t by_command[] = {
	VIRTIO_NET_F_CTRL_RX,
	VIRTIO_NET_F_CTRL_RX_EXTRA,
	VIRTIO_NET_F_CTRL_VLAN,
	VIRTIO_NET_F_CTRL_MAC_ADDR,
	VIRTIO_NET_F_GUEST_ANNOUNCE,
	VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
	VIRTIO_NET_F_MQ,
	VIRTIO_NET_F_DEVICE_STATS,
	VIRTIO_NET_F_NOTF_COAL,
	VIRTIO_NET_F_VQ_NOTF_COAL,
};

static bool has(const uint64_t f[2], unsigned bit)
{
	return bit < VIRTIO_FEATURES_BITS && (f[bit / 64] >> (bit % 64) & 1);
}

static void set(uint64_t f[2], unsigned bit, bool on)
{
	uint64_t mask = 1ULL << (bit % 64);

	if (on)
		f[bit / 64] |= mask;
	else
		f[bit / 64] &= ~mask;
}

static uint8_t get_status(const struct drv_net *net)
{
	return net->transport->ops->get_status(net->transport->ctx);
}

/* req: VN-d1ce2561 bits are only ever added */
static void add_status(const struct drv_net *net, uint8_t bit)
{
	uint8_t status = get_status(net);

	net->transport->ops->set_status(net->transport->ctx, status | bit);
}

/* req: VN-c1be38d4 a reset is complete when the status reads 0 */
static int reset(const struct drv_net *net)
{
	const struct drv_transport *t = net->transport;
	unsigned i;

	t->ops->set_status(t->ctx, 0);
	for (i = 0; i < RESET_WAITS; i++) {
		if (!get_status(net))
			return 0;
		t->ops->wait(t->ctx);
	}
	return -ENODEV;
}

/* req: VN-e2412a3f */
int drv_net_config_read(const struct drv_net *net, uint32_t offset, void *to, size_t bytes)
{
	const struct drv_transport *t = net->transport;
	uint8_t before;
	unsigned i;

	for (i = 0; i < CONFIG_READS; i++) {
		before = t->ops->config_generation(t->ctx);
		t->ops->config_read(t->ctx, offset, to, bytes);
		if (t->ops->config_generation(t->ctx) == before)
			return 0;
	}
	return -EPROTO;
}

/*
 * The features to accept of those offered.
 * req: VN-7ea6fe6e none that was not offered or that lacks another one; VN-36650ff6; VN-d8f3f715 none that the driver
 * does not know; VN-3caa5ccf unknown ones are no reason to fail; VN-4a21a575 VERSION_1 is accepted whatever the caller
 * says
 */
static void choose_features(struct drv_net *net, const uint64_t offered[2])
{
	uint64_t known[2] = {0, 0};
	size_t i;

	for (i = 0; i < sizeof(understood); i++)
		set(known, understood[i], true);
	if (net->config.xdp_bit < VIRTIO_FEATURES_BITS)
		set(known, net->config.xdp_bit, true);
	for (i = 0; i < 2; i++)
		net->features[i] = offered[i] & known[i] & net->config.features[i];
	set(net->features, VIRTIO_F_VERSION_1, has(offered, VIRTIO_F_VERSION_1));
	for (i = 0; !has(net->features, VIRTIO_NET_F_CTRL_VQ) && i < sizeof(by_command); i++)
		set(net->features, by_command[i], false);
	if (!has(net->features, VIRTIO_NET_F_CTRL_VQ) && net->config.xdp_bit < VIRTIO_FEATURES_BITS)
		set(net->features, net->config.xdp_bit, false);
	/* A table that nobody fills would keep every tagged frame out. */
	if (!net->config.filtered)
		set(net->features, VIRTIO_NET_F_CTRL_VLAN, false);
}

/*
 * Reads what the configuration space has to say before the features are accepted.
 * req: VN-91aa1b7d, VN-96752988 read, never written; VN-30ce9e6f only fields whose feature is there
 */
static int read_config(struct drv_net *net, const uint64_t offered[2])
{
	le32 max;
	le16 mtu, pairs = cpu_to_le16(1);
	int err = 0;

	if (has(offered, VIRTIO_NET_F_MQ) || has(offered, VIRTIO_NET_F_RSS))
		err = drv_net_config_read(net, offsetof(struct virtio_net_config, max_virtqueue_pairs), &pairs,
					  sizeof(pairs));
	net->receiveqs = le16_to_cpu(pairs) ? le16_to_cpu(pairs) : 1;
	if (!err && drv_net_has(net, VIRTIO_NET_F_MQ) && net->receiveqs > PAIRS_MAX)
		err = -EPROTO;
	if (err)
		return err;
	if (drv_net_has(net, VIRTIO_NET_F_MTU)) {
		err = drv_net_config_read(net, offsetof(struct virtio_net_config, mtu), &mtu, sizeof(mtu));
		net->mtu = le16_to_cpu(mtu);
		if (!err && net->mtu < VIRTIO_NET_MTU_MIN)
			err = -EPROTO;
	} else {
		net->mtu = 1500;
	}
	if (!err && drv_net_has(net, net->config.xdp_bit)) {
		err = drv_net_config_read(
			net, VIRTIO_NET_XDP_CONFIG_OFFSET + offsetof(struct virtio_net_xdp_caps, max_cmd_bytes), &max,
			sizeof(max));
		net->max_cmd_bytes = le32_to_cpu(max);
	}
	/* req: VN-8c17ab72 the device's address, else (VN-b2a538e6) a locally administered one */
	if (!err && drv_net_has(net, VIRTIO_NET_F_MAC))
		err = drv_net_config_read(net, offsetof(struct virtio_net_config, mac), net->mac, sizeof(net->mac));
	else
		memcpy(net->mac, "\x02\x00\x00\x00\x00\x01", sizeof(net->mac));
	return err;
}

/* req: VN-6cb6a7ea, VN-d2c58ea3, VN-b4aac359 */
static int negotiate(struct drv_net *net)
{
	const struct drv_transport *t = net->transport;
	uint64_t offered[2] = {0, 0};
	uint32_t i;
	int err;

	for (i = 0; i < 4; i++)
		offered[i / 2] |= (uint64_t)t->ops->get_features(t->ctx, i) << (i % 2 * 32);
	choose_features(net, offered);
	if (!drv_net_has(net,
			 VIRTIO_F_VERSION_1)) /* req: VN-fb375b7f, VN-9c257d3b this driver knows no legacy device */
		return -ENODEV;
	err = read_config(net, offered);
	if (err)
		return err;
	for (i = 0; i < 4; i++)
		t->ops->set_features(t->ctx, i, (uint32_t)(net->features[i / 2] >> (i % 2 * 32)));
	add_status(net, VIRTIO_CONFIG_S_FEATURES_OK);
	return get_status(net) & VIRTIO_CONFIG_S_FEATURES_OK ? 0 : -ENODEV;
}

static uint16_t round_down(uint16_t size)
{
	while (size & (size - 1))
		size &= size - 1;
	return size;
}

/* Creates and enables queue index of at most limit descriptors. NULL with *err set. */
static struct drv_vq *open_queue(struct drv_net *net, uint16_t index, uint16_t limit, uint16_t indirect, int *err)
{
	const struct drv_transport *t = net->transport;
	uint16_t max = t->ops->queue_max_size(t->ctx, index);
	struct drv_vq_config config = {.index = index, .indirect = indirect};
	bool packed = drv_net_has(net, VIRTIO_F_RING_PACKED);
	struct drv_vq *vq;

	*err = -EPROTO; /* a queue that the negotiated features promise is not there */
	if (!max || max > VRING_MAX_SIZE)
		return NULL;
	config.size = limit && limit < max ? limit : max;
	if (!packed)
		config.size = round_down(config.size);
	config.event_idx = drv_net_has(net, VIRTIO_RING_F_EVENT_IDX);
	config.in_order = drv_net_has(net, VIRTIO_F_IN_ORDER);
	*err = -ENOMEM;
	vq = packed ? drv_vq_packed_create(net->env, t, &config) : drv_vq_split_create(net->env, t, &config);
	if (!vq)
		return NULL;
	vq->notif_data = drv_net_has(net, VIRTIO_F_NOTIFICATION_DATA);
	if (drv_net_has(net, VIRTIO_F_NOTIF_CONFIG_DATA))
		vq->notif_id = t->ops->queue_notif_data(t->ctx, index);
	t->ops->queue_enable(t->ctx, index, config.size, &vq->addr);
	*err = 0;
	return vq;
}

static int open_pair(struct drv_net *net, uint16_t i)
{
	struct drv_pair *pair = &net->pairs[i];
	uint16_t index = i * QUEUES_OF_PAIR;
	int err;

	pair->rx = open_queue(net, index, net->config.queue_size, 0, &err);
	if (!pair->rx)
		return err;
	pair->tx = open_queue(net, index + 1, net->config.queue_size, 0, &err);
	if (!pair->tx)
		return err;
	err = drv_net_rx_init(net, pair);
	return err ? err : drv_net_tx_init(net, pair);
}

/* The control queue comes behind all queue pairs that the device has, opened or not, if it was told that there may be
 * more than one. */
static int open_control(struct drv_net *net)
{
	uint16_t pairs = drv_net_has(net, VIRTIO_NET_F_MQ) ? net->receiveqs : 1;
	uint16_t indirect = 0;
	int err = 0;

	if (!drv_net_has(net, VIRTIO_NET_F_CTRL_VQ))
		return 0;
	if (drv_net_has(net, VIRTIO_RING_F_INDIRECT_DESC))
		indirect = CVQ_TABLE;
	net->cvq.vq = open_queue(net, pairs * QUEUES_OF_PAIR, CVQ_SIZE_MAX, indirect, &err);
	return err;
}

/* req: VN-ce04cae9 queues and buffers before DRIVER_OK */
static int open_queues(struct drv_net *net)
{
	uint16_t i;
	int err;

	net->num_pairs = drv_net_has(net, VIRTIO_NET_F_MQ) ? net->receiveqs : 1;
	if (net->config.pairs && net->config.pairs < net->num_pairs)
		net->num_pairs = net->config.pairs;
	net->active = 1;
	net->stats_types = 0;
	net->next_rx = 0;
	net->pairs = net->env->alloc(net->env->ctx, net->num_pairs * sizeof(*net->pairs));
	net->frame = net->env->alloc(net->env->ctx, DRV_FRAME_MAX);
	if (!net->pairs || !net->frame)
		return -ENOMEM;
	for (i = 0; i < net->num_pairs; i++) {
		err = open_pair(net, i);
		if (err)
			return err;
	}
	return open_control(net);
}

static void close_queues(struct drv_net *net)
{
	uint16_t i;

	for (i = 0; net->pairs && i < net->num_pairs; i++) {
		drv_vq_destroy(net->pairs[i].rx);
		drv_vq_destroy(net->pairs[i].tx);
		drv_pool_free(&net->pairs[i].rx_pool, net->env);
		drv_pool_free(&net->pairs[i].tx_pool, net->env);
	}
	if (net->pairs)
		net->env->free(net->env->ctx, net->pairs);
	if (net->frame)
		net->env->free(net->env->ctx, net->frame);
	net->pairs = NULL;
	net->frame = NULL;
	drv_vq_destroy(net->cvq.vq);
	drv_ctrl_free(net);
	net->cvq = (struct drv_cvq){0};
}

struct drv_net *drv_net_create(const struct drv_env *env, const struct drv_transport *transport,
			       const struct drv_net_config *config)
{
	struct drv_net *net = env->alloc(env->ctx, sizeof(*net));

	if (!net)
		return NULL;
	net->env = env;
	net->transport = transport;
	net->config = *config;
	net->mtu = 1500;
	return net;
}

void drv_net_destroy(struct drv_net *net)
{
	if (!net)
		return;
	drv_net_stop(net);
	net->env->free(net->env->ctx, net);
}

/* Up to a live device. req: VN-1cb16221, VN-ee792d3c the order of the steps */
static int start(struct drv_net *net)
{
	uint16_t i;
	int err;

	add_status(net, VIRTIO_CONFIG_S_ACKNOWLEDGE); /* req: VN-9481fe6e */
	add_status(net, VIRTIO_CONFIG_S_DRIVER);      /* req: VN-963d102d */
	err = negotiate(net);
	if (err)
		return err;
	err = open_queues(net);
	if (err)
		return err;
	add_status(net, VIRTIO_CONFIG_S_DRIVER_OK); /* req: VN-a5b59f6d */
	if (get_status(net) & VIRTIO_CONFIG_S_NEEDS_RESET)
		return -EPROTO;
	net->live = true;
	for (i = 0; i < net->num_pairs; i++) /* req: VN-016e1165 no notification before */
		drv_vq_notify(net->pairs[i].rx);
	err = net->num_pairs > 1 ? drv_net_set_pairs(net, net->num_pairs) : 0;
	return err ? err : drv_filter_start(net);
}

int drv_net_start(struct drv_net *net)
{
	int err;

	drv_net_stop(net); /* req: VN-b1245e39, VN-8b727bfc */
	/* What was not given back is the device's still, even if it says now that it has done its reset. */
	if (net->pairs || get_status(net))
		return -ENODEV;
	err = start(net);
	/* req: VN-c8b9494e, VN-6b151b1f. The queues' memory stays until the device is reset: it knows the addresses. */
	if (err)
		add_status(net, VIRTIO_CONFIG_S_FAILED);
	return err;
}

void drv_net_stop(struct drv_net *net)
{
	net->live = false;
	/* req: VN-d246049d the device forgets the buffers before they go; if it does not, they are not given back */
	if (reset(net))
		return;
	close_queues(net);
	net->features[0] = 0;
	net->features[1] = 0;
}

/* Waits until these bits of the status are as wanted. 0, -EPROTO: the device needs a reset, -ETIMEDOUT. */
static int wait_status(const struct drv_net *net, uint8_t bits, uint8_t want)
{
	const struct drv_transport *t = net->transport;
	uint8_t status;
	unsigned i;

	for (i = 0; i < RESET_WAITS; i++) {
		status = get_status(net);
		if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
			return -EPROTO;
		if ((status & bits) == want)
			return 0;
		t->ops->wait(t->ctx);
	}
	return -ETIMEDOUT;
}

int drv_net_suspend(struct drv_net *net)
{
	if (!net->live)
		return -ENODEV;
	if (!drv_net_has(net, VIRTIO_F_SUSPEND)) /* req: VN-83b2a38d */
		return -ENOTSUP;
	/* req: VN-b7279139, VN-af425892: whatever makes buffers available or notifies looks at it first */
	net->live = false;
	add_status(net, VIRTIO_CONFIG_S_SUSPEND);
	/* req: VN-6c890efc */
	return wait_status(net, VIRTIO_CONFIG_S_SUSPEND | VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_SUSPEND);
}

int drv_net_resume(struct drv_net *net)
{
	int err;

	if (net->live || !(get_status(net) & VIRTIO_CONFIG_S_SUSPEND))
		return -EINVAL;
	add_status(net, VIRTIO_CONFIG_S_DRIVER_OK);
	/* req: VN-aa57eae1 */
	err = wait_status(net, VIRTIO_CONFIG_S_SUSPEND | VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK);
	net->live = !err;
	return err;
}

/* Takes a queue back from the device. 0, -ETIMEDOUT, -EPROTO: it is enabled still. req: VN-a4395864 */
static int reset_queue(const struct drv_net *net, uint16_t index)
{
	const struct drv_transport *t = net->transport;
	unsigned i;

	t->ops->queue_reset(t->ctx, index);
	for (i = 0; i < RESET_WAITS; i++) {
		if (!t->ops->queue_resetting(t->ctx, index))
			return t->ops->queue_enabled(t->ctx, index) ? -EPROTO : 0;
		t->ops->wait(t->ctx);
	}
	return -ETIMEDOUT;
}

/* req: VN-d246049d, VN-fd4bfcc6: memory goes after the reset; VN-74ea5edc */
static int resize_pair(struct drv_net *net, uint16_t i, uint16_t size)
{
	struct drv_pair *pair = &net->pairs[i];
	uint16_t index = i * QUEUES_OF_PAIR;
	int err = reset_queue(net, index);

	if (!err)
		err = reset_queue(net, index + 1);
	if (err)
		return err;
	drv_vq_destroy(pair->rx);
	drv_vq_destroy(pair->tx);
	drv_pool_free(&pair->rx_pool, net->env);
	drv_pool_free(&pair->tx_pool, net->env);
	*pair = (struct drv_pair){0};
	net->config.queue_size = size;
	return open_pair(net, i);
}

int drv_net_resize(struct drv_net *net, uint16_t size)
{
	uint16_t i;
	int err = 0;

	if (!net->live)
		return -ENODEV;
	if (!drv_net_has(net, VIRTIO_F_RING_RESET))
		return -ENOTSUP;
	for (i = 0; !err && i < net->num_pairs; i++)
		err = resize_pair(net, i, size);
	net->live = !err;
	for (i = 0; !err && i < net->num_pairs; i++)
		drv_vq_notify(net->pairs[i].rx);
	return err;
}

bool drv_net_has(const struct drv_net *net, unsigned feature_bit)
{
	return has(net->features, feature_bit);
}

uint16_t drv_net_mtu(const struct drv_net *net)
{
	return net->mtu;
}

void drv_net_mac(const struct drv_net *net, uint8_t mac[6])
{
	memcpy(mac, net->mac, sizeof(net->mac));
}

uint16_t drv_net_receiveqs(const struct drv_net *net)
{
	return net->receiveqs;
}

uint16_t drv_net_pairs(const struct drv_net *net)
{
	return net->live ? net->num_pairs : 0;
}

uint16_t drv_net_active_pairs(const struct drv_net *net)
{
	return net->live ? net->active : 0;
}

/* req: VN-a7f09a21 queues that were opened; VN-9a120d31 no other number of them */
int drv_net_set_pairs(struct drv_net *net, uint16_t pairs)
{
	struct virtio_net_ctrl_mq_pairs_set set = {cpu_to_le16(pairs)};
	struct drv_buf data = {&set, sizeof(set)};
	uint16_t before = net->active;
	uint32_t written;
	int ack;

	if (!drv_net_has(net, VIRTIO_NET_F_MQ))
		return -ENOTSUP;
	if (!pairs || pairs > net->num_pairs)
		return -EINVAL;
	/* req: VN-3e0af880 from the moment at which the command is there, not when it is done */
	if (pairs < net->active)
		net->active = pairs;
	ack = drv_ctrl(net, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &data, 1, NULL, 0, &written);
	if (ack == VIRTIO_NET_OK)
		net->active = pairs;
	else if (ack == VIRTIO_NET_ERR)
		net->active = before;
	return ack == VIRTIO_NET_ERR ? -EPROTO : ack;
}

/* req: VN-104a043b */
bool drv_net_link_up(const struct drv_net *net)
{
	le16 status;

	if (!drv_net_has(net, VIRTIO_NET_F_STATUS))
		return true;
	if (drv_net_config_read(net, offsetof(struct virtio_net_config, status), &status, sizeof(status)))
		return false;
	return le16_to_cpu(status) & VIRTIO_NET_S_LINK_UP;
}

bool drv_net_broken(const struct drv_net *net)
{
	uint16_t i;

	if (get_status(net) & VIRTIO_CONFIG_S_NEEDS_RESET)
		return true;
	for (i = 0; net->pairs && i < net->num_pairs; i++)
		if ((net->pairs[i].rx && net->pairs[i].rx->broken) || (net->pairs[i].tx && net->pairs[i].tx->broken))
			return true;
	return net->cvq.vq && net->cvq.vq->broken;
}
