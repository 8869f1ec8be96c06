// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/paths.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "oracle/claims.h"
#include "oracle/told.h"
#include "verify/walk.h"

#define NONE      UINT32_MAX
#define WAITS_MAX 8192

/* A branch whose other side is walked later. */
struct wait {
	uint32_t insn;
	uint32_t count; /* slots of the path that lead to it */
	struct claims_home records[EXEC_RECORDS];
};

struct paths {
	const struct bpf_insn *program;
	uint32_t slots;
	struct told_writer path;
	struct wait waits[WAITS_MAX];
	uint32_t num_waits;
	uint32_t last;           /* instruction that was walked, and is not in the path yet */
	struct claims_at before; /* what held before it */
	uint32_t count;
	bool open; /* the path has not ended */
	bool bad;
	paths_fn *fn;
	void *ctx;
};

static void put_branch(struct told_writer *w, const struct bpf_insn *insn, bool jumps)
{
	struct bpf_insn jump = *insn;

	jump.off = jumps ? told_trap_slots(w) : 1;
	told_put(w, &jump);
	if (!jumps)
		told_put(w, &(struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = told_trap_slots(w)});
	told_put_trap(w);
}

static void put_wait(struct paths *p, uint32_t insn)
{
	struct wait *wait = &p->waits[p->num_waits];

	if (p->num_waits == WAITS_MAX) {
		p->bad = true;
		return;
	}
	*wait = (struct wait){.insn = insn, .count = p->path.count};
	memcpy(wait->records, p->before.records, sizeof(wait->records));
	p->num_waits++;
}

/* The walk has come to next from the last instruction. */
static void put_last(struct paths *p, struct verify *v, uint32_t next)
{
	const struct bpf_insn *insn = &p->program[p->last];
	const struct insn *decoded = &v->args.insns[p->last];
	struct claims_of after = {0};

	switch (insn_info[decoded->op].cls) {
	case INSN_CLASS_JMP:
		if (insn->off)
			put_branch(&p->path, insn, next != p->last + 1);
		break;
	case INSN_CLASS_JA:
		break;
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		told_put(&p->path, insn);
		told_put(&p->path, insn + 1);
		break;
	case INSN_CLASS_CALL:
		claims_note(&after, walk_reg(v, 0));
		told_put_plain(&p->path, insn, &p->before);
		p->path.changed = 0x3f;
		told_put_found(&p->path, insn, &after);
		break;
	case INSN_CLASS_CALL_LOCAL:
		p->bad = true;
		break;
	case INSN_CLASS_ALU:
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		if (told_put_zero(&p->path, insn, &p->before) || told_put_minus(&p->path, insn, &p->before))
			break;
		told_put_plain(&p->path, insn, &p->before);
		p->path.changed = (uint16_t)(1u << decoded->dst);
		claims_note(&after, walk_reg(v, decoded->dst));
		told_put_claim(&p->path, decoded->dst, &after);
		break;
	case INSN_CLASS_ATOMIC:
		claims_note(&p->before.after, walk_reg(v, 0));
		if (!told_put_fails(&p->path, insn, &p->before))
			told_put_plain(&p->path, insn, &p->before);
		break;
	default:
		told_put_plain(&p->path, insn, &p->before);
	}
	p->last = NONE;
}

static void put_uses(struct paths *p, struct verify *v)
{
	memset(&p->before, 0, sizeof(p->before));
	for (uint8_t r = 0; r < CLAIMS_REGS; r++)
		claims_note(&p->before.before[r], walk_reg(v, r));
	claims_note_records(&p->before, v->state);
	p->path.at = &p->before;
	p->path.changed = 0;
	told_put_uses(&p->path, &p->program[v->insn], &p->before);
	told_put_access(&p->path, &p->program[v->insn], &p->before);
}

static void end_path(struct paths *p)
{
	p->open = false;
	p->bad |= p->path.full || ++p->count > PATHS_MAX;
	p->bad = p->bad || !p->fn(p->ctx, (const uint8_t *)p->path.out, p->path.count);
}

static void visit(struct paths *p, struct verify *v)
{
	put_uses(p, v);
	p->open = true;
	p->last = v->insn;
	if (insn_info[v->args.insns[v->insn].op].cls != INSN_CLASS_EXIT)
		return;
	put_last(p, v, NONE);
	end_path(p);
}

/* A path that has come to where no number is left for a register: nothing can follow. */
static void break_off(struct paths *p)
{
	if (!p->open)
		return;
	told_put_trap(&p->path);
	end_path(p);
}

static void resume(struct paths *p, struct verify *v)
{
	const struct wait *wait = &p->waits[--p->num_waits];

	p->path.count = wait->count;
	p->open = true;
	p->last = wait->insn;
	p->path.changed = 0;
	memcpy(p->before.records, wait->records, sizeof(wait->records));
	put_last(p, v, v->insn);
}

static void watch(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct paths *p = ctx;

	(void)mark;
	if (p->bad) {
		v->result.visited = VERIFY_MAX_VISITED; /* to have done with it */
		return;
	}
	switch (event) {
	case VERIFY_BEGINS:
		for (uint32_t i = 0; i < p->slots; i++)
			v->spots[i].flags &= (uint8_t) ~(SPOT_JOIN | SPOT_LOOP);
		break;
	case VERIFY_VISITS:
		if (p->last != NONE)
			put_last(p, v, v->insn);
		visit(p, v);
		break;
	case VERIFY_WAITS:
		put_wait(p, v->insn);
		break;
	case VERIFY_RESUMES:
		break_off(p);
		if (p->num_waits)
			resume(p, v);
		break;
	case VERIFY_ENDS:
		break_off(p);
		break;
	default:
		break;
	}
}

bool paths_each(struct device *device, const uint8_t *wire, uint32_t slots, paths_fn *fn, void *ctx)
{
	struct paths *p = calloc(1, sizeof(*p));
	struct device_verdict verdict;
	bool good;

	cr_assert_not_null(p);
	p->program = (const void *)wire;
	p->slots = slots;
	p->path.out = malloc(PATHS_SLOTS_MAX * sizeof(*p->path.out));
	cr_assert_not_null(p->path.out);
	p->path.room = PATHS_SLOTS_MAX;
	p->last = NONE;
	p->fn = fn;
	p->ctx = ctx;
	device->fw->watch = watch;
	device->fw->watch_ctx = p;
	device_load(device, wire, slots, 0, &verdict);
	device->fw->watch = NULL;
	good = !p->bad && !verdict.error;
	if (verdict.error) { /* too many paths */
		device_unload(device);
		device_load(device, wire, slots, 0, &verdict);
	}
	free(p->path.out);
	free(p);
	return good;
}
