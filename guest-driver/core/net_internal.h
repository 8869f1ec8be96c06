/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files net*.c and ctrl.c share. Nobody else includes it. */
#ifndef GUEST_DRIVER_NET_INTERNAL_H
#define GUEST_DRIVER_NET_INTERNAL_H

#include "ctrl.h"
#include "net.h"
#include "pool.h"
#include "virtio_config.h"
#include "virtio_net.h"
#include "vq.h"

#define DRV_ETH_BYTES   14
#define DRV_TAG_BYTES   4
#define DRV_TAGS_MAX    2
#define DRV_FRAME_MAX   (VIRTIO_NET_MTU_MAX + DRV_ETH_BYTES + DRV_TAGS_MAX * DRV_TAG_BYTES) /* bytes */
#define DRV_HDR_BYTES   ((uint32_t)sizeof(struct virtio_net_hdr))
#define DRV_QUEUE_BYTES ((uint32_t)8 << 20)   /* of buffers that one queue may take, if it is the only one */
#define DRV_QUEUE_LEAST ((uint32_t)512 << 10) /* the same, of many */

struct drv_pair {
	struct drv_vq *rx;
	struct drv_vq *tx;
	struct drv_pool rx_pool;
	struct drv_pool tx_pool;
};

/* The control queue; one command at a time. */
struct drv_cvq {
	struct drv_vq *vq;
	uint8_t *readable;
	uint64_t readable_addr;
	uint32_t readable_room;
	uint8_t *writable;
	uint64_t writable_addr;
	uint32_t writable_room;
	bool late; /* a command is not answered yet: the device holds both buffers */
};

struct drv_net {
	const struct drv_env *env;
	const struct drv_transport *transport;
	struct drv_net_config config;
	uint64_t features[2]; /* negotiated */
	uint16_t mtu;
	uint32_t max_cmd_bytes; /* of XDP_OFFLOAD commands */
	uint8_t mac[6];
	uint16_t receiveqs;   /* of the device */
	uint16_t num_pairs;   /* opened */
	uint16_t active;      /* of them in use */
	uint64_t stats_types; /* of statistics that the device has said it has; 0: it was not asked */
	uint16_t next_rx;     /* pair that is served first the next time */
	struct drv_pair *pairs;
	struct drv_cvq cvq;
	uint8_t *frame; /* DRV_FRAME_MAX bytes, to put frames together */
	bool live;      /* DRIVER_OK */
};

/*
 * Reads the configuration space as it was at one moment: again and again until the generation stands still. 0 or
 * -EPROTO: it never does.
 */
int drv_net_config_read(const struct drv_net *net, uint32_t offset, void *to, size_t bytes);

/* Bytes of buffers that one queue may take. */
static inline uint32_t drv_queue_bytes(const struct drv_net *net)
{
	uint32_t bytes = DRV_QUEUE_BYTES / net->num_pairs;

	return bytes > DRV_QUEUE_LEAST ? bytes : DRV_QUEUE_LEAST;
}

/* Buffers of a receive queue, allocated and made available without a notification. */
int drv_net_rx_init(struct drv_net *net, struct drv_pair *pair);
int drv_net_tx_init(struct drv_net *net, struct drv_pair *pair);

/* Tells a live device what is wanted from the start. 0 or -errno. */
int drv_filter_start(struct drv_net *net);

/* Releases the control queue's buffers. */
void drv_ctrl_free(struct drv_net *net);

#endif
