// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "replay/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device-model/trace.h"
#include "load/file.h"
#include "replay/ports.h"
#include "replay/verdicts_read.h"

#define FILE_BYTES_MAX ((size_t)4 << 30)
#define ELEMENTS_SHOWN 8 /* differing ones of a map */

struct compare {
	FILE *file;
	const char *dir[2];
	char *error;
	bool any_queue;
	size_t differences;
};

__attribute__((format(printf, 2, 3))) static enum status refuse(struct compare *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->error, COMPARE_ERROR_BYTES, format, args);
	va_end(args);
	return STATUS_USAGE;
}

__attribute__((format(printf, 2, 3))) static void differ(struct compare *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(c->file, format, args);
	va_end(args);
	c->differences++;
}

static enum status read_file(struct compare *c, int side, const char *name, uint8_t **bytes, size_t *count)
{
	char *path;
	int err = asprintf(&path, "%s/%s", c->dir[side], name) < 0 ? -ENOMEM : 0;

	if (!err) {
		err = file_read(path, FILE_BYTES_MAX, bytes, count);
		free(path);
	}
	if (err)
		return refuse(c, "%.400s/%s: cannot read it: %s; a folder that refnic replay -o wrote was expected",
			      c->dir[side], name, strerror(-err));
	return STATUS_DONE;
}

static void describe_verdict(char *to, size_t room, const struct verdicts_frame *frame)
{
	static const char *const names[] = {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"};
	uint32_t action = (uint32_t)frame->r0;

	if (frame->comment)
		snprintf(to, room, "not run: %.100s", frame->comment);
	else if (frame->r0 < sizeof(names) / sizeof(names[0]))
		snprintf(to, room, "%s on queue %" PRIu32, names[action], frame->queue);
	else
		snprintf(to, room, "R0 0x%" PRIx64 " on queue %" PRIu32, frame->r0, frame->queue);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_input(const struct verdicts_frame *a, const struct verdicts_frame *b)
{
	return a->time_ns == b->time_ns && a->bytes == b->bytes && a->wire_bytes == b->wire_bytes &&
	       memcmp(a->data, b->data, a->bytes) == 0;
}

static bool same_verdict(const struct compare *c, const struct verdicts_frame *a, const struct verdicts_frame *b)
{
	if (!same_text(a->comment, b->comment))
		return false;
	return a->comment || (a->r0 == b->r0 && (c->any_queue || a->queue == b->queue));
}

static void compare_verdict_lists(struct compare *c, const struct verdicts_read *a, const struct verdicts_read *b)
{
	size_t common = a->count < b->count ? a->count : b->count, differing = 0, first = 0;
	char text[2][160];

	for (size_t i = 0; i < common; i++) {
		const struct verdicts_frame *x = &a->frames[i], *y = &b->frames[i];

		if (!same_input(x, y)) {
			differ(c,
			       "verdicts.pcapng: frame %zu was not the same when it was read: these are replays of "
			       "different traces\n",
			       i + 1);
			return;
		}
		if (same_verdict(c, x, y))
			continue;
		if (!differing++)
			first = i;
	}
	if (differing) {
		describe_verdict(text[0], sizeof(text[0]), &a->frames[first]);
		describe_verdict(text[1], sizeof(text[1]), &b->frames[first]);
		differ(c, "verdicts.pcapng: frame %zu: %s | %s (%zu of %zu frames have another verdict)\n", first + 1,
		       text[0], text[1], differing, common);
	}
	if (a->count != b->count)
		differ(c, "verdicts.pcapng: %zu | %zu frames\n", a->count, b->count);
}

static enum status compare_verdicts(struct compare *c)
{
	struct verdicts_read read[2] = {0};
	enum status status = STATUS_DONE;

	for (int side = 0; side < 2 && !status; side++) {
		char reason[VERDICTS_READ_ERROR_BYTES];
		uint8_t *bytes = NULL;
		size_t count = 0;

		status = read_file(c, side, "verdicts.pcapng", &bytes, &count);
		if (!status && verdicts_read_bytes(bytes, count, &read[side], reason))
			status = refuse(c, "%.400s/verdicts.pcapng: %s", c->dir[side], reason);
	}
	if (!status)
		compare_verdict_lists(c, &read[0], &read[1]);
	verdicts_read_free(&read[0]);
	verdicts_read_free(&read[1]);
	return status;
}

static uint32_t first_difference(const struct link_frame *a, const struct link_frame *b)
{
	uint32_t i = 0;

	while (i < a->bytes && i < b->bytes && a->data[i] == b->data[i])
		i++;
	return i;
}

static void compare_frame_lists(struct compare *c, const char *name, const struct trace *a, const struct trace *b)
{
	size_t common = a->count < b->count ? a->count : b->count;

	for (size_t i = 0; i < common; i++) {
		const struct link_frame *x = &a->frames[i], *y = &b->frames[i];
		uint32_t at = first_difference(x, y);

		if (at < x->bytes && at < y->bytes)
			differ(c, "%s: frame %zu: byte %u is 0x%02x | 0x%02x\n", name, i + 1, at, x->data[at],
			       y->data[at]);
		else if (x->bytes != y->bytes)
			differ(c, "%s: frame %zu: %u | %u bytes\n", name, i + 1, x->bytes, y->bytes);
		else if (x->time_ns != y->time_ns)
			differ(c, "%s: frame %zu: time %" PRIu64 " | %" PRIu64 " ns\n", name, i + 1, x->time_ns,
			       y->time_ns);
		else
			continue;
		break;
	}
	if (a->count != b->count)
		differ(c, "%s: %zu | %zu frames\n", name, a->count, b->count);
}

static enum status compare_capture(struct compare *c, const char *name)
{
	struct trace *traces[2] = {0};
	enum status status = STATUS_DONE;

	for (int side = 0; side < 2 && !status; side++) {
		char reason[TRACE_ERROR_BYTES], *path;

		if (asprintf(&path, "%s/%s", c->dir[side], name) < 0)
			status = refuse(c, "no memory for the name of %s", name);
		if (status)
			break;

		struct trace_config config = {.path = path};

		traces[side] = trace_open(&config, reason);
		if (!traces[side])
			status = refuse(c, "%s", reason);
		free(path);
	}
	if (traces[0] && traces[1])
		compare_frame_lists(c, name, traces[0], traces[1]);
	trace_free(traces[0]);
	trace_free(traces[1]);
	return status;
}

static enum status read_json(struct compare *c, int side, const char *name, json_t **root)
{
	json_error_t where;
	uint8_t *text = NULL;
	size_t bytes = 0;
	enum status status = read_file(c, side, name, &text, &bytes);

	if (status)
		return status;
	*root = json_loadb((const char *)text, bytes, 0, &where);
	free(text);
	return *root ? STATUS_DONE
		     : refuse(c, "%.400s/%s: line %d is no JSON: %.200s", c->dir[side], name, where.line, where.text);
}

static json_t *by_name(const json_t *maps, const char *name)
{
	json_t *map;
	size_t i;

	json_array_foreach(maps, i, map)
	{
		const char *its = json_string_value(json_object_get(map, "name"));

		if (its && strcmp(its, name) == 0)
			return map;
	}
	return NULL;
}

/* Elements by their key as text, so that two sorted or unsorted lists can be held against each other. */
static json_t *index_elements(const json_t *map)
{
	const json_t *element;
	json_t *index = json_object();
	size_t i;

	json_array_foreach(json_object_get(map, "elements"), i, element)
	{
		char *key = json_dumps(json_object_get(element, "key"), JSON_COMPACT | JSON_ENCODE_ANY);
		json_t *value = json_object_get(element, "value");

		if (key)
			json_object_set(index, key, value ? value : json_object_get(element, "values"));
		free(key);
	}
	return index;
}

static void differ_value(struct compare *c, const char *where, const char *key, const json_t *a, const json_t *b)
{
	char *x = a ? json_dumps(a, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	char *y = b ? json_dumps(b, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	differ(c, "%s %s: %s | %s\n", where, key, x ? x : "absent", y ? y : "absent");
	free(x);
	free(y);
}

static void compare_elements(struct compare *c, const char *name, const json_t *a, const json_t *b)
{
	char where[160];
	json_t *x = index_elements(a), *y = index_elements(b), *value;
	size_t differing = 0;
	const char *key;

	snprintf(where, sizeof(where), "maps.json: map %.100s: key", name);
	json_object_foreach(x, key, value)
	{
		const json_t *other = json_object_get(y, key);

		if (!json_equal(value, other) && differing++ < ELEMENTS_SHOWN)
			differ_value(c, where, key, value, other);
	}
	json_object_foreach(y, key, value)
	{
		if (!json_object_get(x, key) && differing++ < ELEMENTS_SHOWN)
			differ_value(c, where, key, NULL, value);
	}
	if (differing > ELEMENTS_SHOWN)
		differ(c, "maps.json: %s: %zu elements differ in all\n", name, differing);
	json_decref(x);
	json_decref(y);
}

static void compare_map_lists(struct compare *c, const json_t *a, const json_t *b)
{
	json_t *map;
	size_t i;

	json_array_foreach(a, i, map)
	{
		const char *name = json_string_value(json_object_get(map, "name"));
		const json_t *other = name ? by_name(b, name) : NULL;

		if (name && !other)
			differ(c, "maps.json: map %s is in the first only\n", name);
		else if (name)
			compare_elements(c, name, map, other);
	}
	json_array_foreach(b, i, map)
	{
		const char *name = json_string_value(json_object_get(map, "name"));

		if (name && !by_name(a, name))
			differ(c, "maps.json: map %s is in the second only\n", name);
	}
}

static void compare_reports(struct compare *c, const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)a, key, value)
	{
		const json_t *other = json_object_get(b, key);

		if (json_is_object(value) && json_is_object(other))
			compare_reports(c, value, other);
		else if (!json_equal(value, other))
			differ_value(c, "report.json:", key, value, other);
	}
	json_object_foreach((json_t *)(uintptr_t)b, key, value)
	{
		if (!json_object_get(a, key))
			differ_value(c, "report.json:", key, NULL, value);
	}
}

static bool has_file(const char *dir, const char *name)
{
	char *path;
	bool has = asprintf(&path, "%s/%s", dir, name) >= 0;

	if (has) {
		has = access(path, F_OK) == 0;
		free(path);
	}
	return has;
}

static void compare_event_lists(struct compare *c, const json_t *a, const json_t *b)
{
	size_t counts[2] = {json_array_size(a), json_array_size(b)};
	size_t common = counts[0] < counts[1] ? counts[0] : counts[1];
	char number[32];

	for (size_t i = 0; i < common; i++) {
		json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

		if (c->any_queue) {
			json_object_del(x, "queue");
			json_object_del(y, "queue");
		}
		if (json_equal(x, y))
			continue;
		snprintf(number, sizeof(number), "%zu", i + 1);
		differ_value(c, "events.json: record", number, x, y);
		break;
	}
	if (counts[0] != counts[1])
		differ(c, "events.json: %zu | %zu records\n", counts[0], counts[1]);
}

static enum status compare_json(struct compare *c, const char *name,
				void (*compare)(struct compare *, const json_t *, const json_t *))
{
	json_t *roots[2] = {0};
	enum status status = read_json(c, 0, name, &roots[0]);

	if (!status)
		status = read_json(c, 1, name, &roots[1]);
	if (!status)
		compare(c, roots[0], roots[1]);
	json_decref(roots[0]);
	json_decref(roots[1]);
	return status;
}

/* Only a program with maps of records has them. */
static enum status compare_events(struct compare *c)
{
	bool has[2] = {has_file(c->dir[0], "events.json"), has_file(c->dir[1], "events.json")};

	if (has[0] && has[1])
		return compare_json(c, "events.json", compare_event_lists);
	if (has[0] != has[1])
		differ(c, "events.json is in the %s only\n", has[0] ? "first" : "second");
	return STATUS_DONE;
}

/* Of further ports: wire.2.pcap and so on, as many as either has. */
static enum status compare_ports(struct compare *c)
{
	enum status status = STATUS_DONE;

	for (uint16_t port = 0; port < PORTS_MAX && !status; port++) {
		char name[PORTS_NAME_ROOM];
		bool has[2];

		ports_file_name(name, port);
		has[0] = has_file(c->dir[0], name);
		has[1] = has_file(c->dir[1], name);
		if (has[0] && has[1])
			status = compare_capture(c, name);
		else if (has[0] || has[1])
			differ(c, "%s is in the %s only\n", name, has[0] ? "first" : "second");
	}
	return status;
}

enum status compare_folders(FILE *file, const char *a, const char *b, bool any_queue,
			    char error[static COMPARE_ERROR_BYTES])
{
	struct compare c = {.file = file, .dir = {a, b}, .error = error, .any_queue = any_queue};
	enum status status = compare_verdicts(&c);

	if (!status)
		status = compare_capture(&c, "guest.pcap");
	if (!status)
		status = compare_capture(&c, "wire.pcap");
	if (!status)
		status = compare_ports(&c);
	if (!status)
		status = compare_json(&c, "maps.json", compare_map_lists);
	if (!status)
		status = compare_events(&c);
	if (!status)
		status = compare_json(&c, "report.json", compare_reports);
	if (status)
		return status;
	return c.differences ? STATUS_REFUSED : STATUS_DONE;
}
