/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on packed virtqueues, the device's: against rings written by hand. */
#include <stdlib.h>
#include <string.h>

#include "hand_packed.h"

#include <criterion/criterion.h>

#define RX       0
#define TX       1
#define HDR      ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME    60
#define IN_ORDER (1ULL << VIRTIO_F_IN_ORDER)
#define INDIRECT (1ULL << VIRTIO_RING_F_INDIRECT_DESC)

/* Puts frame number n, behind its header, into the transmit buffer; returns where. */
static uint64_t put_frame(struct hand_packed *tx, unsigned n)
{
	uint8_t *to = tx->buffer + n * 256u;

	memset(to, 0, HDR);
	memset(to + HDR, (int)n, FRAME);
	memcpy(to + HDR, "\x52\x54\x00\x12\x34\x56\2\0\0\0\0\1\x88\xb5", 14);
	return tx->buffer_addr + n * 256u;
}

static void send_frame(struct hand_packed *tx, unsigned n, uint16_t id)
{
	hand_packed_put(tx, put_frame(tx, n), HDR + FRAME, id, 0);
}

/* The number of frame i that left, or -1. */
static int sent(struct hand *h, size_t i)
{
	const struct link_frame *frame = link_mem_sent(h->link, i);

	return frame && frame->bytes == FRAME ? frame->data[FRAME - 1] : -1;
}

/* Ids are the driver's business: any 16 bits. */
Test(VN, VN_ed830c51)
{
	static const uint16_t ids[] = {5, 1, 0xffff, 7, 0x8000};
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, 0, 3);
	for (unsigned n = 0; n < 12; n++) {
		send_frame(&q[TX], n, ids[n % 5]);
		if (n % 3 == 2 || n == 7)
			hand_kick(&h, TX);
	}
	for (unsigned n = 0; n < 12; n++)
		cr_expect_eq(sent(&h, n), (int)n, "VN-ed830c51: place %u: frame %d", n, sent(&h, n));
	hand_close(&h);
}

Test(VN, VN_83bebf7d)
{
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, 0, 5);
	for (unsigned n = 0; n < 35; n++) {
		unsigned i = n % 5;

		send_frame(&q[TX], n, (uint16_t)(100 + n));
		hand_kick(&h, TX);
		cr_expect(hand_packed_used(&q[TX], i, !(n / 5 & 1)), "VN-83bebf7d: descriptor %u is not used", n);
		cr_expect_eq(le16_to_cpu(q[TX].desc[i].id), 100 + n, "VN-83bebf7d: its id");
		cr_expect_not(le16_to_cpu(q[TX].desc[i].flags) & VRING_DESC_F_WRITE, "nothing was written");
	}
	hand_close(&h);
}

Test(VN, VN_c5b311e0)
{
	uint8_t before[1024];
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, 0, 4);
	send_frame(&q[TX], 0, 0);
	send_frame(&q[TX], 1, 1);
	memcpy(before, q[TX].buffer, sizeof(before));
	hand_kick(&h, TX);
	cr_expect_eq(sent(&h, 1), 1);
	cr_expect_eq(memcmp(before, q[TX].buffer, sizeof(before)), 0, "VN-c5b311e0: a transmit buffer has changed");
	hand_close(&h);
}

/* Flags that are the same, and those of the lap before. */
Test(VN, VN_b8bc0051)
{
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, 0, 2);
	for (unsigned lap = 0; lap < 4; lap++) {
		static const uint16_t rows[] = {0, VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED,
						VRING_PACKED_DESC_F_USED, VRING_PACKED_DESC_F_AVAIL};

		for (unsigned row = 0; row < 3; row++) {
			uint16_t flags = rows[row == 2 && lap % 2 ? 3 : row];

			q[TX].desc[0] =
				(struct vring_packed_desc){cpu_to_le64(put_frame(&q[TX], 9)), cpu_to_le32(HDR + FRAME),
							   cpu_to_le16(0), cpu_to_le16(flags)};
			hand_kick(&h, TX);
			cr_expect_null(link_mem_sent(h.link, 2 * lap), "VN-b8bc0051: lap %u: flags %#x", lap, flags);
			cr_expect_eq(le16_to_cpu(q[TX].desc[0].flags), flags);
		}
		send_frame(&q[TX], 0, 0);
		send_frame(&q[TX], 1, 1);
		hand_kick(&h, TX);
		cr_expect_eq(sent(&h, 2 * lap + 1), 1, "lap %u", lap);
	}
	hand_close(&h);
}

Test(VN, VN_553b0420)
{
	struct vring_packed_desc mark;
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, 0, 8);
	send_frame(&q[TX], 0, 0);
	hand_kick(&h, TX);
	cr_assert(hand_packed_used(&q[TX], 0, true));
	q[TX].desc[0].addr = cpu_to_le64(0x1122334455667788);
	q[TX].desc[0].len = cpu_to_le32(0x99aabbcc);
	q[TX].desc[0].id = cpu_to_le16(0xddee);
	mark = q[TX].desc[0];
	for (unsigned n = 1; n < 8; n++) {
		send_frame(&q[TX], n, (uint16_t)n);
		hand_kick(&h, TX);
	}
	cr_expect_eq(memcmp(&mark, &q[TX].desc[0], sizeof(mark)), 0, "VN-553b0420: a used descriptor has changed");
	hand_close(&h);
}

/* A frame in three pieces: one used descriptor, over the first of them, and the next list behind the third. */
Test(VN, VN_11457435)
{
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, 0, 7);
	for (unsigned n = 0; n < 21; n++) {
		uint64_t addr = put_frame(&q[TX], n);
		unsigned first = 3 * n % 7;
		bool wrap = !(3 * n / 7 & 1);

		hand_packed_put(&q[TX], addr, HDR - 2, 0xbad, VRING_DESC_F_NEXT);
		hand_packed_put(&q[TX], addr + HDR - 2, 20, 0xbad, VRING_DESC_F_NEXT);
		hand_packed_put(&q[TX], addr + HDR + 18, FRAME - 18, (uint16_t)n, 0);
		hand_kick(&h, TX);
		cr_expect_eq(sent(&h, n), (int)n, "VN-11457435: list %u", n);
		cr_expect(hand_packed_used(&q[TX], first, wrap), "list %u is not used", n);
		cr_expect_eq(le16_to_cpu(q[TX].desc[first].id), n, "list %u: id %u", n,
			     le16_to_cpu(q[TX].desc[first].id));
		cr_expect_not(hand_packed_used(&q[TX], (first + 1) % 7, first + 1 < 7 ? wrap : !wrap),
			      "more than one used descriptor");
	}
	hand_close(&h);
}

/* One used descriptor for a batch of transmissions, or used index and element of a split ring. */
Test(VN, VN_93532eb5)
{
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, IN_ORDER, 6);
	for (unsigned n = 0; n < 4; n++)
		send_frame(&q[TX], n, (uint16_t)(40 + n));
	hand_kick(&h, TX);
	for (unsigned n = 0; n < 4; n++)
		cr_expect_eq(sent(&h, n), (int)n, "VN-93532eb5: frame %u", n);
	cr_expect(hand_packed_used(&q[TX], 0, true));
	cr_expect_eq(le16_to_cpu(q[TX].desc[0].id), 43, "VN-93532eb5: the batch ends with %u",
		     le16_to_cpu(q[TX].desc[0].id));
	cr_expect_not(hand_packed_used(&q[TX], 1, true), "a batch is one descriptor");
	send_frame(&q[TX], 4, 44);
	hand_kick(&h, TX);
	cr_expect(hand_packed_used(&q[TX], 4, true), "VN-93532eb5: the next one is behind the batch");
	hand_close(&h);

	hand_open_offering(&h, IN_ORDER);
	cr_assert(hand_negotiate(&h, IN_ORDER | 1ULL << VIRTIO_F_VERSION_1 | 1 << VIRTIO_NET_F_CTRL_VQ));
	hand_queues(&h);
	hand_set_status(&h, hand_status(&h) | VIRTIO_CONFIG_S_DRIVER_OK);
	memset(h.tx.buffer, 0, HDR + FRAME);
	for (uint16_t n = 0; n < 4; n++) {
		hand_desc(&h.tx, n, h.tx.buffer_addr, HDR + FRAME, 0, 0);
		hand_submit(&h.tx, n);
	}
	hand_kick(&h, TX);
	cr_expect_eq(hand_used(&h.tx), 4, "VN-93532eb5: split: used index %u", hand_used(&h.tx));
	cr_expect_eq(le32_to_cpu(h.tx.used->ring[0].id), 3, "VN-93532eb5: split: the batch ends with %u",
		     le32_to_cpu(h.tx.used->ring[0].id));
	hand_close(&h);
}

/* In a table only WRITE counts; of the descriptor that refers to it, not even that. Any address will do for a
 * table: rustvmm-922f2e5. Pieces may be empty: CVE-2016-6490. */
Test(conform, packed_tables)
{
	struct hand_packed q[3];
	struct hand h;

	hand_packed_start(&h, q, INDIRECT, 3);
	for (unsigned n = 0; n < 8; n++) {
		uint64_t addr = put_frame(&q[TX], n);
		uint16_t others = n & 1 ? (uint16_t)~VRING_DESC_F_WRITE : 0;
		struct vring_packed_desc table[] = {
			{cpu_to_le64(addr), cpu_to_le32(HDR), cpu_to_le16(n), cpu_to_le16(others)},
			{cpu_to_le64(addr), cpu_to_le32(0), cpu_to_le16(77), cpu_to_le16(others)},
			{cpu_to_le64(addr + HDR), cpu_to_le32(FRAME), cpu_to_le16(77), cpu_to_le16(others)},
		};

		memcpy(q[TX].buffer + 8192 + n, table, sizeof(table));
		hand_packed_put(&q[TX], q[TX].buffer_addr + 8192 + n, sizeof(table), (uint16_t)(n + 1),
				VRING_DESC_F_INDIRECT | (n & 2 ? VRING_DESC_F_WRITE : 0));
		hand_kick(&h, TX);
		cr_expect_eq(sent(&h, n), (int)n, "table %u", n);
		cr_expect_eq(le16_to_cpu(q[TX].desc[n % 3].id), n + 1);
	}
	hand_close(&h);
}

/* What breaks a ring: the device needs a reset, says so, and has not sent anything. */
Test(conform, packed_broken_rules)
{
	enum { N = VRING_DESC_F_NEXT, W = VRING_DESC_F_WRITE, I = VRING_DESC_F_INDIRECT };
	static const struct {
		const char *id;
		struct {
			uint64_t addr; /* 0: a frame */
			uint32_t len;
			uint16_t flags;
		} desc[4];
		unsigned count;
	} rows[] = {
		{"a list that ends in nothing", {{0, 12, N}, {0, 12, N}}, 2},
		{"CVE-2019-9547 a list as long as the queue that goes on",
		 {{0, 9, N}, {0, 9, N}, {0, 9, N}, {0, 9, N}},
		 4},
		{"CVE-2020-10725 an address nowhere, empty", {{0x10, 0, 0}}, 1},
		{"CVE-2024-3446 an address nowhere", {{0x10, 60, 0}}, 1},
		{"an address that wraps", {{UINT64_MAX - 3, 60, 0}}, 1},
		{"readable behind writable", {{0, 12, W | N}, {0, 60, 0}}, 2},
		{"indirect and next", {{0, 32, I | N}, {0, 60, 0}}, 2},
		{"indirect at the end of a list", {{0, 12, N}, {0, 32, I}}, 2},
		{"an empty table", {{0, 0, I}}, 1},
		{"a table of 17 bytes", {{0, 17, I}}, 1},
		{"CVE-2018-1059-b a table that ends behind memory",
		 {{RIG_MEMORY_GPA + RIG_MEMORY_BYTES - 16, 32, I}},
		 1},
		{"a table longer than the queue", {{0, 5 * 16, I}}, 1},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct hand_packed q[3];
		struct hand h;

		hand_packed_start(&h, q, INDIRECT, 4);
		send_frame(&q[TX], 0, 0);
		hand_kick(&h, TX);
		for (unsigned i = 0; i < rows[r].count; i++) {
			uint64_t addr = rows[r].desc[i].addr ? rows[r].desc[i].addr : put_frame(&q[TX], 1);

			hand_packed_put(&q[TX], addr, rows[r].desc[i].len, 1, rows[r].desc[i].flags);
		}
		hand_kick(&h, TX);
		cr_expect(hand_status(&h) & VIRTIO_CONFIG_S_NEEDS_RESET, "%s", rows[r].id);
		cr_expect_eq(rig_config_interrupts(h.rig), 1, "%s", rows[r].id);
		cr_expect_null(link_mem_sent(h.link, 1), "%s", rows[r].id);
		cr_expect(rows[r].count == 4 || hand_packed_used(&q[TX], 0, true), "%s: what was there before is done",
			  rows[r].id);
		hand_set_status(&h, 0);
		cr_expect_eq(hand_status(&h), 0, "%s: a reset does not help", rows[r].id);
		hand_close(&h);
	}
}
