/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional jumps: which sides can happen, and what each side tells about the operands.
 *
 * Pointers may only be compared where the result says nothing about addresses: a value that may be null with null,
 * pointers into the same packet with each other, pointers into the same stack frame, and an address with a number that
 * is less than any address or greater than all.
 */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

static bool is_null_test(const struct insn_info *info, const struct reg *b)
{
	return info->width == 8 && (info->op == INSN_JMP_EQ || info->op == INSN_JMP_NE) && reg_is_scalar(b) &&
	       scalar_is(&b->var, 0);
}

/* Both operands are one and the same number. */
static bool is_same(const struct insn *insn, const struct insn_info *info, const struct reg *a, const struct reg *b)
{
	return info->form == INSN_FORM_JMP_X &&
	       (insn->dst == insn->src || (a->id && a->id == b->id && a->off == b->off));
}

static unsigned int same_sides(uint8_t op)
{
	switch (op) {
	case INSN_JMP_EQ:
	case INSN_JMP_GE:
	case INSN_JMP_LE:
	case INSN_JMP_SGE:
	case INSN_JMP_SLE:
		return BRANCH_TAKEN;
	default:
		return BRANCH_FALL;
	}
}

/* The second operand, a register or the immediate as one. */
static struct reg second(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	return info->form == INSN_FORM_JMP_X ? *walk_reg(v, insn->src)
					     : reg_scalar(scalar_const((uint64_t)insn->imm64));
}

static bool number_side(const struct insn *insn, const struct insn_info *info, struct reg *a, struct reg *b, bool taken)
{
	if (is_same(insn, info, a, b)) {
		if (info->op != INSN_JMP_SET)
			return same_sides(info->op) == (taken ? BRANCH_TAKEN : BRANCH_FALL);
		/* a & a is a */
		*b = reg_scalar(scalar_const(0));
		return scalar_branch(INSN_JMP_NE, &a->var, &b->var, info->width, taken);
	}
	return scalar_branch((enum insn_jmp)info->op, &a->var, &b->var, info->width, taken);
}

static unsigned int number_sides(const struct insn *insn, const struct insn_info *info, const struct reg *a,
				 const struct reg *b)
{
	unsigned int sides = 0;

	for (unsigned int taken = 0; taken < 2; taken++) {
		struct reg x = *a, y = *b;

		if (number_side(insn, info, &x, &y, taken))
			sides |= taken ? BRANCH_TAKEN : BRANCH_FALL;
	}
	return sides;
}

static int refuse_compare(struct verify *v, const struct insn *insn, const struct insn_info *info, const struct reg *a,
			  const struct reg *b)
{
	if (reg_can_be_null(a) && reg_is_scalar(b))
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u is %s: it can only be compared with 0, by == or != in 64 bits", insn->dst,
				     reg_kind_text(a->kind));
	if (info->form == INSN_FORM_JMP_X)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u is %s and R%u is %s: comparing them would show an address", insn->dst,
				     reg_kind_text(a->kind), insn->src, reg_kind_text(b->kind));
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
			     "R%u is %s: comparing it with a number would show an address", insn->dst,
			     reg_kind_text(a->kind));
}

static bool comparable(const struct insn_info *info, const struct reg *a, const struct reg *b)
{
	if (info->width != 8 || info->op == INSN_JMP_SET)
		return false;
	return (reg_is_packet(a) && reg_is_packet(b)) ||
	       (a->kind == REG_STACK && b->kind == REG_STACK && a->frame == b->frame);
}

/* There is no memory so near to null; and farther from what it points into, a pointer can be null by chance. Bytes. */
#define NULL_REACH ((int64_t)1 << 16)

/* Farther from what it points into, a pointer wraps, and where it does would show the address. Bytes. */
#define COMPARE_REACH ((int64_t)1 << 32)

static bool is_near(const struct reg *r)
{
	const struct range *var = &r->var.all;

	return var->smin > -COMPARE_REACH && r->off + var->smin >= -NULL_REACH && var->smax < COMPARE_REACH;
}

static int refuse_far(struct verify *v, uint8_t number)
{
	return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
			     "R%u can lead too far from %s: a comparison would show an address", number,
			     reg_kind_text(walk_reg(v, number)->kind));
}

static int require_near(struct verify *v, uint8_t number)
{
	const struct reg *r = walk_reg(v, number);

	return !reg_is_pointer(r) || is_near(r) ? 0 : refuse_far(v, number);
}

/* r, which is near, leads no farther than reach from what it points into. */
static bool is_near_object(const struct verify *v, const struct reg *r, int64_t reach)
{
	int64_t bytes = 0;

	if (r->kind == REG_VALUE)
		bytes = require_attr(v, r)->value_size;
	else if (r->kind == REG_RECORD || r->kind == REG_MEM)
		bytes = r->range;
	return r->off + r->var.all.smin > -reach && r->off + r->var.all.smax < bytes + reach;
}

/* Register number is a pointer that is now compared with a number. */
static int require_near_object(struct verify *v, uint8_t number, int64_t reach)
{
	return is_near_object(v, walk_reg(v, number), reach) ? 0 : refuse_far(v, number);
}

/* Every address is above or at 0: the result says nothing about it. Both sides are walked, as others do. */
static bool is_foregone(const struct insn_info *info, const struct reg *b)
{
	return info->width == 8 && reg_is_scalar(b) && scalar_is(&b->var, 0) &&
	       (info->op == INSN_JMP_GE || info->op == INSN_JMP_LT);
}

/*
 * Numbers below EXEC_ADDRESSES are no address of anything, and those from EXEC_ADDRESSES_END on are greater than all:
 * what such a comparison in 64 bits says is known whatever the address. Half of what is free below is left to offsets.
 * Both sides are walked here, too.
 */
static bool is_address(const struct reg *r)
{
	return reg_is_pointer(r) && !reg_can_be_null(r) && r->kind != REG_SHORT && r->kind != REG_HIDDEN;
}

static bool is_above_addresses(const struct reg *r)
{
	return reg_is_scalar(r) && r->var.all.umin >= EXEC_ADDRESSES_END;
}

static bool is_no_address(const struct reg *r)
{
	return is_above_addresses(r) || (reg_is_scalar(r) && r->var.all.umax < EXEC_ADDRESSES);
}

static bool is_known(const struct insn_info *info, const struct reg *pointer, const struct reg *number)
{
	if (info->width != 8 || !is_address(pointer))
		return false;
	switch (info->op) {
	case INSN_JMP_EQ:
	case INSN_JMP_NE:
		return is_no_address(number);
	case INSN_JMP_GT:
	case INSN_JMP_GE:
	case INSN_JMP_LT:
	case INSN_JMP_LE:
		return is_above_addresses(number);
	default:
		return false;
	}
}

bool branch_is_address(const struct verify *v, const struct reg *r)
{
	bool null = reg_can_be_null(r);

	return (is_address(r) || null) && is_near(r) && is_near_object(v, r, NULL_REACH - (int64_t)EXEC_ADDRESSES);
}

bool branch_differ(const struct verify *v, const struct reg *pointer, const struct reg *number)
{
	return is_no_address(number) && !reg_can_be_null(pointer) && branch_is_address(v, pointer);
}

/*
 * Compilers take data, a 32-bit field, for a number of 32 bits, and test it for null as such. Both sides are walked; no
 * frame lies where they would differ. With an offset the test would be a guess at the address.
 */
static bool is_short_null_test(const struct insn_info *info, const struct reg *a, const struct reg *b)
{
	return info->width == 4 && (info->op == INSN_JMP_EQ || info->op == INSN_JMP_NE) && reg_is_packet(a) &&
	       !a->off && scalar_is(&a->var, 0) && reg_is_scalar(b) && scalar_is(&b->var, 0);
}

/* Whether r can be 0 on some machine, if it is no pointer that can be null: to test it would be a guess, too. */
static bool is_made_up(const struct reg *r)
{
	return r->kind == REG_HIDDEN || (r->kind == REG_SHORT && (r->off || !scalar_is(&r->var, 0)));
}

/* Of the context and the packet other verifiers do not know it: a program must not depend on it. */
static bool is_never_null(const struct reg *r)
{
	switch (r->kind) {
	case REG_STACK:
	case REG_MAP:
	case REG_VALUE:
	case REG_RECORD:
	case REG_MEM:
		return scalar_is(&r->var, 0);
	default:
		return false;
	}
}

int branch_sides(struct verify *v, const struct insn *insn, unsigned int *sides)
{
	const struct insn_info *info = &insn_info[insn->op];
	const struct reg *a = walk_reg(v, insn->dst);
	struct reg b;
	int ret = require_init(v, insn->dst);

	if (!ret && info->form == INSN_FORM_JMP_X)
		ret = require_init(v, insn->src);
	if (ret)
		return ret;
	b = second(v, insn, info);
	*sides = BRANCH_FALL | BRANCH_TAKEN;
	if (reg_is_scalar(a) && reg_is_scalar(&b)) {
		*sides = number_sides(insn, info, a, &b);
		return 0;
	}
	ret = require_near(v, insn->dst);
	if (!ret && info->form == INSN_FORM_JMP_X)
		ret = require_near(v, insn->src);
	if (ret)
		return ret;
	/* what is known of a number that a pointer is compared with */
	if (reg_is_scalar(&b))
		mark_matters(v, &b.deps);
	if (reg_is_pointer(a) && !is_made_up(a) && is_null_test(info, &b)) {
		if (is_never_null(a))
			*sides = info->op == INSN_JMP_EQ ? BRANCH_FALL : BRANCH_TAKEN;
		return require_near_object(v, insn->dst, NULL_REACH);
	}
	if (is_foregone(info, &b) || is_short_null_test(info, a, &b))
		return 0;
	if (comparable(info, a, &b)) {
		*sides = bound_sides(info->op, a, &b);
		return 0;
	}
	if (is_known(info, a, &b))
		return require_near_object(v, insn->dst, NULL_REACH - (int64_t)EXEC_ADDRESSES);
	if (is_known(info, &b, a)) {
		mark_matters(v, &a->deps);
		return require_near_object(v, insn->src, NULL_REACH - (int64_t)EXEC_ADDRESSES);
	}
	return refuse_compare(v, insn, info, a, &b);
}

void branch_matters(struct verify *v, const struct insn *insn)
{
	struct deps places = walk_reg(v, insn->dst)->deps;

	if (insn_info[insn->op].form == INSN_FORM_JMP_X)
		deps_join(&places, &walk_reg(v, insn->src)->deps);
	mark_matters(v, &places);
}

struct null {
	uint8_t kind;
	bool null;
	bool keep_id; /* of values: locks are told apart by it */
	uint32_t id;
};

static void learn_null(struct reg *r, void *arg)
{
	const struct null *learn = arg;

	if (r->kind != learn->kind || r->id != learn->id)
		return;
	if (learn->null) {
		reg_set_const(r, 0);
		return;
	}
	switch (r->kind) {
	case REG_INNER_OR_NULL:
		r->kind = REG_MAP;
		r->id = 0;
		break;
	case REG_RECORD_OR_NULL:
		r->kind = REG_RECORD; /* req: XO-263 */
		break;
	case REG_MEM_OR_NULL:
		r->kind = REG_MEM;
		r->id = 0;
		break;
	default:
		r->kind = REG_VALUE; /* req: XO-185 */
		r->id = learn->keep_id ? r->id : 0;
	}
}

/*
 * Signed comparisons in 64 bits teach nothing in programs that write R10 somewhere. Such a write is refused where a run
 * comes, so a verifier that knows more of numbers finds more of them dead: Linux, which forgets limits with a sign once
 * it knows a number to have 32 bits, would refuse what is accepted here. This only ever loses knowledge: a state that
 * learns nothing holds every number that one which learns would hold, so no run escapes it, and the worst that can
 * happen is that a safe program is refused.
 */
static bool learns_little(const struct verify *v, const struct insn_info *info)
{
	return v->writes_fp && info->width == 8 && info->op >= INSN_JMP_SGT && info->op != INSN_JMP_LT &&
	       info->op != INSN_JMP_LE;
}

static void learn_numbers(struct verify *v, const struct insn *insn, const struct insn_info *info, struct reg *b,
			  bool taken)
{
	struct reg *a = walk_reg(v, insn->dst);
	bool same = is_same(insn, info, a, b);

	/* the side was found possible before, so nothing is contradicted */
	number_side(insn, info, a, b, taken);
	if (info->form == INSN_FORM_JMP_X && !same) {
		struct reg *src = walk_reg(v, insn->src);

		src->var = b->var;
		deps_join(&src->deps, &a->deps);
		deps_join(&a->deps, &src->deps);
		state_sync_links(v->state, src);
	}
	state_sync_links(v->state, a);
}

void branch_learn(struct verify *v, const struct insn *insn, bool taken)
{
	const struct insn_info *info = &insn_info[insn->op];
	struct reg a = *walk_reg(v, insn->dst), b = second(v, insn, info);

	if (reg_is_scalar(&a) && reg_is_scalar(&b)) {
		if (!learns_little(v, info))
			learn_numbers(v, insn, info, &b, taken);
	} else if (reg_can_be_null(&a) && is_null_test(info, &b)) {
		struct null learn = {a.kind, (info->op == INSN_JMP_EQ) == taken, v->locks, a.id};

		state_each(v->state, learn_null, &learn);
		if (learn.null && a.kind == REG_RECORD_OR_NULL)
			held_drop_record(v, a.id);
	} else if (reg_is_packet(&a) && reg_is_packet(&b)) {
		bound_learn(v, info->op, &a, &b, taken);
	}
}
