// SPDX-License-Identifier: BSD-2-Clause
/*
 * JIT and interpreter on random programs: all 64 bits of R0, and memory, are the same.
 *
 * Programs are valid by construction. Each function keeps the address of memory in one of R6 to R9, a loop budget in
 * another, and writes to neither; all branches lead forward but those that spend the budget, so every program ends. No
 * program lets R10 reach a result, since the stacks lie elsewhere.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "jit_run.h"

TestSuite(jit_interp, .disabled = !RUN_HAS_JIT);

#define MEM_BYTES     256
#define FUNCTIONS     3 /* besides main; each calls only later ones */
#define MAX_BODY      60
#define LOOP_BUDGET   5
#define STACK_SLOTS   4 /* of 8 bytes, the first below R10 */
#define PROGRAMS      6000
#define INTERP_BUDGET 1000000

struct gen {
	struct asmr a;
	uint64_t random;
	unsigned int base, budget; /* registers of this function */
	uint32_t calls[64];        /* slots of local calls to be linked, and the function that each calls */
	unsigned int callee[64];
	unsigned int num_calls;
};

static uint32_t below(struct gen *g, uint32_t n)
{
	return (uint32_t)(run_random(&g->random) >> 33) % n;
}

/* Any register that may be written. */
static unsigned int scratch(struct gen *g)
{
	unsigned int r;

	do
		r = below(g, 10);
	while (r == g->base || r == g->budget);
	return r;
}

static int32_t any_imm(struct gen *g)
{
	static const int32_t edge[] = {0, 1, -1, 2, 31, 32, 63, 127, 128, -128, -129, INT32_MAX, INT32_MIN, 0x10000};

	return below(g, 2) ? edge[below(g, ARRAY_SIZE(edge))] : (int32_t)run_random(&g->random);
}

static uint64_t any_value(struct gen *g)
{
	uint64_t v = run_random(&g->random);

	switch (below(g, 5)) {
	case 0:
		return v;
	case 1:
		return (uint32_t)v;
	case 2:
		return v & 0xff;
	case 3:
		return (uint64_t)(int64_t)(int32_t)v;
	default:
		return (uint64_t)any_imm(g) << 32;
	}
}

static void gen_alu(struct gen *g, enum insn_op op)
{
	bool is_imm = insn_info[op].form == INSN_FORM_ALU_K;

	asmr_add(&g->a, op, scratch(g), is_imm ? 0 : below(g, 10), 0, is_imm ? any_imm(g) : 0);
}

/* In memory, or in those slots of the stack that the function has filled. */
static void gen_memory(struct gen *g, enum insn_op op)
{
	const struct insn_info *info = &insn_info[op];
	bool stack = !below(g, 3), atomic = info->cls == INSN_CLASS_ATOMIC, is_load = info->form == INSN_FORM_LDX;
	unsigned int area = stack ? 8 * STACK_SLOTS : MEM_BYTES, base = stack ? 10 : g->base;
	int off = (int)below(g, area - info->width + 1);
	unsigned int value = is_load || atomic ? scratch(g) : below(g, 10);

	if (atomic)
		off -= off % info->width;
	if (stack)
		off -= (int)area;
	asmr_add(&g->a, op, is_load ? value : base, is_load ? base : value, (int16_t)off,
		 info->form == INSN_FORM_ST ? any_imm(g) : 0);
}

/* Where it leads is decided when the function is complete: link_branches(). */
static void gen_branch(struct gen *g, enum insn_op op)
{
	if (op == INSN_MAY_GOTO) {
		asmr_add(&g->a, op, 0, 0, 0, 0);
		return;
	}
	asmr_jmp(&g->a, op, below(g, 10), insn_info[op].form == INSN_FORM_JMP_X ? below(g, 10) : 0, any_imm(g), 0);
}

static void gen_call(struct gen *g, unsigned int function)
{
	if (function >= FUNCTIONS || g->num_calls == ARRAY_SIZE(g->calls))
		return;
	asmr_add(&g->a, INSN_MOV64_X, 1, g->base, 0, 0);
	g->callee[g->num_calls] = function + 1 + below(g, FUNCTIONS - function);
	g->calls[g->num_calls++] = asmr_add(&g->a, INSN_CALL_LOCAL, 0, 1, 0, 0);
	/* No program may read what a call leaves in them. */
	for (unsigned int r = 1; r <= 5; r++)
		asmr_add(&g->a, INSN_MOV64_X, r, below(g, 2) ? 0 : g->base, 0, 0);
}

static void gen_loop(struct gen *g, uint32_t back)
{
	asmr_add(&g->a, INSN_ADD64_K, g->budget, 0, 0, -1);
	asmr_jmp(&g->a, INSN_JSGT64_K, g->budget, 0, 0, back);
}

static void gen_one(struct gen *g, unsigned int function, uint32_t start)
{
	enum insn_op op = below(g, INSN_OPS);

	switch (insn_info[op].cls) {
	case INSN_CLASS_ALU:
		gen_alu(g, op);
		break;
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
	case INSN_CLASS_ATOMIC:
		gen_memory(g, op);
		break;
	case INSN_CLASS_JMP:
		gen_branch(g, op);
		break;
	case INSN_CLASS_JA:
		if (below(g, 2))
			asmr_add(&g->a, op, 0, 0, 0, 0);
		else
			gen_loop(g, start + below(g, g->a.count - start));
		break;
	case INSN_CLASS_LD_IMM64:
		asmr_imm64(&g->a, op, scratch(g), any_value(g));
		break;
	case INSN_CLASS_CALL_LOCAL:
		gen_call(g, function);
		break;
	default:
		break;
	}
}

/*
 * Moves a target off what must not be entered alone: the second half of a pair, a call without its R1, a loop's jump
 * without the budget spent. Branches that are not linked yet have target 0.
 */
static uint32_t landing(const struct asmr *a, uint32_t target)
{
	const struct insn *insns = a->insns;

	while (insns[target].op == INSN_LD_SLOT2 || insns[target].op == INSN_CALL_LOCAL ||
	       (insn_info[insns[target].op].cls == INSN_CLASS_JMP && insns[target].imm))
		target--;
	return target;
}

static void link_branches(struct gen *g, uint32_t start, uint32_t end)
{
	struct asmr *a = &g->a;

	for (uint32_t i = start; i < end; i++) {
		struct insn *insn = &a->insns[i];
		uint8_t cls = insn_info[insn->op].cls;
		uint32_t target;

		if (cls != INSN_CLASS_JMP && cls != INSN_CLASS_JA)
			continue;
		if (insn->imm) { /* a loop */
			insn->imm = (int32_t)landing(a, (uint32_t)insn->imm);
			continue;
		}
		target = landing(a, i + 1 + below(g, MIN(end - i, below(g, 16) ? 4u : 60u)));
		insn->imm = (int32_t)MAX(target, i + 1);
	}
}

static void gen_function(struct gen *g, unsigned int function)
{
	struct asmr *a = &g->a;
	uint32_t start, body = 1 + below(g, MAX_BODY);

	g->base = 6 + below(g, 4);
	g->budget = 6 + (g->base - 6 + 1 + below(g, 3)) % 4;
	asmr_add(a, INSN_MOV64_X, g->base, 1, 0, 0);
	asmr_add(a, INSN_MOV64_K, g->budget, 0, 0, LOOP_BUDGET);
	for (unsigned int r = 0; r < 10; r++)
		if (r != g->base && r != g->budget)
			asmr_add(a, INSN_LDX64, r, g->base, (int16_t)(8 * below(g, MEM_BYTES / 8)), 0);
	for (int n = 1; n <= STACK_SLOTS; n++)
		asmr_add(a, INSN_STX64, 10, below(g, 10), (int16_t)(-8 * n), 0);
	start = a->count;
	asmr_add(a, INSN_ADD64_K, g->budget, 0, 0, 0);
	while (a->count < start + body)
		gen_one(g, function, start);
	asmr_add(a, INSN_EXIT, 0, 0, 0, 0);
	link_branches(g, start, a->count - 1);
}

static void gen_program(struct gen *g, uint64_t seed)
{
	uint32_t entry[FUNCTIONS + 1];

	g->random = seed;
	g->num_calls = 0;
	asmr_start(&g->a, true);
	for (unsigned int f = 0; f <= FUNCTIONS; f++) {
		entry[f] = g->a.count;
		gen_function(g, f);
	}
	for (unsigned int n = 0; n < g->num_calls; n++)
		g->a.insns[g->calls[n]].imm = (int32_t)entry[g->callee[n]];
}

static void fill(uint8_t *mem, uint64_t seed)
{
	for (size_t n = 0; n < MEM_BYTES; n += 8) {
		uint64_t v = run_random(&seed);

		v >>= v % 3 ? 0 : v / 3 % 64;
		memcpy(mem + n, &v, 8);
	}
}

static void print_program(const struct asmr *a)
{
	char text[128];

	for (uint32_t i = 0; i < a->count; i++) {
		insn_print(text, sizeof(text), a->insns, i);
		fprintf(stderr, "%4u: %s\n", i, text);
	}
}

/* Returns the instructions that the interpreter took. */
static uint64_t compare(struct gen *g, uint64_t seed)
{
	static uint8_t mem[MEM_BYTES] __attribute__((aligned(8))), by_jit[MEM_BYTES];
	const struct exec_prog prog = {
		.insns = g->a.insns, .count = g->a.count, .access = g->a.access, .plain_memory = true};
	struct run run = {
		.mem = mem, .mem_bytes = MEM_BYTES, .budget = INTERP_BUDGET, .budget_on = true, .turns = RUN_TURNS};
	uint64_t jit, interp;
	char what[48];

	snprintf(what, sizeof(what), "program %llu", (unsigned long long)seed);
	fill(mem, seed);
	jit = run_once(&g->a, mem, MEM_BYTES, what);
	memcpy(by_jit, mem, MEM_BYTES);
	fill(mem, seed);
	interp = interp_run(&prog, &run);
	cr_assert_null(run.fault, "%s: %s at %u", what, run.fault, run.fault_insn);
	if (jit != interp || memcmp(mem, by_jit, MEM_BYTES) != 0) {
		print_program(&g->a);
		cr_assert_fail("%s: R0 is %#llx by the JIT, %#llx by the interpreter; memory %s", what,
			       (unsigned long long)jit, (unsigned long long)interp,
			       memcmp(mem, by_jit, MEM_BYTES) != 0 ? "differs" : "is the same");
	}
	return INTERP_BUDGET - run.budget;
}

Test(jit_interp, random_programs, .timeout = 60)
{
	static struct gen g;
	uint64_t taken = 0, calls = 0;

	for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
		gen_program(&g, seed);
		taken += compare(&g, seed);
		calls += g.num_calls;
	}
	/* The generator really makes programs that do something. */
	cr_assert_gt(taken, 50 * PROGRAMS);
	cr_assert_gt(calls, PROGRAMS / 2);
}

/* Flags that are remembered of an instruction are not asked for behind a call: they are the callee's. */
Test(jit_interp, compares_behind_local_calls)
{
	static const struct {
		enum insn_op op, jump;
		int32_t from; /* less 1: R6 at the jump */
		bool jumps;
	} rows[] = {
		{INSN_SUB64_K, INSN_JEQ64_K, 1, true},  {INSN_SUB64_K, INSN_JEQ64_K, 2, false},
		{INSN_SUB64_K, INSN_JNE64_K, 1, false}, {INSN_SUB64_K, INSN_JNE64_K, 2, true},
		{INSN_SUB32_K, INSN_JEQ32_K, 1, true},  {INSN_SUB32_K, INSN_JEQ32_K, 2, false},
	};
	static struct asmr a;

	for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
		for (int32_t less = 0; less <= 2; less += 2) {
			uint64_t want = rows[n].jumps ? (uint64_t)(2 - less) : 77;

			asmr_start(&a, true);
			asmr_add(&a, INSN_MOV64_K, 6, 0, 0, rows[n].from);
			asmr_add(&a, rows[n].op, 6, 0, 0, 1);
			asmr_add(&a, INSN_CALL_LOCAL, 0, 1, 0, 6);
			asmr_jmp(&a, rows[n].jump, 6, 0, 0, 5);
			asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 77);
			asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
			asmr_add(&a, INSN_MOV64_K, 0, 0, 0, 2);
			asmr_add(&a, INSN_SUB64_K, 0, 0, 0, less);
			asmr_add(&a, INSN_EXIT, 0, 0, 0, 0);
			cr_assert_eq(run_once(&a, NULL, 0, "a call"), want, "row %zu, less %d", n, less);
		}
	}
}
