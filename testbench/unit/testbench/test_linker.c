// SPDX-License-Identifier: BSD-2-Clause
/* Objects that nobody compiles: made to cost their reader more time or memory than they have bytes. */
#include <criterion/criterion.h>
#include <elf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"

#define SECTIONS 9
#define SECONDS  20 /* a hang takes hours; sanitizers and a busy machine, seconds */

enum { CODE = 1, MAPS, REL_CODE, REL_MAPS, BTF, EXT, SYMTAB, STRTAB };

static const char names[] = "\0xdp\0.maps\0.relxdp\0.rel.maps\0.BTF\0.BTF.ext\0.symtab\0.strtab";

struct bytes {
	uint8_t *at;
	size_t count, room;
};

/* Sections 1 to 8. The string table holds the sections' names, "m" and one long name. */
struct made {
	struct bytes section[SECTIONS];
	size_t m, longest; /* in the string table */
};

#define LONG ((size_t)4 << 20)

static void put(struct bytes *to, const void *data, size_t count)
{
	if (to->room - to->count < count) {
		to->room = 2 * to->room + count;
		to->at = realloc(to->at, to->room);
		cr_assert(to->at);
	}
	memcpy(to->at + to->count, data, count);
	to->count += count;
}

static void put_insn(struct made *m, uint8_t code, uint8_t regs, int32_t imm)
{
	const uint8_t insn[4] = {code, regs};

	put(&m->section[CODE], insn, sizeof(insn));
	put(&m->section[CODE], &imm, sizeof(imm));
}

static void put_symbol(struct made *m, size_t name, uint8_t type, uint16_t section, uint64_t value, uint64_t bytes)
{
	const Elf64_Sym symbol = {.st_name = (uint32_t)name,
				  .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
				  .st_shndx = section,
				  .st_value = value,
				  .st_size = bytes};

	put(&m->section[SYMTAB], &symbol, sizeof(symbol));
}

static void put_reloc(struct made *m, int section, uint64_t offset, uint32_t symbol, uint32_t type)
{
	const Elf64_Rel rel = {.r_offset = offset, .r_info = ELF64_R_INFO((uint64_t)symbol, type)};

	put(&m->section[section], &rel, sizeof(rel));
}

static void begin(struct made *m)
{
	char *text = malloc(LONG);

	memset(m, 0, sizeof(*m));
	put(&m->section[STRTAB], names, sizeof(names));
	m->m = m->section[STRTAB].count;
	put(&m->section[STRTAB], "m", 2);
	m->longest = m->section[STRTAB].count;
	memset(text, 'a', LONG - 1);
	text[LONG - 1] = 0;
	put(&m->section[STRTAB], text, LONG);
	free(text);
	put_symbol(m, 0, STT_NOTYPE, 0, 0, 0);
}

/* words: types; the strings are "\0m\0.maps\0type\0xdp", a name of 4 MiB and as many blanks. */
static void put_btf(struct made *m, const uint32_t *words, size_t count)
{
	static const char strings[] = "\0m\0.maps\0type\0xdp"; /* 1, 3, 9, 14, 18 */
	char *text = malloc(2 * LONG);
	struct btf_header h = {.magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h)};

	h.type_len = (uint32_t)(count * sizeof(*words));
	h.str_off = h.type_len;
	h.str_len = sizeof(strings) + 2 * LONG;
	put(&m->section[BTF], &h, sizeof(h));
	put(&m->section[BTF], words, h.type_len);
	put(&m->section[BTF], strings, sizeof(strings));
	memset(text, 'a', LONG - 1);
	text[LONG - 1] = 0;
	memset(text + LONG, ' ', LONG - 1);
	text[2 * LONG - 1] = 0;
	put(&m->section[BTF], text, 2 * LONG);
	free(text);
}

#define LONG_STRING   19
#define BLANK_STRING  (LONG_STRING + LONG)
#define INFO(kind, n) ((uint32_t)(kind) << 24 | (n))

/* Loads it and lets go of it. */
static struct load_object *load(struct made *m, char *error)
{
	static const struct {
		uint32_t type, flags, link, info, entry;
	} is[SECTIONS] = {
		[CODE] = {SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, 0, 0},
		[MAPS] = {SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, 0, 0},
		[REL_CODE] = {SHT_REL, 0, SYMTAB, CODE, sizeof(Elf64_Rel)},
		[REL_MAPS] = {SHT_REL, 0, SYMTAB, MAPS, sizeof(Elf64_Rel)},
		[BTF] = {SHT_PROGBITS, 0, 0, 0, 0},
		[EXT] = {SHT_PROGBITS, 0, 0, 0, 0},
		[SYMTAB] = {SHT_SYMTAB, 0, STRTAB, 0, sizeof(Elf64_Sym)},
		[STRTAB] = {SHT_STRTAB, 0, 0, 0, 0},
	};
	Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_REL,
			   .e_machine = 247,
			   .e_shoff = sizeof(head),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = SECTIONS,
			   .e_shstrndx = STRTAB};
	Elf64_Shdr headers[SECTIONS] = {0};
	uint64_t at = sizeof(head) + sizeof(headers);
	struct load_object *object;
	struct bytes image = {0};
	uint32_t name = 1;

	for (int i = 1; i < SECTIONS; i++) {
		headers[i] = (Elf64_Shdr){.sh_name = name,
					  .sh_type = is[i].type,
					  .sh_flags = is[i].flags,
					  .sh_offset = at,
					  .sh_size = m->section[i].count,
					  .sh_link = is[i].link,
					  .sh_info = is[i].info,
					  .sh_entsize = is[i].entry};
		/* What is not there is of no section that anybody looks for. */
		if (!m->section[i].count && (i == BTF || i == EXT || i == MAPS))
			headers[i].sh_name = 0;
		at += m->section[i].count;
		name += (uint32_t)strlen(names + name) + 1;
	}
	put(&image, &head, sizeof(head));
	put(&image, headers, sizeof(headers));
	for (int i = 1; i < SECTIONS; i++) {
		put(&image, m->section[i].at ? m->section[i].at : (uint8_t *)"", m->section[i].count);
		free(m->section[i].at);
	}
	object = load_bytes(image.at, image.count, "made", NULL, error);
	free(image.at);
	return object;
}

static void refused(struct made *m, const char *what, const char *want)
{
	char error[LOAD_ERROR_BYTES];
	struct load_object *object = load(m, error);

	cr_assert(!object && strstr(error, want), "%s: %s", what, object ? "loaded" : error);
}

static void two_insns(struct made *m)
{
	put_insn(m, 0xb7, 0, 2);
	put_insn(m, 0x95, 0, 0);
}

Test(linker, names_of_megabytes, .timeout = SECONDS)
{
	static const uint32_t type[] = {LONG_STRING, INFO(BTF_KIND_FWD, 0), 0};
	struct made m;

	begin(&m);
	two_insns(&m);
	for (int i = 0; i < 300000; i++)
		put_symbol(&m, m.longest, STT_FUNC, CODE, 0, 16);
	refused(&m, "functions", "too long");
	begin(&m);
	two_insns(&m);
	put_symbol(&m, m.m, STT_FUNC, CODE, 0, 16);
	put_btf(&m, type, 3);
	refused(&m, "types", "512 bytes or more");
}

#define LINES 200000
#define PROGS 2000

/* A million lines for one function that all programs call; their texts are megabytes of blanks. */
Test(linker, lines_without_end, .timeout = SECONDS)
{
	static const uint32_t type[] = {1, INFO(BTF_KIND_FWD, 0), 0};
	const uint32_t head[] = {0x0001eb9f, 32, 0, 0, 0, 12 + 16 * LINES, 0, 0, 16, 14, LINES};
	const uint32_t line[] = {0, 3, (uint32_t)BLANK_STRING, 7 << 10};
	char error[LOAD_ERROR_BYTES] = "";
	struct load_object *object;
	struct made m;

	begin(&m);
	two_insns(&m);
	put_symbol(&m, m.m, STT_FUNC, CODE, 0, 16);
	for (int32_t i = 0; i < PROGS; i++) {
		put_insn(&m, 0x85, 0x10, -(2 + 2 * i) - 1);
		put_insn(&m, 0x95, 0, 0);
		put_symbol(&m, m.m, STT_FUNC, CODE, 16 + 16 * (uint64_t)i, 16);
	}
	put_btf(&m, type, 3);
	put(&m.section[EXT], head, sizeof(head));
	for (int i = 0; i < LINES; i++)
		put(&m.section[EXT], line, sizeof(line));
	object = load(&m, error);
	cr_assert(object, "%s", error);
	cr_assert_eq(object->num_progs, PROGS + 1);
	for (size_t i = 0; i < object->num_progs; i++)
		cr_assert_eq(object->progs[i].num_lines, 1, "%zu", i);
	cr_assert_eq(load_line_of(&object->progs[1], 1), NULL);
	cr_assert_eq(load_line_of(&object->progs[1], 3)->line, 7);
	cr_assert_str_eq(load_line_of(&object->progs[1], 3)->file, ".maps");
	load_free(object);
}

/* A map whose struct has 65535 members, and a million places in it that are relocated. */
Test(linker, members_times_relocations, .timeout = SECONDS)
{
	enum { MEMBERS = 65535, RELOCS = 1000000 };
	size_t count = 0, room = 100 + 3 * (size_t)MEMBERS;
	uint32_t *words = malloc(room * sizeof(*words));
	static const uint32_t around[] = {
		/* 1: int, 2: int[1], 3: its pointer, 4: the variable, 5: .maps */
		0, INFO(BTF_KIND_INT, 0), 4, 32, 0, INFO(BTF_KIND_ARRAY, 0),   0, 1, 1, 1, 0, INFO(BTF_KIND_PTR, 0), 2,
		1, INFO(BTF_KIND_VAR, 0), 6, 1,  3, INFO(BTF_KIND_DATASEC, 1), 8, 4, 0, 8,
	};
	struct made m;

	begin(&m);
	two_insns(&m);
	put_symbol(&m, m.m, STT_FUNC, CODE, 0, 16);
	put_symbol(&m, m.m, STT_OBJECT, MAPS, 0, 8 * RELOCS);
	for (int i = 0; i < RELOCS; i++) {
		put(&m.section[MAPS], &(uint64_t){0}, 8);
		put_reloc(&m, REL_MAPS, 8 * (uint64_t)i, 1, 2);
	}
	memcpy(words, around, sizeof(around));
	count = sizeof(around) / sizeof(around[0]);
	words[count++] = 0;
	words[count++] = INFO(BTF_KIND_STRUCT, MEMBERS);
	words[count++] = 8;
	for (int i = 0; i < MEMBERS; i++) {
		words[count++] = 9;
		words[count++] = 3;
		words[count++] = 0;
	}
	put_btf(&m, words, count);
	free(words);
	refused(&m, "relocations", "none of its values");
}

Test(linker, call_of_an_absolute_symbol)
{
	struct made m;

	begin(&m);
	put_insn(&m, 0x85, 0x10, INT32_MAX);
	put_insn(&m, 0x95, 0, 0);
	put_symbol(&m, m.m, STT_FUNC, CODE, 0, 16);
	put_symbol(&m, m.m, STT_NOTYPE, SHN_ABS, INT64_MAX, 0);
	put_reloc(&m, REL_CODE, 0, 2, 10);
	refused(&m, "call", "in no section is");
}
