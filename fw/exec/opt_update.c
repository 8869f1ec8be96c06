/* SPDX-License-Identifier: BSD-2-Clause */
/* Atomic operations that fetch nothing. */
#include "exec/opt_work.h"

/* An atomic operation that fetches nothing changes memory as others do: only the run under way touches it. */
static bool is_update(const struct opt_work *w, uint32_t i, enum insn_alu *op)
{
	if (!opt_knows(w, OPT_RMW) || opt_is_context(w, i))
		return false;
	switch (opt_info(w, i)->op) {
	case INSN_ATOMIC_ADD:
		*op = INSN_ALU_ADD;
		return true;
	case INSN_ATOMIC_OR:
		*op = INSN_ALU_OR;
		return true;
	case INSN_ATOMIC_AND:
		*op = INSN_ALU_AND;
		return true;
	case INSN_ATOMIC_XOR:
		*op = INSN_ALU_XOR;
		return true;
	default:
		return false;
	}
}

static void set_update(struct opt_work *w, uint32_t i, enum insn_alu op)
{
	struct insn *insn = &w->insns[i];
	bool wide = opt_info(w, i)->width == 8;
	int32_t imm = (int32_t)w->value[insn->src];
	bool is_imm = opt_is_constant(w, insn->src) && (!wide || (uint64_t)(int64_t)imm == w->value[insn->src]);

	*insn = (struct insn){
		.op = is_imm ? (wide ? INSN_ST64 : INSN_ST32) : (wide ? INSN_STX64 : INSN_STX32),
		.dst = insn->dst,
		.src = is_imm ? 0 : insn->src,
		.off = insn->off,
		.imm = (int32_t)op,
		.imm64 = is_imm ? imm : 0,
	};
	w->form[i] = OPT_RMW;
}

bool opt_update_atomic(struct opt_work *w, uint32_t i)
{
	enum insn_alu op;

	if (!is_update(w, i, &op))
		return false;
	set_update(w, i, op);
	return true;
}
