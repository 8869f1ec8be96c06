/* SPDX-License-Identifier: BSD-2-Clause */
/* Verification: XO-174, XO-175, XO-179 to XO-191, XO-193, XO-195, XO-266 to XO-268. */
#include <string.h>

#include "bench.h"

#define UNITS 24
#define F(x)  VIRTIO_NET_XDP_MAP_F_##x

/* A program, and whether it may be accepted. The good neighbours show that the reason is the one that is meant. */
struct verify_row {
	const char *what;
	uint64_t insns[UNITS]; /* up to the last EXIT or jump; 0 ends it, but for the second half of a 16-byte
				  instruction */
	bool ok;
};

#define U(...)                                                                                                         \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

static size_t count_of(const uint64_t *insns)
{
	size_t n = 0;

	while (n < UNITS && (insns[n] || (n && (insns[n - 1] & 0xff) == 0x18)))
		n++;
	return n;
}

/* Map 0 is an ARRAY of one 16-byte value, map 1 a HASH of 4-byte keys and 8-byte values. */
static void open_with_maps(struct bench *b)
{
	bench_open(b, NULL);
	make_map(b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 16, 1, 0);
	make_map(b, 1, VIRTIO_NET_XDP_MAP_HASH, 8, 4, 0);
}

static void expect_rows(const struct verify_row *rows, size_t count, const char *id)
{
	struct bench b;
	size_t i;

	open_with_maps(&b);
	for (i = 0; i < count; i++) {
		uint32_t error = refusal(&b, rows[i].insns, count_of(rows[i].insns), 0);

		cr_expect_eq(!error, rows[i].ok, "%s: %s: %s", id, rows[i].what,
			     error ? drv_xdp_status_name(error) : "accepted");
	}
	bench_close(&b);
}

#define EXPECT_ROWS(rows, id) expect_rows(rows, sizeof(rows) / sizeof(rows[0]), id)

/* Every way to write: through a value, an atomic operation, a helper; reading goes on. */
Test(XO, XO_174)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 16, 1, F(RDONLY_PROG));
	make_map(&b, 1, VIRTIO_NET_XDP_MAP_HASH, 8, 4, F(RDONLY_PROG));
	cr_expect_eq(REFUSAL(&b, LD_VALUE(1, 0, 0), LDX_DW(0, 1, 0), EXIT), 0, "XO-174: reading");
	cr_expect_neq(REFUSAL(&b, LD_VALUE(1, 0, 0), ST_DW(1, 0, 1), RETURN(2)), 0, "XO-174: a store");
	cr_expect_neq(REFUSAL(&b, LD_VALUE(1, 0, 0), MOV_K(2, 1), ATOMIC_ADD_DW(1, 0, 2), RETURN(2)), 0,
		      "XO-174: atomic");
	cr_expect_neq(REFUSAL(&b, ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP),
			      JEQ_K(0, 0, 1), ST_DW(0, 0, 1), RETURN(2)),
		      0, "XO-174: a store after a lookup");
	cr_expect_neq(REFUSAL(&b, ST_W(10, -4, 0), ST_DW(10, -16, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4),
			      MOV_X(3, 10), ADD_K(3, -16), MOV_K(4, 0), CALL(HELPER_MAP_UPDATE), RETURN(2)),
		      0, "XO-174: map_update_elem");
	cr_expect_neq(REFUSAL(&b, ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_DELETE),
			      RETURN(2)),
		      0, "XO-174: map_delete_elem");
	bench_close(&b);
}

Test(XO, XO_175)
{
	struct bench b;

	bench_open(&b, NULL);
	make_map(&b, 0, VIRTIO_NET_XDP_MAP_ARRAY, 16, 1, F(WRONLY_PROG));
	make_map(&b, 1, VIRTIO_NET_XDP_MAP_HASH, 8, 4, F(WRONLY_PROG));
	cr_expect_neq(REFUSAL(&b, LD_VALUE(1, 0, 0), LDX_DW(0, 1, 0), EXIT), 0, "XO-175: a load");
	cr_expect_neq(REFUSAL(&b, ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP),
			      JEQ_K(0, 0, 1), LDX_DW(0, 0, 0), RETURN(2)),
		      0, "XO-175: a load after a lookup");
	cr_expect_neq(REFUSAL(&b, LD_VALUE(1, 0, 0), MOV_K(2, 1), INSN(0xdb, 1, 2, 0, 1), MOV_X(0, 2), EXIT), 0,
		      "XO-175: atomic fetch and add");
	bench_close(&b);
}

Test(XO, XO_179)
{
	static const struct verify_row rows[] = {
		{"plain", U(RETURN(2)), true},
		{"opcode 0xff", U(INSN(0xff, 0, 0, 0, 0), RETURN(2)), false},
		{"opcode 0x06, a 32-bit ja to itself", U(INSN(0x06, 0, 0, 0, -1), RETURN(2)), false},
		{"opcode 0x8c", U(INSN(0x8c, 0, 0, 0, 0), RETURN(2)), false},
		{"register 11 written", U(MOV_K(11, 0), RETURN(2)), false},
		{"register 15 read", U(MOV_X(0, 15), EXIT), false},
		{"mov with an offset nobody defined", U(INSN(0xb7, 0, 0, 7, 2), EXIT), false},
		{"mov K with a source register", U(INSN(0xb7, 0, 3, 0, 2), EXIT), false},
		{"mov X with an immediate", U(MOV_K(1, 0), INSN(0xbf, 0, 1, 0, 5), EXIT), false},
		{"exit with an immediate", U(MOV_K(0, 2), INSN(0x95, 0, 0, 0, 1)), false},
		{"exit with a register", U(MOV_K(0, 2), INSN(0x95, 1, 0, 0, 0)), false},
		{"ja with an immediate", U(MOV_K(0, 2), INSN(0x05, 0, 0, 0, 1), EXIT), false},
		{"call with a destination", U(INSN(0x85, 1, 0, 0, 5), RETURN(2)), false},
		{"call with source 2", U(INSN(0x85, 0, 2, 0, 5), RETURN(2)), false},
		{"call with source 3", U(INSN(0x85, 0, 3, 0, 5), RETURN(2)), false},
		{"swap of 24 bits", U(MOV_K(0, 2), INSN(0xdc, 0, 0, 0, 24), EXIT), false},
		{"load with an immediate", U(INSN(0x61, 0, 1, 12, 4), EXIT), false},
		{"an unknown atomic operation", U(ST_DW(10, -8, 0), MOV_K(0, 1), INSN(0xdb, 10, 0, -8, 0x20), EXIT),
		 false},
		{"a 16-byte instruction with a bad second half", U(INSN(0x18, 0, 0, 0, 2), INSN(0, 1, 0, 0, 0), EXIT),
		 false},
		{"one with an opcode in the second half", U(INSN(0x18, 0, 0, 0, 2), MOV_K(0, 0), EXIT), false},
		{"one with source 3", U(INSN(0x18, 0, 3, 0, 0), INSN(0, 0, 0, 0, 0), RETURN(2)), false},
		{"one with source 7", U(INSN(0x18, 0, 7, 0, 0), INSN(0, 0, 0, 0, 0), RETURN(2)), false},
		{"shift by 64", U(MOV_K(0, 2), LSH_K(0, 64), EXIT), false},
		{"legacy packet load", U(MOV_X(6, 1), INSN(0x28, 0, 0, 0, 12), EXIT), false},
	};

	EXPECT_ROWS(rows, "XO-179");
}

Test(XO, XO_268)
{
	static const struct verify_row rows[] = {
		{"by 1", U(MOV_K(0, 2), INSN(0x37, 0, 0, 0, 1), EXIT), true},
		{"by 0", U(MOV_K(0, 2), INSN(0x37, 0, 0, 0, 0), EXIT), false},
		{"in 32 bits", U(MOV_K(0, 2), INSN(0x34, 0, 0, 0, 0), EXIT), false},
		{"signed", U(MOV_K(0, 2), INSN(0x37, 0, 0, 1, 0), EXIT), false},
		{"modulo", U(MOV_K(0, 2), INSN(0x97, 0, 0, 0, 0), EXIT), false},
		{"modulo in 32 bits", U(MOV_K(0, 2), INSN(0x94, 0, 0, 0, 0), EXIT), false},
		{"signed modulo", U(MOV_K(0, 2), INSN(0x97, 0, 0, 1, 0), EXIT), false},
		{"by a register that is 0", U(MOV_K(0, 2), MOV_K(1, 0), DIV_X(0, 1), EXIT), true},
		{"on one way", U(LDX_W(0, 1, 12), JEQ_K(0, 7, 1), INSN(0x37, 0, 0, 0, 0), EXIT), false},
	};

	struct bench b;
	bool divides;

	bench_open(&b, NULL);
	divides = b.caps.isa & VIRTIO_NET_XDP_ISA_DIVMUL64 && b.caps.isa & VIRTIO_NET_XDP_ISA_DIVMUL32;
	bench_close(&b);
	if (divides)
		EXPECT_ROWS(rows, "XO-268");
}

/* The last unit of a program cut off, and jumps to every place. */
Test(XO, XO_180)
{
	static const struct verify_row rows[] = {
		{"a jump over the end", U(MOV_K(0, 2), JA(1), EXIT), false},
		{"a jump to the end", U(MOV_K(0, 2), JEQ_K(0, 0, 1), EXIT), false},
		{"a jump before the beginning", U(MOV_K(0, 2), JEQ_K(0, 0, -3), EXIT), false},
		{"a jump into a 16-byte instruction", U(MOV_K(0, 2), JEQ_K(0, 0, 1), LD_IMM64(1, 5), EXIT), false},
		{"a jump behind it", U(MOV_K(0, 2), JEQ_K(0, 0, 2), LD_IMM64(1, 5), EXIT), true},
		{"off the end", U(MOV_K(0, 2)), false},
		{"off the end after a branch", U(MOV_K(0, 2), JEQ_K(0, 0, 1), EXIT, MOV_K(0, 1)), false},
		{"half of a 16-byte instruction at the end", U(MOV_K(0, 2), INSN(0x18, 1, 0, 0, 5)), false},
		{"a call out of the program", U(CALL_LOCAL(5), EXIT), false},
		{"a call into a 16-byte instruction", U(CALL_LOCAL(2), EXIT, LD_IMM64(0, 2), EXIT), false},
		{"a jump into another function", U(CALL_LOCAL(2), JEQ_K(0, 7, 1), EXIT, MOV_K(0, 1), EXIT), false},
	};

	EXPECT_ROWS(rows, "XO-180");
}

Test(XO, XO_266)
{
	static const struct verify_row rows[] = {
		{"R0 at the exit", U(EXIT), false},
		{"R2 at the start", U(MOV_X(0, 2), EXIT), false},
		{"R6 at the start", U(MOV_X(0, 6), EXIT), false},
		{"R1 after a helper", U(CALL(HELPER_KTIME), MOV_X(0, 1), EXIT), false},
		{"R5 after a helper", U(MOV_K(5, 1), CALL(HELPER_KTIME), MOV_X(0, 5), EXIT), false},
		{"R6 after a helper", U(MOV_K(6, 1), CALL(HELPER_KTIME), MOV_X(0, 6), EXIT), true},
		{"R0 on one way", U(LDX_W(2, 1, CTX_IFINDEX), JEQ_K(2, 0, 1), MOV_K(0, 2), EXIT), false},
		{"R6 in a callee", U(MOV_K(6, 1), CALL_LOCAL(1), EXIT, MOV_X(0, 6), EXIT), false},
	};

	EXPECT_ROWS(rows, "XO-266");
}

/* The first program leaves ones wherever the second can look. */
Test(XO, XO_267)
{
	static const struct {
		const char *what;
		uint64_t insns[UNITS];
	} rows[] = {
		{"a byte of the stack", U(LDX_B(0, 10, -1), EXIT)},
		{"a byte of the stack, and one less", U(LDX_B(0, 10, -1), ADD_K(0, 1), ADD_K(0, -1), EXIT)},
		{"the last eight bytes", U(LDX_DW(2, 10, -512), MOV_K(0, 0), JEQ_K(2, 0, 1), MOV_K(0, 1), EXIT)},
		{"the half that is not written", U(ST_W(10, -8, 1), LDX_W(0, 10, -4), ADD_K(0, 0), EXIT)},
		{"a key", U(LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP), JEQ_K(0, 0, 1),
			    MOV_K(0, 1), EXIT)},
		{"the stack of a callee",
		 U(CALL_LOCAL(1), EXIT, LDX_DW(2, 10, -8), MOV_K(0, 0), JEQ_K(2, 0, 1), MOV_K(0, 1), EXIT)},
		{"the stack of a callee, after another one",
		 U(CALL_LOCAL(2), CALL_LOCAL(3), EXIT, ST_DW(10, -8, 5), RETURN(0), LDX_DW(2, 10, -8), MOV_K(0, 0),
		   JEQ_K(2, 0, 1), MOV_K(0, 1), EXIT)},
	};
	static const uint64_t ones[] = {CALL_LOCAL(3),     CALL_LOCAL(2),      MOV_K(0, 2),         EXIT,
					ST_DW(10, -8, -1), ST_DW(10, -16, -1), ST_DW(10, -512, -1), RETURN(0)};
	const uint64_t one = 1;
	struct bench b;

	open_with_maps(&b);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	put(&b, 1, UINT32_MAX, &one, sizeof(one));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t count = count_of(rows[i].insns);

		run(&b, ones, sizeof(ones) / sizeof(ones[0]));
		if (!refusal(&b, rows[i].insns, count, 0))
			cr_expect_eq(run(&b, rows[i].insns, count), 0, "XO-267: %s", rows[i].what);
	}
	bench_close(&b);
}

Test(XO, XO_182)
{
	static const struct verify_row rows[] = {
		{"mov K", U(MOV_K(10, 0), RETURN(2)), false},
		{"mov X", U(MOV_X(10, 1), RETURN(2)), false},
		{"add", U(ADD_K(10, -8), RETURN(2)), false},
		{"add of 0", U(ADD_K(10, 0), RETURN(2)), false},
		{"a load", U(LDX_W(10, 1, CTX_IFINDEX), RETURN(2)), false},
		{"imm64", U(LD_IMM64(10, 0), RETURN(2)), false},
		{"a copy of it changed", U(MOV_X(2, 10), ADD_K(2, -8), ST_DW(2, 0, 0), RETURN(2)), true},
	};

	EXPECT_ROWS(rows, "XO-182");
}

Test(XO, XO_183)
{
	static const struct verify_row rows[] = {
		{"a number as address", U(MOV_K(2, 4096), LDX_B(0, 2, 0), EXIT), false},
		{"a large number as address", U(LD_IMM64(2, 0x7fff00000000), ST_B(2, 0, 1), RETURN(2)), false},
		{"the packet without a comparison", U(LDX_W(2, 1, CTX_DATA), LDX_B(0, 2, 0), EXIT), false},
		{"the packet, compared", U(MOV_K(0, 1), PACKET(1, 14, 1), LDX_B(0, 2, 13), EXIT), true},
		{"one byte behind", U(MOV_K(0, 1), PACKET(1, 14, 1), LDX_B(0, 2, 14), EXIT), false},
		{"one byte before", U(MOV_K(0, 1), PACKET(1, 14, 1), LDX_B(0, 2, -1), EXIT), false},
		{"a word over the end", U(MOV_K(0, 1), PACKET(1, 14, 1), LDX_W(0, 2, 11), EXIT), false},
		{"the other way of the comparison",
		 U(MOV_K(0, 1), LDX_W(2, 1, 0), LDX_W(3, 1, 4), MOV_X(4, 2), ADD_K(4, 14), JGT_X(4, 3, 1), EXIT,
		   LDX_B(0, 2, 0), EXIT),
		 false},
		{"a byte of the packet as offset, unbounded",
		 U(MOV_K(0, 1), PACKET(1, 14, 3), LDX_B(5, 2, 0), ADD_X(2, 5), LDX_B(0, 2, 0), EXIT), false},
		{"bounded and compared again",
		 U(MOV_K(0, 1), PACKET(1, 14, 7), LDX_B(5, 2, 0), AND_K(5, 7), ADD_X(2, 5), MOV_X(4, 2), ADD_K(4, 1),
		   JGT_X(4, 3, 1), LDX_B(0, 2, 0), EXIT),
		 true},
		{"behind a value", U(LD_VALUE(1, 0, 8), LDX_DW(0, 1, 1), EXIT), false},
		{"before a value", U(LD_VALUE(1, 0, 0), LDX_B(0, 1, -1), EXIT), false},
		{"an offset behind a value", U(LD_VALUE(1, 0, 16), LDX_B(0, 1, 0), EXIT), false},
		{"the map itself", U(LD_MAP(1, 0), LDX_B(0, 1, 0), EXIT), false},
		{"a store to the map itself", U(LD_MAP(1, 0), ST_B(1, 0, 0), RETURN(2)), false},
	};

	EXPECT_ROWS(rows, "XO-183");
}

/* A read after each helper that moves the packet, through the old address and through a new one without a comparison.
 */
Test(XO, XO_184)
{
	static const unsigned helpers[] = {HELPER_XDP_ADJUST_HEAD, HELPER_XDP_ADJUST_TAIL, HELPER_XDP_ADJUST_META};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < 3; i++) {
		unsigned h = helpers[i];

		cr_expect_neq(REFUSAL(&b, MOV_X(6, 1), MOV_K(0, 1), PACKET(6, 14, 5), MOV_X(7, 2), MOV_X(1, 6),
				      MOV_K(2, 0), CALL(h), LDX_B(0, 7, 0), EXIT),
			      0, "XO-184: helper %u: the old address", h);
		cr_expect_neq(REFUSAL(&b, MOV_X(6, 1), MOV_K(0, 1), PACKET(6, 14, 6), MOV_X(1, 6), MOV_K(2, 0), CALL(h),
				      LDX_W(7, 6, CTX_DATA), LDX_B(0, 7, 0), MOV_K(0, 1), EXIT),
			      0, "XO-184: helper %u: the old comparison", h);
		cr_expect_eq(REFUSAL(&b, MOV_X(6, 1), MOV_K(2, 0), CALL(h), MOV_K(0, 1), PACKET(6, 14, 1),
				     LDX_B(0, 2, 0), EXIT),
			     0, "XO-184: helper %u: a new address and comparison", h);
	}
	bench_close(&b);
}

#define LOOKUP ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP)

Test(XO, XO_185)
{
	static const struct verify_row rows[] = {
		{"without a comparison", U(LOOKUP, LDX_DW(0, 0, 0), EXIT), false},
		{"on the way of 0", U(LOOKUP, JNE_K(0, 0, 1), LDX_DW(0, 0, 0), RETURN(2)), false},
		{"on the other way", U(LOOKUP, JEQ_K(0, 0, 1), LDX_DW(0, 0, 0), EXIT), true},
		{"arithmetic before the comparison", U(LOOKUP, ADD_K(0, 4), JEQ_K(0, 0, 1), LDX_W(0, 0, 0), RETURN(2)),
		 false},
		{"a copy, of which another one was compared",
		 U(LOOKUP, MOV_X(6, 0), JEQ_K(6, 0, 1), LDX_DW(0, 0, 0), RETURN(2)), true},
		{"another lookup was compared",
		 U(LOOKUP, MOV_X(6, 0), LOOKUP, JEQ_K(0, 0, 1), LDX_DW(0, 6, 0), RETURN(2)), false},
		{"a store", U(LOOKUP, ST_DW(0, 0, 1), RETURN(2)), false},
	};

	EXPECT_ROWS(rows, "XO-185");
}

Test(XO, XO_186)
{
	static const struct verify_row rows[] = {
		{"the context in a value", U(LD_VALUE(2, 0, 0), STX_DW(2, 0, 1), RETURN(2)), false},
		{"the stack in a value", U(LD_VALUE(2, 0, 0), STX_DW(2, 0, 10), RETURN(2)), false},
		{"the packet in itself", U(MOV_K(0, 1), PACKET(1, 14, 1), STX_DW(2, 0, 2), EXIT), false},
		{"half of an address in a value", U(LD_VALUE(2, 0, 0), STX_W(2, 0, 10), RETURN(2)), false},
		{"an atomic exchange", U(LD_VALUE(2, 0, 0), MOV_X(3, 10), INSN(0xdb, 2, 3, 0, 0xe1), RETURN(2)), false},
		{"an atomic addition", U(LD_VALUE(2, 0, 0), ATOMIC_ADD_DW(2, 0, 10), RETURN(2)), false},
		{"an address as value of an update",
		 U(STX_DW(10, -16, 10), ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), MOV_X(3, 10),
		   ADD_K(3, -16), MOV_K(4, 0), CALL(HELPER_MAP_UPDATE), RETURN(2)),
		 false},
		{"an address on the stack", U(STX_DW(10, -8, 1), LDX_DW(2, 10, -8), LDX_W(0, 2, CTX_IFINDEX), EXIT),
		 true},
		{"the low half of one on the stack", U(STX_DW(10, -8, 10), LDX_W(0, 10, -8), EXIT), false},
		{"a difference of packet addresses",
		 U(LDX_W(0, 1, CTX_DATA_END), LDX_W(2, 1, CTX_DATA), SUB_X(0, 2), EXIT), true},
		{"the low half of one in R0", U(INSN(0xbc, 0, 10, 0, 0), EXIT), false},
	};

	static const struct verify_row returned[] = {
		{"the context returned", U(MOV_X(0, 1), EXIT), true},
		{"the stack returned", U(MOV_X(0, 10), EXIT), true},
		{"the packet returned", U(LDX_W(0, 1, CTX_DATA), EXIT), true},
		{"a value returned", U(LD_VALUE(0, 0, 0), EXIT), true},
		{"a map returned", U(LD_MAP(0, 0), EXIT), true},
		{"a lookup returned", U(LOOKUP, EXIT), true},
		{"an address or a number returned",
		 U(LDX_W(2, 1, CTX_QUEUE), MOV_X(0, 1), JEQ_K(2, 0, 1), MOV_K(0, 2), EXIT), true},
	};
	struct bench b;
	size_t i;

	EXPECT_ROWS(rows, "XO-186");
	open_with_maps(&b);
	need_command(&b, VIRTIO_NET_CTRL_XDP_TEST_RUN, "TEST_RUN");
	for (i = 0; i < sizeof(returned) / sizeof(returned[0]); i++) {
		const uint64_t *insns = returned[i].insns;

		if (!refusal(&b, insns, count_of(insns), 0))
			cr_expect_eq(run(&b, insns, count_of(insns)), VIRTIO_NET_XDP_ABORTED, "XO-186: %s",
				     returned[i].what);
	}
	bench_close(&b);
}

Test(XO, XO_187)
{
	static const struct verify_row rows[] = {
		{"a lookup without a map",
		 U(ST_W(10, -4, 0), MOV_K(1, 0), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP), RETURN(2)),
		 false},
		{"the context as map",
		 U(ST_W(10, -4, 0), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP), RETURN(2)), false},
		{"a value as map",
		 U(ST_W(10, -4, 0), LD_VALUE(1, 0, 0), MOV_X(2, 10), ADD_K(2, -4), CALL(HELPER_MAP_LOOKUP), RETURN(2)),
		 false},
		{"a number as key", U(LD_MAP(1, 1), MOV_K(2, 5), CALL(HELPER_MAP_LOOKUP), RETURN(2)), false},
		{"a key over the end of the stack",
		 U(ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -3), CALL(HELPER_MAP_LOOKUP), RETURN(2)),
		 false},
		{"the context as key", U(MOV_X(2, 1), LD_MAP(1, 1), CALL(HELPER_MAP_LOOKUP), RETURN(2)), false},
		{"a key in a value", U(LD_VALUE(2, 0, 12), LD_MAP(1, 1), CALL(HELPER_MAP_LOOKUP), RETURN(2)), true},
		{"a key over the end of a value",
		 U(LD_VALUE(2, 0, 13), LD_MAP(1, 1), CALL(HELPER_MAP_LOOKUP), RETURN(2)), false},
		{"a key in the packet",
		 U(MOV_K(0, 1), PACKET(1, 14, 4), LD_MAP(1, 1), CALL(HELPER_MAP_LOOKUP), MOV_K(0, 2), EXIT), true},
		{"a key in the packet, not compared",
		 U(LDX_W(2, 1, CTX_DATA), LD_MAP(1, 1), CALL(HELPER_MAP_LOOKUP), RETURN(2)), false},
		{"an update without a value",
		 U(ST_W(10, -4, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -4), MOV_K(3, 0), MOV_K(4, 0),
		   CALL(HELPER_MAP_UPDATE), RETURN(2)),
		 false},
		{"a value too short",
		 U(ST_DW(10, -8, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -8), MOV_X(3, 10), ADD_K(3, -4), MOV_K(4, 0),
		   CALL(HELPER_MAP_UPDATE), RETURN(2)),
		 false},
		{"flags that nobody wrote",
		 U(ST_DW(10, -8, 0), LD_MAP(1, 1), MOV_X(2, 10), ADD_K(2, -8), MOV_X(3, 10), ADD_K(3, -8),
		   CALL(HELPER_MAP_UPDATE), RETURN(2)),
		 false},
		{"adjust_head without the context",
		 U(MOV_K(1, 0), MOV_K(2, 0), CALL(HELPER_XDP_ADJUST_HEAD), RETURN(2)), false},
		{"adjust_head of the context plus 4",
		 U(ADD_K(1, 4), MOV_K(2, 0), CALL(HELPER_XDP_ADJUST_HEAD), RETURN(2)), false},
		{"an address as delta", U(MOV_X(2, 10), CALL(HELPER_XDP_ADJUST_HEAD), RETURN(2)), false},
		{"csum_diff of a size without a bound",
		 U(LDX_W(4, 1, CTX_IFINDEX), MOV_K(1, 0), MOV_K(2, 0), MOV_X(3, 10), ADD_K(3, -8), MOV_K(5, 0),
		   ST_DW(10, -8, 0), CALL(HELPER_CSUM_DIFF), RETURN(2)),
		 false},
		{"csum_diff of a null pointer with a size",
		 U(MOV_K(1, 0), MOV_K(2, 4), MOV_K(3, 0), MOV_K(4, 0), MOV_K(5, 0), CALL(HELPER_CSUM_DIFF), RETURN(2)),
		 false},
		{"csum_diff of nothing",
		 U(MOV_K(1, 0), MOV_K(2, 0), MOV_K(3, 0), MOV_K(4, 0), MOV_K(5, 0), CALL(HELPER_CSUM_DIFF), RETURN(2)),
		 true},
	};

	EXPECT_ROWS(rows, "XO-187");
}

/* Loops without an end and with a bound that no run may reach. */
Test(XO, XO_189)
{
	static const struct verify_row rows[] = {
		{"a loop of one instruction", U(MOV_K(0, 2), JA(-1), EXIT), false},
		{"a loop without a counter", U(LDX_W(2, 1, CTX_IFINDEX), JNE_K(2, 0, -1), RETURN(2)), false},
		{"a loop of 10 rounds", U(MOV_K(0, 0), ADD_K(0, 1), JLT_K(0, 10, -2), EXIT), true},
		{"a loop of 2^31 rounds", U(MOV_K(0, 0), ADD_K(0, 1), JLT_K(0, 0x7fffffff, -2), EXIT), false},
		{"a counter that stands still", U(MOV_K(0, 0), ADD_K(0, 0), JLT_K(0, 10, -2), EXIT), false},
	};

	EXPECT_ROWS(rows, "XO-189");
}

Test(XO, XO_190)
{
	static const struct {
		const char *what;
		uint64_t insns[8];
		bool ok;
	} rows[] = {
		{"ABORTED", {RETURN(0)}, true},
		{"PASS", {RETURN(2)}, true},
		{"TX", {RETURN(3)}, true},
		{"5", {RETURN(5)}, false},
		{"-1", {RETURN(-1)}, false},
		{"2^31", {RETURN(INT32_MIN)}, false},
		{"a number of the context", {LDX_W(0, 1, CTX_IFINDEX), EXIT}, false},
		{"one of them, bounded to 0 and 1", {LDX_W(0, 1, CTX_IFINDEX), AND_K(0, 1), EXIT}, true},
		{"5 on one way", {LDX_W(2, 1, CTX_IFINDEX), MOV_K(0, 2), JEQ_K(2, 0, 1), MOV_K(0, 5), EXIT}, false},
	};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t error =
			refusal(&b, rows[i].insns, count_of(rows[i].insns), VIRTIO_NET_XDP_PROG_F_STRICT_ACTIONS);

		cr_expect_eq(error, rows[i].ok ? 0 : VIRTIO_NET_XDP_VERIFY_ACTION, "XO-190: %s: %s", rows[i].what,
			     drv_xdp_status_name(error));
	}
	if (!(b.caps.actions >> VIRTIO_NET_XDP_REDIRECT & 1))
		cr_expect_neq(refusal(&b, (const uint64_t[]){RETURN(4)}, 2, VIRTIO_NET_XDP_PROG_F_STRICT_ACTIONS), 0,
			      "XO-190: REDIRECT");
	bench_close(&b);
}

Test(XO, XO_191)
{
	static const int32_t values[] = {0, 1, 2, 3, 4, 5, 6, 100, -1, INT32_MIN, INT32_MAX};
	struct bench b;
	unsigned i;

	bench_open(&b, NULL);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		cr_expect_eq(REFUSAL(&b, RETURN(values[i])), 0, "XO-191: %d", values[i]);
	cr_expect_eq(REFUSAL(&b, LDX_W(0, 1, CTX_IFINDEX), EXIT), 0, "XO-191: any number");
	bench_close(&b);
}

/* A program whose ways through double with every branch: it is decided all the same, and refused. */
Test(XO, XO_193)
{
	uint64_t insns[400];
	struct drv_xdp_prog_info info;
	struct bench b;
	size_t n = 0;
	unsigned i;

	insns[n++] = LDX_W(2, 1, CTX_IFINDEX);
	insns[n++] = MOV_K(0, 0);
	for (i = 0; i < 31; i++) {
		insns[n++] = MOV_X(3, 2);
		insns[n++] = AND_K(3, 1 << i);
		insns[n++] = JEQ_K(3, 0, 1);
		insns[n++] = ADD_K(0, 1 << i);
	}
	insns[n++] = MOV_X(4, 10);
	insns[n++] = ADD_X(4, 0);
	insns[n++] = ST_B(4, 0, 1);
	insns[n++] = EXIT;
	bench_open(&b, NULL);
	cr_expect_eq(load_flags(&b, 0, insns, n, 0, &info), VIRTIO_NET_XDP_PROG_REFUSED, "XO-193");
	bench_close(&b);
}

/* Each program twice, the second time on a device that has seen the others. */
Test(XO, XO_195)
{
	static const struct verify_row rows[] = {
		{"plain", U(RETURN(2)), true},
		{"a loop", U(MOV_K(0, 0), ADD_K(0, 1), JLT_K(0, 100, -2), EXIT), true},
		{"a lookup", U(LOOKUP, JEQ_K(0, 0, 1), LDX_DW(0, 0, 0), EXIT), true},
		{"refused", U(LOOKUP, LDX_DW(0, 0, 0), EXIT), false},
	};
	struct drv_xdp_prog_info info[2];
	struct bench b;
	unsigned i;

	open_with_maps(&b);
	for (i = 0; i < 8; i++) {
		unsigned k = i % 4, round = i / 4;

		load_flags(&b, 0, rows[k].insns, count_of(rows[k].insns), 0, &info[round]);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 0, NULL), 0);
		load_flags(&b, 1, rows[k].insns, count_of(rows[k].insns), 0, &info[1 - round]);
		cr_assert_eq(drv_xdp_prog_destroy(b.net, 1, NULL), 0);
		cr_expect(info[0].state == info[1].state && info[0].error == info[1].error &&
				  info[0].error_insn == info[1].error_insn && info[0].actions == info[1].actions,
			  "XO-195: %s", rows[k].what);
	}
	bench_close(&b);
}
