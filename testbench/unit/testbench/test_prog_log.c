// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "load/prog_log.h"
#include "unit/testbench/scratch.h"

static struct load_line lines[] = {
	{0, "/src/a.c", "int x = *p;", 4},
	{2, "/src/b.h", "return x;", 9},
};
static struct load_function functions[] = {{0, "main"}, {3, "look"}};
static const struct load_prog prog = {.name = "main",
				      .section = "xdp",
				      .count = 5,
				      .lines = lines,
				      .num_lines = 2,
				      .functions = functions,
				      .num_functions = 2};

/* What fn prints. */
static char *printed(const struct load_prog *of, const char *log, uint32_t insn)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	if (log)
		prog_log_print(to, of, log);
	else
		prog_log_place(to, of, insn);
	fclose(to);
	return text;
}

#define A "; int x = *p; @ a.c:4\n"
#define B "; return x; @ b.h:9\n"

Test(prog_log, lines)
{
	const struct load_prog bare = {.count = 5};
	const struct row {
		const struct load_prog *prog;
		const char *log, *says;
	} rows[] = {
		{&prog, "", ""},
		{&prog, "0: R1=ctx()\n0: (61) r2\n1: (bf) r3\n2: (95) exit\n",
		 "0: R1=ctx()\n" A "0: (61) r2\n1: (bf) r3\n" B "2: (95) exit\n"},
		{&prog, "1: (61) r2\n\nfrom 1 to 0: R1=ctx()\n0: (61) r2\n",
		 A "1: (61) r2\n\nfrom 1 to 0: R1=ctx()\n0: (61) r2\n"},
		{&prog, "2: (61) r2\n0: (61) r2\n", B "2: (61) r2\n" A "0: (61) r2\n"},
		{&prog, "2: safe\ninstruction 2: R1", "2: safe\ninstruction 2: R1\n"},
		{&prog, "5: (61) beyond\n99999999999999999999: (61) beyond\n4294967296: (61) beyond\n",
		 "5: (61) beyond\n99999999999999999999: (61) beyond\n4294967296: (61) beyond\n"},
		{&bare, "0: (61) r2\n", "0: (61) r2\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = printed(rows[i].prog, rows[i].log, 0);

		cr_expect_str_eq(text, rows[i].says, "row %zu", i);
		free(text);
	}
}

Test(prog_log, place)
{
	const struct load_prog no_lines = {.name = "main",
					   .section = "xdp",
					   .count = 5,
					   .functions = functions,
					   .num_functions = 2},
			       raw = {.name = "insns", .count = 5};
	const struct row {
		const struct load_prog *prog;
		uint32_t insn;
		const char *says;
	} rows[] = {
		{&prog, 1, "; /src/a.c:4: int x = *p;\n; in program 'main' of section 'xdp'\n"},
		{&prog, 4, "; /src/b.h:9: return x;\n; in look(), which program 'main' of section 'xdp' calls\n"},
		{&no_lines, 0,
		 "; in program 'main' of section 'xdp'\n; which source line it is, objects say that were compiled with "
		 "-g\n"},
		{&raw, 0, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = printed(rows[i].prog, NULL, rows[i].insn);

		cr_expect_str_eq(text, rows[i].says, "row %zu", i);
		free(text);
	}
}

/* Local functions are named where they were linked. */
Test(prog_log, names_of_an_object)
{
	static const char source[] =
		"#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
		"static __attribute__((noinline)) int look(long x) { return *(char *)x; }\n"
		"SEC(\"xdp\") int f(struct xdp_md *ctx) { return look(ctx->data) + look(ctx->data_end); }\n"
		"SEC(\"xdp\") int g(struct xdp_md *ctx) { return 2; }\n";
	char error[LOAD_ERROR_BYTES];
	struct scratch scratch;
	struct load_object *object;
	const struct load_prog *f;

	scratch_create(&scratch);
	object = load_open(scratch_compile(&scratch, "names.o", source, "bpf -mcpu=v3"), NULL, error);
	scratch_remove(&scratch);
	cr_assert(object, "%s", error);
	f = &object->progs[0];
	cr_assert_eq(f->num_functions, 2);
	cr_assert_str_eq(load_function_of(f, 0)->name, "f");
	cr_assert_str_eq(load_function_of(f, f->functions[1].insn - 1)->name, "f");
	cr_assert_str_eq(load_function_of(f, f->functions[1].insn)->name, "look");
	cr_assert_str_eq(load_function_of(f, f->count - 1)->name, "look");
	cr_assert_eq(object->progs[1].num_functions, 1);
	load_free(object);
}
