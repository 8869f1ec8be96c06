// SPDX-License-Identifier: BSD-2-Clause
#include "cli/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"
#include "load/raw.h"
#include "replay/maps.h"
#include "rig/link_mem.h"

#define STDIN_BYTES_MAX ((size_t)256 << 20)

bool source_add_map(struct source *source, const char *map)
{
	if (source->num_maps == SOURCE_MAPS_MAX) {
		cli_fail(source->command, STATUS_USAGE, "more than %d times --map", SOURCE_MAPS_MAX);
		return false;
	}
	source->maps[source->num_maps++] = map;
	return true;
}

bool source_engine(const struct cli_command *command, const char *text, enum fw_engine *engine)
{
	if (strcmp(text, "jit") == 0)
		*engine = FW_ENGINE_JIT;
	else if (strcmp(text, "interp") == 0)
		*engine = FW_ENGINE_INTERP;
	else {
		cli_fail(command, STATUS_USAGE, "--engine %s: jit or interp was expected", text);
		return false;
	}
	return true;
}

bool source_split(const struct cli_command *command, const char *map, char **name, const char **file)
{
	const char *equals = strchr(map, '=');

	if (!equals || equals == map || !equals[1]) {
		cli_fail(command, STATUS_USAGE, "--map %s: NAME=FILE.json was expected", map);
		return false;
	}
	*name = strndup(map, (size_t)(equals - map));
	*file = equals + 1;
	return *name != NULL;
}

static enum status open_insns(const struct source *source, struct load_object **object)
{
	char error[LOAD_ERROR_BYTES] = "";
	uint8_t *text;
	size_t bytes;
	int err = file_read_stream(stdin, STDIN_BYTES_MAX, &text, &bytes);

	if (err)
		return cli_fail(source->command, STATUS_USAGE, "standard input cannot be read: %s", strerror(-err));
	err = raw_open((const char *)text, bytes, source->maps, source->num_maps, object, error);
	free(text);
	if (err)
		return cli_fail(source->command,
				err == 1         ? STATUS_REFUSED
				: err == -ENOMEM ? STATUS_ENVIRONMENT
						 : STATUS_USAGE,
				"%s", error);
	return STATUS_DONE;
}

enum status source_open(const struct source *source, struct load_object **object)
{
	char error[LOAD_ERROR_BYTES] = "";

	*object = NULL;
	if (source->insns && source->path)
		return cli_fail(source->command, STATUS_USAGE, "%s and --insns: one program was expected",
				source->path);
	if (source->insns)
		return open_insns(source, object);
	if (!source->path)
		return cli_fail(source->command, STATUS_USAGE,
				"no program: PROG.bpf.o was expected; refnic %s --help shows an example",
				source->command->name);
	*object = load_open(source->path, source->section, error);
	return *object ? STATUS_DONE : cli_fail(source->command, STATUS_USAGE, "%s", error);
}

const struct load_prog *source_choose(const struct source *source, const struct load_object *object)
{
	char error[LOAD_ERROR_BYTES] = "";
	const struct load_prog *prog = load_choose(object, source->program, error);

	if (!prog)
		cli_fail(source->command, STATUS_USAGE, "%s: %s", source->path ? source->path : "standard input",
			 error);
	return prog;
}

static enum status fill_maps(const struct source *source, struct drv_net *net, const struct load_object *object)
{
	char error[LOAD_ERROR_BYTES] = "";

	for (size_t i = 0; !source->insns && i < source->num_maps; i++) {
		const char *file;
		char *name;
		enum status status;

		if (!source_split(source->command, source->maps[i], &name, &file))
			return STATUS_USAGE;
		status = maps_fill(net, object, name, file, error);
		free(name);
		if (status)
			return cli_fail(source->command, status, "%s", error);
	}
	return STATUS_DONE;
}

enum status source_rig(const struct source *source, const struct load_object *object, enum fw_engine engine,
		       struct rig **rig)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct net_config config;
	struct link *link = link_mem_open(NULL, 0);
	enum status status;
	int err;

	rig_config_default(&config);
	config.fw.engine = engine;
	*rig = link ? rig_open(&config, link) : NULL;
	if (!*rig)
		return cli_fail(source->command, STATUS_ENVIRONMENT, "the device cannot be built: %s",
				strerror(link ? errno : ENOMEM));
	err = offload_start(rig_driver(*rig), error);
	if (!err)
		err = offload_maps(rig_driver(*rig), object, error);
	status = err ? cli_fail(source->command, status_of_offload(err), "%s", error)
		     : fill_maps(source, rig_driver(*rig), object);
	if (!status) {
		err = offload_freeze(rig_driver(*rig), object, error);
		if (err)
			status = cli_fail(source->command, status_of_offload(err), "%s", error);
	}
	if (status) {
		rig_close(*rig);
		*rig = NULL;
	}
	return status;
}

void source_print_refusal(FILE *to, const struct load_prog *prog, uint32_t insn, const char *log)
{
	const struct load_line *line = load_line_of(prog, insn);

	if (log)
		fprintf(to, "%s%s", log, log[strlen(log) - 1] == '\n' ? "" : "\n");
	if (line)
		fprintf(to, "; %s:%u: %s\n", line->file, line->line, line->text);
}
