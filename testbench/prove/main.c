/* SPDX-License-Identifier: BSD-2-Clause */
/* prove: runs all proofs in parallel processes, and prints what they proved, by operator and by method. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "prove/table.h"

#define MAX_JOBS 64

struct job {
	pid_t pid;
	size_t row;
};

struct runs {
	const struct prove_list *list;
	struct proof *proofs; /* shared with the processes */
	struct job jobs[MAX_JOBS];
	unsigned int max, running;
	size_t started, ended;
	time_t begin, said;
};

static void say_progress(struct runs *r)
{
	time_t now = time(NULL);
	bool terminal = isatty(STDERR_FILENO);

	if (now - r->said < (terminal ? 1 : 30))
		return;
	r->said = now;
	fprintf(stderr, "%sprove: %zu of %zu done after %ld:%02ld%s", terminal ? "\r" : "", r->ended, r->list->count,
		(long)(now - r->begin) / 60, (long)(now - r->begin) % 60, terminal ? "" : "\n");
}

static int start(struct runs *r)
{
	struct job *job = &r->jobs[r->running];

	fflush(NULL);
	job->row = r->started++;
	job->pid = fork();
	if (job->pid < 0)
		return -errno;
	if (!job->pid) {
		const struct prove_row *row = &r->list->rows[job->row];

		row->run(row, &r->proofs[job->row]);
		_exit(0);
	}
	r->running++;
	return 0;
}

/* Waits for a process, and lets the progress be seen. */
static void reap(struct runs *r)
{
	for (unsigned int i = 0; i < r->running; i++) {
		struct job job = r->jobs[i];
		int status;

		if (waitpid(job.pid, &status, WNOHANG) != job.pid)
			continue;
		if (status)
			prove_fail(&r->proofs[job.row], "the process ended with status %#x", status);
		r->jobs[i] = r->jobs[--r->running];
		r->ended++;
		return;
	}
	say_progress(r);
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static int run_all(struct runs *r)
{
	int err = 0;

	r->begin = r->said = time(NULL);
	while (!err && r->started < r->list->count) {
		if (r->running < r->max)
			err = start(r);
		else
			reap(r);
	}
	while (r->running)
		reap(r);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	return err;
}

static void usage(FILE *out)
{
	fprintf(out, "usage: prove [--samples N] [--every N] [--jobs N] [--cbmc COMMAND] [--seconds N] [--only NAME]\n"
		     "  --samples N     random pairs of words for each 64-bit operation (100000000)\n"
		     "  --every N       of the product's sets each N-th alone: a look, no proof (1)\n"
		     "  --jobs N        processes (as many as there are processors)\n"
		     "  --cbmc COMMAND  what runs CBMC; without it nothing is proved for all words of 64 bits\n"
		     "  --seconds N     what CBMC may take for one proof (60)\n"
		     "  --only NAME     this operator alone\n");
}

struct options {
	unsigned long samples, every, jobs, seconds;
	const char *cbmc, *only;
};

/* 0, or the exit status plus 1. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"samples", required_argument, NULL, 's'}, {"every", required_argument, NULL, 'e'},
		{"jobs", required_argument, NULL, 'j'},    {"cbmc", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 't'}, {"only", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},          {0},
	};
	unsigned long *numbers[128] = {['s'] = &o->samples, ['e'] = &o->every, ['j'] = &o->jobs, ['t'] = &o->seconds};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		char *end = NULL;

		if (c == 'c') {
			o->cbmc = optarg;
		} else if (c == 'o') {
			o->only = optarg;
		} else if (c == 'h') {
			usage(stdout);
			return 1;
		} else if (c == '?') {
			usage(stderr);
			return 3;
		} else {
			*numbers[c] = strtoul(optarg, &end, 0);
			if (*end || !*numbers[c]) {
				fprintf(stderr, "prove: %s is not a number above 0\n", optarg);
				return 3;
			}
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 3;
	}
	return 0;
}

static void keep_only(struct prove_list *list, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (!strcmp(list->rows[i].name, name))
			list->rows[kept++] = list->rows[i];
	}
	list->count = kept;
}

int main(int argc, char **argv)
{
	static struct prove_list list;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o = {
		.samples = 100000000, .every = 1, .jobs = cpus > 0 ? (unsigned long)cpus : 1, .seconds = 60};
	struct runs runs = {.list = &list};
	int status = parse(argc, argv, &o);

	if (status)
		return status - 1;
	prove_cbmc_rows(&list, o.cbmc, (unsigned int)o.seconds);
	prove_number_rows(&list, (unsigned int)o.every);
	prove_range_rows(&list, 5, true);
	prove_range_rows(&list, 6, false);
	prove_tnum_rows(&list, 8);
	prove_random_rows(&list, o.samples);
	if (o.only)
		keep_only(&list, o.only);
	if (!list.count) {
		fprintf(stderr, "prove: there is no operator %s\n", o.only);
		return 2;
	}
	runs.max = o.jobs < MAX_JOBS ? (unsigned int)o.jobs : MAX_JOBS;
	runs.proofs = mmap(NULL, list.count * sizeof(*runs.proofs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (runs.proofs == MAP_FAILED || run_all(&runs) < 0) {
		fprintf(stderr, "prove: %s\n", strerror(errno));
		return 2;
	}
	status = table_print(&list, runs.proofs, &(struct table_notes){.cbmc = o.cbmc, .every = o.every}) ? 1 : 0;
	prove_free(&list);
	return status;
}
