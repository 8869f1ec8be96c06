/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a subcommand's program comes from, and a device to try it on. */
#ifndef TESTBENCH_CLI_SOURCE_H
#define TESTBENCH_CLI_SOURCE_H

#include <stdio.h>

#include "cli/cli.h"
#include "device-model/net.h"
#include "load/load.h"
#include "load/offload.h"
#include "rig/rig.h"

#define SOURCE_MAPS_MAX 1024

struct source {
	const struct cli_command *command;
	const char *path, *program, *section;
	bool insns;                        /* raw instructions on standard input */
	const char *maps[SOURCE_MAPS_MAX]; /* --map, as given */
	size_t num_maps;
};

/* One more --map. False after it said what is wrong. */
bool source_add_map(struct source *source, const char *map);

/* "jit" or "interp" -> *engine. False after it said what is wrong. */
bool source_engine(const struct cli_command *command, const char *text, enum fw_engine *engine);

/* "NAME=FILE" split in two; name is a copy to free(). False after it said what is wrong, or without memory. */
bool source_split(const struct cli_command *command, const char *map, char **name, const char **file);

/* Reads the object. Anything but STATUS_DONE after it said what is wrong. The caller load_free()s. */
enum status source_open(const struct source *source, struct load_object **object);

/* The program of object that was asked for, or NULL after it said what is wrong. */
const struct load_prog *source_choose(const struct source *source, const struct load_object *object);

/*
 * A device with a driver, and object's maps in it with the contents of --map files. Anything but STATUS_DONE after it
 * said what is wrong, with *rig NULL. The caller rig_close()s.
 */
enum status source_rig(const struct source *source, const struct load_object *object, enum fw_engine engine,
		       struct rig **rig);

/* Says why a program was refused at instruction insn: the log, if any, and the source line, if known. */
void source_print_refusal(FILE *to, const struct load_prog *prog, uint32_t insn, const char *log);

#endif
