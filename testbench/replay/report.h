/* SPDX-License-Identifier: BSD-2-Clause */
/* What a replay found, as report.json (the same on every machine), as one JSON document, and for a person. */
#ifndef TESTBENCH_REPLAY_REPORT_H
#define TESTBENCH_REPLAY_REPORT_H

#include "replay/replay.h"

/* report.json. Errors show in ferror(). */
void report_write(FILE *file, const struct replay_config *config, const struct replay_result *result);
/* report.json and what depends on this run: engine, times, maps, output. */
void report_json(FILE *file, const struct replay_config *config, const struct replay_result *result);
void report_summary(FILE *file, const struct replay_config *config, const struct replay_result *result);

#endif
