/* SPDX-License-Identifier: BSD-2-Clause */
/* Program execution: XO-126 to XO-135, XO-139 to XO-146. What helpers do to packets is in test_adjust.c. */
#include <string.h>

#include "bench.h"

static void open_test_run(struct bench *b)
{
	bench_open(b, NULL);
	need_command(b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
}

#define ROW_UNITS 14

struct exec_row {
	const char *what;
	uint64_t insns[ROW_UNITS]; /* without EXIT */
	uint64_t r0;
};

#define U(...)                                                                                                         \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

static void expect_rows(struct bench *b, const struct exec_row *rows, size_t count, const char *id)
{
	size_t i, n;

	for (i = 0; i < count; i++) {
		uint64_t insns[ROW_UNITS + 1], r0;

		for (n = 0; n < ROW_UNITS && (rows[i].insns[n] || (n && (rows[i].insns[n - 1] & 0xff) == 0x18)); n++)
			insns[n] = rows[i].insns[n];
		insns[n++] = EXIT;
		r0 = run(b, insns, n);
		cr_expect_eq(r0, rows[i].r0, "%s: %s: %#llx, not %#llx", id, rows[i].what, (unsigned long long)r0,
			     (unsigned long long)rows[i].r0);
	}
}

/* One instruction of each kind, with operands where something can go wrong. */
Test(XO, XO_126)
{
	static const struct exec_row rows[] = {
		{"mov64 sign-extends", U(MOV_K(0, -1)), ~0ull},
		{"mov32 zero-extends", U(MOV32_K(0, -1)), 0xffffffff},
		{"add64", U(MOV32_K(0, -1), ADD_K(0, 1)), 0x100000000},
		{"add32 wraps", U(MOV_K(0, -1), ADD32_K(0, 1)), 0},
		{"sub64", U(MOV_K(0, 3), MOV_K(1, 5), SUB_X(0, 1)), -2ull},
		{"mul64", U(MOV32_K(0, -1), MUL_K(0, 16)), 0xffffffff0},
		{"neg64", U(MOV_K(0, 5), NEG(0)), -5ull},
		{"and, or, xor", U(MOV_K(0, 0xff), AND_K(0, 0x3c), MOV_K(1, 0x40), OR_X(0, 1), XOR_K(0, -1)), ~0x7cull},
		{"shifts", U(MOV_K(0, -16), RSH_K(0, 60)), 15},
		{"arsh", U(MOV_K(0, -16), ARSH_K(0, 2)), -4ull},
		{"lsh", U(MOV_K(0, 1), LSH_K(0, 63)), 1ull << 63},
		{"shift by 65 in a register", U(MOV_K(0, 1), MOV_K(1, 65), INSN(0x6f, 0, 1, 0, 0)), 2},
		{"shift32 by 33 in a register", U(MOV_K(0, 1), MOV_K(1, 33), INSN(0x6c, 0, 1, 0, 0)), 2},
		{"imm64", U(LD_IMM64(0, 0x8877665544332211)), 0x8877665544332211},
		{"to_be16", U(LD_IMM64(0, 0x1122334455667788), TO_BE16(0)), 0x8877},
		{"to_be32", U(LD_IMM64(0, 0x1122334455667788), TO_BE32(0)), 0x88776655},
		{"ja", U(MOV_K(1, 1), JEQ_K(1, 5, 2), MOV_K(0, 1), JA(1), MOV_K(0, 2)), 1},
		{"jgt is unsigned", U(MOV_K(0, 1), MOV_K(1, -1), JGT_K(1, 5, 1), MOV_K(0, 2)), 1},
		{"jsgt is signed", U(MOV_K(0, 1), MOV_K(1, -1), INSN(0x65, 1, 0, 1, 5), MOV_K(0, 2)), 2},
		{"jeq32 looks at the low half",
		 U(MOV_K(0, 1), LD_IMM64(1, 0x100000005), INSN(0x16, 1, 0, 1, 5), MOV_K(0, 2)), 1},
		{"jset", U(MOV_K(0, 1), MOV_K(1, 6), INSN(0x45, 1, 0, 1, 2), MOV_K(0, 2)), 1},
	};
	static const struct exec_row division[] = {
		{"div", U(MOV_K(0, 100), MOV_K(1, 7), DIV_X(0, 1)), 14},
		{"div by 0 is 0", U(MOV_K(0, 100), MOV_K(1, 0), DIV_X(0, 1)), 0},
		{"mod", U(MOV_K(0, 100), MOV_K(1, 7), MOD_X(0, 1)), 2},
		{"mod by 0 leaves the destination", U(MOV_K(0, 100), MOV_K(1, 0), MOD_X(0, 1)), 100},
		{"div is unsigned", U(MOV_K(0, -1), MOV_K(1, 2), DIV_X(0, 1)), 0x7fffffffffffffff},
	};
	struct bench b;

	open_test_run(&b);
	expect_rows(&b, rows, sizeof(rows) / sizeof(rows[0]), "XO-126");
	if (b.caps.isa & VIRTIO_NET_XDP_ISA_DIVMUL64)
		expect_rows(&b, division, sizeof(division) / sizeof(division[0]), "XO-126");
	bench_close(&b);
}

Test(XO, XO_127)
{
	static const struct exec_row rows[] = {
		{"a word of the packet", U(MOV_K(0, 0), PACKET(1, 8, 1), LDX_W(0, 2, 4)), 0x07060504},
		{"a half word", U(MOV_K(0, 0), PACKET(1, 8, 1), LDX_H(0, 2, 2)), 0x0302},
		{"a double word", U(MOV_K(0, 0), PACKET(1, 8, 1), LDX_DW(0, 2, 0)), 0x0706050403020100},
		{"stores to the stack", U(ST_DW(10, -8, 0x01020304), LDX_B(0, 10, -8)), 4},
		{"the highest byte", U(LD_IMM64(1, 0x1122334455667788), STX_DW(10, -8, 1), LDX_B(0, 10, -1)), 0x11},
		{"a word in halves", U(ST_W(10, -4, 0x01020304), LDX_H(0, 10, -2)), 0x0102},
	};
	struct bench b;

	open_test_run(&b);
	expect_rows(&b, rows, sizeof(rows) / sizeof(rows[0]), "XO-127");
	bench_close(&b);
}

static void base_only(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->fw.caps.isa = VIRTIO_NET_XDP_ISA_BASE32 | VIRTIO_NET_XDP_ISA_BASE64;
}

/* One program of each group that may be withheld. */
Test(XO, XO_128)
{
	static const struct {
		const char *what;
		uint64_t insns[4];
		uint32_t group;
	} rows[] = {
		{"div32", {MOV_K(0, 1), INSN(0x34, 0, 0, 0, 3), EXIT}, VIRTIO_NET_XDP_ISA_DIVMUL32},
		{"mul32", {MOV_K(0, 1), INSN(0x24, 0, 0, 0, 3), EXIT}, VIRTIO_NET_XDP_ISA_DIVMUL32},
		{"div64", {MOV_K(0, 1), INSN(0x37, 0, 0, 0, 3), EXIT}, VIRTIO_NET_XDP_ISA_DIVMUL64},
		{"mod64", {MOV_K(0, 1), INSN(0x97, 0, 0, 0, 3), EXIT}, VIRTIO_NET_XDP_ISA_DIVMUL64},
		{"atomic32",
		 {MOV_K(0, 1), ST_DW(10, -8, 0), ATOMIC_ADD_W(10, -8, 0), EXIT},
		 VIRTIO_NET_XDP_ISA_ATOMIC32},
		{"atomic64",
		 {MOV_K(0, 1), ST_DW(10, -8, 0), ATOMIC_ADD_DW(10, -8, 0), EXIT},
		 VIRTIO_NET_XDP_ISA_ATOMIC64},
	};
	bench_tweak *tweaks[] = {NULL, base_only};
	struct bench b;
	unsigned i, k;

	for (k = 0; k < 2; k++) {
		bench_open(&b, tweaks[k]);
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			uint32_t error = refusal(&b, rows[i].insns, rows[i].insns[2] == EXIT ? 3 : 4, 0);

			cr_expect_eq(error, b.caps.isa & rows[i].group ? 0 : VIRTIO_NET_XDP_VERIFY_ISA,
				     "XO-128: %s with isa %#x: %s", rows[i].what, b.caps.isa,
				     drv_xdp_status_name(error));
		}
		cr_expect_eq(REFUSAL(&b, INSN(0x20, 0, 0, 0, 0), EXIT) != 0, true, "XO-128: the group packet");
		bench_close(&b);
	}
}

/* The low half is PASS or DROP, the high half anything. */
Test(XO, XO_129)
{
	static const uint64_t rows[] = {0x100000002, 0xffffffff00000002, 0x200000001, 0x8000000000000002};
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	for (i = 0; i < 4; i++) {
		LOAD(&b, 0, LD_IMM64(0, rows[i]), EXIT);
		attach(&b, 0, 1, 0);
		bench_forget(&b);
		play(&b, frame, sizeof(frame));
		cr_expect_eq(b.num_got, (uint32_t)rows[i] == VIRTIO_NET_XDP_PASS, "XO-129: R0 %#llx: %u delivered",
			     (unsigned long long)rows[i], b.num_got);
		detach(&b);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}

/* The whole frame of the first and of a second function, and not one byte more. */
Test(XO, XO_130)
{
	struct bench b;

	open_test_run(&b);
	cr_expect_eq(RUN(&b, ST_DW(10, -512, 5), ST_DW(10, -8, 6), CALL_LOCAL(4), LDX_DW(0, 10, -512),
			 LDX_DW(1, 10, -8), ADD_X(0, 1), EXIT, ST_DW(10, -512, 7), ST_DW(10, -8, 7), RETURN(0)),
		     11, "XO-130: frames of two functions overlap");
	cr_expect_neq(REFUSAL(&b, ST_DW(10, -520, 5), RETURN(0)), 0, "XO-130: 520 bytes");
	cr_expect_neq(REFUSAL(&b, ST_B(10, -513, 5), RETURN(0)), 0, "XO-130: 513 bytes");
	bench_close(&b);
}

/* A chain of functions of which each calls the next one, depth frames deep. */
static size_t call_chain(uint64_t *insns, unsigned depth)
{
	size_t n = 0;
	unsigned i;

	for (i = 1; i < depth; i++) {
		insns[n++] = CALL_LOCAL(2);
		insns[n++] = ADD_K(0, 1);
		insns[n++] = EXIT;
	}
	insns[n++] = MOV_K(0, 1);
	insns[n++] = EXIT;
	return n;
}

Test(XO, XO_131)
{
	uint64_t insns[64], r0;
	struct bench b;
	unsigned depth;

	open_test_run(&b);
	for (depth = 1; depth <= 8; depth++) {
		r0 = run(&b, insns, call_chain(insns, depth));
		cr_expect_eq(r0, depth, "XO-131: %u frames: %lu", depth, (unsigned long)r0);
	}
	bench_close(&b);
}

Test(XO, XO_132)
{
	uint64_t insns[64];
	struct bench b;
	unsigned depth;

	bench_open(&b, NULL);
	for (depth = 9; depth <= 12; depth++)
		cr_expect_neq(refusal(&b, insns, call_chain(insns, depth), 0), 0, "XO-132: %u frames", depth);
	cr_expect_neq(REFUSAL(&b, CALL_LOCAL(1), EXIT, CALL_LOCAL(-1), EXIT), 0, "XO-132: recursion");
	bench_close(&b);
}

Test(XO, XO_133)
{
	static const struct exec_row rows[] = {
		{"length", U(LDX_W(0, 1, CTX_DATA_END), LDX_W(2, 1, CTX_DATA), SUB_X(0, 2)), 64},
		{"metadata", U(LDX_W(0, 1, CTX_DATA), LDX_W(2, 1, CTX_META), SUB_X(0, 2)), 0},
		{"ifindex", U(LDX_W(0, 1, CTX_IFINDEX)), 7},
		{"queue", U(LDX_W(0, 1, CTX_QUEUE)), 0},
		{"bytes", U(MOV_K(0, 0), PACKET(1, 64, 1), LDX_B(0, 2, 63)), 63},
	};
	struct bench b;

	open_test_run(&b);
	expect_rows(&b, rows, sizeof(rows) / sizeof(rows[0]), "XO-133");
	bench_close(&b);
}

/* Every offset and size, loads and stores. */
Test(XO, XO_134)
{
	static const uint8_t load[] = {0x71, 0x69, 0x61, 0x79}, store[] = {0x72, 0x6a, 0x62, 0x7a},
			     bytes[] = {1, 2, 4, 8};
	struct bench b;
	unsigned i;
	int at;

	bench_open(&b, NULL);
	for (at = -8; at <= 32; at++) {
		for (i = 0; i < 4; i++) {
			bool ok = bytes[i] == 4 && at >= 0 && at <= 16 && at % 4 == 0;
			bool select = b.caps.flags & VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT;

			cr_expect_eq(!REFUSAL(&b, INSN(load[i], 2, 1, at, 0), RETURN(2)), ok,
				     "XO-134: load of %u at %d", bytes[i], at);
			cr_expect_eq(!REFUSAL(&b, INSN(store[i], 1, 0, at, 0), RETURN(2)),
				     select && bytes[i] == 4 && at == 16, "XO-134: store of %u at %d", bytes[i], at);
		}
	}
	cr_expect_neq(REFUSAL(&b, MOV_K(0, 0), ATOMIC_ADD_W(1, 16, 0), RETURN(2)), 0, "XO-134: atomic");
	bench_close(&b);
}

Test(XO, XO_135)
{
	static const uint32_t values[] = {0, 1, 0xffffffff, 0x80000000, 5};
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(0, 1), PACKET(6, 18, 3), LDX_W(5, 6, CTX_IFINDEX), STX_W(2, 14, 5), MOV_K(0, 2),
	     EXIT);
	for (i = 0; i < 5; i++) {
		le32 got;

		attach(&b, 0, values[i], 0);
		bench_forget(&b);
		play(&b, frame, sizeof(frame));
		cr_assert_eq(b.num_got, 1);
		memcpy(&got, b.got[0].data + 14, 4);
		cr_expect_eq(le32_to_cpu(got), values[i], "XO-135: %u, not %u", le32_to_cpu(got), values[i]);
	}
	bench_close(&b);
}

Test(XO, XO_136)
{
	uint8_t frame[64];
	struct bench b;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, MOV_X(6, 1), MOV_K(0, 1), PACKET(6, 18, 3), LDX_W(5, 6, CTX_QUEUE), STX_W(2, 14, 5), MOV_K(0, 2),
	     EXIT);
	attach(&b, 0, 1, 0);
	play(&b, frame, sizeof(frame));
	cr_assert_eq(b.num_got, 1);
	cr_expect_eq(memcmp(b.got[0].data + 14, "\0\0\0\0", 4), 0, "XO-136: receiveq1 is 0");
	cr_expect_eq(b.got[0].queue, 0, "XO-136");
	bench_close(&b);
}

static void offer_select(struct net_config *device, struct drv_net_config *driver)
{
	(void)driver;
	device->fw.caps.flags |= VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT;
}

static void need_select(struct bench *b)
{
	bench_open(b, offer_select);
	if (!(b->caps.flags & VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT))
		cr_skip_test("the device does not offer QUEUE_SELECT");
}

/* With one receiveq, that one can be selected. */
Test(XO, XO_137)
{
	uint8_t frame[64];
	struct bench b;

	need_select(&b);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, ST_W(1, CTX_QUEUE, 0), RETURN(VIRTIO_NET_XDP_PASS));
	attach(&b, 0, 1, 0);
	play(&b, frame, sizeof(frame));
	cr_expect(b.num_got == 1 && b.got[0].queue == 0, "XO-137");
	bench_close(&b);
}

Test(XO, XO_138)
{
	static const uint32_t queues[] = {1, 2, 255, 0x10000, 0xffffffff};
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	need_select(&b);
	make_frame(frame, sizeof(frame));
	for (i = 0; i < 5; i++) {
		LOAD(&b, 0, ST_W(1, CTX_QUEUE, queues[i]), RETURN(VIRTIO_NET_XDP_PASS));
		attach(&b, 0, 1, 0);
		bench_forget(&b);
		play(&b, frame, sizeof(frame));
		cr_expect(b.num_got == 1 && b.got[0].queue == 0, "XO-138: queue %u", queues[i]);
		detach(&b);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}

/* Also for the packet after one that has had metadata. */
Test(XO, XO_139)
{
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	LOAD(&b, 0, MOV_X(6, 1), LDX_W(7, 6, CTX_DATA), LDX_W(8, 6, CTX_META), SUB_X(7, 8), MOV_X(1, 6), MOV_K(2, -8),
	     CALL(HELPER_XDP_ADJUST_META), MOV_K(0, VIRTIO_NET_XDP_PASS), JEQ_K(7, 0, 1), MOV_K(0, VIRTIO_NET_XDP_DROP),
	     EXIT);
	attach(&b, 0, 1, 0);
	for (i = 0; i < 10; i++)
		play(&b, frame, sizeof(frame));
	cr_expect_eq(b.num_got, 10, "XO-139: %u of 10 packets start without metadata", b.num_got);
	bench_close(&b);
}

/* Helper ids in imm: all that are not offered, among them some that Linux has. */
Test(XO, XO_140)
{
	static const int32_t more[] = {256, 1000, 0x10001, 0x7fffffff, -1};
	struct bench b;
	unsigned i;
	int32_t id;

	bench_open(&b, NULL);
	for (id = 0; id < 256; id++) {
		uint32_t error;

		if (b.caps.helpers[id / 64] >> (id % 64) & 1)
			continue;
		error = REFUSAL(&b, CALL(id), RETURN(2));
		cr_expect_eq(error, VIRTIO_NET_XDP_VERIFY_HELPER, "XO-140: helper %d: %s", id,
			     drv_xdp_status_name(error));
	}
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		cr_expect_neq(REFUSAL(&b, CALL(more[i]), RETURN(2)), 0, "XO-140: helper %d", more[i]);
	bench_close(&b);
}

/* R1 = map 0, R2 = a key of 4 bytes on the stack. */
#define MAP_AND_KEY(key) ST_W(10, -4, key), LD_MAP(1, 0), MOV_X(2, 10), ADD_K(2, -4)

Test(XO, XO_141)
{
	uint64_t value = 0x1122334455667788;
	struct bench b;

	open_test_run(&b);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
	put(&b, 0, 5, &value, 8);
	cr_expect_eq(RUN(&b, MAP_AND_KEY(5), CALL(HELPER_MAP_LOOKUP), JEQ_K(0, 0, 1), LDX_DW(0, 0, 0), EXIT), value,
		     "XO-141");
	cr_expect_eq(RUN(&b, MAP_AND_KEY(6), CALL(HELPER_MAP_LOOKUP), JEQ_K(0, 0, 1), LDX_DW(0, 0, 0), EXIT), 0,
		     "XO-141: an absent key");
	bench_close(&b);
}

/* R0 of map_update_elem(map 0, key, 77, flags). */
static int64_t update(struct bench *b, uint32_t key, uint32_t flags)
{
	return (int64_t)RUN(b, ST_DW(10, -16, 77), MAP_AND_KEY(key), MOV_X(3, 10), ADD_K(3, -16), MOV_K(4, flags),
			    CALL(HELPER_MAP_UPDATE), EXIT);
}

Test(XO, XO_142)
{
	struct bench b;
	uint32_t id;

	open_test_run(&b);
	for (id = 0; id < 2; id++) {
		uint32_t type = id ? VIRTIO_NET_XDP_MAP_ARRAY : VIRTIO_NET_XDP_MAP_HASH;

		make_map(&b, 0, type, 8, 2, 0);
		cr_expect_eq(update(&b, 1, VIRTIO_NET_XDP_UPDATE_EXIST), id ? 0 : -2, "XO-142: type %u: EXIST", type);
		cr_expect_eq(update(&b, 1, VIRTIO_NET_XDP_UPDATE_ANY), 0, "XO-142: type %u: ANY", type);
		cr_expect_eq(get64(&b, 0, 1), 77, "XO-142: type %u", type);
		cr_expect_eq(update(&b, 1, VIRTIO_NET_XDP_UPDATE_NOEXIST), -17, "XO-142: type %u: NOEXIST", type);
		cr_expect_eq(update(&b, 1, 3), -22, "XO-142: type %u: undefined flags", type);
		cr_expect_eq(update(&b, 0, VIRTIO_NET_XDP_UPDATE_NOEXIST), id ? -17 : 0, "XO-142: type %u: a second",
			     type);
		cr_expect_eq(update(&b, 2, 0), -7, "XO-142: type %u: full", type);
		cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	}
	bench_close(&b);
}

static int64_t remove_key(struct bench *b, uint32_t key)
{
	return (int64_t)RUN(b, MAP_AND_KEY(key), CALL(HELPER_MAP_DELETE), EXIT);
}

Test(XO, XO_143)
{
	uint64_t value = 1;
	struct bench b;

	open_test_run(&b);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_HASH, 8, 2, 0);
	put(&b, 0, 5, &value, 8);
	cr_expect_eq(remove_key(&b, 5), 0, "XO-143");
	cr_expect_eq(get(&b, 0, 5, &value, 8), VIRTIO_NET_XDP_ERR_NO_KEY, "XO-143: the element is still there");
	cr_expect_eq(remove_key(&b, 5), -2, "XO-143: twice");
	cr_assert_eq(drv_xdp_map_destroy(b.net, 0, NULL), 0);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 8, 2, 0);
	cr_expect_eq(remove_key(&b, 1), -22, "XO-143: an ARRAY");
	bench_close(&b);
}

/* A program that keeps the last time in a map and counts the times that it has gone back. */
Test(XO, XO_144)
{
	uint8_t frame[64];
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	make_frame(frame, sizeof(frame));
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 16, 1, 0);
	LOAD(&b, 0, CALL(HELPER_KTIME), LD_VALUE(6, 0, 0), LDX_DW(7, 6, 0), STX_DW(6, 0, 0), INSN(0x3d, 0, 7, 3, 0),
	     LDX_DW(8, 6, 8), ADD_K(8, 1), STX_DW(6, 8, 8), RETURN(VIRTIO_NET_XDP_DROP));
	attach(&b, 0, 1, 0);
	for (i = 0; i < 50; i++) {
		uint64_t value[2];

		play(&b, frame, sizeof(frame));
		cr_assert_eq(get(&b, 0, 0, value, sizeof(value)), VIRTIO_NET_XDP_OK);
		cr_expect_eq(value[1], 0, "XO-144: the time has gone back by packet %u", i);
	}
	bench_close(&b);
}

Test(XO, XO_145)
{
	uint64_t all = 0, r0, first = 0;
	struct bench b;
	unsigned i, same = 0;

	open_test_run(&b);
	for (i = 0; i < 64; i++) {
		r0 = RUN(&b, CALL(HELPER_PRANDOM), EXIT);
		cr_expect_eq(r0 >> 32, 0, "XO-145: %#llx", (unsigned long long)r0);
		all |= r0;
		same += i && r0 == first;
		first = i ? first : r0;
	}
	cr_expect_eq(all, 0xffffffff, "XO-145: some bits are never set: %#llx", (unsigned long long)all);
	cr_expect_lt(same, 5, "XO-145: always the same number");
	bench_close(&b);
}

Test(XO, XO_146)
{
	struct bench b;

	open_test_run(&b);
	cr_expect_eq(RUN(&b, CALL(HELPER_PROCESSOR_ID), EXIT), 0, "XO-146");
	if (b.caps.flags & VIRTIO_NET_XDP_CAP_F_QUEUE_SELECT)
		cr_expect_eq(RUN(&b, ST_W(1, CTX_QUEUE, 3), CALL(HELPER_PROCESSOR_ID), EXIT), 0,
			     "XO-146: after another receiveq was selected");
	bench_close(&b);
}
