/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures written byte by byte, by nobody's library: what a reader is tested with. */
#ifndef UNIT_DEVICE_MODEL_CAPTURE_H
#define UNIT_DEVICE_MODEL_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#define CAPTURE_PATH  64
#define CAPTURE_MARKS 8

enum capture_format {
	CAPTURE_PCAP_US,
	CAPTURE_PCAP_NS,
	CAPTURE_PCAP_US_BE,
	CAPTURE_PCAP_NS_BE,
	CAPTURE_PCAPNG_US,
	CAPTURE_PCAPNG_NS,
};

enum capture_packing {
	CAPTURE_PLAIN,
	CAPTURE_GZIP,
	CAPTURE_XZ,
	CAPTURE_GZIP_TWICE, /* in two members */
};

struct capture {
	uint8_t *data;
	size_t bytes, room;
	enum capture_format format;
	size_t marks[CAPTURE_MARKS]; /* bytes before the first frame, and behind each of the first few */
	size_t frames;
};

void capture_put(struct capture *c, const void *data, size_t bytes);
void capture_start(struct capture *c, enum capture_format format, uint16_t link_type);
void capture_frame(struct capture *c, uint64_t time_ns, const void *data, uint32_t bytes, uint32_t wire_bytes);
void capture_pack(struct capture *c, enum capture_packing packing);
/* Writes a temporary file and names it. */
void capture_write(const struct capture *c, char path[static CAPTURE_PATH]);
void capture_free(struct capture *c);

#endif
