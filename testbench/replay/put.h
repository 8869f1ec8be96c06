/* SPDX-License-Identifier: BSD-2-Clause */
/* Little-endian fields into a file; the first error is kept until put_close(). */
#ifndef TESTBENCH_REPLAY_PUT_H
#define TESTBENCH_REPLAY_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct put {
	FILE *file;
	int err; /* -errno */
};

/* Creates path. 0, or -errno with errno set. */
int put_open(struct put *put, const char *path);
void put_bytes(struct put *put, const void *data, size_t bytes);
void put_u16(struct put *put, uint16_t value);
void put_u32(struct put *put, uint32_t value);
void put_u64(struct put *put, uint64_t value);
void put_zeros(struct put *put, size_t bytes);
/* 0, or -errno of the first error. */
int put_close(struct put *put);

#endif
