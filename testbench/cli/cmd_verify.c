// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "load/clock.h"
#include "load/prog_log.h"
#include "replay/json_text.h"

#define PROG_ID 0

enum { LOG = 1, JSON };

static const struct cli_option options[] = {
	SOURCE_OPTIONS_CHOICE,
	{LOG, "--log", "0|1|2",
	 "0: the reason of a refusal, 1: the path to it, 2: every step; 1 for refusals if not given"},
	SOURCE_OPTION_INSNS,
	SOURCE_OPTION_MAP,
	SOURCE_OPTION_ENTRIES,
	{JSON, "--json", NULL, "one JSON document, whatever the answer"},
	{0, NULL, NULL, NULL},
};

struct verify {
	struct source source;
	uint32_t log_level;
	bool log_asked; /* else only a refusal prints it */
	bool json;
	json_t *programs; /* with json */
};

static const char *action_name(unsigned action)
{
	static const char *const names[] = {"aborted", "drop", "pass", "tx", "redirect"};

	return action < sizeof(names) / sizeof(names[0]) ? names[action] : "other";
}

static void add_json(struct verify *v, const struct load_prog *prog, const struct drv_xdp_prog_info *info,
		     const char *reason, const char *log, uint64_t ns)
{
	const struct load_line *line = reason ? load_line_of(prog, info->error_insn) : NULL;
	const struct load_function *function = reason ? load_function_of(prog, info->error_insn) : NULL;
	json_t *entry = json_object(), *actions = json_array();

	for (unsigned i = 0; i < 32; i++)
		if (info->actions >> i & 1)
			json_array_append_new(actions, json_string(action_name(i)));
	json_object_set_new(entry, "program", json_string(prog->name));
	json_object_set_new(entry, "section", json_string(prog->section));
	json_object_set_new(entry, "accepted", json_boolean(!reason));
	if (reason) {
		json_object_set_new(entry, "reason", json_text(reason));
		json_object_set_new(entry, "error", json_string(drv_xdp_status_name(info->error)));
		json_object_set_new(entry, "error_instruction", json_integer(info->error_insn));
	}
	if (function)
		json_object_set_new(entry, "function", json_string(function->name));
	if (line) {
		json_object_set_new(entry, "file", json_text(line->file));
		json_object_set_new(entry, "line", json_integer(line->line));
		json_object_set_new(entry, "text", json_text(line->text));
	}
	json_object_set_new(entry, "instructions", json_integer(prog->count));
	json_object_set_new(entry, "visited", json_integer(info->visited));
	json_object_set_new(entry, "states", json_integer(info->states));
	json_object_set_new(entry, "peak_kib", json_integer(info->peak_kib));
	json_object_set_new(entry, "time_ns", json_integer((json_int_t)ns));
	json_object_set_new(entry, "actions", actions);
	json_object_set_new(entry, "log", json_text(log ? log : ""));
	json_array_append_new(v->programs, entry);
}

static void print_text(const struct verify *v, const struct load_prog *prog, const struct drv_xdp_prog_info *info,
		       const char *reason, const char *log, uint64_t ns)
{
	if (reason)
		source_print_refusal(stdout, prog, info->error_insn, log);
	else if (log && v->log_asked)
		prog_log_print(stdout, prog, log);
	printf("%s: %s; %u instructions, %u visited, %u states, %u KiB at most, %.2f ms\n", prog->name,
	       reason ? "refused" : "accepted", prog->count, info->visited, info->states, info->peak_kib,
	       (double)ns / 1e6);
	/* After the log, where both go to one terminal. */
	fflush(stdout);
	if (reason)
		cli_fail(v->source.command, STATUS_REFUSED, "%s", reason);
}

static enum status judge(struct verify *v, struct drv_net *net, const struct load_object *object,
			 const struct load_prog *prog)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct drv_xdp_prog_info info;
	uint64_t began = clock_now_ns(), ns;
	int err = offload_prog(net, object, prog, PROG_ID, v->log_level, &info, error);
	char *log;

	ns = clock_now_ns() - began;
	if (err < 0)
		return source_fail(&v->source, STATUS_ENVIRONMENT, "%s", error);
	log = offload_log(net, PROG_ID);
	if (v->json)
		add_json(v, prog, &info, err ? error : NULL, log, ns);
	else
		print_text(v, prog, &info, err ? error : NULL, log, ns);
	free(log);
	drv_xdp_prog_destroy(net, PROG_ID, NULL);
	return err ? STATUS_REFUSED : STATUS_DONE;
}

static enum status judge_all(struct verify *v, struct drv_net *net, struct load_object *object)
{
	const struct load_prog *only = NULL;
	enum status worst = STATUS_DONE, status;

	if (v->source.program) {
		only = source_choose(&v->source, object);
		if (!only)
			return STATUS_USAGE;
	}
	for (size_t i = 0; i < object->num_progs; i++) {
		if (only ? only != &object->progs[i] : !source_covers(&v->source, &object->progs[i]))
			continue;
		status = judge(v, net, object, &object->progs[i]);
		if (status > worst)
			worst = status;
	}
	return worst;
}

/* What was judged and, if something was wrong before the verifier, that. */
static void print_json(const struct verify *v)
{
	json_t *root = json_object();

	json_object_set(root, "programs", v->programs);
	if (v->source.error[0])
		json_object_set_new(root, "error", json_text(v->source.error));
	json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(root);
}

static enum status verify(struct verify *v)
{
	struct load_object *object;
	struct rig *rig = NULL;
	enum status status = source_open(&v->source, &object);

	if (!status)
		status = source_rig(&v->source, object, FW_ENGINE_JIT, &rig);
	if (!status)
		status = judge_all(v, rig_driver(rig), object);
	if (v->json)
		print_json(v);
	rig_close(rig);
	load_free(object);
	return status;
}

static bool take(void *ctx, const struct cli_line *line, int id)
{
	struct verify *v = ctx;
	uint64_t number;

	switch (id) {
	case LOG:
		if (!cli_number(line, "--log", 0, 2, &number))
			return false;
		v->log_level = (uint32_t)number;
		v->log_asked = true;
		return true;
	case JSON:
		v->json = true;
		return true;
	default:
		return source_take(&v->source, line, id);
	}
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct verify v = {.source.command = command, .log_level = 1};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	enum status status;

	if (!cli_parse(&line, take, &v, &status))
		return status;
	v.source.path = line.args[0];
	v.programs = json_array();
	status = verify(&v);
	json_decref(v.programs);
	return status;
}

const struct cli_command cli_verify = {
	.name = "verify",
	.usage = "PROG.bpf.o | --insns < HEX",
	.summary = "accept or refuse programs as the device does, with the log that a guest would get",
	.details = "Without --program every XDP program of the object is judged. Exit status 0: all accepted, 1: one "
		   "was refused.\n",
	.example = "build/refnic verify build/progs/xdp1.bpf.o",
	.options = options,
	.max_args = 1,
	.run = run,
};
