/* SPDX-License-Identifier: BSD-2-Clause */
#include "core.h"
#include "engines.h"
#include "map/devmap.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define MAP(name) VIRTIO_NET_XDP_MAP_##name
#define HOME      7

static const struct fw_port ports[] = {{2, 1500}, {5, 1500}, {9, 1500}};
static const uint32_t types[] = {MAP(DEVMAP), MAP(DEVMAP_HASH)};

Test(devmap, sizes)
{
	static const struct {
		uint32_t key, value, entries, flags, status, detail;
	} rows[] = {
		{4, 4, 1, 0, 0, 0},
		{4, 8, 1, VIRTIO_NET_XDP_MAP_F_RDONLY_PROG, 0, 0},
		{4, 6, 1, 0, ERR(SIZE), 4},
		{8, 4, 1, 0, ERR(SIZE), 4},
		{4, 4, 0, 0, ERR(SIZE), 1},
		{4, 4, 1, VIRTIO_NET_XDP_MAP_F_WRONLY_PROG, ERR(FLAGS), VIRTIO_NET_XDP_MAP_F_WRONLY_PROG},
		{4, 4, UINT32_MAX, 0, ERR(LIMIT_MAP_KIB), 65536},
		{4, 4, 0x80000001, 0, ERR(LIMIT_MAP_KIB), 65536}, /* CVE-2024-26885 */
		{4, UINT32_MAX, 1, 0, ERR(SIZE), 4},              /* CVE-2021-20268 */
	};

	for (size_t i = 0; i < 2 * ENGINES_COUNT(rows); i++) {
		struct control *c = control_open(NULL);
		size_t r = i / 2;

		cr_assert_eq(control_map_create(c, 0, types[i % 2], rows[r].key, rows[r].value, rows[r].entries,
						rows[r].flags),
			     rows[r].status, "row %zu", r);
		cr_assert_eq(c->detail, rows[r].detail, "row %zu: %u", r, c->detail);
		control_close(c);
	}
}

Test(devmap, values)
{
	static const struct {
		uint32_t ifindex, prog, status;
	} rows[] = {{2, 0, 0}, {33, 0, 0}, {0, 0, ERR(TYPE)}, {2, 1, ERR(TYPE)}, {2, UINT32_MAX, ERR(TYPE)}};

	for (size_t i = 0; i < 2 * ENGINES_COUNT(rows); i++) {
		struct control *c = control_open(NULL);
		size_t r = i / 2;
		le32 key = cpu_to_le32(3), value[2] = {cpu_to_le32(rows[r].ifindex), cpu_to_le32(rows[r].prog)};

		cr_assert_eq(control_map_create(c, 0, types[i % 2], 4, 8, 4, 0), 0);
		cr_assert_eq(control_map_update(c, 0, 0, &key, 4, value, 8), rows[r].status, "row %zu", r);
		if (!rows[r].status) {
			cr_assert_eq(control_map_key(c, CMD(MAP_LOOKUP), 0, &key, 4), 0);
			cr_assert_eq(memcmp(c->out + 8, value, 8), 0, "row %zu", r);
		} else {
			cr_assert_eq(control_map_key(c, CMD(MAP_LOOKUP), 0, &key, 4), ERR(NO_KEY));
		}
		control_close(c);
	}
}

/* The ports that broadcasts go to, against a count of the elements, while they change and while the own ifindex does.
 */
Test(devmap, ports_follow_elements)
{
	static const uint32_t ifindexes[] = {2, 5, 9, HOME, HOME + 1, 33};
	uint32_t random = 1;

	for (size_t t = 0; t < ENGINES_COUNT(types); t++) {
		struct control *c = engines_open(FW_ENGINE_INTERP, ports, ENGINES_COUNT(ports));
		uint32_t elements[6] = {0};

		cr_assert_eq(control_map_create(c, 0, types[t], 4, 4, 6, 0), 0);
		for (int step = 0; step < 3000; step++) {
			uint32_t key, home = HOME + (step >> 3 & 1);
			uint64_t want = 0;
			le32 wire;

			random = random * 1664525 + 1013904223;
			key = (random >> 16) % 6;
			wire = cpu_to_le32(key);
			if (random >> 28 < 6) {
				cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &wire, 4),
					     elements[key] ? 0 : ERR(NO_KEY));
				elements[key] = 0;
			} else {
				elements[key] = ifindexes[(random >> 8) % ENGINES_COUNT(ifindexes)];
				cr_assert_eq(engines_set(c, 0, key, elements[key], 0), 0);
			}
			for (int i = 0; i < 6; i++)
				for (size_t p = 0; p <= ENGINES_COUNT(ports); p++)
					if (elements[i] && elements[i] == (p ? ports[p - 1].ifindex : home))
						want |= 1ULL << p;
			cr_assert_eq(devmap_ports(core_map(c->fw, 0), home), want, "type %u step %d", types[t], step);
		}
		control_close(c);
	}
}
