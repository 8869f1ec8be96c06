// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "load/linker.h"
#include "load/refuse.h"

static bool is_xdp(const char *section)
{
	if (strncmp(section, "xdp", 3) != 0)
		return strcmp(section, "prog") == 0;
	/* A program of a devmap or cpumap entry runs behind a redirect, not on reception. */
	return !strstr(section, "/devmap") && !strstr(section, "/cpumap");
}

static int compare_functions(const void *a, const void *b)
{
	const struct linker_function *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	/* Two names of one function: the same order wherever the sort comes from. */
	return strcmp(x->name, y->name);
}

static int take_symbol(struct linker *l, const struct elf_symbol *symbol, const char *wanted)
{
	const struct elf_section *section;
	struct linker_function *to;

	if (symbol->type != STT_FUNC || symbol->section == 0 || symbol->section == ELF_IMAGE_NOWHERE)
		return 0;
	section = &l->elf->sections[symbol->section];
	if (!elf_image_is_code(section))
		return 0;
	if (symbol->value % 8 || symbol->bytes % 8 || !symbol->bytes)
		return refuse(l->error,
			      "function '%s' takes %llu bytes from byte %llu of section '%s'; multiples of 8 were "
			      "expected",
			      symbol->name, (unsigned long long)symbol->bytes, (unsigned long long)symbol->value,
			      section->name);
	to = &l->functions[l->num_functions++];
	to->name = symbol->name;
	to->section = symbol->section;
	to->offset = symbol->value;
	to->count = (uint32_t)(symbol->bytes / 8); /* of a file of less than 4 GiB */
	to->prog = LINKER_NO_PROG;
	to->is_global = symbol->bind != STB_LOCAL && symbol->visibility == STV_DEFAULT;
	to->is_entry = wanted ? strcmp(section->name, wanted) == 0 : is_xdp(section->name);
	to->is_prog = to->is_entry;
	to->is_optional = !to->is_entry && is_xdp(section->name);
	return 0;
}

/* Why there is nothing to choose from. */
static int refuse_all(struct linker *l, const char *wanted)
{
	for (uint32_t i = 1; i < l->elf->num_sections; i++) {
		const struct elf_section *section = &l->elf->sections[i];

		if (elf_image_is_code(section) && section->bytes &&
		    (wanted ? strcmp(section->name, wanted) == 0 : is_xdp(section->name)))
			return refuse(l->error, "section '%s' holds no function", section->name);
	}
	if (wanted)
		return refuse(l->error, "no section '%s' with instructions; llvm-objdump -h lists the sections",
			      wanted);
	return refuse(l->error, "no XDP program: no section whose name begins with 'xdp' (SEC(\"xdp\")); --section "
				"names another");
}

int functions_collect(struct linker *l, const char *wanted)
{
	bool found = false;
	int err = 0;

	l->functions = calloc(l->elf->num_symbols + (size_t)1, sizeof(*l->functions));
	if (!l->functions)
		return refuse_no_memory(l->error, "the functions");
	for (uint32_t i = 0; i < l->elf->num_symbols && !err; i++)
		err = take_symbol(l, &l->elf->symbols[i], wanted);
	qsort(l->functions, l->num_functions, sizeof(*l->functions), compare_functions);
	for (size_t i = 0; i < l->num_functions; i++)
		found |= l->functions[i].is_entry;
	return err ? err : found ? 0 : refuse_all(l, wanted);
}

struct linker_function *functions_at(const struct linker *l, uint32_t section, uint64_t offset)
{
	size_t low = 0, high = l->num_functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct linker_function *f = &l->functions[middle];

		if (f->section < section || (f->section == section && f->offset < offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == l->num_functions || l->functions[low].section != section || l->functions[low].offset != offset)
		return NULL;
	return &l->functions[low];
}
