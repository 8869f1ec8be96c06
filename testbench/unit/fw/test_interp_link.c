/* SPDX-License-Identifier: BSD-2-Clause */
/* What interp_link() changes: nothing but the time. Each sequence, linked and not, from the same random state. */
#include "exec/exec.h"
#include "insn.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TRIALS       300
#define SLOTS        48
#define SEQUENCE_MAX 8
#define CONTEXT_LOAD INSN_OPS /* in place of a row */
#define PACKET       6        /* the register that leads to it */

static const struct {
	const char *name;
	uint8_t rows[SEQUENCE_MAX + 1]; /* + 1; 0 behind the last */
} sequences[] = {
#define DO(id)            INSN_##id + 1,
#define CONTEXT           CONTEXT_LOAD + 1,
#define SEQUENCE(id, ...) {#id, {__VA_ARGS__}},
#include "exec/sequence.def"
#undef SEQUENCE
#undef CONTEXT
#undef DO
};

#define SEQUENCES (sizeof(sequences) / sizeof(sequences[0]))

struct prog {
	struct insn insns[SLOTS];
	uint8_t access[SLOTS];
	struct exec_prog exec;
	uint32_t first; /* slot of the sequence */
};

struct outcome {
	uint64_t r0;
	const char *fault;
	uint32_t fault_insn;
	uint64_t packet[8];
	uint32_t queue;
};

static uint32_t draw(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

static void put(struct prog *p, struct insn insn)
{
	p->insns[p->exec.count++] = insn;
}

/* Mostly to the packet or the stack, where there are addresses; the bounds are near enough to be missed at times. */
static void aim(struct insn *insn, uint8_t *base, uint64_t *state)
{
	*base = (uint8_t)(draw(state, 8) ? draw(state, 2) ? PACKET : INSN_FRAME_PTR : draw(state, INSN_MAX_REG));
	insn->off = (int16_t)(*base == PACKET ? (int32_t)draw(state, 62) - 1 : (int32_t)draw(state, 60) - 61);
}

static void put_row(struct prog *p, uint8_t row, uint64_t *state)
{
	static const int32_t calls[] = {5, 5, 7, 8, 200}, context[] = {0, 4, 8, 12, 16, 0, 4, 20, 2};
	struct insn insn = {.op = row == CONTEXT_LOAD ? (uint8_t)INSN_LDX32 : row};
	const struct insn_info *info = &insn_info[insn.op];

	insn.dst = (uint8_t)draw(state, INSN_FRAME_PTR);
	insn.src = (uint8_t)draw(state, INSN_MAX_REG);
	insn.imm64 = insn.imm = (int32_t)draw(state, 4) - 1;
	switch (info->cls) {
	case INSN_CLASS_LDX:
		aim(&insn, &insn.src, state);
		break;
	case INSN_CLASS_STX:
		aim(&insn, &insn.dst, state);
		break;
	case INSN_CLASS_JMP:
	case INSN_CLASS_JA:
		insn.imm = (int32_t)(p->exec.count + 1 + draw(state, 4)); /* into the sequence, or behind it */
		break;
	case INSN_CLASS_CALL:
		insn.imm64 = insn.imm = calls[draw(state, sizeof(calls) / sizeof(calls[0]))];
		break;
	default:
		break;
	}
	if (row == CONTEXT_LOAD) {
		p->access[p->exec.count] = EXEC_ACCESS_CTX;
		insn.src = draw(state, 8) ? 1 : insn.src;
		insn.off = (int16_t)context[draw(state, sizeof(context) / sizeof(context[0]))];
	}
	put(p, insn);
	if (info->cls == INSN_CLASS_LD_MAP)
		put(p, (struct insn){.op = INSN_LD_SLOT2});
}

/* Numbers, the sequence, a sum over all registers. */
static void make(struct prog *p, size_t sequence, uint64_t *state)
{
	memset(p, 0, sizeof(*p));
	p->exec = (struct exec_prog){.insns = p->insns, .access = p->access, .zero_stack = true};
	put(p, (struct insn){.op = INSN_LDX32, .dst = PACKET, .src = 1});
	p->access[0] = EXEC_ACCESS_CTX;
	for (uint8_t reg = 0; reg < INSN_FRAME_PTR; reg++)
		if (reg != PACKET && reg != 1)
			put(p, (struct insn){.op = INSN_MOV64_K, .dst = reg, .imm64 = (int32_t)draw(state, 4) - 1});
	p->first = p->exec.count;
	for (const uint8_t *row = sequences[sequence].rows; *row; row++)
		put_row(p, (uint8_t)(*row - 1), state);
	for (uint8_t reg = 1; reg < INSN_FRAME_PTR; reg++) {
		put(p, (struct insn){.op = INSN_MUL64_K, .imm = 31, .imm64 = 31});
		put(p, (struct insn){.op = INSN_ADD64_X, .src = reg});
	}
	put(p, (struct insn){.op = INSN_EXIT});
	cr_assert_leq(p->exec.count, SLOTS);
}

static __attribute__((noinline)) void run(const struct prog *p, uint64_t poison, struct outcome *o)
{
	uint64_t prandom = 1;
	struct fw_frame frame = {.data = (uint8_t *)o->packet,
				 .data_meta = (uint8_t *)o->packet,
				 .data_end = (uint8_t *)o->packet + 60,
				 .ingress_ifindex = 77,
				 .rx_queue_index = 2,
				 .now_ns = 12345};
	struct run run = {.frame = &frame, .num_queues = 4, .prandom = &prandom, .poison = poison};

	for (size_t i = 0; i < sizeof(o->packet); i++)
		((uint8_t *)o->packet)[i] = (uint8_t)i;
	o->r0 = interp_run(&p->exec, &run);
	o->fault = run.fault;
	o->fault_insn = run.fault ? run.fault_insn : 0;
	o->queue = frame.rx_queue_index;
}

Test(interp_link, sequences_do_what_their_instructions_do)
{
	uint8_t seen[256] = {0};
	uint64_t state = 1;

	for (size_t s = 0; s < SEQUENCES; s++) {
		uint32_t faults = 0;

		for (int trial = 0; trial < TRIALS; trial++) {
			static struct outcome out[2]; /* of the same address, which programs may add up */
			static struct outcome *const now = &out[0];
			struct prog p;

			make(&p, s, &state);
			run(&p, trial % 3 ? 0 : state | 1, now);
			out[1] = *now;
			interp_link(&p.exec, p.insns);
			run(&p, trial % 3 ? 0 : state | 1, now);
			cr_assert_eq(now->r0, out[1].r0, "%s, trial %d", sequences[s].name, trial);
			cr_assert_eq(now->fault, out[1].fault, "%s, trial %d: %s, %s", sequences[s].name, trial,
				     now->fault ? now->fault : "no fault", out[1].fault ? out[1].fault : "no fault");
			cr_assert_eq(now->fault_insn, out[1].fault_insn, "%s, trial %d", sequences[s].name, trial);
			cr_assert_arr_eq(now->packet, out[1].packet, sizeof(now->packet));
			cr_assert_eq(now->queue, out[1].queue);
			faults += now->fault != NULL;
			if (!trial) {
				cr_assert(!seen[p.insns[p.first].run], "%s is never taken: one before it is",
					  sequences[s].name);
				seen[p.insns[p.first].run] = 1;
			}
		}
		cr_assert_lt(faults, TRIALS, "%s", sequences[s].name);
	}
}
