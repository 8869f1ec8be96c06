/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loaded object on its way into a device, through the reference driver and the control queue. Map i of the object
 * becomes the device's map i, so the instructions need no change; the entry becomes program 0, the others follow in the
 * object's order.
 *
 * Each function that returns int returns 0; 1 when the device judged and refused; -errno when driver or device failed.
 * In both other cases error holds one sentence.
 */
#ifndef TESTBENCH_LOAD_OFFLOAD_H
#define TESTBENCH_LOAD_OFFLOAD_H

#include "guest-driver/core/xdp.h"
#include "load/load.h"

/* Starts the driver; XDP_OFFLOAD has to be negotiated. */
int offload_start(struct drv_net *net, char error[static LOAD_ERROR_BYTES]);

#define OFFLOAD_ENTRY_ID 0

/* The id of one of object's programs, and the program of an id; NULL: none of the object's. */
uint32_t offload_prog_id(const struct load_object *object, const struct load_prog *prog);
const struct load_prog *offload_prog_of(const struct load_object *object, uint32_t id);

/* Creates every map and fills in global data and inner maps; templates of those do not stay. offload_freeze()
 * afterwards makes constant data constant. */
int offload_maps(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES]);
int offload_freeze(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES]);

/* Uploads prog as program id and waits for the verdict, which is in *info if the verifier was asked (info->state). */
int offload_prog(struct drv_net *net, const struct load_object *object, const struct load_prog *prog, uint32_t id,
		 uint32_t log_level, struct drv_xdp_prog_info *info, char error[static LOAD_ERROR_BYTES]);

/* The verifier's log of program id, which the caller frees; NULL: none, or no memory. */
char *offload_log(struct drv_net *net, uint32_t id);

/*
 * Behind the entry: uploads prog under its own id unless it is there, for an element of a PROG_ARRAY to name; and the
 * same for every program that object's own elements name, with those elements.
 */
int offload_target(struct drv_net *net, const struct load_object *object, const struct load_prog *prog,
		   char error[static LOAD_ERROR_BYTES]);
int offload_slots(struct drv_net *net, const struct load_object *object, char error[static LOAD_ERROR_BYTES]);

/*
 * The program of object that the device holds and has refused, NULL: none; *insn: where, *log: the verifier's, which
 * the caller frees; NULL: none.
 */
const struct load_prog *offload_refused(struct drv_net *net, const struct load_object *object, uint32_t *insn,
					char **log);

int offload_attach(struct drv_net *net, uint32_t id, uint32_t ifindex, char error[static LOAD_ERROR_BYTES]);

#endif
