/* SPDX-License-Identifier: BSD-2-Clause */
/* A decoded instruction, and the table that describes it: see insn.def. */
#ifndef FW_INSN_H
#define FW_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum insn_op {
#define INSN(id, ...) INSN_##id,
#include "insn.def"
#undef INSN
	INSN_OPS
};

enum insn_class {
	INSN_CLASS_ALU,
	INSN_CLASS_LDX,
	INSN_CLASS_LDSX,
	INSN_CLASS_ST,
	INSN_CLASS_STX,
	INSN_CLASS_ATOMIC,
	INSN_CLASS_JMP,
	INSN_CLASS_JA,
	INSN_CLASS_CALL,
	INSN_CLASS_CALL_LOCAL,
	INSN_CLASS_EXIT,
	INSN_CLASS_LD_IMM64,
	INSN_CLASS_LD_MAP,
	INSN_CLASS_LD_MAP_VALUE,
	INSN_CLASS_SLOT2,
};

enum insn_alu {
	INSN_ALU_ADD,
	INSN_ALU_SUB,
	INSN_ALU_OR,
	INSN_ALU_AND,
	INSN_ALU_LSH,
	INSN_ALU_RSH,
	INSN_ALU_XOR,
	INSN_ALU_ARSH,
	INSN_ALU_MUL,
	INSN_ALU_DIV,
	INSN_ALU_MOD,
	INSN_ALU_SDIV,
	INSN_ALU_SMOD,
	INSN_ALU_NEG,
	INSN_ALU_MOV,
	INSN_ALU_MOVSX8,
	INSN_ALU_MOVSX16,
	INSN_ALU_MOVSX32,
	INSN_ALU_LE16,
	INSN_ALU_LE32,
	INSN_ALU_LE64,
	INSN_ALU_BSWAP16,
	INSN_ALU_BSWAP32,
	INSN_ALU_BSWAP64,
};

enum insn_jmp {
	INSN_JMP_EQ,
	INSN_JMP_GT,
	INSN_JMP_GE,
	INSN_JMP_SET,
	INSN_JMP_NE,
	INSN_JMP_SGT,
	INSN_JMP_SGE,
	INSN_JMP_LT,
	INSN_JMP_LE,
	INSN_JMP_SLT,
	INSN_JMP_SLE,
};

/* The jump that compares nothing: it jumps when the run's turns are used up. */
enum { INSN_JMP_MAY = INSN_JMP_SLE + 1 };

enum insn_atomic {
	INSN_ATOMIC_ADD,
	INSN_ATOMIC_OR,
	INSN_ATOMIC_AND,
	INSN_ATOMIC_XOR,
	INSN_ATOMIC_FETCH_ADD,
	INSN_ATOMIC_FETCH_OR,
	INSN_ATOMIC_FETCH_AND,
	INSN_ATOMIC_FETCH_XOR,
	INSN_ATOMIC_XCHG,
	INSN_ATOMIC_CMPXCHG,
};

/* Which fields an instruction uses; the decoder refuses a non-zero value in any other field. */
enum insn_form {
	INSN_FORM_ALU_K,    /* dst, imm */
	INSN_FORM_ALU_X,    /* dst, src */
	INSN_FORM_ALU_1,    /* dst */
	INSN_FORM_LDX,      /* dst, src, off */
	INSN_FORM_ST,       /* dst, off, imm */
	INSN_FORM_STX,      /* dst, src, off */
	INSN_FORM_JMP_K,    /* dst, imm, off as jump */
	INSN_FORM_JMP_X,    /* dst, src, off as jump */
	INSN_FORM_JA,       /* off as jump */
	INSN_FORM_JA32,     /* imm as jump */
	INSN_FORM_CALL,     /* imm: helper id, or jump to a function */
	INSN_FORM_NONE,     /* nothing */
	INSN_FORM_LD_IMM64, /* dst, imm of both slots */
	INSN_FORM_LD_MAP,   /* dst, imm of the first slot */
	INSN_FORM_SLOT2,    /* never decoded by itself */
};

enum insn_sel {
	INSN_SEL_NONE,
	INSN_SEL_OFF,
	INSN_SEL_IMM,
	INSN_SEL_SRC,
};

/* Bits as VIRTIO_NET_XDP_ISA_*, V4 after them. */
enum insn_group {
	INSN_GROUP_BASE32 = 1 << 0,
	INSN_GROUP_BASE64 = 1 << 1,
	INSN_GROUP_DIVMUL32 = 1 << 2,
	INSN_GROUP_DIVMUL64 = 1 << 3,
	INSN_GROUP_ATOMIC32 = 1 << 4,
	INSN_GROUP_ATOMIC64 = 1 << 5,
	INSN_GROUP_V4 = 1 << 6,
	INSN_GROUPS = (1 << 7) - 1,
};

struct insn_info {
	const char *text;
	int32_t value; /* of the field that sel names */
	uint8_t opcode;
	uint8_t sel;   /* enum insn_sel */
	uint8_t cls;   /* enum insn_class */
	uint8_t op;    /* enum insn_alu, insn_jmp or insn_atomic */
	uint8_t width; /* bytes */
	uint8_t form;  /* enum insn_form */
	uint8_t group; /* enum insn_group */
};

extern const struct insn_info insn_info[INSN_OPS];

/* Columns of the rows as constants, for what is generated from them. */
#define INSN_OP_OF_ALU(op)          INSN_ALU_##op
#define INSN_OP_OF_JMP(op)          INSN_JMP_##op
#define INSN_OP_OF_ATOMIC(op)       INSN_ATOMIC_##op
#define INSN_OP_OF_LDX(op)          op
#define INSN_OP_OF_LDSX(op)         op
#define INSN_OP_OF_ST(op)           op
#define INSN_OP_OF_STX(op)          op
#define INSN_OP_OF_JA(op)           op
#define INSN_OP_OF_CALL(op)         op
#define INSN_OP_OF_CALL_LOCAL(op)   op
#define INSN_OP_OF_EXIT(op)         op
#define INSN_OP_OF_LD_IMM64(op)     op
#define INSN_OP_OF_LD_MAP(op)       op
#define INSN_OP_OF_LD_MAP_VALUE(op) op
#define INSN_OP_OF_SLOT2(op)        op

enum {
#define INSN(id, opcode, sel, value, cls, op, width, form, ...)                                                        \
	INSN_##id##_CLASS = INSN_CLASS_##cls, INSN_##id##_OP = INSN_OP_OF_##cls(op), INSN_##id##_WIDTH = width,        \
	INSN_##id##_FORM = INSN_FORM_##form,
#include "insn.def"
#undef INSN
};

/*
 * A decoded instruction. Indices are those of the 8-byte slots on the wire: an LD_IMM64 and its like take two, the
 * second of which is INSN_LD_SLOT2 and is never executed.
 */
struct insn {
	uint8_t op;  /* enum insn_op */
	uint8_t dst; /* 0 to 10 */
	uint8_t src; /* 0 to 10 */
	uint8_t run; /* the interpreter's: what it executes from this slot on; 0 if interp_link() was not here */
	int16_t off; /* bytes, for loads, stores and atomics */
	/*
	 * Jumps and local calls: the target, an absolute index. It is inside of the program. LD_SLOT2: the immediate of
	 * the second slot.
	 * Other instructions: the immediate, as it stands.
	 */
	int32_t imm;
	/*
	 * The immediate sign-extended to 64 bits; LD_IMM64: the constant; LD_MAP: the map's id; LD_MAP_VALUE: the map's
	 * id in the low half, the offset in the high half; JMP_K: the immediate compared with.
	 */
	int64_t imm64;
};

#define INSN_MAX_REG   11
#define INSN_FRAME_PTR 10

/* Where and why decoding failed. */
struct insn_error {
	uint32_t insn;    /* index */
	const char *what; /* static text, a whole clause: "jump out of the program" */
};

/*
 * Decodes the one instruction at slot i of count into out, by the same rules. i may be a second slot: INSN_LD_SLOT2
 * then.
 */
int insn_decode_at(const uint8_t *wire, uint32_t count, uint32_t i, uint32_t isa, struct insn *out,
		   struct insn_error *err);

/*
 * Decodes count slots (8 bytes each, little-endian, at wire, any alignment) into out[count].
 * Checks opcodes, registers, reserved fields, both halves of LD_IMM64, that every jump and call
 * lands on an instruction, shifts by constants out of range. isa is the set of enum insn_group allowed. What one
 * instruction shows is checked here; paths are the verifier's: that none runs past the program's end, writes R10 or
 * divides by the constant 0, which real programs do where they never get to. Returns 0; -EINVAL (refused) or -ENOTSUP
 * (a known instruction outside of isa), with *err filled in.
 */
int insn_decode(const uint8_t *wire, uint32_t count, uint32_t isa, struct insn *out, struct insn_error *err);

/* Whether it would change R10, which no run may: verified programs have it only where none comes. */
bool insn_writes_frame_ptr(const struct insn *insn);

/*
 * Prints instruction i of insns as text into buf, always terminated. Returns the length that the whole text has, as
 * snprintf() does.
 */
size_t insn_print(char *buf, size_t size, const struct insn *insns, uint32_t i);

#endif
