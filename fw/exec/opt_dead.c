/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers and stack bytes are read again, and the removal of what writes others.
 *
 * One pass from the end. Where a jump leads back, everything counts as read. What the optimiser asks on its way, before
 * that pass, is mostly answered by the next few slots; else by a pass of its own.
 */
#include "exec/opt_work.h"

#define BIT(reg) ((uint16_t)(1u << (reg)))
#define ARGS     ((uint16_t)0x3e) /* R1 to R5 */
#define SCRATCH  ((uint16_t)0x3f) /* R0 to R5 */
#define ALL      ((uint16_t)0x7ff)
#define NEAR     8 /* slots */

struct effect {
	uint16_t reads;
	uint16_t writes;
	bool pure; /* nothing but what it writes matters */
};

/* The same by instruction: ALL says that the register is meant that dst or src names. */
struct row {
	uint16_t reads_dst, reads_src, writes_dst, writes_src;
	uint16_t reads, writes; /* these registers, whatever dst and src are */
	bool pure;
	bool plain_flow; /* goes on with the next slot, and does what is said here */
};

#define IS_MOVE(op)                                                                                                    \
	((op) == INSN_ALU_MOV || (op) == INSN_ALU_MOVSX8 || (op) == INSN_ALU_MOVSX16 || (op) == INSN_ALU_MOVSX32)
#define BY_REG(form) (INSN_FORM_##form == INSN_FORM_ALU_X || INSN_FORM_##form == INSN_FORM_JMP_X)
#define IS_CMP(op)   (INSN_ATOMIC_##op == INSN_ATOMIC_CMPXCHG)

#define ROW_ALU(op, form)                                                                                              \
	{                                                                                                              \
		.reads_dst = IS_MOVE(INSN_ALU_##op) ? 0 : ALL, .reads_src = BY_REG(form) ? ALL : 0, .writes_dst = ALL, \
		.pure = true, .plain_flow = true                                                                       \
	}
#define ROW_LDX(op, form)                                                                                              \
	{                                                                                                              \
		.reads_src = ALL, .writes_dst = ALL, .pure = true, .plain_flow = true                                  \
	}
#define ROW_LDSX(op, form) ROW_LDX(op, form)
#define ROW_ST(op, form)                                                                                               \
	{                                                                                                              \
		.reads_dst = ALL, .plain_flow = true                                                                   \
	}
#define ROW_STX(op, form)                                                                                              \
	{                                                                                                              \
		.reads_dst = ALL, .reads_src = ALL, .plain_flow = true                                                 \
	}
#define ROW_ATOMIC(op, form)                                                                                           \
	{                                                                                                              \
		.reads_dst = ALL, .reads_src = ALL,                                                                    \
		.writes_src = INSN_ATOMIC_##op >= INSN_ATOMIC_FETCH_ADD && !IS_CMP(op) ? ALL : 0, .reads = IS_CMP(op), \
		.writes = IS_CMP(op), .plain_flow = true                                                               \
	}
#define ROW_JMP(op, form)                                                                                              \
	{                                                                                                              \
		.reads_dst = ALL, .reads_src = BY_REG(form) ? ALL : 0                                                  \
	}
#define ROW_JA(op, form)                                                                                               \
	{                                                                                                              \
		0                                                                                                      \
	}
#define ROW_CALL(op, form)                                                                                             \
	{                                                                                                              \
		.reads = ARGS, .writes = SCRATCH                                                                       \
	}
#define ROW_CALL_LOCAL(op, form)                                                                                       \
	{                                                                                                              \
		.reads = ARGS, .writes = SCRATCH, .plain_flow = true                                                   \
	}
#define ROW_EXIT(op, form)                                                                                             \
	{                                                                                                              \
		.reads = 1                                                                                             \
	}
#define ROW_LD_IMM64(op, form)                                                                                         \
	{                                                                                                              \
		.writes_dst = ALL, .pure = true, .plain_flow = true                                                    \
	}
#define ROW_LD_MAP(op, form)       ROW_LD_IMM64(op, form)
#define ROW_LD_MAP_VALUE(op, form) ROW_LD_IMM64(op, form)
#define ROW_SLOT2(op, form)                                                                                            \
	{                                                                                                              \
		.plain_flow = true                                                                                     \
	}

static const struct row rows[INSN_OPS] = {
#define INSN(id, opcode, sel, value, cls, op, width, form, ...) [INSN_##id] = ROW_##cls(op, form),
#include "insn.def"
#undef INSN
};

static uint16_t helper_reads(int32_t id)
{
	const struct helper *helper = helper_of((uint32_t)id);
	uint16_t reads = 0;

	if (!helper || helper->flags & HELPER_F_TAIL_CALL)
		return ARGS;
	for (unsigned int n = 0; n < ARRAY_SIZE(helper->args); n++)
		if (helper->args[n] != HELPER_ARG_NONE)
			reads |= BIT(n + 1);
	return reads;
}

static inline __attribute__((always_inline)) struct effect plain_effect(const struct insn *insn)
{
	const struct row *row = &rows[insn->op];
	unsigned int dst = BIT(insn->dst), src = BIT(insn->src);

	return (struct effect){
		.reads = (uint16_t)((dst & row->reads_dst) | (src & row->reads_src) | row->reads),
		.writes = (uint16_t)((dst & row->writes_dst) | (src & row->writes_src) | row->writes),
		.pure = row->pure,
	};
}

static struct effect form_effect(const struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	uint16_t dst = BIT(insn->dst), src = BIT(insn->src);

	switch (w->form[i]) {
	case OPT_LEA:
	case OPT_LDX_SWAP:
		return (struct effect){.reads = src, .writes = dst, .pure = true};
	case OPT_COPY:
		return (struct effect){.reads = dst | src};
	case OPT_RMW:
		return (struct effect){.reads = (uint16_t)(dst | (opt_info(w, i)->cls == INSN_CLASS_STX ? src : 0))};
	case OPT_INDEX:
	case OPT_INDEX_MEM:
	case OPT_FIND:
		return (struct effect){.reads = src, .writes = BIT(0), .pure = true};
	default:
		return (struct effect){0};
	}
}

/* What slot i, which is not nothing, does; *live: read behind it, which is what is read before slot i + 1 at first. */
static inline __attribute__((always_inline)) struct effect effect_of(const struct opt_work *w, uint32_t i,
								     uint16_t *live)
{
	const struct insn *insn = &w->insns[i];
	struct effect e;
	uint16_t there;

	if (unlikely(w->form[i] != OPT_PLAIN))
		return form_effect(w, i);
	e = plain_effect(insn);
	if (likely(rows[insn->op].plain_flow))
		return e;
	switch (insn_info[insn->op].cls) {
	case INSN_CLASS_CALL:
		e.reads = helper_reads(insn->imm);
		break;
	case INSN_CLASS_EXIT:
		*live = 0;
		break;
	default:
		there = (uint32_t)insn->imm > i ? w->before[insn->imm] : ALL;
		*live = insn_info[insn->op].cls == INSN_CLASS_JA ? there : *live | there;
	}
	return e;
}

static uint16_t live_before(uint16_t behind, struct effect e)
{
	return (uint16_t)((behind & ~e.writes) | e.reads);
}

/* Fills in before, from slot i on. */
static void learn(struct opt_work *w, uint32_t first)
{
	uint16_t live = 0;

	for (uint32_t i = w->prog->count; i-- > first;) {
		if (w->form[i] != OPT_NOTHING) {
			struct effect e = effect_of(w, i, &live);

			live = live_before(live, e);
		}
		w->before[i] = live;
	}
	w->learned = true;
}

bool opt_dead_is_read(struct opt_work *w, uint32_t i, uint8_t reg)
{
	/* Mostly the answer is near. */
	for (uint32_t n = i + 1; n < w->prog->count && n - i <= NEAR; n++) {
		const struct insn *insn = &w->insns[n];
		struct effect e = plain_effect(insn);

		if (w->form[n] != OPT_PLAIN || !rows[insn->op].plain_flow)
			break;
		if ((e.reads | e.writes) & BIT(reg))
			return e.reads & BIT(reg);
	}
	if (!w->learned)
		learn(w, i);
	return i + 1 < w->prog->count && w->before[i + 1] & BIT(reg);
}

/* The stack as the program reads it; R10 - 512 is byte 0. */
struct reads {
	bool anywhere; /* R10 went where nobody follows it */
	uint64_t bytes[EXEC_STACK_BYTES / 64];
};

static void add_read(struct reads *r, int32_t off, unsigned int width)
{
	for (int32_t at = off + EXEC_STACK_BYTES; width--; at++) {
		if (at < 0 || at >= EXEC_STACK_BYTES)
			r->anywhere = true;
		else
			r->bytes[at / 64] |= 1ULL << at % 64;
	}
}

static bool is_read(const struct reads *r, int32_t off, unsigned int width)
{
	for (int32_t at = off + EXEC_STACK_BYTES; width--; at++)
		if (at < 0 || at >= EXEC_STACK_BYTES || r->bytes[at / 64] >> at % 64 & 1)
			return true;
	return false;
}

/* What slot i does with R10. */
static void take_stack(const struct opt_work *w, uint32_t i, struct reads *r)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);
	bool dst = insn->dst == INSN_FRAME_PTR, src = insn->src == INSN_FRAME_PTR;

	if (!dst && !src)
		return;
	switch (w->form[i]) {
	case OPT_NOTHING:
		return;
	case OPT_COPY:
		if (src)
			add_read(r, insn->imm, info->width);
		return;
	case OPT_RMW:
		if (dst)
			add_read(r, insn->off, info->width);
		r->anywhere |= info->cls == INSN_CLASS_STX && src;
		return;
	case OPT_INDEX_MEM:
	case OPT_FIND:
		add_read(r, insn->off, w->form[i] == OPT_FIND ? (unsigned int)insn->imm64 : 4);
		return;
	case OPT_LDX_SWAP:
		add_read(r, insn->off, info->width);
		return;
	case OPT_PLAIN:
		break;
	default:
		r->anywhere = true;
		return;
	}
	switch (info->cls) {
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		add_read(r, insn->off, info->width);
		return;
	case INSN_CLASS_ST:
		return;
	case INSN_CLASS_STX:
		r->anywhere |= src;
		return;
	default:
		r->anywhere = true;
	}
}

/* From the slot before behind on; of that slot and those that come after it, before is filled in. */
static void remove_unread(struct opt_work *w, uint32_t behind, struct reads *r)
{
	uint16_t live = behind < w->prog->count ? w->before[behind] : 0;

	for (uint32_t i = behind; i-- > 0;) {
		const struct insn *insn = &w->insns[i];

		if (w->form[i] != OPT_NOTHING) {
			struct effect e = effect_of(w, i, &live);

			if (e.pure & !(live & e.writes)) {
				w->form[i] = OPT_NOTHING;
			} else {
				live = live_before(live, e);
				if ((insn->dst == INSN_FRAME_PTR) | (insn->src == INSN_FRAME_PTR) && r)
					take_stack(w, i, r);
			}
		}
		w->before[i] = live;
	}
}

/* Stores to the stack that nothing reads. Returns the slot behind the last of them; 0: there were none. */
static uint32_t remove_stores(struct opt_work *w, const struct reads *r)
{
	uint32_t behind = 0;

	for (uint32_t i = 0; i < w->prog->count; i++) {
		const struct insn *insn = &w->insns[i];
		uint8_t cls;
		bool stores;

		if (insn->dst != INSN_FRAME_PTR)
			continue;
		cls = opt_info(w, i)->cls;
		stores = (w->form[i] == OPT_PLAIN && (cls == INSN_CLASS_ST || cls == INSN_CLASS_STX)) ||
			 w->form[i] == OPT_COPY;
		if (!stores || is_read(r, insn->off, opt_info(w, i)->width))
			continue;
		w->form[i] = OPT_NOTHING;
		behind = i + 1;
	}
	return behind;
}

void opt_dead_remove(struct opt_work *w)
{
	struct reads reads = {0};

	remove_unread(w, w->prog->count, &reads);
	if (!reads.anywhere)
		remove_unread(w, remove_stores(w, &reads), NULL);
}
