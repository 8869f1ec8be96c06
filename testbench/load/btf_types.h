/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the types of a .BTF section hang together: libbpf before 1.3 follows what they say. */
#ifndef TESTBENCH_LOAD_BTF_TYPES_H
#define TESTBENCH_LOAD_BTF_TYPES_H

#include <stddef.h>
#include <stdint.h>

struct btf_types {
	const uint8_t *data; /* 4-byte aligned or not */
	size_t bytes;
	uint64_t string_bytes; /* of the string table that names point into */
};

/*
 * Checks sizes, names, type numbers, and that no chain of modifiers closes on itself. 0, or -EINVAL with a sentence
 * without the file's name in error.
 */
int btf_types_check(const struct btf_types *types, char *error, size_t error_bytes);

#endif
