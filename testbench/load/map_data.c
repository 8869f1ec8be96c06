// SPDX-License-Identifier: BSD-2-Clause
/* Sections of variables: each is a map of one element. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "load/linker.h"
#include "load/refuse.h"

static bool begins(const char *name, const char *with)
{
	size_t length = strlen(with);

	return strncmp(name, with, length) == 0 && (name[length] == 0 || name[length] == '.');
}

/* Not the program's variables, but what the compiler tells the loader. */
static bool is_for_loader(const char *name)
{
	return strcmp(name, "license") == 0 || strcmp(name, "version") == 0 || strcmp(name, ".maps") == 0 ||
	       strcmp(name, "maps") == 0 || strncmp(name, "maps/", 5) == 0;
}

static int add(struct linker *l, uint32_t index)
{
	const struct elf_section *section = &l->elf->sections[index];
	struct linker_place place = {.section = index, .bytes = section->bytes};
	struct load_map *map;

	if (section->bytes > ELF_IMAGE_DATA_BYTES_MAX)
		return refuse(l->error, "section '%s' has %llu bytes; %llu are the most", section->name,
			      (unsigned long long)section->bytes, (unsigned long long)ELF_IMAGE_DATA_BYTES_MAX);
	map = map_defs_add(l, section->name, &place);
	if (!map)
		return -EINVAL;
	map->type = BPF_MAP_TYPE_ARRAY;
	map->key_size = sizeof(uint32_t);
	map->value_size = (uint32_t)section->bytes;
	map->max_entries = 1;
	map->freeze = !(section->flags & SHF_WRITE) || begins(section->name, ".rodata");
	map->flags = map->freeze ? BPF_F_RDONLY_PROG : 0;
	map->data = calloc(1, section->bytes);
	if (!map->data)
		return refuse_no_memory(l->error, "the contents of a section");
	if (section->data)
		memcpy(map->data, section->data, section->bytes);
	return 0;
}

/* Sections of other names are maps only if instructions refer to them. */
static void mark_used(const struct linker *l, bool *used)
{
	for (uint32_t i = 1; i < l->elf->num_sections; i++) {
		const struct elf_section *section = &l->elf->sections[i];

		if (!elf_image_is_code(section))
			continue;
		for (size_t j = 0; j < section->num_relocs; j++) {
			uint32_t to = l->elf->symbols[section->relocs[j].symbol].section;

			if (to < l->elf->num_sections)
				used[to] = true;
		}
	}
}

int map_data_collect(struct linker *l)
{
	bool *used = calloc(l->elf->num_sections, sizeof(*used));
	int err = 0;

	if (!used)
		return refuse_no_memory(l->error, "the sections of variables");
	mark_used(l, used);
	for (uint32_t i = 1; i < l->elf->num_sections && !err; i++) {
		const struct elf_section *section = &l->elf->sections[i];
		bool ours = begins(section->name, ".rodata") || begins(section->name, ".data") ||
			    begins(section->name, ".bss");

		if ((section->type == SHT_PROGBITS || section->type == SHT_NOBITS) && section->bytes &&
		    (section->flags & SHF_ALLOC) && !(section->flags & SHF_EXECINSTR) &&
		    !is_for_loader(section->name) && (ours || used[i]))
			err = add(l, i);
	}
	free(used);
	return err;
}

int64_t map_data_of(const struct linker *l, uint32_t section)
{
	for (size_t i = 0; i < l->object->num_maps; i++)
		if (l->object->maps[i].data && l->places[i].section == section)
			return (int64_t)i;
	return -1;
}
