/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparisons of packet pointers with what bounds them, data_end or, for metadata, data: how many bytes they prove to
 * be inside, and how many not to be.
 */
#include "verify/walk.h"

#define PACKET_REACH 65535

struct proof {
	uint8_t kind;
	uint32_t id;
	uint32_t range;
	uint16_t over;
};

static void learn_inside(struct reg *r, void *arg)
{
	const struct proof *proof = arg;

	if (r->kind == proof->kind && r->id == proof->id)
		r->range = MAX(r->range, proof->range);
}

static void learn_over(struct reg *r, void *arg)
{
	const struct proof *proof = arg;

	if (r->kind == proof->kind && r->id == proof->id)
		r->over = r->over ? MIN(r->over, proof->over) : proof->over;
}

/* r lies not behind the limit, or before it where strict is set: so many bytes are inside. */
static void prove_inside(struct verify *v, const struct reg *r, bool strict)
{
	struct proof proof = {.kind = r->kind, .id = r->id};
	int64_t range = r->off + strict;

	/* req: XO-183 */
	if (r->off < 0 || range > PACKET_REACH || r->var.all.smin < 0 || r->var.all.umax > PACKET_REACH)
		return;
	proof.range = (uint32_t)range;
	report_event(v, (struct trail_event){.what = TRAIL_RANGE, .kind = r->kind, .id = r->id, .bytes = proof.range});
	state_each(v->state, learn_inside, &proof);
}

/* r lies behind the limit, or there where at is set: so many bytes are not inside. */
static void prove_over(struct verify *v, const struct reg *r, bool at)
{
	struct proof proof = {.kind = r->kind, .id = r->id};
	int64_t over = r->off + at;

	if (over <= 0 || over > PACKET_REACH)
		return;
	proof.over = (uint16_t)over;
	state_each(v->state, learn_over, &proof);
}

/* Whether limit bounds pointers of r's kind. */
static bool is_limit(const struct reg *r, const struct reg *limit)
{
	if (r->kind == REG_PACKET)
		return limit->kind == REG_END;
	return r->kind == REG_META && limit->kind == REG_PACKET && !limit->off && scalar_is(&limit->var, 0);
}

/* What "r op limit" says if it is true. */
enum order { ORDER_NONE, ORDER_BELOW, ORDER_BELOW_OR_AT, ORDER_AT, ORDER_ABOVE_OR_AT, ORDER_ABOVE };

static enum order order_of(uint8_t op, bool taken)
{
	switch (op) {
	case INSN_JMP_GT:
		return taken ? ORDER_ABOVE : ORDER_BELOW_OR_AT;
	case INSN_JMP_GE:
		return taken ? ORDER_ABOVE_OR_AT : ORDER_BELOW;
	case INSN_JMP_LT:
		return taken ? ORDER_BELOW : ORDER_ABOVE_OR_AT;
	case INSN_JMP_LE:
		return taken ? ORDER_BELOW_OR_AT : ORDER_ABOVE;
	case INSN_JMP_EQ:
		return taken ? ORDER_AT : ORDER_NONE;
	case INSN_JMP_NE:
		return taken ? ORDER_NONE : ORDER_AT;
	default:
		return ORDER_NONE;
	}
}

/* op with its operands exchanged */
static uint8_t mirrored(uint8_t op)
{
	switch (op) {
	case INSN_JMP_GT:
		return INSN_JMP_LT;
	case INSN_JMP_GE:
		return INSN_JMP_LE;
	case INSN_JMP_LT:
		return INSN_JMP_GT;
	case INSN_JMP_LE:
		return INSN_JMP_GE;
	default:
		return op;
	}
}

/* The operand that the other one bounds, and *op as if it were the first. NULL: neither does. */
static const struct reg *bounded(uint8_t *op, const struct reg *a, const struct reg *b)
{
	if (is_limit(a, b))
		return a;
	if (!is_limit(b, a))
		return NULL;
	*op = mirrored(*op);
	return b;
}

/* Whether r, known to lie where it does, can be so. */
static bool is_possible(const struct reg *r, enum order order)
{
	switch (order) {
	case ORDER_BELOW:
		return r->off + 1 < r->over;
	case ORDER_BELOW_OR_AT:
	case ORDER_AT:
		return r->off < r->over;
	default:
		return true;
	}
}

unsigned int bound_sides(uint8_t op, const struct reg *a, const struct reg *b)
{
	const struct reg *r = bounded(&op, a, b);
	unsigned int sides = BRANCH_FALL | BRANCH_TAKEN;

	if (!r || !r->over)
		return sides;
	if (!is_possible(r, order_of(op, true)))
		sides &= (unsigned int)~BRANCH_TAKEN;
	if (!is_possible(r, order_of(op, false)))
		sides &= (unsigned int)~BRANCH_FALL;
	return sides;
}

void bound_learn(struct verify *v, uint8_t op, const struct reg *a, const struct reg *b, bool taken)
{
	const struct reg *r = bounded(&op, a, b);
	enum order order = r ? order_of(op, taken) : ORDER_NONE;

	switch (order) {
	case ORDER_BELOW:
	case ORDER_BELOW_OR_AT:
		prove_inside(v, r, order == ORDER_BELOW);
		break;
	case ORDER_AT:
		prove_inside(v, r, false);
		prove_over(v, r, true);
		break;
	case ORDER_ABOVE_OR_AT:
	case ORDER_ABOVE:
		prove_over(v, r, order == ORDER_ABOVE_OR_AT);
		break;
	default:
		break;
	}
}
