// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "cli/steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "load/offload.h"

#define TEXT_WIDTH 40

/* Where the changes stand behind an instruction of so many characters. */
static void show_changes(const struct steps *steps, const uint64_t *regs)
{
	int gap = steps->width < TEXT_WIDTH ? TEXT_WIDTH - steps->width : 0;

	for (unsigned i = 0; i < STEPS_REGISTERS; i++)
		if (regs[i] != steps->before[i]) {
			printf("%*s  r%u=0x%" PRIx64, gap, "", i, regs[i]);
			gap = 0;
		}
	putchar('\n');
}

/* A tail call goes on in another program. */
static void show_program(struct steps *steps, const struct load_prog *prog)
{
	if (steps->count && prog != steps->prog)
		printf("program %s\n", prog->name);
	steps->prog = prog;
}

static void show_line(struct steps *steps, uint32_t insn)
{
	const struct load_line *line = load_line_of(steps->prog, insn), *last = steps->line;

	if (line && (!last || line->line != last->line || strcmp(line->file, last->file) != 0))
		printf("; %s:%u: %s\n", line->file, line->line, line->text);
	steps->line = line;
}

/* What an instruction changed is known when the next one comes: only then its line ends. */
static void show(struct steps *steps, const struct load_prog *prog, uint32_t insn, const char *text,
		 const uint64_t *regs)
{
	if (steps->count)
		show_changes(steps, regs);
	else
		printf("r1=0x%" PRIx64 "  r10=0x%" PRIx64 "\n", regs[1], regs[10]);
	show_program(steps, prog);
	show_line(steps, insn);
	printf("%5" PRIu32 ": ", insn);
	steps->width = printf("%s", text);
}

static void append(struct steps *steps, const struct load_prog *prog, uint32_t insn, const char *text,
		   const uint64_t *regs)
{
	json_t *step = json_object(), *registers = json_array();
	char number[24];

	for (unsigned i = 0; i < STEPS_REGISTERS; i++) {
		snprintf(number, sizeof(number), "0x%" PRIx64, regs[i]);
		json_array_append_new(registers, json_string(number));
	}
	json_object_set_new(step, "program", json_string(prog->name));
	json_object_set_new(step, "insn", json_integer(insn));
	json_object_set_new(step, "text", json_string(text));
	json_object_set_new(step, "registers", registers);
	json_array_append_new(steps->json, step);
}

void steps_take(void *ctx, uint32_t prog_id, uint32_t insn, const char *text, const uint64_t *regs)
{
	struct steps *steps = ctx;
	const struct load_prog *prog = offload_prog_of(steps->object, prog_id);

	(steps->json ? append : show)(steps, prog, insn, text, regs);
	memcpy(steps->before, regs, sizeof(steps->before));
	steps->count++;
}

void steps_end(struct steps *steps)
{
	if (steps->count && !steps->json)
		putchar('\n');
}
