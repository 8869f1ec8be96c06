// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/hex.h"
#include "load/maptype.h"
#include "load/raw.h"

#define EXIT "9500000000000000"

Test(hex, decode)
{
	/* In the order in which a row is read. */
	/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		const char *text;
		int err;
		size_t where, count;
		uint8_t first;
	} rows[] = {
		{"", 0, 0, 0, 0},           {" \n\t", 0, 0, 0, 0},
		{"aB", 0, 0, 1, 0xab},      {"a\nb 0 1", 0, 0, 2, 0xab},
		{"a", -EINVAL, 1, 0, 0},    {"abc ", -EINVAL, 4, 0, 0},
		{"0x12", -EINVAL, 1, 0, 0}, {"12g4", -EINVAL, 2, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t count = 0, where = 0;
		uint8_t *bytes = NULL;

		cr_assert_eq(hex_decode(rows[i].text, strlen(rows[i].text), &bytes, &count, &where), rows[i].err,
			     "'%s'", rows[i].text);
		cr_assert_eq(where, rows[i].where, "'%s': %zu", rows[i].text, where);
		cr_assert_eq(count, rows[i].count, "'%s'", rows[i].text);
		if (count)
			cr_assert_eq(bytes[0], rows[i].first, "'%s'", rows[i].text);
		free(bytes);
	}
}

Test(raw, rows)
{
	static const struct {
		const char *id, *hex, *map;
		int err;
	} rows[] = {
		{"nothing", "", NULL, 0},
		{"exit", EXIT, NULL, 0},
		{"map by name", EXIT, "hash:4:8:16", 0},
		{"map by number and flags", EXIT, "2:4:8:0x10:128", 0},
		{"map type that nobody knows", EXIT, "4000000000:4:8:1", 0},
		{"half a byte", EXIT "9", NULL, 1},
		{"half an instruction", EXIT "95000000", NULL, 1},
		{"number of 33 bits", EXIT, "array:4:8:4294967296", 1},
		{"number of 70 bits", EXIT, "array:4:8:1000000000000000000000", 1},
		{"INNER of a map of maps", EXIT, "array_of_maps:4:4:4:0:0", 0},
		{"INNER of a map of numbers", EXIT, "array:4:4:4:0:0", 1},
		{"INNER of a type that nobody knows", EXIT, "4000000000:4:4:4:0:0", 1},
		{"no hexadecimal", "exit", NULL, -EINVAL},
		{"map without entries", EXIT, "hash:4:8", -EINVAL},
		{"map with too much", EXIT, "hash:4:8:1:0:0:1", -EINVAL},
		{"map with a sign", EXIT, "hash:-4:8:1", -EINVAL},
		{"map with an empty field", EXIT, "hash::8:1", -EINVAL},
		{"map of no type", EXIT, "has:4:8:1", -EINVAL},
		{"libbpf-82f60c9b map of one character", EXIT, "\"", -EINVAL},
		{"empty map", EXIT, "", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct load_object *object = NULL;
		int err = raw_open(rows[i].hex, strlen(rows[i].hex), &rows[i].map, rows[i].map ? 1 : 0, &object, error);

		cr_assert_eq(err, rows[i].err, "%s: %d %s", rows[i].id, err, error);
		cr_assert_eq(!error[0], !err, "%s: %s", rows[i].id, error);
		load_free(object);
	}
}

Test(raw, object)
{
	const char *maps[] = {"hash:4:8:16", "percpu_array:4:16:3:0x40"};
	char error[LOAD_ERROR_BYTES] = "";
	struct load_object *object;

	cr_assert_eq(raw_open("b7000000 07000000" EXIT, strlen("b7000000 07000000" EXIT), maps, 2, &object, error), 0);
	cr_assert(object->num_maps == 2 && object->num_progs == 1 && object->progs[0].count == 2);
	cr_assert(object->progs[0].insns[0] == 0xb7 && object->progs[0].insns[4] == 7 &&
		  object->progs[0].insns[8] == 0x95);
	cr_assert(object->maps[0].type == 1 && object->maps[0].flags == 0);
	cr_assert(object->maps[1].type == 6 && object->maps[1].value_size == 16 && object->maps[1].max_entries == 3);
	cr_assert_eq(object->maps[1].flags, 0x40);
	load_free(object);
}

Test(maptype, names)
{
	uint32_t type;

	cr_assert_str_eq(maptype_name(2), "array");
	cr_assert_str_eq(maptype_name(12345), "unknown");
	cr_assert(maptype_parse("ringbuf", &type) == 0 && type == 27);
	cr_assert(maptype_parse("27", &type) == 0 && type == 27);
	cr_assert_eq(maptype_parse("27x", &type), -EINVAL);
	cr_assert_eq(maptype_parse("-1", &type), -EINVAL);
}
