/* SPDX-License-Identifier: BSD-2-Clause */
/* The network device as virtio 1.4, 5.1 has it. What this project proposes to add is in virtio_net_xdp.h. */
#ifndef REFNIC_WIRE_VIRTIO_NET_H
#define REFNIC_WIRE_VIRTIO_NET_H

#include "le.h"

/* Feature bits, 5.1.3 (bit numbers) */
#define VIRTIO_NET_F_CSUM                      0
#define VIRTIO_NET_F_GUEST_CSUM                1
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS       2
#define VIRTIO_NET_F_MTU                       3
#define VIRTIO_NET_F_MAC                       5
#define VIRTIO_NET_F_GUEST_TSO4                7
#define VIRTIO_NET_F_GUEST_TSO6                8
#define VIRTIO_NET_F_GUEST_ECN                 9
#define VIRTIO_NET_F_GUEST_UFO                 10
#define VIRTIO_NET_F_HOST_TSO4                 11
#define VIRTIO_NET_F_HOST_TSO6                 12
#define VIRTIO_NET_F_HOST_ECN                  13
#define VIRTIO_NET_F_HOST_UFO                  14
#define VIRTIO_NET_F_MRG_RXBUF                 15
#define VIRTIO_NET_F_STATUS                    16
#define VIRTIO_NET_F_CTRL_VQ                   17
#define VIRTIO_NET_F_CTRL_RX                   18
#define VIRTIO_NET_F_CTRL_VLAN                 19
#define VIRTIO_NET_F_CTRL_RX_EXTRA             20
#define VIRTIO_NET_F_GUEST_ANNOUNCE            21
#define VIRTIO_NET_F_MQ                        22
#define VIRTIO_NET_F_CTRL_MAC_ADDR             23
#define VIRTIO_NET_F_DEVICE_STATS              50
#define VIRTIO_NET_F_HASH_TUNNEL               51
#define VIRTIO_NET_F_VQ_NOTF_COAL              52
#define VIRTIO_NET_F_NOTF_COAL                 53
#define VIRTIO_NET_F_GUEST_USO4                54
#define VIRTIO_NET_F_GUEST_USO6                55
#define VIRTIO_NET_F_HOST_USO                  56
#define VIRTIO_NET_F_HASH_REPORT               57
#define VIRTIO_NET_F_GUEST_HDRLEN              59
#define VIRTIO_NET_F_RSS                       60
#define VIRTIO_NET_F_RSC_EXT                   61
#define VIRTIO_NET_F_STANDBY                   62
#define VIRTIO_NET_F_SPEED_DUPLEX              63
#define VIRTIO_NET_F_RSS_CONTEXT               64
#define VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO      65
#define VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO_CSUM 66
#define VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO       67
#define VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM  68
#define VIRTIO_NET_F_OUT_NET_HEADER            69
#define VIRTIO_NET_F_IPSEC                     70

#define VIRTIO_NET_S_LINK_UP  1
#define VIRTIO_NET_S_ANNOUNCE 2

#define VIRTIO_NET_SPEED_MAX      0x7fffffff /* 1 MBit per second; what is above it is unknown */
#define VIRTIO_NET_SPEED_UNKNOWN  0xffffffff
#define VIRTIO_NET_DUPLEX_HALF    0
#define VIRTIO_NET_DUPLEX_FULL    1
#define VIRTIO_NET_DUPLEX_UNKNOWN 0xff

#define VIRTIO_NET_MTU_MIN 68 /* 5.1.4.1 */
#define VIRTIO_NET_MTU_MAX 65535

struct virtio_net_config {
	u8 mac[6];
	le16 status;
	le16 max_virtqueue_pairs;
	le16 mtu;
	le32 speed;
	u8 duplex;
	u8 rss_max_key_size;
	le16 rss_max_indirection_table_length;
	le32 supported_hash_types;
	le32 supported_tunnel_types;
};

#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1
#define VIRTIO_NET_HDR_F_DATA_VALID 2

#define VIRTIO_NET_HDR_GSO_NONE 0

/* 5.1.6. hash_value and what follows it are there only with the features that name them. */
struct virtio_net_hdr {
	u8 flags;
	u8 gso_type;
	le16 hdr_len;
	le16 gso_size;
	le16 csum_start;
	le16 csum_offset;
	le16 num_buffers;
};

/* 5.1.6.5: class, command, command-specific-data, then ack, command-specific-result */
struct virtio_net_ctrl_hdr {
	u8 class;
	u8 command;
};

#define VIRTIO_NET_OK  0
#define VIRTIO_NET_ERR 1

/* 5.1.6.5.1: the data is one byte, 0 or 1 */
#define VIRTIO_NET_CTRL_RX          0
#define VIRTIO_NET_CTRL_RX_PROMISC  0
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1
#define VIRTIO_NET_CTRL_RX_ALLUNI   2
#define VIRTIO_NET_CTRL_RX_NOMULTI  3
#define VIRTIO_NET_CTRL_RX_NOUNI    4
#define VIRTIO_NET_CTRL_RX_NOBCAST  5
#define VIRTIO_NET_CTRL_RX_MODES    6

/* 5.1.6.5.2: a table is a le32 number and so many addresses; TABLE_SET has two, unicast and multicast */
#define VIRTIO_NET_CTRL_MAC           1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0
#define VIRTIO_NET_CTRL_MAC_ADDR_SET  1
#define VIRTIO_NET_MAC_BYTES          6

/* 5.1.6.5.3: the data is a le16 VLAN id */
#define VIRTIO_NET_CTRL_VLAN     2
#define VIRTIO_NET_CTRL_VLAN_ADD 0
#define VIRTIO_NET_CTRL_VLAN_DEL 1
#define VIRTIO_NET_VLANS         4096

/* 5.1.6.5.4 */
#define VIRTIO_NET_CTRL_ANNOUNCE     3
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0

/* 5.1.6.5.9: the data is a le64 of these bits; all but two have the number of their feature bit */
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS               5
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET           0
#define VIRTIO_NET_OFFLOAD_GUEST_CSUM                1
#define VIRTIO_NET_OFFLOAD_GUEST_TSO4                7
#define VIRTIO_NET_OFFLOAD_GUEST_TSO6                8
#define VIRTIO_NET_OFFLOAD_GUEST_ECN                 9
#define VIRTIO_NET_OFFLOAD_GUEST_UFO                 10
#define VIRTIO_NET_OFFLOAD_GUEST_UDP_TUNNEL_GSO      46
#define VIRTIO_NET_OFFLOAD_GUEST_UDP_TUNNEL_GSO_CSUM 47
#define VIRTIO_NET_OFFLOAD_GUEST_USO4                54
#define VIRTIO_NET_OFFLOAD_GUEST_USO6                55

/* All that can be: X(name) is the bit VIRTIO_NET_OFFLOAD_name, or 0 without the feature VIRTIO_NET_F_name. */
#define VIRTIO_NET_OFFLOADS(X)                                                                                         \
	(X(GUEST_CSUM) | X(GUEST_TSO4) | X(GUEST_TSO6) | X(GUEST_ECN) | X(GUEST_UFO) | X(GUEST_UDP_TUNNEL_GSO) |       \
	 X(GUEST_UDP_TUNNEL_GSO_CSUM) | X(GUEST_USO4) | X(GUEST_USO6))

/* 5.1.6.5.5 */
#define VIRTIO_NET_CTRL_MQ              4
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0

#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN 1
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MAX 0x8000

struct virtio_net_ctrl_mq_pairs_set {
	le16 virtqueue_pairs;
};

/* 5.1.6.5.7 */
#define VIRTIO_NET_CTRL_NOTF_COAL        6
#define VIRTIO_NET_CTRL_NOTF_COAL_TX_SET 0
#define VIRTIO_NET_CTRL_NOTF_COAL_RX_SET 1
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_SET 2
#define VIRTIO_NET_CTRL_NOTF_COAL_VQ_GET 3

struct virtio_net_ctrl_coal {
	le32 max_packets;
	le32 max_usecs;
};

/* VQ_GET: the first two fields are the command, coal is its result. */
struct virtio_net_ctrl_coal_vq {
	le16 vq_index;
	le16 reserved;
	struct virtio_net_ctrl_coal coal;
};

/* 5.1.6.5.8 */
#define VIRTIO_NET_CTRL_STATS       8
#define VIRTIO_NET_CTRL_STATS_QUERY 0
#define VIRTIO_NET_CTRL_STATS_GET   1

/* Types as bits of a bitmap; in a reply, the number of the bit */
#define VIRTIO_NET_STATS_TYPE_RX_BASIC (1ULL << 0)
#define VIRTIO_NET_STATS_TYPE_RX_CSUM  (1ULL << 1)
#define VIRTIO_NET_STATS_TYPE_RX_GSO   (1ULL << 2)
#define VIRTIO_NET_STATS_TYPE_RX_SPEED (1ULL << 3)
#define VIRTIO_NET_STATS_TYPE_TX_BASIC (1ULL << 16)
#define VIRTIO_NET_STATS_TYPE_TX_CSUM  (1ULL << 17)
#define VIRTIO_NET_STATS_TYPE_TX_GSO   (1ULL << 18)
#define VIRTIO_NET_STATS_TYPE_TX_SPEED (1ULL << 19)
#define VIRTIO_NET_STATS_TYPE_CVQ      (1ULL << 32)

#define VIRTIO_NET_STATS_TYPE_REPLY_RX_BASIC 0
#define VIRTIO_NET_STATS_TYPE_REPLY_TX_BASIC 16
#define VIRTIO_NET_STATS_TYPE_REPLY_CVQ      32

struct virtio_net_stats_capabilities {
	le64 supported_stats_types[1];
};

/* One of those that a command has */
struct virtio_net_ctrl_queue_stats {
	le16 vq_index;
	le16 reserved[3];
	le64 types_bitmap[1];
};

/* Each entry of a reply begins with it */
struct virtio_net_stats_reply_hdr {
	u8 type;
	u8 reserved;
	le16 vq_index;
	le16 reserved1;
	le16 size;
};

struct virtio_net_stats_cvq {
	struct virtio_net_stats_reply_hdr hdr;
	le64 command_num;
	le64 ok_num;
};

struct virtio_net_stats_rx_basic {
	struct virtio_net_stats_reply_hdr hdr;
	le64 rx_notifications;
	le64 rx_packets;
	le64 rx_bytes;
	le64 rx_interrupts;
	le64 rx_drops;
	le64 rx_drop_overruns;
};

struct virtio_net_stats_tx_basic {
	struct virtio_net_stats_reply_hdr hdr;
	le64 tx_notifications;
	le64 tx_packets;
	le64 tx_bytes;
	le64 tx_interrupts;
	le64 tx_drops;
	le64 tx_drop_malformed;
};

static_assert(sizeof(struct virtio_net_ctrl_mq_pairs_set) == 2, "5.1.6.5.5");
static_assert(sizeof(struct virtio_net_ctrl_coal_vq) == 12, "5.1.6.5.7");
static_assert(sizeof(struct virtio_net_ctrl_queue_stats) == 16, "5.1.6.5.8");
static_assert(sizeof(struct virtio_net_stats_reply_hdr) == 8, "5.1.6.5.8");
static_assert(sizeof(struct virtio_net_stats_rx_basic) == 56, "5.1.6.5.8");
static_assert(sizeof(struct virtio_net_stats_tx_basic) == 56, "5.1.6.5.8");
static_assert(sizeof(struct virtio_net_config) == 28, "5.1.4");
static_assert(offsetof(struct virtio_net_config, speed) == 12, "5.1.4");
static_assert(sizeof(struct virtio_net_hdr) == 12, "5.1.6");
static_assert(sizeof(struct virtio_net_ctrl_hdr) == 2, "5.1.6.5");

#endif
