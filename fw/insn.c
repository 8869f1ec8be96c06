/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction table, from insn.def. */
#include "insn.h"

#define OP_ALU(op)          INSN_ALU_##op
#define OP_JMP(op)          INSN_JMP_##op
#define OP_ATOMIC(op)       INSN_ATOMIC_##op
#define OP_LDX(op)          op
#define OP_LDSX(op)         op
#define OP_ST(op)           op
#define OP_STX(op)          op
#define OP_JA(op)           op
#define OP_CALL(op)         op
#define OP_CALL_LOCAL(op)   op
#define OP_EXIT(op)         op
#define OP_LD_IMM64(op)     op
#define OP_LD_MAP(op)       op
#define OP_LD_MAP_VALUE(op) op
#define OP_SLOT2(op)        op

const struct insn_info insn_info[INSN_OPS] = {
#define INSN(id, opcode_, sel_, value_, cls_, op_, width_, form_, group_, text_)                                       \
	[INSN_##id] = {                                                                                                \
		.text = text_,                                                                                         \
		.value = value_,                                                                                       \
		.opcode = opcode_,                                                                                     \
		.sel = INSN_SEL_##sel_,                                                                                \
		.cls = INSN_CLASS_##cls_,                                                                              \
		.op = OP_##cls_(op_),                                                                                  \
		.width = width_,                                                                                       \
		.form = INSN_FORM_##form_,                                                                             \
		.group = INSN_GROUP_##group_,                                                                          \
	},
#include "insn.def"
#undef INSN
};

_Static_assert(INSN_OPS <= 256, "struct insn holds the row's index in a byte");
