/* SPDX-License-Identifier: BSD-2-Clause */
/* A firmware by itself, asked by commands: to be compared with the running kernel, and with others of its kind. */
#ifndef TESTBENCH_ORACLE_DEVICE_H
#define TESTBENCH_ORACLE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw.h"
#include "load/load.h"

#define DEVICE_FRAME_MAX 1024 /* bytes that a run may leave */

struct device {
	struct fw *fw;
	struct fw_platform platform; /* the usual one, with a log that keeps faults */
	void *arena;
	size_t arena_bytes;
	char fault[256]; /* the last fault of a run */
	uint8_t *buffer; /* for commands and what they return */
};

/* What the verifier said. */
struct device_verdict {
	uint32_t error; /* 0: accepted */
	uint32_t insn;  /* that is refused */
	uint32_t visited;
	bool zero_stack; /* reads stack that it has not written, which is 0 here */
};

struct device_result {
	uint64_t r0;
	uint32_t bytes;
	uint8_t frame[DEVICE_FRAME_MAX];
};

/* poison: what registers and stack hold that nothing was written to; only the interpreter looks at it. */
void device_open(struct device *device, enum fw_engine engine, uint64_t poison);
void device_close(struct device *device);

/* Forgets programs and maps. */
void device_reset(struct device *device);
/* Map id becomes one like map, with its data in it. false: refused. */
bool device_map(struct device *device, uint32_t id, const struct load_map *map);
void device_freeze(struct device *device, uint32_t id);
/* 0, or a status of the device. */
int device_update(struct device *device, uint32_t id, const void *key, uint32_t key_bytes, const void *value,
		  uint32_t value_bytes);
/* Whether there is an element; value_bytes of it to value. */
bool device_lookup(struct device *device, uint32_t id, const void *key, uint32_t key_bytes, void *value,
		   uint32_t value_bytes);
/* Whether there is an element behind key's, or any if it is NULL; its key to next. */
bool device_next(struct device *device, uint32_t id, const void *key, void *next, uint32_t key_bytes);
void device_delete(struct device *device, uint32_t id, const void *key, uint32_t key_bytes);
uint32_t device_entries(struct device *device, uint32_t id);

/* Loads it as program 0, where there must be none; device_unload() has to follow, accepted or not. */
void device_load(struct device *device, const uint8_t *wire, uint32_t slots, uint32_t log_level,
		 struct device_verdict *verdict);
void device_unload(struct device *device);
/* The verifier's log of program 0, cut to room. */
void device_log(struct device *device, char *log, size_t room);
/* Runs program 0 on a frame that came in on interface 1, receive queue 0. Sets device->fault to "" or to what it was.
 */
void device_run(struct device *device, const uint8_t *frame, uint32_t bytes, struct device_result *result);

#endif
