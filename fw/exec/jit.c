// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JIT's driver.
 *
 * The program is emitted once into scratch memory, all branches in their long form; only if that was too small, twice.
 * Then the code memory is allocated: where the code will run decides which calls can be short. jit_layout.c settles on
 * the branches and copies the code there. The copy has to have the length that the layout says; then each branch is
 * read back from the image and must lead to the start of an instruction.
 *
 * What comes in has been decoded and verified. It is checked again for whatever the back end relies on: a bug elsewhere
 * must not become machine code.
 */
#include "exec/jit.h"

#define JIT_MAX_BYTES  (64u << 20)
#define BYTES_PER_SLOT 6 /* of scratch memory for code, at first; and for what is not the slots': */
#define FIXED_BYTES    4096

#if defined(__x86_64__)
static const struct jit_machine *const machine = &jit_x86_64;
#elif defined(__aarch64__)
static const struct jit_machine *const machine = &jit_arm64;
#else
static const struct jit_machine *const machine;
#endif

static bool is_pair(uint8_t cls)
{
	return cls == INSN_CLASS_LD_IMM64 || cls == INSN_CLASS_LD_MAP || cls == INSN_CLASS_LD_MAP_VALUE;
}

static bool falls_through(uint8_t cls)
{
	return cls != INSN_CLASS_JA && cls != INSN_CLASS_EXIT;
}

/* What survey() looks for. */
enum {
	REGISTERS = 15,    /* mask: how many may be dst */
	HAS_MORE = 1 << 4, /* something to check besides registers */
};

#define CHECKS_ALU          INSN_FRAME_PTR
#define CHECKS_LDX          INSN_FRAME_PTR
#define CHECKS_LDSX         INSN_FRAME_PTR
#define CHECKS_ST           INSN_MAX_REG
#define CHECKS_STX          INSN_MAX_REG
#define CHECKS_ATOMIC       (INSN_MAX_REG | HAS_MORE)
#define CHECKS_JMP          (INSN_MAX_REG | HAS_MORE)
#define CHECKS_JA           (INSN_MAX_REG | HAS_MORE)
#define CHECKS_CALL         (INSN_MAX_REG | HAS_MORE)
#define CHECKS_CALL_LOCAL   (INSN_MAX_REG | HAS_MORE)
#define CHECKS_EXIT         (INSN_MAX_REG | HAS_MORE)
#define CHECKS_LD_IMM64     (INSN_FRAME_PTR | HAS_MORE)
#define CHECKS_LD_MAP       (INSN_FRAME_PTR | HAS_MORE)
#define CHECKS_LD_MAP_VALUE (INSN_FRAME_PTR | HAS_MORE)
#define CHECKS_SLOT2        (INSN_MAX_REG | HAS_MORE)

/* By whatever is in insn.op: what is no instruction has no registers. */
static const uint8_t checks[UINT8_MAX + 1] = {
#define INSN(id, opcode, sel, value, cls, ...) [INSN_##id] = CHECKS_##cls,
#include "insn.def"
#undef INSN
};

_Static_assert(INSN_OPS <= ARRAY_SIZE(checks), "struct insn keeps the instruction in a byte");

/* Whether slot i leads to a slot that has an instruction. */
static bool target_ok(const struct exec_prog *prog, uint32_t i)
{
	int32_t to = prog->insns[i].imm;

	return to >= 0 && (uint32_t)to < prog->count && prog->insns[to].op != INSN_LD_SLOT2;
}

/* Checks what is more than registers, and marks what jumps and calls lead to. */
static bool survey_class(struct jit_work *w, uint32_t i)
{
	const struct exec_prog *prog = w->prog;
	const struct insn *insn = &prog->insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	switch (info->cls) {
	case INSN_CLASS_ATOMIC:
		return info->op < INSN_ATOMIC_FETCH_ADD || info->op > INSN_ATOMIC_XCHG || insn->src != INSN_FRAME_PTR;
	case INSN_CLASS_CALL_LOCAL:
		w->mark[i] |= JIT_MARK_LEARN;
		w->max_branches++;
		w->locals = true;
		if (!target_ok(prog, i))
			return false;
		w->mark[insn->imm] |= JIT_MARK_FUNC | JIT_MARK_TARGET;
		return true;
	case INSN_CLASS_JMP:
	case INSN_CLASS_JA:
		w->max_branches++;
		w->mark[i] |= insn->op == INSN_MAY_GOTO ? JIT_MARK_LEARN : 0;
		if (!target_ok(prog, i))
			return false;
		w->mark[insn->imm] |= JIT_MARK_TARGET | ((uint32_t)insn->imm <= i ? JIT_MARK_BACK : 0);
		return true;
	case INSN_CLASS_CALL:
		w->mark[i] |= JIT_MARK_LEARN;
		w->max_branches++;
		w->tails |= insn->imm == HELPER_TAIL_CALL;
		return true;
	case INSN_CLASS_EXIT:
		w->max_branches++;
		return true;
	case INSN_CLASS_SLOT2:
		return i > 0 && prog->insns[i - 1].op < INSN_OPS && is_pair(insn_info[prog->insns[i - 1].op].cls);
	default: /* a pair */
		return i + 1 < prog->count && prog->insns[i + 1].op == INSN_LD_SLOT2;
	}
}

_Static_assert(sizeof(((struct fw_frame *)0)->data) == 8, "context loads of packet pointers are 8 bytes wide");
_Static_assert(sizeof(bool) == 1, "bad_queue is stored as a byte");
_Static_assert(sizeof(((struct run *)0)->num_queues) == 4, "compared with 4 bytes");

const struct jit_field jit_context[JIT_FIELDS] = {
	{offsetof(struct fw_frame, data), 8},
	{offsetof(struct fw_frame, data_end), 8},
	{offsetof(struct fw_frame, data_meta), 8},
	[JIT_FIELD_IFINDEX] = {offsetof(struct fw_frame, ingress_ifindex), 4},
	[JIT_FIELD_QUEUE] = {offsetof(struct fw_frame, rx_queue_index), 4},
};

uint64_t jit_interpret(struct fw_frame *frame, struct run *run, uint64_t mem_bytes)
{
	(void)frame, (void)mem_bytes;
	return interp_run(run->prog, run);
}

/* Whether an access of the context is one that programs have. req: XO-133, XO-137 */
static bool context_ok(const struct exec_prog *prog, uint32_t i)
{
	const struct insn *insn = &prog->insns[i];
	const struct insn_info *info = &insn_info[insn->op];

	if (info->width != 4 || insn->off % 4 || insn->off < 0 || insn->off / 4 >= JIT_FIELDS)
		return false;
	return info->cls == INSN_CLASS_LDX ||
	       ((info->cls == INSN_CLASS_ST || info->cls == INSN_CLASS_STX) && insn->off / 4 == JIT_FIELD_QUEUE);
}

/* What is checked of slot i besides its registers. 0, -EINVAL or -ENOTSUP. */
static int survey_slot(struct jit_work *w, uint32_t i)
{
	const struct exec_prog *prog = w->prog;

	if (checks[prog->insns[i].op] & HAS_MORE && !survey_class(w, i))
		return -EINVAL;
	if (prog->access && prog->access[i] == EXEC_ACCESS_CTX) {
		w->mark[i] |= JIT_MARK_LEARN;
		return context_ok(prog, i) ? 0 : -ENOTSUP;
	}
	return 0;
}

/*
 * Whether each slot is what a decoder and a verifier let through; marks what jumps and calls lead to. 0, or -EINVAL or
 * -ENOTSUP with *at.
 */
static int survey(struct jit_work *w, uint32_t *at)
{
	const struct insn *insn = w->prog->insns;
	const uint8_t *access = w->prog->access;

	for (uint32_t i = 0, count = w->prog->count; i < count; i++, insn++) {
		uint8_t check = checks[insn->op];
		int rc = 0;

		if (unlikely((insn->dst >= (check & REGISTERS)) | (insn->src >= INSN_MAX_REG)))
			rc = -EINVAL;
		else if (check & HAS_MORE || (access && access[i] == EXEC_ACCESS_CTX))
			rc = survey_slot(w, i);
		if (unlikely(rc)) {
			*at = i;
			return rc;
		}
	}
	return 0;
}

/* What of struct run a call reads that differs from frame to frame. */
static uint8_t call_needs(int32_t id)
{
	switch (id) {
	case 1: /* map_lookup_elem */
	case 2: /* map_update_elem */
	case 3: /* map_delete_elem */
		return JIT_NEED_QUEUE | JIT_NEED_END;
	case 5: /* ktime_get_ns */
		return JIT_NEED_FRAME;
	case 7:  /* get_prandom_u32 */
	case 28: /* csum_diff */
		return 0;
	case 8: /* get_smp_processor_id */
		return JIT_NEED_QUEUE;
	default:
		return JIT_NEED_FRAME | JIT_NEED_QUEUE | JIT_NEED_HEADROOM | JIT_NEED_END | JIT_NEED_PREPARED;
	}
}

/* What frames and bursts need for slot i: a call, a MAY_GOTO or an access of the context. */
static void learn_slot(struct jit_work *w, uint32_t i)
{
	const struct insn *insn = &w->insns[i];
	uint8_t cls = insn_info[insn->op].cls;

	if (cls == INSN_CLASS_CALL && !helper_of((uint32_t)insn->imm))
		return;
	w->calls |= cls == INSN_CLASS_CALL || cls == INSN_CLASS_CALL_LOCAL;
	if (cls == INSN_CLASS_CALL) {
		w->run = true;
		w->needs |= call_needs(insn->imm);
	}
	if (insn->op == INSN_MAY_GOTO)
		w->needs |= JIT_NEED_TURNS;
	if (w->prog->access && w->prog->access[i] == EXEC_ACCESS_CTX) {
		w->run |= cls != INSN_CLASS_LDX;
		w->needs |= cls != INSN_CLASS_LDX || insn->off / 4 == JIT_FIELD_IFINDEX ? JIT_NEED_PREPARED : 0;
	}
}

/* Learns what frames and bursts need, of the instructions that are compiled. */
static void learn(struct jit_work *w)
{
	const uint8_t *form = w->form, *mark = w->mark;
	const struct insn *insn = w->insns;
	uint32_t regs = 0;

	for (uint32_t i = 0, count = w->prog->count; i < count; i++, insn++) {
		if (form[i] == OPT_NOTHING)
			continue;
		regs |= 1u << insn->dst | 1u << insn->src;
		if (unlikely(mark[i] & JIT_MARK_LEARN) && jit_form(w, i) < OPT_INDEX)
			learn_slot(w, i);
	}
	w->regs = (uint16_t)regs;
	w->run |= (w->needs & ~JIT_NEED_PREPARED) != 0;
	w->calls |= (w->needs & JIT_NEED_END) != 0;
}

uint64_t jit_blinding(struct jit_work *w)
{
	uint64_t z = w->prog->blind + ++w->blinded * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void jit_bytes_slowly(struct jit_out *o, uint64_t value, unsigned int bytes)
{
	for (; bytes--; value >>= 8, o->at++) {
		if (o->image && o->at < o->room)
			o->image[o->at] = (uint8_t)value;
		else
			o->fault |= o->image != NULL;
	}
}

/* Whether what is before slot i goes on with it. */
static bool is_fallen_into(const struct jit_work *w, uint32_t i)
{
	return !i || jit_form(w, i - 1) == OPT_NOTHING || falls_through(insn_info[w->insns[i - 1].op].cls);
}

/* Slot i is where paths meet, and perhaps where a function starts. */
static void meet(struct jit_work *w, uint32_t i)
{
	if (w->mark[i] & JIT_MARK_FUNC)
		machine->func(w, i, is_fallen_into(w, i));
	w->flags = 0;
	w->start[i] = (uint32_t)w->out.at;
	w->before[i] = w->branches;
}

/* All code, with long branches; of the tail only its size, since what it is depends on where it will be. */
static int emit_long(struct jit_work *w, uint32_t *at)
{
	const uint32_t count = w->prog->count;
	const uint8_t *form = w->form, *mark = w->mark;

	w->out.at = 0;
	w->out.fault = false;
	w->flags = 0;
	w->blinded = 0;
	w->branches = 0;
	machine->entry(w);
	for (uint32_t i = 0; i < count; i++) {
		int rc;

		if (mark[i] & (JIT_MARK_TARGET | JIT_MARK_FUNC))
			meet(w, i);
		if (form[i] == OPT_NOTHING)
			continue;
		rc = w->out.at <= JIT_MAX_BYTES ? machine->insn(w, i) : -ENOTSUP;
		if (unlikely(rc)) {
			*at = i;
			return rc;
		}
	}
	w->start[count] = (uint32_t)w->out.at;
	w->before[count] = w->branches;
	if (w->burst)
		machine->tail(w);
	w->branches = w->before[count];
	w->bytes = w->out.at;
	return 0;
}

/* Scratch memory with the code in it. The caller frees w->out.image. */
static int emit(struct jit_work *w, struct arena *scratch, uint32_t *at)
{
	size_t room = (size_t)w->prog->count * BYTES_PER_SLOT + FIXED_BYTES;
	int rc;

	for (;;) {
		w->out = (struct jit_out){.image = arena_alloc_dirty(scratch, room + JIT_SLACK_BYTES), .room = room};
		if (!w->out.image)
			return -ENOMEM;
		rc = emit_long(w, at);
		if (rc || w->out.at <= room)
			break;
		room = w->out.at;
		arena_free(scratch, w->out.image);
	}
	return rc ? rc : w->out.fault ? -ENOTSUP : 0;
}

/* The code at from, to where it will run. */
static int move(struct jit_work *w, const struct jit_out *from, const struct fw_code *code)
{
	w->exec = (uint64_t)(uintptr_t)code->exec;
	w->out = (struct jit_out){.image = code->write, .room = code->bytes};
	jit_layout(w, machine);
	jit_layout_copy(w, machine, from);
	if (w->out.at != w->start[w->prog->count] - w->branch[w->branches].saved)
		return -EINVAL;
	if (w->burst)
		machine->tail(w);
	if (w->out.fault)
		return -ENOTSUP;
	return w->out.at <= w->bytes && jit_layout_check(w, machine) ? 0 : -EINVAL;
}

/* from: the code with long branches. */
static int install(struct jit_work *w, const struct jit_out *from, const struct fw_platform *platform,
		   void *platform_ctx, struct jit *jit)
{
	struct fw_code code = {0};
	int rc;

	if (platform->code_alloc(platform_ctx, w->bytes + 1, &code)) /* one byte of trap at least */
		return -ENOMEM;
	rc = -ENOMEM;
	if (!code.write || !code.exec || code.bytes <= w->bytes)
		goto free_code;
	rc = move(w, from, &code);
	if (rc)
		goto free_code;
	*jit = (struct jit){.bytes = w->out.at};
	machine->trap(w);
	if (platform->code_seal(platform_ctx, &code)) {
		rc = -ENOMEM;
		goto free_code;
	}
	jit->code = code;
	jit->fn = (jit_fn *)(uintptr_t)code.exec;
	if (w->burst) {
		jit->burst = (jit_burst_fn *)((uintptr_t)code.exec + w->burst_at);
		jit->prepared = w->needs & JIT_NEED_PREPARED;
	}
	return 0;

free_code:
	*jit = (struct jit){0};
	platform->code_free(platform_ctx, &code);
	return rc;
}

static int compile(struct jit_work *w, struct arena *scratch, const struct fw_platform *platform, void *platform_ctx,
		   struct jit *jit, uint32_t *at)
{
	struct jit_out from;
	int rc;

	/* One is for the tail, one for the sum. */
	w->branch = arena_alloc_dirty(scratch, ((size_t)++w->max_branches + 1) * sizeof(*w->branch));
	if (!w->branch)
		return -ENOMEM;
	rc = emit(w, scratch, at);
	from = w->out;
	if (!rc)
		rc = install(w, &from, platform, platform_ctx, jit);
	arena_free(scratch, from.image);
	arena_free(scratch, w->branch);
	return rc;
}

int jit_compile(const struct exec_prog *prog, struct arena *scratch, const struct fw_platform *platform,
		void *platform_ctx, struct jit *jit, uint32_t *insn)
{
	struct jit_work w = {.prog = prog};
	struct opt opt = {0};
	int rc = -ENOMEM;

	mem_set(jit, 0, sizeof(*jit));
	*insn = JIT_NO_INSN;
	if (!machine || !platform || !platform->code_alloc)
		return -ENOTSUP;
	/* Without the verifier's word nobody knows which loads are the context's. */
	if (!prog->count || (!prog->access && !prog->plain_memory))
		return -EINVAL;
	if (prog->count > JIT_MAX_BYTES / 8)
		return -ENOTSUP;

	w.start = arena_alloc_dirty(scratch, (prog->count + 1) * sizeof(*w.start));
	w.before = arena_alloc_dirty(scratch, (prog->count + 1) * sizeof(*w.before));
	w.mark = arena_alloc(scratch, prog->count + 1);
	if (!w.start || !w.before || !w.mark)
		goto free_scratch;
	rc = survey(&w, insn);
	if (rc)
		goto free_scratch;
	if (machine->forms && prog->access)
		rc = opt_run(prog, w.mark, machine->forms, scratch, &opt);
	else
		rc = opt_leave(prog, scratch, &opt);
	if (rc)
		goto free_scratch;
	w.insns = opt.insns ? opt.insns : prog->insns;
	w.form = opt.form;
	w.burst = machine->tail && !prog->plain_memory && !w.locals && !w.tails;
	learn(&w);
	rc = compile(&w, scratch, platform, platform_ctx, jit, insn);

free_scratch:
	opt_free(&opt, scratch);
	arena_free(scratch, w.mark);
	arena_free(scratch, w.before);
	arena_free(scratch, w.start);
	return rc;
}

void jit_free(struct jit *jit, const struct fw_platform *platform, void *platform_ctx)
{
	if (jit->code.exec)
		platform->code_free(platform_ctx, &jit->code);
	mem_set(jit, 0, sizeof(*jit));
}
