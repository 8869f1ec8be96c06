// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/offload.h"
#include "rig/link_mem.h"
#include "rig/rig.h"

#define FRAME_BYTES 64
#define FRAME_ROOM  1024 /* a program could have made it longer */

/* The example object called name, from progs/ beside this binary. */
static struct load_object *example(const char *name)
{
	char self[4096], path[4200], error[LOAD_ERROR_BYTES];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct load_object *object;

	cr_assert_gt(bytes, 0);
	self[bytes] = 0;
	snprintf(path, sizeof(path), "%s/progs/%s.bpf.o", dirname(self), name);
	object = load_open(path, NULL, error);
	cr_assert_not_null(object, "%s", error);
	return object;
}

static struct rig *started(void)
{
	char error[LOAD_ERROR_BYTES];
	struct net_config config;
	struct rig *rig;

	rig_config_default(&config);
	rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert_not_null(rig);
	cr_assert_eq(offload_start(rig_driver(rig), error), 0, "%s", error);
	return rig;
}

/* Runs the router as program id on a UDP frame to 10.9.0.2; what it returned, and the frame afterwards. */
static uint64_t run_router(const struct load_object *object, uint32_t id, uint8_t frame[FRAME_ROOM])
{
	static const uint8_t sent[] = {2,    0, 0, 0,    0, 2, 2, 0, 0,  0,  0, 1, 8,  0, /* Ethernet */
				       0x45, 0, 0, 0x32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2};
	static const uint8_t network[4] = {10, 9, 0, 0}, hop[16] = {2, 0, 0, 0, 10, 1, 2, 0, 0, 0, 10, 2};
	char error[LOAD_ERROR_BYTES];
	struct drv_xdp_prog_info info;
	struct rig *rig = started();
	struct drv_net *net = rig_driver(rig);
	uint32_t bytes = FRAME_BYTES, queue = 0, sum = 0;
	uint64_t r0;

	memset(frame, 0, FRAME_ROOM);
	memcpy(frame, sent, sizeof(sent));
	for (int i = 14; i < 34; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	frame[24] = (uint8_t)(sum >> 8);
	frame[25] = (uint8_t)sum;

	cr_assert_eq(offload_maps(net, object, error), 0, "%s", error);
	for (uint32_t map = 0; map < object->num_maps; map++)
		if (strcmp(object->maps[map].name, "routes") == 0)
			cr_assert_eq(drv_xdp_map_update(net, map, 0, network, 4, hop, sizeof(hop), NULL), 0);
	cr_assert_eq(offload_prog(net, object, &object->progs[0], id, 0, &info, error), 0, "%s", error);
	cr_assert_eq(drv_xdp_test_run(net, id, 1, &queue, frame, &bytes, FRAME_ROOM, &r0, NULL), 0);
	cr_assert_eq(bytes, FRAME_BYTES);
	rig_close(rig);
	return r0;
}

/* What a program does must not depend on where the device keeps it. */
Test(offload, offl_reloc_result_is_the_same_under_every_id)
{
	struct load_object *object = example("router");
	uint8_t want[FRAME_ROOM], got[FRAME_ROOM];

	cr_assert_eq(run_router(object, 0, want), VIRTIO_NET_XDP_TX);
	cr_assert_eq(want[5], 1, "the next hop's address was not written");
	for (uint32_t id = 1; id < 64; id += 31) {
		cr_assert_eq(run_router(object, id, got), VIRTIO_NET_XDP_TX, "as program %u", id);
		cr_assert_arr_eq(got, want, FRAME_BYTES, "as program %u", id);
	}
	load_free(object);
}

Test(offload, refused_sentence_names_program_and_reason)
{
	struct load_object *object = example("pass");
	char error[LOAD_ERROR_BYTES];
	struct drv_xdp_prog_info info;
	struct rig *rig = started();
	int r;

	object->progs[0].insns[0] = 0xff; /* no such opcode */
	r = offload_prog(rig_driver(rig), object, &object->progs[0], 0, 0, &info, error);
	cr_assert_eq(r, 1);
	cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_REFUSED);
	cr_assert_not_null(strstr(error, "pass"), "%s", error);
	cr_assert_not_null(strstr(error, "INSN"), "%s", error);
	rig_close(rig);
	load_free(object);
}
