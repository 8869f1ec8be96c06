/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounds of .BTF and .BTF.ext, and what in them only a kernel can satisfy. */
#ifndef TESTBENCH_LOAD_BTF_CHECK_H
#define TESTBENCH_LOAD_BTF_CHECK_H

#include "load/elf_check.h"

/*
 * Checks the headers and records of both sections (where they exist), and that no section which ends up in an XDP
 * program (elf->xdp_sections and .text) has CO-RE relocations. 0, or -EINVAL with a sentence without the file's name in
 * error.
 */
int btf_check(const struct elf_check *elf, char *error, size_t error_bytes);

#endif
