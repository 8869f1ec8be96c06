/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every instruction with edge operands against a second reading of RFC 9669, written bit by bit where the interpreter
 * uses C's operators; then what may not be reached.
 */
#include "exec/exec.h"
#include "helper.h"
#include "insn.h"
#include "words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define MAX_WORDS 64
#define MAGIC     0x5ca1ab1e0ddba115

static const uint64_t edges[] = {
	0,
	1,
	2,
	31,
	32,
	33,
	63,
	64,
	65,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0xffff,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000000,
	0x7fffffff00000000,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x80000000ffffffff,
	0xffffffff00000000,
	0xffffffff80000000,
	0xffffffffffff8000,
	0xffffffffffffff80,
	0xffffffffffffffff,
	0x0123456789abcdef,
	0xfedcba9876543210,
};

#define EDGES (sizeof(edges) / sizeof(edges[0]))

/* A program under test and all that it may reach. access: non-NULL for a program that counts as verified. */
struct box {
	struct insn insns[MAX_WORDS + 1];
	uint8_t access[MAX_WORDS];
	struct exec_prog prog;
	struct run run;
	struct fw_frame frame;
	uint8_t packet[256]; /* frame: 64 bytes at 128, 8 bytes of metadata before */
};

static void box_init(struct box *b, const uint64_t *words, uint32_t count, bool verified)
{
	struct insn_error err = {0};

	memset(b, 0, sizeof(*b));
	cr_assert_leq(count, MAX_WORDS);
	cr_assert_eq(insn_decode((const uint8_t *)words, count, INSN_GROUPS, b->insns, &err), 0, "%u: %s", err.insn,
		     err.what);
	b->insns[count].op = INSN_LD_SLOT2;
	b->prog = (struct exec_prog){.insns = b->insns, .count = count, .access = verified ? b->access : NULL};
	for (size_t i = 0; i < sizeof(b->packet); i++)
		b->packet[i] = (uint8_t)i;
	b->frame = (struct fw_frame){
		.data = b->packet + 128,
		.data_end = b->packet + 192,
		.data_meta = b->packet + 120,
		.hard_start = b->packet,
		.hard_end = b->packet + sizeof(b->packet),
		.ingress_ifindex = 77,
		.rx_queue_index = 2,
		.now_ns = 123456789012,
	};
	b->run = (struct run){.frame = &b->frame, .num_queues = 4, .budget = 10000, .budget_on = true};
}

#define BOX(b, verified, ...)                                                                                          \
	box_init((b), (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (verified))

static uint64_t box_run(struct box *b)
{
	return interp_run(&b->prog, &b->run);
}

/* Second reading: numbers of bits bits, as sign and magnitude or bit by bit. */

static uint64_t mask_of(unsigned int bits)
{
	return bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
}

static bool negative(uint64_t v, unsigned int bits)
{
	return v >> (bits - 1) & 1;
}

static uint64_t magnitude(uint64_t v, unsigned int bits)
{
	return negative(v, bits) ? (~v + 1) & mask_of(bits) : v;
}

static uint64_t bit_shift(uint64_t v, uint64_t by, unsigned int bits, int direction, bool fill)
{
	for (by %= bits; by; by--)
		v = direction > 0 ? v << 1 & mask_of(bits) : v >> 1 | (uint64_t)fill << (bits - 1);
	return v;
}

static uint64_t bit_multiply(uint64_t a, uint64_t b, unsigned int bits)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < bits; i++)
		if (b >> i & 1)
			sum += a << i;
	return sum & mask_of(bits);
}

/* Long division; b is not 0. */
static uint64_t bit_divide(uint64_t a, uint64_t b, uint64_t *rest)
{
	unsigned __int128 r = 0;
	uint64_t q = 0;

	for (int i = 63; i >= 0; i--) {
		r = r << 1 | (a >> i & 1);
		q <<= 1;
		if (r >= b) {
			r -= b;
			q |= 1;
		}
	}
	*rest = (uint64_t)r;
	return q;
}

static uint64_t ref_divide(uint64_t a, uint64_t b, unsigned int bits, bool is_signed, bool want_rest)
{
	bool na = is_signed && negative(a, bits);
	bool nb = is_signed && negative(b, bits);
	uint64_t q, rest;

	if (!b)
		return want_rest ? a : 0;
	q = bit_divide(na ? magnitude(a, bits) : a, nb ? magnitude(b, bits) : b, &rest);
	if (want_rest)
		return (na ? ~rest + 1 : rest) & mask_of(bits);
	return (na != nb ? ~q + 1 : q) & mask_of(bits);
}

static uint64_t ref_extend(uint64_t v, unsigned int from, unsigned int bits)
{
	v &= mask_of(from);
	if (negative(v, from))
		v |= ~mask_of(from);
	return v & mask_of(bits);
}

static uint64_t ref_reverse(uint64_t v, unsigned int bytes)
{
	uint64_t out = 0;

	for (unsigned int i = 0; i < bytes; i++)
		out |= (v >> 8 * i & 0xff) << 8 * (bytes - 1 - i);
	return out;
}

static uint64_t ref_alu(const struct insn_info *info, uint64_t d, uint64_t s)
{
	unsigned int bits = info->width * 8u;
	uint64_t a = d & mask_of(bits);
	uint64_t b = s & mask_of(bits);

	switch ((enum insn_alu)info->op) {
	case INSN_ALU_ADD:
		return (a + b) & mask_of(bits);
	case INSN_ALU_SUB:
		return (a + ~b + 1) & mask_of(bits);
	case INSN_ALU_OR:
		return a + b - (a & b);
	case INSN_ALU_AND:
		return ~(~a | ~b);
	case INSN_ALU_XOR:
		return (a | b) & ~(a & b);
	case INSN_ALU_LSH:
		return bit_shift(a, b, bits, 1, false);
	case INSN_ALU_RSH:
		return bit_shift(a, b, bits, -1, false);
	case INSN_ALU_ARSH:
		return bit_shift(a, b, bits, -1, negative(a, bits));
	case INSN_ALU_MUL:
		return bit_multiply(a, b, bits);
	case INSN_ALU_DIV:
		return ref_divide(a, b, bits, false, false);
	case INSN_ALU_MOD:
		return ref_divide(a, b, bits, false, true);
	case INSN_ALU_SDIV:
		return ref_divide(a, b, bits, true, false);
	case INSN_ALU_SMOD:
		return ref_divide(a, b, bits, true, true);
	case INSN_ALU_NEG:
		return (~a + 1) & mask_of(bits);
	case INSN_ALU_MOV:
		return b;
	case INSN_ALU_MOVSX8:
		return ref_extend(b, 8, bits);
	case INSN_ALU_MOVSX16:
		return ref_extend(b, 16, bits);
	case INSN_ALU_MOVSX32:
		return ref_extend(b, 32, bits);
	case INSN_ALU_LE16:
		return d % 0x10000;
	case INSN_ALU_LE32:
		return d % 0x100000000;
	case INSN_ALU_LE64:
		return d;
	case INSN_ALU_BSWAP16:
		return ref_reverse(d, 2);
	case INSN_ALU_BSWAP32:
		return ref_reverse(d, 4);
	case INSN_ALU_BSWAP64:
		return ref_reverse(d, 8);
	}
	return MAGIC;
}

static bool ref_jump(const struct insn_info *info, uint64_t d, uint64_t s)
{
	unsigned int bits = info->width * 8u;
	uint64_t a = d & mask_of(bits);
	uint64_t b = s & mask_of(bits);
	/* Moving the sign's weight turns signed order into unsigned order. */
	uint64_t sa = a ^ 1ULL << (bits - 1);
	uint64_t sb = b ^ 1ULL << (bits - 1);

	switch ((enum insn_jmp)info->op) {
	case INSN_JMP_EQ:
		return !(a ^ b);
	case INSN_JMP_NE:
		return (a ^ b) != 0;
	case INSN_JMP_SET:
		return ~(~a | ~b) != 0;
	case INSN_JMP_GT:
		return !(a <= b);
	case INSN_JMP_GE:
		return !(a < b);
	case INSN_JMP_LT:
		return !(a >= b);
	case INSN_JMP_LE:
		return !(a > b);
	case INSN_JMP_SGT:
		return !(sa <= sb);
	case INSN_JMP_SGE:
		return !(sa < sb);
	case INSN_JMP_SLT:
		return !(sa >= sb);
	case INSN_JMP_SLE:
		return !(sa > sb);
	}
	return false;
}

/* Whether the decoder lets this constant through. */
static bool constant_allowed(const struct insn_info *info, int32_t imm)
{
	bool shift = info->op == INSN_ALU_LSH || info->op == INSN_ALU_RSH || info->op == INSN_ALU_ARSH;

	if (info->cls != INSN_CLASS_ALU)
		return true;
	return !shift || (imm >= 0 && imm < info->width * 8);
}

static uint64_t word_of(const struct insn_info *info, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (info->sel == INSN_SEL_IMM)
		imm = info->value;
	if (info->sel == INSN_SEL_OFF)
		off = (int16_t)info->value;
	return W(info->opcode, dst, src, off, imm);
}

/* r3 = d, r4 = s, the instruction; R0 = r3, and the source must be as it was. */
static void check_alu(const struct insn_info *info, uint64_t d, uint64_t s)
{
	bool k = info->form == INSN_FORM_ALU_K;
	bool x = info->form == INSN_FORM_ALU_X;
	int32_t imm = (int32_t)s;
	struct box b;
	uint64_t r0, want;

	if (k && !constant_allowed(info, imm))
		return;
	if (k)
		s = (uint64_t)(int64_t)imm;
	want = ref_alu(info, d, s);
	BOX(&b, false, W_LD64(3, d), W_LD64(4, s), word_of(info, 3, x ? 4 : 0, 0, k ? imm : 0), W_MOVR(0, 3),
	    W_LD64(5, s), W(0x1d, 4, 5, 2, 0), W_LD64(0, MAGIC), W_EXIT);
	r0 = box_run(&b);
	cr_assert_null(b.run.fault, "%s: %s", info->text, b.run.fault);
	cr_assert_eq(r0, want, "%s, %u bytes, %#lx, %#lx: %#lx, expected %#lx", info->text, info->width, d, s, r0,
		     want);
}

/* The same register as source and destination. */
static void check_alu_self(const struct insn_info *info, uint64_t d)
{
	uint64_t want = ref_alu(info, d, d);
	struct box b;

	if (info->form != INSN_FORM_ALU_X)
		return;
	BOX(&b, false, W_LD64(0, d), word_of(info, 0, 0, 0, 0), W_EXIT);
	cr_assert_eq(box_run(&b), want, "%s, %u bytes, %#lx with itself", info->text, info->width, d);
}

Test(interp, syz_shift_every_alu_row_with_edge_operands)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		if (insn_info[i].cls != INSN_CLASS_ALU)
			continue;
		for (size_t d = 0; d < EDGES; d++) {
			check_alu_self(&insn_info[i], edges[d]);
			for (size_t s = 0; s < EDGES; s++)
				check_alu(&insn_info[i], edges[d], edges[s]);
		}
	}
}

/* ubpf-e8de891f: constants above INT32_MAX are those below 0, sign-extended also for unsigned conditions. */
Test(interp, ubpf_e8de891f_every_jump_row_with_edge_operands)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		const struct insn_info *info = &insn_info[i];
		bool k = info->form == INSN_FORM_JMP_K;

		if (info->cls != INSN_CLASS_JMP || i == INSN_MAY_GOTO)
			continue;
		for (size_t d = 0; d < EDGES; d++)
			for (size_t j = 0; j < EDGES; j++) {
				uint64_t s = k ? (uint64_t)(int64_t)(int32_t)edges[j] : edges[j];
				struct box b;

				BOX(&b, false, W_MOV(0, 1), W_LD64(3, edges[d]), W_LD64(4, s),
				    word_of(info, 3, k ? 0 : 4, 1, k ? (int32_t)s : 0), W_MOV(0, 0), W_EXIT);
				cr_assert_eq(box_run(&b), ref_jump(info, edges[d], s), "%s, %u bytes, %#lx, %#lx",
					     info->text, info->width, edges[d], s);
			}
	}
}

/* Past bugs whose operands are not all edges. */
Test(interp, past_bugs)
{
	static const struct {
		const char *id;
		uint64_t words[6];
		uint64_t want;
	} rows[] = {
		{"ubpf-c22b0041", {W_LD64(0, 0x1234567880000000), W_EXIT}, 0x1234567880000000},
		{"rbpf-e866963 div32", {W_MOV(0, 7), W_LD64(1, 0x200000000), W(0x3c, 0, 1, 0, 0), W_EXIT}, 0},
		{"rbpf-e866963 mod32", {W_MOV(0, 7), W_LD64(1, 0x200000000), W(0x9c, 0, 1, 0, 0), W_EXIT}, 7},
		{"mod32 by zero clears the high half", {W_LD64(0, 0x100000007), W(0x9c, 0, 1, 0, 0), W_EXIT}, 7},
		{"dpdk-03519ff27f", {W_LD64(0, 1ULL << 63), W_MOV(1, -1), W(0x3f, 0, 1, 1, 0), W_EXIT}, 1ULL << 63},
		{"rbpf-58e50aa", {W_MOV(0, 50), W_MOV(1, 7), W(0x97, 0, 0, 0, 8), W_EXIT}, 2},
		{"CVE-2024-53125", {W_MOV(0, -1), W(0x04, 0, 0, 0, 0), W_EXIT}, 0xffffffff},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t count = 0;
		struct box b;

		while (rows[i].words[count] != W_EXIT)
			count++;
		box_init(&b, rows[i].words, count + 1, false);
		cr_expect_eq(box_run(&b), rows[i].want, "%s", rows[i].id);
	}
}

static uint64_t bytes_le(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* Loads from the packet at every alignment, with the high bit set and not. */
Test(interp, every_load_row)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		const struct insn_info *info = &insn_info[i];

		if (info->cls != INSN_CLASS_LDX && info->cls != INSN_CLASS_LDSX)
			continue;
		for (int16_t off = -8; off <= 64 - info->width; off++) {
			struct box b;
			uint64_t want, r0;

			BOX(&b, true, W_LDX32(2, 1, 0), W_LD64(0, MAGIC), word_of(info, 0, 2, off, 0), W_EXIT);
			for (size_t k = 0; k < sizeof(b.packet); k++)
				b.packet[k] = (uint8_t)(k * 37 + 11);
			want = bytes_le(b.frame.data + off, info->width);
			if (info->cls == INSN_CLASS_LDSX)
				want = ref_extend(want, info->width * 8u, 64);
			r0 = box_run(&b);
			cr_assert_null(b.run.fault, "%s at %d: %s", info->text, off, b.run.fault);
			cr_assert_eq(r0, want, "%s at %d: %#lx, expected %#lx", info->text, off, r0, want);
		}
	}
}

/* Stores to the packet change their own bytes and no others. */
Test(interp, every_store_row)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		const struct insn_info *info = &insn_info[i];
		bool k = info->cls == INSN_CLASS_ST;

		if (!k && info->cls != INSN_CLASS_STX)
			continue;
		for (size_t e = 0; e < EDGES; e++)
			for (int16_t off = -8; off <= 64 - info->width; off += 9) {
				uint64_t value = k ? (uint64_t)(int64_t)(int32_t)edges[e] : edges[e];
				uint8_t want[256];
				struct box b;

				BOX(&b, true, W_LDX32(2, 1, 0), W_LD64(3, value),
				    word_of(info, 2, k ? 0 : 3, off, k ? (int32_t)value : 0), W_MOV(0, 0), W_EXIT);
				memcpy(want, b.packet, sizeof(want));
				for (unsigned int n = 0; n < info->width; n++)
					want[128 + off + (int)n] = (uint8_t)(value >> 8 * n);
				box_run(&b);
				cr_assert_null(b.run.fault, "%s at %d: %s", info->text, off, b.run.fault);
				cr_assert_arr_eq(b.packet, want, sizeof(want), "%s at %d", info->text, off);
			}
	}
}

/* What the operation leaves in memory, from old, source and R0, all of the operand's width. */
static uint64_t ref_atomic(enum insn_atomic op, uint64_t old, uint64_t s, uint64_t r0, uint64_t mask)
{
	switch (op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_FETCH_ADD:
		return (old - (~s + 1)) & mask;
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_FETCH_OR:
		return old + s - (old & s);
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_FETCH_AND:
		return ~(~old | ~s);
	case INSN_ATOMIC_XOR:
	case INSN_ATOMIC_FETCH_XOR:
		return (old | s) & ~(old & s);
	case INSN_ATOMIC_XCHG:
		return s;
	case INSN_ATOMIC_CMPXCHG:
		return old ^ r0 ? old : s;
	}
	return MAGIC;
}

/* R0 and the source come back at the packet's start, the memory under test lies at data + 32 + shift. */
static void check_atomic(const struct insn_info *info, uint64_t old, uint64_t s, uint64_t r0, int16_t shift)
{
	uint64_t mask = mask_of(info->width * 8u);
	bool fetch = info->op >= INSN_ATOMIC_FETCH_ADD && info->op != INSN_ATOMIC_CMPXCHG;
	uint64_t want = ref_atomic(info->op, old & mask, s & mask, r0 & mask, mask);
	uint64_t want_r0 = info->op == INSN_ATOMIC_CMPXCHG ? old & mask : r0;
	uint64_t got[3];
	struct box b;

	BOX(&b, true, W_LDX32(2, 1, 0), W_LD64(3, old), W_STX64(2, 3, 32 + shift), W_LD64(4, s), W_LD64(0, r0),
	    word_of(info, 2, 4, 32 + shift, 0), W_STX64(2, 0, 0), W_STX64(2, 4, 8), W_EXIT);
	box_run(&b);
	cr_assert_null(b.run.fault, "%s: %s", info->text, b.run.fault);
	got[0] = bytes_le(b.frame.data + 32 + shift, 8);
	got[1] = bytes_le(b.frame.data, 8);
	got[2] = bytes_le(b.frame.data + 8, 8);
	cr_assert_eq(got[0], want | (old & ~mask), "%s, old %#lx, source %#lx, R0 %#lx: memory %#lx", info->text, old,
		     s, r0, got[0]);
	cr_assert_eq(got[1], want_r0, "%s, old %#lx, source %#lx, R0 %#lx: R0 %#lx", info->text, old, s, r0, got[1]);
	cr_assert_eq(got[2], fetch ? old & mask : s, "%s, old %#lx, source %#lx: source %#lx", info->text, old, s,
		     got[2]);
}

Test(interp, every_atomic_row_with_edge_operands)
{
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		if (insn_info[i].cls != INSN_CLASS_ATOMIC)
			continue;
		for (size_t o = 0; o < EDGES; o++)
			for (size_t s = 0; s < EDGES; s++) {
				check_atomic(&insn_info[i], edges[o], edges[s], edges[o], 0);
				check_atomic(&insn_info[i], edges[o], edges[s], edges[s], (int16_t)(s % 8));
			}
	}
}

Test(interp, ubpf_a25446f7_fetch_into_r0)
{
	struct box b;

	BOX(&b, false, W_MOV(0, 5), W_STX64(10, 0, -8), W_MOV(0, 3), W(0xdb, 10, 0, -8, 0x01), W_LDX64(1, 10, -8),
	    W(0x67, 0, 0, 0, 8), W(0x4f, 0, 1, 0, 0), W_EXIT);
	cr_expect_eq(box_run(&b), 5 << 8 | 8);
}

struct reach_row {
	const char *id;
	const char *fault; /* part of it; NULL: none */
	uint64_t r0;
	uint64_t words[20];
};

/* R1 is the context; R2 to R4 hold data, data_end, data_meta after these. */
#define POINTERS W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_LDX32(4, 1, 8)

static const struct reach_row reach_rows[] = {
	{"stack's last byte", NULL, 9, {W_ST8(10, -1, 9), W_LDX8(0, 10, -1), W_EXIT}},
	{"stack's first byte", NULL, 9, {W_ST8(10, -512, 9), W_LDX8(0, 10, -512), W_EXIT}},
	{"above the stack", "store outside", 0, {W_ST8(10, 0, 9), W_EXIT}},
	{"below the stack", "store outside", 0, {W_ST8(10, -513, 9), W_EXIT}},
	{"half above the stack", "load outside", 0, {W_LDX64(0, 10, -7), W_EXIT}},
	{"half below the stack", "load outside", 0, {W_LDX64(0, 10, -513), W_EXIT}},
	{"stack starts as zeros", NULL, 0, {W_LDX64(0, 10, -512), W_EXIT}},

	{"data", NULL, 128, {POINTERS, W_LDX8(0, 2, 0), W_EXIT}},
	{"last of data", NULL, 191, {POINTERS, W_LDX8(0, 3, -1), W_EXIT}},
	{"data_end", "load outside", 0, {POINTERS, W_LDX8(0, 3, 0), W_EXIT}},
	{"over data_end", "load outside", 0, {POINTERS, W_LDX32(0, 3, -3), W_EXIT}},
	{"store over data_end", "store outside", 0, {POINTERS, W_STX64(3, 1, -7), W_EXIT}},
	{"data_meta", NULL, 120, {POINTERS, W_LDX8(0, 4, 0), W_EXIT}},
	{"before data_meta", "load outside", 0, {POINTERS, W_LDX8(0, 4, -1), W_EXIT}},
	{"over data_meta", "load outside", 0, {POINTERS, W_LDX64(0, 4, -1), W_EXIT}},
	{"signed over data_end", "load outside", 0, {POINTERS, W(0x81, 0, 3, -3, 0), W_EXIT}},
	{"atomic over data_end", "atomic operation outside", 0, {POINTERS, W(0xdb, 3, 0, -7, 0), W_EXIT}},

	{"NULL", "load outside", 0, {W_MOV(2, 0), W_LDX8(0, 2, 0), W_EXIT}},
	{"rbpf-94: end of the address space", "load outside", 0, {W_MOV(2, -1), W_LDX64(0, 2, 0), W_EXIT}},
	{"rbpf-94: wraps by size", "load outside", 0, {W_MOV(2, -4), W_LDX64(0, 2, 0), W_EXIT}},
	{"rbpf-94: wraps by offset", "store outside", 0, {W_MOV(2, -4), W_STX64(2, 0, 8), W_EXIT}},
	{"rbpf-94: wraps round to data", NULL, 128, {POINTERS, W_ADD(2, -32767), W_LDX8(0, 2, 32767), W_EXIT}},
	{"half of the address space away",
	 "load outside",
	 0,
	 {POINTERS, W_LD64(5, 1ULL << 63), W(0x0f, 2, 5, 0, 0), W_LDX8(0, 2, 0), W_EXIT}},

	{"context: ifindex", NULL, 77, {W_LDX32(0, 1, 12), W_EXIT}},
	{"context: queue", NULL, 2, {W_LDX32(0, 1, 16), W_EXIT}},
	{"context: reserved", "load from the context", 0, {W_LDX32(0, 1, 20), W_EXIT}},
	{"context: behind", "load outside", 0, {W_LDX32(0, 1, 24), W_EXIT}},
	{"context: before", "load outside", 0, {W_LDX32(0, 1, -4), W_EXIT}},
	{"prevail-1204: inside of a pointer", "load from the context", 0, {W_LDX32(0, 1, 2), W_EXIT}},
	{"context: 8 bytes", "load from the context", 0, {W_LDX64(0, 1, 0), W_EXIT}},
	{"context: 1 byte", "load from the context", 0, {W_LDX8(0, 1, 12), W_EXIT}},
	{"context: signed", "load outside", 0, {W(0x81, 0, 1, 12, 0), W_EXIT}},
	{"context: atomic", "atomic operation outside", 0, {W(0xc3, 1, 0, 16, 0), W_EXIT}},
	{"context: store to data", "store to the context", 0, {W(0x63, 1, 1, 0, 0), W_EXIT}},
	{"context: store of 8 bytes", "store to the context", 0, {W_STX64(1, 1, 16), W_EXIT}},
	{"context: store of 1 byte", "store to the context", 0, {W_ST8(1, 16, 1), W_EXIT}},
	{"context: queue selected", NULL, 3, {W(0x62, 1, 0, 16, 3), W_LDX32(0, 1, 16), W_EXIT}},
	{"context: queue out of range", NULL, 2, {W(0x62, 1, 0, 16, 4), W_LDX32(0, 1, 16), W_EXIT}},
	{"context: queue -1", NULL, 2, {W(0x62, 1, 0, 16, -1), W_LDX32(0, 1, 16), W_EXIT}},
	{"context: upper half of a store is ignored",
	 NULL,
	 1,
	 {W_LD64(2, 0x100000001), W(0x63, 1, 2, 16, 0), W_LDX32(0, 1, 16), W_EXIT}},

	{"callee reads the caller's stack",
	 NULL,
	 7,
	 {W_ST8(10, -512, 7), W_MOVR(2, 10), W_CALL_LOCAL(1), W_EXIT, W_LDX8(0, 2, -512), W_EXIT}},
	{"caller reads the callee's stack",
	 "load outside",
	 0,
	 {W_CALL_LOCAL(2), W_LDX8(0, 0, -1), W_EXIT, W_ST8(10, -1, 7), W_MOVR(0, 10), W_EXIT}},
	{"callee's frame is 512 bytes above",
	 NULL,
	 512,
	 {W_MOVR(2, 10), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 10), W(0x1f, 0, 2, 0, 0), W_EXIT}},
	{"callee's stack starts as zeros again",
	 NULL,
	 0,
	 {W_CALL_LOCAL(2), W_CALL_LOCAL(1), W_EXIT, W_LDX8(0, 10, -8), W_ST8(10, -8, 1), W_EXIT}},
	{"R6 to R9 survive, R10 returns",
	 NULL,
	 6 + 7 + 8 + 9,
	 {W_MOV(6, 6), W_MOV(7, 7), W_MOV(8, 8), W_MOV(9, 9), W_CALL_LOCAL(7), W_MOVR(0, 6), W(0x0f, 0, 7, 0, 0),
	  W(0x0f, 0, 8, 0, 0), W(0x0f, 0, 9, 0, 0), W_ST8(10, -1, 0), W_JA(5), W_EXIT, W_MOV(6, 0), W_MOV(7, 0),
	  W_MOV(8, 0), W_MOV(9, 0), W_EXIT}},
	{"R1 to R5 are the arguments",
	 NULL,
	 15,
	 {W_MOV(1, 1), W_MOV(2, 2), W_MOV(3, 3), W_MOV(4, 4), W_MOV(5, 5), W_CALL_LOCAL(1), W_EXIT, W_MOVR(0, 1),
	  W(0x0f, 0, 2, 0, 0), W(0x0f, 0, 3, 0, 0), W(0x0f, 0, 4, 0, 0), W(0x0f, 0, 5, 0, 0), W_EXIT}},
	/* R1 counts down, R2 names the depth */
	{"eight frames",
	 NULL,
	 7,
	 {W_MOV(1, 7), W_MOV(0, 0), W_CALL_LOCAL(1), W_EXIT, W_ADD(0, 1), W_ADD(1, -1), W(0x15, 1, 0, 1, 0),
	  W_CALL_LOCAL(-4), W_EXIT}},
	{"nine frames",
	 "nested too deeply",
	 0,
	 {W_MOV(1, 8), W_MOV(0, 0), W_CALL_LOCAL(1), W_EXIT, W_ADD(0, 1), W_ADD(1, -1), W(0x15, 1, 0, 1, 0),
	  W_CALL_LOCAL(-4), W_EXIT}},

	{"endless loop", "budget used up", 0, {W_JA(-1), W_EXIT}},
	{"endless long loop", "budget used up", 0, {W(0x06, 0, 0, 0, -1), W_EXIT}},
	{"long jump", NULL, 1, {W_MOV(0, 1), W(0x06, 0, 0, 0, 1), W_MOV(0, 0), W_EXIT}},
	{"helper without verification", "not verified", 0, {W_CALL(5), W_EXIT}},
	{"unknown helper", "unknown helper", 0, {W_CALL(0x7fffffff), W_EXIT}},
	{"negative helper", "unknown helper", 0, {W_CALL(-1), W_EXIT}},
};

static uint32_t words_used(const uint64_t *words, uint32_t room)
{
	while (room && !words[room - 1])
		room--;
	return room;
}

Test(interp, what_may_be_reached)
{
	for (size_t i = 0; i < sizeof(reach_rows) / sizeof(reach_rows[0]); i++) {
		const struct reach_row *row = &reach_rows[i];
		struct box b;
		uint64_t r0;

		box_init(&b, row->words, words_used(row->words, 20), false);
		r0 = box_run(&b);
		if (row->fault) {
			cr_expect(b.run.fault && strstr(b.run.fault, row->fault), "%s: \"%s\"", row->id,
				  b.run.fault ? b.run.fault : "");
			cr_expect_eq(r0, 0, "%s", row->id);
		} else {
			cr_expect_null(b.run.fault, "%s: %s at %u", row->id, b.run.fault, b.run.fault_insn);
			cr_expect_eq(r0, row->r0, "%s: %#lx, expected %#lx", row->id, r0, row->r0);
		}
	}
}

Test(interp, bad_queue_is_told)
{
	struct box b;

	BOX(&b, true, W(0x62, 1, 0, 16, 3), W_EXIT);
	box_run(&b);
	cr_expect(b.frame.rx_queue_index == 3 && !b.frame.bad_queue);
	BOX(&b, true, W(0x62, 1, 0, 16, 4), W_EXIT);
	box_run(&b);
	cr_expect(b.frame.rx_queue_index == 2 && b.frame.bad_queue);
}

Test(interp, dpdk_cee21cc5be_running_past_the_end)
{
	struct box b;

	BOX(&b, false, W_MOV(0, 1));
	box_run(&b);
	cr_expect(b.run.fault && strstr(b.run.fault, "does not end"));
	cr_expect_eq(b.run.fault_insn, 1);
	BOX(&b, false, W_LD64(0, 1));
	b.run.budget_on = false;
	box_run(&b);
	cr_expect(b.run.fault && b.run.fault_insn == 2);
	BOX(&b, true, W_MOV(0, 1));
	box_run(&b);
	cr_expect_not_null(b.run.fault, "a verifier's mistake");
}

Test(interp, plain_memory)
{
	uint8_t mem[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct box b;

	BOX(&b, false, W_LDX64(0, 1, 0), W(0x73, 1, 2, 15, 0), W_LDX8(3, 1, 16), W_EXIT);
	b.run.frame = NULL;
	b.run.mem = mem;
	b.run.mem_bytes = sizeof(mem);
	box_run(&b);
	cr_expect(b.run.fault && b.run.fault_insn == 2, "one byte behind");
	cr_expect_eq(mem[15], 16, "R2 is the size");
	BOX(&b, false, W_MOVR(0, 1), W(0x0f, 0, 2, 0, 0), W_EXIT);
	b.run.frame = NULL;
	cr_expect_eq(box_run(&b), 0, "no memory");
}

Test(interp, budget_counts_instructions)
{
	struct box b;

	BOX(&b, false, W_LD64(0, 7), W_MOV(1, 1), W_EXIT);
	b.run.budget = 3;
	cr_expect_eq(box_run(&b), 7);
	cr_expect(!b.run.fault && b.run.budget == 0);
	b.run.budget = 2;
	box_run(&b);
	cr_expect(b.run.fault && b.run.fault_insn == 3);
	b.run.budget_on = false;
	cr_expect_eq(box_run(&b), 7, "no budget");
}

static uint8_t values[32];

static bool fake_owns(const struct map *map, const void *p, size_t bytes)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)values;

	(void)map;
	return off < sizeof(values) && bytes <= sizeof(values) - off;
}

static void *fake_value_addr(struct map *map, uint32_t offset)
{
	(void)map;
	return values + offset;
}

Test(interp, maps_are_linked_and_their_values_reached)
{
	static const struct map_ops ops = {.owns = fake_owns, .value_addr = fake_value_addr};
	struct map map = {.ops = &ops};
	struct map *const maps[] = {NULL, &map};
	struct box b;

	for (size_t i = 0; i < sizeof(values); i++)
		values[i] = (uint8_t)(i + 1);
	BOX(&b, true, W(0x18, 1, 2, 0, 1), W(0, 0, 0, 0, 24), W_LDX64(0, 1, 0), W(0x7a, 1, 0, -8, 5),
	    W(0xdb, 1, 0, -16, 0), W(0x91, 2, 1, 7, 0), W(0x18, 0, 1, 0, 1), 0, W_LDX8(3, 1, 8), W_EXIT);
	exec_link(b.insns, b.prog.count, maps);
	cr_expect_eq(b.insns[6].imm64, (int64_t)(uintptr_t)&map);
	b.prog.maps = maps + 1;
	b.prog.num_maps = 1;
	box_run(&b);
	cr_expect(b.run.fault && b.run.fault_insn == 8, "one byte behind the values: %s",
		  b.run.fault ? b.run.fault : "no fault");
	cr_expect_eq(bytes_le(values + 16, 8), 5);
	cr_expect_eq(bytes_le(values + 8, 8), 0x100f0e0d0c0b0a09 + 0x201f1e1d1c1b1a19);
}

Test(interp, helpers_are_called_and_packet_bounds_follow)
{
	struct box b;

	BOX(&b, true, W_CALL(5), W_EXIT);
	cr_expect_eq(box_run(&b), b.frame.now_ns, "ktime_get_ns");
	/* Two bytes cut off at the end, then the byte that was last. */
	BOX(&b, true, W_MOVR(6, 1), W_LDX32(7, 1, 4), W_MOV(2, -2), W_CALL(65), W_LDX8(0, 7, -3), W_LDX8(0, 7, -2),
	    W_EXIT);
	box_run(&b);
	cr_expect_eq(b.frame.data_end, b.packet + 190, "adjust_tail");
	cr_expect(b.run.fault && b.run.fault_insn == 5);
}

struct traced {
	unsigned int calls;
	char text[256];
	uint64_t r0;
};

static void trace_fn(void *ctx, uint32_t prog_id, uint32_t insn, const char *text, const uint64_t *regs)
{
	struct traced *t = ctx;
	size_t at = strlen(t->text);

	(void)prog_id;

	snprintf(t->text + at, sizeof(t->text) - at, "%u %s;", insn, text);
	t->calls++;
	t->r0 = regs[0];
}

Test(interp, trace_shows_each_instruction_before_it_runs)
{
	struct traced t = {0};
	struct box b;

	BOX(&b, true, W_LD64(0, 7), W(0x15, 0, 0, 1, 7), W_MOV(0, 0), W_CALL_LOCAL(1), W_EXIT, W_ADD(0, 1), W_EXIT);
	b.run.budget_on = false;
	b.run.trace = trace_fn;
	b.run.trace_ctx = &t;
	cr_expect_eq(box_run(&b), 8);
	cr_expect_str_eq(t.text, "0 r0 = 0x7 ll;2 if r0 == 7 goto pc+1;4 call pc+1;6 r0 += 1;7 exit;5 exit;");
	cr_expect(t.calls == 6 && t.r0 == 8);
}
