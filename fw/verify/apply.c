/* SPDX-License-Identifier: BSD-2-Clause */
/* What instructions do to the state, once what they require is given. */
#include "verify/walk.h"
#include "virtio_net_xdp.h"

int apply_dst(struct verify *v, uint8_t number, const struct reg *value)
{
	if (number == INSN_FRAME_PTR) /* req: XO-182 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_STACK, "R10, the frame pointer, can't be written");
	*walk_reg(v, number) = *value;
	return 0;
}

/* A number with the low bytes bytes unknown. */
static struct reg unknown(unsigned int bytes, bool sign)
{
	struct scalar any = scalar_unknown();

	return reg_scalar(sign ? scalar_sign_extend(&any, bytes) : scalar_zero_extend(&any, bytes));
}

/* The two will be equal from now on, until one is written. */
static void link(struct verify *v, struct reg *r)
{
	if (!r->id && !scalar_is_const(&r->var)) {
		r->id = ++v->next_id;
		r->off = 0;
	}
}

static int apply_move(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	struct reg *src = walk_reg(v, insn->src), value;

	if (reg_is_pointer(src)) {
		if (info->width == 8 && info->op == INSN_ALU_MOV)
			return apply_dst(v, insn->dst, src);
		/* Compilers take data and data_end, fields of 32 bits, for numbers of 32 bits. */
		value = reg_pointer(REG_SHORT, src->off);
		value.var = src->var;
		if (!reg_is_packet(src) && src->kind != REG_SHORT)
			value = reg_pointer(REG_HIDDEN, 0);
		if (info->op == INSN_ALU_MOV)
			return apply_dst(v, insn->dst, &value);
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER, "R%u is %s: a move can't extend its sign",
				     insn->src, reg_kind_text(src->kind));
	}
	/* a copy, if no value that it can have loses anything */
	if (info->op == INSN_ALU_MOV && (info->width == 8 || src->var.all.umax <= UINT32_MAX)) {
		link(v, src);
		return apply_dst(v, insn->dst, src);
	}
	value = reg_scalar(scalar_alu((enum insn_alu)info->op, NULL, &src->var, info->width));
	value.deps = src->deps;
	return apply_dst(v, insn->dst, &value);
}

/* Plus add, a number of 32 bits is one of 32 bits: then it makes no difference how many are added up. */
static bool fits_low(const struct scalar *s, int64_t add)
{
	return s->all.umax <= UINT32_MAX && (int64_t)s->all.umin + add >= 0 && (int64_t)s->all.umax + add <= UINT32_MAX;
}

/* R += constant of a linked number: it stays linked, at a distance. */
static bool keeps_link(const struct insn_info *info, const struct reg *dst, const struct scalar *src, int64_t *off)
{
	int64_t add = (int64_t)src->bits.value;

	if (!dst->id || !scalar_is_const(src) || (info->op != INSN_ALU_ADD && info->op != INSN_ALU_SUB) ||
	    add < INT32_MIN || add > INT32_MAX)
		return false;
	if (info->op == INSN_ALU_SUB)
		add = -add;
	if (info->width == 4 && !fits_low(&dst->var, add))
		return false;
	*off = dst->off + add;
	return *off >= INT32_MIN && *off <= INT32_MAX;
}

static int apply_binary(struct verify *v, const struct insn *insn, const struct insn_info *info, const struct reg *src)
{
	const struct reg *dst = walk_reg(v, insn->dst);
	struct reg value;
	int64_t off;

	if (reg_is_pointer(dst) || reg_is_pointer(src))
		return pointer_alu(v, insn, dst, src);
	if (info->form == INSN_FORM_ALU_X && insn->dst == insn->src &&
	    (info->op == INSN_ALU_SUB || info->op == INSN_ALU_XOR))
		value = reg_scalar(scalar_const(0));
	else
		value = reg_scalar(scalar_alu((enum insn_alu)info->op, &dst->var, &src->var, info->width));
	value.deps = dst->deps;
	deps_join(&value.deps, &src->deps);
	if (keeps_link(info, dst, &src->var, &off) && !scalar_is_const(&value.var)) {
		value.id = dst->id;
		value.off = off;
	}
	return apply_dst(v, insn->dst, &value);
}

int apply_alu(struct verify *v, const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];
	bool move = info->op >= INSN_ALU_MOV && info->op <= INSN_ALU_MOVSX32;
	struct reg src = reg_scalar(scalar_const((uint64_t)(int64_t)insn->imm));
	int ret = 0;

	if (info->form == INSN_FORM_ALU_X)
		ret = require_init(v, insn->src);
	if (!ret && !move)
		ret = require_init(v, insn->dst);
	if (!ret)
		ret = require_divisor(v, insn);
	if (ret)
		return ret;
	if (info->form == INSN_FORM_ALU_X) {
		if (move)
			return apply_move(v, insn, info);
		src = *walk_reg(v, insn->src);
	} else if (move) {
		reg_set_const(&src, info->width == 8 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
		return apply_dst(v, insn->dst, &src);
	}
	return apply_binary(v, insn, info, &src);
}

static int load_context(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	enum reg_kind kind;
	struct reg value;
	int ret = require_access_kind(v, true);

	if (!ret)
		ret = require_context(v, insn->src, insn->off, info->width, false, info->cls == INSN_CLASS_LDSX, &kind);
	if (ret)
		return ret;
	value = kind == REG_SCALAR ? unknown(4, false) : reg_pointer(kind, 0);
	return apply_dst(v, insn->dst, &value);
}

/* The number that was loaded; it is another one now. */
static void sign_extend(struct reg *value, unsigned int width)
{
	struct deps deps = value->deps;

	*value = reg_scalar(scalar_sign_extend(&value->var, width));
	value->deps = deps;
}

int apply_load(struct verify *v, const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];
	bool sign = info->cls == INSN_CLASS_LDSX;
	struct reg value = unknown(info->width, sign);
	int ret = require_init(v, insn->src);
	uint64_t constant;

	if (ret)
		return ret;
	if (walk_reg(v, insn->src)->kind == REG_CTX)
		return load_context(v, insn, info);
	ret = require_access_kind(v, false);
	if (!ret)
		ret = require_memory(v, insn->src, insn->off, info->width, REQUIRE_READ);
	if (!ret && walk_reg(v, insn->src)->kind == REG_STACK) {
		ret = require_aligned(v, insn->src, insn->off, info->width);
		if (!ret)
			ret = stack_load(v, insn->src, insn->off, info->width, &value);
	} else if (!ret && frozen_read(v, walk_reg(v, insn->src), insn->off, info->width, &constant)) {
		reg_set_const(&value, constant);
	}
	if (!ret)
		global_access(v, walk_reg(v, insn->src), insn->off, info->width, false);
	if (!ret && sign && reg_is_scalar(&value))
		sign_extend(&value, info->width);
	return ret ? ret : apply_dst(v, insn->dst, &value);
}

static int store_context(struct verify *v, const struct insn *insn, const struct insn_info *info,
			 const struct reg *value)
{
	enum reg_kind kind;
	int ret = require_access_kind(v, true);

	if (!ret)
		ret = require_context(v, insn->dst, insn->off, info->width, true, false, &kind);
	if (!ret && reg_is_pointer(value)) /* req: XO-186 */
		ret = report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER, "R%u is %s: it can't be stored in the context",
				    insn->src, reg_kind_text(value->kind));
	return ret;
}

int apply_store(struct verify *v, const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];
	struct reg value = reg_scalar(scalar_const((uint64_t)(int64_t)insn->imm));
	int ret = require_init(v, insn->dst);

	if (!ret && info->cls == INSN_CLASS_STX)
		ret = require_init(v, insn->src);
	if (ret)
		return ret;
	if (info->cls == INSN_CLASS_STX) {
		struct reg *src = walk_reg(v, insn->src);

		if (reg_is_scalar(src) && src->var.all.umax <= range_mask(info->width * 8) &&
		    walk_reg(v, insn->dst)->kind == REG_STACK)
			link(v, src);
		value = *src;
	}
	if (walk_reg(v, insn->dst)->kind == REG_CTX)
		return store_context(v, insn, info, &value);
	ret = require_access_kind(v, false);
	if (!ret)
		ret = require_memory(v, insn->dst, insn->off, info->width, REQUIRE_WRITE);
	if (ret)
		return ret;
	if (walk_reg(v, insn->dst)->kind == REG_STACK) {
		ret = require_aligned(v, insn->dst, insn->off, info->width);
		return ret ? ret : stack_store(v, insn->dst, insn->off, info->width, &value);
	}
	global_access(v, walk_reg(v, insn->dst), insn->off, info->width, false);
	v->result.writes |= reg_is_packet(walk_reg(v, insn->dst));
	if (reg_is_pointer(&value)) /* req: XO-186 */
		return report_refuse(v, VIRTIO_NET_XDP_VERIFY_POINTER,
				     "R%u is %s: storing it there would show an address", insn->src,
				     reg_kind_text(value.kind));
	return 0;
}

static int require_atomic(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	int ret = require_access_kind(v, false);

	if (!ret)
		ret = require_memory(v, insn->dst, insn->off, info->width, REQUIRE_ATOMIC);
	if (!ret)
		ret = require_aligned(v, insn->dst, insn->off, info->width);
	if (!ret)
		ret = require_init(v, insn->src);
	if (!ret && info->op == INSN_ATOMIC_CMPXCHG)
		ret = require_init(v, 0);
	if (ret)
		return ret;
	global_access(v, walk_reg(v, insn->dst), insn->off, info->width, true);
	global_atomic(v, walk_reg(v, insn->dst));
	return 0;
}

static int require_numbers(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	int ret = require_scalar(v, insn->src, "the operand of an atomic operation");

	if (!ret && info->op == INSN_ATOMIC_CMPXCHG)
		ret = require_scalar(v, 0, "what cmpxchg compares with");
	if (!ret && walk_reg(v, insn->dst)->kind == REG_STACK)
		ret = require_stack_bytes(v, insn->dst, insn->off, info->width);
	return ret;
}

/*
 * cmpxchg of pointers, on the stack: whether two are equal may depend on their addresses, so what is there afterwards
 * must not be told.
 */
static int exchange_pointers(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	const struct reg *r = walk_reg(v, insn->dst), *with = walk_reg(v, 0);
	struct reg old;
	int ret = stack_load(v, insn->dst, insn->off, info->width, &old);

	if (ret)
		return ret;
	if (reg_is_scalar(&old))
		mark_matters(v, &old.deps);
	if (reg_is_scalar(with))
		mark_matters(v, &with->deps);
	if (info->width != 8 || !(branch_differ(v, with, &old) || branch_differ(v, &old, with)))
		stack_hide(v, r, insn->off, info->width);
	return apply_dst(v, 0, &old);
}

static bool is_pointer_exchange(struct verify *v, const struct insn *insn, const struct insn_info *info)
{
	const struct reg *r = walk_reg(v, insn->dst);

	return info->op == INSN_ATOMIC_CMPXCHG && r->kind == REG_STACK && scalar_is_const(&r->var) &&
	       (!reg_is_scalar(walk_reg(v, 0)) || !reg_is_scalar(walk_reg(v, insn->src)));
}

int apply_atomic(struct verify *v, const struct insn *insn)
{
	const struct insn_info *info = &insn_info[insn->op];
	struct reg old = unknown(info->width, false);
	int ret = require_atomic(v, insn, info);

	if (!ret && is_pointer_exchange(v, insn, info))
		return exchange_pointers(v, insn, info);
	if (!ret)
		ret = require_numbers(v, insn, info);
	if (ret)
		return ret;
	if (walk_reg(v, insn->dst)->kind == REG_STACK) {
		ret = stack_load(v, insn->dst, insn->off, info->width, &old);
		if (ret)
			return ret;
		stack_clobber(v, walk_reg(v, insn->dst), insn->off, info->width);
	}
	if (info->op < INSN_ATOMIC_FETCH_ADD)
		return 0;
	return apply_dst(v, info->op == INSN_ATOMIC_CMPXCHG ? 0 : insn->src, &old);
}

int apply_constant(struct verify *v, const struct insn *insn)
{
	uint8_t cls = insn_info[insn->op].cls;
	struct reg value;

	if (cls == INSN_CLASS_LD_IMM64) {
		reg_set_const(&value, (uint64_t)insn->imm64);
		return apply_dst(v, insn->dst, &value);
	}
	value = cls == INSN_CLASS_LD_MAP ? reg_pointer(REG_MAP, 0)
					 : reg_pointer(REG_VALUE, (int64_t)((uint64_t)insn->imm64 >> 32));
	value.map = (uint16_t)insn->imm;
	return apply_dst(v, insn->dst, &value);
}
