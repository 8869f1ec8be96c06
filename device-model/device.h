/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio core as a device type sees it: what a transport calls is in virtio.h. A device type owns a struct
 * virtio_device, fills in its configuration space, and is told through a const table when the driver moved on.
 */
#ifndef DEVICE_MODEL_DEVICE_H
#define DEVICE_MODEL_DEVICE_H

#include "transport.h"
#include "virtio.h"
#include "virtio_config.h"
#include "vq.h"

#define VIRTIO_CONFIG_BYTES_MAX 64

struct virtio_device_ops {
	/* Whether the features, a subset of those offered, can be worked with. If not: why, in *why (static). */
	bool (*features_ok)(void *ctx, const struct virtio_features *accepted, const char **why);
	/* DRIVER_OK was set. */
	void (*start)(void *ctx);
	/* Reset: stop at once, forget everything; queues are still there and will be reset afterwards. */
	void (*reset)(void *ctx);
	/*
	 * The device is about to be suspended: publish what was filled and tell what was kept back. Until DRIVER_OK is
	 * set again, virtio_running() is false, and changes of the configuration space do not show.
	 */
	void (*suspend)(void *ctx);
	/* The driver takes an enabled queue back: let go of it. It is still there, and reset afterwards. */
	void (*queue_reset)(void *ctx, uint16_t queue);
	/* A line for the operator. */
	void (*log)(void *ctx, const char *line);
};

/* Notifications of one queue since the last reset of the device. */
struct virtio_counts {
	uint64_t notifications; /* of available buffers, from the driver */
	uint64_t interrupts;    /* of used buffers, to the driver */
};

struct virtio_device {
	const struct virtio_device_ops *ops;
	void *ctx;
	const struct transport_ops *transport;
	void *transport_ctx;
	uint8_t status;     /* VIRTIO_CONFIG_S_* */
	uint8_t generation; /* of the configuration space */
	struct virtio_features offered;
	struct virtio_features accepted; /* written by the driver; negotiated once FEATURES_OK is set */
	uint32_t
		accepted_beyond; /* words in which it accepted bits that do not exist; the last bit is for all behind */
	uint64_t breaks;         /* queues that broke since creation */
	bool config_owed;        /* a configuration interrupt, once DRIVER_OK is set */
	bool held_changed;       /* held is not config */
	uint8_t config[VIRTIO_CONFIG_BYTES_MAX];
	uint8_t held[VIRTIO_CONFIG_BYTES_MAX]; /* while suspended: what config will be afterwards */
	struct strict *strict;                 /* watches the driver; NULL: nobody does */
	const struct mem *mem;
	struct vq *vqs;
	struct virtio_counts *counts; /* as many */
	uint16_t num_vqs;
};

/*
 * A device with num_vqs queues of at most queue_size descriptors in mem, offering *offered. 0; -ENOMEM; -EINVAL: mem
 * is translated, and VIRTIO_F_ACCESS_PLATFORM is not offered. After an error there is nothing to undo.
 */
int virtio_init(struct virtio_device *dev, const struct virtio_device_ops *ops, void *ctx,
		const struct transport_ops *transport, void *transport_ctx, const struct mem *mem, uint16_t num_vqs,
		uint16_t queue_size, const struct virtio_features *offered);
void virtio_exit(struct virtio_device *dev);

/* Whether bit was negotiated: accepted, and FEATURES_OK set. */
static inline bool virtio_has(const struct virtio_device *dev, unsigned bit)
{
	return (dev->status & VIRTIO_CONFIG_S_FEATURES_OK) && virtio_feature_has(&dev->accepted, bit);
}

/* Whether the driver has set DRIVER_OK and not given up. */
bool virtio_running(const struct virtio_device *dev);

static inline bool virtio_suspended(const struct virtio_device *dev)
{
	return dev->status & VIRTIO_CONFIG_S_SUSPEND;
}

/*
 * Changes the configuration space and tells the driver, if there is a change and it listens. While the device is
 * suspended both wait until it resumes.
 */
void virtio_config_set(struct virtio_device *dev, uint32_t offset, const void *from, size_t bytes);

/* Sets DEVICE_NEEDS_RESET and tells the driver. why: a sentence for the operator. */
void virtio_needs_reset(struct virtio_device *dev, const char *why);

/* A queue broke: the device needs a reset. */
void virtio_vq_broke(struct virtio_device *dev, uint16_t queue);

/* To be called with the result of a function of vq.h: a queue that broke makes the device need a reset. Passes result
 * on. */
static inline int virtio_vq_check(struct virtio_device *dev, uint16_t queue, int result)
{
	if (result < 0)
		virtio_vq_broke(dev, queue);
	return result;
}

/* Publishes what was filled and notifies the driver if it wants that. */
void virtio_vq_publish(struct virtio_device *dev, uint16_t queue);

/* Notifies the driver, if it wants that, of what vq_show() has shown since it was asked last. */
void virtio_vq_interrupt(struct virtio_device *dev, uint16_t queue);

#endif
