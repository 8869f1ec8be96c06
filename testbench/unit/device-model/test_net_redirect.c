/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that XDP_REDIRECT sends to other ports and to receive queues. */
#include "bed.h"
#include "virtio_net_xdp.h"
#include "virtio_net_xdp_ext.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PORTS    2
#define HOME     3 /* ifindex that bed_attach() gives port 0 */

/* redirect(first byte of the frame, 0) */
static const uint64_t to_first_byte[] = {0x1261,  0x41361, 0x24bf, 0x100000407,     0xb7,
					 0x3342d, 0x2171,  0x2b7,  0x1700000085ULL, 0x95};
/* redirect_map(map 0, first byte of the frame, 24: BROADCAST and EXCLUDE_INGRESS if it is 0xff, else 1) */
static const uint64_t by_first_byte[] = {0x1261,          0x41361,         0x24bf,          0x100000407, 0xb7,
					 0x7342d,         0x2271,          0x1118,          0,           0x1000003b7,
					 0xff00010255ULL, 0x18000003b7ULL, 0x3300000085ULL, 0x95};

struct port_bed {
	struct bed bed;
	struct net_port ports[PORTS];
	struct link *links[PORTS];
};

/* Ports with ifindex 2 (MTU 1500) and 5 (MTU 100). */
static void open_ports(struct port_bed *p)
{
	bed_open(&p->bed);
	for (size_t i = 0; i < PORTS; i++) {
		p->links[i] = link_mem_open(NULL, 0);
		cr_assert(p->links[i]);
		p->ports[i] = (struct net_port){.ifindex = i ? 5 : 2, .mtu = i ? 100 : 1500, .link = p->links[i]};
	}
	p->bed.config.ports = p->ports;
	p->bed.config.num_ports = PORTS;
}

static void start_ports(struct port_bed *p)
{
	open_ports(p);
	bed_start(&p->bed, (struct virtio_features){0});
	memset(p->ports, 0xee, sizeof(p->ports)); /* the device has its own copy */
}

static void make_map(struct bed *bed, uint32_t type, uint32_t entries)
{
	struct virtio_net_xdp_map_create create = {
		.type = cpu_to_le32(type),
		.key_size = cpu_to_le32(4),
		.value_size = cpu_to_le32(4),
		.max_entries = cpu_to_le32(entries),
		.inner_map_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE),
	};
	struct virtio_net_xdp_result r;

	cr_assert_eq(bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &create, sizeof(create), &r, sizeof(r), NULL),
		     VIRTIO_NET_OK);
}

static void put(struct bed *bed, uint32_t key, uint32_t value)
{
	le32 request[4] = {cpu_to_le32(0), cpu_to_le32(0), cpu_to_le32(key), cpu_to_le32(value)};
	struct virtio_net_xdp_result r;

	cr_assert_eq(
		bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_MAP_UPDATE, request, sizeof(request), &r, sizeof(r), NULL),
		VIRTIO_NET_OK);
}

/* The i-th frame that left on link has bytes, counting from seed. */
static void expect_sent(const struct link *link, size_t i, uint32_t bytes, uint8_t seed)
{
	const struct link_frame *sent = link_mem_sent(link, i);
	uint8_t want[4096];

	bed_fill(want, bytes, seed);
	cr_assert(sent, "frame %zu of seed %u", i, seed);
	cr_assert_eq(sent->bytes, bytes);
	cr_assert_eq(memcmp(sent->data, want, bytes), 0, "frame %zu of seed %u", i, seed);
}

Test(net_redirect, ports_by_ifindex)
{
	static const struct {
		uint8_t ifindex;
		uint32_t bytes;
		enum net_fate fate;
	} rows[] = {
		{2, 60, NET_FATE_REDIRECT},        {5, 61, NET_FATE_REDIRECT},
		{HOME, 62, NET_FATE_REDIRECT},     {2, 1514, NET_FATE_REDIRECT},
		{2, 1515, NET_FATE_REDIRECT_DROP}, {5, 114, NET_FATE_REDIRECT},
		{5, 115, NET_FATE_REDIRECT_DROP},  {0, 63, NET_FATE_REDIRECT_DROP},
		{9, 64, NET_FATE_REDIRECT_DROP},   {HOME, 1515, NET_FATE_REDIRECT_DROP},
	};
	const struct net_xdp_stats *stats;
	struct port_bed p;

	start_ports(&p);
	bed_attach(&p.bed, 0, to_first_byte, COUNT(to_first_byte));
	for (size_t i = 0; i < COUNT(rows); i++)
		bed_frame(&p.bed, rows[i].bytes, rows[i].ifindex);
	bed_settle(&p.bed);
	cr_assert_eq(p.bed.num_reports, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		cr_assert_eq(p.bed.reports[i].fate, rows[i].fate, "row %zu: %s", i,
			     net_fate_name(p.bed.reports[i].fate));
		cr_assert_eq(p.bed.reports[i].r0, VIRTIO_NET_XDP_REDIRECT);
		cr_assert_eq(p.bed.reports[i].bytes, rows[i].bytes);
	}
	cr_assert_eq(link_mem_sent_count(p.links[0]), 2);
	expect_sent(p.links[0], 0, 60, 2);
	expect_sent(p.links[0], 1, 1514, 2);
	cr_assert_eq(link_mem_sent_count(p.links[1]), 2);
	expect_sent(p.links[1], 0, 61, 5);
	cr_assert_eq(link_mem_sent_count(p.bed.link), 1);
	expect_sent(p.bed.link, 0, 62, HOME);
	stats = net_xdp_stats(p.bed.net, 0);
	cr_assert_eq(stats->runs, COUNT(rows));
	cr_assert_eq(stats->unsupported + stats->tx + stats->tx_drop + stats->drop + stats->pass, 0);
	bed_close(&p.bed);
}

Test(net_redirect, links_full_and_down)
{
	static const enum net_fate want[] = {NET_FATE_REDIRECT, NET_FATE_REDIRECT_DROP, NET_FATE_REDIRECT_DROP};
	struct port_bed p;

	start_ports(&p);
	bed_attach(&p.bed, 0, to_first_byte, COUNT(to_first_byte));
	link_mem_set_room(p.links[0], 1);
	link_mem_set_up(p.links[1], false);
	bed_frame(&p.bed, 60, 2);
	bed_frame(&p.bed, 60, 2);
	bed_frame(&p.bed, 60, 5);
	bed_settle(&p.bed);
	cr_assert_eq(p.bed.num_reports, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		cr_assert_eq(p.bed.reports[i].fate, want[i], "frame %zu: %s", i, net_fate_name(p.bed.reports[i].fate));
	cr_assert_eq(link_mem_sent_count(p.links[1]), 0);
	bed_close(&p.bed);
}

/* It counts as redirected if one port took it; XDP_TX and port 0 share a wire and its order. */
Test(net_redirect, broadcast)
{
	struct port_bed p;

	start_ports(&p);
	make_map(&p.bed, VIRTIO_NET_XDP_MAP_DEVMAP, 4);
	put(&p.bed, 0, 2);
	put(&p.bed, 1, HOME);
	put(&p.bed, 3, 5);
	bed_attach(&p.bed, 0, by_first_byte, COUNT(by_first_byte));
	link_mem_set_room(p.links[0], 1);
	bed_frame(&p.bed, 60, 0xff);
	bed_frame(&p.bed, 61, 0xff);
	bed_frame(&p.bed, 120, 0xff); /* too long for the one, and no room on the other */
	bed_frame(&p.bed, 62, 1);
	bed_frame(&p.bed, 63, 2); /* no element: 1 is DROP */
	bed_frame(&p.bed, 64, 1);
	bed_settle(&p.bed);
	cr_assert_eq(p.bed.num_reports, 6);
	cr_assert_eq(p.bed.reports[0].fate, NET_FATE_REDIRECT);
	cr_assert_eq(p.bed.reports[1].fate, NET_FATE_REDIRECT);
	cr_assert_eq(p.bed.reports[2].fate, NET_FATE_REDIRECT_DROP);
	cr_assert_eq(p.bed.reports[3].fate, NET_FATE_REDIRECT);
	cr_assert_eq(p.bed.reports[4].fate, NET_FATE_DROP);
	cr_assert_eq(p.bed.reports[5].fate, NET_FATE_REDIRECT);
	cr_assert_eq(link_mem_sent_count(p.links[0]), 1);
	expect_sent(p.links[0], 0, 60, 0xff);
	cr_assert_eq(link_mem_sent_count(p.links[1]), 2);
	expect_sent(p.links[1], 1, 61, 0xff);
	cr_assert_eq(link_mem_sent_count(p.bed.link), 2);
	expect_sent(p.bed.link, 0, 62, 1);
	expect_sent(p.bed.link, 1, 64, 1);
	bed_close(&p.bed);
}

Test(net_redirect, queues)
{
	static const uint32_t types[] = {VIRTIO_NET_XDP_MAP_CPUMAP, VIRTIO_NET_XDP_MAP_XSKMAP};

	for (size_t t = 0; t < COUNT(types); t++) {
		bool cpu = types[t] == VIRTIO_NET_XDP_MAP_CPUMAP;
		struct port_bed p;
		uint32_t id, len;

		start_ports(&p);
		make_map(&p.bed, types[t], 4);
		/* Key 0 is queue 0; 1 is a queue that is not there; 2 is nothing. */
		put(&p.bed, 0, cpu ? 2048 : 0);
		put(&p.bed, 1, cpu ? 2048 : 1);
		bed_attach(&p.bed, 0, by_first_byte, COUNT(by_first_byte));
		for (uint16_t i = 0; i < 4; i++)
			bed_post(&p.bed, i, 2048);
		for (uint8_t key = 0; key < 3; key++)
			bed_frame(&p.bed, 60, key);
		bed_frame(&p.bed, 1600, 0);  /* longer than the MTU permits: not delivered */
		bed_frame(&p.bed, 61, 0xff); /* BROADCAST is for ports only: ABORTED */
		bed_settle(&p.bed);
		cr_assert_eq(p.bed.num_reports, 5);
		cr_assert_eq(p.bed.reports[0].fate, NET_FATE_REDIRECT_QUEUE, "type %u", types[t]);
		cr_assert_eq(p.bed.reports[0].queue, 0);
		cr_assert_eq(p.bed.reports[1].fate, NET_FATE_REDIRECT_DROP, "type %u", types[t]);
		cr_assert_eq(p.bed.reports[2].fate, NET_FATE_DROP, "type %u", types[t]);
		cr_assert_eq(p.bed.reports[3].fate, NET_FATE_REDIRECT_DROP, "type %u", types[t]);
		cr_assert_eq(p.bed.reports[4].fate, NET_FATE_ABORTED, "type %u", types[t]);
		cr_assert(ring_pop(&p.bed.rings[BED_RX], &id, &len));
		cr_assert_eq(len, 60 + 12);
		cr_assert_not(ring_pop(&p.bed.rings[BED_RX], &id, &len));
		bed_close(&p.bed);
	}
}

/* R0 is 4 without a call: there is no target. */
Test(net_redirect, without_target)
{
	static const uint64_t four[] = BED_RETURN(4);
	struct port_bed p;

	start_ports(&p);
	bed_attach(&p.bed, 0, four, COUNT(four));
	bed_frame(&p.bed, 60, 2);
	bed_settle(&p.bed);
	cr_assert_eq(p.bed.reports[0].fate, NET_FATE_REDIRECT_DROP);
	cr_assert_eq(link_mem_sent_count(p.links[0]) + link_mem_sent_count(p.links[1]), 0);
	bed_close(&p.bed);
}

/* Links stay the caller's then. */
Test(net_redirect, impossible_ports)
{
	static const struct {
		const char *what;
		uint32_t ifindex;
		uint16_t mtu;
		bool no_link;
	} rows[] = {{"ifindex 0", 0, 1500, false},
		    {"the same ifindex", 2, 1500, false},
		    {"a small MTU", 5, 67, false},
		    {"no link", 5, 1500, true}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct port_bed p;

		open_ports(&p);
		p.ports[1] = (struct net_port){rows[i].ifindex, rows[i].mtu, rows[i].no_link ? NULL : p.links[1]};
		cr_assert_null(net_create(&p.bed.config, p.bed.link, &p.bed.ram.mem, &tr_inproc_ops, &p.bed.tr), "%s",
			       rows[i].what);
		cr_assert_eq(errno, EINVAL, "%s", rows[i].what);
		p.bed.link->ops->close(p.bed.link);
		for (size_t n = 0; n < PORTS; n++)
			p.links[n]->ops->close(p.links[n]);
		ram_close(&p.bed.ram);
	}
}
