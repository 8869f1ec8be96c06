/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter. One label per row of insn.def, its body generated from the row's class, op, width and form; each
 * instruction jumps to the next one's label (computed goto).
 *
 * Every access is checked, also those that a verifier proved: an interpreted program cannot touch foreign memory even
 * if the verifier errs. What is asked first is what programs touch most: stack and packet, inline; the rest is in the
 * slow functions.
 *
 * Tracing and the budget cost nothing where they are off: where one is on, a second label table sends each instruction
 * through one more label.
 */
#include "alu.h"
#include "exec.h"
#include "helper.h"

#define CTX_BYTES 24

/* Offsets of the context (R1), as programs see it. */
enum ctx_field {
	CTX_DATA = 0,
	CTX_DATA_END = 4,
	CTX_DATA_META = 8,
	CTX_INGRESS_IFINDEX = 12,
	CTX_RX_QUEUE_INDEX = 16,
};

/* A range of addresses; bytes 0: none. */
struct region {
	uint64_t base;
	uint64_t bytes;
};

struct memory {
	struct region stack;  /* frames of the current call chain */
	struct region packet; /* from metadata to end, or plain memory */
	struct region value;  /* of a map, that a helper returned last */
	struct run *run;
};

/* What CALL_LOCAL keeps. */
struct call {
	const struct exec_prog *prog; /* of the caller */
	uint32_t back;                /* the caller's next instruction */
	uint64_t saved[4];            /* R6 to R9 */
};

static inline bool region_holds(const struct region *r, uint64_t addr, uint64_t bytes)
{
	uint64_t off = addr - r->base;

	return off < r->bytes && bytes <= r->bytes - off;
}

static void region_set_packet(struct memory *m)
{
	const struct run *run = m->run;

	if (run->frame) {
		m->packet.base = (uintptr_t)run->frame->data_meta;
		m->packet.bytes = (uintptr_t)run->frame->data_end - (uintptr_t)run->frame->data_meta;
	} else {
		m->packet.base = (uintptr_t)run->mem;
		m->packet.bytes = run->mem_bytes;
	}
}

static inline uint64_t load(uint64_t addr, unsigned int width)
{
	const void *p = (const void *)(uintptr_t)addr;
	uint64_t v = 0;

	switch (width) { /* req: XO-127, XO-240 */
	case 1:
		return *(const uint8_t *)p;
	case 2:
		mem_copy(&v, p, 2);
		return v;
	case 4:
		mem_copy(&v, p, 4);
		return v;
	default:
		mem_copy(&v, p, 8);
		return v;
	}
}

static inline void store(uint64_t addr, unsigned int width, uint64_t value)
{
	void *p = (void *)(uintptr_t)addr;

	switch (width) { /* req: XO-127, XO-240 */
	case 1:
		mem_copy(p, &value, 1);
		break;
	case 2:
		mem_copy(p, &value, 2);
		break;
	case 4:
		mem_copy(p, &value, 4);
		break;
	default:
		mem_copy(p, &value, 8);
	}
}

static inline uint64_t sign_extend(uint64_t value, unsigned int width)
{
	switch (width) {
	case 1:
		return (uint64_t)(int8_t)value;
	case 2:
		return (uint64_t)(int16_t)value;
	default:
		return (uint64_t)(int32_t)value;
	}
}

/* Loads are of the packet mostly, stores of the stack. */
static inline bool in_packet_or_else(const struct memory *m, uint64_t addr, unsigned int width)
{
	return likely(region_holds(&m->packet, addr, width)) || region_holds(&m->stack, addr, width) ||
	       region_holds(&m->value, addr, width);
}

static inline bool in_stack_or_else(const struct memory *m, uint64_t addr, unsigned int width)
{
	return likely(region_holds(&m->stack, addr, width)) || region_holds(&m->packet, addr, width) ||
	       region_holds(&m->value, addr, width);
}

static bool in_map(const struct exec_prog *prog, uint64_t addr, unsigned int width)
{
	for (uint32_t i = 0; i < prog->num_maps; i++)
		if (prog->maps[i]->ops->owns(prog->maps[i], (const void *)(uintptr_t)addr, width))
			return true;
	return false;
}

/* A helper returned an element of a map: not one of a map of maps, which is a map. */
static void region_set_value(struct memory *m, const struct helper *helper, uint64_t map_arg, uint64_t value)
{
	const struct map *map = (const struct map *)(uintptr_t)map_arg;

	if (helper->ret != HELPER_RET_VALUE_OR_NULL || !value || map->inner)
		return;
	m->value.base = value;
	m->value.bytes = map->attr.value_size;
}

/* Whether addr is memory other than the context; sets the fault if not. */
static inline bool reach(const struct memory *m, uint64_t addr, unsigned int width, const char *fault)
{
	if (in_packet_or_else(m, addr, width) || in_map(m->run->prog, addr, width))
		return true;
	m->run->fault = fault;
	return false;
}

static inline bool in_context(const struct memory *m, uint64_t addr)
{
	return m->run->frame && addr - (uintptr_t)m->run->frame < CTX_BYTES;
}

/* Where struct fw_frame keeps the context's fields, by offset / 4. */
static const struct {
	uint8_t at;
	bool is_pointer;
} ctx_fields[] = {
	[CTX_DATA / 4] = {offsetof(struct fw_frame, data), true},
	[CTX_DATA_END / 4] = {offsetof(struct fw_frame, data_end), true},
	[CTX_DATA_META / 4] = {offsetof(struct fw_frame, data_meta), true},
	[CTX_INGRESS_IFINDEX / 4] = {offsetof(struct fw_frame, ingress_ifindex), false},
	[CTX_RX_QUEUE_INDEX / 4] = {offsetof(struct fw_frame, rx_queue_index), false},
};

static inline bool ctx_load(const struct memory *m, uint64_t addr, unsigned int width, uint64_t *value)
{
	const uint8_t *frame = (const uint8_t *)m->run->frame;
	uint64_t off = addr - (uintptr_t)frame;

	if (unlikely(width != 4 || off % 4 || off / 4 >= ARRAY_SIZE(ctx_fields))) { /* req: XO-133 */
		m->run->fault = "load from the context that is not 4 bytes at offset 0, 4, 8, 12 or 16";
		return false;
	}
	*value = load((uintptr_t)frame + ctx_fields[off / 4].at, ctx_fields[off / 4].is_pointer ? 8 : 4);
	return true;
}

static bool ctx_store(const struct memory *m, uint64_t addr, unsigned int width, uint64_t value)
{
	struct fw_frame *frame = m->run->frame;

	if (width != 4 || addr - (uintptr_t)frame != CTX_RX_QUEUE_INDEX) {
		m->run->fault = "store to the context that is not 4 bytes at offset 16";
		return false;
	}
	if ((uint32_t)value < m->run->num_queues) /* req: XO-137, XO-138 */
		frame->rx_queue_index = (uint32_t)value;
	else
		frame->bad_queue = true;
	return true;
}

static __attribute__((noinline)) bool slow_load(const struct memory *m, uint64_t addr, unsigned int width,
						uint64_t *value)
{
	if (in_context(m, addr))
		return ctx_load(m, addr, width, value);
	if (!reach(m, addr, width, "load outside of stack, packet, map values and context"))
		return false;
	*value = load(addr, width);
	return true;
}

static __attribute__((noinline)) bool slow_store(const struct memory *m, uint64_t addr, unsigned int width,
						 uint64_t value)
{
	if (in_context(m, addr))
		return ctx_store(m, addr, width, value);
	if (!reach(m, addr, width, "store outside of stack, packet, map values and context"))
		return false;
	store(addr, width, value);
	return true;
}

static inline bool checked_load(const struct memory *m, uint64_t addr, unsigned int width, uint64_t *value)
{
	if (unlikely(!in_packet_or_else(m, addr, width)))
		return slow_load(m, addr, width, value);
	*value = load(addr, width);
	return true;
}

static inline bool checked_load_signed(const struct memory *m, uint64_t addr, unsigned int width, uint64_t *value)
{
	if (!reach(m, addr, width, "load outside of stack, packet and map values"))
		return false;
	*value = sign_extend(load(addr, width), width);
	return true;
}

static inline bool checked_store(const struct memory *m, uint64_t addr, unsigned int width, uint64_t value)
{
	if (unlikely(!in_stack_or_else(m, addr, width)))
		return slow_store(m, addr, width, value);
	store(addr, width, value);
	return true;
}

/*
 * Replaces the width bytes at addr by the operation's result and returns the old ones. Only aligned ones are
 * indivisible: others may lie across cache lines, where not every machine can be.
 */
static inline uint64_t atomic_replace(enum insn_atomic op, uint64_t addr, unsigned int width, uint64_t src, uint64_t r0)
{
	uint64_t old = load(addr, width);

	if (addr & (width - 1)) {
		store(addr, width, alu_atomic(op, old, src, r0));
	} else if (width == 8) {
		uint64_t *p = (uint64_t *)(uintptr_t)addr;

		while (!__atomic_compare_exchange_n(p, &old, alu_atomic(op, old, src, r0), true, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST))
			;
	} else {
		uint32_t *p = (uint32_t *)(uintptr_t)addr;
		uint32_t old32 = (uint32_t)old;

		while (!__atomic_compare_exchange_n(p, &old32, (uint32_t)alu_atomic(op, old32, src, r0), true,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		old = old32;
	}
	return old;
}

static inline bool checked_atomic(const struct memory *m, enum insn_atomic op, unsigned int width, uint64_t addr,
				  uint64_t *src, uint64_t *r0)
{
	uint64_t mask = width == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t old;

	if (!reach(m, addr, width, "atomic operation outside of stack, packet and map values"))
		return false;
	old = atomic_replace(op, addr, width, *src & mask, *r0 & mask);
	if (op == INSN_ATOMIC_CMPXCHG)
		*r0 = old;
	else if (op >= INSN_ATOMIC_FETCH_ADD)
		*src = old;
	return true;
}

static inline bool take_turn(struct run *run)
{
	if (!run->turns)
		return false;
	run->turns--;
	return true;
}

static void poison_regs(uint64_t *r, int first, int last, uint64_t poison)
{
	for (int i = first; poison && i <= last; i++)
		r[i] = poison;
}

/* interp_link() has put the row of a verified call into imm64. */
static inline const struct helper *helper_at(const struct insn *pc)
{
	return pc->run ? (const struct helper *)(uintptr_t)pc->imm64 : helper_of((uint32_t)pc->imm);
}

static inline uint64_t look_up(const uint64_t *r, const struct run *run)
{
	struct map *map = (struct map *)(uintptr_t)r[1];

	return (uintptr_t)map->ops->lookup(map, (const void *)(uintptr_t)r[2], run->queue); /* req: XO-141 */
}

static inline bool call_helper(struct memory *m, const struct helper *helper, int32_t id, uint64_t *r)
{
	uint64_t map_arg = r[1];

	if (unlikely(!m->run->prog->access || !helper)) {
		m->run->fault =
			helper ? "call of a helper by a program that was not verified" : "call of an unknown helper";
		return false;
	}
	r[0] = id == HELPER_MAP_LOOKUP ? look_up(r, m->run) : helper->fn(r[1], r[2], r[3], r[4], r[5], m->run);
	region_set_value(m, helper, map_arg, r[0]);
	if (unlikely(m->run->poison))
		poison_regs(r, 1, 5, m->run->poison);
	if (helper->flags & HELPER_F_MOVES_PACKET)
		region_set_packet(m);
	return true;
}

/* Whether nothing is executed behind the last slot, be it by mistake of the verifier. */
static inline bool ends(const struct exec_prog *prog)
{
	const struct insn *last = &prog->insns[prog->count - 1];

	return !prog->access || last->op == INSN_EXIT || insn_info[last->op].cls == INSN_CLASS_JA;
}

static void poison_stack(uint64_t top, uint64_t poison)
{
	for (uint64_t at = top - EXEC_STACK_BYTES; at < top; at += 8)
		store(at, 8, poison);
}

/* Enters function frame depth. */
static inline void enter_frame(struct memory *m, uint64_t *r, uint32_t depth)
{
	m->stack.bytes = (uint64_t)(depth + 1) * EXEC_STACK_BYTES;
	r[INSN_FRAME_PTR] = m->stack.base + m->stack.bytes;
	if (!m->run->prog->access || m->run->prog->zero_stack)
		mem_set((void *)(uintptr_t)(r[INSN_FRAME_PTR] - EXEC_STACK_BYTES), 0, EXEC_STACK_BYTES);
	else if (unlikely(m->run->poison))
		poison_stack(r[INSN_FRAME_PTR], m->run->poison);
}

/* Budget and trace, before the instruction at index i; what stands behind the end stops by itself. */
static bool step(struct run *run, uint32_t i, const uint64_t *r)
{
	char text[128];

	if (i >= run->prog->count)
		return true;
	if (run->budget_on && !run->budget) {
		run->fault = "instruction budget used up";
		return false;
	}
	run->budget -= run->budget_on;
	if (run->trace) {
		insn_print(text, sizeof(text), run->prog->insns, i);
		run->trace(run->trace_ctx, run->prog->id, i, text, r);
	}
	return true;
}

/*
 * What struct insn.run says: what one label executes, from a slot on. An instruction, by its row, a load from the
 * context, or a sequence of instructions. Sequences stay what they are, slot by slot: a jump may lead into the middle,
 * and a fault is in the slot that makes it.
 */
enum {
	RUN_UNLINKED,
#define INSN(id, ...) RUN_##id,
#include "insn.def"
#undef INSN
	RUN_CTX_LOAD,
#define SEQUENCE(id, ...) RUN_SEQUENCE_##id,
#include "sequence.def"
#undef SEQUENCE
	RUNS
};

_Static_assert(RUNS <= 256, "struct insn holds it in a byte");

#define SEQUENCE_MAX 8

struct sequence {
	uint8_t run;
	uint8_t of[SEQUENCE_MAX + 1]; /* what it consists of, 0 behind the last */
};

static const struct sequence sequences[] = {
#define CONTEXT           RUN_CTX_LOAD,
#define DO(id)            RUN_##id,
#define SEQUENCE(id, ...) {RUN_SEQUENCE_##id, {__VA_ARGS__}},
#include "sequence.def"
#undef SEQUENCE
#undef DO
#undef CONTEXT
};

static uint8_t run_alone(const struct exec_prog *prog, uint32_t i)
{
	uint8_t op = prog->insns[i].op;

	return op == INSN_LDX32 && prog->access[i] == EXEC_ACCESS_CTX ? RUN_CTX_LOAD : RUN_UNLINKED + 1 + op;
}

static bool is_sequence(const struct exec_prog *prog, uint32_t i, const uint8_t *of)
{
	for (; *of && i < prog->count && run_alone(prog, i) == *of; of++)
		i += i + 1 < prog->count && prog->insns[i + 1].op == INSN_LD_SLOT2 ? 2 : 1;
	return !*of;
}

void interp_link(const struct exec_prog *prog, struct insn *insns)
{
	for (uint32_t i = 0; i < prog->count; i++) {
		const struct sequence *s = sequences, *end = sequences + ARRAY_SIZE(sequences);

		while (s < end && !is_sequence(prog, i, s->of))
			s++;
		insns[i].run = s < end ? s->run : run_alone(prog, i);
		if (insns[i].op == INSN_CALL)
			insns[i].imm64 = (int64_t)(uintptr_t)helper_of((uint32_t)insns[i].imm);
	}
}

#define DST      r[pc->dst]
#define SRC      r[pc->src]
#define ADDR_DST (DST + (uint64_t)(int64_t)pc->off)
#define ADDR_SRC (SRC + (uint64_t)(int64_t)pc->off)
#define IMM      ((uint64_t)pc->imm64)
#define GO       goto *labels[pc->run]
#define JUMP(target)                                                                                                   \
	do {                                                                                                           \
		pc = insns + (target);                                                                                 \
		GO;                                                                                                    \
	} while (0)
#define TRY(done)                                                                                                      \
	do {                                                                                                           \
		if (unlikely(!(done)))                                                                                 \
			goto fault;                                                                                    \
	} while (0)

#define LOAD_CONTEXT                                                                                                   \
	TRY(likely(in_context(&m, ADDR_SRC)) ? ctx_load(&m, ADDR_SRC, 4, &DST) : slow_load(&m, ADDR_SRC, 4, &DST))

/*
 * What the row id does: one case of this is left of it. Falls through to what is behind it unless it jumps. The second
 * slot of a pair is skipped.
 */
#define EXECUTE(id)                                                                                                    \
	switch ((int)INSN_##id##_CLASS) {                                                                              \
	case INSN_CLASS_ALU:                                                                                           \
		DST = alu_eval((enum insn_alu)INSN_##id##_OP, INSN_##id##_WIDTH, DST,                                  \
			       INSN_##id##_FORM == (int)INSN_FORM_ALU_K   ? IMM                                        \
			       : INSN_##id##_FORM == (int)INSN_FORM_ALU_X ? SRC                                        \
									  : 0);                                        \
		break;                                                                                                 \
	case INSN_CLASS_JMP:                                                                                           \
		if (INSN_##id##_OP == (int)INSN_JMP_MAY                                                                \
			    ? !take_turn(run)                                                                          \
			    : alu_cond((enum insn_jmp)INSN_##id##_OP, INSN_##id##_WIDTH, DST,                          \
				       INSN_##id##_FORM == (int)INSN_FORM_JMP_K ? IMM : SRC))                          \
			JUMP(pc->imm);                                                                                 \
		break;                                                                                                 \
	case INSN_CLASS_LDX:                                                                                           \
		TRY(checked_load(&m, ADDR_SRC, INSN_##id##_WIDTH, &DST));                                              \
		break;                                                                                                 \
	case INSN_CLASS_LDSX:                                                                                          \
		TRY(checked_load_signed(&m, ADDR_SRC, INSN_##id##_WIDTH, &DST));                                       \
		break;                                                                                                 \
	case INSN_CLASS_ST:                                                                                            \
		TRY(checked_store(&m, ADDR_DST, INSN_##id##_WIDTH, IMM));                                              \
		break;                                                                                                 \
	case INSN_CLASS_STX:                                                                                           \
		TRY(checked_store(&m, ADDR_DST, INSN_##id##_WIDTH, SRC));                                              \
		break;                                                                                                 \
	case INSN_CLASS_ATOMIC:                                                                                        \
		TRY(checked_atomic(&m, (enum insn_atomic)INSN_##id##_OP, INSN_##id##_WIDTH, ADDR_DST, &SRC, &r[0]));   \
		break;                                                                                                 \
	case INSN_CLASS_JA:                                                                                            \
		JUMP(pc->imm);                                                                                         \
		break;                                                                                                 \
	case INSN_CLASS_CALL:                                                                                          \
		goto call;                                                                                             \
	case INSN_CLASS_CALL_LOCAL:                                                                                    \
		goto call_local;                                                                                       \
	case INSN_CLASS_EXIT:                                                                                          \
		goto leave;                                                                                            \
	case INSN_CLASS_LD_IMM64:                                                                                      \
	case INSN_CLASS_LD_MAP:                                                                                        \
	case INSN_CLASS_LD_MAP_VALUE:                                                                                  \
		DST = IMM;                                                                                             \
		pc++;                                                                                                  \
		break;                                                                                                 \
	case INSN_CLASS_SLOT2:                                                                                         \
		goto past_end;                                                                                         \
	}

uint64_t interp_run(const struct exec_prog *prog, struct run *run)
{
	/* Addresses of labels; the cast tells static checkers that && is no operator between two values. */
	static const void *const alone[INSN_OPS] = {
#define INSN(id, ...) [INSN_##id] = (const void *)&&do_##id,
#include "insn.def"
#undef INSN
	};
	static const void *const fast[RUNS] = {
		[RUN_UNLINKED] = (const void *)&&do_unlinked,
		[RUN_CTX_LOAD] = (const void *)&&do_ctx_load,
#define INSN(id, ...) [RUN_##id] = (const void *)&&do_##id,
#include "insn.def"
#undef INSN
#define SEQUENCE(id, ...) [RUN_SEQUENCE_##id] = (const void *)&&do_sequence_##id,
#include "sequence.def"
#undef SEQUENCE
	};
	static const void *const slow[RUNS] = {[0 ... RUNS - 1] = (const void *)&&do_step};
	const void *const *labels = run->trace || run->budget_on ? slow : fast;
	uint8_t stack[EXEC_CALL_DEPTH * EXEC_STACK_BYTES] __attribute__((aligned(16))); /* req: XO-130 */
	struct call calls[EXEC_CALL_DEPTH - 1];
	struct memory m = {.stack.base = (uintptr_t)stack, .run = run};
	const struct insn *insns = prog->insns;
	const struct insn *pc = insns;
	uint64_t r[INSN_MAX_REG];
	uint32_t depth = 0;
	const uint32_t below = run->depth;

	run->prog = prog;
	run->fault = NULL;
	region_set_packet(&m);
#pragma GCC unroll 10
	for (int i = 0; i < INSN_FRAME_PTR; i++)
		r[i] = run->poison;
start:
	enter_frame(&m, r, depth);
	poison_regs(r, 0, 9, run->poison);
	r[1] = run->frame ? (uintptr_t)run->frame : (uintptr_t)run->mem;
	r[2] = run->frame ? run->poison : run->mem_bytes;
	if (unlikely(!ends(run->prog)))
		goto past_end;
	JUMP(0);

/* req: XO-126 */
#define INSN(id, ...)                                                                                                  \
	do_##id : EXECUTE(id);                                                                                         \
	pc++;                                                                                                          \
	GO;
#include "insn.def"
#undef INSN

#define CONTEXT                                                                                                        \
	LOAD_CONTEXT;                                                                                                  \
	pc++;
#define DO(id)                                                                                                         \
	EXECUTE(id);                                                                                                   \
	pc++;
#define SEQUENCE(id, ...) do_sequence_##id : __VA_ARGS__ GO;
#include "sequence.def"
#undef SEQUENCE
#undef DO
#undef CONTEXT

do_ctx_load:
	LOAD_CONTEXT;
	pc++;
	GO;

do_step:
	if (!step(run, (uint32_t)(pc - insns), r))
		goto fault;
do_unlinked:
	goto *alone[pc->op];

call:
	if (unlikely(pc->imm == HELPER_TAIL_CALL && run->prog->access))
		goto tail_call;
	TRY(call_helper(&m, helper_at(pc), pc->imm, r));
	pc++;
	GO;

call_local:
	if (++depth == EXEC_CALL_DEPTH) { /* req: XO-131 */
		run->fault = "calls are nested too deeply";
		goto fault;
	}
	calls[depth - 1].prog = run->prog;
	calls[depth - 1].back = (uint32_t)(pc - insns) + 1;
	mem_copy(calls[depth - 1].saved, &r[6], sizeof(calls[0].saved));
	enter_frame(&m, r, depth);
	poison_regs(r, 0, 0, run->poison);
	poison_regs(r, 6, 9, run->poison);
	JUMP(pc->imm);

tail_call: /* the target takes the calling function's frame */
	run->depth = below + depth;
	if (exec_tail_target((struct map *)(uintptr_t)r[2], (uint32_t)r[3], run)) {
		insns = run->prog->insns;
		m.value.bytes = 0;
		goto start;
	}
	run->depth = below;
	poison_regs(r, 0, 5, run->poison);
	pc++;
	GO;

leave:
	if (unlikely(pc->off && r[0] >= EXEC_ADDRESSES))
		r[0] = 0;
	run->depth = below;
	if (likely(!depth))
		return r[0];
	depth--;
	run->prog = calls[depth].prog;
	insns = run->prog->insns;
	m.value.bytes = 0;
	poison_regs(r, 1, 5, run->poison);
	mem_copy(&r[6], calls[depth].saved, sizeof(calls[0].saved));
	m.stack.bytes -= EXEC_STACK_BYTES;
	r[INSN_FRAME_PTR] -= EXEC_STACK_BYTES;
	JUMP(calls[depth].back);

past_end:
	run->fault = "the program does not end with EXIT or an unconditional jump";
fault:
	run->fault_insn = (uint32_t)(pc - insns);
	return 0;
}
