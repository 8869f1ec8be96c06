/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers that write a line for the operator. */
#ifndef FW_PRINTK_H
#define FW_PRINTK_H

#include "helper.h"

#define PRINTK_LINES 64 /* that one run can write; what is beyond them is not written */

/* R1 format, R2 bytes of it, R3 to R5 arguments. */
helper_fn printk_trace;
/* The same with fewer: the others are 0 whatever the registers hold. */
helper_fn printk_trace_0;
helper_fn printk_trace_1;
helper_fn printk_trace_2;
/* R1 format, R2 bytes of it, R3 arguments of 8 bytes, R4 bytes of them. */
helper_fn printk_vtrace;

#endif
