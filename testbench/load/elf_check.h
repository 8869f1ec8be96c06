/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has to hold before libbpf sees an object: libbpf's versions differ in what they refuse, and its reasons are
 * written for people who load into a kernel.
 */
#ifndef TESTBENCH_LOAD_ELF_CHECK_H
#define TESTBENCH_LOAD_ELF_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_CHECK_SECTIONS_MAX   4096
#define ELF_CHECK_DATA_BYTES_MAX ((uint64_t)64 << 20) /* of one section that occupies no bytes of the file */

struct elf_check_piece {
	const uint8_t *data; /* into the image; NULL: no such section */
	size_t bytes;
};

struct elf_check {
	char **xdp_sections; /* names, each once, in the file's order; own copies */
	size_t num_xdp_sections;
	bool gpl_compatible;
	struct elf_check_piece btf, btf_ext;
};

/*
 * Checks bytes of image, which must stay as long as *out is used. section: the only one to take as XDP, or NULL for all
 * whose name says so. 0, or -EINVAL with one sentence (without the file's name) in error. elf_check_free() in both
 * cases.
 */
int elf_check_image(const uint8_t *image, size_t bytes, const char *section, struct elf_check *out, char *error,
		    size_t error_bytes);
void elf_check_free(struct elf_check *check);

/* Whether a section of this name holds XDP programs. */
bool elf_check_is_xdp(const char *section);

#endif
