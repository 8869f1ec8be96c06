/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the network device: what net.c, net_rx.c, net_tx.c and net_ctrl.c share. */
#ifndef DEVICE_MODEL_NET_DEVICE_H
#define DEVICE_MODEL_NET_DEVICE_H

#include "device.h"
#include "net.h"
#include "net_coal.h"
#include "net_filter.h"
#include "net_offload.h"
#include "net_stats.h"
#include "net_status.h"
#include "net_steer.h"
#include "virtio_config.h"
#include "virtio_net.h"
#include "virtio_net_xdp.h"

#define NET_ETH_BYTES 14 /* Ethernet header */
#define NET_TAG_BYTES 4  /* VLAN tag */
#define NET_TAGS_MAX  2
#define NET_PAIRS_MAX 128 /* a multiple of 64 */

/* Where a frame of the burst stands. */
struct net_rx_slot {
	const uint8_t *data;        /* what goes on: in the staging area, or where the link has it */
	const struct fw_frame *run; /* NULL: the program did not see it */
	uint64_t ports;             /* bit n: is to leave on port n, 0 being the device's own link */
	uint32_t bytes;
	uint16_t steered; /* pair, before the run */
	uint16_t queue;   /* pair that it goes to */
	uint8_t fate;     /* enum net_fate: what became of it; with deliver: what will have become of it */
	uint8_t counted;  /* what of it is: net_rx.c */
	bool left;        /* a port has taken it */
	bool deliver;     /* still has to reach the guest */
};

/* The burst being worked on. Frames before next are done with; a frame without a buffer waits at next, its run behind
 * it. */
struct net_rx {
	struct link_frame
		in[LINK_BURST]; /* as they came; data is the link's, and valid during the turn that took them */
	struct net_rx_slot slots[LINK_BURST];
	struct fw_frame runs[LINK_BURST];
	size_t next, count;
	bool whole; /* there are no slots: the first settled frames have come to settled_fate, the rest of them was not
		       sent */
	size_t settled;
	enum net_fate settled_fate;
	uint64_t touched[NET_PAIRS_MAX / 64]; /* pairs whose receiveq was looked at in this turn */
	uint8_t *stage;                       /* LINK_BURST areas of headroom, frame, tailroom */
	size_t stage_stride;                  /* bytes */
	uint32_t headroom, tailroom;          /* of an area */
	bool based;                           /* base_ns is set */
	uint64_t base_ns;                     /* time of the first frame since DRIVER_OK */
	uint64_t ktime_ns;                    /* of the last frame: never decreases */
};

struct net_rxq {
	uint16_t most;   /* chains that were available at once, at most */
	int starved;     /* chains that were there and were too few; -1: not starved */
	uint32_t filled; /* frames of this turn, the first of them at first_ns */
	uint64_t first_ns;
	struct net_xdp_stats stats;
};

struct net_tx {
	uint8_t *stage; /* LINK_BURST frames */
	size_t stage_stride;
};

struct net_ctrl {
	uint8_t *in; /* command-specific-data of one command */
	size_t in_room;
	uint8_t *out; /* its result, without the ack */
	size_t out_room;
};

/* A command as its handler gets it. The frame has checked class, command, feature and number of bytes. */
struct net_command {
	uint8_t command;
	const uint8_t *data;  /* command-specific-data, copied, of a row that bounds its bytes */
	struct iov_cursor in; /* of a row that does not: guest memory, to be read once by the handler */
	uint64_t bytes;       /* as the driver sent it */
	uint8_t *result;
	size_t room;    /* that the driver made available, and that there is */
	size_t written; /* out */
};

struct net {
	struct virtio_device vdev;
	struct net_config config;
	struct link *link;
	struct net_port *ports;   /* config.num_ports of them, ports 1 and up */
	struct fw_port *fw_ports; /* the same for the firmware */
	struct fw *fw;
	void *arena;
	size_t arena_bytes;
	uint16_t pairs;  /* queue pairs that there are */
	bool verifying;  /* fw_poll() has something to do */
	uint64_t now_ns; /* time of the last frame taken: all the clock there is */
	struct net_counters counters;
	struct net_rx rx;
	struct net_rxq *rxqs; /* pairs of them */
	struct net_tx tx;
	struct net_ctrl ctrl;
	struct net_filter filter;
	struct net_status status;
	uint64_t offloads; /* that are on, by VIRTIO_NET_OFFLOAD_ bits */
	struct net_steer steer;
	struct net_stats stats;
	struct net_coal coal;
};

/* Whether a feature was negotiated; VIRTIO_NET_F_XDP_OFFLOAD stands for the bit chosen at run time. */
static inline bool net_has(const struct net *net, unsigned bit)
{
	return virtio_has(&net->vdev, bit == VIRTIO_NET_F_XDP_OFFLOAD ? net->config.xdp_bit : bit);
}

static inline bool net_offers(const struct net *net, unsigned bit)
{
	return virtio_feature_has(&net->vdev.offered, bit == VIRTIO_NET_F_XDP_OFFLOAD ? net->config.xdp_bit : bit);
}

static inline uint16_t net_rx_index(uint16_t pair)
{
	return 2 * pair;
}

static inline uint16_t net_tx_index(uint16_t pair)
{
	return 2 * pair + 1;
}

/* Pairs that the driver may use: one unless it took multiqueue. virtio 1.4, 5.1.2. */
static inline uint16_t net_max_pairs(const struct net *net)
{
	return net_has(net, VIRTIO_NET_F_MQ) || net_has(net, VIRTIO_NET_F_RSS) ? net->pairs : 1;
}

/* Pairs in use, as the driver has set it: where frames are received. */
static inline uint16_t net_active_pairs(const struct net *net)
{
	return net->steer.active;
}

/* The control queue comes behind the pairs, whether they are in use or not. */
static inline uint16_t net_ctrl_index(const struct net *net)
{
	return 2 * net_max_pairs(net);
}

/* Shows the driver what was filled on a receive or transmit queue: so many packets, the first of them at first_ns. */
static inline void net_publish(struct net *net, uint16_t queue, uint32_t packets, uint64_t first_ns)
{
	if (net->coal.on)
		net_coal_publish(net, queue, packets, first_ns);
	else
		virtio_vq_publish(&net->vdev, queue);
}

/* The longest frame that may have these bytes: the MTU, the Ethernet header, and 4 for each of up to two VLAN tags. */
uint32_t net_frame_limit(uint16_t mtu, const uint8_t *data, uint32_t bytes);

/* Whether a frame is no longer than that. */
static inline bool net_frame_fits(uint16_t mtu, const uint8_t *data, uint32_t bytes)
{
	return bytes <= (uint32_t)mtu + NET_ETH_BYTES || bytes <= net_frame_limit(mtu, data, bytes);
}

/* Zeroed memory that is only touched where it is used; NULL: none. */
void *net_pages(size_t bytes);
void net_pages_free(void *pages, size_t bytes);

/* Bits that XDP_OFFLOAD can have. */
bool net_feature_xdp_bit_ok(uint16_t bit);

/* Parts of the device. init: 0 or -ENOMEM, exit takes what init left, even after a failure. poll: whether anything was
 * done. */
/* Takes a burst from the link and runs the program on it: net->rx. Returns how many frames there are. */
size_t net_run_take(struct net *net);
/* Takes a burst's frames, all of them passed, to queue 0. Returns how many had a short way there; the rest is the
 * slots'. */
size_t net_rx_pass_all(struct net *net, size_t frames);
/* Applies the verdicts of a fresh burst and sends what leaves on wires. */
void net_run_verdicts(struct net *net);
/* The turn that took the burst is over: the link may have its frames back, so those that have to wait are staged. */
void net_run_end(struct net *net);
/* The fate of a frame that did not get where the verdict sent it. */
enum net_fate net_run_lost(const struct net_rx_slot *slot, enum net_fate passed);
int net_run_init(struct net *net);
void net_run_exit(struct net *net);
void net_rx_start(struct net *net);
/* Reports every frame of the burst: those that wait for buffers get none any more. */
void net_rx_reset(struct net *net);
/* Forgets what it learnt of the queue of a pair. A frame that waits for its buffers goes on waiting. */
void net_rx_queue_reset(struct net *net, uint16_t pair);
bool net_rx_poll(struct net *net);

int net_tx_init(struct net *net);
void net_tx_exit(struct net *net);
bool net_tx_poll(struct net *net, uint16_t pair);

int net_ctrl_init(struct net *net);
void net_ctrl_exit(struct net *net);
bool net_ctrl_poll(struct net *net);

#endif
