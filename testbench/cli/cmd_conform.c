// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "statements/suite.h"

#define SUITE_NAME "conform"

enum { INPROC = 1, ID, LIST, JSON };

static const struct cli_option options[] = {
	{INPROC, "--inproc", NULL, "judge the device in this process (so it is unless told otherwise)"},
	{ID, "--id", "ID", "judge this statement only; may be given more than once"},
	{LIST, "--list", NULL, "list the statements instead, and which of them a test can judge"},
	{JSON, "--json", NULL, "print one JSON document"},
	{0, NULL, NULL, NULL},
};

struct conform {
	const struct cli_command *command;
	struct statements statements;
	struct suite suite;
	bool list, json, some; /* some: of the statements were chosen */
};

static bool take(void *ctx, const struct cli_line *line, int id)
{
	struct conform *c = ctx;
	const struct statement *s;

	switch (id) {
	case ID:
		s = statements_find(&c->statements, line->value);
		if (!s) {
			cli_fail(c->command, STATUS_USAGE, "no statement '%s'; refnic conform --list names them",
				 line->value);
			return false;
		}
		c->suite.chosen[s - c->statements.rows] = true;
		c->some = true;
		return true;
	case LIST:
		c->list = true;
		return true;
	case JSON:
		c->json = true;
		return true;
	default: /* INPROC: there is no other device yet */
		return true;
	}
}

static json_t *statement_json(const struct statement *s)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", s->id, "side", s->side, "level", s->level, "section",
			 s->label, "summary", s->summary, "status", s->status);
}

/* "Where / In the text" of "devicenormative:Where / In the text". */
static const char *section(const struct statement *s)
{
	const char *colon = strchr(s->label, ':');

	return colon ? colon + 1 : s->label;
}

static void print_statement(const struct statement *s, const char *result, const char *why)
{
	printf("%-13s %-7s %-6s %-10s %s\n", s->id, result, s->side, s->level, s->summary);
	for (size_t bytes; *why; why += bytes + (why[bytes] == '\n')) {
		bytes = strcspn(why, "\n");
		printf("%13s %.*s\n", "", (int)bytes, why);
	}
}

static void print_document(json_t *root)
{
	json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(root);
}

static void list(const struct conform *c)
{
	json_t *rows = c->json ? json_array() : NULL;

	for (size_t i = 0; i < c->statements.count; i++) {
		const struct statement *s = &c->statements.rows[i];

		if (!c->suite.chosen[i])
			continue;
		if (rows)
			json_array_append_new(rows, statement_json(s));
		else
			printf("%-13s %-6s %-10s %s\n%13s %s: %s\n", s->id, s->side, s->level, s->summary, "",
			       section(s), s->status);
	}
	if (rows)
		print_document(json_pack("{s:o}", "statements", rows));
}

static void print_results(const struct conform *c, const unsigned counts[static SUITE_RESULTS])
{
	json_t *rows = c->json ? json_array() : NULL;

	for (size_t i = 0; i < c->statements.count; i++) {
		const struct statement *s = &c->statements.rows[i];
		const struct suite_verdict *v = &c->suite.verdicts[i];
		json_t *row;

		if (!c->suite.chosen[i])
			continue;
		if (!rows) {
			print_statement(s, suite_result_name(v->result), suite_why(v));
			continue;
		}
		row = statement_json(s);
		json_object_set_new(row, "result", json_string(suite_result_name(v->result)));
		json_object_set_new(row, "why", json_string(suite_why(v)));
		json_array_append_new(rows, row);
	}
	if (rows)
		print_document(json_pack("{s:s, s:i, s:i, s:i, s:o}", "device", "inproc", "passed",
					 (int)counts[SUITE_PASS], "failed", (int)counts[SUITE_FAIL], "skipped",
					 (int)counts[SUITE_SKIPPED], "statements", rows));
	else
		printf("%u statements pass, %u fail, %u are skipped, each with its reason\n", counts[SUITE_PASS],
		       counts[SUITE_FAIL], counts[SUITE_SKIPPED]);
}

/* The suite lies beside this program. */
static bool suite_path(char path[static PATH_MAX])
{
	ssize_t bytes = readlink("/proc/self/exe", path, PATH_MAX - sizeof(SUITE_NAME));
	char *slash;

	if (bytes < 0)
		return false;
	path[bytes] = 0;
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, SUITE_NAME);
	return true;
}

static enum status judge(struct conform *c)
{
	unsigned counts[SUITE_RESULTS] = {0};
	char path[PATH_MAX];
	int err;

	if (!suite_path(path) || access(path, X_OK))
		return cli_fail(c->command, STATUS_ENVIRONMENT,
				"the suite is not there; build it with: make tests (it is looked for beside refnic)");
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "refnic conform: the suite runs, about half a minute for all of it\n");
	err = suite_run(&c->suite, path);
	if (err == -ECANCELED)
		return STATUS_INTERRUPTED;
	if (err)
		return cli_fail(c->command, STATUS_ENVIRONMENT, "%s", c->suite.error);
	for (size_t i = 0; i < c->statements.count; i++)
		counts[c->suite.verdicts[i].result] += c->suite.chosen[i];
	print_results(c, counts);
	return counts[SUITE_FAIL] ? STATUS_REFUSED : STATUS_DONE;
}

static enum status conform(struct conform *c, struct cli_line *line)
{
	enum status status;

	if (statements_open(&c->statements) || suite_init(&c->suite, &c->statements))
		return cli_fail(c->command, STATUS_ENVIRONMENT, "no memory");
	if (!cli_parse(line, take, c, &status))
		return status;
	for (size_t i = 0; !c->some && i < c->statements.count; i++)
		c->suite.chosen[i] = true;
	if (!c->list)
		return judge(c);
	list(c);
	return STATUS_DONE;
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct conform c = {.command = command};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	enum status status = conform(&c, &line);

	suite_close(&c.suite);
	statements_close(&c.statements);
	return status;
}

const struct cli_command cli_conform = {
	.name = "conform",
	.usage = "[--id ID]... [--list]",
	.summary = "judge a device by the statements of the specification, one by one",
	.details =
		"Prints a line per statement: pass, fail with what shows it, or skipped with the reason. Exit status "
		"0: nothing failed, 1: something did.\n"
		"VN-... are statements of virtio 1.4, XO-... those of the proposed XDP offload text.\n",
	.example = "build/refnic conform --id VN-f2dc5573",
	.options = options,
	.run = run,
};
