/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs out below the limits: memory of the arena and of the verifier. And the small things that the others share.
 */
#include "control.h"
#include "core.h"
#include "line.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name

static const uint64_t pass[] = {W_MOV(0, 2), W_EXIT};

/* Takes all memory of an arena, down to the last block. */
static void hog(struct arena *a)
{
	for (size_t bytes = (size_t)1 << 30; bytes >= 64; bytes /= 2)
		while (arena_alloc(a, bytes))
			;
}

Test(core, no_memory_is_a_refusal)
{
	struct control *c = control_open(NULL);
	size_t used;

	cr_assert_eq(control_prog_create(c, 0, 16, 0), 0);
	cr_assert_eq(control_prog_write(c, 0, 0, pass, 16), 0);
	hog(&c->fw->arena);
	used = c->fw->arena.used;
	cr_assert_eq(control_prog_create(c, 1, 16, 0), ERR(LIMIT_MEMORY));
	cr_assert_eq(control_id(c, CMD(PROG_INFO), 1), ERR(NOT_FOUND));
	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0), ERR(LIMIT_MEMORY));
	cr_assert_eq(control_id(c, CMD(MAP_INFO), 0), ERR(NOT_FOUND));
	cr_assert_eq(c->fw->map_bytes, 0);
	cr_assert_eq(control_prog_commit(c, 0, 0), ERR(LIMIT_MEMORY));
	cr_assert_eq(control_prog_info(c, 0).state, VIRTIO_NET_XDP_PROG_LOADING);
	cr_assert_eq(c->fw->arena.used, used);
	cr_assert_not(fw_poll(c->fw, 100));
	control_close(c);
}

/* Each step of a COMMIT may be the one without memory: whatever it took before is given back. */
Test(core, CVE_2016_4794_commit_fails_at_any_step)
{
	struct control *c = control_open(NULL);
	void *blocks[8];
	size_t used;

	cr_assert_eq(control_prog_create(c, 0, 16, 0), 0);
	cr_assert_eq(control_prog_write(c, 0, 0, pass, 16), 0);
	for (size_t i = 0; i < 8; i++)
		blocks[i] = arena_alloc(&c->fw->arena, i == 7 ? 65537 : 64);
	hog(&c->fw->arena);
	for (size_t i = 0; i < 7; i += 2) {
		used = c->fw->arena.used;
		cr_assert_eq(control_prog_commit(c, 0, 0), ERR(LIMIT_MEMORY), "with %zu blocks", i / 2);
		cr_assert_eq(c->fw->arena.used, used);
		arena_free(&c->fw->arena, blocks[i]);
	}
	arena_free(&c->fw->arena, blocks[7]);
	cr_assert_eq(control_prog_commit(c, 0, 0), 0);
	control_close(c);
}

/* Verifier memory is apart from that of objects. */
Test(core, no_memory_to_verify)
{
	struct control *c = control_open(NULL);
	struct virtio_net_xdp_prog_info_result info;

	hog(&c->fw->scratch);
	cr_assert_eq(control_load(c, 0, pass, 2), VIRTIO_NET_XDP_PROG_REFUSED);
	info = control_prog_info(c, 0);
	cr_assert_eq(le32_to_cpu(info.error), VIRTIO_NET_XDP_VERIFY_MEMORY);
	cr_assert_gt(le32_to_cpu(info.log_bytes), 0u);
	control_close(c);
}

/* After everything is gone nothing is in use, the verifier's memory included. */
Test(core, nothing_is_lost)
{
	static const uint64_t bad[] = {W_MOVR(0, 5), W_EXIT}, undecodable[] = {W(0xff, 0, 0, 0, 0), W_EXIT};
	struct control *c = control_open(NULL);
	size_t used = c->fw->arena.used;

	for (int round = 0; round < 10; round++) {
		cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 100, 0), 0);
		cr_assert_eq(control_load(c, 0, pass, 2), VIRTIO_NET_XDP_PROG_READY);
		cr_assert_eq(control_load(c, 1, bad, 2), VIRTIO_NET_XDP_PROG_REFUSED);
		cr_assert_eq(control_load(c, 2, undecodable, 2), VIRTIO_NET_XDP_PROG_REFUSED);
		cr_assert_eq(control_prog_create(c, 3, 16, 0), 0);
		cr_assert_eq(c->fw->scratch.used, 0);
		fw_poll(c->fw, 1);
		fw_reset(c->fw);
		cr_assert_eq(c->fw->arena.used, used, "round %d", round);
		cr_assert_eq(c->fw->map_bytes, 0);
	}
	control_close(c);
}

Test(core, lines)
{
	static const uint64_t numbers[] = {0, 9, 10, UINT32_MAX, UINT64_MAX};
	static const char *const texts[] = {"0", "9", "10", "4294967295", "18446744073709551615"};
	char text[24];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct line line = {.text = text, .room = sizeof(text)};

		line_num(&line, numbers[i]);
		cr_assert_str_eq(text, texts[i]);
	}
	for (size_t room = 1; room <= sizeof(text); room++) {
		struct line line = {.text = text, .room = room};

		memset(text, 0x55, sizeof(text));
		line_str(&line, "seven and ");
		line_num(&line, 1234567);
		cr_assert_eq(strlen(text), room > 17 ? 17 : room - 1, "room %zu", room);
		cr_assert_eq(strncmp(text, "seven and 1234567", room - 1), 0, "room %zu", room);
		for (size_t i = room; i < sizeof(text); i++)
			cr_assert_eq(text[i], 0x55, "room %zu", room);
	}
}
