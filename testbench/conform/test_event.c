/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that programs write for the driver: EVENT_GET, and the maps and helpers behind it. */
#include <string.h>

#include "bench.h"

#define PERF        0 /* map ids */
#define RING        1
#define RING_BYTES  4096
#define RECORD_ROOM 32 /* of a record at most, besides its data */
#define ROOM        ((uint32_t)1 << 20)
#define FRAMES_MAX  4000 /* until a map has no place left */

static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_PERF_EVENTS, VIRTIO_NET_XDP_MAP_RINGBUF};

static bool offers_helper(const struct bench *b, unsigned id)
{
	return b->caps.helpers[id / 64] >> id % 64 & 1;
}

/* A device with both maps; the test is skipped where one is not offered. */
static void open_events(struct bench *b)
{
	unsigned i;

	bench_open(b, NULL);
	need_command(b, VIRTIO_NET_CTRL_XDP_EVENT_GET, "EVENT_GET");
	for (i = 0; i < 2; i++) {
		struct drv_xdp_map_attr attr = {types[i], i ? 0 : 4, i ? 0 : 4, i ? RING_BYTES : 4, 0, 0, "events"};

		if (!(b->caps.map_types >> types[i] & 1))
			cr_skip_test("the device does not offer the map type %u", types[i]);
		cr_assert_eq(drv_xdp_map_create(b->net, i, &attr, NULL), 0, "map type %u", types[i]);
	}
}

static void need_helper(const struct bench *b, unsigned id)
{
	if (!offers_helper(b, id))
		cr_skip_test("the device does not offer the helper %u", id);
}

/* What EVENT_GET has told. */
struct told {
	unsigned count;
	uint32_t left;
	struct drv_xdp_event events[FRAMES_MAX];
	uint8_t data[FRAMES_MAX][80]; /* the first bytes */
};

static void on_event(void *ctx, const struct drv_xdp_event *event)
{
	struct told *t = ctx;

	cr_assert_lt(t->count, FRAMES_MAX);
	t->events[t->count] = *event;
	memcpy(t->data[t->count], event->data, event->bytes < 80 ? event->bytes : 80);
	t->count++;
}

static void event_get(struct bench *b, struct told *t, uint32_t max, uint32_t room)
{
	cr_assert_eq(drv_xdp_event_get(b->net, max, room, on_event, t, &t->left, NULL), 0);
}

/* All that there are. */
static void take_all(struct bench *b, struct told *t)
{
	memset(t, 0, sizeof(*t));
	do
		event_get(b, t, UINT32_MAX, ROOM);
	while (t->left);
}

/* R0 = the helper's result for the 8 bytes behind the packet's header; 22 bytes have been checked. R6 is the context.
 */
#define WRITE_PERF                                                                                                     \
	LDX_DW(5, 2, 14), STX_DW(10, -8, 5), MOV_X(1, 6), LD_MAP(2, PERF), MOV32_K(3, -1), MOV_X(4, 10), ADD_K(4, -8), \
		MOV_K(5, 8), CALL(HELPER_PERF_EVENT_OUTPUT)
#define WRITE_RING                                                                                                     \
	LDX_DW(5, 2, 14), STX_DW(10, -8, 5), LD_MAP(1, RING), MOV_X(2, 10), ADD_K(2, -8), MOV_K(3, 8), MOV_K(4, 0),    \
		CALL(HELPER_RINGBUF_OUTPUT)

/* PASS if R0 is 0, else DROP. */
#define TELL JNE_K(0, 0, 2), RETURN(VIRTIO_NET_XDP_PASS), RETURN(VIRTIO_NET_XDP_DROP)

static void play_number(struct bench *b, uint64_t number)
{
	uint8_t frame[64];

	make_frame(frame, sizeof(frame));
	memcpy(frame + 14, &number, sizeof(number));
	play(b, frame, sizeof(frame));
}

static uint64_t number_of(const struct told *t, unsigned i)
{
	uint64_t number;

	memcpy(&number, t->data[i], sizeof(number));
	return number;
}

/* Each frame's number goes to one map, then to the other; they are fetched in pieces of all sizes. */
Test(XO, XO_112)
{
	static struct told t;
	struct bench b;
	unsigned i, round;

	open_events(&b);
	need_helper(&b, HELPER_PERF_EVENT_OUTPUT);
	need_helper(&b, HELPER_RINGBUF_OUTPUT);
	LOAD(&b, 0, MOV_X(6, 1), PACKET(6, 22, 24), MOV_X(7, 2), WRITE_PERF, MOV_X(2, 7), WRITE_RING, TELL);
	attach(&b, 0, 1, 0);
	for (round = 0; round < 8; round++) {
		for (i = 0; i < 20; i++)
			play_number(&b, i);
		memset(&t, 0, sizeof(t));
		do {
			unsigned before = t.count;

			event_get(&b, &t, round < 4 ? round + 1 : 100, round < 4 ? ROOM : 24 * (round - 3) + 23);
			cr_expect_eq(t.left, 40 - t.count, "XO-112: %u told, %u left", t.count, t.left);
			cr_assert_gt(t.count, before, "XO-112: no record, but %u left", t.left);
		} while (t.left);
		cr_expect_eq(t.count, 40, "XO-112: %u of 40 records", t.count);
		for (i = 0; i < t.count; i++) {
			cr_expect_eq(number_of(&t, i), i / 2, "XO-112: record %u is of packet %lu", i,
				     (unsigned long)number_of(&t, i));
			cr_expect_eq(t.events[i].map_id, i % 2, "XO-112: record %u is of map %u", i,
				     t.events[i].map_id);
			cr_expect(t.events[i].bytes == 8 && t.events[i].rx_queue_index == 0, "XO-112: record %u", i);
		}
		bench_forget(&b);
	}
	bench_close(&b);
}

/* Writes records until so many were lost behind the last that found a place; returns how many did. */
static unsigned overfill(struct bench *b, unsigned losses)
{
	unsigned kept = 0, lost = 0, i;

	for (i = 0; i < FRAMES_MAX && lost < losses; i++) {
		unsigned before = b->num_got;

		play_number(b, i);
		if (b->num_got > before) {
			cr_assert_eq(lost, 0, "a record found place behind one that did not");
			kept++;
		} else {
			lost++;
		}
		bench_forget(b);
	}
	if (!lost)
		cr_skip_test("the map has place for more than %u records", FRAMES_MAX);
	return kept;
}

static void load_writer(struct bench *b, uint32_t map)
{
	if (map == RING)
		LOAD(b, map, MOV_X(6, 1), PACKET(6, 22, 12), WRITE_RING, TELL);
	else /* with the 64 bytes of the packet */
		LOAD(b, map, MOV_X(6, 1), PACKET(6, 22, 14), LDX_DW(5, 2, 14), STX_DW(10, -8, 5), MOV_X(1, 6),
		     LD_MAP(2, PERF), LD_IMM64(3, 64ULL << 32 | 0xffffffff), MOV_X(4, 10), ADD_K(4, -8), MOV_K(5, 8),
		     CALL(HELPER_PERF_EVENT_OUTPUT), TELL);
	attach(b, map, 1, 0);
}

Test(XO, XO_113)
{
	static struct told t;
	struct bench b;
	uint32_t map;
	unsigned i;

	open_events(&b);
	need_helper(&b, HELPER_PERF_EVENT_OUTPUT);
	need_helper(&b, HELPER_RINGBUF_OUTPUT);
	for (map = PERF; map <= RING; map++) {
		load_writer(&b, map);
		overfill(&b, 7);
		take_all(&b, &t);
		for (i = 0; i < t.count; i++)
			cr_expect_eq(t.events[i].lost, 0, "XO-113: map %u: record %u says %u", map, i,
				     t.events[i].lost);
		for (i = 0; i < 3; i++)
			play_number(&b, i);
		bench_forget(&b);
		take_all(&b, &t);
		cr_assert_eq(t.count, 3);
		cr_expect_eq(t.events[0].lost, 7, "XO-113: map %u: lost %u of 7", map, t.events[0].lost);
		cr_expect_eq(t.events[1].lost, 0, "XO-113: map %u: told twice", map);
	}
	bench_close(&b);
}

Test(XO, XO_253)
{
	static const uint32_t sizes[] = {0, 1, 8, 63, 64, 65, 128, 0xfffff};
	static struct told t;
	unsigned i, k;
	struct bench b;

	open_events(&b);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	need_helper(&b, HELPER_PERF_EVENT_OUTPUT);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t flags = (uint64_t)sizes[i] << 32 | 0xffffffff;
		bool fits = sizes[i] <= 64;
		uint64_t r0 = RUN(&b, ST_DW(10, -8, 0x5a), LD_MAP(2, PERF), LD_IMM64(3, flags), MOV_X(4, 10),
				  ADD_K(4, -8), MOV_K(5, 4), CALL(HELPER_PERF_EVENT_OUTPUT), EXIT);

		cr_expect_eq(r0, fits ? 0 : (uint64_t)-22, "XO-253: %u bytes of 64: %ld", sizes[i], (long)r0);
		take_all(&b, &t);
		cr_assert_eq(t.count, fits, "XO-253: %u bytes of 64: %u records", sizes[i], t.count);
		if (!fits)
			continue;
		cr_expect_eq(t.events[0].bytes, 4 + sizes[i], "XO-253: %u bytes", t.events[0].bytes);
		cr_expect_eq(memcmp(t.data[0], "\x5a\0\0", 4), 0, "XO-253: the data come first");
		for (k = 0; k < sizes[i]; k++)
			cr_expect_eq(t.data[0][4 + k], k, "XO-253: byte %u of the packet", k);
	}
	bench_close(&b);
}

/* R0 = 0 if all of a reserved record is zero; it is left full of ones, and appended. */
Test(XO, XO_254)
{
	static struct told t;
	struct bench b;
	unsigned i;

	open_events(&b);
	need_helper(&b, HELPER_RINGBUF_RESERVE);
	LOAD(&b, 0, LD_MAP(1, RING), MOV_K(2, 40), MOV_K(3, 0), CALL(HELPER_RINGBUF_RESERVE), MOV_K(6, 0),
	     JEQ_K(0, 0, 19), LDX_DW(6, 0, 0), LDX_DW(2, 0, 8), OR_X(6, 2), LDX_DW(2, 0, 16), OR_X(6, 2),
	     LDX_DW(2, 0, 24), OR_X(6, 2), LDX_DW(2, 0, 32), OR_X(6, 2), ST_DW(0, 0, -1), ST_DW(0, 8, -1),
	     ST_DW(0, 16, -1), ST_DW(0, 24, -1), ST_DW(0, 32, -1), MOV_X(1, 0), MOV_K(2, 0),
	     CALL(HELPER_RINGBUF_SUBMIT), MOV_X(0, 6), JA(1), MOV_K(0, 1), TELL);
	attach(&b, 0, 1, 0);
	for (i = 0; i < 300; i++) {
		play_number(&b, i);
		cr_expect_eq(b.num_got, 1, "XO-254: record %u has bytes that are not zero, or found no place", i);
		bench_forget(&b);
		if (i % 30 == 29) {
			take_all(&b, &t);
			cr_assert_eq(t.count, 30);
			cr_expect_eq(memcmp(t.data[0], "\377\377\377\377\377\377\377\377", 8), 0,
				     "XO-254: what the program wrote");
		}
	}
	bench_close(&b);
}

/* Three records reserved, numbered, and given back in another order, one of them by discard. */
Test(XO, XO_255)
{
	static struct told t;
	struct bench b;

	open_events(&b);
	need_helper(&b, HELPER_RINGBUF_RESERVE);
#define RESERVE      LD_MAP(1, RING), MOV_K(2, 8), MOV_K(3, 0), CALL(HELPER_RINGBUF_RESERVE)
#define GIVE(reg, h) MOV_X(1, reg), MOV_K(2, 0), CALL(h)
	LOAD(&b, 0, RESERVE, JEQ_K(0, 0, 40), MOV_X(6, 0), ST_DW(6, 0, 1), RESERVE, JNE_K(0, 0, 4),
	     GIVE(6, HELPER_RINGBUF_DISCARD), JA(28), MOV_X(7, 0), ST_DW(7, 0, 2), RESERVE, JNE_K(0, 0, 7),
	     GIVE(6, HELPER_RINGBUF_DISCARD), GIVE(7, HELPER_RINGBUF_DISCARD), JA(13), MOV_X(8, 0), ST_DW(8, 0, 3),
	     GIVE(8, HELPER_RINGBUF_SUBMIT), GIVE(7, HELPER_RINGBUF_DISCARD), GIVE(6, HELPER_RINGBUF_SUBMIT),
	     RETURN(VIRTIO_NET_XDP_PASS), RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 0, 1, 0);
	play_number(&b, 0);
	cr_assert_eq(b.num_got, 1, "XO-255: a record of 8 bytes found no place");
	play_number(&b, 1);
	take_all(&b, &t);
	cr_assert_eq(t.count, 4, "XO-255: %u records", t.count);
	cr_expect(number_of(&t, 0) == 1 && number_of(&t, 1) == 3 && number_of(&t, 2) == 1 && number_of(&t, 3) == 3,
		  "XO-255: the order is not that of the places");
	bench_close(&b);
}

Test(XO, XO_256)
{
	static struct told t;
	unsigned i, kept;
	struct bench b;
	uint32_t map;

	open_events(&b);
	need_helper(&b, HELPER_PERF_EVENT_OUTPUT);
	need_helper(&b, HELPER_RINGBUF_OUTPUT);
	for (map = PERF; map <= RING; map++) {
		load_writer(&b, map);
		kept = overfill(&b, 20);
		cr_expect_geq(kept, map == RING ? RING_BYTES / (8 + RECORD_ROOM) - 1 : 65536 / (72 + RECORD_ROOM) - 1,
			      "map %u has place for %u records", map, kept);
		take_all(&b, &t);
		cr_expect_eq(t.count, kept, "XO-256: map %u: %u of %u records", map, t.count, kept);
		for (i = 0; i < t.count; i++)
			cr_expect_eq(number_of(&t, i), i, "XO-256: map %u: record %u is of packet %lu", map, i,
				     (unsigned long)number_of(&t, i));
	}
	bench_close(&b);
}

Test(XO, XO_261)
{
	static const struct {
		uint8_t command;
		size_t bytes;
	} rows[] = {
		{VIRTIO_NET_CTRL_XDP_MAP_LOOKUP, 8},
		{VIRTIO_NET_CTRL_XDP_MAP_UPDATE, 16},
		{VIRTIO_NET_CTRL_XDP_MAP_DELETE, 8},
		{VIRTIO_NET_CTRL_XDP_MAP_NEXT, 4},
	};
	struct bench b;
	uint32_t map;
	unsigned i;

	open_events(&b);
	for (map = PERF; map <= RING; map++)
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			le32 request[4] = {cpu_to_le32(map)};
			struct answer a;

			ask(&b, &a, rows[i].command, request, rows[i].bytes, 64);
			cr_expect_eq(a.status, VIRTIO_NET_XDP_ERR_TYPE, "XO-261: map %u, command %u: %s", map,
				     rows[i].command, drv_xdp_status_name(a.status));
		}
	bench_close(&b);
}

struct refused {
	const char *what;
	uint64_t insns[24];
	uint8_t count;
	bool good;
};

static void expect_refused(struct bench *b, const struct refused *rows, unsigned count, const char *id)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		uint32_t error = refusal(b, rows[i].insns, rows[i].count, 0);

		cr_expect_eq(!error, rows[i].good, "%s: %s: %s", id, rows[i].what,
			     error ? drv_xdp_status_name(error) : "accepted");
	}
}

Test(XO, XO_263)
{
	static const struct refused rows[] = {
		{"used when it is not null",
		 {RESERVE, JEQ_K(0, 0, 4), ST_DW(0, 0, 1), GIVE(0, HELPER_RINGBUF_SUBMIT), RETURN(2)},
		 12,
		 true},
		{"used without a comparison",
		 {RESERVE, ST_DW(0, 0, 1), JEQ_K(0, 0, 3), GIVE(0, HELPER_RINGBUF_SUBMIT), RETURN(2)},
		 12,
		 false},
		{"null used",
		 {RESERVE, JNE_K(0, 0, 3), ST_DW(0, 0, 1), RETURN(2), GIVE(0, HELPER_RINGBUF_SUBMIT), RETURN(2)},
		 14,
		 false},
		{"null given back", {RESERVE, GIVE(0, HELPER_RINGBUF_DISCARD), RETURN(2)}, 10, false},
		{"used after submit",
		 {RESERVE, JEQ_K(0, 0, 5), MOV_X(6, 0), GIVE(0, HELPER_RINGBUF_SUBMIT), ST_DW(6, 0, 1), RETURN(2)},
		 13,
		 false},
		{"used after discard",
		 {RESERVE, JEQ_K(0, 0, 5), MOV_X(6, 0), GIVE(0, HELPER_RINGBUF_DISCARD), LDX_DW(7, 6, 0), RETURN(2)},
		 13,
		 false},
		{"given back twice",
		 {RESERVE, JEQ_K(0, 0, 7), MOV_X(6, 0), GIVE(0, HELPER_RINGBUF_SUBMIT), GIVE(6, HELPER_RINGBUF_SUBMIT),
		  RETURN(2)},
		 15,
		 false},
		{"behind its end",
		 {RESERVE, JEQ_K(0, 0, 4), ST_DW(0, 8, 1), GIVE(0, HELPER_RINGBUF_SUBMIT), RETURN(2)},
		 12,
		 false},
	};
	struct bench b;

	open_events(&b);
	need_helper(&b, HELPER_RINGBUF_RESERVE);
	expect_refused(&b, rows, sizeof(rows) / sizeof(rows[0]), "XO-263");
	bench_close(&b);
}

Test(XO, XO_264)
{
	static const struct refused rows[] = {
		{"given back on both paths",
		 {RESERVE, JNE_K(0, 0, 2), RETURN(2), GIVE(0, HELPER_RINGBUF_DISCARD), RETURN(2)},
		 13,
		 true},
		{"never given back", {RESERVE, RETURN(2)}, 7, false},
		{"not given back when it is there", {RESERVE, JEQ_K(0, 0, 0), RETURN(2)}, 8, false},
		{"one of two",
		 {RESERVE, JNE_K(0, 0, 2), RETURN(2), MOV_X(6, 0), RESERVE, JEQ_K(0, 0, 3),
		  GIVE(0, HELPER_RINGBUF_SUBMIT), RETURN(2)},
		 20,
		 false},
	};
	struct bench b;

	open_events(&b);
	need_helper(&b, HELPER_RINGBUF_RESERVE);
	expect_refused(&b, rows, sizeof(rows) / sizeof(rows[0]), "XO-264");
	bench_close(&b);
}

/* A lock is 4 bytes in the value of map 2, an ARRAY. */
Test(XO, XO_265)
{
#define LOCK   LD_VALUE(1, 2, 4), CALL(HELPER_SPIN_LOCK)
#define UNLOCK LD_VALUE(1, 2, 4), CALL(HELPER_SPIN_UNLOCK)
	static const struct refused rows[] = {
		{"lock and unlock", {LOCK, LD_VALUE(6, 2, 0), ST_W(6, 8, 1), UNLOCK, RETURN(2)}, 11, true},
		{"a helper in between", {LOCK, CALL(HELPER_KTIME), UNLOCK, RETURN(2)}, 9, false},
		{"a function in between", {LOCK, CALL_LOCAL(5), UNLOCK, RETURN(2), RETURN(0)}, 11, false},
		{"a second lock", {LOCK, LD_VALUE(1, 2, 12), CALL(HELPER_SPIN_LOCK), UNLOCK, RETURN(2)}, 11, false},
		{"the same lock again", {LOCK, LOCK, UNLOCK, RETURN(2)}, 11, false},
		{"another lock given up",
		 {LOCK, LD_VALUE(1, 2, 12), CALL(HELPER_SPIN_UNLOCK), UNLOCK, RETURN(2)},
		 11,
		 false},
		{"no lock given up", {UNLOCK, RETURN(2)}, 5, false},
		{"the end in between", {LOCK, RETURN(2)}, 5, false},
		{"the end on one path", {LDX_W(6, 1, CTX_IFINDEX), LOCK, JEQ_K(6, 1, 3), UNLOCK, RETURN(2)}, 10, false},
	};
	struct bench b;

	bench_open(&b, NULL);
	need_helper(&b, HELPER_SPIN_LOCK);
	make_map(&b, 2, VIRTIO_NET_XDP_MAP_ARRAY, 16, 1, 0);
	expect_refused(&b, rows, sizeof(rows) / sizeof(rows[0]), "XO-265");
	bench_close(&b);
}
