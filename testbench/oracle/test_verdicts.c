// SPDX-License-Identifier: BSD-2-Clause
/*
 * Generated programs before two verifiers and two machines: see trial.h. Skipped, with a line that says so, where
 * bpf() is not allowed. REFNIC_FUZZ=N tries N programs of each kind, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/generate.h"
#include "oracle/mutants.h"
#include "oracle/shapes.h"
#include "oracle/trial.h"
#include "virtio_net_xdp.h"

/* A few seconds, of each kind. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 500
#else
#define PROGRAMS 4000
#endif
#define PROGRESS_AFTER 10 /* seconds between two lines of a long run */

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Writes the program of this seed (TRIAL_SLOTS_MAX of room), after it made the maps for it. Returns slots. */
typedef uint32_t make_fn(struct trial *trial, uint64_t seed, uint8_t *wire);

/* most: programs, if nobody asks for a number of them */
static void try_all(const char *name, make_fn *make, uint64_t most)
{
	static uint8_t wire[(size_t)TRIAL_SLOTS_MAX * 8];
	uint64_t first = setting("REFNIC_SEED", 1), programs = setting("REFNIC_FUZZ", most);
	struct trial *trial = trial_open(name);
	time_t told = time(NULL), start = told;
	const struct trial_counts *counts;

	if (!trial && (errno == EPERM || errno == ENOSYS))
		cr_skip_test("bpf() is not allowed here, or not there: the kernel cannot be asked");
	cr_assert_not_null(trial, "bpf(): %s", strerror(errno));
	counts = trial_counts(trial);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		uint32_t slots = make(trial, seed, wire);

		trial_program(trial, wire, slots, seed);
		if (time(NULL) - told < PROGRESS_AFTER)
			continue;
		told = time(NULL);
		fprintf(stderr, "%s: %lu of %lu programs, %lu per second\n", name, counts->programs, programs,
			counts->programs / (uint64_t)(told - start));
	}
	if (getenv("REFNIC_FUZZ"))
		trial_report(trial);
	cr_assert_eq(counts->faults, 0, "%lu programs of %lu: see above", counts->faults, programs);
	/* Who refuses everything finds nothing. */
	cr_assert(programs < 100 || counts->both > programs / 20, "only %lu of %lu programs were accepted by both",
		  counts->both, programs);
	trial_close(trial);
}

/* What the generators name; program arrays have no program. */
static const struct load_map generate_maps[] = {
	[GENERATE_ARRAY_MAP] = {.type = VIRTIO_NET_XDP_MAP_ARRAY,
				.key_size = 4,
				.value_size = GENERATE_VALUE_BYTES,
				.max_entries = GENERATE_ARRAY_ENTRIES,
				.inner = LOAD_NO_MAP},
	[GENERATE_HASH_MAP] = {.type = VIRTIO_NET_XDP_MAP_HASH,
			       .key_size = 4,
			       .value_size = GENERATE_VALUE_BYTES,
			       .max_entries = 8,
			       .inner = LOAD_NO_MAP},
	[GENERATE_PROGS_MAP] = {.type = VIRTIO_NET_XDP_MAP_PROG_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 2,
				.inner = LOAD_NO_MAP},
	[GENERATE_OUTER_MAP] = {.type = VIRTIO_NET_XDP_MAP_ARRAY_OF,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 2,
				.inner = GENERATE_HASH_MAP},
	[GENERATE_RING_MAP] = {.type = VIRTIO_NET_XDP_MAP_RINGBUF, .max_entries = 4096, .inner = LOAD_NO_MAP},
};

static void make_maps(struct trial *trial)
{
	static bool made;

	if (!made)
		cr_assert(trial_maps(trial, generate_maps, sizeof(generate_maps) / sizeof(generate_maps[0])));
	made = true;
}

static uint32_t make_random(struct trial *trial, uint64_t seed, uint8_t *wire)
{
	make_maps(trial);
	return generate_program(seed, GENERATE_REPEATABLE, wire);
}

Test(oracle, random)
{
	try_all("random", make_random, PROGRAMS);
}

/* Each fourth is changed somewhere. */
static uint32_t changed(uint64_t seed, uint8_t *wire, uint32_t slots)
{
	if (seed % 4 == 0)
		generate_mutate(seed, wire, slots);
	return slots;
}

static uint32_t make_flow(struct trial *trial, uint64_t seed, uint8_t *wire)
{
	make_maps(trial);
	return changed(seed, wire, generate_flow(seed, wire));
}

Test(oracle, flow)
{
	try_all("flow", make_flow, PROGRAMS / 5);
}

static uint32_t make_object(struct trial *trial, uint64_t seed, uint8_t *wire)
{
	make_maps(trial);
	return changed(seed, wire, generate_program(seed, GENERATE_OBJECTS, wire));
}

Test(oracle, objects)
{
	try_all("objects", make_object, PROGRAMS / 5);
}

static uint32_t make_shape(struct trial *trial, uint64_t seed, uint8_t *wire)
{
	static bool made;

	if (!made)
		cr_assert(trial_maps(trial, shapes_maps, shapes_num_maps));
	made = true;
	return shapes_program(seed, wire);
}

Test(oracle, shapes)
{
	try_all("shapes", make_shape, PROGRAMS);
}

#define MUTANT_SLOTS   1024 /* the largest program that is changed */
#define MUTANTS_A_PAIR 100  /* programs in turn that are made from the same two objects */

static struct mutants *open_mutants(void)
{
	char path[4096], *dir;
	struct mutants *mutants;
	ssize_t bytes = readlink("/proc/self/exe", path, sizeof(path) - 1);

	cr_assert_gt(bytes, 0);
	path[bytes] = 0;
	dir = dirname(path);
	strcat(dir, "/progs");
	mutants = mutants_open(dir, MUTANT_SLOTS);
	return mutants;
}

static uint32_t make_mutant(struct trial *trial, uint64_t seed, uint8_t *wire)
{
	static struct mutants *mutants;
	static uint64_t pair;
	const struct load_map *maps;
	size_t num_maps;

	if (!mutants)
		mutants = open_mutants();
	if (pair != seed / MUTANTS_A_PAIR + 1) {
		pair = seed / MUTANTS_A_PAIR + 1;
		maps = mutants_maps(mutants, pair, false, &num_maps);
		if (!trial_maps(trial, maps, num_maps)) { /* some size was one too many */
			maps = mutants_maps(mutants, pair, true, &num_maps);
			cr_assert(trial_maps(trial, maps, num_maps));
		}
	}
	return mutants_program(mutants, seed, wire);
}

Test(oracle, mutants)
{
	try_all("mutants", make_mutant, PROGRAMS / 5);
}
