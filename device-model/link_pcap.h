/* SPDX-License-Identifier: BSD-2-Clause */
/* A link whose wire is a pair of captures: frames come from one and go to the other. */
#ifndef DEVICE_MODEL_LINK_PCAP_H
#define DEVICE_MODEL_LINK_PCAP_H

#include "link.h"
#include "trace.h"

struct link_pcap_config {
	struct trace_config in; /* in.path NULL: nothing ever comes */
	const char *out;        /* pcap file, nanoseconds; NULL: what is sent is counted, not kept */
	uint64_t repeat;        /* passes over the trace, each shifted by its span; 0 and 1: once */
	bool held;              /* no frame comes before link_pcap_play() */
};

/* NULL with one sentence in error. Strings of config need not outlive the call. */
struct link *link_pcap_open(const struct link_pcap_config *config, char error[static TRACE_ERROR_BYTES]);

/* Lets the frames come: of a link opened with held, once the program is attached, say. */
void link_pcap_play(struct link *link);
/* Lets this many come from now on, and then none: 0 stops them at once. */
void link_pcap_step(struct link *link, uint64_t frames);
/* What is played; NULL without in. The link's. */
const struct trace *link_pcap_trace(const struct link *link);
/* Frames sent so far. */
uint64_t link_pcap_sent(const struct link *link);
/* Writes out what is buffered. 0, or -errno of the first write that failed with a sentence in error. */
int link_pcap_flush(struct link *link, char error[static TRACE_ERROR_BYTES]);

#endif
