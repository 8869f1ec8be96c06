// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/outdir.h"
#include "unit/testbench/scratch.h"

static void put(const struct outdir *dir, const char *name)
{
	char *path = outdir_path(dir, name);
	FILE *file = fopen(path, "w");

	cr_assert(file, "%s", path);
	fclose(file);
	free(path);
}

Test(outdir, appears_when_it_is_complete)
{
	char error[OUTDIR_ERROR_BYTES] = "";
	struct scratch scratch;
	struct outdir *dir;
	struct stat st;

	scratch_create(&scratch);
	dir = outdir_open(scratch_path(&scratch, "out/"), error);
	cr_assert(dir, "%s", error);
	put(dir, "report.json");
	put(dir, "guest.pcap");
	cr_assert(!scratch_exists(&scratch, "out"));
	cr_assert_eq(outdir_commit(dir, error), 0, "%s", error);
	cr_assert(scratch_exists(&scratch, "out/report.json") && scratch_exists(&scratch, "out/guest.pcap"));
	cr_assert_eq(scratch_count(&scratch), 1, "the temporary folder is left");
	cr_assert_eq(stat(scratch_path(&scratch, "out"), &st), 0);
	cr_assert(st.st_mode & S_IRWXU);
	scratch_remove(&scratch);
}

Test(outdir, replaces_an_earlier_replay_and_nothing_else)
{
	static const struct {
		const char *id, *files[3];
		bool replaced;
		const char *want;
	} rows[] = {
		{"empty folder", {NULL}, true, NULL},
		{"earlier replay", {"report.json", "wire.1.pcap"}, true, NULL},
		{"somebody's files", {"notes.txt"}, false, "no earlier replay"},
		{"captures without a report", {"guest.pcap"}, false, "no earlier replay"},
		{"earlier replay with a note", {"report.json", "guest.pcap", "notes.txt"}, false, "notes.txt"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[OUTDIR_ERROR_BYTES] = "", name[64];
		struct scratch scratch;
		struct outdir *dir;

		scratch_create(&scratch);
		cr_assert_eq(mkdir(scratch_path(&scratch, "out"), 0777), 0);
		for (size_t j = 0; j < 3 && rows[i].files[j]; j++) {
			snprintf(name, sizeof(name), "out/%s", rows[i].files[j]);
			scratch_write(&scratch, name, "x", 1);
		}
		dir = outdir_open(scratch_path(&scratch, "out"), error);
		cr_assert_eq(!!dir, rows[i].replaced, "%s: %s", rows[i].id, error);
		if (dir) {
			put(dir, "maps.json");
			cr_assert_eq(outdir_commit(dir, error), 0, "%s: %s", rows[i].id, error);
			cr_assert(scratch_exists(&scratch, "out/maps.json") &&
					  !scratch_exists(&scratch, "out/report.json"),
				  "%s", rows[i].id);
		} else {
			cr_assert(strstr(error, rows[i].want), "%s: %s", rows[i].id, error);
			snprintf(name, sizeof(name), "out/%s", rows[i].files[0]);
			cr_assert(scratch_exists(&scratch, name), "%s", rows[i].id);
		}
		cr_assert_eq(scratch_count(&scratch), 1, "%s: something is left", rows[i].id);
		scratch_remove(&scratch);
	}
}

Test(outdir, abandoned_leaves_nothing)
{
	char error[OUTDIR_ERROR_BYTES] = "";
	struct scratch scratch;
	struct outdir *dir;

	scratch_create(&scratch);
	dir = outdir_open(scratch_path(&scratch, "out"), error);
	cr_assert(dir, "%s", error);
	put(dir, "verdicts.pcapng");
	outdir_abandon(dir);
	outdir_abandon(NULL);
	cr_assert_eq(scratch_count(&scratch), 0);
	scratch_remove(&scratch);
}

Test(outdir, places_that_do_not_work)
{
	char error[OUTDIR_ERROR_BYTES] = "";
	struct scratch scratch;

	scratch_create(&scratch);
	cr_assert_null(outdir_open("", error));
	cr_assert_null(outdir_open(scratch_path(&scratch, "no/such/place"), error));
	cr_assert(strstr(error, "cannot write"), "%s", error);
	scratch_write(&scratch, "file", "x", 1);
	cr_assert_null(outdir_open(scratch_path(&scratch, "file"), error));
	cr_assert(strstr(error, "cannot be the output folder"), "%s", error);
	cr_assert_null(outdir_open("/proc/refnic", error));
	scratch_remove(&scratch);
}
