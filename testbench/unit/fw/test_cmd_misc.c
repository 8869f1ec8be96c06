/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define NONE      VIRTIO_NET_XDP_ID_NONE
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

Test(cmd_misc, cap_get_tells_the_caps)
{
	struct control *c = control_open(NULL);
	struct virtio_net_xdp_cap_get_result result;
	const struct fw_caps *caps = fw_caps(c->fw);

	cr_assert_eq(control_do(c, CMD(CAP_GET), NULL, 0), 0);
	cr_assert_eq(c->written, sizeof(result));
	memcpy(&result, c->out, sizeof(result));
	cr_assert_eq(le32_to_cpu(result.caps.isa), 0x7f);
	cr_assert_eq(le32_to_cpu(result.caps.actions), caps->actions);
	cr_assert_eq(le32_to_cpu(result.caps.max_insns), caps->max_insns);
	cr_assert_eq(le16_to_cpu(result.caps.max_progs), caps->max_progs);
	cr_assert_eq(le16_to_cpu(result.caps.max_maps), caps->max_maps);
	cr_assert_eq(le32_to_cpu(result.caps.max_map_kib), caps->max_map_kib);
	cr_assert_eq(le32_to_cpu(result.caps.max_cmd_bytes), caps->max_cmd_bytes);
	cr_assert_eq(le16_to_cpu(result.caps.headroom), caps->headroom);
	cr_assert_eq(le16_to_cpu(result.caps.tailroom), caps->tailroom);
	cr_assert_eq(le32_to_cpu(result.caps.max_frame), caps->max_frame);
	cr_assert_eq(le64_to_cpu(result.caps.map_types), caps->map_types);
	cr_assert(caps->map_types >> VIRTIO_NET_XDP_MAP_HASH & 1);
	cr_assert_eq(le64_to_cpu(result.caps.helpers[0]), caps->helpers[0]);
	cr_assert_eq(le64_to_cpu(result.caps.helpers[1]), caps->helpers[1]);
	cr_assert(caps->helpers[1] >> 1 & 1, "65: xdp_adjust_tail");
	cr_assert_eq(le32_to_cpu(result.caps.commands), 0x6effff, "all but MAP_BATCH and BTF_LOAD");
	cr_assert_eq(le32_to_cpu(result.caps.flags), 0);
	cr_assert_eq(le32_to_cpu(result.caps.max_run_insns), 1000000);
	cr_assert_eq(le32_to_cpu(result.caps.max_log_bytes), caps->max_log_bytes);
	cr_assert_eq(le32_to_cpu(result.caps.hz), 250);
	cr_assert_eq(le16_to_cpu(result.caps.max_metadata), 32);
	cr_assert_eq(le16_to_cpu(result.caps.reserved), 0);
	control_close(c);
}

/* The list in pages of any size has each id once, in rising order. */
Test(cmd_misc, obj_list_in_pages)
{
	static const uint32_t ids[] = {0, 3, 4, 31, 63};
	struct control *c = control_open(NULL);

	for (size_t i = 0; i < COUNT(ids); i++) {
		cr_assert_eq(control_prog_create(c, ids[i], 8, 0), 0);
		cr_assert_eq(control_map_create(c, ids[i], VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0), 0);
	}
	for (uint32_t kind = 0; kind < 2; kind++) {
		for (size_t room = 16 + 4; room < 16 + 4 * 7; room++) {
			uint32_t next = 0;
			size_t seen = 0;

			while (next != NONE) {
				le32 request[2] = {cpu_to_le32(kind), cpu_to_le32(next)};
				uint32_t count;

				cr_assert_eq(control_send(c, CMD(OBJ_LIST), request, 8, room), 0);
				count = control_word(c, 8);
				next = control_word(c, 12);
				cr_assert_eq(c->written, 16 + 4 * count);
				cr_assert(count, "progress");
				for (uint32_t i = 0; i < count; i++, seen++)
					cr_assert_eq(control_word(c, 16 + 4 * i), ids[seen]);
			}
			cr_assert_eq(seen, COUNT(ids));
		}
	}

	le32 no_room[2] = {cpu_to_le32(0), cpu_to_le32(1)}, beyond[2] = {cpu_to_le32(1), cpu_to_le32(64)};

	cr_assert_eq(control_send(c, CMD(OBJ_LIST), no_room, 8, 19), 0);
	cr_assert_eq(control_word(c, 8), 0);
	cr_assert_eq(control_word(c, 12), 3, "where it goes on");
	cr_assert_eq(control_do(c, CMD(OBJ_LIST), beyond, 8), 0);
	cr_assert_eq(control_word(c, 8), 0);
	cr_assert_eq(control_word(c, 12), NONE);
	control_close(c);
}

static unsigned test_run(struct control *c, uint32_t id, size_t frame_bytes)
{
	static struct {
		struct virtio_net_xdp_test_run head;
		uint8_t frame[65535];
	} request;

	request.head.id = cpu_to_le32(id);
	request.head.ifindex = cpu_to_le32(77);
	request.head.rx_queue_index = cpu_to_le32(1);
	for (size_t i = 0; i < frame_bytes; i++)
		request.frame[i] = (uint8_t)i;
	return control_do(c, CMD(TEST_RUN), &request, sizeof(request.head) + frame_bytes);
}

Test(cmd_misc, test_run_returns_r0_and_the_frame)
{
	/* r0 = ingress_ifindex << 32 | rx_queue_index << 8 | data_end - data */
	static const uint64_t words[] = {
		W_LDX32(0, 1, 12),   W(0x67, 0, 0, 0, 24), W_LDX32(2, 1, 16),
		W(0x4f, 0, 2, 0, 0), W(0x67, 0, 0, 0, 8),  W_EXIT,
	};
	static const size_t sizes[] = {14, 64, 1514, 65535};
	struct control *c = control_open(NULL);

	cr_assert_eq(control_load(c, 0, words, COUNT(words)), VIRTIO_NET_XDP_PROG_READY);
	for (size_t s = 0; s < COUNT(sizes); s++) {
		struct virtio_net_xdp_test_run_result result;

		cr_assert_eq(test_run(c, 0, sizes[s]), 0);
		memcpy(&result, c->out, sizeof(result));
		cr_assert_eq(le64_to_cpu(result.r0), 77ULL << 32 | 1 << 8);
		cr_assert_eq(le32_to_cpu(result.rx_queue_index), 1);
		cr_assert_eq(le32_to_cpu(result.frame_bytes), sizes[s]);
		cr_assert_eq(c->written, sizeof(result) + sizes[s]);
		for (size_t i = 0; i < sizes[s]; i++)
			cr_assert_eq(c->out[sizeof(result) + i], (uint8_t)i);
	}
	cr_assert_eq(le64_to_cpu(control_prog_info(c, 0).run_count), 0, "frames from the link count");
	control_close(c);
}

/* A frame that grows at both ends to the last byte, and the metadata that does not come back. */
Test(cmd_misc, test_run_of_a_program_that_moves_the_frame)
{
	static const uint64_t grow[] = {
		W_MOVR(6, 1),  W_MOV(2, -256), W_CALL(44),          W_MOVR(7, 0), W_MOVR(1, 6),
		W_MOV(2, 256), W_CALL(65),     W(0x4f, 7, 0, 0, 0), W_MOVR(0, 7), W_EXIT,
	};
	static const uint64_t meta[] = {W_MOV(2, -32), W_CALL(54), W_EXIT};
	struct control *c = control_open(NULL);
	struct virtio_net_xdp_test_run_result result;

	cr_assert_eq(control_load(c, 0, grow, COUNT(grow)), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_load(c, 1, meta, COUNT(meta)), VIRTIO_NET_XDP_PROG_READY);
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(test_run(c, 0, 65535), 0);
		memcpy(&result, c->out, sizeof(result));
		cr_assert_eq(le64_to_cpu(result.r0), 0);
		cr_assert_eq(le32_to_cpu(result.frame_bytes), 256 + 65535 + 256);
		cr_assert_eq(c->out[24 + 256 + 3], 3);
		for (int i = 0; i < 256; i++)
			cr_assert_eq(c->out[24 + 256 + 65535 + i], 0);
		cr_assert_eq(test_run(c, 1, 100), 0);
		memcpy(&result, c->out, sizeof(result));
		cr_assert_eq(le64_to_cpu(result.r0), 0);
		cr_assert_eq(le32_to_cpu(result.frame_bytes), 100);
		cr_assert_eq(c->out[24 + 1], 1);
	}
	control_close(c);
}

/* The memory of test runs is used again and again: what one left before the frame, the next one does not find. */
Test(cmd_misc, test_run_finds_nothing_of_the_one_before)
{
	/* Grows by 256 bytes at the front, writes a byte there and returns what was there. */
	static const uint64_t leave[] = {
		W_MOVR(6, 1), W_MOV(2, -256), W_CALL(44),          W_LDX32(1, 6, 0), W_LDX32(2, 6, 4),   W_MOVR(3, 1),
		W_ADD(3, 16), W_MOV(0, 0),    W(0x2d, 3, 2, 2, 0), W_LDX8(0, 1, 15), W_ST8(1, 15, 0x77), W_EXIT,
	};
	struct control *c = control_open(NULL);
	struct virtio_net_xdp_test_run_result result;

	cr_assert_eq(control_load(c, 0, leave, COUNT(leave)), VIRTIO_NET_XDP_PROG_READY);
	for (int round = 0; round < 3; round++) {
		cr_assert_eq(test_run(c, 0, 64), 0);
		memcpy(&result, c->out, sizeof(result));
		cr_assert_eq(le64_to_cpu(result.r0), 0, "round %d", round);
		for (int i = 0; i < 256; i++)
			cr_assert_eq(c->out[24 + i], i == 15 ? 0x77 : 0, "round %d", round);
	}
	control_close(c);
}

/* Its effects on maps are real. */
Test(cmd_misc, test_run_counts_in_maps)
{
	static const uint64_t count[] = {
		W_MOV(2, 0), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10),    W_ADD(2, -4), W(0x18, 1, 1, 0, 0), 0,
		W_CALL(1),   W(0x15, 0, 0, 3, 0),   W_LDX64(1, 0, 0), W_ADD(1, 1),  W_STX64(0, 1, 0),    W_MOV(0, 2),
		W_EXIT,
	};
	struct control *c = control_open(NULL);

	control_map_create(c, 0, VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0);
	cr_assert_eq(control_load(c, 0, count, COUNT(count)), VIRTIO_NET_XDP_PROG_READY);
	for (uint64_t i = 1; i <= 5; i++) {
		cr_assert_eq(test_run(c, 0, 64), 0);
		cr_assert_eq(control_map_get(c, 0, 0), i);
	}
	control_close(c);
}
