/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio core: status machine, features, configuration space, queues. The functions below are what a transport
 * calls when its driver touches a register; none of them trusts an argument.
 */
#ifndef DEVICE_MODEL_VIRTIO_H
#define DEVICE_MODEL_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_features {
	uint64_t word[2]; /* bit n: word[n / 64] bit n % 64 */
};

static inline bool virtio_feature_has(const struct virtio_features *f, unsigned bit)
{
	return bit < 128 && (f->word[bit / 64] >> (bit % 64) & 1);
}

static inline void virtio_feature_set(struct virtio_features *f, unsigned bit, bool on)
{
	if (bit >= 128)
		return;
	if (on)
		f->word[bit / 64] |= 1ULL << (bit % 64);
	else
		f->word[bit / 64] &= ~(1ULL << (bit % 64));
}

struct virtio_device;

/* Addresses of a queue's three areas: descriptor area, driver area, device area. */
struct virtio_queue_addr {
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
};

uint8_t virtio_get_status(const struct virtio_device *dev);
/* Writes the status as a driver does; 0 resets. Illegal moves are ignored and logged. */
void virtio_set_status(struct virtio_device *dev, uint8_t status);

uint32_t virtio_get_features(const struct virtio_device *dev, uint32_t select);
void virtio_set_features(struct virtio_device *dev, uint32_t select, uint32_t bits);

uint8_t virtio_config_generation(const struct virtio_device *dev);
/* Bytes outside of the configuration space read as 0. */
void virtio_config_read(const struct virtio_device *dev, uint32_t offset, void *to, size_t bytes);
void virtio_config_write(struct virtio_device *dev, uint32_t offset, const void *from, size_t bytes);

uint16_t virtio_num_queues(const struct virtio_device *dev);
/* The most descriptors of a queue, in the format that was negotiated; until then, of a split one. 0: no such queue. */
uint16_t virtio_queue_max_size(const struct virtio_device *dev, uint16_t queue);
/*
 * 0; -EINVAL: no such queue, size or alignment out of range, already enabled, FEATURES_OK not set (features decide the
 * ring's format); -EFAULT: areas not wholly in guest memory.
 */
int virtio_queue_enable(struct virtio_device *dev, uint16_t queue, uint16_t size, const struct virtio_queue_addr *addr);
bool virtio_queue_enabled(const struct virtio_device *dev, uint16_t queue);
/*
 * A queue's own reset. When it returns 0, the reset is over: the queue is as it was before it was enabled, and can be
 * enabled again with another size and other areas. -EINVAL: no such queue, not enabled, VIRTIO_F_RING_RESET not
 * negotiated.
 */
int virtio_queue_reset(struct virtio_device *dev, uint16_t queue);
/* Whether that is still under way, as the driver asks: never. */
bool virtio_queue_resetting(const struct virtio_device *dev, uint16_t queue);

/* Available buffer notification: noted, the work is done by the device's event loop. */
void virtio_notify(struct virtio_device *dev, uint16_t queue);
/*
 * The same as the driver wrote it, for a transport with one register for all queues: the queue's index, or its
 * virtio_queue_notif_data() with VIRTIO_F_NOTIF_CONFIG_DATA, and above bit 15, with VIRTIO_F_NOTIFICATION_DATA, where
 * the driver stands in the ring, which the device looks up in the ring all the same.
 */
void virtio_notify_data(struct virtio_device *dev, uint32_t data);
/* What the driver has to call the queue in notifications once it negotiated VIRTIO_F_NOTIF_CONFIG_DATA. */
uint16_t virtio_queue_notif_data(const struct virtio_device *dev, uint16_t queue);

#endif
