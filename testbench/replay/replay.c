// SPDX-License-Identifier: BSD-2-Clause
#include "replay/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "load/clock.h"
#include "load/offload.h"
#include "replay/events.h"
#include "replay/merge.h"
#include "replay/outdir.h"
#include "replay/pcap_out.h"
#include "replay/report.h"
#include "replay/routes.h"
#include "replay/verdicts.h"
#include "rig/rig.h"

#define PROG_ID      0
#define CONTROL_SIZE 64      /* descriptors of the control queue */
#define RECEIVE_MAX  256     /* frames that the driver takes at once */
#define IDLE_MAX     1000000 /* turns without progress before the link's end: then something is stuck */
#define LOOK_MASK    0x3ff   /* turns between two looks at progress and errors */

struct replay {
	const struct replay_config *config;
	struct replay_result *result;
	char *error;
	struct rig *rig;
	struct link *link; /* the rig's, once there is one; so are those of ports */
	struct ports ports;
	const struct trace *trace;
	struct outdir *dir;
	struct pcap_out *guest;
	struct verdicts *verdicts;
	struct merge merge;
	struct events events;
	FILE *events_file;
	uint64_t next; /* of trace->frames, to be reported */
	int err;       /* of a callback */
};

__attribute__((format(printf, 3, 4))) static enum status refuse(struct replay *r, enum status status,
								const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error, REPLAY_ERROR_BYTES, format, args);
	va_end(args);
	return status;
}

static bool stopped(const struct replay *r)
{
	return r->config->stop && *r->config->stop;
}

static bool is_delivered(enum net_fate fate)
{
	return fate == NET_FATE_DELIVERED || fate == NET_FATE_PASS || fate == NET_FATE_UNSUPPORTED_PASS ||
	       fate == NET_FATE_REDIRECT_QUEUE;
}

/* The device tells what became of a frame, in the order of the link: pass after pass over the trace. */
static void on_report(void *ctx, const struct net_report *report)
{
	struct replay *r = ctx;
	const struct link_frame *frame;

	if (r->trace->count == 0 || (unsigned)report->fate >= NET_FATES) {
		r->err = -EPROTO;
		return;
	}
	frame = &r->trace->frames[r->next];
	r->next = r->next + 1 == r->trace->count ? 0 : r->next + 1;
	r->result->frames++;
	r->result->bytes += frame->bytes;
	r->result->fates[report->fate]++;
	if (is_delivered(report->fate) && r->guest && merge_told(&r->merge, report->queue, report->time_ns))
		r->err = -ENOMEM;
	if (!r->verdicts)
		return;
	verdicts_frame(r->verdicts, &(struct verdicts_frame){
					    .time_ns = report->time_ns,
					    .data = frame->data,
					    .bytes = frame->bytes,
					    .wire_bytes = frame->wire_bytes,
					    .comment = net_fate_ran(report->fate) ? NULL : net_fate_text(report->fate),
					    .r0 = report->r0,
					    .queue = report->queue,
				    });
}

static void on_receive(void *ctx, const struct drv_net_frame *frame)
{
	struct replay *r = ctx;

	r->result->guest_frames++;
	if (r->guest && merge_received(&r->merge, frame->queue, frame->data, frame->bytes))
		r->err = -ENOMEM;
}

/* Of all receive queues, in the order of the link. */
static void on_merged(void *ctx, uint64_t time_ns, const uint8_t *data, uint32_t bytes)
{
	struct replay *r = ctx;

	pcap_out_frame(r->guest, time_ns, data, bytes);
}

static enum status open_captures(struct replay *r)
{
	char *guest, *verdicts;
	enum status status = STATUS_DONE;

	if (!r->config->out)
		return STATUS_DONE;
	guest = outdir_path(r->dir, "guest.pcap");
	verdicts = outdir_path(r->dir, "verdicts.pcapng");
	if (!guest || !verdicts)
		status = refuse(r, STATUS_ENVIRONMENT, "no memory for the names of the output files");
	else if (!(r->guest = pcap_out_open(guest)))
		status = refuse(r, STATUS_USAGE, "%s: guest.pcap cannot be written: %s", r->config->out,
				strerror(errno));
	else if (!(r->verdicts = verdicts_open(verdicts)))
		status = refuse(r, STATUS_USAGE, "%s: verdicts.pcapng cannot be written: %s", r->config->out,
				strerror(errno));
	free(guest);
	free(verdicts);
	return status;
}

static enum status open_events(struct replay *r)
{
	char *path;

	r->result->has_records = events_has_maps(r->config->object);
	if (!r->result->has_records)
		return STATUS_DONE;
	if (r->dir) {
		path = outdir_path(r->dir, "events.json");
		r->events_file = path ? fopen(path, "w") : NULL;
		free(path);
		if (!r->events_file)
			return refuse(r, STATUS_USAGE, "%s: events.json cannot be written: %s", r->config->out,
				      strerror(errno));
	}
	r->result->map_records = calloc(r->config->object->num_maps, sizeof(*r->result->map_records));
	if (!r->result->map_records)
		return refuse(r, STATUS_ENVIRONMENT, "no memory to count records");
	events_begin(&r->events, r->config->object, r->events_file);
	r->events.of_map = r->result->map_records;
	return STATUS_DONE;
}

static enum status open_folder(struct replay *r)
{
	char reason[OUTDIR_ERROR_BYTES];

	if (!r->config->out)
		return STATUS_DONE;
	r->dir = outdir_open(r->config->out, reason);
	return r->dir ? STATUS_DONE : refuse(r, STATUS_USAGE, "%s", reason);
}

static enum status open_link(struct replay *r)
{
	struct link_pcap_config config = r->config->link;
	char reason[TRACE_ERROR_BYTES], *wire = NULL;

	if (r->dir) {
		wire = outdir_path(r->dir, "wire.pcap");
		if (!wire)
			return refuse(r, STATUS_ENVIRONMENT, "no memory for the name of wire.pcap");
	}
	config.out = wire;
	config.held = true; /* the trace waits for the program */
	r->link = link_pcap_open(&config, reason);
	free(wire);
	if (!r->link)
		return refuse(r, STATUS_USAGE, "%s", reason);
	r->trace = link_pcap_trace(r->link);
	r->result->selected_of = r->trace->read;
	if (r->trace->truncated) {
		r->result->truncated_at = r->trace->truncated_at;
		memcpy(r->result->truncation, r->trace->truncation, sizeof(r->result->truncation));
	}
	return STATUS_DONE;
}

static enum status open_ports(struct replay *r)
{
	char reason[TRACE_ERROR_BYTES];
	enum status status = ports_open(&r->ports, &r->config->ports, r->config->net.mtu, r->dir, reason);

	return status ? refuse(r, status, "%s", reason) : STATUS_DONE;
}

static enum status open_rig(struct replay *r)
{
	struct net_config config = r->config->net;
	struct drv_net_config driver;
	char reason[LOAD_ERROR_BYTES];
	int err;

	/* The size asked for is the driver's choice: the control queue keeps its own. */
	rig_driver_config_default(&driver, config.xdp_bit);
	driver.queue_size = config.queue_size;
	if (config.queue_size && config.queue_size < CONTROL_SIZE)
		config.queue_size = CONTROL_SIZE;
	config.observer = (struct net_observer){.frame = on_report, .ctx = r};
	config.ports = r->ports.at;
	config.num_ports = r->ports.count;
	r->rig = rig_open_driver(&config, &driver, r->link);
	if (!r->rig) {
		err = errno;
		r->link = NULL;
		r->ports.count = 0;
		if (err == EINVAL)
			return refuse(r, STATUS_USAGE,
				      "the device cannot be built with these options (queue size, mtu, features)");
		return refuse(r, STATUS_ENVIRONMENT, "the device cannot be built: %s", strerror(err));
	}
	err = offload_start(rig_driver(r->rig), reason);
	if (err)
		return refuse(r, err == -ENOTSUP ? STATUS_USAGE : STATUS_ENVIRONMENT, "%s", reason);
	return STATUS_DONE;
}

static enum status offload_program(struct replay *r)
{
	struct drv_net *net = rig_driver(r->rig);
	struct drv_xdp_prog_info info;
	char reason[LOAD_ERROR_BYTES];
	uint64_t began = clock_now_ns();
	size_t code_bytes;
	int err;

	err = offload_prog(net, r->config->object, r->config->prog, PROG_ID, 1, &info, reason);
	if (!err)
		err = offload_attach(net, PROG_ID, PORTS_HOME, reason);
	if (err)
		return refuse(r, status_of_offload(err), "%s", reason);
	r->result->verify_ns = clock_now_ns() - began;
	r->result->insns = r->config->prog->count;
	r->result->visited = info.visited;
	r->result->interpreted = !fw_prog_code(net_fw(rig_device(r->rig)), PROG_ID, &code_bytes);
	return STATUS_DONE;
}

/* Programs that the entry may continue with; no frame arrives before they are there. */
static enum status offload_targets(struct replay *r)
{
	const struct replay_config *config = r->config;
	char reason[LOAD_ERROR_BYTES];
	enum status status = status_of_offload(offload_slots(rig_driver(r->rig), config->object, reason));

	if (!status)
		status = maps_fill_progs(rig_driver(r->rig), config->object, config->maps, config->num_maps, reason);
	return status ? refuse(r, status, "%s", reason) : STATUS_DONE;
}

static enum status offload(struct replay *r)
{
	struct drv_net *net = rig_driver(r->rig);
	char reason[LOAD_ERROR_BYTES];
	int err = offload_maps(net, r->config->object, reason);
	enum status status;

	if (err)
		return refuse(r, status_of_offload(err), "%s", reason);
	status = maps_fill_all(net, r->config->object, r->config->maps, r->config->num_maps, reason);
	if (status)
		return refuse(r, status, "%s", reason);
	if (r->config->fib)
		status = routes_load(net, (uint32_t)r->config->object->num_maps, r->config->fib, reason);
	if (status)
		return refuse(r, status, "%s", reason);
	err = offload_freeze(net, r->config->object, reason);
	if (err)
		return refuse(r, status_of_offload(err), "%s", reason);
	status = offload_program(r);
	if (!status)
		status = offload_targets(r);
	if (status == STATUS_REFUSED)
		r->result->refused =
			offload_refused(net, r->config->object, &r->result->refused_insn, &r->result->refusal);
	return status;
}

static uint64_t delivered(const struct replay_result *result)
{
	uint64_t frames = 0;

	for (int fate = 0; fate < NET_FATES; fate++)
		if (is_delivered(fate))
			frames += result->fates[fate];
	return frames;
}

static enum status refuse_captures(struct replay *r, int err)
{
	return refuse(r, STATUS_USAGE, "%s: the captures cannot be written: %s; nothing was written", r->config->out,
		      strerror(-err));
}

/* Now and then: a person wants to know, and a full disk need not wait for the end. */
static enum status look_up(struct replay *r, uint64_t frames)
{
	int guest = pcap_out_error(r->guest), verdicts = verdicts_error(r->verdicts);

	if (guest || verdicts)
		return refuse_captures(r, guest ? guest : verdicts);
	if (r->config->progress)
		r->config->progress(r->config->progress_ctx, r->result->frames, frames);
	return STATUS_DONE;
}

/*
 * A turn of the device. With maps of records: one frame, whose records are taken out before the next one comes. What is
 * lost then depends on no burst, ring or queue.
 */
static enum status turn_device(struct replay *r, bool *worked)
{
	char reason[LOAD_ERROR_BYTES];

	if (r->result->has_records)
		link_pcap_step(r->link, 1);
	*worked = net_poll(rig_device(r->rig));
	if (!r->result->has_records)
		return STATUS_DONE;
	link_pcap_step(r->link, 0);
	return *worked && events_take(&r->events, rig_driver(r->rig), reason)
		       ? refuse(r, STATUS_ENVIRONMENT, "%s", reason)
		       : STATUS_DONE;
}

static enum status play(struct replay *r)
{
	struct drv_net *driver = rig_driver(r->rig);
	uint64_t repeat = r->config->link.repeat ? r->config->link.repeat : 1;
	unsigned idle = 0;

	link_pcap_play(r->link);
	for (uint64_t turn = 0;; turn++) {
		bool worked;
		enum status status = turn_device(r, &worked);
		int received = drv_net_receive(driver, on_receive, r, RECEIVE_MAX);

		if (status)
			return status;
		if (stopped(r))
			return refuse(r, STATUS_INTERRUPTED, "interrupted; nothing was written");
		if (received < 0 || drv_net_broken(driver))
			return refuse(r, STATUS_ENVIRONMENT, "driver and device no longer agree after %llu frames",
				      (unsigned long long)r->result->frames);
		if (r->err)
			return refuse(r, STATUS_ENVIRONMENT, "frame %llu: %s", (unsigned long long)r->result->frames,
				      strerror(-r->err));
		if ((turn & LOOK_MASK) == LOOK_MASK) {
			status = look_up(r, r->trace->count * repeat);
			if (status)
				return status;
		}
		if (worked || received) {
			idle = 0;
			continue;
		}
		if (r->link->ops->ended(r->link))
			break;
		if (++idle == IDLE_MAX)
			return refuse(r, STATUS_ENVIRONMENT, "the device stopped taking frames after %llu",
				      (unsigned long long)r->result->frames);
	}
	if (r->config->progress)
		r->config->progress(r->config->progress_ctx, r->result->frames, 0);
	if (!merge_done(&r->merge))
		return refuse(r, STATUS_ENVIRONMENT, "the driver received frames on other queues than the device says");
	if (r->result->guest_frames != delivered(r->result))
		return refuse(r, STATUS_ENVIRONMENT, "the device delivered %llu frames, the driver received %llu",
			      (unsigned long long)delivered(r->result), (unsigned long long)r->result->guest_frames);
	return STATUS_DONE;
}

static enum status play_timed(struct replay *r)
{
	uint64_t began = clock_now_ns();
	enum status status = play(r);

	r->result->records = r->events.count;
	r->result->elapsed_ns = clock_now_ns() - began;
	r->result->wire_frames = link_pcap_sent(r->link);
	for (uint16_t i = 0; i < r->ports.count; i++)
		r->result->port_frames[i] = ports_sent(&r->ports, i);
	return status;
}

static enum status read_maps(struct replay *r)
{
	char reason[LOAD_ERROR_BYTES];
	int err = maps_read(rig_driver(r->rig), r->config->object, r->config->stop, &r->result->maps, reason);

	return err ? refuse(r, STATUS_ENVIRONMENT, "%s", reason) : STATUS_DONE;
}

/* What the device saw of the driver. Some of it shows when the driver stops. */
static enum status end_watch(struct replay *r)
{
	if (!r->config->net.strict)
		return STATUS_DONE;
	drv_net_stop(rig_driver(r->rig));
	if (violations_take(&r->result->violations, net_strict(rig_device(r->rig))))
		return refuse(r, STATUS_ENVIRONMENT, "no memory for what the driver did wrong");
	return STATUS_DONE;
}

static enum status write_text(struct replay *r, const char *name)
{
	char *path = outdir_path(r->dir, name);
	FILE *file = path ? fopen(path, "w") : NULL;
	int err = 0;

	free(path);
	if (!file)
		return refuse(r, STATUS_USAGE, "%s: %s cannot be written: %s", r->config->out, name, strerror(errno));
	if (strcmp(name, "maps.json") == 0)
		maps_write(file, &r->result->maps);
	else
		report_write(file, r->config, r->result);
	errno = 0;
	if (ferror(file))
		err = EIO;
	if (fclose(file) && !err)
		err = errno ? errno : EIO;
	return err ? refuse(r, STATUS_USAGE, "%s: %s cannot be written: %s", r->config->out, name, strerror(err))
		   : STATUS_DONE;
}

static enum status end_events(struct replay *r)
{
	FILE *file = r->events_file;
	int err;

	r->events_file = NULL;
	if (!file)
		return STATUS_DONE;
	events_end(&r->events);
	errno = 0;
	err = ferror(file) ? EIO : 0;
	if (fclose(file) && !err)
		err = errno ? errno : EIO;
	return err ? refuse(r, STATUS_USAGE, "%s: events.json cannot be written: %s", r->config->out, strerror(err))
		   : STATUS_DONE;
}

/* Closes both captures, whatever happens. */
static int close_captures(struct replay *r)
{
	int guest = pcap_out_close(r->guest), verdicts = verdicts_close(r->verdicts);

	r->guest = NULL;
	r->verdicts = NULL;
	return guest ? guest : verdicts;
}

static enum status write_results(struct replay *r)
{
	char reason[TRACE_ERROR_BYTES];
	enum status status;
	int err;

	if (!r->dir)
		return STATUS_DONE;
	err = close_captures(r);
	if (err)
		return refuse_captures(r, err);
	if (link_pcap_flush(r->link, reason) || ports_flush(&r->ports, reason))
		return refuse(r, STATUS_USAGE, "%s", reason);
	status = write_text(r, "maps.json");
	if (!status)
		status = end_events(r);
	if (!status)
		status = write_text(r, "report.json");
	if (status)
		return status;

	struct outdir *dir = r->dir;

	r->dir = NULL;
	return outdir_commit(dir, reason) ? refuse(r, STATUS_USAGE, "%s", reason) : STATUS_DONE;
}

typedef enum status step_fn(struct replay *r);

static step_fn *const steps[] = {
	open_folder, open_link,  open_ports, open_rig,  offload,       open_captures,
	open_events, play_timed, read_maps,  end_watch, write_results,
};

enum status replay_run(const struct replay_config *config, struct replay_result *result,
		       char error[static REPLAY_ERROR_BYTES])
{
	struct replay r = {.config = config, .result = result, .error = error, .merge.frame = on_merged};
	enum status status = STATUS_DONE;

	r.merge.ctx = &r;
	memset(result, 0, sizeof(*result));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !status; i++)
		status =
			stopped(&r) ? refuse(&r, STATUS_INTERRUPTED, "interrupted; nothing was written") : steps[i](&r);
	close_captures(&r);
	if (r.events_file)
		fclose(r.events_file);
	if (r.rig) {
		rig_close(r.rig);
	} else {
		if (r.link)
			r.link->ops->close(r.link);
		ports_close(&r.ports);
	}
	merge_free(&r.merge);
	outdir_abandon(r.dir);
	if (!status && result->truncated_at)
		return STATUS_USAGE;
	if (status)
		result->truncated_at = 0;
	/* A read that the signal broke off failed for that reason. */
	return status && stopped(&r) ? refuse(&r, STATUS_INTERRUPTED, "interrupted; nothing was written") : status;
}

void replay_free(struct replay_result *result)
{
	maps_free(&result->maps);
	violations_free(&result->violations);
	free(result->refusal);
	free(result->map_records);
	result->refusal = NULL;
	result->map_records = NULL;
}
