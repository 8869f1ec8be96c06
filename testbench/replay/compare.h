/* SPDX-License-Identifier: BSD-2-Clause */
/* Where two output folders of replays part. */
#ifndef TESTBENCH_REPLAY_COMPARE_H
#define TESTBENCH_REPLAY_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "load/status.h"

#define COMPARE_ERROR_BYTES 1024

/*
 * Prints to file where a and b part: the first differing frame of each capture, verdicts, map elements, counters.
 * any_queue: on which queues the program ran is no difference.
 * STATUS_DONE: they are the same; STATUS_REFUSED: they differ; anything else: error has one sentence.
 */
enum status compare_folders(FILE *file, const char *a, const char *b, bool any_queue,
			    char error[static COMPARE_ERROR_BYTES]);

#endif
