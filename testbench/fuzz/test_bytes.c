// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bytes that nobody meant as a program, and the example programs damaged: judged in bounded time and memory, and what
 * is accepted all the same runs within its claims, compiled too. REFNIC_FUZZ=N tries N programs, REFNIC_SEED=S starts
 * at seed S.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "fuzz/lab.h"
#include "fuzz/witness.h"
#include "load/load.h"

/* About 10 seconds on one core. */
#ifdef __SANITIZE_ADDRESS__
#define PROGRAMS 8000
#else
#define PROGRAMS 40000
#endif
#define EXAMPLES_MAX 64
#define SLOT_BYTES   8
#define PEAK_MAX     (80u << 20)

struct example {
	const struct load_object *object;
	const struct load_prog *prog;
};

struct bytes {
	uint64_t rng;
	uint8_t *wire; /* GENERATE_MAX_SLOTS of room */
	uint32_t slots;
	struct example examples[EXAMPLES_MAX];
	struct load_object *objects[EXAMPLES_MAX];
	uint32_t num_examples, num_objects;
};

static uint32_t pick(struct bytes *b, uint32_t n)
{
	return (uint32_t)(generate_random(&b->rng) % n);
}

static void load_examples(struct bytes *b)
{
	char self[4096], pattern[4200], error[LOAD_ERROR_BYTES];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	glob_t progs;

	cr_assert_gt(bytes, 0);
	self[bytes] = 0;
	snprintf(pattern, sizeof(pattern), "%s/progs/*.bpf.o", dirname(self));
	cr_assert_eq(glob(pattern, 0, NULL, &progs), 0, "%s: make all builds them", pattern);
	for (size_t i = 0; i < progs.gl_pathc && b->num_objects < EXAMPLES_MAX; i++) {
		struct load_object *object = load_open(progs.gl_pathv[i], NULL, error);

		cr_assert_not_null(object, "%s", error);
		b->objects[b->num_objects++] = object;
		for (size_t p = 0; p < object->num_progs && b->num_examples < EXAMPLES_MAX; p++)
			b->examples[b->num_examples++] = (struct example){object, &object->progs[p]};
	}
	globfree(&progs);
}

static void random_bytes(struct bytes *b)
{
	b->slots = 1 + pick(b, 40);
	for (uint32_t i = 0; i < b->slots * SLOT_BYTES; i++)
		b->wire[i] = (uint8_t)generate_random(&b->rng);
}

static void put(struct bytes *b, uint32_t i, uint32_t opcode, uint32_t regs, int off, int32_t imm)
{
	const int16_t off16 = (int16_t)off;
	uint8_t *at = b->wire + (size_t)i * SLOT_BYTES;

	at[0] = (uint8_t)opcode;
	at[1] = (uint8_t)regs;
	memcpy(at + 2, &off16, sizeof(off16));
	memcpy(at + 4, &imm, sizeof(imm));
}

/* An instruction that decodes, most likely. */
static void put_likely(struct bytes *b, uint32_t i)
{
	uint32_t dst = pick(b, 10), src = pick(b, 10), op = pick(b, 13) << 4;
	int32_t imm = (int32_t)(pick(b, 3) ? pick(b, 32) : (uint32_t)generate_random(&b->rng));
	int slot = -8 * (int)(1 + pick(b, 4));

	switch (pick(b, 8)) {
	case 0:
	case 1: /* arithmetic with a constant */
		put(b, i, 0x04 + 3 * pick(b, 2) + op, dst, 0, op == 0x80 ? 0 : imm);
		break;
	case 2:
	case 3: /* with a register */
		put(b, i, 0x0c + 3 * pick(b, 2) + op, dst | src << 4, 0, 0);
		break;
	case 4: /* a branch */
		put(b, i, 0x05 + pick(b, 2) + ((op >> 4) % 8 + 1) * 16, dst, (int)pick(b, 4), imm);
		break;
	case 5:
		put(b, i, 0x7b, 10 | src << 4, slot, 0);
		break;
	case 6:
		put(b, i, 0x79, dst | 10 << 4, slot, 0);
		break;
	default: /* get_prandom_u32 */
		put(b, i, 0x85, 0, 0, 7);
	}
}

/* Any, but that one field in two is small. */
static void put_any(struct bytes *b, uint32_t i)
{
	put(b, i, (uint32_t)generate_random(&b->rng), pick(b, 11) | pick(b, 11) << 4,
	    pick(b, 2) ? (int)pick(b, 12) : (int)generate_random(&b->rng),
	    pick(b, 2) ? (int32_t)pick(b, 200) : (int32_t)generate_random(&b->rng));
}

static void likely_slots(struct bytes *b)
{
	uint32_t n = 0;

	b->slots = 17 + pick(b, 20);
	for (uint32_t r = 0; r < 10; r++) /* something in each register and a few slots */
		put(b, n++, 0xb7, r, 0, (int32_t)pick(b, 300));
	for (int slot = 1; slot <= 4; slot++)
		put(b, n++, 0x7a, 10, -8 * slot, (int32_t)pick(b, 300));
	while (n < b->slots - 2)
		put_likely(b, n++);
	put(b, n++, 0xb7, 0, 0, 2);
	put(b, n, 0x95, 0, 0, 0);
}

/* The lab's map that an example's is most like. */
static uint8_t map_like(const struct load_object *object, uint32_t map)
{
	static const uint8_t like[] = {
		[VIRTIO_NET_XDP_MAP_ARRAY] = GENERATE_ARRAY_MAP,
		[VIRTIO_NET_XDP_MAP_PERCPU_ARRAY] = GENERATE_ARRAY_MAP,
		[VIRTIO_NET_XDP_MAP_PROG_ARRAY] = GENERATE_PROGS_MAP,
		[VIRTIO_NET_XDP_MAP_ARRAY_OF] = GENERATE_OUTER_MAP,
		[VIRTIO_NET_XDP_MAP_HASH_OF] = GENERATE_OUTER_MAP,
		[VIRTIO_NET_XDP_MAP_RINGBUF] = GENERATE_RING_MAP,
	};
	uint32_t type = map < object->num_maps ? object->maps[map].type : VIRTIO_NET_XDP_MAP_ARRAY;

	if (type == VIRTIO_NET_XDP_MAP_ARRAY || (type < sizeof(like) && like[type]))
		return like[type];
	return type == VIRTIO_NET_XDP_MAP_PERCPU_ARRAY ? GENERATE_ARRAY_MAP : GENERATE_HASH_MAP;
}

/* Slots [from, to) of an example behind what is there, maps as a lab has them. */
static void append(struct bytes *b, const struct example *example, uint32_t from, uint32_t to)
{
	const struct load_prog *prog = example->prog;

	for (uint32_t i = from; i < to && b->slots < GENERATE_MAX_SLOTS; i++) {
		uint8_t *at = b->wire + (size_t)b->slots++ * SLOT_BYTES;

		memcpy(at, prog->insns + (size_t)i * SLOT_BYTES, SLOT_BYTES);
		if (at[0] == 0x18 && at[1] >> 4)
			at[4] = map_like(example->object, at[4]);
	}
}

static void damage(struct bytes *b)
{
	uint32_t i = pick(b, b->slots), j = pick(b, b->slots);
	uint8_t *at = b->wire + (size_t)i * SLOT_BYTES, *other = b->wire + (size_t)j * SLOT_BYTES;

	switch (pick(b, 6)) {
	case 0: /* a bit */
		at[pick(b, SLOT_BYTES)] ^= (uint8_t)(1 << pick(b, 8));
		break;
	case 1: /* a byte */
		at[pick(b, SLOT_BYTES)] = (uint8_t)generate_random(&b->rng);
		break;
	case 2: /* an instruction again, elsewhere */
		memcpy(at, other, SLOT_BYTES);
		break;
	case 3: /* one less: what lies behind moves up */
		memmove(at, at + SLOT_BYTES, (size_t)(b->slots - i - 1) * SLOT_BYTES);
		break;
	case 4: /* another one */
		put_any(b, i);
		break;
	default: /* registers */
		at[1] = (uint8_t)(pick(b, 11) | pick(b, 11) << 4);
	}
}

static void damaged_example(struct bytes *b)
{
	const struct example *example = &b->examples[pick(b, b->num_examples)];

	b->slots = 0;
	append(b, example, 0, example->prog->count);
	for (uint32_t n = 1 + pick(b, 4); n-- > 0;)
		damage(b);
}

static void joined_examples(struct bytes *b)
{
	const struct example *first = &b->examples[pick(b, b->num_examples)];
	const struct example *second = &b->examples[pick(b, b->num_examples)];

	b->slots = 0;
	append(b, first, 0, 1 + pick(b, first->prog->count));
	append(b, second, pick(b, second->prog->count), second->prog->count);
}

static void (*const kinds[])(struct bytes *b) = {random_bytes, likely_slots, damaged_example, joined_examples};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void run(struct lab *lab, const struct witness *w, uint64_t seed)
{
	uint8_t frame[LAB_FRAME_MAX] = {0}, out[LAB_RESULT_BYTES];

	for (size_t bytes = 14; bytes <= sizeof(frame); bytes += 60) {
		lab->fault[0] = 0;
		lab_run(lab, frame, bytes, out);
		cr_assert(!w || !witness_says(w), "UNSOUND: seed %lu: %s", seed, witness_says(w));
		cr_assert_eq(lab->fault[0], 0, "UNSOUND: seed %lu: %s", seed, lab->fault);
		memset(frame, (int)bytes, sizeof(frame));
	}
}

Test(bytes, as_programs)
{
	uint64_t first = lab_setting("REFNIC_SEED", 1), programs = lab_setting("REFNIC_FUZZ", PROGRAMS);
	uint8_t wire[(size_t)GENERATE_MAX_SLOTS * SLOT_BYTES];
	struct bytes b = {.wire = wire};
	uint32_t accepted[KINDS] = {0};
	struct lab slow, fast;
	struct witness *w;

	load_examples(&b);
	lab_open(&slow, FW_ENGINE_INTERP, 0x5a5a5a5a5a5a5a5a);
	lab_open(&fast, FW_ENGINE_JIT, 0);
	w = witness_new(slow.fw);
	for (uint64_t seed = first; seed < first + programs; seed++) {
		uint32_t error;

		b.rng = generate_seed(seed);
		kinds[seed % KINDS](&b);
		error = lab_load(&slow, wire, b.slots);
		cr_assert_eq(lab_load(&fast, wire, b.slots), error, "seed %lu", seed);
		cr_assert_lt(fast.fw->progs[0]->result.peak_bytes, PEAK_MAX, "seed %lu", seed);
		if (!error) {
			run(&slow, w, seed);
			run(&fast, NULL, seed);
			accepted[seed % KINDS]++;
		}
		lab_unload(&slow);
		lab_unload(&fast);
	}
	if (getenv("REFNIC_FUZZ"))
		fprintf(stderr, "bytes: accepted of %lu programs: %u random, %u likely, %u damaged, %u joined\n",
			programs, accepted[0], accepted[1], accepted[2], accepted[3]);
	for (size_t kind = 1; kind < KINDS && programs >= 4000; kind++)
		cr_assert_gt(accepted[kind], 0, "kind %zu", kind);
	witness_free(w);
	lab_close(&fast);
	lab_close(&slow);
	for (uint32_t i = 0; i < b.num_objects; i++)
		load_free(b.objects[i]);
}
