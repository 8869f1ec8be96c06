/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <string.h>

#include "exec/exec.h"
#include "xdp.h"

#define HEAD 256
#define SIZE 64
#define TAIL 256

static uint8_t mem[HEAD + SIZE + TAIL];

/* A frame of SIZE bytes 0, 1, 2 ... with meta bytes of 0xee before it, in memory of 0x55. */
static struct fw_frame frame_with(uint32_t meta)
{
	uint8_t *data = mem + HEAD;

	memset(mem, 0x55, sizeof(mem));
	memset(data - meta, 0xee, meta);
	for (int i = 0; i < SIZE; i++)
		data[i] = (uint8_t)i;
	return (struct fw_frame){
		.data = data,
		.data_end = data + SIZE,
		.data_meta = data - meta,
		.hard_start = mem,
		.hard_end = mem + sizeof(mem),
	};
}

static uint64_t adjust(helper_fn *fn, struct fw_frame *frame, int64_t by)
{
	struct run run = {.frame = frame, .max_metadata = 32};

	return fn((uintptr_t)frame, (uint64_t)by, 0, 0, 0, &run);
}

/* Of the headroom a program sees zeros, or what it wrote: nothing of the frames that were in this memory before. */
Test(xdp, headroom_has_nothing_of_earlier_frames)
{
	static const struct {
		const char *id;
		helper_fn *fn;
		int64_t by;
	} steps[] = {
		{"head", xdp_adjust_head, -16},     {"more head", xdp_adjust_head, -4}, {"meta", xdp_adjust_meta, -8},
		{"more meta", xdp_adjust_meta, -4}, {"both", xdp_adjust_head, -40},
	};
	struct fw_frame frame = frame_with(0);
	struct run run = {.frame = &frame, .max_metadata = 32, .headroom_top = frame.data};
	uint8_t *first = frame.data;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		cr_assert_eq(steps[i].fn(0, (uint64_t)steps[i].by, 0, 0, 0, &run), 0, "%s", steps[i].id);
		for (uint8_t *p = frame.data_meta; p < first; p++)
			cr_assert_eq(*p, 0, "%s: %#x", steps[i].id, *p);
		cr_assert_eq(frame.data_meta[-1], 0x55, "%s: no more than that", steps[i].id);
	}
	/* what the frame had itself comes back as it was */
	frame = frame_with(0);
	run.headroom_top = frame.data;
	cr_assert_eq(xdp_adjust_head(0, 30, 0, 0, 0, &run), 0);
	cr_assert_eq(xdp_adjust_head(0, (uint64_t)-34, 0, 0, 0, &run), 0);
	for (int i = -4; i < SIZE; i++)
		cr_assert_eq(frame.data[i + 4], i < 0 ? 0 : i);
}

/* The frame is unchanged after -errno; where its ends are after 0. */
Test(xdp, adjust_rows)
{
	static const struct {
		const char *id;
		helper_fn *fn;
		uint32_t meta;
		int64_t by;
		int expect;
		int start, end, meta_start; /* moves */
	} rows[] = {
		{"head 0", xdp_adjust_head, 0, 0, 0, 0, 0, 0},
		{"head -4", xdp_adjust_head, 0, -4, 0, -4, 0, -4},
		{"head to the headroom's start", xdp_adjust_head, 0, -256, 0, -256, 0, -256},
		{"head before it", xdp_adjust_head, 0, -257, -EINVAL, 0, 0, 0},
		{"head leaves 14", xdp_adjust_head, 0, 50, 0, 50, 0, 50},
		{"head leaves 13", xdp_adjust_head, 0, 51, -EINVAL, 0, 0, 0},
		{"head least", xdp_adjust_head, 0, INT32_MIN, -EINVAL, 0, 0, 0},
		{"head most", xdp_adjust_head, 0, INT32_MAX, -EINVAL, 0, 0, 0},
		{"head 32 bits count", xdp_adjust_head, 0, 0x1fffffffc, 0, -4, 0, -4},
		{"head with metadata", xdp_adjust_head, 8, -20, 0, -20, 0, -20},
		{"head forward with metadata", xdp_adjust_head, 8, 4, 0, 4, 0, 4},
		{"head with metadata at the start", xdp_adjust_head, 8, -248, 0, -248, 0, -248},
		{"head with metadata before it", xdp_adjust_head, 8, -249, -EINVAL, 0, 0, 0},
		{"meta 0", xdp_adjust_meta, 0, 0, 0, 0, 0, 0},
		{"meta -4", xdp_adjust_meta, 0, -4, 0, 0, 0, -4},
		{"meta -32", xdp_adjust_meta, 0, -32, 0, 0, 0, -32},
		{"meta -36 is not offered", xdp_adjust_meta, 0, -36, -EACCES, 0, 0, 0},
		{"meta -3 is no multiple of 4", xdp_adjust_meta, 0, -3, -EACCES, 0, 0, 0},
		{"meta into the frame", xdp_adjust_meta, 0, 4, -EINVAL, 0, 0, 0},
		{"meta before the headroom", xdp_adjust_meta, 0, -260, -EINVAL, 0, 0, 0},
		{"meta least", xdp_adjust_meta, 0, INT32_MIN, -EINVAL, 0, 0, 0},
		{"meta most", xdp_adjust_meta, 0, INT32_MAX, -EINVAL, 0, 0, 0},
		{"meta grows", xdp_adjust_meta, 8, -24, 0, 0, 0, -24},
		{"meta grows too far", xdp_adjust_meta, 8, -28, -EACCES, 0, 0, 0},
		{"meta given back", xdp_adjust_meta, 8, 8, 0, 0, 0, 8},
		{"tail 0", xdp_adjust_tail, 0, 0, 0, 0, 0, 0},
		{"tail 1", xdp_adjust_tail, 0, 1, 0, 0, 1, 0},
		{"tail to the tailroom's end", xdp_adjust_tail, 0, 256, 0, 0, 256, 0},
		{"tail behind it", xdp_adjust_tail, 0, 257, -EINVAL, 0, 0, 0},
		{"tail leaves 14", xdp_adjust_tail, 0, -50, 0, 0, -50, 0},
		{"tail leaves 13", xdp_adjust_tail, 0, -51, -EINVAL, 0, 0, 0},
		{"tail least", xdp_adjust_tail, 0, INT32_MIN, -EINVAL, 0, 0, 0},
		{"tail most", xdp_adjust_tail, 0, INT32_MAX, -EINVAL, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fw_frame frame = frame_with(rows[i].meta), before = frame;

		cr_assert_eq(adjust(rows[i].fn, &frame, rows[i].by), (uint64_t)(int64_t)rows[i].expect, "%s",
			     rows[i].id);
		cr_assert_eq(frame.data - before.data, rows[i].start, "%s", rows[i].id);
		cr_assert_eq(frame.data_end - before.data_end, rows[i].end, "%s", rows[i].id);
		cr_assert_eq(frame.data_meta - before.data_meta, rows[i].meta_start, "%s", rows[i].id);
		if (rows[i].fn != xdp_adjust_meta)
			cr_assert_eq(frame.changed, !rows[i].expect, "%s", rows[i].id);
		/* metadata moves with the head; beside it no byte does */
		if (rows[i].fn == xdp_adjust_head)
			for (uint32_t n = 0; n < rows[i].meta; n++)
				cr_assert_eq(frame.data_meta[n], 0xee, "%s", rows[i].id);
		for (uint8_t *p = frame.data > before.data ? frame.data : before.data; p < before.data_end; p++)
			cr_assert_eq(*p, p - before.data, "%s", rows[i].id);
		for (int n = 0; n < rows[i].end; n++)
			cr_assert_eq(before.data_end[n], 0, "%s: new bytes are zero", rows[i].id);
		for (uint8_t *p = frame.data_end > before.data_end ? frame.data_end : before.data_end;
		     p < frame.hard_end; p++)
			cr_assert_eq(*p, 0x55, "%s", rows[i].id);
	}
}

/* Bytes of the frame, which is 0, 1, 2 ..., between offset and offset + bytes; all of them or none. */
Test(xdp, load_and_store_rows)
{
	static const struct {
		uint64_t offset;
		uint32_t bytes;
		bool fits;
	} rows[] = {
		{0, 1, true},           {0, SIZE, true},        {0, SIZE + 1, false},   {SIZE - 1, 1, true},
		{SIZE - 1, 2, false},   {SIZE, 1, false},       {SIZE, 0, true},        {SIZE + 1, 0, false},
		{13, 7, true},          {0xffff, 1, false},     {0xffffffff, 1, false}, {0xffffffff, 2, false},
		{0x80000000, 1, false}, {0x100000003, 4, true}, /* 32 bits count */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fw_frame frame = frame_with(8);
		struct run run = {.frame = &frame};
		uint32_t offset = (uint32_t)rows[i].offset;
		uint64_t expect = rows[i].fits ? 0 : (uint64_t)-EINVAL;
		uint8_t got[SIZE + 2], put[SIZE + 2];

		memset(got, 0xcc, sizeof(got));
		memset(put, 0xdd, sizeof(put));
		cr_assert_eq(xdp_get_buff_len(0, 0, 0, 0, 0, &run), SIZE, "without metadata");
		cr_assert_eq(xdp_load_bytes(0, rows[i].offset, (uintptr_t)got, rows[i].bytes, 0, &run), expect,
			     "row %zu", i);
		for (uint32_t b = 0; b < sizeof(got); b++)
			cr_assert_eq(got[b],
				     b >= rows[i].bytes ? 0xcc
				     : rows[i].fits     ? offset + b
							: 0,
				     "row %zu: byte %u", i, b);
		cr_assert_not(frame.changed);
		cr_assert_eq(xdp_store_bytes(0, rows[i].offset, (uintptr_t)put, rows[i].bytes, 0, &run), expect,
			     "row %zu", i);
		cr_assert_eq(frame.changed, rows[i].fits, "row %zu", i);
		for (uint32_t b = 0; b < SIZE; b++)
			cr_assert_eq(frame.data[b],
				     rows[i].fits && b >= offset && b - offset < rows[i].bytes ? 0xdd : b,
				     "row %zu: byte %u", i, b);
		cr_assert(frame.data[-1] == 0xee && frame.data_end[0] == 0x55, "row %zu", i);
	}
}
