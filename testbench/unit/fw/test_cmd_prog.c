/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define NONE      VIRTIO_NET_XDP_ID_NONE
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

static const uint64_t pass[] = {W_MOV(0, 2), W_EXIT};
static const uint64_t drop[] = {W_MOV(0, 1), W_EXIT};
static const uint64_t bad[] = {W_MOVR(0, 5), W_EXIT};

/* States that PROG_INFO shows from creation to READY, upload in pieces of any size. */
Test(cmd_prog, from_create_to_ready)
{
	struct control *c = control_open(NULL);
	struct virtio_net_xdp_prog_info_result info;

	cr_assert_eq(control_prog_create(c, 5, 16, VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE), 0);
	info = control_prog_info(c, 5);
	cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_LOADING);
	cr_assert_eq(info.attached, 0);
	cr_assert_eq(le32_to_cpu(info.bytes), 16);
	cr_assert_eq(le32_to_cpu(info.flags), VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE);
	cr_assert_eq(le32_to_cpu(info.written), 0);
	cr_assert_eq(le32_to_cpu(info.error_insn), NONE);
	cr_assert_eq(memcmp(info.name, "name", 5), 0);
	cr_assert_eq(memcmp(info.tag, "\1\2\3\4\5\6\7\10", 8), 0);

	cr_assert_eq(control_prog_write(c, 5, 0, pass, 3), 0);
	cr_assert_eq(le32_to_cpu(control_prog_info(c, 5).written), 3);
	cr_assert_eq(control_prog_commit(c, 5, 0), ERR(STATE), "not whole");
	cr_assert_eq(c->detail, 3);
	cr_assert_eq(control_prog_write(c, 5, 3, (const uint8_t *)pass + 3, 13), 0);
	cr_assert_eq(control_prog_write(c, 5, 16, pass, 1), ERR(SIZE));

	cr_assert_eq(control_prog_commit(c, 5, 0), 0);
	info = control_prog_info(c, 5);
	cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_VERIFYING, "the command does not wait");
	cr_assert_eq(le32_to_cpu(info.log_bytes), 0);
	cr_assert_eq(control_prog_commit(c, 5, 0), ERR(STATE));
	while (fw_poll(c->fw, 1))
		;
	info = control_prog_info(c, 5);
	cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(le32_to_cpu(info.error), 0);
	cr_assert_eq(le32_to_cpu(info.error_insn), NONE);
	cr_assert_eq(le32_to_cpu(info.visited), 2);
	cr_assert_eq(le32_to_cpu(info.actions), 1u << VIRTIO_NET_XDP_PASS);
	cr_assert_gt(le32_to_cpu(info.peak_kib), 0u);
	cr_assert_eq(le64_to_cpu(info.run_count), 0);
	control_close(c);
}

/* Programs that are refused, by whom and where. */
Test(cmd_prog, refused_programs_say_where)
{
	static const struct {
		const char *id;
		uint64_t word[4];
		size_t count;
		uint32_t error, insn;
	} rows[] = {
		{"opcode", {W_MOV(0, 2), W(0xff, 0, 0, 0, 0), W_EXIT}, 3, VIRTIO_NET_XDP_VERIFY_INSN, 1},
		{"jump out", {W_MOV(0, 2), W_JA(100), W_EXIT}, 3, VIRTIO_NET_XDP_VERIFY_INSN, 1},
		{"half of a double", {W_MOV(0, 2), W(0x18, 1, 0, 0, 0)}, 2, VIRTIO_NET_XDP_VERIFY_INSN, 1},
		{"group", {W_MOV(0, 2), W(0xd7, 0, 0, 0, 16), W_EXIT}, 3, VIRTIO_NET_XDP_VERIFY_ISA, 1},
		{"map", {W(0x18, 1, 1, 0, 9), 0, W_MOV(0, 2), W_EXIT}, 4, VIRTIO_NET_XDP_VERIFY_MAP, 0},
		{"map value", {W_MOV(0, 2), W(0x18, 1, 2, 0, NONE), 0, W_EXIT}, 4, VIRTIO_NET_XDP_VERIFY_MAP, 1},
		{"register", {W_MOVR(0, 5), W_EXIT}, 2, VIRTIO_NET_XDP_VERIFY_UNINIT, 0},
	};
	struct fw_config config = control_config();
	struct control *c;

	config.caps.isa &= 0x3f;
	c = control_open(&config);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct virtio_net_xdp_prog_info_result info;
		le32 ask[2] = {cpu_to_le32(0), cpu_to_le32(0)};

		cr_assert_eq(control_load(c, 0, rows[i].word, rows[i].count), VIRTIO_NET_XDP_PROG_REFUSED, "%s",
			     rows[i].id);
		info = control_prog_info(c, 0);
		cr_assert_eq(le32_to_cpu(info.error), rows[i].error, "%s: %u", rows[i].id, le32_to_cpu(info.error));
		cr_assert_eq(le32_to_cpu(info.error_insn), rows[i].insn, "%s: %u", rows[i].id,
			     le32_to_cpu(info.error_insn));
		cr_assert_gt(le32_to_cpu(info.log_bytes), 0u, "%s", rows[i].id);
		cr_assert_eq(control_do(c, CMD(PROG_LOG_GET), ask, 8), 0);
		cr_assert_eq(c->written, 12 + le32_to_cpu(info.log_bytes), "%s", rows[i].id);
		cr_assert_eq(c->out[c->written - 1], '\n', "%s: the log is lines", rows[i].id);
		cr_assert_eq(control_attach(c, 0, NONE, 0, 0), ERR(STATE), "%s", rows[i].id);
		cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0);
	}
	control_close(c);
}

/* Read in pieces of any size, the log is the same text; pieces end with lines where a line fits. */
Test(cmd_prog, log_in_pieces)
{
	static const uint64_t words[] = {W_MOV(0, 1), W_MOV(2, 3), W_MOV(3, 4), W_MOV(6, 1), W_MOVR(0, 5), W_EXIT};
	struct control *c = control_open(NULL);
	char whole[8192];
	size_t bytes;
	le32 ask[2] = {cpu_to_le32(0), cpu_to_le32(0)};

	cr_assert_eq(control_prog_create(c, 0, sizeof(words), 0), 0);
	cr_assert_eq(control_prog_write(c, 0, 0, words, sizeof(words)), 0);
	cr_assert_eq(control_prog_commit(c, 0, 2), 0);
	while (fw_poll(c->fw, 1000))
		;
	cr_assert_eq(control_do(c, CMD(PROG_LOG_GET), ask, 8), 0);
	bytes = c->written - 12;
	cr_assert_gt(bytes, 100u);
	cr_assert_lt(bytes, sizeof(whole));
	memcpy(whole, c->out + 12, bytes);

	for (size_t room = 12; room < 12 + bytes + 2; room++) {
		size_t at = 0;

		while (at < bytes && room > 12) {
			size_t got;
			bool has_line = memchr(whole + at, '\n', room - 12 < bytes - at ? room - 12 : bytes - at);

			ask[1] = cpu_to_le32((uint32_t)at);
			cr_assert_eq(control_send(c, CMD(PROG_LOG_GET), ask, 8, room), 0);
			cr_assert_eq(control_word(c, 8), bytes);
			got = c->written - 12;
			cr_assert_gt(got, 0u, "room %zu", room);
			cr_assert_eq(memcmp(whole + at, c->out + 12, got), 0, "room %zu", room);
			cr_assert_eq(whole[at + got - 1] == '\n', has_line, "room %zu", room);
			at += got;
		}
		ask[1] = cpu_to_le32((uint32_t)bytes);
		cr_assert_eq(control_send(c, CMD(PROG_LOG_GET), ask, 8, room), 0, "at the end: nothing, no error");
		cr_assert_eq(c->written, 12);
	}
	ask[1] = cpu_to_le32((uint32_t)bytes + 1);
	cr_assert_eq(control_do(c, CMD(PROG_LOG_GET), ask, 8), ERR(SIZE));
	cr_assert_eq(c->detail, bytes);
	control_close(c);
}

Test(cmd_prog, attach_replace_detach)
{
	struct control *c = control_open(NULL);

	control_load(c, 0, pass, 2);
	control_load(c, 1, drop, 2);
	cr_assert_not(fw_attached(c->fw));
	cr_assert_eq(control_detach(c, NONE, 0), ERR(STATE), "nothing is attached");
	cr_assert_eq(c->detail, 0);
	cr_assert_eq(control_attach(c, 0, NONE, 0, 0), 0);
	cr_assert_eq(control_word(c, 8), 1, "the generation");
	cr_assert(fw_attached(c->fw));
	cr_assert_eq(control_prog_info(c, 0).attached, 1);
	cr_assert_eq(control_attach(c, 1, NONE, 0, 0), ERR(STATE), "somebody else was faster");
	cr_assert_eq(c->detail, 1);
	cr_assert_eq(control_attach(c, 1, 0, 1, 0), 0);
	cr_assert_eq(control_word(c, 8), 2);
	cr_assert_eq(control_prog_info(c, 0).attached, 0);
	cr_assert_eq(control_prog_info(c, 1).attached, 1);
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0, "no longer attached");
	cr_assert_eq(control_attach(c, 1, 1, 2, 1), 0, "again, with other flags");
	cr_assert_eq(control_word(c, 8), 3);
	cr_assert_eq(control_detach(c, 1, 2), ERR(STATE));
	cr_assert_eq(control_detach(c, 1, 3), 0);
	cr_assert_eq(control_word(c, 8), 4);
	cr_assert_not(fw_attached(c->fw));
	cr_assert_eq(control_detach(c, NONE, 4), ERR(STATE));
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 1), 0);
	control_close(c);
}

/* Ids are the driver's choice, can be used again, and run out; unfinished uploads count. */
Test(cmd_prog, all_ids)
{
	struct fw_config config = control_config();
	struct control *c;

	config.caps.max_progs = 3;
	c = control_open(&config);
	for (int round = 0; round < 3; round++) {
		for (uint32_t id = 3; id-- > 0;)
			cr_assert_eq(control_prog_create(c, id, 8 * 65536, 0), 0);
		cr_assert_eq(control_prog_create(c, 3, 8, 0), ERR(LIMIT_PROGS));
		cr_assert_eq(c->detail, 3);
		for (uint32_t id = 0; id < 3; id++)
			cr_assert_eq(control_id(c, CMD(PROG_DESTROY), id), 0);
		cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), ERR(NOT_FOUND));
	}
	control_close(c);
}

/* The arena holds what the limits promise: every program as long as it may be. And ubpf-54804c47: nothing is lost. */
Test(cmd_prog, ubpf_54804c47_longest_programs_over_and_over)
{
	struct fw_config config = control_config();
	uint64_t *words = calloc(65536, 8);
	struct control *c;

	config.caps.max_progs = 4;
	config.caps.max_insns = 4096;
	config.caps.max_cmd_bytes = 65536;
	c = control_open(&config);
	for (int i = 0; i < 4095; i++)
		words[i] = W_MOV(0, 2);
	words[4095] = W_EXIT;
	for (int round = 0; round < 100; round++) {
		for (uint32_t id = 0; id < 4; id++)
			control_upload(c, id, words, 4096);
		if (round % 2)
			while (fw_poll(c->fw, 100000))
				;
		else
			fw_poll(c->fw, 100);
		for (uint32_t id = 0; id < 4; id++)
			cr_assert_eq(control_id(c, CMD(PROG_DESTROY), id), 0, "round %d", round);
	}
	free(words);
	control_close(c);
}

/* A map lives as long as a program names it. */
Test(cmd_prog, references_to_maps)
{
	static const uint64_t uses[] = {W(0x18, 1, 1, 0, 4), 0, W(0x18, 2, 1, 0, 4), 0, W_MOV(0, 2), W_EXIT};
	static const uint64_t uses_badly[] = {W(0x18, 1, 1, 0, 4), 0, W_MOVR(0, 5), W_EXIT};
	struct control *c = control_open(NULL);

	cr_assert_eq(control_map_create(c, 4, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 4, 0), 0);
	control_upload(c, 0, uses, COUNT(uses));
	cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 4), ERR(BUSY), "from COMMIT on");
	cr_assert_eq(c->detail, 1, "named twice, one program");
	control_upload(c, 1, uses_badly, COUNT(uses_badly));
	cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 4), ERR(BUSY));
	cr_assert_eq(c->detail, 2);
	while (fw_poll(c->fw, 1000))
		;
	cr_assert_eq(control_prog_info(c, 1).state, VIRTIO_NET_XDP_PROG_REFUSED);
	cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 4), ERR(BUSY));
	cr_assert_eq(c->detail, 1, "a refused program names nothing");
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 0), 0);
	cr_assert_eq(control_id(c, CMD(MAP_DESTROY), 4), 0);
	control_upload(c, 2, bad, 2);
	control_close(c);
}

/* count functions of one argument each, from instruction insn on, 2 slots apart. */
static unsigned add_funcs(struct control *c, uint32_t id, uint32_t insn, uint32_t count)
{
	struct virtio_net_xdp_prog_funcs *request = calloc(1, sizeof(*request) + count * sizeof(request->funcs[0]));
	unsigned status;

	request->id = cpu_to_le32(id);
	for (uint32_t i = 0; i < count; i++) {
		request->funcs[i].insn = cpu_to_le32(insn + 2 * i);
		request->funcs[i].kinds[0] = VIRTIO_NET_XDP_FUNC_CONTEXT;
	}
	status = control_do(c, CMD(PROG_FUNCS), request, sizeof(*request) + count * sizeof(request->funcs[0]));
	free(request);
	return status;
}

/* Functions come in any number of commands, in the order of their instructions, up to a limit; a refusal adds none. */
Test(cmd_prog, functions_add_up)
{
	static const uint64_t drops[] = {W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_EXIT};
	struct control *c = control_open(NULL);

	cr_assert_eq(control_prog_create(c, 1, 1000 * 8, 0), 0);
	cr_assert_eq(add_funcs(c, 1, 10, 0), ERR(SIZE), "none");
	cr_assert_eq(c->detail, 36);
	cr_assert_eq(add_funcs(c, 1, 10, 2), 0);
	cr_assert_eq(add_funcs(c, 1, 12, 1), ERR(SIZE), "one that is there");
	cr_assert_eq(c->detail, 13);
	cr_assert_eq(add_funcs(c, 1, 13, 255), ERR(LIMIT_ENTRIES));
	cr_assert_eq(c->detail, VIRTIO_NET_XDP_FUNCS_MAX);
	cr_assert_eq(add_funcs(c, 1, 13, 254), 0);
	cr_assert_eq(add_funcs(c, 1, 900, 1), ERR(LIMIT_ENTRIES));
	cr_assert_eq(control_id(c, CMD(PROG_DESTROY), 1), 0);

	cr_assert_eq(control_prog_create(c, 1, sizeof(drops), 0), 0);
	cr_assert_eq(add_funcs(c, 1, 2, 1), 0, "before there are instructions");
	cr_assert_eq(control_prog_write(c, 1, 0, drops, sizeof(drops)), 0);
	cr_assert_eq(control_prog_commit(c, 1, 0), 0);
	while (fw_poll(c->fw, 1))
		;
	cr_assert_eq(control_prog_info(c, 1).state, VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(le32_to_cpu(control_prog_info(c, 1).actions), 1u << 31 | 0x1f, "what it returns is not known");
	control_close(c);
}
