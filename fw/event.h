/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers that write records for the driver: arguments, flags and results in helper.def. */
#ifndef FW_EVENT_H
#define FW_EVENT_H

#include "helper.h"

helper_fn event_perf_output;
helper_fn event_ring_output;
helper_fn event_ring_reserve;
helper_fn event_ring_submit;
helper_fn event_ring_discard;
helper_fn event_ring_query;

#endif
