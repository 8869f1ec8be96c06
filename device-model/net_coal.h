/* SPDX-License-Identifier: BSD-2-Clause */
/* Notification coalescing: virtio 1.4, 5.1.6.5.7. */
#ifndef DEVICE_MODEL_NET_COAL_H
#define DEVICE_MODEL_NET_COAL_H

#include <stdbool.h>
#include <stdint.h>

struct net;
struct net_command;

struct net_coal_params {
	uint32_t max_packets, max_usecs;
};

struct net_coal_queue {
	struct net_coal_params params;
	uint64_t packets;  /* shown to the driver since it was last asked whether it wants a notification; 0: none */
	uint32_t places;   /* of the ring that these took */
	uint64_t since_ns; /* time of the first of them */
};

struct net_coal {
	struct net_coal_queue *queues;      /* two per pair */
	struct net_coal_params defaults[2]; /* of receive and transmit queues: those that RX_SET and TX_SET set last */
	uint16_t pending;                   /* queues with packets */
	uint64_t at_ns;                     /* the latest time of a frame that net_coal_poll() has seen */
	unsigned int still;                 /* turns in a row that have not seen a later one */
	bool on;                            /* some queue has parameters other than 0 */
};

/* 0 or -ENOMEM; exit takes what init left. */
int net_coal_init(struct net *net);
void net_coal_exit(struct net *net);
/* Nothing is coalesced. Notifications that were due some time are forgotten. */
void net_coal_reset(struct net *net);
/* The same of one queue, which is reset; it gets the parameters of its kind. */
void net_coal_queue_reset(struct net *net, uint16_t queue);

/*
 * Shows the driver what was filled on a queue: so many packets, the first of them at first_ns. It is notified now, or
 * later by net_coal_poll().
 */
void net_coal_publish(struct net *net, uint16_t queue, uint32_t packets, uint64_t first_ns);

/*
 * Sends the notifications that are due by now, once in each turn; idle: all of them, since nothing more happens until
 * somebody is notified. Whether there was one.
 */
bool net_coal_poll(struct net *net, bool idle);

/* VIRTIO_NET_CTRL_NOTF_COAL_TX_SET and _RX_SET, _VQ_SET, _VQ_GET */
uint8_t net_coal_set(struct net *net, struct net_command *c);
uint8_t net_coal_vq_set(struct net *net, struct net_command *c);
uint8_t net_coal_vq_get(struct net *net, struct net_command *c);

#endif
