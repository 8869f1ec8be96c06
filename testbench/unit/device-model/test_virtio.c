/* SPDX-License-Identifier: BSD-2-Clause */
#include "device-model/device.h"
#include "device-model/tr_inproc.h"
#include "ring.h"
#include "virtio_config.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ACK  VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRV  VIRTIO_CONFIG_S_DRIVER
#define FOK  VIRTIO_CONFIG_S_FEATURES_OK
#define DOK  VIRTIO_CONFIG_S_DRIVER_OK
#define NRST VIRTIO_CONFIG_S_NEEDS_RESET
#define FAIL VIRTIO_CONFIG_S_FAILED

struct fixture {
	struct ram ram;
	struct virtio_device dev;
	struct tr_inproc tr;
	unsigned starts, resets, queue_resets;
	bool refuse;
};

static bool features_ok(void *ctx, const struct virtio_features *accepted, const char **why)
{
	struct fixture *f = ctx;

	(void)accepted;
	*why = "asked to";
	return !f->refuse;
}

static void start(void *ctx)
{
	((struct fixture *)ctx)->starts++;
}

static void reset(void *ctx)
{
	((struct fixture *)ctx)->resets++;
}

static void queue_reset(void *ctx, uint16_t queue)
{
	(void)queue;
	((struct fixture *)ctx)->queue_resets++;
}

static const struct virtio_device_ops ops = {
	.features_ok = features_ok, .start = start, .reset = reset, .queue_reset = queue_reset};

static void open_fixture(struct fixture *f)
{
	struct virtio_features offered = {{0x8000000130000020, 0x8000000000000001}};

	*f = (struct fixture){0};
	ram_open(&f->ram);
	cr_assert_eq(virtio_init(&f->dev, &ops, f, &tr_inproc_ops, &f->tr, &f->ram.mem, 3, 64, &offered), 0);
}

static void close_fixture(struct fixture *f)
{
	virtio_exit(&f->dev);
	ram_close(&f->ram);
}

/* req: VN-f2dc5573, VN-caecd531, VN-6de2a3b8. Statuses written one after the other, and what is read back. */
Test(virtio, status_machine)
{
	static const struct {
		const char *id;
		uint8_t writes[6];
		uint8_t want;
		unsigned starts;
		bool refuse;
	} rows[] = {
		{"the usual way",
		 {ACK, ACK | DRV, ACK | DRV | FOK, ACK | DRV | FOK | DOK},
		 ACK | DRV | FOK | DOK,
		 1,
		 false},
		{"in one step", {ACK | DRV | FOK | DOK}, ACK | DRV | FOK | DOK, 1, false},
		{"DRIVER before ACKNOWLEDGE", {DRV}, 0, 0, false},
		{"FEATURES_OK before DRIVER", {ACK, ACK | FOK}, ACK, 0, false},
		{"DRIVER_OK before FEATURES_OK", {ACK, ACK | DRV, ACK | DRV | DOK}, ACK | DRV, 0, false},
		{"DRIVER_OK after features were refused",
		 {ACK | DRV, ACK | DRV | FOK, ACK | DRV | FOK | DOK},
		 ACK | DRV,
		 0,
		 true},
		{"clears a bit", {ACK | DRV, ACK}, ACK | DRV, 0, false},
		{"clears a bit and sets one", {ACK | DRV, ACK | FOK}, ACK | DRV, 0, false},
		{"twice the same", {ACK | DRV | FOK | DOK, ACK | DRV | FOK | DOK}, ACK | DRV | FOK | DOK, 1, false},
		{"FAILED", {ACK, ACK | FAIL}, ACK | FAIL, 0, false},
		{"SUSPEND and reserved bits", {ACK | 16 | 32 | 8}, ACK, 0, false},
		{"DEVICE_NEEDS_RESET is not the driver's", {ACK | NRST}, ACK, 0, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		open_fixture(&f);
		f.refuse = rows[i].refuse;
		for (size_t n = 0; n < 6 && rows[i].writes[n]; n++)
			virtio_set_status(&f.dev, rows[i].writes[n]);
		cr_assert_eq(virtio_get_status(&f.dev), rows[i].want, "%s: %#x", rows[i].id, virtio_get_status(&f.dev));
		cr_assert_eq(f.starts, rows[i].starts, "%s", rows[i].id);
		virtio_set_status(&f.dev, 0);
		cr_assert_eq(virtio_get_status(&f.dev), 0, "%s", rows[i].id);
		cr_assert_eq(f.resets, 1, "%s", rows[i].id);
		/* req: VN-dc1545e6 */
		f.refuse = false;
		virtio_set_status(&f.dev, ACK | DRV | FOK);
		cr_assert_eq(virtio_get_status(&f.dev), ACK | DRV | FOK, "%s", rows[i].id);
		close_fixture(&f);
	}
}

Test(virtio, features)
{
	static const struct {
		const char *id;
		uint32_t words[5];
		bool ok;
	} rows[] = {
		{"none", {0, 0, 0, 0, 0}, true},
		{"all", {0x30000020, 0x80000001, 1, 0x80000000, 0}, true},
		{"a subset", {0x20, 0, 0, 0x80000000, 0}, true},
		{"one more in word 0", {0x21, 0, 0, 0, 0}, false},
		{"one more in word 1", {0, 2, 0, 0, 0}, false},
		{"one more in word 2", {0, 0, 2, 0, 0}, false},
		{"one more in word 3", {0, 0, 0, 1, 0}, false},
		{"bits above 127 do not exist", {0x20, 0, 0, 0, 1}, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		static const uint32_t offered[] = {0x30000020, 0x80000001, 1, 0x80000000, 0, 0};

		open_fixture(&f);
		for (uint32_t n = 0; n < 6; n++)
			cr_assert_eq(virtio_get_features(&f.dev, n), offered[n]);
		cr_assert_eq(virtio_get_features(&f.dev, UINT32_MAX), 0);
		virtio_set_status(&f.dev, ACK | DRV);
		for (uint32_t n = 0; n < 5; n++) {
			virtio_set_features(&f.dev, n, UINT32_MAX); /* the last write counts */
			virtio_set_features(&f.dev, n, rows[i].words[n]);
		}
		cr_assert_not(virtio_has(&f.dev, 5), "%s: not before FEATURES_OK", rows[i].id);
		virtio_set_status(&f.dev, ACK | DRV | FOK);
		cr_assert_eq(!!(virtio_get_status(&f.dev) & FOK), rows[i].ok, "%s", rows[i].id);
		if (rows[i].ok) {
			bool had = virtio_has(&f.dev, 5);

			cr_assert_eq(had, !!(rows[i].words[0] & 0x20), "%s", rows[i].id);
			virtio_set_features(&f.dev, 0, had ? 0 : 0x20);
			cr_assert_eq(virtio_has(&f.dev, 5), had, "%s: written too late", rows[i].id);
		}
		close_fixture(&f);
	}
}

/* req: VN-8768ac55, VN-3f4599a1 */
Test(virtio, needs_reset)
{
	struct fixture f;

	open_fixture(&f);
	virtio_set_status(&f.dev, ACK | DRV | FOK);
	virtio_needs_reset(&f.dev, "a test");
	cr_assert_eq(virtio_get_status(&f.dev), ACK | DRV | FOK | NRST);
	cr_assert_eq(f.tr.config_interrupts, 0, "the driver does not listen yet");
	virtio_set_status(&f.dev, ACK | DRV | FOK | DOK);
	cr_assert_eq(virtio_get_status(&f.dev), ACK | DRV | FOK | DOK | NRST);
	cr_assert_eq(f.tr.config_interrupts, 1);
	virtio_needs_reset(&f.dev, "a test");
	cr_assert_eq(f.tr.config_interrupts, 1, "told once");
	virtio_set_status(&f.dev, 0);
	virtio_set_status(&f.dev, ACK | DRV | FOK | DOK);
	virtio_needs_reset(&f.dev, "a test");
	cr_assert_eq(f.tr.config_interrupts, 2);
	cr_assert(tr_inproc_take(&f.tr));
	cr_assert_not(tr_inproc_take(&f.tr));
	close_fixture(&f);
}

/* req: VN-2e6496fb */
Test(virtio, configuration_space)
{
	struct fixture f;
	uint8_t got[80];
	uint8_t generation;

	open_fixture(&f);
	virtio_config_set(&f.dev, 10, "abcdef", 6);
	cr_assert_eq(f.tr.config_interrupts, 0);
	virtio_config_read(&f.dev, 8, got, 10);
	cr_assert_eq(memcmp(got, "\0\0abcdef\0", 10), 0);
	memset(got, 0xff, sizeof(got));
	virtio_config_read(&f.dev, 15, got, sizeof(got));
	cr_assert_eq(got[0], 'f');
	for (size_t i = 1; i < sizeof(got); i++)
		cr_assert_eq(got[i], 0, "%zu", i);
	memset(got, 0xff, sizeof(got));
	virtio_config_read(&f.dev, UINT32_MAX, got, sizeof(got));
	cr_assert(got[0] == 0 && got[79] == 0);

	virtio_set_status(&f.dev, ACK | DRV | FOK | DOK);
	generation = virtio_config_generation(&f.dev);
	virtio_config_set(&f.dev, 10, "abcdef", 6);
	cr_assert_eq(virtio_config_generation(&f.dev), generation, "no change");
	virtio_config_set(&f.dev, 10, "abcdeF", 6);
	cr_assert_neq(virtio_config_generation(&f.dev), generation);
	cr_assert_eq(f.tr.config_interrupts, 1);
	virtio_config_write(&f.dev, 10, "xxx", 3);
	virtio_config_write(&f.dev, UINT32_MAX, "xxx", 3);
	virtio_config_read(&f.dev, 10, got, 6);
	cr_assert_eq(memcmp(got, "abcdeF", 6), 0);
	virtio_config_set(&f.dev, 60, "xxxxxxxx", 8);
	virtio_config_read(&f.dev, 60, got, 4);
	cr_assert_eq(memcmp(got, "\0\0\0", 4), 0, "what does not fit is not begun");
	close_fixture(&f);
}

/* hw-notify-deleted, rustvmm-d951283: req: VN-5896d80a */
Test(virtio, queues)
{
	struct fixture f;
	struct ring ring;
	struct virtio_queue_addr addr;

	open_fixture(&f);
	ring_open(&ring, &f.ram, 64);
	addr = ring.addr;
	cr_assert_eq(virtio_num_queues(&f.dev), 3);
	cr_assert_eq(virtio_queue_max_size(&f.dev, 2), 64);
	cr_assert_eq(virtio_queue_max_size(&f.dev, 3), 0);
	cr_assert_eq(virtio_queue_enable(&f.dev, 0, 64, &addr), -EINVAL, "before FEATURES_OK");
	virtio_set_features(&f.dev, 0, 1 << VIRTIO_RING_F_EVENT_IDX);
	virtio_set_status(&f.dev, ACK | DRV | FOK);
	cr_assert_eq(virtio_queue_enable(&f.dev, 3, 64, &addr), -EINVAL);
	cr_assert_eq(virtio_queue_enable(&f.dev, 0, 128, &addr), -EINVAL);
	addr.desc = 0;
	cr_assert_eq(virtio_queue_enable(&f.dev, 0, 64, &addr), -EFAULT);
	cr_assert_not(virtio_queue_enabled(&f.dev, 0));
	addr = ring.addr;
	cr_assert_eq(virtio_queue_enable(&f.dev, 0, 64, &addr), 0);
	cr_assert(virtio_queue_enabled(&f.dev, 0));
	cr_assert(f.dev.vqs[0].event_idx && !f.dev.vqs[0].indirect);
	cr_assert_not(virtio_queue_enabled(&f.dev, 1));
	cr_assert_not(virtio_queue_enabled(&f.dev, UINT16_MAX));
	f.dev.vqs[0].kicked = false;
	virtio_notify(&f.dev, 0);
	cr_assert(f.dev.vqs[0].kicked);
	virtio_notify(&f.dev, 1);
	virtio_notify(&f.dev, 3);
	virtio_notify(&f.dev, UINT16_MAX);
	cr_assert_not(f.dev.vqs[1].kicked);
	virtio_set_status(&f.dev, 0);
	cr_assert_not(virtio_queue_enabled(&f.dev, 0));
	virtio_notify(&f.dev, 0);
	cr_assert_not(f.dev.vqs[0].kicked);
	close_fixture(&f);
}
