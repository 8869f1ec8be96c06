/* SPDX-License-Identifier: BSD-2-Clause */
/* DPDK's testpmd as a peer of the datapath: another process, whose traffic is on one core. */
#ifndef BENCH_PEER_TESTPMD_H
#define BENCH_PEER_TESTPMD_H

#include "bench/bench.h"

/*
 * Measures what testpmd does with 64-byte frames: a capture that is read again and again, and virtqueues with both
 * ends, vhost and virtio-user, on one core. Adds a table. Returns ns of a frame through its fastest virtqueue; NAN:
 * there is none, and a note says why.
 */
double peer_testpmd_run(struct bench *bench);

#endif
