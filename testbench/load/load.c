// SPDX-License-Identifier: BSD-2-Clause
/*
 * libbpf relocates and links an object only on its way into a kernel. Asked for a loader program instead
 * (bpf_object__gen_loader), it does the same work without a bpf() call, and a handler registered for the section sees
 * each program just before it would be loaded: linked, with its line information, maps named by their place in the
 * object.
 */
#include "load/load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/btf_check.h"
#include "load/elf_check.h"
#include "load/file.h"

#define OBJECT_BYTES_MAX ((size_t)64 << 20)
#define OBJECT_NAME      "o" /* libbpf puts it before the names of global data: "o.bss" */

/* As they come out of libbpf under gen_loader: maps by their place in the object. */
#define PSEUDO_MAP_IDX       5
#define PSEUDO_MAP_IDX_VALUE 6

struct loading {
	const char *path;
	struct load_object *object;
	struct bpf_object *bpf;
	char *error;
	char said[LOAD_ERROR_BYTES]; /* libbpf's first warning */
	int handlers[ELF_CHECK_SECTIONS_MAX];
	size_t num_handlers;
};

/* libbpf's log callback has no argument for its caller's context. */
static _Thread_local struct loading *listener;

__attribute__((format(printf, 2, 3))) static int refuse(struct loading *l, const char *format, ...)
{
	int n = snprintf(l->error, LOAD_ERROR_BYTES, "%s: ", l->path);
	va_list args;

	va_start(args, format);
	if (n >= 0 && n < LOAD_ERROR_BYTES)
		vsnprintf(l->error + n, LOAD_ERROR_BYTES - n, format, args);
	va_end(args);
	return -EINVAL;
}

__attribute__((format(printf, 2, 0))) static int listen_to_libbpf(enum libbpf_print_level level, const char *format,
								  va_list args)
{
	static const char prefix[] = "libbpf: ";
	struct loading *l = listener;
	char line[LOAD_ERROR_BYTES];
	const char *text = line;

	if (!l || level != LIBBPF_WARN || l->said[0])
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = 0;
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	memcpy(l->said, text, strlen(text) + 1);
	return 0;
}

static int refuse_as_libbpf(struct loading *l, int err)
{
	char reason[128];

	libbpf_strerror(err, reason, sizeof(reason));
	return refuse(l, "libbpf cannot load it: %s", l->said[0] ? l->said : reason);
}

/* A name of the file's as text that can be printed anywhere. */
static void copy_name(char *to, size_t bytes, const char *name)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < bytes; i++)
		to[i] = isprint((unsigned char)name[i]) ? name[i] : '?';
	to[i] = 0;
}

static int take_map(struct loading *l, const struct bpf_map *from, struct load_map *to)
{
	const char *name = bpf_map__name(from);
	size_t bytes = 0;
	const void *data;

	to->type = bpf_map__type(from);
	to->key_size = bpf_map__key_size(from);
	to->inner = LOAD_NO_MAP;
	to->value_size = bpf_map__value_size(from);
	to->max_entries = bpf_map__max_entries(from);
	to->flags = bpf_map__map_flags(from);
	if (bpf_map__is_internal(from)) {
		if (strncmp(name, OBJECT_NAME ".", strlen(OBJECT_NAME ".")) == 0)
			name += strlen(OBJECT_NAME);
		/* libbpf's, to map the section into the process that loads it: there is none here. */
		to->flags &= ~(uint32_t)BPF_F_MMAPABLE;
		data = bpf_map__initial_value((struct bpf_map *)(uintptr_t)from, &bytes);
		if (!data || bytes != to->value_size)
			return refuse(l, "libbpf shows no contents of section '%s'", name);
		to->data = malloc(bytes ? bytes : 1);
		if (!to->data)
			return refuse(l, "no memory for the contents of section '%s'", name);
		memcpy(to->data, data, bytes);
		to->freeze = to->flags & BPF_F_RDONLY_PROG;
	}
	copy_name(to->name, sizeof(to->name), name);
	return 0;
}

static int take_maps(struct loading *l)
{
	struct bpf_map *map;
	size_t count = 0, i = 0;

	for (map = bpf_object__next_map(l->bpf, NULL); map; map = bpf_object__next_map(l->bpf, map))
		count++;
	l->object->maps = calloc(count ? count : 1, sizeof(*l->object->maps));
	if (!l->object->maps)
		return refuse(l, "no memory for %zu maps", count);
	for (map = bpf_object__next_map(l->bpf, NULL); map; map = bpf_object__next_map(l->bpf, map)) {
		/* A pinned map would be looked up in /sys/fs/bpf. */
		if (bpf_map__pin_path(map) && bpf_map__set_pin_path(map, NULL))
			return refuse(l, "libbpf cannot unpin map '%s'", bpf_map__name(map));
		l->object->num_maps = i + 1;

		int err = take_map(l, map, &l->object->maps[i++]);

		if (err)
			return err;
	}
	return 0;
}

static int take_insns(struct loading *l, const struct bpf_program *from, struct load_prog *to)
{
	size_t count = bpf_program__insn_cnt(from);
	struct bpf_insn *insns = malloc(count ? count * sizeof(*insns) : 1);

	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(from), count * sizeof(*insns));
	to->insns = (uint8_t *)insns;
	to->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		struct bpf_insn *insn = &insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (i + 1 == count)
			return refuse(l, "program '%s' ends in the middle of a 16-byte instruction", to->name);
		if (insn->src_reg == PSEUDO_MAP_IDX || insn->src_reg == PSEUDO_MAP_IDX_VALUE) {
			if (insn->imm < 0 || (size_t)insn->imm >= l->object->num_maps)
				return refuse(l, "program '%s', instruction %zu: no such map", to->name, i);
			insn->src_reg = insn->src_reg == PSEUDO_MAP_IDX ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
		} else if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE) {
			return refuse(l, "program '%s', instruction %zu refers to a map without a relocation", to->name,
				      i);
		}
		i++;
	}
	return 0;
}

static int take_lines(struct loading *l, const struct bpf_prog_load_opts *opts, struct load_prog *to)
{
	const struct btf *btf = bpf_object__btf(l->bpf);
	const uint8_t *record = opts->line_info;
	uint32_t bytes = opts->line_info_rec_size;

	if (!btf || !record || bytes < sizeof(struct bpf_line_info))
		return 0;
	to->lines = calloc(opts->line_info_cnt ? opts->line_info_cnt : 1, sizeof(*to->lines));
	if (!to->lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < opts->line_info_cnt; i++, record += bytes) {
		struct load_line *line = &to->lines[to->num_lines];
		struct bpf_line_info info;

		memcpy(&info, record, sizeof(info));

		const char *file = btf__str_by_offset(btf, info.file_name_off);
		const char *text = btf__str_by_offset(btf, info.line_off);

		/* Line 0: the compiler's own instructions. */
		if (!file || !text || info.insn_off >= to->count || BPF_LINE_INFO_LINE_NUM(info.line_col) == 0)
			continue;
		line->insn = info.insn_off;
		line->line = BPF_LINE_INFO_LINE_NUM(info.line_col);
		line->file = strdup(file);
		line->text = strdup(text + strspn(text, " \t"));
		to->num_lines++;
		if (!line->file || !line->text)
			return -ENOMEM;
	}
	return 0;
}

static int take_program(struct bpf_program *from, struct bpf_prog_load_opts *opts, long cookie)
{
	struct loading *l = (struct loading *)cookie;
	struct load_object *object = l->object;
	struct load_prog *grown = reallocarray(object->progs, object->num_progs + 1, sizeof(*grown));
	struct load_prog *to;
	int err;

	if (!grown)
		return -ENOMEM;
	object->progs = grown;
	to = &grown[object->num_progs++];
	memset(to, 0, sizeof(*to));
	copy_name(to->name, sizeof(to->name), bpf_program__name(from));
	copy_name(to->section, sizeof(to->section), bpf_program__section_name(from));
	err = take_insns(l, from, to);
	if (!err)
		err = take_lines(l, opts, to);
	return err;
}

/*
 * libbpf 1.1 keeps a dangling pointer once its last handler is unregistered, and the next registration frees it again.
 * So one handler, for a section that no object has, stays for good.
 */
__attribute__((constructor)) static void keep_one_handler(void)
{
	libbpf_register_prog_handler("refnic/none", BPF_PROG_TYPE_XDP, BPF_XDP, NULL);
}

static int register_sections(struct loading *l, const struct elf_check *elf)
{
	struct libbpf_prog_handler_opts opts;

	memset(&opts, 0, sizeof(opts));
	opts.sz = sizeof(opts);
	opts.cookie = (long)l;
	opts.prog_prepare_load_fn = take_program;

	for (size_t i = 0; i < elf->num_xdp_sections; i++) {
		int handler = libbpf_register_prog_handler(elf->xdp_sections[i], BPF_PROG_TYPE_XDP, BPF_XDP, &opts);

		if (handler < 0)
			return refuse(l, "libbpf cannot watch section '%s': error %d", elf->xdp_sections[i], -handler);
		l->handlers[l->num_handlers++] = handler;
	}
	return 0;
}

static bool in_xdp_section(const struct bpf_program *program, const struct elf_check *elf)
{
	for (size_t i = 0; i < elf->num_xdp_sections; i++)
		if (strcmp(bpf_program__section_name(program), elf->xdp_sections[i]) == 0)
			return true;
	return false;
}

static int link_programs(struct loading *l, const struct elf_check *elf, const uint8_t *image, size_t bytes)
{
	struct bpf_object_open_opts open_opts;
	struct gen_loader_opts gen_opts;
	struct bpf_program *program;
	int err;

	/* Padding too: libbpf refuses what it does not know and is not 0. */
	memset(&open_opts, 0, sizeof(open_opts));
	memset(&gen_opts, 0, sizeof(gen_opts));
	open_opts.sz = sizeof(open_opts);
	gen_opts.sz = sizeof(gen_opts);
	open_opts.object_name = OBJECT_NAME;
#if LIBBPF_MAJOR_VERSION > 1 || LIBBPF_MINOR_VERSION >= 4
	/* Else it asks the kernel for a token. */
	open_opts.bpf_token_path = "";
#endif
	l->bpf = bpf_object__open_mem(image, bytes, &open_opts);
	if (!l->bpf)
		return refuse_as_libbpf(l, -errno);
	err = take_maps(l);
	if (err)
		return err;
	for (program = bpf_object__next_program(l->bpf, NULL); program;
	     program = bpf_object__next_program(l->bpf, program))
		bpf_program__set_autoload(program, in_xdp_section(program, elf));
	err = bpf_object__gen_loader(l->bpf, &gen_opts);
	if (!err)
		err = bpf_object__load(l->bpf);
	if (err)
		return l->error[0] ? -EINVAL : refuse_as_libbpf(l, err);
	if (!l->object->num_progs)
		return refuse(l, "section '%s' holds no function", elf->xdp_sections[0]);
	return 0;
}

static int load_image(struct loading *l, const char *section, const uint8_t *image, size_t bytes)
{
	char reason[LOAD_ERROR_BYTES] = "";
	libbpf_print_fn_t previous;
	struct elf_check elf;
	int err = elf_check_image(image, bytes, section, &elf, reason, sizeof(reason));

	if (!err)
		err = btf_check(&elf, reason, sizeof(reason));
	if (err) {
		refuse(l, "%s", reason);
		elf_check_free(&elf);
		return err;
	}
	l->object->gpl_compatible = elf.gpl_compatible;
	listener = l;
	previous = libbpf_set_print(listen_to_libbpf);
	err = register_sections(l, &elf);
	if (!err)
		err = link_programs(l, &elf, image, bytes);
	bpf_object__close(l->bpf);
	for (size_t i = 0; i < l->num_handlers; i++)
		libbpf_unregister_prog_handler(l->handlers[i]);
	libbpf_set_print(previous);
	listener = NULL;
	elf_check_free(&elf);
	return err;
}

struct load_object *load_open(const char *path, const char *section, char error[static LOAD_ERROR_BYTES])
{
	struct loading *l = calloc(1, sizeof(*l));
	struct load_object *object = calloc(1, sizeof(*object));
	uint8_t *image = NULL;
	size_t bytes = 0;
	int err;

	error[0] = 0;
	if (!l || !object) {
		snprintf(error, LOAD_ERROR_BYTES, "%s: no memory", path);
		err = -ENOMEM;
		goto free;
	}
	l->path = path;
	l->object = object;
	l->error = error;
	err = file_read(path, OBJECT_BYTES_MAX, &image, &bytes);
	if (err) {
		refuse(l, "cannot read it: %s; an object compiled with clang -target bpf was expected", strerror(-err));
		goto free;
	}
	err = load_image(l, section, image, bytes);
free:
	free(image);
	free(l);
	if (!err)
		return object;
	load_free(object);
	return NULL;
}

void load_free(struct load_object *object)
{
	if (!object)
		return;
	for (size_t i = 0; i < object->num_progs; i++) {
		struct load_prog *prog = &object->progs[i];

		for (size_t j = 0; j < prog->num_lines; j++) {
			free(prog->lines[j].file);
			free(prog->lines[j].text);
		}
		free(prog->lines);
		free(prog->insns);
	}
	for (size_t i = 0; i < object->num_maps; i++)
		free(object->maps[i].data);
	free(object->progs);
	free(object->maps);
	free(object);
}

static void list_programs(const struct load_object *object, char *to, size_t bytes)
{
	size_t used = 0;

	to[0] = 0;
	for (size_t i = 0; i < object->num_progs && used < bytes; i++)
		used += snprintf(to + used, bytes - used, "%s%s (section '%s')", i ? ", " : "", object->progs[i].name,
				 object->progs[i].section);
}

const struct load_prog *load_choose(const struct load_object *object, const char *program,
				    char error[static LOAD_ERROR_BYTES])
{
	char names[LOAD_ERROR_BYTES / 2];

	for (size_t i = 0; program && i < object->num_progs; i++)
		if (strcmp(object->progs[i].name, program) == 0)
			return &object->progs[i];
	if (!program && object->num_progs == 1)
		return &object->progs[0];
	list_programs(object, names, sizeof(names));
	if (program)
		snprintf(error, LOAD_ERROR_BYTES, "no XDP program '%.64s'; there is %s", program, names);
	else
		snprintf(error, LOAD_ERROR_BYTES, "%zu XDP programs; choose one with --program: %s", object->num_progs,
			 names);
	return NULL;
}

const struct load_line *load_line_of(const struct load_prog *prog, uint32_t insn)
{
	const struct load_line *best = NULL;

	for (size_t i = 0; i < prog->num_lines; i++)
		if (prog->lines[i].insn <= insn && (!best || prog->lines[i].insn >= best->insn))
			best = &prog->lines[i];
	return best;
}
