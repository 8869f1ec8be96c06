/* SPDX-License-Identifier: BSD-2-Clause */
/* How memory can be accessed: XO-239 to XO-241. Each refused program has a twin that differs in this alone and is
 * accepted. */
#include "bench.h"

#define UNITS  20
#define ATOMIC 1 /* the row needs atomic operations */

struct memory_row {
	const char *what;
	uint64_t insns[UNITS];
	unsigned count;
	unsigned needs;
};

#define P(...) {__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

/* An ARRAY of one value of 16 bytes as map 0. */
static void open_with_value(struct bench *b)
{
	const struct drv_xdp_map_attr attr = {
		.type = VIRTIO_NET_XDP_MAP_ARRAY,
		.key_size = 4,
		.value_size = 16,
		.max_entries = 1,
		.inner_map_id = VIRTIO_NET_XDP_ID_NONE,
	};

	bench_open(b, NULL);
	cr_assert_eq(drv_xdp_map_create(b->net, 0, &attr, NULL), 0);
}

static bool can_run(const struct bench *b, const struct memory_row *row)
{
	const uint32_t atomic = VIRTIO_NET_XDP_ISA_ATOMIC32 | VIRTIO_NET_XDP_ISA_ATOMIC64;

	return row->needs != ATOMIC || (b->caps.isa & atomic) == atomic;
}

static void expect_all(struct bench *b, const struct memory_row *rows, size_t count, bool accepted, const char *id)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint32_t error;

		if (!can_run(b, &rows[i]))
			continue;
		error = refusal(b, rows[i].insns, rows[i].count, 0);
		cr_expect_eq(!error, accepted, "%s: %s: error %#x", id, rows[i].what, error);
	}
}

#define EXPECT_ALL(b, rows, accepted, id) expect_all(b, rows, sizeof(rows) / sizeof(rows[0]), accepted, id)

Test(XO, XO_239)
{
	static const struct memory_row refused[] = {
		{"store of 8 bytes at -12", P(ST_DW(10, -12, 1), RETURN(2)), 0},
		{"store of 4 bytes at -6", P(ST_W(10, -6, 1), RETURN(2)), 0},
		{"store of 2 bytes at -3", P(ST_H(10, -3, 1), RETURN(2)), 0},
		{"load of 8 bytes at -12", P(ST_DW(10, -8, 1), ST_DW(10, -16, 1), LDX_DW(1, 10, -12), RETURN(2)), 0},
		{"load of 2 bytes at -7", P(ST_DW(10, -8, 1), LDX_H(1, 10, -7), RETURN(2)), 0},
		{"atomic on 8 bytes of stack at -12",
		 P(ST_DW(10, -8, 1), ST_DW(10, -16, 1), MOV_K(1, 1), ATOMIC_ADD_DW(10, -12, 1), RETURN(2)), ATOMIC},
		{"atomic on 4 bytes of stack at -6",
		 P(ST_DW(10, -8, 1), MOV_K(1, 1), ATOMIC_ADD_W(10, -6, 1), RETURN(2)), ATOMIC},
		{"atomic on 8 bytes of a value at 4",
		 P(LD_VALUE(1, 0, 4), MOV_K(2, 1), ATOMIC_ADD_DW(1, 0, 2), RETURN(2)), ATOMIC},
		{"atomic on 4 bytes of a value at 2",
		 P(LD_VALUE(1, 0, 2), MOV_K(2, 1), ATOMIC_ADD_W(1, 0, 2), RETURN(2)), ATOMIC},
	};
	static const struct memory_row accepted[] = {
		{"store of 8 bytes at -16", P(ST_DW(10, -16, 1), RETURN(2)), 0},
		{"store of 4 bytes at -12", P(ST_W(10, -12, 1), RETURN(2)), 0},
		{"store of 2 bytes at -6", P(ST_H(10, -6, 1), RETURN(2)), 0},
		{"load of 8 bytes at -16", P(ST_DW(10, -8, 1), ST_DW(10, -16, 1), LDX_DW(1, 10, -16), RETURN(2)), 0},
		{"load of 2 bytes at -6", P(ST_DW(10, -8, 1), LDX_H(1, 10, -6), RETURN(2)), 0},
		{"atomic on 8 bytes of stack", P(ST_DW(10, -8, 1), MOV_K(1, 1), ATOMIC_ADD_DW(10, -8, 1), RETURN(2)),
		 ATOMIC},
		{"atomic on 4 bytes of stack", P(ST_DW(10, -8, 1), MOV_K(1, 1), ATOMIC_ADD_W(10, -4, 1), RETURN(2)),
		 ATOMIC},
		{"atomic on 8 bytes of a value", P(LD_VALUE(1, 0, 8), MOV_K(2, 1), ATOMIC_ADD_DW(1, 0, 2), RETURN(2)),
		 ATOMIC},
		{"atomic on 4 bytes of a value", P(LD_VALUE(1, 0, 4), MOV_K(2, 1), ATOMIC_ADD_W(1, 0, 2), RETURN(2)),
		 ATOMIC},
	};
	struct bench b;

	open_with_value(&b);
	EXPECT_ALL(&b, refused, false, "XO-239");
	EXPECT_ALL(&b, accepted, true, "XO-239");
	bench_close(&b);
}

Test(XO, XO_240)
{
	static const struct memory_row rows[] = {
		{"loads from a packet", P(PACKET(1, 14, 3), LDX_DW(0, 2, 1), LDX_W(0, 2, 3), LDX_H(0, 2, 5), RETURN(2)),
		 0},
		{"stores to a packet", P(PACKET(1, 14, 3), ST_DW(2, 1, 1), ST_W(2, 3, 1), ST_H(2, 5, 1), RETURN(2)), 0},
		{"loads from metadata",
		 P(MOV_X(6, 1), MOV_K(2, -8), CALL(HELPER_XDP_ADJUST_META), JNE_K(0, 0, 7), LDX_W(2, 6, CTX_META),
		   LDX_W(3, 6, CTX_DATA), MOV_X(4, 2), ADD_K(4, 8), JGT_X(4, 3, 2), ST_W(2, 1, 1), LDX_W(0, 2, 3),
		   RETURN(2)),
		 0},
		{"loads from a value", P(LD_VALUE(1, 0, 1), LDX_DW(2, 1, 0), LDX_W(2, 1, 1), LDX_H(2, 1, 2), RETURN(2)),
		 0},
		{"stores to a value", P(LD_VALUE(1, 0, 1), ST_DW(1, 0, 1), ST_W(1, 2, 1), ST_H(1, 4, 1), RETURN(2)), 0},
	};
	struct bench b;

	open_with_value(&b);
	EXPECT_ALL(&b, rows, true, "XO-240");
	bench_close(&b);
}

#define META_THEN(insn)                                                                                                \
	P(MOV_X(6, 1), MOV_K(2, -8), CALL(HELPER_XDP_ADJUST_META), JNE_K(0, 0, 7), LDX_W(2, 6, CTX_META),              \
	  LDX_W(3, 6, CTX_DATA), MOV_X(4, 2), ADD_K(4, 8), JGT_X(4, 3, 2), MOV_K(5, 1), insn, RETURN(2))

Test(XO, XO_241)
{
	static const struct memory_row refused[] = {
		{"8 bytes of a packet", P(PACKET(1, 14, 2), MOV_K(5, 1), ATOMIC_ADD_DW(2, 0, 5), RETURN(2)), ATOMIC},
		{"4 bytes of a packet", P(PACKET(1, 14, 2), MOV_K(5, 1), ATOMIC_ADD_W(2, 0, 5), RETURN(2)), ATOMIC},
		{"4 bytes of metadata", META_THEN(ATOMIC_ADD_W(2, 0, 5)), ATOMIC},
	};
	static const struct memory_row accepted[] = {
		{"store of 8 bytes to a packet", P(PACKET(1, 14, 2), MOV_K(5, 1), STX_DW(2, 0, 5), RETURN(2)), 0},
		{"store of 4 bytes to a packet", P(PACKET(1, 14, 2), MOV_K(5, 1), STX_W(2, 0, 5), RETURN(2)), 0},
		{"store of 4 bytes to metadata", META_THEN(STX_W(2, 0, 5)), 0},
	};
	struct bench b;

	open_with_value(&b);
	EXPECT_ALL(&b, refused, false, "XO-241");
	EXPECT_ALL(&b, accepted, true, "XO-241");
	bench_close(&b);
}
