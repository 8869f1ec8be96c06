/* SPDX-License-Identifier: BSD-2-Clause */
#include "engines.h"
#include "words.h"

#define CMD(name)  VIRTIO_NET_CTRL_XDP_##name
#define ERR(name)  VIRTIO_NET_XDP_ERR_##name
#define NONE(name) (UINT64_MAX - VIRTIO_NET_XDP_ERR_##name)

static const uint64_t pass[] = {W_MOV(0, 2), W_EXIT};
static const uint64_t wrong[] = {W_EXIT};

Test(prog_array, sizes)
{
	static const struct {
		uint32_t key, value, entries, flags, status, detail;
	} rows[] = {
		{4, 4, 1, 0, 0, 0},
		{4, 4, 0, 0, ERR(SIZE), 1},
		{8, 4, 1, 0, ERR(SIZE), 4},
		{4, 8, 1, 0, ERR(SIZE), 4},
		{0, 4, 1, 0, ERR(SIZE), 4},
		{4, 4, 1, VIRTIO_NET_XDP_MAP_F_NO_PREALLOC, ERR(FLAGS), VIRTIO_NET_XDP_MAP_F_NO_PREALLOC},
		{4, 4, 1, VIRTIO_NET_XDP_MAP_F_RDONLY, 0, 0},
		{4, 4, UINT32_MAX, 0, ERR(LIMIT_MAP_KIB), 65536},
	};

	for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
		struct control *c = control_open(NULL);

		cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, rows[i].key, rows[i].value,
						rows[i].entries, rows[i].flags),
			     rows[i].status, "row %zu", i);
		cr_assert_eq(c->detail, rows[i].detail, "row %zu: %u", i, c->detail);
		control_close(c);
	}
}

Test(prog_array, elements)
{
	struct control *c = control_open(NULL);
	le32 key;

	engines_load(c, 5, pass, ENGINES_COUNT(pass));
	engines_load(c, 6, pass, ENGINES_COUNT(pass));
	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 4, 0), 0);
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, NULL, 0), ERR(LAST_KEY));
	for (uint32_t i = 0; i < 6; i++) {
		key = cpu_to_le32(i);
		cr_assert_eq(engines_get(c, 0, i), NONE(NO_KEY));
		cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &key, 4), ERR(NO_KEY));
	}
	cr_assert_eq(engines_set(c, 0, 1, 5, VIRTIO_NET_XDP_UPDATE_EXIST), ERR(NO_KEY));
	cr_assert_eq(engines_set(c, 0, 1, 5, VIRTIO_NET_XDP_UPDATE_NOEXIST), 0);
	cr_assert_eq(engines_set(c, 0, 1, 6, VIRTIO_NET_XDP_UPDATE_NOEXIST), ERR(KEY_EXISTS));
	cr_assert_eq(engines_set(c, 0, 1, 6, VIRTIO_NET_XDP_UPDATE_EXIST), 0);
	cr_assert_eq(engines_set(c, 0, 3, 5, 0), 0);
	cr_assert_eq(engines_set(c, 0, 4, 5, 0), ERR(LIMIT_ENTRIES));
	cr_assert_eq(c->detail, 4);
	cr_assert_eq(engines_set(c, 0, UINT32_MAX, 5, 0), ERR(LIMIT_ENTRIES));
	cr_assert_eq(engines_get(c, 0, 1), 6);
	cr_assert_eq(engines_get(c, 0, 3), 5);
	cr_assert_eq(le32_to_cpu(engines_map_info(c, 0).entries), 2);
	cr_assert_eq(le32_to_cpu(engines_map_info(c, 0).references), 0);
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, NULL, 0), 0);
	cr_assert_eq(control_word(c, 8), 1);
	for (uint32_t i = 0; i < 4; i += 2) { /* not in the map: the first */
		key = cpu_to_le32(i);
		cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, &key, 4), 0);
		cr_assert_eq(control_word(c, 8), 1);
	}
	key = cpu_to_le32(1);
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, &key, 4), 0);
	cr_assert_eq(control_word(c, 8), 3);
	key = cpu_to_le32(3);
	cr_assert_eq(control_map_key(c, CMD(MAP_NEXT), 0, &key, 4), ERR(LAST_KEY));
	cr_assert_eq(control_map_key(c, CMD(MAP_DELETE), 0, &key, 4), 0);
	cr_assert_eq(engines_get(c, 0, 3), NONE(NO_KEY));
	cr_assert_eq(le32_to_cpu(engines_map_info(c, 0).entries), 1);
	control_close(c);
}

/* STATE comes before PERM, and both before what the key comes to. */
Test(prog_array, only_ready_programs)
{
	struct control *c = control_open(NULL);

	engines_load(c, 0, pass, ENGINES_COUNT(pass));
	cr_assert_eq(control_prog_create(c, 1, 16, 0), 0);
	cr_assert_eq(control_load(c, 2, wrong, ENGINES_COUNT(wrong)), VIRTIO_NET_XDP_PROG_REFUSED);
	control_upload(c, 3, pass, ENGINES_COUNT(pass)); /* VERIFYING */
	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 4, 0), 0);
	cr_assert_eq(control_map_create(c, 1, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 4, VIRTIO_NET_XDP_MAP_F_RDONLY), 0);
	for (uint32_t id = 1; id < 6; id++) {
		cr_assert_eq(engines_set(c, 0, 0, id, 0), ERR(STATE), "program %u", id);
		cr_assert_eq(engines_set(c, 0, 9, id, VIRTIO_NET_XDP_UPDATE_EXIST), ERR(STATE), "program %u", id);
		cr_assert_eq(engines_set(c, 1, 0, id, 0), ERR(STATE), "program %u", id);
	}
	cr_assert_eq(engines_set(c, 0, 0, UINT32_MAX, 0), ERR(STATE));
	cr_assert_eq(engines_set(c, 1, 0, 0, 0), ERR(PERM));
	cr_assert_eq(le32_to_cpu(engines_map_info(c, 0).entries), 0);
	while (fw_poll(c->fw, 1000))
		;
	cr_assert_eq(engines_set(c, 0, 0, 3, 0), 0);
	control_close(c);
}

/* XO-178, in every map, and nothing else. */
Test(prog_array, weak)
{
	struct control *c = control_open(NULL);

	engines_load(c, 0, pass, ENGINES_COUNT(pass));
	engines_load(c, 1, pass, ENGINES_COUNT(pass));
	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 4, 0), 0);
	cr_assert_eq(control_map_create(c, 1, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 4, 0), 0);
	cr_assert_eq(engines_set(c, 0, 0, 0, 0), 0);
	cr_assert_eq(engines_set(c, 0, 1, 1, 0), 0);
	cr_assert_eq(engines_set(c, 0, 2, 0, 0), 0);
	cr_assert_eq(engines_set(c, 1, 3, 0, 0), 0);
	cr_assert_eq(control_id(c, CMD(MAP_FREEZE), 1), 0);
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0);
	for (uint32_t i = 0; i < 4; i++) {
		cr_assert_eq(engines_get(c, 0, i), i == 1 ? 1 : NONE(NO_KEY), "element %u", i);
		cr_assert_eq(engines_get(c, 1, i), NONE(NO_KEY), "element %u, frozen", i);
	}
	/* The id's next program is another one. */
	engines_load(c, 0, pass, ENGINES_COUNT(pass));
	cr_assert_eq(engines_get(c, 0, 0), NONE(NO_KEY));
	/* A map that goes takes its count of the program's slots along. */
	cr_assert_eq(engines_set(c, 0, 3, 0, 0), 0);
	cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 0), 0);
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0);
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 1), 0);
	control_close(c);
}

/* CVE-2021-34866: a helper takes maps of its types only, and a map goes to its helpers only. */
Test(prog_array, types_of_helpers)
{
	static const uint32_t types[] = {
		VIRTIO_NET_XDP_MAP_HASH,     VIRTIO_NET_XDP_MAP_ARRAY,   VIRTIO_NET_XDP_MAP_PROG_ARRAY,
		VIRTIO_NET_XDP_MAP_ARRAY_OF, VIRTIO_NET_XDP_MAP_HASH_OF, VIRTIO_NET_XDP_MAP_DEVMAP,
		VIRTIO_NET_XDP_MAP_CPUMAP,   VIRTIO_NET_XDP_MAP_XSKMAP,  VIRTIO_NET_XDP_MAP_DEVMAP_HASH};
	static const struct {
		int32_t helper;
		uint64_t types; /* that it takes, of these */
	} rows[] = {
		{1, 1 << 1 | 1 << 2 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 16 | 1 << 17 | 1 << 25},
		{2, 1 << 1 | 1 << 2},
		{3, 1 << 1 | 1 << 2},
		{12, 1 << 3},
		{51, 1 << 14 | 1 << 16 | 1 << 17 | 1 << 25},
	};

	for (size_t i = 0; i < ENGINES_COUNT(rows) * ENGINES_COUNT(types); i++) {
		size_t r = i / ENGINES_COUNT(types);
		uint32_t type = types[i % ENGINES_COUNT(types)];
		bool second = rows[r].helper == 12; /* its first argument is the context */
		const uint64_t words[] = {W_MOVR(6, 1),
					  W_MOV(2, 0),
					  W(0x63, 10, 2, -4, 0),
					  W_MOVR(3, 10),
					  W_ADD(3, -4),
					  W_MOVR(2, 3),
					  W_MAP(second ? 2 : 1, 0),
					  second || rows[r].helper == 51 ? W_MOV(3, 0) : W_MOV(4, 0),
					  rows[r].helper == 51 ? W_MOV(2, 0) : W_MOV(5, 0),
					  W_CALL(rows[r].helper),
					  W_MOV(0, 0),
					  W_EXIT};
		struct control *c = control_open(NULL);

		cr_assert_eq(control_map_create(c, 1, VIRTIO_NET_XDP_MAP_HASH, 4, 4, 4, 0), 0);
		if (type == VIRTIO_NET_XDP_MAP_ARRAY_OF || type == VIRTIO_NET_XDP_MAP_HASH_OF)
			cr_assert_eq(engines_outer(c, 0, type, 4, 4, 0, 1), 0);
		else
			cr_assert_eq(control_map_create(c, 0, type, 4, 4, 4, 0), 0);
		cr_assert_eq(control_load(c, 0, words, ENGINES_COUNT(words)),
			     rows[r].types >> type & 1 ? VIRTIO_NET_XDP_PROG_READY : VIRTIO_NET_XDP_PROG_REFUSED,
			     "helper %d, type %u", rows[r].helper, type);
		control_close(c);
	}
}
