// SPDX-License-Identifier: BSD-2-Clause
/* bench [--json] PROGS TRACES: how fast refnic is, against its peers and against the machine's limit, measured in one
 * run. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench/bench.h"
#include "load/status.h"

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

static const char help[] =
	"usage: bench [--json] PROGS TRACES\n"
	"Measures engines, datapath and verifier in one run of under 30 seconds. PROGS: the folder of the example "
	"programs'\n"
	"objects; TRACES: the folder of captures. Needs nothing; as root it has the kernel as a peer.\n"
	"Example: bench build/progs traces\n";

int main(int argc, char **argv)
{
	static int (*const parts[])(struct bench * bench) = {engines_run, datapath_run, verifier_run};
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	struct bench bench = {0};
	int err = 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return STATUS_DONE;
	}
	if (argc - json != 3) {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	bench.progs = argv[argc - 2];
	bench.traces = argv[argc - 1];
	describe_machine(bench.report.machine);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++)
		err = parts[i](&bench);
	if (err) {
		fprintf(stderr, "bench: %s\n", bench.error);
		return STATUS_ENVIRONMENT;
	}
	if (json)
		err = report_json(stdout, &bench.report);
	else
		report_print(stdout, &bench.report);
	if (err || fflush(stdout) || ferror(stdout)) {
		fputs("bench: the result cannot be written\n", stderr);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}
