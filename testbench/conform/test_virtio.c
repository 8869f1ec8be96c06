/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of virtio 1.4 on the device: status, features, configuration space. Registers only, no driver. */
#include <string.h>

#include "hand_ring.h"
#include "spec/wire/virtio_net_xdp.h"

#include <criterion/criterion.h>

#define BASE (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_CTRL_VQ)

static uint64_t offered(struct hand *h, unsigned word)
{
	return h->t->ops->get_features(h->t->ctx, word * 2) | (uint64_t)h->t->ops->get_features(h->t->ctx, word * 2 + 1)
								      << 32;
}

Test(VN, VN_f2dc5573)
{
	struct hand h;

	hand_start(&h, BASE);
	cr_expect_eq(hand_status(&h), 15, "VN-f2dc5573: before: %#x", hand_status(&h));
	hand_set_status(&h, 0);
	cr_expect_eq(hand_status(&h), 0, "VN-f2dc5573: status %#x after the reset", hand_status(&h));
	hand_close(&h);
}

Test(VN, VN_e1116ac5)
{
	struct hand h;

	hand_open(&h);
	cr_expect(offered(&h, 0) >> VIRTIO_F_VERSION_1 & 1, "VN-e1116ac5");
	hand_close(&h);
}

/* Pairs {feature, what it requires} among the features that can be offered. */
Test(VN, VN_690148fa)
{
	static const uint8_t rows[][2] = {
		{VIRTIO_NET_F_XDP_OFFLOAD_ALT, VIRTIO_NET_F_CTRL_VQ},
		{VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
		{VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ},
		{VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ},
		{VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ},
		{VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ},
		{VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM},
		{VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM},
		{VIRTIO_NET_F_DEVICE_STATS, VIRTIO_NET_F_CTRL_VQ},
	};
	struct hand h;
	unsigned i;

	hand_open(&h);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (offered(&h, 0) >> rows[i][0] & 1)
			cr_expect(offered(&h, 0) >> rows[i][1] & 1, "VN-690148fa: %u without %u", rows[i][0],
				  rows[i][1]);
	hand_close(&h);
}

/* Nothing reserved or unknown: bits of no feature, of other device types, of legacy devices. */
Test(VN, VN_38ba5b7c)
{
	static const uint8_t none[] = {4, 6, 24, 25, 26, 27, 30, 31, 42, 44, 45, 46, 47, 48, 49};
	struct hand h;
	unsigned i;

	hand_open(&h);
	for (i = 0; i < sizeof(none); i++)
		cr_expect_not(offered(&h, 0) >> none[i] & 1, "VN-38ba5b7c: bit %u is offered", none[i]);
	cr_expect_eq(offered(&h, 1) >> 7, 0, "VN-38ba5b7c: bits above 70 are offered");
	hand_close(&h);
}

/* Sets that make sense are accepted; XDP_OFFLOAD without CTRL_VQ and a bit that is not offered are not. */
Test(VN, VN_6de2a3b8)
{
	static const struct {
		const char *what;
		uint64_t features;
		bool ok;
	} rows[] = {
		{"VERSION_1", 1ULL << 32, true},
		{"CTRL_VQ", BASE, true},
		{"CTRL_VQ and XDP_OFFLOAD", BASE | 1ULL << 58, true},
		{"XDP_OFFLOAD without CTRL_VQ", 1ULL << 32 | 1ULL << 58, false},
		{"a bit that nobody offered", BASE | 1ULL << 30, false},
	};
	struct hand h;
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hand_open(&h);
		cr_expect_eq(hand_negotiate(&h, rows[i].features), rows[i].ok, "VN-6de2a3b8: %s", rows[i].what);
		hand_close(&h);
	}
}

Test(VN, VN_dc1545e6)
{
	struct hand h;
	unsigned i;

	hand_open(&h);
	for (i = 0; i < 5; i++) {
		cr_expect(hand_negotiate(&h, BASE | 1ULL << 58), "VN-dc1545e6: time %u", i);
		hand_set_status(&h, 0);
	}
	hand_close(&h);
}

/* Before any feature was accepted, field by field and byte by byte. */
Test(VN, VN_2e6496fb)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	uint8_t whole[64], byte;
	struct hand h;
	unsigned i;

	hand_open(&h);
	h.t->ops->config_read(h.t->ctx, 0, whole, sizeof(whole));
	cr_expect_eq(memcmp(whole, mac, 6), 0, "VN-2e6496fb: the address");
	for (i = 0; i < sizeof(whole); i++) {
		h.t->ops->config_read(h.t->ctx, i, &byte, 1);
		cr_expect_eq(byte, whole[i], "VN-2e6496fb: byte %u", i);
	}
	hand_close(&h);
}

static uint16_t read_mtu(struct hand *h)
{
	le16 mtu;

	h->t->ops->config_read(h->t->ctx, offsetof(struct virtio_net_config, mtu), &mtu, sizeof(mtu));
	return le16_to_cpu(mtu);
}

Test(VN, VN_9e330598)
{
	struct hand h;

	hand_open(&h);
	if (offered(&h, 0) >> VIRTIO_NET_F_MTU & 1)
		cr_expect_geq(read_mtu(&h), VIRTIO_NET_MTU_MIN, "VN-9e330598: %u", read_mtu(&h));
	hand_close(&h);
}

Test(VN, VN_cb1cf3d7)
{
	uint16_t before, zero = 0;
	struct hand h;

	hand_open(&h);
	before = read_mtu(&h);
	h.t->ops->config_write(h.t->ctx, offsetof(struct virtio_net_config, mtu), &zero, sizeof(zero));
	cr_expect_eq(read_mtu(&h), before, "VN-cb1cf3d7: after a write");
	cr_assert(hand_negotiate(&h, BASE | 1 << VIRTIO_NET_F_MTU));
	hand_set_status(&h, 0);
	cr_expect_eq(read_mtu(&h), before, "VN-cb1cf3d7: after a reset");
	hand_close(&h);
}

Test(VN, VN_8233c4f9)
{
	struct hand h;
	le16 pairs;

	hand_open(&h);
	h.t->ops->config_read(h.t->ctx, offsetof(struct virtio_net_config, max_virtqueue_pairs), &pairs, sizeof(pairs));
	if (!(offered(&h, 0) >> VIRTIO_NET_F_MQ & 1))
		cr_skip_test("the device does not offer MQ");
	cr_expect(le16_to_cpu(pairs) >= 1 && le16_to_cpu(pairs) <= 0x8000, "VN-8233c4f9: %u", le16_to_cpu(pairs));
	hand_close(&h);
}
