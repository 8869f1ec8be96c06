// SPDX-License-Identifier: BSD-2-Clause
/* Opens .BTF and .BTF.ext: bounds of headers, strings and records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/btf.h"
#include "load/btf_types.h"
#include "load/refuse.h"

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
	struct btf *btf;
	const struct elf_image *elf;
	char *error; /* LOAD_ERROR_BYTES */
};

static int open_types(struct checker *c, const struct elf_section *section)
{
	struct btf *btf = c->btf;
	struct btf_header h;

	if (section->bytes < sizeof(h))
		return refuse(c->error, ".BTF has %llu bytes; its header alone needs %zu",
			      (unsigned long long)section->bytes, sizeof(h));
	memcpy(&h, section->data, sizeof(h));
	if (h.magic != BTF_MAGIC)
		return refuse(c->error, ".BTF begins with 0x%04x; 0x%04x (little-endian) was expected", h.magic,
			      BTF_MAGIC);
	if (h.hdr_len < sizeof(h) || h.hdr_len > section->bytes)
		return refuse(c->error, ".BTF says its header has %u bytes; %zu to %llu were expected", h.hdr_len,
			      sizeof(h), (unsigned long long)section->bytes);

	uint64_t room = section->bytes - h.hdr_len;

	if ((uint64_t)h.type_off + h.type_len > room || (uint64_t)h.str_off + h.str_len > room)
		return refuse(c->error, ".BTF says its types or strings reach beyond its %llu bytes",
			      (unsigned long long)section->bytes);
	btf->strings = (const char *)section->data + h.hdr_len + h.str_off;
	btf->string_bytes = h.str_len;
	if (!h.str_len || btf->strings[h.str_len - 1])
		return refuse(c->error, ".BTF has a string table that does not end in a zero byte");
	return btf_types_check(btf, section->data + h.hdr_len + h.type_off, h.type_len, c->error);
}

static int add_records(struct checker *c, struct btf_records *to, const char *section, const uint8_t *data,
		       uint32_t count, uint32_t record)
{
	const struct elf_section *code = elf_image_section(c->elf, section);
	struct btf_record *grown;

	/* Of a section that is not there: discarded by a linker, perhaps. */
	if (!code || !count)
		return 0;
	grown = reallocarray(to->at, to->count + count, sizeof(*grown));
	if (!grown)
		return refuse_no_memory(c->error, "the records of .BTF.ext");
	to->at = grown;
	for (uint32_t i = 0; i < count; i++, data += record) {
		struct btf_record *at = &to->at[to->count++];

		at->section = (uint32_t)(code - c->elf->sections);
		memcpy(&at->offset, data, sizeof(at->offset));
		at->data = data;
	}
	return 0;
}

/* One part of .BTF.ext: u32 record size, then per section {u32 name, u32 count, count records}. */
static int take_part(struct checker *c, const char *what, const uint8_t *data, uint64_t bytes, uint32_t min_record,
		     struct btf_records *to)
{
	uint32_t record, head[2];
	int err = 0;

	if (bytes == 0)
		return 0;
	if (bytes < sizeof(record))
		return refuse(c->error, ".BTF.ext: the part of %s has %u bytes, too few for a record size", what,
			      (unsigned)bytes);
	memcpy(&record, data, sizeof(record));
	if (record < min_record || record % 4 || record > 4096)
		return refuse(c->error, ".BTF.ext: %s of %u bytes; %u or more were expected", what, record, min_record);
	data += sizeof(record);
	bytes -= sizeof(record);
	while (bytes && !err) {
		if (bytes < sizeof(head))
			return refuse(c->error, ".BTF.ext: %s end in the middle of a section's header", what);
		memcpy(head, data, sizeof(head));
		data += sizeof(head);
		bytes -= sizeof(head);

		const char *section = btf_string(c->btf, head[0]);

		if (!section)
			return refuse(c->error, ".BTF.ext: %s of a section whose name lies outside of .BTF's strings",
				      what);
		if ((uint64_t)head[1] * record > bytes)
			return refuse(c->error, ".BTF.ext: %u %s of section '%s' reach beyond the end", head[1], what,
				      section);
		if (to)
			err = add_records(c, to, section, data, head[1], record);
		data += (uint64_t)head[1] * record;
		bytes -= (uint64_t)head[1] * record;
	}
	return err;
}

static int compare_records(const void *a, const void *b)
{
	const struct btf_record *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->data < y->data ? -1 : x->data > y->data;
}

/* Of several lines for one place the last: so many may be there that nobody wants to pass them again and again. */
static void drop_lines(struct btf_records *lines)
{
	size_t kept = 0;

	for (size_t i = 0; i < lines->count; i++) {
		const struct btf_record *line = &lines->at[i], *next = line + 1;

		if (i + 1 == lines->count || next->section != line->section || next->offset != line->offset)
			lines->at[kept++] = *line;
	}
	lines->count = kept;
}

static int open_ext(struct checker *c, const struct elf_section *section)
{
	struct ext_header h = {0};

	if (section->bytes < EXT_HEADER_MIN)
		return refuse(c->error, ".BTF.ext has %llu bytes; its header alone needs %zu",
			      (unsigned long long)section->bytes, EXT_HEADER_MIN);
	memcpy(&h, section->data, EXT_HEADER_MIN);
	if (h.magic != BTF_MAGIC)
		return refuse(c->error, ".BTF.ext begins with 0x%04x; 0x%04x (little-endian) was expected", h.magic,
			      BTF_MAGIC);
	if (h.hdr_len < EXT_HEADER_MIN || h.hdr_len > section->bytes)
		return refuse(c->error, ".BTF.ext says its header has %u bytes; %zu to %llu were expected", h.hdr_len,
			      EXT_HEADER_MIN, (unsigned long long)section->bytes);
	if (h.hdr_len >= sizeof(h))
		memcpy(&h, section->data, sizeof(h));

	const struct {
		const char *what;
		uint32_t offset, bytes, min_record;
		struct btf_records *to;
	} parts[] = {
		{"function records", h.func_off, h.func_len, 8, NULL},
		{"line records", h.line_off, h.line_len, 16, &c->btf->lines},
		{"CO-RE relocations", h.core_off, h.core_len, 16, &c->btf->relos},
	};

	uint64_t room = section->bytes - h.hdr_len;
	int err = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++) {
		if ((uint64_t)parts[i].offset + parts[i].bytes > room)
			return refuse(c->error, ".BTF.ext says its %s reach beyond its %llu bytes", parts[i].what,
				      (unsigned long long)section->bytes);
		err = take_part(c, parts[i].what, section->data + h.hdr_len + parts[i].offset, parts[i].bytes,
				parts[i].min_record, parts[i].to);
		if (!err && parts[i].to && parts[i].to->count)
			qsort(parts[i].to->at, parts[i].to->count, sizeof(struct btf_record), compare_records);
	}
	drop_lines(&c->btf->lines);
	return err;
}

int btf_open(struct btf *btf, const struct elf_image *elf, char error[static LOAD_ERROR_BYTES])
{
	struct checker c = {.btf = btf, .elf = elf, .error = error};
	const struct elf_section *types = elf_image_section(elf, ".BTF"), *ext = elf_image_section(elf, ".BTF.ext");
	int err = 0;

	memset(btf, 0, sizeof(*btf));
	if (types && types->data)
		err = open_types(&c, types);
	if (!err && ext && ext->data)
		err = types && types->data ? open_ext(&c, ext)
					   : refuse(error, "there is .BTF.ext without .BTF, which holds its strings");
	return err;
}

void btf_close(struct btf *btf)
{
	free(btf->at);
	free(btf->lines.at);
	free(btf->relos.at);
	memset(btf, 0, sizeof(*btf));
}
