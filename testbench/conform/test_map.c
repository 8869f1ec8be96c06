/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps and their elements: XO-070 to XO-093, XO-097 to XO-099, XO-159 to XO-168. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define HASH  VIRTIO_NET_XDP_MAP_HASH
#define ARRAY VIRTIO_NET_XDP_MAP_ARRAY
#define F(x)  VIRTIO_NET_XDP_MAP_F_##x

static uint32_t create(struct bench *b, uint32_t id, uint32_t type, uint32_t key, uint32_t value, uint32_t entries,
		       uint32_t flags)
{
	struct drv_xdp_map_attr attr = {type, key, value, entries, flags, 0, "m"};
	struct drv_xdp_error e = {0, 0};

	cr_assert_geq(drv_xdp_map_create(b->net, id, &attr, &e), 0);
	return e.status;
}

static struct drv_xdp_map_info info(struct bench *b, uint32_t id)
{
	struct drv_xdp_map_info i;

	cr_assert_eq(drv_xdp_map_info(b->net, id, &i, NULL), 0, "MAP_INFO of %u", id);
	return i;
}

static uint32_t update(struct bench *b, uint32_t id, uint32_t flags, uint32_t key, uint64_t value)
{
	struct drv_xdp_error e = {0, 0};

	cr_assert_geq(drv_xdp_map_update(b->net, id, flags, &key, 4, &value, 8, &e), 0);
	return e.status;
}

static uint32_t remove_key(struct bench *b, uint32_t id, uint32_t key)
{
	struct drv_xdp_error e = {0, 0};

	cr_assert_geq(drv_xdp_map_delete(b->net, id, &key, 4, &e), 0);
	return e.status;
}

static uint32_t lookup(struct bench *b, uint32_t id, uint32_t key)
{
	uint64_t value;

	return get(b, id, key, &value, 8);
}

static uint32_t next_key(struct bench *b, uint32_t id, const uint32_t *key, uint32_t *to)
{
	struct drv_xdp_error e = {0, 0};

	cr_assert_geq(drv_xdp_map_next(b->net, id, key, to, 4, &e), 0);
	return e.status;
}

Test(XO, XO_070)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 1, HASH, 8, 4, 0);
	cr_expect_eq(create(&b, 1, HASH, 4, 8, 4, 0), VIRTIO_NET_XDP_ERR_EXISTS, "XO-070: the same again");
	cr_expect_eq(create(&b, 1, ARRAY, 4, 16, 4, 0), VIRTIO_NET_XDP_ERR_EXISTS, "XO-070: another one");
	bench_close(&b);
}

/* Every type that is not offered. */
Test(XO, XO_071)
{
	static const uint32_t more[] = {64, 65, 0x102, 0x10001, 0x80000001, 0xffffffff};
	struct bench b;
	uint32_t type;
	unsigned i;

	bench_open(&b, NULL);
	for (type = 0; type < 64; type++)
		if (!(b.caps.map_types >> type & 1))
			cr_expect_eq(create(&b, 0, type, 4, 8, 4, 0), VIRTIO_NET_XDP_ERR_TYPE, "XO-071: type %u", type);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		cr_expect_eq(create(&b, 0, more[i], 4, 8, 4, 0), VIRTIO_NET_XDP_ERR_TYPE, "XO-071: type %u", more[i]);
	bench_close(&b);
}

/* Sizes that a type has and does not have: {type, key, value, entries}. */
struct sizes {
	uint32_t type, key, value, entries;
	bool ok;
};

static void expect_sizes(const struct sizes *rows, size_t count, const char *id)
{
	struct bench b;
	size_t i;

	bench_open(&b, NULL);
	for (i = 0; i < count; i++) {
		const struct sizes *r = &rows[i];
		uint32_t status = create(&b, 0, r->type, r->key, r->value, r->entries, 0);

		cr_expect_eq(status, r->ok ? VIRTIO_NET_XDP_OK : VIRTIO_NET_XDP_ERR_SIZE, "%s: type %u, %u, %u, %u: %s",
			     id, r->type, r->key, r->value, r->entries, drv_xdp_status_name(status));
		if (status == VIRTIO_NET_XDP_OK)
			cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}

Test(XO, XO_072)
{
	static const struct sizes rows[] = {
		{HASH, 4, 8, 1, true},           {HASH, 512, 1, 1, true}, {HASH, 0, 8, 1, false},
		{HASH, 513, 8, 1, false},        {HASH, 4, 0, 1, false},  {HASH, 4, 8, 0, false},
		{HASH, 0xffffffff, 8, 1, false}, {ARRAY, 4, 8, 1, true},  {ARRAY, 4, 8, 0, false},
		{ARRAY, 4, 0, 1, false},         {ARRAY, 0, 8, 1, false}, {ARRAY, 3, 8, 1, false},
		{ARRAY, 5, 8, 1, false},         {ARRAY, 8, 8, 1, false}, {ARRAY, 0xffffffff, 8, 1, false},
	};

	expect_sizes(rows, sizeof(rows) / sizeof(rows[0]), "XO-072");
}

Test(XO, XO_073)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(create(&b, b.caps.max_maps, HASH, 4, 8, 4, 0), VIRTIO_NET_XDP_ERR_LIMIT_MAPS, "XO-073: max_maps");
	cr_expect_eq(create(&b, 0x10000, HASH, 4, 8, 4, 0), VIRTIO_NET_XDP_ERR_LIMIT_MAPS, "XO-073: 65,536");
	cr_expect_eq(create(&b, VIRTIO_NET_XDP_ID_NONE, HASH, 4, 8, 4, 0), VIRTIO_NET_XDP_ERR_LIMIT_MAPS,
		     "XO-073: none");
	cr_expect_eq(create(&b, b.caps.max_maps - 1u, HASH, 4, 8, 4, 0), VIRTIO_NET_XDP_OK, "XO-073: max_maps - 1");
	bench_close(&b);
}

/* At once, bit by bit, and with products that wrap in 32 or 64 bits. */
Test(XO, XO_074)
{
	static const struct sizes huge[] = {
		{HASH, 512, 0xffffffff, 0xffffffff, 0}, {HASH, 4, 0x80000000, 2, 0},  {HASH, 4, 0x10000, 0x10000, 0},
		{ARRAY, 4, 0xffffffff, 0xffffffff, 0},  {ARRAY, 4, 0xfffffff9, 1, 0}, {ARRAY, 4, 8, 0xffffffff, 0}};
	uint32_t id, status = VIRTIO_NET_XDP_OK;
	uint64_t kib = 0, each;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(huge) / sizeof(huge[0]); i++)
		cr_expect_eq(create(&b, 0, huge[i].type, huge[i].key, huge[i].value, huge[i].entries, 0),
			     VIRTIO_NET_XDP_ERR_LIMIT_MAP_KIB, "XO-074: row %u", i);
	each = b.caps.max_map_kib * 1024ull / 6;
	for (id = 0; id < b.caps.max_maps && status == VIRTIO_NET_XDP_OK; id++) {
		status = create(&b, id, ARRAY, 4, 1024, (uint32_t)(each / 1024), 0);
		if (status == VIRTIO_NET_XDP_OK)
			kib += info(&b, id).kib;
	}
	cr_expect_eq(status, VIRTIO_NET_XDP_ERR_LIMIT_MAP_KIB, "XO-074: %s after %u maps", drv_xdp_status_name(status),
		     id - 1);
	/* kib is rounded up, for each map */
	cr_expect_lt(kib, b.caps.max_map_kib + id, "XO-074: %lu KiB", (unsigned long)kib);
	cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	cr_expect_eq(create(&b, 0, ARRAY, 4, 1024, (uint32_t)(each / 1024), 0), VIRTIO_NET_XDP_OK,
		     "XO-074: room again");
	bench_close(&b);
}

/* Also where a map was before, with other contents. */
Test(XO, XO_076)
{
	uint64_t value = ~0ull;
	struct bench b;
	uint32_t key;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < 2; i++) {
		make_map(&b, 0, HASH, 8, 16, 0);
		cr_expect_eq(info(&b, 0).entries, 0, "XO-076: a new HASH has elements");
		cr_expect_eq(next_key(&b, 0, NULL, &key), VIRTIO_NET_XDP_ERR_LAST_KEY, "XO-076");
		make_map(&b, 1, ARRAY, 8, 16, 0);
		for (key = 0; key < 16; key++) {
			cr_expect_eq(get64(&b, 1, key), 0, "XO-076: element %u of a new ARRAY", key);
			put(&b, 0, key, &value, 8);
			put(&b, 1, key, &value, 8);
		}
		cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
		cr_assert_eq(drv_xdp_map_destroy(b.net, 1, NULL), 0);
	}
	bench_close(&b);
}

Test(XO, XO_077)
{
	struct drv_xdp_error e = {0, 0};
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	make_map(&b, 0, ARRAY, 8, 1, 0);
	for (id = 0; id < 3; id++)
		LOAD(&b, id, LD_MAP(1, 0), RETURN(2));
	for (id = 3; id; id--) {
		cr_expect_eq(drv_xdp_map_destroy(b.net, 0, &e), 1);
		cr_expect(e.status == VIRTIO_NET_XDP_ERR_BUSY && e.detail == id, "XO-077: %s, %u references",
			  drv_xdp_status_name(e.status), e.detail);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, id - 1, NULL), 0);
	}
	cr_expect_eq(drv_xdp_map_destroy(b.net, 0, &e), 0, "XO-077: nobody refers to it");
	bench_close(&b);
}

Test(XO, XO_078)
{
	static const struct drv_xdp_map_attr rows[] = {
		{HASH, 7, 13, 5, F(NO_PREALLOC) | F(ZERO_SEED) | F(RDONLY_PROG), 0, "sixteen_letters_"},
		{ARRAY, 4, 1, 1, F(WRONLY), 0, ""},
		{ARRAY, 4, 4096, 3, F(RDONLY) | F(WRONLY_PROG), 0, "a"},
	};
	struct bench b;
	uint32_t i;

	bench_open(&b, NULL);
	for (i = 0; i < 3; i++) {
		struct drv_xdp_map_attr got;

		cr_assert_eq(drv_xdp_map_create(b.net, i, &rows[i], NULL), 0, "XO-078: row %u", i);
		got = info(&b, i).attr;
		cr_expect(got.type == rows[i].type && got.key_size == rows[i].key_size &&
				  got.value_size == rows[i].value_size && got.max_entries == rows[i].max_entries &&
				  got.flags == rows[i].flags && got.inner_map_id == VIRTIO_NET_XDP_ID_NONE,
			  "XO-078: row %u", i);
		cr_expect_str_eq(got.name, rows[i].name, "XO-078: row %u", i);
	}
	bench_close(&b);
}

Test(XO, XO_079)
{
	struct bench b;
	uint32_t key;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 16, 0);
	make_map(&b, 1, ARRAY, 8, 16, 0);
	for (key = 0; key < 10; key++) {
		cr_expect_eq(info(&b, 0).entries, key, "XO-079");
		update(&b, 0, 0, key, 1);
		update(&b, 0, 0, key, 2);
	}
	remove_key(&b, 0, 3);
	cr_expect_eq(info(&b, 0).entries, 9, "XO-079: after a deletion");
	cr_expect_eq(info(&b, 1).entries, 16, "XO-079: an ARRAY has all elements");
	cr_expect_eq(info(&b, 0).references, 0, "XO-079");
	LOAD(&b, 0, LD_MAP(1, 0), RETURN(2));
	cr_expect_eq(info(&b, 0).references, 1, "XO-079");
	bench_close(&b);
}

/* Status and detail of a command on the elements of map 0 with bytes of data behind the fixed part. */
static void ask_elem(struct bench *b, struct answer *a, uint8_t command, uint32_t fixed, uint32_t bytes, uint32_t room)
{
	uint8_t data[64] = {0};

	ask(b, a, command, data, fixed + bytes, room);
}

Test(XO, XO_080)
{
	static const uint8_t commands[] = {VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, VIRTIO_NET_CTRL_XDP_MAP_DELETE,
					   VIRTIO_NET_CTRL_XDP_MAP_NEXT};
	struct answer a;
	struct bench b;
	unsigned i;
	uint32_t n;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	for (i = 0; i < 3; i++) {
		for (n = 0; n < 12; n++) {
			if (n == 4 || (!n && commands[i] == VIRTIO_NET_CTRL_XDP_MAP_NEXT))
				continue;
			ask_elem(&b, &a, commands[i], 4, n, 64);
			cr_expect(a.status == VIRTIO_NET_XDP_ERR_SIZE && a.detail == 8,
				  "XO-080: command %u, a key of %u: %s, detail %u", commands[i], n,
				  drv_xdp_status_name(a.status), a.detail);
		}
	}
	bench_close(&b);
}

Test(XO, XO_081)
{
	struct answer a;
	struct bench b;
	uint32_t n;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	for (n = 0; n < 24; n++) {
		if (n == 12)
			continue;
		ask_elem(&b, &a, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, 8, n, 8);
		cr_expect(a.status == VIRTIO_NET_XDP_ERR_SIZE && a.detail == 20, "XO-081: %u bytes: %s, detail %u", n,
			  drv_xdp_status_name(a.status), a.detail);
	}
	cr_expect_eq(info(&b, 0).entries, 0, "XO-081");
	bench_close(&b);
}

Test(XO, XO_082)
{
	struct answer a;
	struct bench b;
	uint32_t room;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	update(&b, 0, 0, 0, 5);
	for (room = 8; room < 16; room++) {
		ask_elem(&b, &a, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, 4, 4, room);
		cr_expect(a.status == VIRTIO_NET_XDP_ERR_SIZE && a.detail == 16,
			  "XO-082: LOOKUP, room %u: %s, detail %u", room, drv_xdp_status_name(a.status), a.detail);
	}
	for (room = 8; room < 12; room++) {
		ask_elem(&b, &a, VIRTIO_NET_CTRL_XDP_MAP_NEXT, 4, 0, room);
		cr_expect(a.status == VIRTIO_NET_XDP_ERR_SIZE && a.detail == 12, "XO-082: NEXT, room %u: %s, detail %u",
			  room, drv_xdp_status_name(a.status), a.detail);
	}
	ask_elem(&b, &a, VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, 4, 4, 16);
	cr_expect_eq(a.status, VIRTIO_NET_XDP_OK, "XO-082: just enough");
	bench_close(&b);
}

Test(XO, XO_083)
{
	static const uint32_t types[] = {HASH, ARRAY};
	struct bench b;
	uint32_t i, key;

	bench_open(&b, NULL);
	for (i = 0; i < 2; i++) {
		make_map(&b, i, types[i], 8, 4, F(WRONLY));
		cr_expect_eq(update(&b, i, 0, 1, 1), VIRTIO_NET_XDP_OK, "XO-083: type %u", types[i]);
		cr_expect_eq(lookup(&b, i, 1), VIRTIO_NET_XDP_ERR_PERM, "XO-083: LOOKUP, type %u", types[i]);
		cr_expect_eq(next_key(&b, i, NULL, &key), VIRTIO_NET_XDP_ERR_PERM, "XO-083: NEXT, type %u", types[i]);
	}
	bench_close(&b);
}

Test(XO, XO_084)
{
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, F(RDONLY));
	make_map(&b, 1, ARRAY, 8, 4, F(RDONLY));
	make_map(&b, 2, HASH, 8, 4, 0);
	update(&b, 2, 0, 1, 1);
	if (b.caps.commands >> VIRTIO_NET_CTRL_XDP_MAP_FREEZE & 1)
		cr_assert_eq(drv_xdp_map_freeze(b.net, 2, NULL), 0);
	for (id = 0; id < (b.caps.commands >> VIRTIO_NET_CTRL_XDP_MAP_FREEZE & 1 ? 3u : 2u); id++) {
		cr_expect_eq(update(&b, id, 0, 1, 1), VIRTIO_NET_XDP_ERR_PERM, "XO-084: UPDATE of map %u", id);
		cr_expect_eq(remove_key(&b, id, 1), VIRTIO_NET_XDP_ERR_PERM, "XO-084: DELETE of map %u", id);
	}
	bench_close(&b);
}

Test(XO, XO_085)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	cr_expect_eq(lookup(&b, 0, 7), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-085: empty");
	update(&b, 0, 0, 7, 0x1122334455667788);
	cr_expect_eq(get64(&b, 0, 7), 0x1122334455667788, "XO-085");
	cr_expect_eq(lookup(&b, 0, 8), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-085: another key");
	bench_close(&b);
}

Test(XO, XO_086)
{
	struct bench b;
	uint32_t round, key;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 64, 0);
	make_map(&b, 1, ARRAY, 8, 64, 0);
	for (round = 1; round < 3; round++) {
		for (key = 0; key < 64; key++) {
			cr_expect_eq(update(&b, 0, round == 2 ? VIRTIO_NET_XDP_UPDATE_EXIST : 0, key, key * round), 0,
				     "XO-086");
			cr_expect_eq(update(&b, 1, round == 2 ? VIRTIO_NET_XDP_UPDATE_EXIST : 0, key, key * round), 0,
				     "XO-086");
		}
		for (key = 0; key < 64; key++) {
			cr_expect_eq(get64(&b, 0, key), key * round, "XO-086: HASH, key %u", key);
			cr_expect_eq(get64(&b, 1, key), key * round, "XO-086: ARRAY, key %u", key);
		}
	}
	bench_close(&b);
}

Test(XO, XO_087)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	make_map(&b, 1, ARRAY, 8, 4, 0);
	cr_expect_eq(update(&b, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, 1, 5), VIRTIO_NET_XDP_OK, "XO-087: a new key");
	cr_expect_eq(update(&b, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, 1, 6), VIRTIO_NET_XDP_ERR_KEY_EXISTS, "XO-087: HASH");
	cr_expect_eq(get64(&b, 0, 1), 5, "XO-087: the value is the old one");
	cr_expect_eq(update(&b, 1, VIRTIO_NET_XDP_UPDATE_NOEXIST, 1, 6), VIRTIO_NET_XDP_ERR_KEY_EXISTS,
		     "XO-087: ARRAY");
	bench_close(&b);
}

Test(XO, XO_088)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	cr_expect_eq(update(&b, 0, VIRTIO_NET_XDP_UPDATE_EXIST, 1, 5), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-088: absent");
	cr_expect_eq(info(&b, 0).entries, 0, "XO-088");
	update(&b, 0, 0, 1, 5);
	cr_expect_eq(update(&b, 0, VIRTIO_NET_XDP_UPDATE_EXIST, 1, 6), VIRTIO_NET_XDP_OK, "XO-088: there");
	bench_close(&b);
}

Test(XO, XO_089)
{
	struct bench b;
	uint32_t key;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 5, 0);
	for (key = 0; key < 5; key++)
		cr_assert_eq(update(&b, 0, 0, key, 1), VIRTIO_NET_XDP_OK);
	cr_expect_eq(update(&b, 0, 0, 5, 1), VIRTIO_NET_XDP_ERR_LIMIT_ENTRIES, "XO-089: a sixth element");
	cr_expect_eq(update(&b, 0, 0, 4, 2), VIRTIO_NET_XDP_OK, "XO-089: an element that is there");
	remove_key(&b, 0, 0);
	cr_expect_eq(update(&b, 0, 0, 5, 1), VIRTIO_NET_XDP_OK, "XO-089: after a deletion");
	bench_close(&b);
}

Test(XO, XO_090)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	update(&b, 0, 0, 1, 1);
	update(&b, 0, 0, 2, 2);
	cr_expect_eq(remove_key(&b, 0, 1), VIRTIO_NET_XDP_OK, "XO-090");
	cr_expect_eq(lookup(&b, 0, 1), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-090: the element is still there");
	cr_expect_eq(get64(&b, 0, 2), 2, "XO-090: another element");
	cr_expect_eq(remove_key(&b, 0, 1), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-090: twice");
	bench_close(&b);
}

/* Walks map id of count keys below limit; each has to come once. */
static void expect_walk(struct bench *b, uint32_t id, unsigned count, unsigned limit, bool ascending, const char *name)
{
	uint8_t *seen = calloc(1, limit);
	uint32_t key, previous = 0, status = VIRTIO_NET_XDP_OK;
	unsigned n = 0;

	cr_assert_not_null(seen);
	for (; n <= count; n++) {
		status = next_key(b, id, n ? &previous : NULL, &key);
		if (status != VIRTIO_NET_XDP_OK)
			break;
		cr_assert(key < limit && !seen[key], "%s: key %u again", name, key);
		cr_expect(!ascending || key == n, "%s: key %u at place %u", name, key, n);
		seen[key] = 1;
		previous = key;
	}
	cr_expect_eq(status, VIRTIO_NET_XDP_ERR_LAST_KEY, "%s: %s", name, drv_xdp_status_name(status));
	cr_expect_eq(n, count, "%s: %u of %u keys", name, n, count);
	free(seen);
}

Test(XO, XO_091)
{
	static const unsigned sizes[] = {1, 2, 17, 300};
	struct bench b;
	uint32_t i, key;

	bench_open(&b, NULL);
	for (i = 0; i < 4; i++) {
		make_map(&b, i, HASH, 8, sizes[i], 0);
		for (key = 0; key < sizes[i]; key++)
			update(&b, i, 0, key * 3, 1);
		expect_walk(&b, i, sizes[i], sizes[i] * 3, false, "XO-091");
	}
	bench_close(&b);
}

Test(XO, XO_092)
{
	uint32_t first, key, absent = 999;
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 16, 0);
	make_map(&b, 1, ARRAY, 8, 16, 0);
	for (key = 0; key < 9; key++)
		update(&b, 0, 0, key, 1);
	cr_assert_eq(next_key(&b, 0, NULL, &first), VIRTIO_NET_XDP_OK);
	cr_assert_eq(next_key(&b, 0, &absent, &key), VIRTIO_NET_XDP_OK);
	cr_expect_eq(key, first, "XO-092: HASH: %u, first %u", key, first);
	cr_assert_eq(next_key(&b, 1, &absent, &key), VIRTIO_NET_XDP_OK);
	cr_expect_eq(key, 0, "XO-092: ARRAY: %u", key);
	bench_close(&b);
}

Test(XO, XO_093)
{
	uint32_t key = 3;
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, HASH, 8, 4, 0);
	cr_expect_eq(next_key(&b, 0, NULL, &key), VIRTIO_NET_XDP_ERR_LAST_KEY, "XO-093: no key");
	cr_expect_eq(next_key(&b, 0, &key, &key), VIRTIO_NET_XDP_ERR_LAST_KEY, "XO-093: a key");
	update(&b, 0, 0, 1, 1);
	remove_key(&b, 0, 1);
	cr_expect_eq(next_key(&b, 0, NULL, &key), VIRTIO_NET_XDP_ERR_LAST_KEY, "XO-093: empty again");
	bench_close(&b);
}

Test(XO, XO_097)
{
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_MAP_FREEZE, "MAP_FREEZE");
	make_map(&b, 0, HASH, 8, 4, 0);
	cr_expect_eq(info(&b, 0).frozen, 0, "XO-097: before");
	cr_assert_eq(drv_xdp_map_freeze(b.net, 0, NULL), 0);
	cr_expect_eq(info(&b, 0).frozen, 1, "XO-097: after");
	bench_close(&b);
}

Test(XO, XO_098)
{
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_MAP_FREEZE, "MAP_FREEZE");
	make_map(&b, 0, HASH, 8, 4, 0);
	cr_assert_eq(drv_xdp_map_freeze(b.net, 0, NULL), 0);
	cr_expect_eq(drv_xdp_map_freeze(b.net, 0, NULL), 0, "XO-098");
	bench_close(&b);
}

/* A program counts in a map that is frozen before it is loaded, and one that is frozen afterwards. */
Test(XO, XO_099)
{
	uint8_t frame[64];
	struct bench b;
	uint32_t i;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_MAP_FREEZE, "MAP_FREEZE");
	make_frame(frame, sizeof(frame));
	for (i = 0; i < 2; i++) {
		make_map(&b, i, ARRAY, 8, 1, 0);
		if (!i)
			cr_assert_eq(drv_xdp_map_freeze(b.net, i, NULL), 0);
		LOAD(&b, i, LD_VALUE(1, i, 0), LDX_DW(2, 1, 0), ADD_K(2, 1), STX_DW(1, 0, 2),
		     RETURN(VIRTIO_NET_XDP_DROP));
		cr_assert_eq(drv_xdp_map_freeze(b.net, i, NULL), 0);
		attach(&b, i, 1, 0);
		play(&b, frame, sizeof(frame));
		cr_expect_eq(get64(&b, i, 0), 1, "XO-099: map %u", i);
	}
	bench_close(&b);
}

Test(XO, XO_159)
{
	static const struct {
		uint32_t type, flags;
		bool ok;
	} rows[] = {
		{HASH, 0, true},
		{HASH, F(NO_PREALLOC), true},
		{HASH, F(RDONLY), true},
		{HASH, F(WRONLY), true},
		{HASH, F(ZERO_SEED), true},
		{HASH, F(RDONLY_PROG), true},
		{HASH, F(WRONLY_PROG), true},
		{HASH, F(RDONLY) | F(WRONLY_PROG), true},
		{HASH, F(RDONLY) | F(WRONLY), false},
		{HASH, F(RDONLY_PROG) | F(WRONLY_PROG), false},
		{ARRAY, F(RDONLY) | F(RDONLY_PROG), true},
		{ARRAY, F(NO_PREALLOC), false},
		{ARRAY, F(ZERO_SEED), false},
		{ARRAY, F(RDONLY) | F(WRONLY), false},
		{ARRAY, F(RDONLY_PROG) | F(WRONLY_PROG), false},
		{HASH, 1 << 1, false},
		{HASH, 1 << 2, false},
		{HASH, 1 << 5, false},
		{HASH, 1u << 31, false},
	};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t status = create(&b, 0, rows[i].type, 4, 8, 4, rows[i].flags);

		cr_expect_eq(status, rows[i].ok ? VIRTIO_NET_XDP_OK : VIRTIO_NET_XDP_ERR_FLAGS,
			     "XO-159: type %u, flags %#x: %s", rows[i].type, rows[i].flags,
			     drv_xdp_status_name(status));
		drv_xdp_map_destroy(b.net, 0, NULL);
	}
	bench_close(&b);
}

Test(XO, XO_160)
{
	static const struct sizes rows[] = {
		{ARRAY, 0, 8, 1, false}, {ARRAY, 1, 8, 1, false},       {ARRAY, 2, 8, 1, false},
		{ARRAY, 3, 8, 1, false}, {ARRAY, 4, 8, 1, true},        {ARRAY, 5, 8, 1, false},
		{ARRAY, 8, 8, 1, false}, {ARRAY, 0x10004, 8, 1, false},
	};

	expect_sizes(rows, sizeof(rows) / sizeof(rows[0]), "XO-160");
}

Test(XO, XO_161)
{
	struct sizes rows[516];
	uint32_t i;

	for (i = 0; i < 516; i++)
		rows[i] = (struct sizes){HASH, i, 8, 1, i >= 1 && i <= 512};
	expect_sizes(rows, 516, "XO-161");
}

Test(XO, XO_162)
{
	static const struct sizes rows[] = {{ARRAY, 4, 0, 1, false}, {ARRAY, 4, 1, 0, false}, {ARRAY, 4, 0, 0, false},
					    {HASH, 4, 0, 1, false},  {HASH, 4, 1, 0, false},  {HASH, 4, 0, 0, false}};

	expect_sizes(rows, sizeof(rows) / sizeof(rows[0]), "XO-162");
}

Test(XO, XO_163)
{
	static const uint32_t sizes[] = {1, 2, 3, 100};
	static const uint32_t beyond[] = {0, 1, 28, 0x7fffffff};
	struct bench b;
	uint32_t i, key;

	bench_open(&b, NULL);
	for (i = 0; i < 4; i++) {
		make_map(&b, i, ARRAY, 8, sizes[i], 0);
		for (key = 0; key < sizes[i]; key++)
			cr_expect_eq(lookup(&b, i, key), VIRTIO_NET_XDP_OK, "XO-163: %u of %u", key, sizes[i]);
		for (key = 0; key < 4; key++)
			cr_expect_eq(lookup(&b, i, sizes[i] + beyond[key]), VIRTIO_NET_XDP_ERR_NO_KEY,
				     "XO-163: %u of %u", sizes[i] + beyond[key], sizes[i]);
		cr_expect_eq(lookup(&b, i, 0xffffffff), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-163");
	}
	bench_close(&b);
}

Test(XO, XO_164)
{
	static const uint32_t keys[] = {3, 4, 0x100, 0x80000000, 0xffffffff};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_map(&b, 0, ARRAY, 8, 3, 0);
	cr_expect_eq(update(&b, 0, 0, 2, 1), VIRTIO_NET_XDP_OK, "XO-164: the last element");
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		cr_expect_eq(update(&b, 0, 0, keys[i], 1), VIRTIO_NET_XDP_ERR_LIMIT_ENTRIES, "XO-164: key %#x",
			     keys[i]);
	bench_close(&b);
}

Test(XO, XO_165)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, ARRAY, 8, 3, 0);
	cr_expect_eq(remove_key(&b, 0, 1), VIRTIO_NET_XDP_ERR_TYPE, "XO-165");
	cr_expect_eq(remove_key(&b, 0, 3), VIRTIO_NET_XDP_ERR_TYPE, "XO-165: a key that is not there");
	bench_close(&b);
}

Test(XO, XO_166)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, ARRAY, 8, 50, 0);
	expect_walk(&b, 0, 50, 50, true, "XO-166");
	bench_close(&b);
}

/* Keys that differ in one bit, in the first or the last byte, or by a multiple of a power of two. */
Test(XO, XO_167)
{
	static const uint32_t steps[] = {1, 0x100, 0x10000, 0x1000000, 0x01010101, 64, 0x9e3779b1};
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		make_map(&b, 0, HASH, 8, 200, i % 2 ? F(NO_PREALLOC) : F(ZERO_SEED));
		for (k = 0; k < 200; k++)
			cr_assert_eq(update(&b, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, k * steps[i], k), VIRTIO_NET_XDP_OK,
				     "XO-167: step %#x: element %u", steps[i], k);
		for (k = 0; k < 200; k++)
			cr_expect_eq(get64(&b, 0, k * steps[i]), k, "XO-167: step %#x: element %u", steps[i], k);
		cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}

/* Every single bit of a key counts, whatever its size. */
Test(XO, XO_168)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 17};
	struct bench b;
	unsigned i, bit;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t key[32] = {0}, value[8] = {1};
		struct drv_xdp_error e;

		cr_assert_eq(create(&b, 0, HASH, sizes[i], 8, 300, 0), VIRTIO_NET_XDP_OK);
		cr_assert_eq(drv_xdp_map_update(b.net, 0, 0, key, sizes[i], value, 8, NULL), 0);
		cr_expect_eq(drv_xdp_map_update(b.net, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, key, sizes[i], value, 8, &e),
			     1, "XO-168: %u bytes: the same key", sizes[i]);
		for (bit = 0; bit < sizes[i] * 8; bit++) {
			key[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cr_expect_eq(drv_xdp_map_lookup(b.net, 0, key, sizes[i], value, 8, &e), 1,
				     "XO-168: %u bytes: bit %u does not matter", sizes[i], bit);
			cr_expect_eq(drv_xdp_map_update(b.net, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, key, sizes[i], value,
							8, &e),
				     0, "XO-168: %u bytes: bit %u", sizes[i], bit);
			key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}
