/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder that a replay writes: made under a temporary name beside the wanted one and renamed when everything is in
 * it. An existing folder is replaced only if it is empty or holds an earlier replay and nothing else.
 */
#ifndef TESTBENCH_REPLAY_OUTDIR_H
#define TESTBENCH_REPLAY_OUTDIR_H

#include <stddef.h>

#define OUTDIR_ERROR_BYTES 512

struct outdir;

/* NULL with one sentence in error. */
struct outdir *outdir_open(const char *path, char error[static OUTDIR_ERROR_BYTES]);
/* The path of a file in it, which the caller frees; NULL: no memory. */
char *outdir_path(const struct outdir *dir, const char *file);
/* Gives it its name and frees dir. 0, or -errno with a sentence in error; then nothing is left of it. */
int outdir_commit(struct outdir *dir, char error[static OUTDIR_ERROR_BYTES]);
/* Removes what was written, and frees dir. Takes NULL. */
void outdir_abandon(struct outdir *dir);

#endif
