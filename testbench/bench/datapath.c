// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames from a link through the device, and on one core all that has to do with it: the link's walk over a capture in
 * memory, the program, the virtqueue, the driver, which recycles its buffers. Beside it the least that any code would
 * have to do (limit.h), and DPDK (peer_testpmd.h).
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/limit.h"
#include "bench/link_repeat.h"
#include "bench/measure.h"
#include "bench/peer_testpmd.h"
#include "load/offload.h"
#include "rig/rig.h"
#include "virtio_config.h"

#define CACHED_BYTES  ((size_t)256 << 10) /* of a capture that stays in the cache of a core */
#define CACHED_FRAMES 1024
#define STREAM_FRAMES 1000000
#define SLICE_US      8000
#define IFINDEX       1

#define DROP_LIMIT 1.5
#define TX_LIMIT   1.6
#define PASS_LIMIT 2.5
#define PEER_LIMIT 1.0

static const char no_memory[] = "no memory";

static const struct {
	enum sample_mix mix;
	const char *key, *title;
} mixes[] = {
	{SAMPLE_SMALL, "datapath_64", "64-byte frames"},
	{SAMPLE_LARGE, "datapath_1500", "1,500-byte frames"},
	{SAMPLE_IMIX, "datapath_imix", "an IMIX (64, 570 and 1,514 bytes as 7 to 4 to 1)"},
};

#define MIXES (sizeof(mixes) / sizeof(mixes[0]))

/* What a frame of a path costs at least. */
enum { WALK, RUN_DROP, RUN_TX, SPLIT, PACKED, LIMITS };

static const struct {
	const char *key, *name;
	const char *program; /* of limit_run() */
	void (*round)(void *ctx);
} limits[LIMITS] = {
	[WALK] = {"limit_walk", "limit: walk", NULL, limit_walk},
	[RUN_DROP] = {"limit_drop", "limit: walk, native xdp1", "xdp1", limit_run},
	[RUN_TX] = {"limit_tx", "limit: walk, copy, native xdp2", "xdp2", limit_copy_run},
	[SPLIT] = {"limit_split", "limit: walk, split ring", NULL, limit_split},
	[PACKED] = {"limit_packed", "limit: walk, packed ring", NULL, limit_packed},
};

enum { FORMAT_SPLIT, FORMAT_PACKED, FORMAT_PACKED_IN_ORDER };

static const struct route {
	const char *key, *name;
	const char *program; /* NULL: none attached */
	enum net_fate fate;  /* of each frame; NET_FATES: the guest transmits it */
	int format, limit;
} routes[] = {
	{"drop", "xdp1, drop", "xdp1", NET_FATE_DROP, FORMAT_SPLIT, RUN_DROP},
	{"tx", "xdp2, back to the wire", "xdp2", NET_FATE_TX, FORMAT_SPLIT, RUN_TX},
	{"pass_split", "pass, split, driver", "pass", NET_FATE_PASS, FORMAT_SPLIT, SPLIT},
	{"pass_packed", "pass, packed, driver", "pass", NET_FATE_PASS, FORMAT_PACKED, PACKED},
	{"pass_in_order", "pass, packed in order, driver", "pass", NET_FATE_PASS, FORMAT_PACKED_IN_ORDER, PACKED},
	{"none_split", "no program, split, driver", NULL, NET_FATE_DELIVERED, FORMAT_SPLIT, SPLIT},
	{"none_packed", "no program, packed, driver", NULL, NET_FATE_DELIVERED, FORMAT_PACKED, PACKED},
	{"transmit_split", "driver, split, to the wire", NULL, NET_FATES, FORMAT_SPLIT, SPLIT},
	{"transmit_packed", "driver, packed, to the wire", NULL, NET_FATES, FORMAT_PACKED, PACKED},
};

#define ROUTES   (sizeof(routes) / sizeof(routes[0]))
#define MEASURES (LIMITS + ROUTES)

/* Where the frames come from: one after the other, each of these columns. */
enum { CACHED, STREAM, PLACES };
enum { C_NS, C_MEDIAN, C_P90, C_MFPS, C_RATIO, PLACE_COLUMNS };

static const struct report_column columns[PLACES * PLACE_COLUMNS] = {
	{"cached_ns", "cache: ns", 1, false},
	{"cached_median_ns", "median", 1, false},
	{"cached_p90_ns", "p90", 1, false},
	{"cached_million_frames_per_s", "Mframes/s", 1, false},
	{"cached_over_limit", "/limit", 2, true},
	{"streaming_ns", "stream: ns", 1, false},
	{"streaming_median_ns", "median", 1, false},
	{"streaming_p90_ns", "p90", 1, false},
	{"streaming_million_frames_per_s", "Mframes/s", 1, false},
	{"streaming_over_limit", "/limit", 2, true},
};

/* A device on a repeating link and a driver that takes what comes, or sends the same frames. */
struct path {
	const struct route *route;
	const struct sample *sample;
	struct rig *rig;
	struct link *link; /* the rig's */
	size_t at;         /* of the sample, to be transmitted */
	uint64_t received, sum;
	int error;
};

/* ---- rounds ---- */

static void got(void *ctx, const struct drv_net_frame *frame)
{
	struct path *p = ctx;
	uint64_t first;

	memcpy(&first, frame->data, sizeof(first));
	p->received++;
	p->sum += first + frame->bytes;
}

static void round_receive(void *ctx)
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

static void round_transmit(void *ctx)
{
	struct path *p = ctx;
	const struct sample *sample = p->sample;
	struct drv_net_out out[LINK_BURST];
	int n;

	for (size_t sent = 0; sent < LIMIT_FRAMES; sent += LINK_BURST) {
		for (size_t i = 0; i < LINK_BURST; i++) {
			const struct pcap_record *record = (const void *)(sample->image + p->at);

			out[i] = (struct drv_net_out){record + 1, le32_to_cpu(record->bytes)};
			p->at += sizeof(*record) + out[i].bytes;
			if (p->at == sample->bytes)
				p->at = 0;
		}
		n = drv_net_transmit_all(rig_driver(p->rig), 0, out, LINK_BURST);
		if (n != LINK_BURST) {
			p->error = n < 0 ? n : -EAGAIN;
			return;
		}
		net_poll(rig_device(p->rig));
	}
}

static void round_path(void *ctx)
{
	struct path *p = ctx;

	if (p->route->fate == NET_FATES)
		round_transmit(p);
	else
		round_receive(p);
}

/* Frames that came to where they belong. */
static uint64_t arrived(const struct path *p)
{
	const struct net_counters *counters = net_counters(rig_device(p->rig));

	return p->route->fate == NET_FATES ? counters->transmitted : counters->frames[p->route->fate];
}

static int check(struct path *p, char *error)
{
	uint64_t before = arrived(p), left;

	round_path(p);
	left = LIMIT_FRAMES - (arrived(p) - before);
	if (!p->error && !left)
		return 0;
	snprintf(error, LOAD_ERROR_BYTES,
		 "datapath, %s: of %d frames %llu did not come to where they belong, and the driver's result is %d",
		 p->route->name, LIMIT_FRAMES, (unsigned long long)left, p->error);
	return -EPROTO;
}

/* ---- setting up ---- */

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

	p->route = route;
	p->sample = sample;
	p->link = link_repeat_open(sample);
	if (!p->link) {
		snprintf(bench->error, sizeof(bench->error), "%s", no_memory);
		return -ENOMEM;
	}
	rig_config_default(&config);
	virtio_feature_set(&config.features, VIRTIO_F_RING_PACKED, route->format != FORMAT_SPLIT);
	virtio_feature_set(&config.features, VIRTIO_F_IN_ORDER, route->format == FORMAT_PACKED_IN_ORDER);
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
	return err ? err : check(p, bench->error);
}

/* The program for this machine; NULL with a note that it is not there. */
static struct engine *open_native(struct bench *bench, const char *name)
{
	char path[PATH_MAX], error[LOAD_ERROR_BYTES];
	struct engine_args args = {.name = name, .progs = bench->progs, .peers = bench->peers};
	struct load_object *object;
	struct engine *engine = NULL;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", bench->progs, name);
	object = load_open(path, NULL, error);
	args.object = object;
	args.prog = object ? load_choose(object, NULL, error) : NULL;
	if (args.prog)
		engine = engine_native.open(&args, error);
	load_free(object);
	if (!engine)
		report_note(&bench->report, "Not there: native C for %s: %.150s.", name, error);
	/* It keeps the object for its maps' shapes, which nobody asks for here. */
	/* cppcheck-suppress returnDanglingLifetime */
	return engine;
}

/* ---- measuring ---- */

struct limits {
	struct engine *natives[LIMITS];
	struct limit *limits[LIMITS];
};

static int limits_open(struct bench *bench, const struct sample *sample, struct limits *l)
{
	for (size_t i = 0; i < LIMITS; i++) {
		if (limits[i].program)
			l->natives[i] = open_native(bench, limits[i].program);
		l->limits[i] = limit_open(sample, l->natives[i] ? engine_native_program(l->natives[i]) : NULL);
		if (l->limits[i])
			continue;
		snprintf(bench->error, sizeof(bench->error), "%s", no_memory);
		return -ENOMEM;
	}
	return 0;
}

static void limits_close(struct limits *l)
{
	for (size_t i = 0; i < LIMITS; i++) {
		limit_close(l->limits[i]);
		engine_close(l->natives[i]);
	}
}

static void do_nothing(void *ctx)
{
	(void)ctx;
}

/* Measures everything on one sample; measures[]: limits, then routes. A limit whose program is not there is NAN. */
static int run(struct bench *bench, const struct sample *sample, struct measure measures[static MEASURES])
{
	struct path paths[ROUTES] = {0};
	struct limits l = {0};
	int err = limits_open(bench, sample, &l);

	for (size_t i = 0; i < LIMITS; i++)
		measures[i] = (struct measure){
			.round = limits[i].program && !l.natives[i] ? do_nothing : limits[i].round,
			.ctx = l.limits[i],
			.units = LIMIT_FRAMES,
		};
	for (size_t i = 0; i < ROUTES && !err; i++) {
		err = path_open(bench, &routes[i], sample, &paths[i]);
		measures[LIMITS + i] = (struct measure){.round = round_path, .ctx = &paths[i], .units = LIMIT_FRAMES};
	}
	if (!err)
		err = measure_run(measures, MEASURES, SLICE_US, MEASURE_WALL);
	for (size_t i = 0; i < LIMITS; i++)
		if (measures[i].round == do_nothing)
			measures[i].ns = measures[i].median_ns = measures[i].p90_ns = NAN;
	/* Nothing may have gone wrong meanwhile: a path that stands still is fast. */
	for (size_t i = 0; i < ROUTES && !err; i++)
		err = check(&paths[i], bench->error);
	for (size_t i = 0; i < ROUTES; i++)
		rig_close(paths[i].rig);
	limits_close(&l);
	return err;
}

static void put(double *values, const struct measure *m, const struct measure *limit)
{
	values[C_NS] = m->ns;
	values[C_MEDIAN] = m->median_ns;
	values[C_P90] = m->p90_ns;
	values[C_MFPS] = 1e3 / m->ns;
	values[C_RATIO] = limit ? m->ns / limit->ns : NAN;
}

/* One mix, from the cache and streaming. */
static int run_mix(struct bench *bench, size_t mix, struct report_table *table)
{
	struct measure measures[MEASURES];
	struct report_row *rows[MEASURES];

	for (size_t i = 0; i < LIMITS; i++)
		rows[i] = report_row(table, limits[i].key, limits[i].name);
	for (size_t i = 0; i < ROUTES; i++)
		rows[LIMITS + i] = report_row(table, routes[i].key, routes[i].name);
	for (int place = 0; place < PLACES; place++) {
		struct sample *sample = place == CACHED ? sample_open(mixes[mix].mix, CACHED_FRAMES, CACHED_BYTES)
							: sample_open(mixes[mix].mix, STREAM_FRAMES, SIZE_MAX);
		int err;

		bench_progress("datapath: %s, %s", mixes[mix].title, place == CACHED ? "in cache" : "streaming");
		if (!sample) {
			snprintf(bench->error, sizeof(bench->error), "%s", no_memory);
			return -ENOMEM;
		}
		err = run(bench, sample, measures);
		sample_close(sample);
		if (err)
			return err;
		for (size_t i = 0; i < MEASURES; i++)
			put(&rows[i]->values[place * PLACE_COLUMNS], &measures[i],
			    i < LIMITS ? NULL : &measures[routes[i - LIMITS].limit]);
	}
	return 0;
}

/* The worst ratio of a route, over all frames and places. */
static double worst(struct report_table *const *tables, const char *key)
{
	double ratio = NAN;

	for (size_t t = 0; t < MIXES; t++)
		for (size_t i = 0; i < tables[t]->num_rows; i++)
			for (int place = 0; place < PLACES && !strcmp(tables[t]->rows[i].key, key); place++)
				ratio = fmax(ratio, tables[t]->rows[i].values[place * PLACE_COLUMNS + C_RATIO]);
	return ratio;
}

/* ns of a route with 64-byte frames in cache. */
static double small_ns(const struct report_table *table, const char *key)
{
	for (size_t i = 0; i < table->num_rows; i++)
		if (!strcmp(table->rows[i].key, key))
			return table->rows[i].values[C_NS];
	return NAN;
}

int datapath_run(struct bench *bench)
{
	struct report_table *tables[MIXES];
	double peer;
	int err;

	for (size_t i = 0; i < MIXES; i++) {
		tables[i] = report_table(
			&bench->report, mixes[i].key, columns, PLACES * PLACE_COLUMNS,
			"Datapath: %s, ns per frame, link to driver on one core; a capture in cache, and streaming "
			"%d frames from memory. /limit: the limit of what the path does",
			mixes[i].title, STREAM_FRAMES);
		err = run_mix(bench, i, tables[i]);
		if (err)
			return err;
	}
	peer = peer_testpmd_run(bench);
	bench_target(bench, "drop", "DROP / walk, native program", worst(tables, "drop"), DROP_LIMIT);
	bench_target(bench, "tx", "TX / walk, copy, native program", worst(tables, "tx"), TX_LIMIT);
	bench_target(bench, "pass", "PASS, packed / walk, its ring", worst(tables, "pass_packed"), PASS_LIMIT);
	bench_target(bench, "pass_peer", "PASS, packed / best of DPDK", small_ns(tables[0], "pass_packed") / peer,
		     PEER_LIMIT);
	return 0;
}
