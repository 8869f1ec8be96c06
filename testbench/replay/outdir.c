// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "replay/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outdir {
	char *path; /* wanted; no slash at its end; symbolic links resolved */
	char *work; /* temporary name */
};

/* What a replay writes. */
static bool is_ours(const char *file)
{
	static const char *const ours[] = {"guest.pcap", "wire.pcap",   "wire.[0-9]*.pcap", "verdicts.pcapng",
					   "maps.json",  "events.json", "report.json"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (fnmatch(ours[i], file, 0) == 0)
			return true;
	return false;
}

static bool is_dot(const char *file)
{
	return strcmp(file, ".") == 0 || strcmp(file, "..") == 0;
}

static char *join(const char *dir, const char *file)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, file) < 0 ? NULL : path;
}

/* Removes a replay's files and, if nothing else is in it, the folder. */
static int remove_replay(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (is_ours(entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return rmdir(path) ? -errno : 0;
}

/* A folder that cannot give way to another one: somebody's current folder, or the root of a file system. */
static bool is_fixed(const char *path)
{
	struct stat folder, current, above;
	char *parent = join(path, "..");
	bool fixed = parent && stat(path, &folder) == 0 && stat(parent, &above) == 0 &&
		     (folder.st_dev != above.st_dev || folder.st_ino == above.st_ino ||
		      (stat(".", &current) == 0 && current.st_dev == folder.st_dev && current.st_ino == folder.st_ino));

	free(parent);
	return fixed;
}

/* Whether path may be replaced: 0, or -errno with a sentence in error. */
static int check_existing(const char *path, char *error)
{
	DIR *dir = opendir(path);
	bool report = false, empty = true;
	const struct dirent *entry;
	char other[256] = "";

	if (!dir) {
		int err = -errno;

		if (err == -ENOENT)
			return 0;
		snprintf(error, OUTDIR_ERROR_BYTES,
			 "%s: cannot be the output folder: %s; a folder, or a name that is free, was expected", path,
			 strerror(-err));
		return err;
	}
	while ((entry = readdir(dir))) {
		if (is_dot(entry->d_name))
			continue;
		empty = false;
		if (strcmp(entry->d_name, "report.json") == 0)
			report = true;
		if (!is_ours(entry->d_name))
			snprintf(other, sizeof(other), "%s", entry->d_name);
	}
	closedir(dir);
	if (is_fixed(path)) {
		snprintf(error, OUTDIR_ERROR_BYTES,
			 "%s: is the current folder or a mount point, which cannot be replaced; choose a folder in it",
			 path);
		return -EBUSY;
	}
	if (empty || (report && !other[0]))
		return 0;
	if (report)
		snprintf(error, OUTDIR_ERROR_BYTES,
			 "%s: holds '%.100s' beside an earlier replay, and would be replaced; choose another folder",
			 path, other);
	else
		snprintf(error, OUTDIR_ERROR_BYTES,
			 "%s: holds files and no earlier replay (report.json); choose another folder", path);
	return -EEXIST;
}

/* A link that leads somewhere has been followed. */
static int check_link(const char *path, char *error)
{
	struct stat st;

	if (lstat(path, &st) || !S_ISLNK(st.st_mode))
		return 0;
	snprintf(error, OUTDIR_ERROR_BYTES, "%s: is a symbolic link to nothing; make the folder that it names", path);
	return -ENOENT;
}

static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);
	size_t length;

	if (real)
		return real;
	/* Nothing is there yet, or nothing that can be reached. */
	real = strdup(path);
	if (!real)
		return NULL;
	for (length = strlen(real); length > 1 && real[length - 1] == '/'; length--)
		real[length - 1] = 0;
	return real;
}

static void free_outdir(struct outdir *dir)
{
	free(dir->path);
	free(dir->work);
	free(dir);
}

struct outdir *outdir_open(const char *path, char error[static OUTDIR_ERROR_BYTES])
{
	struct outdir *dir = calloc(1, sizeof(*dir));
	mode_t mask;

	if (!dir)
		goto no_memory;
	if (!path[0]) {
		snprintf(error, OUTDIR_ERROR_BYTES, "the output folder has no name");
		goto free;
	}
	dir->path = resolve(path);
	if (!dir->path || asprintf(&dir->work, "%s.partial-XXXXXX", dir->path) < 0)
		goto no_memory;
	if (check_existing(dir->path, error) || check_link(dir->path, error))
		goto free;
	if (!mkdtemp(dir->work)) {
		snprintf(error, OUTDIR_ERROR_BYTES,
			 "%s: cannot write there: %s; a folder to put it in, which you may write to, was expected",
			 path, strerror(errno));
		goto free;
	}
	/* mkdtemp() makes it private; others may read results. */
	mask = umask(0);
	umask(mask);
	chmod(dir->work, 0777 & ~mask);
	return dir;
no_memory:
	snprintf(error, OUTDIR_ERROR_BYTES, "%s: no memory for its name", path);
free:
	if (dir)
		free_outdir(dir);
	return NULL;
}

char *outdir_path(const struct outdir *dir, const char *file)
{
	return join(dir->work, file);
}

/* Out of the way first: rename() replaces a folder only when it is empty. */
static int replace(const struct outdir *dir)
{
	char *old;
	int err = 0;

	if (rename(dir->work, dir->path) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	if (asprintf(&old, "%s.old", dir->work) < 0)
		return -ENOMEM;
	if (rename(dir->path, old)) {
		err = -errno;
	} else if (rename(dir->work, dir->path)) {
		err = -errno;
		rename(old, dir->path);
	} else {
		remove_replay(old);
	}
	free(old);
	return err;
}

int outdir_commit(struct outdir *dir, char error[static OUTDIR_ERROR_BYTES])
{
	int err = replace(dir);

	if (err) {
		snprintf(error, OUTDIR_ERROR_BYTES, "%s: cannot be written: %s", dir->path, strerror(-err));
		outdir_abandon(dir);
		return err;
	}
	free_outdir(dir);
	return 0;
}

void outdir_abandon(struct outdir *dir)
{
	if (!dir)
		return;
	remove_replay(dir->work);
	free_outdir(dir);
}
