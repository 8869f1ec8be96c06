/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's network device: initialisation, receive, transmit. virtio 1.4, 3.1.1, 5.1.5, 5.1.6. */
#ifndef GUEST_DRIVER_NET_H
#define GUEST_DRIVER_NET_H

#include "env.h"
#include "transport.h"

struct drv_net;

struct drv_net_config {
	uint64_t features[2];     /* accepted if offered: bit n is features[n / 64] bit n % 64 */
	uint16_t xdp_bit;         /* feature bit of XDP_OFFLOAD */
	uint16_t pairs;           /* queue pairs to use, 0: as many as the device has */
	uint16_t queue_size;      /* descriptors of receive and transmit queues, 0: the device's maximum */
	uint16_t rx_buffers;      /* posted to the receive queue, 0: as many as fit */
	uint32_t rx_buffer_bytes; /* of one buffer, header included; 0: a default that holds any frame with MRG_RXBUF */
	bool filtered; /* filters decide what is received, see filter.h; otherwise it is promiscuous, as far as it can
			*/
};

/* Nothing is touched before drv_net_start(). NULL: no memory. */
struct drv_net *drv_net_create(const struct drv_env *env, const struct drv_transport *transport,
			       const struct drv_net_config *config);
/* Resets the device, frees everything. Takes NULL. */
void drv_net_destroy(struct drv_net *net);

/*
 * Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK, queues, DRIVER_OK, receive buffers posted, multiqueue switched on
 * for more than one pair. 0; -ENODEV: no such device or it refused the features; -EPROTO: it broke the specification;
 * -ENOMEM.
 */
int drv_net_start(struct drv_net *net);
/* Resets the device and takes all buffers back. */
void drv_net_stop(struct drv_net *net);

/*
 * With VIRTIO_F_SUSPEND: from a return of 0 until the device is resumed it touches no queue, and the functions below
 * send and receive nothing. -ENODEV: not started; -ENOTSUP: not negotiated; -EPROTO: the device needs a reset;
 * -ETIMEDOUT. After an error only drv_net_start() helps.
 */
int drv_net_suspend(struct drv_net *net);
/* Goes on where the suspension found it. 0; -EINVAL: it is not suspended; -EPROTO, -ETIMEDOUT as above. */
int drv_net_resume(struct drv_net *net);
/*
 * With VIRTIO_F_RING_RESET: gives receive and transmit queues another size, 0: the device's maximum, by their own reset
 * while the device goes on. Frames received and not handed out yet are lost, and frames on their way out may be.
 * -ENODEV, -ENOTSUP, -EPROTO, -ETIMEDOUT as above; -ENOMEM. After these last three only drv_net_start() helps.
 */
int drv_net_resize(struct drv_net *net, uint16_t size);

bool drv_net_has(const struct drv_net *net, unsigned feature_bit); /* negotiated */
uint16_t drv_net_mtu(const struct drv_net *net);                   /* 1500 without VIRTIO_NET_F_MTU */
void drv_net_mac(const struct drv_net *net, uint8_t mac[6]);
/* Receive queues that the device has, whether in use or not. 0 before drv_net_start(). */
uint16_t drv_net_receiveqs(const struct drv_net *net);
/* Queue pairs that were opened, and of them those in use: the first ones. 0 before drv_net_start(). */
uint16_t drv_net_pairs(const struct drv_net *net);
uint16_t drv_net_active_pairs(const struct drv_net *net);
/*
 * Changes how many of the opened pairs are in use. 0; -EINVAL: none, or more than were opened; -ENOTSUP: no multiqueue;
 * -EPROTO: the device refuses, and as many as before are in use; or what drv_ctrl() returns.
 */
int drv_net_set_pairs(struct drv_net *net, uint16_t pairs);
bool drv_net_link_up(const struct drv_net *net);
/* DEVICE_NEEDS_RESET was set, or the device wrote something impossible to a ring. */
bool drv_net_broken(const struct drv_net *net);

/* A frame received, header taken off. data is valid until the callback returns. */
struct drv_net_frame {
	const uint8_t *data;
	uint32_t bytes;
	uint16_t queue; /* queue pair, from 0 */
	uint8_t flags;  /* VIRTIO_NET_HDR_F_* */
	uint8_t gso_type;
	uint16_t num_buffers;
};

/* Hands out up to max received frames and posts their buffers again. Returns how many, or -EPROTO. */
int drv_net_receive(struct drv_net *net, void (*frame)(void *ctx, const struct drv_net_frame *frame), void *ctx,
		    unsigned max);

/* Sends one frame from the caller's bytes (copied) on queue pair queue. 0; -EAGAIN: queue full; -EMSGSIZE; -ENODEV: no
 * such pair is in use. */
int drv_net_transmit(struct drv_net *net, uint16_t queue, const void *frame, uint32_t bytes);
/* A frame to send: the caller's bytes. */
struct drv_net_out {
	const void *data;
	uint32_t bytes;
};

/*
 * The same of many, with one notification. Returns how many of them were sent, up to the first that could not be; an
 * error only if that is the first of all.
 */
int drv_net_transmit_all(struct drv_net *net, uint16_t queue, const struct drv_net_out *frames, unsigned count);
/* Takes completed transmissions back. Returns how many. */
int drv_net_reap(struct drv_net *net);

#endif
