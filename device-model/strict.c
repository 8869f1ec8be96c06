/* SPDX-License-Identifier: BSD-2-Clause */
/* What is seen of a driver at the registers, and the reports. */
#include "strict_inside.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGED 3 /* events of one statement that the log has */

static const struct strict_text rows[STRICT_ROWS] = {
#define STRICT(name, id, level, kind, text) [STRICT_##name] = {id, level, STRICT_##kind, text},
#include "strict.def"
#undef STRICT
};

struct strict *strict_create(struct net *net)
{
	struct strict *s = calloc(1, sizeof(*s));
	uint16_t count = net->vdev.num_vqs;

	if (!s)
		return NULL;
	s->net = net;
	s->queues = calloc(count, sizeof(*s->queues));
	s->uploads = calloc(fw_caps(net->fw)->max_progs + 1u, sizeof(*s->uploads));
	for (uint16_t i = 0; s->queues && i < count; i++) {
		struct strict_queue *q = &s->queues[i];

		*q = (struct strict_queue){.s = s, .index = i, .used_ring = UINT64_MAX};
		q->table = calloc(net->vdev.vqs[i].max_size, sizeof(*q->table));
		if (!q->table)
			goto fail;
	}
	if (s->queues && s->uploads)
		return s;
fail:
	strict_free(s);
	return NULL;
}

void strict_free(struct strict *s)
{
	if (!s)
		return;
	for (uint16_t i = 0; s->queues && i < s->net->vdev.num_vqs; i++)
		free(s->queues[i].table);
	free(s->queues);
	free(s->uploads);
	free(s);
}

/* ---- reports ---- */

const struct strict_text *strict_text(enum strict_row row)
{
	return &rows[row];
}

uint64_t strict_count(const struct strict *s, enum strict_row row)
{
	return s->counts[row];
}

const char *strict_event(const struct strict *s, enum strict_row row)
{
	return s->events[row];
}

void strict_report(struct strict *s, enum strict_row row, const char *event, ...)
{
	const struct virtio_device *dev = strict_dev(s);
	char what[STRICT_EVENT_BYTES], line[2 * STRICT_EVENT_BYTES];
	va_list args;

	va_start(args, event);
	vsnprintf(what, sizeof(what), event, args);
	va_end(args);
	if (!s->counts[row])
		memcpy(s->events[row], what, sizeof(what));
	if (s->counts[row]++ >= LOGGED || !dev->ops->log)
		return;
	snprintf(line, sizeof(line), "driver violates %s: %s: %s", rows[row].id, rows[row].text, what);
	dev->ops->log(dev->ctx, line);
}

/* ---- status ---- */

void strict_status_read(struct strict *s)
{
	uint8_t status = strict_dev(s)->status;

	if (s->status_owed && !(status & VIRTIO_CONFIG_S_FEATURES_OK))
		s->refused = true;
	s->status_owed = false;
	s->suspend_owed = false;
	s->resume_owed = false;
}

static void end_queues(struct strict *s)
{
	for (uint16_t i = 0; i < strict_dev(s)->num_vqs; i++)
		strict_ring_end(&s->queues[i]);
}

/* Buffers that came while the device was suspended. */
static void thaw(struct strict *s)
{
	for (uint16_t i = 0; i < strict_dev(s)->num_vqs; i++) {
		struct strict_queue *q = &s->queues[i];
		uint16_t now;

		if (!strict_ring_there(q))
			continue;
		now = strict_ring_observe(q);
		if (now != q->frozen && !q->lost)
			strict_report(s, STRICT_SUSPENDED_BUFFER, "queue %u: %u buffers at the suspension, %u now", i,
				      q->frozen, now);
	}
}

static void reset(struct strict *s)
{
	if (virtio_suspended(strict_dev(s)))
		thaw(s);
	end_queues(s);
	for (uint16_t i = 0; i < strict_dev(s)->num_vqs; i++) {
		s->queues[i].was_reset = false;
		s->queues[i].limited = false;
	}
	memset(s->uploads, 0, (fw_caps(s->net->fw)->max_progs + 1u) * sizeof(*s->uploads));
	s->began = true;
	s->looked = false;
	s->status_owed = s->refused = false;
	s->suspend_owed = s->resume_owed = false;
	s->generation_read = s->generation_owed = false;
	s->pairs_set = s->stats_asked = false;
}

static void features_ok(struct strict *s)
{
	if (!s->looked)
		strict_report(s, STRICT_NOT_LOOKED,
			      "FEATURES_OK is written, and no feature word was read since the reset");
	strict_net_features(s);
	s->status_owed = true;
	s->refused = false;
}

static void driver_ok(struct strict *s, uint8_t status, uint8_t before)
{
	uint8_t new = status & ~before;

	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK))
		strict_report(s, STRICT_NO_FEATURES_OK, "status 0x%02x is written after 0x%02x", status, before);
	else if (s->refused)
		strict_report(s, STRICT_WENT_ON, "status 0x%02x is written, FEATURES_OK was not there", status);
	else if (s->status_owed || (new &VIRTIO_CONFIG_S_FEATURES_OK))
		strict_report(s, STRICT_NOT_READ_BACK, "status 0x%02x is written after 0x%02x", status, before);
	s->status_owed = false;
	for (uint16_t i = 0; i < strict_dev(s)->num_vqs; i++)
		strict_ring_live(&s->queues[i]);
}

static void resume(struct strict *s)
{
	if (s->suspend_owed)
		strict_report(s, STRICT_SUSPEND_NOT_READ,
			      "DRIVER_OK is written, and the status was not read since SUSPEND");
	s->suspend_owed = false;
	s->resume_owed = true;
	thaw(s);
}

static void suspend(struct strict *s, uint8_t before)
{
	if (!(before & VIRTIO_CONFIG_S_DRIVER_OK) || !virtio_has(strict_dev(s), VIRTIO_F_SUSPEND)) {
		strict_report(s, STRICT_SUSPEND_EARLY, "SUSPEND is written in status 0x%02x, the feature is %s", before,
			      virtio_has(strict_dev(s), VIRTIO_F_SUSPEND) ? "negotiated" : "not negotiated");
		return;
	}
	s->suspend_owed = true;
	for (uint16_t i = 0; i < strict_dev(s)->num_vqs; i++)
		if (strict_ring_there(&s->queues[i]))
			s->queues[i].frozen = strict_ring_observe(&s->queues[i]);
}

/* What new bits of the status mean, none of which was cleared. */
static void bits_set(struct strict *s, uint8_t status, uint8_t before)
{
	uint8_t new = status & ~before;

	if ((new &VIRTIO_CONFIG_S_DRIVER) && !(status & VIRTIO_CONFIG_S_ACKNOWLEDGE))
		strict_report(s, STRICT_NO_ACKNOWLEDGE, "status 0x%02x is written after 0x%02x", status, before);
	if (new &VIRTIO_CONFIG_S_SUSPEND)
		suspend(s, before);
	if ((new &VIRTIO_CONFIG_S_FEATURES_OK) && !(status & VIRTIO_CONFIG_S_DRIVER))
		strict_report(s, STRICT_NO_DRIVER, "status 0x%02x is written after 0x%02x", status, before);
	else if ((new &VIRTIO_CONFIG_S_FEATURES_OK) && !s->refused)
		features_ok(s);
	if (!(new &VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (before & VIRTIO_CONFIG_S_SUSPEND)
		resume(s);
	else
		driver_ok(s, status, before);
}

static void generation_due(struct strict *s)
{
	if (s->generation_owed)
		strict_report(s, STRICT_NO_GENERATION, "the generation was not read after the field");
	s->generation_owed = false;
}

void strict_status_write(struct strict *s, uint8_t status)
{
	uint8_t before = strict_dev(s)->status & ~VIRTIO_CONFIG_S_NEEDS_RESET, kept = before;

	generation_due(s);
	if (!status) {
		reset(s);
		return;
	}
	if (!s->began)
		strict_report(s, STRICT_NO_RESET, "status 0x%02x is written, and 0 never was", status);
	s->began = true;
	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		kept &= ~VIRTIO_CONFIG_S_SUSPEND;
	if (kept & ~status)
		strict_report(s, STRICT_CLEARED, "status 0x%02x is written after 0x%02x", status, before);
	else if (!(before & VIRTIO_CONFIG_S_FAILED))
		bits_set(s, status, before);
	else if (status & ~before & ~VIRTIO_CONFIG_S_NEEDS_RESET)
		strict_report(s, STRICT_AFTER_FAILED, "status 0x%02x is written after 0x%02x", status, before);
}

/* ---- features and configuration space ---- */

void strict_features_read(struct strict *s)
{
	s->looked = true;
}

void strict_features_write(struct strict *s, uint32_t select, uint32_t bits)
{
	const struct virtio_device *dev = strict_dev(s);
	uint32_t accepted = select < 4 ? dev->accepted.word[select / 2] >> (select % 2 * 32) : 0;

	s->refused = false; /* it tries again, with others */
	if (!(dev->status & VIRTIO_CONFIG_S_DRIVER))
		strict_report(s, STRICT_SEQUENCE, "features are written in status 0x%02x, before DRIVER", dev->status);
	else if ((dev->status & VIRTIO_CONFIG_S_FEATURES_OK) && (bits & ~accepted))
		strict_report(s, STRICT_LATE_FEATURE, "word %u is written as 0x%08x after 0x%08x", select, bits,
			      accepted);
}

void strict_generation_read(struct strict *s)
{
	s->generation_read = true;
	s->generation_owed = false;
}

void strict_config_read(struct strict *s, uint32_t offset, size_t bytes)
{
	/* The address is the one field that is longer than 32 bits. */
	if (net_offers(s->net, VIRTIO_NET_F_MAC) && offset < sizeof(s->net->filter.mac) && bytes) {
		if (!s->generation_read)
			strict_report(s, STRICT_NO_GENERATION, "mac is read, and the generation was not read before");
		else
			s->generation_owed = true;
	}
	strict_net_config(s, offset, bytes);
}

void strict_config_write(struct strict *s, uint32_t offset, size_t bytes)
{
	enum strict_row row = STRICT_CONFIG_WRITTEN;

	if (virtio_suspended(strict_dev(s)))
		row = STRICT_SUSPENDED_CONFIG;
	else if (!(strict_dev(s)->status & VIRTIO_CONFIG_S_FEATURES_OK))
		row = STRICT_CONFIG_EARLY;
	strict_report(s, row, "%zu bytes at %u are written in status 0x%02x", bytes, offset, strict_dev(s)->status);
}

/* ---- queues ---- */

static void judge_areas(struct strict_queue *q, const struct virtio_queue_addr *addr, bool packed)
{
	unsigned driver = packed ? VRING_PACKED_EVENT_ALIGN : VRING_AVAIL_ALIGN;
	unsigned device = packed ? VRING_PACKED_EVENT_ALIGN : VRING_USED_ALIGN;
	const uint8_t *flags;

	if (addr->desc % VRING_DESC_ALIGN || addr->driver % driver || addr->device % device) {
		strict_report(q->s, packed ? STRICT_PACKED_ALIGN : STRICT_SPLIT_ALIGN,
			      "queue %u: at 0x%llx, 0x%llx and 0x%llx; multiples of %d, %u and %u were expected",
			      q->index, (unsigned long long)addr->desc, (unsigned long long)addr->driver,
			      (unsigned long long)addr->device, VRING_DESC_ALIGN, driver, device);
		return;
	}
	/* A ring that is used again was allocated once. */
	if (packed || addr->device == q->used_ring)
		return;
	q->used_ring = addr->device;
	flags = mem_whole(strict_dev(q->s)->mem, addr->device, sizeof(le16), false);
	if (flags && (flags[0] | flags[1]))
		strict_report(q->s, STRICT_USED_FLAGS, "queue %u: they are 0x%04x", q->index, flags[0] | flags[1] << 8);
}

const struct vq_ops *strict_queue_enable(struct strict *s, uint16_t queue, uint16_t size,
					 const struct virtio_queue_addr *addr, const struct vq_ops *ops)
{
	struct strict_queue *q = &s->queues[queue];

	if (s->refused)
		strict_report(s, STRICT_WENT_ON, "queue %u is enabled, FEATURES_OK was not there", queue);
	else if (s->status_owed)
		strict_report(s, STRICT_NOT_READ_BACK, "queue %u is enabled", queue);
	if (q->was_reset && !q->asked)
		strict_report(s, STRICT_RESET_NOT_VERIFIED, "queue %u is enabled with %u descriptors", queue, size);
	s->refused = s->status_owed = false; /* told once */
	q->was_reset = false;
	judge_areas(q, addr, ops == &vq_packed_ops);
	if (!strict_dev(s)->vqs[queue].ops)
		strict_dev(s)->vqs[queue].watch = q;
	return strict_ring_ops(ops);
}

void strict_queue_enabled(struct strict *s, uint16_t queue)
{
	struct strict_queue *q = &s->queues[queue];

	*q = (struct strict_queue){.s = s,
				   .index = queue,
				   .used_ring = q->used_ring,
				   .table = q->table,
				   .limited = q->limited,
				   .at = VRING_PACKED_WRAP};
}

void strict_queue_reset(struct strict *s, uint16_t queue)
{
	struct strict_queue *q = &s->queues[queue];

	strict_ring_end(q);
	q->was_reset = true;
	q->asked = false;
}

void strict_queue_asked(struct strict *s, uint16_t queue)
{
	s->queues[queue].asked = true;
}

void strict_notified(struct strict *s, uint16_t queue)
{
	if (virtio_suspended(strict_dev(s)))
		strict_report(s, STRICT_SUSPENDED_NOTIFICATION, "queue %u is notified", queue);
	else if (!(strict_dev(s)->status & VIRTIO_CONFIG_S_DRIVER_OK))
		strict_report(s, STRICT_EARLY_NOTIFICATION, "queue %u is notified in status 0x%02x", queue,
			      strict_dev(s)->status);
	else if (s->resume_owed)
		strict_report(s, STRICT_RESUME_NOT_READ,
			      "queue %u is notified, and the status was not read since DRIVER_OK", queue);
	else if (queue < strict_dev(s)->num_vqs)
		strict_ring_notified(&s->queues[queue]);
	s->resume_owed = false;
}

void strict_notified_place(struct strict *s, uint16_t queue, uint16_t place)
{
	if (queue < strict_dev(s)->num_vqs && virtio_running(strict_dev(s)))
		strict_ring_place(&s->queues[queue], place);
}
