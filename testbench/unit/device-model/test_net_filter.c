/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RX       VIRTIO_NET_CTRL_RX
#define MAC      VIRTIO_NET_CTRL_MAC
#define VLAN     VIRTIO_NET_CTRL_VLAN

static const struct virtio_features all = {{0, 0}};
static const uint8_t own[6] = {2, 0, 0, 0, 0, 1}, foreign[6] = {2, 7, 7, 7, 7, 7}, group[6] = {3, 7, 7, 7, 7, 7};

static void open_bed(struct bed *bed, struct virtio_features without)
{
	bed_open(bed);
	bed->filter = true;
	bed->config.overrun = true; /* frames need no buffers to be judged */
	bed_start(bed, without);
}

/* Whether a frame is let in. tag: its first four bytes behind the addresses, 0: an ordinary EtherType. */
static bool passes(struct bed *bed, const uint8_t *dest, uint32_t tag, uint32_t bytes)
{
	uint8_t frame[64];
	enum net_fate fate;

	bed_fill(frame, sizeof(frame), 0);
	memcpy(frame, dest, 6);
	for (int i = 0; tag && i < 4; i++)
		frame[12 + i] = tag >> (24 - 8 * i);
	bed->num_reports = 0;
	cr_assert_eq(link_mem_push(bed->link, frame, bytes), 0);
	bed_settle(bed);
	cr_assert_eq(bed->num_reports, 1);
	fate = bed->reports[0].fate;
	cr_assert(fate == NET_FATE_FILTERED || fate == NET_FATE_OVERRUN, "%s", net_fate_name(fate));
	return fate != NET_FATE_FILTERED;
}

static uint8_t send(struct bed *bed, uint8_t class, uint8_t command, const void *data, uint32_t bytes)
{
	uint8_t r[8];
	uint32_t used;
	uint8_t ack = bed_command(bed, class, command, data, bytes, r, sizeof(r), &used);

	cr_assert_eq(used, 1, "class %u, command %u", class, command);
	return ack;
}

/* CVE-2014-0150 and its neighbours: lengths are judged in 64 bits against what is there; what is refused changes
 * nothing. */
Test(net_filter, table_refused_CVE_2014_0150)
{
	static const struct {
		const char *id;
		uint32_t bytes;
		uint8_t data[32];
	} rows[] = {
		{"nothing", 0, {0}},
		{"one number", 4, {0}},
		{"one and a half", 7, {0}},
		{"a byte too many", 9, {0}},
		{"no second number behind an address", 10, {1, 0, 0, 0, 2}},
		{"one address, and a byte is missing", 13, {1, 0, 0, 0, 2}},
		{"the second table, and a byte is missing", 13, {0, 0, 0, 0, 1, 0, 0, 0, 3}},
		{"entries times 6 is 2^32 + 2", 16, {0xab, 0xaa, 0xaa, 0x2a}},
		{"entries times 6 is 0 in 32 bits", 16, {0, 0, 0, 0x80}},
		{"all ones", 16, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"all ones in the second", 16, {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
		{"a multicast address among the unicast ones", 14, {1, 0, 0, 0, 3}},
		{"a unicast address among the multicast ones", 14, {0, 0, 0, 0, 1, 0, 0, 0, 2}},
	};
	uint8_t good[] = {1, 0, 0, 0, 2, 7, 7, 7, 7, 7, 1, 0, 0, 0, 3, 7, 7, 7, 7, 7};
	struct bed bed;

	open_bed(&bed, all);
	cr_assert_eq(send(&bed, MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, good, sizeof(good)), VIRTIO_NET_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		cr_expect_eq(send(&bed, MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, rows[i].data, rows[i].bytes),
			     VIRTIO_NET_ERR, "%s", rows[i].id);
		cr_expect(passes(&bed, foreign, 0, 60) && passes(&bed, group, 0, 60), "%s", rows[i].id);
	}
	bed_close(&bed);
}

/* More addresses than are kept: all of that kind come in, and none of the other. In descriptors of 4096 bytes. */
Test(net_filter, large_tables)
{
	static const struct {
		uint32_t count[2]; /* unicast, multicast */
		bool any[2];       /* everything comes in */
	} rows[] = {
		{{NET_FILTER_ADDRS, NET_FILTER_ADDRS}, {false, false}},
		{{NET_FILTER_ADDRS + 1, NET_FILTER_ADDRS}, {true, false}},
		{{3, NET_FILTER_ADDRS + 1}, {false, true}},
		{{20000, 0}, {true, false}},
		{{0, 0}, {false, false}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t out;
		struct bed bed;
		uint8_t *at, *begin;
		uint32_t id, len, n = 0;
		uint8_t last[2][6] = {{0}};

		open_bed(&bed, all);
		out = ram_take(&bed.ram, 8);
		begin = at = ram_at(&bed.ram, bed.buffers);
		*at++ = MAC;
		*at++ = VIRTIO_NET_CTRL_MAC_TABLE_SET;
		for (int t = 0; t < 2; t++) {
			le32 entries = cpu_to_le32(rows[i].count[t]);

			memcpy(at, &entries, sizeof(entries));
			at += sizeof(entries);
			for (uint32_t k = rows[i].count[t]; k--; at += 6) {
				memcpy(at, (uint8_t[]){2 + t, 9, k * 7, k, k >> 8, k >> 16}, 6);
				memcpy(last[t], at, 6);
			}
		}
		for (uint32_t done = 0, all_bytes = at - begin, now; done < all_bytes; done += now, n++) {
			now = all_bytes - done < 4096 ? all_bytes - done : 4096;
			ring_desc(&bed.rings[BED_CTRL], n, bed.buffers + done, now, VRING_DESC_F_NEXT, n + 1);
		}
		ring_desc(&bed.rings[BED_CTRL], n, out, 8, VRING_DESC_F_WRITE, 0);
		ring_push(&bed.rings[BED_CTRL], 0);
		virtio_notify(net_virtio(bed.net), BED_CTRL);
		bed_settle(&bed);
		cr_assert(ring_pop(&bed.rings[BED_CTRL], &id, &len) && len == 1);
		cr_assert_eq(*(uint8_t *)ram_at(&bed.ram, out), VIRTIO_NET_OK, "row %zu", i);
		for (int t = 0; t < 2; t++) {
			cr_expect_eq(passes(&bed, t ? group : foreign, 0, 60), rows[i].any[t], "row %zu, %d", i, t);
			if (rows[i].count[t])
				cr_expect(passes(&bed, last[t], 0, 60), "row %zu, %d", i, t);
		}
		bed_close(&bed);
	}
}

/* Every division of the command into two descriptors, and one byte each. */
Test(net_filter, table_in_pieces)
{
	static const uint8_t command[] = {
		MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 1, 0, 0, 0, 2, 7, 7, 7, 7, 7, 1, 0, 0, 0, 3, 7, 7, 7, 7, 7};
	static const uint8_t empty[8];
	uint32_t id, len, n;
	struct bed bed;
	uint64_t out;

	open_bed(&bed, all);
	out = ram_take(&bed.ram, 8);
	memcpy(ram_at(&bed.ram, bed.buffers), command, sizeof(command));
	for (uint32_t cut = 0; cut < sizeof(command); cut++) {
		cr_assert_eq(send(&bed, MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, empty, 8), VIRTIO_NET_OK);
		cr_assert_not(passes(&bed, foreign, 0, 60));
		for (n = 0; !cut && n < sizeof(command); n++)
			ring_desc(&bed.rings[BED_CTRL], n, bed.buffers + n, 1, VRING_DESC_F_NEXT, n + 1);
		if (cut) {
			ring_desc(&bed.rings[BED_CTRL], 0, bed.buffers, cut, VRING_DESC_F_NEXT, 1);
			ring_desc(&bed.rings[BED_CTRL], 1, bed.buffers + cut, sizeof(command) - cut, VRING_DESC_F_NEXT,
				  2);
			n = 2;
		}
		ring_desc(&bed.rings[BED_CTRL], n, out, 8, VRING_DESC_F_WRITE, 0);
		ring_push(&bed.rings[BED_CTRL], 0);
		virtio_notify(net_virtio(bed.net), BED_CTRL);
		bed_settle(&bed);
		cr_assert(ring_pop(&bed.rings[BED_CTRL], &id, &len) && len == 1, "cut at %u", cut);
		cr_expect(passes(&bed, foreign, 0, 60) && passes(&bed, group, 0, 60), "cut at %u", cut);
	}
	bed_close(&bed);
}

static bool same_table(const struct net_filter_table *a, const struct net_filter_table *b)
{
	return a->count == b->count && a->all == b->all && !memcmp(a->addrs, b->addrs, a->count * sizeof(a->addrs[0]));
}

static bool same(const struct net_filter *a, const struct net_filter *b)
{
	return a->on == b->on && a->modes == b->modes && !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       same_table(&a->tables[0], &b->tables[0]) && same_table(&a->tables[1], &b->tables[1]) &&
	       !memcmp(a->vlans, b->vlans, sizeof(a->vlans));
}

/* What is refused, by length and by value; before and after it the filter lets in the same. */
Test(net_filter, refused)
{
	static const struct {
		const char *id;
		uint8_t class, command, bytes, data[8];
	} rows[] = {
		{"no byte", RX, VIRTIO_NET_CTRL_RX_PROMISC, 0, {1}},
		{"two bytes", RX, VIRTIO_NET_CTRL_RX_PROMISC, 2, {1}},
		{"2", RX, VIRTIO_NET_CTRL_RX_PROMISC, 1, {2}},
		{"255", RX, VIRTIO_NET_CTRL_RX_ALLUNI, 1, {255}},
		{"mode 6", RX, 6, 1, {1}},
		{"five bytes of an address", MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 5, {2, 7, 7, 7, 7, 7}},
		{"seven", MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 7, {2, 7, 7, 7, 7, 7}},
		{"a multicast address", MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 6, {3, 7, 7, 7, 7, 7}},
		{"no address", MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 6, {0}},
		{"MAC command 2", MAC, 2, 6, {2, 7, 7, 7, 7, 7}},
		{"VLAN 4096", VLAN, VIRTIO_NET_CTRL_VLAN_ADD, 2, {0, 0x10}},
		{"VLAN 65535", VLAN, VIRTIO_NET_CTRL_VLAN_DEL, 2, {0xff, 0xff}},
		{"one byte of a VLAN", VLAN, VIRTIO_NET_CTRL_VLAN_ADD, 1, {5}},
		{"three", VLAN, VIRTIO_NET_CTRL_VLAN_ADD, 3, {5}},
		{"VLAN command 2", VLAN, 2, 2, {5}},
		{"an acknowledgement with data", VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, 1, {0}},
		{"announce 1", VIRTIO_NET_CTRL_ANNOUNCE, 1, 0, {0}},
		{"seven bytes of offloads", VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, 7, {0}},
		{"GUEST_CSUM", VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, 8, {2}},
	};
	struct net_filter before;
	struct bed bed;

	open_bed(&bed, all);
	before = bed.net->filter;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cr_expect_eq(send(&bed, rows[i].class, rows[i].command, rows[i].data, rows[i].bytes), VIRTIO_NET_ERR,
			     "%s", rows[i].id);
		cr_expect(same(&before, &bed.net->filter), "%s", rows[i].id);
	}
	cr_expect(passes(&bed, own, 0, 60) && !passes(&bed, foreign, 0, 60));
	bed_close(&bed);
}

/* A command whose feature was not negotiated is not there. */
Test(net_filter, features)
{
	static const struct {
		uint8_t feature, class, command, bytes, data[8];
	} rows[] = {
		{VIRTIO_NET_F_CTRL_RX, RX, VIRTIO_NET_CTRL_RX_PROMISC, 1, {1}},
		{VIRTIO_NET_F_CTRL_RX, RX, VIRTIO_NET_CTRL_RX_ALLMULTI, 1, {1}},
		{VIRTIO_NET_F_CTRL_RX, MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 8, {0}},
		{VIRTIO_NET_F_CTRL_RX_EXTRA, RX, VIRTIO_NET_CTRL_RX_ALLUNI, 1, {1}},
		{VIRTIO_NET_F_CTRL_RX_EXTRA, RX, VIRTIO_NET_CTRL_RX_NOBCAST, 1, {1}},
		{VIRTIO_NET_F_CTRL_MAC_ADDR, MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 6, {2}},
		{VIRTIO_NET_F_CTRL_VLAN, VLAN, VIRTIO_NET_CTRL_VLAN_ADD, 2, {2}},
		{VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, 0, {0}},
		{VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
		 VIRTIO_NET_CTRL_GUEST_OFFLOADS,
		 VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
		 8,
		 {0}},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		for (int without = 0; without < 2; without++) {
			struct bed bed;

			open_bed(&bed, without ? bed_features(rows[i].feature) : all);
			cr_expect_eq(send(&bed, rows[i].class, rows[i].command, rows[i].data, rows[i].bytes), without,
				     "row %zu, without: %d", i, without);
			bed_close(&bed);
		}
}

/* What is filtered depends on what a driver was able to say. */
Test(net_filter, negotiated)
{
	static const uint8_t on = 1;
	struct virtio_features neither = bed_features(VIRTIO_NET_F_CTRL_RX);
	struct bed bed;

	/* No way to ask for multicast: all of it comes in, what is suppressed aside. */
	open_bed(&bed, neither);
	cr_expect(passes(&bed, foreign, 0, 60) && passes(&bed, group, 0, 60));
	cr_assert_eq(send(&bed, RX, VIRTIO_NET_CTRL_RX_NOMULTI, &on, 1), VIRTIO_NET_OK);
	cr_expect(passes(&bed, foreign, 0, 60) && !passes(&bed, group, 0, 60));
	bed_close(&bed);

	/* An address that the device was not told of. */
	open_bed(&bed, bed_features(VIRTIO_NET_F_MAC));
	cr_expect(passes(&bed, foreign, 0, 60) && !passes(&bed, group, 0, 60));
	cr_assert_eq(send(&bed, MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, own, 6), VIRTIO_NET_OK);
	cr_expect(passes(&bed, own, 0, 60) && !passes(&bed, foreign, 0, 60));
	bed_close(&bed);

	/* Nothing at all can be filtered: nothing is looked at. */
	virtio_feature_set(&neither, VIRTIO_NET_F_CTRL_VLAN, true);
	open_bed(&bed, neither);
	cr_expect_not(bed.net->filter.on);
	bed_close(&bed);
}

/* Tags: the outermost one of 802.1Q counts, and only if it is there. */
Test(net_filter, vlans)
{
	static const struct {
		const char *id;
		uint32_t tag, bytes;
		bool passes;
	} rows[] = {
		{"no tag", 0, 60, true},
		{"VLAN 5", 0x81000005, 60, true},
		{"VLAN 5 with priority", 0x8100f005, 60, true},
		{"VLAN 6", 0x81000006, 60, false},
		{"VLAN 0", 0x81000000, 60, false},
		{"a service tag", 0x88a80006, 60, true},
		{"half a tag", 0x81000006, 17, true},
		{"a whole tag", 0x81000006, 18, false},
		{"none of a tag", 0x81000006, 14, true},
	};
	static const uint8_t id[] = {5, 0}, on = 1;
	struct bed bed;

	open_bed(&bed, all);
	for (int twice = 0; twice < 2; twice++)
		cr_assert_eq(send(&bed, VLAN, VIRTIO_NET_CTRL_VLAN_ADD, id, 2), VIRTIO_NET_OK);
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_expect_eq(passes(&bed, own, rows[i].tag, rows[i].bytes), rows[i].passes, "%s", rows[i].id);
	for (int twice = 0; twice < 2; twice++)
		cr_assert_eq(send(&bed, VLAN, VIRTIO_NET_CTRL_VLAN_DEL, id, 2), VIRTIO_NET_OK);
	cr_expect_not(passes(&bed, own, 0x81000005, 60));
	cr_assert_eq(send(&bed, RX, VIRTIO_NET_CTRL_RX_PROMISC, &on, 1), VIRTIO_NET_OK);
	cr_expect(passes(&bed, own, 0x81000006, 60), "promiscuous: everything");
	bed_close(&bed);
}

/* A reset: every mode off, tables empty, the configured address, and nobody is told. */
Test(net_filter, reset)
{
	static const uint8_t on = 1, id[] = {5, 0}, table[8] = {0};
	uint64_t interrupts;
	uint8_t mac[6];
	struct bed bed;

	open_bed(&bed, all);
	for (uint8_t mode = 0; mode < VIRTIO_NET_CTRL_RX_MODES; mode++)
		cr_assert_eq(send(&bed, RX, mode, &on, 1), VIRTIO_NET_OK);
	cr_assert_eq(send(&bed, VLAN, VIRTIO_NET_CTRL_VLAN_ADD, id, 2), VIRTIO_NET_OK);
	cr_assert_eq(send(&bed, MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, table, 8), VIRTIO_NET_OK);
	cr_assert_eq(send(&bed, MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, foreign, 6), VIRTIO_NET_OK);
	virtio_config_read(net_virtio(bed.net), 0, mac, sizeof(mac));
	cr_expect_arr_eq(mac, foreign, 6);
	interrupts = bed.tr.config_interrupts;
	virtio_set_status(net_virtio(bed.net), 0);
	cr_expect_eq(bed.tr.config_interrupts, interrupts);
	virtio_config_read(net_virtio(bed.net), 0, mac, sizeof(mac));
	cr_expect_arr_eq(mac, own, 6);
	cr_expect(!bed.net->filter.on && !bed.net->filter.modes && !bed.net->filter.vlans[0]);
	bed_close(&bed);
}

/* Frames that are kept out are counted as such, and no program runs on them. */
Test(net_filter, before_the_program)
{
	static const uint64_t drop[] = BED_RETURN(1);
	struct bed bed;

	open_bed(&bed, all);
	bed_attach(&bed, 0, drop, 2);
	cr_expect_not(passes(&bed, foreign, 0, 60));
	cr_expect_eq(net_counters(bed.net)->frames[NET_FATE_FILTERED], 1);
	cr_expect_eq(net_counters(bed.net)->bytes[NET_FATE_FILTERED], 60);
	cr_expect_eq(net_xdp_stats(bed.net, 0)->runs, 0);
	bed_close(&bed);
}
