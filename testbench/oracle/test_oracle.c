// SPDX-License-Identifier: BSD-2-Clause
/*
 * The device against the running kernel: every example program, over a thousand real frames of 14 to 3,520 bytes,
 * offloaded by the driver and run by command, gives the kernel's action, frame and map contents. Skipped, with a line
 * that says so, where bpf() is not allowed.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device-model/trace.h"
#include "load/file.h"
#include "load/offload.h"
#include "oracle/kernel.h"
#include "oracle/tunnel.h"
#include "replay/maps.h"
#include "rig/link_mem.h"
#include "rig/rig.h"

#define FRAMES_MIN 1000
#define PRESETS    4
#define VALUE_ROOM 4096 /* bytes */
#define FRAME_ROOM (KERNEL_FRAME_MAX + 1024)

struct preset {
	const char *map, *path;
};

struct row {
	const char *program;
	struct preset presets[PRESETS];
	const char *timed; /* a map that holds times, which are each one's own */
};

#define MAPS "testbench/data/maps/"

static const struct row rows[] = {
	{"pass", {{0}}, NULL},
	{"xdp1", {{0}}, NULL},
	{"xdp2", {{0}}, NULL},
	{"blocklist", {{"blocklist", MAPS "blocklist.json"}}, NULL},
	{"router", {{"routes", MAPS "routes.json"}}, NULL},
	{"balancer", {{"services", MAPS "services.json"}, {"backends", MAPS "backends.json"}}, NULL},
	{"connections",
	 {{"services", MAPS "connections/services.json"},
	  {"ring_0", MAPS "connections/ring_0.json"},
	  {"ring_1", MAPS "connections/ring_1.json"},
	  {"backends", MAPS "connections/backends.json"}},
	 "connections"},
	{"decap", {{"tunnels", MAPS "decap/tunnels.json"}}, NULL},
	{"firewall", {{"rules_6", MAPS "firewall/rules_6.json"}}, NULL},
	{"options", {{"denied_options", MAPS "options/denied_options.json"}}, NULL},
	{"retag", {{"rules", MAPS "retag/rules.json"}}, NULL},
	{"synlimit", {{0}}, "device"},
};

struct frames {
	struct trace *traces[32];
	size_t num_traces;
	size_t count;
};

/* Every trace of the project. */
static void frames_open(struct frames *frames)
{
	char error[TRACE_ERROR_BYTES];
	glob_t found;

	memset(frames, 0, sizeof(*frames));
	cr_assert_eq(glob("traces/*.pcap*", 0, NULL, &found), 0, "no traces: run this from the top of the tree");
	for (size_t i = 0; i < found.gl_pathc && frames->num_traces < 32; i++) {
		struct trace_config config = {.path = found.gl_pathv[i]};
		struct trace *trace = trace_open(&config, error);

		cr_assert_not_null(trace, "%s", error);
		frames->traces[frames->num_traces++] = trace;
		frames->count += trace->count;
	}
	globfree(&found);
	cr_assert_geq(frames->count, FRAMES_MIN);
}

static void frames_close(struct frames *frames)
{
	for (size_t i = 0; i < frames->num_traces; i++)
		trace_free(frames->traces[i]);
}

/*
 * Frame n of all, at most as long as the kernel takes. Each third is in a tunnel, some in two; each fifth is cut
 * somewhere, so that programs meet every length.
 */
static uint32_t frame_copy(const struct frames *frames, size_t n, uint8_t *to)
{
	size_t i = 0, at = n;
	const struct link_frame *frame;
	uint32_t whole, bytes;

	while (at >= frames->traces[i]->count)
		at -= frames->traces[i++]->count;
	frame = &frames->traces[i]->frames[at];
	whole = frame->bytes > KERNEL_FRAME_MAX ? KERNEL_FRAME_MAX : frame->bytes;
	memcpy(to, frame->data, whole);
	if (n % 3 == 1 && whole >= KERNEL_FRAME_MIN)
		for (size_t t = 0; t <= n % 2; t++)
			whole = tunnel_wrap(to, whole, (uint32_t)(n / 3 + t) % TUNNEL_KINDS);
	bytes = whole > KERNEL_FRAME_MAX ? KERNEL_FRAME_MAX : whole;
	if (n % 5 == 0 && bytes > KERNEL_FRAME_MIN)
		bytes = KERNEL_FRAME_MIN + (uint32_t)(n * 7 % (bytes - KERNEL_FRAME_MIN));
	return bytes;
}

static const struct load_map *map_of(const struct load_object *object, const char *name)
{
	for (size_t i = 0; i < object->num_maps; i++)
		if (!strcmp(object->maps[i].name, name))
			return &object->maps[i];
	cr_assert_fail("no map %s", name);
	return NULL;
}

static void preset_both(struct kernel *kernel, struct drv_net *net, const struct load_object *object,
			const struct preset *preset)
{
	char error[LOAD_ERROR_BYTES];
	struct maps_element *elements;
	uint8_t *text;
	size_t bytes, count;

	cr_assert_eq(maps_fill(net, object, preset->map, preset->path, error), STATUS_DONE, "%s", error);
	cr_assert_eq(file_read(preset->path, MAPS_FILE_BYTES_MAX, &text, &bytes), 0);
	cr_assert_eq(maps_parse((char *)text, bytes, map_of(object, preset->map), 1, &elements, &count, error), 0, "%s",
		     error);
	cr_assert_gt(count, 0);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(kernel_map_update(kernel, preset->map, elements[i].key, elements[i].value), 0);
	maps_free_elements(elements, count);
	free(text);
}

/* Whether the map's elements mean the same to both: one value each, and no ids or times. */
static bool comparable(const struct load_map *map, const struct row *row)
{
	return (map->type == VIRTIO_NET_XDP_MAP_ARRAY || map->type == VIRTIO_NET_XDP_MAP_HASH) &&
	       !(row->timed && strcmp(row->timed, map->name) == 0);
}

static void compare_maps(struct kernel *kernel, struct drv_net *net, const struct load_object *object,
			 const struct row *row)
{
	const char *program = row->program;
	char error[LOAD_ERROR_BYTES];
	struct maps maps;

	cr_assert_eq(maps_read(net, object, NULL, &maps, error), 0, "%s", error);
	for (size_t m = 0; m < maps.count; m++) {
		const struct maps_dump *dump = &maps.dumps[m];
		uint8_t value[VALUE_ROOM] = {0};

		if (!comparable(dump->map, row))
			continue;
		cr_assert_leq(dump->map->value_size, sizeof(value));
		cr_assert_eq(kernel_map_count(kernel, dump->map->name), dump->count, "%s: map %s", program,
			     dump->map->name);
		for (size_t i = 0; i < dump->count; i++) {
			cr_assert_eq(kernel_map_lookup(kernel, dump->map->name, maps_key(dump, i), value), 0,
				     "%s: map %s lacks element %zu in the kernel", program, dump->map->name, i);
			cr_assert_arr_eq(maps_value(dump, i), value, dump->map->value_size,
					 "%s: map %s differs in element %zu", program, dump->map->name, i);
		}
	}
	maps_free(&maps);
}

static void compare_frames(struct kernel *kernel, struct drv_net *net, const struct frames *frames, const char *program)
{
	for (size_t n = 0; n < frames->count; n++) {
		uint8_t want[FRAME_ROOM], got[FRAME_ROOM];
		uint32_t want_bytes = frame_copy(frames, n, want), got_bytes = frame_copy(frames, n, got), retval,
			 queue = 0;
		struct drv_xdp_error e = {0};
		uint64_t r0;

		cr_assert_eq(kernel_run(kernel, want, &want_bytes, sizeof(want), &retval), 0,
			     "%s: frame %zu of %u bytes", program, n, want_bytes);
		cr_assert_eq(drv_xdp_test_run(net, 0, 1, &queue, got, &got_bytes, sizeof(got), &r0, &e), 0,
			     "%s: frame %zu: %s", program, n, drv_xdp_status_name(e.status));
		cr_assert_eq((uint32_t)r0, retval, "%s: frame %zu: returned %u, the kernel %u", program, n,
			     (uint32_t)r0, retval);
		cr_assert_eq(got_bytes, want_bytes, "%s: frame %zu: %u bytes, in the kernel %u", program, n, got_bytes,
			     want_bytes);
		cr_assert_arr_eq(got, want, want_bytes, "%s: frame %zu differs from the kernel's", program, n);
	}
}

static void compare(const struct row *row, enum fw_engine engine, const struct frames *frames)
{
	char path[4096], error[LOAD_ERROR_BYTES], *progs;
	struct drv_xdp_prog_info info;
	struct load_object *object;
	struct net_config config;
	struct kernel *kernel;
	struct rig *rig;
	ssize_t bytes;

	bytes = readlink("/proc/self/exe", path, sizeof(path) - 1);
	cr_assert_gt(bytes, 0);
	path[bytes] = 0;
	progs = strdup(dirname(path));
	snprintf(path, sizeof(path), "%s/progs/%s.bpf.o", progs, row->program);
	free(progs);

	kernel = kernel_open(path);
	if (!kernel && errno == EPERM)
		cr_skip_test("bpf() is not allowed here: the kernel cannot be asked");
	cr_assert_not_null(kernel, "%s: the kernel refuses it: %s", path, strerror(errno));
	object = load_open(path, NULL, error);
	cr_assert_not_null(object, "%s", error);

	rig_config_default(&config);
	config.fw.engine = engine;
	rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert_not_null(rig);
	cr_assert_eq(offload_start(rig_driver(rig), error), 0, "%s", error);
	cr_assert_eq(offload_maps(rig_driver(rig), object, error), 0, "%s", error);
	for (size_t i = 0; i < PRESETS && row->presets[i].map; i++)
		preset_both(kernel, rig_driver(rig), object, &row->presets[i]);
	cr_assert_eq(offload_prog(rig_driver(rig), object, &object->progs[0], 0, 1, &info, error), 0, "%s", error);

	compare_frames(kernel, rig_driver(rig), frames, row->program);
	compare_maps(kernel, rig_driver(rig), object, row);
	rig_close(rig);
	load_free(object);
	kernel_close(kernel);
}

static void compare_all(enum fw_engine engine)
{
	struct frames frames;

	frames_open(&frames);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		compare(&rows[i], engine, &frames);
	frames_close(&frames);
}

Test(oracle, interpreter_agrees_with_the_kernel)
{
	compare_all(FW_ENGINE_INTERP);
}

Test(oracle, jit_agrees_with_the_kernel)
{
	compare_all(FW_ENGINE_JIT);
}
