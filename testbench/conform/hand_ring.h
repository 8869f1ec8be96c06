/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ends of a ring by hand: a driver without manners against a device (struct hand), and a device that is nothing
 * but its control queue against the driver (struct hand_device).
 */
#ifndef CONFORM_HAND_RING_H
#define CONFORM_HAND_RING_H

#include "guest-driver/core/net.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "spec/wire/virtio_config.h"
#include "spec/wire/virtio_net.h"
#include "spec/wire/virtio_ring.h"

#define HAND_SIZE 8 /* descriptors of each queue */

struct hand_queue {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct drv_queue_addr addr;
	uint8_t *buffer; /* 64 KiB to describe */
	uint64_t buffer_addr;
};

/* A device and its registers, without a driver. */
struct hand {
	struct rig *rig;
	struct link *link;
	const struct drv_transport *t;
	struct hand_queue rx, tx, cvq;
};

/* A device after reset. */
void hand_open(struct hand *h);
/* The same, that offers features besides. */
void hand_open_offering(struct hand *h, uint64_t features);
/* The same with so many queue pairs. */
void hand_open_pairs(struct hand *h, uint16_t pairs);
void hand_close(struct hand *h);
uint8_t hand_status(struct hand *h);
void hand_set_status(struct hand *h, uint8_t status);
/* Up to FEATURES_OK with these features, VERSION_1 included by the caller. Returns whether it stuck. */
bool hand_negotiate(struct hand *h, uint64_t features);
/* Allocates three queues and enables them. */
void hand_queues(struct hand *h);
/* All of it, up to DRIVER_OK. */
void hand_start(struct hand *h, uint64_t features);

void hand_desc(struct hand_queue *q, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
/* Makes head available. */
void hand_submit(struct hand_queue *q, uint16_t head);
/* Notifies queue and lets the device run. */
void hand_kick(struct hand *h, uint16_t queue);
uint16_t hand_used(const struct hand_queue *q);

/* What the test does with a command: in is what the driver sent, out its room, ack included. */
typedef void hand_command(void *ctx, const uint8_t *in, uint32_t bytes, uint8_t *out, uint32_t room, uint32_t *written);

/* A started driver on a device that hands each control command to command. */
struct hand_device {
	struct drv_env env;
	struct drv_transport transport;
	struct drv_net *net;
	hand_command *command;
	void *ctx;
	uint32_t max_cmd_bytes;
	uint8_t status;
	struct drv_queue_addr addr[3];
	uint16_t size[3];
	uint16_t taken;
	uint64_t features; /* offered besides VERSION_1, CTRL_VQ and XDP_OFFLOAD */
	unsigned notified[3];
	uint32_t notify_data[3]; /* of the last one */
};

void hand_device_open(struct hand_device *d, uint32_t max_cmd_bytes, hand_command *command, void *ctx);
/* The same with features that it offers besides, and that the driver takes. */
void hand_device_open_commands(struct hand_device *d, uint64_t features, hand_command *command, void *ctx);
/* A driver on a device that offers features besides, and answers nothing unless the test does. */
void hand_device_open_offering(struct hand_device *d, uint64_t features);
void hand_device_close(struct hand_device *d);

#endif
