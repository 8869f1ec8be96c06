// SPDX-License-Identifier: BSD-2-Clause
/*
 * Maps of SEC(".maps"): a variable whose type says everything. Each member of the struct is one attribute, a number as
 * the length of the array that it points to (__uint), a type as what it points to (__type), and "values" as an array of
 * pointers to what the map holds (__array).
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <string.h>

#include "load/linker.h"
#include "load/maptype.h"
#include "load/refuse.h"

#define R_BPF_64_ABS64 2
#define POINTER_BYTES  8

struct attributes {
	uint32_t type, key_size, value_size, max_entries, map_flags, numa_node, pinning, map_extra;
	uint32_t values;       /* type of what "values" points to; 0: there is none */
	uint64_t values_bytes; /* where it is in the variable */
};

enum form {
	NUMBER,
	TYPE_SIZE,
	VALUES,
};

static const struct {
	const char *name;
	enum form form;
	size_t to; /* in struct attributes */
} members[] = {
	{"type", NUMBER, offsetof(struct attributes, type)},
	{"key_size", NUMBER, offsetof(struct attributes, key_size)},
	{"value_size", NUMBER, offsetof(struct attributes, value_size)},
	{"max_entries", NUMBER, offsetof(struct attributes, max_entries)},
	{"map_flags", NUMBER, offsetof(struct attributes, map_flags)},
	{"numa_node", NUMBER, offsetof(struct attributes, numa_node)},
	{"pinning", NUMBER, offsetof(struct attributes, pinning)},
	{"map_extra", NUMBER, offsetof(struct attributes, map_extra)},
	{"key", TYPE_SIZE, offsetof(struct attributes, key_size)},
	{"value", TYPE_SIZE, offsetof(struct attributes, value_size)},
	{"values", VALUES, offsetof(struct attributes, values)},
};

/* What a pointer of this type points to; 0: it is no pointer. */
static uint32_t pointed(const struct btf *btf, uint32_t id)
{
	struct btf_type type;

	id = btf_resolve(btf, id);
	type = btf_type(btf, id);
	return BTF_INFO_KIND(type.info) == BTF_KIND_PTR ? type.type : 0;
}

static int take_number(struct linker *l, const char *map, const char *name, uint32_t id, uint32_t *value)
{
	uint32_t array = btf_resolve(l->btf, pointed(l->btf, id));

	if (btf_kind(l->btf, array) != BTF_KIND_ARRAY)
		return refuse(l->error, "map '%s': its '%s' is no number in the form of __uint()", map, name);
	*value = btf_array(l->btf, array).nelems;
	return 0;
}

static int take_size(struct linker *l, const char *map, const char *name, uint32_t id, uint32_t *value)
{
	uint32_t to = pointed(l->btf, id);
	int64_t size = to ? btf_size(l->btf, to) : -EINVAL;

	if (size < 0)
		return refuse(l->error, "map '%s': its '%s' is no type of known size in the form of __type()", map,
			      name);
	if (*value && *value != size)
		return refuse(l->error, "map '%s': its '%s' has %" PRId64 " bytes, and '%s_size' says %u", map, name,
			      size, name, *value);
	*value = (uint32_t)size;
	return 0;
}

static int take_values(struct linker *l, const char *map, uint32_t id, uint32_t *value)
{
	uint32_t array = btf_resolve(l->btf, id), to = 0;

	if (btf_kind(l->btf, array) == BTF_KIND_ARRAY)
		to = btf_resolve(l->btf, pointed(l->btf, btf_array(l->btf, array).type));
	if (!to)
		return refuse(l->error, "map '%s': its 'values' are no pointers in the form of __array()", map);
	*value = to;
	return 0;
}

static int take_member(struct linker *l, const char *map, const struct btf_type *type, const struct btf_member *member,
		       struct attributes *out)
{
	const char *name = btf_string(l->btf, member->name_off);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		uint32_t *to = (uint32_t *)((uint8_t *)out + members[i].to);

		if (strcmp(name, members[i].name) != 0)
			continue;
		switch (members[i].form) {
		case NUMBER:
			return take_number(l, map, name, member->type, to);
		case TYPE_SIZE:
			return take_size(l, map, name, member->type, to);
		case VALUES:
			out->values_bytes = btf_member_bit(type, member) / 8;
			return take_values(l, map, member->type, to);
		}
	}
	return refuse(l->error, "map '%s' has an attribute '%s', which nobody knows", map, name);
}

static bool holds_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static int check_values(struct linker *l, const char *name, struct attributes *a)
{
	uint32_t kind = btf_kind(l->btf, a->values);

	if (!a->values)
		return holds_maps(a->type) ? refuse(l->error,
						    "map '%s' holds maps and does not say of what kind; "
						    "__array(values, struct {...}) was expected",
						    name)
					   : 0;
	if (holds_maps(a->type) && kind != BTF_KIND_STRUCT)
		return refuse(l->error, "map '%s' holds maps, and its 'values' point to something else", name);
	if (a->type == BPF_MAP_TYPE_PROG_ARRAY && kind != BTF_KIND_FUNC_PROTO)
		return refuse(l->error, "map '%s' holds programs, and its 'values' point to something else", name);
	if (!holds_maps(a->type) && a->type != BPF_MAP_TYPE_PROG_ARRAY)
		return refuse(l->error, "map '%s' is of type %s, which has no 'values'", name, maptype_name(a->type));
	/* What an element looks like to a driver: a number. */
	if (a->value_size && a->value_size != sizeof(uint32_t))
		return refuse(l->error, "map '%s' holds maps or programs; values of 4 bytes were expected, not %u",
			      name, a->value_size);
	a->value_size = sizeof(uint32_t);
	return 0;
}

static int read_attributes(struct linker *l, const char *name, uint32_t id, struct attributes *a)
{
	struct btf_type type;
	int err = 0;

	memset(a, 0, sizeof(*a));
	id = btf_resolve(l->btf, id);
	type = btf_type(l->btf, id);
	if (linker_spend(l, BTF_INFO_VLEN(type.info)))
		return -EINVAL;
	if (BTF_INFO_KIND(type.info) != BTF_KIND_STRUCT)
		return refuse(l->error, "map '%s' is no struct of attributes", name);
	for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info) && !err; i++) {
		struct btf_member member = btf_member(l->btf, id, i);

		err = take_member(l, name, &type, &member, a);
	}
	if (!err && !a->type)
		err = refuse(l->error, "map '%s' does not say its type", name);
	if (!err && a->map_extra)
		err = refuse(l->error, "map '%s' has map_extra %u, which means nothing to this device", name,
			     a->map_extra);
	return err ? err : check_values(l, name, a);
}

static int add(struct linker *l, const char *name, const struct attributes *a, const struct linker_place *place)
{
	struct load_map *map = map_defs_add(l, name, place);

	if (!map)
		return -EINVAL;
	map->type = a->type;
	map->key_size = a->key_size;
	map->value_size = a->value_size;
	map->max_entries = a->max_entries;
	map->flags = a->map_flags & ~LINKER_HOST_FLAGS;
	return 0;
}

/* The type of a variable of SEC(".maps"). 0, or -EINVAL after it said why. */
static int type_of_variable(struct linker *l, const char *name, uint32_t *type)
{
	if (linker_spend(l, l->btf->count))
		return -EINVAL;
	for (uint32_t id = 1; id < l->btf->count; id++) {
		struct btf_type section = btf_type(l->btf, id);

		if (BTF_INFO_KIND(section.info) != BTF_KIND_DATASEC || strcmp(btf_name(l->btf, id), ".maps") != 0)
			continue;
		if (linker_spend(l, BTF_INFO_VLEN(section.info)))
			return -EINVAL;
		for (uint32_t i = 0; i < BTF_INFO_VLEN(section.info); i++) {
			uint32_t variable = btf_secinfo(l->btf, id, i).type;

			if (btf_kind(l->btf, variable) != BTF_KIND_VAR || strcmp(btf_name(l->btf, variable), name) != 0)
				continue;
			*type = btf_type(l->btf, variable).type;
			return 0;
		}
	}
	return refuse(l->error, "map '%s' has no BTF that says what it is; compile with -g", name);
}

int map_btf_take(struct linker *l, const struct elf_symbol *symbol, uint64_t bytes)
{
	struct linker_place place = {.section = symbol->section, .offset = symbol->value, .bytes = bytes};
	struct attributes a;
	uint32_t type = 0;
	int err = type_of_variable(l, symbol->name, &type);

	if (!err)
		err = read_attributes(l, symbol->name, type, &a);
	if (err)
		return err;
	place.values = a.values;
	place.values_offset = symbol->value + a.values_bytes;
	return add(l, symbol->name, &a, &place);
}

/* The map that the elements of map index are like. */
static int add_template(struct linker *l, size_t index)
{
	const char *outer = l->object->maps[index].name;
	char name[sizeof(l->object->maps[index].name)];
	struct linker_place nowhere = {0};
	struct attributes a;
	int err;

	linker_copy_name(name, sizeof(name) - strlen(".inner"), outer);
	strcat(name, ".inner");
	err = read_attributes(l, name, l->places[index].values, &a);
	if (!err && holds_maps(a.type))
		err = refuse(l->error, "map '%s' holds maps that hold maps; one level was expected", outer);
	if (!err)
		err = add(l, name, &a, &nowhere);
	if (err)
		return err;
	l->object->maps[index].inner = (uint32_t)l->object->num_maps - 1;
	l->object->maps[l->object->num_maps - 1].is_template = true;
	return 0;
}

int map_btf_templates(struct linker *l)
{
	size_t count = l->object->num_maps;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		if (holds_maps(l->object->maps[i].type) && l->object->maps[i].inner == LOAD_NO_MAP)
			err = add_template(l, i);
	return err;
}

/* What the pointer at a relocated place of a map's values means. */
static int take_slot(struct linker *l, size_t index, uint32_t key, const struct elf_symbol *symbol, uint64_t address)
{
	struct load_map *map = &l->object->maps[index];
	struct linker_function *function;
	int64_t inner;

	if (map->type == BPF_MAP_TYPE_PROG_ARRAY) {
		function = functions_at(l, symbol->section, address);
		if (!function)
			return refuse(l->error, "map '%s': its value %u is no function", map->name, key);
		function->is_prog = true;
		return map_defs_add_slot(l, map, key, (uint32_t)(function - l->functions));
	}
	inner = map_defs_at(l, symbol->section, address);
	if (inner < 0 || l->places[inner].offset != address)
		return refuse(l->error, "map '%s': its value %u is no map", map->name, key);
	if ((size_t)inner == index || holds_maps(l->object->maps[inner].type))
		return refuse(l->error, "map '%s': its value %u is a map of maps; one level was expected", map->name,
			      key);
	return map_defs_add_slot(l, map, key, (uint32_t)inner);
}

static int take_reloc(struct linker *l, const struct elf_section *section, uint32_t index,
		      const struct elf_reloc *reloc)
{
	const struct elf_symbol *symbol = &l->elf->symbols[reloc->symbol];
	const struct linker_place *place;
	uint64_t addend;
	int64_t map;

	if (linker_spend(l, 2 * l->object->num_maps))
		return -EINVAL;
	map = map_defs_at(l, index, reloc->offset);
	if (map < 0 || reloc->type != R_BPF_64_ABS64 || section->bytes - reloc->offset < POINTER_BYTES)
		return refuse(l->error, "section '%s': byte %" PRIu64 " is relocated, and no value of a map is there",
			      section->name, reloc->offset);
	place = &l->places[map];
	if (!place->values || reloc->offset < place->values_offset ||
	    (reloc->offset - place->values_offset) % POINTER_BYTES)
		return refuse(l->error,
			      "map '%s': byte %" PRIu64 " of its section is relocated, and is none of its values",
			      l->object->maps[map].name, reloc->offset);
	memcpy(&addend, section->data + reloc->offset, sizeof(addend));
	return take_slot(l, (size_t)map, (uint32_t)((reloc->offset - place->values_offset) / POINTER_BYTES), symbol,
			 symbol->value + addend);
}

int map_btf_slots(struct linker *l, uint32_t index)
{
	const struct elf_section *section = &l->elf->sections[index];
	int err = 0;

	for (size_t i = 0; i < section->num_relocs && !err; i++)
		err = take_reloc(l, section, index, &section->relocs[i]);
	return err;
}
