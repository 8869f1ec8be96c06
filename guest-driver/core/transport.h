/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's way to the device's registers. One const table per transport. */
#ifndef GUEST_DRIVER_TRANSPORT_H
#define GUEST_DRIVER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drv_queue_addr {
	uint64_t desc; /* device addresses of the three areas */
	uint64_t driver;
	uint64_t device;
};

struct drv_transport_ops {
	uint8_t (*get_status)(void *ctx);
	void (*set_status)(void *ctx, uint8_t status);        /* 0: reset; returns once get_status() reads 0 */
	uint32_t (*get_features)(void *ctx, uint32_t select); /* 32 bits of device features; select 0 to 3 */
	void (*set_features)(void *ctx, uint32_t select, uint32_t bits);
	uint8_t (*config_generation)(void *ctx);
	void (*config_read)(void *ctx, uint32_t offset, void *to, size_t bytes);
	void (*config_write)(void *ctx, uint32_t offset, const void *from, size_t bytes);
	uint16_t (*num_queues)(void *ctx);
	uint16_t (*queue_max_size)(void *ctx, uint16_t queue); /* 0: no such queue */
	void (*queue_enable)(void *ctx, uint16_t queue, uint16_t size, const struct drv_queue_addr *addr);
	/* With VIRTIO_F_RING_RESET: begins the queue's reset, which is over once the other two are false. */
	void (*queue_reset)(void *ctx, uint16_t queue);
	bool (*queue_resetting)(void *ctx, uint16_t queue);
	bool (*queue_enabled)(void *ctx, uint16_t queue);
	/* With VIRTIO_F_NOTIF_CONFIG_DATA: what notifications call the queue. */
	uint16_t (*queue_notif_data)(void *ctx, uint16_t queue);
	/*
	 * Available buffer notification. data: the queue's index or, with VIRTIO_F_NOTIF_CONFIG_DATA, what
	 * queue_notif_data() returned; with VIRTIO_F_NOTIFICATION_DATA the place in the ring from bit 16 on.
	 */
	void (*notify)(void *ctx, uint16_t queue, uint32_t data);
	/*
	 * Waits for the device to make progress. In-process: lets it run once. Returns whether a used buffer or
	 * configuration notification has come since the last call, or -ETIMEDOUT.
	 */
	int (*wait)(void *ctx);
};

struct drv_transport {
	const struct drv_transport_ops *ops;
	void *ctx;
};

#endif
