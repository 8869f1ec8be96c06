// SPDX-License-Identifier: BSD-2-Clause
/*
 * Code memory for firmware that runs in this process, in one of two ways.
 *
 * rig_platform: each program's code is written to memory of its own, and run from a memfd: sealing copies it there,
 * forbids the memfd to be written for ever, and only then maps it to be executed, where until then nothing can be read,
 * written or run. So no mapping of what runs was ever writable. Guard pages surround it.
 *
 * rig_code_platform: a device's programs share a memfd that is mapped twice, to be written and to be run, so that
 * programs come and go without a system call. No mapping is ever both, and the memfd is sealed against further ones
 * that could be written. Of the view that runs, what no program has had yet cannot be run; what none has now, stops who
 * gets there. Where a system does not permit this, or does not notice that code changed, each program has its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rig/rig.h"

/* Code near the helpers reaches them with relative calls; where this wish is not granted, it calls through a register.
 */
#define NEAR_BYTES  ((uintptr_t)1 << 20)
#define NEAR_WISHES 64
#define FAR_BYTES   ((uintptr_t)1 << 30) /* too far */

struct mapping {
	uint8_t *reserved; /* code and guard pages */
	size_t reserved_bytes;
	size_t page;
};

static void *reserve(size_t bytes, size_t page)
{
	uintptr_t text = (uintptr_t)&reserve & ~(uintptr_t)(page - 1);
	uintptr_t step = (bytes + NEAR_BYTES - 1) / NEAR_BYTES * NEAR_BYTES;
	void *p;

	for (uintptr_t n = 1; n <= NEAR_WISHES && n * step < text && n * step < FAR_BYTES; n++) {
		uintptr_t wish = text - n * step;

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

/* Shared code memory */

/* What stops who gets to code memory that is no program's. */
#if defined(__x86_64__)
#define STOP 0xcc
#else
#define STOP 0
#endif

#define GROW_PAGES 16

struct rig_code {
	uint8_t *write;    /* both views are of the same pages; NULL: each program has its own */
	uint8_t *reserved; /* the view that runs, between guard pages */
	uint8_t *exec;
	size_t page;
	size_t pages;
	size_t opened;   /* pages that can be run, from the first on */
	uint8_t taken[]; /* per page */
};

static int open_pages(struct rig_code *code, size_t want)
{
	size_t from = code->opened * code->page, bytes;

	if (want <= code->opened)
		return 0;
	if (want < code->opened + GROW_PAGES)
		want = code->opened + GROW_PAGES;
	if (want > code->pages)
		want = code->pages;
	bytes = want * code->page - from;
	memset(code->write + from, STOP, bytes);
	if (mprotect(code->exec + from, bytes, PROT_READ | PROT_EXEC))
		return -ENOMEM;
	code->opened = want;
	return 0;
}

/* The first of so many free pages in a row; SIZE_MAX: there are none. */
static size_t find_pages(const struct rig_code *code, size_t count)
{
	size_t free_pages = 0;

	for (size_t n = 0; n < code->pages; n++) {
		free_pages = code->taken[n] ? 0 : free_pages + 1;
		if (free_pages == count)
			return n + 1 - count;
	}
	return SIZE_MAX;
}

static int shared_code_alloc(void *ctx, size_t bytes, struct fw_code *code)
{
	struct rig_code *c = ctx;
	size_t first, count;

	if (!c || !c->write)
		return platform_code_alloc(NULL, bytes, code);
	*code = (struct fw_code){0};
	if (!bytes || bytes > c->pages * c->page)
		return -ENOMEM;
	count = (bytes + c->page - 1) / c->page;
	first = find_pages(c, count);
	if (first == SIZE_MAX || open_pages(c, first + count))
		return -ENOMEM;
	memset(c->taken + first, 1, count);
	*code = (struct fw_code){.write = c->write + first * c->page,
				 .exec = c->exec + first * c->page,
				 .bytes = count * c->page,
				 .owner = c};
	return 0;
}

static int shared_code_seal(void *ctx, struct fw_code *code)
{
	struct rig_code *c = ctx;

	if (!c || !c->write)
		return platform_code_seal(NULL, code);
	if (!code->owner || !code->write)
		return -EINVAL;
	code->write = NULL;
	/* By the addresses that it will run at: data caches do not care, caches of instructions may. */
	__builtin___clear_cache((char *)(uintptr_t)code->exec, (char *)(uintptr_t)code->exec + code->bytes);
	return 0;
}

static void shared_code_free(void *ctx, struct fw_code *code)
{
	struct rig_code *c = ctx;
	size_t at;

	if (!c || !c->write) {
		platform_code_free(NULL, code);
		return;
	}
	if (!code->owner)
		return;
	at = (size_t)(code->exec - c->exec);
	memset(c->write + at, STOP, code->bytes);
	memset(c->taken + at / c->page, 0, code->bytes / c->page);
	*code = (struct fw_code){0};
}

/* A memfd of so many bytes, mapped to be written at *write, and never again. -errno. */
static int half_sealed_file(size_t bytes, uint8_t **write)
{
	int fd = memfd_create("refnic-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *p;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)bytes))
		goto fail;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	if (!madvise(p, bytes, MADV_DONTFORK) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)) {
		*write = p;
		return fd;
	}
	munmap(p, bytes);
fail:
	close(fd);
	return -EPERM;
}

/* The processes that this one forks get neither view: two that write to the same code would be one too many. */
static bool map_twice(struct rig_code *code)
{
	size_t bytes = code->pages * code->page;
	void *p, *exec = MAP_FAILED;
	int fd;

	p = reserve(bytes + 2 * code->page, code->page);
	if (p == MAP_FAILED)
		return false;
	code->reserved = p;
	code->exec = code->reserved + code->page;
	fd = half_sealed_file(bytes, &code->write);
	if (fd >= 0) {
		exec = mmap(code->exec, bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, fd, 0);
		close(fd);
	}
	return exec != MAP_FAILED && !madvise(exec, bytes, MADV_DONTFORK);
}

static void unmap(struct rig_code *code)
{
	size_t bytes = code->pages * code->page;

	if (code->reserved)
		munmap(code->reserved, bytes + 2 * code->page);
	if (code->write)
		munmap(code->write, bytes);
	code->reserved = code->exec = code->write = NULL;
}

/* Functions that return a number, which is in their second to fifth byte, or in bits 5 to 20. */
#if defined(__x86_64__)
#define RETURN(n)                                                                                                      \
	{                                                                                                              \
		0xb8, n, 0, 0, 0, 0xc3                                                                                 \
	}
#else
#define RETURN(n)                                                                                                      \
	{                                                                                                              \
		(uint8_t)((n) << 5), 0, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6                                             \
	}
#endif

/* Whether code can be written, run and written anew. Emulators may go on with what they translated. */
static bool works(struct rig_code *c)
{
#if defined(__x86_64__) || defined(__aarch64__)
	static const uint8_t functions[][8] = {RETURN(1), RETURN(2)};

	for (int n = 0; n < 2; n++) {
		struct fw_code code;
		int result;

		if (shared_code_alloc(c, sizeof(functions[n]), &code))
			return false;
		memcpy(code.write, functions[n], sizeof(functions[n]));
		shared_code_seal(c, &code);
		result = ((int (*)(void))(uintptr_t)code.exec)();
		shared_code_free(c, &code);
		if (result != n + 1)
			return false;
	}
	return true;
#else
	(void)c;
	return false;
#endif
}

struct rig_code *rig_code_open(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = bytes / page;
	struct rig_code *code = calloc(1, sizeof(*code) + pages);

	if (!code)
		return NULL;
	code->page = page;
	code->pages = pages;
	if (!map_twice(code) || !works(code))
		unmap(code);
	return code;
}

void rig_code_close(struct rig_code *code)
{
	if (!code)
		return;
	unmap(code);
	free(code);
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

const struct fw_platform rig_code_platform = {
	.code_alloc = shared_code_alloc,
	.code_seal = shared_code_seal,
	.code_free = shared_code_free,
	.log = platform_log,
};
