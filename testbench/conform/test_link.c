/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on what the device tells of its link, on announcements, and on the state of offloads. */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "guest-driver/core/link.h"
#include "spec/wire/virtio_config.h"

#define ANNOUNCE_BYTES 60

static void with_standby(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	virtio_feature_set(&device->features, VIRTIO_NET_F_STANDBY, true);
}

static void without_control(struct net_config *device, struct drv_net_config *driver)
{
	(void)device;
	driver->features[0] &= ~(1ULL << VIRTIO_NET_F_CTRL_VQ);
}

static void without_speed(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	virtio_feature_set(&device->features, VIRTIO_NET_F_SPEED_DUPLEX, false);
}

static bool offers(struct bench *b, unsigned bit)
{
	const struct drv_transport *t = rig_transport(b->rig);

	return t->ops->get_features(t->ctx, bit / 32) >> (bit % 32) & 1;
}

static void read_config(struct bench *b, struct virtio_net_config *config)
{
	const struct drv_transport *t = rig_transport(b->rig);

	b->misbehaves = true; /* fields that may not be there */
	t->ops->config_read(t->ctx, 0, config, sizeof(*config));
}

static uint16_t status(struct bench *b)
{
	struct virtio_net_config config;

	read_config(b, &config);
	return le16_to_cpu(config.status);
}

/* Only an operator of this process's device can ask for one. */
static void ask_for_announcement(struct bench *b)
{
	if (!drv_net_has(b->net, VIRTIO_NET_F_GUEST_ANNOUNCE))
		cr_skip_test("the device does not offer GUEST_ANNOUNCE");
	cr_assert_eq(net_status_announce(rig_device(b->rig)), 0);
}

/* ---- the device ---- */

/* The bit is gone when the buffer of the command is back, not before, and it comes back when asked for again. */
Test(VN, VN_fbe01c99)
{
	uint32_t written;
	struct bench b;

	bench_open(&b, NULL);
	for (int i = 0; i < 3; i++) {
		ask_for_announcement(&b);
		cr_expect(status(&b) & VIRTIO_NET_S_ANNOUNCE, "VN-fbe01c99: the driver is not asked");
		cr_assert_eq(drv_ctrl(b.net, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0, NULL, 0,
				      &written),
			     0, "VN-fbe01c99");
		cr_expect_eq(status(&b), VIRTIO_NET_S_LINK_UP, "VN-fbe01c99: status %#x", status(&b));
	}
	bench_close(&b);
}

static const uint32_t speeds[] = {0, 10, 100000, 0x7fffffff, 0xffffffff};

static struct virtio_net_config config_of(uint32_t speed, uint8_t duplex)
{
	struct virtio_net_config config;
	struct bench b;

	bench_open(&b, without_speed);
	read_config(&b, &config);
	cr_expect(le32_to_cpu(config.speed) == 0 && config.duplex == 0, "fields of a feature that is not there");
	bench_close(&b);
	bench_open(&b, NULL);
	link_mem_set_up(b.link, false);
	rig_settle(b.rig);
	cr_assert_eq(net_status_set_speed(rig_device(b.rig), speed, duplex), 0);
	read_config(&b, &config);
	bench_close(&b);
	return config;
}

Test(VN, VN_7cc7fd2d)
{
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		cr_expect_eq(le32_to_cpu(config_of(speeds[i], 1).speed), speeds[i], "VN-7cc7fd2d: %u", speeds[i]);
}

Test(VN, VN_aa543c48)
{
	static const uint8_t duplexes[] = {0, 1, 0xff};

	for (size_t i = 0; i < sizeof(duplexes); i++)
		cr_expect_eq(config_of(1000, duplexes[i]).duplex, duplexes[i], "VN-aa543c48: %u", duplexes[i]);
}

Test(VN, VN_4bc5afca)
{
	struct virtio_net_config before, after;
	struct bench b;

	bench_open(&b, NULL);
	read_config(&b, &before);
	cr_assert(le16_to_cpu(before.status) & VIRTIO_NET_S_LINK_UP);
	cr_expect_eq(net_status_set_speed(rig_device(b.rig), 25000, 1), -EBUSY, "VN-4bc5afca");
	read_config(&b, &after);
	cr_expect_arr_eq(&before, &after, sizeof(before), "VN-4bc5afca: changed while the link is up");
	bench_close(&b);
}

Test(VN, VN_b9e46c07)
{
	struct virtio_net_config config;
	struct bench b;

	bench_open(&b, NULL);
	read_config(&b, &config);
	if (offers(&b, VIRTIO_NET_F_MTU))
		cr_expect_geq(le16_to_cpu(config.mtu), 1280, "VN-b9e46c07: %u", le16_to_cpu(config.mtu));
	bench_close(&b);
}

Test(VN, VN_dc986d76)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect(!offers(&b, VIRTIO_NET_F_CTRL_RX_EXTRA) || offers(&b, VIRTIO_NET_F_CTRL_VQ), "VN-dc986d76");
	bench_close(&b);
}

/* ---- the driver ---- */

static void negotiates(bench_tweak *tweak, unsigned bit, const char *id)
{
	struct bench b;

	bench_open(&b, tweak);
	if (!offers(&b, bit))
		cr_skip_test("the device does not offer it");
	cr_expect(drv_net_has(b.net, bit), "%s: feature %u is not accepted", id, bit);
	bench_close(&b);
}

Test(VN, VN_e167280a)
{
	negotiates(NULL, VIRTIO_NET_F_MAC, "VN-e167280a");
}

Test(VN, VN_0a951f79)
{
	negotiates(NULL, VIRTIO_NET_F_MTU, "VN-0a951f79");
}

Test(VN, VN_eb90ef82)
{
	negotiates(with_standby, VIRTIO_NET_F_STANDBY, "VN-eb90ef82");
}

Test(VN, VN_88622136)
{
	struct bench b;

	bench_open(&b, without_control);
	cr_expect_not(drv_net_has(b.net, VIRTIO_NET_F_CTRL_VQ));
	cr_expect_not(drv_net_has(b.net, VIRTIO_NET_F_CTRL_RX_EXTRA), "VN-88622136");
	bench_close(&b);
}

/* A frame leaves that tells the network where the driver's address is. */
Test(VN, VN_f97dcc51)
{
	const struct link_frame *sent;
	uint8_t mac[6];
	struct bench b;

	bench_open(&b, NULL);
	drv_net_mac(b.net, mac);
	cr_expect_eq(drv_link_changed(b.net), 0, "VN-f97dcc51: nothing was asked for");
	ask_for_announcement(&b);
	cr_expect_eq(drv_link_changed(b.net), 1, "VN-f97dcc51");
	rig_settle(b.rig);
	cr_assert_eq(link_mem_sent_count(b.link), 1, "VN-f97dcc51: %zu frames", link_mem_sent_count(b.link));
	sent = link_mem_sent(b.link, 0);
	cr_assert_eq(sent->bytes, ANNOUNCE_BYTES);
	cr_expect_arr_eq(sent->data, "\xff\xff\xff\xff\xff\xff", 6, "VN-f97dcc51: not to everybody");
	cr_expect_arr_eq(sent->data + 6, mac, 6, "VN-f97dcc51: not from this address");
	bench_close(&b);
}

Test(VN, VN_8e56d4ff)
{
	uint8_t sent[2];
	struct bench b;

	bench_open(&b, NULL);
	ask_for_announcement(&b);
	cr_expect_eq(drv_link_changed(b.net), 1, "VN-8e56d4ff");
	drv_ctrl_readable(b.net, sent, sizeof(sent));
	cr_expect_eq(sent[0], VIRTIO_NET_CTRL_ANNOUNCE, "VN-8e56d4ff: class %u", sent[0]);
	cr_expect_eq(sent[1], VIRTIO_NET_CTRL_ANNOUNCE_ACK, "VN-8e56d4ff: command %u", sent[1]);
	cr_expect_not(status(&b) & VIRTIO_NET_S_ANNOUNCE, "VN-8e56d4ff: the device still asks");
	cr_expect_eq(drv_link_changed(b.net), 0, "VN-8e56d4ff: once is enough");
	bench_close(&b);
}

Test(VN, VN_8eda702b)
{
	uint32_t mbit;
	uint8_t duplex;
	struct bench b;

	bench_open(&b, NULL);
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		link_mem_set_up(b.link, false);
		rig_settle(b.rig);
		cr_assert_eq(net_status_set_speed(rig_device(b.rig), speeds[i], i % 2), 0);
		link_mem_set_up(b.link, true);
		rig_settle(b.rig);
		cr_assert_eq(drv_link_speed(b.net, &mbit, &duplex), 0);
		cr_expect(mbit == speeds[i] && duplex == i % 2, "VN-8eda702b: %u, %u", mbit, duplex);
	}
	bench_close(&b);
}

/* No offload is there yet that could be negotiated: each bit is refused by the driver, and nothing is sent. */
Test(VN, VN_0798b0de)
{
	struct bench b;

	bench_open(&b, NULL);
	if (!drv_net_has(b.net, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		cr_skip_test("the device does not offer CTRL_GUEST_OFFLOADS");
	for (unsigned bit = 0; bit < 64; bit++) {
		bool offload = bit == 1 || (bit >= 7 && bit <= 10) || bit == 46 || bit == 47 || bit == 54 || bit == 55;
		unsigned feature = bit == 46 || bit == 47 ? bit + 19 : bit;

		if (!offload || !drv_net_has(b.net, feature))
			cr_expect_eq(drv_link_offloads(b.net, 1ULL << bit), -EINVAL, "VN-0798b0de: bit %u", bit);
		else
			cr_expect_eq(drv_link_offloads(b.net, 1ULL << bit), 0, "VN-0798b0de: bit %u", bit);
	}
	cr_expect_eq(drv_link_offloads(b.net, 0), 0, "VN-0798b0de: none");
	bench_close(&b);
}
