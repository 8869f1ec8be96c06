// SPDX-License-Identifier: BSD-2-Clause
/* The example programs, with the maps that traces/expected was made with, on every capture: see witness.h. */
#include <criterion/criterion.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device-model/link_pcap.h"
#include "fuzz/witness.h"
#include "load/offload.h"
#include "replay/maps.h"
#include "replay/ports.h"
#include "rig/rig.h"

#define OPTIONS_MAX 32
#define SUFFIX      ".bpf.o"

/* What a program is replayed with. */
struct options {
	const char *maps[OPTIONS_MAX]; /* NAME=FILE */
	size_t num_maps;
	const char *program;
	struct ports_config ports;
	char text[4096];
};

static void read_options(struct options *o, const char *program)
{
	char command[256], *at, *save = NULL;
	FILE *pipe;
	size_t n;

	memset(o, 0, sizeof(*o));
	snprintf(command, sizeof(command), "testbench/tools/golden --options %.100s", program);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	n = fread(o->text, 1, sizeof(o->text) - 1, pipe);
	cr_assert(!pclose(pipe) && n < sizeof(o->text) - 1, "%s: is the working directory the project's?", command);
	for (at = strtok_r(o->text, " \n", &save); at; at = strtok_r(NULL, " \n", &save)) {
		const char *value = strtok_r(NULL, " \n", &save);

		cr_assert_not_null(value);
		if (!strcmp(at, "--map") && o->num_maps < OPTIONS_MAX)
			o->maps[o->num_maps++] = value;
		else if (!strcmp(at, "--program"))
			o->program = value;
		else if (!strcmp(at, "--link"))
			cr_assert_eq(ports_add(&o->ports, (uint32_t)strtoul(value, NULL, 10)), 0);
		else
			cr_assert_fail("%s %s", at, value);
	}
}

static void offload(struct drv_net *net, const struct load_object *object, const struct options *o, const char *what)
{
	char error[LOAD_ERROR_BYTES] = "";
	struct drv_xdp_prog_info info;
	const struct load_prog *prog = load_choose(object, o->program, error);

	cr_assert_not_null(prog, "%s: %s", what, error);
	cr_assert(!offload_start(net, error) && !offload_maps(net, object, error), "%s: %s", what, error);
	cr_assert_eq(maps_fill_all(net, object, o->maps, o->num_maps, error), STATUS_DONE, "%s: %s", what, error);
	cr_assert(!offload_freeze(net, object, error) &&
			  !offload_prog(net, object, prog, OFFLOAD_ENTRY_ID, 0, &info, error) &&
			  !offload_attach(net, OFFLOAD_ENTRY_ID, PORTS_HOME, error) &&
			  !offload_slots(net, object, error),
		  "%s: %s", what, error);
	cr_assert_eq(maps_fill_progs(net, object, o->maps, o->num_maps, error), STATUS_DONE, "%s: %s", what, error);
}

static void take_frame(void *ctx, const struct drv_net_frame *frame)
{
	(void)ctx;
	(void)frame;
}

/* Returns the steps that were looked at. */
static uint64_t play(const char *path, const struct options *o, const char *trace)
{
	struct link_pcap_config link_config = {.in.path = trace, .held = true};
	char error[TRACE_ERROR_BYTES], why[LOAD_ERROR_BYTES], what[8192];
	struct load_object *object = load_open(path, NULL, why);
	struct link *link = link_pcap_open(&link_config, error);
	struct fw_platform silent = rig_platform;
	struct net_config config;
	struct ports ports;
	struct witness *w;
	struct rig *rig;
	uint64_t steps;

	snprintf(what, sizeof(what), "%s, %s", path, trace);
	cr_assert_not_null(object, "%s: %s", what, why);
	cr_assert_not_null(link, "%s: %s", what, error);
	rig_config_default(&config);
	silent.log = NULL; /* what programs print */
	config.fw.platform = &silent;
	config.fw.engine = FW_ENGINE_INTERP;
	cr_assert_eq(ports_open(&ports, &o->ports, config.mtu, NULL, error), STATUS_DONE, "%s: %s", what, error);
	config.ports = ports.at;
	config.num_ports = ports.count;
	rig = rig_open(&config, link);
	cr_assert_not_null(rig);
	w = witness_new(net_fw(rig_device(rig)));
	offload(rig_driver(rig), object, o, what);
	link_pcap_play(link);
	do {
		rig_settle(rig);
		cr_assert_null(witness_says(w), "UNSOUND: %s: %s", what, witness_says(w));
	} while (drv_net_receive(rig_driver(rig), take_frame, NULL, 256) > 0 || !link->ops->ended(link));
	steps = witness_steps(w);
	witness_free(w);
	rig_close(rig);
	load_free(object);
	return steps;
}

Test(claims, of_example_programs)
{
	static const char *const traces[] = {"traces/dns.pcapng", "traces/fragments.pcap", "traces/http.pcap",
					     "traces/http6.pcap", "traces/jumbo.pcap",     "traces/loss.pcap",
					     "traces/vlan.pcap"};
	char self[4096], pattern[4200], name[256];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct options options;
	glob_t progs;

	cr_assert_gt(bytes, 0);
	self[bytes] = 0;
	snprintf(pattern, sizeof(pattern), "%s/progs/*" SUFFIX, dirname(self));
	cr_assert_eq(glob(pattern, 0, NULL, &progs), 0, "%s: make all builds them", pattern);
	for (size_t i = 0; i < progs.gl_pathc; i++) {
		uint64_t steps = 0;

		snprintf(name, sizeof(name), "%s", strrchr(progs.gl_pathv[i], '/') + 1);
		name[strlen(name) - strlen(SUFFIX)] = 0;
		read_options(&options, name);
		for (size_t t = 0; t < sizeof(traces) / sizeof(traces[0]); t++)
			steps += play(progs.gl_pathv[i], &options, traces[t]);
		cr_expect_gt(steps, 0, "%s never ran", name);
		if (getenv("REFNIC_FUZZ"))
			fprintf(stderr, "claims: %s: %lu steps\n", name, steps);
	}
	globfree(&progs);
}
