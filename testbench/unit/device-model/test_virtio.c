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
#define SUSP VIRTIO_CONFIG_S_SUSPEND
#define LIVE (ACK | DRV | FOK | DOK)
#define IDLE (ACK | DRV | FOK | SUSP) /* suspended */

struct fixture {
	struct ram ram;
	struct virtio_device dev;
	struct tr_inproc tr;
	unsigned logs, starts, resets, suspends, queue_resets;
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

static void suspend(void *ctx)
{
	((struct fixture *)ctx)->suspends++;
}

static void queue_reset(void *ctx, uint16_t queue)
{
	(void)queue;
	((struct fixture *)ctx)->queue_resets++;
}

static void log_line(void *ctx, const char *line)
{
	(void)line;
	((struct fixture *)ctx)->logs++;
}

static const struct virtio_device_ops ops = {.log = log_line,
					     .features_ok = features_ok,
					     .start = start,
					     .reset = reset,
					     .suspend = suspend,
					     .queue_reset = queue_reset};

static void open_fixture(struct fixture *f)
{
	struct virtio_features offered = {{0x800009c130000020, 0x8000000000000001}};

	*f = (struct fixture){0};
	ram_open(&f->ram);
	cr_assert_eq(virtio_init(&f->dev, &ops, f, &tr_inproc_ops, &f->tr, &f->ram.mem, 3, 64, &offered), 0);
}

/* Takes the device to this status, with all that is offered. */
static void reach(struct fixture *f, uint8_t status)
{
	virtio_set_status(&f->dev, 0);
	for (uint32_t n = 0; n < 4; n++)
		virtio_set_features(&f->dev, n, virtio_get_features(&f->dev, n));
	if (!status)
		return;
	virtio_set_status(&f->dev, status == IDLE ? LIVE : status);
	virtio_set_status(&f->dev, status == IDLE ? LIVE | SUSP : status);
	cr_assert_eq(virtio_get_status(&f->dev), status);
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

/* Where virtio_status.def says that a write leads, it leads: row by row, with all features. */
Test(virtio, status_table)
{
	enum {
#define STATE(id, bits) BITS_##id = (bits),
#include "device-model/virtio_status.def"
#define WRITE(id, bit) BIT_##id = (bit),
#include "device-model/virtio_status.def"
	};
	static const struct {
		const char *id;
		uint8_t from, write, to;
		bool logged;
	} rows[] = {
#define MOVE(from, write, to, text) {#from " " #write, BITS_##from, BIT_##write, BITS_##to, false},
#define REFUSE(from, write, text)   {#from " " #write, BITS_##from, BIT_##write, BITS_##from, true},
#define STAY(from, write)           {#from " " #write, BITS_##from, BIT_##write, BITS_##from, false},
#include "device-model/virtio_status.def"
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool failed = rows[i].from == FAIL || rows[i].to == FAIL;
		struct fixture f;

		open_fixture(&f);
		reach(&f, rows[i].from);
		f.logs = 0;
		virtio_set_status(&f.dev, rows[i].write ? rows[i].from | rows[i].write : 0);
		/* FAILED comes on top. */
		cr_assert_eq(virtio_get_status(&f.dev), failed && rows[i].write ? rows[i].from | FAIL : rows[i].to,
			     "%s: %#x", rows[i].id, virtio_get_status(&f.dev));
		cr_assert_eq(f.logs, rows[i].logged, "%s", rows[i].id);
		close_fixture(&f);
	}
}

/* Any byte in any state, DEVICE_NEEDS_RESET set or not: the status is one of the table's, and a reset always helps. */
Test(virtio, any_status)
{
	static const uint8_t states[] = {0, ACK, ACK | DRV, ACK | DRV | FOK, LIVE, IDLE};
	struct fixture f;

	open_fixture(&f);
	for (unsigned i = 0; i < 12; i++)
		for (unsigned byte = 0; byte < 256; byte++) {
			uint8_t before, after, bits;
			bool known = false;

			reach(&f, states[i / 2]);
			if (i % 2)
				virtio_needs_reset(&f.dev, "a test");
			before = virtio_get_status(&f.dev);
			virtio_set_status(&f.dev, (uint8_t)byte);
			after = virtio_get_status(&f.dev);
			bits = after & ~(NRST | FAIL);
			for (unsigned s = 0; s < 6; s++)
				known |= bits == states[s];
			cr_assert(known, "%#x written in %#x: %#x", byte, before, after);
			cr_assert_eq(after & NRST, byte ? before & NRST : 0, "%#x in %#x", byte, before);
			cr_assert_eq(virtio_running(&f.dev), (after & DOK) && !(after & FAIL));
			virtio_set_status(&f.dev, 0);
			cr_assert_eq(virtio_get_status(&f.dev), 0, "after %#x in %#x", byte, before);
		}
	close_fixture(&f);
}

/* req: VN-caecd531, VN-febf9bb0, VN-4db83ca1: the ways to write it, and what becomes of it */
Test(virtio, suspend)
{
	static const struct {
		const char *id;
		uint8_t writes[4];
		uint8_t want;
		unsigned suspends, starts;
	} rows[] = {
		{"suspended", {LIVE | SUSP}, IDLE, 1, 1},
		{"twice: the second one sets DRIVER_OK", {LIVE | SUSP, LIVE | SUSP}, LIVE, 1, 1},
		{"resumed, SUSPEND left out", {LIVE | SUSP, LIVE}, LIVE, 1, 1},
		{"resumed and suspended again", {LIVE | SUSP, LIVE, LIVE | SUSP}, IDLE, 2, 1},
		{"DRIVER_OK left out by the driver", {IDLE}, LIVE, 0, 1},
		{"SUSPEND taken away without DRIVER_OK", {LIVE | SUSP, ACK | DRV | FOK}, IDLE, 1, 1},
		{"written again", {LIVE | SUSP, IDLE}, IDLE, 1, 1},
		{"given up while suspended", {LIVE | SUSP, IDLE | FAIL, LIVE | FAIL}, IDLE | FAIL, 1, 1},
		{"SUSPEND and FAILED", {LIVE | SUSP | FAIL}, IDLE | FAIL, 1, 1},
		{"initialised and suspended by one write", {0, LIVE | SUSP}, LIVE, 0, 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		open_fixture(&f);
		reach(&f, LIVE);
		for (size_t n = 0; n < 4 && (rows[i].writes[n] || !n); n++) {
			if (!rows[i].writes[n]) {
				virtio_set_status(&f.dev, 0);
				virtio_set_features(&f.dev, 1, 1 << (VIRTIO_F_SUSPEND - 32));
			} else {
				virtio_set_status(&f.dev, rows[i].writes[n]);
			}
		}
		cr_assert_eq(virtio_get_status(&f.dev), rows[i].want, "%s: %#x", rows[i].id, virtio_get_status(&f.dev));
		cr_assert_eq(f.suspends, rows[i].suspends, "%s", rows[i].id);
		cr_assert_eq(f.starts, rows[i].starts, "%s", rows[i].id);
		close_fixture(&f);
	}
}

/* req: VN-caecd531 */
Test(virtio, suspend_not_negotiated)
{
	struct fixture f;

	open_fixture(&f);
	virtio_set_status(&f.dev, LIVE);
	virtio_set_status(&f.dev, LIVE | SUSP);
	cr_assert_eq(virtio_get_status(&f.dev), LIVE);
	cr_assert_eq(f.suspends, 0);
	close_fixture(&f);
}

/* req: VN-2e907b85, VN-2747ab98, VN-7466798a: the configuration space stands still, and its change is told later */
Test(virtio, suspended_configuration)
{
	struct fixture f;
	uint8_t generation, got[4];

	open_fixture(&f);
	reach(&f, LIVE);
	virtio_config_set(&f.dev, 0, "abcd", 4);
	cr_assert_eq(f.tr.config_interrupts, 1);
	generation = virtio_config_generation(&f.dev);
	virtio_set_status(&f.dev, LIVE | SUSP);
	virtio_config_set(&f.dev, 1, "B", 1);
	virtio_config_set(&f.dev, 2, "C", 1);
	virtio_needs_reset(&f.dev, "a test");
	virtio_config_read(&f.dev, 0, got, 4);
	cr_assert_eq(memcmp(got, "abcd", 4), 0);
	cr_assert_eq(virtio_config_generation(&f.dev), generation);
	cr_assert_eq(f.tr.config_interrupts, 1);
	virtio_set_status(&f.dev, LIVE);
	virtio_config_read(&f.dev, 0, got, 4);
	cr_assert_eq(memcmp(got, "aBCd", 4), 0);
	cr_assert_neq(virtio_config_generation(&f.dev), generation);
	cr_assert_eq(f.tr.config_interrupts, 2, "one for all");
	virtio_set_status(&f.dev, LIVE | SUSP);
	virtio_set_status(&f.dev, LIVE);
	cr_assert_eq(f.tr.config_interrupts, 2, "nothing had changed");
	virtio_set_status(&f.dev, LIVE | SUSP);
	virtio_config_set(&f.dev, 0, "x", 1);
	virtio_set_status(&f.dev, 0);
	virtio_config_read(&f.dev, 0, got, 4);
	cr_assert_eq(memcmp(got, "xBCd", 4), 0, "a reset ends it, too");
	cr_assert_eq(f.tr.config_interrupts, 2);
	close_fixture(&f);
}

/* req: VN-5cb59d14, VN-ec06d731, VN-38d6a18f: refused rows change nothing; then another size at another place */
Test(virtio, queue_reset)
{
	static const struct {
		const char *id;
		uint8_t status;
		uint16_t queue;
		bool negotiated;
		int want;
	} rows[] = {
		{"before FEATURES_OK", ACK | DRV, 0, true, -EINVAL},
		{"before DRIVER_OK", ACK | DRV | FOK, 0, true, 0},
		{"live", LIVE, 0, true, 0},
		{"suspended", IDLE, 0, true, -EINVAL},
		{"not negotiated", LIVE, 0, false, -EINVAL},
		{"a queue that was not enabled", LIVE, 1, true, -EINVAL},
		{"no such queue", LIVE, 3, true, -EINVAL},
		{"no such queue at all", LIVE, UINT16_MAX, true, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ring first, second;
		struct fixture f;

		open_fixture(&f);
		ring_open(&first, &f.ram, 64);
		ring_open(&second, &f.ram, 8);
		virtio_set_features(&f.dev, 1,
				    1 << (VIRTIO_F_SUSPEND - 32) | rows[i].negotiated << (VIRTIO_F_RING_RESET - 32));
		virtio_set_status(&f.dev, rows[i].status & ~(DOK | SUSP));
		virtio_queue_enable(&f.dev, 0, 64, &first.addr);
		virtio_set_status(&f.dev, rows[i].status == IDLE ? LIVE : rows[i].status);
		virtio_set_status(&f.dev, rows[i].status == IDLE ? LIVE | SUSP : rows[i].status);
		cr_assert_eq(virtio_get_status(&f.dev), rows[i].status, "%s", rows[i].id);
		cr_assert_eq(virtio_queue_reset(&f.dev, rows[i].queue), rows[i].want, "%s", rows[i].id);
		cr_assert_eq(f.queue_resets, !rows[i].want, "%s", rows[i].id);
		cr_assert_eq(virtio_queue_enabled(&f.dev, 0), rows[i].want && (rows[i].status & FOK), "%s", rows[i].id);
		if (!rows[i].want) {
			cr_assert_eq(virtio_queue_max_size(&f.dev, 0), 64, "%s", rows[i].id);
			cr_assert_eq(virtio_queue_enable(&f.dev, 0, 8, &second.addr), 0, "%s", rows[i].id);
			cr_assert_eq(f.dev.vqs[0].size, 8, "%s", rows[i].id);
			cr_assert_eq(virtio_queue_enable(&f.dev, 0, 8, &second.addr), -EINVAL, "%s: twice", rows[i].id);
		}
		close_fixture(&f);
	}
}

/* req: VN-9c4f54e0: translated addresses without the feature that tells of them */
Test(virtio, translated_memory)
{
	static const struct {
		bool translated, offered, accepted;
		int init;
		bool ok;
	} rows[] = {
		{false, false, false, 0, true},       {false, true, false, 0, true}, {false, true, true, 0, true},
		{true, false, false, -EINVAL, false}, {true, true, false, 0, false}, {true, true, true, 0, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_features offered = {{1ULL << VIRTIO_F_VERSION_1, 0}};
		struct mem mem = {.translated = rows[i].translated};
		struct fixture f = {0};

		virtio_feature_set(&offered, VIRTIO_F_ACCESS_PLATFORM, rows[i].offered);
		cr_assert_eq(virtio_init(&f.dev, &ops, &f, &tr_inproc_ops, &f.tr, &mem, 1, 4, &offered), rows[i].init,
			     "row %zu", i);
		if (rows[i].init)
			continue;
		virtio_set_features(&f.dev, 1, 1 | rows[i].accepted << (VIRTIO_F_ACCESS_PLATFORM - 32));
		virtio_set_status(&f.dev, ACK | DRV | FOK);
		cr_assert_eq(!!(virtio_get_status(&f.dev) & FOK), rows[i].ok, "row %zu", i);
		virtio_exit(&f.dev);
	}
}

/* Suspended and resumed with one of three queues enabled. */
Test(virtio, ch_882f82f04_suspend_with_few_queues)
{
	struct fixture f;
	struct ring ring;

	open_fixture(&f);
	ring_open(&ring, &f.ram, 8);
	virtio_set_features(&f.dev, 1, 1 << (VIRTIO_F_SUSPEND - 32));
	virtio_set_status(&f.dev, ACK | DRV | FOK);
	cr_assert_eq(virtio_queue_enable(&f.dev, 1, 8, &ring.addr), 0);
	virtio_set_status(&f.dev, LIVE);
	for (int i = 0; i < 3; i++) {
		virtio_set_status(&f.dev, LIVE | SUSP);
		cr_assert_eq(virtio_get_status(&f.dev), IDLE);
		virtio_set_status(&f.dev, LIVE);
		cr_assert_eq(virtio_get_status(&f.dev), LIVE);
	}
	cr_assert(!virtio_queue_enabled(&f.dev, 0) && vq_usable(&f.dev.vqs[1]) && !virtio_queue_enabled(&f.dev, 2));
	close_fixture(&f);
}

/* A queue that broke works again after its own reset, and the device still says that it needs one. */
Test(virtio, queue_reset_mends)
{
	struct vq_chain chain;
	struct fixture f;
	struct ring ring;

	open_fixture(&f);
	ring_open(&ring, &f.ram, 8);
	virtio_set_features(&f.dev, 1, 1 << (VIRTIO_F_RING_RESET - 32));
	virtio_set_status(&f.dev, ACK | DRV | FOK);
	cr_assert_eq(virtio_queue_enable(&f.dev, 0, 8, &ring.addr), 0);
	virtio_set_status(&f.dev, LIVE);
	vq_break(&f.dev.vqs[0], -EPROTO, "a test");
	virtio_vq_broke(&f.dev, 0);
	cr_assert_eq(f.tr.config_interrupts, 1);
	cr_assert_eq(f.dev.breaks, 1);
	cr_assert_eq(virtio_queue_reset(&f.dev, 0), 0);
	cr_assert_eq(virtio_queue_enable(&f.dev, 0, 8, &ring.addr), 0);
	cr_assert(vq_usable(&f.dev.vqs[0]));
	cr_assert_eq(vq_pop(&f.dev.vqs[0], &chain), 0);
	cr_assert_eq(virtio_get_status(&f.dev), LIVE | NRST);
	close_fixture(&f);
}

/* What the driver writes, and which queue that means. */
Test(virtio, notification_data)
{
	static const struct {
		const char *id;
		uint32_t features; /* bits 32 to 63 */
		uint32_t data;
		int queue; /* -1: none */
	} rows[] = {
		{"an index", 0, 1, 1},
		{"an index and where the driver stands", 1 << (VIRTIO_F_NOTIFICATION_DATA - 32), 0x80070002, 2},
		{"no such queue", 0, 3, -1},
		{"no queue's name", 1 << (VIRTIO_F_NOTIF_CONFIG_DATA - 32), 3, -1},
		{"an index instead of the name", 1 << (VIRTIO_F_NOTIF_CONFIG_DATA - 32), 1, -1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint16_t named = 0; named < 3; named++) {
			uint32_t data = rows[i].data;
			int want = rows[i].queue;
			struct ring rings[3];
			struct fixture f;

			open_fixture(&f);
			virtio_set_features(&f.dev, 1,
					    rows[i].features | 1 << (VIRTIO_F_NOTIF_CONFIG_DATA - 32) * !!named);
			virtio_set_status(&f.dev, ACK | DRV | FOK);
			if (named) { /* the same by name: queue named instead of the row's */
				data = virtio_queue_notif_data(&f.dev, named) | (data & 0xffff0000);
				want = named;
			}
			for (uint16_t q = 0; q < 3; q++) {
				ring_open(&rings[q], &f.ram, 8);
				cr_assert_eq(virtio_queue_enable(&f.dev, q, 8, &rings[q].addr), 0);
				f.dev.vqs[q].kicked = false;
			}
			virtio_notify_data(&f.dev, data);
			for (uint16_t q = 0; q < 3; q++)
				cr_assert(f.dev.vqs[q].kicked == (q == want) &&
						  f.dev.counts[q].notifications == (q == want),
					  "%s: %u", rows[i].id, q);
			virtio_set_status(&f.dev, 0);
			for (uint16_t q = 0; q < 3; q++)
				cr_assert_eq(f.dev.counts[q].notifications, 0, "%s: %u: after a reset", rows[i].id, q);
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
		{"bits above 127 do not exist", {0x20, 0, 0, 0, 1}, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		static const uint32_t offered[] = {0x30000020, 0x800009c1, 1, 0x80000000, 0, 0};

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

/* No driver without RING_PACKED is told of a size that it cannot use. */
Test(virtio, largest_size)
{
	static const struct {
		uint16_t size, split; /* of packed queues, of split ones */
	} rows[] = {{1, 1}, {3, 2}, {64, 64}, {300, 256}, {32767, 16384}, {32768, 32768}};
	const uint32_t packed = 1 << (VIRTIO_F_RING_PACKED - 32);
	const struct virtio_features offered = {{(uint64_t)packed << 32}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f = {0};

		cr_assert_eq(
			virtio_init(&f.dev, &ops, &f, &tr_inproc_ops, &f.tr, &f.ram.mem, 1, rows[i].size, &offered), 0);
		for (int takes = 0; takes < 2; takes++) {
			cr_expect_eq(virtio_queue_max_size(&f.dev, 0), rows[i].split, "%u: before", rows[i].size);
			virtio_set_features(&f.dev, 1, takes ? packed : 0);
			virtio_set_status(&f.dev, ACK | DRV | FOK);
			cr_expect_eq(virtio_queue_max_size(&f.dev, 0), takes ? rows[i].size : rows[i].split, "%u",
				     rows[i].size);
			cr_expect_eq(virtio_queue_max_size(&f.dev, 1), 0);
			virtio_set_status(&f.dev, 0);
		}
		virtio_exit(&f.dev);
	}
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
