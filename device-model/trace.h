/* SPDX-License-Identifier: BSD-2-Clause */
/* A capture, read whole: pcap or pcapng in us or ns, plain or compressed by gzip or xz. Ethernet only. */
#ifndef DEVICE_MODEL_TRACE_H
#define DEVICE_MODEL_TRACE_H

#include "link.h"

#define TRACE_ERROR_BYTES 512

struct trace_config {
	const char *path;     /* "-": standard input */
	const char *filter;   /* a pcap-filter(7) expression; NULL: every frame */
	uint64_t first, last; /* numbers of the first and last frame of the file to keep, from 1; 0: no limit */
};

struct trace {
	struct link_frame *frames; /* those kept; number: of the frame in the file, from 1; time_ns: as captured */
	size_t count;
	uint64_t read;                      /* whole frames in the file (up to config.last), kept or not */
	uint64_t span_ns;                   /* from the earliest to the latest time kept */
	bool truncated;                     /* the file ends in the middle of a frame, or its next record is damaged */
	uint64_t truncated_at;              /* number that this frame would have had */
	char truncation[TRACE_ERROR_BYTES]; /* a sentence that says so, if truncated */
	uint8_t *bytes;                     /* of all frames, unless they are in map */
	uint8_t *map;                       /* a plain file of classic pcap as a whole; NULL: it is none */
	size_t map_bytes;
};

/*
 * Reads a capture. NULL with one sentence in error: unreadable, empty file, not a capture, not Ethernet, bad filter. A
 * capture without a frame is none of these. A truncated one is not either: the whole frames are kept. A plain file of
 * classic pcap is mapped, not copied: it must not become shorter before trace_free().
 */
struct trace *trace_open(const struct trace_config *config, char error[static TRACE_ERROR_BYTES]);

/* Takes NULL. */
void trace_free(struct trace *trace);

/* The kept frame with this number in the file, or NULL. */
const struct link_frame *trace_frame(const struct trace *trace, uint64_t number);

#endif
