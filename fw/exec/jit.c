// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's driver.
 *
 * The program is laid out by counting passes without an image: all branches in their long form first, then those that
 * reach are made short until no more do. Code only shrinks from pass to pass, so a branch that was found to reach goes
 * on reaching. The code memory is allocated after the first pass, because helper calls may be shorter once it is known
 * where the code will run. The emitting pass has to reproduce the last layout byte for byte; then each branch is read
 * back from the image and must lead to the start of an instruction.
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

/* Checks the program and learns what its frames need. 0, or -EINVAL with *at. */
static int survey(struct jit_work *w, uint32_t *at)
{
	const struct exec_prog *prog = w->prog;

	for (uint32_t i = 0; i < prog->count; i++) {
		const struct insn *insn = &prog->insns[i];
		uint8_t cls;

		if (!insn_ok(prog, i)) {
			*at = i;
			return -EINVAL;
		}
		cls = insn_info[insn->op].cls;
		w->regs |= (uint16_t)(1u << insn->dst | 1u << insn->src);
		w->calls |= cls == INSN_CLASS_CALL || cls == INSN_CLASS_CALL_LOCAL;
		w->run |= cls == INSN_CLASS_CALL;
		if (cls == INSN_CLASS_CALL_LOCAL)
			w->mark[insn->imm] |= JIT_MARK_FUNC;
		if ((cls == INSN_CLASS_ST || cls == INSN_CLASS_STX) && prog->access &&
		    prog->access[i] == EXEC_ACCESS_CTX)
			w->run = true;
	}
	return 0;
}

/* One pass over the program, counting or emitting. */
static int pass(struct jit_work *w, uint32_t *at)
{
	const struct insn *insns = w->prog->insns;
	bool falls = true;

	w->out.at = 0;
	machine->entry(w);
	for (uint32_t i = 0; i < w->prog->count; i++) {
		int rc;

		if (w->mark[i] & JIT_MARK_FUNC)
			machine->func(w, i, falls);
		w->start[i] = (uint32_t)w->out.at;
		rc = machine->insn(w, i);
		if (rc || w->out.fault || w->out.at > JIT_MAX_BYTES) {
			*at = i;
			return rc ? rc : -ENOTSUP;
		}
		w->end[i] = (uint32_t)w->out.at;
		falls = falls_through(insn_info[insns[i].op].cls);
	}
	return 0;
}

static bool shorten(struct jit_work *w)
{
	bool any = false;

	for (uint32_t i = 0; i < w->prog->count; i++) {
		const struct insn *insn = &w->prog->insns[i];
		uint8_t cls = insn_info[insn->op].cls;
		int64_t distance;

		if ((cls != INSN_CLASS_JMP && cls != INSN_CLASS_JA) || w->mark[i] & JIT_MARK_SHORT)
			continue;
		distance = (int64_t)w->start[insn->imm] - w->end[i];
		/* A backward branch gets nearer by becoming short, a forward one does not. */
		if (distance < machine->short_min || distance > machine->short_max)
			continue;
		w->mark[i] |= JIT_MARK_SHORT;
		any = true;
	}
	return any;
}

static int lay_out(struct jit_work *w, uint32_t *at)
{
	int rc;

	for (int n = 0; n < JIT_LAYOUT_PASSES; n++) {
		rc = pass(w, at);
		if (rc)
			return rc;
		if (!shorten(w))
			return 0;
	}
	return pass(w, at);
}

/* Whether each branch in the image leads where the program says. */
static int check_branches(const struct jit_work *w, uint32_t *at)
{
	for (uint32_t i = 0; i < w->prog->count; i++) {
		const struct insn *insn = &w->prog->insns[i];
		int64_t to;

		if (!is_branch(insn_info[insn->op].cls) || jit_is_void(w, i))
			continue;
		if (!machine->target(w, i, &to) || to != w->start[insn->imm]) {
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

	w.start = arena_alloc(scratch, prog->count * sizeof(*w.start));
	w.end = arena_alloc(scratch, prog->count * sizeof(*w.end));
	w.mark = arena_alloc(scratch, prog->count + 1);
	if (!w.start || !w.end || !w.mark)
		goto free_scratch;
	rc = survey(&w, insn);
	if (!rc)
		rc = compile(&w, platform, platform_ctx, jit, insn);

free_scratch:
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
