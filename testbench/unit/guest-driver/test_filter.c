/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/filter.h"
#include "guest-driver/core/link.h"

#define CVQ 2

/* Commands that the device has had, and what it answers. */
struct script {
	uint8_t ack;
	bool silent;
	uint8_t in[64];
	size_t in_bytes;
	unsigned commands;
};

static void answer(struct fake *fake)
{
	struct script *s = fake->test;
	struct fake_chain chain;

	if (s->silent || !fake_pop(fake, CVQ, &chain))
		return;
	s->in_bytes = fake_read(&chain, s->in, sizeof(s->in));
	fake_write(&chain, &s->ack, 1);
	s->commands++;
	fake_push(fake, CVQ, chain.head, 1);
}

/* On a device that offers CTRL_RX, and which features of mask more. Returns what drv_net_start() does. */
static int open_net(struct fake *fake, struct script *s, bool filtered, uint64_t mask, struct drv_net **net)
{
	const struct drv_net_config config = {.features = {UINT64_MAX, UINT64_MAX}, .filtered = filtered};

	fake_init(fake);
	for (unsigned bit = 0; bit < 64; bit++)
		if (mask >> bit & 1)
			fake_offer(fake, bit, true);
	fake->test = s;
	fake->run = answer;
	*net = drv_net_create(&fake->env, &fake->transport, &config);
	cr_assert_not_null(*net);
	return drv_net_start(*net);
}

#define ALL                                                                                                            \
	(1ULL << VIRTIO_NET_F_CTRL_RX | 1ULL << VIRTIO_NET_F_CTRL_RX_EXTRA | 1ULL << VIRTIO_NET_F_CTRL_VLAN |          \
	 1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR | 1ULL << VIRTIO_NET_F_CTRL_GUEST_OFFLOADS |                               \
	 1ULL << VIRTIO_NET_F_GUEST_ANNOUNCE)

/* What is sent at the start. A device that refuses goes on working: filters are best effort. */
Test(filter, start)
{
	static const struct {
		const char *what;
		bool filtered, mac, silent;
		uint8_t ack;
		uint64_t features;
		unsigned commands;
		uint8_t class_, command;
		int err;
	} rows[] = {
		{"promiscuous", false, true, false, 0, ALL, 1, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 0},
		{"promiscuous, refused", false, true, false, 1, ALL, 1, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC,
		 0},
		{"promiscuous, no answer", false, true, true, 0, ALL, 0, 0, 0, -ETIMEDOUT},
		{"promiscuous, a strange answer", false, true, false, 7, ALL, 1, 0, 0, -EPROTO},
		{"promiscuous without the feature", false, true, false, 0, 0, 0, 0, 0, 0},
		{"filtered", true, true, false, 0, ALL, 0, 0, 0, 0},
		{"filtered, own address", true, false, false, 0, ALL, 1, VIRTIO_NET_CTRL_MAC,
		 VIRTIO_NET_CTRL_MAC_ADDR_SET, 0},
		{"filtered, own address, without CTRL_RX", true, false, false, 0, 1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR, 0,
		 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script s = {.ack = rows[i].ack, .silent = rows[i].silent};
		uint64_t mask = rows[i].features;
		struct drv_net *net;
		struct fake fake;
		int err;

		err = open_net(&fake, &s, rows[i].filtered, mask, &net);
		if (!rows[i].mac) {
			s = (struct script){.ack = rows[i].ack};
			drv_net_stop(net);
			fake_offer(&fake, VIRTIO_NET_F_MAC, false);
			err = drv_net_start(net);
		}
		cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].what, err);
		cr_expect_eq(s.commands, rows[i].commands, "%s: %u commands", rows[i].what, s.commands);
		if (s.commands && !err)
			cr_expect(s.in[0] == rows[i].class_ && s.in[1] == rows[i].command, "%s", rows[i].what);
		drv_net_destroy(net);
		cr_expect_eq(fake.blocks, 0, "%s", rows[i].what);
	}
}

/* Arguments that no command can carry: nothing is sent. */
Test(filter, arguments)
{
	static const uint8_t unicast[6] = {2, 1}, multicast[6] = {3, 1}, zero[6];
	struct script s = {0};
	struct drv_net *net;
	struct fake fake;

	cr_assert_eq(open_net(&fake, &s, true, ALL, &net), 0);
	cr_expect_eq(drv_filter_mode(net, VIRTIO_NET_CTRL_RX_MODES, true), -EINVAL);
	cr_expect_eq(drv_filter_mode(net, 255, true), -EINVAL);
	cr_expect_eq(drv_filter_vlan(net, 4096, true), -EINVAL);
	cr_expect_eq(drv_filter_mac(net, multicast), -EINVAL);
	cr_expect_eq(drv_filter_mac(net, zero), -EINVAL);
	cr_expect_eq(drv_filter_table(net, unicast, UINT32_MAX, NULL, 0), -EMSGSIZE);
	cr_expect_eq(drv_filter_table(net, NULL, 0, multicast, UINT32_MAX / 6 + 1), -EMSGSIZE);
	cr_expect_eq(drv_link_offloads(net, 2), -EINVAL);
	cr_expect_eq(s.commands, 0);
	s.ack = VIRTIO_NET_ERR;
	cr_expect_eq(drv_filter_vlan(net, 4095, false), 1);
	cr_expect_arr_eq(s.in, ((uint8_t[]){VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, 0xff, 0x0f}), 4);
	cr_expect_eq(drv_filter_mac(net, unicast), 1);
	cr_expect_eq(s.commands, 2);
	drv_net_destroy(net);
	cr_expect_eq(fake.blocks, 0);
}

/* An address that the device refused is not this driver's. */
Test(filter, refused_address)
{
	static const uint8_t wanted[6] = {2, 9, 9, 9, 9, 9};
	struct script s = {.ack = VIRTIO_NET_ERR};
	uint8_t before[6], after[6];
	struct drv_net *net;
	struct fake fake;

	cr_assert_eq(open_net(&fake, &s, true, ALL, &net), 0);
	drv_net_mac(net, before);
	cr_expect_eq(drv_filter_mac(net, wanted), 1);
	drv_net_mac(net, after);
	cr_expect_arr_eq(before, after, 6);
	s.ack = VIRTIO_NET_OK;
	cr_expect_eq(drv_filter_mac(net, wanted), 0);
	drv_net_mac(net, after);
	cr_expect_arr_eq(after, wanted, 6);
	drv_net_destroy(net);
}
