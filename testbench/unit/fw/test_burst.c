/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that are run together, by each engine: each run begins anew, whatever the frame before did. And programs that
 * are compiled as a loop over frames, entered in the middle of a run: they neither begin nor end it.
 */
#include "engines.h"
#include "words.h"

#define FRAMES 4
#define HASH   1
#define PROGS  2

static struct control *open_maps(int engine)
{
	struct fw_config config = control_config();
	struct control *c;

	config.engine = (enum fw_engine)engine;
	config.platform = &rig_platform;
	config.caps.flags |= VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT;
	config.num_queues = FRAMES;
	c = control_open(&config);
	cr_assert_eq(control_map_create(c, HASH, VIRTIO_NET_XDP_MAP_HASH, 4, 8, 4, 0), 0);
	cr_assert_eq(control_map_create(c, PROGS, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, 1, 0), 0);
	return c;
}

/* R6 is the context; program 1 goes on. */
#define TAIL_CALL W_MOVR(1, 6), W_MAP(2, PROGS), W_MOV(3, 0), W_CALL(12), W_MOV(0, 99), W_EXIT
/* R1, R2: the map and the key, which was stored at R10 - 4 */
#define KEY(map, key) W(0x62, 10, 0, -4, key), W_MOVR(2, 10), W_ADD(2, -4), W_MAP(1, map)
/* key becomes the 8 bytes at R10 - 16, which are value */
#define PUT(key, value) W(0x7a, 10, 0, -16, value), KEY(HASH, key), W_MOVR(3, 10), W_ADD(3, -16), W_MOV(4, 0), W_CALL(2)

static const struct {
	const char *what;
	uint64_t words[64], target[32];
	uint64_t r0[FRAMES];
	uint32_t queue[FRAMES];
	bool bad_queue, changed;
} rows[] = {
	{.what = "a queue that is selected is not the steered one of the target",
	 .words = {W_MOVR(6, 1), W(0x62, 1, 0, 16, 2), TAIL_CALL},
	 .target = {W_CALL(8), W_EXIT},
	 .r0 = {0, 1, 2, 3},
	 .queue = {2, 2, 2, 2}},
	{.what = "a queue that does not exist was selected before the target",
	 .words = {W_MOVR(6, 1), W(0x62, 1, 0, 16, FRAMES), TAIL_CALL},
	 .target = {W_MOV(0, 2), W_EXIT},
	 .r0 = {2, 2, 2, 2},
	 .queue = {0, 1, 2, 3},
	 .bad_queue = true},
	{.what = "the frame was changed before the target",
	 .words = {W_MOVR(6, 1), W_MOV(2, -4), W_CALL(44), TAIL_CALL},
	 .target = {W_MOV(0, 2), W_EXIT},
	 .r0 = {2, 2, 2, 2},
	 .queue = {0, 1, 2, 3},
	 .changed = true},
	{.what = "headroom is new once: what the frame gives up and gets back stays",
	 .words = {W_MOVR(6, 1), W_MOV(2, 8), W_CALL(44), TAIL_CALL},
	 .target = {W_MOVR(6, 1), W_MOV(2, -8), W_CALL(44), W_LDX32(2, 6, 0), W_LDX32(3, 6, 4), W_MOVR(4, 2),
		    W_ADD(4, 8), W_MOV(0, 99), W(0x2d, 4, 3, 1, 0), W_LDX8(0, 2, 7), W_EXIT},
	 .r0 = {7, 7, 7, 7},
	 .queue = {0, 1, 2, 3},
	 .changed = true},
	{.what = "a value that the caller's caller removed is still its own",
	 .words = {W_MOVR(6, 1), PUT(0, 5), KEY(HASH, 0), W_CALL(1), W(0x55, 0, 0, 2, 0), W_MOV(0, 98), W_EXIT,
		   W_MOVR(7, 0), KEY(HASH, 0), W_CALL(3), W_MOVR(1, 6), W_CALL_LOCAL(12), PUT(2, 20), W_LDX64(0, 7, 0),
		   W_EXIT, W_MOVR(6, 1), TAIL_CALL},
	 .target = {PUT(1, 10), W_MOV(0, 2), W_EXIT},
	 .r0 = {5, 5, 5, 5},
	 .queue = {0, 1, 2, 3}},
	{.what = "metadata of one frame is not the next one's",
	 .words = {W_MOVR(6, 1), W_LDX32(2, 1, 8), W_LDX32(0, 1, 0), W(0x1f, 0, 2, 0, 0), W(0x55, 0, 0, 4, 0),
		   W_MOVR(1, 6), W_MOV(2, -4), W_CALL(54), W_ADD(0, 1), W_EXIT},
	 .r0 = {1, 1, 1, 1},
	 .queue = {0, 1, 2, 3}},
};

static size_t length(const uint64_t *words, size_t room)
{
	while (room && !words[room - 1])
		room--;
	return room;
}

static void check(const struct fw_frame *frame, size_t row, int n, const char *how)
{
	const char *what = rows[row].what;

	cr_assert_eq(frame->r0, rows[row].r0[n], "%s: %s: frame %d: R0 %lu", how, what, n, (unsigned long)frame->r0);
	cr_assert_eq(frame->rx_queue_index, rows[row].queue[n], "%s: %s: frame %d: queue %u", how, what, n,
		     frame->rx_queue_index);
	cr_assert_eq(frame->bad_queue, rows[row].bad_queue, "%s: %s: frame %d: bad_queue", how, what, n);
	cr_assert_eq(frame->changed, rows[row].changed, "%s: %s: frame %d: changed", how, what, n);
}

Test(burst, each_run_begins_anew)
{
	static struct control_frame f[FRAMES];
	struct fw_frame burst[FRAMES];

	for (int how = 0; how < 2 * ENGINES; how++) {
		const char *name = engines_name(how / 2);
		int together = how % 2 ? FRAMES : 1;

		for (size_t row = 0; row < ENGINES_COUNT(rows); row++) {
			size_t target = length(rows[row].target, ENGINES_COUNT(rows[row].target));
			struct control *c = open_maps(how / 2);

			engines_load(c, 0, rows[row].words, length(rows[row].words, ENGINES_COUNT(rows[row].words)));
			if (target) {
				engines_load(c, 1, rows[row].target, target);
				cr_assert_eq(engines_set(c, PROGS, 0, 1, 0), 0);
			}
			engines_attach(c, 0);
			for (int n = 0; n < FRAMES; n++) {
				control_frame(&f[n], 64);
				burst[n] = f[n].frame;
				burst[n].rx_queue_index = (uint32_t)n;
				/* What a run before left: */
				burst[n].bad_queue = burst[n].changed = burst[n].redirect_queue = n % 2;
			}
			for (int n = 0; n < FRAMES; n += together)
				fw_run(c->fw, burst + n, (size_t)together);
			for (int n = 0; n < FRAMES; n++)
				check(&burst[n], row, n, name);
			control_close(c);
		}
	}
}

/* A distance between pointers of which the optimiser knows only one is a number, which may be 0. */
Test(burst, distance_of_pointers)
{
	static const uint64_t words[] = {
		W_MOVR(6, 1),         W_LDX32(7, 6, 8), /* metadata */
		W_MOV(8, 3),          W_ADD(8, -1),     /* here nothing is known */
		W(0x55, 8, 0, -2, 0), W_LDX32(2, 6, 0), /* data */
		W(0x1f, 2, 7, 0, 0),  W_MOV(0, 1),      W(0x15, 2, 0, 1, 0), W_MOV(0, 2), W_EXIT};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = open_maps(engine);

		engines_load(c, 0, words, ENGINES_COUNT(words));
		engines_attach(c, 0);
		cr_assert_eq(engines_run(c).r0, 1, "%s", engines_name(engine));
		control_close(c);
	}
}

#define PACKET(store)                                                                                                  \
	W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_MOVR(4, 2), W_ADD(4, 14), W(0x2d, 4, 3, 1, 0), store, W_MOV(0, 1), W_EXIT
/* Ten bytes of the stack, to or from the packet. */
#define BYTES(helper)                                                                                                  \
	W(0x7a, 10, 0, -16, 0), W(0x7a, 10, 0, -8, 0), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -16), W_MOV(4, 10),        \
		W_CALL(helper), W_MOV(0, 1), W_EXIT

static const struct {
	const char *what;
	uint64_t words[16];
	bool in_place;
} leaving[] = {
	{"returns", {W_MOV(0, 1), W_EXIT}, true},
	{"reads the packet", {PACKET(W_LDX8(5, 2, 0))}, true},
	{"reads it through a helper", {BYTES(189)}, true},
	{"writes to the packet", {PACKET(W(0x72, 2, 0, 0, 7))}, false},
	{"writes through a helper", {BYTES(190)}, false},
	{"moves its start", {W_MOV(2, 0), W_CALL(44), W_MOV(0, 1), W_EXIT}, false},
	{"gives it metadata", {W_MOV(2, -4), W_CALL(54), W_MOV(0, 1), W_EXIT}, false},
	{"moves its end", {W_MOV(2, 0), W_CALL(65), W_MOV(0, 1), W_EXIT}, false},
	{"goes on with who knows what", {W_MOVR(6, 1), TAIL_CALL}, false},
};

/* Only what cannot touch a frame may be given one in memory that is not to be touched. */
Test(burst, in_place)
{
	for (size_t i = 0; i < sizeof(leaving) / sizeof(leaving[0]); i++) {
		struct control *c = open_maps(FW_ENGINE_INTERP);
		size_t count = 16;

		while (!leaving[i].words[count - 1])
			count--;
		control_load(c, 0, leaving[i].words, (uint32_t)count);
		cr_assert_eq(control_attach(c, 0, VIRTIO_NET_XDP_ID_NONE, 0, 0), 0, "%s", leaving[i].what);
		cr_assert_eq(fw_in_place(c->fw), leaving[i].in_place, "%s", leaving[i].what);
		control_close(c);
	}
}
