/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define HASH      VIRTIO_NET_XDP_MAP_HASH
#define ARRAY     VIRTIO_NET_XDP_MAP_ARRAY

Test(cmd_map, elements)
{
	struct control *c = control_open(NULL);
	le32 key = cpu_to_le32(2), next;

	cr_assert_eq(control_map_create(c, 0, HASH, 4, 8, 2, 0), 0);
	cr_assert_eq(control_map_get(c, 0, 1), (uint64_t)ERR(NO_KEY) << 32);
	cr_assert_eq(control_map_set(c, 0, 1, 0x1122334455667788), 0);
	cr_assert_eq(control_map_get(c, 0, 1), 0x1122334455667788);
	cr_assert_eq(control_map_set(c, 0, 1, 5), 0);
	cr_assert_eq(control_map_get(c, 0, 1), 5);
	cr_assert_eq(control_map_set(c, 0, 2, 6), 0);
	cr_assert_eq(control_map_set(c, 0, 3, 7), ERR(LIMIT_ENTRIES));
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(control_map_set(c, 0, 1, 5), 0, "a full map takes updates, however many");

	cr_assert_eq(control_id(c, CMD(MAP_NEXT), 0), 0);
	cr_assert_eq(c->written, 12);
	memcpy(&next, c->out + 8, 4);
	cr_assert_eq(le32_to_cpu(next), 1);
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, &next, 4), 0);
	cr_assert_eq(control_word(c, 8), 2);
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, &key, 4), ERR(LAST_KEY));
	cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &key, 4), 0);
	cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &key, 4), ERR(NO_KEY));
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, &key, 4), 0, "a missing key: the first");
	cr_assert_eq(control_word(c, 8), 1);
	key = cpu_to_le32(1);
	cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &key, 4), 0);
	cr_assert_eq(control_id(c, CMD(MAP_NEXT), 0), ERR(LAST_KEY), "an empty map");
	control_close(c);
}

Test(cmd_map, update_kinds)
{
	static const struct {
		uint32_t id, key, flags;
		unsigned status;
	} rows[] = {
		{0, 1, VIRTIO_NET_XDP_UPDATE_EXIST, ERR(NO_KEY)},
		{0, 1, VIRTIO_NET_XDP_UPDATE_NOEXIST, 0},
		{0, 1, VIRTIO_NET_XDP_UPDATE_NOEXIST, ERR(KEY_EXISTS)},
		{0, 1, VIRTIO_NET_XDP_UPDATE_EXIST, 0},
		{0, 2, VIRTIO_NET_XDP_UPDATE_ANY, ERR(LIMIT_ENTRIES)},
		{0, 2, VIRTIO_NET_XDP_UPDATE_EXIST, ERR(NO_KEY)},
		{1, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, ERR(KEY_EXISTS)},
		{1, 0, VIRTIO_NET_XDP_UPDATE_EXIST, 0},
		{1, 1, VIRTIO_NET_XDP_UPDATE_ANY, ERR(LIMIT_ENTRIES)},
		{1, 1, VIRTIO_NET_XDP_UPDATE_NOEXIST, ERR(LIMIT_ENTRIES)},
	};
	struct control *c = control_open(NULL);

	control_map_create(c, 0, HASH, 4, 8, 1, 0);
	control_map_create(c, 1, ARRAY, 4, 8, 1, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		le32 key = cpu_to_le32(rows[i].key);
		le64 value = cpu_to_le64(i);

		cr_assert_eq(control_map_update(c, rows[i].id, rows[i].flags, &key, 4, &value, 8), rows[i].status,
			     "row %zu", i);
	}
	cr_assert_eq(control_map_get(c, 1, 1), (uint64_t)ERR(NO_KEY) << 32, "an index out of range is no key");
	control_close(c);
}

Test(cmd_map, info)
{
	struct control *c = control_open(NULL);
	struct virtio_net_xdp_map_info_result info;

	cr_assert_eq(control_map_create(c, 7, HASH, 4, 8, 100, VIRTIO_NET_XDP_MAP_F_NO_PREALLOC), 0);
	control_map_set(c, 7, 1, 1);
	cr_assert_eq(control_id(c, CMD(MAP_INFO), 7), 0);
	memcpy(&info, c->out, sizeof(info));
	cr_assert_eq(le32_to_cpu(info.type), HASH);
	cr_assert_eq(le32_to_cpu(info.key_size), 4);
	cr_assert_eq(le32_to_cpu(info.value_size), 8);
	cr_assert_eq(le32_to_cpu(info.max_entries), 100);
	cr_assert_eq(le32_to_cpu(info.flags), VIRTIO_NET_XDP_MAP_F_NO_PREALLOC);
	cr_assert_eq(le32_to_cpu(info.inner_map_id), VIRTIO_NET_XDP_ID_NONE);
	cr_assert_eq(le32_to_cpu(info.entries), 1);
	cr_assert_eq(le32_to_cpu(info.kib), 6, "164 slots of 32 bytes, 128 buckets of 4, and the head");
	cr_assert_eq(le32_to_cpu(info.references), 0);
	cr_assert_eq(info.frozen, 0);
	cr_assert_eq(memcmp(info.name, "map", 4), 0);

	cr_assert_eq(control_id(c, CMD(MAP_FREEZE), 7), 0);
	cr_assert_eq(control_id(c, CMD(MAP_FREEZE), 7), 0, "again");
	cr_assert_eq(control_id(c, CMD(MAP_INFO), 7), 0);
	cr_assert_eq(c->out[offsetof(struct virtio_net_xdp_map_info_result, frozen)], 1);
	cr_assert_eq(control_map_set(c, 7, 1, 2), ERR(PERM));
	cr_assert_eq(control_map_get(c, 7, 1), 1);
	control_close(c);
}

/* A budget for all maps together, charged to the byte and given back. */
Test(cmd_map, syz_kmalloc_budget)
{
	struct fw_config config = control_config();
	struct control *c;

	config.caps.max_map_kib = 64;
	c = control_open(&config);
	for (int round = 0; round < 50; round++) {
		uint32_t n = 0;

		while (control_map_create(c, n, ARRAY, 4, 1024, 15, 0) == 0)
			n++;
		cr_assert_eq(n, 4, "15 KiB and a head each");
		cr_assert_eq(control_map_create(c, n, ARRAY, 4, 1024, 15, 0), ERR(LIMIT_MAP_KIB));
		cr_assert_eq(c->detail, 64);
		cr_assert_eq(control_map_create(c, n, HASH, 4, 8, 1, 0), 0, "a small one still fits");
		for (uint32_t id = 0; id <= n; id++)
			cr_assert_eq(control_id(c, CMD(MAP_DESTROY), id), 0);
	}
	control_close(c);
}

/* The arena holds as many maps as the limits promise. */
Test(cmd_map, all_ids)
{
	struct fw_config config = control_config();
	struct control *c;

	config.caps.max_map_kib = 64;
	c = control_open(&config);
	for (uint32_t id = 64; id-- > 0;)
		cr_assert_eq(control_map_create(c, id, ARRAY, 4, 8, 100, 0), 0, "map %u", id);
	cr_assert_eq(control_map_create(c, 64, ARRAY, 4, 8, 1, 0), ERR(LIMIT_MAPS));
	cr_assert_eq(control_map_create(c, 5, ARRAY, 4, 8, 1, 0), ERR(EXISTS));
	for (uint32_t id = 0; id < 64; id++)
		cr_assert_eq(control_id(c, CMD(MAP_DESTROY), id), 0);
	control_close(c);
}

/* What a driver may write of memory that another map left: nothing of it shows. */
Test(cmd_map, new_maps_are_empty)
{
	struct control *c = control_open(NULL);

	for (int round = 0; round < 3; round++) {
		cr_assert_eq(control_map_create(c, 0, ARRAY, 4, 8, 100, 0), 0);
		for (uint32_t key = 0; key < 100; key++) {
			cr_assert_eq(control_map_get(c, 0, key), 0);
			cr_assert_eq(control_map_set(c, 0, key, 0x1234567890abcdef), 0);
		}
		cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 0), 0);
	}
	control_close(c);
}

/* Types and flags that the operator masked, or that a type does not know. */
Test(cmd_map, masked_types)
{
	struct fw_config config = control_config();
	struct control *c;

	config.caps.map_types = 1ULL << ARRAY;
	c = control_open(&config);
	cr_assert_eq(control_map_create(c, 0, HASH, 4, 8, 1, 0), ERR(TYPE));
	cr_assert_eq(control_map_create(c, 0, HASH, 4, 8, 1, VIRTIO_NET_XDP_MAP_F_ZERO_SEED), ERR(TYPE));
	cr_assert_eq(control_map_create(c, 0, HASH, 4, 8, 1, 1 << 1), ERR(FLAGS));
	cr_assert_eq(control_map_create(c, 0, ARRAY, 4, 8, 1, VIRTIO_NET_XDP_MAP_F_ZERO_SEED), ERR(FLAGS));
	cr_assert_eq(control_map_create(c, 0, ARRAY, 4, 8, 1, 0), 0);
	control_close(c);
}

/* Two receive queues: commands carry both values, each padded. */
Test(cmd_map, values_per_queue)
{
	static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_PERCPU_HASH, VIRTIO_NET_XDP_MAP_PERCPU_ARRAY,
					 VIRTIO_NET_XDP_MAP_LRU_PERCPU};
	static const uint8_t in[24] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
	static const uint8_t out[16] = {1, 2, 3, 4, 5, 0, 0, 0, 9, 10, 11, 12, 13};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct control *c = control_open(NULL);
		le32 key = cpu_to_le32(1);

		cr_assert_eq(control_map_create(c, 0, types[i], 4, 5, 4, 0), 0);
		cr_assert_eq(control_map_update(c, 0, 0, &key, 4, in, 5), ERR(SIZE), "type %u", types[i]);
		cr_assert_eq(c->detail, 8 + 4 + 16, "type %u", types[i]);
		cr_assert_eq(control_map_update(c, 0, 0, &key, 4, in, 24), ERR(SIZE), "type %u", types[i]);
		cr_assert_eq(control_map_update(c, 0, 0, &key, 4, in, 16), 0, "type %u", types[i]);
		cr_assert_eq(control_map_key(c, CMD(MAP_LOOKUP), 0, &key, 4), 0, "type %u", types[i]);
		cr_assert_eq(c->written, 8 + 16, "type %u", types[i]);
		cr_assert_eq(memcmp(c->out + 8, out, 16), 0, "type %u", types[i]);
		cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 0), 0);
		control_close(c);
	}
}

Test(cmd_map, prefixes_longer_than_the_data)
{
	struct control *c = control_open(NULL);
	const uint8_t long_key[8] = {33, 0, 0, 0, 10}, key[8] = {8, 0, 0, 0, 10};
	const uint8_t value[8] = {7};

	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_LPM_TRIE, 8, 8, 4, 0), 0);
	cr_assert_eq(control_map_update(c, 0, 0, key, 8, value, 8), 0);
	cr_assert_eq(control_map_update(c, 0, 0, long_key, 8, value, 8), ERR(SIZE));
	cr_assert_eq(c->detail, 32, "the longest that there is");
	cr_assert_eq(control_map_key(c, CMD(MAP_LOOKUP), 0, long_key, 8), ERR(NO_KEY));
	cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, long_key, 8), ERR(NO_KEY));
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, long_key, 8), 0, "the first");
	cr_assert_eq(memcmp(c->out + 8, key, 8), 0);
	control_close(c);
}

/* A lookup by a command is no use of the element; an update is. */
Test(cmd_map, lru_of_commands)
{
	struct control *c = control_open(NULL);

	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_LRU_HASH, 4, 8, 2, 0), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t key = i * 3;

		cr_assert_eq(control_map_set(c, 0, key, i), 0, "however many");
		cr_assert_eq(control_map_set(c, 0, key + 1, i), 0);
		cr_assert_eq(control_map_get(c, 0, key), i);
		cr_assert_eq(control_map_set(c, 0, key + 2, i), 0);
		cr_assert_eq(control_map_get(c, 0, key), (uint64_t)ERR(NO_KEY) << 32);
		cr_assert_eq(control_map_set(c, 0, key + 1, i), 0);
		cr_assert_eq(control_map_set(c, 0, key, i), 0);
		cr_assert_eq(control_map_get(c, 0, key + 2), (uint64_t)ERR(NO_KEY) << 32);
	}
	control_close(c);
}
