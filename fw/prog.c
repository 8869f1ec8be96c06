/* SPDX-License-Identifier: BSD-2-Clause */
#include "prog.h"
#include "core.h"
#include "helper.h"
#include "line.h"
#include "map/prog_array.h"

_Static_assert((int)PROG_LOADING == VIRTIO_NET_XDP_PROG_LOADING &&
		       (int)PROG_VERIFYING == VIRTIO_NET_XDP_PROG_VERIFYING &&
		       (int)PROG_READY == VIRTIO_NET_XDP_PROG_READY && (int)PROG_REFUSED == VIRTIO_NET_XDP_PROG_REFUSED,
	       "states as on the wire");

static void set_state(struct fw *fw, struct prog *prog, enum prog_state state)
{
	fw->verifying += (state == PROG_VERIFYING) - (prog->state == PROG_VERIFYING);
	prog->state = state;
}

struct prog *prog_find(const struct fw *fw, uint32_t id)
{
	return id < fw->config.caps.max_progs ? fw->progs[id] : NULL; /* req: XO-229 */
}

static size_t maps_room(const struct fw_caps *caps, uint32_t count)
{
	return MIN(count, (uint32_t)caps->max_maps) * sizeof(struct map *);
}

size_t prog_arena_bytes(const struct fw_caps *caps)
{
	size_t count = caps->max_insns;

	return arena_cost(sizeof(struct prog)) + arena_cost(count * 8) + arena_cost(count * sizeof(struct insn)) +
	       arena_cost(count) + arena_cost(maps_room(caps, caps->max_insns)) +
	       arena_cost(VIRTIO_NET_XDP_FUNCS_MAX * sizeof(struct verify_func)) +
	       arena_cost((size_t)caps->max_log_bytes + 1);
}

int prog_create(struct fw *fw, const struct prog_attr *attr)
{
	struct prog *prog = arena_alloc(&fw->arena, sizeof(*prog));

	if (!prog)
		return -ENOMEM;
	prog->id = attr->id;
	prog->bytes = attr->bytes;
	prog->flags = attr->flags;
	mem_copy(prog->name, attr->name, sizeof(prog->name));
	mem_copy(prog->tag, attr->tag, sizeof(prog->tag));
	prog->wire = arena_alloc(&fw->arena, attr->bytes);
	if (!prog->wire) {
		arena_free(&fw->arena, prog);
		return -ENOMEM;
	}
	fw->progs[attr->id] = prog; /* req: XO-035 */
	return 0;
}

struct verify_func *prog_add_funcs(struct fw *fw, struct prog *prog, uint32_t count)
{
	if (!prog->funcs)
		prog->funcs = arena_alloc(&fw->arena, VIRTIO_NET_XDP_FUNCS_MAX * sizeof(*prog->funcs));
	if (!prog->funcs)
		return NULL;
	prog->num_funcs += count;
	return prog->funcs + prog->num_funcs - count;
}

/* Gives back what only a program that may still run needs, references to maps included. */
static void drop_code(struct fw *fw, struct prog *prog)
{
	for (uint32_t i = 0; i < prog->num_maps; i++)
		prog->maps[i]->refs--; /* req: XO-046 */
	prog->num_maps = 0;
	arena_free(&fw->arena, prog->maps);
	arena_free(&fw->arena, prog->access);
	arena_free(&fw->arena, prog->insns);
	prog->maps = NULL;
	prog->access = NULL;
	prog->insns = NULL;
	if (prog->jit.fn)
		jit_free(&prog->jit, fw->config.platform, fw->config.platform_ctx);
	prog->jit = (struct jit){0};
}

static void refuse(struct fw *fw, struct prog *prog, uint16_t error, uint32_t insn)
{
	prog->result.error = error;
	prog->result.error_insn = insn;
	drop_code(fw, prog);
	set_state(fw, prog, PROG_REFUSED);
}

#define WHOLE_PROGRAM UINT32_MAX

/*
 * The same with "instruction 7: what" in the log, behind what is there. insn WHOLE_PROGRAM: what alone, and error_insn
 * is 0, since it has to be inside of the program.
 */
static void refuse_for(struct fw *fw, struct prog *prog, uint16_t error, uint32_t insn, const char *what)
{
	struct line line = {
		.text = prog->log,
		.room = (size_t)fw->config.caps.max_log_bytes + 1, /* req: XO-058 */
		.used = prog->result.log_bytes,
	};

	if (insn != WHOLE_PROGRAM) {
		line_str(&line, "instruction ");
		line_num(&line, insn);
		line_str(&line, ": ");
	}
	line_str(&line, what); /* req: XO-055 */
	line_str(&line, "\n");
	prog->result.log_bytes = (uint32_t)line.used;
	refuse(fw, prog, error, insn == WHOLE_PROGRAM ? 0 : insn); /* req: XO-049 */
}

/* The map's index in prog->maps, where it is put if it was not yet; the reference is taken. */
static uint32_t map_index(struct prog *prog, struct map *map)
{
	for (uint32_t i = 0; i < prog->num_maps; i++)
		if (prog->maps[i] == map)
			return i;
	map->refs++; /* req: XO-046 */
	prog->maps[prog->num_maps] = map;
	return prog->num_maps++;
}

/* Ids of maps become indices. 0, or -ENOENT at *insn. */
static int resolve_maps(struct fw *fw, struct prog *prog, uint32_t *insn)
{
	uint32_t count = prog->bytes / 8;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t cls = insn_info[prog->insns[i].op].cls;
		struct map *map;

		if (cls != INSN_CLASS_LD_MAP && cls != INSN_CLASS_LD_MAP_VALUE)
			continue;
		map = core_map(fw, (uint32_t)prog->insns[i].imm64);
		if (!map) {
			*insn = i;
			return -ENOENT;
		}
		prog->insns[i].imm = (int32_t)map_index(prog, map);
	}
	return 0;
}

int prog_commit(struct fw *fw, struct prog *prog, uint32_t log_level)
{
	const struct fw_caps *caps = &fw->config.caps;
	uint32_t count = prog->bytes / 8, insn;
	struct insn_error error;
	int result;

	prog->insns = arena_alloc(&fw->arena, count * sizeof(*prog->insns));
	prog->access = arena_alloc(&fw->arena, count);
	prog->maps = arena_alloc(&fw->arena, maps_room(caps, count));
	prog->log = arena_alloc(&fw->arena, (size_t)caps->max_log_bytes + 1);
	if (!prog->insns || !prog->access || !prog->maps || !prog->log) {
		drop_code(fw, prog);
		arena_free(&fw->arena, prog->log);
		prog->log = NULL;
		return -ENOMEM;
	}
	prog->log_level = log_level;
	prog->turn = fw->turns++;
	set_state(fw, prog, PROG_VERIFYING); /* req: XO-042 */

	result = insn_decode(prog->wire, count, caps->isa, prog->insns, &error);
	arena_free(&fw->arena, prog->wire);
	prog->wire = NULL;
	if (result) { /* req: XO-128, XO-179 */
		refuse_for(fw, prog, result == -ENOTSUP ? VIRTIO_NET_XDP_VERIFY_ISA : VIRTIO_NET_XDP_VERIFY_INSN,
			   error.insn, error.what);
		return 0;
	}
	if (resolve_maps(fw, prog, &insn)) /* req: XO-045 */
		refuse_for(fw, prog, VIRTIO_NET_XDP_VERIFY_MAP, insn, "names a map that does not exist");
	return 0;
}

static void verify_begin(struct fw *fw, struct prog *prog)
{
	struct verify_args args = {
		.insns = prog->insns,
		.count = prog->bytes / 8,
		.maps = prog->maps,
		.num_maps = prog->num_maps,
		.funcs = prog->funcs,
		.num_funcs = prog->num_funcs,
		.caps = &fw->config.caps,
		.gpl_compatible = prog->flags & VIRTIO_NET_XDP_PROG_F_GPL_COMPATIBLE,
		.strict_actions = prog->flags & VIRTIO_NET_XDP_PROG_F_STRICT_ACTIONS,
		.log_level = prog->log_level,
		.log = prog->log,
		.log_bytes = fw->config.caps.max_log_bytes + 1,
		.arena = &fw->scratch,
		.watch = fw->watch,
		.watch_ctx = fw->watch_ctx,
	};

	prog->verify = verify_start(&args);
}

/* 0, or -errno after which the program cannot run. Without a JIT for it, it is interpreted. */
static int compile(struct fw *fw, struct prog *prog)
{
	const struct fw_platform *platform = fw->config.platform;
	uint32_t insn = JIT_NO_INSN;
	char text[160];
	struct line line = {.text = text, .room = sizeof(text)};
	int result;

	if (fw->config.engine != FW_ENGINE_JIT || !platform || !platform->code_alloc)
		return 0;
	result = jit_compile(&prog->exec, &fw->scratch, platform, fw->config.platform_ctx, &prog->jit, &insn);
	if (result)
		prog->jit = (struct jit){0};
	else
		prog->exec.jit = &prog->jit;
	if (result != -ENOTSUP)
		return result;
	line_str(&line, "program ");
	line_num(&line, prog->id);
	line_str(&line, " is interpreted: there is no JIT for ");
	if (insn == JIT_NO_INSN) {
		line_str(&line, "this machine");
	} else {
		line_str(&line, "its instruction ");
		line_num(&line, insn);
		line_str(&line, ", ");
		if (line.used < sizeof(text))
			insn_print(text + line.used, sizeof(text) - line.used, prog->insns, insn);
	}
	core_log(fw, text);
	return 0;
}

static void refuse_long(struct fw *fw, struct prog *prog)
{
	char text[128];
	struct line line = {.text = text, .room = sizeof(text)};

	line_str(&line, "a run can take ");
	line_num(&line, prog->result.longest);
	line_str(&line, " instructions, with what helpers do; max_run_insns is ");
	line_num(&line, fw->config.caps.max_run_insns);
	refuse_for(fw, prog, VIRTIO_NET_XDP_VERIFY_COMPLEXITY, WHOLE_PROGRAM, text);
}

/* Whether no run can change the packet or its ends: nor can a run of any other program that it goes on with. */
static bool leaves_packet(const struct prog *prog)
{
	const unsigned int changes = HELPER_F_MOVES_PACKET | HELPER_F_WRITES_PACKET | HELPER_F_TAIL_CALL;

	for (uint32_t i = 0; i < prog->bytes / 8; i++) {
		const struct insn *insn = &prog->insns[i];
		const struct helper *helper = insn->op == INSN_CALL ? helper_of((uint32_t)insn->imm) : NULL;

		if (helper && helper->flags & changes)
			return false;
	}
	return !prog->result.writes;
}

/* The verifier has come to an end: the program is made ready to run, or refused. */
static void conclude(struct fw *fw, struct prog *prog)
{
	uint32_t count = prog->bytes / 8;

	if (prog->result.error) { /* req: XO-044 */
		refuse(fw, prog, prog->result.error, prog->result.error_insn);
		return;
	}
	if (prog->result.longest > fw->config.caps.max_run_insns) { /* req: XO-189 */
		refuse_long(fw, prog);
		return;
	}
	prog->in_place = leaves_packet(prog);
	exec_link(prog->insns, count, prog->maps);
	exec_link_calls(prog->insns, count, prog->result.calls);
	exec_link_exits(prog->insns, count, prog->access);
	prog->exec = (struct exec_prog){
		.insns = prog->insns,
		.count = count,
		.access = prog->access,
		.maps = prog->maps,
		.num_maps = prog->num_maps,
		.calls = prog->result.calls,
		.frames = prog->result.frames,
		.zero_stack = prog->result.zero_stack,
		.writes = prog->result.writes,
		.id = prog->id,
		.blind = fw->config.blind ? helper_seed(fw->config.seed + prog->turn) | 1 : 0,
	};
	interp_link(&prog->exec, prog->insns);
	if (compile(fw, prog)) {
		refuse_for(fw, prog, VIRTIO_NET_XDP_VERIFY_CODE, WHOLE_PROGRAM, "no memory for the machine code");
		return;
	}
	prog->exec.calls = NULL; /* of use for compiling only */
	prog->exec.jit = prog->jit.fn ? &prog->jit : NULL;
	prog->result.error_insn = VIRTIO_NET_XDP_ID_NONE;
	set_state(fw, prog, PROG_READY); /* req: XO-044, XO-228 */
}

static void verify_end(struct fw *fw, struct prog *prog)
{
	if (prog->result.access)
		mem_copy(prog->access, prog->result.access, prog->bytes / 8);
	arena_free(&fw->scratch, prog->result.access);
	prog->result.access = NULL;
	verify_free(prog->verify);
	prog->verify = NULL;
	prog->judged = true;
}

/* The judgement is carried out: a slice of its own, since it goes through the program a few times. */
static void execute(struct fw *fw, struct prog *prog)
{
	conclude(fw, prog);
	arena_free(&fw->scratch, prog->result.calls);
	prog->result.calls = NULL;
}

static struct prog *next_turn(const struct fw *fw)
{
	struct prog *next = NULL;

	for (uint32_t id = 0; id < fw->config.caps.max_progs; id++) {
		struct prog *prog = fw->progs[id];

		if (prog && prog->state == PROG_VERIFYING && (!next || prog->turn < next->turn))
			next = prog;
	}
	return next;
}

bool prog_poll(struct fw *fw, uint32_t budget)
{
	struct prog *prog;

	if (!fw->verifying)
		return false;
	prog = next_turn(fw);
	if (prog->judged) {
		execute(fw, prog);
		return fw->verifying != 0;
	}
	if (!prog->verify)
		verify_begin(fw, prog);
	if (!prog->verify) {
		/* req: XO-193 */
		refuse_for(fw, prog, VIRTIO_NET_XDP_VERIFY_MEMORY, WHOLE_PROGRAM, "no memory to verify the program");
	} else if (verify_step(prog->verify, budget, &prog->result) != -EAGAIN) { /* req: XO-043 */
		verify_end(fw, prog);
	}
	return fw->verifying != 0;
}

/* Of the program that the run was in, which tail calls may have led to. */
static void log_fault(const struct fw *fw, const struct run *run)
{
	const struct prog *prog = (const struct prog *)((const uint8_t *)run->prog - offsetof(struct prog, exec));
	char text[160];
	struct line line = {.text = text, .room = sizeof(text)};

	line_str(&line, "program ");
	line_num(&line, prog->id);
	line_str(&line, ": fault at instruction ");
	line_num(&line, run->fault_insn);
	line_str(&line, ": ");
	line_str(&line, run->fault);
	core_log(fw, text);
}

#define STEP_BYTES 16

/*
 * Clears it in steps that are one instruction each. All at once compilers do with a string instruction, which takes as
 * long as the programs of several frames.
 */
static void clear_run(struct run *run)
{
	_Static_assert(sizeof(*run) > STEP_BYTES, "the last step begins inside");
	for (size_t at = 0; at + STEP_BYTES < sizeof(*run); at += STEP_BYTES) {
		mem_set((uint8_t *)run + at, 0, STEP_BYTES);
		__asm__ volatile("" : : "r"(run) : "memory");
	}
	mem_set((uint8_t *)(run + 1) - STEP_BYTES, 0, STEP_BYTES);
}

static void start_run(struct run *run, struct fw *fw, struct prog *prog)
{
	clear_run(run);
	run->fw = fw;
	run->prog = &prog->exec;
	run->num_queues = fw->queues_in_use;
	run->prandom = &fw->prandom;
	run->tail_calls = EXEC_TAIL_CALLS;
	run->poison = fw->poison;
	run->trace = fw->trace;
	run->trace_ctx = fw->trace_ctx;
	run->max_metadata = fw->config.caps.max_metadata;
}

/* One frame; run is set but for what differs from frame to frame. */
static bool run_frame(struct fw *fw, struct prog *prog, struct run *run, struct fw_frame *frame)
{
	run->frame = frame;
	run->prog = &prog->exec;
	run->tail_calls = EXEC_TAIL_CALLS;
	run->turns = EXEC_TURNS;
	run->depth = 0;
	run->queue = frame->rx_queue_index; /* req: XO-146 */
	run->headroom_top = frame->data_meta;
	if (prog->jit.fn && !fw->trace)
		frame->r0 = prog->jit.fn(frame, run, 0);
	else
		frame->r0 = interp_run(&prog->exec, run);

	/* req: XO-169 */
	if (fw->run_end)
		map_run_ended(fw);
	if (likely(!run->fault))
		return true;
	log_fault(fw, run);
	run->fault = NULL;
	return false;
}

static void reset_redirect(struct fw_frame *frame)
{
	frame->redirect_ports = 0;
	frame->redirect_queue = false;
	frame->redirect_to = 0;
}

static void reset_frame(struct fw_frame *frame, bool writes)
{
	frame->bad_queue = false;
	frame->changed = writes;
	reset_redirect(frame);
}

bool prog_run(struct fw *fw, struct prog *prog, struct fw_frame *frame)
{
	struct run run;

	start_run(&run, fw, prog);
	reset_frame(frame, prog->exec.writes);
	return run_frame(fw, prog, &run, frame);
}

/* What a frame shows of a run before it. */
static void prepare(struct fw_frame *frame, uint32_t ifindex, bool writes)
{
	frame->ingress_ifindex = ifindex; /* req: XO-135 */
	reset_frame(frame, writes);
}

static enum fw_verdict verdict_of(const struct fw_frame *frame, const enum fw_verdict *verdicts)
{
	uint32_t r0 = (uint32_t)frame->r0; /* req: XO-129 */

	return verdicts[MIN(r0, (uint32_t)EXEC_ACTIONS)];
}

_Static_assert(sizeof(enum fw_verdict) == 4 && offsetof(struct fw_frame, verdict) % 8 == 0 &&
		       offsetof(struct fw_frame, redirect_queue) - offsetof(struct fw_frame, verdict) < 8 &&
		       offsetof(struct fw_frame, bad_queue) - offsetof(struct fw_frame, verdict) < 8,
	       "struct run's outcomes are a word");

static void run_machine_code(struct fw *fw, struct prog *prog, struct fw_frame *frames, size_t count,
			     const enum fw_verdict *verdicts)
{
	const unsigned int changed_at = 8 * (offsetof(struct fw_frame, changed) - offsetof(struct fw_frame, verdict));
	bool writes = prog->exec.writes;
	uint32_t ifindex = fw->ifindex;
	struct run run;

	start_run(&run, fw, prog);
	for (size_t n = 0; n < ARRAY_SIZE(run.outcomes); n++)
		run.outcomes[n] = (uint64_t)writes << changed_at | verdicts[n];
	for (size_t i = 0; prog->jit.prepared && i < count; i++)
		prepare(&frames[i], ifindex, writes);
	prog->jit.burst(frames, &run, count);
}

void prog_run_burst(struct fw *fw, struct prog *prog, struct fw_frame *frames, size_t count,
		    const enum fw_verdict *verdicts)
{
	struct run run;

	if (prog->jit.burst && !fw->trace) {
		run_machine_code(fw, prog, frames, count, verdicts);
		return;
	}
	start_run(&run, fw, prog);
	for (size_t i = 0; i < count; i++) {
		struct fw_frame *frame = &frames[i];

		prepare(frame, fw->ifindex, prog->exec.writes);
		frame->verdict = likely(run_frame(fw, prog, &run, frame)) ? verdict_of(frame, verdicts) : FW_ABORTED;
	}
}

/* Tail calls find it no longer. */
static void empty_slots(struct fw *fw, struct prog *prog)
{
	for (uint32_t id = 0; prog->slots && id < fw->config.caps.max_maps; id++)
		if (fw->maps[id] && fw->maps[id]->attr.type == VIRTIO_NET_XDP_MAP_PROG_ARRAY)
			prog_array_forget(fw->maps[id], prog); /* req: XO-178 */
}

void prog_destroy(struct fw *fw, struct prog *prog)
{
	fw->progs[prog->id] = NULL; /* req: XO-036 */
	empty_slots(fw, prog);
	verify_free(prog->verify);
	arena_free(&fw->scratch, prog->result.calls);
	if (prog->state == PROG_VERIFYING)
		fw->verifying--;
	drop_code(fw, prog);
	arena_free(&fw->arena, prog->wire);
	arena_free(&fw->arena, prog->funcs);
	arena_free(&fw->arena, prog->log);
	arena_free(&fw->arena, prog);
}
