// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/offload.h"
#include "load/raw.h"
#include "replay/maps.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "unit/testbench/scratch.h"

static const struct load_map map = {.name = "m", .type = 1, .key_size = 2, .value_size = 3, .max_entries = 8};

static const struct {
	const char *id, *json;
	int err;
	size_t count;
	const char *want;
} rows[] = {
	{"none", "[]", 0, 0, NULL},
	{"one", "[{\"key\": [\"0x01\", \"0xfF\"], \"value\": [\"0x00\", 7, \"0a\"]}]", 0, 1, NULL},
	{"more is ignored", "[{\"key\": [1, 2], \"value\": [1, 2, 3], \"formatted\": {\"key\": 1}}]", 0, 1, NULL},
	{"a map", "{\"name\": \"x\", \"elements\": [{\"key\": [1, 2], \"value\": [1, 2, 3]}]}", 0, 1, NULL},
	{"maps",
	 "[{\"name\": \"x\", \"elements\": 5}, {\"name\": \"m\", \"elements\": [{\"key\": [1, 2], \"value\": [1, 2, "
	 "3]}]}]",
	 0, 1, NULL},
	{"maps without it", "[{\"name\": \"x\", \"elements\": []}]", -EINVAL, 0, "no map 'm'"},
	{"elements are no array", "[{\"name\": \"m\", \"elements\": 5}]", -EINVAL, 0, "no array"},
	{"empty", "", -EINVAL, 0, "no JSON"},
	{"libbpf-82f60c9b one quote", "\"", -EINVAL, 0, "no JSON"},
	{"unfinished", "[{\"key\": [1", -EINVAL, 0, "no JSON"},
	{"number", "5", -EINVAL, 0, ""},
	{"no key", "[{\"value\": [1, 2, 3]}]", -EINVAL, 0, "element 0 has no \"key\""},
	{"no value", "[{\"key\": [1, 2]}]", -EINVAL, 0, "element 0 has no \"value\""},
	{"short key", "[{\"key\": [1], \"value\": [1, 2, 3]}]", -EINVAL, 0, "a key of 1 bytes; the map has 2"},
	{"long value", "[{\"key\": [1, 2], \"value\": [1, 2, 3, 4]}]", -EINVAL, 0, "a value of 4 bytes; the map has 3"},
	{"second element", "[{\"key\": [1, 2], \"value\": [1, 2, 3]}, {}]", -EINVAL, 0, "element 1"},
	{"byte above 255", "[{\"key\": [1, 256], \"value\": [1, 2, 3]}]", -EINVAL, 0, "byte 1 of the key"},
	{"negative byte", "[{\"key\": [-1, 0], \"value\": [1, 2, 3]}]", -EINVAL, 0, "byte 0 of the key"},
	{"long hexadecimal", "[{\"key\": [\"0x100\", 0], \"value\": [1, 2, 3]}]", -EINVAL, 0, "byte 0 of the key"},
	{"sign", "[{\"key\": [\"-1\", 0], \"value\": [1, 2, 3]}]", -EINVAL, 0, "byte 0 of the key"},
	{"empty byte", "[{\"key\": [\"\", 0], \"value\": [1, 2, 3]}]", -EINVAL, 0, "byte 0 of the key"},
	{"null byte", "[{\"key\": [null, 0], \"value\": [1, 2, 3]}]", -EINVAL, 0, "byte 0 of the key"},
	{"element is no object", "[5]", -EINVAL, 0, "element 0 has no \"key\""},
};

Test(maps, parse)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct maps_element *elements;
		size_t count;
		int err = maps_parse(rows[i].json, strlen(rows[i].json), &map, 0, &elements, &count, error);

		cr_assert_eq(err, rows[i].err, "%s: %d %s", rows[i].id, err, error);
		cr_assert_eq(count, rows[i].count, "%s", rows[i].id);
		if (rows[i].want)
			cr_assert(strstr(error, rows[i].want), "%s: %s", rows[i].id, error);
		if (strcmp(rows[i].id, "one") == 0)
			cr_assert(memcmp(elements[0].key, "\x01\xff", 2) == 0 &&
				  memcmp(elements[0].value, "\x00\x07\x0a", 3) == 0);
		maps_free_elements(elements, count);
	}
}

/* One value per receive queue, of which this device has three: as bpftool prints them, or one for all. */
Test(maps, parse_values_per_queue)
{
	static const struct load_map queues = {
		.name = "m", .type = 6, .key_size = 1, .value_size = 3, .max_entries = 8};
	static const struct {
		const char *id, *json;
		const char *values; /* of 8 bytes each; NULL: refused */
		const char *want;
	} texts[] = {
		{"all",
		 "[{\"key\": [1], \"values\": [{\"cpu\": 0, \"value\": [1, 2, 3]}, {\"cpu\": 1, \"value\": [4, 5, 6]},"
		 " {\"cpu\": 2, \"value\": [7, 8, 9]}]}]",
		 "\1\2\3\0\0\0\0\0\4\5\6\0\0\0\0\0\7\x8\x9\0\0\0\0", ""},
		{"some", "[{\"key\": [1], \"values\": [{\"cpu\": 2, \"value\": [1, 2, 3]}]}]",
		 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\0\0\0\0", ""},
		{"one for all", "[{\"key\": [1], \"value\": [1, 2, 3]}]",
		 "\1\2\3\0\0\0\0\0\1\2\3\0\0\0\0\0\1\2\3\0\0\0\0", ""},
		{"no such queue", "[{\"key\": [1], \"values\": [{\"cpu\": 3, \"value\": [1, 2, 3]}]}]", NULL, "cpu 3"},
		{"negative", "[{\"key\": [1], \"values\": [{\"cpu\": -1, \"value\": [1, 2, 3]}]}]", NULL, "cpu -1"},
		{"no cpu", "[{\"key\": [1], \"values\": [{\"value\": [1, 2, 3]}]}]", NULL, "no \"cpu\""},
		{"no value", "[{\"key\": [1], \"values\": [{\"cpu\": 0}]}]", NULL, "no \"value\""},
		{"padded", "[{\"key\": [1], \"values\": [{\"cpu\": 0, \"value\": [1, 2, 3, 0, 0, 0, 0, 0]}]}]", NULL,
		 "a value of 8 bytes; the map has 3"},
		{"no array", "[{\"key\": [1], \"values\": 5}]", NULL, "\"values\" is no array"},
		{"nothing", "[{\"key\": [1]}]", NULL, "no \"value\""},
		{"no objects", "[{\"key\": [1], \"values\": [1, 2, 3]}]", NULL, "no \"cpu\""},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct maps_element *elements;
		size_t count;
		int err = maps_parse(texts[i].json, strlen(texts[i].json), &queues, 3, &elements, &count, error);

		cr_assert_eq(err, texts[i].values ? 0 : -EINVAL, "%s: %s", texts[i].id, error);
		cr_assert(strstr(error, texts[i].want), "%s: %s", texts[i].id, error);
		if (texts[i].values)
			cr_assert_eq(memcmp(elements[0].value, texts[i].values, 24), 0, "%s", texts[i].id);
		maps_free_elements(elements, count);
	}
}

/* A device with the maps of --map texts. */
static struct load_object *object_with(const char *const *maps, size_t count, struct rig **rig)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct load_object *object;
	struct net_config config;

	rig_config_default(&config);
	cr_assert_eq(raw_open("", 0, maps, count, &object, error), 0, "%s", error);
	*rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert(*rig);
	cr_assert_eq(offload_start(rig_driver(*rig), error), 0, "%s", error);
	cr_assert_eq(offload_maps(rig_driver(*rig), object, error), 0, "%s", error);
	return object;
}

static char *written(const struct maps *maps)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	maps_write(file, maps);
	fclose(file);
	return text;
}

/* What is written can be read, into the same contents; keys come sorted as bytes; also without any map or element
 * (syz-nextkey). */
Test(maps, through_a_device_and_back)
{
	static const char *const texts[] = {"hash:4:2:8", "array:4:1:3", "hash:1:1:4"};
	static const char fill[] =
		"[{\"key\": [2, 0, 0, 0], \"value\": [1, 2]}, {\"key\": [0, 0, 0, 1], \"value\": [3, 4]},"
		" {\"key\": [0, 1, 0, 0], \"value\": [5, 6]}, {\"key\": [0, 1, 0, 0], \"value\": [7, 8]}]";
	static const char want[] =
		"[\n"
		"  {\"name\": \"map0\", \"type\": \"hash\", \"key_size\": 4, \"value_size\": 2, \"max_entries\": 8, "
		"\"elements\": [\n"
		"    {\"key\": [\"0x00\", \"0x00\", \"0x00\", \"0x01\"], \"value\": [\"0x03\", \"0x04\"]},\n"
		"    {\"key\": [\"0x00\", \"0x01\", \"0x00\", \"0x00\"], \"value\": [\"0x07\", \"0x08\"]},\n"
		"    {\"key\": [\"0x02\", \"0x00\", \"0x00\", \"0x00\"], \"value\": [\"0x01\", \"0x02\"]}\n"
		"  ]},\n"
		"  {\"name\": \"map1\", \"type\": \"array\", \"key_size\": 4, \"value_size\": 1, \"max_entries\": 3, "
		"\"elements\": [\n"
		"    {\"key\": [\"0x00\", \"0x00\", \"0x00\", \"0x00\"], \"value\": [\"0x00\"]},\n"
		"    {\"key\": [\"0x01\", \"0x00\", \"0x00\", \"0x00\"], \"value\": [\"0x00\"]},\n"
		"    {\"key\": [\"0x02\", \"0x00\", \"0x00\", \"0x00\"], \"value\": [\"0x00\"]}\n"
		"  ]},\n"
		"  {\"name\": \"map2\", \"type\": \"hash\", \"key_size\": 1, \"value_size\": 1, \"max_entries\": 4, "
		"\"elements\": []}\n"
		"]\n";
	char error[LOAD_ERROR_BYTES] = "", *text;
	struct rig *rig;
	struct load_object *object = object_with(texts, 3, &rig);
	struct scratch scratch;
	struct maps maps;

	scratch_create(&scratch);
	cr_assert_eq(
		maps_fill(rig_driver(rig), object, "map0", scratch_write(&scratch, "fill", fill, strlen(fill)), error),
		STATUS_DONE, "%s", error);
	cr_assert_eq(maps_read(rig_driver(rig), object, NULL, &maps, error), 0, "%s", error);
	text = written(&maps);
	cr_assert_str_eq(text, want);
	maps_free(&maps);

	/* All that was written, into another device. */
	scratch_write(&scratch, "all", text, strlen(text));
	free(text);
	rig_close(rig);
	load_free(object);
	object = object_with(texts, 3, &rig);
	cr_assert_eq(maps_fill(rig_driver(rig), object, "map0", scratch_path(&scratch, "all"), error), STATUS_DONE,
		     "%s", error);
	cr_assert_eq(maps_fill(rig_driver(rig), object, "map2", scratch_path(&scratch, "all"), error), STATUS_DONE,
		     "%s", error);
	cr_assert_eq(maps_read(rig_driver(rig), object, NULL, &maps, error), 0, "%s", error);
	text = written(&maps);
	cr_assert_str_eq(text, want);
	free(text);
	maps_free(&maps);
	rig_close(rig);
	load_free(object);
	scratch_remove(&scratch);
}

/* The types that hold plain values, through a device and as text. */
Test(maps, of_every_type)
{
	static const char *const texts[] = {"percpu_hash:1:3:4", "percpu_array:4:8:1", "lru_hash:1:1:2",
					    "lru_percpu_hash:1:1:2", "lpm_trie:8:1:4"};
	static const struct {
		const char *map, *json, *want;
	} fills[] = {
		{"map0",
		 "[{\"key\": [2], \"values\": [{\"cpu\": 0, \"value\": [1, 2, 3]}]}, {\"key\": [1], \"value\": [4, 5, "
		 "6]}]",
		 "\"percpu_hash\", \"key_size\": 1, \"value_size\": 3, \"max_entries\": 4, \"elements\": [\n"
		 "    {\"key\": [\"0x01\"], \"values\": [{\"cpu\": 0, \"value\": [\"0x04\", \"0x05\", \"0x06\"]}]},\n"
		 "    {\"key\": [\"0x02\"], \"values\": [{\"cpu\": 0, \"value\": [\"0x01\", \"0x02\", \"0x03\"]}]}\n  "
		 "]}"},
		{"map1", "[]",
		 "    {\"key\": [\"0x00\", \"0x00\", \"0x00\", \"0x00\"], \"values\": [{\"cpu\": 0, \"value\": "
		 "[\"0x00\", "
		 "\"0x00\", \"0x00\", \"0x00\", \"0x00\", \"0x00\", \"0x00\", \"0x00\"]}]}\n"},
		{"map2",
		 "[{\"key\": [3], \"value\": [1]}, {\"key\": [2], \"value\": [2]}, {\"key\": [1], \"value\": [3]}]",
		 "    {\"key\": [\"0x01\"], \"value\": [\"0x03\"]},\n    {\"key\": [\"0x02\"], \"value\": "
		 "[\"0x02\"]}\n"},
		{"map3", "[{\"key\": [3], \"value\": [1]}]",
		 "    {\"key\": [\"0x03\"], \"values\": [{\"cpu\": 0, \"value\": [\"0x01\"]}]}\n"},
		{"map4",
		 "[{\"key\": [16, 0, 0, 0, 10, 1, 7, 7], \"value\": [2]}, {\"key\": [8, 0, 0, 0, 10, 0, 0, 0], "
		 "\"value\": [1]}]",
		 "    {\"key\": [\"0x08\", \"0x00\", \"0x00\", \"0x00\", \"0x0a\", \"0x00\", \"0x00\", \"0x00\"], "
		 "\"value\": "
		 "[\"0x01\"]},\n"
		 "    {\"key\": [\"0x10\", \"0x00\", \"0x00\", \"0x00\", \"0x0a\", \"0x01\", \"0x00\", \"0x00\"], "
		 "\"value\": "
		 "[\"0x02\"]}\n"},
	};
	char error[LOAD_ERROR_BYTES] = "", *text;
	struct rig *rig;
	struct load_object *object = object_with(texts, 5, &rig);
	struct scratch scratch;
	struct maps maps;

	scratch_create(&scratch);
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++)
		cr_assert_eq(maps_fill(rig_driver(rig), object, fills[i].map,
				       scratch_write(&scratch, "fill", fills[i].json, strlen(fills[i].json)), error),
			     STATUS_DONE, "%s: %s", fills[i].map, error);
	cr_assert_eq(maps_read(rig_driver(rig), object, NULL, &maps, error), 0, "%s", error);
	text = written(&maps);
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++)
		cr_assert(strstr(text, fills[i].want), "%s: %s", fills[i].map, text);
	free(text);
	maps_free(&maps);

	/* What only says what a map of maps holds is no result. */
	object->maps[1].is_template = true;
	cr_assert_eq(maps_read(rig_driver(rig), object, NULL, &maps, error), 0, "%s", error);
	cr_assert_eq(maps.count, 4);
	text = written(&maps);
	cr_assert_not(strstr(text, "map1"));
	free(text);
	maps_free(&maps);
	rig_close(rig);
	load_free(object);
	scratch_remove(&scratch);
}

/* A map that drivers only write is no reason to fail, whichever one of several it is. */
Test(maps, write_only)
{
	static const struct {
		const char *maps[2];
		const char *want;
	} texts[] = {
		{{"hash:1:1:2:0x10", "hash:1:1:3"}, "\"max_entries\": 3"},
		{{"hash:1:1:3", "array:4:8:1:0x10"}, "\"max_entries\": 3"},
		{{"lru_percpu_hash:1:1:1:0x10", "percpu_array:4:8:1:0x10"}, "[]\n"},
		{{"array_of_maps:4:4:2:0x10:1", "array:4:8:3"}, "\"max_entries\": 3"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "", *text;
		struct rig *rig;
		struct load_object *object = object_with(texts[i].maps, 2, &rig);
		json_t *json;
		struct maps maps;

		cr_assert_eq(maps_read(rig_driver(rig), object, NULL, &maps, error), 0, "row %zu: %s", i, error);
		text = written(&maps);
		json = json_loads(text, 0, NULL);
		cr_assert(json_is_array(json), "row %zu: %s", i, text);
		cr_assert_eq(json_array_size(json), (size_t)(text[1] == '\n'), "row %zu: %s", i, text);
		cr_assert(strstr(text, texts[i].want), "row %zu: %s", i, text);
		json_decref(json);
		free(text);
		maps_free(&maps);
		rig_close(rig);
		load_free(object);
	}
}

Test(maps, fill_that_is_refused)
{
	static const char *const texts[] = {"hash:1:1:2", "array:4:1:3"};
	static const struct {
		const char *id, *map, *json;
		enum status status;
		const char *want;
	} fills[] = {
		{"no such map", "nothing", "[]", STATUS_USAGE, "it has map0, map1"},
		{"no such file", "map0", NULL, STATUS_USAGE, "cannot read it"},
		{"bad JSON", "map0", "[", STATUS_USAGE, "no JSON"},
		{"full", "map0",
		 "[{\"key\":[1],\"value\":[1]},{\"key\":[2],\"value\":[1]},{\"key\":[3],\"value\":[1]}]",
		 STATUS_REFUSED, "element 2"},
		{"beyond the array", "map1", "[{\"key\":[3,0,0,0],\"value\":[1]}]", STATUS_REFUSED, "element 0"},
	};
	struct rig *rig;
	struct load_object *object = object_with(texts, 2, &rig);
	struct scratch scratch;

	scratch_create(&scratch);
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		const char *path = fills[i].json ? scratch_write(&scratch, "fill", fills[i].json, strlen(fills[i].json))
						 : scratch_path(&scratch, "nowhere");

		cr_assert_eq(maps_fill(rig_driver(rig), object, fills[i].map, path, error), fills[i].status, "%s: %s",
			     fills[i].id, error);
		cr_assert(strstr(error, fills[i].want), "%s: %s", fills[i].id, error);
	}
	rig_close(rig);
	load_free(object);
	scratch_remove(&scratch);
}

/* Sizes that no device grants, each with its reason: CVE-2024-26885, CVE-2024-26883, CVE-2021-20268, syz-kmalloc. */
Test(maps, impossible_maps)
{
	static const char *const texts[] = {"hash:4:8:0xffffffff",
					    "hash:4:8:0x80000001",
					    "array:4:0xffffffff:0xffffffff",
					    "percpu_hash:4:8:0x80000001",
					    "lru_hash:4:8:0x80000001",
					    "lpm_trie:8:8:0x80000001",
					    "lpm_trie:4:8:1",
					    "percpu_array:4:0xffffffff:1",
					    "fib:8:8:1",
					    "hash:0:8:1",
					    "hash:4:0:1",
					    "hash:600:8:1",
					    "array:8:8:1",
					    "hash:4:8:0",
					    "sockmap:4:4:64",
					    "hash:4:8:1:0x8000"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct rig *rig;
		struct load_object *object, *none = object_with(NULL, 0, &rig);

		cr_assert_eq(raw_open("", 0, &texts[i], 1, &object, error), 0, "%s", error);
		cr_assert_eq(offload_maps(rig_driver(rig), object, error), 1, "%s: %s", texts[i], error);
		cr_assert(strstr(error, "the device refuses it"), "%s: %s", texts[i], error);
		load_free(object);
		load_free(none);
		rig_close(rig);
	}
}

/* Flags that a type does not have are called by their names. */
Test(maps, flags_have_names)
{
	static const struct {
		const char *map, *want;
	} texts[] = {
		{"hash:4:8:1:0x2", "cannot have BPF_F_NO_COMMON_LRU"},
		{"hash:4:8:1:0x4", "cannot have BPF_F_NUMA_NODE"},
		{"lru_hash:4:8:1:0x1", "cannot have BPF_F_NO_PREALLOC"},
		{"array:4:8:1:0x440", "cannot have BPF_F_ZERO_SEED | BPF_F_MMAPABLE"},
		{"lpm_trie:8:8:1:0x18", "cannot have BPF_F_RDONLY | BPF_F_WRONLY"},
		{"hash:4:8:1:0x80000400", "cannot have BPF_F_MMAPABLE | 0x80000000"},
		{"array:4:8:1:0xfffff", "cannot have BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct rig *rig;
		struct load_object *object, *none = object_with(NULL, 0, &rig);

		cr_assert_eq(raw_open("", 0, &texts[i].map, 1, &object, error), 0, "%s", error);
		cr_assert_eq(offload_maps(rig_driver(rig), object, error), 1, "%s: %s", texts[i].map, error);
		cr_assert(strstr(error, texts[i].want), "%s: %s", texts[i].map, error);
		load_free(object);
		load_free(none);
		rig_close(rig);
	}
}
