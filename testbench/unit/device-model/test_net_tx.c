/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct virtio_features all = {{0, 0}};

/* Makes header and frame available as one descriptor i. */
static void post(struct bed *bed, uint16_t i, const struct virtio_net_hdr *hdr, uint32_t bytes, uint8_t seed)
{
	uint64_t gpa = bed->buffers + (uint64_t)i * bed->buffer_bytes;
	uint8_t *at = ram_at(&bed->ram, gpa);

	memcpy(at, hdr, sizeof(*hdr));
	bed_fill(at + sizeof(*hdr), bytes, seed);
	ring_desc(&bed->rings[BED_TX], i, gpa, sizeof(*hdr) + bytes, 0, 0);
	ring_push(&bed->rings[BED_TX], i);
	virtio_notify(net_virtio(bed->net), BED_TX);
}

static void expect_done(struct bed *bed, uint16_t i)
{
	uint32_t id, len;

	cr_assert(ring_pop(&bed->rings[BED_TX], &id, &len));
	cr_assert_eq(id, i);
	cr_assert_eq(len, 0);
}

/* What goes out and what does not. MTU 1500. req: VN-04c0c553, VN-9c747612 */
Test(net_tx, headers_and_sizes)
{
	static const struct {
		const char *id;
		uint8_t flags, gso_type;
		uint16_t gso_size;
		uint16_t csum_start;
		uint32_t bytes;
		uint16_t tag;
		bool sent;
	} rows[] = {
		{"plain", 0, 0, 0, 0, 60, 0, true},
		{"14 bytes", 0, 0, 0, 0, 14, 0, true},
		{"13 bytes", 0, 0, 0, 0, 13, 0, false},
		{"CVE-2022-2132-a header only", 0, 0, 0, 0, 0, 0, false},
		{"MTU", 0, 0, 0, 0, 1514, 0, true},
		{"MTU + 1", 0, 0, 0, 0, 1515, 0, false},
		{"MTU + tag", 0, 0, 0, 0, 1518, 0x8100, true},
		{"MTU + tag + 1", 0, 0, 0, 0, 1519, 0x8100, false},
		{"above any limit", 0, 0, 0, 0, 4000, 0, false},
		{"fields that mean nothing", 0, 0, 0xffff, 0xffff, 60, 0, true},
		{"flags that mean nothing", 0xfe, 0, 0, 0, 60, 0, true},
		{"CVE-2024-11614 dpdk-706ba48665 dpdk-7316b4fd61 checksum not negotiated", 1, 0, 0, 0xffff, 60, 0,
		 false},
		{"dpdk-7023f3e532 segmentation with size 0", 1, 1, 0, 0, 60, 0, false},
		{"segmentation not negotiated", 0, 4, 1448, 0, 60, 0, false},
		{"ECN alone", 0, 0x80, 0, 0, 60, 0, false},
	};
	struct bed bed;
	size_t sent = 0;

	bed_open(&bed);
	bed_start(&bed, all);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct virtio_net_hdr hdr = {.flags = rows[i].flags,
					     .gso_type = rows[i].gso_type,
					     .gso_size = cpu_to_le16(rows[i].gso_size),
					     .csum_start = cpu_to_le16(rows[i].csum_start)};
		uint8_t *frame = (uint8_t *)bed_buffer(&bed, 0) + sizeof(hdr), copy[4096];

		post(&bed, 0, &hdr, rows[i].bytes, i);
		if (rows[i].tag) {
			frame[12] = rows[i].tag >> 8;
			frame[13] = rows[i].tag;
		}
		memcpy(copy, frame, rows[i].bytes);
		bed_settle(&bed);
		expect_done(&bed, 0);
		sent += rows[i].sent;
		cr_assert_eq(link_mem_sent_count(bed.link), sent, "%s", rows[i].id);
		if (rows[i].sent) {
			const struct link_frame *f = link_mem_sent(bed.link, sent - 1);

			cr_assert_eq(f->bytes, rows[i].bytes, "%s", rows[i].id);
			cr_assert_eq(memcmp(f->data, copy, f->bytes), 0, "%s", rows[i].id);
		}
	}
	cr_assert_eq(net_counters(bed.net)->transmitted, sent);
	cr_assert_eq(net_counters(bed.net)->transmit_errors, COUNT(rows) - sent);
	bed_close(&bed);
}

/*
 * CVE-2022-2132-b: the header in every split, with the frame's first byte in the last piece; ch-63304d0be: empty
 * descriptors in between. ch-2a089db26: used.len is 0, whatever is writable behind.
 */
Test(net_tx, every_split_CVE_2022_2132_b)
{
	struct bed bed;
	uint64_t table, buf;
	uint8_t want[60];

	bed_open(&bed);
	bed_start(&bed, all);
	table = ram_take(&bed.ram, 64 * 16);
	buf = ram_take(&bed.ram, 256);
	memset(ram_at(&bed.ram, buf), 0, 256);
	bed_fill((uint8_t *)ram_at(&bed.ram, buf) + 12, 60, 3);
	bed_fill(want, 60, 3);
	for (uint32_t cuts = 0; cuts < 1 << 12; cuts++) {
		uint32_t n = 0, from = 0;

		for (uint32_t i = 0; i < 12; i++) {
			if (!(cuts >> i & 1))
				continue;
			if (cuts & 1)
				ring_table(&bed.ram, table, n, buf + from, 0, VRING_DESC_F_NEXT, n + 1), n++;
			ring_table(&bed.ram, table, n, buf + from, i + 1 - from, VRING_DESC_F_NEXT, n + 1), n++;
			from = i + 1;
		}
		ring_table(&bed.ram, table, n, buf + from, 72 - from, VRING_DESC_F_NEXT, n + 1), n++;
		ring_table(&bed.ram, table, n, buf + 128, 64, VRING_DESC_F_WRITE, 0), n++;
		ring_desc(&bed.rings[BED_TX], 0, table, 16 * n, VRING_DESC_F_INDIRECT, 0);
		ring_push(&bed.rings[BED_TX], 0);
		virtio_notify(net_virtio(bed.net), BED_TX);
		bed_settle(&bed);
		expect_done(&bed, 0);
		cr_assert_eq(link_mem_sent_count(bed.link), cuts + 1, "cuts %#x", cuts);
		cr_assert_eq(link_mem_sent(bed.link, cuts)->bytes, 60, "cuts %#x", cuts);
		cr_assert_eq(memcmp(link_mem_sent(bed.link, cuts)->data, want, 60), 0, "cuts %#x", cuts);
	}
	bed_close(&bed);
}

/* CVE-2022-2132-a: chains with less than a header, or with nothing to read at all. */
Test(net_tx, less_than_a_header_CVE_2022_2132_a)
{
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	for (uint32_t bytes = 0; bytes <= 12; bytes++) {
		ring_desc(&bed.rings[BED_TX], 3, bed.buffers, bytes, 0, 0);
		ring_push(&bed.rings[BED_TX], 3);
		virtio_notify(net_virtio(bed.net), BED_TX);
		bed_settle(&bed);
		expect_done(&bed, 3);
	}
	ring_desc(&bed.rings[BED_TX], 3, bed.buffers, 100, VRING_DESC_F_WRITE, 0);
	ring_push(&bed.rings[BED_TX], 3);
	virtio_notify(net_virtio(bed.net), BED_TX);
	bed_settle(&bed);
	expect_done(&bed, 3);
	cr_assert_eq(link_mem_sent_count(bed.link), 0);
	cr_assert_eq(net_counters(bed.net)->transmit_errors, 14);
	cr_assert_not(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET);
	bed_close(&bed);
}

/* ch-63304d0be: a chain of 124 MiB, the same 2 MiB again and again, fits nowhere and is not copied anywhere. */
Test(net_tx, huge_ch_63304d0be)
{
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	for (uint16_t i = 0; i < BED_SIZE - 2; i++)
		ring_desc(&bed.rings[BED_TX], i, bed.ram.next, 2 << 20, i < BED_SIZE - 3 ? VRING_DESC_F_NEXT : 0,
			  i + 1);
	ring_push(&bed.rings[BED_TX], 0);
	virtio_notify(net_virtio(bed.net), BED_TX);
	bed_settle(&bed);
	expect_done(&bed, 0);
	cr_assert_eq(net_counters(bed.net)->transmit_errors, 1);
	bed_close(&bed);
}

/* One notification for a batch; a turn takes a burst, and the rest waits for the next. */
Test(net_tx, batches)
{
	struct virtio_net_hdr hdr = {0};
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, bed_features(VIRTIO_RING_F_EVENT_IDX));
	bed_settle(&bed);
	for (int i = 0; i < BED_SIZE; i++)
		post(&bed, i, &hdr, 60 + i, i);
	cr_assert(net_poll(bed.net));
	cr_assert_eq(link_mem_sent_count(bed.link), LINK_BURST);
	cr_assert_eq(bed.tr.vq_interrupts, 1);
	bed_settle(&bed);
	cr_assert_eq(link_mem_sent_count(bed.link), BED_SIZE);
	cr_assert_eq(bed.tr.vq_interrupts, 2);
	for (int i = 0; i < BED_SIZE; i++) {
		expect_done(&bed, i);
		cr_assert_eq(link_mem_sent(bed.link, i)->bytes, 60 + i);
	}
	/* Nothing is looked at without a notification, which the device has not turned off. */
	cr_assert_eq(ring_used_flags(&bed.rings[BED_TX]), 0);
	bed_close(&bed);
}

Test(net_tx, link_down_or_full)
{
	struct virtio_net_hdr hdr = {0};
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	link_mem_set_up(bed.link, false);
	post(&bed, 0, &hdr, 60, 0);
	bed_settle(&bed);
	expect_done(&bed, 0);
	cr_assert_eq(net_counters(bed.net)->transmit_errors, 1);
	link_mem_set_up(bed.link, true);
	link_mem_set_room(bed.link, 2);
	for (int i = 0; i < 5; i++)
		post(&bed, i, &hdr, 60, 0);
	bed_settle(&bed);
	cr_assert_eq(net_counters(bed.net)->transmit_errors, 4);
	cr_assert_eq(net_counters(bed.net)->transmitted, 2);
	for (int i = 0; i < 5; i++)
		expect_done(&bed, i);
	bed_close(&bed);
}

/* CVE-2021-3416: what is sent is received again by a link that loops; no path of the device calls the other. */
Test(net_tx, looped_CVE_2021_3416)
{
	struct virtio_net_hdr hdr = {0};
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	bed_post(&bed, 0, 2048);
	post(&bed, 1, &hdr, 60, 9);
	bed_settle(&bed);
	for (int round = 0; round < 1000; round++) {
		const struct link_frame *f = link_mem_sent(bed.link, round);
		uint32_t id, len;

		cr_assert(f);
		cr_assert_eq(link_mem_push(bed.link, f->data, f->bytes), 0);
		bed_settle(&bed);
		cr_assert(ring_pop(&bed.rings[BED_RX], &id, &len));
		/* The driver forwards it: the buffer with its header is what it sends. */
		ring_desc(&bed.rings[BED_TX], 2, bed.buffers, len, 0, 0);
		ring_push(&bed.rings[BED_TX], 2);
		virtio_notify(net_virtio(bed.net), BED_TX);
		bed_settle(&bed);
		bed_post(&bed, 0, 2048);
	}
	cr_assert_eq(bed.num_reports, 1000);
	bed_close(&bed);
}
