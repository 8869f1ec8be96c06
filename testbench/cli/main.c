// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct cli_command *const commands[] = {
#define COMMAND(name) &cli_##name,
#include "cli/command.def"
#undef COMMAND
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *to)
{
	fputs("refnic COMMAND ...: a reference virtio-net device with XDP offload\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nrefnic COMMAND --help shows options and an example; refnic --version\n", to);
	fputs("Exit status: 0 done or accepted, 1 judged and refused, 2 wrong usage, unreadable input or unwritable "
	      "output,\n"
	      "3 the environment failed, 130 interrupted\n",
	      to);
}

static const struct cli_command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int fail_unknown(const char *name)
{
	fprintf(stderr, "refnic: no command '%s'; refnic help lists the commands\n", name);
	return STATUS_USAGE;
}

static int help(int argc, char **argv)
{
	const struct cli_command *command;

	if (argc < 3) {
		print_usage(stdout);
		return STATUS_DONE;
	}
	command = find(argv[2]);
	if (!command)
		return fail_unknown(argv[2]);
	cli_print_help(command);
	return STATUS_DONE;
}

/* Results that cannot be written are no results. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fputs("refnic: standard output cannot be written\n", stderr);
		return status ? status : STATUS_USAGE;
	}
	return status;
}

/*
 * No file that is opened later may get the number of a standard stream that the caller closed. The stand-ins fail when
 * they are used, as the closed ones would.
 */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct cli_command *command;

	hold_standard_streams();

	if (argc < 2) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	/* A reader that goes away shows as an error of the write. */
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(argv[1], "--version") == 0) {
		puts("refnic " CLI_VERSION);
		return finish(STATUS_DONE);
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return finish(help(argc, argv));
	command = find(argv[1]);
	if (!command)
		return fail_unknown(argv[1]);
	return finish(command->run(command, argc - 2, argv + 2));
}
