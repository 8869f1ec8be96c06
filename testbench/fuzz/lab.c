// SPDX-License-Identifier: BSD-2-Clause
#include "fuzz/lab.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core.h"
#include "rig/rig.h"
#include "virtio_net.h"
#include "virtio_net_xdp.h"

static void take_log(void *ctx, const char *line)
{
	struct lab *lab = ctx;

	snprintf(strstr(line, ": fault at ") ? lab->fault : lab->line, sizeof(lab->line), "%s", line);
}

static uint8_t command(struct lab *lab, uint8_t number, const void *in, size_t in_bytes, void *out, size_t room)
{
	size_t written;

	return fw_command(lab->fw, number, in, in_bytes, out, room, &written);
}

/* inner: what the maps in it are like, or VIRTIO_NET_XDP_ID_NONE. */
static void map_create(struct lab *lab, uint32_t id, uint32_t type, uint32_t entries, uint32_t inner)
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

	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &map, sizeof(map), &result, sizeof(result)),
		     VIRTIO_NET_OK);
}

/* Element key of a map of maps or programs becomes the one with that id. */
static void refer(struct lab *lab, uint32_t map, uint32_t key, uint32_t id)
{
	uint32_t update[4] = {map, 0, key, id};
	struct virtio_net_xdp_result result;

	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, update, sizeof(update), &result, sizeof(result)),
		     VIRTIO_NET_OK);
}

void lab_open(struct lab *lab, enum fw_engine engine, uint64_t poison)
{
	struct fw_config config = {.engine = engine,
				   .seed = 7,
				   .num_queues = 2,
				   .mtu = 1500,
				   .platform = &lab->platform,
				   .platform_ctx = lab};

	memset(lab, 0, sizeof(*lab));
	lab->platform = rig_platform;
	lab->platform.log = take_log;
	fw_caps_default(&config.caps);
	lab->arena_bytes = fw_arena_bytes(&config.caps);
	lab->arena = mmap(NULL, lab->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	cr_assert_neq(lab->arena, MAP_FAILED);
	lab->fw = fw_init(lab->arena, lab->arena_bytes, &config);
	cr_assert_not_null(lab->fw);
	lab->fw->poison = poison;
	map_create(lab, GENERATE_ARRAY_MAP, VIRTIO_NET_XDP_MAP_ARRAY, GENERATE_ARRAY_ENTRIES, VIRTIO_NET_XDP_ID_NONE);
	map_create(lab, GENERATE_HASH_MAP, VIRTIO_NET_XDP_MAP_HASH, 8, VIRTIO_NET_XDP_ID_NONE);
	map_create(lab, GENERATE_PROGS_MAP, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 2, VIRTIO_NET_XDP_ID_NONE);
	map_create(lab, GENERATE_OUTER_MAP, VIRTIO_NET_XDP_MAP_ARRAY_OF, 4, GENERATE_HASH_MAP);
	map_create(lab, GENERATE_RING_MAP, VIRTIO_NET_XDP_MAP_RINGBUF, 65536, VIRTIO_NET_XDP_ID_NONE);
	refer(lab, GENERATE_OUTER_MAP, 1, GENERATE_HASH_MAP);
	refer(lab, GENERATE_OUTER_MAP, 3, GENERATE_HASH_MAP);
}

void lab_close(struct lab *lab)
{
	fw_exit(lab->fw);
	munmap(lab->arena, lab->arena_bytes);
}

static void write_program(struct lab *lab, const uint8_t *wire, uint32_t slots)
{
	uint8_t write[sizeof(struct virtio_net_xdp_prog_write) + (size_t)GENERATE_MAX_SLOTS * 8] = {0};
	struct virtio_net_xdp_prog_create create = {.bytes = cpu_to_le32(slots * 8)};
	struct virtio_net_xdp_result result;

	memcpy(write + sizeof(struct virtio_net_xdp_prog_write), wire, (size_t)slots * 8);
	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &create, sizeof(create), &result, sizeof(result)),
		     VIRTIO_NET_OK);
	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_PROG_WRITE, write,
			     sizeof(struct virtio_net_xdp_prog_write) + (size_t)slots * 8, &result, sizeof(result)),
		     VIRTIO_NET_OK);
}

static void tell_funcs(struct lab *lab, const struct virtio_net_xdp_func *funcs, uint32_t count)
{
	uint8_t in[sizeof(struct virtio_net_xdp_prog_funcs) + GENERATE_FUNCS_MAX * sizeof(funcs[0])] = {0};
	struct virtio_net_xdp_result result;

	if (!count)
		return;
	memcpy(in + sizeof(struct virtio_net_xdp_prog_funcs), funcs, count * sizeof(funcs[0]));
	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_PROG_FUNCS, in,
			     sizeof(struct virtio_net_xdp_prog_funcs) + count * sizeof(funcs[0]), &result,
			     sizeof(result)),
		     VIRTIO_NET_OK);
}

/* 0 if it is READY, else the verifier's error. */
static uint32_t judge(struct lab *lab)
{
	struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_prog_info info = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_prog_info_result result;

	cr_assert_eq(
		command(lab, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &commit, sizeof(commit), &result.hdr, sizeof(result.hdr)),
		VIRTIO_NET_OK);
	while (fw_poll(lab->fw, 10000))
		;
	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_PROG_INFO, &info, sizeof(info), &result, sizeof(result)),
		     VIRTIO_NET_OK);
	if (result.state == VIRTIO_NET_XDP_PROG_READY) {
		refer(lab, GENERATE_PROGS_MAP, 0, 0); /* it can tail-call itself */
		return 0;
	}
	cr_assert_neq(le32_to_cpu(result.error), 0, "refused without an error");
	return le32_to_cpu(result.error);
}

uint32_t lab_load(struct lab *lab, const uint8_t *wire, uint32_t slots)
{
	write_program(lab, wire, slots);
	return judge(lab);
}

uint32_t lab_load_program(struct lab *lab, const struct lab_program *program)
{
	write_program(lab, program->wire, program->slots);
	tell_funcs(lab, program->funcs, program->num_funcs);
	return judge(lab);
}

void lab_unload(struct lab *lab)
{
	struct virtio_net_xdp_prog_destroy destroy = {.id = cpu_to_le32(0)};
	struct virtio_net_xdp_result result;

	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_PROG_DESTROY, &destroy, sizeof(destroy), &result, sizeof(result)),
		     0);
}

void lab_run(struct lab *lab, const uint8_t *frame, size_t bytes, uint8_t out[LAB_RESULT_BYTES])
{
	uint8_t in[sizeof(struct virtio_net_xdp_test_run) + LAB_FRAME_MAX];
	struct virtio_net_xdp_test_run head = {.ifindex = cpu_to_le32(3), .rx_queue_index = cpu_to_le32(1)};

	memcpy(in, &head, sizeof(head));
	memcpy(in + sizeof(head), frame, bytes);
	memset(out, 0, LAB_RESULT_BYTES);
	cr_assert_eq(command(lab, VIRTIO_NET_CTRL_XDP_TEST_RUN, in, sizeof(head) + bytes, out, LAB_RESULT_BYTES), 0,
		     "status %u detail %u", out[0], out[4] | out[5] << 8);
}

void lab_values(struct lab *lab, uint32_t id, uint8_t out[LAB_KEYS][GENERATE_VALUE_BYTES])
{
	for (uint32_t key = 0; key < LAB_KEYS; key++) {
		uint8_t result[sizeof(struct virtio_net_xdp_result) + GENERATE_VALUE_BYTES];
		uint32_t in[2] = {id, key};

		memset(out[key], 0, GENERATE_VALUE_BYTES);
		if (command(lab, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, in, sizeof(in), result, sizeof(result)) ==
		    VIRTIO_NET_OK)
			memcpy(out[key], result + sizeof(struct virtio_net_xdp_result), GENERATE_VALUE_BYTES);
	}
}

uint64_t lab_setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void straight(uint64_t seed, struct lab_program *p)
{
	p->slots = generate_program(seed, GENERATE_OBJECTS, p->wire);
}

static void flow(uint64_t seed, struct lab_program *p)
{
	p->slots = generate_flow(seed, p->wire);
}

static void global(uint64_t seed, struct lab_program *p)
{
	p->slots = generate_global(seed, p->wire, p->funcs, &p->num_funcs);
}

static void global_flow(uint64_t seed, struct lab_program *p)
{
	flow(seed, p);
	generate_flow_funcs(seed, p->wire, p->slots, p->funcs, &p->num_funcs);
}

void lab_program(uint64_t seed, struct lab_program *program)
{
	static void (*const kinds[LAB_KINDS])(uint64_t seed, struct lab_program * p) = {
		straight,
		flow,
		global,
		global_flow,
	};

	program->num_funcs = 0;
	kinds[seed % LAB_KINDS](seed, program);
	program->changed = seed / LAB_KINDS % 4 == 0;
	if (program->changed)
		generate_mutate(seed, program->wire, program->slots);
}
