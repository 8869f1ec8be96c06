/* SPDX-License-Identifier: BSD-2-Clause */
/* Random XDP programs that a verifier finds hard: near the edge of safe, about half of them over it. */
#ifndef TESTBENCH_FUZZ_GENERATE_H
#define TESTBENCH_FUZZ_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_net_xdp_func;

#define GENERATE_MAX_SLOTS 1024

/* The maps that programs name: ids as created by the caller. */
#define GENERATE_ARRAY_MAP     0 /* key 4 */
#define GENERATE_HASH_MAP      1 /* key 4 */
#define GENERATE_PROGS_MAP     2 /* PROG_ARRAY */
#define GENERATE_OUTER_MAP     3 /* ARRAY_OF what HASH_MAP is like */
#define GENERATE_RING_MAP      4 /* RINGBUF */
#define GENERATE_VALUE_BYTES   48
#define GENERATE_ARRAY_ENTRIES 8
#define GENERATE_FUNCS_MAX     8 /* global functions of a program */

enum generate_flag {
	/* Without the helpers whose result depends on the machine; and the stack is written first. */
	GENERATE_REPEATABLE = 1 << 0,
	/* With maps other than the first two: tail calls, maps in maps, records. */
	GENERATE_OBJECTS = 1 << 1,
};

/*
 * Writes a program of 8-byte slots to wire (GENERATE_MAX_SLOTS of room). The same seed and flags give the same program.
 * Returns slots.
 */
uint32_t generate_program(uint64_t seed, unsigned int flags, uint8_t *wire);

/* The same for programs that try to have one state taken for another: see generate_flow.c. Not repeatable. */
uint32_t generate_flow(uint64_t seed, uint8_t *wire);

/*
 * Programs of global functions: see generate_global.c. Not repeatable. Their table goes to funcs, GENERATE_FUNCS_MAX of
 * room.
 */
uint32_t generate_global(uint64_t seed, uint8_t *wire, struct virtio_net_xdp_func *funcs, uint32_t *num_funcs);

/* A table for the functions that a program of generate_flow() calls: some of them, with kinds that mostly fit. */
void generate_flow_funcs(uint64_t seed, const uint8_t *wire, uint32_t slots, struct virtio_net_xdp_func *funcs,
			 uint32_t *num_funcs);

/* Changes one or two fields of a program. */
void generate_mutate(uint64_t seed, uint8_t *wire, uint32_t slots);

/* A well-mixed number; *state moves on. */
uint64_t generate_random(uint64_t *state);
/* A state to begin with. Not a multiple of the seed: generate_random() would give all seeds the same numbers, shifted.
 */
uint64_t generate_seed(uint64_t seed);

/* For the generators: a program being written, and the choices that it is made of. */
struct generate_code {
	uint64_t rng;
	uint8_t *wire;  /* GENERATE_MAX_SLOTS of room */
	uint32_t count; /* slots */
};

/* A number below n. */
uint32_t generate_pick(struct generate_code *code, uint32_t n);
bool generate_one_in(struct generate_code *code, uint32_t n);
/* Appends an instruction, if there is room. */
void generate_emit(struct generate_code *code, uint8_t opcode, int dst, int src, int off, int32_t imm);

#endif
