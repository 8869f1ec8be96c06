/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encoders of the x86-64 instructions that the JIT uses, to be read as assembly: destination first, width in bytes
 * before the operands, memory as base register and displacement.
 *
 * No policy here: each call is one instruction, in its shortest encoding for the operands as given. What cannot be
 * encoded sets jit_out.fault. Source: Intel SDM volume 2, chapters 2 to 5.
 */
#ifndef FW_EXEC_ASM_X86_64_H
#define FW_EXEC_ASM_X86_64_H

#include "exec/jit.h"

enum x86_reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
};

/* The number of an operation in the group of opcodes 0x00-0x3f, 0x81 and 0x83. */
enum x86_alu {
	X86_ADD = 0,
	X86_OR = 1,
	X86_SBB = 3,
	X86_AND = 4,
	X86_SUB = 5,
	X86_XOR = 6,
	X86_CMP = 7,
};

/* In the group of 0xc1 and 0xd3. */
enum x86_shift {
	X86_ROL = 0,
	X86_ROR = 1,
	X86_SHL = 4,
	X86_SHR = 5,
	X86_SAR = 7,
};

/* In the group of 0xf7. */
enum x86_unary {
	X86_NOT = 2,
	X86_NEG = 3,
	X86_MUL = 4,
	X86_DIV = 6,
	X86_IDIV = 7,
};

enum x86_cc {
	X86_B = 2,
	X86_AE = 3,
	X86_E = 4,
	X86_NE = 5,
	X86_BE = 6,
	X86_A = 7,
	X86_L = 12,
	X86_GE = 13,
	X86_LE = 14,
	X86_G = 15,
};

/* Bits of the REX prefix. */
#define X86_REX   0x40
#define X86_REX_W 0x08
#define X86_REX_R 0x04
#define X86_REX_X 0x02
#define X86_REX_B 0x01

#define X86_SHORT_JUMP_BYTES 2
#define X86_JMP_BYTES        5
#define X86_JCC_BYTES        6
#define X86_CALL_BYTES       5

static inline bool x86_is_s8(int64_t value)
{
	return value == (int8_t)value;
}

static inline bool x86_is_s32(int64_t value)
{
	return value == (int32_t)value;
}

/* Where encoders are called, most of what they look at is constant. */
#define X86_INLINE static inline __attribute__((always_inline))

/* The bytes of an instruction, 0x66 and REX apart, the first one lowest. */
struct x86_head {
	uint64_t bytes;
	unsigned int count;
	unsigned int prefix, prefix_count;
};

/* At most 8 in all. */
X86_INLINE void x86_append(struct x86_head *head, uint64_t bytes, unsigned int count)
{
	head->bytes |= bytes << 8 * head->count;
	head->count += count;
}

/*
 * Prefixes and opcode. width is that of the operation; byte_regs: these registers are accessed as bytes, where numbers
 * 4 to 7 mean spl to dil only with a REX prefix. Opcodes above 0xff are two bytes long.
 */
X86_INLINE struct x86_head x86_begin(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg,
				     unsigned int rm, bool byte_reg, bool byte_rm)
{
	unsigned int rex = (width & X86_REX_W) | (reg & 8 ? X86_REX_R : 0) | (rm & 8 ? X86_REX_B : 0);
	unsigned int has_rex = (rex != 0) | (byte_reg & (reg >= RSP)) | (byte_rm & (rm >= RSP));
	struct x86_head head = {
		.bytes = opcode > 0xff ? (opcode & 0xff) << 8 | opcode >> 8 : opcode,
		.count = opcode > 0xff ? 2 : 1,
		/* What is often needed and often not is no branch. */
		.prefix = has_rex * X86_REX | rex,
		.prefix_count = has_rex,
	};

	if (unlikely((reg | rm) > R15))
		o->fault = true;
	if (unlikely((width - 4) & ~4u)) { /* neither 4 nor 8 */
		o->fault |= width != 1 && width != 2;
		head.prefix = width == 2 ? head.prefix << 8 | 0x66 : head.prefix;
		head.prefix_count += width == 2;
	}
	return head;
}

X86_INLINE void x86_end(struct jit_out *o, const struct x86_head *head)
{
	jit_bytes(o, head->bytes << 8 * head->prefix_count | head->prefix, head->count + head->prefix_count);
}

static inline void x86_opcode(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg, unsigned int rm,
			      bool byte_reg, bool byte_rm)
{
	struct x86_head head = x86_begin(o, width, opcode, reg, rm, byte_reg, byte_rm);

	x86_end(o, &head);
}

static inline uint8_t x86_modrm(unsigned int mod, unsigned int reg, unsigned int rm)
{
	return (uint8_t)(mod << 6 | (reg & 7) << 3 | (rm & 7));
}

/* With ModRM, SIB and displacement of [base + disp]. */
X86_INLINE void x86_address(struct jit_out *o, struct x86_head head, unsigned int reg, unsigned int base, int32_t disp)
{
	bool none = disp == 0 && (base & 7) != RBP;
	unsigned int mod = none ? 0 : x86_is_s8(disp) ? 1 : 2;

	x86_append(&head, x86_modrm(mod, reg, base), 1);
	if ((base & 7) == RSP)
		x86_append(&head, 0x24, 1);
	if (mod < 2)
		x86_append(&head, mod ? (uint8_t)disp : 0, mod);
	x86_end(o, &head);
	if (mod == 2)
		jit_bytes(o, (uint32_t)disp, 4);
}

/* Register and register, or register and memory; no byte registers but perhaps rm. Then count bytes of imm. */
X86_INLINE void x86_op_rr_all(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg, unsigned int rm,
			      bool byte_rm, uint32_t imm, unsigned int count)
{
	struct x86_head head = x86_begin(o, width, opcode, reg, rm, false, byte_rm);

	x86_append(&head, x86_modrm(3, reg, rm), 1);
	x86_append(&head, imm, count);
	x86_end(o, &head);
}

X86_INLINE void x86_op_rr(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg, unsigned int rm)
{
	x86_op_rr_all(o, width, opcode, reg, rm, false, 0, 0);
}

X86_INLINE void x86_op_rr_byte(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg,
			       unsigned int rm, bool byte_rm)
{
	x86_op_rr_all(o, width, opcode, reg, rm, byte_rm, 0, 0);
}

X86_INLINE void x86_op_rr_imm8(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg,
			       unsigned int rm, uint8_t imm)
{
	x86_op_rr_all(o, width, opcode, reg, rm, false, imm, 1);
}

X86_INLINE void x86_op_rr_imm32(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg,
				unsigned int rm, uint32_t imm)
{
	x86_op_rr_all(o, width, opcode, reg, rm, false, imm, 4);
}

X86_INLINE void x86_op_rm(struct jit_out *o, unsigned int width, uint16_t opcode, unsigned int reg, unsigned int base,
			  int32_t disp)
{
	x86_address(o, x86_begin(o, width, opcode, reg, base, false, false), reg, base, disp);
}

static inline void x86_mov(struct jit_out *o, unsigned int width, unsigned int to, unsigned int from)
{
	x86_op_rr(o, width, 0x89, from, to);
}

/* Zeroes to; changes flags. */
static inline void x86_zero(struct jit_out *o, unsigned int to)
{
	x86_op_rr(o, 4, 0x31, to, to);
}

/* The shortest that sets all 64 bits without changing flags. */
static inline void x86_mov_imm(struct jit_out *o, unsigned int to, uint64_t value)
{
	if (value <= UINT32_MAX) {
		struct x86_head head = x86_begin(o, 4, (uint16_t)(0xb8 | (to & 7)), 0, to, false, false);

		x86_append(&head, value, 4);
		x86_end(o, &head);
	} else if (x86_is_s32((int64_t)value)) {
		x86_op_rr_imm32(o, 8, 0xc7, 0, to, (uint32_t)value);
	} else {
		x86_opcode(o, 8, (uint16_t)(0xb8 | (to & 7)), 0, to, false, false);
		jit_bytes(o, value, 8);
	}
}

static inline void x86_alu(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int to, unsigned int from)
{
	x86_op_rr(o, width, (uint16_t)(op << 3 | 1), from, to);
}

static inline void x86_alu_imm(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int to, int32_t imm)
{
	if (x86_is_s8(imm)) {
		x86_op_rr_imm8(o, width, 0x83, op, to, (uint8_t)imm);
	} else if (to != RAX) {
		x86_op_rr_imm32(o, width, 0x81, op, to, (uint32_t)imm);
	} else {
		x86_opcode(o, width, (uint16_t)(op << 3 | 5), 0, 0, false, false);
		jit_bytes(o, (uint32_t)imm, 4);
	}
}

/* op reg, [base + disp] */
static inline void x86_alu_load(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int reg,
				unsigned int base, int32_t disp)
{
	x86_op_rm(o, width, (uint16_t)(op << 3 | 3), reg, base, disp);
}

/* op [base + disp], imm */
static inline void x86_alu_mem_imm(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int base,
				   int32_t disp, int32_t imm)
{
	bool s8 = x86_is_s8(imm);

	x86_op_rm(o, width, width == 1 ? 0x80 : s8 ? 0x83 : 0x81, op, base, disp);
	jit_bytes(o, (uint32_t)imm, width == 1 || s8 ? 1 : MIN(width, 4u));
}

static inline void x86_test(struct jit_out *o, unsigned int width, unsigned int a, unsigned int b)
{
	x86_op_rr(o, width, 0x85, b, a);
}

/* width 1, 4 or 8; the immediate of width 8 is sign-extended */
static inline void x86_test_imm(struct jit_out *o, unsigned int width, unsigned int reg, int32_t imm)
{
	if (reg == RAX) {
		x86_opcode(o, width, width == 1 ? 0xa8 : 0xa9, 0, 0, false, false);
	} else {
		x86_op_rr_byte(o, width, width == 1 ? 0xf6 : 0xf7, 0, reg, width == 1);
	}
	jit_bytes(o, (uint32_t)imm, width == 1 ? 1 : 4);
}

static inline void x86_unary(struct jit_out *o, enum x86_unary op, unsigned int width, unsigned int reg)
{
	x86_op_rr(o, width, 0xf7, op, reg);
}

/* Sign-extends eax into edx, or rax into rdx. */
static inline void x86_cdq(struct jit_out *o, unsigned int width)
{
	x86_opcode(o, width, 0x99, 0, 0, false, false);
}

static inline void x86_imul(struct jit_out *o, unsigned int width, unsigned int to, unsigned int from)
{
	x86_op_rr(o, width, 0x0faf, to, from);
}

/* to = from * imm */
static inline void x86_imul_imm(struct jit_out *o, unsigned int width, unsigned int to, unsigned int from, int32_t imm)
{
	if (x86_is_s8(imm))
		x86_op_rr_imm8(o, width, 0x6b, to, from, (uint8_t)imm);
	else
		x86_op_rr_imm32(o, width, 0x69, to, from, (uint32_t)imm);
}

/* By cl; the processor takes the count modulo the width (64 bits at width 8, else 32). */
static inline void x86_shift_cl(struct jit_out *o, enum x86_shift op, unsigned int width, unsigned int reg)
{
	x86_op_rr(o, width, 0xd3, op, reg);
}

static inline void x86_shift_imm(struct jit_out *o, enum x86_shift op, unsigned int width, unsigned int reg,
				 uint8_t count)
{
	if (count == 1)
		x86_op_rr(o, width, 0xd1, op, reg);
	else
		x86_op_rr_imm8(o, width, 0xc1, op, reg, count);
}

/* width 4 or 8 */
static inline void x86_bswap(struct jit_out *o, unsigned int width, unsigned int reg)
{
	x86_opcode(o, width, (uint16_t)(0x0fc8 | (reg & 7)), 0, reg, false, false);
}

/* Register to register: the low from_width (1, 2) bytes of from zero-extended to 64 bits. */
static inline void x86_movzx(struct jit_out *o, unsigned int from_width, unsigned int to, unsigned int from)
{
	x86_op_rr_byte(o, 4, from_width == 1 ? 0x0fb6 : 0x0fb7, to, from, from_width == 1);
}

/* The low from_width (1, 2, 4) bytes of from sign-extended to width (4, 8). */
static inline void x86_movsx(struct jit_out *o, unsigned int width, unsigned int from_width, unsigned int to,
			     unsigned int from)
{
	x86_op_rr_byte(o, width, from_width == 1 ? 0x0fbe : from_width == 2 ? 0x0fbf : 0x63, to, from, from_width == 1);
}

/* Zero-extended to 64 bits. */
static inline void x86_load(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base, int32_t disp)
{
	if (width < 4)
		x86_op_rm(o, 4, width == 1 ? 0x0fb6 : 0x0fb7, to, base, disp);
	else
		x86_op_rm(o, width, 0x8b, to, base, disp);
}

/* Sign-extended to 64 bits; width 1, 2, 4. */
static inline void x86_load_sx(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base, int32_t disp)
{
	x86_op_rm(o, 8, width == 1 ? 0x0fbe : width == 2 ? 0x0fbf : 0x63, to, base, disp);
}

static inline void x86_store(struct jit_out *o, unsigned int width, unsigned int base, int32_t disp, unsigned int from)
{
	x86_address(o, x86_begin(o, width, width == 1 ? 0x88 : 0x89, from, base, width == 1, false), from, base, disp);
}

/* The immediate of width 8 is sign-extended. */
static inline void x86_store_imm(struct jit_out *o, unsigned int width, unsigned int base, int32_t disp, int32_t imm)
{
	x86_op_rm(o, width, width == 1 ? 0xc6 : 0xc7, 0, base, disp);
	jit_bytes(o, (uint32_t)imm, MIN(width, 4u));
}

/* op [base + disp], from */
static inline void x86_alu_store(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int base,
				 int32_t disp, unsigned int from)
{
	x86_address(o, x86_begin(o, width, (uint16_t)(op << 3 | (width > 1)), from, base, width == 1, false), from,
		    base, disp);
}

/* lea to, [base + disp] */
static inline void x86_lea(struct jit_out *o, unsigned int width, unsigned int to, unsigned int base, int32_t disp)
{
	x86_op_rm(o, width, 0x8d, to, base, disp);
}

/* reg, [base + index * scale]; scale 1, 2, 4 or 8, index not rsp; a byte register only of r8 to r15 */
static inline void x86_op_index(struct jit_out *o, unsigned int width, uint8_t opcode, unsigned int reg,
				unsigned int base, unsigned int index, unsigned int scale)
{
	unsigned int ss = scale == 8 ? 3 : scale / 2;
	bool disp = (base & 7) == RBP;

	if (reg > R15 || base > R15 || index > R15 || index == RSP ||
	    (scale != 1 && scale != 2 && scale != 4 && scale != 8))
		o->fault = true;
	if (width == 2)
		jit_byte(o, 0x66);
	jit_byte(o, (uint8_t)(X86_REX | (width == 8 ? X86_REX_W : 0) | (reg & 8 ? X86_REX_R : 0) |
			      (index & 8 ? X86_REX_X : 0) | (base & 8 ? X86_REX_B : 0)));
	jit_byte(o, opcode);
	jit_byte(o, x86_modrm(disp, reg, RSP));
	jit_byte(o, (uint8_t)(ss << 6 | (index & 7) << 3 | (base & 7)));
	if (disp)
		jit_byte(o, 0);
}

/* lea to, [base + index * scale], 8 bytes wide */
static inline void x86_lea_index(struct jit_out *o, unsigned int to, unsigned int base, unsigned int index,
				 unsigned int scale)
{
	x86_op_index(o, 8, 0x8d, to, base, index, scale);
}

/* op [base + index * scale], imm */
static inline void x86_alu_index_imm(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int base,
				     unsigned int index, unsigned int scale, int32_t imm)
{
	bool s8 = x86_is_s8(imm);

	x86_op_index(o, width, width == 1 ? 0x80 : s8 ? 0x83 : 0x81, op, base, index, scale);
	jit_bytes(o, (uint32_t)imm, width == 1 || s8 ? 1 : MIN(width, 4u));
}

/* op [base + index * scale], from */
static inline void x86_alu_store_index(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int base,
				       unsigned int index, unsigned int scale, unsigned int from)
{
	x86_op_index(o, width, (uint8_t)(op << 3 | (width > 1)), from, base, index, scale);
}

/* lock op [base + disp], from */
static inline void x86_lock_alu(struct jit_out *o, enum x86_alu op, unsigned int width, unsigned int base, int32_t disp,
				unsigned int from)
{
	jit_byte(o, 0xf0);
	x86_op_rm(o, width, (uint16_t)(op << 3 | 1), from, base, disp);
}

/* lock xadd [base + disp], reg: reg gets the old value */
static inline void x86_lock_xadd(struct jit_out *o, unsigned int width, unsigned int base, int32_t disp,
				 unsigned int reg)
{
	jit_byte(o, 0xf0);
	x86_op_rm(o, width, 0x0fc1, reg, base, disp);
}

/* lock cmpxchg [base + disp], from: compares with rax, which gets the old value where they differ */
static inline void x86_lock_cmpxchg(struct jit_out *o, unsigned int width, unsigned int base, int32_t disp,
				    unsigned int from)
{
	jit_byte(o, 0xf0);
	x86_op_rm(o, width, 0x0fb1, from, base, disp);
}

/* xchg [base + disp], reg: locked by itself */
static inline void x86_xchg(struct jit_out *o, unsigned int width, unsigned int base, int32_t disp, unsigned int reg)
{
	x86_op_rm(o, width, 0x87, reg, base, disp);
}

static inline void x86_push(struct jit_out *o, unsigned int reg)
{
	x86_opcode(o, 4, (uint16_t)(0x50 | (reg & 7)), 0, reg, false, false);
}

static inline void x86_pop(struct jit_out *o, unsigned int reg)
{
	x86_opcode(o, 4, (uint16_t)(0x58 | (reg & 7)), 0, reg, false, false);
}

static inline void x86_leave(struct jit_out *o)
{
	jit_byte(o, 0xc9);
}

static inline void x86_int3(struct jit_out *o)
{
	jit_byte(o, 0xcc);
}

static inline void x86_ret(struct jit_out *o)
{
	jit_byte(o, 0xc3);
}

static inline void x86_call_reg(struct jit_out *o, unsigned int reg)
{
	x86_op_rr(o, 4, 0xff, 2, reg);
}

static inline void x86_jmp_reg(struct jit_out *o, unsigned int reg)
{
	x86_op_rr(o, 4, 0xff, 4, reg);
}

/* Opcode and distance, which counts from the end of the instruction. */
static inline void x86_rel(struct jit_out *o, uint16_t opcode, unsigned int bytes, int64_t distance)
{
	struct x86_head head = x86_begin(o, 4, opcode, 0, 0, false, false);

	if (o->room && (bytes == 1 ? !x86_is_s8(distance) : !x86_is_s32(distance)))
		o->fault = true;
	x86_append(&head, bytes == 1 ? (uint8_t)distance : (uint32_t)distance, bytes);
	x86_end(o, &head);
}

static inline void x86_call(struct jit_out *o, int64_t distance)
{
	x86_rel(o, 0xe8, 4, distance);
}

static inline void x86_jmp(struct jit_out *o, bool is_short, int64_t distance)
{
	if (is_short)
		x86_rel(o, 0xeb, 1, distance);
	else
		x86_rel(o, 0xe9, 4, distance);
}

static inline void x86_jcc(struct jit_out *o, enum x86_cc cc, bool is_short, int64_t distance)
{
	if (is_short)
		x86_rel(o, (uint16_t)(0x70 | cc), 1, distance);
	else
		x86_rel(o, (uint16_t)(0x0f80 | cc), 4, distance);
}

/* A short jump forward to where x86_here() is called with what this returns. */
static inline size_t x86_jcc_ahead(struct jit_out *o, enum x86_cc cc)
{
	x86_jcc(o, cc, true, 0);
	return o->at;
}

static inline size_t x86_jmp_ahead(struct jit_out *o)
{
	x86_jmp(o, true, 0);
	return o->at;
}

static inline void x86_here(struct jit_out *o, size_t from)
{
	if (!x86_is_s8((int64_t)(o->at - from)))
		o->fault = true;
	else if (from && from <= o->room)
		o->image[from - 1] = (uint8_t)(o->at - from);
}

#endif
