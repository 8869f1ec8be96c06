// SPDX-License-Identifier: BSD-2-Clause
#include "load/btf_types.h"

#include <stdlib.h>
#include <string.h>

#include "load/refuse.h"

/* What a type's size-or-type field refers to. */
enum refers {
	NOWHERE,
	ANY,    /* void included */
	A_TYPE, /* not void */
	A_PROTO,
};

/* What follows struct btf_type: fixed bytes, then vlen items of item_bytes, each beginning with a name if named, and at
 * item_type with a type's number (0: none). */
static const struct kind {
	const char *name;
	enum refers refers;
	uint8_t fixed, item_bytes, item_type;
	bool named;
	bool modifier;
} kinds[] = {
	[1] = {"INT", .fixed = 4},
	[2] = {"PTR", ANY},
	[3] = {"ARRAY", .fixed = 12},
	[4] = {"STRUCT", .item_bytes = 12, .item_type = 4, .named = true},
	[5] = {"UNION", .item_bytes = 12, .item_type = 4, .named = true},
	[6] = {"ENUM", .item_bytes = 8, .named = true},
	[7] = {"FWD"},
	[8] = {"TYPEDEF", ANY, .modifier = true},
	[9] = {"VOLATILE", ANY, .modifier = true},
	[10] = {"CONST", ANY, .modifier = true},
	[11] = {"RESTRICT", ANY, .modifier = true},
	[12] = {"FUNC", A_PROTO},
	[13] = {"FUNC_PROTO", ANY, .item_bytes = 8, .item_type = 4, .named = true},
	[14] = {"VAR", A_TYPE, .fixed = 4},
	[15] = {"DATASEC", .item_bytes = 12},
	[16] = {"FLOAT"},
	[17] = {"DECL_TAG", A_TYPE, .fixed = 4},
	[18] = {"TYPE_TAG", ANY, .modifier = true},
	[19] = {"ENUM64", .item_bytes = 12, .named = true},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct checker {
	struct btf *btf;
	const uint8_t *data;
	size_t bytes;
	char *error; /* LOAD_ERROR_BYTES */
};

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/* Finds where each type begins. */
static int walk(struct checker *c)
{
	const uint8_t *p = c->data, *end = p + c->bytes;

	c->btf->count = 1;
	while (p < end) {
		if ((size_t)(end - p) < sizeof(struct btf_type))
			return refuse(c->error, ".BTF ends in the middle of type %u", c->btf->count);

		struct btf_type type;

		memcpy(&type, p, sizeof(type));

		uint32_t kind = BTF_INFO_KIND(type.info);

		if (kind >= KINDS || !kinds[kind].name)
			return refuse(c->error, ".BTF: type %u is of kind %u; 1 to %zu were expected", c->btf->count,
				      kind, KINDS - 1);

		uint64_t bytes =
			sizeof(type) + kinds[kind].fixed + (uint64_t)BTF_INFO_VLEN(type.info) * kinds[kind].item_bytes;

		if (bytes > (uint64_t)(end - p))
			return refuse(c->error, ".BTF: type %u (%s) reaches beyond the end of the types", c->btf->count,
				      kinds[kind].name);
		c->btf->at[c->btf->count++] = p;
		p += bytes;
	}
	return 0;
}

static int check_name(struct checker *c, uint32_t id, uint32_t name)
{
	if (name >= c->btf->string_bytes)
		return refuse(c->error, ".BTF: a name of type %u lies outside of the %llu bytes of strings", id,
			      (unsigned long long)c->btf->string_bytes);
	if (strnlen(c->btf->strings + name, ELF_IMAGE_NAME_MAX) == ELF_IMAGE_NAME_MAX)
		return refuse(c->error, ".BTF: a name of type %u has %u bytes or more", id, ELF_IMAGE_NAME_MAX);
	return 0;
}

static int check_reference(struct checker *c, uint32_t id, uint32_t to, enum refers refers)
{
	if (refers == NOWHERE)
		return 0;
	if (to >= c->btf->count || (refers != ANY && to == 0))
		return refuse(c->error, ".BTF: type %u refers to type %u; there are %u", id, to, c->btf->count - 1);
	if (refers == A_PROTO && btf_kind(c->btf, to) != 13)
		return refuse(c->error, ".BTF: function %u has type %u, which is no prototype", id, to);
	return 0;
}

static int check_chain(struct checker *c, uint32_t id)
{
	uint32_t next = id;

	for (int steps = 0; kinds[btf_kind(c->btf, next)].modifier; steps++) {
		if (steps == BTF_DEPTH_MAX)
			return refuse(c->error,
				      ".BTF: type %u leads through more than %d modifiers: does it refer to itself?",
				      id, BTF_DEPTH_MAX);
		next = btf_type(c->btf, next).type;
	}
	return 0;
}

static int check_items(struct checker *c, uint32_t id, const struct kind *kind, const struct btf_type *type)
{
	const uint8_t *item = c->btf->at[id] + sizeof(*type) + kind->fixed;
	bool section = kind == &kinds[15];
	int err = 0;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info) && !err; i++, item += kind->item_bytes) {
		if (kind->named)
			err = check_name(c, id, u32_at(item));
		if (!err && kind->item_type)
			err = check_reference(c, id, u32_at(item + kind->item_type), ANY);
		if (!err && section) {
			uint32_t variable = btf_kind(c->btf, u32_at(item));

			if (variable != 14 && variable != 12)
				err = refuse(c->error, ".BTF: section %u lists type %u, which is no variable", id,
					     u32_at(item));
		}
	}
	return err;
}

static int check_type(struct checker *c, uint32_t id)
{
	struct btf_type type = btf_type(c->btf, id);
	const struct kind *kind = &kinds[BTF_INFO_KIND(type.info)];
	const uint8_t *fixed = c->btf->at[id] + sizeof(type);
	int err = check_name(c, id, type.name_off);

	if (!err)
		err = check_reference(c, id, type.type, kind->refers);
	if (!err && kind == &kinds[3])
		err = check_reference(c, id, u32_at(fixed), ANY);
	if (!err && kind == &kinds[3])
		err = check_reference(c, id, u32_at(fixed + 4), ANY);
	if (!err)
		err = check_items(c, id, kind, &type);
	if (!err)
		err = check_chain(c, id);
	return err;
}

int btf_types_check(struct btf *btf, const uint8_t *data, size_t bytes, char error[static LOAD_ERROR_BYTES])
{
	struct checker c = {.btf = btf, .data = data, .bytes = bytes, .error = error};
	int err;

	btf->at = calloc(bytes / sizeof(struct btf_type) + 2, sizeof(*btf->at));
	if (!btf->at)
		return refuse_no_memory(error, "the types of .BTF");
	err = walk(&c);
	for (uint32_t id = 1; id < btf->count && !err; id++)
		err = check_type(&c, id);
	return err;
}
