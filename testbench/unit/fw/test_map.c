/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"

Test(map, types_are_rows)
{
	uint64_t all = map_types_all();

	cr_assert(all >> VIRTIO_NET_XDP_MAP_HASH & 1);
	cr_assert(all >> VIRTIO_NET_XDP_MAP_ARRAY & 1);
	cr_assert_str_eq(map_type_name(VIRTIO_NET_XDP_MAP_HASH), "hash");
	cr_assert_str_eq(map_type_name(VIRTIO_NET_XDP_MAP_ARRAY), "array");
	for (uint32_t type = 0; type < 70; type++) {
		cr_assert_eq(map_ops_of(type) != NULL, type < 64 && (all >> type & 1), "type %u", type);
		cr_assert_eq(map_type_name(type) != NULL, type < 64 && (all >> type & 1), "type %u", type);
	}
	cr_assert_null(map_ops_of(UINT32_MAX));
}

/* Rows by their ids in the history of other implementations. */
Test(map, storage_bytes_never_wrap)
{
	static const struct {
		const char *id;
		uint64_t fixed, entries, each, buckets, bucket, expect;
	} rows[] = {
		{"exact", 64, 10, 24, 16, 4, 64 + 240 + 64},
		{"rounded", 1, 1, 1, 1, 1, 24},
		{"nothing", 0, 0, 0, 0, 0, 0},
		{"CVE-2024-26885", 64, 0x80000001, 24, 1ULL << 32, 4, 64 + 24 * 0x80000001ULL + (4ULL << 32)},
		{"CVE-2024-26883", 64, 0xffffffff, 0xffffffffffffULL, 1, 4, UINT64_MAX},
		{"CVE-2021-20268", 64, 0xffffffff, (1ULL << 32) + 512, 1ULL << 32, 4, UINT64_MAX},
		{"product", 0, 1ULL << 32, 1ULL << 32, 0, 0, UINT64_MAX},
		{"buckets", 0, 0, 0, 1ULL << 62, 4, UINT64_MAX},
		{"sum", UINT64_MAX - 8, 1, 16, 0, 0, UINT64_MAX},
		{"rounding", UINT64_MAX - 3, 0, 0, 0, 0, UINT64_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_eq(map_storage_bytes(rows[i].fixed, rows[i].entries, rows[i].each, rows[i].buckets,
					       rows[i].bucket),
			     rows[i].expect, "%s", rows[i].id);
}

Test(map, bytes_of_extreme_sizes_are_refusable)
{
	static const uint32_t sizes[] = {1,          2,          7,          8,          0x7fffffff,
					 0x80000000, 0x80000001, 0xfffffff8, 0xfffffff9, 0xffffffff};

	for (size_t v = 0; v < ARRAY_SIZE(sizes); v++) {
		for (size_t n = 0; n < ARRAY_SIZE(sizes); n++) {
			struct map_attr attr = {.key_size = 4, .value_size = sizes[v], .max_entries = sizes[n]};
			unsigned __int128 least = (unsigned __int128)sizes[v] * sizes[n];

			for (uint32_t type = 1; type <= 2; type++) {
				uint32_t detail;
				uint64_t bytes;

				attr.type = type;
				cr_assert_eq(map_ops_of(type)->check(&attr, &detail), VIRTIO_NET_XDP_OK);
				bytes = map_ops_of(type)->bytes(&attr, 128);
				cr_assert(bytes == UINT64_MAX || bytes > least, "type %u: %u values of %u bytes", type,
					  sizes[n], sizes[v]);
			}
		}
	}
}

Test(map, flags_of_commands_and_programs)
{
	static const struct {
		uint32_t flags;
		bool frozen, cmd_reads, cmd_writes, prog_reads, prog_writes;
	} rows[] = {
		{0, false, true, true, true, true},
		{0, true, true, false, true, true},
		{VIRTIO_NET_XDP_MAP_F_RDONLY, false, true, false, true, true},
		{VIRTIO_NET_XDP_MAP_F_WRONLY, false, false, true, true, true},
		{VIRTIO_NET_XDP_MAP_F_WRONLY, true, false, false, true, true},
		{VIRTIO_NET_XDP_MAP_F_RDONLY_PROG, false, true, true, true, false},
		{VIRTIO_NET_XDP_MAP_F_WRONLY_PROG, false, true, true, false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct map map = {.attr.flags = rows[i].flags, .frozen = rows[i].frozen};

		cr_assert_eq(map_cmd_can_read(&map), rows[i].cmd_reads, "row %zu", i);
		cr_assert_eq(map_cmd_can_write(&map), rows[i].cmd_writes, "row %zu", i);
		cr_assert_eq(map_prog_can_read(&map.attr), rows[i].prog_reads, "row %zu", i);
		cr_assert_eq(map_prog_can_write(&map.attr), rows[i].prog_writes, "row %zu", i);
	}
}
