// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps of SEC("maps"): records of 32-bit words. All begin with type, key size, value size, entries and flags; iproute2
 * goes on with id, pinning, inner id and inner index, and Linux's samples with the inner map's place and a memory node.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "load/linker.h"
#include "load/refuse.h"

enum word {
	TYPE,
	KEY_SIZE,
	VALUE_SIZE,
	MAX_ENTRIES,
	FLAGS,
	ID, /* or the inner map's place in a record of SAMPLES_WORDS */
	PINNING,
	INNER_ID,
	INNER_INDEX,
	WORDS,
};

#define WORDS_MIN     4
#define SAMPLES_WORDS 7

static bool holds_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static bool is_legacy(const struct linker *l, size_t map)
{
	return l->places[map].bytes && strcmp(l->elf->sections[l->places[map].section].name, ".maps") != 0;
}

/* The record of a map: how many words it has. What it does not have is 0. */
static uint32_t read_record(const struct linker *l, const struct linker_place *place, uint32_t words[WORDS])
{
	uint32_t count = (uint32_t)(place->bytes / sizeof(uint32_t) < WORDS ? place->bytes / sizeof(uint32_t) : WORDS);

	memset(words, 0, WORDS * sizeof(*words));
	memcpy(words, l->elf->sections[place->section].data + place->offset, count * sizeof(*words));
	return count;
}

int map_legacy_take(struct linker *l, const struct elf_symbol *symbol, uint64_t bytes)
{
	struct linker_place place = {.section = symbol->section, .offset = symbol->value, .bytes = bytes};
	uint32_t words[WORDS];
	struct load_map *map;

	if (read_record(l, &place, words) < WORDS_MIN)
		return refuse(l->error,
			      "map '%s' is defined in %llu bytes; type, key size, value size and entries take %zu",
			      symbol->name, (unsigned long long)bytes, WORDS_MIN * sizeof(uint32_t));
	map = map_defs_add(l, symbol->name, &place);
	if (!map)
		return -EINVAL;
	map->type = words[TYPE];
	map->key_size = words[KEY_SIZE];
	map->value_size = words[VALUE_SIZE];
	map->max_entries = words[MAX_ENTRIES];
	map->flags = words[FLAGS] & ~LINKER_HOST_FLAGS;
	return 0;
}

/* The map with this id, -1 if none has it; with type not 0 of this type. */
static int64_t map_of_id(const struct linker *l, uint32_t id, uint32_t type)
{
	uint32_t words[WORDS];

	for (size_t i = 0; i < l->object->num_maps; i++) {
		if (!is_legacy(l, i) || (type && l->object->maps[i].type != type))
			continue;
		read_record(l, &l->places[i], words);
		if (words[ID] == id)
			return (int64_t)i;
	}
	return -1;
}

/* The place-th of the legacy maps. */
static int64_t map_of_place(const struct linker *l, uint32_t place)
{
	for (size_t i = 0; i < l->object->num_maps; i++)
		if (is_legacy(l, i) && place-- == 0)
			return (int64_t)i;
	return -1;
}

static int find_inner(struct linker *l, size_t outer)
{
	struct load_map *map = &l->object->maps[outer];
	uint32_t words[WORDS], count = read_record(l, &l->places[outer], words);
	int64_t inner = count <= SAMPLES_WORDS ? map_of_place(l, words[ID]) : map_of_id(l, words[INNER_ID], 0);

	if (inner < 0 || (count > SAMPLES_WORDS && !words[INNER_ID]))
		return refuse(l->error, "map '%s' holds maps and does not say of what kind: no map has the inner id %u",
			      map->name, count <= SAMPLES_WORDS ? words[ID] : words[INNER_ID]);
	if (holds_maps(l->object->maps[inner].type))
		return refuse(l->error, "map '%s' holds maps that hold maps; one level was expected", map->name);
	map->inner = (uint32_t)inner;
	return 0;
}

/* iproute2: a map with an id and an inner index is an element of the maps whose inner id that is. */
static int fill_outer(struct linker *l, size_t outer)
{
	uint32_t own[WORDS], words[WORDS];
	int err = 0;

	if (read_record(l, &l->places[outer], own) < WORDS)
		return 0;
	for (size_t i = 0; i < l->object->num_maps && !err; i++) {
		if (!is_legacy(l, i) || i == outer || holds_maps(l->object->maps[i].type) ||
		    read_record(l, &l->places[i], words) < WORDS || words[ID] != own[INNER_ID] ||
		    words[INNER_INDEX] == UINT32_MAX)
			continue;
		err = map_defs_add_slot(l, &l->object->maps[outer], words[INNER_INDEX], (uint32_t)i);
	}
	return err;
}

/* "N/M": slot M of the PROG_ARRAY with id N. */
static bool parse_slot(const char *name, uint32_t *id, uint32_t *key)
{
	unsigned long long first, second;
	char *end;

	if (name[0] < '0' || name[0] > '9')
		return false;
	first = strtoull(name, &end, 0);
	if (*end != '/' || end[1] < '0' || end[1] > '9')
		return false;
	second = strtoull(end + 1, &end, 0);
	if (*end || first > UINT32_MAX || second > UINT32_MAX)
		return false;
	*id = (uint32_t)first;
	*key = (uint32_t)second;
	return true;
}

static int fill_prog_arrays(struct linker *l)
{
	uint32_t id, key;
	int err = 0;

	for (size_t i = 0; i < l->num_functions && !err; i++) {
		struct linker_function *function = &l->functions[i];
		const char *section = l->elf->sections[function->section].name;
		int64_t map;

		if (!parse_slot(section, &id, &key))
			continue;
		if (linker_spend(l, l->object->num_maps))
			return -EINVAL;
		map = map_of_id(l, id, BPF_MAP_TYPE_PROG_ARRAY);
		if (map < 0)
			return refuse(
				l->error,
				"section '%s' is to fill slot %u of the prog_array with id %u; no map has that id",
				section, key, id);
		function->is_prog = true;
		err = map_defs_add_slot(l, &l->object->maps[map], key, (uint32_t)i);
	}
	return err;
}

int map_legacy_slots(struct linker *l)
{
	int err = 0;

	for (size_t i = 0; i < l->object->num_maps && !err; i++) {
		if (!is_legacy(l, i) || !holds_maps(l->object->maps[i].type))
			continue;
		err = find_inner(l, i);
		if (!err)
			err = fill_outer(l, i);
	}
	return err ? err : fill_prog_arrays(l);
}
