// SPDX-License-Identifier: BSD-2-Clause
#include "load/load.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/btf.h"
#include "load/elf_image.h"
#include "load/file.h"
#include "load/linker.h"

#define OBJECT_BYTES_MAX ((size_t)64 << 20)

static bool is_gpl_compatible(const struct elf_image *elf)
{
	static const char *const compatible[] = {
		"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};
	const struct elf_section *license = elf_image_section(elf, "license");
	size_t length;

	if (!license || !license->data)
		return false;
	/* The string need not be terminated inside of its section. */
	length = strnlen((const char *)license->data, license->bytes);
	for (size_t i = 0; i < sizeof(compatible) / sizeof(compatible[0]); i++)
		if (strlen(compatible[i]) == length && memcmp(compatible[i], license->data, length) == 0)
			return true;
	return false;
}

static int link_object(struct linker *l, const char *section)
{
	int err = functions_collect(l, section);

	if (!err)
		err = map_defs_collect(l);
	return err ? err : link_programs(l);
}

static int load_image(const uint8_t *image, size_t bytes, const char *section, struct load_object *object,
		      char error[static LOAD_ERROR_BYTES])
{
	struct elf_image elf;
	struct btf btf = {0};
	struct linker l = {.elf = &elf, .btf = &btf, .object = object, .error = error};
	int err = elf_image_open(image, bytes, &elf, error);

	if (!err)
		err = btf_open(&btf, &elf, error);
	if (!err) {
		object->gpl_compatible = is_gpl_compatible(&elf);
		err = link_object(&l, section);
	}
	free(l.places);
	free(l.functions);
	btf_close(&btf);
	elf_image_close(&elf);
	return err;
}

/* Names in the sentence are the file's: it has to print on one line anywhere. */
static void explain(char error[static LOAD_ERROR_BYTES], const char *path, const char *reason)
{
	snprintf(error, LOAD_ERROR_BYTES, "%s: %s", path, reason);
	for (char *c = error; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

struct load_object *load_bytes(const uint8_t *image, size_t bytes, const char *name, const char *section,
			       char error[static LOAD_ERROR_BYTES])
{
	struct load_object *object = calloc(1, sizeof(*object));
	char reason[LOAD_ERROR_BYTES] = "no memory";

	error[0] = 0;
	if (object && load_image(image, bytes, section, object, reason) == 0)
		return object;
	explain(error, name, reason);
	load_free(object);
	return NULL;
}

struct load_object *load_open(const char *path, const char *section, char error[static LOAD_ERROR_BYTES])
{
	char reason[LOAD_ERROR_BYTES];
	struct load_object *object;
	uint8_t *image;
	size_t bytes;
	int err = file_read(path, OBJECT_BYTES_MAX, &image, &bytes);

	if (err) {
		snprintf(reason, sizeof(reason),
			 "cannot read it: %s; an object compiled with clang -target bpf was expected", strerror(-err));
		explain(error, path, reason);
		return NULL;
	}
	object = load_bytes(image, bytes, path, section, error);
	free(image);
	return object;
}

void load_free(struct load_object *object)
{
	if (!object)
		return;
	for (size_t i = 0; i < object->num_progs; i++)
		linker_free_prog(&object->progs[i]);
	for (size_t i = 0; i < object->num_maps; i++) {
		free(object->maps[i].data);
		free(object->maps[i].slots);
	}
	free(object->progs);
	free(object->maps);
	free(object->strings);
	free(object);
}

/* Which programs elements of the object's own PROG_ARRAYs name: to be continued with, rather than to be chosen. */
static bool *find_targets(const struct load_object *object)
{
	bool *targets = calloc(object->num_progs + 1, sizeof(*targets));

	for (size_t i = 0; targets && i < object->num_maps; i++)
		for (size_t j = 0; object->maps[i].inner == LOAD_NO_MAP && j < object->maps[i].num_slots; j++)
			targets[object->maps[i].slots[j].target] = true;
	return targets;
}

/* The likely ones first, for the sentence may not have room for all. */
static void list_programs(const struct load_object *object, char *to, size_t bytes)
{
	bool *targets = find_targets(object);
	size_t used = 0;

	to[0] = 0;
	for (size_t i = 0; i < 2 * object->num_progs; i++) {
		size_t at = i % object->num_progs;
		const char *name = object->progs[at].name;

		if (!object->progs[at].is_entry || (targets && targets[at]) != (i >= object->num_progs))
			continue;
		if (used + strlen(name) + sizeof(", , ...") > bytes) {
			snprintf(to + used, bytes - used, ", ...");
			break;
		}
		used += (size_t)snprintf(to + used, bytes - used, "%s%s", used ? ", " : "", name);
	}
	free(targets);
}

const struct load_prog *load_choose(const struct load_object *object, const char *program,
				    char error[static LOAD_ERROR_BYTES])
{
	const struct load_prog *found = NULL;
	char names[LOAD_ERROR_BYTES / 2];
	size_t count = 0;

	for (size_t i = 0; i < object->num_progs; i++) {
		const struct load_prog *prog = &object->progs[i];

		if (!prog->is_entry || (program && strcmp(prog->name, program) != 0))
			continue;
		found = prog;
		if (program)
			return found;
		count++;
	}
	if (count == 1)
		return found;
	list_programs(object, names, sizeof(names));
	if (program)
		snprintf(error, LOAD_ERROR_BYTES, "no XDP program '%.64s'; there is %s", program, names);
	else
		snprintf(error, LOAD_ERROR_BYTES, "%zu XDP programs; choose one with --program: %s", count, names);
	return NULL;
}

void load_list_maps(const struct load_object *object, const char *name, char *to, size_t bytes)
{
	size_t used = (size_t)snprintf(to, bytes, "the program has no map '%.64s'; it has", name);
	const char *before = "";

	for (size_t i = 0; i < object->num_maps; i++) {
		const struct load_map *map = &object->maps[i];

		if (map->is_template)
			continue;
		if (used + strlen(map->name) + sizeof(", , ...") > bytes) {
			snprintf(to + used, bytes - used, "%s ...", before);
			return;
		}
		used += (size_t)snprintf(to + used, bytes - used, "%s %s", before, map->name);
		before = ",";
	}
	if (!before[0])
		snprintf(to + used, bytes - used, " none");
}

int load_set_entries(struct load_object *object, const char *name, uint32_t entries,
		     char error[static LOAD_ERROR_BYTES])
{
	/* Those of an inner map's template too: it has a size of its own. */
	for (size_t i = 0; i < object->num_maps; i++)
		if (strcmp(object->maps[i].name, name) == 0) {
			object->maps[i].max_entries = entries;
			return 0;
		}
	load_list_maps(object, name, error, LOAD_ERROR_BYTES);
	return -ENOENT;
}

const char *load_poison_of(const struct load_prog *prog, uint32_t insn)
{
	for (size_t i = 0; i < prog->num_poisons; i++)
		if (prog->poisons[i].insn == insn)
			return prog->poisons[i].what;
	return NULL;
}

_Static_assert(!offsetof(struct load_function, insn) && !offsetof(struct load_line, insn), "rows begin with insn");

/* The last of count rows of so many bytes, which begin with an instruction and are sorted by it, up to insn. */
static const void *last_up_to(const void *rows, size_t count, size_t bytes, uint32_t insn)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t first;

		memcpy(&first, (const char *)rows + middle * bytes, sizeof(first));
		if (first <= insn)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? (const char *)rows + (low - 1) * bytes : NULL;
}

const struct load_function *load_function_of(const struct load_prog *prog, uint32_t insn)
{
	return last_up_to(prog->functions, prog->num_functions, sizeof(*prog->functions), insn);
}

const struct load_line *load_line_of(const struct load_prog *prog, uint32_t insn)
{
	return last_up_to(prog->lines, prog->num_lines, sizeof(*prog->lines), insn);
}
