/* SPDX-License-Identifier: BSD-2-Clause */
#include "insn.h"
#include "words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define MAX_WORDS 8

struct row {
	const char *id;
	uint64_t words[MAX_WORDS];
	const char *what; /* part of the message */
	uint32_t count;
	int rc;
	uint32_t insn; /* of the error */
	uint32_t isa;  /* 0: all */
};

#define PROG(...)    .words = {__VA_ARGS__}, .count = sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define BAD(i, text) .rc = -EINVAL, .insn = (i), .what = (text)

static const struct row rows[] = {
	{"least", PROG(W_EXIT)},
	{"unreachable code after exit", PROG(W_MOV(0, 1), W_EXIT, W_MOV(0, 2))},
	{"dpdk-cee21cc5be: empty program", .count = 0, BAD(0, "empty program")},
	{"dpdk-28b2d3d112: opcode 0xff", PROG(W(0xff, 0, 0, 0, 0), W_EXIT), BAD(0, "unknown opcode")},
	{"opcode 0 by itself", PROG(W_EXIT, 0), BAD(1, "unknown opcode")},
	{"NEG by register", PROG(W(0x8f, 0, 0, 0, 0)), BAD(0, "unknown opcode")},
	{"indirect call", PROG(W(0x8d, 0, 0, 0, 0)), BAD(0, "unknown opcode")},
	{"EXIT of class JMP32", PROG(W(0x96, 0, 0, 0, 0)), BAD(0, "unknown opcode")},

	{"LD ABS word", PROG(W(0x20, 0, 0, 0, 0)), BAD(0, "legacy packet loads")},
	{"LD ABS half", PROG(W(0x28, 0, 0, 0, 0)), BAD(0, "legacy packet loads")},
	{"LD ABS byte", PROG(W(0x30, 0, 0, 0, 0)), BAD(0, "legacy packet loads")},
	{"LD IND word", PROG(W(0x40, 0, 0, 0, 0)), BAD(0, "legacy packet loads")},
	{"LD IND half", PROG(W(0x48, 0, 0, 0, 0)), BAD(0, "legacy packet loads")},
	{"LD IND byte", PROG(W(0x50, 0, 0, 0, 0)), BAD(0, "legacy packet loads")},

	{"dst R11", PROG(W_MOV(11, 0)), BAD(0, "register above R10")},
	{"src R11", PROG(W_MOVR(0, 11)), BAD(0, "register above R10")},
	{"dst R15 of a store", PROG(W_ST8(15, 0, 0)), BAD(0, "register above R10")},
	{"move to R10", PROG(W_MOV(10, 0), W_EXIT)},
	{"load to R10", PROG(W_LDX64(10, 1, 0), W_EXIT)},
	{"sign-extending load to R10", PROG(W(0x91, 10, 1, 0, 0), W_EXIT)},
	{"constant to R10", PROG(W_LD64(10, 0), W_EXIT)},
	{"map to R10", PROG(W(0x18, 10, 1, 0, 0), 0, W_EXIT)},
	{"byte swap of R10", PROG(W(0xdc, 10, 0, 0, 16), W_EXIT)},
	{"fetch into R10", PROG(W(0xdb, 10, 10, -8, 1), W_EXIT)},
	{"exchange into R10", PROG(W(0xdb, 10, 10, -8, 0xe1), W_EXIT)},
	{"may_goto", PROG(W(0xe5, 0, 0, 0, 0), W_EXIT)},
	{"may_goto with dst", PROG(W(0xe5, 1, 0, 0, 0), W_EXIT), BAD(0, "destination register")},
	{"may_goto with src", PROG(W(0xe5, 0, 1, 0, 0), W_EXIT), BAD(0, "source register")},
	{"may_goto with imm", PROG(W(0xe5, 0, 0, 0, 1), W_EXIT), BAD(0, "immediate")},
	{"may_goto too far", PROG(W(0xe5, 0, 0, 1, 0), W_EXIT), BAD(0, "jump out of the program")},
	{"may_goto in 32 bits", PROG(W(0xe6, 0, 0, 0, 0), W_EXIT), BAD(0, "unknown opcode")},
	{"store through R10", PROG(W_ST8(10, -1, 0), W_EXIT)},
	{"atomic add of R10", PROG(W(0xdb, 10, 10, -8, 0), W_EXIT)},
	{"compare-exchange with R10 as value", PROG(W(0xdb, 10, 10, -8, 0xf1), W_EXIT)},

	{"ADD imm with src", PROG(W(0x07, 0, 1, 0, 0)), BAD(0, "source register")},
	{"ADD imm with off", PROG(W(0x07, 0, 0, 1, 0)), BAD(0, "offset")},
	{"ADD reg with imm", PROG(W(0x0f, 0, 1, 0, 1)), BAD(0, "immediate")},
	{"ADD reg with off", PROG(W(0x0f, 0, 1, 1, 0)), BAD(0, "offset")},
	{"ADD32 imm with src", PROG(W(0x04, 0, 1, 0, 0)), BAD(0, "source register")},
	{"ADD32 reg with imm", PROG(W(0x0c, 0, 1, 0, 1)), BAD(0, "immediate")},
	{"LSH imm with src", PROG(W(0x67, 0, 1, 0, 1)), BAD(0, "source register")},
	{"LSH imm with off", PROG(W(0x67, 0, 0, 1, 1)), BAD(0, "offset")},
	{"LSH reg with imm", PROG(W(0x6f, 0, 1, 0, 1)), BAD(0, "immediate")},
	{"MOV imm with src", PROG(W(0xb7, 0, 1, 0, 1)), BAD(0, "source register")},
	{"MOV reg with imm", PROG(W(0xbf, 0, 1, 0, 1)), BAD(0, "immediate")},
	{"NEG with off", PROG(W(0x87, 0, 0, 1, 0)), BAD(0, "offset")},
	{"swap with src", PROG(W(0xdc, 0, 1, 0, 16)), BAD(0, "source register")},
	{"NEG with src", PROG(W(0x87, 0, 1, 0, 0)), BAD(0, "source register")},
	{"NEG with imm", PROG(W(0x84, 0, 0, 0, 1)), BAD(0, "immediate")},
	{"swap with off", PROG(W(0xd4, 0, 0, 1, 16)), BAD(0, "offset")},
	{"swap by 24", PROG(W(0xdc, 0, 0, 0, 24)), BAD(0, "immediate")},
	{"DIV with off 2", PROG(W(0x3f, 0, 1, 2, 0)), BAD(0, "offset")},
	{"MOV with off 24", PROG(W(0xbf, 0, 1, 24, 0)), BAD(0, "offset")},
	{"MOV32 with off 32", PROG(W(0xbc, 0, 1, 32, 0)), BAD(0, "offset")},
	{"MOV imm with off 8", PROG(W(0xb7, 0, 0, 8, 0)), BAD(0, "offset")},
	{"LDX with imm", PROG(W(0x79, 0, 1, 0, 1)), BAD(0, "immediate")},
	{"ST with src", PROG(W(0x7a, 10, 1, -8, 0)), BAD(0, "source register")},
	{"STX with imm", PROG(W(0x7b, 10, 1, -8, 1)), BAD(0, "immediate")},
	{"atomic with an unknown operation", PROG(W(0xdb, 10, 1, -8, 0x10)), BAD(0, "immediate")},
	{"ubpf-a25446f7: exchange without fetch", PROG(W(0xdb, 10, 1, -8, 0xe0)), BAD(0, "immediate")},
	{"ubpf-a25446f7: compare-exchange without fetch", PROG(W(0xdb, 10, 1, -8, 0xf0)), BAD(0, "immediate")},
	{"atomic of 2 bytes", PROG(W(0xcb, 10, 1, -8, 0)), BAD(0, "unknown opcode")},
	{"JEQ imm with src", PROG(W(0x15, 0, 1, 0, 0), W_EXIT), BAD(0, "source register")},
	{"JEQ reg with imm", PROG(W(0x1d, 0, 1, 0, 1), W_EXIT), BAD(0, "immediate")},
	{"JEQ32 imm with src", PROG(W(0x16, 0, 1, 0, 0), W_EXIT), BAD(0, "source register")},
	{"JEQ32 reg with imm", PROG(W(0x1e, 0, 1, 0, 1), W_EXIT), BAD(0, "immediate")},
	{"JA with imm", PROG(W(0x05, 0, 0, 0, 1), W_EXIT), BAD(0, "immediate")},
	{"JA with dst", PROG(W(0x05, 1, 0, 0, 0), W_EXIT), BAD(0, "destination register")},
	{"JA with src", PROG(W(0x05, 0, 1, 0, 0), W_EXIT), BAD(0, "source register")},
	{"JA32 with dst", PROG(W(0x06, 1, 0, 0, 0), W_EXIT), BAD(0, "destination register")},
	{"JA32 with src", PROG(W(0x06, 0, 1, 0, 0), W_EXIT), BAD(0, "source register")},
	{"JA32 with off", PROG(W(0x06, 0, 0, 1, 0), W_EXIT), BAD(0, "offset")},
	{"CALL with dst", PROG(W(0x85, 1, 0, 0, 1)), BAD(0, "destination register")},
	{"CALL with off", PROG(W(0x85, 0, 0, 1, 1)), BAD(0, "offset")},
	{"CALL of a function with dst", PROG(W(0x85, 1, 1, 0, 0), W_EXIT), BAD(0, "destination register")},
	{"CALL of a function with off", PROG(W(0x85, 0, 1, 1, 0), W_EXIT), BAD(0, "offset")},
	{"CALL by BTF id", PROG(W(0x85, 0, 2, 0, 1)), BAD(0, "this kind of call")},
	{"EXIT with imm", PROG(W(0x95, 0, 0, 0, 1)), BAD(0, "immediate")},
	{"EXIT with dst", PROG(W(0x95, 1, 0, 0, 0)), BAD(0, "destination register")},
	{"EXIT with src", PROG(W(0x95, 0, 1, 0, 0)), BAD(0, "source register")},
	{"EXIT with off", PROG(W(0x95, 0, 0, 1, 0)), BAD(0, "offset")},

	{"rbpf-7bebff5: shift 64", PROG(W(0x67, 0, 0, 0, 64)), BAD(0, "shift by a constant")},
	{"rbpf-7bebff5: shift 63", PROG(W(0x67, 0, 0, 0, 63), W_EXIT)},
	{"rbpf-7bebff5: shift32 32", PROG(W(0x74, 0, 0, 0, 32)), BAD(0, "shift by a constant")},
	{"rbpf-7bebff5: shift32 31", PROG(W(0x74, 0, 0, 0, 31), W_EXIT)},
	{"shift -1", PROG(W(0xc7, 0, 0, 0, -1)), BAD(0, "shift by a constant")},
	{"RSH by 64", PROG(W(0x77, 0, 0, 0, 64)), BAD(0, "shift by a constant")},
	{"ARSH by 64", PROG(W(0xc7, 0, 0, 0, 64)), BAD(0, "shift by a constant")},
	{"ARSH by 63", PROG(W(0xc7, 0, 0, 0, 63), W_EXIT)},
	{"RSH by 63", PROG(W(0x77, 0, 0, 0, 63), W_EXIT)},
	{"LSH32 by 32", PROG(W(0x64, 0, 0, 0, 32)), BAD(0, "shift by a constant")},
	{"LSH32 by 31", PROG(W(0x64, 0, 0, 0, 31), W_EXIT)},
	{"ARSH32 by 32", PROG(W(0xc4, 0, 0, 0, 32)), BAD(0, "shift by a constant")},
	{"ARSH32 by 31", PROG(W(0xc4, 0, 0, 0, 31), W_EXIT)},
	{"shift32 by -1", PROG(W(0x64, 0, 0, 0, -1)), BAD(0, "shift by a constant")},
	{"shift by the lowest number", PROG(W(0x67, 0, 0, 0, INT32_MIN)), BAD(0, "shift by a constant")},
	{"divide by 0: left to the verifier", PROG(W(0x37, 0, 0, 0, 0), W_EXIT)},
	{"modulo by 0: left to the verifier", PROG(W(0x94, 0, 0, 0, 0), W_EXIT)},
	{"signed divide by 0: left to the verifier", PROG(W(0x34, 0, 0, 1, 0), W_EXIT)},
	{"signed modulo by 0: left to the verifier", PROG(W(0x97, 0, 0, 1, 0), W_EXIT)},
	{"divide by register", PROG(W(0x3f, 0, 1, 0, 0), W_EXIT)},

	{"jump behind the end", PROG(W_JA(1), W_EXIT), BAD(0, "jump out of the program")},
	{"jump before the start", PROG(W_MOV(0, 0), W_JA(-3), W_EXIT), BAD(1, "jump out of the program")},
	{"jump to the first", PROG(W_MOV(0, 0), W_JA(-2), W_EXIT)},
	{"jump as far as off goes", PROG(W_JA(INT16_MIN), W_EXIT), BAD(0, "jump out of the program")},
	{"long jump as far as imm goes", PROG(W(0x06, 0, 0, 0, INT32_MAX), W_EXIT), BAD(0, "jump out of the program")},
	{"long jump back as far as imm goes", PROG(W(0x06, 0, 0, 0, INT32_MIN), W_EXIT), BAD(0, "jump out")},
	{"jump to a second slot", PROG(W_JA(1), W_LD64(0, 5), W_EXIT), BAD(0, "middle of an instruction")},
	{"branch to a second slot", PROG(W(0x15, 0, 0, 1, 0), W_LD64(0, 5), W_EXIT),
	 BAD(0, "middle of an instruction")},
	{"long jump to a second slot", PROG(W(0x06, 0, 0, 0, 1), W_LD64(0, 5), W_EXIT),
	 BAD(0, "middle of an instruction")},
	{"branch of 32 bits to a second slot", PROG(W(0x16, 0, 0, 1, 0), W_LD64(0, 5), W_EXIT),
	 BAD(0, "middle of an instruction")},
	{"may_goto to a second slot", PROG(W(0xe5, 0, 0, 1, 0), W_LD64(0, 5), W_EXIT),
	 BAD(0, "middle of an instruction")},
	{"jump back to a second slot", PROG(W_LD64(0, 5), W_JA(-2), W_EXIT), BAD(2, "middle of an instruction")},
	{"jump to a map's second slot", PROG(W_JA(1), W(0x18, 0, 1, 0, 0), 0, W_EXIT),
	 BAD(0, "middle of an instruction")},
	{"call out of the program", PROG(W_CALL_LOCAL(1), W_EXIT), BAD(0, "call of a function outside")},
	{"call as far as imm goes", PROG(W_CALL_LOCAL(INT32_MAX), W_EXIT), BAD(0, "call of a function outside")},
	{"call into a second slot", PROG(W_CALL_LOCAL(1), W_LD64(0, 5), W_EXIT), BAD(0, "call into the middle")},
	{"call", PROG(W_CALL_LOCAL(1), W_EXIT, W_MOV(0, 1), W_EXIT)},

	{"LD_IMM64 cut", PROG(W(0x18, 0, 0, 0, 1)), BAD(0, "without its second slot")},
	{"LD_IMM64 with another instruction", PROG(W(0x18, 0, 0, 0, 1), W_EXIT), BAD(0, "opcode 0 expected")},
	{"second slot with dst", PROG(W(0x18, 0, 0, 0, 1), W(0, 1, 0, 0, 0)), BAD(0, "second slot of LD_IMM64")},
	{"second slot with src", PROG(W(0x18, 0, 0, 0, 1), W(0, 0, 1, 0, 0)), BAD(0, "second slot of LD_IMM64")},
	{"second slot with off", PROG(W(0x18, 0, 0, 0, 1), W(0, 0, 0, 1, 0)), BAD(0, "second slot of LD_IMM64")},
	{"LD_IMM64 with off", PROG(W(0x18, 0, 0, 1, 1), 0), BAD(0, "offset")},
	{"map with a second immediate", PROG(W(0x18, 0, 1, 0, 1), W(0, 0, 0, 0, 1)), BAD(0, "second slot of LD_IMM64")},
	{"map value with an offset", PROG(W(0x18, 0, 2, 0, 1), W(0, 0, 0, 0, 1), W_EXIT)},
	{"LD_IMM64 of BTF id", PROG(W(0x18, 0, 3, 0, 1), 0), BAD(0, "this kind of LD_IMM64")},
	{"LD_IMM64 of function", PROG(W(0x18, 0, 4, 0, 1), 0), BAD(0, "this kind of LD_IMM64")},
	{"two second slots", PROG(W_LD64(0, 1), 0, W_EXIT), BAD(2, "unknown opcode")},

	{"no base32", PROG(W_EXIT), .isa = ~INSN_GROUP_BASE32, .rc = -ENOTSUP, .what = "base32"},
	{"no base64", PROG(W_MOV(0, 0), W_EXIT), .isa = ~INSN_GROUP_BASE64, .rc = -ENOTSUP, .what = "base64"},
	{"no divmul32", PROG(W(0x24, 0, 0, 0, 3)), .isa = ~INSN_GROUP_DIVMUL32, .rc = -ENOTSUP, .what = "divmul32"},
	{"no divmul64", PROG(W(0x27, 0, 0, 0, 3)), .isa = ~INSN_GROUP_DIVMUL64, .rc = -ENOTSUP, .what = "divmul64"},
	{"no atomic32", PROG(W(0xc3, 10, 1, -4, 0)), .isa = ~INSN_GROUP_ATOMIC32, .rc = -ENOTSUP, .what = "atomic32"},
	{"no atomic64", PROG(W(0xdb, 10, 1, -8, 0)), .isa = ~INSN_GROUP_ATOMIC64, .rc = -ENOTSUP, .what = "atomic64"},
	{"no v4", PROG(W(0x3f, 0, 1, 1, 0)), .isa = ~INSN_GROUP_V4, .rc = -ENOTSUP, .what = "v4"},
	{"no v4, plain division", PROG(W(0x3f, 0, 1, 0, 0), W_EXIT), .isa = ~INSN_GROUP_V4},
};

Test(decode, rows)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct insn out[MAX_WORDS];
		struct insn_error err = {0};
		int rc = insn_decode((const uint8_t *)row->words, row->count, row->isa ? row->isa : INSN_GROUPS, out,
				     &err);

		cr_expect_eq(rc, row->rc, "%s: got %d (%s), expected %d", row->id, rc, rc ? err.what : "", row->rc);
		if (!rc || rc != row->rc)
			continue;
		cr_expect_eq(err.insn, row->insn, "%s: at %u, expected %u", row->id, err.insn, row->insn);
		cr_expect(strstr(err.what, row->what), "%s: \"%s\" does not say \"%s\"", row->id, err.what, row->what);
	}
}

Test(decode, fields)
{
	static const uint64_t words[] = {
		W_LD64(3, 0xfedcba9880000000),
		W(0xa5, 4, 0, -3, -2),
		W(0x6b, 7, 8, -32768, 0),
		W_CALL_LOCAL(-5),
		W(0x18, 1, 1, 0, -1),
		0,
		W(0x18, 2, 2, 0, 7),
		W(0, 0, 0, 0, 0x80000001),
		W_EXIT,
	};
	uint8_t unaligned[sizeof(words) + 1];
	struct insn out[sizeof(words) / 8];
	struct insn_error err;

	memcpy(unaligned + 1, words, sizeof(words));
	cr_assert_eq(insn_decode(unaligned + 1, sizeof(words) / 8, INSN_GROUPS, out, &err), 0, "%s", err.what);
	cr_expect(out[0].op == INSN_LD_IMM64 && out[0].dst == 3);
	cr_expect_eq(out[0].imm64, (int64_t)0xfedcba9880000000, "ubpf-c22b0041: high bit of the low word");
	cr_expect_eq(out[1].op, INSN_LD_SLOT2);
	cr_expect(out[2].op == INSN_JLT64_K && out[2].dst == 4 && out[2].imm == 0 && out[2].imm64 == -2);
	cr_expect(out[3].op == INSN_STX16 && out[3].dst == 7 && out[3].src == 8 && out[3].off == -32768);
	cr_expect(out[4].op == INSN_CALL_LOCAL && out[4].imm == 0);
	cr_expect(out[5].op == INSN_LD_MAP && out[5].imm64 == 0xffffffff);
	cr_expect(out[7].op == INSN_LD_MAP_VALUE && out[7].imm == 7 && out[7].imm64 == (int64_t)0x8000000100000007);
	cr_expect(out[8].op == INSN_LD_SLOT2 && out[8].imm == (int32_t)0x80000001);
	cr_expect_eq(out[9].op, INSN_EXIT);
}

/* Every opcode, register byte and a few offsets and immediates: accepted ones are what the table says, none harms. */
Test(decode, every_opcode)
{
	static const int16_t offs[] = {0, 1, 2, 8, 16, 32, -1, INT16_MIN, INT16_MAX};
	static const int32_t imms[] = {0, 1, 16, 32, 64, 0x40, 0xe1, 0xf1, -1, INT32_MIN, INT32_MAX};
	bool seen[INSN_OPS] = {false};

	for (uint32_t opcode = 0; opcode < 256; opcode++)
		for (uint32_t regs = 0; regs < 256; regs++)
			for (size_t o = 0; o < sizeof(offs) / sizeof(offs[0]); o++)
				for (size_t m = 0; m < sizeof(imms) / sizeof(imms[0]); m++) {
					uint64_t words[] = {W(opcode, regs, regs >> 4, offs[o], imms[m]), 0};
					struct insn out;
					struct insn_error err = {0};
					int rc = insn_decode_at((const uint8_t *)words, 2, 0, INSN_GROUPS, &out, &err);

					if (rc) {
						cr_assert(rc == -EINVAL && err.what, "opcode %#x", opcode);
						continue;
					}
					seen[out.op] = true;
					cr_assert_eq(insn_info[out.op].opcode, opcode);
					cr_assert(out.dst <= 10 && out.src <= 10);
				}
	/* Jumps and calls land on opcode 0 or outside here; the atomics' other immediates are rows above. */
	cr_expect(seen[INSN_ADD64_K] && seen[INSN_SDIV32_X] && seen[INSN_MOVSX64_32] && seen[INSN_BE64] &&
		  seen[INSN_LDSX32] && seen[INSN_CMPXCHG64] && seen[INSN_LD_MAP_VALUE] && seen[INSN_EXIT]);
	cr_expect_not(seen[INSN_LD_SLOT2]);
}

Test(decode, every_row_alone)
{
	for (uint32_t i = 0; i < INSN_LD_SLOT2; i++) {
		const struct insn_info *info = &insn_info[i];
		int32_t imm = info->sel == INSN_SEL_IMM ? info->value : info->form == INSN_FORM_ALU_K;
		int16_t off = info->sel == INSN_SEL_OFF ? (int16_t)info->value : 0;
		uint8_t src = info->sel == INSN_SEL_SRC ? (uint8_t)info->value : 0;
		bool two = info->opcode == 0x18;
		uint64_t words[] = {W(info->opcode, 0, src, off, imm), two ? 0 : W_EXIT, W_EXIT};
		struct insn out[3];
		struct insn_error err = {0};

		cr_assert_eq(insn_decode((const uint8_t *)words, 3, INSN_GROUPS, out, &err), 0, "%s: %s", info->text,
			     err.what);
		cr_assert_eq(out[0].op, i, "%s", info->text);
		cr_assert_eq(insn_decode((const uint8_t *)words, 3, INSN_GROUPS & ~(uint32_t)info->group, out, &err),
			     -ENOTSUP, "%s", info->text);
	}
}
