// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/limit.h"
#include "bench/link_repeat.h"
#include "bench/measure.h"
#include "load/offload.h"
#include "rig/rig.h"

#define SMALL_COUNT 1024 /* records in memory: they stay in the cache, as the trace does */
#define TRACE_NAME  "http.pcap"
#define SLICE_US    12000
#define IFINDEX     1

static const char no_memory[] = "no memory";

/* What a frame of a path costs at least. */
enum { WALK, COPY, RING, LIMITS };

static const struct {
	const char *key, *name;
	void (*round)(void *ctx);
} limits[LIMITS] = {
	[WALK] = {"limit_walk", "limit: walk the records", limit_walk},
	[COPY] = {"limit_copy", "limit: walk, copy", limit_copy},
	[RING] = {"limit_ring", "limit: walk, ring, driver", limit_ring},
};

static const struct route {
	const char *key, *name;
	const char *program; /* NULL: none attached */
	enum net_fate fate;  /* of each frame */
	int limit;
} routes[] = {
	{"none", "no program, to the driver", NULL, NET_FATE_DELIVERED, RING},
	{"pass", "pass, to the driver", "pass", NET_FATE_PASS, RING},
	{"xdp1", "xdp1, drop", "xdp1", NET_FATE_DROP, COPY},
	{"xdp2", "xdp2, back to the wire", "xdp2", NET_FATE_TX, COPY},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

enum { C_SMALL_NS, C_SMALL_MFPS, C_SMALL_RATIO, C_TRACE_NS, C_TRACE_MFPS, C_TRACE_RATIO, COLUMNS };

static const struct report_column columns[COLUMNS] = {
	[C_SMALL_NS] = {"small_ns", "64 B: ns", 1, false},
	[C_SMALL_MFPS] = {"small_million_frames_per_s", "Mframes/s", 1, false},
	[C_SMALL_RATIO] = {"small_over_limit", "/limit", 2, true},
	[C_TRACE_NS] = {"trace_ns", "trace: ns", 1, false},
	[C_TRACE_MFPS] = {"trace_million_frames_per_s", "Mframes/s", 1, false},
	[C_TRACE_RATIO] = {"trace_over_limit", "/limit", 2, true},
};

/* A device on a repeating link and a driver that takes what comes. */
struct path {
	struct rig *rig;
	struct link *link; /* the rig's */
	uint64_t received, sum;
	int error;
};

static void got(void *ctx, const struct drv_net_frame *frame)
{
	struct path *p = ctx;
	uint64_t first;

	memcpy(&first, frame->data, sizeof(first));
	p->received++;
	p->sum += first + frame->bytes;
}

static void round_path(void *ctx)
{
	struct path *p = ctx;
	int n = 0;
	bool did = true;

	link_repeat_add(p->link, LIMIT_FRAMES);
	while (n > 0 || did) {
		did = net_poll(rig_device(p->rig));
		n = drv_net_receive(rig_driver(p->rig), got, p, UINT16_MAX);
		if (n < 0) {
			p->error = n;
			return;
		}
	}
}

/* xdp2 answers UDP and TCP only, so ARP and the like in a trace pass: what counts is where most frames go. */
static int check(struct path *p, const struct route *route, char *error)
{
	const struct net_counters *counters = net_counters(rig_device(p->rig));
	uint64_t before = counters->frames[route->fate];

	round_path(p);
	if (!p->error && !link_repeat_left(p->link) && (counters->frames[route->fate] - before) * 2 > LIMIT_FRAMES)
		return 0;
	snprintf(error, LOAD_ERROR_BYTES,
		 "datapath, %s: of %d frames %llu came to where they belong, and the driver's result is %d",
		 route->name, LIMIT_FRAMES, (unsigned long long)(counters->frames[route->fate] - before), p->error);
	return -EPROTO;
}

static int attach(struct path *p, const char *object_path, char *error)
{
	struct drv_net *driver = rig_driver(p->rig);
	struct load_object *object = load_open(object_path, NULL, error);
	const struct load_prog *prog = object ? load_choose(object, NULL, error) : NULL;
	struct drv_xdp_prog_info info;
	int err = -EINVAL;

	if (!prog)
		goto free;
	err = offload_maps(driver, object, error);
	if (!err)
		err = offload_prog(driver, object, prog, 0, 0, &info, error);
	if (!err)
		err = offload_attach(driver, 0, IFINDEX, error);
	if (err > 0)
		err = -EINVAL;
free:
	load_free(object);
	return err;
}

static int path_open(struct bench *bench, const struct route *route, const struct sample *sample, struct path *p)
{
	struct drv_net_config driver;
	struct net_config config;
	char object[PATH_MAX];
	int err;

	p->link = link_repeat_open(sample);
	if (!p->link) {
		snprintf(bench->error, sizeof(bench->error), "%s", no_memory);
		return -ENOMEM;
	}
	rig_config_default(&config);
	rig_driver_config_default(&driver, config.xdp_bit);
	driver.rx_buffer_bytes = SAMPLE_BUFFER_BYTES;
	p->rig = rig_open_driver(&config, &driver, p->link);
	if (!p->rig) {
		snprintf(bench->error, sizeof(bench->error), "the device cannot be set up: %s", strerror(errno));
		return -errno;
	}
	err = offload_start(rig_driver(p->rig), bench->error);
	if (!err && route->program) {
		snprintf(object, sizeof(object), "%s/%s.bpf.o", bench->progs, route->program);
		err = attach(p, object, bench->error);
	}
	return err ? err : check(p, route, bench->error);
}

/* Measures everything on one sample; ns[]: limits, then routes. */
static int run(struct bench *bench, const struct sample *sample, double ns[static LIMITS + ROUTES])
{
	struct measure measures[LIMITS + ROUTES];
	struct path paths[ROUTES] = {0};
	struct limit *limit = limit_open(sample);
	int err = limit ? 0 : -ENOMEM;

	if (err)
		snprintf(bench->error, sizeof(bench->error), "%s", no_memory);
	for (size_t i = 0; i < LIMITS; i++)
		measures[i] = (struct measure){.round = limits[i].round, .ctx = limit, .units = LIMIT_FRAMES};
	for (size_t i = 0; i < ROUTES && !err; i++) {
		err = path_open(bench, &routes[i], sample, &paths[i]);
		measures[LIMITS + i] = (struct measure){.round = round_path, .ctx = &paths[i], .units = LIMIT_FRAMES};
	}
	if (!err)
		err = measure_run(measures, LIMITS + ROUTES, SLICE_US, MEASURE_WALL);
	for (size_t i = 0; i < LIMITS + ROUTES && !err; i++)
		ns[i] = measures[i].ns;
	/* Nothing may have gone wrong meanwhile: a path that stands still is fast. */
	for (size_t i = 0; i < ROUTES && !err; i++)
		err = check(&paths[i], &routes[i], bench->error);
	for (size_t i = 0; i < ROUTES; i++)
		rig_close(paths[i].rig);
	limit_close(limit);
	return err;
}

/* limit: ns of the limit, NAN for a limit itself. */
static void put(double values[static 3], double ns, double limit)
{
	values[0] = ns;
	values[1] = 1e3 / ns;
	values[2] = ns / limit;
}

static void add_rows(struct report_table *table, const double *small_ns, const double *trace_ns)
{
	for (size_t i = 0; i < LIMITS; i++) {
		struct report_row *row = report_row(table, limits[i].key, limits[i].name);

		put(&row->values[C_SMALL_NS], small_ns[i], NAN);
		put(&row->values[C_TRACE_NS], trace_ns[i], NAN);
	}
	for (size_t i = 0; i < ROUTES; i++) {
		struct report_row *row = report_row(table, routes[i].key, routes[i].name);

		put(&row->values[C_SMALL_NS], small_ns[LIMITS + i], small_ns[routes[i].limit]);
		put(&row->values[C_TRACE_NS], trace_ns[LIMITS + i], trace_ns[routes[i].limit]);
	}
}

int datapath_run(struct bench *bench)
{
	double small_ns[LIMITS + ROUTES], trace_ns[LIMITS + ROUTES];
	struct sample *small = NULL, *trace = NULL;
	struct report_table *table;
	char path[PATH_MAX];
	int err = -EINVAL;

	snprintf(path, sizeof(path), "%s/" TRACE_NAME, bench->traces);
	small = sample_open_small(SMALL_COUNT, bench->error);
	trace = small ? sample_open_trace(path, bench->error) : NULL;
	if (!trace)
		goto close;
	err = run(bench, small, small_ns);
	if (!err)
		err = run(bench, trace, trace_ns);
	if (err)
		goto close;
	table = report_table(
		&bench->report, "datapath", columns, COLUMNS,
		"Datapath: ns per frame, link to driver over a split virtqueue; 64-byte frames, and " TRACE_NAME
		" (%.0f bytes on average). /limit: ring, or copy where no buffer is used",
		trace->mean_bytes);
	add_rows(table, small_ns, trace_ns);
close:
	sample_close(small);
	sample_close(trace);
	return err;
}
