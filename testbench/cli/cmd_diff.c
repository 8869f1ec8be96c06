// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>

#include "cli/cli.h"
#include "replay/compare.h"

enum { ANY_QUEUE = 1 };

static const struct cli_option options[] = {
	{ANY_QUEUE, "--any-queue", NULL,
	 "on which queues the program ran is no difference: for replays with other --queues"},
	{0, NULL, NULL, NULL},
};

static bool take(void *ctx, const struct cli_line *line, int id)
{
	bool *any_queue = ctx;

	(void)line;
	*any_queue = id == ANY_QUEUE;
	return true;
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	char error[COMPARE_ERROR_BYTES] = "";
	bool any_queue = false;
	enum status status;

	if (!cli_parse(&line, take, &any_queue, &status))
		return status;
	status = compare_folders(stdout, line.args[0], line.args[1], any_queue, error);
	if (status == STATUS_DONE)
		puts("no difference");
	else if (status != STATUS_REFUSED)
		cli_fail(command, status, "%s", error);
	return status;
}

const struct cli_command cli_diff = {
	.name = "diff",
	.usage = "DIR DIR",
	.summary = "show where two replays part: first differing frame, verdicts, map elements",
	.details = "Prints FIRST | SECOND for what differs. Exit status 0: no difference, 1: they differ.\n",
	.example = "build/refnic diff before after",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
