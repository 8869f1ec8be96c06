// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every run of an accepted program stays within what the verifier claimed, instruction by instruction: see witness.h.
 * REFNIC_FUZZ=N tries N generated programs, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/lab.h"
#include "fuzz/witness.h"
#include "verify/walk.h"

#include "conform/insns.h" /* behind what uses its names */

/* About 15 seconds on one core. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 5000
#else
#define PROGRAMS 25000
#endif
#define RUNS 4

/* Frames of zeros, of ones, and of random bytes. */
static void run(struct lab *lab, const struct witness *w, uint64_t seed)
{
	uint8_t frame[LAB_FRAME_MAX], out[LAB_RESULT_BYTES];
	uint64_t rng = seed ^ 0x5555;

	for (int i = 0; i < RUNS; i++) {
		size_t bytes = 14 + (size_t)generate_random(&rng) % (sizeof(frame) - 13);

		for (size_t n = 0; n < bytes; n++)
			frame[n] = i == 0 ? 0 : i == 1 ? 0xff : (uint8_t)generate_random(&rng);
		lab->fault[0] = 0;
		lab_run(lab, frame, bytes, out);
		cr_assert_null(witness_says(w), "UNSOUND: seed %lu run %d: %s", seed, i, witness_says(w));
		cr_assert_eq(lab->fault[0], 0, "UNSOUND: seed %lu run %d: %s", seed, i, lab->fault);
	}
}

Test(claims, of_generated_programs)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), programs = lab_setting("REFNIC_FUZZ", PROGRAMS), accepted = 0;
	struct lab_program program;
	struct witness *w;
	struct lab lab;

	lab_open(&lab, FW_ENGINE_INTERP, 0x5a5a5a5a5a5a5a5a);
	w = witness_new(lab.fw);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		lab_program(seed, &program);
		if (!lab_load_program(&lab, &program)) {
			run(&lab, w, seed);
			accepted++;
		}
		lab_unload(&lab);
	}
	if (getenv("REFNIC_FUZZ"))
		fprintf(stderr, "claims: %lu of %lu programs accepted, %lu steps\n", accepted, programs,
			witness_steps(w));
	cr_assert_gt(accepted, programs / 20);
	cr_assert_gt(witness_steps(w), accepted * RUNS);
	witness_free(w);
	lab_close(&lab);
}

/* ---- short programs about one thing each, since long ones hide it ---- */

#define SHAPES     4000
#define SHAPE_MAX  64
#define NUM_BOUNDS 4

/* Lengths of frames; what programs compare with is near to them. */
static const uint16_t bounds[NUM_BOUNDS] = {14, 60, 100, 200};

struct shape {
	uint64_t rng;
	uint64_t insns[SHAPE_MAX];
	uint32_t count;
};

static uint32_t pick(struct shape *s, uint32_t n)
{
	return (uint32_t)(generate_random(&s->rng) % n);
}

static void put(struct shape *s, uint64_t insn)
{
	s->insns[s->count++] = insn;
}

/* R3 = data, R4 = data_end */
static void put_packet(struct shape *s)
{
	put(s, LDX_W(3, 1, CTX_DATA));
	put(s, LDX_W(4, 1, CTX_DATA_END));
}

/* So that paths meet at some distance from the last mark. */
static void put_distance(struct shape *s)
{
	for (uint32_t n = pick(s, 12); n-- > 0;)
		put(s, MOV_K(0, 0));
	put(s, JEQ_K(5, 33, 0));
}

/* One of two numbers goes to the stack; a function, some calls away, finds it there by a pointer and adds it to one. */
static void number_for_callee(struct shape *s)
{
	static const uint8_t widths[] = {0x73, 0x6b, 0x63, 0x7b};
	const int slot = -8 * (int)(1 + pick(s, 3));

	put_packet(s);
	put(s, MOV_X(5, 4));
	put(s, SUB_X(5, 3));
	put(s, ST_DW(10, slot, 0));
	put(s, MOV_K(2, 1 + pick(s, 3)));
	put(s, JGT_K(5, 80, 1));
	put(s, MOV_K(2, 4 + pick(s, 3)));
	if (pick(s, 2))
		put_distance(s);
	put(s, INSN(widths[pick(s, sizeof(widths))], 10, 2, slot, 0));
	put(s, MOV_K(2, 0));
	put_distance(s);
	put(s, MOV_X(1, 10));
	put(s, ADD_K(1, slot));
	for (uint32_t calls = 1 + pick(s, 3); calls-- > 0;) {
		put(s, CALL_LOCAL(1));
		put(s, EXIT);
	}
	put(s, pick(s, 2) ? LDX_DW(2, 1, 0) : LDX_B(2, 1, 0));
	put(s, MOV_X(3, 10));
	put(s, ADD_X(3, 2));
	put(s, ST_B(3, -16, 0));
	put(s, MOV_K(0, 2));
	put(s, EXIT);
}

/* Comparisons of packet pointers with the end, in every form, near to where it is. */
static void packet_bounds(struct shape *s)
{
	static const uint8_t ops[] = {0x1d, 0x5d, 0x2d, 0x3d, 0xad, 0xbd};

	put_packet(s);
	put(s, MOV_K(0, 0));
	put(s, MOV_X(2, 3));
	for (uint32_t n = 1 + pick(s, 5); n-- > 0;) {
		bool turned = pick(s, 2);

		if (pick(s, 3))
			put(s, MOV_X(2, 3));
		put(s, ADD_K(2, (int)bounds[pick(s, NUM_BOUNDS)] - 1 + (int)pick(s, 3)));
		put(s, INSN(ops[pick(s, sizeof(ops))], turned ? 4 : 2, turned ? 2 : 4, pick(s, 3), 0));
		put(s, MOV_K(5, 1));
		put(s, ADD_K(0, 1));
	}
	put(s, EXIT);
}

Test(claims, of_short_programs)
{
	static void (*const kinds[])(struct shape * s) = {number_for_callee, packet_bounds};
	const size_t num_kinds = sizeof(kinds) / sizeof(kinds[0]);
	uint64_t first = lab_setting("REFNIC_SEED", 1), accepted[sizeof(kinds) / sizeof(kinds[0])] = {0};
	uint8_t frame[LAB_FRAME_MAX] = {0}, out[LAB_RESULT_BYTES];
	struct witness *w;
	struct lab lab;

	lab_open(&lab, FW_ENGINE_INTERP, 0x5a5a5a5a5a5a5a5a);
	w = witness_new(lab.fw);
	for (uint64_t seed = first; seed < first + SHAPES; seed++) {
		struct shape s = {.rng = generate_seed(seed)};

		kinds[seed % num_kinds](&s);
		cr_assert_leq(s.count, SHAPE_MAX);
		if (!lab_load(&lab, (const uint8_t *)s.insns, s.count)) {
			accepted[seed % num_kinds]++;
			for (size_t i = 0; i < NUM_BOUNDS; i++) {
				lab_run(&lab, frame, bounds[i], out);
				cr_assert_null(witness_says(w), "UNSOUND: seed %lu, %u bytes: %s", seed, bounds[i],
					       witness_says(w));
			}
		}
		lab_unload(&lab);
	}
	for (size_t i = 0; i < num_kinds; i++)
		cr_assert_gt(accepted[i], SHAPES / 8, "kind %zu: %lu accepted", i, accepted[i]);
	witness_free(w);
	lab_close(&lab);
}

/* What goes wrong in a verifier that is not one. */
enum fault {
	FAULT_NUMBER,    /* a number loses members: R2 is 7 */
	FAULT_RANGE,     /* more of the packet is proven than there is */
	FAULT_OVER,      /* less of it is there than is */
	FAULT_OFFSET,    /* R2 points elsewhere */
	FAULT_NULL,      /* R0 can't be null */
	FAULT_LINK,      /* R2 and R3 are the same number */
	FAULT_SLOT,      /* the stack's first bytes are known to be 9 */
	FAULT_PRECISION, /* no number matters */
	FAULT_LIVENESS,  /* no slot lives */
	FAULT_DEAD,      /* the branch never falls through: R2 is 0 there, and nobody notes that it decides */
	FAULT_FRAME,     /* R6 of the caller is 7 */
};

struct broken_row {
	const char *what;
	uint64_t insns[24];
	enum fault fault;
	uint32_t insn; /* where */
	const char *says;
};

/* R2 is 1 or 2 and paths meet, 8 instructions on: where it is a stack offset the second one is not covered. */
#define ONE_OR_TWO                                                                                                     \
	LDX_W(3, 1, CTX_DATA), LDX_W(4, 1, CTX_DATA_END), MOV_X(5, 4), SUB_X(5, 3), MOV_K(2, 1), JGT_K(5, 100, 1),     \
		MOV_K(2, 2), MOV_K(0, 0)

/* clang-format off */
static const struct broken_row broken_rows[] = {
	{"a number", {LDX_W(2, 1, CTX_IFINDEX), MOV_X(0, 2), EXIT}, FAULT_NUMBER, 1, "R0 of frame 0: 0x3; claimed are"},
	{"a range", {PACKET(1, 14, 1), LDX_B(0, 2, 0), RETURN(2)}, FAULT_RANGE, 4, "R2 of frame 0: 4095 bytes are"},
	{"the other end of a range", {PACKET(1, 14, 1), LDX_B(0, 2, 0), RETURN(2)}, FAULT_OVER, 4, "R2 of frame 0: 20 bytes behind it"},
	{"an offset", {MOV_X(2, 10), MOV_K(0, 2), ST_W(2, -8, 1), EXIT}, FAULT_OFFSET, 1, "a stack pointer at offset 0; claimed"},
	{"a null", {ST_W(10, -4, 77), MOV_X(2, 10), ADD_K(2, -4), LD_MAP(1, GENERATE_HASH_MAP), CALL(HELPER_MAP_LOOKUP), MOV_K(1, 0), JEQ_K(0, 0, 1), LDX_B(0, 0, 0), EXIT}, FAULT_NULL, 6, "R0 of frame 0: no pointer into a value"},
	{"a link", {LDX_W(2, 1, CTX_IFINDEX), LDX_W(3, 1, CTX_QUEUE), MOV_X(0, 2), ADD_X(0, 3), EXIT}, FAULT_LINK, 2, "R3 of frame 0: 0x1 is not linked to 0x3"},
	{"a slot", {ST_DW(10, -8, 4), MOV_K(1, 0), LDX_W(0, 10, -8), EXIT}, FAULT_SLOT, 1, "stack of frame 0 at -8: byte 0 is 0x04; claimed is 0x09"},
	{"a frame", {MOV_K(6, 3), CALL_LOCAL(2), MOV_X(0, 6), EXIT, MOV_K(0, 1), EXIT}, FAULT_FRAME, 4, "R6 of frame 0: 0x3; claimed"},
	{"precision", {ONE_OR_TWO, ST_DW(10, -8, 0), ST_DW(10, -16, 0), MOV_X(3, 10), ADD_X(3, 2), LDX_B(0, 3, -8), RETURN(2)}, FAULT_PRECISION, 0, "R3 of frame 0: a stack pointer at offset"},
	{"liveness", {ONE_OR_TWO, STX_DW(10, -8, 2), JEQ_K(5, 33, 0), MOV_K(0, 0), LDX_DW(2, 10, -8), MOV_X(3, 10), ADD_X(3, 2), STX_B(3, -24, 0), RETURN(2)}, FAULT_LIVENESS, 0, "R2 of frame 0: 0x1; claimed are"},
	{"a dead branch", {LDX_W(2, 1, CTX_IFINDEX), JEQ_K(2, 0, 1), MOV_K(3, 1), RETURN(2)}, FAULT_DEAD, 1, "takes it for impossible"},
};
/* clang-format on */

static void break_at(struct verify *v, const void *how)
{
	const struct broken_row *row = how;
	struct reg *regs = state_frame(v->state)->regs;

	if (row->fault == FAULT_PRECISION && v->parent)
		v->parent->precise = (struct deps){0};
	for (uint32_t i = 0; row->fault == FAULT_LIVENESS && i < v->args.count; i++)
		v->spots[i].live.low = v->spots[i].live.high = 0;
	if (v->insn != row->insn)
		return;
	switch (row->fault) {
	case FAULT_NUMBER:
		reg_set_const(&regs[2], 7);
		break;
	case FAULT_RANGE:
		regs[2].range = 4095;
		break;
	case FAULT_OVER:
		regs[2].over = 20;
		break;
	case FAULT_OFFSET:
		regs[2].off = -16;
		break;
	case FAULT_NULL:
		regs[0].kind = REG_VALUE;
		break;
	case FAULT_LINK:
		regs[2].id = regs[3].id = ++v->next_id;
		break;
	case FAULT_SLOT:
		memset(v->state->frames[0].slots[0].bytes, BYTE_KNOWN, 8);
		memset(v->state->frames[0].slots[0].values, 9, 8);
		break;
	case FAULT_FRAME:
		reg_set_const(&v->state->frames[0].regs[6], 7);
		break;
	case FAULT_DEAD:
		reg_set_const(&regs[2], 0);
		break;
	default:
		break;
	}
}

Test(claims, show_a_broken_verifier)
{
	for (size_t i = 0; i < sizeof(broken_rows) / sizeof(broken_rows[0]); i++) {
		const struct broken_row *row = &broken_rows[i];
		uint8_t frame[LAB_FRAME_MAX] = {0}, out[LAB_RESULT_BYTES];
		uint32_t slots = sizeof(row->insns) / 8;

		while (row->insns[slots - 1] != EXIT)
			slots--;
		for (int broken = 0; broken < 2; broken++) {
			struct witness *w;
			struct lab lab;
			const char *says;

			lab_open(&lab, FW_ENGINE_INTERP, 0);
			w = witness_new(lab.fw);
			if (broken)
				witness_break(w, break_at, row);
			cr_assert_eq(lab_load(&lab, (const uint8_t *)row->insns, slots), 0, "%s", row->what);
			lab_run(&lab, frame, 64, out);
			lab_run(&lab, frame, 200, out);
			says = witness_says(w);
			cr_expect(broken ? says && strstr(says, row->says) : !says, "%s: says %s", row->what, says);
			lab_unload(&lab);
			witness_free(w);
			lab_close(&lab);
		}
	}
}
