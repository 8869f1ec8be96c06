// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each program is verified twice: as it is done, and with no path cut off where another state covers it. What the walk
 * of every single path finds, the shorter one has to find, too: the same error at the same instruction; no more
 * instructions that a run can come to, actions that it can return, or time that it can take; and what engines are told
 * of an instruction has to be true on every path. A state taken for covered that is not shows in one of these.
 * REFNIC_FUZZ=N tries N generated programs, REFNIC_SEED=S starts at seed S.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fuzz/lab.h"
#include "verify/walk.h"

#include "conform/insns.h" /* behind what uses its names */

#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 1500
#else
#define PROGRAMS 10000
#endif
#define EVERY_PATH 30000 /* instructions: of programs with more on all their paths nothing is learnt */

/* One verification. */
struct walked {
	bool every_path;
	void (*break_fn)(struct verify *v);
	struct verify_result result;
	bool seen[GENERATE_MAX_SLOTS]; /* walked */
	uint8_t access[GENERATE_MAX_SLOTS];
	struct exec_call calls[GENERATE_MAX_SLOTS];
};

static void watch(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct walked *w = ctx;

	(void)mark;
	if (w->break_fn && event != VERIFY_ENDS)
		w->break_fn(v);
	switch (event) {
	case VERIFY_BEGINS:
		for (uint32_t i = 0; w->every_path && i < v->args.count; i++)
			v->spots[i].flags &= (uint16_t)~SPOT_COMPARE;
		break;
	case VERIFY_VISITS:
		w->seen[v->insn] = true;
		if (w->every_path && v->result.visited > EVERY_PATH)
			v->result.visited = VERIFY_MAX_VISITED; /* to have done with it */
		break;
	case VERIFY_ENDS:
		w->result = v->result;
		if (v->result.error)
			break;
		memcpy(w->access, v->result.access, v->args.count * sizeof(w->access[0]));
		memcpy(w->calls, v->result.calls, v->args.count * sizeof(w->calls[0]));
		break;
	default:
		break;
	}
}

/* What is wrong; "" if nothing is. */
struct verdict {
	char text[200];
};

__attribute__((format(printf, 2, 3))) static void say(struct verdict *verdict, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!verdict->text[0])
		vsnprintf(verdict->text, sizeof(verdict->text), format, args);
	va_end(args);
}

/* What engines are told of instruction i is true on every path. */
static void compare_facts(struct verdict *verdict, const struct walked *pruned, const struct walked *every, uint32_t i)
{
	const struct exec_call *told = &pruned->calls[i], *found = &every->calls[i];

	if (!every->seen[i])
		return;
	if (!pruned->seen[i])
		say(verdict, "a path leads to instruction %u", i);
	if (pruned->access[i] != every->access[i])
		say(verdict, "access of instruction %u: %u, not %u", i, every->access[i], pruned->access[i]);
	if (told->map != EXEC_NO_MAP && told->map != found->map)
		say(verdict, "map of instruction %u: %u, not %u", i, found->map, told->map);
	if (told->key_known && (!found->key_known || told->key != found->key))
		say(verdict, "key of instruction %u: not %u", i, told->key);
	if (told->optional > found->optional)
		say(verdict, "optional arguments of instruction %u: %u, not %u", i, found->optional, told->optional);
}

static void compare(struct verdict *verdict, const struct walked *pruned, const struct walked *every, uint32_t slots)
{
	const struct verify_result *p = &pruned->result, *e = &every->result;

	if (e->error == VIRTIO_NET_XDP_VERIFY_COMPLEXITY)
		return;
	if (p->error != e->error || p->error_insn != e->error_insn) {
		say(verdict, "error %#x at %u, not %#x at %u", e->error, e->error_insn, p->error, p->error_insn);
		return;
	}
	if (p->error)
		return;
	if (e->actions & ~p->actions)
		say(verdict, "actions %#x, not %#x", e->actions, p->actions);
	if (e->longest > p->longest)
		say(verdict, "a run of %lu instructions, not %lu", e->longest, p->longest);
	if (e->writes > p->writes || e->zero_stack > p->zero_stack || e->frames > p->frames)
		say(verdict, "writes %d, not %d, zero_stack %d, not %d, %u frames, not %u", e->writes, p->writes,
		    e->zero_stack, p->zero_stack, e->frames, p->frames);
	if (p->visited > e->visited)
		say(verdict, "%u instructions visited on every path, %u on some", e->visited, p->visited);
	for (uint32_t i = 0; i < slots; i++)
		compare_facts(verdict, pruned, every, i);
}

struct pair {
	struct lab lab;
	struct walked walks[2]; /* pruned, every path */
};

static void pair_open(struct pair *pair)
{
	memset(pair->walks, 0, sizeof(pair->walks));
	pair->walks[1].every_path = true;
	lab_open(&pair->lab, FW_ENGINE_INTERP, 0);
	pair->lab.fw->watch = watch;
}

static void pair_close(struct pair *pair)
{
	pair->lab.fw->watch = NULL;
	lab_close(&pair->lab);
}

static struct verdict try(struct pair *pair, const struct lab_program *program)
{
	struct verdict verdict = {{0}};

	for (int i = 0; i < 2; i++) {
		struct walked *w = &pair->walks[i];

		memset(w->seen, 0, sizeof(w->seen));
		memset(&w->result, 0, sizeof(w->result));
		pair->lab.fw->watch_ctx = w;
		lab_load_program(&pair->lab, program);
		lab_unload(&pair->lab);
	}
	compare(&verdict, &pair->walks[0], &pair->walks[1], program->slots);
	return verdict;
}

Test(pruning, changes_no_verdict)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), programs = lab_setting("REFNIC_FUZZ", PROGRAMS);
	uint64_t ended = 0, accepted = 0, cut = 0;
	struct pair *pair = malloc(sizeof(*pair));
	struct lab_program program;

	cr_assert_not_null(pair);
	pair_open(pair);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		const struct verify_result *p = &pair->walks[0].result, *e = &pair->walks[1].result;
		struct verdict verdict;

		lab_program(seed, &program);
		verdict = try(pair, &program);
		cr_assert(!verdict.text[0], "UNSOUND: seed %lu: %s", seed, verdict.text);
		ended += e->error != VIRTIO_NET_XDP_VERIFY_COMPLEXITY;
		accepted += !e->error;
		cut += !e->error && p->visited < e->visited;
	}
	if (getenv("REFNIC_FUZZ"))
		fprintf(stderr, "pruning: every path of %lu of %lu programs walked, %lu accepted, %lu with less\n",
			ended, programs, accepted, cut);
	cr_assert_gt(ended, programs / 2);
	cr_assert_gt(cut, programs / 50, "%lu of %lu accepted", cut, accepted);
	pair_close(pair);
	free(pair);
}

/* ---- a verifier that cuts off too much is seen ---- */

static void each_mark(struct verify *v, void (*fn)(struct mark *m))
{
	for (uint32_t i = 0; i < v->args.count; i++)
		for (struct mark *m = v->spots[i].marks; m; m = m->next)
			fn(m);
}

static void forget_precise(struct mark *m)
{
	m->precise = (struct deps){0};
}

static void nothing_is_precise(struct verify *v)
{
	each_mark(v, forget_precise);
}

static void forget_longest(struct mark *m)
{
	m->longest = 0;
}

static void nothing_is_far(struct verify *v)
{
	each_mark(v, forget_longest);
}

static void no_slot_lives(struct verify *v)
{
	for (uint32_t i = 0; i < v->args.count; i++)
		v->spots[i].live.low = v->spots[i].live.high = 0;
}

/* R2 is one of two numbers where paths meet; R0 is not known. */
#define ONE_OF(a, b) LDX_W(0, 1, CTX_IFINDEX), MOV_K(2, a), JEQ_K(0, 1, 1), MOV_K(2, b), JEQ_K(0, 2, 0)

/* clang-format off */
static const struct broken_row {
	const char *what;
	uint64_t insns[24];
	void (*break_fn)(struct verify *v);
	const char *says;
} broken_rows[] = {
	{"an offset", {ONE_OF(600, 1), MOV_X(3, 10), SUB_X(3, 2), ST_B(3, 0, 1), RETURN(2)}, nothing_is_precise, "error 0x"},
	{"an action", {ONE_OF(1, 2), MOV_X(0, 2), EXIT}, nothing_is_precise, "actions 0x6, not 0x4"},
	{"a branch", {ONE_OF(1, 2), JEQ_K(2, 1, 2), RETURN(2), ST_B(10, -1, 0), RETURN(2)}, nothing_is_precise, "instruction 8"},
	{"bytes", {ONE_OF(4000, 8), CALL(HELPER_XDP_ADJUST_TAIL), RETURN(2)}, nothing_is_precise, "a run of "},
	{"a place", {LDX_W(0, 1, CTX_IFINDEX), JEQ_K(0, 1, 3), MOV_K(2, 1), STX_DW(10, -8, 2), JA(2), MOV_K(2, 600), STX_DW(10, -8, 2), LDX_DW(2, 10, -8), MOV_X(3, 10), SUB_X(3, 2), ST_B(3, 0, 1), RETURN(2)}, no_slot_lives, "error 0x"},
	{"time", {LDX_W(0, 1, CTX_IFINDEX), JEQ_K(0, 1, 1), JA(2), MOV_K(2, 1), MOV_K(2, 1), RETURN(2)}, nothing_is_far, "a run of 6 instructions, not "},
};
/* clang-format on */

Test(pruning, that_is_wrong_shows)
{
	struct pair *pair = malloc(sizeof(*pair));

	cr_assert_not_null(pair);
	pair_open(pair);
	for (size_t i = 0; i < sizeof(broken_rows) / sizeof(broken_rows[0]); i++) {
		const struct broken_row *row = &broken_rows[i];
		struct lab_program program = {.slots = sizeof(row->insns) / 8};
		struct verdict verdict;

		while (row->insns[program.slots - 1] != EXIT)
			program.slots--;
		memcpy(program.wire, row->insns, (size_t)program.slots * 8);
		pair->walks[0].break_fn = NULL;
		verdict = try(pair, &program);
		cr_expect_str_empty(verdict.text, "%s: says %s", row->what, verdict.text);
		pair->walks[0].break_fn = row->break_fn;
		verdict = try(pair, &program);
		cr_expect(strstr(verdict.text, row->says), "%s: says '%s'", row->what, verdict.text);
	}
	pair_close(pair);
	free(pair);
}
