/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CAP      VIRTIO_NET_CTRL_XDP_CAP_GET

static const struct virtio_features all = {{0, 0}};

static void kick(struct bed *bed, uint16_t head, uint32_t *len)
{
	uint32_t id;

	ring_push(&bed->rings[BED_CTRL], head);
	virtio_notify(net_virtio(bed->net), BED_CTRL);
	bed_settle(bed);
	cr_assert(ring_pop(&bed->rings[BED_CTRL], &id, len));
	cr_assert_eq(id, head);
}

Test(net_ctrl, answers)
{
	struct bed bed;
	struct virtio_net_xdp_cap_get_result caps;
	uint8_t r[64];
	uint32_t used;

	bed_open(&bed);
	bed_start(&bed, all);
	cr_assert_eq(bed_command(&bed, 10, CAP, NULL, 0, &caps, sizeof(caps), &used), VIRTIO_NET_OK);
	cr_assert_eq(used, 1 + sizeof(caps));
	cr_assert_eq(le32_to_cpu(caps.caps.max_frame), fw_caps(net_fw(bed.net))->max_frame);
	/* Classes and commands that are not there. */
	for (int class = 0; class < 256; class ++) {
		if (class == VIRTIO_NET_CTRL_XDP)
			continue;
		cr_assert_eq(bed_command(&bed, class, 0, r, 5, r, sizeof(r), &used), VIRTIO_NET_ERR, "class %d", class);
		cr_assert_eq(used, 1, "class %d", class);
		for (size_t i = 0; i < sizeof(r); i++)
			cr_assert_eq(r[i], 0xff);
	}
	cr_assert_eq(bed_command(&bed, 10, 200, NULL, 0, r, sizeof(r), &used), VIRTIO_NET_ERR);
	cr_assert_eq(used, 1 + 8);
	cr_assert_eq(r[0], VIRTIO_NET_XDP_ERR_OPCODE);
	bed_close(&bed);
}

Test(net_ctrl, feature_not_negotiated)
{
	struct bed bed;
	uint8_t r[128];
	uint32_t used;

	bed_open(&bed);
	bed_start(&bed, bed_features(VIRTIO_NET_F_XDP_OFFLOAD_ALT));
	cr_assert_eq(bed_command(&bed, 10, CAP, NULL, 0, r, sizeof(r), &used), VIRTIO_NET_ERR);
	cr_assert_eq(used, 1);
	bed_close(&bed);

	bed_open(&bed);
	bed.config.xdp_bit = 127;
	bed.config.features = net_features_default(127);
	bed_start(&bed, all);
	cr_assert_eq(bed_command(&bed, 10, CAP, NULL, 0, r, sizeof(r), &used), VIRTIO_NET_OK, "bit 127");
	bed_close(&bed);
}

/* req: VN-53f36022, VN-76316d56. Both parts in pieces of every size. */
Test(net_ctrl, split)
{
	struct bed bed;
	struct virtio_net_xdp_cap_get_result want, got;
	uint64_t table, in, out;

	bed_open(&bed);
	bed_start(&bed, all);
	cr_assert_eq(bed_command(&bed, 10, CAP, NULL, 0, &want, sizeof(want), NULL), VIRTIO_NET_OK);
	table = ram_take(&bed.ram, 256 * 16);
	in = ram_take(&bed.ram, 64);
	out = ram_take(&bed.ram, 512);
	for (uint32_t piece = 2; piece < 120; piece++) {
		uint32_t n = 0, at = 0, len;
		uint8_t *bytes = ram_at(&bed.ram, out);

		memcpy(ram_at(&bed.ram, in), (uint8_t[]){10, CAP}, 2);
		memset(bytes, 0xee, 512);
		ring_table(&bed.ram, table, 0, in, 1, VRING_DESC_F_NEXT, 1);
		ring_table(&bed.ram, table, 1, in + 1, 1, VRING_DESC_F_NEXT, 2);
		for (n = 2; at < 1 + sizeof(got); n++) {
			uint32_t bound = 1 + sizeof(got) - at < piece ? 1 + sizeof(got) - at : piece;

			at += bound;
			ring_table(&bed.ram, table, n, out + at - bound, bound,
				   VRING_DESC_F_WRITE | (at < 1 + sizeof(got) ? VRING_DESC_F_NEXT : 0), n + 1);
		}
		ring_desc(&bed.rings[BED_CTRL], 0, table, 16 * n, VRING_DESC_F_INDIRECT, 0);
		kick(&bed, 0, &len);
		cr_assert_eq(len, 1 + sizeof(got), "pieces of %u", piece);
		cr_assert_eq(bytes[0], VIRTIO_NET_OK, "pieces of %u", piece);
		cr_assert_eq(memcmp(bytes + 1, &want, sizeof(want)), 0, "pieces of %u", piece);
		cr_assert_eq(bytes[1 + sizeof(got)], 0xee, "pieces of %u", piece);
		cr_assert_eq(memcmp(ram_at(&bed.ram, in), (uint8_t[]){10, CAP}, 2), 0);
	}
	bed_close(&bed);
}

/* Commands that are not whole, and answers without room. Nothing may change: the map is not there afterwards. */
Test(net_ctrl, incomplete)
{
	struct bed bed;
	struct virtio_net_xdp_map_create create = {.id = cpu_to_le32(1),
						   .type = cpu_to_le32(VIRTIO_NET_XDP_MAP_ARRAY),
						   .key_size = cpu_to_le32(4),
						   .value_size = cpu_to_le32(4),
						   .max_entries = cpu_to_le32(4)};
	struct virtio_net_xdp_map_info_result info;
	le32 id = cpu_to_le32(1);
	uint64_t in, out;
	uint32_t len;
	uint8_t *bytes;

	bed_open(&bed);
	bed_start(&bed, all);
	in = ram_take(&bed.ram, 256);
	out = ram_take(&bed.ram, 256);
	bytes = ram_at(&bed.ram, out);
	memcpy(ram_at(&bed.ram, in), (uint8_t[]){10, VIRTIO_NET_CTRL_XDP_MAP_CREATE}, 2);
	memcpy((uint8_t *)ram_at(&bed.ram, in) + 2, &create, sizeof(create));
	memset(bytes, 0xee, 256);

	/* Nothing to read; half a header. */
	for (uint32_t n = 0; n < 2; n++) {
		ring_desc(&bed.rings[BED_CTRL], 0, in, n, VRING_DESC_F_NEXT, 1);
		ring_desc(&bed.rings[BED_CTRL], 1, out, 200, VRING_DESC_F_WRITE, 0);
		kick(&bed, 0, &len);
		cr_assert(len == 1 && bytes[0] == VIRTIO_NET_ERR && bytes[1] == 0xee, "%u", n);
	}
	ring_desc(&bed.rings[BED_CTRL], 1, out, 200, VRING_DESC_F_WRITE, 0);
	kick(&bed, 1, &len);
	cr_assert(len == 1 && bytes[0] == VIRTIO_NET_ERR && bytes[1] == 0xee);

	/* Nothing to write; room for the ack only; one byte too few. */
	bytes[0] = 0xee;
	ring_desc(&bed.rings[BED_CTRL], 0, in, 2 + sizeof(create), 0, 0);
	kick(&bed, 0, &len);
	cr_assert(len == 0 && bytes[0] == 0xee);
	for (uint32_t room = 1; room < 1 + sizeof(struct virtio_net_xdp_result); room++) {
		bytes[0] = 0xee;
		ring_desc(&bed.rings[BED_CTRL], 0, in, 2 + sizeof(create), VRING_DESC_F_NEXT, 1);
		ring_desc(&bed.rings[BED_CTRL], 1, out, room, VRING_DESC_F_WRITE, 0);
		kick(&bed, 0, &len);
		cr_assert(len == 1 && bytes[0] == VIRTIO_NET_ERR && bytes[1] == 0xee, "room %u", room);
	}
	cr_assert_eq(bed_command(&bed, 10, VIRTIO_NET_CTRL_XDP_MAP_INFO, &id, 4, &info, sizeof(info), NULL),
		     VIRTIO_NET_ERR);
	cr_assert_eq(le16_to_cpu(info.hdr.status), VIRTIO_NET_XDP_ERR_NOT_FOUND);
	cr_assert_eq(bed_command(&bed, 10, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &create, sizeof(create), &info, 8, NULL),
		     VIRTIO_NET_OK);
	cr_assert_eq(bed_command(&bed, 10, VIRTIO_NET_CTRL_XDP_MAP_INFO, &id, 4, &info, sizeof(info), NULL),
		     VIRTIO_NET_OK);
	bed_close(&bed);
}

/* CVE-2014-0150: lengths are judged against what is there, in 64 bits. A command of 124 MiB: the same 2 MiB again and
 * again. */
Test(net_ctrl, too_long_CVE_2014_0150)
{
	static const struct {
		const char *id;
		uint32_t extra, pieces; /* bytes of each piece; how many */
	} rows[] = {{"one byte too many", 1, 1}, {"2 MiB at a time", 2 << 20, BED_SIZE - 2}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bed bed;
		uint32_t max, len, n;
		uint64_t out;
		uint8_t *bytes;

		bed_open(&bed);
		bed.config.fw.caps.max_cmd_bytes = 65536;
		bed_start(&bed, all);
		max = fw_caps(net_fw(bed.net))->max_cmd_bytes;
		out = ram_take(&bed.ram, 64);
		bytes = ram_at(&bed.ram, out);
		memcpy(ram_at(&bed.ram, bed.buffers), (uint8_t[]){10, VIRTIO_NET_CTRL_XDP_PROG_WRITE}, 2);
		ring_desc(&bed.rings[BED_CTRL], 0, bed.buffers, max, VRING_DESC_F_NEXT, 1);
		for (n = 1; n <= rows[i].pieces; n++)
			ring_desc(&bed.rings[BED_CTRL], n, RAM_GPA, rows[i].extra, VRING_DESC_F_NEXT, n + 1);
		ring_desc(&bed.rings[BED_CTRL], n, out, 64, VRING_DESC_F_WRITE, 0);
		kick(&bed, 0, &len);
		cr_assert(len == 9 && bytes[0] == VIRTIO_NET_ERR, "%s: %u", rows[i].id, len);
		cr_assert_eq(bytes[1], VIRTIO_NET_XDP_ERR_LENGTH, "%s: %#x", rows[i].id, bytes[1]);
		bed_close(&bed);
	}
}

/* Sends what lies at bed.buffers, with room for a large result. Returns the status. */
static uint16_t send_large(struct bed *bed, uint32_t bytes, uint64_t out, uint32_t room, uint32_t *len)
{
	le16 status;

	ring_desc(&bed->rings[BED_CTRL], 0, bed->buffers, bytes, VRING_DESC_F_NEXT, 1);
	ring_desc(&bed->rings[BED_CTRL], 1, out, 1 + room, VRING_DESC_F_WRITE, 0);
	kick(bed, 0, len);
	memcpy(&status, (uint8_t *)ram_at(&bed->ram, out) + 1, sizeof(status));
	return le16_to_cpu(status);
}

/* The largest results that the limits allow are as large as the driver's room: values, and frames of test runs. */
Test(net_ctrl, large_results)
{
	enum { VALUE = 300000, HEADROOM = 60000 };
	static const uint64_t pass[] = BED_RETURN(2);
	struct virtio_net_xdp_map_create create = {.type = cpu_to_le32(VIRTIO_NET_XDP_MAP_ARRAY),
						   .key_size = cpu_to_le32(4),
						   .value_size = cpu_to_le32(VALUE),
						   .max_entries = cpu_to_le32(1),
						   .inner_map_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE)};
	struct virtio_net_xdp_result r;
	struct bed bed;
	uint8_t *in;
	uint64_t out;
	uint32_t len;

	bed_open(&bed);
	bed.config.fw.caps.max_cmd_bytes = 4096;
	bed.config.fw.caps.max_log_bytes = 100;
	bed.config.fw.caps.max_frame = 1514;
	bed.config.fw.caps.headroom = HEADROOM;
	bed_start(&bed, all);
	bed_attach(&bed, 0, pass, 2);
	in = ram_at(&bed.ram, bed.buffers);
	out = ram_take(&bed.ram, 9 + VALUE);
	cr_assert_eq(
		bed_command(&bed, 10, VIRTIO_NET_CTRL_XDP_MAP_CREATE, &create, sizeof(create), &r, sizeof(r), NULL),
		VIRTIO_NET_OK);
	memset(in, 0, 64);
	in[0] = 10;
	in[1] = VIRTIO_NET_CTRL_XDP_MAP_LOOKUP;
	cr_assert_eq(send_large(&bed, 2 + 8, out, 8 + VALUE, &len), VIRTIO_NET_XDP_OK);
	cr_assert_eq(len, 9 + VALUE);
	cr_assert_eq(send_large(&bed, 2 + 8, out, 7 + VALUE, &len), VIRTIO_NET_XDP_ERR_SIZE);
	in[1] = VIRTIO_NET_CTRL_XDP_TEST_RUN;
	cr_assert_eq(send_large(&bed, 2 + 16 + 14, out, 24 + HEADROOM + 14 + 256, &len), VIRTIO_NET_XDP_OK);
	cr_assert_eq(len, 1 + 24 + 14);
	cr_assert_eq(send_large(&bed, 2 + 16 + 14, out, 24 + HEADROOM + 14 + 255, &len), VIRTIO_NET_XDP_ERR_SIZE);
	bed_close(&bed);
}

/* dpdk-38e6400387: 70,000 commands in a row. */
Test(net_ctrl, many_dpdk_38e6400387)
{
	struct bed bed;
	uint8_t r[8];

	bed_open(&bed);
	bed_start(&bed, all);
	for (int i = 0; i < 70000; i++)
		cr_assert_eq(bed_command(&bed, 10, 255, NULL, 0, r, sizeof(r), NULL), VIRTIO_NET_ERR);
	bed_close(&bed);
}

/* dpdk-6ec1778134: chains that go in a circle or outside, on the control queue. */
Test(net_ctrl, hostile_chains_dpdk_6ec1778134)
{
	for (int circle = 0; circle < 2; circle++) {
		struct bed bed;

		bed_open(&bed);
		bed_start(&bed, all);
		ring_desc(&bed.rings[BED_CTRL], 0, bed.buffers, 8, VRING_DESC_F_NEXT, circle ? 0 : BED_SIZE);
		ring_push(&bed.rings[BED_CTRL], 0);
		virtio_notify(net_virtio(bed.net), BED_CTRL);
		bed_settle(&bed);
		cr_assert(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET);
		cr_assert_eq(bed.tr.config_interrupts, 1);
		cr_assert_eq(ring_used_idx(&bed.rings[BED_CTRL]), 0);
		bed_post(&bed, 0, 2048);
		bed_frame(&bed, 60, 0);
		bed_settle(&bed);
		cr_assert_eq(bed.num_reports, 1);
		cr_assert_eq(bed.reports[0].fate, NET_FATE_DELIVERED);
		bed_close(&bed);
	}
}

/* Many commands at once do not keep frames out: a turn does a few of them and a burst. */
Test(net_ctrl, budget)
{
	struct bed bed;
	uint64_t in;

	bed_open(&bed);
	bed_start(&bed, all);
	in = ram_take(&bed.ram, 64);
	for (int i = 0; i < BED_SIZE; i += 2) {
		ring_desc(&bed.rings[BED_CTRL], i, in, 2, VRING_DESC_F_NEXT, i + 1);
		ring_desc(&bed.rings[BED_CTRL], i + 1, in + 8, 8, VRING_DESC_F_WRITE, 0);
		ring_push(&bed.rings[BED_CTRL], i);
	}
	virtio_notify(net_virtio(bed.net), BED_CTRL);
	bed_post(&bed, 0, 2048);
	bed_frame(&bed, 60, 0);
	cr_assert(net_poll(bed.net));
	cr_assert_eq(bed.num_reports, 1);
	cr_assert_lt(ring_used_idx(&bed.rings[BED_CTRL]), BED_SIZE / 2);
	bed_settle(&bed);
	cr_assert_eq(ring_used_idx(&bed.rings[BED_CTRL]), BED_SIZE / 2);
	bed_close(&bed);
}

/* Frames that ran before a command completed keep their verdict; later ones see the new state. */
Test(net_ctrl, detach_while_frames_wait)
{
	static const uint64_t pass[] = BED_RETURN(2);
	struct virtio_net_xdp_detach detach = {.expected_id = cpu_to_le32(0), .expected_generation = cpu_to_le32(1)};
	struct virtio_net_xdp_detach_result r;
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	bed_attach(&bed, 0, pass, COUNT(pass));
	bed_frame(&bed, 60, 0);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 0);
	cr_assert_eq(bed_command(&bed, 10, VIRTIO_NET_CTRL_XDP_DETACH, &detach, sizeof(detach), &r, sizeof(r), NULL),
		     VIRTIO_NET_OK, "%#x", le16_to_cpu(r.hdr.status));
	bed_frame(&bed, 60, 0);
	bed_post(&bed, 0, 2048);
	bed_post(&bed, 1, 2048);
	bed_settle(&bed);
	cr_assert_eq(bed.num_reports, 2);
	cr_assert_eq(bed.reports[0].fate, NET_FATE_PASS);
	cr_assert_eq(bed.reports[1].fate, NET_FATE_DELIVERED);
	bed_close(&bed);
}
