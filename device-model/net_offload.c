/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_offload.h"
#include "net_device.h"
#include <string.h>

#define OFFLOAD(name) (net_has(net, VIRTIO_NET_F_##name) ? 1ULL << VIRTIO_NET_OFFLOAD_##name : 0)

uint64_t net_offload_negotiated(const struct net *net)
{
	return VIRTIO_NET_OFFLOADS(OFFLOAD);
}

void net_offload_start(struct net *net)
{
	net->offloads = net_offload_negotiated(net);
}

uint8_t net_offload_set(struct net *net, struct net_command *c)
{
	uint64_t bits;
	le64 wire;

	memcpy(&wire, c->data, sizeof(wire));
	bits = le64_to_cpu(wire);
	if (bits & ~net_offload_negotiated(net))
		return VIRTIO_NET_ERR;
	net->offloads = bits;
	return VIRTIO_NET_OK;
}
