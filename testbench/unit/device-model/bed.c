/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TURNS         100000
#define COMMAND_BYTES 8192

static void observe(void *ctx, const struct net_report *report)
{
	struct bed *bed = ctx;

	cr_assert_lt(bed->num_reports, BED_REPORTS);
	bed->reports[bed->num_reports++] = *report;
}

static void log_line(void *ctx, const char *line)
{
	struct bed *bed = ctx;

	snprintf(bed->log_line, sizeof(bed->log_line), "%s", line);
	bed->log_lines++;
}

static const struct fw_platform platform = {.log = log_line};

void bed_open(struct bed *bed)
{
	*bed = (struct bed){.config = {.mac = {2, 0, 0, 0, 0, 1},
				       .mtu = 1500,
				       .speed = VIRTIO_NET_SPEED_UNKNOWN,
				       .duplex = VIRTIO_NET_DUPLEX_UNKNOWN,
				       .queue_pairs = 1,
				       .queue_size = BED_SIZE,
				       .xdp_bit = VIRTIO_NET_F_XDP_OFFLOAD_ALT,
				       .observer = {observe, bed}}};
	ram_open(&bed->ram);
	bed->link = link_mem_open(NULL, 0);
	cr_assert(bed->link);
	link_mem_set_endless(bed->link, true);
	bed->config.features = net_features_default(bed->config.xdp_bit);
	fw_caps_default(&bed->config.fw.caps);
	bed->config.fw.engine = FW_ENGINE_INTERP;
	bed->config.fw.platform = &platform;
	bed->config.fw.platform_ctx = bed;
	bed->buffer_bytes = 4096;
}

struct virtio_features bed_features(unsigned bit)
{
	struct virtio_features f = {0};

	virtio_feature_set(&f, bit, true);
	return f;
}

void bed_start(struct bed *bed, struct virtio_features without)
{
	static const uint8_t filters[] = {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_CTRL_VLAN};
	struct virtio_device *dev;

	if (!bed->net)
		bed->net = net_create(&bed->config, bed->link, &bed->ram.mem, &tr_inproc_ops, &bed->tr);
	cr_assert(bed->net);
	dev = net_virtio(bed->net);
	virtio_set_status(dev, 0);
	for (size_t i = 0; i < sizeof(filters) && !bed->filter; i++)
		virtio_feature_set(&without, filters[i], true);
	virtio_set_status(dev, BED_RUNNING & ~(VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FEATURES_OK));
	for (uint32_t i = 0; i < 4; i++)
		virtio_set_features(dev, i, virtio_get_features(dev, i) & ~(without.word[i / 2] >> (i % 2 * 32)));
	virtio_set_status(dev, BED_RUNNING & ~VIRTIO_CONFIG_S_DRIVER_OK);
	cr_assert_eq(virtio_get_status(dev), BED_RUNNING & ~VIRTIO_CONFIG_S_DRIVER_OK);
	for (uint16_t i = 0; i < virtio_num_queues(dev); i++) {
		ring_open(&bed->rings[i], &bed->ram, BED_SIZE);
		cr_assert_eq(virtio_queue_enable(dev, i, BED_SIZE, &bed->rings[i].addr), 0);
	}
	bed->buffers = ram_take(&bed->ram, (size_t)BED_SIZE * bed->buffer_bytes);
	bed->command = ram_take(&bed->ram, COMMAND_BYTES);
	virtio_set_status(dev, BED_RUNNING);
}

void bed_close(struct bed *bed)
{
	net_destroy(bed->net);
	ram_close(&bed->ram);
}

void bed_settle(struct bed *bed)
{
	int turns = 0;

	while (net_poll(bed->net))
		cr_assert_lt(++turns, TURNS, "the device never comes to rest");
}

void bed_fill(uint8_t *to, uint32_t bytes, uint8_t seed)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = seed + i;
	if (bytes >= 14) {
		to[12] = 0x88;
		to[13] = 0xb5;
	}
}

void bed_frame(struct bed *bed, uint32_t bytes, uint8_t seed)
{
	static uint8_t frame[1 << 17];

	cr_assert_leq(bytes, sizeof(frame));
	bed_fill(frame, bytes, seed);
	cr_assert_eq(link_mem_push(bed->link, frame, bytes), 0);
}

void bed_post(struct bed *bed, uint16_t i, uint32_t bytes)
{
	cr_assert_leq(bytes, bed->buffer_bytes);
	memset(bed_buffer(bed, i), 0xee, bed->buffer_bytes);
	ring_desc(&bed->rings[BED_RX], i, bed->buffers + (uint64_t)i * bed->buffer_bytes, bytes, VRING_DESC_F_WRITE, 0);
	ring_push(&bed->rings[BED_RX], i);
	virtio_notify(net_virtio(bed->net), BED_RX);
}

void *bed_buffer(struct bed *bed, uint16_t i)
{
	return ram_at(&bed->ram, bed->buffers + (uint64_t)i * bed->buffer_bytes);
}

uint8_t bed_command(struct bed *bed, uint8_t class, uint8_t command, const void *data, uint32_t bytes, void *result,
		    uint32_t room, uint32_t *used)
{
	struct ring *ring = &bed->rings[BED_CTRL];
	uint64_t in = bed->command, out = bed->command + COMMAND_BYTES / 2;
	uint8_t *hdr = ram_at(&bed->ram, in), *ack = ram_at(&bed->ram, out);
	uint32_t id, len;

	cr_assert(bytes + 2 <= COMMAND_BYTES / 2 && room + 1 <= COMMAND_BYTES / 2);
	hdr[0] = class;
	hdr[1] = command;
	if (bytes)
		memcpy(hdr + 2, data, bytes);
	memset(ack, 0xff, room + 1);
	ring_desc(ring, 0, in, bytes + 2, VRING_DESC_F_NEXT, 1);
	ring_desc(ring, 1, out, room + 1, VRING_DESC_F_WRITE, 0);
	ring_push(ring, 0);
	virtio_notify(net_virtio(bed->net), BED_CTRL);
	bed_settle(bed);
	cr_assert(ring_pop(ring, &id, &len), "the command was not answered");
	cr_assert_eq(id, 0);
	if (room)
		memcpy(result, ack + 1, room);
	if (used)
		*used = len;
	return *ack;
}

void bed_attach(struct bed *bed, uint32_t id, const uint64_t *insns, uint32_t count)
{
	struct virtio_net_xdp_prog_create create = {.id = cpu_to_le32(id), .bytes = cpu_to_le32(8 * count)};
	struct virtio_net_xdp_prog_commit commit = {.id = cpu_to_le32(id)};
	struct virtio_net_xdp_prog_info_result info;
	struct virtio_net_xdp_result r;
	uint8_t write[8 + 8 * 64] = {0};
	uint8_t attach[sizeof(struct virtio_net_xdp_attach)] = {0};
	struct virtio_net_xdp_attach a = {
		.id = cpu_to_le32(id), .expected_id = cpu_to_le32(VIRTIO_NET_XDP_ID_NONE), .ifindex = cpu_to_le32(3)};
	struct virtio_net_xdp_attach_result ar;
	int tries = 0;

	cr_assert_leq(count, 64);
	memcpy(create.name, "unit", 5);
	cr_assert_eq(
		bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_PROG_CREATE, &create, sizeof(create), &r, sizeof(r), NULL), 0);
	memcpy(write, &create.id, 4);
	for (uint32_t i = 0; i < count; i++) {
		le64 slot = cpu_to_le64(insns[i]);

		memcpy(write + 8 + 8 * i, &slot, 8);
	}
	cr_assert_eq(bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_PROG_WRITE, write, 8 + 8 * count, &r, sizeof(r), NULL),
		     0);
	cr_assert_eq(
		bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_PROG_COMMIT, &commit, sizeof(commit), &r, sizeof(r), NULL), 0);
	do {
		cr_assert_lt(tries++, 100);
		cr_assert_eq(
			bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_PROG_INFO, &create.id, 4, &info, sizeof(info), NULL),
			0);
	} while (info.state == VIRTIO_NET_XDP_PROG_VERIFYING);
	cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_READY, "error %#x", le32_to_cpu(info.error));
	memcpy(attach, &a, sizeof(a));
	memset(&ar, 0, sizeof(ar));
	cr_assert_eq(bed_command(bed, 10, VIRTIO_NET_CTRL_XDP_ATTACH, attach, sizeof(a), &ar, sizeof(ar), NULL), 0,
		     "%#x", le16_to_cpu(ar.hdr.status));
}
