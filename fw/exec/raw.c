/* SPDX-License-Identifier: BSD-2-Clause */
/* fw_exec(): raw instructions on plain memory, for instruction-set suites. No maps, no helpers. */
#include "exec.h"
#include "line.h"
#include "verify/verify.h"

#define RAW_SLICE 65536 /* instructions that one verify_step() visits */

static void raw_error(struct fw_exec *exec, const char *what)
{
	struct line line = {.text = exec->error, .room = sizeof(exec->error)};

	line_str(&line, what);
}

static void raw_error_at(struct fw_exec *exec, uint32_t insn, const char *what)
{
	struct line line = {.text = exec->error, .room = sizeof(exec->error)};

	line_str(&line, "instruction ");
	line_num(&line, insn);
	line_str(&line, ": ");
	line_str(&line, what);
}

static int raw_decode(struct fw_exec *exec, struct arena *arena, struct insn **insns)
{
	struct insn_error err;
	int rc;

	*insns = NULL;
	if (exec->count >= exec->arena_bytes / sizeof(**insns)) {
		raw_error(exec, "the program is too large for the scratch memory");
		return -ENOMEM;
	}
	*insns = arena_alloc(arena, (exec->count + 1) * sizeof(**insns));
	if (!*insns) {
		raw_error(exec, "not enough scratch memory for the instructions");
		return -ENOMEM;
	}
	rc = insn_decode(exec->wire, exec->count, INSN_GROUPS, *insns, &err);
	if (rc) {
		raw_error_at(exec, err.insn, err.what);
		return rc;
	}
	(*insns)[exec->count].op = INSN_LD_SLOT2;
	for (uint32_t i = 0; i < exec->count; i++) {
		uint8_t cls = insn_info[(*insns)[i].op].cls;

		if (cls == INSN_CLASS_LD_MAP || cls == INSN_CLASS_LD_MAP_VALUE) {
			raw_error_at(exec, i, "names a map, but raw programs have none");
			return -EINVAL;
		}
		if (!exec->verify && insn_writes_frame_ptr(&(*insns)[i])) {
			raw_error_at(exec, i, "writes R10, the frame pointer");
			return -EINVAL;
		}
	}
	return 0;
}

/* The verifier's log is lines; an error is a clause. */
static void raw_error_trim(struct fw_exec *exec)
{
	size_t n = 0;

	while (exec->error[n])
		n++;
	while (n && exec->error[n - 1] == '\n')
		exec->error[--n] = '\0';
}

/* At level 0 the verifier's log is the reason. */
static int raw_verify(struct fw_exec *exec, struct arena *arena, const struct insn *insns, struct verify_result *result)
{
	const struct fw_caps caps = {
		.isa = INSN_GROUPS,
		.actions = UINT32_MAX,
		.max_insns = exec->count,
		.max_run_insns = VERIFY_MAX_VISITED,
	};
	const struct verify_args args = {
		.insns = insns,
		.count = exec->count,
		.caps = &caps,
		.plain_memory = true,
		.mem_bytes = exec->mem_bytes,
		.log = exec->error,
		.log_bytes = sizeof(exec->error),
		.arena = arena,
	};
	struct verify *v = verify_start(&args);
	int rc;

	if (!v) {
		raw_error(exec, "not enough scratch memory for the verifier");
		return -ENOMEM;
	}
	do
		rc = verify_step(v, RAW_SLICE, result);
	while (rc == -EAGAIN);
	verify_free(v);
	if (rc) {
		raw_error(exec, rc == -ENOMEM ? "not enough scratch memory for the verifier" : "the verifier failed");
		return rc;
	}
	raw_error_trim(exec);
	if (result->error && !exec->error[0])
		raw_error_at(exec, result->error_insn, "refused by the verifier");
	return result->error ? -EINVAL : 0;
}

static int raw_interpret(struct fw_exec *exec, const struct exec_prog *prog, struct run *run)
{
	run->budget = exec->budget;
	run->budget_on = !exec->verify;
	exec->r0 = interp_run(prog, run);
	if (!run->fault)
		return 0;
	raw_error_at(exec, run->fault_insn, run->fault);
	return -EFAULT;
}

static int raw_jit(struct fw_exec *exec, const struct exec_prog *prog, struct arena *arena, struct run *run)
{
	struct jit jit = {0};
	uint32_t insn;
	int rc = jit_compile(prog, arena, exec->platform, exec->platform_ctx, &jit, &insn);

	if (rc == -ENOTSUP && insn == JIT_NO_INSN)
		raw_error(exec, "there is no JIT for this machine");
	else if (rc == -ENOTSUP)
		raw_error_at(exec, insn, "this machine's JIT does not compile it");
	else if (rc == -ENOMEM)
		raw_error(exec, "not enough memory for machine code");
	else if (rc && insn == JIT_NO_INSN)
		raw_error(exec, "the JIT refuses what the verifier accepted");
	else if (rc)
		raw_error_at(exec, insn, "the JIT refuses what the verifier accepted");
	if (rc)
		return rc;
	exec->r0 = jit.fn((struct fw_frame *)(void *)run->mem, run, run->mem_bytes);
	jit_free(&jit, exec->platform, exec->platform_ctx);
	return 0;
}

int fw_exec(struct fw_exec *exec)
{
	struct arena arena;
	struct insn *insns;
	struct verify_result result = {0};
	struct exec_prog prog = {.count = exec->count, .plain_memory = true};
	uint64_t prandom = 0;
	struct run run = {.prog = &prog,
			  .mem = exec->mem_bytes ? exec->mem : NULL,
			  .mem_bytes = exec->mem_bytes,
			  .prandom = &prandom,
			  .tail_calls = EXEC_TAIL_CALLS,
			  .turns = EXEC_TURNS};
	int rc;

	exec->r0 = 0;
	exec->error[0] = '\0';
	if (exec->engine == FW_ENGINE_JIT && !exec->verify) {
		raw_error(exec, "the JIT runs verified programs only");
		return -EINVAL;
	}
	arena_init(&arena, exec->arena, exec->arena_bytes);
	rc = raw_decode(exec, &arena, &insns);
	if (!rc && exec->verify)
		rc = raw_verify(exec, &arena, insns, &result);
	if (!rc) {
		exec->error[0] = '\0';
		if (exec->verify)
			exec_link_exits(insns, exec->count, result.access);
		prog.insns = insns;
		prog.access = result.access;
		prog.calls = result.calls;
		prog.frames = result.frames;
		prog.zero_stack = result.zero_stack;
		if (exec->engine == FW_ENGINE_JIT)
			rc = raw_jit(exec, &prog, &arena, &run);
		else
			rc = raw_interpret(exec, &prog, &run);
	}
	arena_free(&arena, result.calls);
	arena_free(&arena, result.access);
	arena_free(&arena, insns);
	return rc;
}
