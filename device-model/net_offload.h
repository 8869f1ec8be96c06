/* SPDX-License-Identifier: BSD-2-Clause */
/* Offloads that the driver can turn off and on while the device runs: virtio 1.4, 5.1.6.5.9. */
#ifndef DEVICE_MODEL_NET_OFFLOAD_H
#define DEVICE_MODEL_NET_OFFLOAD_H

#include <stdint.h>

struct net;
struct net_command;

/* The offloads whose features are negotiated: VIRTIO_NET_OFFLOAD_* as bits. */
uint64_t net_offload_negotiated(const struct net *net);
/* The features are negotiated: net->offloads are those that can be turned off, all on. */
void net_offload_start(struct net *net);
/* Handler: returns the ack; a refused command changes nothing. */
uint8_t net_offload_set(struct net *net, struct net_command *c);

#endif
