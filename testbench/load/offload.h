/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loaded object on its way into a device, through the reference driver and the control queue. Map i of the object
 * becomes the device's map i, so the instructions need no change.
 *
 * Each function returns 0; 1 when the device judged and refused; -errno when driver or device failed. In both other
 * cases error holds one sentence.
 */
#ifndef TESTBENCH_LOAD_OFFLOAD_H
#define TESTBENCH_LOAD_OFFLOAD_H

#include "guest-driver/core/xdp.h"
#include "load/load.h"

/* Starts the driver; XDP_OFFLOAD has to be negotiated. */
int offload_start(struct drv_net *net, char error[static LOAD_ERROR_BYTES]);

/* Creates every map and fills in global data. offload_freeze() afterwards makes constant data constant. */
int offload_maps(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES]);
int offload_freeze(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES]);

/* Uploads prog as program id and waits for the verdict, which is in *info if the verifier was asked (info->state). */
int offload_prog(struct drv_net *net, const struct load_object *object, const struct load_prog *prog, uint32_t id,
		 uint32_t log_level, struct drv_xdp_prog_info *info, char error[static LOAD_ERROR_BYTES]);

/* The verifier's log of program id, which the caller frees; NULL: none, or no memory. */
char *offload_log(struct drv_net *net, uint32_t id);

int offload_attach(struct drv_net *net, uint32_t id, uint32_t ifindex, char error[static LOAD_ERROR_BYTES]);

#endif
