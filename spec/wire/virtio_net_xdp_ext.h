/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this device offers beyond the proposal: more ports than one, and a table to route by. Numbers are Linux's, but for
 * FIB, which has none there. Map keys and values are little-endian but for addresses, which are as on the wire.
 */
#ifndef REFNIC_WIRE_VIRTIO_NET_XDP_EXT_H
#define REFNIC_WIRE_VIRTIO_NET_XDP_EXT_H

#include "le.h"

#define VIRTIO_NET_XDP_MAP_DEVMAP      14
#define VIRTIO_NET_XDP_MAP_CPUMAP      16
#define VIRTIO_NET_XDP_MAP_XSKMAP      17
#define VIRTIO_NET_XDP_MAP_DEVMAP_HASH 25
#define VIRTIO_NET_XDP_MAP_FIB         63

/* LRU_HASH, LRU_PERCPU: permitted, and changes nothing: there is one order of use for all queues. */
#define VIRTIO_NET_XDP_MAP_F_NO_COMMON_LRU (1 << 1)

/* DEVMAP, DEVMAP_HASH: value_size 4 (ifindex only) or 8; prog is 0: no program runs where a frame leaves. */
struct virtio_net_xdp_devmap_value {
        le32 ifindex;
        le32 prog;
};

/* CPUMAP: value_size 4 or 8. The key is the receive queue; size is 1 or more and means nothing else; prog is 0. */
struct virtio_net_xdp_cpumap_value {
        le32 size;
        le32 prog;
};

/* XSKMAP: value_size 4: the receive queue. */

/* FIB: keys as of LPM_TRIE, 4 + 4 bytes for IPv4 or 4 + 16 for IPv6; fib_lookup uses the one with the lowest id. */
struct virtio_net_xdp_fib_value {
        le32 ifindex; /* of the port */
        le32 mtu;     /* 0: the port's */
        u8 smac[6];
        u8 dmac[6];   /* all zero: no neighbour is known */
        u8 gateway[16]; /* IPv4: the first 4; all zero: none, the destination is on the link */
        u8 result;    /* BPF_FIB_LKUP_RET_*: 0, or 1 to 3 for routes that lead nowhere */
        u8 reserved[3];
};

static_assert(sizeof(struct virtio_net_xdp_devmap_value) == 8, "DEVMAP");
static_assert(sizeof(struct virtio_net_xdp_cpumap_value) == 8, "CPUMAP");
static_assert(sizeof(struct virtio_net_xdp_fib_value) == 40, "FIB");

#endif
