// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "device-model/trace.h"
#include "load/file.h"
#include "load/hex.h"

#define PROG_ID        0
#define IFINDEX        1
#define FRAME_MIN      14
#define FRAME_ROOM     ((uint32_t)1 << 17) /* whatever the program makes of the longest frame */
#define FILE_BYTES_MAX ((size_t)16 << 20)

enum { PROGRAM = 1, SECTION, MAP, INSNS, FRAME, ENGINE, JSON };

static const struct cli_option options[] = {
	{FRAME, "--frame", "FRAME", "hexadecimal digits, @FILE (raw bytes), or TRACE#N (frame N of a capture, from 1)"},
	{PROGRAM, "--program", "FUNCTION", "the program, if there are several"},
	{SECTION, "--section", "S", "programs of this section only"},
	{INSNS, "--insns", NULL, "raw instructions in hexadecimal on standard input"},
	{MAP, "--map", "MAP", "NAME=FILE.json: contents; with --insns TYPE:KEY:VALUE:ENTRIES[:FLAGS]: a map, from 0"},
	{ENGINE, "--engine", "jit|interp", "how the device runs it (default jit)"},
	{JSON, "--json", NULL, "{\"retval\": R0's low 32 bits, \"verdict\": name, \"frame\": hex}"},
	{0, NULL, NULL, NULL},
};

struct run {
	struct source source;
	const char *frame_text;
	enum fw_engine engine;
	bool json;
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
		return cli_fail(r->source.command, STATUS_USAGE, "%s: cannot read it: %s", path, strerror(-err));
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
		return cli_fail(r->source.command, STATUS_USAGE,
				"--frame: character %zu: pairs of hexadecimal digits, @FILE or TRACE#N was expected",
				where + 1);
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

static void print_result(const struct run *r, uint64_t r0)
{
	if (r->json)
		printf("{\"retval\": %" PRIu32 ", \"verdict\": \"%s\", \"frame\": \"", (uint32_t)r0, verdict_name(r0));
	else
		printf("verdict %s (R0 0x%" PRIx64 ")\nframe %" PRIu32 " bytes\n", verdict_name(r0), r0,
		       r->frame_bytes);
	hex_print(stdout, r->frame, r->frame_bytes);
	puts(r->json ? "\"}" : "");
}

static enum status test_run(struct run *r, struct drv_net *net, const struct load_object *object,
			    const struct load_prog *prog)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct drv_xdp_prog_info info;
	struct drv_xdp_error e = {0};
	uint32_t queue = 0;
	uint64_t r0 = 0;
	int err = offload_prog(net, object, prog, PROG_ID, 1, &info, error);

	if (err) {
		if (err > 0 && info.state == VIRTIO_NET_XDP_PROG_REFUSED) {
			char *log = offload_log(net, PROG_ID);

			source_print_refusal(stderr, prog, info.error_insn, log);
			free(log);
		}
		return cli_fail(r->source.command, status_of_offload(err), "%s", error);
	}
	err = drv_xdp_test_run(net, PROG_ID, IFINDEX, &queue, r->frame, &r->frame_bytes, FRAME_ROOM, &r0, &e);
	if (err)
		return cli_fail(r->source.command, status_of_offload(err),
				"the device does not run it on a frame of %u bytes: %s", r->frame_bytes,
				err > 0 ? drv_xdp_status_name(e.status) : strerror(-err));
	print_result(r, r0);
	return STATUS_DONE;
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
		status = test_run(r, rig_driver(rig), object, prog);
	rig_close(rig);
	load_free(object);
	free(r->frame);
	return status;
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct run r = {.source.command = command, .engine = FW_ENGINE_JIT};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	int id;

	while ((id = cli_next(&line)) > 0) {
		bool good = true;

		switch (id) {
		case PROGRAM:
			r.source.program = line.value;
			break;
		case SECTION:
			r.source.section = line.value;
			break;
		case MAP:
			good = source_add_map(&r.source, line.value);
			break;
		case INSNS:
			r.source.insns = true;
			break;
		case FRAME:
			r.frame_text = line.value;
			break;
		case ENGINE:
			good = source_engine(command, line.value, &r.engine);
			break;
		case JSON:
			r.json = true;
			break;
		}
		if (!good)
			return STATUS_USAGE;
	}
	if (id)
		return id == CLI_HELP ? STATUS_DONE : STATUS_USAGE;
	r.source.path = line.num_args ? line.args[0] : NULL;
	return run_program(&r);
}

const struct cli_command cli_run = {
	.name = "run",
	.usage = "PROG.bpf.o --frame HEX|@FILE|TRACE#N",
	.summary = "run one frame through one verified program",
	.example = "refnic run build/progs/xdp2.bpf.o --frame traces/http.pcap#1",
	.options = options,
	.max_args = 1,
	.run = run,
};
