/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands share: the table's row, options, errors. */
#ifndef TESTBENCH_CLI_H
#define TESTBENCH_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/status.h"

#define CLI_VERSION "0.1"

/* One option. Its id is what cli_next() returns, 1 or more. */
struct cli_option {
	int id;
	const char *name;  /* "--engine" */
	const char *value; /* what --help calls it, or NULL: it takes none */
	const char *help;
};

/* One subcommand. */
struct cli_command {
	const char *name;
	const char *usage;   /* its arguments */
	const char *summary; /* one line */
	const char *details; /* printed by --help; may be NULL */
	const char *example;
	const struct cli_option *options; /* ends with id 0 */
	unsigned min_args, max_args;
	enum status (*run)(const struct cli_command *command, int argc, char **argv);
};

#define COMMAND(name) extern const struct cli_command cli_##name;
#include "cli/command.def"
#undef COMMAND

enum { CLI_END = 0, CLI_ERROR = -1, CLI_HELP = -2 };

#define CLI_ARGS_MAX 4

/* Walks the command line. Set command, argc and argv (without the subcommand's name). */
struct cli_line {
	const struct cli_command *command;
	int argc;
	char **argv;
	int at;
	bool only_args;                 /* behind "--" */
	const char *value;              /* of the option that cli_next() returned */
	const char *args[CLI_ARGS_MAX]; /* what is no option; NULL behind the last */
	unsigned num_args;
};

/*
 * The next option's id, CLI_END when there are no more and the number of arguments is right, CLI_HELP when help was
 * printed, CLI_ERROR after it said what is wrong.
 */
int cli_next(struct cli_line *line);

/* Takes the option id with line->value. False after it said what is wrong. */
typedef bool cli_take_fn(void *ctx, const struct cli_line *line, int id);

/* Walks all of the line and gives each option to take. Whether to go on; if not, *status is the exit status. */
bool cli_parse(struct cli_line *line, cli_take_fn *take, void *ctx, enum status *status);

/* Says "refnic COMMAND: sentence" on stderr. Returns status. */
__attribute__((format(printf, 3, 4))) enum status cli_fail(const struct cli_command *command, enum status status,
							   const char *format, ...);

/* Whole decimal or 0x number of text in [min, max] -> *value. Says what is wrong and returns false otherwise. */
bool cli_number(const struct cli_line *line, const char *option, uint64_t min, uint64_t max, uint64_t *value);

void cli_print_help(const struct cli_command *command);

#endif
