// SPDX-License-Identifier: BSD-2-Clause
/*
 * Objects with some of their bytes changed, cut off or taken from another object: the loader refuses each in one
 * sentence, or what it gives holds together; twice the same. REFNIC_FUZZ=N tries N objects, REFNIC_SEED=S starts at
 * seed S.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <ctype.h>
#include <elf.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "fuzz/generate.h"
#include "load/file.h"
#include "load/load.h"

#define OBJECTS     5000
#define CORPUS_MAX  64
#define CHANGES_MAX 6
#define FILE_MAX    ((size_t)1 << 20)

struct corpus {
	struct {
		uint8_t *data;
		size_t bytes;
	} at[CORPUS_MAX];
	size_t count;
};

/* What the examples do not have: old map definitions, elements that the object fills in, CO-RE. */
static const char *const sources[] = {
	"struct bpf_elf_map { unsigned type, key, value, entries, flags, id, pinning, inner_id, inner_idx; };\n"
	"#define SEC(n) __attribute__((section(n), used))\n"
	"struct bpf_elf_map SEC(\"maps\") jmp = {3, 4, 4, 8, 0, 1, 0, 0, 0};\n"
	"struct bpf_elf_map SEC(\"maps\") out = {12, 4, 4, 3, 0, 7, 2, 9, 0};\n"
	"struct bpf_elf_map SEC(\"maps\") in = {1, 4, 8, 16, 0, 9, 0, 0, 2};\n"
	"static void *(*lookup)(void *, void *) = (void *)1;\n"
	"static long (*tail_call)(void *, void *, int) = (void *)12;\n"
	"SEC(\"1/3\") int three(void *c) { return 3; }\n"
	"static __attribute__((noinline)) int f(int k) { return lookup(&out, &k) ? 1 : k; }\n"
	"SEC(\"prog\") int entry(void *c) { tail_call(c, &jmp, 3); return f(4) + f(5); }\n",
	"#define SEC(n) __attribute__((section(n), used))\n#define NUM(name, v) int(*name)[v]\n"
	"#define CORE __attribute__((preserve_access_index))\n"
	"struct xdp_md { unsigned data, data_end, data_meta, ifindex; } CORE;\n"
	"struct own { int a; struct { short b, c; }; int f : 3, g : 9; char arr[9]; } CORE;\n"
	"struct own___2 { short c; char arr[2]; } CORE;\nenum e { A = 1, B = 2 }; enum e___2 { B___x = 3 };\n"
	"static void *(*lookup)(void *, void *) = (void *)1;\n"
	"struct in { NUM(type, 2); NUM(max_entries, 4); int *key; long *value; };\n"
	"struct in one SEC(\".maps\");\nint two(struct xdp_md *c);\n"
	"struct { NUM(type, 12); NUM(max_entries, 4); int *key; struct in *values[]; } out SEC(\".maps\") = {.values = "
	"{[2] = "
	"&one}};\n"
	"struct { NUM(type, 3); NUM(max_entries, 4); NUM(key_size, 4); int (*values[])(void *); } jmp SEC(\".maps\") = "
	"{.values = {[1] = (void *)&two}};\n"
	"struct own g = {5}; const volatile int limit = 3; int zero;\n"
	"static __attribute__((noinline)) int f(struct own *o) { return o->c + o->g + o->arr[3] + limit + zero++; }\n"
	"SEC(\"xdp\") int entry(struct xdp_md *c) { struct own___2 *o = (void *)&g; int k = 1;\n"
	"	if (!lookup(&out, &k) || !lookup(&jmp, &k)) return 1;\n"
	"	return f(&g) + __builtin_preserve_field_info(o->arr[1], 0) +\n"
	"		__builtin_preserve_enum_value(*(enum e___2 *)B___x, 1) + c->data_end; }\n"
	"SEC(\"tail\") int two(struct xdp_md *c) { return 2; }\n",
};

static void add(struct corpus *c, const char *path)
{
	cr_assert_lt(c->count, CORPUS_MAX);
	cr_assert_eq(file_read(path, FILE_MAX, &c->at[c->count].data, &c->at[c->count].bytes), 0, "%s", path);
	c->count++;
}

static void compile(struct corpus *c, const char *source)
{
	char dir[] = "/tmp/refnic-fuzz-XXXXXX", from[64], to[64], command[256];
	const char *clang = getenv("CLANG");
	FILE *file;

	cr_assert(mkdtemp(dir));
	snprintf(from, sizeof(from), "%s/o.c", dir);
	snprintf(to, sizeof(to), "%s/o.o", dir);
	file = fopen(from, "w");
	cr_assert(file && fputs(source, file) >= 0 && fclose(file) == 0);
	snprintf(command, sizeof(command), "%s -target bpf -O2 -g -w -c -o %s %s", clang ? clang : "clang", to, from);
	cr_assert_eq(system(command), 0, "%s", source);
	add(c, to);
	unlink(from);
	unlink(to);
	rmdir(dir);
}

static void collect(struct corpus *c)
{
	char self[4096], pattern[4200];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	glob_t found;

	cr_assert_gt(length, 0);
	self[length] = 0;
	snprintf(pattern, sizeof(pattern), "%s/progs/*.bpf.o", dirname(self));
	cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "%s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		add(c, found.gl_pathv[i]);
	globfree(&found);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		compile(c, sources[i]);
}

/* ---- changes ---- */

struct object {
	uint8_t *data;
	size_t bytes;
	uint64_t rng;
};

static uint64_t pick(struct object *o, uint64_t below)
{
	return below ? generate_random(&o->rng) % below : 0;
}

/* A stretch where changes tell: all of the file, the section headers, or one section, by what the good file says. */
static void choose(struct object *o, size_t *from, size_t *bytes)
{
	Elf64_Ehdr head;
	Elf64_Shdr section;

	*from = 0;
	*bytes = o->bytes;
	if (o->bytes < sizeof(head) || pick(o, 8) == 0)
		return;
	memcpy(&head, o->data, sizeof(head));
	if (head.e_shnum == 0 || head.e_shoff > o->bytes ||
	    (size_t)head.e_shnum * sizeof(section) > o->bytes - head.e_shoff)
		return;
	*from = head.e_shoff;
	*bytes = head.e_shnum * sizeof(section);
	if (pick(o, 4) == 0)
		return;
	memcpy(&section, o->data + head.e_shoff + pick(o, head.e_shnum) * sizeof(section), sizeof(section));
	if (section.sh_size == 0 || section.sh_offset > o->bytes || section.sh_size > o->bytes - section.sh_offset)
		return;
	*from = section.sh_offset;
	*bytes = section.sh_size;
}

static void change(struct object *o, const struct corpus *c)
{
	static const uint64_t values[] = {0,          1,          2,          4,          7,          8,
					  16,         24,         0x7f,       0x80,       0xff,       0x7fff,
					  0xffff,     0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX, UINT64_MAX - 7,
					  0x100000000};
	size_t from, bytes, at, width = (size_t)1 << pick(o, 4);
	uint64_t value = values[pick(o, sizeof(values) / sizeof(values[0]))];
	size_t other = pick(o, c->count), take;

	choose(o, &from, &bytes);
	if (!bytes)
		return;
	at = from + pick(o, bytes);
	switch (pick(o, 8)) {
	case 0: /* a bit */
		o->data[at] ^= (uint8_t)(1 << pick(o, 8));
		break;
	case 1: /* the end */
		if (pick(o, 16) == 0)
			o->bytes = at;
		break;
	case 2: /* a piece of another object, or of this one */
		take = 1 + pick(o, 64);
		if (take > c->at[other].bytes || take > o->bytes - at)
			break;
		memcpy(o->data + at, c->at[other].data + pick(o, c->at[other].bytes - take + 1), take);
		break;
	case 3: /* a byte */
		o->data[at] = (uint8_t)generate_random(&o->rng);
		break;
	default: /* a number */
		at -= at % width;
		if (width > o->bytes - at)
			break;
		if (pick(o, 3) == 0)
			value = pick(o, 2 * o->bytes);
		memcpy(o->data + at, &value, width);
		break;
	}
}

/* ---- what has to hold ---- */

static bool is_text(const char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			return false;
	return true;
}

static void check_program(const struct load_object *object, const struct load_prog *prog, uint64_t seed)
{
	cr_assert(prog->count && is_text(prog->name) && is_text(prog->section), "seed %llu", (unsigned long long)seed);
	for (uint32_t i = 0; i < prog->count; i++) {
		const uint8_t *p = prog->insns + 8 * (size_t)i;
		uint32_t map;

		if (p[0] != 0x18)
			continue;
		memcpy(&map, p + 4, sizeof(map));
		if (p[1] >> 4 == 1 || p[1] >> 4 == 2)
			cr_assert_lt(map, object->num_maps, "seed %llu", (unsigned long long)seed);
		i++;
		cr_assert_lt(i, prog->count, "seed %llu", (unsigned long long)seed);
	}
	for (size_t i = 0; i < prog->num_lines; i++)
		cr_assert(prog->lines[i].insn < prog->count && prog->lines[i].file && prog->lines[i].text, "seed %llu",
			  (unsigned long long)seed);
	for (size_t i = 0; i < prog->num_poisons; i++)
		cr_assert(prog->poisons[i].insn < prog->count && is_text(prog->poisons[i].what), "seed %llu",
			  (unsigned long long)seed);
}

static void check_map(const struct load_object *object, const struct load_map *map, uint64_t seed)
{
	cr_assert(is_text(map->name), "seed %llu", (unsigned long long)seed);
	cr_assert(map->inner == LOAD_NO_MAP || map->inner < object->num_maps, "seed %llu", (unsigned long long)seed);
	for (size_t i = 0; i < map->num_slots; i++)
		cr_assert_lt(map->slots[i].target, map->inner == LOAD_NO_MAP ? object->num_progs : object->num_maps,
			     "seed %llu", (unsigned long long)seed);
}

/* Whether it was accepted. */
static bool check(const struct object *o, uint64_t seed)
{
	char error[LOAD_ERROR_BYTES] = "", again[LOAD_ERROR_BYTES] = "";
	/* Exactly as many bytes as there are, so that a read beyond is seen. */
	uint8_t *image = malloc(o->bytes ? o->bytes : 1);
	struct load_object *object, *second;

	cr_assert(image);
	memcpy(image, o->data, o->bytes);
	object = load_bytes(image, o->bytes, "o", NULL, error);
	second = load_bytes(image, o->bytes, "o", NULL, again);
	free(image);
	cr_assert(!object == !second && strcmp(error, again) == 0, "seed %llu: %s, then %s", (unsigned long long)seed,
		  error, again);
	load_free(second);
	if (!object) {
		cr_assert(error[0] && is_text(error), "seed %llu: '%s'", (unsigned long long)seed, error);
		return false;
	}
	cr_assert(object->num_progs, "seed %llu", (unsigned long long)seed);
	for (size_t i = 0; i < object->num_progs; i++)
		check_program(object, &object->progs[i], seed);
	for (size_t i = 0; i < object->num_maps; i++)
		check_map(object, &object->maps[i], seed);
	load_free(object);
	return true;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

Test(objects, changed_bytes)
{
	uint64_t count = number("REFNIC_FUZZ", OBJECTS), first = number("REFNIC_SEED", 1), accepted = 0;
	struct corpus corpus = {0};

	collect(&corpus);
	for (uint64_t seed = first; seed < first + count; seed++) {
		struct object o = {.rng = generate_seed(seed)};
		size_t base = pick(&o, corpus.count), changes = pick(&o, CHANGES_MAX) + (seed >= corpus.count);

		o.bytes = corpus.at[base].bytes;
		o.data = malloc(o.bytes);
		cr_assert(o.data);
		memcpy(o.data, corpus.at[base].data, o.bytes);
		while (changes--)
			change(&o, &corpus);
		accepted += check(&o, seed);
		free(o.data);
	}
	/* Both ends of the loader were reached. */
	if (count >= OBJECTS)
		cr_assert(accepted > count / 20 && accepted < count, "%llu of %llu were accepted",
			  (unsigned long long)accepted, (unsigned long long)count);
	for (size_t i = 0; i < corpus.count; i++)
		free(corpus.at[i].data);
#ifdef __SANITIZE_ADDRESS__
	/* dpdk-a3923d6bd5: wherever it failed, what was built until then is freed. */
	cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
#endif
}
