/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions of a run, one by one, with the registers that each changed: run --trace. */
#ifndef TESTBENCH_CLI_STEPS_H
#define TESTBENCH_CLI_STEPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "load/load.h"

#define STEPS_REGISTERS 11

struct steps {
	const struct load_object *object; /* its programs, in the device as offload_prog_id() says */
	json_t *json;                     /* array to append to; NULL: printed to stdout. The caller's */
	const struct load_prog *prog;     /* of the instruction printed last */
	const struct load_line *line;     /* printed last */
	int width;                        /* characters of the instruction printed last */
	uint64_t before[STEPS_REGISTERS];
	uint64_t count;
};

/* An fw_trace_fn, with a struct steps: instruction insn is about to run on registers regs. */
void steps_take(void *steps, uint32_t prog_id, uint32_t insn, const char *text, const uint64_t *regs);
/* Behind the last instruction. */
void steps_end(struct steps *steps);

#endif
