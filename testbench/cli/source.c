// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "cli/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"
#include "load/prog_log.h"
#include "load/raw.h"
#include "replay/maps.h"
#include "replay/routes.h"

#define STDIN_BYTES_MAX ((size_t)256 << 20)
#define MAP_KIB         1048576 /* for load balancers with tables of some 100 MiB */

enum status source_fail(struct source *source, enum status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(source->error, sizeof(source->error), format, args);
	va_end(args);
	return cli_fail(source->command, status, "%s", source->error);
}

static bool take_link(struct source *source, const struct cli_line *line)
{
	uint64_t ifindex;
	int err;

	if (!cli_number(line, "--link", 1, UINT32_MAX, &ifindex))
		return false;
	err = ports_add(&source->ports, (uint32_t)ifindex);
	if (err == -EEXIST && ifindex == PORTS_HOME)
		source_fail(source, STATUS_USAGE,
			    "--link %s: the device's own link has this ifindex; another was expected", line->value);
	else if (err == -EEXIST)
		source_fail(source, STATUS_USAGE, "--link %s: given twice; each port has an ifindex of its own",
			    line->value);
	else if (err)
		source_fail(source, STATUS_USAGE, "--link %s: more than %d further ports", line->value, PORTS_MAX);
	return !err;
}

/* N of NAME=N, or false. */
static bool parse_entries(const char *text, uint32_t *entries)
{
	const char *equals = strchr(text, '=');
	unsigned long long number;
	char *end;

	if (!equals || equals == text || equals[1] < '0' || equals[1] > '9')
		return false;
	errno = 0;
	number = strtoull(equals + 1, &end, 0);
	*entries = (uint32_t)number;
	return !*end && !errno && number > 0 && number <= UINT32_MAX;
}

static bool take_entries(struct source *source, const struct cli_line *line)
{
	uint32_t entries;

	if (!parse_entries(line->value, &entries)) {
		source_fail(source, STATUS_USAGE,
			    "--entries %s: NAME=N was expected, a map and a number from 1 to %" PRIu32, line->value,
			    UINT32_MAX);
		return false;
	}
	if (source->num_entries == SOURCE_MAPS_MAX) {
		source_fail(source, STATUS_USAGE, "more than %d times --entries", SOURCE_MAPS_MAX);
		return false;
	}
	source->entries[source->num_entries++] = line->value;
	return true;
}

static enum status set_entries(struct source *source, struct load_object *object)
{
	for (size_t i = 0; i < source->num_entries; i++) {
		const char *text = source->entries[i];
		char *name = strndup(text, (size_t)(strchr(text, '=') - text)), error[LOAD_ERROR_BYTES];
		uint32_t entries = 0;
		int err;

		if (!name)
			return source_fail(source, STATUS_ENVIRONMENT, "no memory for the name of a map");
		parse_entries(text, &entries);
		err = load_set_entries(object, name, entries, error);
		free(name);
		if (err)
			return source_fail(source, STATUS_USAGE, "--entries: %.400s", error);
	}
	return STATUS_DONE;
}

bool source_take(void *ctx, const struct cli_line *line, int id)
{
	struct source *source = ctx;

	switch (id) {
	case SOURCE_PROGRAM:
		source->program = line->value;
		return true;
	case SOURCE_SECTION:
		source->section = line->value;
		return true;
	case SOURCE_INSNS:
		source->insns = true;
		return true;
	case SOURCE_FIB:
		source->fib = line->value;
		return true;
	case SOURCE_ENTRIES:
		return take_entries(source, line);
	case SOURCE_LINK:
		return take_link(source, line);
	default:
		if (source->num_maps == SOURCE_MAPS_MAX) {
			source_fail(source, STATUS_USAGE, "more than %d times --map", SOURCE_MAPS_MAX);
			return false;
		}
		source->maps[source->num_maps++] = line->value;
		return true;
	}
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

static enum status open_insns(struct source *source, struct load_object **object)
{
	char error[LOAD_ERROR_BYTES] = "";
	uint8_t *text;
	size_t bytes;
	int err = file_read_stream(stdin, STDIN_BYTES_MAX, &text, &bytes);

	if (err)
		return source_fail(source, STATUS_USAGE,
				   "standard input cannot be read: %s; hexadecimal digits were expected",
				   strerror(-err));
	err = raw_open((const char *)text, bytes, source->maps, source->num_maps, object, error);
	free(text);
	if (err)
		return source_fail(source,
				   err == 1         ? STATUS_REFUSED
				   : err == -ENOMEM ? STATUS_ENVIRONMENT
						    : STATUS_USAGE,
				   "%s", error);
	return STATUS_DONE;
}

enum status source_open(struct source *source, struct load_object **object)
{
	char error[LOAD_ERROR_BYTES] = "";

	*object = NULL;
	if (source->insns && source->path)
		return source_fail(source, STATUS_USAGE, "%s and --insns: one program was expected", source->path);
	if (source->insns && source->num_entries)
		return source_fail(source, STATUS_USAGE, "--entries and --insns: ENTRIES of --map says how many");
	if (source->insns)
		return open_insns(source, object);
	if (!source->path)
		return source_fail(source, STATUS_USAGE,
				   "no program: PROG.bpf.o was expected; refnic %s --help shows an example",
				   source->command->name);
	*object = load_open(source->path, source->section, error);
	return *object ? set_entries(source, *object) : source_fail(source, STATUS_USAGE, "%s", error);
}

bool source_covers(const struct source *source, const struct load_prog *prog)
{
	return prog->is_entry || !source->section;
}

const struct load_prog *source_choose(struct source *source, struct load_object *object)
{
	char error[LOAD_ERROR_BYTES] = "";
	const struct load_prog *prog = load_choose(object, source->program, error);

	if (!prog)
		source_fail(source, STATUS_USAGE, "%.200s: %.300s", source->path ? source->path : "standard input",
			    error);
	else
		object->entry = (uint32_t)(prog - object->progs);
	return prog;
}

/* The driver's part: maps and what is in them. */
static enum status prepare(struct source *source, struct drv_net *net, const struct load_object *object)
{
	char error[LOAD_ERROR_BYTES] = "";
	enum status status = status_of_offload(offload_start(net, error));

	if (!status)
		status = status_of_offload(offload_maps(net, object, error));
	if (!status && !source->insns)
		status = maps_fill_all(net, object, source->maps, source->num_maps, error);
	if (!status && source->fib)
		status = routes_load(net, (uint32_t)object->num_maps, source->fib, error);
	if (!status)
		status = status_of_offload(offload_freeze(net, object, error));
	return status ? source_fail(source, status, "%s", error) : STATUS_DONE;
}

void source_config(struct net_config *config)
{
	rig_config_default(config);
	config->fw.caps.max_map_kib = MAP_KIB;
}

enum status source_rig(struct source *source, const struct load_object *object, enum fw_engine engine, struct rig **rig)
{
	struct net_config config;
	struct ports ports;
	enum status status;

	source_config(&config);
	config.fw.engine = engine;
	status = ports_open(&ports, &source->ports, config.mtu, NULL, source->error);
	if (status)
		return cli_fail(source->command, status, "%s", source->error);
	config.ports = ports.at;
	config.num_ports = ports.count;
	*rig = rig_open(&config, NULL);
	if (!*rig)
		return source_fail(source, STATUS_ENVIRONMENT, "the device cannot be built: %s", strerror(errno));
	status = prepare(source, rig_driver(*rig), object);
	if (status) {
		rig_close(*rig);
		*rig = NULL;
	}
	return status;
}

enum status source_targets(struct source *source, const struct load_object *object, struct rig *rig)
{
	char error[LOAD_ERROR_BYTES] = "";
	enum status status = status_of_offload(offload_slots(rig_driver(rig), object, error));

	if (!status && !source->insns)
		status = maps_fill_progs(rig_driver(rig), object, source->maps, source->num_maps, error);
	if (status == STATUS_REFUSED)
		source_print_refused(stderr, object, rig_driver(rig));
	return status ? source_fail(source, status, "%s", error) : STATUS_DONE;
}

void source_print_refusal(FILE *to, const struct load_prog *prog, uint32_t insn, const char *log)
{
	prog_log_print(to, prog, log);
	prog_log_place(to, prog, insn);
}

void source_print_refused(FILE *to, const struct load_object *object, struct drv_net *net)
{
	uint32_t insn;
	char *log;
	const struct load_prog *prog = offload_refused(net, object, &insn, &log);

	if (prog)
		source_print_refusal(to, prog, insn, log);
	free(log);
}
