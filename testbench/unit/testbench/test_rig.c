/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "guest-driver/core/ctrl.h"
#include "guest-driver/core/xdp.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "spec/wire/virtio_config.h"

struct got {
	unsigned count;
	uint32_t bytes, num_buffers;
	uint8_t data[70000];
};

static void on_frame(void *ctx, const struct drv_net_frame *frame)
{
	struct got *got = ctx;

	got->count++;
	got->bytes = frame->bytes;
	got->num_buffers = frame->num_buffers;
	memcpy(got->data, frame->data, frame->bytes);
}

static void fill(uint8_t *frame, uint32_t bytes)
{
	uint32_t i;

	memcpy(frame, "\x52\x54\x00\x12\x34\x56\2\0\0\0\0\1\x88\xb5", 14);
	for (i = 14; i < bytes; i++)
		frame[i] = (uint8_t)(i * 7);
}

/* Features of a row of the matrix: an orthogonal array of 16 rows, in which any three take all their settings. */
static void choose_features(struct net_config *config, unsigned row)
{
	static const struct {
		uint8_t bit, mask;
	} switches[] = {
		{VIRTIO_NET_F_MRG_RXBUF, 1},    {VIRTIO_RING_F_EVENT_IDX, 2},    {VIRTIO_RING_F_INDIRECT_DESC, 4},
		{VIRTIO_F_IN_ORDER, 8},         {VIRTIO_F_NOTIFICATION_DATA, 7}, {VIRTIO_F_NOTIF_CONFIG_DATA, 11},
		{VIRTIO_F_ACCESS_PLATFORM, 13}, {VIRTIO_F_ORDER_PLATFORM, 14},
	};

	for (unsigned i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		virtio_feature_set(&config->features, switches[i].bit,
				   !(__builtin_popcount(row & switches[i].mask) % 2));
}

/* Frames of all sizes through rings of both formats and all sizes, both ways, whatever the features. */
Test(rig, frames_pass_both_ways, .timeout = 60)
{
	static const uint32_t sizes[] = {14, 60, 1514, 4084, 4085, 9014, 65535};
	static const struct {
		bool packed;
		uint16_t size;
	} rings[] = {
		{false, 1}, {false, 2}, {false, 16}, {false, 256}, {false, 32768}, {true, 1},
		{true, 2},  {true, 3},  {true, 17},  {true, 256},  {true, 32768},
	};
	static uint8_t frame[70000];
	static struct got got;
	unsigned i, k, n;

	for (i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		for (k = 0; k < 16; k++) {
			struct link *link = link_mem_open(NULL, 0);
			struct drv_net_config driver;
			struct net_config config;
			struct rig *rig;

			rig_config_default(&config);
			rig_driver_config_default(&driver, config.xdp_bit);
			choose_features(&config, k);
			virtio_feature_set(&config.features, VIRTIO_F_RING_PACKED, rings[i].packed);
			config.queue_size = rings[i].size < 64 ? 64 : rings[i].size;
			driver.queue_size = rings[i].size;
			link_mem_set_endless(link, true);
			rig = rig_open_driver(&config, &driver, link);
			cr_assert_not_null(rig);
			cr_assert_eq(drv_net_start(rig_driver(rig)), 0, "ring %u, row %u", i, k);
			for (n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
				const struct link_frame *sent;

				fill(frame, sizes[n]);
				got.count = 0;
				cr_assert_eq(link_mem_push(link, frame, sizes[n]), 0);
				rig_settle(rig);
				cr_assert_eq(drv_net_receive(rig_driver(rig), on_frame, &got, 32), 1,
					     "ring %u, row %u, %u bytes", i, k, sizes[n]);
				cr_expect(got.bytes == sizes[n] && !memcmp(got.data, frame, sizes[n]),
					  "ring %u, row %u, %u bytes", i, k, sizes[n]);
				cr_assert_eq(drv_net_transmit(rig_driver(rig), 0, frame, sizes[n]), 0);
				rig_settle(rig);
				cr_expect_eq(drv_net_reap(rig_driver(rig)), 1, "ring %u, row %u, %u bytes", i, k,
					     sizes[n]);
				sent = link_mem_sent(link, n);
				cr_assert_not_null(sent);
				cr_expect(sent->bytes == sizes[n] && !memcmp(sent->data, frame, sizes[n]));
			}
			cr_expect_not(drv_net_broken(rig_driver(rig)));
			rig_close(rig);
		}
	}
}

struct stream {
	unsigned count;
	bool gap;
};

static void on_stream(void *ctx, const struct drv_net_frame *frame)
{
	struct stream *stream = ctx;

	stream->gap |= frame->data[14] != (uint8_t)stream->count || frame->data[15] != stream->count >> 8;
	stream->count++;
}

/* A stream of frames that bursts into suspensions and other queue sizes: none is lost, and all keep their order. */
Test(rig, sizes_and_suspensions_in_mid_stream)
{
	static const uint64_t features[] = {0, 1ULL << VIRTIO_F_RING_PACKED, 1ULL << VIRTIO_F_ACCESS_PLATFORM,
					    1ULL << VIRTIO_F_RING_PACKED | 1ULL << VIRTIO_F_ACCESS_PLATFORM |
						    1ULL << VIRTIO_F_IN_ORDER};
	static const uint64_t without = 1ULL << VIRTIO_F_NOTIFICATION_DATA | 1ULL << VIRTIO_F_NOTIF_CONFIG_DATA;
	static const uint16_t sizes[] = {4, 256, 1, 16, 0, 2, 128};
	static uint8_t frame[1514];
	const unsigned frames = 700;

	for (unsigned row = 0; row < 8; row++) {
		struct link *link = link_mem_open(NULL, 0);
		struct stream stream = {0};
		struct drv_net_config driver;
		struct net_config config;
		struct drv_net *net;
		struct rig *rig;
		unsigned turn;

		fill(frame, sizeof(frame));
		for (unsigned i = 0; i < frames; i++) {
			frame[14] = (uint8_t)i;
			frame[15] = (uint8_t)(i >> 8);
			cr_assert_eq(link_mem_push(link, frame, i % 3 ? 60 : 1514), 0);
		}
		rig_config_default(&config);
		config.features.word[0] |= features[row / 2];
		rig_driver_config_default(&driver, config.xdp_bit);
		driver.features[0] &= row % 2 ? ~without : UINT64_MAX;
		rig = rig_open_driver(&config, &driver, link);
		cr_assert_not_null(rig);
		net = rig_driver(rig);
		cr_assert_eq(drv_net_start(net), 0, "row %u", row);
		for (turn = 0; stream.count < frames && turn < 10000; turn++) {
			net_poll(rig_device(rig));
			if (turn % 5 == 4) {
				cr_assert_eq(drv_net_suspend(net), 0, "row %u, turn %u", row, turn);
				cr_assert_not(net_poll(rig_device(rig)), "row %u, turn %u", row, turn);
				cr_assert_eq(drv_net_receive(net, on_stream, &stream, 1000), 0);
				cr_assert_eq(drv_net_resume(net), 0, "row %u, turn %u", row, turn);
			}
			cr_assert_geq(drv_net_receive(net, on_stream, &stream, 1000), 0, "row %u, turn %u", row, turn);
			if (turn % 7 == 6)
				cr_assert_eq(drv_net_resize(net, sizes[turn / 7 % 7]), 0, "row %u, turn %u", row, turn);
		}
		cr_expect_eq(stream.count, frames, "row %u: %u frames", row, stream.count);
		cr_expect_not(stream.gap, "row %u", row);
		cr_expect_not(drv_net_broken(net), "row %u", row);
		rig_close(rig);
	}
}

/* dpdk-38e6400387: the control queue goes on beyond 65,536 commands, in rings of 64, 2 and 1. */
Test(rig, dpdk_38e6400387_70000_commands, .timeout = 60)
{
	static const uint16_t rings[] = {64, 2, 1};
	struct virtio_net_xdp_map_info request = {cpu_to_le32(5)};
	struct drv_buf in = {&request, sizeof(request)};
	unsigned i, k;

	for (k = 0; k < 3; k++) {
		struct drv_net_config driver;
		struct net_config config;
		uint8_t result[64];
		uint32_t written;
		struct rig *rig;

		rig_config_default(&config);
		rig_driver_config_default(&driver, config.xdp_bit);
		driver.queue_size = rings[k];
		rig = rig_open_driver(&config, &driver, NULL);
		cr_assert_not_null(rig);
		cr_assert_eq(drv_net_start(rig_driver(rig)), 0);
		for (i = 0; i < 70000; i++)
			if (drv_ctrl(rig_driver(rig), VIRTIO_NET_CTRL_XDP, VIRTIO_NET_CTRL_XDP_MAP_INFO, &in, 1, result,
				     64, &written) != VIRTIO_NET_ERR)
				break;
		cr_expect_eq(i, 70000, "command %u", i);
		rig_close(rig);
	}
}

/* Starts and stops leave no memory behind, and the device is the same each time. */
Test(rig, restarts)
{
	struct net_config config;
	struct rig *rig;
	unsigned i;

	rig_config_default(&config);
	rig = rig_open(&config, NULL);
	cr_assert_not_null(rig);
	for (i = 0; i < 50; i++) {
		struct drv_xdp_caps caps;

		cr_assert_eq(drv_net_start(rig_driver(rig)), 0, "start %u", i);
		cr_expect_eq(drv_xdp_caps(rig_driver(rig), &caps, NULL), 0);
		drv_net_stop(rig_driver(rig));
		cr_expect_eq(dma_blocks(rig_dma(rig)), 0, "%zu blocks are left", dma_blocks(rig_dma(rig)));
	}
	rig_close(rig);
	rig_close(NULL);
}

/* QEMU-2440: a device that cannot be made leaves nothing, the link included. */
Test(rig, QEMU_2440_impossible_configurations)
{
	struct net_config config, good;
	struct rig *rig;
	unsigned i;

	rig_config_default(&good);
	for (i = 0; i < 6; i++) {
		config = good;
		switch (i) {
		case 0:
			config.mtu = 67;
			break;
		case 1:
			config.queue_size = 3;
			break;
		case 2:
			config.queue_size = 0;
			break;
		case 3:
			config.queue_pairs = 0;
			break;
		case 4:
			config.queue_pairs = 129;
			break;
		case 5:
			virtio_feature_set(&config.features, VIRTIO_NET_F_CTRL_VQ, false);
			break;
		}
		errno = 0;
		rig = rig_open(&config, link_mem_open(NULL, 0));
		cr_expect_null(rig, "row %u", i);
		cr_expect_eq(errno, EINVAL, "row %u: %d", i, errno);
		rig_close(rig);
	}
}
