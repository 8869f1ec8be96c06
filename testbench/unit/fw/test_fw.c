/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#define CMD(name) VIRTIO_NET_CTRL_XDP_##name
#define ERR(name) VIRTIO_NET_XDP_ERR_##name
#define NONE      VIRTIO_NET_XDP_ID_NONE
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

/* r0 = the first 4 bytes of the frame */
static const uint64_t first_word[] = {
	W_LDX32(2, 1, 0), W_LDX32(3, 1, 4),    W_MOVR(4, 2),     W_ADD(4, 4),
	W_MOV(0, 0),      W(0x2d, 4, 3, 1, 0), W_LDX32(0, 2, 0), W_EXIT,
};

static void attach(struct control *c, const uint64_t *words, size_t count, uint32_t flags)
{
	cr_assert_eq(control_load(c, 0, words, count), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_attach(c, 0, NONE, 0, flags), 0);
}

/* R0 counts in its low 32 bits. */
Test(fw, verdicts)
{
	static const struct {
		uint32_t r0, actions, flags;
		enum fw_verdict verdict;
	} rows[] = {
		{0, 0xf, 0, FW_ABORTED},
		{1, 0xf, 0, FW_DROP},
		{2, 0xf, 0, FW_PASS},
		{3, 0xf, 0, FW_TX},
		{4, 0xf, 0, FW_UNSUPPORTED_DROP},
		{4, 0xf, 1, FW_UNSUPPORTED_PASS},
		{4, 0x1f, 0, FW_REDIRECT},
		{5, 0x1f, 0, FW_UNSUPPORTED_DROP},
		{31, 0x1f, 0, FW_UNSUPPORTED_DROP},
		{32, 0x1f, 0, FW_UNSUPPORTED_DROP},
		{34, 0x1f, 1, FW_UNSUPPORTED_PASS},
		{UINT32_MAX, 0xf, 0, FW_UNSUPPORTED_DROP},
		{3, 0x7, 0, FW_UNSUPPORTED_DROP},
		{3, 0x7, 1, FW_UNSUPPORTED_PASS},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fw_config config = control_config();
		struct control_frame f;
		struct control *c;

		config.caps.actions = rows[i].actions;
		c = control_open(&config);
		attach(c, first_word, COUNT(first_word), rows[i].flags);
		control_frame(&f, 64);
		memcpy(f.frame.data, &rows[i].r0, 4);
		fw_run(c->fw, &f.frame, 1);
		cr_assert_eq(f.frame.r0, rows[i].r0, "row %zu", i);
		cr_assert_eq(f.frame.verdict, rows[i].verdict, "row %zu: %d", i, f.frame.verdict);
		cr_assert_eq(f.frame.ingress_ifindex, 7);
		cr_assert_not(f.frame.bad_queue);
		cr_assert_not(f.frame.changed);
		control_close(c);
	}
}

Test(fw, bursts_run_in_order)
{
	/* r0 = the map's counter, which each run raises */
	static const uint64_t count[] = {
		W_MOV(2, 0), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W(0x18, 1, 1, 0, 0), 0,
		W_CALL(1),   W(0x55, 0, 0, 2, 0),   W_MOV(0, 0),   W_EXIT,       W_MOVR(6, 0),        W_LDX64(0, 6, 0),
		W_ADD(0, 1), W_STX64(6, 0, 0),      W_EXIT,
	};
	struct control *c = control_open(NULL);
	struct control_frame f[10];
	struct fw_frame burst[10];

	control_map_create(c, 0, VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0);
	attach(c, count, COUNT(count), 0);
	for (int i = 0; i < 10; i++) {
		control_frame(&f[i], 64);
		burst[i] = f[i].frame;
	}
	fw_run(c->fw, burst, 0);
	fw_run(c->fw, burst, 10);
	for (uint64_t i = 0; i < 10; i++) {
		cr_assert_eq(burst[i].r0, i + 1);
		cr_assert_not(burst[i].changed, "no store can be to the frame");
	}
	cr_assert_eq(control_map_get(c, 0, 0), 10);
	cr_assert_eq(le64_to_cpu(control_prog_info(c, 0).run_count), 10);
	control_close(c);
}

Test(fw, helpers_see_the_frame)
{
	/* r0 = ktime, queue as CPU number */
	static const uint64_t clock[] = {W_CALL(5), W_EXIT}, cpu[] = {W_CALL(8), W_EXIT},
			      head[] = {W_MOV(2, 4), W_CALL(44), W_EXIT};
	struct control *c = control_open(NULL);
	struct control_frame f;

	attach(c, clock, 2, 0);
	control_frame(&f, 64);
	f.frame.now_ns = 987654321;
	f.frame.rx_queue_index = 1;
	fw_run(c->fw, &f.frame, 1);
	cr_assert_eq(f.frame.r0, 987654321);
	cr_assert_eq(f.frame.rx_queue_index, 1);
	cr_assert_eq(control_load(c, 1, cpu, 2), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_attach(c, 1, 0, 1, 0), 0);
	fw_run(c->fw, &f.frame, 1);
	cr_assert_eq(f.frame.r0, 1);
	cr_assert_not(f.frame.changed);
	cr_assert_eq(control_load(c, 2, head, 3), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(control_attach(c, 2, 1, 2, 0), 0);
	fw_run(c->fw, &f.frame, 1);
	cr_assert_eq(f.frame.r0, 0);
	cr_assert_eq(f.frame.data, f.mem + 260);
	cr_assert(f.frame.changed);
	control_close(c);
}

/* Elements that a run removes can be used again in the next, for ever. */
Test(fw, runs_settle_their_maps)
{
	/* update key 0 of map 0 with whatever is on the stack; r0 = its result */
	static const uint64_t update[] = {
		W_MOV(2, 0),         W_STX64(10, 2, -8),
		W_STX64(10, 2, -16), W_MOVR(2, 10),
		W_ADD(2, -4),        W_MOVR(3, 10),
		W_ADD(3, -16),       W_MOV(4, 0),
		W(0x18, 1, 1, 0, 0), 0,
		W_CALL(2),           W_EXIT,
	};
	struct control *c = control_open(NULL);
	struct control_frame f;

	control_map_create(c, 0, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 1, 0);
	attach(c, update, COUNT(update), 0);
	for (int i = 0; i < 500; i++) {
		control_frame(&f, 64);
		fw_run(c->fw, &f.frame, 1);
		cr_assert_eq(f.frame.r0, 0, "run %d", i);
	}
	control_close(c);
}

/* Reset: as on the first day, and the same random numbers again. */
Test(fw, reset_destroys_everything)
{
	static const uint64_t random[] = {W_CALL(7), W_EXIT};
	struct control *c = control_open(NULL);
	uint64_t seen[5];

	for (int round = 0; round < 3; round++) {
		cr_assert_not(fw_attached(c->fw));
		cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 1000, 0), 0);
		attach(c, random, 2, 0);
		for (int i = 0; i < 5; i++) {
			struct control_frame f;

			control_frame(&f, 64);
			fw_run(c->fw, &f.frame, 1);
			if (round)
				cr_assert_eq(f.frame.r0, seen[i]);
			seen[i] = f.frame.r0;
		}
		cr_assert_neq(seen[0], seen[1]);
		fw_reset(c->fw);
		cr_assert_eq(control_id(c, CMD(PROG_INFO), 0), ERR(NOT_FOUND));
		cr_assert_eq(control_id(c, CMD(MAP_INFO), 0), ERR(NOT_FOUND));
		cr_assert_eq(control_detach(c, NONE, 0), ERR(STATE));
		cr_assert_eq(c->detail, 0, "the generation starts anew");
	}
	control_close(c);
}

/* What is no configuration: more than the firmware can do, or limits that contradict each other. */
Test(fw, init_refuses)
{
	struct fw_config good = control_config();
	size_t bytes = fw_arena_bytes(&good.caps);
	void *arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct fw_config rows[15];

	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = good;
	rows[0].num_queues = 0;
	rows[1].caps.isa |= 1 << 7;
	rows[2].caps.actions |= 1 << 5;
	rows[3].caps.helpers[0] |= 1 << 4;
	rows[4].caps.helpers[3] |= 1ULL << 63;
	rows[5].caps.map_types |= 1ULL << 40;
	rows[6].caps.commands |= 1 << VIRTIO_NET_CTRL_XDP_MAP_BATCH;
	rows[7].caps.max_metadata = 30;
	rows[8].caps.max_cmd_bytes = 40;
	rows[9].caps.max_frame = 13;
	rows[10].caps.headroom = 16; /* of metadata 32 can be offered */
	rows[11].caps.flags = VIRTIO_NET_XDP_CAP_F_HAS_FRAGS;
	rows[12].caps.flags = 1u << 31;
	rows[13].caps.max_run_insns += 1;
	rows[14].caps.max_log_bytes = UINT32_MAX;
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert_null(fw_init(arena, bytes, &rows[i]), "row %zu", i);
	cr_assert_null(fw_init(arena, bytes - 1, &good));
	cr_assert(fw_init(arena, bytes, &good));
	munmap(arena, bytes);
}

/* A lower bound on runs binds programs: what may run longer is refused (XO-189). */
Test(fw, masked_run_length)
{
	static const uint64_t loop[] = {W_MOV(6, 40), W_ADD(6, -1), W(0x55, 6, 0, -2, 0), W_MOV(0, 2), W_EXIT};
	struct fw_config config = control_config();

	for (uint32_t most = 82; most <= 1000; most += 918) {
		struct virtio_net_xdp_prog_info_result info;
		struct control *c;

		config.caps.max_run_insns = most;
		c = control_open(&config);
		control_load(c, 0, loop, COUNT(loop));
		info = control_prog_info(c, 0);
		cr_assert_eq(le32_to_cpu(info.error), most < 1000 ? VIRTIO_NET_XDP_VERIFY_COMPLEXITY : 0, "%u", most);
		cr_assert_eq(info.state, most < 1000 ? VIRTIO_NET_XDP_PROG_REFUSED : VIRTIO_NET_XDP_PROG_READY, "%u",
			     most);
		cr_assert_gt(le32_to_cpu(info.log_bytes), 0u, "%u", most);
		control_close(c);
	}
}

/* Masked capabilities bind programs, too. */
Test(fw, masked_helpers)
{
	static const uint64_t clock[] = {W_CALL(5), W_EXIT};
	struct fw_config config = control_config();
	struct control *c;

	config.caps.helpers[0] &= ~(1ULL << 5);
	c = control_open(&config);
	cr_assert_eq(control_load(c, 0, clock, 2), VIRTIO_NET_XDP_PROG_REFUSED);
	cr_assert_eq(le32_to_cpu(control_prog_info(c, 0).error), VIRTIO_NET_XDP_VERIFY_HELPER);
	control_close(c);
}

static void traced(void *ctx, uint32_t prog_id, uint32_t insn, const char *text, const uint64_t *regs)
{
	uint32_t *seen = ctx;

	cr_assert_eq(prog_id, 0);
	cr_assert(text[0]);
	cr_assert(regs);
	*seen |= 1u << insn;
}

Test(fw, trace_sees_each_instruction)
{
	static const uint64_t pass[] = {W_MOV(0, 2), W(0x15, 0, 0, 1, 2), W_MOV(0, 1), W_EXIT};
	struct control *c = control_open(NULL);
	struct control_frame f;
	uint32_t seen = 0;

	attach(c, pass, COUNT(pass), 0);
	fw_trace(c->fw, traced, &seen);
	control_frame(&f, 64);
	fw_run(c->fw, &f.frame, 1);
	cr_assert_eq(seen, 1 << 0 | 1 << 1 | 1 << 3);
	fw_trace(c->fw, NULL, NULL);
	seen = 0;
	fw_run(c->fw, &f.frame, 1);
	cr_assert_eq(seen, 0);
	control_close(c);
}
