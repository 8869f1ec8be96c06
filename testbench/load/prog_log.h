/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier's log for people. The device has the instructions alone, so that the source lines are put in here, where
 * the object is, in the way Linux's log has them.
 */
#ifndef TESTBENCH_LOAD_PROG_LOG_H
#define TESTBENCH_LOAD_PROG_LOG_H

#include <stdio.h>

#include "load/load.h"

/* Prints prog's log; NULL: nothing. Before a step of another source line than the step before, that line. */
void prog_log_print(FILE *to, const struct load_prog *prog, const char *log);
/* Prints where instruction insn is in the source, as far as that is known. */
void prog_log_place(FILE *to, const struct load_prog *prog, uint32_t insn);

#endif
