// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/claims.h"

#include <string.h>

#include "core.h"
#include "verify/walk.h"

#define NONE         UINT32_MAX
#define WHOLE_VISITS 200000 /* instructions: a program with more of them, path by path, has too many paths */

struct claims {
	struct claims_at *at;
	uint32_t slots;
	uint32_t visits;
	bool whole;    /* every path is walked to its end: none is cut off for what was seen before */
	uint32_t last; /* instruction that was walked, and whose result has not been looked at */
};

static void note_value(struct claims_of *of, const struct scalar *var)
{
	int32_t value = (int32_t)var->bits.value;

	for (uint32_t i = 0; i < of->count; i++)
		if (of->values[i] == value && scalar_is(var, (uint64_t)(int64_t)value))
			return;
	if ((of->seen && !of->count) || of->count == CLAIMS_VALUES || !scalar_is(var, (uint64_t)(int64_t)value))
		of->count = 0;
	else
		of->values[of->count++] = value;
}

void claims_note(struct claims_of *of, const struct reg *r)
{
	if (reg_is_scalar(r)) {
		note_value(of, &r->var);
		of->number = true;
		of->var = of->seen ? scalar_join(&of->var, &r->var) : r->var;
	} else {
		of->other = true;
	}
	of->kind = of->seen && of->kind != r->kind ? REG_NONE : r->kind;
	of->seen = true;
}

typedef bool claims_same_fn(const struct reg *a, const void *b);

static void note_home(struct claims_home *home, const struct frame *f, claims_same_fn *same, const void *what)
{
	uint16_t regs = 0;
	uint64_t slots = 0;

	for (uint8_t r = 0; r < INSN_MAX_REG; r++)
		regs |= (uint16_t)(same(&f->regs[r], what) << r);
	for (uint32_t s = 0; s < f->used; s++)
		if (slot_is_spill(&f->slots[s]) && same(&f->slots[s].reg, what))
			slots |= 1ULL << s;
	home->regs = home->seen ? home->regs & regs : regs;
	home->slots = home->seen ? home->slots & slots : slots;
	home->seen = true;
}

static bool is_record(const struct reg *r, const void *id)
{
	return (r->kind == REG_RECORD || r->kind == REG_RECORD_OR_NULL) && r->id == *(const uint32_t *)id && !r->off &&
	       scalar_is(&r->var, 0);
}

void claims_note_records(struct claims_at *at, const struct state *state)
{
	for (uint32_t i = 0; i < state->held.num_records && !state->depth; i++)
		note_home(&at->records[i], &state->frames[0], is_record, &state->held.records[i]);
}

static bool is_same_pointer(const struct reg *r, const void *pointer)
{
	const struct reg *other = pointer;

	return r != other && r->kind == REG_STACK && r->frame == other->frame && r->off == other->off &&
	       scalar_is(&r->var, r->var.bits.value) && scalar_is(&other->var, r->var.bits.value);
}

/* A function has returned. */
static void note_back(struct claims_at *at, const struct state *state)
{
	const struct frame *f = &state->frames[state->depth];
	const struct reg *r0 = &f->regs[0];
	int64_t off = r0->off + (int64_t)r0->var.bits.value;
	bool own = r0->frame == state->depth && scalar_is(&r0->var, r0->var.bits.value) && off == (int32_t)off;

	if (r0->kind != REG_STACK)
		return;
	at->own = own && (!at->back.seen || (at->own && at->own_off == off));
	at->own_off = (int32_t)off;
	note_home(&at->back, f, is_same_pointer, r0);
}

/* The walk has come to v->insn from the last instruction. */
static void note_result(struct verify *v, struct claims_at *at, uint32_t last)
{
	const struct insn *insn = &v->args.insns[last];

	switch (insn_info[insn->op].cls) {
	case INSN_CLASS_ALU:
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		claims_note(&at->after, walk_reg(v, insn->dst));
		break;
	case INSN_CLASS_CALL:
	case INSN_CLASS_ATOMIC:
		claims_note(&at->after, walk_reg(v, 0));
		break;
	case INSN_CLASS_JMP:
		at->jumps |= v->insn == (uint32_t)insn->imm;
		at->falls |= v->insn == last + 1;
		break;
	default:
		break;
	}
}

static void watch(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct claims *claims = ctx;

	(void)mark;
	switch (event) {
	case VERIFY_BEGINS:
		for (uint32_t i = 0; claims->whole && i < claims->slots; i++)
			v->spots[i].flags &= (uint8_t) ~(SPOT_JOIN | SPOT_LOOP);
		break;
	case VERIFY_WAITS:
		claims->at[v->insn].jumps = true;
		break;
	case VERIFY_VISITS:
	case VERIFY_MARKS:
	case VERIFY_COVERED:
		/* what comes first after an instruction has its state, if the path goes on */
		if (claims->last != NONE)
			note_result(v, &claims->at[claims->last], claims->last);
		claims->last = NONE;
		break;
	default:
		claims->last = NONE;
	}
	if (event != VERIFY_VISITS)
		return;
	for (uint8_t r = 0; r < CLAIMS_REGS; r++)
		claims_note(&claims->at[v->insn].before[r], walk_reg(v, r));
	claims_note_records(&claims->at[v->insn], v->state);
	if (v->insn && insn_info[v->args.insns[v->insn - 1].op].cls == INSN_CLASS_CALL_LOCAL)
		note_back(&claims->at[v->insn], v->state);
	claims->last = v->insn;
	if (claims->whole && ++claims->visits == WHOLE_VISITS)
		v->result.visited = VERIFY_MAX_VISITED;
}

void claims_forget(struct claims_at *at)
{
	for (uint8_t r = 0; r < CLAIMS_REGS; r++)
		at->before[r].other = true;
	at->after.other = true;
	at->falls = at->jumps = true;
}

static bool collect(struct device *device, const uint8_t *wire, struct claims *claims)
{
	struct device_verdict verdict;

	claims->last = NONE;
	memset(claims->at, 0, claims->slots * sizeof(*claims->at));
	device->fw->watch = watch;
	device->fw->watch_ctx = claims;
	device_load(device, wire, claims->slots, 0, &verdict);
	device->fw->watch = NULL;
	return !verdict.error;
}

bool claims_collect(struct device *device, const uint8_t *wire, uint32_t slots, struct claims_at *at)
{
	struct claims claims = {.at = at, .slots = slots, .whole = true};

	if (collect(device, wire, &claims))
		return true;
	/* too many paths */
	device_unload(device);
	claims.whole = false;
	collect(device, wire, &claims);
	return false;
}
