// SPDX-License-Identifier: BSD-2-Clause
/*
 * The arm64 back end: helper calls. R1 to R5 are where C passes arguments, the run goes into the register after them,
 * the result from x0 to R0.
 */
#include "exec/jit_arm64.h"

#define R0  JIT_ARM64_R0
#define RUN JIT_ARM64_RUN

/* The registers that linkers use on the way to a function. */
enum {
	FAR = X16,
	TARGET = X17,
};

/* Whether a relative call reaches address from all of the code. */
static bool in_reach(const struct jit_work *w, uint64_t address)
{
	return w->exec && a64_is_near((int64_t)(address - w->exec)) &&
	       a64_is_near((int64_t)(address - (w->exec + w->bytes)));
}

void jit_arm64_call_address(struct jit_work *w, uint64_t address)
{
	struct jit_out *o = &w->out;
	size_t start = o->at;

	if (in_reach(w, address)) {
		a64_bl(o, (int64_t)(address - (w->exec + o->at)));
		return;
	}
	a64_mov_imm(o, FAR, address);
	a64_blr(o, FAR);
	if (!w->exec)
		jit_branch_far(w, (unsigned int)(o->at - start), address);
}

/* Leaves this function's frame for the target, which returns to whoever called this function. req: XO-147, XO-148 */
static void tail_call(struct jit_work *w)
{
	struct jit_out *o = &w->out;
	size_t none, interpreted;

	a64_mov(o, 8, X0, jit_arm64_reg[2]);
	a64_mov(o, 4, X1, jit_arm64_reg[3]);
	a64_mov(o, 8, X2, RUN);
	jit_arm64_call_address(w, (uint64_t)(uintptr_t)exec_tail_target);
	none = a64_cbz_ahead(o, 8, X0);
	a64_mov_imm(o, TARGET, (uint64_t)(uintptr_t)jit_interpret);
	a64_load(o, 8, FAR, X0, offsetof(struct exec_prog, jit));
	interpreted = a64_cbz_ahead(o, 8, FAR);
	a64_load(o, 8, TARGET, FAR, offsetof(struct jit, fn));
	a64_here(o, interpreted);
	a64_load(o, 8, X0, RUN, offsetof(struct run, frame));
	a64_mov(o, 8, X1, RUN);
	jit_arm64_leave(w, o);
	a64_br(o, TARGET);
	a64_here(o, none);
}

int jit_arm64_call(struct jit_work *w, uint32_t i)
{
	const struct helper *helper = helper_of((uint32_t)w->insns[i].imm);
	struct jit_out *o = &w->out;

	if (!helper || !helper->fn) {
		if (!jit_is_verified(w))
			return -ENOTSUP;
		a64_brk(o, 0); /* never gets here */
		return 0;
	}
	if (helper->flags & HELPER_F_TAIL_CALL) {
		if (w->prog->plain_memory)
			return -ENOTSUP;
		tail_call(w);
		return 0;
	}
	a64_mov(o, 8, X5, RUN);
	jit_arm64_call_address(w, (uint64_t)(uintptr_t)helper->fn);
	a64_mov(o, 8, R0, X0);
	return 0;
}
