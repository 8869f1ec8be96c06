// SPDX-License-Identifier: BSD-2-Clause
#include "load/linker.h"

#include <ctype.h>
#include <stdlib.h>

#include "load/refuse.h"

int linker_spend(struct linker *linker, uint64_t comparisons)
{
	linker->effort += comparisons;
	if (linker->effort <= LINKER_EFFORT_MAX)
		return 0;
	return refuse(linker->error, "its types and names are so many that to link it takes too long");
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
	for (size_t i = 0; i < prog->num_lines; i++) {
		free(prog->lines[i].file);
		free(prog->lines[i].text);
	}
	for (size_t i = 0; i < prog->num_poisons; i++)
		free(prog->poisons[i].what);
	free(prog->lines);
	free(prog->poisons);
	free(prog->insns);
}
