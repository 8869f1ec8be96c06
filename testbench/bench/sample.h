/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent through the things measured: frames in memory. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "device-model/pcap.h"

#define SAMPLE_SMALL_BYTES  64
#define SAMPLE_MIXED        96
#define SAMPLE_MIXED_BYTES  72 /* the small one with two VLAN tags */
#define SAMPLE_BUFFER_BYTES 2048

/* Frames in memory as a capture has them: a record of struct pcap_record, then its bytes, without a gap. */
struct sample {
	uint8_t *image;
	size_t bytes, count;
};

enum sample_mix {
	SAMPLE_SMALL, /* 64 bytes */
	SAMPLE_LARGE, /* 1,500 bytes */
	SAMPLE_IMIX,  /* of twelve, seven have 64 bytes, four 570, and one 1,514 */
	SAMPLE_MIXES
};

/* UDP over IPv4 from sample_source to sample_dest with a TTL of 255 and a right checksum, written to frame. */
void sample_small(uint8_t frame[static SAMPLE_SMALL_BYTES]);

/*
 * Frame i of SAMPLE_MIXED: the small one with another protocol, source, TTL or checksum, with VLAN tags, cut short, or
 * something else than IPv4. Returns its bytes, 14 to SAMPLE_MIXED_BYTES.
 */
uint32_t sample_mixed(uint32_t i, uint8_t frame[static SAMPLE_MIXED_BYTES]);

extern const uint8_t sample_source[4], sample_dest[4];

/* count such frames, or as many as fit into room bytes. NULL: no memory. */
struct sample *sample_open(enum sample_mix mix, size_t count, size_t room);
/* Takes NULL. */
void sample_close(struct sample *sample);

#endif
