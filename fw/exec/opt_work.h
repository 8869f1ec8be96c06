/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the optimiser share: opt.c goes over the program, opt_bytes.c joins accesses, opt_dead.c removes.
 */
#ifndef FW_EXEC_OPT_WORK_H
#define FW_EXEC_OPT_WORK_H

#include "exec/jit.h"
#include "exec/opt.h"
#include "helper.h"

/* Where a pointer leads. Verified programs reach one only from the other by adding numbers that stay inside. */
enum opt_region {
	OPT_REGION_NONE, /* not known, or no pointer */
	OPT_REGION_CTX,
	OPT_REGION_STACK, /* of any of the run's functions */
	OPT_REGION_PACKET,
	OPT_REGION_VALUE, /* of a map */
	OPT_REGIONS,
};

/*
 * What is known of a register on all paths: at most so many bits (0 to 64) are significant, or one of the regions (128
 * and more), where OPT_FACT_NULL says that it may be null instead.
 */
#define OPT_FACT_ANY     64
#define OPT_FACT_POINTER 128
#define OPT_FACT_NULL    64

#define OPT_FACTS 16 /* the registers, and as many more as make a vector */

struct opt_facts {
	uint8_t of[OPT_FACTS];
	bool seen;
};

/* What a store to the stack left there; of this block. */
struct opt_cell {
	int32_t off; /* from R10 */
	uint8_t width;
	bool is_constant;
	uint8_t reg;
	uint32_t version; /* of the register */
	uint64_t constant;
};

#define OPT_CELLS   8
#define OPT_RECORDS 32
#define OPT_COPIES  16

/* A load of this block, as the origin of bytes in registers. */
struct opt_record {
	uint8_t base;
	uint8_t region;
	uint8_t width;
	uint32_t version;
	int32_t off;
};

/* A byte of a register: 0, OPT_BYTE_ANY, or byte n of record r as 1 + r * 8 + n. */
#define OPT_BYTE_ANY UINT16_MAX

struct opt_bytes {
	uint16_t of[8];
};

/* A store of loaded bytes, not yet joined with others. */
struct opt_copy {
	uint32_t slot;
	int32_t off;
	uint8_t width;
};

/* Stores from one base to another at one distance. */
struct opt_copies {
	uint32_t count;
	uint8_t to, from; /* registers */
	uint8_t to_region, from_region;
	uint32_t to_version, from_version;
	int32_t distance;  /* source offset less destination offset */
	int32_t low, high; /* destination offsets: from, to behind */
	struct opt_copy of[OPT_COPIES];
};

struct opt_work {
	const struct exec_prog *prog;
	const uint8_t *mark;
	uint32_t forms;
	struct insn *insns;
	uint8_t *form;
	uint16_t *before;     /* per slot: registers that are read there or behind before they are written */
	struct opt_facts *at; /* per slot that is jumped to */

	struct opt_facts facts;
	/* Of this block: */
	uint16_t known; /* registers with a value: a number; a map's index; the distance to R10 */
	uint64_t value[INSN_MAX_REG];
	uint32_t version[INSN_MAX_REG]; /* counts writes */
	uint16_t copies_known;          /* registers with an entry in copy */
	struct opt_same {
		uint8_t reg;
		uint32_t version, own; /* of reg and of the copy */
	} copy[INSN_MAX_REG];
	uint32_t cells;
	struct opt_cell cell[OPT_CELLS];
	uint32_t records;
	struct opt_record record[OPT_RECORDS];
	uint32_t live;                     /* bit n: memory still holds what record n loaded */
	uint32_t live_in[OPT_REGIONS + 1]; /* by region: the records of loads from there, live or not */
	uint16_t bytes_known;              /* registers with an entry in bytes */
	struct opt_bytes bytes[INSN_MAX_REG];
	struct opt_copies copies;
};

static inline bool opt_knows(const struct opt_work *w, enum opt_form form)
{
	return w->forms >> form & 1;
}

static inline const struct insn_info *opt_info(const struct opt_work *w, uint32_t i)
{
	return &insn_info[w->insns[i].op];
}

static inline bool opt_is_target(const struct opt_work *w, uint32_t i)
{
	return w->mark[i] & (JIT_MARK_TARGET | JIT_MARK_FUNC);
}

static inline bool opt_is_context(const struct opt_work *w, uint32_t i)
{
	return w->prog->access[i] == EXEC_ACCESS_CTX;
}

static inline enum opt_region opt_region(const struct opt_work *w, uint8_t reg)
{
	uint8_t fact = w->facts.of[reg];

	return fact & OPT_FACT_POINTER ? (enum opt_region)(fact & (OPT_FACT_NULL - 1)) : OPT_REGION_NONE;
}

/* Facts as they are made and asked for, and what a slot writes. */

static inline uint8_t opt_pointer(enum opt_region region, bool may_be_null)
{
	return (uint8_t)(OPT_FACT_POINTER | (may_be_null ? OPT_FACT_NULL : 0) | region);
}

static inline bool opt_is_pointer(uint8_t fact)
{
	return fact & OPT_FACT_POINTER;
}

static inline unsigned int opt_bits_of(const struct opt_work *w, uint8_t reg)
{
	uint8_t fact = w->facts.of[reg];

	return opt_is_pointer(fact) ? 64 : fact;
}

static inline unsigned int opt_bits_in(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

static inline void opt_wrote(struct opt_work *w, uint8_t reg, uint8_t fact)
{
	w->facts.of[reg] = fact;
	w->known &= (uint16_t) ~(1u << reg);
	w->version[reg]++;
}

static inline void opt_wrote_value(struct opt_work *w, uint8_t reg, uint8_t fact, uint64_t value)
{
	opt_wrote(w, reg, fact);
	w->known |= (uint16_t)(1u << reg);
	w->value[reg] = value;
}

static inline bool opt_is_known(const struct opt_work *w, uint8_t reg)
{
	return w->known >> reg & 1;
}

static inline bool opt_is_constant(const struct opt_work *w, uint8_t reg)
{
	return opt_is_known(w, reg) && !opt_is_pointer(w->facts.of[reg]);
}

/* Whether reg is R10 plus a known distance. */
static inline bool opt_is_stack(const struct opt_work *w, uint8_t reg, int64_t *distance)
{
	if (!opt_is_known(w, reg) || opt_region(w, reg) != OPT_REGION_STACK)
		return false;
	*distance = (int64_t)w->value[reg];
	return true;
}

/* Whether memory at one base and another may be the same: unknown regions may be anything. */
static inline bool opt_may_meet(uint8_t a, uint8_t b)
{
	return a == b || a == OPT_REGION_NONE || b == OPT_REGION_NONE;
}

/* opt_bytes.c: before slot i is taken account of. */
void opt_bytes_load(struct opt_work *w, uint32_t i);
void opt_bytes_store(struct opt_work *w, uint32_t i);
void opt_bytes_follow(struct opt_work *w, uint32_t i);
/* Follows arithmetic; rewrites slot i where it completes what one load could have loaded. */
static inline void opt_bytes_alu(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];

	/* Mostly nothing is known; without records nothing is. */
	if (w->records && unlikely((w->bytes_known & (1u << insn->dst | 1u << insn->src)) || insn->op == INSN_MOV64_K ||
				   insn->op == INSN_MOV32_K))
		opt_bytes_follow(w, i);
}
/* Whether reg was loaded from memory that changed since: what is loaded anew may be joined better. */
bool opt_bytes_outdated(const struct opt_work *w, uint8_t reg);
/* Something else touches memory, or the block ends. */
void opt_bytes_flush(struct opt_work *w);
void opt_bytes_reset(struct opt_work *w);

/* opt.c */
/* What is stored on the stack at R10 + off, or NULL. */
const struct opt_cell *opt_find_cell(const struct opt_work *w, int64_t off);
/* dst = value, in one slot. */
void opt_set_constant(struct opt_work *w, uint32_t i, uint8_t dst, uint64_t value, bool is_address);

/* opt_call.c */
void opt_call(struct opt_work *w, uint32_t i);
/* Whether the call at slot i is a lookup whose map is known and that is not going to need R1. */
bool opt_call_has_map(const struct opt_work *w, uint32_t i);

/* opt_update.c */
/* Slot i is an atomic operation. Returns whether it was rewritten. */
bool opt_update_atomic(struct opt_work *w, uint32_t i);

/* opt_dead.c */
/* Whether reg, not R10, may be read behind slot i before it is written. */
bool opt_dead_is_read(const struct opt_work *w, uint32_t i, uint8_t reg);
/* Removes what has no effect. */
void opt_dead_remove(struct opt_work *w);

#endif
