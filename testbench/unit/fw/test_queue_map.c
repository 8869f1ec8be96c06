/* SPDX-License-Identifier: BSD-2-Clause */
#include "engines.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define MAP(name) VIRTIO_NET_XDP_MAP_##name

Test(queue_map, sizes)
{
	static const struct {
		uint32_t type, key, value, entries, flags, status, detail;
	} rows[] = {
		{MAP(CPUMAP), 4, 4, 1, 0, 0, 0},
		{MAP(CPUMAP), 4, 8, 1, VIRTIO_NET_XDP_MAP_F_WRONLY, 0, 0},
		{MAP(CPUMAP), 4, 16, 1, 0, ERR(SIZE), 4},
		{MAP(XSKMAP), 4, 4, 64, 0, 0, 0},
		{MAP(XSKMAP), 4, 8, 64, 0, ERR(SIZE), 4},
		{MAP(XSKMAP), 8, 4, 64, 0, ERR(SIZE), 4},
		{MAP(XSKMAP), 4, 4, 0, 0, ERR(SIZE), 1},
		{MAP(XSKMAP), 4, 4, 64, VIRTIO_NET_XDP_MAP_F_ZERO_SEED, ERR(FLAGS), VIRTIO_NET_XDP_MAP_F_ZERO_SEED},
	};

	for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
		struct control *c = control_open(NULL);

		cr_assert_eq(control_map_create(c, 0, rows[i].type, rows[i].key, rows[i].value, rows[i].entries,
						rows[i].flags),
			     rows[i].status, "row %zu", i);
		cr_assert_eq(c->detail, rows[i].detail, "row %zu: %u", i, c->detail);
		control_close(c);
	}
}

/* A queue of 0 is an element, too; a size of 0 and a program are not. */
Test(queue_map, elements)
{
	static const struct {
		uint32_t type, value_size, value, prog, status;
	} rows[] = {
		{MAP(XSKMAP), 4, 0, 0, 0},         {MAP(XSKMAP), 4, UINT32_MAX, 0, 0},
		{MAP(CPUMAP), 4, 1, 0, 0},         {MAP(CPUMAP), 8, 2048, 0, 0},
		{MAP(CPUMAP), 4, 0, 0, ERR(TYPE)}, {MAP(CPUMAP), 8, 0, 0, ERR(TYPE)},
		{MAP(CPUMAP), 8, 1, 3, ERR(TYPE)},
	};

	for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
		struct control *c = control_open(NULL);
		le32 key = cpu_to_le32(2), value[2] = {cpu_to_le32(rows[i].value), cpu_to_le32(rows[i].prog)};

		cr_assert_eq(control_map_create(c, 0, rows[i].type, 4, rows[i].value_size, 4, 0), 0);
		cr_assert_eq(control_map_key(c, CMD(MAP_LOOKUP), 0, &key, 4), ERR(NO_KEY), "row %zu", i);
		cr_assert_eq(control_map_update(c, 0, 0, &key, 4, value, rows[i].value_size), rows[i].status, "row %zu",
			     i);
		cr_assert_eq(control_map_key(c, CMD(MAP_LOOKUP), 0, &key, 4), rows[i].status ? ERR(NO_KEY) : 0,
			     "row %zu", i);
		if (!rows[i].status) {
			cr_assert_eq(memcmp(c->out + 8, value, rows[i].value_size), 0, "row %zu", i);
			cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, NULL, 0), 0);
			cr_assert_eq(control_word(c, 8), 2);
			cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &key, 4), 0);
		}
		cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, NULL, 0), ERR(LAST_KEY));
		control_close(c);
	}
}
