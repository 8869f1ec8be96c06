/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive filters: by destination address and by VLAN. virtio 1.4, 5.1.6.5.1 to 5.1.6.5.3. They judge a frame before
 * anything else does.
 */
#ifndef DEVICE_MODEL_NET_FILTER_H
#define DEVICE_MODEL_NET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio_net.h"

#define NET_FILTER_ADDRS 1024 /* of one table; with more of them, the table stands for all addresses of its kind */

/* Destination addresses of one kind, sorted. */
struct net_filter_table {
	uint32_t count;
	bool all; /* there were too many */
	uint64_t addrs[NET_FILTER_ADDRS];
};

struct net_filter {
	/* Something can be filtered; otherwise the rest is not looked at. */
	bool on;
	bool by_addr;  /* CTRL_RX was negotiated: the driver can say what it wants */
	bool by_vlan;  /* CTRL_VLAN was negotiated */
	bool known;    /* mac is the guest's; otherwise, no unicast address is known to be foreign */
	uint8_t modes; /* bit n: command n of class VIRTIO_NET_CTRL_RX is on */
	uint8_t mac[VIRTIO_NET_MAC_BYTES];
	struct net_filter_table tables[2]; /* unicast, multicast */
	uint64_t vlans[VIRTIO_NET_VLANS / 64];
};

/* Whether a frame of 14 bytes or more may go on, when something can be filtered. */
bool net_filter_judge(const struct net_filter *filter, const uint8_t *frame, uint32_t bytes);

static inline bool net_filter_passes(const struct net_filter *filter, const uint8_t *frame, uint32_t bytes)
{
	return !filter->on || net_filter_judge(filter, frame, bytes);
}

struct net;
struct net_command;

/* The state after a reset: every mode off, tables empty, the configured address. */
void net_filter_reset(struct net *net);
/* The features are negotiated. */
void net_filter_start(struct net *net);

/* Handlers: each returns the ack; a refused command changes nothing. */
uint8_t net_filter_rx(struct net *net, struct net_command *c);
uint8_t net_filter_mac_table_set(struct net *net, struct net_command *c);
uint8_t net_filter_mac_addr_set(struct net *net, struct net_command *c);
uint8_t net_filter_vlan(struct net *net, struct net_command *c);

#endif
