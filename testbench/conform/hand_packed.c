/* SPDX-License-Identifier: BSD-2-Clause */
#include "hand_packed.h"

#include <criterion/criterion.h>

#define BUFFER_BYTES 65536

static void open_queue(struct hand *h, struct hand_packed *q, uint16_t index, uint16_t size)
{
	struct dma *dma = rig_dma(h->rig);

	*q = (struct hand_packed){.size = size, .at = VRING_PACKED_WRAP};
	q->desc = dma_alloc(dma, size * sizeof(*q->desc), VRING_DESC_ALIGN, &q->addr.desc);
	q->driver = dma_alloc(dma, sizeof(*q->driver), VRING_PACKED_EVENT_ALIGN, &q->addr.driver);
	q->device = dma_alloc(dma, sizeof(*q->device), VRING_PACKED_EVENT_ALIGN, &q->addr.device);
	q->buffer = dma_alloc(dma, BUFFER_BYTES, 64, &q->buffer_addr);
	cr_assert(q->desc && q->driver && q->device && q->buffer);
	h->t->ops->queue_enable(h->t->ctx, index, size, &q->addr);
}

void hand_packed_start(struct hand *h, struct hand_packed q[3], uint64_t features, uint16_t size)
{
	uint64_t ring = 1ULL << VIRTIO_F_RING_PACKED;

	hand_open_offering(h, ring | features);
	cr_assert(hand_negotiate(h, ring | features | 1ULL << VIRTIO_F_VERSION_1 | 1 << VIRTIO_NET_F_CTRL_VQ));
	for (uint16_t i = 0; i < 3; i++)
		open_queue(h, &q[i], i, size);
	hand_set_status(h, hand_status(h) | VIRTIO_CONFIG_S_DRIVER_OK);
}

uint16_t hand_packed_flags(const struct hand_packed *q, uint16_t others)
{
	return vring_packed_available(q->at) | others;
}

void hand_packed_put(struct hand_packed *q, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	q->desc[vring_packed_index(q->at)] = (struct vring_packed_desc){
		cpu_to_le64(addr), cpu_to_le32(len), cpu_to_le16(id), cpu_to_le16(hand_packed_flags(q, flags))};
	q->at = vring_packed_next(q->at, q->size);
}

bool hand_packed_used(const struct hand_packed *q, unsigned i, bool wrap)
{
	return (le16_to_cpu(q->desc[i].flags) & VRING_PACKED_DESC_F_LAP) == (wrap ? VRING_PACKED_DESC_F_LAP : 0);
}
