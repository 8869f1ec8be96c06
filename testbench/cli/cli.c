// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status cli_fail(const struct cli_command *command, enum status status, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	/* Files and arguments are quoted in it: they stay on this line, and send a terminal nothing. */
	for (char *c = text; c && *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	fprintf(stderr, "refnic %s: %s\n", command->name, text ? text : "no memory for what is wrong");
	free(text);
	return status;
}

void cli_print_help(const struct cli_command *command)
{
	printf("refnic %s %s\n    %s\n", command->name, command->usage, command->summary);
	if (command->details)
		printf("\n%s", command->details);
	puts("\nOptions");
	for (const struct cli_option *o = command->options; o->id; o++) {
		char form[64];

		snprintf(form, sizeof(form), "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		printf("  %-24s %s\n", form, o->help);
	}
	printf("  %-24s %s\n", "--help", "print this");
	printf("\nExample\n  %s\n", command->example);
}

static int fail_usage(const struct cli_line *line, const char *what, const char *arg)
{
	cli_fail(line->command, STATUS_USAGE, "%s%s; refnic %s --help lists what there is", what, arg,
		 line->command->name);
	return CLI_ERROR;
}

static int check_args(const struct cli_line *line)
{
	const struct cli_command *c = line->command;

	if (line->num_args < c->min_args || line->num_args > c->max_args) {
		cli_fail(c, STATUS_USAGE, "%s arguments; expected: refnic %s %s",
			 line->num_args < c->min_args ? "too few" : "too many", c->name, c->usage);
		return CLI_ERROR;
	}
	return CLI_END;
}

/* argument is name, or name=value. */
static const struct cli_option *find(const struct cli_command *command, const char *argument)
{
	size_t length = strcspn(argument, "=");

	for (const struct cli_option *o = command->options; o->id; o++)
		if (strlen(o->name) == length && memcmp(o->name, argument, length) == 0)
			return o;
	return NULL;
}

static int take_option(struct cli_line *line, const char *argument)
{
	const struct cli_option *o;

	if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
		cli_print_help(line->command);
		return CLI_HELP;
	}
	o = find(line->command, argument);
	if (!o)
		return fail_usage(line, "no such option: ", argument);
	line->value = strchr(argument, '=');
	if (line->value)
		line->value++;
	if (line->value && !o->value)
		return fail_usage(line, "an option that takes no value: ", o->name);
	if (!line->value && o->value) {
		if (line->at == line->argc)
			return fail_usage(line, "an option without its value: ", o->name);
		line->value = line->argv[line->at++];
	}
	return o->id;
}

int cli_next(struct cli_line *line)
{
	while (line->at < line->argc) {
		const char *argument = line->argv[line->at++];

		if (!line->only_args && strcmp(argument, "--") == 0) {
			line->only_args = true;
		} else if (line->only_args || argument[0] != '-' || !argument[1]) {
			if (line->num_args < CLI_ARGS_MAX)
				line->args[line->num_args] = argument;
			line->num_args++;
		} else {
			return take_option(line, argument);
		}
	}
	return check_args(line);
}

bool cli_parse(struct cli_line *line, cli_take_fn *take, void *ctx, enum status *status)
{
	int id;

	*status = STATUS_USAGE;
	while ((id = cli_next(line)) > 0)
		if (!take(ctx, line, id))
			return false;
	if (id == CLI_HELP)
		*status = STATUS_DONE;
	return id == CLI_END;
}

bool cli_number(const struct cli_line *line, const char *option, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end = NULL;

	errno = 0;
	if (isdigit((unsigned char)line->value[0]))
		*value = strtoull(line->value, &end, 0);
	if (!end || *end || errno || *value < min || *value > max) {
		cli_fail(line->command, STATUS_USAGE, "%s %s: a number from %" PRIu64 " to %" PRIu64 " was expected",
			 option, line->value, min, max);
		return false;
	}
	return true;
}
