/* SPDX-License-Identifier: BSD-2-Clause */
/* Automatic receive steering: virtio 1.4, 5.1.6.5.6. */
#ifndef DEVICE_MODEL_NET_STEER_H
#define DEVICE_MODEL_NET_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_STEER_FLOWS 4096 /* that are remembered; a power of two */

struct net;
struct net_command;
struct net_steer_flow;

struct net_steer {
	struct net_steer_flow *flows; /* NULL: one pair, so nothing to remember */
	bool learns;                  /* multiqueue was negotiated */
	bool dirty;                   /* flows has entries */
	uint16_t active;              /* pairs in use: 1 after reset */
};

/* 0 or -ENOMEM; exit takes what init left. */
int net_steer_init(struct net *net);
void net_steer_exit(struct net *net);
/* DRIVER_OK: features are known. */
void net_steer_start(struct net *net);
/* One pair is in use, and no flow is known. */
void net_steer_reset(struct net *net);

/*
 * The pair on whose receiveq a frame from the link goes, below the number of pairs in use: the one that its flow was
 * last transmitted on, else one that depends on the flow only. Another one if that queue is not enabled (and some queue
 * is).
 */
uint16_t net_steer_pair(const struct net *net, const uint8_t *frame, uint32_t bytes);

/*
 * Whether a frame can wait for a receiveq that is reset and not enabled again yet: for the only one in use, and not
 * when all of several are.
 */
bool net_steer_finds(const struct net *net);

/* The guest has transmitted a frame on a pair. Nothing happens without multiqueue. */
void net_steer_learn(struct net *net, const uint8_t *frame, uint32_t bytes, uint16_t pair);

/* VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET */
uint8_t net_steer_pairs_set(struct net *net, struct net_command *c);

#endif
