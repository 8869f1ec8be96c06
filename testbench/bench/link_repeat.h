/* SPDX-License-Identifier: BSD-2-Clause */
/* A link on which the frames of a sample arrive again and again, from memory, and what is sent is only counted. */
#ifndef BENCH_LINK_REPEAT_H
#define BENCH_LINK_REPEAT_H

#include "bench/sample.h"
#include "device-model/link.h"

/* No frame comes before link_repeat_add(). The sample has to outlive the link. NULL: no memory. */
struct link *link_repeat_open(const struct sample *sample);

/* So many more frames come. */
void link_repeat_add(struct link *link, size_t frames);
/* Frames that nobody has taken yet. */
size_t link_repeat_left(const struct link *link);
/* Frames sent since the link was opened. */
uint64_t link_repeat_sent(const struct link *link);

#endif
