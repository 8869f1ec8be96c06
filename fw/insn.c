/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction table, from insn.def. */
#include "insn.h"

const struct insn_info insn_info[INSN_OPS] = {
#define INSN(id, opcode_, sel_, value_, cls_, op_, width_, form_, group_, text_)                                       \
	[INSN_##id] = {                                                                                                \
		.text = text_,                                                                                         \
		.value = value_,                                                                                       \
		.opcode = opcode_,                                                                                     \
		.sel = INSN_SEL_##sel_,                                                                                \
		.cls = INSN_CLASS_##cls_,                                                                              \
		.op = INSN_##id##_OP,                                                                                  \
		.width = width_,                                                                                       \
		.form = INSN_FORM_##form_,                                                                             \
		.group = INSN_GROUP_##group_,                                                                          \
	},
#include "insn.def"
#undef INSN
};

_Static_assert(INSN_OPS <= 256, "struct insn holds the row's index in a byte");

bool insn_writes_frame_ptr(const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];

	switch (info->cls) {
	case INSN_CLASS_ALU:
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		return insn->dst == INSN_FRAME_PTR;
	case INSN_CLASS_ATOMIC:
		/* CMPXCHG writes R0 */
		return info->op >= INSN_ATOMIC_FETCH_ADD && info->op != INSN_ATOMIC_CMPXCHG &&
		       insn->src == INSN_FRAME_PTR;
	default:
		return false;
	}
}
