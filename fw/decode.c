/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes into struct insn. Every rule looks at one instruction, its second slot and the opcode where it jumps to, so one
 * pass is enough: a second slot has opcode 0, which no instruction has, and a jump to opcode 0 is refused whatever is
 * there.
 */
#include "insn.h"
#include "std.h"

#define SLOT_BYTES 8

enum field {
	FIELD_DST = 1 << 0,
	FIELD_SRC = 1 << 1,
	FIELD_OFF = 1 << 2,
	FIELD_IMM = 1 << 3,
};

/* Fields that a form uses; the one that sel names is in use besides. */
static const uint8_t form_fields[] = {
	[INSN_FORM_ALU_K] = FIELD_DST | FIELD_IMM,
	[INSN_FORM_ALU_X] = FIELD_DST | FIELD_SRC,
	[INSN_FORM_ALU_1] = FIELD_DST,
	[INSN_FORM_LDX] = FIELD_DST | FIELD_SRC | FIELD_OFF,
	[INSN_FORM_ST] = FIELD_DST | FIELD_OFF | FIELD_IMM,
	[INSN_FORM_STX] = FIELD_DST | FIELD_SRC | FIELD_OFF,
	[INSN_FORM_JMP_K] = FIELD_DST | FIELD_OFF | FIELD_IMM,
	[INSN_FORM_JMP_X] = FIELD_DST | FIELD_SRC | FIELD_OFF,
	[INSN_FORM_JA] = FIELD_OFF,
	[INSN_FORM_JA32] = FIELD_IMM,
	[INSN_FORM_CALL] = FIELD_IMM,
	[INSN_FORM_NONE] = 0,
	[INSN_FORM_LD_IMM64] = FIELD_DST | FIELD_IMM,
	[INSN_FORM_LD_MAP] = FIELD_DST | FIELD_IMM,
	[INSN_FORM_SLOT2] = 0,
};

static const uint8_t sel_fields[] = {
	[INSN_SEL_NONE] = 0,
	[INSN_SEL_OFF] = FIELD_OFF,
	[INSN_SEL_IMM] = FIELD_IMM,
	[INSN_SEL_SRC] = FIELD_SRC,
};

struct slot {
	uint8_t opcode;
	uint8_t dst;
	uint8_t src;
	int16_t off;
	int32_t imm;
};

static struct slot slot_at(const uint8_t *wire, uint32_t i)
{
	const uint8_t *p = wire + (size_t)i * SLOT_BYTES;

	return (struct slot){
		.opcode = p[0],
		.dst = p[1] & 0xf,
		.src = p[1] >> 4,
		.off = (int16_t)(p[2] | p[3] << 8),
		.imm = (int32_t)(p[4] | p[5] << 8 | p[6] << 16 | (uint32_t)p[7] << 24),
	};
}

#define ROW_KEY(sel, opcode, value) ((uint32_t)(sel) << 16 | (uint32_t)(opcode) << 8 | (uint32_t)(value))

static int row_of_key(enum insn_sel sel, uint8_t opcode, int32_t value)
{
	if (value < 0 || value > 0xff)
		return -1;
	switch (ROW_KEY(sel, opcode, value)) {
#define INSN(id, opcode_, sel_, value_, ...)                                                                           \
	case ROW_KEY(INSN_SEL_##sel_, opcode_, value_):                                                                \
		return INSN_##id;
#include "insn.def"
#undef INSN
	}
	return -1;
}

/* The row's index, or -1. */
static int row_of(const struct slot *s)
{
	int row = row_of_key(INSN_SEL_NONE, s->opcode, 0);

	if (row < 0)
		row = row_of_key(INSN_SEL_OFF, s->opcode, s->off);
	if (row < 0)
		row = row_of_key(INSN_SEL_IMM, s->opcode, s->imm);
	if (row < 0)
		row = row_of_key(INSN_SEL_SRC, s->opcode, s->src);
	return row;
}

static bool opcode_is_legacy_load(uint8_t opcode)
{
	uint8_t mode = opcode & 0xe0;

	return (opcode & 7) == 0 && (mode == 0x20 || mode == 0x40);
}

/* Why there is no row for s. */
static const char *unknown_text(const struct slot *s)
{
	if (opcode_is_legacy_load(s->opcode))
		return "legacy packet loads (LD ABS, LD IND) are not supported: load from data with LDX";
	if (s->opcode == insn_info[INSN_CALL].opcode)
		return "this kind of call is not supported: source register 0 (helper) or 1 (local function) expected";
	if (s->opcode == insn_info[INSN_LD_IMM64].opcode)
		return "this kind of LD_IMM64 is not supported: source register 0 (constant), 1 (map) or 2 (map value) "
		       "expected";
	for (uint32_t i = 0; i < INSN_OPS; i++) {
		if (insn_info[i].opcode != s->opcode)
			continue;
		if (insn_info[i].sel == INSN_SEL_OFF)
			return "unknown instruction: no such offset with this opcode";
		if (insn_info[i].sel == INSN_SEL_IMM)
			return "unknown instruction: no such immediate with this opcode";
	}
	return "unknown opcode";
}

static const char *group_text(uint8_t group)
{
	switch ((enum insn_group)group) {
	case INSN_GROUP_BASE32:
		return "instruction of conformance group base32, which is not offered";
	case INSN_GROUP_BASE64:
		return "instruction of conformance group base64, which is not offered";
	case INSN_GROUP_DIVMUL32:
		return "instruction of conformance group divmul32, which is not offered";
	case INSN_GROUP_DIVMUL64:
		return "instruction of conformance group divmul64, which is not offered";
	case INSN_GROUP_ATOMIC32:
		return "instruction of conformance group atomic32, which is not offered";
	case INSN_GROUP_ATOMIC64:
		return "instruction of conformance group atomic64, which is not offered";
	case INSN_GROUP_V4:
		return "instruction of the Linux v4 group, which is not offered";
	case INSN_GROUPS:
		break;
	}
	return "instruction of an unknown group";
}

static const char *check_fields(const struct slot *s, const struct insn_info *info)
{
	uint8_t used = form_fields[info->form] | sel_fields[info->sel];

	if ((used & FIELD_DST && s->dst >= INSN_MAX_REG) || (used & FIELD_SRC && s->src >= INSN_MAX_REG))
		return "register above R10";
	if (!(used & FIELD_DST) && s->dst)
		return "reserved field is not zero: destination register";
	if (!(used & FIELD_SRC) && s->src)
		return "reserved field is not zero: source register";
	if (!(used & FIELD_OFF) && s->off)
		return "reserved field is not zero: offset";
	if (!(used & FIELD_IMM) && s->imm)
		return "reserved field is not zero: immediate";
	return NULL;
}

static bool shifts_too_far(const struct slot *s, const struct insn_info *info)
{
	bool shift = info->op == INSN_ALU_LSH || info->op == INSN_ALU_RSH || info->op == INSN_ALU_ARSH;

	return info->cls == INSN_CLASS_ALU && info->form == INSN_FORM_ALU_K && shift &&
	       (s->imm < 0 || s->imm >= info->width * 8);
}

static bool is_jump(const struct insn_info *info)
{
	return info->cls == INSN_CLASS_JMP || info->cls == INSN_CLASS_JA || info->cls == INSN_CLASS_CALL_LOCAL;
}

static const char *decode_jump(const uint8_t *wire, uint32_t count, uint32_t i, const struct slot *s,
			       const struct insn_info *info, struct insn *out)
{
	bool by_imm = info->form == INSN_FORM_JA32 || info->form == INSN_FORM_CALL;
	int64_t target = (int64_t)i + 1 + (by_imm ? s->imm : s->off);
	bool call = info->cls == INSN_CLASS_CALL_LOCAL;

	if (target < 0 || target >= count)
		return call ? "call of a function outside of the program" : "jump out of the program";
	if (slot_at(wire, (uint32_t)target).opcode == 0)
		return call ? "call into the middle of an instruction" : "jump into the middle of an instruction";
	out->imm = (int32_t)target;
	return NULL;
}

/* LD_IMM64 and its like, with the second slot. */
static const char *decode_ld64(const uint8_t *wire, uint32_t count, uint32_t i, const struct insn_info *info,
			       struct insn *out)
{
	struct slot next;

	if (i + 1 == count)
		return "LD_IMM64 without its second slot";
	next = slot_at(wire, i + 1);
	if (next.opcode)
		return "LD_IMM64 without its second slot: opcode 0 expected";
	if (next.dst || next.src || next.off || (next.imm && info->form == INSN_FORM_LD_MAP))
		return "reserved field is not zero: second slot of LD_IMM64";
	if (info->form == INSN_FORM_LD_IMM64)
		out->imm64 = (int64_t)((uint64_t)(uint32_t)next.imm << 32 | (uint32_t)out->imm);
	else
		out->imm64 = (uint32_t)out->imm;
	return NULL;
}

/* An instruction with a row. */
static const char *decode_row(const uint8_t *wire, uint32_t count, uint32_t i, const struct slot *s,
			      const struct insn_info *info, struct insn *out)
{
	const char *what = check_fields(s, info);

	if (what)
		return what;
	if (shifts_too_far(s, info))
		return "shift by a constant that is not below the operand's width";
	if (is_jump(info))
		return decode_jump(wire, count, i, s, info, out);
	if (info->form == INSN_FORM_LD_IMM64 || info->form == INSN_FORM_LD_MAP)
		return decode_ld64(wire, count, i, info, out);
	return NULL;
}

static bool is_second_slot(const uint8_t *wire, uint32_t i)
{
	return i && slot_at(wire, i).opcode == 0 && slot_at(wire, i - 1).opcode == insn_info[INSN_LD_IMM64].opcode;
}

int insn_decode_at(const uint8_t *wire, uint32_t count, uint32_t i, uint32_t isa, struct insn *out,
		   struct insn_error *err)
{
	struct slot s;
	int row;

	err->insn = i;
	if (i >= count) {
		err->what = "no such instruction";
		return -EINVAL;
	}
	s = slot_at(wire, i);
	*out = (struct insn){.dst = s.dst, .src = s.src, .off = s.off, .imm = s.imm, .imm64 = s.imm};
	if (is_second_slot(wire, i)) {
		out->op = INSN_LD_SLOT2;
		return 0;
	}
	row = s.opcode ? row_of(&s) : -1;
	if (row < 0) {
		err->what = unknown_text(&s);
		return -EINVAL;
	}
	if (!(insn_info[row].group & isa)) {
		err->what = group_text(insn_info[row].group);
		return -ENOTSUP;
	}
	out->op = (uint8_t)row;
	err->what = decode_row(wire, count, i, &s, &insn_info[row], out);
	return err->what ? -EINVAL : 0;
}

int insn_decode(const uint8_t *wire, uint32_t count, uint32_t isa, struct insn *out, struct insn_error *err)
{
	*err = (struct insn_error){.what = "empty program"};
	if (!count)
		return -EINVAL;
	if (count > INT32_MAX) {
		err->what = "too many instructions";
		return -EINVAL;
	}
	for (uint32_t i = 0; i < count; i++) {
		int rc = insn_decode_at(wire, count, i, isa, &out[i], err);

		if (rc)
			return rc;
	}
	return 0;
}
