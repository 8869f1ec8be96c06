// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random programs before two verifiers and two machines: what both accept returns the same and leaves frame and maps
 * alike. (What only one accepts is no fault by itself: each is the more precise somewhere.) Skipped, with a line that
 * says so, where bpf() is not allowed. REFNIC_FUZZ=N tries N programs, REFNIC_SEED=S starts at seed S.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/generate.h"
#include "guest-driver/core/xdp.h"
#include "rig/link_mem.h"
#include "rig/rig.h"

#define PROGRAMS   1000
#define RUNS       4
#define FRAME_ROOM 1024
#define HASH_SIZE  8

static const struct drv_xdp_map_attr map_attrs[] = {
	[GENERATE_ARRAY_MAP] = {.type = VIRTIO_NET_XDP_MAP_ARRAY,
				.key_size = 4,
				.value_size = GENERATE_VALUE_BYTES,
				.max_entries = GENERATE_ARRAY_ENTRIES,
				.inner_map_id = VIRTIO_NET_XDP_ID_NONE},
	[GENERATE_HASH_MAP] = {.type = VIRTIO_NET_XDP_MAP_HASH,
			       .key_size = 4,
			       .value_size = GENERATE_VALUE_BYTES,
			       .max_entries = HASH_SIZE,
			       .inner_map_id = VIRTIO_NET_XDP_ID_NONE},
};

#define MAPS (sizeof(map_attrs) / sizeof(map_attrs[0]))

struct both {
	struct rig *rig;
	int maps[MAPS]; /* the kernel's */
	uint64_t programs, accepted, only_kernel, only_device;
};

/* Empties or zeroes every map on both sides. */
static void clear_maps(struct both *both)
{
	static const uint8_t zero[GENERATE_VALUE_BYTES];
	struct drv_net *net = rig_driver(both->rig);
	uint32_t key;

	for (key = 0; key < GENERATE_ARRAY_ENTRIES; key++) {
		cr_assert_eq(bpf_map_update_elem(both->maps[GENERATE_ARRAY_MAP], &key, zero, BPF_ANY), 0);
		cr_assert_eq(drv_xdp_map_update(net, GENERATE_ARRAY_MAP, 0, &key, 4, zero, sizeof(zero), NULL), 0);
	}
	while (bpf_map_get_next_key(both->maps[GENERATE_HASH_MAP], NULL, &key) == 0)
		bpf_map_delete_elem(both->maps[GENERATE_HASH_MAP], &key);
	while (drv_xdp_map_next(net, GENERATE_HASH_MAP, NULL, &key, 4, NULL) == 0)
		drv_xdp_map_delete(net, GENERATE_HASH_MAP, &key, 4, NULL);
}

/* The map's elements in turn, then elements that it must not have. */
static void compare_maps(struct both *both, uint64_t seed)
{
	struct drv_net *net = rig_driver(both->rig);

	for (uint32_t map = 0; map < MAPS; map++) {
		uint32_t key, count = 0;
		int more = bpf_map_get_next_key(both->maps[map], NULL, &key);
		struct drv_xdp_map_info info;

		for (; more == 0; more = bpf_map_get_next_key(both->maps[map], &key, &key), count++) {
			uint8_t want[GENERATE_VALUE_BYTES], got[GENERATE_VALUE_BYTES];

			cr_assert_eq(bpf_map_lookup_elem(both->maps[map], &key, want), 0);
			cr_assert_eq(drv_xdp_map_lookup(net, map, &key, 4, got, sizeof(got), NULL), 0,
				     "seed %lu: map %u lacks key %x", seed, map, key);
			cr_assert_arr_eq(got, want, sizeof(want), "seed %lu: map %u differs at key %x", seed, map, key);
		}
		cr_assert_eq(drv_xdp_map_info(net, map, &info, NULL), 0);
		cr_assert_eq(info.entries, count, "seed %lu: map %u has %u elements, in the kernel %u", seed, map,
			     info.entries, count);
	}
}

/* The program with the kernel's map descriptors in it. -1: refused. */
static int kernel_load(const struct both *both, const uint8_t *wire, uint32_t slots)
{
	struct bpf_insn insns[GENERATE_MAX_SLOTS];

	memcpy(insns, wire, (size_t)slots * 8);
	for (uint32_t i = 0; i < slots; i++)
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].src_reg == BPF_PSEUDO_MAP_FD)
			insns[i].imm = both->maps[insns[i].imm];
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "random", "Dual BSD/GPL", insns, slots, NULL);
}

static void compare_runs(struct both *both, int prog, uint64_t seed)
{
	uint64_t rng = seed ^ 0x5555;

	clear_maps(both);
	for (int i = 0; i < RUNS; i++) {
		uint8_t frame[FRAME_ROOM] = {0}, out[FRAME_ROOM];
		uint32_t bytes = 14 + (uint32_t)(generate_random(&rng) % 200), queue = 0;
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes, .data_out = out,
			    .data_size_out = sizeof(out), .repeat = 1);
		uint64_t r0;

		for (uint32_t n = 0; n < bytes && i > 0; n++)
			frame[n] = (uint8_t)generate_random(&rng);
		cr_assert_eq(bpf_prog_test_run_opts(prog, &opts), 0);
		cr_assert_eq(
			drv_xdp_test_run(rig_driver(both->rig), 0, 1, &queue, frame, &bytes, sizeof(frame), &r0, NULL),
			0);
		cr_assert_eq((uint32_t)r0, opts.retval, "seed %lu run %d: returned %x, the kernel %x", seed, i,
			     (uint32_t)r0, opts.retval);
		cr_assert_eq(bytes, opts.data_size_out);
		cr_assert_arr_eq(frame, out, bytes, "seed %lu run %d: the frame differs from the kernel's", seed, i);
	}
	compare_maps(both, seed);
}

static void compare_program(struct both *both, uint64_t seed)
{
	struct drv_net *net = rig_driver(both->rig);
	uint8_t wire[(size_t)GENERATE_MAX_SLOTS * 8];
	uint32_t slots = generate_program(seed, GENERATE_REPEATABLE, wire);
	struct drv_xdp_prog_info info;
	int prog = kernel_load(both, wire, slots);
	int r = drv_xdp_prog_load(net, 0, wire, slots * 8, VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE, "random", 0, &info,
				  NULL);

	cr_assert_eq(r, 0);
	both->programs++;
	if (info.state == VIRTIO_NET_XDP_PROG_READY && prog >= 0) {
		both->accepted++;
		compare_runs(both, prog, seed);
	} else if (prog >= 0) {
		both->only_kernel++;
	} else if (info.state == VIRTIO_NET_XDP_PROG_READY) {
		both->only_device++;
	}
	if (prog >= 0)
		close(prog);
	cr_assert_eq(drv_xdp_prog_destroy(net, 0, NULL), 0);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

Test(oracle, kernel_agrees_on_random_programs)
{
	uint64_t first = setting("REFNIC_SEED", 1), programs = setting("REFNIC_FUZZ", PROGRAMS);
	struct net_config config;
	struct both both = {0};

	rig_config_default(&config);
	both.rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert_not_null(both.rig);
	cr_assert_eq(drv_net_start(rig_driver(both.rig)), 0);
	for (uint32_t i = 0; i < MAPS; i++) {
		both.maps[i] = bpf_map_create((enum bpf_map_type)map_attrs[i].type, "random", map_attrs[i].key_size,
					      map_attrs[i].value_size, map_attrs[i].max_entries, NULL);
		if (both.maps[i] < 0 && errno == EPERM)
			cr_skip_test("bpf() is not allowed here: the kernel cannot be asked");
		cr_assert_geq(both.maps[i], 0);
		cr_assert_eq(drv_xdp_map_create(rig_driver(both.rig), i, &map_attrs[i], NULL), 0);
	}
	for (uint64_t seed = first; seed < first + programs; seed++)
		compare_program(&both, seed);
	if (getenv("REFNIC_FUZZ"))
		fprintf(stderr, "%lu programs: %lu accepted by both, %lu only by the kernel, %lu only by the device\n",
			both.programs, both.accepted, both.only_kernel, both.only_device);
	cr_assert_gt(both.accepted, programs / 10);
	for (uint32_t i = 0; i < MAPS; i++)
		close(both.maps[i]);
	rig_close(both.rig);
}
