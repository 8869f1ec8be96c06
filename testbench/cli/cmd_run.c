// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "cli/steps.h"
#include "device-model/trace.h"
#include "load/file.h"
#include "load/hex.h"
#include "replay/events.h"

#define PROG_ID        0
#define FRAME_MIN      14
#define FRAME_ROOM     ((uint32_t)1 << 17) /* whatever the program makes of the longest frame */
#define FILE_BYTES_MAX ((size_t)16 << 20)

enum { FRAME = 1, TRACE, ENGINE, JSON };

static const struct cli_option options[] = {
	{FRAME, "--frame", "FRAME", "hexadecimal digits, @FILE (raw bytes), or TRACE#N (frame N of a capture, from 1)"},
	{TRACE, "--trace", NULL, "print each instruction with the registers that it changed; interpreter only"},
	SOURCE_OPTIONS_CHOICE,
	SOURCE_OPTION_INSNS,
	SOURCE_OPTION_MAP,
	SOURCE_OPTION_ENTRIES,
	SOURCE_OPTION_FIB,
	SOURCE_OPTION_LINK,
	{ENGINE, "--engine", "jit|interp", "how the device runs it (default jit; interp with --trace)"},
	{JSON, "--json", NULL, "{\"retval\": R0's low 32 bits, \"verdict\": name, \"frame\": hex}"},
	{0, NULL, NULL, NULL},
};

struct run {
	struct source source;
	const char *frame_text;
	enum fw_engine engine;
	bool engine_asked, trace, json;
	uint8_t *frame; /* FRAME_ROOM */
	uint32_t frame_bytes;
};

static enum status set_frame(struct run *r, const uint8_t *bytes, size_t count)
{
	if (count < FRAME_MIN || count > UINT16_MAX)
		return cli_fail(r->source.command, STATUS_USAGE,
				"--frame: %zu bytes; an Ethernet frame of %u to %u was expected", count, FRAME_MIN,
				UINT16_MAX);
	memcpy(r->frame, bytes, count);
	r->frame_bytes = (uint32_t)count;
	return STATUS_DONE;
}

static enum status frame_of_file(struct run *r, const char *path)
{
	uint8_t *bytes;
	size_t count;
	enum status status;
	int err = file_read(path, FILE_BYTES_MAX, &bytes, &count);

	if (err)
		return cli_fail(r->source.command, STATUS_USAGE,
				"--frame @%s: cannot read it: %s; a file with the bytes of one frame was expected",
				path, strerror(-err));
	status = set_frame(r, bytes, count);
	free(bytes);
	return status;
}

static enum status frame_of_trace(struct run *r, const char *path, uint64_t number)
{
	struct trace_config config = {.path = path, .first = number, .last = number};
	char error[TRACE_ERROR_BYTES];
	const struct link_frame *frame;
	struct trace *trace = trace_open(&config, error);
	enum status status;

	if (!trace)
		return cli_fail(r->source.command, STATUS_USAGE, "%s", error);
	frame = trace_frame(trace, number);
	if (!frame)
		status = cli_fail(r->source.command, STATUS_USAGE, "%s: no frame %" PRIu64 "; it has %" PRIu64, path,
				  number, trace->read);
	else if (frame->bytes < frame->wire_bytes)
		status = cli_fail(r->source.command, STATUS_USAGE,
				  "%s: frame %" PRIu64 " was captured short: %u of %u bytes", path, number,
				  frame->bytes, frame->wire_bytes);
	else
		status = set_frame(r, frame->data, frame->bytes);
	trace_free(trace);
	return status;
}

static enum status frame_of_hex(struct run *r)
{
	size_t length = strlen(r->frame_text), where = 0, count;
	uint8_t *bytes;
	enum status status;
	int err = hex_decode(r->frame_text, length, &bytes, &count, &where);

	if (err == -ENOMEM)
		return cli_fail(r->source.command, STATUS_ENVIRONMENT, "no memory for the frame");
	if (err)
		return cli_fail(
			r->source.command, STATUS_USAGE,
			where < length ? "--frame: character %zu: pairs of hexadecimal digits, @FILE or TRACE#N was "
					 "expected"
				       : "--frame: %zu characters: half a byte at the end; pairs of hexadecimal digits "
					 "were expected",
			where < length ? where + 1 : length);
	status = set_frame(r, bytes, count);
	free(bytes);
	return status;
}

static enum status take_frame(struct run *r)
{
	const char *text = r->frame_text, *hash;
	char *path, *end;
	uint64_t number;
	enum status status;

	if (!text)
		return cli_fail(r->source.command, STATUS_USAGE,
				"no frame: --frame HEX, @FILE or TRACE#N was expected");
	if (text[0] == '@')
		return frame_of_file(r, text + 1);
	hash = strrchr(text, '#');
	if (!hash)
		return frame_of_hex(r);
	errno = 0;
	number = strtoull(hash + 1, &end, 10);
	if (hash[1] < '0' || hash[1] > '9' || *end || errno || number == 0)
		return cli_fail(r->source.command, STATUS_USAGE,
				"--frame %s: a frame's number, from 1, was expected behind #", text);
	path = strndup(text, (size_t)(hash - text));
	if (!path)
		return cli_fail(r->source.command, STATUS_ENVIRONMENT, "no memory for the trace's name");
	status = frame_of_trace(r, path, number);
	free(path);
	return status;
}

static const char *verdict_name(uint64_t r0)
{
	static const char *const names[] = {"aborted", "drop", "pass", "tx", "redirect"};
	uint32_t action = (uint32_t)r0;

	return action < sizeof(names) / sizeof(names[0]) ? names[action] : "unsupported";
}

/* The records that the program wrote, as in events.json; NULL: it has no maps of them, or they cannot be read. The
 * caller frees. */
static char *take_events(const struct run *r, struct drv_net *net, const struct load_object *object,
			 enum status *status)
{
	char error[LOAD_ERROR_BYTES], *text = NULL;
	struct events events;
	size_t bytes;
	FILE *file;
	int err;

	if (!events_has_maps(object))
		return NULL;
	file = open_memstream(&text, &bytes);
	if (!file) {
		*status = cli_fail(r->source.command, STATUS_ENVIRONMENT, "no memory for the records");
		return NULL;
	}
	events_begin(&events, object, file);
	err = events_take(&events, net, error);
	events_end(&events);
	if (fclose(file) && !err) {
		snprintf(error, sizeof(error), "no memory for the records");
		err = -ENOMEM;
	}
	if (!err)
		return text;
	*status = cli_fail(r->source.command, status_of_offload(err), "%s", error);
	free(text);
	return NULL;
}

/* Interface indexes of ports, with commas between them. */
static void print_ports(const struct run *r, uint64_t ports)
{
	const char *before = "";

	for (uint16_t port = 0; port <= r->source.ports.count; port++) {
		if (!(ports >> port & 1))
			continue;
		printf("%s%" PRIu32, before, port ? r->source.ports.ifindex[port - 1] : PORTS_HOME);
		before = ", ";
	}
}

/* Where a redirected frame would have gone. */
static void print_target(const struct run *r, const struct fw_frame *ran)
{
	if ((uint32_t)ran->r0 != VIRTIO_NET_XDP_REDIRECT)
		return;
	if (ran->redirect_queue) {
		printf("target receive queue %" PRIu32 "\n", ran->redirect_to);
	} else if (ran->redirect_ports) {
		printf("target ifindex ");
		print_ports(r, ran->redirect_ports);
		putchar('\n');
	} else if (ran->redirect_to) {
		printf("target none: no port has ifindex %" PRIu32 "; --link adds one\n", ran->redirect_to);
	} else {
		puts("target none: no call of redirect or redirect_map has named one");
	}
}

static void print_target_json(const struct run *r, const struct fw_frame *ran)
{
	if ((uint32_t)ran->r0 != VIRTIO_NET_XDP_REDIRECT)
		return;
	if (ran->redirect_queue) {
		printf(", \"redirect\": {\"queue\": %" PRIu32 "}", ran->redirect_to);
		return;
	}
	printf(", \"redirect\": {\"ifindexes\": [");
	print_ports(r, ran->redirect_ports);
	printf("]}");
}

static void print_text(const struct run *r, const struct fw_frame *ran, const char *events)
{
	uint64_t r0 = ran->r0;

	printf("verdict %s (R0 0x%" PRIx64 ")\n", verdict_name(r0), r0);
	print_target(r, ran);
	printf("frame %" PRIu32 " bytes\n", r->frame_bytes);
	hex_print(stdout, r->frame, r->frame_bytes);
	putchar('\n');
	if (events)
		printf("records %s", events);
}

static void print_json(const struct run *r, const struct fw_frame *ran, const json_t *steps, const char *events)
{
	uint64_t r0 = ran->r0;

	printf("{\"retval\": %" PRIu32 ", \"verdict\": \"%s\", \"frame\": \"", (uint32_t)r0, verdict_name(r0));
	hex_print(stdout, r->frame, r->frame_bytes);
	putchar('"');
	print_target_json(r, ran);
	if (steps) {
		fputs(", \"trace\": ", stdout);
		json_dumpf(steps, stdout, 0);
	}
	if (events)
		printf(", \"events\": %s", events);
	puts("}");
}

static enum status upload(struct run *r, struct drv_net *net, const struct load_object *object,
			  const struct load_prog *prog)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct drv_xdp_prog_info info;
	int err = offload_prog(net, object, prog, PROG_ID, 1, &info, error);

	if (err > 0)
		source_print_refused(stderr, object, net);
	return err ? cli_fail(r->source.command, status_of_offload(err), "%s", error) : STATUS_DONE;
}

static enum status test_run(struct run *r, struct rig *rig, const struct load_object *object,
			    const struct load_prog *prog)
{
	struct steps steps = {.object = object, .json = r->trace && r->json ? json_array() : NULL};
	struct drv_net *net = rig_driver(rig);
	enum status status = upload(r, net, object, prog);
	uint32_t queue = 0, bytes = r->frame_bytes;
	struct drv_xdp_error e = {0};
	char *events = NULL;
	uint64_t r0 = 0;
	int err;

	if (!status)
		status = source_targets(&r->source, object, rig);
	if (status)
		goto free;
	if (r->trace)
		fw_trace(net_fw(rig_device(rig)), steps_take, &steps);
	err = drv_xdp_test_run(net, PROG_ID, PORTS_HOME, &queue, r->frame, &r->frame_bytes, FRAME_ROOM, &r0, &e);
	steps_end(&steps);
	if (err)
		status = cli_fail(r->source.command, status_of_offload(err),
				  "the device does not run it on a frame of %u bytes: %s", bytes,
				  err > 0 ? drv_xdp_status_name(e.status) : strerror(-err));
	else
		events = take_events(r, net, object, &status);
	if (status)
		goto free;
	if (r->json)
		print_json(r, fw_test_frame(net_fw(rig_device(rig))), steps.json, events);
	else
		print_text(r, fw_test_frame(net_fw(rig_device(rig))), events);
free:
	free(events);
	json_decref(steps.json);
	return status;
}

static enum status run_program(struct run *r)
{
	const struct load_prog *prog = NULL;
	struct load_object *object = NULL;
	struct rig *rig = NULL;
	enum status status;

	r->frame = calloc(1, FRAME_ROOM);
	if (!r->frame)
		return cli_fail(r->source.command, STATUS_ENVIRONMENT, "no memory for a frame");
	status = take_frame(r);
	if (!status)
		status = source_open(&r->source, &object);
	if (!status) {
		prog = source_choose(&r->source, object);
		status = prog ? source_rig(&r->source, object, r->engine, &rig) : STATUS_USAGE;
	}
	if (!status)
		status = test_run(r, rig, object, prog);
	rig_close(rig);
	load_free(object);
	free(r->frame);
	return status;
}

static bool take(void *ctx, const struct cli_line *line, int id)
{
	struct run *r = ctx;

	switch (id) {
	case FRAME:
		r->frame_text = line->value;
		return true;
	case TRACE:
		r->trace = true;
		return true;
	case ENGINE:
		r->engine_asked = true;
		return source_engine(line->command, line->value, &r->engine);
	case JSON:
		r->json = true;
		return true;
	default:
		return source_take(&r->source, line, id);
	}
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct run r = {.source.command = command, .engine = FW_ENGINE_JIT};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	enum status status;

	if (!cli_parse(&line, take, &r, &status))
		return status;
	if (r.trace && r.engine_asked && r.engine != FW_ENGINE_INTERP)
		return cli_fail(command, STATUS_USAGE,
				"--trace with --engine jit: only the interpreter shows its steps; leave --engine away");
	if (r.trace)
		r.engine = FW_ENGINE_INTERP;
	r.source.path = line.args[0];
	return run_program(&r);
}

const struct cli_command cli_run = {
	.name = "run",
	.usage = "PROG.bpf.o|--insns --frame HEX|@FILE|TRACE#N",
	.summary = "run one frame through one verified program",
	.details = "Maps begin as --map says, not as frames before this one would have left them.\n",
	.example = "build/refnic run build/progs/xdp2.bpf.o --frame traces/http.pcap#1 --trace",
	.options = options,
	.max_args = 1,
	.run = run,
};
