/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the loader share. */
#ifndef UNIT_TESTBENCH_OBJECTS_H
#define UNIT_TESTBENCH_OBJECTS_H

#include <stddef.h>

#include "load/load.h"

/* All maps in one line, as a row of a test can hold it: "name type key value entries flags", and what else there is. */
void objects_print_maps(const struct load_object *object, char *to, size_t bytes);

#endif
