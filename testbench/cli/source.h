/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a subcommand's program comes from, and a device to try it on. */
#ifndef TESTBENCH_CLI_SOURCE_H
#define TESTBENCH_CLI_SOURCE_H

#include <stdio.h>

#include "cli/cli.h"
#include "device-model/net.h"
#include "load/load.h"
#include "load/offload.h"
#include "replay/ports.h"
#include "rig/rig.h"

#define SOURCE_MAPS_MAX 1024

struct source {
	const struct cli_command *command;
	const char *path, *program, *section;
	bool insns;                        /* raw instructions on standard input */
	const char *maps[SOURCE_MAPS_MAX]; /* --map, as given */
	const char *fib;                   /* --fib; NULL: no routes */
	size_t num_maps;
	const char *entries[SOURCE_MAPS_MAX]; /* --entries, as given */
	size_t num_entries;
	struct ports_config ports;    /* --link */
	char error[LOAD_ERROR_BYTES]; /* what these functions said last */
};

/* Rows of a command's options that say which program it is about, and what takes them. */
enum { SOURCE_PROGRAM = 100, SOURCE_SECTION, SOURCE_MAP, SOURCE_INSNS, SOURCE_LINK, SOURCE_FIB, SOURCE_ENTRIES };

/* clang-format off */
#define SOURCE_OPTIONS_CHOICE \
	{SOURCE_PROGRAM, "--program", "FUNCTION", "the program, if there are several"}, \
	{SOURCE_SECTION, "--section", "S", "programs of this section only"}
#define SOURCE_OPTION_FIB \
	{SOURCE_FIB, "--fib", "FILE.json", "routes for fib_lookup: [{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"smac\": MAC, \"dmac\": MAC, \"mtu\": N, \"gateway\": IP, \"result\": blackhole|unreachable|prohibit}, ...]"}
#define SOURCE_OPTION_LINK \
	{SOURCE_LINK, "--link", "IFINDEX", "a further port of the device, to redirect to; its own is 1. Several: once for each"}
#define SOURCE_OPTION_INSNS {SOURCE_INSNS, "--insns", NULL, "raw instructions in hexadecimal on standard input"}
#define SOURCE_OPTION_ENTRIES \
	{SOURCE_ENTRIES, "--entries", "NAME=N", "this map has N entries, where its own loader would set how many"}
#define SOURCE_OPTION_MAP \
	{SOURCE_MAP, "--map", "MAP", "NAME=FILE.json: contents; with --insns TYPE:KEY:VALUE:ENTRIES[:FLAGS[:INNER]]: a map, from 0"}
/* clang-format on */

/* A cli_take_fn for these rows, with a struct source. */
bool source_take(void *source, const struct cli_line *line, int id);

/* "jit" or "interp" -> *engine. False after it said what is wrong. */
bool source_engine(const struct cli_command *command, const char *text, enum fw_engine *engine);

/* cli_fail(), and keeps the sentence in source->error. */
__attribute__((format(printf, 3, 4))) enum status source_fail(struct source *source, enum status status,
							      const char *format, ...);

/* Reads the object. Anything but STATUS_DONE after it said what is wrong. The caller load_free()s. */
enum status source_open(struct source *source, struct load_object **object);

/* Whether a program is among those that were asked for, if all of them are. */
bool source_covers(const struct source *source, const struct load_prog *prog);

/* The program of object that was asked for, which becomes its entry, or NULL after it said what is wrong. */
const struct load_prog *source_choose(struct source *source, struct load_object *object);

/* A device with room for the maps of large programs: what run, verify and replay begin with. */
void source_config(struct net_config *config);

/*
 * A device with a driver, and object's maps in it with the contents of --map files. Anything but STATUS_DONE after it
 * said what is wrong, with *rig NULL. The caller rig_close()s.
 */
enum status source_rig(struct source *source, const struct load_object *object, enum fw_engine engine,
		       struct rig **rig);

/*
 * Once the entry is in the device: the programs that it may continue with, and the PROG_ARRAYs that name them. Anything
 * but STATUS_DONE after it said what is wrong.
 */
enum status source_targets(struct source *source, const struct load_object *object, struct rig *rig);

/* Says why a program was refused at instruction insn: the log, if any, and the place in the source, if known. */
void source_print_refusal(FILE *to, const struct load_prog *prog, uint32_t insn, const char *log);
/* The same of the program that the device has refused, if there is one: the entry, or one that it may continue with. */
void source_print_refused(FILE *to, const struct load_object *object, struct drv_net *net);

#endif
