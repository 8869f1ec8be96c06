/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of hexadecimal digits. */
#ifndef TESTBENCH_LOAD_HEX_H
#define TESTBENCH_LOAD_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Decodes text of length characters, white space ignored, to bytes that the caller frees (never NULL on success, also
 * for 0 bytes). 0; -EINVAL: *where is the place (from 0) of the character that is wrong, or length when a digit has no
 * partner; -ENOMEM.
 */
int hex_decode(const char *text, size_t length, uint8_t **bytes, size_t *count, size_t *where);

void hex_print(FILE *to, const uint8_t *bytes, size_t count);

#endif
