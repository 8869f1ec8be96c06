// SPDX-License-Identifier: BSD-2-Clause
#include "load/elf_check.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef EM_BPF
#define EM_BPF 247
#endif

struct checker {
	const uint8_t *image;
	size_t bytes;
	const char *wanted; /* section, or NULL */
	struct elf_check *out;
	char *error;
	size_t error_bytes;
	Elf *elf;
	size_t sections;
	size_t names; /* section of the section names */
	Elf_Scn *symtab;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct checker *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->error, c->error_bytes, format, args);
	va_end(args);
	return -EINVAL;
}

bool elf_check_is_xdp(const char *section)
{
	/* A program of a devmap or cpumap entry runs behind a redirect, not on reception. */
	if (strstr(section, "/devmap") || strstr(section, "/cpumap"))
		return false;
	return strncmp(section, "xdp", 3) == 0 || strcmp(section, "prog") == 0;
}

static int check_header(struct checker *c)
{
	const Elf64_Ehdr *h = (const void *)c->image;

	if (c->bytes == 0)
		return refuse(c, "the file is empty; an ELF object compiled with clang -target bpf was expected");
	if (c->bytes < EI_NIDENT || memcmp(c->image, ELFMAG, SELFMAG) != 0)
		return refuse(c, "not an ELF file; an object compiled with clang -target bpf was expected");
	if (c->image[EI_CLASS] != ELFCLASS64)
		return refuse(c, "a 32-bit ELF file; BPF objects are 64-bit");
	if (c->image[EI_DATA] != ELFDATA2LSB)
		return refuse(c, "big-endian BPF; the device runs little-endian programs (compile with -target bpfel)");
	if (c->bytes < sizeof(*h))
		return refuse(c, "the ELF header is cut short: %zu of %zu bytes", c->bytes, sizeof(*h));
	if (c->image[EI_VERSION] != EV_CURRENT)
		return refuse(c, "ELF version %u; 1 was expected", c->image[EI_VERSION]);

	Elf64_Ehdr copy;

	memcpy(&copy, h, sizeof(copy));
	if (copy.e_machine != EM_BPF)
		return refuse(c, "an ELF file for machine %u, not for BPF (%u); compile with clang -target bpf",
			      copy.e_machine, EM_BPF);
	if (copy.e_type != ET_REL)
		return refuse(c, "an ELF file of type %u; a relocatable object (1) was expected", copy.e_type);
	if (copy.e_shentsize != sizeof(Elf64_Shdr))
		return refuse(c, "section headers of %u bytes; %zu were expected", copy.e_shentsize,
			      sizeof(Elf64_Shdr));
	/* Extended numbering (e_shnum 0) serves objects of 65280 sections and more: none of ours. */
	if (copy.e_shnum == 0 || copy.e_shnum > ELF_CHECK_SECTIONS_MAX)
		return refuse(c, "%u sections; 1 to %u were expected", copy.e_shnum, ELF_CHECK_SECTIONS_MAX);
	if (copy.e_shoff > c->bytes || (uint64_t)copy.e_shnum * sizeof(Elf64_Shdr) > c->bytes - copy.e_shoff)
		return refuse(c, "the section headers lie outside of the file's %zu bytes: is the file cut short?",
			      c->bytes);
	if (copy.e_shstrndx == 0 || copy.e_shstrndx >= copy.e_shnum)
		return refuse(c, "section %u is said to hold the section names; there are %u sections", copy.e_shstrndx,
			      copy.e_shnum);
	return 0;
}

static int open_elf(struct checker *c)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return refuse(c, "libelf is older than this ELF version");
	/* libelf does not write to an image that is only read. */
	c->elf = elf_memory((char *)(uintptr_t)c->image, c->bytes);
	if (!c->elf || elf_kind(c->elf) != ELF_K_ELF)
		return refuse(c, "libelf cannot read it: %s", elf_errmsg(-1));
	if (elf_getshdrnum(c->elf, &c->sections) || elf_getshdrstrndx(c->elf, &c->names))
		return refuse(c, "libelf cannot read its section headers: %s", elf_errmsg(-1));
	return 0;
}

static const char *name_of(struct checker *c, const GElf_Shdr *sh)
{
	const char *name = elf_strptr(c->elf, c->names, sh->sh_name);

	return name ? name : "?";
}

static int add_xdp_section(struct checker *c, const char *name)
{
	struct elf_check *out = c->out;
	char **grown;

	for (size_t i = 0; i < out->num_xdp_sections; i++)
		if (strcmp(out->xdp_sections[i], name) == 0)
			return refuse(c, "two sections are called '%s'", name);
	grown = reallocarray(out->xdp_sections, out->num_xdp_sections + 1, sizeof(*grown));
	if (!grown)
		return refuse(c, "no memory for a section name");
	out->xdp_sections = grown;
	grown[out->num_xdp_sections] = strdup(name);
	if (!grown[out->num_xdp_sections])
		return refuse(c, "no memory for a section name");
	out->num_xdp_sections++;
	return 0;
}

static void note_license(struct checker *c, const uint8_t *data, size_t bytes)
{
	static const char *const compatible[] = {
		"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	/* The string need not be terminated inside of its section. */
	size_t length = strnlen((const char *)data, bytes);

	for (size_t i = 0; i < sizeof(compatible) / sizeof(compatible[0]); i++)
		if (strlen(compatible[i]) == length && memcmp(compatible[i], data, length) == 0)
			c->out->gpl_compatible = true;
}

static int check_section(struct checker *c, size_t index, Elf_Scn *scn, const GElf_Shdr *sh)
{
	const char *name = elf_strptr(c->elf, c->names, sh->sh_name);

	if (!name)
		return refuse(c, "the name of section %zu lies outside of the name table", index);
	if (sh->sh_type == SHT_NOBITS) {
		if (sh->sh_size > ELF_CHECK_DATA_BYTES_MAX)
			return refuse(c, "section '%s' has %" PRIu64 " bytes; %" PRIu64 " are the most", name,
				      (uint64_t)sh->sh_size, ELF_CHECK_DATA_BYTES_MAX);
		return 0;
	}
	if (sh->sh_offset > c->bytes || sh->sh_size > c->bytes - sh->sh_offset)
		return refuse(c, "section '%s' lies outside of the file's %zu bytes: is the file cut short?", name,
			      c->bytes);
	if (strcmp(name, "maps") == 0 || strncmp(name, "maps/", 5) == 0)
		return refuse(c,
			      "maps are defined the old way, in SEC(\"%s\"); define them with BTF in SEC(\".maps\") "
			      "and compile with -g",
			      name);

	const uint8_t *data = c->image + sh->sh_offset;

	if (strcmp(name, "license") == 0)
		note_license(c, data, sh->sh_size);
	else if (strcmp(name, ".BTF") == 0)
		c->out->btf = (struct elf_check_piece){data, sh->sh_size};
	else if (strcmp(name, ".BTF.ext") == 0)
		c->out->btf_ext = (struct elf_check_piece){data, sh->sh_size};
	if (sh->sh_type == SHT_SYMTAB) {
		if (c->symtab)
			return refuse(c, "two symbol tables; one was expected");
		c->symtab = scn;
	}
	if (sh->sh_type != SHT_PROGBITS || !(sh->sh_flags & SHF_EXECINSTR))
		return 0;
	if (sh->sh_size % 8)
		return refuse(c, "section '%s' has %" PRIu64 " bytes; instructions come in multiples of 8", name,
			      (uint64_t)sh->sh_size);
	if (sh->sh_size && (c->wanted ? strcmp(name, c->wanted) == 0 : elf_check_is_xdp(name)))
		return add_xdp_section(c, name);
	return 0;
}

static int check_sections(struct checker *c)
{
	for (size_t i = 1; i < c->sections; i++) {
		Elf_Scn *scn = elf_getscn(c->elf, i);
		GElf_Shdr sh;

		if (!scn || !gelf_getshdr(scn, &sh))
			return refuse(c, "libelf cannot read the header of section %zu: %s", i, elf_errmsg(-1));

		int err = check_section(c, i, scn, &sh);

		if (err)
			return err;
	}
	if (!c->symtab)
		return refuse(c, "no symbol table, so no functions: was the object stripped?");
	return 0;
}

static int check_symbol(struct checker *c, const GElf_Shdr *table, size_t i, const GElf_Sym *sym)
{
	const char *name = elf_strptr(c->elf, table->sh_link, sym->st_name);
	GElf_Shdr sh;
	Elf_Scn *scn;

	if (!name)
		return refuse(c, "the name of symbol %zu lies outside of the string table", i);
	if (sym->st_shndx == SHN_UNDEF) {
		if (*name)
			return refuse(c, "'%s' is declared and not defined; there is no kernel here to resolve it",
				      name);
		return 0;
	}
	if (sym->st_shndx == SHN_ABS || sym->st_shndx == SHN_COMMON)
		return 0;
	if (sym->st_shndx >= c->sections)
		return refuse(c, "symbol '%s' is in section %u; there are %zu sections", name, sym->st_shndx,
			      c->sections);
	scn = elf_getscn(c->elf, sym->st_shndx);
	if (!scn || !gelf_getshdr(scn, &sh))
		return refuse(c, "libelf cannot read section %u: %s", sym->st_shndx, elf_errmsg(-1));
	if (sym->st_value > sh.sh_size || sym->st_size > sh.sh_size - sym->st_value)
		return refuse(c, "symbol '%s' reaches beyond the end of section '%s'", name, name_of(c, &sh));
	return 0;
}

static int check_symbols(struct checker *c, size_t *count)
{
	Elf_Data *data = elf_getdata(c->symtab, NULL);
	GElf_Shdr table;

	if (!gelf_getshdr(c->symtab, &table) || !data)
		return refuse(c, "libelf cannot read the symbol table: %s", elf_errmsg(-1));
	if (table.sh_entsize != sizeof(Elf64_Sym) || table.sh_size % sizeof(Elf64_Sym))
		return refuse(c, "the symbol table has entries of %" PRIu64 " bytes; %zu were expected",
			      (uint64_t)table.sh_entsize, sizeof(Elf64_Sym));
	*count = table.sh_size / sizeof(Elf64_Sym);
	for (size_t i = 0; i < *count; i++) {
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			return refuse(c, "libelf cannot read symbol %zu: %s", i, elf_errmsg(-1));

		int err = check_symbol(c, &table, i, &sym);

		if (err)
			return err;
	}
	return 0;
}

static int check_relocations(struct checker *c, const GElf_Shdr *sh, Elf_Scn *scn, size_t symbols)
{
	const char *name = name_of(c, sh);
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Shdr target;
	Elf_Scn *target_scn;

	if (sh->sh_entsize != sizeof(Elf64_Rel) || sh->sh_size % sizeof(Elf64_Rel))
		return refuse(c, "section '%s' has relocations of %" PRIu64 " bytes; %zu were expected", name,
			      (uint64_t)sh->sh_entsize, sizeof(Elf64_Rel));
	target_scn = sh->sh_info && sh->sh_info < c->sections ? elf_getscn(c->elf, sh->sh_info) : NULL;
	if (!target_scn || !gelf_getshdr(target_scn, &target))
		return refuse(c, "section '%s' relocates section %u, which does not exist", name, sh->sh_info);
	if (sh->sh_link != elf_ndxscn(c->symtab))
		return refuse(c, "section '%s' refers to section %u as its symbol table; that is section %zu", name,
			      sh->sh_link, elf_ndxscn(c->symtab));
	for (size_t i = 0; i < sh->sh_size / sizeof(Elf64_Rel); i++) {
		GElf_Rel rel;

		if (!data || !gelf_getrel(data, (int)i, &rel))
			return refuse(c, "libelf cannot read relocation %zu of section '%s': %s", i, name,
				      elf_errmsg(-1));
		if (rel.r_offset >= target.sh_size)
			return refuse(c, "relocation %zu of section '%s' lies beyond the end of section '%s'", i, name,
				      name_of(c, &target));
		if (GELF_R_SYM(rel.r_info) >= symbols)
			return refuse(c, "relocation %zu of section '%s' names symbol %" PRIu64 "; there are %zu", i,
				      name, (uint64_t)GELF_R_SYM(rel.r_info), symbols);
	}
	return 0;
}

static int check_all_relocations(struct checker *c, size_t symbols)
{
	for (size_t i = 1; i < c->sections; i++) {
		Elf_Scn *scn = elf_getscn(c->elf, i);
		GElf_Shdr sh;

		if (!scn || !gelf_getshdr(scn, &sh) || sh.sh_type != SHT_REL)
			continue;

		int err = check_relocations(c, &sh, scn, symbols);

		if (err)
			return err;
	}
	return 0;
}

static int check_found(struct checker *c)
{
	if (c->out->num_xdp_sections)
		return 0;
	if (c->wanted)
		return refuse(c, "no section '%s' with instructions; llvm-objdump -h lists the sections", c->wanted);
	return refuse(
		c, "no XDP program: no section whose name begins with 'xdp' (SEC(\"xdp\")); --section names another");
}

int elf_check_image(const uint8_t *image, size_t bytes, const char *section, struct elf_check *out, char *error,
		    size_t error_bytes)
{
	struct checker c = {
		.image = image,
		.bytes = bytes,
		.wanted = section,
		.out = out,
		.error = error,
		.error_bytes = error_bytes,
	};
	size_t symbols = 0;
	int err;

	memset(out, 0, sizeof(*out));
	err = check_header(&c);
	if (!err)
		err = open_elf(&c);
	if (!err)
		err = check_sections(&c);
	if (!err)
		err = check_found(&c);
	if (!err)
		err = check_symbols(&c, &symbols);
	if (!err)
		err = check_all_relocations(&c, symbols);
	if (c.elf)
		elf_end(c.elf);
	return err;
}

void elf_check_free(struct elf_check *check)
{
	for (size_t i = 0; i < check->num_xdp_sections; i++)
		free(check->xdp_sections[i]);
	free(check->xdp_sections);
	memset(check, 0, sizeof(*check));
}
