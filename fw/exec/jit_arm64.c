// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's back end for arm64, AAPCS64.
 *
 * R1 to R5 live where C passes arguments. R0 is x7, since x0 is taken: a helper's result is moved there, and from there
 * to x0 at each return, which does a local call no harm. R6 to R9 live in registers that C preserves. x23 holds the
 * run, x9 to x14 are scratch within one instruction, x16 and x17 lead to functions of C.
 *
 * A program without local calls and tail calls is a loop over frames: jit_fn enters it for one frame, jit_burst_fn for
 * many; x24 is the frame, x26 the end of all frames. Other programs return after one frame. All of their functions have
 * one frame on the stack, so a jump may lead anywhere in the program:
 *
 *     x29 ->  saved x29, x30       only if R10 appears, R10 is x29; or if something is called
 *             512 bytes of stack   only if R10 appears
 *      sp ->  saved pairs of x19 to x26, those that appear
 *
 * 32-bit operations zero the upper half because each ends in a write to a w register.
 *
 * Selection is by class, operation and width of insn_info: arithmetic, memory and calls have a file each.
 */
#include "exec/jit_arm64.h"
#include "core.h"

#define R0     JIT_ARM64_R0
#define RUN    JIT_ARM64_RUN
#define TEMP   JIT_ARM64_TEMP
#define reg_of jit_arm64_reg

enum {
	MASK = X14,
	LOOP_FRAME = X24,
	LOOP_END = X26,
};

/* Frames */

#define MAX_SAVED 8

static bool has_frame_pointer(const struct jit_work *w)
{
	return w->regs & 1u << INSN_FRAME_PTR;
}

static bool has_record(const struct jit_work *w)
{
	return w->calls || has_frame_pointer(w);
}

/* The registers to be saved besides, an even number. */
static unsigned int saved_registers(const struct jit_work *w, uint8_t saved[MAX_SAVED])
{
	unsigned int n = 0;

	for (unsigned int r = 6; r < INSN_FRAME_PTR; r++)
		if (w->regs & 1u << r)
			saved[n++] = reg_of[r];
	if (w->burst) {
		saved[n++] = LOOP_FRAME;
		saved[n++] = LOOP_END;
	}
	if (w->run || w->burst)
		saved[n++] = RUN;
	if (n % 2)
		saved[n++] = XZR;
	return n;
}

static void make_frame(const struct jit_work *w, struct jit_out *o)
{
	uint8_t saved[MAX_SAVED];
	unsigned int count = saved_registers(w, saved);

	if (has_record(w))
		a64_push(o, X29, X30);
	if (has_frame_pointer(w)) {
		a64_arith_imm(o, A64_ADD, 8, X29, XSP, 0);
		a64_arith_imm(o, A64_SUB, 8, XSP, XSP, EXEC_STACK_BYTES); /* req: XO-130 */
	}
	for (unsigned int n = 0; n < count; n += 2)
		a64_push(o, saved[n], saved[n + 1]);
}

/* What a program reads of its stack without having written it is 0. */
static void zero_frame(const struct jit_work *w, struct jit_out *o)
{
	if (!w->prog->zero_stack || !has_frame_pointer(w))
		return;
	for (int at = -EXEC_STACK_BYTES; at < 0; at += 16)
		a64_store_pair(o, X29, at, XZR, XZR);
}

static void prologue(const struct jit_work *w, struct jit_out *o)
{
	make_frame(w, o);
	zero_frame(w, o);
}

void jit_arm64_leave(const struct jit_work *w, struct jit_out *o)
{
	uint8_t saved[MAX_SAVED];

	for (unsigned int n = saved_registers(w, saved); n > 0; n -= 2)
		a64_pop(o, saved[n - 2], saved[n - 1]);
	if (has_frame_pointer(w))
		a64_arith_imm(o, A64_ADD, 8, XSP, XSP, EXEC_STACK_BYTES);
	if (has_record(w))
		a64_pop(o, X29, X30);
}

static void leave_and_return(const struct jit_work *w, struct jit_out *o)
{
	jit_arm64_leave(w, o);
	a64_mov(o, 8, X0, R0);
	a64_ret(o);
}

static int64_t prologue_bytes(const struct jit_work *w)
{
	struct jit_out count = {0};

	prologue(w, &count);
	return (int64_t)count.at;
}

/* Bursts */

/* For x0, what struct run has to say of this frame. */
static void set_run(const struct jit_work *w, struct jit_out *o)
{
	if (w->needs & JIT_NEED_FRAME)
		a64_store(o, 8, RUN, offsetof(struct run, frame), X0);
	if (w->needs & JIT_NEED_QUEUE) {
		a64_load(o, 4, TEMP, X0, offsetof(struct fw_frame, rx_queue_index));
		a64_store(o, 4, RUN, offsetof(struct run, queue), TEMP);
	}
	if (w->needs & JIT_NEED_HEADROOM) {
		a64_load(o, 8, TEMP, X0, offsetof(struct fw_frame, data_meta));
		a64_store(o, 8, RUN, offsetof(struct run, headroom_top), TEMP);
	}
	if (w->needs & JIT_NEED_TURNS) {
		a64_mov_imm(o, TEMP, EXEC_TURNS);
		a64_store(o, 4, RUN, offsetof(struct run, turns), TEMP);
	}
}

/* x0: frame, x1: run; entered at burst_at, x2: frames. Entered at the start, the end is 0: see the tail. */
static void enter_burst(struct jit_work *w)
{
	struct jit_out *o = &w->out;
	size_t one;

	make_frame(w, o);
	if (w->run)
		a64_mov(o, 8, RUN, X1);
	a64_mov(o, 8, LOOP_END, XZR);
	one = a64_b_ahead(o);
	w->burst_at = o->at;
	make_frame(w, o);
	a64_mov(o, 8, RUN, X1);
	a64_mov_imm(o, TEMP, sizeof(struct fw_frame));
	a64_madd(o, 8, LOOP_END, X2, TEMP, X0);
	w->loop_at = o->at;
	set_run(w, o);
	a64_here(o, one);
	a64_mov(o, 8, LOOP_FRAME, X0);
	zero_frame(w, o);
}

/*
 * What the frame shows of R0. Without preparing, R0 is known to be small and what is behind the verdict is written,
 * too. Any other R0 is masked without a branch that a processor could guess wrong. req: XO-129, XO-230
 */
static void show(const struct jit_work *w, struct jit_out *o)
{
	unsigned int width = w->needs & JIT_NEED_PREPARED ? 4 : 8;

	a64_store(o, 8, LOOP_FRAME, offsetof(struct fw_frame, r0), R0);
	a64_mov_imm(o, TEMP, EXEC_ACTIONS);
	a64_arith(o, A64_SUBS, 4, XZR, R0, TEMP);
	a64_csel(o, A64_LO, 4, TEMP, R0, TEMP);
	a64_lsl_imm(o, 8, TEMP, TEMP, 3);
	a64_arith_imm(o, A64_ADD, 8, TEMP, TEMP, offsetof(struct run, outcomes));
	a64_load_at(o, width, TEMP, RUN, TEMP);
	a64_store(o, width, LOOP_FRAME, offsetof(struct fw_frame, verdict), TEMP);
}

/* Calls map_run_ended() if any map wants it; there may be no firmware. req: XO-169 */
static void end_run(struct jit_work *w)
{
	struct jit_out *o = &w->out;
	size_t no_fw, none;

	a64_load(o, 8, X0, RUN, offsetof(struct run, fw));
	no_fw = a64_cbz_ahead(o, 8, X0);
	a64_mov_imm(o, TEMP, offsetof(struct fw, run_end));
	a64_load_at(o, 8, TEMP, X0, TEMP);
	none = a64_cbz_ahead(o, 8, TEMP);
	jit_arm64_call_address(w, (uint64_t)(uintptr_t)map_run_ended);
	a64_here(o, no_fw);
	a64_here(o, none);
}

/* Who entered for one frame, perhaps in the middle of a run, shows R0 and ends the run as it sees fit. */
static void jit_arm64_tail(struct jit_work *w)
{
	struct jit_out *o = &w->out;
	size_t one = a64_cbz_ahead(o, 8, LOOP_END);

	show(w, o);
	if (w->needs & JIT_NEED_END)
		end_run(w);
	a64_arith_imm(o, A64_ADD, 8, X0, LOOP_FRAME, sizeof(struct fw_frame));
	a64_arith(o, A64_SUBS, 8, XZR, X0, LOOP_END);
	a64_b_cc(o, A64_EQ, 2 * A64_BYTES); /* the loop's start may be too far for a condition */
	a64_b(o, (int64_t)w->loop_at - (int64_t)o->at);
	a64_here(o, one);
	leave_and_return(w, o);
}

/* Entries */

/* x0: frame or memory, x1: run, x2: bytes of memory */
static void jit_arm64_entry(struct jit_work *w)
{
	if (w->burst) {
		enter_burst(w);
		return;
	}
	prologue(w, &w->out);
	if (w->run)
		a64_mov(&w->out, 8, RUN, X1);
	if (w->prog->plain_memory)
		a64_mov(&w->out, 8, reg_of[2], X2);
}

static void jit_arm64_func(struct jit_work *w, uint32_t i, bool falls)
{
	(void)i;
	if (falls)
		a64_b(&w->out, A64_BYTES + prologue_bytes(w));
	prologue(w, &w->out);
}

static void jit_arm64_trap(struct jit_work *w)
{
	while (w->out.at + A64_BYTES <= w->out.room)
		a64_brk(&w->out, 0);
	while (w->out.at < w->out.room)
		jit_byte(&w->out, 0);
}

/* Jumps */

static const uint8_t conditions[] = {
	[INSN_JMP_EQ] = A64_EQ, [INSN_JMP_GT] = A64_HI,  [INSN_JMP_GE] = A64_HS,  [INSN_JMP_SET] = A64_NE,
	[INSN_JMP_NE] = A64_NE, [INSN_JMP_SGT] = A64_GT, [INSN_JMP_SGE] = A64_GE, [INSN_JMP_LT] = A64_LO,
	[INSN_JMP_LE] = A64_LS, [INSN_JMP_SLT] = A64_LT, [INSN_JMP_SLE] = A64_LE,
};

static bool is_zero_test(const struct insn *insn, const struct insn_info *info)
{
	return info->form == INSN_FORM_JMP_K && !insn->imm64 && (info->op == INSN_JMP_EQ || info->op == INSN_JMP_NE);
}

static void emit_test(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	uint64_t value = info->width == 8 ? (uint64_t)insn->imm64 : (uint32_t)insn->imm64;
	bool is_imm = info->form == INSN_FORM_JMP_K;
	uint8_t dst = reg_of[insn->dst], src = is_imm ? TEMP : reg_of[insn->src];
	uint32_t field;

	if (is_imm && !jit_blinds(w, insn->imm64) && a64_bitmask(info->width, value, &field)) {
		a64_logic_imm(&w->out, A64_ANDS, info->width, XZR, dst, value);
		return;
	}
	if (is_imm)
		jit_arm64_constant(w, TEMP, value);
	a64_logic(&w->out, A64_ANDS, info->width, XZR, dst, src);
}

static void emit_compare(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	uint8_t dst = reg_of[insn->dst];

	if (info->op == INSN_JMP_SET)
		emit_test(w, insn, info);
	else if (info->form == INSN_FORM_JMP_K)
		jit_arm64_arith_imm(w, A64_SUBS, info->width, XZR, dst, (int32_t)insn->imm64, true);
	else
		a64_arith(&w->out, A64_SUBS, info->width, XZR, dst, reg_of[insn->src]);
}

/* The long form jumps over an unconditional branch if not, as that of all conditional jumps. */
static int emit_may_goto(struct jit_work *w, const struct insn *insn)
{
	struct jit_out *o = &w->out;

	a64_load(o, 4, TEMP, RUN, offsetof(struct run, turns));
	a64_cbz(o, true, 4, TEMP, 2 * A64_BYTES);
	a64_b(o, 0);
	jit_branch(w, JIT_BRANCH_JMP, 2 * A64_BYTES, (uint32_t)insn->imm);
	a64_arith_imm(o, A64_SUB, 4, TEMP, TEMP, 1);
	a64_store(o, 4, RUN, offsetof(struct run, turns), TEMP);
	return 0;
}

static int emit_jmp(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];
	struct jit_out *o = &w->out;

	if (info->op == INSN_JMP_MAY)
		return emit_may_goto(w, insn);
	if (info->op >= ARRAY_SIZE(conditions))
		return -ENOTSUP;
	if (is_zero_test(insn, info)) {
		a64_cbz(o, info->op == INSN_JMP_EQ, info->width, reg_of[insn->dst], 2 * A64_BYTES);
	} else {
		emit_compare(w, insn, info);
		a64_b_cc(o, conditions[info->op] ^ 1, 2 * A64_BYTES); /* the opposite is its neighbour */
	}
	a64_b(o, 0);
	jit_branch(w, JIT_BRANCH_JMP, 2 * A64_BYTES, (uint32_t)insn->imm);
	return 0;
}

static void emit_ja(struct jit_work *w, uint32_t i, uint32_t to)
{
	if (jit_is_void(w, i))
		return;
	a64_b(&w->out, 0);
	jit_branch(w, JIT_BRANCH_JA, A64_BYTES, to);
}

/* A program that can tail-call counts the frames that stay while a program runs that a callee enters. */
static void change_depth(struct jit_out *o, enum a64_arith op)
{
	a64_load(o, 4, TEMP, RUN, offsetof(struct run, depth));
	a64_arith_imm(o, op, 4, TEMP, TEMP, 1);
	a64_store(o, 4, RUN, offsetof(struct run, depth), TEMP);
}

/* The program that runs is this one again, whatever the callee entered. */
static void come_back(const struct jit_work *w, struct jit_out *o)
{
	change_depth(o, A64_SUB);
	a64_mov_imm(o, TEMP, (uint64_t)(uintptr_t)w->prog);
	a64_store(o, 8, RUN, offsetof(struct run, prog), TEMP);
}

static void emit_call_local(struct jit_work *w, const struct insn *insn)
{
	if (w->tails)
		change_depth(&w->out, A64_ADD);
	a64_bl(&w->out, 0);
	jit_branch(w, JIT_BRANCH_CALL, A64_BYTES, (uint32_t)insn->imm);
	if (w->tails)
		come_back(w, &w->out);
}

/* What can be an address is 0. */
static void hide_r0(struct jit_out *o)
{
	a64_mov_imm(o, TEMP, EXEC_ADDRESSES);
	a64_arith(o, A64_SUBS, 8, XZR, R0, TEMP);
	a64_csel(o, A64_LO, 8, R0, R0, XZR);
}

static void emit_exit(struct jit_work *w, uint32_t i)
{
	if (w->insns[i].off)
		hide_r0(&w->out);
	if (w->burst) {
		if (!w->insns[i].imm) /* R0 may be anything: see show() */
			w->needs |= JIT_NEED_PREPARED;
		emit_ja(w, i, w->prog->count);
	} else {
		leave_and_return(w, &w->out);
	}
}

/* The back end */

/* All four parts, so that passes agree on the length whatever the number. */
static void spell_out(struct jit_out *o, unsigned int width, unsigned int reg, uint64_t value)
{
	for (unsigned int half = 0; half < width / 2; half++)
		a64_wide(o, half ? A64_MOVK : A64_MOVZ, width, reg, (uint16_t)(value >> 16 * half), half);
}

void jit_arm64_constant(struct jit_work *w, unsigned int reg, uint64_t value)
{
	unsigned int width = value <= UINT32_MAX ? 4 : 8;
	struct jit_out *o = &w->out;
	uint64_t mask;

	if (!w->prog->blind || !value) {
		a64_mov_imm(o, reg, value);
		return;
	}
	mask = jit_blinding(w);
	spell_out(o, width, reg, value ^ mask);
	spell_out(o, width, MASK, mask);
	a64_logic(o, A64_EOR, width, reg, reg, MASK);
}

static void emit_ld_imm64(struct jit_work *w, const struct insn *insn)
{
	unsigned int dst = reg_of[insn->dst];

	if (insn_info[insn->op].cls == INSN_CLASS_LD_IMM64)
		jit_arm64_constant(w, dst, (uint64_t)insn->imm64);
	else
		a64_mov_imm(&w->out, dst, (uint64_t)insn->imm64);
}

static int jit_arm64_insn(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];

	switch (insn_info[insn->op].cls) { /* req: XO-126 */
	case INSN_CLASS_ALU:
		return jit_arm64_alu(w, i);
	case INSN_CLASS_LDX:
	case INSN_CLASS_LDSX:
		return jit_arm64_load(w, i);
	case INSN_CLASS_ST:
	case INSN_CLASS_STX:
		return jit_arm64_store(w, i);
	case INSN_CLASS_ATOMIC:
		return jit_arm64_atomic(w, i);
	case INSN_CLASS_JMP:
		return emit_jmp(w, i);
	case INSN_CLASS_JA:
		emit_ja(w, i, (uint32_t)insn->imm);
		return 0;
	case INSN_CLASS_CALL:
		return jit_arm64_call(w, i);
	case INSN_CLASS_CALL_LOCAL:
		emit_call_local(w, insn);
		return 0;
	case INSN_CLASS_EXIT:
		emit_exit(w, i);
		return 0;
	case INSN_CLASS_LD_IMM64:
	case INSN_CLASS_LD_MAP:
	case INSN_CLASS_LD_MAP_VALUE:
		emit_ld_imm64(w, insn);
		return 0;
	case INSN_CLASS_SLOT2:
		return 0;
	default:
		return -ENOTSUP;
	}
}

static void jit_arm64_branch(struct jit_work *w, const struct jit_branch *b, const uint8_t *from, int64_t to)
{
	struct jit_out *o = &w->out;
	int64_t distance = to - (int64_t)o->at;
	uint32_t word;

	switch (b->kind) {
	case JIT_BRANCH_JMP:
		mem_copy(&word, from, sizeof(word));
		if (b->is_short) {
			a64_branch_again(o, a64_opposite(word), distance);
			return;
		}
		a64_word(o, word);
		a64_b(o, distance - A64_BYTES);
		return;
	case JIT_BRANCH_JA:
		a64_b(o, distance);
		return;
	case JIT_BRANCH_CALL:
		a64_bl(o, distance - prologue_bytes(w));
		return;
	default:
		if (b->is_short) {
			a64_bl(o, (int64_t)(b->address - (w->exec + o->at)));
			return;
		}
		for (unsigned int n = 0; n < b->bytes; n++)
			jit_byte(o, from[n]);
	}
}

/* All end in their distance, which counts from where that instruction starts. */
static bool jit_arm64_target(const struct jit_work *w, const struct jit_branch *b, size_t end, int64_t *to)
{
	size_t from = end - A64_BYTES;

	if (end > w->out.room || end < A64_BYTES || !a64_jump_distance(w->out.image + from, to))
		return false;
	*to += (int64_t)from;
	if (b->kind == JIT_BRANCH_CALL)
		*to += prologue_bytes(w);
	return true;
}

/* Conditional branches have 19 bits for the distance in words, counted from themselves. */
const struct jit_machine jit_arm64 = {
	.short_min = -(1 << 20) - A64_BYTES,
	.short_max = (1 << 20) - 2 * A64_BYTES,
	.far_reach = 1 << 27,
	.short_bytes = {[JIT_BRANCH_JMP] = A64_BYTES, [JIT_BRANCH_FAR] = A64_BYTES},
	.entry = jit_arm64_entry,
	.tail = jit_arm64_tail,
	.func = jit_arm64_func,
	.insn = jit_arm64_insn,
	.branch = jit_arm64_branch,
	.trap = jit_arm64_trap,
	.target = jit_arm64_target,
};
