/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a capture: pcap, nanoseconds, Ethernet, little-endian on every machine. */
#ifndef TESTBENCH_REPLAY_PCAP_OUT_H
#define TESTBENCH_REPLAY_PCAP_OUT_H

#include <stdint.h>

struct pcap_out;

/* NULL with errno set. */
struct pcap_out *pcap_out_open(const char *path);
/* Errors show when it is closed. */
void pcap_out_frame(struct pcap_out *out, uint64_t time_ns, const uint8_t *data, uint32_t bytes);
/* 0, or -errno of the first write that failed so far. Takes NULL. */
int pcap_out_error(const struct pcap_out *out);
/* The same, of all writes. Takes NULL. */
int pcap_out_close(struct pcap_out *out);

#endif
