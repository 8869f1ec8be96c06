/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions as text, in the style of Linux's BPF tools: the text column of insn.def filled in. */
#include "fw.h"
#include "helper.h"
#include "insn.h"
#include "std.h"

/* Text that may be longer than its buffer. */
struct disasm {
	char *buf;
	size_t size;
	size_t length; /* that the whole text has */
};

static void put_char(struct disasm *d, char c)
{
	if (d->length + 1 < d->size)
		d->buf[d->length] = c;
	d->length++;
}

static void put_text(struct disasm *d, const char *text)
{
	while (*text)
		put_char(d, *text++);
}

static void put_unsigned(struct disasm *d, uint64_t v, unsigned int base)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		put_char(d, digits[--n]);
}

static void put_signed(struct disasm *d, int64_t v, bool plus)
{
	if (v < 0)
		put_char(d, '-');
	else if (plus)
		put_char(d, '+');
	put_unsigned(d, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

static void put_reg(struct disasm *d, const struct insn_info *info, uint8_t reg)
{
	bool narrow = info->width == 4 && (info->cls == INSN_CLASS_ALU || info->cls == INSN_CLASS_JMP);

	put_char(d, narrow ? 'w' : 'r');
	put_unsigned(d, reg, 10);
}

static void put_helper(struct disasm *d, int32_t id)
{
	const struct helper *helper = helper_of((uint32_t)id);

	put_text(d, helper ? helper->name : "unknown");
	put_char(d, '#');
	put_signed(d, id, false);
}

/* i is the index of *insn, which insn[1] follows if it has two slots. */
static void put_field(struct disasm *d, char field, const struct insn *insn, uint32_t i)
{
	const struct insn_info *info = &insn_info[insn->op];

	switch (field) {
	case 'd':
		put_reg(d, info, insn->dst);
		break;
	case 's':
		put_reg(d, info, insn->src);
		break;
	case 'i':
		put_signed(d, info->cls == INSN_CLASS_JMP ? insn->imm64 : insn->imm, false);
		break;
	case 'I':
		put_text(d, "0x");
		put_unsigned(d, (uint64_t)insn->imm64, 16);
		break;
	case 'n':
		put_unsigned(d, (uint32_t)insn[1].imm, 10);
		break;
	case 'o':
		put_signed(d, insn->off, true);
		break;
	case 'j':
		put_signed(d, (int64_t)insn->imm - i - 1, true);
		break;
	case 'h':
		put_helper(d, insn->imm);
		break;
	default:
		put_char(d, field);
	}
}

static size_t put_insn(char *buf, size_t size, const struct insn *insn, uint32_t i)
{
	struct disasm d = {.buf = buf, .size = size};

	for (const char *text = insn_info[insn->op].text; *text; text++) {
		if (*text == '%' && text[1])
			put_field(&d, *++text, insn, i);
		else
			put_char(&d, *text);
	}
	if (size)
		buf[MIN(d.length, size - 1)] = '\0';
	return d.length;
}

size_t insn_print(char *buf, size_t size, const struct insn *insns, uint32_t i)
{
	return put_insn(buf, size, &insns[i], i);
}

int fw_disasm(char *buf, size_t size, const void *wire, uint32_t count, uint32_t i)
{
	struct insn insns[2];
	struct insn_error err;

	if (insn_decode_at(wire, count, i, INSN_GROUPS, &insns[0], &err))
		return -EINVAL;
	if (insn_info[insns[0].op].opcode == insn_info[INSN_LD_IMM64].opcode &&
	    insn_decode_at(wire, count, i + 1, INSN_GROUPS, &insns[1], &err))
		return -EINVAL;
	return (int)put_insn(buf, size, insns, i);
}
