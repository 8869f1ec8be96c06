/* SPDX-License-Identifier: BSD-2-Clause */
/* What the engines share. */
#include "exec.h"
#include "helper.h"

void exec_link(struct insn *insns, uint32_t count, struct map *const *maps)
{
	for (uint32_t i = 0; i + 1 < count; i++) {
		struct insn *insn = &insns[i];
		struct map *map;

		switch (insn_info[insn->op].cls) {
		case INSN_CLASS_LD_MAP:
			insn->imm64 = (int64_t)(uintptr_t)maps[insn->imm];
			break;
		case INSN_CLASS_LD_MAP_VALUE:
			map = maps[insn->imm];
			insn->imm64 = (int64_t)(uintptr_t)map->ops->value_addr(map, (uint32_t)insns[i + 1].imm);
			break;
		default:
			break;
		}
	}
}

void exec_link_exits(struct insn *insns, uint32_t count, const uint8_t *access)
{
	static const struct insn hidden = {.op = INSN_EXIT, .off = 1};

	bool dead = false;

	for (uint32_t i = 0; i < count; i++) {
		dead = (dead && insns[i].op == INSN_LD_SLOT2) || insn_writes_frame_ptr(&insns[i]);
		if (dead || (insns[i].op == INSN_EXIT && access[i] == EXEC_ACCESS_HIDDEN))
			insns[i] = hidden;
	}
}

void exec_link_calls(struct insn *insns, uint32_t count, const struct exec_call *calls)
{
	for (uint32_t i = 0; i < count; i++)
		if (insn_info[insns[i].op].cls == INSN_CLASS_CALL)
			insns[i].imm = (int32_t)helper_with((uint32_t)insns[i].imm, calls[i].optional);
}
