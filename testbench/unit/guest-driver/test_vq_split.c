/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "fake.h"
#include "guest-driver/core/vq.h"

#define VQ 1 /* the queue that the tests use */

static struct drv_vq *open_vq(struct fake *fake, uint16_t size, bool event_idx, uint16_t indirect)
{
	struct drv_vq_config config = {.index = VQ, .size = size, .event_idx = event_idx, .indirect = indirect};
	struct drv_vq *vq = drv_vq_split_create(&fake->env, &fake->transport, &config);

	if (vq)
		fake->transport.ops->queue_enable(fake, VQ, size, &vq->addr);
	return vq;
}

static int submit_one(struct drv_vq *vq, uint8_t *buffer, uint32_t bytes, bool writable, void *token)
{
	struct drv_sg sg = {(uintptr_t)buffer, bytes};

	return drv_vq_submit(vq, &sg, !writable, writable, token);
}

Test(vq_split, sizes)
{
	static const struct {
		uint16_t size;
		bool ok;
	} rows[] = {{0, false},  {1, true},   {2, true},     {3, false},
		    {48, false}, {256, true}, {32768, true}, {32769, false}};
	struct fake fake;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drv_vq *vq;

		fake_init(&fake);
		vq = open_vq(&fake, rows[i].size, true, 2);
		cr_expect_eq(!!vq, rows[i].ok, "size %u", rows[i].size);
		if (vq) {
			cr_expect_eq(vq->addr.desc % VRING_DESC_ALIGN, 0);
			cr_expect_eq(vq->addr.driver % VRING_AVAIL_ALIGN, 0);
			cr_expect_eq(vq->addr.device % VRING_USED_ALIGN, 0);
		}
		drv_vq_destroy(vq);
		cr_expect_eq(fake.blocks, 0, "size %u leaks", rows[i].size);
	}
}

Test(vq_split, no_memory_leaves_nothing_behind)
{
	struct fake fake;
	int n;

	for (n = 0; n < 6; n++) {
		fake_init(&fake);
		fake.allocs_left = n;
		cr_expect_null(open_vq(&fake, 8, false, 4), "with %d allocations", n);
		cr_expect_eq(fake.blocks, 0, "with %d allocations", n);
	}
}

/* Every chain of up to the queue's size comes out as it went in, with and without a table. */
Test(vq_split, chains)
{
	uint8_t data[8][16];
	struct drv_sg sg[9];
	unsigned readable, writable, i;
	uint16_t indirect;

	for (i = 0; i < 8; i++)
		sg[i] = (struct drv_sg){(uintptr_t)data[i], i + 1};
	sg[8] = sg[0];
	for (indirect = 0; indirect <= 8; indirect += 8) {
		struct fake fake;
		struct drv_vq *vq;

		fake_init(&fake);
		vq = open_vq(&fake, 8, false, indirect);
		for (readable = 0; readable <= 8; readable++) {
			for (writable = 0; readable + writable <= 8; writable++) {
				unsigned count = readable + writable;
				struct fake_chain chain;
				struct drv_vq_done done;

				if (!count)
					continue;
				cr_assert_eq(drv_vq_submit(vq, sg, readable, writable, &sg[count]), 0);
				cr_assert(fake_pop(&fake, VQ, &chain));
				cr_assert_eq(chain.count, count, "%u+%u", readable, writable);
				cr_assert_eq(chain.readable, readable, "%u+%u", readable, writable);
				cr_assert_eq(chain.indirect, indirect && count > 1 ? 1 : 0);
				for (i = 0; i < count; i++)
					cr_assert(chain.data[i] == data[i] && chain.bytes[i] == i + 1, "%u+%u: %u",
						  readable, writable, i);
				fake_push(&fake, VQ, chain.head, 0);
				cr_assert_eq(drv_vq_complete(vq, &done), 0);
				cr_assert(done.token == &sg[count]);
			}
		}
		cr_expect_eq(drv_vq_submit(vq, sg, 5, 4, NULL), -EMSGSIZE);
		cr_expect_eq(drv_vq_submit(vq, sg, 0, 0, NULL), -EINVAL);
		sg[8].bytes = UINT32_MAX;
		cr_expect_eq(drv_vq_submit(vq, &sg[7], 1, 1, NULL), -EINVAL, "4 GiB and more");
		sg[8].bytes = 1;
		cr_expect_eq(vq->in_flight, 0);
		drv_vq_destroy(vq);
		cr_expect_eq(fake.blocks, 0);
	}
}

/* A control command on a queue of one descriptor: a table, or not at all. */
Test(vq_split, size_1)
{
	uint8_t data[2][4];
	struct drv_sg sg[3] = {{(uintptr_t)data[0], 4}, {(uintptr_t)data[1], 4}, {(uintptr_t)data[1], 4}};
	struct fake_chain chain;
	struct fake fake;
	struct drv_vq *vq;

	fake_init(&fake);
	vq = open_vq(&fake, 1, false, 0);
	cr_expect_eq(drv_vq_submit(vq, sg, 1, 1, NULL), -EMSGSIZE);
	drv_vq_destroy(vq);
	vq = open_vq(&fake, 1, false, 16);
	cr_expect_eq(drv_vq_submit(vq, sg, 1, 2, NULL), -EMSGSIZE, "longer than the queue, and no need");
	cr_expect_eq(drv_vq_submit(vq, sg, 1, 1, NULL), 0);
	cr_expect(fake_pop(&fake, VQ, &chain));
	cr_expect(chain.count == 2 && chain.readable == 1 && chain.indirect == 1);
	cr_expect_eq(drv_vq_submit(vq, sg, 1, 1, NULL), -EAGAIN);
	drv_vq_destroy(vq);
}

/* dpdk-38e6400387: indices beyond 65535, in any order of completion. */
Test(vq_split, indices_wrap)
{
	uint8_t data[4];
	struct fake fake;
	struct drv_vq *vq;
	unsigned i, k;

	fake_init(&fake);
	vq = open_vq(&fake, 4, true, 0);
	for (i = 0; i < 70000; i++) {
		unsigned batch = i % 4 + 1;
		struct fake_chain chain[4];

		for (k = 0; k < batch; k++)
			cr_assert_eq(submit_one(vq, data, 4, true, (void *)(uintptr_t)(k + 1)), 0, "round %u", i);
		for (k = 0; k < batch; k++)
			cr_assert(fake_pop(&fake, VQ, &chain[k]));
		for (k = batch; k--;)
			fake_push(&fake, VQ, chain[k].head, k);
		cr_assert_eq(drv_vq_completions(vq), (int)batch);
		for (k = batch; k--;) {
			struct drv_vq_done done;

			cr_assert_eq(drv_vq_complete(vq, &done), 0);
			cr_assert(done.token == (void *)(uintptr_t)(k + 1) && done.bytes == k);
		}
		cr_assert_eq(drv_vq_completions(vq), 0);
	}
	drv_vq_destroy(vq);
}

/* What the device may write to the used ring of a queue of 4 that holds buffers 0 (writable, 8 bytes) and 1 (readable).
 */
Test(vq_split, hostile_used_ring)
{
	static const struct {
		const char *what;
		uint16_t count; /* that idx grows by */
		uint32_t id, len;
		int completions, complete;
	} rows[] = {
		{"right", 1, 0, 8, 1, 0},
		{"nothing written", 1, 0, 0, 1, 0},
		{"one byte too many", 1, 0, 9, 1, -EPROTO},
		{"4 GiB written", 1, 0, UINT32_MAX, 1, -EPROTO},
		{"written to a readable buffer", 1, 1, 1, 1, -EPROTO},
		{"a free descriptor", 1, 2, 0, 1, -EPROTO},
		{"beyond the table", 1, 4, 0, 1, -EPROTO},
		{"beyond 16 bits", 1, 0x10000, 0, 1, -EPROTO},
		{"all ones", 1, UINT32_MAX, 0, 1, -EPROTO},
		{"more than there are", 3, 0, 0, -EPROTO, -EPROTO},
		{"index goes back", 0xffff, 0, 0, -EPROTO, -EPROTO},
	};
	uint8_t data[8];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drv_vq_done done;
		struct fake fake;
		struct drv_vq *vq;

		fake_init(&fake);
		vq = open_vq(&fake, 4, false, 0);
		cr_assert_eq(submit_one(vq, data, 8, true, NULL), 0);
		cr_assert_eq(submit_one(vq, data, 8, false, NULL), 0);
		fake_put(&fake, VQ, 0, rows[i].id, rows[i].len);
		fake_publish(&fake, VQ, rows[i].count);
		cr_expect_eq(drv_vq_completions(vq), rows[i].completions, "%s", rows[i].what);
		cr_expect_eq(drv_vq_complete(vq, &done), rows[i].complete, "%s", rows[i].what);
		cr_expect_eq(vq->broken, rows[i].complete != 0, "%s", rows[i].what);
		if (vq->broken) {
			cr_expect_eq(submit_one(vq, data, 8, true, NULL), -ENODEV, "%s", rows[i].what);
			cr_expect_eq(drv_vq_notify(vq), false, "%s", rows[i].what);
		}
		drv_vq_destroy(vq);
		cr_expect_eq(fake.blocks, 0);
	}
}

/* The same buffer used twice. */
Test(vq_split, used_twice)
{
	struct drv_vq_done done;
	struct fake fake;
	struct drv_vq *vq;
	uint8_t data[8];

	fake_init(&fake);
	vq = open_vq(&fake, 4, false, 0);
	cr_assert_eq(submit_one(vq, data, 8, true, NULL), 0);
	cr_assert_eq(submit_one(vq, data, 8, true, NULL), 0);
	fake_push(&fake, VQ, 0, 1);
	fake_push(&fake, VQ, 0, 1);
	cr_expect_eq(drv_vq_complete(vq, &done), 0);
	cr_expect_eq(drv_vq_complete(vq, &done), -EPROTO);
	drv_vq_destroy(vq);
}

/* The device scribbles over the descriptor table and the available ring: the driver does not read them. */
Test(vq_split, spoilt_driver_areas)
{
	struct fake fake;
	struct drv_vq *vq;
	uint8_t data[8];
	unsigned i;

	fake_init(&fake);
	vq = open_vq(&fake, 4, true, 0);
	for (i = 0; i < 100; i++) {
		struct fake_chain chain;
		struct drv_vq_done done;

		cr_assert_eq(submit_one(vq, data, 8, true, &data), 0);
		cr_assert(fake_pop(&fake, VQ, &chain));
		memset(fake.queue[VQ].desc, 0xff, 4 * sizeof(struct vring_desc));
		fake_push(&fake, VQ, chain.head, 8);
		cr_assert_eq(drv_vq_complete(vq, &done), 0);
		cr_assert(done.token == &data);
	}
	drv_vq_destroy(vq);
}

Test(vq_split, notify_flags)
{
	static const struct {
		uint16_t flags;
		bool notified;
	} rows[] = {{0, true}, {VRING_USED_F_NO_NOTIFY, false}, {2, true}, {3, false}};
	uint8_t data[8];
	size_t i;

	for (i = 0; i < 4; i++) {
		struct fake fake;
		struct drv_vq *vq;

		fake_init(&fake);
		vq = open_vq(&fake, 4, false, 0);
		/* avail_event is to be ignored */
		fake.queue[VQ].used->flags = cpu_to_le16(rows[i].flags);
		memset(&fake.queue[VQ].used->ring[4], 0x55, 2);
		cr_expect_eq(drv_vq_notify(vq), false, "nothing was submitted");
		cr_assert_eq(submit_one(vq, data, 8, true, NULL), 0);
		cr_expect_eq(drv_vq_notify(vq), rows[i].notified, "flags %u", rows[i].flags);
		cr_expect_eq(drv_vq_notify(vq), false, "told already");
		cr_expect_eq(fake.queue[VQ].notifies, rows[i].notified);
		drv_vq_destroy(vq);
	}
}

/* EVENT_IDX: a notification when, and only when, the index passes avail_event; flags are to be ignored. */
Test(vq_split, notify_event_idx)
{
	uint8_t data[8];
	unsigned batch, event;

	for (batch = 1; batch <= 4; batch++) {
		for (event = 0; event < 8; event++) {
			le16 wire = cpu_to_le16((uint16_t)event);
			struct fake fake;
			struct drv_vq *vq;
			unsigned i;

			fake_init(&fake);
			vq = open_vq(&fake, 4, true, 0);
			fake.queue[VQ].used->flags = cpu_to_le16(VRING_USED_F_NO_NOTIFY);
			memcpy(&fake.queue[VQ].used->ring[4], &wire, sizeof(wire));
			for (i = 0; i < batch; i++)
				cr_assert_eq(submit_one(vq, data, 8, true, NULL), 0);
			cr_expect_eq(drv_vq_notify(vq), event < batch, "batch %u, avail_event %u", batch, event);
			drv_vq_destroy(vq);
		}
	}
}

/* used_event follows only when the ring is empty, and flags stay 0. */
Test(vq_split, asks_for_notifications)
{
	struct fake_chain chain;
	struct drv_vq_done done;
	struct fake fake;
	struct drv_vq *vq;
	uint8_t data[8];
	unsigned i;

	fake_init(&fake);
	vq = open_vq(&fake, 4, true, 0);
	for (i = 0; i < 3; i++) {
		cr_assert_eq(submit_one(vq, data, 8, true, NULL), 0);
		cr_assert(fake_pop(&fake, VQ, &chain));
		fake_push(&fake, VQ, chain.head, 0);
		cr_assert_eq(drv_vq_complete(vq, &done), 0);
	}
	cr_expect_eq(le16_to_cpu(fake.queue[VQ].avail->ring[4]), 0);
	cr_expect_eq(drv_vq_completions(vq), 0);
	cr_expect_eq(le16_to_cpu(fake.queue[VQ].avail->ring[4]), 3);
	cr_expect_eq(le16_to_cpu(fake.queue[VQ].avail->flags), 0);
	drv_vq_destroy(vq);
}
