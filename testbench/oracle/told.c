// SPDX-License-Identifier: BSD-2-Clause
#include "oracle/told.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"

#define ADD_K BPF_ALU64 /* with BPF_ADD and BPF_K, which are 0 */

void told_put(struct told_writer *w, const struct bpf_insn *insn)
{
	if (w->count < w->room)
		w->out[w->count++] = *insn;
	else
		w->full = true;
}

static void put(struct told_writer *w, uint8_t code, uint8_t dst, int16_t off, int32_t imm)
{
	told_put(w, &(struct bpf_insn){.code = code, .dst_reg = dst & 0xf, .off = off, .imm = imm});
}

static void put_move(struct told_writer *w, uint8_t dst, uint8_t src)
{
	told_put(w,
		 &(struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = dst & 0xf, .src_reg = src & 0xf});
}

static void put_fetch(struct told_writer *w, uint8_t dst, uint32_t slot)
{
	told_put(w, &(struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_DW,
				       .dst_reg = dst & 0xf,
				       .src_reg = BPF_REG_10,
				       .off = (int16_t)(-8 * ((int)slot + 1))});
}

/* Slots first, since calls do not change them; then high registers. */
static bool put_home(struct told_writer *w, uint8_t dst, const struct claims_home *home)
{
	uint16_t regs = home->regs & (uint16_t)~w->changed;

	if (home->slots)
		put_fetch(w, dst, (uint32_t)__builtin_ctzll(home->slots));
	else if (regs)
		put_move(w, dst, (uint8_t)(31 - __builtin_clz(regs)));
	else
		return false;
	return true;
}

/* Gives the records back; one that may be null is looked at. */
static void put_discards(struct told_writer *w)
{
	for (uint32_t i = 0; i < EXEC_RECORDS && w->at; i++) {
		if (!put_home(w, 1, &w->at->records[i]))
			continue;
		put(w, BPF_JMP | BPF_JEQ | BPF_K, 1, 2, 0);
		put(w, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0);
		put(w, BPF_JMP | BPF_CALL, 0, 0, BPF_FUNC_ringbuf_discard);
	}
}

/* Slots of what fn writes. */
static int16_t slots_of(const struct told_writer *w, void (*fn)(struct told_writer *w))
{
	struct bpf_insn out[4 * EXEC_RECORDS + 2];
	struct told_writer probe = {
		.out = out, .room = sizeof(out) / sizeof(out[0]), .at = w->at, .changed = w->changed};

	fn(&probe);
	return (int16_t)probe.count;
}

int16_t told_trap_slots(const struct told_writer *w)
{
	return slots_of(w, told_put_trap);
}

void told_put_trap(struct told_writer *w)
{
	put_discards(w);
	put(w, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, TOLD_R0);
	put(w, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* Goes on if "reg op imm", of class JMP or JMP32. */
static void put_check(struct told_writer *w, uint8_t class, uint8_t op, uint8_t reg, int32_t imm)
{
	put(w, class | op | BPF_K, reg, told_trap_slots(w), imm);
	told_put_trap(w);
}

/* Goes on if all of the bits are 0. */
static void put_zeros(struct told_writer *w, uint8_t reg, uint32_t bits)
{
	put(w, BPF_JMP | BPF_JSET | BPF_K, reg, 1, (int32_t)bits);
	put(w, BPF_JMP | BPF_JA, 0, told_trap_slots(w), 0);
	told_put_trap(w);
}

static void put_unsigned(struct told_writer *w, uint8_t reg, const struct range *r, uint8_t class, uint64_t limit)
{
	if (r->umax < limit)
		put_check(w, class, BPF_JLE, reg, (int32_t)r->umax);
	if (r->umin && r->umin <= limit)
		put_check(w, class, BPF_JGE, reg, (int32_t)r->umin);
}

static void put_signed(struct told_writer *w, uint8_t reg, const struct range *r, uint8_t class)
{
	if (r->smin > INT32_MIN)
		put_check(w, class, BPF_JSGE, reg, (int32_t)r->smin);
	if (r->smax < INT32_MAX)
		put_check(w, class, BPF_JSLE, reg, (int32_t)r->smax);
}

#define LOW_BITS 3 /* these can be told one by one: what alignment is made of */

static void put_number(struct told_writer *w, uint8_t reg, const struct scalar *s)
{
	uint32_t zeros = (uint32_t)(~(s->bits.mask | s->bits.value)) & INT32_MAX;

	if (zeros)
		put_zeros(w, reg, zeros);
	for (uint32_t bit = 1; bit < 1 << LOW_BITS; bit <<= 1)
		if (s->bits.value & bit)
			put_check(w, BPF_JMP, BPF_JSET, reg, (int32_t)bit);
	put_unsigned(w, reg, &s->all, BPF_JMP, INT32_MAX);
	if (s->all.umax > INT32_MAX) {
		if (s->all.smin >= INT32_MIN)
			put_check(w, BPF_JMP, BPF_JSGE, reg, (int32_t)s->all.smin);
		if (s->all.smax <= INT32_MAX)
			put_check(w, BPF_JMP, BPF_JSLE, reg, (int32_t)s->all.smax);
		put_unsigned(w, reg, &s->low, BPF_JMP32, UINT32_MAX);
		put_signed(w, reg, &s->low, BPF_JMP32);
	}
}

static void put_values(struct told_writer *w, uint8_t reg, const struct claims_of *of)
{
	int16_t behind = (int16_t)(of->count + (uint32_t)told_trap_slots(w));

	for (uint32_t i = 0; i < of->count; i++)
		put(w, BPF_JMP | BPF_JEQ | BPF_K, reg, --behind, of->values[i]);
	told_put_trap(w);
}

static bool is_number(const struct claims_of *of)
{
	return of->seen && !of->other;
}

void told_put_claim(struct told_writer *w, uint8_t reg, const struct claims_of *of)
{
	if (!is_number(of))
		return;
	if (of->count)
		put_values(w, reg, of);
	else
		put_number(w, reg, &of->var);
}

static uint8_t class_of(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code);
}

static bool is_jump(const struct bpf_insn *insn)
{
	return (class_of(insn) == BPF_JMP || class_of(insn) == BPF_JMP32) && BPF_OP(insn->code) != BPF_CALL &&
	       BPF_OP(insn->code) != BPF_EXIT;
}

static bool takes(int32_t helper, uint8_t reg)
{
	return helper >= 0 && helper < HELPER_MAX && helper_of((uint32_t)helper) &&
	       helper_of((uint32_t)helper)->args[reg - 1] != HELPER_ARG_NONE;
}

void told_put_uses(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	bool by_reg = BPF_SRC(insn->code) == BPF_X && insn->src_reg < CLAIMS_REGS;

	if (insn->dst_reg >= CLAIMS_REGS)
		return;
	if (is_jump(insn) && BPF_OP(insn->code) != BPF_JA) {
		told_put_claim(w, insn->dst_reg, &at->before[insn->dst_reg]);
		if (by_reg)
			told_put_claim(w, insn->src_reg, &at->before[insn->src_reg]);
	} else if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg) {
		for (uint8_t reg = 1; reg <= 5; reg++)
			if (takes(insn->imm, reg))
				told_put_claim(w, reg, &at->before[reg]);
	} else if (class_of(insn) == BPF_ALU64 && BPF_OP(insn->code) != BPF_MOV && by_reg &&
		   is_number(&at->before[insn->dst_reg]) != is_number(&at->before[insn->src_reg])) {
		told_put_claim(w, insn->dst_reg, &at->before[insn->dst_reg]);
		told_put_claim(w, insn->src_reg, &at->before[insn->src_reg]);
	}
}

/*
 * A branch of which one side ends the program; to look at, it still leads there, since no instruction may be beyond
 * reach. Returns the instruction that leads to the branch's target.
 */
static uint32_t put_side(struct told_writer *w, const struct bpf_insn *insn, bool jumps)
{
	struct bpf_insn jump = *insn;
	uint32_t first = w->count;
	int16_t discards = slots_of(w, put_discards);

	jump.off = (int16_t)(jumps ? 3 + discards : 1);
	told_put(w, &jump);
	if (!jumps)
		put(w, BPF_JMP | BPF_JA, 0, (int16_t)(3 + discards), 0);
	put_discards(w);
	put(w, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, TOLD_R0);
	put(w, BPF_JMP | BPF_JNE | BPF_K, 0, 2, TOLD_R0);
	put(w, BPF_JMP | BPF_EXIT, 0, 0, 0);
	if (jumps)
		put(w, BPF_JMP | BPF_JA, 0, 0, 0);
	return first + (jumps ? 4 : 3) + (uint32_t)discards;
}

/* Goes on if the two registers, which are equal, can be told to be so. */
static void put_equal(struct told_writer *w, uint8_t a, uint8_t b)
{
	for (int i = 0; i < 2; i++) {
		told_put(w, &(struct bpf_insn){.code = BPF_JMP | BPF_JLE | BPF_X,
					       .dst_reg = (i ? b : a) & 0xf,
					       .src_reg = (i ? a : b) & 0xf,
					       .off = told_trap_slots(w)});
		told_put_trap(w);
	}
}

/* A comparison of pointers for equality, with what equality means. Returns the instruction that leads to its target. */
static uint32_t put_comparison(struct told_writer *w, const struct bpf_insn *insn)
{
	struct bpf_insn jump = *insn;
	uint32_t first = w->count;

	if (BPF_OP(insn->code) == BPF_JNE) {
		told_put(w, insn);
		put_equal(w, insn->dst_reg, insn->src_reg);
		return first;
	}
	jump.off = 1;
	told_put(w, &jump);
	put(w, BPF_JMP | BPF_JA, 0, (int16_t)(2 * (1 + told_trap_slots(w)) + 1), 0);
	put_equal(w, insn->dst_reg, insn->src_reg);
	put(w, BPF_JMP | BPF_JA, 0, 0, 0);
	return w->count - 1;
}

static struct claims_of negative(const struct claims_of *of)
{
	struct claims_of neg = *of;

	neg.var = scalar_alu(INSN_ALU_NEG, &of->var, &of->var, 8);
	for (uint32_t i = 0; i < of->count; i++) {
		if (of->values[i] == INT32_MIN)
			neg.count = 0;
		neg.values[i] = (int32_t) - (uint32_t)of->values[i];
	}
	return neg;
}

/* pointer -= number, as pointer += -number. */
static void put_minus(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	struct bpf_insn add = *insn;
	const struct claims_of *of = &at->before[insn->src_reg];
	struct claims_of neg = negative(of);

	add.code = (uint8_t)(BPF_ALU64 | BPF_ADD | BPF_SRC(insn->code));
	if (BPF_SRC(insn->code) == BPF_K) {
		add.imm = -insn->imm;
		told_put(w, &add);
		return;
	}
	put(w, BPF_ALU64 | BPF_NEG, insn->src_reg, 0, 0);
	told_put_claim(w, insn->src_reg, &neg);
	told_put(w, &add);
	put(w, BPF_ALU64 | BPF_NEG, insn->src_reg, 0, 0);
	told_put_claim(w, insn->src_reg, of);
}

/* Where each slot of the program went. */
struct places {
	uint32_t *start; /* what jumps to it lead to */
	uint32_t *at;    /* itself, or what leads on from it */
};

/* Jumps and calls of functions lead where they led. false: too far. */
static bool relocate(struct bpf_insn *out, const struct bpf_insn *in, uint32_t slots, const struct places *places)
{
	for (uint32_t i = 0; i < slots; i++) {
		const struct bpf_insn *old = &in[i];
		bool call = old->code == (BPF_JMP | BPF_CALL) && old->src_reg == BPF_PSEUDO_CALL,
		     far = old->code == (BPF_JMP32 | BPF_JA);
		int64_t to = (int64_t)i + 1 + (call || far ? old->imm : old->off), off;

		if (old->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++;
			continue;
		}
		if (!call && !is_jump(old))
			continue;
		if (to < 0 || to >= slots)
			return false;
		off = (int64_t)places->start[to] - places->at[i] - 1;
		if (call || far)
			out[places->at[i]].imm = (int32_t)off;
		else if (off < INT16_MIN || off > INT16_MAX)
			return false;
		else
			out[places->at[i]].off = (int16_t)off;
	}
	return true;
}

static bool meant(told_fn *fn, const struct bpf_insn *insn)
{
	return fn && fn((const uint8_t *)insn);
}

static int32_t access_bytes(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

void told_put_access(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	uint8_t class = class_of(insn), pointer = class == BPF_LDX ? insn->src_reg : insn->dst_reg, end = 0;
	int32_t behind = insn->off + access_bytes(insn);

	if ((class != BPF_LDX && class != BPF_STX && class != BPF_ST) || at->before[pointer].kind != REG_PACKET)
		return;
	while (end < CLAIMS_REGS && at->before[end].kind != REG_END)
		end++;
	if (end == CLAIMS_REGS)
		return;
	told_put(w, &(struct bpf_insn){.code = ADD_K, .dst_reg = pointer & 0xf, .imm = behind});
	told_put(w, &(struct bpf_insn){.code = BPF_JMP | BPF_JLE | BPF_X,
				       .dst_reg = pointer & 0xf,
				       .src_reg = end & 0xf,
				       .off = told_trap_slots(w)});
	told_put_trap(w);
	told_put(w, &(struct bpf_insn){.code = ADD_K, .dst_reg = pointer & 0xf, .imm = -behind});
}

static struct bpf_insn plain_of(const struct bpf_insn *insn)
{
	struct bpf_insn other = *insn;

	if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg &&
	    (insn->imm == BPF_FUNC_spin_lock || insn->imm == BPF_FUNC_spin_unlock))
		other.imm = BPF_FUNC_get_smp_processor_id;
	return other;
}

void told_put_found(struct told_writer *w, const struct bpf_insn *insn, const struct claims_of *r0)
{
	if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm == BPF_FUNC_map_lookup_elem &&
	    r0->kind == REG_VALUE)
		put_check(w, BPF_JMP, BPF_JNE, 0, 0);
}

/* Helpers that read or write memory, and have no other pointer but the context. The size is in the register behind. */
static const struct {
	int32_t helper;
	uint8_t reg;
} memory_rows[] = {
	{BPF_FUNC_trace_printk, 1},
	{BPF_FUNC_xdp_load_bytes, 3},
	{BPF_FUNC_xdp_store_bytes, 3},
};

/* 0: it is none of these. */
static uint8_t memory_of(const struct bpf_insn *insn)
{
	for (size_t i = 0; i < sizeof(memory_rows) / sizeof(memory_rows[0]); i++)
		if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm == memory_rows[i].helper)
			return memory_rows[i].reg;
	return 0;
}

bool told_is_memory(const uint8_t *insn)
{
	return memory_of((const void *)insn);
}

/* csum_diff() of the same memory, which the kernel lets be of the packet. */
static void put_sum(struct told_writer *w, uint8_t memory)
{
	put_move(w, 1, memory);
	put_move(w, 2, memory + 1);
	for (uint8_t reg = 3; reg <= 5; reg++)
		put(w, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0);
	put(w, BPF_JMP | BPF_CALL, 0, 0, BPF_FUNC_csum_diff);
}

/* Where what the context has is 1, it returns with a moved packet and any number; else nothing happens. */
static void put_tail_call(struct told_writer *w)
{
	told_put(w, &(struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
				       .dst_reg = 2,
				       .src_reg = 1,
				       .off = offsetof(struct xdp_md, rx_queue_index)});
	put(w, BPF_JMP | BPF_JNE | BPF_K, 2, 3, 1);
	put(w, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0);
	put(w, BPF_JMP | BPF_CALL, 0, 0, BPF_FUNC_xdp_adjust_head);
	put(w, BPF_JMP | BPF_EXIT, 0, 0, 0);
	put(w, BPF_JMP | BPF_CALL, 0, 0, BPF_FUNC_get_smp_processor_id);
}

/* A store and, where the old value is wanted, a load of the same bytes. */
static void put_store(struct told_writer *w, const struct bpf_insn *atomic)
{
	struct bpf_insn store = *atomic, load = *atomic;

	store.code = (uint8_t)(BPF_STX | BPF_MEM | BPF_SIZE(atomic->code));
	store.imm = 0;
	told_put(w, &store);
	if (!(atomic->imm & BPF_FETCH))
		return;
	load.code = (uint8_t)(BPF_LDX | BPF_MEM | BPF_SIZE(atomic->code));
	load.dst_reg = atomic->imm == BPF_CMPXCHG ? 0 : atomic->src_reg;
	load.src_reg = atomic->dst_reg;
	load.imm = 0;
	told_put(w, &load);
}

void told_put_plain(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	struct bpf_insn plain = plain_of(insn);

	if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm == BPF_FUNC_tail_call) {
		put_tail_call(w);
		w->other = true;
	} else if (memory_of(insn) && at->before[memory_of(insn)].kind == REG_PACKET) {
		put_sum(w, memory_of(insn));
		w->other = true;
	} else if (class_of(insn) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC && insn->dst_reg != BPF_REG_10 &&
		   at->before[insn->dst_reg].kind == REG_STACK) {
		put_store(w, insn);
		w->other = true;
	} else {
		told_put(w, &plain);
	}
}

#define LOW_ADDRESS 0xffff /* no stack is there */

bool told_put_fails(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	if (insn->code != (BPF_STX | BPF_ATOMIC | BPF_DW) || insn->imm != BPF_CMPXCHG || at->after.kind != REG_STACK ||
	    !is_number(&at->before[0]) || at->before[0].var.all.umax > LOW_ADDRESS)
		return false;
	put_check(w, BPF_JMP, BPF_JLE, 0, LOW_ADDRESS);
	told_put(w,
		 &(struct bpf_insn){
			 .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = insn->dst_reg, .off = insn->off});
	return true;
}

static bool is_local_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

/* A failed check in a function: main fails, too. */
static void put_failed(struct told_writer *w, const struct claims_at *behind, bool back)
{
	w->at = behind;
	w->changed = 0;
	if (is_number(&behind->before[0]) || (back && behind->back.seen))
		put_check(w, BPF_JMP, BPF_JNE, 0, TOLD_R0);
}

/* What a function returned in place of a stack pointer becomes the pointer again, where there is another one. */
static void put_back(struct told_writer *w, const struct claims_at *behind)
{
	if (!behind->back.seen || !(behind->own || behind->back.slots || behind->back.regs))
		return;
	put(w, BPF_JMP | BPF_JNE | BPF_K, 0, behind->own ? 2 : 1, TOLD_BACK);
	if (!behind->own) {
		put_home(w, 0, &behind->back);
		return;
	}
	put_move(w, 0, BPF_REG_10);
	put(w, ADD_K, 0, 0, behind->own_off);
}

/* On every path. */
static bool is_pointer(const struct claims_of *of)
{
	return of->seen && !of->number;
}

static bool has_one_side(const struct bpf_insn *insn, const struct claims_at *at)
{
	return is_jump(insn) && BPF_OP(insn->code) != BPF_JA && insn->off && at->jumps != at->falls;
}

static bool is_equality(const struct bpf_insn *insn, const struct claims_at *at)
{
	return (insn->code == (BPF_JMP | BPF_JEQ | BPF_X) || insn->code == (BPF_JMP | BPF_JNE | BPF_X)) &&
	       is_pointer(&at->before[insn->dst_reg]) && is_pointer(&at->before[insn->src_reg]);
}

static bool is_minus(const struct bpf_insn *insn, const struct claims_at *at)
{
	if (insn->code == (BPF_ALU64 | BPF_SUB | BPF_K))
		return !is_number(&at->before[insn->dst_reg]) && insn->imm != INT32_MIN;
	return insn->code == (BPF_ALU64 | BPF_SUB | BPF_X) && is_pointer(&at->before[insn->dst_reg]) &&
	       is_number(&at->before[insn->src_reg]);
}

bool told_put_minus(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	if (!is_minus(insn, at))
		return false;
	put_minus(w, insn, at);
	return true;
}

static bool is_zero(const struct claims_of *of)
{
	return is_number(of) && scalar_is(&of->var, 0);
}

bool told_put_zero(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at)
{
	uint8_t number = is_zero(&at->before[insn->dst_reg]) ? insn->dst_reg : insn->src_reg, pointer;

	pointer = insn->dst_reg ^ insn->src_reg ^ number;
	if (insn->code != (BPF_ALU64 | BPF_ADD | BPF_X) || !is_zero(&at->before[number]) ||
	    !is_pointer(&at->before[pointer]))
		return false;
	put_check(w, BPF_JMP, BPF_JEQ, number, 0);
	put_move(w, insn->dst_reg, pointer);
	return true;
}

/* What replaces the instruction as a whole. false: nothing does. */
static bool put_other(struct told_writer *w, const struct bpf_insn *insn, const struct claims_at *at,
		      const struct told_rule *rule)
{
	return (meant(rule->zero, insn) && told_put_zero(w, insn, at)) ||
	       (meant(rule->minus, insn) && told_put_minus(w, insn, at));
}

static void rewrite(struct told_writer *w, const struct bpf_insn *in, uint32_t slots, const struct claims_at *claims,
		    const struct told_rule *rule, const struct places *places)
{
	for (uint32_t i = 0; i < slots; i++) {
		const struct bpf_insn *insn = &in[i];
		const struct claims_at *at = &claims[i];

		places->start[i] = w->count;
		w->at = at;
		w->changed = 0;
		if (meant(rule->use, insn))
			told_put_uses(w, insn, at);
		if (meant(rule->access, insn))
			told_put_access(w, insn, at);
		if (meant(rule->back, insn) && insn->code == (BPF_JMP | BPF_EXIT) && at->before[0].kind == REG_STACK)
			put(w, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, TOLD_BACK);
		places->at[i] = w->count;
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && i + 1 < slots) {
			told_put(w, insn);
			told_put(w, &in[++i]);
		} else if (meant(rule->side, insn) && has_one_side(insn, at)) {
			places->at[i] = put_side(w, insn, at->jumps);
		} else if (meant(rule->equal, insn) && is_equality(insn, at)) {
			places->at[i] = put_comparison(w, insn);
		} else if (!put_other(w, insn, at, rule)) {
			if (!meant(rule->fails, insn) || !told_put_fails(w, insn, at)) {
				if (meant(rule->plain, insn))
					told_put_plain(w, insn, at);
				else
					told_put(w, insn);
			}
			w->changed = class_of(insn) == BPF_JMP ? 0x3f : (uint16_t)(1u << insn->dst_reg);
			if (is_local_call(insn) && i + 1 < slots) {
				put_failed(w, at + 1, meant(rule->back, insn));
				if (meant(rule->back, insn))
					put_back(w, at + 1);
			}
			if (meant(rule->found, insn))
				told_put_found(w, insn, &at->after);
			if (meant(rule->result, insn))
				told_put_claim(w, insn->dst_reg, &at->after);
		}
	}
}

uint32_t told_rewrite(const uint8_t *wire, uint32_t slots, const struct claims_at *claims, const struct told_rule *rule,
		      uint8_t *out, uint32_t room, bool *same)
{
	struct told_writer w = {.out = (void *)out, .room = room};
	struct places places = {calloc(slots, sizeof(uint32_t)), calloc(slots, sizeof(uint32_t))};
	bool good = places.start && places.at;

	if (good)
		rewrite(&w, (const void *)wire, slots, claims, rule, &places);
	good = good && !w.full && relocate(w.out, (const void *)wire, slots, &places);
	free(places.start);
	free(places.at);
	*same = !w.other;
	return good ? w.count : 0;
}
