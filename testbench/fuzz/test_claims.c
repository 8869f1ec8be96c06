// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every run of an accepted program stays within what the verifier claimed, instruction by instruction: see witness.h.
 * REFNIC_FUZZ=N tries N generated programs, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/lab.h"
#include "fuzz/witness.h"

/* About 15 seconds on one core. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 5000
#else
#define PROGRAMS 25000
#endif
#define RUNS 4

/* Frames of zeros, of ones, and of random bytes. */
static void run(struct lab *lab, const struct witness *w, uint64_t seed)
{
	uint8_t frame[LAB_FRAME_MAX], out[LAB_RESULT_BYTES];
	uint64_t rng = seed ^ 0x5555;

	for (int i = 0; i < RUNS; i++) {
		size_t bytes = 14 + (size_t)generate_random(&rng) % (sizeof(frame) - 13);

		for (size_t n = 0; n < bytes; n++)
			frame[n] = i == 0 ? 0 : i == 1 ? 0xff : (uint8_t)generate_random(&rng);
		lab->fault[0] = 0;
		lab_run(lab, frame, bytes, out);
		cr_assert_null(witness_says(w), "UNSOUND: seed %lu run %d: %s", seed, i, witness_says(w));
		cr_assert_eq(lab->fault[0], 0, "UNSOUND: seed %lu run %d: %s", seed, i, lab->fault);
	}
}

Test(claims, of_generated_programs)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), programs = lab_setting("REFNIC_FUZZ", PROGRAMS), accepted = 0;
	uint8_t wire[(size_t)GENERATE_MAX_SLOTS * 8];
	struct witness *w;
	struct lab lab;

	lab_open(&lab, FW_ENGINE_INTERP, 0x5a5a5a5a5a5a5a5a);
	w = witness_new(lab.fw);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		if (!lab_load(&lab, wire, lab_program(seed, wire))) {
			run(&lab, w, seed);
			accepted++;
		}
		lab_unload(&lab);
	}
	if (getenv("REFNIC_FUZZ"))
		fprintf(stderr, "claims: %lu of %lu programs accepted, %lu steps\n", accepted, programs,
			witness_steps(w));
	cr_assert_gt(accepted, programs / 20);
	cr_assert_gt(witness_steps(w), accepted * RUNS);
	witness_free(w);
	lab_close(&lab);
}
