/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program before two verifiers, the firmware's and the running kernel's, and then run by all who accept it.
 *
 * Accepted by both: three firmwares (the interpreter with every access checked, twice with other rubbish in what was
 * never written, and machine code) and the kernel must agree on R0, frame and maps. Accepted by the firmware only:
 * there must be a written reason (reasons.def), and the three must agree.
 */
#ifndef TESTBENCH_ORACLE_TRIAL_H
#define TESTBENCH_ORACLE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/load.h"

#define TRIAL_SLOTS_MAX  16384
#define TRIAL_ERRORS_MAX 256

struct trial;

struct trial_counts {
	uint64_t programs, both, only_device, only_kernel, neither;
	uint64_t compared;                 /* of both: run by the kernel too */
	uint64_t refuted;                  /* of only_device: told something wrong that does not matter, then less */
	uint64_t faults;                   /* what this is looking for: no reason, or another result */
	uint64_t *reasons;                 /* reasons_count of them */
	uint64_t errors[TRIAL_ERRORS_MAX]; /* of only_kernel: what the firmware said */
};

/* NULL, with errno set: EPERM where bpf() is not allowed. name: of the test, to tell how to repeat a fault. */
struct trial *trial_open(const char *name);
/* Takes NULL. */
void trial_close(struct trial *trial);

/*
 * Forgets all maps and makes these, on both sides; they must stay. Index in maps: what instructions call them. false:
 * a side refuses one of them.
 */
bool trial_maps(struct trial *trial, const struct load_map *maps, size_t num_maps);

/* seed: to tell how to repeat a fault, and to make frames from. */
void trial_program(struct trial *trial, const uint8_t *wire, uint32_t slots, uint64_t seed);

const struct trial_counts *trial_counts(const struct trial *trial);
/* Prints the counts. */
void trial_report(const struct trial *trial);

#endif
