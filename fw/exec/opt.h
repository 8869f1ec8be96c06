/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The optimiser between verifier and JITs: rewrites a copy of a verified program slot by slot, so that indices (jump
 * targets, exec_prog.access and .calls) stay what they were.
 */
#ifndef FW_EXEC_OPT_H
#define FW_EXEC_OPT_H

#include "exec/exec.h"

/* What a slot has become. Apart from PLAIN, struct insn has a meaning of its own, as said here. */
enum opt_form {
	OPT_PLAIN,
	OPT_NOTHING,  /* no code: a jump to it goes on behind */
	OPT_LEA,      /* an ADD: dst = src + imm64, in info->width bytes */
	OPT_LDX_SWAP, /* an LDX of 2, 4 or 8 bytes, whose bytes are reversed */
	OPT_COPY,     /* an STX: *(dst + off) = *(src + imm), neither of them the context */
	OPT_RMW,      /* an ST or STX: *(dst + off) is changed by enum insn_alu imm with src, or with imm64 */
	/* An ST: element dst of an ARRAY, the upper half of imm64, is changed at off by imm with imm64's lower half. */
	OPT_INDEX_RMW,
	/* From here on calls that call nothing: */
	OPT_INDEX, /* a CALL: R0 = element src's low 32 bits of ARRAY imm, or 0; imm64: the index is known to be good */
	OPT_INDEX_MEM, /* the same, the index is the 4 bytes at src + off */
	OPT_FIND,      /* a CALL: R0 = value of HASH imm for the imm64 bytes (4 or 8) at src + off, or 0 */
	OPT_FIND_REG,  /* the same for the low imm64 bytes of src */
	OPT_FORMS,
};

/* An EXIT's imm is 1 if R0 has no more significant bits than these: it is ABORTED, DROP, PASS or TX. */
#define OPT_ACTION_BITS 2

/* A rewritten program. */
struct opt {
	struct insn *insns; /* count of them; NULL: those of the program */
	uint8_t *form;      /* per slot: enum opt_form */
};

/*
 * Rewrites prog for a machine that knows these forms (bit n: form n). prog is decoded, verified and checked by the
 * JIT's survey; mark has enum opt_mark per slot. Memory from scratch, given back by opt_free(). 0 or -ENOMEM.
 */
int opt_run(const struct exec_prog *prog, const uint8_t *mark, uint32_t forms, struct arena *scratch, struct opt *opt);

/* The same without rewriting anything: there is no copy of the instructions. */
int opt_leave(const struct exec_prog *prog, struct arena *scratch, struct opt *opt);

/* Takes a zeroed struct opt, too. */
void opt_free(struct opt *opt, struct arena *scratch);

/* Whether lookups in such a map are an address computed from its index: base + index * stride below max_entries. */
struct opt_array {
	uint64_t base;
	uint64_t stride;
	uint32_t entries;
};
bool opt_array(struct map *map, struct opt_array *array);

#endif
