/* SPDX-License-Identifier: BSD-2-Clause */
/* What logs look like, at each level and in any room. */
#include "verify_bench.h"

/* Whatever room the guest gives: whole lines, terminated, and the reason at the end if it fits at all. */
Test(report, log_fits_its_room)
{
	const uint64_t words[] = {W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 50, -2), W_LDX64(0, 9, 0), W_EXIT};
	const char *reason = "instruction 3: R9 is not initialised: no instruction on the way here has written it\n";
	struct verify_result result;
	struct bench b;

	bench_init(&b);
	b.args.log_level = 2;
	for (uint32_t room = 0; room <= sizeof(b.log); room = room < 600 ? room + 1 : room * 2) {
		memset(b.log, 0x55, sizeof(b.log));
		b.args.log_bytes = room;
		bench_verify(&b, words, 5, 7, &result);
		for (uint32_t i = room; i < sizeof(b.log); i++)
			cr_assert_eq(b.log[i], 0x55, "room %u: wrote behind it", room);
		if (!room)
			continue;
		cr_assert_eq(strnlen(b.log, room), result.log_bytes, "room %u", room);
		cr_assert(!result.log_bytes || b.log[result.log_bytes - 1] == '\n', "room %u", room);
		if (room > strlen(reason))
			cr_assert_str_eq(b.log + result.log_bytes - strlen(reason), reason, "room %u: %s", room, b.log);
	}
	free(b.memory);
}

/* A whole log at each level, with the words that Linux has for kinds and bounds. */
Test(report, levels)
{
	/* two sides of a branch, the second one refused */
	const uint64_t words[] = {W_PACKET, W_MOVR(4, 2),       W_ADD(4, 14),    W_JGTR(4, 3, 2), W_LDX8(0, 2, 13),
				  W_EXIT,   W_STX64(10, 1, -8), W_LDX8(0, 2, 0), W_EXIT};
	static const char reason[] = "instruction 8: R2 offset 0 is outside of the packet: no byte proven, and "
				     "fewer than 14 are there on this side of a comparison with data_end\n";
	static const char prefix[] = "0: R1=ctx() R10=fp0\n"
				     "0: (61) r2 = *(u32 *)(r1 +0)          ; R2=pkt(r=0)\n"
				     "1: (61) r3 = *(u32 *)(r1 +4)          ; R3=pkt_end()\n"
				     "2: (bf) r4 = r2                       ; R4=pkt(r=0)\n"
				     "3: (07) r4 += 14                      ; R4=pkt(off=14,r=0)\n";
	static const char branch[] = "4: (2d) if r4 > r3 goto pc+2\nfrom 4 to 7: R1=ctx() R2=pkt(r=0,over=14) ";
	struct verify_result result;
	struct bench b;
	char *last;

	bench_init(&b);
	bench_verify(&b, words, ARRAY_SIZE(words), 1, &result);
	cr_assert_str_eq(b.log, reason);

	b.args.log_level = 2;
	bench_verify(&b, words, ARRAY_SIZE(words), 1, &result);
	cr_assert(!strncmp(b.log, prefix, strlen(prefix)), "%s", b.log);
	cr_assert(strstr(b.log,
			 "\n4: (2d) if r4 > r3 goto pc+2          ; R2=pkt(r=14) R4=pkt(off=14,r=14)\n"
			 "5: (71) r0 = *(u8 *)(r2 +13)          ; "
			 "R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))\n"
			 "6: (95) exit\n"
			 "\n"
			 "from 4 to 7: R1=ctx() R2=pkt(r=0,over=14) R3=pkt_end() R4=pkt(off=14,r=0,over=14) R10=fp0\n"
			 "7: (7b) *(u64 *)(r10 -8) = r1         ; fp-8=ctx()\n"),
		  "%s", b.log);
	last = strstr(b.log, "\nprocessed 9 insns (limit 1000000) total_states ");
	cr_assert(last, "%s", b.log);
	cr_assert_str_eq(strchr(last + 1, '\n') + 1, reason);

	/* the last path alone */
	b.args.log_level = 1;
	bench_verify(&b, words, ARRAY_SIZE(words), 1, &result);
	cr_assert(!strncmp(b.log, prefix, strlen(prefix)), "%s", b.log);
	cr_assert(!strncmp(b.log + strlen(prefix), branch, strlen(branch)), "%s", b.log);
	cr_assert(!strstr(b.log, "exit"), "%s", b.log);
	cr_assert_str_eq(b.log + strlen(b.log) - strlen(reason), reason);
	free(b.memory);
}

/* clang-format off */
static const struct shown {
	const char *id;
	uint64_t words[12];
	uint32_t count;
	const char *line; /* is in the log */
} shown[] = {
	{"a lookup", PROG(W_LOOKUP, W_RETURN), "5: (85) call map_lookup_elem#1        ; R0=map_value_or_null(id=1,map=flows,ks=8,vs=16)\n"},
	{"a map", PROG(W_LDMAP(1, MAP_ONE), W_RETURN), "R1=map_ptr(map=1,ks=4,vs=8)\n"},
	{"a map in a map", PROG(W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -8), W_LDMAP(1, MAP_OUTER), W_CALL(1), W_RETURN), "R0=map_ptr_or_null(id=1,inner_of=6,ks=8,vs=16)\n"},
	{"an address of a value", PROG(W_LDVALUE(1, MAP_ONE, 4), W_RETURN), "R1=map_value(map=1,ks=4,vs=8,off=4)\n"},
	{"a record", PROG(W_LDMAP(1, MAP_RING), W_MOV(2, 16), W_MOV(3, 0), W_CALL(131), W_RETURN), "R0=ringbuf_mem_or_null(id=1,sz=16)\n"},
	{"a variable offset", PROG(W_CALL(7), W_AND(0, 6), W_MOVR(1, 10), W_ADDR(1, 0), W_RETURN), "R1=fp(smin=smin32=0,smax=umax=smax32=umax32=6,var_off=(0x0; 0x6))\n"},
	{"a small negative number", PROG(W_MOV(1, -5), W_RETURN), "R1=-5\n"},
	{"a mask", PROG(W_LD64(1, 0xffffffff00000000), W_RETURN), "R1=0xffffffff00000000\n"},
	{"bounds of 32 bits", PROG(W_CALL(7), W(0x66, 0, 0, 0, -9), W_RETURN), "smin32=-8"},
	{"stack in part", PROG(W_ST8(10, -3, 0), W_ST8(10, -1, 7), W_RETURN), "fp-8=m?0?????\n"},
	{"another frame's stack", PROG(W_MOVR(1, 10), W_CALL_LOCAL(2), W_RETURN, W_RETURN), "1: (85) call pc+2                     ; frame1: R1=fp[0]0 R10=fp0\n"},
	{"packet pointers that are void", PROG(W_LDX32(6, 1, 0), W_MOV(2, 0), W_CALL(44), W_RETURN), "R6=void_pkt()\n"},
	{"the same state again", PROG(W_CALL(7), W_JEQ(0, 0, 0), W_MOV(0, 2), W_EXIT), "2: safe\n"},
};
/* clang-format on */

Test(report, notation)
{
	struct verify_result result;
	struct bench b;

	bench_init(&b);
	memcpy(b.list[MAP_HASH]->attr.name, "flows", 5);
	memcpy(b.list[MAP_ONE]->attr.name, "\x1b[1m", 4);
	b.args.log_level = 2;
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		bench_verify(&b, shown[i].words, shown[i].count, 10, &result);
		cr_expect(strstr(b.log, shown[i].line), "%s: %s", shown[i].id, b.log);
	}
	free(b.memory);
}

/* A log of more steps than there is room for ends with the last of them, and says how many are missing. */
Test(report, long_path)
{
	const uint64_t words[] = {W_MOV(0, 0), W_ADD(0, 1), W_JLT(0, 5000, -2), W_LDX64(0, 9, 0), W_EXIT};
	struct verify_result result;
	unsigned int missing;
	struct bench b;

	bench_init(&b);
	for (b.args.log_level = 1; b.args.log_level < 3; b.args.log_level++) {
		bench_verify(&b, words, ARRAY_SIZE(words), 1000, &result);
		cr_assert_eq(sscanf(b.log, "... %u lines before do not fit ...\n", &missing), 1, "%s", b.log);
		cr_assert(missing > 9000 && missing < 10100, "%u", missing);
		cr_assert(strstr(b.log, "\n3: (79) r0 = *(u64 *)(r9 +0)\nprocessed 10002 insns"), "%s", b.log);
		cr_assert_gt(result.log_bytes, sizeof(b.log) - 200);
	}
	free(b.memory);
}
