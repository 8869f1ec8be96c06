// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/reasons.h"

#include <fnmatch.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
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

static bool is_call(const uint8_t *insn)
{
	return insn[0] == (BPF_JMP | BPF_CALL);
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

/* The instruction that the kernel refused: its log has it behind the last "N: (". Returns its opcode, or -1. */
static int refused_opcode(const struct reasons_case *c)
{
	const char *at = NULL;
	unsigned int opcode;

	for (const char *next = c->log; (next = strstr(next, ": (")) != NULL; next++)
		at = next;
	return at && sscanf(at, ": (%x)", &opcode) == 1 ? (int)opcode : -1;
}

static bool is_atomic_refused(const struct reasons_case *c)
{
	int opcode = refused_opcode(c);

	return opcode == (BPF_STX | BPF_ATOMIC | BPF_W) || opcode == (BPF_STX | BPF_ATOMIC | BPF_DW);
}

/*
 * A loop that the kernel takes for endless ends: our verifier has walked every path to its end, or the kernel's state
 * has a slot of which it knows nothing but that it was written ("fp-8=m???mmmm"), where the counter can be.
 */
static bool is_forgotten(const struct reasons_case *c)
{
	const char *at = strstr(c->closing, " fp-");

	for (; at && !c->whole; at = strstr(at + 1, " fp-")) {
		const char *kinds = at + strcspn(at, "=");

		if (memchr(kinds, 'm', strspn(kinds, "=m?0r")))
			break;
	}
	return strstr(c->log, "infinite loop detected") && (c->whole || at);
}

/* One byte at a pointer itself, which was found below the packet's end. */
static bool is_first_byte(const struct reasons_case *c)
{
	const char *at = strstr(c->log, "invalid access to packet, ");
	unsigned int reg, id;
	int end = 0;

	return at &&
	       sscanf(at, "invalid access to packet, off=0 size=1, R%u(id=%u,off=0,r=0)%n", &reg, &id, &end) == 2 &&
	       end;
}

/*
 * The register that the closing sentence begins with, as the log last has it: "pkt(id=2,off=12,r=0,smin=umin=...". Cut
 * to room. false: it has not.
 */
static bool last_state(const struct reasons_case *c, char *state, size_t room)
{
	const char *at = NULL;
	char name[8];
	unsigned int reg;

	if (sscanf(c->closing, "R%u ", &reg) != 1)
		return false;
	snprintf(name, sizeof(name), "R%u=", reg);
	for (const char *next = c->log; (next = strstr(next, name)) != NULL; next += strlen(name))
		at = next + strlen(name);
	if (at)
		snprintf(state, room, "%.*s", (int)strcspn(at, ")"), at);
	return at;
}

/* A number in a state: "umax=smax32=umax32=0xffff" gives 65535. 0: the state has none of this name. */
static int64_t number_of(const char *state, const char *name)
{
	char key[16];
	const char *at;

	snprintf(key, sizeof(key), "%s=", name);
	for (at = strstr(state, key); at; at = strstr(at + 1, key))
		if (at == state || strchr(",=(", at[-1]))
			break;
	if (!at)
		return 0;
	at += strlen(key);
	while (*at >= 'a' && *at <= 'z')
		at += strcspn(at, "=") + 1;
	return (int64_t)strtoull(at, NULL, 0);
}

static bool can_be_negative(const struct reasons_case *c)
{
	char state[256];

	return last_state(c, state, sizeof(state)) && number_of(state, "smin") < 0;
}

#define KERNEL_REACH 0xffff /* of what it proves of a packet, variable part and all */
#define FIXED_MAX    64     /* bytes, of what was compared: the log has only what is accessed */

static bool is_far(const struct reasons_case *c)
{
	char state[256];

	return last_state(c, state, sizeof(state)) && number_of(state, "umax") <= KERNEL_REACH &&
	       number_of(state, "umax") + number_of(state, "off") + FIXED_MAX > KERNEL_REACH;
}

static bool is_marked_by_end(const struct reasons_case *c)
{
	char state[256];

	return last_state(c, state, sizeof(state)) && number_of(state, "r") < 0;
}

/* What the kernel said of the access that it refused, in the closing sentence or the line before, is of 0 bytes. */
static bool is_nothing(const struct reasons_case *c)
{
	const char *at = strstr(c->log, c->closing), *size;
	int lines = 2;

	if (!at || !*c->closing)
		return false;
	while (at > c->log && (at[-1] != '\n' || --lines))
		at--;
	size = strstr(at, " size=0");
	return size && strchr(",\n", size[strlen(" size=0")]);
}

const struct told_rule reasons_tell_all = {is_computed, is_any, is_any, is_any, is_any, is_any};

#define REASON(name, closing, when, why) {name, closing, when, {NULL}, why},
#define TOLD(name, why, ...)             {name, NULL, NULL, {__VA_ARGS__}, why},
#define PATHS(name, why)                 {name, NULL, NULL, {NULL}, why},
const struct reason reasons_rows[] = {
#include "oracle/reasons.def"
};
#undef REASON
#undef TOLD
#undef PATHS

const int reasons_paths = 0;
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
