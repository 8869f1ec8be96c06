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
#include <sys/mman.h>

#include "core.h"
#include "fuzz/generate.h"
#include "fw.h"
#include "rig/rig.h"
#include "virtio_net.h"
#include "virtio_net_xdp.h"

/* About a minute on one core. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 60000
#else
#define PROGRAMS 200000
#endif
#define RUNS         6
#define FRAME_ROOM   1024
#define RESULT_BYTES (sizeof(struct virtio_net_xdp_test_run_result) + FRAME_ROOM)

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

struct unit {
	struct fw *fw;
	struct fw_platform platform; /* rig_platform, with a log that keeps lines */
	void *arena;
	size_t arena_bytes;
	char fault[256]; /* the last fault of a run */
	char line[256];  /* the last line that a run printed */
};

static void take_log(void *ctx, const char *line)
{
	struct unit *u = ctx;

	snprintf(strstr(line, ": fault at ") ? u->fault : u->line, sizeof(u->line), "%s", line);
}

static uint8_t command(struct unit *u, uint8_t number, const void *in, size_t in_bytes, void *out, size_t room)
{
	size_t written;

	return fw_command(u->fw, number, in, in_bytes, out, room, &written);
}

/* inner: what the maps in it are like, or VIRTIO_NET_XDP_ID_NONE. */
static void map_create(struct unit *u, uint32_t id, uint32_t type, uint32_t entries, uint32_t inner)
{
	bool ring = type == VIRTIO_NET_XDP_MAP_RINGBUF, values = id == GENERATE_ARRAY_MAP || id == GENERATE_HASH_MAP;
	struct virtio_net_xdp_map_create map = {
		.id = cpu_to_le32(id),
		.type = cpu_to_le32(type),
		.key_size = cpu_to_le32(ring ? 0 : 4),
		.value_size = cpu_to_le32(ring     ? 0
					  : values ? GENERATE_VALUE_BYTES
						   : 4),
		.max_entries = cpu_to_le32(entries),
		.inner_map_id = cpu_to_le32(inner),
		.name = "map",
	};
	struct virtio_net_xdp_result result;

	cr_assert_eq(command(u, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &map, sizeof(map), &result, sizeof(result)),
		     VIRTIO_NET_OK);
}

/* Element key of a map of maps or programs becomes the one with that id. */
static void refer(struct unit *u, uint32_t map, uint32_t key, uint32_t id)
{
	uint32_t update[4] = {map, 0, key, id};
	struct virtio_net_xdp_result result;

	cr_assert_eq(command(u, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, update, sizeof(update), &result, sizeof(result)),
		     VIRTIO_NET_OK);
}

static void unit_open(struct unit *u, enum fw_engine engine, uint64_t poison)
{
	struct fw_config config = {
		.engine = engine, .seed = 7, .num_queues = 2, .mtu = 1500, .platform = &u->platform, .platform_ctx = u};

	memset(u, 0, sizeof(*u));
	u->platform = rig_platform;
	u->platform.log = take_log;
	fw_caps_default(&config.caps);
	u->arena_bytes = fw_arena_bytes(&config.caps);
	u->arena =
		mmap(NULL, u->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(u->arena, MAP_FAILED);
	u->fw = fw_init(u->arena, u->arena_bytes, &config);
	cr_assert_not_null(u->fw);
	u->fw->poison = poison;
	map_create(u, GENERATE_ARRAY_MAP, VIRTIO_NET_XDP_MAP_ARRAY, GENERATE_ARRAY_ENTRIES, VIRTIO_NET_XDP_ID_NONE);
	map_create(u, GENERATE_HASH_MAP, VIRTIO_NET_XDP_MAP_HASH, 8, VIRTIO_NET_XDP_ID_NONE);
	map_create(u, GENERATE_PROGS_MAP, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 2, VIRTIO_NET_XDP_ID_NONE);
	map_create(u, GENERATE_OUTER_MAP, VIRTIO_NET_XDP_MAP_ARRAY_OF, 4, GENERATE_HASH_MAP);
	map_create(u, GENERATE_RING_MAP, VIRTIO_NET_XDP_MAP_RINGBUF, 65536, VIRTIO_NET_XDP_ID_NONE);
	refer(u, GENERATE_OUTER_MAP, 1, GENERATE_HASH_MAP);
	refer(u, GENERATE_OUTER_MAP, 3, GENERATE_HASH_MAP);
}

static void unit_close(struct unit *u)
{
	fw_exit(u->fw);
	munmap(u->arena, u->arena_bytes);
}

/* Loads the program as id 0. Returns 0 if it is READY, else the verifier's error. */
static uint32_t load(struct unit *u, const uint8_t *wire, uint32_t slots)
{
	uint8_t write[sizeof(struct virtio_net_xdp_prog_write) + (size_t)GENERATE_MAX_SLOTS * 8] = {0};
	struct virtio_net_xdp_prog_create create = {.bytes = cpu_to_le32(slots * 8)};
	struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_prog_info info = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_prog_info_result result;

	memcpy(write + sizeof(struct virtio_net_xdp_prog_write), wire, (size_t)slots * 8);
	cr_assert_eq(
		command(u, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &create, sizeof(create), &result.hdr, sizeof(result.hdr)),
		0);
	cr_assert_eq(command(u, VIRTIO_NET_CTRL_XDP_PROG_WRITE, write,
			     sizeof(struct virtio_net_xdp_prog_write) + (size_t)slots * 8, &result.hdr,
			     sizeof(result.hdr)),
		     0);
	cr_assert_eq(
		command(u, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &commit, sizeof(commit), &result.hdr, sizeof(result.hdr)),
		0);
	while (fw_poll(u->fw, 10000))
		;
	cr_assert_eq(command(u, VIRTIO_NET_CTRL_XDP_PROG_INFO, &info, sizeof(info), &result, sizeof(result)), 0);
	if (result.state == VIRTIO_NET_XDP_PROG_READY) {
		refer(u, GENERATE_PROGS_MAP, 0, 0); /* it can tail-call itself */
		return 0;
	}
	cr_assert_neq(le32_to_cpu(result.error), 0, "refused without an error");
	return le32_to_cpu(result.error);
}

static void unload(struct unit *u)
{
	struct virtio_net_xdp_prog_destroy destroy = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_result result;

	cr_assert_eq(command(u, VIRTIO_NET_CTRL_XDP_PROG_DESTROY, &destroy, sizeof(destroy), &result, sizeof(result)),
		     0);
}

/* One test run, result into out. */
static void run(struct unit *u, const uint8_t *frame, size_t bytes, uint8_t out[RESULT_BYTES])
{
	uint8_t in[sizeof(struct virtio_net_xdp_test_run) + 256];
	struct virtio_net_xdp_test_run head = {.ifindex = cpu_to_le32(3), .rx_queue_index = cpu_to_le32(1)};

	memcpy(in, &head, sizeof(head));
	memcpy(in + sizeof(head), frame, bytes);
	memset(out, 0, RESULT_BYTES);
	cr_assert_eq(command(u, VIRTIO_NET_CTRL_XDP_TEST_RUN, in, sizeof(head) + bytes, out, RESULT_BYTES), 0,
		     "status %u detail %u", out[0], out[4] | out[5] << 8);
}

/* All values of a map, missing ones as zero. */
static void values(struct unit *u, uint32_t id, uint8_t out[64][GENERATE_VALUE_BYTES])
{
	for (uint32_t key = 0; key < 64; key++) {
		uint8_t result[sizeof(struct virtio_net_xdp_result) + GENERATE_VALUE_BYTES];
		uint32_t in[2] = {id, key};

		memset(out[key], 0, GENERATE_VALUE_BYTES);
		if (command(u, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, in, sizeof(in), result, sizeof(result)) == VIRTIO_NET_OK)
			memcpy(out[key], result + sizeof(struct virtio_net_xdp_result), GENERATE_VALUE_BYTES);
	}
}

static void compare(struct unit *units, uint64_t seed)
{
	static uint8_t want[64][GENERATE_VALUE_BYTES], got[64][GENERATE_VALUE_BYTES];
	uint8_t frame[256], a[RESULT_BYTES], b[RESULT_BYTES];
	uint64_t rng = seed ^ 0x5555;

	for (int i = 0; i < RUNS; i++) {
		size_t bytes = 14 + (size_t)generate_random(&rng) % (sizeof(frame) - 13);

		for (size_t n = 0; n < bytes; n++)
			frame[n] = i == 0 ? 0 : i == 1 ? 0xff : (uint8_t)generate_random(&rng);
		for (int u = 0; u < UNITS; u++) {
			units[u].fault[0] = 0;
			units[u].line[0] = 0;
			run(&units[u], frame, bytes, u ? b : a);
			cr_assert_eq(units[u].fault[0], 0, "UNSOUND: seed %lu run %d: %s", seed, i, units[u].fault);
			if (u)
				cr_assert_arr_eq(a, b, RESULT_BYTES, "%s: seed %lu run %d: R0 %lx and %lx",
						 unit_rows[u].says, seed, i, *(uint64_t *)(a + 8),
						 *(uint64_t *)(b + 8));
			cr_assert_str_eq(units[u].line, units[0].line, "%s: seed %lu run %d: lines", unit_rows[u].says,
					 seed, i);
		}
	}
	for (uint32_t map = 0; map < 2; map++) {
		values(&units[0], map, want);
		for (int u = 1; u < UNITS; u++) {
			values(&units[u], map, got);
			cr_assert_arr_eq(want, got, sizeof(want), "%s: seed %lu map %u", unit_rows[u].says, seed, map);
		}
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

#define GENERATORS 2

/* Half of the programs from each generator; of four programs one was changed at random. */
static uint32_t generate(uint64_t seed, uint8_t *wire)
{
	uint32_t slots = seed & 1 ? generate_flow(seed, wire) : generate_program(seed, GENERATE_OBJECTS, wire);

	if (seed % 8 < 2)
		generate_mutate(seed, wire, slots);
	return slots;
}

Test(fuzz, programs)
{
	uint64_t first = setting("REFNIC_SEED", 1), programs = setting("REFNIC_FUZZ", PROGRAMS);
	uint32_t accepted[GENERATORS] = {0}, refused[256] = {0};
	uint8_t wire[(size_t)GENERATE_MAX_SLOTS * 8];
	struct unit units[UNITS];

	for (int u = 0; u < UNITS; u++)
		unit_open(&units[u], unit_rows[u].engine, unit_rows[u].poison);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		uint32_t slots = generate(seed, wire), error = load(&units[0], wire, slots);

		for (int u = 1; u < UNITS; u++)
			cr_assert_eq(load(&units[u], wire, slots), error, "seed %lu: verdict differs between engines",
				     seed);
		if (error)
			refused[error & 0xff]++;
		else
			compare(units, seed);
		accepted[seed % GENERATORS] += !error;
		for (int u = 0; u < UNITS; u++)
			unload(&units[u]);
	}
	for (int u = 0; u < UNITS; u++)
		unit_close(&units[u]);
	if (getenv("REFNIC_FUZZ")) {
		fprintf(stderr, "of %lu programs, accepted by generator: %u, %u\n", programs, accepted[0], accepted[1]);
		for (int i = 0; i < 256; i++)
			if (refused[i])
				fprintf(stderr, "  error %#x: %u\n", i, refused[i]);
	}
	/* A verifier that refuses everything is sound, too, and no use. */
	for (int i = 0; i < GENERATORS; i++)
		cr_assert_gt(accepted[i], programs / 20, "generator %d: only %u of %lu programs were accepted", i,
			     accepted[i], programs / GENERATORS);
}
