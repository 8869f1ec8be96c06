/* SPDX-License-Identifier: BSD-2-Clause */
/* A firmware with the maps that generated programs name, to load them into and to run them. */
#ifndef TESTBENCH_FUZZ_LAB_H
#define TESTBENCH_FUZZ_LAB_H

#include "fuzz/generate.h"
#include "fw.h"
#include "virtio_net_xdp.h"

#define LAB_FRAME_MAX    256
#define LAB_FRAME_ROOM   1024
#define LAB_RESULT_BYTES (sizeof(struct virtio_net_xdp_test_run_result) + LAB_FRAME_ROOM)
#define LAB_KEYS         64

struct lab {
	struct fw *fw;
	struct fw_platform platform; /* rig_platform, with a log that keeps lines */
	void *arena;
	size_t arena_bytes;
	char fault[256]; /* the last fault of a run */
	char line[256];  /* the last line that a run printed */
};

/* poison: see struct run. */
void lab_open(struct lab *lab, enum fw_engine engine, uint64_t poison);
void lab_close(struct lab *lab);

/* A program, and what the device is told of its functions. */
struct lab_program {
	uint8_t wire[GENERATE_MAX_SLOTS * 8];
	uint32_t slots;
	struct virtio_net_xdp_func funcs[GENERATE_FUNCS_MAX];
	uint32_t num_funcs;
	bool changed; /* at random, after it was made */
};

/* Loads the program as id 0. Returns 0 if it is READY, else the verifier's error. */
uint32_t lab_load(struct lab *lab, const uint8_t *wire, uint32_t slots);
uint32_t lab_load_program(struct lab *lab, const struct lab_program *program);
void lab_unload(struct lab *lab);

/* One test run on a frame of at most LAB_FRAME_MAX bytes, result into out. */
void lab_run(struct lab *lab, const uint8_t *frame, size_t bytes, uint8_t out[LAB_RESULT_BYTES]);
/* All values of a map, missing ones as zero. */
void lab_values(struct lab *lab, uint32_t id, uint8_t out[LAB_KEYS][GENERATE_VALUE_BYTES]);

#define LAB_KINDS 4 /* of programs */

/* The program of seed, of kind seed % LAB_KINDS; one in four is changed at random. */
void lab_program(uint64_t seed, struct lab_program *program);
/* The number in an environment variable. */
uint64_t lab_setting(const char *name, uint64_t otherwise);

#endif
