/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTBENCH_REPLAY_JSON_TEXT_H
#define TESTBENCH_REPLAY_JSON_TEXT_H

#include <jansson.h>

/* A JSON string of text that may be anything: what is no UTF-8 has each byte above 0x7f replaced by '?'. NULL gives
 * null. */
json_t *json_text(const char *text);

#endif
