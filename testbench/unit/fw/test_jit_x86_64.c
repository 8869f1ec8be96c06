// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each instruction with each pair of registers and operands from the edges, against what RFC 9669 says, worked out here
 * and not by the interpreter. All other registers have to come through unharmed.
 *
 * A program under test loads R0 to R9 from memory, executes one instruction, and stores all registers. So one
 * compilation serves for all operands.
 *
 * Rows of bugs that others had: rbpf-88 (all pairs), rbpf-7bebff5 and nfp-shift (counts), rbpf-e866963 (32-bit
 * divisors), rbpf-58e50aa, CVE-2024-53125 (upper halves), ubpf-a25446f7 (atomics with R0), ubpf-e8de891f (unsigned
 * immediates).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "jit_run.h"

TestSuite(jit_x86_64, .disabled = !RUN_HAS_JIT);

#define SLOT_IN     0 /* of struct state, in 8 bytes: the registers before */
#define SLOT_OUT    10
#define SLOT_TAKEN  21 /* whether the jump was taken */
#define SLOT_DATA   32 /* what loads, stores and atomics act on */
#define STATE_SLOTS 64

struct state {
	uint64_t slots[STATE_SLOTS];
};

static const uint64_t edges[] = {
	0,
	1,
	2,
	7,
	31,
	32,
	33,
	63,
	64,
	0x7f,
	0x80,
	0x7fff,
	0x8000,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000000,
	0x1000000020,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000080000000,
	0xffffffff00000000,
	0xffffffff80000000,
	0xfffffffffffffffe,
	0xffffffffffffffff,
	0x0123456789abcdef,
	0xfedcba9876543210,
};

static const int32_t imm_edges[] = {
	0,   1,    2,     3,     7,          16,        31, 32, 63, 64,   127,  128,
	255, 1000, 65535, 65536, 0x40000000, INT32_MAX, -1, -2, -3, -128, -129, INT32_MIN,
};

/* The reference */

static uint64_t swap(uint64_t v, unsigned int bytes)
{
	uint64_t r = 0;

	for (unsigned int n = 0; n < bytes; n++)
		r |= (v >> 8 * n & 0xff) << 8 * (bytes - 1 - n);
	return r;
}

static uint64_t low(uint64_t v, unsigned int bytes)
{
	return bytes == 8 ? v : v & (((uint64_t)1 << 8 * bytes) - 1);
}

static int64_t extend(uint64_t v, unsigned int bytes)
{
	uint64_t sign = (uint64_t)1 << (8 * bytes - 1);

	return (int64_t)((low(v, bytes) ^ sign) - sign);
}

static uint64_t signed_quotient(int64_t a, int64_t b, bool remainder)
{
	if (b == 0)
		return remainder ? (uint64_t)a : 0;
	if (b == -1)
		return remainder ? 0 : 0 - (uint64_t)a;
	return (uint64_t)(remainder ? a % b : a / b);
}

static uint64_t ref_alu(const struct insn_info *info, uint64_t dst, uint64_t src)
{
	unsigned int w = info->width, bits = 8 * w;
	uint64_t a = low(dst, w), b = low(src, w), count = b % bits;

	switch (info->op) {
	case INSN_ALU_ADD:
		return low(a + b, w);
	case INSN_ALU_SUB:
		return low(a - b, w);
	case INSN_ALU_OR:
		return a | b;
	case INSN_ALU_AND:
		return a & b;
	case INSN_ALU_XOR:
		return a ^ b;
	case INSN_ALU_MUL:
		return low(a * b, w);
	case INSN_ALU_LSH:
		return low(a << count, w);
	case INSN_ALU_RSH:
		return a >> count;
	case INSN_ALU_ARSH:
		return low((uint64_t)(extend(a, w) >> count), w);
	case INSN_ALU_DIV:
		return b ? a / b : 0;
	case INSN_ALU_MOD:
		return b ? a % b : a;
	case INSN_ALU_SDIV:
		return low(signed_quotient(extend(a, w), extend(b, w), false), w);
	case INSN_ALU_SMOD:
		return low(signed_quotient(extend(a, w), extend(b, w), true), w);
	case INSN_ALU_NEG:
		return low(0 - a, w);
	case INSN_ALU_MOV:
		return b;
	case INSN_ALU_MOVSX8:
		return low((uint64_t)extend(b, 1), w);
	case INSN_ALU_MOVSX16:
		return low((uint64_t)extend(b, 2), w);
	case INSN_ALU_MOVSX32:
		return low((uint64_t)extend(b, 4), w);
	case INSN_ALU_LE16:
		return low(dst, 2);
	case INSN_ALU_LE32:
		return low(dst, 4);
	case INSN_ALU_LE64:
		return dst;
	case INSN_ALU_BSWAP16:
		return swap(dst, 2);
	case INSN_ALU_BSWAP32:
		return swap(dst, 4);
	case INSN_ALU_BSWAP64:
		return swap(dst, 8);
	}
	cr_assert_fail("no reference for operation %u", info->op);
	return 0;
}

static bool ref_jmp(const struct insn_info *info, uint64_t dst, uint64_t src)
{
	uint64_t a = low(dst, info->width), b = low(src, info->width);
	int64_t sa = extend(dst, info->width), sb = extend(src, info->width);

	switch (info->op) {
	case INSN_JMP_EQ:
		return a == b;
	case INSN_JMP_NE:
		return a != b;
	case INSN_JMP_SET:
		return (a & b) != 0;
	case INSN_JMP_GT:
		return a > b;
	case INSN_JMP_GE:
		return a >= b;
	case INSN_JMP_LT:
		return a < b;
	case INSN_JMP_LE:
		return a <= b;
	case INSN_JMP_SGT:
		return sa > sb;
	case INSN_JMP_SGE:
		return sa >= sb;
	case INSN_JMP_SLT:
		return sa < sb;
	case INSN_JMP_SLE:
		return sa <= sb;
	}
	cr_assert_fail("no reference for condition %u", info->op);
	return false;
}

/* What memory holds afterwards. */
static uint64_t ref_atomic(const struct insn_info *info, uint64_t old, uint64_t src, uint64_t r0)
{
	switch (info->op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_FETCH_ADD:
		return low(old + src, info->width);
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_FETCH_OR:
		return low(old | src, info->width);
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_FETCH_AND:
		return low(old & src, info->width);
	case INSN_ATOMIC_XOR:
	case INSN_ATOMIC_FETCH_XOR:
		return low(old ^ src, info->width);
	case INSN_ATOMIC_XCHG:
		return low(src, info->width);
	case INSN_ATOMIC_CMPXCHG:
		return low(old, info->width) == low(r0, info->width) ? low(src, info->width) : low(old, info->width);
	}
	cr_assert_fail("no reference for atomic %u", info->op);
	return 0;
}

/* Programs */

static void before(struct asmr *a)
{
	asmr_start(a, true);
	asmr_add(a, INSN_STX64, 10, 1, -8, 0);
	for (unsigned int r = 0; r < 10; r++)
		if (r != 1)
			asmr_add(a, INSN_LDX64, r, 1, (int16_t)(8 * (SLOT_IN + r)), 0);
	asmr_add(a, INSN_LDX64, 1, 1, 8 * (SLOT_IN + 1), 0);
}

static void after(struct asmr *a)
{
	for (unsigned int r = 0; r < 10; r++)
		asmr_add(a, INSN_STX64, 10, r, (int16_t)(-16 - 8 * (int)r), 0);
	asmr_add(a, INSN_LDX64, 1, 10, -8, 0);
	for (unsigned int r = 0; r < 10; r++) {
		asmr_add(a, INSN_LDX64, 2, 10, (int16_t)(-16 - 8 * (int)r), 0);
		asmr_add(a, INSN_STX64, 1, 2, (int16_t)(8 * (SLOT_OUT + r)), 0);
	}
	asmr_add(a, INSN_STX64, 1, 10, 8 * (SLOT_OUT + 10), 0);
	asmr_add(a, INSN_LDX64, 2, 10, -200, 0);
	asmr_add(a, INSN_STX64, 1, 2, 8 * SLOT_TAKEN, 0);
	asmr_add(a, INSN_MOV64_K, 0, 0, 0, 0x5a5a);
	asmr_add(a, INSN_EXIT, 0, 0, 0, 0);
}

static struct jit compile(struct asmr *a, const char *what)
{
	struct jit jit;
	uint32_t at;
	int rc = run_compile(a, &jit, &at);

	cr_assert_eq(rc, 0, "%s: jit_compile() returned %d at %u", what, rc, at);
	return jit;
}

static void fill(struct state *s)
{
	for (unsigned int n = 0; n < STATE_SLOTS; n++)
		s->slots[n] = 0xa0b0c0d000000000 + 0x0101010101 * n;
}

static void run_state(const struct jit *jit, struct state *s, const char *what)
{
	struct run run = {.mem = (uint8_t *)s, .mem_bytes = sizeof(*s)};

	cr_assert_eq(run_watched(jit, s, &run, sizeof(*s), what), 0x5a5a, "%s: R0", what);
}

/* All registers but `changed` came through; that one holds value. changed 10: none. */
static void expect_registers(const struct state *s, const uint64_t *in, unsigned int changed, uint64_t value,
			     const char *what)
{
	for (unsigned int r = 0; r < 10; r++) {
		uint64_t want = r == changed ? value : in[r];

		if (s->slots[SLOT_OUT + r] != want)
			cr_assert_fail(
				"%s: R%u is %#llx, expected %#llx (R0-R9 were %#llx %#llx %#llx %#llx %#llx %#llx ...)",
				what, r, (unsigned long long)s->slots[SLOT_OUT + r], (unsigned long long)want,
				(unsigned long long)in[0], (unsigned long long)in[1], (unsigned long long)in[2],
				(unsigned long long)in[3], (unsigned long long)in[4], (unsigned long long)in[5]);
	}
}

static void name_row(char *buf, size_t size, const struct asmr *a, uint32_t slot)
{
	int n = (int)insn_print(buf, size, a->insns, slot);

	snprintf(buf + n, size - (size_t)n, " (dst R%u src R%u)", a->insns[slot].dst, a->insns[slot].src);
}

#define NAME_BYTES 160

/* Arithmetic */

static void alu_pair(enum insn_op op, unsigned int dst, unsigned int src)
{
	const struct insn_info *info = &insn_info[op];
	static struct asmr a;
	char what[NAME_BYTES];
	struct state s;
	struct jit jit;

	before(&a);
	name_row(what, sizeof(what), &a, asmr_add(&a, op, dst, src, 0, 0));
	after(&a);
	jit = compile(&a, what);
	for (size_t n = 0; n < ARRAY_SIZE(edges); n++) {
		for (size_t m = 0; m < ARRAY_SIZE(edges); m++) {
			uint64_t in[10], b;

			fill(&s);
			s.slots[SLOT_IN + dst] = edges[n];
			if (src < 10)
				s.slots[SLOT_IN + src] = edges[m];
			memcpy(in, &s.slots[SLOT_IN], sizeof(in));
			run_state(&jit, &s, what);
			b = src < 10 ? in[src] : s.slots[SLOT_OUT + 10];
			expect_registers(&s, in, dst, ref_alu(info, in[dst], b), what);
			if (dst == src || src == 10 || info->form == INSN_FORM_ALU_1)
				break;
		}
	}
	run_free(&jit);
}

Test(jit_x86_64, alu_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		if (insn_info[op].cls != INSN_CLASS_ALU || insn_info[op].form == INSN_FORM_ALU_K)
			continue;
		for (unsigned int dst = 0; dst < 10; dst++)
			for (unsigned int src = 0; src < (insn_info[op].form == INSN_FORM_ALU_1 ? 1 : 11); src++)
				alu_pair(op, dst, src);
	}
}

static void alu_imm(enum insn_op op, unsigned int dst, int32_t imm)
{
	static struct asmr a;
	char what[NAME_BYTES];
	struct state s;
	struct jit jit;

	before(&a);
	name_row(what, sizeof(what), &a, asmr_add(&a, op, dst, 0, 0, imm));
	after(&a);
	jit = compile(&a, what);
	for (size_t n = 0; n < ARRAY_SIZE(edges); n++) {
		uint64_t in[10];

		fill(&s);
		s.slots[SLOT_IN + dst] = edges[n];
		memcpy(in, &s.slots[SLOT_IN], sizeof(in));
		run_state(&jit, &s, what);
		expect_registers(&s, in, dst, ref_alu(&insn_info[op], in[dst], (uint64_t)(int64_t)imm), what);
	}
	run_free(&jit);
}

Test(jit_x86_64, alu_all_immediates)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		if (insn_info[op].cls != INSN_CLASS_ALU || insn_info[op].form != INSN_FORM_ALU_K)
			continue;
		for (unsigned int dst = 0; dst < 10; dst++)
			for (size_t n = 0; n < ARRAY_SIZE(imm_edges); n++)
				alu_imm(op, dst, imm_edges[n]);
	}
}

/* Jumps */

static struct jit jmp_program(struct asmr *a, enum insn_op op, unsigned int dst, unsigned int src, int32_t imm,
			      char *what)
{
	uint32_t slot, done;

	before(a);
	slot = asmr_jmp(a, op, dst, src, imm, a->count + 3);
	name_row(what, NAME_BYTES, a, slot);
	asmr_add(a, INSN_ST64, 10, 0, -200, 0);
	done = asmr_add(a, INSN_JA, 0, 0, 0, 0);
	asmr_add(a, INSN_ST64, 10, 0, -200, 1);
	a->insns[done].imm = (int32_t)a->count;
	after(a);
	return compile(a, what);
}

static void jmp_row(enum insn_op op, unsigned int dst, unsigned int src, int32_t imm)
{
	bool is_imm = insn_info[op].form == INSN_FORM_JMP_K;
	static struct asmr a;
	char what[NAME_BYTES];
	struct state s;
	struct jit jit = jmp_program(&a, op, dst, src, imm, what);

	for (size_t n = 0; n < ARRAY_SIZE(edges); n++) {
		for (size_t m = 0; m < ARRAY_SIZE(edges); m++) {
			uint64_t in[11], b;
			bool taken;

			fill(&s);
			if (dst < 10)
				s.slots[SLOT_IN + dst] = edges[n];
			if (src < 10 && !is_imm)
				s.slots[SLOT_IN + src] = edges[m];
			memcpy(in, &s.slots[SLOT_IN], sizeof(in));
			run_state(&jit, &s, what);
			in[10] = s.slots[SLOT_OUT + 10];
			b = is_imm ? (uint64_t)(int64_t)imm : in[src];
			taken = ref_jmp(&insn_info[op], in[dst], b);
			expect_registers(&s, in, 10, 0, what);
			cr_assert_eq(s.slots[SLOT_TAKEN], taken, "%s: %#llx with %#llx: taken %d, expected %d", what,
				     (unsigned long long)in[dst], (unsigned long long)b, (int)s.slots[SLOT_TAKEN],
				     taken);
			if (dst == src || src == 10 || is_imm)
				break;
		}
	}
	run_free(&jit);
}

Test(jit_x86_64, jumps_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].form == INSN_FORM_JMP_X)
			for (unsigned int dst = 0; dst < 11; dst++)
				for (unsigned int src = 0; src < 11; src++)
					jmp_row(op, dst, src, 0);
}

Test(jit_x86_64, jumps_all_immediates_ubpf_e8de891f)
{
	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].form == INSN_FORM_JMP_K)
			for (unsigned int dst = 0; dst < 11; dst++)
				for (size_t n = 0; n < ARRAY_SIZE(imm_edges); n++)
					jmp_row(op, dst, 0, imm_edges[n]);
}

/* Memory */

/* Offsets that take no, one and four bytes to encode. */
static const int16_t offsets[] = {0, 8, -8, 127, -128, 128, -129, INT16_MAX, INT16_MIN};

static void load_row(enum insn_op op, unsigned int dst, unsigned int base, int16_t off)
{
	unsigned int width = insn_info[op].width;
	static struct asmr a;
	char what[NAME_BYTES];
	struct state s;
	struct jit jit;

	before(&a);
	if (base == 10)
		asmr_imm64(&a, INSN_LD_IMM64, dst, 0xfedcba9876548290);
	if (base == 10)
		asmr_add(&a, INSN_STX64, 10, dst, off, 0);
	name_row(what, sizeof(what), &a, asmr_add(&a, op, dst, base, off, 0));
	after(&a);
	jit = compile(&a, what);
	for (uint64_t data = 0x7f8182837f85ff87; data; data >>= 8) {
		uint64_t in[10], value = base == 10 ? 0xfedcba9876548290 : data;

		fill(&s);
		s.slots[SLOT_DATA] = data;
		if (base < 10)
			s.slots[SLOT_IN + base] = (uintptr_t)&s.slots[SLOT_DATA] - (uint64_t)(int64_t)off;
		memcpy(in, &s.slots[SLOT_IN], sizeof(in));
		run_state(&jit, &s, what);
		value = insn_info[op].cls == INSN_CLASS_LDSX ? (uint64_t)extend(value, width) : low(value, width);
		expect_registers(&s, in, dst, value, what);
	}
	run_free(&jit);
}

Test(jit_x86_64, loads_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		if (insn_info[op].form != INSN_FORM_LDX)
			continue;
		for (unsigned int dst = 0; dst < 10; dst++)
			for (unsigned int base = 0; base < 10; base++)
				for (size_t n = 0; n < ARRAY_SIZE(offsets); n++)
					load_row(op, dst, base, offsets[n]);
		for (unsigned int dst = 0; dst < 10; dst++) {
			load_row(op, dst, 10, -504);
			load_row(op, dst, 10, -120);
		}
	}
}

static void store_row(enum insn_op op, unsigned int base, unsigned int src, int16_t off, int32_t imm)
{
	unsigned int width = insn_info[op].width;
	static struct asmr a;
	char what[NAME_BYTES];
	uint64_t in[10], value, want;
	struct state s;
	struct jit jit;

	before(&a);
	name_row(what, sizeof(what), &a, asmr_add(&a, op, base, src, off, imm));
	after(&a);
	jit = compile(&a, what);
	fill(&s);
	s.slots[SLOT_IN + base] = (uintptr_t)&s.slots[SLOT_DATA] - (uint64_t)(int64_t)off;
	memcpy(in, &s.slots[SLOT_IN], sizeof(in));
	want = s.slots[SLOT_DATA];
	run_state(&jit, &s, what);
	value = insn_info[op].cls == INSN_CLASS_ST ? (uint64_t)(int64_t)imm
		: src < 10                         ? in[src]
						   : s.slots[SLOT_OUT + 10];
	memcpy(&want, &value, width);
	expect_registers(&s, in, 10, 0, what);
	cr_assert_eq(s.slots[SLOT_DATA], want, "%s: memory holds %#llx, expected %#llx", what,
		     (unsigned long long)s.slots[SLOT_DATA], (unsigned long long)want);
	run_free(&jit);
}

Test(jit_x86_64, stores_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		bool is_imm = insn_info[op].form == INSN_FORM_ST;

		if (!is_imm && insn_info[op].cls != INSN_CLASS_STX)
			continue;
		for (unsigned int base = 0; base < 10; base++)
			for (size_t n = 0; n < ARRAY_SIZE(offsets); n++)
				for (unsigned int src = 0; src < (is_imm ? ARRAY_SIZE(imm_edges) : 11); src++)
					store_row(op, base, is_imm ? 0 : src, offsets[n], is_imm ? imm_edges[src] : 0);
	}
}

static void atomic_row(enum insn_op op, unsigned int base, unsigned int src, uint64_t old, uint64_t operand,
		       uint64_t r0)
{
	const struct insn_info *info = &insn_info[op];
	unsigned int changed = info->op == INSN_ATOMIC_CMPXCHG ? 0 : info->op >= INSN_ATOMIC_FETCH_ADD ? src : 10;
	static struct asmr a;
	char what[NAME_BYTES];
	uint64_t in[10], want = old, result;
	struct state s;
	struct jit jit;

	before(&a);
	name_row(what, sizeof(what), &a, asmr_add(&a, op, base, src, 16, 0));
	after(&a);
	jit = compile(&a, what);
	fill(&s);
	s.slots[SLOT_IN + 0] = r0;
	s.slots[SLOT_IN + src] = operand;
	s.slots[SLOT_IN + base] = (uintptr_t)&s.slots[SLOT_DATA] - 16;
	s.slots[SLOT_DATA] = old;
	memcpy(in, &s.slots[SLOT_IN], sizeof(in));
	run_state(&jit, &s, what);
	result = ref_atomic(info, old, in[src], in[0]);
	memcpy(&want, &result, info->width);
	expect_registers(&s, in, changed, low(old, info->width), what);
	cr_assert_eq(s.slots[SLOT_DATA], want, "%s: memory holds %#llx, expected %#llx", what,
		     (unsigned long long)s.slots[SLOT_DATA], (unsigned long long)want);
	run_free(&jit);
}

Test(jit_x86_64, atomics_all_register_pairs_ubpf_a25446f7)
{
	static const uint64_t rows[][3] = {
		/* memory, operand, R0 */
		{0x8123456780000001, 0xff00ff0080000000, 0x8123456780000001},
		{0x8123456780000001, 0x0f0ff0f0ffffffff, 0xdeadbeef80000001},
		{0xffffffffffffffff, 0x0000000100000001, 0x0000000000000000},
		{0x00000000ffffffff, 0xfffffffffffffffe, 0xffffffff00000000},
	};

	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].cls == INSN_CLASS_ATOMIC)
			for (unsigned int base = 0; base < 10; base++)
				for (unsigned int src = 0; src < 10; src++)
					for (size_t n = 0; n < ARRAY_SIZE(rows); n++)
						atomic_row(op, base, src, rows[n][0], rows[n][1], rows[n][2]);
}

/* ubpf-c22b0041: both halves of the constant are exact. */
Test(jit_x86_64, imm64_ubpf_c22b0041)
{
	static struct asmr a;

	for (unsigned int op = 0; op < INSN_OPS; op++) {
		uint8_t cls = insn_info[op].cls;

		if (cls != INSN_CLASS_LD_IMM64 && cls != INSN_CLASS_LD_MAP && cls != INSN_CLASS_LD_MAP_VALUE)
			continue;
		for (unsigned int dst = 0; dst < 10; dst++) {
			for (size_t n = 0; n < ARRAY_SIZE(edges); n++) {
				char what[NAME_BYTES];
				struct state s;
				struct jit jit;
				uint64_t in[10];

				snprintf(what, sizeof(what), "R%u = %#llx", dst, (unsigned long long)edges[n]);
				before(&a);
				asmr_imm64(&a, op, dst, edges[n]);
				after(&a);
				jit = compile(&a, what);
				fill(&s);
				memcpy(in, &s.slots[SLOT_IN], sizeof(in));
				run_state(&jit, &s, what);
				expect_registers(&s, in, dst, edges[n], what);
				run_free(&jit);
			}
		}
	}
}
