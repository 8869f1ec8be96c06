// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "load/load.h"
#include "unit/testbench/objects.h"
#include "unit/testbench/scratch.h"

#define HEAD "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
#define USES(map)                                                                                                      \
	"SEC(\"xdp\") int entry(struct xdp_md *ctx) { int k = 0; return bpf_map_lookup_elem(&" map ", &k) ? 1 : 2; "   \
	"}\n"
#define BODY  "{ __uint(type, 2); __uint(max_entries, 4); __type(key, int); __type(value, long); }"
#define INNER "struct inner " BODY

static const struct {
	const char *id, *text, *options;
	const char *want; /* maps; or what the refusal says, if it begins with '!' */
} rows[] = {
	{"sizes instead of types, a typedef, const",
	 HEAD "typedef const struct { int a[3]; char b; } v_t;\n"
	      "struct { __uint(type, 1); __uint(max_entries, 9); __uint(key_size, 6); __type(value, v_t); } m "
	      "SEC(\".maps\");\n" USES("m"),
	 "bpf", "m 1 6 16 9 0"},
	{"dropped: pinning, memory node",
	 HEAD
	 "struct { __uint(type, 1); __uint(max_entries, 9); __type(key, int); __type(value, int); __uint(pinning, 1);\n"
	 "	__uint(numa_node, 3); __uint(map_flags, 5); } m SEC(\".maps\");\n" USES("m"),
	 "bpf", "m 1 4 4 9 1"},
	{"static, v1",
	 HEAD "static struct { __uint(type, 1); __uint(max_entries, 9); __type(key, int); __type(value, int); } m "
	      "SEC(\".maps\");\n" USES("m"),
	 "bpf -mcpu=v1", "m 1 4 4 9 0"},
	{"numbers that Linux takes from the machine",
	 HEAD "struct { __uint(type, 4); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(\".maps\");\n"
	      "struct { __uint(type, 27); __uint(max_entries, 5000); } ring SEC(\".maps\");\n" USES("perf"),
	 "bpf", "perf 4 4 4 128 0; ring 27 0 0 8192 0"},
	{"inner maps, named and not",
	 HEAD INNER
	 " one SEC(\".maps\"), two SEC(\".maps\");\n"
	 "struct { __uint(type, 12); __uint(max_entries, 4); __type(key, int); __array(values, struct inner); }\n"
	 "	outer SEC(\".maps\") = { .values = { [0] = &one, [3] = &two } };\n"
	 "struct { __uint(type, 13); __uint(max_entries, 4); __type(key, int); __array(values, struct " BODY "); }\n"
	 "	hash SEC(\".maps\");\n" USES("outer"),
	 "bpf",
	 "one 2 4 8 4 0; two 2 4 8 4 0; outer 12 4 4 4 0 of outer.inner 0=one 3=two; "
	 "hash 13 4 4 4 0 of hash.inner; outer.inner 2 4 8 4 0 template; hash.inner 2 4 8 4 0 template"},
	{"static inner map",
	 HEAD "static " INNER " one SEC(\".maps\");\n"
	      "struct { __uint(type, 12); __uint(max_entries, 4); __type(key, int); __array(values, struct inner); }\n"
	      "	outer SEC(\".maps\") = { .values = { [2] = &one } };\n" USES("outer"),
	 "bpf", "one 2 4 8 4 0; outer 12 4 4 4 0 of outer.inner 2=one; outer.inner 2 4 8 4 0 template"},
	{"programs",
	 HEAD
	 "int two(struct xdp_md *ctx), three(struct xdp_md *ctx);\n"
	 "struct { __uint(type, 3); __uint(max_entries, 8); __uint(key_size, 4); __array(values, int (void *)); } jmp\n"
	 "	SEC(\".maps\") = { .values = { [1] = (void *)&two, [5] = (void *)&three } };\n"
	 "SEC(\"tail/two\") int two(struct xdp_md *ctx) { return 2; }\n"
	 "SEC(\"xdp\") int entry(struct xdp_md *ctx) { bpf_tail_call(ctx, &jmp, 5); return 0; }\n"
	 "SEC(\"xdp/three\") int three(struct xdp_md *ctx) { return 3; }",
	 "bpf", "jmp 3 4 4 8 0 1=two 5=three"},
	{"variables of all sections",
	 HEAD "const volatile int c = 7; const volatile int c2 SEC(\".rodata.two\") = 8; int d = 9; int d2 "
	      "SEC(\".data.two\") = "
	      "10;\n"
	      "int b; int mine SEC(\"own\") = 11; static volatile int s = 12; int nobodys SEC(\"unused\") = 1;\n"
	      "SEC(\"xdp\") int entry(struct xdp_md *ctx) { static volatile int t; t++; return c + c2 + d + d2 + b + "
	      "mine + s "
	      "+ t; }",
	 "bpf",
	 ".rodata 2 4 4 1 80 frozen 07000000; .rodata.two 2 4 4 1 80 frozen 08000000; .data 2 4 8 1 0 "
	 "090000000c000000; "
	 ".data.two 2 4 4 1 0 0a000000; own 2 4 4 1 0 0b000000; .bss 2 4 8 1 0 0000000000000000"},
	{"variables without BTF", HEAD "int d = 9; SEC(\"xdp\") int entry(struct xdp_md *ctx) { return d++; }",
	 "bpf -g0", ".data 2 4 4 1 0 09000000"},
	{"a string",
	 HEAD
	 "SEC(\"xdp\") int entry(struct xdp_md *ctx) { const char *t = \"abcdefg\"; return bpf_trace_printk(t, 8); }",
	 "bpf", ".rodata.str1.1 2 4 8 1 80 frozen 6162636465666700"},
	{"maps without BTF",
	 HEAD "struct { __uint(type, 1); __uint(max_entries, 9); __type(key, int); __type(value, int); } m "
	      "SEC(\".maps\");\n" USES("m"),
	 "bpf -g0", "!compile with -g"},
	{"unknown attribute", HEAD "struct { __uint(type, 1); __uint(colour, 9); } m SEC(\".maps\");\n" USES("m"),
	 "bpf", "!attribute 'colour'"},
	{"no type", HEAD "struct { __uint(max_entries, 9); } m SEC(\".maps\");\n" USES("m"), "bpf",
	 "!does not say its type"},
	{"no number", HEAD "struct { int type; } m SEC(\".maps\");\n" USES("m"), "bpf", "!no number in the form"},
	{"sizes that differ",
	 HEAD "struct { __uint(type, 1); __uint(key_size, 8); __type(key, int); } m SEC(\".maps\");\n" USES("m"), "bpf",
	 "!'key_size' says 8"},
	{"extra", HEAD "struct { __uint(type, 30); __uint(map_extra, 3); } m SEC(\".maps\");\n" USES("m"), "bpf",
	 "!has map_extra 3"},
	{"maps of unknown maps", HEAD "struct { __uint(type, 12); __type(key, int); } m SEC(\".maps\");\n" USES("m"),
	 "bpf", "!does not say of what kind"},
	{"values of an array",
	 HEAD
	 "struct { __uint(type, 2); __type(key, int); __array(values, int (void *)); } m SEC(\".maps\");\n" USES("m"),
	 "bpf", "!which has no 'values'"},
	{"maps of maps of maps",
	 HEAD
	 "struct { __uint(type, 12); __type(key, int); __array(values, struct { __uint(type, 12); __type(key, int);\n"
	 "	__array(values, struct " BODY "); }); } m SEC(\".maps\");\n" USES("m"),
	 "bpf", "!one level"},
	{"programs among maps",
	 HEAD "SEC(\"xdp/two\") int two(struct xdp_md *ctx) { return 2; }\n" INNER ";\n"
	      "struct { __uint(type, 12); __uint(max_entries, 4); __type(key, int); __array(values, struct inner); }\n"
	      "	outer SEC(\".maps\") = { .values = { [2] = (void *)&two } };\n" USES("outer"),
	 "bpf", "!its value 2 is no map"},
	{"libbpf-8e59f80a a variable of the license",
	 HEAD "char l[] SEC(\"license\") = \"GPL\"; SEC(\"xdp\") int entry(struct xdp_md *ctx) { return *(volatile "
	      "char *)l; }",
	 "bpf", "!no map begins at"},
	{"a common variable", HEAD "int c; SEC(\"xdp\") int entry(struct xdp_md *ctx) { return c++; }", "bpf -fcommon",
	 "!in no section is 'c'"},
	{"address of a function",
	 HEAD "__attribute__((noinline)) static int f(int a, void *b) { return a; }\n"
	      "SEC(\"xdp\") int entry(struct xdp_md *ctx) { return bpf_loop(4, f, 0, 0); }",
	 "bpf", "!it cannot use the address of"},
};

Test(map_btf, rows)
{
	struct scratch scratch;

	scratch_create(&scratch);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *path = scratch_compile(&scratch, "maps.o", rows[i].text, rows[i].options);
		char error[LOAD_ERROR_BYTES] = "", got[1024];
		struct load_object *object = load_open(path, NULL, error);

		if (rows[i].want[0] == '!') {
			cr_expect_null(object, "%s: was accepted", rows[i].id);
			cr_expect(strstr(error, rows[i].want + 1), "%s: %s", rows[i].id, error);
			continue;
		}
		cr_assert(object, "%s: %s", rows[i].id, error);
		objects_print_maps(object, got, sizeof(got));
		cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].id, got);
		load_free(object);
	}
	scratch_remove(&scratch);
}
