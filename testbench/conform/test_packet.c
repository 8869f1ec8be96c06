/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets and maps against the datapath: XO-169 to XO-173, XO-197 to XO-222. */
#include <string.h>

#include "bench.h"

static uint8_t frame[70000];

/* A bench with program 0 attached that returns action. */
static void open_action(struct bench *b, bench_tweak *tweak, int32_t action, uint32_t flags)
{
	bench_open(b, tweak);
	LOAD(b, 0, RETURN(action));
	attach(b, 0, 1, flags);
	make_frame(frame, sizeof(frame));
}

static void small_mtu(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->mtu = 1000;
	device->fw.caps.max_frame = 2000;
}

/* Few receive buffers, which the driver does not give back before it receives. */
static void few_buffers(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->queue_size = 4;
}

static void no_merge(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->features[0] &= ~(1ULL << VIRTIO_NET_F_MRG_RXBUF);
	driver->rx_buffer_bytes = 1526;
}

/* A program that replaces and removes an element whose address it holds, and reads the old value. */
Test(XO, XO_169)
{
	uint64_t value = 111, old;
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 2, 0);
	put(&b, 0, 5, &value, 8);
	old = RUN(&b, ST_W(10, -4, 5), ST_DW(10, -16, 222), LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -4),
		  CALL(HELPER_MAP_LOOKUP), JNE_K(0, 0, 2), RETURN(0), MOV_X(6, 0), LD_MAP(1, 0), MOV_X(2, 10),
		  ADD_K(2, -4), MOV_X(3, 10), ADD_K(3, -16), MOV_K(4, 0), CALL(HELPER_MAP_UPDATE), LDX_DW(7, 6, 0),
		  LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_DELETE), ST_W(10, -4, 6), LD_MAP(1, 0),
		  MOV_X(2, 10), ADD_K(2, -4), MOV_X(3, 10), ADD_K(3, -16), MOV_K(4, 0), CALL(HELPER_MAP_UPDATE),
		  LDX_DW(0, 6, 0), ADD_X(0, 7), EXIT);
	cr_expect_eq(old, 222, "XO-169: the values held are %lu in sum, not 111 and 111", (unsigned long)old);
	cr_expect_eq(get64(&b, 0, 6), 222, "XO-169: the new element");
	bench_close(&b);
}

/* Values whose bytes are all equal, written by a program and by commands in turns, are never found mixed. */
Test(XO, XO_170)
{
	struct bench b;
	uint64_t value;
	unsigned i;

	bench_open(&b, NULL);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 8, 1, 0);
	LOAD(&b, 0, LD_VALUE(1, 0, 0), LDX_DW(2, 1, 0), LD_IMM64(3, 0x0101010101010101), ADD_X(2, 3), STX_DW(1, 0, 2),
	     RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 0, 1, 0);
	make_frame(frame, 64);
	for (i = 0; i < 100; i++) {
		cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
		value = get64(&b, 0, 0);
		cr_expect_eq(value, (value & 0xff) * 0x0101010101010101, "XO-170: %#lx", (unsigned long)value);
		if (i % 2) {
			memset(&value, (int)i, sizeof(value));
			put(&b, 0, 0, &value, 8);
		}
	}
	bench_close(&b);
}

Test(XO, XO_171)
{
	struct bench b;
	uint32_t i;

	bench_open(&b, NULL);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 8, 1, 0);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(0, 1), PACKET(6, 22, 5), LD_VALUE(1, 0, 0), LDX_DW(5, 1, 0), STX_DW(2, 14, 5),
	     MOV_K(0, VIRTIO_NET_XDP_PASS), EXIT);
	attach(&b, 0, 1, 0);
	make_frame(frame, 64);
	for (i = 0; i < 50; i++) {
		le64 value = cpu_to_le64(i * 0x100000001ull), seen;

		put(&b, 0, 0, &value, 8);
		bench_forget(&b);
		play(&b, frame, 64);
		cr_assert_eq(b.num_got, 1);
		memcpy(&seen, b.got[0].data + 14, 8);
		cr_expect_eq(le64_to_cpu(seen), i * 0x100000001ull, "XO-171: packet %u", i);
	}
	bench_close(&b);
}

Test(XO, XO_172)
{
	struct bench b;
	unsigned i, k;

	bench_open(&b, NULL);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 8, 1, 0);
	LOAD(&b, 0, LD_VALUE(1, 0, 0), LDX_DW(2, 1, 0), ADD_K(2, 1), STX_DW(1, 0, 2), RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	make_frame(frame, 64);
	for (i = 1; i <= 20; i++) {
		for (k = 0; k < 10; k++)
			cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
		receive(&b);
		cr_expect_geq(get64(&b, 0, 0), b.num_got, "XO-172: %u packets", b.num_got);
	}
	cr_expect_eq(b.num_got, 200, "XO-172");
	bench_close(&b);
}

/* Each byte of a key and a value where the program expects it. */
Test(XO, XO_173)
{
	static const uint8_t key[4] = {0x11, 0x22, 0x33, 0x44}, value[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint64_t r0;
	struct bench b;

	bench_open(&b, NULL);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 2, 0);
	cr_assert_eq(drv_xdp_map_update(b.net, 0, 0, key, 4, value, 8, NULL), 0);
	r0 = RUN(&b, ST_B(10, -4, 0x11), ST_B(10, -3, 0x22), ST_B(10, -2, 0x33), ST_B(10, -1, 0x44), LD_MAP(1, 0),
		 MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP), JNE_K(0, 0, 1), EXIT, LDX_B(6, 0, 0),
		 LDX_B(7, 0, 7), LSH_K(7, 8), MOV_X(0, 6), OR_X(0, 7), EXIT);
	cr_expect_eq(r0, 0x0801, "XO-173: %#lx", (unsigned long)r0);
	bench_close(&b);
}

/* Packets of every interesting size, exactly one run each; and a packet for another station, which no filter drops
 * here. */
Test(XO, XO_197)
{
	static const struct {
		uint32_t bytes, runs;
	} rows[] = {{0, 0},    {1, 0},    {13, 0},   {14, 1},   {15, 1},  {60, 1},
		    {1514, 1}, {1999, 1}, {2000, 1}, {2001, 0}, {9000, 0}};
	struct bench b;
	unsigned i;

	open_action(&b, small_mtu, VIRTIO_NET_XDP_DROP, 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = info_of(&b, 0).run_count, after;

		play(&b, frame, rows[i].bytes);
		after = info_of(&b, 0).run_count;
		cr_expect_eq(after - before, rows[i].runs, "XO-197: %u bytes: %lu runs", rows[i].bytes,
			     (unsigned long)(after - before));
	}
	bench_close(&b);
}

/* A program that makes a packet one for another station: it is delivered all the same. */
Test(XO, XO_198)
{
	struct bench b;

	bench_open(&b, NULL);
	make_frame(frame, 64);
	LOAD(&b, 0, MOV_K(0, 1), PACKET(1, 14, 3), ST_W(2, 0, 0x0badbad0), ST_H(2, 12, 0x0081), MOV_K(0, 2), EXIT);
	attach(&b, 0, 1, 0);
	play(&b, frame, 64);
	cr_expect_eq(b.num_got, 1, "XO-198");
	bench_close(&b);
}

/* More packets than there are buffers, with nobody receiving: the program sees them all. */
Test(XO, XO_199)
{
	struct bench b;
	unsigned i;

	open_action(&b, few_buffers, VIRTIO_NET_XDP_DROP, 0);
	attach(&b, 0, 1, 0);
	LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 1, 1, 0);
	for (i = 0; i < 4; i++)
		cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
	rig_settle(b.rig);
	attach(&b, 0, 1, 0); /* all buffers are taken now */
	for (i = 0; i < 20; i++)
		cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
	rig_settle(b.rig);
	cr_expect_eq(info_of(&b, 0).run_count, 20, "XO-199: %lu of 20 runs", (unsigned long)info_of(&b, 0).run_count);
	receive(&b);
	cr_expect_eq(b.num_got, 4, "XO-199: %u delivered", b.num_got);
	bench_close(&b);
}

Test(XO, XO_200)
{
	static const int32_t actions[] = {VIRTIO_NET_XDP_DROP, VIRTIO_NET_XDP_TX, VIRTIO_NET_XDP_ABORTED, 77};
	struct bench b;
	unsigned i, k;

	for (i = 0; i < 4; i++) {
		open_action(&b, few_buffers, actions[i], 0);
		for (k = 0; k < 50; k++)
			cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
		rig_settle(b.rig);
		LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_PASS));
		attach(&b, 1, 1, 0);
		for (k = 0; k < 4; k++)
			cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
		rig_settle(b.rig);
		cr_expect_eq(info_of(&b, 1).run_count, 4, "XO-200: after action %d the buffers are gone", actions[i]);
		receive(&b);
		cr_expect_eq(b.num_got, 4, "XO-200: action %d: %u delivered", actions[i], b.num_got);
		bench_close(&b);
	}
}

/* Nothing arrives between reset and DRIVER_OK, and no program survives. */
Test(XO, XO_201)
{
	struct bench b;

	open_action(&b, NULL, VIRTIO_NET_XDP_TX, 0);
	drv_net_stop(b.net);
	cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
	rig_settle(b.rig);
	cr_expect_eq(link_mem_sent_count(b.link), 0, "XO-201: a program runs after the reset");
	cr_assert_eq(drv_net_start(b.net), 0);
	receive(&b);
	cr_expect_eq(link_mem_sent_count(b.link), 0, "XO-201: a program runs after the new start");
	bench_close(&b);
}

/* The first and the last byte of long packets, and tags in place. */
Test(XO, XO_202)
{
	static const uint32_t sizes[] = {60, 1514, 4096, 9014, 65535};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	memcpy(frame + 12, "\x81\x00\x12\x34\x08\x00", 6);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(0, VIRTIO_NET_XDP_DROP), PACKET(6, 18, 8), LDX_H(5, 2, 12), JNE_K(5, 0x0081, 6),
	     LDX_H(5, 2, 14), JNE_K(5, 0x3412, 4), MOV_X(5, 3), SUB_X(5, 2), STX_W(2, 0, 5),
	     MOV_K(0, VIRTIO_NET_XDP_PASS), EXIT);
	attach(&b, 0, 1, 0);
	for (i = 0; i < 5; i++) {
		le32 seen;

		if (sizes[i] > b.caps.max_frame)
			continue;
		bench_forget(&b);
		play(&b, frame, sizes[i]);
		cr_assert_eq(b.num_got, 1, "XO-202: %u bytes", sizes[i]);
		memcpy(&seen, b.got[0].data, 4);
		cr_expect_eq(le32_to_cpu(seen), sizes[i], "XO-202: the program sees %u of %u bytes", le32_to_cpu(seen),
			     sizes[i]);
		cr_expect_eq(memcmp(b.got[0].data + 4, frame + 4, sizes[i] - 4), 0, "XO-202: %u bytes", sizes[i]);
	}
	bench_close(&b);
}

static uint64_t feature_mask;

static void with_mask(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->features[0] = feature_mask;
}

/* With all features, with none but what is needed, and without each one of them. */
Test(XO, XO_205)
{
	static const uint64_t needed = 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << 58 | 1ULL << 32;
	struct bench b;
	unsigned bit;

	for (bit = 0; bit <= 64; bit++) {
		if (bit < 64 && (needed >> bit & 1))
			continue;
		feature_mask = bit == 64 ? needed : ~(1ULL << bit);
		open_action(&b, with_mask, VIRTIO_NET_XDP_DROP, 0);
		cr_expect_eq(info_of(&b, 0).attached, 1, "XO-205: without feature %u", bit);
		bench_close(&b);
	}
}

Test(XO, XO_206)
{
	struct bench b;

	open_action(&b, small_mtu, VIRTIO_NET_XDP_PASS, VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS);
	play(&b, frame, 2001);
	play(&b, frame, 9000);
	cr_expect_eq(b.num_got, 0, "XO-206: a packet that the program has not seen is delivered");
	cr_expect_eq(info_of(&b, 0).run_count, 0, "XO-206");
	cr_expect_eq(link_mem_left(b.link), 0, "XO-206: the packets block the link");
	bench_close(&b);
}

Test(XO, XO_207)
{
	struct bench b;

	bench_open(&b, NULL);
	make_frame(frame, 100);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, 20), CALL(HELPER_XDP_ADJUST_HEAD), MOV_X(1, 6), MOV_K(2, -10),
	     CALL(HELPER_XDP_ADJUST_TAIL), MOV_K(0, 1), PACKET(6, 14, 2), ST_B(2, 3, 0xee),
	     MOV_K(0, VIRTIO_NET_XDP_PASS), EXIT);
	attach(&b, 0, 1, 0);
	play(&b, frame, 100);
	frame[23] = 0xee;
	cr_assert_eq(b.num_got, 1);
	cr_expect_eq(b.got[0].bytes, 70, "XO-207: %u bytes", b.got[0].bytes);
	cr_expect_eq(memcmp(b.got[0].data, frame + 20, 70), 0, "XO-207");
	bench_close(&b);
}

/* Plays a packet and expects it neither delivered nor sent, though the program has run. */
static void expect_dropped(struct bench *b, uint32_t bytes, const char *id)
{
	uint64_t runs = info_of(b, b->attached).run_count;
	unsigned got = b->num_got;
	size_t sent = link_mem_sent_count(b->link);

	play(b, frame, bytes);
	cr_expect_eq(b->num_got, got, "%s: %u bytes are delivered", id, bytes);
	cr_expect_eq(link_mem_sent_count(b->link), sent, "%s: %u bytes are sent", id, bytes);
	cr_expect_eq(info_of(b, b->attached).run_count, runs + 1, "%s: %u bytes: no run", id, bytes);
}

Test(XO, XO_208)
{
	struct bench b;

	open_action(&b, NULL, VIRTIO_NET_XDP_DROP, VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS);
	expect_dropped(&b, 14, "XO-208");
	expect_dropped(&b, 1514, "XO-208");
	bench_close(&b);
}

Test(XO, XO_209)
{
	struct bench b;

	open_action(&b, NULL, VIRTIO_NET_XDP_ABORTED, VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS);
	expect_dropped(&b, 14, "XO-209");
	expect_dropped(&b, 1514, "XO-209");
	bench_close(&b);
}

Test(XO, XO_210)
{
	const struct link_frame *sent;
	struct bench b;

	bench_open(&b, NULL);
	make_frame(frame, 100);
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, -4), CALL(HELPER_XDP_ADJUST_HEAD), MOV_K(0, 1), PACKET(6, 14, 2),
	     ST_W(2, 0, 5), MOV_K(0, VIRTIO_NET_XDP_TX), EXIT);
	attach(&b, 0, 1, 0);
	play(&b, frame, 100);
	cr_expect_eq(b.num_got, 0, "XO-210: delivered, too");
	cr_assert_eq(link_mem_sent_count(b.link), 1, "XO-210");
	sent = link_mem_sent(b.link, 0);
	cr_assert_eq(sent->bytes, 104, "XO-210: %u bytes", sent->bytes);
	cr_expect_eq(memcmp(sent->data, "\5\0\0\0", 4), 0, "XO-210: the beginning");
	cr_expect_eq(memcmp(sent->data + 4, frame, 100), 0, "XO-210: the packet");
	bench_close(&b);
}

/* The transmitq is left to the driver: its frames complete as before, none comes back that it did not send. */
Test(XO, XO_211)
{
	struct bench b;
	unsigned i;

	open_action(&b, few_buffers, VIRTIO_NET_XDP_TX, 0);
	for (i = 0; i < 40; i++)
		play(&b, frame, 64);
	cr_expect_eq(link_mem_sent_count(b.link), 40, "XO-211");
	cr_expect_eq(drv_net_reap(b.net), 0, "XO-211: a transmit buffer was used");
	for (i = 0; i < 4; i++)
		cr_expect_eq(drv_net_transmit(b.net, 0, frame, 64), 0, "XO-211: transmission %u", i);
	rig_settle(b.rig);
	cr_expect_eq(drv_net_reap(b.net), 4, "XO-211");
	cr_expect_eq(link_mem_sent_count(b.link), 44, "XO-211");
	bench_close(&b);
}

Test(XO, XO_212)
{
	struct bench b;
	unsigned i;

	open_action(&b, NULL, VIRTIO_NET_XDP_TX, 0);
	for (i = 0; i < 200; i++) {
		frame[20] = (uint8_t)i;
		cr_assert_eq(link_mem_push(b.link, frame, 60 + i), 0);
	}
	rig_settle(b.rig);
	cr_assert_eq(link_mem_sent_count(b.link), 200, "XO-212");
	for (i = 0; i < 200; i++)
		cr_expect_eq(link_mem_sent(b.link, i)->data[20], (uint8_t)i, "XO-212: packet %u", i);
	bench_close(&b);
}

/* Sizes around the MTU, with no tag, one and two. */
static void sizes_around_mtu(struct bench *b, bool tx, const char *id)
{
	unsigned tags;
	int more;

	for (tags = 0; tags <= 2; tags++) {
		make_frame(frame, 2000);
		if (tags)
			memcpy(frame + 12, tags == 2 ? "\x88\xa8\0\1\x81\0\0\2\x08\0" : "\x81\0\0\2\x08\0\0\0\0\0", 10);
		else
			memcpy(frame + 12, "\x08\0", 2);
		for (more = -1; more <= 1; more++) {
			uint32_t bytes = (uint32_t)(1014 + (int)tags * 4 + more);
			size_t sent = link_mem_sent_count(b->link);

			bench_forget(b);
			play(b, frame, bytes);
			cr_expect_eq(tx ? link_mem_sent_count(b->link) - sent : b->num_got, more <= 0,
				     "%s: %u bytes with %u tags", id, bytes, tags);
		}
	}
}

Test(XO, XO_213)
{
	struct bench b;

	open_action(&b, small_mtu, VIRTIO_NET_XDP_TX, 0);
	sizes_around_mtu(&b, true, "XO-213");
	bench_close(&b);
}

Test(XO, XO_214)
{
	static const int32_t actions[] = {4, 5, 6, 255, 256, 258, -1, INT32_MIN, INT32_MAX};
	struct bench b;
	unsigned i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		open_action(&b, NULL, actions[i], 0);
		if (actions[i] > 31 || actions[i] < 0 || !(b.caps.actions >> actions[i] & 1))
			expect_dropped(&b, 64, "XO-214");
		bench_close(&b);
	}
}

Test(XO, XO_215)
{
	static const int32_t actions[] = {4, 5, 255, 256, -1, INT32_MIN, INT32_MAX};
	struct bench b;
	unsigned i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		open_action(&b, NULL, actions[i], VIRTIO_NET_XDP_ATTACH_F_UNSUPPORTED_PASS);
		if (actions[i] > 31 || actions[i] < 0 || !(b.caps.actions >> actions[i] & 1)) {
			play(&b, frame, 64);
			cr_expect_eq(b.num_got, 1, "XO-215: action %d is not passed", actions[i]);
		}
		bench_close(&b);
	}
}

Test(XO, XO_216)
{
	struct bench b;

	open_action(&b, small_mtu, VIRTIO_NET_XDP_PASS, 0);
	sizes_around_mtu(&b, false, "XO-216");
	LOAD(&b, 1, MOV_K(2, -50), CALL(HELPER_XDP_ADJUST_HEAD), RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 1, 1, 0);
	make_frame(frame, 1014);
	bench_forget(&b);
	expect_dropped(&b, 1014, "XO-216: grown");
	play(&b, frame, 900);
	cr_expect_eq(b.num_got, 1, "XO-216: grown, but not too long");
	bench_close(&b);
}

/* Without mergeable buffers, frames around the size of one; and with them, the queue goes on after a drop. */
Test(XO, XO_217)
{
	struct bench b;

	open_action(&b, no_merge, VIRTIO_NET_XDP_PASS, 0);
	play(&b, frame, 1514);
	cr_expect_eq(b.num_got, 1, "XO-217: 1,514 bytes fit");
	expect_dropped(&b, 1515, "XO-217");
	expect_dropped(&b, 9000, "XO-217");
	play(&b, frame, 60);
	cr_expect_eq(b.num_got, 2, "XO-217: the queue is stuck");
	cr_expect_eq(b.got[1].bytes, 60, "XO-217");
	bench_close(&b);
}

Test(XO, XO_219)
{
	struct bench b;
	unsigned i;

	open_action(&b, NULL, VIRTIO_NET_XDP_PASS, 0);
	for (i = 14; i < 200; i += 13)
		play(&b, frame, i);
	for (i = 0; i < b.num_got; i++)
		cr_expect_eq(b.got[i].flags & VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, "XO-219: packet %u", i);
	cr_expect_gt(b.num_got, 10);
	bench_close(&b);
}

Test(XO, XO_221)
{
	static const int32_t actions[] = {VIRTIO_NET_XDP_PASS, VIRTIO_NET_XDP_TX};
	struct bench b;
	unsigned i;

	for (i = 0; i < 2; i++) {
		bench_open(&b, NULL);
		make_frame(frame, 64);
		LOAD(&b, 0, MOV_X(6, 1), MOV_K(2, -8), CALL(HELPER_XDP_ADJUST_META), LDX_W(2, 6, CTX_META),
		     LDX_W(3, 6, CTX_DATA), MOV_X(4, 2), ADD_K(4, 8), JGT_X(4, 3, 2), ST_W(2, 0, 0x41414141),
		     ST_W(2, 4, 0x41414141), RETURN(actions[i]));
		attach(&b, 0, 1, 0);
		play(&b, frame, 64);
		if (actions[i] == VIRTIO_NET_XDP_PASS) {
			cr_assert_eq(b.num_got, 1);
			cr_expect(b.got[0].bytes == 64 && !memcmp(b.got[0].data, frame, 64), "XO-221: PASS");
		} else {
			cr_assert_eq(link_mem_sent_count(b.link), 1);
			cr_expect(link_mem_sent(b.link, 0)->bytes == 64 &&
					  !memcmp(link_mem_sent(b.link, 0)->data, frame, 64),
				  "XO-221: TX");
		}
		bench_close(&b);
	}
}

/* A program that drops every packet with an odd number: the others stay in order. */
Test(XO, XO_222)
{
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, 64);
	LOAD(&b, 0, MOV_K(0, VIRTIO_NET_XDP_PASS), PACKET(1, 21, 4), LDX_B(5, 2, 20), AND_K(5, 1), JEQ_K(5, 0, 1),
	     MOV_K(0, VIRTIO_NET_XDP_DROP), EXIT);
	attach(&b, 0, 1, 0);
	for (i = 0; i < 250; i++) {
		frame[20] = (uint8_t)i;
		cr_assert_eq(link_mem_push(b.link, frame, 64), 0);
	}
	receive(&b);
	cr_assert_eq(b.num_got, 125, "XO-222: %u packets", b.num_got);
	for (i = 0; i < 125; i++)
		cr_expect_eq(b.got[i].data[20], 2 * i, "XO-222: packet %u", i);
	bench_close(&b);
}
