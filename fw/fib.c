/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes come from maps of the type FIB, which the driver fills; ports and their MTUs are the device's own. What a
 * program asks and is told is laid out as struct bpf_fib_lookup of Linux.
 */
#include "fib.h"
#include "core.h"
#include "exec/exec.h"
#include "map/lpm.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"

#define FAMILY_INET  2
#define FAMILY_INET6 10

#define LINK_HEADER_BYTES 14

/* Flags of fib_lookup. Those that Linux has beyond these choose among tables, rules and addresses that are not here. */
#define FIB_DIRECT     (1u << 0) /* without rules: there are none */
#define FIB_SKIP_NEIGH (1u << 2)

/* What both helpers say. */
#define FIB_NOT_FWDED   4
#define FIB_NO_NEIGH    7
#define FIB_FRAG_NEEDED 8
#define MTU_FRAG_NEEDED 1

struct params {
	uint8_t family;
	uint8_t l4_protocol;
	uint16_t ports[2];
	uint16_t tot_len; /* in: bytes from the IP header on, 0: not to be checked; out: the MTU */
	uint32_t ifindex; /* in: where the packet came from; out: where it goes */
	uint32_t rt_metric;
	uint8_t src[16];
	uint8_t dst[16]; /* in: the destination; out: the next hop. IPv4: the first 4 */
	uint16_t h_vlan_proto;
	uint16_t h_vlan_tci;
	uint8_t smac[6];
	uint8_t dmac[6];
};

_Static_assert(sizeof(struct params) == 64, "as Linux has it");
_Static_assert(offsetof(struct params, smac) == 52, "as Linux has it");

/* MTU of the port with this index, or -ENODEV. The run's own port is the first to be asked. */
static int port_mtu(const struct run *run, uint32_t ifindex)
{
	const struct fw_config *config = &run->fw->config;

	if (ifindex == run->frame->ingress_ifindex)
		return config->mtu;
	for (uint32_t i = 0; i < config->num_ports; i++)
		if (config->ports[i].ifindex == ifindex)
			return config->ports[i].mtu;
	return -ENODEV;
}

static bool all_zero(const uint8_t *p, uint32_t bytes)
{
	uint8_t any = 0;

	for (uint32_t i = 0; i < bytes; i++)
		any |= p[i];
	return !any;
}

/* Follows the route: what fib_lookup returns. */
static uint64_t follow(const struct run *run, const struct virtio_net_xdp_fib_value *to, struct params *p,
		       uint32_t address_bytes, uint32_t flags)
{
	uint32_t ifindex = le32_to_cpu(to->ifindex), mtu = le32_to_cpu(to->mtu);
	int of_port = port_mtu(run, ifindex);

	if (to->result)
		return MIN(to->result, (u8)FIB_NOT_FWDED);
	if (of_port < 0)
		return FIB_NOT_FWDED;
	if (!mtu || mtu > UINT16_MAX)
		mtu = (uint32_t)of_port;
	if (p->tot_len > mtu) {
		p->tot_len = (uint16_t)mtu;
		return FIB_FRAG_NEEDED;
	}
	p->rt_metric = 0;
	p->ifindex = ifindex;
	if (!all_zero(to->gateway, address_bytes))
		mem_copy(p->dst, to->gateway, address_bytes);
	if (!(flags & FIB_SKIP_NEIGH)) {
		if (all_zero(to->dmac, sizeof(to->dmac)))
			return FIB_NO_NEIGH;
		mem_copy(p->smac, to->smac, sizeof(p->smac));
		mem_copy(p->dmac, to->dmac, sizeof(p->dmac));
	}
	p->h_vlan_proto = 0;
	p->h_vlan_tci = 0;
	p->tot_len = (uint16_t)mtu;
	return 0;
}

/* R1 context, R2 params, R3 bytes of it, R4 flags. */
uint64_t fib_lookup(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	void *memory = (void *)(uintptr_t)r2;
	const struct virtio_net_xdp_fib_value *to;
	uint32_t flags = (uint32_t)r4, address_bytes;
	struct params p;
	uint64_t result;

	(void)r1, (void)r5;
	if ((uint32_t)r3 < sizeof(p) || flags & ~(FIB_DIRECT | FIB_SKIP_NEIGH))
		return (uint64_t)-EINVAL;
	mem_copy(&p, memory, sizeof(p));
	if (p.family != FAMILY_INET && p.family != FAMILY_INET6)
		return (uint64_t)-EAFNOSUPPORT;
	if (port_mtu(run, p.ifindex) < 0)
		return (uint64_t)-ENODEV;
	address_bytes = p.family == FAMILY_INET ? 4 : 16;
	to = lpm_route(run->fw, p.dst, address_bytes);
	if (!to)
		return FIB_NOT_FWDED;
	result = follow(run, to, &p, address_bytes, flags);
	mem_copy(memory, &p, sizeof(p));
	return result;
}

/* R1 context, R2 ifindex, R3 length in and MTU out, R4 a signed difference to the length, R5 flags. */
uint64_t fib_check_mtu(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	void *memory = (void *)(uintptr_t)r3;
	uint32_t ifindex = (uint32_t)r2, length;
	int64_t bytes;
	le32 wire;
	int mtu;

	(void)r1;
	if (r5)
		return (uint64_t)-EINVAL;
	mtu = port_mtu(run, ifindex ? ifindex : run->frame->ingress_ifindex);
	if (mtu < 0)
		return (uint64_t)-ENODEV;
	mem_copy(&wire, memory, sizeof(wire));
	length = le32_to_cpu(wire);
	bytes = length ? (int64_t)length + LINK_HEADER_BYTES : run->frame->data_end - run->frame->data;
	bytes += (int32_t)(uint32_t)r4;
	wire = cpu_to_le32((uint32_t)mtu);
	mem_copy(memory, &wire, sizeof(wire));
	return bytes > mtu + LINK_HEADER_BYTES ? MTU_FRAG_NEEDED : 0;
}
