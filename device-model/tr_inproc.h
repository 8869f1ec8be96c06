/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In-process transport: the driver calls the functions of virtio.h itself, notifications are flags that it polls. What
 * joins them to a driver's transport table is the testbench's rig.
 */
#ifndef DEVICE_MODEL_TR_INPROC_H
#define DEVICE_MODEL_TR_INPROC_H

#include "transport.h"
#include <stdbool.h>

struct tr_inproc {
	uint64_t vq_interrupts; /* notifications since creation */
	uint64_t config_interrupts;
	bool pending; /* one has come since tr_inproc_take() */
};

/* Takes a struct tr_inproc as context. */
extern const struct transport_ops tr_inproc_ops;

/* Whether a notification has come since the last call. */
bool tr_inproc_take(struct tr_inproc *tr);

#endif
