// SPDX-License-Identifier: BSD-2-Clause
#include <criterion/criterion.h>
#include <jansson.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "load/file.h"
#include "replay/compare.h"
#include "replay/pcap_out.h"
#include "replay/replay.h"
#include "replay/verdicts_read.h"
#include "rig/rig.h"
#include "unit/testbench/scratch.h"
#include "virtio_config.h"

#define START_NS UINT64_C(1700000000000000001)
#define FRAMES   6

/* The last one is written for programs with maps of records only. */
static const char *const outputs[] = {"guest.pcap", "wire.pcap",   "verdicts.pcapng",
				      "maps.json",  "report.json", "events.json"};

#define OUTPUTS (sizeof(outputs) / sizeof(outputs[0]) - 1)

/* IPv4 and a transport protocol, lengths 60 to 1500, 1001 ns apart; the last is too short to be a frame. */
static const struct {
	uint8_t protocol;
	uint32_t bytes;
} frames[FRAMES] = {{6, 60}, {17, 1500}, {6, 61}, {1, 98}, {6, 1000}, {0, 13}};

static const char *write_trace(const struct scratch *scratch)
{
	const char *path = scratch_path(scratch, "in.pcap");
	struct pcap_out *out = pcap_out_open(path);
	static const uint8_t ipv4[] = {0x08, 0x00, 0x45};
	uint8_t frame[1500];

	cr_assert(out);
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t j = 0; j < sizeof(frame); j++)
			frame[j] = (uint8_t)(i + j);
		memcpy(frame + 12, ipv4, sizeof(ipv4));
		frame[14 + 9] = frames[i].protocol;
		pcap_out_frame(out, START_NS + i * 1001, frame, frames[i].bytes);
	}
	cr_assert_eq(pcap_out_close(out), 0);
	return path;
}

struct player {
	struct scratch scratch;
	struct load_object *object;
	struct replay_config config;
	struct replay_result result;
	char error[REPLAY_ERROR_BYTES];
};

static void player_create(struct player *p, const char *program)
{
	char error[LOAD_ERROR_BYTES] = "";

	memset(p, 0, sizeof(*p));
	scratch_create(&p->scratch);
	p->object = load_open(scratch_example(program), NULL, error);
	cr_assert(p->object, "%s", error);
	p->config.object = p->object;
	p->config.prog = load_choose(p->object, NULL, error);
	cr_assert(p->config.prog, "%s", error);
	rig_config_default(&p->config.net);
	p->config.link.in.path = write_trace(&p->scratch);
	p->config.out = scratch_path(&p->scratch, "out");
}

static enum status player_run(struct player *p)
{
	replay_free(&p->result);
	return replay_run(&p->config, &p->result, p->error);
}

static void player_remove(struct player *p)
{
	replay_free(&p->result);
	load_free(p->object);
	scratch_remove(&p->scratch);
}

static uint64_t fates_sum(const struct replay_result *result)
{
	uint64_t sum = 0;

	for (int i = 0; i < NET_FATES; i++)
		sum += result->fates[i];
	return sum;
}

/* xdp1 counts by protocol in an array of 64-bit numbers. */
static uint64_t counted(const struct replay_result *result, unsigned protocol)
{
	uint64_t value;

	cr_assert_eq(result->maps.count, 1);
	cr_assert_eq(result->maps.dumps[0].count, 256);
	memcpy(&value, maps_value(&result->maps.dumps[0], protocol), sizeof(value));
	return value;
}

Test(replay, counts_and_drops)
{
	struct player p;

	player_create(&p, "xdp1");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	cr_assert_eq(p.result.frames, FRAMES);
	cr_assert_eq(p.result.bytes, 60 + 1500 + 61 + 98 + 1000 + 13);
	cr_assert_eq(fates_sum(&p.result), FRAMES);
	cr_assert(p.result.fates[NET_FATE_DROP] == FRAMES - 1 && p.result.fates[NET_FATE_SHORT] == 1);
	cr_assert(counted(&p.result, 6) == 3 && counted(&p.result, 17) == 1 && counted(&p.result, 1) == 1);
	cr_assert_eq(p.result.guest_frames, 0);
	for (size_t i = 0; i < OUTPUTS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "out/%s", outputs[i]);
		cr_assert(scratch_exists(&p.scratch, name), "%s", name);
	}
	player_remove(&p);
}

Test(replay, guest_receives_what_passes_with_its_times)
{
	struct pcap_pkthdr *header;
	char error[PCAP_ERRBUF_SIZE];
	const u_char *data;
	struct player p;
	pcap_t *pcap;
	size_t i = 0;

	player_create(&p, "pass");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	cr_assert_eq(p.result.guest_frames, FRAMES - 1);
	pcap = pcap_open_offline_with_tstamp_precision(scratch_path(&p.scratch, "out/guest.pcap"),
						       PCAP_TSTAMP_PRECISION_NANO, error);
	cr_assert(pcap, "%s", error);
	for (; pcap_next_ex(pcap, &header, &data) == 1; i++) {
		cr_assert_eq(header->caplen, frames[i].bytes, "frame %zu", i);
		cr_assert_eq((uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec,
			     START_NS + i * 1001, "frame %zu", i);
		cr_assert_eq(data[14 + 9], frames[i].protocol, "frame %zu", i);
	}
	cr_assert_eq(i, FRAMES - 1);
	pcap_close(pcap);
	player_remove(&p);
}

Test(replay, verdicts_of_frames_as_they_were_read)
{
	char error[VERDICTS_READ_ERROR_BYTES];
	struct verdicts_read read;
	struct player p;
	uint8_t *bytes;
	size_t count;

	player_create(&p, "xdp2");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	cr_assert_eq(file_read(scratch_path(&p.scratch, "out/verdicts.pcapng"), 1 << 20, &bytes, &count), 0);
	cr_assert_eq(verdicts_read_bytes(bytes, count, &read, error), 0, "%s", error);
	cr_assert_eq(read.count, FRAMES);
	for (size_t i = 0; i < FRAMES; i++) {
		cr_assert_eq(read.frames[i].bytes, frames[i].bytes, "frame %zu", i);
		/* xdp2 swaps the addresses; here is what came in. */
		cr_assert_eq(read.frames[i].data[0], i, "frame %zu", i);
		cr_assert_eq(!!read.frames[i].comment, i == FRAMES - 1, "frame %zu", i);
	}
	cr_assert_str_eq(read.frames[FRAMES - 1].comment, net_fate_text(NET_FATE_SHORT));
	verdicts_read_free(&read);
	player_remove(&p);
}

#define INDIRECT  (1ULL << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT_IDX (1ULL << VIRTIO_RING_F_EVENT_IDX)
#define PACKED    (1ULL << VIRTIO_F_RING_PACKED)
#define IN_ORDER  (1ULL << VIRTIO_F_IN_ORDER)

/* The folder depends on nothing but program, trace and options that say so. */
Test(replay, same_bytes_whatever_the_engine_and_ring)
{
	static const struct {
		const char *id, *program;
		enum fw_engine engine;
		uint16_t queue_size;
		uint64_t on, off; /* features */
	} rows[] = {
		{"again", "xdp2", FW_ENGINE_JIT, 256, 0, 0},
		{"interpreter", "xdp2", FW_ENGINE_INTERP, 256, 0, 0},
		{"small ring", "xdp2", FW_ENGINE_JIT, 4, 0, 0},
		{"large ring", "pass", FW_ENGINE_JIT, 4096, 0, 0},
		{"smallest ring", "pass", FW_ENGINE_INTERP, 1, 0, 0},
		{"records", "sampler", FW_ENGINE_INTERP, 2, 0, 0},
		{"packed", "xdp2", FW_ENGINE_JIT, 256, PACKED, 0},
		{"packed of 1", "pass", FW_ENGINE_JIT, 1, PACKED, 0},
		{"packed of 3, in order", "pass", FW_ENGINE_JIT, 3, PACKED | IN_ORDER, 0},
		{"packed, large, without EVENT_IDX", "pass", FW_ENGINE_JIT, 32768, PACKED, EVENT_IDX},
		{"packed without INDIRECT_DESC", "xdp2", FW_ENGINE_JIT, 255, PACKED | IN_ORDER, INDIRECT},
		{"in order, without MRG_RXBUF", "pass", FW_ENGINE_JIT, 2, IN_ORDER, 1 << 15},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct player p;

		player_create(&p, rows[i].program);
		p.config.link.repeat = 50;
		cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
		cr_assert_eq(p.result.frames, 50 * FRAMES);
		p.config.net.fw.engine = rows[i].engine;
		p.config.net.queue_size = rows[i].queue_size;
		p.config.net.features.word[0] |= rows[i].on;
		p.config.net.features.word[0] &= ~rows[i].off;
		p.config.out = scratch_path(&p.scratch, "other");
		cr_assert_eq(player_run(&p), STATUS_DONE, "%s: %s", rows[i].id, p.error);
		for (size_t j = 0; j < OUTPUTS + p.result.has_records; j++) {
			uint8_t *a, *b;
			size_t count_a, count_b;
			char name[64];

			snprintf(name, sizeof(name), "out/%s", outputs[j]);
			cr_assert_eq(file_read(scratch_path(&p.scratch, name), 1 << 24, &a, &count_a), 0);
			snprintf(name, sizeof(name), "other/%s", outputs[j]);
			cr_assert_eq(file_read(scratch_path(&p.scratch, name), 1 << 24, &b, &count_b), 0);
			cr_assert(count_a == count_b && memcmp(a, b, count_a) == 0, "%s: %s", rows[i].id, outputs[j]);
			free(a);
			free(b);
		}
		player_remove(&p);
	}
}

static void read_output(const struct player *p, const char *folder, const char *file, uint8_t **bytes, size_t *count)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%s", folder, file);
	cr_assert_eq(file_read(scratch_path(&p->scratch, name), 1 << 24, bytes, count), 0, "%s", name);
}

/* Frames and verdicts in the order of the link. Returns on how many queues the program ran. */
static unsigned compare_union(const struct player *p, const char *id)
{
	static const char *const same[] = {"guest.pcap", "wire.pcap", "maps.json", "report.json"};
	char error[VERDICTS_READ_ERROR_BYTES];
	struct verdicts_read one, many;
	uint8_t *a, *b;
	size_t count_a, count_b;
	unsigned queues = 0;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		read_output(p, "out", same[i], &a, &count_a);
		read_output(p, "other", same[i], &b, &count_b);
		cr_assert(count_a == count_b && memcmp(a, b, count_a) == 0, "%s: %s", id, same[i]);
		free(a);
		free(b);
	}
	read_output(p, "out", "verdicts.pcapng", &a, &count_a);
	read_output(p, "other", "verdicts.pcapng", &b, &count_b);
	cr_assert_eq(verdicts_read_bytes(a, count_a, &one, error), 0, "%s", error);
	cr_assert_eq(verdicts_read_bytes(b, count_b, &many, error), 0, "%s", error);
	cr_assert_eq(one.count, many.count, "%s", id);
	for (size_t i = 0; i < one.count; i++) {
		const struct verdicts_frame *x = &one.frames[i], *y = &many.frames[i];

		cr_assert(x->time_ns == y->time_ns && x->r0 == y->r0 && x->bytes == y->bytes &&
				  !memcmp(x->data, y->data, x->bytes) && !x->comment == !y->comment,
			  "%s: frame %zu", id, i);
		cr_assert(x->comment || x->queue == 0, "%s: frame %zu", id, i);
		queues += !y->comment && !(queues >> y->queue % 32 & 1) ? 1u << y->queue % 32 : 0;
	}
	verdicts_read_free(&one);
	verdicts_read_free(&many);
	return (unsigned)__builtin_popcount(queues);
}

/* Over one pair and many: what the guest gets, what leaves and what the program says of each frame, in one order. */
Test(replay, union_of_many_queues)
{
	static const struct {
		const char *id, *program;
		uint16_t pairs, queue_size;
		uint64_t on, off; /* features */
	} rows[] = {
		{"2 pairs", "xdp2", 2, 256, 0, 0},
		{"3 pairs, small rings", "pass", 3, 4, 0, 0},
		{"4 pairs of the smallest rings", "pass", 4, 1, 0, 0},
		{"16 pairs, packed of 3", "xdp1", 16, 3, PACKED, 0},
		{"128 pairs, in order", "pass", 128, 2, IN_ORDER, 0},
		{"7 pairs, buffers for whole frames", "xdp2", 7, 2, 0, 1 << 15},
		{"5 pairs, no coalescing, no statistics", "pass", 5, 2, 0, 1ULL << 50 | 3ULL << 52},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct player p;

		player_create(&p, rows[i].program);
		p.config.link.repeat = 50;
		cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
		p.config.net.queue_pairs = rows[i].pairs;
		p.config.net.queue_size = rows[i].queue_size;
		p.config.net.features.word[0] |= rows[i].on;
		p.config.net.features.word[0] &= ~rows[i].off;
		p.config.out = scratch_path(&p.scratch, "other");
		cr_assert_eq(player_run(&p), STATUS_DONE, "%s: %s", rows[i].id, p.error);
		cr_assert_gt(compare_union(&p, rows[i].id), 1, "%s: one queue got everything", rows[i].id);
		player_remove(&p);
	}
}

/* syz-testrun: any number of passes, and it can be stopped; then nothing is left. */
static volatile sig_atomic_t stop;

static void stop_soon(void *ctx, uint64_t played, uint64_t of)
{
	(void)ctx;
	(void)of;
	stop = played > 0;
}

Test(replay, stopped_leaves_nothing)
{
	struct player p;

	player_create(&p, "xdp1");
	p.config.link.repeat = UINT32_MAX;
	p.config.stop = &stop;
	p.config.progress = stop_soon;
	cr_assert_eq(player_run(&p), STATUS_INTERRUPTED, "%s", p.error);
	cr_assert_eq(scratch_count(&p.scratch), 1, "more than the trace is left");
	player_remove(&p);
}

Test(replay, truncated_trace)
{
	struct player p;
	uint8_t *bytes;
	size_t count;

	player_create(&p, "pass");
	cr_assert_eq(file_read(p.config.link.in.path, 1 << 20, &bytes, &count), 0);
	scratch_write(&p.scratch, "in.pcap", bytes, count - 5);
	free(bytes);
	cr_assert_eq(player_run(&p), STATUS_USAGE);
	cr_assert_eq(p.result.truncated_at, FRAMES);
	cr_assert_eq(p.result.frames, FRAMES - 1);
	cr_assert(p.result.truncation[0]);
	cr_assert_eq(file_read(scratch_path(&p.scratch, "out/report.json"), 1 << 20, &bytes, &count), 0);
	cr_assert(strstr((const char *)bytes, "\"truncated_at\": 6"), "%s", (const char *)bytes);
	free(bytes);
	player_remove(&p);
}

Test(replay, refusals)
{
	static const struct {
		const char *id, *trace, *out;
		uint64_t bytes;
		enum status status;
		const char *want;
	} rows[] = {
		{"no trace", "nowhere.pcap", "out", 0, STATUS_USAGE, "nowhere.pcap"},
		{"no capture", "text", "out", 0, STATUS_USAGE, "text"},
		{"folder", "in.pcap", "no/where", 0, STATUS_USAGE, "cannot write"},
	};
	struct player p;

	player_create(&p, "pass");
	scratch_write(&p.scratch, "text", "this is no capture at all", 25);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p.config.link.in.path = scratch_path(&p.scratch, rows[i].trace);
		p.config.out = scratch_path(&p.scratch, rows[i].out);
		p.error[0] = 0;
		cr_assert_eq(player_run(&p), rows[i].status, "%s: %s", rows[i].id, p.error);
		cr_assert(strstr(p.error, rows[i].want), "%s: %s", rows[i].id, p.error);
		cr_assert_eq(scratch_count(&p.scratch), 2, "%s: something is left", rows[i].id);
	}
	player_remove(&p);
}

/* A program that reads a frame without looking at its end. */
Test(replay, refused_program_shows_log_and_line)
{
	static const char text[] =
		"#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
		"SEC(\"xdp\") int bad(struct xdp_md *ctx)\n{\n\treturn *(char *)(long)ctx->data; /* here */\n}\n";
	char error[LOAD_ERROR_BYTES] = "";
	const struct load_line *line;
	struct player p;

	player_create(&p, "pass");
	load_free(p.object);
	p.object = load_open(scratch_compile(&p.scratch, "bad.o", text, "bpf -mcpu=v3"), NULL, error);
	cr_assert(p.object, "%s", error);
	p.config.object = p.object;
	p.config.prog = &p.object->progs[0];
	cr_assert_eq(player_run(&p), STATUS_REFUSED, "%s", p.error);
	cr_assert(strstr(p.error, "PACKET") && strstr(p.error, ":5)"), "%s", p.error);
	cr_assert(p.result.refusal && p.result.refusal[0]);
	cr_assert_eq(p.result.refused, p.config.prog);
	line = load_line_of(p.config.prog, p.result.refused_insn);
	cr_assert(line && strstr(line->text, "/* here */"));
	cr_assert(!scratch_exists(&p.scratch, "out"));
	player_remove(&p);
}

static bool any_queue;

static char *compared(const struct scratch *scratch, const char *a, const char *b, enum status want)
{
	char error[COMPARE_ERROR_BYTES] = "", *text;
	FILE *file = fopen(scratch_path(scratch, "differences"), "w");
	uint8_t *bytes;
	size_t count;
	enum status status;

	cr_assert(file);
	status = compare_folders(file, scratch_path(scratch, a), scratch_path(scratch, b), any_queue, error);
	fclose(file);
	cr_assert_eq(status, want, "%s", error);
	cr_assert_eq(file_read(scratch_path(scratch, "differences"), 1 << 20, &bytes, &count), 0);
	text = (char *)bytes;
	return text;
}

Test(compare, folders)
{
	struct player p;
	char *text;

	player_create(&p, "xdp1");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	free(compared(&p.scratch, "out", "out", STATUS_DONE));

	p.config.link.in.last = 4;
	p.config.out = scratch_path(&p.scratch, "four");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	text = compared(&p.scratch, "out", "four", STATUS_REFUSED);
	cr_assert(strstr(text, "verdicts.pcapng: 6 | 4 frames"), "%s", text);
	cr_assert(strstr(text, "maps.json: map protocols: key [\"0x06\",\"0x00\",\"0x00\",\"0x00\"]"), "%s", text);
	cr_assert(strstr(text, "report.json: drop: 5 | 4"), "%s", text);
	free(text);

	scratch_write(&p.scratch, "four/verdicts.pcapng", "damaged", 7);
	free(compared(&p.scratch, "out", "four", STATUS_USAGE));
	free(compared(&p.scratch, "out", "nowhere", STATUS_USAGE));
	player_remove(&p);
}

Test(compare, programs)
{
	struct player p, q;
	char *text;

	player_create(&p, "pass");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	player_create(&q, "xdp1");
	q.config.out = scratch_path(&p.scratch, "dropped");
	cr_assert_eq(player_run(&q), STATUS_DONE, "%s", q.error);
	text = compared(&p.scratch, "out", "dropped", STATUS_REFUSED);
	cr_assert(strstr(text, "frame 1: XDP_PASS on queue 0 | XDP_DROP on queue 0 (5 of 6"), "%s", text);
	cr_assert(strstr(text, "guest.pcap: 5 | 0 frames"), "%s", text);
	cr_assert(strstr(text, "map protocols is in the second only"), "%s", text);
	free(text);
	player_remove(&q);
	player_remove(&p);
}

/* Which queues they ran on is one more difference, or none. */
Test(compare, queues)
{
	struct player p;
	char *text;

	player_create(&p, "sampler");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	p.config.net.queue_pairs = 3;
	p.config.out = scratch_path(&p.scratch, "three");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	text = compared(&p.scratch, "out", "three", STATUS_REFUSED);
	cr_assert(strstr(text, "XDP_PASS on queue 0 | XDP_PASS on queue "), "%s", text);
	cr_assert(strstr(text, "events.json: record 1: "), "%s", text);
	free(text);
	any_queue = true;
	free(compared(&p.scratch, "out", "three", STATUS_DONE));

	p.config.link.in.last = 4;
	p.config.out = scratch_path(&p.scratch, "four");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	text = compared(&p.scratch, "out", "four", STATUS_REFUSED);
	cr_assert(strstr(text, "verdicts.pcapng: 6 | 4 frames"), "%s", text);
	free(text);
	player_remove(&p);
}

static json_t *events_of(const struct player *p, const char *dir)
{
	char name[64];
	json_t *events;

	snprintf(name, sizeof(name), "%s/events.json", dir);
	events = json_load_file(scratch_path(&p->scratch, name), 0, NULL);
	cr_assert(json_is_array(events), "%s", name);
	return events;
}

/* sampler tells the first 64 bytes of each frame and, in another map, of those above 1000. None is lost, however many.
 */
Test(replay, records_of_every_frame)
{
	const json_t *event;
	char expect[200];
	struct player p;
	json_t *events;
	size_t i, frame = 0, at;

	player_create(&p, "sampler");
	p.config.link.repeat = 300;
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	cr_assert_eq(p.result.records, 300 * (FRAMES - 1 + 1));
	events = events_of(&p, "out");
	cr_assert_eq(json_array_size(events), p.result.records);
	json_array_foreach(events, i, event)
	{
		bool about_long = strcmp(json_string_value(json_object_get(event, "map")), "long_frames") == 0;
		const char *data = json_string_value(json_object_get(event, "data"));

		cr_assert_eq(json_integer_value(json_object_get(event, "lost")), 0, "record %zu", i);
		cr_assert_eq(json_integer_value(json_object_get(event, "queue")), 0, "record %zu", i);
		if (about_long) {
			cr_assert_eq(strncmp(data + 16, "dc05", 4), 0, "record %zu: %s", i, data);
			continue;
		}
		at = (size_t)snprintf(expect, sizeof(expect), "01000000%02x%02x0000", frames[frame].bytes & 255,
				      frames[frame].bytes >> 8);
		for (size_t b = 0; b < 12; b++)
			at += (size_t)snprintf(expect + at, sizeof(expect) - at, "%02x", (unsigned)(frame + b));
		cr_assert_eq(strncmp(data, expect, at), 0, "record %zu: %s, but the frame begins %s", i, data, expect);
		cr_assert_eq(strlen(data), 2 * (8 + (frames[frame].bytes < 64 ? frames[frame].bytes : 64)));
		frame = (frame + 1) % (FRAMES - 1);
	}
	json_decref(events);
	player_remove(&p);
}

/* Where the records of two replays part. */
Test(replay, records_are_compared)
{
	struct player p;
	char *text;

	player_create(&p, "sampler");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	p.config.out = scratch_path(&p.scratch, "other");
	cr_assert_eq(player_run(&p), STATUS_DONE, "%s", p.error);
	free(compared(&p.scratch, "out", "other", STATUS_DONE));
	scratch_write(&p.scratch, "other/events.json", "[]", 2);
	text = compared(&p.scratch, "out", "other", STATUS_REFUSED);
	cr_assert(strstr(text, "events.json: 6 | 0 records"), "%s", text);
	free(text);
	cr_assert_eq(remove(scratch_path(&p.scratch, "other/events.json")), 0);
	text = compared(&p.scratch, "out", "other", STATUS_REFUSED);
	cr_assert(strstr(text, "events.json is in the first only"), "%s", text);
	free(text);
	player_remove(&p);
}
