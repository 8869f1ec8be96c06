/* SPDX-License-Identifier: BSD-2-Clause */
/* Tail calls, by each engine. Map 0 is the PROG_ARRAY, map 1 an ARRAY with one counter. */
#include "engines.h"
#include "exec/exec.h"
#include "words.h"

#define SLOTS 8

static struct control *open_maps(int engine)
{
	struct control *c = engines_open(engine, NULL, 0);

	cr_assert_eq(control_map_create(c, 0, VIRTIO_NET_XDP_MAP_PROG_ARRAY, 4, 4, SLOTS, 0), 0);
	cr_assert_eq(control_map_create(c, 1, VIRTIO_NET_XDP_MAP_ARRAY, 4, 8, 1, 0), 0);
	return c;
}

/* Needs R1 as it was; R0 is 7 if there is nothing to go on with. */
#define TAIL_CALL(index) W_MAP(2, 0), W_MOV(3, index), W_CALL(12), W_MOV(0, 7)

/* R6 is the context. */
#define COUNT_UP                                                                                                       \
	W_MOVR(6, 1), W_MOV(2, 0), W(0x63, 10, 2, -4, 0), W_MOVR(2, 10), W_ADD(2, -4), W_MAP(1, 1), W_CALL(1),         \
		W(0x15, 0, 0, 3, 0), W_LDX64(1, 0, 0), W_ADD(1, 1), W_STX64(0, 1, 0), W_MOVR(1, 6)

/* Each run of a burst has 33 of its own. */
Test(tail, as_many_as_there_are)
{
	static const uint64_t itself[] = {COUNT_UP, TAIL_CALL(3), W_EXIT};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = open_maps(engine);
		struct control_frame f[3];
		struct fw_frame burst[3];

		engines_load(c, 5, itself, ENGINES_COUNT(itself));
		cr_assert_eq(engines_set(c, 0, 3, 5, 0), 0);
		engines_attach(c, 5);
		for (int i = 0; i < 3; i++) {
			control_frame(&f[i], 64);
			burst[i] = f[i].frame;
		}
		fw_run(c->fw, burst, 3);
		for (int i = 0; i < 3; i++)
			cr_assert_eq(burst[i].r0, 7, "%s", engines_name(engine));
		cr_assert_eq(control_map_get(c, 1, 0), 3 * (1 + EXEC_TAIL_CALLS), "%s", engines_name(engine));
		cr_assert_eq(le64_to_cpu(control_prog_info(c, 5).run_count), 3);
		control_close(c);
	}
}

Test(tail, falls_through)
{
	static const struct {
		const char *what;
		uint64_t index;
		uint64_t r0;
	} rows[] = {
		{"the program", 2, 3},           {"32 bits count", 0x100000002, 3},  {"an empty slot", 1, 7},
		{"the last slot", SLOTS - 1, 3}, {"behind the last slot", SLOTS, 7}, {"far behind it", UINT32_MAX, 7},
		{"further", UINT64_MAX, 7},
	};
	static const uint64_t three[] = {W_MOV(0, 3), W_EXIT};

	for (int engine = 0; engine < ENGINES; engine++) {
		for (size_t i = 0; i < ENGINES_COUNT(rows); i++) {
			const uint64_t words[] = {W_MAP(2, 0), W_LD64(3, rows[i].index), W_CALL(12), W_MOV(0, 7),
						  W_EXIT};
			struct control *c = open_maps(engine);

			engines_load(c, 0, words, ENGINES_COUNT(words));
			engines_load(c, 1, three, ENGINES_COUNT(three));
			cr_assert_eq(engines_set(c, 0, 2, 1, 0), 0);
			cr_assert_eq(engines_set(c, 0, SLOTS - 1, 1, 0), 0);
			engines_attach(c, 0);
			cr_assert_eq(engines_run(c).r0, rows[i].r0, "%s: %s", engines_name(engine), rows[i].what);
			control_close(c);
		}
	}
}

/* count functions that call one another; the last one ends with words. Each of the others adds 1 to R0. */
static size_t nest(uint64_t *to, unsigned count, const uint64_t *words, size_t num_words)
{
	size_t n = 0;

	for (unsigned i = 1; i < count; i++) {
		to[n++] = W_CALL_LOCAL(2);
		to[n++] = W_ADD(0, 1);
		to[n++] = W_EXIT;
	}
	memcpy(to + n, words, num_words * 8);
	return n + num_words;
}

/* The callers that stay, and all that the target can need, are 8 frames at most. */
Test(tail, frames)
{
	static const uint64_t calls[] = {TAIL_CALL(0), W_MOV(0, 1000), W_EXIT}, target[] = {W_MOV(0, 100), W_EXIT};
	uint64_t words[64];

	for (int engine = 0; engine < ENGINES; engine++) {
		for (unsigned depth = 1; depth <= EXEC_CALL_DEPTH; depth++) {
			for (unsigned frames = 1; frames <= EXEC_CALL_DEPTH; frames++) {
				struct control *c = open_maps(engine);
				bool fits = depth - 1 + frames <= EXEC_CALL_DEPTH;

				engines_load(c, 0, words, nest(words, depth, calls, ENGINES_COUNT(calls)));
				engines_load(c, 1, words, nest(words, frames, target, ENGINES_COUNT(target)));
				cr_assert_eq(engines_set(c, 0, 0, 1, 0), 0);
				engines_attach(c, 0);
				cr_assert_eq(engines_run(c).r0, (fits ? 100 + frames - 1 : 1000) + depth - 1,
					     "%s: in function %u, for %u frames", engines_name(engine), depth, frames);
				control_close(c);
			}
		}
	}
}

/* Several in a row, each from a function: the callers of all of them stay. */
Test(tail, frames_add_up)
{
	static const uint64_t next[] = {W_CALL_LOCAL(2), W_ADD(0, 1), W_EXIT, TAIL_CALL(0), W_MOV(0, 1000), W_EXIT};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = open_maps(engine);

		engines_load(c, 0, next, ENGINES_COUNT(next));
		cr_assert_eq(engines_set(c, 0, 0, 0, 0), 0);
		engines_attach(c, 0);
		/* main stays each time; with 6 of them and 2 more frames it is full, and the seventh call stays in it
		 */
		cr_assert_eq(engines_run(c).r0, 1000 + 7, "%s", engines_name(engine));
		control_close(c);
	}
}

/* What the callers of the function had is theirs again: registers, stack, and access to their maps. */
Test(tail, callers_go_on)
{
	static const uint64_t words[] = {
		COUNT_UP, /* R0 is the value */
		W_MOVR(7, 0),
		W(0x55, 7, 0, 2, 0),
		W_MOV(0, 50),
		W_EXIT, /* there is one */
		W_MOV(8, 5),
		W(0x7a, 10, 0, -16, 11), /* on the stack: 11 */
		W_CALL_LOCAL(6),
		W_LDX64(1, 10, -16),
		W(0x0f, 0, 1, 0, 0), /* R0 += 11 */
		W(0x0f, 0, 8, 0, 0),
		W_MOV(1, 40),
		W_STX64(7, 1, 0), /* R0 += 5; the counter is 40 */
		W_EXIT,
		W_MOV(8, 9),
		W(0x7a, 10, 0, -16, 12),
		TAIL_CALL(0),
		W_EXIT,
	};
	static const uint64_t target[] = {W_MOV(6, 77), W_MOV(7, 77), W_MOV(8, 77), W(0x7a, 10, 0, -16, 13),
					  W_MOV(0, 3),  W_EXIT};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = open_maps(engine);

		engines_load(c, 0, words, ENGINES_COUNT(words));
		engines_load(c, 1, target, ENGINES_COUNT(target));
		cr_assert_eq(engines_set(c, 0, 0, 1, 0), 0);
		engines_attach(c, 0);
		cr_assert_eq(engines_run(c).r0, 3 + 11 + 5, "%s", engines_name(engine));
		cr_assert_eq(control_map_get(c, 1, 0), 40);
		control_close(c);
	}
}

/* The target sees the packet as it is, and what it does to it counts. */
Test(tail, packet)
{
	static const uint64_t shorten[] = {W_MOVR(6, 1), W_MOV(2, 4), W_CALL(44), W_MOVR(1, 6), TAIL_CALL(0), W_EXIT};
	/* r0 = the first byte, which becomes 99 */
	static const uint64_t look[] = {W_LDX32(2, 1, 0), W_LDX32(3, 1, 4), W_MOVR(4, 2),
					W_ADD(4, 1),      W_MOV(0, 0),      W(0x2d, 4, 3, 2, 0),
					W_LDX8(0, 2, 0),  W_ST8(2, 0, 99),  W_EXIT};

	for (int engine = 0; engine < ENGINES; engine++) {
		struct control *c = open_maps(engine);
		struct fw_frame frame;

		engines_load(c, 0, shorten, ENGINES_COUNT(shorten));
		engines_load(c, 1, look, ENGINES_COUNT(look));
		engines_attach(c, 0);
		cr_assert_eq(engines_set(c, 0, 0, 1, 0), 0);
		frame = engines_run(c);
		cr_assert_eq(frame.r0, 4, "%s", engines_name(engine));
		cr_assert_eq(frame.data[0], 99);
		cr_assert_eq(frame.data_end - frame.data, 60);
		cr_assert(frame.changed);
		cr_assert_eq(le64_to_cpu(control_prog_info(c, 0).run_count), 1);
		cr_assert_eq(le64_to_cpu(control_prog_info(c, 1).run_count), 0, "it was not attached");
		control_close(c);
	}
}

struct steps {
	uint32_t at[16];
	size_t count;
};

static void on_step(void *ctx, uint32_t prog_id, uint32_t insn, const char *text, const uint64_t *regs)
{
	struct steps *steps = ctx;

	(void)text, (void)regs;
	if (steps->count < ENGINES_COUNT(steps->at))
		steps->at[steps->count] = 100 * prog_id + insn;
	steps->count++;
}

/* Instructions are counted in the program that they are of. */
Test(tail, trace)
{
	static const uint64_t calls[] = {W_CALL_LOCAL(1), W_EXIT, TAIL_CALL(0), W_EXIT},
			      target[] = {W_MOV(0, 3), W_EXIT};
	static const uint32_t want[] = {0, 2, 4, 5, 100, 101, 1};
	struct control *c = open_maps(FW_ENGINE_INTERP);
	struct steps steps = {0};

	engines_load(c, 0, calls, ENGINES_COUNT(calls));
	engines_load(c, 1, target, ENGINES_COUNT(target));
	cr_assert_eq(engines_set(c, 0, 0, 1, 0), 0);
	engines_attach(c, 0);
	fw_trace(c->fw, on_step, &steps);
	cr_assert_eq(engines_run(c).r0, 3);
	cr_assert_eq(steps.count, ENGINES_COUNT(want));
	for (size_t i = 0; i < ENGINES_COUNT(want); i++)
		cr_assert_eq(steps.at[i], want[i], "step %zu", i);
	control_close(c);
}
