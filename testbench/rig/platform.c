// SPDX-License-Identifier: BSD-2-Clause
/*
 * Code memory for firmware that runs in this process.
 *
 * The bytes are a memfd, written through one mapping and run through another; guard pages surround the latter. Sealing
 * takes the writing mapping away, then forbids the memfd to be written for ever, then makes the code executable. Until
 * then the place where it will run is only readable.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rig/rig.h"

/* Code near the helpers reaches them with relative calls; where this wish is not granted, it calls through a register.
 */
#define NEAR_BYTES  ((uintptr_t)1 << 20)
#define NEAR_WISHES 64

struct mapping {
	int fd;
	uint8_t *reserved; /* code and guard pages */
	size_t reserved_bytes;
	size_t page;
};

static void *reserve(size_t bytes, size_t page)
{
	uintptr_t text = (uintptr_t)&reserve & ~(uintptr_t)(page - 1);
	void *p;

	for (uintptr_t n = 1; n <= NEAR_WISHES; n++) {
		uintptr_t wish = text - n * NEAR_BYTES;

		if (wish > text || bytes > NEAR_BYTES)
			break;
		p = mmap((void *)wish, bytes, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (p == (void *)wish)
			return p;
		/* A kernel that does not know the flag takes the address as a hint. */
		if (p != MAP_FAILED)
			return p;
	}
	return mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void unmap(struct mapping *m)
{
	if (m->reserved)
		munmap(m->reserved, m->reserved_bytes);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

static int platform_code_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct mapping *m;
	void *p;

	(void)ctx;
	*code = (struct fw_code){0};
	if (!bytes || bytes > PTRDIFF_MAX / 2)
		return -ENOMEM;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	bytes = (bytes + page - 1) & ~(page - 1);
	m->page = page;
	m->fd = memfd_create("refnic-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->fd < 0 || ftruncate(m->fd, (off_t)bytes))
		goto fail;
	m->reserved_bytes = bytes + 2 * page;
	p = reserve(m->reserved_bytes, page);
	if (p == MAP_FAILED)
		goto fail;
	m->reserved = p;
	/* Private, because a shared mapping of a memfd counts as one that could write and forbids the seal. */
	if (mmap(m->reserved + page, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, m->fd, 0) == MAP_FAILED)
		goto fail;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	*code = (struct fw_code){.write = p, .exec = m->reserved + page, .bytes = bytes, .owner = m};
	return 0;

fail:
	unmap(m);
	return -ENOMEM;
}

static int platform_code_seal(void *ctx, struct fw_code *code)
{
	struct mapping *m = code->owner;

	(void)ctx;
	if (!m || !code->write)
		return -EINVAL;
	if (munmap(code->write, code->bytes))
		return -errno;
	code->write = NULL;
	if (fcntl(m->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return -errno;
	/* Mapped anew: pages that were looked at before are the memfd's own in any case. */
	if (mmap(m->reserved + m->page, code->bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, m->fd, 0) ==
	    MAP_FAILED)
		return -errno;
	/* Where instructions are not fetched through what stores went through; nothing on x86. */
	__builtin___clear_cache((char *)code->exec, (char *)code->exec + code->bytes);
	close(m->fd);
	m->fd = -1;
	return 0;
}

static void platform_code_free(void *ctx, struct fw_code *code)
{
	(void)ctx;
	if (!code->owner)
		return;
	if (code->write)
		munmap(code->write, code->bytes);
	unmap(code->owner);
	*code = (struct fw_code){0};
}

static void platform_log(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "refnic: %s\n", line);
}

const struct fw_platform rig_platform = {
	.code_alloc = platform_code_alloc,
	.code_seal = platform_code_seal,
	.code_free = platform_code_free,
	.log = platform_log,
};
