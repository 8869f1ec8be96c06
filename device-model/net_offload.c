/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_offload.h"
#include "net_device.h"
#include <string.h>

/* What a bit of the command stands for. */
#define OFFLOAD(name)                                                                                                  \
	{                                                                                                              \
		VIRTIO_NET_OFFLOAD_##name, VIRTIO_NET_F_##name                                                         \
	}
static const struct {
	uint8_t bit, feature;
} offloads[] = {VIRTIO_NET_OFFLOADS(OFFLOAD)};

static uint64_t negotiated(const struct net *net)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++)
		if (net_has(net, offloads[i].feature))
			bits |= 1ULL << offloads[i].bit;
	return bits;
}

void net_offload_start(struct net *net)
{
	net->offloads = negotiated(net);
}

uint8_t net_offload_set(struct net *net, struct net_command *c)
{
	uint64_t bits;
	le64 wire;

	memcpy(&wire, c->data, sizeof(wire));
	bits = le64_to_cpu(wire);
	if (bits & ~negotiated(net))
		return VIRTIO_NET_ERR;
	net->offloads = bits;
	return VIRTIO_NET_OK;
}
