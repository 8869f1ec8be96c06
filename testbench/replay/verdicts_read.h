/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what verdicts.h writes. libpcap does not show a frame's options. */
#ifndef TESTBENCH_REPLAY_VERDICTS_READ_H
#define TESTBENCH_REPLAY_VERDICTS_READ_H

#include <stddef.h>

#include "replay/verdicts.h"

#define VERDICTS_READ_ERROR_BYTES 256

struct verdicts_read {
	struct verdicts_frame *frames; /* data and comment point into memory that verdicts_read_free() frees */
	size_t count;
	uint8_t *bytes;
	char *comments; /* all of them, each with a zero byte */
};

/* Takes bytes over, count of them, also on error. 0, or -EINVAL or -ENOMEM with one sentence in error. */
int verdicts_read_bytes(uint8_t *bytes, size_t count, struct verdicts_read *read,
			char error[static VERDICTS_READ_ERROR_BYTES]);
void verdicts_read_free(struct verdicts_read *read);

#endif
