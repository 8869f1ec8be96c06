/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A relocatable BPF object as sections, symbols and relocations, each checked before anybody follows it: whatever is
 * in here lies inside of the file.
 */
#ifndef TESTBENCH_LOAD_ELF_IMAGE_H
#define TESTBENCH_LOAD_ELF_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/load.h"

#define ELF_IMAGE_SECTIONS_MAX   4096
#define ELF_IMAGE_NAME_MAX       512                  /* bytes, as in Linux: comparing names takes no time then */
#define ELF_IMAGE_DATA_BYTES_MAX ((uint64_t)64 << 20) /* of all sections that occupy no bytes of the file */

struct elf_reloc {
	uint64_t offset; /* in the section that it changes, below its size */
	uint32_t symbol; /* index */
	uint32_t type;
};

struct elf_section {
	const char *name;    /* into the image, as all pointers here */
	const uint8_t *data; /* aligned or not; NULL: zeros that occupy no bytes of the file */
	uint64_t bytes;
	uint64_t flags;
	uint32_t type;
	struct elf_reloc *relocs; /* sorted by offset; sections that occupy memory at run time only */
	size_t num_relocs;
};

struct elf_symbol {
	const char *name;
	uint64_t value, bytes; /* inside of the section, if there is one */
	uint32_t section;      /* index; 0: undefined; ELF_IMAGE_NOWHERE: absolute or common */
	uint8_t type, bind, visibility;
};

#define ELF_IMAGE_NOWHERE UINT32_MAX

struct elf_image {
	struct elf_section *sections; /* section 0 has no name and no bytes */
	uint32_t num_sections;
	struct elf_symbol *symbols;
	uint32_t num_symbols;
};

/*
 * Reads bytes of image, which has to stay as long as *out is used. 0, or -EINVAL or -ENOMEM with one sentence (without
 * the file's name) in error. elf_image_close() in both cases.
 */
int elf_image_open(const uint8_t *image, size_t bytes, struct elf_image *out, char error[static LOAD_ERROR_BYTES]);
void elf_image_close(struct elf_image *elf);

static inline bool elf_image_is_code(const struct elf_section *section)
{
	return section->type == SHT_PROGBITS && (section->flags & SHF_EXECINSTR);
}

/* The first section of this name, or NULL. */
const struct elf_section *elf_image_section(const struct elf_image *elf, const char *name);

/* The first relocation of section at offset or behind it; num_relocs if there is none. */
size_t elf_image_reloc_from(const struct elf_section *section, uint64_t offset);

#endif
