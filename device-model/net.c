/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_device.h"
#include "strict.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define VERIFY_BUDGET 4000 /* instructions visited in one turn of the event loop: about half a millisecond */
#define ARENA_ALIGN   64   /* what fw_init() asks for; pages are more */

void *net_pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void net_pages_free(void *pages, size_t bytes)
{
	if (pages)
		munmap(pages, bytes);
}

uint32_t net_frame_limit(uint16_t mtu, const uint8_t *data, uint32_t bytes)
{
	uint32_t limit = mtu + NET_ETH_BYTES, at = 12;

	for (int tags = 0; tags < NET_TAGS_MAX && at + 2 <= bytes; tags++, at += NET_TAG_BYTES) {
		uint16_t type = data[at] << 8 | data[at + 1];

		if (type != 0x8100 && type != 0x88a8) /* 802.1Q, 802.1ad */
			break;
		limit += NET_TAG_BYTES;
	}
	return limit;
}

/* ---- what the virtio core tells ---- */

/* req: VN-dc1545e6: nothing that changes has a say */
static bool features_ok(void *ctx, const struct virtio_features *accepted, const char **why)
{
	const struct net *net = ctx;

	if (!virtio_feature_has(accepted, VIRTIO_F_VERSION_1)) {
		*why = "version_1 is not among them, and this is no transitional device"; /* req: VN-7896c2b3 */
		return false;
	}
	if (net_feature_unsatisfied(accepted, net->config.xdp_bit)) { /* req: VN-6de2a3b8 */
		*why = "one of them requires another that is not among them";
		return false;
	}
	return true;
}

static void start(void *ctx)
{
	net_filter_start(ctx);
	net_offload_start(ctx);
	net_steer_start(ctx);
	net_rx_start(ctx);
}

static void reset(void *ctx)
{
	struct net *net = ctx;

	net_rx_reset(net);
	fw_reset(net->fw); /* req: XO-025 */
	net_steer_reset(net);
	net_stats_reset(net);
	net_coal_reset(net);
	net->verifying = false;
	net_filter_reset(net);
	net_status_reset(net);
	net->offloads = 0;
}

static void suspend(void *ctx)
{
	struct net *net = ctx;

	for (uint16_t i = 0; i < virtio_num_queues(&net->vdev); i++)
		virtio_vq_publish(&net->vdev, i);
	net_coal_poll(net, true);
}

static void queue_reset(void *ctx, uint16_t queue)
{
	struct net *net = ctx;

	if (queue % 2 == 0 && queue / 2 < net_max_pairs(net))
		net_rx_queue_reset(net, queue / 2);
	net_coal_queue_reset(net, queue);
}

static void log_line(void *ctx, const char *line)
{
	const struct net *net = ctx;

	if (net->config.fw.platform && net->config.fw.platform->log)
		net->config.fw.platform->log(net->config.fw.platform_ctx, line);
}

static const struct virtio_device_ops device_ops = {
	.features_ok = features_ok,
	.start = start,
	.reset = reset,
	.suspend = suspend,
	.queue_reset = queue_reset,
	.log = log_line,
};

/* ---- configuration space ---- */

/* A field is there if the feature that it belongs to is offered; otherwise its bytes are 0. virtio 1.4, 5.1.4. */
static void fill_config(struct net *net)
{
	struct virtio_net_config config = {0};
	struct virtio_net_xdp_caps xdp;

	if (net_offers(net, VIRTIO_NET_F_MQ) || net_offers(net, VIRTIO_NET_F_RSS)) /* req: VN-8233c4f9 */
		config.max_virtqueue_pairs = cpu_to_le16(net->pairs);
	if (net_offers(net, VIRTIO_NET_F_MTU)) /* req: VN-9e330598, VN-cb1cf3d7 */
		config.mtu = cpu_to_le16(net->config.mtu);
	virtio_config_set(&net->vdev, 0, &config, sizeof(config));
	net_filter_reset(net);
	net_status_reset(net);
	/* req: XO-001, XO-007: written once, and never again */
	if (net_offers(net, VIRTIO_NET_F_XDP_OFFLOAD)) {
		fw_caps_wire(net->fw, &xdp);
		virtio_config_set(&net->vdev, VIRTIO_NET_XDP_CONFIG_OFFSET, &xdp, VIRTIO_NET_XDP_CONFIG_BYTES);
	}
}

/* ---- creation ---- */

static bool features_possible(const struct net_config *config)
{
	struct virtio_features all = net_features_all(config->xdp_bit);

	/* req: VN-38ba5b7c, VN-690148fa, VN-e1116ac5 */
	return net_feature_xdp_bit_ok(config->xdp_bit) && !(config->features.word[0] & ~all.word[0]) &&
	       !(config->features.word[1] & ~all.word[1]) &&
	       !net_feature_unsatisfied(&config->features, config->xdp_bit) &&
	       virtio_feature_has(&config->features, VIRTIO_F_VERSION_1);
}

static bool ports_possible(const struct net_config *config)
{
	if (config->num_ports >= FW_PORTS_MAX)
		return false;
	for (uint16_t i = 0; i < config->num_ports; i++)
		if (!config->ports[i].link || config->ports[i].mtu < VIRTIO_NET_MTU_MIN)
			return false;
	return true;
}

/* Of a packed queue any size will do; a driver that takes a split one is told of the power of two below. */
static bool size_possible(const struct net_config *config)
{
	return virtio_feature_has(&config->features, VIRTIO_F_RING_PACKED) ? vq_packed_ops.size_ok(config->queue_size)
									   : vq_split_ops.size_ok(config->queue_size);
}

static bool config_possible(const struct net_config *config)
{
	return ports_possible(config) && net_status_speed_ok(config->speed, config->duplex) &&
	       config->mtu >= VIRTIO_NET_MTU_MIN && config->queue_pairs && config->queue_pairs <= NET_PAIRS_MAX &&
	       size_possible(config) && features_possible(config);
}

/* 0 or -ENOMEM. */
static int copy_ports(struct net *net)
{
	uint16_t count = net->config.num_ports;

	if (!count)
		return 0;
	net->ports = calloc(count, sizeof(*net->ports));
	net->fw_ports = calloc(count, sizeof(*net->fw_ports));
	if (!net->ports || !net->fw_ports)
		return -ENOMEM;
	for (uint16_t i = 0; i < count; i++) {
		net->ports[i] = net->config.ports[i];
		net->fw_ports[i] = (struct fw_port){net->ports[i].ifindex, net->ports[i].mtu};
	}
	return 0;
}

/* The firmware and its arena. 0, -ENOMEM, or -EINVAL: it refuses its limits. req: XO-229 */
static int start_firmware(struct net *net)
{
	net->config.fw.num_queues = net->pairs;
	net->config.fw.mtu = net->config.mtu;
	net->config.fw.ports = net->fw_ports;
	net->config.fw.num_ports = net->config.num_ports;
	net->arena_bytes = fw_arena_bytes(&net->config.fw.caps);
	net->arena = net_pages(net->arena_bytes);
	if (!net->arena)
		return -ENOMEM;
	net->fw = fw_init(net->arena, net->arena_bytes, &net->config.fw);
	return net->fw ? 0 : -EINVAL;
}

struct net *net_create(const struct net_config *config, struct link *link, struct mem *mem,
		       const struct transport_ops *transport, void *transport_ctx)
{
	struct net *net = NULL;
	int error = -EINVAL;
	bool multiqueue;

	if (!config_possible(config))
		goto fail;
	error = -ENOMEM;
	net = calloc(1, sizeof(*net));
	if (!net)
		goto fail;
	net->config = *config;
	net->link = link;
	multiqueue = virtio_feature_has(&config->features, VIRTIO_NET_F_MQ) ||
		     virtio_feature_has(&config->features, VIRTIO_NET_F_RSS);
	net->pairs = multiqueue ? config->queue_pairs : 1;
	net->rxqs = calloc(net->pairs, sizeof(*net->rxqs));
	if (!net->rxqs)
		goto fail;
	error = virtio_init(&net->vdev, &device_ops, net, transport, transport_ctx, mem,
			    2 * net->pairs + virtio_feature_has(&config->features, VIRTIO_NET_F_CTRL_VQ),
			    config->queue_size, &config->features);
	if (!error)
		error = copy_ports(net);
	if (!error)
		error = start_firmware(net);
	if (!error)
		error = net_steer_init(net);
	if (!error)
		error = net_stats_init(net);
	if (!error)
		error = net_coal_init(net);
	if (!error)
		error = net_run_init(net);
	if (!error)
		error = net_tx_init(net);
	if (!error)
		error = net_ctrl_init(net);
	if (!error && config->strict) {
		net->vdev.strict = strict_create(net);
		error = net->vdev.strict ? 0 : -ENOMEM;
	}
	if (error)
		goto fail;
	fill_config(net);
	return net;
fail:
	if (net) { /* a device that was not created owns no link, and the caller closes them */
		net->link = NULL;
		net->config.num_ports = 0;
	}
	net_destroy(net);
	errno = -error;
	return NULL;
}

void net_destroy(struct net *net)
{
	if (!net)
		return;
	if (net->link && net->fw)
		net_rx_reset(net);
	net_ctrl_exit(net);
	net_tx_exit(net);
	net_run_exit(net);
	net_coal_exit(net);
	net_stats_exit(net);
	net_steer_exit(net);
	fw_exit(net->fw);
	net_pages_free(net->arena, net->arena_bytes);
	strict_free(net->vdev.strict);
	virtio_exit(&net->vdev);
	free(net->rxqs);
	if (net->link)
		net->link->ops->close(net->link);
	for (uint16_t i = 0; net->ports && i < net->config.num_ports; i++)
		net->ports[i].link->ops->close(net->ports[i].link);
	free(net->ports);
	free(net->fw_ports);
	free(net);
}

struct virtio_device *net_virtio(struct net *net)
{
	return &net->vdev;
}

struct fw *net_fw(struct net *net)
{
	return net->fw;
}

const struct strict *net_strict(const struct net *net)
{
	return net->vdev.strict;
}

const struct net_counters *net_counters(const struct net *net)
{
	return &net->counters;
}

const struct net_xdp_stats *net_xdp_stats(const struct net *net, uint16_t queue)
{
	return queue < net->pairs ? &net->rxqs[queue].stats : NULL;
}

/* ---- the event loop's turn ---- */

/* req: XO-043: a slice of the verification, no more, in each turn */
static bool verify(struct net *net)
{
	bool before = net->verifying;

	net->verifying = fw_poll(net->fw, VERIFY_BUDGET);
	return before || net->verifying;
}

bool net_poll(struct net *net)
{
	bool did = net_status_follow(net);

	/* req: VN-559fdc69 */
	if (virtio_running(&net->vdev)) {
		/* req: XO-067, XO-068: a command never meets a run, since a burst has ended all of its own */
		did |= net_ctrl_poll(net);
		/* Frames of a pair that is not in use any more were queued when it was. */
		for (uint16_t pair = 0; pair < net_max_pairs(net); pair++)
			did |= net_tx_poll(net, pair);
		did |= verify(net);
	}
	did |= net_rx_poll(net);
	if (net->coal.pending && virtio_running(&net->vdev))
		did |= net_coal_poll(net, !did);
	return did;
}
