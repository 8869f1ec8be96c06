// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"

#define TEXT_BYTES 256

static const struct cli_option options[] = {
	SOURCE_OPTIONS_CHOICE,
	SOURCE_OPTION_INSNS,
	{0, NULL, NULL, NULL},
};

static const struct load_line *line_at(const struct load_prog *prog, uint32_t insn)
{
	for (size_t i = 0; i < prog->num_lines; i++)
		if (prog->lines[i].insn == insn)
			return &prog->lines[i];
	return NULL;
}

static bool is_wide(const struct load_prog *prog, uint32_t insn)
{
	return prog->insns[8 * (size_t)insn] == 0x18;
}

/* The map that instruction i names, or NULL. */
static const char *map_at(const struct load_object *object, const struct load_prog *prog, uint32_t i)
{
	const uint8_t *p = prog->insns + 8 * (size_t)i;
	uint32_t map = p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24;
	unsigned src = p[1] >> 4;

	return is_wide(prog, i) && (src == 1 || src == 2) && map < object->num_maps ? object->maps[map].name : NULL;
}

static enum status print(const struct source *source, const struct load_object *object, const struct load_prog *prog)
{
	printf("%s%s%s: %u instructions\n", prog->section, prog->section[0] ? "/" : "", prog->name, prog->count);
	for (uint32_t i = 0; i < prog->count; i += is_wide(prog, i) ? 2 : 1) {
		const struct load_line *line = line_at(prog, i);
		const char *map = map_at(object, prog, i);
		char text[TEXT_BYTES];

		if (fw_disasm(text, sizeof(text), prog->insns, prog->count, i) < 0)
			return cli_fail(source->command, STATUS_REFUSED,
					"program '%s' does not decode; refnic verify names the instruction",
					prog->name);
		if (line)
			printf("; %s:%u: %s\n", line->file, line->line, line->text);
		printf("%5u: %s%s%s\n", i, text, map ? "    ; map " : "", map ? map : "");
	}
	return STATUS_DONE;
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct source source = {.command = command};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	const struct load_prog *only = NULL;
	struct load_object *object;
	enum status status;

	if (!cli_parse(&line, source_take, &source, &status))
		return status;
	source.path = line.args[0];
	status = source_open(&source, &object);
	if (!status && source.program && !(only = source_choose(&source, object)))
		status = STATUS_USAGE;
	for (size_t i = 0; !status && i < object->num_progs; i++)
		if (only ? only == &object->progs[i] : source_covers(&source, &object->progs[i]))
			status = print(&source, object, &object->progs[i]);
	load_free(object);
	return status;
}

const struct cli_command cli_disasm = {
	.name = "disasm",
	.usage = "PROG.bpf.o | --insns < HEX",
	.summary = "print programs as the device gets them, with their source lines",
	.example = "build/refnic disasm build/progs/xdp1.bpf.o",
	.options = options,
	.max_args = 1,
	.run = run,
};
