// SPDX-License-Identifier: BSD-2-Clause
#include "load/core_field.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a program gets in R1. */
static const struct {
	const char *name;
	size_t offset;
} context[] = {
	{"data", offsetof(struct xdp_md, data)},
	{"data_end", offsetof(struct xdp_md, data_end)},
	{"data_meta", offsetof(struct xdp_md, data_meta)},
	{"ingress_ifindex", offsetof(struct xdp_md, ingress_ifindex)},
	{"rx_queue_index", offsetof(struct xdp_md, rx_queue_index)},
	{"egress_ifindex", offsetof(struct xdp_md, egress_ifindex)},
};

#define CONTEXT_NAME  "xdp_md"
#define CONTEXT_BYTES 24

static const char *const kernel_types[] = {
#define KERNEL_TYPE(name) name,
#include "load/kernel_type.def"
#undef KERNEL_TYPE
};

/* A step of a path that counts: a member with a name, or an element of an array. */
struct step {
	const char *name; /* NULL: an element */
	uint32_t index;
};

struct walk {
	struct linker *l;
	uint64_t bit;
	uint32_t type; /* reached so far */
	uint32_t width;
	struct step steps[CORE_PATH_MAX];
	uint32_t num_steps;
};

int core_field_parse(const char *text, struct core_path *path)
{
	memset(path, 0, sizeof(*path));
	for (;;) {
		unsigned long long index;
		char *end;

		if (path->count == CORE_PATH_MAX || *text < '0' || *text > '9')
			return -EINVAL;
		index = strtoull(text, &end, 10);
		if (index > INT32_MAX)
			return -EINVAL;
		path->index[path->count++] = (uint32_t)index;
		if (!*end)
			return 0;
		if (*end != ':')
			return -EINVAL;
		text = end + 1;
	}
}

/* How much of a name is not flavor. */
static size_t essence(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor && flavor > name && flavor[3] ? (size_t)(flavor - name) : strlen(name);
}

bool core_field_same_name(const char *a, const char *b)
{
	size_t length = essence(a);

	return length == essence(b) && memcmp(a, b, length) == 0;
}

static bool is_composite(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

static int enter_member(struct walk *w, uint32_t index)
{
	struct btf_type type = btf_type(w->l->btf, w->type);
	struct btf_member member;
	const char *name;

	if (index >= BTF_INFO_VLEN(type.info))
		return -ENOENT;
	member = btf_member(w->l->btf, w->type, index);
	name = btf_string(w->l->btf, member.name_off);
	w->bit += btf_member_bit(&type, &member);
	w->width = btf_member_width(&type, &member);
	w->type = member.type;
	if (*name)
		w->steps[w->num_steps++].name = name;
	return 0;
}

static int enter_element(struct walk *w, uint32_t index, bool may_exceed)
{
	struct btf_array array = btf_array(w->l->btf, w->type);
	int64_t bytes = btf_size(w->l->btf, array.type);

	/* An array at the end of a struct may be longer than it says. */
	if (bytes < 0 || (index >= array.nelems && array.nelems && !may_exceed))
		return -ENOENT;
	w->bit += (uint64_t)index * (uint64_t)bytes * 8;
	w->width = 0;
	w->type = array.type;
	w->steps[w->num_steps++] = (struct step){NULL, index};
	return 0;
}

/* Bits of a field, and what to load for them. */
static int measure(const struct walk *w, struct core_field *field)
{
	const struct btf *btf = w->l->btf;
	uint32_t id = btf_resolve(btf, w->type), kind = btf_kind(btf, id), encoding = 0;
	int64_t bytes = btf_size(btf, id);

	if (bytes < 0 || bytes > UINT32_MAX / 8)
		return -ENOENT;
	if (kind == BTF_KIND_INT) {
		memcpy(&encoding, btf->at[id] + sizeof(struct btf_type), sizeof(encoding));
		encoding = BTF_INT_ENCODING(encoding);
	}
	*field = (struct core_field){
		.bit = w->bit,
		.bits = w->width ? w->width : (uint32_t)bytes * 8,
		.width = w->width,
		.byte = w->bit / 8,
		.bytes = (uint32_t)bytes,
		.is_signed = kind == BTF_KIND_INT ? encoding & BTF_INT_SIGNED
						  : (kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64) &&
							    BTF_INFO_KFLAG(btf_type(btf, id).info),
		.is_plain = kind == BTF_KIND_PTR || (kind == BTF_KIND_INT && !(encoding & BTF_INT_SIGNED)),
	};
	if (!w->width)
		return 0;
	/* The smallest aligned integer that holds all of it. */
	if (!bytes || bytes > 8)
		return -ENOENT;
	for (;; field->bytes *= 2) {
		field->byte = w->bit / 8 / field->bytes * field->bytes;
		if (w->bit + w->width - field->byte * 8 <= (uint64_t)field->bytes * 8)
			return 0;
		if (field->bytes >= 8)
			return -ENOENT;
	}
}

static int begin(struct walk *w, struct linker *l, uint32_t type, uint32_t index)
{
	int64_t bytes = btf_size(l->btf, type);

	*w = (struct walk){.l = l, .type = type};
	if (index && bytes < 0)
		return -ENOENT;
	w->bit = index ? (uint64_t)index * (uint64_t)bytes * 8 : 0;
	w->steps[w->num_steps++] = (struct step){NULL, index};
	return 0;
}

static int follow(struct linker *l, uint32_t type, const struct core_path *path, struct walk *w)
{
	int err = begin(w, l, type, path->index[0]);

	for (uint32_t i = 1; i < path->count && !err; i++) {
		uint32_t kind;

		w->type = btf_resolve(l->btf, w->type);
		kind = btf_kind(l->btf, w->type);
		if (is_composite(kind))
			err = enter_member(w, path->index[i]);
		else if (kind == BTF_KIND_ARRAY)
			err = enter_element(w, path->index[i], i > 1);
		else
			err = -ENOENT;
	}
	return err;
}

int core_field_own(struct linker *l, uint32_t type, const struct core_path *path, struct core_field *field)
{
	struct walk w;
	int err = follow(l, type, path, &w);

	return err ? err : measure(&w, field);
}

/* The member called name, in structs without a name, too. */
static int find_member(struct walk *w, const char *name, int depth)
{
	uint32_t id = btf_resolve(w->l->btf, w->type);
	struct btf_type type = btf_type(w->l->btf, id);
	struct walk before = *w;

	if (!is_composite(BTF_INFO_KIND(type.info)) || depth == BTF_DEPTH_MAX)
		return -ENOENT;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		struct btf_member member = btf_member(w->l->btf, id, i);
		const char *theirs = btf_string(w->l->btf, member.name_off);
		int err = linker_spend(w->l, 1);

		if (err)
			return err;
		w->bit = before.bit + btf_member_bit(&type, &member);
		w->width = btf_member_width(&type, &member);
		w->type = member.type;
		if (strcmp(theirs, name) == 0)
			return 0;
		err = *theirs ? -ENOENT : find_member(w, name, depth + 1);
		if (err != -ENOENT)
			return err;
	}
	w->type = before.type;
	return -ENOENT;
}

/* Where the steps of w lead in another type. */
static int follow_names(struct linker *l, uint32_t type, const struct walk *w, struct walk *to)
{
	int err = begin(to, l, type, w->steps[0].index);

	for (uint32_t i = 1; i < w->num_steps && !err; i++) {
		const struct step *step = &w->steps[i];

		to->type = btf_resolve(l->btf, to->type);
		if (step->name)
			err = find_member(to, step->name, 0);
		else
			err = btf_kind(l->btf, to->type) == BTF_KIND_ARRAY ? enter_element(to, step->index, true)
									   : -ENOENT;
	}
	return err;
}

static int context_field(const struct walk *w, struct core_field *field)
{
	if (w->num_steps != 2 || w->steps[0].index || !w->steps[1].name)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(context) / sizeof(context[0]); i++)
		if (strcmp(context[i].name, w->steps[1].name) == 0) {
			*field = (struct core_field){.bit = 8 * context[i].offset,
						     .bits = 32,
						     .byte = context[i].offset,
						     .bytes = 4,
						     .is_plain = true};
			return 0;
		}
	return -ENOENT;
}

static bool is_named(const char *name, const char *essential)
{
	return essence(name) == strlen(essential) && memcmp(name, essential, strlen(essential)) == 0;
}

static bool is_context(const struct btf *btf, uint32_t type)
{
	return btf_kind(btf, type) == BTF_KIND_STRUCT && is_named(btf_name(btf, type), CONTEXT_NAME);
}

static bool is_kernels(const struct btf *btf, uint32_t type)
{
	uint32_t kind = btf_kind(btf, type);
	const char *name = btf_name(btf, type);
	size_t length = essence(name);

	for (size_t i = 0; i < sizeof(kernel_types) / sizeof(kernel_types[0]); i++)
		if ((is_composite(kind) || kind == BTF_KIND_FWD) && length == strlen(kernel_types[i]) &&
		    memcmp(name, kernel_types[i], length) == 0)
			return true;
	return false;
}

/* The next type from id on that is not flavored and is of the name and kind of type; 0: there is none. */
static uint32_t next_candidate(const struct btf *btf, uint32_t type, uint32_t id)
{
	const char *name = btf_name(btf, type);
	size_t length = essence(name);

	for (; id < btf->count; id++)
		if (btf_kind(btf, id) == btf_kind(btf, type) && strncmp(btf_name(btf, id), name, length) == 0 &&
		    !btf_name(btf, id)[length])
			return id;
	return 0;
}

static bool is_flavored(const struct btf *btf, uint32_t type)
{
	const char *name = btf_name(btf, type);

	return essence(name) != strlen(name);
}

int core_field_device(struct linker *l, uint32_t type, const struct core_path *path, struct core_field *field)
{
	uint32_t own = btf_resolve(l->btf, type);
	struct walk w, to;
	int err = follow(l, type, path, &w);

	if (err)
		return err;
	if (is_context(l->btf, own))
		return context_field(&w, field);
	if (is_kernels(l->btf, own))
		return -ENOENT;
	if (!is_flavored(l->btf, own))
		return measure(&w, field);
	err = linker_spend(l, l->btf->count);
	if (err)
		return err;
	for (uint32_t id = next_candidate(l->btf, own, 1); id; id = next_candidate(l->btf, own, id + 1)) {
		err = follow_names(l, id, &w, &to);
		if (!err)
			err = measure(&to, field);
		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

int core_field_device_type(struct linker *l, uint32_t type, uint32_t *device, int64_t *bytes)
{
	uint32_t own = type;
	int err;

	/* A typedef is a type by itself here, other modifiers are not. */
	while (btf_kind(l->btf, own) == BTF_KIND_CONST || btf_kind(l->btf, own) == BTF_KIND_VOLATILE ||
	       btf_kind(l->btf, own) == BTF_KIND_RESTRICT)
		own = btf_type(l->btf, own).type;
	*device = own;
	*bytes = btf_size(l->btf, own);
	if (is_context(l->btf, own)) {
		*bytes = CONTEXT_BYTES;
		return 0;
	}
	if (is_kernels(l->btf, own))
		return -ENOENT;
	if (!is_flavored(l->btf, own))
		return 0;
	err = linker_spend(l, l->btf->count);
	if (err)
		return err;
	*device = next_candidate(l->btf, own, 1);
	*bytes = btf_size(l->btf, *device);
	return *device ? 0 : -ENOENT;
}

void core_field_print(const struct btf *btf, uint32_t type, const struct core_path *path, char *to, size_t bytes)
{
	struct linker l = {.btf = btf};
	struct walk w;
	size_t used;

	snprintf(to, bytes, "%s", "");
	linker_copy_name(to, bytes, btf_name(btf, type));
	if (!path || follow(&l, type, path, &w))
		return;
	used = strlen(to);
	for (uint32_t i = 1; i < w.num_steps && used + 1 < bytes; i++) {
		if (w.steps[i].name) {
			to[used++] = '.';
			linker_copy_name(to + used, bytes - used, w.steps[i].name);
			used += strlen(to + used);
		} else {
			int n = snprintf(to + used, bytes - used, "[%u]", w.steps[i].index);

			used += n > 0 ? (size_t)n : 0;
		}
	}
}
