// SPDX-License-Identifier: BSD-2-Clause
#include "load/core_relo.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/core_field.h"
#include "load/refuse.h"

#define LD_IMM64 (BPF_LD | BPF_IMM | BPF_DW)

/* What stands in .BTF.ext. */
struct record {
	uint32_t offset; /* bytes, in the section */
	uint32_t type;
	uint32_t path; /* in the strings: "0:1:2" */
	uint32_t kind; /* enum bpf_core_relo_kind */
};

/* What a relocation comes to. */
struct answer {
	bool found;
	bool as_is;                /* the instruction says it already */
	bool checked;              /* the instruction has to say before what the object's own types say */
	uint64_t was, value;       /* by the object's types, and for the device */
	uint32_t was_bytes, bytes; /* of the field, if the width of an access has to follow it; else 0 */
	bool resizable;
};

struct relocation {
	struct linker *l;
	const struct linker_function *function;
	struct load_prog *prog;
	uint32_t insn; /* in prog */
	struct record record;
	struct core_path path;
};

static bool is_field(uint32_t kind)
{
	return kind <= BPF_CORE_FIELD_RSHIFT_U64;
}

static bool asks_existence(uint32_t kind)
{
	return kind == BPF_CORE_FIELD_EXISTS || kind == BPF_CORE_TYPE_EXISTS || kind == BPF_CORE_TYPE_MATCHES ||
	       kind == BPF_CORE_ENUMVAL_EXISTS;
}

static const char *keyword(const struct btf *btf, uint32_t type)
{
	switch (btf_kind(btf, btf_resolve(btf, type))) {
	case BTF_KIND_STRUCT:
		return "struct ";
	case BTF_KIND_UNION:
		return "union ";
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return "enum ";
	default:
		return "";
	}
}

static int refuse_record(const struct relocation *r, const char *what)
{
	return refuse(r->l->error, "function '%.100s', instruction %u: the CO-RE relocation of %s%.100s %s",
		      r->function->name, r->insn, keyword(r->l->btf, r->record.type),
		      btf_name(r->l->btf, r->record.type), what);
}

/* What is to be read of a field. */
static uint64_t field_value(uint32_t kind, const struct core_field *f)
{
	switch (kind) {
	case BPF_CORE_FIELD_BYTE_OFFSET:
		return f->byte;
	case BPF_CORE_FIELD_BYTE_SIZE:
		return f->bytes;
	case BPF_CORE_FIELD_EXISTS:
		return 1;
	case BPF_CORE_FIELD_SIGNED:
		return f->is_signed;
	case BPF_CORE_FIELD_LSHIFT_U64:
		return 64 - (f->bit + f->bits - 8 * f->byte);
	default: /* BPF_CORE_FIELD_RSHIFT_U64 */
		return 64 - f->bits;
	}
}

static int answer_field(const struct relocation *r, struct answer *a)
{
	struct core_field own, device;
	int err = core_field_own(r->l, r->record.type, &r->path, &own);

	if (err)
		return err == -ENOENT ? refuse_record(r, "names no field of it") : err;
	err = core_field_device(r->l, r->record.type, &r->path, &device);
	if (err)
		return err == -ENOENT ? 0 : err;
	a->found = true;
	a->was = field_value(r->record.kind, &own);
	a->value = field_value(r->record.kind, &device);
	/* What a compiler takes for the place of a bit field is its own choice. */
	a->checked =
		!own.width || r->record.kind == BPF_CORE_FIELD_SIGNED || r->record.kind == BPF_CORE_FIELD_RSHIFT_U64;
	if (r->record.kind == BPF_CORE_FIELD_BYTE_OFFSET && !own.width) {
		a->was_bytes = own.bytes;
		a->bytes = device.bytes;
		a->resizable = own.is_plain && device.is_plain;
	}
	return 0;
}

static int answer_type(const struct relocation *r, struct answer *a)
{
	uint32_t kind = r->record.kind, device;
	int64_t was, bytes;
	int err;

	a->checked = kind != BPF_CORE_TYPE_ID_TARGET;
	if (kind == BPF_CORE_TYPE_ID_LOCAL) {
		a->found = true;
		a->was = a->value = r->record.type;
		return 0;
	}
	err = core_field_device_type(r->l, r->record.type, &device, &bytes);
	if (err)
		return err == -ENOENT ? 0 : err;
	a->found = true;
	switch (kind) {
	case BPF_CORE_TYPE_ID_TARGET:
		a->value = device;
		return 0;
	case BPF_CORE_TYPE_SIZE:
		was = btf_size(r->l->btf, r->record.type);
		if (was < 0 || bytes < 0)
			return refuse_record(r, "asks for a size, which it does not have");
		a->was = (uint64_t)was;
		a->value = (uint64_t)bytes;
		return 0;
	default:
		a->was = a->value = 1;
		return 0;
	}
}

static int answer_enumerator(const struct relocation *r, struct answer *a)
{
	const struct btf *btf = r->l->btf;
	uint32_t own = btf_resolve(btf, r->record.type), device, kind = btf_kind(btf, own);
	uint64_t value;
	const char *name;
	int64_t bytes;
	int err;

	if ((kind != BTF_KIND_ENUM && kind != BTF_KIND_ENUM64) || r->path.count != 1 ||
	    r->path.index[0] >= BTF_INFO_VLEN(btf_type(btf, own).info))
		return refuse_record(r, "names no enumerator of it");
	name = btf_enumerator(btf, own, r->path.index[0], &value);
	a->was = r->record.kind == BPF_CORE_ENUMVAL_EXISTS ? 1 : value;
	a->checked = true;
	err = core_field_device_type(r->l, own, &device, &bytes);
	if (!err)
		err = linker_spend(r->l, BTF_INFO_VLEN(btf_type(btf, device).info));
	if (err)
		return err == -ENOENT ? 0 : err;
	/* Compilers differ in whether BTF says which enumerators are negative. */
	a->found = a->as_is = device == own;
	if (a->as_is)
		return 0;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(btf_type(btf, device).info); i++) {
		const char *theirs = btf_enumerator(btf, device, i, &value);

		if (!core_field_same_name(name, theirs))
			continue;
		a->found = true;
		a->value = r->record.kind == BPF_CORE_ENUMVAL_EXISTS ? 1 : value;
		return 0;
	}
	return 0;
}

static int poison(const struct relocation *r)
{
	char what[2 * CORE_PATH_TEXT], field[CORE_PATH_TEXT];

	core_field_print(r->l->btf, r->record.type, is_field(r->record.kind) ? &r->path : NULL, field, sizeof(field));
	snprintf(what, sizeof(what), "%s%s (CO-RE)", keyword(r->l->btf, r->record.type), field);
	return linker_poison(r->l, r->prog, r->insn, what);
}

static int size_code(uint32_t bytes)
{
	switch (bytes) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	case 8:
		return BPF_DW;
	default:
		return -1;
	}
}

/* A load or store: the offset, and the width if the device's field has another one. */
static int patch_access(const struct relocation *r, const struct answer *a, struct bpf_insn *insn)
{
	int size;

	if (a->checked && insn->off != (int64_t)a->was)
		return refuse_record(r, "is at an access of another offset");
	if (a->value > INT16_MAX)
		return refuse_record(r, "leads to an offset that no instruction can hold");
	insn->off = (int16_t)a->value;
	if (!a->bytes || a->bytes == a->was_bytes)
		return 0;
	size = size_code(a->bytes);
	if (BPF_CLASS(insn->code) != BPF_LDX || size < 0 || !a->resizable)
		return refuse_record(r,
				     "is of a field whose size differs in the device, which this access cannot follow");
	insn->code = (uint8_t)(BPF_MODE(insn->code) | BPF_LDX | size);
	return 0;
}

static int patch(const struct relocation *r, const struct answer *a)
{
	struct bpf_insn *insn = (struct bpf_insn *)r->prog->insns + r->insn;

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (BPF_SRC(insn->code) != BPF_K)
			break;
		if (a->checked && insn->imm != (int32_t)a->was)
			return refuse_record(r, "is at a constant of another value");
		insn->imm = (int32_t)a->value;
		return 0;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return patch_access(r, a, insn);
	case BPF_LD:
		if (insn->code != LD_IMM64 || insn->src_reg)
			break;
		if (a->checked &&
		    ((uint32_t)insn[0].imm != (uint32_t)a->was || (uint32_t)insn[1].imm != (uint32_t)(a->was >> 32)))
			return refuse_record(r, "is at a constant of another value");
		insn[0].imm = (int32_t)(uint32_t)a->value;
		insn[1].imm = (int32_t)(uint32_t)(a->value >> 32);
		return 0;
	}
	return refuse_record(r, "is at an instruction that has neither a constant nor an offset");
}

/* The constant that stands for "no" was compiled as what the object's own types say: "yes". */
static int answer_no(const struct relocation *r, struct answer *a)
{
	a->was = 1;
	a->value = 0;
	a->checked = true;
	return patch(r, a);
}

static int apply(const struct relocation *r)
{
	struct answer a = {0};
	int err;

	if (is_field(r->record.kind))
		err = answer_field(r, &a);
	else if (r->record.kind == BPF_CORE_ENUMVAL_EXISTS || r->record.kind == BPF_CORE_ENUMVAL_VALUE)
		err = answer_enumerator(r, &a);
	else
		err = answer_type(r, &a);
	if (err)
		return err;
	if (a.found)
		return a.as_is ? 0 : patch(r, &a);
	return asks_existence(r->record.kind) ? answer_no(r, &a) : poison(r);
}

static int read_record(struct relocation *r, const struct btf_record *from, uint32_t at)
{
	const struct btf *btf = r->l->btf;
	const char *path;
	uint64_t i;

	memcpy(&r->record, from->data, sizeof(r->record));
	i = (r->record.offset - r->function->offset) / 8;
	r->insn = at + (uint32_t)i;
	if (r->record.offset % 8)
		return refuse_record(r, "is in the middle of an instruction");
	if (r->record.kind > BPF_CORE_TYPE_MATCHES)
		return refuse_record(r, "is of a kind that nobody knows");
	if (!r->record.type || r->record.type >= btf->count)
		return refuse_record(r, "names no type");
	path = btf_string(btf, r->record.path);
	if (!path || strnlen(path, ELF_IMAGE_NAME_MAX) == ELF_IMAGE_NAME_MAX || core_field_parse(path, &r->path))
		return refuse_record(r, "does not say which field in the form of 0:1:2");
	return 0;
}

/* Whether instruction i of function is the second half of a 16-byte one is known only from the front. */
static int check_boundaries(struct linker *l, const struct linker_function *function, const struct load_prog *prog,
			    uint32_t at, size_t first, size_t last)
{
	const struct bpf_insn *insns = (const struct bpf_insn *)prog->insns + at;
	size_t next = first;

	for (uint32_t i = 0; i < function->count && next < last; i++) {
		uint64_t offset = function->offset + 8 * (uint64_t)i;

		next += l->btf->relos.at[next].offset == offset;
		if (next < last && l->btf->relos.at[next].offset <= offset)
			break;
		i += insns[i].code == LD_IMM64;
	}
	if (next == last)
		return 0;
	return refuse(l->error,
		      "function '%.100s': a CO-RE relocation is in the middle of an instruction, or not the "
		      "only one of it",
		      function->name);
}

int core_relo_apply(struct linker *l, const struct linker_function *function, struct load_prog *prog, uint32_t at)
{
	const struct btf_records *relos = &l->btf->relos;
	uint64_t end = function->offset + 8 * (uint64_t)function->count;
	size_t first = btf_record_from(relos, function->section, function->offset);
	size_t last = btf_record_from(relos, function->section, end);
	int err = check_boundaries(l, function, prog, at, first, last);

	for (size_t i = first; i < last && !err; i++) {
		struct relocation r = {.l = l, .function = function, .prog = prog};

		err = read_record(&r, &relos->at[i], at);
		if (!err)
			err = apply(&r);
	}
	return err;
}
