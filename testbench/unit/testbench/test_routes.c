// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/offload.h"
#include "replay/routes.h"
#include "rig/link_mem.h"
#include "rig/rig.h"
#include "unit/testbench/scratch.h"

static const struct {
	const char *id, *json, *want; /* want NULL: good */
} rows[] = {
	{"none", "[]", NULL},
	{"IPv4", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2}]", NULL},
	{"IPv6", "[{\"prefix\": \"2001:db8::/32\", \"ifindex\": 2, \"gateway\": \"fe80::1\"}]", NULL},
	{"all of it",
	 "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 4294967295, \"smac\": \"02:00:00:00:00:0a\", \"dmac\": "
	 "\"02:00:00:00:00:0B\", \"mtu\": 9000, \"gateway\": \"10.0.0.1\"}]",
	 NULL},
	{"no port", "[{\"prefix\": \"0.0.0.0/0\", \"result\": \"blackhole\"}]", NULL},
	{"one address", "[{\"prefix\": \"::1/128\", \"ifindex\": 1}]", NULL},
	{"unfinished", "[{", "line 1 is no JSON"},
	{"no array", "{}", "an array of routes"},
	{"no object", "[5]", "route 0 is no object"},
	{"no prefix", "[{\"ifindex\": 2}]", "route 0: a \"prefix\" as in"},
	{"prefix is a number", "[{\"prefix\": 5, \"ifindex\": 2}]", "\"prefix\" is no text"},
	{"no length", "[{\"prefix\": \"10.0.0.0\", \"ifindex\": 2}]", "a \"prefix\" as in"},
	{"empty length", "[{\"prefix\": \"10.0.0.0/\", \"ifindex\": 2}]", "a length from 0 to 32"},
	{"negative length", "[{\"prefix\": \"10.0.0.0/-1\", \"ifindex\": 2}]", "a length from 0 to 32"},
	{"long prefix", "[{\"prefix\": \"10.0.0.0/33\", \"ifindex\": 2}]", "a length from 0 to 32"},
	{"huge length", "[{\"prefix\": \"::/99999999999999999999\", \"ifindex\": 2}]", "a length from 0 to 128"},
	{"more behind", "[{\"prefix\": \"10.0.0.0/8x\", \"ifindex\": 2}]", "a length from 0 to 32"},
	{"no address", "[{\"prefix\": \"ten/8\", \"ifindex\": 2}]", "ten is no IPv4 or IPv6 address"},
	{"long text", "[{\"prefix\": \"0000000000000000000000000000000000000000000000000000000000000000000000/8\"}]",
	 "a \"prefix\" as in"},
	{"bits behind", "[{\"prefix\": \"10.0.0.1/8\", \"ifindex\": 2}]", "bits behind the 8"},
	{"no ifindex", "[{\"prefix\": \"10.0.0.0/8\"}]", "has no \"ifindex\""},
	{"ifindex is text", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": \"2\"}]", "\"ifindex\" is no number"},
	{"large ifindex", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 4294967296}]", "\"ifindex\" is no number"},
	{"negative mtu", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"mtu\": -1}]", "\"mtu\" is no number"},
	{"short MAC", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"smac\": \"02:00:00:00:00\"}]", "\"smac\""},
	{"spaces in a MAC", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"dmac\": \"02: 0: 0: 0: 0: 1\"}]",
	 "\"dmac\""},
	{"MAC of dashes", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"dmac\": \"02-00-00-00-00-01\"}]",
	 "\"dmac\""},
	{"other family", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"gateway\": \"::1\"}]", "the prefix's family"},
	{"result", "[{\"prefix\": \"10.0.0.0/8\", \"result\": \"lost\"}]", "blackhole, unreachable or prohibit"},
	{"misspelt", "[{\"prefix\": \"10.0.0.0/8\", \"ifIndex\": 2}]", "has \"ifIndex\""},
	{"second", "[{\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2}, {}]", "route 1"},
	{"twice", "[{\"prefix\": \"10.0.0.0/8\", \"prefix\": \"10.0.0.0/8\", \"ifindex\": 2}]", "is no JSON"},
};

Test(routes, parse)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[LOAD_ERROR_BYTES] = "";
		struct route *routes;
		size_t count;
		int err = routes_parse(rows[i].json, strlen(rows[i].json), &routes, &count, error);

		cr_assert_eq(err, rows[i].want ? -EINVAL : 0, "%s: %s", rows[i].id, error);
		cr_assert(!rows[i].want || strstr(error, rows[i].want), "%s: %s", rows[i].id, error);
		cr_assert_eq(count != 0, !rows[i].want && strcmp(rows[i].id, "none") != 0, "%s", rows[i].id);
		free(routes);
	}
}

static struct rig *open_rig(void)
{
	struct net_config config;
	char error[LOAD_ERROR_BYTES] = "";
	struct rig *rig;

	rig_config_default(&config);
	rig = rig_open(&config, link_mem_open(NULL, 0));
	cr_assert(rig);
	cr_assert_eq(offload_start(rig_driver(rig), error), 0, "%s", error);
	return rig;
}

/* What the device finds in the FIBs that a file made. */
Test(routes, load)
{
	static const char text[] =
		"[{\"prefix\": \"2001:db8::/32\", \"ifindex\": 6},"
		" {\"prefix\": \"10.0.0.0/8\", \"ifindex\": 2, \"smac\": \"02:00:00:00:00:0a\", \"dmac\": "
		"\"02:00:00:00:00:0B\", \"mtu\": 9000, \"gateway\": \"10.0.0.1\"},"
		" {\"prefix\": \"10.1.0.0/16\", \"result\": \"prohibit\"}]";
	static const struct virtio_net_xdp_fib_value want = {
		.ifindex = {2},
		.mtu = {9000},
		.smac = {2, 0, 0, 0, 0, 10},
		.dmac = {2, 0, 0, 0, 0, 11},
		.gateway = {10, 0, 0, 1},
	};
	struct virtio_net_xdp_fib_value got;
	uint8_t key[20] = {32, 0, 0, 0, 10, 200, 1, 1};
	char error[LOAD_ERROR_BYTES] = "";
	struct rig *rig = open_rig();
	struct scratch scratch;

	scratch_create(&scratch);
	cr_assert_eq(routes_load(rig_driver(rig), 3, scratch_write(&scratch, "fib", text, strlen(text)), error),
		     STATUS_DONE, "%s", error);
	cr_assert_eq(drv_xdp_map_lookup(rig_driver(rig), 3, key, 8, &got, sizeof(got), NULL), 0);
	cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0);
	key[5] = 1;
	cr_assert_eq(drv_xdp_map_lookup(rig_driver(rig), 3, key, 8, &got, sizeof(got), NULL), 0);
	cr_assert_eq(got.result, 3);
	memcpy(key, "\x80\0\0\0\x20\x01\x0d\xb8", 8);
	cr_assert_eq(drv_xdp_map_lookup(rig_driver(rig), 4, key, 20, &got, sizeof(got), NULL), 0);
	cr_assert_eq(le32_to_cpu(got.ifindex), 6);

	cr_assert_eq(routes_load(rig_driver(rig), 9, scratch_path(&scratch, "nowhere"), error), STATUS_USAGE);
	cr_assert(strstr(error, "cannot read it"), "%s", error);
	scratch_write(&scratch, "bad", "{}", 2);
	cr_assert_eq(routes_load(rig_driver(rig), 9, scratch_path(&scratch, "bad"), error), STATUS_USAGE);
	cr_assert(strstr(error, "bad: an array of routes"), "%s", error);
	cr_assert_eq(routes_load(rig_driver(rig), 3, scratch_path(&scratch, "fib"), error), STATUS_REFUSED);
	cr_assert(strstr(error, "EXISTS"), "%s", error);
	scratch_write(&scratch, "twice",
		      "[{\"prefix\": \"::/0\", \"ifindex\": 1}, {\"prefix\": \"::/0\", \"ifindex\": 2}]", 68);
	cr_assert_eq(routes_load(rig_driver(rig), 9, scratch_path(&scratch, "twice"), error), STATUS_REFUSED);
	cr_assert(strstr(error, "route 1: an earlier one has the same prefix"), "%s", error);
	rig_close(rig);
	scratch_remove(&scratch);
}
