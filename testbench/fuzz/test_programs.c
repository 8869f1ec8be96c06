// SPDX-License-Identifier: BSD-2-Clause
/*
 * Soundness by trial: random programs near the edge of safe go to three firmwares. Two interpret with every access
 * checked; they differ in what they leave in registers and stack that nothing was written to, and in their addresses.
 * The third runs machine code. What the verifier accepts must not fault, and all must agree on R0, frame, maps and
 * verdict. REFNIC_FUZZ=N tries N programs, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz/lab.h"
#include "prog.h"

/* About a minute on one core. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 60000
#else
#define PROGRAMS 200000
#endif
#define RUNS 6

/* The first is what the others are compared with: says is what is wrong if one differs. */
static const struct {
	enum fw_engine engine;
	uint64_t poison;
	const char *says;
} unit_rows[] = {
	{FW_ENGINE_INTERP, 0x5a5a5a5a5a5a5a5a, ""},
	{FW_ENGINE_INTERP, 0xa5a5a5a5a5a5a5a5, "UNSOUND: what was never written, or an address, has an effect"},
	{FW_ENGINE_JIT, 0, "interpreter and machine code differ"},
};

#define UNITS ((int)(sizeof(unit_rows) / sizeof(unit_rows[0])))

static void compare(struct lab *units, uint64_t seed)
{
	static uint8_t want[LAB_KEYS][GENERATE_VALUE_BYTES], got[LAB_KEYS][GENERATE_VALUE_BYTES];
	uint8_t frame[LAB_FRAME_MAX], a[LAB_RESULT_BYTES], b[LAB_RESULT_BYTES];
	uint64_t rng = seed ^ 0x5555;

	for (int i = 0; i < RUNS; i++) {
		size_t bytes = 14 + (size_t)generate_random(&rng) % (sizeof(frame) - 13);

		for (size_t n = 0; n < bytes; n++)
			frame[n] = i == 0 ? 0 : i == 1 ? 0xff : (uint8_t)generate_random(&rng);
		for (int u = 0; u < UNITS; u++) {
			units[u].fault[0] = 0;
			units[u].line[0] = 0;
			lab_run(&units[u], frame, bytes, u ? b : a);
			cr_assert_eq(units[u].fault[0], 0, "UNSOUND: seed %lu run %d: %s", seed, i, units[u].fault);
			if (u)
				cr_assert_arr_eq(a, b, LAB_RESULT_BYTES, "%s: seed %lu run %d: R0 %lx and %lx",
						 unit_rows[u].says, seed, i, *(uint64_t *)(a + 8),
						 *(uint64_t *)(b + 8));
			cr_assert_str_eq(units[u].line, units[0].line, "%s: seed %lu run %d: lines", unit_rows[u].says,
					 seed, i);
		}
	}
	for (uint32_t map = 0; map < 2; map++) {
		lab_values(&units[0], map, want);
		for (int u = 1; u < UNITS; u++) {
			lab_values(&units[u], map, got);
			cr_assert_arr_eq(want, got, sizeof(want), "%s: seed %lu map %u", unit_rows[u].says, seed, map);
		}
	}
}

Test(fuzz, programs)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), programs = lab_setting("REFNIC_FUZZ", PROGRAMS);
	uint32_t accepted[LAB_KINDS] = {0}, refused[256] = {0};
	struct lab_program program;
	struct lab units[UNITS];

	for (int u = 0; u < UNITS; u++)
		lab_open(&units[u], unit_rows[u].engine, unit_rows[u].poison);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		uint32_t error;

		lab_program(seed, &program);
		error = lab_load_program(&units[0], &program);
		for (int u = 1; u < UNITS; u++)
			cr_assert_eq(lab_load_program(&units[u], &program), error,
				     "seed %lu: verdict differs between engines", seed);
		if (error)
			refused[error & 0xff]++;
		else
			compare(units, seed);
		accepted[seed % LAB_KINDS] += !error;
		for (int u = 0; u < UNITS; u++)
			lab_unload(&units[u]);
	}
	for (int u = 0; u < UNITS; u++)
		lab_close(&units[u]);
	if (getenv("REFNIC_FUZZ")) {
		for (int i = 0; i < LAB_KINDS; i++)
			fprintf(stderr, "of %lu programs of kind %d %u were accepted\n", programs / LAB_KINDS, i,
				accepted[i]);
		for (int i = 0; i < 256; i++)
			if (refused[i])
				fprintf(stderr, "  error %#x: %u\n", i, refused[i]);
	}
	/* A verifier that refuses everything is sound, too, and no use. */
	for (int i = 0; i < LAB_KINDS; i++)
		cr_assert_gt(accepted[i], programs / LAB_KINDS / 10, "kind %d: only %u of %lu programs were accepted",
			     i, accepted[i], programs / LAB_KINDS);
}

/*
 * What is told of functions makes nothing safe that is not without, though the way there can then be too long. Of a
 * pointer to the packet plus a number less is known than of memory that a function was given; and a result that comes
 * from stack never written, which is refused as such, is a number behind a function. Programs that were changed may
 * depend on memory never being null, which is not known of the packet. req: XO-278
 */
static bool is_as_safe(const struct lab *lab, uint32_t error)
{
	const char *log = lab->fw->progs[0]->log;

	return !error || error == VIRTIO_NET_XDP_VERIFY_COMPLEXITY ||
	       (error == VIRTIO_NET_XDP_VERIFY_PACKET && strstr(log, "number")) ||
	       strstr(log, "stack that was never written");
}

Test(fuzz, global_functions_hide_nothing)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), programs = lab_setting("REFNIC_FUZZ", PROGRAMS / 10), both = 0;
	struct lab_program program;
	struct lab lab;

	lab_open(&lab, FW_ENGINE_INTERP, 0);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		uint32_t error;

		lab_program(seed, &program);
		if (!program.num_funcs || program.changed)
			continue;
		error = lab_load_program(&lab, &program);
		lab_unload(&lab);
		if (error)
			continue;
		error = lab_load(&lab, program.wire, program.slots);
		cr_assert(is_as_safe(&lab, error), "UNSOUND: seed %lu: without global functions: %s", seed,
			  lab.fw->progs[0]->log);
		both += !error;
		lab_unload(&lab);
	}
	cr_assert_gt(both, programs / 20);
	lab_close(&lab);
}
