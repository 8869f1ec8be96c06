// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "load/prog_log.h"

#include <stdlib.h>
#include <string.h>

/* A step begins as "12: (85) ". False: text is none of the program's. */
static bool step_of(const struct load_prog *prog, const char *text, uint32_t *insn)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	number = strtoul(text, &end, 10);
	*insn = (uint32_t)number;
	return strncmp(end, ": (", 3) == 0 && number < prog->count;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_line(const struct load_line *a, const struct load_line *b)
{
	return a == b || (a && b && a->line == b->line && strcmp(a->file, b->file) == 0);
}

void prog_log_print(FILE *to, const struct load_prog *prog, const char *log)
{
	const struct load_line *shown = NULL;

	while (log && *log) {
		const char *end = strchrnul(log, '\n');
		uint32_t insn;

		if (step_of(prog, log, &insn)) {
			const struct load_line *line = load_line_of(prog, insn);

			if (line && !same_line(line, shown))
				fprintf(to, "; %s @ %s:%u\n", line->text, base_name(line->file), line->line);
			shown = line;
		}
		fprintf(to, "%.*s\n", (int)(end - log), log);
		log = *end ? end + 1 : end;
	}
}

void prog_log_place(FILE *to, const struct load_prog *prog, uint32_t insn)
{
	const struct load_line *line = load_line_of(prog, insn);
	const struct load_function *function = load_function_of(prog, insn);

	if (line)
		fprintf(to, "; %s:%u: %s\n", line->file, line->line, line->text);
	if (function && function != prog->functions)
		fprintf(to, "; in %s(), which program '%s' of section '%s' calls\n", function->name, prog->name,
			prog->section);
	else if (function)
		fprintf(to, "; in program '%s' of section '%s'\n", prog->name, prog->section);
	if (function && !prog->num_lines)
		fprintf(to, "; which source line it is, objects say that were compiled with -g\n");
}
