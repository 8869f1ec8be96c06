/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

static void note(struct fake *fake, char event, uint8_t arg)
{
	if (fake->events == FAKE_EVENTS)
		return;
	fake->event[fake->events] = event;
	fake->event_arg[fake->events++] = arg;
}

static void *get(struct fake *fake, size_t bytes, size_t align)
{
	void *p;

	if (!fake->allocs_left)
		return NULL;
	if (fake->allocs_left > 0)
		fake->allocs_left--;
	if (align < sizeof(void *))
		align = sizeof(void *);
	p = aligned_alloc(align, (bytes + align - 1) / align * align);
	if (!p)
		abort();
	memset(p, 0, bytes);
	fake->blocks++;
	return p;
}

static void *fake_dma_alloc(void *ctx, size_t bytes, size_t align, uint64_t *addr)
{
	void *p = get(ctx, bytes, align);

	*addr = (uintptr_t)p;
	return p;
}

static void *fake_alloc(void *ctx, size_t bytes)
{
	return get(ctx, bytes, 1);
}

static void fake_free(void *ctx, void *p)
{
	struct fake *fake = ctx;

	if (!p)
		return;
	fake->blocks--;
	free(p);
}

static uint8_t get_status(void *ctx)
{
	struct fake *fake = ctx;

	return fake->status | fake->sticky;
}

static void set_status(void *ctx, uint8_t status)
{
	struct fake *fake = ctx;
	unsigned i;

	note(fake, 's', status);
	if (!status && fake->reset_sticks)
		return;
	fake->status = status & (uint8_t)~fake->refuse;
	for (i = 0; !status && i < FAKE_QUEUES; i++)
		fake->queue[i] = (struct fake_queue){.max = fake->queue[i].max};
}

static uint32_t get_features(void *ctx, uint32_t select)
{
	struct fake *fake = ctx;

	return select > 3 ? 0 : (uint32_t)(fake->offered[select / 2] >> (select % 2 * 32));
}

static void set_features(void *ctx, uint32_t select, uint32_t bits)
{
	struct fake *fake = ctx;

	note(fake, 'f', (uint8_t)select);
	fake->accepted[select / 2] &= ~(0xffffffffULL << (select % 2 * 32));
	fake->accepted[select / 2] |= (uint64_t)bits << (select % 2 * 32);
}

static uint8_t config_generation(void *ctx)
{
	struct fake *fake = ctx;

	return fake->restless ? fake->generation++ : fake->generation;
}

static void config_read(void *ctx, uint32_t offset, void *to, size_t bytes)
{
	struct fake *fake = ctx;

	for (size_t i = offset; i < offset + bytes && i < sizeof(fake->config); i++)
		fake->config_seen |= 1ULL << i;
	memset(to, 0, bytes);
	if (offset + bytes <= sizeof(fake->config))
		memcpy(to, fake->config + offset, bytes);
	if (!fake->tears)
		return;
	memset(to, 0xff, bytes);
	fake->generation++;
	fake->tears--;
}

static void config_write(void *ctx, uint32_t offset, const void *from, size_t bytes)
{
	struct fake *fake = ctx;

	(void)offset;
	(void)from;
	(void)bytes;
	fake->config_writes++;
}

static uint16_t num_queues(void *ctx)
{
	(void)ctx;
	return FAKE_QUEUES;
}

static uint16_t queue_max_size(void *ctx, uint16_t queue)
{
	struct fake *fake = ctx;

	return queue < FAKE_QUEUES ? fake->queue[queue].max : 0;
}

static void queue_enable(void *ctx, uint16_t queue, uint16_t size, const struct drv_queue_addr *addr)
{
	struct fake *fake = ctx;
	struct fake_queue *q = &fake->queue[queue];

	note(fake, 'q', (uint8_t)queue);
	q->size = size;
	q->desc = (void *)(uintptr_t)addr->desc;
	q->avail = (void *)(uintptr_t)addr->driver;
	q->used = (void *)(uintptr_t)addr->device;
}

static void queue_reset(void *ctx, uint16_t queue)
{
	struct fake *fake = ctx;

	note(fake, 'r', (uint8_t)queue);
	fake->queue[queue].resetting = fake->reset_looks;
}

static bool queue_resetting(void *ctx, uint16_t queue)
{
	struct fake *fake = ctx;

	note(fake, 'l', (uint8_t)queue);
	if (!fake->queue[queue].resetting) {
		fake->queue[queue] = (struct fake_queue){.max = fake->queue[queue].max};
		return false;
	}
	return fake->queue[queue].resetting--;
}

static bool queue_enabled(void *ctx, uint16_t queue)
{
	return ((struct fake *)ctx)->queue[queue].size;
}

static uint16_t queue_notif_data(void *ctx, uint16_t queue)
{
	(void)ctx;
	return FAKE_NOTIF_DATA + queue;
}

static void notify(void *ctx, uint16_t queue, uint32_t data)
{
	struct fake *fake = ctx;

	fake->queue[queue].notified = data;
	note(fake, 'n', (uint8_t)queue);
	fake->queue[queue].notifies++;
}

static int wait_(void *ctx)
{
	struct fake *fake = ctx;

	if (fake->run)
		fake->run(fake);
	return fake->wait_result;
}

static const struct drv_transport_ops ops = {
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.config_generation = config_generation,
	.config_read = config_read,
	.config_write = config_write,
	.num_queues = num_queues,
	.queue_max_size = queue_max_size,
	.queue_enable = queue_enable,
	.queue_reset = queue_reset,
	.queue_resetting = queue_resetting,
	.queue_enabled = queue_enabled,
	.queue_notif_data = queue_notif_data,
	.notify = notify,
	.wait = wait_,
};

void fake_offer(struct fake *fake, unsigned bit, bool on)
{
	uint64_t mask = 1ULL << (bit % 64);

	fake->offered[bit / 64] = on ? fake->offered[bit / 64] | mask : fake->offered[bit / 64] & ~mask;
}

void fake_init(struct fake *fake)
{
	static const uint8_t bits[] = {VIRTIO_F_VERSION_1, VIRTIO_NET_F_MAC, VIRTIO_NET_F_MTU, VIRTIO_NET_F_STATUS,
				       VIRTIO_NET_F_CTRL_VQ};
	struct virtio_net_config config = {.mac = {2, 3, 4, 5, 6, 7}, .mtu = cpu_to_le16(1500)};
	size_t i;

	*fake = (struct fake){.allocs_left = -1};
	fake->env = (struct drv_env){fake_dma_alloc, fake_free, fake_alloc, fake_free, fake};
	fake->transport = (struct drv_transport){&ops, fake};
	for (i = 0; i < sizeof(bits); i++)
		fake_offer(fake, bits[i], true);
	for (i = 0; i < FAKE_QUEUES; i++)
		fake->queue[i].max = 8;
	config.status = cpu_to_le16(VIRTIO_NET_S_LINK_UP);
	memcpy(fake->config, &config, sizeof(config));
}

static void add(struct fake_chain *chain, const struct vring_desc *desc)
{
	if (chain->count == FAKE_CHAIN)
		abort();
	chain->data[chain->count] = (uint8_t *)(uintptr_t)le64_to_cpu(desc->addr);
	chain->bytes[chain->count] = le32_to_cpu(desc->len);
	if (!(le16_to_cpu(desc->flags) & VRING_DESC_F_WRITE))
		chain->readable++;
	chain->count++;
}

bool fake_pop(struct fake *fake, unsigned queue, struct fake_chain *chain)
{
	struct fake_queue *q = &fake->queue[queue];
	struct vring_desc *table, d;
	uint16_t at;

	*chain = (struct fake_chain){0};
	if (!q->size || q->taken == le16_to_cpu(q->avail->idx))
		return false;
	chain->head = le16_to_cpu(q->avail->ring[q->taken++ % q->size]);
	table = q->desc;
	at = chain->head;
	for (;;) {
		d = table[at];
		if (le16_to_cpu(d.flags) & VRING_DESC_F_INDIRECT) {
			chain->indirect++;
			table = (void *)(uintptr_t)le64_to_cpu(d.addr);
			at = 0;
			continue;
		}
		add(chain, &d);
		if (!(le16_to_cpu(d.flags) & VRING_DESC_F_NEXT))
			return true;
		at = le16_to_cpu(d.next);
	}
}

void fake_put(struct fake *fake, unsigned queue, unsigned ahead, uint32_t head, uint32_t len)
{
	struct fake_queue *q = &fake->queue[queue];

	q->used->ring[(le16_to_cpu(q->used->idx) + ahead) % q->size] =
		(struct vring_used_elem){cpu_to_le32(head), cpu_to_le32(len)};
}

void fake_publish(struct fake *fake, unsigned queue, uint16_t count)
{
	struct fake_queue *q = &fake->queue[queue];

	q->used->idx = cpu_to_le16((uint16_t)(le16_to_cpu(q->used->idx) + count));
}

void fake_push(struct fake *fake, unsigned queue, uint32_t head, uint32_t len)
{
	fake_put(fake, queue, 0, head, len);
	fake_publish(fake, queue, 1);
}

size_t fake_read(const struct fake_chain *chain, uint8_t *to, size_t room)
{
	size_t at = 0;
	unsigned i;

	for (i = 0; i < chain->readable; i++) {
		if (chain->bytes[i] > room - at)
			abort();
		memcpy(to + at, chain->data[i], chain->bytes[i]);
		at += chain->bytes[i];
	}
	return at;
}

uint32_t fake_write(const struct fake_chain *chain, const void *from, size_t bytes)
{
	const uint8_t *p = from;
	uint32_t at = 0, n;
	unsigned i;

	for (i = chain->readable; i < chain->count; i++) {
		n = chain->bytes[i] < bytes - at ? chain->bytes[i] : (uint32_t)(bytes - at);
		memcpy(chain->data[i], p + at, n);
		at += n;
	}
	return at;
}
