/* SPDX-License-Identifier: BSD-2-Clause */
/* Optional types of maps: XO-176, XO-177, XO-257, XO-258, XO-262. */
#include <string.h>

#include "bench.h"

#define TYPE(name) VIRTIO_NET_XDP_MAP_##name

#define QUEUES_MAX 128

static void need_type(struct bench *b, uint32_t type)
{
	if (!(b->caps.map_types >> type & 1)) {
		bench_close(b);
		cr_skip_test("the device does not offer the map type %u", type);
	}
}

static uint32_t create(struct bench *b, uint32_t id, uint32_t type, uint32_t key, uint32_t value, uint32_t entries)
{
	struct drv_xdp_map_attr attr = {type, key, value, entries, 0, VIRTIO_NET_XDP_ID_NONE, "m"};
	struct drv_xdp_error e = {0, 0};

	cr_assert_geq(drv_xdp_map_create(b->net, id, &attr, &e), 0);
	return e.status;
}

static uint32_t set(struct bench *b, uint32_t id, uint32_t flags, const void *key, uint32_t key_bytes,
		    const void *value, uint32_t bytes)
{
	struct drv_xdp_error e = {0, 0};

	cr_assert_geq(drv_xdp_map_update(b->net, id, flags, key, key_bytes, value, bytes, &e), 0);
	return e.status;
}

/* ---- one value per receive queue ---- */

/* Runs program 0 on a packet that was steered to queue. */
static void run_on(struct bench *b, uint32_t queue)
{
	struct drv_xdp_error e = {0, 0};
	uint32_t bytes = 64;
	uint8_t frame[2048];
	uint64_t r0;

	make_frame(frame, bytes);
	cr_assert_eq(drv_xdp_test_run(b->net, 0, 7, &queue, frame, &bytes, sizeof(frame), &r0, &e), 0, "queue %u: %s",
		     queue, drv_xdp_status_name(e.status));
	cr_assert_eq(r0, VIRTIO_NET_XDP_PASS, "the program found no element");
}

/* Programs that set 5 bytes under key 1 to the number of the queue plus 1, the first of them by map_update_elem. */
static void load_update(struct bench *b)
{
	LOAD(b, 0, CALL(HELPER_PROCESSOR_ID), ADD_K(0, 1), MOV_K(1, 0), STX_DW(10, -16, 1), STX_B(10, -16, 0),
	     ST_W(10, -4, 1), LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -4), MOV_X(3, 10), ADD_K(3, -16), MOV_K(4, 0),
	     CALL(HELPER_MAP_UPDATE), RETURN(VIRTIO_NET_XDP_PASS));
}

/* Adds 16 to it in place. */
static void load_add(struct bench *b)
{
	LOAD(b, 0, ST_W(10, -4, 1), LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP), JNE_K(0, 0, 2),
	     RETURN(VIRTIO_NET_XDP_ABORTED), LDX_B(1, 0, 0), ADD_K(1, 16), STX_B(0, 0, 1), RETURN(VIRTIO_NET_XDP_PASS));
}

static void expect_values(struct bench *b, const char *what, uint32_t type, const uint8_t *want, uint32_t queues)
{
	uint8_t got[QUEUES_MAX * 8];
	uint32_t key = 1;

	memset(got, 0xee, sizeof(got));
	cr_assert_eq(get(b, 0, key, got, queues * 8), VIRTIO_NET_XDP_OK, "XO-176: type %u: %s", type, what);
	for (uint32_t i = 0; i < queues * 8; i++)
		cr_expect_eq(got[i], want[i], "XO-176: type %u: %s: byte %u is %u, not %u", type, what, i, got[i],
			     want[i]);
}

static void check_queues(struct bench *b, uint32_t type)
{
	uint32_t queues = drv_net_receiveqs(b->net), key = 1;
	uint8_t want[QUEUES_MAX * 8] = {0}, wire[QUEUES_MAX * 8];

	cr_assert_leq(queues, QUEUES_MAX);
	cr_assert_eq(create(b, 0, type, 4, 5, 4), VIRTIO_NET_XDP_OK, "type %u", type);
	load_update(b);
	for (uint32_t queue = queues; queue-- > 0;) {
		run_on(b, queue);
		want[queue * 8] = (uint8_t)(queue + 1);
		expect_values(b, "after an update by a run", type, want, queues);
	}
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);

	load_add(b);
	for (uint32_t queue = 0; queue < queues; queue++) {
		run_on(b, queue);
		want[queue * 8] = (uint8_t)(want[queue * 8] + 16);
		expect_values(b, "after a store by a run", type, want, queues);
	}
	for (uint32_t i = 0; i < queues * 8; i++)
		want[i] = wire[i] = i % 8 < 5 ? (uint8_t)(i + 1) : 0;
	cr_expect_eq(set(b, 0, 0, &key, 4, wire, queues * 8), VIRTIO_NET_XDP_OK, "XO-176: type %u", type);
	expect_values(b, "after MAP_UPDATE", type, want, queues);
	run_on(b, queues - 1);
	want[(queues - 1) * 8] = (uint8_t)(want[(queues - 1) * 8] + 16);
	expect_values(b, "after MAP_UPDATE and a run", type, want, queues);
	cr_expect_eq(set(b, 0, 0, &key, 4, wire, 5), VIRTIO_NET_XDP_ERR_SIZE, "XO-176: type %u: one value", type);
	cr_expect_eq(set(b, 0, 0, &key, 4, wire, queues * 8 + 8), VIRTIO_NET_XDP_ERR_SIZE, "XO-176: type %u: one more",
		     type);
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
	cr_assert_eq(drv_xdp_map_destroy(b->net, 0, NULL), 0);
}

Test(XO, XO_176)
{
	static const uint32_t types[] = {TYPE(PERCPU_ARRAY), TYPE(PERCPU_HASH), TYPE(LRU_PERCPU)};
	unsigned offered = 0;
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (b.caps.map_types >> types[i] & 1) {
			check_queues(&b, types[i]);
			offered++;
		}
	if (!offered)
		need_type(&b, types[0]);
	bench_close(&b);
}

/* ---- LRU ---- */

/* Program 0 looks key up. */
static void look_up(struct bench *b, uint32_t key)
{
	uint32_t bytes = 64;
	uint8_t frame[2048];

	LOAD(b, 0, ST_W(10, -4, (int32_t)key), LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP),
	     RETURN(VIRTIO_NET_XDP_PASS));
	make_frame(frame, bytes);
	run_frame(b, 0, frame, &bytes, sizeof(frame));
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
}

static void set_key(struct bench *b, uint32_t key, uint32_t value_bytes)
{
	uint8_t value[QUEUES_MAX * 8] = {0};

	cr_expect_eq(set(b, 0, 0, &key, 4, value, value_bytes), VIRTIO_NET_XDP_OK, "XO-177: key %u", key);
}

static bool is_there(struct bench *b, uint32_t key, uint32_t value_bytes)
{
	uint8_t value[QUEUES_MAX * 8];

	return get(b, 0, key, value, value_bytes) == VIRTIO_NET_XDP_OK;
}

/* Of 1, 2, 3, 4: what is done to 1, and whether it is still there after 5 came; 2 is not then, or else it is. */
static void check_use(struct bench *b, uint32_t type)
{
	static const char *const uses[] = {"nothing", "a lookup by a command", "a lookup by a run", "an update"};
	uint32_t bytes = drv_xdp_value_bytes(b->net, type, 8);

	for (uint32_t use = 0; use < sizeof(uses) / sizeof(uses[0]); use++) {
		bool used = use >= 2;

		cr_assert_eq(create(b, 0, type, 4, 8, 4), VIRTIO_NET_XDP_OK, "type %u", type);
		for (uint32_t key = 1; key <= 4; key++)
			set_key(b, key, bytes);
		if (use == 1)
			cr_assert(is_there(b, 1, bytes));
		if (use == 2)
			look_up(b, 1);
		if (use == 3)
			set_key(b, 1, bytes);
		set_key(b, 5, bytes);
		cr_expect_eq(is_there(b, 1, bytes), used, "XO-177: type %u: %s", type, uses[use]);
		cr_expect_eq(is_there(b, 2, bytes), !used, "XO-177: type %u: %s", type, uses[use]);
		for (uint32_t key = 3; key <= 5; key++)
			cr_expect(is_there(b, key, bytes), "XO-177: type %u: %s: key %u", type, uses[use], key);
		cr_assert_eq(drv_xdp_map_destroy(b->net, 0, NULL), 0);
	}
}

/* The oldest goes, update by update. */
static void check_order(struct bench *b, uint32_t type)
{
	uint32_t bytes = drv_xdp_value_bytes(b->net, type, 8);

	cr_assert_eq(create(b, 0, type, 4, 8, 8), VIRTIO_NET_XDP_OK, "type %u", type);
	for (uint32_t key = 0; key < 40; key++) {
		set_key(b, key * 7, bytes);
		cr_expect_not(key >= 8 && is_there(b, (key - 8) * 7, bytes), "XO-177: type %u: key %u", type, key);
		cr_expect(key < 7 || is_there(b, (key - 7) * 7, bytes), "XO-177: type %u: key %u", type, key);
	}
	cr_assert_eq(drv_xdp_map_destroy(b->net, 0, NULL), 0);
}

Test(XO, XO_177)
{
	static const uint32_t types[] = {TYPE(LRU_HASH), TYPE(LRU_PERCPU)};
	struct bench b;

	bench_open(&b, NULL);
	need_type(&b, types[0]);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (b.caps.map_types >> types[i] & 1) {
			check_use(&b, types[i]);
			check_order(&b, types[i]);
		}
	bench_close(&b);
}

/* ---- prefixes ---- */

struct prefix {
	uint32_t bits;
	uint8_t data[4];
};

static const struct {
	struct prefix prefix;
	uint64_t value;
} routes[] = {
	{{0, {0}}, 10},
	{{8, {10, 0xff, 0xff, 0xff}}, 11}, /* what is behind the prefix means nothing */
	{{9, {10, 0x80}}, 12},
	{{24, {10, 1, 2}}, 13},
	{{31, {10, 1, 2, 2}}, 14},
	{{32, {10, 1, 2, 3}}, 15},
};

static const struct {
	struct prefix key;
	uint64_t value;
} matches[] = {
	{{32, {10, 1, 2, 3}}, 15}, {{32, {10, 1, 2, 2}}, 14}, {{32, {10, 1, 2, 4}}, 13}, {{32, {10, 1, 3, 0}}, 11},
	{{32, {10, 0x80}}, 12},    {{32, {11}}, 10},          {{31, {10, 1, 2, 3}}, 14}, {{24, {10, 1, 2, 9}}, 13},
	{{23, {10, 1, 2}}, 11},    {{8, {10, 0x80}}, 11},     {{7, {10}}, 10},           {{0, {10}}, 10},
};

static void make_routes(struct bench *b)
{
	cr_assert_eq(create(b, 0, TYPE(LPM_TRIE), 8, 8, 16), VIRTIO_NET_XDP_OK);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		cr_assert_eq(set(b, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, &routes[i].prefix, 8, &routes[i].value, 8),
			     VIRTIO_NET_XDP_OK, "route %zu", i);
}

/* What a run finds under the key: its value, or 0. */
static uint64_t run_match(struct bench *b, const struct prefix *key)
{
	int32_t words[2];

	memcpy(words, key, 8);
	return RUN(b, ST_W(10, -8, words[0]), ST_W(10, -4, words[1]), LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -8),
		   CALL(HELPER_MAP_LOOKUP), JNE_K(0, 0, 1), EXIT, LDX_DW(0, 0, 0), EXIT);
}

Test(XO, XO_257)
{
	static const struct prefix long_key = {33, {10, 1, 2, 3}};
	struct bench b;
	uint64_t value;

	bench_open(&b, NULL);
	need_type(&b, TYPE(LPM_TRIE));
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	make_routes(&b);
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		value = 0;
		cr_expect_eq(drv_xdp_map_lookup(b.net, 0, &matches[i].key, 8, &value, 8, NULL), 0, "XO-257: row %zu",
			     i);
		cr_expect_eq(value, matches[i].value, "XO-257: row %zu: MAP_LOOKUP gives %lu", i, (unsigned long)value);
		value = run_match(&b, &matches[i].key);
		cr_expect_eq(value, matches[i].value, "XO-257: row %zu: map_lookup_elem gives %lu", i,
			     (unsigned long)value);
	}
	cr_expect_eq(run_match(&b, &long_key), 0, "XO-257: a prefix longer than the data");
	cr_expect_eq(drv_xdp_map_lookup(b.net, 0, &long_key, 8, &value, 8, NULL), 1, "XO-257");
	cr_expect_neq(set(&b, 0, 0, &long_key, 8, &value, 8), VIRTIO_NET_XDP_OK, "XO-257: an update of it fails");
	bench_close(&b);
}

Test(XO, XO_258)
{
	static const struct prefix same = {8, {10, 7, 7, 7}}, longer = {9, {10, 0}}, shorter = {7, {10}};
	struct drv_xdp_error e = {0, 0};
	uint64_t value = 77;
	struct bench b;

	bench_open(&b, NULL);
	need_type(&b, TYPE(LPM_TRIE));
	make_routes(&b);
	cr_expect_eq(set(&b, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST, &same, 8, &value, 8), VIRTIO_NET_XDP_ERR_KEY_EXISTS,
		     "XO-258: the same prefix");
	cr_expect_eq(set(&b, 0, VIRTIO_NET_XDP_UPDATE_EXIST, &longer, 8, &value, 8), VIRTIO_NET_XDP_ERR_NO_KEY,
		     "XO-258: a longer one");
	cr_expect_eq(set(&b, 0, VIRTIO_NET_XDP_UPDATE_EXIST, &shorter, 8, &value, 8), VIRTIO_NET_XDP_ERR_NO_KEY,
		     "XO-258: a shorter one");
	cr_expect_eq(set(&b, 0, VIRTIO_NET_XDP_UPDATE_EXIST, &same, 8, &value, 8), VIRTIO_NET_XDP_OK, "XO-258");
	cr_expect_eq(drv_xdp_map_lookup(b.net, 0, &same, 8, &value, 8, NULL), 0, "XO-258");
	cr_expect_eq(value, 77, "XO-258: one element has the prefix");
	cr_expect_eq(drv_xdp_map_delete(b.net, 0, &longer, 8, &e), 1, "XO-258: a longer one");
	cr_expect_eq(drv_xdp_map_delete(b.net, 0, &same, 8, &e), 0, "XO-258: whatever is behind the prefix");
	cr_expect_eq(drv_xdp_map_delete(b.net, 0, &same, 8, &e), 1, "XO-258: it is gone");
	cr_expect_eq(drv_xdp_map_lookup(b.net, 0, &same, 8, &value, 8, NULL), 0, "XO-258");
	cr_expect_eq(value, 10, "XO-258: the next longer prefix is found");
	bench_close(&b);
}

/* ---- sizes ---- */

Test(XO, XO_262)
{
	static const struct {
		uint32_t type, key, value, entries;
		bool ok;
	} rows[] = {
		{TYPE(PERCPU_ARRAY), 4, 5, 3, true},  {TYPE(PERCPU_ARRAY), 8, 5, 3, false},
		{TYPE(PERCPU_ARRAY), 4, 0, 3, false}, {TYPE(PERCPU_ARRAY), 4, 5, 0, false},
		{TYPE(PERCPU_HASH), 512, 1, 1, true}, {TYPE(PERCPU_HASH), 513, 1, 1, false},
		{TYPE(PERCPU_HASH), 0, 1, 1, false},  {TYPE(PERCPU_HASH), 4, 0, 1, false},
		{TYPE(LRU_HASH), 1, 1, 1, true},      {TYPE(LRU_HASH), 513, 1, 1, false},
		{TYPE(LRU_HASH), 4, 1, 0, false},     {TYPE(LRU_PERCPU), 512, 1, 1, true},
		{TYPE(LRU_PERCPU), 0, 1, 1, false},   {TYPE(LPM_TRIE), 5, 1, 1, true},
		{TYPE(LPM_TRIE), 260, 1, 1, true},    {TYPE(LPM_TRIE), 4, 1, 1, false},
		{TYPE(LPM_TRIE), 261, 1, 1, false},   {TYPE(LPM_TRIE), 8, 0, 1, false},
		{TYPE(LPM_TRIE), 8, 1, 0, false},     {TYPE(PROG_ARRAY), 4, 4, 1, true},
		{TYPE(PROG_ARRAY), 8, 4, 1, false},   {TYPE(PROG_ARRAY), 4, 8, 1, false},
		{TYPE(PERF_EVENTS), 4, 4, 1, true},   {TYPE(PERF_EVENTS), 4, 8, 1, false},
		{TYPE(PERF_EVENTS), 4, 4, 0, false},  {TYPE(RINGBUF), 0, 0, 4096, true},
		{TYPE(RINGBUF), 4, 0, 4096, false},   {TYPE(RINGBUF), 0, 0, 2048, false},
		{TYPE(RINGBUF), 0, 0, 4097, false},
	};
	struct bench b;

	bench_open(&b, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t status;

		if (!(b.caps.map_types >> rows[i].type & 1))
			continue;
		status = create(&b, 0, rows[i].type, rows[i].key, rows[i].value, rows[i].entries);
		cr_expect_eq(status, rows[i].ok ? VIRTIO_NET_XDP_OK : VIRTIO_NET_XDP_ERR_SIZE,
			     "XO-262: type %u, %u, %u, %u: %s", rows[i].type, rows[i].key, rows[i].value,
			     rows[i].entries, drv_xdp_status_name(status));
		if (status == VIRTIO_NET_XDP_OK)
			cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}
