/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define SIZE 8
#define NEXT VRING_DESC_F_NEXT
#define WR   VRING_DESC_F_WRITE
#define IND  VRING_DESC_F_INDIRECT

struct fixture {
	struct ram ram;
	struct ring ring;
	struct vq vq;
	uint64_t buf, table; /* SIZE * 2 descriptors of room */
};

static void open_fixture(struct fixture *f)
{
	ram_open(&f->ram);
	ring_open(&f->ring, &f->ram, SIZE);
	f->buf = ram_take(&f->ram, 4096);
	f->table = ram_take(&f->ram, 64 * 16);
	cr_assert_eq(vq_init(&f->vq, &f->ram.mem, 256), 0);
	cr_assert_eq(vq_enable(&f->vq, &vq_split_ops, SIZE, &f->ring.addr), 0);
	f->vq.indirect = true;
}

static void close_fixture(struct fixture *f)
{
	vq_exit(&f->vq);
	ram_close(&f->ram);
}

/* ---- rings that break the rules ---- */

static void jump(struct fixture *f)
{
	ring_set_avail(&f->ring, SIZE + 1);
}

static void backwards(struct fixture *f)
{
	ring_set_avail(&f->ring, 0xffff);
}

static void head_outside(struct fixture *f)
{
	ring_push(&f->ring, SIZE);
}

static void next_outside(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->buf, 1, NEXT, SIZE);
	ring_push(&f->ring, 0);
}

static void next_itself(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->buf, 1, NEXT, 0);
	ring_push(&f->ring, 0);
}

static void next_itself_empty(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->buf, 0, NEXT, 0);
	ring_push(&f->ring, 0);
}

static void next_backwards(struct fixture *f)
{
	for (uint16_t i = 0; i < SIZE; i++)
		ring_desc(&f->ring, i, f->buf, 1, NEXT, (i + 1) % SIZE);
	ring_push(&f->ring, 3);
}

static void table_loop(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 32, IND, 0);
	ring_table(&f->ram, f->table, 0, f->buf, 1, NEXT, 1);
	ring_table(&f->ram, f->table, 1, f->buf, 1, NEXT, 0);
	ring_push(&f->ring, 0);
}

static void table_longer_than_queue(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 16 * (SIZE + 1), IND, 0);
	for (uint16_t i = 0; i <= SIZE; i++)
		ring_table(&f->ram, f->table, i, f->buf, 1, i < SIZE ? NEXT : 0, i + 1);
	ring_push(&f->ring, 0);
}

static void table_next_outside(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 32, IND, 0);
	ring_table(&f->ram, f->table, 0, f->buf, 1, NEXT, 2);
	ring_push(&f->ring, 0);
}

static void table_in_table(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 16, IND, 0);
	ring_table(&f->ram, f->table, 0, f->table, 16, IND, 0);
	ring_push(&f->ring, 0);
}

static void table_is_descriptor_area(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->ring.addr.desc, 16 * SIZE, IND, 0);
	ring_push(&f->ring, 0);
}

static void table_and_next(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 16, IND | NEXT, 1);
	ring_desc(&f->ring, 1, f->buf, 1, 0, 0);
	ring_table(&f->ram, f->table, 0, f->buf, 1, 0, 0);
	ring_push(&f->ring, 0);
}

static void table_empty(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 0, IND, 0);
	ring_push(&f->ring, 0);
}

static void table_cut(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->table, 17, IND, 0);
	ring_push(&f->ring, 0);
}

static void table_half_in_memory(struct fixture *f)
{
	ring_desc(&f->ring, 0, RAM_GPA + RAM_BYTES - 16, 32, IND, 0);
	ring_table(&f->ram, RAM_GPA + RAM_BYTES - 16, 0, f->buf, 1, 0, 0);
	ring_push(&f->ring, 0);
}

static void table_not_negotiated(struct fixture *f)
{
	f->vq.indirect = false;
	ring_desc(&f->ring, 0, f->table, 16, IND, 0);
	ring_table(&f->ram, f->table, 0, f->buf, 1, 0, 0);
	ring_push(&f->ring, 0);
}

static void address_nowhere(struct fixture *f)
{
	ring_desc(&f->ring, 0, 0x10, 64, WR, 0);
	ring_push(&f->ring, 0);
}

static void address_nowhere_empty(struct fixture *f)
{
	ring_desc(&f->ring, 0, 0x10, 0, WR, 0);
	ring_push(&f->ring, 0);
}

static void address_crosses_the_end(struct fixture *f)
{
	ring_desc(&f->ring, 0, RAM_GPA + RAM_BYTES - 8, 16, WR, 0);
	ring_push(&f->ring, 0);
}

static void address_wraps(struct fixture *f)
{
	ring_desc(&f->ring, 0, UINT64_MAX - 3, UINT32_MAX, 0, 0);
	ring_push(&f->ring, 0);
}

/* The last byte that there is, and the first: both are memory, but no buffer has both. */
static void address_wraps_to_memory(struct fixture *f)
{
	static uint8_t pages[2][4096];
	struct mem_region last = {.gpa = UINT64_MAX - 4095, .bytes = 4096, .host = pages[0]};
	struct mem_region first = {.gpa = 0, .bytes = 4096, .host = pages[1]};

	cr_assert(!mem_add(&f->ram.mem, &last) && !mem_add(&f->ram.mem, &first));
	ring_desc(&f->ring, 0, UINT64_MAX - 3, 8, 0, 0);
	ring_push(&f->ring, 0);
}

static void readable_behind_writable(struct fixture *f)
{
	ring_desc(&f->ring, 0, f->buf, 1, WR | NEXT, 1);
	ring_desc(&f->ring, 1, f->buf, 1, 0, 0);
	ring_push(&f->ring, 0);
}

Test(vq_split, broken_rules)
{
	static const struct {
		const char *id, *statement;
		void (*set_up)(struct fixture *f);
	} rows[] = {
		{"CVE-2016-5403 rustvmm-16f1b01 available index jumps", "VN-634a1a8f", jump},
		{"available index goes back", "VN-634a1a8f", backwards},
		{"head outside", "2.7.6", head_outside},
		{"dpdk-6ec1778134 next outside", "2.7.5", next_outside},
		{"CVE-2019-9547 next is itself", "VN-4cdfe746", next_itself},
		{"CVE-2016-6490 CVE-2019-9547 next is itself, empty", "VN-4cdfe746", next_itself_empty},
		{"CVE-2019-9547 chain is a circle", "VN-4cdfe746", next_backwards},
		{"CVE-2019-9547 table is a circle", "VN-4cdfe746", table_loop},
		{"table's chain longer than the queue", "VN-4cdfe746", table_longer_than_queue},
		{"next outside of the table", "2.7.5", table_next_outside},
		{"table in a table", "VN-e57a7116", table_in_table},
		{"table is the descriptor area", "VN-e57a7116", table_is_descriptor_area},
		{"indirect and next", "VN-ed33d8ba", table_and_next},
		{"empty table", "2.7.5.3", table_empty},
		{"table of 17 bytes", "2.7.5.3", table_cut},
		{"CVE-2018-1059-b half of the table in memory", "VN-4b147623", table_half_in_memory},
		{"indirect not negotiated", "VN-32d39309", table_not_negotiated},
		{"CVE-2021-3748 CVE-2024-3446 ch-a6d3901f3 address nowhere", "VN-4b147623", address_nowhere},
		{"CVE-2020-10725 address nowhere, empty", "VN-4b147623", address_nowhere_empty},
		{"CVE-2018-1059-a address crosses the end", "VN-4b147623", address_crosses_the_end},
		{"address wraps", "VN-4b147623", address_wraps},
		{"address wraps to memory", "VN-4b147623", address_wraps_to_memory},
		{"readable behind writable", "VN-72731f73", readable_behind_writable},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		struct vq_chain chain;
		static uint8_t before[RAM_BYTES];
		int got;

		open_fixture(&f);
		rows[i].set_up(&f);
		memcpy(before, f.ram.bytes, RAM_BYTES);
		got = vq_pop(&f.vq, &chain);
		cr_assert_lt(got, 0, "%s: %d", rows[i].id, got);
		cr_assert(f.vq.broken && strstr(f.vq.error, rows[i].statement), "%s: %s", rows[i].id, f.vq.error);
		/* It stays so, and nobody wrote anything. */
		cr_assert_eq(vq_pop(&f.vq, &chain), 0, "%s", rows[i].id);
		cr_assert_eq(vq_available(&f.vq), 0, "%s", rows[i].id);
		cr_assert_eq(vq_fill(&f.vq, &chain, 0), -EINVAL, "%s", rows[i].id);
		cr_assert_not(vq_publish(&f.vq), "%s", rows[i].id);
		vq_want_kicks(&f.vq, false);
		cr_assert_eq(memcmp(before, f.ram.bytes, RAM_BYTES), 0, "%s", rows[i].id);
		close_fixture(&f);
	}
}

/* ---- chains as they may be ---- */

/* CVE-2016-6490: empty buffers alone, between others, and as the only writable one. */
Test(vq_split, empty_buffers_CVE_2016_6490)
{
	struct fixture f;
	struct vq_chain chain;

	open_fixture(&f);
	ring_desc(&f.ring, 0, f.buf, 0, 0, 0);
	ring_push(&f.ring, 0);
	ring_desc(&f.ring, 1, f.buf, 5, NEXT, 2);
	ring_desc(&f.ring, 2, f.buf + 64, 0, NEXT, 3);
	ring_desc(&f.ring, 3, f.buf + 128, 7, NEXT, 4);
	ring_desc(&f.ring, 4, f.buf + 192, 0, WR, 0);
	ring_push(&f.ring, 1);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert(chain.id == 0 && !chain.readable && !chain.writable && !chain.readable_bytes);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(chain.id, 1);
	cr_assert(chain.readable == 2 && chain.readable_bytes == 12, "%zu", chain.readable);
	cr_assert(chain.writable == 0 && chain.writable_bytes == 0);
	cr_assert_eq(chain.iov[1].iov_base, ram_at(&f.ram, f.buf + 128));
	cr_assert_eq(vq_pop(&f.vq, &chain), 0);
	close_fixture(&f);
}

/* req: VN-53f36022, VN-74494a8b, VN-89fbd498; rustvmm-922f2e5: the table need not be aligned */
Test(vq_split, indirect_rustvmm_922f2e5)
{
	struct fixture f;
	struct vq_chain chain;
	uint64_t table;

	open_fixture(&f);
	table = f.table + 5;
	ring_desc(&f.ring, 6, f.buf, 3, NEXT, 2);
	ring_desc(&f.ring, 2, table, 48, IND | WR, 0);
	ring_table(&f.ram, table, 0, f.buf + 8, 4, NEXT, 2);
	ring_table(&f.ram, table, 2, f.buf + 16, 5, NEXT | WR, 1);
	ring_table(&f.ram, table, 1, f.buf + 32, 6, WR, 0);
	ring_push(&f.ring, 6);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1, "%s", f.vq.error);
	cr_assert_eq(chain.id, 6);
	cr_assert(chain.readable == 2 && chain.readable_bytes == 7);
	cr_assert(chain.writable == 2 && chain.writable_bytes == 11);
	cr_assert_eq(chain.iov[3].iov_base, ram_at(&f.ram, f.buf + 32));

	/* A chain as long as the queue, in a table that is longer. */
	ring_desc(&f.ring, 0, f.table, 16 * 2 * SIZE, IND, 0);
	for (uint16_t i = 0; i < SIZE; i++)
		ring_table(&f.ram, f.table, i, f.buf, UINT16_MAX, i < SIZE - 1 ? NEXT : 0, i + 1);
	ring_push(&f.ring, 0);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1, "%s", f.vq.error);
	cr_assert_eq(chain.readable_bytes, SIZE * (uint64_t)UINT16_MAX);
	close_fixture(&f);
}

/* CVE-2018-1059-a: a buffer over regions that are neighbours for the guest and not on the host is split; sums are
 * 64-bit. */
Test(vq_split, split_per_mapping_CVE_2018_1059_a)
{
	static uint8_t far[2][64];
	struct fixture f;
	struct vq_chain chain;
	struct iov_cursor c;

	open_fixture(&f);
	mem_add(&f.ram.mem, &(struct mem_region){.gpa = 0x1000, .bytes = 32, .host = far[1]});
	mem_add(&f.ram.mem, &(struct mem_region){.gpa = 0x1020, .bytes = 32, .host = far[0]});
	ring_desc(&f.ring, 0, 0x1010, 0x20, WR, 0);
	ring_push(&f.ring, 0);
	cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	cr_assert_eq(chain.writable, 2);
	c = vq_chain_out(&chain);
	iov_write(&c, "0123456789abcdef0123456789ABCDEF", 32);
	cr_assert_eq(memcmp(far[1] + 16, "0123456789abcdef", 16), 0);
	cr_assert_eq(memcmp(far[0], "0123456789ABCDEF", 16), 0);
	close_fixture(&f);
}

/* dpdk-38e6400387: indices pass 65535 and go on. Each chain comes back with what it was given. */
Test(vq_split, indices_wrap_dpdk_38e6400387)
{
	struct fixture f;
	struct vq_chain chain;
	uint32_t id, len;

	open_fixture(&f);
	for (uint16_t i = 0; i < SIZE; i++)
		ring_desc(&f.ring, i, f.buf + i, 70000, WR, 0);
	for (uint32_t i = 0; i < 70000; i++) {
		ring_push(&f.ring, i % 7);
		cr_assert_eq(vq_pop(&f.vq, &chain), 1, "%u: %s", i, f.vq.error);
		cr_assert_eq(vq_fill(&f.vq, &chain, i), 0);
		cr_assert(vq_publish(&f.vq));
		cr_assert(ring_pop(&f.ring, &id, &len));
		cr_assert(id == i % 7 && len == i);
	}
	cr_assert_eq(ring_used_idx(&f.ring), (uint16_t)70000);
	close_fixture(&f);
}

/* A full queue is as many chains as it has descriptors. */
Test(vq_split, full)
{
	struct fixture f;
	struct vq_chain chain;

	open_fixture(&f);
	for (uint16_t i = 0; i < SIZE; i++) {
		ring_desc(&f.ring, i, f.buf, 1, 0, 0);
		ring_push(&f.ring, i);
	}
	cr_assert_eq(vq_available(&f.vq), SIZE);
	for (int i = 0; i < SIZE; i++)
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	/* Nothing was given back yet: not one more can be there. */
	ring_push(&f.ring, 0);
	cr_assert_lt(vq_pop(&f.vq, &chain), 0);
	close_fixture(&f);
}

/* ---- enabling ---- */

/* fc-7909c5e6d: each area is checked from its first byte to its last. */
Test(vq_split, enable_fc_7909c5e6d)
{
	const uint64_t end = RAM_GPA + RAM_BYTES;
	const struct {
		const char *id;
		uint16_t size;
		int16_t want;
		uint64_t desc, driver, device; /* 0: a good place */
	} rows[] = {
		{"good", 8, 0, 0, 0, 0},
		{"one descriptor", 1, 0, 0, 0, 0},
		{"the most", 256, 0, 0, 0, 0},
		{"none", 0, -EINVAL, 0, 0, 0},
		{"no power of two", 6, -EINVAL, 0, 0, 0},
		{"above the device's", 512, -EINVAL, 0, 0, 0},
		{"descriptors unaligned", 8, -EINVAL, RAM_GPA + 8, 0, 0},
		{"driver area unaligned", 8, -EINVAL, 0, RAM_GPA + 1, 0},
		{"device area unaligned", 8, -EINVAL, 0, 0, RAM_GPA + 2},
		{"descriptors begin before memory", 8, -EFAULT, RAM_GPA - 16, 0, 0},
		{"driver area begins before memory", 8, -EFAULT, 0, RAM_GPA - 2, 0},
		{"device area begins before memory", 8, -EFAULT, 0, 0, RAM_GPA - 4},
		{"descriptors end behind memory", 8, -EFAULT, end - 8 * 16 + 16, 0, 0},
		{"descriptors end with memory", 8, 0, end - 8 * 16, 0, 0},
		{"used_event is behind memory", 8, -EFAULT, 0, end - 20, 0},
		{"driver area ends with memory", 8, 0, 0, end - 22, 0},
		{"avail_event is behind memory", 8, -EFAULT, 0, 0, end - 68},
		{"device area ends near the end", 8, 0, 0, 0, end - 72},
		{"wraps", 8, -EFAULT, UINT64_MAX - 15, 0, 0},
		{"nowhere", 8, -EFAULT, 0, 0, 0x40},
		{"device area is read-only", 8, -EFAULT, 0, 0, 0x10000000},
		{"driver area is read-only", 8, 0, 0, 0x10000000, 0},
	};
	static _Alignas(64) uint8_t rom[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ram ram;
		struct vq vq;
		struct virtio_queue_addr addr;
		int got;

		ram_open(&ram);
		mem_add(&ram.mem,
			&(struct mem_region){.gpa = 0x10000000, .bytes = sizeof(rom), .host = rom, .read_only = true});
		addr.desc = rows[i].desc ? rows[i].desc : ram_take(&ram, 8192);
		addr.driver = rows[i].driver ? rows[i].driver : ram_take(&ram, 8192);
		addr.device = rows[i].device ? rows[i].device : ram_take(&ram, 8192);
		cr_assert_eq(vq_init(&vq, &ram.mem, 256), 0);
		got = vq_enable(&vq, &vq_split_ops, rows[i].size, &addr);
		cr_assert_eq(got, rows[i].want, "%s: %d", rows[i].id, got);
		cr_assert_eq(vq_usable(&vq), !rows[i].want, "%s", rows[i].id);
		if (!got)
			cr_assert_eq(vq_enable(&vq, &vq_split_ops, rows[i].size, &addr), -EINVAL, "%s: twice",
				     rows[i].id);
		vq_exit(&vq);
		ram_close(&ram);
	}
}

/* ---- notifications ---- */

/* req: VN-fc47f73c, VN-bae4f3d8, VN-316c9a14 */
Test(vq_split, interrupts_by_flag)
{
	struct fixture f;
	struct vq_chain chain;

	open_fixture(&f);
	ring_desc(&f.ring, 0, f.buf, 1, WR, 0);
	for (int i = 0; i < 20; i++) {
		uint16_t flags = (i & 1) | (i & 2 ? 0x8000 : 0);

		ring_set_avail_flags(&f.ring, flags);
		ring_set_used_event(&f.ring, i);
		ring_push(&f.ring, 0);
		vq_pop(&f.vq, &chain);
		vq_fill(&f.vq, &chain, 1);
		cr_assert_eq(vq_publish(&f.vq), !(flags & 1), "%#x", flags);
	}
	cr_assert_not(vq_publish(&f.vq), "nothing to tell");
	close_fixture(&f);
}

/* req: VN-6bc6c002, VN-aa8a1839, VN-47d3309a. Batches of used buffers from `old` to `new`, and the entry the driver
 * waits for. */
Test(vq_split, interrupts_by_event)
{
	static const struct {
		uint16_t old, count, event;
		bool want;
	} rows[] = {
		{0, 1, 0, true},       {0, 1, 1, false},           {0, 1, 0xffff, false}, {0, 8, 7, true},
		{0, 8, 8, false},      {5, 3, 4, false},           {5, 3, 5, true},       {5, 3, 7, true},
		{5, 3, 8, false},      {0xfffe, 4, 0xfffd, false}, {0xfffe, 4, 0, true},  {0xfffe, 4, 1, true},
		{0xfffe, 4, 2, false}, {0xfffe, 4, 0xffff, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		struct vq_chain chain;

		open_fixture(&f);
		f.vq.event_idx = true;
		f.vq.next_avail = f.vq.next_used = f.vq.signalled = rows[i].old;
		ring_set_avail(&f.ring, rows[i].old);
		ring_set_avail_flags(&f.ring, VRING_AVAIL_F_NO_INTERRUPT); /* means nothing here */
		ring_set_used_event(&f.ring, rows[i].event);
		ring_desc(&f.ring, 0, f.buf, 1, WR, 0);
		for (int n = 0; n < rows[i].count; n++) {
			ring_push(&f.ring, 0);
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
			cr_assert_eq(vq_fill(&f.vq, &chain, 1), 0);
		}
		cr_assert_eq(vq_publish(&f.vq), rows[i].want, "row %zu", i);
		cr_assert_eq(ring_used_idx(&f.ring), (uint16_t)(rows[i].old + rows[i].count));
		close_fixture(&f);
	}
}

/* req: VN-d8025a92, VN-dc045bf7 */
Test(vq_split, kicks)
{
	struct fixture f;
	struct vq_chain chain;

	open_fixture(&f);
	ring_desc(&f.ring, 0, f.buf, 1, WR, 0);
	vq_want_kicks(&f.vq, false);
	cr_assert_eq(ring_used_flags(&f.ring), VRING_USED_F_NO_NOTIFY);
	vq_want_kicks(&f.vq, true);
	cr_assert_eq(ring_used_flags(&f.ring), 0);

	f.vq.event_idx = true;
	for (int i = 0; i < 5; i++)
		ring_push(&f.ring, 0);
	vq_pop(&f.vq, &chain);
	vq_want_kicks(&f.vq, false);
	cr_assert_eq(ring_used_flags(&f.ring), 0);
	cr_assert_eq(ring_avail_event(&f.ring), 0);
	/* Of the five one was taken; the device wants to hear of the sixth. */
	vq_want_kicks(&f.vq, true);
	cr_assert_eq(ring_used_flags(&f.ring), 0);
	cr_assert_eq(ring_avail_event(&f.ring), 5);
	close_fixture(&f);
}

/* ---- two threads ---- */

#define STREAM 200000

static uint16_t *index_at(struct fixture *f, uint64_t gpa)
{
	return (uint16_t *)ram_at(&f->ram, gpa);
}

/* The driver of the next test: fills a descriptor, then says so; never more than the ring holds. */
static void *produce(void *arg)
{
	struct fixture *f = arg;

	for (uint32_t i = 0; i < STREAM; i++) {
		while ((uint16_t)(i - __atomic_load_n(index_at(f, f->ring.addr.device + 2), __ATOMIC_ACQUIRE)) >= SIZE)
			sched_yield();
		ring_desc(&f->ring, i % SIZE, f->buf, i + 1, 0, 0);
		*index_at(f, f->ring.addr.driver + 4 + 2 * (i % SIZE)) = i % SIZE;
		__atomic_store_n(index_at(f, f->ring.addr.driver + 2), (uint16_t)(i + 1), __ATOMIC_RELEASE);
	}
	return NULL;
}

/* fc-1782e9ce2: what the index announces is read after it. A stale head or descriptor would have the length of an older
 * one. */
Test(vq_split, index_before_entry_fc_1782e9ce2)
{
	struct fixture f;
	struct vq_chain chain;
	pthread_t driver;

	open_fixture(&f);
	cr_assert_eq(pthread_create(&driver, NULL, produce, &f), 0);
	for (uint32_t i = 0; i < STREAM;) {
		int got = vq_pop(&f.vq, &chain);

		cr_assert_geq(got, 0, "%s", f.vq.error);
		if (!got) {
			sched_yield();
			continue;
		}
		cr_assert_eq(chain.readable_bytes, i + 1);
		vq_fill(&f.vq, &chain, 0);
		vq_publish(&f.vq);
		i++;
	}
	pthread_join(driver, NULL);
	close_fixture(&f);
}
