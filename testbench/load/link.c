// SPDX-License-Identifier: BSD-2-Clause
/*
 * A program is its function, then each local function that it reaches, once, in the order in which calls are met: the
 * order in which libbpf does it, too. Instructions that name a map carry its index.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/core_relo.h"
#include "load/linker.h"
#include "load/refuse.h"
#include "virtio_net_xdp.h"

#define R_BPF_64_64 1
#define R_BPF_64_32 10

#define LD_IMM64 (BPF_LD | BPF_IMM | BPF_DW)
#define CALL     (BPF_JMP | BPF_CALL)

#define INDENT_MAX 256 /* of a source line */

/* A function in the program that is being linked. */
struct part {
	const struct linker_function *function;
	uint32_t at;   /* where it begins in the program */
	uint32_t next; /* the first of its instructions whose call is not resolved yet */
};

struct program {
	struct linker *l;
	struct load_prog *to;
	struct part *parts;
	size_t num_parts;
	uint32_t *open; /* indices of the parts that are being walked, the innermost last */
	size_t num_open;
	uint32_t *part_of; /* of each of the linker's functions, or NOT_YET */
	uint32_t room;     /* instructions */
};

#define NOT_YET UINT32_MAX

static struct bpf_insn *insn_at(const struct program *p, uint32_t i)
{
	return (struct bpf_insn *)p->to->insns + i;
}

static const struct elf_section *section_of(const struct program *p, const struct linker_function *f)
{
	return &p->l->elf->sections[f->section];
}

static const char *name_or(const struct elf_symbol *symbol, const struct linker *l)
{
	return symbol->name[0] || symbol->section >= l->elf->num_sections ? symbol->name
									  : l->elf->sections[symbol->section].name;
}

static int refuse_at(const struct program *p, const struct part *part, uint32_t i, const char *what,
		     const struct elf_symbol *symbol)
{
	return refuse(p->l->error, "function '%.100s', instruction %u: %s%s%.100s%s", part->function->name, i, what,
		      symbol ? " '" : "", symbol ? name_or(symbol, p->l) : "", symbol ? "'" : "");
}

/* Instruction i of part, a LD_IMM64 that is relocated against symbol, names a map. */
static int name_map(const struct program *p, const struct part *part, uint32_t i, const struct elf_symbol *symbol)
{
	struct bpf_insn *insn = insn_at(p, part->at + i);
	const struct linker *l = p->l;
	uint64_t address = symbol->value + (uint64_t)(int64_t)insn[0].imm;
	int64_t index;

	/* Programs ask whether a weak symbol is there: its address is 0. */
	if (symbol->section == 0 && symbol->bind == STB_WEAK) {
		insn[0].imm = insn[1].imm = 0;
		return 0;
	}
	if (symbol->section == 0)
		return refuse_at(p, part, i,
				 "there is no kernel here to resolve what is declared and not defined:", symbol);
	if (symbol->section == ELF_IMAGE_NOWHERE)
		return refuse_at(p, part, i, "in no section is", symbol);
	if (elf_image_is_code(&l->elf->sections[symbol->section]))
		return refuse_at(p, part, i, "no helper of this device calls back, so it cannot use the address of",
				 symbol);
	index = map_data_of(l, symbol->section);
	if (index >= 0) {
		insn[0].src_reg = BPF_PSEUDO_MAP_VALUE;
		insn[0].imm = (int32_t)index;
		insn[1].imm = (int32_t)address;
		return 0;
	}
	index = map_defs_at(l, symbol->section, address);
	if (index < 0 || l->places[index].offset != address)
		return refuse_at(p, part, i, "no map begins at, and no variable is", symbol);
	insn[0].src_reg = BPF_PSEUDO_MAP_FD;
	insn[0].imm = (int32_t)index;
	insn[1].imm = 0;
	return 0;
}

/* A call that is relocated: whether there is something to call. */
static int check_call(const struct program *p, const struct part *part, uint32_t i, const struct elf_reloc *reloc)
{
	struct bpf_insn *insn = insn_at(p, part->at + i);
	const struct elf_symbol *symbol = &p->l->elf->symbols[reloc->symbol];

	char what[128];

	if (insn->code != CALL || reloc->type != R_BPF_64_32)
		return refuse_at(p, part, i, "it is relocated, and names neither a map nor a function:", symbol);
	if (symbol->section == 0 && symbol->bind == STB_WEAK) {
		snprintf(what, sizeof(what), "function %.100s", symbol->name);
		return linker_poison(p->l, p->to, part->at + i, what);
	}
	if (symbol->section == 0)
		return refuse_at(p, part, i,
				 "there is no kernel here to call what is declared and not defined:", symbol);
	if (symbol->section == ELF_IMAGE_NOWHERE)
		return refuse_at(p, part, i, "in no section is", symbol);
	if (insn->src_reg != BPF_PSEUDO_CALL)
		return refuse_at(p, part, i, "it is relocated, and calls no local function:", symbol);
	return 0;
}

/* Maps of a part, and whether everything that is relocated in it can be. */
static int relocate(const struct program *p, const struct part *part)
{
	const struct elf_section *section = section_of(p, part->function);
	uint64_t begin = part->function->offset, end = begin + 8 * (uint64_t)part->function->count;
	size_t next = elf_image_reloc_from(section, begin), last = elf_image_reloc_from(section, end);

	for (uint32_t i = 0; i < part->function->count; i++) {
		struct bpf_insn *insn = insn_at(p, part->at + i);
		const struct elf_reloc *reloc = next < last ? &section->relocs[next] : NULL;
		bool here = reloc && reloc->offset == begin + 8 * (uint64_t)i;
		int err = 0;

		if (insn->code == LD_IMM64 && i + 1 == part->function->count)
			return refuse_at(p, part, i, "the function ends in the middle of a 16-byte instruction", NULL);
		if (here && linker_spend(p->l, p->l->object->num_maps))
			return -EINVAL;
		if (here && insn->code == LD_IMM64 && reloc->type == R_BPF_64_64)
			err = name_map(p, part, i, &p->l->elf->symbols[reloc->symbol]);
		else if (here)
			err = check_call(p, part, i, reloc);
		else if (insn->code == LD_IMM64 &&
			 (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE))
			err = refuse_at(p, part, i, "it refers to a map without a relocation", NULL);
		if (err)
			return err;
		next += here;
		i += insn->code == LD_IMM64;
	}
	if (next < last)
		return refuse(p->l->error,
			      "function '%.100s': a relocation in section '%s' is where no instruction begins",
			      part->function->name, section->name);
	return 0;
}

/* Appends a copy of function as a new part. */
static int append(struct program *p, const struct linker_function *function)
{
	struct linker *l = p->l;
	uint32_t at = p->to->count;
	struct part *part;
	int err;

	l->insns += function->count;
	if (l->insns > LINKER_INSNS_MAX)
		return refuse(l->error, "linked, its programs have more than %llu instructions",
			      (unsigned long long)LINKER_INSNS_MAX);
	if (p->room - at < function->count) {
		uint32_t room = 2 * at + function->count;
		uint8_t *grown = reallocarray(p->to->insns, room, sizeof(struct bpf_insn));

		if (!grown)
			return refuse_no_memory(l->error, "a program");
		p->to->insns = grown;
		p->room = room;
	}
	memcpy(insn_at(p, at), section_of(p, function)->data + function->offset, 8 * (size_t)function->count);
	p->to->count += function->count;
	p->part_of[function - l->functions] = (uint32_t)p->num_parts;
	p->parts[p->num_parts] = (struct part){.function = function, .at = at};
	part = &p->parts[p->num_parts];
	p->open[p->num_open++] = (uint32_t)p->num_parts++;
	err = relocate(p, part);
	return err ? err : core_relo_apply(l, function, p->to, part->at);
}

/* The function that a call of part goes to; NULL after it said why. */
static const struct linker_function *callee(struct program *p, const struct part *part, uint32_t i)
{
	const struct linker_function *f = part->function, *to;
	const struct elf_section *section = section_of(p, f);
	uint64_t offset = f->offset + 8 * (uint64_t)i;
	size_t at = elf_image_reloc_from(section, offset);
	int64_t imm = insn_at(p, part->at + i)->imm;
	const struct elf_symbol *symbol = NULL;
	uint32_t in = f->section;
	int64_t target;

	if (at < section->num_relocs && section->relocs[at].offset == offset) {
		symbol = &p->l->elf->symbols[section->relocs[at].symbol];
		in = symbol->section;
		target = (int64_t)symbol->value + 8 * (imm + 1);
	} else {
		target = (int64_t)offset + 8 * (imm + 1);
	}
	to = target < 0 ? NULL : functions_at(p->l, in, (uint64_t)target);
	if (!to)
		refuse_at(p, part, i,
			  symbol ? "no function begins where it calls, in" : "no function begins where it calls",
			  symbol);
	return to;
}

/* Resolves the next call of the innermost open part, or closes it. */
static int step(struct program *p)
{
	uint32_t index = p->open[p->num_open - 1];

	while (p->parts[index].next < p->parts[index].function->count) {
		uint32_t i = p->parts[index].next++;
		struct bpf_insn *insn = insn_at(p, p->parts[index].at + i);
		const struct linker_function *to;
		uint32_t part;
		int err = 0;

		if (insn->code == LD_IMM64)
			p->parts[index].next++;
		if (insn->code != CALL || insn->src_reg != BPF_PSEUDO_CALL)
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): link_programs() frees what it has allocated */
		to = callee(p, &p->parts[index], i);
		if (!to)
			return -EINVAL;
		part = p->part_of[to - p->l->functions];
		if (part == NOT_YET) {
			part = (uint32_t)p->num_parts;
			err = append(p, to);
		}
		insn_at(p, p->parts[index].at + i)->imm = (int32_t)(p->parts[part].at - (p->parts[index].at + i) - 1);
		return err;
	}
	p->num_open--;
	return 0;
}

/* A source line as it stands in the file; what is in front of it only says how deep it is nested. */
static const char *without_indent(const char *text)
{
	for (int i = 0; i < INDENT_MAX && (*text == ' ' || *text == '\t'); i++)
		text++;
	return text;
}

static int take_lines(struct program *p, const struct part *part)
{
	const struct btf *btf = p->l->btf;
	uint64_t begin = part->function->offset, end = begin + 8 * (uint64_t)part->function->count;
	size_t first = btf_record_from(&btf->lines, part->function->section, begin);
	size_t last = btf_record_from(&btf->lines, part->function->section, end);
	size_t room = last - first < part->function->count ? last - first : part->function->count;
	struct load_line *lines;

	if (first == last)
		return 0;
	if (linker_spend(p->l, last - first))
		return -EINVAL;
	lines = reallocarray(p->to->lines, p->to->num_lines + room, sizeof(*lines));
	if (!lines)
		return refuse_no_memory(p->l->error, "the source lines");
	p->to->lines = lines;
	for (size_t i = first; i < last; i++) {
		struct bpf_line_info info;

		memcpy(&info, btf->lines.at[i].data, sizeof(info));

		const char *strings = p->l->object->strings;
		uint32_t insn = part->at + (uint32_t)((info.insn_off - begin) / 8);
		size_t to = p->to->num_lines;

		/* Line 0: the compiler's own instructions. */
		if (info.file_name_off >= btf->string_bytes || info.line_off >= btf->string_bytes ||
		    BPF_LINE_INFO_LINE_NUM(info.line_col) == 0)
			continue;
		/* Of several for one instruction the last. */
		if (to && lines[to - 1].insn == insn)
			to--;
		lines[to] = (struct load_line){.insn = insn,
					       .file = strings + info.file_name_off,
					       .text = without_indent(strings + info.line_off),
					       .line = BPF_LINE_INFO_LINE_NUM(info.line_col)};
		p->to->num_lines = to + 1;
	}
	return 0;
}

static int take_names(struct program *p)
{
	struct load_function *functions;

	if (p->num_parts > LINKER_NAMES_MAX - p->l->names)
		return 0;
	functions = calloc(p->num_parts + 1, sizeof(*functions));
	if (!functions)
		return refuse_no_memory(p->l->error, "the names of functions");
	for (size_t i = 0; i < p->num_parts; i++) {
		functions[i].insn = p->parts[i].at;
		linker_copy_name(functions[i].name, sizeof(functions[i].name), p->parts[i].function->name);
	}
	p->l->names += p->num_parts;
	p->to->functions = functions;
	p->to->num_functions = p->num_parts;
	return 0;
}

static int take_globals(struct program *p)
{
	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): the program itself is one of them */
	struct load_global *globals = calloc(p->num_parts, sizeof(*globals));

	if (!globals)
		return refuse_no_memory(p->l->error, "the global functions");
	p->to->globals = globals;
	/* the first is the program itself */
	for (size_t i = 1; i < p->num_parts && p->to->num_globals < VIRTIO_NET_XDP_FUNCS_MAX; i++) {
		struct load_global *to = &globals[p->to->num_globals];
		bool found;

		if (globals_take(p->l, p->parts[i].function, to, &found))
			return -EINVAL;
		to->insn = p->parts[i].at;
		p->to->num_globals += found;
	}
	return 0;
}

/* The strings that lines point into, fit for a terminal. */
static int copy_strings(struct linker *l)
{
	const struct btf *btf = l->btf;
	char *to;

	if (!btf->lines.count)
		return 0;
	to = malloc(btf->string_bytes);
	if (!to)
		return refuse_no_memory(l->error, "the source lines");
	for (uint64_t i = 0; i < btf->string_bytes; i++)
		to[i] = btf->strings[i] && btf->strings[i] != '\t' && iscntrl((unsigned char)btf->strings[i])
				? '?'
				: btf->strings[i];
	l->object->strings = to;
	return 0;
}

static int link_program(struct program *p, const struct linker_function *function)
{
	int err = append(p, function);

	while (!err && p->num_open)
		err = step(p);
	for (size_t i = 0; i < p->num_parts && !err; i++)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): link_programs() frees what it has allocated */
		err = take_lines(p, &p->parts[i]);
	if (!err)
		err = take_names(p);
	if (!err)
		err = take_globals(p);
	for (size_t i = 0; i < p->num_parts; i++)
		p->part_of[p->parts[i].function - p->l->functions] = NOT_YET;
	return err;
}

static struct load_prog *add_prog(struct linker *l, struct linker_function *function)
{
	struct load_object *object = l->object;
	struct load_prog *grown = reallocarray(object->progs, object->num_progs + 1, sizeof(*grown)), *to;

	if (!grown) {
		refuse_no_memory(l->error, "the programs");
		return NULL;
	}
	object->progs = grown;
	to = &grown[object->num_progs];
	memset(to, 0, sizeof(*to));
	linker_copy_name(to->name, sizeof(to->name), function->name);
	linker_copy_name(to->section, sizeof(to->section), l->elf->sections[function->section].name);
	to->is_entry = function->is_entry;
	function->prog = (uint32_t)object->num_progs++;
	return to;
}

/* Slots of PROG_ARRAYs name functions until now. */
static void number_slots(struct linker *l)
{
	for (size_t i = 0; i < l->object->num_maps; i++) {
		struct load_map *map = &l->object->maps[i];

		for (size_t j = 0; map->type == BPF_MAP_TYPE_PROG_ARRAY && j < map->num_slots; j++)
			map->slots[j].target = l->functions[map->slots[j].target].prog;
	}
}

/* A program that nobody asked for is no reason to refuse the object. */
static void drop_last(struct linker *l, struct linker_function *function)
{
	linker_free_prog(&l->object->progs[--l->object->num_progs]);
	function->prog = LINKER_NO_PROG;
}

static int take_function(struct program *p, struct linker_function *function)
{
	int err;

	p->num_parts = p->num_open = p->room = 0;
	p->to = add_prog(p->l, function);
	err = p->to ? link_program(p, function) : -ENOMEM;
	if (err != -EINVAL || function->is_prog)
		return err;
	drop_last(p->l, function);
	return 0;
}

int link_programs(struct linker *l)
{
	struct program p = {.l = l};
	int err = 0;

	p.parts = calloc(l->num_functions + 1, sizeof(*p.parts));
	p.open = calloc(l->num_functions + 1, sizeof(*p.open));
	p.part_of = calloc(l->num_functions + 1, sizeof(*p.part_of));
	if (!p.parts || !p.open || !p.part_of) {
		err = refuse_no_memory(l->error, "the functions");
		goto free;
	}
	err = copy_strings(l);
	memset(p.part_of, 0xff, l->num_functions * sizeof(*p.part_of));
	for (size_t i = 0; i < l->num_functions && !err; i++)
		if (l->functions[i].is_prog || l->functions[i].is_optional)
			err = take_function(&p, &l->functions[i]);
	if (!err)
		number_slots(l);
free:
	free(p.parts);
	free(p.open);
	free(p.part_of);
	return err;
}
