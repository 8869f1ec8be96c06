/* SPDX-License-Identifier: BSD-2-Clause */
/* A link on which nothing happens: for devices that are only asked to judge or test-run a program. */
#ifndef TESTBENCH_LOAD_LINK_IDLE_H
#define TESTBENCH_LOAD_LINK_IDLE_H

#include "device-model/link.h"

/* NULL: no memory. */
struct link *link_idle_open(void);

#endif
