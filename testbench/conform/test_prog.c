/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading programs: XO-031 to XO-061, XO-192, XO-228. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* Status of a call that returns 0, 1 with an error, or worse. */
static uint32_t status_of(int err, const struct drv_xdp_error *e)
{
	cr_assert_geq(err, 0, "the command failed with %d", err);
	return err ? e->status : VIRTIO_NET_XDP_OK;
}

static uint32_t create(struct bench *b, uint32_t id, uint32_t bytes)
{
	struct drv_xdp_error e;

	return status_of(drv_xdp_prog_create(b->net, id, bytes, 0, "p", NULL, &e), &e);
}

static uint32_t write_at(struct bench *b, uint32_t id, uint32_t offset, const void *data, uint32_t bytes,
			 uint32_t *detail)
{
	struct drv_xdp_error e = {0, 0};
	uint32_t status = status_of(drv_xdp_prog_write(b->net, id, offset, data, bytes, &e), &e);

	if (detail)
		*detail = e.detail;
	return status;
}

static uint32_t commit(struct bench *b, uint32_t id)
{
	struct drv_xdp_error e;

	return status_of(drv_xdp_prog_commit(b->net, id, 0, &e), &e);
}

static uint32_t destroy(struct bench *b, uint32_t id)
{
	struct drv_xdp_error e;

	return status_of(drv_xdp_prog_destroy(b->net, id, &e), &e);
}

Test(XO, XO_031)
{
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	world_make(&b);
	for (id = 0; id <= 4; id++)
		cr_expect_eq(create(&b, id, 16), VIRTIO_NET_XDP_ERR_EXISTS, "XO-031: program %u", id);
	bench_close(&b);
}

Test(XO, XO_032)
{
	static const uint32_t rows[] = {0, 1, 4, 7, 9, 15, 0x7fffffff, 0xffffffff};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(create(&b, 0, rows[i]), VIRTIO_NET_XDP_ERR_SIZE, "XO-032: %u bytes", rows[i]);
	cr_expect_eq(create(&b, 0, 8), VIRTIO_NET_XDP_OK, "XO-032: 8 bytes");
	bench_close(&b);
}

Test(XO, XO_033)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(create(&b, b.caps.max_progs, 16), VIRTIO_NET_XDP_ERR_LIMIT_PROGS, "XO-033: max_progs");
	cr_expect_eq(create(&b, 0x10000, 16), VIRTIO_NET_XDP_ERR_LIMIT_PROGS, "XO-033: 65,536");
	cr_expect_eq(create(&b, VIRTIO_NET_XDP_ID_NONE, 16), VIRTIO_NET_XDP_ERR_LIMIT_PROGS, "XO-033: none");
	cr_expect_eq(create(&b, b.caps.max_progs - 1u, 16), VIRTIO_NET_XDP_OK, "XO-033: max_progs - 1");
	bench_close(&b);
}

Test(XO, XO_034)
{
	struct bench b;

	bench_open(&b, NULL);
	cr_expect_eq(create(&b, 0, (b.caps.max_insns + 1) * 8), VIRTIO_NET_XDP_ERR_LIMIT_INSNS, "XO-034: one more");
	cr_expect_eq(create(&b, 0, 0xfffffff8), VIRTIO_NET_XDP_ERR_LIMIT_INSNS, "XO-034: 4 GiB");
	cr_expect_eq(create(&b, 0, b.caps.max_insns * 8), VIRTIO_NET_XDP_OK, "XO-034: the limit itself");
	bench_close(&b);
}

Test(XO, XO_035)
{
	struct drv_xdp_prog_info info;
	struct bench b;

	bench_open(&b, NULL);
	cr_assert_eq(create(&b, 0, 24), VIRTIO_NET_XDP_OK);
	info = info_of(&b, 0);
	cr_expect_eq(info.state, VIRTIO_NET_XDP_PROG_LOADING, "XO-035: state %u", info.state);
	cr_expect_eq(info.written, 0, "XO-035");
	bench_close(&b);
}

/* From each state, and for maps. */
Test(XO, XO_036)
{
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	world_make(&b);
	detach(&b);
	for (id = 0; id <= 4; id++) {
		cr_expect_eq(destroy(&b, id), VIRTIO_NET_XDP_OK, "XO-036: program %u", id);
		cr_expect_eq(create(&b, id, 16), VIRTIO_NET_XDP_OK, "XO-036: program %u", id);
		cr_expect_eq(info_of(&b, id).written, 0, "XO-036: program %u is not a new one", id);
	}
	cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 8, 2, 0);
	bench_close(&b);
}

Test(XO, XO_037)
{
	static const uint32_t ids[] = {0, 3, 4};
	uint64_t insn = EXIT;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < 3; i++)
		cr_expect_eq(write_at(&b, ids[i], 16, &insn, 8, NULL), VIRTIO_NET_XDP_ERR_STATE, "XO-037: program %u",
			     ids[i]);
	bench_close(&b);
}

Test(XO, XO_038)
{
	static const uint32_t offsets[] = {0, 4, 9, 16, 0xffffffff};
	uint64_t insn = EXIT;
	uint32_t detail;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	b.misbehaves = true;
	cr_assert_eq(create(&b, 0, 32), VIRTIO_NET_XDP_OK);
	cr_expect_eq(write_at(&b, 0, 8, &insn, 8, &detail), VIRTIO_NET_XDP_ERR_SIZE, "XO-038: nothing is written");
	cr_expect_eq(detail, 0, "XO-038");
	cr_assert_eq(write_at(&b, 0, 0, &insn, 8, NULL), VIRTIO_NET_XDP_OK);
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		cr_expect_eq(write_at(&b, 0, offsets[i], &insn, 8, &detail), VIRTIO_NET_XDP_ERR_SIZE,
			     "XO-038: offset %u", offsets[i]);
		cr_expect_eq(detail, 8, "XO-038: offset %u: detail %u", offsets[i], detail);
	}
	/* A piece may end inside of an instruction. */
	cr_expect_eq(write_at(&b, 0, 8, &insn, 3, NULL), VIRTIO_NET_XDP_OK, "XO-038");
	cr_expect_eq(write_at(&b, 0, 11, (uint8_t *)&insn + 3, 5, NULL), VIRTIO_NET_XDP_OK, "XO-038");
	cr_expect_eq(info_of(&b, 0).written, 16, "XO-038");
	bench_close(&b);
}

Test(XO, XO_039)
{
	uint64_t insns[3] = {EXIT, EXIT, EXIT};
	uint32_t detail;
	struct bench b;

	bench_open(&b, NULL);
	cr_assert_eq(create(&b, 0, 16), VIRTIO_NET_XDP_OK);
	cr_expect_eq(write_at(&b, 0, 0, insns, 17, &detail), VIRTIO_NET_XDP_ERR_SIZE, "XO-039: 17 of 16 bytes");
	cr_expect_eq(detail, 0, "XO-039: detail %u", detail);
	cr_assert_eq(write_at(&b, 0, 0, insns, 8, NULL), VIRTIO_NET_XDP_OK);
	cr_expect_eq(write_at(&b, 0, 8, insns, 16, &detail), VIRTIO_NET_XDP_ERR_SIZE, "XO-039: 24 of 16 bytes");
	cr_expect_eq(detail, 8, "XO-039: detail %u", detail);
	cr_expect_eq(write_at(&b, 0, 8, insns, 8, NULL), VIRTIO_NET_XDP_OK, "XO-039");
	cr_expect_eq(write_at(&b, 0, 16, insns, 1, &detail), VIRTIO_NET_XDP_ERR_SIZE,
		     "XO-039: one byte behind the end");
	bench_close(&b);
}

Test(XO, XO_040)
{
	static const uint32_t ids[] = {0, 3, 4};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	for (i = 0; i < 3; i++)
		cr_expect_eq(commit(&b, ids[i]), VIRTIO_NET_XDP_ERR_STATE, "XO-040: program %u", ids[i]);
	bench_close(&b);
}

Test(XO, XO_041)
{
	uint64_t insns[2] = {RETURN(2)};
	struct bench b;
	uint32_t n;

	bench_open(&b, NULL);
	cr_assert_eq(create(&b, 0, 16), VIRTIO_NET_XDP_OK);
	for (n = 0; n < 16; n++) {
		cr_expect_eq(commit(&b, 0), VIRTIO_NET_XDP_ERR_STATE, "XO-041: %u of 16 bytes", n);
		cr_assert_eq(write_at(&b, 0, n, (uint8_t *)insns + n, 1, NULL), VIRTIO_NET_XDP_OK);
	}
	cr_expect_eq(commit(&b, 0), VIRTIO_NET_XDP_OK, "XO-041: complete");
	bench_close(&b);
}

/* A program that takes long to verify: its result depends on the way through many branches on packet bytes. */
#define LONG_BRANCHES 400
#define LONG_UNITS    (10 + LONG_BRANCHES * 3)

static size_t long_program(uint64_t *insns)
{
	size_t n = 0;
	unsigned i;

	insns[n++] = LDX_W(2, 1, CTX_DATA);
	insns[n++] = LDX_W(3, 1, CTX_DATA_END);
	insns[n++] = MOV_K(6, VIRTIO_NET_XDP_PASS);
	insns[n++] = MOV_X(4, 2);
	insns[n++] = ADD_K(4, 14);
	insns[n++] = JGT_X(4, 3, LONG_BRANCHES * 3);
	for (i = 0; i < LONG_BRANCHES; i++) {
		insns[n++] = LDX_B(5, 2, (int)(i % 14));
		insns[n++] = JGT_K(5, 16, 1);
		insns[n++] = ADD_K(6, i + 1);
	}
	insns[n++] = MOV_X(0, 6);
	insns[n++] = EXIT;
	return n;
}

/* COMMIT of a long program completes while the program is being verified, and packets and commands go on meanwhile. */
static void start_long(struct bench *b, uint32_t id)
{
	uint64_t insns[LONG_UNITS];
	size_t n = long_program(insns), at, piece;

	cr_assert_eq(create(b, id, (uint32_t)(n * 8)), VIRTIO_NET_XDP_OK);
	for (at = 0; at < n; at += piece) {
		piece = n - at < 100 ? n - at : 100;
		cr_assert_eq(write_at(b, id, (uint32_t)(at * 8), insns + at, (uint32_t)(piece * 8), NULL),
			     VIRTIO_NET_XDP_OK);
	}
	cr_assert_eq(commit(b, id), VIRTIO_NET_XDP_OK);
}

static uint8_t state_of(struct bench *b, uint32_t id)
{
	return info_of(b, id).state;
}

Test(XO, XO_042)
{
	struct bench b;

	bench_open(&b, NULL);
	start_long(&b, 0);
	cr_expect_eq(state_of(&b, 0), VIRTIO_NET_XDP_PROG_VERIFYING,
		     "XO-042: the verification has ended before COMMIT");
	bench_close(&b);
}

Test(XO, XO_043)
{
	struct drv_xdp_caps caps;
	uint8_t frame[64];
	struct bench b;
	unsigned turns = 0, frames = 0;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 1, 1, 0);
	start_long(&b, 0);
	cr_assert_eq(link_mem_push(b.link, frame, sizeof(frame)), 0);
	while (state_of(&b, 0) == VIRTIO_NET_XDP_PROG_VERIFYING && turns < 100000) {
		turns++;
		frames += info_of(&b, 1).run_count == 1;
		cr_assert_eq(drv_xdp_caps(b.net, &caps, NULL), 0,
			     "XO-043: a command fails while a program is verified");
	}
	cr_expect_gt(turns, 0, "XO-043");
	cr_expect_gt(frames, 0, "XO-043: no packet was processed while the program was verified");
	bench_close(&b);
}

Test(XO, XO_044)
{
	struct bench b;
	unsigned turns;
	uint8_t state = VIRTIO_NET_XDP_PROG_VERIFYING;

	bench_open(&b, NULL);
	start_long(&b, 0);
	for (turns = 0; turns < 1000000 && state == VIRTIO_NET_XDP_PROG_VERIFYING; turns++)
		state = state_of(&b, 0);
	cr_expect(state == VIRTIO_NET_XDP_PROG_READY || state == VIRTIO_NET_XDP_PROG_REFUSED, "XO-044: state %u",
		  state);
	cr_assert_eq(destroy(&b, 0), VIRTIO_NET_XDP_OK);
	cr_expect_neq(REFUSAL(&b, JA(-1), EXIT), 0, "XO-044: a loop");
	bench_close(&b);
}

Test(XO, XO_045)
{
	struct bench b;
	uint32_t error;

	bench_open(&b, NULL);
	error = REFUSAL(&b, LD_MAP(1, 5), RETURN(2));
	cr_expect_eq(error, VIRTIO_NET_XDP_VERIFY_MAP, "XO-045: map 5: %s", drv_xdp_status_name(error));
	error = REFUSAL(&b, LD_MAP(1, VIRTIO_NET_XDP_ID_NONE), RETURN(2));
	cr_expect_eq(error, VIRTIO_NET_XDP_VERIFY_MAP, "XO-045: no map: %s", drv_xdp_status_name(error));
	bench_close(&b);
}

Test(XO, XO_046)
{
	static const uint64_t twice[] = {LD_MAP(1, 0), LD_MAP(2, 0), RETURN(2)};
	struct drv_xdp_prog_info prog;
	struct drv_xdp_map_info info;
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 8, 2, 0);
	cr_assert_eq(load_flags(&b, 0, twice, 6, 0, &prog), VIRTIO_NET_XDP_PROG_READY);
	cr_assert_eq(drv_xdp_map_info(b.net, 0, &info, NULL), 0);
	cr_expect_eq(info.references, 1, "XO-046: %u references of one program", info.references);
	LOAD(&b, 1, LD_MAP(1, 0), RETURN(2));
	cr_assert_eq(drv_xdp_map_info(b.net, 0, &info, NULL), 0);
	cr_expect_eq(info.references, 2, "XO-046: %u references of two programs", info.references);
	cr_expect_neq(drv_xdp_map_destroy(b.net, 0, NULL), 0, "XO-046: the map can be destroyed");
	cr_assert_eq(destroy(&b, 0), VIRTIO_NET_XDP_OK);
	/* A program that was refused holds nothing. */
	cr_expect_neq(REFUSAL(&b, LD_MAP(1, 0), LDX_W(0, 1, 0), EXIT), 0);
	cr_assert_eq(drv_xdp_map_info(b.net, 0, &info, NULL), 0);
	cr_expect_eq(info.references, 1, "XO-046: %u references at last", info.references);
	bench_close(&b);
}

Test(XO, XO_047)
{
	static const uint8_t tag[] = {1, 2, 3, 0, 255, 6, 7, 8};
	struct drv_xdp_prog_info info;
	struct bench b;

	bench_open(&b, NULL);
	cr_assert_eq(
		drv_xdp_prog_create(b.net, 0, 24, VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE, "sixteen_letters_", tag, NULL),
		0);
	info = info_of(&b, 0);
	cr_expect_eq(info.bytes, 24, "XO-047");
	cr_expect_eq(info.flags, VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE, "XO-047");
	cr_expect_str_eq(info.name, "sixteen_letters_", "XO-047");
	cr_expect_eq(memcmp(info.tag, tag, 8), 0, "XO-047");
	bench_close(&b);
}

Test(XO, XO_048)
{
	static const uint8_t want[] = {VIRTIO_NET_XDP_PROG_READY, VIRTIO_NET_XDP_PROG_LOADING,
				       VIRTIO_NET_XDP_PROG_LOADING, VIRTIO_NET_XDP_PROG_READY,
				       VIRTIO_NET_XDP_PROG_REFUSED};
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	world_make(&b);
	for (id = 0; id <= 4; id++)
		cr_expect_eq(state_of(&b, id), want[id], "XO-048: program %u is in state %u", id, state_of(&b, id));
	bench_close(&b);
}

Test(XO, XO_049)
{
	static const struct {
		uint64_t insns[4];
		unsigned count;
	} rows[] = {
		{{MOV_K(0, 2), MOV_K(1, 2), INSN(0xff, 0, 0, 0, 0), EXIT}, 4},
		{{MOV_K(0, 2), LDX_W(0, 1, 20), EXIT}, 3},
		{{MOV_X(0, 7), EXIT}, 2},
		{{MOV_K(0, 2), JA(100)}, 2},
	};
	static const uint32_t insn[] = {2, 1, 0, 1};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < 4; i++) {
		struct drv_xdp_prog_info info;

		cr_assert_eq(load_flags(&b, i, rows[i].insns, rows[i].count, 0, &info), VIRTIO_NET_XDP_PROG_REFUSED);
		cr_expect(info.error >= VIRTIO_NET_XDP_VERIFY_INSN && info.error <= VIRTIO_NET_XDP_VERIFY_CODE,
			  "XO-049: program %u: error %#x", i, info.error);
		cr_expect_lt(info.error_insn, rows[i].count, "XO-049: program %u", i);
		cr_expect_eq(info.error_insn, insn[i], "XO-049: program %u: instruction %u", i, info.error_insn);
	}
	bench_close(&b);
}

Test(XO, XO_050)
{
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	world_make(&b);
	for (id = 0; id <= 3; id++)
		cr_expect(!info_of(&b, id).error, "XO-050: program %u", id);
	start_long(&b, 5);
	cr_expect(!info_of(&b, 5).error, "XO-050: a program that is being verified");
	bench_close(&b);
}

Test(XO, XO_051)
{
	static const struct {
		uint64_t insns[5];
		unsigned count;
		uint32_t must;
	} rows[] = {
		{{RETURN(0)}, 2, 1 << 0},
		{{RETURN(1)}, 2, 1 << 1},
		{{RETURN(2)}, 2, 1 << 2},
		{{RETURN(3)}, 2, 1 << 3},
		{{RETURN(4)}, 2, 1 << 4},
		{{RETURN(5)}, 2, VIRTIO_NET_XDP_ACTIONS_OTHER},
		{{RETURN(-1)}, 2, VIRTIO_NET_XDP_ACTIONS_OTHER},
		{{LDX_W(2, 1, CTX_IFINDEX), MOV_K(0, 1), JEQ_K(2, 7, 1), MOV_K(0, 2), EXIT}, 5, 1 << 1 | 1 << 2},
		{{LDX_W(0, 1, CTX_IFINDEX), EXIT}, 2, 0x1f | VIRTIO_NET_XDP_ACTIONS_OTHER},
	};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drv_xdp_prog_info info;

		load_flags(&b, 0, rows[i].insns, rows[i].count, 0, &info);
		cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_READY, "XO-051: program %u: %s", i,
			     drv_xdp_status_name(info.error));
		cr_expect_eq(info.actions & rows[i].must, rows[i].must, "XO-051: program %u: actions %#x", i,
			     info.actions);
		cr_assert_eq(destroy(&b, 0), VIRTIO_NET_XDP_OK);
	}
	bench_close(&b);
}

Test(XO, XO_052)
{
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, RETURN(VIRTIO_NET_XDP_DROP));
	LOAD(&b, 1, RETURN(VIRTIO_NET_XDP_PASS));
	play(&b, frame, sizeof(frame));
	attach(&b, 0, 1, 0);
	for (i = 0; i < 5; i++)
		play(&b, frame, sizeof(frame));
	play(&b, frame, 13);
	attach(&b, 1, 1, 0);
	play(&b, frame, sizeof(frame));
	cr_expect_eq(info_of(&b, 0).run_count, 5, "XO-052: %lu runs", (unsigned long)info_of(&b, 0).run_count);
	cr_expect_eq(info_of(&b, 1).run_count, 1, "XO-052: %lu runs", (unsigned long)info_of(&b, 1).run_count);
	bench_close(&b);
}

Test(XO, XO_053)
{
	struct bench b;

	bench_open(&b, NULL);
	LOAD(&b, 0, RETURN(1));
	LOAD(&b, 1, RETURN(2));
	cr_expect_eq(info_of(&b, 0).attached, 0, "XO-053: before");
	attach(&b, 0, 1, 0);
	cr_expect_eq(info_of(&b, 0).attached, 1, "XO-053: after");
	cr_expect_eq(info_of(&b, 1).attached, 0, "XO-053: another one");
	attach(&b, 1, 1, 0);
	cr_expect_eq(info_of(&b, 0).attached, 0, "XO-053: replaced");
	detach(&b);
	cr_expect_eq(info_of(&b, 1).attached, 0, "XO-053: detached");
	bench_close(&b);
}

Test(XO, XO_054)
{
	uint8_t data[16] = {0};
	uint32_t at, n;
	struct bench b;

	bench_open(&b, NULL);
	cr_assert_eq(create(&b, 0, 64), VIRTIO_NET_XDP_OK);
	for (at = 0, n = 1; at + n <= 64; at += n, n++) {
		cr_assert_eq(write_at(&b, 0, at, data, n, NULL), VIRTIO_NET_XDP_OK);
		cr_expect_eq(info_of(&b, 0).written, at + n, "XO-054: after %u bytes", at + n);
	}
	bench_close(&b);
}

Test(XO, XO_055)
{
	char log[256];
	uint32_t got, total;
	struct bench b;

	bench_open(&b, NULL);
	world_make(&b);
	cr_assert(b.caps.max_log_bytes, "XO-055: the device has no logs");
	cr_assert_eq(drv_xdp_prog_log(b.net, 4, 0, log, sizeof(log), &got, &total, NULL), 0);
	cr_expect_geq(got, 1, "XO-055");
	cr_expect_eq(info_of(&b, 4).log_bytes, total, "XO-055");
	bench_close(&b);
}

/* What a piece of the log has to be: what is left, or whole lines, or what there is room for. */
static uint32_t piece(const char *text, uint32_t left, uint32_t room)
{
	uint32_t n;

	if (left <= room)
		return left;
	for (n = room; n && text[n - 1] != '\n'; n--)
		;
	return n ? n : room;
}

Test(XO, XO_056)
{
	static char whole[1 << 16], pieces[1 << 16];
	static const uint32_t rooms[] = {13, 64, 100, 200, 4096};
	uint32_t got, total, at, n;
	uint64_t insns[LONG_UNITS];
	size_t count = long_program(insns);
	struct drv_xdp_prog_info info;
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	insns[count - 2] = LDX_W(0, 1, 20); /* refused at its end, after a log of many lines */
	cr_assert_eq(drv_xdp_prog_load(b.net, 0, insns, (uint32_t)(count * 8), 0, "p", 2, &info, NULL), 0);
	cr_assert_eq(info.state, VIRTIO_NET_XDP_PROG_REFUSED);
	for (at = 0; at == 0 || at < n; at += got) {
		cr_assert_eq(drv_xdp_prog_log(b.net, 0, at, whole + at, sizeof(whole) - at, &got, &n, NULL), 0);
		cr_assert(got && n <= sizeof(whole), "XO-056: at %u: %u bytes of %u", at, got, n);
	}
	total = n;
	cr_expect_gt(total, 1000, "XO-056: a log of %u bytes says nothing about pieces", total);
	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		for (at = 0; at < total; at += got) {
			cr_assert_eq(drv_xdp_prog_log(b.net, 0, at, pieces + at, rooms[i], &got, &n, NULL), 0);
			cr_assert_eq(n, total, "XO-056: log_bytes %u", n);
			cr_assert_eq(got, piece(whole + at, total - at, rooms[i]), "XO-056: at %u, room %u: %u", at,
				     rooms[i], got);
		}
		cr_expect_eq(memcmp(whole, pieces, total), 0, "XO-056: pieces of %u", rooms[i]);
	}
	bench_close(&b);
}

Test(XO, XO_057)
{
	static const uint32_t beyond[] = {1, 1000, 0x7fffffff};
	uint32_t got, total, log_bytes;
	struct drv_xdp_error e;
	struct bench b;
	char log[64];
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	log_bytes = info_of(&b, 4).log_bytes;
	cr_expect_eq(drv_xdp_prog_log(b.net, 4, log_bytes, log, sizeof(log), &got, &total, &e), 0,
		     "XO-057: at the end");
	cr_expect(got == 0 && total == log_bytes, "XO-057: at the end: %u bytes of %u", got, total);
	for (i = 0; i < 3; i++) {
		cr_expect_eq(drv_xdp_prog_log(b.net, 4, log_bytes + beyond[i], log, sizeof(log), &got, &total, &e), 1,
			     "XO-057: %u behind the end", beyond[i]);
		cr_expect_eq(e.status, VIRTIO_NET_XDP_ERR_SIZE, "XO-057: %u behind the end: %s", beyond[i],
			     drv_xdp_status_name(e.status));
	}
	cr_expect_eq(drv_xdp_prog_log(b.net, 1, 0, log, sizeof(log), &got, &total, &e), 0, "XO-057: no log");
	cr_expect(got == 0 && total == 0, "XO-057: no log");
	bench_close(&b);
}

static void short_log(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->fw.caps.max_log_bytes = 256;
}

/* Every step of a long verification, into the log of the device and into a short one. */
Test(XO, XO_058)
{
	bench_tweak *tweaks[] = {NULL, short_log};
	uint64_t insns[LONG_UNITS];
	size_t n = long_program(insns);
	struct drv_xdp_prog_info info;
	struct bench b;
	unsigned i;

	for (i = 0; i < 2; i++) {
		insns[n - 2] = LDX_W(0, 1, 20);
		bench_open(&b, tweaks[i]);
		cr_assert_eq(drv_xdp_prog_load(b.net, 0, insns, (uint32_t)(n * 8), 0, "p", 2, &info, NULL), 0);
		cr_expect_leq(info.log_bytes, b.caps.max_log_bytes, "XO-058: %u of %u bytes", info.log_bytes,
			      b.caps.max_log_bytes);
		bench_close(&b);
	}
}

Test(XO, XO_060)
{
	struct bench b;

	bench_open(&b, NULL);
	LOAD(&b, 0, RETURN(1));
	attach(&b, 0, 1, 0);
	cr_expect_eq(destroy(&b, 0), VIRTIO_NET_XDP_ERR_BUSY, "XO-060");
	cr_expect_eq(state_of(&b, 0), VIRTIO_NET_XDP_PROG_READY, "XO-060");
	detach(&b);
	cr_expect_eq(destroy(&b, 0), VIRTIO_NET_XDP_OK, "XO-060: detached");
	bench_close(&b);
}

Test(XO, XO_061)
{
	struct drv_xdp_prog_info info;
	struct bench b;
	uint32_t id;

	bench_open(&b, NULL);
	world_make(&b);
	start_long(&b, 5);
	for (id = 1; id <= 5; id++) {
		cr_expect_eq(destroy(&b, id), VIRTIO_NET_XDP_OK, "XO-061: program %u", id);
		cr_expect_eq(drv_xdp_prog_info(b.net, id, &info, NULL), 1, "XO-061: program %u is still there", id);
	}
	bench_close(&b);
}

/* No state but READY can be attached or run. */
Test(XO, XO_192)
{
	static const uint32_t ids[] = {1, 2, 4, 5};
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	world_make(&b);
	start_long(&b, 5);
	make_frame(frame, sizeof(frame));
	for (i = 0; i < 4; i++) {
		uint32_t queue = 0, bytes = 64;
		struct drv_xdp_error e;
		uint64_t r0;

		if (ids[i] == 5 && state_of(&b, 5) != VIRTIO_NET_XDP_PROG_VERIFYING)
			continue;
		cr_expect_eq(drv_xdp_attach(b.net, ids[i], b.attached, b.generation, 1, 0, NULL, &e), 1,
			     "XO-192: program %u is attached", ids[i]);
		if (b.caps.commands >> VIRTIO_NET_CTRL_XDP_TEST_RUN & 1)
			cr_expect_neq(drv_xdp_test_run(b.net, ids[i], 0, &queue, frame, &bytes, sizeof(frame), &r0, &e),
				      0, "XO-192: program %u is run", ids[i]);
	}
	bench_close(&b);
}

/* The driver's claims - flags, name and tag of a verified program - make no program safe. */
Test(XO, XO_228)
{
	static const uint64_t unsafe[] = {LDX_W(2, 1, CTX_DATA), LDX_B(0, 2, 0), EXIT};
	struct drv_xdp_prog_info good, info;
	struct bench b;

	bench_open(&b, NULL);
	LOAD(&b, 0, RETURN(2));
	good = info_of(&b, 0);
	cr_assert_eq(drv_xdp_prog_create(b.net, 1, 24, VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE, good.name, good.tag, NULL),
		     0);
	cr_assert_eq(write_at(&b, 1, 0, unsafe, 24, NULL), VIRTIO_NET_XDP_OK);
	cr_assert_eq(commit(&b, 1), VIRTIO_NET_XDP_OK);
	do
		info = info_of(&b, 1);
	while (info.state == VIRTIO_NET_XDP_PROG_VERIFYING);
	cr_expect_eq(info.state, VIRTIO_NET_XDP_PROG_REFUSED, "XO-228: an unchecked access to the packet");
	bench_close(&b);
}
