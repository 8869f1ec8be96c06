/* SPDX-License-Identifier: BSD-2-Clause */
/* The further ports of a replayed device: what is redirected there goes to a capture of its own. */
#ifndef TESTBENCH_REPLAY_PORTS_H
#define TESTBENCH_REPLAY_PORTS_H

#include "device-model/net.h"
#include "device-model/trace.h"
#include "load/status.h"
#include "replay/outdir.h"

#define PORTS_MAX       (FW_PORTS_MAX - 1)
#define PORTS_HOME      1 /* ifindex of the device's own link, as ATTACH gives it */
#define PORTS_NAME_ROOM sizeof("wire.4294967295.pcap")

/* The ifindexes that were asked for, in their order. */
struct ports_config {
	uint32_t ifindex[PORTS_MAX];
	uint16_t count;
};

struct ports {
	struct net_port at[PORTS_MAX];
	uint16_t count;
};

/* Adds a port. 0; -EEXIST: there is one of this ifindex already, or it is the device's own; -ENOSPC: too many. */
int ports_add(struct ports_config *config, uint32_t ifindex);

/* "wire.2.pcap" for the first one. */
void ports_file_name(char name[static PORTS_NAME_ROOM], uint16_t port);

/*
 * Opens the links; dir NULL: frames are counted, not kept. Anything but STATUS_DONE with a sentence in error. Whoever
 * takes the links over closes them; ports_close() if nobody does.
 */
enum status ports_open(struct ports *ports, const struct ports_config *config, uint16_t mtu, const struct outdir *dir,
		       char error[static TRACE_ERROR_BYTES]);
void ports_close(struct ports *ports);

/* Frames that left on a port. */
uint64_t ports_sent(const struct ports *ports, uint16_t port);
/* Writes out what is buffered. 0, or -errno with a sentence in error. */
int ports_flush(const struct ports *ports, char error[static TRACE_ERROR_BYTES]);

#endif
