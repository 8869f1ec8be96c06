/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on split virtqueues and on receive and transmit buffers, against rings written by hand. */
#include <string.h>

#include "hand_ring.h"
#include "spec/wire/virtio_net_xdp.h"

#include <criterion/criterion.h>

#define BASE  (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ)
#define RX    0
#define TX    1
#define CVQ   2
#define HDR   ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME 100

static uint8_t frame[4096];

static void start(struct hand *h, uint64_t features)
{
	unsigned i;

	hand_start(h, BASE | features);
	memcpy(frame, "\x52\x54\x00\x12\x34\x56\2\0\0\0\0\1\x88\xb5", 14);
	for (i = 14; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
}

/* Makes buffer i of bytes available for reception. */
static void post(struct hand *h, unsigned i, uint32_t bytes)
{
	hand_desc(&h->rx, i, h->rx.buffer_addr + i * 4096u, bytes, VRING_DESC_F_WRITE, 0);
	hand_submit(&h->rx, (uint16_t)i);
}

static void arrive(struct hand *h, uint32_t bytes)
{
	cr_assert_eq(link_mem_push(h->link, frame, bytes), 0);
	rig_settle(h->rig);
}

/* Puts header and frame into the transmit buffer. */
static void fill_tx(struct hand *h, uint8_t flags)
{
	memset(h->tx.buffer, 0, HDR);
	h->tx.buffer[0] = flags;
	memcpy(h->tx.buffer + HDR, frame, FRAME);
}

static void send_one(struct hand *h, uint16_t i)
{
	fill_tx(h, 0);
	hand_desc(&h->tx, i, h->tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h->tx, i);
	hand_kick(h, TX);
}

static bool sent_whole(struct hand *h, size_t i)
{
	const struct link_frame *sent = link_mem_sent(h->link, i);

	return sent && sent->bytes == FRAME && !memcmp(sent->data, frame, FRAME);
}

Test(VN, VN_559fdc69)
{
	struct hand h;

	hand_open(&h);
	cr_assert(hand_negotiate(&h, BASE));
	hand_queues(&h);
	post(&h, 0, 4096);
	hand_desc(&h.tx, 0, h.tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h.tx, 0);
	hand_kick(&h, TX);
	arrive(&h, FRAME);
	cr_expect_eq(hand_used(&h.rx), 0, "VN-559fdc69: a receive buffer was used");
	cr_expect_eq(hand_used(&h.tx), 0, "VN-559fdc69: a transmit buffer was used");
	cr_expect_eq(rig_vq_interrupts(h.rig), 0, "VN-559fdc69: a notification was sent");
	hand_close(&h);
}

/* rustvmm-d951283, hw-notify-deleted: notifications of old, absent and disabled queues. */
Test(VN, VN_09b278bc)
{
	struct hand h;
	uint64_t before;

	start(&h, 0);
	post(&h, 0, 4096);
	hand_set_status(&h, 0);
	before = rig_vq_interrupts(h.rig);
	hand_submit(&h.tx, 0);
	hand_kick(&h, TX);
	hand_kick(&h, 3);
	hand_kick(&h, 0xffff);
	arrive(&h, FRAME);
	cr_expect(!hand_used(&h.rx) && !hand_used(&h.tx), "VN-09b278bc: a buffer was used after the reset");
	cr_expect_eq(rig_vq_interrupts(h.rig), before, "VN-09b278bc: a notification was sent after the reset");
	hand_close(&h);
}

/* An impossible chain head: the device needs a reset and says so. */
Test(VN, VN_8768ac55)
{
	struct hand h;

	start(&h, 0);
	hand_submit(&h.tx, HAND_SIZE);
	hand_kick(&h, TX);
	cr_expect(hand_status(&h) & VIRTIO_CONFIG_S_NEEDS_RESET, "VN-8768ac55: status %#x", hand_status(&h));
	hand_set_status(&h, 0);
	cr_expect_eq(hand_status(&h), 0, "VN-8768ac55: a reset does not help");
	hand_close(&h);
}

Test(VN, VN_3f4599a1)
{
	struct hand h;

	start(&h, 0);
	cr_expect_eq(rig_config_interrupts(h.rig), 0);
	hand_submit(&h.tx, HAND_SIZE);
	hand_kick(&h, TX);
	cr_expect_eq(rig_config_interrupts(h.rig), 1, "VN-3f4599a1: %lu notifications",
		     (unsigned long)rig_config_interrupts(h.rig));
	hand_close(&h);
}

/* The frame, and the header before it, cut at every place, with empty pieces between. CVE-2022-2132-b */
Test(VN, VN_53f36022)
{
	struct hand h;
	uint32_t at;

	start(&h, 0);
	for (at = 0; at <= HDR + 20; at++) {
		fill_tx(&h, 0);
		hand_desc(&h.tx, 0, h.tx.buffer_addr, at, VRING_DESC_F_NEXT, 5);
		hand_desc(&h.tx, 5, h.tx.buffer_addr + at, 0, VRING_DESC_F_NEXT, 3);
		hand_desc(&h.tx, 3, h.tx.buffer_addr + at, HDR + FRAME - at, 0, 0);
		hand_submit(&h.tx, 0);
		hand_kick(&h, TX);
		cr_expect(sent_whole(&h, at), "VN-53f36022: cut at %u", at);
	}
	hand_close(&h);
}

/* The transmitted frame and the tables are as they were. */
Test(VN, VN_76316d56)
{
	uint8_t before[HDR + FRAME];
	struct vring_desc table[HAND_SIZE];
	struct hand h;

	start(&h, 0);
	send_one(&h, 0);
	memcpy(before, h.tx.buffer, sizeof(before));
	memcpy(table, h.tx.desc, sizeof(table));
	send_one(&h, 0);
	cr_expect_eq(memcmp(before, h.tx.buffer, sizeof(before)), 0, "VN-76316d56: the buffer");
	cr_expect_eq(memcmp(table, h.tx.desc, sizeof(table)), 0, "VN-76316d56: the descriptor table");
	cr_expect_eq(le32_to_cpu(h.tx.used->ring[0].len), 0,
		     "VN-76316d56: ch-2a089db26: the used length of a transmission");
	hand_close(&h);
}

/* Neither transmission nor reception, nor a table in memory that is written besides. */
Test(VN, VN_2b16f4d7)
{
	struct vring_desc rx[HAND_SIZE], tx[HAND_SIZE];
	struct hand h;

	start(&h, 0);
	post(&h, 0, 4096);
	post(&h, 1, 40);
	memcpy(rx, h.rx.desc, sizeof(rx));
	send_one(&h, 3);
	memcpy(tx, h.tx.desc, sizeof(tx));
	arrive(&h, FRAME);
	send_one(&h, 3);
	cr_expect_eq(hand_used(&h.rx), 1);
	cr_expect_eq(memcmp(rx, h.rx.desc, sizeof(rx)), 0, "VN-2b16f4d7: the receive queue's");
	cr_expect_eq(memcmp(tx, h.tx.desc, sizeof(tx)), 0, "VN-2b16f4d7: the transmit queue's");
	hand_close(&h);
}

/* An indirect table at the end of direct descriptors, or alone, with the write flag or without. rustvmm-922f2e5:
 * unaligned */
static void send_indirect(struct hand *h, bool behind, uint16_t flag, unsigned skew)
{
	uint8_t *at = h->tx.buffer + 8192 + skew;
	struct vring_desc table[2] = {
		{cpu_to_le64(h->tx.buffer_addr + (behind ? 4 : 0)), cpu_to_le32(behind ? HDR - 4 : HDR),
		 cpu_to_le16(VRING_DESC_F_NEXT), cpu_to_le16(1)},
		{cpu_to_le64(h->tx.buffer_addr + HDR), cpu_to_le32(FRAME), cpu_to_le16(0), cpu_to_le16(0)},
	};

	fill_tx(h, 0);
	memcpy(at, table, sizeof(table));
	hand_desc(&h->tx, 0, h->tx.buffer_addr, 4, VRING_DESC_F_NEXT, 1);
	hand_desc(&h->tx, 1, h->tx.buffer_addr + 8192 + skew, sizeof(table), VRING_DESC_F_INDIRECT | flag, 0);
	hand_submit(&h->tx, behind ? 0 : 1);
	hand_kick(h, TX);
}

Test(VN, VN_74494a8b)
{
	struct hand h;
	unsigned i;

	start(&h, 1 << VIRTIO_RING_F_INDIRECT_DESC);
	for (i = 0; i < 4; i++) {
		send_indirect(&h, false, i & 1 ? VRING_DESC_F_WRITE : 0, i & 2 ? 3 : 0);
		cr_expect(sent_whole(&h, i), "VN-74494a8b: row %u", i);
	}
	hand_close(&h);
}

Test(VN, VN_89fbd498)
{
	struct hand h;

	start(&h, 1 << VIRTIO_RING_F_INDIRECT_DESC);
	send_indirect(&h, true, 0, 0);
	cr_expect(sent_whole(&h, 0), "VN-89fbd498: a table behind a descriptor");
	hand_close(&h);
}

Test(VN, VN_fc47f73c)
{
	struct hand h;
	unsigned i;

	start(&h, 0);
	for (i = 1; i <= 5; i++) {
		send_one(&h, 0);
		cr_expect_eq(rig_vq_interrupts(h.rig), i, "VN-fc47f73c: transmission %u", i);
	}
	hand_close(&h);
}

Test(VN, VN_bae4f3d8)
{
	struct hand h;

	start(&h, 0);
	h.tx.avail->flags = cpu_to_le16(VRING_AVAIL_F_NO_INTERRUPT);
	send_one(&h, 0);
	cr_expect_eq(rig_vq_interrupts(h.rig), 0, "VN-bae4f3d8");
	cr_expect_eq(hand_used(&h.tx), 1, "VN-bae4f3d8");
	hand_close(&h);
}

Test(VN, VN_316c9a14)
{
	struct hand h;

	start(&h, 0);
	h.tx.avail->ring[HAND_SIZE] = cpu_to_le16(1000);
	send_one(&h, 0);
	cr_expect_eq(rig_vq_interrupts(h.rig), 1, "VN-316c9a14");
	hand_close(&h);
}

/* Notifications for used entries 0 to 7 with used_event at each of them. */
static void event_idx(const char *id, bool flag, bool others)
{
	uint16_t event, i;
	struct hand h;

	for (event = 0; event < 8; event++) {
		start(&h, 1 << VIRTIO_RING_F_EVENT_IDX);
		h.tx.avail->flags = cpu_to_le16(flag ? VRING_AVAIL_F_NO_INTERRUPT : 0);
		h.tx.avail->ring[HAND_SIZE] = cpu_to_le16(event);
		for (i = 0; i < 8; i++) {
			uint64_t before = rig_vq_interrupts(h.rig), sent;

			send_one(&h, 0);
			sent = rig_vq_interrupts(h.rig) - before;
			if (i == event)
				cr_expect_eq(sent, 1, "%s: entry %u, used_event %u: %lu", id, i, event,
					     (unsigned long)sent);
			else if (others)
				cr_expect_eq(sent, 0, "%s: entry %u, used_event %u: %lu", id, i, event,
					     (unsigned long)sent);
		}
		hand_close(&h);
	}
}

Test(VN, VN_aa8a1839)
{
	event_idx("VN-aa8a1839", false, false);
}

Test(VN, VN_47d3309a)
{
	event_idx("VN-47d3309a", false, true);
}

Test(VN, VN_6bc6c002)
{
	event_idx("VN-6bc6c002", true, false);
}

Test(VN, VN_d8025a92)
{
	struct hand h;
	unsigned i;

	start(&h, 0);
	for (i = 0; i < 20; i++) {
		send_one(&h, 0);
		cr_expect_leq(le16_to_cpu(h.tx.used->flags), 1, "VN-d8025a92: %#x", le16_to_cpu(h.tx.used->flags));
	}
	hand_close(&h);
}

Test(VN, VN_dc045bf7)
{
	struct hand h;
	unsigned i;

	start(&h, 1 << VIRTIO_RING_F_EVENT_IDX);
	for (i = 0; i < 20; i++) {
		send_one(&h, 0);
		cr_expect_eq(le16_to_cpu(h.tx.used->flags), 0, "VN-dc045bf7: %#x", le16_to_cpu(h.tx.used->flags));
	}
	hand_close(&h);
}

Test(VN, VN_5896d80a)
{
	struct hand h;
	unsigned i;

	start(&h, 0);
	for (i = 0; i < 50; i++)
		hand_kick(&h, (uint16_t)(i % 5));
	cr_expect_eq(hand_status(&h), 15, "VN-5896d80a: status %#x", hand_status(&h));
	send_one(&h, 0);
	cr_expect_eq(hand_used(&h.tx), 1, "VN-5896d80a");
	hand_close(&h);
}

/* What the used ring says when its index moves: the length and the data are there. */
static void expect_received(struct hand *h, uint16_t i, uint32_t bytes, const char *id)
{
	struct vring_used_elem e = h->rx.used->ring[i % HAND_SIZE];
	const uint8_t *data = h->rx.buffer + le32_to_cpu(e.id) * 4096u;

	cr_expect_eq(le32_to_cpu(e.len), HDR + bytes, "%s: used length %u", id, le32_to_cpu(e.len));
	cr_expect_eq(memcmp(data + HDR, frame, bytes), 0, "%s: the frame", id);
}

Test(VN, VN_1721a360)
{
	struct hand h;
	unsigned i;

	start(&h, 0);
	for (i = 0; i < 20; i++) {
		post(&h, i % 4, 4096);
		arrive(&h, FRAME + i);
		cr_assert_eq(hand_used(&h.rx), i + 1);
		expect_received(&h, (uint16_t)i, FRAME + i, "VN-1721a360");
	}
	hand_close(&h);
}

/* Not one byte less than len, and none behind it. CVE-2024-8612 */
Test(VN, VN_abd3a588)
{
	struct hand h;
	unsigned i;

	start(&h, 0);
	memset(h.rx.buffer, 0xa5, 4096);
	post(&h, 0, 4096);
	arrive(&h, FRAME);
	cr_assert_eq(hand_used(&h.rx), 1);
	expect_received(&h, 0, FRAME, "VN-abd3a588");
	for (i = HDR + FRAME; i < 4096 && h.rx.buffer[i] == 0xa5; i++)
		;
	cr_expect_eq(i, 4096, "VN-abd3a588: byte %u behind the frame was written", i);
	hand_close(&h);
}

static uint16_t num_buffers(struct hand *h, unsigned i)
{
	struct virtio_net_hdr hdr;

	memcpy(&hdr, h->rx.buffer + i * 4096u, sizeof(hdr));
	return le16_to_cpu(hdr.num_buffers);
}

Test(VN, VN_aa5decec)
{
	struct hand h;

	start(&h, 0);
	post(&h, 0, 4096);
	arrive(&h, FRAME);
	cr_expect_eq(num_buffers(&h, 0), 1, "VN-aa5decec: %u", num_buffers(&h, 0));
	hand_close(&h);
}

/* CVE-2015-7295: a frame that does not fit into the one buffer is not spread, and the queue goes on. */
Test(VN, VN_bcdaf33b)
{
	struct hand h;

	start(&h, 0);
	post(&h, 0, 200);
	post(&h, 1, 200);
	arrive(&h, 300);
	cr_expect_leq(hand_used(&h.rx), 1, "VN-bcdaf33b: %u buffers", hand_used(&h.rx));
	arrive(&h, FRAME);
	cr_expect_geq(hand_used(&h.rx), 1, "VN-bcdaf33b: the queue is stuck");
	hand_close(&h);
}

/* A frame over buffers of several sizes. */
static void merged(const char *id, uint32_t bytes, const uint32_t *sizes, unsigned want)
{
	uint32_t left = HDR + bytes, at = 0;
	struct hand h;
	unsigned i;

	start(&h, 1 << VIRTIO_NET_F_MRG_RXBUF);
	for (i = 0; i < 4; i++)
		post(&h, i, sizes[i]);
	arrive(&h, bytes);
	cr_assert_eq(hand_used(&h.rx), want, "%s: %u bytes: %u buffers", id, bytes, hand_used(&h.rx));
	cr_expect_eq(num_buffers(&h, 0), want, "%s: num_buffers %u", id, num_buffers(&h, 0));
	for (i = 0; i < want; i++) {
		uint32_t n = sizes[i] < left ? sizes[i] : left, skip = i ? 0 : HDR;

		cr_expect_eq(le32_to_cpu(h.rx.used->ring[i].id), i, "%s: buffer %u", id, i);
		cr_expect_eq(le32_to_cpu(h.rx.used->ring[i].len), n, "%s: buffer %u has %u bytes", id, i,
			     le32_to_cpu(h.rx.used->ring[i].len));
		cr_expect_eq(memcmp(h.rx.buffer + i * 4096u + skip, frame + at, n - skip), 0, "%s: buffer %u", id, i);
		at += n - skip;
		left -= n;
	}
	hand_close(&h);
}

static const uint32_t even[] = {200, 200, 200, 200}, uneven[] = {50, 333, 64, 4096};

Test(VN, VN_e511a9fc)
{
	merged("VN-e511a9fc", 100, even, 1);
	merged("VN-e511a9fc", 188, even, 1);
	merged("VN-e511a9fc", 189, even, 2);
	merged("VN-e511a9fc", 788, even, 4);
}

Test(VN, VN_a47b6e97)
{
	merged("VN-a47b6e97", 371, uneven, 2);
	merged("VN-a47b6e97", 372, uneven, 3);
	merged("VN-a47b6e97", 2000, uneven, 4);
}

Test(VN, VN_bca6ff31)
{
	merged("VN-bca6ff31", 38, uneven, 1);
	merged("VN-bca6ff31", 39, uneven, 2);
}

/* A frame that needs more buffers than are left: none of them is used until there are enough. */
Test(VN, VN_cb1669fa)
{
	struct hand h;
	unsigned i;

	start(&h, 1 << VIRTIO_NET_F_MRG_RXBUF);
	for (i = 0; i < 4; i++)
		post(&h, i, 200);
	for (i = 0; i < 3; i++)
		arrive(&h, FRAME);
	cr_assert_eq(hand_used(&h.rx), 3);
	arrive(&h, 500);
	cr_expect_eq(hand_used(&h.rx), 3, "VN-cb1669fa: part of a frame");
	for (i = 0; i < 3; i++)
		post(&h, i, 200);
	hand_kick(&h, RX);
	cr_expect_eq(hand_used(&h.rx), 6, "VN-cb1669fa: %u buffers", hand_used(&h.rx));
	hand_close(&h);
}

Test(VN, VN_0556fd94)
{
	struct virtio_net_hdr hdr;
	struct hand h;

	start(&h, 0);
	memset(h.rx.buffer, 0xff, 64);
	post(&h, 0, 4096);
	arrive(&h, FRAME);
	memcpy(&hdr, h.rx.buffer, sizeof(hdr));
	cr_expect(!hdr.flags && !hdr.gso_type, "VN-0556fd94: flags %#x, gso_type %u", hdr.flags, hdr.gso_type);
	hand_close(&h);
}

/* Flags that nobody has defined: the frame leaves as it is. */
Test(VN, VN_9c747612)
{
	struct hand h;

	start(&h, 0);
	fill_tx(&h, 0xf8);
	hand_desc(&h.tx, 0, h.tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h.tx, 0);
	hand_kick(&h, TX);
	cr_expect(sent_whole(&h, 0), "VN-9c747612");
	hand_close(&h);
}

/* dpdk-6ec1778134: chains on the control queue without an end, or out of the table; each stops the device and nothing
 * else. */
Test(hostile, dpdk_6ec1778134)
{
	static const struct {
		const char *what;
		uint16_t flags, next;
	} rows[] = {
		{"to itself", VRING_DESC_F_NEXT, 0},
		{"out of the table", VRING_DESC_F_NEXT, HAND_SIZE},
		{"far out of the table", VRING_DESC_F_NEXT, 0xffff},
		{"a circle of two", VRING_DESC_F_NEXT, 1},
	};
	struct hand h;
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&h, 0);
		hand_desc(&h.cvq, 0, h.cvq.buffer_addr, 4, rows[i].flags, rows[i].next);
		hand_desc(&h.cvq, 1, h.cvq.buffer_addr, 4, VRING_DESC_F_NEXT, 0);
		hand_submit(&h.cvq, 0);
		hand_kick(&h, CVQ);
		cr_expect(hand_status(&h) & VIRTIO_CONFIG_S_NEEDS_RESET, "%s: status %#x", rows[i].what,
			  hand_status(&h));
		cr_expect_eq(hand_used(&h.cvq), 0, "%s", rows[i].what);
		hand_close(&h);
	}
}
