/* SPDX-License-Identifier: BSD-2-Clause */
/* What can run an example program: refnic's engines and their peers, behind one shape. */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "fw.h"
#include "load/load.h"

/* The example program that an engine is opened for. Outlives the engine. */
struct engine_args {
	const char *name;
	const char *progs; /* folder of the objects */
	const char *peers; /* folder of what only peers take: NAME.so for this machine, NAME.bpf.o for -mcpu=v2 */
	const struct load_object *object; /* of progs */
	const struct load_prog *prog;
};

struct engine;

struct engine_ops {
	const char *key;   /* in JSON */
	const char *title; /* in tables and sentences */
	/* NULL with a sentence in error: the engine is not there, or cannot run the program. */
	struct engine *(*open)(const struct engine_args *args, char error[static LOAD_ERROR_BYTES]);
	void (*close)(struct engine *engine);
	/* key and value as the map called name has them. 0 or -errno. */
	int (*update)(struct engine *engine, const char *map, const void *key, const void *value);
	/* 0 or -ENOENT. */
	int (*lookup)(struct engine *engine, const char *map, const void *key, void *value);
	/* Runs the program on each frame: r0 (the low 32 bits count), data and data_end. 0 or -errno. */
	int (*run)(struct engine *engine, struct fw_frame *frames, size_t count);
	/* Loads the program once more and drops it again. 0 or -errno. NULL: it was compiled ahead of time. */
	int (*load)(struct engine *engine);
	/*
	 * Runs it repeat times on one copy of a frame, in a loop of the engine's own. 0 or -errno; *ns: of one run, in
	 * whole numbers, by the engine's clock. NULL: run() is what is measured.
	 */
	int (*repeat)(struct engine *engine, const struct fw_frame *frame, uint32_t repeat, uint32_t *ns);
};

/* An open engine: the first member of each one's own. */
struct engine {
	const struct engine_ops *ops;
};

/* Takes NULL. */
static inline void engine_close(struct engine *engine)
{
	if (engine)
		engine->ops->close(engine);
}

extern const struct engine_ops engine_jit, engine_interp, engine_native, engine_dpdk_jit, engine_dpdk_interp,
	engine_kernel;

/* The key after *key in a map of engine_jit or engine_interp, NULL: the first. 0, or -ENOENT at the end. */
int engine_fw_next(struct engine *engine, const char *map, const void *key, void *next);
/* The program that engine_native has opened, to be called at once. */
typedef int engine_native_fn(struct fw_frame *frame);
engine_native_fn *engine_native_program(const struct engine *engine);
/* The firmware behind engine_jit or engine_interp, its program being id 0. */
struct fw *engine_fw(struct engine *engine);

#endif
