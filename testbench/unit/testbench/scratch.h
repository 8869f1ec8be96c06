/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this folder share: a folder of their own, files in it, objects compiled on the spot. */
#ifndef UNIT_TESTBENCH_SCRATCH_H
#define UNIT_TESTBENCH_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRATCH_PATH 512

/* A new folder; scratch_remove() takes it and all that is in it away. */
struct scratch {
	char dir[SCRATCH_PATH];
};

void scratch_create(struct scratch *scratch);
void scratch_remove(struct scratch *scratch);
/* The path of a file in it; valid for the next 63 calls. */
const char *scratch_path(const struct scratch *scratch, const char *name);
const char *scratch_write(const struct scratch *scratch, const char *name, const void *data, size_t bytes);
bool scratch_exists(const struct scratch *scratch, const char *name);
/* Files and folders in it. */
size_t scratch_count(const struct scratch *scratch);

/* Compiles C text for BPF. Returns the object's path. */
const char *scratch_compile(const struct scratch *scratch, const char *name, const char *text, const char *options);

/* The path of an example program's object, built beside this test. */
const char *scratch_example(const char *name);

#endif
