// SPDX-License-Identifier: BSD-2-Clause
/*
 * While the device verifies what takes it longest, frames pass through another program and commands are answered. How
 * long they wait is counted in instructions that the verifier walks in between, since clocks depend on the machine.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "guest-driver/core/xdp.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "virtio_net_xdp.h"

#include "conform/insns.h" /* behind what uses its names */

#define PASS_ID  1
#define SLOW_ID  0
#define SLOTS    65536
#define GAP_MAX  4000 /* instructions between two turns of the device */
#define PIECE    32768
#define JA32(to) INSN(0x06, 0, 0, 0, to)

struct world {
	struct rig *rig;
	struct drv_net *net;
	struct link *link;
	uint32_t gap, longest; /* instructions walked since the last frame; the most of these */
	uint64_t walked;
	bool begun, ended;
	uint32_t before; /* frames that passed before the walk began */
	uint32_t frames;
};

static void on_walk(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct world *w = ctx;

	(void)v;
	(void)mark;
	w->begun |= event == VERIFY_BEGINS;
	w->ended |= event == VERIFY_ENDS;
	if (event != VERIFY_VISITS && event != VERIFY_COVERED)
		return;
	w->walked++;
	if (++w->gap > w->longest)
		w->longest = w->gap;
}

static void on_frame(void *ctx, const struct drv_net_frame *frame)
{
	struct world *w = ctx;

	(void)frame;
	w->frames++;
}

static void upload(struct world *w, uint32_t id, const uint64_t *insns, uint32_t count)
{
	uint32_t bytes = count * 8;

	cr_assert_eq(drv_xdp_prog_create(w->net, id, bytes, 0, "p", NULL, NULL), 0);
	for (uint32_t at = 0; at < bytes; at += PIECE)
		cr_assert_eq(drv_xdp_prog_write(w->net, id, at, (const uint8_t *)insns + at,
						bytes - at < PIECE ? bytes - at : PIECE, NULL),
			     0);
	cr_assert_eq(drv_xdp_prog_commit(w->net, id, 0, NULL), 0);
}

static uint8_t state_of(struct world *w, uint32_t id, struct drv_xdp_prog_info *info)
{
	cr_assert_eq(drv_xdp_prog_info(w->net, id, info, NULL), 0);
	return info->state;
}

static void world_open(struct world *w)
{
	static const uint64_t pass[] = {RETURN(2)};
	struct drv_xdp_prog_info info;
	struct net_config config;
	uint32_t generation;

	memset(w, 0, sizeof(*w));
	rig_config_default(&config);
	w->link = link_mem_open(NULL, 0);
	link_mem_set_endless(w->link, true);
	w->rig = rig_open(&config, w->link);
	cr_assert_not_null(w->rig);
	w->net = rig_driver(w->rig);
	cr_assert_eq(drv_net_start(w->net), 0);
	upload(w, PASS_ID, pass, 2);
	while (state_of(w, PASS_ID, &info) != VIRTIO_NET_XDP_PROG_READY)
		;
	cr_assert_eq(drv_xdp_attach(w->net, PASS_ID, VIRTIO_NET_XDP_ID_NONE, 0, 1, 0, &generation, NULL), 0);
	net_fw(rig_device(w->rig))->watch = on_walk;
	net_fw(rig_device(w->rig))->watch_ctx = w;
}

/* No branch, no end of it. */
static uint32_t straight(uint64_t *insns)
{
	for (uint32_t i = 0; i < SLOTS - 1; i++)
		insns[i] = MOV_K(0, i & 1);
	insns[SLOTS - 1] = EXIT;
	return SLOTS;
}

/* Blocks that run from the last to the first: what is found out backwards takes a pass for each. */
static uint32_t backwards(uint64_t *insns)
{
	const uint32_t blocks = (SLOTS - 3) / 3;
	uint32_t n = 0;

	insns[n++] = LDX_W(2, 1, CTX_IFINDEX);
	insns[n++] = MOV_K(0, 2);
	insns[n++] = JA32((int)(3 * (blocks - 1)));
	for (uint32_t b = 0; b < blocks; b++) {
		insns[n++] = ADD_K(2, 1);
		insns[n++] = JEQ_K(2, 0, 1);
		insns[n++] = b ? JA(-6) : EXIT;
	}
	insns[n - 2] = ADD_K(2, 1);
	insns[4] = ADD_K(2, 1);
	return n;
}

/* 4,096 branches on numbers that nothing is known of. */
static uint32_t branches(uint64_t *insns)
{
	uint32_t n = 0;

	insns[n++] = LDX_W(2, 1, CTX_IFINDEX);
	insns[n++] = MOV_K(0, 0);
	for (int i = 0; i < 4096; i++) {
		insns[n++] = JEQ_K(2, i, 1);
		insns[n++] = ADD_K(0, 1);
	}
	insns[n++] = EXIT;
	return n;
}

/* Nothing is ever seen twice: the limit on instructions ends it. */
static uint32_t endless(uint64_t *insns)
{
	static const uint64_t loop[] = {MOV_K(0, 0), ADD_K(0, 1), JLT_K(0, 2000000, -2), EXIT};

	memcpy(insns, loop, sizeof(loop));
	return 4;
}

static const struct slow_row {
	const char *what;
	uint32_t (*write)(uint64_t *insns);
	bool exhausts;   /* the limit on instructions, and is refused */
	uint32_t before; /* frames that pass, at the least, before the walk begins: it is prepared in slices, too */
} slow_rows[] = {
	{"one straight line", straight, false, 6},
	{"blocks from the last to the first", backwards, false, 20},
	{"4,096 branches", branches, true, 0},
	{"a loop up to the limit", endless, true, 0},
};

static void verify_slowly(const struct slow_row *row, uint64_t *insns)
{
	static const uint8_t frame[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 0};
	struct drv_xdp_prog_info info;
	struct drv_xdp_caps caps;
	struct world w;
	uint32_t sent = 0;

	world_open(&w);
	upload(&w, SLOW_ID, insns, row->write(insns));
	do {
		cr_assert_eq(link_mem_push(w.link, frame, sizeof(frame)), 0);
		net_poll(rig_device(w.rig));
		drv_net_receive(w.net, on_frame, &w, 16);
		cr_assert_eq(w.frames, ++sent, "%s: a frame waited for longer than a turn", row->what);
		w.gap = 0;
		w.before += !w.begun;
		/* the device takes a turn for each command, at the most */
		cr_assert_eq(drv_xdp_caps(w.net, &caps, NULL), 0, "%s", row->what);
		cr_assert_leq(w.gap, GAP_MAX, "%s: a command waited for %u instructions", row->what, w.gap);
	} while (state_of(&w, SLOW_ID, &info) == VIRTIO_NET_XDP_PROG_VERIFYING);
	cr_expect_eq(info.error, row->exhausts ? VIRTIO_NET_XDP_VERIFY_COMPLEXITY : 0, "%s: error 0x%x", row->what,
		     info.error);
	cr_expect(w.ended && w.walked + 1 >= info.visited, "%s: %u visited", row->what, info.visited);
	/* three turns in a round */
	cr_expect_leq(w.longest, 3 * GAP_MAX, "%s: a frame waited for %u instructions", row->what, w.longest);
	cr_expect_geq(w.frames, info.visited / (3 * GAP_MAX), "%s: %u frames", row->what, w.frames);
	cr_expect_geq(3 * w.before, row->before, "%s: %u frames before the walk", row->what, w.before);
	rig_close(w.rig);
}

Test(slices, hold_up_neither_frames_nor_commands)
{
	uint64_t *insns = calloc(SLOTS, sizeof(*insns));

	cr_assert_not_null(insns);
	for (size_t i = 0; i < sizeof(slow_rows) / sizeof(slow_rows[0]); i++)
		verify_slowly(&slow_rows[i], insns);
	free(insns);
}
