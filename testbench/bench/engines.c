// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/measure.h"
#include "bench/native.h"
#include "bench/sample.h"
#include "bench/session.h"
#include "oracle/kernel.h"

#define BURSTS        200 /* of one round: frames are restored in between, and a TTL of 255 lasts */
#define ROOM_BYTES    256 /* before and behind each frame */
#define SLICE_US      8000
#define REPEAT        1000001 /* the kernel's runs in one system call */
#define REPEAT_TTL    200     /* the same, of a program that wears the frame out */
#define BLOCKED       10000   /* sources in the blocklist */
#define ARRAY_ENTRIES 256

/* Where a program's maps are filled: one of both. */
struct target {
	struct session *session;
	struct kernel *kernel;
};

struct program {
	const char *name;
	const char *title;
	uint32_t action;         /* that it takes on the small frame */
	enum fw_verdict verdict; /* the same */
	native_fn *native;       /* NULL: there is none */
	uint32_t repeat;
	int (*fill)(const struct target *target, char *error); /* NULL: nothing to fill */
};

/* The firmware with a program attached, and the frames that it runs on. */
struct runner {
	struct load_object *object;
	struct session *session;
	bool compiled;
	uint8_t small[SAMPLE_SMALL_BYTES];
	uint8_t area[LINK_BURST][ROOM_BYTES + SAMPLE_SMALL_BYTES + ROOM_BYTES];
	struct fw_frame frames[LINK_BURST];
};

struct native_runner {
	native_fn *fn;
	struct native_map map;
	uint64_t values[ARRAY_ENTRIES];
	struct runner *frames; /* of which only the frames are used */
};

struct kernel_runner {
	struct kernel *kernel;
	uint8_t small[SAMPLE_SMALL_BYTES];
	uint32_t repeat, retval, ns;
	int error;
};

enum { JIT, JIT_PASS, INTERP, NATIVE, KERNEL, KERNEL_PASS, MEASURES };

/* Everything that is measured for one program; what is missing has round NULL. */
struct contest {
	struct runner *jit, *jit_pass, *interp;
	struct native_runner native;
	struct kernel_runner kernel, kernel_pass;
};

enum { C_JIT, C_NATIVE, C_OVER_NATIVE, C_NET, C_KERNEL, C_OVER_KERNEL, C_INTERP, C_INTERP_OVER_JIT };

static const struct report_column columns[] = {
	[C_JIT] = {"jit_ns", "JIT", 1, false},
	[C_NATIVE] = {"native_ns", "native C", 1, false},
	[C_OVER_NATIVE] = {"jit_over_native", "JIT/native", 2, true},
	[C_NET] = {"jit_less_pass_ns", "JIT-pass", 1, false},
	[C_KERNEL] = {"kernel_less_pass_ns", "kernel-p.", 0, false},
	[C_OVER_KERNEL] = {"jit_over_kernel", "JIT/kernel", 2, true},
	[C_INTERP] = {"interp_ns", "interp.", 1, false},
	[C_INTERP_OVER_JIT] = {"interp_over_jit", "int./JIT", 1, true},
};

/* ---- contents of maps ---- */

static int update(const struct target *target, const char *map, const void *key, const void *value, char *error)
{
	int err;

	if (target->session)
		return session_update(target->session, map, key, value, error);
	err = kernel_map_update(target->kernel, map, key, value);
	if (err)
		snprintf(error, LOAD_ERROR_BYTES, "the kernel refuses an element of map '%s': %s", map, strerror(-err));
	return err;
}

static int fill_blocklist(const struct target *target, char *error)
{
	uint64_t none = 0;
	int err = 0;

	for (uint32_t i = 0; i < BLOCKED && !err; i++) {
		uint8_t key[4] = {sample_source[0], sample_source[1], (uint8_t)(i >> 8), (uint8_t)i};

		err = update(target, "blocklist", key, &none, error);
	}
	return err;
}

static int fill_routes(const struct target *target, char *error)
{
	const uint8_t key[4] = {sample_dest[0], sample_dest[1], sample_dest[2], 0};
	const uint8_t value[16] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02};

	return update(target, "routes", key, value, error);
}

static const struct program programs[] = {
	{"pass", "pass: return only", VIRTIO_NET_XDP_PASS, FW_PASS, native_pass, REPEAT, NULL},
	{"xdp1", "xdp1: parse, count, drop", VIRTIO_NET_XDP_DROP, FW_DROP, native_xdp1, REPEAT, NULL},
	{"xdp2", "xdp2: the same, swap MACs, TX", VIRTIO_NET_XDP_TX, FW_TX, NULL, REPEAT, NULL},
	{"blocklist", "blocklist: HASH, 10k keys", VIRTIO_NET_XDP_DROP, FW_DROP, NULL, REPEAT, fill_blocklist},
	{"router", "router: check, rewrite, TX", VIRTIO_NET_XDP_TX, FW_TX, NULL, REPEAT_TTL, fill_routes},
};

/* ---- our engines ---- */

static void restore(struct runner *r)
{
	for (size_t i = 0; i < LINK_BURST; i++) {
		uint8_t *data = r->area[i] + ROOM_BYTES;

		memcpy(data, r->small, SAMPLE_SMALL_BYTES);
		r->frames[i] = (struct fw_frame){
			.data = data,
			.data_end = data + SAMPLE_SMALL_BYTES,
			.data_meta = data,
			.hard_start = r->area[i],
			.hard_end = r->area[i] + sizeof(r->area[i]),
		};
	}
}

static void round_fw(void *ctx)
{
	struct runner *r = ctx;
	struct fw *fw = session_fw(r->session);

	restore(r);
	for (size_t i = 0; i < BURSTS; i++)
		fw_run(fw, r->frames, LINK_BURST);
}

static void runner_close(struct runner *r)
{
	if (!r)
		return;
	session_close(r->session);
	load_free(r->object);
	free(r);
}

static int runner_load(struct runner *r, const struct load_prog *prog, char *error)
{
	struct virtio_net_xdp_prog_info_result info;
	size_t bytes;
	int err = session_upload(r->session, prog, error);

	if (!err)
		err = session_commit(r->session, error);
	if (!err)
		err = session_info(r->session, &info, error);
	if (!err)
		err = session_attach(r->session, error);
	r->compiled = fw_prog_code(session_fw(r->session), 0, &bytes) != NULL;
	return err;
}

static struct runner *runner_open(const struct bench *bench, const struct program *program, enum fw_engine engine,
				  char *error)
{
	struct runner *r = calloc(1, sizeof(*r));
	const struct load_prog *prog;
	struct target target = {0};
	char path[PATH_MAX];

	if (!r) {
		snprintf(error, LOAD_ERROR_BYTES, "no memory");
		return NULL;
	}
	sample_small(r->small);
	restore(r);
	snprintf(path, sizeof(path), "%s/%s.bpf.o", bench->progs, program->name);
	r->object = load_open(path, NULL, error);
	prog = r->object ? load_choose(r->object, NULL, error) : NULL;
	if (!prog)
		goto close;
	r->session = session_open(r->object, engine, error);
	target.session = r->session;
	if (!r->session || runner_load(r, prog, error) || (program->fill && program->fill(&target, error)))
		goto close;
	return r;
close:
	runner_close(r);
	return NULL;
}

/* Whether the program did what the numbers are said to be about. 0 or -EPROTO. */
static int check(const struct program *program, struct runner *r, const char *engine, char *error)
{
	restore(r);
	fw_run(session_fw(r->session), r->frames, LINK_BURST);
	for (size_t i = 0; i < LINK_BURST; i++) {
		if (r->frames[i].verdict == program->verdict)
			continue;
		snprintf(error, LOAD_ERROR_BYTES, "%s on the %s: frame %zu has verdict %d, not %d", program->name,
			 engine, i + 1, r->frames[i].verdict, program->verdict);
		return -EPROTO;
	}
	return 0;
}

/* ---- peers ---- */

static void round_native(void *ctx)
{
	struct native_runner *n = ctx;
	native_fn *volatile fn = n->fn; /* as a program is: not known to whoever calls it */

	for (size_t i = 0; i < BURSTS; i++)
		for (size_t k = 0; k < LINK_BURST; k++) {
			struct fw_frame *frame = &n->frames->frames[k];

			frame->r0 = fn(frame, &n->map);
		}
}

static void round_kernel(void *ctx)
{
	struct kernel_runner *k = ctx;
	int err = kernel_time(k->kernel, k->small, sizeof(k->small), k->repeat, &k->retval, &k->ns);

	if (err)
		k->error = err;
}

/* By its own clock: the system call itself takes milliseconds. */
static uint64_t kernel_took_ns(const void *ctx)
{
	const struct kernel_runner *k = ctx;

	return (uint64_t)k->ns * k->repeat;
}

/* 1: the kernel is no peer here, and the report says why. */
static int kernel_runner_open(struct bench *bench, const struct program *program, uint32_t repeat,
			      struct kernel_runner *k)
{
	struct target target;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.bpf.o", bench->progs, program->name);
	sample_small(k->small);
	k->repeat = repeat;
	k->kernel = kernel_open(path);
	if (!k->kernel) {
		report_note(&bench->report,
			    "Not there: the kernel, which does not let us load programs with bpf(): %s.",
			    strerror(errno));
		return 1;
	}
	target = (struct target){.kernel = k->kernel};
	if (program->fill && program->fill(&target, bench->error)) {
		report_note(&bench->report, "Not there: the kernel for %s: %.120s.", program->name, bench->error);
		return 1;
	}
	round_kernel(k);
	if (k->error || k->retval != program->action) {
		report_note(&bench->report, "Not there: the kernel for %s: BPF_PROG_TEST_RUN gives error %d, value %u.",
			    program->name, -k->error, k->retval);
		return 1;
	}
	return 0;
}

/* ---- the contest ---- */

static int contest_open(struct bench *bench, const struct program *program, struct contest *c, struct measure *measures)
{
	bool pass = program == &programs[0], kernel;

	*c = (struct contest){0};
	c->jit = runner_open(bench, program, FW_ENGINE_JIT, bench->error);
	c->jit_pass = c->jit && !pass ? runner_open(bench, &programs[0], FW_ENGINE_JIT, bench->error) : NULL;
	c->interp = c->jit ? runner_open(bench, program, FW_ENGINE_INTERP, bench->error) : NULL;
	if (!c->jit || !c->interp || (!pass && !c->jit_pass))
		return -EINVAL;
	if (!c->jit->compiled)
		report_note(&bench->report, "Not there: a JIT of ours for this machine or for %s.", program->name);
	kernel = !pass && !kernel_runner_open(bench, program, program->repeat, &c->kernel) &&
		 !kernel_runner_open(bench, &programs[0], program->repeat, &c->kernel_pass);
	if (kernel && program->repeat == REPEAT_TTL)
		report_note(&bench->report,
			    "The kernel on %s: %d runs in one system call, with cold caches at its start; after more "
			    "the TTL would have run out.",
			    program->name, REPEAT_TTL);
	if (kernel && !kernel_has_jit())
		report_note(&bench->report, "The kernel interprets its programs here (net.core.bpf_jit_enable is 0).");
	c->native = (struct native_runner){.fn = program->native, .frames = c->interp};
	c->native.map = (struct native_map){c->native.values, ARRAY_ENTRIES};

	measures[JIT] = (struct measure){c->jit->compiled ? round_fw : NULL, c->jit, BURSTS * LINK_BURST, NAN, NULL};
	measures[JIT_PASS] =
		(struct measure){c->jit_pass ? round_fw : NULL, c->jit_pass, BURSTS * LINK_BURST, NAN, NULL};
	measures[INTERP] = (struct measure){round_fw, c->interp, BURSTS * LINK_BURST, NAN, NULL};
	measures[NATIVE] =
		(struct measure){program->native ? round_native : NULL, &c->native, BURSTS * LINK_BURST, NAN, NULL};
	measures[KERNEL] =
		(struct measure){kernel ? round_kernel : NULL, &c->kernel, program->repeat, NAN, kernel_took_ns};
	measures[KERNEL_PASS] =
		(struct measure){kernel ? round_kernel : NULL, &c->kernel_pass, program->repeat, NAN, kernel_took_ns};
	return 0;
}

static void contest_close(struct contest *c)
{
	runner_close(c->jit);
	runner_close(c->jit_pass);
	runner_close(c->interp);
	kernel_close(c->kernel.kernel);
	kernel_close(c->kernel_pass.kernel);
}

/* Measures in turn those that are there. */
static void run(struct measure *measures)
{
	struct measure there[MEASURES];
	size_t count = 0, at = 0;

	for (size_t i = 0; i < MEASURES; i++)
		if (measures[i].round)
			there[count++] = measures[i];
	measure_run(there, count, SLICE_US);
	for (size_t i = 0; i < MEASURES; i++)
		if (measures[i].round)
			measures[i].ns = there[at++].ns;
}

/* a - b, or NAN if it drowns in the noise. */
static double less(double a, double b)
{
	return a > b ? a - b : NAN;
}

static void add_row(struct report_table *table, const struct program *program, const struct measure *measures)
{
	struct report_row *row = report_row(table, program->name, program->title);
	double *v = row->values;

	v[C_JIT] = measures[JIT].ns;
	v[C_NATIVE] = measures[NATIVE].ns;
	v[C_OVER_NATIVE] = v[C_JIT] / v[C_NATIVE];
	v[C_NET] = less(v[C_JIT], measures[JIT_PASS].ns);
	v[C_KERNEL] = less(measures[KERNEL].ns, measures[KERNEL_PASS].ns);
	v[C_OVER_KERNEL] = v[C_NET] / v[C_KERNEL];
	v[C_INTERP] = measures[INTERP].ns;
	v[C_INTERP_OVER_JIT] = v[C_INTERP] / v[C_JIT];
}

int engines_run(struct bench *bench)
{
	struct report_table *table =
		report_table(&bench->report, "engines", columns, sizeof(columns) / sizeof(columns[0]),
			     "Engines: ns per 64-byte frame in cache, bursts of %d. -pass, -p.: less what the program "
			     "pass takes there (the kernel counts whole ns: 1 more or less)",
			     LINK_BURST);
	int err = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && !err; i++) {
		struct measure measures[MEASURES];
		struct contest contest;

		err = contest_open(bench, &programs[i], &contest, measures);
		if (!err)
			err = check(&programs[i], contest.jit, "JIT", bench->error);
		if (!err)
			err = check(&programs[i], contest.interp, "interpreter", bench->error);
		if (!err) {
			run(measures);
			add_row(table, &programs[i], measures);
		}
		contest_close(&contest);
	}
	report_note(&bench->report,
		    "Not there: DPDK's rte_bpf and other user-space engines, which this program is not built with.");
	return err;
}
