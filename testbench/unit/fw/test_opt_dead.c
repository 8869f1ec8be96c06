// SPDX-License-Identifier: BSD-2-Clause
/* The optimiser's end: what becomes of an address that only one instruction needs. */
#include <criterion/criterion.h>
#include <string.h>

#include "exec/jit.h"
#include "jit_run.h"
#include "maps.h"
#include "virtio_net_xdp.h"

#define ALL_FORMS ((1u << OPT_FORMS) - 1)

static const struct {
	const char *what;
	uint32_t value_bytes, entries;
	uint8_t load, op, store;
	int32_t imm;
	int16_t off;
	bool reads; /* R0, behind */
	bool joined;
} rows[] = {
	{"a counter", 8, 256, INSN_LDX64, INSN_ADD64_K, INSN_STX64, 1, 0, false, true},
	{"one of several", 16, 256, INSN_LDX64, INSN_ADD64_K, INSN_STX64, -1, 8, false, true},
	{"not of a power of two", 24, 300, INSN_LDX32, INSN_SUB32_K, INSN_STX32, 0x12345678, 20, false, true},
	{"half of one", 8, 256, INSN_LDX32, INSN_XOR32_K, INSN_STX32, -0x7654321, 4, false, true},
	{"two bytes", 8, 256, INSN_LDX16, INSN_OR32_K, INSN_STX16, 0x4321, 6, false, true},
	{"a byte", 8, 256, INSN_LDX8, INSN_AND32_K, INSN_STX8, 0x5a, 1, false, true},
	{"a byte of many", 40, 256, INSN_LDX8, INSN_ADD32_K, INSN_STX8, 200, 39, false, true},
	{"read again", 8, 256, INSN_LDX64, INSN_ADD64_K, INSN_STX64, 1, 0, true, false},
	{"perhaps none", 8, 255, INSN_LDX64, INSN_ADD64_K, INSN_STX64, 1, 0, false, false},
};

static uint64_t changed(size_t n, uint64_t was)
{
	uint64_t imm = (uint64_t)(int64_t)rows[n].imm;

	switch (insn_info[rows[n].op].op) {
	case INSN_ALU_ADD:
		return was + imm;
	case INSN_ALU_SUB:
		return was - imm;
	case INSN_ALU_AND:
		return was & imm;
	case INSN_ALU_OR:
		return was | imm;
	default:
		return was ^ imm;
	}
}

/* Runs it on an element of sevens; of all elements no other byte may change. */
static void run(size_t n, const struct exec_prog *prog, uint8_t index)
{
	uint32_t bytes = rows[n].value_bytes, width = insn_info[rows[n].store].width, at;
	uint8_t *source = maps_at(prog->maps[1], 0), want[40];
	struct run run = {.prog = prog};
	uint64_t word = 0;
	struct jit jit;

	for (uint32_t i = 0; i < rows[n].entries; i++)
		memset(maps_at(prog->maps[0], i), 7, bytes);
	source[0] = index;
	cr_assert_eq(jit_compile(prog, run_scratch(), &rig_platform, NULL, &jit, &at), 0, "%s", rows[n].what);
	run_watched(&jit, NULL, &run, 0, rows[n].what);
	run_free(&jit);
	for (uint32_t i = 0; i < rows[n].entries; i++) {
		memset(want, 7, sizeof(want));
		memcpy(&word, want, width);
		word = changed(n, word);
		if (i == index)
			memcpy(want + rows[n].off, &word, width);
		cr_assert_eq(memcmp(maps_at(prog->maps[0], i), want, bytes), 0, "%s: element %u of %u", rows[n].what, i,
			     index);
	}
}

static void assemble(size_t n, struct asmr *a, struct map *const maps[2], uint32_t *index, uint32_t *count)
{
	uint32_t jump;

	asmr_start(a, false);
	asmr_imm64(a, INSN_LD_MAP_VALUE, 7, (uintptr_t)maps_at(maps[1], 0));
	asmr_add(a, INSN_LDX8, 3, 7, 0, 0);
	asmr_add(a, INSN_STX32, 10, 3, -4, 0);
	asmr_add(a, INSN_MOV64_X, 2, 10, 0, 0);
	asmr_add(a, INSN_ADD64_K, 2, 0, 0, -4);
	a->insns[asmr_imm64(a, INSN_LD_MAP, 1, (uintptr_t)maps[0])].imm = 0;
	*index = asmr_add(a, INSN_CALL, 0, 0, 0, 1);
	jump = asmr_jmp(a, INSN_JEQ64_K, 0, 0, 0, 0);
	asmr_add(a, rows[n].load, 1, 0, rows[n].off, 0);
	asmr_add(a, rows[n].op, 1, 0, 0, rows[n].imm);
	*count = asmr_add(a, rows[n].store, 0, 1, rows[n].off, 0);
	if (rows[n].reads)
		asmr_add(a, INSN_LDX8, 6, 0, 0, 0);
	else
		asmr_add(a, INSN_MOV64_K, 6, 0, 0, 0);
	a->insns[jump].imm = (int32_t)asmr_add(a, INSN_MOV64_K, 0, 0, 0, 1);
	asmr_add(a, INSN_STX8, 7, 6, 1, 0);
	asmr_add(a, INSN_EXIT, 0, 0, 0, 0);
}

/* What is looked up, changed and not asked for again is changed where it is; hidden or not, and nothing else is. */
Test(opt_dead, changes_elements, .disabled = !RUN_HAS_JIT)
{
	static struct asmr a;

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct map *maps[] = {
			maps_new(VIRTIO_NET_XDP_MAP_ARRAY, 4, rows[n].value_bytes, rows[n].entries, 0),
			maps_new(VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0),
		};
		struct exec_prog prog = {.insns = a.insns, .access = a.access, .maps = maps, .num_maps = 2};
		uint32_t index, count;
		uint8_t mark[64] = {0};
		struct opt opt;

		assemble(n, &a, maps, &index, &count);
		mark[count + 2] = JIT_MARK_TARGET;
		prog.count = a.count;
		cr_assert_eq(opt_run(&prog, mark, ALL_FORMS, run_scratch(), &opt), 0);
		cr_assert_eq(opt.form[count], rows[n].joined ? OPT_INDEX_RMW : OPT_RMW, "%s: form %d", rows[n].what,
			     opt.form[count]);
		cr_assert_eq(opt.form[index], rows[n].joined ? OPT_NOTHING : OPT_INDEX, "%s", rows[n].what);
		opt_free(&opt, run_scratch());
		for (uint64_t blind = 0; blind < 3; blind++) {
			prog.blind = blind;
			run(n, &prog, (uint8_t)(blind * 100));
		}
		free(maps[0]);
		free(maps[1]);
	}
}
