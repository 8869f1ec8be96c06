/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct virtio_features all = {{0, 0}};

/* r0 = first byte of the frame */
static const uint64_t first_byte[] = {0x1261, 0x41361, 0x24bf, 0x100000407, 0xb7, 0x1342d, 0x2071, 0x95};

/* The next used receive buffer is i, with len bytes of which the frame begins at data. */
static void expect_frame(struct bed *bed, uint16_t i, uint32_t bytes, uint8_t seed)
{
	uint8_t want[4096];
	uint32_t id, len;
	struct virtio_net_hdr hdr;

	bed_fill(want, bytes, seed);
	cr_assert(ring_pop(&bed->rings[BED_RX], &id, &len));
	cr_assert_eq(id, i);
	cr_assert_eq(len, bytes + sizeof(hdr));
	memcpy(&hdr, bed_buffer(bed, i), sizeof(hdr));
	cr_assert_eq(le16_to_cpu(hdr.num_buffers), 1);
	hdr.num_buffers = cpu_to_le16(0);
	for (size_t n = 0; n < sizeof(hdr); n++)
		cr_assert_eq(((uint8_t *)&hdr)[n], 0);
	cr_assert_eq(memcmp((uint8_t *)bed_buffer(bed, i) + sizeof(hdr), want, bytes), 0);
}

/* req: VN-0556fd94, VN-aa5decec, VN-bca6ff31; CVE-2024-8612: nothing behind used.len is written */
Test(net_rx, delivered)
{
	struct bed bed;
	uint8_t *buffer;

	for (int mergeable = 0; mergeable < 2; mergeable++) {
		struct virtio_features without = bed_features(VIRTIO_RING_F_EVENT_IDX);

		virtio_feature_set(&without, VIRTIO_NET_F_MRG_RXBUF, !mergeable);
		bed_open(&bed);
		bed_start(&bed, without);
		for (int i = 0; i < 40; i++) {
			bed_post(&bed, i, 2048);
			bed_frame(&bed, 14 + i * 37, i);
		}
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 40);
		for (int i = 0; i < 40; i++) {
			expect_frame(&bed, i, 14 + i * 37, i);
			buffer = bed_buffer(&bed, i);
			for (int at = 12 + 14 + i * 37; at < 4096; at++)
				cr_assert_eq(buffer[at], 0xee, "frame %d byte %d", i, at);
			cr_assert_eq(bed.reports[i].fate, NET_FATE_DELIVERED);
			cr_assert_eq(bed.reports[i].number, i + 1);
		}
		/* A notification a burst, not a frame. */
		cr_assert_eq(bed.tr.vq_interrupts, 2);
		cr_assert_eq(net_counters(bed.net)->frames[NET_FATE_DELIVERED], 40);
		cr_assert_eq(net_counters(bed.net)->bytes[NET_FATE_DELIVERED], 40 * 14 + 37 * 780);
		bed_close(&bed);
	}
}

/* req: VN-e511a9fc, VN-a47b6e97, VN-cb1669fa */
Test(net_rx, spread_over_buffers)
{
	static const uint32_t sizes[] = {12, 13, 25, 26, 27, 64, 128, 500};
	struct bed bed;

	for (size_t s = 0; s < COUNT(sizes); s++) {
		uint8_t got[1600], want[700];
		uint32_t id, len, at = 0, buffers = 0;
		struct virtio_net_hdr hdr;

		bed_open(&bed);
		bed_start(&bed, all);
		for (int i = 0; i < BED_SIZE; i++)
			bed_post(&bed, i, sizes[s]);
		bed_frame(&bed, 700, 9);
		bed_settle(&bed);
		for (; ring_pop(&bed.rings[BED_RX], &id, &len); buffers++) {
			cr_assert_eq(id, buffers);
			cr_assert_eq(len, at + len < 712 ? sizes[s] : 712 - at, "size %u buffer %u", sizes[s], buffers);
			memcpy(got + at, bed_buffer(&bed, id), len);
			at += len;
		}
		cr_assert_eq(buffers, (712 + sizes[s] - 1) / sizes[s]);
		cr_assert_eq(at, 712);
		memcpy(&hdr, got, sizeof(hdr));
		cr_assert_eq(le16_to_cpu(hdr.num_buffers), buffers);
		bed_fill(want, 700, 9);
		cr_assert_eq(memcmp(got + sizeof(hdr), want, 700), 0);
		bed_close(&bed);
	}
}

/* The header falls on twelve descriptors of one byte. */
Test(net_rx, header_in_pieces)
{
	struct bed bed;
	struct ring *ring;
	uint64_t table, buf;
	uint32_t id, len;
	uint8_t *got;

	bed_open(&bed);
	bed_start(&bed, all);
	ring = &bed.rings[BED_RX];
	table = ram_take(&bed.ram, 16 * 16);
	buf = ram_take(&bed.ram, 1024);
	for (uint16_t i = 0; i < 12; i++)
		ring_table(&bed.ram, table, i, buf + 2 * i, 1, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, i + 1);
	ring_table(&bed.ram, table, 12, buf + 64, 500, VRING_DESC_F_WRITE, 0);
	ring_desc(ring, 0, table, 13 * 16, VRING_DESC_F_INDIRECT, 0);
	memset(ram_at(&bed.ram, buf), 0xee, 1024);
	ring_push(ring, 0);
	bed_frame(&bed, 60, 1);
	bed_settle(&bed);
	cr_assert(ring_pop(ring, &id, &len) && len == 72);
	got = ram_at(&bed.ram, buf);
	for (int i = 0; i < 12; i++) {
		cr_assert_eq(got[2 * i], i == 10 ? 1 : 0);
		cr_assert_eq(got[2 * i + 1], 0xee);
	}
	cr_assert(got[64] == 1 && got[65] == 2);
	bed_close(&bed);
}

/* CVE-2015-7295: a frame larger than the buffers is dropped and counted; the next one arrives. */
Test(net_rx, larger_than_buffers_CVE_2015_7295)
{
	struct bed bed;

	for (int mergeable = 0; mergeable < 2; mergeable++) {
		bed_open(&bed);
		bed_start(&bed, mergeable ? all : bed_features(VIRTIO_NET_F_MRG_RXBUF));
		bed_post(&bed, 0, 100);
		bed_post(&bed, 1, 100);
		bed_frame(&bed, mergeable ? 300 : 150, 0);
		bed_frame(&bed, 60, 7);
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 2);
		cr_assert_eq(bed.reports[0].fate, NET_FATE_TOO_BIG);
		cr_assert_eq(bed.reports[1].fate, NET_FATE_DELIVERED);
		expect_frame(&bed, 0, 60, 7);
		cr_assert_not(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET);
		bed_close(&bed);
	}
}

/* A buffer that cannot hold the header breaks the driver's rules. CVE-2021-3748: nothing is written for it. */
Test(net_rx, no_room_for_the_header_CVE_2021_3748)
{
	struct bed bed;

	for (uint32_t bytes = 0; bytes < 12; bytes += 11) {
		bed_open(&bed);
		bed_start(&bed, all);
		bed_post(&bed, 0, bytes);
		bed_post(&bed, 1, 2048);
		bed_frame(&bed, 60, 0);
		bed_settle(&bed);
		cr_assert(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET);
		cr_assert_eq(ring_used_idx(&bed.rings[BED_RX]), 0);
		cr_assert_eq(*(uint8_t *)bed_buffer(&bed, 0), 0xee);
		cr_assert_eq(bed.reports[0].fate, NET_FATE_OVERRUN);
		bed_close(&bed);
	}
}

/* What becomes of frames by their size, without a program and with one that passes all. MTU 1500. req: VN-ab81c5f8 */
Test(net_rx, sizes)
{
	static const uint64_t pass[] = BED_RETURN(2);
	static const struct {
		const char *id;
		uint32_t bytes, wire_bytes;
		uint16_t tags[3];
		enum net_fate without, with;
	} rows[] = {
		{"ch-559faa272 nothing", 0, 0, {0}, NET_FATE_SHORT, NET_FATE_SHORT},
		{"ch-559faa272 13 bytes", 13, 13, {0}, NET_FATE_SHORT, NET_FATE_SHORT},
		{"13 bytes of more", 13, 60, {0}, NET_FATE_SHORT, NET_FATE_SHORT},
		{"14 bytes", 14, 14, {0}, NET_FATE_DELIVERED, NET_FATE_PASS},
		{"snapped", 1000, 1001, {0}, NET_FATE_SNAPPED, NET_FATE_SNAPPED},
		{"MTU", 1514, 1514, {0}, NET_FATE_DELIVERED, NET_FATE_PASS},
		{"MTU + 1", 1515, 1515, {0}, NET_FATE_TOO_BIG, NET_FATE_PASS_DROP},
		{"MTU + tag", 1518, 1518, {0x8100}, NET_FATE_DELIVERED, NET_FATE_PASS},
		{"MTU + tag + 1", 1519, 1519, {0x88a8}, NET_FATE_TOO_BIG, NET_FATE_PASS_DROP},
		{"MTU + 2 tags", 1522, 1522, {0x88a8, 0x8100}, NET_FATE_DELIVERED, NET_FATE_PASS},
		{"MTU + 2 tags + 1", 1523, 1523, {0x88a8, 0x8100}, NET_FATE_TOO_BIG, NET_FATE_PASS_DROP},
		{"a third tag is no tag", 1523, 1523, {0x8100, 0x8100, 0x8100}, NET_FATE_TOO_BIG, NET_FATE_PASS_DROP},
		{"max_frame", 4000, 4000, {0}, NET_FATE_TOO_BIG, NET_FATE_PASS_DROP},
		{"max_frame + 1", 4001, 4001, {0}, NET_FATE_TOO_BIG, NET_FATE_OVERSIZE},
		{"snapped and oversize", 4001, 4002, {0}, NET_FATE_SNAPPED, NET_FATE_SNAPPED},
		{"128 KiB", 131072, 131072, {0}, NET_FATE_TOO_BIG, NET_FATE_OVERSIZE},
	};
	static uint8_t bytes[COUNT(rows)][131072];
	struct link_frame frames[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int t = 0; t < 3; t++) {
			bytes[i][12 + 4 * t] = rows[i].tags[t] >> 8;
			bytes[i][13 + 4 * t] = rows[i].tags[t];
		}
		frames[i] = (struct link_frame){bytes[i], rows[i].bytes, rows[i].wire_bytes, 0, 0};
	}
	for (int with = 0; with < 2; with++) {
		struct bed bed;
		uint64_t sum = 0;

		bed_open(&bed);
		bed.config.fw.caps.max_frame = 4000;
		bed_start(&bed, all);
		if (with)
			bed_attach(&bed, 0, pass, COUNT(pass));
		for (int i = 0; i < BED_SIZE; i++)
			bed_post(&bed, i, 2048);
		bed_settle(&bed);
		/* The link's frames come only now. */
		struct link *link = link_mem_open(frames, COUNT(frames));

		bed.net->link->ops->close(bed.net->link);
		bed.net->link = link;
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, COUNT(rows));
		for (size_t i = 0; i < COUNT(rows); i++) {
			enum net_fate want = with ? rows[i].with : rows[i].without;

			cr_assert_eq(bed.reports[i].fate, want, "%s %s program: %s", rows[i].id,
				     with ? "with" : "without", net_fate_name(bed.reports[i].fate));
			cr_assert_eq(bed.reports[i].number, i + 1);
		}
		for (int i = 0; i < NET_FATES; i++)
			sum += net_counters(bed.net)->frames[i];
		cr_assert_eq(sum, COUNT(rows));
		cr_assert_eq(net_xdp_stats(bed.net, 0)->oversize, with ? 2 : 0);
		cr_assert_null(net_xdp_stats(bed.net, 1));
		bed_close(&bed);
	}
}

/* Every verdict: R0 is the frame's first byte. */
Test(net_rx, verdicts)
{
	static const enum net_fate want[] = {NET_FATE_ABORTED,    NET_FATE_DROP,        NET_FATE_PASS,
					     NET_FATE_TX,         NET_FATE_UNSUPPORTED, NET_FATE_UNSUPPORTED,
					     NET_FATE_UNSUPPORTED};
	struct bed bed;
	const struct net_xdp_stats *s;

	bed_open(&bed);
	bed.config.fw.caps.actions &= ~(1u << VIRTIO_NET_XDP_REDIRECT);
	bed_start(&bed, all);
	bed_attach(&bed, 0, first_byte, COUNT(first_byte));
	for (int i = 0; i < 4; i++)
		bed_post(&bed, i, 2048);
	for (size_t i = 0; i < COUNT(want); i++)
		bed_frame(&bed, 60 + i, i);
	bed_frame(&bed, 2000, 3); /* TX above the MTU */
	link_mem_set_room(bed.link, 2);
	bed_frame(&bed, 80, 3);
	bed_frame(&bed, 80, 3); /* TX on a full link */
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, COUNT(want) + 3);
	for (size_t i = 0; i < COUNT(want); i++) {
		cr_assert_eq(bed.reports[i].fate, want[i], "R0 %zu: %s", i, net_fate_name(bed.reports[i].fate));
		cr_assert_eq(bed.reports[i].r0, i);
		cr_assert_eq(bed.reports[i].bytes, 60 + i);
	}
	cr_assert_eq(bed.reports[COUNT(want)].fate, NET_FATE_TX_DROP);
	cr_assert_eq(bed.reports[COUNT(want) + 1].fate, NET_FATE_TX);
	cr_assert_eq(bed.reports[COUNT(want) + 2].fate, NET_FATE_TX_DROP);
	cr_assert_eq(link_mem_sent_count(bed.link), 2);
	cr_assert(link_mem_sent(bed.link, 0)->bytes == 63 && link_mem_sent(bed.link, 0)->data[0] == 3);
	expect_frame(&bed, 0, 62, 2);
	s = net_xdp_stats(bed.net, 0);
	cr_assert(s->runs == 10 && s->pass == 1 && s->drop == 1 && s->tx == 2 && s->tx_drop == 2 && s->aborted == 1 &&
		  s->unsupported == 3 && !s->oversize && !s->bad_queue);
	cr_assert_eq(net_counters(bed.net)->transmitted, 0, "those are the guest's");
	virtio_set_status(net_virtio(bed.net), 0);
	cr_assert(!s->runs && !s->pass && !s->tx_drop, "they begin anew with a reset");
	cr_assert_eq(net_counters(bed.net)->frames[NET_FATE_TX], 2, "these don't");
	bed_close(&bed);
}

/*
 * No buffers: the program runs all the same, DROP and TX need none; a frame that passed waits with its verdict and is
 * not run again; reports keep the order of the link.
 */
Test(net_rx, waits_for_buffers)
{
	static const uint8_t verdicts[] = {1, 3, 2, 1, 3, 2, 2, 1};
	uint64_t counted = 0;
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	bed_attach(&bed, 0, first_byte, COUNT(first_byte));
	for (size_t i = 0; i < COUNT(verdicts); i++)
		bed_frame(&bed, 60 + i, verdicts[i]);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 2);
	/* The driver can ask now: all have run, and five were dropped or sent, in front of and behind the one that
	 * waits. */
	cr_assert_eq(net_xdp_stats(bed.net, 0)->runs, COUNT(verdicts));
	cr_assert_eq(net_xdp_stats(bed.net, 0)->pass, 3);
	cr_assert_eq(net_counters(bed.net)->frames[NET_FATE_DROP], 3);
	cr_assert_eq(net_counters(bed.net)->frames[NET_FATE_TX], 2);
	cr_assert_eq(net_counters(bed.net)->frames[NET_FATE_PASS], 0);
	cr_assert_eq(link_mem_sent_count(bed.link), 2);
	for (int i = 0; i < 100; i++)
		net_poll(bed.net);
	cr_assert_eq(bed.num_reports, 2);
	bed_post(&bed, 5, 2048);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 5);
	expect_frame(&bed, 5, 62, 2);
	bed_post(&bed, 6, 2048);
	bed_post(&bed, 7, 2048);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, COUNT(verdicts));
	expect_frame(&bed, 6, 65, 2);
	expect_frame(&bed, 7, 66, 2);
	for (size_t i = 0; i < COUNT(verdicts); i++)
		cr_assert(bed.reports[i].number == i + 1 && bed.reports[i].r0 == verdicts[i]);
	cr_assert_eq(net_xdp_stats(bed.net, 0)->runs, COUNT(verdicts));
	for (int fate = 0; fate < NET_FATES; fate++)
		counted += net_counters(bed.net)->frames[fate];
	cr_assert_eq(counted, COUNT(verdicts));
	bed_close(&bed);
}

/* The device asks to be notified while a frame waits, by flag or by event, and for the buffer that is missing. */
Test(net_rx, asks_for_buffers)
{
	struct bed bed;

	for (int event = 0; event < 2; event++) {
		bed_open(&bed);
		bed_start(&bed, event ? all : bed_features(VIRTIO_RING_F_EVENT_IDX));
		bed_post(&bed, 0, 2048);
		bed_post(&bed, 1, 2048);
		bed_post(&bed, 2, 2048);
		bed_frame(&bed, 60, 0);
		bed_settle(&bed);
		if (!event)
			cr_assert_eq(ring_used_flags(&bed.rings[BED_RX]), VRING_USED_F_NO_NOTIFY);
		for (int i = 0; i < 3; i++)
			bed_frame(&bed, 60, 0);
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 3);
		cr_assert_eq(ring_used_flags(&bed.rings[BED_RX]), 0);
		if (event)
			cr_assert_eq(ring_avail_event(&bed.rings[BED_RX]), 3);
		bed_post(&bed, 3, 2048);
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 4);
		bed_close(&bed);
	}
}

/* A frame that needs more than there are now, but not more than there were, waits until they are back. */
Test(net_rx, waits_for_enough_buffers)
{
	struct bed bed;
	uint32_t id, len;

	bed_open(&bed);
	bed_start(&bed, all);
	for (int i = 0; i < 4; i++)
		bed_post(&bed, i, 100);
	bed_frame(&bed, 60, 0);
	bed_frame(&bed, 60, 0);
	bed_frame(&bed, 388, 1);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 2);
	cr_assert_eq(ring_used_idx(&bed.rings[BED_RX]), 2, "nothing of the third is visible");
	bed_post(&bed, 0, 100);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 2);
	bed_post(&bed, 1, 100);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 3);
	cr_assert_eq(bed.reports[2].fate, NET_FATE_DELIVERED);
	for (int i = 0; i < 6; i++)
		cr_assert(ring_pop(&bed.rings[BED_RX], &id, &len));
	bed_close(&bed);
}

Test(net_rx, overrun)
{
	struct bed bed;

	bed_open(&bed);
	bed.config.overrun = true;
	bed_start(&bed, all);
	bed_frame(&bed, 60, 0);
	bed_settle(&bed);
	bed_attach(&bed, 0, first_byte, COUNT(first_byte));
	bed_frame(&bed, 60, 2);
	bed_frame(&bed, 60, 1);
	bed_settle(&bed);
	bed_post(&bed, 0, 2048);
	bed_frame(&bed, 60, 2);
	bed_settle(&bed);
	virtio_set_status(net_virtio(bed.net), 0);
	bed_frame(&bed, 60, 2);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 5);
	cr_assert_eq(bed.reports[0].fate, NET_FATE_OVERRUN);
	cr_assert_eq(bed.reports[1].fate, NET_FATE_PASS_OVERRUN);
	cr_assert_eq(bed.reports[2].fate, NET_FATE_DROP);
	cr_assert_eq(bed.reports[3].fate, NET_FATE_PASS);
	cr_assert_eq(bed.reports[4].fate, NET_FATE_NOT_RUNNING);
	bed_close(&bed);
}

/* A reset, or the device's end, while frames wait: each is reported, once. */
Test(net_rx, reset_while_waiting)
{
	for (int end = 0; end < 2; end++) {
		struct bed bed;

		bed_open(&bed);
		bed_start(&bed, all);
		bed_attach(&bed, 0, first_byte, COUNT(first_byte));
		bed_frame(&bed, 60, 2);
		bed_frame(&bed, 60, 1);
		bed_frame(&bed, 60, 2);
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 0);
		if (end) {
			net_destroy(bed.net);
			bed.net = NULL;
		} else {
			virtio_set_status(net_virtio(bed.net), 0);
			bed_settle(&bed);
		}
		cr_assert_eq(bed.num_reports, 3);
		cr_assert_eq(bed.reports[0].fate, NET_FATE_PASS_OVERRUN);
		cr_assert_eq(bed.reports[1].fate, NET_FATE_DROP);
		cr_assert_eq(bed.reports[2].fate, NET_FATE_PASS_OVERRUN);
		bed_close(&bed);
	}
}

/* ktime is the frame's time since the first frame after DRIVER_OK, and never decreases. */
Test(net_rx, ktime)
{
	static const uint64_t now[] = {0x500000085, 0x95};
	static const struct {
		uint64_t time_ns, want;
	} rows[] = {{1000000, 0},  {1000500, 500},     {1000400, 500},
		    {999999, 500}, {2000000, 1000000}, {UINT64_MAX, UINT64_MAX - 1000000}};
	static uint8_t bytes[60];
	struct link_frame frames[COUNT(rows)];
	struct bed bed;

	for (size_t i = 0; i < COUNT(rows); i++)
		frames[i] = (struct link_frame){bytes, 60, 60, rows[i].time_ns, 0};
	bed_open(&bed);
	bed_start(&bed, all);
	bed_attach(&bed, 0, now, COUNT(now));
	bed.net->link->ops->close(bed.net->link);
	bed.net->link = link_mem_open(frames, COUNT(frames));
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert_eq(bed.reports[i].r0, rows[i].want, "row %zu: %llu", i,
			     (unsigned long long)bed.reports[i].r0);
	bed_close(&bed);
}

/* A program that puts 20 bytes before the frame, and passes it or sends it back. */
Test(net_rx, grown)
{
	/* r2 = -20; call xdp_adjust_head; r0 = action; exit */
	uint64_t prog[] = {0xffffffec000002b7, 0x2c00000085, 0, 0x95};

	for (uint64_t action = 2; action <= 3; action++) {
		struct bed bed;
		uint32_t id, len;

		prog[2] = 0xb7 | action << 32;
		bed_open(&bed);
		bed_start(&bed, all);
		bed_attach(&bed, 0, prog, COUNT(prog));
		bed_post(&bed, 0, 2048);
		bed_frame(&bed, 1494, 5);
		bed_frame(&bed, 1495, 5);
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 2);
		cr_assert_eq(bed.reports[0].fate, action == 2 ? NET_FATE_PASS : NET_FATE_TX);
		cr_assert_eq(bed.reports[0].bytes, 1514);
		cr_assert_eq(bed.reports[1].fate, action == 2 ? NET_FATE_PASS_DROP : NET_FATE_TX_DROP);
		if (action == 2) {
			cr_assert(ring_pop(&bed.rings[BED_RX], &id, &len) && len == 1526);
			cr_assert_eq(((uint8_t *)bed_buffer(&bed, 0))[12 + 20], 5);
		} else {
			cr_assert_eq(link_mem_sent(bed.link, 0)->bytes, 1514);
			cr_assert_eq(link_mem_sent(bed.link, 0)->data[20], 5);
		}
		bed_close(&bed);
	}
}

/* CVE-2020-10756: lengths in a frame that lie: what is sent back or passed ends where the frame ended, whatever was
 * there before. */
Test(net_rx, lengths_that_lie_CVE_2020_10756)
{
	static const uint8_t echo[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0xff, 0xff, 58, 64};
	uint8_t frame[62] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	memcpy(frame + 12, echo, sizeof(echo));
	frame[54] = 128; /* ICMPv6 echo request */
	for (unsigned action = VIRTIO_NET_XDP_PASS; action <= VIRTIO_NET_XDP_TX; action++) {
		const uint64_t prog[] = BED_RETURN(action);
		const struct link_frame *sent;
		struct bed bed;
		uint32_t id, len;

		bed_open(&bed);
		bed_start(&bed, all);
		bed_attach(&bed, 0, prog, COUNT(prog));
		bed_post(&bed, 0, 2048);
		bed_post(&bed, 1, 2048);
		bed_frame(&bed, 1514, 0x55);
		bed_settle(&bed);
		cr_assert_eq(link_mem_push(bed.link, frame, sizeof(frame)), 0);
		bed_settle(&bed);
		if (action == VIRTIO_NET_XDP_TX) {
			sent = link_mem_sent(bed.link, 1);
			cr_assert(sent && sent->bytes == sizeof(frame) && !memcmp(sent->data, frame, sizeof(frame)));
		} else {
			cr_assert(ring_pop(&bed.rings[BED_RX], &id, &len) && ring_pop(&bed.rings[BED_RX], &id, &len));
			cr_assert(id == 1 && len == 12 + sizeof(frame), "%u bytes in buffer %u", len, id);
			for (uint32_t at = len; at < 4096; at++)
				cr_assert_eq(((uint8_t *)bed_buffer(&bed, 1))[at], 0xee, "byte %u", at);
		}
		bed_close(&bed);
	}
}

/* CVE-2019-3900: a turn takes a burst and no more, however much there is; the others have their turn. */
Test(net_rx, budget_CVE_2019_3900)
{
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	for (int i = 0; i < BED_SIZE; i++)
		bed_post(&bed, i, 64);
	for (int i = 0; i < 3 * LINK_BURST; i++)
		bed_frame(&bed, 13, 0);
	cr_assert(net_poll(bed.net));
	cr_assert_eq(bed.num_reports, LINK_BURST);
	cr_assert_eq(link_mem_left(bed.link), 2 * LINK_BURST);
	bed_close(&bed);
}
