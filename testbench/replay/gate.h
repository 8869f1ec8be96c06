/* SPDX-License-Identifier: BSD-2-Clause */
/* A link that lets nothing arrive until it is opened: the trace waits for the program. */
#ifndef TESTBENCH_REPLAY_GATE_H
#define TESTBENCH_REPLAY_GATE_H

#include "device-model/link.h"

/* A closed gate in front of inner, which it takes over. NULL: no memory; then inner is closed. */
struct link *gate_create(struct link *inner);
/* From now on frames arrive. */
void gate_open(struct link *gate);

#endif
