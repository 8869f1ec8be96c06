/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encoders of the A64 instructions that the JIT uses, to be read as assembly: destination first, width in bytes before
 * the operands, memory as base register and displacement in bytes.
 *
 * No policy here: each call is one instruction, but for a64_mov_imm(), which is the fewest that do. What cannot be
 * encoded sets jit_out.fault; the a64_is_...() say beforehand. Source: Arm ARM (DDI 0487), C4 and C6.
 */
#ifndef FW_EXEC_ASM_ARM64_H
#define FW_EXEC_ASM_ARM64_H

#include "exec/jit.h"

/* Number 31 is the stack pointer where it is a base or an operand of add and subtract immediate, else zero. */
enum a64_reg {
	X0,
	X1,
	X2,
	X3,
	X4,
	X5,
	X6,
	X7,
	X8,
	X9,
	X10,
	X11,
	X12,
	X13,
	X14,
	X15,
	X16,
	X17,
	X18,
	X19,
	X20,
	X21,
	X22,
	X23,
	X24,
	X25,
	X26,
	X27,
	X28,
	X29,
	X30,
	XZR,
	XSP = XZR,
};

enum a64_arith {
	A64_ADD,
	A64_ADDS,
	A64_SUB,
	A64_SUBS,
};

enum a64_logic {
	A64_AND,
	A64_ORR,
	A64_EOR,
	A64_ANDS,
};

/* Register by register; shifts take the count modulo the width, division by zero gives 0. */
enum a64_binary {
	A64_UDIV = 2,
	A64_SDIV = 3,
	A64_LSLV = 8,
	A64_LSRV = 9,
	A64_ASRV = 10,
};

enum a64_cc {
	A64_EQ,
	A64_NE,
	A64_HS,
	A64_LO,
	A64_HI = 8,
	A64_LS,
	A64_GE,
	A64_LT,
	A64_GT,
	A64_LE,
};

#define A64_BYTES 4 /* of each instruction */

static inline void a64_word(struct jit_out *o, uint32_t word)
{
	jit_bytes(o, word, A64_BYTES);
}

/* The three usual operands and, in bit 31, the width. */
static inline void a64_op(struct jit_out *o, unsigned int width, uint32_t opcode, unsigned int d, unsigned int n,
			  unsigned int m)
{
	if (d > XZR || n > XZR || m > XZR || (width != 4 && width != 8))
		o->fault = true;
	a64_word(o, opcode | (width == 8 ? 1u << 31 : 0) | m << 16 | n << 5 | d);
}

/* Arithmetic */

static inline void a64_arith(struct jit_out *o, enum a64_arith op, unsigned int width, unsigned int d, unsigned int n,
			     unsigned int m)
{
	a64_op(o, width, 0x0b000000 | (uint32_t)op << 29, d, n, m);
}

/* 12 bits, or 12 bits above 12 zeros. */
static inline bool a64_is_arith_imm(uint64_t value)
{
	return value < 1 << 12 || (value < 1 << 24 && !(value & 0xfff));
}

static inline void a64_arith_imm(struct jit_out *o, enum a64_arith op, unsigned int width, unsigned int d,
				 unsigned int n, uint64_t imm)
{
	uint32_t field = imm < 1 << 12 ? (uint32_t)imm << 10 : 1u << 22 | ((uint32_t)imm >> 12) << 10;

	if (!a64_is_arith_imm(imm))
		o->fault = true;
	a64_op(o, width, 0x11000000 | (uint32_t)op << 29 | (field & 0x7ffc00), d, n, 0);
}

static inline void a64_logic(struct jit_out *o, enum a64_logic op, unsigned int width, unsigned int d, unsigned int n,
			     unsigned int m)
{
	a64_op(o, width, 0x0a000000 | (uint32_t)op << 29, d, n, m);
}

/*
 * A mask that repeats an element of 2 to 64 bits, which is a run of ones turned round in itself. field: N, immr and
 * imms in their places.
 */
static inline bool a64_bitmask(unsigned int width, uint64_t value, uint32_t *field)
{
	unsigned int bits = 64, ones, start;
	uint64_t mask = UINT64_MAX, first, above;

	if (width == 4)
		value = (uint32_t)value | value << 32;
	if (!value || value == UINT64_MAX)
		return false;
	while (bits > 2 && (value & mask >> bits / 2) == (value >> bits / 2 & mask >> bits / 2)) {
		bits /= 2;
		mask >>= bits;
		value &= mask;
	}
	first = value & ~(value << 1 | value >> (bits - 1)); /* ones with a zero below them, all the way round */
	if (first & (first - 1))
		return false;
	start = (unsigned int)__builtin_ctzll(first);
	above = ~value & (value << 1 | value >> (bits - 1)); /* the zero above them */
	ones = ((unsigned int)__builtin_ctzll(above) - start) & (bits - 1);
	*field = (uint32_t)(bits == 64) << 22 | ((bits - start) & (bits - 1)) << 16 |
		 ((~(2 * bits - 1) & 0x3f) | (ones - 1)) << 10;
	return true;
}

static inline void a64_logic_imm(struct jit_out *o, enum a64_logic op, unsigned int width, unsigned int d,
				 unsigned int n, uint64_t imm)
{
	uint32_t field = 0;

	if (!a64_bitmask(width, imm, &field))
		o->fault = true;
	a64_op(o, width, 0x12000000 | (uint32_t)op << 29 | field, d, n, 0);
}

static inline void a64_binary(struct jit_out *o, enum a64_binary op, unsigned int width, unsigned int d, unsigned int n,
			      unsigned int m)
{
	a64_op(o, width, 0x1ac00000 | (uint32_t)op << 10, d, n, m);
}

/* d = a + n * m */
static inline void a64_madd(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n, unsigned int m,
			    unsigned int a)
{
	if (a > XZR)
		o->fault = true;
	a64_op(o, width, 0x1b000000 | a << 10, d, n, m);
}

/* d = a - n * m */
static inline void a64_msub(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n, unsigned int m,
			    unsigned int a)
{
	if (a > XZR)
		o->fault = true;
	a64_op(o, width, 0x1b008000 | a << 10, d, n, m);
}

/* d = cc ? n : m */
static inline void a64_csel(struct jit_out *o, enum a64_cc cc, unsigned int width, unsigned int d, unsigned int n,
			    unsigned int m)
{
	a64_op(o, width, 0x1a800000 | (uint32_t)cc << 12, d, n, m);
}

/* Signed or unsigned bit fields: rotates right by r, then extends from bit s. */
static inline void a64_bitfield(struct jit_out *o, bool is_signed, unsigned int width, unsigned int d, unsigned int n,
				unsigned int r, unsigned int s)
{
	if (r >= 8 * width || s >= 8 * width)
		o->fault = true;
	a64_op(o, width,
	       (is_signed ? 0x13000000 : 0x53000000) | (width == 8 ? 1u << 22 : 0) | (r & 63) << 16 | (s & 63) << 10, d,
	       n, 0);
}

static inline void a64_lsl_imm(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n,
			       unsigned int count)
{
	if (count >= 8 * width)
		o->fault = true;
	a64_bitfield(o, false, width, d, n, (8 * width - count) % (8 * width), (8 * width - 1 - count) % (8 * width));
}

static inline void a64_lsr_imm(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n,
			       unsigned int count)
{
	a64_bitfield(o, false, width, d, n, count, 8 * width - 1);
}

static inline void a64_asr_imm(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n,
			       unsigned int count)
{
	a64_bitfield(o, true, width, d, n, count, 8 * width - 1);
}

/* The low from_width (1, 2) bytes zero-extended to 64 bits. */
static inline void a64_uxt(struct jit_out *o, unsigned int from_width, unsigned int d, unsigned int n)
{
	a64_bitfield(o, false, 4, d, n, 0, 8 * from_width - 1);
}

/* The low from_width (1, 2, 4) bytes sign-extended to width (4, 8). */
static inline void a64_sxt(struct jit_out *o, unsigned int width, unsigned int from_width, unsigned int d,
			   unsigned int n)
{
	a64_bitfield(o, true, width, d, n, 0, 8 * from_width - 1);
}

/* Reverses the bytes. */
static inline void a64_rev(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n)
{
	a64_op(o, width, width == 8 ? 0x5ac00c00 : 0x5ac00800, d, n, 0);
}

/* Reverses the bytes of each half-word. */
static inline void a64_rev16(struct jit_out *o, unsigned int width, unsigned int d, unsigned int n)
{
	a64_op(o, width, 0x5ac00400, d, n, 0);
}

/* Not for the stack pointer. */
static inline void a64_mov(struct jit_out *o, unsigned int width, unsigned int d, unsigned int m)
{
	a64_logic(o, A64_ORR, width, d, XZR, m);
}

enum a64_wide {
	A64_MOVN = 0,
	A64_MOVZ = 2,
	A64_MOVK = 3,
};

static inline void a64_wide(struct jit_out *o, enum a64_wide op, unsigned int width, unsigned int d, uint16_t imm,
			    unsigned int half)
{
	if (half >= width / 2)
		o->fault = true;
	a64_op(o, width, 0x12800000 | (uint32_t)op << 29 | (half & 3) << 21 | (uint32_t)imm << 5, d, 0, 0);
}

/* Sets all 64 bits. The only one that takes several instructions, up to four. */
static inline void a64_mov_imm(struct jit_out *o, unsigned int d, uint64_t value)
{
	unsigned int width = value <= UINT32_MAX ? 4 : 8, zeros = 0, ones = 0;
	uint16_t common;
	uint32_t field;
	bool begun = false;

	for (unsigned int half = 0; half < width / 2; half++) {
		zeros += (uint16_t)(value >> 16 * half) == 0;
		ones += (uint16_t)(value >> 16 * half) == UINT16_MAX;
	}
	common = ones > zeros ? UINT16_MAX : 0;
	if (MAX(ones, zeros) + 1 < width / 2 && a64_bitmask(width, value, &field)) {
		a64_logic_imm(o, A64_ORR, width, d, XZR, value);
		return;
	}
	if (MAX(ones, zeros) == width / 2)
		a64_wide(o, common ? A64_MOVN : A64_MOVZ, width, d, 0, 0);
	for (unsigned int half = 0; half < width / 2; half++) {
		uint16_t part = (uint16_t)(value >> 16 * half);

		if (part == common)
			continue;
		if (begun)
			a64_wide(o, A64_MOVK, width, d, part, half);
		else
			a64_wide(o, common ? A64_MOVN : A64_MOVZ, width, d, part ^ common, half);
		begun = true;
	}
}

/* Memory */

/* log2 of 1, 2, 4 or 8 */
static inline uint32_t a64_size(struct jit_out *o, unsigned int width)
{
	switch (width) {
	case 1:
		return 0;
	case 2:
		return 1;
	case 4:
		return 2;
	case 8:
		return 3;
	default:
		o->fault = true;
		return 0;
	}
}

/* 12 bits in units of width, or 9 bits with sign. */
static inline bool a64_is_disp(unsigned int width, int64_t disp)
{
	return (disp >= -256 && disp < 256) || (disp >= 0 && disp % width == 0 && disp / width < 1 << 12);
}

/* what: bits 23 and 22 */
static inline void a64_memory(struct jit_out *o, uint32_t what, unsigned int width, unsigned int reg, unsigned int base,
			      int64_t disp)
{
	uint32_t size = a64_size(o, width), opcode = size << 30 | what << 22;

	if (!a64_is_disp(width, disp))
		o->fault = true;
	if (disp >= 0 && !(disp & ((1 << size) - 1)))
		opcode |= 0x39000000 | ((uint32_t)(disp >> size) & 0xfff) << 10;
	else
		opcode |= 0x38000000 | ((uint32_t)disp & 0x1ff) << 12;
	a64_op(o, 4, opcode, reg, base, 0);
}

/* Zero-extended to 64 bits. */
static inline void a64_load(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base, int64_t disp)
{
	a64_memory(o, 1, width, to, base, disp);
}

/* Sign-extended to 64 bits; width 1, 2, 4. */
static inline void a64_load_sx(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base, int64_t disp)
{
	if (width == 8)
		o->fault = true;
	a64_memory(o, 2, width, to, base, disp);
}

static inline void a64_store(struct jit_out *o, unsigned int width, unsigned int base, int64_t disp, unsigned int from)
{
	a64_memory(o, 0, width, from, base, disp);
}

/* The same at [base + index]. */
static inline void a64_load_at(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base,
			       unsigned int index)
{
	a64_op(o, 4, a64_size(o, width) << 30 | 0x38606800, to, base, index);
}

static inline void a64_load_sx_at(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base,
				  unsigned int index)
{
	if (width == 8)
		o->fault = true;
	a64_op(o, 4, a64_size(o, width) << 30 | 0x38a06800, to, base, index);
}

static inline void a64_store_at(struct jit_out *o, unsigned int width, unsigned int base, unsigned int index,
				unsigned int from)
{
	a64_op(o, 4, a64_size(o, width) << 30 | 0x38206800, from, base, index);
}

/* stp a, b, [base, #disp] */
static inline void a64_store_pair(struct jit_out *o, unsigned int base, int64_t disp, unsigned int a, unsigned int b)
{
	if (b > XZR || disp % 8 || disp < -512 || disp > 504)
		o->fault = true;
	a64_op(o, 4, 0xa9000000 | ((uint32_t)(disp / 8) & 0x7f) << 15 | (b & 31) << 10, a, base, 0);
}

/* stp a, b, [sp, #-16]! */
static inline void a64_push(struct jit_out *o, unsigned int a, unsigned int b)
{
	a64_op(o, 4, 0xa9bf0000 | (b & 31) << 10, a, XSP, 0);
}

/* ldp a, b, [sp], #16 */
static inline void a64_pop(struct jit_out *o, unsigned int a, unsigned int b)
{
	if (a == b)
		o->fault = true;
	a64_op(o, 4, 0xa8c10000 | (b & 31) << 10, a, XSP, 0);
}

/* Exclusive access at [base]; width 4, 8. */
static inline void a64_ldxr(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base)
{
	if (width < 4)
		o->fault = true;
	a64_op(o, 4, a64_size(o, width) << 30 | 0x085f7c00, to, base, 0);
}

/* status: 0 if it was stored */
static inline void a64_exclusive_store(struct jit_out *o, uint32_t opcode, unsigned int width, unsigned int status,
				       unsigned int from, unsigned int base)
{
	if (width < 4 || status == from || status == base)
		o->fault = true;
	a64_op(o, 4, a64_size(o, width) << 30 | opcode, from, base, status);
}

static inline void a64_stxr(struct jit_out *o, unsigned int width, unsigned int status, unsigned int from,
			    unsigned int base)
{
	a64_exclusive_store(o, 0x08007c00, width, status, from, base);
}

/* With release. */
static inline void a64_stlxr(struct jit_out *o, unsigned int width, unsigned int status, unsigned int from,
			     unsigned int base)
{
	a64_exclusive_store(o, 0x0800fc00, width, status, from, base);
}

static inline void a64_dmb_ish(struct jit_out *o)
{
	a64_word(o, 0xd5033bbf);
}

/* Jumps: distances count from the jump itself. */

static inline void a64_jump(struct jit_out *o, uint32_t opcode, unsigned int bits, unsigned int shift, int64_t distance)
{
	int64_t limit = (int64_t)1 << (bits + 1);

	if (o->room && (distance % A64_BYTES || distance < -limit || distance >= limit))
		o->fault = true;
	a64_word(o, opcode | ((uint32_t)(distance >> 2) & ((1u << bits) - 1)) << shift);
}

static inline bool a64_is_near(int64_t distance)
{
	return distance >= -(1 << 27) && distance < 1 << 27;
}

static inline void a64_b(struct jit_out *o, int64_t distance)
{
	a64_jump(o, 0x14000000, 26, 0, distance);
}

static inline void a64_bl(struct jit_out *o, int64_t distance)
{
	a64_jump(o, 0x94000000, 26, 0, distance);
}

static inline void a64_b_cc(struct jit_out *o, enum a64_cc cc, int64_t distance)
{
	a64_jump(o, 0x54000000 | (uint32_t)cc, 19, 5, distance);
}

/* Jumps if the register is 0, or is not. */
static inline void a64_cbz(struct jit_out *o, bool nonzero, unsigned int width, unsigned int reg, int64_t distance)
{
	if (reg > XZR || (width != 4 && width != 8))
		o->fault = true;
	a64_jump(o, (nonzero ? 0x35000000 : 0x34000000) | (width == 8 ? 1u << 31 : 0) | (reg & 31), 19, 5, distance);
}

/* The b.cc, cbz or cbnz that jumps if word's does not. */
static inline uint32_t a64_opposite(uint32_t word)
{
	return word ^ ((word & 0xff000010) == 0x54000000 ? 1u : 1u << 24);
}

/* word, a b.cc, cbz or cbnz, with another distance */
static inline void a64_branch_again(struct jit_out *o, uint32_t word, int64_t distance)
{
	a64_jump(o, word & ~(0x7ffffu << 5), 19, 5, distance);
}

/* A jump forward to where a64_here() is called with what this returns. */
static inline size_t a64_b_cc_ahead(struct jit_out *o, enum a64_cc cc)
{
	size_t at = o->at;

	a64_b_cc(o, cc, 0);
	return at;
}

static inline size_t a64_cbz_ahead(struct jit_out *o, unsigned int width, unsigned int reg)
{
	size_t at = o->at;

	a64_cbz(o, false, width, reg, 0);
	return at;
}

static inline size_t a64_b_ahead(struct jit_out *o)
{
	size_t at = o->at;

	a64_b(o, 0);
	return at;
}

/* Where the b, bl, b.cc, cbz or cbnz at image + at leads, counted from itself. False: it is none. */
static inline bool a64_jump_distance(const uint8_t *at, int64_t *distance)
{
	uint32_t word;

	mem_copy(&word, at, A64_BYTES);
	if ((word & 0x7c000000) == 0x14000000)
		*distance = (int32_t)(word << 6) >> 4;
	else if ((word & 0xff000010) == 0x54000000 || (word & 0x7e000000) == 0x34000000)
		*distance = (int32_t)((word & 0xffffe0) << 8) >> 11;
	else
		return false;
	*distance &= ~(int64_t)3;
	return true;
}

static inline void a64_here(struct jit_out *o, size_t from)
{
	uint64_t words = (o->at - from) / A64_BYTES;
	uint32_t word;

	if (words >= 1 << 18) {
		o->fault = true;
	} else if (o->at <= o->room) {
		mem_copy(&word, o->image + from, A64_BYTES);
		word |= (uint32_t)words << ((word & 0x7c000000) == 0x14000000 ? 0 : 5);
		mem_copy(o->image + from, &word, A64_BYTES);
	}
}

static inline void a64_blr(struct jit_out *o, unsigned int reg)
{
	a64_op(o, 4, 0xd63f0000, 0, reg, 0);
}

static inline void a64_br(struct jit_out *o, unsigned int reg)
{
	a64_op(o, 4, 0xd61f0000, 0, reg, 0);
}

static inline void a64_ret(struct jit_out *o)
{
	a64_op(o, 4, 0xd65f0000, 0, X30, 0);
}

static inline void a64_brk(struct jit_out *o, uint16_t imm)
{
	a64_word(o, 0xd4200000 | (uint32_t)imm << 5);
}

#endif
