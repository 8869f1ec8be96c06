/* SPDX-License-Identifier: BSD-2-Clause */
/* A network device with hand-written rings around it, and a link in memory. */
#ifndef UNIT_DEVICE_MODEL_BED_H
#define UNIT_DEVICE_MODEL_BED_H

#include "device-model/net_device.h"
#include "device-model/tr_inproc.h"
#include "rig/link_mem.h"
#include "ring.h"

#define BED_REPORTS 4096
#define BED_RX      0
#define BED_TX      1
#define BED_CTRL    2
#define BED_SIZE    64 /* descriptors of each queue */

/* Status bits up to DRIVER_OK. */
#define BED_RUNNING                                                                                                    \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)

struct bed {
	struct ram ram;
	struct tr_inproc tr;
	struct link *link;
	struct net_config config;
	struct net *net;
	struct ring rings[3];
	uint64_t buffers; /* what bed_post() hands out */
	uint32_t buffer_bytes;
	struct net_report reports[BED_REPORTS];
	size_t num_reports;
	bool filter; /* accept the receive filters; otherwise every frame comes in */
	unsigned log_lines;
	char log_line[256]; /* the last one */
	uint64_t command;   /* guest memory of bed_command() */
};

/* Fills in bed->config and the rest; the caller may change bed->config, then calls bed_start(). */
void bed_open(struct bed *bed);
/* Creates the device, or resets the one that there is, accepts what is offered but without, and brings it to DRIVER_OK.
 */
void bed_start(struct bed *bed, struct virtio_features without);
void bed_close(struct bed *bed);

/* Feature bits as a set. */
struct virtio_features bed_features(unsigned bit);

/* Polls until nothing is done any more. At most many turns. */
void bed_settle(struct bed *bed);

/* A frame of bytes arrives, EtherType 0x88b5, counting up from seed behind it. */
void bed_frame(struct bed *bed, uint32_t bytes, uint8_t seed);
void bed_fill(uint8_t *to, uint32_t bytes, uint8_t seed);

/* Posts a receive buffer of bytes as descriptor i. */
void bed_post(struct bed *bed, uint16_t i, uint32_t bytes);
void *bed_buffer(struct bed *bed, uint16_t i);

/* Sends a command by the control queue and returns the ack; 0xff: the device wrote nothing. *used: bytes written. */
uint8_t bed_command(struct bed *bed, uint8_t class, uint8_t command, const void *data, uint32_t bytes, void *result,
		    uint32_t room, uint32_t *used);

/* Uploads instructions as program id, waits until it is READY, and attaches it. */
void bed_attach(struct bed *bed, uint32_t id, const uint64_t *insns, uint32_t count);

/* r0 = value; exit */
#define BED_RETURN(value)                                                                                              \
	{                                                                                                              \
		0xb7 | (uint64_t)(value) << 32, 0x95                                                                   \
	}

#endif
