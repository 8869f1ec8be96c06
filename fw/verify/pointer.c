/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic on pointers: what may be added to which, and what the result can then be. */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

/* Pointers stay this near to what they point into, so that no sum of offsets can wrap. Bytes. */
#define REACH ((int64_t)1 << 29)

static int refuse_op(struct verify *v, uint8_t number, const struct reg *r)
{
	if (reg_can_be_null(r))
		return require_not_null(v, number, "before arithmetic");
	return report_refuse(
		v, VIRTIO_NET_XDP_VERIFY_POINTER,
		"R%u is %s: numbers can be added to or subtracted from some pointers in 64 bits, and nothing else",
		number, reg_kind_text(r->kind));
}

static bool takes_offset(const struct reg *r, bool fixed)
{
	switch (r->kind) {
	case REG_STACK:
	case REG_PACKET:
	case REG_META:
	case REG_VALUE:
	case REG_RECORD:
	case REG_MEM:
		return true;
	case REG_CTX:
		return fixed;
	default:
		return false;
	}
}

/* Distances within one packet, or within one stack frame. */
static int subtract_pointers(struct verify *v, const struct insn *insn, const struct reg *a, const struct reg *b)
{
	struct scalar any = scalar_unknown();
	struct reg distance = reg_scalar(scalar_zero_extend(&any, insn_info[insn->op].width));
	bool low = a->kind == REG_SHORT || b->kind == REG_SHORT;
	bool packet = (reg_is_packet(a) || a->kind == REG_SHORT) && (reg_is_packet(b) || b->kind == REG_SHORT);
	bool stack = a->kind == REG_STACK && b->kind == REG_STACK && a->frame == b->frame;

	if (packet && low && insn_info[insn->op].width != 4)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u or R%u is the low half of a packet pointer: only their difference in 32 bits "
				     "shows no address",
				     insn->dst, insn->src);
	if (!packet && !stack) /* req: XO-186 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u and R%u are pointers into different memory: their difference "
				     "would show an address",
				     insn->dst, insn->src);
	return apply_dst(v, insn->dst, &distance);
}

/* The fixed offset grows by off. */
static int add_fixed(struct verify *v, uint8_t number, struct reg *r, int64_t off)
{
	if (off <= -REACH || off >= REACH || r->off + off <= -REACH || r->off + off >= REACH)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER, "R%u: the offset %lld leads too far from %s",
				     number, (long long)off, reg_kind_text(r->kind));
	r->off += off;
	return 0;
}

/* The variable offset grows, or shrinks, by what is not constant. */
static int add_variable(struct verify *v, uint8_t number, struct reg *r, const struct scalar *by, bool subtract)
{
	if (by->all.smin <= -REACH || by->all.smin >= REACH)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u: the number added to %s can be %lld: it has no limit below, mask it or "
				     "compare it first",
				     number, reg_kind_text(r->kind), (long long)by->all.smin);
	r->var = scalar_alu(subtract ? INSN_ALU_SUB : INSN_ALU_ADD, &r->var, by, 8);
	if (r->kind == REG_PACKET || r->kind == REG_META) {
		r->id = ++v->next_id;
		r->range = 0;
		r->over = 0;
	}
	return 0;
}

int pointer_alu(struct verify *v, const struct insn *insn, const struct reg *dst, const struct reg *src)
{
	const struct insn_info *info = &insn_info[insn->op];
	bool subtract = info->op == INSN_ALU_SUB, on_dst = reg_is_pointer(dst);
	const struct reg *pointer = on_dst ? dst : src, *number = on_dst ? src : dst;
	struct reg value = *pointer;
	bool fixed = scalar_is_const(&number->var);
	int ret;

	if (info->form == INSN_FORM_ALU_1)
		return refuse_op(v, insn->dst, dst);
	/* the low half of a difference is the difference of the low halves */
	if (subtract && reg_is_pointer(dst) && reg_is_pointer(src))
		return subtract_pointers(v, insn, dst, src);
	if (info->width != 8 || (info->op != INSN_ALU_ADD && !subtract))
		return refuse_op(v, on_dst ? insn->dst : insn->src, pointer);
	if (reg_is_pointer(dst) && reg_is_pointer(src)) {
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u and R%u are both pointers: they can't be added", insn->dst, insn->src);
	}
	if (subtract && !on_dst)
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u is %s: it can't be subtracted from a number", insn->src,
				     reg_kind_text(src->kind));
	if (!subtract && scalar_is(&number->var, 0) && !reg_can_be_null(pointer)) {
		mark_matters(v, &number->deps);
		return apply_dst(v, insn->dst, pointer);
	}
	if (!takes_offset(pointer, fixed))
		return refuse_op(v, on_dst ? insn->dst : insn->src, pointer);
	mark_matters(v, &number->deps);
	if (fixed) {
		int64_t off = (int64_t)number->var.bits.value;

		if (off <= -REACH || off >= REACH)
			return add_fixed(v, insn->dst, &value, off);
		ret = add_fixed(v, insn->dst, &value, subtract ? -off : off);
	} else {
		ret = add_variable(v, insn->dst, &value, &number->var, subtract);
	}
	return ret ? ret : apply_dst(v, insn->dst, &value);
}
