// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's driver.
 *
 * The program is laid out by a counting pass without an image: all branches in their long form. The code memory is
 * allocated then; helper calls may be shorter once it is known where the code will run, so a program with calls is
 * counted again. Branches that reach are made short until no more do, which only moves code together, so a branch that
 * was found to reach goes on reaching. The emitting pass has to reproduce this layout byte for byte; then each branch
 * is read back from the image and must lead to the start of an instruction.
 *
 * What comes in has been decoded and verified. It is checked again for whatever the back end relies on: a bug elsewhere
 * must not become machine code.
 */
#include "exec/jit.h"

#define JIT_LAYOUT_PASSES 16
#define JIT_MAX_BYTES     (64u << 20)

#if defined(__x86_64__)
static const struct jit_machine *const machine = &jit_x86_64;
#elif defined(__aarch64__)
static const struct jit_machine *const machine = &jit_arm64;
#else
static const struct jit_machine *const machine;
#endif

static bool is_branch(uint8_t cls)
{
	return cls == INSN_CLASS_JMP || cls == INSN_CLASS_JA || cls == INSN_CLASS_CALL_LOCAL;
}

static bool is_pair(uint8_t cls)
{
	return cls == INSN_CLASS_LD_IMM64 || cls == INSN_CLASS_LD_MAP || cls == INSN_CLASS_LD_MAP_VALUE;
}

static bool falls_through(uint8_t cls)
{
	return cls != INSN_CLASS_JA && cls != INSN_CLASS_EXIT;
}

/* The register that an instruction writes, or -1. Calls aside. */
static int writes(const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];

	switch (info->cls) {
	case INSN_CLASS_ALU:
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		return insn->dst;
	case INSN_CLASS_ATOMIC:
		return info->op >= INSN_ATOMIC_FETCH_ADD && info->op <= INSN_ATOMIC_XCHG ? insn->src : -1;
	default:
		return -1;
	}
}

static bool insn_ok(const struct exec_prog *prog, uint32_t i)
{
	const struct insn *insn = &prog->insns[i];
	uint8_t cls;

	if (insn->op >= INSN_OPS || insn->dst >= INSN_MAX_REG || insn->src >= INSN_MAX_REG ||
	    writes(insn) == INSN_FRAME_PTR)
		return false;
	cls = insn_info[insn->op].cls;
	if (cls == INSN_CLASS_SLOT2)
		return i > 0 && prog->insns[i - 1].op < INSN_OPS && is_pair(insn_info[prog->insns[i - 1].op].cls);
	if (is_pair(cls))
		return i + 1 < prog->count && prog->insns[i + 1].op == INSN_LD_SLOT2;
	if (is_branch(cls))
		return insn->imm >= 0 && (uint32_t)insn->imm < prog->count &&
		       prog->insns[insn->imm].op != INSN_LD_SLOT2;
	return true;
}

#define CONTEXT_IFINDEX 12
#define CONTEXT_LAST    16 /* the last field's offset, and the only one that is written */

/* Whether an access of the context is one that programs have. req: XO-133, XO-137 */
static bool context_ok(const struct exec_prog *prog, uint32_t i)
{
	const struct insn *insn = &prog->insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	if (!prog->access || prog->access[i] != EXEC_ACCESS_CTX)
		return true;
	if (info->width != 4 || insn->off % 4 || insn->off < 0 || insn->off > CONTEXT_LAST)
		return false;
	return info->cls == INSN_CLASS_LDX ||
	       ((info->cls == INSN_CLASS_ST || info->cls == INSN_CLASS_STX) && insn->off == CONTEXT_LAST);
}

/* Checks the program and marks what jumps and calls lead to. 0, or -EINVAL or -ENOTSUP with *at. */
static int survey(struct jit_work *w, uint32_t *at)
{
	const struct exec_prog *prog = w->prog;

	for (uint32_t i = 0; i < prog->count; i++) {
		const struct insn *insn = &prog->insns[i];
		uint8_t cls;

		if (!insn_ok(prog, i) || !context_ok(prog, i)) {
			*at = i;
			return insn_ok(prog, i) ? -ENOTSUP : -EINVAL;
		}
		cls = insn_info[insn->op].cls;
		if (cls == INSN_CLASS_CALL_LOCAL) {
			w->mark[insn->imm] |= JIT_MARK_FUNC | JIT_MARK_TARGET;
			w->locals = true;
		} else if (cls == INSN_CLASS_JMP || cls == INSN_CLASS_JA) {
			w->mark[insn->imm] |= JIT_MARK_TARGET | ((uint32_t)insn->imm <= i ? JIT_MARK_BACK : 0);
		} else if (cls == INSN_CLASS_CALL && insn->imm == HELPER_TAIL_CALL) {
			w->tails = true;
		}
	}
	return 0;
}

/* What of struct run a call reads that differs from frame to frame. */
static uint8_t call_needs(int32_t id)
{
	switch (id) {
	case 1: /* map_lookup_elem */
	case 2: /* map_update_elem */
	case 3: /* map_delete_elem */
		return JIT_NEED_QUEUE | JIT_NEED_END;
	case 5: /* ktime_get_ns */
		return JIT_NEED_FRAME;
	case 7:  /* get_prandom_u32 */
	case 28: /* csum_diff */
		return 0;
	case 8: /* get_smp_processor_id */
		return JIT_NEED_QUEUE;
	default:
		return JIT_NEED_FRAME | JIT_NEED_QUEUE | JIT_NEED_HEADROOM | JIT_NEED_END | JIT_NEED_PREPARED;
	}
}

/* Learns what frames and bursts need, of the instructions that are compiled. */
static void learn(struct jit_work *w)
{
	for (uint32_t i = 0; i < w->prog->count; i++) {
		const struct insn *insn = &w->insns[i];
		enum opt_form form = jit_form(w, i);
		uint8_t cls = insn_info[insn->op].cls;

		if (form == OPT_NOTHING)
			continue;
		w->regs |= (uint16_t)(1u << insn->dst | 1u << insn->src);
		if (form == OPT_INDEX || form == OPT_INDEX_MEM)
			continue;
		w->calls |= cls == INSN_CLASS_CALL || cls == INSN_CLASS_CALL_LOCAL;
		if (cls == INSN_CLASS_CALL) {
			w->run = true;
			w->needs |= call_needs(insn->imm);
		}
		if (w->prog->access && w->prog->access[i] == EXEC_ACCESS_CTX) {
			w->run |= cls != INSN_CLASS_LDX;
			w->needs |= cls != INSN_CLASS_LDX || insn->off == CONTEXT_IFINDEX ? JIT_NEED_PREPARED : 0;
		}
	}
	w->run |= (w->needs & ~JIT_NEED_PREPARED) != 0;
	w->calls |= (w->needs & JIT_NEED_END) != 0;
}

uint64_t jit_blinding(struct jit_work *w)
{
	uint64_t z = w->prog->blind + ++w->blinded * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* One pass over the program, counting or emitting. */
static int pass(struct jit_work *w, uint32_t *at)
{
	bool falls = true;

	w->out.at = 0;
	w->flags = 0;
	w->blinded = 0;
	machine->entry(w);
	for (uint32_t i = 0; i < w->prog->count; i++) {
		int rc = 0;

		if (w->mark[i] & JIT_MARK_FUNC)
			machine->func(w, i, falls);
		if (w->mark[i] & JIT_MARK_TARGET)
			w->flags = 0;
		w->start[i] = (uint32_t)w->out.at;
		if (jit_form(w, i) == OPT_NOTHING) {
			falls = true;
		} else {
			rc = machine->insn(w, i);
			falls = falls_through(insn_info[w->insns[i].op].cls);
		}
		if (rc || w->out.fault || w->out.at > JIT_MAX_BYTES) {
			*at = i;
			return rc ? rc : -ENOTSUP;
		}
		w->end[i] = (uint32_t)w->out.at;
	}
	w->start[w->prog->count] = (uint32_t)w->out.at;
	if (w->burst)
		machine->tail(w);
	return w->out.fault ? -ENOTSUP : 0;
}

/* Marks branches that fit the short form. Returns whether there were any more. */
static bool shorten(struct jit_work *w)
{
	bool any = false;

	for (uint32_t i = 0; i < w->prog->count; i++) {
		int64_t distance;
		uint32_t to;

		if (w->mark[i] & JIT_MARK_SHORT || !jit_branches(w, i, &to) || jit_is_void(w, i) ||
		    insn_info[w->insns[i].op].cls == INSN_CLASS_CALL_LOCAL)
			continue;
		distance = (int64_t)w->start[to] - w->end[i];
		/* A backward branch gets nearer by becoming short, a forward one does not. */
		if (distance < machine->short_min || distance > machine->short_max)
			continue;
		w->mark[i] |= JIT_MARK_SHORT | JIT_MARK_SHORTENED;
		any = true;
	}
	return any;
}

/* Moves everything up behind the branches that were just marked. */
static void move_up(struct jit_work *w)
{
	uint32_t saved = 0;

	for (uint32_t i = 0; i < w->prog->count; i++) {
		w->start[i] -= saved;
		if (w->mark[i] & JIT_MARK_SHORTENED) {
			bool jumps = insn_info[w->insns[i].op].cls == INSN_CLASS_JMP;

			w->mark[i] &= (uint8_t)~JIT_MARK_SHORTENED;
			saved += jumps ? machine->jmp_saves : machine->ja_saves;
		}
		w->end[i] -= saved;
	}
	w->start[w->prog->count] -= saved;
	w->out.at -= saved;
}

static int lay_out(struct jit_work *w, uint32_t *at)
{
	/* Calls are shorter where it is known to where. */
	int rc = w->calls ? pass(w, at) : 0;

	for (int n = 0; !rc && n < JIT_LAYOUT_PASSES && machine->short_max && shorten(w); n++)
		move_up(w);
	return rc;
}

/* Whether each branch in the image leads where the program says. */
static int check_branches(const struct jit_work *w, uint32_t *at)
{
	for (uint32_t i = 0; i < w->prog->count; i++) {
		uint32_t slot;
		int64_t to;

		if (!jit_branches(w, i, &slot) || jit_is_void(w, i))
			continue;
		if (!machine->target(w, i, &to) || to != w->start[slot]) {
			*at = i;
			return -EINVAL;
		}
	}
	return 0;
}

static int emit(struct jit_work *w, const struct fw_code *code, uint32_t *at)
{
	size_t expected = w->out.at;
	int rc;

	w->out.image = code->write;
	w->out.room = code->bytes;
	rc = pass(w, at);
	if (rc)
		return rc;
	if (w->out.at != expected)
		return -EINVAL;
	rc = check_branches(w, at);
	if (!rc)
		machine->trap(w);
	return rc;
}

static int compile(struct jit_work *w, const struct fw_platform *platform, void *platform_ctx, struct jit *jit,
		   uint32_t *at)
{
	struct fw_code code = {0};
	size_t bytes;
	int rc;

	rc = pass(w, at);
	if (rc)
		return rc;
	w->bytes = w->out.at;
	rc = platform->code_alloc(platform_ctx, w->bytes + 1, &code); /* one byte of trap at least */
	if (rc)
		return -ENOMEM;
	rc = -ENOMEM;
	if (!code.write || !code.exec || code.bytes <= w->bytes)
		goto free_code;
	w->exec = (uint64_t)(uintptr_t)code.exec;
	rc = lay_out(w, at);
	if (rc)
		goto free_code;
	bytes = w->out.at;
	rc = emit(w, &code, at);
	if (rc)
		goto free_code;
	rc = platform->code_seal(platform_ctx, &code);
	if (rc) {
		rc = -ENOMEM;
		goto free_code;
	}
	jit->code = code;
	jit->fn = (jit_fn *)(uintptr_t)code.exec;
	if (w->burst) {
		jit->burst = (jit_burst_fn *)((uintptr_t)code.exec + w->burst_at);
		jit->prepared = w->needs & JIT_NEED_PREPARED;
	}
	jit->bytes = bytes;
	return 0;

free_code:
	platform->code_free(platform_ctx, &code);
	return rc;
}

int jit_compile(const struct exec_prog *prog, struct arena *scratch, const struct fw_platform *platform,
		void *platform_ctx, struct jit *jit, uint32_t *insn)
{
	struct jit_work w = {.prog = prog};
	struct opt opt = {0};
	int rc = -ENOMEM;

	mem_set(jit, 0, sizeof(*jit));
	*insn = 0;
	if (!machine || !platform || !platform->code_alloc)
		return -ENOTSUP;
	/* Without the verifier's word nobody knows which loads are the context's. */
	if (!prog->count || (!prog->access && !prog->plain_memory))
		return -EINVAL;
	if (prog->count > JIT_MAX_BYTES / 8)
		return -ENOTSUP;

	w.start = arena_alloc(scratch, (prog->count + 1) * sizeof(*w.start));
	w.end = arena_alloc(scratch, prog->count * sizeof(*w.end));
	w.mark = arena_alloc(scratch, prog->count + 1);
	if (!w.start || !w.end || !w.mark)
		goto free_scratch;
	rc = survey(&w, insn);
	if (!rc && machine->forms && prog->access)
		rc = opt_run(prog, w.mark, machine->forms, scratch, &opt);
	if (rc)
		goto free_scratch;
	w.insns = opt.insns ? opt.insns : prog->insns;
	w.form = opt.form;
	w.burst = machine->tail && !prog->plain_memory && !w.locals && !w.tails;
	learn(&w);
	rc = compile(&w, platform, platform_ctx, jit, insn);

free_scratch:
	opt_free(&opt, scratch);
	arena_free(scratch, w.mark);
	arena_free(scratch, w.end);
	arena_free(scratch, w.start);
	return rc;
}

void jit_free(struct jit *jit, const struct fw_platform *platform, void *platform_ctx)
{
	if (jit->code.exec)
		platform->code_free(platform_ctx, &jit->code);
	mem_set(jit, 0, sizeof(*jit));
}
