/* SPDX-License-Identifier: BSD-2-Clause */
/* Known bits: every result of the concrete operation must be in the abstract one's; exhaustively at few bits. */
#include "verify/tnum.h"

#include "prove_rows.h"

#define BITS  4
#define WORDS (1u << BITS)

Test(tnum, operators_hold_every_result)
{
	static struct prove_list list;

	prove_tnum_rows(&list, 4);
	prove_rows_hold(&list);
}

static const struct row {
	const char *id;
	struct tnum (*abstract)(struct tnum a, struct tnum b);
	enum insn_alu op;
} rows[] = {
	{"add", tnum_add, INSN_ALU_ADD}, {"sub", tnum_sub, INSN_ALU_SUB}, {"mul", tnum_mul, INSN_ALU_MUL},
	{"and", tnum_and, INSN_ALU_AND}, {"or", tnum_or, INSN_ALU_OR},    {"xor", tnum_xor, INSN_ALU_XOR},
};

Test(tnum, known_operands_give_known_results)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint64_t x = 0; x < WORDS; x++) {
			for (uint64_t y = 0; y < WORDS; y++) {
				struct tnum r = tnum_cast(rows[i].abstract(tnum_const(x), tnum_const(y)), BITS);

				cr_assert(tnum_is_const(r) && r.value == concrete_alu(rows[i].op, x, y, BITS),
					  "%s of %lu, %lu", rows[i].id, x, y);
			}
		}
	}
}

Test(tnum, swaps_reverse_bytes)
{
	cr_assert_eq(tnum_bswap(tnum_const(0x1122334455667788), 16).value, 0x8877);
	cr_assert_eq(tnum_bswap(tnum_const(0x1122334455667788), 32).value, 0x88776655);
	cr_assert_eq(tnum_bswap((struct tnum){0, 0xff}, 64).mask, 0xff00000000000000);
}

Test(tnum, ranges_of_all_words)
{
	cr_assert_eq(tnum_range(0, UINT64_MAX).mask, UINT64_MAX);
	cr_assert(tnum_is_const(tnum_range(UINT64_MAX, UINT64_MAX)));
}
