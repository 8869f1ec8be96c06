// SPDX-License-Identifier: BSD-2-Clause
#include "load/btf_check.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "load/btf_types.h"

/* The header of .BTF.ext; the CO-RE fields came later and exist only if hdr_len says so. */
struct ext_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t hdr_len;
	uint32_t func_off, func_len;
	uint32_t line_off, line_len;
	uint32_t core_off, core_len;
};

#define EXT_HEADER_MIN offsetof(struct ext_header, core_off)

struct checker {
	const struct elf_check *elf;
	const char *strings; /* .BTF's */
	uint64_t string_bytes;
	char *error;
	size_t error_bytes;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct checker *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->error, c->error_bytes, format, args);
	va_end(args);
	return -EINVAL;
}

static int check_btf(struct checker *c)
{
	const struct elf_check_piece *p = &c->elf->btf;
	struct btf_header h;

	if (p->bytes < sizeof(h))
		return refuse(c, ".BTF has %zu bytes; its header alone needs %zu", p->bytes, sizeof(h));
	memcpy(&h, p->data, sizeof(h));
	if (h.magic != BTF_MAGIC)
		return refuse(c, ".BTF begins with 0x%04x; 0x%04x (little-endian) was expected", h.magic, BTF_MAGIC);
	if (h.hdr_len < sizeof(h) || h.hdr_len > p->bytes)
		return refuse(c, ".BTF says its header has %u bytes; %zu to %zu were expected", h.hdr_len, sizeof(h),
			      p->bytes);

	uint64_t room = p->bytes - h.hdr_len;

	if ((uint64_t)h.type_off + h.type_len > room || (uint64_t)h.str_off + h.str_len > room)
		return refuse(c, ".BTF says its types or strings reach beyond its %zu bytes", p->bytes);
	c->strings = (const char *)p->data + h.hdr_len + h.str_off;
	c->string_bytes = h.str_len;
	if (!h.str_len || c->strings[h.str_len - 1])
		return refuse(c, ".BTF has a string table that does not end in a zero byte");

	struct btf_types types = {p->data + h.hdr_len + h.type_off, h.type_len, h.str_len};

	return btf_types_check(&types, c->error, c->error_bytes);
}

static const char *string(const struct checker *c, uint32_t offset)
{
	return offset < c->string_bytes ? c->strings + offset : NULL;
}

static bool ends_in_program(const struct checker *c, const char *section)
{
	for (size_t i = 0; i < c->elf->num_xdp_sections; i++)
		if (strcmp(section, c->elf->xdp_sections[i]) == 0)
			return true;
	return strcmp(section, ".text") == 0;
}

/*
 * One info part of .BTF.ext: u32 record size, then per section {u32 name, u32 count, count records}. *used is the name
 * of a section that ends up in a program and has records here, or NULL.
 */
static int check_info(struct checker *c, const char *what, const uint8_t *data, uint64_t bytes, uint32_t min_record,
		      const char **used)
{
	uint32_t record, head[2];

	*used = NULL;
	if (bytes == 0)
		return 0;
	if (bytes < sizeof(record))
		return refuse(c, ".BTF.ext: the part of %s has %u bytes, too few for a record size", what,
			      (unsigned)bytes);
	memcpy(&record, data, sizeof(record));
	if (record < min_record || record % 4 || record > 4096)
		return refuse(c, ".BTF.ext: %s of %u bytes; %u or more were expected", what, record, min_record);
	data += sizeof(record);
	bytes -= sizeof(record);
	while (bytes) {
		if (bytes < sizeof(head))
			return refuse(c, ".BTF.ext: %s end in the middle of a section's header", what);
		memcpy(head, data, sizeof(head));
		data += sizeof(head);
		bytes -= sizeof(head);

		const char *section = string(c, head[0]);

		if (!section)
			return refuse(c, ".BTF.ext: %s of a section whose name lies outside of .BTF's strings", what);
		if ((uint64_t)head[1] * record > bytes)
			return refuse(c, ".BTF.ext: %u %s of section '%s' reach beyond the end", head[1], what,
				      section);
		if (head[1] && ends_in_program(c, section))
			*used = section;
		data += (uint64_t)head[1] * record;
		bytes -= (uint64_t)head[1] * record;
	}
	return 0;
}

static int check_ext(struct checker *c)
{
	const struct elf_check_piece *p = &c->elf->btf_ext;
	struct ext_header h = {0};
	const char *used;

	if (p->bytes < EXT_HEADER_MIN)
		return refuse(c, ".BTF.ext has %zu bytes; its header alone needs %zu", p->bytes, EXT_HEADER_MIN);
	memcpy(&h, p->data, EXT_HEADER_MIN);
	if (h.magic != BTF_MAGIC)
		return refuse(c, ".BTF.ext begins with 0x%04x; 0x%04x (little-endian) was expected", h.magic,
			      BTF_MAGIC);
	if (h.hdr_len < EXT_HEADER_MIN || h.hdr_len > p->bytes)
		return refuse(c, ".BTF.ext says its header has %u bytes; %zu to %zu were expected", h.hdr_len,
			      EXT_HEADER_MIN, p->bytes);
	if (h.hdr_len >= sizeof(h))
		memcpy(&h, p->data, sizeof(h));

	const struct {
		const char *what;
		uint32_t offset, bytes, min_record;
	} parts[] = {
		{"function records", h.func_off, h.func_len, 8},
		{"line records", h.line_off, h.line_len, 16},
		{"CO-RE relocations", h.core_off, h.core_len, 16},
	};

	uint64_t room = p->bytes - h.hdr_len;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if ((uint64_t)parts[i].offset + parts[i].bytes > room)
			return refuse(c, ".BTF.ext says its %s reach beyond its %zu bytes", parts[i].what, p->bytes);

		int err = check_info(c, parts[i].what, p->data + h.hdr_len + parts[i].offset, parts[i].bytes,
				     parts[i].min_record, &used);

		if (err)
			return err;
	}
	/* The last part's. */
	if (used)
		return refuse(c,
			      "section '%s' needs CO-RE relocations (preserve_access_index), and there is no kernel "
			      "here to take offsets from; "
			      "include <linux/bpf.h> instead of vmlinux.h",
			      used);
	return 0;
}

int btf_check(const struct elf_check *elf, char *error, size_t error_bytes)
{
	struct checker c = {.elf = elf, .error = error, .error_bytes = error_bytes};
	int err = 0;

	if (elf->btf.data)
		err = check_btf(&c);
	if (!err && elf->btf_ext.data)
		err = elf->btf.data ? check_ext(&c)
				    : refuse(&c, "there is .BTF.ext without .BTF, which holds its strings");
	return err;
}
