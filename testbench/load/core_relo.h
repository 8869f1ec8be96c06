/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CO-RE relocations: fields, sizes and enumerators that the compiler left to the loader. The device's own types are
 * struct xdp_md; what describes a kernel's own memory (kernel_type.def) exists in no device; every other type, of
 * packets and of the program itself, is as the object says.
 */
#ifndef TESTBENCH_LOAD_CORE_RELO_H
#define TESTBENCH_LOAD_CORE_RELO_H

#include "load/linker.h"

/* Applies those of function, whose instructions begin at instruction at of prog. 0, or -errno with linker->error. */
int core_relo_apply(struct linker *linker, const struct linker_function *function, struct load_prog *prog, uint32_t at);

#endif
