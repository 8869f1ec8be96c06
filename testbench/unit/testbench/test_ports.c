// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "load/file.h"
#include "replay/ports.h"
#include "unit/testbench/scratch.h"

Test(ports, ifindexes)
{
	struct ports_config config = {0};

	cr_assert_eq(ports_add(&config, PORTS_HOME), -EEXIST, "the device's own");
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		cr_assert_eq(ports_add(&config, 1000 + i), 0, "port %u", i);
	cr_assert_eq(ports_add(&config, 1000), -EEXIST);
	cr_assert_eq(ports_add(&config, UINT32_MAX), -ENOSPC);
	cr_assert_eq(config.count, PORTS_MAX);
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		cr_assert_eq(config.ifindex[i], 1000 + i);
}

Test(ports, files)
{
	static const uint8_t frame[60] = {2};
	const struct link_frame sent = {.data = frame, .bytes = 60, .wire_bytes = 60, .time_ns = 5};
	struct ports_config config = {.ifindex = {7, 9}, .count = 2};
	char name[PORTS_NAME_ROOM], error[TRACE_ERROR_BYTES] = "", reason[OUTDIR_ERROR_BYTES] = "";
	struct scratch scratch;
	struct outdir *dir;
	struct ports ports;

	scratch_create(&scratch);
	dir = outdir_open(scratch_path(&scratch, "out"), reason);
	cr_assert(dir, "%s", reason);
	cr_assert_eq(ports_open(&ports, &config, 1500, dir, error), STATUS_DONE, "%s", error);
	cr_assert_eq(ports.count, 2);
	for (uint16_t i = 0; i < 2; i++) {
		cr_assert_eq(ports.at[i].ifindex, config.ifindex[i]);
		cr_assert_eq(ports.at[i].mtu, 1500);
	}
	cr_assert_eq(ports.at[1].link->ops->send(ports.at[1].link, &sent, 1), 1);
	cr_assert_eq(ports_sent(&ports, 0), 0);
	cr_assert_eq(ports_sent(&ports, 1), 1);
	cr_assert_eq(ports_flush(&ports, error), 0, "%s", error);
	for (uint16_t i = 0; i < 2; i++) {
		uint8_t *bytes;
		size_t count;
		char *path;

		ports_file_name(name, i);
		cr_assert_str_eq(name, i ? "wire.3.pcap" : "wire.2.pcap");
		path = outdir_path(dir, name);
		cr_assert_eq(file_read(path, 4096, &bytes, &count), 0, "%s", name);
		cr_assert_eq(count, i ? 24 + 16 + 60 : 24, "%s: %zu bytes", name, count);
		free(bytes);
		free(path);
	}
	ports_close(&ports);
	cr_assert_eq(ports.count, 0);
	outdir_abandon(dir);
	scratch_remove(&scratch);
}
