/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on frames and their headers, as they are without offloads: device side. */
#include <string.h>

#include "bench.h"
#include "hand_ring.h"

#define BASE  (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ)
#define RX    0
#define TX    1
#define HDR   ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME 200

static uint8_t frame[9100];

static void small_mtu(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->mtu = 1000;
}

static void large_mtu(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->mtu = 9000;
}

/* A frame of bytes to the device, with so many VLAN tags. */
static void tagged(uint32_t bytes, unsigned tags)
{
	make_frame(frame, bytes);
	for (unsigned i = 0; i < tags; i++)
		memcpy(frame + 12 + 4 * i, "\x81\x00\x00\x05", 4);
}

static const struct {
	bench_tweak *tweak;
	uint32_t bytes;
	unsigned tags;
	bool fits;
} sizes[] = {
	{small_mtu, 60, 0, true},    {small_mtu, 1014, 0, true},  {small_mtu, 1015, 0, false},
	{small_mtu, 1018, 1, true},  {small_mtu, 1019, 1, false}, {large_mtu, 9014, 0, true},
	{large_mtu, 9015, 0, false}, {large_mtu, 9018, 1, true},
};

/* A frame of the MTU leaves as one frame of as many bytes. */
Test(VN, VN_04c0c553)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct link_frame *sent;
		struct bench b;

		if (!sizes[i].fits)
			continue;
		bench_open(&b, sizes[i].tweak);
		tagged(sizes[i].bytes, sizes[i].tags);
		cr_assert_eq(drv_net_transmit(b.net, 0, frame, sizes[i].bytes), 0);
		rig_settle(b.rig);
		cr_expect_eq(link_mem_sent_count(b.link), 1, "VN-04c0c553: %u bytes left in %zu pieces", sizes[i].bytes,
			     link_mem_sent_count(b.link));
		sent = link_mem_sent(b.link, 0);
		cr_expect(sent && sent->bytes == sizes[i].bytes && !memcmp(sent->data, frame, sent->bytes),
			  "VN-04c0c553: %u bytes", sizes[i].bytes);
		bench_close(&b);
	}
}

Test(VN, VN_ab81c5f8)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bench b;

		bench_open(&b, sizes[i].tweak);
		tagged(sizes[i].bytes, sizes[i].tags);
		play(&b, frame, sizes[i].bytes);
		cr_expect_eq(b.num_got, sizes[i].fits, "VN-ab81c5f8: %u bytes, %u tags: %u frames", sizes[i].bytes,
			     sizes[i].tags, b.num_got);
		bench_close(&b);
	}
}

/* ---- received ---- */

/* Ethernet type and what follows it: TCP with ECN, UDP, fragments, tunnels. */
static const char *const kinds[] = {
	"\x08\x06\x00\x01\x08\x00\x06\x04",
	"\x08\x00\x45\x03\x00\xba\x00\x01\x40\x00\x40\x06",
	"\x08\x00\x45\x00\x00\xba\x00\x01\x40\x00\x40\x11",
	"\x08\x00\x45\x00\x00\xba\x00\x01\x20\x00\x40\x11",
	"\x86\xdd\x60\x30\x00\x00\x00\x92\x06\x40",
	"\x86\xdd\x60\x00\x00\x00\x00\x92\x11\x40",
	"\x86\xdd\x60\x00\x00\x00\x00\x92\x29\x40",
	"\x81\x00\x00\x05\x08\x00\x45\x00\x00\xb6\x00\x01\x40\x00\x40\x2f",
};

struct received {
	const char *id;
	uint8_t flags; /* that none may have */
	bool gso, fields;
};

/* Frames of all kinds arrive, without and with mergeable buffers. Buffers are full of ones before. */
static void expect_received(const struct received *want)
{
	for (unsigned k = 0; k < 2 * sizeof(kinds) / sizeof(kinds[0]); k++) {
		const char *kind = kinds[k / 2];
		struct virtio_net_hdr hdr;
		uint32_t bytes;
		struct hand h;

		hand_start(&h, BASE | (k & 1 ? 1ULL << VIRTIO_NET_F_MRG_RXBUF : 0));
		make_frame(frame, FRAME);
		memcpy(frame + 12, kind, kind[0] == '\x86' ? 10 : kind[1] == '\x06' ? 8 : kind[0] == '\x81' ? 16 : 12);
		memset(h.rx.buffer, 0xff, 2048);
		hand_desc(&h.rx, 0, h.rx.buffer_addr, 2048, VRING_DESC_F_WRITE, 0);
		hand_submit(&h.rx, 0);
		cr_assert_eq(link_mem_push(h.link, frame, FRAME), 0);
		hand_kick(&h, RX);
		cr_assert_eq(hand_used(&h.rx), 1);
		bytes = le32_to_cpu(h.rx.used->ring[0].len);
		memcpy(&hdr, h.rx.buffer, HDR);
		cr_expect_not(hdr.flags & want->flags, "%s: frame %u: flags %#x", want->id, k, hdr.flags);
		if (want->gso)
			cr_expect_eq(hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE, "%s: frame %u: %#x", want->id, k,
				     hdr.gso_type);
		if (want->fields)
			cr_expect(bytes == HDR + FRAME && !memcmp(h.rx.buffer + HDR, frame, FRAME),
				  "%s: frame %u: %u bytes", want->id, k, bytes);
		hand_close(&h);
	}
}

#define NEEDS_CSUM 1
#define DATA_VALID 2
#define RSC_INFO   4
#define TUNNEL     8

Test(VN, VN_5d66c836)
{
	expect_received(&(const struct received){"VN-5d66c836", .gso = true});
}

Test(VN, VN_5719e581)
{
	expect_received(&(const struct received){"VN-5719e581", .gso = true});
}

Test(VN, VN_b614acfc)
{
	expect_received(&(const struct received){"VN-b614acfc", .gso = true});
}

Test(VN, VN_d75cc8e6)
{
	expect_received(&(const struct received){"VN-d75cc8e6", .gso = true});
}

Test(VN, VN_895dd8f5)
{
	expect_received(&(const struct received){"VN-895dd8f5", .gso = true});
}

Test(VN, VN_26e584d8)
{
	expect_received(&(const struct received){"VN-26e584d8", .gso = true});
}

Test(VN, VN_7f0a2715)
{
	expect_received(&(const struct received){"VN-7f0a2715", .gso = true});
}

Test(VN, VN_0702d091)
{
	expect_received(&(const struct received){"VN-0702d091", .gso = true, .flags = TUNNEL});
}

Test(VN, VN_241b4d9c)
{
	expect_received(&(const struct received){"VN-241b4d9c", .flags = TUNNEL});
}

Test(VN, VN_2d2030b6)
{
	expect_received(&(const struct received){"VN-2d2030b6", .flags = RSC_INFO});
}

Test(VN, VN_24d3fe1d)
{
	expect_received(&(const struct received){"VN-24d3fe1d", .flags = DATA_VALID});
}

/* The header is of 12 bytes, and the frame is right behind it. */
Test(VN, VN_df6c3375)
{
	expect_received(&(const struct received){"VN-df6c3375", .fields = true});
}

/* Whether "this bit" is DATA_VALID or one of IPsec's, none is set. dpdk-7316b4fd61: nor is NEEDS_CSUM, whose
 * sum would have to be the pseudo header's. */
Test(VN, VN_c79215ab)
{
	expect_received(&(const struct received){"VN-c79215ab", .flags = 0xff});
}

/* ---- transmitted ---- */

/* A frame behind this header: whether it leaves, and is what it was. */
static bool leaves(struct virtio_net_hdr hdr)
{
	const struct link_frame *sent;
	struct hand h;
	bool left;

	hand_start(&h, BASE);
	make_frame(frame, FRAME);
	memcpy(frame + 12, "\x08\x00\x45\x00\x00\xba\x00\x01\x40\x00\x40\x06\xde\xad", 14); /* its sums are wrong */
	memcpy(h.tx.buffer, &hdr, HDR);
	memcpy(h.tx.buffer + HDR, frame, FRAME);
	hand_desc(&h.tx, 0, h.tx.buffer_addr, HDR + FRAME, 0, 0);
	hand_submit(&h.tx, 0);
	hand_kick(&h, TX);
	cr_expect_eq(hand_used(&h.tx), 1, "the buffer does not come back");
	sent = link_mem_sent(h.link, 0);
	left = sent && sent->bytes == FRAME && !memcmp(sent->data, frame, FRAME);
	cr_expect(left || !sent, "the frame was changed");
	hand_close(&h);
	return left;
}

static const uint16_t offsets[] = {0, 1, 14, FRAME - 1, FRAME, 0x7fff, 0xffff};

#define OFFSETS (sizeof(offsets) / sizeof(offsets[0]))

Test(VN, VN_d90ab623)
{
	for (unsigned i = 0; i < OFFSETS * OFFSETS; i++)
		cr_expect(leaves((struct virtio_net_hdr){.csum_start = cpu_to_le16(offsets[i / OFFSETS]),
							 .csum_offset = cpu_to_le16(offsets[i % OFFSETS])}),
			  "VN-d90ab623: %u", i);
}

Test(VN, VN_979143c9)
{
	for (unsigned i = 0; i < OFFSETS; i++)
		cr_expect(leaves((struct virtio_net_hdr){.hdr_len = cpu_to_le16(offsets[i])}), "VN-979143c9: %u",
			  offsets[i]);
}

/* What lies where outer_nh_offset would is the frame's. */
Test(VN, VN_9b9738de)
{
	cr_expect(leaves((struct virtio_net_hdr){.flags = 0}), "VN-9b9738de");
}

Test(VN, VN_908de11b)
{
	cr_expect(leaves((struct virtio_net_hdr){.flags = 0}), "VN-908de11b: a frame whose sums are wrong is a frame");
}

/* Both kinds of tunnel at once, alone and with what is to be segmented. */
Test(VN, VN_2c138567)
{
	static const uint8_t types[] = {0x60, 0x61, 0x64, 0x65, 0xe1};

	for (unsigned i = 0; i < sizeof(types); i++)
		cr_expect_not(leaves((struct virtio_net_hdr){.flags = i % 2 ? NEEDS_CSUM : 0, .gso_type = types[i]}),
			      "VN-2c138567: gso_type %#x", types[i]);
}

/* ---- what comes first ---- */

#define FLOW 60 /* bytes */

static void filtered_pairs(struct net_config *device, struct drv_net_config *driver)
{
	device->queue_pairs = 2;
	driver->filtered = true;
}

/* UDP over IPv4 to the guest, or to another station's address. */
static void make_flow(struct bench *b, uint8_t flow, bool foreign)
{
	memset(frame, 0, FLOW);
	drv_net_mac(b->net, frame);
	frame[5] ^= foreign;
	memcpy(frame + 6, "\x02\0\0\0\0\x09\x08\0\x45\0\0\x2e\0\0\0\0\x40\x11\0\0\x0a\0\0\x02\x0a\0\0\x01\0", 29);
	frame[35] = flow;
	frame[37] = 7;
}

/* The same the other way. */
static void make_answer(struct bench *b, uint8_t flow)
{
	make_flow(b, flow, false);
	memcpy(frame, "\x02\0\0\0\0\x09", 6);
	drv_net_mac(b->net, frame + 6);
	memcpy(frame + 26, "\x0a\0\0\x01\x0a\0\0\x02\0\x07\0", 11);
	frame[37] = flow;
}

/* Filters decide whether a frame comes in at all, and then steering where. */
static void filters_then_steering(const char *id)
{
	struct bench b;

	bench_open(&b, filtered_pairs);
	for (uint8_t flow = 0; flow < 16; flow++) {
		make_answer(&b, flow);
		cr_assert_eq(drv_net_transmit(b.net, flow % 2, frame, FLOW), 0);
		rig_settle(b.rig);
		drv_net_reap(b.net);
	}
	for (unsigned i = 0; i < 32; i++) {
		uint8_t flow = (uint8_t)(i / 2);
		bool foreign = i % 2;

		bench_forget(&b);
		make_flow(&b, flow, foreign);
		play(&b, frame, FLOW);
		cr_expect_eq(b.num_got, !foreign, "%s: flow %u, foreign %d", id, flow, foreign);
		cr_expect(foreign || b.got[0].queue == flow % 2, "%s: flow %u: queue %u", id, flow, b.got[0].queue);
	}
	bench_close(&b);
}

Test(VN, VN_16a8804e)
{
	filters_then_steering("VN-16a8804e");
}

Test(VN, VN_a3e0d2f2)
{
	filters_then_steering("VN-a3e0d2f2");
}

/* A frame that a filter drops is not run, not sent back, not received. */
Test(VN, VN_e31f1511)
{
	struct bench b;

	bench_open(&b, filtered_pairs);
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_TX));
	attach(&b, 0, 1, 0);
	for (int foreign = 1; foreign >= 0; foreign--) {
		make_flow(&b, 1, foreign);
		play(&b, frame, FLOW);
		cr_expect_eq(b.num_got, 0, "VN-e31f1511");
		cr_expect_eq(link_mem_sent_count(b.link), !foreign, "VN-e31f1511: foreign %d", foreign);
		cr_expect_eq(info_of(&b, 0).run_count, !foreign, "VN-e31f1511: foreign %d", foreign);
	}
	bench_close(&b);
}
