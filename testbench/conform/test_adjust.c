/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on packets: XO-149 to XO-156. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static uint8_t frame[66000];

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

/* Sums of differences on the stack: {from_size, to_size, seed}. */
Test(XO, XO_149)
{
	static const struct {
		uint32_t from, to, seed;
	} rows[] = {{4, 4, 0},          {8, 4, 0x1234}, {0, 8, 0}, {8, 0, 0xffff}, {8, 8, 0xffffffff},
		    {4, 8, 0x80000001}, {0, 4, 1},      {3, 4, 0}, {4, 2, 0},      {1, 1, 0}};
	static const uint8_t data[16] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
					 0xff, 0xfe, 0x01, 0x80, 0,    0,    0xff, 0xff};
	uint32_t wire[4];
	struct bench b;
	unsigned i;

	open_test_run(&b);
	memcpy(wire, data, sizeof(wire));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t sum = (rows[i].seed & 0xffff) + (rows[i].seed >> 16), r0;
		bool odd = rows[i].from % 4 || rows[i].to % 4;
		uint32_t k;

		for (k = 0; !odd && k < rows[i].from; k += 2)
			sum += (uint16_t) ~(data[k] | data[k + 1] << 8);
		for (k = 0; !odd && k < rows[i].to; k += 2)
			sum += data[8 + k] | (uint32_t)data[9 + k] << 8;
		r0 = RUN(&b, ST_W(10, -16, wire[0]), ST_W(10, -12, wire[1]), ST_W(10, -8, wire[2]),
			 ST_W(10, -4, wire[3]), MOV_X(1, 10), ADD_K(1, -16), MOV_K(2, rows[i].from), MOV_X(3, 10),
			 ADD_K(3, -8), MOV_K(4, rows[i].to), MOV32_K(5, rows[i].seed), CALL(HELPER_CSUM_DIFF), EXIT);
		if (odd)
			cr_expect_eq((int64_t)r0, -22, "XO-149: sizes %u and %u: %#lx", rows[i].from, rows[i].to,
				     (unsigned long)r0);
		else
			cr_expect(r0 <= 0xffff && r0 % 0xffff == fold(sum) % 0xffff, "XO-149: row %u: %#lx, not %#x", i,
				  (unsigned long)r0, fold(sum));
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
}
