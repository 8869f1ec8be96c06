/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files. */
#ifndef TESTBENCH_LOAD_FILE_H
#define TESTBENCH_LOAD_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Reads all of stream, at most limit bytes, to *bytes, which the caller frees; a zero byte that is not counted follows.
 * 0; -EFBIG; -ENOMEM; -errno of the read.
 */
int file_read_stream(FILE *stream, size_t limit, uint8_t **bytes, size_t *count);

/* The same for path; -errno of the open too. A directory is -EISDIR. */
int file_read(const char *path, size_t limit, uint8_t **bytes, size_t *count);

#endif
