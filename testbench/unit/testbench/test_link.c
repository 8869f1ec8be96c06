// SPDX-License-Identifier: BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"
#include "unit/testbench/scratch.h"

#define HEAD "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"

/* Subprograms: static and global, called more than once, in chains and in a ring; a program between them. */
static const char calls[] = HEAD
	"#define NOINLINE __attribute__((noinline))\n"
	"struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); "
	"} "
	"m SEC(\".maps\");\n"
	"int counter; const volatile __u64 mask = 0x1122334455667788;\n"
	"static NOINLINE int leaf(int k) { __u64 *v = bpf_map_lookup_elem(&m, &k); return v ? *v : counter++; }\n"
	"static NOINLINE int middle(int k) {\n"
	"	return leaf(k) + leaf(k + 1); }\n"
	"NOINLINE int global(int k) { return leaf(k) ^ (int)mask; }\n"
	"SEC(\"xdp\") int one(struct xdp_md *ctx) {\n"
	"	return middle(1) + global(2) + leaf(3); }\n"
	"NOINLINE int ring_b(int k);\n"
	"NOINLINE int ring_a(int k) { return k ? ring_b(k - 1) + 1 : 0; }\n"
	"NOINLINE int ring_b(int k) { return k ? ring_a(k - 1) + 2 : 0; }\n"
	"SEC(\"xdp/two\") int two(struct xdp_md *ctx) { return ring_a(ctx->rx_queue_index) + global(ctx->data_end - "
	"ctx->data); }\n"
	"SEC(\"xdp/three\") int three(struct xdp_md *ctx) { return 3; }\n"
	"char _license[] SEC(\"license\") = \"GPL\";\n";

/* ---- libbpf as a second opinion: what it would give a kernel ---- */

#define PROGS 64

struct linked {
	char name[128];
	struct bpf_insn *insns;
	size_t count;
};

struct opinion {
	struct linked progs[PROGS];
	size_t count;
};

static int keep(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	struct opinion *opinion = *(struct opinion **)cookie;
	struct linked *to = &opinion->progs[opinion->count++];

	(void)opts;
	snprintf(to->name, sizeof(to->name), "%s", bpf_program__name(prog));
	to->count = bpf_program__insn_cnt(prog);
	to->insns = calloc(to->count, sizeof(*to->insns));
	memcpy(to->insns, bpf_program__insns(prog), to->count * sizeof(*to->insns));
	/* Without a kernel maps are named by their place: src 5 and 6 instead of 1 and 2. */
	for (size_t i = 0; i < to->count; i++)
		if (to->insns[i].code == 0x18 && to->insns[i].src_reg >= 5)
			to->insns[i].src_reg -= 4;
	return 0;
}

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

/* Makes no bpf() call: asked for a program that loads it, libbpf only writes that. */
static int ask_libbpf(const char *path, struct opinion *opinion)
{
	/* libbpf 1.1 does not survive that its last handler goes, so there is one for good. */
	static struct opinion *asked;
	struct libbpf_prog_handler_opts handler = {
		.sz = sizeof(handler), .cookie = (long)&asked, .prog_prepare_load_fn = keep};
	struct gen_loader_opts gen = {.sz = sizeof(gen)};
	struct bpf_object *object;
	int err;

	if (!asked)
		cr_assert_geq(libbpf_register_prog_handler("xdp+", BPF_PROG_TYPE_XDP, BPF_XDP, &handler), 0);
	asked = opinion;
	libbpf_set_print(no_print);
	object = bpf_object__open(path);
	cr_assert(object, "%s: libbpf does not open it", path);
	cr_assert_eq(bpf_object__gen_loader(object, &gen), 0);
	err = bpf_object__load(object);
	bpf_object__close(object);
	return err;
}

static bool fills_prog_array(const struct load_object *object)
{
	for (size_t i = 0; i < object->num_maps; i++)
		if (object->maps[i].type == BPF_MAP_TYPE_PROG_ARRAY && object->maps[i].num_slots)
			return true;
	return false;
}

static void compare(const char *path)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct load_object *object = load_open(path, NULL, error);
	struct opinion *theirs = calloc(1, sizeof(*theirs));

	cr_assert(object && theirs, "%s", error);
	/* It writes no program that fills PROG_ARRAYs; until it sees that, it has linked some programs. */
	if (ask_libbpf(path, theirs)) {
		cr_assert(fills_prog_array(object), "%s: libbpf does not link it", path);
		object->num_progs = theirs->count < object->num_progs ? theirs->count : object->num_progs;
	}
	cr_assert_eq(object->num_progs, theirs->count, "%s: %zu programs, %zu", path, object->num_progs, theirs->count);
	for (size_t i = 0; i < theirs->count; i++) {
		const struct load_prog *prog = &object->progs[i];

		cr_assert_str_eq(prog->name, theirs->progs[i].name, "%s", path);
		cr_assert(prog->count == theirs->progs[i].count &&
				  memcmp(prog->insns, theirs->progs[i].insns, 8 * (size_t)prog->count) == 0,
			  "%s: program '%s' is linked differently", path, prog->name);
		free(theirs->progs[i].insns);
	}
	free(theirs);
	load_free(object);
}

Test(link, as_libbpf_does)
{
	static const char *const versions[] = {"bpf -mcpu=v1", "bpf -mcpu=v2", "bpf -mcpu=v3"};
	struct scratch scratch;
	glob_t examples;

	scratch_create(&scratch);
	cr_assert_eq(glob(scratch_example("*"), 0, NULL, &examples), 0);
	for (size_t i = 0; i < examples.gl_pathc; i++)
		compare(examples.gl_pathv[i]);
	globfree(&examples);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		compare(scratch_compile(&scratch, "calls.o", calls, versions[i]));
	scratch_remove(&scratch);
}

/* Each function is in a program once, and its instructions keep their lines. */
Test(link, lines_of_local_functions)
{
	static const char *const heads[] = {"return leaf(k) + leaf(", "int leaf(", "int global("};
	char error[LOAD_ERROR_BYTES] = "";
	struct load_object *object;
	const struct load_prog *prog;
	struct scratch scratch;
	size_t found = 0;

	scratch_create(&scratch);
	object = load_open(scratch_compile(&scratch, "calls.o", calls, "bpf -mcpu=v3"), NULL, error);
	scratch_remove(&scratch);
	cr_assert(object, "%s", error);
	prog = load_choose(object, "one", error);
	cr_assert(prog, "%s", error);
	/* Each target of a call. */
	for (uint32_t i = 0, wide = 0; i < prog->count; i++) {
		const uint8_t *p = prog->insns + 8 * (size_t)i;
		const struct load_line *line;
		int32_t to;
		bool known = false;

		if (wide || p[0] == 0x18) {
			wide = !wide;
			continue;
		}
		memcpy(&to, p + 4, sizeof(to));
		if (p[0] != 0x85 || p[1] >> 4 != 1)
			continue;
		line = load_line_of(prog, i + 1 + (uint32_t)to);
		cr_assert(line, "instruction %u", i);
		for (size_t j = 0; j < sizeof(heads) / sizeof(heads[0]); j++)
			if (strstr(line->text, heads[j])) {
				found |= 1u << j;
				known = true;
			}
		cr_assert(known, "instruction %u: %s", i, line->text);
	}
	cr_assert_eq(found, 7);
	load_free(object);
}

/* A program that nobody asked for and that cannot be linked is no reason to refuse the others. */
Test(link, other_programs_may_fail)
{
	static const char text[] = HEAD "extern int outside(void);\n"
					"SEC(\"xdp/bad\") int bad(struct xdp_md *ctx) { return outside(); }\n"
					"SEC(\"xdp/good\") int good(struct xdp_md *ctx) { return 2; }\n"
					"SEC(\"xdp/fine\") int fine(struct xdp_md *ctx) { return 3; }\n";
	char error[LOAD_ERROR_BYTES] = "";
	struct load_object *object;
	struct scratch scratch;
	const char *path;

	scratch_create(&scratch);
	path = scratch_compile(&scratch, "bad.o", text, "bpf");
	cr_assert_null(load_open(path, NULL, error));
	cr_assert(strstr(error, "'outside'"), "%s", error);
	object = load_open(path, "xdp/good", error);
	cr_assert(object, "%s", error);
	cr_assert_eq(object->num_progs, 2);
	cr_assert_str_eq(object->progs[0].name, "good");
	cr_assert(!object->progs[1].is_entry);
	load_free(object);
	scratch_remove(&scratch);
}
