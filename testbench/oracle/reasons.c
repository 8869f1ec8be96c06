// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/reasons.h"

#include <fnmatch.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

static bool is_alu(const uint8_t *insn, uint8_t op)
{
	return (BPF_CLASS(insn[0]) == BPF_ALU || BPF_CLASS(insn[0]) == BPF_ALU64) && BPF_OP(insn[0]) == op;
}

static bool is_division(const uint8_t *insn)
{
	return is_alu(insn, BPF_DIV) || is_alu(insn, BPF_MOD);
}

static bool is_negation(const uint8_t *insn)
{
	return is_alu(insn, BPF_NEG);
}

static bool is_product(const uint8_t *insn)
{
	return is_alu(insn, BPF_MUL);
}

static bool is_sum(const uint8_t *insn)
{
	return is_alu(insn, BPF_ADD) || is_alu(insn, BPF_SUB);
}

static bool is_bitwise(const uint8_t *insn)
{
	return is_alu(insn, BPF_AND) || is_alu(insn, BPF_OR) || is_alu(insn, BPF_XOR);
}

static bool is_shift(const uint8_t *insn)
{
	return is_alu(insn, BPF_LSH) || is_alu(insn, BPF_RSH) || is_alu(insn, BPF_ARSH);
}

static bool is_extension(const uint8_t *insn)
{
	return is_alu(insn, BPF_MOV) && (insn[2] || insn[3] || BPF_CLASS(insn[0]) == BPF_ALU);
}

static bool is_swap(const uint8_t *insn)
{
	return is_alu(insn, BPF_END);
}

static bool is_load(const uint8_t *insn)
{
	return BPF_CLASS(insn[0]) == BPF_LDX;
}

static bool is_computed(const uint8_t *insn)
{
	return is_load(insn) || ((BPF_CLASS(insn[0]) == BPF_ALU || BPF_CLASS(insn[0]) == BPF_ALU64) &&
				 !(is_alu(insn, BPF_MOV) && BPF_SRC(insn[0]) == BPF_K));
}

static bool is_any(const uint8_t *insn)
{
	(void)insn;
	return true;
}

static bool is_same_compared(const uint8_t *insn)
{
	return BPF_SRC(insn[0]) == BPF_X && (insn[1] & 0xf) == insn[1] >> 4;
}

const struct told_rule reasons_tell_all = {is_computed, is_any, is_any};

#define REASON(name, closing, when, why)   {name, closing, when, {NULL, NULL, NULL}, why},
#define TOLD(name, result, use, side, why) {name, NULL, NULL, {result, use, side}, why},
const struct reason reasons_rows[] = {
#include "oracle/reasons.def"
};
#undef REASON
#undef TOLD

const size_t reasons_count = sizeof(reasons_rows) / sizeof(reasons_rows[0]);

int reasons_find(const struct reasons_case *c)
{
	for (size_t i = 0; i < reasons_count; i++) {
		const struct reason *row = &reasons_rows[i];

		if (row->closing && fnmatch(row->closing, c->closing, 0) == 0 && (!row->when || row->when(c)))
			return (int)i;
	}
	return -1;
}

static bool is_statistics(const char *line)
{
	static const char *const starts[] = {"processed ", "verification time ", "stack depth ", "mark_precise: "};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

void reasons_closing(const char *log, char *closing, size_t room)
{
	const char *end = log + strlen(log), *line = end;

	while (end > log) {
		while (end > log && end[-1] == '\n')
			end--;
		for (line = end; line > log && line[-1] != '\n';)
			line--;
		if (!is_statistics(line))
			break;
		end = line;
	}
	snprintf(closing, room, "%.*s", (int)(end - line), line);
}
