// SPDX-License-Identifier: BSD-2-Clause
/*
 * Code memory for firmware that runs in this process.
 *
 * Code is written to memory of its own, and run from a memfd: sealing copies it there, forbids the memfd to be written
 * for ever, and only then maps it to be executed, where until then nothing can be read, written or run. So no mapping
 * of what runs was ever writable. Guard pages surround it.
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

static int platform_code_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct mapping *m;
	uint8_t *write;
	void *p;

	(void)ctx;
	*code = (struct fw_code){0};
	if (!bytes || bytes > PTRDIFF_MAX / 2)
		return -ENOMEM;
	bytes = (bytes + page - 1) & ~(page - 1);
	m = calloc(1, sizeof(*m));
	write = calloc(1, bytes);
	if (!m || !write)
		goto fail;
	p = reserve(bytes + 2 * page, page);
	if (p == MAP_FAILED)
		goto fail;
	*m = (struct mapping){.reserved = p, .reserved_bytes = bytes + 2 * page, .page = page};
	*code = (struct fw_code){.write = write, .exec = m->reserved + page, .bytes = bytes, .owner = m};
	return 0;

fail:
	free(write);
	free(m);
	return -ENOMEM;
}

/* A memfd that holds these bytes and never any others. -errno. */
static int sealed_file(const uint8_t *bytes, size_t count)
{
	int fd = memfd_create("refnic-code", MFD_CLOEXEC | MFD_ALLOW_SEALING), err;
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < count) {
		ssize_t n = write(fd, bytes + done, count - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			goto fail;
	}
	if (!fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return fd;
fail:
	err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

static int platform_code_seal(void *ctx, struct fw_code *code)
{
	struct mapping *m = code->owner;
	void *p;
	int fd;

	(void)ctx;
	if (!m || !code->write)
		return -EINVAL;
	fd = sealed_file(code->write, code->bytes);
	free(code->write);
	code->write = NULL;
	if (fd < 0)
		return fd;
	p = mmap(m->reserved + m->page, code->bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return -ENOMEM;
	/* Where instructions are not fetched through what stores went through; nothing on x86. */
	__builtin___clear_cache((char *)p, (char *)p + code->bytes);
	return 0;
}

static void platform_code_free(void *ctx, struct fw_code *code)
{
	struct mapping *m = code->owner;

	(void)ctx;
	if (!m)
		return;
	munmap(m->reserved, m->reserved_bytes);
	free(code->write);
	free(m);
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
