// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"
#include "load/offload.h"
#include "replay/maps.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "unit/testbench/scratch.h"

/* The entry stands between the others. It counts in the map that element 3 of outer is, and goes on in jmp[5]. */
static const char text[] =
	"#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
	"int two(struct xdp_md *ctx), three(struct xdp_md *ctx);\n"
	"struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 8); __uint(key_size, 4); __array(values, "
	"int "
	"(void *)); } jmp\n"
	"	SEC(\".maps\") = { .values = { [1] = (void *)&two, [5] = (void *)&three } };\n"
	"struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, "
	"__u32); } "
	"user SEC(\".maps\");\n"
	"struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, "
	"__u64); } "
	"one SEC(\".maps\"), other SEC(\".maps\");\n"
	"struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); "
	"__array(values, "
	"struct inner); } outer\n"
	"	SEC(\".maps\") = { .values = { [3] = &one } };\n"
	"struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, "
	"struct "
	"inner); } hash SEC(\".maps\");\n"
	"SEC(\"xdp/two\") int two(struct xdp_md *ctx) { return 2; }\n"
	"SEC(\"xdp\") int entry(struct xdp_md *ctx) { __u32 k = 3, z = 0; __u64 *v; void *m = "
	"bpf_map_lookup_elem(&outer, "
	"&k), *h = bpf_map_lookup_elem(&hash, &k);\n"
	"	v = m ? bpf_map_lookup_elem(m, &z) : 0; if (v) *v += 1;\n"
	"	v = h ? bpf_map_lookup_elem(h, &z) : 0; if (v) *v += 1;\n"
	"	bpf_tail_call(ctx, &jmp, 5); return 1; }\n"
	"SEC(\"xdp/three\") int three(struct xdp_md *ctx) { bpf_tail_call(ctx, &user, 0); return 3; }\n"
	"SEC(\"xdp/four\") int four(struct xdp_md *ctx) { return 4; }\n"
	"SEC(\"xdp/five\") int five(struct xdp_md *ctx) { return 5; }\n";

struct bench {
	struct scratch scratch;
	struct load_object *object;
	struct rig *rig;
	struct drv_net *net;
	const char *texts[2]; /* --map */
	size_t num_texts;
};

static void set_up(struct bench *b)
{
	char error[LOAD_ERROR_BYTES] = "";
	const struct load_prog *entry;
	struct net_config config;

	memset(b, 0, sizeof(*b));
	scratch_create(&b->scratch);
	b->object = load_open(scratch_compile(&b->scratch, "tail.o", text, "bpf -mcpu=v3"), "xdp", error);
	cr_assert(b->object, "%s", error);
	entry = load_choose(b->object, NULL, error);
	cr_assert(entry, "%s", error);
	b->object->entry = (uint32_t)(entry - b->object->progs);
	rig_config_default(&config);
	b->rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert(b->rig);
	b->net = rig_driver(b->rig);
	cr_assert_eq(offload_start(b->net, error), 0, "%s", error);
}

static void tear_down(struct bench *b)
{
	rig_close(b->rig);
	load_free(b->object);
	scratch_remove(&b->scratch);
}

/* --map name=elements, an array in JSON. */
static void add_map(struct bench *b, const char *name, const char *elements)
{
	char file[64], *kept = malloc(2 * SCRATCH_PATH);

	snprintf(file, sizeof(file), "%s.json", name);
	snprintf(kept, 2 * SCRATCH_PATH, "%s=%s", name, scratch_write(&b->scratch, file, elements, strlen(elements)));
	b->texts[b->num_texts++] = kept;
}

/* As replay and run do it. */
static enum status offload(struct bench *b, char error[static LOAD_ERROR_BYTES])
{
	const struct load_object *object = b->object;
	struct drv_xdp_prog_info info;
	enum status status = status_of_offload(offload_maps(b->net, object, error));

	if (!status)
		status = maps_fill_all(b->net, object, b->texts, b->num_texts, error);
	if (!status)
		status = status_of_offload(offload_freeze(b->net, object, error));
	if (!status)
		status = status_of_offload(
			offload_prog(b->net, object, &object->progs[object->entry], OFFLOAD_ENTRY_ID, 0, &info, error));
	if (!status)
		status = status_of_offload(offload_slots(b->net, object, error));
	return status ? status : maps_fill_progs(b->net, object, b->texts, b->num_texts, error);
}

static uint64_t run(struct bench *b)
{
	uint8_t frame[1024] = {0};
	uint32_t bytes = 64, queue = 0;
	uint64_t r0 = 0;

	cr_assert_eq(drv_xdp_test_run(b->net, OFFLOAD_ENTRY_ID, 1, &queue, frame, &bytes, sizeof(frame), &r0, NULL), 0);
	return r0;
}

static void write_json(struct bench *b, uint8_t **json)
{
	const char *path = scratch_path(&b->scratch, "maps.json");
	char error[LOAD_ERROR_BYTES];
	struct maps maps;
	size_t bytes;
	FILE *file = fopen(path, "w");

	cr_assert(file);
	cr_assert_eq(maps_read(b->net, b->object, NULL, &maps, error), 0, "%s", error);
	maps_write(file, &maps);
	maps_free(&maps);
	fclose(file);
	cr_assert_eq(file_read(path, 1 << 20, json, &bytes), 0);
}

/* Ids follow from the object and its entry alone. */
Test(maps_names, ids)
{
	static const struct {
		const char *name;
		uint32_t id;
	} rows[] = {{"entry", 0}, {"two", 1}, {"three", 2}, {"four", 3}, {"five", 4}};
	struct bench b;

	set_up(&b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct load_prog *prog = offload_prog_of(b.object, rows[i].id);

		cr_assert(prog && strcmp(prog->name, rows[i].name) == 0, "id %u", rows[i].id);
		cr_assert_eq(offload_prog_id(b.object, prog), rows[i].id);
	}
	cr_assert_null(offload_prog_of(b.object, 5));
	tear_down(&b);
}

/* What the object fills in, what files name and what they say in bytes; and out again by name. */
Test(maps_names, tail_calls_and_inner_maps)
{
	char error[LOAD_ERROR_BYTES] = "";
	const char *json;
	uint8_t *bytes;
	struct bench b;

	set_up(&b);
	add_map(&b, "user",
		"[{\"key\": [0, 0, 0, 0], \"value\": \"five\"}, {\"key\": [1, 0, 0, 0], \"value\": [3, 0, 0, 0]}]");
	add_map(&b, "hash", "[{\"key\": [3, 0, 0, 0], \"value\": \"other\"}]");
	cr_assert_eq(offload(&b, error), STATUS_DONE, "%s", error);
	cr_assert_eq(run(&b), 5);
	cr_assert_eq(run(&b), 5);
	write_json(&b, &bytes);
	json = (const char *)bytes;
	cr_assert(strstr(json, "\"value\": \"two\"") && strstr(json, "\"value\": \"three\"") &&
			  strstr(json, "\"value\": \"four\"") && strstr(json, "\"value\": \"five\"") &&
			  strstr(json, "\"value\": \"one\"") && strstr(json, "\"value\": \"other\""),
		  "%s", json);
	cr_assert(!strstr(json, "inner"), "a template is shown: %s", json);
	for (const char *name = "\"one\""; name; name = strcmp(name, "\"one\"") == 0 ? "\"other\"" : NULL) {
		const char *at = strstr(json, name);

		cr_assert(at && strstr(at, "\"value\": [\"0x02\""), "%s did not count: %s", name, json);
	}
	free(bytes);
	for (size_t i = 0; i < b.num_texts; i++)
		free((void *)(uintptr_t)b.texts[i]);
	tear_down(&b);
}

Test(maps_names, without_files)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct bench b;

	set_up(&b);
	cr_assert_eq(offload(&b, error), STATUS_DONE, "%s", error);
	cr_assert_eq(run(&b), 3);
	tear_down(&b);
}

Test(maps_names, refusals)
{
	static const struct {
		const char *map, *elements, *want;
	} rows[] = {
		{"user", "[{\"key\": [0, 0, 0, 0], \"value\": \"six\"}]", "no XDP program 'six'"},
		{"user", "[{\"key\": [0, 0, 0, 0], \"value\": [9, 0, 0, 0]}]", "cannot be written to map 'user'"},
		{"user", "[{\"key\": [9, 0, 0, 0], \"value\": \"five\"}]", "cannot be written to map 'user'"},
		{"hash", "[{\"key\": [0, 0, 0, 0], \"value\": \"nothing\"}]", "no map 'nothing'"},
		{"hash", "[{\"key\": [0, 0, 0, 0], \"value\": \"user\"}]", "cannot be written to map 'hash'"},
		{"hash", "[{\"key\": [0, 0, 0, 0], \"value\": \"hash.inner\"}]", "no map 'hash.inner'"},
		{"hash.inner", "[]", "no map 'hash.inner'"},
		{"one", "[{\"key\": [0, 0, 0, 0], \"value\": \"five\"}]", "array of bytes"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct bench b;

		set_up(&b);
		add_map(&b, rows[i].map, rows[i].elements);
		cr_assert_neq(offload(&b, error), STATUS_DONE, "row %zu", i);
		cr_assert(strstr(error, rows[i].want), "row %zu: %s", i, error);
		free((void *)(uintptr_t)b.texts[0]);
		tear_down(&b);
	}
}
