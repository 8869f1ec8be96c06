// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's back end for x86-64, System V.
 *
 * R0 to R5 live where C passes results and arguments, so a helper call moves nothing; R6 to R9 and R10 live in
 * registers that C preserves. r12 holds the run, r9 to r11 are scratch within one instruction.
 *
 * A program without local calls and tail calls is a loop over frames: jit_fn enters it for one frame, jit_burst_fn for
 * many. Its registers for the frame and the end of all frames are two of those that C preserves and the program leaves
 * free, else they are at rsp. Other programs return after one frame. All of their functions have one frame on the
 * stack, so a jump may lead anywhere in the program:
 *
 *     rbp ->  saved rbp            only if R10 appears; R10 is rbp
 *             512 bytes of stack
 *     rsp ->  saved r12, r15 ... rbx, those that appear
 *
 * and a multiple of 16 bytes at calls. 32-bit operations zero the upper half because each ends in a 32-bit write.
 *
 * Selection is by class, operation and width of insn_info: arithmetic, memory and calls have a file each.
 */
#include "exec/jit_x86_64.h"
#include "core.h"

#define RUN    JIT_X86_64_RUN
#define reg_of jit_x86_64_reg

/* Pushed in this order after the stack. */
static const struct {
	uint8_t reg;
	uint8_t bpf;
} saved[] = {{RBX, 6}, {R13, 7}, {R14, 8}, {R15, 9}};

_Static_assert(sizeof(bool) == 1, "bad_queue is stored as a byte");

/* Frames */

static bool has_frame_pointer(const struct jit_work *w)
{
	return w->regs & 1u << INSN_FRAME_PTR;
}

static bool is_saved(const struct jit_work *w, size_t n)
{
	return w->regs & 1u << saved[n].bpf;
}

/* Bytes to subtract from rsp besides the pushes. */
static int32_t frame_bytes(const struct jit_work *w)
{
	unsigned int pushes = 1 + w->run + has_frame_pointer(w);     /* the return address is one */
	int32_t bytes = has_frame_pointer(w) ? EXEC_STACK_BYTES : 0; /* req: XO-130 */

	for (size_t n = 0; n < ARRAY_SIZE(saved); n++)
		pushes += is_saved(w, n);
	if (w->calls && pushes % 2)
		bytes += 8;
	return bytes;
}

/* What a program reads of its stack without having written it is 0. R0 holds nothing yet. */
static void zero_frame(const struct jit_work *w, struct jit_out *o)
{
	size_t again;

	if (!w->prog->zero_stack || !has_frame_pointer(w))
		return;
	x86_mov(o, 8, RAX, RBP);
	x86_alu_imm(o, X86_SUB, 8, RAX, EXEC_STACK_BYTES);
	again = o->at;
	x86_store_imm(o, 8, RAX, 0, 0);
	x86_alu_imm(o, X86_ADD, 8, RAX, 8);
	x86_alu(o, X86_CMP, 8, RAX, RBP);
	x86_jcc(o, X86_NE, true, (int64_t)again - (int64_t)(o->at + 2));
}

static void prologue(const struct jit_work *w, struct jit_out *o)
{
	int32_t bytes = frame_bytes(w);

	if (has_frame_pointer(w)) {
		x86_push(o, RBP);
		x86_mov(o, 8, RBP, RSP);
	}
	if (bytes)
		x86_alu_imm(o, X86_SUB, 8, RSP, bytes);
	for (size_t n = 0; n < ARRAY_SIZE(saved); n++)
		if (is_saved(w, n))
			x86_push(o, saved[n].reg);
	if (w->run)
		x86_push(o, RUN);
	zero_frame(w, o);
}

void jit_x86_64_leave(const struct jit_work *w, struct jit_out *o)
{
	int32_t bytes = frame_bytes(w);

	if (w->run)
		x86_pop(o, RUN);
	for (size_t n = ARRAY_SIZE(saved); n-- > 0;)
		if (is_saved(w, n))
			x86_pop(o, saved[n].reg);
	if (has_frame_pointer(w))
		x86_leave(o);
	else if (bytes)
		x86_alu_imm(o, X86_ADD, 8, RSP, bytes);
}

static int64_t prologue_bytes(const struct jit_work *w)
{
	struct jit_out count = {0};

	prologue(w, &count);
	return (int64_t)count.at;
}

/* Bursts */

#define IN_MEMORY UINT8_MAX

/* Where a burst keeps what it counts by. */
struct loop {
	uint16_t pushed; /* bit n: machine register n */
	uint8_t frame;   /* registers, or IN_MEMORY: */
	uint8_t end;
	bool stand_in; /* one frame is shown in its place what a burst's are */
	int32_t below; /* bytes below R10's stack: [rsp]: the end, [rsp + 8]: the frame; then the stand-in */
	int32_t bytes; /* below the pushed registers */
};

#define LOOP_END      0
#define LOOP_FRAME    8
#define LOOP_STAND_IN 16

static uint8_t take_register(const struct jit_work *w, struct loop *loop)
{
	static const uint8_t order[] = {R8, RBX, RBP, R13, R14, R15};
	bool r8_changes = w->calls || w->regs & 1u << 5;

	for (size_t n = 0; n < ARRAY_SIZE(order); n++) {
		if (loop->pushed >> order[n] & 1 || (order[n] == R8 && r8_changes))
			continue;
		loop->pushed |= (uint16_t)(1u << order[n]);
		return order[n];
	}
	return IN_MEMORY;
}

static struct loop loop_of(const struct jit_work *w)
{
	struct loop loop = {0};
	bool odd;

	for (size_t n = 0; n < ARRAY_SIZE(saved); n++)
		if (is_saved(w, n))
			loop.pushed |= (uint16_t)(1u << saved[n].reg);
	if (has_frame_pointer(w))
		loop.pushed |= 1u << RBP;
	loop.pushed |= 1u << RUN;
	loop.frame = take_register(w, &loop);
	loop.end = take_register(w, &loop);
	odd = !__builtin_parity(loop.pushed); /* with the return address, which is pushed, too */
	loop.stand_in = loop.end != IN_MEMORY && !(w->needs & JIT_NEED_END);
	loop.below = LOOP_STAND_IN + (loop.stand_in ? (int32_t)ALIGN_UP(sizeof(struct fw_frame), 16) : 0);
	loop.bytes = loop.below + (has_frame_pointer(w) ? EXEC_STACK_BYTES : 0) + (odd ? 8 : 0); /* req: XO-130 */
	return loop;
}

/* For rdi, what struct run has to say of this frame. */
static void set_run(const struct jit_work *w, struct jit_out *o)
{
	if (w->needs & JIT_NEED_FRAME)
		x86_store(o, 8, RUN, offsetof(struct run, frame), RDI);
	if (w->needs & JIT_NEED_QUEUE) {
		x86_load(o, 4, RAX, RDI, offsetof(struct fw_frame, rx_queue_index));
		x86_store(o, 4, RUN, offsetof(struct run, queue), RAX);
	}
	if (w->needs & JIT_NEED_HEADROOM) {
		x86_load(o, 8, RAX, RDI, offsetof(struct fw_frame, data_meta));
		x86_store(o, 8, RUN, offsetof(struct run, headroom_top), RAX);
	}
	if (w->needs & JIT_NEED_TURNS)
		x86_store_imm(o, 4, RUN, offsetof(struct run, turns), EXEC_TURNS);
}

static void make_loop(const struct jit_work *w, struct jit_out *o, const struct loop *loop)
{
	for (unsigned int reg = 0; reg <= R15; reg++)
		if (loop->pushed >> reg & 1)
			x86_push(o, reg);
	x86_alu_imm(o, X86_SUB, 8, RSP, loop->bytes);
	if (has_frame_pointer(w))
		x86_lea(o, 8, RBP, RSP, loop->below + EXEC_STACK_BYTES);
	x86_mov(o, 8, RUN, RSI);
}

/*
 * rdi: frame, rsi: run; entered at burst_at, rdx: frames. Entered at the start, there is one frame that shows nothing
 * and starts no run: the loop is over its stand-in, or the end is 0: see the tail.
 */
static void enter_burst(struct jit_work *w)
{
	struct loop loop = loop_of(w);
	struct jit_out *o = &w->out;
	size_t one;

	make_loop(w, o, &loop);
	if (loop.stand_in) {
		x86_lea(o, 8, loop.frame, RSP, LOOP_STAND_IN);
		x86_lea(o, 8, loop.end, loop.frame, sizeof(struct fw_frame));
	} else if (loop.end == IN_MEMORY) {
		x86_store_imm(o, 8, RSP, LOOP_END, 0);
	} else {
		x86_zero(o, loop.end);
	}
	one = x86_jmp_ahead(o);
	w->burst_at = o->at;
	make_loop(w, o, &loop);
	x86_imul_imm(o, 8, RDX, RDX, sizeof(struct fw_frame));
	x86_alu(o, X86_ADD, 8, RDX, RDI);
	if (loop.end == IN_MEMORY)
		x86_store(o, 8, RSP, LOOP_END, RDX);
	else
		x86_mov(o, 8, loop.end, RDX);
	w->loop_at = o->at;
	set_run(w, o);
	if (!loop.stand_in)
		x86_here(o, one);
	if (loop.frame == IN_MEMORY)
		x86_store(o, 8, RSP, LOOP_FRAME, RDI);
	else
		x86_mov(o, 8, loop.frame, RDI);
	if (loop.stand_in)
		x86_here(o, one);
	zero_frame(w, o);
}

/* rax = run->outcomes[rax] */
static void load_outcome(struct jit_out *o, unsigned int width)
{
	x86_opcode(o, width, 0x8b, RAX, RUN, false, false);
	jit_byte(o, 0x84);                          /* ModRM: rax, [SIB + 4 bytes] */
	jit_byte(o, 3 << 6 | RAX << 3 | (RUN & 7)); /* SIB: 8 * rax + r12 */
	jit_bytes(o, offsetof(struct run, outcomes), 4);
}

/*
 * What the frame shows of R0. Without preparing, R0 is known to be small and what is behind the verdict is written,
 * too. Any other R0 is masked without a branch that a processor could guess wrong. req: XO-129, XO-230
 */
static void show(const struct jit_work *w, struct jit_out *o, unsigned int frame)
{
	unsigned int width = w->needs & JIT_NEED_PREPARED ? 4 : 8;

	x86_store(o, 8, frame, offsetof(struct fw_frame, r0), RAX);
	if (w->needs & JIT_NEED_PREPARED) {
		x86_mov_imm(o, RCX, EXEC_ACTIONS);
		x86_alu(o, X86_CMP, 4, RAX, RCX);
		x86_op_rr(o, 4, 0x0f40 | X86_A, RAX, RCX); /* cmova eax, ecx */
	}
	load_outcome(o, width);
	x86_store(o, width, frame, offsetof(struct fw_frame, verdict), RAX);
}

/* Calls map_run_ended() if any map wants it; there may be no firmware. req: XO-169 */
static void end_run(struct jit_work *w)
{
	struct jit_out *o = &w->out;
	size_t no_fw, none;

	x86_load(o, 8, RDI, RUN, offsetof(struct run, fw));
	x86_test(o, 8, RDI, RDI);
	no_fw = x86_jcc_ahead(o, X86_E);
	x86_alu_mem_imm(o, X86_CMP, 8, RDI, offsetof(struct fw, run_end), 0);
	none = x86_jcc_ahead(o, X86_E);
	jit_x86_64_call_address(w, (uint64_t)(uintptr_t)map_run_ended);
	x86_here(o, no_fw);
	x86_here(o, none);
}

/* Who entered for one frame, perhaps in the middle of a run, shows R0 and ends the run as it sees fit. */
static void jit_x86_64_tail(struct jit_work *w)
{
	struct loop loop = loop_of(w);
	struct jit_out *o = &w->out;
	unsigned int frame = loop.frame == IN_MEMORY ? RDI : loop.frame;
	size_t one = 0;

	if (loop.end == IN_MEMORY)
		x86_alu_mem_imm(o, X86_CMP, 8, RSP, LOOP_END, 0);
	else if (!loop.stand_in)
		x86_test(o, 8, loop.end, loop.end);
	if (!loop.stand_in)
		one = x86_jcc_ahead(o, X86_E);
	if (loop.frame == IN_MEMORY)
		x86_load(o, 8, frame, RSP, LOOP_FRAME);
	show(w, o, frame);
	if (w->needs & JIT_NEED_END) {
		end_run(w);
		if (loop.frame == IN_MEMORY)
			x86_load(o, 8, frame, RSP, LOOP_FRAME);
	}
	x86_lea(o, 8, RDI, frame, sizeof(struct fw_frame));
	if (loop.end == IN_MEMORY)
		x86_alu_load(o, X86_CMP, 8, RDI, RSP, LOOP_END);
	else
		x86_alu(o, X86_CMP, 8, RDI, loop.end);
	x86_jcc(o, X86_NE, false, (int64_t)w->loop_at - (int64_t)(o->at + X86_JCC_BYTES));
	if (loop.stand_in)
		x86_load(o, 8, RAX, frame, offsetof(struct fw_frame, r0));
	else
		x86_here(o, one);
	x86_alu_imm(o, X86_ADD, 8, RSP, loop.bytes);
	for (unsigned int reg = R15 + 1; reg-- > 0;)
		if (loop.pushed >> reg & 1)
			x86_pop(o, reg);
	x86_ret(o);
}

/* Entries */

/* rdi: frame or memory, rsi: run, rdx: bytes of memory */
static void jit_x86_64_entry(struct jit_work *w)
{
	if (w->burst) {
		enter_burst(w);
		return;
	}
	prologue(w, &w->out);
	if (w->run)
		x86_mov(&w->out, 8, RUN, RSI);
	if (w->prog->plain_memory)
		x86_mov(&w->out, 8, RSI, RDX);
}

static void jit_x86_64_func(struct jit_work *w, uint32_t i, bool falls)
{
	(void)i;
	if (falls)
		x86_jmp(&w->out, true, prologue_bytes(w));
	prologue(w, &w->out);
}

static void jit_x86_64_trap(struct jit_work *w)
{
	mem_set(w->out.image + w->out.at, 0xcc, w->out.room - w->out.at);
	w->out.at = w->out.room;
}

/* Jumps */

static const uint8_t conditions[] = {
	[INSN_JMP_EQ] = X86_E,  [INSN_JMP_GT] = X86_A,  [INSN_JMP_GE] = X86_AE,  [INSN_JMP_SET] = X86_NE,
	[INSN_JMP_NE] = X86_NE, [INSN_JMP_SGT] = X86_G, [INSN_JMP_SGE] = X86_GE, [INSN_JMP_LT] = X86_B,
	[INSN_JMP_LE] = X86_BE, [INSN_JMP_SLT] = X86_L, [INSN_JMP_SLE] = X86_LE,
};

static void emit_compare_imm(struct jit_out *o, uint8_t op, unsigned int width, uint8_t dst, int32_t imm)
{
	if (op == INSN_JMP_SET) {
		/* A mask without its upper bits needs no wider test: only the zero flag is asked for. */
		if (imm >= 0)
			width = imm <= UINT8_MAX ? 1 : 4;
		x86_test_imm(o, width, dst, imm);
	} else if (imm == 0) {
		x86_test(o, width, dst, dst);
	} else {
		x86_alu_imm(o, X86_CMP, width, dst, imm);
	}
}

/* src: an x86 register. */
static void emit_compare_reg(struct jit_out *o, uint8_t op, unsigned int width, uint8_t dst, uint8_t src)
{
	if (op == INSN_JMP_SET)
		x86_test(o, width, dst, src);
	else
		x86_alu(o, X86_CMP, width, dst, src);
}

static void emit_compare(struct jit_work *w, const struct insn *insn, const struct insn_info *info)
{
	uint8_t dst = reg_of[insn->dst];
	bool equality = info->op == INSN_JMP_EQ || info->op == INSN_JMP_NE;

	if (info->form != INSN_FORM_JMP_K) {
		emit_compare_reg(&w->out, info->op, info->width, dst, reg_of[insn->src]);
	} else if (jit_blinds(w, insn->imm64)) {
		jit_x86_64_constant(w, R11, (uint64_t)insn->imm64);
		emit_compare_reg(&w->out, info->op, info->width, dst, R11);
	} else if (insn->imm64 || !equality || w->flags != jit_x86_64_flags(insn->dst, info->width)) {
		emit_compare_imm(&w->out, info->op, info->width, dst, (int32_t)insn->imm64);
	}
}

static int emit_may_goto(struct jit_work *w, const struct insn *insn)
{
	x86_alu_mem_imm(&w->out, X86_CMP, 4, RUN, offsetof(struct run, turns), 0);
	x86_jcc(&w->out, X86_E, false, 0);
	jit_branch(w, JIT_BRANCH_JMP, X86_JCC_BYTES, (uint32_t)insn->imm);
	x86_alu_mem_imm(&w->out, X86_SUB, 4, RUN, offsetof(struct run, turns), 1);
	w->flags = 0;
	return 0;
}

static int emit_jmp(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	if (info->op == INSN_JMP_MAY)
		return emit_may_goto(w, insn);
	if (info->op >= ARRAY_SIZE(conditions))
		return -ENOTSUP;
	emit_compare(w, insn, info);
	w->flags = 0;
	x86_jcc(&w->out, conditions[info->op], false, 0);
	jit_branch(w, JIT_BRANCH_JMP, X86_JCC_BYTES, (uint32_t)insn->imm);
	return 0;
}

static void emit_jump(struct jit_work *w, uint32_t i, uint32_t to)
{
	if (jit_is_void(w, i))
		return;
	x86_jmp(&w->out, false, 0);
	jit_branch(w, JIT_BRANCH_JA, X86_JMP_BYTES, to);
}

static int emit_ja(struct jit_work *w, uint32_t i)
{
	emit_jump(w, i, (uint32_t)w->insns[i].imm);
	return 0;
}

/* Behind a local call of a program that can tail-call: the program that runs is this one, whatever the callee entered.
 */
static void come_back(const struct jit_work *w, struct jit_out *o)
{
	x86_alu_mem_imm(o, X86_SUB, 4, RUN, offsetof(struct run, depth), 1);
	x86_mov_imm(o, R11, (uint64_t)(uintptr_t)w->prog);
	x86_store(o, 8, RUN, offsetof(struct run, prog), R11);
}

static int emit_call_local(struct jit_work *w, uint32_t i)
{
	if (w->tails) /* this function's frame stays while a program that the callee enters runs */
		x86_alu_mem_imm(&w->out, X86_ADD, 4, RUN, offsetof(struct run, depth), 1);
	x86_call(&w->out, 0);
	jit_branch(w, JIT_BRANCH_CALL, X86_CALL_BYTES, (uint32_t)w->insns[i].imm);
	w->flags = 0;
	if (w->tails)
		come_back(w, &w->out);
	return 0;
}

/* What can be an address is 0. R4 is of no use any more. */
static void hide_r0(struct jit_out *o)
{
	x86_mov_imm(o, RCX, 0);
	x86_alu_imm(o, X86_CMP, 8, RAX, EXEC_ADDRESSES - 1);
	x86_op_rr(o, 8, 0x0f40 | X86_A, RAX, RCX); /* cmova rax, rcx */
}

static int emit_exit(struct jit_work *w, uint32_t i)
{
	if (w->insns[i].off)
		hide_r0(&w->out);
	if (w->burst) {
		if (!w->insns[i].imm) /* R0 may be anything: see show() */
			w->needs |= JIT_NEED_PREPARED;
		emit_jump(w, i, w->prog->count);
		return 0;
	}
	jit_x86_64_leave(w, &w->out);
	x86_ret(&w->out);
	return 0;
}

/* The back end */

void jit_x86_64_constant(struct jit_work *w, unsigned int reg, uint64_t value)
{
	struct jit_out *o = &w->out;
	uint64_t mask;

	if (!w->prog->blind) {
		x86_mov_imm(o, reg, value);
		return;
	}
	/* Both of one width whatever the numbers, so that passes agree. */
	mask = jit_blinding(w);
	if (value <= UINT32_MAX) {
		x86_opcode(o, 4, (uint16_t)(0xb8 | (reg & 7)), 0, reg, false, false);
		jit_bytes(o, (uint32_t)(value ^ mask), 4);
		x86_op_rr(o, 4, 0x81, X86_XOR, reg);
		jit_bytes(o, (uint32_t)mask, 4);
		return;
	}
	x86_opcode(o, 8, (uint16_t)(0xb8 | (reg & 7)), 0, reg, false, false);
	jit_bytes(o, value ^ mask, 8);
	x86_opcode(o, 8, (uint16_t)(0xb8 | (R10 & 7)), 0, R10, false, false);
	jit_bytes(o, mask, 8);
	x86_alu(o, X86_XOR, 8, reg, R10);
}

static int emit_ld_imm64(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	unsigned int dst = reg_of[insn->dst];
	uint64_t value = (uint64_t)insn->imm64;

	w->flags = 0;
	if (!value)
		x86_zero(&w->out, dst);
	else if (insn_info[insn->op].cls == INSN_CLASS_LD_IMM64)
		jit_x86_64_constant(w, dst, value);
	else
		x86_mov_imm(&w->out, dst, value);
	return 0;
}

static __attribute__((noinline)) int emit_form(struct jit_work *w, uint32_t i, enum opt_form form)
{
	switch (form) {
	case OPT_LEA:
		jit_x86_64_lea(w, i);
		return 0;
	case OPT_LDX_SWAP:
		jit_x86_64_load_swap(w, i);
		return 0;
	case OPT_COPY:
		jit_x86_64_copy(w, i);
		return 0;
	case OPT_RMW:
		return jit_x86_64_rmw(w, i);
	case OPT_INDEX_RMW:
		return jit_x86_64_index_rmw(w, i);
	case OPT_INDEX:
	case OPT_INDEX_MEM:
		return jit_x86_64_index(w, i, form == OPT_INDEX_MEM);
	case OPT_FIND:
	case OPT_FIND_REG:
		return jit_x86_64_find(w, i, form == OPT_FIND);
	default:
		return -ENOTSUP;
	}
}

static int emit_nothing(struct jit_work *w, uint32_t i)
{
	(void)w, (void)i;
	return 0;
}

#define EMIT_ALU          jit_x86_64_alu
#define EMIT_LDX          jit_x86_64_load
#define EMIT_LDSX         jit_x86_64_load
#define EMIT_ST           jit_x86_64_store
#define EMIT_STX          jit_x86_64_store
#define EMIT_ATOMIC       jit_x86_64_atomic
#define EMIT_JMP          emit_jmp
#define EMIT_JA           emit_ja
#define EMIT_CALL         jit_x86_64_call
#define EMIT_CALL_LOCAL   emit_call_local
#define EMIT_EXIT         emit_exit
#define EMIT_LD_IMM64     emit_ld_imm64
#define EMIT_LD_MAP       emit_ld_imm64
#define EMIT_LD_MAP_VALUE emit_ld_imm64
#define EMIT_SLOT2        emit_nothing

/* req: XO-126 */
static int (*const emitters[INSN_OPS])(struct jit_work *w, uint32_t i) = {
#define INSN(id, opcode, sel, value, cls, ...) [INSN_##id] = EMIT_##cls,
#include "insn.def"
#undef INSN
};

static int jit_x86_64_insn(struct jit_work *w, uint32_t i)
{
	enum opt_form form = jit_form(w, i);

	return likely(form == OPT_PLAIN) ? emitters[w->insns[i].op](w, i) : emit_form(w, i, form);
}

static void branch_far(struct jit_work *w, const struct jit_branch *b, const uint8_t *from)
{
	struct jit_out *o = &w->out;
	uint64_t part;

	if (b->is_short) {
		x86_call(o, (int64_t)(b->address - (w->exec + o->at + X86_CALL_BYTES)));
		return;
	}
	for (unsigned int n = 0; n < b->bytes; n += sizeof(part)) {
		mem_copy(&part, from + n, sizeof(part));
		jit_bytes(o, part, MIN(b->bytes - n, (unsigned int)sizeof(part)));
	}
}

/* from has JIT_SLACK_BYTES behind it. */
static void jit_x86_64_branch(struct jit_work *w, const struct jit_branch *b, const uint8_t *from, int64_t to)
{
	struct jit_out *o = &w->out;
	int64_t distance = to - (int64_t)o->at;

	switch (b->kind) {
	case JIT_BRANCH_JMP:
		x86_jcc(o, (enum x86_cc)(from[1] & 15), b->is_short,
			distance - (b->is_short ? X86_SHORT_JUMP_BYTES : X86_JCC_BYTES));
		return;
	case JIT_BRANCH_JA:
		x86_jmp(o, b->is_short, distance - (b->is_short ? X86_SHORT_JUMP_BYTES : X86_JMP_BYTES));
		return;
	case JIT_BRANCH_CALL:
		x86_call(o, distance - X86_CALL_BYTES - prologue_bytes(w));
		return;
	default:
		branch_far(w, b, from);
	}
}

/* All end in their distance. */
static bool jit_x86_64_target(const struct jit_work *w, const struct jit_branch *b, size_t end, int64_t *to)
{
	size_t bytes = b->is_short && b->kind != JIT_BRANCH_FAR ? 1 : 4;
	const uint8_t *image = w->out.image;
	int32_t rel;

	if (end > w->out.room || end < bytes + 1)
		return false;
	if (bytes == 1)
		rel = (image[end - 1] ^ 0x80) - 0x80; /* sign-extended */
	else
		mem_copy(&rel, image + end - 4, 4);
	*to = (int64_t)end + rel;
	if (b->kind == JIT_BRANCH_CALL)
		*to += prologue_bytes(w);
	return true;
}

const struct jit_machine jit_x86_64 = {
	.short_min = INT8_MIN,
	.short_max = INT8_MAX,
	.far_reach = INT64_C(1) << 31,
	.short_bytes = {[JIT_BRANCH_JMP] = X86_SHORT_JUMP_BYTES,
			[JIT_BRANCH_JA] = X86_SHORT_JUMP_BYTES,
			[JIT_BRANCH_FAR] = X86_CALL_BYTES},
	.forms = (1u << OPT_FORMS) - 1,
	.entry = jit_x86_64_entry,
	.tail = jit_x86_64_tail,
	.func = jit_x86_64_func,
	.insn = jit_x86_64_insn,
	.branch = jit_x86_64_branch,
	.trap = jit_x86_64_trap,
	.target = jit_x86_64_target,
};
