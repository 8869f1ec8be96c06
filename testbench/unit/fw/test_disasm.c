/* SPDX-License-Identifier: BSD-2-Clause */
#include "fw.h"
#include "insn.h"
#include "words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint64_t word;
	uint64_t next;
	const char *text;
} rows[] = {
	{W(0x07, 11, 0, 0, 0), W_EXIT, NULL}, /* does not decode */
	{W(0x07, 1, 0, 0, -8), W_EXIT, "r1 += -8"},
	{W(0x0c, 1, 2, 0, 0), W_EXIT, "w1 += w2"},
	{W(0x1f, 1, 10, 0, 0), W_EXIT, "r1 -= r10"},
	{W(0xc4, 9, 0, 0, 31), W_EXIT, "w9 s>>= 31"},
	{W(0x97, 3, 0, 0, 7), W_EXIT, "r3 %= 7"},
	{W(0x9c, 3, 4, 1, 0), W_EXIT, "w3 s%= w4"},
	{W(0x3f, 3, 4, 1, 0), W_EXIT, "r3 s/= r4"},
	{W(0x84, 5, 0, 0, 0), W_EXIT, "w5 = -w5"},
	{W(0xb7, 0, 0, 0, INT32_MIN), W_EXIT, "r0 = -2147483648"},
	{W(0xbf, 0, 1, 16, 0), W_EXIT, "r0 = (s16)r1"},
	{W(0xbc, 0, 1, 8, 0), W_EXIT, "w0 = (s8)w1"},
	{W(0xdc, 2, 0, 0, 16), W_EXIT, "r2 = be16 r2"},
	{W(0xd4, 2, 0, 0, 64), W_EXIT, "r2 = le64 r2"},
	{W(0xd7, 2, 0, 0, 32), W_EXIT, "r2 = bswap32 r2"},
	{W(0x71, 2, 1, 8, 0), W_EXIT, "r2 = *(u8 *)(r1 +8)"},
	{W(0x61, 2, 1, 0, 0), W_EXIT, "r2 = *(u32 *)(r1 +0)"},
	{W(0x89, 2, 1, -2, 0), W_EXIT, "r2 = *(s16 *)(r1 -2)"},
	{W(0x62, 10, 0, -4, 5), W_EXIT, "*(u32 *)(r10 -4) = 5"},
	{W(0x7b, 10, 6, INT16_MIN, 0), W_EXIT, "*(u64 *)(r10 -32768) = r6"},
	{W(0xdb, 10, 6, -8, 0), W_EXIT, "lock *(u64 *)(r10 -8) += r6"},
	{W(0xc3, 10, 6, -8, 0xa1), W_EXIT, "r6 = atomic_fetch_xor((u32 *)(r10 -8), r6)"},
	{W(0xdb, 10, 6, -8, 0xf1), W_EXIT, "r0 = cmpxchg((u64 *)(r10 -8), r0, r6)"},
	{W(0x15, 1, 0, 0, -1), W_EXIT, "if r1 == -1 goto pc+0"},
	{W(0x2e, 1, 2, -1, 0), W_EXIT, "if w1 > w2 goto pc-1"},
	{W(0xc6, 1, 0, 0, 4), W_EXIT, "if w1 s< 4 goto pc+0"},
	{W(0x4d, 1, 2, 0, 0), W_EXIT, "if r1 & r2 goto pc+0"},
	{W(0x05, 0, 0, -1, 0), W_EXIT, "goto pc-1"},
	{W(0x06, 0, 0, 0, -2), W_EXIT, "gotol pc-2"},
	{W(0x85, 0, 0, 0, 1), W_EXIT, "call map_lookup_elem#1"},
	{W(0x85, 0, 0, 0, -7), W_EXIT, "call unknown#-7"},
	{W(0x85, 0, 1, 0, -1), W_EXIT, "call pc-1"},
	{W(0x95, 0, 0, 0, 0), W_EXIT, "exit"},
	{W_LD64(1, 0x1122334480000001), "r1 = 0x1122334480000001 ll"},
	{W_LD64(1, 0), "r1 = 0x0 ll"},
	{W_LD64(1, UINT64_MAX), "r1 = 0xffffffffffffffff ll"},
	{W(0x18, 1, 1, 0, 3), 0, "r1 = map[3] ll"},
	{W(0x18, 1, 2, 0, 3), W(0, 0, 0, 0, 12), "r1 = map[3] value + 12 ll"},
	{W(0x18, 1, 0, 0, 3), W_EXIT, NULL},
	{W(0xff, 0, 0, 0, 0), W_EXIT, NULL},
};

/* The instruction is printed at index 1 of 3, so that jumps may go both ways. */
Test(disasm, rows)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t wire[] = {W_EXIT, rows[i].word, rows[i].next};
		char buf[80];
		int rc = fw_disasm(buf, sizeof(buf), wire, 3, 1);

		if (!rows[i].text) {
			cr_expect_eq(rc, -EINVAL, "row %zu", i);
			continue;
		}
		cr_assert_eq(rc, (int)strlen(rows[i].text), "row %zu (%s): %d", i, rows[i].text, rc);
		cr_expect_str_eq(buf, rows[i].text);
	}
}

Test(disasm, text_is_cut_at_the_buffer_and_its_length_is_told)
{
	static const uint64_t wire[] = {W_MOVR(1, 10), W_EXIT};
	char buf[8];

	for (size_t size = 0; size < sizeof(buf); size++) {
		char whole[] = "r1 = r10";

		memset(buf, '#', sizeof(buf));
		cr_expect_eq(fw_disasm(buf, size, wire, 2, 0), 8, "size %zu", size);
		cr_expect_eq(buf[size], '#', "size %zu", size);
		if (!size)
			continue;
		whole[size - 1] = '\0';
		cr_expect_str_eq(buf, whole);
	}
}

Test(disasm, second_slots_are_empty_and_no_index_is_too_large)
{
	static const uint64_t wire[] = {W_LD64(0, 1), W_EXIT};
	char buf[16] = "x";

	cr_expect_eq(fw_disasm(buf, sizeof(buf), wire, 3, 1), 0);
	cr_expect_str_empty(buf);
	cr_expect_eq(fw_disasm(buf, sizeof(buf), wire, 3, 3), -EINVAL);
	cr_expect_eq(fw_disasm(buf, sizeof(buf), wire, 3, UINT32_MAX), -EINVAL);
	cr_expect_eq(fw_disasm(buf, sizeof(buf), wire, 0, 0), -EINVAL);
	cr_expect_eq(fw_disasm(buf, sizeof(buf), wire, 1, 0), -EINVAL, "the second slot is outside");
}

Test(disasm, insn_print_counts_jumps_from_the_index)
{
	static const uint64_t wire[] = {W_MOV(0, 0), W_JA(1), W_EXIT, W_EXIT};
	struct insn insns[4];
	struct insn_error err;
	char buf[32];

	cr_assert_eq(insn_decode((const uint8_t *)wire, 4, INSN_GROUPS, insns, &err), 0);
	cr_expect_eq(insn_print(buf, sizeof(buf), insns, 1), strlen("goto pc+1"));
	cr_expect_str_eq(buf, "goto pc+1");
}
