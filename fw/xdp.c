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

uint64_t xdp_get_buff_len(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	(void)r1, (void)r2, (void)r3, (void)r4, (void)r5;
	return (uint64_t)gap(run->frame->data, run->frame->data_end);
}

/* The frame's bytes [offset, offset + bytes), or NULL. */
static uint8_t *inside(const struct fw_frame *frame, uint32_t offset, uint64_t bytes)
{
	uint64_t all = (uint64_t)gap(frame->data, frame->data_end);

	return offset <= all && bytes <= all - offset ? frame->data + offset : NULL;
}

uint64_t xdp_load_bytes(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	const uint8_t *from = inside(run->frame, (uint32_t)r2, r4);
	void *to = (void *)(uintptr_t)r3;

	(void)r1, (void)r5;
	if (!from) {                /* req: XO-249 */
		mem_set(to, 0, r4); /* the verifier takes it for initialised */
		return (uint64_t)-EINVAL;
	}
	mem_move(to, from, r4); /* req: XO-250; it can be in the packet, too */
	return 0;
}

uint64_t xdp_store_bytes(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, struct run *run)
{
	uint8_t *to = inside(run->frame, (uint32_t)r2, r4);

	(void)r1, (void)r5;
	if (!to) /* req: XO-249 */
		return (uint64_t)-EINVAL;
	mem_move(to, (const void *)(uintptr_t)r3, r4); /* req: XO-250 */
	run->frame->changed = true;
	return 0;
}
