/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers and stack bytes are read again, and the removal of what writes others.
 *
 * One pass from the end. Where a jump leads back, what is not written by the next slots there counts as read: mostly it
 * leads to an end that branches share. What the optimiser asks on its way, before that pass, is answered by the next
 * slots on all paths, or not at all.
 */
#include "exec/opt_work.h"

#define BIT(reg) ((uint16_t)(1u << (reg)))
#define ARGS     0x3eu   /* R1 to R5 */
#define SCRATCH  0x3fu   /* R0 to R5 */
#define MATTERS  0x8000u /* no register: what is not registers alone reads and writes this, and it is always read */
#define ALL      (MATTERS | 0x7ffu)
#define NEAR     64 /* slots */
#define FAR      16 /* slots */

/* What is read in the low half, what is written in the high one. */
#define READS(registers)  ((uint32_t)(registers))
#define WRITES(registers) ((uint32_t)(registers) << 16)
#define IMPURE            (READS(MATTERS) | WRITES(MATTERS))
#define NAMED             0x7ffu /* in by_dst and by_src: the register that is named */

/* The same by instruction: masks for the registers that dst and src name, and what is there whatever they are. */
struct row {
	uint32_t by_dst, by_src, fixed;
	bool flows; /* goes on with the next slot, and does what is said here */
};

#define IS_MOVE(op)                                                                                                    \
	((op) == INSN_ALU_MOV || (op) == INSN_ALU_MOVSX8 || (op) == INSN_ALU_MOVSX16 || (op) == INSN_ALU_MOVSX32)
#define BY_REG(form) (INSN_FORM_##form == INSN_FORM_ALU_X || INSN_FORM_##form == INSN_FORM_JMP_X)
#define IS_CMP(op)   (INSN_ATOMIC_##op == INSN_ATOMIC_CMPXCHG)
#define FETCHES(op)  (INSN_ATOMIC_##op >= INSN_ATOMIC_FETCH_ADD && !IS_CMP(op))

#define ROW_ALU(op, form)                                                                                              \
	{                                                                                                              \
		WRITES(NAMED) | (IS_MOVE(INSN_ALU_##op) ? 0 : READS(NAMED)), BY_REG(form) ? READS(NAMED) : 0, 0, true  \
	}
#define ROW_LDX(op, form)                                                                                              \
	{                                                                                                              \
		WRITES(NAMED), READS(NAMED), 0, true                                                                   \
	}
#define ROW_LDSX(op, form) ROW_LDX(op, form)
#define ROW_ST(op, form)                                                                                               \
	{                                                                                                              \
		READS(NAMED), 0, IMPURE, true                                                                          \
	}
#define ROW_STX(op, form)                                                                                              \
	{                                                                                                              \
		READS(NAMED), READS(NAMED), IMPURE, true                                                               \
	}
#define ROW_ATOMIC(op, form)                                                                                           \
	{                                                                                                              \
		READS(NAMED), READS(NAMED) | (FETCHES(op) ? WRITES(NAMED) : 0),                                        \
			IMPURE | (IS_CMP(op) ? READS(1) | WRITES(1) : 0), true                                         \
	}
#define ROW_JMP(op, form)                                                                                              \
	{                                                                                                              \
		READS(NAMED), BY_REG(form) ? READS(NAMED) : 0, IMPURE, false                                           \
	}
#define ROW_JA(op, form)                                                                                               \
	{                                                                                                              \
		0, 0, IMPURE, false                                                                                    \
	}
#define ROW_CALL(op, form)                                                                                             \
	{                                                                                                              \
		0, 0, IMPURE | READS(ARGS) | WRITES(SCRATCH), false                                                    \
	}
#define ROW_CALL_LOCAL(op, form)                                                                                       \
	{                                                                                                              \
		0, 0, IMPURE | READS(ARGS) | WRITES(SCRATCH), true                                                     \
	}
#define ROW_EXIT(op, form)                                                                                             \
	{                                                                                                              \
		0, 0, IMPURE | READS(1), false                                                                         \
	}
#define ROW_LD_IMM64(op, form)                                                                                         \
	{                                                                                                              \
		WRITES(NAMED), 0, 0, true                                                                              \
	}
#define ROW_LD_MAP(op, form)       ROW_LD_IMM64(op, form)
#define ROW_LD_MAP_VALUE(op, form) ROW_LD_IMM64(op, form)
#define ROW_SLOT2(op, form)                                                                                            \
	{                                                                                                              \
		0, 0, IMPURE, true                                                                                     \
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

static inline uint32_t plain_effect(const struct insn *insn)
{
	const struct row *row = &rows[insn->op];
	const uint32_t both = READS(1) | WRITES(1);

	return (both << insn->dst & row->by_dst) | (both << insn->src & row->by_src) | row->fixed;
}

static inline uint32_t call_effect(const struct insn *insn)
{
	return IMPURE | READS(helper_reads(insn->imm)) | WRITES(SCRATCH);
}

static uint32_t form_effect(const struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	uint32_t dst = BIT(insn->dst), src = BIT(insn->src);

	switch (w->form[i]) {
	case OPT_LEA:
	case OPT_LDX_SWAP:
		return READS(src) | WRITES(dst);
	case OPT_COPY:
		return IMPURE | READS(dst | src);
	case OPT_RMW:
		return IMPURE | READS(dst | (opt_info(w, i)->cls == INSN_CLASS_STX ? src : 0));
	case OPT_INDEX_RMW:
		return IMPURE | READS(dst);
	case OPT_INDEX:
	case OPT_INDEX_MEM:
	case OPT_FIND:
	case OPT_FIND_REG:
		return READS(src) | WRITES(1);
	default:
		return IMPURE;
	}
}

/* What slot i, which is not nothing, does. */
static uint32_t effect_of(const struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];

	if (w->form[i] != OPT_PLAIN)
		return form_effect(w, i);
	return insn->op == INSN_CALL ? call_effect(insn) : plain_effect(insn);
}

/* What is read from slot at on, where a jump leads back: up to the next branch it is known, then it may be anything. */
static uint32_t live_back(const struct opt_work *w, uint32_t at)
{
	uint32_t read = 0, open = ALL;

	for (uint32_t n = 0; n < FAR && at < w->prog->count; n++, at++) {
		const struct insn *insn = &w->insns[at];
		bool plain = w->form[at] == OPT_PLAIN;
		uint32_t effect;

		if (w->form[at] == OPT_NOTHING)
			continue;
		if (plain && insn_info[insn->op].cls == INSN_CLASS_JA) {
			at = (uint32_t)insn->imm - 1;
			continue;
		}
		effect = effect_of(w, at);
		read |= open & effect;
		open &= ~(effect >> 16) | MATTERS;
		if (plain && insn->op == INSN_EXIT)
			return (read | MATTERS) & UINT16_MAX;
		if (plain && insn_info[insn->op].cls == INSN_CLASS_JMP)
			break;
	}
	return (read | open) & UINT16_MAX;
}

/* What is read behind slot i, which is plain and need not just go on, if so much is read before slot i + 1. */
static uint32_t live_behind(const struct opt_work *w, uint32_t i, uint32_t live)
{
	const struct insn *insn = &w->insns[i];
	uint8_t cls = insn_info[insn->op].cls;
	uint32_t to = (uint32_t)insn->imm, there;

	if (rows[insn->op].flows || cls == INSN_CLASS_CALL)
		return live;
	if (cls == INSN_CLASS_EXIT)
		return MATTERS;
	there = to > i ? w->before[to] : live_back(w, to);
	return cls == INSN_CLASS_JA ? there : live | there;
}

static inline uint32_t live_before(uint32_t behind, uint32_t effect)
{
	return (behind & ~(effect >> 16)) | (effect & UINT16_MAX);
}

/* Whether reg is read from slot i on before it is written, or nobody knows after as many slots. */
static bool is_needed(const struct opt_work *w, uint32_t i, uint16_t reg, unsigned int *slots)
{
	for (; i < w->prog->count; i++) {
		const struct insn *insn = &w->insns[i];
		uint8_t cls = insn_info[insn->op].cls;
		uint32_t effect;

		if (!(*slots)--) {
			*slots = 0;
			return true;
		}
		if (w->form[i] == OPT_NOTHING)
			continue;
		effect = effect_of(w, i);
		if (effect & (READS(reg) | WRITES(reg)) || (w->form[i] == OPT_PLAIN && cls == INSN_CLASS_EXIT))
			return effect & READS(reg);
		if (w->form[i] != OPT_PLAIN)
			continue;
		if (cls == INSN_CLASS_JMP && is_needed(w, (uint32_t)insn->imm, reg, slots))
			return true;
		if (cls == INSN_CLASS_JA)
			i = (uint32_t)insn->imm - 1;
	}
	return false;
}

bool opt_dead_is_read(const struct opt_work *w, uint32_t i, uint8_t reg)
{
	unsigned int slots = NEAR;

	return is_needed(w, i + 1, BIT(reg), &slots);
}

/* The stack as the program reads it; R10 - 512 is byte 0. */
struct reads {
	bool anywhere; /* R10 went where nobody follows it */
	bool copied;   /* bytes of it are copied elsewhere */
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
		r->copied |= src;
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

/*
 * Slot i changes memory at R0, which is not read behind: mostly it counts in the element that was looked up just
 * before, whose address nobody needs then.
 */
static void join_index(struct opt_work *w, uint32_t i)
{
	struct insn *insn = &w->insns[i];
	const struct insn *index;
	uint32_t from = i;

	if (!opt_knows(w, OPT_INDEX_RMW) || insn_info[insn->op].cls != INSN_CLASS_ST)
		return;
	do {
		if (!from || opt_is_target(w, from))
			return;
		from--;
	} while (w->form[from] == OPT_NOTHING);
	index = &w->insns[from];
	if (w->form[from] != OPT_INDEX || !index->imm64)
		return;
	insn->dst = index->src;
	insn->imm64 = (int64_t)((uint64_t)index->imm << 32 | (uint32_t)insn->imm64);
	w->form[i] = OPT_INDEX_RMW;
	w->form[from] = OPT_NOTHING;
}

static void remove_unread(struct opt_work *w, struct reads *r)
{
	const struct insn *insns = w->insns;
	uint16_t *before = w->before;
	uint8_t *form = w->form;
	uint32_t live = MATTERS;

	for (uint32_t i = w->prog->count; i-- > 0; before[i] = (uint16_t)live) {
		uint32_t effect;

		if (likely(form[i] == OPT_PLAIN && rows[insns[i].op].flows)) {
			effect = plain_effect(&insns[i]);
		} else {
			if (form[i] == OPT_NOTHING)
				continue;
			if (form[i] == OPT_RMW && insns[i].dst == 0 && !(live & BIT(0)))
				join_index(w, i);
			if (form[i] == OPT_PLAIN)
				live = live_behind(w, i, live);
			effect = effect_of(w, i);
		}
		if (!(live & effect >> 16)) {
			form[i] = OPT_NOTHING;
			continue;
		}
		live = live_before(live, effect);
		if (unlikely(effect & READS(BIT(INSN_FRAME_PTR))))
			take_stack(w, i, r);
	}
}

/* The same once more after stores before slot behind were removed: mostly nothing changes. */
static void remove_again(struct opt_work *w, uint32_t behind)
{
	uint32_t live = behind < w->prog->count ? w->before[behind] : MATTERS;
	uint16_t *before = w->before;
	bool same = true;

	for (uint32_t i = behind; i-- > 0;) {
		const uint32_t old = before[i];

		if (w->form[i] != OPT_NOTHING) {
			if (same && w->form[i] == OPT_PLAIN && rows[w->insns[i].op].flows) {
				live = old;
				continue;
			}
			uint32_t effect = effect_of(w, i);

			if (w->form[i] == OPT_PLAIN)
				live = live_behind(w, i, live);
			if (!(live & effect >> 16))
				w->form[i] = OPT_NOTHING;
			else
				live = live_before(live, effect);
		}
		before[i] = (uint16_t)live;
		same = live == old;
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

/* Bytes of the stack or these registers change. */
static void drop_cells(struct opt_work *w, int32_t off, int32_t width, uint32_t registers)
{
	for (uint32_t n = 0; n < w->cells;) {
		const struct opt_cell *c = &w->cell[n];

		if (registers >> c->reg & 1 || (off < c->off + c->width && c->off < off + width))
			w->cell[n] = w->cell[--w->cells];
		else
			n++;
	}
}

/* Stores the register that the copied bytes were stored from, if it still has them. */
static bool copy_register(struct opt_work *w, uint32_t i)
{
	struct insn *insn = &w->insns[i];

	for (uint32_t n = 0; n < w->cells; n++) {
		const struct opt_cell *c = &w->cell[n];

		if (c->off != insn->imm || c->width != opt_info(w, i)->width)
			continue;
		*insn = (struct insn){.op = insn->op, .dst = insn->dst, .src = c->reg, .off = insn->off};
		w->form[i] = OPT_PLAIN;
		return true;
	}
	return false;
}

/*
 * Copies from the stack of what was stored there in the same block: with the loads gone that became part of copies,
 * registers keep their values for longer. R10 went nowhere. Returns whether there were some.
 */
static bool copy_registers(struct opt_work *w)
{
	bool any = false;

	w->cells = 0;
	for (uint32_t i = 0; i < w->prog->count; i++) {
		const struct insn *insn = &w->insns[i];
		const struct insn_info *info = opt_info(w, i);
		bool stores = info->cls == INSN_CLASS_ST || info->cls == INSN_CLASS_STX;
		uint32_t effect;

		if (opt_is_target(w, i))
			w->cells = 0;
		if (w->form[i] == OPT_NOTHING)
			continue;
		if (w->form[i] == OPT_COPY && insn->src == INSN_FRAME_PTR)
			any |= copy_register(w, i);
		effect = effect_of(w, i);
		if ((effect & READS(MATTERS) && !stores) || info->cls == INSN_CLASS_CALL)
			w->cells = 0;
		stores &= insn->dst == INSN_FRAME_PTR;
		drop_cells(w, insn->off, stores ? info->width : 0, effect >> 16);
		if (stores && w->form[i] == OPT_PLAIN && info->cls == INSN_CLASS_STX && w->cells < OPT_CELLS)
			w->cell[w->cells++] =
				(struct opt_cell){.off = insn->off, .width = info->width, .reg = insn->src};
	}
	return any;
}

void opt_dead_remove(struct opt_work *w)
{
	struct reads reads = {0};

	remove_unread(w, &reads);
	if (!reads.anywhere && reads.copied && copy_registers(w)) {
		reads = (struct reads){0};
		remove_unread(w, &reads);
	}
	if (!reads.anywhere)
		remove_again(w, remove_stores(w, &reads));
}
