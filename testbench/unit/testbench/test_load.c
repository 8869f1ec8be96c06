// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "load/file.h"
#include "load/load.h"
#include "unit/testbench/scratch.h"

#define HEAD "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"

/* Two XDP programs, one of another kind, local functions, maps of both sorts, global data. Line 12 is the first of
 * first(). */
static const char rich[] = HEAD "struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 256); __type(key, "
				"__u32); __type(value, __u64);\n"
				"	__uint(pinning, LIBBPF_PIN_BY_NAME); } counts SEC(\".maps\");\n"
				"struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, "
				"__u32); __type(value, __u64); } seen SEC(\".maps\");\n"
				"const volatile __u32 limit = 7;\n"
				"__u64 total;\n"
				"int step = 5;\n"
				"static __attribute__((noinline)) int count(struct xdp_md *ctx, int k) { __u32 key = "
				"k; __u64 *v = bpf_map_lookup_elem(&counts, &key);\n"
				"	if (v) *v += step; return (long)ctx->data + 5 > ctx->data_end; }\n"
				"__attribute__((noinline)) int add(int k) { total += k; return k * limit; }\n"
				"SEC(\"xdp\") int first(struct xdp_md *ctx) { __u32 k = 3; if "
				"(bpf_map_lookup_elem(&seen, &k)) return XDP_DROP;\n"
				"	return count(ctx, 1) + add(2) ? 2 : 1; }\n"
				"SEC(\"xdp_other\") int second(struct xdp_md *ctx) { return total == "
				"0x1122334455667788 ? XDP_PASS : XDP_DROP; }\n"
				"SEC(\"tc\") int third(void *ctx) { return 0; }\n"
				"char _license[] SEC(\"license\") = \"GPL\";\n";

static const struct load_map *map_named(const struct load_object *object, const char *name)
{
	for (size_t i = 0; i < object->num_maps; i++)
		if (strcmp(object->maps[i].name, name) == 0)
			return &object->maps[i];
	cr_assert_fail("no map %s", name);
	return NULL;
}

static uint32_t u32_at(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Maps that LD_IMM64 instructions name, as bits: src 1 and src 2. Calls of local functions stay inside of the program.
 */
static void check_linked(const struct load_prog *prog, size_t maps, uint32_t named[2])
{
	named[0] = named[1] = 0;
	for (uint32_t i = 0; i < prog->count; i++) {
		const uint8_t *p = prog->insns + 8 * (size_t)i;
		unsigned src = p[1] >> 4;

		if (p[0] == 0x85 && src == 1) {
			uint32_t to = i + 1 + u32_at(p + 4);

			cr_assert(to < prog->count, "instruction %u calls %u of %u", i, to, prog->count);
		}
		if (p[0] != 0x18)
			continue;
		cr_assert(src <= 2, "instruction %u: src %u", i, src);
		if (src) {
			cr_assert(u32_at(p + 4) < maps);
			named[src - 1] |= 1u << u32_at(p + 4);
		}
		i++;
	}
}

Test(load, object_with_everything)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct scratch scratch;
	struct load_object *object;
	const struct load_map *map;
	uint32_t named[2];
	bool wide = false;

	scratch_create(&scratch);
	object = load_open(scratch_compile(&scratch, "rich.o", rich, "bpf -mcpu=v3"), NULL, error);
	/* libbpf-b58f5a3e: everything below is read after the file is gone. */
	scratch_remove(&scratch);
	cr_assert(object, "%s", error);
	cr_assert_eq(object->num_maps, 5);
	cr_assert(object->gpl_compatible);

	map = map_named(object, "counts");
	cr_assert(map->type == 2 && map->key_size == 4 && map->value_size == 8 && map->max_entries == 256 &&
		  !map->flags && !map->data);
	map = map_named(object, "seen");
	cr_assert(map->type == 1 && map->max_entries == 16);
	map = map_named(object, ".rodata");
	cr_assert(map->type == 2 && map->max_entries == 1 && map->value_size == 4 && u32_at(map->data) == 7);
	cr_assert(map->freeze && map->flags == 1 << 7);
	map = map_named(object, ".data");
	cr_assert(map->value_size == 4 && u32_at(map->data) == 5 && !map->freeze && !map->flags);
	map = map_named(object, ".bss");
	cr_assert(map->value_size == 8 && u32_at(map->data) == 0 && !map->freeze);

	cr_assert_eq(object->num_progs, 2);
	cr_assert_str_eq(object->progs[0].name, "first");
	cr_assert_str_eq(object->progs[0].section, "xdp");
	cr_assert_str_eq(object->progs[1].name, "second");
	check_linked(&object->progs[0], object->num_maps, named);
	cr_assert_eq(__builtin_popcount(named[0]), 2);
	cr_assert_eq(__builtin_popcount(named[1]), 3);
	/* prevail-1054: a constant beyond 32 bits stays a 16-byte instruction */
	for (uint32_t i = 0; i + 1 < object->progs[1].count; i++) {
		const uint8_t *p = object->progs[1].insns + 8 * (size_t)i;

		wide |= p[0] == 0x18 && p[1] >> 4 == 0 && u32_at(p + 4) == 0x55667788 && u32_at(p + 12) == 0x11223344;
	}
	cr_assert(wide);
	load_free(object);
}

Test(load, source_lines)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct scratch scratch;
	struct load_object *object;
	const struct load_prog *prog;
	const struct load_line *line;

	scratch_create(&scratch);
	object = load_open(scratch_compile(&scratch, "rich.o", rich, "bpf -mcpu=v3"), NULL, error);
	scratch_remove(&scratch);
	cr_assert(object, "%s", error);
	prog = &object->progs[0];
	line = load_line_of(prog, 0);
	cr_assert(line);
	cr_assert_eq(line->line, 12);
	cr_assert(strstr(line->text, "int first("));
	/* The last instruction is one of a local function that was linked behind. */
	line = load_line_of(prog, prog->count - 1);
	cr_assert(line && line->line >= 9 && line->line <= 11, "line %u", line ? line->line : 0);
	cr_assert_null(load_line_of(&(struct load_prog){0}, 0));
	load_free(object);
}

Test(load, choice_of_program)
{
	char error[LOAD_ERROR_BYTES] = "";
	const char *path;
	struct scratch scratch;
	struct load_object *object;

	scratch_create(&scratch);
	path = scratch_compile(&scratch, "rich.o", rich, "bpf -mcpu=v3");
	object = load_open(path, NULL, error);
	cr_assert(object);
	cr_assert_null(load_choose(object, NULL, error));
	cr_assert(strstr(error, "first") && strstr(error, "second"), "%s", error);
	cr_assert_null(load_choose(object, "third", error));
	cr_assert(strstr(error, "no XDP program 'third'"), "%s", error);
	cr_assert_str_eq(load_choose(object, "second", error)->name, "second");
	load_free(object);

	object = load_open(path, "xdp_other", error);
	cr_assert(object);
	cr_assert_str_eq(load_choose(object, NULL, error)->name, "second");
	cr_assert_null(load_choose(object, "first", error));
	load_free(object);
	object = load_open(path, "tc", error);
	cr_assert(object);
	cr_assert_str_eq(load_choose(object, NULL, error)->name, "third");
	load_free(object);
	cr_assert_null(load_open(path, "nowhere", error));
	cr_assert(strstr(error, "no section 'nowhere'"), "%s", error);
	scratch_remove(&scratch);
}

Test(load, makes_no_bpf_call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
	char error[LOAD_ERROR_BYTES] = "";
	struct scratch scratch;
	struct load_object *object;
	const char *path;

	scratch_create(&scratch);
	path = scratch_compile(&scratch, "rich.o", rich, "bpf -mcpu=v3");
	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	object = load_open(path, NULL, error);
	cr_assert(object, "%s", error);
	load_free(object);
	scratch_remove(&scratch);
}

/* What the compiler made of a source, and the sentence that it gets. */
Test(load, sources_that_are_refused)
{
	static const struct {
		const char *id, *text, *target, *want;
	} rows[] = {
		{"no xdp", HEAD "SEC(\"tc\") int f(void *ctx) { return 0; }", "bpf", "no XDP program"},
		{"big-endian", HEAD "SEC(\"xdp\") int f(void *ctx) { return 2; }", "bpfeb", "big-endian"},
		{"extern", HEAD "extern int outside(void); SEC(\"xdp\") int f(void *ctx) { return outside(); }", "bpf",
		 "declared and not defined: 'outside'"},
		{"not BPF", "int f(void) { return 0; }",
#ifdef __aarch64__
		 "aarch64-linux-gnu",
#else
		 "x86_64-linux-gnu",
#endif
		 "not for BPF"},
	};
	struct scratch scratch;

	scratch_create(&scratch);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";

		cr_assert_null(
			load_open(scratch_compile(&scratch, "refused.o", rows[i].text, rows[i].target), NULL, error),
			"%s", rows[i].id);
		cr_assert(strstr(error, rows[i].want), "%s: %s", rows[i].id, error);
		cr_assert(!strchr(error, '\n'), "%s: more than one line", rows[i].id);
	}
	scratch_remove(&scratch);
}

/* ---- malformed objects: a good one with some bytes changed ---- */

enum place {
	FILE_HEAD, /* offset in the ELF header */
	HEADER,    /* offset in the section's header */
	CONTENT,   /* offset in the section */
	SYMBOL,    /* offset in the entry of the symbol called section */
	RETARGET,  /* the first relocation of .relxdp, to the symbol called section */
	CUT,       /* the file ends at offset */
};

/* In the order in which a row is read. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct patch {
	const char *id;
	enum place place;
	const char *section;
	size_t offset;
	unsigned bytes;
	uint64_t value;
	const char *want; /* in the sentence; NULL: it loads all the same */
};

#define EHDR(field)               FILE_HEAD, NULL, offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define SHDR(name, field)         HEADER, name, offsetof(Elf64_Shdr, field), sizeof(((Elf64_Shdr *)0)->field)
#define SYM(name, field)          SYMBOL, name, offsetof(Elf64_Sym, field), sizeof(((Elf64_Sym *)0)->field)
#define DATA(name, offset, bytes) CONTENT, name, offset, bytes

static const struct patch patches[] = {
	{"empty file", CUT, NULL, 0, 0, 0, "empty"},
	{"cut in the magic", CUT, NULL, 3, 0, 0, "not an ELF file"},
	{"cut in the header", CUT, NULL, 40, 0, 0, "cut short"},
	{"cut in the sections", CUT, NULL, 700, 0, 0, "outside of the file"},
	{"magic", EHDR(e_ident[0]), 0, "not an ELF file"},
	{"class", EHDR(e_ident[EI_CLASS]), ELFCLASS32, "32-bit"},
	{"endianness", EHDR(e_ident[EI_DATA]), ELFDATA2MSB, "big-endian"},
	{"version", EHDR(e_ident[EI_VERSION]), 9, "ELF version 9"},
	{"machine", EHDR(e_machine), EM_X86_64, "not for BPF"},
	{"type", EHDR(e_type), ET_EXEC, "relocatable"},
	{"section header size", EHDR(e_shentsize), 8, "section headers of 8 bytes"},
	{"libbpf-74127751 e_shnum 0", EHDR(e_shnum), 0, "0 sections"},
	{"libbpf-74127751 e_shnum absurd", EHDR(e_shnum), 0xff00, "65280 sections"},
	{"section headers outside", EHDR(e_shoff), UINT64_C(0xfffffffffffffff0), "outside of the file"},
	{"section name table", EHDR(e_shstrndx), 999, "hold the section names"},
	{"name outside", SHDR("xdp", sh_name), 0xfffffff0, "name"},
	{"libbpf-806b4e0a section wraps", SHDR("xdp", sh_offset), UINT64_C(0xfffffffffffffff8), "outside of the file"},
	{"section too long", SHDR("xdp", sh_size), UINT64_C(1) << 40, "outside of the file"},
	{"half an instruction", SHDR("xdp", sh_size), 12, "multiples of 8"},
	{"huge .bss", SHDR(".bss", sh_size), UINT64_C(1) << 40, "are the most"},
	{"libbpf-806b4e0a symbol wraps", SYM("first", st_value), UINT64_C(0xfffffffffffffff8), "reaches beyond"},
	{"symbol too long", SYM("first", st_size), 1 << 20, "reaches beyond"},
	{"symbol of no section", SYM("first", st_shndx), 999, "is in section 999"},
	{"symbol name", SYM("first", st_name), 0xfffffff0, "name of symbol"},
	{"symbol table entries", SHDR(".symtab", sh_entsize), 0, ""},
	{"no symbol table", SHDR(".symtab", sh_type), SHT_PROGBITS, "symbol table"},
	{"libbpf-8e706ddc license without its zero", SHDR("license", sh_size), 3, "reaches beyond"},
	{"prevail-4790e819 .maps shorter", SHDR(".maps", sh_size), 33, "reaches beyond"},
	{"libbpf-8e59f80a relocation to no map", RETARGET, "_license", 0, 0, 0, "no map begins at"},
	{"libbpf-8e59f80a relocation to a program", RETARGET, "second", 0, 0, 0, "address of 'second'"},
	{"prevail-22625ba3 entry size", SHDR(".relxdp", sh_entsize), 0, "relocations of 0 bytes"},
	{"prevail-22625ba3 size", SHDR(".relxdp", sh_size), 17, "relocations of"},
	{"prevail-22625ba3 section", SHDR(".relxdp", sh_info), 999, "does not exist"},
	{"prevail-22625ba3 symbol table", SHDR(".relxdp", sh_link), 1, "symbol table"},
	{"prevail-22625ba3 place", DATA(".relxdp", 0, 8), 1 << 20, "beyond the end"},
	{"prevail-22625ba3 place wraps", DATA(".relxdp", 0, 8), UINT64_C(0xfffffffffffffff8), "beyond the end"},
	{"prevail-22625ba3 symbol", DATA(".relxdp", 12, 4), 0xffffff, "names symbol"},
	{"prevail-22625ba3 against code", DATA(".relxdp", 0, 8), 0, ""},
	{"libbpf-71208c33 .BTF.ext of 20 bytes", SHDR(".BTF.ext", sh_size), 20, "header alone"},
	{"libbpf-71208c33 header length 8", DATA(".BTF.ext", 4, 4), 8, "header has 8 bytes"},
	{"libbpf-71208c33 header length beyond", DATA(".BTF.ext", 4, 4), 0x7fffffff, "header has"},
	{"line records beyond", DATA(".BTF.ext", 20, 4), 0xfffffff0, "line records reach beyond"},
	{"line record size", DATA(".BTF.ext", 24, 4), 0xfffffff0, ""},
	{".BTF.ext magic", DATA(".BTF.ext", 0, 2), 0x9feb, ".BTF.ext begins with"},
	{"libbpf-19d260d1 strings wrap", DATA(".BTF", 16, 4), 0xffffffff, "reach beyond"},
	{"strings unterminated", DATA(".BTF", 20, 4), 5, ""},
	{"types beyond", DATA(".BTF", 12, 4), 0x7fffffff, "reach beyond"},
	{".BTF magic", DATA(".BTF", 0, 2), 0x9feb, ".BTF begins with"},
	{".BTF header length", DATA(".BTF", 4, 4), 0xffffff00, "header has"},
	{"type of no kind", DATA(".BTF", 24 + 4, 4), 0x1f000000, "is of kind 31"},
	{"type name", DATA(".BTF", 24, 4), 0x00ffffff, "outside of the"},
	{"type that does not exist", DATA(".BTF", 24 + 8, 4), 0x00ffffff, "refers to type"},
	{"no change", DATA("license", 0, 1), 'G', NULL},
	{"another license", DATA("license", 0, 1), 'X', NULL},
};

/* The image's section header of this name. */
static Elf64_Shdr *header_of(uint8_t *image, const char *name)
{
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)image;
	Elf64_Shdr *headers = (Elf64_Shdr *)(image + ehdr->e_shoff);
	const char *names = (const char *)image + headers[ehdr->e_shstrndx].sh_offset;

	for (unsigned i = 1; i < ehdr->e_shnum; i++)
		if (strcmp(names + headers[i].sh_name, name) == 0)
			return &headers[i];
	cr_assert_fail("no section %s", name);
	return NULL;
}

static Elf64_Sym *symbol_of(uint8_t *image, const char *name, size_t *index)
{
	Elf64_Shdr *table = header_of(image, ".symtab");
	Elf64_Sym *symbols = (Elf64_Sym *)(image + table->sh_offset);
	const char *names = (const char *)image +
			    ((Elf64_Shdr *)(image + ((Elf64_Ehdr *)image)->e_shoff))[table->sh_link].sh_offset;

	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++)
		if (strcmp(names + symbols[i].st_name, name) == 0) {
			*index = i;
			return &symbols[i];
		}
	cr_assert_fail("no symbol %s", name);
	return NULL;
}

static void apply(const struct patch *patch, uint8_t *image, size_t *bytes)
{
	uint8_t *at = image;
	size_t index;

	switch (patch->place) {
	case CUT:
		*bytes = patch->offset;
		return;
	case RETARGET:
		symbol_of(image, patch->section, &index);
		((Elf64_Rel *)(image + header_of(image, ".relxdp")->sh_offset))->r_info = ELF64_R_INFO(index, 1);
		return;
	case FILE_HEAD:
		break;
	case HEADER:
		at = (uint8_t *)header_of(image, patch->section);
		break;
	case CONTENT:
		at = image + header_of(image, patch->section)->sh_offset;
		break;
	case SYMBOL:
		at = (uint8_t *)symbol_of(image, patch->section, &index);
		break;
	}
	memcpy(at + patch->offset, &patch->value, patch->bytes);
}

/* dpdk-a3923d6bd5: each of them fails at another step, and what was built until then is freed (ASan looks). */
Test(load, malformed_objects)
{
	struct scratch scratch;
	uint8_t *good, *copy;
	size_t bytes;

	scratch_create(&scratch);
	cr_assert_eq(file_read(scratch_compile(&scratch, "rich.o", rich, "bpf -mcpu=v3"), 1 << 20, &good, &bytes), 0);
	copy = malloc(bytes);
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		const struct patch *patch = &patches[i];
		char error[LOAD_ERROR_BYTES] = "";
		struct load_object *object;
		size_t length = bytes;

		memcpy(copy, good, bytes);
		apply(patch, copy, &length);
		object = load_open(scratch_write(&scratch, "patched.o", copy, length), NULL, error);
		if (patch->want) {
			cr_assert_null(object, "%s: was accepted", patch->id);
			cr_assert(strstr(error, patch->want), "%s: %s", patch->id, error);
			cr_assert(error[0] && !strchr(error, '\n'), "%s: one sentence, not '%s'", patch->id, error);
		} else {
			cr_assert(object, "%s: %s", patch->id, error);
			cr_assert_eq(object->gpl_compatible, patch->value == 'G', "%s", patch->id);
			load_free(object);
		}
	}
	free(copy);
	free(good);
	scratch_remove(&scratch);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	cr_assert_not_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* ubpf-54804c47: loaded and unloaded over and over. */
Test(load, memory_and_files_stay_flat)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct mallinfo2 before = {0};
	size_t files = 0;

	for (int i = 0; i < 600; i++) {
		struct load_object *object = load_open(scratch_example("xdp1"), NULL, error);

		cr_assert(object, "%s", error);
		load_free(object);
		if (i == 400) {
			files = open_files();
			before = mallinfo2();
		}
	}
	cr_assert_eq(open_files(), files);
	cr_assert(mallinfo2().uordblks <= before.uordblks + 16384, "%zu bytes, then %zu", before.uordblks,
		  mallinfo2().uordblks);
}
