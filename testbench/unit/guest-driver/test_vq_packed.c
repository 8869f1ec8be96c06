/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/vq.h"

#define VQ    1 /* the queue that the tests use */
#define AVAIL VRING_PACKED_DESC_F_AVAIL
#define USED  VRING_PACKED_DESC_F_USED
#define WRAP  VRING_PACKED_WRAP
#define WR    VRING_DESC_F_WRITE

static struct drv_vq *open_vq(struct fake *fake, const struct drv_vq_config *config)
{
	fake_init(fake);
	return drv_vq_packed_create(&fake->env, &fake->transport, config);
}

static struct vring_packed_desc *desc_of(const struct drv_vq *vq, unsigned i)
{
	return (struct vring_packed_desc *)(uintptr_t)vq->addr.desc + i;
}

static void use(struct drv_vq *vq, uint16_t at, uint16_t id, uint32_t len, uint16_t others)
{
	*desc_of(vq, at & ~WRAP) =
		(struct vring_packed_desc){cpu_to_le64(0), cpu_to_le32(len), cpu_to_le16(id),
					   cpu_to_le16((uint16_t)((at & WRAP ? AVAIL | USED : 0) | others))};
}

static int submit(struct drv_vq *vq, unsigned readable, unsigned writable, uintptr_t token)
{
	static uint8_t data[8];
	struct drv_sg sg[8];

	for (unsigned i = 0; i < readable + writable; i++)
		sg[i] = (struct drv_sg){(uintptr_t)data, 1 + i};
	return drv_vq_submit(vq, sg, readable, writable, (void *)token);
}

static void expect(struct drv_vq *vq, const char *id, uintptr_t token, uint32_t bytes)
{
	struct drv_vq_done done;

	cr_assert_gt(drv_vq_completions(vq), 0, "%s: %lu", id, token);
	cr_assert_eq(drv_vq_complete(vq, &done), 0, "%s: %lu", id, token);
	cr_assert_eq((uintptr_t)done.token, token, "%s: %lu instead of %lu", id, (uintptr_t)done.token, token);
	cr_assert_eq(done.bytes, bytes, "%s: %lu: %u bytes", id, token, done.bytes);
}

Test(vq_packed, sizes)
{
	static const uint16_t sizes[] = {0, 1, 2, 3, 48, 256, 32767, 32768, 32769, 65535};
	struct fake fake;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct drv_vq *vq = open_vq(&fake, &(struct drv_vq_config){.index = VQ, .size = sizes[i]});

		cr_expect_eq(!!vq, sizes[i] && sizes[i] <= 32768, "size %u", sizes[i]);
		drv_vq_destroy(vq);
		cr_expect_eq(fake.blocks, 0, "size %u leaks", sizes[i]);
	}
}

Test(vq_packed, no_memory_leaves_nothing_behind)
{
	struct fake fake;

	for (int n = 0; n < 6; n++) {
		fake_init(&fake);
		fake.allocs_left = n;
		cr_expect_null(drv_vq_packed_create(&fake.env, &fake.transport,
						    &(struct drv_vq_config){.index = VQ, .size = 8, .indirect = 4}),
			       "with %d allocations", n);
		cr_expect_eq(fake.blocks, 0, "with %d allocations", n);
	}
}

/* Lists of one to three descriptors that the device uses in another order, for many laps. */
Test(vq_packed, out_of_order)
{
	struct fake fake;
	struct drv_vq *vq = open_vq(&fake, &(struct drv_vq_config){.index = VQ, .size = 7});
	uint16_t at = WRAP, used = WRAP;

	for (unsigned n = 0; n < 5000; n++) {
		uint16_t ids[3], counts[3];
		static const uint8_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};

		for (unsigned k = 0; k < 3; k++) {
			counts[k] = (uint16_t)(k == n % 3 ? 3 : 2 - k % 2);
			cr_assert_eq(submit(vq, counts[k] - 1u, 1, 3 * n + k + 1), 0, "%u", n);
			for (unsigned i = 0; i < counts[k]; i++) {
				ids[k] = le16_to_cpu(desc_of(vq, at & ~WRAP)->id);
				at = (at & ~WRAP) + 1 < 7 ? at + 1 : ~at & WRAP;
			}
		}
		cr_assert_eq(submit(vq, 3, 0, 1), -EAGAIN);
		for (unsigned k = 0; k < 3; k++) {
			unsigned which = orders[n % 4][k];

			use(vq, used, ids[which], 1, WR);
			expect(vq, "out of order", 3 * n + which + 1, 1);
			for (unsigned i = 0; i < counts[which]; i++)
				used = (used & ~WRAP) + 1 < 7 ? used + 1 : ~used & WRAP;
		}
		cr_assert_eq(drv_vq_completions(vq), 0);
	}
	drv_vq_destroy(vq);
}

/* One used descriptor for several buffers: all but the last were used wholly. Then the next batch, behind it. */
Test(vq_packed, batches)
{
	struct fake fake;
	struct drv_vq *vq = open_vq(&fake, &(struct drv_vq_config){.index = VQ, .size = 8, .in_order = true});
	struct drv_vq_done done;

	for (unsigned n = 0; n < 100; n++) {
		uint16_t lap = n & 1 ? 0 : WRAP;

		cr_assert_eq(submit(vq, 0, 1, 1), 0);
		cr_assert_eq(submit(vq, 1, 2, 2), 0);
		cr_assert_eq(submit(vq, 2, 0, 3), 0);
		cr_assert_eq(submit(vq, 0, 2, 4), 0);
		use(vq, lap, le16_to_cpu(desc_of(vq, 5)->id), 77, 0); /* the length means nothing without WRITE */
		expect(vq, "batch", 1, 1);
		expect(vq, "batch", 2, 5);
		expect(vq, "batch", 3, 0);
		cr_assert_eq(drv_vq_complete(vq, &done), -EAGAIN);
		use(vq, lap | 6, le16_to_cpu(desc_of(vq, 7)->id), 3, WR);
		expect(vq, "alone", 4, 3);
		cr_assert_eq(vq->in_flight, 0);
	}
	drv_vq_destroy(vq);
}

/* A split ring's batch: one element, and an index that goes on by its buffers. */
Test(vq_packed, batches_of_a_split_ring)
{
	struct fake fake;
	struct drv_vq_config config = {.index = VQ, .size = 8, .in_order = true};
	struct drv_vq *vq;
	struct vring_used *used;
	struct drv_vq_done done;

	fake_init(&fake);
	vq = drv_vq_split_create(&fake.env, &fake.transport, &config);
	used = (struct vring_used *)(uintptr_t)vq->addr.device;
	for (unsigned n = 0; n < 100; n++) {
		cr_assert_eq(submit(vq, 0, 1, 1), 0);
		cr_assert_eq(submit(vq, 1, 2, 2), 0);
		cr_assert_eq(submit(vq, 2, 0, 3), 0);
		used->ring[3 * n % 8] =
			(struct vring_used_elem){cpu_to_le32((6 * n + 4) % 8), cpu_to_le32(0)}; /* the third's head */
		used->idx = cpu_to_le16((uint16_t)(3 * n + 3));
		expect(vq, "batch", 1, 1);
		expect(vq, "batch", 2, 5);
		expect(vq, "batch", 3, 0);
		cr_assert_eq(vq->in_flight, 0);
	}
	/* A batch of two, of which the index tells of one. */
	cr_assert_eq(submit(vq, 1, 0, 1), 0);
	cr_assert_eq(submit(vq, 1, 0, 2), 0);
	used->ring[300 % 8] = (struct vring_used_elem){cpu_to_le32(601 % 8), cpu_to_le32(0)};
	used->idx = cpu_to_le16(301);
	cr_assert_eq(drv_vq_complete(vq, &done), 0);
	cr_assert_eq(drv_vq_complete(vq, &done), -EPROTO);
	cr_assert(vq->broken);
	drv_vq_destroy(vq);
}

/* What a device may write to the ring and should not: the queue is broken, and nothing is handed out. */
Test(vq_packed, nonsense)
{
	static const struct {
		const char *id;
		uint16_t used_id, others;
		uint32_t len;
		unsigned submitted;
	} rows[] = {
		{"used, and nothing is out", 0, 0, 0, 0},
		{"an id beyond the queue", 4, 0, 0, 1},
		{"the largest id", 0xffff, 0, 0, 1},
		{"an id that is not out", 3, 0, 0, 1},
		{"more bytes than there are", 0, WR, 2, 1},
		{"all the bytes that a length can tell", 0, WR, UINT32_MAX, 1},
	};

	for (unsigned form = 0; form < 2; form++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct drv_vq_config config = {.index = VQ, .size = 4, .event_idx = true, .in_order = form};
			struct drv_vq_done done = {NULL, 0};
			struct fake fake;
			struct drv_vq *vq = open_vq(&fake, &config);

			for (unsigned n = 0; n < rows[i].submitted; n++)
				cr_assert_eq(submit(vq, 0, 1, n + 1), 0);
			use(vq, WRAP, rows[i].used_id, rows[i].len, rows[i].others);
			cr_expect_eq(drv_vq_complete(vq, &done), -EPROTO, "%s", rows[i].id);
			cr_expect_null(done.token, "%s", rows[i].id);
			cr_expect(vq->broken, "%s", rows[i].id);
			cr_expect_eq(drv_vq_completions(vq), -EPROTO, "%s", rows[i].id);
			cr_expect_eq(submit(vq, 0, 1, 1), -ENODEV, "%s", rows[i].id);
			cr_expect_not(drv_vq_notify(vq), "%s", rows[i].id);
			drv_vq_destroy(vq);
			cr_expect_eq(fake.blocks, 0);
		}
	}
}

/* A device that scribbles over all it can reach does not make the driver lose count. */
Test(vq_packed, ring_is_not_read_back)
{
	struct fake fake;
	struct drv_vq *vq = open_vq(&fake, &(struct drv_vq_config){.index = VQ, .size = 4});
	uint16_t id;

	for (unsigned n = 0; n < 16; n++) {
		uint16_t at = (uint16_t)((n & 1 ? 2 : 0) | (n / 2 & 1 ? 0 : WRAP));

		cr_assert_eq(submit(vq, 1, 1, n + 1), 0);
		id = le16_to_cpu(desc_of(vq, (at & ~WRAP) + 1u)->id);
		memset(desc_of(vq, (at & ~WRAP) + 1u), 0xee, sizeof(struct vring_packed_desc));
		use(vq, at, id, 2, WR | VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT);
		expect(vq, "scribbled", n + 1, 2);
		cr_assert_eq(vq->in_flight, 0);
	}
	drv_vq_destroy(vq);
}

/* The device's wish, and whether descriptors 3 and 4 of a ring of 5, or 4 and 0, are told of. */
Test(vq_packed, notifications)
{
	static const struct {
		bool event_idx;
		uint16_t before, flags, off_wrap;
		bool want;
	} rows[] = {
		{false, 0, VRING_PACKED_EVENT_FLAG_ENABLE, 0, true},
		{false, 0, VRING_PACKED_EVENT_FLAG_DISABLE, 0, false},
		{false, 0, VRING_PACKED_EVENT_FLAG_DESC, 4, true},
		{true, 0, VRING_PACKED_EVENT_FLAG_DISABLE, WRAP, false},
		{true, 0, 0xfffc, WRAP | 3, true},
		{true, 0, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 0, true},
		{true, 0, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 1, true},
		{true, 0, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 2, false},
		{true, 0, VRING_PACKED_EVENT_FLAG_DESC, 0, false},
		{true, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 3, false},
		{true, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 4, true},
		{true, 4, VRING_PACKED_EVENT_FLAG_DESC, 0, true},
		{true, 4, VRING_PACKED_EVENT_FLAG_DESC, 1, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drv_vq_config config = {.index = VQ, .size = 5, .event_idx = rows[i].event_idx};
		struct vring_packed_event event = {cpu_to_le16(rows[i].off_wrap), cpu_to_le16(rows[i].flags)};
		struct drv_vq_done done;
		struct fake fake;
		struct drv_vq *vq = open_vq(&fake, &config);

		for (uint16_t n = 0; n < rows[i].before; n++) {
			cr_assert_eq(submit(vq, 1, 0, 1), 0);
			use(vq, WRAP | n, le16_to_cpu(desc_of(vq, n)->id), 0, 0);
			cr_assert_eq(drv_vq_complete(vq, &done), 0);
		}
		drv_vq_notify(vq);
		memcpy((void *)(uintptr_t)vq->addr.device, &event, sizeof(event));
		cr_assert_not(drv_vq_notify(vq), "nothing new");
		cr_assert_eq(submit(vq, 1, 0, 1), 0);
		cr_assert_eq(submit(vq, 1, 0, 1), 0);
		cr_expect_eq(drv_vq_notify(vq), rows[i].want, "row %zu", i);
		drv_vq_destroy(vq);
	}
}

/* Nothing there: the driver names the descriptor that it waits for. */
Test(vq_packed, asks_for_notifications)
{
	struct fake fake;
	struct drv_vq *vq = open_vq(&fake, &(struct drv_vq_config){.index = VQ, .size = 3, .event_idx = true});
	struct vring_packed_event event;

	for (uint16_t n = 0; n < 20; n++) {
		uint16_t at = (uint16_t)(n % 3 | (n / 3 & 1 ? 0 : WRAP));

		cr_assert_eq(submit(vq, 0, 1, n + 1u), 0);
		cr_assert_eq(drv_vq_completions(vq), 0);
		memcpy(&event, (void *)(uintptr_t)vq->addr.driver, sizeof(event));
		cr_assert_eq(le16_to_cpu(event.flags), VRING_PACKED_EVENT_FLAG_DESC);
		cr_assert_eq(le16_to_cpu(event.off_wrap), at, "%u", n);
		use(vq, at, le16_to_cpu(desc_of(vq, at & ~WRAP)->id), 1, WR);
		expect(vq, "asked", n + 1u, 1);
	}
	drv_vq_destroy(vq);
}
