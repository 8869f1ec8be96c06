/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/link.h"
#include "guest-driver/core/net.h"

/* Speeds and duplex values that mean nothing are unknown ones. */
Test(VN, VN_1889d306)
{
	static const struct drv_net_config config = {.features = {UINT64_MAX, UINT64_MAX}, .filtered = true};
	static const struct {
		uint32_t field, mbit;
		uint8_t duplex_field, duplex;
	} rows[] = {
		{0, 0, 0, 0},
		{1, 1, 1, 1},
		{0x7fffffff, 0x7fffffff, 2, 0xff},
		{0x80000000, UINT32_MAX, 0x80, 0xff},
		{0xfffffffe, UINT32_MAX, 0xfe, 0xff},
		{0xffffffff, UINT32_MAX, 0xff, 0xff},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		le32 field = cpu_to_le32(rows[i].field);
		struct drv_net *net;
		struct fake fake;
		uint32_t mbit;
		uint8_t duplex;

		fake_init(&fake);
		fake_offer(&fake, VIRTIO_NET_F_SPEED_DUPLEX, true);
		net = drv_net_create(&fake.env, &fake.transport, &config);
		cr_assert_eq(drv_net_start(net), 0);
		memcpy(fake.config + offsetof(struct virtio_net_config, speed), &field, sizeof(field));
		fake.config[offsetof(struct virtio_net_config, duplex)] = rows[i].duplex_field;
		cr_assert_eq(drv_link_speed(net, &mbit, &duplex), 0);
		cr_expect_eq(mbit, rows[i].mbit, "VN-1889d306: speed %#x is %#x", rows[i].field, mbit);
		cr_expect_eq(duplex, rows[i].duplex, "VN-1889d306: duplex %#x is %#x", rows[i].duplex_field, duplex);
		drv_net_destroy(net);
	}
}
