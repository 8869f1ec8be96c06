/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"
#include "watch.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define NEXT  VRING_DESC_F_NEXT
#define WR    VRING_DESC_F_WRITE
#define IND   VRING_DESC_F_INDIRECT
#define AVAIL VRING_PACKED_DESC_F_AVAIL
#define USED  VRING_PACKED_DESC_F_USED
#define WRAP  VRING_PACKED_WRAP

struct fixture {
	struct ram ram;
	struct vq vq;
	struct virtio_queue_addr addr;
	uint64_t buf, table;
	uint16_t size, at;
};

static void open_fixture(struct fixture *f, uint16_t size)
{
	*f = (struct fixture){.size = size, .at = WRAP};
	ram_open(&f->ram);
	f->ram.next = (f->ram.next + 4095) & ~4095ULL; /* rings on pages of their own, for watch.h */
	f->addr = (struct virtio_queue_addr){ram_take(&f->ram, 16 * (size_t)size), ram_take(&f->ram, 4),
					     ram_take(&f->ram, 4)};
	f->table = ram_take(&f->ram, 64 * 16);
	f->ram.next = (f->ram.next + 4095) & ~4095ULL;
	f->buf = ram_take(&f->ram, 4096);
	cr_assert_eq(vq_init(&f->vq, &f->ram.mem, 32768), 0);
	cr_assert_eq(vq_enable(&f->vq, &vq_packed_ops, size, &f->addr), 0, "size %u", size);
	f->vq.indirect = true;
}

static void close_fixture(struct fixture *f)
{
	vq_exit(&f->vq);
	ram_close(&f->ram);
}

static struct vring_packed_desc *desc_of(struct fixture *f, uint16_t at)
{
	return (struct vring_packed_desc *)ram_at(&f->ram, f->addr.desc) + (at & ~WRAP);
}

static uint16_t next(const struct fixture *f, uint16_t at)
{
	return (at & ~WRAP) + 1 < f->size ? at + 1 : ~at & WRAP;
}

/* Makes a descriptor available. */
static void put(struct fixture *f, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	*desc_of(f, f->at) = (struct vring_packed_desc){cpu_to_le64(addr), cpu_to_le32(len), cpu_to_le16(id),
							cpu_to_le16((uint16_t)((f->at & WRAP ? AVAIL : USED) | flags))};
	f->at = next(f, f->at);
}

static bool is_used(struct fixture *f, uint16_t at)
{
	return (le16_to_cpu(desc_of(f, at)->flags) & (AVAIL | USED)) == (at & WRAP ? AVAIL | USED : 0);
}

static void set_event(struct fixture *f, uint16_t off_wrap, uint16_t flags)
{
	struct vring_packed_event event = {cpu_to_le16(off_wrap), cpu_to_le16(flags)};

	memcpy(ram_at(&f->ram, f->addr.driver), &event, sizeof(event));
}

/* dpdk-3ad55b8e94: laps of lists of any length; each comes back with what it was given, at the place of its first. */
Test(vq_packed, laps_dpdk_3ad55b8e94)
{
	static const uint16_t sizes[] = {1, 2, 3, 5, 64, 1000, 32767, 32768};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct fixture f;
		struct vq_chain chain;
		uint16_t size = sizes[s], most = size < 4 ? size : 4;

		open_fixture(&f, size);
		for (uint32_t n = 0; n < 3u * size + 70000 / size; n++) {
			uint16_t count = n % most + 1, first = f.at;

			for (uint16_t i = 0; i < count; i++)
				put(&f, f.buf + i, 5, i + 1 < count ? 0xbad : (uint16_t)(n * 7),
				    WR | (i + 1 < count ? NEXT : 0));
			cr_assert_eq(vq_available(&f.vq), 1, "%u: %u: %s", size, n, f.vq.error);
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
			cr_assert(chain.writable == count && chain.places == count && chain.id == (uint16_t)(n * 7));
			cr_assert_eq(vq_fill(&f.vq, &chain, n % 6), 0);
			cr_assert(vq_publish(&f.vq));
			cr_assert(is_used(&f, first));
			cr_assert_eq(le16_to_cpu(desc_of(&f, first)->id), (uint16_t)(n * 7));
			cr_assert_eq(le32_to_cpu(desc_of(&f, first)->len), n % 6);
			cr_assert_eq(!!(le16_to_cpu(desc_of(&f, first)->flags) & WR), n % 6 > 0);
		}
		close_fixture(&f);
	}
}

/* CVE-2022-26353: lists popped before an error are all given back, across the end of the ring. */
Test(vq_packed, rewind_CVE_2022_26353)
{
	struct fixture f;
	struct vq_chain chain;
	struct vq_mark mark;

	open_fixture(&f, 7);
	for (uint16_t n = 0; n < 100; n++) {
		for (uint16_t i = 0; i < 3; i++) {
			put(&f, f.buf, 1, 0, WR | NEXT);
			put(&f, f.buf, 1, 3 * n + i, WR);
		}
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
		cr_assert_eq(vq_fill(&f.vq, &chain, 2), 0);
		mark = vq_mark(&f.vq);
		for (int round = 0; round < 10; round++) {
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
			cr_assert_eq(chain.id, 3 * n + 1);
			cr_assert_eq(vq_fill(&f.vq, &chain, 1), 0);
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
			cr_assert_eq(vq_pop(&f.vq, &chain), 0);
			vq_rewind(&f.vq, mark);
			cr_assert_eq(vq_available(&f.vq), 2);
		}
		for (int i = 1; i < 3; i++) {
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
			cr_assert_eq(chain.id, 3 * n + i);
			cr_assert_eq(vq_fill(&f.vq, &chain, 2), 0);
		}
		vq_publish(&f.vq);
	}
	close_fixture(&f);
}

/* CVE-2016-5403: a ring that is full is not looked at as if it were a new lap; one that says so is broken. */
Test(vq_packed, full_CVE_2016_5403)
{
	struct fixture f;
	struct vq_chain chain;

	open_fixture(&f, 3);
	for (uint16_t i = 0; i < 3; i++)
		put(&f, f.buf, 1, i, 0);
	cr_assert_eq(vq_available(&f.vq), 3);
	put(&f, f.buf, 1, 3, 0);
	cr_assert_eq(vq_available(&f.vq), 3, "those before it are judged before it");
	for (uint16_t i = 0; i < 3; i++) {
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
		cr_assert_eq(chain.id, i, "the first one was copied before");
	}
	cr_assert_eq(vq_pop(&f.vq, &chain), -EPROTO);
	cr_assert(f.vq.broken && strstr(f.vq.error, "VN-d0245546"));
	cr_assert_eq(vq_pop(&f.vq, &chain), 0);
	close_fixture(&f);
}

/* Each area is checked from its first byte to its last: fc-7909c5e6d. */
/* What breaks a ring, and which statement the reason names. CVE-2019-9547, CVE-2018-1059-b, CVE-2020-10725,
 * CVE-2024-3446 */
Test(vq_packed, broken_rules)
{
	static const struct {
		const char *id, *statement;
		struct {
			uint64_t addr; /* 0: a buffer; 1: the table, which is empty descriptors */
			uint32_t len;
			uint16_t flags;
		} desc[4];
		unsigned count;
		bool not_indirect;
	} rows[] = {
		{"the list ends in nothing", "VN-557a31bd", {{0, 1, NEXT}}, 1, false},
		{"CVE-2019-9547 the list goes on behind the queue",
		 "VN-f8a19752",
		 {{0, 1, NEXT}, {0, 1, NEXT}, {0, 1, NEXT}, {0, 1, NEXT}},
		 4,
		 false},
		{"CVE-2024-3446 CVE-2021-3748 address nowhere", "VN-4b147623", {{0x10, 60, WR}}, 1, false},
		{"CVE-2020-10725 address nowhere, empty", "VN-4b147623", {{0x10, 0, 0}}, 1, false},
		{"CVE-2018-1059-a address crosses the end",
		 "VN-4b147623",
		 {{RAM_GPA + RAM_BYTES - 8, 16, WR}},
		 1,
		 false},
		{"address wraps", "VN-4b147623", {{UINT64_MAX - 3, 60, 0}}, 1, false},
		{"readable behind writable", "VN-ed627243", {{0, 12, WR | NEXT}, {0, 60, 0}}, 2, false},
		{"indirect and next", "VN-5a5c5c14", {{1, 16, IND | NEXT}, {0, 60, 0}}, 2, false},
		{"indirect at the end of a list", "VN-5a5c5c14", {{0, 12, NEXT}, {1, 16, IND}}, 2, false},
		{"empty table", "2.8.7", {{1, 0, IND}}, 1, false},
		{"table of 17 bytes", "2.8.7", {{1, 17, IND}}, 1, false},
		{"CVE-2018-1059-b half of the table in memory",
		 "VN-4b147623",
		 {{RAM_GPA + RAM_BYTES - 16, 32, IND}},
		 1,
		 false},
		{"table longer than the queue", "VN-55c6f3c9", {{1, 5 * 16, IND}}, 1, false},
		{"indirect not negotiated", "VN-bccf1ea9", {{1, 16, IND}}, 1, true},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct fixture f;
		struct vq_chain chain;
		static uint8_t before[RAM_BYTES];

		open_fixture(&f, 4);
		f.vq.indirect = !rows[r].not_indirect;
		for (unsigned i = 0; i < rows[r].count; i++) {
			uint64_t addr = rows[r].desc[i].addr;

			put(&f, addr ? addr == 1 ? f.table : addr : f.buf, rows[r].desc[i].len, 1,
			    rows[r].desc[i].flags);
		}
		memcpy(before, f.ram.bytes, RAM_BYTES);
		cr_assert_lt(vq_pop(&f.vq, &chain), 0, "%s", rows[r].id);
		cr_assert(f.vq.broken && strstr(f.vq.error, rows[r].statement), "%s: %s", rows[r].id, f.vq.error);
		/* It stays so, and nobody wrote anything. */
		cr_assert_eq(vq_pop(&f.vq, &chain), 0, "%s", rows[r].id);
		cr_assert_eq(vq_available(&f.vq), 0, "%s", rows[r].id);
		cr_assert_eq(vq_fill(&f.vq, &chain, 0), -EINVAL, "%s", rows[r].id);
		cr_assert_not(vq_publish(&f.vq), "%s", rows[r].id);
		cr_assert_eq(memcmp(before, f.ram.bytes, RAM_BYTES), 0, "%s", rows[r].id);
		close_fixture(&f);
	}
}

Test(vq_packed, enable_fc_7909c5e6d)
{
	const uint64_t end = RAM_GPA + RAM_BYTES;
	const struct {
		const char *id;
		uint16_t size;
		int want;
		uint64_t desc, driver, device; /* 0: a good place */
	} rows[] = {
		{"one descriptor", 1, 0, 0, 0, 0},
		{"no power of two", 6, 0, 0, 0, 0},
		{"the most", 256, 0, 0, 0, 0},
		{"none", 0, -EINVAL, 0, 0, 0},
		{"above the device's", 257, -EINVAL, 0, 0, 0},
		{"descriptors unaligned", 8, -EINVAL, RAM_GPA + 8, 0, 0},
		{"driver area unaligned", 8, -EINVAL, 0, RAM_GPA + 2, 0},
		{"device area unaligned", 8, -EINVAL, 0, 0, RAM_GPA + 2},
		{"descriptors begin before memory", 8, -EFAULT, RAM_GPA - 16, 0, 0},
		{"descriptors end behind memory", 8, -EFAULT, end - 7 * 16, 0, 0},
		{"descriptors end with memory", 8, 0, end - 8 * 16, 0, 0},
		{"driver area nowhere", 8, -EFAULT, 0, end, 0},
		{"driver area ends with memory", 8, 0, 0, end - 4, 0},
		{"device area nowhere", 8, -EFAULT, 0, 0, 0x40},
		{"descriptors read-only", 8, -EFAULT, 0x10000000, 0, 0},
		{"device area read-only", 8, -EFAULT, 0, 0, 0x10000000},
		{"driver area read-only", 8, 0, 0, 0x10000000, 0},
		{"wraps", 8, -EFAULT, UINT64_MAX - 15, 0, 0},
	};
	static _Alignas(64) uint8_t rom[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ram ram;
		struct vq vq;
		struct virtio_queue_addr addr;

		ram_open(&ram);
		mem_add(&ram.mem,
			&(struct mem_region){.gpa = 0x10000000, .bytes = sizeof(rom), .host = rom, .read_only = true});
		addr.desc = rows[i].desc ? rows[i].desc : ram_take(&ram, 8192);
		addr.driver = rows[i].driver ? rows[i].driver : ram_take(&ram, 4);
		addr.device = rows[i].device ? rows[i].device : ram_take(&ram, 4);
		cr_assert_eq(vq_init(&vq, &ram.mem, 256), 0);
		cr_assert_eq(vq_enable(&vq, &vq_packed_ops, rows[i].size, &addr), rows[i].want, "%s", rows[i].id);
		cr_assert_eq(vq_usable(&vq), !rows[i].want, "%s", rows[i].id);
		vq_exit(&vq);
		ram_close(&ram);
	}
}

/* Used descriptors from `old`, `count` of a ring of 5, and the one the driver waits for. */
Test(vq_packed, interrupts)
{
	static const struct {
		bool event_idx;
		uint16_t old, count, flags, off_wrap;
		bool want;
	} rows[] = {
		{false, 0, 1, VRING_PACKED_EVENT_FLAG_ENABLE, 0, true},
		{false, 0, 1, VRING_PACKED_EVENT_FLAG_DISABLE, 0, false},
		{true, 0, 1, VRING_PACKED_EVENT_FLAG_DISABLE, WRAP, false},
		{true, 0, 1, VRING_PACKED_EVENT_FLAG_ENABLE, 4, true},
		{false, 0, 1, VRING_PACKED_EVENT_FLAG_DESC, 4, true}, /* means nothing: better once too often */
		{true, 0, 1, 3, 4, true},
		{true, 0, 1, 0xfffc | VRING_PACKED_EVENT_FLAG_DISABLE, 0, false},
		{true, 0, 1, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 0, true},
		{true, 0, 1, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 1, false},
		{true, 0, 1, VRING_PACKED_EVENT_FLAG_DESC, 0, false},
		{true, 0, 5, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 4, true},
		{true, 0, 5, VRING_PACKED_EVENT_FLAG_DESC, 0, false},
		{true, 3, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 2, false},
		{true, 3, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 3, true},
		{true, 3, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 4, true},
		{true, 3, 4, VRING_PACKED_EVENT_FLAG_DESC, 0, true},
		{true, 3, 4, VRING_PACKED_EVENT_FLAG_DESC, 1, true},
		{true, 3, 4, VRING_PACKED_EVENT_FLAG_DESC, 2, false},
		{true, 7, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 0, true},
		{true, 7, 4, VRING_PACKED_EVENT_FLAG_DESC, WRAP | 1, false},
		{true, 7, 4, VRING_PACKED_EVENT_FLAG_DESC, 1, false},
		{true, 7, 4, VRING_PACKED_EVENT_FLAG_DESC, 2, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;
		struct vq_chain chain;

		open_fixture(&f, 5);
		f.vq.event_idx = rows[i].event_idx;
		for (uint16_t n = 0; n < rows[i].old + rows[i].count; n++) {
			if (n == rows[i].old)
				set_event(&f, rows[i].off_wrap, rows[i].flags);
			put(&f, f.buf, 1, n, WR);
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
			cr_assert_eq(vq_fill(&f.vq, &chain, 1), 0);
			if (n < rows[i].old)
				vq_publish(&f.vq);
		}
		cr_assert_eq(vq_publish(&f.vq), rows[i].want, "row %zu", i);
		close_fixture(&f);
	}
}

Test(vq_packed, kicks)
{
	struct fixture f;
	struct vring_packed_event event;
	struct vq_chain chain;

	open_fixture(&f, 3);
	for (uint16_t n = 0; n < 8; n++) {
		f.vq.event_idx = n & 1;
		put(&f, f.buf, 1, n, 0);
		put(&f, f.buf, 1, n, 0);
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
		cr_assert_eq(vq_want_kicks(&f.vq, false), 0);
		memcpy(&event, ram_at(&f.ram, f.addr.device), sizeof(event));
		cr_assert_eq(le16_to_cpu(event.flags), VRING_PACKED_EVENT_FLAG_DISABLE);
		cr_assert_eq(vq_want_kicks(&f.vq, true), 0);
		memcpy(&event, ram_at(&f.ram, f.addr.device), sizeof(event));
		cr_assert_eq(le16_to_cpu(event.flags),
			     n & 1 ? VRING_PACKED_EVENT_FLAG_DESC : VRING_PACKED_EVENT_FLAG_ENABLE);
		if (n & 1)
			cr_assert_eq(le16_to_cpu(event.off_wrap), f.at, "the next one to come");
		vq_fill(&f.vq, &chain, 0);
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
		vq_fill(&f.vq, &chain, 0);
		vq_publish(&f.vq);
	}
	close_fixture(&f);
}

/* IN_ORDER: runs end behind each list that was not written to its last byte. */
Test(vq_packed, runs)
{
	static const uint8_t bytes[] = {4, 4, 2, 3, 4, 4};
	static const struct {
		uint16_t at, id;
		uint32_t len;
	} used[] = {{0, 2, 2}, {3, 3, 3}, {4, 5, 4}};
	struct fixture f;
	struct vq_chain chain;
	unsigned count = 0;

	open_fixture(&f, 16);
	f.vq.in_order = true;
	for (uint16_t i = 0; i < 6; i++) {
		put(&f, f.buf, 4, i, WR);
		cr_assert_eq(vq_pop(&f.vq, &chain), 1);
		cr_assert_eq(vq_fill(&f.vq, &chain, bytes[i]), 0);
	}
	vq_publish(&f.vq);
	for (uint16_t i = 0; i < 6; i++)
		count += is_used(&f, WRAP | i);
	cr_assert_eq(count, 3);
	for (size_t i = 0; i < 3; i++) {
		cr_assert(is_used(&f, WRAP | used[i].at));
		cr_assert_eq(le16_to_cpu(desc_of(&f, used[i].at)->id), used[i].id);
		cr_assert_eq(le32_to_cpu(desc_of(&f, used[i].at)->len), used[i].len);
	}
	cr_assert_eq(f.vq.packed.used_at, WRAP | 6);
	close_fixture(&f);
}

/* Whether no field at p was read twice; a copy may be made in parts. */
static bool once(const void *p, size_t bytes)
{
	unsigned most = 0;

	for (size_t i = 0; i < bytes; i += 2) {
		unsigned reads = watch_reads((const uint8_t *)p + i, 2);

		most = reads > most ? reads : most;
	}
	return most == 1;
}

/* A driver that changes a field between two reads gets nothing from it: there is one. Of a table's entries too. */
Test(vq_packed, each_field_is_read_once)
{
	struct fixture f;
	struct vq_chain chain;
	struct vq_mark mark;
	uint8_t *table;

	WATCH_OR_SKIP();
	open_fixture(&f, 16);
	table = ram_at(&f.ram, f.table);
	for (uint16_t i = 0; i < 16; i++)
		put(&f, i == 7 ? f.table : f.buf, i == 7 ? 64 : 8, i,
		    i == 7                       ? IND
		    : i % 3 || i == 6 || i == 15 ? 0
						 : NEXT);
	for (uint16_t i = 0; i < 4; i++)
		ring_table(&f.ram, f.table, i, f.buf, 1, 0, 0);
	watch_start(ram_at(&f.ram, f.addr.desc), 4096);
	mark = vq_mark(&f.vq);
	for (int round = 0; round < 2; round++) {
		vq_rewind(&f.vq, mark);
		mark = vq_mark(&f.vq);
		for (int n = 0; n < 3; n++)
			cr_assert_eq(vq_pop(&f.vq, &chain), 1);
	}
	while (vq_pop(&f.vq, &chain) > 0)
		cr_assert_eq(vq_fill(&f.vq, &chain, 0), 0);
	watch_stop();
	cr_assert_not(f.vq.broken, "%s", f.vq.error);
	for (uint16_t i = 0; i < 16; i++) {
		cr_expect_eq(watch_reads(desc_of(&f, i), 8), 1, "address of %u: %u reads", i,
			     watch_reads(desc_of(&f, i), 8));
		/* Looked at again when the ring is full: whether it is available. */
		cr_expect_leq(watch_reads((uint8_t *)desc_of(&f, i) + 8, 8), i ? 1u : 8u, "%u: length, id, flags", i);
	}
	for (uint16_t i = 0; i < 4; i++)
		cr_expect(once(table + 16 * i, 16), "entry %u", i);
	close_fixture(&f);
}

/* The same of a split ring, which is walked when it is popped. */
Test(vq_packed, each_field_of_a_split_ring_is_read_once)
{
	struct ram ram;
	struct ring ring;
	struct vq vq;
	struct vq_chain chain;
	uint64_t buf, table;

	WATCH_OR_SKIP();
	ram_open(&ram);
	ring_open(&ring, &ram, 16);
	table = ram_take(&ram, 64);
	ram.next = (ram.next + 4095) & ~4095ULL;
	buf = ram_take(&ram, 64);
	cr_assert_eq(vq_init(&vq, &ram.mem, 16), 0);
	cr_assert_eq(vq_enable(&vq, &vq_split_ops, 16, &ring.addr), 0);
	vq.indirect = true;
	for (uint16_t i = 0; i < 16; i += 4) {
		ring_desc(&ring, i, buf, 8, NEXT, i + 1);
		ring_desc(&ring, i + 1, buf, 8, NEXT, i + 2);
		ring_desc(&ring, i + 2, i ? buf : table, i ? 8 : 64, i ? NEXT : IND, i + 3);
		ring_desc(&ring, i + 3, buf, 8, 0, 0);
		ring_push(&ring, i);
	}
	for (uint16_t i = 0; i < 4; i++)
		ring_table(&ram, table, i, buf, 1, i < 3 ? NEXT : 0, i + 1);
	watch_start(ram.bytes, 4096);
	while (vq_pop(&vq, &chain) > 0)
		cr_assert_eq(vq_fill(&vq, &chain, 0), 0);
	watch_stop();
	cr_assert_not(vq.broken, "%s", vq.error);
	cr_assert_eq(vq.next_avail, 4);
	for (uint16_t i = 0; i < 16; i++)
		cr_expect(i == 3 || once((uint8_t *)ram_at(&ram, ring.addr.desc) + 16 * i, 16), "descriptor %u", i);
	for (uint16_t i = 0; i < 4; i++) {
		cr_expect(once((uint8_t *)ram_at(&ram, table) + 16 * i, 16), "entry %u", i);
		cr_expect(once((uint8_t *)ram_at(&ram, ring.addr.driver) + 4 + 2 * i, 2), "head %u", i);
	}
	vq_exit(&vq);
	ram_close(&ram);
}
