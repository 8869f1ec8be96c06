/* SPDX-License-Identifier: BSD-2-Clause */
#include "bed.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const struct virtio_features all = {{0, 0}};

static uint16_t status(struct bed *bed)
{
	le16 field;

	virtio_config_read(net_virtio(bed->net), offsetof(struct virtio_net_config, status), &field, sizeof(field));
	return le16_to_cpu(field);
}

static void transmit(struct bed *bed)
{
	uint8_t *frame = bed_buffer(bed, BED_SIZE - 1);

	memset(frame, 0, 12 + 60);
	ring_desc(&bed->rings[BED_TX], 0, bed->buffers + (uint64_t)(BED_SIZE - 1) * bed->buffer_bytes, 12 + 60, 0, 0);
	ring_push(&bed->rings[BED_TX], 0);
	virtio_notify(net_virtio(bed->net), BED_TX);
	bed_settle(bed);
}

/* The operator takes the link down and up: frames wait, what the guest transmits is lost, the driver is told. */
Test(net_status, link)
{
	struct bed bed;

	bed_open(&bed);
	bed_start(&bed, all);
	bed_post(&bed, 0, 2048);
	net_status_set_link(bed.net, false);
	net_status_set_link(bed.net, false);
	cr_expect_eq(status(&bed), 0);
	cr_expect_eq(bed.tr.config_interrupts, 1);
	bed_frame(&bed, 60, 0);
	transmit(&bed);
	cr_expect_eq(bed.num_reports, 0);
	cr_expect_eq(link_mem_sent_count(bed.link), 0);
	cr_expect_eq(net_counters(bed.net)->transmit_errors, 1);
	/* The wire comes and goes behind it. */
	link_mem_set_up(bed.link, false);
	link_mem_set_up(bed.link, true);
	bed_settle(&bed);
	cr_expect_eq(status(&bed), 0);
	net_status_set_link(bed.net, true);
	cr_expect_eq(status(&bed), VIRTIO_NET_S_LINK_UP);
	cr_expect_eq(bed.tr.config_interrupts, 2);
	bed_settle(&bed);
	transmit(&bed);
	cr_expect_eq(bed.num_reports, 1);
	cr_expect_eq(link_mem_sent_count(bed.link), 1);
	bed_close(&bed);
}

/* An announcement waits for the link, is asked for until it is acknowledged, and is forgotten by a reset. */
Test(net_status, announce)
{
	struct bed bed;
	uint8_t r[8];

	bed_open(&bed);
	bed_start(&bed, all);
	net_status_set_link(bed.net, false);
	cr_expect_eq(net_status_announce(bed.net), 0);
	cr_expect_eq(status(&bed), 0);
	net_status_set_link(bed.net, true);
	cr_expect_eq(status(&bed), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	cr_expect_eq(bed.tr.config_interrupts, 2);
	cr_expect_eq(net_status_announce(bed.net), 0);
	cr_expect_eq(bed.tr.config_interrupts, 2, "it is asked already");
	for (int twice = 0; twice < 2; twice++) {
		cr_expect_eq(bed_command(&bed, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0, r,
					 sizeof(r), NULL),
			     VIRTIO_NET_OK);
		cr_expect_eq(status(&bed), VIRTIO_NET_S_LINK_UP);
	}
	cr_expect_eq(net_status_announce(bed.net), 0);
	virtio_set_status(net_virtio(bed.net), 0);
	cr_expect_eq(status(&bed), VIRTIO_NET_S_LINK_UP);
	cr_expect_eq(net_status_announce(bed.net), -ENOTSUP, "no driver");
	bed_close(&bed);

	for (int i = 0; i < 2; i++) {
		bed_open(&bed);
		bed_start(&bed, bed_features(i ? VIRTIO_NET_F_STATUS : VIRTIO_NET_F_GUEST_ANNOUNCE));
		cr_expect_eq(net_status_announce(bed.net), -ENOTSUP);
		cr_expect_eq(bed.tr.config_interrupts, 0);
		bed_close(&bed);
	}
}

Test(net_status, speed)
{
	static const struct {
		uint32_t mbit;
		uint8_t duplex;
		bool ok;
	} rows[] = {
		{0, 0, true},           {0x7fffffff, 1, true}, {0xffffffff, 0xff, true},
		{0x80000000, 1, false}, {1000, 2, false},      {0xfffffffe, 1, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_net_config config;
		struct bed bed;

		bed_open(&bed);
		bed_start(&bed, all);
		net_status_set_link(bed.net, false);
		cr_expect_eq(net_status_set_speed(bed.net, rows[i].mbit, rows[i].duplex), rows[i].ok ? 0 : -EINVAL);
		virtio_config_read(net_virtio(bed.net), 0, &config, sizeof(config));
		cr_expect_eq(le32_to_cpu(config.speed), rows[i].ok ? rows[i].mbit : VIRTIO_NET_SPEED_UNKNOWN);
		net_status_set_link(bed.net, true);
		cr_expect_eq(net_status_set_speed(bed.net, 1, 1), -EBUSY);
		virtio_set_status(net_virtio(bed.net), 0);
		cr_expect_eq(net_status_set_speed(bed.net, 1, 1), 0, "no driver that could have read another one");
		bed_close(&bed);

		bed_open(&bed);
		bed.config.speed = rows[i].mbit;
		bed.config.duplex = rows[i].duplex;
		bed.net = net_create(&bed.config, bed.link, &bed.ram.mem, &tr_inproc_ops, &bed.tr);
		cr_expect_eq(!!bed.net, rows[i].ok, "row %zu", i);
		if (!rows[i].ok)
			bed.link->ops->close(bed.link);
		bed_close(&bed);
	}
}
