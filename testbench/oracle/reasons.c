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

static bool is_call_of(const uint8_t *insn, enum bpf_func_id first, enum bpf_func_id second)
{
	int32_t helper;

	memcpy(&helper, insn + 4, sizeof(helper));
	return insn[0] == (BPF_JMP | BPF_CALL) && !(insn[1] >> 4) &&
	       (helper == (int32_t)first || helper == (int32_t)second);
}

static bool is_lock(const uint8_t *insn)
{
	return is_call_of(insn, BPF_FUNC_spin_lock, BPF_FUNC_spin_unlock);
}

static bool is_atomic(const uint8_t *insn)
{
	return BPF_CLASS(insn[0]) == BPF_STX && BPF_MODE(insn[0]) == BPF_ATOMIC;
}

static bool is_tail_call(const uint8_t *insn)
{
	return is_call_of(insn, BPF_FUNC_tail_call, BPF_FUNC_tail_call);
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

/*
 * The access that was refused: the kernel's log has it as "117: (79) r4 = *(u64 *)(r2 +8)", for R2 where the closing
 * sentence is of R2. false: it was something else.
 */
static bool last_access(const struct reasons_case *c, int64_t *off, int64_t *bytes)
{
	const char *at = NULL;
	char name[16];
	unsigned int reg, bits;
	int opcode = refused_opcode(c), by;

	if (sscanf(c->closing, "R%u ", &reg) != 1 || opcode < 0 || opcode == (BPF_JMP | BPF_CALL))
		return false;
	snprintf(name, sizeof(name), " *)(r%u ", reg);
	for (const char *next = c->log; (next = strstr(next, name)) != NULL; next += strlen(name))
		at = next;
	if (!at || sscanf(at + strlen(name), "%d", &by) != 1)
		return false;
	while (at > c->log && at[-1] != '(')
		at--;
	if (sscanf(at + 1, "%u", &bits) != 1)
		return false;
	*off = by;
	*bytes = bits / 8;
	return true;
}

/*
 * The variable part is negative, by the kernel's own account, which also has it that every sum is inside:
 * "R2=map_value(
 * ...,vs=48,off=40,smin=smin32=-40,smax=smax32=0...".
 */
static bool is_inside(const struct reasons_case *c)
{
	int64_t off, bytes, fixed;
	char state[256];

	if (!last_state(c, state, sizeof(state)) || strncmp(state, "map_value(", 10) != 0 ||
	    !last_access(c, &off, &bytes))
		return false;
	fixed = number_of(state, "off") + off;
	return number_of(state, "smin") < 0 && number_of(state, "smin") >= INT32_MIN &&
	       number_of(state, "smax") <= INT32_MAX && fixed + number_of(state, "smin") >= 0 &&
	       fixed + number_of(state, "smax") + bytes <= number_of(state, "vs");
}

/*
 * Whether the line, of a comparison of a packet pointer with the packet's end, leads on where the pointer is not above
 * it: "183: (2d) if r5 > r8 goto pc+19  ; R5=pkt(id=3,off=20,..." falls through, "... goto pc+1 108: R0=..." jumps.
 */
static bool is_proof(const char *line, size_t length)
{
	char text[512], left[24], right[8], op[4], *rest;
	unsigned int opcode, at;
	bool jumps, end_first;
	int n = 0;

	snprintf(text, sizeof(text), "%.*s", (int)length, line);
	if (sscanf(text, "%u: (%x) if %7s %3s %7s goto pc%*d%n", &at, &opcode, left, op, right, &n) != 5 || !n)
		return false;
	rest = text + n;
	jumps = sscanf(rest, " %u:", &at) == 1;
	left[0] = 'R';
	strcat(left, "=pkt_end()");
	end_first = strstr(line, left) && strstr(line, left) < line + length;
	switch (opcode) {
	case BPF_JMP | BPF_JGT | BPF_X:
		return end_first == jumps;
	case BPF_JMP | BPF_JGE | BPF_X:
		return end_first == jumps;
	case BPF_JMP | BPF_JLT | BPF_X:
		return end_first != jumps;
	case BPF_JMP | BPF_JLE | BPF_X:
		return end_first != jumps;
	default:
		return false;
	}
}

#define KERNEL_REACH 0xffff /* of what it proves of a packet, variable part and all */

/*
 * The access is below what was compared with the packet's end, of which the kernel took no notice: variable and fixed
 * part together may be above its limit.
 */
static bool is_far(const struct reasons_case *c)
{
	int64_t off, bytes, behind;
	char state[256], same[32];

	if (!last_state(c, state, sizeof(state)) || !last_access(c, &off, &bytes))
		return false;
	behind = number_of(state, "off") + off + bytes;
	if (number_of(state, "umax") > KERNEL_REACH || number_of(state, "smin") < 0 || behind < bytes)
		return false;
	if (number_of(state, "id"))
		snprintf(same, sizeof(same), "=pkt(id=%d,off=", (int)number_of(state, "id"));
	else
		snprintf(same, sizeof(same), "=pkt(off=");
	for (const char *at = strstr(c->log, same); at; at = strstr(at + 1, same)) {
		const char *line = at;
		int64_t fixed = strtol(at + strlen(same), NULL, 0);

		while (line > c->log && line[-1] != '\n')
			line--;
		if (fixed >= behind && number_of(state, "umax") + fixed > KERNEL_REACH &&
		    is_proof(line, strcspn(line, "\n")))
			return true;
	}
	return false;
}

#define KERNEL_OFFSET_MAX (1 << 29)

/*
 * "fp pointer offset -2147483647 is not allowed", but it is the distance of two numbers, one of which was computed from
 * the other: "R2=scalar(id=1-2147483647,smin=...".
 */
static bool is_distance(const struct reasons_case *c)
{
	const char *at = strstr(c->closing, "pointer offset ");
	char distance[32];
	long long off;

	if (!at || sscanf(at, "pointer offset %lld", &off) != 1 || llabs(off) < KERNEL_OFFSET_MAX)
		return false;
	snprintf(distance, sizeof(distance), "%+lld,", off);
	for (at = strstr(c->log, "=scalar(id="); at; at = strstr(at + 1, "=scalar(id=")) {
		const char *id = at + strlen("=scalar(id=");

		if (strncmp(id + strspn(id, "0123456789"), distance, strlen(distance)) == 0)
			return true;
	}
	return false;
}

/* The kernel's walk has ended well: it has forgotten what it said of it. */
static bool is_walked(const struct reasons_case *c)
{
	return *c->closing && strncmp(c->log, c->closing, strlen(c->closing)) == 0;
}

/* R0, where the function ends, points to the stack of one of its callers: "366: (79) r0 = ... ; frame2: R0=fp[0]-64".
 */
static bool is_of_caller(const struct reasons_case *c)
{
	unsigned int frame, of;
	const char *at = NULL;

	for (const char *next = c->log; (next = strstr(next, ": R0=")) != NULL; next++)
		at = next;
	while (at && at > c->log && at[-1] != ' ')
		at--;
	return at && refused_opcode(c) == (BPF_JMP | BPF_EXIT) && sscanf(at, "frame%u: R0=fp[%u]", &frame, &of) == 2 &&
	       of < frame;
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

const struct told_rule reasons_tell_all = {is_computed, is_any, is_any, is_any, is_any, is_any,
					   is_any,      is_any, is_any, is_any, is_any};

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
