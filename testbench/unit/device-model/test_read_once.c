/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver changes between two reads of the device must not matter, so no byte of a command or of a transmitted
 * frame is read twice. (Rings have their own tests.)
 */
#include "bed.h"
#include "watch.h"
#include <criterion/criterion.h>
#include <string.h>

#define PAGE 4096u

/* Bytes to be read, one descriptor after the other, and where they begin in each. */
static const struct row {
	const char *id;
	uint16_t queue;
	uint32_t bytes;
	uint32_t cut; /* bytes of the first descriptor, 0: one for all */
} rows[] = {
	{"a transmitted frame", BED_TX, 12 + 60, 0},
	{"the same behind a header of its own", BED_TX, 12 + 60, 12},
	{"a header in two pieces", BED_TX, 12 + 200, 10},
	{"a command with data", BED_CTRL, 2 + 6, 0},
	{"class and command apart", BED_CTRL, 2 + 6, 2},
	{"a command of an unknown class", BED_CTRL, 200, 0},
	{"a command that is too long for its class", BED_CTRL, 2 + 64, 4},
};

static void fill(uint8_t *at, const struct row *row)
{
	memset(at, 0, PAGE);
	if (row->queue == BED_TX) {
		memset(at + 12, 0xff, 6);
		return;
	}
	at[0] = row->bytes == 200 ? 0xee : VIRTIO_NET_CTRL_MAC;
	at[1] = VIRTIO_NET_CTRL_MAC_ADDR_SET;
	at[2] = 2;
}

static void submit(struct bed *bed, const struct row *row, uint64_t gpa, uint64_t out)
{
	struct ring *ring = &bed->rings[row->queue];
	uint32_t cut = row->cut ? row->cut : row->bytes;
	bool answer = row->queue == BED_CTRL, second = cut < row->bytes;

	ring_desc(ring, 0, gpa, cut, second || answer ? VRING_DESC_F_NEXT : 0, second ? 1 : 2);
	ring_desc(ring, 1, gpa + cut, row->bytes - cut, answer ? VRING_DESC_F_NEXT : 0, 2);
	ring_desc(ring, 2, out, 16, VRING_DESC_F_WRITE, 0);
	ring_push(ring, 0);
	virtio_notify(net_virtio(bed->net), row->queue);
}

/* Two bytes that are copied by themselves: the C library does it in parts that overlap. */
static bool alone(const struct row *row, uint32_t n)
{
	return row->queue == BED_CTRL ? !n : n == row->cut && row->cut + 2 == sizeof(struct virtio_net_hdr);
}

Test(net, nothing_is_read_twice)
{
	WATCH_OR_SKIP();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned read = 0;
		struct bed bed;
		uint64_t gpa, out;
		uint8_t *at;

		bed_open(&bed);
		bed_start(&bed, (struct virtio_features){{0}});
		bed.ram.next = (bed.ram.next + PAGE - 1) / PAGE * PAGE;
		gpa = ram_take(&bed.ram, PAGE);
		out = ram_take(&bed.ram, 64);
		at = ram_at(&bed.ram, gpa);
		fill(at, &rows[i]);
		submit(&bed, &rows[i], gpa, out);
		watch_start(at, PAGE);
		while (net_poll(bed.net))
			;
		watch_stop();
		cr_assert_eq(ring_used_idx(&bed.rings[rows[i].queue]), 1, "%s", rows[i].id);
		for (uint32_t n = 0; n < rows[i].bytes; n += 2) {
			unsigned reads = watch_reads(at + n, 2);

			cr_expect_leq(reads, alone(&rows[i], n) ? 2 : 1, "%s: bytes %u and %u: %u reads", rows[i].id, n,
				      n + 1, reads);
			read += reads;
		}
		cr_expect_gt(read, 0, "%s: nothing was read at all", rows[i].id);
		bed_close(&bed);
	}
}
