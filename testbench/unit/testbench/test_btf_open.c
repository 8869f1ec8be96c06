// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "load/btf.h"
#include "load/btf_types.h"

#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))

static const char strings[] = "\0int\0xdp\0.text\0other"; /* 0, 1, 5, 9, 15 */

/* sections: .BTF, .BTF.ext and xdp. */
static struct elf_image elf_with(uint8_t *btf, const uint8_t *ext, size_t ext_bytes, struct elf_section sections[4])
{
	struct btf_header h = {.magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h), .str_len = sizeof(strings)};

	memcpy(btf, &h, sizeof(h));
	memcpy(btf + sizeof(h), strings, sizeof(strings));
	memset(sections, 0, 4 * sizeof(sections[0]));
	sections[0].name = "";
	sections[1] = (struct elf_section){.name = ".BTF", .data = btf, .bytes = sizeof(h) + sizeof(strings)};
	sections[2] = (struct elf_section){.name = ".BTF.ext", .data = ext, .bytes = ext_bytes};
	sections[3] = (struct elf_section){.name = "xdp", .data = btf, .bytes = 8};
	return (struct elf_image){.sections = sections, .num_sections = 4};
}

/* .BTF.ext as 32-bit words; bytes: how many there are, at most. */
static const struct {
	const char *id;
	size_t bytes;
	uint32_t words[20];
	const char *want; /* NULL: it is good */
} rows[] = {
	{"libbpf-71208c33 empty", 0, {0}, "header alone"},
	{"libbpf-71208c33 one byte short", 23, {0x0001eb9f, 24}, "header alone"},
	{"old header, nothing in it", 24, {0x0001eb9f, 24, 0, 0, 0, 0}, NULL},
	{"libbpf-71208c33 says 32 of 24", 24, {0x0001eb9f, 32, 0, 0, 0, 0}, "header has 32 bytes"},
	{"offset and length wrap", 32, {0x0001eb9f, 32, 0, 0, 0xffffffff, 2, 0, 0}, "line records reach beyond"},
	{"no record size", 34, {0x0001eb9f, 32, 0, 2, 0, 0, 0, 0}, "too few for a record size"},
	{"records of 4 bytes", 36, {0x0001eb9f, 32, 0, 4, 0, 0, 0, 0, 4}, "function records of 4 bytes"},
	{"half a section header", 40, {0x0001eb9f, 32, 0, 8, 0, 0, 0, 0, 8, 5}, "middle of a section's header"},
	{"name outside", 44, {0x0001eb9f, 32, 0, 12, 0, 0, 0, 0, 8, 99, 0}, "name lies outside"},
	{"too many records", 44, {0x0001eb9f, 32, 0, 12, 0, 0, 0, 0, 8, 5, 0xffffffff}, "reach beyond the end"},
	{"one record", 52, {0x0001eb9f, 32, 0, 20, 0, 0, 0, 0, 8, 5, 1, 0, 0}, NULL},
	{"relocation of a section that is not there",
	 60,
	 {0x0001eb9f, 32, 0, 0, 0, 0, 0, 28, 16, 15, 1, 0, 0, 0, 0},
	 NULL},
	{"relocation of 12 bytes",
	 56,
	 {0x0001eb9f, 32, 0, 0, 0, 0, 0, 24, 12, 5, 1, 0, 0, 0},
	 "CO-RE relocations of 12 bytes"},
};

Test(btf_open, rows)
{
	struct elf_section sections[4];
	uint8_t btf[sizeof(struct btf_header) + sizeof(strings)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* Exactly as many bytes as there are, so that a read beyond is seen. */
		uint8_t *ext = malloc(rows[i].bytes ? rows[i].bytes : 1);
		struct elf_image elf = elf_with(btf, ext, rows[i].bytes, sections);
		char error[LOAD_ERROR_BYTES] = "";
		struct btf opened;
		int err;

		memcpy(ext, rows[i].words, rows[i].bytes);
		err = btf_open(&opened, &elf, error);
		if (rows[i].want)
			cr_assert(err && strstr(error, rows[i].want), "%s: %d %s", rows[i].id, err, error);
		else
			cr_assert_eq(err, 0, "%s: %s", rows[i].id, error);
		btf_close(&opened);
		free(ext);
	}
}

/* By section and place, whatever the file's order. */
Test(btf_open, records_are_sorted)
{
	static const uint32_t words[] = {0x0001eb9f, 32, 0, 0, 0, 0, 0, 60, 16, 5, 3, 24,
					 0,          0,  0, 8, 1, 0, 0, 8,  2,  0, 0};
	uint8_t btf[sizeof(struct btf_header) + sizeof(strings)];
	struct elf_section sections[4];
	struct elf_image elf = elf_with(btf, (const uint8_t *)words, sizeof(words), sections);
	char error[LOAD_ERROR_BYTES] = "";
	struct btf opened;

	cr_assert_eq(btf_open(&opened, &elf, error), 0, "%s", error);
	cr_assert_eq(opened.relos.count, 3);
	cr_assert_eq(opened.relos.at[0].offset, 8);
	cr_assert_eq(opened.relos.at[0].data[4], 1);
	cr_assert_eq(opened.relos.at[1].data[4], 2);
	cr_assert_eq(opened.relos.at[2].offset, 24);
	cr_assert_eq(btf_record_from(&opened.relos, 3, 0), 0);
	cr_assert_eq(btf_record_from(&opened.relos, 3, 9), 2);
	cr_assert_eq(btf_record_from(&opened.relos, 2, 9), 0);
	cr_assert_eq(btf_record_from(&opened.relos, 4, 0), 3);
	btf_close(&opened);
}

/* Types as words: name, info, size or type, and what follows. */
static const struct {
	const char *id;
	size_t words;
	uint32_t w[16];
	const char *want;
} types[] = {
	{"none", 0, {0}, NULL},
	{"int", 4, {1, INFO(1, 0), 4, 32}, NULL},
	{"half a type", 2, {1, INFO(1, 0)}, "middle of type 1"},
	{"int without its word", 3, {1, INFO(1, 0), 4}, "type 1 (INT) reaches beyond"},
	{"kind 0", 3, {0, 0, 0}, "kind 0"},
	{"kind 20", 3, {0, INFO(20, 0), 0}, "kind 20"},
	{"name outside", 4, {21, INFO(1, 0), 4, 32}, "name of type 1"},
	{"pointer to itself", 3, {0, INFO(2, 0), 1}, NULL},
	{"typedef of itself", 3, {1, INFO(8, 0), 1}, "refer to itself"},
	{"const and volatile of each other", 6, {0, INFO(10, 0), 2, 0, INFO(9, 0), 1}, "refer to itself"},
	{"pointer to no type", 3, {0, INFO(2, 0), 2}, "refers to type 2"},
	{"array of no type", 6, {0, INFO(3, 0), 0, 7, 0, 1}, "refers to type 7"},
	{"array with an index of no type", 6, {0, INFO(3, 0), 0, 0, 8, 1}, "refers to type 8"},
	{"struct with 65535 members", 6, {1, INFO(4, 65535), 4, 1, 0, 0}, "reaches beyond"},
	{"member of no type", 6, {1, INFO(4, 1), 4, 1, 9, 0}, "refers to type 9"},
	{"member name", 6, {1, INFO(4, 1), 4, 99, 0, 0}, "name of type 1"},
	{"function without prototype", 7, {1, INFO(1, 0), 4, 32, 1, INFO(12, 0), 1}, "no prototype"},
	{"section of no variable", 10, {1, INFO(1, 0), 4, 32, 5, INFO(15, 1), 4, 1, 0, 4}, "no variable"},
	{"variable of void", 4, {1, INFO(14, 0), 0, 0}, "refers to type 0"},
};

Test(btf_types, rows)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t bytes = types[i].words * 4;
		uint8_t *data = malloc(bytes ? bytes : 1);
		struct btf btf = {.strings = strings, .string_bytes = sizeof(strings)};
		char error[LOAD_ERROR_BYTES] = "";
		int err;

		memcpy(data, types[i].w, bytes);
		err = btf_types_check(&btf, data, bytes, error);
		if (types[i].want)
			cr_assert(err && strstr(error, types[i].want), "%s: %d %s", types[i].id, err, error);
		else
			cr_assert_eq(err, 0, "%s: %s", types[i].id, error);
		btf_close(&btf);
		free(data);
	}
}
