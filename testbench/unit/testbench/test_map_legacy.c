// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "load/load.h"
#include "unit/testbench/objects.h"
#include "unit/testbench/scratch.h"

#define HEAD   "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
#define LIBBPF "struct bpf_map_def { unsigned type, key_size, value_size, max_entries, map_flags; };\n"
#define IPROUTE2                                                                                                       \
	"struct bpf_elf_map { __u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx; "   \
	"};\n"
#define SAMPLES                                                                                                        \
	"struct bpf_map_def { unsigned type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; " \
	"};\n"
#define USES(map)                                                                                                      \
	"SEC(\"xdp\") int entry(struct xdp_md *ctx) { int k = 0; return bpf_map_lookup_elem(&" map ", &k) ? 1 : 2; "   \
	"}\n"

static const struct {
	const char *id, *text, *options;
	const char *want; /* maps; or what the refusal says, if it begins with '!' */
} rows[] = {
	{"one", HEAD LIBBPF "struct bpf_map_def SEC(\"maps\") m = {1, 4, 8, 16, 1};\n" USES("m"), "bpf",
	 "m 1 4 8 16 1"},
	{"without BTF", HEAD LIBBPF "struct bpf_map_def SEC(\"maps\") m = {1, 4, 8, 16, 0};\n" USES("m"), "bpf -g0",
	 "m 1 4 8 16 0"},
	{"two, the second is used, v1",
	 HEAD LIBBPF
	 "struct bpf_map_def SEC(\"maps\") a = {1, 4, 8, 16, 0};\nstruct bpf_map_def SEC(\"maps\") b = {2, 4, "
	 "4, 3, 0};\n" USES("b"),
	 "bpf -mcpu=v1", "a 1 4 8 16 0; b 2 4 4 3 0"},
	{"static", HEAD LIBBPF "static struct bpf_map_def SEC(\"maps\") m = {1, 4, 8, 16, 0};\n" USES("m"),
	 "bpf -mcpu=v2", "m 1 4 8 16 0"},
	{"a section of its own", HEAD LIBBPF "struct bpf_map_def SEC(\"maps/m\") m = {1, 4, 8, 16, 0};\n" USES("m"),
	 "bpf", "m 1 4 8 16 0"},
	{"memory node", HEAD SAMPLES "struct bpf_map_def SEC(\"maps\") m = {1, 4, 8, 16, 4, 0, 1};\n" USES("m"), "bpf",
	 "m 1 4 8 16 0"},
	{"events of every processor", HEAD LIBBPF "struct bpf_map_def SEC(\"maps\") m = {4, 4, 4, 0, 0};\n" USES("m"),
	 "bpf", "m 4 4 4 128 0"},
	{"with BTF maps",
	 HEAD LIBBPF "struct bpf_map_def SEC(\"maps\") old = {1, 4, 8, 16, 0};\n"
		     "struct { __uint(type, 2); __uint(max_entries, 5); __type(key, int); __type(value, long); } new "
		     "SEC(\".maps\");\n"
		     "SEC(\"xdp\") int entry(void *ctx) { int k = 0; return bpf_map_lookup_elem(&old, &k) ? "
		     "*(int *)bpf_map_lookup_elem(&new, &k) : 2; }",
	 "bpf", "old 1 4 8 16 0; new 2 4 8 5 0"},
	{"samples: maps of maps",
	 HEAD SAMPLES "struct bpf_map_def SEC(\"maps\") in = {1, 4, 8, 16, 0};\n"
		      "struct bpf_map_def SEC(\"maps\") out = {12, 4, 4, 3, 0, 0};\n" USES("out"),
	 "bpf", "in 1 4 8 16 0; out 12 4 4 3 0 of in"},
	{"iproute2: maps of maps",
	 HEAD IPROUTE2 "struct bpf_elf_map SEC(\"maps\") out = {12, 4, 4, 3, 0, 7, 2, 9, 0};\n"
		       "struct bpf_elf_map SEC(\"maps\") in = {1, 4, 8, 16, 0, 9, 0, 0, 2};\n"
		       "struct bpf_elf_map SEC(\"maps\") not_in = {1, 4, 8, 16, 0, 9, 0, 0, -1};\n" USES("out"),
	 "bpf", "out 12 4 4 3 0 of in 2=in; in 1 4 8 16 0; not_in 1 4 8 16 0"},
	{"iproute2: tail calls",
	 HEAD IPROUTE2 "struct bpf_elf_map SEC(\"maps\") jmp = {3, 4, 4, 8, 0, 1, 0, 0, 0};\n"
		       "SEC(\"1/0\") int first(struct xdp_md *ctx) { return 1; }\n"
		       "SEC(\"0x1/5\") int second(struct xdp_md *ctx) { return 2; }\n"
		       "SEC(\"prog\") int entry(struct xdp_md *ctx) { bpf_tail_call(ctx, &jmp, 5); return 0; }",
	 "bpf", "jmp 3 4 4 8 0 0=first 5=second"},
	{"iproute2: tail calls to no map",
	 HEAD IPROUTE2 "SEC(\"1/0\") int first(struct xdp_md *ctx) { return 1; }\n"
		       "SEC(\"prog\") int entry(struct xdp_md *ctx) { return 0; }",
	 "bpf", "!no map has that id"},
	{"inner map of no id",
	 HEAD IPROUTE2 "struct bpf_elf_map SEC(\"maps\") out = {12, 4, 4, 3, 0, 7, 2, 9, 0};\n" USES("out"), "bpf",
	 "!no map has the inner id 9"},
	{"maps of itself",
	 HEAD IPROUTE2 "struct bpf_elf_map SEC(\"maps\") out = {12, 4, 4, 3, 0, 9, 2, 9, 0};\n" USES("out"), "bpf",
	 "!one level"},
	{"prevail-4790e819 shorter than a record", HEAD "int SEC(\"maps\") m = 1;\n" USES("m"), "bpf",
	 "!is defined in 4 bytes"},
	{"prevail-4790e819 no multiple of a record",
	 HEAD LIBBPF
	 "struct bpf_map_def SEC(\"maps\") m = {1, 4, 8, 16, 0};\nchar SEC(\"maps\") rest[3] = {1};\n" USES("m"),
	 "bpf", "!'rest' is defined in 3 bytes"},
};

Test(map_legacy, rows)
{
	struct scratch scratch;

	scratch_create(&scratch);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *path = scratch_compile(&scratch, "legacy.o", rows[i].text, rows[i].options);
		char error[LOAD_ERROR_BYTES] = "", got[1024];
		struct load_object *object = load_open(path, NULL, error);

		if (rows[i].want[0] == '!') {
			cr_assert_null(object, "%s: was accepted", rows[i].id);
			cr_assert(strstr(error, rows[i].want + 1), "%s: %s", rows[i].id, error);
			continue;
		}
		cr_assert(object, "%s: %s", rows[i].id, error);
		objects_print_maps(object, got, sizeof(got));
		cr_assert_str_eq(got, rows[i].want, "%s: %s", rows[i].id, got);
		load_free(object);
	}
	scratch_remove(&scratch);
}

/* What a section N/M holds is there to be named by the map, and not to be chosen. */
Test(map_legacy, targets_are_no_entries)
{
	char error[LOAD_ERROR_BYTES] = "";
	const struct load_prog *entry;
	struct load_object *object;
	struct scratch scratch;

	scratch_create(&scratch);
	object = load_open(scratch_compile(&scratch, "legacy.o", rows[10].text, "bpf"), NULL, error);
	scratch_remove(&scratch);
	cr_assert(object, "%s", error);
	cr_assert_eq(object->num_progs, 3);
	entry = load_choose(object, NULL, error);
	cr_assert(entry && strcmp(entry->name, "entry") == 0, "%s", error);
	cr_assert_null(load_choose(object, "first", error));
	load_free(object);
}
