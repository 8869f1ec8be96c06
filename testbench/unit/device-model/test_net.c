/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The control queue and what requires it: bits 2, 17 to 23, 50 to 53, 57, 58, 60. */
#define CONTROL (1ULL << 2 | 0x7fULL << 17 | 0xfULL << 50 | 3ULL << 57 | 1ULL << 60)

static const struct virtio_features all = {{0, 0}};

static void try_create(struct bed *bed, const char *id, bool ok)
{
	errno = 0;
	bed->net = net_create(&bed->config, bed->link, &bed->ram.mem, &tr_inproc_ops, &bed->tr);
	cr_assert_eq(!!bed->net, ok, "%s", id);
	if (!ok)
		cr_assert_eq(errno, EINVAL, "%s", id);
}

/* QEMU-2440: a creation that fails leaves nothing behind, and the link is still the caller's. */
Test(net, create_QEMU_2440)
{
	static const struct {
		const char *id;
		uint16_t mtu, pairs, size, xdp_bit;
		uint64_t on[2], off[2];
		bool ok;
	} rows[] = {
		{"defaults", 1500, 1, 256, 58, {0, 0}, {0, 0}, true},
		{"the smallest MTU", 68, 1, 256, 58, {0, 0}, {0, 0}, true},
		{"one below", 67, 1, 256, 58, {0, 0}, {0, 0}, false},
		{"the largest MTU", 65535, 1, 256, 58, {0, 0}, {0, 0}, true},
		{"no queue pair", 1500, 0, 256, 58, {0, 0}, {0, 0}, false},
		{"128 pairs", 1500, 128, 16, 58, {0, 0}, {0, 0}, true},
		{"129 pairs", 1500, 129, 16, 58, {0, 0}, {0, 0}, false},
		{"queues of no descriptor", 1500, 1, 0, 58, {0, 0}, {0, 0}, false},
		{"queues of 48", 1500, 1, 48, 58, {0, 0}, {0, 0}, false},
		{"packed queues of 48", 1500, 1, 48, 58, {1ULL << 34, 0}, {0, 0}, true},
		{"packed queues of 32769", 1500, 1, 32769, 58, {1ULL << 34, 0}, {0, 0}, false},
		{"queues of 65535", 1500, 1, 65535, 58, {0, 0}, {0, 0}, false},
		{"queues of one", 1500, 1, 1, 58, {0, 0}, {0, 0}, true},
		{"bit 71", 1500, 1, 256, 71, {0, 1 << 7}, {1ULL << 58, 0}, true},
		{"bit 71, but 58 offered too", 1500, 1, 256, 71, {0, 1 << 7}, {0, 0}, false},
		{"bit 57", 1500, 1, 256, 57, {0, 0}, {0, 0}, false},
		{"no VERSION_1", 1500, 1, 256, 58, {0, 0}, {1ULL << 32, 0}, false},
		{"a feature that is not there", 1500, 1, 256, 58, {1, 0}, {0, 0}, false},
		{"XDP without the control queue", 1500, 1, 256, 58, {0, 0}, {1 << 17, 0}, false},
		{"neither", 1500, 1, 256, 58, {0, 0}, {CONTROL, 0}, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed bed;

		bed_open(&bed);
		bed.config.mtu = rows[i].mtu;
		bed.config.queue_pairs = rows[i].pairs;
		bed.config.queue_size = rows[i].size;
		bed.config.xdp_bit = rows[i].xdp_bit;
		for (int w = 0; w < 2; w++)
			bed.config.features.word[w] = (bed.config.features.word[w] & ~rows[i].off[w]) | rows[i].on[w];
		try_create(&bed, rows[i].id, rows[i].ok);
		if (!rows[i].ok)
			bed.link->ops->close(bed.link);
		bed_close(&bed);
	}
	net_destroy(NULL);
}

/* req: VN-9e330598, VN-2e6496fb. Fields exist with the features they belong to. */
Test(net, configuration_space)
{
	struct bed bed;
	struct virtio_net_config c;
	struct virtio_net_xdp_caps x;
	const struct fw_caps *caps;
	uint8_t behind[4];

	bed_open(&bed);
	try_create(&bed, "all", true);
	caps = fw_caps(net_fw(bed.net));
	virtio_config_read(net_virtio(bed.net), 0, &c, sizeof(c));
	virtio_config_read(net_virtio(bed.net), VIRTIO_NET_XDP_CONFIG_OFFSET, &x, VIRTIO_NET_XDP_CONFIG_BYTES);
	cr_assert_eq(memcmp(c.mac, bed.config.mac, 6), 0);
	cr_assert_eq(le16_to_cpu(c.status), VIRTIO_NET_S_LINK_UP);
	cr_assert_eq(le16_to_cpu(c.max_virtqueue_pairs), 1);
	cr_assert_eq(le16_to_cpu(c.mtu), 1500);
	cr_assert_eq(le32_to_cpu(x.isa), caps->isa);
	cr_assert_eq(le32_to_cpu(x.actions), caps->actions);
	cr_assert_eq(le32_to_cpu(x.max_insns), caps->max_insns);
	cr_assert_eq(le16_to_cpu(x.max_progs), caps->max_progs);
	cr_assert_eq(le16_to_cpu(x.max_maps), caps->max_maps);
	cr_assert_eq(le32_to_cpu(x.max_map_kib), caps->max_map_kib);
	cr_assert_eq(le32_to_cpu(x.max_cmd_bytes), caps->max_cmd_bytes);
	cr_assert_eq(le16_to_cpu(x.headroom), caps->headroom);
	cr_assert_eq(le16_to_cpu(x.tailroom), caps->tailroom);
	cr_assert_eq(le32_to_cpu(x.max_frame), caps->max_frame);
	virtio_config_read(net_virtio(bed.net), 60, behind, 4);
	cr_assert_eq(memcmp(behind, "\0\0\0", 4), 0);
	bed_close(&bed);

	bed_open(&bed);
	bed.config.features = bed_features(VIRTIO_F_VERSION_1);
	try_create(&bed, "nothing", true);
	cr_assert_eq(virtio_num_queues(net_virtio(bed.net)), 2);
	for (uint32_t at = 0; at < 64; at += 4) {
		virtio_config_read(net_virtio(bed.net), at, behind, 4);
		cr_assert_eq(memcmp(behind, "\0\0\0", 4), 0, "byte %u", at);
	}
	bed_close(&bed);
}

Test(net, features_accepted)
{
	static const struct {
		const char *id;
		uint64_t accept;
		bool ok;
	} rows[] = {
		{"VERSION_1 alone", 1ULL << 32, true},
		{"nothing: a legacy driver", 0, false},
		{"everything but VERSION_1", 1ULL << 58 | 1 << 17 | 1 << 15, false},
		{"XDP without the control queue", 1ULL << 58 | 1ULL << 32, false},
		{"XDP with it", 1ULL << 58 | 1ULL << 32 | 1 << 17, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed bed;
		struct virtio_device *dev;

		bed_open(&bed);
		try_create(&bed, rows[i].id, true);
		dev = net_virtio(bed.net);
		virtio_set_status(dev, 3);
		virtio_set_features(dev, 0, rows[i].accept);
		virtio_set_features(dev, 1, rows[i].accept >> 32);
		virtio_set_status(dev, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
		cr_assert_eq(!!(virtio_get_status(dev) & VIRTIO_CONFIG_S_FEATURES_OK), rows[i].ok, "%s", rows[i].id);
		bed_close(&bed);
	}
}

Test(net, link_goes_down_and_up)
{
	struct bed bed;
	le16 status;
	uint8_t generation;

	bed_open(&bed);
	bed_start(&bed, all);
	bed_settle(&bed);
	cr_assert_eq(bed.tr.config_interrupts, 0);
	generation = virtio_config_generation(net_virtio(bed.net));
	link_mem_set_up(bed.link, false);
	bed_frame(&bed, 60, 0);
	bed_settle(&bed);
	virtio_config_read(net_virtio(bed.net), 6, &status, 2);
	cr_assert_eq(le16_to_cpu(status), 0);
	cr_assert_eq(bed.tr.config_interrupts, 1);
	cr_assert_neq(virtio_config_generation(net_virtio(bed.net)), generation);
	cr_assert_eq(bed.num_reports, 0, "nothing comes over a link that is down");
	link_mem_set_up(bed.link, true);
	bed_post(&bed, 0, 2048);
	bed_settle(&bed);
	virtio_config_read(net_virtio(bed.net), 6, &status, 2);
	cr_assert_eq(le16_to_cpu(status), VIRTIO_NET_S_LINK_UP);
	cr_assert_eq(bed.tr.config_interrupts, 2);
	cr_assert_eq(bed.num_reports, 1);
	bed_close(&bed);
}

/* req: VN-559fdc69, VN-09b278bc: neither before DRIVER_OK nor after a reset does the device touch a queue. */
Test(net, only_while_running)
{
	struct bed bed;
	struct virtio_device *dev;

	bed_open(&bed);
	bed_start(&bed, all);
	dev = net_virtio(bed.net);
	bed_post(&bed, 0, 2048);
	bed_post(&bed, 1, 2048);
	bed_frame(&bed, 60, 0);
	bed_settle(&bed);
	cr_assert_eq(ring_used_idx(&bed.rings[BED_RX]), 1);
	bed_frame(&bed, 60, 0);
	virtio_set_status(dev, 0);
	for (int i = 0; i < 3; i++)
		virtio_notify(dev, i);
	bed_settle(&bed);
	virtio_set_status(dev, BED_RUNNING & ~VIRTIO_CONFIG_S_FEATURES_OK & ~VIRTIO_CONFIG_S_DRIVER_OK);
	virtio_set_features(dev, 1, 1);
	virtio_set_status(dev, BED_RUNNING & ~VIRTIO_CONFIG_S_DRIVER_OK);
	ring_open(&bed.rings[BED_RX], &bed.ram, BED_SIZE);
	virtio_queue_enable(dev, BED_RX, BED_SIZE, &bed.rings[BED_RX].addr);
	bed_post(&bed, 0, 2048);
	bed_settle(&bed);
	cr_assert_eq(ring_used_idx(&bed.rings[BED_RX]), 0);
	cr_assert_eq(bed.num_reports, 1);
	virtio_set_status(dev, BED_RUNNING);
	bed_settle(&bed);
	cr_assert_eq(ring_used_idx(&bed.rings[BED_RX]), 1);
	cr_assert_eq(bed.num_reports, 2);
	bed_close(&bed);
}

/* CVE-2016-5403: one queue breaks, the device says so once, the log why, the other queues go on, and a reset mends it.
 */
Test(net, a_broken_queue_CVE_2016_5403)
{
	for (uint16_t broken = 0; broken < 3; broken++) {
		struct bed bed;
		char reason[64];
		uint8_t r[8];

		bed_open(&bed);
		bed_start(&bed, all);
		ring_set_avail(&bed.rings[broken], BED_SIZE + 1);
		virtio_notify(net_virtio(bed.net), broken);
		if (broken == BED_RX)
			bed_frame(&bed, 60, 0);
		bed_settle(&bed);
		cr_assert(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET, "queue %u", broken);
		cr_assert_eq(bed.tr.config_interrupts, 1, "queue %u", broken);
		cr_assert_eq(net_virtio(bed.net)->breaks, 1, "queue %u", broken);
		snprintf(reason, sizeof(reason), "queue %u: the available index is ahead", broken);
		cr_assert(strstr(bed.log_line, reason) && strstr(bed.log_line, "VN-634a1a8f"), "%s", bed.log_line);
		if (broken != BED_RX) {
			bed_post(&bed, 0, 2048);
			bed_frame(&bed, 60, 0);
			bed_settle(&bed);
			cr_assert_eq(bed.reports[0].fate, NET_FATE_DELIVERED, "queue %u", broken);
		} else {
			cr_assert_eq(bed.reports[0].fate, NET_FATE_OVERRUN);
		}
		if (broken != BED_CTRL)
			cr_assert_eq(bed_command(&bed, 99, 0, NULL, 0, r, sizeof(r), NULL), VIRTIO_NET_ERR);
		cr_assert_eq(bed.tr.config_interrupts, 1, "queue %u", broken);
		cr_assert_eq(net_virtio(bed.net)->breaks, 1, "queue %u", broken);

		bed_start(&bed, all);
		bed_post(&bed, 0, 2048);
		bed_frame(&bed, 60, 1);
		bed_settle(&bed);
		cr_assert_eq(bed.reports[1].fate, NET_FATE_DELIVERED, "queue %u", broken);
		cr_assert_eq(bed_command(&bed, 99, 0, NULL, 0, r, sizeof(r), NULL), VIRTIO_NET_ERR);
		cr_assert_eq(virtio_get_status(net_virtio(bed.net)), BED_RUNNING, "queue %u", broken);
		bed_close(&bed);
	}
}

/* The rings' memory goes: the frame that wants into it finds out, and the device has to say so. */
Test(net, memory_of_an_idle_queue_goes)
{
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	bed_settle(&bed);
	cr_assert_eq(mem_remove(&bed.ram.mem, RAM_GPA), 0);
	bed_frame(&bed, 60, 0);
	bed_settle(&bed);
	cr_assert_eq(bed.reports[0].fate, NET_FATE_OVERRUN);
	cr_assert(virtio_get_status(net_virtio(bed.net)) & VIRTIO_CONFIG_S_NEEDS_RESET);
	cr_assert_eq(bed.tr.config_interrupts, 1);
	bed_close(&bed);
}

Test(net, fates_have_names)
{
	for (int i = 0; i < NET_FATES; i++) {
		cr_assert(net_fate_name(i) && *net_fate_name(i) && *net_fate_text(i));
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(net_fate_name(i), net_fate_name(j));
	}
	cr_assert_str_eq(net_fate_name(NET_FATES), "unknown");
	cr_assert(net_fate_ran(NET_FATE_PASS) && !net_fate_ran(NET_FATE_SHORT) && !net_fate_ran(-1));
}
