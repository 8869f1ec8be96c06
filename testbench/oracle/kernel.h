/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel as a second opinion: the same object loaded with bpf(2), and run on a frame with
 * BPF_PROG_TEST_RUN. */
#ifndef TESTBENCH_ORACLE_KERNEL_H
#define TESTBENCH_ORACLE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_FRAME_MIN 14   /* bytes: shorter ones are EINVAL */
#define KERNEL_FRAME_MAX 3520 /* longer ones are silently cut */

struct kernel;

/* Loads the object's only program. NULL with errno set: EPERM where bpf() is not allowed. */
struct kernel *kernel_open(const char *object);
/* Takes NULL. */
void kernel_close(struct kernel *kernel);

/* 0 or -errno. key and value as the map called name has them. */
int kernel_map_update(struct kernel *kernel, const char *name, const void *key, const void *value);
/* The element, zeros if there is none: returns 0 or -ENOENT. */
int kernel_map_lookup(struct kernel *kernel, const char *name, const void *key, void *value);
/* Elements in the map. */
size_t kernel_map_count(struct kernel *kernel, const char *name);

/*
 * Runs the program repeat times on one and the same copy of frame: what a run leaves is what the next one gets. 0 or
 * -errno; *retval: of the last run; *ns: of one run on average, cut to a whole number, as the kernel has measured it.
 */
int kernel_time(struct kernel *kernel, const uint8_t *frame, uint32_t bytes, uint32_t repeat, uint32_t *retval,
		uint32_t *ns);

/* Loads the program once more, from its instructions, and drops it again. 0 or -errno. */
int kernel_load_again(struct kernel *kernel);

/* Whether the kernel compiles programs, as far as it says. */
bool kernel_has_jit(void);

/* frame: *bytes in, and out, room of it. 0 or -errno. */
int kernel_run(struct kernel *kernel, uint8_t *frame, uint32_t *bytes, uint32_t room, uint32_t *retval);

#endif
