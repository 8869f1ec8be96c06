// SPDX-License-Identifier: BSD-2-Clause
#include "load/elf_image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "load/refuse.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

struct reader {
	const uint8_t *image;
	size_t bytes;
	struct elf_image *out;
	char *error; /* LOAD_ERROR_BYTES */
	Elf64_Ehdr head;
	Elf64_Shdr *headers;
	uint32_t symtab; /* section; 0: none yet */
};

static int check_ident(struct reader *r)
{
	const uint8_t *ident = r->image;

	if (r->bytes == 0)
		return refuse(r->error,
			      "the file is empty; an ELF object compiled with clang -target bpf was expected");
	if (r->bytes < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return refuse(r->error, "not an ELF file; an object compiled with clang -target bpf was expected");
	if (ident[EI_CLASS] != ELFCLASS64)
		return refuse(r->error, "a 32-bit ELF file; BPF objects are 64-bit");
	if (ident[EI_DATA] != ELFDATA2LSB)
		return refuse(r->error,
			      "big-endian BPF; the device runs little-endian programs (compile with -target bpfel)");
	if (ident[EI_VERSION] != EV_CURRENT)
		return refuse(r->error, "ELF version %u; 1 was expected", ident[EI_VERSION]);
	if (r->bytes < sizeof(r->head))
		return refuse(r->error, "the ELF header is cut short: %zu of %zu bytes", r->bytes, sizeof(r->head));
	return 0;
}

static int check_head(struct reader *r)
{
	const Elf64_Ehdr *h = &r->head;

	if (h->e_machine != EM_BPF)
		return refuse(r->error, "an ELF file for machine %u, not for BPF (%u); compile with clang -target bpf",
			      h->e_machine, EM_BPF);
	if (h->e_type != ET_REL)
		return refuse(r->error, "an ELF file of type %u; a relocatable object (1) was expected", h->e_type);
	if (h->e_shentsize != sizeof(Elf64_Shdr))
		return refuse(r->error, "section headers of %u bytes; %zu were expected", h->e_shentsize,
			      sizeof(Elf64_Shdr));
	/* Extended numbering (e_shnum 0) serves objects of 65280 sections and more: none of ours. */
	if (h->e_shnum == 0 || h->e_shnum > ELF_IMAGE_SECTIONS_MAX)
		return refuse(r->error, "%u sections; 1 to %u were expected", h->e_shnum, ELF_IMAGE_SECTIONS_MAX);
	if (h->e_shoff > r->bytes || (uint64_t)h->e_shnum * sizeof(Elf64_Shdr) > r->bytes - h->e_shoff)
		return refuse(r->error,
			      "the section headers lie outside of the file's %zu bytes: is the file cut short?",
			      r->bytes);
	if (h->e_shstrndx == 0 || h->e_shstrndx >= h->e_shnum)
		return refuse(r->error, "section %u is to hold the section names; there are %u sections", h->e_shstrndx,
			      h->e_shnum);
	return 0;
}

/* The name at offset of a string table, or NULL. A table ends in a zero byte, so every string in it ends. */
static const char *string_at(const struct reader *r, uint32_t table, uint64_t offset)
{
	const Elf64_Shdr *sh = &r->headers[table];
	const char *text = (const char *)r->image + sh->sh_offset;

	if (sh->sh_type != SHT_STRTAB || offset >= sh->sh_size || text[sh->sh_size - 1])
		return NULL;
	text += offset;
	return strnlen(text, ELF_IMAGE_NAME_MAX) < ELF_IMAGE_NAME_MAX ? text : NULL;
}

/* Names come out of a table that has to lie in the file itself, so this is the first look at each header. */
static int check_extents(struct reader *r)
{
	uint64_t zeros = 0;

	for (uint32_t i = 1; i < r->head.e_shnum; i++) {
		const Elf64_Shdr *sh = &r->headers[i];

		if (sh->sh_type == SHT_NOBITS) {
			if (sh->sh_size > ELF_IMAGE_DATA_BYTES_MAX || zeros + sh->sh_size > ELF_IMAGE_DATA_BYTES_MAX)
				return refuse(r->error,
					      "section %u has %" PRIu64 " bytes of zeros; %" PRIu64
					      " are the most for all",
					      i, (uint64_t)sh->sh_size, ELF_IMAGE_DATA_BYTES_MAX);
			zeros += sh->sh_size;
		} else if (sh->sh_offset > r->bytes || sh->sh_size > r->bytes - sh->sh_offset) {
			return refuse(r->error,
				      "section %u lies outside of the file's %zu bytes: is the file cut short?", i,
				      r->bytes);
		}
	}
	return 0;
}

static int take_section(struct reader *r, uint32_t i)
{
	const Elf64_Shdr *sh = &r->headers[i];
	struct elf_section *to = &r->out->sections[i];

	to->name = string_at(r, r->head.e_shstrndx, sh->sh_name);
	if (!to->name)
		return refuse(r->error, "the name of section %u lies outside of the name table, or is too long", i);
	to->data = sh->sh_type == SHT_NOBITS ? NULL : r->image + sh->sh_offset;
	to->bytes = sh->sh_size;
	to->flags = sh->sh_flags;
	to->type = sh->sh_type;
	if (elf_image_is_code(to) && to->bytes % 8)
		return refuse(r->error, "section '%s' has %" PRIu64 " bytes; instructions come in multiples of 8",
			      to->name, to->bytes);
	if (sh->sh_type != SHT_SYMTAB)
		return 0;
	if (r->symtab)
		return refuse(r->error, "two symbol tables; one was expected");
	r->symtab = i;
	return 0;
}

static int take_sections(struct reader *r)
{
	struct elf_image *out = r->out;
	int err;

	r->headers = calloc(r->head.e_shnum, sizeof(*r->headers));
	out->sections = calloc(r->head.e_shnum, sizeof(*out->sections));
	if (!r->headers || !out->sections)
		return refuse_no_memory(r->error, "the sections");
	memcpy(r->headers, r->image + r->head.e_shoff, r->head.e_shnum * sizeof(*r->headers));
	out->num_sections = r->head.e_shnum;
	out->sections[0].name = "";
	err = check_extents(r);
	for (uint32_t i = 1; !err && i < out->num_sections; i++)
		err = take_section(r, i);
	if (!err && !r->symtab)
		err = refuse(r->error, "no symbol table, so no functions: was the object stripped?");
	return err;
}

static int take_symbol(struct reader *r, uint32_t i, const Elf64_Sym *sym, uint32_t strings)
{
	struct elf_symbol *to = &r->out->symbols[i];
	const struct elf_section *section;

	to->name = string_at(r, strings, sym->st_name);
	if (!to->name)
		return refuse(r->error, "the name of symbol %u lies outside of the string table, or is too long", i);
	to->type = ELF64_ST_TYPE(sym->st_info);
	to->bind = ELF64_ST_BIND(sym->st_info);
	to->visibility = ELF64_ST_VISIBILITY(sym->st_other);
	to->value = sym->st_value;
	to->bytes = sym->st_size;
	to->section = ELF_IMAGE_NOWHERE;
	if (sym->st_shndx == SHN_ABS || sym->st_shndx == SHN_COMMON)
		return 0;
	if (sym->st_shndx >= r->out->num_sections)
		return refuse(r->error, "symbol '%s' is in section %u; there are %u sections", to->name, sym->st_shndx,
			      r->out->num_sections);
	to->section = sym->st_shndx;
	section = &r->out->sections[to->section];
	if (to->section && (to->value > section->bytes || to->bytes > section->bytes - to->value))
		return refuse(r->error, "symbol '%s' reaches beyond the end of section '%s'", to->name, section->name);
	return 0;
}

static int take_symbols(struct reader *r)
{
	const Elf64_Shdr *sh = &r->headers[r->symtab];
	struct elf_image *out = r->out;
	size_t count = sh->sh_size / sizeof(Elf64_Sym);

	if (sh->sh_entsize != sizeof(Elf64_Sym) || sh->sh_size % sizeof(Elf64_Sym))
		return refuse(r->error, "the symbol table has entries of %" PRIu64 " bytes; %zu were expected",
			      (uint64_t)sh->sh_entsize, sizeof(Elf64_Sym));
	if (sh->sh_link == 0 || sh->sh_link >= out->num_sections)
		return refuse(r->error, "section %u is to hold the symbols' names; there are %u sections", sh->sh_link,
			      out->num_sections);
	out->symbols = calloc(count ? count : 1, sizeof(*out->symbols));
	if (!out->symbols)
		return refuse_no_memory(r->error, "the symbols");
	out->num_symbols = (uint32_t)count; /* the file has fewer than 4 GiB */
	for (uint32_t i = 0; i < out->num_symbols; i++) {
		Elf64_Sym sym;
		int err;

		memcpy(&sym, r->image + sh->sh_offset + i * sizeof(sym), sizeof(sym));
		err = take_symbol(r, i, &sym, sh->sh_link);
		if (err)
			return err;
	}
	return 0;
}

static int compare_relocs(const void *a, const void *b)
{
	const struct elf_reloc *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int add_relocs(struct reader *r, uint32_t from, struct elf_section *to)
{
	const char *name = r->out->sections[from].name;
	const uint8_t *at = r->out->sections[from].data;
	size_t count = r->out->sections[from].bytes / sizeof(Elf64_Rel);
	struct elf_reloc *grown = reallocarray(to->relocs, to->num_relocs + count + 1, sizeof(*grown));

	if (!grown)
		return refuse_no_memory(r->error, "the relocations");
	to->relocs = grown;
	for (size_t i = 0; i < count; i++) {
		Elf64_Rel rel;

		memcpy(&rel, at + i * sizeof(rel), sizeof(rel));
		if (rel.r_offset >= to->bytes)
			return refuse(r->error, "relocation %zu of section '%s' lies beyond the end of section '%s'", i,
				      name, to->name);
		if (ELF64_R_SYM(rel.r_info) >= r->out->num_symbols)
			return refuse(r->error, "relocation %zu of section '%s' names symbol %" PRIu64 "; there are %u",
				      i, name, (uint64_t)ELF64_R_SYM(rel.r_info), r->out->num_symbols);
		to->relocs[to->num_relocs++] = (struct elf_reloc){rel.r_offset, (uint32_t)ELF64_R_SYM(rel.r_info),
								  (uint32_t)ELF64_R_TYPE(rel.r_info)};
	}
	return 0;
}

static int take_relocations(struct reader *r, uint32_t i)
{
	const Elf64_Shdr *sh = &r->headers[i];
	const char *name = r->out->sections[i].name;
	struct elf_section *to;

	if (sh->sh_info == 0 || sh->sh_info >= r->out->num_sections)
		return refuse(r->error, "section '%s' relocates section %u, which does not exist", name, sh->sh_info);
	to = &r->out->sections[sh->sh_info];
	/* Of what no program sees, debugging information above all, nobody follows them. */
	if (!(to->flags & SHF_ALLOC))
		return 0;
	if (sh->sh_type == SHT_RELA)
		return refuse(r->error, "section '%s' has relocations with addends; clang writes none for BPF", name);
	if (sh->sh_entsize != sizeof(Elf64_Rel) || sh->sh_size % sizeof(Elf64_Rel))
		return refuse(r->error, "section '%s' has relocations of %" PRIu64 " bytes; %zu were expected", name,
			      (uint64_t)sh->sh_entsize, sizeof(Elf64_Rel));
	if (sh->sh_link != r->symtab)
		return refuse(r->error, "section '%s' refers to section %u as its symbol table; that is section %u",
			      name, sh->sh_link, r->symtab);
	return add_relocs(r, i, to);
}

static int take_all_relocations(struct reader *r)
{
	int err = 0;

	for (uint32_t i = 1; !err && i < r->out->num_sections; i++)
		if (r->headers[i].sh_type == SHT_REL || r->headers[i].sh_type == SHT_RELA)
			err = take_relocations(r, i);
	for (uint32_t i = 1; !err && i < r->out->num_sections; i++) {
		struct elf_section *section = &r->out->sections[i];

		if (!section->num_relocs)
			continue;
		qsort(section->relocs, section->num_relocs, sizeof(*section->relocs), compare_relocs);
		for (size_t j = 1; j < section->num_relocs; j++)
			if (section->relocs[j].offset == section->relocs[j - 1].offset)
				return refuse(r->error, "byte %" PRIu64 " of section '%s' is relocated twice",
					      section->relocs[j].offset, section->name);
	}
	return err;
}

int elf_image_open(const uint8_t *image, size_t bytes, struct elf_image *out, char error[static LOAD_ERROR_BYTES])
{
	struct reader r = {.image = image, .bytes = bytes, .out = out, .error = error};
	int err;

	memset(out, 0, sizeof(*out));
	err = check_ident(&r);
	if (err)
		return err;
	memcpy(&r.head, image, sizeof(r.head));
	err = check_head(&r);
	if (!err)
		err = take_sections(&r);
	if (!err)
		err = take_symbols(&r);
	if (!err)
		err = take_all_relocations(&r);
	free(r.headers);
	return err;
}

void elf_image_close(struct elf_image *elf)
{
	for (uint32_t i = 0; i < elf->num_sections; i++)
		free(elf->sections[i].relocs);
	free(elf->sections);
	free(elf->symbols);
	memset(elf, 0, sizeof(*elf));
}

const struct elf_section *elf_image_section(const struct elf_image *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->num_sections; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	return NULL;
}

size_t elf_image_reloc_from(const struct elf_section *section, uint64_t offset)
{
	size_t low = 0, high = section->num_relocs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (section->relocs[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
