/* SPDX-License-Identifier: BSD-2-Clause */
/* Each wrong of the rogue driver is told under its statement's id, and nothing else is. */
#include <criterion/criterion.h>
#include <string.h>

#include "guest-driver/core/xdp.h"
#include "rig/link_mem.h"
#include "rogue.h"
#include "spec/wire/virtio_config.h"
#include "spec/wire/virtio_net.h"

#define FRAME 60

static void expect(enum rogue_flavour flavour, enum strict_row wrong, enum strict_row besides)
{
	struct rig *rig = rogue_play(flavour, wrong);
	const struct strict *s = net_strict(rig_device(rig));

	for (enum strict_row row = 0; row < STRICT_ROWS; row++) {
		const struct strict_text *text = strict_text(row);

		if (row == wrong || row == besides)
			cr_expect_gt(strict_count(s, row), 0, "%s, flavour %d: not seen: %s", text->id, flavour,
				     text->text);
		else
			cr_expect_eq(strict_count(s, row), 0, "flavour %d: reported for nothing: %s: %s: %s", flavour,
				     text->id, text->text, strict_event(s, row));
		cr_expect_eq(strict_count(s, row) > 0, strict_event(s, row)[0] != 0, "%s: the event", text->id);
	}
	rig_close(rig);
}

Test(strict, clean)
{
	for (enum rogue_flavour f = 0; f < ROGUE_FLAVOURS; f++)
		expect(f, ROGUE_NOTHING, ROGUE_NOTHING);
}

/* Every row has its test below, under its id. */
Test(strict, every_row_has_its_switch)
{
	static const char *const ids[STRICT_ROWS] = {
#define SWITCH(id, row, flavour) [STRICT_##row] = #id,
#include "rogue.def"
#undef SWITCH
	};

	for (enum strict_row row = 0; row < STRICT_ROWS; row++) {
		const char *id = strict_text(row)->id;

		cr_assert_not_null(ids[row], "%s", id);
		cr_expect(strlen(id) == strlen(ids[row]) && !strncmp(id, ids[row], 2) && !strcmp(id + 3, ids[row] + 3),
			  "%s is not %s", id, ids[row]);
	}
}

/* A device that refuses the features has a reason, and the reason is a wrong of its own. */
static enum strict_row besides(enum strict_row wrong)
{
	return wrong == STRICT_WENT_ON ? STRICT_NO_ACCESS_PLATFORM : ROGUE_NOTHING;
}

#define SWITCH(id, row, flavour)                                                                                       \
	Test(strict, id)                                                                                               \
	{                                                                                                              \
		expect(ROGUE_##flavour, STRICT_##row, besides(STRICT_##row));                                          \
	}
#include "rogue.def"

static void ignore(void *ctx, const struct drv_net_frame *frame)
{
	(void)ctx;
	(void)frame;
}

/* Frames both ways, more than the queues hold, a command or two, a suspension, queues of another size. */
static void work(struct rig *rig, struct link *link)
{
	static const uint8_t frame[FRAME] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
	struct drv_net *net = rig_driver(rig);
	struct drv_xdp_caps caps;

	for (unsigned i = 0; i < 40; i++) {
		cr_assert_eq(link_mem_push(link, frame, sizeof(frame)), 0);
		drv_net_transmit(net, (uint16_t)(i % drv_net_active_pairs(net)), frame, sizeof(frame));
		if (i % 3)
			continue;
		rig_settle(rig);
		drv_net_receive(net, ignore, NULL, 5);
	}
	rig_settle(rig);
	while (drv_net_receive(net, ignore, NULL, 64) > 0)
		rig_settle(rig);
	drv_net_reap(net);
	drv_xdp_caps(net, &caps, NULL);
	if (drv_net_pairs(net) > 1)
		cr_assert_eq(drv_net_set_pairs(net, 1), 0);
	cr_assert_eq(drv_net_suspend(net), 0);
	cr_assert_eq(drv_net_resume(net), 0);
	drv_net_transmit(net, 0, frame, sizeof(frame));
	rig_settle(rig);
	cr_assert_eq(drv_net_resize(net, 4), 0);
	drv_net_transmit(net, 0, frame, sizeof(frame));
	rig_settle(rig);
}

static void expect_clean(const struct net_config *config, const struct drv_net_config *driver, unsigned bits)
{
	struct link *link = link_mem_open(NULL, 0);
	const struct strict *s;
	struct rig *rig;

	link_mem_set_endless(link, true);
	rig = rig_open_driver(config, driver, link);
	cr_assert_not_null(rig);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(drv_net_start(rig_driver(rig)), 0, "combination %#x", bits);
		work(rig, link);
		drv_net_stop(rig_driver(rig));
	}
	s = net_strict(rig_device(rig));
	for (enum strict_row row = 0; row < STRICT_ROWS; row++)
		cr_expect_eq(strict_count(s, row), 0, "combination %#x, queues of %u: %s: %s: %s", bits,
			     driver->queue_size, strict_text(row)->id, strict_text(row)->text, strict_event(s, row));
	rig_close(rig);
}

/* The reference driver, over the features that its rings depend on. */
Test(strict, reference_driver)
{
	static const uint8_t features[] = {VIRTIO_F_RING_PACKED,        VIRTIO_F_IN_ORDER,
					   VIRTIO_RING_F_EVENT_IDX,     VIRTIO_NET_F_MRG_RXBUF,
					   VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_F_NOTIFICATION_DATA};
	static const uint16_t sizes[] = {1, 2, 8, 256};
	struct drv_net_config driver;
	struct net_config config;

	for (unsigned bits = 0; bits < 1u << sizeof(features); bits++) {
		rig_config_default(&config);
		for (unsigned i = 0; i < sizeof(features); i++)
			virtio_feature_set(&config.features, features[i], bits >> i & 1);
		config.strict = true;
		config.mtu = 1500;
		config.queue_pairs = bits % 3 ? 2 : 1;
		rig_driver_config_default(&driver, config.xdp_bit);
		driver.queue_size = sizes[(bits ^ bits >> 2) % 4];
		expect_clean(&config, &driver, bits);
	}
}
