/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "hand_ring.h"
#include "spec/wire/virtio_net_xdp.h"

#define BUFFER_BYTES 65536
#define XDP_BIT      VIRTIO_NET_F_XDP_OFFLOAD_ALT

void hand_open(struct hand *h)
{
	hand_open_offering(h, 0);
}

static void open_hand(struct hand *h, uint64_t features, uint16_t pairs)
{
	struct net_config config;

	memset(h, 0, sizeof(*h));
	rig_config_default(&config);
	config.features.word[0] |= features;
	config.queue_pairs = pairs;
	h->link = link_mem_open(NULL, 0);
	cr_assert_not_null(h->link);
	link_mem_set_endless(h->link, true);
	h->rig = rig_open(&config, h->link);
	cr_assert_not_null(h->rig);
	h->t = rig_transport(h->rig);
}

void hand_open_offering(struct hand *h, uint64_t features)
{
	open_hand(h, features, 1);
}

void hand_open_pairs(struct hand *h, uint16_t pairs)
{
	open_hand(h, 0, pairs);
}

void hand_close(struct hand *h)
{
	rig_close(h->rig);
}

uint8_t hand_status(struct hand *h)
{
	return h->t->ops->get_status(h->t->ctx);
}

void hand_set_status(struct hand *h, uint8_t status)
{
	h->t->ops->set_status(h->t->ctx, status);
}

bool hand_negotiate(struct hand *h, uint64_t features)
{
	hand_set_status(h, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	hand_set_status(h, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	h->t->ops->set_features(h->t->ctx, 0, (uint32_t)features);
	h->t->ops->set_features(h->t->ctx, 1, (uint32_t)(features >> 32));
	hand_set_status(h, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK);
	return hand_status(h) & VIRTIO_CONFIG_S_FEATURES_OK;
}

static void queue(struct hand *h, struct hand_queue *q, uint16_t index)
{
	const struct drv_env *env = rig_env(h->rig);

	q->desc = env->dma_alloc(env->ctx, HAND_SIZE * sizeof(*q->desc), VRING_DESC_ALIGN, &q->addr.desc);
	q->avail =
		env->dma_alloc(env->ctx, sizeof(*q->avail) + 2 * (HAND_SIZE + 1), VRING_AVAIL_ALIGN, &q->addr.driver);
	q->used = env->dma_alloc(env->ctx, sizeof(*q->used) + HAND_SIZE * sizeof(struct vring_used_elem) + 2,
				 VRING_USED_ALIGN, &q->addr.device);
	q->buffer = env->dma_alloc(env->ctx, BUFFER_BYTES, 64, &q->buffer_addr);
	cr_assert(q->desc && q->avail && q->used && q->buffer);
	h->t->ops->queue_enable(h->t->ctx, index, HAND_SIZE, &q->addr);
}

void hand_queues(struct hand *h)
{
	queue(h, &h->rx, 0);
	queue(h, &h->tx, 1);
	queue(h, &h->cvq, 2);
}

void hand_start(struct hand *h, uint64_t features)
{
	hand_open(h);
	cr_assert(hand_negotiate(h, features), "the device refuses features %#llx", (unsigned long long)features);
	hand_queues(h);
	hand_set_status(h, hand_status(h) | VIRTIO_CONFIG_S_DRIVER_OK);
}

void hand_desc(struct hand_queue *q, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	q->desc[i] = (struct vring_desc){cpu_to_le64(addr), cpu_to_le32(len), cpu_to_le16(flags), cpu_to_le16(next)};
}

void hand_submit(struct hand_queue *q, uint16_t head)
{
	uint16_t idx = le16_to_cpu(q->avail->idx);

	q->avail->ring[idx % HAND_SIZE] = cpu_to_le16(head);
	q->avail->idx = cpu_to_le16((uint16_t)(idx + 1));
}

void hand_kick(struct hand *h, uint16_t index)
{
	h->t->ops->notify(h->t->ctx, index, index);
	rig_settle(h->rig);
}

uint16_t hand_used(const struct hand_queue *q)
{
	return le16_to_cpu(q->used->idx);
}

/* A device that is its control queue. */

static void *dev_dma_alloc(void *ctx, size_t bytes, size_t align, uint64_t *addr)
{
	void *p = aligned_alloc(align < 16 ? 16 : align, (bytes + 63) / 64 * 64);

	(void)ctx;
	cr_assert_not_null(p);
	memset(p, 0, bytes);
	*addr = (uintptr_t)p;
	return p;
}

static void *dev_alloc(void *ctx, size_t bytes)
{
	(void)ctx;
	return calloc(1, bytes);
}

static void dev_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static uint8_t dev_get_status(void *ctx)
{
	return ((struct hand_device *)ctx)->status;
}

static void dev_set_status(void *ctx, uint8_t status)
{
	((struct hand_device *)ctx)->status = status;
}

static uint32_t dev_get_features(void *ctx, uint32_t select)
{
	uint64_t f = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << XDP_BIT |
		     ((struct hand_device *)ctx)->features;

	return select < 2 ? (uint32_t)(f >> (select * 32)) : 0;
}

static void dev_set_features(void *ctx, uint32_t select, uint32_t bits)
{
	(void)ctx;
	(void)select;
	(void)bits;
}

static uint8_t dev_generation(void *ctx)
{
	(void)ctx;
	return 0;
}

static void dev_config_read(void *ctx, uint32_t offset, void *to, size_t bytes)
{
	struct hand_device *d = ctx;
	struct virtio_net_xdp_caps caps = {.max_cmd_bytes = cpu_to_le32(d->max_cmd_bytes)};
	uint8_t config[64] = {0};

	memcpy(config + VIRTIO_NET_XDP_CONFIG_OFFSET, &caps, VIRTIO_NET_XDP_CONFIG_BYTES);
	memset(to, 0, bytes);
	if (offset + bytes <= sizeof(config))
		memcpy(to, config + offset, bytes);
}

static void dev_config_write(void *ctx, uint32_t offset, const void *from, size_t bytes)
{
	(void)ctx;
	(void)offset;
	(void)from;
	(void)bytes;
}

static uint16_t dev_num_queues(void *ctx)
{
	(void)ctx;
	return 3;
}

static uint16_t dev_queue_max(void *ctx, uint16_t index)
{
	(void)ctx;
	return index < 3 ? 16 : 0;
}

static void dev_enable(void *ctx, uint16_t index, uint16_t size, const struct drv_queue_addr *addr)
{
	struct hand_device *d = ctx;

	d->addr[index] = *addr;
	d->size[index] = size;
}

static void dev_notify(void *ctx, uint16_t index, uint32_t data)
{
	struct hand_device *d = ctx;

	d->notified[index]++;
	d->notify_data[index] = data;
}

/* Answers one command: one readable and one writable descriptor, as the driver sends them. */
static int dev_wait(void *ctx)
{
	struct hand_device *d = ctx;
	struct vring_desc *desc = (void *)(uintptr_t)d->addr[2].desc, *out;
	struct vring_avail *avail = (void *)(uintptr_t)d->addr[2].driver;
	struct vring_used *used = (void *)(uintptr_t)d->addr[2].device;
	uint16_t head, idx = le16_to_cpu(used->idx);
	uint32_t written = 0;

	if (!d->command || d->taken == le16_to_cpu(avail->idx))
		return 0;
	head = le16_to_cpu(avail->ring[d->taken++ % d->size[2]]);
	out = &desc[le16_to_cpu(desc[head].next)];
	d->command(d->ctx, (void *)(uintptr_t)le64_to_cpu(desc[head].addr), le32_to_cpu(desc[head].len),
		   (void *)(uintptr_t)le64_to_cpu(out->addr), le32_to_cpu(out->len), &written);
	used->ring[idx % d->size[2]] = (struct vring_used_elem){cpu_to_le32(head), cpu_to_le32(written)};
	used->idx = cpu_to_le16((uint16_t)(idx + 1));
	return 1;
}

static const struct drv_transport_ops dev_ops = {
	.get_status = dev_get_status,
	.set_status = dev_set_status,
	.get_features = dev_get_features,
	.set_features = dev_set_features,
	.config_generation = dev_generation,
	.config_read = dev_config_read,
	.config_write = dev_config_write,
	.num_queues = dev_num_queues,
	.queue_max_size = dev_queue_max,
	.queue_enable = dev_enable,
	.notify = dev_notify,
	.wait = dev_wait,
};

static void device_start(struct hand_device *d)
{
	struct drv_net_config config;

	d->env = (struct drv_env){dev_dma_alloc, dev_free, dev_alloc, dev_free, d};
	d->transport = (struct drv_transport){&dev_ops, d};
	rig_driver_config_default(&config, XDP_BIT);
	d->net = drv_net_create(&d->env, &d->transport, &config);
	cr_assert_not_null(d->net);
	cr_assert_eq(drv_net_start(d->net), 0);
}

void hand_device_open(struct hand_device *d, uint32_t max_cmd_bytes, hand_command *command, void *ctx)
{
	*d = (struct hand_device){.max_cmd_bytes = max_cmd_bytes, .command = command, .ctx = ctx};
	device_start(d);
}

void hand_device_open_offering(struct hand_device *d, uint64_t features)
{
	*d = (struct hand_device){.features = features};
	device_start(d);
}

void hand_device_open_commands(struct hand_device *d, uint64_t features, hand_command *command, void *ctx)
{
	*d = (struct hand_device){.features = features, .max_cmd_bytes = 4096, .command = command, .ctx = ctx};
	device_start(d);
}

void hand_device_close(struct hand_device *d)
{
	drv_net_destroy(d->net);
}
