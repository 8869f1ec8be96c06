/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"
#include "core.h"
#include "event.h"
#include "exec/exec.h"
#include "map/events.h"

#define PERF      0
#define RING      1
#define CMD(name) VIRTIO_NET_CTRL_XDP_##name

struct world {
	struct control *c;
	struct control_frame f;
	struct run run;
};

static void world_open(struct world *w, uint32_t queue)
{
	w->c = control_open(NULL);
	cr_assert_eq(control_map_create(w->c, PERF, VIRTIO_NET_XDP_MAP_PERF_EVENTS, 4, 4, 2, 0), 0);
	cr_assert_eq(control_map_create(w->c, RING, VIRTIO_NET_XDP_MAP_RINGBUF, 0, 0, 4096, 0), 0);
	control_frame(&w->f, 64);
	w->run = (struct run){.frame = &w->f.frame, .fw = w->c->fw, .queue = queue};
}

static uint64_t call(struct world *w, helper_fn *fn, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	return fn(r1, r2, r3, r4, r5, &w->run);
}

static uint64_t at(const void *p)
{
	return (uintptr_t)p;
}

Test(event, perf_output_rows)
{
	static const struct {
		uint64_t flags, bytes;
		uint32_t queue, entries;
		int64_t expect;
		uint32_t record;
	} rows[] = {
		{0xffffffff, 10, 1, 2, 0, 10},
		{1, 10, 1, 2, 0, 10},
		{0, 10, 1, 2, -ENOTSUP, 0},
		{2, 10, 1, 2, -E2BIG, 0},
		{0xfffffffe, 10, 1, 2, -E2BIG, 0},
		{0xffffffff, 10, 2, 2, -E2BIG, 0},
		{64ULL << 32 | 0xffffffff, 10, 0, 2, 0, 74},
		{65ULL << 32 | 0xffffffff, 10, 0, 2, -EINVAL, 0},
		{0xfffffULL << 32 | 0xffffffff, 10, 0, 2, -EINVAL, 0},
		{1ULL << 52, 10, 0, 2, -EINVAL, 0},
		{1ULL << 63, 10, 0, 2, -EINVAL, 0},
		{64ULL << 32, 0, 0, 2, 0, 64},
		{0, 0, 0, 2, 0, 0},
		{0, 65520, 0, 2, 0, 65520},
		{1ULL << 32, 65520, 0, 2, -ENOSPC, 0},
		{0, 0xffffffff, 0, 2, -ENOSPC, 0},
	};
	uint8_t *data = calloc(1, 65536);
	struct world w;

	memset(data, 0xab, 65536);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct events_record r;
		struct map *map;

		world_open(&w, rows[i].queue);
		map = core_map(w.c->fw, PERF);
		cr_assert_eq((int64_t)call(&w, event_perf_output, 0, at(map), rows[i].flags, at(data), rows[i].bytes),
			     rows[i].expect, "row %zu", i);
		cr_assert_eq(events_waiting(map), rows[i].expect == 0, "row %zu", i);
		if (!rows[i].expect) {
			events_peek(map, &r);
			cr_assert_eq(r.bytes, rows[i].record, "row %zu", i);
			cr_assert_eq(r.queue, rows[i].queue, "row %zu", i);
			for (uint32_t b = 0; b < r.bytes; b++)
				cr_assert_eq(r.data[b], b < rows[i].bytes ? 0xab : b - rows[i].bytes, "row %zu byte %u",
					     i, b);
		}
		control_close(w.c);
	}
	free(data);
}

Test(event, ring_helpers)
{
	struct world w;
	struct map *map;
	uint64_t r, data = 5;

	world_open(&w, 1);
	map = core_map(w.c->fw, RING);
	cr_assert_eq(call(&w, event_ring_query, at(map), 0, 0, 0, 0), 0);
	cr_assert_eq(call(&w, event_ring_query, at(map), 1, 0, 0, 0), 4096);
	for (uint64_t what = 2; what < 70; what++)
		cr_assert_eq(call(&w, event_ring_query, at(map), what == 69 ? UINT64_MAX : what, 0, 0, 0), 0);
	cr_assert_eq(call(&w, event_ring_query, at(map), 1ULL << 32, 0, 0, 0), 0);
	for (uint64_t flags = 0; flags < 3; flags++)
		cr_assert_eq(call(&w, event_ring_output, at(map), at(&data), 8, flags, 0), 0);
	cr_assert_eq(call(&w, event_ring_output, at(map), at(&data), 8, 4, 0), (uint64_t)-EINVAL);
	cr_assert_eq(call(&w, event_ring_output, at(map), at(&data), 8, 1ULL << 32, 0), (uint64_t)-EINVAL);
	cr_assert_eq(call(&w, event_ring_query, at(map), 0, 0, 0, 0), 48);
	cr_assert_eq(call(&w, event_ring_output, at(map), at(&data), 1u << 29, 0, 0), (uint64_t)-EAGAIN);
	cr_assert_eq(call(&w, event_ring_reserve, at(map), 8, 1, 0, 0), 0, "flags");
	cr_assert_eq(call(&w, event_ring_reserve, at(map), 4096, 0, 0, 0), 0);
	r = call(&w, event_ring_reserve, at(map), 8, 0, 0, 0);
	cr_assert_neq(r, 0);
	cr_assert_eq(w.c->fw->run_end, map, "an open record is given up if the run ends");
	call(&w, event_ring_submit, r, 0, 0, 0, 0);
	r = call(&w, event_ring_reserve, at(map), 8, 0, 0, 0);
	call(&w, event_ring_discard, r, 0, 0, 0, 0);
	cr_assert_eq(events_waiting(map), 4);
	control_close(w.c);
}

struct got {
	uint32_t count, left;
	struct virtio_net_xdp_event events[64];
	uint8_t data[64]; /* first byte of each */
};

static void event_get(struct control *c, uint32_t max, size_t room, struct got *got)
{
	struct virtio_net_xdp_event_get request = {cpu_to_le32(max)};
	size_t offset = sizeof(struct virtio_net_xdp_event_get_result);

	cr_assert_eq(control_send(c, CMD(EVENT_GET), &request, sizeof(request), room), 0);
	got->count = control_word(c, 8);
	got->left = control_word(c, 12);
	cr_assert_leq(got->count, 64u);
	for (uint32_t i = 0; i < got->count; i++) {
		memcpy(&got->events[i], c->out + offset, sizeof(got->events[i]));
		got->data[i] = c->out[offset + 16];
		offset += 16 + ALIGN_UP(le32_to_cpu(got->events[i].bytes), 8u);
	}
	cr_assert_eq(c->written, offset);
}

/* Records of both maps in the order of their places, as many as asked for and as there is room for. */
Test(event, get_takes_the_oldest_of_all_maps)
{
	static struct got got;
	struct world w;
	uint64_t flags = 0xffffffff;
	uint8_t first = 0;

	world_open(&w, 1);
	event_get(w.c, 64, 4096, &got);
	cr_assert(got.count == 0 && got.left == 0);
	for (int i = 0; i < 12; i++, first++) {
		struct map *map = core_map(w.c->fw, i % 3 ? RING : PERF);

		if (i % 3)
			cr_assert_eq(call(&w, event_ring_output, at(map), at(&first), 1, 0, 0), 0);
		else
			cr_assert_eq(call(&w, event_perf_output, 0, at(map), flags, at(&first), 1), 0);
	}
	event_get(w.c, 0, 4096, &got);
	cr_assert(got.count == 0 && got.left == 12);
	event_get(w.c, 64, 16 + 23, &got);
	cr_assert(got.count == 0 && got.left == 12, "room for no whole record");
	event_get(w.c, 1, 4096, &got);
	cr_assert(got.count == 1 && got.left == 11 && got.data[0] == 0);
	event_get(w.c, 64, 16 + 24 * 3 + 23, &got);
	cr_assert(got.count == 3 && got.left == 8);
	for (uint32_t i = 0; i < 3; i++)
		cr_assert_eq(got.data[i], i + 1);
	event_get(w.c, UINT32_MAX, 4096, &got);
	cr_assert(got.count == 8 && got.left == 0);
	for (uint32_t i = 0; i < 8; i++) {
		cr_assert_eq(got.data[i], i + 4, "record %u", i);
		cr_assert_eq(le32_to_cpu(got.events[i].map_id), (uint32_t)((i + 4) % 3 ? RING : PERF));
		cr_assert_eq(le32_to_cpu(got.events[i].rx_queue_index), 1u);
		cr_assert_eq(le32_to_cpu(got.events[i].bytes), 1u);
		cr_assert_eq(le32_to_cpu(got.events[i].lost), 0u);
	}
	event_get(w.c, UINT32_MAX, 4096, &got);
	cr_assert(got.count == 0 && got.left == 0, "each once");
	control_close(w.c);
}

/* Each map tells of its own losses; destroying one takes its records along; reset leaves none. */
Test(event, losses_and_destroyed_maps)
{
	static struct got got;
	struct world w;
	uint8_t data[4000] = {1};

	world_open(&w, 0);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(call(&w, event_ring_output, at(core_map(w.c->fw, RING)), at(data), sizeof(data), 0, 0),
			     i ? (uint64_t)-EAGAIN : 0);
	cr_assert_eq(call(&w, event_perf_output, 0, at(core_map(w.c->fw, PERF)), 0, at(data), 1), 0);
	event_get(w.c, 64, 8192, &got);
	cr_assert(got.count == 2 && le32_to_cpu(got.events[0].lost) == 0 && le32_to_cpu(got.events[1].lost) == 0);
	cr_assert_eq(call(&w, event_ring_output, at(core_map(w.c->fw, RING)), at(data), 1, 0, 0), 0);
	cr_assert_eq(call(&w, event_perf_output, 0, at(core_map(w.c->fw, PERF)), 0, at(data), 1), 0);
	event_get(w.c, 1, 8192, &got);
	cr_assert(got.count == 1 && le32_to_cpu(got.events[0].lost) == 4 && got.left == 1);
	cr_assert_eq(call(&w, event_ring_output, at(core_map(w.c->fw, RING)), at(data), 1, 0, 0), 0);
	cr_assert_eq(control_id(w.c, CMD(MAP_INFO), RING), 0);
	cr_assert_eq(control_word(w.c, 8 + 24), 1u, "entries");
	cr_assert_eq(control_id(w.c, CMD(MAP_DESTROY), PERF), 0);
	event_get(w.c, 64, 8192, &got);
	cr_assert(got.count == 1 && le32_to_cpu(got.events[0].map_id) == RING);
	cr_assert_eq(call(&w, event_ring_output, at(core_map(w.c->fw, RING)), at(data), 1, 0, 0), 0);
	fw_reset(w.c->fw);
	event_get(w.c, 64, 8192, &got);
	cr_assert(got.count == 0 && got.left == 0);
	control_close(w.c);
}

Test(event, commands_about_elements_give_type)
{
	static const uint8_t commands[] = {CMD(MAP_LOOKUP), CMD(MAP_UPDATE), CMD(MAP_DELETE), CMD(MAP_NEXT)};
	struct world w;

	world_open(&w, 0);
	for (uint32_t id = PERF; id <= RING; id++) {
		uint32_t type = id == PERF ? VIRTIO_NET_XDP_MAP_PERF_EVENTS : VIRTIO_NET_XDP_MAP_RINGBUF;

		for (size_t i = 0; i < sizeof(commands); i++)
			for (size_t bytes = 8; bytes <= 16; bytes += 4) {
				le32 request[4] = {cpu_to_le32(id)};

				cr_assert_eq(control_do(w.c, commands[i], request, bytes), VIRTIO_NET_XDP_ERR_TYPE,
					     "command %u, %zu bytes", commands[i], bytes);
				cr_assert_eq(w.c->detail, type);
			}
	}
	control_close(w.c);
}

/* Under a program, in each engine: reserved, written to, submitted, and told. */
Test(event, from_a_program)
{
	static const uint64_t words[] = {
		W(0x18, 1, 1, 0, RING),
		0,
		W_MOV(2, 16),
		W_MOV(3, 0),
		W_CALL(131),              /* reserve */
		W(0x15, 0, 0, 5, 0),      /* null */
		W(0x7a, 0, 0, 8, 0x1234), /* *(u64 *)(r0 + 8) = 0x1234 */
		W_MOVR(1, 0),
		W_MOV(2, 0),
		W_CALL(132),
		W_MOV(0, 0),
		W_MOV(0, 2),
		W_EXIT,
	};
	struct virtio_net_xdp_event_get request = {cpu_to_le32(9)};
	struct world w;

	world_open(&w, 0);
	cr_assert_eq(control_load(w.c, 0, words, ARRAY_SIZE(words)), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_attach(w.c, 0, VIRTIO_NET_XDP_ID_NONE, 0, 0), 0);
	fw_run(w.c->fw, &w.f.frame, 1);
	cr_assert_eq(w.f.frame.verdict, FW_PASS);
	cr_assert_eq(control_do(w.c, CMD(EVENT_GET), &request, sizeof(request)), 0);
	cr_assert_eq(w.c->written, 16 + 16 + 16u);
	cr_assert_eq(memcmp(w.c->out + 32, "\0\0\0\0\0\0\0\0\x34\x12\0\0\0\0\0\0", 16), 0);
	control_close(w.c);
}

/* Making a record zero takes time, which counts as instructions: no run takes longer than such that many may. */
Test(event, large_records_count)
{
	static const uint32_t rows[][2] = {
		{4096, VIRTIO_NET_XDP_PROG_READY},
		{7 << 20, VIRTIO_NET_XDP_PROG_READY},
		{9 << 20, VIRTIO_NET_XDP_PROG_REFUSED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const uint64_t words[] = {
			W(0x18, 1, 1, 0, RING),
			0,
			W_MOV(2, rows[i][0]),
			W_MOV(3, 0),
			W_CALL(131),
			W(0x15, 0, 0, 3, 0),
			W_MOVR(1, 0),
			W_MOV(2, 0),
			W_CALL(133),
			W_MOV(0, 2),
			W_EXIT,
		};
		struct world w;

		world_open(&w, 0);
		cr_assert_eq(control_load(w.c, 0, words, ARRAY_SIZE(words)), rows[i][1], "%u bytes", rows[i][0]);
		cr_assert_eq(le32_to_cpu(control_prog_info(w.c, 0).error),
			     rows[i][1] == VIRTIO_NET_XDP_PROG_READY ? 0 : VIRTIO_NET_XDP_VERIFY_COMPLEXITY);
		control_close(w.c);
	}
}
