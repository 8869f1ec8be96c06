/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The optimiser's way through a program: once from the front with what is known of each register, then once or twice
 * from the end to remove what nobody needs (opt_dead.c).
 *
 * What is known of all paths (struct opt_facts) meets at jump targets; where a jump leads back nothing is known.
 * Values, stack cells and bytes (opt_bytes.c) are known within a block. Everything relies on the program being
 * verified: a pointer's base says where an access goes, loads have no effects.
 */
#include "exec/alu.h"
#include "exec/jit.h"
#include "exec/opt_work.h"

#define CTX_DATA      0
#define CTX_DATA_META 8

/* Facts */

/* What is known of both. Without branches: it is asked of all registers at once. */
static inline uint8_t meet(uint8_t a, uint8_t b)
{
	uint8_t number = a > b ? a : b;
	uint8_t pointer = (a ^ b) & (uint8_t)~OPT_FACT_NULL ? OPT_FACT_ANY : a | b;

	return (a | b) & OPT_FACT_POINTER ? pointer : number;
}

static void meet_facts(struct opt_facts *restrict to, const struct opt_facts *restrict from)
{
	if (!to->seen) {
		*to = *from;
		to->seen = true;
		return;
	}
	for (unsigned int n = 0; n < OPT_FACTS; n++)
		to->of[n] = meet(to->of[n], from->of[n]);
}

static void nothing_known(struct opt_facts *facts)
{
	mem_set(facts->of, OPT_FACT_ANY, sizeof(facts->of));
	facts->of[INSN_FRAME_PTR] = opt_pointer(OPT_REGION_STACK, false);
}

static void new_block(struct opt_work *w)
{
	opt_bytes_flush(w);
	opt_bytes_reset(w);
	w->cells = 0;
	w->copies_known = 0;
	w->known = 1u << INSN_FRAME_PTR;
	w->value[INSN_FRAME_PTR] = 0;
}

/* Slot i is jumped to, and reached from the slot before if falls. */
static void enter_target(struct opt_work *w, uint32_t i, bool falls)
{
	/* No jump that is left leads here: the block goes on. */
	if (falls && !w->at[i].seen && !(w->mark[i] & (JIT_MARK_BACK | JIT_MARK_FUNC)))
		return;
	new_block(w);
	/* What leads back to an EXIT has its say there: leave_back(). */
	if (w->mark[i] & JIT_MARK_FUNC || (w->mark[i] & JIT_MARK_BACK && w->insns[i].op != INSN_EXIT)) {
		nothing_known(&w->facts);
		return;
	}
	if (falls)
		meet_facts(&w->at[i], &w->facts);
	if (w->at[i].seen)
		w->facts = w->at[i];
	else
		nothing_known(&w->facts);
}

/* The stack's cells */

static void forget_cells(struct opt_work *w, int64_t off, int64_t width)
{
	for (uint32_t n = 0; n < w->cells;) {
		struct opt_cell *c = &w->cell[n];

		if (off < c->off + c->width && c->off < off + width)
			*c = w->cell[--w->cells];
		else
			n++;
	}
}

const struct opt_cell *opt_find_cell(const struct opt_work *w, int64_t off)
{
	for (uint32_t n = 0; n < w->cells; n++) {
		const struct opt_cell *c = &w->cell[n];

		if (c->off == off && (c->is_constant || w->version[c->reg] == c->version))
			return c;
	}
	return NULL;
}

static void store_cell(struct opt_work *w, uint32_t i, int64_t off)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);
	struct opt_cell cell = {.off = (int32_t)off, .width = info->width, .reg = insn->src};

	cell.version = w->version[insn->src];
	if (info->cls == INSN_CLASS_ST) {
		cell.is_constant = true;
		cell.constant = (uint64_t)(int64_t)insn->imm;
	} else if (opt_is_constant(w, insn->src)) {
		cell.is_constant = true;
		cell.constant = w->value[insn->src];
	}
	if (w->cells == OPT_CELLS)
		w->cell[0] = w->cell[--w->cells];
	w->cell[w->cells++] = cell;
}

/* A store or atomic operation at slot i. */
static void store(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);
	bool plain = w->form[i] == OPT_PLAIN && (info->cls == INSN_CLASS_ST || info->cls == INSN_CLASS_STX);
	int64_t distance;

	if (!opt_may_meet((uint8_t)opt_region(w, insn->dst), OPT_REGION_STACK))
		return;
	if (!opt_is_stack(w, insn->dst, &distance)) {
		w->cells = 0;
		return;
	}
	forget_cells(w, distance + insn->off, info->width);
	if (plain)
		store_cell(w, i, distance + insn->off);
}

/* Rewriting */

static void set_nothing(struct opt_work *w, uint32_t i)
{
	if (opt_knows(w, OPT_NOTHING))
		w->form[i] = OPT_NOTHING;
}

/* dst = value, in one slot. */
void opt_set_constant(struct opt_work *w, uint32_t i, uint8_t dst, uint64_t value, bool is_address)
{
	w->insns[i] = (struct insn){
		.op = is_address ? INSN_LD_MAP_VALUE : INSN_LD_IMM64, .dst = dst, .imm64 = (int64_t)value};
}

/* dst = src, of which only the low width bytes are asked for and the others are to be 0. */
static bool set_move(struct opt_work *w, uint32_t i, uint8_t dst, uint8_t src, unsigned int width)
{
	bool narrow = opt_bits_of(w, src) <= 8 * width;

	if (width != 8 && width != 4 && !narrow)
		return false;
	if (dst == src && (narrow || width == 8))
		set_nothing(w, i);
	if (w->form[i] == OPT_PLAIN)
		w->insns[i] =
			(struct insn){.op = narrow || width == 8 ? INSN_MOV64_X : INSN_MOV32_X, .dst = dst, .src = src};
	return true;
}

/* Whether [p, p + width) is in a map that neither commands nor programs can ever write again. */
static bool is_frozen(const struct opt_work *w, uint64_t p, unsigned int width)
{
	for (uint32_t n = 0; n < w->prog->num_maps; n++) {
		const struct map *map = w->prog->maps[n];

		if (map->frozen && !map_prog_can_write(&map->attr) &&
		    map->ops->owns(map, (const void *)(uintptr_t)p, width))
			return true;
	}
	return false;
}

static uint64_t narrow(uint64_t value, unsigned int width)
{
	return width == 8 ? value : value & ((1ULL << 8 * width) - 1);
}

/* dst, just written, is what src is. */
static void copied(struct opt_work *w, uint8_t dst, uint8_t src)
{
	w->copy[dst] = (struct opt_same){.reg = src, .version = w->version[src], .own = w->version[dst]};
	w->copies_known |= (uint16_t)(1u << dst);
}

/* The register that reg was copied from if it still is the same, else reg. */
static uint8_t original(const struct opt_work *w, uint8_t reg)
{
	const struct opt_same *c = &w->copy[reg];

	if (!(w->copies_known >> reg & 1) || c->own != w->version[reg] || c->version != w->version[c->reg])
		return reg;
	return c->reg;
}

/* A load from frozen memory or of what the block stored on the stack. Returns whether slot i was rewritten. */
static bool fold_load(struct opt_work *w, uint32_t i)
{
	const struct insn insn = w->insns[i];
	unsigned int width = opt_info(w, i)->width;
	const struct opt_cell *cell;
	int64_t distance;
	uint64_t value = 0;
	uint8_t fact;

	if (opt_region(w, insn.src) == OPT_REGION_VALUE && opt_is_known(w, insn.src)) {
		uint64_t p = w->value[insn.src] + (uint64_t)(int64_t)insn.off;

		if (!is_frozen(w, p, width))
			return false;
		mem_copy(&value, (const void *)(uintptr_t)p, width);
		opt_set_constant(w, i, insn.dst, value, false);
		opt_wrote_value(w, insn.dst, (uint8_t)opt_bits_in(value), value);
		return true;
	}
	cell = opt_is_stack(w, insn.src, &distance) ? opt_find_cell(w, distance + insn.off) : NULL;
	if (!cell || cell->width != width)
		return false;
	if (cell->is_constant) {
		value = narrow(cell->constant, width);
		opt_set_constant(w, i, insn.dst, value, false);
		opt_wrote_value(w, insn.dst, (uint8_t)opt_bits_in(value), value);
		return true;
	}
	fact = w->facts.of[cell->reg];
	if (opt_bytes_outdated(w, cell->reg) || !set_move(w, i, insn.dst, cell->reg, width))
		return false;
	if (w->form[i] == OPT_NOTHING)
		return true;
	opt_wrote(w, insn.dst, width == 8 ? fact : (uint8_t)MIN(opt_is_pointer(fact) ? 64u : fact, 8 * width));
	if (w->insns[i].op == INSN_MOV64_X)
		copied(w, insn.dst, cell->reg);
	return true;
}

static void load(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);
	uint8_t fact = (uint8_t)(8 * info->width);

	if (opt_is_context(w, i)) {
		if (insn->off == CTX_DATA || insn->off == CTX_DATA_META)
			fact = opt_pointer(OPT_REGION_PACKET, false);
		else if (insn->off == 4)
			fact = OPT_FACT_ANY; /* the end: a pointer that nothing is accessed by */
	} else if (info->cls == INSN_CLASS_LDSX) {
		fact = OPT_FACT_ANY;
	} else if (fold_load(w, i)) {
		opt_bytes_alu(w, i);
		return;
	}
	opt_bytes_load(w, i);
	opt_wrote(w, insn->dst, fact);
}

/* load, add, store of the same memory in slots i to i + 2 */
static void join_update(struct opt_work *w, uint32_t i)
{
	const struct insn *load_insn = &w->insns[i], *alu, *store_insn;
	const struct insn_info *info, *load_info = opt_info(w, i);
	uint8_t reg = load_insn->dst, base = load_insn->src;

	if (!opt_knows(w, OPT_RMW) || i + 2 >= w->prog->count || opt_is_target(w, i + 1) || opt_is_target(w, i + 2) ||
	    opt_is_context(w, i) || reg == base)
		return;
	alu = &w->insns[i + 1];
	store_insn = &w->insns[i + 2];
	info = &insn_info[alu->op];
	if (info->cls != INSN_CLASS_ALU || alu->dst != reg || load_info->cls != INSN_CLASS_LDX ||
	    load_info->width > info->width)
		return;
	switch (info->op) {
	case INSN_ALU_ADD:
	case INSN_ALU_SUB:
	case INSN_ALU_AND:
	case INSN_ALU_OR:
	case INSN_ALU_XOR:
		break;
	default:
		return;
	}
	if (info->form == INSN_FORM_ALU_X && alu->src == reg)
		return;
	if (insn_info[store_insn->op].cls != INSN_CLASS_STX || insn_info[store_insn->op].width != load_info->width ||
	    store_insn->dst != base || store_insn->src != reg || store_insn->off != load_insn->off ||
	    opt_dead_is_read(w, i + 2, reg))
		return;
	w->insns[i + 2] = (struct insn){
		.op = (uint8_t)(info->form == INSN_FORM_ALU_K ? store_insn->op - INSN_STX8 + INSN_ST8 : store_insn->op),
		.dst = base,
		.src = info->form == INSN_FORM_ALU_K ? 0 : alu->src,
		.off = store_insn->off,
		.imm = info->op,
		.imm64 = info->form == INSN_FORM_ALU_K ? alu->imm : 0,
	};
	w->form[i + 2] = OPT_RMW;
	w->form[i] = w->form[i + 1] = OPT_NOTHING;
}

/* Arithmetic */

/* The significant bits of what is in src, or of the immediate. */
static inline unsigned int bits_of_operand(const struct opt_work *w, const struct insn *insn,
					   const struct insn_info *info)
{
	if (info->form == INSN_FORM_ALU_X)
		return opt_bits_of(w, insn->src);
	return insn->imm < 0 ? 8u * info->width : opt_bits_in((uint32_t)insn->imm);
}

/* How many bits of dst are significant behind it. */
static uint8_t alu_bits(const struct opt_work *w, const struct insn *insn, const struct insn_info *info)
{
	unsigned int limit = 8u * info->width, a = opt_bits_of(w, insn->dst), bits;
	unsigned int by = (uint32_t)insn->imm & (limit - 1);
	bool by_register = info->form == INSN_FORM_ALU_X;

	switch (info->op) {
	case INSN_ALU_MOV:
		bits = bits_of_operand(w, insn, info);
		break;
	case INSN_ALU_AND:
		bits = bits_of_operand(w, insn, info);
		bits = MIN(a, bits);
		break;
	case INSN_ALU_OR:
	case INSN_ALU_XOR:
		bits = bits_of_operand(w, insn, info);
		bits = MAX(a, bits);
		break;
	case INSN_ALU_ADD:
		bits = bits_of_operand(w, insn, info);
		bits = MAX(a, bits) + 1;
		break;
	case INSN_ALU_LSH:
		bits = by_register ? limit : a + by;
		break;
	case INSN_ALU_RSH:
		a = MIN(a, limit);
		bits = by_register ? a : a > by ? a - by : 0;
		break;
	case INSN_ALU_LE16:
	case INSN_ALU_BSWAP16:
		return 16;
	case INSN_ALU_LE32:
	case INSN_ALU_BSWAP32:
		return 32;
	default:
		return (uint8_t)limit;
	}
	return (uint8_t)MIN(bits, limit);
}

/* What a pointer that is moved or added to leads to. */
static __attribute__((noinline)) uint8_t alu_pointer(const struct opt_work *w, const struct insn *insn,
						     const struct insn_info *info)
{
	uint8_t dst = w->facts.of[insn->dst], src = w->facts.of[insn->src];
	bool by_register = info->form == INSN_FORM_ALU_X;

	if (info->width != 8)
		return OPT_FACT_ANY;
	if (info->op == INSN_ALU_MOV && by_register && opt_is_pointer(src))
		return src;
	if (info->op != INSN_ALU_ADD && info->op != INSN_ALU_SUB)
		return OPT_FACT_ANY;
	/* What is subtracted and not known to be a number may be a pointer, too: then the result is a number. */
	if (opt_is_pointer(dst) && info->op == INSN_ALU_SUB && by_register && src == OPT_FACT_ANY)
		return OPT_FACT_ANY;
	if (opt_is_pointer(dst) && !(by_register && opt_is_pointer(src)))
		return dst;
	if (info->op == INSN_ALU_ADD && by_register && opt_is_pointer(src))
		return src;
	return OPT_FACT_ANY;
}

/* The value in dst behind slot i. */
static bool alu_value(const struct opt_work *w, const struct insn *insn, const struct insn_info *info, uint8_t fact,
		      uint64_t *value)
{
	uint64_t operand = (uint64_t)(int64_t)insn->imm;

	if (info->form == INSN_FORM_ALU_X) {
		if (!opt_is_known(w, insn->src))
			return false;
		operand = w->value[insn->src];
	}
	if (info->op == INSN_ALU_MOV &&
	    (info->width == 8 || !opt_is_pointer(w->facts.of[insn->src]) || info->form == INSN_FORM_ALU_K)) {
		*value = info->width == 8 ? operand : (uint32_t)operand;
		return true;
	}
	if (!opt_is_known(w, insn->dst) || (info->op != INSN_ALU_ADD && info->op != INSN_ALU_SUB))
		return false;
	if (opt_is_pointer(fact)) {
		/* Distances and addresses; a map is no place. */
		if (opt_region(w, insn->dst) != OPT_REGION_STACK && opt_region(w, insn->dst) != OPT_REGION_VALUE)
			return false;
		if (info->form == INSN_FORM_ALU_X && opt_is_pointer(w->facts.of[insn->src]))
			return false;
	} else if (opt_is_pointer(w->facts.of[insn->dst])) {
		return false;
	}
	*value = alu_eval((enum insn_alu)info->op, info->width, w->value[insn->dst], operand);
	return true;
}

/* Whether slot i changes nothing: it masks what is 0, or moves a register to itself. */
static bool is_idle(const struct opt_work *w, const struct insn *insn, const struct insn_info *info)
{
	unsigned int bits = opt_bits_of(w, insn->dst);

	if (info->op == INSN_ALU_AND && info->form == INSN_FORM_ALU_K && insn->imm > 0 &&
	    !((uint32_t)insn->imm & ((uint32_t)insn->imm + 1)))
		return bits <= opt_bits_in((uint32_t)insn->imm);
	if (info->op == INSN_ALU_MOV && info->form == INSN_FORM_ALU_X && insn->dst == insn->src)
		return info->width == 8 || bits <= 32;
	if (info->op == INSN_ALU_LE16)
		return bits <= 16;
	return info->op == INSN_ALU_LE32 && bits <= 32;
}

/* Shifting left and right by 32, as compilers without 32-bit instructions do. */
static bool is_narrowing(const struct opt_work *w, uint32_t i)
{
	const struct insn *left = &w->insns[i], *right = left + 1;

	return left->op == INSN_LSH64_K && left->imm == 32 && i + 1 < w->prog->count && !opt_is_target(w, i + 1) &&
	       right->op == INSN_RSH64_K && right->imm == 32 && right->dst == left->dst;
}

/* Whether it may be the first of a pair. */
static bool starts_pair(uint8_t op)
{
	return (op == INSN_LSH64_K) | (op == INSN_MOV64_X) | (op == INSN_MOV32_X);
}

/* A move and an addition to its result. */
static bool is_lea(const struct opt_work *w, uint32_t i)
{
	const struct insn *move = &w->insns[i], *add = move + 1;

	if (!opt_knows(w, OPT_LEA) || i + 1 >= w->prog->count || opt_is_target(w, i + 1) || move->dst == move->src ||
	    add->dst != move->dst)
		return false;
	return (move->op == INSN_MOV64_X && add->op == INSN_ADD64_K) ||
	       (move->op == INSN_MOV32_X && add->op == INSN_ADD32_K);
}

/* What the pair came to is in dst; the block goes on behind it. Returns the slots that were dealt with. */
static __attribute__((noinline)) uint32_t alu_pair(struct opt_work *w, uint32_t i)
{
	const struct insn insn = w->insns[i];
	uint8_t src_fact = w->facts.of[insn.src];
	bool known = opt_is_known(w, insn.src), wide = insn_info[insn.op].width == 8;
	uint64_t value;

	if (is_narrowing(w, i)) {
		set_nothing(w, i);
		set_move(w, i + 1, insn.dst, insn.dst, 4);
		opt_bytes_alu(w, i + 1);
		opt_wrote(w, insn.dst, (uint8_t)MIN(opt_bits_of(w, insn.dst), 32u));
		return 2;
	}
	if (!is_lea(w, i))
		return 0;
	w->insns[i + 1].src = insn.src;
	w->insns[i + 1].imm64 = w->insns[i + 1].imm;
	w->form[i + 1] = OPT_LEA;
	set_nothing(w, i);
	opt_bytes_alu(w, i + 1);
	value = w->value[insn.src] + (uint64_t)(int64_t)w->insns[i + 1].imm;
	if (!wide)
		opt_wrote(w, insn.dst, 32);
	else if (known && (!opt_is_pointer(src_fact) || src_fact == opt_pointer(OPT_REGION_STACK, false)))
		opt_wrote_value(w, insn.dst, opt_is_pointer(src_fact) ? src_fact : (uint8_t)opt_bits_in(value), value);
	else
		opt_wrote(w, insn.dst, opt_is_pointer(src_fact) ? src_fact : OPT_FACT_ANY);
	return 2;
}

#define MAY_BE_IDLE  (1u << INSN_ALU_AND | 1u << INSN_ALU_MOV | 1u << INSN_ALU_LE16 | 1u << INSN_ALU_LE32)
#define MAY_BE_VALUE (1u << INSN_ALU_MOV | 1u << INSN_ALU_ADD | 1u << INSN_ALU_SUB)

static void alu(struct opt_work *w, uint32_t i, const struct insn *insn, const struct insn_info *info)
{
	uint8_t dst = insn->dst, fact = OPT_FACT_ANY;
	uint64_t value;
	bool known;

	if (MAY_BE_IDLE >> info->op & 1 && is_idle(w, insn, info)) {
		set_nothing(w, i);
		return;
	}
	if (opt_is_pointer(w->facts.of[dst] | w->facts.of[insn->src]))
		fact = alu_pointer(w, insn, info);
	if (!opt_is_pointer(fact))
		fact = alu_bits(w, insn, info);
	known = MAY_BE_VALUE >> info->op & 1 && alu_value(w, insn, info, fact, &value);
	opt_bytes_alu(w, i);
	if (known)
		opt_wrote_value(w, dst, opt_is_pointer(fact) ? fact : (uint8_t)opt_bits_in(value), value);
	else
		opt_wrote(w, dst, fact);
}

/* Calls */

static void call_local(struct opt_work *w)
{
	opt_bytes_flush(w);
	opt_bytes_reset(w);
	w->cells = 0;
	for (uint8_t reg = 0; reg <= 5; reg++)
		opt_wrote(w, reg, OPT_FACT_ANY);
}

/* Jumps */

/* The end of a run, which may ask how many bits the action has. */
static void leave(struct opt_work *w, uint32_t i)
{
	opt_bytes_flush(w);
	w->insns[i].imm = opt_bits_of(w, 0) <= OPT_ACTION_BITS;
}

/* A pointer compared with null that cannot be it. */
static bool is_settled(const struct opt_work *w, const struct insn *insn, const struct insn_info *info)
{
	uint8_t fact = w->facts.of[insn->dst];

	return info->form == INSN_FORM_JMP_K && !insn->imm64 && info->width == 8 &&
	       (info->op == INSN_JMP_EQ || info->op == INSN_JMP_NE) && opt_is_pointer(fact) && !(fact & OPT_FACT_NULL);
}

/* Slot i jumps back: an EXIT there ends this run, too. */
static void leave_back(struct opt_work *w, uint32_t i)
{
	struct insn *exit = &w->insns[w->insns[i].imm];

	if (exit->op == INSN_EXIT && opt_bits_of(w, 0) > OPT_ACTION_BITS)
		exit->imm = 0;
}

static void jump(struct opt_work *w, uint32_t i)
{
	struct insn *insn = &w->insns[i];
	const struct insn_info *info = opt_info(w, i);

	if (insn->op == INSN_JA && w->insns[insn->imm].op == INSN_EXIT) {
		*insn = (struct insn){.op = INSN_EXIT, .off = w->insns[insn->imm].off};
		leave(w, i);
		return;
	}
	opt_bytes_flush(w);
	if ((uint32_t)insn->imm <= i)
		leave_back(w, i);
	if (info->cls == INSN_CLASS_JMP) {
		insn->dst = original(w, insn->dst);
		insn->src = info->form == INSN_FORM_JMP_X ? original(w, insn->src) : 0;
	}
	if (info->cls == INSN_CLASS_JMP && is_settled(w, insn, info)) {
		if (info->op == INSN_JMP_EQ) {
			set_nothing(w, i);
			return;
		}
		insn->op = INSN_JA;
		insn->dst = insn->src = 0;
	}
	if ((uint32_t)insn->imm > i)
		meet_facts(&w->at[insn->imm], &w->facts);
}

static void atomic(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	uint8_t op = opt_info(w, i)->op;

	opt_bytes_flush(w);
	opt_bytes_store(w, i);
	store(w, i);
	if (opt_update_atomic(w, i))
		return;
	if (op == INSN_ATOMIC_CMPXCHG) {
		w->bytes_known &= (uint16_t)~1u;
		opt_wrote(w, 0, OPT_FACT_ANY);
	} else if (op >= INSN_ATOMIC_FETCH_ADD) {
		w->bytes_known &= (uint16_t) ~(1u << insn->src);
		opt_wrote(w, insn->src, OPT_FACT_ANY);
	}
}

/* Whether slot i gives a map to a lookup behind it that knows it. The key is mostly in the register till then. */
static bool is_known_map(const struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];

	return insn->op == INSN_LD_MAP && insn->dst == 1 && i + 2 < w->prog->count && !opt_is_target(w, i + 2) &&
	       opt_call_has_map(w, i + 2);
}

static void constant(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	uint64_t value = (uint64_t)insn->imm64;

	if (is_known_map(w, i)) {
		set_nothing(w, i);
		return;
	}
	w->bytes_known &= (uint16_t) ~(1u << insn->dst);
	switch (opt_info(w, i)->cls) {
	case INSN_CLASS_LD_MAP:
		opt_wrote_value(w, insn->dst, opt_pointer(OPT_REGIONS, false), (uint32_t)insn->imm);
		break;
	case INSN_CLASS_LD_MAP_VALUE:
		opt_wrote_value(w, insn->dst, opt_pointer(OPT_REGION_VALUE, false), value);
		break;
	default:
		opt_wrote_value(w, insn->dst, (uint8_t)opt_bits_in(value), value);
	}
}

/* Slot i, and perhaps those behind it that belong to it. Returns how many. */
static uint32_t take(struct opt_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	uint32_t pair;

	switch (info->cls) {
	case INSN_CLASS_ALU:
		pair = starts_pair(insn->op) ? alu_pair(w, i) : 0;
		if (pair)
			return pair;
		alu(w, i, insn, info);
		return 1;
	case INSN_CLASS_LDX:
		join_update(w, i);
		if (w->form[i] == OPT_PLAIN)
			load(w, i);
		return 1;
	case INSN_CLASS_LDSX:
		load(w, i);
		return 1;
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
		opt_bytes_store(w, i);
		store(w, i);
		return 1;
	case INSN_CLASS_ATOMIC:
		atomic(w, i);
		return 1;
	case INSN_CLASS_CALL:
		opt_call(w, i);
		return 1;
	case INSN_CLASS_CALL_LOCAL:
		call_local(w);
		return 1;
	case INSN_CLASS_JMP:
	case INSN_CLASS_JA:
		jump(w, i);
		return 1;
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		constant(w, i);
		return 1;
	case INSN_CLASS_EXIT:
		leave(w, i);
		return 1;
	default:
		return 1;
	}
}

/* Whether what is before slot i goes on with it. */
static bool is_fallen_into(const struct opt_work *w, uint32_t i)
{
	uint8_t op;

	if (!i)
		return false;
	op = w->insns[i - 1].op;
	return w->form[i - 1] == OPT_NOTHING || (op != INSN_EXIT && insn_info[op].cls != INSN_CLASS_JA);
}

static void forward(struct opt_work *w)
{
	nothing_known(&w->facts);
	if (!w->prog->plain_memory)
		w->facts.of[1] = opt_pointer(OPT_REGION_CTX, false);
	new_block(w);
	for (uint32_t i = 0, count = w->prog->count; i < count;) {
		if (opt_is_target(w, i))
			enter_target(w, i, is_fallen_into(w, i));
		i += w->form[i] == OPT_NOTHING ? 1 : take(w, i);
	}
	opt_bytes_flush(w);
}

static bool get_memory(struct opt_work *w, struct arena *scratch, struct opt *opt)
{
	uint32_t count = w->prog->count;

	opt->insns = w->insns = arena_alloc_dirty(scratch, count * sizeof(*w->insns));
	opt->form = w->form = arena_alloc(scratch, count);
	w->before = arena_alloc_dirty(scratch, count * sizeof(*w->before));
	w->at = arena_alloc(scratch, count * sizeof(*w->at));
	return w->insns && w->form && w->before && w->at;
}

int opt_run(const struct exec_prog *prog, const uint8_t *mark, uint32_t forms, struct arena *scratch, struct opt *opt)
{
	struct opt_work *w = arena_alloc(scratch, sizeof(*w));
	int rc = -ENOMEM;

	*opt = (struct opt){0};
	if (!w)
		return -ENOMEM;
	w->prog = prog;
	w->mark = mark;
	w->forms = forms;
	if (get_memory(w, scratch, opt)) {
		mem_copy(w->insns, prog->insns, prog->count * sizeof(*w->insns));
		forward(w);
		opt_dead_remove(w);
		rc = 0;
	}
	arena_free(scratch, w->at);
	arena_free(scratch, w->before);
	arena_free(scratch, w);
	if (rc)
		opt_free(opt, scratch);
	return rc;
}

int opt_leave(const struct exec_prog *prog, struct arena *scratch, struct opt *opt)
{
	*opt = (struct opt){.form = arena_alloc(scratch, prog->count)};
	return opt->form ? 0 : -ENOMEM;
}

void opt_free(struct opt *opt, struct arena *scratch)
{
	arena_free(scratch, opt->form);
	arena_free(scratch, opt->insns);
	*opt = (struct opt){0};
}
