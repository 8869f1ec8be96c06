/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the types of a .BTF section hang together. */
#ifndef TESTBENCH_LOAD_BTF_TYPES_H
#define TESTBENCH_LOAD_BTF_TYPES_H

#include "load/btf.h"

/*
 * Finds bytes of types at data, which stay as long as btf, and checks sizes, names, type numbers, and that no chain of
 * modifiers closes on itself. btf: strings are set; at and count are set here, at for the caller to free in both cases.
 * 0, or -EINVAL or -ENOMEM with a sentence in error.
 */
int btf_types_check(struct btf *btf, const uint8_t *data, size_t bytes, char error[static LOAD_ERROR_BYTES]);

#endif
