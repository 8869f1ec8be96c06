/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <string.h>

#define FRAMES  12
#define FOREVER 0xffffffff

static const struct virtio_features all = {{0, 0}};

static uint8_t set(struct bed *bed, uint8_t command, uint32_t packets, uint32_t usecs)
{
	struct virtio_net_ctrl_coal coal = {cpu_to_le32(packets), cpu_to_le32(usecs)};

	return bed_command(bed, VIRTIO_NET_CTRL_NOTF_COAL, command, &coal, sizeof(coal), NULL, 0, NULL);
}

static uint64_t interrupts(const struct bed *bed, uint16_t queue)
{
	return bed->net->vdev.counts[queue].interrupts;
}

/* A frame arrives at a time, and the device gets one turn. */
static void frame_at(struct bed *bed, uint64_t us)
{
	uint8_t frame[60];

	bed_fill(frame, sizeof(frame), 1);
	cr_assert_eq(link_mem_push_at(bed->link, frame, sizeof(frame), us * 1000), 0);
	cr_assert(net_poll(bed->net));
}

static void open_bed(struct bed *bed, bool event_idx)
{
	bed_open(bed);
	bed_start(bed, event_idx ? all : bed_features(VIRTIO_RING_F_EVENT_IDX));
	for (uint16_t i = 0; i < 4 * FRAMES; i++)
		bed_post(bed, i, 1526);
	bed_settle(bed);
}

/* After which frames, one per turn, a notification comes. */
Test(net_coal, conditions)
{
	static const struct {
		const char *what;
		uint32_t packets, usecs;
		uint64_t at[FRAMES]; /* microseconds */
		const char *notified;
	} rows[] = {
		{"off", 0, 0, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "111111111111"},
		{"no packets", 0, 1000, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "111111111111"},
		{"no time", 1000, 0, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "111111111111"},
		{"every third", 3, FOREVER, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "001001001001"},
		{"each", 1, FOREVER, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "111111111111"},
		{"after 10 us", 1000, 10, {1, 2, 3, 10, 11, 12, 13, 22, 23, 24, 25, 100}, "000010010001"},
		{"whichever is first", 3, 10, {1, 2, 3, 4, 20, 21, 22, 23, 24, 25, 26, 27}, "001010010010"},
		{"time that goes back", 1000, 10, {100, 50, 60, 70, 110, 1, 2, 3, 4, 5, 6, 12}, "000010000001"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed bed;
		uint64_t before;
		bool waits;

		open_bed(&bed, false);
		cr_assert_eq(set(&bed, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, rows[i].packets, rows[i].usecs), 0);
		for (unsigned n = 0; n < FRAMES; n++) {
			before = interrupts(&bed, BED_RX);
			frame_at(&bed, rows[i].at[n]);
			cr_expect_eq(interrupts(&bed, BED_RX) - before, rows[i].notified[n] - '0', "%s: frame %u",
				     rows[i].what, n);
			cr_assert_eq(bed.num_reports, n + 1, "the frame itself does not wait");
		}
		/* Nothing more happens: what waits is sent, once. */
		waits = rows[i].notified[FRAMES - 1] == '0';
		before = interrupts(&bed, BED_RX);
		bed_settle(&bed);
		cr_expect_eq(interrupts(&bed, BED_RX) - before, waits, "%s: at rest", rows[i].what);
		bed_close(&bed);
	}
}

/* The example of the text: ten have come, and now eight are enough. */
Test(net_coal, new_conditions_are_met)
{
	static const struct {
		uint32_t packets, usecs;
		bool sent;
	} rows[] = {{15, FOREVER, false}, {11, FOREVER, false}, {10, FOREVER, true}, {8, FOREVER, true},
		    {15, 9, true},        {15, 0, true},        {0, FOREVER, true},  {15, 10, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed bed;
		uint64_t before;

		open_bed(&bed, false);
		cr_assert_eq(set(&bed, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 15, FOREVER), 0);
		for (unsigned n = 0; n < 10; n++)
			frame_at(&bed, n);
		before = interrupts(&bed, BED_RX);
		net_coal_set(bed.net,
			     &(struct net_command){.command = VIRTIO_NET_CTRL_NOTF_COAL_RX_SET,
						   .data = (const uint8_t *)&(struct virtio_net_ctrl_coal){
							   cpu_to_le32(rows[i].packets), cpu_to_le32(rows[i].usecs)}});
		cr_expect_eq(interrupts(&bed, BED_RX) - before, rows[i].sent, "row %zu", i);
		bed_close(&bed);
	}
}

/* A driver with EVENT_IDX that waits for a later buffer is left alone, and one that waits for an earlier one is not. */
Test(net_coal, event_idx)
{
	for (unsigned waits_for = 0; waits_for < 12; waits_for++) {
		struct bed bed;
		uint64_t before;

		open_bed(&bed, true);
		cr_assert_eq(set(&bed, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 4, FOREVER), 0);
		before = interrupts(&bed, BED_RX);
		ring_set_used_event(&bed.rings[BED_RX], (uint16_t)waits_for);
		for (unsigned n = 0; n < 8; n++) {
			frame_at(&bed, n);
			cr_expect_eq(interrupts(&bed, BED_RX) - before, waits_for / 4 < (n + 1) / 4 && waits_for < 8,
				     "waits for %u: frame %u", waits_for, n);
		}
		bed_close(&bed);
	}
}

/* A driver that takes its buffers back without being told gets them round and round: it is asked once in a lap. */
Test(net_coal, many_laps)
{
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, bed_features(VIRTIO_RING_F_EVENT_IDX));
	bed_settle(&bed);
	cr_assert_eq(set(&bed, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, FOREVER, FOREVER), 0);
	for (unsigned n = 0; n < 10 * BED_SIZE; n++) {
		bed_post(&bed, n % BED_SIZE, 1526);
		frame_at(&bed, n);
	}
	cr_expect_eq(interrupts(&bed, BED_RX), 9, "%lu", interrupts(&bed, BED_RX));
	bed_close(&bed);
}

/* The ring goes away while a notification waits: that it did does not stay a secret. */
Test(net_coal, memory_goes_away)
{
	struct bed bed;

	open_bed(&bed, false);
	cr_assert_eq(set(&bed, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 15, FOREVER), 0);
	frame_at(&bed, 1);
	cr_assert_eq(mem_remove(&bed.ram.mem, RAM_GPA), 0);
	bed_settle(&bed);
	bed_frame(&bed, 60, 1);
	bed_settle(&bed);
	cr_expect(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET);
	cr_expect_eq(bed.net->vdev.breaks, 1);
	bed_close(&bed);
}

/* The guest transmits a frame, on a queue of which it takes the buffers back. */
static void transmit(struct bed *bed)
{
	struct ring *ring = &bed->rings[BED_TX];
	uint32_t id, len;

	ring_desc(ring, 0, bed->command, sizeof(struct virtio_net_hdr) + 60, 0, 0);
	ring_push(ring, 0);
	virtio_notify(net_virtio(bed->net), BED_TX);
	cr_assert(net_poll(bed->net));
	cr_assert(ring_pop(ring, &id, &len));
}

/*
 * The clock stands still while the link is silent, or its frames have no later times. A queue that waits for it is not
 * forgotten because others keep the device busy, nor is it noticed at once.
 */
Test(net_coal, clock_stands_still)
{
	for (int waits = BED_RX; waits <= BED_TX; waits++) {
		uint64_t before, turns = 0;
		struct bed bed;

		open_bed(&bed, false);
		cr_assert_eq(set(&bed,
				 waits == BED_RX ? VIRTIO_NET_CTRL_NOTF_COAL_RX_SET : VIRTIO_NET_CTRL_NOTF_COAL_TX_SET,
				 1000, FOREVER),
			     0);
		before = interrupts(&bed, waits);
		frame_at(&bed, 100);
		if (waits == BED_TX)
			transmit(&bed);
		for (; interrupts(&bed, waits) == before; turns++) {
			cr_assert_lt(turns, 1000, "queue %d is never notified", waits);
			if (waits == BED_RX) {
				transmit(&bed);
			} else { /* too short to need a buffer */
				cr_assert_eq(link_mem_push_at(bed.link, "", 1, turns), 0);
				cr_assert(net_poll(bed.net));
			}
		}
		cr_expect_gt(turns, 8, "queue %d: after %lu turns", waits, turns);
		cr_expect_eq(bed.net->coal.pending, 0);
		bed_close(&bed);
	}
}

/* A device that is reset forgets what was due. */
Test(net_coal, reset)
{
	struct bed bed;

	open_bed(&bed, false);
	cr_assert_eq(set(&bed, VIRTIO_NET_CTRL_NOTF_COAL_RX_SET, 15, FOREVER), 0);
	frame_at(&bed, 1);
	cr_assert_eq(bed.net->coal.pending, 1);
	virtio_set_status(net_virtio(bed.net), 0);
	cr_expect_eq(bed.net->coal.pending, 0);
	cr_expect_not(bed.net->coal.on);
	cr_expect_not(net_coal_poll(bed.net, true));
	bed_close(&bed);
}
