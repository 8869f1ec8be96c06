// SPDX-License-Identifier: BSD-2-Clause
/* What a program costs before its first frame: compiling it, and the tool that runs one frame through it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/engine.h"
#include "bench/measure.h"
#include "bench/session.h"
#include "core.h"
#include "prog.h"
#include "rig/rig.h"

#define SUFFIX        ".bpf.o"
#define SCRATCH_BYTES ((size_t)16 << 20)
#define CODE_BYTES    ((size_t)4 << 20)
#define SLICE_US      20000
#define COMPILE_NS    20.0 /* at most, of one instruction */
#define START_MS      5.0
#define LARGE_INSNS   1000 /* from where on the fixed costs do not count */

enum { C_INSNS, C_BYTES, C_JIT, C_JIT_MEDIAN, C_MEMORY };

static const struct report_column compile_columns[] = {
	[C_INSNS] = {"instructions", "insns", 0, false},
	[C_BYTES] = {"code_bytes", "code bytes", 0, false},
	[C_JIT] = {"ns_per_insn", "ns/insn", 1, false},
	[C_JIT_MEDIAN] = {"ns_per_insn_median", "median", 1, false},
	[C_MEMORY] = {"ns_per_insn_with_memory", "+ memory", 1, false},
};

enum { S_MIN, S_MEDIAN, S_P90 };

static const struct report_column start_columns[] = {
	[S_MIN] = {"min_ms", "min", 2, false},
	[S_MEDIAN] = {"median_ms", "median", 2, false},
	[S_P90] = {"p90_ms", "p90", 2, false},
};

/* ---- the JIT alone ---- */

struct compile {
	const struct exec_prog *prog;
	const struct fw_platform *platform;
	void *platform_ctx; /* of platform_at_hand: code memory */
	struct arena scratch;
	size_t bytes; /* out */
	int error;
};

/* Code memory that is there already: what is left is the JIT. Nothing in it is ever run. */
static int code_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	bytes = (bytes + 4095) / 4096 * 4096;
	if (bytes > CODE_BYTES)
		return -ENOMEM;
	*code = (struct fw_code){.write = ctx, .exec = ctx, .bytes = bytes};
	return 0;
}

static int code_seal(void *ctx, struct fw_code *code)
{
	(void)ctx;
	code->write = NULL;
	return 0;
}

static void code_free(void *ctx, struct fw_code *code)
{
	(void)ctx;
	(void)code;
}

static const struct fw_platform platform_at_hand = {
	.code_alloc = code_alloc, .code_seal = code_seal, .code_free = code_free};

static void round_compile(void *ctx)
{
	struct compile *c = ctx;
	struct jit jit;
	uint32_t insn;
	int err = jit_compile(c->prog, &c->scratch, c->platform, c->platform_ctx, &jit, &insn);

	c->bytes = jit.bytes;
	if (err)
		c->error = err;
	else
		jit_free(&jit, c->platform, c->platform_ctx);
}

/* Room for what compiling needs, in one piece; NULL: none. The caller unmaps SCRATCH_BYTES + CODE_BYTES. */
static uint8_t *map_room(void)
{
	void *room = mmap(NULL, SCRATCH_BYTES + CODE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return room == MAP_FAILED ? NULL : room;
}

static int time_compile(const struct exec_prog *prog, double *values)
{
	uint8_t *room = map_room();
	struct rig_code *code = rig_code_open(RIG_CODE_BYTES);
	struct compile alone = {.prog = prog, .platform = &platform_at_hand};
	struct compile whole = {.prog = prog, .platform = &rig_code_platform, .platform_ctx = code};
	struct measure measures[] = {
		{.round = round_compile, .ctx = &alone, .units = prog->count},
		{.round = round_compile, .ctx = &whole, .units = prog->count},
	};
	int err = -ENOMEM;

	if (!room || !code)
		goto close;
	alone.platform_ctx = room + SCRATCH_BYTES;
	arena_init(&alone.scratch, room, SCRATCH_BYTES / 2);
	arena_init(&whole.scratch, room + SCRATCH_BYTES / 2, SCRATCH_BYTES / 2);
	err = measure_run(measures, 2, SLICE_US, MEASURE_THREAD);
	err = err ? err : alone.error ? alone.error : whole.error;
	values[C_INSNS] = prog->count;
	values[C_BYTES] = (double)alone.bytes;
	values[C_JIT] = measures[0].ns;
	values[C_JIT_MEDIAN] = measures[0].median_ns;
	values[C_MEMORY] = measures[1].ns;
close:
	if (room)
		munmap(room, SCRATCH_BYTES + CODE_BYTES);
	rig_code_close(code);
	return err;
}

/* One object's program, if refnic's JIT takes it. 0; 1: it does not; or -errno. */
static int compile_object(struct bench *bench, const char *path, struct report_table *table)
{
	const char *file = strrchr(path, '/') + 1;
	struct engine_args args = {.object = load_open(path, NULL, bench->error)};
	struct engine *engine = NULL;
	char name[REPORT_NAME_BYTES];
	struct report_row *row;
	int err = 1;

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
	args.prog = args.object ? session_prog(args.object, name) : NULL;
	if (args.prog)
		engine = engine_jit.open(&args, bench->error);
	if (engine) {
		row = report_row(table, name, name);
		err = row ? time_compile(&prog_find(engine_fw(engine), 0)->exec, row->values) : 1;
		if (err < 0)
			snprintf(bench->error, sizeof(bench->error), "%s cannot be compiled again: %s", name,
				 strerror(-err));
	}
	engine_close(engine);
	load_free((struct load_object *)args.object);
	return err;
}

static int compile_all(struct bench *bench)
{
	struct report_table *table = report_table(
		&bench->report, "compile", compile_columns, sizeof(compile_columns) / sizeof(compile_columns[0]),
		"Compiling: ns per instruction of the JIT alone; with what the system takes for code memory");
	double worst = NAN;
	char pattern[PATH_MAX];
	glob_t files = {0};
	int err = 0;

	snprintf(pattern, sizeof(pattern), "%s/*" SUFFIX, bench->progs);
	if (glob(pattern, 0, NULL, &files))
		return 0;
	for (size_t i = 0; i < files.gl_pathc && err >= 0; i++) {
		bench_progress("compiling (%zu of %zu)", i + 1, files.gl_pathc);
		err = compile_object(bench, files.gl_pathv[i], table);
	}
	globfree(&files);
	for (size_t i = 0; i < table->num_rows; i++)
		if (table->rows[i].values[C_INSNS] >= LARGE_INSNS)
			worst = fmax(worst, table->rows[i].values[C_JIT]);
	bench_target(bench, "compile", "JIT, ns per instruction", worst, COMPILE_NS);
	return err < 0 ? err : 0;
}

/* ---- the tool ---- */

struct start {
	char *const *argv;
	posix_spawn_file_actions_t actions;
	uint64_t cpu_ns; /* out: processor time of the run that took least; UINT64_MAX at first */
	int error;       /* -errno, or the exit status */
};

static void round_start(void *ctx)
{
	struct start *s = ctx;
	struct rusage usage;
	int status, err;
	uint64_t ns;
	pid_t pid;

	err = posix_spawn(&pid, s->argv[0], &s->actions, NULL, s->argv, environ);
	if (!err && wait4(pid, &status, 0, &usage) != pid)
		err = errno;
	if (err) {
		s->error = -err;
		return;
	}
	ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
	     (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
	if (ns < s->cpu_ns)
		s->cpu_ns = ns;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		s->error = WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static int time_start(struct bench *bench)
{
	static const char frame[] = "525400123456020000000007080045000032000000004011000000000000ffffffff";
	struct report_table *table =
		report_table(&bench->report, "start", start_columns, sizeof(start_columns) / sizeof(start_columns[0]),
			     "refnic run xdp1, process start to exit: ms on the clock");
	char path[PATH_MAX];
	char *argv[] = {(char *)bench->refnic, "run", path, "--frame", (char *)frame, NULL};
	struct start start = {.argv = argv, .cpu_ns = UINT64_MAX};
	struct measure m = {.round = round_start, .ctx = &start, .units = 1};
	struct report_row *row;
	int err;

	bench_progress("starting refnic run");
	snprintf(path, sizeof(path), "%s/xdp1" SUFFIX, bench->progs);
	posix_spawn_file_actions_init(&start.actions);
	posix_spawn_file_actions_addopen(&start.actions, 1, "/dev/null", O_WRONLY, 0);
	err = measure_run(&m, 1, SLICE_US, MEASURE_WALL);
	posix_spawn_file_actions_destroy(&start.actions);
	if (err || start.error) {
		snprintf(bench->error, sizeof(bench->error), "%s run does not work: status %d", bench->refnic,
			 err ? err : start.error);
		return -EINVAL;
	}
	row = report_row(table, "refnic_run", "refnic run");
	row->values[S_MIN] = m.ns / 1e6;
	row->values[S_MEDIAN] = m.median_ns / 1e6;
	row->values[S_P90] = m.p90_ns / 1e6;
	snprintf(row->remark, sizeof(row->remark), "%.2f of them processor time", (double)start.cpu_ns / 1e6);
	bench_target(bench, "start", "refnic run, ms, median", row->values[S_MEDIAN], START_MS);
	return 0;
}

int startup_run(struct bench *bench)
{
	int err = compile_all(bench);

	return err ? err : time_start(bench);
}
