// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "load/hex.h"

#define PROG_ID    0
#define LINE_BYTES 16
#define BREAKPOINT 0xcc

static const struct cli_option options[] = {
	SOURCE_OPTIONS_CHOICE, SOURCE_OPTION_INSNS, SOURCE_OPTION_MAP, SOURCE_OPTION_ENTRIES, {0, NULL, NULL, NULL},
};

static enum status dump(const struct source *source, struct rig *rig, const struct load_object *object,
			const struct load_prog *prog)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct drv_xdp_prog_info info;
	const uint8_t *code;
	size_t bytes = 0;
	int err = offload_prog(rig_driver(rig), object, prog, PROG_ID, 0, &info, error);

	if (err)
		return cli_fail(source->command, status_of_offload(err), "%s", error);
	code = fw_prog_code(net_fw(rig_device(rig)), PROG_ID, &bytes);
	if (!code)
		return cli_fail(source->command, STATUS_ENVIRONMENT,
				"program '%s' is interpreted: there is no compiler for this processor", prog->name);
	/* Code memory comes in pages; behind the last instruction it is full of breakpoints. */
	while (bytes && code[bytes - 1] == BREAKPOINT)
		bytes--;
	for (size_t at = 0; at < bytes; at += LINE_BYTES) {
		hex_print(stdout, code + at, bytes - at < LINE_BYTES ? bytes - at : LINE_BYTES);
		putchar('\n');
	}
	return STATUS_DONE;
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct source source = {.command = command};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	const struct load_prog *prog = NULL;
	struct load_object *object;
	struct rig *rig = NULL;
	enum status status;

	if (!cli_parse(&line, source_take, &source, &status))
		return status;
	source.path = line.args[0];
	status = source_open(&source, &object);
	if (!status) {
		prog = source_choose(&source, object);
		status = prog ? source_rig(&source, object, FW_ENGINE_JIT, &rig) : STATUS_USAGE;
	}
	if (!status)
		status = dump(&source, rig, object, prog);
	rig_close(rig);
	load_free(object);
	return status;
}

const struct cli_command cli_jit_dump = {
	.name = "jit-dump",
	.usage = "PROG.bpf.o | --insns < HEX",
	.summary = "print the machine code of a program in hexadecimal",
	.example = "build/refnic jit-dump build/progs/xdp1.bpf.o | xxd -r -p >code && objdump -D -b binary -m "
		   "i386:x86-64 code",
	.options = options,
	.max_args = 1,
	.run = run,
};
