// SPDX-License-Identifier: BSD-2-Clause
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "load/linker.h"
#include "load/refuse.h"

struct load_map *map_defs_add(struct linker *l, const char *name, const struct linker_place *place)
{
	struct load_object *object = l->object;
	struct load_map *maps, *map;
	struct linker_place *places;

	if (object->num_maps == LINKER_MAPS_MAX) {
		refuse(l->error, "more than %u maps", LINKER_MAPS_MAX);
		return NULL;
	}
	maps = reallocarray(object->maps, object->num_maps + 1, sizeof(*maps));
	if (maps)
		object->maps = maps;
	places = reallocarray(l->places, object->num_maps + 1, sizeof(*places));
	if (places)
		l->places = places;
	if (!maps || !places) {
		refuse_no_memory(l->error, "the maps");
		return NULL;
	}
	map = &maps[object->num_maps];
	memset(map, 0, sizeof(*map));
	places[object->num_maps++] = *place;
	map->inner = LOAD_NO_MAP;
	linker_copy_name(map->name, sizeof(map->name), name);
	return map;
}

int map_defs_add_slot(struct linker *l, struct load_map *map, uint32_t key, uint32_t target)
{
	struct load_slot *grown = reallocarray(map->slots, map->num_slots + 1, sizeof(*grown));

	if (!grown)
		return refuse_no_memory(l->error, "the elements of a map");
	map->slots = grown;
	grown[map->num_slots++] = (struct load_slot){.key = key, .target = target};
	return 0;
}

int64_t map_defs_at(const struct linker *l, uint32_t section, uint64_t offset)
{
	for (size_t i = 0; i < l->object->num_maps; i++) {
		const struct linker_place *p = &l->places[i];

		if (p->bytes && p->section == section && offset >= p->offset && offset - p->offset < p->bytes)
			return (int64_t)i;
	}
	return -1;
}

static bool is_legacy(const char *section)
{
	return strcmp(section, "maps") == 0 || strncmp(section, "maps/", 5) == 0;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct elf_symbol *x = *(const struct elf_symbol *const *)a;
	const struct elf_symbol *y = *(const struct elf_symbol *const *)b;

	return x->value < y->value ? -1 : x->value > y->value;
}

/* The symbols of one section of map definitions: each is a map, as long as the distance to the next one. */
static int take_section(struct linker *l, uint32_t index)
{
	const struct elf_section *section = &l->elf->sections[index];
	int (*take)(struct linker *, const struct elf_symbol *, uint64_t) =
		is_legacy(section->name) ? map_legacy_take : map_btf_take;
	const struct elf_symbol **symbols = calloc(l->elf->num_symbols + (size_t)1, sizeof(struct elf_symbol *));
	size_t count = 0;
	int err;

	if (!symbols)
		return refuse_no_memory(l->error, "the maps");
	err = linker_spend(l, l->elf->num_symbols);
	for (uint32_t i = 0; i < l->elf->num_symbols && !err; i++) {
		const struct elf_symbol *symbol = &l->elf->symbols[i];

		if (symbol->section == index && symbol->name[0] &&
		    (symbol->type == STT_OBJECT || symbol->type == STT_NOTYPE))
			symbols[count++] = symbol;
	}
	qsort(symbols, count, sizeof(struct elf_symbol *), compare_symbols);
	for (size_t i = 0; i < count && !err; i++) {
		uint64_t end = i + 1 < count ? symbols[i + 1]->value : section->bytes;
		uint64_t bytes = end - symbols[i]->value;

		/* Two names of one place. */
		if (!bytes)
			err = refuse(l->error, "map '%s' of section '%s' has no bytes of its own", symbols[i]->name,
				     section->name);
		else
			err = take(l, symbols[i],
				   symbols[i]->bytes && symbols[i]->bytes < bytes ? symbols[i]->bytes : bytes);
	}
	free(symbols);
	return err;
}

/* What Linux's tools take from the machine that they run on is the same on every machine here. */
static void fix_entries(struct load_map *map)
{
	uint64_t bytes = LINKER_PAGE_BYTES;

	if (map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !map->max_entries)
		map->max_entries = LINKER_PERF_SLOTS;
	if (map->type != BPF_MAP_TYPE_RINGBUF)
		return;
	while (bytes < map->max_entries && bytes < (uint64_t)1 << 31)
		bytes *= 2;
	if (map->max_entries && bytes >= map->max_entries)
		map->max_entries = (uint32_t)bytes;
}

int map_defs_collect(struct linker *l)
{
	int err = 0;

	for (uint32_t i = 1; i < l->elf->num_sections && !err; i++) {
		const struct elf_section *section = &l->elf->sections[i];

		if (strcmp(section->name, ".maps") != 0 && !is_legacy(section->name))
			continue;
		if (!section->data)
			err = refuse(l->error, "section '%s' defines maps and has no contents", section->name);
		else
			err = take_section(l, i);
	}
	for (size_t i = 0; i < l->object->num_maps; i++)
		fix_entries(&l->object->maps[i]);
	if (!err)
		err = map_legacy_slots(l);
	for (uint32_t i = 1; i < l->elf->num_sections && !err; i++)
		if (strcmp(l->elf->sections[i].name, ".maps") == 0)
			err = map_btf_slots(l, i);
	if (!err)
		err = map_data_collect(l);
	return err ? err : map_btf_templates(l);
}
