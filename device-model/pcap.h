/* SPDX-License-Identifier: BSD-2-Clause */
/* The classic pcap format as it lies in a file: a header, then a record and its bytes for each frame. */
#ifndef DEVICE_MODEL_PCAP_H
#define DEVICE_MODEL_PCAP_H

#include "le.h"

#define PCAP_MAGIC_US   0xa1b2c3d4 /* in the byte order of the machine that wrote the file */
#define PCAP_MAGIC_NS   0xa1b23c4d
#define PCAP_LINK_ETHER 1

struct pcap_header {
	le32 magic;
	le16 major, minor;
	le32 zone, accuracy;
	le32 snaplen;
	le32 link_type;
};

struct pcap_record {
	le32 seconds, fraction; /* microseconds or nanoseconds, by the magic number */
	le32 bytes, wire_bytes;
};

static_assert(sizeof(struct pcap_header) == 24, "pcap");
static_assert(sizeof(struct pcap_record) == 16, "pcap");

#endif
