/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel's JIT and verifier as a peer, where bpf() is allowed. */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel;

/* Loads the object's only program. NULL with errno set: EPERM where bpf() is not allowed. */
struct kernel *kernel_open(const char *object);
/* Takes NULL. */
void kernel_close(struct kernel *kernel);

/* 0 or -errno. key and value as the map called name has them. */
int kernel_update(struct kernel *kernel, const char *name, const void *key, const void *value);

/*
 * Runs the program repeat times on one and the same copy of frame: what a run leaves is what the next one gets. 0 or
 * -errno; *retval: of the last run; *ns: of one run on average, cut to a whole number, as the kernel has measured it.
 */
int kernel_run(struct kernel *kernel, const uint8_t *frame, uint32_t bytes, uint32_t repeat, uint32_t *retval,
	       uint32_t *ns);

/* Loads the program once more, from its instructions, and drops it again. 0 or -errno. */
int kernel_load_again(struct kernel *kernel);

/* Whether the kernel compiles programs, as far as it says. */
bool kernel_has_jit(void);

#endif
