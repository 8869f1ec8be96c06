/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SIZE 8

struct fixture {
	struct ram ram;
	struct ring ring;
	struct vq vq;
};

static void open_fixture(struct fixture *f)
{
	uint64_t buf;

	ram_open(&f->ram);
	ring_open(&f->ring, &f->ram, SIZE);
	buf = ram_take(&f->ram, 16 * SIZE);
	for (uint16_t i = 0; i < SIZE; i++)
		ring_desc(&f->ring, i, buf + 16 * i, 16, VRING_DESC_F_WRITE, 0);
	cr_assert_eq(vq_init(&f->vq, &f->ram.mem, SIZE), 0);
	cr_assert_eq(vq_enable(&f->vq, &vq_split_ops, SIZE, &f->ring.addr), 0);
}

static void close_fixture(struct fixture *f)
{
	vq_exit(&f->vq);
	ram_close(&f->ram);
}

/* CVE-2022-26353: chains popped before an error are all given back, however often that happens. */
Test(vq, rewind_CVE_2022_26353)
{
	struct fixture f;
	struct vq_chain chain;
	struct vq_mark mark;
	uint32_t id, len;

	open_fixture(&f);
	for (uint16_t i = 0; i < SIZE; i++)
		ring_push(&f.ring, i);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(vq_fill(&f.vq, &chain, 9), 0);
	mark = vq_mark(&f.vq);
	for (int round = 0; round < 1000000; round++) {
		for (int i = 1; i < SIZE; i++) {
			vq_pop(&f.vq, &chain);
			vq_fill(&f.vq, &chain, 1);
		}
		vq_rewind(&f.vq, mark);
	}
	cr_assert_eq(vq_available(&f.vq), SIZE - 1);
	cr_assert_eq(ring_used_idx(&f.ring), 0);
	cr_assert(vq_publish(&f.vq));
	cr_assert(ring_pop(&f.ring, &id, &len) && id == 0 && len == 9);
	cr_assert_not(ring_pop(&f.ring, &id, &len));
	for (int i = 1; i < SIZE; i++) {
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
		cr_assert_eq(chain.id, i);
	}
	close_fixture(&f);
}

/* What was filled before the queue broke still reaches the driver; nothing else happens on it any more. */
Test(vq, broken)
{
	struct fixture f;
	struct vq_chain chain;

	open_fixture(&f);
	ring_push(&f.ring, 3);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(vq_fill(&f.vq, &chain, 1), 0);
	cr_assert_eq(vq_break(&f.vq, -EPROTO, "because"), -EPROTO);
	cr_assert_not(vq_usable(&f.vq));
	cr_assert_str_eq(f.vq.error, "because");
	vq_publish(&f.vq);
	cr_assert_eq(ring_used_idx(&f.ring), 1);
	ring_push(&f.ring, 4);
	cr_assert_eq(vq_pop(&f.vq, &chain), 0);
	cr_assert_eq(vq_fill(&f.vq, &chain, 1), -EINVAL);
	vq_reset(&f.vq);
	cr_assert_not(vq_usable(&f.vq));
	cr_assert_eq(vq_enable(&f.vq, &vq_split_ops, SIZE, &f.ring.addr), 0);
	cr_assert(vq_usable(&f.vq));
	close_fixture(&f);
}

/* rustvmm-d951283: a queue that is not enabled, or was reset, has nothing and takes nothing. */
Test(vq, not_enabled_rustvmm_d951283)
{
	struct fixture f;
	struct vq_chain chain = {0};

	open_fixture(&f);
	ring_push(&f.ring, 0);
	vq_reset(&f.vq);
	cr_assert_eq(vq_available(&f.vq), 0);
	cr_assert_eq(vq_pop(&f.vq, &chain), 0);
	cr_assert_eq(vq_fill(&f.vq, &chain, 0), -EINVAL);
	cr_assert_not(vq_publish(&f.vq));
	vq_want_kicks(&f.vq, true);
	cr_assert_eq(ring_used_idx(&f.ring), 0);
	close_fixture(&f);
}

/* The driver's index is looked at when what it promised is used up, or by vq_available(); nonsense is noticed then. */
Test(vq, index_once_per_batch)
{
	struct fixture f;
	struct vq_chain chain;
	struct vq_mark mark;

	open_fixture(&f);
	ring_push(&f.ring, 0);
	ring_push(&f.ring, 1);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	ring_push(&f.ring, 2);
	mark = vq_mark(&f.vq);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1, "the index moved within the batch");
	vq_rewind(&f.vq, mark);
	ring_set_avail(&f.ring, 0xff00);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(chain.id, 1);
	cr_assert_eq(vq_fill(&f.vq, &chain, 0), 0);
	vq_publish(&f.vq);
	cr_assert_eq(vq_available(&f.vq), -EPROTO);
	cr_assert(f.vq.broken);
	close_fixture(&f);
}

/* CVE-2024-8612, rustvmm-373: no more bytes than there are, no more chains than are out; the used index stays. */
Test(vq, fill_CVE_2024_8612_rustvmm_373)
{
	struct fixture f;
	struct vq_chain chain = {.writable_bytes = 16};

	open_fixture(&f);
	cr_assert_eq(vq_fill(&f.vq, &chain, 1), -EINVAL);
	ring_push(&f.ring, 0);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(vq_fill(&f.vq, &chain, 17), -EINVAL);
	cr_assert_not(vq_publish(&f.vq));
	cr_assert_eq(ring_used_idx(&f.ring), 0);
	cr_assert_eq(vq_fill(&f.vq, &chain, 16), 0);
	cr_assert_eq(vq_fill(&f.vq, &chain, 16), -EINVAL);
	cr_assert(vq_publish(&f.vq));
	cr_assert_eq(ring_used_idx(&f.ring), 1);
	cr_assert_eq(vq_fill(&f.vq, &chain, 16), -EINVAL);
	close_fixture(&f);
}

/* The areas' memory is unmapped under a running queue, or mapped elsewhere: the old place is not touched again. */
Test(vq, memory_map_changes)
{
	struct fixture f;
	struct vq_chain chain;
	static _Alignas(4096) uint8_t moved[RAM_BYTES];
	struct mem_region region;

	open_fixture(&f);
	ring_push(&f.ring, 0);
	region = f.ram.mem.regions[0];
	memcpy(moved, f.ram.bytes, RAM_BYTES);
	memset(f.ram.bytes, 0xff, RAM_BYTES);
	cr_assert_eq(mem_remove(&f.ram.mem, RAM_GPA), 0);
	region.host = moved;
	cr_assert_eq(mem_add(&f.ram.mem, &region), 0);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1, "%s", f.vq.error);
	cr_assert_geq((uint8_t *)chain.iov[0].iov_base, moved);
	cr_assert_lt((uint8_t *)chain.iov[0].iov_base, moved + RAM_BYTES);
	cr_assert_eq(vq_fill(&f.vq, &chain, 1), 0);
	cr_assert_eq(mem_remove(&f.ram.mem, RAM_GPA), 0);
	/* These have no error to return, so it is left to those that have. */
	cr_assert_not(vq_publish(&f.vq));
	cr_assert_not(vq_wants_interrupt(&f.vq));
	cr_assert_not(f.vq.broken);
	cr_assert_eq(vq_pop(&f.vq, &chain), -EFAULT);
	cr_assert(f.vq.broken);
	close_fixture(&f);
}
