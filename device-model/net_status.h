/* SPDX-License-Identifier: BSD-2-Clause */
/* What the configuration space tells of the link: up or down, speed, announcements. virtio 1.4, 5.1.4, 5.1.6.5.4. */
#ifndef DEVICE_MODEL_NET_STATUS_H
#define DEVICE_MODEL_NET_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct net_status {
	bool off;      /* the operator has taken the link down */
	bool announce; /* the guest is asked to announce itself */
};

struct net;
struct net_command;

/* Whether frames come and go on the device's own link. */
bool net_status_up(const struct net *net);
/* Fills in status, speed and duplex. After a reset nothing is to be announced; the operator's settings stay. */
void net_status_reset(struct net *net);
/* Whether status changed since the last look. */
bool net_status_follow(struct net *net);
/* Handler: returns the ack. */
uint8_t net_status_announce_ack(struct net *net, struct net_command *c);

#endif
