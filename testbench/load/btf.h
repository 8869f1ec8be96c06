/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .BTF and .BTF.ext: the types of an object, and what it says about single instructions. Everything is checked when it
 * is opened, so that the functions here need types' numbers that come from here, and nothing else.
 */
#ifndef TESTBENCH_LOAD_BTF_H
#define TESTBENCH_LOAD_BTF_H

#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/elf_image.h"

#define BTF_DEPTH_MAX 32 /* modifiers, or types in each other */

/* A record of .BTF.ext; its first 32-bit word is the place. */
struct btf_record {
	uint32_t section; /* index in the ELF file */
	uint32_t offset;  /* bytes */
	const uint8_t *data;
};

/* Sorted by section and offset; records of one place in the file's order, lines only the last of them. */
struct btf_records {
	struct btf_record *at;
	size_t count;
};

struct btf {
	const char *strings; /* end in a zero byte */
	uint64_t string_bytes;
	const uint8_t **at; /* at[id], aligned or not; id from 1 */
	uint32_t count;     /* ids below it exist, 0 is void; 0: there is no .BTF */
	struct btf_records lines, relos;
};

/*
 * Reads both sections of elf, which stays as long as btf; an object without is one without types. 0, or -EINVAL or
 * -ENOMEM with one sentence in error. btf_close() in both cases.
 */
int btf_open(struct btf *btf, const struct elf_image *elf, char error[static LOAD_ERROR_BYTES]);
void btf_close(struct btf *btf);

/* The first record at or behind that place; count if there is none. */
size_t btf_record_from(const struct btf_records *records, uint32_t section, uint64_t offset);

/* NULL: outside of the strings. */
static inline const char *btf_string(const struct btf *btf, uint32_t offset)
{
	return offset < btf->string_bytes ? btf->strings + offset : NULL;
}

/* id 0: void, of kind BTF_KIND_UNKN. */
struct btf_type btf_type(const struct btf *btf, uint32_t id);
uint32_t btf_kind(const struct btf *btf, uint32_t id);
/* Never NULL. */
const char *btf_name(const struct btf *btf, uint32_t id);
/* Without const, volatile, restrict, typedefs and tags. */
uint32_t btf_resolve(const struct btf *btf, uint32_t id);
/* Bytes; -EINVAL for what has no size, or none of 32 bits. */
int64_t btf_size(const struct btf *btf, uint32_t id);
/* Of a type of the fitting kind; index below its vlen. */
struct btf_member btf_member(const struct btf *btf, uint32_t id, uint32_t index);
struct btf_array btf_array(const struct btf *btf, uint32_t id);
struct btf_var_secinfo btf_secinfo(const struct btf *btf, uint32_t id, uint32_t index);
/* Of an ENUM or ENUM64: name and value. */
const char *btf_enumerator(const struct btf *btf, uint32_t id, uint32_t index, uint64_t *value);

/* A bit field's width, 0 for other members, and where it begins; type is the struct's. */
static inline uint32_t btf_member_width(const struct btf_type *type, const struct btf_member *member)
{
	return BTF_INFO_KFLAG(type->info) ? BTF_MEMBER_BITFIELD_SIZE(member->offset) : 0;
}

static inline uint32_t btf_member_bit(const struct btf_type *type, const struct btf_member *member)
{
	return BTF_INFO_KFLAG(type->info) ? BTF_MEMBER_BIT_OFFSET(member->offset) : member->offset;
}

#endif
