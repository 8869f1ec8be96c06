/* SPDX-License-Identifier: BSD-2-Clause */
/* Proofs of the source for all words, each by a run of CBMC that may take a limited time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prove/prove.h"

/* The exit statuses of CBMC. */
enum { CBMC_HOLDS = 0, CBMC_FAILS = 10 };

static const struct {
	const char *function, *name;
	unsigned int bits;
} lemmas[] = {
#define LEMMA(function, name, bits) {"prove_" #function, name, bits},
#include "prove/cbmc.def"
#undef LEMMA
};

/* Never returns. Time is the processor's, so that a busy machine decides as much as an idle one. */
static void execute(const struct prove_row *row, int out)
{
	const char *const args[] = {row->command, "--no-standard-checks", "--signed-overflow-check",
				    /* no undefined behaviour either */
				    "--undefined-shift-check", "--div-by-zero-check", "--bounds-check",
				    "--slice-formula", "--verbosity", "4", "-Ispec/wire", "-Ifw", "-Itestbench",
				    "--function", row->function, "testbench/prove/cbmc/lemmas.c",
				    "testbench/prove/concrete.c", "fw/verify/tnum.c", "fw/verify/range.c", NULL};
	struct rlimit limit = {row->seconds, row->seconds};

	if (setrlimit(RLIMIT_CPU, &limit) == 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0)
		execvp(row->command, (char *const *)args);
	_exit(127);
}

/* The first line that tells of a failure, or else the last one. */
static void read_reason(FILE *file, char *text, size_t size)
{
	char line[256];

	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0])
			snprintf(text, size, "%s", line);
		if (strstr(line, ": FAILURE"))
			return;
	}
}

static void run(const struct prove_row *row, struct proof *proof)
{
	FILE *out = tmpfile();
	pid_t pid;
	int status = 0;

	proof->undecided = true;
	if (!row->command || !out) {
		snprintf(proof->what, sizeof(proof->what), "%s", row->command ? strerror(errno) : "CBMC is not there");
		goto close;
	}
	pid = fork();
	if (!pid)
		execute(row, fileno(out));
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		snprintf(proof->what, sizeof(proof->what), "%s", strerror(errno));
	} else if (WIFSIGNALED(status)) {
		snprintf(proof->what, sizeof(proof->what), "not within %u s", row->seconds);
	} else if (WEXITSTATUS(status) == CBMC_HOLDS) {
		proof->undecided = false;
	} else {
		proof->undecided = false;
		prove_fail(proof, "%s",
			   WEXITSTATUS(status) == CBMC_FAILS ? "there is a counterexample" : "CBMC cannot be run");
		read_reason(out, proof->what, sizeof(proof->what));
	}
close:
	if (out)
		fclose(out);
}

void prove_cbmc_rows(struct prove_list *list, const char *command, unsigned int seconds)
{
	for (size_t i = 0; i < sizeof(lemmas) / sizeof(lemmas[0]); i++) {
		struct prove_row row = {
			.by = PROVE_CBMC,
			.run = run,
			.bits = lemmas[i].bits,
			.seconds = seconds,
			.command = command,
			.function = lemmas[i].function,
		};

		prove_add(list, row, lemmas[i].name);
	}
}
