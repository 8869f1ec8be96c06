// SPDX-License-Identifier: BSD-2-Clause
#include "bench/limit.h"

#include <stdlib.h>
#include <string.h>

#include "device-model/link.h"
#include "virtio_net.h"
#include "virtio_ring.h"

#define BUFFERS 256

struct limit {
	const struct sample *sample;
	engine_native_fn *program;
	size_t at;    /* of the sample's image */
	uint64_t sum; /* so that everything is looked at */
	uint8_t *buffers;
	struct vring_desc desc[BUFFERS];
	le16 avail[BUFFERS];
	struct vring_used_elem used[BUFFERS];
	le16 avail_idx, used_idx;
	struct vring_packed_desc packed[BUFFERS];
	uint16_t device_at, driver_at; /* free-running */
};

#define WORD_AT offsetof(struct vring_packed_desc, len)

/* Length, id and flags of descriptor at, for the lap that wrap says. */
static inline void put_word(struct limit *l, uint16_t at, uint32_t bytes, uint16_t id, uint16_t flags)
{
	struct vring_packed_desc desc = {
		.len = cpu_to_le32(bytes), .id = cpu_to_le16(id), .flags = cpu_to_le16(flags | VRING_DESC_F_WRITE)};
	uint64_t word;

	memcpy(&word, (const uint8_t *)&desc + WORD_AT, sizeof(word));
	__atomic_store_n((uint64_t *)(void *)((uint8_t *)&l->packed[at] + WORD_AT), word, __ATOMIC_RELEASE);
}

static inline void make_available(struct limit *l, uint16_t at, uint16_t id, bool wrap)
{
	l->packed[at].addr = cpu_to_le64((uint64_t)id * SAMPLE_BUFFER_BYTES);
	put_word(l, at, SAMPLE_BUFFER_BYTES, id, wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED);
}

struct limit *limit_open(const struct sample *sample, engine_native_fn *program)
{
	struct limit *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->sample = sample;
	l->program = program;
	l->buffers = calloc(BUFFERS, SAMPLE_BUFFER_BYTES);
	if (!l->buffers) {
		limit_close(l);
		return NULL;
	}
	for (uint16_t i = 0; i < BUFFERS; i++) {
		l->desc[i].addr = cpu_to_le64((uint64_t)i * SAMPLE_BUFFER_BYTES);
		l->desc[i].len = cpu_to_le32(SAMPLE_BUFFER_BYTES);
		l->desc[i].flags = cpu_to_le16(VRING_DESC_F_WRITE);
		l->avail[i] = cpu_to_le16(i);
		make_available(l, i, i, true);
	}
	l->avail_idx = cpu_to_le16(BUFFERS);
	return l;
}

void limit_close(struct limit *l)
{
	if (!l)
		return;
	free(l->buffers);
	free(l);
}

/* What was written is there to stay, and nothing is known of it any more. */
static inline void barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static inline const uint8_t *next(struct limit *l, uint32_t *bytes)
{
	const struct sample *sample = l->sample;
	const uint8_t *data = sample->image + l->at + sizeof(struct pcap_record);

	*bytes = le32_to_cpu(((const struct pcap_record *)(const void *)(data - sizeof(struct pcap_record)))->bytes);
	l->at += sizeof(struct pcap_record) + *bytes;
	if (l->at == sample->bytes)
		l->at = 0;
	return data;
}

void limit_walk(void *ctx)
{
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i++) {
		uint32_t bytes;
		const uint8_t *data = next(l, &bytes);
		uint64_t first;

		memcpy(&first, data, sizeof(first));
		l->sum += first + bytes;
	}
	barrier();
}

void limit_run(void *ctx)
{
	struct fw_frame frame = {0};
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i++) {
		uint32_t bytes;
		const uint8_t *data = next(l, &bytes);

		frame.data = frame.data_meta = l->sample->image + (data - l->sample->image);
		frame.data_end = frame.data + bytes;
		l->sum += (uint64_t)l->program(&frame);
	}
}

static const struct virtio_net_hdr hdr = {.num_buffers = {WIRE_SWAP16(1)}};

void limit_copy_run(void *ctx)
{
	struct fw_frame frame = {0};
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i++) {
		uint32_t bytes;
		const uint8_t *data = next(l, &bytes);

		frame.data = frame.data_meta = memcpy(l->buffers + i % BUFFERS * SAMPLE_BUFFER_BYTES, data, bytes);
		frame.data_end = frame.data + bytes;
		l->sum += (uint64_t)l->program(&frame);
	}
}

static void split_device(struct limit *l)
{
	for (size_t i = 0; i < LINK_BURST; i++, l->device_at++) {
		uint32_t bytes;
		const uint8_t *data = next(l, &bytes);
		uint16_t at = l->device_at % BUFFERS, head = le16_to_cpu(l->avail[at]);
		uint8_t *to = l->buffers + le64_to_cpu(l->desc[head].addr);

		memcpy(to, &hdr, sizeof(hdr));
		memcpy(to + sizeof(hdr), data, bytes);
		l->used[at].id = cpu_to_le32(head);
		l->used[at].len = cpu_to_le32(bytes + (uint32_t)sizeof(hdr));
	}
	__atomic_store_n(&l->used_idx.wire, cpu_to_le16(l->device_at).wire, __ATOMIC_RELEASE);
	barrier();
}

static void split_driver(struct limit *l)
{
	le16 end = {__atomic_load_n(&l->used_idx.wire, __ATOMIC_ACQUIRE)};

	for (; l->driver_at != le16_to_cpu(end); l->driver_at++) {
		struct vring_used_elem elem = l->used[l->driver_at % BUFFERS];
		uint16_t head = (uint16_t)le32_to_cpu(elem.id);
		uint64_t first;

		memcpy(&first, l->buffers + le64_to_cpu(l->desc[head].addr) + sizeof(struct virtio_net_hdr),
		       sizeof(first));
		l->sum += first + le32_to_cpu(elem.len);
		/* Its available entry was taken a whole round of the ring ago. */
		l->avail[l->driver_at % BUFFERS] = cpu_to_le16(head);
	}
	__atomic_store_n(&l->avail_idx.wire, cpu_to_le16((uint16_t)(l->driver_at + BUFFERS)).wire, __ATOMIC_RELEASE);
	barrier();
}

void limit_split(void *ctx)
{
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i += LINK_BURST) {
		split_device(l);
		split_driver(l);
	}
}

static inline bool wrap_of(uint16_t at)
{
	return !(at / BUFFERS % 2);
}

static struct vring_packed_desc read_packed(const struct limit *l, uint16_t at)
{
	uint64_t word = __atomic_load_n((const uint64_t *)(const void *)((const uint8_t *)&l->packed[at] + WORD_AT),
					__ATOMIC_ACQUIRE);
	struct vring_packed_desc desc = {.addr = l->packed[at].addr};

	memcpy((uint8_t *)&desc + WORD_AT, &word, sizeof(word));
	return desc;
}

static void packed_device(struct limit *l)
{
	for (size_t i = 0; i < LINK_BURST; i++, l->device_at++) {
		struct vring_packed_desc desc = read_packed(l, l->device_at % BUFFERS);
		bool wrap = wrap_of(l->device_at);
		uint32_t bytes;
		const uint8_t *data;
		uint8_t *to = l->buffers + le64_to_cpu(desc.addr);

		if (!(le16_to_cpu(desc.flags) & (wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED)))
			return;
		data = next(l, &bytes);
		memcpy(to, &hdr, sizeof(hdr));
		memcpy(to + sizeof(hdr), data, bytes);
		put_word(l, l->device_at % BUFFERS, bytes + (uint32_t)sizeof(hdr), le16_to_cpu(desc.id),
			 wrap ? VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED : 0);
	}
	barrier();
}

static void packed_driver(struct limit *l)
{
	for (; l->driver_at != l->device_at; l->driver_at++) {
		struct vring_packed_desc desc = read_packed(l, l->driver_at % BUFFERS);
		uint16_t id = le16_to_cpu(desc.id);
		uint64_t first;

		memcpy(&first, l->buffers + (size_t)id * SAMPLE_BUFFER_BYTES + sizeof(hdr), sizeof(first));
		l->sum += first + le32_to_cpu(desc.len);
		make_available(l, l->driver_at % BUFFERS, id, !wrap_of(l->driver_at));
	}
	barrier();
}

void limit_packed(void *ctx)
{
	struct limit *l = ctx;

	for (size_t i = 0; i < LIMIT_FRAMES; i += LINK_BURST) {
		packed_device(l);
		packed_driver(l);
	}
}
