// SPDX-License-Identifier: BSD-2-Clause
/* Tables of what the engines take for the example programs, and whether they are as fast as they have to be. */
#include <math.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/contest.h"
#include "device-model/link.h"
#include "oracle/kernel.h"

#define RATIO_NATIVE 1.0 /* JIT, of native C, each program */
#define RATIO_PEER   0.9 /* JIT, of the best peer, geometric mean */
#define RATIO_DPDK   1.0 /* interpreter, of DPDK's, geometric mean */

enum { C_MIN, C_MEDIAN, C_P90, C_LOAD };

static const struct report_column time_columns[] = {
	[C_MIN] = {"min_ns", "min", 2, false},
	[C_MEDIAN] = {"median_ns", "median", 2, false},
	[C_P90] = {"p90_ns", "p90", 2, false},
	[C_LOAD] = {"load_us", "load us", 1, false},
};

enum { R_NATIVE, R_DPDK, R_KERNEL, R_BEST, R_NET_KERNEL, R_NET_BEST, R_INTERP, RATIOS };

static const struct report_column ratio_columns[RATIOS] = {
	[R_NATIVE] = {"jit_over_native", "native C", 2, true},
	[R_DPDK] = {"jit_over_dpdk", "DPDK JIT", 2, true},
	[R_KERNEL] = {"jit_over_kernel", "Linux", 2, true},
	[R_BEST] = {"jit_over_best", "best peer", 2, true},
	[R_NET_KERNEL] = {"jit_less_pass_over_kernel", "net/Linux", 2, true},
	[R_NET_BEST] = {"jit_over_best_net", "best, net", 2, true},
	[R_INTERP] = {"interp_over_dpdk", "int./DPDK", 2, true},
};

/* a - b, or NAN if it drowns in the noise. */
static double less(double a, double b)
{
	return a > b ? a - b : NAN;
}

static void add_times(struct report_table *table, const struct contest_program *program, const struct contest *c)
{
	for (size_t i = 0; i < ENGINES; i++) {
		const struct measure *run = &c->run[i], *base = &c->run[KERNEL_PASS];
		char key[REPORT_NAME_BYTES], name[REPORT_NAME_BYTES];
		struct report_row *row;

		if (!run->round)
			continue;
		snprintf(key, sizeof(key), "%s/%s", program->name, contest_engines[i]->key);
		snprintf(name, sizeof(name), "%s: %s", program->name, contest_engines[i]->title);
		row = report_row(table, key, name);
		if (!row)
			return;
		row->values[C_MIN] = i == KERNEL ? less(run->ns, base->ns) : run->ns;
		row->values[C_MEDIAN] = i == KERNEL ? less(run->median_ns, base->median_ns) : run->median_ns;
		row->values[C_P90] = i == KERNEL ? less(run->p90_ns, base->median_ns) : run->p90_ns;
		row->values[C_LOAD] = c->load[i].ns / 1e3;
		if (i == KERNEL)
			snprintf(row->remark, sizeof(row->remark), "less its loop of %.1f", base->ns);
	}
}

static void add_ratios(struct report_table *table, const struct contest_program *program, const struct contest *c)
{
	struct report_row *row = report_row(table, program->name, program->title);
	double jit = c->run[JIT].ns, kernel = less(c->run[KERNEL].ns, c->run[KERNEL_PASS].ns), *v = row->values;

	v[R_NATIVE] = jit / c->run[NATIVE].ns;
	v[R_DPDK] = jit / c->run[DPDK_JIT].ns;
	v[R_KERNEL] = jit / kernel;
	v[R_BEST] = fmax(v[R_DPDK], v[R_KERNEL]);
	v[R_NET_KERNEL] = less(jit, c->run[JIT_PASS].ns) / kernel;
	v[R_NET_BEST] = fmax(v[R_DPDK], v[R_NET_KERNEL]);
	v[R_INTERP] = c->run[INTERP].ns / c->run[DPDK_INTERP].ns;
}

/* Over the programs that are more than a return and have the value; NAN: none has. */
static double geometric_mean(const struct report_table *table, size_t column)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = 1; i < table->num_rows && i < CONTEST_PROGRAMS; i++)
		if (!isnan(table->rows[i].values[column])) {
			sum += log(table->rows[i].values[column]);
			count++;
		}
	return count ? exp(sum / (double)count) : NAN;
}

static void add_targets(struct bench *bench, const struct report_table *ratios)
{
	const struct report_row *mean = &ratios->rows[ratios->num_rows - 1];
	char key[REPORT_NAME_BYTES], name[REPORT_NAME_BYTES];

	for (size_t i = 0; i < CONTEST_PROGRAMS; i++) {
		if (!contest_programs[i].target)
			continue;
		snprintf(key, sizeof(key), "native/%s", contest_programs[i].name);
		snprintf(name, sizeof(name), "JIT / native C, %s", contest_programs[i].name);
		bench_target(bench, key, name, ratios->rows[i].values[R_NATIVE], RATIO_NATIVE);
	}
	bench_target(bench, "peer", "JIT / best peer, mean", mean->values[R_BEST], RATIO_PEER);
	bench_target(bench, "peer_net", "the same, both less their loop", mean->values[R_NET_BEST], RATIO_PEER);
	bench_target(bench, "interp", "interpreter / DPDK's, mean", mean->values[R_INTERP], RATIO_DPDK);
}

int engines_run(struct bench *bench)
{
	struct report_table *times = report_table(
		&bench->report, "engines", time_columns, sizeof(time_columns) / sizeof(time_columns[0]),
		"Engines: ns per 64-byte frame in cache, bursts of %d, thread CPU time; Linux less what the empty "
		"program pass takes there; us to load",
		LINK_BURST);
	struct report_table *ratios =
		report_table(&bench->report, "ratios", ratio_columns, RATIOS,
			     "JIT over its peers (net: less what the program pass takes), and interpreter over DPDK's; "
			     "from the fastest rounds");
	struct contest contests[CONTEST_PROGRAMS];
	struct report_row *mean;

	for (size_t i = 0; i < CONTEST_PROGRAMS; i++) {
		int err;

		bench_progress("engines: %s (%zu of %d)", contest_programs[i].name, i + 1, CONTEST_PROGRAMS);
		err = contest_run(bench, &contest_programs[i], &contests[i]);
		if (err)
			return err;
		add_times(times, &contest_programs[i], &contests[i]);
		add_ratios(ratios, &contest_programs[i], &contests[i]);
	}
	mean = report_row(ratios, "geometric_mean", "geometric mean without pass");
	for (size_t i = 0; i < RATIOS; i++)
		mean->values[i] = geometric_mean(ratios, i);
	add_targets(bench, ratios);
	if (contests[0].run[KERNEL].round && !kernel_has_jit())
		report_note(&bench->report, "The kernel interprets its programs here (net.core.bpf_jit_enable is 0).");
	return 0;
}
