// SPDX-License-Identifier: BSD-2-Clause
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "load/file.h"
#include "load/hex.h"

#define STDIN_BYTES_MAX ((size_t)64 << 20)
#define BUDGET          UINT64_C(100000000) /* instructions, without verification */

enum { ELF_INPUT = 1, ENGINE, NO_VERIFY, PROGRAM, DEBUG, CPU_VERSION };

static const struct cli_option options[] = {
	{ENGINE, "--engine", "jit|interp", "how it is run (default jit)"},
	{NO_VERIFY, "--no-verify", NULL,
	 "check at run time instead: every access, and 100000000 instructions; interpreter only"},
	{ELF_INPUT, "--elf", NULL,
	 "standard input is an ELF object in hexadecimal; its first section with instructions is run"},
	{PROGRAM, "--program", "HEX", "the instructions, instead of standard input"},
	{DEBUG, "--debug", NULL, "accepted for instruction-set suites; no effect"},
	{CPU_VERSION, "--cpu_version", "V",
	 "accepted for instruction-set suites; no effect: all instructions are known"},
	{0, NULL, NULL, NULL},
};

struct exec {
	const struct cli_command *command;
	const char *memory_text, *program_text;
	enum fw_engine engine;
	bool elf, verify;
	uint8_t *program, *memory;
	size_t program_bytes, memory_bytes;
};

static enum status decode(const struct exec *x, const char *what, const char *text, size_t length, uint8_t **bytes,
			  size_t *count)
{
	size_t where = 0;
	int err = hex_decode(text, length, bytes, count, &where);

	if (err == -ENOMEM)
		return cli_fail(x->command, STATUS_ENVIRONMENT, "no memory for %s", what);
	if (err && where == length)
		return cli_fail(x->command, STATUS_USAGE,
				"%s: half a byte at the end; pairs of hexadecimal digits were expected", what);
	if (err)
		return cli_fail(x->command, STATUS_USAGE, "%s: character %zu is no hexadecimal digit", what, where + 1);
	return STATUS_DONE;
}

static enum status read_program(struct exec *x)
{
	uint8_t *text;
	size_t length;
	enum status status;
	int err;

	if (x->program_text)
		return decode(x, "--program", x->program_text, strlen(x->program_text), &x->program, &x->program_bytes);
	err = file_read_stream(stdin, STDIN_BYTES_MAX, &text, &length);
	if (err)
		return cli_fail(x->command, STATUS_USAGE, "standard input cannot be read: %s", strerror(-err));
	status = decode(x, "standard input", (const char *)text, length, &x->program, &x->program_bytes);
	free(text);
	return status;
}

/* Makes the first section with instructions the program. */
static enum status take_elf(struct exec *x)
{
	Elf64_Ehdr header;

	if (x->program_bytes < sizeof(header) || memcmp(x->program, ELFMAG, SELFMAG) != 0 ||
	    x->program[EI_CLASS] != ELFCLASS64 || x->program[EI_DATA] != ELFDATA2LSB)
		return cli_fail(x->command, STATUS_USAGE,
				"standard input is no 64-bit little-endian ELF object in hexadecimal");
	memcpy(&header, x->program, sizeof(header));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		uint64_t at = header.e_shoff + (uint64_t)i * sizeof(Elf64_Shdr);
		Elf64_Shdr section;

		if (at < header.e_shoff || at > x->program_bytes || sizeof(section) > x->program_bytes - at)
			break;
		memcpy(&section, x->program + at, sizeof(section));
		if (section.sh_type != SHT_PROGBITS || !(section.sh_flags & SHF_EXECINSTR) || section.sh_size == 0)
			continue;
		if (section.sh_offset > x->program_bytes || section.sh_size > x->program_bytes - section.sh_offset)
			break;
		memmove(x->program, x->program + section.sh_offset, section.sh_size);
		x->program_bytes = section.sh_size;
		return STATUS_DONE;
	}
	return cli_fail(x->command, STATUS_USAGE,
			"the ELF object has no section with instructions inside of its %zu bytes", x->program_bytes);
}

static enum status read_input(struct exec *x)
{
	enum status status = STATUS_DONE;

	if (!x->verify && x->engine != FW_ENGINE_INTERP)
		return cli_fail(x->command, STATUS_USAGE,
				"--no-verify needs --engine interp: only the interpreter checks at run time");
	if (x->memory_text)
		status = decode(x, "memory", x->memory_text, strlen(x->memory_text), &x->memory, &x->memory_bytes);
	if (!status && x->memory_bytes > UINT32_MAX)
		status = cli_fail(x->command, STATUS_USAGE, "%zu bytes of memory; 4 GiB are the most", x->memory_bytes);
	if (!status)
		status = read_program(x);
	if (!status && x->elf)
		status = take_elf(x);
	if (!status && (x->program_bytes % 8 || x->program_bytes / 8 > UINT32_MAX))
		status = cli_fail(x->command, STATUS_REFUSED, "%zu bytes of instructions; a multiple of 8 was expected",
				  x->program_bytes);
	return status;
}

static enum status execute(const struct exec *x)
{
	void *arena = aligned_alloc(64, FW_EXEC_ARENA_BYTES);
	struct fw_exec exec = {
		.wire = x->program,
		.count = (uint32_t)(x->program_bytes / 8),
		.mem = x->memory_bytes ? x->memory : NULL,
		.mem_bytes = (uint32_t)x->memory_bytes,
		.engine = x->engine,
		.verify = x->verify,
		.budget = BUDGET,
		.arena = arena,
		.arena_bytes = FW_EXEC_ARENA_BYTES,
		.platform = &rig_platform,
	};
	int err = arena ? fw_exec(&exec) : -ENOMEM;

	free(arena);
	switch (err) {
	case 0:
		printf("0x%" PRIx64 "\n", exec.r0);
		return STATUS_DONE;
	case -EINVAL:
		return cli_fail(x->command, STATUS_REFUSED, "refused: %s", exec.error);
	case -EFAULT:
		return cli_fail(x->command, STATUS_REFUSED, "fault: %s", exec.error);
	case -ENOTSUP:
		return cli_fail(x->command, STATUS_REFUSED, "this engine cannot run it: %s",
				exec.error[0] ? exec.error : "try --engine interp");
	default:
		return cli_fail(x->command, STATUS_ENVIRONMENT, "%s", strerror(-err));
	}
}

static bool take(void *ctx, const struct cli_line *line, int id)
{
	struct exec *x = ctx;

	switch (id) {
	case ELF_INPUT:
		x->elf = true;
		return true;
	case NO_VERIFY:
		x->verify = false;
		return true;
	case PROGRAM:
		x->program_text = line->value;
		return true;
	case ENGINE:
		return source_engine(line->command, line->value, &x->engine);
	default: /* what suites say and changes nothing */
		return true;
	}
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct exec x = {.command = command, .engine = FW_ENGINE_JIT, .verify = true};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	enum status status;

	if (!cli_parse(&line, take, &x, &status))
		return status;
	x.memory_text = line.args[0];
	status = read_input(&x);
	if (!status)
		status = execute(&x);
	free(x.program);
	free(x.memory);
	return status;
}

const struct cli_command cli_exec = {
	.name = "exec",
	.usage = "[MEMORY-HEX] < PROGRAM-HEX",
	.summary = "run raw instructions on plain memory and print R0, for instruction-set suites",
	.details = "R1 is the address of MEMORY and R2 its size in bytes; both are 0 without. White space in "
		   "hexadecimal is ignored.\n"
		   "Exit status 1: refused, or a fault at run time.\n",
	.example = "echo b7000000070000009500000000000000 | build/refnic exec",
	.options = options,
	.max_args = 1,
	.run = run,
};
