/* SPDX-License-Identifier: BSD-2-Clause */
/* What verified programs are linked to: results that would be addresses, and code where no run comes. */
#include "engines.h"
#include "jit_run.h"
#include "words.h"

#define W_MOV32R(dst, src)  W(0xbc, dst, src, 0, 0)
#define W_JEQ(dst, imm, to) W(0x15, dst, 0, to, imm)
#define W_JLT(dst, imm, to) W(0xa5, dst, 0, to, imm)

static const struct {
	const char *id;
	uint64_t words[16];
	size_t count;
	uint64_t r0;
} rows[] = {
#define PROG(...) {__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
	{"the context returned", PROG(W_MOVR(0, 1), W_EXIT), 0},
	{"the stack returned", PROG(W_MOVR(0, 10), W_EXIT), 0},
	{"the packet returned", PROG(W_LDX32(0, 1, 0), W_EXIT), 0},
	{"the context or a number: the context",
	 PROG(W_LDX32(2, 1, 16), W_MOVR(0, 1), W_JEQ(2, 0, 1), W_MOV(0, 2), W_EXIT), 0},
	{"the context or a number: the number",
	 PROG(W_LDX32(2, 1, 16), W_MOVR(0, 1), W_JEQ(2, 1, 1), W_MOV(0, 2), W_EXIT), 2},
	{"the context or a number: the greatest number",
	 PROG(W_LDX32(2, 1, 16), W_MOVR(0, 1), W_JEQ(2, 1, 1), W_MOV(0, 32767), W_EXIT), 32767},
	{"the context or a number: a number like an address",
	 PROG(W_LDX32(2, 1, 16), W_MOVR(0, 1), W_JEQ(2, 1, 1), W_MOV(0, 32768), W_EXIT), 0},
	{"a number that could be an address, elsewhere",
	 PROG(W_LDX32(2, 1, 16), W_MOVR(0, 1), W_JEQ(2, 1, 2), W_MOV(0, -1), W_EXIT, W_EXIT), UINT64_MAX},
	{"a jump to the end", PROG(W_LDX32(2, 1, 16), W_JEQ(2, 1, 2), W_MOVR(0, 10), W_JA(1), W_MOV(0, 1), W_EXIT), 0},
	{"returned by a function", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 1), W_EXIT), 0},
	{"used by the caller", PROG(W_CALL_LOCAL(2), W_LDX32(0, 0, 12), W_EXIT, W_MOVR(0, 1), W_EXIT), 7},
	{"R10 written where no run comes",
	 PROG(W_LDX32(0, 1, 16), W_JLT(0, 1, 1), W_JA(1), W_JA(2), W_MOV(0, 3), W_EXIT, W_MOV(0, 4), W_JEQ(0, 4, 1),
	      W_MOV(10, 0), W_EXIT),
	 4},
	{"R10 written with 64 bits where no run comes", PROG(W_MOV(0, 5), W_JEQ(0, 5, 2), W_LD64(10, 5), W_EXIT), 5},
	{"a loop that goes on 1024 times", PROG(W_MOV(0, 0), W(0xe5, 0, 0, 2, 0), W_ADD(0, 1), W_JA(-3), W_EXIT), 1024},
	{"two loops that go on 1024 times",
	 PROG(W_MOV(0, 0), W(0xe5, 0, 0, 2, 0), W_ADD(0, 1), W_JA(-3), W(0xe5, 0, 0, 2, 0), W_ADD(0, 1), W_JA(-3),
	      W_EXIT),
	 1024},
	{"a jump that is not made", PROG(W_MOV(0, 1), W(0xe5, 0, 0, 1, 0), W_MOV(0, 2), W_EXIT), 2},
	{"a jump to where it goes on", PROG(W_MOV(0, 3), W(0xe5, 0, 0, 0, 0), W_ADD(0, 1), W_EXIT), 4},
	{"a jump back that is made when the turns are used up",
	 PROG(W_MOV(0, 0), W_JA(1), W_EXIT, W_ADD(0, 1), W(0xe5, 0, 0, -3, 0), W_JA(-3)), 1025},
	{"a loop that keeps the packet's first byte",
	 PROG(W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_MOVR(4, 2), W_ADD(4, 1), W_MOV(0, 0), W(0x2d, 4, 3, 4, 0),
	      W_LDX8(0, 2, 0), W(0xe5, 0, 0, 2, 0), W_ADD(0, 1), W_JA(-3), W_EXIT),
	 1024},
	{"a function shares the turns",
	 PROG(W_MOV(6, 0), W(0xe5, 0, 0, 2, 0), W_ADD(6, 1), W_JA(-3), W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 0),
	      W(0xe5, 0, 0, 1, 0), W_MOV(0, 1), W_EXIT),
	 0},
	{"half an address moved about", PROG(W_MOV32R(2, 10), W_MOVR(3, 2), W_MOV(0, 6), W_EXIT), 6},
};

Test(exec, addresses_are_not_told)
{
	static const bool has_code[ENGINES] = {[FW_ENGINE_JIT] = RUN_HAS_JIT};
	size_t bytes;

	for (int engine = 0; engine < ENGINES; engine++) {
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			struct control *c = engines_open(engine, NULL, 0);
			struct control_frame f[2];
			struct fw_frame burst[2];

			engines_load(c, 0, rows[i].words, rows[i].count);
			engines_attach(c, 0);
			cr_expect_eq(!!fw_prog_code(c->fw, 0, &bytes), has_code[engine], "%s, %s", rows[i].id,
				     engines_name(engine));
			for (int n = 0; n < 2; n++) {
				control_frame(&f[n], 64);
				f[n].frame.ingress_ifindex = 7;
				burst[n] = f[n].frame;
			}
			fw_run(c->fw, burst, 1);
			cr_expect_eq(burst[0].r0, rows[i].r0, "%s, %s: 0x%lx", rows[i].id, engines_name(engine),
				     burst[0].r0);
			burst[0] = f[0].frame;
			fw_run(c->fw, burst, 2);
			cr_expect_eq(burst[1].r0, rows[i].r0, "%s, %s, the second of a burst: 0x%lx", rows[i].id,
				     engines_name(engine), burst[1].r0);
			control_close(c);
		}
	}
}
