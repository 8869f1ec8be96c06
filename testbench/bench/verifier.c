// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/measure.h"
#include "bench/session.h"
#include "oracle/kernel.h"

#define SLICE_US 6000
#define SUFFIX   ".bpf.o"

/* What has to be reached, by the worst of all programs. */
#define OVER_KERNEL 0.5
#define PEAK_MIB    64.0

/* A program that is uploaded, verified and destroyed again and again. */
struct load {
	struct session *session;
	const struct load_prog *prog;
	int error;
	char *text;
};

struct kernel_load {
	struct kernel *kernel;
	int error;
};

enum { C_INSNS, C_VISITED, C_STATES, C_PEAK, C_VERIFY, C_COMPILE, C_KERNEL, C_OVER_KERNEL, COLUMNS };

static const struct report_column columns[COLUMNS] = {
	[C_INSNS] = {"instructions", "insns", 0, false}, [C_VISITED] = {"visited", "visited", 0, false},
	[C_STATES] = {"states", "states", 0, false},     [C_PEAK] = {"peak_kib", "peak KiB", 0, false},
	[C_VERIFY] = {"verify_us", "verify", 1, false},  [C_COMPILE] = {"compile_us", "compile", 1, false},
	[C_KERNEL] = {"kernel_us", "kernel", 1, false},  [C_OVER_KERNEL] = {"over_kernel", "both/kern.", 2, true},
};

static void round_load(void *ctx)
{
	struct load *l = ctx;
	int err = session_upload(l->session, l->prog, l->text);

	if (!err)
		err = session_commit(l->session, l->text);
	if (!err)
		err = session_destroy(l->session, l->text);
	if (err)
		l->error = err;
}

static void round_kernel(void *ctx)
{
	struct kernel_load *k = ctx;
	int err = kernel_load_again(k->kernel);

	if (err)
		k->error = err;
}

/* The numbers that the verifier itself counts. */
static int count(struct load *l, double *values)
{
	struct virtio_net_xdp_prog_info_result info;
	int err = session_upload(l->session, l->prog, l->text);

	if (!err)
		err = session_commit(l->session, l->text);
	if (!err)
		err = session_info(l->session, &info, l->text);
	if (!err)
		err = session_destroy(l->session, l->text);
	if (err)
		return err;
	values[C_INSNS] = l->prog->count;
	values[C_VISITED] = le32_to_cpu(info.visited);
	values[C_STATES] = le32_to_cpu(info.states);
	values[C_PEAK] = le32_to_cpu(info.peak_kib);
	return 0;
}

static int measure(struct bench *bench, struct load *verify, struct load *both, struct kernel_load *kernel,
		   double *values)
{
	struct measure measures[] = {
		{.round = round_load, .ctx = verify, .units = 1},
		{.round = round_load, .ctx = both, .units = 1},
		{.round = round_kernel, .ctx = kernel, .units = 1},
	};
	int err = count(verify, values);

	if (!err)
		err = count(both, values);
	if (err)
		return err;
	err = measure_run(measures, kernel->kernel ? 3 : 2, SLICE_US, MEASURE_WALL);
	if (err)
		return err;
	if (verify->error || both->error)
		return verify->error ? verify->error : both->error;
	values[C_VERIFY] = measures[0].ns / 1e3;
	if (measures[1].ns > measures[0].ns) /* else it drowns in the noise */
		values[C_COMPILE] = (measures[1].ns - measures[0].ns) / 1e3;
	if (kernel->error)
		report_note(&bench->report, "Not there: the kernel's verifier for %s: %s.", verify->prog->name,
			    strerror(-kernel->error));
	else if (kernel->kernel)
		values[C_KERNEL] = measures[2].ns / 1e3;
	values[C_OVER_KERNEL] = measures[1].ns / 1e3 / values[C_KERNEL];
	return 0;
}

static int judge(struct bench *bench, const char *path, const char *name, double *values)
{
	struct load_object *object = load_open(path, NULL, bench->error);
	const struct load_prog *prog = object ? session_prog(object, name) : NULL;
	struct load verify = {.prog = prog, .text = bench->error}, both = verify;
	struct kernel_load kernel = {0};
	int err = -EINVAL;

	if (!prog)
		goto close;
	verify.session = session_open(object, FW_ENGINE_INTERP, bench->error);
	both.session = verify.session ? session_open(object, FW_ENGINE_JIT, bench->error) : NULL;
	if (!both.session)
		goto close;
	kernel.kernel = kernel_open(path);
	if (!kernel.kernel)
		report_note(&bench->report,
			    "Not there: the kernel, which does not let us load programs with bpf(): %s.",
			    strerror(errno));
	err = measure(bench, &verify, &both, &kernel, values);
close:
	kernel_close(kernel.kernel);
	session_close(verify.session);
	session_close(both.session);
	load_free(object);
	return err;
}

/* -ENOSPC: the table is full. */
static int add_row(struct report_table *table, const char *name, const double *values)
{
	struct report_row *row = report_row(table, name, name);

	if (!row)
		return -ENOSPC;
	memcpy(row->values, values, COLUMNS * sizeof(values[0]));
	return 0;
}

/* NAN: not one was measured. */
static double worst(const struct report_table *table, int column)
{
	double value = NAN;

	for (size_t i = 0; i < table->num_rows; i++)
		value = fmax(value, table->rows[i].values[column]);
	return value;
}

int verifier_run(struct bench *bench)
{
	struct report_table *table = report_table(&bench->report, "verifier", columns, COLUMNS,
						  "Loading: the verification's memory; us to upload, verify and drop a "
						  "program; what compiling adds; the kernel's BPF_PROG_LOAD");
	char pattern[PATH_MAX];
	glob_t files = {0};
	int err = 0;

	snprintf(pattern, sizeof(pattern), "%s/*" SUFFIX, bench->progs);
	if (glob(pattern, 0, NULL, &files)) {
		snprintf(bench->error, sizeof(bench->error), "no objects %.400s", pattern);
		err = -ENOENT;
	}
	for (size_t i = 0; i < files.gl_pathc && !err; i++) {
		const char *file = strrchr(files.gl_pathv[i], '/') + 1;
		char name[REPORT_NAME_BYTES];
		double values[COLUMNS];

		snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
		bench_progress("verifier: %s (%zu of %zu)", name, i + 1, files.gl_pathc);
		for (size_t c = 0; c < COLUMNS; c++)
			values[c] = NAN;
		if (judge(bench, files.gl_pathv[i], name, values)) {
			report_note(&bench->report, "Not there: %s, which cannot be loaded: %.150s.", name,
				    bench->error);
			continue;
		}
		err = add_row(table, name, values);
	}
	bench_target(bench, "verifier_over_kernel", "loading over the kernel's", worst(table, C_OVER_KERNEL),
		     OVER_KERNEL);
	bench_target(bench, "verifier_peak_mib", "verifier's memory, MiB", worst(table, C_PEAK) / 1024, PEAK_MIB);
	globfree(&files);
	return err;
}
