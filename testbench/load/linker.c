// SPDX-License-Identifier: BSD-2-Clause
#include "load/linker.h"

#include <ctype.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "load/refuse.h"

int linker_spend(struct linker *linker, uint64_t comparisons)
{
	linker->effort += comparisons;
	if (linker->effort <= LINKER_EFFORT_MAX)
		return 0;
	return refuse(linker->error, "its types and names are so many that to link it takes too long");
}

/* Linux's tools write this call, too: it is no helper's number, and readers of logs know it. */
#define POISON_CALL 0xbad2310

int linker_poison(struct linker *linker, struct load_prog *prog, uint32_t insn, const char *what)
{
	static const struct bpf_insn call = {.code = BPF_JMP | BPF_CALL, .imm = POISON_CALL};
	struct bpf_insn *at = (struct bpf_insn *)prog->insns + insn;
	struct load_poison *grown = reallocarray(prog->poisons, prog->num_poisons + 1, sizeof(*grown));
	char text[256];

	if (!grown)
		return refuse_no_memory(linker->error, "a program");
	prog->poisons = grown;
	if (at->code == (BPF_LD | BPF_IMM | BPF_DW))
		at[1] = call;
	*at = call;
	linker_copy_name(text, sizeof(text), what);
	grown[prog->num_poisons] = (struct load_poison){.insn = insn, .what = strdup(text)};
	return grown[prog->num_poisons++].what ? 0 : refuse_no_memory(linker->error, "a program");
}

void linker_copy_name(char *to, size_t bytes, const char *name)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < bytes; i++)
		to[i] = isprint((unsigned char)name[i]) ? name[i] : '?';
	to[i] = 0;
}

void linker_free_prog(struct load_prog *prog)
{
	for (size_t i = 0; i < prog->num_poisons; i++)
		free(prog->poisons[i].what);
	free(prog->functions);
	free(prog->globals);
	free(prog->lines);
	free(prog->poisons);
	free(prog->insns);
}
