/* SPDX-License-Identifier: BSD-2-Clause */
/* The network device: virtio 1.4, 5.1, with VIRTIO_NET_F_XDP_OFFLOAD. */
#ifndef DEVICE_MODEL_NET_H
#define DEVICE_MODEL_NET_H

#include "fw.h"
#include "link.h"
#include "mem.h"
#include "transport.h"
#include "virtio.h"

#define NET_MTU_DEFAULT   65521 /* replay: nothing of a capture is refused for its length */
#define NET_QUEUE_DEFAULT 256   /* descriptors */

enum net_fate {
#define FATE(id, name, ran, text) NET_FATE_##id,
#include "fate.def"
#undef FATE
	NET_FATES
};

/* What became of one frame: told once per frame taken from the link, in the order of the link. */
struct net_report {
	uint64_t number;  /* of the frame on the link */
	uint64_t time_ns; /* of the frame */
	enum net_fate fate;
	uint64_t r0;    /* if the program ran */
	uint16_t queue; /* receive queue that was steered to or selected */
	uint32_t bytes; /* after the run, of what went on */
};

struct net_observer {
	void (*frame)(void *ctx, const struct net_report *report);
	void *ctx;
};

/* A port besides the device's own, where XDP_REDIRECT can send frames. */
struct net_port {
	uint32_t ifindex;
	uint16_t mtu;
	struct link *link; /* the device's, as its own link is; nothing is received there */
};

struct net_config {
	uint8_t mac[6];
	uint16_t mtu;         /* 68 to 65535 */
	uint32_t speed;       /* MBit per second, 0 to 0x7fffffff, or 0xffffffff: unknown */
	uint8_t duplex;       /* 0 half, 1 full, 0xff unknown */
	uint16_t queue_pairs; /* 1 to 128; those beyond the first are there if multiqueue is offered */
	uint16_t queue_size;  /* descriptors at most, up to 32768; a power of two unless RING_PACKED is offered */
	struct virtio_features features; /* offered; net_features_default() and then the operator's changes */
	uint16_t xdp_bit;                /* feature bit of XDP_OFFLOAD: 4, 58 or 71 to 127 */
	bool overrun;                    /* a frame without a buffer is lost, as on a real wire; else the link waits */
	struct fw_config fw;             /* num_queues and mtu are filled in by the device */
	const struct net_port *ports; /* 1 to num_ports, below FW_PORTS_MAX; copied, and fw.ports filled in from them */
	uint16_t num_ports;
	struct net_observer observer; /* frame may be NULL */
	bool strict;                  /* the driver is watched: net_strict() */
};

struct net;
struct strict;

/* What this device offers, with XDP_OFFLOAD as bit xdp_bit: unless told otherwise, and all that it can. */
struct virtio_features net_features_default(uint16_t xdp_bit);
struct virtio_features net_features_all(uint16_t xdp_bit);

/* The specification's name in lower case without its prefix ("mrg_rxbuf") -> bit, or -ENOENT. And back, or NULL. */
int net_feature_bit(const char *name, uint16_t xdp_bit);
const char *net_feature_name(unsigned bit, uint16_t xdp_bit);
/* The name of a feature in set that requires one that is not, or NULL. */
const char *net_feature_unsatisfied(const struct virtio_features *set, uint16_t xdp_bit);

/*
 * Creates a device on link (which it then owns, like the links of the ports) with guest memory mem (the caller's). NULL
 * with errno set: ENOMEM, EINVAL; the links are still the caller's then. The transport gets at the device through
 * net_virtio().
 */
struct net *net_create(const struct net_config *config, struct link *link, struct mem *mem,
		       const struct transport_ops *transport, void *transport_ctx);
void net_destroy(struct net *net);

struct virtio_device *net_virtio(struct net *net);
struct fw *net_fw(struct net *net);
/* What was seen of the driver: strict.h. NULL unless configured. */
const struct strict *net_strict(const struct net *net);

/*
 * One turn of the device's event loop: queues that were kicked, a slice of verification, a burst from the link.
 * Returns whether anything was done.
 */
bool net_poll(struct net *net);

/*
 * What the operator does. The link: down, nothing is received and what the guest transmits is lost. A speed the driver
 * can read; 0, -EINVAL: no such speed or duplex, -EBUSY: the driver knows the link as up, and would not look again. An
 * announcement asks the guest to make itself known to its network, once it has a link; 0, -ENOTSUP: it does not do
 * that.
 */
void net_status_set_link(struct net *net, bool up);
int net_status_set_speed(struct net *net, uint32_t mbit, uint8_t duplex);
bool net_status_speed_ok(uint32_t mbit, uint8_t duplex);
int net_status_announce(struct net *net);

/* Counters per fate since creation, frames and bytes (as read from the link). */
struct net_counters {
	uint64_t frames[NET_FATES];
	uint64_t bytes[NET_FATES];
	uint64_t transmitted; /* frames of the guest that left on the wire */
	uint64_t transmit_errors;
};
const struct net_counters *net_counters(const struct net *net);

/* What a DEVICE_STATS reply of type RX_XDP will carry, of one receive queue: since the last reset, by the queue steered
 * to. */
struct net_xdp_stats {
	uint64_t runs, pass, drop, tx, tx_drop, aborted, unsupported, oversize, bad_queue; /* frames; as in the reply */
};
/* NULL: no such queue. */
const struct net_xdp_stats *net_xdp_stats(const struct net *net, uint16_t queue);

const char *net_fate_name(enum net_fate fate);
const char *net_fate_text(enum net_fate fate);
bool net_fate_ran(enum net_fate fate);

#endif
