// SPDX-License-Identifier: BSD-2-Clause
/*
 * Engines against each other on the example programs. Whatever can run a program is opened, has its maps filled, must
 * agree with the others on mixed frames, and is then timed in turn with them.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/agree.h"
#include "bench/contest.h"
#include "bench/sample.h"
#include "device-model/link.h"
#include "virtio_net_xdp.h"

#define BURSTS        200 /* before the frames are put back as they were: a TTL of 255 lasts */
#define ROUND_BURSTS  2000
#define ROOM_BYTES    256 /* before and behind each frame */
#define LINE_BYTES    64
#define SLICE_US      10000
#define LOAD_SLICE_US 4000
#define REPEAT        250000 /* the kernel's runs in one system call */
#define WORN_RUNS     250    /* that a frame lasts; */
#define WORN_WARM     50     /* after as many, the caches are warm */
#define WORN_TRIES    4
#define BLOCKED       10000 /* sources in the blocklist */

const struct engine_ops *const contest_engines[ENGINES] = {
	[JIT] = &engine_jit,           [INTERP] = &engine_interp,           [NATIVE] = &engine_native,
	[DPDK_JIT] = &engine_dpdk_jit, [DPDK_INTERP] = &engine_dpdk_interp, [KERNEL] = &engine_kernel,
};

/* One engine with a program, and the frames it runs on. */
struct entry {
	struct engine *engine; /* NULL: not there */
	const struct contest_program *program;
	bool worn;            /* by the program, or by the one that it is to be compared with */
	uint32_t repeated_ns; /* WORN_RUNS - WORN_WARM runs, all together */
	int error;
	uint8_t small[SAMPLE_SMALL_BYTES];
	/* Of each engine at the same place in a cache line, frames in one: the first bytes are what programs look at.
	 */
	_Alignas(LINE_BYTES) uint8_t area[LINK_BURST][ROOM_BYTES + SAMPLE_SMALL_BYTES + ROOM_BYTES];
	_Alignas(LINE_BYTES) struct fw_frame frames[LINK_BURST];
};

_Static_assert(ROOM_BYTES % LINE_BYTES == 0 && SAMPLE_SMALL_BYTES % LINE_BYTES == 0, "frames begin with a line");

struct entries {
	struct load_object *object, *pass;
	struct entry entries[CONTEST_MEASURES]; /* the engines with the program, and two with pass */
};

static int update(struct engine *engine, const char *map, const void *key, const void *value, char *error)
{
	int err = engine->ops->update(engine, map, key, value);

	if (err)
		snprintf(error, LOAD_ERROR_BYTES, "%s refuses an element of map '%s': %s", engine->ops->title, map,
			 strerror(-err));
	return err;
}

static int fill_blocklist(struct engine *engine, char *error)
{
	uint64_t none = 0;
	int err = 0;

	for (uint32_t i = 0; i < BLOCKED && !err; i++) {
		uint8_t key[4] = {sample_source[0], sample_source[1], (uint8_t)(i >> 8), (uint8_t)i};

		err = update(engine, "blocklist", key, &none, error);
	}
	return err;
}

static int fill_routes(struct engine *engine, char *error)
{
	const uint8_t key[4] = {sample_dest[0], sample_dest[1], sample_dest[2], 0};
	const uint8_t value[16] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02};

	return update(engine, "routes", key, value, error);
}

static int fill_services(struct engine *engine, char *error)
{
	const uint8_t source[4] = {192, 0, 2, 1};
	int err = update(engine, "services", sample_dest, source, error);

	for (uint32_t i = 0; i < 8 && !err; i++) {
		const uint8_t value[16] = {198, 51, 100, (uint8_t)i, 0x02, 0, 0, 0, 1, (uint8_t)i};

		err = update(engine, "backends", &i, value, error);
	}
	return err;
}

const struct contest_program contest_programs[CONTEST_PROGRAMS] = {
	{"pass", "pass: return only", VIRTIO_NET_XDP_PASS, false, false, false, NULL},
	{"xdp1", "xdp1: parse, count, drop", VIRTIO_NET_XDP_DROP, false, false, true, NULL},
	{"xdp2", "xdp2: the same, swap MACs, TX", VIRTIO_NET_XDP_TX, false, false, true, NULL},
	{"blocklist", "blocklist: HASH, 10k keys", VIRTIO_NET_XDP_DROP, false, false, true, fill_blocklist},
	{"router", "router: check, rewrite, TX", VIRTIO_NET_XDP_TX, true, false, true, fill_routes},
	{"balancer", "balancer: hash, encapsulate", VIRTIO_NET_XDP_TX, false, true, false, fill_services},
};

/* ---- rounds ---- */

static void restore(struct entry *e)
{
	for (size_t i = 0; i < LINK_BURST; i++) {
		uint8_t *data = e->area[i] + ROOM_BYTES;

		memcpy(data, e->small, SAMPLE_SMALL_BYTES);
		e->frames[i].data = e->frames[i].data_meta = data;
		e->frames[i].data_end = data + SAMPLE_SMALL_BYTES;
		e->frames[i].hard_start = e->area[i];
		e->frames[i].hard_end = e->area[i] + sizeof(e->area[i]);
	}
}

/* run NULL: what a round takes without the engine. */
static void round_any(struct entry *e, size_t each, int (*run)(struct engine *, struct fw_frame *, size_t))
{
	for (size_t i = 0; i < ROUND_BURSTS; i++) {
		if (i % each == 0)
			restore(e);
		if (run)
			run(e->engine, e->frames, LINK_BURST);
		else
			__asm__ volatile("" : : "r"(e) : "memory");
	}
}

static void round_run(void *ctx)
{
	struct entry *e = ctx;

	round_any(e, BURSTS, e->engine->ops->run);
}

/* A program that moves the frame: it is put back after each burst; what that takes is measured, too, and subtracted. */
static void round_moves(void *ctx)
{
	struct entry *e = ctx;

	round_any(e, 1, e->engine->ops->run);
}

static void round_restore(void *ctx)
{
	round_any(ctx, 1, NULL);
}

static int repeat(struct entry *e, uint32_t times, uint32_t *ns)
{
	int err = e->engine->ops->repeat(e->engine, e->frames, times, ns);

	if (err)
		e->error = err;
	return err;
}

static void round_repeat(void *ctx)
{
	struct entry *e = ctx;
	uint32_t ns;

	restore(e);
	repeat(e, REPEAT, &ns);
}

/* A frame that does not last: many runs less a few, so that what is cold at first does not count. */
static void round_worn(void *ctx)
{
	uint32_t all = UINT32_MAX, warm = UINT32_MAX, ns;
	struct entry *e = ctx;

	restore(e);
	for (size_t i = 0; i < WORN_TRIES; i++) {
		if (!repeat(e, WORN_RUNS, &ns) && ns < all)
			all = ns;
		if (!repeat(e, WORN_WARM, &ns) && ns < warm)
			warm = ns;
	}
	e->repeated_ns = e->error ? 0 : all * WORN_RUNS - warm * WORN_WARM;
}

static uint64_t worn_took_ns(const void *ctx)
{
	const struct entry *e = ctx;

	return e->repeated_ns;
}

static void round_load(void *ctx)
{
	struct entry *e = ctx;
	int err = e->engine->ops->load(e->engine);

	if (err)
		e->error = err;
}

/* ---- one program ---- */

static void not_there(struct bench *bench, const struct contest_program *program, const struct engine_ops *which,
		      const char *why)
{
	report_note(&bench->report, "Not there: %s for %s: %.150s.", which->title, program->name, why);
}

static struct load_object *open_object(struct bench *bench, const char *name, struct engine_args *args)
{
	char path[PATH_MAX];
	struct load_object *object;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", bench->progs, name);
	object = load_open(path, NULL, bench->error);
	*args = (struct engine_args){.name = name, .progs = bench->progs, .peers = bench->peers, .object = object};
	args->prog = object ? load_choose(object, NULL, bench->error) : NULL;
	return object;
}

static void enter(struct entry *e, const struct engine_ops *engine, const struct contest_program *program, bool worn,
		  const struct engine_args *args, char *error)
{
	e->program = program;
	e->worn = worn;
	sample_small(e->small);
	restore(e);
	e->engine = engine->open(args, error);
}

/* Opens every engine that can run the program, and pass where it is to be subtracted. 0 or -errno. */
static int open_all(struct bench *bench, const struct contest_program *program, struct entries *c)
{
	const struct contest_program *pass = &contest_programs[0];
	struct engine_args args, pass_args;

	c->object = open_object(bench, program->name, &args);
	c->pass = args.prog ? open_object(bench, pass->name, &pass_args) : NULL;
	if (!args.prog || !c->pass || !pass_args.prog)
		return -EINVAL;
	for (size_t i = 0; i < ENGINES; i++) {
		struct entry *e = &c->entries[i];

		enter(e, contest_engines[i], program, program->wears, &args, bench->error);
		if (!e->engine && i == INTERP)
			return -EINVAL;
		if (!e->engine)
			not_there(bench, program, contest_engines[i], bench->error);
		else if (program->fill && program->fill(e->engine, bench->error))
			return -EINVAL;
	}
	if (c->entries[JIT].engine)
		enter(&c->entries[JIT_PASS], &engine_jit, pass, false, &pass_args, bench->error);
	if (c->entries[KERNEL].engine)
		enter(&c->entries[KERNEL_PASS], &engine_kernel, pass, program->wears, &pass_args, bench->error);
	return 0;
}

/* Whether all make the same of mixed frames as the interpreter does. 0, or -EPROTO with a sentence. */
static int agree_all(struct bench *bench, const struct contest_program *program, struct entries *c)
{
	struct engine *refnic = c->entries[INTERP].engine;
	uint64_t frames[ENGINES] = {0}, maps[ENGINES] = {0};
	int err = 0;

	for (size_t i = 0; i < ENGINES && !err; i++)
		if (c->entries[i].engine)
			err = agree_run(c->entries[i].engine, &frames[i]);
	for (size_t i = 0; i < ENGINES && !err; i++)
		if (c->entries[i].engine)
			err = agree_maps(c->entries[i].engine, refnic, c->object, &maps[i]);
	if (err)
		snprintf(bench->error, sizeof(bench->error), "%s: mixed frames cannot be run: %s", program->name,
			 strerror(-err));
	for (size_t i = 0; i < ENGINES && !err; i++) {
		if (!c->entries[i].engine || (frames[i] == frames[INTERP] && maps[i] == maps[INTERP]))
			continue;
		snprintf(bench->error, sizeof(bench->error),
			 "%s: %s and refnic's interpreter do not agree on the %s of %d mixed frames", program->name,
			 contest_engines[i]->title, frames[i] == frames[INTERP] ? "maps after" : "verdicts or bytes",
			 SAMPLE_MIXED);
		return -EPROTO;
	}
	return err;
}

/* Whether the program does on the small frame what the numbers are said to be about. 0, or -EPROTO with a sentence. */
static int check(struct bench *bench, const struct contest_program *program, struct entry *e)
{
	restore(e);
	e->engine->ops->run(e->engine, e->frames, LINK_BURST);
	for (size_t i = 0; i < LINK_BURST; i++) {
		if ((uint32_t)e->frames[i].r0 == program->action)
			continue;
		snprintf(bench->error, sizeof(bench->error), "%s on %s: frame %zu has verdict %u, not %u",
			 program->name, e->engine->ops->title, i + 1, (uint32_t)e->frames[i].r0, program->action);
		return -EPROTO;
	}
	return 0;
}

/* How an engine is measured; round NULL: it is not. */
static struct measure measure_of(struct entry *e)
{
	struct measure m = {.ctx = e, .ns = NAN, .median_ns = NAN, .p90_ns = NAN, .units = ROUND_BURSTS * LINK_BURST};

	if (!e->engine)
		return m;
	if (!e->engine->ops->repeat) {
		m.round = e->program->moves ? round_moves : round_run;
	} else if (e->worn) {
		m.round = round_worn;
		m.took_ns = worn_took_ns;
		m.units = WORN_RUNS - WORN_WARM;
	} else if (!e->program->moves) {
		m.round = round_repeat;
		m.units = REPEAT;
	}
	return m;
}

/* Measures those that are there, in turn. 0 or -ENOMEM. */
static int run_there(struct measure *measures, size_t count, unsigned slice_us, enum measure_clock clock)
{
	struct measure there[CONTEST_MEASURES + 1];
	size_t used = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		if (measures[i].round)
			there[used++] = measures[i];
	err = measure_run(there, used, slice_us, clock);
	for (size_t i = count; i-- > 0 && !err;)
		if (measures[i].round)
			measures[i] = there[--used];
	return err;
}

static void subtract(struct measure *m, const struct measure *base)
{
	m->ns -= base->ns;
	m->median_ns -= base->median_ns;
	m->p90_ns -= base->median_ns;
}

static int time_all(struct bench *bench, const struct contest_program *program, struct entries *c,
		    struct contest *result)
{
	struct measure run[CONTEST_MEASURES + 1];
	int err;

	for (size_t i = 0; i < CONTEST_MEASURES; i++)
		run[i] = measure_of(&c->entries[i]);
	run[CONTEST_MEASURES] = (struct measure){.round = program->moves ? round_restore : NULL,
						 .ctx = &c->entries[INTERP],
						 .units = ROUND_BURSTS * LINK_BURST};
	for (size_t i = 0; i < ENGINES; i++) {
		struct entry *e = &c->entries[i];

		result->load[i] = (struct measure){.ctx = e, .units = 1, .ns = NAN};
		if (e->engine && e->engine->ops->load)
			result->load[i].round = round_load;
	}
	if (c->entries[KERNEL].engine && program->moves)
		not_there(bench, program, contest_engines[KERNEL],
			  "its test run repeats on what the last one has left of the frame");
	err = run_there(run, CONTEST_MEASURES + 1, SLICE_US, MEASURE_THREAD);
	if (!err)
		err = run_there(result->load, ENGINES, LOAD_SLICE_US, MEASURE_WALL);
	for (size_t i = 0; i < ENGINES && program->moves; i++)
		subtract(&run[i], &run[CONTEST_MEASURES]);
	memcpy(result->run, run, sizeof(result->run));
	return err;
}

int contest_run(struct bench *bench, const struct contest_program *program, struct contest *result)
{
	struct entries *c = aligned_alloc(LINE_BYTES, sizeof(*c));
	int err;

	snprintf(bench->error, sizeof(bench->error), "%s cannot be timed: no memory", program->name);
	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	err = open_all(bench, program, c);
	if (!err)
		err = agree_all(bench, program, c);
	for (size_t i = 0; i < ENGINES && !err; i++)
		if (c->entries[i].engine)
			err = check(bench, program, &c->entries[i]);
	if (!err)
		err = time_all(bench, program, c, result);
	for (size_t i = 0; i < CONTEST_MEASURES && !err; i++) {
		err = c->entries[i].error;
		if (err)
			snprintf(bench->error, sizeof(bench->error), "%s cannot be timed on %s: %s", program->name,
				 c->entries[i].engine->ops->title, strerror(-err));
	}
	for (size_t i = 0; i < CONTEST_MEASURES; i++)
		engine_close(c->entries[i].engine);
	load_free(c->object);
	load_free(c->pass);
	free(c);
	return err;
}
