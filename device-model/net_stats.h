/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted per queue, and DEVICE_STATS: virtio 1.4, 5.1.6.5.8. */
#ifndef DEVICE_MODEL_NET_STATS_H
#define DEVICE_MODEL_NET_STATS_H

#include "net.h"

struct net_command;

/* Of one receive or transmit queue, since the last reset: frames, and bytes of frames. */
struct net_queue_stats {
	uint64_t packets, bytes; /* passed to the driver, or sent */
	uint64_t drops;
	uint64_t drops_special; /* of these: receive: no buffer was there; transmit: nothing that could be sent */
};

struct net_stats {
	struct net_queue_stats *queues; /* two per pair */
	uint64_t commands, commands_ok;
};

/* 0 or -ENOMEM; exit takes what init left. */
int net_stats_init(struct net *net);
void net_stats_exit(struct net *net);
void net_stats_reset(struct net *net);

/* The fate of a received frame of the pair that it went to, or would have gone to. bytes: of it then. */
void net_stats_received(struct net *net, uint16_t pair, enum net_fate fate, uint64_t frames, uint64_t bytes);

/* VIRTIO_NET_CTRL_STATS_QUERY and _GET */
uint8_t net_stats_query(struct net *net, struct net_command *c);
uint8_t net_stats_get(struct net *net, struct net_command *c);

#endif
