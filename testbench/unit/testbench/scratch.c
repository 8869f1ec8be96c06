// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "unit/testbench/scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS 64

static const char *keep(const char *path)
{
	static char paths[PATHS][2 * SCRATCH_PATH];
	static unsigned next;
	char *kept = paths[next++ % PATHS];

	snprintf(kept, sizeof(paths[0]), "%s", path);
	return kept;
}

void scratch_create(struct scratch *scratch)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch->dir, sizeof(scratch->dir), "%s/refnic-test-XXXXXX", tmp ? tmp : P_tmpdir);
	cr_assert(mkdtemp(scratch->dir), "no temporary folder");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void scratch_remove(struct scratch *scratch)
{
	nftw(scratch->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const struct scratch *scratch, const char *name)
{
	char path[2 * SCRATCH_PATH];

	snprintf(path, sizeof(path), "%s/%.200s", scratch->dir, name);
	return keep(path);
}

const char *scratch_write(const struct scratch *scratch, const char *name, const void *data, size_t bytes)
{
	const char *path = scratch_path(scratch, name);
	FILE *file = fopen(path, "wb");

	cr_assert(file && fwrite(data, 1, bytes, file) == bytes && fclose(file) == 0, "%s cannot be written", path);
	return path;
}

bool scratch_exists(const struct scratch *scratch, const char *name)
{
	return access(scratch_path(scratch, name), F_OK) == 0;
}

size_t scratch_count(const struct scratch *scratch)
{
	DIR *dir = opendir(scratch->dir);
	size_t count = 0;

	cr_assert(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2; /* . and .. */
}

const char *scratch_compile(const struct scratch *scratch, const char *name, const char *text, const char *options)
{
	const char *clang = getenv("CLANG"), *path = scratch_path(scratch, name);
	/* A file and not a pipe: the compiler reads it again for the text of source lines. */
	const char *source = scratch_write(scratch, "source.bpf.c", text, strlen(text));
	char command[6 * SCRATCH_PATH];

	snprintf(command, sizeof(command), "%s -O2 -g -I/usr/include/%s-linux-gnu -target %s -c -o %s %s",
		 clang ? clang : "clang",
#ifdef __aarch64__
		 "aarch64",
#else
		 "x86_64",
#endif
		 options, path, source);
	cr_assert_eq(system(command), 0, "clang did not compile %s", name);
	return path;
}

const char *scratch_example(const char *name)
{
	char self[SCRATCH_PATH], path[2 * SCRATCH_PATH];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	cr_assert(length > 0);
	self[length] = 0;
	snprintf(path, sizeof(path), "%s/progs/%.100s.bpf.o", dirname(self), name);
	return keep(path);
}
