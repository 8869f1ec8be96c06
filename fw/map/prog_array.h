/* SPDX-License-Identifier: BSD-2-Clause */
/* What the life of a program has to do with the maps that name it. */
#ifndef FW_MAP_PROG_ARRAY_H
#define FW_MAP_PROG_ARRAY_H

#include "map/map.h"

struct prog;

/* Empties the slots of a PROG_ARRAY that name prog, which is about to be destroyed. */
void prog_array_forget(struct map *map, struct prog *prog);

#endif
