// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each instruction with each pair of registers and operands from the edges, by this machine's JIT and by the
 * interpreter, against what RFC 9669 says, worked out here a third time. All other registers have to come through
 * unharmed.
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

#define SLOT_IN     0 /* of struct state, in 8 bytes: the registers before */
#define SLOT_OUT    10
#define SLOT_TAKEN  21 /* whether the jump was taken */
#define SLOT_DATA   32 /* what loads, stores and atomics act on */
#define STATE_SLOTS 64
#define STACK_TAKEN (-128) /* where it is noted before */
#define ONE_SLOT    11     /* of programs of one instruction: where that is */

struct state {
	uint64_t slots[STATE_SLOTS];
};

enum engine { JIT, INTERP, ENGINES };

static const char *const engine_names[ENGINES] = {"JIT", "interpreter"};

#define FIRST_ENGINE (RUN_HAS_JIT ? JIT : INTERP)

struct program {
	struct asmr a;
	char what[160];
	struct jit jit;
	enum engine engine; /* which one runs it */
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
	0x9e3779b97f4a7c15,
	0x3c6ef372fe94f82a,
};

/* Where encodings of x86-64 or arm64 change: 8, 12, 16 and 24 bits, turned runs of ones. */
static const int32_t imm_edges[] = {
	0,          1,          2,          3,           7,          16,        31,        32,         63,
	64,         127,        128,        255,         1000,       4095,      4096,      4097,       65535,
	65536,      -1,         -2,         -3,          -128,       -129,      -255,      -256,       -4095,
	-4096,      -4097,      -65536,     -65537,      0xfff000,   0x1000000, -0xfff000, -0x1000000, 0xff00ff,
	0x55555555, 0x7ffffff8, 0x0ff00000, -0x0ff00001, 0x40000000, INT32_MAX, INT32_MIN,
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

static void before(struct program *p)
{
	asmr_start(&p->a, true);
	asmr_add(&p->a, INSN_STX64, 10, 1, -8, 0);
	for (unsigned int r = 0; r < 10; r++)
		if (r != 1)
			asmr_add(&p->a, INSN_LDX64, r, 1, (int16_t)(8 * (SLOT_IN + r)), 0);
	asmr_add(&p->a, INSN_LDX64, 1, 1, 8 * (SLOT_IN + 1), 0);
}

static void name(struct program *p, uint32_t slot)
{
	const struct insn *insn = &p->a.insns[slot];
	int n = (int)insn_print(p->what, sizeof(p->what), p->a.insns, slot);

	snprintf(p->what + n, sizeof(p->what) - (size_t)n, " (dst R%u src R%u off %d)", insn->dst, insn->src,
		 insn->off);
}

/* The rest of the program, and its compilation. */
static void after(struct program *p)
{
	struct asmr *a = &p->a;
	uint32_t at;
	int rc;

	for (unsigned int r = 0; r < 10; r++)
		asmr_add(a, INSN_STX64, 10, r, (int16_t)(-16 - 8 * (int)r), 0);
	asmr_add(a, INSN_LDX64, 1, 10, -8, 0);
	for (unsigned int r = 0; r < 10; r++) {
		asmr_add(a, INSN_LDX64, 2, 10, (int16_t)(-16 - 8 * (int)r), 0);
		asmr_add(a, INSN_STX64, 1, 2, (int16_t)(8 * (SLOT_OUT + r)), 0);
	}
	asmr_add(a, INSN_STX64, 1, 10, 8 * (SLOT_OUT + 10), 0);
	asmr_add(a, INSN_LDX64, 2, 10, STACK_TAKEN, 0);
	asmr_add(a, INSN_STX64, 1, 2, 8 * SLOT_TAKEN, 0);
	asmr_add(a, INSN_MOV64_K, 0, 0, 0, 0x5a5a);
	asmr_add(a, INSN_EXIT, 0, 0, 0, 0);
	if (!RUN_HAS_JIT)
		return;
	rc = run_compile(a, &p->jit, &at);
	cr_assert_eq(rc, 0, "%s: jit_compile() returned %d at %u", p->what, rc, at);
}

/* A program of one instruction. */
static void make(struct program *p, enum insn_op op, unsigned int dst, unsigned int src, int16_t off, int32_t imm)
{
	before(p);
	name(p, asmr_add(&p->a, op, dst, src, off, imm));
	after(p);
}

static void unmake(struct program *p)
{
	if (RUN_HAS_JIT)
		run_free(&p->jit);
}

static void fill(struct state *s)
{
	for (unsigned int n = 0; n < STATE_SLOTS; n++)
		s->slots[n] = 0xa0b0c0d000000000 + 0x0101010101 * n;
}

static void run_state(const struct program *p, struct state *s)
{
	struct run run = {.mem = (uint8_t *)s, .mem_bytes = sizeof(*s)};
	const struct exec_prog prog = {
		.insns = p->a.insns, .count = p->a.count, .access = p->a.access, .plain_memory = true};
	uint64_t r0 = p->engine == JIT ? run_watched(&p->jit, s, &run, sizeof(*s), p->what) : interp_run(&prog, &run);

	if (run.fault)
		cr_assert_fail("%s: %s at %u", p->what, run.fault, run.fault_insn);
	if (r0 != 0x5a5a)
		cr_assert_fail("%s by the %s: R0 is %#llx", p->what, engine_names[p->engine], (unsigned long long)r0);
}

/* All registers but `changed` came through; that one holds value. changed 10: none. */
static void expect_registers(const struct program *p, const struct state *s, const uint64_t *in, unsigned int changed,
			     uint64_t value)
{
	for (unsigned int r = 0; r < 10; r++) {
		uint64_t want = r == changed ? value : in[r];

		if (s->slots[SLOT_OUT + r] != want)
			cr_assert_fail("%s by the %s: R%u is %#llx, expected %#llx (R0-R9 were %#llx %#llx %#llx %#llx "
				       "%#llx %#llx ...)",
				       p->what, engine_names[p->engine], r, (unsigned long long)s->slots[SLOT_OUT + r],
				       (unsigned long long)want, (unsigned long long)in[0], (unsigned long long)in[1],
				       (unsigned long long)in[2], (unsigned long long)in[3], (unsigned long long)in[4],
				       (unsigned long long)in[5]);
	}
}

static void expect_data(const struct program *p, const struct state *s, uint64_t want)
{
	if (s->slots[SLOT_DATA] != want)
		cr_assert_fail("%s by the %s: memory holds %#llx, expected %#llx", p->what, engine_names[p->engine],
			       (unsigned long long)s->slots[SLOT_DATA], (unsigned long long)want);
}

#define for_each_engine(p) for ((p)->engine = FIRST_ENGINE; (p)->engine < ENGINES; (p)->engine++)

/* Arithmetic */

static void alu_operands(const struct program *p, unsigned int dst, unsigned int src, uint64_t a, uint64_t b)
{
	uint32_t slot = ONE_SLOT;
	const struct insn_info *info = &insn_info[p->a.insns[slot].op];
	uint64_t in[10];
	struct state s;

	fill(&s);
	if (src < 10)
		s.slots[SLOT_IN + src] = b;
	s.slots[SLOT_IN + dst] = a;
	memcpy(in, &s.slots[SLOT_IN], sizeof(in));
	run_state(p, &s);
	if (info->form == INSN_FORM_ALU_K)
		b = (uint64_t)(int64_t)p->a.insns[slot].imm;
	else
		b = src < 10 ? in[src] : s.slots[SLOT_OUT + 10];
	expect_registers(p, &s, in, dst, ref_alu(info, in[dst], b));
}

static void alu_pair(enum insn_op op, unsigned int dst, unsigned int src)
{
	static struct program p;

	make(&p, op, dst, src, 0, 0);
	for_each_engine(&p)
	{
		for (size_t n = 0; n < ARRAY_SIZE(edges); n++) {
			for (size_t m = 0; m < ARRAY_SIZE(edges); m++) {
				alu_operands(&p, dst, src, edges[n], edges[m]);
				if (dst == src || src == 10 || insn_info[op].form == INSN_FORM_ALU_1)
					break;
			}
		}
	}
	unmake(&p);
}

Test(exhaustive, alu_all_register_pairs)
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
	static struct program p;

	make(&p, op, dst, 0, 0, imm);
	for_each_engine(&p) for (size_t n = 0; n < ARRAY_SIZE(edges); n++)
		alu_operands(&p, dst, dst, edges[n], edges[n]);
	unmake(&p);
}

Test(exhaustive, alu_all_immediates)
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

static void make_jump(struct program *p, enum insn_op op, unsigned int dst, unsigned int src, int32_t imm)
{
	uint32_t done;

	before(p);
	name(p, asmr_jmp(&p->a, op, dst, src, imm, p->a.count + 3));
	asmr_add(&p->a, INSN_ST64, 10, 0, STACK_TAKEN, 0);
	done = asmr_add(&p->a, INSN_JA, 0, 0, 0, 0);
	asmr_add(&p->a, INSN_ST64, 10, 0, STACK_TAKEN, 1);
	p->a.insns[done].imm = (int32_t)p->a.count;
	after(p);
}

static void jump_operands(const struct program *p, uint64_t a, uint64_t b)
{
	const struct insn *insn = &p->a.insns[ONE_SLOT];
	const struct insn_info *info = &insn_info[insn->op];
	bool is_imm = info->form == INSN_FORM_JMP_K, taken;
	uint64_t in[11];
	struct state s;

	fill(&s);
	if (insn->src < 10 && !is_imm)
		s.slots[SLOT_IN + insn->src] = b;
	if (insn->dst < 10)
		s.slots[SLOT_IN + insn->dst] = a;
	memcpy(in, &s.slots[SLOT_IN], sizeof(in));
	run_state(p, &s);
	in[10] = s.slots[SLOT_OUT + 10];
	b = is_imm ? (uint64_t)insn->imm64 : in[insn->src];
	taken = ref_jmp(info, in[insn->dst], b);
	expect_registers(p, &s, in, 10, 0);
	if (s.slots[SLOT_TAKEN] != taken)
		cr_assert_fail("%s by the %s: %#llx with %#llx: taken %d, expected %d", p->what,
			       engine_names[p->engine], (unsigned long long)in[insn->dst], (unsigned long long)b,
			       (int)s.slots[SLOT_TAKEN], taken);
}

static void jump_row(enum insn_op op, unsigned int dst, unsigned int src, int32_t imm)
{
	bool is_imm = insn_info[op].form == INSN_FORM_JMP_K;
	static struct program p;

	make_jump(&p, op, dst, src, imm);
	for_each_engine(&p)
	{
		for (size_t n = 0; n < ARRAY_SIZE(edges); n++) {
			for (size_t m = 0; m < ARRAY_SIZE(edges); m++) {
				jump_operands(&p, edges[n], edges[m]);
				if (dst == src || src == 10 || is_imm)
					break;
			}
		}
	}
	unmake(&p);
}

Test(exhaustive, jumps_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].form == INSN_FORM_JMP_X)
			for (unsigned int dst = 0; dst < 11; dst++)
				for (unsigned int src = 0; src < 11; src++)
					jump_row(op, dst, src, 0);
}

Test(exhaustive, jumps_all_immediates_ubpf_e8de891f)
{
	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].form == INSN_FORM_JMP_K)
			for (unsigned int dst = 0; dst < 11; dst++)
				for (size_t n = 0; n < ARRAY_SIZE(imm_edges); n++)
					jump_row(op, dst, 0, imm_edges[n]);
}

/* Memory */

/* Where encodings change: none, one and four bytes on x86-64; 9 bits with sign or 12 in units of the width on arm64. */
static const int16_t offsets[] = {0,    8,    -8,   127,  -128,  128,   -129,  255,   256,       -256,     -257,
				  4095, 4096, 8190, 8192, 16380, 16384, 32760, 32761, INT16_MAX, INT16_MIN};

static void load_row(enum insn_op op, unsigned int dst, unsigned int base, int16_t off)
{
	unsigned int width = insn_info[op].width;
	const uint64_t on_stack = 0xfedcba9876548290;
	static struct program p;

	before(&p);
	if (base == 10) {
		asmr_imm64(&p.a, INSN_LD_IMM64, dst, on_stack);
		asmr_add(&p.a, INSN_STX64, 10, dst, off, 0);
	}
	name(&p, asmr_add(&p.a, op, dst, base, off, 0));
	after(&p);
	for_each_engine(&p)
	{
		for (uint64_t data = 0x7f8182837f85ff87; data; data >>= 8) {
			uint64_t in[10], value = base == 10 ? on_stack : data;
			struct state s;

			fill(&s);
			s.slots[SLOT_DATA] = data;
			if (base < 10)
				s.slots[SLOT_IN + base] = (uintptr_t)&s.slots[SLOT_DATA] - (uint64_t)(int64_t)off;
			memcpy(in, &s.slots[SLOT_IN], sizeof(in));
			run_state(&p, &s);
			value = insn_info[op].cls == INSN_CLASS_LDSX ? (uint64_t)extend(value, width)
								     : low(value, width);
			expect_registers(&p, &s, in, dst, value);
		}
	}
	unmake(&p);
}

Test(exhaustive, loads_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		if (insn_info[op].form != INSN_FORM_LDX)
			continue;
		for (unsigned int dst = 0; dst < 10; dst++)
			for (unsigned int base = 0; base < 10; base++)
				for (size_t n = 0; n < ARRAY_SIZE(offsets); n++)
					load_row(op, dst, base, offsets[n]);
		for (unsigned int dst = 0; dst < 10; dst++)
			for (int off = -512; off < -136; off += 24)
				load_row(op, dst, 10, (int16_t)off);
	}
}

static void store_row(enum insn_op op, unsigned int base, unsigned int src, int16_t off, int32_t imm)
{
	unsigned int width = insn_info[op].width;
	static struct program p;
	uint64_t in[10], value, want;
	struct state s;

	make(&p, op, base, src, off, imm);
	for_each_engine(&p)
	{
		fill(&s);
		s.slots[SLOT_IN + base] = (uintptr_t)&s.slots[SLOT_DATA] - (uint64_t)(int64_t)off;
		memcpy(in, &s.slots[SLOT_IN], sizeof(in));
		want = s.slots[SLOT_DATA];
		run_state(&p, &s);
		value = insn_info[op].cls == INSN_CLASS_ST ? (uint64_t)(int64_t)imm
			: src < 10                         ? in[src]
							   : s.slots[SLOT_OUT + 10];
		memcpy(&want, &value, width);
		expect_registers(&p, &s, in, 10, 0);
		expect_data(&p, &s, want);
	}
	unmake(&p);
}

/* All bases with all values; all bases with all offsets. */
Test(exhaustive, stores_all_register_pairs)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		bool is_imm = insn_info[op].form == INSN_FORM_ST;

		if (!is_imm && insn_info[op].cls != INSN_CLASS_STX)
			continue;
		for (unsigned int base = 0; base < 10; base++) {
			for (unsigned int n = 0; n < (is_imm ? ARRAY_SIZE(imm_edges) : 11); n++) {
				store_row(op, base, is_imm ? 0 : n, 0, is_imm ? imm_edges[n] : 0);
				store_row(op, base, is_imm ? 0 : n, -129, is_imm ? imm_edges[n] : 0);
			}
			for (unsigned int n = 0; n < ARRAY_SIZE(offsets); n++)
				store_row(op, base, is_imm ? 0 : (base + n) % 11, offsets[n],
					  is_imm ? imm_edges[(base + n) % ARRAY_SIZE(imm_edges)] : 0);
		}
	}
}

/* On the stack: what lies beside the written bytes is zero before and after. */
static void stack_store_row(enum insn_op op, unsigned int src, int16_t off)
{
	bool is_imm = insn_info[op].form == INSN_FORM_ST;
	static struct program p;
	uint64_t in[10], value;
	struct state s;

	before(&p);
	asmr_add(&p.a, INSN_ST64, 10, 0, off, 0);
	name(&p, asmr_add(&p.a, op, 10, src, off, is_imm ? -2 : 0));
	asmr_add(&p.a, INSN_LDX64, 0, 10, off, 0);
	after(&p);
	for_each_engine(&p)
	{
		fill(&s);
		memcpy(in, &s.slots[SLOT_IN], sizeof(in));
		run_state(&p, &s);
		value = is_imm ? (uint64_t)(int64_t)-2 : src < 10 ? in[src] : s.slots[SLOT_OUT + 10];
		expect_registers(&p, &s, in, 0, low(value, insn_info[op].width));
	}
	unmake(&p);
}

Test(exhaustive, stores_on_the_stack)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		bool is_imm = insn_info[op].form == INSN_FORM_ST;

		if (!is_imm && insn_info[op].cls != INSN_CLASS_STX)
			continue;
		for (unsigned int src = 0; src < (is_imm ? 1 : 11); src++)
			for (int off = -512; off < -136; off += 24)
				stack_store_row(op, src, (int16_t)off);
	}
}

static const struct {
	uint64_t memory, operand, r0;
} atomic_rows[] = {
	{0x8123456780000001, 0xff00ff0080000000, 0x8123456780000001},
	{0x8123456780000001, 0x0f0ff0f0ffffffff, 0xdeadbeef80000001},
	{0xffffffffffffffff, 0x0000000100000001, 0x0000000000000000},
	{0x00000000ffffffff, 0xfffffffffffffffe, 0xffffffff00000000},
};

static void atomic_operands(const struct program *p, size_t row)
{
	const struct insn *insn = &p->a.insns[ONE_SLOT];
	const struct insn_info *info = &insn_info[insn->op];
	unsigned int changed = 10;
	uint64_t in[10], old = atomic_rows[row].memory, want = old, result;
	struct state s;

	if (info->op == INSN_ATOMIC_CMPXCHG)
		changed = 0;
	else if (info->op >= INSN_ATOMIC_FETCH_ADD)
		changed = insn->src;
	fill(&s);
	s.slots[SLOT_IN + 0] = atomic_rows[row].r0;
	s.slots[SLOT_IN + insn->src] = atomic_rows[row].operand;
	s.slots[SLOT_IN + insn->dst] = (uintptr_t)&s.slots[SLOT_DATA] - (uint64_t)(int64_t)insn->off;
	s.slots[SLOT_DATA] = old;
	memcpy(in, &s.slots[SLOT_IN], sizeof(in));
	run_state(p, &s);
	result = ref_atomic(info, old, in[insn->src], in[0]);
	memcpy(&want, &result, info->width);
	expect_registers(p, &s, in, changed, low(old, info->width));
	expect_data(p, &s, want);
}

static void atomic_pair(enum insn_op op, unsigned int base, unsigned int src, int16_t off)
{
	static struct program p;

	make(&p, op, base, src, off, 0);
	for_each_engine(&p) for (size_t n = 0; n < ARRAY_SIZE(atomic_rows); n++) atomic_operands(&p, n);
	unmake(&p);
}

Test(exhaustive, atomics_all_register_pairs_ubpf_a25446f7)
{
	static const int16_t offs[] = {0, 16, -8, 4088, 4096, -4096, 32760, INT16_MIN};

	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].cls == INSN_CLASS_ATOMIC)
			for (unsigned int base = 0; base < 10; base++)
				for (unsigned int src = 0; src < 10; src++)
					for (size_t n = 0; n < ARRAY_SIZE(offs); n++)
						atomic_pair(op, base, src, offs[n]);
}

/* The same in the stack. */
static void stack_atomic_row(enum insn_op op, unsigned int src, size_t row)
{
	const struct insn_info *info = &insn_info[op];
	bool compares = info->op == INSN_ATOMIC_CMPXCHG;
	uint64_t in[10], old = atomic_rows[row].memory, want = old, result;
	unsigned int keeps = src == 9 ? 8 : 9; /* gets what memory holds afterwards */
	unsigned int changed = compares ? 0 : src;
	static struct program p;
	struct state s;

	before(&p);
	asmr_imm64(&p.a, INSN_LD_IMM64, keeps, old);
	asmr_add(&p.a, INSN_STX64, 10, keeps, -256, 0);
	name(&p, asmr_add(&p.a, op, 10, src, -256, 0));
	asmr_add(&p.a, INSN_LDX64, keeps, 10, -256, 0);
	after(&p);
	for_each_engine(&p)
	{
		fill(&s);
		s.slots[SLOT_IN + 0] = atomic_rows[row].r0;
		s.slots[SLOT_IN + src] = atomic_rows[row].operand;
		memcpy(in, &s.slots[SLOT_IN], sizeof(in));
		run_state(&p, &s);
		result = ref_atomic(info, old, in[src], in[0]);
		memcpy(&want, &result, info->width);
		in[keeps] = want;
		if (compares || info->op >= INSN_ATOMIC_FETCH_ADD)
			expect_registers(&p, &s, in, changed, low(old, info->width));
		else
			expect_registers(&p, &s, in, 10, 0);
		want = old;
	}
	unmake(&p);
}

Test(exhaustive, atomics_on_the_stack)
{
	for (unsigned int op = 0; op < INSN_OPS; op++)
		if (insn_info[op].cls == INSN_CLASS_ATOMIC)
			for (unsigned int src = 0; src < 10; src++)
				for (size_t n = 0; n < ARRAY_SIZE(atomic_rows); n++)
					stack_atomic_row(op, src, n);
}

/* ubpf-c22b0041: both halves of the constant are exact. */
static void imm64_row(enum insn_op op, unsigned int dst, uint64_t value)
{
	static struct program p;
	uint64_t in[10];
	struct state s;

	snprintf(p.what, sizeof(p.what), "R%u = %#llx", dst, (unsigned long long)value);
	before(&p);
	asmr_imm64(&p.a, op, dst, value);
	after(&p);
	for_each_engine(&p)
	{
		fill(&s);
		memcpy(in, &s.slots[SLOT_IN], sizeof(in));
		run_state(&p, &s);
		expect_registers(&p, &s, in, dst, value);
	}
	unmake(&p);
}

Test(exhaustive, imm64_ubpf_c22b0041)
{
	for (unsigned int op = 0; op < INSN_OPS; op++) {
		uint8_t cls = insn_info[op].cls;

		if (cls != INSN_CLASS_LD_IMM64 && cls != INSN_CLASS_LD_MAP && cls != INSN_CLASS_LD_MAP_VALUE)
			continue;
		for (unsigned int dst = 0; dst < 10; dst++) {
			for (size_t n = 0; n < ARRAY_SIZE(edges); n++)
				imm64_row(op, dst, edges[n]);
			/* Every run of ones, turned every way. */
			for (unsigned int ones = 1; ones < 64; ones += 3)
				for (unsigned int turn = 0; turn < 64; turn += 5) {
					uint64_t run = ((uint64_t)1 << ones) - 1;

					imm64_row(op, dst, run << turn | (turn ? run >> (64 - turn) : 0));
				}
		}
	}
}
