/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"
#include "strict.h"
#include "virtio_config.h"
#include <assert.h>
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
	/* req: VN-9c4f54e0 */
	if (mem->translated && !virtio_feature_has(offered, VIRTIO_F_ACCESS_PLATFORM))
		return -EINVAL;
	*dev = (struct virtio_device){.mem = mem,
				      .ops = ops,
				      .ctx = ctx,
				      .transport = transport,
				      .transport_ctx = transport_ctx,
				      .offered = *offered};
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

enum state {
#define STATE(id, bits) STATE_##id,
#include "virtio_status.def"
	STATES
};

enum status_write {
#define WRITE(id, bit) WRITE_##id,
#include "virtio_status.def"
	WRITES
};

static const uint8_t state_bits[STATES] = {
#define STATE(id, bits) [STATE_##id] = (bits),
#include "virtio_status.def"
};

static const struct status_write_row {
	uint8_t bit;
	const char *name;
} write_rows[WRITES] = {
#define WRITE(id, bit) [WRITE_##id] = {bit, #id},
#include "virtio_status.def"
};

/* What a write does in a state: leads to a state, or is refused with a reason; neither: nothing. */
static const struct status_cell {
	uint8_t to;
	const char *refused;
} cells[STATES][WRITES] = {
#define MOVE(from, write, to, text) [STATE_##from][WRITE_##write] = {STATE_##to, NULL},
#define REFUSE(from, write, text)   [STATE_##from][WRITE_##write] = {STATE_##from, text},
#define STAY(from, write)           [STATE_##from][WRITE_##write] = {STATE_##from, NULL},
#include "virtio_status.def"
};

/* Every cell has its row. */
enum {
	CELL_ROWS = 0
#define MOVE(from, write, to, text) +1
#define REFUSE(from, write, text)   +1
#define STAY(from, write)           +1
#include "virtio_status.def"
};
static_assert(CELL_ROWS == STATES * WRITES, "virtio_status.def: a row for each state and each write");

/* The status as the driver has made it. */
static uint8_t drivers_bits(const struct virtio_device *dev)
{
	return dev->status & ~VIRTIO_CONFIG_S_NEEDS_RESET;
}

static enum state state_of(const struct virtio_device *dev)
{
	uint8_t bits = drivers_bits(dev);

	if (bits & VIRTIO_CONFIG_S_FAILED)
		return STATE_FAILED;
	for (enum state s = STATE_RESET; s < STATES; s++)
		if (state_bits[s] == bits)
			return s;
	return STATE_FAILED; /* no such status is ever set */
}

static void config_changed(struct virtio_device *dev)
{
	/* req: VN-2747ab98, VN-3f4599a1: not now, so as soon as somebody listens */
	dev->config_owed = !(dev->status & VIRTIO_CONFIG_S_DRIVER_OK);
	if (!dev->config_owed)
		dev->transport->config_interrupt(dev->transport_ctx);
}

static bool features_ok(struct virtio_device *dev)
{
	const struct virtio_features *a = &dev->accepted, *o = &dev->offered;
	const char *why = "they were not all offered";

	if (dev->mem->translated && !virtio_feature_has(a, VIRTIO_F_ACCESS_PLATFORM)) /* req: VN-6ab75459 */
		why = "access_platform is not among them, and addresses are translated";
	else if (!dev->accepted_beyond && !(a->word[0] & ~o->word[0]) && !(a->word[1] & ~o->word[1]) &&
		 dev->ops->features_ok(dev->ctx, a, &why))
		return true;
	log_line(dev, "FEATURES_OK refused for features 0x%llx:%016llx: %s", (unsigned long long)a->word[1],
		 (unsigned long long)a->word[0], why);
	return false;
}

/* req: VN-e4e7aaba, VN-062a9948, VN-8ca97e14, VN-13ae1506: no chain is in work between two turns of the device, so what
 * is left to do is what the device type has not told yet */
static bool may_suspend(struct virtio_device *dev)
{
	if (!virtio_has(dev, VIRTIO_F_SUSPEND)) {
		log_line(dev, "SUSPEND ignored: suspend was not negotiated");
		return false;
	}
	dev->ops->suspend(dev->ctx);
	memcpy(dev->held, dev->config, sizeof(dev->held));
	return true;
}

/* The configuration space as it would be without the suspension. */
static void config_release(struct virtio_device *dev)
{
	if (!dev->held_changed)
		return;
	memcpy(dev->config, dev->held, sizeof(dev->config));
	dev->generation++;
	dev->held_changed = false;
	dev->config_owed = true; /* req: VN-7466798a */
}

/* DRIVER_OK is set. */
static void live(struct virtio_device *dev, enum state from)
{
	for (uint16_t i = 0; i < dev->num_vqs; i++)
		dev->vqs[i].kicked = true;
	if (from == STATE_SUSPENDED)
		config_release(dev);
	else
		dev->ops->start(dev->ctx);
	/* It had no one to tell before: req: VN-3f4599a1, VN-7466798a */
	if (dev->config_owed)
		config_changed(dev);
}

static void reset(struct virtio_device *dev)
{
	/* Nobody is told what changes now, and the configuration space is in use. */
	config_release(dev);
	dev->status &= ~(VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_SUSPEND);
	dev->ops->reset(dev->ctx);
	for (uint16_t i = 0; i < dev->num_vqs; i++)
		vq_reset(&dev->vqs[i]);
	memset(dev->counts, 0, dev->num_vqs * sizeof(*dev->counts));
	dev->accepted = (struct virtio_features){0};
	dev->accepted_beyond = 0;
	dev->config_owed = false;
	/* req: VN-f2dc5573, VN-09b278bc: last, since it says that all the rest is done */
	dev->status = 0;
}

uint8_t virtio_get_status(const struct virtio_device *dev)
{
	if (dev->strict)
		strict_status_read(dev->strict);
	return dev->status;
}

static void write_bit(struct virtio_device *dev, enum status_write write)
{
	enum state from = state_of(dev);
	const struct status_cell *cell = &cells[from][write];

	if (cell->refused) /* req: VN-caecd531 */
		log_line(dev, "%s ignored in status 0x%02x: %s", write_rows[write].name, dev->status, cell->refused);
	if (cell->to == from)
		return;
	if (write == WRITE_FEATURES_OK && !features_ok(dev)) /* req: VN-6de2a3b8 */
		return;
	if (write == WRITE_SUSPEND && !may_suspend(dev)) /* req: VN-febf9bb0 */
		return;
	dev->status = (cell->to == STATE_FAILED ? dev->status : dev->status & VIRTIO_CONFIG_S_NEEDS_RESET) |
		      state_bits[cell->to];
	if (cell->to == STATE_LIVE) /* req: VN-4db83ca1 */
		live(dev, from);
}

void virtio_set_status(struct virtio_device *dev, uint8_t status)
{
	/* A driver that did not see DEVICE_NEEDS_RESET yet does not mean to clear it. */
	uint8_t before = drivers_bits(dev), kept = before;

	if (dev->strict)
		strict_status_write(dev->strict, status);
	if (!status) {
		reset(dev);
		return;
	}
	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		kept &= ~VIRTIO_CONFIG_S_SUSPEND;
	if (kept & ~status) {
		log_line(dev, "status 0x%02x after 0x%02x ignored: it clears bits", status, before);
		return;
	}
	for (enum status_write w = 0; w < WRITES; w++)
		if (status & ~before & write_rows[w].bit)
			write_bit(dev, w);
}

bool virtio_running(const struct virtio_device *dev)
{
	return (dev->status & (VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FAILED)) == VIRTIO_CONFIG_S_DRIVER_OK;
}

void virtio_needs_reset(struct virtio_device *dev, const char *why)
{
	bool told = dev->status & VIRTIO_CONFIG_S_NEEDS_RESET;

	log_line(dev, "device needs reset: %s", why);
	dev->status |= VIRTIO_CONFIG_S_NEEDS_RESET; /* req: VN-8768ac55 */
	if (!told)
		config_changed(dev);
}

/* ---- features ---- */

uint32_t virtio_get_features(const struct virtio_device *dev, uint32_t select)
{
	if (dev->strict)
		strict_features_read(dev->strict);
	return select < 4 ? dev->offered.word[select / 2] >> (select % 2 * 32) : 0;
}

void virtio_set_features(struct virtio_device *dev, uint32_t select, uint32_t bits)
{
	uint64_t *word, mask;

	if (dev->strict)
		strict_features_write(dev->strict, select, bits);
	if (dev->status & VIRTIO_CONFIG_S_FEATURES_OK) {
		log_line(dev, "features written after FEATURES_OK ignored");
		return;
	}
	if (select >= 4) {
		/* Bits that cannot be offered: keeps the driver from thinking that it has negotiated them. */
		mask = 1U << (select < 31 ? select : 31);
		dev->accepted_beyond = bits ? dev->accepted_beyond | mask : dev->accepted_beyond & ~mask;
		return;
	}
	word = &dev->accepted.word[select / 2];
	mask = 0xffffffffULL << (select % 2 * 32);
	*word = (*word & ~mask) | ((uint64_t)bits << (select % 2 * 32));
}

/* ---- configuration space ---- */

uint8_t virtio_config_generation(const struct virtio_device *dev)
{
	if (dev->strict)
		strict_generation_read(dev->strict);
	return dev->generation;
}

void virtio_config_read(const struct virtio_device *dev, uint32_t offset, void *to, size_t bytes)
{
	size_t there = offset < sizeof(dev->config) ? sizeof(dev->config) - offset : 0;

	if (dev->strict)
		strict_config_read(dev->strict, offset, bytes);
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
	if (dev->strict)
		strict_config_write(dev->strict, offset, bytes);
	log_line(dev, "write of %zu bytes at %u of the configuration space ignored: nothing there is writable", bytes,
		 offset);
}

void virtio_config_set(struct virtio_device *dev, uint32_t offset, const void *from, size_t bytes)
{
	bool suspended = virtio_suspended(dev);
	uint8_t *config = suspended ? dev->held : dev->config; /* req: VN-2e907b85 */

	if (offset > sizeof(dev->config) || bytes > sizeof(dev->config) - offset ||
	    !memcmp(config + offset, from, bytes))
		return;
	memcpy(config + offset, from, bytes);
	dev->held_changed = suspended;
	if (suspended)
		return;
	dev->generation++;
	/* Before DRIVER_OK the driver reads what it needs. */
	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		config_changed(dev);
}

/* ---- queues ---- */

uint16_t virtio_num_queues(const struct virtio_device *dev)
{
	return dev->num_vqs;
}

/* The one place that chooses a ring format. */
static const struct vq_ops *format(const struct virtio_device *dev)
{
	return virtio_has(dev, VIRTIO_F_RING_PACKED) ? &vq_packed_ops : &vq_split_ops;
}

uint16_t virtio_queue_max_size(const struct virtio_device *dev, uint16_t queue)
{
	uint16_t size = queue < dev->num_vqs ? dev->vqs[queue].max_size : 0;

	/* A driver may take it as it is, so a split queue is told of a power of two, as a PCI device has to. */
	while (size && !format(dev)->size_ok(size))
		size &= size - 1;
	return size;
}

int virtio_queue_enable(struct virtio_device *dev, uint16_t queue, uint16_t size, const struct virtio_queue_addr *addr)
{
	const struct vq_ops *ops = format(dev);
	struct vq *vq;
	int error;

	if (dev->strict && queue < dev->num_vqs)
		ops = strict_queue_enable(dev->strict, queue, size, addr, ops);
	if (queue >= dev->num_vqs || !(dev->status & VIRTIO_CONFIG_S_FEATURES_OK) || virtio_suspended(dev))
		return -EINVAL;
	vq = &dev->vqs[queue];
	error = vq_enable(vq, ops, size, addr);
	if (error) {
		log_line(dev, "queue %u of %u descriptors refused: %s", queue, size,
			 error == -EFAULT ? "its areas are not in guest memory" : "size, alignment or state");
		return error;
	}
	vq->indirect = virtio_has(dev, VIRTIO_RING_F_INDIRECT_DESC);
	vq->event_idx = virtio_has(dev, VIRTIO_RING_F_EVENT_IDX);
	vq->in_order = virtio_has(dev, VIRTIO_F_IN_ORDER);
	vq->kicked = true;
	vq->in_reset = false;
	if (dev->strict)
		strict_queue_enabled(dev->strict, queue);
	return 0;
}

bool virtio_queue_enabled(const struct virtio_device *dev, uint16_t queue)
{
	return queue < dev->num_vqs && dev->vqs[queue].ops;
}

int virtio_queue_reset(struct virtio_device *dev, uint16_t queue)
{
	const char *why = NULL;

	if (!virtio_queue_enabled(dev, queue))
		why = "it is not enabled";
	else if (!virtio_has(dev, VIRTIO_F_RING_RESET))
		why = "ring_reset was not negotiated";
	else if (virtio_suspended(dev))
		why = "the device is suspended";
	if (why) {
		log_line(dev, "reset of queue %u ignored: %s", queue, why);
		return -EINVAL;
	}
	if (dev->strict)
		strict_queue_reset(dev->strict, queue);
	dev->ops->queue_reset(dev->ctx, queue);
	vq_reset(&dev->vqs[queue]); /* req: VN-ec06d731, VN-5cb59d14 */
	dev->vqs[queue].in_reset = true;
	return 0;
}

bool virtio_queue_resetting(const struct virtio_device *dev, uint16_t queue)
{
	if (dev->strict && queue < dev->num_vqs)
		strict_queue_asked(dev->strict, queue);
	return false;
}

uint16_t virtio_queue_notif_data(const struct virtio_device *dev, uint16_t queue)
{
	(void)dev;
	/* Not the index: a driver that sends that instead is to be found out. */
	return UINT16_MAX - queue;
}

void virtio_notify_data(struct virtio_device *dev, uint32_t data)
{
	uint16_t name = (uint16_t)data, queue = virtio_has(dev, VIRTIO_F_NOTIF_CONFIG_DATA) ? UINT16_MAX - name : name;

	if (dev->strict && virtio_has(dev, VIRTIO_F_NOTIFICATION_DATA))
		strict_notified_place(dev->strict, queue, data >> 16);
	virtio_notify(dev, queue);
}

void virtio_notify(struct virtio_device *dev, uint16_t queue)
{
	if (dev->strict)
		strict_notified(dev->strict, queue);
	/* req: VN-5896d80a: for whatever queue, whenever */
	if (!virtio_queue_enabled(dev, queue))
		return;
	dev->vqs[queue].kicked = true;
	dev->counts[queue].notifications++;
}

void virtio_vq_broke(struct virtio_device *dev, uint16_t queue)
{
	char why[LINE_BYTES];

	dev->breaks++;
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
	/* req: VN-2e907b85, VN-559fdc69 */
	if (!(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	if (vq_publish(&dev->vqs[queue]))
		interrupt(dev, queue);
}

void virtio_vq_interrupt(struct virtio_device *dev, uint16_t queue)
{
	if ((dev->status & VIRTIO_CONFIG_S_DRIVER_OK) && vq_wants_interrupt(&dev->vqs[queue]))
		interrupt(dev, queue);
}
