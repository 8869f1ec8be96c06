// SPDX-License-Identifier: BSD-2-Clause
/*
 * The arm64 back end: loads, stores and atomics. Atomics are loops of exclusive accesses, which every arm64 has; their
 * memory is aligned, the verifier sees to that.
 */
#include "exec/jit_arm64.h"

#define R0     JIT_ARM64_R0
#define RUN    JIT_ARM64_RUN
#define TEMP   JIT_ARM64_TEMP
#define NEW    JIT_ARM64_NEW
#define reg_of jit_arm64_reg

/* Scratch of atomics. */
enum {
	ADDRESS = X10,
	OLD = X11,
	STATUS = X13,
};

int jit_arm64_load(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct jit_out *o = &w->out;
	uint8_t dst = reg_of[insn->dst], base = reg_of[insn->src];
	bool sign = info->cls == INSN_CLASS_LDSX;

	if (jit_is_context(w, i)) {
		const struct jit_field *field = jit_field_at(insn->off);

		a64_load(o, field->width, dst, base, field->offset); /* req: XO-133 */
		return 0;
	}
	if (a64_is_disp(info->width, insn->off)) {
		if (sign)
			a64_load_sx(o, info->width, dst, base, insn->off);
		else
			a64_load(o, info->width, dst, base, insn->off);
		return 0;
	}
	a64_mov_imm(o, TEMP, (uint64_t)(int64_t)insn->off);
	if (sign)
		a64_load_sx_at(o, info->width, dst, base, TEMP);
	else
		a64_load_at(o, info->width, dst, base, TEMP);
	return 0;
}

/* The value that a store stores; NEW gets it if it is an immediate. */
static uint8_t stored(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	if (info->cls == INSN_CLASS_STX)
		return reg_of[insn->src];
	if (!insn->imm)
		return XZR;
	jit_arm64_constant(w, NEW, info->width == 8 ? (uint64_t)(int64_t)insn->imm : (uint32_t)insn->imm);
	return NEW;
}

/* Selects a queue if there is such a one. */
static void emit_context_store(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	struct jit_out *o = &w->out;
	uint8_t base = reg_of[insn->dst], value;
	size_t bad, done;

	/* req: XO-137, XO-138 */
	value = stored(w, insn, info);
	a64_load(o, 4, TEMP, RUN, offsetof(struct run, num_queues));
	a64_arith(o, A64_SUBS, 4, XZR, value, TEMP);
	bad = a64_b_cc_ahead(o, A64_HS);
	a64_store(o, 4, base, jit_context[JIT_FIELD_QUEUE].offset, value);
	done = a64_b_ahead(o);
	a64_here(o, bad);
	a64_mov_imm(o, TEMP, true);
	a64_store(o, 1, base, offsetof(struct fw_frame, bad_queue), TEMP);
	a64_here(o, done);
}

int jit_arm64_store(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct jit_out *o = &w->out;
	uint8_t base = reg_of[insn->dst], value;

	if (jit_is_context(w, i)) {
		emit_context_store(w, insn, info);
		return 0;
	}
	value = stored(w, insn, info);
	if (a64_is_disp(info->width, insn->off)) {
		a64_store(o, info->width, base, insn->off, value);
	} else {
		a64_mov_imm(o, TEMP, (uint64_t)(int64_t)insn->off);
		a64_store_at(o, info->width, base, TEMP, value);
	}
	return 0;
}

/* Exclusive accesses have no displacement. */
static uint8_t atomic_address(struct jit_work *w, uint8_t base, int16_t off)
{
	if (!off)
		return base;
	jit_arm64_arith_imm(w, A64_ADD, 8, ADDRESS, base, off, false);
	return ADDRESS;
}

/* NEW = what the operation makes of OLD and src. */
static int atomic_compute(struct jit_out *o, uint8_t op, unsigned int width, uint8_t src)
{
	switch (op) {
	case INSN_ATOMIC_ADD:
	case INSN_ATOMIC_FETCH_ADD:
		a64_arith(o, A64_ADD, width, NEW, OLD, src);
		return 0;
	case INSN_ATOMIC_OR:
	case INSN_ATOMIC_FETCH_OR:
		a64_logic(o, A64_ORR, width, NEW, OLD, src);
		return 0;
	case INSN_ATOMIC_AND:
	case INSN_ATOMIC_FETCH_AND:
		a64_logic(o, A64_AND, width, NEW, OLD, src);
		return 0;
	case INSN_ATOMIC_XOR:
	case INSN_ATOMIC_FETCH_XOR:
		a64_logic(o, A64_EOR, width, NEW, OLD, src);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static void again_unless_stored(struct jit_out *o, size_t again)
{
	a64_cbz(o, true, 4, STATUS, (int64_t)again - (int64_t)o->at);
}

/* Those that fetch are ordered with all other accesses, before and after. */
int jit_arm64_atomic(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct jit_out *o = &w->out;
	uint8_t src = reg_of[insn->src], address, width = info->width;
	bool fetches = info->op >= INSN_ATOMIC_FETCH_ADD;
	size_t again, differs = 0;

	if (jit_is_context(w, i) || (width != 4 && width != 8))
		return -ENOTSUP;
	address = atomic_address(w, reg_of[insn->dst], insn->off);
	again = o->at;
	a64_ldxr(o, width, OLD, address);
	if (info->op == INSN_ATOMIC_CMPXCHG) {
		a64_arith(o, A64_SUBS, width, XZR, OLD, R0);
		differs = a64_b_cc_ahead(o, A64_NE);
		a64_stlxr(o, width, STATUS, src, address);
	} else if (info->op == INSN_ATOMIC_XCHG) {
		a64_stlxr(o, width, STATUS, src, address);
	} else {
		if (atomic_compute(o, info->op, width, src))
			return -ENOTSUP;
		if (fetches)
			a64_stlxr(o, width, STATUS, NEW, address);
		else
			a64_stxr(o, width, STATUS, NEW, address);
	}
	again_unless_stored(o, again);
	if (fetches)
		a64_dmb_ish(o);
	if (info->op == INSN_ATOMIC_CMPXCHG) {
		a64_here(o, differs);
		src = R0;
	}
	if (fetches)
		a64_mov(o, 8, src, OLD);
	return 0;
}
