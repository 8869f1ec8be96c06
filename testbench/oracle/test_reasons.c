// SPDX-License-Identifier: BSD-2-Clause
/*
 * The list of reasons excuses nothing that is wrong: programs that must be refused, each near one of the reasons, are
 * shown to the kernel, and what it says is no reason. And programs that must be accepted have the reason that they are
 * made for. Skipped, with a line that says so, where bpf() is not allowed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle/kprog.h"
#include "oracle/reasons.h"
#include "oracle/shapes.h"
#include "oracle/trial.h"
#include "virtio_net_xdp.h"

#define SLOTS 32

struct row {
	const char *id;
	struct bpf_insn insns[SLOTS];
};

#define I(c, d, s, o, i)                                                                                               \
	{                                                                                                              \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                                    \
	}
#define MOV(d, s)          I(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOVI(d, i)         I(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, s)          I(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define ADDI(d, i)         I(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define SUB(d, s)          I(BPF_ALU64 | BPF_SUB | BPF_X, d, s, 0, 0)
#define ANDI(d, i)         I(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)
#define RSHI(d, i)         I(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, i)
#define LD(size, d, s, o)  I(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define ST(size, d, o, i)  I(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define STX(size, d, s, o) I(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define JMP(op, d, s, o)   I(BPF_JMP | (op) | BPF_X, d, s, o, 0)
#define JMPI(op, d, i, o)  I(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define CALL(h)            I(BPF_JMP | BPF_CALL, 0, 0, 0, h)
#define VALUE(d, o)        I(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_VALUE, 0, 2), I(0, 0, 0, 0, o)
#define RETURN             MOVI(0, 2), I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* R2 = data, R3 = data_end, R4 = a number that the context has */
#define PACKET LD(BPF_W, 2, 1, 0), LD(BPF_W, 3, 1, 4), LD(BPF_W, 4, 1, 16)

/* Map 2 of shapes_maps is an array of one value of 255 bytes. */
static const struct row rows[] = {
	{"no proof", {PACKET, LD(BPF_B, 0, 2, 0), RETURN}},
	{"a proof of another byte", {PACKET, MOV(5, 2), ADDI(5, 4), JMP(BPF_JGT, 5, 3, 1), LD(BPF_B, 0, 2, 4), RETURN}},
	{"above the end", {PACKET, JMP(BPF_JLT, 2, 3, 1), LD(BPF_B, 0, 2, 0), RETURN}},
	{"not equal to the end", {PACKET, MOV(5, 2), ADDI(5, 4), JMP(BPF_JEQ, 5, 3, 1), LD(BPF_B, 0, 2, 0), RETURN}},
	{"far, without proof", {PACKET, ANDI(4, 0xffff), ADD(2, 4), LD(BPF_B, 0, 2, 8), RETURN}},
	{"far, behind the proof",
	 {PACKET, ANDI(4, 0xffff), ADD(2, 4), MOV(5, 2), ADDI(5, 8), JMP(BPF_JGT, 5, 3, 1), LD(BPF_B, 0, 2, 8),
	  RETURN}},
	{"far, on the wrong side",
	 {PACKET, ANDI(4, 0xffff), ADD(2, 4), MOV(5, 2), ADDI(5, 8), JMP(BPF_JLE, 5, 3, 1), LD(BPF_B, 0, 2, 0),
	  RETURN}},
	{"far, on the wrong side, the end first",
	 {PACKET, ANDI(4, 0xffff), ADD(2, 4), MOV(5, 2), ADDI(5, 8), JMP(BPF_JGE, 3, 5, 1), LD(BPF_B, 0, 2, 0),
	  RETURN}},
	{"a fixed offset, behind the proof",
	 {PACKET, ADDI(2, 65535), MOV(5, 2), ADDI(5, 8), JMP(BPF_JGT, 5, 3, 1), LD(BPF_B, 0, 2, 8), RETURN}},
	{"before the packet", {PACKET, MOV(5, 2), ADDI(5, 4), JMP(BPF_JGT, 5, 3, 1), LD(BPF_B, 0, 2, -1), RETURN}},
	{"before a value", {PACKET, ANDI(4, 15), VALUE(6, 8), SUB(6, 4), LD(BPF_B, 0, 6, 0), RETURN}},
	{"behind a value", {PACKET, ANDI(4, 15), VALUE(6, 0), ADDI(6, 255), SUB(6, 4), LD(BPF_B, 0, 6, 0), RETURN}},
	{"behind a value, by its size",
	 {PACKET, ANDI(4, 15), VALUE(6, 0), ADDI(6, 252), SUB(6, 4), LD(BPF_W, 0, 6, 0), RETURN}},
	{"a value at any offset", {PACKET, VALUE(6, 0), ADD(6, 4), LD(BPF_B, 0, 6, 0), RETURN}},
	{"below the stack", {LD(BPF_B, 0, 10, -513), RETURN}},
	{"above the stack", {LD(BPF_B, 0, 10, 0), RETURN}},
	{"an atomic above the stack",
	 {PACKET, ANDI(4, 8), MOV(5, 10), ADD(5, 4), ST(BPF_DW, 10, -8, 0),
	  I(BPF_STX | BPF_ATOMIC | BPF_DW, 5, 4, -8, BPF_ADD), RETURN}},
	{"an atomic below the stack",
	 {PACKET, ANDI(4, 8), MOV(5, 10), ADD(5, 4), I(BPF_STX | BPF_ATOMIC | BPF_DW, 5, 4, -520, BPF_ADD), RETURN}},
	{"an atomic on a pointer",
	 {PACKET, STX(BPF_DW, 10, 1, -8), STX(BPF_DW, 10, 1, -16), ANDI(4, 8), MOV(5, 10), ADD(5, 4), MOVI(6, 1),
	  I(BPF_STX | BPF_ATOMIC | BPF_DW, 5, 6, -32, BPF_ADD), LD(BPF_B, 0, 2, 0), RETURN}},
	{"a helper reads what is not there",
	 {PACKET, MOV(1, 2), MOVI(2, 4), MOVI(3, 0), MOVI(4, 0), MOVI(5, 0), CALL(BPF_FUNC_csum_diff), RETURN}},
	{"a number for a pointer", {MOVI(2, 64), LD(BPF_B, 0, 2, 0), RETURN}},
	{"not initialised", {MOV(0, 7), RETURN}},
	{"an endless loop", {MOVI(6, 1), JMPI(BPF_JNE, 6, 0, -1), RETURN}},
	{"out of the program", {MOVI(0, 2), JMPI(BPF_JEQ, 0, 3, 99), RETURN}},
};

static uint32_t length(const struct row *row)
{
	uint32_t n = SLOTS;

	while (n && !row->insns[n - 1].code)
		n--;
	return n;
}

Test(oracle, no_reason_for_what_is_wrong)
{
	char *log = malloc(KPROG_LOG_BYTES), closing[1024];
	int maps[8];

	for (size_t i = 0; i < shapes_num_maps; i++) {
		maps[i] = kprog_map(&shapes_maps[i], -1);
		if (maps[i] == -EPERM)
			cr_skip_test("bpf() is not allowed here: the kernel cannot be asked");
		cr_assert_geq(maps[i], 0);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reasons_case c = {.log = log, .closing = closing};
		int prog, row;

		log[0] = 0;
		prog = kprog_load((const uint8_t *)rows[i].insns, length(&rows[i]), maps, shapes_num_maps, log);
		cr_expect_lt(prog, 0, "%s: the kernel accepts it", rows[i].id);
		reasons_closing(log, closing, sizeof(closing));
		cr_expect_neq(closing[0], 0, "%s: the kernel says nothing", rows[i].id);
		row = reasons_find(&c);
		cr_expect_eq(row, -1, "%s: \"%s\" is taken for a reason: %s", rows[i].id, closing,
			     row < 0 ? "" : reasons_rows[row].name);
		if (prog >= 0)
			close(prog);
	}
	for (size_t i = 0; i < shapes_num_maps; i++)
		close(maps[i]);
	free(log);
}

#define LD_MAP(d, m)   I(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, m), I(0, 0, 0, 0, 0)
#define CALL_LOCAL(to) I(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, to)
#define EXIT           I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define RESERVE(exits) LD_MAP(1, 0), MOVI(2, 8), MOVI(3, 0), CALL(BPF_FUNC_ringbuf_reserve), JMPI(BPF_JEQ, 0, 0, exits)
#define DISCARD        MOVI(2, 0), CALL(BPF_FUNC_ringbuf_discard)
#define DIVIDE(d)      I(BPF_ALU64 | BPF_DIV | BPF_K, d, 0, 0, 1 << 29)
/* 0 to 7, which the kernel does not know, from a number that the context has; and that byte of the stack */
#define EIGHTH(d)      LD(BPF_W, d, 1, 16), DIVIDE(d)
#define TO_SLOT(d, by) ST(BPF_DW, 10, -16, 0), MOV(d, 10), ADDI(d, -16), ADD(d, by)

/* Ids are the reasons' names. */
static const struct row excused[] = {
	{"division", {EIGHTH(7), TO_SLOT(6, 7), LD(BPF_B, 0, 6, 0), RETURN}},
	/* a check that can fail while a record is held: in a register, on the stack */
	{"division",
	 {EIGHTH(7), RESERVE(11), MOV(8, 0), DIVIDE(7), TO_SLOT(6, 7), LD(BPF_B, 7, 6, 0), MOV(1, 8), DISCARD, RETURN}},
	{"division",
	 {EIGHTH(7), RESERVE(12), STX(BPF_DW, 10, 0, -8), MOVI(0, 0), DIVIDE(7), TO_SLOT(6, 7), LD(BPF_B, 7, 6, 0),
	  LD(BPF_DW, 1, 10, -8), DISCARD, RETURN}},
	/* in a function: main ends, too */
	{"division",
	 {LD(BPF_W, 1, 1, 16), CALL_LOCAL(7), TO_SLOT(6, 0), LD(BPF_B, 0, 6, 0), RETURN, MOV(0, 1), DIVIDE(0), EXIT}},
	{"nothing added", {LD(BPF_W, 3, 1, 4), MOVI(4, 0), ADD(4, 3), RETURN}},
	{"minus", {MOV(2, 10), I(BPF_ALU64 | BPF_SUB | BPF_K, 2, 0, 0, 8), ST(BPF_DW, 2, 0, 1), RETURN}},
	{"stack pointer returned",
	 {MOV(1, 10), ADDI(1, -16), ST(BPF_DW, 10, -8, 1), CALL_LOCAL(3), ST(BPF_DW, 0, 8, 2), RETURN, MOV(0, 1),
	  EXIT}},
	{"tail call", {CALL_LOCAL(2), RETURN, LD_MAP(2, 1), MOVI(3, 0), CALL(BPF_FUNC_tail_call), MOVI(0, 0), EXIT}},
	{"packet to helper",
	 {PACKET, MOV(1, 2), MOV(5, 2), ADDI(5, 16), JMP(BPF_JGT, 5, 3, 2), MOVI(2, 12), CALL(BPF_FUNC_trace_printk),
	  RETURN}},
	/* too many paths: one of the numbers that R8 can be is cut off, the other one claimed; neither matters */
	{"same",
	 {PACKET, MOV(5, 2), ADDI(5, 4), JMP(BPF_JGT, 5, 3, 14), LD(BPF_W, 7, 2, 0), LD(BPF_W, 9, 2, 0), MOVI(8, 0),
	  JMPI(BPF_JNE, 9, 0, 1), MOVI(8, 1), MOVI(6, 16), RSHI(7, 1), JMPI(BPF_JSET, 7, 1, 1), ADDI(7, 1), ADDI(6, -1),
	  JMPI(BPF_JNE, 6, 0, -5), ADDI(8, 1), JMP(BPF_JGE, 7, 7, 1), LD(BPF_B, 0, 10, 0), RETURN}},
	{"compared with a pointer",
	 {STX(BPF_DW, 10, 10, -8), MOVI(0, 0), MOV(2, 10), I(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 2, -8, BPF_CMPXCHG),
	  LD(BPF_DW, 3, 10, -8), ST(BPF_DW, 3, -16, 1), RETURN}},
};

static const struct load_map excused_maps[] = {
	{.type = VIRTIO_NET_XDP_MAP_RINGBUF, .max_entries = 4096, .inner = LOAD_NO_MAP},
	{.type = VIRTIO_NET_XDP_MAP_PROG_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1, .inner = LOAD_NO_MAP},
};

Test(oracle, each_has_its_reason)
{
	struct trial *trial = trial_open("reasons");

	if (!trial && (errno == EPERM || errno == ENOSYS))
		cr_skip_test("bpf() is not allowed here, or not there: the kernel cannot be asked");
	cr_assert(trial_maps(trial, excused_maps, sizeof(excused_maps) / sizeof(excused_maps[0])));
	for (size_t i = 0; i < sizeof(excused) / sizeof(excused[0]); i++) {
		const struct trial_counts *counts = trial_counts(trial);
		const char *found = NULL;

		memset(counts->reasons, 0, reasons_count * sizeof(*counts->reasons));
		trial_program(trial, (const uint8_t *)excused[i].insns, length(&excused[i]), i);
		for (size_t r = 0; r < reasons_count; r++)
			if (counts->reasons[r])
				found = reasons_rows[r].name;
		cr_expect(counts->only_device == i + 1 && !counts->faults, "row %zu, %s: %lu only here, %lu faults", i,
			  excused[i].id, counts->only_device, counts->faults);
		cr_expect(found && !strcmp(found, excused[i].id), "row %zu, %s: found %s", i, excused[i].id,
			  found ? found : "none");
	}
	cr_expect_eq(trial_counts(trial)->refuted, 1);
	trial_close(trial);
}
