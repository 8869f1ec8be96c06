/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers about the bytes of the packet and about time: XO-249 to XO-251. */
#include <string.h>

#include "bench.h"

#define PACKET_BYTES 64
#define NS_PER_S     1000000000

static void open_with(struct bench *b, const uint32_t *helpers, unsigned count)
{
	unsigned i;

	bench_open(b, NULL);
	need_command(b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	for (i = 0; i < count; i++)
		if (!(b->caps.helpers[helpers[i] / 64] >> helpers[i] % 64 & 1))
			cr_skip_test("the device does not offer the helper %u", helpers[i]);
}

/* Where bytes are asked for, and whether all of them are inside of the packet. */
static const struct {
	uint32_t offset, bytes;
	bool inside;
} places[] = {
	{0, 1, true},
	{0, 8, true},
	{1, 7, true},
	{PACKET_BYTES - 8, 8, true},
	{PACKET_BYTES - 1, 1, true},
	{PACKET_BYTES - 7, 8, false},
	{PACKET_BYTES - 1, 2, false},
	{PACKET_BYTES, 1, false},
	{PACKET_BYTES + 1, 1, false},
	{0xffff, 8, false},
	{0x10000, 8, false},
	{0x80000000, 8, false},
	{0xfffffff8, 8, false},
	{0xffffffff, 1, false},
};

/* Loads from place i; returns R0 of the helper, or the first 8 bytes of the buffer, which were 0xa5. */
static uint64_t load_from(struct bench *b, unsigned i, bool value)
{
	return RUN(b, LD_IMM64(3, 0xa5a5a5a5a5a5a5a5), STX_DW(10, -8, 3), MOV32_K(2, places[i].offset), MOV_X(3, 10),
		   ADD_K(3, -8), MOV_K(4, places[i].bytes), CALL(HELPER_XDP_LOAD_BYTES), LDX_DW(6, 10, -8),
		   JEQ_K(0, 0, value ? 0 : 1), value ? MOV_X(0, 6) : JA(0), EXIT);
}

/* Stores 8 bytes 0xee, or fewer, at place i. */
static uint64_t store_to(struct bench *b, unsigned i, uint8_t *frame, uint32_t *bytes)
{
	uint64_t r0;

	LOAD(b, 0, LD_IMM64(3, 0xeeeeeeeeeeeeeeee), STX_DW(10, -8, 3), MOV32_K(2, places[i].offset), MOV_X(3, 10),
	     ADD_K(3, -8), MOV_K(4, places[i].bytes), CALL(HELPER_XDP_STORE_BYTES), EXIT);
	r0 = run_frame(b, 0, frame, bytes, 4096);
	cr_assert_eq(drv_xdp_prog_destroy(b->net, 0, NULL), 0);
	return r0;
}

static const uint32_t helpers[] = {HELPER_XDP_LOAD_BYTES, HELPER_XDP_STORE_BYTES};

/* Runs all places; says of those that are inside, or of the others, what is wrong. */
static void check_places(const char *id, bool inside)
{
	static uint8_t frame[4096], before[PACKET_BYTES];
	unsigned i, k;
	struct bench b;

	open_with(&b, helpers, 2);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint64_t expect = inside ? 0 : (uint64_t)-22, r0, value;
		uint32_t bytes = PACKET_BYTES;

		if (places[i].inside != inside)
			continue;
		r0 = load_from(&b, i, false);
		cr_expect_eq(r0, expect, "%s: xdp_load_bytes at %u, %u bytes: %ld", id, places[i].offset,
			     places[i].bytes, (long)r0);
		value = inside ? load_from(&b, i, true) : 0;
		for (k = 0; inside && k < places[i].bytes; k++)
			cr_expect_eq((uint8_t)(value >> 8 * k), places[i].offset + k, "%s: byte %u from %u", id, k,
				     places[i].offset);
		make_frame(before, sizeof(before));
		make_frame(frame, PACKET_BYTES);
		r0 = store_to(&b, i, frame, &bytes);
		cr_expect_eq(r0, expect, "%s: xdp_store_bytes at %u, %u bytes: %ld", id, places[i].offset,
			     places[i].bytes, (long)r0);
		if (inside)
			memset(before + places[i].offset, 0xee, places[i].bytes);
		cr_expect(bytes == PACKET_BYTES && memcmp(frame, before, PACKET_BYTES) == 0,
			  "%s: the packet after xdp_store_bytes at %u, %u bytes", id, places[i].offset,
			  places[i].bytes);
	}
	bench_close(&b);
}

Test(XO, XO_249)
{
	check_places("XO-249", false);
}

Test(XO, XO_250)
{
	check_places("XO-250", true);
}

/* Time * hz - jiffies * 10^9 is what was rounded down. */
Test(XO, XO_251)
{
	static const uint32_t clocks[] = {HELPER_KTIME, HELPER_JIFFIES};
	uint8_t frame[PACKET_BYTES];
	struct bench b;
	unsigned i;

	open_with(&b, clocks, 2);
	make_frame(frame, sizeof(frame));
	cr_assert_gt(b.caps.hz, 0);
	LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 1, 1, 0);
	for (i = 0; i < 20; i++) {
		uint64_t rest = RUN(&b, CALL(HELPER_KTIME), MOV_X(6, 0), CALL(HELPER_JIFFIES), MUL_K(0, NS_PER_S),
				    MUL_K(6, b.caps.hz), SUB_X(6, 0), MOV_X(0, 6), EXIT);

		cr_expect_lt(rest, NS_PER_S, "XO-251: jiffies64 is %ld ns / hz behind ktime_get_ns", (long)rest);
		play(&b, frame, sizeof(frame));
	}
	bench_close(&b);
}
