// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "statements/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load/file.h"

#define REPORT_FD    9
#define REPORT_PATH  "--json=/dev/fd/9"
#define REPORT_BYTES ((size_t)64 << 20)
#define LATER        "testable; later: "
#define UNTESTABLE   "untestable: "

int suite_init(struct suite *suite, const struct statements *statements)
{
	*suite = (struct suite){.statements = statements};
	suite->verdicts = calloc(statements->count + 1, sizeof(*suite->verdicts));
	suite->chosen = calloc(statements->count + 1, sizeof(*suite->chosen));
	return suite->verdicts && suite->chosen ? 0 : -ENOMEM;
}

void suite_close(struct suite *suite)
{
	for (size_t i = 0; suite->verdicts && i < suite->statements->count; i++)
		free(suite->verdicts[i].why);
	free(suite->verdicts);
	free(suite->chosen);
	*suite = (struct suite){0};
}

const char *suite_result_name(enum suite_result result)
{
	static const char *const names[SUITE_RESULTS] = {
		[SUITE_PASS] = "pass", [SUITE_FAIL] = "fail", [SUITE_SKIPPED] = "skipped"};

	return names[result];
}

const char *suite_why(const struct suite_verdict *verdict)
{
	if (verdict->why)
		return verdict->why;
	return verdict->none ? verdict->none : "";
}

/* ---- taking a report apart ---- */

/* Adds a line to what a verdict says. 0 or -ENOMEM. */
static int say(struct suite_verdict *verdict, const char *line)
{
	size_t before = verdict->why ? strlen(verdict->why) : 0, bytes = strlen(line);
	char *text = realloc(verdict->why, before + bytes + 2);

	if (!text)
		return -ENOMEM;
	if (before)
		text[before++] = '\n';
	memcpy(text + before, line, bytes + 1);
	verdict->why = text;
	return 0;
}

static int say_all(struct suite_verdict *verdict, const json_t *messages)
{
	const json_t *message;
	size_t i;
	int err = 0;

	json_array_foreach(messages, i, message)
	{
		if (!err && json_is_string(message))
			err = say(verdict, json_string_value(message));
	}
	return err;
}

/* A statement fails with its first test that fails; it is skipped only if none of its tests did anything else. */
static int judge(struct suite_verdict *verdict, enum suite_result result, const json_t *messages)
{
	verdict->tests++;
	if (result == SUITE_PASS) {
		if (verdict->result != SUITE_SKIPPED)
			return 0;
		free(verdict->why);
		verdict->why = NULL;
		verdict->result = SUITE_PASS;
		return 0;
	}
	if (result == SUITE_SKIPPED && (verdict->tests > 1 || verdict->why))
		return 0;
	if (result == SUITE_FAIL && verdict->result == SUITE_SKIPPED) {
		free(verdict->why);
		verdict->why = NULL;
	}
	verdict->result = result;
	return say_all(verdict, messages);
}

static enum suite_result result_of(const json_t *test)
{
	const char *status = json_string_value(json_object_get(test, "status"));

	if (status && !strcmp(status, "PASSED"))
		return SUITE_PASS;
	return status && !strcmp(status, "SKIPPED") ? SUITE_SKIPPED : SUITE_FAIL;
}

/* Criterion lists tests that were filtered out, too. */
static bool left_out(const json_t *test)
{
	const char *message = json_string_value(json_array_get(json_object_get(test, "messages"), 0));

	return result_of(test) == SUITE_SKIPPED && message && !strcmp(message, "The test was skipped.");
}

static int take_test(struct suite *suite, const json_t *test)
{
	const char *at = json_string_value(json_object_get(test, "name"));
	char id[STATEMENT_ID_BYTES];
	int err = 0;

	if (left_out(test))
		return 0;
	while (!err && at && statements_next_id(&at, id)) {
		const struct statement *s = statements_find(suite->statements, id);
		size_t i = s ? (size_t)(s - suite->statements->rows) : 0;

		if (s && suite->chosen[i])
			err = judge(&suite->verdicts[i], result_of(test), json_object_get(test, "messages"));
	}
	return err;
}

/* Why a statement that no test judged was not. */
static void excuse(struct suite_verdict *verdict, const struct statement *s)
{
	if (verdict->tests)
		return;
	verdict->result = SUITE_SKIPPED;
	if (!strncmp(s->status, LATER, strlen(LATER)))
		verdict->none = s->status + strlen("testable; ");
	else if (strcmp(s->status, "testable") != 0)
		verdict->none = s->status;
	else
		verdict->none = "no test of the suite can see it from outside of the device";
}

int suite_take(struct suite *suite, const json_t *report)
{
	const json_t *groups = json_object_get(report, "test_suites"), *group, *test;
	size_t i, k;
	int err = json_is_array(groups) ? 0 : -EPROTO;

	json_array_foreach(groups, i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), k, test)
		{
			if (!err)
				err = take_test(suite, test);
		}
	}
	if (err)
		snprintf(suite->error, sizeof(suite->error), "%s",
			 err == -ENOMEM ? "no memory" : "the suite's report is none of Criterion's");
	for (i = 0; !err && i < suite->statements->count; i++)
		if (suite->chosen[i])
			excuse(&suite->verdicts[i], &suite->statements->rows[i]);
	return err;
}

/* ---- running the suite ---- */

/* "--filter" pattern of the chosen statements' tests; NULL: no memory. */
static char *filter(const struct suite *suite)
{
	const struct statements *list = suite->statements;
	char *text = malloc(16 + list->count * (STATEMENT_ID_BYTES + 4)), *at = text;
	const char *before = "*/@(";

	if (!text)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		if (!suite->chosen[i])
			continue;
		at += sprintf(at, "%s*%.*s*", before, STATEMENT_ID_BYTES - 1, list->rows[i].id);
		before = "|";
	}
	for (char *p = text; p < at; p++)
		if (*p == '-')
			*p = '_';
	strcpy(at, ")");
	return text;
}

static bool all_chosen(const struct suite *suite)
{
	for (size_t i = 0; i < suite->statements->count; i++)
		if (!suite->chosen[i])
			return false;
	return true;
}

/* Starts program with its report on descriptor report and no other output. Its id, or -errno. */
static pid_t start(const char *program, char *const argv[], int report)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return -err;
	err = posix_spawn_file_actions_adddup2(&actions, report, REPORT_FD);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (!err)
		err = posix_spawn(&pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err ? -err : pid;
}

/* Runs program and reads its report. 0 or -errno. */
static int run(const char *program, char *const argv[], uint8_t **report, size_t *bytes)
{
	int ends[2], err, status = 0;
	FILE *stream;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = start(program, argv, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	stream = fdopen(ends[0], "r");
	if (!stream) {
		err = -errno;
		close(ends[0]);
	} else {
		err = file_read_stream(stream, REPORT_BYTES, report, bytes);
		fclose(stream);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM))
		err = err ? err : -ECANCELED;
	return err;
}

int suite_run(struct suite *suite, const char *program)
{
	char *pattern = filter(suite);
	char *argv[] = {(char *)program, "--quiet", REPORT_PATH, "--filter", pattern, NULL};
	json_error_t where;
	json_t *root;
	uint8_t *report = NULL;
	size_t bytes = 0;
	int err = pattern ? 0 : -ENOMEM;

	if (pattern && all_chosen(suite))
		argv[3] = NULL;
	if (!err)
		err = run(program, argv, &report, &bytes);
	free(pattern);
	if (err) {
		snprintf(suite->error, sizeof(suite->error), "%s cannot be run: %s", program, strerror(-err));
		free(report);
		return err;
	}
	root = json_loadb((const char *)report, bytes, 0, &where);
	free(report);
	if (!root) {
		snprintf(suite->error, sizeof(suite->error), "%s ended without a report (%s)", program, where.text);
		return -EPROTO;
	}
	err = suite_take(suite, root);
	json_decref(root);
	return err;
}
