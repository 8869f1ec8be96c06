// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/source.h"
#include "device-model/net.h"
#include "load/clock.h"
#include "replay/replay.h"
#include "replay/report.h"
#include "virtio_config.h"
#include "virtio_net.h"

#define QUEUE_SIZE_MIN 1
#define QUEUE_SIZE_MAX 32768
#define QUEUES_MAX     128
#define MTU_MIN        68

enum {
	OUT = 1,
	ENGINE,
	RING,
	QUEUE_SIZE,
	QUEUES,
	FEATURE,
	MTU,
	SPEED,
	FRAMES,
	FILTER,
	REPEAT,
	SEED,
	STRICT,
	OVERRUN,
	JSON
};

static const struct cli_option options[] = {
	{OUT, "-o", "DIR",
	 "write guest.pcap, wire.pcap (wire.2.pcap and up for --link), verdicts.pcapng, maps.json, events.json "
	 "(if the program writes records) and report.json there"},
	SOURCE_OPTIONS_CHOICE,
	{SOURCE_MAP, "--map", "NAME=FILE.json", "contents of a map before the first frame"},
	SOURCE_OPTION_ENTRIES,
	SOURCE_OPTION_FIB,
	SOURCE_OPTION_LINK,
	{ENGINE, "--engine", "jit|interp", "how the device runs the program (default jit)"},
	{RING, "--ring", "split|packed", "format of the queues (default split)"},
	{QUEUE_SIZE, "--queue-size", "N",
	 "descriptors of each receive and transmit queue: a power of two if split, up to 32768 (default 256)"},
	{QUEUES, "--queues", "N", "queue pairs, 1 to 128 (default 1); flows are spread over their receive queues"},
	{FEATURE, "--feature", "NAME=on|off", "what the device offers, as in mrg_rxbuf=off"},
	{SPEED, "--speed", "MBIT[/half]", "what the device tells of its link (default unknown)"},
	{MTU, "--mtu", "N", "of the device (default 65521)"},
	{FRAMES, "--frames", "A-B", "only frames A to B of the trace, from 1; A- and -B too"},
	{FILTER, "--filter", "EXPR", "only frames that match, as tcpdump's expressions"},
	{REPEAT, "--repeat", "N", "play the trace N times, each shifted by its span; maps are kept"},
	{SEED, "--seed", "N", "of the random numbers that programs get (default 0)"},
	{STRICT, "--strict", NULL,
	 "let the device watch the driver: statements that it violates go to standard error, each with the event that "
	 "shows it; exit status 1 if there are any"},
	{OVERRUN, "--overrun", NULL, "lose frames that find no receive buffer, instead of waiting"},
	{JSON, "--json", NULL, "one JSON document"},
	{0, NULL, NULL, NULL},
};

/* Only a signal handler's argument is its number. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

struct progress {
	uint64_t began_ns, shown_ns;
	bool shown;
};

struct command {
	struct source source;
	struct replay_config config;
	struct progress progress;
	struct virtio_features asked; /* --feature NAME=on */
	bool json;
};

/* of 0: the end. */
static void on_progress(void *ctx, uint64_t frames, uint64_t of)
{
	struct progress *p = ctx;
	uint64_t now = clock_now_ns();

	if (of == 0) {
		if (p->shown)
			fputs("\r\033[K", stderr);
		return;
	}
	if (now - p->began_ns < 1000000000 || now - p->shown_ns < 200000000)
		return;
	p->shown_ns = now;
	p->shown = true;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " frames (%.0f %%)", frames, of,
		100.0 * (double)frames / (double)of);
}

static bool parse_frame_range(const struct cli_line *line, uint64_t *first, uint64_t *last)
{
	const char *text = line->value;
	char *end;

	*first = *last = 0;
	errno = 0;
	if (*text >= '0' && *text <= '9') {
		*first = strtoull(text, &end, 10);
		if (*first == 0)
			goto bad;
		text = end;
		if (!*text)
			*last = *first;
	}
	if (*text == '-') {
		text++;
		if (*text) {
			if (*text < '0' || *text > '9')
				goto bad;
			*last = strtoull(text, &end, 10);
			text = end;
			if (*last == 0)
				goto bad;
		}
	}
	if (!errno && !*text && (*first || *last) && (!*last || *first <= *last))
		return true;
bad:
	cli_fail(line->command, STATUS_USAGE, "--frames %s: A-B, A- or -B was expected, numbers from 1, A not above B",
		 line->value);
	return false;
}

/* Whether the device offers it when asked, so that "on" can be granted. */
static bool parse_feature(const struct cli_line *line, struct command *c)
{
	struct net_config *config = &c->config.net;
	const struct virtio_features all = net_features_all(config->xdp_bit);
	const char *equals = strchr(line->value, '=');
	char name[64];
	bool on;
	int bit;

	if (!equals || (size_t)(equals - line->value) >= sizeof(name) ||
	    (strcmp(equals, "=on") != 0 && strcmp(equals, "=off") != 0)) {
		cli_fail(line->command, STATUS_USAGE,
			 "--feature %s: NAME=on or NAME=off was expected, as in mrg_rxbuf=off", line->value);
		return false;
	}
	memcpy(name, line->value, (size_t)(equals - line->value));
	name[equals - line->value] = 0;
	on = strcmp(equals, "=on") == 0;
	bit = net_feature_bit(name, config->xdp_bit);
	if (bit < 0 || (on && !virtio_feature_has(&all, (unsigned)bit))) {
		fprintf(stderr, "refnic %s: --feature %s: not offered by this device; it offers", line->command->name,
			name);
		for (unsigned i = 0; i < 128; i++)
			if (virtio_feature_has(&all, i) && net_feature_name(i, config->xdp_bit))
				fprintf(stderr, " %s", net_feature_name(i, config->xdp_bit));
		fputc('\n', stderr);
		return false;
	}
	virtio_feature_set(&config->features, (unsigned)bit, on);
	virtio_feature_set(&c->asked, (unsigned)bit, on);
	return true;
}

/* Turns off what needs a feature that is off, unless it was asked for. Returns the name of such a one, or NULL. */
static const char *turn_off_dependents(struct command *c)
{
	struct net_config *config = &c->config.net;
	const char *name;
	int bit;

	while ((name = net_feature_unsatisfied(&config->features, config->xdp_bit))) {
		bit = net_feature_bit(name, config->xdp_bit);
		if (bit == config->xdp_bit || virtio_feature_has(&c->asked, (unsigned)bit))
			break;
		virtio_feature_set(&config->features, (unsigned)bit, false);
	}
	return name;
}

/* Whether a device can be built with the features that are left. */
static bool features_fit(struct command *c)
{
	const struct net_config *config = &c->config.net;
	const char *name;

	if (!virtio_feature_has(&config->features, VIRTIO_F_VERSION_1)) {
		cli_fail(c->source.command, STATUS_USAGE, "--feature version_1=off: this device cannot do without it");
		return false;
	}
	name = turn_off_dependents(c);
	if (!name && config->queue_pairs > 1 && !virtio_feature_has(&config->features, VIRTIO_NET_F_MQ)) {
		cli_fail(c->source.command, STATUS_USAGE, "--queues %u: that needs the feature mq, which is off",
			 config->queue_pairs);
		return false;
	}
	if (!name)
		return true;
	cli_fail(c->source.command, STATUS_USAGE, "--feature: %s needs a feature that is off; leave that one on", name);
	return false;
}

static bool take_ring(struct command *c, const struct cli_line *line)
{
	bool packed = !strcmp(line->value, "packed");

	if (!packed && strcmp(line->value, "split") != 0) {
		cli_fail(line->command, STATUS_USAGE, "--ring %s: split or packed was expected", line->value);
		return false;
	}
	virtio_feature_set(&c->config.net.features, VIRTIO_F_RING_PACKED, packed);
	return true;
}

static bool take_queue_size(struct command *c, const struct cli_line *line)
{
	uint64_t number;

	if (!cli_number(line, "--queue-size", QUEUE_SIZE_MIN, QUEUE_SIZE_MAX, &number))
		return false;
	c->config.net.queue_size = (uint16_t)number;
	return true;
}

/* Once the format of the queues is known. */
static bool queue_size_fits(const struct command *c)
{
	const struct net_config *config = &c->config.net;
	unsigned size = config->queue_size;

	if (virtio_feature_has(&config->features, VIRTIO_F_RING_PACKED) || !(size & (size - 1)))
		return true;
	cli_fail(c->source.command, STATUS_USAGE,
		 "--queue-size %u: a power of two from %d to %d was expected; --ring packed takes any number", size,
		 QUEUE_SIZE_MIN, QUEUE_SIZE_MAX);
	return false;
}

static bool take_queues(struct command *c, const struct cli_line *line)
{
	uint64_t number;

	if (!cli_number(line, "--queues", 1, QUEUES_MAX, &number))
		return false;
	c->config.net.queue_pairs = (uint16_t)number;
	return true;
}

static bool take_mtu(struct command *c, const struct cli_line *line)
{
	uint64_t number;

	if (!cli_number(line, "--mtu", MTU_MIN, UINT16_MAX, &number))
		return false;
	c->config.net.mtu = (uint16_t)number;
	return true;
}

static bool take_speed(struct command *c, const struct cli_line *line)
{
	unsigned long long mbit;
	char *end;

	errno = 0;
	mbit = strtoull(line->value, &end, 10);
	if (*line->value < '0' || *line->value > '9' || errno || mbit > VIRTIO_NET_SPEED_MAX ||
	    (*end && strcmp(end, "/half") != 0)) {
		cli_fail(line->command, STATUS_USAGE,
			 "--speed %s: MBit per second up to 2147483647 were expected, as in 1000 or 10/half",
			 line->value);
		return false;
	}
	c->config.net.speed = (uint32_t)mbit;
	c->config.net.duplex = *end ? VIRTIO_NET_DUPLEX_HALF : VIRTIO_NET_DUPLEX_FULL;
	return true;
}

static bool take(void *ctx, const struct cli_line *line, int id)
{
	struct command *c = ctx;
	struct replay_config *config = &c->config;

	switch (id) {
	case OUT:
		config->out = line->value;
		return true;
	case ENGINE:
		return source_engine(line->command, line->value, &config->net.fw.engine);
	case RING:
		return take_ring(c, line);
	case QUEUE_SIZE:
		return take_queue_size(c, line);
	case QUEUES:
		return take_queues(c, line);
	case FEATURE:
		return parse_feature(line, c);
	case SPEED:
		return take_speed(c, line);
	case MTU:
		return take_mtu(c, line);
	case FRAMES:
		return parse_frame_range(line, &config->link.in.first, &config->link.in.last);
	case FILTER:
		config->link.in.filter = line->value;
		return true;
	case REPEAT:
		return cli_number(line, "--repeat", 1, UINT32_MAX, &config->link.repeat);
	case SEED:
		return cli_number(line, "--seed", 0, UINT64_MAX, &config->net.fw.seed);
	case STRICT:
		config->net.strict = true;
		return true;
	case OVERRUN:
		config->net.overrun = true;
		return true;
	case JSON:
		c->json = true;
		return true;
	default:
		return source_take(&c->source, line, id);
	}
}

static enum status play(struct command *c, struct load_object *object)
{
	struct replay_config *config = &c->config;
	char error[REPLAY_ERROR_BYTES] = "";
	struct replay_result result;
	enum status status;

	config->object = object;
	config->prog = source_choose(&c->source, object);
	if (!config->prog)
		return STATUS_USAGE;
	config->ports = c->source.ports;
	config->maps = c->source.maps;
	config->fib = c->source.fib;
	config->num_maps = c->source.num_maps;
	config->stop = &interrupted;
	if (isatty(STDERR_FILENO)) {
		c->progress.began_ns = clock_now_ns();
		config->progress = on_progress;
		config->progress_ctx = &c->progress;
	}
	status = replay_run(config, &result, error);
	if (result.refused)
		source_print_refusal(stderr, result.refused, result.refused_insn, result.refusal);
	if (status && !result.truncated_at) {
		cli_fail(c->source.command, status, "%s", error);
	} else {
		(c->json ? report_json : report_summary)(stdout, config, &result);
		fflush(stdout);
		if (result.truncated_at)
			cli_fail(c->source.command, status, "%s", result.truncation);
		violations_print(stderr, &result.violations, c->source.command->name);
		if (!status && result.violations.count)
			status = STATUS_REFUSED;
	}
	replay_free(&result);
	return status;
}

static void watch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction before;

		/* What the caller ignores, as nohup does, stays ignored. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static enum status run(const struct cli_command *command, int argc, char **argv)
{
	struct command c = {.source.command = command};
	struct cli_line line = {.command = command, .argc = argc, .argv = argv};
	struct load_object *object = NULL;
	enum status status;

	source_config(&c.config.net);
	if (!cli_parse(&line, take, &c, &status))
		return status;
	if (!features_fit(&c) || !queue_size_fits(&c))
		return STATUS_USAGE;
	c.source.path = line.args[0];
	c.config.link.in.path = line.args[1];
	/* Until the object is read there is nothing to clean up: a signal just ends the program. */
	status = source_open(&c.source, &object);
	if (!status) {
		watch_signals();
		status = play(&c, object);
	}
	load_free(object);
	return status;
}

const struct cli_command cli_replay = {
	.name = "replay",
	.usage = "PROG.bpf.o TRACE [-o DIR]",
	.summary = "play a capture through an offloaded program and show what became of the frames",
	.details = "TRACE is pcap or pcapng, .gz and .xz too, - for standard input. A folder DIR that an earlier "
		   "replay wrote is replaced.\n",
	.example = "build/refnic replay build/progs/xdp1.bpf.o traces/http.pcap -o out",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
