/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a checked ELF image to a load_object: first its functions, then its maps and what they begin with, then the
 * programs, each with copies of the local functions that it calls behind it.
 */
#ifndef TESTBENCH_LOAD_LINKER_H
#define TESTBENCH_LOAD_LINKER_H

#include "load/btf.h"
#include "load/elf_image.h"
#include "load/load.h"

#define LINKER_NO_PROG    UINT32_MAX
#define LINKER_MAPS_MAX   4096
#define LINKER_INSNS_MAX  ((uint64_t)1 << 23) /* of all programs of an object, linked */
#define LINKER_EFFORT_MAX ((uint64_t)1 << 30)
#define LINKER_NAMES_MAX  65536 /* of functions of all programs: more are not named */
#define LINKER_PERF_SLOTS 128   /* entries of a PERF_EVENT_ARRAY that leaves their number to the machine */
/* Flags of maps that say how the machine which loads them holds them: BPF_F_NUMA_NODE, BPF_F_MMAPABLE. */
#define LINKER_HOST_FLAGS ((uint32_t)(1 << 2 | 1 << 10))
#define LINKER_PAGE_BYTES 4096 /* what ring buffers are counted in, on any machine */

/* Where a map is defined: no bytes for one that no instruction can name. */
struct linker_place {
	uint32_t section;
	uint64_t offset, bytes;
	/* SEC(".maps"): type of what its "values" point to, and where in the section they begin; 0: it has none. */
	uint32_t values;
	uint64_t values_offset;
};

struct linker_function {
	const char *name;
	uint32_t section;
	uint64_t offset; /* bytes */
	uint32_t count;  /* 8-byte slots */
	uint32_t prog;   /* index into object->progs, or LINKER_NO_PROG */
	bool is_global;  /* for other objects, too */
	bool is_entry;   /* may be chosen */
	bool is_prog;
	bool is_optional; /* a program that nothing asks for: left away if it cannot be linked */
};

struct linker {
	const struct elf_image *elf;
	const struct btf *btf;
	struct load_object *object;
	struct linker_place *places;       /* as object->maps */
	struct linker_function *functions; /* sorted by section and offset */
	size_t num_functions;
	uint64_t insns;  /* so far */
	uint64_t names;  /* so far */
	uint64_t effort; /* comparisons of names, so far */
	char *error;     /* LOAD_ERROR_BYTES */
};

/*
 * Each of these returns 0, or -EINVAL or -ENOMEM with a sentence in linker->error.
 */

/* section: which functions may be chosen; NULL: all XDP programs. */
int functions_collect(struct linker *linker, const char *section);
/* The function that begins there, or NULL. */
struct linker_function *functions_at(const struct linker *linker, uint32_t section, uint64_t offset);

/* All maps, with what they begin with: slots name functions until link_programs() has numbered the programs. */
int map_defs_collect(struct linker *linker);
/* A new map, all zeros but for its name; NULL after it said why. Moves the others. */
struct load_map *map_defs_add(struct linker *linker, const char *name, const struct linker_place *place);
int map_defs_add_slot(struct linker *linker, struct load_map *map, uint32_t key, uint32_t target);
/* The map that is defined at that byte, or -1. */
int64_t map_defs_at(const struct linker *linker, uint32_t section, uint64_t offset);

/* One map of SEC(".maps"), of SEC("maps"). */
int map_btf_take(struct linker *linker, const struct elf_symbol *symbol, uint64_t bytes);
int map_btf_slots(struct linker *linker, uint32_t section);
/* Behind all other maps, so that those are numbered as if there were no templates. */
int map_btf_templates(struct linker *linker);
int map_legacy_take(struct linker *linker, const struct elf_symbol *symbol, uint64_t bytes);
int map_legacy_slots(struct linker *linker);
/* Global data. */
int map_data_collect(struct linker *linker);
/* The map that a section of variables is, or -1. */
int64_t map_data_of(const struct linker *linker, uint32_t section);

/* Whether the function can be verified by itself, and what it is given: all of *to but insn. -EINVAL as below. */
int globals_take(struct linker *linker, const struct linker_function *function, struct load_global *to, bool *found);

/* Links what functions_collect() and slots have marked. */
int link_programs(struct linker *linker);

/* Puts a call in place of instruction insn of prog that no device knows: what is missing there. 0 or -ENOMEM. */
int linker_poison(struct linker *linker, struct load_prog *prog, uint32_t insn, const char *what);

/* What a program owns, not the struct. */
void linker_free_prog(struct load_prog *prog);

/* Counts comparisons of names: -EINVAL when a file made to be slow asks for too many. */
int linker_spend(struct linker *linker, uint64_t comparisons);

/* A name of the file's as text that can be printed anywhere. */
void linker_copy_name(char *to, size_t bytes, const char *name);

#endif
