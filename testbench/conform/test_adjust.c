/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on packets: XO-149 to XO-156. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static uint8_t frame[67000];

static void open_test_run(struct bench *b)
{
	bench_open(b, NULL);
	need_command(b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
}

/* Calls adjust helper once with delta on a frame of bytes. Returns R0; *bytes is the frame's size then. */
static int64_t adjust(struct bench *b, unsigned helper, int32_t delta, uint32_t *bytes)
{
	uint64_t r0;

	make_frame(frame, *bytes);
	LOAD(b, 0, MOV_K(2, delta), CALL(helper), EXIT);
	r0 = run_frame(b, 0, frame, bytes, sizeof(frame));
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
	return (int64_t)r0;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Ones' complement sum in 32 bits of s and count units. */
static uint32_t sum32(uint32_t s, const uint32_t *units, uint32_t count)
{
	uint64_t sum = s;

	while (count--) {
		sum += *units++;
		sum = (sum & 0xffffffff) + (sum >> 32);
	}
	return (uint32_t)sum;
}

/* Differences on the stack, exactly: which of the two zeros of ones' complement it is counts, too. */
Test(XO, XO_149)
{
	static const uint32_t plain[4] = {0x78563412, 0xf0debc9a, 0x8001feff, 0xffff0000};
	static const uint32_t ones[4] = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
	static const uint32_t zeros[4] = {0};
	static const uint32_t half[4] = {0xffff, 5, 0xfffffffa, 5};
	static const struct {
		const uint32_t *data; /* 8 bytes from, 8 bytes to */
		uint32_t from, to, seed;
	} rows[] = {
		{plain, 4, 4, 0},          {plain, 8, 4, 0x1234},     {plain, 0, 8, 0},          {plain, 8, 0, 0xffff},
		{plain, 8, 8, 0xffffffff}, {plain, 4, 8, 0x80000001}, {plain, 0, 4, 1},          {ones, 4, 0, 0},
		{ones, 4, 4, 0},           {ones, 0, 8, 0},           {ones, 8, 8, 0xffff},      {zeros, 8, 0, 0},
		{zeros, 0, 4, 0},          {zeros, 4, 4, 0},          {zeros, 4, 4, 0xffffffff}, {half, 4, 4, 0},
		{half, 8, 0, 0x10004},     {half, 4, 0, 0xffff},      {half, 4, 8, 0},           {zeros, 0, 0, 0},
		{zeros, 0, 0, 0xffff},     {zeros, 0, 0, 0x12345678}, {zeros, 0, 0, 0xffffffff}, {plain, 3, 4, 0},
		{plain, 4, 2, 0},          {plain, 1, 1, 0}};
	struct bench b;
	unsigned i;

	open_test_run(&b);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t *from = rows[i].data, *to = from + 2, seed = rows[i].seed;
		uint32_t change[2] = {sum32(seed, to, rows[i].to / 4), ~sum32(0, from, rows[i].from / 4)};
		int64_t want, got;

		if (!rows[i].to && rows[i].from)
			change[0] = ~sum32(~seed, from, rows[i].from / 4);
		if (rows[i].to && rows[i].from)
			change[0] = sum32(change[0], &change[1], 1);
		want = rows[i].from % 4 || rows[i].to % 4 ? -22 : fold(change[0]);
		got = (int64_t)RUN(&b, ST_W(10, -16, from[0]), ST_W(10, -12, from[1]), ST_W(10, -8, to[0]),
				   ST_W(10, -4, to[1]), MOV_X(1, 10), ADD_K(1, -16), MOV_K(2, rows[i].from),
				   MOV_X(3, 10), ADD_K(3, -8), MOV_K(4, rows[i].to), MOV32_K(5, seed),
				   CALL(HELPER_CSUM_DIFF), EXIT);
		cr_expect_eq(got, want, "XO-149: row %u: %#llx, not %#llx", i, (unsigned long long)got,
			     (unsigned long long)want);
	}
	bench_close(&b);
}

Test(XO, XO_150)
{
	uint32_t headroom, bytes, i;
	struct bench b;

	open_test_run(&b);
	headroom = b.caps.headroom;
	const int32_t bad[] = {
		-(int32_t)headroom - 1, -(int32_t)headroom - 4096, 51, 64, 65, 4096, INT32_MIN, INT32_MAX};
	const int32_t good[] = {-(int32_t)headroom, 50, 0, -1};

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bytes = 64;
		cr_expect_eq(adjust(&b, HELPER_XDP_ADJUST_HEAD, bad[i], &bytes), -22, "XO-150: %d", bad[i]);
		cr_expect_eq(bytes, 64, "XO-150: %d: the packet has %u bytes", bad[i], bytes);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		bytes = 64;
		cr_expect_eq(adjust(&b, HELPER_XDP_ADJUST_HEAD, good[i], &bytes), 0, "XO-150: %d", good[i]);
	}
	bench_close(&b);
}

Test(XO, XO_151)
{
	static const int32_t rows[] = {-100, -14, -4, -1, 0, 1, 14, 50};
	uint8_t original[64];
	uint32_t bytes, i;
	struct bench b;

	open_test_run(&b);
	make_frame(original, 64);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t kept = rows[i] > 0 ? 64u - (uint32_t)rows[i] : 64;

		bytes = 64;
		cr_expect_eq(adjust(&b, HELPER_XDP_ADJUST_HEAD, rows[i], &bytes), 0, "XO-151: %d", rows[i]);
		cr_expect_eq(bytes, 64u - (uint32_t)rows[i], "XO-151: %d: %u bytes", rows[i], bytes);
		cr_expect_eq(memcmp(frame + bytes - kept, original + 64 - kept, kept), 0, "XO-151: %d: other bytes",
			     rows[i]);
	}
	bench_close(&b);
}

/* Eight bytes of metadata are found again after the head has moved either way. */
Test(XO, XO_152)
{
	static const int32_t rows[] = {-64, -4, -1, 1, 16, 40};
	struct bench b;
	uint64_t r0;
	unsigned i;

	open_test_run(&b);
	cr_assert_geq(b.caps.max_metadata, 8, "XO-152: no room for metadata");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r0 = RUN(&b, MOV_X(6, 1), MOV_K(2, -8), CALL(HELPER_XDP_ADJUST_META), LDX_W(2, 6, CTX_META),
			 LDX_W(3, 6, CTX_DATA), MOV_X(4, 2), ADD_K(4, 8), JGT_X(4, 3, 16), ST_W(2, 0, 0x11223344),
			 ST_W(2, 4, 0x55667788), MOV_X(1, 6), MOV_K(2, rows[i]), CALL(HELPER_XDP_ADJUST_HEAD),
			 JNE_K(0, 0, 10), LDX_W(2, 6, CTX_META), LDX_W(3, 6, CTX_DATA), MOV_X(5, 3), SUB_X(5, 2),
			 MOV_X(4, 2), ADD_K(4, 8), JGT_X(4, 3, 3), LDX_DW(0, 2, 0), JNE_K(5, 8, 1), EXIT, RETURN(-1));
		cr_expect_eq(r0, 0x5566778811223344, "XO-152: %d: %#lx", rows[i], (unsigned long)r0);
	}
	bench_close(&b);
}

Test(XO, XO_153)
{
	struct bench b;
	unsigned i;

	open_test_run(&b);
	const int32_t max = b.caps.max_metadata, headroom = b.caps.headroom;
	const struct {
		int32_t delta;
		int64_t r0[2]; /* either */
	} rows[] = {
		{0, {0, 0}},
		{-4, {0, 0}},
		{-max, {0, 0}},
		{-max - 4, {-13, -22}},
		{-1, {-13, -13}},
		{-2, {-13, -13}},
		{-7, {-13, -13}},
		{4, {-22, -22}},
		{1, {-22, -13}},
		{-headroom - 4, {-22, -13}},
		{INT32_MIN, {-22, -13}},
		{INT32_MAX, {-22, -13}},
	};

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t r0 = (int64_t)RUN(&b, MOV_X(6, 1), MOV_K(2, rows[i].delta), CALL(HELPER_XDP_ADJUST_META),
					  MOV_X(7, 0), LDX_W(2, 6, CTX_META), LDX_W(3, 6, CTX_DATA), SUB_X(3, 2),
					  MOV_X(0, 3), LSH_K(0, 32), LSH_K(7, 32), RSH_K(7, 32), OR_X(0, 7), EXIT);
		int32_t code = (int32_t)r0, size = (int32_t)(r0 >> 32);

		cr_expect(code == rows[i].r0[0] || code == rows[i].r0[1], "XO-153: %d: %d", rows[i].delta, code);
		cr_expect_eq(size, code ? 0 : -rows[i].delta, "XO-153: %d: %d bytes of metadata", rows[i].delta, size);
	}
	bench_close(&b);
}

Test(XO, XO_154)
{
	uint32_t bytes, i;
	struct bench b;

	open_test_run(&b);
	const int32_t tailroom = b.caps.tailroom;
	const int32_t bad[] = {tailroom + 1, tailroom + 4096, -51, -64, -65, INT32_MIN, INT32_MAX};
	const int32_t good[] = {tailroom, 0, 1, -1, -50};

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bytes = 64;
		cr_expect_eq(adjust(&b, HELPER_XDP_ADJUST_TAIL, bad[i], &bytes), -22, "XO-154: %d", bad[i]);
		cr_expect_eq(bytes, 64, "XO-154: %d: the packet has %u bytes", bad[i], bytes);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		bytes = 64;
		cr_expect_eq(adjust(&b, HELPER_XDP_ADJUST_TAIL, good[i], &bytes), 0, "XO-154: %d", good[i]);
		cr_expect_eq(bytes, 64u + (uint32_t)good[i], "XO-154: %d: %u bytes", good[i], bytes);
	}
	bench_close(&b);
}

/* Also where bytes of the packet were before: shrink, then grow; and a long packet before a short one. */
Test(XO, XO_155)
{
	uint32_t bytes, i;
	struct bench b;

	open_test_run(&b);
	bytes = 1500;
	memset(frame, 0xff, bytes);
	LOAD(&b, 0, RETURN(2));
	run_frame(&b, 0, frame, &bytes, sizeof(frame));
	cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, NULL), 0);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, -40), CALL(HELPER_XDP_ADJUST_TAIL), MOV_X(1, 6),
	     MOV_K(2, 40 + b.caps.tailroom), CALL(HELPER_XDP_ADJUST_TAIL), EXIT);
	bytes = 64;
	memset(frame, 0xff, bytes);
	cr_expect_eq(run_frame(&b, 0, frame, &bytes, sizeof(frame)), 0);
	cr_expect_eq(bytes, 64u + b.caps.tailroom, "XO-155: %u bytes", bytes);
	for (i = 24; i < bytes && !frame[i]; i++)
		;
	cr_expect_eq(i, bytes, "XO-155: byte %u is %u", i, frame[i < bytes ? i : 0]);
	bench_close(&b);
}

/* No packet is too long for it. */
static void extend_longest(void)
{
	struct bench b;

	open_test_run(&b);
	const int32_t headroom = b.caps.headroom, tailroom = b.caps.tailroom;
	uint32_t longest = b.caps.max_frame, limit = b.caps.max_cmd_bytes - 2 - sizeof(struct virtio_net_xdp_test_run);
	uint32_t bytes = longest < limit ? longest : limit, want = bytes + headroom + tailroom;

	cr_assert_leq(want, sizeof(frame));
	make_frame(frame, bytes);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, -headroom), CALL(HELPER_XDP_ADJUST_HEAD), JNE_K(0, 0, 3), MOV_X(1, 6),
	     MOV_K(2, tailroom), CALL(HELPER_XDP_ADJUST_TAIL), EXIT);
	cr_expect_eq(run_frame(&b, 0, frame, &bytes, sizeof(frame)), 0, "XO-156: the longest packet");
	cr_expect_eq(bytes, want, "XO-156: the longest packet is %u bytes, not %u", bytes, want);
	bench_close(&b);
}

/* The whole room at both ends can be written, around packets of many sizes, and the packet between is whole. */
Test(XO, XO_156)
{
	static const uint32_t sizes[] = {14, 60, 1514, 9014};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	const int32_t headroom = b.caps.headroom, tailroom = b.caps.tailroom;

	LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, -headroom), CALL(HELPER_XDP_ADJUST_HEAD), JNE_K(0, 0, 13), MOV_X(1, 6),
	     MOV_K(2, tailroom), CALL(HELPER_XDP_ADJUST_TAIL), JNE_K(0, 0, 9), PACKET(6, 14 + headroom, 4),
	     ST_B(2, 0, 1), ST_B(2, headroom - 1, 2), RETURN(VIRTIO_NET_XDP_PASS), RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 0, 1, 0);
	for (i = 0; i < 4; i++) {
		uint32_t bytes = sizes[i] + (uint32_t)headroom + (uint32_t)tailroom;

		make_frame(frame, sizes[i]);
		bench_forget(&b);
		play(&b, frame, sizes[i]);
		cr_assert_eq(b.num_got, 1, "XO-156: %u bytes", sizes[i]);
		cr_expect_eq(b.got[0].bytes, bytes, "XO-156: %u bytes: %u", sizes[i], b.got[0].bytes);
		cr_expect(b.got[0].data[0] == 1 && b.got[0].data[headroom - 1] == 2, "XO-156: %u bytes: the headroom",
			  sizes[i]);
		cr_expect_eq(memcmp(b.got[0].data + headroom, frame, sizes[i]), 0, "XO-156: %u bytes: the packet",
			     sizes[i]);
	}
	bench_close(&b);
	extend_longest();
}
