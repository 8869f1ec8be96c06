/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"
#include "virtio_config.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 160

static void log_line(const struct virtio_device *dev, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void log_line(const struct virtio_device *dev, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	if (!dev->ops->log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	dev->ops->log(dev->ctx, line);
}

int virtio_init(struct virtio_device *dev, const struct virtio_device_ops *ops, void *ctx,
		const struct transport_ops *transport, void *transport_ctx, const struct mem *mem, uint16_t num_vqs,
		uint16_t queue_size, const struct virtio_features *offered)
{
	*dev = (struct virtio_device){
		.ops = ops, .ctx = ctx, .transport = transport, .transport_ctx = transport_ctx, .offered = *offered};
	dev->vqs = calloc(num_vqs, sizeof(*dev->vqs));
	dev->counts = calloc(num_vqs, sizeof(*dev->counts));
	if (!dev->vqs || !dev->counts) {
		virtio_exit(dev);
		return -ENOMEM;
	}
	for (; dev->num_vqs < num_vqs; dev->num_vqs++)
		if (vq_init(&dev->vqs[dev->num_vqs], mem, queue_size)) {
			virtio_exit(dev);
			return -ENOMEM;
		}
	return 0;
}

void virtio_exit(struct virtio_device *dev)
{
	for (uint16_t i = 0; i < dev->num_vqs; i++)
		vq_exit(&dev->vqs[i]);
	free(dev->vqs);
	free(dev->counts);
	dev->vqs = NULL;
	dev->counts = NULL;
	dev->num_vqs = 0;
}

/* ---- status ---- */

static bool features_ok(struct virtio_device *dev)
{
	const char *why = "they were not all offered";
	const struct virtio_features *a = &dev->accepted, *o = &dev->offered;

	if (!(a->word[0] & ~o->word[0]) && !(a->word[1] & ~o->word[1]) && dev->ops->features_ok(dev->ctx, a, &why))
		return true;
	log_line(dev, "FEATURES_OK refused for features 0x%llx:%016llx: %s", (unsigned long long)a->word[1],
		 (unsigned long long)a->word[0], why);
	return false;
}

static bool start(struct virtio_device *dev)
{
	/* Set first: the device type may look. */
	dev->status |= VIRTIO_CONFIG_S_DRIVER_OK;
	for (uint16_t i = 0; i < dev->num_vqs; i++)
		dev->vqs[i].kicked = true;
	dev->ops->start(dev->ctx);
	/* It had no one to tell before: req: VN-3f4599a1 */
	if (dev->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		dev->transport->config_interrupt(dev->transport_ctx);
	return true;
}

/* The status machine: a bit, those that have to be set before it, and what setting it does (false: it stays clear). */
static const struct status_row {
	uint8_t bit;
	uint8_t needs;
	bool (*enter)(struct virtio_device *dev);
	const char *name;
} status_rows[] = {
	{VIRTIO_CONFIG_S_ACKNOWLEDGE, 0, NULL, "ACKNOWLEDGE"},
	{VIRTIO_CONFIG_S_DRIVER, VIRTIO_CONFIG_S_ACKNOWLEDGE, NULL, "DRIVER"},
	{VIRTIO_CONFIG_S_FEATURES_OK, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER, features_ok, "FEATURES_OK"},
	{VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK,
	 start, "DRIVER_OK"},
	{VIRTIO_CONFIG_S_FAILED, 0, NULL, "FAILED"},
};
#define STATUS_ROWS (sizeof(status_rows) / sizeof(status_rows[0]))

static void reset(struct virtio_device *dev)
{
	dev->status &= ~VIRTIO_CONFIG_S_DRIVER_OK; /* nobody is told what changes now */
	dev->ops->reset(dev->ctx);
	for (uint16_t i = 0; i < dev->num_vqs; i++) {
		vq_reset(&dev->vqs[i]);
		dev->counts[i] = (struct virtio_counts){0};
	}
	dev->accepted = (struct virtio_features){0};
	/* req: VN-f2dc5573, VN-09b278bc: last, since it says that all the rest is done */
	dev->status = 0;
}

uint8_t virtio_get_status(const struct virtio_device *dev)
{
	return dev->status;
}

void virtio_set_status(struct virtio_device *dev, uint8_t status)
{
	/* A driver that did not see DEVICE_NEEDS_RESET yet does not mean to clear it. */
	uint8_t before = dev->status & ~VIRTIO_CONFIG_S_NEEDS_RESET;

	if (!status) {
		reset(dev);
		return;
	}
	if (before & ~status) {
		log_line(dev, "status 0x%02x after 0x%02x ignored: it clears bits", status, before);
		return;
	}
	/* req: VN-caecd531: bits without a row, SUSPEND among them, do nothing */
	for (size_t i = 0; i < STATUS_ROWS; i++) {
		const struct status_row *row = &status_rows[i];

		if (!(status & row->bit) || (dev->status & row->bit))
			continue;
		if ((dev->status & row->needs) != row->needs) {
			log_line(dev, "%s ignored in status 0x%02x: it comes too early", row->name, dev->status);
			continue;
		}
		if (!row->enter || row->enter(dev)) /* req: VN-6de2a3b8 */
			dev->status |= row->bit;
	}
}

bool virtio_running(const struct virtio_device *dev)
{
	return (dev->status & (VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FAILED)) == VIRTIO_CONFIG_S_DRIVER_OK;
}

void virtio_needs_reset(struct virtio_device *dev, const char *why)
{
	bool told = dev->status & VIRTIO_CONFIG_S_NEEDS_RESET;

	log_line(dev, "device needs reset: %s", why);
	dev->status |= VIRTIO_CONFIG_S_NEEDS_RESET;             /* req: VN-8768ac55 */
	if (!told && (dev->status & VIRTIO_CONFIG_S_DRIVER_OK)) /* req: VN-3f4599a1 */
		dev->transport->config_interrupt(dev->transport_ctx);
}

/* ---- features ---- */

uint32_t virtio_get_features(const struct virtio_device *dev, uint32_t select)
{
	return select < 4 ? dev->offered.word[select / 2] >> (select % 2 * 32) : 0;
}

void virtio_set_features(struct virtio_device *dev, uint32_t select, uint32_t bits)
{
	uint64_t *word, mask;

	if (dev->status & VIRTIO_CONFIG_S_FEATURES_OK) {
		log_line(dev, "features written after FEATURES_OK ignored");
		return;
	}
	if (select >= 4) {
		/* Bits that cannot be offered: keeps the driver from thinking that it has negotiated them. */
		if (bits)
			log_line(dev, "features of word %u ignored: there are %u bits", select, VIRTIO_FEATURES_BITS);
		return;
	}
	word = &dev->accepted.word[select / 2];
	mask = 0xffffffffULL << (select % 2 * 32);
	*word = (*word & ~mask) | ((uint64_t)bits << (select % 2 * 32));
}

/* ---- configuration space ---- */

uint8_t virtio_config_generation(const struct virtio_device *dev)
{
	return dev->generation;
}

void virtio_config_read(const struct virtio_device *dev, uint32_t offset, void *to, size_t bytes)
{
	size_t there = offset < sizeof(dev->config) ? sizeof(dev->config) - offset : 0;

	if (there > bytes)
		there = bytes;
	/* req: VN-2e6496fb: in any status */
	memset(to, 0, bytes);
	if (there)
		memcpy(to, dev->config + offset, there);
}

void virtio_config_write(struct virtio_device *dev, uint32_t offset, const void *from, size_t bytes)
{
	/* No field of the network device is the driver's to write since virtio 1.0. */
	(void)from;
	log_line(dev, "write of %zu bytes at %u of the configuration space ignored: nothing there is writable", bytes,
		 offset);
}

void virtio_config_set(struct virtio_device *dev, uint32_t offset, const void *from, size_t bytes)
{
	if (offset > sizeof(dev->config) || bytes > sizeof(dev->config) - offset ||
	    !memcmp(dev->config + offset, from, bytes))
		return;
	memcpy(dev->config + offset, from, bytes);
	dev->generation++;
	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		dev->transport->config_interrupt(dev->transport_ctx);
}

/* ---- queues ---- */

uint16_t virtio_num_queues(const struct virtio_device *dev)
{
	return dev->num_vqs;
}

uint16_t virtio_queue_max_size(const struct virtio_device *dev, uint16_t queue)
{
	return queue < dev->num_vqs ? dev->vqs[queue].max_size : 0;
}

int virtio_queue_enable(struct virtio_device *dev, uint16_t queue, uint16_t size, const struct virtio_queue_addr *addr)
{
	struct vq *vq;
	int error;

	if (queue >= dev->num_vqs || !(dev->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return -EINVAL;
	vq = &dev->vqs[queue];
	/* The one place that chooses a ring format: VIRTIO_F_RING_PACKED will be another table. */
	error = vq_enable(vq, &vq_split_ops, size, addr);
	if (error) {
		log_line(dev, "queue %u of %u descriptors refused: %s", queue, size,
			 error == -EFAULT ? "its areas are not in guest memory" : "size, alignment or state");
		return error;
	}
	vq->indirect = virtio_has(dev, VIRTIO_RING_F_INDIRECT_DESC);
	vq->event_idx = virtio_has(dev, VIRTIO_RING_F_EVENT_IDX);
	vq->kicked = true;
	return 0;
}

bool virtio_queue_enabled(const struct virtio_device *dev, uint16_t queue)
{
	return queue < dev->num_vqs && dev->vqs[queue].ops;
}

int virtio_queue_reset(struct virtio_device *dev, uint16_t queue)
{
	if (!virtio_queue_enabled(dev, queue) || !virtio_has(dev, VIRTIO_F_RING_RESET)) {
		log_line(dev, "reset of queue %u ignored: %s", queue,
			 virtio_queue_enabled(dev, queue) ? "ring_reset was not negotiated" : "it is not enabled");
		return -EINVAL;
	}
	dev->ops->queue_reset(dev->ctx, queue);
	vq_reset(&dev->vqs[queue]); /* req: VN-ec06d731 */
	return 0;
}

uint16_t virtio_queue_notif_data(const struct virtio_device *dev, uint16_t queue)
{
	(void)dev;
	/* Not the index: a driver that sends that instead is to be found out. */
	return UINT16_MAX - queue;
}

void virtio_notify_data(struct virtio_device *dev, uint32_t data)
{
	uint16_t name = (uint16_t)data;

	virtio_notify(dev, virtio_has(dev, VIRTIO_F_NOTIF_CONFIG_DATA) ? UINT16_MAX - name : name);
}

void virtio_notify(struct virtio_device *dev, uint16_t queue)
{
	/* req: VN-5896d80a: for whatever queue, whenever */
	if (!virtio_queue_enabled(dev, queue))
		return;
	dev->vqs[queue].kicked = true;
	dev->counts[queue].notifications++;
}

void virtio_vq_broke(struct virtio_device *dev, uint16_t queue)
{
	char why[LINE_BYTES];

	snprintf(why, sizeof(why), "queue %u: %s", queue, dev->vqs[queue].error);
	virtio_needs_reset(dev, why);
}

static void interrupt(struct virtio_device *dev, uint16_t queue)
{
	dev->counts[queue].interrupts++;
	dev->transport->vq_interrupt(dev->transport_ctx, queue);
}

void virtio_vq_publish(struct virtio_device *dev, uint16_t queue)
{
	if (vq_publish(&dev->vqs[queue]))
		interrupt(dev, queue);
}
