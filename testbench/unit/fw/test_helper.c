/* SPDX-License-Identifier: BSD-2-Clause */
#include "core.h"
#include "exec/exec.h"
#include "helper.h"
#include "maps.h"

static uint64_t call(uint32_t id, const void *r1, uint64_t r2, const void *r3, uint64_t r4, uint64_t r5,
		     struct run *run)
{
	return helper_of(id)->fn((uintptr_t)r1, r2, (uintptr_t)r3, r4, r5, run);
}

Test(helper, rows_have_the_ids_of_linux)
{
	static const struct {
		uint32_t id;
		const char *name;
	} rows[] = {
		{1, "map_lookup_elem"},
		{2, "map_update_elem"},
		{3, "map_delete_elem"},
		{5, "ktime_get_ns"},
		{6, "trace_printk"},
		{7, "get_prandom_u32"},
		{8, "get_smp_processor_id"},
		{12, "tail_call"},
		{23, "redirect"},
		{25, "perf_event_output"},
		{28, "csum_diff"},
		{44, "xdp_adjust_head"},
		{51, "redirect_map"},
		{54, "xdp_adjust_meta"},
		{65, "xdp_adjust_tail"},
		{69, "fib_lookup"},
		{93, "spin_lock"},
		{94, "spin_unlock"},
		{118, "jiffies64"},
		{125, "ktime_get_boot_ns"},
		{130, "ringbuf_output"},
		{131, "ringbuf_reserve"},
		{132, "ringbuf_submit"},
		{133, "ringbuf_discard"},
		{134, "ringbuf_query"},
		{160, "ktime_get_coarse_ns"},
		{163, "check_mtu"},
		{177, "trace_vprintk"},
		{188, "xdp_get_buff_len"},
		{189, "xdp_load_bytes"},
		{190, "xdp_store_bytes"},
	};
	uint64_t bits[4];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cr_assert(helper_of(rows[i].id), "%u", rows[i].id);
		cr_assert_str_eq(helper_of(rows[i].id)->name, rows[i].name);
	}
	helpers_all(bits);
	for (uint32_t id = 0; id < HELPER_MAX; id++)
		cr_assert_eq(bits[id / 64] >> id % 64 & 1, helper_of(id) != NULL, "%u", id);
	cr_assert_null(helper_of(0));
	cr_assert_null(helper_of(4));
	for (uint8_t count = 0; count < 5; count++) {
		const struct helper *h = helper_of(helper_with(HELPER_TRACE_PRINTK, count));

		cr_assert(h && h->args[1] == HELPER_ARG_SIZE, "%u arguments", count);
		cr_assert_eq(helper_with(HELPER_TRACE_PRINTK, count) < HELPER_MAX, count >= 3);
		cr_assert_eq(helper_with(5, count), 5u);
	}
	cr_assert_null(helper_of(HELPER_MAX + 3));
	cr_assert_null(helper_of(UINT32_MAX));
}

Test(helper, maps)
{
	struct map *hash = maps_new(VIRTIO_NET_XDP_MAP_HASH, 4, 8, 1, 0);
	struct map *array = maps_new(VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0);
	uint32_t one = 1, two = 2, zero = 0;
	uint64_t value = 77;
	struct run run = {0};

	cr_assert_eq(call(1, hash, (uintptr_t)&one, NULL, 0, 0, &run), 0);
	cr_assert_eq(call(2, hash, (uintptr_t)&one, &value, MAP_EXIST, 0, &run), (uint64_t)-ENOENT);
	cr_assert_eq(call(2, hash, (uintptr_t)&one, &value, 0, 0, &run), 0);
	cr_assert_eq(call(1, hash, (uintptr_t)&one, NULL, 0, 0, &run), (uintptr_t)maps_at(hash, 1));
	cr_assert_eq(maps_get(hash, 1), 77);
	cr_assert_eq(call(2, hash, (uintptr_t)&one, &value, MAP_NOEXIST, 0, &run), (uint64_t)-EEXIST);
	cr_assert_eq(call(2, hash, (uintptr_t)&two, &value, 0, 0, &run), (uint64_t)-E2BIG);
	cr_assert_eq(call(2, hash, (uintptr_t)&one, &value, 1ULL << 40, 0, &run), (uint64_t)-EINVAL,
		     "flags have 64 bits");
	cr_assert_eq(call(3, hash, (uintptr_t)&two, NULL, 0, 0, &run), (uint64_t)-ENOENT);
	cr_assert_eq(call(3, hash, (uintptr_t)&one, NULL, 0, 0, &run), 0);
	cr_assert_eq(call(3, array, (uintptr_t)&zero, NULL, 0, 0, &run), (uint64_t)-EINVAL);
	cr_assert_eq(call(1, array, (uintptr_t)&zero, NULL, 0, 0, &run), (uintptr_t)maps_at(array, 0));
	cr_assert_eq(call(1, array, (uintptr_t)&one, NULL, 0, 0, &run), 0);
	free(hash);
	free(array);
}

Test(helper, clock_queue_and_random)
{
	struct fw_frame frame = {.now_ns = 123456789012345, .rx_queue_index = 9};
	uint64_t state = helper_seed(1), again = helper_seed(1), other = helper_seed(2);
	struct run run = {.frame = &frame, .queue = 3, .prandom = &state};
	struct run second = {.frame = &frame, .prandom = &again}, third = {.frame = &frame, .prandom = &other};
	uint64_t ones = 0, zeros = UINT64_MAX;
	unsigned same = 0;

	cr_assert_eq(call(5, NULL, 0, NULL, 0, 0, &run), 123456789012345);
	cr_assert_eq(call(125, NULL, 0, NULL, 0, 0, &run), 123456789012345);
	cr_assert_eq(call(160, NULL, 0, NULL, 0, 0, &run), 123456789012345);
	cr_assert_eq(call(8, NULL, 0, NULL, 0, 0, &run), 3, "as steered, not as selected");
	for (int i = 0; i < 1000; i++) {
		uint64_t x = call(7, NULL, 0, NULL, 0, 0, &run);

		cr_assert_eq(x >> 32, 0);
		cr_assert_eq(x, call(7, NULL, 0, NULL, 0, 0, &second), "the same seed");
		same += x == call(7, NULL, 0, NULL, 0, 0, &third);
		ones |= x;
		zeros &= x;
	}
	cr_assert_lt(same, 3u);
	cr_assert_eq(ones, UINT32_MAX, "every bit is set at times");
	cr_assert_eq(zeros, 0, "and clear at times");
}

/* What Linux 6.18 returned for the same bytes: from is the frame's start, to its byte 64. */
Test(helper, csum_diff_as_linux)
{
	static const uint8_t random[128] = {
		0x45, 0x7c, 0x76, 0x9f, 0x39, 0xd8, 0x64, 0x41, 0x99, 0xc0, 0xe5, 0xbd, 0xbc, 0xfb, 0xc8, 0x5b,
		0x37, 0xce, 0x91, 0xcb, 0xde, 0x1f, 0xc1, 0xb0, 0xea, 0x6b, 0x44, 0xf1, 0x30, 0x43, 0x6d, 0xd7,
		0x29, 0xfe, 0x69, 0xbd, 0x9e, 0x8c, 0xeb, 0xa6, 0xa0, 0x7d, 0x1d, 0xec, 0x25, 0xb1, 0xb0, 0x87,
		0xef, 0xe2, 0x6c, 0x07, 0xff, 0x0d, 0x21, 0xd7, 0xdb, 0x0b, 0x33, 0x77, 0x77, 0x38, 0xa5, 0xc6,
		0x74, 0xd3, 0x7f, 0xf1, 0x36, 0xea, 0xc1, 0x3f, 0x55, 0x32, 0x23, 0xa6, 0x38, 0x41, 0x46, 0x0d,
		0x3b, 0x6a, 0xa1, 0xe6, 0x8d, 0x68, 0x27, 0x28, 0xf6, 0x10, 0xfb, 0x1c, 0x7f, 0xd9, 0x2d, 0x5f,
		0xa2, 0xe8, 0x14, 0x78, 0x00, 0x71, 0x52, 0xde, 0xa8, 0x65, 0x1f, 0x3f, 0xce, 0x59, 0x79, 0x61,
		0x68, 0xe9, 0x33, 0x8b, 0x87, 0xfe, 0x1a, 0x1a, 0x45, 0xcf, 0xed, 0x92, 0x59, 0x23, 0xd4, 0x3f,
	};
	static const struct {
		uint32_t from, to, seed;
		uint16_t zeros, ones, random, stripes; /* of the four frames below */
	} rows[] = {
		{0, 0, 0x0, 0x0, 0x0, 0x0, 0x0},
		{0, 0, 0x12345, 0x2346, 0x2346, 0x2346, 0x2346},
		{0, 0, 0xffffffff, 0xffff, 0xffff, 0xffff, 0xffff},
		{0, 4, 0x0, 0x0, 0xffff, 0xc4f4, 0xffff},
		{4, 0, 0x0, 0x0, 0x0, 0xe443, 0xffff},
		{4, 4, 0x0, 0xffff, 0xffff, 0xa938, 0xffff},
		{8, 12, 0xfffe, 0xfffe, 0xfffe, 0x920a, 0xfffe},
		{20, 20, 0xffff, 0xffff, 0xffff, 0xc198, 0xffff},
		{20, 16, 0xffffffff, 0xffff, 0xffff, 0x70bb, 0xffff},
		{0, 40, 0x7, 0x7, 0x7, 0xe26, 0x7},
		{60, 0, 0x7, 0x7, 0x7, 0x2e33, 0x7},
		{40, 64, 0x10000, 0x1, 0x1, 0xe41a, 0x1},
		{64, 4, 0x80000001, 0x8001, 0x8001, 0x7405, 0x8001},
		{0, 64, 0xffff0000, 0xffff, 0xffff, 0xc0cd, 0xffff},
	};
	uint8_t frames[4][128 + 1];

	/* at an odd address, as in a packet */
	memset(frames[0], 0, sizeof(frames[0]));
	memset(frames[1], 0xff, sizeof(frames[1]));
	memcpy(frames[2] + 1, random, sizeof(random));
	for (int i = 0; i < 128; i++)
		frames[3][1 + i] = i & 2 ? 0 : 0xff;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const uint16_t expect[4] = {rows[r].zeros, rows[r].ones, rows[r].random, rows[r].stripes};

		for (int f = 0; f < 4; f++) {
			const uint8_t *from = rows[r].from ? frames[f] + 1 : NULL,
				      *to = rows[r].to ? frames[f] + 65 : NULL;
			uint64_t high = 0xabcdULL << 32; /* sizes and seed are 32 bits wide */

			cr_assert_eq(
				call(28, from, high | rows[r].from, to, high | rows[r].to, high | rows[r].seed, NULL),
				expect[f], "row %zu frame %d", r, f);
		}
	}
}

Test(helper, csum_diff_wants_whole_words)
{
	uint8_t bytes[64] = {0};

	for (uint32_t size = 0; size < 16; size++) {
		uint64_t expect = size % 4 ? (uint64_t)-EINVAL : 0;

		cr_assert_eq(call(28, NULL, 0, bytes, size, 0, NULL), expect, "to %u", size);
		cr_assert_eq(call(28, bytes, size, NULL, 0, 0, NULL), expect, "from %u", size);
	}
}

Test(helper, jiffies)
{
	static const struct {
		uint64_t ns;
		uint32_t hz;
		uint64_t expect;
	} rows[] = {
		{0, 250, 0},
		{3999999, 250, 0},
		{4000000, 250, 1},
		{1000000000, 250, 250},
		{1999999999, 1000, 1999},
		{333333334, 3, 1},
		{UINT64_MAX, 250, 4611686018427},
		{UINT64_MAX / 8, UINT32_MAX, 9903520311977199185ULL},
		{5000000000, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fw_frame frame = {.now_ns = rows[i].ns};
		struct fw *fw = calloc(1, sizeof(*fw));
		struct run run = {.frame = &frame, .fw = fw};

		fw->config.caps.hz = rows[i].hz;
		cr_assert_eq(call(118, NULL, 0, NULL, 0, 0, &run), rows[i].expect, "row %zu", i);
		free(fw);
	}
}
