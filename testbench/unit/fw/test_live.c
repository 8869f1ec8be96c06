/* SPDX-License-Identifier: BSD-2-Clause */
/* What may still be read from an instruction on: rows for stack that is read here, by helpers, and by other functions.
 */
#include "verify/walk.h"
#include "verify_bench.h"

/* A slot's halves as one word: 2n for its low bytes, 2n + 1 for its high ones. */
#define LOW(slot)  (1ull << 2 * ((slot)-1))
#define HIGH(slot) (2ull << 2 * ((slot)-1))
#define SLOT(slot) (LOW(slot) | HIGH(slot))
#define REG(n)     (1u << (n))

static const struct row {
	const char *id;
	uint64_t words[MAX_WORDS];
	uint32_t count;
	uint32_t insn;
	uint64_t halves; /* of the first 32 slots */
	uint16_t regs;   /* without R10 */
} rows[] = {
	{"what is loaded", PROG(W_ST64(10, -8, 1), W_LDX64(0, 10, -8), W_EXIT), 1, SLOT(1), 0},
	{"what is stored before it is loaded", PROG(W_ST64(10, -8, 1), W_LDX64(0, 10, -8), W_EXIT), 0, 0, 0},
	{"half of a slot", PROG(W_ST32(10, -8, 1), W_ST32(10, -4, 2), W_LDX64(0, 10, -8), W_EXIT), 1, LOW(1), 0},
	{"a byte that is stored ends nothing", PROG(W_ST8(10, -8, 1), W_LDX64(0, 10, -8), W_EXIT), 0, SLOT(1), 0},
	{"a key of 8 bytes, and nothing above it",
	 PROG(W_ST64(10, -8, 0), W_ST64(10, -16, 0), W_MOVR(2, 10), W_ADD(2, -16), W_LDMAP(1, MAP_HASH), W_CALL(1),
	      W_RETURN),
	 2, SLOT(2), 0},
	{"a key of no known map: as long as that of any",
	 PROG(W_CALL(7), W_LDMAP(1, MAP_HASH), W_JEQ(0, 0, 2), W_LDMAP(1, MAP_ARRAY), W_ST64(10, -16, 0),
	      W_ST64(10, -8, 0), W_MOVR(2, 10), W_ADD(2, -16), W_CALL(1), W_RETURN),
	 8, SLOT(2), REG(1)},
	{"memory of a known size",
	 PROG(W_MOV(1, 0), W_MOV(2, 0), W_MOVR(3, 10), W_ADD(3, -16), W_MOV(4, 4), W_MOV(5, 0), W_CALL(28), W_RETURN),
	 6, LOW(2), REG(1) | REG(2) | REG(3) | REG(4) | REG(5)},
	{"a callee reads by an argument",
	 PROG(W_ST64(10, -8, 1), W_ST64(10, -16, 1), W_MOVR(1, 10), W_ADD(1, -24), W_CALL_LOCAL(1), W_EXIT,
	      W_LDX32(0, 1, 8), W_EXIT),
	 4, LOW(2), REG(1)},
	{"a callee of a callee reads",
	 PROG(W_MOVR(2, 10), W_CALL_LOCAL(1), W_EXIT, W_ADD(2, -8), W_CALL_LOCAL(1), W_EXIT, W_LDX32(0, 2, 4), W_EXIT),
	 1, HIGH(1), REG(2)},
	{"a stack pointer that was spilled",
	 PROG(W_ST64(10, -16, 1), W_MOVR(1, 10), W_STX64(10, 1, -8), W_LDX64(2, 10, -8), W_LDX64(0, 2, -16), W_EXIT), 1,
	 ~SLOT(1), 0},
	{"a stack pointer that a callee returned",
	 PROG(W_ST64(10, -16, 1), W_MOVR(1, 10), W_CALL_LOCAL(2), W_LDX64(0, 0, -16), W_EXIT, W_MOVR(0, 1), W_EXIT), 1,
	 ~0ull, 0},
	{"an offset that is not known",
	 PROG(W_CALL(7), W_AND(0, 8), W_MOVR(1, 10), W_SUBR(1, 0), W_LDX64(0, 1, -16), W_EXIT), 4, ~0ull, REG(1)},
	{"what lives around a loop",
	 PROG(W_ST64(10, -8, 4), W_LDX64(6, 10, -8), W_ADD(6, -1), W_STX64(10, 6, -8), W_JNE(6, 0, -4), W_MOV(0, 2),
	      W_EXIT),
	 3, 0, REG(6)},
};

struct seen {
	uint32_t insn;
	struct live live;
};

static void look(void *ctx, struct verify *v, enum verify_event event, const struct mark *mark)
{
	struct seen *seen = ctx;

	(void)mark;
	if (event == VERIFY_BEGINS)
		seen->live = v->spots[seen->insn].live;
}

static uint64_t halves_of(const struct live *live)
{
	uint64_t halves = 0;

	for (int i = 0; i < 32; i++)
		halves |= (live->low >> i & 1) << 2 * i | (live->high >> i & 1) << (2 * i + 1);
	return halves;
}

Test(live, rows)
{
	struct verify_result result;
	struct bench b;

	bench_init(&b);
	b.args.watch = look;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct seen seen = {.insn = row->insn};

		b.args.watch_ctx = &seen;
		bench_verify(&b, row->words, row->count, 1000, &result);
		cr_expect_eq(halves_of(&seen.live), row->halves, "%s: %#lx: %s", row->id, halves_of(&seen.live), b.log);
		cr_expect_eq(seen.live.regs & 0x3ff, row->regs, "%s: registers %#x", row->id, seen.live.regs);
	}
	free(b.memory);
}

/* R6 is 0 on the path that is walked first, and 64 on the other; they meet again. */
#define ZERO_OR_64 W_CALL(7), W_MOV(6, 64), W_JEQ(0, 0, 1), W_MOV(6, 0)
/* R2 is what was loaded: an offset that is good if it is 0. */
#define USE_R2 W_MOVR(3, 10), W_ADDR(3, 2), W_ST64(3, -8, 0)

/* What one path made safe is not what the other one has: each would be accepted if what differs were taken for dead. */
static const struct verify_row differ_rows[] = {
	{"a slot",
	 PROG(ZERO_OR_64, W_STX64(10, 6, -72), W_MOV(6, 0), W_MOV(0, 0), W_JEQ(0, 0, 0), W_LDX64(2, 10, -72), USE_R2,
	      W_RETURN),
	 BAD(STACK, 11, NULL)},
	{"half a slot",
	 PROG(ZERO_OR_64, W_ST32(10, -72, 0), W_STX32(10, 6, -68), W_MOV(6, 0), W_JEQ(0, 0, 0), W_LDX32(2, 10, -68),
	      USE_R2, W_RETURN),
	 BAD(STACK, 11, NULL)},
	{"by a spilled pointer",
	 PROG(ZERO_OR_64, W_STX64(10, 6, -72), W_MOVR(1, 10), W_STX64(10, 1, -16), W_MOV(6, 0), W_MOV(1, 0),
	      W_JEQ(0, 0, 0), W_LDX64(1, 10, -16), W_LDX64(2, 1, -72), USE_R2, W_RETURN),
	 BAD(STACK, 14, NULL)},
	{"by a pointer that cmpxchg gave",
	 PROG(ZERO_OR_64, W_STX64(10, 6, -72), W_MOVR(1, 10), W_STX64(10, 1, -16), W_MOV(6, 0), W_MOV(1, 0),
	      W_MOV(0, 0), W_JEQ(0, 0, 0), W_MOVR(3, 10), W(0xdb, 10, 3, -16, 0xf1), W_LDX64(2, 0, -72), USE_R2,
	      W_RETURN),
	 BAD(STACK, 16, NULL)},
	{"by a callee",
	 PROG(ZERO_OR_64, W_STX64(10, 6, -72), W_MOVR(1, 10), W_MOV(6, 0), W_JEQ(0, 0, 0), W_CALL_LOCAL(2), W_RETURN,
	      W_LDX64(2, 1, -72), USE_R2, W_RETURN),
	 BAD(STACK, 14, NULL)},
	{"by a returned pointer",
	 PROG(ZERO_OR_64, W_STX64(10, 6, -72), W_MOVR(1, 10), W_MOV(6, 0), W_CALL_LOCAL(6), W_LDX64(2, 0, -72), USE_R2,
	      W_RETURN, W_MOVR(0, 1), W_EXIT),
	 BAD(STACK, 11, NULL)},
};

Test(live, paths_that_differ_are_walked)
{
	bench_rows(differ_rows, sizeof(differ_rows) / sizeof(differ_rows[0]));
}
