/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTBENCH_LOAD_MAPTYPE_H
#define TESTBENCH_LOAD_MAPTYPE_H

#include <stdint.h>

/* "hash"; "unknown" if there is no such type; never NULL. */
const char *maptype_name(uint32_t type);

/* Number or name -> *type. 0 or -EINVAL. A number need not have a name. */
int maptype_parse(const char *text, uint32_t *type);

#define MAPTYPE_FLAGS_BYTES 128

/* "BPF_F_RDONLY | BPF_F_WRONLY"; bits without a name as one number; cut where it gets long. */
void maptype_flags(char text[static MAPTYPE_FLAGS_BYTES], uint32_t flags);

#endif
