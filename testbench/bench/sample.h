/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent through the things measured: frames in memory. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include "device-model/trace.h"

#define SAMPLE_SMALL_BYTES  64
#define SAMPLE_MIXED        96
#define SAMPLE_MIXED_BYTES  72   /* the small one with two VLAN tags */
#define SAMPLE_FRAME_MAX    2036 /* what a receive buffer of SAMPLE_BUFFER_BYTES holds behind its header */
#define SAMPLE_BUFFER_BYTES 2048

struct sample {
	struct link_frame *frames; /* each of 14 to SAMPLE_FRAME_MAX bytes */
	size_t count;
	uint8_t *data;
	double mean_bytes;
};

/* UDP over IPv4 from sample_source to sample_dest with a TTL of 255 and a right checksum, written to frame. */
void sample_small(uint8_t frame[static SAMPLE_SMALL_BYTES]);

/*
 * Frame i of SAMPLE_MIXED: the small one with another protocol, source, TTL or checksum, with VLAN tags, cut short, or
 * something else than IPv4. Returns its bytes, 14 to SAMPLE_MIXED_BYTES.
 */
uint32_t sample_mixed(uint32_t i, uint8_t frame[static SAMPLE_MIXED_BYTES]);

extern const uint8_t sample_source[4], sample_dest[4];

/* Each: NULL with a sentence in error. */

/* count times the same 64 bytes, each in its own place. */
struct sample *sample_open_small(size_t count, char error[static TRACE_ERROR_BYTES]);
/* The frames of a capture that fit into one buffer. */
struct sample *sample_open_trace(const char *path, char error[static TRACE_ERROR_BYTES]);
/* Takes NULL. */
void sample_close(struct sample *sample);

#endif
