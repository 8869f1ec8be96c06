/* SPDX-License-Identifier: BSD-2-Clause */
/* A stream read whole into memory, through gzip or xz if it is compressed. */
#ifndef DEVICE_MODEL_UNPACK_H
#define DEVICE_MODEL_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UNPACK_BYTES_MAX ((size_t)16 << 30) /* what a small file may grow to before it is called a mistake */

struct unpack {
	uint8_t *data;
	size_t bytes, room;
	const char *damage; /* why the compressed data ended early, or NULL: static. What came before is in data */
	const char *error;  /* static */
};

/* Whether a seekable file is compressed; leaves its position at the start. */
bool unpack_needed(FILE *file);
/* Reads file to its end. 0, or -errno with a sentence in unpack->error. *unpack is zeroed by the caller. */
int unpack_read(struct unpack *unpack, FILE *file);
/* Takes a zeroed one. */
void unpack_free(struct unpack *unpack);

#endif
