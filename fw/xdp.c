/* SPDX-License-Identifier: BSD-2-Clause */
#include "xdp.h"
#include "exec/exec.h"

/* Distances between pointers into one frame's memory: none is above the 32 bits of its size, so none overflows. */
static int64_t gap(const uint8_t *from, const uint8_t *to)
{
	return (int64_t)(to - from);
}

/*
 * Frame and metadata are going to start at p. Of the memory before a frame it finds zeros or what it left there itself,
 * never what an earlier frame in the same place has left.
 */
static void open_headroom(struct run *run, uint8_t *p)
{
	if (p >= run->headroom_top)
		return;
	mem_set(p, 0, (size_t)(run->headroom_top - p)); /* req: XO-157 */
	run->headroom_top = p;
}

uint64_t xdp_adjust_head(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct fw_frame *frame = run->frame;
	int32_t by = (int32_t)(uint32_t)r2;
	int64_t meta = gap(frame->data_meta, frame->data);

	(void)r1, (void)r3, (void)r4, (void)r5;
	/* req: XO-150 */
	if (by < meta - gap(frame->hard_start, frame->data))
		return (uint64_t)-EINVAL;
	if (by > gap(frame->data, frame->data_end) - XDP_MIN_FRAME)
		return (uint64_t)-EINVAL;
	open_headroom(run, frame->data_meta + by);
	if (meta)
		mem_move(frame->data_meta + by, frame->data_meta, (size_t)meta); /* req: XO-152 */
	frame->data_meta += by;
	frame->data += by; /* req: XO-151 */
	frame->changed = true;
	return 0;
}

uint64_t xdp_adjust_meta(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct fw_frame *frame = run->frame;
	int32_t by = (int32_t)(uint32_t)r2;
	int64_t bytes = gap(frame->data_meta, frame->data) - by;

	(void)r1, (void)r3, (void)r4, (void)r5;
	/* req: XO-153 */
	if (bytes < 0 || bytes > gap(frame->hard_start, frame->data))
		return (uint64_t)-EINVAL;
	if (bytes > run->max_metadata || bytes % 4)
		return (uint64_t)-EACCES;
	open_headroom(run, frame->data - bytes);
	frame->data_meta = frame->data - bytes;
	return 0;
}

uint64_t xdp_adjust_tail(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	struct fw_frame *frame = run->frame;
	int32_t by = (int32_t)(uint32_t)r2;

	(void)r1, (void)r3, (void)r4, (void)r5;
	/* req: XO-154 */
	if (by > gap(frame->data_end, frame->hard_end) || gap(frame->data, frame->data_end) + by < XDP_MIN_FRAME)
		return (uint64_t)-EINVAL;
	if (by > 0)
		mem_set(frame->data_end, 0, (size_t)by); /* req: XO-155 */
	frame->data_end += by;
	frame->changed = true;
	return 0;
}
