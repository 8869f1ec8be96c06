/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device-model/tr_inproc.h"
#include "link_mem.h"
#include "rig.h"
#include "spec/wire/virtio_config.h"
#include "spec/wire/virtio_net_xdp.h"

struct rig {
	struct dma *dma;
	struct mem mem;
	struct iommu iommu;
	bool translates; /* what the driver is given are the IOMMU's addresses */
	struct tr_inproc tr;
	struct net *device;
	struct drv_env env;
	struct drv_transport transport;
	struct drv_net *driver;
	struct rig_code *code;
};

void rig_config_default(struct net_config *config)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

	*config = (struct net_config){
		.mtu = NET_MTU_DEFAULT,
		.speed = VIRTIO_NET_SPEED_UNKNOWN,
		.duplex = VIRTIO_NET_DUPLEX_UNKNOWN,
		.queue_pairs = 1,
		.queue_size = NET_QUEUE_DEFAULT,
		.xdp_bit = VIRTIO_NET_F_XDP_OFFLOAD_ALT,
		.fw = {.engine = FW_ENGINE_JIT, .platform = &rig_code_platform},
	};
	memcpy(config->mac, mac, sizeof(mac));
	config->features = net_features_default(config->xdp_bit);
	fw_caps_default(&config->fw.caps);
}

void rig_driver_config_default(struct drv_net_config *driver, uint16_t xdp_bit)
{
	*driver = (struct drv_net_config){.features = {UINT64_MAX, UINT64_MAX}, .xdp_bit = xdp_bit};
}

/* Environment: device memory from the mapping, the driver's own from the C library. */

static void *env_dma_alloc(void *ctx, size_t bytes, size_t align, uint64_t *addr)
{
	struct rig *rig = ctx;
	uint64_t gpa;
	void *p = dma_alloc(rig->dma, bytes, align, &gpa);

	*addr = gpa;
	if (!p || !rig->translates)
		return p;
	*addr = RIG_IOVA(gpa);
	if (!iommu_map(&rig->iommu, *addr, bytes, gpa, false))
		return p;
	dma_free(rig->dma, p);
	return NULL;
}

static void env_dma_free(void *ctx, void *p)
{
	struct rig *rig = ctx;
	uint64_t gpa;

	if (p && rig->translates) {
		gpa = dma_gpa(rig->dma) + (uint64_t)((uint8_t *)p - dma_host(rig->dma));
		iommu_unmap(&rig->iommu, RIG_IOVA(gpa), dma_block_bytes(rig->dma, p));
	}
	dma_free(rig->dma, p);
}

static void *env_alloc(void *ctx, size_t bytes)
{
	(void)ctx;
	return calloc(1, bytes);
}

static void env_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

/* Transport: the driver's table, answered by the functions of device-model/virtio.h. */

static struct virtio_device *dev_of(void *ctx)
{
	struct rig *rig = ctx;

	return net_virtio(rig->device);
}

static uint8_t tr_get_status(void *ctx)
{
	return virtio_get_status(dev_of(ctx));
}

static void tr_set_status(void *ctx, uint8_t status)
{
	virtio_set_status(dev_of(ctx), status);
}

static uint32_t tr_get_features(void *ctx, uint32_t select)
{
	return virtio_get_features(dev_of(ctx), select);
}

static void tr_set_features(void *ctx, uint32_t select, uint32_t bits)
{
	virtio_set_features(dev_of(ctx), select, bits);
}

static uint8_t tr_config_generation(void *ctx)
{
	return virtio_config_generation(dev_of(ctx));
}

static void tr_config_read(void *ctx, uint32_t offset, void *to, size_t bytes)
{
	virtio_config_read(dev_of(ctx), offset, to, bytes);
}

static void tr_config_write(void *ctx, uint32_t offset, const void *from, size_t bytes)
{
	virtio_config_write(dev_of(ctx), offset, from, bytes);
}

static uint16_t tr_num_queues(void *ctx)
{
	return virtio_num_queues(dev_of(ctx));
}

static uint16_t tr_queue_max_size(void *ctx, uint16_t queue)
{
	return virtio_queue_max_size(dev_of(ctx), queue);
}

static void tr_queue_enable(void *ctx, uint16_t queue, uint16_t size, const struct drv_queue_addr *addr)
{
	struct virtio_queue_addr a = {addr->desc, addr->driver, addr->device};

	/* As on a bus: a register write brings no answer. A driver finds out by the queue not working. */
	virtio_queue_enable(dev_of(ctx), queue, size, &a);
}

static void tr_queue_reset(void *ctx, uint16_t queue)
{
	virtio_queue_reset(dev_of(ctx), queue);
}

static bool tr_queue_resetting(void *ctx, uint16_t queue)
{
	return virtio_queue_resetting(dev_of(ctx), queue);
}

static bool tr_queue_enabled(void *ctx, uint16_t queue)
{
	return virtio_queue_enabled(dev_of(ctx), queue);
}

static uint16_t tr_queue_notif_data(void *ctx, uint16_t queue)
{
	return virtio_queue_notif_data(dev_of(ctx), queue);
}

/* One register for all queues. */
static void tr_notify(void *ctx, uint16_t queue, uint32_t data)
{
	(void)queue;
	virtio_notify_data(dev_of(ctx), data);
}

static int tr_wait(void *ctx)
{
	struct rig *rig = ctx;

	net_poll(rig->device);
	return tr_inproc_take(&rig->tr);
}

static const struct drv_transport_ops transport_ops = {
	.get_status = tr_get_status,
	.set_status = tr_set_status,
	.get_features = tr_get_features,
	.set_features = tr_set_features,
	.config_generation = tr_config_generation,
	.config_read = tr_config_read,
	.config_write = tr_config_write,
	.num_queues = tr_num_queues,
	.queue_max_size = tr_queue_max_size,
	.queue_enable = tr_queue_enable,
	.queue_reset = tr_queue_reset,
	.queue_resetting = tr_queue_resetting,
	.queue_enabled = tr_queue_enabled,
	.queue_notif_data = tr_queue_notif_data,
	.notify = tr_notify,
	.wait = tr_wait,
};

/* What no device has taken over. */
static void close_links(const struct net_config *config, struct link *link)
{
	if (link)
		link->ops->close(link);
	for (uint16_t i = 0; i < config->num_ports; i++)
		config->ports[i].link->ops->close(config->ports[i].link);
}

static int open_device(struct rig *rig, const struct net_config *config, struct link *link)
{
	struct mem_region region = {.gpa = RIG_MEMORY_GPA,
				    .bytes = RIG_MEMORY_BYTES + config->queue_pairs * RIG_PAIR_BYTES};
	struct net_config own = *config;
	int err;

	rig->dma = dma_open(RIG_MEMORY_GPA, region.bytes);
	if (!rig->dma)
		goto close;
	if (own.fw.platform == &rig_code_platform && !own.fw.platform_ctx) {
		rig->code = rig_code_open(RIG_CODE_BYTES);
		if (!rig->code)
			goto close;
		own.fw.platform_ctx = rig->code;
	}
	region.host = dma_host(rig->dma);
	if (mem_add(&rig->mem, &region)) {
		errno = EINVAL;
		goto close;
	}
	/* req: VN-ffec5948, VN-4b147623: a platform that translates, and the driver's DMA addresses are what it says */
	rig->translates = virtio_feature_has(&config->features, VIRTIO_F_ACCESS_PLATFORM);
	iommu_init(&rig->iommu, &rig->mem);
	rig->device = net_create(&own, link, rig->translates ? &rig->iommu.view : &rig->mem, &tr_inproc_ops, &rig->tr);
	if (rig->device)
		return 0;
close:
	err = errno;
	close_links(config, link);
	errno = err;
	return -1;
}

struct rig *rig_open_driver(const struct net_config *config, const struct drv_net_config *driver, struct link *link)
{
	struct drv_net_config everything;
	struct rig *rig;

	if (!link)
		link = link_mem_open(NULL, 0);
	rig = link ? calloc(1, sizeof(*rig)) : NULL;
	if (!rig) {
		close_links(config, link);
		return NULL;
	}
	if (!driver) {
		rig_driver_config_default(&everything, config->xdp_bit);
		driver = &everything;
	}
	rig->env = (struct drv_env){env_dma_alloc, env_dma_free, env_alloc, env_free, rig};
	rig->transport = (struct drv_transport){&transport_ops, rig};
	if (open_device(rig, config, link))
		goto close;
	rig->driver = drv_net_create(&rig->env, &rig->transport, driver);
	if (rig->driver)
		return rig;
	errno = ENOMEM;
close:
	rig_close(rig);
	return NULL;
}

struct rig *rig_open(const struct net_config *config, struct link *link)
{
	return rig_open_driver(config, NULL, link);
}

void rig_close(struct rig *rig)
{
	int err = errno;

	if (!rig)
		return;
	drv_net_destroy(rig->driver);
	if (rig->device)
		net_destroy(rig->device);
	iommu_exit(&rig->iommu);
	mem_exit(&rig->mem);
	rig_code_close(rig->code);
	dma_close(rig->dma);
	free(rig);
	errno = err;
}

struct drv_net *rig_driver(struct rig *rig)
{
	return rig->driver;
}

struct net *rig_device(struct rig *rig)
{
	return rig->device;
}

struct mem *rig_mem(struct rig *rig)
{
	return &rig->mem;
}

struct dma *rig_dma(struct rig *rig)
{
	return rig->dma;
}

struct iommu *rig_iommu(struct rig *rig)
{
	return rig->translates ? &rig->iommu : NULL;
}

const struct drv_transport *rig_transport(struct rig *rig)
{
	return &rig->transport;
}

const struct drv_env *rig_env(struct rig *rig)
{
	return &rig->env;
}

uint64_t rig_vq_interrupts(const struct rig *rig)
{
	return rig->tr.vq_interrupts;
}

uint64_t rig_config_interrupts(const struct rig *rig)
{
	return rig->tr.config_interrupts;
}

void rig_settle(struct rig *rig)
{
	while (net_poll(rig->device))
		;
}
