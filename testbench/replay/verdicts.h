/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes verdicts.pcapng: every frame as it was read, with what the program returned and on which queue, or with a
 * comment that says why the program did not see it.
 */
#ifndef TESTBENCH_REPLAY_VERDICTS_H
#define TESTBENCH_REPLAY_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#define VERDICTS_COMMENT_MAX 65535 /* bytes; what an option can hold */

struct verdicts;

struct verdicts_frame {
	uint64_t time_ns;
	const uint8_t *data;
	uint32_t bytes;      /* of data */
	uint32_t wire_bytes; /* that were on the wire */
	const char *comment; /* NULL: the program ran, and r0 and queue say how */
	uint64_t r0;
	uint32_t queue;
};

/* NULL with errno set. */
struct verdicts *verdicts_open(const char *path);
/* A comment that is too long is cut. Errors show when it is closed. */
void verdicts_frame(struct verdicts *verdicts, const struct verdicts_frame *frame);
/* 0, or -errno of the first write that failed so far. Takes NULL. */
int verdicts_error(const struct verdicts *verdicts);
/* The same, of all writes. Takes NULL. */
int verdicts_close(struct verdicts *verdicts);

#endif
