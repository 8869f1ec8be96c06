/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTBENCH_LOAD_MAPTYPE_H
#define TESTBENCH_LOAD_MAPTYPE_H

#include <stdint.h>

/* "hash"; "unknown" if there is no such type; never NULL. */
const char *maptype_name(uint32_t type);

/* Number or name -> *type. 0 or -EINVAL. A number need not have a name. */
int maptype_parse(const char *text, uint32_t *type);

#endif
