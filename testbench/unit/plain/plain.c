// SPDX-License-Identifier: BSD-2-Clause
/* Runs each test in a process of its own, so many at a time as the first argument says, and prints TAP. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criterion/criterion.h"

#define MAX_JOBS     64
#define TEST_SECONDS 600

static struct plain_test *tests;
static bool failed; /* in the test's own process */

void plain_register(struct plain_test *test)
{
	test->next = tests;
	tests = test;
}

static void print(const char *file, int line, const char *what, const char *format, va_list args)
{
	printf("# %s:%d: expected %s: ", file, line, what);
	vprintf(format, args);
	printf("\n");
}

void plain_end(const char *file, int line, const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(file, line, what, format, args);
	va_end(args);
	exit(1);
}

void plain_go_on(const char *file, int line, const char *what, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(file, line, what, format, args);
	va_end(args);
	failed = true;
}

static bool is_disabled(const struct plain_test *test)
{
	if (test->options.disabled)
		return true;
	for (const struct plain_test *t = tests; t; t = t->next)
		if (!t->run && strcmp(t->suite, test->suite) == 0)
			return t->options.disabled;
	return false;
}

struct job {
	pid_t pid;
	const struct plain_test *test;
};

/* Waits for one job. Whether it succeeded. */
static bool reap(struct job *jobs, unsigned int *running)
{
	int status = 0;
	pid_t pid = wait(&status);
	bool good = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	for (unsigned int n = 0; n < *running; n++) {
		if (jobs[n].pid != pid)
			continue;
		if (WIFSIGNALED(status))
			printf("# ended by signal %d\n", WTERMSIG(status));
		printf("%sok - %s::%s\n", good ? "" : "not ", jobs[n].test->suite, jobs[n].test->name);
		fflush(stdout);
		jobs[n] = jobs[--*running];
		return good;
	}
	return false;
}

static bool start(struct job *job, const struct plain_test *test)
{
	fflush(stdout);
	job->test = test;
	job->pid = fork();
	if (job->pid)
		return job->pid > 0;
	alarm(TEST_SECONDS);
	test->run();
	exit(failed);
}

int main(int argc, char **argv)
{
	unsigned int running = 0, planned = 0, most = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 1;
	struct job jobs[MAX_JOBS];
	bool good = true;

	if (most < 1 || most > MAX_JOBS)
		most = 1;
	for (const struct plain_test *t = tests; t; t = t->next)
		planned += t->run != NULL;
	printf("1..%u\n", planned);
	for (const struct plain_test *t = tests; t; t = t->next) {
		if (!t->run)
			continue;
		if (is_disabled(t)) {
			printf("ok - %s::%s # SKIP disabled\n", t->suite, t->name);
			continue;
		}
		if (running == most)
			good &= reap(jobs, &running);
		if (start(&jobs[running], t)) {
			running++;
		} else {
			printf("not ok - %s::%s # no process\n", t->suite, t->name);
			good = false;
		}
	}
	while (running)
		good &= reap(jobs, &running);
	return !good;
}
