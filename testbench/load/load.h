/* SPDX-License-Identifier: BSD-2-Clause */
/* The ELF loader: what a compiled object holds, ready to be offloaded. Makes no bpf() call and needs no privilege. */
#ifndef TESTBENCH_LOAD_H
#define TESTBENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_ERROR_BYTES 512

/* An element that the object fills in: of a PROG_ARRAY or a map of maps. */
struct load_slot {
	uint32_t key;
	uint32_t target; /* index into load_object.progs, or into load_object.maps */
};

#define LOAD_NO_MAP UINT32_MAX

struct load_map {
	char name[64];
	uint32_t type, key_size, value_size, max_entries, flags;
	/* Global data: contents to write before the first run, and whether to freeze it. NULL otherwise. */
	uint8_t *data;
	bool freeze;
	uint32_t inner;   /* maps of maps: index of the map that its elements are like; LOAD_NO_MAP for the others */
	bool is_template; /* is there for that purpose only: no instruction names it */
	struct load_slot *slots;
	size_t num_slots;
};

/* A source line, from BTF line information. */
struct load_line {
	uint32_t insn;           /* first instruction that it covers */
	const char *file, *text; /* the object's; no control characters */
	uint32_t line;
};

/* A function of a program: its own, or a local one that it calls. */
struct load_function {
	uint32_t insn; /* its first */
	char name[60]; /* no control characters */
};

#define LOAD_ARGS 5

/* A function of a program that can be verified by itself, since its prototype says what it is given. */
struct load_global {
	uint32_t insn;            /* its first */
	uint8_t kinds[LOAD_ARGS]; /* VIRTIO_NET_XDP_FUNC_* */
	uint32_t bytes[LOAD_ARGS];
};

/* A call that stands where a weak function or a CO-RE relocation found nothing to refer to: no device runs it. */
struct load_poison {
	uint32_t insn;
	char *what; /* is missing */
};

struct load_prog {
	char name[128];
	char section[128];
	bool is_entry;  /* may be chosen; others are there for elements of PROG_ARRAYs to name */
	uint8_t *insns; /* count 8-byte slots: LD_IMM64 src 1 and 2 carry the index into load_object.maps, subprograms
			   are linked */
	uint32_t count;
	struct load_line *lines; /* sorted by insn, each once */
	size_t num_lines;
	struct load_function *functions; /* sorted by insn */
	size_t num_functions;
	struct load_global *globals; /* sorted by insn */
	size_t num_globals;
	struct load_poison *poisons;
	size_t num_poisons;
};

struct load_object {
	struct load_map *maps;
	size_t num_maps;
	struct load_prog *progs; /* XDP programs and what PROG_ARRAYs name, in the file's order */
	size_t num_progs;
	char *strings;  /* what lines point into */
	uint32_t entry; /* the program that is to be attached: index into progs, for offload_prog_id() */
	bool gpl_compatible;
};

/*
 * Reads path. section: the one whose programs may be chosen; NULL: every section that holds XDP programs. Returns NULL
 * with one sentence in error: what, where, what was expected. The caller frees.
 */
struct load_object *load_open(const char *path, const char *section, char error[static LOAD_ERROR_BYTES]);
/* The same of bytes in memory, which the object does not keep; name: what to call it in error. */
struct load_object *load_bytes(const uint8_t *image, size_t bytes, const char *name, const char *section,
			       char error[static LOAD_ERROR_BYTES]);
/* Takes NULL. */
void load_free(struct load_object *object);

/*
 * The program that --program names (NULL: the only one). NULL with a sentence in error that lists the candidates.
 */
const struct load_prog *load_choose(const struct load_object *object, const char *program,
				    char error[static LOAD_ERROR_BYTES]);

/*
 * Gives the map with this name another number of entries: what its own loader does at run time. 0, or -ENOENT with a
 * sentence in error that lists the maps.
 */
int load_set_entries(struct load_object *object, const char *name, uint32_t entries,
		     char error[static LOAD_ERROR_BYTES]);
/* Says in to, which has room for so many bytes, that object has no such map, and which it has. */
void load_list_maps(const struct load_object *object, const char *name, char *to, size_t bytes);

/* What is missing where instruction insn stands; NULL: nothing. */
const char *load_poison_of(const struct load_prog *prog, uint32_t insn);

/* The function that an instruction is part of; NULL: not known, as of raw instructions. */
const struct load_function *load_function_of(const struct load_prog *prog, uint32_t insn);

/* The source line of an instruction, or NULL. */
const struct load_line *load_line_of(const struct load_prog *prog, uint32_t insn);

#endif
