/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware's verifier claims of the numbers in a program's registers. */
#ifndef TESTBENCH_ORACLE_CLAIMS_H
#define TESTBENCH_ORACLE_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "exec/exec.h"
#include "oracle/device.h"
#include "verify/state.h"

#define CLAIMS_REGS   11
#define CLAIMS_VALUES 8

/* All that a register was seen to hold. */
struct claims_of {
	bool seen;
	bool number;       /* it is one on some path */
	bool other;        /* it is something else on some path */
	uint8_t kind;      /* enum reg_kind, if it is the same on all paths; else REG_NONE */
	struct scalar var; /* if it is always one: any of these */
	uint32_t count;    /* if it is one of a few: so many, these; else 0 */
	int32_t values[CLAIMS_VALUES];
};

/* Where a pointer is found, on every path. */
struct claims_home {
	bool seen;
	uint16_t regs;  /* bit n: in register n */
	uint64_t slots; /* bit n: at R10 - 8 * (n + 1) */
};

struct claims_at {
	struct claims_of before[CLAIMS_REGS];
	struct claims_of after; /* the destination of arithmetic or of a load, R0 of a call or of a cmpxchg */
	struct claims_home records[EXEC_RECORDS]; /* that are held by main, before */
	struct claims_home back;                  /* behind a call: where else the stack pointer is that it returned, */
	bool own;                                 /* if not R10 + own_off */
	int32_t own_off;
	bool falls, jumps; /* sides of a conditional jump that can be gone */
};

/* Adds what the register holds. */
void claims_note(struct claims_of *of, const struct reg *r);
/* Adds where the records are that the state holds. */
void claims_note_records(struct claims_at *at, const struct state *state);

/* Claims no number any more, and no side of a branch. */
void claims_forget(struct claims_at *at);

/*
 * Has the device verify the program, as device_load() does, and follows it; at: slots rows, which become the claims.
 * Returns whether every path was walked to its end, none cut off for what was seen before. If not, a number that does
 * not matter behind what was cut off can be another one than is claimed.
 */
bool claims_collect(struct device *device, const uint8_t *wire, uint32_t slots, struct claims_at *at);

#endif
