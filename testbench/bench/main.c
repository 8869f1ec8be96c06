// SPDX-License-Identifier: BSD-2-Clause
/* bench: how fast refnic is, against its peers and against the machine's limit, measured in one run. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/bench.h"
#include "load/status.h"

static const struct {
	const char *name;
	int (*run)(struct bench *bench);
} parts[] = {
	{"engines", engines_run}, {"startup", startup_run}, {"datapath", datapath_run}, {"verifier", verifier_run}};

enum { T_VALUE, T_LIMIT };

static const struct report_column target_columns[] = {
	[T_VALUE] = {"value", "reached", 2, false},
	[T_LIMIT] = {"at_most", "at most", 2, false},
};

void bench_target(struct bench *bench, const char *key, const char *name, double value, double limit)
{
	struct report_row *row = report_row(bench->targets, key, name);

	if (!row)
		return;
	row->values[T_VALUE] = value;
	row->values[T_LIMIT] = limit;
	snprintf(row->remark, sizeof(row->remark), "%s",
		 isnan(value)     ? "not measured"
		 : value <= limit ? "met"
				  : "not met");
}

void bench_progress(const char *format, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

/* Writes the processor's model, or its architecture where Linux does not name the model. */
static void describe_machine(char machine[static REPORT_TEXT_BYTES])
{
	static const char key[] = "model name";
	FILE *file = fopen("/proc/cpuinfo", "re");
	struct utsname system;
	char line[REPORT_TEXT_BYTES];

	snprintf(machine, REPORT_TEXT_BYTES, "%s", uname(&system) ? "an unknown machine" : system.machine);
	while (file && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(machine, REPORT_TEXT_BYTES, "%s", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (file)
		fclose(file);
}

static const char help[] = "usage: bench [--json FILE] [--only PART] BUILD TRACES\n"
			   "Measures engines, startup, datapath and verifier (--only: one of them) in one run of a "
			   "minute. BUILD: the folder\n"
			   "of what was built; TRACES: the folder of captures. Needs nothing; as root it has the "
			   "kernel as a peer, and DPDK\n"
			   "if it was there when this was built. --json: writes the result to FILE, too.\n"
			   "Example: bench --only engines build traces\n";

static int usage(void)
{
	fputs(help, stderr);
	return STATUS_USAGE;
}

/* Measures what only names, or everything. 0 or -errno. */
static int run(struct bench *bench, const char *only)
{
	int err = 0;

	bench->targets = report_table(&bench->report, "targets", target_columns, 2, "What has to be reached");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		if (!only || strcmp(only, parts[i].name) == 0)
			err = parts[i].run(bench);
	bench_progress("%s", "");
	return err;
}

static int write_json(const struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "we");
	int err = file ? report_json(file, &bench->report) : -errno;

	if (file && fclose(file) && !err)
		err = -errno;
	if (err)
		fprintf(stderr, "bench: %s cannot be written: %s\n", path, strerror(-err));
	return err;
}

static bool is_part(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(name, parts[i].name) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"json", required_argument, NULL, 'j'},
						{"only", required_argument, NULL, 'o'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	static struct bench bench;
	char progs[PATH_MAX], peers[PATH_MAX], refnic[PATH_MAX];
	const char *json = NULL, *only = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_DONE;
		}
		if (option == 'j')
			json = optarg;
		else if (option == 'o' && is_part(optarg))
			only = optarg;
		else
			return usage();
	}
	if (argc - optind != 2)
		return usage();
	snprintf(progs, sizeof(progs), "%s/progs", argv[optind]);
	snprintf(peers, sizeof(peers), "%s/peers", argv[optind]);
	snprintf(refnic, sizeof(refnic), "%s/refnic", argv[optind]);
	bench.progs = progs;
	bench.peers = peers;
	bench.refnic = refnic;
	bench.traces = argv[optind + 1];
	describe_machine(bench.report.machine);
	if (run(&bench, only)) {
		fprintf(stderr, "bench: %s\n", bench.error);
		return STATUS_ENVIRONMENT;
	}
	report_print(stdout, &bench.report);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("bench: the result cannot be written\n", stderr);
		return STATUS_USAGE;
	}
	return json && write_json(&bench, json) ? STATUS_USAGE : STATUS_DONE;
}
